/* Datagrams over TCP, where UDP does not get through: each with its length before it. Listens on
 * one port for both families, connects, and keeps what a slow peer does not take yet, up to a
 * bound.
 * @[RFC6544 3], @[RFC4571 2]
 *
 * A stranger can take little: so many connections per IP, so many that are not verified, and each
 * of these for so long. Called from one thread; nothing is allocated after opening. Events are
 * polled by cepa_tcp_next until it gives NOTHING, when the descriptor is readable or the deadline
 * has come. */
#ifndef CEPA_NATIVE_NET_TCP_H
#define CEPA_NATIVE_NET_TCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/time.h"
#include "native/net/datagram_queue.h"
#include "native/net/framing.h"
#include "native/net/interfaces.h"
#include "native/net/path.h"

enum {
    CEPA_TCP_STREAMS_MAX = 256,       /* if the configuration does not say */
    CEPA_TCP_STREAMS_LIMIT = 4096,    /* what it may say */
    CEPA_TCP_STREAMS_PER_IP = 8,      /* if the configuration does not say */
    CEPA_TCP_UNVERIFIED_MS = 5000,    /* if the configuration does not say */
    CEPA_TCP_BUFFER_SIZE = 256 * 1024 /* bytes that wait for one peer; what exceeds it is lost */
};

/* All streams; opaque. */
struct cepa_tcp;

/* How to open. */
struct cepa_tcp_config {
    struct cepa_net_address ipv4; /* where to listen; family NONE is nowhere */
    struct cepa_net_address ipv6; /* if both ports are 0, one is found that is free in both */
    const struct cepa_interfaces *interfaces; /* lent; as for UDP; may be NULL */
    size_t streams_max;                       /* at most CEPA_TCP_STREAMS_LIMIT; 0: the default */
    size_t streams_per_ip;                    /* incoming, per IPv4 or IPv6 /64; 0 is the default */
    uint64_t unverified_ns;                   /* how long one may stay so; 0 is the default */
};

enum cepa_tcp_kind {
    CEPA_TCP_NOTHING,
    CEPA_TCP_CONNECTED, /* a stream is there, incoming or outgoing */
    CEPA_TCP_DATAGRAM,  /* one came */
    CEPA_TCP_CLOSED     /* a stream is there no more, or could not be connected */
};

/* What happened. */
struct cepa_tcp_event {
    struct cepa_path path; /* of the stream, local and remote with the ports that it really has */
    bool is_incoming;      /* the peer has connected */
    const uint8_t *bytes;  /* DATAGRAM: lent until the next call of any function here */
    size_t len;            /* DATAGRAM: 1 to CEPA_FRAMING_DATAGRAM_MAX */
    int reason;            /* CLOSED: 0 the peer has ended it; CEPA_ERR_TOO_LONG it sent a datagram
                            * that is; CEPA_ERR_TIMEOUT it was not connected or verified in time;
                            * CEPA_ERR_UNREACHABLE it was refused or broken; CEPA_ERR_SYSTEM */
};

/* What has been done. No number says anything about one peer. */
struct cepa_tcp_stats {
    uint64_t accepted;     /* connections */
    uint64_t refused;      /* connections, since a limit was reached */
    uint64_t connected;    /* outgoing ones */
    uint64_t expired;      /* streams that were not verified in time */
    uint64_t rx_datagrams; /* given to the caller */
    uint64_t tx_datagrams; /* taken from the caller */
    uint64_t tx_dropped;   /* datagrams that were lost, since the peer is slow */
};

/* cepa_tcp_open listens. Returns 0, CEPA_ERR_ARGUMENT for a limit that is too high,
 * CEPA_ERR_IN_USE, CEPA_ERR_NO_ADDRESS, CEPA_ERR_FULL or CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_tcp_open(struct cepa_tcp **ret_tcp, const struct cepa_tcp_config *config);

/* cepa_tcp_close ends all streams; NULL is allowed. */
void cepa_tcp_close(struct cepa_tcp *tcp);

/* cepa_tcp_descriptor gives the one descriptor for an event loop: readable when there may be
 * events. */
int cepa_tcp_descriptor(const struct cepa_tcp *tcp);

/* cepa_tcp_port gives the port that is listened on; 0 if none is. */
uint16_t cepa_tcp_port(const struct cepa_tcp *tcp);

/* cepa_tcp_stats_of gives the counts so far; lent, and always up to date. */
const struct cepa_tcp_stats *cepa_tcp_stats_of(const struct cepa_tcp *tcp);

/* cepa_tcp_connect begins to connect to path->remote, from the IP of path->local if it has one; the
 * port is the system's choice. CONNECTED or CLOSED will come for the stream, whose number goes to
 * `ret_stream`; it can be sent on at once. Returns 0, CEPA_ERR_FULL, CEPA_ERR_NO_ADDRESS,
 * CEPA_ERR_UNREACHABLE (known at once; as likely it comes as CLOSED) or CEPA_ERR_SYSTEM: then no
 * event comes. */
CEPA_MUST_USE int cepa_tcp_connect(struct cepa_tcp *tcp, uint64_t *ret_stream,
                                   const struct cepa_path *path, struct cepa_time now);

/* cepa_tcp_verified says that the peer of stream `id` has proved itself, so that it may stay. */
void cepa_tcp_verified(struct cepa_tcp *tcp, uint64_t id);

/* cepa_tcp_drop ends stream `id`: what waits is lost, and no event comes for it any more. One that
 * is not there is passed over, here and above. */
void cepa_tcp_drop(struct cepa_tcp *tcp, uint64_t id);

/* cepa_tcp_send sends the datagrams of a queue on stream `id`. Returns 0; CEPA_ERR_FULL if some
 * were lost, since CEPA_TCP_BUFFER_SIZE bytes wait already; CEPA_ERR_NOT_FOUND if the stream is not
 * there; or what CLOSED will say, if it breaks now. */
CEPA_MUST_USE int cepa_tcp_send(struct cepa_tcp *tcp, uint64_t id,
                                const struct cepa_datagram_queue *queue);

/* cepa_tcp_send_one does the same with one datagram of 1 to CEPA_FRAMING_DATAGRAM_MAX bytes. */
CEPA_MUST_USE int cepa_tcp_send_one(struct cepa_tcp *tcp, uint64_t id, const uint8_t *data,
                                    size_t data_len);

/* cepa_tcp_buffered gives how many bytes wait for the stream's peer; 0 if it is not there. */
size_t cepa_tcp_buffered(const struct cepa_tcp *tcp, uint64_t id);

/* cepa_tcp_next gives the next event. After NOTHING others are given a turn: there may be more at
 * once, which the descriptor tells. */
enum cepa_tcp_kind cepa_tcp_next(struct cepa_tcp *tcp, struct cepa_tcp_event *ret_event,
                                 struct cepa_time now);

/* cepa_tcp_deadline gives when cepa_tcp_next wants to be called though nothing came; never if
 * there is no such moment. It may be too early. */
struct cepa_time cepa_tcp_deadline(const struct cepa_tcp *tcp);

#endif
