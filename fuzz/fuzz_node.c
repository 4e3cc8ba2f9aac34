/* A whole node in the middle of its life: a relay with links to two other relays and a client, all
 * of which say what the input says, behind the seal that they have the keys for. It keeps to its
 * bounds, and whatever comes it lives on.
 *
 * Every step of the input: what happens 1, to whom 1, length 2, bytes. The network is made once; a
 * copy of the node's memory begins every run. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "node/node_parts.h"
#include "onion/packet_build.h"
#include "sim/watch.h"
#include "sim/world.h"
#include "wire/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len);

enum { RELAYS = 3, LINKS_MAX = 6, STEPS_MAX = 200, FRAMES_MAX = 64, NEW_MAX = 8 };

/* A link of the node under test, and what its peer seals with. */
struct peer {
    uint64_t carrier; /* the node's number of it */
    struct cepa_link_sealer sealer;
};

static struct {
    struct sim *sim;
    struct cepa_node *node;
    size_t size;
    uint8_t *copy;
    struct sim_random random; /* at the moment of the copy */
    struct peer peers[LINKS_MAX];
    size_t peers_len;
    struct cepa_packet_build_workspace workspace;
} world;

/* One run. */
static struct {
    struct cepa_time now;
    struct cepa_wall wall;
    struct cepa_link_sealer sealers[LINKS_MAX];
    uint64_t opened; /* carriers that strangers have opened */
    uint64_t circuit;
    uint16_t message;
    uint8_t packet;
} run;

static struct sim_host_config small(bool is_relay)
{
    struct sim_host_config config = is_relay ? sim_host_config_relay() : sim_host_config_client();
    config.limits.links = 24;
    config.limits.index_records = 32;
    config.limits.credentials = 16;
    config.limits.cells = 512;
    config.limits.link_circuits = 128;
    config.limits.handshakes = 8;
    config.limits.buffers = 16;
    config.limits.relay_circuits = 32;
    config.limits.origin_circuits = 8;
    config.limits.replay_tags = 256;
    return config;
}

/* What the other end of a link of the node seals with. */
static bool take_peer(struct peer *ret_peer, const struct cepa_node_link *link)
{
    const struct sim_end *end = sim_end_find(world.sim, 0, link->slots[0].number);
    if (link->state != CEPA_NODE_LINK_UP || end == NULL) {
        return false;
    }
    const struct sim_line *line = &world.sim->lines[end->line];
    const struct cepa_node *other = sim_node(world.sim, line->hosts[!end->side]);
    const struct cepa_node_link *theirs;
    uint32_t cursor = 0;
    while ((theirs = cepa_node_link_next(other, &cursor)) != NULL) {
        if (theirs->slots[0].number == line->numbers[!end->side]) {
            *ret_peer = (struct peer){link->slots[0].number, theirs->link.sealer};
            return true;
        }
    }
    return false;
}

static void make_world(void)
{
    struct sim_config config = sim_config_default(7);
    struct sim_host_config relay = small(true);
    struct sim_host_config client = small(false);
    world.sim = sim_new(&config);
    for (uint32_t host = 0; host <= RELAYS; host++) {
        sim_add(world.sim, host < RELAYS ? &relay : &client);
        sim_start(world.sim, host);
    }
    sim_run(world.sim, CEPA_SECOND_NS);
    for (uint32_t host = 1; host <= RELAYS; host++) {
        sim_invite(world.sim, 0, host);
    }
    CEPA_ASSERT(sim_run_until(world.sim, sim_is_whole, NULL, CEPA_SECOND_NS, 60 * CEPA_SECOND_NS));
    struct sim_host *host = &world.sim->hosts[0];
    uint32_t cursor = 0;
    const struct cepa_node_link *link;
    world.node = host->node;
    while (world.peers_len < LINKS_MAX &&
           (link = cepa_node_link_next(world.node, &cursor)) != NULL) {
        world.peers_len += take_peer(&world.peers[world.peers_len], link);
    }
    CEPA_ASSERT(world.peers_len >= RELAYS - 1);
    world.size = cepa_node_size(&world.node->config);
    world.copy = malloc(world.size);
    CEPA_ASSERT(world.copy != NULL);
    memcpy(world.copy, host->memory, world.size);
    world.random = host->random;
}

static void begin(void)
{
    if (world.sim == NULL) {
        make_world();
    }
    struct sim_host *host = &world.sim->hosts[0];
    memcpy(host->memory, world.copy, world.size);
    host->random = world.random;
    memset(&run, 0, sizeof run);
    run.now = sim_now(world.sim);
    run.wall = sim_wall(world.sim, 0);
    for (size_t i = 0; i < world.peers_len; i++) {
        run.sealers[i] = world.peers[i].sealer;
    }
}

