/* What a node consists of; nobody outside includes this.
 *
 * The rooms do not know each other; here they meet. Links have numbers (node_links.c) by which mesh
 * and circuit table know them. A call from the driver changes rooms and marks links as touched;
 * cepa_node_settle then moves effects between rooms until nothing moves any more, and what is left
 * over comes out of cepa_node_next. */
#ifndef CEPA_NODE_NODE_STATE_H
#define CEPA_NODE_NODE_STATE_H

#include "node/node_items.h"

/* The node. */
struct cepa_node {
    struct cepa_node_config config;
    struct cepa_record_rules rules;
    struct cepa_network_id network;
    struct cepa_wall wall;    /* as of the last call that told it */
    struct cepa_time wall_at; /* and when that was */
    bool is_started;
    bool is_stopped;
    bool is_ready; /* credentials are made, or it is a client: the mesh may begin */
    bool is_joined;
    bool is_published;
    bool is_clock_off;
    int64_t clock_offset_ms;
    struct cepa_time tick; /* when things are looked at again */
    struct cepa_node_counts counts;
    struct cepa_node_budget budget;
    struct cepa_node_held *held; /* each circuit's side at most once */
    size_t held_max;
    size_t held_len;
    size_t held_next; /* whose turn it is */
    struct cepa_node_own own;
    struct cepa_link_identity link_identity; /* lent to the links */
    struct cepa_link_shared shared;
    struct cepa_pool links;
    struct cepa_map carriers; /* number -> struct cepa_node_carrier_place */
    struct cepa_ring touched; /* handles of links */
    struct cepa_timer_heap timers;
    uint64_t last_carrier;
    struct cepa_node_sources sources; /* of those who dial */
    struct cepa_index index;
    struct cepa_objects objects;
    struct cepa_mesh *mesh;
    struct cepa_relay_address join[CEPA_NODE_JOIN_MAX]; /* until the mesh begins */
    size_t join_len;
    struct cepa_onion_keys onion_keys;
    struct cepa_circuit_table table;
    struct cepa_services *services; /* NULL for a client */
    struct cepa_node_waiting waiting[CEPA_NODE_WAITING_MAX];
    struct cepa_node_bulk bulks[CEPA_NODE_BULKS_MAX];
    struct cepa_node_fetch fetches[CEPA_NODE_FETCHES];
    struct cepa_guards guards;
    struct cepa_layer2 layer2;
    struct cepa_circuits circuits;
    bool is_paths_due;                      /* something has happened that path choice waits for */
    struct cepa_node_circuit *own_circuits; /* by the index of path's handles */
    struct cepa_path_relay *relays;         /* the view, index_records + 1 of them */
    size_t relays_len;
    uint64_t relays_stamp; /* of the index when the view was made */
    struct cepa_time relays_made;
    struct cepa_onion_epoch view_epoch; /* of which keys are needed, in a large network */
    struct cepa_time guards_due;
    uint32_t dirty;   /* CEPA_NODE_DIRTY_* */
    bool has_removed; /* `removed` has left the index: its credentials go, too */
    uint8_t removed[CEPA_SIGNING_KEY_SIZE];
    uint8_t store_value[CEPA_STORE_VALUE_MAX];
    struct cepa_ring effects;      /* struct cepa_node_queued */
    struct cepa_node_queued given; /* the one that was taken last: its bytes are lent */
    struct cepa_node_workspace *workspace;
};

#endif
