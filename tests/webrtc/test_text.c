/* Words, numbers and hexadecimal digits in text. */
#include <string.h>

#include "native/webrtc/text.h"
#include "support/test.h"

static struct cepa_text text_of(const char *text)
{
    return (struct cepa_text){text, strlen(text)};
}

TEST(words_are_taken_one_by_one)
{
    struct cepa_text text = text_of("one two  four");
    CHECK(cepa_text_is(cepa_text_take(&text, ' '), "one"));
    CHECK(cepa_text_is(cepa_text_take(&text, ' '), "two"));
    CHECK(cepa_text_is(cepa_text_take(&text, ' '), ""));
    CHECK(cepa_text_is(cepa_text_take(&text, ' '), "four"));
    CHECK_INT(text.len, 0);
    CHECK(cepa_text_is(cepa_text_take(&text, ' '), ""));
}

TEST(words_are_compared)
{
    CHECK(cepa_text_is(text_of("udp"), "udp") && !cepa_text_is(text_of("UDP"), "udp"));
    CHECK(!cepa_text_is(text_of("ud"), "udp") && !cepa_text_is(text_of("udpx"), "udp"));
    CHECK(cepa_text_is_any_case(text_of("uDp"), "UdP"));
    CHECK(!cepa_text_is_any_case(text_of("u@p"), "u`p"));
    CHECK(!cepa_text_is_any_case(text_of("ud"), "udp"));
    struct cepa_text text = text_of("a=mid:0");
    CHECK(!cepa_text_skip(&text, "a=midi") && !cepa_text_skip(&text, "a=mid:00"));
    CHECK(cepa_text_skip(&text, "a=mid:") && cepa_text_is(text, "0"));
}

TEST(an_array_ends_at_its_zero_or_its_end)
{
    static const char array[4] = {'a', 'b', '\0', 'c'};
    CHECK_INT(cepa_text_in(array, 4).len, 2);
    CHECK_INT(cepa_text_in(array, 2).len, 2);
    CHECK_INT(cepa_text_in(array, 1).len, 1);
}

TEST(numbers_are_digits)
{
    static const struct {
        const char *text;
        int result;
        uint32_t number;
    } cases[] = {{"0", 0, 0},
                 {"007", 0, 7},
                 {"1000", 0, 1000},
                 {"1001", 0, 1000},
                 {"18446744073709551615", 0, 1000},
                 {"99999999999999999999", 0, 1000},
                 {"000000000000000000001", CEPA_ERR_MALFORMED, 77},
                 {"", CEPA_ERR_MALFORMED, 77},
                 {"-1", CEPA_ERR_MALFORMED, 77},
                 {"+1", CEPA_ERR_MALFORMED, 77},
                 {" 1", CEPA_ERR_MALFORMED, 77},
                 {"1 ", CEPA_ERR_MALFORMED, 77},
                 {"0x1", CEPA_ERR_MALFORMED, 77},
                 {"1/2", CEPA_ERR_MALFORMED, 77},
                 {"1:", CEPA_ERR_MALFORMED, 77}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t number = 77;
        CHECK_INT(cepa_text_number(&number, text_of(cases[i].text), 1000), cases[i].result);
        CHECK_INT(number, cases[i].number);
    }
}

TEST(pairs_of_digits_are_bytes)
{
    static const struct {
        const char *pair;
        int result;
        uint8_t byte;
    } cases[] = {{"00", 0, 0},
                 {"9a", 0, 0x9a},
                 {"Ff", 0, 0xff},
                 {"0g", CEPA_ERR_MALFORMED, 77},
                 {"/0", CEPA_ERR_MALFORMED, 77},
                 {"0:", CEPA_ERR_MALFORMED, 77},
                 {"@0", CEPA_ERR_MALFORMED, 77},
                 {"`0", CEPA_ERR_MALFORMED, 77}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t byte = 77;
        CHECK_INT(cepa_text_hex(&byte, cases[i].pair), cases[i].result);
        CHECK_INT(byte, cases[i].byte);
    }
}

TEST_MAIN(RUN(words_are_taken_one_by_one), RUN(words_are_compared),
          RUN(an_array_ends_at_its_zero_or_its_end), RUN(numbers_are_digits),
          RUN(pairs_of_digits_are_bytes))
