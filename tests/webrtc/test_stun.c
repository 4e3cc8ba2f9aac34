/* STUN messages: the samples of RFC 5769, inverse encoding, and everything that is wrong refused.
 */
#include <string.h>

#include "native/webrtc/stun.h"
#include "support/test.h"

static const char sample_password[] = "VOkJxbRl1RmTxUk/WvJxBt";

/* @[RFC5769 2.1] */
static const uint8_t sample_request[108] =
    "\x00\x01\x00\x58\x21\x12\xa4\x42\xb7\xe7\xa7\x01\xbc\x34\xd6\x86\xfa\x87\xdf\xae"
    "\x80\x22\x00\x10STUN test client\x00\x24\x00\x04\x6e\x00\x01\xff"
    "\x80\x29\x00\x08\x93\x2f\xf9\xb1\x51\x26\x3b\x36\x00\x06\x00\x09"
    "evtj:h6vY\x20\x20\x20"
    "\x00\x08\x00\x14\x9a\xea\xa7\x0c\xbf\xd8\xcb\x56\x78\x1e\xf2\xb5\xb2\xd3\xf2\x49\xc1\xb5\x71"
    "\xa2\x80\x28\x00\x04\xe5\x7a\x3b\xcf";

/* @[RFC5769 2.2] */
static const uint8_t sample_response[80] =
    "\x01\x01\x00\x3c\x21\x12\xa4\x42\xb7\xe7\xa7\x01\xbc\x34\xd6\x86\xfa\x87\xdf\xae"
    "\x80\x22\x00\x0btest vector\x20\x00\x20\x00\x08\x00\x01\xa1\x47\xe1\x12\xa6\x43"
    "\x00\x08\x00\x14\x2b\x91\xf5\x99\xfd\x9e\x90\xc3\x8c\x74\x89\xf9\x2a\xf9\xba\x53\xf0\x6b\xe7"
    "\xd7\x80\x28\x00\x04\xc0\x7d\x4c\x96";

TEST(the_sample_request_is_read)
{
    struct cepa_stun_message message;
    CHECK(cepa_stun_is(sample_request, sizeof sample_request));
    CHECK_INT(cepa_stun_decode(&message, sample_request, sizeof sample_request), 0);
    CHECK_INT(message.class, CEPA_STUN_REQUEST);
    CHECK_INT(message.username_len, 9);
    CHECK_BYTES(message.username, "evtj:h6vY", 9);
    CHECK_INT(message.priority, 0x6e0001ff);
    CHECK_INT(message.role, CEPA_STUN_CONTROLLED);
    CHECK(message.tie_breaker == 0x932ff9b151263b36u);
    CHECK(message.has_fingerprint && !message.use_candidate);
    CHECK_INT(cepa_stun_verify(&message, sample_request, sample_password, 22), 0);
    CHECK_INT(cepa_stun_verify(&message, sample_request, sample_password, 21),
              CEPA_ERR_AUTHENTICATION);
}

TEST(the_sample_response_is_read)
{
    static const uint8_t ip[4] = {192, 0, 2, 1};
    struct cepa_stun_message message;
    CHECK_INT(cepa_stun_decode(&message, sample_response, sizeof sample_response), 0);
    CHECK_INT(message.class, CEPA_STUN_SUCCESS);
    CHECK_INT(message.mapped.family, CEPA_NET_ADDRESS_IPV4);
    CHECK_BYTES(message.mapped.ip, ip, sizeof ip);
    CHECK_INT(message.mapped.port, 32853);
    CHECK_INT(cepa_stun_verify(&message, sample_response, sample_password, 22), 0);
}

static size_t write_all(uint8_t *buffer, enum cepa_stun_class class, const char *mapped)
{
    static const struct cepa_stun_transaction transaction = {"0123456789a"};
    static const uint16_t unknown[] = {0x1234, 0x0007};
    struct cepa_net_address address;
    struct cepa_stun_writer writer;
    size_t len = 0;
    CHECK_INT(cepa_net_address_decode(&address, mapped, strlen(mapped)), 0);
    cepa_stun_begin(&writer, buffer, CEPA_STUN_MESSAGE_MAX, class, &transaction);
    cepa_stun_add_username(&writer, "remote:local", 12);
    cepa_stun_add_priority(&writer, 0x7effffff);
    cepa_stun_add_use_candidate(&writer);
    cepa_stun_add_role(&writer, CEPA_STUN_CONTROLLING, 0x0123456789abcdefu);
    cepa_stun_add_mapped(&writer, &address);
    cepa_stun_add_error(&writer, CEPA_STUN_ERROR_ROLE_CONFLICT, "Role Conflict");
    cepa_stun_add_unknown(&writer, unknown, 2);
    CHECK_INT(cepa_stun_end(&writer, &len, "password", 8), 0);
    return len;
}

TEST(what_was_written_is_read)
{
    static const char *const addresses[] = {"192.0.2.7:1", "[2001:db8::1:2]:65535", "[::1]:0"};
    for (unsigned class = 0; class < 4; class ++) {
        for (size_t i = 0; i < 3; i++) {
            uint8_t buffer[CEPA_STUN_MESSAGE_MAX];
            char text[CEPA_NET_ADDRESS_TEXT_SIZE];
            struct cepa_stun_message message;
            size_t len = write_all(buffer, (enum cepa_stun_class) class, addresses[i]);
            CHECK_INT(cepa_stun_decode(&message, buffer, len), 0);
            CHECK_INT(message.class, class);
            CHECK_BYTES(message.transaction.bytes, "0123456789a", 12);
            CHECK_BYTES(message.username, "remote:local", 12);
            CHECK_INT(message.priority, 0x7effffff);
            CHECK(message.use_candidate && message.has_fingerprint);
            CHECK_INT(message.role, CEPA_STUN_CONTROLLING);
            CHECK(message.tie_breaker == 0x0123456789abcdefu);
            CHECK_INT(message.error_code, 487);
            cepa_net_address_encode(text, &message.mapped);
            CHECK(strcmp(text, addresses[i]) == 0);
            CHECK_INT(cepa_stun_verify(&message, buffer, "password", 8), 0);
        }
    }
}

