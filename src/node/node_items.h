/* The things that a node has many of, or that stand beside it; nobody outside includes this. */
#ifndef CEPA_NODE_NODE_ITEMS_H
#define CEPA_NODE_NODE_ITEMS_H

#include "base/block.h"
#include "base/map.h"
#include "base/pool.h"
#include "base/ring.h"
#include "base/timer_heap.h"
#include "link/link.h"
#include "mesh/mesh.h"
#include "mesh/onion_day.h"
#include "node/node_budget.h"
#include "node/node_commands.h"
#include "node/node_facts.h"
#include "node/node_status.h"
#include "node/sources.h"
#include "onion/circuit_ends.h"
#include "onion/circuit_table.h"
#include "path/circuits.h"
#include "service/services.h"
#include "wire/mesh_message.h"

enum {
    CEPA_NODE_BULKS_MAX = 16,   /* transfers that measure circuits which end here */
    CEPA_NODE_WAITING_MAX = 64, /* packets that wait for a link to their next relay */
    CEPA_NODE_ONION_DAYS = 2,   /* of which keys are kept: this day, and the next when it is near */
    CEPA_NODE_LINK_KEY_DAYS = 2, /* this day and the one before */
    CEPA_NODE_FETCHES = 4,       /* buckets on their way through circuits */
    CEPA_NODE_JOIN_MAX = CEPA_INVITATION_ADDRESSES_MAX
};

#define CEPA_NODE_TICK_NS CEPA_SECOND_NS                 /* of what is looked at regularly */
#define CEPA_NODE_DIAL_NS (10 * CEPA_SECOND_NS)          /* for a carrier to open */
#define CEPA_NODE_IDLE_NS (30 * CEPA_SECOND_NS)          /* a link that nobody needs is closed */
#define CEPA_NODE_GOODBYE_NS (500 * CEPA_MILLISECOND_NS) /* for last words */
#define CEPA_NODE_GUARD_STALL_NS (5 * CEPA_SECOND_NS)    /* a guard that says nothing is lost */
#define CEPA_NODE_GUARD_DIAL_NS (4 * CEPA_SECOND_NS)     /* then the next guard is tried */
#define CEPA_NODE_BREAK_NS (700 * CEPA_MILLISECOND_NS)   /* stalled so long: its circuits break */

/* One carrier of a link. */
enum cepa_node_slot_state {
    CEPA_NODE_SLOT_EMPTY,
    CEPA_NODE_SLOT_OPENING, /* the driver is at it */
    CEPA_NODE_SLOT_OPEN     /* attached to the link */
};
struct cepa_node_slot {
    enum cepa_node_slot_state state;
    uint64_t number;   /* the carrier's; 0 for a relayed one */
    uint8_t kind;      /* enum cepa_carrier_kind */
    bool is_written;   /* WRITE is in the ring, or the driver pulls anyhow */
    uint64_t via;      /* RELAYED: the link to the introducer */
    uint32_t channel;  /* RELAYED: which channel there */
    uint32_t attempt;  /* OPENING by signals: which attempt */
    bool is_by_signal; /* it is opened by offer and answer */
    struct cepa_reach remote;
};

/* Where a link is. */
enum cepa_node_link_state {
    CEPA_NODE_LINK_DIALLING, /* no carrier yet */
    CEPA_NODE_LINK_SHAKING,
    CEPA_NODE_LINK_UP,
    CEPA_NODE_LINK_CLOSING, /* last words are being sent */
    CEPA_NODE_LINK_OVER     /* to be freed */
};

