/* The generator behind random.h. */
#include "support/random.h"

uint64_t test_random_u64(struct test_random *random)
{
    random->state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t mixed = random->state;
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
    return mixed ^ (mixed >> 31);
}

uint64_t test_random_below(struct test_random *random, uint64_t bound)
{
    return test_random_u64(random) % bound;
}

void test_random_bytes(struct test_random *random, void *ret_bytes, size_t len)
{
    uint8_t *bytes = ret_bytes;
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (uint8_t)(test_random_u64(random) >> 56);
    }
}
