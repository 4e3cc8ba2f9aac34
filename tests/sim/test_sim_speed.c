/* A circuit that takes all it can get, and one with a small message now and then, over the same
 * relays: bytes flow at the speed of the lines, and the small messages do not wait for them.
 *
 * The measurement is the daemon's own (native/daemon/speed.h), in virtual time. */
#include <string.h>

#include "native/daemon/speed.h"
#include "sim/watch.h"
#include "support/test.h"

enum { RELAYS = 5, MEGABYTES = 12, LINE_RATE = 4000000, LONGER_US_MAX = 20000 };

static struct cepa_speed speed;

static void on_event(void *context, struct sim *sim, uint32_t host,
                     const struct cepa_node_effect *effect)
{
    (void)context;
    if (host == 0 && effect->kind == CEPA_NODE_EVENT) {
        (void)cepa_speed_on_event(&speed, sim_node(sim, host), effect, sim_now(sim));
    }
}

static struct sim *network(uint64_t seed)
{
    struct sim_config config = sim_config_default(seed);
    config.latency_ns = CEPA_MILLISECOND_NS;
    config.jitter_ns = CEPA_MILLISECOND_NS;
    config.bytes_per_second = LINE_RATE;
    config.on_event = on_event;
    memset(&speed, 0, sizeof speed);
    struct sim *sim = sim_network(&config, RELAYS);
    CHECK(sim_run_until(sim, sim_is_whole, NULL, 100 * CEPA_MILLISECOND_NS, 30 * CEPA_SECOND_NS));
    return sim;
}

static struct cepa_speed_result measure(struct sim *sim, bool is_download)
{
    struct cepa_speed_result result;
    CHECK_INT(cepa_speed_begin(&speed, MEGABYTES, 3, is_download), 0);
    CHECK_INT(cepa_speed_begin(&speed, MEGABYTES, 3, is_download), CEPA_ERR_STATE);
    CHECK(cepa_time_is_due(cepa_speed_deadline(&speed), sim_now(sim)));
    do {
        if (cepa_time_is_due(cepa_speed_deadline(&speed), sim_now(sim))) {
            cepa_speed_step(&speed, sim_node(sim, 0), sim_now(sim));
            sim_poke(sim, 0);
        }
        sim_run(sim, CEPA_MILLISECOND_NS);
        cepa_speed_result_of(&result, &speed);
    } while (result.is_running);
    test_note("%s: %.2f MB/s of %.2f; small messages alone p95 %u us, beside p95 %u us of %u",
              is_download ? "download" : "upload",
              (double)result.bytes / (double)(result.took_us + 1), LINE_RATE / 1e6,
              result.quiet.p95, result.busy.p95, result.busy.answered);
    return result;
}

TEST(small_messages_do_not_wait_for_bytes)
{
    for (unsigned i = 0; i < 4; i++) {
        struct sim *sim = network(21 + i / 2);
        struct cepa_speed_result result = measure(sim, i % 2 == 1);
        CHECK(!result.is_failed && result.has_same_path && result.took_us > 0);
        CHECK(result.bytes >= MEGABYTES * UINT64_C(1000000));
        /* Headers take a tenth, filling the path and renewing keys a little more. */
        CHECK((double)result.bytes / (double)result.took_us > 0.75 * LINE_RATE / 1e6);
        CHECK(result.quiet.sent >= 90 && result.quiet.answered == result.quiet.sent);
        CHECK(result.busy.sent >= 200 && result.busy.answered == result.busy.sent);
        CHECK(result.busy.p95 <= result.quiet.p95 + LONGER_US_MAX);
        sim_free(sim);
    }
}

TEST(without_the_last_relay_a_measurement_fails)
{
    struct sim *sim = network(31);
    CHECK_INT(cepa_speed_begin(&speed, 1, 3, false), 0);
    for (uint32_t host = 1; host < RELAYS; host++) {
        sim_kill(sim, host, true);
    }
    struct cepa_speed_result result = {.is_running = true};
    for (uint32_t i = 0; i < 600 && result.is_running; i++) {
        cepa_speed_step(&speed, sim_node(sim, 0), sim_now(sim));
        sim_poke(sim, 0);
        sim_run(sim, 100 * CEPA_MILLISECOND_NS);
        cepa_speed_result_of(&result, &speed);
    }
    CHECK(!result.is_running && result.is_failed);
    CHECK(cepa_time_is_never(cepa_speed_deadline(&speed)));
    sim_free(sim);
}

TEST_MAIN(RUN(small_messages_do_not_wait_for_bytes),
          RUN(without_the_last_relay_a_measurement_fails))
