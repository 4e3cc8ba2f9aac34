/* The implementations behind stream.h; only stream.c, the dispatchers and the tests call them. They
 * take what cepa_chacha20_xor takes. */
#ifndef CEPA_CRYPTO_STREAM_KERNELS_H
#define CEPA_CRYPTO_STREAM_KERNELS_H

#include "crypto/stream.h"

/* cepa_chacha20_xor_kernel calls the fastest one that this processor and this length allow. */
void cepa_chacha20_xor_kernel(uint8_t *data, size_t len, const uint8_t key[CEPA_CHACHA20_KEY_LEN],
                              const uint8_t nonce[CEPA_CHACHA20_NONCE_LEN], uint32_t block,
                              uint32_t cpu);

/* cepa_chacha20_xor_portable is libsodium's; always there. */
void cepa_chacha20_xor_portable(uint8_t *data, size_t len, const uint8_t key[CEPA_CHACHA20_KEY_LEN],
                                const uint8_t nonce[CEPA_CHACHA20_NONCE_LEN], uint32_t block);

/* cepa_chacha20_xor_ifma is on x86 only, and only if the processor has CEPA_CPU_AVX512_IFMA. (The
 * ending stands for the instruction sets that come with IFMA; the multiplier itself is not used.)
 */
void cepa_chacha20_xor_ifma(uint8_t *data, size_t len, const uint8_t key[CEPA_CHACHA20_KEY_LEN],
                            const uint8_t nonce[CEPA_CHACHA20_NONCE_LEN], uint32_t block);

#endif
