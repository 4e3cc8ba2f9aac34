/* Vectors of chapter 4: the keys of a hop, packets of every length with all that goes in and what
 * every hop sees, a reply block there and back. CEPA_WRITE_VECTORS=1 writes
 * docs/spec/vectors/packet.txt anew instead of comparing. */
#include <string.h>

#include "base/endian.h"
#include "onion/packet_build.h"
#include "onion/packet_peel.h"
#include "onion/surb.h"
#include "support/test.h"
#include "support/vector_lines.h"

enum {
    EPOCH = 0x0007a1c5,
    RANDOM_MAX = 5 * CEPA_PACKET_KEM_RANDOM_SIZE + 32 + 32,
    MEMORY_LEN = 2 * 2 * 8 * 8
};

/* A relay with everything about it. */
struct hop {
    struct cepa_xwing_seed seed;
    struct cepa_onion_keys keys;
    struct cepa_onion_share share;
    struct cepa_node_id node;
    struct cepa_xwing_public_key public_key;
    struct cepa_onion_key_id key_id;
    uint64_t memory[MEMORY_LEN / 8];
};

static struct hop hops[CEPA_PACKET_HOPS_MAX];
static struct cepa_packet_build_workspace build_room;
static struct cepa_packet_peel_workspace peel_room;
static struct cepa_surb_workspace surb_room;
static uint8_t packet[CEPA_PACKET_SIZE];
static const struct cepa_onion_epoch epoch = {EPOCH};

/* Bytes that everybody can make: byte i is 7 i + first mod 256, high bits of i added. */
static void pattern(void *ret_bytes, size_t len, unsigned first)
{
    uint8_t *bytes = ret_bytes;
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (uint8_t)(7 * i + first + (i >> 8));
    }
}

/* Randomness that is written down: `bytes` from the start on, each once. */
struct written {
    uint8_t bytes[RANDOM_MAX];
    size_t at;
};

static int fill(void *context, uint8_t *ret_bytes, size_t len)
{
    struct written *written = context;
    CHECK(written->at + len <= sizeof written->bytes);
    memcpy(ret_bytes, written->bytes + written->at, len);
    written->at += len;
    return 0;
}

static struct cepa_random written_random(struct written *written, unsigned first)
{
    struct cepa_random random = {fill, written};
    pattern(written->bytes, sizeof written->bytes, first);
    written->at = 0;
    return random;
}

static void setup(void)
{
    static const struct cepa_replay_limits limits = {8, 8};
    for (unsigned i = 0; i < CEPA_PACKET_HOPS_MAX; i++) {
        struct hop *hop = &hops[i];
        memset(hop, 0, sizeof *hop);
        pattern(&hop->seed, sizeof hop->seed, 1 + i);
        pattern(&hop->node, sizeof hop->node, 100 + i);
        CHECK_INT(cepa_onion_keys_init(&hop->keys, hop->memory, sizeof hop->memory, &limits), 0);
        CHECK_INT(cepa_onion_keys_rotate(&hop->keys, epoch, &hop->seed, &peel_room.xwing, 0), 0);
        hop->public_key = hop->keys.keys[0].key.public_key;
        hop->key_id = hop->keys.keys[0].id;
    }
}

static void put_hop_keys(void)
{
    struct cepa_xwing_secret secret;
    struct cepa_packet_keys keys;
    uint8_t prefix[CEPA_PACKET_PREFIX_SIZE];
    pattern(&secret, sizeof secret, 33);
    cepa_packet_prefix_encode(prefix, EPOCH);
    cepa_packet_keys_derive(&keys, &secret, &hops[0].key_id, prefix);
    vector_lines_text("# The keys of a hop. public_key is that of the X-Wing seed. @[SPEC 4.3]");
    vector_lines_text("");
    vector_lines_bytes("seed", -1, &hops[0].seed, sizeof hops[0].seed);
    vector_lines_bytes("public_key", -1, &hops[0].public_key, sizeof hops[0].public_key);
    vector_lines_bytes("key_id", -1, &hops[0].key_id, sizeof hops[0].key_id);
    vector_lines_bytes("secret", -1, &secret, sizeof secret);
    vector_lines_bytes("prefix", -1, prefix, sizeof prefix);
    vector_lines_bytes("mac", -1, keys.mac, sizeof keys.mac);
    vector_lines_bytes("stream", -1, keys.stream, sizeof keys.stream);
    vector_lines_bytes("payload", -1, keys.payload, sizeof keys.payload);
    vector_lines_bytes("payload_mac", -1, keys.payload_mac, sizeof keys.payload_mac);
    vector_lines_bytes("replay", -1, &keys.replay, sizeof keys.replay);
    vector_lines_bytes("circuit", -1, &keys.circuit, sizeof keys.circuit);
}

