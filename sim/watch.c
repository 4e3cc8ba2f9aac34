/* What scenarios ask of a network. */
#include "sim/watch.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "node/node_commands.h"

#define LOOK_NS (5 * CEPA_MILLISECOND_NS)
#define BUILD_NS (20 * CEPA_SECOND_NS)

void sim_watch_on_event(void *context, struct sim *sim, uint32_t host,
                        const struct cepa_node_effect *effect)
{
    struct sim_watch *watch = context;
    if (watch->is_loud) {
        printf("    %8" PRIu64 " us host %u event %d link %" PRIx64 " circuit %" PRIx64
               " error %d\n",
               sim_now(sim).ns / CEPA_MICROSECOND_NS, host, (int)effect->event, effect->link,
               effect->circuit, effect->error);
    }
    if (effect->circuit == 0 || effect->circuit != watch->circuit || host != watch->host) {
        return;
    }
    watch->ready += effect->event == CEPA_EVENT_CIRCUIT_READY;
    watch->broken += effect->event == CEPA_EVENT_CIRCUIT_BROKEN;
    watch->data += effect->event == CEPA_EVENT_CIRCUIT_DATA;
    watch->is_closed |= effect->event == CEPA_EVENT_CIRCUIT_CLOSED;
}

struct sim *sim_network(const struct sim_config *config, uint32_t relays)
{
    struct sim *sim = sim_new(config);
    struct sim_host_config relay = sim_host_config_relay();
    for (uint32_t host = 0; host < relays; host++) {
        sim_add(sim, &relay);
        sim_start(sim, host);
    }
    sim_run(sim, 500 * CEPA_MILLISECOND_NS);
    for (uint32_t host = 1; host < relays; host++) {
        sim_invite(sim, 0, host);
    }
    return sim;
}

struct cepa_node_status sim_status(struct sim *sim, uint32_t host)
{
    struct cepa_node_status status;
    cepa_node_status_get(sim_node(sim, host), &status, sim_now(sim), sim_wall(sim, host));
    return status;
}

bool sim_is_whole(struct sim *sim, void *unused)
{
    uint32_t relays = 0;
    (void)unused;
    for (uint32_t host = 0; host < sim_hosts(sim); host++) {
        relays += sim_node(sim, host) != NULL && sim_status(sim, host).is_relay;
    }
    for (uint32_t host = 0; host < sim_hosts(sim); host++) {
        if (sim_node(sim, host) == NULL) {
            continue;
        }
        struct cepa_node_status status = sim_status(sim, host);
        if (!status.is_joined || status.relays_here < relays ||
            (status.is_relay && !status.is_published)) {
            return false;
        }
    }
    return true;
}

static bool is_decided(struct sim *sim, void *context)
{
    const struct sim_watch *watch = context;
    (void)sim;
    return watch->ready > 0 || watch->is_closed;
}

bool sim_build(struct sim *sim, struct sim_watch *watch, uint32_t host, uint8_t hops_len)
{
    const struct cepa_node_circuit_request request = {.hops_len = hops_len};
    bool is_loud = watch->is_loud;
    memset(watch, 0, sizeof *watch);
    watch->is_loud = is_loud;
    watch->host = host;
    if (cepa_node_circuit_open(sim_node(sim, host), &watch->circuit, &request, sim_now(sim)) != 0) {
        return false;
    }
    sim_poke(sim, host);
    sim_run_until(sim, is_decided, watch, LOOK_NS, BUILD_NS);
    return watch->ready > 0;
}

uint32_t sim_echo(struct sim *sim, struct sim_watch *watch, uint32_t count, uint64_t wait_ns)
{
    uint8_t message[100] = {CEPA_NODE_SERVICE_ECHO};
    uint32_t answered = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t before = watch->data;
        message[1] = (uint8_t)i;
        int error = cepa_node_circuit_send(sim_node(sim, watch->host), watch->circuit, message,
                                           sizeof message, sim_now(sim));
        sim_poke(sim, watch->host);
        for (uint64_t past_ns = 0; past_ns < wait_ns && watch->data == before; past_ns += LOOK_NS) {
            sim_run(sim, LOOK_NS);
        }
        answered += error == 0 && watch->data > before;
        cepa_node_circuit_consumed(sim_node(sim, watch->host), watch->circuit, watch->data - before,
                                   sim_now(sim));
        sim_poke(sim, watch->host);
    }
    return answered;
}

void sim_unbuild(struct sim *sim, struct sim_watch *watch)
{
    int error = cepa_node_circuit_close(sim_node(sim, watch->host), watch->circuit, sim_now(sim));
    (void)error; /* it may have closed by itself */
    sim_poke(sim, watch->host);
}

uint32_t sim_hop(struct sim *sim, const struct sim_watch *watch, size_t hop)
{
    struct cepa_node_circuit_status status;
    uint32_t cursor = 0;
    while (cepa_node_status_circuit(sim_node(sim, watch->host), &status, &cursor, sim_now(sim))) {
        if (status.circuit != watch->circuit || hop >= status.hops_len) {
            continue;
        }
        for (uint32_t host = 0; host < sim_hosts(sim); host++) {
            if (sim_node(sim, host) != NULL) {
                struct cepa_node_id id = sim_status(sim, host).node;
                if (memcmp(&id, &status.hops[hop], sizeof id) == 0) {
                    return host;
                }
            }
        }
    }
    return UINT32_MAX;
}

void sim_print(struct sim *sim)
{
    for (uint32_t host = 0; host < sim_hosts(sim); host++) {
        if (sim_node(sim, host) == NULL) {
            printf("    %2u down\n", host);
            continue;
        }
        struct cepa_node_status status = sim_status(sim, host);
        printf("    %2u published %d joined %d receipts %u links %u+%u neighbours %u clients %u "
               "known %u usable %u here %u guards %u/%u ahead %u relayed %u\n",
               host, status.is_published, status.is_joined, status.receipts, status.links,
               status.links_opening, status.neighbours, status.clients, status.relays_known,
               status.relays_usable, status.relays_here, status.guards_reached, status.guards,
               status.circuits_ready_ahead, status.circuits_relayed);
        printf("       built %" PRIu64 " failed %" PRIu64 " salvaged %" PRIu64
               " misbehaviour %" PRIu64 " refused %" PRIu64 " dials %" PRIu64 " failed %" PRIu64
               " handshakes failed %" PRIu64 "\n",
               status.circuits_built, status.circuits_failed, status.circuits_salvaged,
               status.misbehaviour, status.refused_budget, status.dials, status.dials_failed,
               status.handshakes_failed);
    }
}
