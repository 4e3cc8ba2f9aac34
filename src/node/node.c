/* The node: memory, time, and the turn in which what one room says reaches the others. */
#include "node/node.h"

#include <string.h>

#include "base/assert.h"
#include "base/ct.h"
#include "node/node_parts.h"

enum { ROUNDS_MAX = 64, LINKS_MAX = 1 << 16 };

/* --- memory ---------------------------------------------------------------------------------- */

void cepa_node_limits_daemon(struct cepa_node_limits *ret_limits)
{
    *ret_limits = (struct cepa_node_limits){.links = 512,
                                            .neighbours = 24,
                                            .index_records = 65536,
                                            .credentials = 1024,
                                            .cells = 29696, /* 32 MiB */
                                            .link_circuits = 32768,
                                            .handshakes = 64,
                                            .buffers = 256,
                                            .relay_circuits = 8192,
                                            .service_circuits = 2048,
                                            .address_descriptors = 256,
                                            .mailboxes = 128,
                                            .boxes = 1024,
                                            .origin_circuits = 256,
                                            .replay_tags = 1 << 20};
}

void cepa_node_limits_tab(struct cepa_node_limits *ret_limits)
{
    *ret_limits = (struct cepa_node_limits){.links = 96,
                                            .neighbours = 12,
                                            .index_records = 32768,
                                            .credentials = 384,
                                            .cells = 7424, /* 8 MiB */
                                            .link_circuits = 4096,
                                            .handshakes = 16,
                                            .buffers = 64,
                                            .relay_circuits = 1024,
                                            .service_circuits = 128,
                                            .address_descriptors = 16,
                                            .origin_circuits = 32,
                                            .replay_tags = 1 << 14};
}

void cepa_node_limits_test(struct cepa_node_limits *ret_limits)
{
    *ret_limits = (struct cepa_node_limits){.links = 128,
                                            .neighbours = 8,
                                            .index_records = 128,
                                            .credentials = 128,
                                            .cells = 2048,
                                            .link_circuits = 2048,
                                            .handshakes = 16,
                                            .buffers = 64,
                                            .relay_circuits = 512,
                                            .service_circuits = 256,
                                            .address_descriptors = 64,
                                            .mailboxes = 8,
                                            .boxes = 64,
                                            .origin_circuits = 16,
                                            .replay_tags = 1 << 12};
}

/* The limits of the rooms, as they follow from the node's. */
struct room_limits {
    struct cepa_link_limits link;
    struct cepa_index_limits index;
    struct cepa_objects_limits objects;
    struct cepa_mesh_limits mesh;
    struct cepa_circuit_table_limits table;
    struct cepa_circuits_limits circuits;
    struct cepa_replay_limits replay;
    uint32_t effects;
    uint32_t touched;
};

static uint32_t power_of_two(uint32_t least)
{
    uint32_t power = 1;
    while (power < least) {
        power *= 2;
    }
    return power;
}

static void mesh_limits_of(struct cepa_mesh_limits *ret_limits,
                           const struct cepa_node_config *config)
{
    cepa_mesh_limits_daemon(ret_limits);
    ret_limits->links_max = config->limits.links;
    ret_limits->neighbours = config->limits.neighbours;
    ret_limits->neighbours_max = 2 * config->limits.neighbours;
    ret_limits->custody_relays = config->profile.custody_relays;
    ret_limits->bucket_relays = config->profile.bucket_relays;
    ret_limits->custodians = config->profile.custodians;
    ret_limits->ways_max = config->is_relay ? config->limits.index_records : 0;
    ret_limits->clock_error_max_ms = config->profile.clock_error_max_ms;
}

