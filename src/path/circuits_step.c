/* What time does to an origin's circuits: paths are chosen, builds time out, circuits are prepared,
 * renewed and replaced. @[SPEC 11.5] */
#include <string.h>

#include "path/circuits_parts.h"

enum { ROTATE_PERCENT = 20 };

#define STEP_NS CEPA_SECOND_NS
#define DEMAND_NS (60 * CEPA_SECOND_NS)
#define PLAN_AGAIN_NS (100 * CEPA_MILLISECOND_NS)
#define GUARD_WAIT_NS (10 * CEPA_SECOND_NS)

/* Makes a successor for a circuit that has grown old. */
static void rotate(struct cepa_circuits *circuits, struct cepa_circuits_one *one,
                   struct cepa_time now)
{
    struct cepa_circuits_one *successor;
    one->rotate_at = cepa_time_add(
        now, cepa_circuits_jitter(circuits, circuits->limits.rotate_ns / 10 + 1, ROTATE_PERCENT));
    if (one->is_prepared) {
        cepa_circuits_end(circuits, one, 0); /* preparing makes another */
        return;
    }
    if (!one->request.is_kept || !cepa_handle_is_none(one->other) ||
        cepa_circuits_make(circuits, &successor, now) != 0) {
        return;
    }
    cepa_circuits_ask(circuits, successor, &one->request);
    successor->is_replacement = true;
    successor->other = one->self;
    one->other = successor->self;
}

/* Chooses a path where one is wanted; gives up where none can be had for long. */
static void choose(struct cepa_circuits *circuits, struct cepa_circuits_one *one,
                   const struct cepa_path_relays *relays, struct cepa_time now)
{
    int error = cepa_circuits_choose(circuits, one, relays);
    if (error == 0) {
        one->has_path = true;
        one->deadline = cepa_time_add(now, circuits->limits.keys_wait_ns);
        cepa_circuits_tell(circuits, one, CEPA_CIRCUITS_TELL_KEYS);
        return;
    }
    bool is_patient = one->state == CEPA_CIRCUITS_PLANNED &&
                      (one->request.is_kept || cepa_time_since(now, one->made_at) < GUARD_WAIT_NS);
    if (is_patient && error == CEPA_ERR_NOT_FOUND) {
        one->deadline = cepa_time_add(now, PLAN_AGAIN_NS);
    } else {
        cepa_circuits_fail(circuits, one, CEPA_ERR_UNREACHABLE, now);
    }
}

/* What time does to a circuit that is not open. */
static void step_closed(struct cepa_circuits *circuits, struct cepa_circuits_one *one,
                        const struct cepa_path_relays *relays, struct cepa_time now)
{
    if (!cepa_time_is_due(one->deadline, now)) {
        return;
    }
    bool is_planning = one->state == CEPA_CIRCUITS_PLANNED || one->state == CEPA_CIRCUITS_CUT;
    if (is_planning && !one->has_path) {
        choose(circuits, one, relays, now);
        return;
    }
    if (!is_planning) {
        /* Nobody knows which hop is at fault; the guard is spared, being there for all paths. */
        size_t first = one->live_len > 0 ? one->live_len : 1;
        for (size_t i = first; i < one->path.hops_len; i++) {
            cepa_circuits_blame(circuits, &one->path.hops[i], now);
        }
        circuits->counts.build_timed_out++;
    }
    if (one->request.is_hidden && one->live_len == 0 && one->path.hops_len > 1) {
        cepa_layer2_on_failed(circuits->layer2, &one->path.hops[1].key); /* or without its keys */
    }
    cepa_circuits_fail(circuits, one, CEPA_ERR_TIMEOUT, now);
}

