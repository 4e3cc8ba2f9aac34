/* Moves bytes between a socket of this machine and a stream that leads elsewhere, both ways, each
 * way with its own end: what a program behind either of them sends last, arrives before the end
 * does.
 *
 * Back-pressure goes through: while the stream takes nothing, nothing is read from the socket, and
 * while the socket takes nothing, nothing is read from the stream; CEPA_PIPE_BUFFER bytes each way
 * are all that is held. The socket is watched only for what can be used, and one that is broken not
 * at all, so that nothing spins.
 *
 *     cepa_pipe_on_ready when the socket is ready;
 *     cepa_pipe_on_stream when the stream may have something, or may take something;
 *     cepa_pipe_close once cepa_pipe_is_done. */
#ifndef CEPA_NATIVE_PROXY_PIPE_H
#define CEPA_NATIVE_PROXY_PIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "native/net/loop.h"

enum {
    CEPA_PIPE_BUFFER = 16 * 1024, /* bytes that are held, each way */
    CEPA_PIPE_TURN = 256 * 1024 /* bytes that one call moves each way, so that others have turns */
};

/* The stream: what session/session.h does, as functions. None may call the pipe. */
struct cepa_pipe_stream {
    void *context; /* handed to each of them */

    /* Takes up to `data_len` bytes (copied), and the end of what is sent with the last of them if
     * `is_end`; `*ret_taken` says how many. Returns 0, or an error if it takes nothing any more,
     * as when the other end has stopped reading. */
    int (*write)(void *context, size_t *ret_taken, const uint8_t *data, size_t data_len,
                 bool is_end);

    /* Copies what comes next, `*ret_len` bytes of at most `size`, none if nothing is here;
     * `*ret_is_end` after the last byte. Returns 0, or an error if the other end has given up. */
    int (*read)(void *context, uint8_t *ret_data, size_t *ret_len, bool *ret_is_end, size_t size);

    void (*reset)(void *context); /* gives up writing: the end will not come */
    void (*stop)(void *context);  /* gives up reading */
};

/* What a pipe has moved. */
struct cepa_pipe_status {
    uint64_t bytes_out; /* from the socket into the stream */
    uint64_t bytes_in;  /* from the stream into the socket */
};

/* One pipe; opaque. */
struct cepa_pipe;

/* cepa_pipe_open joins the connected stream socket `fd`, which does not block and which the pipe
 * closes, with `stream` (copied; its context is lent), and stands in `loop` (lent) with `number`.
 * Bytes are moved from the first call of cepa_pipe_on_stream on, which its caller makes at once.
 * Returns 0, or CEPA_ERR_FULL for lack of memory, and then `fd` stays the caller's. */
CEPA_MUST_USE int cepa_pipe_open(struct cepa_pipe **ret_pipe, struct cepa_loop *loop,
                                 uint64_t number, int fd, const struct cepa_pipe_stream *stream);

/* cepa_pipe_close closes the socket and forgets the pipe; NULL is allowed. What had not come to its
 * end is given up: the stream is reset and stopped, and the program at the socket finds its
 * connection broken, not ended. */
void cepa_pipe_close(struct cepa_pipe *pipe);

/* cepa_pipe_on_ready takes CEPA_LOOP_* of the socket, and moves what can be moved. */
void cepa_pipe_on_ready(struct cepa_pipe *pipe, unsigned what);

/* cepa_pipe_on_stream moves what can be moved. */
void cepa_pipe_on_stream(struct cepa_pipe *pipe);

/* cepa_pipe_is_done says whether both ways have come to an end, of whatever kind. */
bool cepa_pipe_is_done(const struct cepa_pipe *pipe);

/* cepa_pipe_status_get says what it has moved. */
void cepa_pipe_status_get(struct cepa_pipe_status *ret_status, const struct cepa_pipe *pipe);

#endif
