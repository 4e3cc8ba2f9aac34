/* A session may be closed, and its identity removed, at any time; and an end that gets nowhere
 * does not keep its driver busy. */
#include <string.h>

#include "support/pair.h"
#include "support/test.h"

enum { RELAYS = 8 };

static struct sim_pair pair;
static const struct cepa_end_identity nobody;
static const struct cepa_end_policy silent;
static enum cepa_end_stage wanted;

/* Some stages are over at once, where a circuit is there already. */
static bool has_stage(struct sim *sim, void *unused)
{
    const struct cepa_end_talk *talk = sim_pair_talk(&pair, pair.alice, 0);
    (void)sim, (void)unused;
    return talk != NULL && talk->stage >= wanted;
}

static void reach(enum cepa_end_stage stage)
{
    wanted = stage;
    CHECK(sim_run_until(pair.sim, has_stage, NULL, CEPA_MILLISECOND_NS / 4, 10 * CEPA_SECOND_NS));
}

TEST(closing_at_any_stage_ends_it_once)
{
    sim_pair_begin(&pair, 501, RELAYS, true);
    for (enum cepa_end_stage stage = CEPA_STAGE_LOOKUP; stage <= CEPA_STAGE_CLOSING; stage++) {
        if (stage == CEPA_STAGE_WORKING || stage == CEPA_STAGE_ANSWERING) {
            continue; /* not of this initiator */
        }
        sim_pair_connect(&pair, nobody);
        struct cepa_end *alice = sim_end_of(pair.sim, pair.alice);
        if (stage != CEPA_STAGE_LOOKUP) { /* which is where it begins */
            sim_poke(pair.sim, pair.alice);
            reach(stage < CEPA_STAGE_OPEN ? stage : CEPA_STAGE_OPEN);
        }
        bool was_open = sim_pair_talk(&pair, pair.alice, 0)->stage == CEPA_STAGE_OPEN;
        for (int i = 0; i < 3; i++) {
            cepa_end_close(alice, pair.at_alice, 5, sim_now(pair.sim));
        }
        CHECK(cepa_end_streams(alice, pair.at_alice) == NULL);
        cepa_end_touch(alice, pair.at_alice);
        sim_poke(pair.sim, pair.alice);
        sim_run(pair.sim, 2 * CEPA_SECOND_NS);
        CHECK_INT(pair.failed + pair.closed, 1);
        CHECK_INT(pair.closed, was_open);
        CHECK_INT(sim_pair_talks(&pair, pair.alice), 0);
        sim_run(pair.sim, 25 * CEPA_SECOND_NS);
        CHECK_INT(sim_pair_talks(&pair, pair.bob), 0);
    }
    sim_free(pair.sim);
}

TEST(an_identity_leaves_while_it_dials)
{
    sim_pair_begin(&pair, 502, RELAYS, true);
    for (enum cepa_end_stage stage = CEPA_STAGE_LOOKUP; stage <= CEPA_STAGE_OPEN; stage++) {
        if (stage == CEPA_STAGE_WORKING || stage == CEPA_STAGE_ANSWERING) {
            continue;
        }
        struct cepa_end_identity alice = sim_pair_identity(&pair, pair.alice, 1, &silent);
        sim_pair_connect(&pair, alice);
        if (stage != CEPA_STAGE_LOOKUP) {
            reach(stage);
        }
        cepa_end_identity_remove(sim_end_of(pair.sim, pair.alice), alice, sim_now(pair.sim));
        sim_poke(pair.sim, pair.alice);
        sim_run(pair.sim, 30 * CEPA_SECOND_NS);
        if (stage < CEPA_STAGE_OPEN) {
            CHECK_INT(pair.failed, 1);
            CHECK_INT(pair.error, CEPA_ERR_NOT_FOUND);
            CHECK_INT(sim_pair_talks(&pair, pair.bob), 0);
        }
    }
    sim_free(pair.sim);
}

static bool is_bob_asked(struct sim *sim, void *unused)
{
    (void)sim, (void)unused;
    return sim_pair_talks(&pair, pair.bob) > 0;
}

TEST(an_identity_leaves_while_others_come)
{
    for (int is_open = 0; is_open < 2; is_open++) {
        sim_pair_begin(&pair, 503, RELAYS, true);
        struct cepa_end *bob = sim_end_of(pair.sim, pair.bob);
        sim_pair_connect(&pair, nobody);
        if (is_open) {
            reach(CEPA_STAGE_OPEN);
            sim_run(pair.sim, CEPA_SECOND_NS);
        } else {
            CHECK(sim_run_until(pair.sim, is_bob_asked, NULL, CEPA_MILLISECOND_NS,
                                5 * CEPA_SECOND_NS));
        }
        cepa_end_identity_remove(bob, pair.bobs, sim_now(pair.sim));
        CHECK_INT(sim_pair_talks(&pair, pair.bob), is_open);
        sim_poke(pair.sim, pair.bob);
        sim_run(pair.sim, 5 * CEPA_SECOND_NS);
        CHECK_INT(sim_pair_talks(&pair, pair.bob), is_open);
        CHECK_INT(pair.closed, 0);
        sim_pair_listen(&pair); /* and it comes back */
        sim_free(pair.sim);
    }
}

