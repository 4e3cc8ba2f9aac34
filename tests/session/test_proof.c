/* Proofs of who an initiator is: right for this key, address and session, wrong for all else.
 * @[SPEC 16.6] */
#include "session/proof.h"

#include <string.h>

#include "support/handshake_ends.h"
#include "support/test.h"

static struct handshake_ends ends;
static struct cepa_session_challenge challenge;
static uint8_t body[CEPA_KEM_CIPHERTEXT_SIZE];
static uint8_t proof[CEPA_CONTROL_PROOF_SIZE];

static void ask(void)
{
    CHECK_INT(cepa_session_challenge_create(&challenge, body, ends.secrets[1].proof, &ends.address,
                                            &ends.identity.public_key, &ends.random,
                                            &ends.workspace, 0),
              0);
}

static int meet(const uint8_t *secret, const struct cepa_address *address,
                const struct cepa_xwing_key *key)
{
    int error = cepa_session_challenge_meet(proof, body, secret, address, key, &ends.workspace, 0);
    return error != 0 ? error : cepa_session_challenge_check(&challenge, proof);
}

TEST(a_proof_is_for_one_key_address_and_session)
{
    struct cepa_address other;
    handshake_ends_init(&ends, 5, 0);
    handshake_ends_meet(&ends);
    ask();
    CHECK_INT(meet(ends.secrets[0].proof, &ends.address, &ends.identity), 0);
    CHECK_INT(cepa_session_challenge_check(&challenge, proof), CEPA_ERR_AUTHENTICATION);
    ask();
    CHECK_INT(meet(ends.secrets[0].meeting, &ends.address, &ends.identity),
              CEPA_ERR_AUTHENTICATION); /* as if it came from another session */
    ask();
    CHECK_INT(meet(ends.secrets[0].proof, &ends.address, &ends.prekey), CEPA_ERR_AUTHENTICATION);
    other = ends.address;
    other.bytes[40] ^= 1;
    ask();
    CHECK_INT(meet(ends.secrets[0].proof, &other, &ends.identity), CEPA_ERR_AUTHENTICATION);
    ask();
    body[77] ^= 1;
    CHECK_INT(meet(ends.secrets[0].proof, &ends.address, &ends.identity), CEPA_ERR_AUTHENTICATION);
    ask();
    memset(body + CEPA_MLKEM_CIPHERTEXT_BYTES, 0, CEPA_X25519_LEN);
    CHECK_INT(meet(ends.secrets[0].proof, &ends.address, &ends.identity), CEPA_ERR_LOW_ORDER_POINT);
}

TEST(a_challenge_needs_a_key_and_randomness)
{
    handshake_ends_init(&ends, 6, 0);
    ends.source.fail_at = ends.source.draws + 1;
    CHECK_INT(cepa_session_challenge_create(&challenge, body, ends.secrets[1].proof, &ends.address,
                                            &ends.identity.public_key, &ends.random,
                                            &ends.workspace, 0),
              CEPA_ERR_RANDOM);
    handshake_ends_init(&ends, 6, 0);
    memset(ends.identity.public_key.bytes, 0xff, 3);
    CHECK_INT(cepa_session_challenge_create(&challenge, body, ends.secrets[1].proof, &ends.address,
                                            &ends.identity.public_key, &ends.random,
                                            &ends.workspace, 0),
              CEPA_ERR_INVALID_KEY);
}

TEST_MAIN(RUN(a_proof_is_for_one_key_address_and_session),
          RUN(a_challenge_needs_a_key_and_randomness))
