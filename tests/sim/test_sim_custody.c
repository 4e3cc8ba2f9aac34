/* A network in which nobody holds everything: buckets lie with custodians, and everybody builds
 * circuits all the same. The profile is `test` with small numbers: large from 16 relays on, buckets
 * of 4 to 7, three custodians. */
#include <string.h>

#include "node/node_state.h"
#include "sim/watch.h"
#include "support/custody_net.h"
#include "support/test.h"

enum {
    RELAYS = CUSTODY_NET_RELAYS,
    LARGE = CUSTODY_NET_LARGE,
    CUSTODIANS = CUSTODY_NET_CUSTODIANS
};

static struct sim_watch watch;

static void print(struct sim *sim)
{
    struct cepa_mesh_status sum = {0};
    uint32_t here = 0;
    uint32_t up = 0;
    for (uint32_t host = 0; host < sim_hosts(sim); host++) {
        struct cepa_mesh_status mesh;
        if (sim_node(sim, host) == NULL) {
            continue;
        }
        cepa_mesh_status_get(&mesh, sim_node(sim, host)->mesh);
        here += sim_status(sim, host).relays_here;
        sum.buckets_asked += mesh.buckets_asked;
        sum.buckets_failed += mesh.buckets_failed;
        sum.bucket_bytes += mesh.bucket_bytes;
        sum.buckets_served += mesh.buckets_served;
        sum.bytes_out += mesh.bytes_out;
        up++;
    }
    test_note("at %llu s: %u nodes, on average %u relays here, buckets %llu, failed %llu, %llu "
              "chunks served to circuits, mesh %llu bytes/s each",
              (unsigned long long)(sim_now(sim).ns / CEPA_SECOND_NS), up, here / up,
              (unsigned long long)sum.buckets_asked, (unsigned long long)sum.buckets_failed,
              (unsigned long long)sum.buckets_served,
              (unsigned long long)(sum.bytes_out / up / (sim_now(sim).ns / CEPA_SECOND_NS)));
}

static bool all_ready(struct sim *sim, void *context)
{
    (void)context;
    for (uint32_t host = 0; host < sim_hosts(sim); host++) {
        if (sim_node(sim, host) != NULL && (!sim_status(sim, host).is_published ||
                                            sim_status(sim, host).circuits_ready_ahead == 0)) {
            return false;
        }
    }
    return true;
}

static uint32_t build(struct sim *sim, uint32_t tries)
{
    uint32_t good = 0;
    for (uint32_t i = 0; i < tries; i++) {
        uint32_t host = i * 7 % RELAYS;
        if (sim_node(sim, host) == NULL) {
            tries++;
            continue;
        }
        good += sim_build(sim, &watch, host, 3) && sim_echo(sim, &watch, 1, CEPA_SECOND_NS) == 1;
        sim_unbuild(sim, &watch);
    }
    return good;
}

TEST(all_build_circuits_though_nobody_holds_everything)
{
    struct sim *sim = custody_net(&watch, 71, 0);
    bool is_ready =
        sim_run_until(sim, all_ready, NULL, 200 * CEPA_MILLISECOND_NS, 60 * CEPA_SECOND_NS);
    print(sim);
    if (!is_ready) {
        sim_print(sim);
    }
    CHECK(is_ready);
    sim_run(sim, 20 * CEPA_SECOND_NS);
    print(sim);
    uint32_t good = build(sim, 100);
    test_note("%u of 100 circuits", good);
    CHECK(good >= 99);
    sim_free(sim);
}

TEST_MAIN(RUN(all_build_circuits_though_nobody_holds_everything))
