/* The receiver of a file, alone and against a sender: every size, every cut of the stream, and
 * every sender that lies. */
#include "application/file_receiver.h"

#include <string.h>

#include "application/file_sender.h"
#include "support/test.h"

enum { FILE_MAX = 3000, STREAM_MAX = FILE_MAX + 100 };

/* What one transfer is about. */
struct transfer {
    size_t file_len;
    bool is_sized;
    bool can_resume;
    size_t stored; /* the first bytes that the receiver has */
    size_t step;   /* bytes that arrive at a time */
};

static struct cepa_file_sender sender;
static struct cepa_file_receiver receiver;
static uint8_t file[FILE_MAX];
static uint8_t stored[FILE_MAX]; /* what the receiver has kept */
static size_t stored_len;
static uint8_t stream[STREAM_MAX];
static size_t stream_len;

static void fill(void)
{
    for (size_t i = 0; i < sizeof file; i++) {
        file[i] = (uint8_t)(i * 13 + i / 256);
    }
}

static uint64_t size_of(const struct transfer *transfer)
{
    return transfer->is_sized ? transfer->file_len : CEPA_FILE_SIZE_UNKNOWN;
}

static void accept(uint8_t *ret_answer)
{
    struct cepa_blake2b hash;
    cepa_blake2b_init(&hash, CEPA_FILE_HASH_SIZE, NULL, 0);
    cepa_blake2b_update(&hash, stored, stored_len);
    CHECK_INT(cepa_file_receiver_accept(&receiver, ret_answer, stored_len,
                                        stored_len > 0 ? &hash : NULL, FILE_MAX),
              0);
    CHECK_INT(receiver.state, CEPA_FILE_RECEIVER_ACCEPTED);
}

/* Gives bytes of the stream to the receiver, and keeps what it gives. */
static int take(const uint8_t *data, size_t data_len)
{
    while (data_len > 0) {
        struct cepa_file_piece piece;
        size_t used = 0;
        int error = cepa_file_receiver_take(&receiver, &piece, &used, data, data_len);
        if (error != 0) {
            CHECK_INT(receiver.state, CEPA_FILE_RECEIVER_FAILED);
            return error;
        }
        CHECK(used > 0 || piece.data_len > 0);
        CHECK(used <= data_len);
        stored_len = piece.is_restart ? 0 : stored_len;
        CHECK_INT(piece.offset, stored_len);
        CHECK(stored_len + piece.data_len <= FILE_MAX);
        memcpy(stored + stored_len, piece.data, piece.data_len);
        stored_len += piece.data_len;
        CHECK_INT(cepa_file_receiver_position(&receiver), stored_len);
        data += used;
        data_len -= used;
    }
    return 0;
}

/* All that a sender writes behind its header, after this answer. */
static void write_stream(const struct transfer *transfer, const uint8_t *answer)
{
    struct cepa_file_header header = {.size = size_of(transfer), .name = "file"};
    uint8_t bytes[CEPA_STREAM_HEADER_MAX];
    size_t len = 0;
    CHECK_INT(cepa_file_sender_init(&sender, bytes, &len, &header, transfer->can_resume), 0);
    CHECK_INT(cepa_file_sender_answer(&sender, answer, CEPA_FILE_COME_SIZE), 0);
    cepa_file_sender_prefix(&sender, file, (size_t)cepa_file_sender_prefix_left(&sender));
    cepa_file_sender_start(&sender, stream);
    size_t from = (size_t)cepa_file_sender_position(&sender);
    stream_len = CEPA_FILE_FROM_SIZE + transfer->file_len - from;
    memcpy(stream + CEPA_FILE_FROM_SIZE, file + from, transfer->file_len - from);
    cepa_file_sender_data(&sender, file + from, transfer->file_len - from);
    CHECK_INT(cepa_file_sender_end(&sender, stream + stream_len), 0);
    stream_len += CEPA_FILE_HASH_SIZE;
}

static int take_stream(size_t step)
{
    int error = 0;
    for (size_t at = 0; error == 0 && at < stream_len; at += step) {
        error = take(stream + at, stream_len - at < step ? stream_len - at : step);
    }
    return error;
}

/* A receiver that has accepted, and the sender's stream. */
static void begin(const struct transfer *transfer)
{
    uint8_t answer[CEPA_FILE_COME_SIZE];
    cepa_file_receiver_init(&receiver, size_of(transfer));
    accept(answer);
    write_stream(transfer, answer);
}

