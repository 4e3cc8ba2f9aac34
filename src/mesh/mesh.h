/* The mesh of one node, without I/O: it keeps neighbours, gossips with them, finds out who is
 * alive, gets this relay certified, introduces others and lets itself be introduced. Links are
 * opaque numbers (not 0, never used twice); the node opens, closes and feeds them. Index and
 * objects are the node's, lent, and fed from here.
 *
 *     report facts;  cepa_mesh_step(mesh, now, wall) when cepa_mesh_deadline has come;
 *     while (cepa_mesh_next(mesh, &effect, now) == 0) carry it out;
 *
 * Facts and questions about unknown links are ignored. What was asked for with a ticket is answered
 * once: cepa_mesh_on_link_up with it, or cepa_mesh_on_link_failed. @[SPEC 10.7] */
#ifndef CEPA_MESH_MESH_H
#define CEPA_MESH_MESH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/random.h"
#include "base/time.h"
#include "mesh/index.h"
#include "mesh/mesh_limits.h"
#include "mesh/objects.h"
#include "wire/dial_address.h"
#include "wire/ids.h"

struct cepa_mesh; /* opaque, in the caller's memory */

/* Who this node is. */
struct cepa_mesh_config {
    struct cepa_mesh_limits limits;
    struct cepa_calendar calendar;
    struct cepa_index *index;                     /* lent */
    struct cepa_objects *objects;                 /* lent */
    bool is_relay;                                /* else a client: asks, never listed */
    struct cepa_node_id node;                     /* of a relay */
    const struct cepa_ed25519_key *signing_key;   /* lent; of a relay, for receipts */
    uint8_t public_key[CEPA_SIGNING_KEY_SIZE];    /* its Ed25519 key */
    struct cepa_mldsa_workspace *mldsa_workspace; /* lent; nothing stays in it */
    const struct cepa_random *random;             /* lent */
    uint32_t cpu;
};

/* What a link is for. */
enum cepa_mesh_purpose {
    CEPA_MESH_FOR_NEIGHBOUR = 1, /* gossip */
    CEPA_MESH_FOR_CIRCUITS = 2,  /* cepa_mesh_connect has asked for it */
    CEPA_MESH_FOR_CHANNEL = 3,   /* an introducer, through whom another link goes */
    CEPA_MESH_FOR_JOINING = 4,   /* a first contact: an anchor, an invitation, a seed */
    CEPA_MESH_FOR_CUSTODY = 5    /* objects of a bucket: its relays, or a custodian */
};

/* What a node knows of a link whose handshake is done. */
struct cepa_mesh_link_facts {
    uint64_t ticket;          /* of the effect that asked for it, or 0 */
    bool is_initiator;        /* this node has opened it */
    bool is_relay;            /* the peer proved a relay's credentials; else a client, unnamed */
    bool is_relayed;          /* the carrier goes through an introducer */
    bool is_guard;            /* a guard of this node: no anchor, no introducer, not named */
    bool is_metered;          /* the peer has said so */
    struct cepa_node_id node; /* if is_relay */
    uint8_t public_key[CEPA_SIGNING_KEY_SIZE]; /* if is_relay: its Ed25519 key */
    struct cepa_prefix prefix;                 /* where the peer is seen; NONE if relayed */
    struct cepa_relay_address address; /* where it was dialled, if is_initiator and not relayed */
    struct cepa_wall peer_wall;        /* its clock, from the handshake */
};

