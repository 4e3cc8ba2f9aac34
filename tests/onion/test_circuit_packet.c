/* Packets and circuits together, as nodes will use them: one packet builds a circuit over real
 * onion keys, the last hop confirms, a hop is lost, and a packet through the circuit's own cells
 * extends what is left. @[SPEC 5.6], @[SPEC 5.8] */
#include <stdlib.h>
#include <string.h>

#include "native/cpu.h"
#include "onion/packet_build.h"
#include "onion/packet_peel.h"
#include "support/circuit_net.h"
#include "support/relays.h"
#include "support/test.h"
#include "wire/part.h"

enum { RELAYS = 6, EPOCH = 1000 };

/* A relay with its onion key, apart from its circuit. */
struct relay {
    struct cepa_onion_keys keys;
    struct cepa_onion_share share;
    struct cepa_onion_key *key;
    uint64_t memory[4096];
};

static struct relay relays[RELAYS];
static struct circuit_net net;
static struct test_source source;
static struct cepa_random random_source;
static struct cepa_packet_build_workspace build_workspace;
static struct cepa_packet_peel_workspace peel_workspace;
static uint8_t packet[CEPA_PACKET_SIZE];
static uint32_t cpu;

static void start_relays(void)
{
    const struct cepa_replay_limits limits = {64, 64};
    const struct cepa_onion_epoch epoch = {EPOCH};
    cpu = cepa_native_cpu();
    random_source = test_source_init(&source, 99);
    for (size_t i = 0; i < RELAYS; i++) {
        struct cepa_xwing_seed seed;
        memset(seed.bytes, (int)(i + 1), sizeof seed.bytes);
        memset(&relays[i], 0, sizeof relays[i]);
        CHECK_INT(cepa_onion_keys_init(&relays[i].keys, relays[i].memory, sizeof relays[i].memory,
                                       &limits),
                  0);
        CHECK_INT(cepa_onion_keys_rotate(&relays[i].keys, epoch, &seed, &peel_workspace.xwing, cpu),
                  0);
        relays[i].key = cepa_onion_keys_find(&relays[i].keys, EPOCH & 255);
        CHECK(relays[i].key != NULL);
    }
}

/* Builds a packet over relays in order; the first one's type may differ from CREATE. */
static void build(struct cepa_packet_circuit_seeds *ret_seeds, const size_t *path, size_t path_len,
                  enum cepa_packet_type first, const char *early)
{
    struct cepa_packet_plan plan;
    memset(&plan, 0, sizeof plan);
    plan.hops_len = path_len;
    plan.epoch.number = EPOCH;
    plan.content.data = (const uint8_t *)early;
    plan.content.data_len = strlen(early);
    for (size_t i = 0; i < path_len; i++) {
        plan.hops[i].key = &relays[path[i]].key->key.public_key;
        plan.hops[i].key_id = relays[path[i]].key->id;
        memset(plan.hops[i].node.bytes, (int)path[i], sizeof plan.hops[i].node.bytes);
        plan.types[i] = i + 1 == path_len ? CEPA_PACKET_CREATE_LAST : CEPA_PACKET_CREATE;
    }
    plan.types[0] = first;
    CHECK_INT(cepa_packet_build(packet, ret_seeds, &plan, &random_source, &build_workspace, cpu),
              0);
}

/* Lets relay `name` peel the packet and make its part of the circuit, as hop `hop`; gives the relay
 * that the packet wants next, or RELAYS at the end. */
static size_t create(size_t name, size_t hop, const char *early)
{
    struct cepa_packet_peeled peeled;
    CHECK_INT(cepa_packet_peel(&peeled, packet, sizeof packet, &relays[name].keys,
                               &relays[name].share, CEPA_PACKET_FROM_LINK, &peel_workspace, cpu),
              0);
    bool is_last = peeled.type == CEPA_PACKET_CREATE_LAST;
    CHECK(is_last || peeled.type == CEPA_PACKET_CREATE);
    cepa_circuit_relay_init(&net.relays[hop], &peeled.circuit, is_last, cpu);
    if (!is_last) {
        return peeled.next.bytes[0];
    }
    CHECK_INT(peeled.content.data_len, strlen(early));
    CHECK_BYTES(peeled.content.data, early, strlen(early));
    return RELAYS;
}

static void confirm(size_t last)
{
    struct net_cell cell;
    CHECK_INT(cepa_circuit_relay_confirm(&net.relays[last], &cell.counter, cell.body, cpu), 0);
    CHECK_INT(net_backward(&net, last, &cell), 0);
    CHECK_INT(net.cell.message.command, CEPA_CELL_CONFIRM);
}

static void build_circuit(const size_t *path, size_t path_len, const char *early)
{
    struct cepa_packet_circuit_seeds seeds;
    memset(&net, 0, sizeof net);
    net.cpu = cpu;
    net.relays_len = path_len;
    build(&seeds, path, path_len, path_len == 1 ? CEPA_PACKET_CREATE_LAST : CEPA_PACKET_CREATE,
          early);
    size_t name = path[0];
    for (size_t hop = 0; hop < path_len; hop++) {
        CHECK_INT(name, path[hop]);
        name = create(name, hop, early);
    }
    CHECK_INT(name, RELAYS);
    cepa_circuit_origin_init(&net.origin, seeds.of_hop, path_len, cpu);
    confirm(path_len - 1);
    CHECK_INT(net.origin.state, CEPA_ORIGIN_OPEN);
}

