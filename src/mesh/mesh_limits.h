/* How much a mesh may hold and how often it does things; and what can be asked of it. @[SPEC 10.7]
 */
#ifndef CEPA_MESH_MESH_LIMITS_H
#define CEPA_MESH_MESH_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/time.h"
#include "wire/dial_address.h"
#include "wire/ids.h"
#include "wire/receipt.h"

struct cepa_mesh;

enum {
    CEPA_MESH_ANCHORS_MAX = 3,
    CEPA_MESH_CONTACTS_MAX = 16,       /* first contacts that the owner has told */
    CEPA_MESH_HINTS_MAX = 8,           /* and those that anybody has */
    CEPA_MESH_MESSAGE_MAX = 16 * 1024, /* a message on a link */
    CEPA_MESH_SIGNAL_MAX = 200,        /* bytes of an offer, an answer, a candidate */
    CEPA_MESH_CUSTODIANS_MAX = 8,
    CEPA_MESH_GUARD_REQUEST_SIZE = 3 + 1 + 4 + 8 /* a PULL of one object */
};

/* Limits. */
struct cepa_mesh_limits {
    uint32_t links_max;           /* links at one time, of any purpose */
    uint32_t neighbours;          /* wanted */
    uint32_t neighbours_max;      /* at most, with those that others wanted; twice as many */
    uint32_t channels_max;        /* that this node relays for others */
    uint32_t custody_relays;      /* profile: below so many relays everybody holds all objects */
    uint32_t bucket_relays;       /* profile: at least so many in a bucket */
    uint32_t custodians;          /* profile: so many keep it, up to CEPA_MESH_CUSTODIANS_MAX */
    uint32_t ways_max;            /* way records; 0: a client, which needs none */
    uint32_t clock_error_max_ms;  /* profile */
    uint32_t sync_interval_ms;    /* between two comparisons with a neighbour, on average */
    uint32_t channel_bytes_per_s; /* that a neighbour's channels may carry through this node */
};

/* cepa_mesh_limits_daemon and _tab give what suits a daemon and a browser tab, in profile `main`.
 */
void cepa_mesh_limits_daemon(struct cepa_mesh_limits *ret_limits);
void cepa_mesh_limits_tab(struct cepa_mesh_limits *ret_limits);

/* How the mesh is. */
struct cepa_mesh_status {
    uint32_t links;
    uint32_t neighbours;          /* relays among them that this node gossips with */
    uint32_t neighbours_outbound; /* that it chose itself */
    uint32_t clients;             /* linked clients */
    uint32_t channels;            /* carried for others */
    uint32_t health;              /* 0: well; to 8: own trouble, time limits are longer */
    uint32_t suspected;           /* links that are stalled */
    uint32_t missing;             /* credentials and key records that are being waited for */
    int64_t clock_offset_ms;      /* against the neighbours' median; positive: this one is slow */
    bool is_clock_off;            /* by more than the profile allows */
    uint64_t messages_in;
    uint64_t messages_out;
    uint64_t bytes_in;
    uint64_t bytes_out;
    uint64_t refused;       /* items that cost more than the peer's budget, or were not asked for */
    uint64_t misdeeds;      /* breaches of the protocol by peers */
    uint64_t expelled;      /* links closed for them */
    uint64_t suspicions;    /* nodes that were suspected so far */
    uint64_t suspends;      /* how often this node was suspended */
    uint64_t buckets_asked; /* large networks: buckets that this node began to fetch, */
    uint64_t buckets_failed; /* of them not fetched to the end, */
    uint64_t bucket_bytes;   /* and how much came */
    uint64_t buckets_served; /* chunks that went into others' circuits */
    uint64_t ways_lost;      /* way records that there was no room for */
};

/* cepa_mesh_status_get says how the mesh is. */
void cepa_mesh_status_get(struct cepa_mesh_status *ret_status, const struct cepa_mesh *mesh);

/* cepa_mesh_link_of gives the link to a relay, 0 if there is none. */
uint64_t cepa_mesh_link_of(const struct cepa_mesh *mesh, const struct cepa_node_id *node);

