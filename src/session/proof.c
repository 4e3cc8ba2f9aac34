/* Proofs of who an initiator is. @[SPEC 16.6] */
#include "session/proof.h"

#include <string.h>

#include "base/ct.h"
#include "base/declassify.h"
#include "crypto/kdf.h"

static void make_proof(uint8_t *ret_proof, const struct cepa_xwing_secret *secret,
                       const uint8_t *proof, const struct cepa_address *address,
                       const uint8_t *challenge)
{
    struct cepa_kdf kdf;
    cepa_kdf_init(&kdf, "session proof");
    cepa_kdf_input(&kdf, secret->bytes, sizeof secret->bytes);
    cepa_kdf_input(&kdf, proof, CEPA_SESSION_SECRET_SIZE);
    cepa_kdf_input(&kdf, address->bytes, sizeof address->bytes);
    cepa_kdf_input(&kdf, challenge, CEPA_KEM_CIPHERTEXT_SIZE);
    cepa_kdf_output(&kdf, ret_proof, CEPA_CONTROL_PROOF_SIZE);
    cepa_kdf_wipe(&kdf);
}

int cepa_session_challenge_create(struct cepa_session_challenge *ret_challenge, uint8_t *ret_body,
                                  const uint8_t *proof, const struct cepa_address *address,
                                  const struct cepa_xwing_public_key *identity,
                                  const struct cepa_random *random,
                                  struct cepa_session_workspace *workspace, uint32_t cpu)
{
    struct cepa_xwing_secret secret;
    int error = cepa_random_fill(random, workspace->randomness, CEPA_XWING_RANDOMNESS_BYTES);
    if (error == 0) {
        error = cepa_xwing_encapsulate(&workspace->ciphertext, &secret, identity,
                                       workspace->randomness, &workspace->xwing, cpu);
        cepa_wipe(workspace->randomness, CEPA_XWING_RANDOMNESS_BYTES);
    }
    if (error != 0) {
        return error;
    }
    memcpy(ret_body, workspace->ciphertext.bytes, sizeof workspace->ciphertext.bytes);
    make_proof(ret_challenge->proof, &secret, proof, address, ret_body);
    cepa_wipe(&secret, sizeof secret);
    return 0;
}

int cepa_session_challenge_meet(uint8_t *ret_body, const uint8_t *challenge, const uint8_t *proof,
                                const struct cepa_address *address,
                                const struct cepa_xwing_key *identity,
                                struct cepa_session_workspace *workspace, uint32_t cpu)
{
    struct cepa_xwing_secret secret;
    memcpy(workspace->ciphertext.bytes, challenge, sizeof workspace->ciphertext.bytes);
    int error =
        cepa_xwing_decapsulate(&secret, identity, &workspace->ciphertext, &workspace->xwing, cpu);
    if (error == 0) {
        make_proof(ret_body, &secret, proof, address, challenge);
    }
    cepa_wipe(&secret, sizeof secret);
    return error;
}

int cepa_session_challenge_check(struct cepa_session_challenge *challenge, const uint8_t *body)
{
    uint32_t is_equal = cepa_ct_compare(challenge->proof, body, sizeof challenge->proof);
    cepa_wipe(challenge, sizeof *challenge);
    /* The other end is told what came of it. */
    cepa_declassify(&is_equal, sizeof is_equal);
    return is_equal != 0 ? 0 : CEPA_ERR_AUTHENTICATION;
}
