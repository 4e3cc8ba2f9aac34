/* Encoding of index records. @[SPEC 10.6] */
#include "wire/index_record.h"

#include <string.h>

#include "base/assert.h"
#include "base/bytes.h"
#include "wire/descriptor.h"
#include "wire/reach.h"

void cepa_index_record_encode(uint8_t *ret_bytes, const struct cepa_index_record *record)
{
    struct cepa_writer writer;
    size_t len = 0;
    cepa_writer_init(&writer, ret_bytes, CEPA_INDEX_RECORD_SIZE);
    cepa_writer_bytes(&writer, record->public_key, sizeof record->public_key);
    cepa_writer_bytes(&writer, record->commitment.bytes, sizeof record->commitment.bytes);
    cepa_writer_bytes(&writer, record->signature, sizeof record->signature);
    cepa_writer_bytes(&writer, record->nonce, sizeof record->nonce);
    cepa_writer_u32(&writer, record->sequence);
    cepa_writer_u32(&writer, record->day.number);
    cepa_writer_u8(&writer, record->flags);
    cepa_writer_u8(&writer, record->capacity);
    cepa_prefix_encode(&writer, &record->prefix);
    cepa_writer_zeros(&writer, 9);
    CEPA_ASSERT(cepa_writer_end(&writer, &len) == 0 && len == CEPA_INDEX_RECORD_SIZE);
}

/* A relay that is only introduced has no prefix of its own and is no guard; every other has one. */
static bool is_well_formed(const struct cepa_index_record *record)
{
    unsigned known = CEPA_RELAY_FLAG_RELAY | CEPA_RELAY_FLAG_INTRODUCED | CEPA_RELAY_FLAG_GUARD;
    bool is_introduced = (record->flags & CEPA_RELAY_FLAG_INTRODUCED) != 0;
    if ((record->flags & ~known) != 0 || record->capacity >= CEPA_RELAY_CLASSES ||
        is_introduced != (record->prefix.family == CEPA_FAMILY_NONE)) {
        return false;
    }
    return !is_introduced || (record->flags & CEPA_RELAY_FLAG_GUARD) == 0;
}

int cepa_index_record_decode(struct cepa_index_record *ret_record, const uint8_t *bytes,
                             size_t bytes_len)
{
    struct cepa_index_record record;
    struct cepa_reader reader;
    if (bytes_len != CEPA_INDEX_RECORD_SIZE) {
        return CEPA_ERR_LENGTH;
    }
    memset(&record, 0, sizeof record);
    cepa_reader_init(&reader, bytes, bytes_len);
    cepa_reader_bytes(&reader, record.public_key, sizeof record.public_key);
    cepa_reader_bytes(&reader, record.commitment.bytes, sizeof record.commitment.bytes);
    cepa_reader_bytes(&reader, record.signature, sizeof record.signature);
    cepa_reader_bytes(&reader, record.nonce, sizeof record.nonce);
    record.sequence = cepa_reader_u32(&reader);
    record.day.number = cepa_reader_u32(&reader);
    record.flags = cepa_reader_u8(&reader);
    record.capacity = cepa_reader_u8(&reader);
    int error = cepa_prefix_decode(&record.prefix, &reader);
    cepa_reader_zeros(&reader, 9);
    if (error != 0 || cepa_reader_end(&reader) != 0 || !is_well_formed(&record)) {
        return CEPA_ERR_MALFORMED;
    }
    *ret_record = record;
    return 0;
}

bool cepa_index_record_is_equal(const struct cepa_index_record *a,
                                const struct cepa_index_record *b)
{
    return memcmp(a->signature, b->signature, sizeof a->signature) == 0 &&
           memcmp(a->public_key, b->public_key, sizeof a->public_key) == 0 &&
           memcmp(&a->commitment, &b->commitment, sizeof a->commitment) == 0 &&
           memcmp(a->nonce, b->nonce, sizeof a->nonce) == 0 && a->sequence == b->sequence &&
           a->day.number == b->day.number && a->flags == b->flags && a->capacity == b->capacity &&
           memcmp(&a->prefix, &b->prefix, sizeof a->prefix) == 0;
}
