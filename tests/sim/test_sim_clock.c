/* A wall clock that jumps ahead and back: what was made for days to come does not stand in the way.
 */
#include <string.h>

#include "node/node_state.h"
#include "sim/watch.h"
#include "sim/world.h"
#include "support/test.h"

enum { RELAYS = 10 };

static uint32_t ahead; /* whose clock jumps */

static struct sim_watch watch;

/* Onion keys that the node had. */
static struct {
    struct cepa_onion_key_id ids[256];
    bool is_gone[256];
    size_t len;
} seen;

static struct sim *network(uint64_t seed)
{
    struct sim_config config = sim_config_default(seed);
    config.on_event = sim_watch_on_event;
    config.context = &watch;
    memset(&watch, 0, sizeof watch);
    memset(&seen, 0, sizeof seen);
    ahead = 4;
    struct sim *sim = sim_network(&config, RELAYS);
    CHECK(sim_run_until(sim, sim_is_whole, NULL, 100 * CEPA_MILLISECOND_NS, 20 * CEPA_SECOND_NS));
    sim_run(sim, 10 * CEPA_SECOND_NS);
    return sim;
}

/* Everybody can use everybody, and the clock of the one is right in the eyes of the others. */
static bool is_well(struct sim *sim, void *context)
{
    struct cepa_node_status status = sim_status(sim, ahead);
    struct cepa_node_status other = sim_status(sim, 0);
    return sim_is_whole(sim, context) && !status.is_clock_off && status.day == other.day &&
           (!status.is_relay || status.receipts >= 2);
}

/* Circuits from the node, and from others, where it is a hop now and then. */
static uint32_t circuits(struct sim *sim)
{
    uint32_t answered = 0;
    for (uint32_t i = 0; i < 4 * RELAYS; i++) {
        if (sim_build(sim, &watch, i % 2 == 0 ? ahead : i / 2 % RELAYS, 3)) {
            answered += sim_echo(sim, &watch, 1, CEPA_SECOND_NS);
        }
        sim_unbuild(sim, &watch);
    }
    return answered;
}

/* A key that was given up never comes back. */
static void note_keys(struct sim *sim)
{
    const struct cepa_onion_keys *keys = &sim_node(sim, ahead)->onion_keys;
    bool is_here[256] = {false};
    for (size_t i = 0; i < CEPA_ONION_KEYS_LIVE_MAX; i++) {
        size_t at = 0;
        if (!keys->keys[i].is_live) {
            continue;
        }
        while (at < seen.len && memcmp(&seen.ids[at], &keys->keys[i].id, sizeof seen.ids[0]) != 0) {
            at++;
        }
        CHECK(at < 256);
        if (at == seen.len) {
            seen.ids[seen.len++] = keys->keys[i].id;
        }
        CHECK(!seen.is_gone[at]);
        is_here[at] = true;
    }
    for (size_t i = 0; i < seen.len; i++) {
        seen.is_gone[i] = !is_here[i];
    }
}

static void run(struct sim *sim, uint64_t seconds)
{
    for (uint64_t i = 0; i < 2 * seconds; i++) {
        sim_run(sim, CEPA_SECOND_NS / 2);
        note_keys(sim);
    }
}

static void jump(struct sim *sim, int64_t ms, uint64_t for_s)
{
    int64_t before = sim->hosts[ahead].config.clock_error_ms;
    sim->hosts[ahead].config.clock_error_ms = before + ms;
    run(sim, for_s);
    sim->hosts[ahead].config.clock_error_ms = before;
    struct cepa_time since = sim_now(sim);
    bool is_so = sim_run_until(sim, is_well, NULL, 100 * CEPA_MILLISECOND_NS, 20 * CEPA_SECOND_NS);
    test_note("%lld s ahead for %llu s: well after %llu ms", (long long)(ms / 1000),
              (unsigned long long)for_s,
              (unsigned long long)(cepa_time_since(sim_now(sim), since) / CEPA_MILLISECOND_NS));
    if (!is_so) {
        sim_print(sim);
    }
    CHECK(is_so);
    run(sim, 20);
    uint32_t answered = circuits(sim);
    test_note("%u of %d circuits", answered, 4 * RELAYS);
    CHECK(answered >= 4 * RELAYS - 2);
}

TEST(three_days_ahead_for_a_minute)
{
    struct sim *sim = network(51);
    int64_t day_ms = (int64_t)sim->config.profile.calendar.day_len_ms;
    jump(sim, 3 * day_ms, 60);
    jump(sim, 3 * day_ms, 60); /* and once more */
    sim_free(sim);
}

TEST(a_client_three_days_ahead)
{
    struct sim *sim = network(54);
    struct sim_host_config client = sim_host_config_client();
    ahead = sim_add(sim, &client);
    sim_start(sim, ahead);
    sim_invite(sim, 0, ahead);
    CHECK(sim_run_until(sim, sim_is_whole, NULL, 100 * CEPA_MILLISECOND_NS, 20 * CEPA_SECOND_NS));
    jump(sim, 3 * (int64_t)sim->config.profile.calendar.day_len_ms, 60);
    sim_free(sim);
}

TEST(some_epochs_ahead_for_a_minute)
{
    struct sim *sim = network(52);
    int64_t epoch_ms = (int64_t)sim->config.profile.calendar.epoch_len_ms;
    for (int64_t epochs = 1; epochs <= 9; epochs += 4) {
        jump(sim, epochs * epoch_ms, 60);
    }
    sim_free(sim);
}

/* What is on disk after a jump is of days to come; the clock is right when the node starts again.
 */
TEST(a_restart_after_a_jump)
{
    struct sim *sim = network(53);
    sim->hosts[ahead].config.clock_error_ms = 3 * (int64_t)sim->config.profile.calendar.day_len_ms;
    run(sim, 30);
    sim_kill(sim, ahead, false);
    sim->hosts[ahead].config.clock_error_ms = 0;
    sim_run(sim, CEPA_SECOND_NS);
    sim_start(sim, ahead);
    CHECK(sim_run_until(sim, is_well, NULL, 100 * CEPA_MILLISECOND_NS, 20 * CEPA_SECOND_NS));
    note_keys(sim);
    sim_free(sim);
}

TEST_MAIN(RUN(three_days_ahead_for_a_minute), RUN(a_client_three_days_ahead),
          RUN(some_epochs_ahead_for_a_minute), RUN(a_restart_after_a_jump))
