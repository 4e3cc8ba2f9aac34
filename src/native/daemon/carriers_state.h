/* What carriers.h is made of; only its own files include this. */
#ifndef CEPA_NATIVE_DAEMON_CARRIERS_STATE_H
#define CEPA_NATIVE_DAEMON_CARRIERS_STATE_H

#include "base/map.h"
#include "native/daemon/carriers.h"

/* One connection. */
struct cepa_carrier_entry {
    struct cepa_connection_id id;
    uint64_t number;                /* as the node knows it */
    struct cepa_channel_id channel; /* once it is open */
    bool is_open;
    bool is_dialled;           /* we have dialled its peer's listening port */
    bool is_marked;            /* the node has frames for it, and there may be room */
    bool is_waiting;           /* the node has frames for it, and there is no room */
    bool is_closing;           /* the node has forgotten it; what was pulled may leave */
    struct cepa_time close_at; /* till then */
    size_t pending_len;        /* a frame that was pulled and found no room; 0: none */
    uint8_t pending[CEPA_FRAME_SIZE];
};

struct cepa_carriers {
    struct cepa_endpoint *endpoint;
    struct cepa_node *node;
    struct cepa_map by_number; /* number -> index in entries */
    void *map_memory;
    struct cepa_carrier_entry *entries[CEPA_ENDPOINT_CONNECTIONS_MAX]; /* by the handles' index */
    uint32_t marked[CEPA_ENDPOINT_CONNECTIONS_MAX];                    /* those that have frames */
    size_t marked_len;
    size_t lingering;           /* how many are closing */
    uint64_t last_accepted;     /* number given to the last that was accepted, without its bit */
    struct cepa_time ask_at[2]; /* IPv4, IPv6: not before is a peer asked how it sees us */
    struct cepa_net_address seen[2]; /* what the last one said; family NONE: nothing yet */
    bool has_seen[2];                /* it is news to the owner */
    struct cepa_carriers_counts counts;
};

/* cepa_carrier_of gives the entry of a connection, cepa_carrier_find that of a number, or NULL. */
struct cepa_carrier_entry *cepa_carrier_of(struct cepa_carriers *carriers,
                                           struct cepa_connection_id id);
struct cepa_carrier_entry *cepa_carrier_find(struct cepa_carriers *carriers, uint64_t number);

/* cepa_carrier_add makes an entry; NULL without memory. */
struct cepa_carrier_entry *cepa_carrier_add(struct cepa_carriers *carriers,
                                            struct cepa_connection_id id, uint64_t number);

/* cepa_carrier_forget removes an entry; the connection is as it was. */
void cepa_carrier_forget(struct cepa_carriers *carriers, struct cepa_carrier_entry *entry);

/* cepa_carrier_drop closes a connection, if it is still there. */
void cepa_carrier_drop(struct cepa_carriers *carriers, struct cepa_connection_id id);

/* cepa_carrier_mark says that the node may have frames for it. */
void cepa_carrier_mark(struct cepa_carriers *carriers, struct cepa_carrier_entry *entry);

/* cepa_carrier_end closes the connection, forgets it, and tells the node unless that knows. */
void cepa_carrier_end(struct cepa_carriers *carriers, struct cepa_carrier_entry *entry, int error,
                      struct cepa_time now);

/* cepa_carrier_ask asks a peer how it sees us, unless somebody was asked lately. */
void cepa_carrier_ask(struct cepa_carriers *carriers, const struct cepa_carrier_entry *entry,
                      struct cepa_time now);

/* cepa_carrier_has_left says whether everything that was sent was acknowledged. */
bool cepa_carrier_has_left(struct cepa_carriers *carriers, const struct cepa_carrier_entry *entry);

#endif
