/* Timing for benchmarks: the minimum over many batches, which is what the code costs when nothing
 * else runs. */
#ifndef CEPA_TESTS_SUPPORT_TIMING_H
#define CEPA_TESTS_SUPPORT_TIMING_H

/* How many batches are taken, and how long one lasts at least. CEPA_BENCH_BATCHES in the
 * environment lowers the number for a quick look. */
enum { TIMING_BATCHES = 60, TIMING_BATCH_NS = 2000000 };

/* timing_run calls `run(context)` in 60 batches of at least 2 ms each and gives the time of one
 * call in ns: the fastest batch divided by its number of calls. */
double timing_run(void (*run)(void *context), void *context);

/* timing_header prints what the numbers mean, once, above a table. */
void timing_header(const char *title);

#endif
