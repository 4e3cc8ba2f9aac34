/* What every stream of an application begins with: what it is for. @[SPEC 17.1]
 *
 *     header   kind 1 | length of the body 2 | body
 *     MESSAGE  id 16 | time 8 | type 1
 *     FILE     transfer 16 | size 8 | modified 8 | mode 2 | flags 1 | name length 1 | name
 *     CONNECT  name length 1 | name
 *
 * Whoever opens a stream encodes the header and writes it first; the other end gives what it reads
 * to a cepa_stream_header_parser until the header is whole. Names in headers are the other end's
 * word: checked to be plain text, to be shown, never to be used as a path. */
#ifndef CEPA_APPLICATION_STREAM_HEADER_H
#define CEPA_APPLICATION_STREAM_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/time.h"

enum {
    CEPA_MESSAGE_ID_SIZE = 16,
    CEPA_MESSAGE_TEXT_MAX = 65536, /* behind the header of a MESSAGE of type TEXT; at least 1 */
    CEPA_TRANSFER_ID_SIZE = 16,
    CEPA_FILE_NAME_MAX = 255,    /* bytes of UTF-8; at least 1 */
    CEPA_CONNECT_NAME_MAX = 255, /* likewise */
    CEPA_FILE_MODE_MAX = 0777,   /* permissions of Unix, no more */
    CEPA_MESSAGE_BODY_SIZE = CEPA_MESSAGE_ID_SIZE + 8 + 1,
    CEPA_FILE_BODY_MIN = CEPA_TRANSFER_ID_SIZE + 8 + 8 + 2 + 1 + 1,
    CEPA_STREAM_HEADER_MIN = 1 + 2,
    CEPA_STREAM_HEADER_MAX = CEPA_STREAM_HEADER_MIN + CEPA_FILE_BODY_MIN + CEPA_FILE_NAME_MAX
};

_Static_assert(CEPA_STREAM_HEADER_MAX == 294, "fits into the first segment of a stream");

/* The size of a file whose length is not known before its end, such as standard input. */
#define CEPA_FILE_SIZE_UNKNOWN UINT64_MAX

/* The largest size that is known, and the most that a file may have in any case. */
#define CEPA_FILE_SIZE_MAX ((uint64_t)INT64_MAX)

/* What a stream is for. */
enum cepa_stream_kind { CEPA_STREAM_MESSAGE = 1, CEPA_STREAM_FILE = 2, CEPA_STREAM_CONNECT = 3 };

/* What a message is. */
enum cepa_message_type {
    CEPA_MESSAGE_TEXT = 1 /* UTF-8 follows, to the end of the stream */
};

/* What the other end of a MESSAGE answers, 1 byte, and the end of its side. */
enum cepa_message_verdict {
    CEPA_MESSAGE_KEPT = 0,    /* it has the message, or had it before */
    CEPA_MESSAGE_REFUSED = 1, /* it does not want it */
    CEPA_MESSAGE_NO_ROOM = 2  /* it has no room for it */
};

/* What the other end of a CONNECT answers, 1 byte, before the bytes that it forwards. */
enum cepa_connect_verdict {
    CEPA_CONNECT_OPEN = 0,    /* bytes go both ways from here on */
    CEPA_CONNECT_REFUSED = 1, /* there is no such service, or not for who asks */
    CEPA_CONNECT_FAILED = 2   /* the service does not answer */
};

/* Why an application gives up a stream: codes of RESET and STOP. @[SPEC 17.5] */
enum cepa_stream_code {
    CEPA_STREAM_CANCELLED = 1, /* its user does not want it any more */
    CEPA_STREAM_BROKEN = 2,    /* what the other end sent breaks the rules */
    CEPA_STREAM_NO_ROOM = 3,   /* it is more than there is room for */
    CEPA_STREAM_CHANGED = 4,   /* the file is no longer what its header said */
    CEPA_STREAM_STORAGE = 5,   /* reading or writing failed on this end's disk */
    CEPA_STREAM_BUSY = 6       /* too many streams are under way; later */
};

/* Flags of a file. */
enum { CEPA_FILE_HAS_ATTRIBUTES = 1 /* `modified` and `mode` are known; both are 0 otherwise */ };

/* Names a message, for its sender and its receiver: random, so that none is accepted twice. */
struct cepa_message_id {
    uint8_t bytes[CEPA_MESSAGE_ID_SIZE];
};

/* Names a transfer, from its first offer to its end, through all sessions that it takes: random.
 * A receiver holds it apart by who sends: another sender's transfer of this id is another one. */
struct cepa_transfer_id {
    uint8_t bytes[CEPA_TRANSFER_ID_SIZE];
};

