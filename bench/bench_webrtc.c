#define _GNU_SOURCE
/* WebRTC connections between two processes on loopback: how fast, how soon, how large. The first
 * process dials and sends, the second one accepts and counts; each has a core of its own. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "native/host.h"
#include "native/net/clock.h"
#include "native/webrtc/webrtc.h"

enum {
    SECONDS = 2, /* of each throughput run */
    RUNS = 3,
    DIALS = 300,
    IDLE = 300,
    IDLE_SECONDS = 10,
    BUFFERED_MAX = 1 << 20,
    MESSAGE_MAX = 1 << 16
};

/* What the second process tells when it is asked. */
struct report {
    uint64_t bytes;      /* of messages */
    uint64_t cpu_ns;     /* of the process */
    uint64_t memory_kib; /* that is its own */
    uint64_t dropped;    /* datagrams, by the kernel */
};

static int control; /* to the other process */
static struct cepa_webrtc *webrtc;
static struct cepa_endpoint *endpoint;
static struct cepa_dial_address target;
static uint8_t message[MESSAGE_MAX];

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void pin(unsigned core)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    (void)sched_setaffinity(0, sizeof set, &set); /* a machine with one core runs both there */
}

static uint64_t cpu_ns(void)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * CEPA_SECOND_NS +
           (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * CEPA_MICROSECOND_NS;
}

static uint64_t memory_kib(void)
{
    char line[256];
    static const char key[] = "Private_Dirty:";
    uint64_t kib = 0;
    FILE *file = fopen("/proc/self/smaps_rollup", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, key, sizeof key - 1) == 0) {
            kib = strtoull(line + sizeof key - 1, NULL, 10);
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return kib;
}

static void open_webrtc(const struct cepa_certificate *certificate)
{
    struct cepa_webrtc_config config = {.ipv4 = {CEPA_ADDRESS_IPV4, {127, 0, 0, 1}, 0},
                                        .random = cepa_native_random(),
                                        .certificate = certificate};
    if (cepa_webrtc_open(&webrtc, &config) != 0) {
        fail("sockets");
    }
    endpoint = cepa_webrtc_endpoint(webrtc);
}

static void wait_until(struct cepa_time deadline)
{
    if (cepa_webrtc_wait(webrtc, deadline) != 0) {
        fail("wait");
    }
}

static void serve(int fd)
{
    struct cepa_certificate *certificate;
    struct report report = {0};
    struct cepa_endpoint_event event;
    char command;
    if (cepa_certificate_make(&certificate, (int64_t)(cepa_clock_wall().unix_ms / 1000),
                              cepa_native_random()) != 0) {
        fail("certificate");
    }
    open_webrtc(certificate);
    target.address = cepa_webrtc_address(webrtc, CEPA_ADDRESS_IPV4);
    target.certificate = cepa_certificate_hash(certificate);
    if (write(fd, &target, sizeof target) != (ssize_t)sizeof target ||
        fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
        fail("control");
    }
    for (;;) {
        wait_until(cepa_time_add(cepa_clock_now(), 50 * CEPA_MILLISECOND_NS));
        while (cepa_endpoint_next(endpoint, &event) != CEPA_ENDPOINT_NOTHING) {
            report.bytes += event.channel.data_len;
        }
        ssize_t len = read(fd, &command, 1);
        if (len == 0) {
            exit(0);
        }
        if (len == 1) {
            report.cpu_ns = cpu_ns();
            report.memory_kib = memory_kib();
            report.dropped = cepa_webrtc_stats(webrtc).udp[0].rx_overflows;
            if (write(fd, &report, sizeof report) != (ssize_t)sizeof report) {
                exit(1);
            }
        }
    }
}

static struct report ask(void)
{
    struct report report;
    if (write(control, "?", 1) != 1 || read(control, &report, sizeof report) != sizeof report) {
        fail("control");
    }
    return report;
}

