/* Headers of streams: there and back, in every cut; what is out of range; names. */
#include "application/stream_header.h"

#include <string.h>

#include "support/test.h"

static struct cepa_stream_header message_header(void)
{
    struct cepa_stream_header header;
    memset(&header, 0, sizeof header);
    header.kind = CEPA_STREAM_MESSAGE;
    memset(header.message.id.bytes, 0x11, CEPA_MESSAGE_ID_SIZE);
    header.message.time.unix_ms = 0x0102030405060708;
    header.message.type = CEPA_MESSAGE_TEXT;
    return header;
}

static struct cepa_stream_header file_header(const char *name)
{
    struct cepa_stream_header header;
    memset(&header, 0, sizeof header);
    header.kind = CEPA_STREAM_FILE;
    memset(header.file.transfer.bytes, 0x22, CEPA_TRANSFER_ID_SIZE);
    header.file.size = 123456789;
    header.file.modified.unix_ms = 1700000000000;
    header.file.mode = 0644;
    header.file.flags = CEPA_FILE_HAS_ATTRIBUTES;
    memcpy(header.file.name, name, strlen(name));
    return header;
}

static struct cepa_stream_header connect_header(const char *name)
{
    struct cepa_stream_header header;
    memset(&header, 0, sizeof header);
    header.kind = CEPA_STREAM_CONNECT;
    memcpy(header.connect.name, name, strlen(name));
    return header;
}

static char *long_name(size_t len)
{
    static char name[CEPA_FILE_NAME_MAX + 1];
    memset(name, 0, sizeof name);
    memset(name, 'n', len);
    return name;
}

/* Gives all bytes to a new parser, `step` at a time. */
static int parse(struct cepa_stream_header_parser *parser, size_t *ret_used, const uint8_t *data,
                 size_t data_len, size_t step)
{
    *ret_used = 0;
    cepa_stream_header_parser_init(parser);
    for (size_t at = 0; at < data_len; at += step) {
        size_t used = 0;
        size_t len = data_len - at < step ? data_len - at : step;
        int error = cepa_stream_header_parser_take(parser, &used, data + at, len);
        if (error != 0) {
            return error;
        }
        CHECK(used == len || parser->is_done);
        *ret_used += used;
    }
    return 0;
}

static void check_both_ways(struct cepa_stream_header header)
{
    struct cepa_stream_header_parser parser;
    uint8_t bytes[CEPA_STREAM_HEADER_MAX + 8];
    size_t len = 0;
    CHECK_INT(cepa_stream_header_encode(bytes, &len, &header), 0);
    CHECK(len <= CEPA_STREAM_HEADER_MAX);
    memset(bytes + len, 0xee, 8);
    for (size_t step = 1; step <= len + 8; step++) {
        size_t used = 0;
        CHECK_INT(parse(&parser, &used, bytes, len + 8, step), 0);
        CHECK(parser.is_done);
        CHECK_INT(used, len);
        CHECK_BYTES(&parser.header, &header, sizeof header);
    }
    for (size_t cut = 0; cut < len; cut++) {
        size_t used = 0;
        CHECK_INT(parse(&parser, &used, bytes, cut, 7), 0);
        CHECK(!parser.is_done);
    }
}

TEST(headers_go_there_and_back)
{
    check_both_ways(message_header());
    check_both_ways(file_header("a"));
    check_both_ways(file_header("Zoë's 家.tar.gz"));
    check_both_ways(file_header(long_name(CEPA_FILE_NAME_MAX)));
    check_both_ways(connect_header("ssh"));
    check_both_ways(connect_header(long_name(CEPA_CONNECT_NAME_MAX)));
}

TEST(sizes_and_attributes_at_their_limits)
{
    struct cepa_stream_header header = file_header("x");
    header.file.size = CEPA_FILE_SIZE_UNKNOWN;
    header.file.mode = CEPA_FILE_MODE_MAX;
    check_both_ways(header);
    header.file.size = CEPA_FILE_SIZE_MAX;
    header.file.flags = 0;
    header.file.mode = 0;
    header.file.modified.unix_ms = 0;
    check_both_ways(header);
    header.file.size = 0;
    check_both_ways(header);
}

