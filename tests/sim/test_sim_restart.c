/* Nodes that begin again from what they stored, days and epochs that go by, and suspended hosts. */
#include <string.h>

#include "base/endian.h"
#include "sim/watch.h"
#include "support/test.h"

enum { RELAYS = 10 };

static struct sim_watch watch;

static struct sim *whole_network(uint64_t seed, uint64_t wall_start_ms)
{
    struct sim_config config = sim_config_default(seed);
    config.on_event = sim_watch_on_event;
    config.context = &watch;
    config.wall_start_ms += wall_start_ms;
    memset(&watch, 0, sizeof watch);
    struct sim *sim = sim_network(&config, RELAYS);
    CHECK(sim_run_until(sim, sim_is_whole, NULL, 100 * CEPA_MILLISECOND_NS, 20 * CEPA_SECOND_NS));
    sim_run(sim, 5 * CEPA_SECOND_NS);
    return sim;
}

/* How many circuits work, from every host in turn. */
static uint32_t circuits_that_work(struct sim *sim, uint32_t tries)
{
    uint32_t working = 0;
    for (uint32_t i = 0; i < tries; i++) {
        working +=
            sim_build(sim, &watch, i % RELAYS, 3) && sim_echo(sim, &watch, 1, CEPA_SECOND_NS) == 1;
        sim_unbuild(sim, &watch);
    }
    return working;
}

static size_t guards_of(struct sim *sim, uint32_t host, struct cepa_prefix *ret_prefixes)
{
    struct cepa_node_guard_status guard;
    uint32_t cursor = 0;
    size_t len = 0;
    while (cepa_node_status_guard(sim_node(sim, host), &guard, &cursor)) {
        ret_prefixes[len++] = guard.prefix;
    }
    return len;
}

/* A secret of the day that the clock of a host shows. */
static const uint8_t *secret_of_today(struct sim *sim, uint32_t host, enum cepa_store_table table,
                                      size_t *ret_len)
{
    uint8_t key[4];
    cepa_be32_store(key, sim_status(sim, host).day);
    return sim_stored(sim, host, table, key, sizeof key, ret_len);
}

/* Of the descriptor that a host has made last. */
static uint32_t sequence_of(struct sim *sim, uint32_t host)
{
    static const uint8_t key[] = {3};
    size_t len = 0;
    const uint8_t *value = sim_stored(sim, host, CEPA_STORE_OWN, key, sizeof key, &len);
    CHECK_INT(len, 4);
    return len == 4 ? cepa_be32_load(value) : 0;
}

TEST(a_relay_comes_back_as_the_same_with_a_spare_key)
{
    struct sim *sim = whole_network(21, 0);
    struct cepa_prefix before[32];
    struct cepa_prefix after[32];
    uint8_t link_key[32];
    uint8_t onion_day[2048];
    size_t len = 0;
    struct cepa_node_id node = sim_status(sim, 3).node;
    size_t before_len = guards_of(sim, 3, before);
    uint32_t sequence = sequence_of(sim, 3);
    CHECK(before_len > 0);
    memcpy(link_key, secret_of_today(sim, 3, CEPA_STORE_LINK_KEYS, &len), sizeof link_key);
    CHECK_INT(len, sizeof link_key);
    const uint8_t *day = secret_of_today(sim, 3, CEPA_STORE_ONION_DAYS, &len);
    CHECK(len <= sizeof onion_day);
    memcpy(onion_day, day, len);

    sim_kill(sim, 3, true);
    sim_run(sim, 2 * CEPA_SECOND_NS);
    uint64_t started_ns = sim_now(sim).ns;
    sim_start(sim, 3);
    CHECK(sim_run_until(sim, sim_is_whole, NULL, 100 * CEPA_MILLISECOND_NS, CEPA_SECOND_NS));
    test_note("whole again after %llu ms",
              (unsigned long long)((sim_now(sim).ns - started_ns) / CEPA_MILLISECOND_NS));

    struct cepa_node_id again = sim_status(sim, 3).node;
    CHECK_BYTES(&again, &node, sizeof node);
    CHECK_INT(guards_of(sim, 3, after), before_len);
    CHECK_BYTES(after, before, before_len * sizeof before[0]);
    CHECK_BYTES(secret_of_today(sim, 3, CEPA_STORE_LINK_KEYS, &len), link_key, sizeof link_key);
    /* The same day, one spare fewer. */
    day = secret_of_today(sim, 3, CEPA_STORE_ONION_DAYS, &len);
    CHECK(memcmp(day, onion_day, len) != 0);
    sim_run(sim, CEPA_SECOND_NS);
    CHECK_INT(sequence_of(sim, 3), sequence); /* and the same descriptor */
    uint32_t working = circuits_that_work(sim, 40);
    test_note("%u of 40 circuits", working);
    CHECK(working >= 38);
    sim_run(sim, 30 * CEPA_SECOND_NS); /* so long it is avoided by those whose circuits it ended */
    CHECK(circuits_that_work(sim, 40) >= 38);
    CHECK(sim_status(sim, 3).packets_accepted > 0);
    sim_free(sim);
}

