#define _GNU_SOURCE
/* Whether a channel should send lost frames again: a steady stream of frames over one connection,
 * how many arrive, and how late. Both ends are in one process, so that one clock dates them.
 *
 *     bench_frames A B KBIT-S SECONDS [RETRANSMITS]
 *
 * A and B are network namespaces that tests/lab has joined by a link; without RETRANSMITS the
 * channel goes on till a frame has arrived. Each result is a line: its name and a number.
 * bench/webrtc frames makes a table of it. */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "native/host.h"
#include "native/net/clock.h"
#include "native/webrtc/webrtc.h"

enum {
    FRAME_LEN = 1128,
    LATE_MS_MAX = 4000, /* frames that are later count as so late, and those that never come */
    OPEN_MS = 5000,
    FROM = 0,
    TO = 1
};

static struct cepa_webrtc *ends[2];
static struct cepa_connection_id connection; /* at FROM */
static struct cepa_channel_id channel;
static bool is_open;
static uint64_t arrived;
static uint64_t late[LATE_MS_MAX + 1]; /* how many came after so many ms */

static _Noreturn void fail(const char *what)
{
    perror(what);
    exit(1);
}

/* Opens one end, bound to an address of a namespace. */
static void open_end(int end, const char *name, const char *ip,
                     const struct cepa_certificate *certificate)
{
    struct cepa_webrtc_config config = {.random = cepa_native_random(), .certificate = certificate};
    char path[256];
    (void)snprintf(path, sizeof path, "/run/netns/%s", name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || setns(fd, CLONE_NEWNET) != 0) {
        fail(path);
    }
    close(fd);
    if (cepa_net_address_ip_decode(&config.ipv4, ip, strlen(ip)) != 0 ||
        cepa_webrtc_open(&ends[end], &config) != 0) {
        fail(ip);
    }
}

static void take(int end, const struct cepa_endpoint_event *event)
{
    if (end == FROM) {
        is_open = is_open || event->kind == CEPA_ENDPOINT_OPEN;
    } else if (event->channel.kind == CEPA_CHANNEL_MESSAGE && event->channel.data_len > 0) {
        struct cepa_time sent;
        memcpy(&sent, event->channel.data, sizeof sent);
        uint64_t ms = cepa_time_since(cepa_clock_now(), sent) / CEPA_MILLISECOND_NS;
        late[ms > LATE_MS_MAX ? LATE_MS_MAX : ms]++;
        arrived++;
    }
}

/* Runs both ends for so long. */
static void run(uint64_t duration_ns)
{
    struct cepa_time end = cepa_time_add(cepa_clock_now(), duration_ns);
    struct cepa_endpoint_event event;
    while (cepa_time_is_before(cepa_clock_now(), end)) {
        for (int i = FROM; i <= TO; i++) {
            struct cepa_time soon = cepa_time_add(cepa_clock_now(), CEPA_MILLISECOND_NS / 5);
            if (cepa_webrtc_wait(ends[i], soon) != 0) {
                fail("wait");
            }
            while (cepa_endpoint_next(cepa_webrtc_endpoint(ends[i]), &event) !=
                   CEPA_ENDPOINT_NOTHING) {
                take(i, &event);
            }
        }
    }
}

/* Connects both ends and opens the channel. */
static void connect_ends(const char *const *names, const struct cepa_dcep_open *open)
{
    struct cepa_dial_address target = {0};
    struct cepa_certificate *certificate;
    if (cepa_certificate_make(&certificate, (int64_t)(cepa_clock_wall().unix_ms / 1000),
                              cepa_native_random()) != 0) {
        fail("certificate");
    }
    open_end(FROM, names[FROM], "198.51.100.1", NULL);
    open_end(TO, names[TO], "198.51.100.2", certificate);
    target.address = cepa_webrtc_address(ends[TO], CEPA_NET_ADDRESS_IPV4);
    target.certificate = cepa_certificate_hash(certificate);
    cepa_certificate_free(certificate);
    struct cepa_endpoint *endpoint = cepa_webrtc_endpoint(ends[FROM]);
    cepa_endpoint_step(endpoint, cepa_clock_now(), cepa_clock_wall());
    if (cepa_endpoint_dial(endpoint, &connection, &target) != 0) {
        fail("dial");
    }
    for (int i = 0; i < OPEN_MS && !is_open; i++) {
        run(CEPA_MILLISECOND_NS);
    }
    if (!is_open ||
        cepa_channels_open(cepa_endpoint_channels(endpoint, connection), &channel, open) != 0) {
        fail("channel");
    }
    run(CEPA_SECOND_NS);
}

/* By when a share of all frames that were sent had come. */
static size_t late_ms(uint64_t sent, double share)
{
    uint64_t seen = 0;
    size_t ms = 0;
    while (ms < LATE_MS_MAX && (double)(seen += late[ms]) < share * (double)sent) {
        ms++;
    }
    return ms;
}

int main(int argc, char **argv)
{
    struct cepa_dcep_open open = {.label = "bench", .label_len = 5, .is_unordered = true};
    static uint8_t frame[FRAME_LEN];
    uint64_t sent = 0;
    uint64_t refused = 0;
    if (argc < 5 || strtoull(argv[3], NULL, 10) == 0 || cepa_native_init() != 0) {
        fprintf(stderr, "bench_frames A B KBIT-S SECONDS [RETRANSMITS]\n");
        return 2;
    }
    if (argc > 5) {
        open.reliability = CEPA_RELIABLE_RETRANSMITS;
        open.limit = (uint32_t)strtoul(argv[5], NULL, 10);
    }
    connect_ends((const char *const *)argv + 1, &open);
    uint64_t gap_ns = FRAME_LEN * UINT64_C(8000000) / strtoull(argv[3], NULL, 10);
    uint64_t wanted = strtoull(argv[4], NULL, 10) * CEPA_SECOND_NS / gap_ns;
    struct cepa_time began = cepa_clock_now();
    while (sent + refused < wanted) {
        struct cepa_time now = cepa_clock_now();
        struct cepa_endpoint *endpoint = cepa_webrtc_endpoint(ends[FROM]);
        while (sent + refused < cepa_time_since(now, began) / gap_ns) {
            memcpy(frame, &now, sizeof now);
            bool is_taken = cepa_channels_send(cepa_endpoint_channels(endpoint, connection),
                                               channel, false, frame, FRAME_LEN) == 0;
            sent += is_taken;
            refused += !is_taken;
        }
        cepa_endpoint_flush(endpoint);
        run(gap_ns);
    }
    run(LATE_MS_MAX * CEPA_MILLISECOND_NS);
    printf("sent %llu\nrefused %llu\n", (unsigned long long)sent, (unsigned long long)refused);
    printf("lost_percent %.2f\n", 100.0 * (1.0 - (double)arrived / (double)sent));
    printf("late_ms_median %zu\nlate_ms_p99 %zu\nlate_ms_p999 %zu\n", late_ms(sent, 0.5),
           late_ms(sent, 0.99), late_ms(sent, 0.999));
    cepa_webrtc_close(ends[FROM]);
    cepa_webrtc_close(ends[TO]);
    return 0;
}
