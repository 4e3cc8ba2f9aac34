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

TEST_MAIN(RUN(prekeys_outlive_the_end))
