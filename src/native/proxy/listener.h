/* A port of this machine for its own programs: listens on 127.0.0.1 alone, and takes a bounded
 * number of clients at a time; others wait in the system's queue until one has left.
 *
 * Whoever runs programs on this machine can be a client, whichever user they are. A web page can
 * make its browser connect too, but a browser speaks HTTP, whose first byte already is none of
 * SOCKS 5. */
#ifndef CEPA_NATIVE_PROXY_LISTENER_H
#define CEPA_NATIVE_PROXY_LISTENER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/time.h"
#include "native/net/loop.h"

enum {
    /* Where the proxy listens if nobody says otherwise: beside the port of links. Not 1080, which
     * the SOCKS servers of ssh and others take, nor 9050 and 9150, which are those of Tor and of
     * its browser: whoever uses this may well run them too. */
    CEPA_LISTENER_PORT = 4041,
    CEPA_LISTENER_CLIENTS_MAX = 256, /* likewise: of the proxy */
    CEPA_LISTENER_PAUSE_MS = 500     /* after the system had no descriptor left */
};

/* One port; opaque. */
struct cepa_listener;

/* How to open it. */
struct cepa_listener_config {
    struct cepa_loop *loop; /* lent */
    uint64_t number;        /* in the loop */
    uint16_t port;          /* 0: one that is free */
    uint32_t clients_max;   /* at least 1 */
};

/* cepa_listener_open listens. Returns 0, CEPA_ERR_IN_USE, CEPA_ERR_FULL or CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_listener_open(struct cepa_listener **ret_listener,
                                     const struct cepa_listener_config *config);

/* cepa_listener_close listens no more; clients live on. NULL is allowed. */
void cepa_listener_close(struct cepa_listener *listener);

/* cepa_listener_port gives the port. */
uint16_t cepa_listener_port(const struct cepa_listener *listener);

/* cepa_listener_next takes the next client, once the loop says that the number is ready: a socket
 * that does not block, the caller's from now on. False if there is none, or no room. */
bool cepa_listener_next(struct cepa_listener *listener, int *ret_fd, struct cepa_time now);

/* cepa_listener_release says that a client has left. */
void cepa_listener_release(struct cepa_listener *listener);

/* cepa_listener_step goes on after a pause; cepa_listener_deadline says when that is. */
void cepa_listener_step(struct cepa_listener *listener, struct cepa_time now);
struct cepa_time cepa_listener_deadline(const struct cepa_listener *listener);

#endif