/* Waits for an event of a kind at most a second. Returns whether it came. */
static bool wait_for(enum cepa_endpoint_kind kind)
{
    struct cepa_endpoint_event event;
    struct cepa_time deadline = cepa_time_add(cepa_clock_now(), CEPA_SECOND_NS);
    while (cepa_time_is_before(cepa_clock_now(), deadline)) {
        wait_until(deadline);
        bool has_come = false;
        while (cepa_endpoint_next(endpoint, &event) != CEPA_ENDPOINT_NOTHING) {
            has_come |= event.kind == kind;
        }
        if (has_come) {
            return true;
        }
    }
    return false;
}

static struct cepa_connection_id dial(void)
{
    struct cepa_connection_id id;
    cepa_endpoint_step(endpoint, cepa_clock_now(), cepa_clock_wall());
    if (cepa_endpoint_dial(endpoint, &id, &target) != 0 || !wait_for(CEPA_ENDPOINT_OPEN)) {
        fail("dial");
    }
    return id;
}

static struct cepa_channel_id open_channel(struct cepa_connection_id id)
{
    const struct cepa_dcep_open open = {.label = "bench", .label_len = 5, .is_unordered = true};
    struct cepa_channel_id channel;
    if (cepa_channels_open(cepa_endpoint_channels(endpoint, id), &channel, &open) != 0) {
        fail("channel");
    }
    return channel;
}

static void pass(uint64_t duration_ns)
{
    struct cepa_endpoint_event event;
    struct cepa_time deadline = cepa_time_add(cepa_clock_now(), duration_ns);
    while (cepa_time_is_before(cepa_clock_now(), deadline)) {
        wait_until(deadline);
        while (cepa_endpoint_next(endpoint, &event) != CEPA_ENDPOINT_NOTHING) {
        }
    }
}

