/* What the mesh asks for: links, channels through introducers, signals. */
#include <string.h>

#include "base/assert.h"
#include "crypto/hash.h"
#include "node/node_parts.h"

static void send(struct cepa_node *node, const struct cepa_mesh_effect *effect,
                 struct cepa_time now)
{
    struct cepa_node_link *link = cepa_node_link_find(node, effect->link);
    if (link == NULL || link->state != CEPA_NODE_LINK_UP) {
        return;
    }
    int error = cepa_link_send_message(&link->link, effect->data, effect->data_len, now);
    node->counts.messages_lost += error != 0; /* the mesh says everything again */
    cepa_node_touch(node, link);
}

static void dial(struct cepa_node *node, const struct cepa_mesh_effect *effect,
                 struct cepa_time now)
{
    bool is_dialback = effect->kind == CEPA_MESH_DIALBACK;
    struct cepa_node_link *link = cepa_node_link_new(node, true, now);
    if (link == NULL) {
        if (is_dialback) {
            cepa_mesh_on_dialback(node->mesh, effect->ticket, false, now);
        } else {
            cepa_mesh_on_link_failed(node->mesh, effect->ticket, now);
        }
        return;
    }
    link->ticket = effect->ticket;
    link->is_dialback = is_dialback;
    link->is_anonymous |= is_dialback;
    link->has_target = is_dialback || effect->has_node;
    link->target = link->has_target && effect->has_node ? effect->node : effect->address.node;
    int error = cepa_node_link_dial(node, link, &effect->address, effect->is_told, now);
    if (error != 0) {
        cepa_node_link_end(node, link, error, now);
    }
}

/* --- carriers through introducers ------------------------------------------------------------- */

/* What both ends of a relayed carrier know: the introducer and who is sought. @[SPEC 12.3]
 */
static void relayed_binding(struct cepa_carrier *ret_carrier, const struct cepa_node_id *introducer,
                            const struct cepa_node_id *sought)
{
    static const uint8_t label[] = "cepa v1 relayed carrier"; /* with its final zero */
    struct cepa_blake2b hash;
    *ret_carrier = (struct cepa_carrier){.kind = CEPA_CARRIER_RELAYED};
    cepa_blake2b_init(&hash, sizeof ret_carrier->binding, NULL, 0);
    cepa_blake2b_update(&hash, label, sizeof label);
    cepa_blake2b_update(&hash, introducer->bytes, sizeof introducer->bytes);
    cepa_blake2b_update(&hash, sought->bytes, sizeof sought->bytes);
    cepa_blake2b_final(&hash, ret_carrier->binding, sizeof ret_carrier->binding);
}

static void open_channel(struct cepa_node *node, const struct cepa_mesh_effect *effect,
                         struct cepa_time now)
{
    struct cepa_node_link *via = cepa_node_link_find(node, effect->link);
    struct cepa_node_link *link =
        via == NULL ? NULL : cepa_node_link_new(node, effect->is_initiator, now);
    if (link == NULL) {
        cepa_mesh_close_channel(node->mesh, effect->link, effect->channel, now);
        if (effect->ticket != 0) {
            cepa_mesh_on_link_failed(node->mesh, effect->ticket, now);
        }
        return;
    }
    link->ticket = effect->ticket;
    link->is_relayed = true;
    link->is_dialback = effect->is_anonymous;
    link->is_anonymous |= effect->is_anonymous;
    link->has_target = effect->is_initiator && effect->has_node;
    link->target = effect->node;
    link->slots[0] = (struct cepa_node_slot){.state = CEPA_NODE_SLOT_OPENING,
                                             .kind = CEPA_CARRIER_RELAYED,
                                             .via = effect->link,
                                             .channel = effect->channel};
    via->carries++;
    struct cepa_carrier carrier;
    relayed_binding(&carrier, &via->target,
                    effect->is_initiator ? &effect->node : &node->own.identity.node);
    cepa_node_link_begin(node, link, 0, &carrier, now);
}

static struct cepa_node_link *relayed_find(struct cepa_node *node, uint64_t via, uint32_t channel,
                                           unsigned *ret_slot)
{
    uint32_t cursor = 0;
    struct cepa_node_link *link;
    while ((link = cepa_node_link_next(node, &cursor)) != NULL) {
        for (unsigned slot = 0; slot < CEPA_LINK_SLOTS; slot++) {
            const struct cepa_node_slot *carrier = &link->slots[slot];
            if (carrier->state != CEPA_NODE_SLOT_EMPTY && carrier->via == via &&
                carrier->channel == channel && carrier->kind == CEPA_CARRIER_RELAYED) {
                *ret_slot = slot;
                return link;
            }
        }
    }
    return NULL;
}

