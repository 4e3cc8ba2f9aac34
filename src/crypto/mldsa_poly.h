/* Polynomials of ML-DSA: 256 coefficients modulo q = 2^23 - 2^13 + 1, their number-theoretic
 * transform and the products in its domain. @[FIPS204 7.5] @[SPEC 3.4]
 *
 * Coefficients are signed and not unique: each function says how large it lets them grow. Products
 * use Montgomery's form with R = 2^32: a product of two polynomials comes out divided by R, and the
 * inverse transform multiplies by R again, so that R never shows outside.
 *
 * Everything here runs in constant time. The functions with `cpu` choose a kernel; kernels agree in
 * residues, not in representatives. */
#ifndef CEPA_CRYPTO_MLDSA_POLY_H
#define CEPA_CRYPTO_MLDSA_POLY_H

#include <stddef.h>
#include <stdint.h>

enum {
    CEPA_MLDSA_DEGREE = 256,                /* coefficients of a polynomial */
    CEPA_MLDSA_Q = 8380417,                 /* the modulus, 2^23 - 2^13 + 1 */
    CEPA_MLDSA_ROWS = 6,                    /* k: rows of A, length of s2, t, w and the hint */
    CEPA_MLDSA_COLUMNS = 5,                 /* l: columns of A, length of s1, y and z */
    CEPA_MLDSA_ETA = 4,                     /* bound of s1 and s2 */
    CEPA_MLDSA_TAU = 49,                    /* coefficients +-1 in a challenge */
    CEPA_MLDSA_BETA = 196,                  /* tau * eta: bound of c * s1 and c * s2 */
    CEPA_MLDSA_GAMMA1 = 1 << 19,            /* bound of y */
    CEPA_MLDSA_GAMMA2 = (8380417 - 1) / 32, /* half the width of a high-order step */
    CEPA_MLDSA_DROPPED_BITS = 13,           /* d: low bits of t that the public key leaves out */
    CEPA_MLDSA_HINTS_MAX = 55,              /* omega: ones that a hint may have */
    CEPA_MLDSA_MATRIX = 6 * 5,              /* polynomials of A */
};

/* One polynomial, in coefficient order, or its transform in the order of FIPS 204. */
struct cepa_mldsa_poly {
    int32_t coefficients[CEPA_MLDSA_DEGREE]; /* signed representatives */
};

/* cepa_mldsa_ntt transforms in place. Coefficients grow by less than 8q in absolute value; they
 * must be below q before. @[FIPS204 7.5] */
void cepa_mldsa_ntt(struct cepa_mldsa_poly *poly, uint32_t cpu);

/* cepa_mldsa_ntt_inverse transforms back in place and multiplies by R = 2^32. Coefficients must be
 * below q in absolute value, and are below q after. @[FIPS204 7.5] */
void cepa_mldsa_ntt_inverse(struct cepa_mldsa_poly *poly, uint32_t cpu);

/* cepa_mldsa_multiply sets `ret_poly` to `a` * `b` / R of two transforms. Coefficients must be
 * below 9q in absolute value, and are below q after. `ret_poly` may be one of the inputs.
 * @[FIPS204 7.6] */
void cepa_mldsa_multiply(struct cepa_mldsa_poly *ret_poly, const struct cepa_mldsa_poly *a,
                         const struct cepa_mldsa_poly *b, uint32_t cpu);

/* cepa_mldsa_multiply_row sets `ret_poly` to the sum of the five `a[i]` * `b[i]` / R: a row of A,
 * below q in absolute value, times a vector, below 9q. The result is below q. @[FIPS204 7.6] */
void cepa_mldsa_multiply_row(struct cepa_mldsa_poly *ret_poly,
                             const struct cepa_mldsa_poly a[CEPA_MLDSA_COLUMNS],
                             const struct cepa_mldsa_poly b[CEPA_MLDSA_COLUMNS], uint32_t cpu);

/* The kernels behind these names: portable C, and AVX2 where the build has it. */
void cepa_mldsa_ntt_portable(struct cepa_mldsa_poly *poly);
void cepa_mldsa_ntt_avx2(struct cepa_mldsa_poly *poly);
void cepa_mldsa_ntt_inverse_portable(struct cepa_mldsa_poly *poly);
void cepa_mldsa_ntt_inverse_avx2(struct cepa_mldsa_poly *poly);
void cepa_mldsa_multiply_portable(struct cepa_mldsa_poly *ret_poly, const struct cepa_mldsa_poly *a,
                                  const struct cepa_mldsa_poly *b);
void cepa_mldsa_multiply_avx2(struct cepa_mldsa_poly *ret_poly, const struct cepa_mldsa_poly *a,
                              const struct cepa_mldsa_poly *b);
void cepa_mldsa_multiply_row_portable(struct cepa_mldsa_poly *ret_poly,
                                      const struct cepa_mldsa_poly a[CEPA_MLDSA_COLUMNS],
                                      const struct cepa_mldsa_poly b[CEPA_MLDSA_COLUMNS]);
void cepa_mldsa_multiply_row_avx2(struct cepa_mldsa_poly *ret_poly,
                                  const struct cepa_mldsa_poly a[CEPA_MLDSA_COLUMNS],
                                  const struct cepa_mldsa_poly b[CEPA_MLDSA_COLUMNS]);

#endif