/* What the node is asked to do. */
enum cepa_mesh_effect_kind {
    CEPA_MESH_SEND = 1,     /* `data` to `link`, as one message; may be lost */
    CEPA_MESH_LINK,         /* open a link to `address` for `purpose`: answered with `ticket`. Its
                             * node may be known already (has_node) or come with the credentials */
    CEPA_MESH_UNLINK,       /* close `link` for `error`, unless circuits need it and it is 0 */
    CEPA_MESH_CHANNEL,      /* `channel` on `link` ends at `node` (if has_node): a carrier. Whoever
                             * is_initiator opens a link over it; answered with `ticket` */
    CEPA_MESH_CHANNEL_GONE, /* that carrier is gone */
    CEPA_MESH_DIALBACK,     /* dial `address` anew, anonymously, shake hands, close: answered with
                             * cepa_mesh_on_dialback(ticket) */
    CEPA_MESH_OFFER,        /* make an offer for a direct carrier of `link`, number `attempt` */
    CEPA_MESH_SIGNAL,       /* `signal` with `data` came on `link` for `attempt` */
    CEPA_MESH_RECEIPTS,     /* cepa_mesh_receipts has changed: make a descriptor, publish */
    CEPA_MESH_INTRODUCERS,  /* cepa_mesh_introducers has changed: likewise */
    CEPA_MESH_ANCHORS,      /* cepa_mesh_anchors has changed: keep them */
    CEPA_MESH_CLOCK,        /* this node's clock is off by `offset_ms` against the neighbours', or
                             * (0) right again; while it is off nothing is published */
    CEPA_MESH_FETCH,        /* send `data` through the circuit `route` (a new one for a new route),
                             * answered with cepa_mesh_on_fetched(ticket) */
    CEPA_MESH_FETCH_END,    /* the circuit `route` is not needed any more */
    CEPA_MESH_ANSWER,       /* send `data` back into the circuit of cepa_mesh_on_request */
    CEPA_MESH_CONNECTED,    /* the link that cepa_mesh_connect wanted (`ticket`) is `link` */
    CEPA_MESH_UNREACHABLE,  /* it cannot be had */
    CEPA_MESH_SUSPECT,      /* `node` does not answer, nor does anybody reach it */
    CEPA_MESH_JOINED,       /* the first neighbour is there, and its index is ours */
    CEPA_MESH_FILTERED,     /* cepa_mesh_is_filtered has changed: describe this relay anew */
    CEPA_MESH_ALONE         /* the last neighbour is gone */
};

/* Signals between two drivers; the numbers on the wire. */
enum cepa_mesh_signal {
    CEPA_MESH_SIGNAL_OFFER = 1,
    CEPA_MESH_SIGNAL_ANSWER = 2,
    CEPA_MESH_SIGNAL_CANDIDATE = 3,
    CEPA_MESH_SIGNAL_FAILED = 4 /* that attempt came to nothing; no bytes */
};

/* One effect; fields that the kind does not name are 0. */
struct cepa_mesh_effect {
    enum cepa_mesh_effect_kind kind;
    uint64_t link;
    uint64_t ticket;
    uint64_t route;      /* FETCH, FETCH_END: names a circuit */
    uint64_t circuit;    /* ANSWER */
    const uint8_t *data; /* lent until the next call */
    size_t data_len;
    struct cepa_relay_address address;
    struct cepa_node_id node;
    bool has_node;
    bool is_initiator;
    bool is_told;      /* LINK: the address is not a stranger's word; else it is not private */
    bool is_anonymous; /* CHANNEL: shake hands as a client, then close: a dial-back */
    enum cepa_mesh_purpose purpose;
    enum cepa_mesh_signal signal;
    uint32_t attempt;
    uint32_t channel;
    int64_t offset_ms;
    int error;
};

/* cepa_mesh_size gives the memory that a mesh takes; SIZE_MAX for limits out of range. */
size_t cepa_mesh_size(const struct cepa_mesh_limits *limits);

/* cepa_mesh_init makes a mesh in `memory_len` bytes, aligned as base/block.h says and lent until
 * cepa_mesh_wipe. Returns 0, CEPA_ERR_ARGUMENT, CEPA_ERR_FULL or CEPA_ERR_RANDOM. */
CEPA_MUST_USE int cepa_mesh_init(struct cepa_mesh **ret_mesh, void *memory, size_t memory_len,
                                 const struct cepa_mesh_config *config, struct cepa_time now,
                                 struct cepa_wall wall);

