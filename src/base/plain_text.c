/* Text from others. @[SPEC 14.2] */
#include "base/plain_text.h"

#include <stdint.h>

/* Takes one character off a text of UTF-8: its number of bytes, 0 if it is none. */
static size_t take_character(uint32_t *ret_character, const uint8_t *text, size_t text_len)
{
    static const uint32_t least[4] = {0, 0x80, 0x800, 0x10000};
    uint8_t first = text[0];
    size_t more = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    uint32_t character = more == 0 ? first : first & (0x3fU >> more);
    if ((first >= 0x80 && first < 0xc0) || first >= 0xf8 || more >= text_len) {
        return 0;
    }
    for (size_t i = 1; i <= more; i++) {
        if ((text[i] & 0xc0) != 0x80) {
            return 0;
        }
        character = (character << 6) | (text[i] & 0x3f);
    }
    if (character < least[more] || character > 0x10ffff ||
        (character >= 0xd800 && character < 0xe000)) {
        return 0;
    }
    *ret_character = character;
    return more + 1;
}

/* Whether a character can be seen, and leaves the text around it as it is. */
static bool is_plain(uint32_t c)
{
    return c >= 0x20 && (c < 0x7f || c > 0x9f) && c != 0x200b && c != 0x200e && c != 0x200f &&
           (c < 0x2028 || c > 0x202e) && (c < 0x2060 || c > 0x206f) && c != 0xfeff;
}

bool cepa_text_is_utf8(const char *text, size_t text_len)
{
    uint32_t character = 0;
    for (size_t at = 0; at < text_len;) {
        size_t len = take_character(&character, (const uint8_t *)text + at, text_len - at);
        if (len == 0) {
            return false;
        }
        at += len;
    }
    return true;
}

bool cepa_text_is_plain(const char *text, size_t text_len)
{
    uint32_t character = 0;
    for (size_t at = 0; at < text_len;) {
        size_t len = take_character(&character, (const uint8_t *)text + at, text_len - at);
        if (len == 0 || !is_plain(character)) {
            return false;
        }
        at += len;
    }
    return true;
}
