/* src/crypto/wasm/simd128.h in portable C, so that the kernels for WebAssembly run in native tests:
 * include this first, then the kernels' sources. */
#ifndef CEPA_CRYPTO_WASM_SIMD128_H
#define CEPA_CRYPTO_WASM_SIMD128_H

#include <stdint.h>

typedef int16_t cepa_i16x8 __attribute__((vector_size(16)));
typedef int8_t cepa_i8x16 __attribute__((vector_size(16)));
typedef uint8_t cepa_u8x16 __attribute__((vector_size(16)));
typedef int32_t cepa_i32x4 __attribute__((vector_size(16)));

/* Saturates, as the instruction does. */
static inline cepa_i16x8 cepa_i16x8_multiply_high(cepa_i16x8 a, cepa_i16x8 b)
{
    cepa_i16x8 result;
    for (int i = 0; i < 8; i++) {
        int32_t product = (a[i] * b[i] + (1 << 14)) >> 15;
        result[i] = (int16_t)(product > INT16_MAX ? INT16_MAX : product);
    }
    return result;
}

static inline cepa_i32x4 cepa_i16x8_dot(cepa_i16x8 a, cepa_i16x8 b)
{
    cepa_i32x4 result;
    for (int i = 0; i < 4; i++) {
        result[i] = a[2 * i] * b[2 * i] + a[2 * i + 1] * b[2 * i + 1];
    }
    return result;
}

static inline int32_t simd128_saturate(int32_t value, int32_t largest)
{
    return value > largest ? largest : value < -largest - 1 ? -largest - 1 : value;
}

static inline cepa_i16x8 cepa_i32x4_narrow(cepa_i32x4 low, cepa_i32x4 high)
{
    cepa_i16x8 result;
    for (int i = 0; i < 4; i++) {
        result[i] = (int16_t)simd128_saturate(low[i], INT16_MAX);
        result[i + 4] = (int16_t)simd128_saturate(high[i], INT16_MAX);
    }
    return result;
}

static inline uint32_t cepa_i16x8_signs(cepa_i16x8 low, cepa_i16x8 high)
{
    uint32_t signs = 0;
    for (int i = 0; i < 8; i++) {
        signs |= (uint32_t)(low[i] < 0) << i | (uint32_t)(high[i] < 0) << (i + 8);
    }
    return signs;
}

static inline cepa_u8x16 cepa_u8x16_pick(cepa_u8x16 bytes, cepa_u8x16 places)
{
    cepa_u8x16 result;
    for (int i = 0; i < 16; i++) {
        result[i] = places[i] < 16 ? bytes[places[i]] : 0;
    }
    return result;
}

#endif
