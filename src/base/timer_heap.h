/* Timers: which deadline comes next. A binary heap over a pool, in memory that the caller gives.
 *
 * Timers with equal deadlines come out in the order in which they were set, so that the same inputs
 * always give the same trace. A timer is named by its handle, which goes stale when the timer has
 * come out or was removed. */
#ifndef CEPA_BASE_TIMER_HEAP_H
#define CEPA_BASE_TIMER_HEAP_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/pool.h"
#include "base/time.h"

/* A timer, as it is set and as it comes out. */
struct cepa_timer {
    struct cepa_time deadline; /* when; never is allowed, and then it does not come out */
    struct cepa_handle owner;  /* what it is for: any handle of the caller's */
    uint32_t kind;             /* what for, within the owner: any number of the caller's */
};

/* A place in the heap: what decides the order, and where the timer stands in the pool. */
struct cepa_timer_node {
    uint64_t deadline_ns;
    uint64_t order; /* which call set it; no two are equal */
    struct cepa_handle timer;
};

/* The timers of one owner of time, usually a node. */
struct cepa_timer_heap {
    struct cepa_pool pool;         /* of timers and their places in the heap */
    struct cepa_timer_node *nodes; /* pool.count of them; none comes before its parent */
    uint64_t last_order;           /* how many times a timer was set */
};

/* cepa_timer_heap_size gives the bytes that `capacity` timers need; SIZE_MAX if there is no such
 * number. */
size_t cepa_timer_heap_size(uint32_t capacity);

/* cepa_timer_heap_init makes an empty heap in the `memory_len` >= cepa_timer_heap_size(capacity)
 * bytes at `memory` (asserted), aligned as base/block.h says and lent for the heap's life. */
void cepa_timer_heap_init(struct cepa_timer_heap *heap, void *memory, size_t memory_len,
                          uint32_t capacity);

/* cepa_timer_heap_count gives how many timers are set. */
uint32_t cepa_timer_heap_count(const struct cepa_timer_heap *heap);

/* cepa_timer_heap_add sets a new timer. Returns 0, CEPA_ERR_FULL or CEPA_ERR_EXHAUSTED (as
 * cepa_pool_alloc). O(log count). */
CEPA_MUST_USE int cepa_timer_heap_add(struct cepa_timer_heap *heap, struct cepa_handle *ret_handle,
                                      const struct cepa_timer *timer);

/* cepa_timer_heap_move gives a timer another deadline, as if it were set now. Returns 0, or
 * CEPA_ERR_NOT_FOUND if the handle is stale. O(log count). */
CEPA_MUST_USE int cepa_timer_heap_move(struct cepa_timer_heap *heap, struct cepa_handle handle,
                                       struct cepa_time deadline);

/* cepa_timer_heap_remove removes a timer. Returns 0, or CEPA_ERR_NOT_FOUND if the handle is stale.
 * O(log count). */
CEPA_MUST_USE int cepa_timer_heap_remove(struct cepa_timer_heap *heap, struct cepa_handle handle);

/* cepa_timer_heap_deadline gives the earliest deadline, or never. */
struct cepa_time cepa_timer_heap_deadline(const struct cepa_timer_heap *heap);

/* cepa_timer_heap_next takes out the first timer that is due at `now`. Returns 0, or
 * CEPA_ERR_NOT_FOUND if none is. O(log count). */
CEPA_MUST_USE int cepa_timer_heap_next(struct cepa_timer_heap *heap, struct cepa_timer *ret_timer,
                                       struct cepa_time now);

#endif
