/* The names that messages carry. Each is a type of its own, so that mixing them does not compile.
 * @[SPEC 4.1] */
#ifndef CEPA_WIRE_IDS_H
#define CEPA_WIRE_IDS_H

#include <stdint.h>

#include "wire/sizes.h"

/* Names a relay. */
struct cepa_node_id {
    uint8_t bytes[CEPA_NODE_ID_SIZE]; /* the hash of its certificate's keys */
};

/* Names a recipient at the last hop of a packet: somebody whom that relay can reach. */
struct cepa_recipient_tag {
    uint8_t bytes[CEPA_NODE_ID_SIZE]; /* agreed between the recipient and that relay */
};

/* Names a network: the hash of its profile. Nodes of different networks refuse each other. */
struct cepa_network_id {
    uint8_t bytes[CEPA_NETWORK_ID_SIZE];
};

/* Stands for a relay's certificate and day descriptor in its index record. @[SPEC 10.3] */
struct cepa_commitment {
    uint8_t bytes[CEPA_COMMITMENT_SIZE];
};

enum { CEPA_FAMILY_NONE = 0, CEPA_FAMILY_IPV4 = 4, CEPA_FAMILY_IPV6 = 6 };

/* Where a node can be reached. Bytes that the family does not use are zero. The fields are those of
 * the drivers' addresses, so that they are copied one by one. */
struct cepa_reach {
    uint8_t family; /* CEPA_FAMILY_* */
    uint8_t ip[16]; /* in network order; 4 or 16 bytes are used */
    uint16_t port;  /* in host order */
};

/* The coarse network of an address: IPv4 /16 in 2 bytes, IPv6 /32 in 4; the rest is zero. */
struct cepa_prefix {
    uint8_t family; /* CEPA_FAMILY_*; NONE for relays that are only introduced */
    uint8_t bytes[4];
};

/* The SHA-256 of the certificate that a node shows in DTLS. */
struct cepa_dtls_hash {
    uint8_t bytes[CEPA_DTLS_HASH_SIZE];
};

/* What one must know to get any reply at all from a reachable node. @[SPEC 6.2] */
struct cepa_reach_secret {
    uint8_t bytes[CEPA_REACH_SECRET_SIZE];
};

/* The operator's mark on relays that belong together; zeros: none. */
struct cepa_relay_family {
    uint8_t bytes[CEPA_RELAY_FAMILY_SIZE];
};

#endif
