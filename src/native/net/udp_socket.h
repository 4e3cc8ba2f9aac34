/* The inside of a UDP socket, for udp.c, udp_receive.c and udp_send.c alone. */
#ifndef CEPA_NATIVE_NET_UDP_SOCKET_H
#define CEPA_NATIVE_NET_UDP_SOCKET_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* for struct mmsghdr; a file defines it before its first #include */
#endif
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "native/net/socket.h"
#include "native/net/udp.h"

enum {
    /* The sum of CMSG_SPACE of all that may come: in6_pktinfo 40, UDP_GRO 24, SO_RXQ_OVFL 24; in
     * the other direction in6_pktinfo 40, UDP_SEGMENT 24. */
    CEPA_UDP_CONTROL_SIZE = 96,
    CEPA_UDP_COALESCED_SIZE = 65536, /* bytes of the longest message that can come */
    CEPA_UDP_COALESCED_BATCH = 32    /* messages of a call, if they may be that long */
};

/* Room for control messages, aligned for their headers. */
struct cepa_udp_control {
    _Alignas(struct cmsghdr) uint8_t bytes[CEPA_UDP_CONTROL_SIZE];
};

/* Everything that a call in one direction needs: message i uses element i of each. */
struct cepa_udp_calls {
    struct mmsghdr headers[CEPA_UDP_BATCH_MAX];
    struct iovec vectors[CEPA_UDP_BATCH_MAX];
    struct cepa_udp_control controls[CEPA_UDP_BATCH_MAX];
};

struct cepa_udp {
    int fd;
    struct cepa_net_address address;          /* that it is bound to */
    const struct cepa_interfaces *interfaces; /* lent; may be NULL */
    bool is_bound_to_ip;                      /* so the source of all datagrams is clear */
    bool is_segmenting;                       /* UDP_SEGMENT is used */
    bool is_coalescing;                       /* UDP_GRO is on */
    struct cepa_udp_stats stats;
    uint32_t overflows_seen; /* the kernel's own count, which wraps */

    size_t rx_batch;       /* messages of a call */
    size_t rx_buffer_size; /* bytes for each */
    uint8_t *rx_buffers;   /* rx_batch times that many; owned */
    struct cepa_udp_calls rx;
    union cepa_socket_address rx_names[CEPA_UDP_BATCH_MAX];
    struct cepa_udp_message rx_messages[CEPA_UDP_BATCH_MAX]; /* what a batch lends */

    size_t tx_count; /* messages that are prepared */
    struct cepa_udp_calls tx;
    size_t tx_datagrams[CEPA_UDP_BATCH_MAX]; /* in each message */
    union cepa_socket_address tx_name;       /* where all of them go */
    socklen_t tx_name_len;                   /* bytes */
    struct cepa_udp_control tx_source;       /* a control message with our IP */
    size_t tx_source_len;                    /* bytes of it; 0 if the kernel chooses */
};

_Static_assert(CEPA_DATAGRAM_QUEUE_LEN <= (int)CEPA_UDP_BATCH_MAX, "a queue goes with one call");

#endif