/* What time does to an open circuit. */
static void step_open(struct cepa_circuits *circuits, struct cepa_circuits_one *one,
                      struct cepa_time now)
{
    if (cepa_time_is_due(one->retire_at, now)) {
        cepa_circuits_end(circuits, one, 0);
        return;
    }
    if (cepa_time_is_due(one->renew_at, now)) {
        cepa_circuits_renew(circuits, one, now);
    }
    if (one->state == CEPA_CIRCUITS_OPEN && cepa_time_is_due(one->rotate_at, now)) {
        rotate(circuits, one, now);
    }
}

static uint32_t prepared_target(const struct cepa_circuits *circuits)
{
    uint32_t target = circuits->limits.prepared_min + circuits->demand / 2;
    return target < circuits->limits.prepared_max ? target : circuits->limits.prepared_max;
}

/* Keeps circuits ready, as many as were asked for lately. */
static void prepare(struct cepa_circuits *circuits, struct cepa_time now)
{
    const struct cepa_guard *guards[CEPA_GUARDS_IN_USE];
    struct cepa_handle handle = {0, 0, 0};
    struct cepa_circuits_one *one;
    uint32_t prepared = 0;
    for (uint32_t i = 0; cepa_pool_next(&circuits->circuits, &handle, i) == 0;
         i = handle.index + 1) {
        one = cepa_pool_find(&circuits->circuits, handle);
        prepared += one->is_prepared && one->state != CEPA_CIRCUITS_CLOSED;
    }
    if (cepa_guards_in_use(circuits->guards, guards) == 0 ||
        cepa_time_is_before(now, circuits->prepare_at)) {
        return;
    }
    const struct cepa_circuits_request request = {.hops_len = circuits->limits.prepared_hops};
    for (; prepared < prepared_target(circuits); prepared++) {
        if (cepa_circuits_make(circuits, &one, now) != 0) {
            return;
        }
        cepa_circuits_ask(circuits, one, &request);
        one->is_prepared = true;
    }
}

void cepa_circuits_step(struct cepa_circuits *circuits, const struct cepa_path_relays *relays,
                        struct cepa_time now)
{
    struct cepa_handle handle = {0, 0, 0};
    circuits->stepped_at = now;
    circuits->deadline.ns = 0;
    if (cepa_time_since(now, circuits->demand_at) >= DEMAND_NS) {
        circuits->demand /= 2;
        circuits->demand_at = now;
    }
    prepare(circuits, now);
    for (uint32_t i = 0; cepa_pool_next(&circuits->circuits, &handle, i) == 0;
         i = handle.index + 1) {
        struct cepa_circuits_one *one = cepa_pool_find(&circuits->circuits, handle);
        if (one->state == CEPA_CIRCUITS_OPEN) {
            step_open(circuits, one, now);
        } else if (one->state != CEPA_CIRCUITS_CLOSED) {
            step_closed(circuits, one, relays, now);
        }
    }
}

static struct cepa_time find_deadline(const struct cepa_circuits *circuits)
{
    struct cepa_handle handle = {0, 0, 0};
    struct cepa_time deadline = circuits->limits.prepared_max > 0
                                    ? cepa_time_add(circuits->stepped_at, STEP_NS)
                                    : cepa_time_never();
    for (uint32_t i = 0; cepa_pool_next(&circuits->circuits, &handle, i) == 0;
         i = handle.index + 1) {
        const struct cepa_circuits_one *one = cepa_pool_find(&circuits->circuits, handle);
        if (one->state == CEPA_CIRCUITS_OPEN) {
            deadline = cepa_time_earliest(deadline, one->renew_at);
            deadline = cepa_time_earliest(deadline, one->rotate_at);
            deadline = cepa_time_earliest(deadline, one->retire_at);
        } else if (one->state != CEPA_CIRCUITS_CLOSED) {
            deadline = cepa_time_earliest(deadline, one->deadline);
        }
    }
    return deadline;
}

struct cepa_time cepa_circuits_deadline(struct cepa_circuits *circuits)
{
    if (circuits->deadline.ns == 0) {
        circuits->deadline = find_deadline(circuits);
    }
    return circuits->deadline;
}
