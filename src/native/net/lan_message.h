/* The two messages of LAN discovery. @[SPEC 6.7] */
#ifndef CEPA_NATIVE_NET_LAN_MESSAGE_H
#define CEPA_NATIVE_NET_LAN_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "wire/ids.h"

enum {
    CEPA_LAN_VERSION = 1,
    CEPA_LAN_ASK_SIZE = 2 + CEPA_NETWORK_ID_SIZE, /* version, kind, network */
    CEPA_LAN_HERE_SIZE =
        CEPA_LAN_ASK_SIZE + 2 + CEPA_DTLS_HASH_SIZE + CEPA_NODE_ID_SIZE + CEPA_REACH_SECRET_SIZE,
    CEPA_LAN_MESSAGE_MAX = CEPA_LAN_HERE_SIZE
};
_Static_assert(CEPA_LAN_ASK_SIZE == 34, "the specification says so");
_Static_assert(CEPA_LAN_HERE_SIZE == 116, "the specification says so");

enum cepa_lan_kind { CEPA_LAN_ASK = 1, CEPA_LAN_HERE = 2 };

/* A message. The IP that one dials is that which the datagram comes from. */
struct cepa_lan_message {
    enum cepa_lan_kind kind;
    struct cepa_network_id network;
    /* Of HERE alone; zeros else. */
    uint16_t port; /* not 0 */
    struct cepa_dtls_hash dtls;
    struct cepa_node_id node;
    struct cepa_reach_secret secret;
};

/* cepa_lan_message_encode writes a message, and gives its length. A HERE has a port (asserted). */
size_t cepa_lan_message_encode(uint8_t ret_bytes[CEPA_LAN_MESSAGE_MAX],
                               const struct cepa_lan_message *message);

/* cepa_lan_message_decode reads one. Returns 0, CEPA_ERR_LENGTH, CEPA_ERR_VERSION, or
 * CEPA_ERR_MALFORMED for another kind or port 0. */
CEPA_MUST_USE int cepa_lan_message_decode(struct cepa_lan_message *ret_message, const void *bytes,
                                          size_t bytes_len);

#endif
