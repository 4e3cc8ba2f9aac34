/* ChaCha20 where there is no kernel for the processor. */
#include "crypto/stream_kernels.h"

void cepa_chacha20_xor_kernel(uint8_t *data, size_t len, const uint8_t key[CEPA_CHACHA20_KEY_LEN],
                              const uint8_t nonce[CEPA_CHACHA20_NONCE_LEN], uint32_t block,
                              uint32_t cpu)
{
    (void)cpu;
    cepa_chacha20_xor_portable(data, len, key, nonce, block);
}
