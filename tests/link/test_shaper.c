/* Departures: their number, their gaps, the climbing and descending of rungs, budgets. */
#include "link/shaper.h"

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

static void begin(enum cepa_shaper_mode mode, uint32_t rate, uint64_t bytes, uint64_t padding)
{
    const struct cepa_shaper_config config = {mode, rate, bytes, padding};
    numbers.state = 1;
    now.ns = CEPA_SECOND_NS;
    cepa_shaper_init(&shaper, &config, now);
}

/* Lets time go by in steps of 100 us; counts departures of each kind. */
static void run(uint64_t ms, enum cepa_shaper_need need, unsigned counts[3])
{
    for (uint64_t i = 0; i < 10 * ms; i++) {
        enum cepa_departure departure;
        now = cepa_time_add(now, CEPA_MILLISECOND_NS / 10);
        if (need == CEPA_SHAPER_REAL) {
            cepa_shaper_wait(&shaper, now);
        }
        for (unsigned turn = 0; turn < 10; turn++) {
            bool is_due = cepa_shaper_is_due(&shaper, need, now);
            departure = cepa_shaper_depart(&shaper, need, 1128, &hook, now);
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
        begin((enum cepa_shaper_mode)mode, 500, 0, UINT64_MAX);
        CHECK_INT(cepa_shaper_rate(&shaper), 500);
        run(20000, CEPA_SHAPER_NOTHING, idle);
        run(20000, CEPA_SHAPER_REAL, busy);
        CHECK_INT(idle[CEPA_DEPARTURE_REAL], 0);
        CHECK_INT(busy[CEPA_DEPARTURE_PADDING], 0);
        CHECK(idle[CEPA_DEPARTURE_PADDING] > 9600 && idle[CEPA_DEPARTURE_PADDING] < 10400);
        CHECK(busy[CEPA_DEPARTURE_REAL] > 9600 && busy[CEPA_DEPARTURE_REAL] < 10400);
    }
}

TEST(off_never_pads_and_never_waits)
{
    unsigned counts[3] = {0};
    begin(CEPA_SHAPER_OFF, 0, 0, UINT64_MAX);
    run(100, CEPA_SHAPER_NOTHING, counts);
    CHECK_INT(counts[CEPA_DEPARTURE_PADDING], 0);
    run(1, CEPA_SHAPER_REAL, counts);
    CHECK_INT(counts[CEPA_DEPARTURE_REAL], 100);
    CHECK(cepa_time_is_never(cepa_shaper_deadline(&shaper, CEPA_SHAPER_NOTHING)));
}

TEST(rungs_are_climbed_at_once_and_left_slowly)
{
    unsigned counts[3] = {0};
    static const uint32_t rates[] = {4096, 512, 64, 8, 1, 1};
    begin(CEPA_SHAPER_STEPPED, 0, 0, UINT64_MAX);
    run(100000, CEPA_SHAPER_NOTHING, counts);
    CHECK(counts[CEPA_DEPARTURE_PADDING] > 60 && counts[CEPA_DEPARTURE_PADDING] < 140);
    CHECK_INT(cepa_shaper_rate(&shaper), 1);
    run(30, CEPA_SHAPER_REAL, counts); /* five rungs of 5 ms */
    CHECK_INT(cepa_shaper_rate(&shaper), 0);
    cepa_shaper_rest(&shaper);
    for (unsigned i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        CHECK(i == 0 || cepa_shaper_rate(&shaper) == rates[i - 1]);
        run(30100, CEPA_SHAPER_NOTHING, counts);
        CHECK_INT(cepa_shaper_rate(&shaper), rates[i]);
    }
}

TEST(a_rung_that_is_needed_is_kept)
{
    unsigned counts[3] = {0};
    begin(CEPA_SHAPER_STEPPED, 0, 0, UINT64_MAX);
    run(12, CEPA_SHAPER_REAL, counts);
    uint32_t rate = cepa_shaper_rate(&shaper);
    CHECK_INT(rate, 64);
    cepa_shaper_rest(&shaper);
    /* 20 frames per second need more than a rung of 8. */
    for (unsigned i = 0; i < 20 * 100; i++) {
        run(50, CEPA_SHAPER_NOTHING, counts);
        shaper.real_frames++;
    }
    CHECK_INT(cepa_shaper_rate(&shaper), 64);
}

TEST(a_sleeper_does_not_make_up_for_its_sleep)
{
    unsigned counts[3] = {0};
    begin(CEPA_SHAPER_CONSTANT, 1000, 0, UINT64_MAX);
    run(10, CEPA_SHAPER_NOTHING, counts);
    now = cepa_time_add(now, 3600 * CEPA_SECOND_NS);
    counts[CEPA_DEPARTURE_PADDING] = 0;
    run(10, CEPA_SHAPER_NOTHING, counts);
    CHECK(counts[CEPA_DEPARTURE_PADDING] <= 25);
}

TEST(budgets_are_kept)
{
    unsigned counts[3] = {0};
    begin(CEPA_SHAPER_OFF, 0, 112800, UINT64_MAX);
    run(10000, CEPA_SHAPER_REAL, counts);
    CHECK(counts[CEPA_DEPARTURE_REAL] > 950 && counts[CEPA_DEPARTURE_REAL] <= 1101);
    counts[CEPA_DEPARTURE_PADDING] = 0;
    begin(CEPA_SHAPER_CONSTANT, 100, 0, 1128 * 50);
    run(10000, CEPA_SHAPER_NOTHING, counts);
    CHECK_INT(counts[CEPA_DEPARTURE_PADDING], 50);
    run(100, CEPA_SHAPER_REAL, counts);
    now = cepa_time_add(now, 86400 * CEPA_SECOND_NS);
    counts[CEPA_DEPARTURE_PADDING] = 0;
    run(10000, CEPA_SHAPER_NOTHING, counts);
    CHECK_INT(counts[CEPA_DEPARTURE_PADDING], 50);
}

TEST_MAIN(RUN(fixed_rates_hold_whether_or_not_there_is_something_to_say),
          RUN(off_never_pads_and_never_waits), RUN(rungs_are_climbed_at_once_and_left_slowly),
          RUN(a_rung_that_is_needed_is_kept), RUN(a_sleeper_does_not_make_up_for_its_sleep),
          RUN(budgets_are_kept))
