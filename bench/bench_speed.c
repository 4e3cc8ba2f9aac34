/* One circuit of three hops through real daemons on this machine: how many bytes it carries in a
 * second, what that costs each process, and how long small messages of another circuit over the
 * same relays take meanwhile.
 *
 *     bench_speed [--nodes N] [--megabytes N] [--hops N] [--shaper NAME] PROGRAM
 *
 * PROGRAM is `cepa`. Five nodes by default: the origin, which is a relay too, and four more, three
 * of which carry the circuit; the fifth is idle. Links are not shaped unless told otherwise. */
#define _GNU_SOURCE
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/crowd.h"
#include "cli/speed_result.h"
#include "measure/process.h"
#include "native/net/clock.h"

enum { NODES = 5, MEGABYTES = 400, HOPS = 3, RUNS = 3, READY_MS = 30000, POLL_MS = 100 };

/* What to do. */
struct wish {
    const char *program;
    const char *shaper;
    size_t nodes;
    uint32_t megabytes;
    uint32_t hops;
    unsigned pause_s; /* before measuring, so that a profiler can be attached */
};

static int ask(const struct cepa_crowd *crowd, struct cepa_reason *ret_reason,
               struct cepa_cli_speed *ret_speed, const struct cepa_control_request *request)
{
    struct cJSON *answer = NULL;
    int status = cepa_crowd_ask(crowd, &answer, ret_reason, 0, request);
    if (status == 0 && !cepa_cli_speed_read(ret_speed, answer)) {
        status = cepa_reason_fail(ret_reason, CEPA_ERR_MALFORMED, "the answer makes no sense");
    }
    cJSON_Delete(answer);
    return status;
}

/* One transfer, from node 0. */
static int transfer(const struct cepa_crowd *crowd, struct cepa_reason *ret_reason,
                    const struct wish *wish, bool is_download, struct cepa_cli_speed *ret_speed)
{
    struct cepa_control_request request = {.kind = CEPA_CONTROL_SPEED,
                                           .megabytes = wish->megabytes,
                                           .hops = wish->hops,
                                           .is_download = is_download};
    const struct timespec pause = {0, POLL_MS * 1000000L};
    int status = ask(crowd, ret_reason, ret_speed, &request);
    request = (struct cepa_control_request){.kind = CEPA_CONTROL_SPEED_RESULT};
    while (status == 0 && ret_speed->is_running) {
        (void)nanosleep(&pause, NULL);
        status = ask(crowd, ret_reason, ret_speed, &request);
    }
    if (status == 0 && ret_speed->is_failed) {
        status = cepa_reason_fail(ret_reason, CEPA_ERR_UNREACHABLE, "the circuit failed");
    }
    return status;
}

static void print_row(const struct cepa_cli_speed *speed, const double *cpu, size_t nodes)
{
    double gigabytes = speed->bytes / 1e9;
    double sum = 0;
    printf("%-9s %7.1f  ", speed->is_download ? "download" : "upload",
           speed->bytes / speed->seconds / 1e6);
    for (size_t i = 0; i < nodes; i++) {
        sum += cpu[i];
        printf(" %5.1f", cpu[i] / gigabytes);
    }
    printf("   %6.1f   %6.2f %6.2f   %6.2f %6.2f %s\n", sum / gigabytes, speed->quiet.median_ms,
           speed->quiet.p95_ms, speed->busy.median_ms, speed->busy.p95_ms,
           speed->has_same_path ? "" : "(other relays)");
    (void)fflush(stdout);
}

