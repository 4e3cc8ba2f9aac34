/* The circuits of which this node is the origin: planned, built, confirmed, renewed, salvaged once,
 * rebuilt, rotated, and some kept ready ahead of use. The owner carries packets and cells to first
 * hops and back, and finds keys; cepa_circuits_next gives effects. @[SPEC 11.5], @[SPEC 11.6] */
#ifndef CEPA_PATH_CIRCUITS_H
#define CEPA_PATH_CIRCUITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/pool.h"
#include "base/random.h"
#include "base/ring.h"
#include "base/time.h"
#include "onion/circuit_origin.h"
#include "onion/packet_build.h"
#include "path/guards.h"
#include "path/layer2.h"
#include "path/relays.h"
#include "path/select.h"

enum {
    CEPA_CIRCUITS_BUILD_TIMES = 32, /* measured builds that are remembered */
    CEPA_CIRCUITS_FAILED_MAX = 64,  /* relays whose failures are remembered */
    CEPA_CIRCUITS_EARLY_MAX = 256   /* bytes of early content */
};

/* Where a circuit of this node's is. */
enum cepa_circuits_state {
    CEPA_CIRCUITS_PLANNED,   /* waits for a path or for keys */
    CEPA_CIRCUITS_BUILDING,  /* the packet was made, no confirmation yet */
    CEPA_CIRCUITS_OPEN,      /* carries data */
    CEPA_CIRCUITS_CUT,       /* broken: waits for the keys of the hops to extend to */
    CEPA_CIRCUITS_SALVAGING, /* extended, not confirmed */
    CEPA_CIRCUITS_CLOSED     /* only its last effect is left */
};

/* Limits and times. */
struct cepa_circuits_limits {
    uint32_t circuits_max;   /* in all */
    uint32_t salvages_max;   /* packets of 16 KiB on their way through circuits at one time */
    uint32_t prepared_min;   /* kept ready; 0: none are prepared */
    uint32_t prepared_max;   /* kept ready when many are used */
    uint32_t prepared_hops;  /* of each: 3 */
    uint64_t rotate_ns;      /* a circuit's age when it is replaced, ± 20 % */
    uint64_t retire_ns;      /* how long the old one stays beside the new */
    uint64_t keys_wait_ns;   /* how long keys may take */
    uint64_t renew_first_ns; /* after opening, ± 50 %: the first hop's renewal begins */
    uint64_t renew_again_ns; /* after the last hop's: the first's again */
};

/* What a circuit shall be. */
struct cepa_circuits_request {
    uint32_t hops_len; /* 1 to 5; 0: as the prepared ones, which may be given out */
    bool is_fresh;     /* not one that was prepared */
    bool is_hidden;    /* a remote party can trigger it: second-layer guards */
    bool is_kept;      /* rebuilt after a break, replaced when old */
    bool has_last;     /* the last hop is `last` */
    struct cepa_ed25519_public_key last;
    uint32_t path_len; /* 0, or hops_len - 1: all hops behind the guard are `path`, whether they */
    struct cepa_ed25519_public_key path[CEPA_CIRCUIT_HOPS_MAX - 1]; /* belong together or not */
    uint64_t group; /* circuits of one group share no relay where there are others; 0: none */
    struct cepa_recipient_tag recipient; /* of the early content at the last hop */
    const uint8_t *early;                /* lent for the call; NULL: none */
    size_t early_len;                    /* up to CEPA_CIRCUITS_EARLY_MAX; kept for rebuilding */
};

/* What the owner knows of one hop when it answers NEED_KEYS. */
struct cepa_circuits_hop_keys {
    struct cepa_node_id node;
    const struct cepa_xwing_public_key *key; /* onion key of the epoch; lent for the call */
    struct cepa_onion_key_id key_id;
    struct cepa_relay_family family; /* from the descriptor */
    struct cepa_prefix introducer_prefixes[CEPA_PATH_INTRODUCERS_MAX];
    uint8_t introducers_len;
};

enum cepa_circuits_effect_kind {
    CEPA_CIRCUITS_NEED_KEYS, /* of `hops`, one epoch: answer by cepa_circuits_build or _no_keys */
    CEPA_CIRCUITS_SEND_CELL, /* to the first hop: counter, body */
    CEPA_CIRCUITS_CLOSE,     /* signal "closed" to the first hop; its place there is free */
    CEPA_CIRCUITS_OPENED,    /* data may be sent; duration_ns since the packet was made */
    CEPA_CIRCUITS_BROKEN,    /* it is being salvaged or rebuilt; what was under way may be lost */
    CEPA_CIRCUITS_REBUILT,   /* as OPENED, but the hops are new ones: state there is lost */
    CEPA_CIRCUITS_REPLACED,  /* `other` is open in its stead; this one closes soon */
    CEPA_CIRCUITS_ENDED      /* for good: `error` says why; the handle is stale */
};

