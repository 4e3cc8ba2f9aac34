/* This node as the origin of circuits: what path choice sees of the index, links to guards, keys,
 * and the first hop's link. */
#include <string.h>

#include "base/assert.h"
#include "node/node_parts.h"

enum { CLOSE_REASON = 0, VIEW_SMALL = 1024 };

#define VIEW_NS (30 * CEPA_SECOND_NS)   /* between two views of a large index */
#define GUARDS_NS (60 * CEPA_SECOND_NS) /* between two looks at the guards */

/* --- the view ---------------------------------------------------------------------------------
 */

static void add_introducers(const struct cepa_node *node, struct cepa_prefix *ret_prefixes,
                            uint8_t *ret_len, const struct cepa_descriptor *descriptor)
{
    uint8_t len = 0;
    for (size_t i = 0; i < descriptor->introducers_len && len < CEPA_PATH_INTRODUCERS_MAX; i++) {
        const struct cepa_index_entry *entry =
            cepa_index_find_node(&node->index, &descriptor->introducers[i]);
        if (entry != NULL) {
            ret_prefixes[len++] = entry->record.prefix;
        }
    }
    *ret_len = len;
}

static uint8_t flags_of(const struct cepa_node *node, const struct cepa_index_entry *entry,
                        bool is_large)
{
    uint32_t age_days = node->index.today.number - entry->first_seen.number;
    uint8_t flags = 0;
    if ((entry->record.flags & CEPA_RELAY_FLAG_GUARD) != 0 &&
        age_days >= node->config.profile.guard_age_days) {
        flags |= CEPA_PATH_RELAY_GUARD;
    }
    if ((entry->record.flags & CEPA_RELAY_FLAG_INTRODUCED) != 0) {
        flags |= CEPA_PATH_RELAY_INTRODUCED;
    }
    if (entry->has_node && cepa_mesh_is_suspected(node->mesh, &entry->node)) {
        flags |= CEPA_PATH_RELAY_SUSPECT;
    }
    if (!is_large) {
        return flags;
    }
    bool is_keyless = !entry->has_node ||
                      cepa_objects_hop_key(&node->objects, &entry->node, node->view_epoch) == NULL;
    bool is_here = !is_keyless && cepa_mesh_is_drawable(node->mesh, entry->position);
    flags |= is_keyless ? CEPA_PATH_RELAY_KEYLESS : 0;
    flags |= is_here ? 0 : CEPA_PATH_RELAY_UNKNOWN;
    return flags;
}

static void add_relay(struct cepa_node *node, const struct cepa_index_entry *entry, bool is_large)
{
    struct cepa_path_relay *relay = &node->relays[node->relays_len++];
    struct cepa_credentials credentials;
    *relay = (struct cepa_path_relay){.prefix = entry->record.prefix,
                                      .capacity_class = entry->record.capacity,
                                      .flags = flags_of(node, entry, is_large)};
    memcpy(relay->key.bytes, entry->record.public_key, sizeof relay->key.bytes);
    if (node->config.is_relay &&
        memcmp(relay->key.bytes, node->own.identity.signing_key.public_key.bytes,
               sizeof relay->key.bytes) == 0) {
        relay->flags |= CEPA_PATH_RELAY_OWN;
    }
    if (entry->has_node) {
        relay->node = entry->node;
        if (cepa_objects_decode(&node->objects, &credentials, &entry->node) == 0) {
            relay->family = credentials.descriptor.family;
            add_introducers(node, relay->introducer_prefixes, &relay->introducers_len,
                            &credentials.descriptor);
        }
    }
}

/* Whether a relay's key is here: of this epoch, or of the one before, which lives as long. */
static bool has_key(const struct cepa_node *node, const struct cepa_index_entry *entry,
                    struct cepa_onion_epoch epoch)
{
    const struct cepa_onion_epoch before = {epoch.number - 1};
    return entry->has_node && (cepa_objects_hop_key(&node->objects, &entry->node, epoch) != NULL ||
                               cepa_objects_hop_key(&node->objects, &entry->node, before) != NULL);
}

/* The onion epoch of this node's paths in a large network: while an epoch is young, the keys of
 * many relays are those of the one before. All hops of a packet need one of the same epoch. */
