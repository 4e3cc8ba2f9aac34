/* ChaCha20 over libsodium. */
#include <sodium.h>

#include "crypto/stream_kernels.h"

_Static_assert(CEPA_CHACHA20_KEY_LEN == crypto_stream_chacha20_ietf_KEYBYTES, "key");
_Static_assert(CEPA_CHACHA20_NONCE_LEN == crypto_stream_chacha20_ietf_NONCEBYTES, "nonce");

void cepa_chacha20_xor_portable(uint8_t *data, size_t len, const uint8_t key[CEPA_CHACHA20_KEY_LEN],
                                const uint8_t nonce[CEPA_CHACHA20_NONCE_LEN], uint32_t block)
{
    (void)crypto_stream_chacha20_ietf_xor_ic(data, data, len, nonce, block, key);
}
