/* Where others may dial this node, as it changes: its own addresses, and what the router passes on.
 * The owner watches two descriptors for reading; cepa_reachability_step takes what they have. */
#ifndef CEPA_NATIVE_DAEMON_REACHABILITY_H
#define CEPA_NATIVE_DAEMON_REACHABILITY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/random.h"
#include "base/time.h"
#include "native/daemon/config.h"
#include "native/daemon/log.h"
#include "native/net/address.h"
#include "native/net/interfaces.h"
#include "native/net/port_mapping.h"
#include "wire/ids.h"
#include "wire/sizes.h"

/* Opaque. */
struct cepa_reachability;

/* What came of asking the router. */
enum cepa_reachability_mapping_state {
    CEPA_REACHABILITY_MAPPING_OFF,      /* by configuration */
    CEPA_REACHABILITY_MAPPING_UNWANTED, /* one address is listened at, or nobody is to reach us */
    CEPA_REACHABILITY_MAPPING_ASKING,
    CEPA_REACHABILITY_MAPPING_MAPPED,
    CEPA_REACHABILITY_MAPPING_PRIVATE, /* mapped, but another NAT is behind the router */
    CEPA_REACHABILITY_MAPPING_FAILED   /* it gave none, and is asked again */
};

struct cepa_reachability_mapping {
    enum cepa_reachability_mapping_state state;
    enum cepa_port_mapping_protocol protocol; /* MAPPED, PRIVATE */
    uint16_t port;                            /* MAPPED, PRIVATE: of the router, for UDP */
    int error; /* FAILED: the reason of enum cepa_port_mapping_kind's FAILED */
};

/* cepa_reachability_open begins with bound `sockets`, IPv4 and IPv6, family NONE for none. All is
 * lent. Returns 0, CEPA_ERR_FULL, CEPA_ERR_EXHAUSTED or CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_reachability_open(struct cepa_reachability **ret_reachability,
                                         const struct cepa_config *config,
                                         const struct cepa_net_address sockets[2],
                                         struct cepa_log *log, const struct cepa_random *random,
                                         struct cepa_time now);

/* cepa_reachability_close takes away what the router had mapped, which may take
 * CEPA_PORT_MAPPING_STOP_MS. NULL is allowed. */
void cepa_reachability_close(struct cepa_reachability *reachability);

/* cepa_reachability_descriptors gives what to watch; -1 for none. */
void cepa_reachability_descriptors(const struct cepa_reachability *reachability,
                                   int ret_descriptors[2]);

/* cepa_reachability_step takes what has come and does what is due. True if the places are others
 * than before. */
bool cepa_reachability_step(struct cepa_reachability *reachability, struct cepa_time now);

/* cepa_reachability_on_seen says how somebody outside sees one of our addresses: private ones are
 * no places where we can be dialled if that is another one. True if the places are others than
 * before. */
bool cepa_reachability_on_seen(struct cepa_reachability *reachability,
                               const struct cepa_net_address *address);

/* cepa_reachability_deadline gives when the next step is due without anything coming. */
struct cepa_time cepa_reachability_deadline(const struct cepa_reachability *reachability);

/* cepa_reachability_get writes the places, best first, and returns how many. */
size_t cepa_reachability_get(const struct cepa_reachability *reachability,
                             struct cepa_reach ret_reaches[CEPA_DESCRIPTOR_REACHES_MAX]);

/* cepa_reachability_mapping gives what came of asking the router so far. */
struct cepa_reachability_mapping cepa_reachability_mapping(
    const struct cepa_reachability *reachability);

/* cepa_reachability_interfaces gives the machine's interfaces, as of the last step; lent. */
const struct cepa_interfaces *cepa_reachability_interfaces(
    const struct cepa_reachability *reachability);

/* cepa_reachability_protocol gives the name of a protocol of port mapping. */
const char *cepa_reachability_protocol(enum cepa_port_mapping_protocol protocol);

#endif
