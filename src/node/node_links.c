/* The table of links and their carriers: begin, carry, end. */
#include <string.h>

#include "base/assert.h"
#include "node/node_parts.h"
#include "wire/reach.h"

enum { NUMBER_SHIFT = 16 }; /* a link's number is its handle: generation, then index */

uint64_t cepa_node_link_number(const struct cepa_node_link *link)
{
    return link->self.generation << NUMBER_SHIFT | link->self.index;
}

struct cepa_node_link *cepa_node_link_find(const struct cepa_node *node, uint64_t number)
{
    struct cepa_handle handle = {.generation = number >> NUMBER_SHIFT,
                                 .index = (uint32_t)(number & ((1 << NUMBER_SHIFT) - 1))};
    return number == 0 ? NULL : cepa_pool_find(&node->links, handle);
}

struct cepa_prefix cepa_node_link_source(const struct cepa_node *node,
                                         const struct cepa_node_link *link)
{
    const struct cepa_node_link *via =
        link->is_relayed ? cepa_node_link_find(node, link->slots[0].via) : NULL;
    return via != NULL ? via->prefix : link->prefix;
}

struct cepa_node_link *cepa_node_link_next(const struct cepa_node *node, uint32_t *cursor)
{
    struct cepa_handle handle;
    if (cepa_pool_next(&node->links, &handle, *cursor) != 0) {
        return NULL;
    }
    *cursor = handle.index + 1;
    return cepa_pool_find(&node->links, handle);
}

void cepa_node_touch(struct cepa_node *node, struct cepa_node_link *link)
{
    if (!link->is_touched) {
        link->is_touched = cepa_ring_push(&node->touched, &link->self) == 0;
        CEPA_ASSERT(link->is_touched); /* the ring has room for every link */
    }
}

struct cepa_node_link *cepa_node_link_new(struct cepa_node *node, bool is_initiator,
                                          struct cepa_time now)
{
    struct cepa_handle handle;
    if (cepa_pool_alloc(&node->links, &handle) != 0) {
        return NULL;
    }
    struct cepa_node_link *link = cepa_pool_find(&node->links, handle);
    link->self = handle;
    link->is_initiator = is_initiator;
    link->is_anonymous = !node->config.is_relay;
    link->began = now;
    link->used = now;
    link->until = cepa_time_add(now, CEPA_NODE_DIAL_NS);
    cepa_node_touch(node, link);
    return link;
}

int cepa_node_carrier_add(struct cepa_node *node, struct cepa_node_link *link, unsigned slot,
                          uint64_t number)
{
    const struct cepa_node_carrier_place place = {link->self, slot};
    if (cepa_map_find(&node->carriers, &number) != NULL) {
        return CEPA_ERR_IN_USE;
    }
    int error = cepa_map_put(&node->carriers, &number, &place);
    if (error == 0) {
        link->slots[slot] =
            (struct cepa_node_slot){.state = CEPA_NODE_SLOT_OPENING, .number = number};
    }
    return error;
}

static struct cepa_node_link *carrier_find(const struct cepa_node *node, uint64_t number,
                                           unsigned *ret_slot)
{
    const struct cepa_node_carrier_place *place = cepa_map_find(&node->carriers, &number);
    if (place == NULL) {
        return NULL;
    }
    *ret_slot = (unsigned)place->slot;
    return cepa_pool_find(&node->links, place->link);
}

/* Forgets a carrier; the driver or the mesh is told to close it, if it does not know. */
static void slot_clear(struct cepa_node *node, struct cepa_node_link *link, unsigned slot,
                       bool is_told, struct cepa_time now)
{
    struct cepa_node_slot *cleared = &link->slots[slot];
    if (cleared->state == CEPA_NODE_SLOT_EMPTY) {
        return;
    }
    if (cleared->kind == CEPA_CARRIER_RELAYED) {
        struct cepa_node_link *via = cepa_node_link_find(node, cleared->via);
        if (via != NULL) {
            CEPA_ASSERT(via->carries > 0);
            via->carries--;
        }
        if (!is_told) {
            cepa_mesh_close_channel(node->mesh, cleared->via, cleared->channel, now);
        }
    } else {
        int error = cepa_map_remove(&node->carriers, &cleared->number);
        CEPA_ASSERT(error == 0);
        if (!is_told) {
            struct cepa_node_effect effect = {.kind = CEPA_NODE_CLOSE, .carrier = cleared->number};
            cepa_node_push(node, &effect);
        }
    }
    *cleared = (struct cepa_node_slot){.state = CEPA_NODE_SLOT_EMPTY};
}

