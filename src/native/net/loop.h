/* Waiting for descriptors, for a moment, and for other threads, by epoll. One thread waits; only
 * cepa_loop_wake may be called from another one or from a signal handler.
 *
 *     cepa_loop_wait(loop, deadline);
 *     while (cepa_loop_next(loop, &ready)) { ... }
 *
 * A loop has a descriptor itself, which is readable when cepa_loop_wait would not wait, so that it
 * can stand in another loop. */
#ifndef CEPA_NATIVE_NET_LOOP_H
#define CEPA_NATIVE_NET_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/time.h"

enum {
    CEPA_LOOP_READ = 1,      /* bytes, a connection, or the end of the stream can be taken */
    CEPA_LOOP_WRITE = 2,     /* there is room for bytes, or connecting has come to an end */
    CEPA_LOOP_BROKEN = 4,    /* an error or the end of both directions; always watched for */
    CEPA_LOOP_READY_MAX = 64 /* descriptors of one wait; the others come with the next */
};

/* One loop; opaque. */
struct cepa_loop;

/* A descriptor that is ready. */
struct cepa_loop_ready {
    uint64_t number; /* the one that it was added with */
    unsigned what;   /* CEPA_LOOP_*, together */
};

/* cepa_loop_open makes a loop. Returns 0, CEPA_ERR_FULL or CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_loop_open(struct cepa_loop **ret_loop);

/* cepa_loop_close gives it back; the descriptors in it stay open; NULL is allowed. */
void cepa_loop_close(struct cepa_loop *loop);

/* cepa_loop_descriptor gives the loop's own descriptor. It knows of the deadline of the last
 * cepa_loop_wait, or of cepa_loop_set_deadline. */
int cepa_loop_descriptor(const struct cepa_loop *loop);

/* cepa_loop_add watches `fd` for `what` (CEPA_LOOP_READ and CEPA_LOOP_WRITE, together or neither)
 * under the caller's number, below UINT64_MAX - 1 (asserted). As long as the descriptor is ready,
 * every wait says so. Returns 0, CEPA_ERR_FULL or CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_loop_add(struct cepa_loop *loop, int fd, uint64_t number, unsigned what);

/* cepa_loop_change watches for something else from now on; for the rest as cepa_loop_add. */
CEPA_MUST_USE int cepa_loop_change(struct cepa_loop *loop, int fd, uint64_t number, unsigned what);

/* cepa_loop_remove ends watching; call it before `fd` is closed. What was ready under `number` and
 * was not taken yet will not come. */
void cepa_loop_remove(struct cepa_loop *loop, int fd, uint64_t number);

/* cepa_loop_wait waits until a descriptor is ready, `deadline` on cepa_clock_now has come, or
 * somebody calls cepa_loop_wake; a deadline in the past does not wait. What was ready before and
 * was not taken is found anew. Returns how many descriptors are ready, 0 or more, or
 * CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_loop_wait(struct cepa_loop *loop, struct cepa_time deadline);

/* cepa_loop_next gives the next descriptor that is ready; false when all were given. */
bool cepa_loop_next(struct cepa_loop *loop, struct cepa_loop_ready *ret_ready);

/* cepa_loop_set_deadline lets the loop's own descriptor become readable at `deadline` at the
 * latest, without waiting here. Returns 0 or CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_loop_set_deadline(struct cepa_loop *loop, struct cepa_time deadline);

/* cepa_loop_wake ends the wait that is under way, or the next one if there is none; it leaves errno
 * as it was. Several wakes may become one. */
void cepa_loop_wake(const struct cepa_loop *loop);

#endif
