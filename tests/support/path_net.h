/* A little network in memory: an origin and relays whose tables of circuits are joined directly, in
 * virtual time. Relays answer what comes to them with the same words. */
#ifndef CEPA_TESTS_SUPPORT_PATH_NET_H
#define CEPA_TESTS_SUPPORT_PATH_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "onion/circuit_table.h"
#include "path/circuits.h"
#include "support/relays.h"

enum { PATH_NET_RELAYS_MAX = 16, PATH_NET_EVENTS_MAX = 4096, PATH_NET_ORIGIN = 0 };

/* One node; the first is the origin, which also has a table, for its own circuits. */
struct path_net_node {
    bool is_alive;
    struct cepa_circuit_table table;
    void *table_memory;
    struct cepa_onion_keys keys;
    void *keys_memory;
    struct cepa_node_id id;
    struct cepa_xwing_public_key public_key;
    struct cepa_onion_key_id key_id;
    uint32_t last_id; /* circuit ids that it gave out */
    int ended;        /* circuits that ended here and are gone */
    int delivered;    /* contents of packets and early contents */
    int heard;        /* DATA cells */
};

/* Something on its way. */
struct path_net_flight {
    struct path_net_flight *next;
    struct cepa_time at;
    int kind;
    size_t from;
    size_t to;
    uint32_t circuit_id;
    uint64_t counter;
    uint8_t *bytes;
};

/* Something that the origin was told. */
struct path_net_event {
    enum cepa_circuits_effect_kind kind;
    struct cepa_handle circuit;
    struct cepa_handle other;
    int error;
};

/* Where an own circuit runs: found by handle. */
struct path_net_first {
    bool is_used;
    struct cepa_handle circuit;
    size_t relay;
    uint32_t circuit_id;
};

/* The network; everything is open to the test. */
struct path_net {
    struct path_net_node nodes[PATH_NET_RELAYS_MAX + 1];
    size_t nodes_len; /* with the origin */
    bool is_cut[PATH_NET_RELAYS_MAX + 1][PATH_NET_RELAYS_MAX + 1];
    struct cepa_path_relay relays[PATH_NET_RELAYS_MAX];
    struct cepa_path_relays view;
    struct cepa_guards guards;
    struct cepa_layer2 layer2;
    struct cepa_circuits circuits;
    void *circuits_memory;
    struct path_net_first first[256];
    struct cepa_time now;
    struct cepa_wall wall;
    uint64_t delay_ns; /* of each link */
    struct path_net_flight *flights;
    struct path_net_flight **flights_end;
    struct path_net_event events[PATH_NET_EVENTS_MAX];
    size_t events_len;
    size_t heard;     /* DATA cells at the origin */
    uint8_t last[64]; /* what the last one said */
    size_t last_len;
    size_t silent;   /* a relay that takes everything and says nothing; 0: none */
    bool is_keyless; /* keys cannot be had */
    struct test_source source;
    struct cepa_random random;
    struct cepa_packet_peel_workspace peel;
    struct cepa_circuits_workspace workspace;
    uint32_t cpu;
};

/* path_net_new makes a network of `relays_len` relays, all linked with one another and with the
 * origin, whose circuits have `limits`. Never NULL. */
struct path_net *path_net_new(size_t relays_len, uint64_t seed,
                              const struct cepa_circuits_limits *limits);

/* path_net_limits gives usual limits, with `prepared` circuits kept ready. */
struct cepa_circuits_limits path_net_limits(uint32_t prepared);

/* path_net_run lets `duration_ns` pass. */
void path_net_run(struct path_net *net, uint64_t duration_ns);

/* path_net_open asks for a circuit; fails the test if it is refused. */
struct cepa_handle path_net_open(struct path_net *net, uint32_t hops_len, bool is_kept);

/* path_net_say sends words to the last hop of a circuit. Returns as cepa_circuits_send. */
int path_net_say(struct path_net *net, struct cepa_handle circuit, const char *text);

/* path_net_hop gives which node is hop `hop` of a circuit. */
size_t path_net_hop(const struct path_net *net, struct cepa_handle circuit, size_t hop);

/* path_net_cut takes the link between two nodes down; path_net_kill all links of one. */
void path_net_cut(struct path_net *net, size_t a, size_t b);
void path_net_kill(struct path_net *net, size_t node);
void path_net_mend(struct path_net *net, size_t a, size_t b);

/* path_net_count counts events of a kind for a circuit. */
size_t path_net_count(const struct path_net *net, struct cepa_handle circuit,
                      enum cepa_circuits_effect_kind kind);

/* path_net_send puts something on the link between two nodes, as a hostile `from` would: a packet
 * of CEPA_PACKET_SIZE bytes, a cell's body, or a closing (NULL). */
void path_net_packet(struct path_net *net, size_t from, size_t to, uint32_t circuit_id,
                     const uint8_t *packet);
void path_net_cell(struct path_net *net, size_t from, size_t to, uint32_t circuit_id,
                   uint64_t counter, const uint8_t *body);
void path_net_closed(struct path_net *net, size_t from, size_t to, uint32_t circuit_id);

/* path_net_check_empty closes nothing and checks that no relay keeps anything. */
void path_net_check_empty(const struct path_net *net);

/* path_net_free frees all. */
void path_net_free(struct path_net *net);

#endif
