/* Text from others: what is UTF-8, and what may stand in a line. */
#include "base/plain_text.h"

#include <string.h>

#include "support/test.h"

TEST(utf8_is_known)
{
    static const char *const texts[] = {"",
                                        "a",
                                        "line\nline\t\x1b",
                                        "\x7f",
                                        "Zoë",
                                        "مریم",
                                        "\xe2\x80\x8f",
                                        "\xef\xbb\xbf",
                                        "家",
                                        "👩‍👩‍👧",
                                        "\xed\x9f\xbf",
                                        "\xee\x80\x80",
                                        "\xc2\x80",
                                        "\xf4\x8f\xbf\xbf"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        CHECK(cepa_text_is_utf8(texts[i], strlen(texts[i])));
    }
    CHECK(cepa_text_is_utf8("a\0b", 3));
    CHECK(cepa_text_is_utf8(NULL, 0));
    CHECK(cepa_text_is_plain(NULL, 0));
}

/* Cut, overlong, a surrogate, beyond the end, a stray byte; whatever stands before it. */
TEST(what_is_no_utf8_is_refused)
{
    static const char *const texts[] = {"\xc3",         "\xe2\x82",     "\xf0\x9f\x91",
                                        "\xc0\xaf",     "\xe0\x80\xaf", "\xf0\x80\x80\xaf",
                                        "\xed\xa0\x80", "\xed\xbf\xbf", "\xf4\x90\x80\x80",
                                        "\x80",         "\xff",         "\xf8\x88\x80\x80\x80",
                                        "\xc3z"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char text[16] = "家";
        memcpy(text + strlen(text), texts[i], strlen(texts[i]));
        CHECK(!cepa_text_is_utf8(texts[i], strlen(texts[i])));
        CHECK(!cepa_text_is_utf8(text, strlen(text)));
        CHECK(!cepa_text_is_plain(text, strlen(text)));
    }
}

TEST(what_changes_the_text_around_it_is_not_plain)
{
    static const char *const plain[] = {
        " ", "a b", "~", "\xc2\xa0", "مریم", "👩‍👩‍👧 home", "../x"};
    static const char *const other[] = {
        "a\nb",         "\t",           "\x1b[31m",     "\x7f",         "a\xc2\x85z",
        "\xe2\x80\x8b", "\xe2\x80\x8e", "\xe2\x80\x8f", "\xe2\x80\xa8", "\xe2\x80\xac",
        "\xe2\x81\xa0", "\xe2\x81\xaf", "\xef\xbb\xbf"};
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        CHECK(cepa_text_is_plain(plain[i], strlen(plain[i])));
    }
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++) {
        CHECK(!cepa_text_is_plain(other[i], strlen(other[i])));
        CHECK(cepa_text_is_utf8(other[i], strlen(other[i])));
    }
    CHECK(!cepa_text_is_plain("a\0b", 3));
}

TEST_MAIN(RUN(utf8_is_known), RUN(what_is_no_utf8_is_refused),
          RUN(what_changes_the_text_around_it_is_not_plain))