static int run(const struct cepa_crowd *crowd, struct cepa_reason *ret_reason,
               const struct wish *wish)
{
    printf("%zu processes on this machine, shaper %s, circuits of %u hops, %u MB each\n"
           "            MB/s   CPU s/GB of each process, origin first   sum   small there and "
           "back, ms\n"
           "                                                            alone p50, p95   beside "
           "p50, p95\n",
           wish->nodes, wish->shaper, wish->hops, wish->megabytes);
    for (unsigned i = 0; i < 2 * RUNS; i++) {
        double cpu[CEPA_CROWD_MAX];
        struct cepa_cli_speed speed = {0};
        for (size_t node = 0; node < wish->nodes; node++) {
            cpu[node] = bench_process_read(crowd->pids[node]).cpu_s;
        }
        int status = transfer(crowd, ret_reason, wish, i % 2 == 1, &speed);
        if (status != 0) {
            return status;
        }
        for (size_t node = 0; node < wish->nodes; node++) {
            cpu[node] = bench_process_read(crowd->pids[node]).cpu_s - cpu[node];
        }
        print_row(&speed, cpu, wish->nodes);
    }
    printf(
        "measured before on a machine of this kind, a private Tor network on loopback, one stream "
        "over\nthree hops: 8.4 MB/s (7.5 to 12.7) and 37 to 54 CPU s/GB with its default "
        "scheduler,\n36 MB/s (29 to 37) and 34 to 39 CPU s/GB with the scheduler Vanilla\n");
    return 0;
}

static int measure(struct cepa_crowd *crowd, struct cepa_reason *ret_reason,
                   const struct wish *wish)
{
    int status = 0;
    for (size_t i = 0; i < wish->nodes && status == 0; i++) {
        status = cepa_crowd_start(crowd, ret_reason, i);
    }
    if (status == 0 &&
        (cepa_crowd_wait(crowd, 0, wish->nodes, "network.relays_here", (int64_t)wish->nodes,
                         READY_MS) < 0 ||
         cepa_crowd_wait(crowd, 0, 1, "network.circuits_ready_ahead", 1, READY_MS) < 0)) {
        status = cepa_reason_fail(ret_reason, CEPA_ERR_TIMEOUT, "the nodes do not find each other");
    }
    if (status == 0 && wish->pause_s > 0) {
        for (size_t i = 0; i < wish->nodes; i++) {
            printf("node %zu is process %d\n", i, (int)crowd->pids[i]);
        }
        (void)fflush(stdout);
        (void)sleep(wish->pause_s);
    }
    return status == 0 ? run(crowd, ret_reason, wish) : status;
}

static bool read_wish(struct wish *ret_wish, int argc, char **argv)
{
    struct wish wish = {NULL, "off", NODES, MEGABYTES, HOPS, 0};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--nodes") == 0 && i + 1 < argc) {
            wish.nodes = strtoul(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--megabytes") == 0 && i + 1 < argc) {
            wish.megabytes = (uint32_t)strtoul(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--hops") == 0 && i + 1 < argc) {
            wish.hops = (uint32_t)strtoul(argv[++i], NULL, 10);
        } else if (strcmp(argv[i], "--shaper") == 0 && i + 1 < argc) {
            wish.shaper = argv[++i];
        } else if (strcmp(argv[i], "--pause") == 0 && i + 1 < argc) {
            wish.pause_s = (unsigned)strtoul(argv[++i], NULL, 10);
        } else {
            wish.program = argv[i];
        }
    }
    *ret_wish = wish;
    return wish.program != NULL && wish.nodes >= 4 && wish.nodes <= CEPA_CROWD_MAX &&
           wish.megabytes >= 1 && wish.megabytes <= CEPA_SPEED_MEGABYTES_MAX;
}

int main(int argc, char **argv)
{
    struct wish wish;
    struct cepa_reason reason;
    static struct cepa_crowd crowd;
    if (!read_wish(&wish, argc, argv)) {
        fprintf(
            stderr,
            "Usage: bench_speed [--nodes N] [--megabytes N] [--hops N] [--shaper NAME] PROGRAM\n");
        return 2;
    }
    const char *const options[] = {"--log-level", "warning", "--shaper", wish.shaper};
    const struct cepa_crowd_config config = {
        .program = wish.program, .options = options, .options_len = 4};
    int status = cepa_crowd_begin(&crowd, &reason, &config);
    if (status == 0) {
        status = measure(&crowd, &reason, &wish);
        if (!cepa_crowd_end(&crowd, false) && status == 0) {
            status = cepa_reason_fail(&reason, CEPA_ERR_STATE, "not every node ended well");
        }
    }
    if (status != 0) {
        fprintf(stderr, "bench_speed: %s\n", reason.text);
    }
    return status == 0 ? 0 : 1;
}
