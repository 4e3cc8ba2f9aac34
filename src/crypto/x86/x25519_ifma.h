/* X25519 by the AVX-512 IFMA instructions; only where the processor has them. Points are not of low
 * order. */
#ifndef CEPA_CRYPTO_X86_X25519_IFMA_H
#define CEPA_CRYPTO_X86_X25519_IFMA_H

#include <stddef.h>
#include <stdint.h>

/* cepa_x25519_ifma is cepa_arch_x25519. */
void cepa_x25519_ifma(uint8_t ret[32], const uint8_t scalar[32], const uint8_t point[32]);

/* cepa_x25519_ifma_batch writes `count` results, 1 to 8, of 32 bytes each: of the i-th scalar and
 * the i-th point. It takes the same time for each `count`. `ret` may be either input. */
void cepa_x25519_ifma_batch(uint8_t *ret, const uint8_t *scalars, const uint8_t *points,
                            size_t count);

#endif
