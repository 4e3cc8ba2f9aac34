/* Addresses and errors of the system. */
#define _GNU_SOURCE
#include "native/net/socket.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"

socklen_t cepa_socket_address_encode(union cepa_socket_address *ret_system,
                                     const struct cepa_net_address *address, uint32_t interface)
{
    memset(ret_system, 0, sizeof *ret_system);
    if (address->family == CEPA_NET_ADDRESS_IPV4) {
        ret_system->ipv4.sin_family = AF_INET;
        ret_system->ipv4.sin_port = htons(address->port);
        memcpy(&ret_system->ipv4.sin_addr, address->ip, 4);
        return sizeof ret_system->ipv4;
    }
    CEPA_ASSERT(address->family == CEPA_NET_ADDRESS_IPV6);
    ret_system->ipv6.sin6_family = AF_INET6;
    ret_system->ipv6.sin6_port = htons(address->port);
    ret_system->ipv6.sin6_scope_id = interface;
    memcpy(&ret_system->ipv6.sin6_addr, address->ip, 16);
    return sizeof ret_system->ipv6;
}

struct cepa_net_address cepa_socket_address_decode(const union cepa_socket_address *system)
{
    struct cepa_net_address address;
    memset(&address, 0, sizeof address);
    if (system->any.sa_family == AF_INET) {
        address.family = CEPA_NET_ADDRESS_IPV4;
        address.port = ntohs(system->ipv4.sin_port);
        memcpy(address.ip, &system->ipv4.sin_addr, 4);
    } else if (system->any.sa_family == AF_INET6) {
        address.family = CEPA_NET_ADDRESS_IPV6;
        address.port = ntohs(system->ipv6.sin6_port);
        memcpy(address.ip, &system->ipv6.sin6_addr, 16);
    }
    return address;
}

int cepa_socket_local(struct cepa_net_address *ret_address, int fd)
{
    union cepa_socket_address system = {.any = {.sa_family = AF_UNSPEC}};
    socklen_t len = sizeof system;
    if (getsockname(fd, &system.any, &len) != 0) {
        return CEPA_ERR_SYSTEM;
    }
    *ret_address = cepa_socket_address_decode(&system);
    return 0;
}

bool cepa_socket_set(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof value) == 0;
}

int cepa_socket_open(int *ret_fd, int type, const struct cepa_net_address *bind_address,
                     uint32_t interface)
{
    union cepa_socket_address system;
    socklen_t system_len = cepa_socket_address_encode(&system, bind_address, interface);
    int fd = socket(system.any.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return cepa_socket_error(errno);
    }
    /* A listener may follow another on its port at once; a UDP port is ours alone. */
    if ((system.any.sa_family == AF_INET6 && !cepa_socket_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1)) ||
        (type == SOCK_STREAM && !cepa_socket_set(fd, SOL_SOCKET, SO_REUSEADDR, 1)) ||
        bind(fd, &system.any, system_len) != 0) {
        int result = cepa_socket_error(errno);
        (void)close(fd);
        /* What would be the network's word about a peer is the system's about our own address. */
        return result == CEPA_ERR_UNREACHABLE ? CEPA_ERR_SYSTEM : result;
    }
    *ret_fd = fd;
    return 0;
}

int cepa_socket_error(int system_error)
{
    switch (system_error) {
    case EADDRINUSE:
        return CEPA_ERR_IN_USE;
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
    case EPROTONOSUPPORT:
        return CEPA_ERR_NO_ADDRESS;
    case ECONNREFUSED:
    case ECONNRESET:
    case ECONNABORTED:
    case EHOSTUNREACH:
    case EHOSTDOWN:
    case ENETUNREACH:
    case ENETDOWN:
    case ENONET:
    case ENOPROTOOPT:
    case EPIPE:
    case EPROTO:
    case ETIMEDOUT:
    case EACCES: /* a broadcast address, or a firewall's word */
    case EPERM:
    case EINVAL: /* no route from the source address that is asked for */
        return CEPA_ERR_UNREACHABLE;
    case EMSGSIZE:
        return CEPA_ERR_TOO_LONG;
    default:
        return cepa_socket_is_full(system_error) ? CEPA_ERR_FULL : CEPA_ERR_SYSTEM;
    }
}

bool cepa_socket_is_full(int system_error)
{
    return system_error == EAGAIN || system_error == ENOBUFS || system_error == ENOMEM;
}
