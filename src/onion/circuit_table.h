/* All circuits through a relay: what a packet or a cell from a link means, and where it goes on.
 * Links are opaque numbers; the owner carries cells and packets between them and this table.
 *
 * Invariants: everything that a peer can make grow is bounded for its link; a cell that goes on
 * costs one look-up and the cipher, in place; a full pool refuses, nothing is evicted and nothing
 * delayed leaves early; a circuit that has ended is forgotten when its last effect was polled.
 * @[SPEC 11.7] */
#ifndef CEPA_ONION_CIRCUIT_TABLE_H
#define CEPA_ONION_CIRCUIT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/map.h"
#include "base/pool.h"
#include "base/random.h"
#include "base/ring.h"
#include "base/time.h"
#include "base/timer_heap.h"
#include "onion/circuit_relay.h"
#include "onion/packet_peel.h"
#include "wire/ids.h"

/* How much a table holds and for how long. */
struct cepa_circuit_table_limits {
    uint32_t links_max;             /* links at one time */
    uint32_t circuits_max;          /* circuits, this node's own first hops included */
    uint32_t circuits_per_link_max; /* of those that one link began */
    uint32_t packets_max;           /* packets of 16 KiB: delayed, waiting for a link, in parts */
    uint32_t packets_per_link_max;  /* of one link */
    uint32_t renewals_max;          /* renewals under way */
    uint32_t packets_per_second;    /* that one link may have peeled, on average */
    uint32_t packets_burst;         /* and at once */
    uint32_t renewals_per_second;   /* that all circuits of one link may have answered */
    uint32_t renewals_burst;        /* and at once */
    uint64_t idle_ns;               /* a circuit without cells is closed after this */
    uint64_t fresh_ns;              /* the same, until the first cell from the origin */
    uint64_t cut_ns;                /* a cut circuit that is not extended is closed after this */
    uint64_t join_ns;               /* how long a packet waits for a link to the next relay */
};

/* What the table works with; lent for its life. */
struct cepa_circuit_table_tools {
    struct cepa_onion_keys *keys;                 /* this relay's */
    struct cepa_packet_peel_workspace *workspace; /* may serve others between calls */
    const struct cepa_random *random;
    uint32_t cpu;
};

/* A bucket of tokens, in thousandths. */
struct cepa_circuit_table_budget {
    uint64_t milli;
    struct cepa_time last;
};

/* What the table knows of a link. */
struct cepa_circuit_table_link {
    uint64_t number;
    struct cepa_onion_share share; /* of the replay caches */
    struct cepa_circuit_table_budget packet_budget;
    struct cepa_circuit_table_budget renewal_budget;
    uint32_t circuits;   /* that it began */
    uint32_t packets;    /* that it has in the pool */
    uint32_t renewals;   /* that it has in the pool */
    uint32_t first_side; /* of the list of circuits on it */
};

/* What came of a packet or a cell. */
enum cepa_circuit_outcome_kind {
    CEPA_CIRCUIT_OUTCOME_NOTHING, /* taken care of; poll the effects */
    CEPA_CIRCUIT_OUTCOME_CELL, /* the body, changed in place, goes on: link, circuit_id, counter */
    CEPA_CIRCUIT_OUTCOME_DATA, /* DATA for this relay: circuit, message */
    CEPA_CIRCUIT_OUTCOME_OWN,  /* it belongs to a circuit of this node's own: `owner` */
    CEPA_CIRCUIT_OUTCOME_CREATED, /* a circuit ends here now: circuit, recipient, content */
    CEPA_CIRCUIT_OUTCOME_DELIVER, /* a packet's content for `recipient` */
    CEPA_CIRCUIT_OUTCOME_REPLY    /* a reply: `content` is delta as it is, for `recipient` */
};

/* The outcome. Fields that the kind does not name are not set. */
struct cepa_circuit_outcome {
    enum cepa_circuit_outcome_kind kind;
    uint32_t circuit_id;
    uint64_t link;
    uint64_t counter;
    struct cepa_handle circuit;       /* of this table */
    struct cepa_handle owner;         /* as given to cepa_circuit_table_own */
    struct cepa_cell_message message; /* points into the body */
    struct cepa_recipient_tag recipient;
    struct cepa_packet_content content; /* points into the packet */
};

/* PACKET asks the owner to send `body`, a packet, to the relay `next`, on a new circuit of the link
 * if `is_circuit`, and to answer by cepa_circuit_table_sent or …_unreachable, at once or when a
 * link to that relay is there. */
