/* The main job, shown: a file goes from one address to another in a crowd, and a relay that carries
 * it is killed on the way. */
#ifndef CEPA_CLI_DEMO_TRANSFER_H
#define CEPA_CLI_DEMO_TRANSFER_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "cli/crowd.h"
#include "native/reason.h"

enum { CEPA_DEMO_HOPS_MAX = 5 };

/* What came of it. */
struct cepa_demo_transfer {
    uint64_t bytes;
    double reach_s;                 /* till both addresses could be reached */
    size_t out[CEPA_DEMO_HOPS_MAX]; /* nodes of the sender's busiest path when one was killed */
    size_t out_len;
    size_t in[CEPA_DEMO_HOPS_MAX]; /* likewise of the receiver's */
    size_t in_len;
    size_t killed;    /* which node */
    double killed_at; /* share of the file that was there */
    double stall_s;   /* the longest time without progress after that */
    double seconds;   /* from the receiver's yes to its last word */
    char hash[65];    /* of what the receiver has, hexadecimal */
};

/* cepa_demo_transfer_run sends `megabytes` of random bytes from the last node of `nodes` to the one
 * before it. `say` is called before each step that takes long. Returns 0; or an error with a
 * reason, also if what arrived is not what was sent, or once `is_interrupted`. */
CEPA_MUST_USE int cepa_demo_transfer_run(struct cepa_demo_transfer *ret_transfer,
                                         struct cepa_reason *ret_reason, struct cepa_crowd *crowd,
                                         size_t nodes, uint32_t megabytes,
                                         const volatile sig_atomic_t *is_interrupted,
                                         void (*say)(void *context, const char *what),
                                         void *context);

#endif
