/* Requests and answers differ in what their first bytes are; all else is the same. */
#include "wire/service.h"

#include <string.h>

#include "base/assert.h"

enum {
    REQUEST_SERVICE = 0,
    REQUEST_TAG = 1,
    ANSWER_TAG = 0,
    ANSWER_STATUS = CEPA_SERVICE_TAG_SIZE,
    PART = 1 + CEPA_SERVICE_TAG_SIZE,
    PARTS = PART + 1
};

uint8_t cepa_service_parts(size_t body_len)
{
    uint8_t parts = 1;
    CEPA_ASSERT(body_len <= CEPA_SERVICE_BODY_MAX);
    for (size_t len = CEPA_SERVICE_PART_MAX; len < body_len; len += CEPA_SERVICE_PART_MAX) {
        parts++;
    }
    return parts;
}

static size_t write_part(uint8_t *ret_data, uint8_t part, const uint8_t *body, size_t body_len)
{
    uint8_t parts = cepa_service_parts(body_len);
    CEPA_ASSERT(part < parts);
    size_t from = (size_t)part * CEPA_SERVICE_PART_MAX;
    size_t len = body_len - from;
    len = len < CEPA_SERVICE_PART_MAX ? len : CEPA_SERVICE_PART_MAX;
    ret_data[PART] = part;
    ret_data[PARTS] = parts;
    if (len > 0) {
        memcpy(ret_data + CEPA_SERVICE_HEADER_SIZE, body + from, len);
    }
    return CEPA_SERVICE_HEADER_SIZE + len;
}

size_t cepa_service_request(uint8_t *ret_data, uint8_t service, const uint8_t *tag, uint8_t part,
                            const uint8_t *body, size_t body_len)
{
    ret_data[REQUEST_SERVICE] = service;
    memcpy(ret_data + REQUEST_TAG, tag, CEPA_SERVICE_TAG_SIZE);
    return write_part(ret_data, part, body, body_len);
}

size_t cepa_service_answer(uint8_t *ret_data, uint8_t status, const uint8_t *tag, uint8_t part,
                           const uint8_t *body, size_t body_len)
{
    memcpy(ret_data + ANSWER_TAG, tag, CEPA_SERVICE_TAG_SIZE);
    ret_data[ANSWER_STATUS] = status;
    return write_part(ret_data, part, body, body_len);
}

static int read_part(struct cepa_service_part *ret_part, uint8_t service, const uint8_t *tag,
                     const uint8_t *data, size_t data_len)
{
    struct cepa_service_part read = {.service = service,
                                     .part = data[PART],
                                     .parts = data[PARTS],
                                     .bytes = data + CEPA_SERVICE_HEADER_SIZE,
                                     .bytes_len = data_len - CEPA_SERVICE_HEADER_SIZE};
    memcpy(read.tag, tag, CEPA_SERVICE_TAG_SIZE);
    bool is_last = read.part + 1 == read.parts;
    if (read.parts > CEPA_SERVICE_PARTS_MAX || read.part >= read.parts ||
        (!is_last && read.bytes_len != CEPA_SERVICE_PART_MAX)) {
        return CEPA_ERR_MALFORMED;
    }
    *ret_part = read;
    return 0;
}

int cepa_service_read_request(struct cepa_service_part *ret_part, const uint8_t *data,
                              size_t data_len)
{
    if (data_len < CEPA_SERVICE_HEADER_SIZE || data_len > CEPA_CELL_DATA_MAX) {
        return CEPA_ERR_LENGTH;
    }
    return read_part(ret_part, data[REQUEST_SERVICE], data + REQUEST_TAG, data, data_len);
}

int cepa_service_read_answer(struct cepa_service_part *ret_part, const uint8_t *data,
                             size_t data_len)
{
    if (data_len < CEPA_SERVICE_HEADER_SIZE || data_len > CEPA_CELL_DATA_MAX) {
        return CEPA_ERR_LENGTH;
    }
    return read_part(ret_part, data[ANSWER_STATUS], data + ANSWER_TAG, data, data_len);
}

int cepa_service_whole_add(struct cepa_service_whole *whole, uint8_t *body, bool *ret_is_whole,
                           const struct cepa_service_part *part)
{
    uint32_t bit = UINT32_C(1) << part->part;
    if (whole->parts != 0 && whole->parts != part->parts) {
        return CEPA_ERR_MALFORMED;
    }
    *ret_is_whole = false;
    if ((whole->got & bit) != 0) {
        return 0;
    }
    size_t from = (size_t)part->part * CEPA_SERVICE_PART_MAX;
    if (part->bytes_len > 0) {
        memcpy(body + from, part->bytes, part->bytes_len);
    }
    whole->parts = part->parts;
    whole->got |= bit;
    if (part->part + 1 == part->parts) {
        whole->len = from + part->bytes_len;
    }
    *ret_is_whole = whole->got == (UINT32_C(1) << part->parts) - 1;
    return 0;
}
