/* Series of pings: over circuits of a network in virtual time, and what a node that cannot, or a
 * last hop that does not, makes of them. */
#include "native/daemon/ping.h"

#include <string.h>

#include "node/node_commands.h"
#include "sim/watch.h"
#include "support/test.h"

enum { RELAYS = 8, HOST = 5, STEP_MS = 5 };

static struct cepa_ping ping;
static struct cepa_ping_result result;
static bool is_deaf; /* nothing that happens is told */

static void on_event(void *unused, struct sim *sim, uint32_t host,
                     const struct cepa_node_effect *effect)
{
    (void)unused;
    if (host == HOST && !is_deaf) {
        (void)cepa_ping_on_event(&ping, sim_node(sim, host), effect, sim_now(sim));
    }
}

/* Goes on till the series is over; gives how long that took. */
static uint64_t run(struct sim *sim, uint64_t max_ms)
{
    uint64_t past = 0;
    do {
        if (cepa_time_is_due(cepa_ping_deadline(&ping), sim_now(sim))) {
            cepa_ping_step(&ping, sim_node(sim, HOST), sim_now(sim));
            sim_poke(sim, HOST);
        }
        sim_run(sim, STEP_MS * CEPA_MILLISECOND_NS);
        past += STEP_MS;
        cepa_ping_result_of(&result, &ping);
    } while (result.is_running && past < max_ms);
    return past;
}

TEST(circuits_are_built_one_after_another_and_timed)
{
    struct sim_config config = sim_config_default(7);
    config.on_event = on_event;
    memset(&ping, 0, sizeof ping);
    is_deaf = false;
    struct sim *sim = sim_network(&config, RELAYS);
    CHECK(sim_run_until(sim, sim_is_whole, NULL, 100 * CEPA_MILLISECOND_NS, 60 * CEPA_SECOND_NS));
    CHECK(cepa_time_is_never(cepa_ping_deadline(&ping)));
    cepa_ping_step(&ping, sim_node(sim, HOST), sim_now(sim)); /* nothing is to be done */
    CHECK_INT(ping.circuit, 0);
    CHECK_INT(cepa_ping_begin(&ping, 20, 3), 0);
    CHECK_INT(cepa_ping_begin(&ping, 1, 1), CEPA_ERR_STATE);
    CHECK(cepa_time_is_due(cepa_ping_deadline(&ping), sim_now(sim)));
    (void)run(sim, 60000);
    CHECK(!result.is_running);
    CHECK_INT(result.count, 20);
    CHECK_INT(result.done, 20);
    CHECK_INT(result.failed, 0);
    CHECK(result.build_us_median > 0 && result.build_us_median <= result.build_us_p95);
    CHECK(result.build_us_p95 <= result.build_us_max);
    CHECK(result.echo_us_median > 0 && result.echo_us_max <= CEPA_PING_SECONDS * 1000000);
    CHECK(cepa_time_is_never(cepa_ping_deadline(&ping)));
    /* The next series begins at nothing. */
    CHECK_INT(cepa_ping_begin(&ping, 2, 1), 0);
    (void)run(sim, 60000);
    CHECK_INT(result.done, 2);
    CHECK_INT(ping.built, 2);
    CHECK_INT(ping.answered, 2);
    /* Of one that hears nothing each is given up in time. */
    is_deaf = true;
    CHECK_INT(cepa_ping_begin(&ping, 2, 3), 0);
    uint64_t took_ms = run(sim, 60000);
    CHECK_INT(result.done, 2);
    CHECK_INT(result.failed, 2);
    CHECK_INT(result.build_us_max, 0);
    CHECK(took_ms >= 2000 * CEPA_PING_SECONDS && took_ms <= 2000 * CEPA_PING_SECONDS + 100);
    sim_free(sim);
}

/* --- what comes back ------------------------------------------------------------------------- */

TEST(only_the_message_itself_is_an_answer)
{
    const struct cepa_node_effect other = {.event = CEPA_EVENT_CIRCUIT_DATA, .circuit = 8};
    const struct cepa_node_effect closed = {.event = CEPA_EVENT_CIRCUIT_CLOSED, .circuit = 9};
    struct cepa_time now = {CEPA_SECOND_NS};
    memset(&ping, 0, sizeof ping);
    CHECK(!cepa_ping_on_event(&ping, NULL, &closed, now));
    ping = (struct cepa_ping){.state = CEPA_PING_WAITING, .count = 2, .built = 1, .circuit = 9};
    CHECK(!cepa_ping_on_event(&ping, NULL, &other, now)); /* of another circuit */
    CHECK_INT(ping.state, CEPA_PING_WAITING);
    CHECK(cepa_ping_on_event(&ping, NULL, &closed, now));
    CHECK_INT(ping.state, CEPA_PING_IDLE);
    CHECK_INT(ping.done, 1);
    CHECK_INT(ping.failed, 1);
    CHECK(!cepa_ping_on_event(&ping, NULL, &closed, now)); /* once */
    CHECK_INT(ping.done, 1);
}

TEST(times_are_summed_up)
{
    static const struct {
        uint32_t count;
        uint32_t median, p95, max;
    } rows[] = {{0, 0, 0, 0}, {1, 1, 1, 1},       {2, 2, 2, 2},
                {3, 2, 3, 3}, {100, 51, 96, 100}, {CEPA_PING_COUNT_MAX, 5001, 9501, 10000}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        memset(&ping, 0, sizeof ping);
        ping.count = ping.done = ping.built = ping.answered = rows[i].count;
        for (uint32_t k = 0; k < rows[i].count; k++) {
            ping.build_us[k] = rows[i].count - k;
            ping.echo_us[k] = 2 * (rows[i].count - k);
        }
        cepa_ping_result_of(&result, &ping);
        CHECK(!result.is_running);
        CHECK_INT(result.build_us_median, rows[i].median);
        CHECK_INT(result.build_us_p95, rows[i].p95);
        CHECK_INT(result.build_us_max, rows[i].max);
        CHECK_INT(result.echo_us_median, 2 * rows[i].median);
        CHECK_INT(result.echo_us_max, 2 * rows[i].max);
    }
}

TEST_MAIN(RUN(circuits_are_built_one_after_another_and_timed),
          RUN(only_the_message_itself_is_an_answer), RUN(times_are_summed_up))
