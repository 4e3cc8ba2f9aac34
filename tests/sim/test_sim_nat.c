/* Relays behind NAT: introduced, then direct where that can be, and nothing above notices. */
#include <string.h>

#include "node/node_commands.h"
#include "sim/watch.h"
#include "sim/world.h"
#include "support/test.h"

enum { OPEN = 6 };

static struct sim_watch watch;

/* Six relays that can be dialled, and two that cannot. */
static struct sim *network(uint64_t seed, enum sim_nat first, enum sim_nat second)
{
    struct sim_config config = sim_config_default(seed);
    config.on_event = sim_watch_on_event;
    config.context = &watch;
    memset(&watch, 0, sizeof watch);
    struct sim *sim = sim_network(&config, OPEN);
    CHECK(sim_run_until(sim, sim_is_whole, NULL, 100 * CEPA_MILLISECOND_NS, 20 * CEPA_SECOND_NS));
    const enum sim_nat nats[] = {first, second};
    for (uint32_t i = 0; i < 2; i++) {
        struct sim_host_config relay = sim_host_config_relay();
        relay.nat = nats[i];
        relay.is_guard = false;
        uint32_t host = sim_add(sim, &relay);
        sim_start(sim, host);
        sim_run(sim, 500 * CEPA_MILLISECOND_NS);
        sim_invite(sim, i, host);
    }
    return sim;
}

/* The carrier of the link from one host to another, 0 without a link. */
static uint8_t carrier_between(struct sim *sim, uint32_t from, uint32_t to)
{
    struct cepa_node_link_status link;
    struct cepa_node_id id = sim_status(sim, to).node;
    uint32_t cursor = 0;
    while (cepa_node_status_link(sim_node(sim, from), &link, &cursor, sim_now(sim))) {
        if (link.is_up && memcmp(&link.peer, &id, sizeof id) == 0) {
            return link.carrier;
        }
    }
    return 0;
}

static bool is_linked(struct sim *sim, void *context)
{
    (void)context;
    return carrier_between(sim, OPEN, OPEN + 1) != 0;
}

static bool is_direct(struct sim *sim, void *context)
{
    (void)context;
    return carrier_between(sim, OPEN, OPEN + 1) == CEPA_CARRIER_SIM;
}

static bool is_ready(struct sim *sim, void *context)
{
    (void)sim;
    (void)context;
    return watch.ready > 0;
}

static void look(struct sim *sim, const char *what)
{
    test_note("%s at %llu ms: carrier %u", what,
              (unsigned long long)(sim_now(sim).ns / CEPA_MILLISECOND_NS),
              carrier_between(sim, OPEN, OPEN + 1));
}

TEST(two_behind_nats_are_introduced_and_go_direct)
{
    struct sim *sim = network(31, SIM_NAT_CONE, SIM_NAT_CONE);
    bool is_whole =
        sim_run_until(sim, sim_is_whole, NULL, 100 * CEPA_MILLISECOND_NS, 40 * CEPA_SECOND_NS);
    look(sim, is_whole ? "whole" : "NOT whole");
    if (!is_whole) {
        sim_print(sim);
    }
    CHECK(is_whole);
    CHECK(sim_run_until(sim, is_linked, NULL, 10 * CEPA_MILLISECOND_NS, 60 * CEPA_SECOND_NS));
    look(sim, "linked");
    CHECK(sim_run_until(sim, is_direct, NULL, 10 * CEPA_MILLISECOND_NS, 30 * CEPA_SECOND_NS));
    look(sim, "direct");
    sim_free(sim);
}

/* A link that was asked for begins through an introducer and moves, while a circuit over it carries
 * messages. */
