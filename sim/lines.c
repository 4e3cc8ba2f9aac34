/* Lines between hosts: frames under way, speed, loss, cuts, ends. */
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "sim/world.h"

uint32_t sim_line_new(struct sim *sim, uint32_t host, uint64_t number)
{
    size_t capacity = sim->lines_capacity;
    sim->lines = sim_grow(sim->lines, sim->lines_len, &capacity, sizeof *sim->lines);
    sim->lines_capacity = (uint32_t)capacity;
    uint32_t line = sim->lines_len++;
    sim->lines[line] =
        (struct sim_line){.hosts = {SIM_NO_HOST, SIM_NO_HOST}, .unique = line + UINT64_C(1)};
    sim_line_join(sim, line, host, number);
    return line;
}

void sim_line_join(struct sim *sim, uint32_t line, uint32_t host, uint64_t number)
{
    struct sim_line *joined = &sim->lines[line];
    uint8_t side = joined->hosts[0] == SIM_NO_HOST ? 0 : 1;
    CEPA_ASSERT(joined->hosts[side] == SIM_NO_HOST);
    joined->hosts[side] = host;
    joined->numbers[side] = number;
    joined->is_here[side] = true;
    struct sim_host *at = &sim->hosts[host];
    at->ends = sim_grow(at->ends, at->ends_len, &at->ends_capacity, sizeof *at->ends);
    at->ends[at->ends_len++] = (struct sim_end){number, line, side};
}

struct sim_end *sim_end_find(struct sim *sim, uint32_t host, uint64_t number)
{
    struct sim_host *at = &sim->hosts[host];
    for (size_t i = 0; i < at->ends_len; i++) {
        if (at->ends[i].number == number) {
            return &at->ends[i];
        }
    }
    return NULL;
}

/* sim_line_leave takes a line from the host at one end. */
void sim_line_leave(struct sim *sim, uint32_t line, uint8_t side)
{
    struct sim_line *left = &sim->lines[line];
    if (!left->is_here[side]) {
        return;
    }
    left->is_here[side] = false;
    left->is_open[side] = false;
    struct sim_host *at = &sim->hosts[left->hosts[side]];
    for (size_t i = 0; i < at->ends_len; i++) {
        if (at->ends[i].line == line && at->ends[i].side == side) {
            memmove(&at->ends[i], &at->ends[i + 1], (at->ends_len - i - 1) * sizeof *at->ends);
            at->ends_len--;
            return;
        }
    }
}

static bool is_awake(const struct sim *sim, uint32_t host)
{
    return sim->hosts[host].node != NULL && !sim->hosts[host].is_suspended;
}

static bool is_cut(const struct sim *sim, const struct sim_line *line)
{
    return !line->is_here[0] || !line->is_here[1] || !is_awake(sim, line->hosts[0]) ||
           !is_awake(sim, line->hosts[1]) ||
           sim->hosts[line->hosts[0]].part != sim->hosts[line->hosts[1]].part;
}

/* sim_line_refresh looks whether the ends of an open line still hear each other. */
void sim_line_refresh(struct sim *sim, uint32_t line)
{
    struct sim_line *looked = &sim->lines[line];
    if (!looked->is_open[0] && !looked->is_open[1]) {
        return;
    }
    bool cut = is_cut(sim, looked);
    if (cut == (looked->cut_stamp != 0)) {
        return;
    }
    looked->cut_stamp = cut ? ++sim->cuts : 0;
    for (uint8_t side = 0; side < 2; side++) {
        struct sim_event event = {
            .host = looked->hosts[side], .carrier = line, .side = side, .stamp = looked->cut_stamp};
        if (cut) {
            event.kind = SIM_EVENT_SILENT;
            sim_after(sim, SIM_SILENT_NS, event);
            event.kind = SIM_EVENT_DEAD;
            sim_after(sim, SIM_DEAD_NS, event);
        } else if (looked->is_silent[side] && looked->is_open[side]) {
            looked->is_silent[side] = false;
            cepa_node_on_carrier_alive(sim->hosts[looked->hosts[side]].node, looked->numbers[side],
                                       sim_now(sim));
            sim_settle(sim, looked->hosts[side]);
        }
    }
}

