/* The reader and the writer: every access goes through cepa_reader_view or cepa_writer_reserve,
 * which alone compare lengths. */
#include "base/bytes.h"

#include <string.h>

#include "base/endian.h"

void cepa_reader_init(struct cepa_reader *reader, const void *data, size_t data_len)
{
    reader->data = data;
    reader->len = data_len;
    reader->failed = false;
}

static void reader_fail(struct cepa_reader *reader)
{
    reader->len = 0;
    reader->failed = true;
}

const uint8_t *cepa_reader_view(struct cepa_reader *reader, size_t len)
{
    if (reader->failed || len > reader->len) {
        reader_fail(reader);
        return NULL;
    }
    const uint8_t *view = reader->data;
    /* With len 0 the data may be NULL, to which C does not let us add even 0. */
    if (len > 0) {
        reader->data += len;
        reader->len -= len;
    }
    return view;
}

uint8_t cepa_reader_u8(struct cepa_reader *reader)
{
    const uint8_t *view = cepa_reader_view(reader, 1);
    return view == NULL ? 0 : view[0];
}

uint16_t cepa_reader_u16(struct cepa_reader *reader)
{
    const uint8_t *view = cepa_reader_view(reader, 2);
    return view == NULL ? 0 : cepa_be16_load(view);
}

uint32_t cepa_reader_u32(struct cepa_reader *reader)
{
    const uint8_t *view = cepa_reader_view(reader, 4);
    return view == NULL ? 0 : cepa_be32_load(view);
}

uint64_t cepa_reader_u64(struct cepa_reader *reader)
{
    const uint8_t *view = cepa_reader_view(reader, 8);
    return view == NULL ? 0 : cepa_be64_load(view);
}

void cepa_reader_bytes(struct cepa_reader *reader, void *ret_bytes, size_t len)
{
    const uint8_t *view = cepa_reader_view(reader, len);
    if (len == 0) {
        return;
    }
    if (view == NULL) {
        memset(ret_bytes, 0, len);
    } else {
        memcpy(ret_bytes, view, len);
    }
}

void cepa_reader_skip(struct cepa_reader *reader, size_t len)
{
    (void)cepa_reader_view(reader, len);
}

void cepa_reader_zeros(struct cepa_reader *reader, size_t len)
{
    const uint8_t *view = cepa_reader_view(reader, len);
    uint8_t seen = 0;
    for (size_t i = 0; view != NULL && i < len; i++) {
        seen |= view[i];
    }
    if (seen != 0) {
        reader_fail(reader);
    }
}

size_t cepa_reader_left(const struct cepa_reader *reader)
{
    return reader->len;
}

int cepa_reader_end(const struct cepa_reader *reader)
{
    return reader->failed || reader->len > 0 ? CEPA_ERR_LENGTH : 0;
}

void cepa_writer_init(struct cepa_writer *writer, void *data, size_t capacity)
{
    writer->data = data;
    writer->len = 0;
    writer->capacity = capacity;
    writer->failed = false;
}

uint8_t *cepa_writer_reserve(struct cepa_writer *writer, size_t len)
{
    if (writer->failed || len > writer->capacity - writer->len) {
        writer->failed = true;
        return NULL;
    }
    uint8_t *place = writer->len > 0 ? writer->data + writer->len : writer->data;
    writer->len += len;
    return place;
}

void cepa_writer_u8(struct cepa_writer *writer, uint8_t value)
{
    uint8_t *place = cepa_writer_reserve(writer, 1);
    if (place != NULL) {
        place[0] = value;
    }
}

void cepa_writer_u16(struct cepa_writer *writer, uint16_t value)
{
    uint8_t *place = cepa_writer_reserve(writer, 2);
    if (place != NULL) {
        cepa_be16_store(place, value);
    }
}

void cepa_writer_u32(struct cepa_writer *writer, uint32_t value)
{
    uint8_t *place = cepa_writer_reserve(writer, 4);
    if (place != NULL) {
        cepa_be32_store(place, value);
    }
}

void cepa_writer_u64(struct cepa_writer *writer, uint64_t value)
{
    uint8_t *place = cepa_writer_reserve(writer, 8);
    if (place != NULL) {
        cepa_be64_store(place, value);
    }
}

void cepa_writer_bytes(struct cepa_writer *writer, const void *bytes, size_t len)
{
    uint8_t *place = cepa_writer_reserve(writer, len);
    if (place != NULL && len > 0) {
        memcpy(place, bytes, len);
    }
}

void cepa_writer_zeros(struct cepa_writer *writer, size_t len)
{
    uint8_t *place = cepa_writer_reserve(writer, len);
    if (place != NULL && len > 0) {
        memset(place, 0, len);
    }
}

size_t cepa_writer_left(const struct cepa_writer *writer)
{
    return writer->failed ? 0 : writer->capacity - writer->len;
}

int cepa_writer_end(const struct cepa_writer *writer, size_t *ret_len)
{
    if (writer->failed) {
        return CEPA_ERR_TOO_LONG;
    }
    *ret_len = writer->len;
    return 0;
}