/* cepa_mesh_wipe overwrites it with zeros. */
void cepa_mesh_wipe(struct cepa_mesh *mesh);

/* cepa_mesh_step does what is due; index and objects go on to another day or epoch here. */
void cepa_mesh_step(struct cepa_mesh *mesh, struct cepa_time now, struct cepa_wall wall);

/* cepa_mesh_deadline gives when the next step is due: at most a second ahead. A step that comes
 * more than 5 s late means that this node was suspended. */
struct cepa_time cepa_mesh_deadline(const struct cepa_mesh *mesh);

/* cepa_mesh_next takes the next effect. Returns 0, or CEPA_ERR_NOT_FOUND. */
CEPA_MUST_USE int cepa_mesh_next(struct cepa_mesh *mesh, struct cepa_mesh_effect *ret_effect,
                                 struct cepa_time now);

/* cepa_mesh_on_link_up, _down: a link can carry messages; it is gone (`error`: why, 0 if asked). */
void cepa_mesh_on_link_up(struct cepa_mesh *mesh, uint64_t link,
                          const struct cepa_mesh_link_facts *facts, struct cepa_time now);
void cepa_mesh_on_link_down(struct cepa_mesh *mesh, uint64_t link, int error, struct cepa_time now);

/* cepa_mesh_on_link_failed: the LINK or CHANNEL of that ticket came to nothing. */
void cepa_mesh_on_link_failed(struct cepa_mesh *mesh, uint64_t ticket, struct cepa_time now);

/* cepa_mesh_on_link_stalled, _recovered: nothing is acknowledged, or the carrier is silent; it is
 * well again. Whether the link is given up is decided here (UNLINK). */
void cepa_mesh_on_link_stalled(struct cepa_mesh *mesh, uint64_t link, struct cepa_time now);
void cepa_mesh_on_link_recovered(struct cepa_mesh *mesh, uint64_t link, struct cepa_time now);

/* cepa_mesh_on_link_direct: a relayed link goes over a direct carrier now, to a peer seen at
 * `prefix`; its channel is closed from here. */
void cepa_mesh_on_link_direct(struct cepa_mesh *mesh, uint64_t link,
                              const struct cepa_prefix *prefix, struct cepa_time now);

/* cepa_mesh_on_message: a message came; copied where needed. A peer that breaks the protocol pays
 * in its score, and is unlinked. */
void cepa_mesh_on_message(struct cepa_mesh *mesh, uint64_t link, const uint8_t *data,
                          size_t data_len, struct cepa_time now);

/* cepa_mesh_on_dialback answers DIALBACK. */
void cepa_mesh_on_dialback(struct cepa_mesh *mesh, uint64_t ticket, bool was_reached,
                           struct cepa_time now);

/* cepa_mesh_on_signal sends a signal of this driver, up to CEPA_MESH_SIGNAL_MAX bytes, to the peer
 * of `link`; FAILED also ends the attempt here. */
void cepa_mesh_on_signal(struct cepa_mesh *mesh, uint64_t link, uint32_t attempt,
                         enum cepa_mesh_signal signal, const uint8_t *data, size_t data_len,
                         struct cepa_time now);

/* cepa_mesh_on_fetched answers FETCH with the CEPA_MESH_BUCKET_ANSWER_SIZE bytes that came; none:
 * it failed. */
void cepa_mesh_on_fetched(struct cepa_mesh *mesh, uint64_t ticket, const uint8_t *data,
                          size_t data_len, struct cepa_time now);

/* cepa_mesh_on_moved: this machine is in another network; nobody is suspected for a while. */
void cepa_mesh_on_moved(struct cepa_mesh *mesh, struct cepa_time now);

/* cepa_mesh_join adds a first contact: an address of an invitation, a seed; beyond
 * CEPA_MESH_CONTACTS_MAX in place of the oldest. They are tried while there are few neighbours.
 * cepa_mesh_restore_anchor: one that was an anchor before a restart, and goes on as one. */
