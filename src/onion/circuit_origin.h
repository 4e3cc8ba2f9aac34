/* A circuit at its origin: seals cells for any of its hops, opens what the hops send, renews their
 * keys one hop at a time, and follows breaks and salvage. Called by the node for every cell.
 *
 * Invariants: a counter is used once; nothing is sent under keys that the hop may not have; a cell
 * that does not open changes nothing. @[SPEC 5] */
#ifndef CEPA_ONION_CIRCUIT_ORIGIN_H
#define CEPA_ONION_CIRCUIT_ORIGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/random.h"
#include "base/replay.h"
#include "crypto/hpolyc.h"
#include "crypto/xwing.h"
#include "onion/circuit_keys.h"
#include "onion/circuit_state.h"
#include "wire/cell.h"

enum {
    CEPA_RENEWAL_GAP_MIN = 32,   /* a new key begins at least so many cells ahead */
    CEPA_RENEWAL_RESERVE = 4,    /* counters kept for repeating an offer */
    CEPA_RENEWAL_OVERLAP = 1024, /* cells after which the old backward key is erased */
    CEPA_RENEWAL_GAP_MAX = 1 << 24
};

/* What the origin holds for one hop. */
struct cepa_origin_hop {
    struct cepa_circuit_counters counters;      /* fixed for the circuit's life */
    struct cepa_hpolyc_key forward;             /* for cells to this hop and beyond */
    struct cepa_hpolyc_key backward;            /* for cells from this hop and beyond */
    uint8_t chain[CEPA_CIRCUIT_KEY_SIZE];       /* for the next renewal */
    uint8_t confirm[CEPA_CIRCUIT_CONFIRM_SIZE]; /* what CONFIRM must show */
    struct cepa_replay_window window;           /* cells that this hop originated, from 0 */
};

/* How far a renewal has come. */
enum cepa_renewal_state {
    CEPA_RENEWAL_NONE,
    CEPA_RENEWAL_OFFERED, /* no answer yet */
    CEPA_RENEWAL_ANSWERED /* the new keys are here, their first counter is not reached */
};

/* The one renewal that a circuit may have under way. Secret. */
struct cepa_origin_renewal {
    enum cepa_renewal_state state;
    size_t hop;                    /* whose keys */
    struct cepa_xwing_seed seed;   /* of the fresh key pair; wiped with the answer */
    uint64_t limit;                /* nothing at or after this counter without an answer */
    uint64_t begin;                /* the first counter under the new key, as at hop 0 */
    struct cepa_circuit_keys keys; /* the new keys, once answered */
};

/* The backward key before the last renewal that has begun, for cells that were under way, or are
 * sent by a hop that has not seen the begin. Secret; wiped if not `is_kept`. */
struct cepa_origin_old {
    bool is_kept;
    size_t hop; /* whose key */
    struct cepa_hpolyc_key backward;
    uint32_t opened; /* cells opened under the new backward key */
};

/* A circuit at its origin. */
struct cepa_circuit_origin {
    enum cepa_origin_state state;
    size_t hops_len; /* 1 to CEPA_CIRCUIT_HOPS_MAX */
    struct cepa_origin_hop hops[CEPA_CIRCUIT_HOPS_MAX];
    uint64_t sent; /* forward cells so far; the next has hop 0's forward_start + sent */
    struct cepa_origin_renewal renewal;
    struct cepa_origin_old old;
};

/* A cell from a hop. */
struct cepa_origin_cell {
    size_t hop;                       /* who sent it, 0 is the first hop */
    struct cepa_cell_message message; /* points into the body */
    uint32_t actions;                 /* CEPA_CIRCUIT_* bits for the caller to carry out */
};

/* cepa_circuit_origin_init begins a circuit over `seeds_len` (1 to CEPA_CIRCUIT_HOPS_MAX) hops; the
 * seeds are those of the packet that builds it, first hop first, and are copied. */
void cepa_circuit_origin_init(struct cepa_circuit_origin *ret_origin,
                              const struct cepa_circuit_seed *seeds, size_t seeds_len,
                              uint32_t cpu);

