/* The kernels of ML-KEM for WebAssembly, which always has vectors here. */
#include "crypto/mlkem_kernels.h"

void cepa_mlkem_ntt_forward(struct cepa_mlkem_ntt *ret_ntt, const struct cepa_mlkem_poly *poly,
                            uint32_t cpu)
{
    (void)cpu;
    cepa_mlkem_ntt_forward_simd128(ret_ntt, poly);
}

void cepa_mlkem_ntt_inverse(struct cepa_mlkem_poly *ret_poly, const struct cepa_mlkem_ntt *ntt,
                            uint32_t cpu)
{
    (void)cpu;
    cepa_mlkem_ntt_inverse_simd128(ret_poly, ntt);
}

void cepa_mlkem_ntt_arrange(struct cepa_mlkem_ntt *ret_ntt, const int16_t ordered[CEPA_MLKEM_N],
                            uint32_t cpu)
{
    (void)cpu;
    cepa_mlkem_ntt_arrange_portable(ret_ntt, ordered);
}

void cepa_mlkem_ntt_factor(struct cepa_mlkem_factor *ret_factor, const struct cepa_mlkem_ntt *ntt,
                           uint32_t cpu)
{
    (void)cpu;
    cepa_mlkem_ntt_factor_simd128(ret_factor, ntt);
}

void cepa_mlkem_ntt_dot(struct cepa_mlkem_ntt *ret_ntt, const struct cepa_mlkem_ntt a[CEPA_MLKEM_K],
                        const struct cepa_mlkem_factor b[CEPA_MLKEM_K], uint32_t cpu)
{
    (void)cpu;
    cepa_mlkem_ntt_dot_simd128(ret_ntt, a, b);
}

unsigned cepa_mlkem_reject(int16_t ret_ordered[CEPA_MLKEM_N + CEPA_MLKEM_REJECT_SLACK],
                           unsigned count, const uint8_t *bytes, size_t len, uint32_t cpu)
{
    (void)cpu;
    return cepa_mlkem_reject_simd128(ret_ordered, count, bytes, len);
}

void cepa_mlkem_noise(struct cepa_mlkem_poly *ret_poly, const uint8_t bytes[CEPA_MLKEM_NOISE_BYTES],
                      uint32_t cpu)
{
    (void)cpu;
    cepa_mlkem_noise_simd128(ret_poly, bytes);
}

void cepa_mlkem_compress_10(struct cepa_mlkem_poly *ret_fields, const struct cepa_mlkem_poly *a,
                            const struct cepa_mlkem_poly *b, uint32_t cpu)
{
    (void)cpu;
    cepa_mlkem_compress_10_simd128(ret_fields, a, b);
}

void cepa_mlkem_compress_4(struct cepa_mlkem_poly *ret_fields, const struct cepa_mlkem_poly *a,
                           const struct cepa_mlkem_poly *b,
                           const uint8_t message[CEPA_MLKEM_MESSAGE_BYTES], uint32_t cpu)
{
    (void)cpu;
    cepa_mlkem_compress_4_simd128(ret_fields, a, b, message);
}

void cepa_mlkem_decode_10(struct cepa_mlkem_poly *ret_fields, struct cepa_mlkem_poly *ret_poly,
                          const uint8_t bytes[CEPA_MLKEM_POLY_10_BYTES], uint32_t cpu)
{
    (void)cpu;
    cepa_mlkem_decode_10_simd128(ret_fields, ret_poly, bytes);
}

void cepa_mlkem_decode_4(struct cepa_mlkem_poly *ret_fields,
                         const uint8_t bytes[CEPA_MLKEM_POLY_4_BYTES], uint32_t cpu)
{
    (void)cpu;
    cepa_mlkem_decode_4_simd128(ret_fields, bytes);
}

void cepa_mlkem_message(uint8_t ret_message[CEPA_MLKEM_MESSAGE_BYTES],
                        const struct cepa_mlkem_poly *fields, const struct cepa_mlkem_poly *noisy,
                        uint32_t cpu)
{
    (void)cpu;
    cepa_mlkem_message_simd128(ret_message, fields, noisy);
}

void cepa_mlkem_encode_10(uint8_t ret_bytes[CEPA_MLKEM_POLY_10_BYTES],
                          const struct cepa_mlkem_poly *fields, uint32_t cpu)
{
    (void)cpu;
    cepa_mlkem_encode_10_simd128(ret_bytes, fields);
}

void cepa_mlkem_encode_4(uint8_t ret_bytes[CEPA_MLKEM_POLY_4_BYTES],
                         const struct cepa_mlkem_poly *fields, uint32_t cpu)
{
    (void)cpu;
    cepa_mlkem_encode_4_simd128(ret_bytes, fields);
}

uint32_t cepa_mlkem_decode_12(struct cepa_mlkem_poly *ret_poly,
                              const uint8_t bytes[CEPA_MLKEM_POLY_BYTES], uint32_t cpu)
{
    (void)cpu;
    return cepa_mlkem_decode_12_simd128(ret_poly, bytes);
}
