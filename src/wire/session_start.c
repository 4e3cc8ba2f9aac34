/* Knocks, terms, and parts over circuits that have met. @[SPEC 16.2] */
#include "wire/session_start.h"

#include <string.h>

#include "base/assert.h"
#include "base/bytes.h"

enum { FLAG_NAMED = 1, FLAGS_ALL = FLAG_NAMED, PART_BIT = 0x80, GOT_ALL = 3 };

static bool are_paths_right(uint8_t paths_max)
{
    return paths_max >= 1 && paths_max <= CEPA_SESSION_PATHS_SAID_MAX;
}

void cepa_knock_encode(uint8_t *ret_bytes, const struct cepa_knock *knock, const uint8_t *fresh)
{
    struct cepa_writer writer;
    CEPA_ASSERT(are_paths_right(knock->paths_max));
    CEPA_ASSERT(knock->greeting_len <= CEPA_KNOCK_GREETING_MAX);
    uint64_t time = knock->time.unix_ms;
    cepa_writer_init(&writer, ret_bytes, CEPA_KNOCK_INNER_SIZE);
    cepa_writer_bytes(&writer, fresh, CEPA_KEM_PUBLIC_KEY_SIZE);
    cepa_writer_bytes(&writer, knock->relay, sizeof knock->relay);
    cepa_writer_bytes(&writer, knock->cookie, sizeof knock->cookie);
    cepa_writer_u64(&writer, time - time % CEPA_KNOCK_TIME_STEP_MS);
    cepa_writer_u8(&writer, knock->is_named ? FLAG_NAMED : 0);
    cepa_writer_u8(&writer, knock->paths_max);
    cepa_writer_u8(&writer, knock->greeting_len);
    cepa_writer_bytes(&writer, knock->greeting, knock->greeting_len);
    cepa_writer_zeros(&writer, cepa_writer_left(&writer));
}

int cepa_knock_decode(struct cepa_knock *ret_knock, const uint8_t **ret_fresh, const uint8_t *bytes)
{
    struct cepa_reader reader;
    struct cepa_knock knock;
    memset(&knock, 0, sizeof knock);
    cepa_reader_init(&reader, bytes, CEPA_KNOCK_INNER_SIZE);
    const uint8_t *fresh = cepa_reader_view(&reader, CEPA_KEM_PUBLIC_KEY_SIZE);
    cepa_reader_bytes(&reader, knock.relay, sizeof knock.relay);
    cepa_reader_bytes(&reader, knock.cookie, sizeof knock.cookie);
    knock.time.unix_ms = cepa_reader_u64(&reader);
    uint8_t flags = cepa_reader_u8(&reader);
    knock.is_named = (flags & FLAG_NAMED) != 0;
    knock.paths_max = cepa_reader_u8(&reader);
    knock.greeting_len = cepa_reader_u8(&reader);
    if ((flags & ~FLAGS_ALL) != 0 || !are_paths_right(knock.paths_max) ||
        knock.greeting_len > CEPA_KNOCK_GREETING_MAX ||
        knock.time.unix_ms % CEPA_KNOCK_TIME_STEP_MS != 0) {
        return CEPA_ERR_MALFORMED;
    }
    cepa_reader_bytes(&reader, knock.greeting, knock.greeting_len);
    cepa_reader_zeros(&reader, cepa_reader_left(&reader));
    if (cepa_reader_end(&reader) != 0) {
        return CEPA_ERR_MALFORMED;
    }
    *ret_knock = knock;
    *ret_fresh = fresh;
    return 0;
}

void cepa_session_terms_encode(uint8_t *ret_bytes, size_t size,
                               const struct cepa_session_terms *terms)
{
    struct cepa_writer writer;
    CEPA_ASSERT(are_paths_right(terms->paths_max) && terms->admission <= CEPA_ADMISSION_NAMED);
    cepa_writer_init(&writer, ret_bytes, size);
    cepa_writer_u8(&writer, CEPA_SESSION_VERSION);
    cepa_writer_u8(&writer, terms->admission);
    cepa_writer_u8(&writer, terms->paths_max);
    cepa_writer_zeros(&writer, cepa_writer_left(&writer));
}

int cepa_session_terms_decode(struct cepa_session_terms *ret_terms, const uint8_t *bytes,
                              size_t size)
{
    struct cepa_reader reader;
    struct cepa_session_terms terms;
    cepa_reader_init(&reader, bytes, size);
    if (cepa_reader_u8(&reader) != CEPA_SESSION_VERSION) {
        return CEPA_ERR_VERSION;
    }
    terms.admission = cepa_reader_u8(&reader);
    terms.paths_max = cepa_reader_u8(&reader);
    cepa_reader_zeros(&reader, cepa_reader_left(&reader));
    if (cepa_reader_end(&reader) != 0 || terms.admission > CEPA_ADMISSION_NAMED ||
        !are_paths_right(terms.paths_max)) {
        return CEPA_ERR_MALFORMED;
    }
    *ret_terms = terms;
    return 0;
}

bool cepa_start_is_part(const uint8_t *data)
{
    return (data[0] & PART_BIT) != 0;
}

void cepa_start_part_encode(uint8_t *ret_data, enum cepa_start_kind kind, uint8_t part,
                            const uint8_t *message)
{
    CEPA_ASSERT(part < CEPA_START_PARTS);
    memset(ret_data, 0, CEPA_START_HEADER_SIZE);
    ret_data[0] = (uint8_t)(PART_BIT | (unsigned)kind);
    ret_data[1] = part;
    memcpy(ret_data + CEPA_START_HEADER_SIZE, message + (size_t)part * CEPA_START_PART_SIZE,
           CEPA_START_PART_SIZE);
}

int cepa_start_whole_add(struct cepa_start_whole *whole, uint8_t *message, bool *ret_is_whole,
                         const uint8_t *data)
{
    struct cepa_reader reader;
    cepa_reader_init(&reader, data, CEPA_START_HEADER_SIZE);
    uint8_t kind = cepa_reader_u8(&reader);
    uint8_t part = cepa_reader_u8(&reader);
    cepa_reader_zeros(&reader, cepa_reader_left(&reader));
    if (cepa_reader_end(&reader) != 0 || part >= CEPA_START_PARTS ||
        (kind != (PART_BIT | CEPA_START_ANSWER) && kind != (PART_BIT | CEPA_START_RESUME))) {
        return CEPA_ERR_MALFORMED;
    }
    kind &= (uint8_t)~PART_BIT;
    if (whole->kind != kind) {
        whole->kind = kind;
        whole->got = 0;
    }
    memcpy(message + (size_t)part * CEPA_START_PART_SIZE, data + CEPA_START_HEADER_SIZE,
           CEPA_START_PART_SIZE);
    whole->got |= (uint8_t)(1u << part);
    *ret_is_whole = whole->got == GOT_ALL;
    return 0;
}
