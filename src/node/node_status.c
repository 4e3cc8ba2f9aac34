/* Snapshots for users: what is going on, and how well paths hide. */
#include "node/node_status.h"

#include <string.h>

#include "node/node_parts.h"

#define MILLION UINT32_C(1000000)

/* --- how well paths hide ---------------------------------------------------------------------- */

static uint32_t ppm(uint64_t part, uint64_t whole)
{
    return whole == 0 ? MILLION : (uint32_t)(part * MILLION / whole);
}

/* Of `relays`, `percent` are hostile (rounded up, at least one): the chance that the first and the
 * last of a path are, which are drawn without putting back. */
static uint32_t both_ends(uint64_t relays, uint32_t percent)
{
    uint64_t hostile = (relays * percent + 99) / 100;
    return relays < 2 ? MILLION : ppm(hostile * (hostile - 1), relays * (relays - 1));
}

/* And the chance that one of two guards is. */
static uint32_t any_guard(uint64_t guards, uint32_t percent)
{
    uint64_t hostile = (guards * percent + 99) / 100;
    uint64_t honest = guards - hostile;
    return guards < 2
               ? MILLION
               : MILLION - ppm(honest * (honest == 0 ? 0 : honest - 1), guards * (guards - 1));
}

/* Marks a prefix; true if it is new. IPv6 prefixes fall into the same table by a sum. */
static bool mark(uint8_t *bits, const struct cepa_prefix *prefix)
{
    uint32_t place = (uint32_t)prefix->bytes[0] << 8 | prefix->bytes[1];
    if (prefix->family == CEPA_FAMILY_IPV6) {
        place = (place * 40503 + ((uint32_t)prefix->bytes[2] << 8 | prefix->bytes[3])) & 0xffff;
    }
    uint8_t bit = (uint8_t)(1 << (place & 7));
    bool is_new = (bits[place >> 3] & bit) == 0;
    bits[place >> 3] |= bit;
    return is_new;
}

static void estimate(const struct cepa_node *node, struct cepa_node_anonymity *ret_anonymity)
{
    uint64_t weights = 0;
    uint64_t squares = 0;
    uint32_t guards = 0;
    memset(ret_anonymity, 0, sizeof *ret_anonymity);
    memset(node->workspace->prefixes, 0, sizeof node->workspace->prefixes);
    for (size_t i = 0; i < node->relays_len; i++) {
        const struct cepa_path_relay *relay = &node->relays[i];
        if ((relay->flags & CEPA_PATH_RELAY_OWN) != 0) {
            continue;
        }
        guards += (relay->flags & CEPA_PATH_RELAY_GUARD) != 0;
        if ((relay->flags & CEPA_PATH_RELAY_INTRODUCED) != 0) {
            continue;
        }
        uint64_t weight = cepa_select_weight(relay);
        weights += weight;
        squares += weight * weight;
        ret_anonymity->relays++;
        ret_anonymity->prefixes += mark(node->workspace->prefixes, &relay->prefix);
    }
    /* Hops have distinct prefixes: many relays in one network count as one. */
    uint32_t distinct = ret_anonymity->prefixes;
    ret_anonymity->effective_relays = squares == 0 ? 0 : (uint32_t)(weights * weights / squares);
    ret_anonymity->both_ends_ppm_10 = both_ends(distinct, 10);
    ret_anonymity->both_ends_ppm_20 = both_ends(distinct, 20);
    ret_anonymity->any_guard_ppm_10 = any_guard(guards, 10);
    ret_anonymity->any_guard_ppm_20 = any_guard(guards, 20);
}

/* --- the whole -------------------------------------------------------------------------------- */

static void count_links(const struct cepa_node *node, struct cepa_node_status *ret_status)
{
    uint32_t cursor = 0;
    const struct cepa_node_link *link;
    while ((link = cepa_node_link_next(node, &cursor)) != NULL) {
        ret_status->links += link->state == CEPA_NODE_LINK_UP;
        ret_status->links_opening += link->state < CEPA_NODE_LINK_UP;
        if (link->state == CEPA_NODE_LINK_UP) {
            struct cepa_link_status status;
            cepa_link_status_get(&status, &link->link);
            ret_status->padding_out += status.padding_sent * CEPA_FRAME_SIZE;
        }
    }
}