/* Takes all effects, and some frames of whoever has them. */
static void drain(void)
{
    struct cepa_node_effect effect;
    uint8_t frame[CEPA_FRAME_SIZE];
    while (cepa_node_next(world.node, &effect, run.now) == 0) {
        CEPA_ASSERT(effect.data_len <= CEPA_STORE_VALUE_MAX);
        for (int i = 0; effect.kind == CEPA_NODE_WRITE && i < FRAMES_MAX; i++) {
            if (cepa_node_pull(world.node, effect.carrier, frame, run.now) == 0) {
                break;
            }
        }
    }
    const struct cepa_node_limits *limits = &world.node->config.limits;
    CEPA_ASSERT(world.node->links.count <= limits->links);
    CEPA_ASSERT(world.node->shared.cell_pool.count <= limits->cells);
    CEPA_ASSERT(world.node->shared.buffer_pool.count <= limits->buffers);
    CEPA_ASSERT(cepa_index_count(&world.node->index) <= limits->index_records);
}

/* Seals a body for the node and gives it. */
static void give_sealed(size_t which, uint8_t frame[CEPA_FRAME_SIZE])
{
    if (cepa_link_seal(&run.sealers[which], frame, CEPA_FRAME_SIZE, 0) == 0) {
        cepa_node_on_carrier_frame(world.node, world.peers[which].carrier, frame, CEPA_FRAME_SIZE,
                                   run.now);
        drain();
    }
}

static void say_frame(size_t which, const uint8_t *bytes, size_t len)
{
    uint8_t frame[CEPA_FRAME_SIZE] = {0};
    memcpy(frame + 8, bytes, len < CEPA_FRAME_BODY_SIZE ? len : CEPA_FRAME_BODY_SIZE);
    give_sealed(which, frame);
}

/* A message of the mesh. */
static void say_message(size_t which, const uint8_t *bytes, size_t len)
{
    size_t count = (len + CEPA_LINK_MESSAGE_PART_SIZE - 1) / CEPA_LINK_MESSAGE_PART_SIZE;
    if (len == 0 || count > CEPA_LINK_MESSAGE_PARTS_MAX) {
        return;
    }
    run.message++;
    for (size_t i = 0; i < count; i++) {
        uint8_t frame[CEPA_FRAME_SIZE] = {0};
        size_t offset = i * CEPA_LINK_MESSAGE_PART_SIZE;
        size_t part_len = len - offset;
        part_len = part_len < CEPA_LINK_MESSAGE_PART_SIZE ? part_len : CEPA_LINK_MESSAGE_PART_SIZE;
        const struct cepa_frame_message_part part = {run.message, (uint8_t)i, (uint8_t)count,
                                                     bytes + offset, part_len};
        cepa_frame_message_part_encode(frame + 8, &part);
        give_sealed(which, frame);
    }
}

/* A hop of the plan: this node, or another relay that it knows. */
static bool plan_hop(struct cepa_packet_plan *plan, size_t hop, const struct cepa_node_id *relay,
                     enum cepa_packet_type type)
{
    static struct cepa_xwing_public_key keys[2];
    const uint8_t *key = cepa_objects_onion_key(&world.node->objects, relay, plan->epoch);
    if (key == NULL) {
        return false;
    }
    memcpy(keys[hop].bytes, key, sizeof keys[hop].bytes);
    plan->hops[hop].node = *relay;
    plan->hops[hop].key = &keys[hop];
    cepa_onion_key_id_of(&plan->hops[hop].key_id, &keys[hop]);
    plan->types[hop] = type;
    plan->hops_len = hop + 1;
    return true;
}

/* A real onion packet for this node, with the circuit id and the types that the input says. */
static void say_packet(size_t which, const uint8_t *bytes, size_t len)
{
    static const enum cepa_packet_type types[][2] = {{CEPA_PACKET_CREATE_LAST, 0},
                                                     {CEPA_PACKET_DELIVER, 0},
                                                     {CEPA_PACKET_DROP, 0},
                                                     {CEPA_PACKET_CREATE, CEPA_PACKET_CREATE_LAST},
                                                     {CEPA_PACKET_FORWARD, CEPA_PACKET_DELIVER}};
    static uint8_t packet[CEPA_PACKET_SIZE];
    struct cepa_packet_plan plan = {.hops_len = 0};
    const struct cepa_node *node = world.node;
    if (len < 3) {
        return;
    }
    const enum cepa_packet_type *chosen = types[bytes[0] % 5];
    const struct cepa_index_entry *other =
        cepa_index_at(&node->index, bytes[2] % cepa_index_count(&node->index));
    plan.epoch = cepa_calendar_epoch(&node->config.profile.calendar, run.wall);
    plan.content = (struct cepa_packet_content){bytes + 3, len - 3};
    const struct cepa_random random = {sim_random_fill, &world.sim->hosts[0].random};
    if (!plan_hop(&plan, 0, &node->own.identity.node, chosen[0]) ||
        (chosen[1] != 0 && !plan_hop(&plan, 1, &other->node, chosen[1])) ||
        cepa_packet_build(packet, NULL, &plan, &random, &world.workspace, 0) != 0) {
        return;
    }
    run.packet++;
    for (uint8_t i = 0; i < CEPA_PACKET_PARTS; i++) {
        uint8_t frame[CEPA_FRAME_SIZE] = {0};
        const struct cepa_frame_packet_part part = {
            (uint32_t)(bytes[1] & 0x80) << 24 | (bytes[1] & 0x7f), run.packet, i,
            packet + (size_t)i * CEPA_PACKET_PART_SIZE};
        cepa_frame_packet_part_encode(frame + 8, &part);
        give_sealed(which, frame);
    }
}

