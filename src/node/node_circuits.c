/* The circuit table and the links: cells and packets go from one to the other, and credit goes
 * back when a cell has left on the other side. */
#include <string.h>

#include "base/assert.h"
#include "node/node_parts.h"

enum { CLOSE_REASON = 0, PACKETS_PER_S_MAX = 1000 };

static struct cepa_node_link *up_link(const struct cepa_node *node, uint64_t number)
{
    struct cepa_node_link *link = cepa_node_link_find(node, number);
    return link != NULL && link->state == CEPA_NODE_LINK_UP ? link : NULL;
}

static void consumed(struct cepa_node *node, struct cepa_node_link *link, uint32_t circuit_id,
                     uint32_t count, struct cepa_time now)
{
    cepa_link_consumed(&link->link, circuit_id, count, now);
    cepa_node_touch(node, link);
}

/* Sends a cell; false if it is lost: there is no such link or circuit any more, or no room. */
static bool send_cell(struct cepa_node *node, uint64_t number, uint32_t circuit_id,
                      uint64_t counter, const uint8_t *body, struct cepa_time now)
{
    struct cepa_node_link *link = up_link(node, number);
    if (link == NULL) {
        return false;
    }
    cepa_node_touch(node, link);
    return cepa_link_send_cell(&link->link, circuit_id, counter, body, now) == 0;
}

void cepa_node_on_cell(struct cepa_node *node, struct cepa_node_link *link,
                       const struct cepa_link_event *event, struct cepa_time now)
{
    struct cepa_circuit_outcome outcome;
    uint8_t *body = cepa_link_event_body(&link->link);
    int error = cepa_circuit_table_on_cell(&node->table, &outcome, cepa_node_link_number(link),
                                           event->circuit_id, event->counter, body, now);
    bool is_held = false;
    if (error != 0) {
        node->counts.misbehaviour += cepa_error_blame(error) == CEPA_BLAME_PEER;
    } else if (outcome.kind == CEPA_CIRCUIT_OUTCOME_CELL) {
        is_held = send_cell(node, outcome.link, outcome.circuit_id, outcome.counter, body, now);
    } else if (outcome.kind == CEPA_CIRCUIT_OUTCOME_DATA) {
        is_held = cepa_node_serve(node, link, event->circuit_id, &outcome, now);
    } else if (outcome.kind == CEPA_CIRCUIT_OUTCOME_OWN) {
        is_held = cepa_node_own_cell(node, outcome.owner, event->counter, body, now);
    }
    if (!is_held) {
        consumed(node, link, event->circuit_id, 1, now);
    }
}

void cepa_node_on_window(struct cepa_node *node, struct cepa_node_link *link,
                         const struct cepa_link_event *event, struct cepa_time now)
{
    struct cepa_circuit_ends ends;
    if (cepa_circuit_ends_find(&node->table, &ends, cepa_node_link_number(link),
                               event->circuit_id) != 0) {
        return;
    }
    if (ends.is_own) {
        cepa_node_own_room(node, ends.owner, event->room, now);
    } else if (ends.goes_on) {
        cepa_node_credit(node, ends.link, ends.circuit_id, event->count, now);
    } else if (!cepa_node_ends_window(node, ends.circuit, event->count, now) &&
               !cepa_node_serve_window(node, ends.circuit, event, now)) {
        cepa_node_credit(node, cepa_node_link_number(link), event->circuit_id, event->count,
                         now); /* answers of this relay */
    }
}

/* So many that no source fills more of a replay cache than its share. */
static uint32_t packets_per_s(const struct cepa_node *node)
{
    uint64_t epoch_ms = node->config.profile.calendar.epoch_len_ms;
    uint64_t per_s = (uint64_t)node->config.limits.replay_tags * 1000 / CEPA_NODE_SOURCE_SHARE;
    per_s /= epoch_ms;
    return per_s == 0 ? 1 : per_s > PACKETS_PER_S_MAX ? PACKETS_PER_S_MAX : (uint32_t)per_s;
}

void cepa_node_on_packet(struct cepa_node *node, struct cepa_node_link *link,
                         const struct cepa_link_event *event, struct cepa_time now)
{
    struct cepa_circuit_outcome outcome;
    struct cepa_prefix source = cepa_node_link_source(node, link);
    bool is_withheld = event->circuit_id != 0 &&
                       cepa_node_budget_withheld(&node->budget, now) >= CEPA_BUDGET_CIRCUITS;
    if (is_withheld ||
        !cepa_node_sources_packet(&node->sources, &source, packets_per_s(node), now)) {
        node->counts.refused++;
        node->counts.packets_dropped++;
        if (event->circuit_id != 0) {
            cepa_link_close_circuit(&link->link, event->circuit_id, CLOSE_REASON, now);
            cepa_node_touch(node, link);
        }
        return;
    }
    if (event->circuit_id != 0) {
        int error = cepa_link_accept_circuit(&link->link, event->circuit_id);
        if (error == CEPA_ERR_IN_USE) {
            return;
        }
        if (error != 0) {
            cepa_link_close_circuit(&link->link, event->circuit_id, CLOSE_REASON, now);
            return;
        }
    }
    memcpy(node->workspace->packet, event->data, CEPA_PACKET_SIZE); /* it is peeled in place */
    int error = cepa_circuit_table_on_packet(&node->table, &outcome, cepa_node_link_number(link),
                                             event->circuit_id, node->workspace->packet, now);
    cepa_node_touch(node, link);
    if (error == 0) {
        node->counts.packets_accepted++;
        return;
    }
    node->counts.packets_dropped++;
    if (event->circuit_id != 0 && error != CEPA_ERR_IN_USE) {
        cepa_link_close_circuit(&link->link, event->circuit_id, CLOSE_REASON, now);
    }
}

