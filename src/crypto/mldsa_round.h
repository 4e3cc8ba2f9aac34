/* Rounding in ML-DSA: high and low parts of coefficients, hints, and the norm checks. None of it
 * divides or branches. @[FIPS204 7.4] @[SPEC 3.4] */
#ifndef CEPA_CRYPTO_MLDSA_ROUND_H
#define CEPA_CRYPTO_MLDSA_ROUND_H

#include <stdint.h>

#include "crypto/mldsa_poly.h"

/* cepa_mldsa_power2round splits `a` in [0, q) as a = high * 2^13 + low with -2^12 < low <= 2^12.
 * Gives the high part. @[FIPS204 7.4] */
static inline int32_t cepa_mldsa_power2round(int32_t *ret_low, int32_t a)
{
    int32_t high = (a + (1 << (CEPA_MLDSA_DROPPED_BITS - 1)) - 1) >> CEPA_MLDSA_DROPPED_BITS;
    *ret_low = a - high * (1 << CEPA_MLDSA_DROPPED_BITS);
    return high;
}

/* cepa_mldsa_decompose splits `a` in [0, q) as a = high * 2 * gamma2 + low modulo q with 0 <= high
 * < 16 and -gamma2 <= low <= gamma2. Gives the high part.
 *
 * 2 * gamma2 is 512 * 1023. The quotient by 1023 of n < 2^14.1 is (n + 1) * 1025 >> 20, because
 * 1023 * 1025 = 2^20 - 1. The topmost step, a > q - 1 - gamma2, has the quotient 16, which wraps to
 * high 0, and a low part that is 1 less, because q is 1 more than 16 steps. (No comparison:
 * compilers for WebAssembly make a choice out of one, and engines a branch.) @[FIPS204 7.4] */
static inline int32_t cepa_mldsa_decompose(int32_t *ret_low, int32_t a)
{
    int32_t steps = (a + CEPA_MLDSA_GAMMA2 - 1) >> 9;
    int32_t high = ((steps + 1) * 1025) >> 20;
    *ret_low = a - high * (2 * CEPA_MLDSA_GAMMA2) - (high >> 4);
    return high & 15;
}

/* cepa_mldsa_make_hint gives 1 if adding what was left out changes the high part, else 0: `low` is
 * the low part of w - c * s2, plus c * t0, within +-6,283,008; `high` is the high part of w. It is
 * the definition's comparison of two high parts, given that |w - c * s2| passed its norm check.
 * @[FIPS204 7.4] */
static inline int32_t cepa_mldsa_make_hint(int32_t low, int32_t high)
{
    uint32_t is_above = (uint32_t)(CEPA_MLDSA_GAMMA2 - low) >> 31;
    uint32_t is_below = (uint32_t)(low + CEPA_MLDSA_GAMMA2) >> 31;
    uint32_t is_edge = (uint32_t)((low + CEPA_MLDSA_GAMMA2) | -(low + CEPA_MLDSA_GAMMA2)) >> 31;
    uint32_t is_high = (uint32_t)-high >> 31;
    return (int32_t)(is_above | is_below | ((is_edge ^ 1) & is_high));
}

/* cepa_mldsa_use_hint gives the high part of `a` in [0, q), moved one step towards the low part's
 * side if `hint` is 1. @[FIPS204 7.4] */
static inline int32_t cepa_mldsa_use_hint(int32_t a, int32_t hint)
{
    int32_t low;
    int32_t high = cepa_mldsa_decompose(&low, a);
    int32_t is_positive = (int32_t)((uint32_t)-low >> 31);
    return (high + hint * (2 * is_positive - 1)) & 15;
}

/* cepa_mldsa_poly_power2round splits each coefficient of `a`, all below q in absolute value.
 * `ret_high` may be `a`. */
void cepa_mldsa_poly_power2round(struct cepa_mldsa_poly *ret_high, struct cepa_mldsa_poly *ret_low,
                                 const struct cepa_mldsa_poly *a);

/* cepa_mldsa_poly_decompose splits each coefficient of `a`, all below q in absolute value.
 * `ret_high` may be `a`. */
void cepa_mldsa_poly_decompose(struct cepa_mldsa_poly *ret_high, struct cepa_mldsa_poly *ret_low,
                               const struct cepa_mldsa_poly *a);

/* cepa_mldsa_poly_make_hint makes a hint of each pair of coefficients; gives the number of ones. */
uint32_t cepa_mldsa_poly_make_hint(struct cepa_mldsa_poly *ret_hint,
                                   const struct cepa_mldsa_poly *low,
                                   const struct cepa_mldsa_poly *high);

/* cepa_mldsa_poly_use_hint corrects each coefficient of `a`, all below q in absolute value.
 * `ret_high` may be `a`. */
void cepa_mldsa_poly_use_hint(struct cepa_mldsa_poly *ret_high, const struct cepa_mldsa_poly *a,
                              const struct cepa_mldsa_poly *hint);

/* cepa_mldsa_poly_reduce gives each coefficient its representative within +-6,283,008, if all are
 * below 2^31 - 2^22. */
void cepa_mldsa_poly_reduce(struct cepa_mldsa_poly *poly);

/* cepa_mldsa_poly_add_reduce sets `sum` to the representative of sum + `a` within +-6,283,008;
 * cepa_mldsa_poly_subtract_reduce to that of sum - `a`. Both inputs below 2q in absolute value. */
void cepa_mldsa_poly_add_reduce(struct cepa_mldsa_poly *sum, const struct cepa_mldsa_poly *a);
void cepa_mldsa_poly_subtract_reduce(struct cepa_mldsa_poly *sum, const struct cepa_mldsa_poly *a);

/* cepa_mldsa_poly_exceeds gives all ones if some coefficient of `a` is `bound` or more in absolute
 * value, else 0. The coefficients are within +-6,283,008, the bound at most (q - 1) / 8. It looks
 * at all of them either way, so that only the answer can be known. */
uint32_t cepa_mldsa_poly_exceeds(const struct cepa_mldsa_poly *a, int32_t bound);

#endif
