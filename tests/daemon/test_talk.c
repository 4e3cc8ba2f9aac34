/* Talking over a circuit in a network in virtual time. */
#include "native/daemon/talk.h"

#include <string.h>

#include "node/node_commands.h"
#include "sim/watch.h"
#include "support/test.h"

enum { RELAYS = 8, HOST = 5, STEP_MS = 5 };

static struct cepa_talk talk;
static uint32_t answers;
static uint32_t strange; /* events that are not the talk's */

static void on_event(void *unused, struct sim *sim, uint32_t host,
                     const struct cepa_node_effect *effect)
{
    (void)unused;
    if (host != HOST) {
        return;
    }
    bool is_talks = cepa_talk_on_event(&talk, sim_node(sim, host), effect, sim_now(sim));
    answers += is_talks && effect->event == CEPA_EVENT_CIRCUIT_DATA;
    strange += !is_talks;
}

static void run(struct sim *sim, uint64_t ms)
{
    for (uint64_t past = 0; past < ms; past += STEP_MS) {
        if (cepa_time_is_due(cepa_talk_deadline(&talk), sim_now(sim)) || talk.every_ns == 0) {
            cepa_talk_step(&talk, sim_node(sim, HOST), sim_now(sim));
            sim_poke(sim, HOST);
        }
        CHECK(talk.unanswered <= CEPA_TALK_UNANSWERED_MAX);
        sim_run(sim, STEP_MS * CEPA_MILLISECOND_NS);
    }
}

TEST(messages_go_at_their_pace_over_one_circuit)
{
    struct sim_config config = sim_config_default(7);
    config.on_event = on_event;
    memset(&talk, 0, sizeof talk);
    struct sim *sim = sim_network(&config, RELAYS);
    CHECK(sim_run_until(sim, sim_is_whole, NULL, 100 * CEPA_MILLISECOND_NS, 60 * CEPA_SECOND_NS));
    /* Before the first talk there is nothing to do. */
    CHECK(cepa_time_is_never(cepa_talk_deadline(&talk)));
    cepa_talk_step(&talk, sim_node(sim, HOST), sim_now(sim));
    CHECK_INT(talk.circuit, 0);
    cepa_talk_begin(&talk, 100, 5000, 3, sim_now(sim));
    run(sim, 6000);
    CHECK(answers > 30 && answers <= 50);
    uint64_t circuit = talk.circuit;
    CHECK(circuit != 0 && talk.is_ready);
    CHECK(cepa_time_is_never(cepa_talk_deadline(&talk)));
    /* As many as there is room for, over the same circuit. */
    answers = 0;
    cepa_talk_begin(&talk, 0, 1000, 3, sim_now(sim));
    run(sim, 2000);
    CHECK(talk.circuit == circuit);
    CHECK(answers > CEPA_TALK_UNANSWERED_MAX);
    CHECK_INT(talk.unanswered, 0);
    /* A circuit that closes is opened anew, after a while. */
    answers = 0;
    cepa_talk_begin(&talk, 50, 4000, 3, sim_now(sim));
    CHECK_INT(cepa_node_circuit_close(sim_node(sim, HOST), circuit, sim_now(sim)), 0);
    struct cepa_node_effect closed = {.event = CEPA_EVENT_CIRCUIT_CLOSED, .circuit = circuit};
    (void)cepa_talk_on_event(&talk, sim_node(sim, HOST), &closed, sim_now(sim));
    CHECK(cepa_time_is_before(sim_now(sim), cepa_talk_deadline(&talk)));
    run(sim, 5000);
    CHECK(talk.circuit != 0 && talk.circuit != circuit);
    CHECK(answers > 10);
    sim_free(sim);
}

TEST(a_broken_circuit_carries_nothing_until_it_is_mended)
{
    struct cepa_node_effect broken = {.event = CEPA_EVENT_CIRCUIT_BROKEN, .circuit = 9};
    struct cepa_time now = {CEPA_SECOND_NS};
    talk = (struct cepa_talk){.circuit = 9, .is_ready = true, .hops = 3, .unanswered = 4};
    talk.until = cepa_time_add(now, CEPA_SECOND_NS);
    talk.every_ns = 1;
    CHECK(!cepa_time_is_never(cepa_talk_deadline(&talk)));
    CHECK(cepa_talk_on_event(&talk, NULL, &broken, now));
    CHECK(!talk.is_ready);
    CHECK_INT(talk.unanswered, 0);
    CHECK(cepa_time_is_never(cepa_talk_deadline(&talk)));
    broken.circuit = 8;
    CHECK(!cepa_talk_on_event(&talk, NULL, &broken, now));
    broken = (struct cepa_node_effect){.event = CEPA_EVENT_CIRCUIT_READY, .circuit = 9};
    CHECK(cepa_talk_on_event(&talk, NULL, &broken, now));
    CHECK(!cepa_time_is_never(cepa_talk_deadline(&talk)));
}

TEST_MAIN(RUN(messages_go_at_their_pace_over_one_circuit),
          RUN(a_broken_circuit_carries_nothing_until_it_is_mended))
