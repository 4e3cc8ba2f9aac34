/* Streams of sessions, joined with sockets of local programs: what programs ask for goes out, what
 * others ask for comes in to the programs that listen. Only bytes are moved; what they mean is the
 * programs' business, but for the header that says what an incoming stream is for. @[SPEC 17.1]
 *
 *     every effect of the end goes to cepa_streams_on_end, every ready number from `first_number`
 *     to first_number + CEPA_STREAMS_MAX to cepa_streams_on_ready;
 *     cepa_streams_step at cepa_streams_deadline.
 *
 * Programs are told through `tell`, which must not call back. */
#ifndef CEPA_NATIVE_STREAMS_STREAMS_H
#define CEPA_NATIVE_STREAMS_STREAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "application/stream_header.h"
#include "base/error.h"
#include "base/time.h"
#include "end/end.h"
#include "native/net/loop.h"

enum {
    CEPA_STREAMS_MAX = 1024,          /* at one time */
    CEPA_STREAMS_LISTENERS_MAX = 64,  /* services of local programs */
    CEPA_STREAMS_TAKE_SECONDS = 10,   /* for a program to take what has come in, or was opened */
    CEPA_STREAMS_VERDICT_SECONDS = 60 /* for a service to be reached at the other end */
};

/* All streams; opaque. */
struct cepa_streams;

/* What a program is told. */
enum cepa_streams_event {
    CEPA_STREAMS_OPENING = 1, /* the other end is being looked for */
    CEPA_STREAMS_READY,       /* bytes flow; to a service: once the program takes it */
    CEPA_STREAMS_CUT,         /* no path lives; what was written is kept */
    CEPA_STREAMS_MENDED,      /* they flow again */
    CEPA_STREAMS_DELIVERED,   /* all that was written, and its end, is at the other end */
    CEPA_STREAMS_ENDED,       /* it is over */
    CEPA_STREAMS_FAILED,      /* it never was: `error` */
    CEPA_STREAMS_INCOMING,    /* somebody wants `service`: take or refuse `stream` */
    CEPA_STREAMS_LEFT         /* no stream: a letter lies in `mailboxes` mailboxes */
};

struct cepa_streams_notice {
    enum cepa_streams_event event;
    uint64_t client; /* of the control socket: who is told */
    uint64_t stream; /* the program's own number; INCOMING: the one to take it by */
    int error;       /* FAILED: CEPA_ERR_DROPPED if the service is not to be had; ENDED: 0 unless it
                        was cut off */
    bool is_silent;  /* FAILED: there is such a service, but it does not answer */
    bool has_peer;   /* INCOMING: `peer` has proven who it is */
    struct cepa_address peer;
    const char *service; /* INCOMING; lent for the call */
    uint32_t mailboxes;  /* LEFT */
};

/* A stream that has come in for the node's user: a message or a file. Whoever gets it reads and
 * writes it by itself, and is told of it by number. */
struct cepa_streams_arrival {
    uint32_t slot;
    struct cepa_end_identity own;
    bool has_peer;
    struct cepa_address peer;
    const struct cepa_stream_header *header; /* lent for the call */
};

struct cepa_streams_config {
    struct cepa_end *end; /* lent, as all here */
    struct cepa_loop *loop;
    uint64_t first_number;
    void *programs;                                   /* the context of these two */
    bool (*is_here)(void *programs, uint64_t client); /* whether a program is still there */
    void (*tell)(void *programs, const struct cepa_streams_notice *notice);
    void *arrivals; /* the context of these two */
    /* Takes an arrival; false if it is not wanted: it is reset. */
    bool (*arrive)(void *arrivals, const struct cepa_streams_arrival *arrival,
                   struct cepa_time now);
    /* What has arrived can be read, or written to again (`is_gone`: neither, ever again). */
    void (*move)(void *arrivals, uint32_t slot, bool is_gone, struct cepa_time now);
};

/* cepa_streams_open begins without any. Returns 0 or CEPA_ERR_FULL for lack of memory. */
CEPA_MUST_USE int cepa_streams_open(struct cepa_streams **ret_streams,
                                    const struct cepa_streams_config *config);

