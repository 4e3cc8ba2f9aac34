/* Token buckets and scores. @[SPEC 10.14] */
#include "mesh/budget.h"

#include <string.h>

#include "base/assert.h"

enum { PER_S_MAX = 1 << 24, IDLE_S_MAX = 600 };

/* A honest neighbour stays well below: see the table of the specification. */
static const struct {
    uint32_t per_s;
    uint32_t burst;
} RATES[CEPA_MESH_COSTS] = {
    [CEPA_MESH_COST_MESSAGES] = {50, 400}, [CEPA_MESH_COST_ITEMS] = {500, 4096},
    [CEPA_MESH_COST_SCANS] = {64, 1024},   [CEPA_MESH_COST_VERIFY] = {50, 1024},
    [CEPA_MESH_COST_OBJECTS] = {2, 64},    [CEPA_MESH_COST_BYTES] = {65536, 4 * 1024 * 1024},
    [CEPA_MESH_COST_DIALBACKS] = {1, 6},   [CEPA_MESH_COST_PROBES] = {2, 32},
    [CEPA_MESH_COST_CHANNELS] = {2, 32},   [CEPA_MESH_COST_SIGNALS] = {10, 100},
    [CEPA_MESH_COST_RELAYED] = {0, 0},
};

bool cepa_token_bucket_take(struct cepa_token_bucket *bucket, uint64_t count, uint32_t per_s,
                            uint64_t burst, struct cepa_time now)
{
    CEPA_ASSERT(per_s > 0 && per_s < PER_S_MAX);
    uint64_t idle_ns = cepa_time_since(now, bucket->filled_at);
    if (idle_ns > IDLE_S_MAX * CEPA_SECOND_NS) {
        idle_ns = IDLE_S_MAX * CEPA_SECOND_NS;
    }
    /* Whole tokens only; what is less than one stays in filled_at. */
    uint64_t fresh = idle_ns * per_s / CEPA_SECOND_NS;
    if (fresh > 0) {
        bucket->filled_at = idle_ns == IDLE_S_MAX * CEPA_SECOND_NS
                                ? now
                                : cepa_time_add(bucket->filled_at, fresh * CEPA_SECOND_NS / per_s);
        bucket->tokens = bucket->tokens + fresh > burst ? burst : bucket->tokens + fresh;
    }
    if (bucket->tokens < count) {
        return false;
    }
    bucket->tokens -= count;
    return true;
}

void cepa_mesh_budget_init(struct cepa_mesh_budget *budget, struct cepa_time now)
{
    memset(budget, 0, sizeof *budget);
    budget->scored_at = now;
    for (size_t i = 0; i < CEPA_MESH_COSTS; i++) {
        budget->buckets[i].tokens = RATES[i].burst;
        budget->buckets[i].filled_at = now;
    }
}

bool cepa_mesh_budget_take(struct cepa_mesh_budget *budget, enum cepa_mesh_cost cost,
                           uint64_t count, struct cepa_time now)
{
    CEPA_ASSERT(cost < CEPA_MESH_COST_RELAYED);
    return cepa_token_bucket_take(&budget->buckets[cost], count, RATES[cost].per_s,
                                  RATES[cost].burst, now);
}

bool cepa_mesh_budget_misdeed(struct cepa_mesh_budget *budget, uint32_t points,
                              struct cepa_time now)
{
    uint64_t forgotten = cepa_time_since(now, budget->scored_at) / CEPA_SECOND_NS;
    if (forgotten > 0) {
        budget->score = budget->score > forgotten ? budget->score - (uint32_t)forgotten : 0;
        budget->scored_at = now;
    }
    budget->score += points;
    return budget->score >= CEPA_MESH_SCORE_MAX;
}
