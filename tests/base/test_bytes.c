/* Endian loads and stores; the reader and the writer: values, every place where the input can be
 * cut, sticky failure. */
#include <string.h>

#include "base/bytes.h"
#include "base/endian.h"
#include "support/test.h"

TEST(loads_and_stores_agree_with_their_byte_order)
{
    const uint8_t bytes[9] = {0xff, 0x81, 0x02, 0x83, 0x04, 0x85, 0x06, 0x87, 0x88};
    const uint8_t *odd = bytes + 1;
    uint8_t out[8];
    CHECK(cepa_le16_load(odd) == 0x0281 && cepa_be16_load(odd) == 0x8102);
    CHECK(cepa_le32_load(odd) == 0x04830281 && cepa_be32_load(odd) == 0x81028304);
    CHECK(cepa_le64_load(odd) == UINT64_C(0x8887068504830281));
    CHECK(cepa_be64_load(odd) == UINT64_C(0x8102830485068788));
    cepa_le16_store(out, 0x0281);
    CHECK_BYTES(out, odd, 2);
    cepa_be16_store(out, 0x8102);
    CHECK_BYTES(out, odd, 2);
    cepa_le32_store(out, 0x04830281);
    CHECK_BYTES(out, odd, 4);
    cepa_be32_store(out, 0x81028304);
    CHECK_BYTES(out, odd, 4);
    cepa_le64_store(out, UINT64_C(0x8887068504830281));
    CHECK_BYTES(out, odd, 8);
    cepa_be64_store(out, UINT64_C(0x8102830485068788));
    CHECK_BYTES(out, odd, 8);
}

/* One message with every kind of field. */
static const uint8_t message[] = {0x01,                                           /* u8 */
                                  0x02, 0x03,                                     /* u16 */
                                  0x04, 0x05, 0x06, 0x07,                         /* u32 */
                                  0x88, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, /* u64 */
                                  0xaa, 0xbb, 0xcc,                               /* bytes */
                                  0x00, 0x00,                                     /* zeros */
                                  0xdd, 0xee};                                    /* view */

struct fields {
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;
    uint8_t bytes[3];
    const uint8_t *view;
};

static int read_fields(struct fields *ret_fields, const uint8_t *data, size_t len)
{
    struct cepa_reader reader;
    cepa_reader_init(&reader, data, len);
    ret_fields->u8 = cepa_reader_u8(&reader);
    ret_fields->u16 = cepa_reader_u16(&reader);
    ret_fields->u32 = cepa_reader_u32(&reader);
    ret_fields->u64 = cepa_reader_u64(&reader);
    cepa_reader_bytes(&reader, ret_fields->bytes, sizeof ret_fields->bytes);
    cepa_reader_zeros(&reader, 2);
    ret_fields->view = cepa_reader_view(&reader, 2);
    return cepa_reader_end(&reader);
}

static void write_fields(struct cepa_writer *writer)
{
    cepa_writer_u8(writer, 0x01);
    cepa_writer_u16(writer, 0x0203);
    cepa_writer_u32(writer, 0x04050607);
    cepa_writer_u64(writer, UINT64_C(0x88090a0b0c0d0e0f));
    cepa_writer_bytes(writer, "\xaa\xbb\xcc", 3);
    cepa_writer_zeros(writer, 2);
    uint8_t *place = cepa_writer_reserve(writer, 2);
    if (place != NULL) {
        place[0] = 0xdd;
        place[1] = 0xee;
    }
}

TEST(a_whole_message_is_read)
{
    struct fields fields;
    CHECK_INT(read_fields(&fields, message, sizeof message), 0);
    CHECK(fields.u8 == 0x01 && fields.u16 == 0x0203 && fields.u32 == 0x04050607);
    CHECK(fields.u64 == UINT64_C(0x88090a0b0c0d0e0f));
    CHECK_BYTES(fields.bytes, "\xaa\xbb\xcc", 3);
    CHECK(fields.view == message + sizeof message - 2);
}

TEST(a_message_cut_anywhere_fails_and_gives_zeros_from_there)
{
    for (size_t len = 0; len < sizeof message; len++) {
        struct fields fields;
        memset(&fields, 0xff, sizeof fields);
        CHECK_INT(read_fields(&fields, len > 0 ? message : NULL, len), CEPA_ERR_LENGTH);
        CHECK(fields.view == NULL);
        CHECK(fields.u8 == (len < 1 ? 0 : 0x01));
        CHECK(fields.u16 == (len < 3 ? 0 : 0x0203));
        CHECK(fields.u32 == (len < 7 ? 0 : 0x04050607));
        CHECK(fields.u64 == (len < 15 ? 0 : UINT64_C(0x88090a0b0c0d0e0f)));
        CHECK(fields.bytes[2] == (len < 18 ? 0 : 0xcc));
    }
}

