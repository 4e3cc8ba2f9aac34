/* Counts the instructions of a function by single-stepping a child process, so that code can be
 * held to take the same path whatever its secrets are. It sees what the processor executes, the
 * widest vectors included, which valgrind does not know. In virtual machines a step can take 50 us,
 * so tests are skipped unless CEPA_TRACE is set in the environment. */
#ifndef CEPA_TESTS_SUPPORT_TRACE_H
#define CEPA_TESTS_SUPPORT_TRACE_H

#include <stdint.h>

/* What a function executed. */
struct trace {
    uint64_t instructions; /* how many */
    uint64_t path;         /* a hash of all their addresses in order */
};

/* trace_run runs `run(context)` in a child process, whose writes the caller does not see. Skips the
 * running test without CEPA_TRACE and where processes may not be traced. The first call of a
 * library function also runs the dynamic linker, so call it once before. */
void trace_run(struct trace *ret_trace, void (*run)(void *context), void *context);

#endif
