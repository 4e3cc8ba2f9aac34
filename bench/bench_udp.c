/* What a datagram of 1,200 bytes costs over loopback: with a system call each, with calls for many
 * datagrams, and with runs that the kernel cuts and puts together. Sender and receiver take turns
 * on one core, a queue of 48 each time, so the rates are of both together. Loopback never really
 * cuts a run: a network card does, or the kernel in its stead, which costs more than this shows. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "native/host.h"
#include "native/net/clock.h"
#include "native/net/socket.h"
#include "native/net/udp.h"
#include "support/timing.h"

enum { DATAGRAM_LEN = 1200 };

struct work {
    struct cepa_udp *tx;
    struct cepa_udp *rx;
    struct cepa_path path; /* from tx to rx */
    struct cepa_datagram_queue queue;
    uint64_t tx_ns; /* the fastest so far */
    uint64_t rx_ns;
    uint64_t lost; /* datagrams that did not arrive */
    union cepa_socket_address system;
    socklen_t system_len;
};

static void send_each(struct work *work)
{
    for (size_t i = 0; i < work->queue.count; i++) {
        (void)sendto(cepa_udp_descriptor(work->tx), work->queue.bytes + i * DATAGRAM_LEN,
                     DATAGRAM_LEN, 0, &work->system.any, work->system_len);
    }
}

static size_t receive_each(struct work *work)
{
    uint8_t bytes[CEPA_UDP_DATAGRAM_MAX];
    union cepa_socket_address from;
    size_t count = 0;
    socklen_t from_len = sizeof from;
    while (count < work->queue.count && recvfrom(cepa_udp_descriptor(work->rx), bytes, sizeof bytes,
                                                 0, &from.any, &from_len) > 0) {
        from_len = sizeof from;
        count++;
    }
    return count;
}

static void send_queue(struct work *work)
{
    if (cepa_udp_send(work->tx, &work->path, &work->queue) != 0) {
        work->lost++;
    }
}

/* Walks through the batch twice, as its readers do. */
static size_t receive_queue(struct work *work)
{
    struct cepa_udp_batch batch = {NULL, 1};
    struct cepa_udp_datagram datagram;
    size_t count = 0;
    while (count < work->queue.count && batch.count > 0) {
        if (cepa_udp_receive(work->rx, &batch) != 0) {
            break;
        }
        size_t checks = 0;
        for (struct cepa_udp_walk walk = {0, 0}; cepa_udp_batch_next(&batch, &walk, &datagram);) {
            checks += datagram.bytes[0] < 4;
        }
        for (struct cepa_udp_walk walk = {0, 0}; cepa_udp_batch_next(&batch, &walk, &datagram);) {
            count += datagram.bytes[0] >= 4;
        }
        count += checks;
    }
    return count;
}

struct row {
    const char *name;
    void (*send)(struct work *work);
    size_t (*receive)(struct work *work);
    bool is_segmented_off;
    bool is_coalesced_off;
};

static const struct row rows[] = {
    {"sendto, recvfrom", send_each, receive_each, true, true},
    {"sendmmsg, recvmmsg", send_queue, receive_queue, true, true},
    {"sendmmsg, recvmmsg with UDP_GRO", send_queue, receive_queue, true, false},
    {"UDP_SEGMENT, recvmmsg", send_queue, receive_queue, false, true},
    {"UDP_SEGMENT, UDP_GRO", send_queue, receive_queue, false, false},
};

struct running {
    const struct row *row;
    struct work *work;
};

static void run(void *context)
{
    const struct running *running = context;
    struct work *work = running->work;
    struct cepa_time start = cepa_clock_now();
    running->row->send(work);
    struct cepa_time middle = cepa_clock_now();
    work->lost += work->queue.count - running->row->receive(work);
    struct cepa_time end = cepa_clock_now();
    uint64_t tx_ns = cepa_time_since(middle, start);
    uint64_t rx_ns = cepa_time_since(end, middle);
    work->tx_ns = tx_ns < work->tx_ns ? tx_ns : work->tx_ns;
    work->rx_ns = rx_ns < work->rx_ns ? rx_ns : work->rx_ns;
}

static int open_both(struct work *work, const struct row *row)
{
    struct cepa_udp_config config = {.is_segmented_off = row->is_segmented_off,
                                     .is_coalesced_off = row->is_coalesced_off};
    if (cepa_net_address_decode(&config.bind_address, "127.0.0.1:0", 11) != 0 ||
        cepa_udp_open(&work->tx, &config) != 0 || cepa_udp_open(&work->rx, &config) != 0) {
        return -1;
    }
    work->path.stream = 0;
    work->path.local = cepa_udp_address(work->tx);
    work->path.remote = cepa_udp_address(work->rx);
    work->system_len = cepa_socket_address_encode(&work->system, &work->path.remote, 0);
    work->tx_ns = UINT64_MAX;
    work->rx_ns = UINT64_MAX;
    work->lost = 0;
    return 0;
}

int main(void)
{
    static struct work work;
    static uint8_t datagram[DATAGRAM_LEN];
    memset(datagram, 23, sizeof datagram);
    cepa_datagram_queue_clear(&work.queue);
    while (cepa_datagram_queue_push(&work.queue, datagram, sizeof datagram) == 0) {
    }
    timing_header("Datagrams of 1,200 bytes over loopback");
    printf("%-36s %10s %10s %10s %10s %6s\n", "", "send us", "receive us", "both us", "Gbit/s",
           "lost");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct running running = {&rows[i], &work};
        if (open_both(&work, &rows[i]) != 0) {
            return 1;
        }
        double each = timing_run(run, &running) / (double)work.queue.count / 1000;
        printf("%-36s %10.3f %10.3f %10.3f %10.2f %6llu\n", rows[i].name,
               (double)work.tx_ns / (double)work.queue.count / 1000,
               (double)work.rx_ns / (double)work.queue.count / 1000, each,
               DATAGRAM_LEN * 8 / each / 1000, (unsigned long long)work.lost);
        cepa_udp_close(work.tx);
        cepa_udp_close(work.rx);
    }
    return 0;
}
