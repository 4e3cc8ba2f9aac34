/* Vectors of chapter 17: headers of streams, good and bad ones, and all that two ends write to the
 * stream of a file. CEPA_WRITE_VECTORS=1 writes docs/spec/vectors/application.txt anew instead of
 * comparing. */
#include <string.h>

#include "application/file_receiver.h"
#include "application/file_sender.h"
#include "support/test.h"
#include "support/vector_lines.h"

enum { FILE_LEN = 100 };

static void write_whole(const struct cepa_stream_header *header)
{
    uint8_t bytes[CEPA_STREAM_HEADER_MAX];
    size_t len = 0;
    CHECK_INT(cepa_stream_header_encode(bytes, &len, header), 0);
    vector_lines_bytes("header", -1, bytes, len);
}

static void write_message(uint8_t first, uint64_t time_ms, enum cepa_message_type type)
{
    struct cepa_stream_header header = {.kind = CEPA_STREAM_MESSAGE};
    memset(header.message.id.bytes, first, CEPA_MESSAGE_ID_SIZE);
    header.message.time.unix_ms = time_ms;
    header.message.type = type;
    vector_lines_text("");
    vector_lines_bytes("id", -1, header.message.id.bytes, CEPA_MESSAGE_ID_SIZE);
    vector_lines_number("time", -1, time_ms, 8);
    vector_lines_number("type", -1, (uint64_t)type, 1);
    write_whole(&header);
}

static void write_file(uint64_t size, uint64_t modified_ms, uint16_t mode, const char *name)
{
    struct cepa_stream_header header = {.kind = CEPA_STREAM_FILE};
    memset(header.file.transfer.bytes, 0x77, CEPA_TRANSFER_ID_SIZE);
    header.file.size = size;
    header.file.modified.unix_ms = modified_ms;
    header.file.mode = mode;
    header.file.flags = modified_ms != 0 ? CEPA_FILE_HAS_ATTRIBUTES : 0;
    memcpy(header.file.name, name, strlen(name));
    vector_lines_text("");
    vector_lines_bytes("transfer", -1, header.file.transfer.bytes, CEPA_TRANSFER_ID_SIZE);
    vector_lines_number("size", -1, size, 8);
    vector_lines_number("modified", -1, modified_ms, 8);
    vector_lines_number("mode", -1, mode, 2);
    vector_lines_number("flags", -1, header.file.flags, 1);
    vector_lines_bytes("name", -1, name, strlen(name));
    write_whole(&header);
}

static void write_connect(const char *name)
{
    struct cepa_stream_header header = {.kind = CEPA_STREAM_CONNECT};
    memcpy(header.connect.name, name, strlen(name));
    vector_lines_text("");
    vector_lines_bytes("service", -1, name, strlen(name));
    write_whole(&header);
}

/* A header of a file with this name, whatever it is, that a receiver refuses. */
static void write_refused(const uint8_t *name, size_t name_len)
{
    struct cepa_stream_header_parser parser;
    uint8_t bytes[CEPA_STREAM_HEADER_MAX] = {CEPA_STREAM_FILE};
    size_t used = 0;
    bytes[2] = (uint8_t)(CEPA_FILE_BODY_MIN + name_len);
    bytes[CEPA_STREAM_HEADER_MIN + CEPA_FILE_BODY_MIN - 1] = (uint8_t)name_len;
    memcpy(bytes + CEPA_STREAM_HEADER_MIN + CEPA_FILE_BODY_MIN, name, name_len);
    cepa_stream_header_parser_init(&parser);
    size_t len = CEPA_STREAM_HEADER_MIN + CEPA_FILE_BODY_MIN + name_len;
    CHECK_INT(cepa_stream_header_parser_take(&parser, &used, bytes, len), CEPA_ERR_MALFORMED);
    vector_lines_text("");
    vector_lines_bytes("refused", -1, bytes, len);
}

/* Gives what a sender sends to the receiver. */
static void take(struct cepa_file_receiver *receiver, const uint8_t *data, size_t data_len)
{
    while (data_len > 0) {
        struct cepa_file_piece piece;
        size_t used = 0;
        CHECK_INT(cepa_file_receiver_take(receiver, &piece, &used, data, data_len), 0);
        data += used;
        data_len -= used;
    }
}

