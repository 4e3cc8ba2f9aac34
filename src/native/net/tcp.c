/* Opening and closing: listeners, connections, and the table of streams. */
#define _GNU_SOURCE
#include "native/net/tcp.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "native/net/socket.h"
#include "native/net/tcp_stream.h"

enum {
    BACKLOG = 128,            /* connections that wait to be accepted */
    PORT_TRIES = 16,          /* to find a port that is free for both families */
    NOT_SENT_MAX = 128 * 1024 /* bytes beyond what is under way that the kernel takes */
};

static int listen_at(struct cepa_tcp *tcp, size_t which, const struct cepa_net_address *address)
{
    int result = cepa_socket_open(&tcp->listeners[which], SOCK_STREAM, address,
                                  cepa_interfaces_scope(tcp->config.interfaces, address));
    if (result != 0) {
        return result;
    }
    /* Two sockets can be bound to one port; only one of them can listen. */
    if (listen(tcp->listeners[which], BACKLOG) != 0) {
        return errno == EADDRINUSE ? CEPA_ERR_IN_USE : CEPA_ERR_SYSTEM;
    }
    struct cepa_net_address local;
    result = cepa_socket_local(&local, tcp->listeners[which]);
    if (result == 0) {
        tcp->port = local.port;
    }
    return result;
}

static void close_listeners(struct cepa_tcp *tcp)
{
    for (size_t i = 0; i < CEPA_TCP_LISTENERS; i++) {
        if (tcp->listeners[i] >= 0) {
            (void)close(tcp->listeners[i]);
        }
        tcp->listeners[i] = -1;
    }
}

/* Listens as the configuration says. A port that is found for IPv4 may be taken for IPv6: then
 * another one is tried. */
static int open_listeners(struct cepa_tcp *tcp)
{
    struct cepa_net_address addresses[CEPA_TCP_LISTENERS] = {tcp->config.ipv4, tcp->config.ipv6};
    bool is_found = addresses[0].family != CEPA_NET_ADDRESS_NONE && addresses[0].port == 0 &&
                    addresses[1].port == 0;
    int result = 0;
    for (int tries = is_found ? PORT_TRIES : 1; tries > 0; tries--) {
        close_listeners(tcp);
        for (size_t i = 0; i < CEPA_TCP_LISTENERS; i++) {
            if (addresses[i].family == CEPA_NET_ADDRESS_NONE) {
                continue;
            }
            addresses[i].port = is_found ? (i == 0 ? 0 : tcp->port) : addresses[i].port;
            result = listen_at(tcp, i, &addresses[i]);
            if (result != 0) {
                break;
            }
        }
        if (result != CEPA_ERR_IN_USE) {
            break;
        }
    }
    for (size_t i = 0; result == 0 && i < CEPA_TCP_LISTENERS; i++) {
        if (tcp->listeners[i] >= 0) {
            result = cepa_loop_add(tcp->loop, tcp->listeners[i], tcp->config.streams_max + i,
                                   CEPA_LOOP_READ);
        }
    }
    return result;
}

