/* The network behind path_net.h. */
#include "support/path_net.h"

#include <stdlib.h>
#include <string.h>

#include "base/block.h"
#include "native/cpu.h"
#include "support/test.h"

enum { FLIGHT_PACKET, FLIGHT_CELL, FLIGHT_CLOSED };

static bool is_linked(const struct path_net *net, size_t a, size_t b)
{
    return net->nodes[a].is_alive && net->nodes[b].is_alive && !net->is_cut[a][b];
}

static void fly(struct path_net *net, int kind, size_t from, size_t to, uint32_t circuit_id,
                uint64_t counter, const uint8_t *bytes, size_t bytes_len)
{
    struct path_net_flight *flight = calloc(1, sizeof *flight);
    if (!is_linked(net, from, to)) {
        free(flight);
        return;
    }
    flight->at = cepa_time_add(net->now, net->delay_ns);
    flight->kind = kind;
    flight->from = from;
    flight->to = to;
    flight->circuit_id = circuit_id;
    flight->counter = counter;
    if (bytes_len > 0) {
        flight->bytes = malloc(bytes_len);
        memcpy(flight->bytes, bytes, bytes_len);
    }
    *net->flights_end = flight;
    net->flights_end = &flight->next;
}

void path_net_packet(struct path_net *net, size_t from, size_t to, uint32_t circuit_id,
                     const uint8_t *packet)
{
    fly(net, FLIGHT_PACKET, from, to, circuit_id, 0, packet, CEPA_PACKET_SIZE);
}

void path_net_cell(struct path_net *net, size_t from, size_t to, uint32_t circuit_id,
                   uint64_t counter, const uint8_t *body)
{
    fly(net, FLIGHT_CELL, from, to, circuit_id, counter, body, CEPA_CELL_BODY_SIZE);
}

void path_net_closed(struct path_net *net, size_t from, size_t to, uint32_t circuit_id)
{
    fly(net, FLIGHT_CLOSED, from, to, circuit_id, 0, NULL, 0);
}

static size_t find_node(const struct path_net *net, const struct cepa_node_id *id)
{
    for (size_t i = 1; i < net->nodes_len; i++) {
        if (memcmp(&net->nodes[i].id, id, sizeof *id) == 0) {
            return i;
        }
    }
    return 0;
}

/* Ids that two ends give out never meet. */
static uint32_t new_id(struct path_net *net, size_t from, size_t to)
{
    net->nodes[from].last_id++;
    return 2 * net->nodes[from].last_id + (from < to);
}

/* Polls what a table has to say. */
static void drain_table(struct path_net *net, size_t at)
{
    struct path_net_node *node = &net->nodes[at];
    struct cepa_circuit_effect effect;
    while (cepa_circuit_table_next(&node->table, &effect) == 0) {
        size_t to = effect.link;
        if (effect.kind == CEPA_CIRCUIT_EFFECT_CELL) {
            path_net_cell(net, at, to, effect.circuit_id, effect.counter, effect.body);
        } else if (effect.kind == CEPA_CIRCUIT_EFFECT_CLOSE) {
            path_net_closed(net, at, to, effect.circuit_id);
        } else if (effect.kind == CEPA_CIRCUIT_EFFECT_ENDED) {
            node->ended++;
        } else if (effect.kind == CEPA_CIRCUIT_EFFECT_OWN_LOST) {
            cepa_circuits_on_lost(&net->circuits, effect.owner, net->now);
        } else {
            to = find_node(net, &effect.next);
            uint32_t id = effect.is_circuit ? new_id(net, at, to) : 0;
            if (to == 0 || !is_linked(net, at, to)) {
                cepa_circuit_table_unreachable(&node->table, effect.packet, net->now);
                continue;
            }
            path_net_packet(net, at, to, id, effect.body);
            CHECK_INT(cepa_circuit_table_sent(&node->table, effect.packet, to, id, net->now), 0);
        }
    }
}

static struct path_net_first *find_first(struct path_net *net, struct cepa_handle circuit)
{
    for (size_t i = 0; i < sizeof net->first / sizeof net->first[0]; i++) {
        struct path_net_first *first = &net->first[i];
        if (first->is_used && cepa_handle_is_equal(first->circuit, circuit)) {
            return first;
        }
    }
    return NULL;
}

