/* Deterministic numbers for randomised tests, so that a failure can be replayed from its seed
 * (splitmix64). Not for keys. */
#ifndef CEPA_TESTS_SUPPORT_RANDOM_H
#define CEPA_TESTS_SUPPORT_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct test_random {
    uint64_t state; /* the seed at first */
};

/* test_random_u64 gives the next 64 bits. */
uint64_t test_random_u64(struct test_random *random);

/* test_random_below gives a number below `bound`, which is not 0. */
uint64_t test_random_below(struct test_random *random, uint64_t bound);

/* test_random_bytes writes `len` bytes. */
void test_random_bytes(struct test_random *random, void *ret_bytes, size_t len);

#endif
