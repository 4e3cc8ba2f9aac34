/* Encoding of the message in a cell. @[SPEC 5.1] */
#include "wire/cell.h"

#include <string.h>

#include "base/bytes.h"
#include "base/ct.h"
#include "base/declassify.h"

int cepa_cell_message_encode(uint8_t *ret_body, const struct cepa_cell_message *message)
{
    if (message->data_len > CEPA_CELL_DATA_MAX) {
        return CEPA_ERR_TOO_LONG;
    }
    uint8_t *data = ret_body + CEPA_CELL_MESSAGE_HEADER_SIZE;
    if (message->data_len > 0) {
        memmove(data, message->data, message->data_len);
    }
    memset(data + message->data_len, 0, CEPA_CELL_DATA_MAX - message->data_len);

    struct cepa_writer writer;
    cepa_writer_init(&writer, ret_body, CEPA_CELL_MESSAGE_HEADER_SIZE);
    cepa_writer_zeros(&writer, CEPA_ZERO_PREFIX_SIZE);
    cepa_writer_u8(&writer, (uint8_t)message->command);
    cepa_writer_u8(&writer, 0);
    cepa_writer_u16(&writer, (uint16_t)message->data_len);
    return 0;
}

uint32_t cepa_cell_message_is_mine(const uint8_t *body)
{
    static const uint8_t zeros[CEPA_ZERO_PREFIX_SIZE];
    uint32_t is_mine = cepa_ct_compare(body, zeros, sizeof zeros);
    /* Whom a cell is for shows in what is done with it. */
    cepa_declassify(&is_mine, sizeof is_mine);
    return is_mine;
}

int cepa_cell_message_decode(struct cepa_cell_message *ret_message, const uint8_t *body)
{
    struct cepa_reader reader;
    cepa_reader_init(&reader, body, CEPA_CELL_BODY_SIZE);
    cepa_reader_skip(&reader, CEPA_ZERO_PREFIX_SIZE);
    unsigned command = cepa_reader_u8(&reader);
    unsigned flags = cepa_reader_u8(&reader);
    size_t data_len = cepa_reader_u16(&reader);
    if (!cepa_cell_message_is_mine(body)) {
        return CEPA_ERR_AUTHENTICATION;
    }
    /* What a hop is told to do it does; only the data stay secret. */
    cepa_declassify(&command, sizeof command);
    cepa_declassify(&flags, sizeof flags);
    cepa_declassify(&data_len, sizeof data_len);
    if (command >= CEPA_CELL_COMMANDS || flags != 0 || data_len > CEPA_CELL_DATA_MAX) {
        return CEPA_ERR_MALFORMED;
    }
    ret_message->command = (enum cepa_cell_command)command;
    ret_message->data = body + CEPA_CELL_MESSAGE_HEADER_SIZE;
    ret_message->data_len = data_len;
    return 0;
}
