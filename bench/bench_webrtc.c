#define _GNU_SOURCE
/* WebRTC connections between two processes: how fast, how soon, how large. The first process dials
 * and sends, the second one accepts and counts; each has a core of its own.
 *
 *     bench_webrtc [OPTION...] [PART...]
 *
 * Each result is a line: its name and a number. Parts, all but the last by default:
 *
 *     throughput   Mbit/s of messages, at the receiver, and how many cores that takes
 *     dials        from the dial to the open connection, one after another
 *     idle         memory and processor time of 300 idle connections at the side that accepts
 *     flood        one process only: prints its address as examples/echo.c does, and sends to
 * whoever dials it, on each channel that is opened, till its input ends
 *
 *     --bytes N        of a message (16384)        --seconds N     of a throughput run (2)
 *     --warm-up-ms N   before it (250)             --dials N       how many (300)
 *     --lab A B        in the network namespaces A and B, which tests/lab has joined by a link
 *     --listen IP      of flood (127.0.0.1)
 *
 * bench/webrtc makes tables of it. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sodium.h>

#include "native/host.h"
#include "native/net/clock.h"
#include "native/webrtc/webrtc.h"

enum {
    DIALS_MAX = 100000,
    IDLE = 300,
    IDLE_SECONDS = 10,
    BUFFERED_MAX = 1 << 20,
    MESSAGES_AT_ONCE = 256,
    MESSAGE_MAX = 1 << 18,
    OPEN_SECONDS = CEPA_ENDPOINT_OPEN_SECONDS + 1,
    CALM_MS = 50 /* till all of a connection is gone at both sides, and the link is empty */
};

/* What was asked for. */
static struct {
    size_t message_len;
    uint64_t seconds;
    uint64_t warm_up_ms;
    size_t dials;
    const char *namespaces[2]; /* of who dials and of who accepts; NULL: this one */
    const char *ips[2];        /* what they bind */
} options = {16384, 2, 250, 300, {NULL, NULL}, {"127.0.0.1", "127.0.0.1"}};

/* What the second process tells when it is asked. */
struct report {
    uint64_t bytes;      /* of messages */
    uint64_t cpu_ns;     /* of the process */
    uint64_t memory_kib; /* that is its own */
    uint64_t dropped;    /* datagrams, by the kernel */
};

static int control; /* to the other process, */
static pid_t child; /* which is this one */
static volatile sig_atomic_t is_asked;
static struct cepa_webrtc *webrtc;
static struct cepa_endpoint *endpoint;
static struct cepa_dial_address target;
static uint8_t message[MESSAGE_MAX];

static _Noreturn void fail(const char *what)
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

/* Moves this process to a namespace, if there is one to move to. */
static void enter(const char *name)
{
    char path[256];
    if (name == NULL) {
        return;
    }
    (void)snprintf(path, sizeof path, "/run/netns/%s", name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || setns(fd, CLONE_NEWNET) != 0) {
        fail(path);
    }
    close(fd);
}

static void open_webrtc(const struct cepa_certificate *certificate, const char *ip)
{
    struct cepa_webrtc_config config = {.random = cepa_native_random(), .certificate = certificate};
    if (cepa_net_address_ip_decode(&config.ipv4, ip, strlen(ip)) != 0 ||
        cepa_webrtc_open(&webrtc, &config) != 0) {
        fail("sockets");
    }
    endpoint = cepa_webrtc_endpoint(webrtc);
}

/* Opens one that can be dialled, at `target`. */
static void open_listener(const char *ip)
{
    struct cepa_certificate *certificate;
    if (cepa_certificate_make(&certificate, (int64_t)(cepa_clock_wall().unix_ms / 1000),
                              cepa_native_random()) != 0) {
        fail("certificate");
    }
    open_webrtc(certificate, ip);
    target.address = cepa_webrtc_address(webrtc, CEPA_NET_ADDRESS_IPV4);
    target.certificate = cepa_certificate_hash(certificate);
    cepa_certificate_free(certificate);
}

static void wait_until(struct cepa_time deadline)
{
    if (cepa_webrtc_wait(webrtc, deadline) != 0) {
        fail("wait");
    }
}

static void on_question(int number)
{
    (void)number;
    is_asked = 1;
    cepa_webrtc_wake(webrtc);
}

