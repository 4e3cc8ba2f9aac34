/* What scenarios ask of a network: does everybody know everybody, does a circuit work, who is on
 * it. */
#ifndef CEPA_SIM_WATCH_H
#define CEPA_SIM_WATCH_H

#include "node/node_status.h"
#include "sim/sim.h"

/* One circuit that is watched. A sim's on_event is sim_watch_on_event, its context this. */
struct sim_watch {
    uint32_t host; /* whose circuit */
    uint64_t circuit;
    uint32_t ready; /* how often it became so */
    uint32_t broken;
    uint32_t data; /* messages that came back */
    bool is_closed;
    bool is_loud; /* print events */
};

/* sim_watch_on_event is for struct sim_config. */
void sim_watch_on_event(void *context, struct sim *sim, uint32_t host,
                        const struct cepa_node_effect *effect);

/* sim_network makes `relays` relays and lets them join by the first one. */
struct sim *sim_network(const struct sim_config *config, uint32_t relays);

/* sim_status gives the status of a host's node, which is up. */
struct cepa_node_status sim_status(struct sim *sim, uint32_t host);

/* sim_is_whole says whether all nodes that are up have joined, the relays among them are published,
 * and each can use each. For sim_run_until. */
bool sim_is_whole(struct sim *sim, void *unused);

/* sim_build opens a circuit of `hops_len` hops at a host and waits until it is ready; false if it
 * failed. */
bool sim_build(struct sim *sim, struct sim_watch *watch, uint32_t host, uint8_t hops_len);

/* sim_echo sends `count` messages over the watched circuit, one by one, and waits for each at most
 * `wait_ns`. Returns how many came back. */
uint32_t sim_echo(struct sim *sim, struct sim_watch *watch, uint32_t count, uint64_t wait_ns);

/* sim_unbuild closes the watched circuit. */
void sim_unbuild(struct sim *sim, struct sim_watch *watch);

/* sim_hop gives the host that is a hop of the watched circuit, UINT32_MAX if there is none. */
uint32_t sim_hop(struct sim *sim, const struct sim_watch *watch, size_t hop);

/* sim_print prints a line on each host. */
void sim_print(struct sim *sim);

#endif
