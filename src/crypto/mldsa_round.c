/* Rounding, hints and norms over whole polynomials. @[FIPS204 7.4] */
#include "crypto/mldsa_round.h"

#include "crypto/mldsa_reduce.h"

void cepa_mldsa_poly_power2round(struct cepa_mldsa_poly *ret_high, struct cepa_mldsa_poly *ret_low,
                                 const struct cepa_mldsa_poly *a)
{
    for (unsigned i = 0; i < CEPA_MLDSA_DEGREE; i++) {
        int32_t positive = cepa_mldsa_add_q_if_negative(a->coefficients[i]);
        ret_high->coefficients[i] = cepa_mldsa_power2round(&ret_low->coefficients[i], positive);
    }
}

void cepa_mldsa_poly_decompose(struct cepa_mldsa_poly *ret_high, struct cepa_mldsa_poly *ret_low,
                               const struct cepa_mldsa_poly *a)
{
    for (unsigned i = 0; i < CEPA_MLDSA_DEGREE; i++) {
        int32_t positive = cepa_mldsa_add_q_if_negative(a->coefficients[i]);
        ret_high->coefficients[i] = cepa_mldsa_decompose(&ret_low->coefficients[i], positive);
    }
}

uint32_t cepa_mldsa_poly_make_hint(struct cepa_mldsa_poly *ret_hint,
                                   const struct cepa_mldsa_poly *low,
                                   const struct cepa_mldsa_poly *high)
{
    uint32_t ones = 0;
    for (unsigned i = 0; i < CEPA_MLDSA_DEGREE; i++) {
        int32_t hint = cepa_mldsa_make_hint(low->coefficients[i], high->coefficients[i]);
        ret_hint->coefficients[i] = hint;
        ones += (uint32_t)hint;
    }
    return ones;
}

void cepa_mldsa_poly_use_hint(struct cepa_mldsa_poly *ret_high, const struct cepa_mldsa_poly *a,
                              const struct cepa_mldsa_poly *hint)
{
    for (unsigned i = 0; i < CEPA_MLDSA_DEGREE; i++) {
        int32_t positive = cepa_mldsa_add_q_if_negative(a->coefficients[i]);
        ret_high->coefficients[i] = cepa_mldsa_use_hint(positive, hint->coefficients[i]);
    }
}

void cepa_mldsa_poly_reduce(struct cepa_mldsa_poly *poly)
{
    for (unsigned i = 0; i < CEPA_MLDSA_DEGREE; i++) {
        poly->coefficients[i] = cepa_mldsa_reduce(poly->coefficients[i]);
    }
}

void cepa_mldsa_poly_add_reduce(struct cepa_mldsa_poly *sum, const struct cepa_mldsa_poly *a)
{
    for (unsigned i = 0; i < CEPA_MLDSA_DEGREE; i++) {
        sum->coefficients[i] = cepa_mldsa_reduce(sum->coefficients[i] + a->coefficients[i]);
    }
}

void cepa_mldsa_poly_subtract_reduce(struct cepa_mldsa_poly *sum, const struct cepa_mldsa_poly *a)
{
    for (unsigned i = 0; i < CEPA_MLDSA_DEGREE; i++) {
        sum->coefficients[i] = cepa_mldsa_reduce(sum->coefficients[i] - a->coefficients[i]);
    }
}

uint32_t cepa_mldsa_poly_exceeds(const struct cepa_mldsa_poly *a, int32_t bound)
{
    uint32_t exceeds = 0;
    for (unsigned i = 0; i < CEPA_MLDSA_DEGREE; i++) {
        int32_t value = a->coefficients[i];
        int32_t sign = value >> 31;
        exceeds |= (uint32_t)(bound - 1 - ((value ^ sign) - sign));
    }
    return (uint32_t)0 - (exceeds >> 31);
}