/* The header of a message. */
struct cepa_message_header {
    struct cepa_message_id id;
    struct cepa_wall time;       /* when it was written, as its sender says */
    enum cepa_message_type type; /* what follows the header */
};

/* The header of a file. */
struct cepa_file_header {
    struct cepa_transfer_id transfer;
    uint64_t size;             /* bytes, up to CEPA_FILE_SIZE_MAX, or CEPA_FILE_SIZE_UNKNOWN */
    struct cepa_wall modified; /* when the file was changed last */
    uint16_t mode;             /* up to CEPA_FILE_MODE_MAX */
    uint8_t flags;             /* CEPA_FILE_HAS_ATTRIBUTES or 0 */
    char name[CEPA_FILE_NAME_MAX + 1]; /* passes cepa_file_name_check; with a final zero */
};

/* The header of a connection to a service. */
struct cepa_connect_header {
    char name[CEPA_CONNECT_NAME_MAX + 1]; /* plain text (base/plain_text.h); with a final zero */
};

/* A header; one of the three members by `kind`. */
struct cepa_stream_header {
    enum cepa_stream_kind kind;
    union {
        struct cepa_message_header message;
        struct cepa_file_header file;
        struct cepa_connect_header connect;
    };
};

/* A header that is arriving. About 600 bytes; no pointer into what it was given. */
struct cepa_stream_header_parser {
    uint8_t bytes[CEPA_STREAM_HEADER_MAX]; /* what came */
    size_t len;                            /* how much of it */
    int error;                             /* 0, or what the first failure was */
    bool is_done;                          /* `header` is set */
    struct cepa_stream_header header;      /* the result; for its user to read if `is_done` */
};

/* cepa_file_name_check tells whether the `name_len` bytes at `name` are a plain name of a file: 1
 * to CEPA_FILE_NAME_MAX bytes of plain text (UTF-8 without control characters and without those
 * that turn or hide text, base/plain_text.h), without "/", neither "." nor "..". Returns 0,
 * CEPA_ERR_TOO_LONG, or CEPA_ERR_MALFORMED. It says nothing of whether the name is wise: it may
 * begin with "." or "-". */
CEPA_MUST_USE int cepa_file_name_check(const char *name, size_t name_len);

/* cepa_file_name_clean makes a name that passes cepa_file_name_check of the `name_len` bytes at
 * `name`, for senders: each byte of what may not stand in it becomes "_", what is too long is cut
 * between characters, and what is left of nothing, "." and ".." is "file". */
void cepa_file_name_clean(char ret_name[CEPA_FILE_NAME_MAX + 1], const char *name, size_t name_len);

/* cepa_stream_header_encode writes a header, up to CEPA_STREAM_HEADER_MAX bytes, and its length.
 * Returns 0, or CEPA_ERR_ARGUMENT for a field out of its range. */
CEPA_MUST_USE int cepa_stream_header_encode(uint8_t *ret_bytes, size_t *ret_len,
                                            const struct cepa_stream_header *header);

/* cepa_stream_header_parser_init begins with nothing. */
void cepa_stream_header_parser_init(struct cepa_stream_header_parser *ret_parser);

/* cepa_stream_header_parser_take takes what comes next of a stream, and stops behind the header:
 * `*ret_used` bytes were its own, what is left of `data_len` belongs to what follows. Afterwards
 * `parser->is_done` says whether it is whole; if not, all was used and more is wanted. Bytes may
 * come one at a time or all at once. Returns 0, also with nothing to take; or, and the same for
 * ever after,
 *   CEPA_ERR_UNSUPPORTED  a kind or a type that is not known here;
 *   CEPA_ERR_LENGTH       a length that the kind does not have; no more was waited for;
 *   CEPA_ERR_MALFORMED    a field out of its range, such as a name that is none. */
CEPA_MUST_USE int cepa_stream_header_parser_take(struct cepa_stream_header_parser *parser,
                                                 size_t *ret_used, const uint8_t *data,
                                                 size_t data_len);

/* cepa_message_check tells whether what followed the header of a message of `type` to the end of
 * its stream is right: 1 to CEPA_MESSAGE_TEXT_MAX bytes of UTF-8 (whatever characters: who shows
 * them sees to it that they do no harm). Returns 0, CEPA_ERR_LENGTH,
 * CEPA_ERR_TOO_LONG, CEPA_ERR_MALFORMED, or CEPA_ERR_UNSUPPORTED for another type. O(body_len). */
CEPA_MUST_USE int cepa_message_check(enum cepa_message_type type, const uint8_t *body,
                                     size_t body_len);

#endif
