/* Measurements of speed over circuits of a network in virtual time, and what a last hop that does
 * not keep to the rules makes of the small messages. */
#include "native/daemon/speed.h"

#include <string.h>

#include "sim/watch.h"
#include "support/test.h"

enum { RELAYS = 8, HOST = 5, STEP_MS = 5 };

static struct cepa_speed speed;
static struct cepa_speed_result result;
static bool is_deaf;

static void on_event(void *unused, struct sim *sim, uint32_t host,
                     const struct cepa_node_effect *effect)
{
    (void)unused;
    if (host == HOST && !is_deaf) {
        (void)cepa_speed_on_event(&speed, sim_node(sim, host), effect, sim_now(sim));
    }
}

static uint64_t run(struct sim *sim, uint64_t max_ms)
{
    uint64_t past = 0;
    do {
        if (cepa_time_is_due(cepa_speed_deadline(&speed), sim_now(sim))) {
            cepa_speed_step(&speed, sim_node(sim, HOST), sim_now(sim));
            sim_poke(sim, HOST);
        }
        sim_run(sim, STEP_MS * CEPA_MILLISECOND_NS);
        past += STEP_MS;
        cepa_speed_result_of(&result, &speed);
    } while (result.is_running && past < max_ms);
    return past;
}

static void check_times(const struct cepa_speed_times *times)
{
    CHECK(times->sent > 0 && times->answered > 0 && times->answered <= times->sent);
    CHECK(times->median > 0 && times->median <= times->p95 && times->p95 <= times->max);
}

TEST(bytes_go_both_ways_beside_small_messages)
{
    struct sim_config config = sim_config_default(7);
    config.on_event = on_event;
    memset(&speed, 0, sizeof speed);
    is_deaf = false;
    struct sim *sim = sim_network(&config, RELAYS);
    CHECK(sim_run_until(sim, sim_is_whole, NULL, 100 * CEPA_MILLISECOND_NS, 60 * CEPA_SECOND_NS));
    CHECK(cepa_time_is_never(cepa_speed_deadline(&speed)));
    cepa_speed_step(&speed, sim_node(sim, HOST), sim_now(sim));
    CHECK_INT(speed.bulk_circuit, 0);
    for (int is_download = 0; is_download < 2; is_download++) {
        CHECK_INT(cepa_speed_begin(&speed, 1, 2, is_download), 0);
        CHECK_INT(cepa_speed_begin(&speed, 1, 2, is_download), CEPA_ERR_STATE);
        (void)run(sim, 60000);
        CHECK(!result.is_running && !result.is_failed);
        CHECK_INT(result.is_download, is_download);
        CHECK(result.bytes >= 1000000 && result.bytes < 1000000 + CEPA_SPEED_PAYLOAD);
        CHECK(result.took_us > 0);
        check_times(&result.quiet);
        check_times(&result.busy);
        CHECK(result.quiet.sent >= 50 && result.quiet.sent <= 101);
        CHECK_INT(speed.bulk_circuit, 0); /* nothing is left behind */
        CHECK_INT(speed.small_circuit, 0);
        CHECK(cepa_time_is_never(cepa_speed_deadline(&speed)));
    }
    /* A measurement that hears nothing is given up. */
    is_deaf = true;
    CHECK_INT(cepa_speed_begin(&speed, 1, 2, true), 0);
    uint64_t took_ms = run(sim, 60000);
    CHECK(result.is_failed && !result.is_running);
    CHECK_INT(result.bytes, 0);
    CHECK(took_ms >= 1000 * CEPA_SPEED_SECONDS && took_ms <= 1000 * CEPA_SPEED_SECONDS + 100);
    /* One whose circuit is lost fails at once. */
    is_deaf = false;
    CHECK_INT(cepa_speed_begin(&speed, 1, 2, true), 0);
    cepa_speed_step(&speed, sim_node(sim, HOST), sim_now(sim));
    const struct cepa_node_effect closed = {.event = CEPA_EVENT_CIRCUIT_CLOSED,
                                            .circuit = speed.bulk_circuit};
    CHECK(cepa_speed_on_event(&speed, sim_node(sim, HOST), &closed, sim_now(sim)));
    cepa_speed_result_of(&result, &speed);
    CHECK(result.is_failed && !result.is_running);
    sim_free(sim);
}

TEST(a_last_hop_cannot_answer_more_than_was_sent)
{
    static const struct {
        uint8_t data[7];
        size_t len;
        uint32_t answered; /* in all, after it */
    } rows[] = {
        {{CEPA_NODE_SERVICE_ECHO, 1, 0, 0, 0, 0}, 6, 1},
        {{CEPA_NODE_SERVICE_ECHO, 1, 0, 0, 0, 2}, 6, 1},             /* never sent */
        {{CEPA_NODE_SERVICE_ECHO, 1, 0xff, 0xff, 0xff, 0xff}, 6, 1}, /* nor this */
        {{CEPA_NODE_SERVICE_ECHO, 0, 0, 0, 0, 0}, 6, 1},             /* of the other kind: none */
        {{CEPA_NODE_SERVICE_SINK, 1, 0, 0, 0, 1}, 6, 1},
        {{CEPA_NODE_SERVICE_ECHO, 1, 0, 0, 0, 1}, 5, 1},
        {{CEPA_NODE_SERVICE_ECHO, 1, 0, 0, 0, 1, 0}, 7, 1},
        {{0}, 0, 1},
        {{CEPA_NODE_SERVICE_ECHO, 1, 0, 0, 0, 0}, 6, 2}, /* twice: but no more than were sent */
        {{CEPA_NODE_SERVICE_ECHO, 1, 0, 0, 0, 1}, 6, 2},
    };
    struct sim_config config = sim_config_default(3);
    struct sim *sim = sim_network(&config, 1);
    struct cepa_time now = sim_now(sim);
    speed = (struct cepa_speed){.state = CEPA_SPEED_QUIET,
                                .is_begun = true,
                                .deadline = cepa_time_add(now, CEPA_SECOND_NS),
                                .bulk_circuit = 8,
                                .small_circuit = 9,
                                .quiet = {.sent = 2}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct cepa_node_effect effect = {.event = CEPA_EVENT_CIRCUIT_DATA,
                                                .circuit = 9,
                                                .data = rows[i].data,
                                                .data_len = rows[i].len};
        CHECK(cepa_speed_on_event(&speed, sim_node(sim, 0), &effect, now));
        CHECK_INT(speed.quiet.answered, rows[i].answered);
        CHECK_INT(speed.busy.answered, 0);
    }
    const struct cepa_node_effect other = {.event = CEPA_EVENT_CIRCUIT_DATA, .circuit = 7};
    CHECK(!cepa_speed_on_event(&speed, sim_node(sim, 0), &other, now));
    sim_free(sim);
}

TEST_MAIN(RUN(bytes_go_both_ways_beside_small_messages),
          RUN(a_last_hop_cannot_answer_more_than_was_sent))
