/* Way records: an address or introducers, one encoding. */
#include "wire/way_record.h"

#include <string.h>

#include "support/test.h"
#include "support/wire_records.h"

static uint8_t bytes[CEPA_WAY_RECORD_SIZE + 1];

static struct cepa_way_record way_of(uint8_t introducers_len, struct cepa_reach reach)
{
    struct cepa_way_record record;
    memset(&record, 0, sizeof record);
    record.address = wire_address(3);
    record.address.reach = reach;
    record.sequence = 77;
    record.introducers_len = introducers_len;
    memcpy(record.public_key, wire_bytes(), sizeof record.public_key);
    memcpy(record.signature, wire_bytes() + 32, sizeof record.signature);
    for (uint8_t i = 0; i < introducers_len; i++) {
        memset(record.introducers[i].bytes, i + 1, sizeof record.introducers[i].bytes);
    }
    return record;
}

TEST(addresses_and_introducers_come_back)
{
    for (uint8_t introducers = 0; introducers <= CEPA_DESCRIPTOR_INTRODUCERS_MAX; introducers++) {
        for (int family = 0; family < 2; family++) {
            struct cepa_way_record got;
            uint8_t again[CEPA_WAY_RECORD_SIZE];
            struct cepa_way_record record =
                way_of(introducers, family == 0 ? wire_ipv4(7) : wire_ipv6(7));
            cepa_way_record_encode(bytes, &record);
            CHECK_INT(cepa_way_record_decode(&got, bytes, CEPA_WAY_RECORD_SIZE), 0);
            cepa_way_record_encode(again, &got);
            CHECK_BYTES(again, bytes, sizeof again);
            CHECK_INT(got.sequence, 77);
            CHECK_BYTES(got.address.node.bytes, record.address.node.bytes, CEPA_NODE_ID_SIZE);
            CHECK_BYTES(bytes + CEPA_WAY_KEY_OFFSET, record.public_key, 32);
            CHECK_BYTES(bytes + CEPA_WAY_NODE_OFFSET, record.address.node.bytes, 32);
            if (introducers == 0) {
                CHECK_INT(got.address.reach.port, record.address.reach.port);
            }
        }
    }
}

TEST(what_is_wrong_is_refused)
{
    struct cepa_way_record got;
    static const struct {
        size_t at;
        uint8_t value;
        int error;
    } cases[] = {{0, 2, CEPA_ERR_VERSION},
                 {1, 4, CEPA_ERR_MALFORMED},   /* introducers */
                 {2, 1, CEPA_ERR_MALFORMED},   /* zeros of the header */
                 {72, 5, CEPA_ERR_MALFORMED},  /* family */
                 {167, 1, CEPA_ERR_MALFORMED}, /* zeros behind the address */
                 {200, 1, 0}};                 /* the signature is not looked at */
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cepa_way_record record = way_of(0, wire_ipv4(7));
        cepa_way_record_encode(bytes, &record);
        bytes[cases[i].at] = cases[i].value;
        CHECK_INT(cepa_way_record_decode(&got, bytes, CEPA_WAY_RECORD_SIZE), cases[i].error);
    }
    CHECK_INT(cepa_way_record_decode(&got, bytes, CEPA_WAY_RECORD_SIZE - 1), CEPA_ERR_LENGTH);
    CHECK_INT(cepa_way_record_decode(&got, bytes, CEPA_WAY_RECORD_SIZE + 1), CEPA_ERR_LENGTH);
}

TEST_MAIN(RUN(addresses_and_introducers_come_back), RUN(what_is_wrong_is_refused))
