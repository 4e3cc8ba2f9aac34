/* Places and prefixes: which are refused, which bytes a prefix keeps. */
#include "wire/reach.h"

#include <string.h>

#include "support/test.h"
#include "support/wire_records.h"

static int decode(struct cepa_reach *ret_reach, const uint8_t *bytes, size_t len)
{
    struct cepa_reader reader;
    cepa_reader_init(&reader, bytes, len);
    int error = cepa_reach_decode(ret_reach, &reader);
    return error != 0 ? error : cepa_reader_end(&reader);
}

TEST(places_come_back_and_are_whole)
{
    const struct cepa_reach reaches[] = {wire_ipv4(7), wire_ipv6(9)};
    const size_t lens[] = {7, 19};
    for (size_t i = 0; i < 2; i++) {
        uint8_t bytes[CEPA_REACH_SIZE_MAX];
        struct cepa_writer writer;
        struct cepa_reach reach;
        size_t len = 0;
        cepa_writer_init(&writer, bytes, sizeof bytes);
        cepa_reach_encode(&writer, &reaches[i]);
        CHECK_INT(cepa_writer_end(&writer, &len), 0);
        CHECK_INT(len, lens[i]);
        CHECK_INT(decode(&reach, bytes, len), 0);
        CHECK(reach.family == reaches[i].family && reach.port == reaches[i].port);
        CHECK_BYTES(reach.ip, reaches[i].ip, 16);
        for (size_t cut = 0; cut < len; cut++) {
            CHECK_INT(decode(&reach, bytes, cut), CEPA_ERR_MALFORMED);
        }
    }
}

TEST(places_where_nobody_is_are_refused)
{
    static const struct {
        uint8_t family;
        uint8_t ip[16];
        uint16_t port;
        bool is_valid;
    } cases[] = {
        {4, {127, 3, 0, 1}, 1, true},
        {4, {223, 255, 255, 254}, 65535, true},
        {4, {198, 18, 0, 1}, 0, false},
        {4, {0, 0, 0, 0}, 1, false},
        {4, {224, 0, 0, 1}, 1, false},
        {4, {255, 255, 255, 255}, 1, false},
        {4, {198, 18, 0, 1, 1}, 1, false},
        {6, {0}, 1, false},
        {6, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 1, true},
        {6, {0xff, 2}, 1, false},
        {6, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 198, 18, 0, 1}, 1, false},
        {0, {0}, 1, false},
        {5, {198, 18, 0, 1}, 1, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cepa_reach reach = {cases[i].family, {0}, cases[i].port};
        memcpy(reach.ip, cases[i].ip, 16);
        test_note("case %zu", i);
        CHECK(cepa_reach_is_valid(&reach) == cases[i].is_valid);
    }
}

TEST(a_prefix_keeps_two_or_four_bytes)
{
    struct cepa_prefix prefix;
    struct cepa_prefix other;
    struct cepa_reach reach = wire_ipv4(7);
    cepa_prefix_of(&prefix, &reach);
    CHECK_BYTES(&prefix, "\x04\xc6\x07\0\0", 5);
    reach.ip[2] = 99;
    cepa_prefix_of(&other, &reach);
    CHECK(cepa_prefix_is_equal(&prefix, &other));
    reach.ip[1] = 8;
    cepa_prefix_of(&other, &reach);
    CHECK(!cepa_prefix_is_equal(&prefix, &other));
    reach = wire_ipv6(9);
    cepa_prefix_of(&prefix, &reach);
    CHECK_BYTES(&prefix, "\x06\x20\x01\x0d\x09", 5);
    reach.family = CEPA_FAMILY_NONE;
    cepa_prefix_of(&prefix, &reach);
    CHECK_BYTES(&prefix, "\0\0\0\0\0", 5);
    CHECK(!cepa_prefix_is_equal(&prefix, &prefix));
}

