/* Counted time: differences of wall time, of a clock that may jump. */
#include "path/clock.h"

#include <stddef.h>

#include "support/test.h"

TEST(steps_are_counted_jumps_are_not)
{
    static const struct {
        uint64_t wall_ms;
        uint64_t counted_ms;
    } steps[] = {
        {5000, 0}, /* the first says where the clock stands */
        {6000, 1000},
        {6000, 1000},
        {2000, 1000}, /* back: nothing */
        {2500, 1500},
        {2500 + CEPA_PATH_STEP_MAX_MS, 1500 + CEPA_PATH_STEP_MAX_MS},
        {UINT64_MAX, 1500 + 2 * CEPA_PATH_STEP_MAX_MS}, /* far ahead: thirty days */
        {0, 1500 + 2 * CEPA_PATH_STEP_MAX_MS},          /* a clock that has lost its battery */
        {900, 1500 + 2 * CEPA_PATH_STEP_MAX_MS},        /* it begins anew */
        {1000, 1600 + 2 * CEPA_PATH_STEP_MAX_MS},
    };
    struct cepa_path_clock clock = {{0}, 0};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        const struct cepa_wall wall = {steps[i].wall_ms};
        CHECK_INT(cepa_path_clock_advance(&clock, wall), steps[i].counted_ms);
    }
}

TEST(counting_ends_before_sums_do)
{
    struct cepa_path_clock clock = {{1}, CEPA_PATH_COUNTED_MAX_MS - 5};
    CHECK_INT(cepa_path_clock_advance(&clock, (struct cepa_wall){100}), CEPA_PATH_COUNTED_MAX_MS);
    CHECK_INT(cepa_path_clock_advance(&clock, (struct cepa_wall){200}), CEPA_PATH_COUNTED_MAX_MS);
}

TEST_MAIN(RUN(steps_are_counted_jumps_are_not), RUN(counting_ends_before_sums_do))
