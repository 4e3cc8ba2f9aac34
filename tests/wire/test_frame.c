/* Bodies of sealed frames: what is written is read; everything else is malformed. */
#include "wire/frame.h"

#include <string.h>

#include "support/random.h"
#include "support/test.h"

enum { LEN = CEPA_FRAME_BODY_SIZE, SHORT_LEN = CEPA_RELAYED_BODY_SIZE };

static uint8_t body[LEN + 8];
static uint8_t data[2048];

static void fill(uint64_t seed)
{
    struct test_random random = {seed};
    memset(body, 0, sizeof body);
    test_random_bytes(&random, data, sizeof data);
}

TEST(cells)
{
    const struct cepa_frame_cell cell = {0x80000003, UINT64_MAX - 1, 0xfffe, data};
    struct cepa_frame_cell got;
    fill(1);
    cepa_frame_cell_encode(body, &cell);
    CHECK_INT(cepa_frame_cell_decode(&got, body, SHORT_LEN), 0);
    CHECK_INT(cepa_frame_cell_decode(&got, body, LEN), 0);
    CHECK(got.circuit_id == cell.circuit_id && got.counter == cell.counter);
    CHECK_INT(got.number, cell.number);
    CHECK_BYTES(got.body, data, CEPA_CELL_BODY_SIZE);
    cepa_frame_cell_set_number(body, 0x1234);
    CHECK_INT(cepa_frame_cell_decode(&got, body, LEN), 0);
    CHECK_INT(got.number, 0x1234);
    CHECK_BYTES(got.body, data, CEPA_CELL_BODY_SIZE);
    for (size_t i = CEPA_LINK_CELL_HEADER_SIZE + CEPA_CELL_BODY_SIZE; i < LEN; i++) {
        body[i] = 1;
        CHECK_INT(cepa_frame_cell_decode(&got, body, LEN), CEPA_ERR_MALFORMED);
        body[i] = 0;
    }
    CHECK_INT(cepa_frame_cell_decode(&got, body, 1070), CEPA_ERR_MALFORMED);
    body[0] = CEPA_FRAME_RELAYED;
    CHECK_INT(cepa_frame_cell_decode(&got, body, LEN), CEPA_ERR_MALFORMED);
}

TEST(packet_parts)
{
    struct cepa_frame_packet_part part = {7, 200, 15, data};
    struct cepa_frame_packet_part got;
    fill(2);
    cepa_frame_packet_part_encode(body, &part);
    CHECK_INT(cepa_frame_packet_part_decode(&got, body, SHORT_LEN), 0);
    CHECK(got.circuit_id == 7 && got.sequence == 200 && got.index == 15);
    CHECK_BYTES(got.data, data, CEPA_PACKET_PART_SIZE);
    part.index = 16;
    cepa_frame_packet_part_encode(body, &part);
    CHECK_INT(cepa_frame_packet_part_decode(&got, body, LEN), CEPA_ERR_MALFORMED);
    part.index = 0;
    cepa_frame_packet_part_encode(body, &part);
    body[7] = 15; /* the count */
    CHECK_INT(cepa_frame_packet_part_decode(&got, body, LEN), CEPA_ERR_MALFORMED);
    body[7] = 16;
    body[8] = 1;
    CHECK_INT(cepa_frame_packet_part_decode(&got, body, LEN), CEPA_ERR_MALFORMED);
}

TEST(message_parts)
{
    static const struct {
        uint8_t index, count;
        uint16_t len;
        int error;
    } cases[] = {
        {0, 1, 1, 0},
        {0, 1, 1056, 0},
        {0, 2, 1056, 0},
        {1, 2, 3, 0},
        {15, 16, 544, 0},
        {15, 16, 545, CEPA_ERR_MALFORMED},
        {0, 1, 0, CEPA_ERR_MALFORMED},
        {0, 2, 1055, CEPA_ERR_MALFORMED},
        {1, 1, 5, CEPA_ERR_MALFORMED},
        {0, 0, 5, CEPA_ERR_MALFORMED},
        {0, 17, 1056, CEPA_ERR_MALFORMED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct cepa_frame_message_part part = {513, cases[i].index, cases[i].count, data,
                                                     cases[i].len};
        struct cepa_frame_message_part got;
        fill(i);
        cepa_frame_message_part_encode(body, &part);
        CHECK_INT(cepa_frame_message_part_decode(&got, body, SHORT_LEN), cases[i].error);
        if (cases[i].error == 0) {
            CHECK(got.number == 513 && got.index == part.index && got.count == part.count);
            CHECK_INT(got.data_len, part.data_len);
            CHECK_BYTES(got.data, data, part.data_len);
        }
    }
    memset(body, 0, sizeof body);
    memcpy(body, "\x03\0\0\0\1\4\x21", 7); /* a length of 1,057 */
    struct cepa_frame_message_part got;
    CHECK_INT(cepa_frame_message_part_decode(&got, body, LEN), CEPA_ERR_MALFORMED);
}

TEST(relayed_and_padding)
{
    const struct cepa_frame_relayed relayed = {0xfffffff0, data};
    struct cepa_frame_relayed got;
    fill(3);
    CHECK_INT(cepa_frame_padding_decode(body, LEN), 0);
    CHECK_INT(cepa_frame_padding_decode(body, SHORT_LEN), 0);
    body[LEN - 1] = 1;
    CHECK_INT(cepa_frame_padding_decode(body, LEN), CEPA_ERR_MALFORMED);
    fill(3);
    cepa_frame_relayed_encode(body, &relayed);
    CHECK_INT(cepa_frame_relayed_decode(&got, body, LEN), 0);
    CHECK(got.channel == relayed.channel);
    CHECK_BYTES(got.inner, data, CEPA_RELAYED_FRAME_SIZE);
    CHECK_INT(cepa_frame_relayed_decode(&got, body, SHORT_LEN), CEPA_ERR_MALFORMED);
    CHECK_INT(cepa_frame_padding_decode(body, LEN), CEPA_ERR_MALFORMED);
}

TEST_MAIN(RUN(cells), RUN(packet_parts), RUN(message_parts), RUN(relayed_and_padding))