TEST(a_circuit_over_a_link_that_moves_loses_nothing)
{
    struct sim *sim = network(33, SIM_NAT_CONE, SIM_NAT_CONE);
    CHECK(sim_run_until(sim, sim_is_whole, NULL, 100 * CEPA_MILLISECOND_NS, 40 * CEPA_SECOND_NS));
    const struct cepa_node_id path[] = {sim_status(sim, OPEN).node, sim_status(sim, OPEN + 1).node};
    struct cepa_node_id nobody = {{1}};
    struct cepa_node *node = sim_node(sim, OPEN);
    int error = cepa_node_connect(node, &path[1], false, sim_now(sim));
    CHECK(error == 0 || error == CEPA_ERR_IN_USE);
    CHECK_INT(cepa_node_connect(node, &nobody, false, sim_now(sim)), CEPA_ERR_NOT_FOUND);
    sim_poke(sim, OPEN);
    sim_run(sim, 2 * CEPA_SECOND_NS);
    CHECK(is_linked(sim, NULL));
    CHECK_INT(cepa_node_connect(node, &path[1], false, sim_now(sim)), CEPA_ERR_IN_USE);
    CHECK_INT(cepa_node_connect(node, &path[1], true, sim_now(sim)), 0);
    sim_poke(sim, OPEN);
    const struct cepa_node_circuit_request request = {
        .hops_len = 3, .is_fresh = true, .path = path};
    const struct cepa_node_circuit_request strange = {.hops_len = 2, .path = &nobody};
    const struct cepa_node_circuit_request bare = {.hops_len = 1, .path = path};
    memset(&watch, 0, sizeof watch);
    CHECK_INT(cepa_node_circuit_open(sim_node(sim, 2), &watch.circuit, &strange, sim_now(sim)),
              CEPA_ERR_NOT_FOUND);
    CHECK_INT(cepa_node_circuit_open(sim_node(sim, 2), &watch.circuit, &bare, sim_now(sim)),
              CEPA_ERR_ARGUMENT);
    watch.host = 2;
    CHECK_INT(cepa_node_circuit_open(sim_node(sim, 2), &watch.circuit, &request, sim_now(sim)), 0);
    sim_poke(sim, 2);
    CHECK(sim_run_until(sim, is_ready, NULL, 5 * CEPA_MILLISECOND_NS, 5 * CEPA_SECOND_NS));
    CHECK_INT(sim_hop(sim, &watch, 1), OPEN);
    CHECK_INT(sim_hop(sim, &watch, 2), OPEN + 1);
    look(sim, "open");
    CHECK_INT(sim_echo(sim, &watch, 40, CEPA_SECOND_NS), 40);
    CHECK(sim_run_until(sim, is_direct, NULL, 10 * CEPA_MILLISECOND_NS, 5 * CEPA_SECOND_NS));
    look(sim, "direct");
    CHECK_INT(sim_echo(sim, &watch, 10, CEPA_SECOND_NS), 10);
    CHECK_INT(watch.broken, 0);
    sim_free(sim);
}

TEST(two_that_cannot_meet_stay_with_the_introducer)
{
    struct sim *sim = network(32, SIM_NAT_CONE, SIM_NAT_SYMMETRIC);
    CHECK(sim_run_until(sim, sim_is_whole, NULL, 100 * CEPA_MILLISECOND_NS, 40 * CEPA_SECOND_NS));
    CHECK(sim_run_until(sim, is_linked, NULL, 10 * CEPA_MILLISECOND_NS, 60 * CEPA_SECOND_NS));
    look(sim, "linked");
    CHECK_INT(carrier_between(sim, OPEN, OPEN + 1), CEPA_CARRIER_RELAYED);
    sim_run(sim, 20 * CEPA_SECOND_NS);
    look(sim, "later");
    CHECK_INT(carrier_between(sim, OPEN, OPEN + 1), CEPA_CARRIER_RELAYED);
    uint32_t working = 0;
    for (uint32_t i = 0; i < 20; i++) {
        working += sim_build(sim, &watch, i % (OPEN + 2), 3) &&
                   sim_echo(sim, &watch, 1, CEPA_SECOND_NS) == 1;
        sim_unbuild(sim, &watch);
    }
    test_note("%u of 20 circuits", working);
    CHECK(working >= 19);
    sim_free(sim);
}

static bool is_found_out(struct sim *sim, void *context)
{
    (void)context;
    struct cepa_node_status status = sim_status(sim, OPEN);
    return status.is_filtered && status.is_published;
}

static bool is_dialled(struct sim *sim, void *context)
{
    (void)context;
    struct cepa_node_status status = sim_status(sim, OPEN);
    return !status.is_filtered && status.is_published && status.receipts >= 2;
}

/* Whoever only believes that it can be dialled does not wait for dial-backs for ever. */
TEST(a_relay_behind_a_filter_is_introduced)
{
    struct sim *sim = network(34, SIM_NAT_FILTERED, SIM_NAT_CONE);
    CHECK(!sim_status(sim, OPEN).is_published);
    CHECK(sim_run_until(sim, is_found_out, NULL, 100 * CEPA_MILLISECOND_NS, 60 * CEPA_SECOND_NS));
    test_note("introduced at %llu ms", (unsigned long long)(sim_now(sim).ns / CEPA_MILLISECOND_NS));
    for (uint32_t i = 0; i < OPEN; i++) {
        CHECK(!sim_status(sim, i).is_filtered);
    }
    CHECK(sim_run_until(sim, sim_is_whole, NULL, 100 * CEPA_MILLISECOND_NS, 30 * CEPA_SECOND_NS));
    struct cepa_time opened = sim_now(sim);
    sim->hosts[OPEN].config.nat = SIM_NAT_OPEN; /* the filter is opened, or never was one */
    CHECK(sim_run_until(sim, is_dialled, NULL, 100 * CEPA_MILLISECOND_NS, 240 * CEPA_SECOND_NS));
    test_note("dialled again after %llu ms",
              (unsigned long long)(cepa_time_since(sim_now(sim), opened) / CEPA_MILLISECOND_NS));
    sim_free(sim);
}

TEST_MAIN(RUN(two_behind_nats_are_introduced_and_go_direct),
          RUN(a_circuit_over_a_link_that_moves_loses_nothing),
          RUN(two_that_cannot_meet_stay_with_the_introducer),
          RUN(a_relay_behind_a_filter_is_introduced))
