/* Vectors of eight 16-bit numbers for the kernels of this folder. Arithmetic wraps around. Tests
 * put a header with the same contents in portable C before this one. */
#ifndef CEPA_CRYPTO_WASM_SIMD128_H
#define CEPA_CRYPTO_WASM_SIMD128_H

#include <stdint.h>

typedef int16_t cepa_i16x8 __attribute__((vector_size(16)));
typedef int8_t cepa_i8x16 __attribute__((vector_size(16)));
typedef uint8_t cepa_u8x16 __attribute__((vector_size(16)));
typedef int32_t cepa_i32x4 __attribute__((vector_size(16)));

/* cepa_i16x8_multiply_high gives a b / 2^15, rounded; not for -2^15 times itself. */
static inline cepa_i16x8 cepa_i16x8_multiply_high(cepa_i16x8 a, cepa_i16x8 b)
{
    return __builtin_wasm_q15mulr_sat_s_i16x8(a, b);
}

/* cepa_i16x8_dot gives the four sums a[2 i] b[2 i] + a[2 i + 1] b[2 i + 1]. */
static inline cepa_i32x4 cepa_i16x8_dot(cepa_i16x8 a, cepa_i16x8 b)
{
    return __builtin_wasm_dot_s_i32x4_i16x8(a, b);
}

/* cepa_i32x4_narrow gives both vectors' numbers in 16 bits; they must fit. */
static inline cepa_i16x8 cepa_i32x4_narrow(cepa_i32x4 low, cepa_i32x4 high)
{
    return __builtin_wasm_narrow_s_i16x8_i32x4(low, high);
}

/* cepa_i16x8_signs gives the signs of the 16 numbers of both vectors, the first in bit 0. */
static inline uint32_t cepa_i16x8_signs(cepa_i16x8 low, cepa_i16x8 high)
{
    return (uint32_t)__builtin_wasm_bitmask_i8x16(__builtin_wasm_narrow_s_i8x16_i16x8(low, high));
}

/* cepa_u8x16_pick gives the bytes of `bytes` whose numbers stand in `places`, 0 for numbers above
 * 15. */
static inline cepa_u8x16 cepa_u8x16_pick(cepa_u8x16 bytes, cepa_u8x16 places)
{
    return (cepa_u8x16)__builtin_wasm_swizzle_i8x16((cepa_i8x16)bytes, (cepa_i8x16)places);
}

#endif
