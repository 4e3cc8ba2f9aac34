/* The sender of a file: every state, and every receiver that breaks the rules. */
#include "application/file_sender.h"

#include <string.h>

#include "support/test.h"

enum { FILE_LEN = 3000 };

static struct cepa_file_sender sender;
static uint8_t file[FILE_LEN];
static uint8_t header[CEPA_STREAM_HEADER_MAX];

static struct cepa_file_header offer_of(uint64_t size)
{
    struct cepa_file_header offer;
    memset(&offer, 0, sizeof offer);
    offer.transfer.bytes[0] = 9;
    offer.size = size;
    strcpy(offer.name, "name");
    return offer;
}

static void begin(uint64_t size, bool can_resume)
{
    struct cepa_file_header offer = offer_of(size);
    size_t len = 0;
    for (size_t i = 0; i < sizeof file; i++) {
        file[i] = (uint8_t)(i * 7 + i / 256);
    }
    CHECK_INT(cepa_file_sender_init(&sender, header, &len, &offer, can_resume), 0);
    CHECK_INT(len, CEPA_STREAM_HEADER_MIN + CEPA_FILE_BODY_MIN + 4);
    CHECK_INT(header[0], CEPA_STREAM_FILE);
    CHECK_INT(sender.state, CEPA_FILE_SENDER_OFFERED);
    CHECK(!cepa_file_sender_is_over(&sender));
}

static int answer_byte(uint8_t byte)
{
    return cepa_file_sender_answer(&sender, &byte, 1);
}

/* COME, with the hash of `len` bytes at `prefix` for one of the first `offset` bytes. */
static int answer_come(uint64_t offset, const uint8_t *prefix, size_t len)
{
    uint8_t answer[CEPA_FILE_COME_SIZE] = {CEPA_FILE_COME};
    for (size_t i = 0; i < 8; i++) {
        answer[1 + i] = (uint8_t)(offset >> (56 - 8 * i));
    }
    cepa_blake2b(answer + 9, CEPA_FILE_HASH_SIZE, prefix, len, NULL, 0);
    for (size_t i = 0; i + 1 < sizeof answer; i++) { /* as they come */
        CHECK_INT(answer_byte(answer[i]), 0);
        CHECK(sender.state <= CEPA_FILE_SENDER_HELD);
    }
    return answer_byte(answer[sizeof answer - 1]);
}

/* Sends the rest of the file and checks all that is written but the bytes themselves. */
static void send_all(uint64_t from)
{
    uint8_t bytes[CEPA_FILE_HASH_SIZE];
    uint8_t want[CEPA_FILE_HASH_SIZE];
    CHECK_INT(sender.state, CEPA_FILE_SENDER_READY);
    CHECK_INT(cepa_file_sender_position(&sender), from);
    cepa_file_sender_start(&sender, bytes);
    CHECK_INT(bytes[6] * 256 + bytes[7], from);
    CHECK_INT(sender.state, CEPA_FILE_SENDER_SENDING);
    while (cepa_file_sender_position(&sender) < FILE_LEN) {
        uint64_t at = cepa_file_sender_position(&sender);
        size_t len = FILE_LEN - at < 700 ? (size_t)(FILE_LEN - at) : 700;
        if (sender.size == FILE_LEN) {
            CHECK_INT(cepa_file_sender_left(&sender), FILE_LEN - at);
            CHECK_INT(cepa_file_sender_end(&sender, bytes), CEPA_ERR_ARGUMENT);
        }
        cepa_file_sender_data(&sender, file + at, len);
        cepa_file_sender_data(&sender, NULL, 0);
    }
    CHECK_INT(cepa_file_sender_end(&sender, bytes), 0);
    CHECK_INT(sender.state, CEPA_FILE_SENDER_ENDED);
    cepa_blake2b(want, sizeof want, file, FILE_LEN, NULL, 0);
    CHECK_BYTES(bytes, want, sizeof want);
}

TEST(a_file_is_sent_from_its_start)
{
    begin(FILE_LEN, true);
    CHECK_INT(cepa_file_sender_prefix_left(&sender), 0);
    CHECK_INT(answer_come(0, NULL, 0), 0);
    send_all(0);
    CHECK_INT(answer_byte(CEPA_FILE_VERIFIED), 0);
    CHECK_INT(sender.state, CEPA_FILE_SENDER_VERIFIED);
    CHECK(cepa_file_sender_is_over(&sender));
    CHECK_INT(cepa_file_sender_answer_end(&sender), 0);
    CHECK_INT(sender.state, CEPA_FILE_SENDER_VERIFIED);
}

TEST(a_file_goes_on_where_it_stood)
{
    for (size_t offset = 1; offset <= FILE_LEN; offset += 2999) {
        begin(FILE_LEN, true);
        CHECK_INT(answer_come(offset, file, offset), 0);
        CHECK_INT(sender.state, CEPA_FILE_SENDER_HASHING);
        CHECK_INT(cepa_file_sender_prefix_left(&sender), offset);
        cepa_file_sender_prefix(&sender, file, 0);
        for (size_t at = 0; at < offset; at += 100) {
            CHECK_INT(sender.state, CEPA_FILE_SENDER_HASHING);
            cepa_file_sender_prefix(&sender, file + at, offset - at < 100 ? offset - at : 100);
        }
        send_all(offset);
        CHECK_INT(answer_byte(CEPA_FILE_WRONG), 0);
        CHECK_INT(sender.state, CEPA_FILE_SENDER_WRONG);
    }
}

