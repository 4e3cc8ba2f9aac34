/* ChaCha20 over libsodium. @[RFC8439 2.4] */
#include "crypto/stream.h"

#include <sodium.h>

#include "base/assert.h"

_Static_assert(CEPA_CHACHA20_KEY_LEN == crypto_stream_chacha20_ietf_KEYBYTES, "key");
_Static_assert(CEPA_CHACHA20_NONCE_LEN == crypto_stream_chacha20_ietf_NONCEBYTES, "nonce");

/* blocks_fit says whether `len` bytes that begin at `block` end before the counter wraps. */
static int blocks_fit(size_t len, uint32_t block)
{
    uint64_t blocks = (uint64_t)len / 64 + ((len & 63) != 0);
    return blocks <= ((uint64_t)1 << 32) - block;
}

void cepa_chacha20_xor(uint8_t *data, size_t len, const uint8_t key[CEPA_CHACHA20_KEY_LEN],
                       const uint8_t nonce[CEPA_CHACHA20_NONCE_LEN], uint32_t block)
{
    CEPA_ASSERT(blocks_fit(len, block));
    (void)crypto_stream_chacha20_ietf_xor_ic(data, data, len, nonce, block, key);
}

void cepa_chacha20_stream(uint8_t *ret_bytes, size_t len, const uint8_t key[CEPA_CHACHA20_KEY_LEN],
                          const uint8_t nonce[CEPA_CHACHA20_NONCE_LEN])
{
    CEPA_ASSERT(blocks_fit(len, 0));
    (void)crypto_stream_chacha20_ietf(ret_bytes, len, nonce, key);
}
