/* Hosts on which an end lives beside the node. */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "sim/world.h"

void sim_end_start(struct sim *sim, uint32_t number)
{
    struct sim_host *host = &sim->hosts[number];
    if (!host->config.has_end) {
        return;
    }
    struct cepa_end_config config = {
        .profile = sim->config.profile, .node = host->node, .random = &host->hook};
    cepa_end_limits_test(&config.limits);
    size_t size = cepa_end_size(&config.limits);
    host->end_memory = aligned_alloc(64, (size + 63) / 64 * 64);
    CEPA_ASSERT(host->end_memory != NULL);
    int error = cepa_end_init(&host->end, host->end_memory, size, &config, sim_now(sim),
                              sim_wall(sim, number));
    CEPA_ASSERT(error == 0);
    sim_store_restore_end(host);
}

void sim_end_stop(struct sim_host *host)
{
    if (host->end != NULL) {
        cepa_end_wipe(host->end);
        free(host->end_memory);
        host->end = NULL;
        host->end_memory = NULL;
    }
}

/* sim_end_settle takes what the end of a host says, which lets its packets leave; true if there was
 * anything. */
bool sim_end_settle(struct sim *sim, uint32_t number)
{
    struct sim_host *host = &sim->hosts[number];
    struct cepa_end_effect effect;
    bool has_moved = false;
    while (host->end != NULL && cepa_end_next(host->end, &effect, sim_now(sim)) == 0) {
        has_moved = true;
        sim_note(sim, 300 + (uint64_t)effect.event, number, effect.stream.kind, NULL, 0);
        if (effect.event == 0) {
            struct cepa_node_effect store = {.kind = CEPA_NODE_STORE,
                                             .table = effect.table,
                                             .key_len = effect.key_len,
                                             .is_gone = effect.is_gone,
                                             .data = effect.data,
                                             .data_len = effect.data_len};
            memcpy(store.key, effect.key, sizeof store.key);
            sim_store_put(host, &store);
        } else if (sim->config.on_end != NULL) {
            sim->config.on_end(sim->config.context, sim, number, &effect);
        }
    }
    return has_moved;
}

struct cepa_end *sim_end_of(struct sim *sim, uint32_t host)
{
    return sim->hosts[host].end;
}

uint64_t sim_wakes(const struct sim *sim, uint32_t host)
{
    return sim->hosts[host].wakes;
}
