/* Between the transport and the node: connections under the numbers by which the node knows them.
 * What the endpoint tells becomes facts, what the node wants becomes calls on the endpoint, and
 * frames are pulled while a connection has room.
 *
 * A carrier is one connection with one data channel, number CEPA_CARRIERS_STREAM, agreed upon
 * beforehand, unordered and reliable (docs/decisions/0034). */
#ifndef CEPA_NATIVE_DAEMON_CARRIERS_H
#define CEPA_NATIVE_DAEMON_CARRIERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/random.h"
#include "base/time.h"
#include "native/webrtc/endpoint.h"
#include "node/node.h"

enum {
    CEPA_CARRIERS_STREAM = 0,
    CEPA_CARRIERS_QUEUE_MS = 5,          /* how much may wait before the network's own window */
    CEPA_CARRIERS_ROOM_MIN = 16 * 1128,  /* bytes that may always be under way, */
    CEPA_CARRIERS_ROOM_MAX = 768 * 1024, /* and never more than these */
    /* Of them before the window, at most. Twice as much makes cells of other circuits wait twice as
     * long and nothing faster, half as much costs a quarter of the speed (bench_speed). */
    CEPA_CARRIERS_QUEUE_MAX = 64 * 1024,
    CEPA_CARRIERS_BATCH = 32,       /* frames of one connection before the next has its turn */
    CEPA_CARRIERS_TURN = 1024,      /* frames before everything else has its turn */
    CEPA_CARRIERS_EVENTS = 8,       /* messages before effects are carried out */
    CEPA_CARRIERS_LINGER_MS = 1000, /* how long a closed carrier may send what it has */
    CEPA_CARRIERS_ASK_MS = 5000     /* between two questions to peers how they see us */
};

/* All carriers; opaque. */
struct cepa_carriers;

/* What they have met. */
struct cepa_carriers_counts {
    uint64_t frames_in;
    uint64_t frames_out;
    uint64_t malformed; /* messages that are no frames; each ended its connection */
};

/* cepa_carriers_new makes the table; both are lent for its life. Returns 0, CEPA_ERR_RANDOM, or
 * CEPA_ERR_EXHAUSTED for lack of memory. */
CEPA_MUST_USE int cepa_carriers_new(struct cepa_carriers **ret_carriers,
                                    struct cepa_endpoint *endpoint, struct cepa_node *node,
                                    const struct cepa_random *random);

/* cepa_carriers_free gives the table back; connections stay open. NULL is allowed. */
void cepa_carriers_free(struct cepa_carriers *carriers);

/* cepa_carriers_take takes events of the endpoint, all if it returns false; true if there are more:
 * then effects are to be carried out first. */
bool cepa_carriers_take(struct cepa_carriers *carriers, struct cepa_time now);

/* cepa_carriers_carry_out does what the node wants with a carrier: WRITE to ADD_CANDIDATE;
 * other effects are not for here. */
void cepa_carriers_carry_out(struct cepa_carriers *carriers, const struct cepa_node_effect *effect,
                             struct cepa_time now);

/* cepa_carriers_pull sends frames as long as there are some and there is room. True if it stopped
 * only because others shall have their turn. */
bool cepa_carriers_pull(struct cepa_carriers *carriers, struct cepa_time now);

/* cepa_carriers_step closes what was to be closed in time; cepa_carriers_deadline gives when next.
 */
void cepa_carriers_step(struct cepa_carriers *carriers, struct cepa_time now);
struct cepa_time cepa_carriers_deadline(const struct cepa_carriers *carriers);

/* cepa_carriers_on_moved says that this machine may be in another network: the next peer is asked
 * how it sees us there. */
void cepa_carriers_on_moved(struct cepa_carriers *carriers);

/* cepa_carriers_seen gives one of our addresses as somebody outside sees it; false if there is
 * nothing new. */
bool cepa_carriers_seen(struct cepa_carriers *carriers, struct cepa_net_address *ret_address);

/* cepa_carriers_counts gives what was met. */
struct cepa_carriers_counts cepa_carriers_counts(const struct cepa_carriers *carriers);

#endif
