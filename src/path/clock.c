/* Counted time. @[SPEC 11.2] */
#include "path/clock.h"

uint64_t cepa_path_clock_advance(struct cepa_path_clock *clock, struct cepa_wall wall)
{
    if (clock->last.unix_ms != 0) {
        uint64_t step_ms = cepa_wall_since(wall, clock->last);
        uint64_t left_ms = CEPA_PATH_COUNTED_MAX_MS - clock->counted_ms;
        step_ms = step_ms < CEPA_PATH_STEP_MAX_MS ? step_ms : CEPA_PATH_STEP_MAX_MS;
        clock->counted_ms += step_ms < left_ms ? step_ms : left_ms;
    }
    clock->last = wall;
    return clock->counted_ms;
}
