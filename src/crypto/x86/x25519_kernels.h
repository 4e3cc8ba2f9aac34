/* The implementations of X25519 for x86-64, behind crypto/x25519_arch.h. Those whose names end with
 * _ifma run only where the processor has AVX-512 IFMA. Points are not of low order. */
#ifndef CEPA_CRYPTO_X86_X25519_KERNELS_H
#define CEPA_CRYPTO_X86_X25519_KERNELS_H

#include <stddef.h>
#include <stdint.h>

/* How many base-16 digits a scalar has, and how many points a batch. */
enum { X25519_DIGITS = 64, X25519_LANES = 8 };

/* cepa_x25519_ifma is cepa_arch_x25519. */
void cepa_x25519_ifma(uint8_t ret[32], const uint8_t scalar[32], const uint8_t point[32]);

/* cepa_x25519_batch_ifma writes `count` results, 1 to X25519_LANES, of 32 bytes each: of the i-th
 * scalar and the i-th point. It takes about the same time for each `count`. `ret` may be either
 * input. */
void cepa_x25519_batch_ifma(uint8_t *ret, const uint8_t *scalars, const uint8_t *points,
                            size_t count);

/* cepa_x25519_base_ifma and cepa_x25519_base_integer are cepa_arch_x25519_base; the latter runs on
 * every x86-64. */
void cepa_x25519_base_ifma(uint8_t ret[32], const uint8_t scalar[32]);
void cepa_x25519_base_integer(uint8_t ret[32], const uint8_t scalar[32]);

/* cepa_x25519_digits writes the clamped scalar as digits of base 16, lowest first, each from -8 to
 * 8. */
void cepa_x25519_digits(int8_t ret_digits[X25519_DIGITS], const uint8_t scalar[32]);

#endif
