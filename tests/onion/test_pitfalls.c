/* The mistakes that were made before by others, each with a test that would find it here. Most
 * have a test of their own elsewhere that goes further; here each is shown by the shortest case.
 * The numbers are those of the list in the security considerations. @[SPEC 9] */
#include <string.h>

#include "crypto/kdf.h"
#include "crypto/seed_chain.h"
#include "native/host.h"
#include "support/chance.h"
#include "support/circuit_net.h"
#include "support/forge.h"
#include "support/test.h"

static struct test_relays *relays;
static uint8_t good[CEPA_PACKET_SIZE];

static void setup(void)
{
    if (relays == NULL) {
        relays = test_relays_new(64, 21);
    }
    for (size_t i = 0; i < CEPA_PACKET_HOPS_MAX; i++) {
        test_relay_restart(relays, i, TEST_EPOCH);
    }
    relays->random = test_source_init(&relays->source, 21);
}

static void build(size_t hops_len, enum cepa_packet_type last)
{
    struct cepa_packet_plan plan = test_relays_plan(relays, hops_len, last, 100);
    test_relays_build(relays, &plan);
    memcpy(good, relays->packet, sizeof good);
}

static bool is_packet_wiped(void)
{
    static const uint8_t zeros[CEPA_PACKET_SIZE];
    return memcmp(relays->packet, zeros, sizeof zeros) == 0;
}

/* 1: with zero padding the last hop counts the hops before it. @[BREAKSPHINX] */
TEST(pitfall_01_the_last_hop_sees_no_padding)
{
    for (size_t hops_len = 1; hops_len <= 5; hops_len++) {
        struct cepa_packet_peeled peeled;
        struct cepa_packet_keys keys;
        setup();
        build(hops_len, CEPA_PACKET_DELIVER);
        for (size_t i = 0; i + 1 < hops_len; i++) {
            CHECK_INT(test_relays_peel(relays, i, &peeled), 0);
        }
        test_forge_open(relays, hops_len - 1, &keys);
        const uint8_t *rest = relays->packet + CEPA_PACKET_BETA_OFFSET + CEPA_PACKET_COMMAND_SIZE;
        size_t rest_len = CEPA_PACKET_BETA_SIZE - CEPA_PACKET_COMMAND_SIZE;
        for (int value = 0; value < 256; value++) {
            CHECK(chance_longest_run(rest, rest_len, (uint8_t)value) < 6);
        }
    }
}

/* 2: cells without integrity can be marked at one hop and found at another. @[HORNET] */
TEST(pitfall_02_a_marked_cell_is_noise_everywhere)
{
    static struct circuit_net net;
    struct net_cell cell;
    size_t hop;
    net_init(&net, 1, 4, 0);
    net_seal(&net, &cell, 3, CEPA_CELL_DATA, "data", 4);
    cell.body[CEPA_CELL_BODY_SIZE - 1] ^= 1;
    CHECK_INT(net_forward(&net, &hop, &cell), CEPA_ERR_AUTHENTICATION);
    CHECK_INT(hop, 3);
    net_originate(&net, &cell, 3, CEPA_CELL_DATA, "data", 4);
    cell.body[CEPA_CELL_BODY_SIZE - 1] ^= 1;
    CHECK_INT(net_backward(&net, 3, &cell), CEPA_ERR_AUTHENTICATION);
}

/* 3: random bytes in the place of a ciphertext are recognised. Here all that stands in such a
 * place opens at its hop, also in cover packets (their statistics: test_cover.c). */
TEST(pitfall_03_every_ciphertext_of_a_cover_packet_is_a_real_one)
{
    struct cepa_packet_peeled peeled;
    setup();
    build(5, CEPA_PACKET_DROP);
    for (size_t i = 0; i < 5; i++) {
        CHECK_INT(test_relays_peel(relays, i, &peeled), 0);
        CHECK_INT(peeled.type, i < 4 ? CEPA_PACKET_FORWARD : CEPA_PACKET_DROP);
    }
}

/* 4: a tag that is stored before the authenticator is checked fills the cache; one that is taken
 * from the encoding lets another encoding of the same ciphertext pass. */