int cepa_node_link_dial(struct cepa_node *node, struct cepa_node_link *link,
                        const struct cepa_relay_address *address, bool is_told,
                        struct cepa_time now)
{
    (void)now;
    if (!is_told && !cepa_profile_has_private(&node->config.profile) &&
        cepa_reach_is_private(&address->reach)) {
        return CEPA_ERR_UNREACHABLE;
    }
    int error = cepa_node_carrier_add(node, link, 0, node->last_carrier + 1);
    if (error != 0) {
        return error;
    }
    struct cepa_node_effect effect = {
        .kind = CEPA_NODE_DIAL, .carrier = ++node->last_carrier, .address = *address};
    cepa_node_push(node, &effect);
    link->address = *address;
    node->counts.dials++;
    return 0;
}

/* Begins the handshake, with credentials that are here if they are of this day. */
static int shake(struct cepa_node *node, struct cepa_node_link *link, struct cepa_time now)
{
    struct cepa_credentials credentials;
    struct cepa_directory_day today =
        cepa_calendar_day(&node->config.profile.calendar, cepa_node_wall_now(node, now));
    if (link->has_target && !link->is_dialback &&
        cepa_objects_decode(&node->objects, &credentials, &link->target) == 0 &&
        credentials.descriptor.day.number == today.number) {
        struct cepa_xwing_public_key key;
        memcpy(key.bytes, credentials.descriptor.link_key, sizeof key.bytes);
        memcpy(link->key.bytes, credentials.certificate.signing_key, sizeof link->key.bytes);
        link->has_key = true;
        return cepa_link_dial(&link->link, &link->target, &key, now);
    }
    return cepa_link_ask(&link->link, now);
}

void cepa_node_link_begin(struct cepa_node *node, struct cepa_node_link *link, unsigned slot,
                          const struct cepa_carrier *carrier, struct cepa_time now)
{
    bool is_first = !link->is_begun;
    if (is_first) {
        cepa_link_init(&link->link, &node->shared, link->is_initiator, link->is_anonymous,
                       &node->config.shaper, cepa_node_wall_now(node, now), now);
        link->is_begun = true;
        link->state = CEPA_NODE_LINK_SHAKING;
        link->until = cepa_time_never();
    }
    link->slots[slot].state = CEPA_NODE_SLOT_OPEN;
    link->slots[slot].kind = carrier->kind;
    cepa_node_touch(node, link);
    int error = cepa_link_attach(&link->link, slot, carrier, now);
    if (error == 0 && is_first && link->is_initiator) {
        error = shake(node, link, now);
    }
    if (error != 0 && is_first) {
        cepa_node_link_end(node, link, error, now);
    } else if (error != 0) {
        cepa_node_link_slot_gone(node, link, slot, error, now);
    }
}

/* Tells everybody who knows of a link that it is gone. */
static void report_end(struct cepa_node *node, struct cepa_node_link *link, int error,
                       struct cepa_time now)
{
    uint64_t number = cepa_node_link_number(link);
    bool was_up = link->state == CEPA_NODE_LINK_UP;
    if (link->is_dialback) {
        cepa_mesh_on_dialback(node->mesh, link->ticket, was_up, now);
    } else if (!was_up && link->ticket != 0) {
        cepa_mesh_on_link_failed(node->mesh, link->ticket, now);
    } else if (was_up && !link->is_private) {
        cepa_mesh_on_link_down(node->mesh, number, error, now);
    }
    link->ticket = 0;
    if (was_up && !link->is_dialback) {
        cepa_circuit_table_link_down(&node->table, number, now);
        struct cepa_node_effect effect = {.kind = CEPA_NODE_EVENT,
                                          .event = CEPA_EVENT_LINK_DOWN,
                                          .peer = link->target,
                                          .link = number,
                                          .error = error};
        cepa_node_push(node, &effect);
        cepa_node_relayed_via_gone(node, number, now);
    }
    if (!was_up) {
        node->counts.dials_failed += link->is_initiator;
    }
    cepa_node_paths_link_gone(node, link, now);
}

void cepa_node_link_end(struct cepa_node *node, struct cepa_node_link *link, int error,
                        struct cepa_time now)
{
    if (link->state >= CEPA_NODE_LINK_CLOSING) {
        return;
    }
    bool is_sayable = link->is_begun && (link->state == CEPA_NODE_LINK_UP);
    report_end(node, link, error, now);
    link->state = CEPA_NODE_LINK_OVER;
    if (is_sayable) {
        cepa_link_close(&link->link, now);
        link->state = CEPA_NODE_LINK_CLOSING;
        link->until = cepa_time_add(now, CEPA_NODE_GOODBYE_NS);
    }
    cepa_node_touch(node, link);
}

