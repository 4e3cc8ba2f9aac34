/* Receipts: one encoding, and what is refused. */
#include "wire/receipt.h"

#include <string.h>

#include "support/test.h"
#include "support/wire_records.h"

static int decode(struct cepa_receipt *ret_receipt, const uint8_t *bytes, size_t len)
{
    struct cepa_reader reader;
    cepa_reader_init(&reader, bytes, len);
    return cepa_receipt_decode(ret_receipt, &reader);
}

static void encode(uint8_t ret_bytes[CEPA_RECEIPT_SIZE], const struct cepa_receipt *receipt)
{
    struct cepa_writer writer;
    size_t len = 0;
    cepa_writer_init(&writer, ret_bytes, CEPA_RECEIPT_SIZE);
    cepa_receipt_encode(&writer, receipt);
    CHECK_INT(cepa_writer_end(&writer, &len), 0);
    CHECK_INT(len, CEPA_RECEIPT_SIZE);
}

TEST(receipts_come_back)
{
    uint8_t bytes[CEPA_RECEIPT_SIZE];
    uint8_t again[CEPA_RECEIPT_SIZE];
    struct cepa_receipt receipts[2] = {wire_receipt(1)};
    receipts[1] = wire_introduced_descriptor().receipts[0];
    for (size_t i = 0; i < 2; i++) {
        struct cepa_receipt got;
        encode(bytes, &receipts[i]);
        CHECK_INT(decode(&got, bytes, sizeof bytes), 0);
        CHECK_INT(got.how, i);
        encode(again, &got);
        CHECK_BYTES(again, bytes, sizeof again);
        for (size_t cut = 0; cut < sizeof bytes; cut++) {
            CHECK_INT(decode(&got, bytes, cut), CEPA_ERR_MALFORMED);
        }
    }
}

TEST(receipts_that_contradict_themselves_are_refused)
{
    uint8_t bytes[CEPA_RECEIPT_SIZE];
    struct cepa_receipt got;
    struct cepa_receipt receipt = wire_receipt(1);
    receipt.how = CEPA_RECEIPT_INTRODUCED;
    encode(bytes, &receipt);
    CHECK_INT(decode(&got, bytes, sizeof bytes), CEPA_ERR_MALFORMED);
    receipt = wire_receipt(1);
    memset(&receipt.reached, 0, sizeof receipt.reached);
    encode(bytes, &receipt);
    CHECK_INT(decode(&got, bytes, sizeof bytes), CEPA_ERR_MALFORMED);
    receipt = wire_receipt(1);
    memset(&receipt.prober_prefix, 0, sizeof receipt.prober_prefix);
    encode(bytes, &receipt);
    CHECK_INT(decode(&got, bytes, sizeof bytes), CEPA_ERR_MALFORMED);
}

TEST_MAIN(RUN(receipts_come_back), RUN(receipts_that_contradict_themselves_are_refused))
