/* Two nodes of the simulator: they link, and the same seed gives the same trace. */
#include <string.h>

#include "node/node_status.h"
#include "sim/sim.h"
#include "support/test.h"

static bool are_linked(struct sim *sim, void *context)
{
    (void)context;
    for (uint32_t host = 0; host < sim_hosts(sim); host++) {
        struct cepa_node_status status;
        cepa_node_status_get(sim_node(sim, host), &status, sim_now(sim), sim_wall(sim, host));
        if (status.links == 0) {
            return false;
        }
    }
    return true;
}

static struct sim *pair(uint64_t seed, uint32_t loss_permille, struct sim_host_config second)
{
    struct sim_config config = sim_config_default(seed);
    config.loss_permille = loss_permille;
    config.is_lossy = true;
    struct sim *sim = sim_new(&config);
    struct sim_host_config relay = sim_host_config_relay();
    sim_add(sim, &relay);
    sim_add(sim, &second);
    sim_start(sim, 0);
    sim_start(sim, 1);
    sim_run(sim, CEPA_SECOND_NS);
    sim_invite(sim, 0, 1);
    return sim;
}

TEST(two_relays_link)
{
    struct sim *sim = pair(1, 0, sim_host_config_relay());
    CHECK(sim_run_until(sim, are_linked, NULL, 10 * CEPA_MILLISECOND_NS, 5 * CEPA_SECOND_NS));
    test_note("linked at %llu ms, %llu frames",
              (unsigned long long)(sim_now(sim).ns / CEPA_MILLISECOND_NS),
              (unsigned long long)sim_frames(sim));
    sim_free(sim);
}

TEST(a_client_links_with_a_relay)
{
    struct sim *sim = pair(2, 0, sim_host_config_client());
    CHECK(sim_run_until(sim, are_linked, NULL, 10 * CEPA_MILLISECOND_NS, 5 * CEPA_SECOND_NS));
    sim_free(sim);
}

TEST(they_link_in_spite_of_loss)
{
    struct sim *sim = pair(3, 200, sim_host_config_relay());
    CHECK(sim_run_until(sim, are_linked, NULL, 10 * CEPA_MILLISECOND_NS, 20 * CEPA_SECOND_NS));
    sim_free(sim);
}

TEST(one_seed_gives_one_trace)
{
    uint8_t traces[3][32];
    for (size_t i = 0; i < 3; i++) {
        struct sim *sim = pair(i == 2 ? 8 : 7, 20, sim_host_config_relay());
        sim_run(sim, 20 * CEPA_SECOND_NS);
        sim_trace(sim, traces[i]);
        sim_free(sim);
    }
    CHECK_BYTES(traces[0], traces[1], sizeof traces[0]);
    CHECK(memcmp(traces[0], traces[2], sizeof traces[0]) != 0);
}

TEST_MAIN(RUN(two_relays_link), RUN(a_client_links_with_a_relay), RUN(they_link_in_spite_of_loss),
          RUN(one_seed_gives_one_trace))
