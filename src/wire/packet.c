/* Prefix, command, slot and final block of an onion packet. */
#include "wire/packet.h"

#include <string.h>

#include "base/assert.h"
#include "base/bytes.h"

/* What may be said of a type; the row of an unknown type is all zeros. */
struct traits {
    bool is_known;
    bool is_slot;
    bool has_payload_mac;
    bool may_delay;
    bool is_from_circuit;
};

static const struct traits traits_of_types[] = {
#define TRAITS(name, value, slot, mac, delay, circuit) [value] = {true, slot, mac, delay, circuit},
    CEPA_PACKET_TYPE_LIST(TRAITS)
#undef TRAITS
};

static const struct traits *traits_of(unsigned type)
{
    size_t len = sizeof traits_of_types / sizeof traits_of_types[0];
    return &traits_of_types[type < len ? type : 0];
}

bool cepa_packet_type_is_known(uint8_t type)
{
    return traits_of(type)->is_known;
}

bool cepa_packet_type_is_slot(enum cepa_packet_type type)
{
    return traits_of((unsigned)type)->is_slot;
}

bool cepa_packet_type_has_payload_mac(enum cepa_packet_type type)
{
    return traits_of((unsigned)type)->has_payload_mac;
}

bool cepa_packet_type_may_delay(enum cepa_packet_type type)
{
    return traits_of((unsigned)type)->may_delay;
}

bool cepa_packet_type_is_from_circuit(enum cepa_packet_type type)
{
    return traits_of((unsigned)type)->is_from_circuit;
}

void cepa_packet_prefix_encode(uint8_t ret_prefix[CEPA_PACKET_PREFIX_SIZE], uint32_t epoch)
{
    ret_prefix[0] = CEPA_PACKET_VERSION;
    ret_prefix[1] = CEPA_PACKET_GEOMETRY;
    ret_prefix[2] = (uint8_t)epoch;
    ret_prefix[3] = 0;
}

int cepa_packet_prefix_decode(uint8_t *ret_epoch_byte,
                              const uint8_t prefix[CEPA_PACKET_PREFIX_SIZE])
{
    if (prefix[0] != CEPA_PACKET_VERSION || prefix[1] != CEPA_PACKET_GEOMETRY) {
        return CEPA_ERR_VERSION;
    }
    if (prefix[3] != 0) {
        return CEPA_ERR_MALFORMED;
    }
    *ret_epoch_byte = prefix[2];
    return 0;
}

static bool is_all_zeros(const uint8_t *bytes, size_t len)
{
    uint8_t any = 0;
    for (size_t i = 0; i < len; i++) {
        any |= bytes[i];
    }
    return any == 0;
}

int cepa_packet_command_check(const struct cepa_packet_command *command)
{
    const struct traits *traits = traits_of((unsigned)command->type);
    uint16_t delay_ms_max = traits->may_delay ? CEPA_PACKET_DELAY_MS_MAX : 0;
    bool is_mac_right =
        traits->has_payload_mac || is_all_zeros(command->payload_mac, sizeof command->payload_mac);
    if (!traits->is_known || command->delay_ms > delay_ms_max || !is_mac_right) {
        return CEPA_ERR_MALFORMED;
    }
    return 0;
}

void cepa_packet_command_encode(uint8_t *ret_bytes, const struct cepa_packet_command *command)
{
    struct cepa_writer writer;
    size_t len = 0;
    CEPA_ASSERT(cepa_packet_command_check(command) == 0);
    cepa_writer_init(&writer, ret_bytes, CEPA_PACKET_COMMAND_SIZE);
    cepa_writer_u8(&writer, (uint8_t)command->type);
    cepa_writer_u8(&writer, 0);
    cepa_writer_u16(&writer, command->delay_ms);
    cepa_writer_bytes(&writer, command->id, sizeof command->id);
    cepa_writer_bytes(&writer, command->payload_mac, sizeof command->payload_mac);
    CEPA_ASSERT(cepa_writer_end(&writer, &len) == 0 && len == CEPA_PACKET_COMMAND_SIZE);
}

int cepa_packet_command_decode(struct cepa_packet_command *ret_command, const uint8_t *bytes)
{
    struct cepa_packet_command command;
    struct cepa_reader reader;
    cepa_reader_init(&reader, bytes, CEPA_PACKET_COMMAND_SIZE);
    command.type = (enum cepa_packet_type)cepa_reader_u8(&reader);
    uint8_t flags = cepa_reader_u8(&reader);
    command.delay_ms = cepa_reader_u16(&reader);
    cepa_reader_bytes(&reader, command.id, sizeof command.id);
    cepa_reader_bytes(&reader, command.payload_mac, sizeof command.payload_mac);
    CEPA_ASSERT(cepa_reader_end(&reader) == 0);
    if (flags != 0 || cepa_packet_command_check(&command) != 0) {
        return CEPA_ERR_MALFORMED;
    }
    *ret_command = command;
    return 0;
}

void cepa_packet_slot_encode(uint8_t *ret_bytes, const struct cepa_packet_slot *slot)
{
    uint8_t *gamma = ret_bytes + CEPA_PACKET_COMMAND_SIZE;
    CEPA_ASSERT(cepa_packet_type_is_slot(slot->command.type));
    cepa_packet_command_encode(ret_bytes, &slot->command);
    memcpy(gamma, slot->gamma, CEPA_TAG_SIZE);
    memcpy(gamma + CEPA_TAG_SIZE, slot->alpha, CEPA_KEM_CIPHERTEXT_SIZE);
}

int cepa_packet_slot_decode(struct cepa_packet_slot *ret_slot, const uint8_t *bytes)
{
    struct cepa_packet_command command;
    if (cepa_packet_command_decode(&command, bytes) != 0 ||
        !cepa_packet_type_is_slot(command.type)) {
        return CEPA_ERR_MALFORMED;
    }
    ret_slot->command = command;
    ret_slot->gamma = bytes + CEPA_PACKET_COMMAND_SIZE;
    ret_slot->alpha = ret_slot->gamma + CEPA_TAG_SIZE;
    return 0;
}

void cepa_packet_final_encode(uint8_t *ret_bytes, const struct cepa_packet_final *final)
{
    CEPA_ASSERT(!cepa_packet_type_is_slot(final->command.type));
    cepa_packet_command_encode(ret_bytes, &final->command);
    memcpy(ret_bytes + CEPA_PACKET_COMMAND_SIZE, final->random, CEPA_PACKET_FINAL_RANDOM_SIZE);
}

int cepa_packet_final_decode(struct cepa_packet_final *ret_final, const uint8_t *bytes)
{
    struct cepa_packet_command command;
    if (cepa_packet_command_decode(&command, bytes) != 0 ||
        cepa_packet_type_is_slot(command.type)) {
        return CEPA_ERR_MALFORMED;
    }
    ret_final->command = command;
    ret_final->random = bytes + CEPA_PACKET_COMMAND_SIZE;
    return 0;
}
