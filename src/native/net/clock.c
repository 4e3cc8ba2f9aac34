/* The machine's clocks. */
#define _GNU_SOURCE
#include "native/net/clock.h"

#include <time.h>

#include "base/assert.h"

/* Both clocks exist on every Linux that has our other system calls. */
static struct timespec read_clock(clockid_t clock)
{
    struct timespec time;
    int result = clock_gettime(clock, &time);
    CEPA_ASSERT(result == 0);
    return time;
}

struct cepa_time cepa_clock_now(void)
{
    struct timespec time = read_clock(CLOCK_BOOTTIME);
    struct cepa_time now = {(uint64_t)time.tv_sec * CEPA_SECOND_NS + (uint64_t)time.tv_nsec};
    return now;
}

struct cepa_wall cepa_clock_wall(void)
{
    struct timespec time = read_clock(CLOCK_REALTIME);
    struct cepa_wall wall = {0};
    if (time.tv_sec >= 0) {
        wall.unix_ms = (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / CEPA_MILLISECOND_NS;
    }
    return wall;
}
