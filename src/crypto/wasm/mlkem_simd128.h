/* What the kernels of ML-KEM for WebAssembly share.
 *
 * WebAssembly has no high half of a 16-bit product, on which Montgomery's reduction lives. It has
 * the rounded product divided by 2^15, and with it Barrett's: a b - q round(a b' / 2^15), where
 * b' = round(b 2^15 / q). So constants are plain numbers here, each with such a companion, and
 * |product| <= q / 2 + q |a| / 2^16. */
#ifndef CEPA_CRYPTO_WASM_MLKEM_SIMD128_H
#define CEPA_CRYPTO_WASM_MLKEM_SIMD128_H

#include "crypto/mlkem_kernels.h"
#include "crypto/wasm/simd128.h"

enum { CEPA_MLKEM_SIMD128_RECIPROCAL = 10 }; /* 2^15 / q, rounded */

extern const struct cepa_mlkem_twiddles cepa_mlkem_forward_simd128;
extern const struct cepa_mlkem_twiddles cepa_mlkem_inverse_simd128;

/* Unsigned numbers wrap around by definition. */
typedef uint16_t cepa_u16x8 __attribute__((vector_size(16)));

static inline cepa_i16x8 cepa_i16x8_load(const int16_t *from)
{
    cepa_i16x8 value;
    __builtin_memcpy(&value, from, sizeof value);
    return value;
}

static inline void cepa_i16x8_store(int16_t *to, cepa_i16x8 value)
{
    __builtin_memcpy(to, &value, sizeof value);
}

static inline cepa_i16x8 cepa_i16x8_all(int value)
{
    int16_t x = (int16_t)value;
    return (cepa_i16x8){x, x, x, x, x, x, x, x};
}

static inline cepa_i16x8 cepa_i16x8_add(cepa_i16x8 a, cepa_i16x8 b)
{
    return (cepa_i16x8)((cepa_u16x8)a + (cepa_u16x8)b);
}

static inline cepa_i16x8 cepa_i16x8_subtract(cepa_i16x8 a, cepa_i16x8 b)
{
    return (cepa_i16x8)((cepa_u16x8)a - (cepa_u16x8)b);
}

static inline cepa_i16x8 cepa_i16x8_multiply(cepa_i16x8 a, cepa_i16x8 b)
{
    return (cepa_i16x8)((cepa_u16x8)a * (cepa_u16x8)b);
}

/* cepa_mlkem_simd128_multiply gives a b modulo q, with the companion of b. */
static inline cepa_i16x8 cepa_mlkem_simd128_multiply(cepa_i16x8 a, cepa_i16x8 b,
                                                     cepa_i16x8 companion)
{
    cepa_i16x8 quotient = cepa_i16x8_multiply_high(a, companion);
    return cepa_i16x8_subtract(cepa_i16x8_multiply(a, b),
                               cepa_i16x8_multiply(quotient, cepa_i16x8_all(CEPA_MLKEM_Q)));
}

/* cepa_mlkem_simd128_reduce gives |x| <= q / 2 + |a| / 62 of any a. */
static inline cepa_i16x8 cepa_mlkem_simd128_reduce(cepa_i16x8 a)
{
    cepa_i16x8 quotient =
        cepa_i16x8_multiply_high(a, cepa_i16x8_all(CEPA_MLKEM_SIMD128_RECIPROCAL));
    return cepa_i16x8_subtract(a, cepa_i16x8_multiply(quotient, cepa_i16x8_all(CEPA_MLKEM_Q)));
}

/* cepa_mlkem_simd128_canonical gives the representative in [0, q) of any a. */
static inline cepa_i16x8 cepa_mlkem_simd128_canonical(cepa_i16x8 a)
{
    cepa_i16x8 reduced = cepa_mlkem_simd128_reduce(a);
    return cepa_i16x8_add(reduced, (reduced >> 15) & cepa_i16x8_all(CEPA_MLKEM_Q));
}

#endif