static void limits_of(struct room_limits *ret_limits, const struct cepa_node_config *config)
{
    const struct cepa_node_limits *limits = &config->limits;
    const struct cepa_profile *profile = &config->profile;
    *ret_limits = (struct room_limits){
        .link = {.cells = limits->cells,
                 .circuits = limits->link_circuits,
                 .buffers = limits->buffers,
                 .handshakes = limits->handshakes,
                 .circuits_per_link = limits->link_circuits / 4,
                 .queue_max = 256,
                 .window_max = 2048},
        .index = {.capacity = limits->index_records,
                  .probation_max = limits->index_records / 2,
                  .admission = {.daily_min = profile->admission_daily_min,
                                .daily_permille = profile->admission_daily_permille,
                                .per_prefix_max = (uint16_t)profile->admission_prefix_max}},
        .objects = {.credentials_max = limits->credentials,
                    .key_records_max = 3 * limits->credentials},
        .table = cepa_circuit_table_limits_daemon(),
        .circuits = cepa_circuits_limits_default(),
        .replay = {.capacity = limits->replay_tags, .share_max = limits->replay_tags / 4},
        .effects = power_of_two(4 * limits->links + 4 * limits->origin_circuits + 64),
        .touched = power_of_two(4 * limits->links),
    };
    mesh_limits_of(&ret_limits->mesh, config);
    ret_limits->table.links_max = limits->links;
    ret_limits->table.circuits_max = limits->relay_circuits + limits->origin_circuits;
    if (ret_limits->table.packets_max > limits->buffers) {
        ret_limits->table.packets_max = limits->buffers;
    }
    ret_limits->circuits.circuits_max = limits->origin_circuits;
}

static bool is_valid(const struct cepa_node_config *config)
{
    const struct cepa_node_limits *limits = &config->limits;
    return limits->links > 0 && limits->links < LINKS_MAX && limits->neighbours > 0 &&
           limits->index_records > 0 && limits->index_records <= CEPA_INDEX_CAPACITY_MAX &&
           limits->credentials > 0 && limits->replay_tags >= 4 && limits->origin_circuits > 0 &&
           limits->origin_circuits < LINKS_MAX && config->random != NULL &&
           config->reaches_len <= CEPA_DESCRIPTOR_REACHES_MAX &&
           cepa_calendar_is_valid(&config->profile.calendar) &&
           cepa_calendar_epochs_per_day(&config->profile.calendar) == CEPA_DAY_EPOCHS;
}

/* Every part, in the order in which it is carved. */
enum part {
    PART_NODE,
    PART_WORKSPACE,
    PART_LINKS,
    PART_CARRIERS,
    PART_TOUCHED,
    PART_TIMERS,
    PART_EFFECTS,
    PART_OWN_CIRCUITS,
    PART_RELAYS,
    PART_SHARED,
    PART_INDEX,
    PART_OBJECTS,
    PART_MESH,
    PART_ONION_KEYS,
    PART_TABLE,
    PART_CIRCUITS,
    PART_HELD,
    PART_SERVICES,
    PARTS
};

/* Both sides of every circuit of others, if credit may ever be held. */
static size_t held_max(const struct cepa_node_config *config)
{
    return config->budget.bytes_per_second == 0 ? 0 : 2 * (size_t)config->limits.relay_circuits;
}

