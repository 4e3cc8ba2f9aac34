/* Finding nodes of one's network in the local network, by multicast (@[SPEC 6.7]). Whoever uses it
 * tells everybody in the local network that they take part, so it is off unless the owner of the
 * node has asked for it: nothing is sent before cepa_lan_open.
 *
 * What is found is a hint: whoever dials it has it proved by the certificate and the link's
 * handshake. The owner watches cepa_lan_descriptor for reading, calls cepa_lan_step when it is
 * readable or cepa_lan_deadline has come, and then takes events until there are none. One thread
 * owns the object. Nothing is ever logged. */
#ifndef CEPA_NATIVE_NET_LAN_H
#define CEPA_NATIVE_NET_LAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/random.h"
#include "base/time.h"
#include "native/net/interfaces.h"
#include "wire/dial_address.h"

enum {
    CEPA_LAN_PORT = 26723,    /* UDP */
    CEPA_LAN_PLACES_MAX = 16, /* interfaces, counted for each family */
    CEPA_LAN_FOUND_MAX = 64   /* nodes that are remembered */
};

/* What to look for, and what to say. */
struct cepa_lan_config {
    struct cepa_network_id network;   /* the only one that is spoken of */
    bool is_asking;                   /* ask others to announce themselves */
    bool is_announcing;               /* tell where we can be dialled: */
    struct cepa_relay_address own;    /* its IP does not matter; the port is not 0 */
    bool is_on_loopback;              /* there too, and only there. For tests */
    const struct cepa_random *random; /* lent for the object's life */
};

/* A node that was heard of, for the first time, in another way than before, or again after ten
 * minutes. */
struct cepa_lan_event {
    struct cepa_relay_address address; /* the IP is the one that it announced itself from */
    uint32_t interface; /* by which a link-local IPv6 address is reached; the system's number */
};

/* Counts since the start. */
struct cepa_lan_stats {
    uint64_t sent;
    uint64_t sent_failed;
    uint64_t received; /* datagrams, our own included, which come back */
    uint64_t refused;  /* of these: malformed, of another network, or not from this network */
    uint64_t dropped;  /* of these: too many at once */
};

/* The work of looking; opaque. */
struct cepa_lan;

/* cepa_lan_open begins, without any interface. Returns 0, CEPA_ERR_ARGUMENT (announcing without a
 * port), CEPA_ERR_IN_USE (another program has the port for itself), CEPA_ERR_FULL or
 * CEPA_ERR_SYSTEM. A machine without one of the families does with the other. */
CEPA_MUST_USE int cepa_lan_open(struct cepa_lan **ret_lan, const struct cepa_lan_config *config);

/* cepa_lan_close ends it; NULL is allowed. */
void cepa_lan_close(struct cepa_lan *lan);

/* cepa_lan_on_interfaces says which interfaces there are now: at the start and after each change.
 * Those that carry no multicast, and lines between two points, such as tunnels, are left alone. */
void cepa_lan_on_interfaces(struct cepa_lan *lan, const struct cepa_interfaces *interfaces,
                            struct cepa_time now);

/* cepa_lan_announce changes what is announced; NULL ends announcing. A port 0 counts as NULL. */
void cepa_lan_announce(struct cepa_lan *lan, const struct cepa_relay_address *own,
                       struct cepa_time now);

/* cepa_lan_descriptor gives a descriptor that is readable when something has come. */
int cepa_lan_descriptor(const struct cepa_lan *lan);

/* cepa_lan_deadline gives when the next step is due without anything coming. */
struct cepa_time cepa_lan_deadline(const struct cepa_lan *lan);

/* cepa_lan_step takes what has come and sends what is due. */
void cepa_lan_step(struct cepa_lan *lan, struct cepa_time now);

/* cepa_lan_next gives the next event; false if there is none. */
bool cepa_lan_next(struct cepa_lan *lan, struct cepa_lan_event *ret_event);

/* cepa_lan_stats_of gives the counts; lent. */
const struct cepa_lan_stats *cepa_lan_stats_of(const struct cepa_lan *lan);

#endif