static void send_frame(struct sim *sim, uint32_t line, uint8_t side, const uint8_t *frame,
                       size_t len)
{
    struct sim_line *over = &sim->lines[line];
    uint64_t start = over->busy_ns[side] > sim->now_ns ? over->busy_ns[side] : sim->now_ns;
    over->busy_ns[side] = start + len * CEPA_SECOND_NS / sim->config.bytes_per_second;
    sim->frames++;
    uint64_t under_way = over->busy_ns[side] - sim->now_ns + sim_one_way(sim);
    while (sim_random_u64(&sim->random) % 1000 < sim->config.loss_permille) {
        if (sim->config.is_lossy) {
            return;
        }
        under_way += 3 * sim->config.latency_ns + 2 * sim->config.jitter_ns;
    }
    if (over->cut_stamp != 0) {
        return;
    }
    uint8_t *copy = malloc(len);
    CEPA_ASSERT(copy != NULL);
    memcpy(copy, frame, len);
    sim_after(sim, under_way,
              (struct sim_event){.kind = SIM_EVENT_FRAME,
                                 .host = over->hosts[!side],
                                 .carrier = line,
                                 .side = !side,
                                 .data = copy,
                                 .data_len = len});
}

/* sim_line_pump sends what the node at one end has, as long as the line takes it. */
void sim_line_pump(struct sim *sim, uint32_t line, uint8_t side)
{
    uint8_t frame[CEPA_FRAME_SIZE];
    while (sim->lines[line].is_open[side]) {
        const struct sim_line *over = &sim->lines[line];
        if (over->busy_ns[side] >= sim->now_ns + SIM_QUEUE_NS) {
            if (!over->is_pulling[side]) {
                sim->lines[line].is_pulling[side] = true;
                sim_after(sim, over->busy_ns[side] + 1 - SIM_QUEUE_NS - sim->now_ns,
                          (struct sim_event){.kind = SIM_EVENT_PULL,
                                             .host = over->hosts[side],
                                             .carrier = line,
                                             .side = side});
            }
            return;
        }
        size_t len = cepa_node_pull(sim->hosts[over->hosts[side]].node, over->numbers[side], frame,
                                    sim_now(sim));
        if (len == 0) {
            return;
        }
        send_frame(sim, line, side, frame, len);
    }
}

static void open_end(struct sim *sim, const struct sim_event *event)
{
    struct sim_line *line = &sim->lines[event->carrier];
    line->is_open[event->side] = true;
    struct cepa_carrier_facts facts = {.kind = CEPA_CARRIER_SIM};
    uint8_t unique[8];
    for (size_t i = 0; i < 8; i++) {
        unique[i] = (uint8_t)(line->unique >> (8 * i));
    }
    cepa_blake2b(facts.binding, sizeof facts.binding, unique, sizeof unique, NULL, 0);
    if (line->hosts[!event->side] != SIM_NO_HOST) {
        facts.remote = sim->hosts[line->hosts[!event->side]].reach;
        facts.remote.port = (uint16_t)(event->side == 0 ? facts.remote.port : 40000);
    }
    cepa_node_on_carrier_open(sim->hosts[event->host].node, line->numbers[event->side], &facts,
                              sim_now(sim));
    sim_settle(sim, event->host);
    sim_line_refresh(sim, event->carrier);
}

static void close_end(struct sim *sim, const struct sim_event *event, int error)
{
    uint64_t number = sim->lines[event->carrier].numbers[event->side];
    sim_line_leave(sim, event->carrier, event->side);
    cepa_node_on_carrier_closed(sim->hosts[event->host].node, number, error, sim_now(sim));
    sim_settle(sim, event->host);
}

/* sim_line_on_event does what an event of a line says, if its end still knows the line. */
void sim_line_on_event(struct sim *sim, struct sim_event *event)
{
    struct sim_line *line = &sim->lines[event->carrier];
    uint8_t side = event->side;
    if (event->kind == SIM_EVENT_PULL) {
        line->is_pulling[side] = false;
    }
    if (!line->is_here[side] || !is_awake(sim, event->host)) {
        return;
    }
    bool is_this_cut = line->cut_stamp == event->stamp;
    if (event->kind == SIM_EVENT_PULL) {
        sim_line_pump(sim, event->carrier, side);
        sim_settle(sim, event->host);
    } else if (event->kind == SIM_EVENT_FRAME && line->is_open[side]) {
        cepa_node_on_carrier_frame(sim->hosts[event->host].node, line->numbers[side], event->data,
                                   event->data_len, sim_now(sim));
        sim_settle(sim, event->host);
    } else if (event->kind == SIM_EVENT_OPEN) {
        open_end(sim, event);
    } else if (event->kind == SIM_EVENT_CLOSED) {
        close_end(sim, event, event->error);
    } else if (event->kind == SIM_EVENT_SILENT && is_this_cut) {
        line->is_silent[side] = true;
        cepa_node_on_carrier_silent(sim->hosts[event->host].node, line->numbers[side],
                                    sim_now(sim));
        sim_settle(sim, event->host);
    } else if (event->kind == SIM_EVENT_DEAD && is_this_cut) {
        close_end(sim, event, CEPA_ERR_TIMEOUT);
    }
}