static void link_free(struct cepa_node *node, struct cepa_node_link *link, struct cepa_time now)
{
    for (unsigned slot = 0; slot < CEPA_LINK_SLOTS; slot++) {
        slot_clear(node, link, slot, false, now);
    }
    if (link->is_begun) {
        cepa_link_wipe(&link->link);
    }
    if (!cepa_handle_is_none(link->timer)) {
        int gone = cepa_timer_heap_remove(&node->timers, link->timer);
        (void)gone; /* it may have come out already */
    }
    int error = cepa_pool_free(&node->links, link->self);
    CEPA_ASSERT(error == 0);
}

void cepa_node_link_slot_gone(struct cepa_node *node, struct cepa_node_link *link, unsigned slot,
                              int error, struct cepa_time now)
{
    bool was_open = link->slots[slot].state == CEPA_NODE_SLOT_OPEN;
    if (link->slots[slot].is_by_signal && !was_open) {
        cepa_mesh_on_signal(node->mesh, cepa_node_link_number(link), link->slots[slot].attempt,
                            CEPA_MESH_SIGNAL_FAILED, NULL, 0, now);
    }
    slot_clear(node, link, slot, true, now);
    cepa_node_touch(node, link);
    if (was_open && link->is_begun && link->state < CEPA_NODE_LINK_CLOSING) {
        cepa_link_detach(&link->link, slot, now);
    }
    if (link->slots[!slot].state != CEPA_NODE_SLOT_OPEN) {
        if (link->state >= CEPA_NODE_LINK_CLOSING) {
            link->state = CEPA_NODE_LINK_OVER;
        } else {
            /* Whoever closes without a word has not been polite, or has been cut off. */
            cepa_node_link_end(node, link, error == 0 ? CEPA_ERR_UNREACHABLE : error, now);
            link->state = CEPA_NODE_LINK_OVER;
        }
    }
}

void cepa_node_link_slot_close(struct cepa_node *node, struct cepa_node_link *link, unsigned slot,
                               struct cepa_time now)
{
    bool was_open = link->slots[slot].state == CEPA_NODE_SLOT_OPEN;
    slot_clear(node, link, slot, false, now);
    if (was_open && link->is_begun && link->state < CEPA_NODE_LINK_CLOSING) {
        cepa_link_detach(&link->link, slot, now);
    }
    cepa_node_touch(node, link);
}

/* What may leave, leaves; what is due next is known. */
static void carry(struct cepa_node *node, struct cepa_node_link *link, struct cepa_time now)
{
    bool has_more = false;
    for (unsigned slot = 0; slot < CEPA_LINK_SLOTS && link->is_begun; slot++) {
        struct cepa_node_slot *carrier = &link->slots[slot];
        if (carrier->state != CEPA_NODE_SLOT_OPEN) {
            continue;
        }
        if (carrier->kind == CEPA_CARRIER_RELAYED) {
            cepa_node_relayed_pump(node, link, slot, now);
        } else if (!carrier->is_written && cepa_link_is_writable(&link->link, slot, now)) {
            struct cepa_node_effect effect = {.kind = CEPA_NODE_WRITE, .carrier = carrier->number};
            carrier->is_written = true;
            cepa_node_push(node, &effect);
        }
        has_more |= carrier->is_written;
    }
    if (link->state == CEPA_NODE_LINK_CLOSING &&
        (!has_more || cepa_time_is_due(link->until, now))) {
        link->state = CEPA_NODE_LINK_OVER;
    }
}

static void set_timer(struct cepa_node *node, struct cepa_node_link *link)
{
    struct cepa_time deadline = link->until;
    if (link->is_begun) {
        deadline = cepa_time_earliest(deadline, cepa_link_deadline(&link->link));
    }
    if (!cepa_handle_is_none(link->timer) &&
        cepa_timer_heap_move(&node->timers, link->timer, deadline) == 0) {
        return;
    }
    const struct cepa_timer timer = {.deadline = deadline, .owner = link->self};
    int error = cepa_timer_heap_add(&node->timers, &link->timer, &timer);
    CEPA_ASSERT(error == 0); /* there is one for every link */
}

