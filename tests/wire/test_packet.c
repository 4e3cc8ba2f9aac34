/* Prefix, command, slot and final block: the traits of every type, every bad field, round trips. */
#include "wire/packet.h"

#include <string.h>

#include "support/random.h"
#include "support/test.h"

/* The table of the specification, written out once more. @[SPEC 4.2] */
static const struct {
    uint8_t type;
    bool is_slot, has_payload_mac, may_delay, is_from_circuit;
} want_traits[] = {
    {CEPA_PACKET_FORWARD, true, true, true, false},
    {CEPA_PACKET_CREATE, true, true, false, false},
    {CEPA_PACKET_EXTEND, true, true, false, true},
    {CEPA_PACKET_REPLY, true, false, true, false},
    {CEPA_PACKET_DELIVER, false, true, false, false},
    {CEPA_PACKET_CREATE_LAST, false, true, false, false},
    {CEPA_PACKET_REPLY_LAST, false, false, false, false},
    {CEPA_PACKET_DROP, false, true, false, false},
};
enum { TYPES = sizeof want_traits / sizeof want_traits[0] };

/* A command of a type with everything in it that the type allows. */
static struct cepa_packet_command command_of(uint8_t type)
{
    struct cepa_packet_command command;
    memset(&command, 0, sizeof command);
    command.type = (enum cepa_packet_type)type;
    memset(command.id, 0xa7, sizeof command.id);
    if (cepa_packet_type_has_payload_mac(command.type)) {
        memset(command.payload_mac, 0x5c, sizeof command.payload_mac);
    }
    if (cepa_packet_type_may_delay(command.type)) {
        command.delay_ms = 0x1234;
    }
    return command;
}

TEST(types_have_the_traits_of_the_specification)
{
    for (int i = 0; i < TYPES; i++) {
        enum cepa_packet_type type = (enum cepa_packet_type)want_traits[i].type;
        CHECK_INT(type, i + 1);
        CHECK(cepa_packet_type_is_known((uint8_t)type));
        CHECK(cepa_packet_type_is_slot(type) == want_traits[i].is_slot);
        CHECK(cepa_packet_type_has_payload_mac(type) == want_traits[i].has_payload_mac);
        CHECK(cepa_packet_type_may_delay(type) == want_traits[i].may_delay);
        CHECK(cepa_packet_type_is_from_circuit(type) == want_traits[i].is_from_circuit);
    }
    for (int type = 0; type < 256; type++) {
        CHECK(cepa_packet_type_is_known((uint8_t)type) == (type >= 1 && type <= TYPES));
    }
}

TEST(a_prefix_holds_version_geometry_and_the_low_byte_of_the_epoch)
{
    uint8_t prefix[CEPA_PACKET_PREFIX_SIZE];
    uint8_t epoch = 0;
    cepa_packet_prefix_encode(prefix, 0x12345678);
    CHECK_BYTES(prefix, "\x01\x01\x78\x00", sizeof prefix);
    CHECK_INT(cepa_packet_prefix_decode(&epoch, prefix), 0);
    CHECK_INT(epoch, 0x78);
}

TEST(every_other_prefix_is_refused)
{
    for (int at = 0; at < CEPA_PACKET_PREFIX_SIZE; at++) {
        for (int value = 0; value < 256; value++) {
            uint8_t prefix[CEPA_PACKET_PREFIX_SIZE] = {1, 1, 9, 0};
            uint8_t epoch = 77;
            int want = value == prefix[at] || at == 2 ? 0
                       : at == 3                      ? CEPA_ERR_MALFORMED
                                                      : CEPA_ERR_VERSION;
            prefix[at] = (uint8_t)value;
            CHECK_INT(cepa_packet_prefix_decode(&epoch, prefix), want);
            CHECK_INT(epoch, want == 0 ? prefix[2] : 77);
        }
    }
}

TEST(a_command_has_its_fields_at_their_offsets)
{
    struct cepa_packet_command command = command_of(CEPA_PACKET_FORWARD);
    uint8_t bytes[CEPA_PACKET_COMMAND_SIZE];
    cepa_packet_command_encode(bytes, &command);
    CHECK_BYTES(bytes, "\x01\x00\x12\x34", 4);
    CHECK_BYTES(bytes + 4, command.id, sizeof command.id);
    CHECK_BYTES(bytes + 36, command.payload_mac, sizeof command.payload_mac);
}

TEST(commands_of_every_type_survive_the_round_trip)
{
    for (int i = 0; i < TYPES; i++) {
        struct cepa_packet_command command = command_of(want_traits[i].type);
        struct cepa_packet_command got;
        uint8_t bytes[CEPA_PACKET_COMMAND_SIZE];
        memset(&got, 0, sizeof got);
        cepa_packet_command_encode(bytes, &command);
        CHECK_INT(cepa_packet_command_decode(&got, bytes), 0);
        CHECK(got.type == command.type && got.delay_ms == command.delay_ms);
        CHECK_BYTES(got.id, command.id, sizeof command.id);
        CHECK_BYTES(got.payload_mac, command.payload_mac, sizeof command.payload_mac);
    }
}

/* Decoding `bytes` must fail and leave its result alone. */
static void check_malformed(const uint8_t *bytes)
{
    struct cepa_packet_command got;
    struct cepa_packet_command before;
    memset(&got, 0x99, sizeof got);
    before = got;
    CHECK_INT(cepa_packet_command_decode(&got, bytes), CEPA_ERR_MALFORMED);
    CHECK_BYTES(&got, &before, sizeof got);
}