TEST(nothing_out_of_range_is_encoded)
{
    uint8_t bytes[CEPA_STREAM_HEADER_MAX];
    size_t len = 77;
    struct cepa_stream_header bad[10];
    for (size_t i = 0; i < 10; i++) {
        bad[i] = file_header("x");
    }
    bad[0].kind = (enum cepa_stream_kind)0;
    bad[1].kind = (enum cepa_stream_kind)4;
    bad[2] = message_header();
    bad[2].message.type = (enum cepa_message_type)3;
    bad[3].file.size = CEPA_FILE_SIZE_MAX + 1;
    bad[4].file.mode = CEPA_FILE_MODE_MAX + 1;
    bad[5].file.flags = 2;
    bad[6].file.flags = 0;
    bad[7].file.name[0] = 0;
    memset(bad[8].file.name, 'n', sizeof bad[8].file.name); /* no final zero */
    bad[9] = connect_header("a\nb");
    for (size_t i = 0; i < 10; i++) {
        CHECK_INT(cepa_stream_header_encode(bytes, &len, &bad[i]), CEPA_ERR_ARGUMENT);
    }
    bad[9] = connect_header("");
    CHECK_INT(cepa_stream_header_encode(bytes, &len, &bad[9]), CEPA_ERR_ARGUMENT);
    CHECK_INT(len, 77);
}

/* A header of which one byte has another value. */
static int parse_changed(const struct cepa_stream_header *header, size_t place, uint8_t value)
{
    struct cepa_stream_header_parser parser;
    uint8_t bytes[CEPA_STREAM_HEADER_MAX];
    size_t len = 0;
    size_t used = 0;
    CHECK_INT(cepa_stream_header_encode(bytes, &len, header), 0);
    CHECK(place < len);
    bytes[place] = value;
    int error = parse(&parser, &used, bytes, len, 5);
    CHECK(parser.is_done == (error == 0));
    if (error != 0) { /* for ever */
        CHECK_INT(cepa_stream_header_parser_take(&parser, &used, bytes, len), error);
    }
    return error;
}

TEST(bad_headers_are_refused)
{
    enum { BODY = CEPA_STREAM_HEADER_MIN, NAME_LEN = BODY + CEPA_FILE_BODY_MIN - 1 };
    struct cepa_stream_header message = message_header();
    struct cepa_stream_header file = file_header("name");
    struct cepa_stream_header connect = connect_header("name");
    CHECK_INT(parse_changed(&message, BODY + CEPA_MESSAGE_BODY_SIZE - 1, 1), 0);
    CHECK_INT(parse_changed(&message, BODY + CEPA_MESSAGE_BODY_SIZE - 1, 0), CEPA_ERR_UNSUPPORTED);
    CHECK_INT(parse_changed(&message, 0, 0), CEPA_ERR_UNSUPPORTED);
    CHECK_INT(parse_changed(&message, 0, 4), CEPA_ERR_UNSUPPORTED);
    CHECK_INT(parse_changed(&message, 1, 1), CEPA_ERR_LENGTH);
    CHECK_INT(parse_changed(&message, 2, CEPA_MESSAGE_BODY_SIZE - 1), CEPA_ERR_LENGTH);
    CHECK_INT(parse_changed(&file, 2, CEPA_FILE_BODY_MIN), CEPA_ERR_LENGTH);
    CHECK_INT(parse_changed(&file, 1, 2), CEPA_ERR_LENGTH);
    CHECK_INT(parse_changed(&connect, 2, 1), CEPA_ERR_LENGTH);
    CHECK_INT(parse_changed(&connect, 1, 1), CEPA_ERR_LENGTH);
    CHECK_INT(parse_changed(&file, NAME_LEN, 3), CEPA_ERR_LENGTH);
    CHECK_INT(parse_changed(&file, NAME_LEN, 5), CEPA_ERR_LENGTH);
    CHECK_INT(parse_changed(&connect, BODY, 0), CEPA_ERR_LENGTH);
    CHECK_INT(parse_changed(&file, BODY + 16, 0x80), CEPA_ERR_MALFORMED); /* the size */
    CHECK_INT(parse_changed(&file, BODY + 32, 2), CEPA_ERR_MALFORMED);    /* the mode */
    CHECK_INT(parse_changed(&file, BODY + 34, 0), CEPA_ERR_MALFORMED);    /* the flags */
    CHECK_INT(parse_changed(&file, BODY + 34, 3), CEPA_ERR_MALFORMED);
    CHECK_INT(parse_changed(&file, NAME_LEN + 2, '/'), CEPA_ERR_MALFORMED);
    CHECK_INT(parse_changed(&file, NAME_LEN + 4, 0), CEPA_ERR_MALFORMED); /* a zero at the end */
    CHECK_INT(parse_changed(&connect, BODY + 1, 0), CEPA_ERR_MALFORMED);
    CHECK_INT(parse_changed(&connect, BODY + 1, '/'), 0);
    CHECK_INT(parse_changed(&connect, BODY + 1, 0x80), CEPA_ERR_MALFORMED);
}

