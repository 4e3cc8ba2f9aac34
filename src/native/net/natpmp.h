/* Messages of NAT-PMP, which PCP has grown out of: same port, same server, other layouts; IPv4
 * alone. @[RFC6886 3] */
#ifndef CEPA_NATIVE_NET_NATPMP_H
#define CEPA_NATIVE_NET_NATPMP_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "native/net/address.h"

enum {
    CEPA_NATPMP_ASK_ADDRESS_SIZE = 2,
    CEPA_NATPMP_ASK_MAP_SIZE = 12,
    CEPA_NATPMP_ADDRESS_SIZE = 12, /* of the response */
    CEPA_NATPMP_MAP_SIZE = 16      /* of the response */
};

enum cepa_natpmp_operation {
    CEPA_NATPMP_ADDRESS = 0,
    CEPA_NATPMP_MAP_UDP = 1,
    CEPA_NATPMP_MAP_TCP = 2
};

/* A response. */
struct cepa_natpmp_response {
    enum cepa_natpmp_operation operation;
    uint16_t result; /* 0, or why not; then nothing below has a meaning but the epoch */
    uint32_t epoch_s;
    struct cepa_net_address address; /* of ADDRESS: the external IP, port 0 */
    uint16_t internal_port;          /* of the others, like all that follows */
    uint16_t external_port;
    uint32_t lifetime_s;
};

/* cepa_natpmp_encode_address writes the question for the external IP. @[RFC6886 3.2] */
void cepa_natpmp_encode_address(uint8_t ret_message[CEPA_NATPMP_ASK_ADDRESS_SIZE]);

/* cepa_natpmp_encode_map asks for a mapping, or takes it away with lifetime and external port 0.
 * `operation` is MAP_UDP or MAP_TCP (asserted). @[RFC6886 3.3] */
void cepa_natpmp_encode_map(uint8_t ret_message[CEPA_NATPMP_ASK_MAP_SIZE],
                            enum cepa_natpmp_operation operation, uint16_t internal_port,
                            uint16_t external_port, uint32_t lifetime_s);

/* cepa_natpmp_decode reads a response. Returns 0, CEPA_ERR_LENGTH, CEPA_ERR_VERSION,
 * CEPA_ERR_UNSUPPORTED for another operation, or CEPA_ERR_MALFORMED. A refusal may end after its
 * result and epoch. */
CEPA_MUST_USE int cepa_natpmp_decode(struct cepa_natpmp_response *ret_response, const void *message,
                                     size_t message_len);

#endif