static void put_path(const struct cepa_packet_hop *path, size_t hops_len)
{
    vector_lines_number("epoch", -1, EPOCH, 4);
    for (size_t i = 0; i < hops_len; i++) {
        vector_lines_bytes("seed", (int)i, &hops[i].seed, sizeof hops[i].seed);
        vector_lines_bytes("node", (int)i, &hops[i].node, sizeof hops[i].node);
        vector_lines_number("delay", (int)i, path[i].delay_ms, 2);
    }
}

static void plan_hops(struct cepa_packet_hop *ret_hops, size_t hops_len, unsigned delay_ms)
{
    for (size_t i = 0; i < hops_len; i++) {
        bool is_last = i + 1 == hops_len;
        ret_hops[i].key = &hops[i].public_key;
        ret_hops[i].key_id = hops[i].key_id;
        ret_hops[i].node = hops[i].node;
        ret_hops[i].delay_ms = (uint16_t)(is_last ? 0 : delay_ms * (i + 1));
    }
}

/* Lets hop `i` peel, after the packet was written down as it comes to it. */
static struct cepa_packet_peeled peel(size_t i, enum cepa_packet_source source)
{
    struct cepa_packet_peeled peeled;
    vector_lines_digest("packet_digest", (int)i, packet, sizeof packet);
    CHECK_INT(cepa_packet_peel(&peeled, packet, sizeof packet, &hops[i].keys, &hops[i].share,
                               source, &peel_room, 0),
              0);
    return peeled;
}

static const struct {
    enum cepa_packet_type first, middle, last;
    size_t hops_len;
    size_t content_len;
    unsigned delay_ms;
    bool is_whole; /* the packet stands there, not its digest only */
} packets[] = {
    {CEPA_PACKET_FORWARD, CEPA_PACKET_FORWARD, CEPA_PACKET_DELIVER, 1, 0, 0, true},
    {CEPA_PACKET_CREATE, CEPA_PACKET_CREATE, CEPA_PACKET_CREATE_LAST, 2, 5, 0, false},
    {CEPA_PACKET_EXTEND, CEPA_PACKET_CREATE, CEPA_PACKET_CREATE_LAST, 3, 0, 0, false},
    {CEPA_PACKET_FORWARD, CEPA_PACKET_FORWARD, CEPA_PACKET_DROP, 4, 0, 2500, false},
    {CEPA_PACKET_FORWARD, CEPA_PACKET_FORWARD, CEPA_PACKET_DELIVER, 5, 300, 1, false},
};