static void join_first(struct path_net *net, struct cepa_handle circuit, size_t relay,
                       const uint8_t *packet)
{
    struct path_net_first *first = net->first;
    uint32_t id = new_id(net, PATH_NET_ORIGIN, relay);
    while (first->is_used) {
        first++;
    }
    if (!is_linked(net, PATH_NET_ORIGIN, relay)) {
        cepa_circuits_on_lost(&net->circuits, circuit, net->now);
        return;
    }
    first->is_used = true;
    first->circuit = circuit;
    first->relay = relay;
    first->circuit_id = id;
    CHECK_INT(
        cepa_circuit_table_own(&net->nodes[PATH_NET_ORIGIN].table, relay, id, circuit, net->now),
        0);
    path_net_packet(net, PATH_NET_ORIGIN, relay, id, packet);
    cepa_circuits_room(&net->circuits, circuit, UINT32_MAX);
}

static void give_keys(struct path_net *net, const struct cepa_circuits_effect *effect)
{
    struct cepa_circuits_hop_keys keys[CEPA_CIRCUIT_HOPS_MAX];
    struct cepa_onion_epoch epoch = {TEST_EPOCH};
    static uint8_t packet[CEPA_PACKET_SIZE];
    bool is_packet = false;
    size_t first = 0;
    memset(keys, 0, sizeof keys);
    for (size_t i = 0; i < effect->hops_len; i++) {
        size_t node = (size_t)(effect->hops[i].key.bytes[0]);
        first = i == 0 ? node : first;
        keys[i].node = net->nodes[node].id;
        keys[i].key = &net->nodes[node].public_key;
        keys[i].key_id = net->nodes[node].key_id;
    }
    if (net->is_keyless) {
        cepa_circuits_no_keys(&net->circuits, effect->circuit, 0, net->now);
        return;
    }
    int error = cepa_circuits_build(&net->circuits, effect->circuit, packet, &is_packet, keys,
                                    effect->hops_len, epoch, net->now);
    if (error == 0 && is_packet) {
        join_first(net, effect->circuit, first, packet);
    }
}

static void drain_circuits(struct path_net *net)
{
    struct cepa_circuits_effect effect;
    while (cepa_circuits_next(&net->circuits, &effect) == 0) {
        struct path_net_first *first = find_first(net, effect.circuit);
        if (effect.kind == CEPA_CIRCUITS_NEED_KEYS) {
            give_keys(net, &effect);
        } else if (effect.kind == CEPA_CIRCUITS_SEND_CELL) {
            CHECK(first != NULL);
            path_net_cell(net, PATH_NET_ORIGIN, first->relay, first->circuit_id, effect.counter,
                          effect.body);
        } else if (effect.kind == CEPA_CIRCUITS_CLOSE) {
            CHECK(first != NULL);
            cepa_circuit_table_disown(&net->nodes[PATH_NET_ORIGIN].table, first->relay,
                                      first->circuit_id);
            path_net_closed(net, PATH_NET_ORIGIN, first->relay, first->circuit_id);
            first->is_used = false;
        } else {
            CHECK(net->events_len < PATH_NET_EVENTS_MAX);
            net->events[net->events_len++] =
                (struct path_net_event){effect.kind, effect.circuit, effect.other, effect.error};
        }
    }
}

static void lose_first(struct path_net *net, struct cepa_handle circuit)
{
    struct path_net_first *first = find_first(net, circuit);
    if (first != NULL) {
        first->is_used = false;
    }
    cepa_circuits_on_lost(&net->circuits, circuit, net->now);
}

static void hear(struct path_net *net, struct cepa_handle circuit, uint64_t counter, uint8_t *body)
{
    struct cepa_circuits_data data;
    if (cepa_circuits_on_cell(&net->circuits, &data, circuit, counter, body, net->now) == 0 &&
        data.is_data) {
        net->heard++;
        net->last_len = data.data_len < sizeof net->last ? data.data_len : sizeof net->last;
        memcpy(net->last, data.data, net->last_len);
    }
}

