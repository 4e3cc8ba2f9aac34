/* What the last hop sees must not depend on how many hops were before it. Everything that it can
 * read is compared between paths of 1 to 5 hops: the part of beta behind its own command, region by
 * region as the slots before it were cut, what stands in the header, and the payload. A packet
 * padded with zeros, as Sphinx once was, is found by the same tests. @[BREAKSPHINX] */
#include <string.h>

#include "support/chance.h"
#include "support/forge.h"
#include "support/test.h"

enum {
    PACKETS = 300,
    REST_OFFSET = CEPA_PACKET_COMMAND_SIZE,
    REST_SIZE = CEPA_PACKET_BETA_SIZE - REST_OFFSET,
    REGIONS = 5, /* the rest of the final block, then a slot's size each */
    RUN_MAX = 5  /* six bytes of 0, or of 255, come by chance in 1 of 10^10 packets */
};
static const double limit = 6; /* standard deviations */

/* All that was seen for one length of path. */
struct views {
    struct chance_bytes regions[REGIONS];
    struct chance_bytes gamma;
    struct chance_bytes point; /* the X25519 part of alpha, without its top byte */
    double ones[REST_SIZE];    /* by position, how many of 8 bits */
    size_t longest_run;
};

static struct test_relays *relays;
static struct views views[CEPA_PACKET_HOPS_MAX + 1];

static void restart(void)
{
    if (relays == NULL) {
        relays = test_relays_new(2 * PACKETS, 12);
    }
    for (size_t i = 0; i < CEPA_PACKET_HOPS_MAX; i++) {
        test_relay_restart(relays, i, TEST_EPOCH);
    }
}

/* Where region `i` of the rest ends. */
static size_t region_end(size_t i)
{
    return CEPA_PACKET_FINAL_SIZE - REST_OFFSET + i * CEPA_PACKET_SLOT_SIZE;
}

static void look(struct views *view, const uint8_t *rest)
{
    size_t at = 0;
    for (size_t i = 0; i < REGIONS; i++) {
        chance_add(&view->regions[i], rest + at, region_end(i) - at);
        at = region_end(i);
    }
    for (size_t i = 0; i < REST_SIZE; i++) {
        view->ones[i] += __builtin_popcount(rest[i]);
    }
    for (int value = 0; value < 256; value += 255) {
        size_t run = chance_longest_run(rest, REST_SIZE, (uint8_t)value);
        view->longest_run = run > view->longest_run ? run : view->longest_run;
    }
}

/* Sends a packet over `hops_len` hops and looks at what comes to the last one; `zeros` says how
 * many bytes at the end of the random padding are set to zero before. */
static void send(struct views *view, size_t hops_len, size_t zeros)
{
    struct cepa_packet_peeled peeled;
    struct cepa_packet_keys keys;
    struct cepa_packet_plan plan = test_relays_plan(relays, hops_len, CEPA_PACKET_DELIVER, 100);
    size_t last = hops_len - 1;
    test_relays_build(relays, &plan);
    for (size_t i = 0; i < last; i++) {
        CHECK_INT(test_relays_peel(relays, i, &peeled), 0);
    }
    test_forge_open(relays, last, &keys);
    uint8_t *rest = relays->packet + CEPA_PACKET_BETA_OFFSET + REST_OFFSET;
    memset(rest + region_end(0), 0, zeros);
    look(view, rest);
    chance_add(&view->gamma, relays->packet + CEPA_PACKET_GAMMA_OFFSET, CEPA_TAG_SIZE);
    chance_add(&view->point, relays->packet + CEPA_PACKET_GAMMA_OFFSET - 32, 31);
    test_forge_close(relays, &keys);
    CHECK_INT(test_relays_peel(relays, last, &peeled), 0);
}

static void look_at_all(void)
{
    if (views[1].gamma.total > 0) {
        return;
    }
    restart();
    for (size_t hops_len = 1; hops_len <= CEPA_PACKET_HOPS_MAX; hops_len++) {
        for (size_t i = 0; i < PACKETS; i++) {
            send(&views[hops_len], hops_len, 0);
        }
        restart();
    }
}

TEST(every_region_looks_random_for_every_length)
{
    look_at_all();
    for (size_t hops_len = 1; hops_len <= CEPA_PACKET_HOPS_MAX; hops_len++) {
        for (size_t i = 0; i < REGIONS; i++) {
            CHECK(chance_uniform(&views[hops_len].regions[i]) < limit);
        }
        CHECK(chance_uniform(&views[hops_len].gamma) < limit);
        CHECK(chance_uniform(&views[hops_len].point) < limit);
    }
}

TEST(every_region_looks_the_same_for_every_pair_of_lengths)
{
    look_at_all();
    for (size_t a = 1; a <= CEPA_PACKET_HOPS_MAX; a++) {
        for (size_t b = a + 1; b <= CEPA_PACKET_HOPS_MAX; b++) {
            for (size_t i = 0; i < REGIONS; i++) {
                CHECK(chance_same(&views[a].regions[i], &views[b].regions[i]) < limit);
            }
            CHECK(chance_same(&views[a].gamma, &views[b].gamma) < limit);
            CHECK(chance_same(&views[a].point, &views[b].point) < limit);
        }
    }
}

TEST(no_position_is_fixed_for_any_length)
{
    look_at_all();
    for (size_t hops_len = 1; hops_len <= CEPA_PACKET_HOPS_MAX; hops_len++) {
        double mean = 8 * PACKETS / 2.0;
        double variance = 8 * PACKETS / 4.0;
        for (size_t i = 0; i < REST_SIZE; i++) {
            double difference = views[hops_len].ones[i] - mean;
            CHECK(difference * difference < limit * limit * variance);
        }
    }
}

TEST(there_is_no_run_of_zeros_or_ones_for_any_length)
{
    look_at_all();
    for (size_t hops_len = 1; hops_len <= CEPA_PACKET_HOPS_MAX; hops_len++) {
        CHECK(views[hops_len].longest_run <= RUN_MAX);
    }
}

/* The positive control: a sender that pads with zeros is found by each of the tests above. */
TEST(the_same_tests_find_zero_padding)
{
    static struct views padded;
    restart();
    for (size_t i = 0; i < PACKETS; i++) {
        send(&padded, 3, 2 * (size_t)CEPA_PACKET_SLOT_SIZE);
    }
    look_at_all();
    CHECK(chance_uniform(&padded.regions[1]) > limit);
    CHECK(chance_uniform(&padded.regions[3]) < limit);
    CHECK(chance_same(&padded.regions[2], &views[3].regions[2]) > limit);
    CHECK(padded.ones[region_end(0)] == 0);
    CHECK(padded.longest_run >= 2 * (size_t)CEPA_PACKET_SLOT_SIZE);
}

/* Zeros in a few of all packets only are found as well. */
TEST(the_same_tests_find_little_padding)
{
    static struct views padded;
    restart();
    for (size_t i = 0; i < PACKETS; i++) {
        send(&padded, 2, i % 10 == 0 ? 16 : 0);
    }
    CHECK(padded.longest_run >= 16);
}

TEST_MAIN(RUN(every_region_looks_random_for_every_length),
          RUN(every_region_looks_the_same_for_every_pair_of_lengths),
          RUN(no_position_is_fixed_for_any_length),
          RUN(there_is_no_run_of_zeros_or_ones_for_any_length),
          RUN(the_same_tests_find_zero_padding), RUN(the_same_tests_find_little_padding))