static void sizes_of(size_t ret_sizes[PARTS], const struct cepa_node_config *config,
                     const struct room_limits *rooms)
{
    const struct cepa_node_limits *limits = &config->limits;
    ret_sizes[PART_NODE] = sizeof(struct cepa_node);
    ret_sizes[PART_WORKSPACE] = sizeof(struct cepa_node_workspace);
    ret_sizes[PART_LINKS] = cepa_pool_size(limits->links, sizeof(struct cepa_node_link));
    ret_sizes[PART_CARRIERS] = cepa_map_size(CEPA_LINK_SLOTS * limits->links, sizeof(uint64_t),
                                             sizeof(struct cepa_node_carrier_place));
    ret_sizes[PART_TOUCHED] = cepa_ring_size(rooms->touched, sizeof(struct cepa_handle));
    ret_sizes[PART_TIMERS] = cepa_timer_heap_size(limits->links);
    ret_sizes[PART_EFFECTS] = cepa_ring_size(rooms->effects, sizeof(struct cepa_node_queued));
    ret_sizes[PART_OWN_CIRCUITS] =
        cepa_block_array_size(limits->origin_circuits, sizeof(struct cepa_node_circuit));
    ret_sizes[PART_RELAYS] =
        cepa_block_array_size(limits->index_records, sizeof(struct cepa_path_relay));
    ret_sizes[PART_SHARED] = cepa_link_shared_size(&rooms->link);
    ret_sizes[PART_INDEX] = cepa_index_size(&rooms->index);
    ret_sizes[PART_OBJECTS] = cepa_objects_size(&rooms->objects);
    ret_sizes[PART_MESH] = cepa_mesh_size(&rooms->mesh);
    ret_sizes[PART_ONION_KEYS] = cepa_onion_keys_size(&rooms->replay);
    ret_sizes[PART_TABLE] = cepa_circuit_table_size(&rooms->table);
    ret_sizes[PART_CIRCUITS] = cepa_circuits_size(&rooms->circuits);
    const struct cepa_services_limits services =
        cepa_node_services_limits(config, rooms->table.circuits_max);
    ret_sizes[PART_SERVICES] = config->is_relay ? cepa_services_size(&services) : 0;
    ret_sizes[PART_HELD] = cepa_block_array_size(held_max(config), sizeof(struct cepa_node_held));
}

size_t cepa_node_size(const struct cepa_node_config *config)
{
    struct room_limits rooms;
    size_t sizes[PARTS];
    size_t sum = 0;
    if (!is_valid(config)) {
        return SIZE_MAX;
    }
    limits_of(&rooms, config);
    sizes_of(sizes, config, &rooms);
    for (size_t i = 0; i < PARTS; i++) {
        sum = cepa_block_sum(sum, cepa_block_round(sizes[i]));
    }
    return sum;
}

static void rules_of(struct cepa_record_rules *ret_rules, const struct cepa_node_config *config)
{
    const struct cepa_profile *profile = &config->profile;
    *ret_rules = (struct cepa_record_rules){.certificate_days_max = profile->certificate_days,
                                            .record_days = profile->record_days,
                                            .days_ahead = profile->days_ahead,
                                            .receipt_days = profile->receipt_days,
                                            .receipts_min = (uint8_t)profile->receipts_min,
                                            .work_bits = (uint8_t)profile->work_bits};
    cepa_profile_network(&ret_rules->network, profile);
}

/* The parts that are the node's own. */
static void init_own_parts(struct cepa_node *node, void *const parts[PARTS],
                           const size_t sizes[PARTS], const struct room_limits *rooms,
                           const struct cepa_siphash_key *key)
{
    const struct cepa_node_limits *limits = &node->config.limits;
    cepa_pool_init(&node->links, parts[PART_LINKS], sizes[PART_LINKS], limits->links,
                   sizeof(struct cepa_node_link));
    cepa_map_init(&node->carriers, parts[PART_CARRIERS], sizes[PART_CARRIERS],
                  CEPA_LINK_SLOTS * limits->links, sizeof(uint64_t),
                  sizeof(struct cepa_node_carrier_place), key);
    cepa_ring_init(&node->touched, parts[PART_TOUCHED], sizes[PART_TOUCHED], rooms->touched,
                   sizeof(struct cepa_handle));
    cepa_timer_heap_init(&node->timers, parts[PART_TIMERS], sizes[PART_TIMERS], limits->links);
    cepa_ring_init(&node->effects, parts[PART_EFFECTS], sizes[PART_EFFECTS], rooms->effects,
                   sizeof(struct cepa_node_queued));
    node->own_circuits = parts[PART_OWN_CIRCUITS];
    memset(node->own_circuits, 0, sizes[PART_OWN_CIRCUITS]);
    node->relays = parts[PART_RELAYS];
    node->held = parts[PART_HELD];
    node->held_max = held_max(&node->config);
}

