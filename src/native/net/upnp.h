/* Mapping ports by UPnP's Internet Gateway Device. The library that speaks it waits for its peers
 * and reads whatever they send, so each piece of work is a process of its own, with limits on its
 * memory and time and without anything that this one knows (docs/decisions/0044). It is this
 * program, started anew. Only the router that is named is asked, whatever others announce. IPv4
 * alone. */
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
    CEPA_UPNP_WORK_MAX_S = 20 /* then the process ends itself */
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
    unsigned limit_s; /* 0: CEPA_UPNP_WORK_MAX_S. For tests */
};

/* What came of it. */
struct cepa_upnp_result {
    int result; /* 0; CEPA_ERR_NOT_FOUND: no such router; CEPA_ERR_UNREACHABLE: it does not answer,
                   answers without end or has no address; CEPA_ERR_UNSUPPORTED: it refuses;
                   CEPA_ERR_TIMEOUT: cancelled. A removal gives 0 whatever the router says */
    struct cepa_net_address external; /* its IP, port 0 */
    uint16_t udp_external;            /* the external port of UDP; 0: none */
    uint16_t tcp_external;            /* the external port of TCP; 0: none */
    bool is_permanent;                /* the router knows no lifetimes: it must be told to forget */
    struct cepa_upnp_control control;
};

/* A piece of work; opaque. */
struct cepa_upnp_work;

/* cepa_upnp_door is what a program that is to speak UPnP calls first in its main: a process that
 * was started for a piece of work does that and does not return. Elsewhere it only lets
 * cepa_upnp_start start such processes. */
void cepa_upnp_door(int argc, char **argv);

/* cepa_upnp_start begins; `request` is copied. Returns 0, CEPA_ERR_NOT_FOUND in a program that
 * has not called cepa_upnp_door, CEPA_ERR_FULL or CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_upnp_start(struct cepa_upnp_work **ret_work,
                                  const struct cepa_upnp_request *request);

/* cepa_upnp_descriptor gives a descriptor that is readable once the work is done. */
int cepa_upnp_descriptor(const struct cepa_upnp_work *work);

/* cepa_upnp_is_done says whether it is done, and gives its result then. */
bool cepa_upnp_is_done(struct cepa_upnp_work *work, struct cepa_upnp_result *ret_result);

/* cepa_upnp_cancel lets it come to an end as soon as the router answers, or does not: work that is
 * not done takes away again what it has mapped, and is done then. */
void cepa_upnp_cancel(struct cepa_upnp_work *work);

/* cepa_upnp_end gives it back at once; NULL is allowed. The process of work that is not done is
 * killed, and what it has mapped stays: cancel first, if there is time. */
void cepa_upnp_end(struct cepa_upnp_work *work);

/* cepa_upnp_is_url_of says whether `url` is http on the IPv4 address of `gateway`, written as
 * digits. */
bool cepa_upnp_is_url_of(const char *url, const struct cepa_net_address *gateway);

#endif