/* One link, with what the node knows of it. */
struct cepa_node_link {
    struct cepa_link link;
    struct cepa_handle self;
    enum cepa_node_link_state state;
    bool is_begun; /* `link` means something */
    bool is_initiator;
    bool is_anonymous;
    bool is_guard;    /* a guard of this node's paths */
    bool is_private;  /* the mesh does not know of it: a relay's link to its guard */
    bool is_dialback; /* to see whether the other side can be dialled, and no more */
    bool has_target;  /* `target` is who must be there */
    bool has_key;     /* `key` is the peer's, from its credentials */
    bool is_relayed;  /* began over a relayed carrier */
    bool is_stalled;
    bool is_touched;  /* stands in the ring of touched links */
    uint32_t carries; /* relayed carriers of other links that go through this one */
    uint64_t ticket;  /* the mesh's, until it is answered; 0: none */
    struct cepa_node_id target;
    struct cepa_ed25519_public_key key;
    struct cepa_relay_address address; /* that was dialled */
    struct cepa_prefix prefix;         /* where the peer is seen */
    struct cepa_time began;
    struct cepa_time used;    /* when somebody needed it last */
    struct cepa_time stalled; /* since when */
    struct cepa_time until;   /* DIALLING, CLOSING: then it ends; UP and stalled: circuits break */
    struct cepa_handle timer;
    struct cepa_node_slot slots[CEPA_LINK_SLOTS];
};

/* Which carrier of which link. */
struct cepa_node_carrier_place {
    struct cepa_handle link;
    uint64_t slot;
};

/* An onion packet of the circuit table that waits for a link. */
struct cepa_node_waiting {
    struct cepa_handle packet; /* none: the place is free */
    uint64_t ticket;           /* of cepa_mesh_connect */
    uint64_t from;             /* the link that it came on */
    bool is_circuit;
};

/* A circuit of this node's own, as its links and users see it. */
struct cepa_node_circuit {
    struct cepa_handle circuit; /* of path's; none: free */
    uint64_t link;              /* the first hop's; 0: none */
    uint32_t circuit_id;        /* there */
    bool is_asked;              /* a user has it */
    bool is_blocked;            /* the user waits for room */
    uint32_t fetch;             /* 1 + the number of the fetch that it is for; 0: none */
    struct cepa_time began;
    uint64_t cells_sent;
    uint64_t cells_received;
};

/* A bucket on its way through a circuit. */
struct cepa_node_fetch {
    uint64_t route;  /* the mesh's; 0: free */
    uint64_t ticket; /* of the request that is open; 0: none */
    struct cepa_handle circuit;
    bool is_open;
    uint8_t request[CEPA_MESH_SIGNAL_MAX];
    size_t request_len;
    uint32_t parts; /* of the answer that have come; bits */
    uint8_t answer[CEPA_MESH_BUCKET_ANSWER_SIZE];
};

/* A link key of a directory day. Secret. */
struct cepa_node_link_key {
    bool is_taken;
    struct cepa_directory_day day;
    struct cepa_xwing_seed seed;
    struct cepa_xwing_key key;
};

/* What is still to be stored; bits. */
enum {
    CEPA_NODE_DIRTY_CERTIFICATE = 1 << 0,
    CEPA_NODE_DIRTY_NONCE = 1 << 1,
    CEPA_NODE_DIRTY_SEQUENCE = 1 << 2,
    CEPA_NODE_DIRTY_GUARDS = 1 << 3,
    CEPA_NODE_DIRTY_LAYER2 = 1 << 4,
    CEPA_NODE_DIRTY_ONION_DAY = 1 << 5, /* and the next bit: the second one */
    CEPA_NODE_DIRTY_LINK_KEY = 1 << 7,  /* likewise */
    CEPA_NODE_DIRTY_PEERS = 1 << 9,     /* and as many bits as there are anchors: 3 */
    CEPA_NODE_DIRTY_CREDENTIALS = 1 << 12,
    CEPA_NODE_DIRTY_BUDGET = 1 << 13
};

