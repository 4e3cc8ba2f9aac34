/* Sockets and TUN devices in network namespaces other than the one that the program runs in. Such
 * a descriptor stays where it was made, so one thread can hold both ends of a link. Needs root. */
#ifndef CEPA_TESTS_LAB_NETNS_H
#define CEPA_TESTS_LAB_NETNS_H

#include <stdint.h>

/* netns_tun opens the TUN device `device`, which must exist, in the namespace `name`, for reading
 * and writing IP packets without waiting. `name` is one of `ip netns` or a path. Returns a
 * descriptor, or -1 with errno. */
int netns_tun(const char *name, const char *device);

/* netns_udp opens an IPv4 UDP socket in the namespace, bound to `ip` ("0.0.0.0" for any) and
 * `port` (0 for any); its receive buffer is large. Returns a descriptor, or -1 with errno. */
int netns_udp(const char *name, const char *ip, uint16_t port);

/* netns_clock_ns gives the monotonic time. */
uint64_t netns_clock_ns(void);

#endif
