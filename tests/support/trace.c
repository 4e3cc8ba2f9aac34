/* Single steps by ptrace, between two breakpoints that the child sets itself. */
#define _DEFAULT_SOURCE
#include "support/trace.h"

#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/test.h"

#if defined(__x86_64__)
#include <sys/user.h>

static __attribute__((noinline)) void breakpoint(void)
{
    __asm__ volatile("int3" : : : "memory");
}

static uint64_t program_counter(pid_t child)
{
    struct user_regs_struct registers;
    if (ptrace(PTRACE_GETREGS, child, NULL, &registers) != 0) {
        return 0;
    }
    return registers.rip;
}

/* The second breakpoint stands in the same place as the first, so it ends the trace. */
static void follow(struct trace *trace, pid_t child)
{
    int status = 0;
    uint64_t begin = program_counter(child);
    trace->instructions = 0;
    trace->path = 14695981039346656037u;
    while (ptrace(PTRACE_SINGLESTEP, child, NULL, NULL) == 0 && waitpid(child, &status, 0) > 0 &&
           WIFSTOPPED(status)) {
        uint64_t at = program_counter(child);
        if (at == begin) {
            break;
        }
        trace->instructions++;
        trace->path = (trace->path ^ at) * 1099511628211u;
    }
}

void trace_run(struct trace *ret_trace, void (*run)(void *context), void *context)
{
    int status = 0;
    if (getenv("CEPA_TRACE") == NULL) {
        test_skip("single steps take long; CEPA_TRACE=1 takes them");
    }
    pid_t child = fork();
    if (child == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) {
            _exit(1);
        }
        breakpoint();
        run(context);
        breakpoint();
        _exit(0);
    }
    if (child < 0 || waitpid(child, &status, 0) < 0 || !WIFSTOPPED(status)) {
        test_skip("processes may not be traced here");
    }
    struct trace trace;
    follow(&trace, child);
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    *ret_trace = trace;
}
#else
void trace_run(struct trace *ret_trace, void (*run)(void *context), void *context)
{
    (void)ret_trace;
    (void)run;
    (void)context;
    test_skip("only x86-64 is traced");
}
#endif