static int init_mesh(struct cepa_node *node, void *const parts[PARTS], const size_t sizes[PARTS],
                     const struct room_limits *rooms, const struct cepa_siphash_key keys[2],
                     struct cepa_time now)
{
    struct cepa_directory_day today = cepa_calendar_day(&node->config.profile.calendar, node->wall);
    cepa_index_init(&node->index, parts[PART_INDEX], sizes[PART_INDEX], &rooms->index, &node->rules,
                    today, &keys[0]);
    cepa_objects_init(&node->objects, parts[PART_OBJECTS], sizes[PART_OBJECTS], &rooms->objects,
                      &node->index, &keys[1]);
    struct cepa_mesh_config config = {.limits = rooms->mesh,
                                      .calendar = node->config.profile.calendar,
                                      .index = &node->index,
                                      .objects = &node->objects,
                                      .is_relay = node->config.is_relay,
                                      .node = node->own.identity.node,
                                      .signing_key = &node->own.identity.signing_key,
                                      .mldsa_workspace = &node->workspace->mldsa,
                                      .random = node->config.random,
                                      .cpu = node->config.cpu};
    memcpy(config.public_key, node->own.identity.signing_key.public_key.bytes,
           sizeof config.public_key);
    return cepa_mesh_init(&node->mesh, parts[PART_MESH], sizes[PART_MESH], &config, now,
                          node->wall);
}

static int init_circuits(struct cepa_node *node, void *const parts[PARTS],
                         const size_t sizes[PARTS], const struct room_limits *rooms,
                         const struct cepa_siphash_key *key)
{
    int error = cepa_onion_keys_init(&node->onion_keys, parts[PART_ONION_KEYS],
                                     sizes[PART_ONION_KEYS], &rooms->replay);
    if (error != 0) {
        return error;
    }
    const struct cepa_circuit_table_tools tools = {.keys = &node->onion_keys,
                                                   .workspace = &node->workspace->peel,
                                                   .random = node->config.random,
                                                   .cpu = node->config.cpu};
    error = cepa_circuit_table_init(&node->table, parts[PART_TABLE], sizes[PART_TABLE],
                                    &rooms->table, &tools, key);
    if (error != 0) {
        return error;
    }
    cepa_guards_init(&node->guards);
    cepa_layer2_init(&node->layer2);
    return cepa_circuits_init(&node->circuits, parts[PART_CIRCUITS], sizes[PART_CIRCUITS],
                              &rooms->circuits, &node->guards, &node->layer2, node->config.random,
                              &node->workspace->circuits, node->config.cpu);
}

static int init_rooms(struct cepa_node *node, void *const parts[PARTS], const size_t sizes[PARTS],
                      const struct room_limits *rooms, struct cepa_time now)
{
    struct cepa_siphash_key keys[5];
    int error = cepa_random_fill(node->config.random, keys[0].bytes, sizeof keys);
    if (error != 0) {
        return error;
    }
    if (node->config.is_relay) {
        cepa_relay_identity_init(&node->own.identity, &node->config.signing,
                                 &node->config.pq_signing, &node->workspace->mldsa,
                                 node->config.cpu);
    }
    cepa_wipe(&node->config.signing, sizeof node->config.signing);
    cepa_wipe(&node->config.pq_signing, sizeof node->config.pq_signing);
    init_own_parts(node, parts, sizes, rooms, &keys[0]);
    node->link_identity.node_id = node->own.identity.node;
    memcpy(node->link_identity.network_id, node->network.bytes,
           sizeof node->link_identity.network_id);
    node->link_identity.roles =
        (uint8_t)((node->config.is_relay ? CEPA_LINK_ROLE_RELAY : CEPA_LINK_ROLE_CLIENT) |
                  (node->config.is_metered ? CEPA_LINK_ROLE_METERED : 0));
    error =
        cepa_link_shared_init(&node->shared, parts[PART_SHARED], sizes[PART_SHARED], &rooms->link,
                              &node->link_identity, node->config.random, node->config.cpu);
    if (error == 0) {
        error = init_mesh(node, parts, sizes, rooms, &keys[1], now);
    }
    if (error == 0) {
        error = init_circuits(node, parts, sizes, rooms, &keys[3]);
    }
    if (error == 0 && node->config.is_relay) {
        error = cepa_node_services_init(node, parts[PART_SERVICES], sizes[PART_SERVICES],
                                        rooms->table.circuits_max, &keys[4]);
    }
    cepa_wipe(keys, sizeof keys);
    return error;
}