/* What drivers say of carriers. */
static void tell_fact(uint8_t which, const uint8_t *bytes, size_t len)
{
    uint64_t carrier = which < world.peers_len ? world.peers[which].carrier
                                               : CEPA_NODE_CARRIER_ACCEPTED | (1000 + which % 8);
    struct cepa_carrier_facts facts = {.kind = CEPA_CARRIER_SIM, .binding = {which}};
    facts.remote = (struct cepa_reach){CEPA_FAMILY_IPV4, {9, which}, 9};
    switch (len > 0 ? bytes[0] % 8 : 0) {
    case 0:
        if (run.opened++ < NEW_MAX) {
            cepa_node_on_carrier_open(world.node, carrier, &facts, run.now);
        }
        break;
    case 1:
        cepa_node_on_carrier_closed(world.node, carrier, which & 1 ? CEPA_ERR_TIMEOUT : 0, run.now);
        break;
    case 2:
        cepa_node_on_carrier_silent(world.node, carrier, run.now);
        break;
    case 3:
        cepa_node_on_carrier_alive(world.node, carrier, run.now);
        break;
    case 4:
        cepa_node_on_signal(world.node, world.node->last_carrier, CEPA_SIGNAL_OFFER, bytes, len,
                            run.now);
        break;
    case 5:
        cepa_node_on_carrier_open(world.node, world.node->last_carrier, &facts, run.now);
        break;
    case 6:
        cepa_node_on_carrier_closed(world.node, world.node->last_carrier, CEPA_ERR_UNREACHABLE,
                                    run.now);
        break;
    default:
        cepa_node_on_moved(world.node, run.now);
        break;
    }
    drain();
}

static void command(uint8_t which, const uint8_t *bytes, size_t len)
{
    const struct cepa_node_circuit_request request = {.hops_len = (uint8_t)(1 + which % 3),
                                                      .is_fresh = (which & 8) != 0,
                                                      .is_triggered = (which & 16) != 0};
    int error = 0;
    switch (which % 4) {
    case 0:
        error = cepa_node_circuit_open(world.node, &run.circuit, &request, run.now);
        break;
    case 1:
        error =
            cepa_node_circuit_send(world.node, run.circuit, bytes,
                                   len < CEPA_CELL_DATA_MAX ? len : CEPA_CELL_DATA_MAX, run.now);
        break;
    case 2:
        cepa_node_circuit_consumed(world.node, run.circuit, (uint32_t)len, run.now);
        break;
    default:
        error = cepa_node_circuit_close(world.node, run.circuit, run.now);
        break;
    }
    (void)error;
    drain();
}

static void step(uint64_t ms)
{
    run.now = cepa_time_add(run.now, ms * CEPA_MILLISECOND_NS);
    run.wall = cepa_wall_add(run.wall, ms);
    cepa_node_step(world.node, run.now, run.wall);
    drain();
}

static void act(uint8_t what, uint8_t which, const uint8_t *bytes, size_t len)
{
    uint8_t frame[CEPA_FRAME_SIZE + 8];
    size_t peer = which % world.peers_len;
    switch (what % 8) {
    case 0:
        step(len >= 2 ? (uint64_t)bytes[0] << 8 | bytes[1] : which);
        break;
    case 1:
        tell_fact(which, bytes, len);
        break;
    case 2:
        command(which, bytes, len);
        break;
    case 3:
        say_packet(peer, bytes, len);
        break;
    case 4: /* as it is, to a peer's carrier or a stranger's */
        len = len < sizeof frame ? len : sizeof frame;
        memcpy(frame, bytes, len);
        cepa_node_on_carrier_frame(world.node,
                                   which < world.peers_len
                                       ? world.peers[which].carrier
                                       : CEPA_NODE_CARRIER_ACCEPTED | (1000 + which % 8),
                                   frame, len, run.now);
        drain();
        break;
    case 5:
        say_frame(peer, bytes, len);
        break;
    default:
        say_message(peer, bytes, len);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len)
{
    begin();
    for (size_t at = 0, steps = 0; at + 4 <= data_len && steps < STEPS_MAX; steps++) {
        size_t len = (size_t)data[at + 2] << 8 | data[at + 3];
        const uint8_t *bytes = data + at + 4;
        len = len < data_len - at - 4 ? len : data_len - at - 4;
        act(data[at], data[at + 1], bytes, len);
        at += 4 + len;
    }
    return 0;
}