/* cepa_mesh_is_neighbour says whether both sides of a link have agreed to gossip: then it stays
 * open without circuits. */
bool cepa_mesh_is_neighbour(const struct cepa_mesh *mesh, uint64_t link);

/* cepa_mesh_is_needed says whether the mesh has a use for a link; others the node closes when they
 * are idle. */
bool cepa_mesh_is_needed(const struct cepa_mesh *mesh, uint64_t link);

/* cepa_mesh_is_suspected says whether a relay is suspected or could not be reached lately. */
bool cepa_mesh_is_suspected(const struct cepa_mesh *mesh, const struct cepa_node_id *node);

/* cepa_mesh_is_large says whether the index lists so many relays that buckets lie with custodians,
 * and hops are drawn from those that this node follows. @[SPEC 10.15] */
bool cepa_mesh_is_large(const struct cepa_mesh *mesh);

/* cepa_mesh_is_drawable says whether a relay at that position may be drawn for a path: anybody in a
 * small network, in a large one whoever is in a bucket that was drawn at random and is here. */
bool cepa_mesh_is_drawable(const struct cepa_mesh *mesh, uint64_t position);

/* cepa_mesh_want says that the keys of a relay (by its Ed25519 key) will be needed for a time: its
 * bucket is fetched, and what is here of it is not forgotten. To be repeated. */
void cepa_mesh_want(struct cepa_mesh *mesh, const uint8_t *public_key, struct cepa_time now);

/* cepa_mesh_set_keyless says whether no circuit can be built because the keys of all guards in use
 * are missing: then buckets come from neighbours. */
void cepa_mesh_set_keyless(struct cepa_mesh *mesh, bool is_keyless);

/* cepa_mesh_ask_guard gives the message by which this node, over its own link to a guard (by its
 * Ed25519 key), asks it for an object of its own that is missing here: up to
 * CEPA_MESH_GUARD_REQUEST_SIZE bytes. 0 if there is nothing to ask for now. @[SPEC 10.17] */
size_t cepa_mesh_ask_guard(struct cepa_mesh *mesh, uint8_t *ret_data, const uint8_t *public_key,
                           struct cepa_time now);

/* cepa_mesh_on_guard_message takes from a message of that guard what it was asked for; what else is
 * in it, and all if nothing is waited for, is left alone. */
void cepa_mesh_on_guard_message(struct cepa_mesh *mesh, const uint8_t *data, size_t data_len,
                                const uint8_t *public_key, struct cepa_time now);

/* cepa_mesh_address gives where a relay (by its Ed25519 key) can be dialled, if it can. Returns 0,
 * CEPA_ERR_NOT_FOUND if that is not known here, or CEPA_ERR_UNREACHABLE for an introduced one. */
CEPA_MUST_USE int cepa_mesh_address(const struct cepa_mesh *mesh,
                                    struct cepa_relay_address *ret_address,
                                    const uint8_t *public_key);

/* cepa_mesh_receipts gives the receipts that this relay has, up to CEPA_DESCRIPTOR_RECEIPTS_MAX;
 * true if they are as many as the rules want, from different prefixes, so that it may publish. */
bool cepa_mesh_receipts(const struct cepa_mesh *mesh, struct cepa_receipt *ret_receipts,
                        size_t *ret_len);

/* cepa_mesh_is_filtered: this relay's addresses were dialled in vain from several networks. It is
 * introduced until a trial succeeds, or other addresses are set. @[SPEC 10.13] */
bool cepa_mesh_is_filtered(const struct cepa_mesh *mesh);

/* cepa_mesh_introducers gives the relays that introduce this one, up to
 * CEPA_DESCRIPTOR_INTRODUCERS_MAX, ascending. */
size_t cepa_mesh_introducers(const struct cepa_mesh *mesh, struct cepa_node_id *ret_nodes);

/* cepa_mesh_anchors gives the neighbours to begin with after a restart, up to
 * CEPA_MESH_ANCHORS_MAX. */
size_t cepa_mesh_anchors(const struct cepa_mesh *mesh, struct cepa_relay_address *ret_addresses);

#endif
