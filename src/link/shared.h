/* What all links of a node share: who the node is, randomness, and the pools that its peers'
 * traffic may fill. Everything is carved at start from one block. @[SPEC 7.8] */
#ifndef CEPA_LINK_SHARED_H
#define CEPA_LINK_SHARED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/map.h"
#include "base/random.h"
#include "crypto/xwing.h"
#include "wire/ids.h"
#include "wire/link_sizes.h"

/* Roles that a node tells its peers in a handshake, as bits. */
enum { CEPA_LINK_ROLE_RELAY = 1, CEPA_LINK_ROLE_CLIENT = 2, CEPA_LINK_ROLE_METERED = 4 };

/* Who this node is towards its peers. The bytes and keys are lent; the owner may change all of it
 * between two calls, for example when a directory day begins. */
struct cepa_link_identity {
    uint8_t network_id[CEPA_NETWORK_ID_SIZE];  /* of the network profile */
    struct cepa_node_id node_id;               /* zeros for a client */
    const uint8_t *credentials;                /* certificate and descriptor; NULL for a client */
    size_t credentials_len;                    /* at most CEPA_LINK_CREDENTIALS_MAX */
    const struct cepa_xwing_key *link_keys[2]; /* of this day, of the day before; NULL if none */
    uint8_t roles;                             /* CEPA_LINK_ROLE_ bits */
};

/* How much the links of a node may take together, and each alone. */
struct cepa_link_limits {
    uint32_t cells;             /* frames that wait to be sent, of all links; 1,120 bytes each */
    uint32_t circuits;          /* circuits of all links; about 128 bytes each */
    uint32_t buffers;           /* packets and messages on their way in; 16 KiB each */
    uint32_t handshakes;        /* at one time; about 36 KiB each */
    uint32_t circuits_per_link; /* that this node grants a peer, at most 2^31 - 1 */
    uint32_t queue_max;         /* messages' frames that wait on one link; so for packets' frames,
                                 * and for relayed frames */
    uint32_t window_max;        /* cells of a circuit that a peer may have sent ahead; >= 32 */
};

/* Internals of the pools, link/link_state.h. */
struct cepa_link_cell;
struct cepa_link_circuit;
struct cepa_link_handshake;

/* A free list of elements of one kind, by index. */
struct cepa_link_pool {
    uint32_t capacity;   /* how many elements there are */
    uint32_t count;      /* how many are in use */
    uint32_t fresh;      /* from here on none was used yet */
    uint32_t first_free; /* the last one freed, or CEPA_LINK_NONE */
    uint32_t *next_free; /* one per element */
};

/* The shared part. */
struct cepa_link_shared {
    struct cepa_link_limits limits;
    const struct cepa_link_identity *identity; /* lent by the owner */
    const struct cepa_random *random;          /* lent by the owner */
    uint32_t cpu;                              /* base/cpu.h */
    bool is_padding_withheld;                  /* the owner's switch: no link sends padding */
    uint32_t links;                            /* how many were begun: the next one's number */
    uint32_t grown;                            /* circuits with a window above the first */
    struct cepa_link_pool cell_pool;
    struct cepa_link_pool circuit_pool;
    struct cepa_link_pool buffer_pool;
    struct cepa_link_pool handshake_pool;
    struct cepa_link_cell *cells;
    struct cepa_link_circuit *circuits;
    struct cepa_link_handshake *handshakes;
    uint8_t *buffers;                       /* CEPA_LINK_BUFFER_SIZE each */
    struct cepa_map circuit_by_id;          /* (link, circuit id) -> index in `circuits` */
    struct cepa_xwing_workspace *workspace; /* for the KEM */
    struct cepa_xwing_key *fresh_key;       /* an initiator's fresh key, expanded when needed */
};

/* cepa_link_shared_size gives the bytes that links with these limits need besides their structs;
 * SIZE_MAX if there is no such number. */
size_t cepa_link_shared_size(const struct cepa_link_limits *limits);

/* cepa_link_shared_init carves the pools out of the `memory_len` >= cepa_link_shared_size(limits)
 * bytes at `memory`, aligned as base/block.h says. `identity`, `random` and `memory` are lent for
 * the life of all links. Returns 0, CEPA_ERR_ARGUMENT for limits out of range or CEPA_ERR_RANDOM.
 */
CEPA_MUST_USE int cepa_link_shared_init(struct cepa_link_shared *ret_shared, void *memory,
                                        size_t memory_len, const struct cepa_link_limits *limits,
                                        const struct cepa_link_identity *identity,
                                        const struct cepa_random *random, uint32_t cpu);

/* cepa_link_shared_wipe wipes all secrets in the pools; every link was wiped before. */
void cepa_link_shared_wipe(struct cepa_link_shared *shared);

#endif
