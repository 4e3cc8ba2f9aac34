/* The clocks go on, and at the same pace as the system's. */
#define _GNU_SOURCE
#include <time.h>

#include "native/net/clock.h"
#include "support/test.h"

TEST(the_monotonic_clock_goes_on)
{
    struct cepa_time before = cepa_clock_now();
    const struct timespec pause = {.tv_nsec = 3000000};
    CHECK(!cepa_time_is_never(before) && before.ns > 0);
    for (int i = 0; i < 10000; i++) {
        struct cepa_time now = cepa_clock_now();
        CHECK(!cepa_time_is_before(now, before));
        before = now;
    }
    CHECK_INT(nanosleep(&pause, NULL), 0);
    CHECK(cepa_time_since(cepa_clock_now(), before) >= 3 * CEPA_MILLISECOND_NS);
}

TEST(the_wall_clock_is_the_system_s)
{
    time_t before = time(NULL);
    struct cepa_wall wall = cepa_clock_wall();
    time_t after = time(NULL);
    /* time() may lag behind by a tick of the kernel. */
    CHECK(wall.unix_ms + 20 >= (uint64_t)before * 1000);
    CHECK(wall.unix_ms < ((uint64_t)after + 2) * 1000);
}

TEST_MAIN(RUN(the_monotonic_clock_goes_on), RUN(the_wall_clock_is_the_system_s))
