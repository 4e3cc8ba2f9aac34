/* A path: one way for datagrams between us and a peer. Sockets say by which path a datagram came,
 * ICE says by which path to send. */
#ifndef CEPA_NATIVE_NET_PATH_H
#define CEPA_NATIVE_NET_PATH_H

#include <stdbool.h>
#include <stdint.h>

#include "native/net/address.h"

/* A path over UDP, or over one TCP connection with framing (native/net/framing.h). */
struct cepa_path {
    uint64_t stream;                /* which TCP connection; never used twice; 0 is UDP */
    struct cepa_net_address local;  /* ours: the IP that the datagram came to, the socket's port */
    struct cepa_net_address remote; /* the peer's */
};

/* cepa_path_is_equal says whether both lead the same way. */
static inline bool cepa_path_is_equal(const struct cepa_path *a, const struct cepa_path *b)
{
    return a->stream == b->stream && cepa_net_address_is_equal(&a->local, &b->local) &&
           cepa_net_address_is_equal(&a->remote, &b->remote);
}

#endif