enum cepa_circuit_effect_kind {
    CEPA_CIRCUIT_EFFECT_CELL,   /* send: link, circuit_id, counter, body */
    CEPA_CIRCUIT_EFFECT_PACKET, /* as above: next, body, packet, is_circuit; link: whence it came */
    CEPA_CIRCUIT_EFFECT_CLOSE,  /* signal "closed" on link, circuit_id */
    CEPA_CIRCUIT_EFFECT_ENDED,  /* the circuit `circuit`, which ended here, is gone */
    CEPA_CIRCUIT_EFFECT_OWN_LOST /* the link under the own circuit `owner` is lost */
};

/* Something for the owner to do. */
struct cepa_circuit_effect {
    enum cepa_circuit_effect_kind kind;
    uint32_t circuit_id;
    uint64_t link;
    uint64_t counter;
    const uint8_t *body;        /* CELL, PACKET; lent until the next call */
    struct cepa_handle packet;  /* PACKET: for the answer */
    struct cepa_handle circuit; /* ENDED */
    struct cepa_handle owner;   /* OWN_LOST */
    struct cepa_node_id next;   /* PACKET */
    bool is_circuit;            /* PACKET */
};

/* What happened so far. */
struct cepa_circuit_table_counts {
    uint64_t created;
    uint64_t extended;
    uint64_t renewed;
    uint64_t cells;   /* that went on */
    uint64_t dropped; /* cells and packets that were refused */
    uint64_t limited; /* of those: for a limit or a budget */
};

/* A table. Its parts are its own. */
struct cepa_circuit_table {
    struct cepa_circuit_table_limits limits;
    struct cepa_circuit_table_tools tools;
    struct cepa_circuit_table_counts counts;
    struct cepa_pool circuits;
    struct cepa_pool packets;
    struct cepa_pool renewals;
    struct cepa_pool links;
    struct cepa_map by_id;           /* (link, circuit id) to circuit and side */
    struct cepa_map by_link;         /* link to its place in `links` */
    struct cepa_ring ready_circuits; /* handles; each at most once */
    struct cepa_ring ready_packets;  /* handles; each at most once */
    struct cepa_timer_heap timers;
    uint8_t body[CEPA_CELL_BODY_SIZE]; /* of the cell in the last effect */
};

/* The limits of a native relay, and of a browser tab: an eighth of them. */
struct cepa_circuit_table_limits cepa_circuit_table_limits_daemon(void);
struct cepa_circuit_table_limits cepa_circuit_table_limits_tab(void);

/* cepa_circuit_table_size gives the bytes that a table with these limits needs. */
size_t cepa_circuit_table_size(const struct cepa_circuit_table_limits *limits);

/* cepa_circuit_table_init makes an empty table in `memory_len` bytes at `memory`, aligned as
 * base/block.h says, lent for the table's life. `key` is random. Returns 0, or CEPA_ERR_ARGUMENT
 * for a limit of 0 or too little memory. */
CEPA_MUST_USE int cepa_circuit_table_init(struct cepa_circuit_table *ret_table, void *memory,
                                          size_t memory_len,
                                          const struct cepa_circuit_table_limits *limits,
                                          const struct cepa_circuit_table_tools *tools,
                                          const struct cepa_siphash_key *key);

/* cepa_circuit_table_link_up makes a link known. Returns 0, CEPA_ERR_FULL, or CEPA_ERR_IN_USE. */
CEPA_MUST_USE int cepa_circuit_table_link_up(struct cepa_circuit_table *table, uint64_t link,
                                             struct cepa_time now);

/* cepa_circuit_table_link_down tells that a link is gone, with all circuits on it. Circuits that
 * came over it end; those that went on over it are cut. O(circuits on the link). */
void cepa_circuit_table_link_down(struct cepa_circuit_table *table, uint64_t link,
                                  struct cepa_time now);

/* cepa_circuit_table_on_packet takes a packet of CEPA_PACKET_SIZE bytes in place, which came with
 * `circuit_id`, or 0 for none. Returns 0, or CEPA_ERR_NOT_FOUND (unknown link), CEPA_ERR_TOO_SOON
 * (the link's budget is spent), CEPA_ERR_FULL (no room for a circuit or a packet of this link),
 * CEPA_ERR_IN_USE (the circuit id is taken), CEPA_ERR_STATE (a circuit id without a CREATE or the
 * other way round), or what cepa_packet_peel returns. After an error the owner closes `circuit_id`
 * on the link, unless it was IN_USE. One decapsulation, after the checks that cost nothing. */
CEPA_MUST_USE int cepa_circuit_table_on_packet(struct cepa_circuit_table *table,
                                               struct cepa_circuit_outcome *ret_outcome,
                                               uint64_t link, uint32_t circuit_id, uint8_t *packet,
                                               struct cepa_time now);

