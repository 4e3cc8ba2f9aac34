/* What the sockets of both kinds share: addresses in the system's form, and its errors in ours. */
#ifndef CEPA_NATIVE_NET_SOCKET_H
#define CEPA_NATIVE_NET_SOCKET_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/error.h"
#include "native/net/address.h"

/* An address as the system takes it. */
union cepa_socket_address {
    struct sockaddr any;
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
};

/* cepa_socket_address_encode writes `address` (asserted: of a family) and gives its length;
 * `interface` is the number of the interface that a link-local IPv6 address is of, else 0. */
socklen_t cepa_socket_address_encode(union cepa_socket_address *ret_system,
                                     const struct cepa_net_address *address, uint32_t interface);

/* cepa_socket_address_decode reads what the system gave; another family becomes
 * CEPA_NET_ADDRESS_NONE. */
struct cepa_net_address cepa_socket_address_decode(const union cepa_socket_address *system);

/* cepa_socket_local gives the address that a socket is bound to. Returns 0 or CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_socket_local(struct cepa_net_address *ret_address, int fd);

/* cepa_socket_set sets an option that is an int; false if the system refuses. */
bool cepa_socket_set(int fd, int level, int option, int value);

/* cepa_socket_open makes a socket of `type` (SOCK_DGRAM or SOCK_STREAM) that does not block and is
 * not inherited, for one family alone, and binds it to `bind_address`. Returns 0, CEPA_ERR_IN_USE,
 * CEPA_ERR_NO_ADDRESS, CEPA_ERR_FULL or CEPA_ERR_SYSTEM. The caller closes `ret_fd`. */
CEPA_MUST_USE int cepa_socket_open(int *ret_fd, int type,
                                   const struct cepa_net_address *bind_address, uint32_t interface);

/* cepa_socket_error names an errno of opening, binding, connecting or sending: CEPA_ERR_IN_USE,
 * CEPA_ERR_NO_ADDRESS, CEPA_ERR_UNREACHABLE, CEPA_ERR_TOO_LONG, CEPA_ERR_FULL, else
 * CEPA_ERR_SYSTEM. */
int cepa_socket_error(int system_error);

/* cepa_socket_is_full says whether an errno means that there is room again later. */
bool cepa_socket_is_full(int system_error);

#endif
