/* A packet socket on the loopback device. */
#define _GNU_SOURCE
#include "lab/wire_capture.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    IP_HEADER = 20,
    UDP_HEADER = 8,
    PROTOCOL_UDP = 17,
    SNAP = 64,
    ROOM_BYTES = 256 << 20,
    FIRST_CAPACITY = 1 << 16,
    POLL_MS = 50
};

static uint32_t load32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void keep(struct wire_capture *capture, const uint8_t *packet, size_t len, uint64_t at_ns)
{
    if (len < IP_HEADER + UDP_HEADER + 1 || packet[0] != 0x45 || packet[9] != PROTOCOL_UDP) {
        return;
    }
    struct wire_datagram datagram = {
        .at_ns = at_ns,
        .from = load32(packet + 12),
        .to = load32(packet + 16),
        .len = (uint16_t)((packet[IP_HEADER + 4] << 8 | packet[IP_HEADER + 5]) - UDP_HEADER),
        .type = packet[IP_HEADER + UDP_HEADER]};
    if (datagram.from < capture->first && datagram.to < capture->first) {
        return;
    }
    if (capture->len == capture->capacity) {
        capture->capacity = capture->capacity == 0 ? FIRST_CAPACITY : 2 * capture->capacity;
        capture->datagrams =
            realloc(capture->datagrams, capture->capacity * sizeof capture->datagrams[0]);
        if (capture->datagrams == NULL) {
            abort();
        }
    }
    capture->datagrams[capture->len++] = datagram;
}

/* Takes one packet. False if there is none. */
static bool take(struct wire_capture *capture)
{
    uint8_t packet[SNAP];
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(struct timespec))];
    } control;
    struct sockaddr_ll from;
    struct iovec piece = {packet, sizeof packet};
    struct msghdr message = {.msg_name = &from,
                             .msg_namelen = sizeof from,
                             .msg_iov = &piece,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    ssize_t len = recvmsg(capture->fd, &message, MSG_DONTWAIT);
    if (len < 0) {
        return false;
    }
    const struct cmsghdr *stamp = CMSG_FIRSTHDR(&message);
    if (from.sll_pkttype != PACKET_OUTGOING && stamp != NULL) {
        struct timespec at;
        memcpy(&at, CMSG_DATA(stamp), sizeof at);
        keep(capture, packet, (size_t)len, (uint64_t)at.tv_sec * 1000000000 + (uint64_t)at.tv_nsec);
    }
    return true;
}

static void *run(void *argument)
{
    struct wire_capture *capture = argument;
    struct pollfd wanted = {.fd = capture->fd, .events = POLLIN};
    while (!atomic_load(&capture->is_ending)) {
        (void)poll(&wanted, 1, POLL_MS);
        while (take(capture)) {
        }
    }
    return NULL;
}

bool wire_capture_begin(struct wire_capture *ret_capture, uint32_t first)
{
    int yes = 1;
    int room = ROOM_BYTES;
    struct sockaddr_ll where = {.sll_family = AF_PACKET,
                                .sll_protocol = htons(ETH_P_IP),
                                .sll_ifindex = (int)if_nametoindex("lo")};
    memset(ret_capture, 0, sizeof *ret_capture);
    ret_capture->first = first;
    ret_capture->fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_IP));
    if (ret_capture->fd < 0) {
        return false;
    }
    if (setsockopt(ret_capture->fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) != 0 ||
        setsockopt(ret_capture->fd, SOL_SOCKET, SO_TIMESTAMPNS, &yes, sizeof yes) != 0 ||
        bind(ret_capture->fd, (struct sockaddr *)&where, sizeof where) != 0 ||
        pthread_create(&ret_capture->thread, NULL, run, ret_capture) != 0) {
        (void)close(ret_capture->fd);
        return false;
    }
    return true;
}

void wire_capture_end(struct wire_capture *capture)
{
    struct tpacket_stats stats = {0, 0};
    socklen_t stats_len = sizeof stats;
    atomic_store(&capture->is_ending, true);
    (void)pthread_join(capture->thread, NULL);
    (void)getsockopt(capture->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &stats_len);
    capture->dropped = stats.tp_drops;
    (void)close(capture->fd);
}

void wire_capture_free(struct wire_capture *capture)
{
    free(capture->datagrams);
    capture->datagrams = NULL;
}
