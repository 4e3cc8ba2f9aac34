/* A node, without I/O: the facade that joins links, onion, mesh and paths. A driver tells it facts
 * (what came, what opened, what time it is), pulls the frames that may leave, and carries out
 * effects. The same code runs under the daemon, a browser page and the simulator. @[SPEC 12]
 *
 * A driver's turn:
 *
 *     report facts;  cepa_node_step(node, now, wall) when cepa_node_deadline has come;
 *     while (cepa_node_next(node, &effect, now) == 0) carry it out;
 *     pull frames of every carrier that has room and was named by WRITE since it last gave 0.
 *
 * Facts are in node/node_facts.h, commands in node/node_commands.h, and what can be asked in
 * node/node_status.h. Bytes in effects are lent until the next call of any function of this node.
 * Nothing here blocks; one call costs at most a few ms (a handshake or a signature), usually
 * microseconds. */
#ifndef CEPA_NODE_NODE_H
#define CEPA_NODE_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/random.h"
#include "base/time.h"
#include "crypto/ed25519.h"
#include "crypto/mldsa.h"
#include "link/link_state.h" /* enum cepa_carrier_kind */
#include "link/shaper.h"
#include "node/profile.h"
#include "wire/dial_address.h"
#include "wire/ids.h"
#include "wire/sizes.h"

/* A node; opaque. */
struct cepa_node;

/* How much a node may take; its whole memory follows from this (cepa_node_size). */
struct cepa_node_limits {
    uint32_t links;               /* at one time, also half-open ones */
    uint32_t neighbours;          /* wanted; at most twice as many are kept */
    uint32_t index_records;       /* relays that are known */
    uint32_t credentials;         /* certificates and descriptors kept, 11 kB each */
    uint32_t cells;               /* that wait to be sent on all links, 1,120 bytes each */
    uint32_t link_circuits;       /* circuits on all links; one through this relay counts twice */
    uint32_t handshakes;          /* links' handshakes at one time, 36 kB each */
    uint32_t buffers;             /* packets and messages on their way in, 16 kB each */
    uint32_t relay_circuits;      /* circuits through this relay; 0 for clients */
    uint32_t service_circuits;    /* of these: that meet, or await introductions */
    uint32_t address_descriptors; /* that a relay keeps for others, 16 kB each */
    uint32_t mailboxes;           /* that a relay keeps for others */
    uint32_t boxes;               /* in all of them, 16 kB each; 0: it keeps no mailboxes */
    uint32_t origin_circuits;     /* circuits of this node's own */
    uint32_t replay_tags; /* packets that one onion key accepts; 16 to 32 bytes each, twice */
};

/* cepa_node_limits_daemon, _tab and _test give what suits a daemon, a browser tab, a test. */
void cepa_node_limits_daemon(struct cepa_node_limits *ret_limits);
void cepa_node_limits_tab(struct cepa_node_limits *ret_limits);
void cepa_node_limits_test(struct cepa_node_limits *ret_limits);

/* What a node may spend; see node/node_budget.h. */
struct cepa_node_budget_limits {
    uint64_t bytes_per_day; /* of all links, both ways, from midnight to midnight (UTC); 0: none */
    uint64_t bytes_per_second; /* that may be sent for others and as padding; 0: none */
};

/* What is withheld because a budget is used up; each level withholds the ones below too. */
enum cepa_budget_level {
    CEPA_BUDGET_NOTHING = 0,
    CEPA_BUDGET_PADDING = 1,
    CEPA_BUDGET_CIRCUITS = 2, /* new circuits of others */
    CEPA_BUDGET_RELAYING = 3  /* all that is relayed */
};

/* Who a node is; copied by cepa_node_init but for what is said to be lent. */
struct cepa_node_config {
    struct cepa_profile profile;
    struct cepa_node_limits limits;
    bool is_relay;                     /* takes circuits of others; else a client */
    bool is_guard;                     /* a relay that offers to be a guard if dialled */
    bool is_metered;                   /* sends no padding, tells neighbours to be sparing */
    bool answers_echo;                 /* a relay that sends back the DATA that reach it as the last
                                        * hop: a diagnostic, for pings and measurements */
    uint8_t capacity;                  /* class of a relay, 0 (least) to 3 */
    struct cepa_relay_family family;   /* zeros: none */
    struct cepa_ed25519_seed signing;  /* a relay's identity; the caller wipes its copy */
    struct cepa_mldsa_seed pq_signing; /* likewise */
    struct cepa_reach reaches[CEPA_DESCRIPTOR_REACHES_MAX]; /* where it can be dialled */
    size_t reaches_len;                  /* 0: a relay that is only introduced, or a client */
    struct cepa_dtls_hash dtls;          /* of the certificate that its listener shows */
    struct cepa_dtls_hash dtls_previous; /* the one before, if it still serves, or zeros */
    struct cepa_reach_secret secret;     /* without which its listener does not answer */
    struct cepa_shaper_config shaper;    /* of every link */
    struct cepa_node_budget_limits budget;
    const struct cepa_random *random; /* lent */
    uint32_t cpu;                     /* base/cpu.h */
};

