/* Bytes between a socket and a stream. */
#define _GNU_SOURCE
#include "native/proxy/pipe.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* One way: what came from its source and was not taken by its target yet. */
struct way {
    size_t start;       /* of what is held */
    size_t len;         /* how much that is */
    bool is_ended;      /* the source has said all */
    bool is_over;       /* nothing moves any more */
    bool is_whole;      /* over, and the target has taken all and the end */
    uint64_t bytes_len; /* that the target has taken */
    uint8_t buffer[CEPA_PIPE_BUFFER];
};

struct cepa_pipe {
    struct cepa_loop *loop;
    uint64_t number; /* in the loop */
    int fd;
    struct cepa_pipe_stream stream;
    bool is_hung;     /* the socket is broken, or ended both ways: the loop does not have it */
    unsigned watched; /* CEPA_LOOP_*, if it has */
    bool has_more;    /* a turn was over before the stream had nothing more */
    struct way out;   /* from the socket into the stream */
    struct way in;    /* from the stream into the socket */
};

/* Gives up one way. */
static void end_out(struct cepa_pipe *pipe)
{
    if (!pipe->out.is_over) {
        pipe->out.is_over = true;
        pipe->stream.reset(pipe->stream.context);
    }
}

static void end_in(struct cepa_pipe *pipe)
{
    if (!pipe->in.is_over) {
        pipe->in.is_over = true;
        pipe->stream.stop(pipe->stream.context);
    }
}

static bool is_later(int system_error)
{
    return system_error == EAGAIN || system_error == EWOULDBLOCK || system_error == EINTR;
}

/* Reads from the socket. False if nothing came that could be moved. */
static bool fill_out(struct cepa_pipe *pipe)
{
    struct way *way = &pipe->out;
    ssize_t got = recv(pipe->fd, way->buffer, sizeof way->buffer, MSG_DONTWAIT);
    if (got < 0) {
        /* What is broken has nothing that would come later. */
        if (!is_later(errno) || (pipe->is_hung && errno != EINTR)) {
            end_out(pipe);
        }
        return false;
    }
    way->start = 0;
    way->len = (size_t)got;
    way->is_ended = got == 0;
    return true;
}

/* Writes into the stream. False if it does not take all. */
static bool drain_out(struct cepa_pipe *pipe)
{
    struct way *way = &pipe->out;
    size_t taken = 0;
    if (pipe->stream.write(pipe->stream.context, &taken, way->buffer + way->start, way->len,
                           way->is_ended) != 0) {
        way->is_over = true; /* nobody reads there, so nothing is to be reset */
        return false;
    }
    way->start += taken;
    way->len -= taken;
    way->bytes_len += taken;
    way->is_over = way->is_ended && way->len == 0;
    way->is_whole = way->is_over;
    return way->len == 0;
}

static void move_out(struct cepa_pipe *pipe)
{
    struct way *way = &pipe->out;
    const uint64_t before = way->bytes_len;
    while (!way->is_over) {
        if (way->len == 0 && !way->is_ended) {
            /* The loop comes back to a socket that has more, but not to one that it lacks. */
            bool has_turn = pipe->is_hung || way->bytes_len - before < CEPA_PIPE_TURN;
            if (!has_turn || !fill_out(pipe)) {
                return;
            }
        }
        if (!drain_out(pipe)) {
            return;
        }
    }
}

/* Reads from the stream. False if nothing came that could be moved. A connection cannot be broken
 * in one direction alone, so what the other end gave up ends both ways. */
static bool fill_in(struct cepa_pipe *pipe)
{
    struct way *way = &pipe->in;
    size_t len = 0;
    bool is_end = false;
    if (pipe->stream.read(pipe->stream.context, way->buffer, &len, &is_end, sizeof way->buffer) !=
        0) {
        way->is_over = true;
        end_out(pipe);
        return false;
    }
    way->start = 0;
    way->len = len;
    way->is_ended = is_end;
    return len > 0 || is_end;
}

/* Writes into the socket. False if it does not take all. */
static bool drain_in(struct cepa_pipe *pipe)
{
    struct way *way = &pipe->in;
    while (way->len > 0) {
        ssize_t sent =
            send(pipe->fd, way->buffer + way->start, way->len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent < 0) {
            if (!is_later(errno)) {
                end_in(pipe);
            }
            return false;
        }
        way->start += (size_t)sent;
        way->len -= (size_t)sent;
        way->bytes_len += (uint64_t)sent;
    }
    if (way->is_ended) {
        way->is_over = true;
        way->is_whole = shutdown(pipe->fd, SHUT_WR) == 0;
    }
    return true;
}

