/* The tables of large networks: what a relay keeps and serves for others, what a node follows and
 * wants for itself. Only files behind mesh/mesh.h include this. */
#ifndef CEPA_MESH_CUSTODY_TABLES_H
#define CEPA_MESH_CUSTODY_TABLES_H

#include "mesh/mesh.h"
#include "mesh/objects.h"
#include "wire/mesh_message.h"

/* A bucket that this relay keeps. */
struct cepa_mesh_custody {
    uint8_t bits;
    uint32_t number;
};

/* A link to a relay whose objects a custodian lacks. */
struct cepa_mesh_visit {
    bool is_taken;
    uint64_t position;
    struct cepa_node_id node;
    struct cepa_time until;
};

/* A bucket that this node keeps for its own paths. */
struct cepa_mesh_followed {
    bool is_taken;
    bool is_pinned; /* for a relay that is wanted by name; else drawn at random */
    bool is_here;   /* most of it can be used now */
    uint8_t bits;
    uint32_t number;
    uint32_t epoch;   /* for which `next` of the keys was drawn */
    uint8_t tries[2]; /* in vain, of credentials and of keys */
    struct cepa_time next[2];
    struct cepa_time until; /* then it makes place for another one */
};

/* A relay that this node's paths want by name. */
struct cepa_mesh_named {
    bool is_taken;
    uint64_t position;
    struct cepa_time until;     /* when it was wanted last, and some epochs more */
    uint32_t epoch;             /* of which `next` and `tries` are */
    struct cepa_time next;      /* not before is it asked for its own objects */
    uint8_t tries;              /* how often it was, in vain */
    enum cepa_mesh_table asked; /* what an answer may bring; 0: nothing is waited for */
    struct cepa_time answer_until;
};

/* A bucket on its way. */
struct cepa_mesh_fetch {
    uint64_t route; /* names the circuit that it comes through; 0: free */
    uint64_t ticket;
    uint64_t link; /* the neighbour that is asked instead, or 0 */
    uint32_t followed;
    struct cepa_bucket bucket;
    uint64_t after;
    uint32_t chunks;
    struct cepa_time until;
};

/* A request that somebody else answers. */
struct cepa_mesh_serving {
    uint32_t ticket; /* ours; 0: free */
    uint64_t asker;  /* the link or the circuit */
    bool is_circuit;
    bool is_asked; /* the custodian has the request */
    uint8_t tries;
    struct cepa_node_id custodian;
    struct cepa_mesh_bucket request;
    struct cepa_time until;
};

/* An answer for a circuit. */
struct cepa_mesh_answer {
    uint64_t circuit;
    size_t len;
    uint8_t bytes[CEPA_MESH_BUCKET_ANSWER_SIZE];
};

#endif
