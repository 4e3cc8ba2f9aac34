/* Time: saturation at both ends, deadlines, days and epochs at their edges. */
#include "base/time.h"
#include "support/panic.h"
#include "support/test.h"

#define LAST UINT64_MAX

static struct cepa_time at(uint64_t ns)
{
    return (struct cepa_time){ns};
}

static struct cepa_wall wall_at(uint64_t unix_ms)
{
    return (struct cepa_wall){unix_ms};
}

TEST(sums_end_at_never)
{
    const struct {
        uint64_t time, duration, want;
    } rows[] = {
        {0, 0, 0},           {1, 2, 3},          {0, LAST, LAST},         {LAST, 0, LAST},
        {LAST, 1, LAST},     {LAST, LAST, LAST}, {LAST - 5, 4, LAST - 1}, {LAST - 5, 5, LAST},
        {LAST - 5, 6, LAST},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CHECK(cepa_time_add(at(rows[i].time), rows[i].duration).ns == rows[i].want);
        CHECK(cepa_wall_add(wall_at(rows[i].time), rows[i].duration).unix_ms == rows[i].want);
    }
    CHECK(cepa_time_is_never(cepa_time_never()) && !cepa_time_is_never(at(LAST - 1)));
}

TEST(differences_end_at_zero)
{
    CHECK(cepa_time_since(at(7), at(3)) == 4);
    CHECK(cepa_time_since(at(3), at(7)) == 0);
    CHECK(cepa_time_since(at(3), at(3)) == 0);
    CHECK(cepa_time_since(cepa_time_never(), at(3)) == CEPA_DURATION_MAX_NS);
    CHECK(cepa_time_since(at(3), cepa_time_never()) == 0);
    CHECK(cepa_wall_since(wall_at(7), wall_at(3)) == 4);
    CHECK(cepa_wall_since(wall_at(3), wall_at(7)) == 0);
}

TEST(a_deadline_is_due_from_its_moment_on)
{
    CHECK(!cepa_time_is_due(at(5), at(4)));
    CHECK(cepa_time_is_due(at(5), at(5)));
    CHECK(cepa_time_is_due(at(5), at(6)));
    CHECK(!cepa_time_is_due(cepa_time_never(), at(LAST - 1)));
    CHECK(!cepa_time_is_due(cepa_time_never(), cepa_time_never()));
}

TEST(order_of_moments)
{
    CHECK(cepa_time_is_before(at(1), at(2)) && !cepa_time_is_before(at(2), at(2)));
    CHECK(cepa_time_earliest(at(1), cepa_time_never()).ns == 1);
    CHECK(cepa_time_earliest(at(2), at(1)).ns == 1);
    CHECK(cepa_time_latest(at(1), at(2)).ns == 2);
    CHECK(cepa_time_latest(at(2), at(1)).ns == 2);
}

TEST(scaling_saturates)
{
    const struct {
        uint64_t duration;
        uint32_t times;
        uint64_t want;
    } rows[] = {
        {0, UINT32_MAX, 0},
        {LAST, 0, 0},
        {LAST, 1, LAST},
        {LAST, 2, LAST},
        {3, 7, 21},
        {UINT64_C(1) << 32, UINT32_MAX, (uint64_t)UINT32_MAX << 32},
        {UINT64_C(1) << 33, UINT32_MAX, LAST},
        {UINT64_C(0x5555555555555555), 3, LAST},
        {UINT64_C(0x5555555555555556), 3, LAST},
        {UINT64_C(0x5555555555555554), 3, LAST - 3},
        {UINT64_C(0x123456789a), 0x1000, UINT64_C(0x123456789a000)},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CHECK(cepa_duration_scale(rows[i].duration, rows[i].times) == rows[i].want);
    }
}

/* 2026-11-22 10:30:00.500 UTC */
#define MOMENT UINT64_C(1795343400500)

TEST(days_and_epochs_at_their_edges)
{
    const struct cepa_calendar calendar = cepa_calendar_main();
    const struct {
        uint64_t unix_ms;
        uint32_t day, epoch, epoch_of_day;
    } rows[] = {
        {0, 0, 0, 0},          {3599999, 0, 0, 0},   {3600000, 0, 1, 1},
        {86399999, 0, 23, 23}, {86400000, 1, 24, 0}, {MOMENT, 20779, 498706, 10},
    };
    CHECK(cepa_calendar_is_valid(&calendar));
    CHECK(cepa_calendar_epochs_per_day(&calendar) == 24);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct cepa_wall wall = wall_at(rows[i].unix_ms);
        struct cepa_directory_day day = cepa_calendar_day(&calendar, wall);
        struct cepa_onion_epoch epoch = cepa_calendar_epoch(&calendar, wall);
        CHECK_INT(day.number, rows[i].day);
        CHECK_INT(epoch.number, rows[i].epoch);
        CHECK_INT(cepa_calendar_epoch_day(&calendar, epoch).number, rows[i].day);
        CHECK_INT(cepa_calendar_epoch_of_day(&calendar, epoch), rows[i].epoch_of_day);
        CHECK(cepa_calendar_epoch_start(&calendar, epoch).unix_ms <= wall.unix_ms);
        CHECK(cepa_calendar_day_start(&calendar, day).unix_ms == 86400000 * (uint64_t)day.number);
        epoch.number++;
        CHECK(cepa_calendar_epoch_start(&calendar, epoch).unix_ms > wall.unix_ms);
    }
}

TEST(numbers_beyond_32_bits_stay_at_the_last_one)
{
    const struct cepa_calendar calendar = {2000, 1000};
    CHECK(cepa_calendar_day(&calendar, wall_at(LAST)).number == UINT32_MAX);
    CHECK(cepa_calendar_epoch(&calendar, wall_at(LAST)).number == UINT32_MAX);
    CHECK(cepa_calendar_epoch(&calendar, wall_at(UINT64_C(1000) << 32)).number == UINT32_MAX);
    struct cepa_onion_epoch last = {UINT32_MAX};
    CHECK(cepa_calendar_epoch_start(&calendar, last).unix_ms == UINT32_MAX * UINT64_C(1000));
}

static const struct cepa_calendar invalid_calendars[] = {
    {0, 0},       {86400000, 0},       {86400000, 999},        {0, 3600000},
    {1000, 2000}, {86400000, 3600001}, {2 * 86400000, 3600000}};

static void use_invalid_calendar(void)
{
    (void)cepa_calendar_day(&invalid_calendars[0], wall_at(1));
}

TEST(calendars_that_do_not_fit_are_refused)
{
    for (size_t i = 0; i < sizeof invalid_calendars / sizeof invalid_calendars[0]; i++) {
        CHECK(!cepa_calendar_is_valid(&invalid_calendars[i]));
    }
    CHECK(test_panics(use_invalid_calendar));
}

TEST_MAIN(RUN(sums_end_at_never), RUN(differences_end_at_zero),
          RUN(a_deadline_is_due_from_its_moment_on), RUN(order_of_moments), RUN(scaling_saturates),
          RUN(days_and_epochs_at_their_edges), RUN(numbers_beyond_32_bits_stay_at_the_last_one),
          RUN(calendars_that_do_not_fit_are_refused))