static void move_in(struct cepa_pipe *pipe)
{
    struct way *way = &pipe->in;
    const uint64_t before = way->bytes_len;
    pipe->has_more = false;
    while (!way->is_over) {
        if (way->len == 0 && !way->is_ended) {
            pipe->has_more = way->bytes_len - before >= CEPA_PIPE_TURN;
            if (pipe->has_more || !fill_in(pipe)) {
                return;
            }
        }
        if (!drain_in(pipe)) {
            return;
        }
    }
}

/* Watches the socket for what can be used now. */
static void watch(struct cepa_pipe *pipe)
{
    if (pipe->is_hung) {
        return;
    }
    bool reads = !pipe->out.is_over && !pipe->out.is_ended && pipe->out.len == 0;
    bool writes = !pipe->in.is_over && (pipe->in.len > 0 || pipe->has_more);
    unsigned what = (reads ? CEPA_LOOP_READ : 0U) | (writes ? CEPA_LOOP_WRITE : 0U);
    if (what != pipe->watched && cepa_loop_change(pipe->loop, pipe->fd, pipe->number, what) != 0) {
        end_out(pipe);
        end_in(pipe);
    }
    pipe->watched = what;
}

/* The socket has an error, or both of its directions have ended. It would be ready without pause,
 * so the loop loses it. What had come from it before an end is still there to be read; nothing can
 * be sent to it. */
static void hang_up(struct cepa_pipe *pipe)
{
    int error = 0;
    socklen_t len = sizeof error;
    cepa_loop_remove(pipe->loop, pipe->fd, pipe->number);
    pipe->is_hung = true;
    end_in(pipe);
    if (getsockopt(pipe->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 ||
        (error != 0 && !pipe->out.is_ended)) {
        end_out(pipe);
    }
}

int cepa_pipe_open(struct cepa_pipe **ret_pipe, struct cepa_loop *loop, uint64_t number, int fd,
                   const struct cepa_pipe_stream *stream)
{
    const int yes = 1;
    /* Buffers are written before they are read: no need to touch their pages now. */
    struct cepa_pipe *pipe = calloc(1, sizeof *pipe);
    if (pipe == NULL || cepa_loop_add(loop, fd, number, CEPA_LOOP_READ) != 0) {
        free(pipe);
        return CEPA_ERR_FULL;
    }
    /* Both ends of a talk wait for single keys; refused by sockets that are not TCP's. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    pipe->loop = loop;
    pipe->number = number;
    pipe->fd = fd;
    pipe->stream = *stream;
    pipe->watched = CEPA_LOOP_READ;
    *ret_pipe = pipe;
    return 0;
}

void cepa_pipe_close(struct cepa_pipe *pipe)
{
    if (pipe == NULL) {
        return;
    }
    end_out(pipe);
    end_in(pipe);
    if (!pipe->is_hung) {
        cepa_loop_remove(pipe->loop, pipe->fd, pipe->number);
    }
    if (!pipe->in.is_whole) {
        /* No orderly end: a program that reads until one comes must not believe it has all. */
        const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
        (void)setsockopt(pipe->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    }
    (void)close(pipe->fd);
    free(pipe);
}

void cepa_pipe_on_ready(struct cepa_pipe *pipe, unsigned what)
{
    if ((what & CEPA_LOOP_BROKEN) != 0 && !pipe->is_hung) {
        hang_up(pipe);
    }
    cepa_pipe_on_stream(pipe);
}

void cepa_pipe_on_stream(struct cepa_pipe *pipe)
{
    move_out(pipe);
    move_in(pipe);
    watch(pipe);
}

bool cepa_pipe_is_done(const struct cepa_pipe *pipe)
{
    return pipe->out.is_over && pipe->in.is_over;
}

void cepa_pipe_status_get(struct cepa_pipe_status *ret_status, const struct cepa_pipe *pipe)
{
    ret_status->bytes_out = pipe->out.bytes_len;
    ret_status->bytes_in = pipe->in.bytes_len;
}