/* A transfer of which the receiver has `stored_len` bytes, the first of them `change`d. */
static void write_transfer(uint64_t size, size_t stored_len, uint8_t change)
{
    static struct cepa_file_sender sender;
    static struct cepa_file_receiver receiver;
    struct cepa_file_header header = {.size = size, .name = "x"};
    struct cepa_blake2b hash;
    uint8_t file[FILE_LEN];
    uint8_t stored[FILE_LEN];
    uint8_t answer[CEPA_STREAM_HEADER_MAX];
    uint8_t sent[CEPA_FILE_FROM_SIZE + FILE_LEN + CEPA_FILE_HASH_SIZE];
    size_t len = 0;
    for (size_t i = 0; i < FILE_LEN; i++) {
        file[i] = (uint8_t)(3 * i);
    }
    memcpy(stored, file, FILE_LEN);
    stored[0] ^= change;
    cepa_blake2b_init(&hash, CEPA_FILE_HASH_SIZE, NULL, 0);
    cepa_blake2b_update(&hash, stored, stored_len);
    CHECK_INT(cepa_file_sender_init(&sender, answer, &len, &header, true), 0);
    cepa_file_receiver_init(&receiver, size);
    CHECK_INT(cepa_file_receiver_accept(&receiver, answer, stored_len, &hash, FILE_LEN), 0);
    CHECK_INT(cepa_file_sender_answer(&sender, answer, CEPA_FILE_COME_SIZE), 0);
    cepa_file_sender_prefix(&sender, file, (size_t)cepa_file_sender_prefix_left(&sender));
    cepa_file_sender_start(&sender, sent);
    size_t from = (size_t)cepa_file_sender_position(&sender);
    memcpy(sent + CEPA_FILE_FROM_SIZE, file + from, FILE_LEN - from);
    cepa_file_sender_data(&sender, file + from, FILE_LEN - from);
    len = CEPA_FILE_FROM_SIZE + FILE_LEN - from;
    CHECK_INT(cepa_file_sender_end(&sender, sent + len), 0);
    len += CEPA_FILE_HASH_SIZE;
    vector_lines_text("");
    vector_lines_bytes("file", -1, file, FILE_LEN);
    vector_lines_bytes("stored", -1, stored, stored_len);
    vector_lines_bytes("answer", -1, answer, CEPA_FILE_COME_SIZE);
    vector_lines_bytes("sent", -1, sent, len);
    take(&receiver, sent, len);
    CHECK_INT(cepa_file_receiver_end(&receiver, answer), 0);
    vector_lines_bytes("result", -1, answer, CEPA_FILE_RESULT_SIZE);
}

TEST(applications)
{
    static const char longest[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
                                  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
                                  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
                                  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde";
    static const uint8_t turned[] = {'a', 0xe2, 0x80, 0xae, 'b'};
    vector_lines_open("application.txt");
    vector_lines_text("# Headers of streams, and such that are refused; what goes over the stream");
    vector_lines_text("# of a file of which some is stored. @[SPEC 17]");
    write_message(0x11, 1700000000123, CEPA_MESSAGE_TEXT);
    write_message(0x22, UINT64_MAX, CEPA_MESSAGE_TEXT);
    write_file(0, 0, 0, "a");
    write_file(CEPA_FILE_SIZE_MAX, 1700000000123, 0644, "Zoë 家.tar.gz");
    write_file(CEPA_FILE_SIZE_UNKNOWN, 1, CEPA_FILE_MODE_MAX, longest);
    write_connect("ssh");
    write_connect(longest);
    write_refused((const uint8_t *)"", 1);
    write_refused((const uint8_t *)"..", 2);
    write_refused((const uint8_t *)"a/b", 3);
    write_refused((const uint8_t *)"a\xff", 2);
    write_refused(turned, sizeof turned);
    write_transfer(FILE_LEN, 0, 0);
    write_transfer(FILE_LEN, 40, 0);
    write_transfer(FILE_LEN, 40, 1);
    write_transfer(CEPA_FILE_SIZE_UNKNOWN, FILE_LEN, 0);
    vector_lines_close();
}

TEST_MAIN(RUN(applications))
