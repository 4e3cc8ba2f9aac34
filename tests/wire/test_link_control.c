/* CONTROL frames: records are read as they were written, and nothing else is accepted. */
#include "wire/link_control.h"

#include <string.h>

#include "support/test.h"

enum { LEN = CEPA_RELAYED_BODY_SIZE };

static uint8_t body[LEN];
static const uint8_t bytes[32] = {1, 2, 3};
static const struct cepa_link_control_record records[] = {
    {.type = CEPA_LINK_CONTROL_CREDIT, .id = 9, .granted = 64, .sent = 0xfffffff0},
    {.type = CEPA_LINK_CONTROL_CLOSED, .id = 0x80000001, .reason = 7},
    {.type = CEPA_LINK_CONTROL_PING},
    {.type = CEPA_LINK_CONTROL_CHALLENGE, .bytes = bytes},
    {.type = CEPA_LINK_CONTROL_PROOF, .bytes = bytes},
    {.type = CEPA_LINK_CONTROL_MOVE, .id = 3, .counter = UINT64_MAX, .is_drained = 1},
    {.type = CEPA_LINK_CONTROL_MOVED, .id = 3, .counter = 5},
    {.type = CEPA_LINK_CONTROL_GOODBYE, .reason = 1},
};
static const struct cepa_link_control_header header = {100, 99, 12345};

TEST(records_are_read_as_written)
{
    struct cepa_link_control_header got_header;
    struct cepa_link_control_record got;
    struct cepa_writer writer;
    struct cepa_reader reader;
    cepa_link_control_begin(&writer, body, LEN, &header);
    for (size_t i = 0; i < sizeof records / sizeof records[0]; i++) {
        CHECK_INT(cepa_link_control_append(&writer, &records[i]), 0);
    }
    cepa_link_control_finish(&writer);
    CHECK_INT(cepa_link_control_decode(&got_header, &reader, body, LEN), 0);
    CHECK(got_header.next == 100 && got_header.received == 99 && got_header.delay_us == 12345);
    for (size_t i = 0; i < sizeof records / sizeof records[0]; i++) {
        const struct cepa_link_control_record *want = &records[i];
        CHECK_INT(cepa_link_control_next(&got, &reader), 1);
        CHECK(got.type == want->type && got.id == want->id && got.granted == want->granted);
        CHECK(got.sent == want->sent && got.reason == want->reason);
        CHECK(got.counter == want->counter && got.is_drained == want->is_drained);
        CHECK((got.bytes == NULL) == (want->bytes == NULL));
        CHECK(got.bytes == NULL ||
              memcmp(got.bytes, bytes, got.type == CEPA_LINK_CONTROL_PROOF ? 32 : 16) == 0);
    }
    CHECK_INT(cepa_link_control_next(&got, &reader), 0);
    body[LEN - 1] = 1;
    CHECK_INT(cepa_link_control_decode(&got_header, &reader, body, LEN), 0);
    int result;
    while ((result = cepa_link_control_next(&got, &reader)) > 0) {
    }
    CHECK_INT(result, CEPA_ERR_MALFORMED);
}

TEST(a_full_frame_takes_no_more)
{
    struct cepa_writer writer;
    unsigned count = 0;
    cepa_link_control_begin(&writer, body, LEN, &header);
    while (cepa_link_control_append(&writer, &records[0]) == 0) {
        count++;
    }
    CHECK_INT(count, (LEN - CEPA_LINK_CONTROL_HEADER_SIZE) / 13);
    size_t len = writer.len;
    CHECK_INT(cepa_link_control_append(&writer, &records[4]), CEPA_ERR_FULL);
    CHECK_INT(writer.len, len);
    cepa_link_control_finish(&writer);
    CHECK_INT(writer.len, LEN);
}

TEST(bad_headers_and_records_are_malformed)
{
    struct cepa_link_control_header got_header;
    struct cepa_link_control_record got;
    struct cepa_reader reader;
    struct cepa_writer writer;
    const struct cepa_link_control_header more = {5, 6, 0};
    cepa_link_control_begin(&writer, body, LEN, &more);
    cepa_link_control_finish(&writer);
    CHECK_INT(cepa_link_control_decode(&got_header, &reader, body, LEN), CEPA_ERR_MALFORMED);
    cepa_link_control_begin(&writer, body, LEN, &header);
    cepa_link_control_finish(&writer);
    CHECK_INT(cepa_link_control_decode(&got_header, &reader, body, 20), CEPA_ERR_MALFORMED);
    for (unsigned type = 9; type < 256; type++) {
        body[CEPA_LINK_CONTROL_HEADER_SIZE] = (uint8_t)type;
        CHECK_INT(cepa_link_control_decode(&got_header, &reader, body, LEN), 0);
        CHECK_INT(cepa_link_control_next(&got, &reader), CEPA_ERR_MALFORMED);
    }
    for (unsigned i = 0; i < 8; i++) {
        /* Cut at its last byte. */
        cepa_link_control_begin(&writer, body, LEN, &header);
        CHECK_INT(cepa_link_control_append(&writer, &records[i]), 0);
        CHECK_INT(cepa_link_control_decode(&got_header, &reader, body, writer.len - 1), 0);
        CHECK_INT(cepa_link_control_next(&got, &reader),
                  records[i].type == CEPA_LINK_CONTROL_PING ? 0 : CEPA_ERR_MALFORMED);
    }
    body[0] = 0;
    CHECK_INT(cepa_link_control_decode(&got_header, &reader, body, LEN), CEPA_ERR_MALFORMED);
}

TEST_MAIN(RUN(records_are_read_as_written), RUN(a_full_frame_takes_no_more),
          RUN(bad_headers_and_records_are_malformed))
