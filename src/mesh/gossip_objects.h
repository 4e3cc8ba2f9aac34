/* Asking for objects, sending them, taking them in. @[SPEC 10.9] */
#ifndef CEPA_MESH_GOSSIP_OBJECTS_H
#define CEPA_MESH_GOSSIP_OBJECTS_H

#include "mesh/mesh_state.h"

/* Positions that are being asked for, in as many PULLs as it takes. */
struct cepa_gossip_pull {
    struct cepa_mesh *mesh;
    struct cepa_mesh_peer *peer;
    struct cepa_mesh_item item;
    uint8_t positions[CEPA_MESH_PULL_MAX / 8 * CEPA_MESH_POSITION_SIZE];
};

/* cepa_gossip_pull_begin, _add, _end collect and send. */
void cepa_gossip_pull_begin(struct cepa_gossip_pull *pull, struct cepa_mesh *mesh,
                            struct cepa_mesh_peer *peer, enum cepa_mesh_table table,
                            uint32_t epoch);
void cepa_gossip_pull_add(struct cepa_gossip_pull *pull, uint64_t position);
void cepa_gossip_pull_end(struct cepa_gossip_pull *pull);

/* Objects that are being sent, in as many items as it takes; paid for by the peer, unless they are
 * free. */
struct cepa_gossip_batch {
    struct cepa_mesh *mesh;
    struct cepa_mesh_peer *peer;
    enum cepa_mesh_table table; /* INDEX, KEYS or WAYS */
    bool is_free;
    bool is_over; /* the budget or the outbox is full */
    size_t len;   /* bytes in mesh->scratch */
};

/* cepa_gossip_batch_begin, _add, _end collect in mesh->scratch and send. */
void cepa_gossip_batch_begin(struct cepa_gossip_batch *batch, struct cepa_mesh *mesh,
                             struct cepa_mesh_peer *peer, enum cepa_mesh_table table);
void cepa_gossip_batch_add(struct cepa_gossip_batch *batch, const struct cepa_index_entry *entry,
                           uint32_t epoch);
void cepa_gossip_batch_end(struct cepa_gossip_batch *batch);

/* cepa_gossip_on_objects takes PULL, RECORDS, CREDENTIALS, KEYS or WAYS. */
void cepa_gossip_on_objects(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer,
                            const struct cepa_mesh_item *item);

#endif
