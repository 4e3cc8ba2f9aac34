/* Processes as /proc shows them. */
#define _GNU_SOURCE
#include "measure/process.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct bench_process bench_process_read(pid_t pid)
{
    struct bench_process process = {0, 0};
    char path[64];
    char text[1024] = "";
    unsigned long user = 0;
    unsigned long kernel = 0;
    long pages = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    if (file != NULL) {
        size_t len = fread(text, 1, sizeof text - 1, file);
        text[len] = 0;
        (void)fclose(file);
    }
    const char *rest = strrchr(text, ')');
    if (rest != NULL && sscanf(rest,
                               ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d "
                               "%*d %*d %*d %*u %*u %ld",
                               &user, &kernel, &pages) == 3) {
        process.cpu_s = (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
        process.rss_mb = (double)pages * (double)sysconf(_SC_PAGESIZE) / 1e6;
    }
    return process;
}
