/* Real packets and the replay cache: many packets, each replayed in shuffled order, across the
 * change of epochs, a restart, and a full cache. None may be accepted twice, and none that was
 * accepted may be forgotten. The tags alone, a million of them, are in test_replay_cache.c. */
#include <stdlib.h>
#include <string.h>

#include "support/relays.h"
#include "support/test.h"

enum { PACKETS = 10000, FEWER = 1000 };

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

TEST_MAIN(RUN(packets_replayed_in_shuffled_order_are_all_dropped),
          RUN(packets_replayed_across_epochs_are_dropped_or_name_a_dead_epoch),
          RUN(packets_replayed_after_the_epoch_byte_came_round_are_dropped),
          RUN(packets_replayed_after_a_restart_are_dropped_because_the_key_is_another),
          RUN(a_full_cache_accepts_nothing_and_forgets_nothing))
