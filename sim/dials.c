/* Who can open a line to whom: by its address, or by offer and answer. */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/endian.h"
#include "sim/world.h"

enum { SIGNAL_SIZE = 4 };

static uint32_t host_at(const struct sim *sim, const struct cepa_reach *reach)
{
    for (uint32_t host = 0; host < sim->hosts_len; host++) {
        const struct cepa_reach *here = &sim->hosts[host].reach;
        if (here->family == reach->family && here->port == reach->port &&
            memcmp(here->ip, reach->ip, sizeof here->ip) == 0) {
            return host;
        }
    }
    return SIM_NO_HOST;
}

static bool can_be_dialled(const struct sim *sim, uint32_t from, uint32_t to,
                           const struct cepa_relay_address *address)
{
    const struct sim_host *there = &sim->hosts[to];
    return there->node != NULL && !there->is_suspended && there->config.nat == SIM_NAT_OPEN &&
           there->part == sim->hosts[from].part &&
           memcmp(&there->dtls, &address->dtls, sizeof there->dtls) == 0 &&
           memcmp(&there->secret, &address->secret, sizeof there->secret) == 0;
}

static void open_both(struct sim *sim, uint32_t line)
{
    for (uint8_t side = 0; side < 2; side++) {
        /* The side that was dialled is the first to know. */
        sim_after(sim, (side == 0 ? 6 : 5) * sim->config.latency_ns + sim->config.jitter_ns,
                  (struct sim_event){.kind = SIM_EVENT_OPEN,
                                     .host = sim->lines[line].hosts[side],
                                     .carrier = line,
                                     .side = side});
    }
}

static void fail(struct sim *sim, uint32_t line, uint64_t after_ns)
{
    for (uint8_t side = 0; side < 2; side++) {
        if (sim->lines[line].hosts[side] != SIM_NO_HOST) {
            sim_after(sim, after_ns,
                      (struct sim_event){.kind = SIM_EVENT_CLOSED,
                                         .host = sim->lines[line].hosts[side],
                                         .carrier = line,
                                         .side = side,
                                         .error = CEPA_ERR_UNREACHABLE});
        }
    }
}

void sim_dial(struct sim *sim, uint32_t host, uint64_t number,
              const struct cepa_relay_address *address)
{
    uint32_t line = sim_line_new(sim, host, number);
    uint32_t to = host_at(sim, &address->reach);
    if (to == SIM_NO_HOST || to == host || !can_be_dialled(sim, host, to, address)) {
        bool is_silent = to != SIM_NO_HOST && sim->hosts[to].config.nat == SIM_NAT_FILTERED;
        fail(sim, line, is_silent ? SIM_FILTER_NS : SIM_DIAL_FAILS_NS);
        return;
    }
    sim_line_join(sim, line, to, CEPA_NODE_CARRIER_ACCEPTED | ++sim->hosts[to].accepted);
    open_both(sim, line);
}

static void make_signal(struct sim *sim, uint32_t host, uint64_t number, uint32_t line,
                        enum cepa_signal_kind kind)
{
    uint8_t *data = malloc(SIGNAL_SIZE);
    CEPA_ASSERT(data != NULL);
    cepa_be32_store(data, line);
    sim_after(sim, SIM_SIGNAL_NS,
              (struct sim_event){.kind = SIM_EVENT_SIGNAL,
                                 .host = host,
                                 .stamp = number,
                                 .error = (int)kind,
                                 .data = data,
                                 .data_len = SIGNAL_SIZE});
}

void sim_offer(struct sim *sim, uint32_t host, uint64_t number)
{
    uint32_t line = sim_line_new(sim, host, number);
    make_signal(sim, host, number, line, CEPA_SIGNAL_OFFER);
}

void sim_answer(struct sim *sim, uint32_t host, uint64_t number, const uint8_t *offer,
                size_t offer_len)
{
    uint32_t line = offer_len == SIGNAL_SIZE ? cepa_be32_load(offer) : SIM_NO_LINE;
    if (line >= sim->lines_len || sim->lines[line].hosts[1] != SIM_NO_HOST ||
        sim->lines[line].hosts[0] == host) {
        fail(sim, sim_line_new(sim, host, number), SIM_DIAL_FAILS_NS);
        return;
    }
    sim_line_join(sim, line, host, number);
    make_signal(sim, host, number, line, CEPA_SIGNAL_ANSWER);
}

/* Lets in whom it has sent something to. */
static bool is_cone(const struct sim_host *host)
{
    return host->config.nat == SIM_NAT_CONE || host->config.nat == SIM_NAT_FILTERED;
}

static bool can_meet(const struct sim *sim, const struct sim_line *line)
{
    const struct sim_host *a = &sim->hosts[line->hosts[0]];
    const struct sim_host *b = &sim->hosts[line->hosts[1]];
    if (a->node == NULL || b->node == NULL || a->part != b->part) {
        return false;
    }
    return a->config.nat == SIM_NAT_OPEN || b->config.nat == SIM_NAT_OPEN ||
           (is_cone(a) && is_cone(b));
}

void sim_take_answer(struct sim *sim, uint32_t host, uint64_t number)
{
    const struct sim_end *end = sim_end_find(sim, host, number);
    if (end == NULL || sim->lines[end->line].hosts[1] == SIM_NO_HOST) {
        return;
    }
    if (can_meet(sim, &sim->lines[end->line])) {
        open_both(sim, end->line);
    } else {
        fail(sim, end->line, SIM_DIAL_FAILS_NS);
    }
}