TEST(one_packet_builds_a_circuit_of_any_length)
{
    static const size_t path[] = {4, 0, 3, 1, 2};
    start_relays();
    for (size_t len = 1; len <= CEPA_CIRCUIT_HOPS_MAX; len++) {
        build_circuit(path, len, "early data");
        for (size_t hop = 0; hop < len; hop++) {
            net_say(&net, hop, "forth");
            net_hear(&net, hop, "back");
        }
    }
}

/* Carries the packet in PACKET_PART cells to `hop`, parts in odd order, and lets it come together
 * there. */
static void send_packet_through(size_t hop)
{
    static uint8_t assembled[CEPA_PACKET_SIZE];
    struct cepa_assembly assembly;
    cepa_assembly_init(&assembly, assembled, sizeof assembled);
    for (unsigned n = 0; n < CEPA_PACKET_PARTS; n++) {
        struct cepa_part part;
        struct net_cell cell;
        uint8_t bytes[CEPA_CELL_DATA_MAX];
        size_t bytes_len;
        size_t at;
        cepa_part_cut(&part, packet, sizeof packet, 5, (n * 7 + 3) % CEPA_PACKET_PARTS);
        cepa_part_encode(bytes, &bytes_len, &part);
        net_seal(&net, &cell, hop, CEPA_CELL_PACKET_PART, bytes, bytes_len);
        CHECK_INT(net_forward(&net, &at, &cell), 0);
        CHECK_INT(at, hop);
        CHECK_INT(net.step.message.command, CEPA_CELL_PACKET_PART);
        CHECK_INT(cepa_part_decode(&part, net.step.message.data, net.step.message.data_len), 0);
        CHECK_INT(cepa_assembly_add(&assembly, &part), n + 1 == CEPA_PACKET_PARTS);
    }
    CHECK_BYTES(assembled, packet, sizeof packet);
    memcpy(packet, assembled, sizeof packet);
}

TEST(a_lost_hop_is_replaced_through_the_circuit_itself)
{
    static const size_t path[] = {0, 1, 2, 3};
    static const size_t detour[] = {1, 4, 5};
    struct cepa_packet_circuit_seeds seeds;
    struct cepa_packet_peeled peeled;
    struct net_cell cell;
    uint32_t actions;
    start_relays();
    build_circuit(path, 4, "");
    net_say(&net, 3, "before");

    /* Relay 2 dies; relay 1 reports it, the origin cuts the circuit. */
    CHECK_INT(cepa_circuit_relay_on(&net.relays[1], &actions, CEPA_RELAY_ON_NEXT_LOST), 0);
    net_originate(&net, &cell, 1, CEPA_CELL_BROKEN, NULL, 0);
    CHECK_INT(net_backward(&net, 1, &cell), 0);
    CHECK_INT(net.origin.state, CEPA_ORIGIN_CUT);

    /* A packet for relay 1 with EXTEND, then for two new relays. */
    build(&seeds, detour, 3, CEPA_PACKET_EXTEND, "found again");
    send_packet_through(1);
    CHECK_INT(cepa_packet_peel(&peeled, packet, sizeof packet, &relays[1].keys, &relays[1].share,
                               CEPA_PACKET_FROM_CIRCUIT, &peel_workspace, cpu),
              0);
    CHECK_INT(peeled.type, CEPA_PACKET_EXTEND);
    CHECK_INT(cepa_circuit_relay_on(&net.relays[1], &actions, CEPA_RELAY_ON_EXTENDED), 0);
    CHECK_INT(peeled.next.bytes[0], 4);
    CHECK_INT(create(4, 2, ""), 5);
    CHECK_INT(create(5, 3, "found again"), RELAYS);
    CHECK_INT(cepa_circuit_origin_extend(&net.origin, &seeds.of_hop[1], 2, cpu), 0);
    confirm(3);
    CHECK_INT(net.origin.state, CEPA_ORIGIN_SALVAGED);
    for (size_t hop = 0; hop < 4; hop++) {
        net_say(&net, hop, "after");
        net_hear(&net, hop, "and back");
    }
}

TEST(a_create_packet_does_not_come_through_a_circuit)
{
    static const size_t path[] = {0, 1, 2};
    struct cepa_packet_circuit_seeds seeds;
    struct cepa_packet_peeled peeled;
    start_relays();
    build_circuit(path, 2, "");
    build(&seeds, path + 1, 2, CEPA_PACKET_CREATE, "");
    send_packet_through(1);
    CHECK_INT(cepa_packet_peel(&peeled, packet, sizeof packet, &relays[1].keys, &relays[1].share,
                               CEPA_PACKET_FROM_CIRCUIT, &peel_workspace, cpu),
              CEPA_ERR_DROPPED);
    build(&seeds, path + 1, 2, CEPA_PACKET_EXTEND, "");
    CHECK_INT(cepa_packet_peel(&peeled, packet, sizeof packet, &relays[1].keys, &relays[1].share,
                               CEPA_PACKET_FROM_LINK, &peel_workspace, cpu),
              CEPA_ERR_DROPPED);
}

TEST_MAIN(RUN(one_packet_builds_a_circuit_of_any_length),
          RUN(a_lost_hop_is_replaced_through_the_circuit_itself),
          RUN(a_create_packet_does_not_come_through_a_circuit))