/* What is kept over restarts: tables of keys (at most CEPA_STORE_KEY_MAX bytes) and values. A value
 * that comes again replaces the one before. */
enum cepa_store_table {
    CEPA_STORE_OWN = 1,         /* key: 1 byte. Certificate, proof of work, sequence number */
    CEPA_STORE_INDEX = 2,       /* key: Ed25519 key of a relay, 32 */
    CEPA_STORE_CREDENTIALS = 3, /* key: Ed25519 key of a relay, 32; may be lost without harm */
    CEPA_STORE_GUARDS = 4,      /* key: 1 byte, the layer */
    CEPA_STORE_PEERS = 5,       /* key: 1 byte, a place. Anchors and remembered addresses */
    CEPA_STORE_ONION_DAYS = 6,  /* key: day, 4, big-endian. SECRET */
    CEPA_STORE_LINK_KEYS = 7,   /* key: day, 4, big-endian. SECRET */
    CEPA_STORE_MAILBOXES = 8,   /* key: its owner's, 32 */
    CEPA_STORE_BOXES = 9,       /* key: 24 bytes of the owner's, number 8. Sealed for him */
    CEPA_STORE_PREKEYS = 10,    /* of an end: key: the first 32 bytes of an address. SECRET */
    CEPA_STORE_PLACES = 11      /* of an end: likewise: its mailboxes */
};
enum { CEPA_STORE_KEY_MAX = 32, CEPA_STORE_VALUE_MAX = 17 * 1024 };

/* cepa_store_table_is_secret says whether a table's values are keys: they belong into files that
 * nobody else may read, and are overwritten or forgotten when they are replaced or gone. */
bool cepa_store_table_is_secret(enum cepa_store_table table);

/* What a driver is asked to do. */
enum cepa_node_effect_kind {
    CEPA_NODE_WRITE = 1,     /* the carrier has frames: cepa_node_pull until 0 or it is full */
    CEPA_NODE_DIAL,          /* open `carrier` to `address` */
    CEPA_NODE_CLOSE,         /* close `carrier` when what was pulled has left; report nothing */
    CEPA_NODE_OFFER,         /* make an offer for `carrier`: cepa_node_on_signal with OFFER */
    CEPA_NODE_ANSWER,        /* take the offer in `data`, and answer it for `carrier` */
    CEPA_NODE_TAKE_ANSWER,   /* the answer to the offer of `carrier` is in `data` */
    CEPA_NODE_ADD_CANDIDATE, /* a candidate of the other side for `carrier` is in `data` */
    CEPA_NODE_STORE,         /* keep, in a table; not below before it is durable: see is_durable */
    CEPA_NODE_EVENT          /* something that users care about */
};

/* What has happened, for users. */
enum cepa_node_event {
    CEPA_EVENT_JOINED = 1,     /* the first neighbour is there */
    CEPA_EVENT_ALONE,          /* the last one is gone */
    CEPA_EVENT_LINK_UP,        /* `peer` (zeros: a client), `link`, `is_relayed`, `is_initiator` */
    CEPA_EVENT_LINK_MOVED,     /* likewise: it goes over another carrier, and lost nothing */
    CEPA_EVENT_LINK_DOWN,      /* `peer`, `link`, `error` */
    CEPA_EVENT_PUBLISHED,      /* this relay has receipts, and its record is in the mesh */
    CEPA_EVENT_CLOCK,          /* the wall clock is off by `count` ms against the neighbours' */
    CEPA_EVENT_CIRCUIT_READY,  /* `circuit` */
    CEPA_EVENT_CIRCUIT_DATA,   /* `circuit`, `data` from its last hop */
    CEPA_EVENT_CIRCUIT_BROKEN, /* `circuit` is cut and is being mended: READY or CLOSED follows */
    CEPA_EVENT_CIRCUIT_WINDOW, /* `circuit` may send again after CEPA_ERR_FULL */
    CEPA_EVENT_CIRCUIT_CLOSED, /* `circuit`, `error` (0: as asked) */
    CEPA_EVENT_BUDGET          /* the day's withholds `count` now, an enum cepa_budget_level */
};

