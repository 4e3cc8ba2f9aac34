/* Arithmetic modulo q = 8380417 on signed 32-bit representatives, without division and without
 * branches. @[FIPS204 7.6] @[FIPS204 A] */
#ifndef CEPA_CRYPTO_MLDSA_REDUCE_H
#define CEPA_CRYPTO_MLDSA_REDUCE_H

#include <stdint.h>

#include "crypto/mldsa_poly.h"

/* 1 / q modulo 2^32 */
#define CEPA_MLDSA_Q_INVERSE UINT32_C(58728449)

/* cepa_mldsa_montgomery gives a representative of a / 2^32 modulo q that is below q in absolute
 * value, if |a| < 2^31 * q. */
static inline int32_t cepa_mldsa_montgomery(int64_t a)
{
    int32_t quotient = (int32_t)((uint32_t)a * CEPA_MLDSA_Q_INVERSE);
    return (int32_t)((a - (int64_t)quotient * CEPA_MLDSA_Q) >> 32);
}

/* cepa_mldsa_reduce gives a representative of `a` within +-6,283,008, if a < 2^31 - 2^22: small
 * enough that whoever is near 0 modulo q is near 0 itself. */
static inline int32_t cepa_mldsa_reduce(int32_t a)
{
    int32_t quotient = (a + (1 << 22)) >> 23;
    return a - quotient * CEPA_MLDSA_Q;
}

/* cepa_mldsa_add_q_if_negative gives `a` or `a` + q: the representative in [0, q), if |a| < q. */
static inline int32_t cepa_mldsa_add_q_if_negative(int32_t a)
{
    return a + ((a >> 31) & CEPA_MLDSA_Q);
}

#endif
