/* The table's memory, the life of its circuits, and the effects. @[SPEC 11.7] */
#include "onion/circuit_table.h"

#include <string.h>

#include "base/assert.h"
#include "base/block.h"
#include "base/ct.h"
#include "onion/circuit_table_parts.h"

enum { ID_KEY_LEN = 12, LINK_KEY_LEN = 8 };

struct cepa_circuit_table_limits cepa_circuit_table_limits_daemon(void)
{
    const struct cepa_circuit_table_limits limits = {
        .links_max = 256,
        .circuits_max = 4096,
        .circuits_per_link_max = 1024,
        .packets_max = 512,
        .packets_per_link_max = 64,
        .renewals_max = 256,
        .packets_per_second = 200,
        .packets_burst = 400,
        .renewals_per_second = 50,
        .renewals_burst = 100,
        .idle_ns = 1200 * CEPA_SECOND_NS,
        .fresh_ns = 900 * CEPA_SECOND_NS,
        .cut_ns = 15 * CEPA_SECOND_NS,
        .join_ns = 5 * CEPA_SECOND_NS,
    };
    return limits;
}

struct cepa_circuit_table_limits cepa_circuit_table_limits_tab(void)
{
    struct cepa_circuit_table_limits limits = cepa_circuit_table_limits_daemon();
    limits.links_max /= 8;
    limits.circuits_max /= 8;
    limits.circuits_per_link_max /= 8;
    limits.packets_max /= 8;
    limits.packets_per_link_max /= 8;
    limits.renewals_max /= 8;
    limits.packets_per_second /= 8;
    limits.packets_burst /= 8;
    limits.renewals_per_second /= 8;
    limits.renewals_burst /= 8;
    return limits;
}

/* A ring's capacity is a power of two. */
static uint32_t ring_capacity(uint32_t count)
{
    uint32_t capacity = 1;
    while (capacity < count) {
        capacity *= 2;
    }
    return capacity;
}

/* The size of each part of the table's memory. */
struct sizes {
    size_t circuits;
    size_t packets;
    size_t renewals;
    size_t links;
    size_t by_id;
    size_t by_link;
    size_t ready_circuits;
    size_t ready_packets;
    size_t timers;
};

static bool is_in_range(uint32_t value)
{
    return value > 0 && value <= UINT32_C(1) << 20;
}

static bool are_valid(const struct cepa_circuit_table_limits *limits)
{
    return is_in_range(limits->links_max) && is_in_range(limits->circuits_max) &&
           is_in_range(limits->circuits_per_link_max) && is_in_range(limits->packets_max) &&
           is_in_range(limits->packets_per_link_max) && is_in_range(limits->renewals_max) &&
           is_in_range(limits->packets_per_second) && is_in_range(limits->packets_burst) &&
           is_in_range(limits->renewals_per_second) && is_in_range(limits->renewals_burst);
}

static struct sizes sizes_of(const struct cepa_circuit_table_limits *limits)
{
    const size_t handle = sizeof(struct cepa_handle);
    const struct sizes sizes = {
        cepa_pool_size(limits->circuits_max, sizeof(struct cepa_table_circuit)),
        cepa_pool_size(limits->packets_max, sizeof(struct cepa_table_packet)),
        cepa_pool_size(limits->renewals_max, sizeof(struct cepa_table_renewal)),
        cepa_pool_size(limits->links_max, sizeof(struct cepa_circuit_table_link)),
        cepa_map_size(2 * limits->circuits_max, ID_KEY_LEN, sizeof(struct cepa_table_place)),
        cepa_map_size(limits->links_max, LINK_KEY_LEN, handle),
        cepa_ring_size(ring_capacity(limits->circuits_max), handle),
        cepa_ring_size(ring_capacity(2 * limits->packets_max), handle),
        cepa_timer_heap_size(limits->circuits_max + limits->packets_max),
    };
    return sizes;
}

