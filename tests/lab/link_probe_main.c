/* link_probe: measures the way between two network namespaces, one of which sends numbered
 * datagrams to the other. It holds both sockets and the kernel stamps what arrives, so one clock
 * measures the delay one way, and a late wake-up of this program does not count as delay. Prints
 * one line of JSON. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "lab/netns.h"

#define NS_PER_S UINT64_C(1000000000)

enum {
    PORT = 40000,
    SIZE_MAX_BYTES = 1472,
    BURST_MAX = 64, /* sent at once when the sender has fallen behind */
    BATCH = 64,
    QUIET_MS = 600 /* nothing for so long, and all that will come has come */
};

struct stamp {
    uint64_t number;
    uint64_t sent_ns; /* wall clock: that of the kernel's stamps */
};

struct probe {
    int from_fd;
    int to_fd;
    uint64_t count; /* datagrams to send */
    uint64_t size;
    uint64_t interval_ns;
    uint8_t *seen;       /* one per datagram: how often it came */
    uint64_t *delays_ns; /* of the first copy of each, in the order of arrival */
    uint64_t received;   /* first copies */
    uint64_t copies;     /* further ones */
    uint64_t reordered;  /* first copies that came after a later number */
    uint64_t highest;    /* number, plus 1 */
    uint64_t first_ns;   /* arrivals */
    uint64_t last_ns;
};

static uint64_t wall_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static void count_one(struct probe *probe, const struct stamp *stamp, uint64_t now_ns)
{
    if (stamp->number >= probe->count) {
        return;
    }
    if (probe->seen[stamp->number]++ != 0) {
        probe->copies++;
        return;
    }
    probe->reordered += stamp->number + 1 < probe->highest ? 1 : 0;
    probe->highest = stamp->number + 1 > probe->highest ? stamp->number + 1 : probe->highest;
    probe->first_ns = probe->received == 0 ? now_ns : probe->first_ns;
    probe->last_ns = now_ns;
    probe->delays_ns[probe->received++] = now_ns > stamp->sent_ns ? now_ns - stamp->sent_ns : 0;
}

/* The kernel's time of arrival. */
static uint64_t arrival_ns(struct msghdr *header)
{
    struct timespec time = {0, 0};
    for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part != NULL;
         part = CMSG_NXTHDR(header, part)) {
        if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_TIMESTAMPNS) {
            memcpy(&time, CMSG_DATA(part), sizeof time);
        }
    }
    return (uint64_t)time.tv_sec * NS_PER_S + (uint64_t)time.tv_nsec;
}

/* Takes what came. Returns whether anything did. */
static int receive(struct probe *probe)
{
    static struct stamp stamps[BATCH];
    static char control[BATCH][64];
    struct mmsghdr messages[BATCH];
    struct iovec parts[BATCH];
    int total = 0;
    int count;
    do {
        memset(messages, 0, sizeof messages);
        for (int i = 0; i < BATCH; i++) {
            parts[i] = (struct iovec){&stamps[i], sizeof stamps[i]};
            messages[i].msg_hdr.msg_iov = &parts[i];
            messages[i].msg_hdr.msg_iovlen = 1;
            messages[i].msg_hdr.msg_control = control[i];
            messages[i].msg_hdr.msg_controllen = sizeof control[i];
        }
        count = recvmmsg(probe->to_fd, messages, BATCH, 0, NULL);
        for (int i = 0; i < count; i++) {
            count_one(probe, &stamps[i], arrival_ns(&messages[i].msg_hdr));
        }
        total += count > 0 ? count : 0;
    } while (count == BATCH);
    return total > 0;
}

/* Sends datagram `number`. Returns whether the system took it. */
static int send_one(const struct probe *probe, const struct sockaddr_in *to, uint64_t number)
{
    uint8_t bytes[SIZE_MAX_BYTES] = {0};
    struct stamp stamp = {number, wall_ns()};
    memcpy(bytes, &stamp, sizeof stamp);
    return sendto(probe->from_fd, bytes, probe->size, 0, (const struct sockaddr *)to, sizeof *to) ==
           (ssize_t)probe->size;
}

