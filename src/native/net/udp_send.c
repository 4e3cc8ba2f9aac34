/* Sending datagrams, many with one call. */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/udp.h>
#include <string.h>

#include "base/assert.h"
#include "native/net/udp_socket.h"

enum { ERRORS_PASSED_OVER_MAX = 4 }; /* in a row, of one message */

/* Writes a control message of `data_len` bytes and gives the bytes that it takes. */
static size_t write_control(uint8_t *ret_bytes, int level, int type, const void *data,
                            size_t data_len)
{
    struct cmsghdr part;
    memset(&part, 0, sizeof part);
    part.cmsg_level = level;
    part.cmsg_type = type;
    part.cmsg_len = CMSG_LEN(data_len);
    memset(ret_bytes, 0, CMSG_SPACE(data_len));
    memcpy(ret_bytes, &part, sizeof part);
    memcpy(ret_bytes + CMSG_LEN(0), data, data_len);
    return CMSG_SPACE(data_len);
}

/* Sets down where all that follows goes, and where it comes from. */
static void begin(struct cepa_udp *udp, const struct cepa_path *path)
{
    CEPA_ASSERT(path->stream == 0 && path->remote.family == udp->address.family);
    uint32_t scope = cepa_interfaces_scope(udp->interfaces, &path->local);
    udp->tx_count = 0;
    udp->tx_name_len = cepa_socket_address_encode(&udp->tx_name, &path->remote, scope);
    udp->tx_source_len = 0;
    if (udp->is_bound_to_ip || path->local.family != udp->address.family) {
        return;
    }
    if (path->local.family == CEPA_NET_ADDRESS_IPV4) {
        struct in_pktinfo info;
        memset(&info, 0, sizeof info);
        memcpy(&info.ipi_spec_dst, path->local.ip, 4);
        udp->tx_source_len =
            write_control(udp->tx_source.bytes, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
    } else {
        struct in6_pktinfo info;
        memset(&info, 0, sizeof info);
        memcpy(&info.ipi6_addr, path->local.ip, 16);
        info.ipi6_ifindex = scope;
        udp->tx_source_len =
            write_control(udp->tx_source.bytes, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
    }
}

/* Prepares one message: a run of datagrams. */
static void add(struct cepa_udp *udp, const struct cepa_datagram_run *run)
{
    size_t i = udp->tx_count++;
    uint8_t *control = udp->tx.controls[i].bytes;
    size_t control_len = udp->tx_source_len;
    struct msghdr *header = &udp->tx.headers[i].msg_hdr;
    memset(header, 0, sizeof *header);
    memcpy(control, udp->tx_source.bytes, udp->tx_source_len);
    if (run->count > 1) {
        uint16_t segment_len = (uint16_t)run->segment_len;
        control_len += write_control(control + control_len, SOL_UDP, UDP_SEGMENT, &segment_len,
                                     sizeof segment_len);
    }
    udp->tx.vectors[i].iov_base = (void *)(uintptr_t)run->bytes;
    udp->tx.vectors[i].iov_len = run->bytes_len;
    header->msg_iov = &udp->tx.vectors[i];
    header->msg_iovlen = 1;
    header->msg_name = &udp->tx_name;
    header->msg_namelen = udp->tx_name_len;
    header->msg_control = control_len > 0 ? control : NULL;
    header->msg_controllen = control_len;
    udp->tx_datagrams[i] = run->count;
}

static void count_sent(struct cepa_udp *udp, size_t datagrams, size_t bytes)
{
    udp->stats.tx_datagrams += datagrams;
    udp->stats.tx_bytes += bytes;
}

/* Sends `count` prepared messages from the first on: how many went, or a negative errno if none
 * did. */
static int call(struct cepa_udp *udp, struct mmsghdr *first, size_t count)
{
    for (int errors = 0;; errors++) {
        int sent = sendmmsg(udp->fd, first, (unsigned)count, MSG_NOSIGNAL);
        udp->stats.tx_calls++;
        if (sent > 0) {
            return sent;
        }
        /* Both are no fault of this message: a signal, an answer of the network to an earlier. */
        if ((errno != EINTR && errno != ECONNREFUSED) || errors == ERRORS_PASSED_OVER_MAX) {
            return -errno;
        }
        udp->stats.errors += errno == ECONNREFUSED ? 1 : 0;
    }
}

/* Sends the datagrams of message i, a run that the kernel did not take as one, one by one. If all
 * of that works and the fault was not their length, runs are at an end. Returns 0 or the last
 * error. */
static int send_singly(struct cepa_udp *udp, size_t i, int refusal)
{
    const uint8_t *bytes = udp->tx.vectors[i].iov_base;
    size_t left = udp->tx.vectors[i].iov_len;
    uint16_t segment_len;
    memcpy(&segment_len, udp->tx.controls[i].bytes + udp->tx_source_len + CMSG_LEN(0),
           sizeof segment_len);
    struct iovec vector;
    struct mmsghdr single = udp->tx.headers[i];
    single.msg_hdr.msg_iov = &vector;
    single.msg_hdr.msg_controllen = udp->tx_source_len;
    single.msg_hdr.msg_control = udp->tx_source_len > 0 ? udp->tx.controls[i].bytes : NULL;
    int result = 0;
    for (; left > 0; left -= vector.iov_len, bytes += vector.iov_len) {
        vector.iov_base = (void *)(uintptr_t)bytes;
        vector.iov_len = left < segment_len ? left : segment_len;
        int sent = call(udp, &single, 1);
        if (sent > 0) {
            count_sent(udp, 1, vector.iov_len);
        } else {
            result = cepa_socket_error(-sent);
            *(cepa_socket_is_full(-sent) ? &udp->stats.tx_dropped : &udp->stats.tx_failed) += 1;
        }
    }
    if (result == 0 && refusal != EMSGSIZE) {
        udp->is_segmenting = false;
    }
    return result;
}

/* Decides what becomes of message i and those behind it, since i was refused: gives how many are
 * done with, and the error. */
static size_t on_refusal(struct cepa_udp *udp, int *ret_error, size_t i, int refusal)
{
    if (cepa_socket_is_full(refusal)) {
        for (size_t j = i; j < udp->tx_count; j++) {
            udp->stats.tx_dropped += udp->tx_datagrams[j];
        }
        *ret_error = CEPA_ERR_FULL;
        return udp->tx_count - i;
    }
    if (udp->tx_datagrams[i] > 1 &&
        (refusal == EIO || refusal == EINVAL || refusal == EMSGSIZE || refusal == EOPNOTSUPP)) {
        int result = send_singly(udp, i, refusal);
        *ret_error = result != 0 ? result : *ret_error;
        return 1;
    }
    udp->stats.tx_failed += udp->tx_datagrams[i];
    *ret_error = cepa_socket_error(refusal);
    return 1;
}

/* Sends what is prepared. */
static int flush(struct cepa_udp *udp)
{
    int result = 0;
    for (size_t done = 0; done < udp->tx_count;) {
        int sent = call(udp, udp->tx.headers + done, udp->tx_count - done);
        if (sent < 0) {
            done += on_refusal(udp, &result, done, -sent);
            continue;
        }
        for (; sent > 0; sent--, done++) {
            count_sent(udp, udp->tx_datagrams[done], udp->tx.vectors[done].iov_len);
        }
    }
    return result;
}

int cepa_udp_send(struct cepa_udp *udp, const struct cepa_path *path,
                  const struct cepa_datagram_queue *queue)
{
    begin(udp, path);
    for (size_t first = 0; first < queue->count;) {
        struct cepa_datagram_run run = cepa_datagram_queue_run(queue, first);
        if (!udp->is_segmenting) {
            run.count = 1;
            run.bytes_len = run.segment_len;
        }
        add(udp, &run);
        first += run.count;
    }
    return flush(udp);
}

int cepa_udp_send_one(struct cepa_udp *udp, const struct cepa_path *path, const uint8_t *data,
                      size_t data_len)
{
    CEPA_ASSERT(data_len >= 1 && data_len <= CEPA_UDP_DATAGRAM_MAX);
    const struct cepa_datagram_run run = {data, data_len, data_len, 1};
    begin(udp, path);
    add(udp, &run);
    return flush(udp);
}
