/* Leaks made on purpose, one of each kind that the tests look for. If one is not found, the tests
 * see nothing. */
#include "constant_time/cases.h"

static uint8_t secret[16];
static volatile uint32_t sink;

static void prepare(struct test_random *random, uint32_t cpu)
{
    (void)cpu;
    ct_random_secret(random, secret, sizeof secret);
}

static void branch(uint32_t cpu)
{
    (void)cpu;
    for (unsigned i = 0; i < sizeof secret; i++) {
        if (secret[i] & 1) {
            sink++;
        }
    }
}

static void look_up(uint32_t cpu)
{
    static const uint8_t table[256] = {1, 2, 3};
    (void)cpu;
    sink += table[secret[0]];
}

/* Stops at the first difference, as memcmp may. */
static void compare_early(uint32_t cpu)
{
    unsigned i = 0;
    (void)cpu;
    while (i < sizeof secret && (secret[i] & 3) != 0) {
        i++;
    }
    sink = i;
}

/* No branch and no address depends on the secret here, but the time of a division does: this must
 * be found in the object file. */
void ct_leak_divide(void)
{
    sink = 1000000007u / (secret[0] | 1u);
}

const struct ct_case ct_leak_cases[] = {
    {"leak: branch", "leak: branch", prepare, branch, 1},
    {"leak: table", NULL, prepare, look_up, 1},
    {"leak: early end", "leak: early end", prepare, compare_early, 1},
};
const size_t ct_leak_cases_len = sizeof ct_leak_cases / sizeof ct_leak_cases[0];
