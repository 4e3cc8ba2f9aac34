/* Headers of streams. @[SPEC 17.1] */
#include "application/stream_header.h"

#include <string.h>

#include "base/assert.h"
#include "base/bytes.h"
#include "base/endian.h"
#include "base/plain_text.h"

enum { KIND_SIZE = 1, CHARACTER_MAX = 4 };

_Static_assert((int)CEPA_FILE_NAME_MAX == (int)CEPA_CONNECT_NAME_MAX, "one function reads both");
_Static_assert((int)CEPA_FILE_NAME_MAX <= UINT8_MAX, "their length is one byte");

/* Whether a name is nothing, or a folder itself, or the one above it. */
static bool is_no_file(const char *name, size_t name_len)
{
    return name_len == 0 || (name_len == 1 && name[0] == '.') ||
           (name_len == 2 && name[0] == '.' && name[1] == '.');
}

static bool has_slash(const char *name, size_t name_len)
{
    size_t at = 0;
    while (at < name_len && name[at] != '/') {
        at++;
    }
    return at < name_len;
}

/* The length of a text with a final zero, up to the longest that a name can have and one more. */
static size_t text_len(const char text[CEPA_FILE_NAME_MAX + 1])
{
    size_t len = 0;
    while (len <= CEPA_FILE_NAME_MAX && text[len] != 0) {
        len++;
    }
    return len;
}

int cepa_file_name_check(const char *name, size_t name_len)
{
    if (name_len > CEPA_FILE_NAME_MAX) {
        return CEPA_ERR_TOO_LONG;
    }
    if (is_no_file(name, name_len) || has_slash(name, name_len) ||
        !cepa_text_is_plain(name, name_len)) {
        return CEPA_ERR_MALFORMED;
    }
    return 0;
}

/* The number of bytes of the character that a text begins with; 0 if that may not stand in a name.
 */
static size_t character_len(const char *text, size_t left)
{
    for (size_t len = 1; len <= CHARACTER_MAX && len <= left; len++) {
        if (text[0] != '/' && cepa_text_is_plain(text, len)) {
            return len;
        }
    }
    return 0;
}

void cepa_file_name_clean(char ret_name[CEPA_FILE_NAME_MAX + 1], const char *name, size_t name_len)
{
    char clean[CEPA_FILE_NAME_MAX + 1] = {0};
    size_t len = 0;
    for (size_t at = 0; at < name_len;) {
        size_t taken = character_len(name + at, name_len - at);
        size_t written = taken == 0 ? 1 : taken;
        if (len + written > CEPA_FILE_NAME_MAX) {
            break;
        }
        memcpy(clean + len, taken == 0 ? "_" : name + at, written);
        len += written;
        at += written;
    }
    if (is_no_file(clean, len)) {
        memcpy(clean, "file", sizeof "file");
    }
    memcpy(ret_name, clean, sizeof clean);
}

static int check_file(const struct cepa_file_header *file)
{
    bool has_attributes = file->flags == CEPA_FILE_HAS_ATTRIBUTES;
    if ((file->size > CEPA_FILE_SIZE_MAX && file->size != CEPA_FILE_SIZE_UNKNOWN) ||
        (file->flags != 0 && !has_attributes) || file->mode > CEPA_FILE_MODE_MAX ||
        (!has_attributes && (file->mode != 0 || file->modified.unix_ms != 0))) {
        return CEPA_ERR_MALFORMED;
    }
    return 0;
}

/* Whether what a header says is in range, but for names, which are checked with their lengths. */
static int check(const struct cepa_stream_header *header)
{
    switch (header->kind) {
    case CEPA_STREAM_MESSAGE:
        return header->message.type == CEPA_MESSAGE_TEXT ? 0 : CEPA_ERR_UNSUPPORTED;
    case CEPA_STREAM_FILE:
        return check_file(&header->file);
    case CEPA_STREAM_CONNECT:
        return 0;
    default:
        return CEPA_ERR_UNSUPPORTED;
    }
}

static void write_name(struct cepa_writer *writer, const char *name)
{
    size_t len = text_len(name);
    cepa_writer_u8(writer, (uint8_t)len);
    cepa_writer_bytes(writer, name, len);
}

