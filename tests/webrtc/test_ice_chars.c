/* ICE's characters as six bits each: against base64's own examples, there and back. */
#include <string.h>

#include "native/webrtc/ice_chars.h"
#include "support/test.h"

/* "foobar" and its beginnings. @[RFC4648 10] */
TEST(packing_is_base64_without_padding)
{
    static const struct {
        const char *chars;
        const char *bytes;
        size_t bytes_len;
    } cases[] = {{"", "", 0},
                 {"Zm9v", "foo", 3},
                 {"Zm9vYg", "foob\0", 5},
                 {"Zm8", "fo\0", 3},
                 {"Zm9vYmFy", "foobar", 6},
                 {"Zm9vYmE", "fooba\0", 6},
                 {"++//", "\xfb\xef\xff", 3}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t bytes[16];
        char chars[16];
        size_t len = strlen(cases[i].chars);
        CHECK_INT(CEPA_ICE_CHARS_PACKED(len), cases[i].bytes_len);
        memset(bytes, 77, sizeof bytes);
        cepa_ice_chars_pack(bytes, cases[i].chars, len);
        CHECK_BYTES(bytes, cases[i].bytes, cases[i].bytes_len);
        CHECK_INT(bytes[cases[i].bytes_len], 77);
        cepa_ice_chars_unpack(chars, len, bytes);
        CHECK(strcmp(chars, cases[i].chars) == 0);
    }
}

TEST(just_64_characters_are_allowed)
{
    static const char all[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned allowed = 0;
    for (unsigned c = 0; c < 256; c++) {
        const char chars[3] = {'A', (char)c, 'B'};
        CHECK_INT(cepa_ice_chars_are(chars, 3), c != 0 && strchr(all, (int)c) != NULL);
        allowed += cepa_ice_chars_are(chars, 3);
    }
    CHECK_INT(allowed, 64);
    for (unsigned i = 0; i < 64; i++) {
        uint8_t byte;
        cepa_ice_chars_pack(&byte, &all[i], 1);
        CHECK_INT(byte, i << 2);
    }
    CHECK(cepa_ice_chars_are("", 0));
}

TEST_MAIN(RUN(packing_is_base64_without_padding), RUN(just_64_characters_are_allowed))
