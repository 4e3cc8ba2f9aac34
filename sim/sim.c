/* The world's clock, its hosts, and what nodes ask of their driver. */
#include "sim/sim.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "base/endian.h"
#include "sim/world.h"

#define START_NS CEPA_SECOND_NS               /* of every host's monotonic clock */
#define WALL_START_MS UINT64_C(1800000000000) /* when a day and an epoch begin */

uint64_t sim_random_u64(struct sim_random *random)
{
    random->state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t mixed = random->state;
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

int sim_random_fill(void *context, uint8_t *ret_bytes, size_t len)
{
    for (size_t i = 0; i < len; i += 8) {
        uint8_t word[8];
        cepa_be64_store(word, sim_random_u64(context));
        memcpy(ret_bytes + i, word, len - i < 8 ? len - i : 8);
    }
    return 0;
}

void *sim_grow(void *elements, size_t len, size_t *capacity, size_t element_len)
{
    if (len < *capacity) {
        return elements;
    }
    *capacity = *capacity == 0 ? 16 : 2 * *capacity;
    void *grown = realloc(elements, *capacity * element_len);
    CEPA_ASSERT(grown != NULL);
    return grown;
}

void sim_note(struct sim *sim, uint64_t what, uint64_t a, uint64_t b, const uint8_t *bytes,
              size_t bytes_len)
{
    uint8_t head[40];
    cepa_be64_store(head, sim->now_ns);
    cepa_be64_store(head + 8, what);
    cepa_be64_store(head + 16, a);
    cepa_be64_store(head + 24, b);
    cepa_be64_store(head + 32, bytes_len);
    cepa_blake2b_update(&sim->trace, head, sizeof head);
    if (bytes_len > 0) {
        cepa_blake2b_update(&sim->trace, bytes, bytes_len);
    }
}

void sim_after(struct sim *sim, uint64_t delay_ns, struct sim_event event)
{
    event.time_ns = sim->now_ns + delay_ns;
    sim_event_heap_add(&sim->events, &event);
}

uint64_t sim_one_way(struct sim *sim)
{
    uint64_t jitter = sim->config.jitter_ns;
    return sim->config.latency_ns + (jitter == 0 ? 0 : sim_random_u64(&sim->random) % jitter);
}

struct sim_config sim_config_default(uint64_t seed)
{
    struct sim_config config = {.seed = seed,
                                .wall_start_ms = WALL_START_MS,
                                .latency_ns = 5 * CEPA_MILLISECOND_NS,
                                .jitter_ns = CEPA_MILLISECOND_NS,
                                .bytes_per_second = 12500000};
    cepa_profile_test(&config.profile);
    return config;
}

struct sim_host_config sim_host_config_relay(void)
{
    struct sim_host_config config = {
        .nat = SIM_NAT_OPEN, .is_relay = true, .is_guard = true, .answers_echo = true};
    cepa_node_limits_test(&config.limits);
    return config;
}

struct sim_host_config sim_host_config_client(void)
{
    struct sim_host_config config = {.nat = SIM_NAT_CONE};
    cepa_node_limits_test(&config.limits);
    return config;
}

struct sim *sim_new(const struct sim_config *config)
{
    struct sim *sim = calloc(1, sizeof *sim);
    CEPA_ASSERT(sim != NULL);
    sim->hosts = calloc(SIM_HOSTS_MAX, sizeof *sim->hosts); /* nodes point into them */
    CEPA_ASSERT(sim->hosts != NULL);
    sim->config = *config;
    sim->now_ns = START_NS;
    sim->random.state = config->seed;
    cepa_blake2b_init(&sim->trace, 32, NULL, 0);
    return sim;
}

static void end_node(struct sim_host *host)
{
    if (host->node != NULL) {
        sim_end_stop(host);
        cepa_node_wipe(host->node);
        free(host->memory);
        host->node = NULL;
        host->memory = NULL;
    }
}

void sim_free(struct sim *sim)
{
    for (uint32_t host = 0; host < sim->hosts_len; host++) {
        end_node(&sim->hosts[host]);
        sim_store_free(&sim->hosts[host]);
        free(sim->hosts[host].ends);
    }
    sim_event_heap_free(&sim->events);
    free(sim->hosts);
    free(sim->lines);
    free(sim);
}

uint32_t sim_add(struct sim *sim, const struct sim_host_config *config)
{
    CEPA_ASSERT(sim->hosts_len < SIM_HOSTS_MAX);
    uint32_t number = sim->hosts_len++;
    struct sim_host *host = &sim->hosts[number];
    *host = (struct sim_host){.config = *config, .wake_ns = UINT64_MAX};
    struct sim_random random = {sim->config.seed ^ (UINT64_C(0x1000000) + number) << 32};
    (void)sim_random_fill(&random, host->signing.bytes, sizeof host->signing.bytes);
    (void)sim_random_fill(&random, host->pq_signing.bytes, sizeof host->pq_signing.bytes);
    (void)sim_random_fill(&random, host->dtls.bytes, sizeof host->dtls.bytes);
    (void)sim_random_fill(&random, host->secret.bytes, sizeof host->secret.bytes);
    host->reach = (struct cepa_reach){.family = CEPA_FAMILY_IPV4, .port = 4001};
    host->reach.ip[0] = (uint8_t)(20 + number / 250);
    host->reach.ip[1] = (uint8_t)(1 + number % 250);
    host->reach.ip[3] = 1;
    return number;
}

static struct cepa_node_config node_config(const struct sim *sim, const struct sim_host *host)
{
    struct cepa_node_config config = {.limits = host->config.limits,
                                      .is_relay = host->config.is_relay,
                                      .is_guard = host->config.is_guard,
                                      .answers_echo = host->config.answers_echo,
                                      .capacity = host->config.capacity,
                                      .signing = host->signing,
                                      .pq_signing = host->pq_signing,
                                      .shaper = host->config.shaper,
                                      .budget = host->config.budget,
                                      .profile = sim->config.profile,
                                      .random = &host->hook};
    if (host->config.nat == SIM_NAT_OPEN || host->config.nat == SIM_NAT_FILTERED) {
        config.reaches[0] = host->reach;
        config.reaches_len = 1;
        config.dtls = host->dtls;
        config.secret = host->secret;
    }
    return config;
}

void sim_start(struct sim *sim, uint32_t number)
{
    struct sim_host *host = &sim->hosts[number];
    CEPA_ASSERT(host->node == NULL);
    host->lives++;
    host->random.state = sim->config.seed ^ (UINT64_C(0x2000000) + number) << 32 ^ host->lives;
    host->hook = (struct cepa_random){sim_random_fill, &host->random};
    struct cepa_node_config config = node_config(sim, host);
    size_t size = cepa_node_size(&config);
    host->memory = aligned_alloc(64, (size + 63) / 64 * 64);
    CEPA_ASSERT(host->memory != NULL);
    int error = cepa_node_init(&host->node, host->memory, size, &config, sim_now(sim),
                               sim_wall(sim, number));
    CEPA_ASSERT(error == 0);
    sim_store_restore(host);
    error = cepa_node_start(host->node, sim_now(sim), sim_wall(sim, number));
    CEPA_ASSERT(error == 0);
    sim_end_start(sim, number);
    sim_settle(sim, number);
}

void sim_kill(struct sim *sim, uint32_t number, bool is_loud)
{
    struct sim_host *host = &sim->hosts[number];
    sim_note(sim, 100, number, is_loud, NULL, 0);
    end_node(host);
    host->wake_ns = UINT64_MAX;
    host->wake_stamp++;
    while (host->ends_len > 0) {
        struct sim_end end = host->ends[host->ends_len - 1];
        const struct sim_line *line = &sim->lines[end.line];
        sim_line_leave(sim, end.line, end.side);
        if (is_loud && line->is_here[!end.side]) {
            sim_after(sim, sim_one_way(sim),
                      (struct sim_event){.kind = SIM_EVENT_CLOSED,
                                         .host = line->hosts[!end.side],
                                         .carrier = end.line,
                                         .side = !end.side});
        } else {
            sim_line_refresh(sim, end.line);
        }
    }
}

static void refresh_all(struct sim *sim, uint32_t number)
{
    /* A refresh may end lines of the host, so from the last to the first. */
    for (size_t i = sim->hosts[number].ends_len; i-- > 0;) {
        if (i < sim->hosts[number].ends_len) {
            sim_line_refresh(sim, sim->hosts[number].ends[i].line);
        }
    }
}

void sim_suspend(struct sim *sim, uint32_t number, uint64_t duration_ns)
{
    sim_note(sim, 101, number, duration_ns, NULL, 0);
    sim->hosts[number].is_suspended = true;
    refresh_all(sim, number);
    sim_after(sim, duration_ns, (struct sim_event){.kind = SIM_EVENT_RESUME, .host = number});
}

static void step(struct sim *sim, uint32_t number)
{
    const struct sim_host *host = &sim->hosts[number];
    cepa_node_step(host->node, sim_now(sim), sim_wall(sim, number));
    if (host->end != NULL) {
        cepa_end_step(host->end, sim_now(sim), sim_wall(sim, number));
    }
    sim_settle(sim, number);
}

static void resume(struct sim *sim, uint32_t number)
{
    struct sim_host *host = &sim->hosts[number];
    host->is_suspended = false;
    if (host->node == NULL) {
        return;
    }
    step(sim, number);
    refresh_all(sim, number);
    for (size_t i = 0; i < host->ends_len; i++) {
        sim->lines[host->ends[i].line].cut_stamp = 0; /* consent checks begin anew here */
    }
    refresh_all(sim, number);
}

void sim_partition(struct sim *sim, uint32_t number, uint32_t part)
{
    sim_note(sim, 102, number, part, NULL, 0);
    sim->hosts[number].part = part;
    refresh_all(sim, number);
}

void sim_invite(struct sim *sim, uint32_t inviter, uint32_t number)
{
    struct cepa_relay_address address;
    int error = cepa_node_own_address(sim->hosts[inviter].node, &address);
    CEPA_ASSERT(error == 0);
    error = cepa_node_join(sim->hosts[number].node, &address, 1, sim_now(sim));
    CEPA_ASSERT(error == 0);
    sim_settle(sim, number);
}

static void close_line(struct sim *sim, uint32_t number, uint64_t carrier)
{
    const struct sim_end *end = sim_end_find(sim, number, carrier);
    if (end == NULL) {
        return;
    }
    uint32_t line = end->line;
    uint8_t other = !end->side;
    sim_line_leave(sim, line, end->side);
    if (sim->lines[line].is_here[other]) {
        sim_after(sim, sim->config.latency_ns + sim->config.jitter_ns + SIM_QUEUE_NS,
                  (struct sim_event){.kind = SIM_EVENT_CLOSED,
                                     .host = sim->lines[line].hosts[other],
                                     .carrier = line,
                                     .side = other});
    }
}

static void carry_out(struct sim *sim, uint32_t number, const struct cepa_node_effect *effect)
{
    const struct sim_end *end = NULL;
    switch (effect->kind) {
    case CEPA_NODE_WRITE:
        end = sim_end_find(sim, number, effect->carrier);
        if (end != NULL) {
            sim_line_pump(sim, end->line, end->side);
        }
        break;
    case CEPA_NODE_DIAL:
        sim_dial(sim, number, effect->carrier, &effect->address);
        break;
    case CEPA_NODE_CLOSE:
        close_line(sim, number, effect->carrier);
        break;
    case CEPA_NODE_OFFER:
        sim_offer(sim, number, effect->carrier);
        break;
    case CEPA_NODE_ANSWER:
        sim_answer(sim, number, effect->carrier, effect->data, effect->data_len);
        break;
    case CEPA_NODE_TAKE_ANSWER:
        sim_take_answer(sim, number, effect->carrier);
        break;
    case CEPA_NODE_STORE:
        sim_store_put(&sim->hosts[number], effect);
        break;
    case CEPA_NODE_EVENT:
        if (sim->hosts[number].end != NULL &&
            cepa_end_on_node(sim->hosts[number].end, effect, sim_now(sim))) {
            break;
        }
        if (sim->config.on_event != NULL) {
            sim->config.on_event(sim->config.context, sim, number, effect);
        }
        break;
    case CEPA_NODE_ADD_CANDIDATE:
        break;
    }
}

void sim_settle(struct sim *sim, uint32_t number)
{
    struct sim_host *host = &sim->hosts[number];
    struct cepa_node_effect effect;
    bool has_moved;
    do {
        has_moved = sim_end_settle(sim, number);
        while (host->node != NULL && cepa_node_next(host->node, &effect, sim_now(sim)) == 0) {
            sim_note(sim, 200 + (uint64_t)effect.kind, number, effect.carrier + effect.circuit,
                     effect.data, effect.data == NULL ? 0 : effect.data_len);
            carry_out(sim, number, &effect);
            has_moved = true;
        }
    } while (has_moved);
    if (host->node == NULL) {
        return;
    }
    struct cepa_time wake = cepa_node_deadline(host->node);
    if (host->end != NULL) {
        wake = cepa_time_earliest(wake, cepa_end_deadline(host->end));
    }
    uint64_t wake_ns = wake.ns;
    if (wake_ns != host->wake_ns) {
        host->wake_ns = wake_ns;
        host->wake_stamp++;
        if (wake_ns != UINT64_MAX) {
            uint64_t delay_ns = wake_ns > sim->now_ns ? wake_ns - sim->now_ns : 1;
            sim_after(sim, delay_ns,
                      (struct sim_event){
                          .kind = SIM_EVENT_WAKE, .host = number, .stamp = host->wake_stamp});
        }
    }
}

static void on_event(struct sim *sim, struct sim_event *event)
{
    struct sim_host *host = &sim->hosts[event->host];
    bool is_awake = host->node != NULL && !host->is_suspended;
    switch (event->kind) {
    case SIM_EVENT_WAKE:
        if (is_awake && event->stamp == host->wake_stamp) {
            host->wake_ns = UINT64_MAX;
            host->wakes++;
            step(sim, event->host);
        }
        break;
    case SIM_EVENT_SIGNAL:
        if (is_awake) {
            cepa_node_on_signal(host->node, event->stamp, (enum cepa_signal_kind)event->error,
                                event->data, event->data_len, sim_now(sim));
            sim_settle(sim, event->host);
        }
        break;
    case SIM_EVENT_RESUME:
        resume(sim, event->host);
        break;
    case SIM_EVENT_PULL:
    case SIM_EVENT_FRAME:
    case SIM_EVENT_OPEN:
    case SIM_EVENT_CLOSED:
    case SIM_EVENT_SILENT:
    case SIM_EVENT_DEAD:
        sim_line_on_event(sim, event);
        break;
    }
}

void sim_run(struct sim *sim, uint64_t duration_ns)
{
    uint64_t until_ns = sim->now_ns + duration_ns;
    struct sim_event event;
    while (sim_event_heap_next(&sim->events, &event, until_ns)) {
        CEPA_ASSERT(event.time_ns >= sim->now_ns);
        sim->now_ns = event.time_ns;
        sim_note(sim, (uint64_t)event.kind, event.host, event.carrier, event.data, event.data_len);
        on_event(sim, &event);
        free(event.data);
    }
    sim->now_ns = until_ns;
}

bool sim_run_until(struct sim *sim, bool (*is_true)(struct sim *sim, void *context), void *context,
                   uint64_t every_ns, uint64_t max_ns)
{
    for (uint64_t past_ns = 0; past_ns < max_ns; past_ns += every_ns) {
        if (is_true(sim, context)) {
            return true;
        }
        sim_run(sim, every_ns);
    }
    return is_true(sim, context);
}

struct cepa_node *sim_node(struct sim *sim, uint32_t host)
{
    return sim->hosts[host].node;
}

void sim_poke(struct sim *sim, uint32_t host)
{
    sim_settle(sim, host);
}

uint32_t sim_hosts(const struct sim *sim)
{
    return sim->hosts_len;
}

struct cepa_time sim_now(const struct sim *sim)
{
    return (struct cepa_time){sim->now_ns};
}

struct cepa_wall sim_wall(const struct sim *sim, uint32_t host)
{
    int64_t wall_ms = (int64_t)(sim->config.wall_start_ms + sim->now_ns / CEPA_MILLISECOND_NS);
    return (struct cepa_wall){(uint64_t)(wall_ms + sim->hosts[host].config.clock_error_ms)};
}

void sim_trace(const struct sim *sim, uint8_t ret_digest[32])
{
    struct cepa_blake2b copy = sim->trace;
    cepa_blake2b_final(&copy, ret_digest, 32);
}

uint64_t sim_frames(const struct sim *sim)
{
    return sim->frames;
}