TEST(pitfall_04_the_tag_comes_after_the_authenticator_and_from_the_secret)
{
    struct cepa_packet_peeled peeled;
    struct cepa_packet_keys keys, other_keys;
    uint8_t before[32], after[32];
    setup();
    build(1, CEPA_PACKET_DELIVER);
    test_forge_keys(relays, 0, &keys);
    for (size_t i = 0; i < 200; i++) {
        memcpy(relays->packet, good, sizeof good);
        relays->packet[CEPA_PACKET_ALPHA_OFFSET + i] ^= 0x40;
        CHECK_INT(test_relays_peel(relays, 0, &peeled), CEPA_ERR_DROPPED);
        test_relay_digest(&relays->relay[0], i == 0 ? before : after);
        CHECK(i == 0 || memcmp(before, after, sizeof before) == 0);
    }
    CHECK_INT(relays->relay[0].keys.keys[0].replay.used, 0);
    /* The top bit of an X25519 point does not change the point. */
    memcpy(relays->packet, good, sizeof good);
    relays->packet[CEPA_PACKET_GAMMA_OFFSET - 1] ^= 0x80;
    test_forge_keys(relays, 0, &other_keys);
    CHECK(memcmp(&other_keys.replay, &keys.replay, sizeof keys.replay) != 0);
    CHECK_INT(test_relays_peel(relays, 0, &peeled), CEPA_ERR_DROPPED);
    memcpy(relays->packet, good, sizeof good);
    CHECK_INT(test_relays_peel(relays, 0, &peeled), 0);
}

/* 5: errors that can be told apart are an oracle. That the instructions are the same too is
 * measured by tools/constant-time. */
TEST(pitfall_05_bad_header_low_order_replay_and_bad_payload_are_one_error)
{
    enum { BAD_HEADER, BAD_CIPHERTEXT, LOW_ORDER, BAD_PAYLOAD, REPLAY, BAD_COMMAND, FAULTS };
    setup();
    for (int fault = 0; fault < FAULTS; fault++) {
        struct cepa_packet_peeled peeled;
        struct cepa_packet_keys keys;
        build(1, CEPA_PACKET_DELIVER);
        switch (fault) {
        case BAD_HEADER:
            relays->packet[CEPA_PACKET_GAMMA_OFFSET] ^= 1;
            break;
        case BAD_CIPHERTEXT:
            relays->packet[CEPA_PACKET_ALPHA_OFFSET] ^= 1;
            break;
        case LOW_ORDER:
            memset(relays->packet + CEPA_PACKET_GAMMA_OFFSET - 32, 0, 32);
            break;
        case BAD_PAYLOAD:
            relays->packet[CEPA_PACKET_SIZE - 1] ^= 1;
            break;
        case REPLAY:
            CHECK_INT(test_relays_peel(relays, 0, &peeled), 0);
            memcpy(relays->packet, good, sizeof good);
            break;
        default:
            test_forge_open(relays, 0, &keys);
            relays->packet[CEPA_PACKET_BETA_OFFSET] = 99;
            test_forge_close(relays, &keys);
            break;
        }
        CHECK_INT(test_relays_peel(relays, 0, &peeled), CEPA_ERR_DROPPED);
        CHECK(is_packet_wiped());
    }
}

/* Which of the kinds of key a pointer leads to: those that must not be mixed are types of their
 * own, so that passing one for the other does not compile. */
#define KIND_OF(pointer)                                                                           \
    _Generic((pointer), struct cepa_xwing_seed * : 1, struct cepa_xwing_secret * : 2,              \
             struct cepa_circuit_seed * : 3, struct cepa_onion_key_id * : 4,                       \
             struct cepa_node_id * : 5, struct cepa_recipient_tag * : 6,                           \
             struct cepa_replay_tag * : 7)

/* 6: one key for two purposes lets one be used against the other. Seeds of epochs, of spares and
 * of different days come from one root and have nothing in common; so do keys with two labels. */