/* A relay says back what it hears. */
static void echo(struct path_net *net, size_t at, struct cepa_handle circuit,
                 const struct cepa_cell_message *message)
{
    uint8_t body[CEPA_CELL_BODY_SIZE];
    uint64_t link;
    uint64_t counter;
    uint32_t id;
    if (cepa_circuit_table_send(&net->nodes[at].table, circuit, &link, &id, &counter, body,
                                message->data, message->data_len, net->now) == 0) {
        path_net_cell(net, at, link, id, counter, body);
    }
}

static void land(struct path_net *net, struct path_net_flight *flight)
{
    struct path_net_node *node = &net->nodes[flight->to];
    struct cepa_circuit_outcome outcome;
    int error;
    if (flight->to == net->silent && net->silent != 0) {
        return;
    }
    if (flight->kind == FLIGHT_PACKET) {
        error = cepa_circuit_table_on_packet(&node->table, &outcome, flight->from,
                                             flight->circuit_id, flight->bytes, net->now);
        if (error != 0 && error != CEPA_ERR_IN_USE && flight->circuit_id != 0) {
            path_net_closed(net, flight->to, flight->from, flight->circuit_id);
        }
    } else if (flight->kind == FLIGHT_CELL) {
        error = cepa_circuit_table_on_cell(&node->table, &outcome, flight->from, flight->circuit_id,
                                           flight->counter, flight->bytes, net->now);
    } else {
        error = cepa_circuit_table_on_closed(&node->table, &outcome, flight->from,
                                             flight->circuit_id, net->now);
        if (error == 0 && outcome.kind == CEPA_CIRCUIT_OUTCOME_OWN) {
            lose_first(net, outcome.owner);
        }
        return;
    }
    if (error != 0) {
        return;
    }
    if (outcome.kind == CEPA_CIRCUIT_OUTCOME_CELL) {
        path_net_cell(net, flight->to, outcome.link, outcome.circuit_id, outcome.counter,
                      flight->bytes);
    } else if (outcome.kind == CEPA_CIRCUIT_OUTCOME_OWN) {
        hear(net, outcome.owner, flight->counter, flight->bytes);
    } else if (outcome.kind == CEPA_CIRCUIT_OUTCOME_DATA) {
        node->heard++;
        echo(net, flight->to, outcome.circuit, &outcome.message);
    } else {
        node->delivered += outcome.kind != CEPA_CIRCUIT_OUTCOME_NOTHING;
    }
}

static void drain(struct path_net *net)
{
    for (size_t i = 0; i < net->nodes_len; i++) {
        drain_table(net, i);
    }
    drain_circuits(net);
}

void path_net_run(struct path_net *net, uint64_t duration_ns)
{
    struct cepa_time end = cepa_time_add(net->now, duration_ns);
    for (;;) {
        for (size_t i = 0; i < net->nodes_len; i++) {
            cepa_circuit_table_step(&net->nodes[i].table, net->now);
        }
        cepa_circuits_step(&net->circuits, &net->view, net->now);
        drain(net);
        struct cepa_time next = cepa_circuits_deadline(&net->circuits);
        for (size_t i = 0; i < net->nodes_len; i++) {
            next = cepa_time_earliest(next, cepa_circuit_table_deadline(&net->nodes[i].table));
        }
        if (net->flights != NULL) {
            next = cepa_time_earliest(next, net->flights->at);
        }
        if (cepa_time_is_before(end, next)) {
            break;
        }
        net->wall = cepa_wall_add(net->wall, cepa_time_since(next, net->now) / 1000000);
        net->now = cepa_time_latest(net->now, next);
        while (net->flights != NULL && cepa_time_is_due(net->flights->at, net->now)) {
            struct path_net_flight *flight = net->flights;
            net->flights = flight->next;
            if (net->flights == NULL) {
                net->flights_end = &net->flights;
            }
            if (is_linked(net, flight->from, flight->to)) {
                land(net, flight);
                drain(net);
            }
            free(flight->bytes);
            free(flight);
        }
    }
    net->now = end;
}

struct cepa_handle path_net_open(struct path_net *net, uint32_t hops_len, bool is_kept)
{
    const struct cepa_circuits_request request = {.hops_len = hops_len, .is_kept = is_kept};
    struct cepa_handle circuit = {0, 0, 0};
    CHECK_INT(cepa_circuits_open(&net->circuits, &circuit, &request, net->now), 0);
    return circuit;
}

