/* What a node may spend. @[SPEC 12.8] */
#include "node/node_budget.h"

#include "base/endian.h"
#include "wire/sizes.h"

enum { PERCENT = 100, DAY_MS = 86400000 };

#define MILLION UINT64_C(1000000)
#define USED_MAX (UINT64_MAX - 1)    /* below the mark that never comes */
#define RATE_MAX (UINT64_C(1) << 40) /* so that a second of it in millionths fits in 63 bits */

static const uint8_t percents[] = {[CEPA_BUDGET_PADDING] = CEPA_NODE_BUDGET_PADDING,
                                   [CEPA_BUDGET_CIRCUITS] = CEPA_NODE_BUDGET_CIRCUITS,
                                   [CEPA_BUDGET_RELAYING] = CEPA_NODE_BUDGET_RELAYING};

static uint32_t day_of(struct cepa_wall wall)
{
    uint64_t day = wall.unix_ms / DAY_MS;
    return day < UINT32_MAX ? (uint32_t)day : UINT32_MAX;
}

/* How much use begins a level; never, without a budget. */
static uint64_t mark_of(const struct cepa_node_budget *budget, enum cepa_budget_level level)
{
    uint64_t whole = budget->limits.bytes_per_day;
    if (whole == 0 || level > CEPA_BUDGET_RELAYING) {
        return UINT64_MAX;
    }
    return whole / PERCENT * percents[level] + whole % PERCENT * percents[level] / PERCENT;
}

void cepa_node_budget_init(struct cepa_node_budget *ret_budget,
                           const struct cepa_node_budget_limits *limits, struct cepa_wall wall,
                           struct cepa_time now)
{
    *ret_budget = (struct cepa_node_budget){
        .limits = *limits, .day = day_of(wall), .stored_at = now, .filled = now, .let_go = now};
    if (ret_budget->limits.bytes_per_second > RATE_MAX) {
        ret_budget->limits.bytes_per_second = RATE_MAX;
    }
    ret_budget->tokens = (int64_t)(ret_budget->limits.bytes_per_second * MILLION);
    ret_budget->mark = mark_of(ret_budget, CEPA_BUDGET_PADDING);
}

/* --- the day ---------------------------------------------------------------------------------- */

void cepa_node_budget_received(struct cepa_node_budget *budget, size_t len)
{
    uint64_t room = USED_MAX - budget->used;
    budget->used += len < room ? len : room;
}

bool cepa_node_budget_is_due(const struct cepa_node_budget *budget)
{
    return budget->used >= budget->mark;
}

bool cepa_node_budget_step(struct cepa_node_budget *budget, struct cepa_wall wall)
{
    enum cepa_budget_level before = budget->level;
    uint32_t day = day_of(wall);
    if (day != budget->day) {
        budget->day = day;
        budget->used = 0;
        budget->stored = 0;
        budget->level = CEPA_BUDGET_NOTHING;
        budget->mark = mark_of(budget, CEPA_BUDGET_PADDING);
    }
    while (budget->used >= budget->mark && budget->level < CEPA_BUDGET_RELAYING) {
        budget->level++;
        budget->mark = mark_of(budget, budget->level + 1);
    }
    return budget->level != before;
}

struct cepa_wall cepa_node_budget_end(const struct cepa_node_budget *budget)
{
    return (struct cepa_wall){((uint64_t)budget->day + 1) * DAY_MS};
}

/* --- the second ------------------------------------------------------------------------------- */

/* Tokens at `now`, and until when these are counted: whole microseconds. */
static int64_t tokens_at(const struct cepa_node_budget *budget, struct cepa_time now,
                         struct cepa_time *ret_filled)
{
    uint64_t elapsed_us = cepa_time_since(now, budget->filled) / 1000;
    int64_t full = (int64_t)(budget->limits.bytes_per_second * MILLION);
    *ret_filled = cepa_time_add(budget->filled, elapsed_us * 1000);
    if (elapsed_us >= 2 * MILLION) {
        return full;
    }
    int64_t tokens = budget->tokens + (int64_t)(elapsed_us * budget->limits.bytes_per_second);
    return tokens < full ? tokens : full;
}

