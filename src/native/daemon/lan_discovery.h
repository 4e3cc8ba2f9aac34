/* Finding this network's nodes in the local network, if the configuration wants it: opens
 * native/net/lan.h, tells it the interfaces and what to announce, and gives those to dial who were
 * heard of. Only a relay announces itself; everybody asks.
 *
 * A node that has a neighbour dials nobody whom it hears of: the local network brings it in, and
 * does not choose whom it is linked with. */
#ifndef CEPA_NATIVE_DAEMON_LAN_DISCOVERY_H
#define CEPA_NATIVE_DAEMON_LAN_DISCOVERY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/random.h"
#include "base/time.h"
#include "native/daemon/config.h"
#include "native/net/interfaces.h"
#include "native/net/lan.h"

/* The search. */
struct cepa_lan_discovery {
    struct cepa_lan *lan; /* NULL: not wanted */
    bool is_announcing;
    uint64_t heard;   /* nodes that were heard of */
    uint64_t dialled; /* of these: to be dialled */
};

/* cepa_lan_discovery_open begins if `config` wants it, else does nothing; `own` is what a relay
 * announces, NULL for a client. Returns as cepa_lan_open. */
CEPA_MUST_USE int cepa_lan_discovery_open(struct cepa_lan_discovery *ret_discovery,
                                          const struct cepa_config *config,
                                          const struct cepa_network_id *network,
                                          const struct cepa_relay_address *own,
                                          const struct cepa_random *random);

/* cepa_lan_discovery_close ends it. */
void cepa_lan_discovery_close(struct cepa_lan_discovery *discovery);

/* cepa_lan_discovery_descriptor gives what to watch, -1 for nothing; cepa_lan_discovery_deadline
 * when the next step is due. */
int cepa_lan_discovery_descriptor(const struct cepa_lan_discovery *discovery);
struct cepa_time cepa_lan_discovery_deadline(const struct cepa_lan_discovery *discovery);

/* cepa_lan_discovery_on_interfaces says which interfaces there are now. */
void cepa_lan_discovery_on_interfaces(struct cepa_lan_discovery *discovery,
                                      const struct cepa_interfaces *interfaces,
                                      struct cepa_time now);

/* cepa_lan_discovery_announce changes what is announced, if anything is. */
void cepa_lan_discovery_announce(struct cepa_lan_discovery *discovery,
                                 const struct cepa_relay_address *own, struct cepa_time now);

/* cepa_lan_discovery_next gives the next node to dial; false if there is none. With `is_joined`
 * nobody is to be dialled, and who was heard of is only counted. */
bool cepa_lan_discovery_next(struct cepa_lan_discovery *discovery,
                             struct cepa_relay_address *ret_address, bool is_joined);

/* cepa_lan_discovery_step takes what has come and sends what is due. */
void cepa_lan_discovery_step(struct cepa_lan_discovery *discovery, struct cepa_time now);

#endif
