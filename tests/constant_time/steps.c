/* Single steps by the trap flag of the processor: after every instruction the kernel sends this
 * process a signal, whose handler sees where it stands. */
#define _GNU_SOURCE
#include "constant_time/steps.h"

#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <ucontext.h>

#if defined(__x86_64__)
enum { TRAP_FLAG = 1 << 8 };

static struct ct_steps steps;

static void on_step(int number, siginfo_t *info, void *opaque)
{
    const ucontext_t *context = opaque;
    (void)number;
    (void)info;
    steps.path =
        (steps.path ^ (uint64_t)context->uc_mcontext.gregs[REG_RIP]) * UINT64_C(0x100000001b3);
    steps.count++;
}

/* The flags that a handler leaves are those that the program goes on with. */
static void on_begin(int number, siginfo_t *info, void *opaque)
{
    ucontext_t *context = opaque;
    (void)number;
    (void)info;
    context->uc_mcontext.gregs[REG_EFL] |= TRAP_FLAG;
}

static void on_end(int number, siginfo_t *info, void *opaque)
{
    ucontext_t *context = opaque;
    (void)number;
    (void)info;
    context->uc_mcontext.gregs[REG_EFL] &= ~(long long)TRAP_FLAG;
}

static int handle(int number, void (*handler)(int, siginfo_t *, void *))
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO;
    sigemptyset(&action.sa_mask);
    return sigaction(number, &action, NULL);
}

int ct_steps_follow(struct ct_steps *ret_steps, const struct ct_case *one, uint64_t seed,
                    uint32_t cpu)
{
    struct test_random random = {seed};
    if (handle(SIGTRAP, on_step) != 0 || handle(SIGUSR1, on_begin) != 0 ||
        handle(SIGUSR2, on_end) != 0) {
        return -1;
    }
    one->prepare(&random, cpu);
    steps.count = 0;
    steps.path = UINT64_C(0xcbf29ce484222325);
    raise(SIGUSR1);
    one->run(cpu);
    raise(SIGUSR2);
    *ret_steps = steps;
    return steps.count > 0 ? 0 : -1;
}
#else
int ct_steps_follow(struct ct_steps *ret_steps, const struct ct_case *one, uint64_t seed,
                    uint32_t cpu)
{
    (void)ret_steps;
    (void)one;
    (void)seed;
    (void)cpu;
    return -1;
}
#endif
