/* Nodes that count a few relays more or fewer than custody begins with: on both sides of the border
 * everybody builds circuits, and nobody forgets what it fetches again. */
#include <string.h>

#include "mesh/mesh_state.h"
#include "node/node_state.h"
#include "sim/watch.h"
#include "support/custody_net.h"
#include "support/test.h"

/* Below 16 a network is small, from 18 on nobody has all. */
enum { BEFORE = 14, BETWEEN = 17, ABOVE = 22, EPOCH_S = 150, BEFORE_EPOCH_S = 40, TRIES = 40 };

static struct sim_watch watch;

/* Records last for days, so that a network shrinks slowly; here the border moves instead, for one
 * node. */
static void set_border(struct sim *sim, uint32_t host, uint32_t relays)
{
    sim_node(sim, host)->mesh->config.limits.custody_relays = relays;
}

static void add(struct sim *sim, uint32_t relays)
{
    struct sim_host_config relay = sim_host_config_relay();
    while (sim_hosts(sim) < relays) {
        uint32_t host = sim_add(sim, &relay);
        sim_start(sim, host);
        sim_invite(sim, 0, host);
    }
}

static bool all_ready(struct sim *sim, void *context)
{
    (void)context;
    for (uint32_t host = 0; host < sim_hosts(sim); host++) {
        if (!sim_status(sim, host).is_published ||
            sim_status(sim, host).circuits_ready_ahead == 0 ||
            cepa_index_count(&sim_node(sim, host)->index) < sim_hosts(sim)) {
            return false;
        }
    }
    return true;
}

/* How many credentials all nodes have. */
static uint32_t kept(struct sim *sim)
{
    uint32_t sum = 0;
    for (uint32_t host = 0; host < sim_hosts(sim); host++) {
        sum += sim_node(sim, host)->objects.by_node.count;
    }
    return sum;
}

static bool all_have_all(struct sim *sim, void *context)
{
    (void)context;
    return kept(sim) == sim_hosts(sim) * sim_hosts(sim);
}

static uint32_t build(struct sim *sim, const char *when)
{
    uint32_t good = 0;
    for (uint32_t i = 0; i < TRIES; i++) {
        good += sim_build(sim, &watch, i * 7 % sim_hosts(sim), 3) &&
                sim_echo(sim, &watch, 1, CEPA_SECOND_NS) == 1;
        sim_unbuild(sim, &watch);
    }
    test_note("%s: %u of %d circuits, %u of %u credentials kept", when, good, TRIES, kept(sim),
              sim_hosts(sim) * sim_hosts(sim));
    return good;
}

static void wait_ready(struct sim *sim)
{
    bool is_ready =
        sim_run_until(sim, all_ready, NULL, 200 * CEPA_MILLISECOND_NS, 30 * CEPA_SECOND_NS);
    if (!is_ready) {
        sim_print(sim);
    }
    CHECK(is_ready);
}

TEST(a_network_grows_over_the_border_and_shrinks_back)
{
    struct sim_config config =
        custody_net_config(&watch, 77, (EPOCH_S - BEFORE_EPOCH_S) * UINT64_C(1000));
    struct sim *sim = sim_network(&config, BEFORE);
    uint32_t good = 0;
    wait_ready(sim);
    good += build(sim, "small");

    /* Each counts another number: for a third it is small, for a third just large enough. */
    add(sim, BETWEEN);
    for (uint32_t host = 0; host < BETWEEN; host++) {
        set_border(sim, host, BETWEEN - 1 + host % 3);
    }
    wait_ready(sim);
    CHECK(sim_run_until(sim, all_have_all, NULL, 200 * CEPA_MILLISECOND_NS, 15 * CEPA_SECOND_NS));
    good += build(sim, "at the border");
    /* Those with small counts and those with larger ones keep everything, and tell each other the
     * keys of the next epoch. */
    uint64_t until_ns = (BEFORE_EPOCH_S + 10) * CEPA_SECOND_NS;
    if (sim_now(sim).ns < until_ns) {
        sim_run(sim, until_ns - sim_now(sim).ns);
    }
    CHECK(all_have_all(sim, NULL));
    good += build(sim, "at the border, an epoch later");

    /* To and fro, ten times: nothing is forgotten, so nothing is fetched again. */
    uint64_t asked = sim_node(sim, 1)->mesh->counts.buckets_asked;
    for (uint32_t i = 0; i < 10; i++) {
        for (uint32_t host = 0; host < BETWEEN; host++) {
            set_border(sim, host, BETWEEN - 1 + (host + i) % 3);
        }
        sim_run(sim, 500 * CEPA_MILLISECOND_NS);
        CHECK(all_have_all(sim, NULL));
    }
    CHECK(sim_node(sim, 1)->mesh->counts.buckets_asked <= asked + 6);
    good += build(sim, "to and fro");

    add(sim, ABOVE);
    for (uint32_t host = 0; host < ABOVE; host++) {
        set_border(sim, host, CUSTODY_NET_LARGE);
    }
    wait_ready(sim);
    sim_run(sim, 5 * CEPA_SECOND_NS);
    good += build(sim, "large");
    CHECK(!all_have_all(sim, NULL));

    for (uint32_t host = 0; host < ABOVE; host++) {
        set_border(sim, host, ABOVE - 1 + host % 3);
    }
    CHECK(sim_run_until(sim, all_have_all, NULL, 200 * CEPA_MILLISECOND_NS, 60 * CEPA_SECOND_NS));
    good += build(sim, "at the border again");
    CHECK(good * 100 >= 6 * TRIES * 99);
    sim_free(sim);
}

TEST_MAIN(RUN(a_network_grows_over_the_border_and_shrinks_back))
