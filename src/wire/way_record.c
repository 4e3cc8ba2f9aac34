/* Encoding of way records. @[SPEC 10.15] */
#include "wire/way_record.h"

#include <string.h>

#include "base/assert.h"
#include "base/bytes.h"
#include "wire/reach.h"

_Static_assert(CEPA_WAY_RECORD_SIZE == 232, "a way record, @[SPEC 10.15]");
_Static_assert(CEPA_REACH_SIZE_MAX + CEPA_DTLS_HASH_SIZE + CEPA_REACH_SECRET_SIZE <=
                   CEPA_WAY_BODY_SIZE,
               "an address fits where introducers do");

void cepa_way_record_encode(uint8_t *ret_bytes, const struct cepa_way_record *record)
{
    struct cepa_writer writer;
    size_t len = 0;
    cepa_writer_init(&writer, ret_bytes, CEPA_WAY_RECORD_SIZE);
    cepa_writer_u8(&writer, CEPA_WAY_RECORD_VERSION);
    cepa_writer_u8(&writer, record->introducers_len);
    cepa_writer_zeros(&writer, 2);
    cepa_writer_bytes(&writer, record->public_key, sizeof record->public_key);
    cepa_writer_bytes(&writer, record->address.node.bytes, CEPA_NODE_ID_SIZE);
    cepa_writer_u32(&writer, record->sequence);
    for (size_t i = 0; i < record->introducers_len; i++) {
        cepa_writer_bytes(&writer, record->introducers[i].bytes, CEPA_NODE_ID_SIZE);
    }
    if (record->introducers_len == 0) {
        cepa_reach_encode(&writer, &record->address.reach);
        cepa_writer_bytes(&writer, record->address.dtls.bytes, CEPA_DTLS_HASH_SIZE);
        cepa_writer_bytes(&writer, record->address.secret.bytes, CEPA_REACH_SECRET_SIZE);
    }
    cepa_writer_zeros(&writer, cepa_writer_left(&writer) - CEPA_SIGNATURE_SIZE);
    cepa_writer_bytes(&writer, record->signature, sizeof record->signature);
    int error = cepa_writer_end(&writer, &len);
    CEPA_ASSERT(error == 0 && len == CEPA_WAY_RECORD_SIZE);
}

static int body_decode(struct cepa_way_record *record, struct cepa_reader *reader)
{
    for (size_t i = 0; i < record->introducers_len; i++) {
        cepa_reader_bytes(reader, record->introducers[i].bytes, CEPA_NODE_ID_SIZE);
    }
    if (record->introducers_len > 0) {
        return 0;
    }
    int error = cepa_reach_decode(&record->address.reach, reader);
    cepa_reader_bytes(reader, record->address.dtls.bytes, CEPA_DTLS_HASH_SIZE);
    cepa_reader_bytes(reader, record->address.secret.bytes, CEPA_REACH_SECRET_SIZE);
    return error;
}

int cepa_way_record_decode(struct cepa_way_record *ret_record, const uint8_t *bytes,
                           size_t bytes_len)
{
    struct cepa_way_record record;
    struct cepa_reader reader;
    if (bytes_len != CEPA_WAY_RECORD_SIZE) {
        return CEPA_ERR_LENGTH;
    }
    if (bytes[0] != CEPA_WAY_RECORD_VERSION) {
        return CEPA_ERR_VERSION;
    }
    memset(&record, 0, sizeof record);
    cepa_reader_init(&reader, bytes + 1, bytes_len - 1);
    record.introducers_len = cepa_reader_u8(&reader);
    cepa_reader_zeros(&reader, 2);
    cepa_reader_bytes(&reader, record.public_key, sizeof record.public_key);
    cepa_reader_bytes(&reader, record.address.node.bytes, CEPA_NODE_ID_SIZE);
    record.sequence = cepa_reader_u32(&reader);
    if (record.introducers_len > CEPA_DESCRIPTOR_INTRODUCERS_MAX ||
        body_decode(&record, &reader) != 0) {
        return CEPA_ERR_MALFORMED;
    }
    cepa_reader_zeros(&reader, cepa_reader_left(&reader) - CEPA_SIGNATURE_SIZE);
    cepa_reader_bytes(&reader, record.signature, sizeof record.signature);
    if (cepa_reader_end(&reader) != 0) {
        return CEPA_ERR_MALFORMED;
    }
    *ret_record = record;
    return 0;
}
