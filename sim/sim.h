/* The simulator: whole networks of real nodes in one thread and in virtual time. It is a driver
 * like the daemon: it tells nodes facts, pulls their frames, carries out their effects; its
 * carriers are lines with latency, loss and a speed. One seed gives one trace, byte for byte.
 *
 * Nodes run the code that ships, with real keys; only clock, randomness and wires are made up. */
#ifndef CEPA_SIM_SIM_H
#define CEPA_SIM_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/time.h"
#include "end/end.h"
#include "node/node.h"

/* A simulation; opaque. */
struct sim;

/* How a host stands in its network. */
enum sim_nat {
    SIM_NAT_OPEN,      /* can be dialled */
    SIM_NAT_CONE,      /* port-restricted: reached when both sides know of each other */
    SIM_NAT_SYMMETRIC, /* reached only by hosts that are open */
    SIM_NAT_NO_UDP,    /* dials open hosts, nothing else */
    SIM_NAT_FILTERED   /* believes that it can be dialled; a filter is silent to all who do */
};

/* Something that a host's node says. `effect` is lent for the call. */
typedef void sim_on_event(void *context, struct sim *sim, uint32_t host,
                          const struct cepa_node_effect *effect);

/* Something that a host's end says. `effect` is lent for the call. */
typedef void sim_on_end(void *context, struct sim *sim, uint32_t host,
                        const struct cepa_end_effect *effect);

/* A simulation's world. */
struct sim_config {
    uint64_t seed;
    uint64_t wall_start_ms;      /* the world's time at the start */
    uint64_t latency_ns;         /* one way, at least */
    uint64_t jitter_ns;          /* and up to so much more, so that frames overtake each other */
    uint32_t loss_permille;      /* of frames */
    bool is_lossy;               /* lost frames stay lost; else they come a round trip later */
    uint64_t bytes_per_second;   /* of each carrier and direction */
    struct cepa_profile profile; /* of the network: `test` */
    sim_on_event *on_event;      /* or NULL */
    sim_on_end *on_end;          /* or NULL */
    void *context;               /* for both */
};

/* A host and the node on it. */
struct sim_host_config {
    struct cepa_node_limits limits;
    struct cepa_shaper_config shaper;
    struct cepa_node_budget_limits budget;
    enum sim_nat nat;
    bool is_relay;
    bool is_guard;
    bool answers_echo;
    bool has_end; /* an endpoint beside the node */
    uint8_t capacity;
    int64_t clock_error_ms; /* of its wall clock */
};

/* sim_config_default gives 5 to 6 ms one way without loss, 12.5 MB/s. */
struct sim_config sim_config_default(uint64_t seed);

/* sim_host_config_relay and sim_host_config_client give hosts as tests need them: no shaping. */
struct sim_host_config sim_host_config_relay(void);
struct sim_host_config sim_host_config_client(void);

/* sim_new begins an empty world; sim_free ends it with all nodes. */
struct sim *sim_new(const struct sim_config *config);
void sim_free(struct sim *sim);

/* sim_add adds a host, in a network (/16) of its own, and gives its number, counted from 0. */
uint32_t sim_add(struct sim *sim, const struct sim_host_config *config);

/* sim_start starts the node of a host that has none, from what its store holds. Its identity is the
 * host's, its memory is not. */
void sim_start(struct sim *sim, uint32_t host);

/* sim_kill takes a node away without a word. `is_loud`: its peers' carriers close at once, as when
 * the machine lives on; else they fall silent. */
void sim_kill(struct sim *sim, uint32_t host, bool is_loud);

/* sim_suspend stops a host for a while: its clock goes on, it gets and does nothing. */
void sim_suspend(struct sim *sim, uint32_t host, uint64_t duration_ns);

/* sim_partition puts a host into a part of the world (0 at first); parts do not hear each other. */
void sim_partition(struct sim *sim, uint32_t host, uint32_t part);

/* sim_invite lets `host` join by the own address of `inviter`. */
void sim_invite(struct sim *sim, uint32_t inviter, uint32_t host);

/* sim_run lets time pass. */
void sim_run(struct sim *sim, uint64_t duration_ns);

/* sim_run_until lets time pass until `is_true`, asked every `every_ns`; false if `max_ns` went by.
 */
bool sim_run_until(struct sim *sim, bool (*is_true)(struct sim *sim, void *context), void *context,
                   uint64_t every_ns, uint64_t max_ns);

/* sim_node gives the node of a host for commands and questions, NULL if it is down. After commands
 * call sim_poke. */
struct cepa_node *sim_node(struct sim *sim, uint32_t host);

/* sim_end_of gives the end of a host that has one, NULL if it is down; likewise. */
struct cepa_end *sim_end_of(struct sim *sim, uint32_t host);

/* sim_poke carries out what a command has caused. */
void sim_poke(struct sim *sim, uint32_t host);

/* sim_hosts gives how many there are. */
uint32_t sim_hosts(const struct sim *sim);

/* sim_now and sim_wall give a host's clocks. */
struct cepa_time sim_now(const struct sim *sim);
struct cepa_wall sim_wall(const struct sim *sim, uint32_t host);

/* sim_stored gives a value of a host's store, NULL if there is none. */
const uint8_t *sim_stored(const struct sim *sim, uint32_t host, enum cepa_store_table table,
                          const uint8_t *key, size_t key_len, size_t *ret_len);

/* sim_trace gives the hash of everything that has happened so far. */
void sim_trace(const struct sim *sim, uint8_t ret_digest[32]);

/* sim_frames gives how many frames all carriers have taken. */
uint64_t sim_frames(const struct sim *sim);

/* sim_wakes gives how often a host's alarm has rung: its node or end had something to do. */
uint64_t sim_wakes(const struct sim *sim, uint32_t host);

#endif
