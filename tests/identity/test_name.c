/* Names: what may stand in a list, and what may not. */
#include "identity/name.h"

#include <stdint.h>
#include <string.h>

#include "support/test.h"

static int read_text(struct cepa_name *ret_name, const char *text)
{
    return cepa_name_read(ret_name, text, strlen(text));
}

TEST(names_are_taken)
{
    static const char *const names[] = {
        "a",       "Bob",  "Zoë",  "مریم",   "家",  "👩‍👩‍👧 home",
        "me@work", "../x", "cepa", "cepa 1", "a-b", "\xf4\x8f\xbf\xbf"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct cepa_name name;
        CHECK_INT(read_text(&name, names[i]), 0);
        CHECK(strcmp(name.text, names[i]) == 0);
    }
}

TEST(what_is_no_name_is_refused)
{
    static const char *const texts[] = {
        "", " ", " a", "a ", "-a", "a\nb", "a\tb", "\x1b[31m", "\x7f", "a\xc2\x85z", "cepa1",
        "CEPA1xyz", "Cepa:AQ",
        /* no UTF-8: cut, overlong, a surrogate, beyond the end, a stray byte */
        "a\xc3", "\xe2\x82", "\xc0\xaf", "\xe0\x80\xaf", "\xf0\x80\x80\xaf", "\xed\xa0\x80",
        "\xf4\x90\x80\x80", "\x80", "\xff", "\xf8\x88\x80\x80\x80", "\xc3z"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct cepa_name name = {"as it was"};
        CHECK_INT(read_text(&name, texts[i]), CEPA_ERR_MALFORMED);
        CHECK(strcmp(name.text, "as it was") == 0);
    }
}

/* Characters that nobody sees, or that turn what stands around them. */
TEST(hidden_characters_are_refused)
{
    static const uint16_t hidden[] = {0x200b, 0x200e, 0x200f, 0x2028, 0x202a, 0x202e,
                                      0x2060, 0x2066, 0x2069, 0x206f, 0xfeff};
    for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++) {
        struct cepa_name name;
        const char text[4] = {(char)(0xe0 | (hidden[i] >> 12)),
                              (char)(0x80 | ((hidden[i] >> 6) & 0x3f)),
                              (char)(0x80 | (hidden[i] & 0x3f)), 'z'};
        CHECK_INT(cepa_name_read(&name, text, sizeof text), CEPA_ERR_MALFORMED);
    }
}

TEST(names_have_64_bytes_at_most)
{
    struct cepa_name name;
    char text[CEPA_NAME_MAX + 1];
    memset(text, 'x', sizeof text);
    CHECK_INT(cepa_name_read(&name, text, CEPA_NAME_MAX), 0);
    CHECK_INT(strlen(name.text), CEPA_NAME_MAX);
    CHECK_INT(cepa_name_read(&name, text, CEPA_NAME_MAX + 1), CEPA_ERR_TOO_LONG);
    CHECK_INT(cepa_name_read(&name, "a\0b", 3), CEPA_ERR_MALFORMED);
}

TEST_MAIN(RUN(names_are_taken), RUN(what_is_no_name_is_refused), RUN(hidden_characters_are_refused),
          RUN(names_have_64_bytes_at_most))