/* cepa_circuit_table_on_cell takes a cell's body of CEPA_CELL_BODY_SIZE bytes in place. Returns 0,
 * or CEPA_ERR_NOT_FOUND for an unknown circuit, CEPA_ERR_STATE while the circuit cannot take it, or
 * an error of onion/circuit_relay.h; then the cell is dropped, and where that header says so the
 * circuit is closed, by effects. O(1). */
CEPA_MUST_USE int cepa_circuit_table_on_cell(struct cepa_circuit_table *table,
                                             struct cepa_circuit_outcome *ret_outcome,
                                             uint64_t link, uint32_t circuit_id, uint64_t counter,
                                             uint8_t *body, struct cepa_time now);

/* cepa_circuit_table_on_closed tells that the peer closed a circuit. The outcome is NOTHING or OWN
 * (then the entry is gone). Returns 0 or CEPA_ERR_NOT_FOUND. */
CEPA_MUST_USE int cepa_circuit_table_on_closed(struct cepa_circuit_table *table,
                                               struct cepa_circuit_outcome *ret_outcome,
                                               uint64_t link, uint32_t circuit_id,
                                               struct cepa_time now);

/* cepa_circuit_table_packet gives the CEPA_PACKET_SIZE bytes of a PACKET effect again, lent until
 * the next call; NULL if the packet was given up meanwhile. */
const uint8_t *cepa_circuit_table_packet(const struct cepa_circuit_table *table,
                                         struct cepa_handle packet);

/* cepa_circuit_table_sent answers a PACKET effect: the packet has been copied to `link`, with
 * `circuit_id` if it has a circuit. Returns 0, or, and then the owner closes that circuit,
 * CEPA_ERR_NOT_FOUND if the packet or the link is gone meanwhile, CEPA_ERR_IN_USE, CEPA_ERR_FULL.
 */
CEPA_MUST_USE int cepa_circuit_table_sent(struct cepa_circuit_table *table,
                                          struct cepa_handle packet, uint64_t link,
                                          uint32_t circuit_id, struct cepa_time now);

/* cepa_circuit_table_unreachable answers a PACKET effect: there is no way to the relay. A stale
 * handle is ignored. */
void cepa_circuit_table_unreachable(struct cepa_circuit_table *table, struct cepa_handle packet,
                                    struct cepa_time now);

/* cepa_circuit_table_own enters the first link of a circuit of this node's own; `owner` comes back
 * with its cells. Returns 0, CEPA_ERR_NOT_FOUND (link), CEPA_ERR_IN_USE, CEPA_ERR_FULL.
 * cepa_circuit_table_disown removes it; an unknown one is ignored. */
CEPA_MUST_USE int cepa_circuit_table_own(struct cepa_circuit_table *table, uint64_t link,
                                         uint32_t circuit_id, struct cepa_handle owner,
                                         struct cepa_time now);
void cepa_circuit_table_disown(struct cepa_circuit_table *table, uint64_t link,
                               uint32_t circuit_id);

/* cepa_circuit_table_send forms a DATA cell to the origin of a circuit that has come here, in
 * `ret_body`, and says where it goes. Returns 0, CEPA_ERR_NOT_FOUND, or as
 * cepa_circuit_relay_originate. */
CEPA_MUST_USE int cepa_circuit_table_send(struct cepa_circuit_table *table,
                                          struct cepa_handle circuit, uint64_t *ret_link,
                                          uint32_t *ret_circuit_id, uint64_t *ret_counter,
                                          uint8_t *ret_body, const uint8_t *data, size_t data_len,
                                          struct cepa_time now);

/* cepa_circuit_table_close ends a circuit from here; a stale handle is ignored. */
void cepa_circuit_table_close(struct cepa_circuit_table *table, struct cepa_handle circuit,
                              struct cepa_time now);

/* cepa_circuit_table_step lets time pass: delayed packets become due, circuits time out. */
void cepa_circuit_table_step(struct cepa_circuit_table *table, struct cepa_time now);

/* cepa_circuit_table_deadline gives when to call step next, or never. */
struct cepa_time cepa_circuit_table_deadline(const struct cepa_circuit_table *table);

/* cepa_circuit_table_next gives the next thing to do. Returns 0 or CEPA_ERR_NOT_FOUND. */
CEPA_MUST_USE int cepa_circuit_table_next(struct cepa_circuit_table *table,
                                          struct cepa_circuit_effect *ret_effect);

/* cepa_circuit_table_wipe forgets everything. */
void cepa_circuit_table_wipe(struct cepa_circuit_table *table);

#endif