TEST(pitfall_06_every_purpose_has_a_key_of_its_own)
{
    static struct cepa_xwing_seed seeds[4 * 24];
    static const char *const labels[] = {"packet", "circuit", "renewal"};
    uint8_t root[CEPA_SEED_CHAIN_ROOT_LEN] = {7};
    uint8_t keys[3][32];
    size_t seeds_len = 0;
    CHECK_INT(KIND_OF((struct cepa_circuit_seed *)NULL), 3);
    for (uint32_t day = 0; day < 2; day++) {
        for (int purpose = CEPA_SEED_CHAIN_EPOCHS; purpose <= CEPA_SEED_CHAIN_SPARES; purpose++) {
            struct cepa_directory_day of_day = {day};
            struct cepa_seed_chain chain;
            cepa_seed_chain_init(&chain, (enum cepa_seed_chain_purpose)purpose, of_day, 24, root);
            for (int i = 0; i < 24; i++) {
                CHECK_INT(cepa_seed_chain_next(&chain, &seeds[seeds_len++]), 0);
            }
        }
    }
    CHECK_INT(seeds_len, 4 * 24);
    for (size_t i = 0; i < seeds_len; i++) {
        for (size_t j = 0; j < i; j++) {
            CHECK(memcmp(&seeds[i], &seeds[j], sizeof seeds[i]) != 0);
        }
    }
    for (size_t i = 0; i < 3; i++) {
        struct cepa_kdf kdf;
        cepa_kdf_init(&kdf, labels[i]);
        cepa_kdf_input(&kdf, root, sizeof root);
        cepa_kdf_output(&kdf, keys[i], sizeof keys[i]);
        CHECK(i == 0 || memcmp(keys[i], keys[i - 1], sizeof keys[i]) != 0);
        CHECK(i < 2 || memcmp(keys[i], keys[i - 2], sizeof keys[i]) != 0);
    }
}

/* 7: an expanded key from disk whose parts do not belong together gives its secret away.
 * @[UNBINDABLE] Onion keys are kept as seeds; the one function that takes a long key checks it. */
TEST(pitfall_07_a_long_key_is_taken_only_if_its_parts_belong_together)
{
    static struct cepa_mlkem_workspace workspace;
    static struct cepa_mlkem_key key;
    static struct cepa_mlkem_decapsulation_key long_key;
    static struct cepa_mlkem_public_key public_key;
    uint8_t hash[32];
    struct cepa_mlkem_seed seed;
    struct test_random random = {8};
    test_random_bytes(&random, &seed, sizeof seed);
    cepa_mlkem_key_expand(&key, &public_key, &seed, &workspace, 0);
    /* s, public key, hash of the public key, z. @[FIPS203 7.1] s may be any numbers below q. */
    memset(&long_key, 0, sizeof long_key);
    cepa_sha3_256(hash, &public_key, sizeof public_key);
    memcpy(long_key.bytes + 1152, &public_key, 1184);
    memcpy(long_key.bytes + 2336, hash, 32);
    CHECK_INT(cepa_mlkem_key_import(&key, &long_key, &workspace, 0), 0);
    for (size_t at = 1152; at < 2368; at += 19) {
        long_key.bytes[at] ^= 0x04;
        CHECK_INT(cepa_mlkem_key_import(&key, &long_key, &workspace, 0), CEPA_ERR_INVALID_KEY);
        long_key.bytes[at] ^= 0x04;
    }
}

/* 8: replies and forward packets may differ in what a hop must know, the type, and in nothing
 * that others see. */
