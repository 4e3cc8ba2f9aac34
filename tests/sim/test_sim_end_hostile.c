/* What others do to an end that do not keep to the rules, and that it costs little. */
#include <string.h>

#include "support/pair.h"
#include "support/test.h"

enum { RELAYS = 8 };

static struct sim_pair pair;
static const struct cepa_end_identity nobody;
static const struct cepa_end_policy silent;

static struct cepa_end *end_of(uint32_t host)
{
    return sim_end_of(pair.sim, host);
}

static bool is_bob_asked(struct sim *sim, void *unused)
{
    (void)sim, (void)unused;
    return sim_pair_talks(&pair, pair.bob) > 0;
}

static bool is_ready(struct sim *sim, void *unused)
{
    (void)sim, (void)unused;
    return pair.ready > 0;
}

TEST(who_does_not_say_its_name_is_not_waited_for)
{
    sim_pair_begin(&pair, 401, RELAYS, true);
    struct cepa_end_identity alice = sim_pair_identity(&pair, pair.alice, 1, &silent);
    sim_pair_connect(&pair, alice);
    CHECK(sim_run_until(pair.sim, is_bob_asked, NULL, CEPA_MILLISECOND_NS, 5 * CEPA_SECOND_NS));
    sim_pair_talk(&pair, pair.alice, pair.at_alice.handle.index)->identity = nobody;
    CHECK(sim_run_until(pair.sim, is_ready, NULL, CEPA_MILLISECOND_NS, 5 * CEPA_SECOND_NS));
    sim_run(pair.sim, 15 * CEPA_SECOND_NS);
    CHECK_INT(sim_pair_talks(&pair, pair.bob), 1);
    sim_run(pair.sim, 10 * CEPA_SECOND_NS);
    CHECK_INT(sim_pair_talks(&pair, pair.bob), 0);
    CHECK_INT(pair.incoming, 0);
    CHECK_INT(pair.closed_at_bob, 0); /* nobody knew of it */
    sim_free(pair.sim);
}

/* Whether streams were heard of before the session was, and what of them. */
static struct {
    uint32_t early, opened, readable;
} heard;

static void on_stream(struct sim_pair *unused, uint32_t host, const struct cepa_end_effect *effect)
{
    (void)unused;
    if (host == pair.bob) {
        heard.early += pair.incoming == 0;
        heard.opened += effect->stream.kind == CEPA_SESSION_OPENED;
        heard.readable += effect->stream.kind == CEPA_SESSION_READABLE;
    }
}

TEST(what_is_sent_before_a_name_is_proven_waits)
{
    struct cepa_stream stream;
    size_t taken = 0;
    sim_pair_begin(&pair, 402, RELAYS, false);
    memset(&heard, 0, sizeof heard);
    pair.on_stream = on_stream;
    struct cepa_end_identity alice = sim_pair_identity(&pair, pair.alice, 1, &silent);
    sim_pair_connect(&pair, alice);
    CHECK(sim_run_until(pair.sim, is_ready, NULL, CEPA_MILLISECOND_NS, 5 * CEPA_SECOND_NS));
    struct cepa_session *streams = cepa_end_streams(end_of(pair.alice), pair.at_alice);
    CHECK_INT(cepa_session_open(streams, &stream, true), 0);
    CHECK_INT(cepa_session_write(streams, &taken, stream, (const uint8_t *)"hello", 5, true), 0);
    cepa_end_touch(end_of(pair.alice), pair.at_alice);
    sim_poke(pair.sim, pair.alice);
    CHECK_INT(pair.incoming, 0);
    sim_run(pair.sim, 3 * CEPA_SECOND_NS);
    CHECK_INT(pair.incoming, 1);
    CHECK(pair.has_address);
    CHECK_INT(heard.early, 0);
    CHECK_INT(heard.opened, 1);
    CHECK(heard.readable > 0);
    sim_free(pair.sim);
}

/* How many circuits Bob's end has built for paths: each has a number of its own. */
static uint32_t new_circuits(uint64_t known[CEPA_END_PATHS])
{
    const struct cepa_end_talk *talk = sim_pair_talk(&pair, pair.bob, 0);
    uint32_t count = 0;
    for (size_t i = 0; talk != NULL && i < CEPA_END_PATHS; i++) {
        count += talk->paths[i].circuit != 0 && talk->paths[i].circuit != known[i];
        known[i] = talk->paths[i].circuit;
    }
    return count;
}

