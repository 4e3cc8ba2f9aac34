/* Encoding of the message in a cell. @[SPEC 5.1] */
#include "wire/cell.h"

#include <string.h>

#include "base/bytes.h"
#include "base/ct.h"
#include "base/declassify.h"

/* Who may send a command, which is a known one. */
static const struct {
    bool is_from_origin;
    bool is_from_hop;
} senders[CEPA_CELL_COMMANDS] = {
#define SENDERS(name, value, origin, hop, text) [value] = {origin, hop},
    CEPA_CELL_COMMAND_LIST(SENDERS)
#undef SENDERS
};

bool cepa_cell_command_is_from_origin(enum cepa_cell_command command)
{
    return senders[command].is_from_origin;
}

bool cepa_cell_command_is_from_hop(enum cepa_cell_command command)
{
    return senders[command].is_from_hop;
}

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

/* Whether nothing but zeros stands behind the data. */
static bool is_padded(const uint8_t *data, size_t data_len)
{
    uint32_t any = 0;
    for (size_t i = data_len; i < CEPA_CELL_DATA_MAX; i++) {
        any |= data[i];
    }
    uint32_t is_zero = cepa_ct_mask_if_zero(any);
    /* That a cell is malformed shows in the end of its circuit. */
    cepa_declassify(&is_zero, sizeof is_zero);
    return is_zero != 0;
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
    if (command >= CEPA_CELL_COMMANDS || flags != 0 || data_len > CEPA_CELL_DATA_MAX ||
        !is_padded(body + CEPA_CELL_MESSAGE_HEADER_SIZE, data_len)) {
        return CEPA_ERR_MALFORMED;
    }
    ret_message->command = (enum cepa_cell_command)command;
    ret_message->data = body + CEPA_CELL_MESSAGE_HEADER_SIZE;
    ret_message->data_len = data_len;
    return 0;
}