void cepa_node_relayed_frame(struct cepa_node *node, struct cepa_node_link *via,
                             const struct cepa_link_event *event, struct cepa_time now)
{
    uint64_t next_link;
    uint32_t next_channel;
    int whose = cepa_mesh_forward(node->mesh, &next_link, &next_channel, cepa_node_link_number(via),
                                  event->circuit_id, event->data_len, now);
    if (whose == 1) {
        struct cepa_node_link *next = cepa_node_link_find(node, next_link);
        if (next != NULL && next->state == CEPA_NODE_LINK_UP) {
            int error = cepa_link_send_relayed(&next->link, next_channel, event->data, now);
            node->counts.relayed += error == 0;
            cepa_node_touch(node, next);
        }
        return;
    }
    unsigned slot;
    struct cepa_node_link *link =
        whose != 0 ? NULL
                   : relayed_find(node, cepa_node_link_number(via), event->circuit_id, &slot);
    if (link == NULL || !link->is_begun || link->state >= CEPA_NODE_LINK_CLOSING) {
        node->counts.refused += whose < 0;
        return;
    }
    /* The frame is decrypted in place: it is copied, because its events may send over `via`. */
    uint8_t frame[CEPA_RELAYED_FRAME_SIZE];
    memcpy(frame, event->data, sizeof frame);
    cepa_node_touch(node, link);
    cepa_link_receive(&link->link, slot, frame, sizeof frame, now);
    cepa_node_link_events(node, link, now);
}

void cepa_node_relayed_pump(struct cepa_node *node, struct cepa_node_link *link, unsigned slot,
                            struct cepa_time now)
{
    uint8_t inner[CEPA_FRAME_SIZE];
    const struct cepa_node_slot *carrier = &link->slots[slot];
    struct cepa_node_link *via = cepa_node_link_find(node, carrier->via);
    if (via == NULL || via->state != CEPA_NODE_LINK_UP) {
        return;
    }
    while (cepa_link_relayed_room(&via->link) > 0) {
        size_t len = cepa_link_pull(&link->link, slot, inner, now);
        if (len == 0) {
            break;
        }
        int error = cepa_link_send_relayed(&via->link, carrier->channel, inner, now);
        cepa_node_touch(node, via);
        if (error != 0) {
            break;
        }
    }
}

void cepa_node_relayed_room(struct cepa_node *node, uint64_t via)
{
    uint32_t cursor = 0;
    struct cepa_node_link *link;
    while ((link = cepa_node_link_next(node, &cursor)) != NULL) {
        for (unsigned slot = 0; slot < CEPA_LINK_SLOTS; slot++) {
            if (link->slots[slot].kind == CEPA_CARRIER_RELAYED && link->slots[slot].via == via) {
                cepa_node_touch(node, link);
            }
        }
    }
}

void cepa_node_relayed_via_gone(struct cepa_node *node, uint64_t via, struct cepa_time now)
{
    uint32_t cursor = 0;
    struct cepa_node_link *link;
    while ((link = cepa_node_link_next(node, &cursor)) != NULL) {
        for (unsigned slot = 0; slot < CEPA_LINK_SLOTS; slot++) {
            if (link->slots[slot].state != CEPA_NODE_SLOT_EMPTY &&
                link->slots[slot].kind == CEPA_CARRIER_RELAYED && link->slots[slot].via == via) {
                cepa_node_link_slot_gone(node, link, slot, CEPA_ERR_UNREACHABLE, now);
            }
        }
    }
}

/* --- direct carriers for relayed links ---------------------------------------------------------
 */

/* Begins to open a carrier in the free slot of a link; the driver is asked by an effect of `kind`.
 */
static void open_by_signal(struct cepa_node *node, enum cepa_node_effect_kind kind,
                           const struct cepa_mesh_effect *from, struct cepa_time now)
{
    struct cepa_node_link *link = cepa_node_link_find(node, from->link);
    if (link == NULL || link->state != CEPA_NODE_LINK_UP) {
        return;
    }
    unsigned slot = link->slots[0].state == CEPA_NODE_SLOT_EMPTY ? 0 : 1;
    if (link->slots[slot].state != CEPA_NODE_SLOT_EMPTY ||
        cepa_node_carrier_add(node, link, slot, node->last_carrier + 1) != 0) {
        cepa_mesh_on_signal(node->mesh, from->link, from->attempt, CEPA_MESH_SIGNAL_FAILED, NULL, 0,
                            now);
        return;
    }
    link->slots[slot].is_by_signal = true;
    link->slots[slot].attempt = from->attempt;
    struct cepa_node_effect effect = {.kind = kind,
                                      .carrier = ++node->last_carrier,
                                      .data = from->data,
                                      .data_len = from->data_len};
    cepa_node_push(node, &effect);
}

