/* Addresses as text and as host names: what was written is read, and slips are found. */
#include "identity/address.h"

#include <stdio.h>
#include <string.h>

#include "support/random.h"
#include "support/test.h"

static struct test_random chance = {14};

static struct cepa_address make_address(void)
{
    struct cepa_address address;
    test_random_bytes(&chance, address.bytes, sizeof address.bytes);
    return address;
}

static int read_text(struct cepa_address_slips *ret_slips, const char *text)
{
    struct cepa_address address;
    memset(&address, 0x77, sizeof address);
    int status = cepa_address_read(&address, ret_slips, text, strlen(text));
    if (status != 0) {
        CHECK_INT(address.bytes[0], 0x77);
        CHECK_INT(address.bytes[47], 0x77);
    }
    return status;
}

static void to_upper(char *text)
{
    for (; *text != '\0'; text++) {
        *text = *text >= 'a' && *text <= 'z' ? (char)(*text - 'a' + 'A') : *text;
    }
}

/* Puts another symbol in the place of one. */
static void slip(char *text, size_t at)
{
    static const char alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    char before = text[at];
    while (text[at] == before) {
        text[at] = alphabet[test_random_below(&chance, 32)];
    }
}

TEST(what_is_written_is_read)
{
    for (unsigned i = 0; i < 200; i++) {
        struct cepa_address address = make_address();
        struct cepa_address again;
        struct cepa_address_slips slips = {{9, 9}, 9};
        char text[CEPA_ADDRESS_TEXT_SIZE];
        cepa_address_write(text, &address);
        CHECK_INT(strlen(text), CEPA_ADDRESS_TEXT_LEN);
        CHECK(strncmp(text, "cepa1q", 6) == 0);
        CHECK_INT(cepa_address_read(&again, &slips, text, strlen(text)), 0);
        CHECK_INT(slips.len, 0);
        CHECK_BYTES(again.bytes, address.bytes, sizeof again.bytes);
        to_upper(text);
        memset(&again, 0, sizeof again);
        CHECK_INT(cepa_address_read(&again, NULL, text, strlen(text)), 0);
        CHECK_BYTES(again.bytes, address.bytes, sizeof again.bytes);
    }
}

TEST(one_slip_is_found_at_every_place)
{
    for (size_t at = CEPA_ADDRESS_PREFIX_LEN; at < CEPA_ADDRESS_TEXT_LEN; at++) {
        struct cepa_address address = make_address();
        struct cepa_address_slips slips;
        char text[CEPA_ADDRESS_TEXT_SIZE];
        cepa_address_write(text, &address);
        slip(text, at);
        CHECK_INT(read_text(&slips, text), CEPA_ERR_AUTHENTICATION);
        CHECK_INT(slips.len, 1);
        CHECK_INT(slips.positions[0], at);
        text[at] = "bio1 -\n"[at % 7];
        CHECK_INT(read_text(&slips, text), CEPA_ERR_AUTHENTICATION);
        CHECK_INT(slips.len, 1);
        CHECK_INT(slips.positions[0], at);
    }
}

TEST(two_slips_are_found)
{
    for (unsigned i = 0; i < 1000; i++) {
        struct cepa_address address = make_address();
        struct cepa_address_slips slips;
        char text[CEPA_ADDRESS_TEXT_SIZE];
        size_t first =
            CEPA_ADDRESS_PREFIX_LEN + (size_t)test_random_below(&chance, CEPA_ADDRESS_SYMBOLS - 1);
        size_t second =
            first + 1 + (size_t)test_random_below(&chance, CEPA_ADDRESS_TEXT_LEN - first - 1);
        cepa_address_write(text, &address);
        slip(text, first);
        slip(text, second);
        if (i % 3 == 1) {
            text[i % 2 ? first : second] = 'b';
        } else if (i % 3 == 2) {
            text[first] = 'o';
            text[second] = '\xff';
        }
        CHECK_INT(read_text(&slips, text), CEPA_ERR_AUTHENTICATION);
        CHECK_INT(slips.len, 2);
        CHECK_INT(slips.positions[0], first);
        CHECK_INT(slips.positions[1], second);
    }
}

TEST(more_slips_are_refused)
{
    unsigned without_place = 0;
    for (unsigned i = 0; i < 300; i++) {
        struct cepa_address address = make_address();
        struct cepa_address_slips slips;
        char text[CEPA_ADDRESS_TEXT_SIZE];
        cepa_address_write(text, &address);
        for (size_t k = 0; k < 4; k++) {
            slip(text, CEPA_ADDRESS_PREFIX_LEN + 20 * k + i % 20);
        }
        CHECK_INT(read_text(&slips, text), CEPA_ERR_AUTHENTICATION);
        CHECK(slips.len != 1); /* four are never one */
        without_place += slips.len == 0;
        text[40] = 'b';
        CHECK_INT(read_text(&slips, text), CEPA_ERR_AUTHENTICATION);
        CHECK(slips.len > 0);
    }
    CHECK(without_place > 250);
}

