/* Opening and closing UDP sockets. */
#define _GNU_SOURCE
#include "native/net/udp.h"

#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "native/net/udp_socket.h"

/* The buffers as large as wanted if we have the privilege, else as large as the system lets us. */
static void set_buffers(int fd, size_t size)
{
    static const int options[2][2] = {{SO_RCVBUFFORCE, SO_RCVBUF}, {SO_SNDBUFFORCE, SO_SNDBUF}};
    int wanted = size > INT32_MAX ? INT32_MAX : (int)size;
    for (int i = 0; i < 2; i++) {
        if (!cepa_socket_set(fd, SOL_SOCKET, options[i][0], wanted)) {
            (void)cepa_socket_set(fd, SOL_SOCKET, options[i][1], wanted);
        }
    }
}

/* What we cannot do without: to know where a datagram was sent to, and no fragments. The path's
 * greatest length is what ICMP says, which anybody can forge: it is not asked. */
static bool set_options(int fd, uint8_t family)
{
    if (family == CEPA_NET_ADDRESS_IPV4) {
        return cepa_socket_set(fd, IPPROTO_IP, IP_PKTINFO, 1) &&
               cepa_socket_set(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
    }
    return cepa_socket_set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) &&
           cepa_socket_set(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE);
}

/* Gives every message of a receiving call its buffers, once and for all. */
static int prepare_receive(struct cepa_udp *udp)
{
    udp->rx_batch = udp->is_coalescing ? CEPA_UDP_COALESCED_BATCH : CEPA_UDP_BATCH_MAX;
    udp->rx_buffer_size = udp->is_coalescing ? CEPA_UDP_COALESCED_SIZE : CEPA_UDP_DATAGRAM_MAX;
    udp->rx_buffers = malloc(udp->rx_batch * udp->rx_buffer_size);
    if (udp->rx_buffers == NULL) {
        return CEPA_ERR_FULL;
    }
    for (size_t i = 0; i < udp->rx_batch; i++) {
        struct msghdr *header = &udp->rx.headers[i].msg_hdr;
        udp->rx.vectors[i].iov_base = udp->rx_buffers + i * udp->rx_buffer_size;
        udp->rx.vectors[i].iov_len = udp->rx_buffer_size;
        header->msg_iov = &udp->rx.vectors[i];
        header->msg_iovlen = 1;
        header->msg_name = &udp->rx_names[i];
        header->msg_control = &udp->rx.controls[i];
        udp->rx_messages[i].bytes = udp->rx_buffers + i * udp->rx_buffer_size;
    }
    return 0;
}

static bool is_unspecified(const struct cepa_net_address *address)
{
    static const uint8_t zero[16];
    return memcmp(address->ip, zero, sizeof zero) == 0;
}

static int prepare(struct cepa_udp *udp, const struct cepa_udp_config *config)
{
    uint32_t scope = cepa_interfaces_scope(config->interfaces, &config->bind_address);
    int result = cepa_socket_open(&udp->fd, SOCK_DGRAM, &config->bind_address, scope);
    if (result != 0) {
        return result;
    }
    if (!set_options(udp->fd, config->bind_address.family)) {
        return CEPA_ERR_SYSTEM;
    }
    set_buffers(udp->fd, config->buffer_size != 0 ? config->buffer_size : CEPA_UDP_BUFFER_SIZE);
    (void)cepa_socket_set(udp->fd, SOL_SOCKET, SO_RXQ_OVFL, 1);
    udp->is_coalescing = !config->is_coalesced_off && cepa_socket_set(udp->fd, SOL_UDP, UDP_GRO, 1);
    /* 0 turns nothing on; a kernel that knows it takes it for single messages too. */
    udp->is_segmenting =
        !config->is_segmented_off && cepa_socket_set(udp->fd, SOL_UDP, UDP_SEGMENT, 0);
    udp->is_bound_to_ip = !is_unspecified(&config->bind_address);
    result = cepa_socket_local(&udp->address, udp->fd);
    return result != 0 ? result : prepare_receive(udp);
}

int cepa_udp_open(struct cepa_udp **ret_udp, const struct cepa_udp_config *config)
{
    struct cepa_udp *udp = calloc(1, sizeof *udp);
    if (udp == NULL) {
        return CEPA_ERR_FULL;
    }
    udp->fd = -1;
    udp->interfaces = config->interfaces;
    int result = prepare(udp, config);
    if (result != 0) {
        cepa_udp_close(udp);
        return result;
    }
    *ret_udp = udp;
    return 0;
}

void cepa_udp_close(struct cepa_udp *udp)
{
    if (udp == NULL) {
        return;
    }
    if (udp->fd >= 0) {
        (void)close(udp->fd);
    }
    free(udp->rx_buffers);
    free(udp);
}

int cepa_udp_descriptor(const struct cepa_udp *udp)
{
    return udp->fd;
}

struct cepa_net_address cepa_udp_address(const struct cepa_udp *udp)
{
    return udp->address;
}

const struct cepa_udp_stats *cepa_udp_stats_of(const struct cepa_udp *udp)
{
    return &udp->stats;
}

bool cepa_udp_is_segmenting(const struct cepa_udp *udp)
{
    return udp->is_segmenting;
}

bool cepa_udp_is_coalescing(const struct cepa_udp *udp)
{
    return udp->is_coalescing;
}
