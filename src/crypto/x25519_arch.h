/* The multiplications behind crypto/x25519.h; one folder per architecture defines them. Callers
 * outside crypto/x25519*.c use crypto/x25519.h, which checks points first. */
#ifndef CEPA_CRYPTO_X25519_ARCH_H
#define CEPA_CRYPTO_X25519_ARCH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* x25519_clamp copies a scalar and sets and clears the bits that are not free. @[RFC7748 5] */
static inline void x25519_clamp(uint8_t ret_clamped[32], const uint8_t scalar[32])
{
    memcpy(ret_clamped, scalar, 32);
    ret_clamped[0] &= 248;
    ret_clamped[31] = (uint8_t)((ret_clamped[31] & 127) | 64);
}

/* cepa_arch_x25519 writes the u-coordinate of clamped `scalar` times `point`. `point` is not of
 * low order. All are 32 bytes; `ret` may be either input. */
void cepa_arch_x25519(uint8_t ret[32], const uint8_t scalar[32], const uint8_t point[32],
                      uint32_t cpu);

/* cepa_arch_x25519_base does the same for the point 9. */
void cepa_arch_x25519_base(uint8_t ret[32], const uint8_t scalar[32], uint32_t cpu);

/* cepa_arch_x25519_batch does it for `count` scalars and points of 32 bytes, one after another. */
void cepa_arch_x25519_batch(uint8_t *ret, const uint8_t *scalars, const uint8_t *points,
                            size_t count, uint32_t cpu);

/* cepa_arch_x25519_agree does it twice, for the point 9 and for those in `points`; `count` is at
 * most CEPA_X25519_AGREE_MAX, and nothing overlaps. */
void cepa_arch_x25519_agree(uint8_t *ret_publics, uint8_t *ret_secrets, const uint8_t *scalars,
                            const uint8_t *points, size_t count, uint32_t cpu);

#endif
