/* Byte strings of ML-DSA-65: coefficients packed least significant bit first, and hints.
 * @[FIPS204 7.1] @[FIPS204 7.2] @[SPEC 3.4] */
#ifndef CEPA_CRYPTO_MLDSA_PACK_H
#define CEPA_CRYPTO_MLDSA_PACK_H

#include "base/error.h"
#include "crypto/mldsa.h"

/* cepa_mldsa_pack_t1 packs coefficients in [0, 2^10). */
void cepa_mldsa_pack_t1(uint8_t ret_bytes[CEPA_MLDSA_T1_BYTES], const struct cepa_mldsa_poly *poly);

/* cepa_mldsa_unpack_t1 gives the coefficients times 2^13, all in [0, 2^23). */
void cepa_mldsa_unpack_t1_scaled(struct cepa_mldsa_poly *ret_poly,
                                 const uint8_t bytes[CEPA_MLDSA_T1_BYTES]);

/* cepa_mldsa_pack_z packs coefficients in (-gamma1, gamma1]. */
void cepa_mldsa_pack_z(uint8_t ret_bytes[CEPA_MLDSA_Z_BYTES], const struct cepa_mldsa_poly *poly);

/* cepa_mldsa_unpack_z gives coefficients in (-gamma1, gamma1]. */
void cepa_mldsa_unpack_z(struct cepa_mldsa_poly *ret_poly, const uint8_t bytes[CEPA_MLDSA_Z_BYTES]);

/* cepa_mldsa_pack_w1 packs coefficients in [0, 16). */
void cepa_mldsa_pack_w1(uint8_t ret_bytes[CEPA_MLDSA_W1_BYTES], const struct cepa_mldsa_poly *poly);

/* cepa_mldsa_pack_hint packs polynomials of zeros and at most 55 ones, which are public: the time
 * depends on them. */
void cepa_mldsa_pack_hint(uint8_t ret_bytes[CEPA_MLDSA_HINT_BYTES],
                          const struct cepa_mldsa_poly hint[CEPA_MLDSA_ROWS]);

/* cepa_mldsa_unpack_hint gives polynomials of zeros and ones. Returns CEPA_ERR_MALFORMED, and may
 * have written, unless `bytes` are what packing gives: ends that do not sink and are at most 55,
 * positions that rise within each polynomial, zeros after the last. */
CEPA_MUST_USE int cepa_mldsa_unpack_hint(struct cepa_mldsa_poly ret_hint[CEPA_MLDSA_ROWS],
                                         const uint8_t bytes[CEPA_MLDSA_HINT_BYTES]);

#endif
