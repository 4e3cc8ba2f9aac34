/* A ping: circuits are built one after another, a message goes to each one's last hop and comes
 * back, and both are timed. It tells whether paths through the mesh work, and how fast. */
#ifndef CEPA_NATIVE_DAEMON_PING_H
#define CEPA_NATIVE_DAEMON_PING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/time.h"
#include "node/node.h"

enum {
    CEPA_PING_COUNT_MAX = 10000,
    CEPA_PING_HOPS_MAX = 5,
    CEPA_PING_SECONDS = 10 /* what a circuit and its message may take */
};

/* How far a ping is. */
enum cepa_ping_state {
    CEPA_PING_IDLE,     /* no circuit is under way */
    CEPA_PING_BUILDING, /* it is being built */
    CEPA_PING_WAITING   /* the message is under way */
};

/* A series of pings. */
struct cepa_ping {
    enum cepa_ping_state state;
    uint32_t count;            /* how many circuits are wanted; 0 before the first series */
    uint32_t done;             /* how many of them are over, well or not */
    uint32_t failed;           /* of these: not built, or the message did not come back */
    uint32_t built;            /* how many of `build_us` mean something */
    uint32_t answered;         /* how many of `echo_us` do */
    uint8_t hops;              /* of each circuit */
    uint64_t circuit;          /* the one that is under way */
    struct cepa_time began;    /* when that, or its message, was begun */
    struct cepa_time deadline; /* when to give it up */
    uint32_t build_us[CEPA_PING_COUNT_MAX]; /* from the command to the confirmed circuit */
    uint32_t echo_us[CEPA_PING_COUNT_MAX];  /* from sending the message to its return */
};

/* The result of a series so far; times in µs, 0 where there is none. */
struct cepa_ping_result {
    bool is_running;
    uint32_t count, done, failed;
    uint32_t build_us_median, build_us_p95, build_us_max;
    uint32_t echo_us_median, echo_us_p95, echo_us_max;
};

/* cepa_ping_begin begins a series of `count` (1 to CEPA_PING_COUNT_MAX) circuits of `hops` hops (1
 * to CEPA_PING_HOPS_MAX; asserted). Returns 0, or CEPA_ERR_STATE while another is under way. */
CEPA_MUST_USE int cepa_ping_begin(struct cepa_ping *ping, uint32_t count, uint8_t hops);

/* cepa_ping_step begins what is to begin, and gives up what takes too long. */
void cepa_ping_step(struct cepa_ping *ping, struct cepa_node *node, struct cepa_time now);

/* cepa_ping_deadline gives when cepa_ping_step is to be called at the latest. */
struct cepa_time cepa_ping_deadline(const struct cepa_ping *ping);

/* cepa_ping_on_event takes an EVENT effect of the node; true if it was about a ping. */
bool cepa_ping_on_event(struct cepa_ping *ping, struct cepa_node *node,
                        const struct cepa_node_effect *effect, struct cepa_time now);

/* cepa_ping_result_of sums a series up, also one that is under way. */
void cepa_ping_result_of(struct cepa_ping_result *ret_result, const struct cepa_ping *ping);

#endif
