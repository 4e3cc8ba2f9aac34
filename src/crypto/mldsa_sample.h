/* Sampling in ML-DSA-65: pseudorandom polynomials of seeds. @[FIPS204 7.3] @[SPEC 3.4] */
#ifndef CEPA_CRYPTO_MLDSA_SAMPLE_H
#define CEPA_CRYPTO_MLDSA_SAMPLE_H

#include "crypto/mldsa.h"

/* cepa_mldsa_sample_matrix gives A in transformed form, row by row, coefficients in [0, q), of the
 * public seed `rho`; the time depends on it. `ret_matrix` may lie in the workspace. @[FIPS204 7.3]
 */
void cepa_mldsa_sample_matrix(struct cepa_mldsa_poly ret_matrix[CEPA_MLDSA_MATRIX],
                              const uint8_t rho[CEPA_MLDSA_RHO_BYTES],
                              struct cepa_mldsa_workspace *workspace, uint32_t cpu);

/* cepa_mldsa_sample_secrets gives s1 and s2, coefficients within +-4, of the secret `seed`. Their
 * values do not affect the time, only which half bytes were passed over does. @[FIPS204 7.3] */
void cepa_mldsa_sample_secrets(struct cepa_mldsa_poly ret_s1[CEPA_MLDSA_COLUMNS],
                               struct cepa_mldsa_poly ret_s2[CEPA_MLDSA_ROWS],
                               const uint8_t seed[CEPA_MLDSA_REPRESENTATIVE_BYTES],
                               struct cepa_mldsa_workspace *workspace, uint32_t cpu);

/* cepa_mldsa_sample_masks gives the masks number `first` to `first` + 3 of the secret `seed`,
 * coefficients in (-gamma1, gamma1]. Constant-time. @[FIPS204 7.3] */
void cepa_mldsa_sample_masks(struct cepa_mldsa_poly ret_masks[CEPA_KECCAK_WAYS],
                             const uint8_t seed[CEPA_MLDSA_REPRESENTATIVE_BYTES], uint32_t first,
                             struct cepa_mldsa_workspace *workspace, uint32_t cpu);

/* cepa_mldsa_sample_challenge gives the polynomial of 49 coefficients +-1 that the public `digest`
 * stands for; the time depends on it. @[FIPS204 7.3] */
void cepa_mldsa_sample_challenge(struct cepa_mldsa_poly *ret_challenge,
                                 const uint8_t digest[CEPA_MLDSA_CHALLENGE_BYTES]);

/* cepa_mldsa_take_uniform appends the 23-bit numbers below q among `bytes`, three bytes each, to
 * the `count` public coefficients that there are, up to 256. Gives the new count. It may read four
 * bytes after the `len` and write coefficients after the count. */
unsigned cepa_mldsa_take_uniform(struct cepa_mldsa_poly *poly, unsigned count, const uint8_t *bytes,
                                 size_t len, uint32_t cpu);

/* The kernels behind it. */
unsigned cepa_mldsa_take_uniform_portable(struct cepa_mldsa_poly *poly, unsigned count,
                                          const uint8_t *bytes, size_t len);
unsigned cepa_mldsa_take_uniform_avx2(struct cepa_mldsa_poly *poly, unsigned count,
                                      const uint8_t *bytes, size_t len);

#endif
