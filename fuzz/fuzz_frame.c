/* The decoders of links: bodies of sealed frames, CONTROL records, parts of handshake messages and
 * what stands in those. What is read is what was written. */
#include <stdint.h>
#include <string.h>

#include "base/assert.h"
#include "wire/frame.h"
#include "wire/handshake.h"
#include "wire/link_control.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len);

static uint8_t body[CEPA_FRAME_SIZE];
static uint8_t again[CEPA_FRAME_SIZE];

static void check_frame(size_t len)
{
    struct cepa_frame_cell cell;
    struct cepa_frame_packet_part packet;
    struct cepa_frame_message_part message;
    struct cepa_frame_relayed relayed;
    memset(again, 0, sizeof again);
    if (cepa_frame_cell_decode(&cell, body, len) == 0) {
        cepa_frame_cell_encode(again, &cell);
    } else if (cepa_frame_packet_part_decode(&packet, body, len) == 0) {
        cepa_frame_packet_part_encode(again, &packet);
    } else if (cepa_frame_message_part_decode(&message, body, len) == 0) {
        cepa_frame_message_part_encode(again, &message);
    } else if (cepa_frame_relayed_decode(&relayed, body, len) == 0) {
        cepa_frame_relayed_encode(again, &relayed);
    } else if (cepa_frame_padding_decode(body, len) != 0) {
        return;
    }
    CEPA_ASSERT(memcmp(body, again, len) == 0);
}

static void check_control(size_t len)
{
    struct cepa_link_control_header header;
    struct cepa_link_control_record record;
    struct cepa_reader reader;
    struct cepa_writer writer;
    int result;
    if (cepa_link_control_decode(&header, &reader, body, len) != 0) {
        return;
    }
    cepa_link_control_begin(&writer, again, len, &header);
    while ((result = cepa_link_control_next(&record, &reader)) > 0) {
        CEPA_ASSERT(cepa_link_control_append(&writer, &record) == 0);
    }
    if (result == 0) {
        cepa_link_control_finish(&writer);
        CEPA_ASSERT(memcmp(body, again, len) == 0);
    }
}

static void check_handshake(size_t len)
{
    static uint8_t message[CEPA_HANDSHAKE_PARTS_MAX * CEPA_HANDSHAKE_PART_MAX];
    struct cepa_handshake_part part;
    if (cepa_handshake_part_decode(&part, body, len) != 0) {
        return;
    }
    CEPA_ASSERT(part.message_len <= sizeof message);
    memcpy(message + part.index * (len - CEPA_HANDSHAKE_PART_HEADER_SIZE), part.data,
           part.data_len);
    cepa_handshake_part_encode(again, len, part.kind, message, part.message_len, part.index);
    CEPA_ASSERT(memcmp(body, again, len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len)
{
    struct cepa_handshake_first first;
    struct cepa_link_parameters parameters;
    const uint8_t *hint;
    if (data_len > 0) {
        size_t len = data[0] & 1 ? CEPA_FRAME_SIZE : CEPA_RELAYED_FRAME_SIZE;
        data_len = data_len - 1 < len ? data_len - 1 : len;
        memset(body, 0, sizeof body);
        memcpy(body, data + 1, data_len);
        check_handshake(len);
        check_frame(len - CEPA_FRAME_SEAL_SIZE);
        check_control(len - CEPA_FRAME_SEAL_SIZE);
        if (cepa_link_parameters_decode(&parameters, body) == 0) {
            cepa_link_parameters_encode(again, &parameters);
            CEPA_ASSERT(memcmp(body, again, CEPA_LINK_PARAMETERS_SIZE) == 0);
        }
        (void)(cepa_handshake_ask_decode(&hint, data + 1, data_len) == 0);
        (void)(cepa_handshake_first_decode(&first, data + 1, data_len) == 0);
    }
    return 0;
}
