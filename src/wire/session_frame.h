/* What sessions say to each other in the plaintext of a packet: frames, one after another, zeros
 * behind the last. @[SPEC 13.2] */
#ifndef CEPA_WIRE_SESSION_FRAME_H
#define CEPA_WIRE_SESSION_FRAME_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/error.h"
#include "wire/sizes.h"

enum {
    CEPA_SESSION_PACKET_SIZE = CEPA_CELL_DATA_MAX, /* fills the DATA of one cell */
    CEPA_SESSION_PLAIN_SIZE = CEPA_SESSION_PACKET_SIZE - CEPA_FRAME_SEAL_SIZE, /* counter, tag */
    CEPA_SESSION_SEGMENT_HEADER_SIZE = 1 + 4 + 4 + 2, /* kind, stream, number, length */
    CEPA_SESSION_SEGMENT_MAX = CEPA_SESSION_PLAIN_SIZE - CEPA_SESSION_SEGMENT_HEADER_SIZE,
    CEPA_SESSION_ACK_BYTES_MAX = 240,
    CEPA_SESSION_ACK_SIZE_MAX = 1 + 4 + 8 + 4 + 1 + CEPA_SESSION_ACK_BYTES_MAX,
    CEPA_SESSION_DATAGRAM_MAX = CEPA_SESSION_PLAIN_SIZE - 1 - 2,
    CEPA_SESSION_CONTROL_SIZE_MAX = 1 + 4 + 4 /* any frame but SEGMENT, ACK and DATAGRAM */
};

static_assert(CEPA_SESSION_PLAIN_SIZE == 1012, "the plaintext of a packet, @[SPEC 13.1]");
static_assert(CEPA_SESSION_SEGMENT_MAX == 1001, "a message of 1,000 bytes fits one packet");

/* Kinds of frames. */
enum cepa_session_frame_kind {
    CEPA_SESSION_FRAME_END = 0,      /* zeros follow to the end */
    CEPA_SESSION_FRAME_SEGMENT = 1,  /* stream, number, is_end, data */
    CEPA_SESSION_FRAME_ACK = 2,      /* path, largest, delay_us, bits in data */
    CEPA_SESSION_FRAME_WINDOW = 3,   /* stream, number: the first segment that may not be sent */
    CEPA_SESSION_FRAME_STREAMS = 4,  /* number: how many streams may be opened in all */
    CEPA_SESSION_FRAME_RESET = 5,    /* stream, number: a code; nothing more will be sent */
    CEPA_SESSION_FRAME_STOP = 6,     /* stream, number: a code; nothing more will be read */
    CEPA_SESSION_FRAME_DATAGRAM = 7, /* data */
    CEPA_SESSION_FRAME_PING = 8,     /* wants an acknowledgement */
    CEPA_SESSION_FRAME_CLOSE = 9     /* number: a code; the session is over */
};

/* One frame. Fields that the kind does not name are 0. */
struct cepa_session_frame {
    enum cepa_session_frame_kind kind;
    uint32_t stream; /* its number, the bits of @[SPEC 13.3] below it */
    uint32_t path;   /* which path */
    uint32_t number;
    bool is_end;         /* SEGMENT: the last of its stream */
    const uint8_t *data; /* SEGMENT, DATAGRAM; ACK: bit i (the lowest of the first byte is bit 0)
                          * says whether packet largest - 1 - i has come; lent */
    size_t data_len;     /* bytes; ACK: up to CEPA_SESSION_ACK_BYTES_MAX */
    uint64_t largest;    /* ACK: the highest packet that has come */
    uint32_t delay_us;   /* ACK: for how long it has been here */
};

/* cepa_session_frame_encode appends a frame. Returns 0, or CEPA_ERR_FULL if it does not fit; then
 * nothing is written. The fields are in their ranges (asserted). */
CEPA_MUST_USE int cepa_session_frame_encode(struct cepa_writer *writer,
                                            const struct cepa_session_frame *frame);

/* cepa_session_frame_decode takes the next frame; END when nothing but zeros is left. Returns 0 or
 * CEPA_ERR_MALFORMED. */
CEPA_MUST_USE int cepa_session_frame_decode(struct cepa_session_frame *ret_frame,
                                            struct cepa_reader *reader);

#endif
