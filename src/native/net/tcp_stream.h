/* The inside of TCP streams, for tcp.c, tcp_events.c and tcp_send.c alone. */
#ifndef CEPA_NATIVE_NET_TCP_STREAM_H
#define CEPA_NATIVE_NET_TCP_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "native/net/loop.h"
#include "native/net/tcp.h"

enum {
    CEPA_TCP_READ_SIZE = 65536, /* bytes that one stream may bring before others have a turn */
    CEPA_TCP_ACCEPTS_MAX = 16,  /* connections that one listener may bring likewise */
    CEPA_TCP_LISTENERS = 2
};

/* One stream; the slot is free if `id` is 0. */
struct cepa_tcp_stream {
    uint64_t id; /* count * streams_max + slot, so that its slot is found at once */
    int fd;
    struct cepa_path path;
    bool is_incoming;
    bool is_connecting;
    bool is_verified;
    bool is_broken;            /* CLOSED with `reason` is to be told */
    int reason;                /* 0 or CEPA_ERR_* */
    struct cepa_time deadline; /* to be connected or verified */
    unsigned watched;          /* CEPA_LOOP_* */
    struct cepa_framing framing;
    /* What waits to be sent: `tx_len` bytes of a ring of CEPA_TCP_BUFFER_SIZE, from `tx_at` on. */
    uint8_t *tx;
    size_t tx_at;
    size_t tx_len;
    size_t tx_touched; /* bytes of the ring that may have memory behind them */
};

struct cepa_tcp {
    struct cepa_tcp_config config;     /* with the defaults filled in */
    struct cepa_loop *loop;            /* numbers: slots, then listeners */
    int listeners[CEPA_TCP_LISTENERS]; /* IPv4, IPv6; -1 if there is none */
    uint16_t port;
    bool is_polled;            /* what the loop has found is being told */
    uint64_t streams_made;     /* ever */
    size_t broken;             /* streams whose end is to be told */
    size_t unverified;         /* incoming streams that are */
    struct cepa_time deadline; /* the earliest of all, or earlier */
    struct cepa_time resume;   /* when listeners are asked again */
    struct cepa_tcp_stats stats;

    size_t accepting; /* which listener is asked for connections */
    size_t accepts_left;
    size_t reading; /* the slot whose bytes are in `rx` */
    size_t rx_at;   /* of the next byte */
    size_t rx_len;  /* of all; 0 if there are none */
    uint8_t rx[CEPA_TCP_READ_SIZE];

    struct iovec vectors[2 * CEPA_DATAGRAM_QUEUE_LEN]; /* header, datagram, header... */
    uint8_t headers[CEPA_DATAGRAM_QUEUE_LEN][CEPA_FRAMING_HEADER_SIZE];

    struct cepa_tcp_stream *streams; /* streams_max of them; owned */
    uint8_t *rings;                  /* as many rings; memory comes when they are written to */
};

/* cepa_tcp_find gives a stream that is there and whole; NULL if it is not. */
struct cepa_tcp_stream *cepa_tcp_find(struct cepa_tcp *tcp, uint64_t id);

/* cepa_tcp_add takes a free slot for an open descriptor, which then belongs to it. Returns 0,
 * CEPA_ERR_FULL or CEPA_ERR_SYSTEM: then the descriptor is closed. */
CEPA_MUST_USE int cepa_tcp_add(struct cepa_tcp *tcp, struct cepa_tcp_stream **ret_stream, int fd,
                               bool is_incoming, struct cepa_time now);

/* cepa_tcp_end closes a stream's descriptor and frees its slot; with `is_reset` nothing of it stays
 * in the kernel. */
void cepa_tcp_end(struct cepa_tcp *tcp, struct cepa_tcp_stream *stream, bool is_reset);

/* cepa_tcp_break notes that a stream has come to its end, which cepa_tcp_next will tell. */
void cepa_tcp_break(struct cepa_tcp *tcp, struct cepa_tcp_stream *stream, int reason);

/* cepa_tcp_watch lets the loop watch a stream for what it waits for now. */
void cepa_tcp_watch(struct cepa_tcp *tcp, struct cepa_tcp_stream *stream);

/* cepa_tcp_flush sends what waits, as far as the peer takes it. */
void cepa_tcp_flush(struct cepa_tcp *tcp, struct cepa_tcp_stream *stream);

/* cepa_tcp_refuse closes a descriptor so that nothing of it stays in the kernel. */
void cepa_tcp_refuse(int fd);

#endif
