/* Dial addresses: one encoding, and what is refused. */
#include "wire/dial_address.h"

#include "support/test.h"
#include "support/wire_records.h"

TEST(addresses_come_back)
{
    for (uint8_t number = 0; number < 2; number++) {
        struct cepa_relay_address address = wire_address(number);
        struct cepa_relay_address got;
        uint8_t bytes[CEPA_DIAL_ADDRESS_SIZE_MAX];
        uint8_t again[CEPA_DIAL_ADDRESS_SIZE_MAX];
        struct cepa_writer writer;
        struct cepa_reader reader;
        size_t len = 0;
        cepa_writer_init(&writer, bytes, sizeof bytes);
        cepa_relay_address_encode(&writer, &address);
        CHECK_INT(cepa_writer_end(&writer, &len), 0);
        CHECK_INT(len, number == 0 ? 87 : 99);
        cepa_reader_init(&reader, bytes, len);
        CHECK_INT(cepa_relay_address_decode(&got, &reader), 0);
        CHECK_INT(cepa_reader_end(&reader), 0);
        cepa_writer_init(&writer, again, sizeof again);
        cepa_relay_address_encode(&writer, &got);
        CHECK_BYTES(again, bytes, len);
        for (size_t cut = 0; cut < len; cut++) {
            cepa_reader_init(&reader, bytes, cut);
            CHECK_INT(cepa_relay_address_decode(&got, &reader), CEPA_ERR_MALFORMED);
        }
    }
}

TEST_MAIN(RUN(addresses_come_back))