static void choose_epoch(struct cepa_node *node, struct cepa_time now)
{
    uint32_t have[2] = {0};
    struct cepa_onion_epoch epoch =
        cepa_calendar_epoch(&node->config.profile.calendar, cepa_node_wall_now(node, now));
    for (uint32_t i = 0; i < cepa_index_count(&node->index); i++) {
        const struct cepa_index_entry *entry = cepa_index_at(&node->index, i);
        if (!entry->has_node || !cepa_mesh_is_drawable(node->mesh, entry->position)) {
            continue;
        }
        for (uint32_t back = 0; back < 2; back++) {
            struct cepa_onion_epoch of = {epoch.number - back};
            have[back] += cepa_objects_hop_key(&node->objects, &entry->node, of) != NULL;
        }
    }
    node->view_epoch = epoch;
    node->view_epoch.number -= have[0] * 5 < have[1] * 3;
}

static void make_view(struct cepa_node *node, struct cepa_time now)
{
    bool is_whole = !cepa_mesh_is_large(node->mesh);
    struct cepa_onion_epoch epoch =
        cepa_calendar_epoch(&node->config.profile.calendar, cepa_node_wall_now(node, now));
    node->relays_len = 0;
    node->relays_made = now;
    if (!is_whole) {
        choose_epoch(node, now);
    }
    for (uint32_t i = 0; i < cepa_index_count(&node->index); i++) {
        const struct cepa_index_entry *entry = cepa_index_at(&node->index, i);
        /* Where everybody holds everything, who is not known by name cannot be used yet. */
        if (cepa_index_is_usable(entry) && (entry->has_node || !is_whole)) {
            add_relay(node, entry, !is_whole);
            node->relays[node->relays_len - 1].flags |=
                is_whole && !has_key(node, entry, epoch) ? CEPA_PATH_RELAY_KEYLESS : 0;
        }
    }
}

static struct cepa_path_relays view(const struct cepa_node *node)
{
    return (struct cepa_path_relays){node->relays, node->relays_len};
}

static const struct cepa_path_relay *own_relay(const struct cepa_node *node)
{
    for (size_t i = 0; i < node->relays_len; i++) {
        if ((node->relays[i].flags & CEPA_PATH_RELAY_OWN) != 0) {
            return &node->relays[i];
        }
    }
    return NULL;
}

/* --- guards ----------------------------------------------------------------------------------- */

static struct cepa_node_link *guard_link(const struct cepa_node *node,
                                         const struct cepa_ed25519_public_key *key)
{
    uint32_t cursor = 0;
    struct cepa_node_link *link;
    while ((link = cepa_node_link_next(node, &cursor)) != NULL) {
        /* A relay's links under its own name are not for its own paths. */
        if (link->is_initiator && link->is_anonymous && !link->is_dialback && link->has_key &&
            link->state < CEPA_NODE_LINK_CLOSING && cepa_path_relay_is(&link->key, key)) {
            return link;
        }
    }
    return NULL;
}

static void dial_guard(struct cepa_node *node, const struct cepa_ed25519_public_key *key,
                       struct cepa_time now)
{
    struct cepa_relay_address address;
    if (cepa_mesh_address(node->mesh, &address, key->bytes) != 0) {
        return;
    }
    struct cepa_node_link *link = cepa_node_link_new(node, true, now);
    if (link == NULL) {
        return;
    }
    link->is_guard = true;
    link->is_anonymous = true;
    link->is_private = node->config.is_relay;
    link->has_target = true;
    link->target = address.node;
    link->has_key = true;
    link->key = *key;
    link->until = cepa_time_add(now, CEPA_NODE_GUARD_DIAL_NS);
    int error = cepa_node_link_dial(node, link, &address, false, now);
    if (error != 0) {
        cepa_node_link_end(node, link, error, now);
    }
}

static void want_guard(struct cepa_node *node, const struct cepa_ed25519_public_key *key,
                       struct cepa_time now)
{
    struct cepa_node_link *link = guard_link(node, key);
    if (link == NULL) {
        dial_guard(node, key, now);
    } else if (!link->is_guard) {
        link->is_guard = true;
        cepa_mesh_set_guard(node->mesh, cepa_node_link_number(link), true);
        if (link->state == CEPA_NODE_LINK_UP) {
            cepa_guards_on_reached(&node->guards, key, cepa_node_wall_now(node, now));
        }
    }
}