/* One effect. Fields that the kind does not name are 0. */
struct cepa_node_effect {
    enum cepa_node_effect_kind kind;
    enum cepa_node_event event;        /* EVENT */
    uint64_t carrier;                  /* WRITE to ADD_CANDIDATE */
    struct cepa_relay_address address; /* DIAL */
    enum cepa_store_table table;       /* STORE */
    uint8_t key[CEPA_STORE_KEY_MAX];   /* STORE */
    size_t key_len;
    bool is_gone;        /* STORE: forget the key */
    bool is_durable;     /* STORE: to be on disk before anything else is pulled */
    const uint8_t *data; /* STORE: the value; signals; CIRCUIT_DATA. Lent */
    size_t data_len;
    struct cepa_node_id peer; /* LINK_* */
    uint64_t link;            /* LINK_*: its number */
    bool is_relayed;          /* LINK_UP, LINK_MOVED: through an introducer */
    bool is_initiator;        /* likewise: this node has opened it */
    uint64_t circuit;         /* CIRCUIT_* */
    int64_t count;            /* CLOCK, BUDGET */
    int error;                /* LINK_DOWN, CIRCUIT_CLOSED */
};

/* Numbers of carriers: the node numbers those that it asks for from 1, the driver those that others
 * have opened, with this bit. None is used twice. */
#define CEPA_NODE_CARRIER_ACCEPTED (UINT64_C(1) << 63)

/* What a driver knows of a carrier that has opened. */
struct cepa_carrier_facts {
    enum cepa_carrier_kind kind; /* WEBRTC or SIM; the node makes RELAYED ones itself */
    uint8_t binding[64];         /* SHA-256 of both certificates, the smaller first */
    struct cepa_reach remote;    /* where the other side is seen; family NONE: not known */
};

/* Signals between two drivers who open a carrier through the mesh. */
enum cepa_signal_kind { CEPA_SIGNAL_OFFER = 1, CEPA_SIGNAL_ANSWER = 2, CEPA_SIGNAL_CANDIDATE = 3 };
enum { CEPA_SIGNAL_MAX = 200 };

/* cepa_node_size gives the memory that a node takes; SIZE_MAX for limits out of range. */
size_t cepa_node_size(const struct cepa_node_config *config);

/* cepa_node_init makes a node in `memory_len` bytes, aligned as base/block.h says and lent until
 * cepa_node_wipe. Returns 0, CEPA_ERR_ARGUMENT, CEPA_ERR_FULL (memory) or CEPA_ERR_RANDOM. */
CEPA_MUST_USE int cepa_node_init(struct cepa_node **ret_node, void *memory, size_t memory_len,
                                 const struct cepa_node_config *config, struct cepa_time now,
                                 struct cepa_wall wall);

/* cepa_node_restore gives back what a STORE effect of a former run said, tables in the order
 * of their numbers, between cepa_node_init and cepa_node_start. Returns 0, or an error for what is
 * no longer of use or is damaged: the driver forgets it and goes on. */
CEPA_MUST_USE int cepa_node_restore(struct cepa_node *node, enum cepa_store_table table,
                                    const uint8_t *key, size_t key_len, const uint8_t *value,
                                    size_t value_len);

/* cepa_node_start lets it live. Returns 0, CEPA_ERR_STATE or CEPA_ERR_RANDOM. */
CEPA_MUST_USE int cepa_node_start(struct cepa_node *node, struct cepa_time now,
                                  struct cepa_wall wall);

/* cepa_node_stop withdraws: closes circuits and links. Pull for a moment, then wipe. */
void cepa_node_stop(struct cepa_node *node, struct cepa_time now);

/* cepa_node_wipe overwrites everything; the memory is the caller's again. */
void cepa_node_wipe(struct cepa_node *node);

/* cepa_node_step does what is due. To be called at cepa_node_deadline at the latest. */
void cepa_node_step(struct cepa_node *node, struct cepa_time now, struct cepa_wall wall);

/* cepa_node_deadline gives when the next step is due. */
struct cepa_time cepa_node_deadline(struct cepa_node *node);

/* cepa_node_next takes the next effect. Returns 0, or CEPA_ERR_NOT_FOUND when there is none. */
CEPA_MUST_USE int cepa_node_next(struct cepa_node *node, struct cepa_node_effect *ret_effect,
                                 struct cepa_time now);

/* cepa_node_pull writes the next frame for a carrier, if one may leave now, and gives its length,
 * else 0 (also for an unknown carrier). `ret_frame` has CEPA_FRAME_SIZE bytes. */
size_t cepa_node_pull(struct cepa_node *node, uint64_t carrier, uint8_t *ret_frame,
                      struct cepa_time now);

#endif