static void put_packet(size_t which)
{
    static uint8_t content[300];
    size_t hops_len = packets[which].hops_len;
    struct cepa_packet_circuit_seeds seeds;
    struct cepa_packet_plan plan;
    struct written written;
    struct cepa_random random = written_random(&written, (unsigned)which);
    memset(&plan, 0, sizeof plan);
    plan_hops(plan.hops, hops_len, packets[which].delay_ms);
    pattern(content, sizeof content, 77);
    pattern(&plan.recipient, sizeof plan.recipient, 200);
    plan.hops_len = hops_len;
    plan.epoch = epoch;
    plan.content.data = content;
    plan.content.data_len = packets[which].content_len;
    vector_lines_text("");
    put_path(plan.hops, hops_len);
    for (size_t i = 0; i < hops_len; i++) {
        plan.types[i] = i + 1 == hops_len ? packets[which].last
                        : i == 0          ? packets[which].first
                                          : packets[which].middle;
        vector_lines_number("type", (int)i, plan.types[i], 1);
    }
    CHECK_INT(cepa_packet_build(packet, &seeds, &plan, &random, &build_room, 0), 0);
    vector_lines_bytes("recipient", -1, &plan.recipient, sizeof plan.recipient);
    vector_lines_bytes("content", -1, content, plan.content.data_len);
    vector_lines_bytes("random", -1, written.bytes, written.at);
    if (packets[which].is_whole) {
        vector_lines_bytes("packet", -1, packet, sizeof packet);
    }
    for (size_t i = 0; i < hops_len; i++) {
        bool is_extend = plan.types[i] == CEPA_PACKET_EXTEND;
        struct cepa_packet_peeled peeled =
            peel(i, is_extend ? CEPA_PACKET_FROM_CIRCUIT : CEPA_PACKET_FROM_LINK);
        CHECK_INT(peeled.type, plan.types[i]);
        vector_lines_bytes("circuit", (int)i, &seeds.of_hop[i], sizeof seeds.of_hop[i]);
        CHECK_BYTES(&peeled.circuit, &seeds.of_hop[i], sizeof peeled.circuit);
    }
}

static void put_surb(size_t hops_len)
{
    static uint8_t surb[CEPA_SURB_SIZE];
    static uint8_t content[40];
    struct cepa_surb_secret secret;
    struct cepa_surb_plan plan;
    struct cepa_packet_content reply = {content, sizeof content};
    struct cepa_node_id first;
    struct written written;
    struct cepa_random random = written_random(&written, 50 + (unsigned)hops_len);
    memset(&plan, 0, sizeof plan);
    plan_hops(plan.hops, hops_len, 10);
    pattern(content, sizeof content, 78);
    pattern(&plan.recipient, sizeof plan.recipient, 201);
    plan.hops_len = hops_len;
    plan.epoch = epoch;
    vector_lines_text("");
    put_path(plan.hops, hops_len);
    CHECK_INT(cepa_surb_create(surb, &secret, &plan, &random, &surb_room, 0), 0);
    CHECK_INT(cepa_surb_use(packet, &first, surb, sizeof surb, &reply, 0), 0);
    vector_lines_bytes("recipient", -1, &plan.recipient, sizeof plan.recipient);
    vector_lines_bytes("random", -1, written.bytes, written.at);
    vector_lines_bytes("surb", -1, surb, sizeof surb);
    vector_lines_bytes("reply", -1, content, sizeof content);
    for (size_t i = 0; i < hops_len; i++) {
        (void)peel(i, CEPA_PACKET_FROM_LINK);
    }
    uint8_t *delta = packet + CEPA_PACKET_HEADER_SIZE;
    vector_lines_digest("delta_digest", -1, delta, CEPA_PACKET_PAYLOAD_SIZE);
    CHECK_INT(cepa_surb_open(&reply, delta, CEPA_PACKET_PAYLOAD_SIZE, &secret, 0), 0);
    CHECK(reply.data_len == sizeof content && memcmp(reply.data, content, sizeof content) == 0);
}

TEST(packet_vectors_hold)
{
    setup();
    vector_lines_open("packet.txt");
    put_hop_keys();
    vector_lines_text("");
    vector_lines_text(
        "# Packets. seed_0 is the X-Wing seed of the first hop's onion key, and so on.");
    vector_lines_text(
        "# random: 64 bytes for each hop, then the filler key. packet_digest_0 is the");
    vector_lines_text(
        "# BLAKE2b-256 of the packet as it comes to the first hop, and so on. circuit_0 is");
    vector_lines_text(
        "# the seed of a circuit, zeros if the hop creates none. @[SPEC 4.4] @[SPEC 4.5]");
    for (size_t i = 0; i < sizeof packets / sizeof packets[0]; i++) {
        put_packet(i);
    }
    vector_lines_text("");
    vector_lines_text(
        "# Single-use reply blocks. random: the key of the block, then as for packets.");
    vector_lines_text(
        "# delta_digest is that of the payload that the last hop hands out. @[SPEC 4.7]");
    put_surb(1);
    put_surb(4);
    vector_lines_close();
}

TEST_MAIN(RUN(packet_vectors_hold))