/* cepa_streams_close gives up all of them; NULL is allowed. */
void cepa_streams_close(struct cepa_streams *streams);

/* What a program asks for. */
struct cepa_streams_wish {
    uint64_t client;
    uint64_t stream; /* the program's own number */
    struct cepa_address peer;
    struct cepa_end_identity as; /* none: the other end does not learn who asks */
    const char *isolate;         /* a word that keeps this apart from others; "" for none */
    const char *service;         /* "" if the program itself says what the stream is for. Else it is
                                    to this service: asked for and judged before READY is told, when
                                    the program brings its socket. @[SPEC 17.4] */
};

/* cepa_streams_connect joins `fd`, a connected stream socket, with a stream to `wish->peer`; to a
 * service it is -1, and comes with cepa_streams_take.
 * Returns 0, and `fd` is taken, or CEPA_ERR_FULL, or what cepa_end_connect gives. */
CEPA_MUST_USE int cepa_streams_connect(struct cepa_streams *streams,
                                       const struct cepa_streams_wish *wish, int fd,
                                       struct cepa_time now);

/* cepa_streams_listen lets streams to `service` of one of the user's identities be told to a
 * program, as long as that is there. Returns 0, CEPA_ERR_IN_USE if another one has it, or
 * CEPA_ERR_FULL. */
CEPA_MUST_USE int cepa_streams_listen(struct cepa_streams *streams, uint64_t client,
                                      struct cepa_end_identity own, const char *service);

/* cepa_streams_take joins `fd` with one that has come in for `client`, whose service answers
 * thereby, or that was opened to a service. cepa_streams_refuse does not want it, or not any
 * more, whatever has come of it; who came in for it hears `verdict`: FAILED, or REFUSED. Return 0,
 * and `fd` is taken, or CEPA_ERR_NOT_FOUND, or CEPA_ERR_FULL. */
CEPA_MUST_USE int cepa_streams_take(struct cepa_streams *streams, uint64_t client, uint64_t stream,
                                    int fd, struct cepa_time now);
CEPA_MUST_USE int cepa_streams_refuse(struct cepa_streams *streams, uint64_t client,
                                      uint64_t stream, enum cepa_connect_verdict verdict);

/* cepa_streams_read, cepa_streams_write and cepa_streams_give_up do to an arrival what
 * session/session.h says; cepa_streams_release lets its slot go. */
CEPA_MUST_USE int cepa_streams_read(struct cepa_streams *streams, uint32_t slot, uint8_t *ret_data,
                                    size_t *ret_len, bool *ret_is_end, size_t size,
                                    struct cepa_time now);
CEPA_MUST_USE int cepa_streams_write(struct cepa_streams *streams, uint32_t slot, size_t *ret_taken,
                                     const uint8_t *data, size_t data_len, bool is_end);
void cepa_streams_give_up(struct cepa_streams *streams, uint32_t slot, enum cepa_stream_code code);
void cepa_streams_release(struct cepa_streams *streams, uint32_t slot, struct cepa_time now);

/* cepa_streams_on_end takes an effect of the end, cepa_streams_on_ready a descriptor that is ready;
 * true if it is one of these. */
void cepa_streams_on_end(struct cepa_streams *streams, const struct cepa_end_effect *effect,
                         struct cepa_time now);
bool cepa_streams_on_ready(struct cepa_streams *streams, const struct cepa_loop_ready *ready,
                           struct cepa_time now);

/* cepa_streams_step does what is due. */
void cepa_streams_step(struct cepa_streams *streams, struct cepa_time now);
struct cepa_time cepa_streams_deadline(const struct cepa_streams *streams);

/* cepa_streams_leave takes leave of all other ends, as far as there is time:
 * cepa_streams_status_get tells how many sessions are left. */
void cepa_streams_leave(struct cepa_streams *streams, struct cepa_time now);

/* For the status. */
struct cepa_streams_status {
    uint32_t sessions; /* at one time */
    uint32_t streams;
    uint64_t bytes_out; /* in all, from local programs */
    uint64_t bytes_in;
};
void cepa_streams_status_get(struct cepa_streams_status *ret_status,
                             const struct cepa_streams *streams);

#endif
