/* Layout of handshake messages. @[SPEC 7.2] @[SPEC 7.3] */
#include "wire/handshake.h"

#include "base/assert.h"
#include "base/bytes.h"

enum { KIND_FLAG = 0x80, ROLES_ALL = 7 };

unsigned cepa_handshake_part_count(size_t message_len, size_t frame_len)
{
    size_t room = frame_len - CEPA_HANDSHAKE_PART_HEADER_SIZE;
    unsigned count = 1;
    for (size_t end = room; end < message_len; end += room) {
        count++;
    }
    return count;
}

void cepa_handshake_part_encode(uint8_t *ret_frame, size_t frame_len, enum cepa_handshake_kind kind,
                                const uint8_t *message, size_t message_len, unsigned index)
{
    size_t room = frame_len - CEPA_HANDSHAKE_PART_HEADER_SIZE;
    unsigned count = cepa_handshake_part_count(message_len, frame_len);
    CEPA_ASSERT(index < count && count <= CEPA_HANDSHAKE_PARTS_MAX && message_len <= UINT16_MAX);
    size_t left = message_len - index * room;
    struct cepa_writer writer;
    cepa_writer_init(&writer, ret_frame, frame_len);
    cepa_writer_u8(&writer, (uint8_t)(KIND_FLAG + kind));
    cepa_writer_u8(&writer, (uint8_t)index);
    cepa_writer_u8(&writer, (uint8_t)count);
    cepa_writer_u8(&writer, 0);
    cepa_writer_u16(&writer, (uint16_t)message_len);
    cepa_writer_u16(&writer, 0);
    cepa_writer_bytes(&writer, message + index * room, left < room ? left : room);
    cepa_writer_zeros(&writer, cepa_writer_left(&writer));
}

int cepa_handshake_part_decode(struct cepa_handshake_part *ret_part, const uint8_t *frame,
                               size_t frame_len)
{
    struct cepa_handshake_part part;
    struct cepa_reader reader;
    size_t room = frame_len - CEPA_HANDSHAKE_PART_HEADER_SIZE;
    cepa_reader_init(&reader, frame, frame_len);
    unsigned kind = cepa_reader_u8(&reader);
    part.index = cepa_reader_u8(&reader);
    part.count = cepa_reader_u8(&reader);
    cepa_reader_zeros(&reader, 1);
    part.message_len = cepa_reader_u16(&reader);
    cepa_reader_zeros(&reader, 2);
    if (reader.failed || kind < KIND_FLAG + CEPA_HANDSHAKE_ASK ||
        kind > KIND_FLAG + CEPA_HANDSHAKE_REFUSAL || part.message_len == 0 ||
        part.count > CEPA_HANDSHAKE_PARTS_MAX || part.index >= part.count ||
        part.count != cepa_handshake_part_count(part.message_len, frame_len)) {
        return CEPA_ERR_MALFORMED;
    }
    part.kind = (enum cepa_handshake_kind)(kind - KIND_FLAG);
    size_t left = part.message_len - part.index * room;
    part.data_len = left < room ? left : room;
    part.data = cepa_reader_view(&reader, part.data_len);
    cepa_reader_zeros(&reader, cepa_reader_left(&reader));
    if (cepa_reader_end(&reader) != 0) {
        return CEPA_ERR_MALFORMED;
    }
    *ret_part = part;
    return 0;
}

void cepa_link_parameters_encode(uint8_t *ret_bytes, const struct cepa_link_parameters *parameters)
{
    struct cepa_writer writer;
    cepa_writer_init(&writer, ret_bytes, CEPA_LINK_PARAMETERS_SIZE);
    cepa_writer_u8(&writer, parameters->version_min);
    cepa_writer_u8(&writer, parameters->version_max);
    cepa_writer_u8(&writer, parameters->roles);
    cepa_writer_u8(&writer, parameters->shaper);
    cepa_writer_u32(&writer, parameters->features);
    cepa_writer_u64(&writer, parameters->clock_ms);
    cepa_writer_u16(&writer, parameters->credit);
    cepa_writer_u16(&writer, 0);
    cepa_writer_u32(&writer, parameters->circuits_max);
}

int cepa_link_parameters_decode(struct cepa_link_parameters *ret_parameters, const uint8_t *bytes)
{
    struct cepa_link_parameters parameters;
    struct cepa_reader reader;
    cepa_reader_init(&reader, bytes, CEPA_LINK_PARAMETERS_SIZE);
    parameters.version_min = cepa_reader_u8(&reader);
    parameters.version_max = cepa_reader_u8(&reader);
    parameters.roles = cepa_reader_u8(&reader);
    parameters.shaper = cepa_reader_u8(&reader);
    parameters.features = cepa_reader_u32(&reader);
    parameters.clock_ms = cepa_reader_u64(&reader);
    parameters.credit = cepa_reader_u16(&reader);
    cepa_reader_zeros(&reader, 2);
    parameters.circuits_max = cepa_reader_u32(&reader);
    if (cepa_reader_end(&reader) != 0 || parameters.version_min == 0 ||
        parameters.version_min > parameters.version_max || parameters.roles > ROLES_ALL) {
        return CEPA_ERR_MALFORMED;
    }
    *ret_parameters = parameters;
    return 0;
}