static void run(const struct transfer *transfer)
{
    uint8_t result = 77;
    fill();
    memcpy(stored, file, transfer->stored);
    stored_len = transfer->stored;
    begin(transfer);
    CHECK_INT(take_stream(transfer->step), 0);
    CHECK_INT(cepa_file_receiver_end(&receiver, &result), 0);
    CHECK_INT(receiver.state, CEPA_FILE_RECEIVER_VERIFIED);
    CHECK_INT(result, CEPA_FILE_VERIFIED);
    CHECK_INT(stored_len, transfer->file_len);
    CHECK_BYTES(stored, file, stored_len);
    CHECK_BYTES(cepa_file_receiver_hash(&receiver), stream + stream_len - CEPA_FILE_HASH_SIZE,
                CEPA_FILE_HASH_SIZE);
    CHECK_INT(cepa_file_sender_answer(&sender, &result, 1), 0);
    CHECK_INT(sender.state, CEPA_FILE_SENDER_VERIFIED);
}

TEST(files_arrive_whole)
{
    static const size_t sizes[] = {0, 1, 31, 32, 33, 63, 64, 65, 100, 1001, FILE_MAX};
    static const size_t steps[] = {1, 2, 7, 31, 32, 33, 40, 63, 64, 65, 1001, STREAM_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (size_t j = 0; j < sizeof steps / sizeof steps[0]; j++) {
            for (unsigned k = 0; k < 8; k++) {
                struct transfer transfer = {sizes[i], (k & 1) != 0, (k & 2) != 0,
                                            (k & 4) != 0 ? sizes[i] / 2 : 0, steps[j]};
                run(&transfer);
            }
        }
    }
}

TEST(what_is_whole_already_is_only_compared)
{
    struct transfer transfer = {1000, true, true, 1000, 9};
    run(&transfer);
    CHECK_INT(stream_len, CEPA_FILE_FROM_SIZE + CEPA_FILE_HASH_SIZE);
}

/* What is here was changed: the sender begins anew. */
TEST(another_beginning_is_thrown_away)
{
    struct transfer transfer = {1000, true, true, 500, 100};
    uint8_t result = 77;
    fill();
    memcpy(stored, file, 500);
    stored[499] ^= 1;
    stored_len = 500;
    begin(&transfer);
    CHECK_INT(take_stream(100), 0);
    CHECK_INT(cepa_file_receiver_end(&receiver, &result), 0);
    CHECK_INT(result, CEPA_FILE_VERIFIED);
    CHECK_INT(stored_len, 1000);
    CHECK_BYTES(stored, file, stored_len);
}

/* Cut off anywhere, it goes on with what is stored. */
TEST(a_transfer_goes_on_after_every_cut)
{
    for (size_t is_sized = 0; is_sized < 2; is_sized++) {
        for (size_t cut = 0; cut < 150; cut++) {
            struct transfer transfer = {100, is_sized == 1, true, 0, 11};
            fill();
            stored_len = 0;
            begin(&transfer);
            stream_len = cut < stream_len ? cut : stream_len;
            CHECK_INT(take_stream(11), 0);
            CHECK(stored_len <= 100);
            CHECK_BYTES(stored, file, stored_len);
            transfer.stored = stored_len;
            run(&transfer);
        }
    }
}

static void offer(const struct transfer *transfer)
{
    fill();
    stored_len = 0;
    begin(transfer);
}

TEST(a_wrong_byte_is_noticed)
{
    for (size_t is_sized = 0; is_sized < 2; is_sized++) {
        struct transfer transfer = {100, is_sized == 1, true, 0, 11};
        for (size_t place = CEPA_FILE_FROM_SIZE; place < 8 + 100 + 32; place++) {
            uint8_t result = 77;
            offer(&transfer);
            stream[place] ^= 0x10;
            CHECK_INT(take_stream(13), 0);
            CHECK_INT(cepa_file_receiver_end(&receiver, &result), 0);
            CHECK_INT(receiver.state, CEPA_FILE_RECEIVER_WRONG);
            CHECK_INT(result, CEPA_FILE_WRONG);
            CHECK_INT(take(stream, 1), CEPA_ERR_STATE);
        }
    }
}

/* A sender that sends less than it has said, or more. */
TEST(a_lie_about_the_size_is_an_error)
{
    struct transfer transfer = {100, true, true, 0, 11};
    uint8_t result = 77;
    for (size_t less = 1; less <= 8 + 100 + 32; less++) {
        offer(&transfer);
        stream_len -= less;
        CHECK_INT(take_stream(11), 0);
        CHECK_INT(cepa_file_receiver_end(&receiver, &result), CEPA_ERR_LENGTH);
        CHECK_INT(receiver.state, CEPA_FILE_RECEIVER_FAILED);
        CHECK_INT(cepa_file_receiver_end(&receiver, &result), CEPA_ERR_STATE);
    }
    for (size_t step = 1; step < 50; step++) {
        offer(&transfer);
        stream[stream_len++] = 0;
        CHECK_INT(take_stream(step), CEPA_ERR_LENGTH);
        CHECK_INT(receiver.state, CEPA_FILE_RECEIVER_FAILED);
    }
    transfer.is_sized = false; /* no room for a hash */
    offer(&transfer);
    stream_len = CEPA_FILE_FROM_SIZE + CEPA_FILE_HASH_SIZE - 1;
    CHECK_INT(take_stream(11), 0);
    CHECK_INT(cepa_file_receiver_end(&receiver, &result), CEPA_ERR_LENGTH);
    CHECK_INT(result, 77);
}

