/* Multicast as Linux has it. */
#define _GNU_SOURCE
#include "native/net/lan_socket.h"

#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "native/net/lan.h"
#include "native/net/lan_message.h"
#include "native/net/socket.h"

/* 239.255.67.69, of the scope that stays within a site, and ff12::6365:7061, not assigned for good
 * and of the scope of a link. @[RFC2365 6.1], @[RFC4291 2.7] */
static const struct cepa_net_address group_ipv4 = {
    .family = CEPA_NET_ADDRESS_IPV4, .ip = {239, 255, 67, 69}, .port = CEPA_LAN_PORT};
static const struct cepa_net_address group_ipv6 = {
    .family = CEPA_NET_ADDRESS_IPV6,
    .ip = {0xff, 0x12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 'c', 'e', 'p', 'a'},
    .port = CEPA_LAN_PORT};

/* Room for one piece of control data, aligned as the system wants it. */
union control {
    struct cmsghdr header;
    uint8_t bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

static bool set_options(int fd, bool is_ipv4)
{
    /* Several nodes of one machine share the port; each gets every datagram to the group. */
    if (!cepa_socket_set(fd, SOL_SOCKET, SO_REUSEADDR, 1)) {
        return false;
    }
    if (is_ipv4) {
        return cepa_socket_set(fd, IPPROTO_IP, IP_PKTINFO, 1) &&
               cepa_socket_set(fd, IPPROTO_IP, IP_MULTICAST_TTL, 1) &&
               cepa_socket_set(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0);
    }
    return cepa_socket_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) &&
           cepa_socket_set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) &&
           cepa_socket_set(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 1);
}

int cepa_lan_socket_open(int *ret_fd, uint8_t family)
{
    bool is_ipv4 = family == CEPA_NET_ADDRESS_IPV4;
    const struct cepa_net_address any = {.family = family, .port = CEPA_LAN_PORT};
    union cepa_socket_address system;
    socklen_t len = cepa_socket_address_encode(&system, &any, 0);
    int fd = socket(system.any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return cepa_socket_error(errno);
    }
    if (!set_options(fd, is_ipv4) || bind(fd, &system.any, len) != 0) {
        int result = cepa_socket_error(errno);
        (void)close(fd);
        return result;
    }
    *ret_fd = fd;
    return 0;
}

bool cepa_lan_socket_is_fit(int fd, uint32_t interface)
{
    struct ifreq request;
    memset(&request, 0, sizeof request);
    /* Asked of the socket, which knows its own network namespace. */
    request.ifr_ifindex = (int)interface;
    if (ioctl(fd, SIOCGIFNAME, &request) != 0 || ioctl(fd, SIOCGIFFLAGS, &request) != 0) {
        return false;
    }
    unsigned flags = (unsigned short)request.ifr_flags;
    return (flags & IFF_UP) != 0 && (flags & IFF_POINTOPOINT) == 0 &&
           (flags & (IFF_MULTICAST | IFF_LOOPBACK)) != 0;
}

static int change_membership(int fd, uint8_t family, uint32_t interface, bool is_joining)
{
    int result;
    if (family == CEPA_NET_ADDRESS_IPV4) {
        struct ip_mreqn request;
        memset(&request, 0, sizeof request);
        memcpy(&request.imr_multiaddr, group_ipv4.ip, 4);
        request.imr_ifindex = (int)interface;
        result = setsockopt(fd, IPPROTO_IP, is_joining ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP,
                            &request, sizeof request);
    } else {
        struct ipv6_mreq request;
        memset(&request, 0, sizeof request);
        memcpy(&request.ipv6mr_multiaddr, group_ipv6.ip, 16);
        request.ipv6mr_interface = interface;
        result = setsockopt(fd, IPPROTO_IPV6, is_joining ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP,
                            &request, sizeof request);
    }
    return result == 0 || (is_joining && errno == EADDRINUSE) ? 0 : CEPA_ERR_SYSTEM;
}

int cepa_lan_socket_join(int fd, uint8_t family, uint32_t interface)
{
    return change_membership(fd, family, interface, true);
}