/* Whether there are guards to begin with, and none of them has a key here. */
static bool is_keyless(const struct cepa_node *node)
{
    const struct cepa_guard *guards[CEPA_GUARDS_IN_USE];
    size_t len = cepa_guards_in_use(&node->guards, guards);
    for (size_t i = 0; i < len; i++) {
        const struct cepa_index_entry *entry = cepa_index_find(&node->index, guards[i]->key.bytes);
        if (entry != NULL && entry->has_node &&
            cepa_objects_hop_key(&node->objects, &entry->node, node->view_epoch) != NULL) {
            return false;
        }
    }
    return len > 0;
}

static void keep_guards(struct cepa_node *node, struct cepa_time now)
{
    struct cepa_ed25519_public_key keys[CEPA_GUARDS_MAX];
    size_t len = cepa_guards_wanted(&node->guards, keys, cepa_node_wall_now(node, now));
    for (size_t i = 0; i < len; i++) {
        want_guard(node, &keys[i], now);
        cepa_mesh_want(node->mesh, keys[i].bytes, now);
    }
    cepa_mesh_set_keyless(node->mesh, is_keyless(node));
    for (size_t i = 0; i < node->layer2.entries_len; i++) {
        cepa_mesh_want(node->mesh, node->layer2.entries[i].key.bytes, now);
    }
    uint32_t cursor = 0;
    struct cepa_node_link *link;
    while ((link = cepa_node_link_next(node, &cursor)) != NULL) {
        bool is_wanted = false;
        for (size_t i = 0; i < len; i++) {
            is_wanted |= cepa_path_relay_is(&keys[i], &link->key);
        }
        if (link->is_guard && !is_wanted) {
            link->is_guard = false; /* it is closed when its circuits are gone */
            if (!link->is_private) {
                cepa_mesh_set_guard(node->mesh, cepa_node_link_number(link), false);
            }
        }
    }
}

void cepa_node_paths_link_up(struct cepa_node *node, struct cepa_node_link *link,
                             struct cepa_time now)
{
    if (link->is_guard) {
        cepa_guards_on_reached(&node->guards, &link->key, cepa_node_wall_now(node, now));
        node->is_paths_due = true;
    }
}

void cepa_node_paths_link_gone(struct cepa_node *node, struct cepa_node_link *link,
                               struct cepa_time now)
{
    if (link->is_guard) {
        cepa_guards_on_failed(&node->guards, &link->key, cepa_node_wall_now(node, now));
        node->is_paths_due = true;
    }
}

bool cepa_node_is_online(const struct cepa_node *node)
{
    uint32_t cursor = 0;
    const struct cepa_node_link *link;
    while ((link = cepa_node_link_next(node, &cursor)) != NULL) {
        if (link->state == CEPA_NODE_LINK_UP && !link->is_stalled) {
            return true;
        }
    }
    return false;
}

void cepa_node_paths_tick(struct cepa_node *node, struct cepa_time now)
{
    struct cepa_wall wall = cepa_node_wall_now(node, now);
    bool is_small = cepa_index_count(&node->index) <= VIEW_SMALL;
    if (is_small || cepa_time_since(now, node->relays_made) > VIEW_NS) {
        make_view(node, now);
    }
    struct cepa_path_relays relays = view(node);
    cepa_guards_on_online(&node->guards, cepa_node_is_online(node), wall);
    uint64_t stamp = node->index.counts.merged + node->index.counts.expired + node->relays_len;
    for (size_t i = 0; i < node->relays_len; i++) {
        stamp += (node->relays[i].flags & CEPA_PATH_RELAY_UNKNOWN) == 0; /* more have keys now */
    }
    bool has_dropped = cepa_layer2_drop_dead(&node->layer2, wall, cepa_node_is_online(node));
    if (has_dropped || stamp != node->relays_stamp || cepa_time_is_due(node->guards_due, now)) {
        node->relays_stamp = stamp;
        node->guards_due = cepa_time_add(now, GUARDS_NS);
        const struct cepa_path_relay *own = own_relay(node);
        /* Without randomness nothing is sampled; the next look is soon enough. */
        int error = cepa_guards_update(&node->guards, &relays, own, wall, node->config.random);
        error |= cepa_layer2_update(&node->layer2, &relays, own, wall, node->config.random);
        node->is_paths_due |= error == 0;
    }
    keep_guards(node, now);
    cepa_node_ask_guards(node, now);
    node->dirty |= cepa_guards_take_changed(&node->guards) ? CEPA_NODE_DIRTY_GUARDS : 0;
    node->dirty |= cepa_layer2_take_changed(&node->layer2) ? CEPA_NODE_DIRTY_LAYER2 : 0;
}