TEST(epochs_roll_over)
{
    struct sim *sim = whole_network(22, 0);
    uint32_t epoch = sim_status(sim, 0).epoch;
    for (uint32_t i = 0; i < 3; i++) {
        sim_run(sim, 150 * CEPA_SECOND_NS);
        uint32_t working = circuits_that_work(sim, 20);
        test_note("epoch + %u: %u of 20 circuits", sim_status(sim, 0).epoch - epoch, working);
        CHECK(working >= 19);
    }
    CHECK(sim_status(sim, 0).epoch >= epoch + 3);
    sim_free(sim);
}

TEST(days_roll_over)
{
    /* A day of the profile has an hour: begin a few minutes before its end. */
    struct sim *sim = whole_network(23, (3600 - 200) * UINT64_C(1000));
    uint32_t day = sim_status(sim, 0).day;
    CHECK(circuits_that_work(sim, 10) >= 9);
    while (sim_status(sim, 0).day == day) {
        sim_run(sim, CEPA_SECOND_NS);
    }
    uint32_t at_once = circuits_that_work(sim, 20);
    sim_run(sim, 30 * CEPA_SECOND_NS);
    uint32_t later = circuits_that_work(sim, 20);
    test_note("a new day: %u of 20 circuits at once, %u after 30 s", at_once, later);
    bool is_whole = sim_is_whole(sim, NULL);
    if (!is_whole) {
        sim_print(sim);
    }
    CHECK(is_whole);
    CHECK(at_once >= 18);
    CHECK(later >= 19);
    sim_free(sim);
}

static bool is_linked(struct sim *sim, void *context)
{
    const uint32_t *host = context;
    return sim_status(sim, *host).neighbours >= 5;
}

TEST(a_suspended_host_comes_back_and_accuses_nobody)
{
    struct sim *sim = whole_network(24, 0);
    uint32_t host = 4;
    sim_suspend(sim, host, 60 * CEPA_SECOND_NS);
    sim_run(sim, 60 * CEPA_SECOND_NS);
    uint64_t resumed_ns = sim_now(sim).ns;
    CHECK(sim_run_until(sim, is_linked, &host, 100 * CEPA_MILLISECOND_NS, 30 * CEPA_SECOND_NS));
    test_note("linked again after %llu ms",
              (unsigned long long)((sim_now(sim).ns - resumed_ns) / CEPA_MILLISECOND_NS));
    sim_run(sim, 20 * CEPA_SECOND_NS);
    CHECK(sim_is_whole(sim, NULL));
    CHECK(sim_build(sim, &watch, host, 3));
    sim_free(sim);
}

TEST(a_parted_network_grows_together)
{
    struct sim *sim = whole_network(25, 0);
    for (uint32_t host = 0; host < RELAYS / 2; host++) {
        sim_partition(sim, host, 1);
    }
    sim_run(sim, 60 * CEPA_SECOND_NS);
    for (uint32_t host = 0; host < RELAYS; host++) {
        sim_partition(sim, host, 0);
    }
    uint64_t mended_ns = sim_now(sim).ns;
    uint32_t crossing = 0;
    while (crossing < 5 && sim_now(sim).ns < mended_ns + 60 * CEPA_SECOND_NS) {
        struct cepa_node_link_status link;
        uint32_t cursor = 0;
        crossing = 0;
        sim_run(sim, 200 * CEPA_MILLISECOND_NS);
        while (cepa_node_status_link(sim_node(sim, 0), &link, &cursor, sim_now(sim))) {
            for (uint32_t host = RELAYS / 2; host < RELAYS && link.is_up; host++) {
                struct cepa_node_id id = sim_status(sim, host).node;
                crossing += memcmp(&id, &link.peer, sizeof id) == 0;
            }
        }
    }
    test_note("%u links across after %llu ms", crossing,
              (unsigned long long)((sim_now(sim).ns - mended_ns) / CEPA_MILLISECOND_NS));
    CHECK(crossing >= 3);
    sim_free(sim);
}

TEST_MAIN(RUN(a_relay_comes_back_as_the_same_with_a_spare_key), RUN(epochs_roll_over),
          RUN(days_roll_over), RUN(a_suspended_host_comes_back_and_accuses_nobody),
          RUN(a_parted_network_grows_together))
