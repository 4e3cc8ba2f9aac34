/* Key generation of ML-DSA-65. @[FIPS204 6.1] */
#include <string.h>

#include "base/ct.h"
#include "base/declassify.h"
#include "crypto/mldsa.h"
#include "crypto/mldsa_pack.h"
#include "crypto/mldsa_round.h"
#include "crypto/mldsa_sample.h"

/* What the seed stretches to: rho, rho' and K of FIPS 204. */
enum {
    SECRETS_SEED = CEPA_MLDSA_RHO_BYTES,
    MASKS_SEED = SECRETS_SEED + CEPA_MLDSA_REPRESENTATIVE_BYTES,
    STRETCHED = MASKS_SEED + CEPA_MLDSA_SEED_BYTES
};

static void stretch(uint8_t ret_bytes[STRETCHED], const struct cepa_mldsa_seed *seed)
{
    const uint8_t dimensions[2] = {CEPA_MLDSA_ROWS, CEPA_MLDSA_COLUMNS};
    struct cepa_shake shake;
    cepa_shake256_init(&shake);
    cepa_shake_absorb(&shake, seed->bytes, sizeof seed->bytes);
    cepa_shake_absorb(&shake, dimensions, sizeof dimensions);
    cepa_shake_squeeze(&shake, ret_bytes, STRETCHED);
    cepa_shake_wipe(&shake);
    /* rho is the first field of the public key. */
    cepa_declassify(ret_bytes, CEPA_MLDSA_RHO_BYTES);
}

/* make_row computes row `row` of t = A * s1 + s2: packs its high part into the public key, keeps
 * its low part, and transforms the row of s2, which is not needed untransformed any more. */
static void make_row(struct cepa_mldsa_key *key, unsigned row, struct cepa_mldsa_poly *t,
                     uint32_t cpu)
{
    uint8_t *packed =
        key->public_key.bytes + CEPA_MLDSA_RHO_BYTES + (size_t)row * CEPA_MLDSA_T1_BYTES;
    cepa_mldsa_multiply_row(t, key->matrix + row * CEPA_MLDSA_COLUMNS, key->s1, cpu);
    cepa_mldsa_ntt_inverse(t, cpu);
    cepa_mldsa_poly_add_reduce(t, &key->s2[row]);
    cepa_mldsa_poly_power2round(t, &key->t0[row], t);
    cepa_mldsa_pack_t1(packed, t);
    cepa_mldsa_ntt(&key->t0[row], cpu);
    cepa_mldsa_ntt(&key->s2[row], cpu);
}

void cepa_mldsa_key_expand(struct cepa_mldsa_key *ret_key, const struct cepa_mldsa_seed *seed,
                           struct cepa_mldsa_workspace *workspace, uint32_t cpu)
{
    uint8_t stretched[STRETCHED];
    stretch(stretched, seed);
    cepa_mldsa_sample_matrix(ret_key->matrix, stretched, workspace, cpu);
    cepa_mldsa_sample_secrets(ret_key->s1, ret_key->s2, stretched + SECRETS_SEED, workspace, cpu);
    for (unsigned i = 0; i < CEPA_MLDSA_COLUMNS; i++) {
        cepa_mldsa_ntt(&ret_key->s1[i], cpu);
    }
    memcpy(ret_key->public_key.bytes, stretched, CEPA_MLDSA_RHO_BYTES);
    memcpy(ret_key->k, stretched + MASKS_SEED, CEPA_MLDSA_SEED_BYTES);
    for (unsigned row = 0; row < CEPA_MLDSA_ROWS; row++) {
        make_row(ret_key, row, &workspace->product, cpu);
    }
    cepa_declassify(&ret_key->public_key, sizeof ret_key->public_key);
    cepa_shake256(ret_key->tr, sizeof ret_key->tr, ret_key->public_key.bytes,
                  sizeof ret_key->public_key.bytes);
    cepa_wipe(stretched, sizeof stretched);
    cepa_wipe(&workspace->product, sizeof workspace->product);
    cepa_wipe(&workspace->shake_x4, sizeof workspace->shake_x4);
    cepa_wipe(workspace->squeezed, sizeof workspace->squeezed);
}
