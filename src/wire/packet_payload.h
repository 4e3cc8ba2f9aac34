/* What is inside the payload of a packet once all layers are off: sixteen zeros, a length, a
 * content, zeros to the end. @[SPEC 4.4] */
#ifndef CEPA_WIRE_PACKET_PAYLOAD_H
#define CEPA_WIRE_PACKET_PAYLOAD_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "wire/sizes.h"

/* The content of a payload. */
struct cepa_packet_content {
    const uint8_t *data; /* lent; in a decoded payload it points into it */
    size_t data_len;     /* bytes, 0 to CEPA_PACKET_CONTENT_MAX */
};

/* cepa_packet_payload_encode writes a whole payload of CEPA_PACKET_PAYLOAD_SIZE bytes. Returns 0,
 * or CEPA_ERR_TOO_LONG if the content exceeds CEPA_PACKET_CONTENT_MAX. */
CEPA_MUST_USE int cepa_packet_payload_encode(uint8_t *ret_payload,
                                             const struct cepa_packet_content *content);

/* cepa_packet_payload_decode reads a payload of CEPA_PACKET_PAYLOAD_SIZE bytes. Returns 0,
 * CEPA_ERR_AUTHENTICATION without the sixteen zeros, or CEPA_ERR_MALFORMED for a length beyond
 * CEPA_PACKET_CONTENT_MAX or anything but zeros behind the content. */
CEPA_MUST_USE int cepa_packet_payload_decode(struct cepa_packet_content *ret_content,
                                             const uint8_t *payload);

#endif