TEST(a_stream_without_end_is_bounded)
{
    struct cepa_file_piece piece;
    uint8_t answer[CEPA_FILE_COME_SIZE];
    static const uint8_t zeros[100];
    size_t used = 0;
    cepa_file_receiver_init(&receiver, CEPA_FILE_SIZE_UNKNOWN);
    CHECK_INT(cepa_file_receiver_accept(&receiver, answer, 0, NULL, 68), 0);
    CHECK_INT(cepa_file_receiver_take(&receiver, &piece, &used, zeros, 8), 0);
    CHECK_INT(cepa_file_receiver_take(&receiver, &piece, &used, zeros, 100), 0);
    CHECK_INT(piece.data_len, 68);
    CHECK_INT(cepa_file_receiver_take(&receiver, &piece, &used, zeros, 1), CEPA_ERR_TOO_LONG);
    CHECK_INT(receiver.state, CEPA_FILE_RECEIVER_FAILED);
}

TEST(a_sender_begins_where_it_was_asked_to)
{
    struct transfer transfer = {100, true, true, 50, 11};
    for (unsigned from = 0; from < 100; from++) {
        fill();
        memcpy(stored, file, 50);
        stored_len = 50;
        begin(&transfer);
        stream[7] = (uint8_t)from;
        CHECK_INT(take(stream, 8), from == 0 || from == 50 ? 0 : CEPA_ERR_MALFORMED);
        CHECK(from != 0 || stored_len == 0);
    }
}

TEST(nobody_sends_before_he_is_asked)
{
    struct cepa_file_piece piece = {.data_len = 99};
    uint8_t answer = 77;
    size_t used = 99;
    cepa_file_receiver_init(&receiver, 100);
    CHECK_INT(cepa_file_receiver_take(&receiver, &piece, &used, NULL, 0), 0);
    CHECK_INT(used, 0);
    CHECK_INT(piece.data_len, 0);
    CHECK_INT(take(file, 1), CEPA_ERR_STATE);
    cepa_file_receiver_init(&receiver, 100);
    cepa_file_receiver_decline(&receiver, &answer, CEPA_FILE_WAIT);
    CHECK_INT(receiver.state, CEPA_FILE_RECEIVER_HELD);
    CHECK_INT(answer, CEPA_FILE_WAIT);
    CHECK_INT(take(file, 1), CEPA_ERR_STATE);
    cepa_file_receiver_init(&receiver, 100);
    CHECK_INT(cepa_file_receiver_end(&receiver, &answer), CEPA_ERR_STATE);
}

TEST(verdicts)
{
    struct cepa_blake2b hash;
    uint8_t answer[CEPA_FILE_COME_SIZE] = {77};
    cepa_blake2b_init(&hash, CEPA_FILE_HASH_SIZE, NULL, 0);
    cepa_file_receiver_init(&receiver, 100);
    CHECK_INT(cepa_file_receiver_accept(&receiver, answer, 0, NULL, 99), CEPA_ERR_TOO_LONG);
    CHECK_INT(cepa_file_receiver_accept(&receiver, answer, 101, &hash, 1000), CEPA_ERR_ARGUMENT);
    CHECK_INT(answer[0], 77);
    cepa_file_receiver_decline(&receiver, answer, CEPA_FILE_WAIT);
    CHECK_INT(cepa_file_receiver_accept(&receiver, answer, 0, NULL, 100), 0);
    CHECK_INT(answer[0], CEPA_FILE_COME);
    cepa_file_receiver_init(&receiver, CEPA_FILE_SIZE_UNKNOWN);
    CHECK_INT(cepa_file_receiver_accept(&receiver, answer, 10, &hash, 9), CEPA_ERR_ARGUMENT);
    cepa_file_receiver_decline(&receiver, answer, CEPA_FILE_WAIT);
    cepa_file_receiver_decline(&receiver, answer, CEPA_FILE_NO_ROOM);
    CHECK_INT(answer[0], CEPA_FILE_NO_ROOM);
    CHECK_INT(receiver.state, CEPA_FILE_RECEIVER_DECLINED);
    cepa_file_receiver_init(&receiver, 5);
    cepa_file_receiver_decline(&receiver, answer, CEPA_FILE_REFUSED);
    CHECK_INT(answer[0], CEPA_FILE_REFUSED);
}

TEST_MAIN(RUN(files_arrive_whole), RUN(what_is_whole_already_is_only_compared),
          RUN(another_beginning_is_thrown_away), RUN(a_transfer_goes_on_after_every_cut),
          RUN(a_wrong_byte_is_noticed), RUN(a_lie_about_the_size_is_an_error),
          RUN(a_stream_without_end_is_bounded), RUN(a_sender_begins_where_it_was_asked_to),
          RUN(nobody_sends_before_he_is_asked), RUN(verdicts))
