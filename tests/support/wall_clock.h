/* A wall clock that stands still and moves when a test says so, for libraries that read it
 * themselves: a program that uses this file replaces gettimeofday. */
#ifndef CEPA_TESTS_SUPPORT_WALL_CLOCK_H
#define CEPA_TESTS_SUPPORT_WALL_CLOCK_H

#include "base/time.h"

/* test_wall_clock_pass_ms moves the clock forward. */
void test_wall_clock_pass_ms(unsigned ms);

/* test_wall_clock_time gives it as a monotonic time. */
struct cepa_time test_wall_clock_time(void);

#endif
