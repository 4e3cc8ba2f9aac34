/* Layouts of the handshake: parts on both lengths of frames, parameters, the readable fields. */
#include <string.h>

#include "support/test.h"
#include "wire/handshake.h"

static uint8_t message[16384];
static uint8_t frame[CEPA_FRAME_SIZE];

TEST(parts_of_every_length)
{
    static const size_t frame_lens[] = {CEPA_FRAME_SIZE, CEPA_RELAYED_FRAME_SIZE};
    for (size_t i = 0; i < sizeof message; i++) {
        message[i] = (uint8_t)(i * 11 + 1);
    }
    for (unsigned f = 0; f < 2; f++) {
        for (size_t len = 1; len < 15000; len += 123) {
            unsigned count = cepa_handshake_part_count(len, frame_lens[f]);
            size_t sum = 0;
            for (unsigned i = 0; i < count; i++) {
                struct cepa_handshake_part part;
                cepa_handshake_part_encode(frame, frame_lens[f], CEPA_HANDSHAKE_FIRST, message, len,
                                           i);
                CHECK_INT(cepa_handshake_part_decode(&part, frame, frame_lens[f]), 0);
                CHECK(part.kind == CEPA_HANDSHAKE_FIRST && part.index == i && part.count == count);
                CHECK_INT(part.message_len, len);
                CHECK_BYTES(part.data, message + sum, part.data_len);
                sum += part.data_len;
            }
            CHECK_INT(sum, len);
        }
    }
}

TEST(bad_parts)
{
    struct cepa_handshake_part part;
    for (size_t at = 0; at < 8; at++) {
        for (unsigned value = 0; value < 256; value++) {
            cepa_handshake_part_encode(frame, CEPA_FRAME_SIZE, CEPA_HANDSHAKE_SECOND, message, 2000,
                                       0);
            bool is_good = value == frame[at] || (at == 0 && value >= 0x81 && value <= 0x85) ||
                           (at == 4 && value >= 4 && value <= 7) || at == 5;
            /* Those lengths have two parts as well. */
            frame[at] = (uint8_t)value;
            int error = cepa_handshake_part_decode(&part, frame, CEPA_FRAME_SIZE);
            CHECK_INT(error, is_good ? 0 : CEPA_ERR_MALFORMED);
        }
    }
    cepa_handshake_part_encode(frame, CEPA_FRAME_SIZE, CEPA_HANDSHAKE_SECOND, message, 10, 0);
    frame[18] = 1;
    CHECK_INT(cepa_handshake_part_decode(&part, frame, CEPA_FRAME_SIZE), CEPA_ERR_MALFORMED);
}

TEST(parameters)
{
    const struct cepa_link_parameters mine = {1, 3, 7, 3, 0x0ff0, 77, 32, 100};
    static const struct {
        uint8_t min, max, version;
        int error;
    } cases[] = {{1, 1, 1, 0}, {2, 9, 3, 0}, {3, 3, 3, 0}, {4, 9, 0, CEPA_ERR_VERSION}};
    uint8_t bytes[CEPA_LINK_PARAMETERS_SIZE];
    struct cepa_link_parameters got;
    cepa_link_parameters_encode(bytes, &mine);
    CHECK_INT(cepa_link_parameters_decode(&got, bytes), 0);
    CHECK(got.version_min == 1 && got.version_max == 3 && got.roles == 7 && got.shaper == 3);
    CHECK(got.features == 0x0ff0 && got.clock_ms == 77 && got.credit == 32);
    CHECK_INT(got.circuits_max, 100);
    for (size_t i = 0; i < 4; i++) {
        const struct cepa_link_parameters peer = {cases[i].min, cases[i].max, 1, 1, 0xff, 5, 40, 9};
        struct cepa_link_parameters agreed;
        CHECK_INT(cepa_link_parameters_agree(&agreed, &mine, &peer), cases[i].error);
        if (cases[i].error == 0) {
            CHECK_INT(agreed.version_max, cases[i].version);
            CHECK(agreed.features == 0xf0 && agreed.credit == 32 && agreed.circuits_max == 9);
            CHECK(agreed.roles == 1 && agreed.clock_ms == 5);
        }
    }
    static const struct {
        size_t at;
        uint8_t value;
    } bad[] = {{0, 0}, {0, 4}, {2, 8}, {18, 1}, {19, 1}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cepa_link_parameters_encode(bytes, &mine);
        bytes[bad[i].at] = bad[i].value;
        CHECK_INT(cepa_link_parameters_decode(&got, bytes), CEPA_ERR_MALFORMED);
    }
}

TEST(readable_fields)
{
    struct cepa_handshake_first first = {CEPA_LINK_VERSION, message, message + 100, message + 200,
                                         message + 2000};
    struct cepa_handshake_first got;
    static uint8_t bytes[CEPA_HANDSHAKE_FIRST_MAX + 1];
    cepa_handshake_first_encode(bytes, &first);
    CHECK_INT(cepa_handshake_first_decode(&got, bytes, CEPA_HANDSHAKE_FIRST_MIN), 0);
    CHECK_INT(cepa_handshake_first_decode(&got, bytes, CEPA_HANDSHAKE_FIRST_MAX), 0);
    CHECK_BYTES(got.network_hint, message, CEPA_LINK_HINT_SIZE);
    CHECK_BYTES(got.key_hint, message + 100, CEPA_LINK_HINT_SIZE);
    CHECK_BYTES(got.ciphertext, message + 200, CEPA_KEM_CIPHERTEXT_SIZE);
    CHECK_BYTES(got.public_key, message + 2000, CEPA_KEM_PUBLIC_KEY_SIZE);
    CHECK_INT(cepa_handshake_first_decode(&got, bytes, CEPA_HANDSHAKE_FIRST_MIN - 1),
              CEPA_ERR_LENGTH);
    CHECK_INT(cepa_handshake_first_decode(&got, bytes, CEPA_HANDSHAKE_FIRST_MAX + 1),
              CEPA_ERR_LENGTH);
    bytes[1] = 1;
    CHECK_INT(cepa_handshake_first_decode(&got, bytes, CEPA_HANDSHAKE_FIRST_MIN),
              CEPA_ERR_MALFORMED);
    bytes[0] = 2;
    CHECK_INT(cepa_handshake_first_decode(&got, bytes, CEPA_HANDSHAKE_FIRST_MIN), CEPA_ERR_VERSION);

    const uint8_t *hint;
    cepa_handshake_ask_encode(bytes, message);
    CHECK_INT(cepa_handshake_ask_decode(&hint, bytes, CEPA_HANDSHAKE_ASK_SIZE), 0);
    CHECK_BYTES(hint, message, CEPA_LINK_HINT_SIZE);
    CHECK_INT(cepa_handshake_ask_decode(&hint, bytes, CEPA_HANDSHAKE_ASK_SIZE - 1),
              CEPA_ERR_LENGTH);
    bytes[1] = 1;
    CHECK_INT(cepa_handshake_ask_decode(&hint, bytes, CEPA_HANDSHAKE_ASK_SIZE), CEPA_ERR_MALFORMED);
    bytes[0] = 0;
    CHECK_INT(cepa_handshake_ask_decode(&hint, bytes, CEPA_HANDSHAKE_ASK_SIZE), CEPA_ERR_VERSION);
}

TEST_MAIN(RUN(parts_of_every_length), RUN(bad_parts), RUN(parameters), RUN(readable_fields))
