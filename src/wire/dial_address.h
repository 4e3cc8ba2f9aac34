/* All that one needs to dial a reachable relay without any signalling. @[SPEC 6.1] @[SPEC 10.1] */
#ifndef CEPA_WIRE_DIAL_ADDRESS_H
#define CEPA_WIRE_DIAL_ADDRESS_H

#include "base/bytes.h"
#include "wire/ids.h"

/* A relay's address: the wire's twin of what the transport dials. */
struct cepa_relay_address {
    struct cepa_reach reach;         /* where it listens, on UDP and on TCP alike */
    struct cepa_dtls_hash dtls;      /* which certificate it shows */
    struct cepa_node_id node;        /* who it is; proved by the link's handshake */
    struct cepa_reach_secret secret; /* without which it does not answer */
};

/* cepa_relay_address_encode appends an address with a valid place: 87 or 99 bytes. */
void cepa_relay_address_encode(struct cepa_writer *writer,
                               const struct cepa_relay_address *address);

/* cepa_relay_address_decode takes an address. Returns 0 or CEPA_ERR_MALFORMED. */
CEPA_MUST_USE int cepa_relay_address_decode(struct cepa_relay_address *ret_address,
                                            struct cepa_reader *reader);

#endif
