/* What a node may spend: bytes of a day, both ways, and bytes that it sends in a second. As they
 * are used up, what is least needed is withheld first: padding, then new circuits of others, then
 * what is relayed. This node's own circuits, the mesh's upkeep and replies are counted, and never
 * withheld. Integers only; who carries it out is node/node_withhold.c. @[SPEC 12.8] */
#ifndef CEPA_NODE_NODE_BUDGET_H
#define CEPA_NODE_NODE_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/time.h"
#include "node/node.h"

enum {
    CEPA_NODE_BUDGET_STATE_SIZE = 12, /* day, 4; bytes used, 8 */
    /* Percent of the day's budget from which on each level withholds. */
    CEPA_NODE_BUDGET_PADDING = 60,
    CEPA_NODE_BUDGET_CIRCUITS = 80,
    CEPA_NODE_BUDGET_RELAYING = 90
};

#define CEPA_NODE_BUDGET_STORE_NS (600 * CEPA_SECOND_NS) /* it is stored so often, */
#define CEPA_NODE_BUDGET_STORE_SHARE 100                 /* and after 1/100 of the day's budget */
#define CEPA_NODE_BUDGET_PACE_NS (20 * CEPA_MILLISECOND_NS) /* credit that was held is let go */

/* A node's budget. */
struct cepa_node_budget {
    struct cepa_node_budget_limits limits;
    enum cepa_budget_level level; /* of the day */
    uint32_t day;                 /* since 1970-01-01, in UTC */
    uint64_t used;                /* bytes of that day */
    uint64_t mark;                /* as many used begin the next level */
    uint64_t stored;              /* `used` as it was stored last */
    struct cepa_time stored_at;
    int64_t tokens; /* millionths of bytes that may be sent now; a debt of a second at most */
    struct cepa_time filled; /* when tokens were counted last */
    struct cepa_time let_go; /* when credit may be let go again */
};

/* cepa_node_budget_init begins a day of which nothing is used. */
void cepa_node_budget_init(struct cepa_node_budget *ret_budget,
                           const struct cepa_node_budget_limits *limits, struct cepa_wall wall,
                           struct cepa_time now);

/* cepa_node_budget_received and _sent count the bytes of a frame. */
void cepa_node_budget_received(struct cepa_node_budget *budget, size_t len);
void cepa_node_budget_sent(struct cepa_node_budget *budget, size_t len, struct cepa_time now);

/* cepa_node_budget_is_due says whether enough is used for cepa_node_budget_step to change the
 * level. */
bool cepa_node_budget_is_due(const struct cepa_node_budget *budget);

/* cepa_node_budget_step begins a new day at midnight (UTC; any other day than the one before counts
 * as new) and sets the level. Returns whether the level has changed. */
bool cepa_node_budget_step(struct cepa_node_budget *budget, struct cepa_wall wall);

/* cepa_node_budget_withheld gives what is withheld now, by the day or by the second, whichever
 * withholds more. By the second, padding is from half of the rate on; the rest when it is spent. */
enum cepa_budget_level cepa_node_budget_withheld(const struct cepa_node_budget *budget,
                                                 struct cepa_time now);

/* cepa_node_budget_rate_level gives what the second's budget alone withholds. */
enum cepa_budget_level cepa_node_budget_rate_level(const struct cepa_node_budget *budget,
                                                   struct cepa_time now);

/* cepa_node_budget_let_go gives for how many cells credit that was held may be given back now: as
 * many as the rate has room for, some every 20 ms; the time of the next is
 * cepa_node_budget_let_go_deadline. */
uint32_t cepa_node_budget_let_go(struct cepa_node_budget *budget, struct cepa_time now);
struct cepa_time cepa_node_budget_let_go_deadline(const struct cepa_node_budget *budget);

/* cepa_node_budget_end gives when the day is over and nothing is used again. */
struct cepa_wall cepa_node_budget_end(const struct cepa_node_budget *budget);

/* cepa_node_budget_is_dirty says whether it should be stored: 10 minutes have passed since the last
 * time, or 1 % of the day's budget. */
bool cepa_node_budget_is_dirty(const struct cepa_node_budget *budget, struct cepa_time now);

/* cepa_node_budget_encode writes what is stored, and remembers that it was. */
void cepa_node_budget_encode(struct cepa_node_budget *budget,
                             uint8_t ret_value[CEPA_NODE_BUDGET_STATE_SIZE], struct cepa_time now);

/* cepa_node_budget_restore takes what was stored; another day's is ignored. Returns 0,
 * CEPA_ERR_LENGTH, or CEPA_ERR_NOT_FOUND if there is no budget for the day. */
CEPA_MUST_USE int cepa_node_budget_restore(struct cepa_node_budget *budget, const uint8_t *value,
                                           size_t value_len);

#endif