void cepa_node_paths_step(struct cepa_node *node, struct cepa_time now)
{
    if (node->is_paths_due || cepa_time_is_due(cepa_circuits_deadline(&node->circuits), now)) {
        struct cepa_path_relays relays = view(node);
        node->is_paths_due = false;
        cepa_circuits_step(&node->circuits, &relays, now);
    }
}

/* --- building ---------------------------------------------------------------------------------
 */

/* What is known of a hop in one epoch. */
static int hop_keys(const struct cepa_node *node, struct cepa_circuits_hop_keys *ret_keys,
                    struct cepa_xwing_public_key *ret_key, const struct cepa_path_relay *hop,
                    struct cepa_onion_epoch epoch)
{
    const struct cepa_index_entry *entry = cepa_index_find(&node->index, hop->key.bytes);
    struct cepa_credentials credentials;
    if (entry == NULL || !entry->has_node) {
        return CEPA_ERR_NOT_FOUND;
    }
    const uint8_t *key = cepa_objects_hop_key(&node->objects, &entry->node, epoch);
    if (key == NULL || cepa_objects_decode(&node->objects, &credentials, &entry->node) != 0) {
        return CEPA_ERR_NOT_FOUND;
    }
    memcpy(ret_key->bytes, key, sizeof ret_key->bytes);
    *ret_keys = (struct cepa_circuits_hop_keys){
        .node = entry->node, .key = ret_key, .family = credentials.descriptor.family};
    cepa_onion_key_id_of(&ret_keys->key_id, ret_key);
    add_introducers(node, ret_keys->introducer_prefixes, &ret_keys->introducers_len,
                    &credentials.descriptor);
    return 0;
}

/* Gives the place of the first hop whose keys are missing, `hops_len` if none are. */
static size_t find_keys(struct cepa_node *node, struct cepa_circuits_hop_keys *ret_keys,
                        const struct cepa_path_relay *hops, size_t hops_len,
                        struct cepa_onion_epoch epoch)
{
    for (size_t i = 0; i < hops_len; i++) {
        if (hop_keys(node, &ret_keys[i], &node->workspace->hop_keys[i], &hops[i], epoch) != 0) {
            return i;
        }
    }
    return hops_len;
}

/* Sends the packet in the workspace to the guard of a new circuit. */
static int send_first(struct cepa_node *node, struct cepa_handle circuit,
                      const struct cepa_ed25519_public_key *first, struct cepa_time now)
{
    struct cepa_node_link *link = guard_link(node, first);
    struct cepa_node_circuit *own = &node->own_circuits[circuit.index];
    uint32_t circuit_id;
    if (link == NULL || link->state != CEPA_NODE_LINK_UP) {
        return CEPA_ERR_UNREACHABLE;
    }
    uint64_t number = cepa_node_link_number(link);
    int error = cepa_link_open_circuit(&link->link, &circuit_id);
    if (error != 0) {
        return error;
    }
    error = cepa_circuit_table_own(&node->table, number, circuit_id, circuit, now);
    if (error == 0) {
        error = cepa_link_send_packet(&link->link, circuit_id, node->workspace->packet, now);
        if (error != 0) {
            cepa_circuit_table_disown(&node->table, number, circuit_id);
        }
    }
    cepa_node_touch(node, link);
    if (error != 0) {
        cepa_link_close_circuit(&link->link, circuit_id, CLOSE_REASON, now);
        return error;
    }
    if (!cepa_handle_is_equal(own->circuit, circuit)) {
        *own = (struct cepa_node_circuit){.circuit = circuit, .began = now};
    }
    own->link = number;
    own->circuit_id = circuit_id;
    cepa_circuits_room(&node->circuits, circuit, cepa_link_circuit_room(&link->link, circuit_id));
    return 0;
}

