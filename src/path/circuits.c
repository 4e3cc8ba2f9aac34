/* The life of an origin's circuits: when they are planned, opened, replaced, given up.
 * @[SPEC 11.5] */
#include "path/circuits.h"

#include <string.h>

#include "base/assert.h"
#include "base/block.h"
#include "base/ct.h"
#include "base/draw.h"
#include "path/circuits_parts.h"

enum {
    TRIES_MAX = 6,         /* builds of a circuit that is not kept */
    BACKOFF_DOUBLINGS = 8, /* 100 ms to 25.6 s */
    BUILDS_KNOWN_MIN = 5,  /* so many measured builds make a median */
    ROTATE_PERCENT = 20,
    RENEW_PERCENT = 50
};

#define BACKOFF_NS (100 * CEPA_MILLISECOND_NS)
#define BUILD_LIMIT_UNKNOWN_NS (5 * CEPA_SECOND_NS)
#define BUILD_LIMIT_MIN_NS (1500 * CEPA_MILLISECOND_NS)
#define BUILD_LIMIT_MAX_NS (20 * CEPA_SECOND_NS)

struct cepa_circuits_limits cepa_circuits_limits_default(void)
{
    const struct cepa_circuits_limits limits = {
        .circuits_max = 64,
        .salvages_max = 8,
        .prepared_min = 3,
        .prepared_max = 8,
        .prepared_hops = 3,
        .rotate_ns = 600 * CEPA_SECOND_NS,
        .retire_ns = 30 * CEPA_SECOND_NS,
        .keys_wait_ns = 5 * CEPA_SECOND_NS,
        .renew_first_ns = 2 * CEPA_SECOND_NS,
        .renew_again_ns = 300 * CEPA_SECOND_NS,
    };
    return limits;
}

static bool are_valid(const struct cepa_circuits_limits *limits)
{
    return limits->circuits_max > 0 && limits->circuits_max <= 4096 && limits->salvages_max > 0 &&
           limits->salvages_max <= 4096 && limits->prepared_min <= limits->prepared_max &&
           limits->prepared_max <= limits->circuits_max && limits->prepared_hops > 0 &&
           limits->prepared_hops <= CEPA_CIRCUIT_HOPS_MAX;
}

static uint32_t ring_capacity(uint32_t count)
{
    uint32_t capacity = 1;
    while (capacity < count) {
        capacity *= 2;
    }
    return capacity;
}

size_t cepa_circuits_size(const struct cepa_circuits_limits *limits)
{
    if (!are_valid(limits)) {
        return SIZE_MAX;
    }
    size_t circuits = cepa_pool_size(limits->circuits_max, sizeof(struct cepa_circuits_one));
    size_t packets = cepa_pool_size(limits->salvages_max, CEPA_PACKET_SIZE);
    size_t ready = cepa_ring_size(ring_capacity(limits->circuits_max), sizeof(struct cepa_handle));
    return cepa_block_sum(cepa_block_sum(cepa_block_round(circuits), cepa_block_round(packets)),
                          cepa_block_round(ready));
}

int cepa_circuits_init(struct cepa_circuits *ret_circuits, void *memory, size_t memory_len,
                       const struct cepa_circuits_limits *limits, struct cepa_guards *guards,
                       struct cepa_layer2 *layer2, const struct cepa_random *random,
                       struct cepa_circuits_workspace *workspace, uint32_t cpu)
{
    struct cepa_block block;
    if (memory_len < cepa_circuits_size(limits)) {
        return CEPA_ERR_ARGUMENT;
    }
    size_t circuits_size = cepa_pool_size(limits->circuits_max, sizeof(struct cepa_circuits_one));
    size_t packets_size = cepa_pool_size(limits->salvages_max, CEPA_PACKET_SIZE);
    uint32_t ready_len = ring_capacity(limits->circuits_max);
    size_t ready_size = cepa_ring_size(ready_len, sizeof(struct cepa_handle));
    memset(ret_circuits, 0, sizeof *ret_circuits);
    ret_circuits->limits = *limits;
    ret_circuits->guards = guards;
    ret_circuits->layer2 = layer2;
    ret_circuits->random = random;
    ret_circuits->workspace = workspace;
    ret_circuits->cpu = cpu;
    cepa_block_init(&block, memory, memory_len);
    cepa_pool_init(&ret_circuits->circuits, cepa_block_carve(&block, circuits_size), circuits_size,
                   limits->circuits_max, sizeof(struct cepa_circuits_one));
    cepa_pool_init(&ret_circuits->packets, cepa_block_carve(&block, packets_size), packets_size,
                   limits->salvages_max, CEPA_PACKET_SIZE);
    cepa_ring_init(&ret_circuits->ready, cepa_block_carve(&block, ready_size), ready_size,
                   ready_len, sizeof(struct cepa_handle));
    CEPA_ASSERT(cepa_block_end(&block) == 0);
    return 0;
}

