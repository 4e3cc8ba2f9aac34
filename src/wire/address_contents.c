/* Encoding of what is sealed in descriptors of addresses. @[SPEC 14.6] */
#include "wire/address_contents.h"

#include <string.h>

#include "base/assert.h"
#include "base/bytes.h"

_Static_assert(CEPA_ADDRESS_CONTENTS_SIZE == 16240, "@[SPEC 14.4]");
_Static_assert(4 + CEPA_ADDRESS_KEYS_SIZE + CEPA_KEM_PUBLIC_KEY_SIZE +
                       CEPA_INTRODUCTION_POINTS_MAX * sizeof(struct cepa_introduction_point) +
                       CEPA_MAILBOX_PLACES_MAX * sizeof(struct cepa_mailbox_place) <=
                   CEPA_ADDRESS_CONTENTS_SIGNED_SIZE,
               "all of it fits");

void cepa_address_contents_encode(uint8_t *ret_bytes, const struct cepa_address_contents *contents,
                                  const uint8_t *keys)
{
    struct cepa_writer writer;
    CEPA_ASSERT(contents->points_len <= CEPA_INTRODUCTION_POINTS_MAX);
    CEPA_ASSERT(contents->places_len <= CEPA_MAILBOX_PLACES_MAX);
    cepa_writer_init(&writer, ret_bytes, CEPA_ADDRESS_CONTENTS_SIGNED_SIZE);
    cepa_writer_u8(&writer, CEPA_ADDRESS_CONTENTS_VERSION);
    cepa_writer_u8(&writer, contents->flags);
    cepa_writer_u8(&writer, contents->points_len);
    cepa_writer_u8(&writer, contents->places_len);
    cepa_writer_bytes(&writer, keys, CEPA_ADDRESS_KEYS_SIZE);
    cepa_writer_bytes(&writer, contents->prekey, sizeof contents->prekey);
    for (size_t i = 0; i < contents->points_len; i++) {
        const struct cepa_introduction_point *point = &contents->points[i];
        cepa_writer_bytes(&writer, point->relay, sizeof point->relay);
        cepa_writer_bytes(&writer, point->key, sizeof point->key);
    }
    for (size_t i = 0; i < contents->places_len; i++) {
        const struct cepa_mailbox_place *place = &contents->places[i];
        cepa_writer_bytes(&writer, place->relay, sizeof place->relay);
        cepa_writer_bytes(&writer, place->mailbox, sizeof place->mailbox);
        cepa_writer_bytes(&writer, place->write_seed, sizeof place->write_seed);
    }
    cepa_writer_zeros(&writer, cepa_writer_left(&writer));
    CEPA_ASSERT(!writer.failed);
}

static void lists_decode(struct cepa_address_contents *contents, struct cepa_reader *reader)
{
    for (size_t i = 0; i < contents->points_len; i++) {
        struct cepa_introduction_point *point = &contents->points[i];
        cepa_reader_bytes(reader, point->relay, sizeof point->relay);
        cepa_reader_bytes(reader, point->key, sizeof point->key);
    }
    for (size_t i = 0; i < contents->places_len; i++) {
        struct cepa_mailbox_place *place = &contents->places[i];
        cepa_reader_bytes(reader, place->relay, sizeof place->relay);
        cepa_reader_bytes(reader, place->mailbox, sizeof place->mailbox);
        cepa_reader_bytes(reader, place->write_seed, sizeof place->write_seed);
    }
}

int cepa_address_contents_decode(struct cepa_address_contents *ret_contents,
                                 const uint8_t **ret_keys, const uint8_t *bytes, size_t bytes_len)
{
    struct cepa_address_contents contents;
    struct cepa_reader reader;
    if (bytes_len != CEPA_ADDRESS_CONTENTS_SIZE) {
        return CEPA_ERR_LENGTH;
    }
    if (bytes[0] != CEPA_ADDRESS_CONTENTS_VERSION) {
        return CEPA_ERR_VERSION;
    }
    memset(&contents, 0, sizeof contents);
    cepa_reader_init(&reader, bytes + 1, CEPA_ADDRESS_CONTENTS_SIGNED_SIZE - 1);
    contents.flags = cepa_reader_u8(&reader);
    contents.points_len = cepa_reader_u8(&reader);
    contents.places_len = cepa_reader_u8(&reader);
    if (contents.points_len > CEPA_INTRODUCTION_POINTS_MAX ||
        contents.places_len > CEPA_MAILBOX_PLACES_MAX) {
        return CEPA_ERR_MALFORMED;
    }
    const uint8_t *keys = cepa_reader_view(&reader, CEPA_ADDRESS_KEYS_SIZE);
    cepa_reader_bytes(&reader, contents.prekey, sizeof contents.prekey);
    lists_decode(&contents, &reader);
    cepa_reader_zeros(&reader, cepa_reader_left(&reader));
    if (cepa_reader_end(&reader) != 0) {
        return CEPA_ERR_MALFORMED;
    }
    *ret_contents = contents;
    *ret_keys = keys;
    return 0;
}