void cepa_node_on_circuit_closed(struct cepa_node *node, struct cepa_node_link *link,
                                 uint32_t circuit_id, struct cepa_time now)
{
    struct cepa_circuit_outcome outcome;
    if (cepa_circuit_table_on_closed(&node->table, &outcome, cepa_node_link_number(link),
                                     circuit_id, now) == 0 &&
        outcome.kind == CEPA_CIRCUIT_OUTCOME_OWN) {
        cepa_node_own_lost(node, outcome.owner, now);
    }
}

/* --- packets that wait for a link --------------------------------------------------------------
 */

static void forward_packet(struct cepa_node *node, const struct cepa_node_waiting *waiting,
                           struct cepa_node_link *link, struct cepa_time now)
{
    uint32_t circuit_id = 0;
    const uint8_t *bytes = cepa_circuit_table_packet(&node->table, waiting->packet);
    if (bytes == NULL) {
        return; /* it was given up meanwhile */
    }
    int error = waiting->is_circuit ? cepa_link_open_circuit(&link->link, &circuit_id) : 0;
    if (error == 0) {
        error = cepa_link_send_packet(&link->link, circuit_id, bytes, now);
    }
    cepa_node_touch(node, link);
    if (error != 0) {
        cepa_circuit_table_unreachable(&node->table, waiting->packet, now);
    } else {
        error = cepa_circuit_table_sent(&node->table, waiting->packet, cepa_node_link_number(link),
                                        circuit_id, now);
    }
    if (error != 0 && circuit_id != 0) {
        cepa_link_close_circuit(&link->link, circuit_id, CLOSE_REASON, now);
    }
}

void cepa_node_waiting_answer(struct cepa_node *node, uint64_t ticket, uint64_t link,
                              struct cepa_time now)
{
    for (size_t i = 0; i < CEPA_NODE_WAITING_MAX; i++) {
        struct cepa_node_waiting *waiting = &node->waiting[i];
        if (cepa_handle_is_none(waiting->packet) || waiting->ticket != ticket) {
            continue;
        }
        struct cepa_node_waiting answered = *waiting;
        *waiting = (struct cepa_node_waiting){0};
        struct cepa_node_link *over = up_link(node, link);
        if (over != NULL) {
            forward_packet(node, &answered, over, now);
        } else {
            cepa_circuit_table_unreachable(&node->table, answered.packet, now);
        }
    }
}

static void wait_for_link(struct cepa_node *node, const struct cepa_circuit_effect *effect,
                          struct cepa_time now)
{
    size_t place = CEPA_NODE_WAITING_MAX;
    size_t share = CEPA_NODE_WAITING_MAX / CEPA_NODE_SOURCE_SHARE;
    for (size_t i = 0; i < CEPA_NODE_WAITING_MAX; i++) {
        if (cepa_handle_is_none(node->waiting[i].packet)) {
            place = i;
        } else {
            share -= node->waiting[i].from == effect->link && share > 0;
        }
    }
    uint64_t ticket;
    bool is_withheld = !effect->is_circuit && node->budget.level == CEPA_BUDGET_RELAYING;
    if (is_withheld || place == CEPA_NODE_WAITING_MAX || share == 0 ||
        cepa_mesh_connect(node->mesh, &ticket, &effect->next, now) != 0) {
        cepa_circuit_table_unreachable(&node->table, effect->packet, now);
        return;
    }
    node->waiting[place] = (struct cepa_node_waiting){.packet = effect->packet,
                                                      .ticket = ticket,
                                                      .from = effect->link,
                                                      .is_circuit = effect->is_circuit};
}

bool cepa_node_table_settle(struct cepa_node *node, struct cepa_time now)
{
    struct cepa_circuit_effect effect;
    struct cepa_node_link *link;
    bool has_moved = false;
    while (cepa_circuit_table_next(&node->table, &effect) == 0) {
        has_moved = true;
        switch (effect.kind) {
        case CEPA_CIRCUIT_EFFECT_CELL:
            send_cell(node, effect.link, effect.circuit_id, effect.counter, effect.body, now);
            break;
        case CEPA_CIRCUIT_EFFECT_PACKET:
            wait_for_link(node, &effect, now);
            break;
        case CEPA_CIRCUIT_EFFECT_CLOSE:
            link = up_link(node, effect.link);
            if (link != NULL) {
                cepa_link_close_circuit(&link->link, effect.circuit_id, CLOSE_REASON, now);
                cepa_node_touch(node, link);
            }
            break;
        case CEPA_CIRCUIT_EFFECT_OWN_LOST:
            cepa_node_own_lost(node, effect.owner, now);
            break;
        case CEPA_CIRCUIT_EFFECT_ENDED:
            cepa_node_ends_on_ended(node, effect.circuit, now);
            break;
        }
    }
    return has_moved;
}
