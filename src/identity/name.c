/* Names. @[SPEC 14.2] */
#include "identity/name.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

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

/* Whether a text begins with "cepa1" or "cepa:", as addresses, cards and invitations do. */
static bool is_like_address(const char *text, size_t text_len)
{
    static const char word[] = "cepa";
    size_t at = 0;
    while (at < 4 && at < text_len && (text[at] | 0x20) == word[at]) {
        at++;
    }
    return at == 4 && text_len > 4 && (text[4] == '1' || text[4] == ':');
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

int cepa_name_read(struct cepa_name *ret_name, const char *text, size_t text_len)
{
    if (text_len > CEPA_NAME_MAX) {
        return CEPA_ERR_TOO_LONG;
    }
    if (text_len == 0 || text[0] == ' ' || text[0] == '-' || text[text_len - 1] == ' ' ||
        is_like_address(text, text_len) || !cepa_text_is_plain(text, text_len)) {
        return CEPA_ERR_MALFORMED;
    }
    memset(ret_name, 0, sizeof *ret_name);
    memcpy(ret_name->text, text, text_len);
    return 0;
}