void cepa_circuits_wipe(struct cepa_circuits *circuits)
{
    cepa_pool_wipe(&circuits->circuits);
    cepa_pool_wipe(&circuits->packets);
    cepa_ring_wipe(&circuits->ready);
    cepa_wipe(circuits, sizeof *circuits);
}

void cepa_circuits_tell(struct cepa_circuits *circuits, struct cepa_circuits_one *one,
                        uint32_t todo)
{
    one->todo |= todo;
    if (!one->is_ready) {
        CEPA_ASSERT(cepa_ring_push(&circuits->ready, &one->self) == 0);
        one->is_ready = true;
    }
}

uint64_t cepa_circuits_jitter(const struct cepa_circuits *circuits, uint64_t mean_ns,
                              uint32_t percent)
{
    uint64_t bits;
    uint64_t range_ns = mean_ns / 100 * percent;
    if (cepa_draw_u64(&bits, circuits->random) != 0) {
        return mean_ns; /* a draw that fails costs the jitter, not the circuit */
    }
    return mean_ns - range_ns + cepa_draw_scale(bits, 2 * range_ns + 1);
}

/* Takes a circuit off its link and forgets what was on its way. */
static void unlink_one(struct cepa_circuits *circuits, struct cepa_circuits_one *one)
{
    if (!cepa_handle_is_none(one->packet)) {
        CEPA_ASSERT(cepa_pool_free(&circuits->packets, one->packet) == 0);
        memset(&one->packet, 0, sizeof one->packet);
    }
    one->todo &= ~(uint32_t)(CEPA_CIRCUITS_TELL_CELLS | CEPA_CIRCUITS_TELL_KEYS);
    if (one->is_linked) {
        cepa_circuits_tell(circuits, one, CEPA_CIRCUITS_TELL_CLOSE);
    }
    one->is_linked = false;
    one->room = 0;
    cepa_wipe(&one->origin, sizeof one->origin);
}

static void end_alone(struct cepa_circuits *circuits, struct cepa_circuits_one *one, int error)
{
    one->state = CEPA_CIRCUITS_CLOSED;
    unlink_one(circuits, one);
    one->todo &= CEPA_CIRCUITS_TELL_CLOSE;
    one->error = error;
    cepa_circuits_tell(circuits, one, one->is_known ? CEPA_CIRCUITS_TELL_ENDED : 0);
}

/* Breaks the tie between a circuit and its replacement; one without the other needs no word. */
static void part_from_other(struct cepa_circuits *circuits, struct cepa_circuits_one *one)
{
    struct cepa_circuits_one *other =
        cepa_handle_is_none(one->other) ? NULL : cepa_pool_find(&circuits->circuits, one->other);
    memset(&one->other, 0, sizeof one->other);
    if (other == NULL || other->state == CEPA_CIRCUITS_CLOSED) {
        return;
    }
    memset(&other->other, 0, sizeof other->other);
    if (!one->is_replacement && !other->is_known) {
        end_alone(circuits, other, 0);
    }
}

void cepa_circuits_end(struct cepa_circuits *circuits, struct cepa_circuits_one *one, int error)
{
    if (one->state == CEPA_CIRCUITS_CLOSED) {
        return;
    }
    end_alone(circuits, one, error);
    part_from_other(circuits, one);
}

static uint64_t backoff_ns(uint32_t failures)
{
    return BACKOFF_NS << (failures < BACKOFF_DOUBLINGS ? failures : BACKOFF_DOUBLINGS);
}

/* Goes back to the start: another path. */
static void plan(struct cepa_circuits_one *one, struct cepa_time now, struct cepa_time plan_at)
{
    one->state = CEPA_CIRCUITS_PLANNED;
    one->has_path = false;
    one->live_len = 0;
    one->made_at = now;
    one->deadline = plan_at;
}

