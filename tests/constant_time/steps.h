/* Follows a case instruction by instruction on the real processor, which also runs the kernels that
 * valgrind does not know. */
#ifndef CEPA_TESTS_CONSTANT_TIME_STEPS_H
#define CEPA_TESTS_CONSTANT_TIME_STEPS_H

#include <stdint.h>

#include "constant_time/cases.h"

/* The way that the processor took. */
struct ct_steps {
    uint64_t count; /* instructions */
    uint64_t path;  /* hash of their addresses in order */
};

/* ct_steps_follow runs one case with the secrets of `seed` and follows it from the end of its
 * preparation on. Returns 0, or -1 where that is not possible. Takes about 1 us an instruction. */
int ct_steps_follow(struct ct_steps *ret_steps, const struct ct_case *one, uint64_t seed,
                    uint32_t cpu);

#endif