size_t cepa_circuit_table_size(const struct cepa_circuit_table_limits *limits)
{
    if (!are_valid(limits)) {
        return SIZE_MAX;
    }
    const struct sizes sizes = sizes_of(limits);
    const size_t parts[] = {sizes.circuits,       sizes.packets,       sizes.renewals,
                            sizes.links,          sizes.by_id,         sizes.by_link,
                            sizes.ready_circuits, sizes.ready_packets, sizes.timers};
    size_t total = 0;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        total = cepa_block_sum(total, cepa_block_round(parts[i]));
    }
    return total;
}

int cepa_circuit_table_init(struct cepa_circuit_table *ret_table, void *memory, size_t memory_len,
                            const struct cepa_circuit_table_limits *limits,
                            const struct cepa_circuit_table_tools *tools,
                            const struct cepa_siphash_key *key)
{
    struct cepa_block block;
    if (memory_len < cepa_circuit_table_size(limits)) {
        return CEPA_ERR_ARGUMENT;
    }
    const struct sizes sizes = sizes_of(limits);
    memset(ret_table, 0, sizeof *ret_table);
    ret_table->limits = *limits;
    ret_table->tools = *tools;
    cepa_block_init(&block, memory, memory_len);
    cepa_pool_init(&ret_table->circuits, cepa_block_carve(&block, sizes.circuits), sizes.circuits,
                   limits->circuits_max, sizeof(struct cepa_table_circuit));
    cepa_pool_init(&ret_table->packets, cepa_block_carve(&block, sizes.packets), sizes.packets,
                   limits->packets_max, sizeof(struct cepa_table_packet));
    cepa_pool_init(&ret_table->renewals, cepa_block_carve(&block, sizes.renewals), sizes.renewals,
                   limits->renewals_max, sizeof(struct cepa_table_renewal));
    cepa_pool_init(&ret_table->links, cepa_block_carve(&block, sizes.links), sizes.links,
                   limits->links_max, sizeof(struct cepa_circuit_table_link));
    cepa_map_init(&ret_table->by_id, cepa_block_carve(&block, sizes.by_id), sizes.by_id,
                  2 * limits->circuits_max, ID_KEY_LEN, sizeof(struct cepa_table_place), key);
    cepa_map_init(&ret_table->by_link, cepa_block_carve(&block, sizes.by_link), sizes.by_link,
                  limits->links_max, LINK_KEY_LEN, sizeof(struct cepa_handle), key);
    cepa_ring_init(&ret_table->ready_circuits, cepa_block_carve(&block, sizes.ready_circuits),
                   sizes.ready_circuits, ring_capacity(limits->circuits_max),
                   sizeof(struct cepa_handle));
    cepa_ring_init(&ret_table->ready_packets, cepa_block_carve(&block, sizes.ready_packets),
                   sizes.ready_packets, ring_capacity(2 * limits->packets_max),
                   sizeof(struct cepa_handle));
    cepa_timer_heap_init(&ret_table->timers, cepa_block_carve(&block, sizes.timers), sizes.timers,
                         limits->circuits_max + limits->packets_max);
    CEPA_ASSERT(cepa_block_end(&block) == 0);
    return 0;
}

int cepa_table_timer_set(struct cepa_circuit_table *table, struct cepa_handle *ret_timer,
                         struct cepa_handle owner, uint32_t kind, struct cepa_time deadline)
{
    const struct cepa_timer timer = {deadline, owner, kind};
    return cepa_timer_heap_add(&table->timers, ret_timer, &timer);
}

void cepa_table_timer_stop(struct cepa_circuit_table *table, struct cepa_handle *timer)
{
    if (!cepa_handle_is_none(*timer)) {
        CEPA_ASSERT(cepa_timer_heap_remove(&table->timers, *timer) == 0);
        memset(timer, 0, sizeof *timer);
    }
}

int cepa_table_circuit_make(struct cepa_circuit_table *table,
                            struct cepa_table_circuit **ret_circuit, uint64_t link,
                            uint32_t circuit_id, struct cepa_time now)
{
    struct cepa_handle handle;
    int error = cepa_pool_alloc(&table->circuits, &handle);
    if (error != 0) {
        return error;
    }
    struct cepa_table_circuit *circuit = cepa_pool_find(&table->circuits, handle);
    circuit->self = handle;
    circuit->active = now;
    error = cepa_table_side_map(table, circuit, CEPA_TABLE_PREVIOUS, link, circuit_id);
    if (error == 0) {
        error = cepa_table_timer_set(table, &circuit->timer, handle, CEPA_TABLE_TIMER_CIRCUIT,
                                     cepa_time_add(now, table->limits.fresh_ns));
    }
    if (error != 0) {
        cepa_table_side_unmap(table, circuit, CEPA_TABLE_PREVIOUS);
        CEPA_ASSERT(cepa_pool_free(&table->circuits, handle) == 0);
        return error;
    }
    *ret_circuit = circuit;
    return 0;
}

