/* Contents of knocks, terms, and the parts over circuits that have met. @[SPEC 16.1] @[SPEC 16.2]
 */
#include "wire/session_start.h"

#include <string.h>

#include "support/random.h"
#include "support/test.h"

static uint8_t fresh[CEPA_KEM_PUBLIC_KEY_SIZE];
static uint8_t inner[CEPA_KNOCK_INNER_SIZE];
static uint8_t message[CEPA_START_SIZE];
static uint8_t parts[CEPA_START_PARTS][CEPA_CELL_DATA_MAX];

enum { AFTER_KEY = CEPA_KEM_PUBLIC_KEY_SIZE + 32 + 32 }; /* where the time stands */

static void make(struct cepa_knock *ret_knock)
{
    struct test_random random = {9};
    memset(ret_knock, 0, sizeof *ret_knock);
    test_random_bytes(&random, fresh, sizeof fresh);
    test_random_bytes(&random, ret_knock->relay, sizeof ret_knock->relay);
    test_random_bytes(&random, ret_knock->cookie, sizeof ret_knock->cookie);
    ret_knock->time.unix_ms = 5 * CEPA_KNOCK_TIME_STEP_MS;
    ret_knock->paths_max = CEPA_SESSION_PATHS_SAID_MAX;
    ret_knock->greeting_len = CEPA_KNOCK_GREETING_MAX;
    memset(ret_knock->greeting, 'x', sizeof ret_knock->greeting);
}

TEST(knocks_come_back)
{
    struct cepa_knock knock;
    struct cepa_knock again;
    const uint8_t *key;
    make(&knock);
    cepa_knock_encode(inner, &knock, fresh);
    CHECK_INT(cepa_knock_decode(&again, &key, inner), 0);
    CHECK_BYTES(&again, &knock, sizeof knock);
    CHECK_BYTES(key, fresh, sizeof fresh);
    knock.time.unix_ms += CEPA_KNOCK_TIME_STEP_MS - 1; /* which nobody is to see */
    cepa_knock_encode(inner, &knock, fresh);
    CHECK_INT(cepa_knock_decode(&again, &key, inner), 0);
    CHECK_INT(again.time.unix_ms, 5 * CEPA_KNOCK_TIME_STEP_MS);
}

TEST(knocks_out_of_range_are_malformed)
{
    static const struct {
        size_t at;
        uint8_t value;
    } cases[] = {{AFTER_KEY + 7, 1},   {AFTER_KEY + 8, 2},    {AFTER_KEY + 8, 0x80},
                 {AFTER_KEY + 9, 0},   {AFTER_KEY + 9, 17},   {AFTER_KEY + 10, 201},
                 {AFTER_KEY + 10, 0},  {AFTER_KEY + 10, 255}, /* zeros behind the greeting */
                 {sizeof inner - 1, 1}};
    struct cepa_knock knock;
    struct cepa_knock again;
    const uint8_t *key;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        make(&knock);
        cepa_knock_encode(inner, &knock, fresh);
        inner[cases[i].at] = cases[i].value;
        CHECK_INT(cepa_knock_decode(&again, &key, inner), CEPA_ERR_MALFORMED);
    }
}

TEST(terms_come_back_or_are_refused)
{
    static const struct {
        uint8_t bytes[4];
        int want;
    } cases[] = {{{1, 0, 1, 0}, 0},
                 {{1, 1, 16, 0}, 0},
                 {{2, 0, 1, 0}, CEPA_ERR_VERSION},
                 {{1, 2, 1, 0}, CEPA_ERR_MALFORMED},
                 {{1, 0, 0, 0}, CEPA_ERR_MALFORMED},
                 {{1, 0, 17, 0}, CEPA_ERR_MALFORMED},
                 {{1, 0, 1, 1}, CEPA_ERR_MALFORMED}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cepa_session_terms terms = {9, 9};
        uint8_t again[4];
        CHECK_INT(cepa_session_terms_decode(&terms, cases[i].bytes, 4), cases[i].want);
        if (cases[i].want == 0) {
            cepa_session_terms_encode(again, sizeof again, &terms);
            CHECK_BYTES(again, cases[i].bytes, sizeof again);
        } else {
            CHECK_INT(terms.paths_max, 9);
        }
    }
}

static void cut(enum cepa_start_kind kind)
{
    struct test_random random = {10};
    test_random_bytes(&random, message, sizeof message);
    for (size_t i = 0; i < CEPA_START_PARTS; i++) {
        cepa_start_part_encode(parts[i], kind, (uint8_t)i, message);
        CHECK(cepa_start_is_part(parts[i]));
    }
}

TEST(parts_make_a_whole_in_any_order)
{
    uint8_t whole_message[CEPA_START_SIZE];
    struct cepa_start_whole whole;
    bool is_whole;
    for (unsigned first = 0; first < 2; first++) {
        cut(first == 0 ? CEPA_START_ANSWER : CEPA_START_RESUME);
        memset(&whole, 0, sizeof whole);
        CHECK_INT(cepa_start_whole_add(&whole, whole_message, &is_whole, parts[first]), 0);
        CHECK(!is_whole);
        CHECK_INT(cepa_start_whole_add(&whole, whole_message, &is_whole, parts[first]), 0);
        CHECK(!is_whole);
        CHECK_INT(cepa_start_whole_add(&whole, whole_message, &is_whole, parts[1 - first]), 0);
        CHECK(is_whole);
        CHECK_BYTES(whole_message, message, sizeof message);
    }
    cut(CEPA_START_ANSWER); /* half of one kind and half of the other are no whole */
    memset(&whole, 0, sizeof whole);
    CHECK_INT(cepa_start_whole_add(&whole, whole_message, &is_whole, parts[0]), 0);
    cut(CEPA_START_RESUME);
    CHECK_INT(cepa_start_whole_add(&whole, whole_message, &is_whole, parts[1]), 0);
    CHECK(!is_whole);
}

TEST(bad_parts_are_malformed)
{
    static const struct {
        size_t at;
        uint8_t value;
    } cases[] = {{0, 0x82}, {0, 0x00}, {0, 0x01}, {1, 2}, {2, 1}, {7, 1}};
    struct cepa_start_whole whole;
    uint8_t whole_message[CEPA_START_SIZE];
    bool is_whole;
    memset(&whole, 0, sizeof whole);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cut(CEPA_START_ANSWER);
        parts[1][cases[i].at] = cases[i].value;
        CHECK_INT(cepa_start_whole_add(&whole, whole_message, &is_whole, parts[1]),
                  CEPA_ERR_MALFORMED);
        CHECK_INT(whole.got, 0);
    }
    memset(parts[0], 0x7f, sizeof parts[0]);
    CHECK(!cepa_start_is_part(parts[0]));
}

TEST_MAIN(RUN(knocks_come_back), RUN(knocks_out_of_range_are_malformed),
          RUN(terms_come_back_or_are_refused), RUN(parts_make_a_whole_in_any_order),
          RUN(bad_parts_are_malformed))