/* Sends messages of a size as fast as they are taken. */
static void send_for(struct cepa_connection_id id, struct cepa_channel_id channel, size_t len,
                     uint64_t duration_ns)
{
    struct cepa_endpoint_event event;
    struct cepa_time deadline = cepa_time_add(cepa_clock_now(), duration_ns);
    struct cepa_channels *channels = cepa_endpoint_channels(endpoint, id);
    cepa_channels_set_low_mark(channels, BUFFERED_MAX / 2);
    while (cepa_time_is_before(cepa_clock_now(), deadline)) {
        channels = cepa_endpoint_channels(endpoint, id);
        for (unsigned i = 0; channels != NULL && i < 256; i++) {
            if (cepa_channels_send(channels, channel, false, message, len) != 0) {
                break;
            }
        }
        wait_until(deadline);
        while (cepa_endpoint_next(endpoint, &event) != CEPA_ENDPOINT_NOTHING) {
        }
    }
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

static void bench_throughput(size_t len)
{
    double rates[RUNS];
    double tx = 0;
    double rx = 0;
    uint64_t dropped = 0;
    for (size_t i = 0; i < RUNS; i++) {
        struct cepa_connection_id id = dial();
        struct cepa_channel_id channel = open_channel(id);
        send_for(id, channel, len, CEPA_SECOND_NS / 4);
        struct report before = ask();
        uint64_t cpu = cpu_ns();
        struct cepa_time began = cepa_clock_now();
        send_for(id, channel, len, SECONDS * CEPA_SECOND_NS);
        struct report after = ask();
        double took = (double)cepa_time_since(cepa_clock_now(), began);
        rates[i] = (double)(after.bytes - before.bytes) * 8e3 / took;
        tx = (double)(cpu_ns() - cpu) / took;
        rx = (double)(after.cpu_ns - before.cpu_ns) / took;
        dropped = after.dropped - before.dropped;
        if (cepa_endpoint_close(endpoint, id) != 0) {
            fail("close");
        }
        pass(50 * CEPA_MILLISECOND_NS);
    }
    qsort(rates, RUNS, sizeof rates[0], compare);
    printf("  messages of %5zu bytes     %6.0f Mbit/s (%.0f to %.0f)   cores: tx %.2f, rx %.2f;"
           " dropped %llu\n",
           len, rates[RUNS / 2], rates[0], rates[RUNS - 1], tx, rx, (unsigned long long)dropped);
}

static void bench_dials(void)
{
    static double times[DIALS];
    struct report before = ask();
    uint64_t cpu = cpu_ns();
    struct cepa_time began = cepa_clock_now();
    for (size_t i = 0; i < DIALS; i++) {
        struct cepa_time start = cepa_clock_now();
        struct cepa_connection_id id = dial();
        times[i] = (double)cepa_time_since(cepa_clock_now(), start) / 1e6;
        if (cepa_endpoint_close(endpoint, id) != 0) {
            fail("close");
        }
        pass(CEPA_MILLISECOND_NS);
    }
    double took_s = (double)cepa_time_since(cepa_clock_now(), began) / 1e9;
    struct report after = ask();
    qsort(times, DIALS, sizeof times[0], compare);
    printf("  dial to open              median %.2f ms, p95 %.2f, p99 %.2f, max %.2f (%d dials)\n",
           times[DIALS / 2], times[DIALS * 95 / 100], times[DIALS * 99 / 100], times[DIALS - 1],
           DIALS);
    printf("  connections per second    %.0f per core that accepts, %.0f per core that dials"
           " (%.0f one after another)\n",
           DIALS / ((double)(after.cpu_ns - before.cpu_ns) / 1e9),
           DIALS / ((double)(cpu_ns() - cpu) / 1e9), DIALS / took_s);
}

static void bench_idle(void)
{
    static struct cepa_webrtc *dialling[IDLE];
    struct report before = ask();
    for (size_t i = 0; i < IDLE; i++) { /* each from a socket of its own */
        open_webrtc(NULL);
        dialling[i] = webrtc;
        (void)dial();
    }
    for (unsigned i = 0; i < IDLE_SECONDS * 10; i++) {
        for (size_t j = 0; j < IDLE; j++) {
            webrtc = dialling[j];
            endpoint = cepa_webrtc_endpoint(webrtc);
            pass(1);
        }
        (void)usleep(100000);
        if (i == 0) {
            before.cpu_ns = ask().cpu_ns;
        }
    }
    struct report after = ask();
    printf("  idle connection           %.1f KiB of private memory at the side that accepts;"
           " %d of them: %.2f %% of a core\n",
           (double)(after.memory_kib - before.memory_kib) / IDLE, IDLE,
           (double)(after.cpu_ns - before.cpu_ns) / (IDLE_SECONDS * 1e7));
    for (size_t i = 0; i < IDLE; i++) {
        cepa_webrtc_close(dialling[i]);
    }
}

/* Whether a part is wanted: all of them, or those that were named. */
static bool wants(int argc, char **argv, const char *name)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], name) == 0) {
            return true;
        }
    }
    return argc == 1;
}

int main(int argc, char **argv)
{
    int fds[2];
    if (cepa_native_init() != 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0) {
        fail("start");
    }
    pid_t child = fork();
    if (child == 0) {
        close(fds[0]);
        pin(0);
        serve(fds[1]);
    }
    close(fds[1]);
    control = fds[0];
    pin(1);
    if (child < 0 || read(control, &target, sizeof target) != (ssize_t)sizeof target) {
        fail("fork");
    }
    printf("WebRTC data channels, two processes on loopback\n\n");
    open_webrtc(NULL);
    if (wants(argc, argv, "throughput")) {
        bench_throughput(16384);
        bench_throughput(1128);
    }
    if (wants(argc, argv, "dials")) {
        bench_dials();
    }
    cepa_webrtc_close(webrtc);
    if (wants(argc, argv, "idle")) {
        bench_idle();
    }
    close(control);
    return waitpid(child, NULL, 0) == child ? 0 : 1;
}