/* Whether another circuit has taken its place. */
static bool is_retiring(const struct cepa_circuits_one *one)
{
    return one->state == CEPA_CIRCUITS_OPEN && !cepa_time_is_never(one->retire_at);
}

/* Tells that a circuit broke, unless the owner has not yet been told that it was open. */
static void tell_broken(struct cepa_circuits *circuits, struct cepa_circuits_one *one)
{
    if (one->todo & CEPA_CIRCUITS_TELL_OPENED) {
        one->todo &= ~(uint32_t)CEPA_CIRCUITS_TELL_OPENED;
        one->was_open = false;
    } else if (one->was_open) {
        one->todo &= ~(uint32_t)CEPA_CIRCUITS_TELL_REBUILT;
        cepa_circuits_tell(circuits, one, CEPA_CIRCUITS_TELL_BROKEN);
    }
}

void cepa_circuits_fail(struct cepa_circuits *circuits, struct cepa_circuits_one *one, int error,
                        struct cepa_time now)
{
    bool is_broken = one->state != CEPA_CIRCUITS_PLANNED && one->state != CEPA_CIRCUITS_BUILDING;
    circuits->deadline.ns = 0;
    unlink_one(circuits, one);
    circuits->counts.build_failed += !is_broken;
    if (one->is_prepared) {
        if (!cepa_time_is_before(now, circuits->prepare_at)) {
            /* Those that are made together and fail together are one failure. */
            circuits->prepare_failures++;
            circuits->prepare_at = cepa_time_add(now, backoff_ns(circuits->prepare_failures));
        }
        cepa_circuits_end(circuits, one, error);
        return;
    }
    one->tries = is_broken ? 0 : one->tries + 1;
    bool is_lost = is_broken && (!one->request.is_kept || is_retiring(one));
    if (is_lost || (one->tries >= TRIES_MAX && !one->request.is_kept)) {
        cepa_circuits_end(circuits, one, error);
        return;
    }
    if (one->state == CEPA_CIRCUITS_OPEN) {
        tell_broken(circuits, one);
    }
    circuits->counts.rebuilt += is_broken;
    if (!one->is_replacement || one->is_known) {
        part_from_other(circuits, one);
    }
    plan(one, now, one->tries <= 1 ? now : cepa_time_add(now, backoff_ns(one->tries)));
}

/* Notes how long a build took. */
static void note_build(struct cepa_circuits *circuits, uint64_t duration_ns)
{
    circuits->build_times_ns[circuits->build_times_next] = duration_ns;
    circuits->build_times_next = (circuits->build_times_next + 1) % CEPA_CIRCUITS_BUILD_TIMES;
    circuits->build_times_len += circuits->build_times_len < CEPA_CIRCUITS_BUILD_TIMES;
}

uint64_t cepa_circuits_build_limit_ns(const struct cepa_circuits *circuits)
{
    uint32_t len = circuits->build_times_len;
    if (len < BUILDS_KNOWN_MIN) {
        return BUILD_LIMIT_UNKNOWN_NS;
    }
    for (uint32_t i = 0; i < len; i++) {
        uint32_t below = 0;
        uint64_t median_ns = circuits->build_times_ns[i];
        for (uint32_t j = 0; j < len; j++) {
            uint64_t other_ns = circuits->build_times_ns[j];
            below += other_ns < median_ns || (other_ns == median_ns && j < i);
        }
        if (below == len / 2) {
            uint64_t limit_ns = cepa_duration_scale(median_ns, 3);
            limit_ns = limit_ns < BUILD_LIMIT_MAX_NS ? limit_ns : BUILD_LIMIT_MAX_NS;
            return limit_ns > BUILD_LIMIT_MIN_NS ? limit_ns : BUILD_LIMIT_MIN_NS;
        }
    }
    CEPA_UNREACHABLE(); /* one of them is in the middle */
}

/* Tells the old one of two that the new one is there. */
static void replace(struct cepa_circuits *circuits, struct cepa_circuits_one *one,
                    struct cepa_time now)
{
    struct cepa_circuits_one *old = cepa_pool_find(&circuits->circuits, one->other);
    if (old == NULL) {
        cepa_circuits_end(circuits, one, 0);
        return;
    }
    one->is_known = true;
    old->retire_at = cepa_time_add(now, circuits->limits.retire_ns);
    cepa_circuits_tell(circuits, old, CEPA_CIRCUITS_TELL_REPLACED);
}