int path_net_say(struct path_net *net, struct cepa_handle circuit, const char *text)
{
    const struct path_net_first *first = find_first(net, circuit);
    uint8_t body[CEPA_CELL_BODY_SIZE];
    uint64_t counter;
    int error = cepa_circuits_send(&net->circuits, circuit, &counter, body, (const uint8_t *)text,
                                   strlen(text), net->now);
    if (error == 0) {
        CHECK(first != NULL);
        path_net_cell(net, PATH_NET_ORIGIN, first->relay, first->circuit_id, counter, body);
    }
    return error;
}

size_t path_net_hop(const struct path_net *net, struct cepa_handle circuit, size_t hop)
{
    enum cepa_circuits_state state;
    const struct cepa_path *path = cepa_circuits_path(&net->circuits, circuit, &state);
    CHECK(path != NULL && hop < path->hops_len);
    return path->hops[hop].key.bytes[0];
}

void path_net_cut(struct path_net *net, size_t a, size_t b)
{
    if (net->is_cut[a][b]) {
        return;
    }
    net->is_cut[a][b] = net->is_cut[b][a] = true;
    cepa_circuit_table_link_down(&net->nodes[a].table, b, net->now);
    cepa_circuit_table_link_down(&net->nodes[b].table, a, net->now);
    if (a == PATH_NET_ORIGIN || b == PATH_NET_ORIGIN) {
        cepa_guards_on_failed(&net->guards, &net->relays[a + b - 1].key, net->wall);
        cepa_guards_on_failed(&net->guards, &net->relays[a + b - 1].key, net->wall);
        for (size_t i = 0; i < sizeof net->first / sizeof net->first[0]; i++) {
            net->first[i].is_used = net->first[i].is_used && net->first[i].relay != a + b;
        }
    }
}

void path_net_kill(struct path_net *net, size_t node)
{
    for (size_t i = 0; i < net->nodes_len; i++) {
        if (i != node) {
            path_net_cut(net, i, node);
        }
    }
}

void path_net_mend(struct path_net *net, size_t a, size_t b)
{
    net->is_cut[a][b] = net->is_cut[b][a] = false;
    CHECK_INT(cepa_circuit_table_link_up(&net->nodes[a].table, b, net->now), 0);
    CHECK_INT(cepa_circuit_table_link_up(&net->nodes[b].table, a, net->now), 0);
    if (a == PATH_NET_ORIGIN || b == PATH_NET_ORIGIN) {
        cepa_guards_on_reached(&net->guards, &net->relays[a + b - 1].key, net->wall);
    }
}

size_t path_net_count(const struct path_net *net, struct cepa_handle circuit,
                      enum cepa_circuits_effect_kind kind)
{
    size_t count = 0;
    for (size_t i = 0; i < net->events_len; i++) {
        count +=
            net->events[i].kind == kind && cepa_handle_is_equal(net->events[i].circuit, circuit);
    }
    return count;
}

static void init_node(struct path_net *net, size_t at)
{
    struct path_net_node *node = &net->nodes[at];
    const struct cepa_replay_limits replay = {4096, 4096};
    const struct cepa_circuit_table_tools tools = {&node->keys, &net->peel, &net->random, net->cpu};
    const struct cepa_siphash_key key = {{(uint8_t)at, 1, 2, 3}};
    const struct cepa_onion_epoch epoch = {TEST_EPOCH};
    struct cepa_circuit_table_limits limits = cepa_circuit_table_limits_tab();
    struct cepa_xwing_seed seed;
    limits.circuits_max = 256;
    limits.circuits_per_link_max = 64;
    limits.packets_max = 64;
    limits.packets_per_link_max = 16;
    node->is_alive = true;
    test_random_bytes(&net->source.series, &node->id, sizeof node->id);
    test_random_bytes(&net->source.series, &seed, sizeof seed);
    node->keys_memory = malloc(cepa_onion_keys_size(&replay));
    CHECK_INT(cepa_onion_keys_init(&node->keys, node->keys_memory, cepa_onion_keys_size(&replay),
                                   &replay),
              0);
    CHECK_INT(cepa_onion_keys_rotate(&node->keys, epoch, &seed, &net->peel.xwing, net->cpu), 0);
    node->public_key = node->keys.keys[0].key.public_key;
    node->key_id = node->keys.keys[0].id;
    size_t size = cepa_circuit_table_size(&limits);
    node->table_memory = aligned_alloc(CEPA_BLOCK_ALIGNMENT, cepa_block_round(size));
    CHECK_INT(
        cepa_circuit_table_init(&node->table, node->table_memory, size, &limits, &tools, &key), 0);
}