static void answer(int fd, struct report *report)
{
    char question;
    is_asked = 0;
    if (read(fd, &question, 1) == 1) {
        report->cpu_ns = cpu_ns();
        report->memory_kib = memory_kib();
        report->dropped = cepa_webrtc_stats(webrtc).udp[0].rx_overflows;
        if (write(fd, report, sizeof *report) != (ssize_t)sizeof *report) {
            exit(1);
        }
    }
}

static void serve(int fd)
{
    struct report report = {0};
    struct cepa_endpoint_event event;
    const struct sigaction action = {.sa_handler = on_question};
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    open_listener(options.ips[1]);
    if (sigaction(SIGUSR1, &action, NULL) != 0 || fcntl(fd, F_SETFL, O_NONBLOCK) != 0 ||
        write(fd, &target, sizeof target) != (ssize_t)sizeof target) {
        fail("control");
    }
    for (;;) {
        wait_until(cepa_time_never());
        while (cepa_endpoint_next(endpoint, &event) != CEPA_ENDPOINT_NOTHING) {
            report.bytes += event.channel.data_len;
        }
        if (is_asked) {
            answer(fd, &report);
        }
    }
}

static struct report ask(void)
{
    struct report report;
    if (write(control, "?", 1) != 1 || kill(child, SIGUSR1) != 0 ||
        read(control, &report, sizeof report) != sizeof report) {
        fail("control");
    }
    return report;
}

/* Waits till a dialled connection is open. Returns false if it closed instead. */
static bool wait_open(void)
{
    struct cepa_endpoint_event event;
    struct cepa_time deadline = cepa_time_add(cepa_clock_now(), OPEN_SECONDS * CEPA_SECOND_NS);
    while (cepa_time_is_before(cepa_clock_now(), deadline)) {
        wait_until(deadline);
        while (cepa_endpoint_next(endpoint, &event) != CEPA_ENDPOINT_NOTHING) {
            if (event.kind == CEPA_ENDPOINT_OPEN || event.kind == CEPA_ENDPOINT_CLOSED) {
                return event.kind == CEPA_ENDPOINT_OPEN;
            }
        }
    }
    return false;
}

/* Dials. Returns whether the connection opened. */
static bool try_dial(struct cepa_connection_id *ret_id)
{
    cepa_endpoint_step(endpoint, cepa_clock_now(), cepa_clock_wall());
    if (cepa_endpoint_dial(endpoint, ret_id, &target) != 0) {
        fail("dial");
    }
    return wait_open();
}

