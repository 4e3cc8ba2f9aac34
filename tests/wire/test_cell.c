/* Cell messages: encode and decode are inverse, and what does not fit is refused. */
#include <string.h>

#include "support/test.h"
#include "wire/cell.h"

static uint8_t body[CEPA_CELL_BODY_SIZE];
static uint8_t data[CEPA_CELL_DATA_MAX + 1];

TEST(what_was_encoded_is_decoded)
{
    for (size_t i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)(i * 7 + 1);
    }
    for (size_t len = 0; len <= CEPA_CELL_DATA_MAX; len += len < 4 || len >= 1029 ? 1 : 41) {
        for (unsigned command = 0; command < CEPA_CELL_COMMANDS; command++) {
            const struct cepa_cell_message in = {(enum cepa_cell_command)command, data, len};
            struct cepa_cell_message out;
            memset(body, 0xa5, sizeof body);
            CHECK_INT(cepa_cell_message_encode(body, &in), 0);
            CHECK_INT(cepa_cell_message_decode(&out, body), 0);
            CHECK_INT(out.command, command);
            CHECK_INT(out.data_len, len);
            CHECK_BYTES(out.data, data, len);
            for (size_t i = CEPA_CELL_MESSAGE_HEADER_SIZE + len; i < sizeof body; i++) {
                CHECK(body[i] == 0);
            }
        }
    }
}

TEST(a_message_may_stand_in_its_body_already)
{
    memset(body, 0xa5, sizeof body);
    const struct cepa_cell_message in = {CEPA_CELL_DATA, body + CEPA_CELL_MESSAGE_HEADER_SIZE, 9};
    CHECK_INT(cepa_cell_message_encode(body, &in), 0);
    CHECK(body[CEPA_CELL_MESSAGE_HEADER_SIZE + 8] == 0xa5);
    CHECK(body[CEPA_CELL_MESSAGE_HEADER_SIZE + 9] == 0);
}

TEST(too_much_data_is_refused)
{
    const struct cepa_cell_message in = {CEPA_CELL_DATA, data, CEPA_CELL_DATA_MAX + 1};
    memset(body, 0xa5, sizeof body);
    CHECK_INT(cepa_cell_message_encode(body, &in), CEPA_ERR_TOO_LONG);
    CHECK(body[0] == 0xa5);
}

TEST(bad_bodies_are_refused)
{
    static const struct {
        size_t at;
        uint8_t value;
        int error;
    } cases[] = {
        {0, 1, CEPA_ERR_AUTHENTICATION},
        {15, 0x80, CEPA_ERR_AUTHENTICATION},
        {16, CEPA_CELL_COMMANDS, CEPA_ERR_MALFORMED},
        {16, 255, CEPA_ERR_MALFORMED},
        {17, 1, CEPA_ERR_MALFORMED},
        {18, 4, CEPA_ERR_MALFORMED}, /* 1,024 + 13 bytes */
        {18, 255, CEPA_ERR_MALFORMED},
        {CEPA_CELL_MESSAGE_HEADER_SIZE + 13, 1, CEPA_ERR_MALFORMED}, /* behind the data */
        {CEPA_CELL_BODY_SIZE - 1, 0x80, CEPA_ERR_MALFORMED},
        {19, 12, CEPA_ERR_MALFORMED}, /* a shorter length leaves a byte of the data behind it */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct cepa_cell_message in = {CEPA_CELL_DATA, data, 13};
        struct cepa_cell_message out = {CEPA_CELL_PADDING, NULL, 77};
        CHECK_INT(cepa_cell_message_encode(body, &in), 0);
        body[cases[i].at] = cases[i].value;
        CHECK_INT(cepa_cell_message_decode(&out, body), cases[i].error);
        CHECK_INT(out.data_len, 77);
    }
}

TEST(commands_have_their_senders)
{
    static const struct {
        enum cepa_cell_command command;
        bool is_from_origin;
        bool is_from_hop;
    } cases[] = {
        {CEPA_CELL_PADDING, true, true},       {CEPA_CELL_DATA, true, true},
        {CEPA_CELL_CONFIRM, false, true},      {CEPA_CELL_RENEW_OFFER, true, false},
        {CEPA_CELL_RENEW_ANSWER, false, true}, {CEPA_CELL_PACKET_PART, true, false},
        {CEPA_CELL_BROKEN, false, true},
    };
    CHECK_INT(sizeof cases / sizeof cases[0], CEPA_CELL_COMMANDS);
    for (size_t i = 0; i < CEPA_CELL_COMMANDS; i++) {
        CHECK_INT(cepa_cell_command_is_from_origin(cases[i].command), cases[i].is_from_origin);
        CHECK_INT(cepa_cell_command_is_from_hop(cases[i].command), cases[i].is_from_hop);
    }
}

TEST_MAIN(RUN(commands_have_their_senders), RUN(what_was_encoded_is_decoded),
          RUN(a_message_may_stand_in_its_body_already), RUN(too_much_data_is_refused),
          RUN(bad_bodies_are_refused))
