/* The machine's own IPs, and a descriptor that tells when they change; from the kernel by netlink,
 * in the network namespace that the object was opened in. */
#ifndef CEPA_NATIVE_NET_INTERFACES_H
#define CEPA_NATIVE_NET_INTERFACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "native/net/address.h"

enum {
    CEPA_INTERFACES_MAX = 128,          /* IPs of a list */
    CEPA_INTERFACES_LINK_LOCAL_MAX = 64 /* of these; machines with many bridges have many */
};

/* One IP of ours. */
struct cepa_interface_ip {
    struct cepa_net_address address; /* port 0 */
    uint32_t interface;              /* the system's number of the interface that has it */
    uint8_t prefix_len;              /* bits of the network's part */
    bool is_loopback;
    bool is_link_local;
    bool is_temporary;  /* IPv6 that is given up after a while, for privacy @[RFC8981 3] */
    bool is_deprecated; /* IPv6 that should begin nothing new @[RFC4862 5.5.4] */
};

/* The IPs that can be used now: of interfaces that are up, IPv6 not before it is known to be the
 * only one. In the kernel's order. */
struct cepa_interfaces {
    size_t count;
    bool is_cut; /* there are more */
    struct cepa_interface_ip ips[CEPA_INTERFACES_MAX];
};

/* The connection to the kernel; opaque. */
struct cepa_interfaces_watch;

/* cepa_interfaces_open begins to watch. Returns 0, CEPA_ERR_FULL or CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_interfaces_open(struct cepa_interfaces_watch **ret_watch);

/* cepa_interfaces_close ends it; NULL is allowed. */
void cepa_interfaces_close(struct cepa_interfaces_watch *watch);

/* cepa_interfaces_descriptor gives a descriptor that is readable when something may have changed.
 */
int cepa_interfaces_descriptor(const struct cepa_interfaces_watch *watch);

/* cepa_interfaces_has_changed says whether the kernel has told of a change since the last call, and
 * makes the descriptor unreadable. It may be one that the list does not show: compare. */
bool cepa_interfaces_has_changed(struct cepa_interfaces_watch *watch);

/* cepa_interfaces_list gives all IPs. Returns 0 or CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_interfaces_list(struct cepa_interfaces_watch *watch,
                                       struct cepa_interfaces *ret_interfaces);

/* cepa_interfaces_is_equal says whether two lists are the same. */
bool cepa_interfaces_is_equal(const struct cepa_interfaces *a, const struct cepa_interfaces *b);

/* cepa_interfaces_scope gives the number of the interface by which `local` reaches other link-local
 * IPv6 addresses; 0 if it is not link-local IPv6 or nobody has it. `interfaces` may be NULL. */
uint32_t cepa_interfaces_scope(const struct cepa_interfaces *interfaces,
                               const struct cepa_net_address *local);

#endif