/* One of them. */
struct cepa_circuits_effect {
    enum cepa_circuits_effect_kind kind;
    struct cepa_handle circuit;
    struct cepa_handle other;           /* REPLACED */
    const struct cepa_path_relay *hops; /* NEED_KEYS, OPENED, REBUILT; lent until the next call */
    size_t hops_len;
    bool is_extension;    /* NEED_KEYS: hops[0] is the last live hop */
    uint64_t counter;     /* SEND_CELL */
    const uint8_t *body;  /* SEND_CELL: lent until the next call */
    uint64_t duration_ns; /* OPENED, REBUILT */
    int error;            /* ENDED: 0 if the owner closed it */
};

/* What came of a cell. */
struct cepa_circuits_data {
    bool is_data;        /* else the cell was for the circuit itself */
    size_t hop;          /* who sent it */
    const uint8_t *data; /* points into the body */
    size_t data_len;
};

/* Room for work; lent for the life of the circuits, may serve others between calls. */
struct cepa_circuits_workspace {
    struct cepa_packet_build_workspace build;
    struct cepa_xwing_workspace xwing;
    struct cepa_xwing_key key;
};

/* How often a relay failed lately. */
struct cepa_circuits_failed {
    struct cepa_ed25519_public_key key;
    uint32_t count; /* halved every ten minutes; 0: free */
    struct cepa_time last;
};

/* For status and metrics. */
struct cepa_circuits_counts {
    uint64_t built;
    uint64_t build_failed; /* those that timed out included */
    uint64_t build_timed_out;
    uint64_t broken;
    uint64_t salvaged;
    uint64_t rebuilt;
    uint64_t renewed;
};

/* All circuits of one origin. Its parts are its own. */
struct cepa_circuits {
    struct cepa_circuits_limits limits;
    struct cepa_guards *guards;                /* lent */
    struct cepa_layer2 *layer2;                /* lent */
    const struct cepa_random *random;          /* lent */
    struct cepa_circuits_workspace *workspace; /* lent */
    uint32_t cpu;
    struct cepa_pool circuits;
    struct cepa_pool packets; /* EXTEND packets that are being sent */
    struct cepa_ring ready;   /* handles of circuits with something to poll; each at most once */
    uint64_t build_times_ns[CEPA_CIRCUITS_BUILD_TIMES]; /* a ring */
    uint32_t build_times_len;
    uint32_t build_times_next;
    struct cepa_circuits_failed failed[CEPA_CIRCUITS_FAILED_MAX];
    struct cepa_circuits_counts counts;
    uint32_t demand;             /* circuits asked for lately, halved every minute */
    struct cepa_time demand_at;  /* when it is halved */
    struct cepa_time prepare_at; /* when the next is prepared, after failures */
    uint32_t prepare_failures;   /* rounds in a row */
    struct cepa_time stepped_at; /* the last step */
    struct cepa_time deadline;   /* of the next one; 0: to be found anew */
    uint8_t body[CEPA_CELL_BODY_SIZE];
};

/* cepa_circuits_limits_default gives the usual limits: 64 circuits, 3 to 8 prepared. */
struct cepa_circuits_limits cepa_circuits_limits_default(void);

/* cepa_circuits_size gives the bytes of memory that these limits need. */
size_t cepa_circuits_size(const struct cepa_circuits_limits *limits);

/* cepa_circuits_init begins without circuits, in `memory` aligned as base/block.h says. Everything
 * is lent for life. Returns 0 or CEPA_ERR_ARGUMENT. */
CEPA_MUST_USE int cepa_circuits_init(struct cepa_circuits *ret_circuits, void *memory,
                                     size_t memory_len, const struct cepa_circuits_limits *limits,
                                     struct cepa_guards *guards, struct cepa_layer2 *layer2,
                                     const struct cepa_random *random,
                                     struct cepa_circuits_workspace *workspace, uint32_t cpu);

/* cepa_circuits_open asks for a circuit. If a prepared one fits it is given at once and OPENED
 * comes next. Returns 0, CEPA_ERR_FULL, or CEPA_ERR_ARGUMENT. */
CEPA_MUST_USE int cepa_circuits_open(struct cepa_circuits *circuits,
                                     struct cepa_handle *ret_circuit,
                                     const struct cepa_circuits_request *request,
                                     struct cepa_time now);

