/* A circuit at one of its relays. The relay removes a layer from what comes from the origin, adds
 * one to what goes to it, and takes out what is for itself. Called by the node for every cell.
 *
 * Invariants: a cell that is refused leaves everything as it was; no key operation happens for a
 * cell; no counter is used twice with a key. @[SPEC 5] */
#ifndef CEPA_ONION_CIRCUIT_RELAY_H
#define CEPA_ONION_CIRCUIT_RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/random.h"
#include "crypto/hpolyc.h"
#include "crypto/xwing.h"
#include "onion/circuit_keys.h"
#include "onion/circuit_state.h"
#include "onion/circuit_window.h"
#include "wire/cell.h"

/* One relay's end of a circuit. */
struct cepa_circuit_relay {
    enum cepa_relay_state state;
    struct cepa_circuit_counters counters; /* fixed for the circuit's life */
    struct cepa_circuit_window forward_window;
    struct cepa_circuit_window backward_windows[CEPA_CIRCUIT_SENDERS_MAX]; /* one per sender */
    uint64_t originated;            /* how many backward cells began here */
    struct cepa_hpolyc_key forward; /* holds from `begin` on */
    struct cepa_hpolyc_key backward;
    uint8_t forward_old[CEPA_CIRCUIT_KEY_SIZE]; /* held before `begin`; wiped if not `has_old` */
    uint8_t chain[CEPA_CIRCUIT_KEY_SIZE];       /* for the next renewal */
    uint8_t confirm[CEPA_CIRCUIT_CONFIRM_SIZE]; /* what CONFIRM shows */
    uint64_t begin;                             /* the forward counter where `forward` begins */
    uint64_t oldest;                            /* the key of cells before this one is gone */
    uint64_t extended;                          /* cells before it were for hops that are lost */
    uint64_t pending_begin;                     /* where an answered renewal will begin */
    bool is_renewed;                            /* `begin` means something */
    bool has_old;                               /* cells before `begin` may still come */
    bool has_oldest;                            /* `oldest` means something */
    bool is_extended;                           /* `extended` means something */
    bool has_pending;                           /* a renewal was answered and has not begun */
    struct cepa_circuit_keys pending;           /* its keys; wiped if not `has_pending` */
};

/* What to do with a forward cell. */
struct cepa_circuit_step {
    bool is_mine;                     /* the cell was for this hop; else it goes on */
    uint64_t counter;                 /* if it goes on: with this counter */
    struct cepa_cell_message message; /* if it is mine: what it says; points into the body */
};

/* cepa_circuit_relay_init begins a circuit that a CREATE (`is_last` false) or CREATE_LAST packet
 * has made. */
void cepa_circuit_relay_init(struct cepa_circuit_relay *ret_relay,
                             const struct cepa_circuit_seed *seed, bool is_last, uint32_t cpu);

/* cepa_circuit_relay_forward takes a cell from the side of the origin and removes this hop's layer
 * in place from `body` (CEPA_CELL_BODY_SIZE bytes). Returns 0, or
 *   CEPA_ERR_REPLAY          the counter was seen, or is too far back;
 *   CEPA_ERR_AUTHENTICATION  this is the last hop and the cell is not for it: close the circuit;
 *   CEPA_ERR_MALFORMED       it is for this hop and says nothing that an origin says: close the
 *                            circuit;
 *   CEPA_ERR_STATE           the circuit is closed, or the cell is for a hop that is lost.
 */
CEPA_MUST_USE int cepa_circuit_relay_forward(struct cepa_circuit_relay *relay,
                                             struct cepa_circuit_step *ret_step, uint8_t *body,
                                             uint64_t counter, uint32_t cpu);

/* cepa_circuit_relay_backward takes a cell from the next hop, adds this hop's layer in place and
 * gives the counter with which it goes on. Returns 0, CEPA_ERR_REPLAY as above or for a counter of
 * this hop's own cells, CEPA_ERR_FULL for more than CEPA_CIRCUIT_SENDERS_MAX senders (a hop behind
 * makes counters up: close the circuit), or CEPA_ERR_STATE unless the circuit goes on. */
CEPA_MUST_USE int cepa_circuit_relay_backward(struct cepa_circuit_relay *relay,
                                              uint64_t *ret_counter, uint8_t *body,
                                              uint64_t counter, uint32_t cpu);

/* cepa_circuit_relay_originate forms a cell of this hop's own for the origin. Returns 0,
 * CEPA_ERR_TOO_LONG, CEPA_ERR_STATE if the circuit is closed, or CEPA_ERR_EXHAUSTED after
 * CEPA_CIRCUIT_CELLS_MAX cells. */
CEPA_MUST_USE int cepa_circuit_relay_originate(struct cepa_circuit_relay *relay,
                                               uint64_t *ret_counter, uint8_t *ret_body,
                                               const struct cepa_cell_message *message,
                                               uint32_t cpu);

/* cepa_circuit_relay_confirm forms the last hop's first cell. Returns as originate does, and
 * CEPA_ERR_STATE at any other hop. */
CEPA_MUST_USE int cepa_circuit_relay_confirm(struct cepa_circuit_relay *relay,
                                             uint64_t *ret_counter, uint8_t *ret_body,
                                             uint32_t cpu);

/* cepa_circuit_relay_renew answers a whole offer of `offer_len` bytes; the caller cuts
 * `ret_answer` (CEPA_RENEWAL_ANSWER_SIZE bytes) into RENEW_ANSWER cells. Costs one encapsulation.
 * Returns 0, CEPA_ERR_LENGTH, CEPA_ERR_MALFORMED for a begin that is not ahead of all cells and of
 * the begin that was offered before (an old offer came late), CEPA_ERR_INVALID_KEY or
 * CEPA_ERR_LOW_ORDER_POINT for the key, CEPA_ERR_RANDOM, CEPA_ERR_STATE. */
CEPA_MUST_USE int cepa_circuit_relay_renew(struct cepa_circuit_relay *relay, uint8_t *ret_answer,
                                           const uint8_t *offer, size_t offer_len,
                                           const struct cepa_random *random,
                                           struct cepa_xwing_workspace *workspace, uint32_t cpu);

/* cepa_circuit_relay_on tells the circuit what happened; `ret_actions` are CEPA_CIRCUIT_* bits for
 * the caller to carry out. A closed circuit is wiped. Returns 0 or CEPA_ERR_STATE. */
CEPA_MUST_USE int cepa_circuit_relay_on(struct cepa_circuit_relay *relay, uint32_t *ret_actions,
                                        enum cepa_relay_event event);

#endif