static void write_body(struct cepa_writer *writer, const struct cepa_stream_header *header)
{
    switch (header->kind) {
    case CEPA_STREAM_MESSAGE:
        cepa_writer_bytes(writer, header->message.id.bytes, CEPA_MESSAGE_ID_SIZE);
        cepa_writer_u64(writer, header->message.time.unix_ms);
        cepa_writer_u8(writer, (uint8_t)header->message.type);
        break;
    case CEPA_STREAM_FILE:
        cepa_writer_bytes(writer, header->file.transfer.bytes, CEPA_TRANSFER_ID_SIZE);
        cepa_writer_u64(writer, header->file.size);
        cepa_writer_u64(writer, header->file.modified.unix_ms);
        cepa_writer_u16(writer, header->file.mode);
        cepa_writer_u8(writer, header->file.flags);
        write_name(writer, header->file.name);
        break;
    case CEPA_STREAM_CONNECT:
        write_name(writer, header->connect.name);
        break;
    }
}

/* Whether the name in a header, if its kind has one, is right. */
static int check_name(const struct cepa_stream_header *header)
{
    if (header->kind == CEPA_STREAM_FILE) {
        return cepa_file_name_check(header->file.name, text_len(header->file.name));
    }
    if (header->kind == CEPA_STREAM_CONNECT) {
        size_t len = text_len(header->connect.name);
        return len > 0 && len <= CEPA_CONNECT_NAME_MAX &&
                       cepa_text_is_plain(header->connect.name, len)
                   ? 0
                   : CEPA_ERR_MALFORMED;
    }
    return 0;
}

int cepa_stream_header_encode(uint8_t *ret_bytes, size_t *ret_len,
                              const struct cepa_stream_header *header)
{
    uint8_t body[CEPA_STREAM_HEADER_MAX - CEPA_STREAM_HEADER_MIN];
    struct cepa_writer writer;
    size_t len = 0;
    if (check(header) != 0 || check_name(header) != 0) {
        return CEPA_ERR_ARGUMENT;
    }
    cepa_writer_init(&writer, body, sizeof body);
    write_body(&writer, header);
    int error = cepa_writer_end(&writer, &len);
    CEPA_ASSERT(error == 0);
    cepa_writer_init(&writer, ret_bytes, CEPA_STREAM_HEADER_MAX);
    cepa_writer_u8(&writer, (uint8_t)header->kind);
    cepa_writer_u16(&writer, (uint16_t)len);
    cepa_writer_bytes(&writer, body, len);
    return cepa_writer_end(&writer, ret_len);
}

/* Reads a name; one with a zero in it is none, so that the final zero says where it ends. */
static int read_name(struct cepa_reader *reader, char *ret_name)
{
    size_t len = cepa_reader_u8(reader);
    cepa_reader_bytes(reader, ret_name, len);
    return text_len(ret_name) == len ? 0 : CEPA_ERR_MALFORMED;
}

/* Reads a whole header, whose kind and length are right, into one of zeros. */
static int decode(struct cepa_stream_header *header, const uint8_t *data, size_t data_len)
{
    struct cepa_reader reader;
    int name_error = 0;
    cepa_reader_init(&reader, data, data_len);
    header->kind = (enum cepa_stream_kind)cepa_reader_u8(&reader);
    cepa_reader_skip(&reader, 2);
    switch (header->kind) {
    case CEPA_STREAM_MESSAGE:
        cepa_reader_bytes(&reader, header->message.id.bytes, CEPA_MESSAGE_ID_SIZE);
        header->message.time.unix_ms = cepa_reader_u64(&reader);
        header->message.type = (enum cepa_message_type)cepa_reader_u8(&reader);
        break;
    case CEPA_STREAM_FILE:
        cepa_reader_bytes(&reader, header->file.transfer.bytes, CEPA_TRANSFER_ID_SIZE);
        header->file.size = cepa_reader_u64(&reader);
        header->file.modified.unix_ms = cepa_reader_u64(&reader);
        header->file.mode = cepa_reader_u16(&reader);
        header->file.flags = cepa_reader_u8(&reader);
        name_error = read_name(&reader, header->file.name);
        break;
    case CEPA_STREAM_CONNECT:
        name_error = read_name(&reader, header->connect.name);
        break;
    }
    int error = cepa_reader_end(&reader);
    error = error == 0 ? name_error : error;
    error = error == 0 ? check(header) : error;
    return error == 0 ? check_name(header) : error;
}