void cepa_node_links_settle(struct cepa_node *node, struct cepa_time now)
{
    struct cepa_handle handle;
    while (cepa_ring_pop(&node->touched, &handle) == 0) {
        struct cepa_node_link *link = cepa_pool_find(&node->links, handle);
        if (link == NULL) {
            continue;
        }
        link->is_touched = false;
        if (link->state < CEPA_NODE_LINK_CLOSING) {
            cepa_node_link_events(node, link, now);
        }
        if (link->state != CEPA_NODE_LINK_OVER) {
            carry(node, link, now);
        }
        if (link->state == CEPA_NODE_LINK_OVER) {
            link_free(node, link, now);
        } else {
            set_timer(node, link);
        }
    }
}

/* Steps the links whose time has come. */
static void step_due(struct cepa_node *node, struct cepa_time now)
{
    struct cepa_timer timer;
    while (cepa_timer_heap_next(&node->timers, &timer, now) == 0) {
        struct cepa_node_link *link = cepa_pool_find(&node->links, timer.owner);
        CEPA_ASSERT(link != NULL);
        link->timer = (struct cepa_handle){0};
        cepa_node_touch(node, link);
        if (link->state == CEPA_NODE_LINK_DIALLING && cepa_time_is_due(link->until, now)) {
            cepa_node_link_end(node, link, CEPA_ERR_TIMEOUT, now);
        } else if (link->is_begun && link->state < CEPA_NODE_LINK_CLOSING) {
            cepa_link_step(&link->link, now);
            if (link->state == CEPA_NODE_LINK_UP && cepa_time_is_due(link->until, now)) {
                cepa_node_link_silence_due(node, link, now);
            }
        }
    }
}

/* Whether anybody needs a link, by facts that change without a word. */
static bool is_needed(const struct cepa_node *node, const struct cepa_node_link *link,
                      const struct cepa_link_status *status)
{
    return link->is_guard || status->circuits > 0 || link->carries > 0 ||
           cepa_mesh_is_needed(node->mesh, cepa_node_link_number(link));
}

static void look_at(struct cepa_node *node, struct cepa_node_link *link, struct cepa_time now)
{
    struct cepa_link_status status;
    cepa_link_status_get(&status, &link->link);
    if (is_needed(node, link, &status)) {
        link->used = now;
    }
    /* An anonymous client keeps its guard in reserve; it closes by itself. */
    uint64_t idle_ns = link->is_initiator || status.is_peer_known
                           ? CEPA_NODE_IDLE_NS
                           : cepa_duration_scale(CEPA_NODE_IDLE_NS, 20);
    if (link->is_private && link->is_stalled &&
        cepa_time_since(now, link->stalled) > CEPA_NODE_GUARD_STALL_NS) {
        cepa_node_link_end(node, link, CEPA_ERR_TIMEOUT, now);
    } else if (cepa_time_since(now, link->used) > idle_ns) {
        cepa_node_link_end(node, link, 0, now);
    }
}

void cepa_node_links_tick(struct cepa_node *node, struct cepa_time now)
{
    uint32_t cursor = 0;
    struct cepa_node_link *link;
    while ((link = cepa_node_link_next(node, &cursor)) != NULL) {
        if (link->state == CEPA_NODE_LINK_UP) {
            look_at(node, link, now);
        }
    }
}

void cepa_node_links_step(struct cepa_node *node, struct cepa_time now)
{
    step_due(node, now);
}

size_t cepa_node_pull(struct cepa_node *node, uint64_t carrier, uint8_t *ret_frame,
                      struct cepa_time now)
{
    unsigned slot;
    struct cepa_node_link *link = carrier_find(node, carrier, &slot);
    if (link == NULL || !link->is_begun || link->slots[slot].state != CEPA_NODE_SLOT_OPEN) {
        return 0;
    }
    size_t len = cepa_link_pull(&link->link, slot, ret_frame, now);
    if (len == 0) {
        link->slots[slot].is_written = false;
    }
    node->counts.bytes_out += len;
    cepa_node_withhold_sent(node, len, now);
    cepa_node_touch(node, link);
    if (link->carries > 0) {
        cepa_node_relayed_room(node, cepa_node_link_number(link));
    }
    return len;
}

/* --- facts ---------------------------------------------------------------------------------- */

/* Whether the network that somebody dials from has its share of the links, or of the handshakes,
 * already. */
static bool is_crowded(const struct cepa_node *node, const struct cepa_prefix *prefix)
{
    uint32_t links = 0;
    uint32_t shaking = 0;
    uint32_t cursor = 0;
    const struct cepa_node_link *link;
    while ((link = cepa_node_link_next(node, &cursor)) != NULL) {
        if (!link->is_initiator && memcmp(&link->prefix, prefix, sizeof *prefix) == 0) {
            links += link->state <= CEPA_NODE_LINK_UP;
            shaking += link->state < CEPA_NODE_LINK_UP;
        }
    }
    return links >= node->config.limits.links / CEPA_NODE_SOURCE_SHARE ||
           shaking >= node->config.limits.handshakes / CEPA_NODE_SOURCE_SHARE;
}