TEST(bytes_left_over_are_an_error)
{
    struct fields fields;
    uint8_t longer[sizeof message + 1] = {0};
    memcpy(longer, message, sizeof message);
    CHECK_INT(read_fields(&fields, longer, sizeof longer), CEPA_ERR_LENGTH);
}

TEST(a_failed_reader_stays_failed)
{
    struct cepa_reader reader;
    cepa_reader_init(&reader, message, sizeof message);
    CHECK(cepa_reader_left(&reader) == sizeof message);
    cepa_reader_skip(&reader, SIZE_MAX);
    CHECK(cepa_reader_left(&reader) == 0);
    CHECK(cepa_reader_u8(&reader) == 0);
    CHECK(cepa_reader_view(&reader, 0) == NULL);
    cepa_reader_skip(&reader, 0);
    CHECK_INT(cepa_reader_end(&reader), CEPA_ERR_LENGTH);
}

TEST(every_bit_of_zeros_is_looked_at)
{
    for (size_t bit = 0; bit < 16; bit++) {
        uint8_t data[2] = {0, 0};
        struct cepa_reader reader;
        data[bit / 8] = (uint8_t)(1u << (bit % 8));
        cepa_reader_init(&reader, data, sizeof data);
        cepa_reader_zeros(&reader, sizeof data);
        CHECK_INT(cepa_reader_end(&reader), CEPA_ERR_LENGTH);
    }
}

TEST(an_empty_message_is_read)
{
    struct cepa_reader reader;
    cepa_reader_init(&reader, NULL, 0);
    cepa_reader_bytes(&reader, NULL, 0);
    cepa_reader_zeros(&reader, 0);
    CHECK_INT(cepa_reader_end(&reader), 0);
}

TEST(a_whole_message_is_written)
{
    uint8_t data[sizeof message];
    struct cepa_writer writer;
    size_t len = 0;
    memset(data, 0xff, sizeof data);
    cepa_writer_init(&writer, data, sizeof data);
    CHECK(cepa_writer_left(&writer) == sizeof data);
    write_fields(&writer);
    CHECK_INT(cepa_writer_end(&writer, &len), 0);
    CHECK(len == sizeof message && cepa_writer_left(&writer) == 0);
    CHECK_BYTES(data, message, sizeof message);
}

TEST(a_buffer_too_small_by_any_amount_fails_and_is_not_overrun)
{
    for (size_t capacity = 0; capacity < sizeof message; capacity++) {
        uint8_t data[sizeof message + 8];
        struct cepa_writer writer;
        size_t len = 77;
        memset(data, 0x5a, sizeof data);
        cepa_writer_init(&writer, data, capacity);
        write_fields(&writer);
        CHECK_INT(cepa_writer_end(&writer, &len), CEPA_ERR_TOO_LONG);
        CHECK(len == 77 && cepa_writer_left(&writer) == 0);
        for (size_t i = capacity; i < sizeof data; i++) {
            CHECK(data[i] == 0x5a);
        }
    }
}

TEST(a_failed_writer_stays_failed)
{
    uint8_t data[4] = {0};
    struct cepa_writer writer;
    size_t len = 0;
    cepa_writer_init(&writer, data, sizeof data);
    cepa_writer_u8(&writer, 1);
    CHECK(cepa_writer_reserve(&writer, SIZE_MAX) == NULL);
    cepa_writer_u8(&writer, 2);
    CHECK(cepa_writer_reserve(&writer, 0) == NULL);
    CHECK_INT(cepa_writer_end(&writer, &len), CEPA_ERR_TOO_LONG);
    CHECK(data[0] == 1 && data[1] == 0);
}

TEST_MAIN(RUN(loads_and_stores_agree_with_their_byte_order), RUN(a_whole_message_is_read),
          RUN(a_message_cut_anywhere_fails_and_gives_zeros_from_there),
          RUN(bytes_left_over_are_an_error), RUN(a_failed_reader_stays_failed),
          RUN(every_bit_of_zeros_is_looked_at), RUN(an_empty_message_is_read),
          RUN(a_whole_message_is_written),
          RUN(a_buffer_too_small_by_any_amount_fails_and_is_not_overrun),
          RUN(a_failed_writer_stays_failed))
