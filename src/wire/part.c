/* Cutting messages into parts, and putting them together again. @[SPEC 5.5] */
#include "wire/part.h"

#include <string.h>

#include "base/assert.h"
#include "base/bytes.h"

unsigned cepa_part_count(size_t message_len)
{
    unsigned count = 1;
    for (size_t end = CEPA_PART_DATA_SIZE; end < message_len; end += CEPA_PART_DATA_SIZE) {
        count++;
    }
    return count;
}

/* The length of one part; only the last may be short. */
static size_t part_len(size_t message_len, unsigned index)
{
    size_t left = message_len - (size_t)index * CEPA_PART_DATA_SIZE;
    return left < CEPA_PART_DATA_SIZE ? left : CEPA_PART_DATA_SIZE;
}

void cepa_part_cut(struct cepa_part *ret_part, const uint8_t *message, size_t message_len,
                   uint8_t sequence, unsigned index)
{
    unsigned count = cepa_part_count(message_len);
    CEPA_ASSERT(count <= CEPA_PARTS_MAX && index < count);
    ret_part->sequence = sequence;
    ret_part->index = (uint8_t)index;
    ret_part->count = (uint8_t)count;
    ret_part->data = message + (size_t)index * CEPA_PART_DATA_SIZE;
    ret_part->data_len = part_len(message_len, index);
}

void cepa_part_encode(uint8_t *ret_bytes, size_t *ret_len, const struct cepa_part *part)
{
    struct cepa_writer writer;
    cepa_writer_init(&writer, ret_bytes, CEPA_CELL_DATA_MAX);
    cepa_writer_u8(&writer, part->sequence);
    cepa_writer_u8(&writer, part->index);
    cepa_writer_u8(&writer, part->count);
    cepa_writer_u8(&writer, 0);
    cepa_writer_bytes(&writer, part->data, part->data_len);
    CEPA_ASSERT(cepa_writer_end(&writer, ret_len) == 0);
}

int cepa_part_decode(struct cepa_part *ret_part, const uint8_t *bytes, size_t bytes_len)
{
    struct cepa_part part;
    struct cepa_reader reader;
    cepa_reader_init(&reader, bytes, bytes_len);
    part.sequence = cepa_reader_u8(&reader);
    part.index = cepa_reader_u8(&reader);
    part.count = cepa_reader_u8(&reader);
    unsigned zero = cepa_reader_u8(&reader);
    part.data_len = cepa_reader_left(&reader);
    part.data = cepa_reader_view(&reader, part.data_len);
    if (cepa_reader_end(&reader) != 0 || part.data_len == 0 ||
        part.data_len > CEPA_PART_DATA_SIZE) {
        return CEPA_ERR_LENGTH;
    }
    if (part.count == 0 || part.count > CEPA_PARTS_MAX || part.index >= part.count || zero != 0) {
        return CEPA_ERR_MALFORMED;
    }
    if (part.index + 1u < part.count && part.data_len != CEPA_PART_DATA_SIZE) {
        return CEPA_ERR_LENGTH;
    }
    *ret_part = part;
    return 0;
}

void cepa_assembly_init(struct cepa_assembly *assembly, uint8_t *buffer, size_t message_len)
{
    CEPA_ASSERT(message_len > 0 && cepa_part_count(message_len) <= CEPA_PARTS_MAX);
    assembly->buffer = buffer;
    assembly->capacity = message_len;
    assembly->received = 0;
    assembly->sequence = 0;
}

int cepa_assembly_add(struct cepa_assembly *assembly, const struct cepa_part *part)
{
    if (part->count != cepa_part_count(assembly->capacity) || part->index >= part->count ||
        part->data_len != part_len(assembly->capacity, part->index)) {
        return CEPA_ERR_LENGTH;
    }
    if (part->sequence != assembly->sequence) {
        assembly->sequence = part->sequence;
        assembly->received = 0;
    }
    uint32_t bit = (uint32_t)1 << part->index;
    if (assembly->received & bit) {
        return CEPA_ERR_REPLAY;
    }
    memcpy(assembly->buffer + (size_t)part->index * CEPA_PART_DATA_SIZE, part->data,
           part->data_len);
    assembly->received |= bit;
    if (assembly->received != ((uint32_t)1 << part->count) - 1) {
        return 0;
    }
    assembly->received = 0;
    return 1;
}
