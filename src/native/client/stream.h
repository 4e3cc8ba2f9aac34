/* A stream to an address, as a command sees it: a socket for its bytes, and beside it what the
 * daemon tells of it. */
#ifndef CEPA_NATIVE_CLIENT_STREAM_H
#define CEPA_NATIVE_CLIENT_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/time.h"
#include "native/daemon/control_client.h"
#include "native/reason.h"

/* What is known of it. */
struct cepa_client_stream {
    struct cepa_control_client client;
    int fd;        /* its bytes; does not block; the end of the file is the end of the stream */
    bool is_begun; /* the daemon tries; else it has refused at once, and would again */
    bool is_ready;
    bool is_cut;            /* no path leads to the other end now */
    bool is_delivered;      /* all that was written, and its end, is there */
    bool is_over;           /* nothing more comes of it */
    struct cepa_time cut;   /* since when, if it is */
    struct cepa_reason why; /* it is over; empty if it ended well */
};

/* cepa_client_stream_open asks the daemon at `control` for a stream. `address` is an address in
 * text form; `as` the name of an identity or NULL; `isolate` a word or NULL. Returns 0, or an error
 * with a reason. What becomes of it is told later. */
CEPA_MUST_USE int cepa_client_stream_open(struct cepa_client_stream *ret_stream,
                                          struct cepa_reason *ret_reason, const char *control,
                                          const char *address, const char *as, const char *isolate);

/* cepa_client_stream_close gives it up, or closes what is over. */
void cepa_client_stream_close(struct cepa_client_stream *stream);

/* cepa_client_stream_wait waits until there is something to read, room to write if `wants_room`,
 * news, or `wait_ms` are over; and takes the news. */
void cepa_client_stream_wait(struct cepa_client_stream *stream, bool wants_room, int wait_ms);

#endif
