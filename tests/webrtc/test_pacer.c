/* Packets leave at their rate, in their order, and none is lost. */
#include "native/webrtc/pacer.h"

#include <string.h>

#include "support/random.h"
#include "support/test.h"

enum { LEN = 1200, WINDOW = 120000, RTT_MS = 50 };

static struct cepa_pacer pacer;
static uint8_t packet[65535];

static struct cepa_time at_us(uint64_t us)
{
    struct cepa_time time = {CEPA_SECOND_NS + us * CEPA_MICROSECOND_NS};
    return time;
}

static void begin(void)
{
    cepa_pacer_wipe(&pacer);
    cepa_pacer_set(&pacer, WINDOW, RTT_MS * CEPA_MILLISECOND_NS);
}

TEST(short_round_trips_and_unknown_ones_are_not_paced)
{
    struct cepa_pacer blank = {0};
    for (unsigned i = 0; i < 1000; i++) {
        CHECK(cepa_pacer_pass(&blank, LEN, at_us(0)));
    }
    begin();
    cepa_pacer_set(&pacer, WINDOW, (CEPA_PACER_SHORT_MS * CEPA_MILLISECOND_NS) - 1);
    for (unsigned i = 0; i < 1000; i++) {
        CHECK(cepa_pacer_pass(&pacer, LEN, at_us(0)));
    }
    CHECK(cepa_time_is_never(cepa_pacer_deadline(&pacer)));
}

TEST(a_pause_saves_up_a_burst_and_no_more)
{
    begin();
    unsigned passed = 0;
    while (cepa_pacer_pass(&pacer, LEN, at_us(0))) {
        passed++;
    }
    CHECK_INT(passed, CEPA_PACER_BURST + 1); /* the last one begins to wait for itself */
    CHECK(!cepa_pacer_pass(&pacer, LEN, at_us(0)));
    CHECK(cepa_pacer_pass(&pacer, LEN, at_us(1000)));
}

/* Two windows per round trip, measured over a second. */
TEST(the_rate_is_kept)
{
    size_t len;
    uint64_t bytes = 0;
    size_t longest = 0;
    begin();
    for (unsigned us = 0; us < 1000000; us += 250) {
        size_t at_once = 0;
        for (unsigned i = 0; i < 8; i++) { /* more than can leave */
            if (cepa_pacer_pass(&pacer, LEN, at_us(us))) {
                bytes += LEN;
                at_once++;
            } else if (pacer.end - pacer.first < 100000) {
                CHECK_INT(cepa_pacer_hold(&pacer, packet, LEN), 0);
            }
        }
        while (cepa_pacer_next(&pacer, &len, at_us(us)) != NULL) {
            CHECK_INT(len, LEN);
            bytes += len;
            at_once++;
        }
        longest = us > 5000 && at_once > longest ? at_once : longest;
    }
    uint64_t want = (uint64_t)2 * WINDOW * 1000 / RTT_MS;
    CHECK(bytes > want * 98 / 100 && bytes < want * 102 / 100);
    CHECK(longest <= 3);
}

TEST(what_waits_leaves_in_its_order_and_whole)
{
    struct test_random dice = {7};
    static size_t lens[2000];
    size_t len;
    size_t first = 0;
    size_t last = 0;
    uint64_t us = 0;
    begin();
    while (first < sizeof lens / sizeof lens[0]) {
        if (last < sizeof lens / sizeof lens[0] && test_random_below(&dice, 2) == 0) {
            lens[last] = 1 + test_random_below(&dice, 3000);
            memset(packet, (int)(last % 251), lens[last]);
            CHECK_INT(cepa_pacer_hold(&pacer, packet, lens[last]), 0);
            CHECK(!cepa_pacer_pass(&pacer, 1, at_us(us)));
            last++;
        }
        const uint8_t *next = cepa_pacer_next(&pacer, &len, at_us(us));
        if (next != NULL) {
            CHECK_INT(len, lens[first]);
            CHECK(next[0] == first % 251 && next[len - 1] == first % 251);
            first++;
        }
        us += 100;
    }
    CHECK_INT(last, first);
    CHECK(cepa_time_is_never(cepa_pacer_deadline(&pacer)));
}

TEST(the_deadline_is_when_a_batch_may_leave)
{
    size_t len;
    unsigned left = 0;
    begin();
    while (cepa_pacer_pass(&pacer, LEN, at_us(0))) {
    }
    for (unsigned i = 0; i < 100; i++) {
        CHECK_INT(cepa_pacer_hold(&pacer, packet, LEN), 0);
    }
    struct cepa_time deadline = cepa_pacer_deadline(&pacer);
    CHECK(cepa_pacer_next(&pacer, &len, at_us(0)) == NULL);
    while (cepa_pacer_next(&pacer, &len, deadline) != NULL) {
        left++;
    }
    CHECK_INT(left, CEPA_PACER_BATCH);
}

TEST(a_full_pacer_says_so)
{
    unsigned held = 0;
    begin();
    while (cepa_pacer_hold(&pacer, packet, sizeof packet) == 0) {
        held++;
    }
    CHECK(held >= CEPA_PACER_CAPACITY / 2 / sizeof packet);
    CHECK(held <= CEPA_PACER_CAPACITY / sizeof packet);
    cepa_pacer_wipe(&pacer);
    CHECK(cepa_pacer_pass(&pacer, LEN, at_us(0)));
}

TEST_MAIN(RUN(short_round_trips_and_unknown_ones_are_not_paced),
          RUN(a_pause_saves_up_a_burst_and_no_more), RUN(the_rate_is_kept),
          RUN(what_waits_leaves_in_its_order_and_whole),
          RUN(the_deadline_is_when_a_batch_may_leave), RUN(a_full_pacer_says_so))