void cepa_lan_socket_leave(int fd, uint8_t family, uint32_t interface)
{
    (void)!change_membership(fd, family, interface, false);
}

bool cepa_lan_socket_send(int fd, const struct cepa_net_address *source, uint32_t interface,
                          const uint8_t *bytes, size_t bytes_len)
{
    bool is_ipv4 = source->family == CEPA_NET_ADDRESS_IPV4;
    union cepa_socket_address system;
    union control control;
    uint8_t copy[CEPA_LAN_MESSAGE_MAX]; /* iovec's bytes are not const */
    if (bytes_len > sizeof copy) {
        return false;
    }
    memcpy(copy, bytes, bytes_len);
    memset(&control, 0, sizeof control);
    struct iovec data = {.iov_base = copy, .iov_len = bytes_len};
    struct msghdr message = {.msg_name = &system, .msg_iov = &data, .msg_iovlen = 1};
    message.msg_namelen =
        cepa_socket_address_encode(&system, is_ipv4 ? &group_ipv4 : &group_ipv6, interface);
    message.msg_control = &control;
    message.msg_controllen =
        is_ipv4 ? CMSG_SPACE(sizeof(struct in_pktinfo)) : CMSG_SPACE(sizeof(struct in6_pktinfo));
    struct cmsghdr *part = CMSG_FIRSTHDR(&message);
    if (is_ipv4) {
        struct in_pktinfo info;
        memset(&info, 0, sizeof info);
        info.ipi_ifindex = (int)interface;
        memcpy(&info.ipi_spec_dst, source->ip, 4);
        part->cmsg_level = IPPROTO_IP;
        part->cmsg_type = IP_PKTINFO;
        part->cmsg_len = CMSG_LEN(sizeof info);
        memcpy(CMSG_DATA(part), &info, sizeof info);
    } else {
        struct in6_pktinfo info;
        memset(&info, 0, sizeof info);
        info.ipi6_ifindex = interface;
        memcpy(&info.ipi6_addr, source->ip, 16);
        part->cmsg_level = IPPROTO_IPV6;
        part->cmsg_type = IPV6_PKTINFO;
        part->cmsg_len = CMSG_LEN(sizeof info);
        memcpy(CMSG_DATA(part), &info, sizeof info);
    }
    return sendmsg(fd, &message, MSG_NOSIGNAL) == (ssize_t)bytes_len;
}

/* Where a datagram was sent to, and by which interface it came. */
static bool read_destination(struct msghdr *message, uint32_t *ret_interface)
{
    for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part != NULL;
         part = CMSG_NXTHDR(message, part)) {
        if (part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo info;
            memcpy(&info, CMSG_DATA(part), sizeof info);
            *ret_interface = (uint32_t)info.ipi_ifindex;
            return memcmp(&info.ipi_addr, group_ipv4.ip, 4) == 0;
        }
        if (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_PKTINFO) {
            struct in6_pktinfo info;
            memcpy(&info, CMSG_DATA(part), sizeof info);
            *ret_interface = (uint32_t)info.ipi6_ifindex;
            return memcmp(&info.ipi6_addr, group_ipv6.ip, 16) == 0;
        }
    }
    return false;
}

long cepa_lan_socket_receive(int fd, uint8_t *ret_bytes, size_t size,
                             struct cepa_net_address *ret_source, uint32_t *ret_interface)
{
    union cepa_socket_address system;
    union control control;
    memset(&control, 0, sizeof control);
    struct iovec data = {.iov_base = ret_bytes, .iov_len = size};
    struct msghdr message = {.msg_name = &system,
                             .msg_namelen = sizeof system,
                             .msg_iov = &data,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    ssize_t len;
    do {
        len = recvmsg(fd, &message, 0);
    } while (len < 0 && errno == EINTR);
    if (len < 0) {
        return -1;
    }
    *ret_source = cepa_socket_address_decode(&system);
    if (!read_destination(&message, ret_interface)) {
        return 0;
    }
    return (message.msg_flags & MSG_TRUNC) != 0 ? (long)size + 1 : (long)len;
}
