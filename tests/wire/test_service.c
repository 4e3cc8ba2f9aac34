/* Requests and answers in parts. */
#include "wire/service.h"

#include <string.h>

#include "support/test.h"

static const uint8_t tag[CEPA_SERVICE_TAG_SIZE] = {1, 2, 3, 4};

TEST(a_body_is_cut_and_put_together_in_any_order)
{
    static const size_t lens[] = {
        0, 1, CEPA_SERVICE_PART_MAX, CEPA_SERVICE_PART_MAX + 1, 16384, CEPA_SERVICE_BODY_MAX};
    static uint8_t body[CEPA_SERVICE_BODY_MAX], got[CEPA_SERVICE_BODY_MAX];
    for (size_t i = 0; i < sizeof body; i++) {
        body[i] = (uint8_t)(i * 7 + i / 251);
    }
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        struct cepa_service_whole whole = {0};
        uint8_t parts = cepa_service_parts(lens[i]);
        bool is_whole = false;
        memset(got, 0, sizeof got);
        for (uint8_t j = parts; j-- > 0;) {
            uint8_t data[CEPA_CELL_DATA_MAX];
            struct cepa_service_part part;
            size_t len = cepa_service_request(data, 8, tag, j, body, lens[i]);
            CHECK(!is_whole);
            CHECK_INT(cepa_service_read_request(&part, data, len), 0);
            CHECK_INT(part.service, 8);
            CHECK_BYTES(part.tag, tag, sizeof tag);
            CHECK_INT(cepa_service_whole_add(&whole, got, &is_whole, &part), 0);
            len = cepa_service_answer(data, CEPA_SERVICE_KNOCK, tag, j, body, lens[i]);
            CHECK_INT(cepa_service_read_answer(&part, data, len), 0);
            CHECK_INT(part.service, CEPA_SERVICE_KNOCK);
        }
        CHECK(is_whole);
        CHECK_INT(whole.len, lens[i]);
        CHECK_BYTES(got, body, lens[i]);
    }
}

TEST(what_does_not_fit_is_refused)
{
    static const struct {
        uint8_t part, parts;
        size_t len;
        int error;
    } cases[] = {
        {0, 1, CEPA_SERVICE_HEADER_SIZE - 1, CEPA_ERR_LENGTH},
        {0, 1, CEPA_CELL_DATA_MAX + 1, CEPA_ERR_LENGTH},
        {0, 0, CEPA_SERVICE_HEADER_SIZE, CEPA_ERR_MALFORMED},
        {1, 1, CEPA_SERVICE_HEADER_SIZE, CEPA_ERR_MALFORMED},
        {0, CEPA_SERVICE_PARTS_MAX + 1, CEPA_CELL_DATA_MAX, CEPA_ERR_MALFORMED},
        {0, 2, CEPA_CELL_DATA_MAX - 1, CEPA_ERR_MALFORMED}, /* only the last is shorter */
        {0, 2, CEPA_CELL_DATA_MAX, 0},
        {1, 2, CEPA_SERVICE_HEADER_SIZE, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t data[CEPA_CELL_DATA_MAX + 1] = {5, 1, 2, 3, 4, cases[i].part, cases[i].parts};
        struct cepa_service_part part;
        CHECK_INT(cepa_service_read_request(&part, data, cases[i].len), cases[i].error);
        CHECK_INT(cepa_service_read_answer(&part, data, cases[i].len), cases[i].error);
    }
}

TEST(parts_of_another_cut_are_refused_and_second_ones_ignored)
{
    static uint8_t body[CEPA_SERVICE_BODY_MAX];
    static const uint8_t bytes[CEPA_SERVICE_PART_MAX] = {9};
    static const uint8_t others[CEPA_SERVICE_PART_MAX] = {8};
    struct cepa_service_whole whole = {0};
    struct cepa_service_part part = {.parts = 2, .bytes = bytes, .bytes_len = sizeof bytes};
    bool is_whole = true;
    CHECK_INT(cepa_service_whole_add(&whole, body, &is_whole, &part), 0);
    CHECK(!is_whole);
    part.bytes = others;
    CHECK_INT(cepa_service_whole_add(&whole, body, &is_whole, &part), 0);
    CHECK(!is_whole && body[0] == 9);
    part.parts = 3;
    CHECK_INT(cepa_service_whole_add(&whole, body, &is_whole, &part), CEPA_ERR_MALFORMED);
}

TEST_MAIN(RUN(a_body_is_cut_and_put_together_in_any_order), RUN(what_does_not_fit_is_refused),
          RUN(parts_of_another_cut_are_refused_and_second_ones_ignored))
