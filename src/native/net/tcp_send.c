/* Sending on a stream: at once what the peer takes, the rest from a ring. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "base/assert.h"
#include "native/net/socket.h"
#include "native/net/tcp_stream.h"

enum { TOUCHED_KEPT = 64 * 1024 }; /* bytes of memory that an empty ring keeps */

/* Sends pieces; how many bytes went, or a negative errno. */
static ssize_t send_pieces(const struct cepa_tcp_stream *stream, struct iovec *pieces, size_t count)
{
    struct msghdr message;
    memset(&message, 0, sizeof message);
    message.msg_iov = pieces;
    message.msg_iovlen = count;
    for (;;) {
        ssize_t sent = sendmsg(stream->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent >= 0) {
            return sent;
        }
        if (errno != EINTR) {
            return cepa_socket_is_full(errno) ? 0 : -errno;
        }
    }
}

/* Appends bytes to the ring, which has room for them. */
static void append(struct cepa_tcp_stream *stream, const uint8_t *bytes, size_t len)
{
    size_t at = (stream->tx_at + stream->tx_len) % CEPA_TCP_BUFFER_SIZE;
    size_t to_end = CEPA_TCP_BUFFER_SIZE - at;
    size_t first = len < to_end ? len : to_end;
    memcpy(stream->tx + at, bytes, first);
    memcpy(stream->tx, bytes + first, len - first);
    stream->tx_len += len;
    stream->tx_touched = at + first > stream->tx_touched ? at + first : stream->tx_touched;
}

/* An empty ring that was long goes back to the system. */
static void give_memory_back(struct cepa_tcp_stream *stream)
{
    if (stream->tx_touched > TOUCHED_KEPT) {
        (void)madvise(stream->tx, CEPA_TCP_BUFFER_SIZE, MADV_DONTNEED);
        stream->tx_touched = 0;
    }
}

void cepa_tcp_flush(struct cepa_tcp *tcp, struct cepa_tcp_stream *stream)
{
    if (stream->tx_len == 0) {
        return;
    }
    size_t to_end = CEPA_TCP_BUFFER_SIZE - stream->tx_at;
    size_t first = stream->tx_len < to_end ? stream->tx_len : to_end;
    struct iovec pieces[2] = {{stream->tx + stream->tx_at, first},
                              {stream->tx, stream->tx_len - first}};
    ssize_t sent = send_pieces(stream, pieces, first < stream->tx_len ? 2 : 1);
    if (sent < 0) {
        cepa_tcp_break(tcp, stream, cepa_socket_error((int)-sent));
        return;
    }
    stream->tx_len -= (size_t)sent;
    stream->tx_at = (stream->tx_at + (size_t)sent) % CEPA_TCP_BUFFER_SIZE;
    if (stream->tx_len == 0) {
        stream->tx_at = 0;
        give_memory_back(stream);
    }
    cepa_tcp_watch(tcp, stream);
}

/* Puts what did not go into the ring: datagram i of tcp->vectors, without its first `sent` bytes
 * with the header. One that has begun to go always has room, since the ring was empty then. */
static bool keep(struct cepa_tcp *tcp, struct cepa_tcp_stream *stream, size_t i, size_t sent)
{
    const struct iovec *pieces = &tcp->vectors[2 * i];
    size_t len = pieces[0].iov_len + pieces[1].iov_len - sent;
    if (len > CEPA_TCP_BUFFER_SIZE - stream->tx_len) {
        return false;
    }
    for (size_t j = 0; j < 2; j++) {
        size_t gone = sent < pieces[j].iov_len ? sent : pieces[j].iov_len;
        append(stream, (const uint8_t *)pieces[j].iov_base + gone, pieces[j].iov_len - gone);
        sent -= gone;
    }
    return true;
}

/* Sends the datagrams that stand one behind the other in `bytes`. */
static int send_datagrams(struct cepa_tcp *tcp, struct cepa_tcp_stream *stream,
                          const uint8_t *bytes, const uint16_t *lens, size_t count)
{
    int result = 0;
    size_t sent = 0;
    for (size_t i = 0; i < count; bytes += lens[i], i++) {
        cepa_framing_header(tcp->headers[i], lens[i]);
        tcp->vectors[2 * i].iov_base = tcp->headers[i];
        tcp->vectors[2 * i].iov_len = CEPA_FRAMING_HEADER_SIZE;
        tcp->vectors[2 * i + 1].iov_base = (void *)(uintptr_t)bytes;
        tcp->vectors[2 * i + 1].iov_len = lens[i];
    }
    if (stream->tx_len == 0 && !stream->is_connecting) {
        ssize_t went = send_pieces(stream, tcp->vectors, 2 * count);
        if (went < 0) {
            result = cepa_socket_error((int)-went);
            cepa_tcp_break(tcp, stream, result);
            return result;
        }
        sent = (size_t)went;
    }
    for (size_t i = 0; i < count; i++) {
        size_t len = CEPA_FRAMING_HEADER_SIZE + (size_t)lens[i];
        size_t gone = sent < len ? sent : len;
        sent -= gone;
        if (gone == len || keep(tcp, stream, i, gone)) {
            tcp->stats.tx_datagrams++;
        } else {
            tcp->stats.tx_dropped++;
            result = CEPA_ERR_FULL;
        }
    }
    cepa_tcp_watch(tcp, stream);
    return result;
}

int cepa_tcp_send(struct cepa_tcp *tcp, uint64_t id, const struct cepa_datagram_queue *queue)
{
    struct cepa_tcp_stream *stream = cepa_tcp_find(tcp, id);
    if (stream == NULL) {
        return CEPA_ERR_NOT_FOUND;
    }
    return queue->count == 0 ? 0
                             : send_datagrams(tcp, stream, queue->bytes, queue->lens, queue->count);
}

int cepa_tcp_send_one(struct cepa_tcp *tcp, uint64_t id, const uint8_t *data, size_t data_len)
{
    CEPA_ASSERT(data_len >= 1 && data_len <= CEPA_FRAMING_DATAGRAM_MAX);
    struct cepa_tcp_stream *stream = cepa_tcp_find(tcp, id);
    const uint16_t len = (uint16_t)data_len;
    return stream == NULL ? CEPA_ERR_NOT_FOUND : send_datagrams(tcp, stream, data, &len, 1);
}
