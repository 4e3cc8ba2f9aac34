/* The multiplications behind crypto/x25519.h; one folder per architecture defines them. Callers
 * outside crypto/x25519*.c use crypto/x25519.h, which checks points first. */
#ifndef CEPA_CRYPTO_X25519_ARCH_H
#define CEPA_CRYPTO_X25519_ARCH_H

#include <stdint.h>

/* cepa_arch_x25519 writes the u-coordinate of clamped `scalar` times `point`. `point` is not of
 * low order. All are 32 bytes; `ret` may be either input. */
void cepa_arch_x25519(uint8_t ret[32], const uint8_t scalar[32], const uint8_t point[32],
                      uint32_t cpu);

/* cepa_arch_x25519_base does the same for the point 9. */
void cepa_arch_x25519_base(uint8_t ret[32], const uint8_t scalar[32], uint32_t cpu);

#endif
