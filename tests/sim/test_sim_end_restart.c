/* An end that is made anew is who it was: those who have its descriptor from before reach it. */
#include <string.h>

#include "end/end_parts.h"
#include "support/pair.h"
#include "support/test.h"

static struct sim_pair pair;

static struct cepa_end_person *bob(void)
{
    return cepa_end_person_at(sim_end_of(pair.sim, pair.bob), pair.bobs.handle.index);
}

/* A knock at Bob, as somebody makes it who knows his keys of before. */
static size_t knock_of(uint8_t *ret_message, const struct cepa_prekey *prekey,
                       const struct cepa_end_person *person)
{
    static struct cepa_session_initiator initiator;
    static struct cepa_session_workspace workspace;
    struct cepa_end *alice = sim_end_of(pair.sim, pair.alice);
    const struct cepa_session_addressee addressee = {.network = &alice->network,
                                                     .address = &person->identity.address,
                                                     .identity = &person->identity.xwing.public_key,
                                                     .prekey = &prekey->public_key,
                                                     .prekey_id = prekey->id.bytes};
    struct cepa_knock said = {.time = cepa_end_wall(alice, sim_now(pair.sim)),
                              .paths_max = CEPA_SESSION_PATHS_MAX};
    struct cepa_ed25519_public_key relay;
    CHECK_INT(cepa_node_nearest(alice->config.node, &relay, 1, 7), 1);
    memcpy(said.relay, relay.bytes, sizeof said.relay);
    CHECK_INT(cepa_knock_create(&initiator, ret_message, &said, &addressee, alice->config.random,
                                &workspace, 0),
              0);
    return CEPA_KNOCK_SIZE;
}

static uint32_t talks(uint32_t host)
{
    return sim_end_of(pair.sim, host)->talks.count;
}

TEST(prekeys_outlive_the_end)
{
    static struct cepa_prekeys before;
    static uint8_t knock[CEPA_KNOCK_SIZE], again[CEPA_KNOCK_SIZE];
    sim_pair_begin(&pair, 301, 8, true);
    before = bob()->prekeys;
    CHECK(before.keys_len > 0);
    size_t len = knock_of(knock, cepa_prekeys_current(&before), bob());
    memcpy(again, knock, len);

    sim_kill(pair.sim, pair.bob, true);
    sim_run(pair.sim, 5 * CEPA_SECOND_NS);
    sim_start(pair.sim, pair.bob);
    sim_pair_listen(&pair);
    CHECK_INT(bob()->prekeys.keys_len, before.keys_len);
    CHECK_BYTES(&bob()->prekeys.keys[0].id, &before.keys[0].id, sizeof before.keys[0].id);
    CHECK_BYTES(bob()->publisher.contents.prekey, before.keys[0].public_key.bytes,
                sizeof before.keys[0].public_key.bytes);

    CHECK_INT(talks(pair.bob), 0);
    cepa_end_on_knock(sim_end_of(pair.sim, pair.bob), bob(), knock, len, sim_now(pair.sim));
    CHECK_INT(talks(pair.bob), 1);
    cepa_end_on_knock(sim_end_of(pair.sim, pair.bob), bob(), again, len, sim_now(pair.sim));
    CHECK_INT(talks(pair.bob), 1); /* it was here before */
    sim_pair_dial(&pair, (struct cepa_end_identity){0});
    CHECK(pair.ready == 1);
    sim_free(pair.sim);
}

TEST_MAIN(RUN(prekeys_outlive_the_end))
