/* What stands in the body of a sealed frame: a kind, its fields, zeros to the end. @[SPEC 7.5] */
#ifndef CEPA_WIRE_FRAME_H
#define CEPA_WIRE_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "wire/link_sizes.h"

enum cepa_frame_kind {
    CEPA_FRAME_PADDING = 0,
    CEPA_FRAME_CELL = 1,
    CEPA_FRAME_PACKET_PART = 2,
    CEPA_FRAME_MESSAGE_PART = 3,
    CEPA_FRAME_CONTROL = 4, /* wire/link_control.h */
    CEPA_FRAME_RELAYED = 5
};

/* A cell of a circuit. */
struct cepa_frame_cell {
    uint32_t circuit_id;
    uint64_t counter;    /* @[SPEC 5.4] */
    uint16_t number;     /* low bits of its number on this circuit and link, for credit */
    const uint8_t *body; /* CEPA_CELL_BODY_SIZE bytes, lent */
};

/* A part of an onion packet; what follows the circuit is as in wire/part.h. */
struct cepa_frame_packet_part {
    uint32_t circuit_id; /* 0 if it makes none */
    uint8_t sequence;    /* the same for all parts of a packet */
    uint8_t index;       /* 0 to CEPA_PACKET_PARTS - 1 */
    const uint8_t *data; /* CEPA_PACKET_PART_SIZE bytes, lent */
};

/* A part of a message. */
struct cepa_frame_message_part {
    uint16_t number;     /* the same for all parts of a message */
    uint8_t index;       /* 0 to count - 1 */
    uint8_t count;       /* 1 to CEPA_LINK_MESSAGE_PARTS_MAX */
    const uint8_t *data; /* lent */
    size_t data_len;     /* CEPA_LINK_MESSAGE_PART_SIZE, or less in the last part */
};

/* An inner frame on its way through an introducer. */
struct cepa_frame_relayed {
    uint32_t channel;
    const uint8_t *inner; /* CEPA_RELAYED_FRAME_SIZE bytes, lent */
};

/* cepa_frame_cell_encode writes kind, fields and body, CEPA_LINK_CELL_HEADER_SIZE +
 * CEPA_CELL_BODY_SIZE bytes; the next one the number into such bytes. */
void cepa_frame_cell_encode(uint8_t *ret_bytes, const struct cepa_frame_cell *cell);
void cepa_frame_cell_set_number(uint8_t *bytes, uint16_t number);

/* cepa_frame_cell_decode reads a body of this kind. Like all decoders here it returns 0 or
 * CEPA_ERR_MALFORMED, and the result points into the body. */
CEPA_MUST_USE int cepa_frame_cell_decode(struct cepa_frame_cell *ret_cell, const uint8_t *body,
                                         size_t body_len);

/* cepa_frame_packet_part_encode writes CEPA_LINK_PACKET_HEADER_SIZE + CEPA_PACKET_PART_SIZE bytes.
 */
void cepa_frame_packet_part_encode(uint8_t *ret_bytes, const struct cepa_frame_packet_part *part);

/* cepa_frame_packet_part_decode reads a body of this kind. */
CEPA_MUST_USE int cepa_frame_packet_part_decode(struct cepa_frame_packet_part *ret_part,
                                                const uint8_t *body, size_t body_len);

/* cepa_frame_message_part_encode writes CEPA_LINK_MESSAGE_HEADER_SIZE + data_len bytes. */
void cepa_frame_message_part_encode(uint8_t *ret_bytes, const struct cepa_frame_message_part *part);

/* cepa_frame_message_part_decode reads a body of this kind. The message has at most
 * CEPA_LINK_MESSAGE_MAX bytes. */
CEPA_MUST_USE int cepa_frame_message_part_decode(struct cepa_frame_message_part *ret_part,
                                                 const uint8_t *body, size_t body_len);

/* cepa_frame_relayed_encode writes CEPA_RELAYED_HEADER_SIZE + CEPA_RELAYED_FRAME_SIZE bytes. */
void cepa_frame_relayed_encode(uint8_t *ret_bytes, const struct cepa_frame_relayed *relayed);

/* cepa_frame_relayed_decode reads a body of this kind; there is none on a relayed carrier. */
CEPA_MUST_USE int cepa_frame_relayed_decode(struct cepa_frame_relayed *ret_relayed,
                                            const uint8_t *body, size_t body_len);

/* cepa_frame_padding_decode checks that a body is a kind and zeros. */
CEPA_MUST_USE int cepa_frame_padding_decode(const uint8_t *body, size_t body_len);

#endif
