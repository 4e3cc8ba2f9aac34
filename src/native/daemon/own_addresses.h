/* At which addresses others may dial this node. */
#ifndef CEPA_NATIVE_DAEMON_OWN_ADDRESSES_H
#define CEPA_NATIVE_DAEMON_OWN_ADDRESSES_H

#include <stdbool.h>
#include <stddef.h>

#include "native/net/interfaces.h"
#include "wire/ids.h"

/* cepa_own_addresses writes up to `capacity` places: those of the bound `sockets` (IPv4 and IPv6,
 * family NONE for none), or, for one that is bound to all addresses, those of the interfaces. Of
 * these, loopback, link-local, deprecated and temporary ones are left out, and private ones (which
 * mean something else elsewhere) unless `has_private`, by family. A socket that is bound to one
 * address has that one, whatever it is. Returns how many. */
size_t cepa_own_addresses(struct cepa_reach *ret_reaches, size_t capacity,
                          const struct cepa_net_address sockets[2],
                          const struct cepa_interfaces *interfaces, const bool has_private[2]);

#endif
