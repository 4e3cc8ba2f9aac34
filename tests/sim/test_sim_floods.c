/* Ten honest relays and a hostile one, whole nodes with real links: floods from one neighbour. The
 * honest ones keep their circuits and their memory; what a flood costs is bounded, and it is the
 * culprit's budget that is spent. */
#include <string.h>

#include "mesh/mesh_state.h"
#include "support/hostile.h"
#include "support/random.h"
#include "support/test.h"
#include "wire/frame.h"

enum { TRIES = 60 };

static struct hostile_net net;
static struct test_random noise;

/* --- handshakes --------------------------------------------------------------------------------
 */

static uint8_t first[HOSTILE_FRAMES_MAX][CEPA_FRAME_SIZE];
static size_t first_len;

/* 200 dials a second, each with a whole first message that costs a decapsulation. */
static void shake(struct hostile_net *unused)
{
    (void)unused;
    net.count++;
    uint32_t line = hostile_dial_raw(&net);
    for (size_t i = 0; i < first_len; i++) {
        hostile_frame(&net, line, first[i], CEPA_FRAME_SIZE, (40 + i) * CEPA_MILLISECOND_NS);
    }
}

/* A newcomer comes in while it lasts. */
static void check_newcomer(void)
{
    struct sim_host_config client = sim_host_config_client();
    uint32_t host = sim_add(net.sim, &client);
    sim_start(net.sim, host);
    sim_invite(net.sim, net.victim, host);
    uint64_t began_ns = sim_now(net.sim).ns;
    while (!sim_status(net.sim, host).is_joined &&
           sim_now(net.sim).ns - began_ns < 30 * CEPA_SECOND_NS) {
        hostile_run(&net, 100);
    }
    test_note("a newcomer has joined by the victim after %llu ms",
              (unsigned long long)((sim_now(net.sim).ns - began_ns) / CEPA_MILLISECOND_NS));
    CHECK(sim_status(net.sim, host).is_joined);
}

TEST(a_flood_of_handshakes)
{
    hostile_begin(&net, 201, false);
    first_len = hostile_first(&net, first);
    CHECK(first_len > 1 && first_len < HOSTILE_FRAMES_MAX);
    uint64_t before = sim_status(net.sim, net.victim).handshakes_failed;
    uint64_t began_ns = sim_now(net.sim).ns;
    hostile_attack(&net, "handshakes", shake, TRIES);
    uint64_t seconds = (sim_now(net.sim).ns - began_ns) / CEPA_SECOND_NS + 1;
    uint64_t failed = sim_status(net.sim, net.victim).handshakes_failed - before;
    test_note("%llu dials in %llu s, %llu came as far as a link", (unsigned long long)net.dials,
              (unsigned long long)seconds, (unsigned long long)failed);
    net.attack = shake;
    check_newcomer();
    net.attack = NULL;
    /* Only these cost a decapsulation. */
    const struct cepa_node *victim = hostile_node(&net, net.victim);
    CHECK(sim_status(net.sim, net.victim).refused_budget > net.dials / 2);
    CHECK(victim->sources.handshakes.tokens > CEPA_NODE_HANDSHAKES_BURST / 2);
    hostile_end(&net);
}

/* Dials that then say half a sentence, or nothing at all. */
static void dial_and_wait(struct hostile_net *unused)
{
    (void)unused;
    uint32_t line = hostile_dial_raw(&net);
    if (net.count++ % 2 == 0) {
        hostile_frame(&net, line, first[0], CEPA_FRAME_SIZE, 40 * CEPA_MILLISECOND_NS);
    }
}

TEST(handshakes_that_stop_half_way)
{
    hostile_begin(&net, 202, false);
    first_len = hostile_first(&net, first);
    hostile_attack(&net, "half handshakes", dial_and_wait, TRIES);
    net.attack = dial_and_wait;
    check_newcomer();
    const struct cepa_node *victim = hostile_node(&net, net.victim);
    test_note("%u handshakes under way", victim->shared.handshake_pool.count);
    CHECK(victim->shared.handshake_pool.count <= victim->config.limits.handshakes / 2);
    net.attack = NULL;
    hostile_end(&net);
}

static void dial_noise(struct hostile_net *unused)
{
    uint8_t frame[CEPA_FRAME_SIZE];
    (void)unused;
    uint32_t line = hostile_dial_raw(&net);
    for (uint64_t i = 0; i < 3; i++) {
        test_random_bytes(&noise, frame, sizeof frame);
        frame[0] = (uint8_t)(0x80 + net.count++ % 8);
        hostile_frame(&net, line, frame, 1 + test_random_below(&noise, sizeof frame),
                      (40 + i) * CEPA_MILLISECOND_NS);
    }
}

TEST(malformed_handshakes)
{
    hostile_begin(&net, 203, false);
    hostile_attack(&net, "malformed handshakes", dial_noise, TRIES);
    hostile_end(&net);
}

/* --- packets -----------------------------------------------------------------------------------
 */

static void send_packets(struct hostile_net *unused)
{
    static uint8_t packet[CEPA_PACKET_SIZE];
    (void)unused;
    for (int i = 0; i < 3; i++) {
        test_random_bytes(&noise, packet, 64);
        net.count += hostile_send_packet(&net, packet);
    }
}

