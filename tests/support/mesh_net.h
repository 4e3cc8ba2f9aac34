/* A network of meshes in virtual time, joined by queues of messages: real identities, credentials,
 * indexes and objects; no links below. */
#ifndef CEPA_TESTS_SUPPORT_MESH_NET_H
#define CEPA_TESTS_SUPPORT_MESH_NET_H

#include <stdbool.h>

#include "mesh/mesh.h"
#include "mesh/onion_day.h"
#include "support/random.h"

enum { MESH_NET_NODES_MAX = 64, MESH_NET_DAY = 20002 };

/* One node. */
struct mesh_net_node {
    uint32_t number;
    bool is_alive;     /* else nothing reaches it, and it does nothing */
    bool is_suspended; /* likewise, for a while */
    bool is_natted;    /* no address: reached by introducers */
    uint32_t island;   /* nodes of different islands do not reach each other */
    struct cepa_relay_identity identity;
    struct cepa_index index;
    struct cepa_objects objects;
    struct cepa_mesh *mesh;
    struct cepa_relay_address address;
    uint8_t link_key[CEPA_KEM_PUBLIC_KEY_SIZE];
    uint8_t nonce[CEPA_WORK_NONCE_SIZE];
    struct cepa_onion_day day;
    uint32_t next_epoch; /* whose key is published next */
    uint32_t sequence;
    uint64_t last_connected; /* ticket */
    bool is_joined;
    bool is_published;
    uint32_t suspected; /* SUSPECT effects */
    uint32_t offers;    /* OFFER effects */
    uint32_t clock_reports;
    int64_t clock_ms; /* what its clock is ahead */
    uint64_t frames;  /* both ways: messages in frames, and their acknowledgements */
    uint64_t signals;
};

/* mesh_net_reset begins again at virtual time 0 with no nodes. */
void mesh_net_reset(uint64_t seed);

/* mesh_net_add makes a relay that listens in the network 198.number, and starts it. */
struct mesh_net_node *mesh_net_add(bool is_natted);

/* mesh_net_node gives node number i; mesh_net_count how many there are. */
struct mesh_net_node *mesh_net_node(uint32_t i);
uint32_t mesh_net_count(void);

/* mesh_net_join gives a node the address of another. */
void mesh_net_join(struct mesh_net_node *node, const struct mesh_net_node *contact);

/* mesh_net_run goes on for so long; mesh_net_now gives the time. */
void mesh_net_run(uint64_t ms);
struct cepa_time mesh_net_now(void);

/* mesh_net_run_until goes on until `is_so` or for so long; true if it became so. */
bool mesh_net_run_until(bool (*is_so)(void), uint64_t ms);

/* mesh_net_knows_all says whether all living nodes know the records and credentials of all living
 * published nodes. */
bool mesh_net_knows_all(void);

/* mesh_net_is_connected says whether neighbours join all living nodes of one island. */
bool mesh_net_is_connected(void);

/* mesh_net_neighbours_min gives the least number of neighbours of a living node. */
uint32_t mesh_net_neighbours_min(void);

/* mesh_net_kill ends a node: others find its links silent, and closed if `is_told`. */
void mesh_net_kill(struct mesh_net_node *node, bool is_told);

/* mesh_net_link makes a link from a stranger (a relay with that identity, or a client if NULL) to a
 * node, and gives its number at the node. Messages to it are thrown away. */
uint64_t mesh_net_link(struct mesh_net_node *node, const struct cepa_node_id *stranger,
                       const uint8_t *public_key);

/* mesh_net_is_linked says whether a stranger's link is still there. */
bool mesh_net_is_linked(uint64_t link);

#endif