static struct cepa_connection_id dial(void)
{
    struct cepa_connection_id id;
    if (!try_dial(&id)) {
        fprintf(stderr, "bench_webrtc: a dial failed\n");
        exit(1);
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

/* Sends messages till they are not taken. */
static void send_some(struct cepa_connection_id id, struct cepa_channel_id channel)
{
    struct cepa_channels *channels = cepa_endpoint_channels(endpoint, id);
    for (unsigned i = 0; channels != NULL && i < MESSAGES_AT_ONCE; i++) {
        if (cepa_channels_send(channels, channel, false, message, options.message_len) != 0) {
            break;
        }
    }
}

/* Sends messages as fast as they are taken. */
static void send_for(struct cepa_connection_id id, struct cepa_channel_id channel,
                     uint64_t duration_ns)
{
    struct cepa_endpoint_event event;
    struct cepa_time deadline = cepa_time_add(cepa_clock_now(), duration_ns);
    cepa_channels_set_low_mark(cepa_endpoint_channels(endpoint, id), BUFFERED_MAX / 2);
    while (cepa_time_is_before(cepa_clock_now(), deadline)) {
        send_some(id, channel);
        wait_until(deadline);
        while (cepa_endpoint_next(endpoint, &event) != CEPA_ENDPOINT_NOTHING) {
            if (event.kind == CEPA_ENDPOINT_CLOSED) {
                fprintf(stderr, "bench_webrtc: %s\n", cepa_close_reason_text(event.reason));
                exit(1);
            }
        }
    }
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

static void tell(const char *name, double value)
{
    printf("%-24s %.6g\n", name, value);
    (void)fflush(stdout);
}

static void close_connection(struct cepa_connection_id id, uint64_t calm_ms)
{
    if (cepa_endpoint_close(endpoint, id) != 0) {
        fail("close");
    }
    pass(calm_ms * CEPA_MILLISECOND_NS);
}

static void bench_throughput(void)
{
    struct cepa_connection_stats stats;
    struct cepa_connection_id id = dial();
    struct cepa_channel_id channel = open_channel(id);
    send_for(id, channel, options.warm_up_ms * CEPA_MILLISECOND_NS);
    struct report before = ask();
    uint64_t cpu = cpu_ns();
    struct cepa_time began = cepa_clock_now();
    send_for(id, channel, options.seconds * CEPA_SECOND_NS);
    struct report after = ask();
    double took = (double)cepa_time_since(cepa_clock_now(), began);
    double bytes = (double)(after.bytes - before.bytes);
    double tx = (double)(cpu_ns() - cpu);
    double rx = (double)(after.cpu_ns - before.cpu_ns);
    if (cepa_endpoint_stats(endpoint, &stats, id) != 0) {
        fail("statistics");
    }
    tell("mbit_s", bytes * 8e3 / took);
    tell("tx_cores", tx / took);
    tell("rx_cores", rx / took);
    tell("tx_ns_per_byte", bytes == 0 ? 0 : tx / bytes);
    tell("rx_ns_per_byte", bytes == 0 ? 0 : rx / bytes);
    tell("retransmissions", (double)stats.retransmissions);
    tell("dropped", (double)(after.dropped - before.dropped));
    close_connection(id, CALM_MS);
}

static void bench_dials(void)
{
    static double times[DIALS_MAX];
    size_t count = 0;
    struct report before = ask();
    uint64_t cpu = cpu_ns();
    struct cepa_time began = cepa_clock_now();
    for (size_t i = 0; i < options.dials; i++) {
        struct cepa_connection_id id;
        struct cepa_time start = cepa_clock_now();
        if (!try_dial(&id)) {
            continue;
        }
        times[count++] = (double)cepa_time_since(cepa_clock_now(), start) / 1e6;
        close_connection(id, 1);
    }
    double took_s = (double)cepa_time_since(cepa_clock_now(), began) / 1e9;
    double tx_s = (double)(cpu_ns() - cpu) / 1e9;
    double rx_s = (double)(ask().cpu_ns - before.cpu_ns) / 1e9;
    tell("dials", (double)options.dials);
    tell("failed", (double)(options.dials - count));
    if (count > 0) {
        qsort(times, count, sizeof times[0], compare);
        tell("open_ms_median", times[count / 2]);
        tell("open_ms_p95", times[count * 95 / 100]);
        tell("open_ms_p99", times[count * 99 / 100]);
        tell("open_ms_max", times[count - 1]);
        tell("per_s_accepting_core", (double)count / rx_s);
        tell("per_s_dialling_core", (double)count / tx_s);
        tell("per_s_one_by_one", (double)count / took_s);
    }
}

static void bench_idle(void)
{
    static struct cepa_webrtc *dialling[IDLE];
    struct report before = ask();
    struct cepa_webrtc *kept = webrtc;
    for (size_t i = 0; i < IDLE; i++) { /* each from a socket of its own */
        open_webrtc(NULL, options.ips[0]);
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
    tell("idle_kib", (double)(after.memory_kib - before.memory_kib) / IDLE);
    tell("idle_connections", IDLE);
    tell("idle_percent_of_a_core", (double)(after.cpu_ns - before.cpu_ns) / (IDLE_SECONDS * 1e7));
    for (size_t i = 0; i < IDLE; i++) {
        cepa_webrtc_close(dialling[i]);
    }
    webrtc = kept;
    endpoint = cepa_webrtc_endpoint(webrtc);
}

/* Prints the address as one says it to a page. */
static void tell_address(const char *ip)
{
    char certificate[2 * sizeof target.certificate.bytes + 1];
    char secret[2 * sizeof target.secret.bytes + 1];
    sodium_bin2hex(certificate, sizeof certificate, target.certificate.bytes,
                   sizeof target.certificate.bytes);
    sodium_bin2hex(secret, sizeof secret, target.secret.bytes, sizeof target.secret.bytes);
    printf("{\"ip\": \"%s\", \"port\": %u, \"certificate\": \"%s\", \"secret\": \"%s\"}\n", ip,
           target.address.port, certificate, secret);
    (void)fflush(stdout);
}

static void flood(const char *ip)
{
    struct cepa_endpoint_event event;
    struct cepa_connection_id id = {{0}};
    struct cepa_channel_id channel = {0};
    struct pollfd descriptors[2] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.events = POLLIN}};
    char input[64];
    open_listener(ip);
    tell_address(ip);
    descriptors[1].fd = cepa_webrtc_descriptor(webrtc);
    while (cepa_webrtc_prepare(webrtc) == 0 && poll(descriptors, 2, -1) > 0) {
        if (descriptors[0].revents != 0 && read(STDIN_FILENO, input, sizeof input) <= 0) {
            break;
        }
        wait_until(cepa_clock_now());
        while (cepa_endpoint_next(endpoint, &event) != CEPA_ENDPOINT_NOTHING) {
            if (event.channel.kind == CEPA_CHANNEL_ACCEPTED) {
                id = event.connection;
                channel = event.channel.channel;
                cepa_channels_set_low_mark(cepa_endpoint_channels(endpoint, id), BUFFERED_MAX / 2);
            }
        }
        send_some(id, channel);
    }
}

/* Starts the process that accepts, and moves both to where they belong. */
static void start(void)
{
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0) {
        fail("start");
    }
    child = fork();
    if (child == 0) {
        close(fds[0]);
        pin(0);
        enter(options.namespaces[1]);
        serve(fds[1]);
    }
    close(fds[1]);
    control = fds[0];
    pin(1);
    enter(options.namespaces[0]);
    if (child < 0 || read(control, &target, sizeof target) != (ssize_t)sizeof target) {
        fail("fork");
    }
    open_webrtc(NULL, options.ips[0]);
}

static void run_part(const char *name)
{
    if (strcmp(name, "throughput") == 0) {
        bench_throughput();
    } else if (strcmp(name, "dials") == 0) {
        bench_dials();
    } else if (strcmp(name, "idle") == 0) {
        bench_idle();
    } else {
        fprintf(stderr, "bench_webrtc: there is no part '%s'\n", name);
        exit(2);
    }
}

/* Takes one option. Returns how many words it has; 0 if it is none. */
static int take_option(const char *const *words)
{
    static const char *const names[] = {"--bytes", "--seconds", "--warm-up-ms", "--dials"};
    uint64_t value = words[1] == NULL ? 0 : strtoull(words[1], NULL, 10);
    if (strcmp(words[0], names[0]) == 0 && value > 0 && value <= MESSAGE_MAX) {
        options.message_len = value;
    } else if (strcmp(words[0], names[1]) == 0 && value > 0) {
        options.seconds = value;
    } else if (strcmp(words[0], names[2]) == 0) {
        options.warm_up_ms = value;
    } else if (strcmp(words[0], names[3]) == 0 && value > 0 && value <= DIALS_MAX) {
        options.dials = value;
    } else if (strcmp(words[0], "--listen") == 0 && words[1] != NULL) {
        options.ips[0] = words[1];
    } else if (strcmp(words[0], "--lab") == 0 && words[1] != NULL && words[2] != NULL) {
        options.namespaces[0] = words[1];
        options.namespaces[1] = words[2];
        options.ips[0] = "198.51.100.1";
        options.ips[1] = "198.51.100.2";
        return 3;
    } else {
        return 0;
    }
    return 2;
}

int main(int argc, char **argv)
{
    static const char *const all[] = {"throughput", "dials", "idle", NULL};
    const char *const *words = (const char *const *)argv + 1;
    int option_len = 1;
    while (*words != NULL && option_len > 0) {
        option_len = take_option(words);
        words += option_len;
    }
    (void)argc;
    if (cepa_native_init() != 0) {
        fail("start");
    }
    if (*words != NULL && strcmp(*words, "flood") == 0) {
        flood(options.ips[0]);
        cepa_webrtc_close(webrtc);
        return 0;
    }
    start();
    for (words = *words == NULL ? all : words; *words != NULL; words++) {
        run_part(*words);
    }
    cepa_webrtc_close(webrtc);
    (void)kill(child, SIGTERM);
    return waitpid(child, NULL, 0) == child ? 0 : 1;
}
