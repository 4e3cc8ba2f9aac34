/* Way records: how a relay is reached, in 232 bytes that everybody who relays in a large network
 * has of everybody, so that whoever is named as the next hop can be dialled. Signed with Ed25519
 * alone: a handshake proves who is there. @[SPEC 10.15] */
#ifndef CEPA_WIRE_WAY_RECORD_H
#define CEPA_WIRE_WAY_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "wire/dial_address.h"
#include "wire/ids.h"

enum {
    CEPA_WAY_RECORD_VERSION = 1,
    CEPA_WAY_KEY_OFFSET = 1 + 1 + 2, /* version, how many introducers, zeros */
    CEPA_WAY_NODE_OFFSET = CEPA_WAY_KEY_OFFSET + CEPA_SIGNING_KEY_SIZE,
    CEPA_WAY_BODY_SIZE = CEPA_DESCRIPTOR_INTRODUCERS_MAX * CEPA_NODE_ID_SIZE,
    CEPA_WAY_SIGNED_SIZE = CEPA_WAY_NODE_OFFSET + CEPA_NODE_ID_SIZE + 4 + CEPA_WAY_BODY_SIZE,
    CEPA_WAY_RECORD_SIZE = CEPA_WAY_SIGNED_SIZE + CEPA_SIGNATURE_SIZE
};

/* A way record. */
struct cepa_way_record {
    uint8_t public_key[CEPA_SIGNING_KEY_SIZE];
    uint32_t sequence;                 /* of the descriptor that it was made with */
    struct cepa_relay_address address; /* its node always; the rest without introducers */
    struct cepa_node_id introducers[CEPA_DESCRIPTOR_INTRODUCERS_MAX];
    uint8_t introducers_len; /* 0: it is dialled */
    uint8_t signature[CEPA_SIGNATURE_SIZE];
};

/* cepa_way_record_encode writes CEPA_WAY_RECORD_SIZE bytes. */
void cepa_way_record_encode(uint8_t *ret_bytes, const struct cepa_way_record *record);

/* cepa_way_record_decode reads them. Returns 0, CEPA_ERR_LENGTH, CEPA_ERR_VERSION or
 * CEPA_ERR_MALFORMED. The signature is not looked at. */
CEPA_MUST_USE int cepa_way_record_decode(struct cepa_way_record *ret_record, const uint8_t *bytes,
                                         size_t bytes_len);

#endif
