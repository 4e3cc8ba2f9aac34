/* Frames of sessions. @[SPEC 13.2] */
#include "wire/session_frame.h"

#include <string.h>

#include "base/assert.h"

/* The top bit of a segment's length says that it is the last. */
#define END_BIT 0x8000u

static size_t frame_size(const struct cepa_session_frame *frame)
{
    switch (frame->kind) {
    case CEPA_SESSION_FRAME_SEGMENT:
        return CEPA_SESSION_SEGMENT_HEADER_SIZE + frame->data_len;
    case CEPA_SESSION_FRAME_ACK:
        return 1 + 4 + 8 + 4 + 1 + frame->data_len;
    case CEPA_SESSION_FRAME_DATAGRAM:
        return 1 + 2 + frame->data_len;
    case CEPA_SESSION_FRAME_WINDOW:
    case CEPA_SESSION_FRAME_RESET:
    case CEPA_SESSION_FRAME_STOP:
        return 1 + 4 + 4;
    case CEPA_SESSION_FRAME_STREAMS:
    case CEPA_SESSION_FRAME_CLOSE:
        return 1 + 4;
    case CEPA_SESSION_FRAME_PING:
    case CEPA_SESSION_FRAME_END:
        break;
    }
    return 1;
}

static void encode_ack(struct cepa_writer *writer, const struct cepa_session_frame *frame)
{
    CEPA_ASSERT(frame->data_len <= CEPA_SESSION_ACK_BYTES_MAX);
    cepa_writer_u32(writer, frame->path);
    cepa_writer_u64(writer, frame->largest);
    cepa_writer_u32(writer, frame->delay_us);
    cepa_writer_u8(writer, (uint8_t)frame->data_len);
    cepa_writer_bytes(writer, frame->data, frame->data_len);
}

int cepa_session_frame_encode(struct cepa_writer *writer, const struct cepa_session_frame *frame)
{
    if (cepa_writer_left(writer) < frame_size(frame)) {
        return CEPA_ERR_FULL;
    }
    cepa_writer_u8(writer, (uint8_t)frame->kind);
    switch (frame->kind) {
    case CEPA_SESSION_FRAME_SEGMENT:
        CEPA_ASSERT(frame->data_len <= CEPA_SESSION_SEGMENT_MAX);
        cepa_writer_u32(writer, frame->stream);
        cepa_writer_u32(writer, frame->number);
        cepa_writer_u16(writer, (uint16_t)(frame->data_len | (frame->is_end ? END_BIT : 0)));
        cepa_writer_bytes(writer, frame->data, frame->data_len);
        break;
    case CEPA_SESSION_FRAME_ACK:
        encode_ack(writer, frame);
        break;
    case CEPA_SESSION_FRAME_WINDOW:
    case CEPA_SESSION_FRAME_RESET:
    case CEPA_SESSION_FRAME_STOP:
        cepa_writer_u32(writer, frame->stream);
        cepa_writer_u32(writer, frame->number);
        break;
    case CEPA_SESSION_FRAME_STREAMS:
    case CEPA_SESSION_FRAME_CLOSE:
        cepa_writer_u32(writer, frame->number);
        break;
    case CEPA_SESSION_FRAME_DATAGRAM:
        CEPA_ASSERT(frame->data_len <= CEPA_SESSION_DATAGRAM_MAX);
        cepa_writer_u16(writer, (uint16_t)frame->data_len);
        cepa_writer_bytes(writer, frame->data, frame->data_len);
        break;
    case CEPA_SESSION_FRAME_PING:
    case CEPA_SESSION_FRAME_END:
        break;
    }
    return 0;
}

static void decode_data(struct cepa_session_frame *frame, struct cepa_reader *reader, size_t len)
{
    frame->data_len = len;
    frame->data = cepa_reader_view(reader, len);
}

static void decode_ack(struct cepa_session_frame *frame, struct cepa_reader *reader)
{
    frame->path = cepa_reader_u32(reader);
    frame->largest = cepa_reader_u64(reader);
    frame->delay_us = cepa_reader_u32(reader);
    decode_data(frame, reader, cepa_reader_u8(reader));
    reader->failed |= frame->largest == UINT64_MAX || frame->data_len > CEPA_SESSION_ACK_BYTES_MAX;
}

static void decode_body(struct cepa_session_frame *frame, struct cepa_reader *reader)
{
    unsigned len;
    switch (frame->kind) {
    case CEPA_SESSION_FRAME_END:
        cepa_reader_zeros(reader, cepa_reader_left(reader));
        break;
    case CEPA_SESSION_FRAME_SEGMENT:
        frame->stream = cepa_reader_u32(reader);
        frame->number = cepa_reader_u32(reader);
        len = cepa_reader_u16(reader);
        frame->is_end = (len & END_BIT) != 0;
        decode_data(frame, reader, len & ~END_BIT);
        break;
    case CEPA_SESSION_FRAME_ACK:
        decode_ack(frame, reader);
        break;
    case CEPA_SESSION_FRAME_WINDOW:
    case CEPA_SESSION_FRAME_RESET:
    case CEPA_SESSION_FRAME_STOP:
        frame->stream = cepa_reader_u32(reader);
        frame->number = cepa_reader_u32(reader);
        break;
    case CEPA_SESSION_FRAME_STREAMS:
    case CEPA_SESSION_FRAME_CLOSE:
        frame->number = cepa_reader_u32(reader);
        break;
    case CEPA_SESSION_FRAME_DATAGRAM:
        decode_data(frame, reader, cepa_reader_u16(reader));
        break;
    case CEPA_SESSION_FRAME_PING:
        break;
    }
}

int cepa_session_frame_decode(struct cepa_session_frame *ret_frame, struct cepa_reader *reader)
{
    struct cepa_session_frame frame;
    memset(&frame, 0, sizeof frame);
    if (cepa_reader_left(reader) > 0) {
        unsigned kind = cepa_reader_u8(reader);
        if (kind > CEPA_SESSION_FRAME_CLOSE) {
            return CEPA_ERR_MALFORMED;
        }
        frame.kind = (enum cepa_session_frame_kind)kind;
        decode_body(&frame, reader);
    }
    if (reader->failed) {
        return CEPA_ERR_MALFORMED;
    }
    *ret_frame = frame;
    return 0;
}
