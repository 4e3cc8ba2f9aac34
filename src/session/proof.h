/* How an initiator shows who it is, in a session that stands, so that nobody else can be shown it
 * later: the responder seals a secret to the X-Wing key of the identity, and who opens it says so.
 * Both could have made the whole exchange alone. @[SPEC 16.6]
 *
 *     initiator                                         responder
 *     IDENTITY: its public keys     -- control -->      cepa_identity_public_check, policy
 *     cepa_session_challenge_meet   <-- CHALLENGE --    cepa_session_challenge_create
 *                                   -- PROOF -->        cepa_session_challenge_check */
#ifndef CEPA_SESSION_PROOF_H
#define CEPA_SESSION_PROOF_H

#include "session/handshake.h"
#include "wire/session_control.h"

/* The proof that is expected. Secret until it came. */
struct cepa_session_challenge {
    uint8_t proof[CEPA_CONTROL_PROOF_SIZE];
};

/* cepa_session_challenge_create writes the body of CHALLENGE, CEPA_KEM_CIPHERTEXT_SIZE bytes, for
 * whoever says that it is `address`; `identity` is that address's key, which the caller has
 * checked. `proof` are the secrets' (CEPA_SESSION_SECRET_SIZE bytes). Returns 0, CEPA_ERR_RANDOM,
 * or as cepa_xwing_public_key_check. */
CEPA_MUST_USE int cepa_session_challenge_create(
    struct cepa_session_challenge *ret_challenge, uint8_t *ret_body, const uint8_t *proof,
    const struct cepa_address *address, const struct cepa_xwing_public_key *identity,
    const struct cepa_random *random, struct cepa_session_workspace *workspace, uint32_t cpu);

/* cepa_session_challenge_meet writes the body of PROOF, CEPA_CONTROL_PROOF_SIZE bytes, with one's
 * own address and key. Returns 0, or CEPA_ERR_LOW_ORDER_POINT, which ends the session. */
CEPA_MUST_USE int cepa_session_challenge_meet(uint8_t *ret_body, const uint8_t *challenge,
                                              const uint8_t *proof,
                                              const struct cepa_address *address,
                                              const struct cepa_xwing_key *identity,
                                              struct cepa_session_workspace *workspace,
                                              uint32_t cpu);

/* cepa_session_challenge_check compares a PROOF in constant time; the challenge is wiped, for there
 * is no second try. Returns 0 or CEPA_ERR_AUTHENTICATION. */
CEPA_MUST_USE int cepa_session_challenge_check(struct cepa_session_challenge *challenge,
                                               const uint8_t *body);

#endif
