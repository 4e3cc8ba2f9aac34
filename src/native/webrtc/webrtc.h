/* WebRTC over real sockets: the driver of an endpoint. It opens the sockets, waits for datagrams
 * and for the endpoint's deadlines, and tells what addresses this machine has. All else is done on
 * the endpoint itself (native/webrtc/endpoint.h):
 *
 *     cepa_webrtc_open(&webrtc, &config);
 *     for (;;) {
 *         cepa_webrtc_wait(webrtc, cepa_time_never());
 *         while (cepa_endpoint_next(cepa_webrtc_endpoint(webrtc), &event) != CEPA_ENDPOINT_NOTHING)
 * {
 *             ...
 *         }
 *     }
 *
 * One thread at a time, but for cepa_webrtc_wake. Several of these may run side by side. */
#ifndef CEPA_NATIVE_WEBRTC_WEBRTC_H
#define CEPA_NATIVE_WEBRTC_WEBRTC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/time.h"
#include "native/net/tcp.h"
#include "native/net/udp.h"
#include "native/webrtc/endpoint.h"

/* The driver with its endpoint; opaque. */
struct cepa_webrtc;

/* How to open one. */
struct cepa_webrtc_config {
    struct cepa_net_address
        ipv4; /* what to bind; IP 0.0.0.0 is all, port 0 any; family NONE: no IPv4 */
    struct cepa_net_address ipv6; /* likewise */
    uint8_t more_sockets; /* of each family, for dialling (see struct cepa_endpoint_config): how
                           * many, at most CEPA_ENDPOINT_MORE_SOCKETS_MAX */
    bool has_no_tcp;      /* do without ICE-TCP */
    bool is_local;        /* offer loopback addresses too, as tests on one machine need */
    const struct cepa_random *random;           /* lent for the driver's life */
    uint32_t connections_max;                   /* 0: CEPA_ENDPOINT_CONNECTIONS_MAX */
    const struct cepa_certificate *certificate; /* see struct cepa_endpoint_config, */
    const struct cepa_certificate *previous;    /* for these */
    struct cepa_dial_secret secret;             /* three */
};

/* What the sockets have met. */
struct cepa_webrtc_stats {
    struct cepa_udp_stats udp[2]; /* IPv4, IPv6, those that listen; zeros for one not there */
    struct cepa_tcp_stats tcp;    /* likewise */
};

/* cepa_webrtc_open opens sockets and endpoint. Ports that are 0 become one that is free in both
 * families, on UDP and on TCP. Returns 0; CEPA_ERR_IN_USE or CEPA_ERR_NO_ADDRESS for what cannot
 * be bound; CEPA_ERR_ARGUMENT, also without any family; CEPA_ERR_EXHAUSTED; or CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_webrtc_open(struct cepa_webrtc **ret_webrtc,
                                   const struct cepa_webrtc_config *config);

/* cepa_webrtc_close ends all connections, with a word to their peers, and closes the sockets; NULL
 * is allowed. */
void cepa_webrtc_close(struct cepa_webrtc *webrtc);

/* cepa_webrtc_endpoint gives the endpoint, on which everything else is done. */
struct cepa_endpoint *cepa_webrtc_endpoint(struct cepa_webrtc *webrtc);

/* cepa_webrtc_address gives what the socket of a family (CEPA_NET_ADDRESS_IPV4 or IPV6) is bound
 * to, with the port that it has; family NONE if there is none. */
struct cepa_net_address cepa_webrtc_address(const struct cepa_webrtc *webrtc, uint8_t family);

/* cepa_webrtc_wait sends what waits, waits for something to happen till `deadline` at most, and
 * takes what came. Events may be there afterwards. Returns 0 or CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_webrtc_wait(struct cepa_webrtc *webrtc, struct cepa_time deadline);

/* cepa_webrtc_try takes what came to those UDP sockets to which something had come the last time,
 * and says whether anything did: where datagrams follow one another that costs less than a wait,
 * which has to find out what is ready. It never waits, and does not see anything else;
 * cepa_webrtc_wait has to be called now and then. */
bool cepa_webrtc_try(struct cepa_webrtc *webrtc);

/* cepa_webrtc_wake ends the wait that is under way, or the next one; from any thread, or a signal
 * handler. */
void cepa_webrtc_wake(const struct cepa_webrtc *webrtc);

/* cepa_webrtc_descriptor gives a descriptor that is readable when cepa_webrtc_wait would not wait,
 * for a loop of the caller's; it knows of deadlines after cepa_webrtc_prepare, to be called before
 * each wait there. Returns 0 or CEPA_ERR_SYSTEM. */
int cepa_webrtc_descriptor(const struct cepa_webrtc *webrtc);
CEPA_MUST_USE int cepa_webrtc_prepare(struct cepa_webrtc *webrtc);

/* cepa_webrtc_has_moved says whether the addresses that we offer have changed since the last call,
 * so that connections should be restarted. It may be true several times in a row: an address goes,
 * and then there comes another one. */
bool cepa_webrtc_has_moved(struct cepa_webrtc *webrtc);

/* cepa_webrtc_stats gives what the sockets have met. */
struct cepa_webrtc_stats cepa_webrtc_stats(const struct cepa_webrtc *webrtc);

#endif