TEST(a_flood_of_packets)
{
    hostile_begin(&net, 204, true);
    struct cepa_node *victim = hostile_node(&net, net.victim);
    uint64_t dropped = victim->counts.packets_dropped;
    uint64_t limited = victim->table.counts.limited + victim->counts.refused;
    hostile_attack(&net, "packets", send_packets, TRIES);
    dropped = victim->counts.packets_dropped - dropped;
    limited = victim->table.counts.limited + victim->counts.refused - limited;
    test_note("%llu packets sent, %llu dropped, %llu of them unread", (unsigned long long)net.count,
              (unsigned long long)dropped, (unsigned long long)limited);
    CHECK(dropped + 64 >= net.count);
    CHECK(limited > net.count / 4);
    /* The culprit's source has spent what it had; nobody else's has. */
    for (size_t i = 0; i < CEPA_NODE_SOURCES; i++) {
        const struct cepa_node_source *source = &victim->sources.sources[i];
        if (source->is_taken && source->prefix.bytes[1] != 1 + net.culprit) {
            CHECK(source->packets.tokens > CEPA_SOURCE_PACKETS_BURST / 2);
        }
    }
    hostile_end(&net);
}

/* Parts of packets and messages that never become whole. */
static void send_parts(struct hostile_net *unused)
{
    struct cepa_node_link *link = hostile_link(&net);
    uint8_t frame[CEPA_FRAME_SIZE] = {0};
    (void)unused;
    const struct sim_end *end =
        link == NULL ? NULL : sim_end_find(net.sim, net.culprit, link->slots[0].number);
    for (uint64_t i = 0; end != NULL && i < 8; i++) {
        const struct cepa_frame_packet_part packet = {0, (uint8_t)net.count, 1, frame};
        const struct cepa_frame_message_part message = {(uint16_t)net.count, 1, 15, frame, 1056};
        uint8_t sealed[CEPA_FRAME_SIZE] = {0};
        net.count++;
        if (i % 2 == 0) {
            cepa_frame_packet_part_encode(sealed + 8, &packet);
        } else {
            cepa_frame_message_part_encode(sealed + 8, &message);
        }
        if (cepa_link_seal(&link->link.sealer, sealed, sizeof sealed, 0) == 0) {
            hostile_frame(&net, end->line, sealed, sizeof sealed, 10 * CEPA_MILLISECOND_NS + i);
        }
    }
}

TEST(a_flood_of_parts)
{
    hostile_begin(&net, 205, true);
    hostile_attack(&net, "parts", send_parts, TRIES);
    const struct cepa_link_shared *shared = &hostile_node(&net, net.victim)->shared;
    CHECK(shared->buffer_pool.count <= 2 * CEPA_LINK_PARTIAL_MAX + 4);
    hostile_end(&net);
}

/* --- lookups -----------------------------------------------------------------------------------
 */

static void look_up(struct hostile_net *unused)
{
    static uint8_t positions[CEPA_MESH_PULL_MAX * CEPA_MESH_POSITION_SIZE];
    const struct cepa_index *index = &hostile_node(&net, net.victim)->index;
    struct cepa_mesh_item item;
    (void)unused;
    switch (++net.count % 4) {
    case 0:
        for (size_t i = 0; i < CEPA_MESH_PULL_MAX; i++) {
            uint64_t position = cepa_index_at(index, (uint32_t)(i % 6))->position;
            for (size_t j = 0; j < CEPA_MESH_POSITION_SIZE; j++) {
                positions[i * CEPA_MESH_POSITION_SIZE + j] = (uint8_t)(position >> (56 - 8 * j));
            }
        }
        item = hostile_item(CEPA_MESH_ITEM_PULL);
        item.as.pull.table = CEPA_MESH_TABLE_CREDENTIALS;
        item.as.pull.positions = positions;
        item.as.pull.positions_len = CEPA_MESH_PULL_MAX;
        break;
    case 1:
        item = hostile_item(CEPA_MESH_ITEM_PROBE);
        item.as.probe.node = hostile_node(&net, 3)->own.identity.node;
        break;
    case 2:
        item = hostile_item(CEPA_MESH_ITEM_BUCKET_GET);
        item.as.bucket.kind = 1;
        break;
    default:
        item = hostile_item(CEPA_MESH_ITEM_LIST);
        item.as.list.table = CEPA_MESH_TABLE_INDEX;
        item.as.list.last_bucket = 255;
        break;
    }
    for (int i = 0; i < 4; i++) {
        (void)hostile_tell(&net, &item);
    }
}

TEST(a_flood_of_lookups)
{
    struct cepa_mesh_status before;
    struct cepa_mesh_status after;
    hostile_begin(&net, 206, true);
    cepa_mesh_status_get(&before, hostile_node(&net, net.victim)->mesh);
    hostile_attack(&net, "lookups", look_up, TRIES);
    cepa_mesh_status_get(&after, hostile_node(&net, net.victim)->mesh);
    test_note("%llu bytes said to all", (unsigned long long)(after.bytes_out - before.bytes_out));
    CHECK(after.bytes_out - before.bytes_out < 12 * 1024 * 1024);
    hostile_check_paid(&net, true);
    hostile_end(&net);
}

TEST_MAIN(RUN(a_flood_of_handshakes), RUN(handshakes_that_stop_half_way), RUN(malformed_handshakes),
          RUN(a_flood_of_packets), RUN(a_flood_of_parts), RUN(a_flood_of_lookups))