void cepa_table_circuit_tell(struct cepa_circuit_table *table, struct cepa_table_circuit *circuit,
                             uint32_t todo)
{
    circuit->todo |= todo;
    if (!circuit->is_ready) {
        CEPA_ASSERT(cepa_ring_push(&table->ready_circuits, &circuit->self) == 0);
        circuit->is_ready = true;
    }
}

/* Ends a circuit: nothing finds it any more; it stands until its effects were polled. */
static void end_circuit(struct cepa_circuit_table *table, struct cepa_table_circuit *circuit,
                        uint32_t todo)
{
    cepa_table_side_unmap(table, circuit, CEPA_TABLE_PREVIOUS);
    cepa_table_side_unmap(table, circuit, CEPA_TABLE_NEXT);
    cepa_table_packet_free(table, circuit->packet);
    cepa_table_renewal_free(table, circuit);
    cepa_table_timer_stop(table, &circuit->timer);
    circuit->is_over = true;
    circuit->todo = 0;
    cepa_table_circuit_tell(table, circuit,
                            todo | (circuit->has_ended_here ? CEPA_TABLE_ENDED : 0));
}

void cepa_table_circuit_on(struct cepa_circuit_table *table, struct cepa_table_circuit *circuit,
                           enum cepa_relay_event event, struct cepa_time now)
{
    uint32_t actions = 0;
    uint32_t todo = 0;
    if (cepa_circuit_relay_on(&circuit->relay, &actions, event) != 0) {
        return;
    }
    if ((actions & CEPA_CIRCUIT_CLOSE_PREVIOUS) && circuit->sides[CEPA_TABLE_PREVIOUS].is_mapped) {
        todo |= CEPA_TABLE_CLOSE_PREVIOUS;
    }
    if ((actions & CEPA_CIRCUIT_CLOSE_NEXT) && circuit->sides[CEPA_TABLE_NEXT].is_mapped) {
        todo |= CEPA_TABLE_CLOSE_NEXT;
    }
    if (circuit->relay.state == CEPA_RELAY_CLOSED) {
        end_circuit(table, circuit, todo);
        return;
    }
    if (actions & CEPA_CIRCUIT_REPORT_BROKEN) {
        cepa_table_side_unmap(table, circuit, CEPA_TABLE_NEXT);
        cepa_table_packet_free(table, circuit->packet);
        memset(&circuit->packet, 0, sizeof circuit->packet);
        circuit->active = now;
        CEPA_ASSERT(cepa_timer_heap_move(&table->timers, circuit->timer,
                                         cepa_time_add(now, table->limits.cut_ns)) == 0);
        cepa_table_circuit_tell(table, circuit, CEPA_TABLE_BROKEN);
    }
}

int cepa_circuit_table_on_closed(struct cepa_circuit_table *table,
                                 struct cepa_circuit_outcome *ret_outcome, uint64_t link,
                                 uint32_t circuit_id, struct cepa_time now)
{
    unsigned side;
    struct cepa_table_circuit *circuit = cepa_table_circuit_at(table, link, circuit_id, &side);
    if (circuit == NULL) {
        return CEPA_ERR_NOT_FOUND;
    }
    ret_outcome->kind = CEPA_CIRCUIT_OUTCOME_NOTHING;
    if (circuit->is_own) {
        ret_outcome->kind = CEPA_CIRCUIT_OUTCOME_OWN;
        ret_outcome->owner = circuit->owner;
        cepa_circuit_table_disown(table, link, circuit_id);
        return 0;
    }
    cepa_table_side_unmap(table, circuit, side);
    cepa_table_circuit_on(table, circuit,
                          side == CEPA_TABLE_PREVIOUS ? CEPA_RELAY_ON_CLOSED_BY_PREVIOUS
                                                      : CEPA_RELAY_ON_CLOSED_BY_NEXT,
                          now);
    return 0;
}

