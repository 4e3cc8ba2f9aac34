/* A clock of its own for guards: wall time, counted by differences, so that a clock that is set
 * wrong for a while costs little. A step back counts as nothing, a step forward as 30 days at the
 * most. @[SPEC 11.2] */
#ifndef CEPA_PATH_CLOCK_H
#define CEPA_PATH_CLOCK_H

#include <stdint.h>

#include "base/time.h"

#define CEPA_PATH_HOUR_MS UINT64_C(3600000)
#define CEPA_PATH_DAY_MS (24 * CEPA_PATH_HOUR_MS)
#define CEPA_PATH_STEP_MAX_MS (30 * CEPA_PATH_DAY_MS)
#define CEPA_PATH_COUNTED_MAX_MS (UINT64_MAX / 2) /* where counting ends */

/* The clock. Persisted with what it serves. All zeros: it has not begun. */
struct cepa_path_clock {
    struct cepa_wall last; /* what the wall clock said last */
    uint64_t counted_ms;   /* counted so far */
};

/* cepa_path_clock_advance takes the wall clock's word and gives the counted time. The first call
 * after the start counts nothing. */
uint64_t cepa_path_clock_advance(struct cepa_path_clock *clock, struct cepa_wall wall);

#endif