/* Waits for an arrival, until `deadline_ns`. */
static int wait_for(const struct probe *probe, uint64_t deadline_ns)
{
    struct pollfd fd = {probe->to_fd, POLLIN, 0};
    uint64_t now = netns_clock_ns();
    uint64_t left = deadline_ns > now ? deadline_ns - now : 0;
    struct timespec timeout = {(time_t)(left / NS_PER_S), (long)(left % NS_PER_S)};
    return ppoll(&fd, 1, &timeout, NULL);
}

static void run(struct probe *probe, const struct sockaddr_in *to)
{
    uint64_t began = netns_clock_ns();
    uint64_t sent = 0;
    while (sent < probe->count) {
        uint64_t due = (netns_clock_ns() - began) / probe->interval_ns + 1;
        for (int i = 0; i < BURST_MAX && sent < due && sent < probe->count; i++) {
            if (!send_one(probe, to, sent)) {
                perror("link_probe: send");
                exit(1);
            }
            sent++;
        }
        receive(probe);
        if (sent >= due) {
            wait_for(probe, began + sent * probe->interval_ns);
        }
    }
    while (wait_for(probe, netns_clock_ns() + QUIET_MS * UINT64_C(1000000)) > 0) {
        receive(probe);
    }
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void report(struct probe *probe)
{
    uint64_t n = probe->received;
    uint64_t took_us = (probe->last_ns - probe->first_ns) / 1000;
    qsort(probe->delays_ns, n, sizeof *probe->delays_ns, compare);
    const uint64_t *delays = probe->delays_ns;
    printf("{\"sent\": %" PRIu64 ", \"received\": %" PRIu64 ", \"copies\": %" PRIu64
           ", \"reordered\": %" PRIu64 ", \"kbit_s\": %" PRIu64,
           probe->count, n, probe->copies, probe->reordered,
           /* with the 28 bytes of IP and UDP, which the link counts too */
           took_us == 0 ? 0 : (n - 1) * (probe->size + 28) * 8 * 1000 / took_us);
    if (n > 0) {
        printf(", \"delay_us\": {\"min\": %" PRIu64 ", \"p50\": %" PRIu64 ", \"p99\": %" PRIu64
               ", \"max\": %" PRIu64 "}",
               delays[0] / 1000, delays[n / 2] / 1000, delays[n * 99 / 100] / 1000,
               delays[n - 1] / 1000);
    }
    puts("}");
}

static uint64_t number(const char *text, uint64_t min, uint64_t max)
{
    char *end;
    errno = 0;
    unsigned long long value = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != 0 || value < min || value > max) {
        fprintf(stderr, "link_probe: %s is not from %" PRIu64 " to %" PRIu64 "\n", text, min, max);
        exit(2);
    }
    return value;
}

int main(int argc, char **argv)
{
    struct probe probe = {0};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    int on = 1;
    if (argc != 7 || inet_pton(AF_INET, argv[3], &to.sin_addr) != 1) {
        fputs("Usage: link_probe FROM-NAMESPACE TO-NAMESPACE TO-IP COUNT SIZE INTERVAL-NS\n",
              stderr);
        return 2;
    }
    probe.count = number(argv[4], 1, 10000000);
    probe.size = number(argv[5], sizeof(struct stamp), SIZE_MAX_BYTES);
    probe.interval_ns = number(argv[6], 1, NS_PER_S);
    probe.seen = calloc(probe.count, 1);
    probe.delays_ns = calloc(probe.count, sizeof *probe.delays_ns);
    probe.from_fd = netns_udp(argv[1], "0.0.0.0", 0);
    probe.to_fd = netns_udp(argv[2], "0.0.0.0", PORT);
    if (probe.seen == NULL || probe.delays_ns == NULL || probe.from_fd < 0 || probe.to_fd < 0 ||
        setsockopt(probe.to_fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) != 0) {
        perror("link_probe");
        return 1;
    }
    prctl(PR_SET_TIMERSLACK, 1);
    run(&probe, &to);
    report(&probe);
    free(probe.seen);
    free(probe.delays_ns);
    return 0;
}
