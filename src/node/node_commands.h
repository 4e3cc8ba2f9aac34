/* What users may ask a node to do. */
#ifndef CEPA_NODE_NODE_COMMANDS_H
#define CEPA_NODE_NODE_COMMANDS_H

#include "node/node.h"

/* cepa_node_join dials relays that an invitation, a configuration or this node's state has told;
 * copied. They are tried again, all of them in turn, until there is a neighbour. Returns 0 or
 * CEPA_ERR_ARGUMENT for more than CEPA_INVITATION_ADDRESSES_MAX. */
CEPA_MUST_USE int cepa_node_join(struct cepa_node *node, const struct cepa_relay_address *addresses,
                                 size_t addresses_len, struct cepa_time now);

/* cepa_node_hint dials a relay that somebody in the neighbourhood says there is: one of few such
 * places is its own until another one takes it, and those above are dialled all the same. */
void cepa_node_hint(struct cepa_node *node, const struct cepa_relay_address *address,
                    struct cepa_time now);

/* cepa_node_is_joined says whether there is a neighbour. */
bool cepa_node_is_joined(const struct cepa_node *node);

/* cepa_node_own_address gives this node's first address, as others dial it. Returns 0, or
 * CEPA_ERR_NOT_FOUND if it cannot be dialled. */
CEPA_MUST_USE int cepa_node_own_address(const struct cepa_node *node,
                                        struct cepa_relay_address *ret_address);

/* cepa_node_invite writes an invitation, ended by a zero: this node, if it can be dialled, and
 * other relays that it knows. Returns 0, or CEPA_ERR_NOT_FOUND if there is nobody to name. */
CEPA_MUST_USE int cepa_node_invite(struct cepa_node *node,
                                   char ret_text[CEPA_INVITATION_TEXT_SIZE]);

/* What the last hop does with DATA: their first byte says. */
enum cepa_node_service {
    CEPA_NODE_SERVICE_ECHO = 1,   /* sends them back, all three only if it answers_echo */
    CEPA_NODE_SERVICE_SINK = 2,   /* counts them; says so when as many have come as they say */
    CEPA_NODE_SERVICE_SOURCE = 3, /* sends as many full ones as they say */
    CEPA_NODE_SERVICE_BUCKET = 4  /* a chunk of a bucket is asked for, in a large network */
};

/* SINK and SOURCE: the byte, and how many DATA in 4 bytes; of what a source sends, the number from
 * 0. @[SPEC 12.5] */
enum { CEPA_NODE_BULK_HEADER = 5, CEPA_NODE_BULK_MAX = 1 << 22 };

/* How a circuit is to be built. */
struct cepa_node_circuit_request {
    uint8_t hops_len;                /* 1 to 5; 0: three */
    bool is_fresh;                   /* not one that was prepared: to measure building */
    bool is_triggered;               /* a remote party can cause it: second-layer guards are used */
    const struct cepa_node_id *last; /* which relay is to be the last hop, or NULL for a draw */
    const struct cepa_ed25519_public_key *last_key; /* the same by its name in the index, or NULL */
    const struct cepa_node_id *path; /* all relays behind the guard, whether they belong together or
                                      * not: to measure; or NULL. hops_len is one more than these */
    uint64_t group;                  /* circuits of one group are there for each other: they share
                                      * no relay where there are others; 0: none */
};

/* cepa_node_connect opens a link to a relay as a circuit would that needs one, which makes events
 * LINK_UP and LINK_MOVED; with `is_fresh` one that there is is closed before: to measure. Returns
 * 0, CEPA_ERR_IN_USE if there is one, CEPA_ERR_NOT_FOUND for a relay that is not known, or
 * CEPA_ERR_FULL. */
CEPA_MUST_USE int cepa_node_connect(struct cepa_node *node, const struct cepa_node_id *relay,
                                    bool is_fresh, struct cepa_time now);

/* cepa_node_circuit_open builds a circuit, or takes one that was prepared. Events CIRCUIT_READY or
 * CIRCUIT_CLOSED follow. Returns 0, CEPA_ERR_FULL, CEPA_ERR_ARGUMENT, CEPA_ERR_NOT_FOUND for too
 * few relays, or CEPA_ERR_STATE without guards. */
CEPA_MUST_USE int cepa_node_circuit_open(struct cepa_node *node, uint64_t *ret_circuit,
                                         const struct cepa_node_circuit_request *request,
                                         struct cepa_time now);

/* cepa_node_circuit_send sends up to CEPA_CELL_DATA_MAX bytes to the last hop. Returns 0,
 * CEPA_ERR_NOT_FOUND, CEPA_ERR_TOO_LONG, CEPA_ERR_STATE unless it is ready, or CEPA_ERR_FULL: event
 * CIRCUIT_WINDOW follows. */
CEPA_MUST_USE int cepa_node_circuit_send(struct cepa_node *node, uint64_t circuit,
                                         const uint8_t *data, size_t data_len,
                                         struct cepa_time now);

/* cepa_node_circuit_room gives how many cells a circuit takes now. If it takes none, event
 * CIRCUIT_WINDOW follows when it does again; CIRCUIT_READY if it is not ready. */
uint32_t cepa_node_circuit_room(struct cepa_node *node, uint64_t circuit);

/* cepa_node_circuit_consumed says that `count` CIRCUIT_DATA events of a circuit were used up; only
 * then does the last hop get credit for more. */
void cepa_node_circuit_consumed(struct cepa_node *node, uint64_t circuit, uint32_t count,
                                struct cepa_time now);

/* cepa_node_circuit_close ends a circuit. Returns 0 or CEPA_ERR_NOT_FOUND. No event follows. */
CEPA_MUST_USE int cepa_node_circuit_close(struct cepa_node *node, uint64_t circuit,
                                          struct cepa_time now);

/* cepa_node_set_shaper changes how links are shaped, live. */
void cepa_node_set_shaper(struct cepa_node *node, const struct cepa_shaper_config *shaper,
                          struct cepa_time now);

#endif
