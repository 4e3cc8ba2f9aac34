/* The cases of the constant-time tests: operations on secrets, and leaks made on purpose that the
 * tests must find. */
#ifndef CEPA_TESTS_CONSTANT_TIME_CASES_H
#define CEPA_TESTS_CONSTANT_TIME_CASES_H

#include <stddef.h>
#include <stdint.h>
#include <valgrind/memcheck.h>

#include "support/random.h"

/* One operation. Its inputs and outputs are static. */
struct ct_case {
    const char *name;
    /* Cases of one group execute the same number of instructions, for whatever secrets. NULL: the
     * number depends on something public, so it is not compared. */
    const char *group;
    void (*prepare)(struct test_random *random, uint32_t cpu); /* draws inputs, marks secrets */
    void (*run)(uint32_t cpu);                                 /* the operation, nothing else */
    int is_leak; /* made to be found: by valgrind, or by its number of instructions */
};

extern const struct ct_case ct_crypto_cases[];
extern const size_t ct_crypto_cases_len;
extern const struct ct_case ct_onion_cases[];
extern const size_t ct_onion_cases_len;
extern const struct ct_case ct_session_cases[];
extern const size_t ct_session_cases_len;
extern const struct ct_case ct_leak_cases[];
extern const size_t ct_leak_cases_len;

/* ct_leak_divide divides by a secret; it is never called, but must be found in its object file. */
void ct_leak_divide(void);

/* ct_secret marks bytes as secret: valgrind reports branches and addresses that depend on them. */
static inline void ct_secret(const void *bytes, size_t len)
{
    (void)VALGRIND_MAKE_MEM_UNDEFINED(bytes, len);
}

/* ct_public marks bytes as public again. */
static inline void ct_public(const void *bytes, size_t len)
{
    (void)VALGRIND_MAKE_MEM_DEFINED(bytes, len);
}

/* ct_random_secret draws secret bytes. */
static inline void ct_random_secret(struct test_random *random, void *ret_bytes, size_t len)
{
    test_random_bytes(random, ret_bytes, len);
    ct_secret(ret_bytes, len);
}

#endif
