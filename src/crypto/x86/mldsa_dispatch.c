/* The kernels of ML-DSA where there is only one of each. */
#include "crypto/mldsa_poly.h"

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

void cepa_mldsa_multiply_add(struct cepa_mldsa_poly *ret_poly, const struct cepa_mldsa_poly *a,
                             const struct cepa_mldsa_poly *b, size_t len, uint32_t cpu)
{
    (void)cpu;
    cepa_mldsa_multiply_add_portable(ret_poly, a, b, len);
}
