/* The body of a CONTROL frame: what was received, then records about credit, closed circuits,
 * carriers. @[SPEC 7.6] */
#ifndef CEPA_WIRE_LINK_CONTROL_H
#define CEPA_WIRE_LINK_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "wire/link_sizes.h"

enum cepa_link_control_type {
    CEPA_LINK_CONTROL_END = 0, /* zeros follow */
    CEPA_LINK_CONTROL_CREDIT = 1,
    CEPA_LINK_CONTROL_CLOSED = 2,
    CEPA_LINK_CONTROL_PING = 3, /* wants a CONTROL frame soon */
    CEPA_LINK_CONTROL_CHALLENGE = 4,
    CEPA_LINK_CONTROL_PROOF = 5,
    CEPA_LINK_CONTROL_MOVE = 6,
    CEPA_LINK_CONTROL_MOVED = 7,
    CEPA_LINK_CONTROL_GOODBYE = 8
};

/* What was received. */
struct cepa_link_control_header {
    uint64_t next;     /* 1 + the highest counter of a frame that opened; 0 if none did */
    uint64_t received; /* how many frames opened; at most `next` */
    uint32_t delay_us; /* since the frame with the highest counter came */
};

/* One record; fields that the type does not name are 0. */
struct cepa_link_control_record {
    enum cepa_link_control_type type;
    uint32_t id;          /* CREDIT, CLOSED: a circuit; MOVE, MOVED: the number of the move */
    uint32_t granted;     /* CREDIT: the number of the first cell that may not be sent */
    uint32_t sent;        /* CREDIT: how many cells were sent */
    uint8_t reason;       /* CLOSED, GOODBYE */
    uint8_t is_drained;   /* MOVE, MOVED: 1 if nothing is missing from the old carrier, else 0 */
    uint64_t counter;     /* MOVE, MOVED: of my first frame over the new carrier */
    const uint8_t *bytes; /* CHALLENGE: CEPA_LINK_NONCE_SIZE, PROOF: CEPA_LINK_PROOF_SIZE; lent */
};

/* cepa_link_control_begin writes kind and header to the start of a body of `body_len` bytes. */
void cepa_link_control_begin(struct cepa_writer *ret_writer, uint8_t *body, size_t body_len,
                             const struct cepa_link_control_header *header);

/* cepa_link_control_append writes a record. Returns 0, or CEPA_ERR_FULL if it does not fit, and
 * then nothing was written. */
CEPA_MUST_USE int cepa_link_control_append(struct cepa_writer *writer,
                                           const struct cepa_link_control_record *record);

/* cepa_link_control_finish fills the body with zeros. */
void cepa_link_control_finish(struct cepa_writer *writer);

/* cepa_link_control_decode reads kind and header; `ret_reader` then stands at the records. Returns
 * 0 or CEPA_ERR_MALFORMED. */
CEPA_MUST_USE int cepa_link_control_decode(struct cepa_link_control_header *ret_header,
                                           struct cepa_reader *ret_reader, const uint8_t *body,
                                           size_t body_len);

/* cepa_link_control_next reads the next record, whose bytes point into the body. Returns 1, 0 at
 * the end, or CEPA_ERR_MALFORMED for an unknown type or anything but zeros at the end. */
CEPA_MUST_USE int cepa_link_control_next(struct cepa_link_control_record *ret_record,
                                         struct cepa_reader *reader);

#endif
