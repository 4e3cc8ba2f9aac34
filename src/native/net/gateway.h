/* The router that this machine sends to when it knows no better way, from the kernel's tables. */
#ifndef CEPA_NATIVE_NET_GATEWAY_H
#define CEPA_NATIVE_NET_GATEWAY_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "native/net/address.h"

/* A router. */
struct cepa_gateway {
    struct cepa_net_address address; /* port 0 */
    uint32_t interface;              /* the system's number of the interface that leads there */
};

/* cepa_gateway_find gives the router of the default route of `family` with the least metric, in the
 * calling thread's network namespace. Returns 0; CEPA_ERR_NOT_FOUND if there is no such route, or
 * only one without a router, as tunnels have; or CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_gateway_find(struct cepa_gateway *ret_gateway, uint8_t family);

/* cepa_gateway_read_ipv4 does so with the `text_len` characters of a table in the form of
 * /proc/net/route; `ret_name` gets the interface's name. Returns 0 or CEPA_ERR_NOT_FOUND. */
CEPA_MUST_USE int cepa_gateway_read_ipv4(struct cepa_gateway *ret_gateway, char ret_name[16],
                                         const char *text, size_t text_len);

/* cepa_gateway_read_ipv6 does so with one in the form of /proc/net/ipv6_route. */
CEPA_MUST_USE int cepa_gateway_read_ipv6(struct cepa_gateway *ret_gateway, char ret_name[16],
                                         const char *text, size_t text_len);

#endif