static void build(struct cepa_node *node, const struct cepa_circuits_effect *effect,
                  struct cepa_time now)
{
    struct cepa_circuits_hop_keys keys[CEPA_CIRCUIT_HOPS_MAX];
    struct cepa_onion_epoch epoch =
        cepa_calendar_epoch(&node->config.profile.calendar, cepa_node_wall_now(node, now));
    size_t missing = find_keys(node, keys, effect->hops, effect->hops_len, epoch);
    if (missing < effect->hops_len) {
        epoch.number--; /* keys live for two epochs: at the start of one not all are here yet */
        size_t before = find_keys(node, keys, effect->hops, effect->hops_len, epoch);
        missing = before > missing ? before : missing; /* in the epoch that goes further */
    }
    if (missing < effect->hops_len) {
        const struct cepa_ed25519_public_key *key = &effect->hops[missing].key;
        const struct cepa_index_entry *entry = cepa_index_find(&node->index, key->bytes);
        if (entry != NULL && !cepa_mesh_is_drawable(node->mesh, entry->position)) {
            cepa_mesh_want(node->mesh, key->bytes, now); /* it asks again when it has waited */
            return;
        }
        cepa_circuits_no_keys(&node->circuits, effect->circuit, missing, now);
        return;
    }
    bool is_packet;
    const struct cepa_ed25519_public_key first = effect->hops[0].key;
    int error = cepa_circuits_build(&node->circuits, effect->circuit, node->workspace->packet,
                                    &is_packet, keys, effect->hops_len, epoch, now);
    if (error == 0 && is_packet && send_first(node, effect->circuit, &first, now) != 0) {
        cepa_circuits_on_lost(&node->circuits, effect->circuit, now);
    }
}

/* --- effects ----------------------------------------------------------------------------------
 */

struct cepa_node_circuit *cepa_node_own_find(const struct cepa_node *node,
                                             struct cepa_handle circuit)
{
    struct cepa_node_circuit *own = circuit.index < node->config.limits.origin_circuits
                                        ? &node->own_circuits[circuit.index]
                                        : NULL;
    return own != NULL && !cepa_handle_is_none(circuit) &&
                   cepa_handle_is_equal(own->circuit, circuit)
               ? own
               : NULL;
}

static struct cepa_node_link *first_link(const struct cepa_node *node,
                                         const struct cepa_node_circuit *own)
{
    struct cepa_node_link *link =
        own == NULL || own->circuit_id == 0 ? NULL : cepa_node_link_find(node, own->link);
    return link != NULL && link->state == CEPA_NODE_LINK_UP ? link : NULL;
}

static void leave_first(struct cepa_node *node, struct cepa_node_circuit *own, struct cepa_time now)
{
    struct cepa_node_link *link = first_link(node, own);
    if (link != NULL) {
        cepa_circuit_table_disown(&node->table, own->link, own->circuit_id);
        cepa_link_close_circuit(&link->link, own->circuit_id, CLOSE_REASON, now);
        cepa_node_touch(node, link);
    }
    if (own != NULL) {
        own->link = 0;
        own->circuit_id = 0;
    }
}

static void on_opened(struct cepa_node *node, const struct cepa_circuits_effect *effect,
                      struct cepa_time now)
{
    struct cepa_node_circuit *own = cepa_node_own_find(node, effect->circuit);
    if (effect->duration_ns > 0) {
        uint64_t known_ns = node->counts.build_time_ns;
        node->counts.build_time_ns =
            known_ns == 0 ? effect->duration_ns : known_ns - known_ns / 8 + effect->duration_ns / 8;
    }
    if (own != NULL && own->fetch != 0) {
        cepa_node_fetch_opened(node, own, now);
    } else if (own != NULL && own->is_asked) {
        cepa_node_tell(node, CEPA_EVENT_CIRCUIT_READY, cepa_node_circuit_number(effect->circuit),
                       0);
    }
}

static void on_ended(struct cepa_node *node, const struct cepa_circuits_effect *effect,
                     struct cepa_time now)
{
    struct cepa_node_circuit *own = cepa_node_own_find(node, effect->circuit);
    if (own == NULL) {
        return;
    }
    leave_first(node, own, now);
    if (own->fetch != 0) {
        cepa_node_fetch_lost(node, own, now);
    } else if (own->is_asked) {
        cepa_node_tell(node, CEPA_EVENT_CIRCUIT_CLOSED, cepa_node_circuit_number(effect->circuit),
                       effect->error);
    }
    *own = (struct cepa_node_circuit){0};
}

