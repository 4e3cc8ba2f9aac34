/* Looking into the store: single objects, what is missing, whole buckets. @[SPEC 10.3] */
#include <string.h>

#include "base/assert.h"
#include "base/endian.h"
#include "mesh/objects.h"

const uint8_t *cepa_objects_credentials(const struct cepa_objects *objects, size_t *ret_len,
                                        const struct cepa_commitment *commitment)
{
    const uint32_t *slot = cepa_map_find(&objects->by_commitment, commitment->bytes);
    if (slot == NULL) {
        return NULL;
    }
    *ret_len = objects->credentials[*slot].len;
    return objects->credentials[*slot].bytes;
}

int cepa_objects_decode(const struct cepa_objects *objects,
                        struct cepa_credentials *ret_credentials, const struct cepa_node_id *node)
{
    struct cepa_credentials_bytes halves;
    struct cepa_credentials credentials;
    const uint32_t *slot = cepa_map_find(&objects->by_node, node->bytes);
    if (slot == NULL) {
        return CEPA_ERR_NOT_FOUND;
    }
    const struct cepa_kept_credentials *kept = &objects->credentials[*slot];
    int error = cepa_credentials_split(&halves, kept->bytes, kept->len);
    if (error == 0) {
        error = cepa_node_certificate_decode(&credentials.certificate, halves.certificate,
                                             halves.certificate_len);
    }
    if (error == 0) {
        error = cepa_descriptor_decode(&credentials.descriptor, halves.descriptor,
                                       halves.descriptor_len);
    }
    CEPA_ASSERT(error == 0);
    *ret_credentials = credentials;
    return 0;
}

const uint8_t *cepa_objects_key_record(const struct cepa_objects *objects,
                                       const struct cepa_node_id *node,
                                       struct cepa_onion_epoch epoch)
{
    uint8_t key[32];
    memcpy(key, node->bytes, sizeof key - 4);
    cepa_be32_store(key + sizeof key - 4, epoch.number);
    const uint32_t *slot = cepa_map_find(&objects->by_key, key);
    return slot == NULL ? NULL : objects->key_records[*slot].bytes;
}

const uint8_t *cepa_objects_onion_key(const struct cepa_objects *objects,
                                      const struct cepa_node_id *node,
                                      struct cepa_onion_epoch epoch)
{
    struct cepa_key_record record;
    const uint8_t *bytes = cepa_objects_key_record(objects, node, epoch);
    if (bytes == NULL) {
        return NULL;
    }
    int error = cepa_key_record_decode(&record, bytes, CEPA_KEY_RECORD_SIZE);
    CEPA_ASSERT(error == 0);
    return record.public_key;
}

const uint8_t *cepa_objects_hop_key(const struct cepa_objects *objects,
                                    const struct cepa_node_id *node, struct cepa_onion_epoch epoch)
{
    return cepa_map_find(&objects->by_node, node->bytes) != NULL
               ? cepa_objects_onion_key(objects, node, epoch)
               : NULL;
}

/* Whether there is something to fetch of a relay. One that waits for its admission is fetched too:
 * others may have admitted it, and it can become a neighbour. */
static bool is_wanted(const struct cepa_index_entry *entry)
{
    return !entry->is_conflict && (entry->record.flags & CEPA_RELAY_FLAG_RELAY) != 0;
}

const struct cepa_index_entry *cepa_objects_next_missing(const struct cepa_objects *objects,
                                                         uint32_t *cursor)
{
    while (*cursor < cepa_index_count(objects->index)) {
        const struct cepa_index_entry *entry = cepa_index_at(objects->index, (*cursor)++);
        if (is_wanted(entry) &&
            cepa_map_find(&objects->by_commitment, entry->record.commitment.bytes) == NULL) {
            return entry;
        }
    }
    return NULL;
}

