/* Asks the router to pass a UDP port and a TCP port on to us: by PCP, else NAT-PMP, else UPnP
 * (docs/decisions/0044). Nothing waits, what is mapped is renewed at half of its lifetime, and is
 * taken away at the end. What a router says is believed as far as it goes: whether a peer gets
 * through shows only when one has.
 *
 * The owner watches cepa_port_mapping_descriptor for reading, calls cepa_port_mapping_step when it
 * is readable or cepa_port_mapping_deadline has come, and then takes events until there are none.
 * One thread owns the object. Nothing is ever logged. UPnP needs cepa_upnp_door in main
 * (native/net/upnp.h); without it the other two are all. */
#ifndef CEPA_NATIVE_NET_PORT_MAPPING_H
#define CEPA_NATIVE_NET_PORT_MAPPING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/random.h"
#include "base/time.h"
#include "native/net/address.h"

enum {
    CEPA_PORT_MAPPING_LIFETIME_S = 3600, /* that is asked for */
    CEPA_PORT_MAPPING_STOP_MS = 900,     /* stopping takes at most this long */
    CEPA_PORT_MAPPING_TRANSPORTS = 2
};

enum cepa_port_mapping_transport { CEPA_PORT_MAPPING_UDP = 0, CEPA_PORT_MAPPING_TCP = 1 };

/* How the router was asked, in the order of trying. */
enum cepa_port_mapping_protocol {
    CEPA_PORT_MAPPING_PCP = 1,
    CEPA_PORT_MAPPING_NATPMP = 2,
    CEPA_PORT_MAPPING_UPNP = 3
};

/* What to map. Zeros mean what stands behind them. */
struct cepa_port_mapping_config {
    uint8_t family; /* CEPA_NET_ADDRESS_IPV4, or CEPA_NET_ADDRESS_IPV6: a way through the router's
                       firewall, by PCP alone */
    uint16_t udp_port;             /* ours; 0: none */
    uint16_t tcp_port;             /* ours; 0: none. The same external port as UDP's is asked for */
    struct cepa_net_address local; /* our IP; IPv4: the system's choice. IPv6 has to have it: the
                                  one that peers are to reach */
    uint32_t lifetime_s;           /* CEPA_PORT_MAPPING_LIFETIME_S */
    struct cepa_net_address gateway; /* the router: that of the default route. For tests, with
                                    the port of its PCP server (5351) */
    const char *description_url;     /* of UPnP: search. Copied. For tests */
    bool is_upnp_off;
    const struct cepa_random *random; /* lent for the object's life */
};

enum cepa_port_mapping_kind {
    CEPA_PORT_MAPPING_MAPPED = 1, /* a port is mapped, or mapped in another way than before */
    CEPA_PORT_MAPPING_GONE,       /* a mapping is no more: its lifetime is over, or the network is
                                     another */
    CEPA_PORT_MAPPING_FAILED,     /* nothing could be mapped; goes on trying, ever more seldom */
    CEPA_PORT_MAPPING_STOPPED     /* the end, after cepa_port_mapping_stop */
};

/* A fact. */
struct cepa_port_mapping_event {
    enum cepa_port_mapping_kind kind;
    enum cepa_port_mapping_transport transport; /* MAPPED, GONE */
    enum cepa_port_mapping_protocol protocol;   /* MAPPED */
    struct cepa_net_address external;           /* MAPPED, GONE: as the router says */
    uint32_t lifetime_s;                        /* MAPPED: renewed at half of it */
    bool is_private; /* MAPPED: the external IP is no public one: another NAT is behind this one,
                        and peers on the internet do not get through */
    int reason;      /* FAILED: CEPA_ERR_NOT_FOUND: there is no router, or none that answers;
                        CEPA_ERR_UNREACHABLE: it has no way out; CEPA_ERR_UNSUPPORTED: it refuses;
                        CEPA_ERR_SYSTEM, CEPA_ERR_FULL: of our own machine */
};

/* The work of mapping; opaque. */
struct cepa_port_mapping;

/* cepa_port_mapping_open begins; nothing is sent before the first step. Returns 0,
 * CEPA_ERR_ARGUMENT (no port, no family, IPv6 without `local`, a URL that is too long),
 * CEPA_ERR_RANDOM, CEPA_ERR_FULL or CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_port_mapping_open(struct cepa_port_mapping **ret_mapping,
                                         const struct cepa_port_mapping_config *config,
                                         struct cepa_time now);

/* cepa_port_mapping_close gives everything back at once; NULL is allowed. What PCP and
 * NAT-PMP have mapped is taken away as far as that goes without waiting; what UPnP has stays till
 * its lifetime is over: call cepa_port_mapping_stop first. */
void cepa_port_mapping_close(struct cepa_port_mapping *mapping);

/* cepa_port_mapping_descriptor gives a descriptor that is readable when a step has something to
 * do; the same one for the object's life. */
int cepa_port_mapping_descriptor(const struct cepa_port_mapping *mapping);

/* cepa_port_mapping_deadline gives when the next step is due without anything coming. */
struct cepa_time cepa_port_mapping_deadline(const struct cepa_port_mapping *mapping);

/* cepa_port_mapping_step takes what has come and does what is due. */
void cepa_port_mapping_step(struct cepa_port_mapping *mapping, struct cepa_time now);

/* cepa_port_mapping_next gives the next event; false if there is none. */
bool cepa_port_mapping_next(struct cepa_port_mapping *mapping,
                            struct cepa_port_mapping_event *ret_event);

/* cepa_port_mapping_on_network says that the machine's addresses or routes may have changed. With
 * another router or another IP of ours everything begins anew, else what is mapped is renewed. */
void cepa_port_mapping_on_network(struct cepa_port_mapping *mapping, struct cepa_time now);

/* cepa_port_mapping_stop takes away what is mapped. The event STOPPED comes within
 * CEPA_PORT_MAPPING_STOP_MS, whatever the router does. */
void cepa_port_mapping_stop(struct cepa_port_mapping *mapping, struct cepa_time now);

/* cepa_port_mapping_is_private says whether an IP is one that the internet does not route: of
 * private networks and carriers' NATs, link-local, loopback, multicast or none. @[RFC6890 2] */
bool cepa_port_mapping_is_private(const struct cepa_net_address *address);

#endif