struct cepa_circuits_limits path_net_limits(uint32_t prepared)
{
    struct cepa_circuits_limits limits = cepa_circuits_limits_default();
    limits.prepared_min = prepared;
    limits.prepared_max = prepared == 0 ? 0 : limits.prepared_max;
    return limits;
}

struct path_net *path_net_new(size_t relays_len, uint64_t seed,
                              const struct cepa_circuits_limits *limits)
{
    struct path_net *net = calloc(1, sizeof *net);
    net->cpu = cepa_native_cpu();
    net->random = test_source_init(&net->source, seed);
    net->nodes_len = relays_len + 1;
    net->now.ns = 1000000;
    net->wall.unix_ms = 1700000000000;
    net->delay_ns = 10 * CEPA_MILLISECOND_NS;
    net->flights_end = &net->flights;
    for (size_t i = 0; i < net->nodes_len; i++) {
        init_node(net, i);
    }
    for (size_t i = 0; i < net->nodes_len; i++) {
        for (size_t j = 0; j < net->nodes_len; j++) {
            CHECK(i == j || cepa_circuit_table_link_up(&net->nodes[i].table, j, net->now) == 0);
        }
    }
    for (size_t i = 0; i < relays_len; i++) {
        net->relays[i].key.bytes[0] = (uint8_t)(i + 1);
        net->relays[i].prefix = (struct cepa_prefix){CEPA_FAMILY_IPV4, {10, (uint8_t)i, 0, 0}};
        net->relays[i].flags = CEPA_PATH_RELAY_GUARD;
    }
    net->view = (struct cepa_path_relays){net->relays, relays_len};
    cepa_guards_init(&net->guards);
    cepa_layer2_init(&net->layer2);
    cepa_guards_on_online(&net->guards, true, net->wall);
    CHECK_INT(cepa_guards_update(&net->guards, &net->view, NULL, net->wall, &net->random), 0);
    CHECK_INT(cepa_layer2_update(&net->layer2, &net->view, NULL, net->wall, &net->random), 0);
    for (size_t i = 0; i < relays_len; i++) {
        cepa_guards_on_reached(&net->guards, &net->relays[i].key, net->wall);
    }
    size_t size = cepa_circuits_size(limits);
    net->circuits_memory = aligned_alloc(CEPA_BLOCK_ALIGNMENT, cepa_block_round(size));
    CHECK_INT(cepa_circuits_init(&net->circuits, net->circuits_memory, size, limits, &net->guards,
                                 &net->layer2, &net->random, &net->workspace, net->cpu),
              0);
    return net;
}

void path_net_check_empty(const struct path_net *net)
{
    for (size_t i = 0; i < net->nodes_len; i++) {
        const struct cepa_circuit_table *table = &net->nodes[i].table;
        CHECK_INT(table->circuits.count, 0);
        CHECK_INT(table->packets.count, 0);
        CHECK_INT(table->renewals.count, 0);
        CHECK_INT(table->by_id.count, 0);
        CHECK_INT(cepa_timer_heap_count(&table->timers), 0);
    }
    CHECK_INT(net->circuits.circuits.count, 0);
    CHECK_INT(net->circuits.packets.count, 0);
}

void path_net_free(struct path_net *net)
{
    for (size_t i = 0; i < net->nodes_len; i++) {
        cepa_circuit_table_wipe(&net->nodes[i].table);
        free(net->nodes[i].table_memory);
        free(net->nodes[i].keys_memory);
    }
    while (net->flights != NULL) {
        struct path_net_flight *flight = net->flights;
        net->flights = flight->next;
        free(flight->bytes);
        free(flight);
    }
    cepa_circuits_wipe(&net->circuits);
    free(net->circuits_memory);
    free(net);
}
