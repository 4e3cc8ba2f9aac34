/* Connecting with services of this machine: each by its port, first by 127.0.0.1, then by ::1,
 * without waiting. A bounded number at a time, each for so long.
 *
 *     cepa_dials_on_ready for numbers that are ready, cepa_dials_step at cepa_dials_deadline;
 *     cepa_dials_next after these and after cepa_dials_begin. */
#ifndef CEPA_NATIVE_PROXY_DIALS_H
#define CEPA_NATIVE_PROXY_DIALS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/time.h"
#include "native/net/loop.h"

enum {
    CEPA_DIALS_MAX = 64,      /* at one time */
    CEPA_DIALS_TIME_MS = 5000 /* for each; a service of this machine that has a queue needs none */
};

/* All of them; opaque. */
struct cepa_dials;

/* What came of one. */
struct cepa_dials_result {
    uint32_t key; /* as it was begun with */
    int error;    /* 0, CEPA_ERR_UNREACHABLE or CEPA_ERR_TIMEOUT */
    int fd;       /* 0: connected, does not block, the caller's; else -1 */
};

/* cepa_dials_open begins with none, in `loop` (lent) under the CEPA_DIALS_MAX numbers from
 * `first_number`. Returns 0 or CEPA_ERR_FULL for lack of memory. */
CEPA_MUST_USE int cepa_dials_open(struct cepa_dials **ret_dials, struct cepa_loop *loop,
                                  uint64_t first_number);

/* cepa_dials_close gives up those under way; NULL is allowed. */
void cepa_dials_close(struct cepa_dials *dials);

/* cepa_dials_begin begins one, to be known by `key`. Returns 0, and a result follows, which may be
 * here already; or CEPA_ERR_FULL. */
CEPA_MUST_USE int cepa_dials_begin(struct cepa_dials *dials, uint32_t key, uint16_t port,
                                   struct cepa_time now);

/* cepa_dials_on_ready takes what the loop says; false if it is about something else. */
bool cepa_dials_on_ready(struct cepa_dials *dials, const struct cepa_loop_ready *ready);

/* cepa_dials_step does what is due; cepa_dials_deadline says when that is. */
void cepa_dials_step(struct cepa_dials *dials, struct cepa_time now);
struct cepa_time cepa_dials_deadline(const struct cepa_dials *dials);

/* cepa_dials_next gives a result; false if there is none. */
bool cepa_dials_next(struct cepa_dials *dials, struct cepa_dials_result *ret_result);

#endif
