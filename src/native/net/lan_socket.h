/* The multicast sockets of LAN discovery; for lan.c. */
#ifndef CEPA_NATIVE_NET_LAN_SOCKET_H
#define CEPA_NATIVE_NET_LAN_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "native/net/address.h"

/* cepa_lan_socket_open makes the socket of a family: it gets datagrams to the group on
 * CEPA_LAN_PORT, and sends with hop limit 1. Returns 0, or errors as cepa_socket_open. */
CEPA_MUST_USE int cepa_lan_socket_open(int *ret_fd, uint8_t family);

/* cepa_lan_socket_is_fit says whether an interface carries multicast between more than two. */
bool cepa_lan_socket_is_fit(int fd, uint32_t interface);

/* cepa_lan_socket_join makes the socket a member of the group on an interface;
 * cepa_lan_socket_leave ends that. */
CEPA_MUST_USE int cepa_lan_socket_join(int fd, uint8_t family, uint32_t interface);
void cepa_lan_socket_leave(int fd, uint8_t family, uint32_t interface);

/* cepa_lan_socket_send sends to the group on an interface; `source` is an IP of ours on it. */
bool cepa_lan_socket_send(int fd, const struct cepa_net_address *source, uint32_t interface,
                          const uint8_t *bytes, size_t bytes_len);

/* cepa_lan_socket_receive takes a datagram. Returns its length; 0 if it was not sent to the group;
 * -1 if there is none. More than `size` bytes give `size` + 1. */
long cepa_lan_socket_receive(int fd, uint8_t *ret_bytes, size_t size,
                             struct cepa_net_address *ret_source, uint32_t *ret_interface);

#endif