int cepa_node_init(struct cepa_node **ret_node, void *memory, size_t memory_len,
                   const struct cepa_node_config *config, struct cepa_time now,
                   struct cepa_wall wall)
{
    struct room_limits rooms;
    size_t sizes[PARTS];
    void *parts[PARTS];
    struct cepa_block block;
    if (!is_valid(config)) {
        return CEPA_ERR_ARGUMENT;
    }
    limits_of(&rooms, config);
    sizes_of(sizes, config, &rooms);
    cepa_block_init(&block, memory, memory_len);
    for (size_t i = 0; i < PARTS; i++) {
        parts[i] = cepa_block_carve(&block, sizes[i]);
    }
    int error = cepa_block_end(&block);
    if (error != 0) {
        return error;
    }
    struct cepa_node *node = parts[PART_NODE];
    memset(node, 0, sizeof *node);
    node->config = *config;
    node->workspace = parts[PART_WORKSPACE];
    node->wall = wall;
    node->wall_at = now;
    cepa_node_budget_init(&node->budget, &config->budget, wall, now);
    rules_of(&node->rules, config);
    node->network = node->rules.network;
    error = init_rooms(node, parts, sizes, &rooms, now);
    if (error == 0) {
        *ret_node = node;
    }
    return error;
}

int cepa_node_start(struct cepa_node *node, struct cepa_time now, struct cepa_wall wall)
{
    if (node->is_started) {
        return CEPA_ERR_STATE;
    }
    node->is_started = true;
    node->wall = wall;
    node->wall_at = now;
    node->tick = now;
    cepa_objects_forget_changes(&node->objects); /* they came from where they are kept */
    if (cepa_index_count(&node->index) > 0) {
        cepa_admission_remember(&node->index.admission, node->index.admitted);
    }
    return cepa_node_identity_start(node, now);
}

void cepa_node_stop(struct cepa_node *node, struct cepa_time now)
{
    uint32_t cursor = 0;
    struct cepa_node_link *link;
    node->is_stopped = true;
    node->dirty |= node->config.budget.bytes_per_day > 0 ? CEPA_NODE_DIRTY_BUDGET : 0U;
    while ((link = cepa_node_link_next(node, &cursor)) != NULL) {
        cepa_node_link_end(node, link, 0, now);
    }
}

void cepa_node_wipe(struct cepa_node *node)
{
    uint32_t cursor = 0;
    struct cepa_node_link *link;
    while ((link = cepa_node_link_next(node, &cursor)) != NULL) {
        if (link->is_begun) {
            cepa_link_wipe(&link->link);
        }
    }
    cepa_circuits_wipe(&node->circuits);
    cepa_circuit_table_wipe(&node->table);
    if (node->services != NULL) {
        cepa_services_wipe(node->services);
    }
    cepa_onion_keys_wipe(&node->onion_keys);
    cepa_mesh_wipe(node->mesh);
    cepa_link_shared_wipe(&node->shared);
    cepa_pool_wipe(&node->links);
    cepa_ring_wipe(&node->effects);
    cepa_wipe(node->workspace, sizeof *node->workspace);
    cepa_wipe(node, sizeof *node);
}

/* --- time ------------------------------------------------------------------------------------ */

struct cepa_wall cepa_node_wall_now(const struct cepa_node *node, struct cepa_time now)
{
    return cepa_wall_add(node->wall, cepa_time_since(now, node->wall_at) / CEPA_MILLISECOND_NS);
}

static void tick(struct cepa_node *node, struct cepa_time now)
{
    cepa_node_withhold_tick(node, now);
    cepa_node_identity_step(node, now);
    cepa_node_links_tick(node, now);
    cepa_node_ends_tick(node, now);
    if (node->is_ready) {
        cepa_node_paths_tick(node, now);
    }
    node->tick = node->own.is_busy ? now : cepa_time_add(now, CEPA_NODE_TICK_NS);
    if (node->own.is_stale) {
        node->tick = cepa_time_earliest(node->tick, cepa_time_latest(node->own.remake, now));
    }
}

