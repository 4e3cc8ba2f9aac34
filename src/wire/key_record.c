/* Encoding of key records. @[SPEC 10.5] */
#include "wire/key_record.h"

#include "base/assert.h"
#include "base/bytes.h"

void cepa_key_record_encode(uint8_t *ret_bytes, const struct cepa_key_record *record)
{
    struct cepa_writer writer;
    size_t len = 0;
    cepa_writer_init(&writer, ret_bytes, CEPA_KEY_RECORD_SIZE);
    cepa_writer_u8(&writer, CEPA_KEY_RECORD_VERSION);
    cepa_writer_u8(&writer, record->leaf);
    cepa_writer_zeros(&writer, 2);
    cepa_writer_bytes(&writer, record->node.bytes, CEPA_NODE_ID_SIZE);
    cepa_writer_u32(&writer, record->day.number);
    cepa_writer_u32(&writer, record->epoch.number);
    cepa_writer_bytes(&writer, record->public_key, CEPA_KEM_PUBLIC_KEY_SIZE);
    cepa_writer_bytes(&writer, record->path, CEPA_ONION_PATH_SIZE);
    CEPA_ASSERT(cepa_writer_end(&writer, &len) == 0 && len == CEPA_KEY_RECORD_SIZE);
}

int cepa_key_record_decode(struct cepa_key_record *ret_record, const uint8_t *bytes,
                           size_t bytes_len)
{
    struct cepa_key_record record;
    struct cepa_reader reader;
    if (bytes_len != CEPA_KEY_RECORD_SIZE) {
        return CEPA_ERR_LENGTH;
    }
    if (bytes[0] != CEPA_KEY_RECORD_VERSION) {
        return CEPA_ERR_VERSION;
    }
    cepa_reader_init(&reader, bytes + 1, bytes_len - 1);
    record.leaf = cepa_reader_u8(&reader);
    cepa_reader_zeros(&reader, 2);
    cepa_reader_bytes(&reader, record.node.bytes, CEPA_NODE_ID_SIZE);
    record.day.number = cepa_reader_u32(&reader);
    record.epoch.number = cepa_reader_u32(&reader);
    record.public_key = cepa_reader_view(&reader, CEPA_KEM_PUBLIC_KEY_SIZE);
    record.path = cepa_reader_view(&reader, CEPA_ONION_PATH_SIZE);
    if (cepa_reader_end(&reader) != 0 || record.leaf >= CEPA_DAY_LEAVES ||
        record.epoch.number / CEPA_DAY_EPOCHS != record.day.number ||
        (record.leaf < CEPA_DAY_EPOCHS && record.epoch.number % CEPA_DAY_EPOCHS != record.leaf)) {
        return CEPA_ERR_MALFORMED;
    }
    *ret_record = record;
    return 0;
}
