/* A measurement of speed: one circuit carries bytes as fast as it can, to its last hop or from
 * there, and beside it small messages go there and back over the same relays, on a circuit of their
 * own, every 10 ms: for a second while nothing else happens, and then while the bytes flow. */
#ifndef CEPA_NATIVE_DAEMON_SPEED_H
#define CEPA_NATIVE_DAEMON_SPEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/time.h"
#include "node/node.h"
#include "node/node_commands.h"

enum {
    CEPA_SPEED_MEGABYTES_MAX = 4000,
    CEPA_SPEED_HOPS_MAX = 5,
    CEPA_SPEED_MESSAGES_MAX = 4096, /* small ones that are timed, of each kind */
    CEPA_SPEED_EVERY_MS = 10,
    CEPA_SPEED_QUIET_MS = 1000,
    CEPA_SPEED_TRIES_MAX = 16, /* circuits that are built to get one over the same relays */
    CEPA_SPEED_SECONDS = 10,   /* what a step may take without getting on */
    CEPA_SPEED_PAYLOAD = CEPA_CELL_DATA_MAX - CEPA_NODE_BULK_HEADER /* bytes of a cell that count */
};

/* How far a measurement is. */
enum cepa_speed_state {
    CEPA_SPEED_IDLE,      /* none, or over */
    CEPA_SPEED_BUILDING,  /* the circuit for the bytes */
    CEPA_SPEED_FOLLOWING, /* the other one */
    CEPA_SPEED_QUIET,     /* small messages alone */
    CEPA_SPEED_BUSY,      /* both */
    CEPA_SPEED_LAST       /* the bytes are over; the last small messages come back */
};

/* Small messages that were timed. */
struct cepa_speed_messages {
    uint32_t sent;
    uint32_t answered;
    struct cepa_time sent_at[CEPA_SPEED_MESSAGES_MAX];
    uint32_t us[CEPA_SPEED_MESSAGES_MAX]; /* there and back, of those that were answered */
};

/* A measurement. */
struct cepa_speed {
    enum cepa_speed_state state;
    bool is_download; /* the bytes come from the last hop */
    bool is_begun;    /* ever */
    bool is_failed;
    bool has_same_path; /* both circuits have the same relays */
    uint8_t hops;
    uint32_t total; /* cells in all, */
    uint32_t done;  /* handed to the circuit, or received from it */
    uint32_t tries;
    uint64_t bulk_circuit;
    uint64_t small_circuit;
    struct cepa_node_id path[CEPA_PACKET_HOPS_MAX];
    struct cepa_time began;    /* the first byte */
    uint64_t took_ns;          /* till the last one; 0: not yet */
    struct cepa_time next;     /* when the next small message goes */
    struct cepa_time quiet_to; /* the end of QUIET */
    struct cepa_time deadline; /* when to give up */
    struct cepa_speed_messages quiet;
    struct cepa_speed_messages busy;
};

/* Times of small messages there and back, in µs; 0 where there is none. */
struct cepa_speed_times {
    uint32_t sent, answered, median, p95, max;
};

/* What came of it so far. */
struct cepa_speed_result {
    bool is_running, is_failed, is_download, has_same_path;
    uint64_t bytes;   /* that were moved: those that applications would have seen */
    uint64_t took_us; /* 0 before the end */
    struct cepa_speed_times quiet, busy;
};

/* cepa_speed_begin begins one with `megabytes` (1 to CEPA_SPEED_MEGABYTES_MAX) over `hops` (1 to
 * CEPA_SPEED_HOPS_MAX) relays; asserted. Returns 0, or CEPA_ERR_STATE while another is under way.
 */
CEPA_MUST_USE int cepa_speed_begin(struct cepa_speed *speed, uint32_t megabytes, uint8_t hops,
                                   bool is_download);

/* cepa_speed_step sends what may be sent, and gives up what takes too long. */
void cepa_speed_step(struct cepa_speed *speed, struct cepa_node *node, struct cepa_time now);

/* cepa_speed_deadline gives when cepa_speed_step is to be called at the latest. */
struct cepa_time cepa_speed_deadline(const struct cepa_speed *speed);

/* cepa_speed_on_event takes an EVENT effect of the node; true if it was about a measurement. */
bool cepa_speed_on_event(struct cepa_speed *speed, struct cepa_node *node,
                         const struct cepa_node_effect *effect, struct cepa_time now);

/* cepa_speed_result_of sums it up. */
void cepa_speed_result_of(struct cepa_speed_result *ret_result, const struct cepa_speed *speed);

#endif