void cepa_node_budget_sent(struct cepa_node_budget *budget, size_t len, struct cepa_time now)
{
    cepa_node_budget_received(budget, len);
    if (budget->limits.bytes_per_second == 0) {
        return;
    }
    int64_t most = (int64_t)(budget->limits.bytes_per_second * MILLION);
    int64_t tokens = tokens_at(budget, now, &budget->filled) - (int64_t)(len * MILLION);
    budget->tokens = tokens > -most ? tokens : -most;
}

enum cepa_budget_level cepa_node_budget_rate_level(const struct cepa_node_budget *budget,
                                                   struct cepa_time now)
{
    struct cepa_time filled;
    uint64_t rate = budget->limits.bytes_per_second;
    if (rate == 0) {
        return CEPA_BUDGET_NOTHING;
    }
    int64_t tokens = tokens_at(budget, now, &filled);
    return tokens <= 0                              ? CEPA_BUDGET_RELAYING
           : tokens < (int64_t)(rate * MILLION / 2) ? CEPA_BUDGET_PADDING
                                                    : CEPA_BUDGET_NOTHING;
}

enum cepa_budget_level cepa_node_budget_withheld(const struct cepa_node_budget *budget,
                                                 struct cepa_time now)
{
    enum cepa_budget_level by_rate = cepa_node_budget_rate_level(budget, now);
    return by_rate > budget->level ? by_rate : budget->level;
}

uint32_t cepa_node_budget_let_go(struct cepa_node_budget *budget, struct cepa_time now)
{
    uint64_t rate = budget->limits.bytes_per_second;
    if (rate == 0) {
        return UINT32_MAX;
    }
    if (!cepa_time_is_due(budget->let_go, now) ||
        cepa_node_budget_rate_level(budget, now) == CEPA_BUDGET_RELAYING) {
        return 0;
    }
    budget->let_go = cepa_time_add(now, CEPA_NODE_BUDGET_PACE_NS);
    /* Rounded up: the bucket sees to the rest. */
    uint64_t cells = rate / (CEPA_SECOND_NS / CEPA_NODE_BUDGET_PACE_NS) / CEPA_FRAME_SIZE + 1;
    return cells < UINT32_MAX ? (uint32_t)cells : UINT32_MAX;
}

struct cepa_time cepa_node_budget_let_go_deadline(const struct cepa_node_budget *budget)
{
    uint64_t rate = budget->limits.bytes_per_second;
    if (budget->tokens > 0 || rate == 0) {
        return budget->let_go;
    }
    uint64_t missing_us = (uint64_t)(-budget->tokens) / rate + 1;
    return cepa_time_latest(budget->let_go, cepa_time_add(budget->filled, missing_us * 1000));
}

/* --- over restarts ---------------------------------------------------------------------------- */

bool cepa_node_budget_is_dirty(const struct cepa_node_budget *budget, struct cepa_time now)
{
    uint64_t more = budget->used - budget->stored;
    return budget->limits.bytes_per_day > 0 && more > 0 &&
           (more > budget->limits.bytes_per_day / CEPA_NODE_BUDGET_STORE_SHARE ||
            cepa_time_since(now, budget->stored_at) >= CEPA_NODE_BUDGET_STORE_NS);
}

void cepa_node_budget_encode(struct cepa_node_budget *budget,
                             uint8_t ret_value[CEPA_NODE_BUDGET_STATE_SIZE], struct cepa_time now)
{
    cepa_be32_store(ret_value, budget->day);
    cepa_be64_store(ret_value + 4, budget->used);
    budget->stored = budget->used;
    budget->stored_at = now;
}

int cepa_node_budget_restore(struct cepa_node_budget *budget, const uint8_t *value,
                             size_t value_len)
{
    if (value_len != CEPA_NODE_BUDGET_STATE_SIZE) {
        return CEPA_ERR_LENGTH;
    }
    if (budget->limits.bytes_per_day == 0) {
        return CEPA_ERR_NOT_FOUND;
    }
    if (cepa_be32_load(value) == budget->day) {
        uint64_t used = cepa_be64_load(value + 4);
        budget->used = used < USED_MAX ? used : USED_MAX;
        budget->stored = budget->used;
    }
    return 0;
}