TEST(pitfall_08_a_reply_differs_from_a_forward_packet_in_type_and_payload_mac_only)
{
    static const uint8_t no_mac[CEPA_PACKET_PAYLOAD_MAC_SIZE];
    static struct chance_bytes headers[2], deltas[2];
    static uint8_t surb[CEPA_SURB_SIZE];
    setup();
    for (int is_reply = 0; is_reply < 2; is_reply++) {
        for (int i = 0; i < 30; i++) {
            struct cepa_packet_keys keys;
            build(3, CEPA_PACKET_DELIVER);
            if (is_reply) {
                struct cepa_packet_plan forward =
                    test_relays_plan(relays, 3, CEPA_PACKET_DELIVER, 100);
                struct cepa_surb_plan plan;
                struct cepa_surb_secret secret;
                struct cepa_node_id first;
                memset(&plan, 0, sizeof plan);
                memcpy(plan.hops, forward.hops, sizeof plan.hops);
                plan.hops_len = 3;
                plan.epoch = forward.epoch;
                CHECK_INT(cepa_surb_create(surb, &secret, &plan, &relays->random, &relays->surb,
                                           relays->cpu),
                          0);
                CHECK_INT(cepa_surb_use(relays->packet, &first, surb, sizeof surb, &forward.content,
                                        relays->cpu),
                          0);
            }
            CHECK_BYTES(relays->packet, good, CEPA_PACKET_PREFIX_SIZE);
            chance_add(&deltas[is_reply], relays->packet + CEPA_PACKET_HEADER_SIZE,
                       CEPA_PACKET_PAYLOAD_SIZE);
            chance_add(&headers[is_reply], relays->packet + CEPA_PACKET_GAMMA_OFFSET,
                       CEPA_PACKET_HEADER_SIZE - CEPA_PACKET_GAMMA_OFFSET);
            /* What the first hop reads. */
            test_forge_open(relays, 0, &keys);
            const uint8_t *command = relays->packet + CEPA_PACKET_BETA_OFFSET;
            CHECK_INT(command[0], is_reply ? CEPA_PACKET_REPLY : CEPA_PACKET_FORWARD);
            CHECK(memcmp(command + 1, "\0\0\0", 3) == 0);
            CHECK_BYTES(command + 4, &relays->relay[1].node, 32);
            CHECK((memcmp(command + 36, no_mac, sizeof no_mac) == 0) == (is_reply != 0));
        }
    }
    for (int is_reply = 0; is_reply < 2; is_reply++) {
        CHECK(chance_uniform(&deltas[is_reply]) < 6);
        CHECK(chance_uniform(&headers[is_reply]) < 6);
    }
    CHECK(chance_same(&deltas[0], &deltas[1]) < 6);
    CHECK(chance_same(&headers[0], &headers[1]) < 6);
}

/* 9: a public key that is not reduced reveals bits of who uses it and how. @[FIPS203 7.2] */
TEST(pitfall_09_a_key_that_is_not_reduced_is_not_used)
{
    static uint8_t untouched[CEPA_PACKET_SIZE];
    for (size_t at = 0; at < 384 * 3; at += 3 * 16) {
        static struct cepa_xwing_public_key key;
        setup();
        struct cepa_packet_plan plan = test_relays_plan(relays, 1, CEPA_PACKET_DELIVER, 10);
        key = relays->relay[0].public_key;
        /* q itself: 0xd01 in the first of two numbers of 12 bits. */
        key.bytes[at] = 0x01;
        key.bytes[at + 1] = (uint8_t)((key.bytes[at + 1] & 0xf0) | 0x0d);
        CHECK_INT(cepa_xwing_public_key_check(&key), CEPA_ERR_INVALID_KEY);
        plan.hops[0].key = &key;
        memset(relays->packet, 0, sizeof relays->packet);
        CHECK_INT(cepa_packet_build(relays->packet, NULL, &plan, &relays->random, &relays->build,
                                    relays->cpu),
                  CEPA_ERR_INVALID_KEY);
        CHECK_BYTES(relays->packet, untouched, sizeof untouched);
    }
}

/* 10: a ciphertext that is aimed at another key or another epoch must give other keys. */
TEST(pitfall_10_the_keys_depend_on_the_public_key_and_the_epoch)
{
    struct cepa_packet_keys keys, other;
    struct cepa_xwing_secret secret = {{1, 2, 3}};
    struct cepa_onion_key_id other_id;
    uint8_t prefix[CEPA_PACKET_PREFIX_SIZE];
    setup();
    other_id = relays->relay[1].key_id;
    cepa_packet_prefix_encode(prefix, TEST_EPOCH);
    cepa_packet_keys_derive(&keys, &secret, &relays->relay[0].key_id, prefix);
    cepa_packet_keys_derive(&other, &secret, &other_id, prefix);
    CHECK(memcmp(keys.mac, other.mac, sizeof keys.mac) != 0);
    CHECK(memcmp(&keys.replay, &other.replay, sizeof keys.replay) != 0);
    cepa_packet_prefix_encode(prefix, TEST_EPOCH + 1);
    cepa_packet_keys_derive(&other, &secret, &relays->relay[0].key_id, prefix);
    CHECK(memcmp(keys.mac, other.mac, sizeof keys.mac) != 0);
    CHECK(memcmp(&keys.replay, &other.replay, sizeof keys.replay) != 0);
}

/* 11: a source that is not seeded, fails or repeats itself must not make packets. The module for
 * browsers has more tests of this, in web/test/random.test.ts. */