/* The shortest and the longest body of a kind; both 0 for a kind that is none. */
static void body_limits(size_t *ret_min, size_t *ret_max, uint8_t kind)
{
    *ret_min = 0;
    *ret_max = 0;
    switch (kind) {
    case CEPA_STREAM_MESSAGE:
        *ret_min = CEPA_MESSAGE_BODY_SIZE;
        *ret_max = CEPA_MESSAGE_BODY_SIZE;
        break;
    case CEPA_STREAM_FILE:
        *ret_min = CEPA_FILE_BODY_MIN + 1;
        *ret_max = CEPA_FILE_BODY_MIN + CEPA_FILE_NAME_MAX;
        break;
    case CEPA_STREAM_CONNECT:
        *ret_min = 1 + 1;
        *ret_max = 1 + CEPA_CONNECT_NAME_MAX;
        break;
    default:
        break;
    }
}

/* How long the header will be, as far as what came says; checks its kind and length. */
static int wanted(size_t *ret_len, const struct cepa_stream_header_parser *parser)
{
    size_t min = 0;
    size_t max = 0;
    *ret_len = CEPA_STREAM_HEADER_MIN;
    if (parser->len == 0) {
        return 0;
    }
    body_limits(&min, &max, parser->bytes[0]);
    if (max == 0) {
        return CEPA_ERR_UNSUPPORTED;
    }
    if (parser->len >= CEPA_STREAM_HEADER_MIN) {
        size_t body_len = cepa_be16_load(parser->bytes + 1);
        if (body_len < min || body_len > max) {
            return CEPA_ERR_LENGTH;
        }
        *ret_len += body_len;
    }
    return 0;
}

void cepa_stream_header_parser_init(struct cepa_stream_header_parser *ret_parser)
{
    memset(ret_parser, 0, sizeof *ret_parser);
}

/* Takes some of what came, towards the next length that is known. Gives how much; 0 if the header
 * is whole, has an error, or needs more than there is. */
static size_t take_some(struct cepa_stream_header_parser *parser, const uint8_t *data,
                        size_t data_len)
{
    size_t len = 0;
    parser->error = wanted(&len, parser);
    if (parser->error != 0) {
        return 0;
    }
    size_t missing = len - parser->len;
    if (missing == 0) {
        parser->error = decode(&parser->header, parser->bytes, parser->len);
        parser->is_done = parser->error == 0;
        return 0;
    }
    size_t taken = missing < data_len ? missing : data_len;
    memcpy(parser->bytes + parser->len, data, taken);
    parser->len += taken;
    return taken;
}

int cepa_stream_header_parser_take(struct cepa_stream_header_parser *parser, size_t *ret_used,
                                   const uint8_t *data, size_t data_len)
{
    size_t used = 0;
    bool is_moving = data_len > 0;
    while (is_moving && parser->error == 0 && !parser->is_done) {
        size_t taken = take_some(parser, data + used, data_len - used);
        used += taken;
        is_moving = taken > 0;
    }
    if (parser->error == 0) {
        *ret_used = used;
    }
    return parser->error;
}

int cepa_message_check(enum cepa_message_type type, const uint8_t *body, size_t body_len)
{
    if (type != CEPA_MESSAGE_TEXT) {
        return CEPA_ERR_UNSUPPORTED;
    }
    if (body_len == 0 || body_len > CEPA_MESSAGE_TEXT_MAX) {
        return body_len == 0 ? CEPA_ERR_LENGTH : CEPA_ERR_TOO_LONG;
    }
    return cepa_text_is_utf8((const char *)body, body_len) ? 0 : CEPA_ERR_MALFORMED;
}