/* At most so often is the driver called in a second. */
static void check_rest(uint32_t host, uint64_t wakes, uint64_t seconds)
{
    uint64_t count = sim_wakes(pair.sim, host) - wakes;
    test_note("%u wakes of host %u in %u s", (unsigned)count, host, (unsigned)seconds);
    CHECK(count < seconds * 200);
}

TEST(who_is_away_is_dialled_without_haste)
{
    sim_pair_begin(&pair, 504, RELAYS, true);
    sim_kill(pair.sim, pair.bob, false);
    uint64_t wakes = sim_wakes(pair.sim, pair.alice);
    sim_pair_dial(&pair, nobody);
    CHECK_INT(pair.failed, 1);
    sim_run(pair.sim, 30 * CEPA_SECOND_NS);
    check_rest(pair.alice, wakes, 30);
    sim_free(pair.sim);
}

/* Takes away bob's circuits to his introduction points, as if their relays had begun anew. */
static void forget_points(void)
{
    struct cepa_end *bob = sim_end_of(pair.sim, pair.bob);
    struct cepa_end_person *person = cepa_end_person_at(bob, pair.bobs.handle.index);
    for (size_t i = 0; i < CEPA_END_POINTS; i++) {
        cepa_end_circuits_close(&bob->circuits, person->points[i].circuit, sim_now(pair.sim));
        cepa_end_point_on_closed(bob, pair.bobs.handle.index * CEPA_END_POINTS + (uint32_t)i,
                                 sim_now(pair.sim));
    }
    sim_poke(pair.sim, pair.bob);
}

TEST(who_has_lost_its_introduction_points_is_waited_for)
{
    sim_pair_begin(&pair, 506, RELAYS, true);
    forget_points();
    sim_run(pair.sim, CEPA_SECOND_NS / 5);
    uint64_t began = sim_now(pair.sim).ns;
    sim_pair_dial(&pair, nobody);
    test_note("open after %u ms", (unsigned)((sim_now(pair.sim).ns - began) / CEPA_MILLISECOND_NS));
    CHECK_INT(pair.failed, 0);
    CHECK_INT(sim_pair_talks(&pair, pair.bob), 1);
    sim_free(pair.sim);
}

TEST(a_lost_network_is_waited_for_without_haste)
{
    struct cepa_stream stream;
    static uint8_t bytes[65536];
    size_t taken = 0;
    sim_pair_begin(&pair, 505, RELAYS, true);
    sim_pair_dial(&pair, nobody);
    sim_run(pair.sim, 3 * CEPA_SECOND_NS);
    struct cepa_session *streams =
        cepa_end_streams(sim_end_of(pair.sim, pair.alice), pair.at_alice);
    CHECK_INT(cepa_session_open(streams, &stream, true), 0);
    CHECK_INT(cepa_session_write(streams, &taken, stream, bytes, sizeof bytes, false), 0);
    for (uint32_t host = 0; host < RELAYS; host++) {
        sim_kill(pair.sim, host, host % 2 == 0);
    }
    uint64_t wakes[2] = {sim_wakes(pair.sim, pair.alice), sim_wakes(pair.sim, pair.bob)};
    sim_run(pair.sim, 60 * CEPA_SECOND_NS);
    CHECK_INT(pair.cuts, 1);
    CHECK_INT(pair.closed, 0);
    check_rest(pair.alice, wakes[0], 60);
    check_rest(pair.bob, wakes[1], 60);
    cepa_end_close(sim_end_of(pair.sim, pair.alice), pair.at_alice, 1, sim_now(pair.sim));
    sim_poke(pair.sim, pair.alice);
    wakes[0] = sim_wakes(pair.sim, pair.alice);
    sim_run(pair.sim, 2 * CEPA_SECOND_NS);
    CHECK_INT(pair.closed, 1);
    check_rest(pair.alice, wakes[0], 2);
    sim_free(pair.sim);
}

TEST_MAIN(RUN(closing_at_any_stage_ends_it_once), RUN(an_identity_leaves_while_it_dials),
          RUN(an_identity_leaves_while_others_come), RUN(who_is_away_is_dialled_without_haste),
          RUN(who_has_lost_its_introduction_points_is_waited_for),
          RUN(a_lost_network_is_waited_for_without_haste))