TEST(another_beginning_means_from_the_start)
{
    begin(FILE_LEN, true);
    CHECK_INT(answer_come(1000, file + 1, 1000), 0);
    cepa_file_sender_prefix(&sender, file, 1000);
    send_all(0);
    begin(FILE_LEN, true);
    CHECK_INT(answer_come(1000, file, 1000), 0);
    cepa_file_sender_prefix(&sender, file, 900);
    cepa_file_sender_prefix_lost(&sender);
    send_all(0);
    begin(FILE_LEN, false); /* a pipe */
    CHECK_INT(answer_come(1000, file, 1000), 0);
    send_all(0);
}

TEST(a_file_of_unknown_size)
{
    begin(CEPA_FILE_SIZE_UNKNOWN, true);
    CHECK_INT(answer_come(1000, file, 1000), 0);
    cepa_file_sender_prefix(&sender, file, 1000);
    CHECK(cepa_file_sender_left(&sender) == UINT64_MAX);
    send_all(1000);
    begin(CEPA_FILE_SIZE_UNKNOWN, false);
    CHECK_INT(answer_come(0, NULL, 0), 0);
    send_all(0);
}

TEST(who_declines)
{
    begin(FILE_LEN, true);
    CHECK_INT(answer_byte(CEPA_FILE_REFUSED), 0);
    CHECK_INT(sender.state, CEPA_FILE_SENDER_REFUSED);
    CHECK_INT(cepa_file_sender_answer_end(&sender), 0);
    CHECK_INT(answer_byte(CEPA_FILE_COME), CEPA_ERR_STATE);
    begin(FILE_LEN, true);
    CHECK_INT(answer_byte(CEPA_FILE_WAIT), 0);
    CHECK_INT(sender.state, CEPA_FILE_SENDER_HELD);
    CHECK_INT(answer_byte(CEPA_FILE_NO_ROOM), 0);
    CHECK_INT(sender.state, CEPA_FILE_SENDER_NO_ROOM);
    begin(FILE_LEN, true);
    CHECK_INT(answer_byte(CEPA_FILE_WAIT), 0);
    CHECK_INT(answer_come(0, NULL, 0), 0);
    send_all(0);
    begin(FILE_LEN, true);
    CHECK_INT(answer_byte(CEPA_FILE_WAIT), 0);
    CHECK_INT(answer_byte(CEPA_FILE_WAIT), CEPA_ERR_MALFORMED); /* once */
    CHECK_INT(sender.state, CEPA_FILE_SENDER_FAILED);
}

TEST(who_breaks_the_rules)
{
    uint8_t bytes[CEPA_FILE_HASH_SIZE];
    begin(FILE_LEN, true);
    CHECK_INT(answer_byte(4), CEPA_ERR_MALFORMED);
    CHECK_INT(sender.state, CEPA_FILE_SENDER_FAILED);
    CHECK(cepa_file_sender_is_over(&sender));
    begin(FILE_LEN, true);
    CHECK_INT(answer_come(FILE_LEN + 1, file, FILE_LEN), CEPA_ERR_MALFORMED);
    begin(CEPA_FILE_SIZE_UNKNOWN, true);
    CHECK_INT(answer_come(CEPA_FILE_SIZE_MAX + 1, file, FILE_LEN), CEPA_ERR_MALFORMED);
    begin(FILE_LEN, true); /* more than the answer */
    CHECK_INT(answer_come(0, NULL, 0), 0);
    CHECK_INT(answer_byte(CEPA_FILE_VERIFIED), CEPA_ERR_STATE);
    begin(FILE_LEN, true); /* a result before the end */
    CHECK_INT(answer_come(0, NULL, 0), 0);
    cepa_file_sender_start(&sender, bytes);
    CHECK_INT(answer_byte(CEPA_FILE_VERIFIED), CEPA_ERR_STATE);
    begin(FILE_LEN, true); /* no result */
    CHECK_INT(answer_come(FILE_LEN, file, FILE_LEN), 0);
    cepa_file_sender_prefix(&sender, file, FILE_LEN);
    send_all(FILE_LEN);
    CHECK_INT(answer_byte(2), CEPA_ERR_MALFORMED);
    begin(FILE_LEN, true); /* an end too early */
    CHECK_INT(cepa_file_sender_answer_end(&sender), CEPA_ERR_MISSING);
    CHECK_INT(sender.state, CEPA_FILE_SENDER_FAILED);
}

TEST(an_offer_out_of_range)
{
    struct cepa_file_header offer = offer_of(FILE_LEN);
    size_t len = 0;
    strcpy(offer.name, "../name");
    CHECK_INT(cepa_file_sender_init(&sender, header, &len, &offer, true), CEPA_ERR_ARGUMENT);
}

TEST_MAIN(RUN(a_file_is_sent_from_its_start), RUN(a_file_goes_on_where_it_stood),
          RUN(another_beginning_means_from_the_start), RUN(a_file_of_unknown_size),
          RUN(who_declines), RUN(who_breaks_the_rules), RUN(an_offer_out_of_range))
