/* Addresses of this node for others. */
#include "native/daemon/own_addresses.h"

#include <string.h>

#include "native/net/port_mapping.h"

static bool is_unspecified(const struct cepa_net_address *address)
{
    static const uint8_t zeros[16];
    return memcmp(address->ip, zeros, sizeof zeros) == 0;
}

static bool is_wanted(const struct cepa_interface_ip *ip, uint8_t family, bool has_private)
{
    return ip->address.family == family && !ip->is_loopback && !ip->is_link_local &&
           !ip->is_deprecated && !ip->is_temporary &&
           (has_private || !cepa_port_mapping_is_private(&ip->address));
}

static struct cepa_reach make(const struct cepa_net_address *address, uint16_t port)
{
    struct cepa_reach reach;
    memset(&reach, 0, sizeof reach);
    reach.family = address->family;
    memcpy(reach.ip, address->ip, sizeof reach.ip);
    reach.port = port;
    return reach;
}

size_t cepa_own_addresses(struct cepa_reach *ret_reaches, size_t capacity,
                          const struct cepa_net_address sockets[2],
                          const struct cepa_interfaces *interfaces, const bool has_private[2])
{
    size_t len = 0;
    for (size_t i = 0; i < 2; i++) {
        const struct cepa_net_address *socket = &sockets[i];
        if (socket->family == CEPA_NET_ADDRESS_NONE) {
            continue;
        }
        if (!is_unspecified(socket) && len < capacity) {
            ret_reaches[len++] = make(socket, socket->port);
            continue;
        }
        /* Half of the room is for each family. */
        size_t most = i == 0 ? (capacity + 1) / 2 : capacity;
        for (size_t k = 0; k < interfaces->count && len < most; k++) {
            if (is_wanted(&interfaces->ips[k], socket->family, has_private[i])) {
                ret_reaches[len++] = make(&interfaces->ips[k].address, socket->port);
            }
        }
    }
    return len;
}