static void send_own_cell(struct cepa_node *node, struct cepa_handle circuit, uint64_t counter,
                          const uint8_t *body, struct cepa_time now)
{
    struct cepa_node_circuit *own = cepa_node_own_find(node, circuit);
    struct cepa_node_link *link = first_link(node, own);
    if (link != NULL) {
        int error = cepa_link_send_cell(&link->link, own->circuit_id, counter, body, now);
        own->cells_sent += error == 0;
        cepa_node_touch(node, link);
    }
}

bool cepa_node_paths_settle(struct cepa_node *node, struct cepa_time now)
{
    struct cepa_circuits_effect effect;
    bool has_moved = false;
    while (cepa_circuits_next(&node->circuits, &effect) == 0) {
        has_moved = true;
        switch (effect.kind) {
        case CEPA_CIRCUITS_NEED_KEYS:
            build(node, &effect, now);
            break;
        case CEPA_CIRCUITS_SEND_CELL:
            send_own_cell(node, effect.circuit, effect.counter, effect.body, now);
            break;
        case CEPA_CIRCUITS_CLOSE:
            leave_first(node, cepa_node_own_find(node, effect.circuit), now);
            break;
        case CEPA_CIRCUITS_OPENED:
        case CEPA_CIRCUITS_REBUILT:
            on_opened(node, &effect, now);
            break;
        case CEPA_CIRCUITS_BROKEN:
            if (cepa_node_own_find(node, effect.circuit) != NULL &&
                cepa_node_own_find(node, effect.circuit)->is_asked) {
                cepa_node_tell(node, CEPA_EVENT_CIRCUIT_BROKEN,
                               cepa_node_circuit_number(effect.circuit), 0);
            }
            break;
        case CEPA_CIRCUITS_REPLACED:
            break;
        case CEPA_CIRCUITS_ENDED:
            on_ended(node, &effect, now);
            break;
        }
    }
    return has_moved;
}

void cepa_node_own_lost(struct cepa_node *node, struct cepa_handle circuit, struct cepa_time now)
{
    struct cepa_node_circuit *own = cepa_node_own_find(node, circuit);
    if (own != NULL) {
        own->link = 0;
        own->circuit_id = 0;
    }
    cepa_circuits_on_lost(&node->circuits, circuit, now);
}

void cepa_node_own_room(struct cepa_node *node, struct cepa_handle circuit, uint32_t room,
                        struct cepa_time now)
{
    struct cepa_node_circuit *own = cepa_node_own_find(node, circuit);
    (void)now;
    cepa_circuits_room(&node->circuits, circuit, room);
    if (own != NULL && own->is_blocked && room > 0) {
        own->is_blocked = false;
        cepa_node_tell(node, CEPA_EVENT_CIRCUIT_WINDOW, cepa_node_circuit_number(circuit), 0);
    }
}

/* Lets a user that was refused try again, if there is room. */
static void go_on(struct cepa_node *node, const struct cepa_node_circuit *own, struct cepa_time now)
{
    const struct cepa_node_link *link = first_link(node, own);
    if (link != NULL) {
        cepa_node_own_room(node, own->circuit, cepa_link_circuit_room(&link->link, own->circuit_id),
                           now);
    }
}

/* A cell for this node as the origin. True if its user will say when it is used up. */
bool cepa_node_own_cell(struct cepa_node *node, struct cepa_handle circuit, uint64_t counter,
                        uint8_t *body, struct cepa_time now)
{
    struct cepa_circuits_data data;
    struct cepa_node_circuit *own = cepa_node_own_find(node, circuit);
    if (cepa_circuits_on_cell(&node->circuits, &data, circuit, counter, body, now) != 0) {
        return false;
    }
    if (own != NULL && own->is_blocked) {
        go_on(node, own, now); /* the cell may be the answer to a renewal */
    }
    if (own != NULL && own->fetch != 0 && data.is_data) {
        cepa_node_fetch_cell(node, own, data.data, data.data_len, now);
        return false;
    }
    if (own == NULL || !data.is_data || !own->is_asked) {
        return false;
    }
    own->cells_received++;
    struct cepa_node_effect effect = {.kind = CEPA_NODE_EVENT,
                                      .event = CEPA_EVENT_CIRCUIT_DATA,
                                      .circuit = cepa_node_circuit_number(circuit),
                                      .data = data.data,
                                      .data_len = data.data_len};
    cepa_node_push(node, &effect);
    return true;
}
