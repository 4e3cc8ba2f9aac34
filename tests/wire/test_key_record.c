/* Key records: one encoding; day, epoch and leaf must fit. */
#include "wire/key_record.h"

#include <stdbool.h>

#include "support/test.h"
#include "support/wire_records.h"

static uint8_t bytes[CEPA_KEY_RECORD_SIZE + 1];

static int decode_of(struct cepa_key_record record)
{
    struct cepa_key_record got;
    uint8_t again[CEPA_KEY_RECORD_SIZE];
    cepa_key_record_encode(bytes, &record);
    int error = cepa_key_record_decode(&got, bytes, CEPA_KEY_RECORD_SIZE);
    if (error == 0) {
        cepa_key_record_encode(again, &got);
        CHECK_BYTES(again, bytes, sizeof again);
        CHECK_INT(got.epoch.number, record.epoch.number);
    }
    return error;
}

TEST(own_leaves_and_spares_come_back)
{
    for (uint32_t epoch = 480000; epoch < 480024; epoch++) {
        for (uint8_t leaf = 0; leaf < 40; leaf++) {
            bool is_good = leaf == epoch % 24 || (leaf >= 24 && leaf < 32);
            CHECK_INT(decode_of(wire_key_record(leaf, epoch)), is_good ? 0 : CEPA_ERR_MALFORMED);
        }
    }
}

TEST(another_day_is_refused)
{
    struct cepa_key_record record = wire_key_record(24, 480000);
    record.day.number++;
    CHECK_INT(decode_of(record), CEPA_ERR_MALFORMED);
    record.day.number -= 2;
    CHECK_INT(decode_of(record), CEPA_ERR_MALFORMED);
}

TEST(lengths_and_reserved_bytes_are_checked)
{
    struct cepa_key_record record = wire_key_record(24, 480000);
    struct cepa_key_record got;
    CHECK_INT(decode_of(record), 0);
    for (size_t len = 0; len <= sizeof bytes; len++) {
        int want = len == CEPA_KEY_RECORD_SIZE ? 0 : CEPA_ERR_LENGTH;
        CHECK_INT(cepa_key_record_decode(&got, bytes, len), want);
    }
    bytes[0] = 2;
    CHECK_INT(cepa_key_record_decode(&got, bytes, CEPA_KEY_RECORD_SIZE), CEPA_ERR_VERSION);
    bytes[0] = 1;
    for (size_t i = 2; i < 4; i++) {
        bytes[i] = 1;
        CHECK_INT(cepa_key_record_decode(&got, bytes, CEPA_KEY_RECORD_SIZE), CEPA_ERR_MALFORMED);
        bytes[i] = 0;
    }
}

TEST_MAIN(RUN(own_leaves_and_spares_come_back), RUN(another_day_is_refused),
          RUN(lengths_and_reserved_bytes_are_checked))
