/* Connections as carriers. */
#include "native/daemon/carriers.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "native/daemon/carriers_state.h"
#include "node/node_facts.h"

int cepa_carriers_new(struct cepa_carriers **ret_carriers, struct cepa_endpoint *endpoint,
                      struct cepa_node *node, const struct cepa_random *random)
{
    size_t size = cepa_map_size(CEPA_ENDPOINT_CONNECTIONS_MAX, sizeof(uint64_t), sizeof(uint32_t));
    struct cepa_siphash_key key;
    int status = cepa_random_fill(random, key.bytes, sizeof key.bytes);
    if (status != 0) {
        return status;
    }
    struct cepa_carriers *carriers = calloc(1, sizeof *carriers);
    void *memory = aligned_alloc(64, (size + 63) / 64 * 64);
    if (carriers == NULL || memory == NULL) {
        free(carriers);
        free(memory);
        return CEPA_ERR_EXHAUSTED;
    }
    carriers->endpoint = endpoint;
    carriers->node = node;
    carriers->map_memory = memory;
    cepa_map_init(&carriers->by_number, memory, size, CEPA_ENDPOINT_CONNECTIONS_MAX,
                  sizeof(uint64_t), sizeof(uint32_t), &key);
    *ret_carriers = carriers;
    return 0;
}

void cepa_carriers_free(struct cepa_carriers *carriers)
{
    if (carriers == NULL) {
        return;
    }
    for (size_t i = 0; i < CEPA_ENDPOINT_CONNECTIONS_MAX; i++) {
        free(carriers->entries[i]);
    }
    free(carriers->map_memory);
    free(carriers);
}

struct cepa_carrier_entry *cepa_carrier_of(struct cepa_carriers *carriers,
                                           struct cepa_connection_id id)
{
    struct cepa_carrier_entry *entry = carriers->entries[id.handle.index];
    return entry != NULL && cepa_handle_is_equal(entry->id.handle, id.handle) ? entry : NULL;
}

struct cepa_carrier_entry *cepa_carrier_find(struct cepa_carriers *carriers, uint64_t number)
{
    const uint32_t *index = cepa_map_find(&carriers->by_number, &number);
    return index != NULL ? carriers->entries[*index] : NULL;
}

/* Takes it from those that have frames. */
static void unmark(struct cepa_carriers *carriers, const struct cepa_carrier_entry *entry)
{
    uint32_t index = entry->id.handle.index;
    for (size_t i = 0; i < carriers->marked_len; i++) {
        if (carriers->marked[i] == index) {
            carriers->marked_len--;
            carriers->marked[i] = carriers->marked[carriers->marked_len];
            return;
        }
    }
}

void cepa_carrier_forget(struct cepa_carriers *carriers, struct cepa_carrier_entry *entry)
{
    uint32_t index = entry->id.handle.index;
    int status = cepa_map_remove(&carriers->by_number, &entry->number);
    CEPA_ASSERT(status == 0);
    if (entry->is_marked) {
        unmark(carriers, entry);
    }
    carriers->lingering -= entry->is_closing;
    carriers->entries[index] = NULL;
    free(entry);
}

struct cepa_carrier_entry *cepa_carrier_add(struct cepa_carriers *carriers,
                                            struct cepa_connection_id id, uint64_t number)
{
    uint32_t index = id.handle.index;
    CEPA_ASSERT(index < CEPA_ENDPOINT_CONNECTIONS_MAX);
    if (carriers->entries[index] != NULL) {
        cepa_carrier_forget(carriers, carriers->entries[index]);
    }
    struct cepa_carrier_entry *entry = calloc(1, sizeof *entry);
    if (entry == NULL || cepa_map_put(&carriers->by_number, &number, &index) != 0) {
        free(entry);
        return NULL;
    }
    entry->id = id;
    entry->number = number;
    carriers->entries[index] = entry;
    return entry;
}

void cepa_carrier_drop(struct cepa_carriers *carriers, struct cepa_connection_id id)
{
    int status = cepa_endpoint_close(carriers->endpoint, id);
    (void)status; /* it may be closed already */
}

void cepa_carrier_mark(struct cepa_carriers *carriers, struct cepa_carrier_entry *entry)
{
    if (!entry->is_marked) {
        entry->is_marked = true;
        carriers->marked[carriers->marked_len] = entry->id.handle.index;
        carriers->marked_len++;
    }
}

void cepa_carrier_end(struct cepa_carriers *carriers, struct cepa_carrier_entry *entry, int error,
                      struct cepa_time now)
{
    uint64_t number = entry->number;
    bool is_told = !entry->is_closing;
    cepa_carrier_drop(carriers, entry->id);
    cepa_carrier_forget(carriers, entry);
    if (is_told) {
        cepa_node_on_carrier_closed(carriers->node, number, error, now);
    }
}

void cepa_carriers_step(struct cepa_carriers *carriers, struct cepa_time now)
{
    for (size_t i = 0; i < CEPA_ENDPOINT_CONNECTIONS_MAX && carriers->lingering > 0; i++) {
        struct cepa_carrier_entry *entry = carriers->entries[i];
        if (entry != NULL && entry->is_closing && cepa_time_is_due(entry->close_at, now)) {
            cepa_carrier_end(carriers, entry, 0, now);
        }
    }
}

struct cepa_time cepa_carriers_deadline(const struct cepa_carriers *carriers)
{
    struct cepa_time deadline = cepa_time_never();
    for (size_t i = 0; i < CEPA_ENDPOINT_CONNECTIONS_MAX && carriers->lingering > 0; i++) {
        const struct cepa_carrier_entry *entry = carriers->entries[i];
        if (entry != NULL && entry->is_closing) {
            deadline = cepa_time_earliest(deadline, entry->close_at);
        }
    }
    return deadline;
}

struct cepa_carriers_counts cepa_carriers_counts(const struct cepa_carriers *carriers)
{
    return carriers->counts;
}