TEST(prefixes_have_one_form)
{
    static const struct {
        uint8_t bytes[CEPA_PREFIX_SIZE];
        size_t len;
        int want;
    } cases[] = {
        {{4, 10, 1, 0, 0}, 5, 0},
        {{6, 1, 2, 3, 4}, 5, 0},
        {{0, 0, 0, 0, 0}, 5, 0},
        {{4, 10, 1, 1, 0}, 5, CEPA_ERR_MALFORMED},
        {{4, 10, 1, 0, 1}, 5, CEPA_ERR_MALFORMED},
        {{0, 0, 0, 0, 1}, 5, CEPA_ERR_MALFORMED},
        {{5, 0, 0, 0, 0}, 5, CEPA_ERR_MALFORMED},
        {{4, 10, 1, 0, 0}, 4, CEPA_ERR_MALFORMED},
        {{0}, 0, CEPA_ERR_MALFORMED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cepa_reader reader;
        struct cepa_prefix prefix;
        cepa_reader_init(&reader, cases[i].bytes, cases[i].len);
        CHECK_INT(cepa_prefix_decode(&prefix, &reader), cases[i].want);
        if (cases[i].want == 0) {
            uint8_t again[CEPA_PREFIX_SIZE];
            struct cepa_writer writer;
            cepa_writer_init(&writer, again, sizeof again);
            cepa_prefix_encode(&writer, &prefix);
            CHECK_BYTES(again, cases[i].bytes, sizeof again);
        }
    }
}

TEST(places_that_are_none_of_the_internet)
{
    static const struct {
        uint8_t family;
        uint8_t ip[16];
        bool is_private;
    } cases[] = {
        {4, {127, 0, 0, 1}, true},
        {4, {127, 255, 255, 255}, true},
        {4, {128, 0, 0, 1}, false},
        {4, {10, 255, 0, 1}, true},
        {4, {11, 0, 0, 1}, false},
        {4, {100, 63, 255, 255}, false},
        {4, {100, 64, 0, 0}, true},
        {4, {100, 127, 255, 255}, true},
        {4, {100, 128, 0, 0}, false},
        {4, {169, 254, 169, 254}, true},
        {4, {169, 253, 0, 1}, false},
        {4, {172, 15, 255, 255}, false},
        {4, {172, 16, 0, 0}, true},
        {4, {172, 31, 255, 255}, true},
        {4, {172, 32, 0, 0}, false},
        {4, {192, 168, 1, 1}, true},
        {4, {192, 167, 1, 1}, false},
        {4, {192, 0, 0, 8}, true},
        {4, {192, 0, 1, 8}, false},
        {4, {198, 17, 255, 255}, false},
        {4, {198, 18, 0, 0}, true},
        {4, {198, 19, 255, 255}, true},
        {4, {198, 20, 0, 0}, false},
        {4, {0, 1, 2, 3}, true},
        {4, {223, 255, 255, 255}, false},
        {4, {224, 0, 0, 1}, true},
        {4, {255, 255, 255, 255}, true},
        {6, {0x20, 1}, false},
        {6, {0x3f, 0xff}, false},
        {6, {0x1f, 0xff}, true},
        {6, {0x40}, true},
        {6, {0xfe, 0x80}, true},
        {6, {0xfd}, true},
        {6, {0}, true},
        {6, {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, true},
        {6, {0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, 10, 0, 0, 1}, true},
        {0, {1, 1, 1, 1}, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cepa_reach reach = {.family = cases[i].family, .port = 1};
        memcpy(reach.ip, cases[i].ip, sizeof reach.ip);
        CHECK_INT(cepa_reach_is_private(&reach), cases[i].is_private);
    }
}

TEST_MAIN(RUN(places_come_back_and_are_whole), RUN(places_where_nobody_is_are_refused),
          RUN(a_prefix_keeps_two_or_four_bytes), RUN(prefixes_have_one_form),
          RUN(places_that_are_none_of_the_internet))
