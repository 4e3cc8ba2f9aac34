/* Carries out what the node's budget says, and holds credit back when the second's is spent:
 * whoever sends through this relay then waits for it, and nothing is lost. @[SPEC 12.8] */
#include "node/node_parts.h"
#include "onion/circuit_ends.h"

enum { CREDIT_AT_ONCE = 32 }; /* for one circuit, before it is the next one's turn */

static void set_padding(struct cepa_node *node, struct cepa_time now)
{
    node->shared.is_padding_withheld =
        node->config.is_metered ||
        cepa_node_budget_withheld(&node->budget, now) >= CEPA_BUDGET_PADDING;
}

void cepa_node_withhold_sent(struct cepa_node *node, size_t len, struct cepa_time now)
{
    cepa_node_budget_sent(&node->budget, len, now);
    if (node->config.budget.bytes_per_second > 0) {
        set_padding(node, now);
    }
    if (cepa_node_budget_is_due(&node->budget)) {
        node->tick = cepa_time_earliest(node->tick, now);
    }
}

void cepa_node_withhold_tick(struct cepa_node *node, struct cepa_time now)
{
    bool has_changed = cepa_node_budget_step(&node->budget, cepa_node_wall_now(node, now));
    set_padding(node, now);
    if (has_changed) {
        struct cepa_node_effect effect = {.kind = CEPA_NODE_EVENT,
                                          .event = CEPA_EVENT_BUDGET,
                                          .count = (int64_t)node->budget.level};
        cepa_node_push(node, &effect);
        if (node->budget.level == CEPA_BUDGET_RELAYING) {
            cepa_circuit_ends_close_others(&node->table, now);
        }
    }
    if (has_changed || cepa_node_budget_is_dirty(&node->budget, now)) {
        node->dirty |= CEPA_NODE_DIRTY_BUDGET;
    }
}

/* --- credit ----------------------------------------------------------------------------------- */

static void give(struct cepa_node *node, const struct cepa_node_held *held, uint32_t count,
                 struct cepa_time now)
{
    struct cepa_node_link *link = cepa_node_link_find(node, held->link);
    if (link != NULL && link->state == CEPA_NODE_LINK_UP) {
        cepa_link_consumed(&link->link, held->circuit_id, count, now);
        cepa_node_touch(node, link);
    }
}

void cepa_node_credit(struct cepa_node *node, uint64_t link, uint32_t circuit_id, uint32_t count,
                      struct cepa_time now)
{
    const struct cepa_node_held held = {link, circuit_id, count};
    bool is_spent = cepa_node_budget_rate_level(&node->budget, now) == CEPA_BUDGET_RELAYING;
    if (!is_spent && node->held_len == 0) {
        give(node, &held, count, now);
        return;
    }
    for (size_t i = 0; i < node->held_len; i++) {
        if (node->held[i].link == link && node->held[i].circuit_id == circuit_id) {
            node->held[i].count += count;
            return;
        }
    }
    if (node->held_len == node->held_max) {
        give(node, &held, count, now); /* more than two sides of every circuit: some have ended */
        return;
    }
    node->held[node->held_len++] = held;
}

struct cepa_time cepa_node_credit_deadline(const struct cepa_node *node)
{
    return node->held_len == 0 ? cepa_time_never()
                               : cepa_node_budget_let_go_deadline(&node->budget);
}

void cepa_node_credit_step(struct cepa_node *node, struct cepa_time now)
{
    uint32_t cells = node->held_len == 0 ? 0 : cepa_node_budget_let_go(&node->budget, now);
    while (cells > 0 && node->held_len > 0) {
        node->held_next = node->held_next < node->held_len ? node->held_next : 0;
        struct cepa_node_held *held = &node->held[node->held_next];
        uint32_t count = held->count < CREDIT_AT_ONCE ? held->count : CREDIT_AT_ONCE;
        count = count < cells ? count : cells;
        give(node, held, count, now);
        cells -= count;
        held->count -= count;
        if (held->count == 0) {
            *held = node->held[--node->held_len];
        } else {
            node->held_next++;
        }
    }
}
