/* Bodies of CONTROL frames. @[SPEC 7.6] */
#include "wire/link_control.h"

#include <string.h>

#include "wire/frame.h"

/* How many bytes a record of each type has, its type among them. */
static const uint8_t record_sizes[] = {
    [CEPA_LINK_CONTROL_CREDIT] = 1 + 4 + 4 + 4,
    [CEPA_LINK_CONTROL_CLOSED] = 1 + 4 + 1,
    [CEPA_LINK_CONTROL_PING] = 1,
    [CEPA_LINK_CONTROL_CHALLENGE] = 1 + CEPA_LINK_NONCE_SIZE,
    [CEPA_LINK_CONTROL_PROOF] = 1 + CEPA_LINK_PROOF_SIZE,
    [CEPA_LINK_CONTROL_MOVE] = 1 + 4 + 8 + 1,
    [CEPA_LINK_CONTROL_MOVED] = 1 + 4 + 8 + 1,
    [CEPA_LINK_CONTROL_GOODBYE] = 1 + 1,
};

void cepa_link_control_begin(struct cepa_writer *ret_writer, uint8_t *body, size_t body_len,
                             const struct cepa_link_control_header *header)
{
    cepa_writer_init(ret_writer, body, body_len);
    cepa_writer_u8(ret_writer, CEPA_FRAME_CONTROL);
    cepa_writer_u64(ret_writer, header->next);
    cepa_writer_u64(ret_writer, header->received);
    cepa_writer_u32(ret_writer, header->delay_us);
}

int cepa_link_control_append(struct cepa_writer *writer,
                             const struct cepa_link_control_record *record)
{
    if (cepa_writer_left(writer) < record_sizes[record->type]) {
        return CEPA_ERR_FULL;
    }
    cepa_writer_u8(writer, (uint8_t)record->type);
    switch (record->type) {
    case CEPA_LINK_CONTROL_CREDIT:
        cepa_writer_u32(writer, record->id);
        cepa_writer_u32(writer, record->granted);
        cepa_writer_u32(writer, record->sent);
        break;
    case CEPA_LINK_CONTROL_CLOSED:
        cepa_writer_u32(writer, record->id);
        cepa_writer_u8(writer, record->reason);
        break;
    case CEPA_LINK_CONTROL_CHALLENGE:
        cepa_writer_bytes(writer, record->bytes, CEPA_LINK_NONCE_SIZE);
        break;
    case CEPA_LINK_CONTROL_PROOF:
        cepa_writer_bytes(writer, record->bytes, CEPA_LINK_PROOF_SIZE);
        break;
    case CEPA_LINK_CONTROL_MOVE:
    case CEPA_LINK_CONTROL_MOVED:
        cepa_writer_u32(writer, record->id);
        cepa_writer_u64(writer, record->counter);
        cepa_writer_u8(writer, record->is_drained);
        break;
    case CEPA_LINK_CONTROL_GOODBYE:
        cepa_writer_u8(writer, record->reason);
        break;
    case CEPA_LINK_CONTROL_PING:
    case CEPA_LINK_CONTROL_END:
        break;
    }
    return 0;
}

void cepa_link_control_finish(struct cepa_writer *writer)
{
    cepa_writer_zeros(writer, cepa_writer_left(writer));
}

int cepa_link_control_decode(struct cepa_link_control_header *ret_header,
                             struct cepa_reader *ret_reader, const uint8_t *body, size_t body_len)
{
    struct cepa_link_control_header header;
    struct cepa_reader reader;
    cepa_reader_init(&reader, body, body_len);
    unsigned kind = cepa_reader_u8(&reader);
    header.next = cepa_reader_u64(&reader);
    header.received = cepa_reader_u64(&reader);
    header.delay_us = cepa_reader_u32(&reader);
    if (reader.failed || kind != CEPA_FRAME_CONTROL || header.received > header.next) {
        return CEPA_ERR_MALFORMED;
    }
    *ret_header = header;
    *ret_reader = reader;
    return 0;
}

int cepa_link_control_next(struct cepa_link_control_record *ret_record, struct cepa_reader *reader)
{
    struct cepa_link_control_record record;
    memset(&record, 0, sizeof record);
    if (cepa_reader_left(reader) == 0) {
        return reader->failed ? CEPA_ERR_MALFORMED : 0;
    }
    unsigned type = cepa_reader_u8(reader);
    switch (type) {
    case CEPA_LINK_CONTROL_END:
        cepa_reader_zeros(reader, cepa_reader_left(reader));
        return cepa_reader_end(reader) != 0 ? CEPA_ERR_MALFORMED : 0;
    case CEPA_LINK_CONTROL_CREDIT:
        record.id = cepa_reader_u32(reader);
        record.granted = cepa_reader_u32(reader);
        record.sent = cepa_reader_u32(reader);
        break;
    case CEPA_LINK_CONTROL_CLOSED:
        record.id = cepa_reader_u32(reader);
        record.reason = cepa_reader_u8(reader);
        break;
    case CEPA_LINK_CONTROL_PING:
        break;
    case CEPA_LINK_CONTROL_CHALLENGE:
        record.bytes = cepa_reader_view(reader, CEPA_LINK_NONCE_SIZE);
        break;
    case CEPA_LINK_CONTROL_PROOF:
        record.bytes = cepa_reader_view(reader, CEPA_LINK_PROOF_SIZE);
        break;
    case CEPA_LINK_CONTROL_MOVE:
    case CEPA_LINK_CONTROL_MOVED:
        record.id = cepa_reader_u32(reader);
        record.counter = cepa_reader_u64(reader);
        record.is_drained = cepa_reader_u8(reader);
        break;
    case CEPA_LINK_CONTROL_GOODBYE:
        record.reason = cepa_reader_u8(reader);
        break;
    default:
        return CEPA_ERR_MALFORMED;
    }
    if (reader->failed || record.is_drained > 1) {
        return CEPA_ERR_MALFORMED;
    }
    record.type = (enum cepa_link_control_type)type;
    *ret_record = record;
    return 1;
}
