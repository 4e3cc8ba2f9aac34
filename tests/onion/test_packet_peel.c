/* Building and peeling together: every path length and command, every bit of a header, every byte
 * of a payload, every public error, the order of the steps. */
#include "onion/packet_peel.h"

#include <string.h>

#include "onion/packet_build.h"
#include "support/forge.h"
#include "support/relays.h"
#include "support/test.h"

static struct test_relays *relays;

static void setup(void)
{
    if (relays == NULL) {
        relays = test_relays_new(64, 1);
    }
    for (size_t i = 0; i < CEPA_PACKET_HOPS_MAX; i++) {
        test_relay_restart(relays, i, TEST_EPOCH);
    }
}

static const struct {
    enum cepa_packet_type middle, last;
} kinds[] = {
    {CEPA_PACKET_FORWARD, CEPA_PACKET_DELIVER},
    {CEPA_PACKET_FORWARD, CEPA_PACKET_DROP},
    {CEPA_PACKET_CREATE, CEPA_PACKET_CREATE_LAST},
    {CEPA_PACKET_EXTEND, CEPA_PACKET_CREATE_LAST},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

/* A plan of one kind: an EXTEND comes first and is followed by CREATE. */
static struct cepa_packet_plan plan_of(size_t kind, size_t hops_len, size_t content_len)
{
    struct cepa_packet_plan plan =
        test_relays_plan(relays, hops_len, kinds[kind].last, content_len);
    for (size_t i = 0; i + 1 < hops_len; i++) {
        plan.types[i] = kinds[kind].middle;
        if (kinds[kind].middle == CEPA_PACKET_EXTEND && i > 0) {
            plan.types[i] = CEPA_PACKET_CREATE;
        }
        if (cepa_packet_type_may_delay(plan.types[i])) {
            plan.hops[i].delay_ms = (uint16_t)(10000 - i);
        }
    }
    return plan;
}

static int peel_from(size_t which, struct cepa_packet_peeled *ret_peeled,
                     enum cepa_packet_source source)
{
    struct test_relay *relay = &relays->relay[which];
    return cepa_packet_peel(ret_peeled, relays->packet, sizeof relays->packet, &relay->keys,
                            &relay->share, source, &relays->peel, relays->cpu);
}

static void check_hop(const struct cepa_packet_plan *plan, size_t i)
{
    static const struct cepa_circuit_seed no_seed;
    struct cepa_packet_peeled peeled;
    enum cepa_packet_type type = plan->types[i];
    bool is_last = i + 1 == plan->hops_len;
    bool creates = type == CEPA_PACKET_CREATE || type == CEPA_PACKET_CREATE_LAST;
    bool is_from_circuit = type == CEPA_PACKET_EXTEND;
    memset(&peeled, 0xee, sizeof peeled);
    CHECK_INT(
        peel_from(i, &peeled, is_from_circuit ? CEPA_PACKET_FROM_CIRCUIT : CEPA_PACKET_FROM_LINK),
        0);
    CHECK_INT(peeled.type, type);
    CHECK_INT(peeled.delay_ms, plan->hops[i].delay_ms);
    CHECK_BYTES(&peeled.circuit, creates ? &relays->seeds_made.of_hop[i] : &no_seed,
                sizeof peeled.circuit);
    CHECK(creates == (memcmp(&relays->seeds_made.of_hop[i], &no_seed, sizeof no_seed) != 0));
    if (!is_last) {
        CHECK_BYTES(&peeled.next, &relays->relay[i + 1].node, sizeof peeled.next);
        CHECK(peeled.content.data == NULL && peeled.content.data_len == 0);
    } else {
        size_t content_len = type == CEPA_PACKET_DROP ? 0 : plan->content.data_len;
        CHECK_BYTES(&peeled.recipient, &plan->recipient, sizeof peeled.recipient);
        CHECK_INT(peeled.content.data_len, content_len);
        CHECK_BYTES(peeled.content.data, plan->content.data, content_len);
    }
}

TEST(all_path_lengths_with_all_commands_arrive)
{
    static const size_t lengths[] = {0, 1, 1000, CEPA_PACKET_CONTENT_MAX - 1,
                                     CEPA_PACKET_CONTENT_MAX};
    setup();
    for (size_t kind = 0; kind < KINDS; kind++) {
        for (size_t hops_len = 1; hops_len <= CEPA_PACKET_HOPS_MAX; hops_len++) {
            struct cepa_packet_plan plan = plan_of(kind, hops_len, lengths[hops_len - 1]);
            test_relays_build(relays, &plan);
            for (size_t i = 0; i < hops_len; i++) {
                check_hop(&plan, i);
            }
        }
    }
}

/* Restores what a peel has changed, so that one packet serves many tries. */
struct snapshot {
    uint8_t packet[CEPA_PACKET_SIZE];
    struct cepa_onion_keys keys;
    struct cepa_onion_share share;
    uint8_t memory[1 << 12];
};

static void take(struct snapshot *snapshot, size_t which)
{
    const struct test_relay *relay = &relays->relay[which];
    size_t memory_len = cepa_onion_keys_size(&relay->keys.limits);
    CHECK(memory_len <= sizeof snapshot->memory);
    memcpy(snapshot->packet, relays->packet, sizeof snapshot->packet);
    memcpy(snapshot->memory, relay->memory, memory_len);
    snapshot->keys = relay->keys;
    snapshot->share = relay->share;
}

static void restore(const struct snapshot *snapshot, size_t which)
{
    struct test_relay *relay = &relays->relay[which];
    memcpy(relays->packet, snapshot->packet, sizeof snapshot->packet);
    memcpy(relay->memory, snapshot->memory, cepa_onion_keys_size(&relay->keys.limits));
    relay->keys = snapshot->keys;
    relay->share = snapshot->share;
}

static bool is_relay_unchanged(const struct snapshot *snapshot, size_t which)
{
    const struct test_relay *relay = &relays->relay[which];
    size_t memory_len = cepa_onion_keys_size(&relay->keys.limits);
    return memcmp(&relay->keys, &snapshot->keys, sizeof relay->keys) == 0 &&
           memcmp(relay->memory, snapshot->memory, memory_len) == 0;
}

static bool is_packet_wiped(void)
{
    static const uint8_t zeros[CEPA_PACKET_SIZE];
    return memcmp(relays->packet, zeros, sizeof zeros) == 0;
}

TEST(every_bit_of_a_header_flipped_is_dropped_and_changes_nothing)
{
    static struct snapshot good;
    struct cepa_packet_peeled peeled, before;
    setup();
    struct cepa_packet_plan plan = test_relays_plan(relays, 5, CEPA_PACKET_DELIVER, 100);
    test_relays_build(relays, &plan);
    take(&good, 0);
    memset(&peeled, 0xee, sizeof peeled);
    before = peeled;
    for (size_t bit = 0; bit < 8 * (size_t)CEPA_PACKET_HEADER_SIZE; bit++) {
        memcpy(relays->packet, good.packet, sizeof good.packet);
        relays->packet[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        int want = bit < 16   ? CEPA_ERR_VERSION
                   : bit < 24 ? CEPA_ERR_EPOCH
                   : bit < 32 ? CEPA_ERR_MALFORMED
                              : CEPA_ERR_DROPPED;
        CHECK_INT(test_relays_peel(relays, 0, &peeled), want);
        CHECK(memcmp(&peeled, &before, sizeof peeled) == 0);
        CHECK(is_relay_unchanged(&good, 0));
        CHECK(is_packet_wiped() == (want == CEPA_ERR_DROPPED));
    }
    memcpy(relays->packet, good.packet, sizeof good.packet);
    CHECK_INT(test_relays_peel(relays, 0, &peeled), 0);
}

/* A changed payload is dropped by the next hop, wherever on the path that is. */
TEST(every_byte_of_a_payload_changed_is_dropped_at_the_next_hop)
{
    static struct snapshot good;
    struct cepa_packet_peeled peeled;
    setup();
    for (size_t hop = 0; hop < 5; hop++) {
        struct cepa_packet_plan plan = test_relays_plan(relays, 5, CEPA_PACKET_DELIVER, 100);
        test_relays_build(relays, &plan);
        for (size_t i = 0; i < hop; i++) {
            CHECK_INT(test_relays_peel(relays, i, &peeled), 0);
        }
        take(&good, hop);
        for (size_t at = CEPA_PACKET_HEADER_SIZE + hop; at < CEPA_PACKET_SIZE; at += 5) {
            restore(&good, hop);
            relays->packet[at] ^= (uint8_t)(1u << (at / 5 % 8));
            CHECK_INT(test_relays_peel(relays, hop, &peeled), CEPA_ERR_DROPPED);
            CHECK(is_packet_wiped());
        }
        restore(&good, hop);
        CHECK_INT(test_relays_peel(relays, hop, &peeled), 0);
    }
}

TEST(a_bad_payload_leaves_its_tag_and_a_bad_header_does_not)
{
    static struct snapshot good;
    struct cepa_packet_peeled peeled;
    setup();
    struct cepa_packet_plan plan = test_relays_plan(relays, 2, CEPA_PACKET_DELIVER, 100);
    test_relays_build(relays, &plan);
    take(&good, 0);
    relays->packet[CEPA_PACKET_HEADER_SIZE - 1] ^= 1;
    CHECK_INT(test_relays_peel(relays, 0, &peeled), CEPA_ERR_DROPPED);
    CHECK(is_relay_unchanged(&good, 0));
    memcpy(relays->packet, good.packet, sizeof good.packet);
    relays->packet[CEPA_PACKET_SIZE - 1] ^= 1;
    CHECK_INT(test_relays_peel(relays, 0, &peeled), CEPA_ERR_DROPPED);
    CHECK(!is_relay_unchanged(&good, 0));
    memcpy(relays->packet, good.packet, sizeof good.packet);
    CHECK_INT(test_relays_peel(relays, 0, &peeled), CEPA_ERR_DROPPED);
    restore(&good, 0);
    CHECK_INT(test_relays_peel(relays, 0, &peeled), 0);
}

TEST(a_replay_is_dropped_and_changes_nothing)
{
    static struct snapshot good, after;
    struct cepa_packet_peeled peeled;
    setup();
    struct cepa_packet_plan plan = test_relays_plan(relays, 2, CEPA_PACKET_DELIVER, 100);
    test_relays_build(relays, &plan);
    take(&good, 0);
    CHECK_INT(test_relays_peel(relays, 0, &peeled), 0);
    take(&after, 0);
    memcpy(relays->packet, good.packet, sizeof good.packet);
    CHECK_INT(test_relays_peel(relays, 0, &peeled), CEPA_ERR_DROPPED);
    CHECK(is_packet_wiped() && is_relay_unchanged(&after, 0));
}

TEST(public_facts_have_their_own_errors_and_leave_the_packet)
{
    static struct snapshot good;
    static uint8_t longer[2 * CEPA_PACKET_SIZE];
    static const size_t lengths[] = {0,     1,     4,     1140,  CEPA_PACKET_SIZE - 1,
                                     16385, 16640, 32768, 24576, 8192};
    struct cepa_packet_peeled peeled;
    setup();
    struct test_relay *relay = &relays->relay[0];
    struct cepa_packet_plan plan = test_relays_plan(relays, 1, CEPA_PACKET_DELIVER, 100);
    test_relays_build(relays, &plan);
    take(&good, 0);
    memcpy(longer, relays->packet, sizeof relays->packet);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        CHECK_INT(cepa_packet_peel(&peeled, longer, lengths[i], &relay->keys, &relay->share,
                                   CEPA_PACKET_FROM_LINK, &relays->peel, relays->cpu),
                  CEPA_ERR_LENGTH);
        CHECK(memcmp(longer, good.packet, sizeof good.packet) == 0);
    }
    for (int at = 0; at < CEPA_PACKET_PREFIX_SIZE; at++) {
        static const int want[] = {CEPA_ERR_VERSION, CEPA_ERR_VERSION, CEPA_ERR_EPOCH,
                                   CEPA_ERR_MALFORMED};
        for (int value = 0; value < 256; value++) {
            memcpy(relays->packet, good.packet, sizeof good.packet);
            relays->packet[at] = (uint8_t)value;
            if (value != good.packet[at]) {
                CHECK_INT(test_relays_peel(relays, 0, &peeled), want[at]);
                CHECK(memcmp(relays->packet + 4, good.packet + 4, sizeof good.packet - 4) == 0);
                CHECK(is_relay_unchanged(&good, 0));
            }
        }
    }
}

TEST(a_packet_for_a_live_epoch_is_opened_with_that_epochs_key_only)
{
    struct cepa_packet_peeled peeled;
    setup();
    struct cepa_packet_plan plan = test_relays_plan(relays, 1, CEPA_PACKET_DELIVER, 100);
    struct cepa_xwing_public_key old_key = relays->relay[0].public_key;
    plan.hops[0].key = &old_key;
    test_relay_rotate(relays, 0, TEST_EPOCH + 1);
    test_relays_build(relays, &plan);
    CHECK_INT(test_relays_peel(relays, 0, &peeled), 0);
    /* The prefix of one epoch with the key of the other, both ways. */
    plan.epoch.number = TEST_EPOCH + 1;
    test_relays_build(relays, &plan);
    CHECK_INT(test_relays_peel(relays, 0, &peeled), CEPA_ERR_DROPPED);
    plan.hops[0].key = &relays->relay[0].public_key;
    plan.hops[0].key_id = relays->relay[0].key_id;
    plan.epoch.number = TEST_EPOCH;
    test_relays_build(relays, &plan);
    CHECK_INT(test_relays_peel(relays, 0, &peeled), CEPA_ERR_DROPPED);
    /* Over. */
    plan.hops[0].key = &old_key;
    test_relay_rotate(relays, 0, TEST_EPOCH + 2);
    test_relays_build(relays, &plan);
    CHECK_INT(test_relays_peel(relays, 0, &peeled), CEPA_ERR_EPOCH);
}

/* The points of low order, little-endian, high bit clear. @[RFC7748 6.1] */
static const uint8_t low_order_points[][32] = {
    {0},
    {1},
    {0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3,
     0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32,
     0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00},
    {0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1,
     0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c,
     0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57},
};

TEST(a_low_order_point_is_dropped_even_if_gamma_fits)
{
    static struct snapshot good;
    struct cepa_packet_peeled peeled;
    setup();
    struct cepa_packet_plan plan = test_relays_plan(relays, 1, CEPA_PACKET_DELIVER, 100);
    test_relays_build(relays, &plan);
    take(&good, 0);
    for (size_t i = 0; i < sizeof low_order_points / sizeof low_order_points[0]; i++) {
        const struct cepa_onion_key *key =
            cepa_onion_keys_find(&relays->relay[0].keys, (uint8_t)TEST_EPOCH);
        uint8_t *alpha = relays->packet + CEPA_PACKET_ALPHA_OFFSET;
        struct cepa_xwing_ciphertext ciphertext;
        struct cepa_xwing_secret secret;
        struct cepa_packet_keys keys;
        memcpy(relays->packet, good.packet, sizeof good.packet);
        memcpy(alpha + 1088, low_order_points[i], 32);
        memcpy(&ciphertext, alpha, sizeof ciphertext);
        /* What a sender can compute who knows the other half of the shared secret. */
        CHECK_INT(cepa_xwing_decapsulate(&secret, &key->key, &ciphertext, &relays->peel.xwing,
                                         relays->cpu),
                  CEPA_ERR_LOW_ORDER_POINT);
        cepa_packet_keys_derive(&keys, &secret, &key->id, relays->packet);
        test_forge_close(relays, &keys);
        CHECK_INT(test_relays_peel(relays, 0, &peeled), CEPA_ERR_DROPPED);
        CHECK(is_packet_wiped() && is_relay_unchanged(&good, 0));
    }
}

/* One change to the command that relay 0 finds; payload MAC and gamma are right again. */
static int peel_changed(const struct snapshot *good, size_t at, uint8_t value,
                        enum cepa_packet_source source)
{
    struct cepa_packet_peeled peeled;
    struct cepa_packet_keys keys;
    restore(good, 0);
    test_forge_open(relays, 0, &keys);
    relays->packet[CEPA_PACKET_BETA_OFFSET + at] = value;
    test_forge_close(relays, &keys);
    return peel_from(0, &peeled, source);
}

TEST(unknown_types_and_types_from_the_wrong_side_are_dropped)
{
    static struct snapshot good;
    setup();
    struct cepa_packet_plan plan = test_relays_plan(relays, 1, CEPA_PACKET_DELIVER, 0);
    test_relays_build(relays, &plan);
    take(&good, 0);
    for (int type = 0; type < 256; type++) {
        bool is_link = type >= 1 && type <= 8 && type != CEPA_PACKET_EXTEND;
        bool is_reply = type == CEPA_PACKET_REPLY || type == CEPA_PACKET_REPLY_LAST;
        /* The packet has a payload MAC, which a reply must not have. */
        CHECK_INT(peel_changed(&good, 0, (uint8_t)type, CEPA_PACKET_FROM_LINK),
                  is_link && !is_reply ? 0 : CEPA_ERR_DROPPED);
        CHECK(is_packet_wiped() == (!is_link || is_reply));
        CHECK_INT(peel_changed(&good, 0, (uint8_t)type, CEPA_PACKET_FROM_CIRCUIT),
                  type == CEPA_PACKET_EXTEND ? 0 : CEPA_ERR_DROPPED);
    }
}

TEST(flags_and_delays_out_of_range_are_dropped)
{
    static struct snapshot good;
    setup();
    struct cepa_packet_plan plan = test_relays_plan(relays, 2, CEPA_PACKET_DELIVER, 0);
    plan.hops[0].delay_ms = 10000; /* 0x2710 */
    test_relays_build(relays, &plan);
    take(&good, 0);
    CHECK_INT(peel_changed(&good, 3, 0x10, CEPA_PACKET_FROM_LINK), 0);
    CHECK_INT(peel_changed(&good, 3, 0x11, CEPA_PACKET_FROM_LINK), CEPA_ERR_DROPPED);
    CHECK_INT(peel_changed(&good, 2, 0x28, CEPA_PACKET_FROM_LINK), CEPA_ERR_DROPPED);
    CHECK_INT(peel_changed(&good, 2, 0xff, CEPA_PACKET_FROM_LINK), CEPA_ERR_DROPPED);
    for (int flags = 1; flags < 256; flags++) {
        CHECK_INT(peel_changed(&good, 1, (uint8_t)flags, CEPA_PACKET_FROM_LINK), CEPA_ERR_DROPPED);
    }
    /* A CREATE may not wait. */
    CHECK_INT(peel_changed(&good, 0, CEPA_PACKET_CREATE, CEPA_PACKET_FROM_LINK), CEPA_ERR_DROPPED);
}

TEST(a_payload_that_says_nothing_is_dropped)
{
    static uint8_t payload[CEPA_PACKET_PAYLOAD_SIZE];
    static const struct {
        size_t at;
        uint8_t value;
        int want;
    } cases[] = {
        {0, 0, 0},
        {0, 1, CEPA_ERR_DROPPED},
        {15, 0x80, CEPA_ERR_DROPPED},
        {16, 0x28, 0},                /* 10,240 bytes of zeros */
        {16, 0x29, CEPA_ERR_DROPPED}, /* 10,496 */
        {16, 0xff, CEPA_ERR_DROPPED},
        {18, 1, CEPA_ERR_DROPPED}, /* behind an empty content */
        {10443, 1, CEPA_ERR_DROPPED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (int last = CEPA_PACKET_DELIVER; last <= CEPA_PACKET_DROP; last++) {
            struct cepa_packet_peeled peeled;
            struct cepa_packet_keys keys;
            if (last == CEPA_PACKET_REPLY_LAST) {
                continue;
            }
            setup();
            struct cepa_packet_plan plan =
                test_relays_plan(relays, 1, (enum cepa_packet_type)last, 0);
            test_relays_build(relays, &plan);
            test_forge_open(relays, 0, &keys);
            payload[cases[i].at] = cases[i].value;
            test_forge_payload(relays, &keys, payload);
            payload[cases[i].at] = 0;
            test_forge_close(relays, &keys);
            /* A cover packet is discarded unread. */
            CHECK_INT(test_relays_peel(relays, 0, &peeled),
                      last == CEPA_PACKET_DROP ? 0 : cases[i].want);
        }
    }
}

TEST(a_full_cache_and_a_full_share_drop_and_evict_nothing)
{
    struct cepa_packet_peeled peeled;
    uint8_t before[32], after[32];
    setup();
    struct test_relay *relay = &relays->relay[0];
    struct cepa_packet_plan plan = test_relays_plan(relays, 1, CEPA_PACKET_DELIVER, 0);
    for (int round = 0; round < 2; round++) {
        struct cepa_replay_limits limits = {round == 0 ? 4 : 64, 4};
        CHECK_INT(cepa_onion_keys_init(&relay->keys, relay->memory, cepa_onion_keys_size(&limits),
                                       &limits),
                  0);
        test_relay_rotate(relays, 0, TEST_EPOCH);
        memset(&relay->share, 0, sizeof relay->share);
        plan.hops[0].key_id = relay->key_id;
        for (int i = 0; i < 4; i++) {
            test_relays_build(relays, &plan);
            CHECK_INT(test_relays_peel(relays, 0, &peeled), 0);
        }
        test_relay_digest(relay, before);
        for (int i = 0; i < 4; i++) {
            test_relays_build(relays, &plan);
            CHECK_INT(test_relays_peel(relays, 0, &peeled), CEPA_ERR_DROPPED);
        }
        test_relay_digest(relay, after);
        CHECK_BYTES(after, before, sizeof before);
        memset(&relay->share, 0, sizeof relay->share); /* another link */
        test_relays_build(relays, &plan);
        CHECK_INT(test_relays_peel(relays, 0, &peeled), round == 0 ? CEPA_ERR_DROPPED : 0);
    }
    test_relays_free(relays);
    relays = NULL;
}

TEST(the_workspace_holds_no_key_afterwards)
{
    static const struct cepa_packet_keys no_keys;
    static const struct cepa_xwing_secret no_secret;
    static const struct cepa_hpolyc_key no_payload;
    struct cepa_packet_peeled peeled;
    setup();
    struct cepa_packet_plan plan = test_relays_plan(relays, 2, CEPA_PACKET_DELIVER, 0);
    for (int round = 0; round < 2; round++) {
        test_relays_build(relays, &plan);
        relays->packet[round * 2000] ^= (uint8_t)round;
        CHECK_INT(test_relays_peel(relays, 0, &peeled), round == 0 ? 0 : CEPA_ERR_DROPPED);
        CHECK(memcmp(&relays->peel.keys, &no_keys, sizeof no_keys) == 0);
        CHECK(memcmp(&relays->peel.secret, &no_secret, sizeof no_secret) == 0);
        CHECK(memcmp(&relays->peel.payload, &no_payload, sizeof no_payload) == 0);
    }
}

TEST_MAIN(RUN(all_path_lengths_with_all_commands_arrive),
          RUN(every_bit_of_a_header_flipped_is_dropped_and_changes_nothing),
          RUN(every_byte_of_a_payload_changed_is_dropped_at_the_next_hop),
          RUN(a_bad_payload_leaves_its_tag_and_a_bad_header_does_not),
          RUN(a_replay_is_dropped_and_changes_nothing),
          RUN(public_facts_have_their_own_errors_and_leave_the_packet),
          RUN(a_packet_for_a_live_epoch_is_opened_with_that_epochs_key_only),
          RUN(a_low_order_point_is_dropped_even_if_gamma_fits),
          RUN(unknown_types_and_types_from_the_wrong_side_are_dropped),
          RUN(flags_and_delays_out_of_range_are_dropped),
          RUN(a_payload_that_says_nothing_is_dropped),
          RUN(a_full_cache_and_a_full_share_drop_and_evict_nothing),
          RUN(the_workspace_holds_no_key_afterwards))