TEST(what_is_no_address_is_refused)
{
    struct cepa_address address = make_address();
    struct cepa_address_slips slips;
    char good[CEPA_ADDRESS_TEXT_SIZE];
    char text[CEPA_ADDRESS_TEXT_SIZE + 1];
    cepa_address_write(good, &address);
    static const char *const others[] = {"",
                                         "c",
                                         "cepa",
                                         "bob",
                                         "cepa:AQxx",
                                         "1cepa1",
                                         "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        CHECK_INT(read_text(&slips, others[i]), CEPA_ERR_MALFORMED);
        CHECK_INT(slips.len, 0);
    }
    for (size_t len = CEPA_ADDRESS_PREFIX_LEN; len < CEPA_ADDRESS_TEXT_LEN; len++) {
        CHECK_INT(cepa_address_read(&address, &slips, good, len), CEPA_ERR_LENGTH);
    }
    snprintf(text, sizeof text, "%sq", good);
    CHECK_INT(read_text(&slips, text), CEPA_ERR_LENGTH);
    for (size_t at = 0; at < CEPA_ADDRESS_PREFIX_LEN; at++) {
        memcpy(text, good, sizeof good);
        text[at] = 'x';
        CHECK_INT(read_text(&slips, text), CEPA_ERR_MALFORMED);
        CHECK_INT(slips.len, 1);
        CHECK_INT(slips.positions[0], at);
    }
    memcpy(text, good, sizeof good);
    to_upper(text + 50);
    size_t other = 50;
    while (text[other] < 'A') {
        other++;
    }
    CHECK_INT(read_text(&slips, text), CEPA_ERR_MALFORMED);
    CHECK_INT(slips.len, 1);
    CHECK_INT(slips.positions[0], other);
}

TEST(later_versions_and_other_bits_are_known)
{
    struct cepa_address_slips slips;
    /* Of the bytes 0, 1, 2 and so on; made by another implementation. */
    static const char version_1[] =
        "cepa1pqqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc0jqgfzyvjz2f389q5j52ev95hz7jqpwyz";
    static const char short_version_2[] = "cepa1zqqqsyqcyq5rqazux5q";
    static const char bit[] =
        "cepa1qqqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc0jqgfzyvjz2f389q5j52ev95hzlunee5f";
    CHECK_INT(read_text(&slips, version_1), CEPA_ERR_VERSION);
    CHECK_INT(read_text(&slips, short_version_2), CEPA_ERR_VERSION);
    CHECK_INT(read_text(&slips, bit), CEPA_ERR_MALFORMED);
}

static int read_host(struct cepa_address *ret_address, struct cepa_address_slips *ret_slips,
                     const char *host)
{
    return cepa_address_read_host(ret_address, ret_slips, host, strlen(host));
}

TEST(host_names_are_read)
{
    for (unsigned i = 0; i < 50; i++) {
        struct cepa_address address = make_address();
        struct cepa_address again;
        struct cepa_address_slips slips;
        char host[CEPA_ADDRESS_HOST_SIZE + 1];
        cepa_address_write_host(host, &address);
        CHECK_INT(strlen(host), CEPA_ADDRESS_HOST_LEN);
        CHECK_INT(strcspn(host, "."), 63);
        CHECK_INT(read_host(&again, &slips, host), 0);
        CHECK_BYTES(again.bytes, address.bytes, sizeof again.bytes);
        to_upper(host + i);
        memcpy(host + CEPA_ADDRESS_HOST_LEN, ".", 2);
        memset(&again, 0, sizeof again);
        CHECK_INT(read_host(&again, NULL, host), 0);
        CHECK_BYTES(again.bytes, address.bytes, sizeof again.bytes);
    }
}

TEST(bad_host_names_are_refused)
{
    static const char *const others[] = {"", ".", "cepa", "example.org", "example.onion."};
    struct cepa_address address = make_address();
    struct cepa_address_slips slips;
    char host[CEPA_ADDRESS_HOST_SIZE + 1];
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        CHECK_INT(read_host(&address, &slips, others[i]), CEPA_ERR_MALFORMED);
    }
    CHECK_INT(read_host(&address, &slips, ".cepa"), CEPA_ERR_LENGTH);
    CHECK_INT(read_host(&address, &slips, "bob.cepa"), CEPA_ERR_LENGTH);
    cepa_address_write_host(host, &address);
    host[63] = 'q';
    CHECK_INT(read_host(&address, &slips, host), CEPA_ERR_MALFORMED);
    CHECK_INT(slips.len, 1);
    CHECK_INT(slips.positions[0], 63);
    host[63] = '.';
    slip(host, 3);
    slip(host, 80);
    CHECK_INT(read_host(&address, &slips, host), CEPA_ERR_AUTHENTICATION);
    CHECK_INT(slips.len, 2);
    CHECK_INT(slips.positions[0], 3);
    CHECK_INT(slips.positions[1], 80);
}

TEST_MAIN(RUN(what_is_written_is_read), RUN(one_slip_is_found_at_every_place),
          RUN(two_slips_are_found), RUN(more_slips_are_refused), RUN(what_is_no_address_is_refused),
          RUN(later_versions_and_other_bits_are_known), RUN(host_names_are_read),
          RUN(bad_host_names_are_refused))
