/* Real packets and the replay cache: many packets, each replayed in shuffled order, across the
 * change of epochs, a restart, and a full cache. None may be accepted twice, and none that was
 * accepted may be forgotten. Tags alone follow, a million of them. */
#include <stdlib.h>
#include <string.h>

#include "support/relays.h"
#include "support/test.h"

enum { PACKETS = 10000, FEWER = 1000, TAGS = 1000000 };

/* All packets that were sent, for one relay. */
struct traffic {
    struct test_relays *relays;
    uint8_t *packets;
    uint32_t *order;
    uint32_t packets_len;
    struct test_random random;
};

static void setup(struct traffic *traffic, uint32_t packets_len, uint32_t capacity)
{
    memset(traffic, 0, sizeof *traffic);
    traffic->relays = test_relays_new(capacity, 9);
    traffic->packets = malloc((size_t)packets_len * CEPA_PACKET_SIZE);
    traffic->order = malloc(packets_len * sizeof *traffic->order);
    traffic->packets_len = packets_len;
    traffic->random.state = 99;
    CHECK(traffic->packets != NULL && traffic->order != NULL);
}

static void teardown(struct traffic *traffic)
{
    test_relays_free(traffic->relays);
    free(traffic->packets);
    free(traffic->order);
}

/* Makes packet number `i` for the newest key of relay 0, which lives in `epoch`. */
static void send(struct traffic *traffic, uint32_t i, uint32_t epoch)
{
    struct cepa_packet_plan plan = test_relays_plan(traffic->relays, 1, CEPA_PACKET_DELIVER, 20);
    plan.epoch.number = epoch;
    test_relays_build(traffic->relays, &plan);
    memcpy(traffic->packets + (size_t)i * CEPA_PACKET_SIZE, traffic->relays->packet,
           CEPA_PACKET_SIZE);
}

static int receive(struct traffic *traffic, uint32_t i)
{
    struct cepa_packet_peeled peeled;
    memcpy(traffic->relays->packet, traffic->packets + (size_t)i * CEPA_PACKET_SIZE,
           CEPA_PACKET_SIZE);
    return test_relays_peel(traffic->relays, 0, &peeled);
}

/* Replays the packets 0 to len - 1 in shuffled order; all must give `want`. */
static void replay(struct traffic *traffic, uint32_t len, int want)
{
    for (uint32_t i = 0; i < len; i++) {
        uint32_t at = (uint32_t)test_random_below(&traffic->random, i + 1);
        traffic->order[i] = at < i ? traffic->order[at] : i;
        traffic->order[at] = i;
    }
    for (uint32_t i = 0; i < len; i++) {
        CHECK_INT(receive(traffic, traffic->order[i]), want);
    }
}

TEST(packets_replayed_in_shuffled_order_are_all_dropped)
{
    struct traffic traffic;
    setup(&traffic, PACKETS, PACKETS);
    for (uint32_t i = 0; i < traffic.packets_len; i++) {
        send(&traffic, i, TEST_EPOCH);
        CHECK_INT(receive(&traffic, i), 0);
    }
    replay(&traffic, traffic.packets_len, CEPA_ERR_DROPPED);
    teardown(&traffic);
}

TEST(packets_replayed_across_epochs_are_dropped_or_name_a_dead_epoch)
{
    struct traffic traffic;
    uint32_t each = FEWER;
    setup(&traffic, 3 * each, PACKETS);
    for (uint32_t epoch = 0; epoch < 3; epoch++) {
        if (epoch > 0) {
            test_relay_rotate(traffic.relays, 0, TEST_EPOCH + epoch);
        }
        for (uint32_t i = epoch * each; i < (epoch + 1) * each; i++) {
            send(&traffic, i, TEST_EPOCH + epoch);
            CHECK_INT(receive(&traffic, i), 0);
        }
        if (epoch < 2) {
            replay(&traffic, (epoch + 1) * each, CEPA_ERR_DROPPED);
        }
    }
    for (uint32_t i = 0; i < 3 * each; i++) {
        CHECK_INT(receive(&traffic, i), i < each ? CEPA_ERR_EPOCH : CEPA_ERR_DROPPED);
    }
    teardown(&traffic);
}

/* 256 epochs later the low byte is the same again, but the key is another. */
TEST(packets_replayed_after_the_epoch_byte_came_round_are_dropped)
{
    struct traffic traffic;
    setup(&traffic, 100, 1000);
    for (uint32_t i = 0; i < 100; i++) {
        send(&traffic, i, TEST_EPOCH);
        CHECK_INT(receive(&traffic, i), 0);
    }
    for (uint32_t epoch = TEST_EPOCH + 1; epoch <= TEST_EPOCH + 256; epoch++) {
        test_relay_rotate(traffic.relays, 0, epoch);
    }
    replay(&traffic, 100, CEPA_ERR_DROPPED);
    teardown(&traffic);
}

