/* Departures: their number, their gaps, the climbing and descending of rungs, budgets. */
#include "link/shaper.h"

#include <string.h>

#include "support/random.h"
#include "support/test.h"

static struct test_random numbers;
static struct cepa_shaper shaper;
static struct cepa_time now;

static int fill(void *context, uint8_t *ret_bytes, size_t len)
{
    test_random_bytes(context, ret_bytes, len);
    return 0;
}
static const struct cepa_random hook = {fill, &numbers};

static bool may_pad = true;

static void begin(enum cepa_shaper_mode mode, uint32_t rate)
{
    const struct cepa_shaper_config config = {mode, rate};
    numbers.state = 1;
    now.ns = CEPA_SECOND_NS;
    cepa_shaper_init(&shaper, &config, now);
}

/* Lets time go by in steps of 100 us; counts departures of each kind. `has_some`: cells wait. */
static void run(uint64_t ms, bool has_some, unsigned counts[3])
{
    for (uint64_t i = 0; i < 10 * ms; i++) {
        enum cepa_departure departure;
        now = cepa_time_add(now, CEPA_MILLISECOND_NS / 10);
        if (has_some) {
            cepa_shaper_wait(&shaper, CEPA_SHAPER_CELL, now);
        }
        for (unsigned turn = 0; turn < 10; turn++) {
            bool is_due = cepa_shaper_is_due(&shaper, has_some, now);
            departure = cepa_shaper_depart(&shaper, has_some, may_pad, &hook, now);
            CHECK(is_due || departure == CEPA_DEPARTURE_NONE);
            counts[departure]++;
            if (departure == CEPA_DEPARTURE_NONE) {
                break;
            }
        }
    }
}

TEST(fixed_rates_hold_whether_or_not_there_is_something_to_say)
{
    for (unsigned mode = CEPA_SHAPER_POISSON; mode <= CEPA_SHAPER_CONSTANT; mode++) {
        unsigned idle[3] = {0};
        unsigned busy[3] = {0};
        begin((enum cepa_shaper_mode)mode, 500);
        CHECK_INT(cepa_shaper_rate(&shaper), 500);
        run(20000, false, idle);
        run(20000, true, busy);
        CHECK_INT(idle[CEPA_DEPARTURE_REAL], 0);
        CHECK_INT(busy[CEPA_DEPARTURE_PADDING], 0);
        CHECK(idle[CEPA_DEPARTURE_PADDING] > 9600 && idle[CEPA_DEPARTURE_PADDING] < 10400);
        CHECK(busy[CEPA_DEPARTURE_REAL] > 9600 && busy[CEPA_DEPARTURE_REAL] < 10400);
    }
}

TEST(off_never_pads_and_never_waits)
{
    unsigned counts[3] = {0};
    begin(CEPA_SHAPER_OFF, 0);
    run(100, false, counts);
    CHECK_INT(counts[CEPA_DEPARTURE_PADDING], 0);
    run(1, true, counts);
    CHECK_INT(counts[CEPA_DEPARTURE_REAL], 100);
    CHECK(cepa_time_is_never(cepa_shaper_deadline(&shaper, false)));
}

/* Without allowances that run out, to see the times alone. */
static void run_held(uint64_t ms, bool has_some, unsigned counts[3])
{
    for (uint64_t i = 0; i < ms; i++) {
        shaper.allowance = 1000000;
        run(1, has_some, counts);
    }
}

TEST(rungs_are_climbed_at_once_and_left_slowly)
{
    unsigned counts[3] = {0};
    static const uint32_t rates[] = {4096, 512, 64, 8, 1, 1};
    begin(CEPA_SHAPER_STEPPED, 0);
    run(100000, false, counts);
    CHECK(counts[CEPA_DEPARTURE_PADDING] > 60 && counts[CEPA_DEPARTURE_PADDING] < 140);
    CHECK_INT(cepa_shaper_rate(&shaper), 1);
    run(30, true, counts); /* five rungs of 5 ms */
    CHECK_INT(cepa_shaper_rate(&shaper), 0);
    cepa_shaper_rest(&shaper, CEPA_SHAPER_CELL);
    for (unsigned i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        CHECK(i == 0 || cepa_shaper_rate(&shaper) == rates[i - 1]);
        run_held(30100, false, counts);
        CHECK_INT(cepa_shaper_rate(&shaper), rates[i]);
    }
}

/* What waits, without leaving, lifts as far and as soon as its class says. */
TEST(every_class_has_its_patience_and_its_ceiling)
{
    static const struct {
        enum cepa_shaper_class of;
        uint32_t wait_ms;
        uint32_t rate; /* in the end; 0: unlimited */
    } cases[] = {{CEPA_SHAPER_WORD, 500, 8},
                 {CEPA_SHAPER_MESSAGE, 250, 64},
                 {CEPA_SHAPER_RELAYED, 100, 0},
                 {CEPA_SHAPER_PACKET, 5, 512},
                 {CEPA_SHAPER_CELL, 5, 0}};
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin(CEPA_SHAPER_STEPPED, 0);
        cepa_shaper_wait(&shaper, cases[i].of, now);
        struct cepa_time climb = cepa_time_add(now, cases[i].wait_ms * CEPA_MILLISECOND_NS);
        shaper.next = cepa_time_add(climb, CEPA_SECOND_NS); /* no departure comes first */
        CHECK_INT(cepa_shaper_deadline(&shaper, true).ns, climb.ns);
        now.ns = climb.ns - 1;
        CHECK(!cepa_shaper_is_due(&shaper, true, now));
        now = climb;
        CHECK(cepa_shaper_is_due(&shaper, true, now));
        for (unsigned turn = 0; turn < 10; turn++) {
            (void)cepa_shaper_depart(&shaper, true, true, &hook, now);
            now = cepa_time_add(now, cases[i].wait_ms * CEPA_MILLISECOND_NS);
        }
        CHECK_INT(cepa_shaper_rate(&shaper), cases[i].rate);
    }
}

