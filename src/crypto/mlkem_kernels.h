/* The kernels of ML-KEM that crypto/mlkem_ring.h chooses from. Each does what the function of the
 * same name without the ending does; _avx2 ones exist in x86 builds only, _simd128 ones in
 * WebAssembly. */
#ifndef CEPA_CRYPTO_MLKEM_KERNELS_H
#define CEPA_CRYPTO_MLKEM_KERNELS_H

#include "crypto/mlkem_ring.h"

void cepa_mlkem_ntt_forward_portable(struct cepa_mlkem_ntt *ret_ntt,
                                     const struct cepa_mlkem_poly *poly);
void cepa_mlkem_ntt_inverse_portable(struct cepa_mlkem_poly *ret_poly,
                                     const struct cepa_mlkem_ntt *ntt);
void cepa_mlkem_ntt_arrange_portable(struct cepa_mlkem_ntt *ret_ntt,
                                     const int16_t ordered[CEPA_MLKEM_N]);
void cepa_mlkem_ntt_factor_portable(struct cepa_mlkem_factor *ret_factor,
                                    const struct cepa_mlkem_ntt *ntt);
void cepa_mlkem_ntt_dot_portable(struct cepa_mlkem_ntt *ret_ntt,
                                 const struct cepa_mlkem_ntt a[CEPA_MLKEM_K],
                                 const struct cepa_mlkem_factor b[CEPA_MLKEM_K]);
unsigned cepa_mlkem_reject_portable(int16_t ret_ordered[CEPA_MLKEM_N + CEPA_MLKEM_REJECT_SLACK],
                                    unsigned count, const uint8_t *bytes, size_t len);
void cepa_mlkem_noise_portable(struct cepa_mlkem_poly *ret_poly,
                               const uint8_t bytes[CEPA_MLKEM_NOISE_BYTES]);
void cepa_mlkem_compress_10_portable(struct cepa_mlkem_poly *ret_fields,
                                     const struct cepa_mlkem_poly *a,
                                     const struct cepa_mlkem_poly *b);
void cepa_mlkem_compress_4_portable(struct cepa_mlkem_poly *ret_fields,
                                    const struct cepa_mlkem_poly *a,
                                    const struct cepa_mlkem_poly *b,
                                    const uint8_t message[CEPA_MLKEM_MESSAGE_BYTES]);
void cepa_mlkem_decode_10_portable(struct cepa_mlkem_poly *ret_fields,
                                   struct cepa_mlkem_poly *ret_poly,
                                   const uint8_t bytes[CEPA_MLKEM_POLY_10_BYTES]);
void cepa_mlkem_decode_4_portable(struct cepa_mlkem_poly *ret_fields,
                                  const uint8_t bytes[CEPA_MLKEM_POLY_4_BYTES]);
void cepa_mlkem_message_portable(uint8_t ret_message[CEPA_MLKEM_MESSAGE_BYTES],
                                 const struct cepa_mlkem_poly *fields,
                                 const struct cepa_mlkem_poly *noisy);
void cepa_mlkem_encode_10_portable(uint8_t ret_bytes[CEPA_MLKEM_POLY_10_BYTES],
                                   const struct cepa_mlkem_poly *fields);
void cepa_mlkem_encode_4_portable(uint8_t ret_bytes[CEPA_MLKEM_POLY_4_BYTES],
                                  const struct cepa_mlkem_poly *fields);
uint32_t cepa_mlkem_decode_12_portable(struct cepa_mlkem_poly *ret_poly,
                                       const uint8_t bytes[CEPA_MLKEM_POLY_BYTES]);

void cepa_mlkem_ntt_forward_avx2(struct cepa_mlkem_ntt *ret_ntt,
                                 const struct cepa_mlkem_poly *poly);
void cepa_mlkem_ntt_inverse_avx2(struct cepa_mlkem_poly *ret_poly,
                                 const struct cepa_mlkem_ntt *ntt);
void cepa_mlkem_ntt_arrange_avx2(struct cepa_mlkem_ntt *ret_ntt,
                                 const int16_t ordered[CEPA_MLKEM_N]);
void cepa_mlkem_ntt_factor_avx2(struct cepa_mlkem_factor *ret_factor,
                                const struct cepa_mlkem_ntt *ntt);
void cepa_mlkem_ntt_dot_avx2(struct cepa_mlkem_ntt *ret_ntt,
                             const struct cepa_mlkem_ntt a[CEPA_MLKEM_K],
                             const struct cepa_mlkem_factor b[CEPA_MLKEM_K]);
unsigned cepa_mlkem_reject_avx2(int16_t ret_ordered[CEPA_MLKEM_N + CEPA_MLKEM_REJECT_SLACK],
                                unsigned count, const uint8_t *bytes, size_t len);
