/* What happens on streams, one event after the other. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "native/net/socket.h"
#include "native/net/tcp_stream.h"

/* How long listeners rest when the process has no descriptors left. */
#define PAUSE_NS (100 * CEPA_MILLISECOND_NS)

static enum cepa_tcp_kind tell(const struct cepa_tcp_stream *stream,
                               struct cepa_tcp_event *ret_event, enum cepa_tcp_kind kind)
{
    memset(ret_event, 0, sizeof *ret_event);
    ret_event->path = stream->path;
    ret_event->is_incoming = stream->is_incoming;
    ret_event->reason = stream->reason;
    return kind;
}

/* Tells the end of one stream that is broken, and frees its slot. */
static enum cepa_tcp_kind tell_broken(struct cepa_tcp *tcp, struct cepa_tcp_event *ret_event)
{
    for (size_t i = 0; i < tcp->config.streams_max; i++) {
        struct cepa_tcp_stream *stream = &tcp->streams[i];
        if (stream->id != 0 && stream->is_broken) {
            enum cepa_tcp_kind kind = tell(stream, ret_event, CEPA_TCP_CLOSED);
            cepa_tcp_end(tcp, stream, stream->reason != 0);
            return kind;
        }
    }
    return CEPA_TCP_NOTHING;
}

/* Breaks the streams whose time is over, and finds the next deadline. */
static void expire(struct cepa_tcp *tcp, struct cepa_time now)
{
    tcp->deadline = cepa_time_never();
    for (size_t i = 0; i < tcp->config.streams_max; i++) {
        struct cepa_tcp_stream *stream = &tcp->streams[i];
        if (stream->id == 0 || stream->is_broken) {
            continue;
        }
        if (cepa_time_is_due(stream->deadline, now)) {
            tcp->stats.expired++;
            cepa_tcp_break(tcp, stream, CEPA_ERR_TIMEOUT);
        } else {
            tcp->deadline = cepa_time_earliest(tcp->deadline, stream->deadline);
        }
    }
}

/* Lets the loop watch the listeners for `what`; if it does not, this is tried again after a pause.
 */
static void watch_listeners(struct cepa_tcp *tcp, unsigned what, struct cepa_time now)
{
    tcp->resume = what == 0 ? cepa_time_add(now, PAUSE_NS) : cepa_time_never();
    for (size_t i = 0; i < CEPA_TCP_LISTENERS; i++) {
        if (tcp->listeners[i] >= 0 && cepa_loop_change(tcp->loop, tcp->listeners[i],
                                                       tcp->config.streams_max + i, what) != 0) {
            tcp->resume = cepa_time_add(now, PAUSE_NS);
        }
    }
}

/* Whether two addresses are of one household: the same IPv4, or the same /64 of IPv6. */
static bool is_same_source(const struct cepa_net_address *a, const struct cepa_net_address *b)
{
    size_t len = a->family == CEPA_NET_ADDRESS_IPV4 ? 4 : 8;
    return a->family == b->family && memcmp(a->ip, b->ip, len) == 0;
}

/* Whether another connection from there is one too many. At most half of all streams are incoming
 * and not verified, so that strangers cannot keep us from connecting. */
static bool is_too_many(const struct cepa_tcp *tcp, const struct cepa_net_address *remote)
{
    size_t count = 0;
    for (size_t i = 0; i < tcp->config.streams_max; i++) {
        const struct cepa_tcp_stream *stream = &tcp->streams[i];
        count +=
            stream->id != 0 && stream->is_incoming && is_same_source(&stream->path.remote, remote)
                ? 1
                : 0;
    }
    return count >= tcp->config.streams_per_ip ||
           tcp->unverified >= (tcp->config.streams_max + 1) / 2;
}

/* Takes a descriptor that was accepted into the table. */
static int admit(struct cepa_tcp *tcp, struct cepa_tcp_stream **ret_stream, int fd,
                 const struct cepa_net_address *remote, struct cepa_time now)
{
    struct cepa_net_address local;
    if (is_too_many(tcp, remote) || cepa_socket_local(&local, fd) != 0) {
        cepa_tcp_refuse(fd);
        return CEPA_ERR_FULL;
    }
    int result = cepa_tcp_add(tcp, ret_stream, fd, true, now);
    if (result == 0) {
        (*ret_stream)->path.local = local;
        (*ret_stream)->path.remote = *remote;
    }
    return result;
}

/* Accepts the next connection of the listener whose turn it is. */
static enum cepa_tcp_kind accept_next(struct cepa_tcp *tcp, struct cepa_tcp_event *ret_event,
                                      struct cepa_time now)
{
    while (tcp->accepts_left > 0) {
        union cepa_socket_address system;
        socklen_t system_len = sizeof system;
        struct cepa_tcp_stream *stream;
        tcp->accepts_left--;
        int fd = accept4(tcp->listeners[tcp->accepting], &system.any, &system_len,
                         SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
            watch_listeners(tcp, 0, now);
        }
        if (fd < 0) {
            tcp->accepts_left = 0; /* for now; the listener will be ready again */
            break;
        }
        const struct cepa_net_address remote = cepa_socket_address_decode(&system);
        if (admit(tcp, &stream, fd, &remote, now) != 0) {
            tcp->stats.refused++;
            continue;
        }
        tcp->stats.accepted++;
        return tell(stream, ret_event, CEPA_TCP_CONNECTED);
    }
    return CEPA_TCP_NOTHING;
}

