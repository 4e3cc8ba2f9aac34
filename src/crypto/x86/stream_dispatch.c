/* ChaCha20 on x86. libsodium's own AVX2 code is as fast as any of ours; AVX-512, which it does not
 * use, is twice as fast, but not for a few blocks. */
#include "base/cpu.h"
#include "crypto/stream_kernels.h"

enum { SHORT_LEN = 2 * CEPA_CHACHA20_BLOCK_LEN };

void cepa_chacha20_xor_kernel(uint8_t *data, size_t len, const uint8_t key[CEPA_CHACHA20_KEY_LEN],
                              const uint8_t nonce[CEPA_CHACHA20_NONCE_LEN], uint32_t block,
                              uint32_t cpu)
{
    if ((cpu & CEPA_CPU_AVX512_IFMA) != 0 && len > SHORT_LEN) {
        cepa_chacha20_xor_ifma(data, len, key, nonce, block);
    } else {
        cepa_chacha20_xor_portable(data, len, key, nonce, block);
    }
}
