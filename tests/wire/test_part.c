/* Parts: a message comes together in any order, and nothing else comes together. */
#include <string.h>

#include "support/test.h"
#include "wire/part.h"

static uint8_t message[CEPA_PACKET_SIZE];
static uint8_t buffer[CEPA_PACKET_SIZE];

static void fill_message(void)
{
    for (size_t i = 0; i < sizeof message; i++) {
        message[i] = (uint8_t)(i ^ (i >> 8));
    }
}

/* One part through its encoding. */
static int pass(struct cepa_assembly *assembly, size_t len, uint8_t sequence, unsigned index)
{
    struct cepa_part part;
    uint8_t bytes[CEPA_CELL_DATA_MAX];
    size_t bytes_len;
    cepa_part_cut(&part, message, len, sequence, index);
    cepa_part_encode(bytes, &bytes_len, &part);
    memset(&part, 0, sizeof part);
    CHECK_INT(cepa_part_decode(&part, bytes, bytes_len), 0);
    return cepa_assembly_add(assembly, &part);
}

TEST(messages_come_together_in_any_order)
{
    static const size_t lens[] = {1, 1023, 1024, 1025, 1152, 1224, 2048, 16383, 16384};
    fill_message();
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        unsigned count = cepa_part_count(lens[i]);
        for (unsigned stride = 1; stride <= count; stride += 2) {
            struct cepa_assembly assembly;
            if (count % stride == 0 && stride > 1) {
                continue; /* would not visit every part */
            }
            cepa_assembly_init(&assembly, buffer, lens[i]);
            memset(buffer, 0, sizeof buffer);
            for (unsigned n = 0; n < count; n++) {
                CHECK_INT(pass(&assembly, lens[i], 7, (n * stride + 1) % count), n + 1 == count);
            }
            CHECK_BYTES(buffer, message, lens[i]);
        }
    }
}

TEST(a_part_comes_once)
{
    struct cepa_assembly assembly;
    cepa_assembly_init(&assembly, buffer, 3000);
    CHECK_INT(pass(&assembly, 3000, 1, 0), 0);
    CHECK_INT(pass(&assembly, 3000, 1, 0), CEPA_ERR_REPLAY);
    CHECK_INT(pass(&assembly, 3000, 1, 2), 0);
    CHECK_INT(pass(&assembly, 3000, 1, 1), 1);
}

TEST(another_sequence_starts_over)
{
    struct cepa_assembly assembly;
    cepa_assembly_init(&assembly, buffer, 2000);
    CHECK_INT(pass(&assembly, 2000, 1, 0), 0);
    CHECK_INT(pass(&assembly, 2000, 2, 1), 0);
    CHECK_INT(pass(&assembly, 2000, 2, 0), 1);
    CHECK_INT(pass(&assembly, 2000, 3, 0), 0);
    CHECK_INT(pass(&assembly, 2000, 3, 1), 1);
    /* A number comes again after 256 messages. */
    CHECK_INT(pass(&assembly, 2000, 3, 1), 0);
    CHECK_INT(pass(&assembly, 2000, 3, 0), 1);
}

TEST(parts_of_another_length_are_refused)
{
    struct cepa_assembly assembly;
    cepa_assembly_init(&assembly, buffer, 2000);
    CHECK_INT(pass(&assembly, 2001, 1, 1), CEPA_ERR_LENGTH);
    CHECK_INT(pass(&assembly, 1999, 1, 1), CEPA_ERR_LENGTH);
    CHECK_INT(pass(&assembly, 3000, 1, 0), CEPA_ERR_LENGTH);
    CHECK_INT(assembly.received, 0);
}

TEST(bad_parts_are_refused)
{
    static const struct {
        uint8_t header[CEPA_PART_HEADER_SIZE];
        size_t data_len;
        int error;
    } cases[] = {
        {{0, 0, 1, 0}, 0, CEPA_ERR_LENGTH},    {{0, 0, 1, 0}, 1025, CEPA_ERR_LENGTH},
        {{0, 0, 2, 0}, 1023, CEPA_ERR_LENGTH}, {{0, 1, 1, 0}, 5, CEPA_ERR_MALFORMED},
        {{0, 0, 0, 0}, 5, CEPA_ERR_MALFORMED}, {{0, 0, 17, 0}, 1024, CEPA_ERR_MALFORMED},
        {{0, 0, 1, 1}, 5, CEPA_ERR_MALFORMED}, {{0, 255, 255, 0}, 5, CEPA_ERR_MALFORMED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t bytes[CEPA_PART_HEADER_SIZE + 1025] = {0};
        struct cepa_part part = {0};
        memcpy(bytes, cases[i].header, CEPA_PART_HEADER_SIZE);
        CHECK_INT(cepa_part_decode(&part, bytes, CEPA_PART_HEADER_SIZE + cases[i].data_len),
                  cases[i].error);
        CHECK(part.data == NULL);
    }
    for (size_t len = 0; len <= CEPA_PART_HEADER_SIZE; len++) {
        uint8_t bytes[CEPA_PART_HEADER_SIZE] = {0, 0, 1, 0};
        struct cepa_part part = {0};
        CHECK_INT(cepa_part_decode(&part, bytes, len), CEPA_ERR_LENGTH);
    }
}

TEST_MAIN(RUN(messages_come_together_in_any_order), RUN(a_part_comes_once),
          RUN(another_sequence_starts_over), RUN(parts_of_another_length_are_refused),
          RUN(bad_parts_are_refused))
