/* link_emulator: joins two TUN devices, each in a network namespace, by a link with delay, loss,
 * reordering, copies and a bottleneck. tests/lab/README.md says how to call it. It prints "ready",
 * and when it is told to end (SIGTERM, SIGINT, or its parent is gone) one line of JSON with what it
 * did. */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "lab/link_line.h"
#include "lab/link_model.h"
#include "lab/netns.h"

#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S UINT64_C(1000000000)

enum { BATCH = 64 }; /* datagrams of one side before the other has its turn */

struct direction {
    struct link_model model;
    struct link_line line;
    int from_fd;
    int to_fd;
    uint64_t out;      /* datagrams that came out */
    uint64_t overflow; /* dropped because the line was full: the emulator's fault */
    uint64_t refused;  /* by the device that they should go to */
    uint64_t late_ns;  /* the longest that one came out after its time */
    uint64_t late;     /* how many came out more than a millisecond late */
};

static volatile sig_atomic_t is_ending;

static void on_signal(int number)
{
    (void)number;
    is_ending = 1;
}

/* Takes what came, at most a batch. Returns how many. */
static int take(struct direction *direction)
{
    int count;
    for (count = 0; count < BATCH; count++) {
        uint8_t spare[LINK_DATAGRAM_SIZE];
        uint8_t *place = link_line_reserve(&direction->line);
        ssize_t len = read(direction->from_fd, place == NULL ? spare : place, LINK_DATAGRAM_SIZE);
        if (len <= 0) {
            break;
        }
        struct link_fate fate = link_model_pass(&direction->model, (size_t)len, netns_clock_ns());
        const uint8_t *bytes = place;
        for (unsigned copy = 0; copy < fate.copies; copy++) {
            place = link_line_reserve(&direction->line);
            if (place == NULL) {
                direction->overflow++;
                continue;
            }
            if (place != bytes) {
                memcpy(place, bytes, (size_t)len);
            }
            link_line_put(&direction->line, (size_t)len, fate.departure_ns, fate.is_held_back);
        }
    }
    return count;
}

/* Lets out what is due, at most a batch. Returns how many. */
static int give(struct direction *direction)
{
    struct link_datagram datagram;
    const uint8_t *bytes;
    int count;
    for (count = 0; count < BATCH; count++) {
        bytes = link_line_find(&direction->line, &datagram);
        uint64_t now = netns_clock_ns();
        if (bytes == NULL || datagram.departure_ns > now) {
            break;
        }
        uint64_t late_ns = now - datagram.departure_ns;
        direction->late_ns = late_ns > direction->late_ns ? late_ns : direction->late_ns;
        direction->late += late_ns > NS_PER_MS ? 1 : 0;
        if (write(direction->to_fd, bytes, datagram.len) == (ssize_t)datagram.len) {
            direction->out++;
        } else {
            direction->refused++;
        }
        link_line_pop(&direction->line);
    }
    return count;
}

/* Waits until something comes or is due; not for long, as a signal may have come just before. */
static void wait_for(const struct direction directions[2])
{
    struct pollfd fds[2] = {{directions[0].from_fd, POLLIN, 0}, {directions[1].from_fd, POLLIN, 0}};
    uint64_t now = netns_clock_ns();
    uint64_t deadline = now + NS_PER_S / 10;
    for (int i = 0; i < 2; i++) {
        uint64_t due = link_line_deadline(&directions[i].line);
        deadline = due < deadline ? due : deadline;
    }
    uint64_t left = deadline > now ? deadline - now : 0;
    struct timespec timeout = {(time_t)(left / NS_PER_S), (long)(left % NS_PER_S)};
    (void)ppoll(fds, 2, &timeout, NULL);
}

static void run(struct direction directions[2])
{
    while (!is_ending) {
        int count = 0;
        for (int i = 0; i < 2; i++) {
            count += take(&directions[i]) + give(&directions[i]);
        }
        if (count == 0) {
            wait_for(directions);
        }
    }
}

