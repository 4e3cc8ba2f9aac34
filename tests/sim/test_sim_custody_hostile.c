/* Custodians that lie, withhold or die: whoever follows their buckets fetches them elsewhere. With
 * CEPA_SOAK only. */
#include <stdlib.h>
#include <string.h>

#include "mesh/mesh_state.h"
#include "node/node_state.h"
#include "sim/watch.h"
#include "support/custody_net.h"
#include "support/test.h"

enum { RELAYS = CUSTODY_NET_RELAYS, HOSTILE = 12, DEAD = 8, TRIES = 100 };

static struct sim_watch watch;

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

static bool honest_are_ready(struct sim *sim)
{
    for (uint32_t host = HOSTILE; host < RELAYS; host++) {
        if (sim_status(sim, host).circuits_ready_ahead == 0) {
            return false;
        }
    }
    return true;
}

/* Hosts below `from` do not build. */
static uint32_t build(struct sim *sim, uint32_t from)
{
    uint32_t good = 0;
    for (uint32_t i = 0; i < TRIES; i++) {
        good += sim_build(sim, &watch, from + i * 7 % (RELAYS - from), 3) &&
                sim_echo(sim, &watch, 1, CEPA_SECOND_NS) == 1;
        sim_unbuild(sim, &watch);
    }
    return good;
}

static uint64_t failed(struct sim *sim)
{
    uint64_t sum = 0;
    for (uint32_t host = HOSTILE; host < RELAYS; host++) {
        struct cepa_mesh_status mesh;
        cepa_mesh_status_get(&mesh, sim_node(sim, host)->mesh);
        sum += mesh.buckets_failed;
    }
    return sum;
}

TEST(hostile_custodians_delay_and_do_not_prevent)
{
    if (getenv("CEPA_SOAK") == NULL) {
        test_skip("takes longer than a test of every day: CEPA_SOAK=1");
    }
    static const char *const names[] = {"withhold", "lie"};
    for (int evil = WITHHOLDS; evil <= LIES; evil++) {
        struct sim *sim = custody_net(&watch, 81 + (uint64_t)evil, 0);
        /* Past the first epoch, so that all keys come from custodians. */
        for (uint32_t i = 0; i < 200 * 4; i++) {
            sim_run(sim, 250 * CEPA_MILLISECOND_NS);
            for (uint32_t host = 1; host < HOSTILE && i > 60 * 4; host++) {
                spoil(sim_node(sim, host), (enum evil)evil);
            }
        }
        uint32_t good = build(sim, HOSTILE);
        test_note("%d of %d %s: ready %d, %u of %d circuits, %llu fetches failed", HOSTILE - 1,
                  RELAYS, names[evil], honest_are_ready(sim), good, TRIES,
                  (unsigned long long)failed(sim));
        CHECK(good * 100 >= TRIES * 99);
        sim_free(sim);
    }
}

/* Relays die, two of three custodians of many buckets among them; an epoch later nobody has their
 * keys, and paths are made of those that live. */
TEST(dead_custodians_are_replaced)
{
    if (getenv("CEPA_SOAK") == NULL) {
        test_skip("takes longer than a test of every day: CEPA_SOAK=1");
    }
    struct sim *sim = custody_net(&watch, 91, 0);
    sim_run(sim, 60 * CEPA_SECOND_NS);
    for (uint32_t host = 0; host < DEAD; host++) {
        sim_kill(sim, host, false);
    }
    sim_run(sim, 170 * CEPA_SECOND_NS);
    uint32_t good = build(sim, DEAD);
    test_note("%d of %d died: %u of %d circuits", DEAD, RELAYS, good, TRIES);
    CHECK(good * 100 >= TRIES * 99);
    sim_free(sim);
}

TEST_MAIN(RUN(hostile_custodians_delay_and_do_not_prevent), RUN(dead_custodians_are_replaced))