TEST(unknown_types_are_malformed)
{
    struct cepa_packet_command command = command_of(CEPA_PACKET_DELIVER);
    uint8_t bytes[CEPA_PACKET_FINAL_SIZE] = {0};
    struct cepa_packet_final final;
    cepa_packet_command_encode(bytes, &command);
    for (int type = 0; type < 256; type++) {
        bytes[0] = (uint8_t)type;
        if (type == 0 || type > TYPES) {
            check_malformed(bytes);
        }
    }
    /* Also where everything but the type is right for a type without a payload MAC. */
    memset(bytes + 36, 0, CEPA_PACKET_PAYLOAD_MAC_SIZE);
    for (int type = 0; type < 256; type++) {
        bytes[0] = (uint8_t)type;
        if (type == 0 || type > TYPES) {
            check_malformed(bytes);
            CHECK_INT(cepa_packet_final_decode(&final, bytes), CEPA_ERR_MALFORMED);
        }
    }
}

TEST(flags_are_malformed)
{
    for (int i = 0; i < TYPES; i++) {
        struct cepa_packet_command command = command_of(want_traits[i].type);
        uint8_t bytes[CEPA_PACKET_COMMAND_SIZE];
        cepa_packet_command_encode(bytes, &command);
        for (int flags = 1; flags < 256; flags++) {
            bytes[1] = (uint8_t)flags;
            check_malformed(bytes);
        }
    }
}

TEST(delays_above_ten_seconds_or_where_there_is_none_are_malformed)
{
    for (int i = 0; i < TYPES; i++) {
        struct cepa_packet_command command = command_of(want_traits[i].type);
        uint8_t bytes[CEPA_PACKET_COMMAND_SIZE];
        cepa_packet_command_encode(bytes, &command);
        for (uint32_t delay_ms = 0; delay_ms <= UINT16_MAX; delay_ms++) {
            struct cepa_packet_command got;
            uint32_t max = want_traits[i].may_delay ? 10000 : 0;
            bytes[2] = (uint8_t)(delay_ms >> 8);
            bytes[3] = (uint8_t)delay_ms;
            CHECK_INT(cepa_packet_command_decode(&got, bytes),
                      delay_ms <= max ? 0 : CEPA_ERR_MALFORMED);
        }
    }
}

TEST(a_payload_mac_where_there_is_none_is_malformed)
{
    for (int i = 0; i < TYPES; i++) {
        struct cepa_packet_command command = command_of(want_traits[i].type);
        uint8_t bytes[CEPA_PACKET_COMMAND_SIZE];
        if (want_traits[i].has_payload_mac) {
            continue;
        }
        for (size_t at = 36; at < sizeof bytes; at++) {
            cepa_packet_command_encode(bytes, &command);
            bytes[at] = 0x80;
            check_malformed(bytes);
        }
    }
}

TEST(slots_and_final_blocks_take_their_own_types_only)
{
    uint8_t random[CEPA_PACKET_SLOT_SIZE];
    struct test_random seed = {1};
    test_random_bytes(&seed, random, sizeof random);
    for (int i = 0; i < TYPES; i++) {
        struct cepa_packet_slot slot;
        struct cepa_packet_final final;
        uint8_t bytes[CEPA_PACKET_SLOT_SIZE];
        struct cepa_packet_command command = command_of(want_traits[i].type);
        bool is_slot = want_traits[i].is_slot;
        memcpy(bytes, random, sizeof bytes);
        cepa_packet_command_encode(bytes, &command);
        CHECK_INT(cepa_packet_slot_decode(&slot, bytes), is_slot ? 0 : CEPA_ERR_MALFORMED);
        CHECK_INT(cepa_packet_final_decode(&final, bytes), is_slot ? CEPA_ERR_MALFORMED : 0);
        if (is_slot) {
            uint8_t again[CEPA_PACKET_SLOT_SIZE];
            CHECK(slot.gamma == bytes + 48 && slot.alpha == bytes + 64);
            cepa_packet_slot_encode(again, &slot);
            CHECK_BYTES(again, bytes, sizeof again);
        } else {
            uint8_t again[CEPA_PACKET_FINAL_SIZE];
            CHECK(final.random == bytes + 48);
            cepa_packet_final_encode(again, &final);
            CHECK_BYTES(again, bytes, sizeof again);
        }
        bytes[1] = 1;
        CHECK_INT(cepa_packet_slot_decode(&slot, bytes), CEPA_ERR_MALFORMED);
        CHECK_INT(cepa_packet_final_decode(&final, bytes), CEPA_ERR_MALFORMED);
    }
}

TEST_MAIN(RUN(types_have_the_traits_of_the_specification),
          RUN(a_prefix_holds_version_geometry_and_the_low_byte_of_the_epoch),
          RUN(every_other_prefix_is_refused), RUN(a_command_has_its_fields_at_their_offsets),
          RUN(commands_of_every_type_survive_the_round_trip), RUN(unknown_types_are_malformed),
          RUN(flags_are_malformed),
          RUN(delays_above_ten_seconds_or_where_there_is_none_are_malformed),
          RUN(a_payload_mac_where_there_is_none_is_malformed),
          RUN(slots_and_final_blocks_take_their_own_types_only))
