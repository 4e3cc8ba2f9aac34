/* Index records: 176 bytes, one encoding, every reserved byte checked. */
#include "wire/index_record.h"

#include "support/test.h"
#include "support/wire_records.h"
#include "wire/descriptor.h"

static uint8_t bytes[CEPA_INDEX_RECORD_SIZE + 1];

static int decode_of(const struct cepa_index_record *record)
{
    struct cepa_index_record got;
    uint8_t again[CEPA_INDEX_RECORD_SIZE];
    cepa_index_record_encode(bytes, record);
    int error = cepa_index_record_decode(&got, bytes, CEPA_INDEX_RECORD_SIZE);
    if (error == 0) {
        CHECK(cepa_index_record_is_equal(&got, record));
        cepa_index_record_encode(again, &got);
        CHECK_BYTES(again, bytes, sizeof again);
    }
    return error;
}

TEST(records_come_back)
{
    struct cepa_index_record record = wire_index_record();
    CHECK_INT(decode_of(&record), 0);
    record.flags = CEPA_RELAY_FLAG_RELAY | CEPA_RELAY_FLAG_INTRODUCED;
    record.prefix.family = CEPA_FAMILY_NONE;
    record.prefix.bytes[0] = record.prefix.bytes[1] = 0;
    CHECK_INT(decode_of(&record), 0);
    record.flags = CEPA_RELAY_FLAG_RELAY;
    CHECK_INT(decode_of(&record), CEPA_ERR_MALFORMED);
    record.flags = CEPA_RELAY_FLAG_INTRODUCED | CEPA_RELAY_FLAG_GUARD;
    CHECK_INT(decode_of(&record), CEPA_ERR_MALFORMED);
    record = wire_index_record();
    record.flags |= CEPA_RELAY_FLAG_INTRODUCED;
    CHECK_INT(decode_of(&record), CEPA_ERR_MALFORMED);
    record = wire_index_record();
    record.flags |= 8;
    CHECK_INT(decode_of(&record), CEPA_ERR_MALFORMED);
    record = wire_index_record();
    record.capacity = 4;
    CHECK_INT(decode_of(&record), CEPA_ERR_MALFORMED);
}

/* Each byte matters: a change gives another record or none. */
TEST(every_byte_counts)
{
    struct cepa_index_record record = wire_index_record();
    struct cepa_index_record got;
    CHECK_INT(decode_of(&record), 0);
    for (size_t i = 0; i < CEPA_INDEX_RECORD_SIZE; i++) {
        bytes[i] ^= 0x40;
        int error = cepa_index_record_decode(&got, bytes, CEPA_INDEX_RECORD_SIZE);
        bool is_reserved = i >= CEPA_INDEX_RECORD_SIZE - 9;
        CHECK(is_reserved ? error == CEPA_ERR_MALFORMED
                          : error != 0 || !cepa_index_record_is_equal(&got, &record));
        bytes[i] ^= 0x40;
    }
    for (size_t len = 0; len <= sizeof bytes; len++) {
        int want = len == CEPA_INDEX_RECORD_SIZE ? 0 : CEPA_ERR_LENGTH;
        CHECK_INT(cepa_index_record_decode(&got, bytes, len), want);
    }
}

TEST_MAIN(RUN(records_come_back), RUN(every_byte_counts))