/* Who this node is, and what it has published. */
struct cepa_node_own {
    struct cepa_relay_identity identity; /* of a relay */
    bool has_certificate;
    bool has_nonce;
    bool is_publishing;      /* the mesh has receipts, or introducers, so that it may be used */
    bool is_stale;           /* a new descriptor is to be made */
    struct cepa_time remake; /* not before */
    uint8_t certificate[CEPA_CERTIFICATE_SIZE];
    uint8_t nonce[CEPA_WORK_NONCE_SIZE];
    struct cepa_work work;
    uint32_t sequence;
    struct cepa_directory_day described;              /* whose descriptor `credentials` has */
    struct cepa_onion_day days[CEPA_NODE_ONION_DAYS]; /* by day number mod 2 */
    bool has_day[CEPA_NODE_ONION_DAYS];
    struct cepa_node_link_key link_keys[CEPA_NODE_LINK_KEY_DAYS]; /* likewise */
    struct cepa_onion_epoch rotated; /* the last epoch that the onion keys were rotated to */
    bool is_rotated;
    bool is_spare_next; /* the wall clock was set back: the next key is a spare's */
    uint8_t credentials[CEPA_CREDENTIALS_SIZE_MAX];
    size_t credentials_len; /* 0: none yet */
    size_t restored_len;    /* of those from before a restart, which may still hold; 0: none */
    uint8_t key_record[CEPA_KEY_RECORD_SIZE];                  /* of `rotated` */
    bool is_key_told;                                          /* to the mesh */
    size_t receipts_len;                                       /* in the descriptor */
    struct cepa_receipt revived[CEPA_DESCRIPTOR_RECEIPTS_MAX]; /* from before a restart */
    size_t revived_len;
    struct cepa_index_record record; /* of `credentials` */
    bool is_record_told;             /* to the mesh */
    bool has_key_record;
    bool is_busy; /* there is work to do before anybody can be talked to */
    struct cepa_directory_day certificate_last;
    uint32_t stored_days[CEPA_NODE_ONION_DAYS]; /* which are on disk; 0: none */
    uint32_t stored_keys[CEPA_NODE_LINK_KEY_DAYS];
};

/* Credit that waits until the budget of bytes per second has room. */
struct cepa_node_held {
    uint64_t link;
    uint32_t circuit_id;
    uint32_t count; /* cells */
};

/* A transfer that measures a circuit which ends at this relay. */
struct cepa_node_bulk {
    struct cepa_handle circuit; /* of the circuit table; none: free */
    uint8_t service;            /* SINK or SOURCE of enum cepa_node_service */
    uint32_t total;             /* DATA in all, */
    uint32_t done;              /* counted or sent so far, */
    uint32_t waiting;           /* sent, and not gone over the link yet */
};

/* Large temporaries; nothing stays in them between calls. */
struct cepa_node_workspace {
    struct cepa_mldsa_workspace mldsa;
    struct cepa_packet_peel_workspace peel;
    struct cepa_circuits_workspace circuits;
    struct cepa_onion_day_workspace onion_day;
    struct cepa_xwing_public_key hop_keys[CEPA_CIRCUIT_HOPS_MAX];
    uint8_t packet[CEPA_PACKET_SIZE];
    uint8_t prefixes[1 << 13]; /* a bit for each /16 */
    uint8_t body[CEPA_CELL_BODY_SIZE];
};

/* An effect that waits, with its bytes. */
struct cepa_node_queued {
    struct cepa_node_effect effect;
    uint8_t data[CEPA_CELL_DATA_MAX];
};

/* What happened so far. */
struct cepa_node_counts {
    uint64_t bytes_in;
    uint64_t bytes_out;
    uint64_t padding_out;
    uint64_t packets_accepted;
    uint64_t packets_dropped;
    uint64_t misbehaviour;
    uint64_t refused;
    uint64_t dials;
    uint64_t dials_failed;
    uint64_t handshakes_failed;
    uint64_t effects_lost;
    uint64_t messages_lost;
    uint64_t relayed; /* frames carried between others */
    uint64_t built;
    uint64_t build_time_ns; /* smoothed */
};

#endif
