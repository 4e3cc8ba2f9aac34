/* Checks that a broken fact ends the program: the call runs in a child process, which must die by
 * the panic hook. */
#ifndef CEPA_TESTS_SUPPORT_PANIC_H
#define CEPA_TESTS_SUPPORT_PANIC_H

#include <stdbool.h>

/* test_panics says whether `run` ends in cepa_panic. */
bool test_panics(void (*run)(void));

#endif