void cepa_circuits_opened(struct cepa_circuits *circuits, struct cepa_circuits_one *one,
                          struct cepa_time now)
{
    bool is_salvage = one->state == CEPA_CIRCUITS_SALVAGING;
    const struct cepa_circuits_limits *limits = &circuits->limits;
    if (one->request.is_hidden && one->path.hops_len > 1) {
        cepa_layer2_on_built(circuits->layer2, &one->path.hops[1].key);
    }
    one->build_ns = cepa_time_since(now, one->made_at);
    one->state = CEPA_CIRCUITS_OPEN;
    one->deadline = cepa_time_never();
    one->retire_at = cepa_time_never();
    one->tries = 0;
    one->renew_hop = 0;
    one->renew_tries = 0;
    one->renew_at =
        cepa_time_add(now, cepa_circuits_jitter(circuits, limits->renew_first_ns, RENEW_PERCENT));
    if (is_salvage) {
        circuits->counts.salvaged++;
    } else {
        circuits->counts.built++;
        one->rotate_at =
            cepa_time_add(now, cepa_circuits_jitter(circuits, limits->rotate_ns, ROTATE_PERCENT));
        note_build(circuits, one->build_ns);
    }
    if (one->is_prepared) {
        circuits->prepare_failures = 0;
    } else if (one->is_replacement && !one->is_known) {
        replace(circuits, one, now);
    } else {
        cepa_circuits_tell(circuits, one,
                           one->was_open ? CEPA_CIRCUITS_TELL_REBUILT : CEPA_CIRCUITS_TELL_OPENED);
    }
    one->was_open = one->is_known;
}

/* A hop has reported the loss of the next one, and the origin's circuit is cut behind it. */
void cepa_circuits_cut(struct cepa_circuits *circuits, struct cepa_circuits_one *one,
                       struct cepa_time now)
{
    if (is_retiring(one) || one->is_prepared) {
        cepa_circuits_end(circuits, one, 0); /* nobody misses it; a new one is better than mended */
        return;
    }
    if (one->state == CEPA_CIRCUITS_OPEN) {
        tell_broken(circuits, one);
    }
    one->todo &= ~(uint32_t)CEPA_CIRCUITS_TELL_CELLS;
    one->state = CEPA_CIRCUITS_CUT;
    one->has_path = false;
    one->live_len = one->origin.hops_len;
    one->deadline = now;
    if (!one->is_replacement || one->is_known) {
        part_from_other(circuits, one);
    }
}

/* Whether a prepared circuit can serve a request. */
static bool is_fit(const struct cepa_circuits *circuits, const struct cepa_circuits_one *one,
                   const struct cepa_circuits_request *request)
{
    static const struct cepa_recipient_tag nobody;
    bool is_plain = !request->is_hidden && !request->is_fresh && !request->has_last &&
                    request->path_len == 0 && request->early_len == 0 &&
                    memcmp(&request->recipient, &nobody, sizeof nobody) == 0;
    if (!one->is_prepared || !is_plain ||
        (request->hops_len != 0 && request->hops_len != circuits->limits.prepared_hops)) {
        return false;
    }
    return !one->has_path ||
           cepa_circuits_group_uses(circuits, request->group, NULL, &one->path.hops[0].key) == 0;
}

/* The best prepared circuit for a request: an open one, else one that is being built; or NULL. */
static struct cepa_circuits_one *find_prepared(struct cepa_circuits *circuits,
                                               const struct cepa_circuits_request *request)
{
    struct cepa_circuits_one *best = NULL;
    struct cepa_handle handle = {0, 0, 0};
    for (uint32_t i = 0; cepa_pool_next(&circuits->circuits, &handle, i) == 0;
         i = handle.index + 1) {
        struct cepa_circuits_one *one = cepa_pool_find(&circuits->circuits, handle);
        bool is_usable = one->state == CEPA_CIRCUITS_OPEN || one->state == CEPA_CIRCUITS_BUILDING;
        if (is_usable && is_fit(circuits, one, request) &&
            (best == NULL || one->state > best->state)) {
            best = one;
        }
    }
    return best;
}