const struct cepa_index_entry *cepa_objects_next_missing_key(const struct cepa_objects *objects,
                                                             uint32_t *cursor,
                                                             struct cepa_onion_epoch epoch)
{
    while (*cursor < cepa_index_count(objects->index)) {
        const struct cepa_index_entry *entry = cepa_index_at(objects->index, (*cursor)++);
        if (is_wanted(entry) && entry->has_node &&
            cepa_map_find(&objects->by_commitment, entry->record.commitment.bytes) != NULL &&
            cepa_objects_key_record(objects, &entry->node, epoch) == NULL) {
            return entry;
        }
    }
    return NULL;
}

/* The object of a relay that belongs into a bucket of that kind; NULL if it is not here. */
static const uint8_t *object_of(const struct cepa_objects *objects, size_t *ret_len,
                                const struct cepa_bucket *bucket,
                                const struct cepa_index_entry *entry)
{
    if (bucket->kind == CEPA_BUCKET_CREDENTIALS) {
        return cepa_objects_credentials(objects, ret_len, &entry->record.commitment);
    }
    *ret_len = CEPA_KEY_RECORD_SIZE;
    return entry->has_node ? cepa_objects_key_record(objects, &entry->node, bucket->epoch) : NULL;
}

/* The entry of the bucket with the least position above `after`, of those whose object is here. The
 * index's own buckets are looked at in ascending order, so that one of them is enough. */
static const struct cepa_index_entry *next_in(const struct cepa_objects *objects,
                                              const struct cepa_bucket *bucket, uint64_t after)
{
    unsigned shift = 64u - bucket->bits;
    uint64_t low = bucket->bits == 0 ? 0 : (uint64_t)bucket->number << shift;
    uint64_t high = bucket->bits == 0 ? UINT64_MAX : low + ((UINT64_C(1) << shift) - 1);
    uint64_t from = after > low ? after : low;
    const struct cepa_index_entry *best = NULL;
    size_t len = 0;
    for (uint32_t top = (uint32_t)(from >> 56); top <= high >> 56 && best == NULL; top++) {
        const struct cepa_index_entry *entry = cepa_index_bucket_next(objects->index, top, NULL);
        for (; entry != NULL; entry = cepa_index_bucket_next(objects->index, top, entry)) {
            if (entry->position > after && entry->position >= low && entry->position <= high &&
                (best == NULL || entry->position < best->position) &&
                object_of(objects, &len, bucket, entry) != NULL) {
                best = entry;
            }
        }
    }
    return best;
}

size_t cepa_objects_bucket(const struct cepa_objects *objects, uint8_t *ret_bytes, size_t capacity,
                           const struct cepa_bucket *bucket, uint64_t *after)
{
    struct cepa_writer writer;
    size_t len = 0;
    CEPA_ASSERT(capacity >= 2 + CEPA_CREDENTIALS_SIZE_MAX);
    CEPA_ASSERT(bucket->bits <= 32 && (uint64_t)bucket->number < UINT64_C(1) << bucket->bits);
    cepa_writer_init(&writer, ret_bytes, capacity);
    for (;;) {
        size_t object_len = 0;
        const struct cepa_index_entry *entry = next_in(objects, bucket, *after);
        if (entry == NULL) {
            *after = UINT64_MAX;
            break;
        }
        const uint8_t *object = object_of(objects, &object_len, bucket, entry);
        if (cepa_writer_left(&writer) < 2 + object_len) {
            break;
        }
        cepa_writer_u16(&writer, (uint16_t)object_len);
        cepa_writer_bytes(&writer, object, object_len);
        *after = entry->position;
    }
    int error = cepa_writer_end(&writer, &len);
    CEPA_ASSERT(error == 0);
    return len;
}

bool cepa_objects_bucket_item(const uint8_t **ret_item, size_t *ret_len, struct cepa_reader *reader)
{
    if (cepa_reader_left(reader) == 0) {
        return false;
    }
    size_t len = cepa_reader_u16(reader);
    const uint8_t *item = cepa_reader_view(reader, len);
    if (item == NULL || len == 0) {
        reader->failed = true;
        return false;
    }
    *ret_item = item;
    *ret_len = len;
    return true;
}
