/* Messages of the control stream. @[SPEC 16.6] */
#include "wire/session_control.h"

#include <string.h>

#include "base/assert.h"
#include "base/bytes.h"
#include "base/endian.h"

/* The length of a body; SIZE_MAX for a kind that is none. */
static size_t body_size(uint8_t kind)
{
    switch (kind) {
    case CEPA_CONTROL_RATCHET_OFFER:
        return CEPA_CONTROL_OFFER_SIZE;
    case CEPA_CONTROL_RATCHET_ANSWER:
        return CEPA_CONTROL_ANSWER_SIZE;
    case CEPA_CONTROL_IDENTITY:
        return CEPA_CONTROL_IDENTITY_SIZE;
    case CEPA_CONTROL_CHALLENGE:
        return CEPA_KEM_CIPHERTEXT_SIZE;
    case CEPA_CONTROL_PROOF:
        return CEPA_CONTROL_PROOF_SIZE;
    case CEPA_CONTROL_ADMISSION:
        return 1;
    case CEPA_CONTROL_PATH:
        return 4 + 4 + 1;
    case CEPA_CONTROL_KEPT:
        return 0;
    case CEPA_CONTROL_FINISH:
        return 4;
    default:
        return SIZE_MAX;
    }
}

size_t cepa_control_encode(uint8_t *ret_bytes, const struct cepa_control *control)
{
    struct cepa_writer writer;
    size_t len;
    size_t size = body_size((uint8_t)control->kind);
    CEPA_ASSERT(size != SIZE_MAX);
    CEPA_ASSERT(control->verdict <= CEPA_CONTROL_REFUSED);
    CEPA_ASSERT(control->state <= CEPA_CONTROL_PATH_RETIRE);
    cepa_writer_init(&writer, ret_bytes, CEPA_CONTROL_SIZE_MAX);
    cepa_writer_u8(&writer, (uint8_t)control->kind);
    cepa_writer_u16(&writer, (uint16_t)size);
    switch (control->kind) {
    case CEPA_CONTROL_ADMISSION:
        cepa_writer_u8(&writer, control->verdict);
        break;
    case CEPA_CONTROL_PATH:
        cepa_writer_u32(&writer, control->path);
        cepa_writer_u32(&writer, control->day.number);
        cepa_writer_u8(&writer, control->state);
        break;
    case CEPA_CONTROL_FINISH:
        cepa_writer_u32(&writer, control->code);
        break;
    case CEPA_CONTROL_KEPT:
        break;
    case CEPA_CONTROL_RATCHET_OFFER:
    case CEPA_CONTROL_RATCHET_ANSWER:
    case CEPA_CONTROL_IDENTITY:
    case CEPA_CONTROL_CHALLENGE:
    case CEPA_CONTROL_PROOF:
        cepa_writer_bytes(&writer, control->body, size);
        break;
    }
    int error = cepa_writer_end(&writer, &len);
    CEPA_ASSERT(error == 0);
    return len;
}

/* The length of the message whose header is here; SIZE_MAX if there is no such one. */
static size_t message_size(const struct cepa_control_reader *reader)
{
    size_t size = body_size(reader->bytes[0]);
    return size == cepa_be16_load(reader->bytes + 1) ? CEPA_CONTROL_HEADER_SIZE + size : SIZE_MAX;
}

size_t cepa_control_room(const struct cepa_control_reader *reader)
{
    if (reader->len < CEPA_CONTROL_HEADER_SIZE) {
        return CEPA_CONTROL_HEADER_SIZE - reader->len;
    }
    size_t size = message_size(reader);
    return size == SIZE_MAX ? 0 : size - reader->len;
}

int cepa_control_decode(struct cepa_control_reader *reader, struct cepa_control *ret_control)
{
    struct cepa_reader body;
    struct cepa_control control;
    if (reader->len < CEPA_CONTROL_HEADER_SIZE) {
        return CEPA_ERR_NOT_FOUND;
    }
    size_t size = message_size(reader);
    if (size == SIZE_MAX) {
        return CEPA_ERR_MALFORMED;
    }
    if (reader->len < size) {
        return CEPA_ERR_NOT_FOUND;
    }
    memset(&control, 0, sizeof control);
    control.kind = (enum cepa_control_kind)reader->bytes[0];
    cepa_reader_init(&body, reader->bytes + CEPA_CONTROL_HEADER_SIZE,
                     size - CEPA_CONTROL_HEADER_SIZE);
    switch (control.kind) {
    case CEPA_CONTROL_ADMISSION:
        control.verdict = cepa_reader_u8(&body);
        break;
    case CEPA_CONTROL_PATH:
        control.path = cepa_reader_u32(&body);
        control.day.number = cepa_reader_u32(&body);
        control.state = cepa_reader_u8(&body);
        break;
    case CEPA_CONTROL_FINISH:
        control.code = cepa_reader_u32(&body);
        break;
    case CEPA_CONTROL_KEPT:
        break;
    case CEPA_CONTROL_RATCHET_OFFER:
    case CEPA_CONTROL_RATCHET_ANSWER:
    case CEPA_CONTROL_IDENTITY:
    case CEPA_CONTROL_CHALLENGE:
    case CEPA_CONTROL_PROOF:
        control.body = cepa_reader_view(&body, cepa_reader_left(&body));
        break;
    }
    if (cepa_reader_end(&body) != 0 || control.verdict > CEPA_CONTROL_REFUSED ||
        control.state > CEPA_CONTROL_PATH_RETIRE) {
        return CEPA_ERR_MALFORMED;
    }
    reader->len = 0;
    *ret_control = control;
    return 0;
}
