/* A node whose guards' credentials and keys are gone has no circuit to fetch a bucket through, and
 * gets them from the guards themselves. */
#include <string.h>

#include "mesh/mesh_state.h"
#include "node/node_state.h"
#include "sim/watch.h"
#include "support/custody_net.h"
#include "support/test.h"

enum { CLIENT = CUSTODY_NET_FEW, RELAY = 3 };

static struct sim_watch watch;

static bool is_keyed(struct cepa_node *node)
{
    const struct cepa_guard *guards[CEPA_GUARDS_IN_USE];
    size_t len = cepa_guards_in_use(&node->guards, guards);
    size_t keyed = 0;
    for (size_t i = 0; i < len; i++) {
        const struct cepa_index_entry *entry = cepa_index_find(&node->index, guards[i]->key.bytes);
        keyed += entry != NULL && entry->has_node &&
                 cepa_objects_hop_key(&node->objects, &entry->node, node->mesh->epoch) != NULL;
    }
    return len > 0 && keyed == len;
}

/* Takes the guards' objects away. */
static void lose(struct cepa_node *node)
{
    const struct cepa_guard *guards[CEPA_GUARDS_IN_USE];
    size_t len = cepa_guards_in_use(&node->guards, guards);
    struct cepa_objects *objects = &node->objects;
    for (size_t i = 0; i < len; i++) {
        for (uint32_t slot = 0; slot < objects->limits.credentials_max; slot++) {
            if (cepa_objects_is_of(objects, slot, guards[i]->key.bytes)) {
                cepa_objects_drop(objects, slot);
            }
        }
    }
}

/* Takes every other way to get them back away. */
static void isolate(struct cepa_node *node)
{
    node->mesh->buckets_at = cepa_time_never();
    node->mesh->custody_at = cepa_time_never();
    node->mesh->custody_len = 0;
}

static bool is_ready(struct sim *sim, void *context)
{
    const uint32_t *host = context;
    return sim_status(sim, *host).circuits_ready_ahead > 0 && is_keyed(sim_node(sim, *host));
}

TEST(guards_give_their_own_objects_when_nothing_else_can)
{
    struct sim *sim = custody_net_few(&watch, 75, 0);
    struct sim_host_config client = sim_host_config_client();
    CHECK_INT(sim_add(sim, &client), CLIENT);
    sim_start(sim, CLIENT);
    sim_invite(sim, 0, CLIENT);
    static uint32_t hosts[] = {CLIENT, RELAY};
    for (size_t i = 0; i < 2; i++) {
        CHECK(sim_run_until(sim, is_ready, &hosts[i], 200 * CEPA_MILLISECOND_NS,
                            60 * CEPA_SECOND_NS));
    }
    sim_run(sim, 5 * CEPA_SECOND_NS);
    for (size_t i = 0; i < 2; i++) {
        struct cepa_node *node = sim_node(sim, hosts[i]);
        isolate(node);
        lose(node);
        CHECK(!is_keyed(node));
        uint64_t began_ns = sim_now(sim).ns;
        CHECK(sim_run_until(sim, is_ready, &hosts[i], 100 * CEPA_MILLISECOND_NS,
                            15 * CEPA_SECOND_NS));
        test_note("a %s has its guards' keys again after %llu ms", i == 0 ? "client" : "relay",
                  (unsigned long long)((sim_now(sim).ns - began_ns) / CEPA_MILLISECOND_NS));
        CHECK(sim_build(sim, &watch, hosts[i], 3));
        CHECK_INT(sim_echo(sim, &watch, 1, CEPA_SECOND_NS), 1);
        sim_unbuild(sim, &watch);
    }
    sim_free(sim);
}

TEST_MAIN(RUN(guards_give_their_own_objects_when_nothing_else_can))
