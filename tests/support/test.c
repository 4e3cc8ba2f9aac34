/* The runner behind test.h. */
#include "support/test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "native/host.h"

enum outcome { PASSED, FAILED, SKIPPED };

static jmp_buf test_exit;
static enum outcome test_outcome;

static void fail(void)
{
    test_outcome = FAILED;
    longjmp(test_exit, 1);
}

void test_check(int is_true, const char *file, int line, const char *what)
{
    if (!is_true) {
        printf("    %s:%d: not true: %s\n", file, line, what);
        fail();
    }
}

void test_check_int(long long got, long long want, const char *file, int line, const char *what)
{
    if (got != want) {
        printf("    %s:%d: %s is %lld, not %lld\n", file, line, what, got, want);
        fail();
    }
}

void test_check_bytes(const void *got, const void *want, size_t len, const char *file, int line,
                      const char *what)
{
    const unsigned char *a = got;
    const unsigned char *b = want;
    for (size_t i = 0; i < len; i++) {
        if (a[i] != b[i]) {
            printf("    %s:%d: %s differs at byte %zu of %zu: %02x, not %02x\n", file, line, what,
                   i, len, a[i], b[i]);
            fail();
        }
    }
}

_Noreturn void test_skip(const char *reason)
{
    printf("    skipped: %s\n", reason);
    test_outcome = SKIPPED;
    longjmp(test_exit, 1);
}

void test_note(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    printf("    ");
    vprintf(format, arguments);
    printf("\n");
    va_end(arguments);
}

static enum outcome run_case(const struct test_case *test)
{
    test_outcome = PASSED;
    printf("  %s\n", test->name);
    fflush(stdout);
    if (setjmp(test_exit) == 0) {
        test->run();
    }
    return test_outcome;
}

int test_run(const struct test_case *cases, size_t cases_len, int argc, char **argv)
{
    unsigned counts[3] = {0, 0, 0};
    if (cepa_native_init() != 0) {
        printf("no randomness on this machine\n");
        return 1;
    }
    for (size_t i = 0; i < cases_len; i++) {
        if (argc > 1 && strstr(cases[i].name, argv[1]) == NULL) {
            continue;
        }
        enum outcome outcome = run_case(&cases[i]);
        counts[outcome]++;
        if (outcome == FAILED) {
            printf("    replay: %s %s\n", argv[0], cases[i].name);
        }
    }
    printf("%u passed, %u failed, %u skipped\n", counts[PASSED], counts[FAILED], counts[SKIPPED]);
    if (counts[FAILED] > 0) {
        return 1;
    }
    return counts[PASSED] == 0 && counts[SKIPPED] > 0 ? 77 : 0;
}
