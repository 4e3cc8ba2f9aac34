/* A UDP socket of one family that carries datagrams to and from many peers with few system calls:
 * runs of equal length go out as one message that the kernel cuts (UDP_SEGMENT), what came in a row
 * from one peer comes in as one (UDP_GRO), and several messages go with one call. Where the kernel
 * refuses, all of that falls back by itself. Nothing is allocated after opening, and no byte of a
 * datagram is copied here. Called from one thread.
 *
 * What cannot be sent is lost and counted, as the network may lose it: nothing is kept. Errors that
 * the network reports later (ICMP) are of no consequence, since anybody can forge them. */
#ifndef CEPA_NATIVE_NET_UDP_H
#define CEPA_NATIVE_NET_UDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "native/net/datagram_queue.h"
#include "native/net/interfaces.h"
#include "native/net/path.h"

enum {
    CEPA_UDP_BATCH_MAX = 64,            /* messages that come with one call */
    CEPA_UDP_DATAGRAM_MAX = 2048,       /* bytes; longer ones are dropped */
    CEPA_UDP_BUFFER_SIZE = 4 * 1048576, /* bytes that the kernel keeps each way, if it may */
};

/* One socket; opaque. */
struct cepa_udp;

/* How to open one. */
struct cepa_udp_config {
    struct cepa_net_address bind_address; /* of a family; IP 0.0.0.0 or :: is any, port 0 is any */
    size_t buffer_size;    /* bytes in the kernel each way; 0 is CEPA_UDP_BUFFER_SIZE */
    bool is_segmented_off; /* do without UDP_SEGMENT */
    bool is_coalesced_off; /* do without UDP_GRO */
    /* Lent as long as the socket is open: which interface a link-local IPv6 address is of. Without
     * it (NULL) nothing is sent to such addresses. */
    const struct cepa_interfaces *interfaces;
};

/* One message that came: one datagram or several of one peer. */
struct cepa_udp_message {
    struct cepa_path path; /* stream 0; local is the IP that it came to and the socket's port */
    uint8_t *bytes;        /* the datagrams one behind the other; may be written to */
    size_t len;            /* of all; 1 or more */
    size_t segment_len;    /* of each but the last, which may be shorter; at most
                            * CEPA_UDP_DATAGRAM_MAX */
};

/* What came with one call: lent until the next cepa_udp_receive. */
struct cepa_udp_batch {
    const struct cepa_udp_message *messages;
    size_t count; /* of them */
};

/* One datagram of a batch. */
struct cepa_udp_datagram {
    const struct cepa_path *path; /* lent like the batch */
    uint8_t *bytes;               /* lent like the batch; may be written to */
    size_t len;                   /* 1 to CEPA_UDP_DATAGRAM_MAX */
};

/* Where a walk through a batch stands; all zero is its beginning. Several walks through one batch
 * do not disturb each other: STUN can be served in a first one, data in a second. */
struct cepa_udp_walk {
    size_t message; /* index */
    size_t offset;  /* of the next datagram in it */
};

/* What a socket has done. No number says anything about one peer. */
struct cepa_udp_stats {
    uint64_t rx_calls;     /* system calls */
    uint64_t rx_messages;  /* that they brought */
    uint64_t rx_datagrams; /* in these */
    uint64_t rx_bytes;     /* in these */
    uint64_t rx_refused;   /* messages that were dropped: empty, longer than CEPA_UDP_DATAGRAM_MAX,
                            * to many (broadcast, multicast), or from port 0 */
    uint64_t rx_overflows; /* messages that the kernel dropped since its buffer was full */
    uint64_t tx_calls;     /* system calls */
    uint64_t tx_datagrams; /* given to the kernel */
    uint64_t tx_bytes;     /* in these */
    uint64_t tx_dropped;   /* datagrams for which the kernel had no room */
    uint64_t tx_failed;    /* datagrams that it did not take for another reason */
    uint64_t errors;       /* errors of the network that were passed over */
};

/* cepa_udp_open opens a socket and binds it. Returns 0, CEPA_ERR_IN_USE, CEPA_ERR_NO_ADDRESS (also
 * if the machine does not have the family), CEPA_ERR_FULL if there is no memory, or
 * CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_udp_open(struct cepa_udp **ret_udp, const struct cepa_udp_config *config);

/* cepa_udp_close closes it and gives its memory back; NULL is allowed. */
void cepa_udp_close(struct cepa_udp *udp);

/* cepa_udp_descriptor gives the descriptor for an event loop: readable when datagrams are there. */
int cepa_udp_descriptor(const struct cepa_udp *udp);

/* cepa_udp_address gives the address that it is bound to, with the port that it really has. */
struct cepa_net_address cepa_udp_address(const struct cepa_udp *udp);

/* cepa_udp_stats_of gives the counts so far; lent, and always up to date. */
const struct cepa_udp_stats *cepa_udp_stats_of(const struct cepa_udp *udp);

/* cepa_udp_is_segmenting says whether runs go out as one message: it was not switched off, and the
 * kernel has not refused. cepa_udp_is_coalescing says the same of what comes in. */
bool cepa_udp_is_segmenting(const struct cepa_udp *udp);
bool cepa_udp_is_coalescing(const struct cepa_udp *udp);

/* cepa_udp_receive takes what came, by one system call that does not wait. An empty batch means
 * that nothing is left, or that all of it was refused: the descriptor tells. Returns 0, or
 * CEPA_ERR_SYSTEM if the socket is broken. */
CEPA_MUST_USE int cepa_udp_receive(struct cepa_udp *udp, struct cepa_udp_batch *ret_batch);

/* cepa_udp_batch_next gives the next datagram of a walk; false at the end. */
static inline bool cepa_udp_batch_next(const struct cepa_udp_batch *batch,
                                       struct cepa_udp_walk *walk,
                                       struct cepa_udp_datagram *ret_datagram)
{
    if (walk->message == batch->count) {
        return false;
    }
    const struct cepa_udp_message *message = &batch->messages[walk->message];
    size_t left = message->len - walk->offset;
    ret_datagram->path = &message->path;
    ret_datagram->bytes = message->bytes + walk->offset;
    ret_datagram->len = left < message->segment_len ? left : message->segment_len;
    walk->offset += ret_datagram->len;
    if (walk->offset == message->len) {
        walk->message++;
        walk->offset = 0;
    }
    return true;
}

/* cepa_udp_send sends a whole queue to path->remote, from the IP of path->local if it has one; the
 * path is one of UDP and of the socket's family (asserted). Returns 0; CEPA_ERR_FULL if the rest of
 * the queue was lost for lack of room: the descriptor becomes writable when there is room again;
 * CEPA_ERR_TOO_LONG if a datagram does not fit the way; CEPA_ERR_UNREACHABLE if there is no way
 * from that source to there; or CEPA_ERR_SYSTEM. Of several errors the last. */
CEPA_MUST_USE int cepa_udp_send(struct cepa_udp *udp, const struct cepa_path *path,
                                const struct cepa_datagram_queue *queue);

/* cepa_udp_send_one does the same with one datagram of 1 to CEPA_UDP_DATAGRAM_MAX bytes. */
CEPA_MUST_USE int cepa_udp_send_one(struct cepa_udp *udp, const struct cepa_path *path,
                                    const uint8_t *data, size_t data_len);

#endif