/* cepa_circuit_origin_seal forms a cell for the hop `hop`: its counter, and a body of
 * CEPA_CELL_BODY_SIZE bytes with all layers. Returns 0, or
 *   CEPA_ERR_TOO_LONG   the data exceed CEPA_CELL_DATA_MAX;
 *   CEPA_ERR_ARGUMENT   there is no such hop;
 *   CEPA_ERR_TOO_SOON   a renewal must be answered first;
 *   CEPA_ERR_EXHAUSTED  the circuit has carried all its cells: build another;
 *   CEPA_ERR_STATE      the circuit is closed. */
CEPA_MUST_USE int cepa_circuit_origin_seal(struct cepa_circuit_origin *origin,
                                           uint64_t *ret_counter, uint8_t *ret_body, size_t hop,
                                           const struct cepa_cell_message *message, uint32_t cpu);

/* cepa_circuit_origin_open takes a cell from the first hop and removes all layers in place from
 * `body`. CONFIRM and BROKEN are carried out here and are shown to the caller as well; a circuit
 * that BROKEN closes is wiped. Returns 0,
 * or CEPA_ERR_REPLAY          the counter was seen, is too old, or belongs to no hop;
 *   CEPA_ERR_AUTHENTICATION  the body opens under no key, or a CONFIRM is wrong;
 *   CEPA_ERR_MALFORMED       the message says nothing that a hop says;
 *   CEPA_ERR_STATE           it does not fit the circuit's state. */
CEPA_MUST_USE int cepa_circuit_origin_open(struct cepa_circuit_origin *origin,
                                           struct cepa_origin_cell *ret_cell, uint8_t *body,
                                           uint64_t counter, uint32_t cpu);

/* cepa_circuit_origin_renew offers a fresh key to `hop`; the caller cuts `ret_offer`
 * (CEPA_RENEWAL_OFFER_SIZE bytes) into RENEW_OFFER cells. `gap`, the number of cells until the new
 * key begins, is clamped to CEPA_RENEWAL_GAP_MIN … MAX; a round trip's worth avoids waiting.
 * Calling it again before the answer repeats the offer with another key and a later begin, also
 * when the circuit is cut meanwhile. Costs one key expansion. Returns 0, CEPA_ERR_ARGUMENT,
 * CEPA_ERR_STATE if the circuit is not confirmed or an answered renewal has not begun, or
 * CEPA_ERR_RANDOM. */
CEPA_MUST_USE int cepa_circuit_origin_renew(struct cepa_circuit_origin *origin, uint8_t *ret_offer,
                                            size_t hop, uint32_t gap,
                                            const struct cepa_random *random,
                                            struct cepa_xwing_key *key,
                                            struct cepa_xwing_workspace *workspace, uint32_t cpu);

/* cepa_circuit_origin_renewed takes a whole answer of `answer_len` bytes from `hop`. Costs a key
 * expansion and a decapsulation. `key` is scratch that the caller lends. Returns 0,
 * CEPA_ERR_LENGTH, CEPA_ERR_STATE if nothing was offered to that hop, or CEPA_ERR_AUTHENTICATION if
 * the hop has other keys. */
CEPA_MUST_USE int cepa_circuit_origin_renewed(struct cepa_circuit_origin *origin, size_t hop,
                                              const uint8_t *answer, size_t answer_len,
                                              struct cepa_xwing_key *key,
                                              struct cepa_xwing_workspace *workspace, uint32_t cpu);

/* cepa_circuit_origin_extend appends the hops of an EXTEND packet that was sent to the last hop.
 * Returns 0, CEPA_ERR_ARGUMENT for too many hops, or CEPA_ERR_STATE. */
CEPA_MUST_USE int cepa_circuit_origin_extend(struct cepa_circuit_origin *origin,
                                             const struct cepa_circuit_seed *seeds,
                                             size_t seeds_len, uint32_t cpu);

/* cepa_circuit_origin_close ends the circuit and wipes its keys. Returns 0 with the actions to
 * carry out, or CEPA_ERR_STATE if it is closed already. */
CEPA_MUST_USE int cepa_circuit_origin_close(struct cepa_circuit_origin *origin,
                                            uint32_t *ret_actions);

#endif
