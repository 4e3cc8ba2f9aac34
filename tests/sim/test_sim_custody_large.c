/* 300 relays with the numbers of the network `main`: 256, 32 to 64, 8. Prints what a node stores
 * and transfers. Long: with CEPA_SOAK only. Signatures are verified once for all 300
 * (tests/support/remembered_verify.c). */
#include <stdlib.h>
#include <string.h>

#include "mesh/mesh_state.h"
#include "node/node_state.h"
#include "sim/watch.h"
#include "support/test.h"

enum { RELAYS = 300, JOIN_EVERY = 10, TRIES = 100, READY_S = 120 };

static struct sim_watch watch;

static uint32_t ready(struct sim *sim)
{
    uint32_t count = 0;
    for (uint32_t host = 0; host < sim_hosts(sim); host++) {
        count += sim_node(sim, host) != NULL && sim_status(sim, host).circuits_ready_ahead > 0;
    }
    return count;
}

static bool is_ready(struct sim *sim, void *unused)
{
    (void)unused;
    return ready(sim) == RELAYS;
}

/* Sums over all nodes. */
struct sums {
    uint64_t bucket_bytes;
    uint64_t buckets;
    uint64_t failed;
    uint64_t mesh_out;
    uint64_t credentials;
    uint64_t keys;
    uint64_t ways;
};

static struct sums sum_up(struct sim *sim)
{
    struct sums sums = {0};
    for (uint32_t host = 0; host < sim_hosts(sim); host++) {
        struct cepa_mesh_status mesh;
        const struct cepa_node *node = sim_node(sim, host);
        cepa_mesh_status_get(&mesh, node->mesh);
        sums.bucket_bytes += mesh.bucket_bytes;
        sums.buckets += mesh.buckets_asked;
        sums.failed += mesh.buckets_failed;
        sums.mesh_out += mesh.bytes_out;
        sums.ways += node->mesh->ways.count;
        for (uint32_t i = 0; i < node->objects.limits.credentials_max; i++) {
            sums.credentials += node->objects.credentials[i].len > 0;
        }
        sums.keys += node->objects.by_key.count;
    }
    return sums;
}

static void print(struct sim *sim, const char *what, const struct sums *before, uint64_t seconds)
{
    struct sums now = sum_up(sim);
    test_note("%s: ready %u, each stores %llu credentials, %llu key records, %llu ways; in %llu s "
              "each fetched %.1f buckets (%.1f failed), %llu bytes, and sent %llu bytes of mesh",
              what, ready(sim), (unsigned long long)(now.credentials / RELAYS),
              (unsigned long long)(now.keys / RELAYS), (unsigned long long)(now.ways / RELAYS),
              (unsigned long long)seconds, (double)(now.buckets - before->buckets) / RELAYS,
              (double)(now.failed - before->failed) / RELAYS,
              (unsigned long long)((now.bucket_bytes - before->bucket_bytes) / RELAYS),
              (unsigned long long)((now.mesh_out - before->mesh_out) / RELAYS));
}

TEST(three_hundred_relays_at_the_real_threshold)
{
    struct sim_config config = sim_config_default(300);
    struct sim_host_config relay = sim_host_config_relay();
    struct sums sums = {0};
    if (getenv("CEPA_SOAK") == NULL) {
        test_skip("300 relays take minutes: CEPA_SOAK=1");
    }
    relay.limits.index_records = 512;
    relay.limits.credentials = 512;
    relay.limits.links = 400; /* that of a daemon would do, but takes more memory */
    relay.limits.handshakes = 64;
    relay.limits.buffers = 256;
    relay.limits.relay_circuits = 2048;
    config.on_event = sim_watch_on_event;
    config.context = &watch;
    struct sim *sim = sim_new(&config);
    for (uint32_t host = 0; host < RELAYS; host++) {
        sim_add(sim, &relay);
        sim_start(sim, host);
        if (host % JOIN_EVERY == 0) {
            sim_run(sim, 400 * CEPA_MILLISECOND_NS);
        }
        for (uint32_t i = host; host % JOIN_EVERY == 0 && i > 0 && i + JOIN_EVERY > host; i--) {
            sim_invite(sim, i / 2, i);
        }
    }
    for (uint32_t i = 0; i < RELAYS; i++) {
        if (!sim_status(sim, i).is_joined && i > 0) {
            sim_invite(sim, i / 2, i);
        }
    }
    CHECK(sim_run_until(sim, is_ready, NULL, CEPA_SECOND_NS, READY_S * CEPA_SECOND_NS));
    print(sim, "joined", &sums, sim_now(sim).ns / CEPA_SECOND_NS);
    sums = sum_up(sim);
    sim_run(sim, 150 * CEPA_SECOND_NS);
    print(sim, "an epoch later", &sums, 150);
    uint32_t good = 0;
    for (uint32_t i = 0; i < TRIES; i++) {
        good += sim_build(sim, &watch, i * 7 % RELAYS, 3) &&
                sim_echo(sim, &watch, 1, CEPA_SECOND_NS) == 1;
        sim_unbuild(sim, &watch);
    }
    test_note("%u of %d circuits", good, TRIES);
    CHECK(good >= TRIES * 99 / 100);
    sim_free(sim);
}

TEST_MAIN(RUN(three_hundred_relays_at_the_real_threshold))
