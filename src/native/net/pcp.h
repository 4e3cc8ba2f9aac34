/* Messages of the Port Control Protocol, as far as a client that maps ports of its own needs them:
 * MAP, and the ANNOUNCE of a server that has begun anew. @[RFC6887 7] */
#ifndef CEPA_NATIVE_NET_PCP_H
#define CEPA_NATIVE_NET_PCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "native/net/address.h"

enum {
    CEPA_PCP_SERVER_PORT = 5351,
    CEPA_PCP_CLIENT_PORT = 5350, /* where announcements come to, by multicast to 224.0.0.1 */
    CEPA_PCP_VERSION = 2,
    CEPA_PCP_HEADER_SIZE = 24,
    CEPA_PCP_MAP_SIZE = 60, /* header, nonce 12, protocol 1, zeros 3, ports 2 + 2, address 16 */
    CEPA_PCP_MESSAGE_MAX = 1100,
    CEPA_PCP_NONCE_SIZE = 12,
    CEPA_PCP_TCP = 6,
    CEPA_PCP_UDP = 17
};

/* What a result says. @[RFC6887 7.4] */
enum cepa_pcp_result {
    CEPA_PCP_SUCCESS = 0,
    CEPA_PCP_UNSUPP_VERSION = 1,
    CEPA_PCP_NOT_AUTHORIZED = 2,
    CEPA_PCP_NO_RESOURCES = 8,
    CEPA_PCP_ADDRESS_MISMATCH = 12
};

enum cepa_pcp_operation { CEPA_PCP_ANNOUNCE = 0, CEPA_PCP_MAP = 1 };

/* What a MAP request asks for; lifetime 0 takes the mapping away. */
struct cepa_pcp_request {
    uint32_t lifetime_s;
    struct cepa_net_address
        client; /* our IP as the server sees it; the port is our internal port */
    uint8_t nonce[CEPA_PCP_NONCE_SIZE]; /* stays the same as long as the mapping does */
    uint8_t protocol;                   /* CEPA_PCP_UDP or CEPA_PCP_TCP */
    struct cepa_net_address wanted;     /* the external IP (all zeros: any) and port (0: any) */
};

/* A response. What comes after `epoch_s` is of MAP alone. */
struct cepa_pcp_response {
    uint8_t version; /* another than CEPA_PCP_VERSION only if the result is UNSUPP_VERSION */
    enum cepa_pcp_operation operation;
    uint8_t result;      /* enum cepa_pcp_result, or one that has no name here */
    uint32_t lifetime_s; /* of the mapping, or of the error */
    uint32_t epoch_s;    /* how long the server knows its mappings */
    uint8_t nonce[CEPA_PCP_NONCE_SIZE];
    uint8_t protocol;
    uint16_t internal_port;
    struct cepa_net_address external;
};

/* cepa_pcp_encode writes a MAP request. `client` and `wanted` are of one family (asserted);
 * @[RFC6887 11.1] */
void cepa_pcp_encode(uint8_t ret_message[CEPA_PCP_MAP_SIZE],
                     const struct cepa_pcp_request *request);

/* cepa_pcp_decode reads a response. Options of MAP are checked for their shape and passed over.
 * Returns 0, CEPA_ERR_LENGTH, CEPA_ERR_VERSION, CEPA_ERR_UNSUPPORTED for another operation, or
 * CEPA_ERR_MALFORMED. The answer of a server that speaks NAT-PMP only has version 0 and the result
 * UNSUPP_VERSION. @[RFC6887 9] */
CEPA_MUST_USE int cepa_pcp_decode(struct cepa_pcp_response *ret_response, const void *message,
                                  size_t message_len);

/* What a client remembers of its server's time, to notice that it has begun anew. */
struct cepa_pcp_epoch {
    bool is_known;
    uint32_t server_s; /* its epoch */
    uint64_t client_s; /* our time then */
};

/* cepa_pcp_epoch_is_reset takes an epoch that came at `client_s` of our own time, and says whether
 * the server has lost its mappings since the one before. @[RFC6887 8.5] */
bool cepa_pcp_epoch_is_reset(struct cepa_pcp_epoch *epoch, uint32_t server_s, uint64_t client_s);

#endif
