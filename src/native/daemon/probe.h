/* A probe: one circuit over relays that somebody names, and a series of numbered messages to its
 * last hop and back. It tells whether anything is lost on a way while that changes, which a ping
 * with its many circuits cannot.
 *
 * The relays behind the guard are taken as they are named: such a circuit is for measuring one's
 * own relays, and hides nothing. */
#ifndef CEPA_NATIVE_DAEMON_PROBE_H
#define CEPA_NATIVE_DAEMON_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/time.h"
#include "node/node.h"

enum {
    CEPA_PROBE_COUNT_MAX = 10000,
    CEPA_PROBE_PATH_MAX = 4, /* relays behind the guard */
    CEPA_PROBE_EVERY_MAX_US = 1000000,
    CEPA_PROBE_BUILD_SECONDS = 15, /* what the circuit may take */
    CEPA_PROBE_LATE_SECONDS = 5    /* and the last message */
};

/* How far a probe is. */
enum cepa_probe_state { CEPA_PROBE_IDLE, CEPA_PROBE_BUILDING, CEPA_PROBE_SENDING };

/* What is asked for. */
struct cepa_probe_request {
    struct cepa_node_id path[CEPA_PROBE_PATH_MAX]; /* the relays behind the guard, */
    uint8_t path_len;                              /* 1 to CEPA_PROBE_PATH_MAX */
    uint32_t count;                                /* messages, 1 to CEPA_PROBE_COUNT_MAX */
    uint32_t every_us; /* between two, 0 to CEPA_PROBE_EVERY_MAX_US; 0: as fast as may be */
};

/* A probe. */
struct cepa_probe {
    enum cepa_probe_state state;
    struct cepa_probe_request request;
    uint64_t circuit;
    uint32_t sent;
    uint32_t answered; /* distinct messages that came back */
    uint32_t broken;   /* how often the circuit was cut */
    uint32_t ready_us; /* from the command to the confirmed circuit; 0: not built */
    struct cepa_time began;
    struct cepa_time next;                  /* when a message is to leave */
    struct cepa_time deadline;              /* when to give up */
    uint32_t sent_us[CEPA_PROBE_COUNT_MAX]; /* after `began` */
    uint32_t echo_us[CEPA_PROBE_COUNT_MAX]; /* 0: did not come back */
};

/* The result so far; times in µs, 0 where there is none. */
struct cepa_probe_result {
    bool is_running;
    uint32_t count, sent, answered, broken, ready_us;
    uint32_t echo_us_median, echo_us_p95, echo_us_max;
};

/* cepa_probe_begin begins a probe (asserted limits). Returns 0, CEPA_ERR_STATE while another is
 * under way, or what cepa_node_circuit_open does. */
CEPA_MUST_USE int cepa_probe_begin(struct cepa_probe *probe, struct cepa_node *node,
                                   const struct cepa_probe_request *request, struct cepa_time now);

/* cepa_probe_step sends what is due, and gives up what takes too long. */
void cepa_probe_step(struct cepa_probe *probe, struct cepa_node *node, struct cepa_time now);

/* cepa_probe_deadline gives when cepa_probe_step is to be called at the latest. */
struct cepa_time cepa_probe_deadline(const struct cepa_probe *probe);

/* cepa_probe_on_event takes an EVENT effect of the node; true if it was about a probe. */
bool cepa_probe_on_event(struct cepa_probe *probe, struct cepa_node *node,
                         const struct cepa_node_effect *effect, struct cepa_time now);

/* cepa_probe_result_of sums a probe up, also one that is under way. */
void cepa_probe_result_of(struct cepa_probe_result *ret_result, const struct cepa_probe *probe);

#endif