static int prepare(struct cepa_tcp *tcp)
{
    size_t streams_max = tcp->config.streams_max;
    tcp->streams = calloc(streams_max, sizeof *tcp->streams);
    if (tcp->streams == NULL) {
        return CEPA_ERR_FULL;
    }
    void *rings = mmap(NULL, streams_max * CEPA_TCP_BUFFER_SIZE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (rings == MAP_FAILED) {
        return CEPA_ERR_FULL;
    }
    tcp->rings = rings;
    int result = cepa_loop_open(&tcp->loop);
    return result != 0 ? result : open_listeners(tcp);
}

int cepa_tcp_open(struct cepa_tcp **ret_tcp, const struct cepa_tcp_config *config)
{
    if (config->streams_max > CEPA_TCP_STREAMS_LIMIT) {
        return CEPA_ERR_ARGUMENT;
    }
    struct cepa_tcp *tcp = calloc(1, sizeof *tcp);
    if (tcp == NULL) {
        return CEPA_ERR_FULL;
    }
    tcp->config = *config;
    if (config->streams_max == 0) {
        tcp->config.streams_max = CEPA_TCP_STREAMS_MAX;
    }
    if (config->streams_per_ip == 0) {
        tcp->config.streams_per_ip = CEPA_TCP_STREAMS_PER_IP;
    }
    if (config->unverified_ns == 0) {
        tcp->config.unverified_ns = CEPA_TCP_UNVERIFIED_MS * CEPA_MILLISECOND_NS;
    }
    tcp->deadline = cepa_time_never();
    tcp->resume = cepa_time_never();
    tcp->listeners[0] = -1;
    tcp->listeners[1] = -1;
    int result = prepare(tcp);
    if (result != 0) {
        cepa_tcp_close(tcp);
        return result;
    }
    *ret_tcp = tcp;
    return 0;
}

void cepa_tcp_close(struct cepa_tcp *tcp)
{
    if (tcp == NULL) {
        return;
    }
    for (size_t i = 0; tcp->loop != NULL && i < tcp->config.streams_max; i++) {
        if (tcp->streams[i].id != 0) {
            cepa_tcp_end(tcp, &tcp->streams[i], false);
        }
    }
    close_listeners(tcp);
    cepa_loop_close(tcp->loop);
    if (tcp->rings != NULL) {
        (void)munmap(tcp->rings, tcp->config.streams_max * CEPA_TCP_BUFFER_SIZE);
    }
    free(tcp->streams);
    free(tcp);
}

int cepa_tcp_descriptor(const struct cepa_tcp *tcp)
{
    return cepa_loop_descriptor(tcp->loop);
}

uint16_t cepa_tcp_port(const struct cepa_tcp *tcp)
{
    return tcp->port;
}

const struct cepa_tcp_stats *cepa_tcp_stats_of(const struct cepa_tcp *tcp)
{
    return &tcp->stats;
}

struct cepa_tcp_stream *cepa_tcp_find(struct cepa_tcp *tcp, uint64_t id)
{
    struct cepa_tcp_stream *stream = &tcp->streams[id % tcp->config.streams_max];
    return id != 0 && stream->id == id && !stream->is_broken ? stream : NULL;
}

static struct cepa_tcp_stream *find_free(struct cepa_tcp *tcp)
{
    for (size_t i = 0; i < tcp->config.streams_max; i++) {
        if (tcp->streams[i].id == 0) {
            return &tcp->streams[i];
        }
    }
    return NULL;
}

void cepa_tcp_refuse(int fd)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    (void)close(fd);
}

int cepa_tcp_add(struct cepa_tcp *tcp, struct cepa_tcp_stream **ret_stream, int fd,
                 bool is_incoming, struct cepa_time now)
{
    struct cepa_tcp_stream *stream = find_free(tcp);
    if (stream == NULL) {
        cepa_tcp_refuse(fd);
        return CEPA_ERR_FULL;
    }
    size_t slot = (size_t)(stream - tcp->streams);
    unsigned watched = is_incoming ? CEPA_LOOP_READ : CEPA_LOOP_WRITE;
    int result = cepa_loop_add(tcp->loop, fd, slot, watched);
    if (result != 0) {
        cepa_tcp_refuse(fd);
        return result;
    }
    /* Datagrams do not wait for others, and what the kernel cannot send yet waits here, where it is
     * bounded. A system that refuses either still carries them. */
    (void)cepa_socket_set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    (void)cepa_socket_set(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, NOT_SENT_MAX);
    memset(stream, 0, sizeof *stream);
    stream->id = ++tcp->streams_made * tcp->config.streams_max + slot;
    stream->fd = fd;
    stream->path.stream = stream->id;
    stream->is_incoming = is_incoming;
    stream->is_connecting = !is_incoming;
    stream->watched = watched;
    stream->tx = tcp->rings + slot * CEPA_TCP_BUFFER_SIZE;
    stream->deadline = cepa_time_add(now, tcp->config.unverified_ns);
    cepa_framing_init(&stream->framing);
    tcp->deadline = cepa_time_earliest(tcp->deadline, stream->deadline);
    tcp->unverified += is_incoming ? 1 : 0;
    *ret_stream = stream;
    return 0;
}