int cepa_circuit_table_own(struct cepa_circuit_table *table, uint64_t link, uint32_t circuit_id,
                           struct cepa_handle owner, struct cepa_time now)
{
    struct cepa_handle handle;
    int error = cepa_pool_alloc(&table->circuits, &handle);
    if (error != 0) {
        return error;
    }
    struct cepa_table_circuit *circuit = cepa_pool_find(&table->circuits, handle);
    circuit->self = handle;
    circuit->owner = owner;
    circuit->is_own = true;
    circuit->active = now;
    error = cepa_table_side_map(table, circuit, CEPA_TABLE_PREVIOUS, link, circuit_id);
    if (error != 0) {
        CEPA_ASSERT(cepa_pool_free(&table->circuits, handle) == 0);
    }
    return error;
}

void cepa_circuit_table_disown(struct cepa_circuit_table *table, uint64_t link, uint32_t circuit_id)
{
    unsigned side;
    struct cepa_table_circuit *circuit = cepa_table_circuit_at(table, link, circuit_id, &side);
    if (circuit != NULL && circuit->is_own) {
        cepa_table_side_unmap(table, circuit, CEPA_TABLE_PREVIOUS);
        CEPA_ASSERT(cepa_pool_free(&table->circuits, circuit->self) == 0);
    }
}

void cepa_circuit_table_close(struct cepa_circuit_table *table, struct cepa_handle circuit,
                              struct cepa_time now)
{
    struct cepa_table_circuit *found = cepa_pool_find(&table->circuits, circuit);
    if (found != NULL && !found->is_own) {
        cepa_table_circuit_on(table, found, CEPA_RELAY_ON_TIMED_OUT, now);
    }
}

/* A circuit's timer has come: its limit depends on what happened since it was set. */
static void circuit_due(struct cepa_circuit_table *table, struct cepa_handle handle,
                        struct cepa_time now)
{
    struct cepa_table_circuit *circuit = cepa_pool_find(&table->circuits, handle);
    CEPA_ASSERT(circuit != NULL);
    memset(&circuit->timer, 0, sizeof circuit->timer);
    uint64_t limit_ns = circuit->has_cells ? table->limits.idle_ns : table->limits.fresh_ns;
    if (circuit->relay.state == CEPA_RELAY_CUT) {
        limit_ns = table->limits.cut_ns;
    }
    struct cepa_time deadline = cepa_time_add(circuit->active, limit_ns);
    if (cepa_time_is_due(deadline, now)) {
        cepa_table_circuit_on(table, circuit, CEPA_RELAY_ON_TIMED_OUT, now);
        return;
    }
    CEPA_ASSERT(cepa_table_timer_set(table, &circuit->timer, handle, CEPA_TABLE_TIMER_CIRCUIT,
                                     deadline) == 0);
}

void cepa_circuit_table_step(struct cepa_circuit_table *table, struct cepa_time now)
{
    struct cepa_timer timer;
    while (cepa_timer_heap_next(&table->timers, &timer, now) == 0) {
        if (timer.kind == CEPA_TABLE_TIMER_CIRCUIT) {
            circuit_due(table, timer.owner, now);
        } else {
            cepa_table_packet_due(table, timer.owner, now);
        }
    }
}

struct cepa_time cepa_circuit_table_deadline(const struct cepa_circuit_table *table)
{
    return cepa_timer_heap_deadline(&table->timers);
}

void cepa_circuit_table_wipe(struct cepa_circuit_table *table)
{
    cepa_pool_wipe(&table->circuits);
    cepa_pool_wipe(&table->packets);
    cepa_pool_wipe(&table->renewals);
    cepa_pool_wipe(&table->links);
    cepa_map_wipe(&table->by_id);
    cepa_map_wipe(&table->by_link);
    cepa_ring_wipe(&table->ready_circuits);
    cepa_ring_wipe(&table->ready_packets);
    cepa_wipe(table, sizeof *table);
}