/* Bob's relays refuse every meeting, since whoever calls has seen to that. */
static void refuse_all(void)
{
    struct cepa_end_talk *talk = sim_pair_talk(&pair, pair.bob, 0);
    for (size_t i = 0; talk != NULL && i < CEPA_END_PATHS; i++) {
        if (talk->paths[i].state == CEPA_MEETING_BUILDS ||
            talk->paths[i].state == CEPA_MEETING_WAITS) {
            talk->paths[i].until = sim_now(pair.sim);
        }
    }
    sim_poke(pair.sim, pair.bob);
}

TEST(calls_for_paths_are_answered_within_bounds)
{
    uint64_t known[CEPA_END_PATHS] = {0};
    uint32_t circuits = 0;
    uint32_t calls = 0;
    sim_pair_begin(&pair, 403, RELAYS, true);
    sim_pair_dial(&pair, nobody);
    sim_run(pair.sim, 3 * CEPA_SECOND_NS);
    (void)new_circuits(known);
    for (uint32_t i = 0; i < 2000; i++) {
        struct cepa_end_talk *talk = sim_pair_talk(&pair, pair.alice, 0);
        uint32_t slot =
            (uint32_t)(cepa_end_wall(end_of(pair.alice), sim_now(pair.sim)).unix_ms / 30000);
        const struct cepa_control call = {.kind = CEPA_CONTROL_PATH,
                                          .path = (slot - 3) * 32 + i % 224,
                                          .state = CEPA_CONTROL_PATH_MEET};
        cepa_end_control_say(end_of(pair.alice), talk, &call);
        calls++;
        sim_poke(pair.sim, pair.alice);
        sim_run(pair.sim, 5 * CEPA_MILLISECOND_NS);
        circuits += new_circuits(known);
        refuse_all();
    }
    test_note("%u calls, %u circuits", calls, circuits);
    CHECK(circuits > 16);
    CHECK(circuits <= 3 * (16 + 10 / 2) + 8);
    CHECK_INT(pair.closed, 0);
    CHECK(cepa_end_paths_live(sim_pair_talk(&pair, pair.bob, 0)) > 0);
    sim_free(pair.sim);
}

TEST(a_responder_does_not_say_where_to_meet)
{
    sim_pair_begin(&pair, 404, RELAYS, true);
    sim_pair_dial(&pair, nobody);
    sim_run(pair.sim, 3 * CEPA_SECOND_NS);
    struct cepa_end_talk *alice = sim_pair_talk(&pair, pair.alice, 0);
    uint32_t last = alice->last_number;
    const struct cepa_control call = {
        .kind = CEPA_CONTROL_PATH, .path = last + 20, .state = CEPA_CONTROL_PATH_MEET};
    cepa_end_control_say(end_of(pair.bob), sim_pair_talk(&pair, pair.bob, 0), &call);
    sim_poke(pair.sim, pair.bob);
    sim_run(pair.sim, CEPA_SECOND_NS);
    CHECK(alice->last_number < last + 20);
    CHECK_INT(pair.closed, 0);
    sim_free(pair.sim);
}

/* Knocks at Bob; gives how many of all knocks he has to forget before he answers as many again. The
 * node may build no circuit for so many, so sessions are not counted. */
static uint64_t knocked(uint32_t count)
{
    struct cepa_end_person *bob = sim_pair_bob(&pair);
    for (uint32_t i = 0; i < count; i++) {
        uint8_t knock[CEPA_KNOCK_SIZE];
        sim_pair_knock(&pair, knock, cepa_prekeys_current(&bob->prekeys));
        cepa_end_on_knock(end_of(pair.bob), bob, knock, sizeof knock, sim_now(pair.sim));
        struct cepa_end_talk *talk = sim_pair_talk(&pair, pair.bob, 0);
        if (talk != NULL) {
            cepa_end_talk_end(end_of(pair.bob), talk, 0, 0, sim_now(pair.sim));
        }
    }
    sim_poke(pair.sim, pair.bob);
    return cepa_time_since(bob->answered, sim_now(pair.sim)) / CEPA_SECOND_NS;
}