void cepa_tcp_end(struct cepa_tcp *tcp, struct cepa_tcp_stream *stream, bool is_reset)
{
    size_t slot = (size_t)(stream - tcp->streams);
    cepa_loop_remove(tcp->loop, stream->fd, slot);
    if (is_reset) {
        cepa_tcp_refuse(stream->fd);
    } else {
        (void)close(stream->fd);
    }
    if (stream->tx_touched > 0) {
        (void)madvise(stream->tx, CEPA_TCP_BUFFER_SIZE, MADV_DONTNEED);
    }
    if (tcp->rx_len > 0 && tcp->reading == slot) {
        tcp->rx_len = 0;
    }
    tcp->unverified -= stream->is_incoming && !stream->is_verified ? 1 : 0;
    tcp->broken -= stream->is_broken ? 1 : 0;
    stream->id = 0;
}

void cepa_tcp_break(struct cepa_tcp *tcp, struct cepa_tcp_stream *stream, int reason)
{
    if (!stream->is_broken) {
        stream->is_broken = true;
        stream->reason = reason;
        tcp->broken++;
        cepa_loop_wake(tcp->loop); /* so that cepa_tcp_next is called, wherever it broke */
    }
}

void cepa_tcp_watch(struct cepa_tcp *tcp, struct cepa_tcp_stream *stream)
{
    unsigned what = stream->is_connecting ? CEPA_LOOP_WRITE
                    : stream->tx_len > 0  ? CEPA_LOOP_READ | CEPA_LOOP_WRITE
                                          : CEPA_LOOP_READ;
    if (what == stream->watched) {
        return;
    }
    stream->watched = what;
    if (cepa_loop_change(tcp->loop, stream->fd, (uint64_t)(stream - tcp->streams), what) != 0) {
        cepa_tcp_break(tcp, stream, CEPA_ERR_SYSTEM);
    }
}

int cepa_tcp_connect(struct cepa_tcp *tcp, uint64_t *ret_stream, const struct cepa_path *path,
                     struct cepa_time now)
{
    struct cepa_net_address local = path->local;
    struct cepa_tcp_stream *stream;
    union cepa_socket_address remote;
    int fd;
    if (local.family != path->remote.family) {
        memset(&local, 0, sizeof local);
        local.family = path->remote.family;
    }
    local.port = 0;
    uint32_t scope = cepa_interfaces_scope(tcp->config.interfaces, &local);
    socklen_t remote_len = cepa_socket_address_encode(&remote, &path->remote, scope);
    int result = cepa_socket_open(&fd, SOCK_STREAM, &local, scope);
    if (result != 0) {
        return result;
    }
    if (connect(fd, &remote.any, remote_len) != 0 && errno != EINPROGRESS) {
        result = cepa_socket_error(errno);
        cepa_tcp_refuse(fd);
        return result;
    }
    result = cepa_tcp_add(tcp, &stream, fd, false, now);
    if (result != 0) {
        return result;
    }
    stream->path.local = local;
    stream->path.remote = path->remote;
    *ret_stream = stream->id;
    return 0;
}

void cepa_tcp_verified(struct cepa_tcp *tcp, uint64_t id)
{
    struct cepa_tcp_stream *stream = cepa_tcp_find(tcp, id);
    if (stream != NULL && !stream->is_verified && !stream->is_connecting) {
        stream->is_verified = true;
        stream->deadline = cepa_time_never();
        tcp->unverified -= stream->is_incoming ? 1 : 0;
    }
}

void cepa_tcp_drop(struct cepa_tcp *tcp, uint64_t id)
{
    struct cepa_tcp_stream *stream = &tcp->streams[id % tcp->config.streams_max];
    if (id != 0 && stream->id == id) {
        cepa_tcp_end(tcp, stream, false);
    }
}

size_t cepa_tcp_buffered(const struct cepa_tcp *tcp, uint64_t id)
{
    const struct cepa_tcp_stream *stream = &tcp->streams[id % tcp->config.streams_max];
    return id != 0 && stream->id == id ? stream->tx_len : 0;
}

struct cepa_time cepa_tcp_deadline(const struct cepa_tcp *tcp)
{
    return cepa_time_earliest(tcp->deadline, tcp->resume);
}
