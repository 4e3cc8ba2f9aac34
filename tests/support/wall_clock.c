/* The symbol stands before the C library's, also for shared libraries. */
#include "support/wall_clock.h"

#include <sys/time.h>

static long long now_ms = 1700000000000;

int gettimeofday(struct timeval *restrict ret_time, void *restrict ret_zone)
{
    (void)ret_zone;
    ret_time->tv_sec = (time_t)(now_ms / 1000);
    ret_time->tv_usec = (suseconds_t)(now_ms % 1000 * 1000);
    return 0;
}

void test_wall_clock_pass_ms(unsigned ms)
{
    now_ms += ms;
}

struct cepa_time test_wall_clock_time(void)
{
    struct cepa_time time = {(uint64_t)now_ms * CEPA_MILLISECOND_NS};
    return time;
}
