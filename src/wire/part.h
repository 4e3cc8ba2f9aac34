/* A message that is longer than a cell travels in parts. @[SPEC 5.5] */
#ifndef CEPA_WIRE_PART_H
#define CEPA_WIRE_PART_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "wire/sizes.h"

enum {
    CEPA_PART_HEADER_SIZE = 4, /* sequence, index, count, zero */
    CEPA_PART_DATA_SIZE = CEPA_PACKET_PART_SIZE,
    CEPA_PARTS_MAX = CEPA_PACKET_PARTS
};

/* One part of a message. */
struct cepa_part {
    uint8_t sequence;    /* the same for all parts of a message */
    uint8_t index;       /* 0 to count - 1 */
    uint8_t count;       /* 1 to CEPA_PARTS_MAX */
    const uint8_t *data; /* CEPA_PART_DATA_SIZE bytes, fewer in the last part; lent */
    size_t data_len;     /* bytes */
};

/* cepa_part_count gives how many parts a message of `message_len` bytes has (at least 1). */
unsigned cepa_part_count(size_t message_len);

/* cepa_part_cut gives the part `index` of a message; its data are lent from `message`. The message
 * has at most CEPA_PARTS_MAX parts and `index` is one of them (asserted). */
void cepa_part_cut(struct cepa_part *ret_part, const uint8_t *message, size_t message_len,
                   uint8_t sequence, unsigned index);

/* cepa_part_encode writes header and data to `ret_bytes` (CEPA_CELL_DATA_MAX bytes) and their
 * length to `ret_len`. */
void cepa_part_encode(uint8_t *ret_bytes, size_t *ret_len, const struct cepa_part *part);

/* cepa_part_decode reads a part; its data point into `bytes`. Returns 0, CEPA_ERR_LENGTH for a part
 * that is empty or, before the last, not full, or CEPA_ERR_MALFORMED for an index or count out of
 * range. */
CEPA_MUST_USE int cepa_part_decode(struct cepa_part *ret_part, const uint8_t *bytes,
                                   size_t bytes_len);

/* A message on its way in, in a buffer that the owner lends from a pool. */
struct cepa_assembly {
    uint8_t *buffer;   /* where the message grows; the owner's */
    size_t capacity;   /* the exact length of the message that is expected */
    uint32_t received; /* a bit for each part that is here */
    uint8_t sequence;  /* of the message on its way */
};

/* cepa_assembly_init waits for a message of exactly `message_len` bytes in the owner's `buffer`. */
void cepa_assembly_init(struct cepa_assembly *assembly, uint8_t *buffer, size_t message_len);

/* cepa_assembly_add takes a part. A part with another sequence than the last starts over. Returns 1
 * when the message is whole (and then waits for the next), 0 when parts are missing,
 * CEPA_ERR_REPLAY for a part that is here already, CEPA_ERR_LENGTH for one that does not fit a
 * message of the expected length. */
CEPA_MUST_USE int cepa_assembly_add(struct cepa_assembly *assembly, const struct cepa_part *part);

#endif