TEST(a_wrong_start_is_known_before_the_rest)
{
    struct cepa_stream_header_parser parser;
    size_t used = 99;
    cepa_stream_header_parser_init(&parser);
    CHECK_INT(cepa_stream_header_parser_take(&parser, &used, NULL, 0), 0);
    CHECK_INT(used, 0);
    CHECK_INT(cepa_stream_header_parser_take(&parser, &used, (const uint8_t *)"G", 1),
              CEPA_ERR_UNSUPPORTED);
    cepa_stream_header_parser_init(&parser);
    CHECK_INT(cepa_stream_header_parser_take(&parser, &used, (const uint8_t *)"\2\xff\xff", 3),
              CEPA_ERR_LENGTH);
}

TEST(names_of_files)
{
    static const char *const good[] = {"a", "...", ".profile", "-rf", "a b", "a\\b", "Zoë 家"};
    static const char *const bad[] = {"",   ".",    "..",           "/",           "a/b",
                                      "a/", "a\nb", "\xe2\x80\x8f", "\x1b[31mred", "\xff"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        CHECK_INT(cepa_file_name_check(good[i], strlen(good[i])), 0);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK_INT(cepa_file_name_check(bad[i], strlen(bad[i])), CEPA_ERR_MALFORMED);
    }
    CHECK_INT(cepa_file_name_check("a\0b", 3), CEPA_ERR_MALFORMED);
    CHECK_INT(cepa_file_name_check(long_name(255), 255), 0);
    CHECK_INT(cepa_file_name_check(long_name(255), 256), CEPA_ERR_TOO_LONG);
}

TEST(names_are_made_good)
{
    static const struct {
        const char *from;
        const char *to;
    } cases[] = {{"a.txt", "a.txt"},
                 {"", "file"},
                 {".", "file"},
                 {"..", "file"},
                 {"../x", ".._x"},
                 {"a\nb\x7f", "a_b_"},
                 {"\xe9t\xe9", "_t_"},
                 {"a\xe2\x80\x8f", "a___"},
                 {"Zoë 家\xe5", "Zoë 家_"}};
    char name[CEPA_FILE_NAME_MAX + 1];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cepa_file_name_clean(name, cases[i].from, strlen(cases[i].from));
        CHECK(strcmp(name, cases[i].to) == 0);
        CHECK_INT(cepa_file_name_check(name, strlen(name)), 0);
    }
    char text[400];
    for (size_t start = 0; start < 4; start++) { /* a character of 3 bytes is not cut */
        memset(text, 'x', sizeof text);
        for (size_t at = start; at + 3 <= sizeof text; at += 3) {
            memcpy(text + at, "家", 3);
        }
        cepa_file_name_clean(name, text, sizeof text);
        CHECK(strlen(name) >= 253);
        CHECK_INT(cepa_file_name_check(name, strlen(name)), 0);
    }
}

TEST(what_follows_a_message_is_checked)
{
    static uint8_t text[CEPA_MESSAGE_TEXT_MAX + 1];
    memset(text, 'x', sizeof text);
    CHECK_INT(cepa_message_check(CEPA_MESSAGE_TEXT, text, 1), 0);
    CHECK_INT(cepa_message_check(CEPA_MESSAGE_TEXT, text, CEPA_MESSAGE_TEXT_MAX), 0);
    CHECK_INT(cepa_message_check(CEPA_MESSAGE_TEXT, text, sizeof text), CEPA_ERR_TOO_LONG);
    CHECK_INT(cepa_message_check(CEPA_MESSAGE_TEXT, text, 0), CEPA_ERR_LENGTH);
    CHECK_INT(cepa_message_check(CEPA_MESSAGE_TEXT, (const uint8_t *)"a\n\xe2\x80\x8f", 5), 0);
    CHECK_INT(cepa_message_check(CEPA_MESSAGE_TEXT, (const uint8_t *)"a\xff", 2),
              CEPA_ERR_MALFORMED);
    CHECK_INT(cepa_message_check((enum cepa_message_type)2, text, 1), CEPA_ERR_UNSUPPORTED);
}

TEST_MAIN(RUN(headers_go_there_and_back), RUN(sizes_and_attributes_at_their_limits),
          RUN(nothing_out_of_range_is_encoded), RUN(bad_headers_are_refused),
          RUN(a_wrong_start_is_known_before_the_rest), RUN(names_of_files),
          RUN(names_are_made_good), RUN(what_follows_a_message_is_checked))
