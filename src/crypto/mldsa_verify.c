/* Verification of ML-DSA-65 signatures. All of it is public. @[FIPS204 6.3] */
#include <string.h>

#include "crypto/mldsa.h"
#include "crypto/mldsa_digest.h"
#include "crypto/mldsa_pack.h"
#include "crypto/mldsa_round.h"
#include "crypto/mldsa_sample.h"

/* unpack gives z, the hint and the transformed challenge of `signature`, if it is well-formed and z
 * is within its bound. */
static int unpack(struct cepa_mldsa_workspace *ret_workspace,
                  const struct cepa_mldsa_signature *signature, uint32_t cpu)
{
    const uint8_t *z = signature->bytes + CEPA_MLDSA_CHALLENGE_BYTES;
    uint32_t exceeds = 0;
    if (cepa_mldsa_unpack_hint(ret_workspace->hint, z + CEPA_MLDSA_COLUMNS * CEPA_MLDSA_Z_BYTES) !=
        0) {
        return CEPA_ERR_AUTHENTICATION;
    }
    for (unsigned i = 0; i < CEPA_MLDSA_COLUMNS; i++, z += CEPA_MLDSA_Z_BYTES) {
        cepa_mldsa_unpack_z(&ret_workspace->vector[i], z);
        exceeds |=
            cepa_mldsa_poly_exceeds(&ret_workspace->vector[i], CEPA_MLDSA_GAMMA1 - CEPA_MLDSA_BETA);
    }
    cepa_mldsa_sample_challenge(&ret_workspace->challenge, signature->bytes);
    cepa_mldsa_ntt(&ret_workspace->challenge, cpu);
    return exceeds == 0 ? 0 : CEPA_ERR_AUTHENTICATION;
}

/* recommit gives in `high` the high part of w that the signature answers for, of
 * A * z - c * t1 * 2^13 and the hint. */
static void recommit(struct cepa_mldsa_workspace *workspace,
                     const struct cepa_mldsa_public_key *public_key, uint32_t cpu)
{
    const uint8_t *t1 = public_key->bytes + CEPA_MLDSA_RHO_BYTES;
    struct cepa_mldsa_poly *product = &workspace->product;
    cepa_mldsa_sample_matrix(workspace->matrix, public_key->bytes, workspace, cpu);
    for (unsigned i = 0; i < CEPA_MLDSA_COLUMNS; i++) {
        cepa_mldsa_ntt(&workspace->vector[i], cpu);
    }
    for (unsigned row = 0; row < CEPA_MLDSA_ROWS; row++, t1 += CEPA_MLDSA_T1_BYTES) {
        struct cepa_mldsa_poly *w = &workspace->high[row];
        cepa_mldsa_unpack_t1_scaled(product, t1);
        cepa_mldsa_ntt(product, cpu);
        cepa_mldsa_multiply(product, &workspace->challenge, product, cpu);
        cepa_mldsa_multiply_row(w, workspace->matrix + row * CEPA_MLDSA_COLUMNS, workspace->vector,
                                cpu);
        cepa_mldsa_poly_subtract_reduce(w, product);
        cepa_mldsa_ntt_inverse(w, cpu);
        cepa_mldsa_poly_use_hint(w, w, &workspace->hint[row]);
    }
}

int cepa_mldsa_verify(const struct cepa_mldsa_signature *signature,
                      const struct cepa_mldsa_public_key *public_key, const void *message,
                      size_t message_len, const void *context, size_t context_len,
                      struct cepa_mldsa_workspace *workspace, uint32_t cpu)
{
    uint8_t tr[CEPA_MLDSA_REPRESENTATIVE_BYTES];
    uint8_t mu[CEPA_MLDSA_REPRESENTATIVE_BYTES];
    uint8_t challenge[CEPA_MLDSA_CHALLENGE_BYTES];
    if (context_len > CEPA_MLDSA_CONTEXT_MAX) {
        return CEPA_ERR_ARGUMENT;
    }
    if (unpack(workspace, signature, cpu) != 0) {
        return CEPA_ERR_AUTHENTICATION;
    }
    recommit(workspace, public_key, cpu);
    cepa_shake256(tr, sizeof tr, public_key->bytes, sizeof public_key->bytes);
    cepa_mldsa_message_digest(mu, tr, message, message_len, context, context_len);
    cepa_mldsa_challenge_digest(challenge, mu, workspace->high);
    return memcmp(challenge, signature->bytes, sizeof challenge) == 0 ? 0 : CEPA_ERR_AUTHENTICATION;
}