/* A link for a carrier that somebody else has opened; NULL if there is no room. */
static struct cepa_node_link *accept(struct cepa_node *node, uint64_t carrier,
                                     const struct cepa_carrier_facts *facts, struct cepa_time now)
{
    struct cepa_prefix prefix;
    cepa_prefix_of(&prefix, &facts->remote);
    if (is_crowded(node, &prefix)) {
        node->counts.refused++;
        return NULL;
    }
    struct cepa_node_link *link = cepa_node_link_new(node, false, now);
    if (link != NULL && cepa_node_carrier_add(node, link, 0, carrier) != 0) {
        link->state = CEPA_NODE_LINK_OVER;
        link = NULL;
    }
    return link;
}

void cepa_node_on_carrier_open(struct cepa_node *node, uint64_t carrier,
                               const struct cepa_carrier_facts *facts, struct cepa_time now)
{
    unsigned slot = 0;
    struct cepa_node_link *link = carrier_find(node, carrier, &slot);
    if ((carrier & CEPA_NODE_CARRIER_ACCEPTED) != 0 && link == NULL && node->is_started) {
        link = accept(node, carrier, facts, now);
    }
    if (link == NULL || link->state >= CEPA_NODE_LINK_CLOSING) {
        struct cepa_node_effect effect = {.kind = CEPA_NODE_CLOSE, .carrier = carrier};
        if (link == NULL) {
            cepa_node_push(node, &effect);
        }
        return;
    }
    struct cepa_carrier attached = {.kind = (uint8_t)facts->kind};
    memcpy(attached.binding, facts->binding, sizeof attached.binding);
    link->slots[slot].remote = facts->remote;
    if (!link->is_begun) {
        cepa_prefix_of(&link->prefix, &facts->remote);
    }
    cepa_node_link_begin(node, link, slot, &attached, now);
}

void cepa_node_on_carrier_frame(struct cepa_node *node, uint64_t carrier, uint8_t *frame,
                                size_t frame_len, struct cepa_time now)
{
    unsigned slot;
    struct cepa_node_link *link = carrier_find(node, carrier, &slot);
    if (link == NULL || !link->is_begun || link->slots[slot].state != CEPA_NODE_SLOT_OPEN ||
        link->state >= CEPA_NODE_LINK_CLOSING) {
        return;
    }
    node->counts.bytes_in += frame_len;
    cepa_node_budget_received(&node->budget, frame_len);
    cepa_node_touch(node, link);
    cepa_link_receive(&link->link, slot, frame, frame_len, now);
    cepa_node_link_events(node, link, now);
}

void cepa_node_on_carrier_silent(struct cepa_node *node, uint64_t carrier, struct cepa_time now)
{
    unsigned slot;
    struct cepa_node_link *link = carrier_find(node, carrier, &slot);
    if (link != NULL && link->state == CEPA_NODE_LINK_UP) {
        cepa_node_link_stalled(node, link, now);
    }
}

void cepa_node_on_carrier_alive(struct cepa_node *node, uint64_t carrier, struct cepa_time now)
{
    unsigned slot;
    struct cepa_node_link *link = carrier_find(node, carrier, &slot);
    if (link != NULL && link->state == CEPA_NODE_LINK_UP) {
        cepa_node_link_recovered(node, link, now);
    }
}

void cepa_node_on_carrier_closed(struct cepa_node *node, uint64_t carrier, int error,
                                 struct cepa_time now)
{
    unsigned slot;
    struct cepa_node_link *link = carrier_find(node, carrier, &slot);
    if (link != NULL) {
        cepa_node_link_slot_gone(node, link, slot, error, now);
    }
}

void cepa_node_on_signal(struct cepa_node *node, uint64_t carrier, enum cepa_signal_kind kind,
                         const uint8_t *data, size_t data_len, struct cepa_time now)
{
    unsigned slot;
    struct cepa_node_link *link = carrier_find(node, carrier, &slot);
    if (link == NULL || data_len == 0 || data_len > CEPA_SIGNAL_MAX ||
        !link->slots[slot].is_by_signal) {
        return;
    }
    cepa_mesh_on_signal(node->mesh, cepa_node_link_number(link), link->slots[slot].attempt,
                        (enum cepa_mesh_signal)kind, data, data_len, now);
}