void cepa_mlkem_noise_avx2(struct cepa_mlkem_poly *ret_poly,
                           const uint8_t bytes[CEPA_MLKEM_NOISE_BYTES]);
void cepa_mlkem_compress_10_avx2(struct cepa_mlkem_poly *ret_fields,
                                 const struct cepa_mlkem_poly *a, const struct cepa_mlkem_poly *b);
void cepa_mlkem_compress_4_avx2(struct cepa_mlkem_poly *ret_fields, const struct cepa_mlkem_poly *a,
                                const struct cepa_mlkem_poly *b,
                                const uint8_t message[CEPA_MLKEM_MESSAGE_BYTES]);
void cepa_mlkem_decode_10_avx2(struct cepa_mlkem_poly *ret_fields, struct cepa_mlkem_poly *ret_poly,
                               const uint8_t bytes[CEPA_MLKEM_POLY_10_BYTES]);
void cepa_mlkem_decode_4_avx2(struct cepa_mlkem_poly *ret_fields,
                              const uint8_t bytes[CEPA_MLKEM_POLY_4_BYTES]);
void cepa_mlkem_message_avx2(uint8_t ret_message[CEPA_MLKEM_MESSAGE_BYTES],
                             const struct cepa_mlkem_poly *fields,
                             const struct cepa_mlkem_poly *noisy);
void cepa_mlkem_encode_10_avx2(uint8_t ret_bytes[CEPA_MLKEM_POLY_10_BYTES],
                               const struct cepa_mlkem_poly *fields);
void cepa_mlkem_encode_4_avx2(uint8_t ret_bytes[CEPA_MLKEM_POLY_4_BYTES],
                              const struct cepa_mlkem_poly *fields);
uint32_t cepa_mlkem_decode_12_avx2(struct cepa_mlkem_poly *ret_poly,
                                   const uint8_t bytes[CEPA_MLKEM_POLY_BYTES]);

void cepa_mlkem_ntt_forward_simd128(struct cepa_mlkem_ntt *ret_ntt,
                                    const struct cepa_mlkem_poly *poly);
void cepa_mlkem_ntt_inverse_simd128(struct cepa_mlkem_poly *ret_poly,
                                    const struct cepa_mlkem_ntt *ntt);
void cepa_mlkem_ntt_factor_simd128(struct cepa_mlkem_factor *ret_factor,
                                   const struct cepa_mlkem_ntt *ntt);
void cepa_mlkem_ntt_dot_simd128(struct cepa_mlkem_ntt *ret_ntt,
                                const struct cepa_mlkem_ntt a[CEPA_MLKEM_K],
                                const struct cepa_mlkem_factor b[CEPA_MLKEM_K]);
unsigned cepa_mlkem_reject_simd128(int16_t ret_ordered[CEPA_MLKEM_N + CEPA_MLKEM_REJECT_SLACK],
                                   unsigned count, const uint8_t *bytes, size_t len);
void cepa_mlkem_noise_simd128(struct cepa_mlkem_poly *ret_poly,
                              const uint8_t bytes[CEPA_MLKEM_NOISE_BYTES]);
void cepa_mlkem_compress_10_simd128(struct cepa_mlkem_poly *ret_fields,
                                    const struct cepa_mlkem_poly *a,
                                    const struct cepa_mlkem_poly *b);
void cepa_mlkem_compress_4_simd128(struct cepa_mlkem_poly *ret_fields,
                                   const struct cepa_mlkem_poly *a, const struct cepa_mlkem_poly *b,
                                   const uint8_t message[CEPA_MLKEM_MESSAGE_BYTES]);
void cepa_mlkem_decode_10_simd128(struct cepa_mlkem_poly *ret_fields,
                                  struct cepa_mlkem_poly *ret_poly,
                                  const uint8_t bytes[CEPA_MLKEM_POLY_10_BYTES]);
void cepa_mlkem_decode_4_simd128(struct cepa_mlkem_poly *ret_fields,
                                 const uint8_t bytes[CEPA_MLKEM_POLY_4_BYTES]);
void cepa_mlkem_message_simd128(uint8_t ret_message[CEPA_MLKEM_MESSAGE_BYTES],
                                const struct cepa_mlkem_poly *fields,
                                const struct cepa_mlkem_poly *noisy);
void cepa_mlkem_encode_10_simd128(uint8_t ret_bytes[CEPA_MLKEM_POLY_10_BYTES],
                                  const struct cepa_mlkem_poly *fields);
void cepa_mlkem_encode_4_simd128(uint8_t ret_bytes[CEPA_MLKEM_POLY_4_BYTES],
                                 const struct cepa_mlkem_poly *fields);
uint32_t cepa_mlkem_decode_12_simd128(struct cepa_mlkem_poly *ret_poly,
                                      const uint8_t bytes[CEPA_MLKEM_POLY_BYTES]);

#endif
