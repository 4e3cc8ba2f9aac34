/* Mapping ports by UPnP's Internet Gateway Device. The library that speaks it waits for its peers,
 * so each piece of work has a thread of its own, which shares nothing but its result. Only the
 * router that is named is asked, whatever others announce. IPv4 alone. */
#ifndef CEPA_NATIVE_NET_UPNP_H
#define CEPA_NATIVE_NET_UPNP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "native/net/address.h"

enum {
    CEPA_UPNP_URL_SIZE = 256,
    CEPA_UPNP_SERVICE_SIZE = 128,
    CEPA_UPNP_CANDIDATES = 3, /* external ports that are tried */
    CEPA_UPNP_WORK_MAX_S = 20 /* nothing new is asked after so long */
};

/* Where a router takes its orders: from the result of mapping, for removing. */
struct cepa_upnp_control {
    char url[CEPA_UPNP_URL_SIZE];
    char service[CEPA_UPNP_SERVICE_SIZE];
};

/* What to do. */
struct cepa_upnp_request {
    bool is_removal;                 /* take away, or map */
    struct cepa_net_address gateway; /* who alone is asked */
    struct cepa_net_address local;   /* our IP on the way there: where the search goes out */
    uint16_t udp_port;               /* ours; 0: none */
    uint16_t tcp_port;               /* ours; 0: none */
    uint16_t candidates[CEPA_UPNP_CANDIDATES]; /* external ports, the best first; 0: no more */
    uint32_t lifetime_s;
    /* Of a removal: where, and which external ports (0: none). */
    struct cepa_upnp_control control;
    uint16_t udp_external;
    uint16_t tcp_external;
    /* Where the router's description is; empty: search. For tests. */
    char description_url[CEPA_UPNP_URL_SIZE];
};

/* What came of it. */
struct cepa_upnp_result {
    int result; /* 0; CEPA_ERR_NOT_FOUND: no such router; CEPA_ERR_UNREACHABLE: it does not answer
                   or has no address; CEPA_ERR_UNSUPPORTED: it refuses */
    struct cepa_net_address external; /* its IP, port 0 */
    uint16_t udp_external;            /* the external port of UDP; 0: none */
    uint16_t tcp_external;            /* the external port of TCP; 0: none */
    bool is_permanent;                /* the router knows no lifetimes: it must be told to forget */
    struct cepa_upnp_control control;
};

/* A piece of work; opaque. */
struct cepa_upnp_work;

/* cepa_upnp_start begins; `request` is copied. Returns 0, CEPA_ERR_FULL or CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_upnp_start(struct cepa_upnp_work **ret_work,
                                  const struct cepa_upnp_request *request);

/* cepa_upnp_descriptor gives a descriptor that is readable once the work is done. */
int cepa_upnp_descriptor(const struct cepa_upnp_work *work);

/* cepa_upnp_is_done says whether it is done, and gives its result then. */
bool cepa_upnp_is_done(struct cepa_upnp_work *work, struct cepa_upnp_result *ret_result);

/* cepa_upnp_cancel lets it come to an end as soon as the router answers, or does not: work that is
 * not done takes away again what it has mapped, and is done then. */
void cepa_upnp_cancel(struct cepa_upnp_work *work);

/* cepa_upnp_end gives it back at once, done or not; NULL is allowed. Work that is not done is
 * cancelled; its thread ends by itself. */
void cepa_upnp_end(struct cepa_upnp_work *work);

/* cepa_upnp_is_url_of says whether `url` is http on the IPv4 address of `gateway`, written as
 * digits. */
bool cepa_upnp_is_url_of(const char *url, const struct cepa_net_address *gateway);

#endif
