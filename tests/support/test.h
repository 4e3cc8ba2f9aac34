/* A test program: a table of named functions, checks that say where they failed, a count at the
 * end. A failed check ends its test, not the program.
 *
 *     TEST(pool_refuses_a_stale_handle) { CHECK(...); CHECK_INT(got, want); }
 *     TEST_MAIN(RUN(pool_refuses_a_stale_handle))
 *
 * `program NAME` runs the tests whose name contains NAME. Exit status: 0 passed, 1 failed,
 * 77 everything was skipped. */
#ifndef CEPA_TESTS_SUPPORT_TEST_H
#define CEPA_TESTS_SUPPORT_TEST_H

#include <stddef.h>
#include <stdint.h>

struct test_case {
    const char *name;
    void (*run)(void);
};

/* test_check records a check and leaves the running test if it is false. */
void test_check(int is_true, const char *file, int line, const char *what);
void test_check_int(long long got, long long want, const char *file, int line, const char *what);
void test_check_bytes(const void *got, const void *want, size_t len, const char *file, int line,
                      const char *what);

/* test_skip ends the running test as skipped, for the printed reason. */
_Noreturn void test_skip(const char *reason);

/* test_note prints a line that belongs to the running test, like printf. */
void test_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* test_run runs the cases, prints the summary and gives the exit status. */
int test_run(const struct test_case *cases, size_t cases_len, int argc, char **argv);

#define CHECK(fact) test_check((fact) ? 1 : 0, __FILE__, __LINE__, #fact)
#define CHECK_INT(got, want)                                                                       \
    test_check_int((long long)(got), (long long)(want), __FILE__, __LINE__, #got)
#define CHECK_BYTES(got, want, len) test_check_bytes((got), (want), (len), __FILE__, __LINE__, #got)

#define TEST(name) static void name(void)
#define RUN(name)                                                                                  \
    {                                                                                              \
#name, name                                                                                \
    }
#define TEST_MAIN(...)                                                                             \
    int main(int argc, char **argv)                                                                \
    {                                                                                              \
        static const struct test_case cases[] = {__VA_ARGS__};                                     \
        return test_run(cases, sizeof cases / sizeof cases[0], argc, argv);                        \
    }

#endif