TEST(any_changed_bit_is_noticed)
{
    uint8_t buffer[CEPA_STUN_MESSAGE_MAX];
    size_t len = write_all(buffer, CEPA_STUN_REQUEST, "[2001:db8::1:2]:5000");
    for (size_t bit = 0; bit < 8 * len; bit++) {
        struct cepa_stun_message message;
        buffer[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        /* A fingerprint that became another attribute is one that is missing. */
        CHECK(cepa_stun_decode(&message, buffer, len) != 0 ||
              cepa_stun_verify(&message, buffer, "password", 8) != 0 || !message.has_fingerprint);
        buffer[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
}

TEST(cut_and_lengthened_messages_are_refused)
{
    uint8_t buffer[CEPA_STUN_MESSAGE_MAX + 4] = {0};
    struct cepa_stun_message message;
    size_t len = write_all(buffer, CEPA_STUN_REQUEST, "192.0.2.7:1");
    for (size_t cut = 0; cut < len; cut++) {
        CHECK(cepa_stun_decode(&message, buffer, cut) != 0);
    }
    CHECK_INT(cepa_stun_decode(&message, buffer, len + 4), CEPA_ERR_LENGTH);
}

TEST(a_message_without_integrity_is_not_verified)
{
    static const struct cepa_stun_transaction transaction = {{1}};
    uint8_t buffer[64];
    struct cepa_stun_writer writer;
    struct cepa_stun_message message;
    size_t len;
    cepa_stun_begin(&writer, buffer, sizeof buffer, CEPA_STUN_INDICATION, &transaction);
    CHECK_INT(cepa_stun_end(&writer, &len, NULL, 0), 0);
    CHECK_INT(cepa_stun_decode(&message, buffer, len), 0);
    CHECK_INT(cepa_stun_verify(&message, buffer, "", 0), CEPA_ERR_AUTHENTICATION);
}

TEST(what_does_not_fit_is_an_error)
{
    static const struct cepa_stun_transaction transaction = {{1}};
    uint8_t buffer[64];
    for (size_t capacity = 0; capacity < 60; capacity++) {
        struct cepa_stun_writer writer;
        size_t len = 77;
        cepa_stun_begin(&writer, buffer, capacity, CEPA_STUN_REQUEST, &transaction);
        cepa_stun_add_priority(&writer, 1);
        CHECK_INT(cepa_stun_end(&writer, &len, "x", 1), CEPA_ERR_TOO_LONG);
        CHECK_INT(len, 77);
    }
}

TEST(bad_attributes_are_refused)
{
    static const struct {
        uint16_t type;
        size_t len;
        uint8_t value[12];
        int error;
    } cases[] = {
        {0x0024, 3, {0}, CEPA_ERR_MALFORMED},
        {0x0024, 5, {0}, CEPA_ERR_MALFORMED},
        {0x0025, 1, {0}, CEPA_ERR_MALFORMED},
        {0x0020, 8, {0, 3}, CEPA_ERR_MALFORMED},
        {0x0020, 7, {0, 1}, CEPA_ERR_MALFORMED},
        {0x0020, 8, {0, 2}, CEPA_ERR_MALFORMED},
        {0x0009, 4, {0, 0, 2, 0}, CEPA_ERR_MALFORMED},
        {0x0009, 4, {0, 0, 4, 100}, CEPA_ERR_MALFORMED},
        {0x8029, 7, {0}, CEPA_ERR_MALFORMED},
        {0x0008, 12, {0}, CEPA_ERR_MALFORMED},
        {0x8028, 4, {0}, CEPA_ERR_MALFORMED},
        {0x0024, 4, {0}, 0},
        {0x9999, 12, {0}, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t buffer[64] = {0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42};
        struct cepa_stun_message message;
        size_t padded = (cases[i].len + 3) / 4 * 4;
        buffer[3] = (uint8_t)(4 + padded);
        buffer[20] = (uint8_t)(cases[i].type >> 8);
        buffer[21] = (uint8_t)cases[i].type;
        buffer[23] = (uint8_t)cases[i].len;
        memcpy(buffer + 24, cases[i].value, cases[i].len);
        CHECK_INT(cepa_stun_decode(&message, buffer, 24 + padded), cases[i].error);
    }
}

TEST(unknown_attributes_that_matter_are_named)
{
    uint8_t buffer[64] = {0, 1, 0, 12, 0x21, 0x12, 0xa4, 0x42};
    struct cepa_stun_message message;
    buffer[20] = 0x7f;
    buffer[24] = 0xc0;
    buffer[25] = 0x57;
    buffer[28] = 0x00;
    buffer[29] = 0x33;
    CHECK_INT(cepa_stun_decode(&message, buffer, 32), 0);
    CHECK_INT(message.unknown_len, 2);
    CHECK_INT(message.unknown[0], 0x7f00);
    CHECK_INT(message.unknown[1], 0x0033);
}

TEST_MAIN(RUN(the_sample_request_is_read), RUN(the_sample_response_is_read),
          RUN(what_was_written_is_read), RUN(any_changed_bit_is_noticed),
          RUN(cut_and_lengthened_messages_are_refused),
          RUN(a_message_without_integrity_is_not_verified), RUN(what_does_not_fit_is_an_error),
          RUN(bad_attributes_are_refused), RUN(unknown_attributes_that_matter_are_named))
