/* The clock behind timing.h. */
#define _POSIX_C_SOURCE 200809L
#include "support/timing.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static uint64_t now_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static uint64_t batch_ns(void (*run)(void *context), void *context, uint64_t calls)
{
    uint64_t start = now_ns();
    for (uint64_t i = 0; i < calls; i++) {
        run(context);
    }
    return now_ns() - start;
}

static unsigned batches_wanted(void)
{
    const char *wanted = getenv("CEPA_BENCH_BATCHES");
    long batches = wanted != NULL ? strtol(wanted, NULL, 10) : 0;
    return batches > 0 && batches < TIMING_BATCHES ? (unsigned)batches : TIMING_BATCHES;
}

double timing_run(void (*run)(void *context), void *context)
{
    uint64_t calls = 1;
    while (batch_ns(run, context, calls) < TIMING_BATCH_NS) {
        calls *= 2;
    }
    double best = 1e18;
    for (unsigned i = batches_wanted(); i > 0; i--) {
        double each = (double)batch_ns(run, context, calls) / (double)calls;
        best = each < best ? each : best;
    }
    return best;
}

void timing_header(const char *title)
{
    printf("%s\n(one core, minimum of %u batches of at least %d ms)\n\n", title, batches_wanted(),
           TIMING_BATCH_NS / 1000000);
}
