/* What a neighbour may cost: token buckets for each kind of work, and a score of misdeeds. Work is
 * paid for by whoever causes it, so that a flood ends at its first hop. @[SPEC 10.14] */
#ifndef CEPA_MESH_BUDGET_H
#define CEPA_MESH_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/time.h"

/* What can be paid for. */
enum cepa_mesh_cost {
    CEPA_MESH_COST_MESSAGES = 0, /* messages */
    CEPA_MESH_COST_ITEMS,        /* items in them */
    CEPA_MESH_COST_SCANS,        /* comparisons that look through the index */
    CEPA_MESH_COST_VERIFY,       /* signatures of index records that nobody asked for */
    CEPA_MESH_COST_OBJECTS,      /* credentials and key records that nobody asked for */
    CEPA_MESH_COST_BYTES,        /* bytes of answers */
    CEPA_MESH_COST_DIALBACKS,    /* dials on a neighbour's behalf */
    CEPA_MESH_COST_PROBES,       /* pings on a neighbour's behalf */
    CEPA_MESH_COST_CHANNELS,     /* introductions */
    CEPA_MESH_COST_SIGNALS,      /* offers, answers, candidates */
    CEPA_MESH_COST_RELAYED,      /* bytes through its channels */
    CEPA_MESH_COSTS
};

/* Points of misdeeds; a link is closed at CEPA_MESH_SCORE_MAX. One point is forgotten per second.
 */
enum {
    CEPA_MESH_SCORE_MAX = 100,
    CEPA_MESH_MISDEED_BUDGET = 1,     /* asked for more than it may */
    CEPA_MESH_MISDEED_FORGED = 34,    /* something that does not verify */
    CEPA_MESH_MISDEED_MALFORMED = 100 /* something that does not decode */
};

/* One bucket of tokens. */
struct cepa_token_bucket {
    uint64_t tokens;
    struct cepa_time filled_at;
};

/* A neighbour's budget. */
struct cepa_mesh_budget {
    struct cepa_token_bucket buckets[CEPA_MESH_COSTS];
    uint32_t score;
    struct cepa_time scored_at;
};

/* cepa_token_bucket_take takes `count` of the tokens that come at `per_s` and are kept up to
 * `burst`; false, and none is taken, if there are not so many. `per_s` is below 2^24. */
bool cepa_token_bucket_take(struct cepa_token_bucket *bucket, uint64_t count, uint32_t per_s,
                            uint64_t burst, struct cepa_time now);

/* cepa_mesh_budget_init fills all buckets. */
void cepa_mesh_budget_init(struct cepa_mesh_budget *budget, struct cepa_time now);

/* cepa_mesh_budget_take pays for something; false if the budget does not have it. RELAYED is paid
 * by cepa_token_bucket_take with the limits' rate (asserted). */
bool cepa_mesh_budget_take(struct cepa_mesh_budget *budget, enum cepa_mesh_cost cost,
                           uint64_t count, struct cepa_time now);

/* cepa_mesh_budget_misdeed adds points; true when it is enough. */
bool cepa_mesh_budget_misdeed(struct cepa_mesh_budget *budget, uint32_t points,
                              struct cepa_time now);

#endif