static void on_signal(struct cepa_node *node, const struct cepa_mesh_effect *from,
                      struct cepa_time now)
{
    if (from->signal == CEPA_MESH_SIGNAL_OFFER) {
        open_by_signal(node, CEPA_NODE_ANSWER, from, now);
        return;
    }
    struct cepa_node_link *link = cepa_node_link_find(node, from->link);
    for (unsigned slot = 0; link != NULL && slot < CEPA_LINK_SLOTS; slot++) {
        const struct cepa_node_slot *carrier = &link->slots[slot];
        if (carrier->state != CEPA_NODE_SLOT_OPENING || !carrier->is_by_signal ||
            carrier->attempt != from->attempt) {
            continue;
        }
        if (from->signal == CEPA_MESH_SIGNAL_FAILED) {
            cepa_node_link_slot_close(node, link, slot, now);
            return;
        }
        struct cepa_node_effect effect = {.kind = from->signal == CEPA_MESH_SIGNAL_ANSWER
                                                      ? CEPA_NODE_TAKE_ANSWER
                                                      : CEPA_NODE_ADD_CANDIDATE,
                                          .carrier = carrier->number,
                                          .data = from->data,
                                          .data_len = from->data_len};
        cepa_node_push(node, &effect);
    }
}

/* --- effects ---------------------------------------------------------------------------------- */

static void on_clock(struct cepa_node *node, int64_t offset_ms)
{
    node->is_clock_off = offset_ms != 0;
    struct cepa_node_effect effect = {
        .kind = CEPA_NODE_EVENT, .event = CEPA_EVENT_CLOCK, .count = offset_ms};
    cepa_node_push(node, &effect);
}

static void unlink(struct cepa_node *node, const struct cepa_mesh_effect *effect,
                   struct cepa_time now)
{
    struct cepa_node_link *link = cepa_node_link_find(node, effect->link);
    struct cepa_link_status status;
    if (link == NULL || link->state != CEPA_NODE_LINK_UP) {
        return;
    }
    cepa_link_status_get(&status, &link->link);
    if (effect->error == 0 && (status.circuits > 0 || link->is_guard || link->carries > 0)) {
        return;
    }
    cepa_node_link_end(node, link, effect->error, now);
}

static void channel_gone(struct cepa_node *node, const struct cepa_mesh_effect *effect,
                         struct cepa_time now)
{
    unsigned slot;
    struct cepa_node_link *link = relayed_find(node, effect->link, effect->channel, &slot);
    if (link != NULL) {
        cepa_node_link_slot_gone(node, link, slot, CEPA_ERR_UNREACHABLE, now);
    }
}

/* Effects that are news and no tasks. */
static void on_news(struct cepa_node *node, const struct cepa_mesh_effect *effect,
                    struct cepa_time now)
{
    switch ((int)effect->kind) {
    case CEPA_MESH_RECEIPTS:
    case CEPA_MESH_INTRODUCERS:
    case CEPA_MESH_FILTERED:
        cepa_node_identity_on_mesh(node, now);
        break;
    case CEPA_MESH_ANCHORS:
        node->dirty |= CEPA_NODE_DIRTY_PEERS * ((1 << CEPA_MESH_ANCHORS_MAX) - 1);
        break;
    case CEPA_MESH_CLOCK:
        on_clock(node, effect->offset_ms);
        break;
    case CEPA_MESH_CONNECTED:
        cepa_node_waiting_answer(node, effect->ticket, effect->link, now);
        break;
    case CEPA_MESH_UNREACHABLE:
        cepa_node_waiting_answer(node, effect->ticket, 0, now);
        break;
    case CEPA_MESH_JOINED:
        node->is_joined = true;
        cepa_node_tell(node, CEPA_EVENT_JOINED, 0, 0);
        break;
    case CEPA_MESH_ALONE:
        node->is_joined = false;
        cepa_node_tell(node, CEPA_EVENT_ALONE, 0, 0);
        break;
    default: /* SUSPECT: the view of relays asks for itself */
        break;
    }
}

bool cepa_node_mesh_settle(struct cepa_node *node, struct cepa_time now)
{
    struct cepa_mesh_effect effect;
    bool has_moved = false;
    while (cepa_mesh_next(node->mesh, &effect, now) == 0) {
        has_moved = true;
        switch ((int)effect.kind) {
        case CEPA_MESH_SEND:
            send(node, &effect, now);
            break;
        case CEPA_MESH_LINK:
        case CEPA_MESH_DIALBACK:
            dial(node, &effect, now);
            break;
        case CEPA_MESH_UNLINK:
            unlink(node, &effect, now);
            break;
        case CEPA_MESH_CHANNEL:
            open_channel(node, &effect, now);
            break;
        case CEPA_MESH_CHANNEL_GONE:
            channel_gone(node, &effect, now);
            break;
        case CEPA_MESH_OFFER:
            open_by_signal(node, CEPA_NODE_OFFER, &effect, now);
            break;
        case CEPA_MESH_SIGNAL:
            on_signal(node, &effect, now);
            break;
        case CEPA_MESH_FETCH:
            cepa_node_fetch(node, &effect, now);
            break;
        case CEPA_MESH_FETCH_END:
            cepa_node_fetch_end(node, effect.route, now);
            break;
        case CEPA_MESH_ANSWER:
            cepa_node_answer(node, &effect, now);
            break;
        default:
            on_news(node, &effect, now);
            break;
        }
    }
    return has_moved;
}
