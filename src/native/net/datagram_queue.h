/* Datagrams on their way out to one destination, one behind the other in one buffer: what runs of
 * equal length the kernel can send with one call (UDP_SEGMENT). DTLS writes its records straight
 * into it. */
#ifndef CEPA_NATIVE_NET_DATAGRAM_QUEUE_H
#define CEPA_NATIVE_NET_DATAGRAM_QUEUE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum {
    CEPA_DATAGRAM_MAX = 1500,          /* bytes of one datagram */
    CEPA_DATAGRAM_QUEUE_LEN = 48,      /* datagrams; below the kernel's 64 segments */
    CEPA_DATAGRAM_QUEUE_BYTES = 60000, /* below what one sendmsg may carry */
};

/* The queue. A queue without datagrams is all that anybody needs to know of an idle connection, so
 * that one queue can serve many connections in turn. */
struct cepa_datagram_queue {
    size_t count;                           /* datagrams */
    size_t bytes_len;                       /* bytes of them all */
    uint16_t lens[CEPA_DATAGRAM_QUEUE_LEN]; /* of each */
    uint8_t bytes[CEPA_DATAGRAM_QUEUE_BYTES];
};

/* cepa_datagram_queue_clear makes it empty. */
void cepa_datagram_queue_clear(struct cepa_datagram_queue *queue);

/* cepa_datagram_queue_push appends a copy of a datagram of 1 to CEPA_DATAGRAM_MAX bytes. Returns 0,
 * CEPA_ERR_LENGTH, or CEPA_ERR_FULL. */
CEPA_MUST_USE int cepa_datagram_queue_push(struct cepa_datagram_queue *queue, const void *data,
                                           size_t data_len);

/* cepa_datagram_queue_room gives how many more datagrams of the greatest length fit. */
size_t cepa_datagram_queue_room(const struct cepa_datagram_queue *queue);

/* A run of datagrams that can be sent with one call: all of one length, the last may be shorter. */
struct cepa_datagram_run {
    const uint8_t *bytes; /* lent until the queue changes */
    size_t bytes_len;     /* of all */
    size_t segment_len;   /* of each but the last */
    size_t count;
};

/* cepa_datagram_queue_run gives the run that begins at datagram `first`, which is below count; the
 * next begins at `first` + run.count. O(count), since it looks for the place of the first. */
struct cepa_datagram_run cepa_datagram_queue_run(const struct cepa_datagram_queue *queue,
                                                 size_t first);

#endif