int cepa_link_parameters_agree(struct cepa_link_parameters *ret_agreed,
                               const struct cepa_link_parameters *mine,
                               const struct cepa_link_parameters *peer)
{
    struct cepa_link_parameters agreed = *peer;
    if (mine->version_max < agreed.version_max) {
        agreed.version_max = mine->version_max;
    }
    if (mine->version_min > agreed.version_min) {
        agreed.version_min = mine->version_min;
    }
    if (agreed.version_min > agreed.version_max) {
        return CEPA_ERR_VERSION;
    }
    agreed.features &= mine->features;
    if (mine->credit < agreed.credit) {
        agreed.credit = mine->credit;
    }
    if (mine->circuits_max < agreed.circuits_max) {
        agreed.circuits_max = mine->circuits_max;
    }
    *ret_agreed = agreed;
    return 0;
}

void cepa_handshake_first_encode(uint8_t *ret_bytes, const struct cepa_handshake_first *first)
{
    struct cepa_writer writer;
    cepa_writer_init(&writer, ret_bytes, CEPA_HANDSHAKE_FIRST_CLEAR_SIZE);
    cepa_writer_u8(&writer, first->version);
    cepa_writer_u8(&writer, 0);
    cepa_writer_bytes(&writer, first->network_hint, CEPA_LINK_HINT_SIZE);
    cepa_writer_bytes(&writer, first->key_hint, CEPA_LINK_HINT_SIZE);
    cepa_writer_bytes(&writer, first->ciphertext, CEPA_KEM_CIPHERTEXT_SIZE);
    cepa_writer_bytes(&writer, first->public_key, CEPA_KEM_PUBLIC_KEY_SIZE);
}

int cepa_handshake_first_decode(struct cepa_handshake_first *ret_first, const uint8_t *message,
                                size_t message_len)
{
    struct cepa_handshake_first first;
    struct cepa_reader reader;
    if (message_len < CEPA_HANDSHAKE_FIRST_MIN || message_len > CEPA_HANDSHAKE_FIRST_MAX) {
        return CEPA_ERR_LENGTH;
    }
    cepa_reader_init(&reader, message, CEPA_HANDSHAKE_FIRST_CLEAR_SIZE);
    first.version = cepa_reader_u8(&reader);
    if (first.version != CEPA_LINK_VERSION) {
        return CEPA_ERR_VERSION;
    }
    cepa_reader_zeros(&reader, 1);
    first.network_hint = cepa_reader_view(&reader, CEPA_LINK_HINT_SIZE);
    first.key_hint = cepa_reader_view(&reader, CEPA_LINK_HINT_SIZE);
    first.ciphertext = cepa_reader_view(&reader, CEPA_KEM_CIPHERTEXT_SIZE);
    first.public_key = cepa_reader_view(&reader, CEPA_KEM_PUBLIC_KEY_SIZE);
    if (cepa_reader_end(&reader) != 0) {
        return CEPA_ERR_MALFORMED;
    }
    *ret_first = first;
    return 0;
}

void cepa_handshake_ask_encode(uint8_t *ret_bytes, const uint8_t *network_hint)
{
    struct cepa_writer writer;
    cepa_writer_init(&writer, ret_bytes, CEPA_HANDSHAKE_ASK_SIZE);
    cepa_writer_u8(&writer, CEPA_LINK_VERSION);
    cepa_writer_u8(&writer, 0);
    cepa_writer_bytes(&writer, network_hint, CEPA_LINK_HINT_SIZE);
}

int cepa_handshake_ask_decode(const uint8_t **ret_network_hint, const uint8_t *message,
                              size_t message_len)
{
    struct cepa_reader reader;
    if (message_len != CEPA_HANDSHAKE_ASK_SIZE) {
        return CEPA_ERR_LENGTH;
    }
    cepa_reader_init(&reader, message, message_len);
    if (cepa_reader_u8(&reader) != CEPA_LINK_VERSION) {
        return CEPA_ERR_VERSION;
    }
    cepa_reader_zeros(&reader, 1);
    const uint8_t *network_hint = cepa_reader_view(&reader, CEPA_LINK_HINT_SIZE);
    if (cepa_reader_end(&reader) != 0) {
        return CEPA_ERR_MALFORMED;
    }
    *ret_network_hint = network_hint;
    return 0;
}