static void count_mesh(const struct cepa_node *node, struct cepa_node_status *ret_status,
                       struct cepa_onion_epoch epoch)
{
    struct cepa_mesh_status mesh;
    cepa_mesh_status_get(&mesh, node->mesh);
    ret_status->neighbours = mesh.neighbours;
    ret_status->clients = mesh.clients;
    ret_status->clock_error_ms = -mesh.clock_offset_ms;
    ret_status->is_clock_off = mesh.is_clock_off;
    ret_status->refused_budget = mesh.refused + node->counts.refused;
    ret_status->misbehaviour = mesh.misdeeds + node->counts.misbehaviour;
    ret_status->suspicions = mesh.suspicions;
    ret_status->suspends = mesh.suspends;
    ret_status->relays_known = cepa_index_count(&node->index);
    for (uint32_t i = 0; i < ret_status->relays_known; i++) {
        const struct cepa_index_entry *entry = cepa_index_at(&node->index, i);
        bool is_usable = cepa_index_is_usable(entry);
        ret_status->relays_usable += is_usable;
        ret_status->relays_here +=
            is_usable && entry->has_node &&
            cepa_objects_hop_key(&node->objects, &entry->node, epoch) != NULL;
    }
}

static void count_circuits(const struct cepa_node *node, struct cepa_node_status *ret_status)
{
    for (uint32_t i = 0; i < node->config.limits.origin_circuits; i++) {
        enum cepa_circuits_state state;
        const struct cepa_node_circuit *own = &node->own_circuits[i];
        if (!cepa_handle_is_none(own->circuit) &&
            cepa_circuits_path(&node->circuits, own->circuit, &state) != NULL &&
            state == CEPA_CIRCUITS_OPEN) {
            ret_status->circuits_own += own->is_asked;
            ret_status->circuits_ready_ahead += !own->is_asked;
        }
    }
    const struct cepa_circuits_counts *counts = &node->circuits.counts;
    uint32_t own = ret_status->circuits_own + ret_status->circuits_ready_ahead;
    ret_status->circuits_relayed =
        node->table.circuits.count > own ? node->table.circuits.count - own : 0;
    ret_status->circuits_built = counts->built;
    ret_status->circuits_failed = counts->build_failed;
    ret_status->circuits_salvaged = counts->salvaged;
    ret_status->cells_relayed = node->table.counts.cells;
}

static void tell_budget(const struct cepa_node *node, struct cepa_node_budget_status *ret_status,
                        struct cepa_time now)
{
    const struct cepa_node_budget *budget = &node->budget;
    uint64_t whole = budget->limits.bytes_per_day;
    *ret_status = (struct cepa_node_budget_status){
        .limits = budget->limits,
        .used = budget->used,
        .left = whole > budget->used ? whole - budget->used : 0,
        .until = cepa_node_budget_end(budget),
        .by_day = budget->level,
        .by_second = cepa_node_budget_rate_level(budget, now),
    };
}

void cepa_node_status_get(const struct cepa_node *node, struct cepa_node_status *ret_status,
                          struct cepa_time now, struct cepa_wall wall)
{
    const struct cepa_calendar *calendar = &node->config.profile.calendar;
    struct cepa_onion_epoch epoch = cepa_calendar_epoch(calendar, wall);
    *ret_status = (struct cepa_node_status){
        .network = node->network,
        .node = node->own.identity.node,
        .is_relay = node->config.is_relay,
        .is_published = node->is_published,
        .is_joined = node->is_joined,
        .is_filtered = cepa_mesh_is_filtered(node->mesh),
        .day = cepa_calendar_day(calendar, wall).number,
        .epoch = epoch.number,
        .receipts = (uint32_t)node->own.receipts_len,
        .guards = (uint32_t)node->guards.entries_len,
        .cells_waiting = node->shared.cell_pool.count,
        .build_time_ns = node->counts.build_time_ns,
        .packets_accepted = node->counts.packets_accepted,
        .packets_dropped = node->counts.packets_dropped,
        .bytes_in = node->counts.bytes_in,
        .bytes_out = node->counts.bytes_out,
        .dials = node->counts.dials,
        .dials_failed = node->counts.dials_failed,
        .handshakes_failed = node->counts.handshakes_failed,
        .shaper = node->config.shaper,
    };
    memcpy(ret_status->profile, node->config.profile.name, sizeof ret_status->profile);
    for (size_t i = 0; i < node->guards.entries_len; i++) {
        ret_status->guards_reached += node->guards.entries[i].state == CEPA_GUARD_REACHED;
    }
    tell_budget(node, &ret_status->budget, now);
    count_links(node, ret_status);
    count_mesh(node, ret_status, epoch);
    count_circuits(node, ret_status);
    estimate(node, &ret_status->anonymity);
}

/* --- one by one ------------------------------------------------------------------------------- */

