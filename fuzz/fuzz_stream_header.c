/* Headers of streams as strangers send them, whole and in pieces: both ways give the same; what is
 * read is written the same. The same bytes as a name that a sender wants to give a file, and as
 * what follows a message. The first byte of the input says how long pieces are. */
#include <stdint.h>
#include <string.h>

#include "application/stream_header.h"
#include "base/assert.h"
#include "base/plain_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len);

/* Gives `data` in pieces of `step` bytes; how many the header took. */
static int parse(struct cepa_stream_header_parser *parser, size_t *ret_used, const uint8_t *data,
                 size_t data_len, size_t step)
{
    cepa_stream_header_parser_init(parser);
    *ret_used = 0;
    for (size_t at = 0; at < data_len && !parser->is_done; at += step) {
        size_t used = 0;
        size_t len = data_len - at < step ? data_len - at : step;
        int error = cepa_stream_header_parser_take(parser, &used, data + at, len);
        if (error != 0) {
            CEPA_ASSERT(!parser->is_done);
            CEPA_ASSERT(cepa_stream_header_parser_take(parser, &used, data, len) == error);
            return error;
        }
        CEPA_ASSERT(used == len || (parser->is_done && used < len));
        *ret_used += used;
    }
    return 0;
}

/* What was read is written the same. */
static void write_again(const struct cepa_stream_header *header, const uint8_t *data, size_t used)
{
    uint8_t again[CEPA_STREAM_HEADER_MAX];
    size_t len = 0;
    CEPA_ASSERT(cepa_stream_header_encode(again, &len, header) == 0);
    CEPA_ASSERT(len == used && memcmp(again, data, len) == 0);
}

static void try_header(const uint8_t *data, size_t data_len, size_t step)
{
    static struct cepa_stream_header_parser whole;
    static struct cepa_stream_header_parser cut;
    size_t whole_used = 0;
    size_t cut_used = 0;
    int error = parse(&whole, &whole_used, data, data_len, data_len + 1);
    CEPA_ASSERT(parse(&cut, &cut_used, data, data_len, step) == error);
    CEPA_ASSERT(whole.is_done == cut.is_done);
    if (whole.is_done) {
        write_again(&whole.header, data, whole_used);
        write_again(&cut.header, data, cut_used);
    }
}

static void try_name(const uint8_t *data, size_t data_len)
{
    char name[CEPA_FILE_NAME_MAX + 1];
    cepa_file_name_clean(name, (const char *)data, data_len);
    size_t len = strlen(name);
    CEPA_ASSERT(cepa_file_name_check(name, len) == 0);
    if (cepa_file_name_check((const char *)data, data_len) == 0) {
        CEPA_ASSERT(len == data_len && memcmp(name, data, len) == 0);
        CEPA_ASSERT(cepa_text_is_utf8(name, len));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len)
{
    if (data_len == 0) {
        return 0;
    }
    try_header(data + 1, data_len - 1, 1 + data[0]);
    try_name(data + 1, data_len - 1);
    int error = cepa_message_check(CEPA_MESSAGE_TEXT, data + 1, data_len - 1);
    CEPA_ASSERT((error == 0) == (data_len > 1 && data_len - 1 <= CEPA_MESSAGE_TEXT_MAX &&
                                 cepa_text_is_utf8((const char *)data + 1, data_len - 1)));
    return 0;
}