void cepa_node_step(struct cepa_node *node, struct cepa_time now, struct cepa_wall wall)
{
    node->wall = wall;
    node->wall_at = now;
    if (!node->is_started || node->is_stopped) {
        return;
    }
    cepa_node_links_step(node, now);
    if (cepa_time_is_due(node->tick, now)) {
        tick(node, now);
    }
    if (node->is_ready && cepa_time_is_due(cepa_mesh_deadline(node->mesh), now)) {
        cepa_mesh_step(node->mesh, now, wall);
    }
    cepa_node_credit_step(node, now);
    if (cepa_time_is_due(cepa_circuit_table_deadline(&node->table), now)) {
        cepa_circuit_table_step(&node->table, now);
    }
    if (node->is_ready) {
        cepa_node_paths_step(node, now);
    }
}

struct cepa_time cepa_node_deadline(struct cepa_node *node)
{
    struct cepa_time deadline = cepa_timer_heap_deadline(&node->timers);
    if (!node->is_started || node->is_stopped) {
        return deadline;
    }
    deadline = cepa_time_earliest(deadline, node->tick);
    deadline = cepa_time_earliest(deadline, cepa_node_credit_deadline(node));
    deadline = cepa_time_earliest(deadline, cepa_circuit_table_deadline(&node->table));
    if (node->is_ready) {
        deadline = cepa_time_earliest(deadline, cepa_mesh_deadline(node->mesh));
        deadline = cepa_time_earliest(deadline, cepa_circuits_deadline(&node->circuits));
    }
    return deadline;
}

void cepa_node_on_moved(struct cepa_node *node, struct cepa_time now)
{
    cepa_mesh_on_moved(node->mesh, now);
}

/* --- effects --------------------------------------------------------------------------------- */

void cepa_node_push(struct cepa_node *node, const struct cepa_node_effect *effect)
{
    struct cepa_node_queued *queued = cepa_ring_reserve(&node->effects);
    if (queued == NULL) {
        node->counts.effects_lost++; /* the driver has not taken any for long */
        return;
    }
    queued->effect = *effect;
    if (effect->data != NULL) {
        CEPA_ASSERT(effect->data_len <= sizeof queued->data);
        memcpy(queued->data, effect->data, effect->data_len);
    }
}

void cepa_node_tell(struct cepa_node *node, enum cepa_node_event event, uint64_t circuit, int error)
{
    struct cepa_node_effect effect = {
        .kind = CEPA_NODE_EVENT, .event = event, .circuit = circuit, .error = error};
    cepa_node_push(node, &effect);
}

/* Moves effects between the rooms until none has any. What is left after many rounds waits for the
 * next call: rooms that answer each other for ever must not stop the driver. */
void cepa_node_settle(struct cepa_node *node, struct cepa_time now)
{
    for (size_t round = 0; round < ROUNDS_MAX; round++) {
        cepa_node_links_settle(node, now);
        bool has_moved = cepa_node_mesh_settle(node, now);
        has_moved |= cepa_node_table_settle(node, now);
        if (node->is_paths_due && node->is_ready) {
            cepa_node_paths_step(node, now);
            has_moved = true;
        }
        has_moved |= cepa_node_paths_settle(node, now);
        if (!has_moved && cepa_ring_count(&node->touched) == 0) {
            return;
        }
    }
}

int cepa_node_next(struct cepa_node *node, struct cepa_node_effect *ret_effect,
                   struct cepa_time now)
{
    cepa_node_settle(node, now);
    if (cepa_node_store_next(node, ret_effect, now)) {
        return 0;
    }
    int error = cepa_ring_pop(&node->effects, &node->given);
    if (error != 0) {
        return error;
    }
    *ret_effect = node->given.effect;
    if (ret_effect->data != NULL) {
        ret_effect->data = node->given.data;
    }
    return 0;
}
