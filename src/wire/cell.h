/* The message in a cell, as the hop finds it for which the cell is: sixteen zeros, a command, data.
 * @[SPEC 5.1], @[SPEC 5.5] */
#ifndef CEPA_WIRE_CELL_H
#define CEPA_WIRE_CELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "wire/sizes.h"

/* X(name, value, the origin may send it, a hop may send it, text) */
#define CEPA_CELL_COMMAND_LIST(X)                                                                  \
    X(PADDING, 0, true, true, "is ignored")                                                        \
    X(DATA, 1, true, true, "bytes of the layer above")                                             \
    X(CONFIRM, 2, false, true, "confirms the keys of a new circuit; from the last hop")            \
    X(RENEW_OFFER, 3, true, false, "a part of an offer of new keys")                               \
    X(RENEW_ANSWER, 4, false, true, "a part of the answer to an offer")                            \
    X(PACKET_PART, 5, true, false, "a part of an onion packet that extends the circuit")           \
    X(BROKEN, 6, false, true, "the next hop is lost")

enum cepa_cell_command {
#define CEPA_CELL_COMMAND_ENUM(name, value, origin, hop, text) CEPA_CELL_##name = (value),
    CEPA_CELL_COMMAND_LIST(CEPA_CELL_COMMAND_ENUM)
#undef CEPA_CELL_COMMAND_ENUM
        CEPA_CELL_COMMANDS
};

/* What a cell says to the one for whom it is. */
struct cepa_cell_message {
    enum cepa_cell_command command; /* what the data are */
    const uint8_t *data;            /* lent; in a decoded message it points into the body */
    size_t data_len;                /* bytes, 0 to CEPA_CELL_DATA_MAX */
};

/* cepa_cell_command_is_from_origin and cepa_cell_command_is_from_hop say who may send a known
 * command. */
bool cepa_cell_command_is_from_origin(enum cepa_cell_command command);
bool cepa_cell_command_is_from_hop(enum cepa_cell_command command);

/* cepa_cell_message_encode writes a whole body of CEPA_CELL_BODY_SIZE bytes: zeros, header, data,
 * zeros. `message->data` may already stand at its place in the body. Returns 0, or
 * CEPA_ERR_TOO_LONG if the data exceed CEPA_CELL_DATA_MAX. */
CEPA_MUST_USE int cepa_cell_message_encode(uint8_t *ret_body,
                                           const struct cepa_cell_message *message);

/* cepa_cell_message_is_mine says whether a body begins with the sixteen zeros; constant time. */
uint32_t cepa_cell_message_is_mine(const uint8_t *body);

/* cepa_cell_message_decode reads a recognised body of CEPA_CELL_BODY_SIZE bytes. Returns 0, or
 * CEPA_ERR_AUTHENTICATION without the zeros, CEPA_ERR_MALFORMED for an unknown command, flags, a
 * length beyond the body or anything but zeros behind the data. */
CEPA_MUST_USE int cepa_cell_message_decode(struct cepa_cell_message *ret_message,
                                           const uint8_t *body);

#endif