void cepa_mesh_join(struct cepa_mesh *mesh, const struct cepa_relay_address *address);
void cepa_mesh_restore_anchor(struct cepa_mesh *mesh, const struct cepa_relay_address *address);

/* cepa_mesh_hint adds one that nobody vouches for: few places, a dial a second, behind contacts. */
void cepa_mesh_hint(struct cepa_mesh *mesh, const struct cepa_relay_address *address);

/* cepa_mesh_connect wants a link to a relay, for circuits. CONNECTED (also if there is one) or
 * UNREACHABLE follows, with the ticket. Returns 0, CEPA_ERR_NOT_FOUND if its credentials are not
 * here, or CEPA_ERR_FULL. */
CEPA_MUST_USE int cepa_mesh_connect(struct cepa_mesh *mesh, uint64_t *ret_ticket,
                                    const struct cepa_node_id *node, struct cepa_time now);

/* cepa_mesh_set_addresses says where this relay can be dialled (0: nowhere, it needs introducers);
 * dial-backs are asked for. The same addresses again leave a filtered relay introduced.
 * CEPA_DESCRIPTOR_REACHES_MAX at most (asserted). */
void cepa_mesh_set_addresses(struct cepa_mesh *mesh, const struct cepa_relay_address *addresses,
                             size_t addresses_len, struct cepa_time now);

/* cepa_mesh_set_receipts gives back the receipts of a descriptor that was made before a restart and
 * still holds, so that nobody needs to dial this relay again; after cepa_mesh_set_addresses. */
void cepa_mesh_set_receipts(struct cepa_mesh *mesh, const struct cepa_receipt *receipts,
                            size_t receipts_len);

/* cepa_mesh_publish makes this relay's own record and credentials known (a copy is kept). Returns
 * 0, CEPA_ERR_TOO_SOON while the clock is off, or an error of the index. */
CEPA_MUST_USE int cepa_mesh_publish(struct cepa_mesh *mesh, const struct cepa_index_record *record,
                                    const uint8_t *credentials, size_t credentials_len,
                                    struct cepa_time now);

/* cepa_mesh_publish_key makes a key record of this relay known, best before its epoch begins. Those
 * of two epochs are kept here until the objects take them. Returns as cepa_mesh_publish. */
CEPA_MUST_USE int cepa_mesh_publish_key(struct cepa_mesh *mesh,
                                        const uint8_t key_record[CEPA_KEY_RECORD_SIZE],
                                        struct cepa_time now);

/* cepa_mesh_set_guard says whether a link is to a guard of this node. */
void cepa_mesh_set_guard(struct cepa_mesh *mesh, uint64_t link, bool is_guard);

/* cepa_mesh_forward says where an inner frame of `len` bytes that came on (link, channel) goes.
 * Returns 1: on to (ret_link, ret_channel); 0: it is for this node's own carrier; or an error: it
 * is dropped (unknown channel, or its sender's budget is spent). */
CEPA_MUST_USE int cepa_mesh_forward(struct cepa_mesh *mesh, uint64_t *ret_link,
                                    uint32_t *ret_channel, uint64_t link, uint32_t channel,
                                    size_t len, struct cepa_time now);

/* cepa_mesh_close_channel: this node's own carrier over (link, channel) is not needed any more. */
void cepa_mesh_close_channel(struct cepa_mesh *mesh, uint64_t link, uint32_t channel,
                             struct cepa_time now);

/* cepa_mesh_on_request takes the bytes of a FETCH that came out of a circuit (any number but 0, as
 * this relay calls it). ANSWER follows, at once or when a custodian has answered, or nothing. */
void cepa_mesh_on_request(struct cepa_mesh *mesh, uint64_t circuit, const uint8_t *data,
                          size_t data_len, struct cepa_time now);

#endif