/* cepa_circuits_step lets time pass, chooses paths for circuits that wait for one (over `relays`,
 * whose entry with the flag OWN is this node), prepares, renews and rotates. */
void cepa_circuits_step(struct cepa_circuits *circuits, const struct cepa_path_relays *relays,
                        struct cepa_time now);

/* cepa_circuits_deadline gives when to call step next; call it when a guard is reached, too. */
struct cepa_time cepa_circuits_deadline(struct cepa_circuits *circuits);

/* cepa_circuits_next gives the next effect. Returns 0 or CEPA_ERR_NOT_FOUND. */
CEPA_MUST_USE int cepa_circuits_next(struct cepa_circuits *circuits,
                                     struct cepa_circuits_effect *ret_effect);

/* cepa_circuits_build answers NEED_KEYS with the keys of all hops that it named, in order. For a
 * new circuit it makes the packet in `ret_packet` (CEPA_PACKET_SIZE bytes, the caller's), which the
 * owner sends to the first hop with a new circuit there, and `*ret_is_packet` is true; for an
 * extension the cells come as effects and `*ret_is_packet` is false. Returns 0, or
 *   CEPA_ERR_NOT_FOUND   the circuit is gone or waits for nothing;
 *   CEPA_ERR_ARGUMENT    hops belong together by what is known now: another path is chosen;
 *   CEPA_ERR_FULL        too many salvages at once; it is rebuilt instead;
 *   and what cepa_packet_build returns: another path is chosen. */
CEPA_MUST_USE int cepa_circuits_build(struct cepa_circuits *circuits, struct cepa_handle circuit,
                                      uint8_t *ret_packet, bool *ret_is_packet,
                                      const struct cepa_circuits_hop_keys *keys, size_t keys_len,
                                      struct cepa_onion_epoch epoch, struct cepa_time now);

/* cepa_circuits_no_keys answers NEED_KEYS: those of hop `missing` cannot be had. */
void cepa_circuits_no_keys(struct cepa_circuits *circuits, struct cepa_handle circuit,
                           size_t missing, struct cepa_time now);

/* cepa_circuits_room tells how many more cells the link takes on this circuit now. Nothing is sent
 * before the first word; UINT32_MAX: as many as there are. */
void cepa_circuits_room(struct cepa_circuits *circuits, struct cepa_handle circuit, uint32_t room);

/* cepa_circuits_send forms a DATA cell for the last hop in `ret_body`; the owner gives it to the
 * link of the first hop. Returns 0, CEPA_ERR_NOT_FOUND, CEPA_ERR_STATE (not open), CEPA_ERR_FULL
 * (no room), or as cepa_circuit_origin_seal; after TOO_SOON it goes on with the next that comes. */
CEPA_MUST_USE int cepa_circuits_send(struct cepa_circuits *circuits, struct cepa_handle circuit,
                                     uint64_t *ret_counter, uint8_t *ret_body, const uint8_t *data,
                                     size_t data_len, struct cepa_time now);

/* cepa_circuits_on_cell takes a cell from the first hop in place. Returns 0, CEPA_ERR_NOT_FOUND, or
 * as cepa_circuit_origin_open (then it is dropped). */
CEPA_MUST_USE int cepa_circuits_on_cell(struct cepa_circuits *circuits,
                                        struct cepa_circuits_data *ret_data,
                                        struct cepa_handle circuit, uint64_t counter, uint8_t *body,
                                        struct cepa_time now);

/* cepa_circuits_on_lost tells that the first hop closed the circuit, or its link is gone, or the
 * packet was not sent. No CLOSE follows. */
void cepa_circuits_on_lost(struct cepa_circuits *circuits, struct cepa_handle circuit,
                           struct cepa_time now);

/* cepa_circuits_close ends a circuit; ENDED follows with 0. Ignores a stale handle. */
void cepa_circuits_close(struct cepa_circuits *circuits, struct cepa_handle circuit,
                         struct cepa_time now);

/* cepa_circuits_path gives hops, lent until the next call, and state; NULL for a stale handle. */
const struct cepa_path *cepa_circuits_path(const struct cepa_circuits *circuits,
                                           struct cepa_handle circuit,
                                           enum cepa_circuits_state *ret_state);

/* cepa_circuits_build_limit_ns gives how long a build may take now. */
uint64_t cepa_circuits_build_limit_ns(const struct cepa_circuits *circuits);
/* cepa_circuits_wipe forgets everything. */
void cepa_circuits_wipe(struct cepa_circuits *circuits);

#endif