/* An outgoing connection is there, or has failed. */
static enum cepa_tcp_kind on_connected(struct cepa_tcp *tcp, struct cepa_tcp_stream *stream,
                                       struct cepa_tcp_event *ret_event, struct cepa_time now)
{
    int system_error = 0;
    socklen_t len = sizeof system_error;
    if (getsockopt(stream->fd, SOL_SOCKET, SO_ERROR, &system_error, &len) != 0 ||
        cepa_socket_local(&stream->path.local, stream->fd) != 0) {
        cepa_tcp_break(tcp, stream, CEPA_ERR_SYSTEM);
        return CEPA_TCP_NOTHING;
    }
    if (system_error != 0) {
        cepa_tcp_break(tcp, stream, cepa_socket_error(system_error));
        return CEPA_TCP_NOTHING;
    }
    stream->is_connecting = false;
    stream->deadline = cepa_time_add(now, tcp->config.unverified_ns);
    tcp->deadline = cepa_time_earliest(tcp->deadline, stream->deadline);
    tcp->stats.connected++;
    enum cepa_tcp_kind kind = tell(stream, ret_event, CEPA_TCP_CONNECTED);
    cepa_tcp_watch(tcp, stream);
    cepa_tcp_flush(tcp, stream);
    return kind;
}

/* Reads what a stream has, into the one buffer for all. */
static void read_stream(struct cepa_tcp *tcp, struct cepa_tcp_stream *stream)
{
    ssize_t len = recv(stream->fd, tcp->rx, sizeof tcp->rx, 0);
    if (len > 0) {
        tcp->reading = (size_t)(stream - tcp->streams);
        tcp->rx_at = 0;
        tcp->rx_len = (size_t)len;
    } else if (len == 0) {
        cepa_tcp_break(tcp, stream, 0);
    } else if (errno != EINTR && !cepa_socket_is_full(errno)) {
        cepa_tcp_break(tcp, stream, cepa_socket_error(errno));
    }
}

/* Takes the next datagram out of what was read. */
static enum cepa_tcp_kind take_datagram(struct cepa_tcp *tcp, struct cepa_tcp_event *ret_event)
{
    struct cepa_tcp_stream *stream = &tcp->streams[tcp->reading];
    const uint8_t *datagram = NULL;
    size_t datagram_len = 0;
    size_t taken = 0;
    int result = cepa_framing_push(&stream->framing, &taken, &datagram, &datagram_len,
                                   tcp->rx + tcp->rx_at, tcp->rx_len - tcp->rx_at);
    tcp->rx_at += taken;
    if (result < 0) {
        cepa_tcp_break(tcp, stream, result);
    }
    if (result < 0 || tcp->rx_at == tcp->rx_len) {
        tcp->rx_len = 0;
    }
    if (result != 1) {
        return CEPA_TCP_NOTHING;
    }
    tcp->stats.rx_datagrams++;
    enum cepa_tcp_kind kind = tell(stream, ret_event, CEPA_TCP_DATAGRAM);
    ret_event->bytes = datagram;
    ret_event->len = datagram_len;
    return kind;
}

static enum cepa_tcp_kind on_ready(struct cepa_tcp *tcp, const struct cepa_loop_ready *ready,
                                   struct cepa_tcp_event *ret_event, struct cepa_time now)
{
    if (ready->number >= tcp->config.streams_max) {
        tcp->accepting = (size_t)ready->number - tcp->config.streams_max;
        tcp->accepts_left = CEPA_TCP_ACCEPTS_MAX;
        return CEPA_TCP_NOTHING;
    }
    struct cepa_tcp_stream *stream = &tcp->streams[ready->number];
    if (stream->is_broken) {
        return CEPA_TCP_NOTHING;
    }
    if (stream->is_connecting) {
        return on_connected(tcp, stream, ret_event, now);
    }
    if ((ready->what & CEPA_LOOP_WRITE) != 0) {
        cepa_tcp_flush(tcp, stream);
    }
    if (!stream->is_broken && (ready->what & (CEPA_LOOP_READ | CEPA_LOOP_BROKEN)) != 0) {
        read_stream(tcp, stream);
    }
    return CEPA_TCP_NOTHING;
}

/* Asks the loop once per round for what is ready; false at the end of a round. */
static bool next_ready(struct cepa_tcp *tcp, struct cepa_loop_ready *ret_ready)
{
    static const struct cepa_time past = {0};
    if (!tcp->is_polled && cepa_loop_wait(tcp->loop, past) > 0) {
        tcp->is_polled = true;
    }
    if (tcp->is_polled && cepa_loop_next(tcp->loop, ret_ready)) {
        return true;
    }
    tcp->is_polled = false;
    return false;
}

enum cepa_tcp_kind cepa_tcp_next(struct cepa_tcp *tcp, struct cepa_tcp_event *ret_event,
                                 struct cepa_time now)
{
    if (cepa_time_is_due(tcp->deadline, now)) {
        expire(tcp, now);
    }
    if (cepa_time_is_due(tcp->resume, now)) {
        watch_listeners(tcp, CEPA_LOOP_READ, now);
    }
    for (;;) {
        struct cepa_loop_ready ready;
        enum cepa_tcp_kind kind = CEPA_TCP_NOTHING;
        if (tcp->rx_len > 0) {
            kind = take_datagram(tcp, ret_event);
        } else if (tcp->broken > 0) {
            kind = tell_broken(tcp, ret_event);
        } else if (tcp->accepts_left > 0) {
            kind = accept_next(tcp, ret_event, now);
        } else if (next_ready(tcp, &ready)) {
            kind = on_ready(tcp, &ready, ret_event, now);
        } else {
            return CEPA_TCP_NOTHING;
        }
        if (kind != CEPA_TCP_NOTHING) {
            return kind;
        }
    }
}
