/* The machine's clocks. Only drivers read them; everything below gets the time as an argument. */
#ifndef CEPA_NATIVE_NET_CLOCK_H
#define CEPA_NATIVE_NET_CLOCK_H

#include "base/time.h"

/* cepa_clock_now gives the time since the machine started, the time that it slept included. */
struct cepa_time cepa_clock_now(void);

/* cepa_clock_wall gives the world's time as the machine has it; 0 if its clock stands before 1970.
 */
struct cepa_wall cepa_clock_wall(void);

#endif
