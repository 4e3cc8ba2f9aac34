/* At which addresses of ours offers may promise to be found. @[RFC8445 5.1.1], @[RFC8421 4] */
#ifndef CEPA_NATIVE_WEBRTC_LOCALS_H
#define CEPA_NATIVE_WEBRTC_LOCALS_H

#include <stdbool.h>
#include <stddef.h>

#include "native/net/interfaces.h"
#include "native/webrtc/candidate.h"

/* What there is. */
struct cepa_locals_config {
    const struct cepa_interfaces *interfaces;
    struct cepa_net_address sockets[2]; /* IPv4 and IPv6, as they are bound; family NONE: none */
    bool has_tcp;                       /* the same ports are listened on by TCP */
    bool is_local;                      /* loopback addresses count too */
};

/* cepa_locals_list writes up to `capacity` host candidates, the most important first: UDP at each
 * IP, IPv6 and IPv4 in turn, then TCP that listens, then TCP that connects. A socket bound to one
 * IP has that one only. Left out are loopback addresses (unless wanted), link-local ones,
 * deprecated ones, and stable ones of IPv6 beside temporary ones of the same network, since those
 * would tell for years who this is. Returns how many. */
size_t cepa_locals_list(struct cepa_candidate *ret_candidates, size_t capacity,
                        const struct cepa_locals_config *config);

#endif
