/* Receiving datagrams, many with one call. */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/udp.h>
#include <string.h>

#include "native/net/udp_socket.h"

enum { ERRORS_PASSED_OVER_MAX = 16 }; /* in a row, of one call */

/* What the control messages of one message said. */
struct control {
    struct cepa_net_address local; /* the IP it was sent to; family NONE if it was sent to many */
    size_t segment_len;            /* 0 if it is one datagram */
};

static void read_ipv4_info(struct control *control, const uint8_t *data)
{
    struct in_pktinfo info;
    memcpy(&info, data, sizeof info);
    /* The two differ for broadcast and multicast, which nobody has business to send us. */
    if (info.ipi_addr.s_addr == info.ipi_spec_dst.s_addr) {
        control->local.family = CEPA_NET_ADDRESS_IPV4;
        memcpy(control->local.ip, &info.ipi_addr, 4);
    }
}

static void read_ipv6_info(struct control *control, const uint8_t *data)
{
    struct in6_pktinfo info;
    memcpy(&info, data, sizeof info);
    if (info.ipi6_addr.s6_addr[0] != 0xff) {
        control->local.family = CEPA_NET_ADDRESS_IPV6;
        memcpy(control->local.ip, &info.ipi6_addr, 16);
    }
}

static void note_overflows(struct cepa_udp *udp, const uint8_t *data)
{
    uint32_t overflows;
    memcpy(&overflows, data, sizeof overflows);
    udp->stats.rx_overflows += (uint32_t)(overflows - udp->overflows_seen);
    udp->overflows_seen = overflows;
}

static struct control read_control(struct cepa_udp *udp, struct msghdr *header)
{
    struct control control;
    memset(&control, 0, sizeof control);
    for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part != NULL;
         part = CMSG_NXTHDR(header, part)) {
        const uint8_t *data = CMSG_DATA(part);
        if (part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_PKTINFO) {
            read_ipv4_info(&control, data);
        } else if (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_PKTINFO) {
            read_ipv6_info(&control, data);
        } else if (part->cmsg_level == SOL_UDP && part->cmsg_type == UDP_GRO) {
            int segment_len;
            memcpy(&segment_len, data, sizeof segment_len);
            control.segment_len = segment_len > 0 ? (size_t)segment_len : 0;
        } else if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SO_RXQ_OVFL) {
            note_overflows(udp, data);
        }
    }
    return control;
}

/* Fills in what is to be known of message i; false if it is to be dropped. */
static bool read_message(struct cepa_udp *udp, struct cepa_udp_message *message, size_t i)
{
    struct msghdr *header = &udp->rx.headers[i].msg_hdr;
    struct control control = read_control(udp, header);
    size_t len = udp->rx.headers[i].msg_len;
    size_t segment_len =
        control.segment_len == 0 || control.segment_len > len ? len : control.segment_len;
    if ((header->msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 || segment_len == 0 ||
        segment_len > CEPA_UDP_DATAGRAM_MAX || control.local.family == CEPA_NET_ADDRESS_NONE) {
        return false;
    }
    message->path.stream = 0;
    message->path.local = control.local;
    message->path.local.port = udp->address.port;
    message->path.remote = cepa_socket_address_decode(&udp->rx_names[i]);
    message->bytes = udp->rx.vectors[i].iov_base;
    message->len = len;
    message->segment_len = segment_len;
    return message->path.remote.port != 0;
}

/* The call itself: how many messages came, or CEPA_ERR_SYSTEM. */
static int receive_messages(struct cepa_udp *udp)
{
    for (int errors = 0; errors < ERRORS_PASSED_OVER_MAX; errors++) {
        int count = recvmmsg(udp->fd, udp->rx.headers, (unsigned)udp->rx_batch, 0, NULL);
        udp->stats.rx_calls++;
        if (count >= 0) {
            return count;
        }
        if (cepa_socket_is_full(errno)) {
            return 0; /* nothing is there */
        }
        if (errno != EINTR && cepa_socket_error(errno) != CEPA_ERR_UNREACHABLE &&
            errno != EMSGSIZE) {
            return CEPA_ERR_SYSTEM;
        }
        udp->stats.errors++; /* the network's word on something sent before; asking took it away */
    }
    return 0;
}

int cepa_udp_receive(struct cepa_udp *udp, struct cepa_udp_batch *ret_batch)
{
    for (size_t i = 0; i < udp->rx_batch; i++) {
        struct msghdr *header = &udp->rx.headers[i].msg_hdr;
        header->msg_namelen = sizeof udp->rx_names[i];
        header->msg_controllen = sizeof udp->rx.controls[i];
    }
    int count = receive_messages(udp);
    if (count < 0) {
        return count;
    }
    size_t kept = 0;
    for (size_t i = 0; i < (size_t)count; i++) {
        struct cepa_udp_message *message = &udp->rx_messages[kept];
        if (!read_message(udp, message, i)) {
            udp->stats.rx_refused++;
            continue;
        }
        udp->stats.rx_datagrams += (message->len + message->segment_len - 1) / message->segment_len;
        udp->stats.rx_bytes += message->len;
        kept++;
    }
    udp->stats.rx_messages += kept;
    ret_batch->messages = udp->rx_messages;
    ret_batch->count = kept;
    return 0;
}
