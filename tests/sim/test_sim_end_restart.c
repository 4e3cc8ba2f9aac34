/* An end that is made anew is who it was: those who have its descriptor from before reach it. */
#include <string.h>

#include "support/pair.h"
#include "support/test.h"

static struct sim_pair pair;

TEST(prekeys_outlive_the_end)
{
    static struct cepa_prekeys before;
    static uint8_t knock[CEPA_KNOCK_SIZE], again[CEPA_KNOCK_SIZE];
    sim_pair_begin(&pair, 301, 8, true);
    before = sim_pair_bob(&pair)->prekeys;
    CHECK(before.keys_len > 0);
    sim_pair_knock(&pair, knock, cepa_prekeys_current(&before));
    memcpy(again, knock, sizeof again);

    sim_kill(pair.sim, pair.bob, true);
    sim_run(pair.sim, 5 * CEPA_SECOND_NS);
    sim_start(pair.sim, pair.bob);
    sim_pair_listen(&pair);
    CHECK_INT(sim_pair_bob(&pair)->prekeys.keys_len, before.keys_len);
    CHECK_BYTES(&sim_pair_bob(&pair)->prekeys.keys[0].id, &before.keys[0].id,
                sizeof before.keys[0].id);
    CHECK_BYTES(sim_pair_bob(&pair)->publisher.contents.prekey, before.keys[0].public_key.bytes,
                sizeof before.keys[0].public_key.bytes);

    CHECK_INT(sim_pair_talks(&pair, pair.bob), 0);
    cepa_end_on_knock(sim_end_of(pair.sim, pair.bob), sim_pair_bob(&pair), knock, sizeof knock,
                      sim_now(pair.sim));
    CHECK_INT(sim_pair_talks(&pair, pair.bob), 1);
    cepa_end_on_knock(sim_end_of(pair.sim, pair.bob), sim_pair_bob(&pair), again, sizeof again,
                      sim_now(pair.sim));
    CHECK_INT(sim_pair_talks(&pair, pair.bob), 1); /* it was here before */
    sim_pair_dial(&pair, (struct cepa_end_identity){0});
    CHECK(pair.ready == 1);
    sim_free(pair.sim);
}

/* What Alice remembers of Bob leads to where he is no more: she asks anew, since their session is
 * cut, and so does not knock in vain. */
TEST(who_was_started_again_is_reached_at_once)
{
    sim_pair_begin(&pair, 302, 12, true);
    sim_pair_dial(&pair, (struct cepa_end_identity){0});
    CHECK(pair.ready == 1);
    sim_run(pair.sim, 2 * CEPA_SECOND_NS);
    sim_kill(pair.sim, pair.bob, true);
    sim_run(pair.sim, CEPA_SECOND_NS);
    sim_start(pair.sim, pair.bob);
    sim_pair_listen(&pair);
    sim_run(pair.sim, 2 * CEPA_SECOND_NS);
    CHECK(pair.cuts == 1);
    uint64_t began_ns = sim_now(pair.sim).ns;
    sim_pair_dial(&pair, (struct cepa_end_identity){0});
    CHECK(pair.ready == 1);
    CHECK(sim_now(pair.sim).ns - began_ns < 2 * CEPA_SECOND_NS);
    sim_free(pair.sim);
}

/* All paths are lost though he is where he was: nothing newer is found, and what was known serves.
 */
TEST(who_only_could_not_be_reached_is_found_where_he_was)
{
    sim_pair_begin(&pair, 303, 12, true);
    sim_pair_dial(&pair, (struct cepa_end_identity){0});
    CHECK(pair.ready == 1);
    sim_run(pair.sim, 2 * CEPA_SECOND_NS);
    sim_partition(pair.sim, pair.alice, 1);
    sim_run(pair.sim, 20 * CEPA_SECOND_NS);
    sim_pair_talk(&pair, pair.alice, 0)->is_cut = true; /* whether it has noticed or not */
    sim_partition(pair.sim, pair.alice, 0);
    sim_run(pair.sim, 100 * CEPA_MILLISECOND_NS);
    sim_pair_dial(&pair, (struct cepa_end_identity){0});
    CHECK(pair.ready == 1);
    sim_free(pair.sim);
}

TEST_MAIN(RUN(prekeys_outlive_the_end), RUN(who_was_started_again_is_reached_at_once),
          RUN(who_only_could_not_be_reached_is_found_where_he_was))
