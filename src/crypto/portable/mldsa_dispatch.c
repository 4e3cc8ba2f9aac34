/* The kernels of ML-DSA where there is only one of each. */
#include "crypto/mldsa_poly.h"
#include "crypto/mldsa_sample.h"

void cepa_mldsa_ntt(struct cepa_mldsa_poly *poly, uint32_t cpu)
{
    (void)cpu;
    cepa_mldsa_ntt_portable(poly);
}

void cepa_mldsa_ntt_inverse(struct cepa_mldsa_poly *poly, uint32_t cpu)
{
    (void)cpu;
    cepa_mldsa_ntt_inverse_portable(poly);
}

void cepa_mldsa_multiply(struct cepa_mldsa_poly *ret_poly, const struct cepa_mldsa_poly *a,
                         const struct cepa_mldsa_poly *b, uint32_t cpu)
{
    (void)cpu;
    cepa_mldsa_multiply_portable(ret_poly, a, b);
}

void cepa_mldsa_multiply_row(struct cepa_mldsa_poly *ret_poly,
                             const struct cepa_mldsa_poly a[CEPA_MLDSA_COLUMNS],
                             const struct cepa_mldsa_poly b[CEPA_MLDSA_COLUMNS], uint32_t cpu)
{
    (void)cpu;
    cepa_mldsa_multiply_row_portable(ret_poly, a, b);
}

unsigned cepa_mldsa_take_uniform(struct cepa_mldsa_poly *poly, unsigned count, const uint8_t *bytes,
                                 size_t len, uint32_t cpu)
{
    (void)cpu;
    return cepa_mldsa_take_uniform_portable(poly, count, bytes, len);
}
