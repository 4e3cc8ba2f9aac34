/* Control messages from the wrong end, at the wrong time or with the wrong contents end a session;
 * a path that is retired or falls silent is replaced. */
#include <string.h>

#include "support/pair.h"
#include "support/test.h"

enum { RELAYS = 8 };

static struct sim_pair pair;
static const struct cepa_end_identity nobody;
static const struct cepa_end_policy silent;

/* Lets a host say a control message in the session. */
static void say(uint32_t host, const struct cepa_control *control)
{
    cepa_end_control_say(sim_end_of(pair.sim, host), sim_pair_talk(&pair, host, 0), control);
    sim_poke(pair.sim, host);
}

TEST(what_is_out_of_place_ends_the_session)
{
    static uint8_t body[CEPA_CONTROL_BODY_MAX];
    static const struct {
        bool is_alice; /* who says it */
        bool is_named; /* and whether she has said who she is */
        uint8_t kind, verdict;
        int error;
    } cases[] = {
        {true, false, CEPA_CONTROL_RATCHET_OFFER, 0, CEPA_ERR_STATE}, /* generation 0 */
        {false, false, CEPA_CONTROL_RATCHET_OFFER, 0, CEPA_ERR_STATE},
        {false, false, CEPA_CONTROL_RATCHET_ANSWER, 0, CEPA_ERR_STATE},
        {false, false, CEPA_CONTROL_IDENTITY, 0, CEPA_ERR_STATE},
        {true, true, CEPA_CONTROL_IDENTITY, 0, CEPA_ERR_STATE}, /* again */
        {false, false, CEPA_CONTROL_CHALLENGE, 0, CEPA_ERR_STATE},
        {true, false, CEPA_CONTROL_CHALLENGE, 0, CEPA_ERR_STATE},
        {true, false, CEPA_CONTROL_PROOF, 0, CEPA_ERR_STATE},
        {false, false, CEPA_CONTROL_PROOF, 0, CEPA_ERR_STATE},
        {false, false, CEPA_CONTROL_ADMISSION, CEPA_CONTROL_REFUSED, CEPA_ERR_AUTHENTICATION},
    };
    sim_pair_begin(&pair, 701, RELAYS, true);
    struct cepa_end_identity alice = sim_pair_identity(&pair, pair.alice, 1, &silent);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sim_pair_dial(&pair, cases[i].is_named ? alice : nobody);
        CHECK_INT(pair.incoming, 1);
        CHECK_INT(pair.has_address, cases[i].is_named);
        const struct cepa_control control = {
            .kind = cases[i].kind, .verdict = cases[i].verdict, .body = body};
        say(cases[i].is_alice ? pair.alice : pair.bob, &control);
        sim_run(pair.sim, CEPA_SECOND_NS);
        CHECK_INT(cases[i].is_alice ? pair.closed_at_bob : pair.closed, 1);
        CHECK_INT(pair.error, cases[i].error);
        cepa_end_close(sim_end_of(pair.sim, pair.alice), pair.at_alice, 0, sim_now(pair.sim));
        cepa_end_close(sim_end_of(pair.sim, pair.bob), pair.at_bob, 0, sim_now(pair.sim));
        sim_poke(pair.sim, pair.alice);
        sim_poke(pair.sim, pair.bob);
        sim_run(pair.sim, 3 * CEPA_SECOND_NS);
        CHECK_INT(sim_pair_talks(&pair, pair.alice), 0);
        CHECK_INT(sim_pair_talks(&pair, pair.bob), 0);
    }
    sim_free(pair.sim);
}

TEST(what_asks_for_nothing_is_heard)
{
    static const uint8_t kinds[] = {CEPA_CONTROL_KEPT, CEPA_CONTROL_FINISH};
    sim_pair_begin(&pair, 702, RELAYS, true);
    sim_pair_dial(&pair, nobody);
    for (size_t i = 0; i < sizeof kinds; i++) {
        const struct cepa_control control = {.kind = kinds[i]};
        say(pair.alice, &control);
    }
    const struct cepa_control refused = {.kind = CEPA_CONTROL_ADMISSION,
                                         .verdict = CEPA_CONTROL_ACCEPTED};
    say(pair.bob, &refused);
    sim_run(pair.sim, 2 * CEPA_SECOND_NS);
    CHECK_INT(pair.closed + pair.closed_at_bob, 0);
    sim_free(pair.sim);
}

static bool is_mended(struct sim *sim, void *unused)
{
    (void)sim, (void)unused;
    return pair.mended > 0;
}

TEST(all_paths_are_retired_and_others_found)
{
    sim_pair_begin(&pair, 703, RELAYS, true);
    sim_pair_dial(&pair, nobody);
    sim_run(pair.sim, 5 * CEPA_SECOND_NS);
    struct cepa_end_talk *bob = sim_pair_talk(&pair, pair.bob, 0);
    struct cepa_end_talk *alice = sim_pair_talk(&pair, pair.alice, 0);
    for (size_t i = 0; i < CEPA_END_PATHS; i++) {
        if (bob->paths[i].state == CEPA_MEETING_STANDS) {
            const struct cepa_control control = {.kind = CEPA_CONTROL_PATH,
                                                 .path = bob->paths[i].number,
                                                 .state = CEPA_CONTROL_PATH_RETIRE};
            cepa_end_control_say(sim_end_of(pair.sim, pair.bob), bob, &control);
            cepa_end_paths_retired(sim_end_of(pair.sim, pair.bob), bob, bob->paths[i].number,
                                   sim_now(pair.sim));
        }
    }
    sim_poke(pair.sim, pair.bob);
    sim_run(pair.sim, 3 * CEPA_SECOND_NS);
    CHECK_INT(pair.cuts, 1);
    CHECK(sim_run_until(pair.sim, is_mended, NULL, 10 * CEPA_MILLISECOND_NS, 90 * CEPA_SECOND_NS));
    CHECK(cepa_end_paths_live(alice) > 0);
    CHECK_INT(pair.closed + pair.closed_at_bob, 0);
    sim_free(pair.sim);
}

TEST(a_session_without_any_path_ends_after_ten_minutes)
{
    sim_pair_begin(&pair, 704, RELAYS, true);
    sim_pair_dial(&pair, nobody);
    sim_run(pair.sim, 5 * CEPA_SECOND_NS);
    sim_kill(pair.sim, pair.bob, false);
    sim_run(pair.sim, 590 * CEPA_SECOND_NS);
    CHECK_INT(pair.cuts, 1);
    CHECK_INT(pair.closed, 0);
    sim_run(pair.sim, 60 * CEPA_SECOND_NS);
    CHECK_INT(pair.closed, 1);
    CHECK_INT(pair.error, CEPA_ERR_TIMEOUT);
    sim_free(pair.sim);
}

TEST_MAIN(RUN(what_is_out_of_place_ends_the_session), RUN(what_asks_for_nothing_is_heard),
          RUN(all_paths_are_retired_and_others_found),
          RUN(a_session_without_any_path_ends_after_ten_minutes))