/* One burst of cells, and then nothing: what it costs is bounded. */
TEST(a_burst_costs_little_padding)
{
    uint64_t sum = 0;
    enum { BURSTS = 20 };
    begin(CEPA_SHAPER_STEPPED, 0);
    for (unsigned i = 0; i < BURSTS; i++) {
        unsigned counts[3] = {0};
        run(30, true, counts);
        CHECK_INT(cepa_shaper_rate(&shaper), 0);
        cepa_shaper_rest(&shaper, CEPA_SHAPER_CELL);
        run(150000, false, counts);
        CHECK_INT(cepa_shaper_rate(&shaper), 1);
        sum += counts[CEPA_DEPARTURE_PADDING];
    }
    test_note("%u frames of padding after a burst", (unsigned)(sum / BURSTS));
    CHECK(sum / BURSTS < 1500); /* 140,000 if every rung were held for 30 s */
}

/* A stream that needs its rung keeps it: padding is at most what is real and an allowance. */
TEST(padding_is_bounded_by_what_is_real)
{
    unsigned counts[3] = {0};
    begin(CEPA_SHAPER_STEPPED, 0);
    run(17, true, counts);
    cepa_shaper_rest(&shaper, CEPA_SHAPER_CELL);
    CHECK_INT(cepa_shaper_rate(&shaper), 512);
    shaper.allowance = 100;
    memset(counts, 0, sizeof counts);
    for (unsigned i = 0; i < 300; i++) { /* every other departure is a real one */
        run(i == 0 ? 0 : 2, false, counts);
        counts[cepa_shaper_depart(&shaper, true, true, &hook, shaper.next)]++;
        CHECK_INT(cepa_shaper_rate(&shaper), 512);
    }
    CHECK(counts[CEPA_DEPARTURE_PADDING] <= counts[CEPA_DEPARTURE_REAL] + 100);
    unsigned before = counts[CEPA_DEPARTURE_PADDING];
    uint32_t left = shaper.allowance;
    while (cepa_shaper_rate(&shaper) == 512) {
        run(1, false, counts);
    }
    CHECK(counts[CEPA_DEPARTURE_PADDING] - before <= left + 2);
    CHECK_INT(cepa_shaper_rate(&shaper), 64);
}

TEST(a_rung_that_is_needed_is_kept)
{
    unsigned counts[3] = {0};
    begin(CEPA_SHAPER_STEPPED, 0);
    run(12, true, counts);
    uint32_t rate = cepa_shaper_rate(&shaper);
    CHECK_INT(rate, 64);
    cepa_shaper_rest(&shaper, CEPA_SHAPER_CELL);
    /* 20 frames per second need more than a rung of 8. */
    for (unsigned i = 0; i < 20 * 100; i++) {
        run(50, false, counts);
        shaper.real_frames++;
        shaper.allowance = 1000000;
    }
    CHECK_INT(cepa_shaper_rate(&shaper), 64);
}

TEST(a_sleeper_does_not_make_up_for_its_sleep)
{
    unsigned counts[3] = {0};
    begin(CEPA_SHAPER_CONSTANT, 1000);
    run(10, false, counts);
    now = cepa_time_add(now, 3600 * CEPA_SECOND_NS);
    counts[CEPA_DEPARTURE_PADDING] = 0;
    run(10, false, counts);
    CHECK(counts[CEPA_DEPARTURE_PADDING] <= 25);
}

/* Real frames leave at the same times, and the rung is left as if padding had left. */
TEST(padding_may_be_withheld)
{
    unsigned counts[3] = {0};
    may_pad = false;
    begin(CEPA_SHAPER_CONSTANT, 100);
    run(10000, false, counts);
    CHECK_INT(counts[CEPA_DEPARTURE_PADDING], 0);
    run(10000, true, counts);
    CHECK(counts[CEPA_DEPARTURE_REAL] > 990 && counts[CEPA_DEPARTURE_REAL] < 1010);
    begin(CEPA_SHAPER_STEPPED, 0);
    run(30, true, counts);
    CHECK_INT(cepa_shaper_rate(&shaper), 0);
    cepa_shaper_rest(&shaper, CEPA_SHAPER_CELL);
    run(150000, false, counts);
    CHECK_INT(cepa_shaper_rate(&shaper), 1);
    CHECK_INT(counts[CEPA_DEPARTURE_PADDING], 0);
    may_pad = true;
    run(10000, false, counts);
    CHECK(counts[CEPA_DEPARTURE_PADDING] > 0);
}

TEST_MAIN(RUN(fixed_rates_hold_whether_or_not_there_is_something_to_say),
          RUN(off_never_pads_and_never_waits), RUN(rungs_are_climbed_at_once_and_left_slowly),
          RUN(every_class_has_its_patience_and_its_ceiling), RUN(a_burst_costs_little_padding),
          RUN(padding_is_bounded_by_what_is_real), RUN(a_rung_that_is_needed_is_kept),
          RUN(a_sleeper_does_not_make_up_for_its_sleep), RUN(padding_may_be_withheld))
