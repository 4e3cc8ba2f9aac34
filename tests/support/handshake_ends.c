/* Two ends that shake hands. */
#include "support/handshake_ends.h"

#include <string.h>

#include "support/random.h"
#include "support/test.h"

static void make_key(struct cepa_xwing_key *ret_key, struct handshake_ends *ends,
                     struct test_random *random)
{
    struct cepa_xwing_seed seed;
    test_random_bytes(random, seed.bytes, sizeof seed.bytes);
    cepa_xwing_key_expand(ret_key, &seed, &ends->workspace.xwing, ends->cpu);
}

void handshake_ends_init(struct handshake_ends *ends, uint64_t seed, uint32_t cpu)
{
    struct test_random random = {seed};
    memset(ends, 0, sizeof *ends);
    ends->cpu = cpu;
    ends->random = test_source_init(&ends->source, seed);
    test_random_bytes(&random, &ends->network, sizeof ends->network);
    test_random_bytes(&random, &ends->address, sizeof ends->address);
    test_random_bytes(&random, ends->prekey_id, sizeof ends->prekey_id);
    make_key(&ends->identity, ends, &random);
    make_key(&ends->prekey, ends, &random);
    ends->addressee =
        (struct cepa_session_addressee){&ends->network, &ends->address, &ends->identity.public_key,
                                        &ends->prekey.public_key, ends->prekey_id};
    ends->self = (struct cepa_session_self){&ends->network, &ends->address, &ends->identity};
    test_random_bytes(&random, ends->knock.relay, sizeof ends->knock.relay);
    test_random_bytes(&random, ends->knock.cookie, sizeof ends->knock.cookie);
    ends->knock.time.unix_ms = 2900000 * CEPA_KNOCK_TIME_STEP_MS;
    ends->knock.is_named = true;
    ends->knock.paths_max = 3;
    ends->knock.greeting_len = 5;
    memcpy(ends->knock.greeting, "hello", 5);
    ends->terms.admission = CEPA_ADMISSION_NAMED;
    ends->terms.paths_max = 5;
}

void handshake_ends_knock(struct handshake_ends *ends)
{
    CHECK_INT(cepa_knock_create(&ends->initiator, ends->message, &ends->knock, &ends->addressee,
                                &ends->random, &ends->workspace, ends->cpu),
              0);
}

int handshake_ends_open(struct handshake_ends *ends)
{
    uint8_t prekey_id[CEPA_KNOCK_PREKEY_SIZE];
    int error = cepa_knock_open(&ends->responder, prekey_id, ends->message, CEPA_KNOCK_SIZE,
                                &ends->self, &ends->workspace, ends->cpu);
    if (error != 0) {
        return error;
    }
    CHECK_BYTES(prekey_id, ends->prekey_id, sizeof prekey_id);
    return cepa_knock_consume(&ends->responder, &ends->said, &ends->tag, ends->message,
                              &ends->prekey, &ends->workspace, ends->cpu);
}

void handshake_ends_answer(struct handshake_ends *ends)
{
    CHECK_INT(cepa_answer_create(&ends->responder, ends->answer, &ends->secrets[1], &ends->terms,
                                 &ends->random, &ends->workspace, ends->cpu),
              0);
}

int handshake_ends_finish(struct handshake_ends *ends)
{
    return cepa_answer_consume(&ends->initiator, &ends->heard, &ends->secrets[0], ends->answer,
                               &ends->workspace, ends->cpu);
}

void handshake_ends_meet(struct handshake_ends *ends)
{
    handshake_ends_knock(ends);
    CHECK_INT(handshake_ends_open(ends), 0);
    handshake_ends_answer(ends);
    CHECK_INT(handshake_ends_finish(ends), 0);
    CHECK_BYTES(&ends->secrets[0], &ends->secrets[1], sizeof ends->secrets[0]);
}