bool cepa_node_status_link(const struct cepa_node *node, struct cepa_node_link_status *ret_link,
                           uint32_t *cursor, struct cepa_time now)
{
    const struct cepa_node_link *link = cepa_node_link_next(node, cursor);
    struct cepa_link_status status = {0};
    if (link == NULL) {
        return false;
    }
    if (link->is_begun) {
        cepa_link_status_get(&status, &link->link);
    }
    uint64_t number = cepa_node_link_number(link);
    *ret_link = (struct cepa_node_link_status){
        .link = number,
        .peer = link->target,
        .prefix = link->prefix,
        .carrier = link->slots[status.active_slot].kind,
        .is_up = link->state == CEPA_NODE_LINK_UP,
        .is_initiator = link->is_initiator,
        .is_neighbour = cepa_mesh_is_neighbour(node->mesh, number),
        .is_guard = link->is_guard,
        .is_stalled = link->is_stalled,
        .rtt_ns = status.rtt_ns,
        .age_ns = cepa_time_since(now, link->began),
        .frames_in = status.frames_received,
        .frames_out = status.frames_sent,
        .padding_out = status.padding_sent,
        .circuits = status.circuits,
        .queued = status.queued,
        .shaper_rate = status.shaper_rate,
    };
    return true;
}

static uint8_t state_of(enum cepa_circuits_state state)
{
    switch (state) {
    case CEPA_CIRCUITS_OPEN:
        return 1;
    case CEPA_CIRCUITS_CUT:
    case CEPA_CIRCUITS_SALVAGING:
        return 2;
    case CEPA_CIRCUITS_PLANNED:
    case CEPA_CIRCUITS_BUILDING:
    case CEPA_CIRCUITS_CLOSED:
        break;
    }
    return 0;
}

bool cepa_node_status_circuit(const struct cepa_node *node,
                              struct cepa_node_circuit_status *ret_circuit, uint32_t *cursor,
                              struct cepa_time now)
{
    while (*cursor < node->config.limits.origin_circuits) {
        const struct cepa_node_circuit *own = &node->own_circuits[(*cursor)++];
        enum cepa_circuits_state state;
        const struct cepa_path *path = NULL;
        if (!cepa_handle_is_none(own->circuit)) {
            path = cepa_circuits_path(&node->circuits, own->circuit, &state);
        }
        if (path == NULL) {
            continue;
        }
        *ret_circuit = (struct cepa_node_circuit_status){
            .circuit = cepa_node_circuit_number(own->circuit),
            .state = state_of(state),
            .is_ahead = !own->is_asked,
            .hops_len = (uint8_t)path->hops_len,
            .age_ns = cepa_time_since(now, own->began),
            .cells_sent = own->cells_sent,
            .cells_received = own->cells_received,
        };
        for (size_t i = 0; i < path->hops_len; i++) {
            ret_circuit->hops[i] = path->hops[i].node;
        }
        return true;
    }
    return false;
}

bool cepa_node_status_guard(const struct cepa_node *node, struct cepa_node_guard_status *ret_guard,
                            uint32_t *cursor)
{
    const struct cepa_guard *in_use[CEPA_GUARDS_IN_USE];
    if (*cursor >= node->guards.entries_len) {
        return false;
    }
    const struct cepa_guard *guard = &node->guards.entries[(*cursor)++];
    const struct cepa_index_entry *entry = cepa_index_find(&node->index, guard->key.bytes);
    *ret_guard = (struct cepa_node_guard_status){.prefix = guard->prefix,
                                                 .state = (uint8_t)guard->state,
                                                 .is_confirmed = guard->is_confirmed,
                                                 .is_listed = guard->is_listed};
    if (entry != NULL && entry->has_node) {
        ret_guard->node = entry->node;
    }
    size_t len = cepa_guards_in_use(&node->guards, in_use);
    for (size_t i = 0; i < len; i++) {
        ret_guard->is_in_use |= in_use[i] == guard;
    }
    return true;
}

bool cepa_node_status_relay(const struct cepa_node *node, struct cepa_node_relay_status *ret_relay,
                            uint32_t *cursor)
{
    if (*cursor >= cepa_index_count(&node->index)) {
        return false;
    }
    const struct cepa_index_entry *entry = cepa_index_at(&node->index, (*cursor)++);
    *ret_relay = (struct cepa_node_relay_status){.prefix = entry->record.prefix,
                                                 .capacity = entry->record.capacity,
                                                 .flags = entry->record.flags,
                                                 .first_seen = entry->first_seen.number,
                                                 .is_usable = cepa_index_is_usable(entry)};
    memcpy(ret_relay->key, entry->record.public_key, sizeof ret_relay->key);
    if (entry->has_node) {
        ret_relay->node = entry->node;
        ret_relay->is_linked = cepa_mesh_link_of(node->mesh, &entry->node) != 0;
    }
    return true;
}