TEST(pitfall_11_without_randomness_there_is_no_packet)
{
    static uint8_t untouched[CEPA_PACKET_SIZE];
    uint8_t one[32], two[32];
    for (int at = 1; at <= 2; at++) {
        setup();
        struct cepa_packet_plan plan = test_relays_plan(relays, 2, CEPA_PACKET_DELIVER, 10);
        memset(relays->packet, 0, sizeof relays->packet);
        relays->source.fail_at = at;
        CHECK_INT(cepa_packet_build(relays->packet, NULL, &plan, &relays->random, &relays->build,
                                    relays->cpu),
                  CEPA_ERR_RANDOM);
        CHECK_BYTES(relays->packet, untouched, sizeof untouched);
    }
    CHECK_INT(cepa_random_fill(cepa_native_random(), one, sizeof one), 0);
    CHECK_INT(cepa_random_fill(cepa_native_random(), two, sizeof two), 0);
    CHECK(memcmp(one, two, sizeof one) != 0);
}

/* 12: cover that is made by other code differs somewhere. With the same randomness, a cover packet
 * and a real one differ in the header's encrypted part and its authenticators only. */
TEST(pitfall_12_cover_packets_come_from_the_same_code)
{
    for (size_t hops_len = 1; hops_len <= 5; hops_len++) {
        setup();
        build(hops_len, CEPA_PACKET_DELIVER);
        int draws = relays->source.draws;
        relays->random = test_source_init(&relays->source, 21);
        struct cepa_packet_plan plan = test_relays_plan(relays, hops_len, CEPA_PACKET_DROP, 100);
        test_relays_build(relays, &plan);
        CHECK_INT(relays->source.draws, draws);
        CHECK_BYTES(relays->packet, good, CEPA_PACKET_GAMMA_OFFSET);
        CHECK(memcmp(relays->packet + CEPA_PACKET_GAMMA_OFFSET, good + CEPA_PACKET_GAMMA_OFFSET,
                     CEPA_TAG_SIZE) != 0);
        CHECK_BYTES(relays->packet + CEPA_PACKET_HEADER_SIZE, good + CEPA_PACKET_HEADER_SIZE,
                    CEPA_PACKET_PAYLOAD_SIZE);
    }
}

/* 13: an epoch hint that is finer than the network's epoch groups packets by their sender. All
 * packets of an epoch begin alike, at every hop, whatever they carry. */
TEST(pitfall_13_the_prefix_is_the_same_for_all_packets_of_an_epoch)
{
    static const uint8_t want[] = {1, 1, TEST_EPOCH & 0xff, 0};
    static const enum cepa_packet_type lasts[] = {CEPA_PACKET_DELIVER, CEPA_PACKET_CREATE_LAST,
                                                  CEPA_PACKET_DROP};
    for (size_t hops_len = 1; hops_len <= 5; hops_len++) {
        for (size_t i = 0; i < sizeof lasts / sizeof lasts[0]; i++) {
            struct cepa_packet_peeled peeled;
            setup();
            build(hops_len, lasts[i]);
            for (size_t hop = 0; hop < hops_len; hop++) {
                CHECK_BYTES(relays->packet, want, sizeof want);
                CHECK_INT(test_relays_peel(relays, hop, &peeled), 0);
            }
        }
    }
}

TEST_MAIN(RUN(pitfall_01_the_last_hop_sees_no_padding),
          RUN(pitfall_02_a_marked_cell_is_noise_everywhere),
          RUN(pitfall_03_every_ciphertext_of_a_cover_packet_is_a_real_one),
          RUN(pitfall_04_the_tag_comes_after_the_authenticator_and_from_the_secret),
          RUN(pitfall_05_bad_header_low_order_replay_and_bad_payload_are_one_error),
          RUN(pitfall_06_every_purpose_has_a_key_of_its_own),
          RUN(pitfall_07_a_long_key_is_taken_only_if_its_parts_belong_together),
          RUN(pitfall_08_a_reply_differs_from_a_forward_packet_in_type_and_payload_mac_only),
          RUN(pitfall_09_a_key_that_is_not_reduced_is_not_used),
          RUN(pitfall_10_the_keys_depend_on_the_public_key_and_the_epoch),
          RUN(pitfall_11_without_randomness_there_is_no_packet),
          RUN(pitfall_12_cover_packets_come_from_the_same_code),
          RUN(pitfall_13_the_prefix_is_the_same_for_all_packets_of_an_epoch))
