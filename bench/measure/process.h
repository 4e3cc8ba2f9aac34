/* What the system knows of a process: for tables of what things cost. */
#ifndef CEPA_BENCH_MEASURE_PROCESS_H
#define CEPA_BENCH_MEASURE_PROCESS_H

#include <sys/types.h>

/* What a process has used, and what it holds. */
struct bench_process {
    double cpu_s;  /* user and system time so far */
    double rss_mb; /* memory that is its own or shared now, in 10^6 bytes */
};

/* bench_process_read reads it; zeros if there is no such process. */
struct bench_process bench_process_read(pid_t pid);

#endif
