/* What a node can be asked: snapshots, values without secrets. Addresses of peers are in none of
 * them. */
#ifndef CEPA_NODE_NODE_STATUS_H
#define CEPA_NODE_NODE_STATUS_H

#include "node/node.h"

/* How unlikely it is that somebody watches both ends of this node's paths, if a part of all relays,
 * drawn as paths draw them, is hostile. Shares of a million. */
struct cepa_node_anonymity {
    uint32_t both_ends_ppm_10; /* 10 % hostile: guard and last relay of a new circuit are both */
    uint32_t both_ends_ppm_20; /* likewise at 20 % */
    uint32_t any_guard_ppm_10; /* 10 % hostile: at least one of the guards in use is */
    uint32_t any_guard_ppm_20; /* likewise at 20 % */
    uint32_t relays;           /* that may be last hops */
    uint32_t prefixes;         /* distinct ones among them */
    uint32_t effective_relays; /* 1 / sum of squared chances to be drawn as the last hop */
};

/* The budget, and what is withheld for it. */
struct cepa_node_budget_status {
    struct cepa_node_budget_limits limits;
    uint64_t used;                    /* bytes of this day, UTC, both ways */
    uint64_t left;                    /* of the day's budget; 0 without one */
    struct cepa_wall until;           /* when the day ends, and nothing is withheld by it */
    enum cepa_budget_level by_day;    /* what the day's withholds */
    enum cepa_budget_level by_second; /* what the second's withholds at this moment */
};

/* The whole node. */
struct cepa_node_status {
    char profile[CEPA_PROFILE_NAME_SIZE];
    struct cepa_network_id network;
    struct cepa_node_id node; /* zeros for a client */
    bool is_relay;
    bool is_published;      /* its record is in the mesh */
    bool is_joined;         /* it has a neighbour */
    bool is_filtered;       /* its addresses were dialled in vain: others lead here */
    bool is_clock_off;      /* more than the profile allows: nothing is published */
    int64_t clock_error_ms; /* against the neighbours' median; positive: this clock is ahead */
    uint32_t day;           /* directory day */
    uint32_t epoch;         /* onion epoch */
    uint32_t receipts;      /* dial-backs in the descriptor */
    uint32_t links;         /* that are up */
    uint32_t links_opening;
    uint32_t neighbours;
    uint32_t clients; /* links of anonymous clients */
    uint32_t relays_known;
    uint32_t relays_usable;
    uint32_t relays_here; /* of which credentials and the epoch's key are here */
    uint32_t guards;
    uint32_t guards_reached;
    uint32_t circuits_own; /* ready */
    uint32_t circuits_ready_ahead;
    uint32_t circuits_relayed;
    uint32_t cells_waiting; /* on all links */
    uint64_t circuits_built;
    uint64_t circuits_failed;
    uint64_t circuits_salvaged;
    uint64_t build_time_ns; /* smoothed; 0: none was built */
    uint64_t cells_relayed;
    uint64_t packets_accepted;
    uint64_t packets_dropped;
    uint64_t bytes_in; /* of all links, with padding */
    uint64_t bytes_out;
    uint64_t padding_out;    /* bytes of these */
    uint64_t misbehaviour;   /* errors whose blame is a peer's */
    uint64_t refused_budget; /* requests of peers beyond their budgets */
    uint64_t suspicions;     /* nodes that neither this one nor its helpers reached */
    uint64_t suspends;       /* how often this node was stopped for a while */
    uint64_t dials;
    uint64_t dials_failed;
    uint64_t handshakes_failed;
    struct cepa_shaper_config shaper;
    struct cepa_node_budget_status budget;
    struct cepa_node_anonymity anonymity;
};

/* One link. */
struct cepa_node_link_status {
    uint64_t link;            /* its number */
    struct cepa_node_id peer; /* zeros: an anonymous client */
    struct cepa_prefix prefix;
    uint8_t carrier; /* enum cepa_carrier_kind of the one in use, 0: none */
    bool is_up;
    bool is_initiator;
    bool is_neighbour;
    bool is_guard;
    bool is_stalled;
    uint64_t rtt_ns;
    uint64_t age_ns;
    uint64_t frames_in;
    uint64_t frames_out;
    uint64_t padding_out; /* frames of these */
    uint32_t circuits;
    uint32_t queued;      /* frames that wait */
    uint32_t shaper_rate; /* frames per second, 0 unlimited */
};

/* One circuit of this node's own. */
struct cepa_node_circuit_status {
    uint64_t circuit;
    uint8_t state; /* 0 building, 1 ready, 2 being mended */
    bool is_ahead; /* prepared, nobody uses it yet */
    uint8_t hops_len;
    struct cepa_node_id hops[CEPA_PACKET_HOPS_MAX];
    uint64_t age_ns;
    uint64_t cells_sent;
    uint64_t cells_received;
};

/* One guard, in the order of preference. */
struct cepa_node_guard_status {
    struct cepa_node_id node; /* zeros: not known yet */
    struct cepa_prefix prefix;
    uint8_t state; /* 0 untried, 1 reached, 2 unreachable */
    bool is_in_use;
    bool is_confirmed;
    bool is_listed;
};

/* One relay of the index. */
struct cepa_node_relay_status {
    uint8_t key[32];          /* Ed25519 */
    struct cepa_node_id node; /* zeros: not known yet */
    struct cepa_prefix prefix;
    uint8_t capacity;
    uint8_t flags;       /* enum cepa_relay_flags */
    uint32_t first_seen; /* directory day */
    bool is_usable;
    bool is_linked;
};

/* cepa_node_status_get fills in the whole. O(relays). */
void cepa_node_status_get(const struct cepa_node *node, struct cepa_node_status *ret_status,
                          struct cepa_time now, struct cepa_wall wall);

/* cepa_node_status_link, _circuit, _guard and _relay give the next one from `*cursor` (0 at first)
 * and move the cursor behind it; false at the end. */
bool cepa_node_status_link(const struct cepa_node *node, struct cepa_node_link_status *ret_link,
                           uint32_t *cursor, struct cepa_time now);
bool cepa_node_status_circuit(const struct cepa_node *node,
                              struct cepa_node_circuit_status *ret_circuit, uint32_t *cursor,
                              struct cepa_time now);
bool cepa_node_status_guard(const struct cepa_node *node, struct cepa_node_guard_status *ret_guard,
                            uint32_t *cursor);
bool cepa_node_status_relay(const struct cepa_node *node, struct cepa_node_relay_status *ret_relay,
                            uint32_t *cursor);

#endif