TEST(packets_replayed_after_a_restart_are_dropped_because_the_key_is_another)
{
    struct traffic traffic;
    uint32_t len = FEWER;
    setup(&traffic, 2 * len, PACKETS);
    for (uint32_t i = 0; i < len; i++) {
        send(&traffic, i, TEST_EPOCH);
        CHECK_INT(receive(&traffic, i), 0);
    }
    test_relay_restart(traffic.relays, 0, TEST_EPOCH);
    replay(&traffic, len, CEPA_ERR_DROPPED);
    for (uint32_t i = len; i < 2 * len; i++) {
        send(&traffic, i, TEST_EPOCH);
        CHECK_INT(receive(&traffic, i), 0);
    }
    replay(&traffic, 2 * len, CEPA_ERR_DROPPED);
    teardown(&traffic);
}

TEST(a_full_cache_accepts_nothing_and_forgets_nothing)
{
    struct traffic traffic;
    uint8_t before[32], after[32];
    uint32_t capacity = FEWER;
    setup(&traffic, 2 * capacity, capacity);
    for (uint32_t i = 0; i < 2 * capacity; i++) {
        send(&traffic, i, TEST_EPOCH);
        if (i == capacity) {
            test_relay_digest(&traffic.relays->relay[0], before);
        }
        CHECK_INT(receive(&traffic, i), i < capacity ? 0 : CEPA_ERR_DROPPED);
    }
    replay(&traffic, 2 * capacity, CEPA_ERR_DROPPED);
    memset(&traffic.relays->relay[0].share, 0, sizeof traffic.relays->relay[0].share);
    replay(&traffic, 2 * capacity, CEPA_ERR_DROPPED);
    traffic.relays->relay[0].share.of_key[0].replay.used = capacity;
    test_relay_digest(&traffic.relays->relay[0], after);
    CHECK_BYTES(after, before, sizeof before);
    /* The next epoch has room again. */
    test_relay_rotate(traffic.relays, 0, TEST_EPOCH + 1);
    send(&traffic, 0, TEST_EPOCH + 1);
    CHECK_INT(receive(&traffic, 0), 0);
    teardown(&traffic);
}

/* Tag number `i` of a series that never repeats. */
static struct cepa_replay_tag tag_number(uint64_t i)
{
    struct test_random random = {i * UINT64_C(0x9e3779b97f4a7c15) + 5};
    struct cepa_replay_tag tag;
    test_random_bytes(&random, &tag, sizeof tag);
    return tag;
}

/* Offers tag number `i` to the key of its epoch: the first half of the tags came in the first. */
static struct cepa_replay_outcome offer(struct test_relay *relay, uint32_t i)
{
    uint32_t epoch = TEST_EPOCH + (i < TAGS / 2 ? 0 : 1);
    struct cepa_onion_key *key = cepa_onion_keys_find(&relay->keys, (uint8_t)epoch);
    struct cepa_replay_tag tag = tag_number(i);
    CHECK(key != NULL);
    return cepa_replay_cache_insert(
        &key->replay, cepa_onion_keys_share(&relay->keys, key, &relay->share), &tag, UINT32_MAX);
}

TEST(a_million_tags_of_two_epochs_are_all_remembered_and_full_caches_take_no_more)
{
    struct test_relays *relays = test_relays_new(TAGS / 2, 10);
    struct test_relay *relay = &relays->relay[0];
    struct test_random random = {4};
    uint32_t *order = malloc(TAGS * sizeof *order);
    uint8_t before[32], after[32];
    CHECK(order != NULL);
    for (uint32_t i = 0; i < TAGS; i++) {
        uint32_t at = (uint32_t)test_random_below(&random, i + 1);
        order[i] = at < i ? order[at] : i;
        order[at] = i;
        if (i == TAGS / 2) {
            test_relay_rotate(relays, 0, TEST_EPOCH + 1);
        }
        CHECK(offer(relay, i).inserted != 0);
    }
    test_relay_digest(relay, before);
    for (uint32_t i = 0; i < TAGS; i++) {
        CHECK(offer(relay, order[i]).seen != 0);
    }
    for (uint32_t i = TAGS; i < TAGS + TAGS / 2; i++) {
        CHECK(offer(relay, i).full != 0);
    }
    test_relay_digest(relay, after);
    CHECK_BYTES(after, before, sizeof before);
    /* What the first epoch has seen goes with its key, and what the second has seen stays. */
    test_relay_rotate(relays, 0, TEST_EPOCH + 2);
    CHECK(cepa_onion_keys_find(&relay->keys, (uint8_t)TEST_EPOCH) == NULL);
    for (uint32_t i = TAGS / 2; i < TAGS; i++) {
        CHECK(offer(relay, i).seen != 0);
    }
    free(order);
    test_relays_free(relays);
}

TEST_MAIN(RUN(packets_replayed_in_shuffled_order_are_all_dropped),
          RUN(packets_replayed_across_epochs_are_dropped_or_name_a_dead_epoch),
          RUN(packets_replayed_after_the_epoch_byte_came_round_are_dropped),
          RUN(packets_replayed_after_a_restart_are_dropped_because_the_key_is_another),
          RUN(a_full_cache_accepts_nothing_and_forgets_nothing),
          RUN(a_million_tags_of_two_epochs_are_all_remembered_and_full_caches_take_no_more))