int cepa_circuits_make(struct cepa_circuits *circuits, struct cepa_circuits_one **ret_one,
                       struct cepa_time now)
{
    struct cepa_handle handle;
    int error = cepa_pool_alloc(&circuits->circuits, &handle);
    if (error != 0) {
        return error;
    }
    struct cepa_circuits_one *one = cepa_pool_find(&circuits->circuits, handle);
    one->self = handle;
    one->renew_at = cepa_time_never();
    one->rotate_at = cepa_time_never();
    one->retire_at = cepa_time_never();
    plan(one, now, now);
    *ret_one = one;
    return 0;
}

/* Copies a request, with its early content. */
void cepa_circuits_ask(const struct cepa_circuits *circuits, struct cepa_circuits_one *one,
                       const struct cepa_circuits_request *request)
{
    struct cepa_circuits_request copy = *request;
    if (copy.early_len > 0 && copy.early != one->early) {
        memmove(one->early, copy.early, copy.early_len);
    }
    copy.early = one->early;
    if (copy.hops_len == 0) {
        copy.hops_len = circuits->limits.prepared_hops;
    }
    one->request = copy;
}

int cepa_circuits_open(struct cepa_circuits *circuits, struct cepa_handle *ret_circuit,
                       const struct cepa_circuits_request *request, struct cepa_time now)
{
    circuits->deadline.ns = 0;
    if (request->hops_len > CEPA_CIRCUIT_HOPS_MAX || request->early_len > CEPA_CIRCUITS_EARLY_MAX ||
        (request->path_len > 0 && request->path_len + 1 != request->hops_len)) {
        return CEPA_ERR_ARGUMENT;
    }
    struct cepa_circuits_one *one = find_prepared(circuits, request);
    bool is_open = one != NULL && one->state == CEPA_CIRCUITS_OPEN;
    if (one == NULL) {
        int error = cepa_circuits_make(circuits, &one, now);
        if (error != 0) {
            return error;
        }
    }
    circuits->demand++;
    cepa_circuits_ask(circuits, one, request);
    one->is_prepared = false;
    one->is_known = true;
    if (is_open) {
        one->was_open = true;
        cepa_circuits_tell(circuits, one, CEPA_CIRCUITS_TELL_OPENED);
    }
    *ret_circuit = one->self;
    return 0;
}

void cepa_circuits_close(struct cepa_circuits *circuits, struct cepa_handle circuit,
                         struct cepa_time now)
{
    struct cepa_circuits_one *one = cepa_pool_find(&circuits->circuits, circuit);
    circuits->deadline.ns = 0;
    (void)now;
    if (one != NULL) {
        cepa_circuits_end(circuits, one, 0);
    }
}

void cepa_circuits_on_lost(struct cepa_circuits *circuits, struct cepa_handle circuit,
                           struct cepa_time now)
{
    struct cepa_circuits_one *one = cepa_pool_find(&circuits->circuits, circuit);
    circuits->deadline.ns = 0;
    if (one == NULL || !one->is_linked) {
        return;
    }
    one->is_linked = false;
    circuits->counts.broken += one->state != CEPA_CIRCUITS_BUILDING;
    for (size_t i = 1; i < one->path.hops_len && one->state == CEPA_CIRCUITS_BUILDING; i++) {
        cepa_circuits_blame(circuits, &one->path.hops[i], now); /* nobody knows which it was */
    }
    cepa_circuits_fail(circuits, one, CEPA_ERR_UNREACHABLE, now);
}

void cepa_circuits_room(struct cepa_circuits *circuits, struct cepa_handle circuit, uint32_t room)
{
    struct cepa_circuits_one *one = cepa_pool_find(&circuits->circuits, circuit);
    if (one != NULL && one->is_linked) {
        one->room = room;
        if (room > 0 && (one->todo & CEPA_CIRCUITS_TELL_CELLS)) {
            cepa_circuits_tell(circuits, one, 0);
        }
    }
}

const struct cepa_path *cepa_circuits_path(const struct cepa_circuits *circuits,
                                           struct cepa_handle circuit,
                                           enum cepa_circuits_state *ret_state)
{
    const struct cepa_circuits_one *one = cepa_pool_find(&circuits->circuits, circuit);
    if (one == NULL) {
        return NULL;
    }
    *ret_state = one->state;
    return &one->path;
}
