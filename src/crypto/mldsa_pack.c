/* Packing and unpacking of polynomials and hints. @[FIPS204 7.1] @[FIPS204 7.2] */
#include "crypto/mldsa_pack.h"

#include <string.h>

void cepa_mldsa_pack_t1(uint8_t ret_bytes[CEPA_MLDSA_T1_BYTES], const struct cepa_mldsa_poly *poly)
{
    const int32_t *a = poly->coefficients;
    for (unsigned i = 0; i < CEPA_MLDSA_DEGREE; i += 4, a += 4, ret_bytes += 5) {
        ret_bytes[0] = (uint8_t)a[0];
        ret_bytes[1] = (uint8_t)(a[0] >> 8 | a[1] << 2);
        ret_bytes[2] = (uint8_t)(a[1] >> 6 | a[2] << 4);
        ret_bytes[3] = (uint8_t)(a[2] >> 4 | a[3] << 6);
        ret_bytes[4] = (uint8_t)(a[3] >> 2);
    }
}

void cepa_mldsa_unpack_t1_scaled(struct cepa_mldsa_poly *ret_poly,
                                 const uint8_t bytes[CEPA_MLDSA_T1_BYTES])
{
    int32_t *a = ret_poly->coefficients;
    for (unsigned i = 0; i < CEPA_MLDSA_DEGREE; i += 4, a += 4, bytes += 5) {
        a[0] = (bytes[0] | (bytes[1] & 0x03) << 8) << CEPA_MLDSA_DROPPED_BITS;
        a[1] = (bytes[1] >> 2 | (bytes[2] & 0x0f) << 6) << CEPA_MLDSA_DROPPED_BITS;
        a[2] = (bytes[2] >> 4 | (bytes[3] & 0x3f) << 4) << CEPA_MLDSA_DROPPED_BITS;
        a[3] = (bytes[3] >> 6 | bytes[4] << 2) << CEPA_MLDSA_DROPPED_BITS;
    }
}

void cepa_mldsa_pack_z(uint8_t ret_bytes[CEPA_MLDSA_Z_BYTES], const struct cepa_mldsa_poly *poly)
{
    const int32_t *a = poly->coefficients;
    for (unsigned i = 0; i < CEPA_MLDSA_DEGREE; i += 2, a += 2, ret_bytes += 5) {
        uint32_t first = (uint32_t)(CEPA_MLDSA_GAMMA1 - a[0]);
        uint32_t second = (uint32_t)(CEPA_MLDSA_GAMMA1 - a[1]);
        ret_bytes[0] = (uint8_t)first;
        ret_bytes[1] = (uint8_t)(first >> 8);
        ret_bytes[2] = (uint8_t)(first >> 16 | second << 4);
        ret_bytes[3] = (uint8_t)(second >> 4);
        ret_bytes[4] = (uint8_t)(second >> 12);
    }
}

void cepa_mldsa_unpack_z(struct cepa_mldsa_poly *ret_poly, const uint8_t bytes[CEPA_MLDSA_Z_BYTES])
{
    int32_t *a = ret_poly->coefficients;
    for (unsigned i = 0; i < CEPA_MLDSA_DEGREE; i += 2, a += 2, bytes += 5) {
        int32_t first = bytes[0] | bytes[1] << 8 | (bytes[2] & 0x0f) << 16;
        int32_t second = bytes[2] >> 4 | bytes[3] << 4 | bytes[4] << 12;
        a[0] = CEPA_MLDSA_GAMMA1 - first;
        a[1] = CEPA_MLDSA_GAMMA1 - second;
    }
}

void cepa_mldsa_pack_w1(uint8_t ret_bytes[CEPA_MLDSA_W1_BYTES], const struct cepa_mldsa_poly *poly)
{
    const int32_t *a = poly->coefficients;
    for (unsigned i = 0; i < CEPA_MLDSA_W1_BYTES; i++, a += 2) {
        ret_bytes[i] = (uint8_t)(a[0] | a[1] << 4);
    }
}

void cepa_mldsa_pack_hint(uint8_t ret_bytes[CEPA_MLDSA_HINT_BYTES],
                          const struct cepa_mldsa_poly hint[CEPA_MLDSA_ROWS])
{
    unsigned ones = 0;
    memset(ret_bytes, 0, CEPA_MLDSA_HINT_BYTES);
    for (unsigned row = 0; row < CEPA_MLDSA_ROWS; row++) {
        for (unsigned i = 0; i < CEPA_MLDSA_DEGREE; i++) {
            if (hint[row].coefficients[i] != 0 && ones < CEPA_MLDSA_HINTS_MAX) {
                ret_bytes[ones++] = (uint8_t)i;
            }
        }
        ret_bytes[CEPA_MLDSA_HINTS_MAX + row] = (uint8_t)ones;
    }
}

int cepa_mldsa_unpack_hint(struct cepa_mldsa_poly ret_hint[CEPA_MLDSA_ROWS],
                           const uint8_t bytes[CEPA_MLDSA_HINT_BYTES])
{
    unsigned next = 0;
    memset(ret_hint, 0, CEPA_MLDSA_ROWS * sizeof *ret_hint);
    for (unsigned row = 0; row < CEPA_MLDSA_ROWS; row++) {
        unsigned start = next;
        unsigned end = bytes[CEPA_MLDSA_HINTS_MAX + row];
        if (end < start || end > CEPA_MLDSA_HINTS_MAX) {
            return CEPA_ERR_MALFORMED;
        }
        for (; next < end; next++) {
            if (next > start && bytes[next] <= bytes[next - 1]) {
                return CEPA_ERR_MALFORMED;
            }
            ret_hint[row].coefficients[bytes[next]] = 1;
        }
    }
    for (; next < CEPA_MLDSA_HINTS_MAX; next++) {
        if (bytes[next] != 0) {
            return CEPA_ERR_MALFORMED;
        }
    }
    return 0;
}