static void report(const struct direction directions[2], uint64_t began_ns)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    uint64_t cpu_us = (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
                      (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
    printf("{\"wall_us\": %" PRIu64 ", \"cpu_us\": %" PRIu64, (netns_clock_ns() - began_ns) / 1000,
           cpu_us);
    for (int i = 0; i < 2; i++) {
        const struct direction *direction = &directions[i];
        const struct link_counts *counts = &direction->model.counts;
        printf(", \"%s\": {\"in\": %" PRIu64 ", \"bytes\": %" PRIu64 ", \"out\": %" PRIu64
               ", \"full\": %" PRIu64 ", \"lost\": %" PRIu64 ", \"held_back\": %" PRIu64
               ", \"copied\": %" PRIu64 ", \"overflow\": %" PRIu64 ", \"refused\": %" PRIu64
               ", \"late\": %" PRIu64 ", \"late_us_max\": %" PRIu64 "}",
               i == 0 ? "forth" : "back", counts->datagrams, counts->bytes, direction->out,
               counts->full, counts->lost, counts->held_back, counts->copied, direction->overflow,
               direction->refused, direction->late, direction->late_ns / 1000);
    }
    puts("}");
}

static _Noreturn void usage(void)
{
    fputs("Usage: link_emulator [OPTION...] NAMESPACE:DEVICE NAMESPACE:DEVICE\n"
          "  --delay-ms MS --loss PERCENT --rate-mbit MBIT/S --queue-ms MS (of the rate; 100)\n"
          "  --reorder PERCENT --reorder-ms MS (2) --duplicate PERCENT --seed NUMBER\n",
          stderr);
    exit(2);
}

static double number(const char *text)
{
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end != 0 || !(value >= 0 && value <= 1e9)) {
        usage();
    }
    return value;
}

/* Percent, as millionths. */
static uint32_t parts(const char *text)
{
    double percent = number(text);
    return percent <= 100 ? (uint32_t)(percent * (LINK_PARTS / 100) + 0.5) : LINK_PARTS;
}

static void read_options(struct link_config *config, int argc, char **argv)
{
    static const struct option options[] = {
        {"delay-ms", 1, NULL, 'd'},  {"loss", 1, NULL, 'l'},    {"rate-mbit", 1, NULL, 'r'},
        {"queue-ms", 1, NULL, 'q'},  {"reorder", 1, NULL, 'o'}, {"reorder-ms", 1, NULL, 'm'},
        {"duplicate", 1, NULL, 'c'}, {"seed", 1, NULL, 's'},    {NULL, 0, NULL, 0},
    };
    double queue_ms = 100;
    int option;
    memset(config, 0, sizeof *config);
    config->reorder_ns = 2 * NS_PER_MS;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'd':
            config->delay_ns = (uint64_t)(number(optarg) * 1e6);
            break;
        case 'l':
            config->loss_parts = parts(optarg);
            break;
        case 'r':
            config->rate_bits = (uint64_t)(number(optarg) * 1e6);
            break;
        case 'q':
            queue_ms = number(optarg);
            break;
        case 'o':
            config->reorder_parts = parts(optarg);
            break;
        case 'm':
            config->reorder_ns = (uint64_t)(number(optarg) * 1e6);
            break;
        case 'c':
            config->duplicate_parts = parts(optarg);
            break;
        case 's':
            config->seed = (uint64_t)number(optarg);
            break;
        default:
            usage();
        }
    }
    config->queue_bytes = (uint64_t)((double)config->rate_bits / 8e3 * queue_ms);
    if (optind + 2 != argc) {
        usage();
    }
}

/* Opens NAMESPACE:DEVICE. */
static int open_end(char *text)
{
    char *colon = strrchr(text, ':');
    if (colon == NULL) {
        usage();
    }
    *colon = 0;
    int fd = netns_tun(text, colon + 1);
    if (fd < 0) {
        fprintf(stderr, "link_emulator: %s in %s: %s\n", colon + 1, text, strerror(errno));
        exit(1);
    }
    return fd;
}

/* Little work that must come on time, on a machine that is busy with what the link connects. */
static void come_on_time(void)
{
    struct sched_param priority = {.sched_priority = 1};
    prctl(PR_SET_TIMERSLACK, 1);
    if (sched_setscheduler(0, SCHED_RR, &priority) != 0) {
        (void)setpriority(PRIO_PROCESS, 0, -20);
    }
}

int main(int argc, char **argv)
{
    static struct direction directions[2];
    struct sigaction action = {.sa_handler = on_signal};
    struct link_config config;
    read_options(&config, argc, argv);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    come_on_time();
    directions[0].from_fd = directions[1].to_fd = open_end(argv[optind]);
    directions[1].from_fd = directions[0].to_fd = open_end(argv[optind + 1]);
    for (int i = 0; i < 2; i++) {
        link_model_init(&directions[i].model, &config);
        config.seed ^= UINT64_C(0x5bd1e995);
        if (!link_line_init(&directions[i].line)) {
            fputs("link_emulator: not enough memory\n", stderr);
            return 1;
        }
    }
    puts("ready");
    fflush(stdout);
    uint64_t began_ns = netns_clock_ns();
    run(directions);
    report(directions, began_ns);
    link_line_wipe(&directions[0].line);
    link_line_wipe(&directions[1].line);
    return 0;
}
