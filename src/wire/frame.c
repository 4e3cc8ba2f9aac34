/* Bodies of sealed frames. @[SPEC 7.5] */
#include "wire/frame.h"

#include "base/assert.h"
#include "base/bytes.h"
#include "base/endian.h"

enum { NUMBER_OFFSET = CEPA_LINK_CELL_HEADER_SIZE - 2 };

/* Begins to read a body of one kind; the kind was what brought us here, and is checked still. */
static struct cepa_reader begin(const uint8_t *body, size_t body_len, enum cepa_frame_kind kind)
{
    struct cepa_reader reader;
    cepa_reader_init(&reader, body, body_len);
    if (cepa_reader_u8(&reader) != kind) {
        cepa_reader_skip(&reader, SIZE_MAX);
    }
    return reader;
}

/* Says whether everything was read and zeros are left. */
static int end(struct cepa_reader *reader)
{
    cepa_reader_zeros(reader, cepa_reader_left(reader));
    return cepa_reader_end(reader) != 0 ? CEPA_ERR_MALFORMED : 0;
}

void cepa_frame_cell_encode(uint8_t *ret_bytes, const struct cepa_frame_cell *cell)
{
    struct cepa_writer writer;
    cepa_writer_init(&writer, ret_bytes, CEPA_LINK_CELL_HEADER_SIZE + CEPA_CELL_BODY_SIZE);
    cepa_writer_u8(&writer, CEPA_FRAME_CELL);
    cepa_writer_u32(&writer, cell->circuit_id);
    cepa_writer_u64(&writer, cell->counter);
    cepa_writer_u16(&writer, cell->number);
    cepa_writer_bytes(&writer, cell->body, CEPA_CELL_BODY_SIZE);
}

void cepa_frame_cell_set_number(uint8_t *bytes, uint16_t number)
{
    cepa_be16_store(bytes + NUMBER_OFFSET, number);
}

int cepa_frame_cell_decode(struct cepa_frame_cell *ret_cell, const uint8_t *body, size_t body_len)
{
    struct cepa_frame_cell cell;
    struct cepa_reader reader = begin(body, body_len, CEPA_FRAME_CELL);
    cell.circuit_id = cepa_reader_u32(&reader);
    cell.counter = cepa_reader_u64(&reader);
    cell.number = cepa_reader_u16(&reader);
    cell.body = cepa_reader_view(&reader, CEPA_CELL_BODY_SIZE);
    if (end(&reader) != 0) {
        return CEPA_ERR_MALFORMED;
    }
    *ret_cell = cell;
    return 0;
}

void cepa_frame_packet_part_encode(uint8_t *ret_bytes, const struct cepa_frame_packet_part *part)
{
    struct cepa_writer writer;
    cepa_writer_init(&writer, ret_bytes, CEPA_LINK_PACKET_HEADER_SIZE + CEPA_PACKET_PART_SIZE);
    cepa_writer_u8(&writer, CEPA_FRAME_PACKET_PART);
    cepa_writer_u32(&writer, part->circuit_id);
    cepa_writer_u8(&writer, part->sequence);
    cepa_writer_u8(&writer, part->index);
    cepa_writer_u8(&writer, CEPA_PACKET_PARTS);
    cepa_writer_u8(&writer, 0);
    cepa_writer_bytes(&writer, part->data, CEPA_PACKET_PART_SIZE);
}

int cepa_frame_packet_part_decode(struct cepa_frame_packet_part *ret_part, const uint8_t *body,
                                  size_t body_len)
{
    struct cepa_frame_packet_part part;
    struct cepa_reader reader = begin(body, body_len, CEPA_FRAME_PACKET_PART);
    part.circuit_id = cepa_reader_u32(&reader);
    part.sequence = cepa_reader_u8(&reader);
    part.index = cepa_reader_u8(&reader);
    unsigned count = cepa_reader_u8(&reader);
    cepa_reader_zeros(&reader, 1);
    part.data = cepa_reader_view(&reader, CEPA_PACKET_PART_SIZE);
    if (end(&reader) != 0 || count != CEPA_PACKET_PARTS || part.index >= count) {
        return CEPA_ERR_MALFORMED;
    }
    *ret_part = part;
    return 0;
}

void cepa_frame_message_part_encode(uint8_t *ret_bytes, const struct cepa_frame_message_part *part)
{
    struct cepa_writer writer;
    cepa_writer_init(&writer, ret_bytes,
                     CEPA_LINK_MESSAGE_HEADER_SIZE + CEPA_LINK_MESSAGE_PART_SIZE);
    cepa_writer_u8(&writer, CEPA_FRAME_MESSAGE_PART);
    cepa_writer_u16(&writer, part->number);
    cepa_writer_u8(&writer, part->index);
    cepa_writer_u8(&writer, part->count);
    cepa_writer_u16(&writer, (uint16_t)part->data_len);
    cepa_writer_bytes(&writer, part->data, part->data_len);
    CEPA_ASSERT(!writer.failed);
}

int cepa_frame_message_part_decode(struct cepa_frame_message_part *ret_part, const uint8_t *body,
                                   size_t body_len)
{
    struct cepa_frame_message_part part;
    struct cepa_reader reader = begin(body, body_len, CEPA_FRAME_MESSAGE_PART);
    part.number = cepa_reader_u16(&reader);
    part.index = cepa_reader_u8(&reader);
    part.count = cepa_reader_u8(&reader);
    part.data_len = cepa_reader_u16(&reader);
    part.data = cepa_reader_view(&reader, part.data_len);
    if (end(&reader) != 0 || part.count > CEPA_LINK_MESSAGE_PARTS_MAX || part.index >= part.count ||
        part.data_len == 0 || part.data_len > CEPA_LINK_MESSAGE_PART_SIZE ||
        (part.index + 1 < part.count && part.data_len < CEPA_LINK_MESSAGE_PART_SIZE) ||
        (size_t)part.index * CEPA_LINK_MESSAGE_PART_SIZE + part.data_len > CEPA_LINK_MESSAGE_MAX) {
        return CEPA_ERR_MALFORMED;
    }
    *ret_part = part;
    return 0;
}

void cepa_frame_relayed_encode(uint8_t *ret_bytes, const struct cepa_frame_relayed *relayed)
{
    struct cepa_writer writer;
    cepa_writer_init(&writer, ret_bytes, CEPA_RELAYED_HEADER_SIZE + CEPA_RELAYED_FRAME_SIZE);
    cepa_writer_u8(&writer, CEPA_FRAME_RELAYED);
    cepa_writer_u32(&writer, relayed->channel);
    cepa_writer_bytes(&writer, relayed->inner, CEPA_RELAYED_FRAME_SIZE);
}

int cepa_frame_relayed_decode(struct cepa_frame_relayed *ret_relayed, const uint8_t *body,
                              size_t body_len)
{
    struct cepa_frame_relayed relayed;
    struct cepa_reader reader = begin(body, body_len, CEPA_FRAME_RELAYED);
    relayed.channel = cepa_reader_u32(&reader);
    relayed.inner = cepa_reader_view(&reader, CEPA_RELAYED_FRAME_SIZE);
    if (end(&reader) != 0) {
        return CEPA_ERR_MALFORMED;
    }
    *ret_relayed = relayed;
    return 0;
}

int cepa_frame_padding_decode(const uint8_t *body, size_t body_len)
{
    struct cepa_reader reader = begin(body, body_len, CEPA_FRAME_PADDING);
    return end(&reader);
}
