/* The bytes of LAN discovery, written down by hand from the specification. */
#include <string.h>

#include "native/net/lan_message.h"
#include "support/test.h"

static struct cepa_lan_message message_of(enum cepa_lan_kind kind)
{
    struct cepa_lan_message message;
    memset(&message, 0, sizeof message);
    message.kind = kind;
    memset(&message.network, 0x11, sizeof message.network);
    if (kind == CEPA_LAN_HERE) {
        message.port = 0x1234;
        memset(&message.dtls, 0x22, sizeof message.dtls);
        memset(&message.node, 0x33, sizeof message.node);
        memset(&message.secret, 0x44, sizeof message.secret);
    }
    return message;
}

TEST(messages_have_the_bytes_of_the_specification)
{
    uint8_t want[CEPA_LAN_HERE_SIZE];
    uint8_t bytes[CEPA_LAN_MESSAGE_MAX];
    struct cepa_lan_message message = message_of(CEPA_LAN_HERE);
    want[0] = 1;
    want[1] = 2;
    memset(want + 2, 0x11, 32);
    want[34] = 0x12;
    want[35] = 0x34;
    memset(want + 36, 0x22, 32);
    memset(want + 68, 0x33, 32);
    memset(want + 100, 0x44, 16);
    CHECK_INT(cepa_lan_message_encode(bytes, &message), 116);
    CHECK_BYTES(bytes, want, sizeof want);
    message = message_of(CEPA_LAN_ASK);
    want[1] = 1;
    CHECK_INT(cepa_lan_message_encode(bytes, &message), 34);
    CHECK_BYTES(bytes, want, 34);
}

TEST(what_is_written_is_read)
{
    for (int kind = CEPA_LAN_ASK; kind <= CEPA_LAN_HERE; kind++) {
        uint8_t bytes[CEPA_LAN_MESSAGE_MAX];
        struct cepa_lan_message message = message_of((enum cepa_lan_kind)kind);
        struct cepa_lan_message read;
        memset(&read, 0xff, sizeof read);
        size_t len = cepa_lan_message_encode(bytes, &message);
        CHECK_INT(cepa_lan_message_decode(&read, bytes, len), 0);
        CHECK_INT(read.kind, message.kind);
        CHECK_INT(read.port, message.port);
        CHECK_BYTES(&read.network, &message.network, sizeof read.network);
        CHECK_BYTES(&read.dtls, &message.dtls, sizeof read.dtls);
        CHECK_BYTES(&read.node, &message.node, sizeof read.node);
        CHECK_BYTES(&read.secret, &message.secret, sizeof read.secret);
    }
}

TEST(anything_else_is_refused)
{
    uint8_t bytes[CEPA_LAN_MESSAGE_MAX + 2] = {0};
    struct cepa_lan_message message = message_of(CEPA_LAN_HERE);
    struct cepa_lan_message read;
    (void)cepa_lan_message_encode(bytes, &message);
    for (size_t len = 0; len <= sizeof bytes; len++) {
        if (len != CEPA_LAN_HERE_SIZE) { /* 34 bytes of a HERE are no ASK */
            CHECK_INT(cepa_lan_message_decode(&read, bytes, len), CEPA_ERR_LENGTH);
        }
    }
    bytes[34] = bytes[35] = 0;
    CHECK_INT(cepa_lan_message_decode(&read, bytes, CEPA_LAN_HERE_SIZE), CEPA_ERR_MALFORMED);
    bytes[34] = 1;
    bytes[1] = CEPA_LAN_ASK; /* an ASK of this length */
    CHECK_INT(cepa_lan_message_decode(&read, bytes, CEPA_LAN_HERE_SIZE), CEPA_ERR_LENGTH);
    for (unsigned kind = 0; kind < 256; kind += 3) {
        bytes[1] = (uint8_t)kind;
        CHECK_INT(cepa_lan_message_decode(&read, bytes, CEPA_LAN_HERE_SIZE), CEPA_ERR_MALFORMED);
    }
    bytes[0] = 2;
    CHECK_INT(cepa_lan_message_decode(&read, bytes, CEPA_LAN_HERE_SIZE), CEPA_ERR_VERSION);
}

TEST_MAIN(RUN(messages_have_the_bytes_of_the_specification), RUN(what_is_written_is_read),
          RUN(anything_else_is_refused))
