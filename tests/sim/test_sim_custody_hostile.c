/* Custodians that lie, withhold or die: whoever follows their buckets fetches them elsewhere. Small
 * networks at the end of an epoch; with CEPA_SOAK larger ones, for longer. */
#include <stdlib.h>
#include <string.h>

#include "mesh/mesh_state.h"
#include "node/node_state.h"
#include "sim/watch.h"
#include "support/custody_net.h"
#include "support/test.h"

enum { EPOCH_S = 150 };

/* How large, and how long. The next epoch begins while it runs, so that all keys come from
 * custodians. */
struct scale {
    uint32_t relays;
    uint32_t hostile; /* hosts from 1 on; host 0 introduces the others to each other */
    uint32_t dead;    /* hosts from 0 on */
    uint32_t begin_s; /* since an epoch began */
    uint32_t spoil_s; /* since then they are hostile, or dead */
    uint32_t end_s;   /* of which circuits are built */
    uint32_t tries;
};

static const struct scale small = {20, 6, 4, EPOCH_S - 16, 8, 34, 30};
static const struct scale large = {CUSTODY_NET_RELAYS, 12, 8, 0, 60, 200, 100};

static struct sim_watch watch;

static struct sim *begin(const struct scale *scale, uint64_t seed)
{
    struct sim_config config = custody_net_config(&watch, seed, scale->begin_s * UINT64_C(1000));
    return sim_network(&config, scale->relays);
}

enum evil { WITHHOLDS, LIES };

/* Makes a custodian that refuses every request, or hands out forged objects. Its own objects stay,
 * so that it remains a relay. */
static void spoil(struct cepa_node *node, enum evil evil)
{
    struct cepa_objects *objects = &node->objects;
    if (evil == WITHHOLDS) {
        node->mesh->custody_len = 0;
        node->mesh->custody_at = cepa_time_never();
        return;
    }
    for (uint32_t i = 0; i < objects->used; i++) {
        struct cepa_kept_credentials *kept = &objects->credentials[i];
        if (kept->len > 0 && !cepa_objects_is_of(objects, i, node->own.record.public_key)) {
            kept->bytes[kept->len - 1] = 0;
        }
    }
    for (uint32_t i = 0; i < objects->limits.key_records_max; i++) {
        objects->key_records[i].bytes[CEPA_KEY_RECORD_SIZE - 1] = 1;
    }
}

/* Hosts below `from` do not build. */
static uint32_t build(struct sim *sim, uint32_t from, uint32_t tries)
{
    uint32_t good = 0;
    for (uint32_t i = 0; i < tries; i++) {
        good += sim_build(sim, &watch, from + i * 7 % (sim_hosts(sim) - from), 3) &&
                sim_echo(sim, &watch, 1, CEPA_SECOND_NS) == 1;
        sim_unbuild(sim, &watch);
    }
    return good;
}

static uint64_t failed(struct sim *sim, uint32_t from)
{
    uint64_t sum = 0;
    for (uint32_t host = from; host < sim_hosts(sim); host++) {
        struct cepa_mesh_status mesh;
        cepa_mesh_status_get(&mesh, sim_node(sim, host)->mesh);
        sum += mesh.buckets_failed;
    }
    return sum;
}

static void be_hostile(const struct scale *scale)
{
    static const char *const names[] = {"withhold", "lie"};
    for (int evil = WITHHOLDS; evil <= LIES; evil++) {
        struct sim *sim = begin(scale, 81 + (uint64_t)evil);
        for (uint32_t i = 0; i < scale->end_s * 4; i++) {
            sim_run(sim, 250 * CEPA_MILLISECOND_NS);
            for (uint32_t host = 1; host < scale->hostile && i > scale->spoil_s * 4; host++) {
                spoil(sim_node(sim, host), (enum evil)evil);
            }
        }
        uint32_t good = build(sim, scale->hostile, scale->tries);
        test_note("%u of %u %s: %u of %u circuits, %llu fetches failed", scale->hostile - 1,
                  scale->relays, names[evil], good, scale->tries,
                  (unsigned long long)failed(sim, scale->hostile));
        CHECK(good + 1 >= scale->tries);
        sim_free(sim);
    }
}

/* Relays die, two of three custodians of many buckets among them; in the next epoch nobody has
 * their keys, and paths are made of those that live. */
static void die(const struct scale *scale)
{
    struct sim *sim = begin(scale, 91);
    sim_run(sim, scale->spoil_s * CEPA_SECOND_NS);
    for (uint32_t host = 0; host < scale->dead; host++) {
        sim_kill(sim, host, false);
    }
    sim_run(sim, (scale->end_s - scale->spoil_s) * CEPA_SECOND_NS);
    uint32_t good = build(sim, scale->dead, scale->tries);
    test_note("%u of %u died: %u of %u circuits", scale->dead, scale->relays, good, scale->tries);
    CHECK(good + 1 >= scale->tries);
    sim_free(sim);
}

TEST(hostile_custodians_delay_and_do_not_prevent)
{
    be_hostile(&small);
}

TEST(dead_custodians_are_replaced)
{
    die(&small);
}

TEST(so_it_is_in_a_larger_network)
{
    if (getenv("CEPA_SOAK") == NULL) {
        test_skip("takes longer than a test of every day: CEPA_SOAK=1");
    }
    be_hostile(&large);
    die(&large);
}

TEST_MAIN(RUN(hostile_custodians_delay_and_do_not_prevent), RUN(dead_custodians_are_replaced),
          RUN(so_it_is_in_a_larger_network))
