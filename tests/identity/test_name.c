/* Names: what may stand in a list, and what may not. */
#include "identity/name.h"

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
        "", " ", " a", "a ", "-a", "a\nb", "a\tb", "\x1b[31m", "\x7f", "a\xc2\x85z",
        "a\xe2\x80\x8bz",
        "\xe2\x80\xae"
        "txt.exe",
        "\xe2\x81\xa6z",
        "\xef\xbb\xbf"
        "a",
        "\xe2\x80\xa8z",
        /* no UTF-8: cut, overlong, a surrogate, beyond the end, a stray byte */
        "a\xc3", "\xe2\x82", "\xc0\xaf", "\xe0\x80\xaf", "\xf0\x80\x80\xaf", "\xed\xa0\x80",
        "\xf4\x90\x80\x80", "\x80", "\xff", "\xf8\x88\x80\x80\x80", "\xc3z", "cepa1", "CEPA1xyz",
        "Cepa:AQ"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct cepa_name name = {"as it was"};
        CHECK_INT(read_text(&name, texts[i]), CEPA_ERR_MALFORMED);
        CHECK(strcmp(name.text, "as it was") == 0);
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

TEST_MAIN(RUN(names_are_taken), RUN(what_is_no_name_is_refused), RUN(names_have_64_bytes_at_most))