TEST(no_more_knocks_are_answered_than_the_owner_likes)
{
    sim_pair_begin(&pair, 405, RELAYS, true);
    CHECK_INT(knocked(3), 3);
    CHECK_INT(knocked(50), CEPA_END_BURST);
    sim_run(pair.sim, 3 * CEPA_SECOND_NS);
    CHECK_INT(knocked(0), CEPA_END_BURST - 3); /* one each second is forgotten */
    CHECK_INT(knocked(1), CEPA_END_BURST - 2);
    CHECK_INT(knocked(50), CEPA_END_BURST);
    sim_free(pair.sim);
}

/* Hands a knock to Bob as an introduction point does. */
static void hand_over(uint8_t *knock, uint8_t number)
{
    uint8_t data[CEPA_CELL_DATA_MAX];
    const uint8_t tag[CEPA_SERVICE_TAG_SIZE] = {number, 1};
    for (uint8_t part = 0; part < cepa_service_parts(CEPA_KNOCK_SIZE); part++) {
        size_t len =
            cepa_service_answer(data, CEPA_SERVICE_KNOCK, tag, part, knock, CEPA_KNOCK_SIZE);
        cepa_end_point_on_data(end_of(pair.bob), 0, data, len, sim_now(pair.sim));
    }
}

TEST(an_introduction_point_that_hands_over_more_is_not_looked_at)
{
    uint8_t knock[CEPA_KNOCK_SIZE];
    sim_pair_begin(&pair, 406, RELAYS, true);
    memset(knock, 1, sizeof knock);
    for (uint8_t i = 0; i < 40; i++) {
        hand_over(knock, i);
    }
    sim_pair_knock(&pair, knock, cepa_prekeys_current(&sim_pair_bob(&pair)->prekeys));
    hand_over(knock, 50);
    CHECK_INT(sim_pair_talks(&pair, pair.bob), 0);
    sim_run(pair.sim, 2 * CEPA_SECOND_NS);
    hand_over(knock, 51);
    CHECK_INT(sim_pair_talks(&pair, pair.bob), 1);
    sim_free(pair.sim);
}

TEST(strangers_leave_places_for_others)
{
    uint8_t knock[CEPA_KNOCK_SIZE];
    sim_pair_begin(&pair, 407, RELAYS, true);
    for (uint32_t i = 0; i < 6; i++) {
        sim_pair_knock(&pair, knock, cepa_prekeys_current(&sim_pair_bob(&pair)->prekeys));
        cepa_end_on_knock(end_of(pair.bob), sim_pair_bob(&pair), knock, sizeof knock,
                          sim_now(pair.sim));
        sim_poke(pair.sim, pair.bob);
        sim_run(pair.sim, CEPA_SECOND_NS);
    }
    CHECK_INT(sim_pair_talks(&pair, pair.bob), 2); /* of four */
    sim_run(pair.sim, 25 * CEPA_SECOND_NS);        /* nobody came */
    CHECK_INT(sim_pair_talks(&pair, pair.bob), 0);
    sim_free(pair.sim);
}

TEST(work_is_done_where_it_is_wanted)
{
    uint8_t knock[CEPA_KNOCK_SIZE];
    pair.wants_work = true;
    sim_pair_begin(&pair, 408, RELAYS, true);
    pair.wants_work = false;
    sim_pair_knock(&pair, knock, cepa_prekeys_current(&sim_pair_bob(&pair)->prekeys));
    cepa_end_on_knock(end_of(pair.bob), sim_pair_bob(&pair), knock, sizeof knock,
                      sim_now(pair.sim));
    CHECK_INT(sim_pair_talks(&pair, pair.bob), 0); /* without work */
    uint64_t wakes = sim_wakes(pair.sim, pair.alice);
    sim_pair_dial(&pair, nobody);
    CHECK_INT(pair.ready, 1);
    CHECK(sim_wakes(pair.sim, pair.alice) - wakes > 2); /* it took several steps */
    sim_free(pair.sim);
}

TEST_MAIN(RUN(who_does_not_say_its_name_is_not_waited_for),
          RUN(what_is_sent_before_a_name_is_proven_waits),
          RUN(calls_for_paths_are_answered_within_bounds),
          RUN(a_responder_does_not_say_where_to_meet),
          RUN(no_more_knocks_are_answered_than_the_owner_likes),
          RUN(an_introduction_point_that_hands_over_more_is_not_looked_at),
          RUN(strangers_leave_places_for_others), RUN(work_is_done_where_it_is_wanted))
