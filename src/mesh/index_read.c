/* Looking into the index, and what a store keeps of it. @[SPEC 10.6] */
#include <string.h>

#include "base/assert.h"
#include "base/bytes.h"
#include "base/endian.h"
#include "mesh/index_store.h"

enum {
    STATE_ADMITTED = 1,
    STATE_CONFLICT = 2,
    CHAINS_OF_BUCKET = CEPA_INDEX_CHAINS / CEPA_INDEX_BUCKETS
};

uint32_t cepa_index_count(const struct cepa_index *index)
{
    return index->count;
}

const struct cepa_index_entry *cepa_index_at(const struct cepa_index *index, uint32_t i)
{
    CEPA_ASSERT(i < index->count);
    return &index->entries[i];
}

bool cepa_index_is_usable(const struct cepa_index_entry *entry)
{
    return entry->is_admitted && !entry->is_conflict &&
           (entry->record.flags & CEPA_RELAY_FLAG_RELAY) != 0;
}

static const struct cepa_index_entry *entry_or_null(const struct cepa_index *index, uint32_t slot)
{
    return slot == CEPA_SLOT_NONE ? NULL : &index->entries[slot];
}

const struct cepa_index_entry *cepa_index_find(const struct cepa_index *index,
                                               const uint8_t *public_key)
{
    return entry_or_null(index, cepa_slot_table_find(&index->by_key, public_key));
}

const struct cepa_index_entry *cepa_index_find_node(const struct cepa_index *index,
                                                    const struct cepa_node_id *node)
{
    return entry_or_null(index, cepa_slot_table_find(&index->by_node, node->bytes));
}

const struct cepa_index_entry *cepa_index_find_position(const struct cepa_index *index,
                                                        uint64_t position)
{
    uint32_t slot = index->heads[cepa_index_chain(position)];
    while (slot != CEPA_SLOT_NONE && index->entries[slot].position != position) {
        slot = index->entries[slot].next;
    }
    return entry_or_null(index, slot);
}

void cepa_index_set_node(struct cepa_index *index, const uint8_t *public_key,
                         const struct cepa_node_id *node)
{
    uint32_t slot = cepa_slot_table_find(&index->by_key, public_key);
    if (slot == CEPA_SLOT_NONE) {
        return;
    }
    struct cepa_index_entry *entry = &index->entries[slot];
    /* Two certificates may share an Ed25519 key, with different ML-DSA keys: the last one counts.
     */
    if (entry->has_node) {
        cepa_slot_table_remove(&index->by_node, slot);
        entry->has_node = false;
    }
    entry->node = *node;
    entry->has_node = true;
    cepa_slot_table_add(&index->by_node, slot);
}

/* Multiplies a share in 2^48 by the count: no division, and what is missing to uniform is below
 * 2^-32 of each entry's chance. */
static uint32_t slot_of(const struct cepa_index *index, uint64_t random)
{
    return (uint32_t)(((random >> 16) * index->count) >> 48);
}

const struct cepa_index_entry *cepa_index_draw(const struct cepa_index *index, uint64_t random)
{
    if (index->count == 0) {
        return NULL;
    }
    const struct cepa_index_entry *entry = &index->entries[slot_of(index, random)];
    return cepa_index_is_usable(entry) ? entry : NULL;
}

uint32_t cepa_index_lot(const struct cepa_index *index)
{
    uint8_t day[4];
    cepa_be32_store(day, index->today.number);
    return slot_of(index, cepa_siphash(&index->by_key.key, day, sizeof day));
}

void cepa_index_bucket_digest(const struct cepa_index *index, struct cepa_index_digest *ret_digest,
                              uint32_t bucket)
{
    CEPA_ASSERT(bucket < CEPA_INDEX_BUCKETS);
    *ret_digest = index->digests[bucket];
}

uint32_t cepa_index_bucket_len(const struct cepa_index *index, uint32_t bucket)
{
    CEPA_ASSERT(bucket < CEPA_INDEX_BUCKETS);
    return index->lens[bucket];
}

const struct cepa_index_entry *cepa_index_bucket_next(
    const struct cepa_index *index, uint32_t bucket,
    const struct cepa_index_entry *entry_before_or_null)
{
    CEPA_ASSERT(bucket < CEPA_INDEX_BUCKETS);
    uint32_t chain = bucket * CHAINS_OF_BUCKET;
    uint32_t end = chain + CHAINS_OF_BUCKET;
    uint32_t slot = CEPA_SLOT_NONE;
    if (entry_before_or_null != NULL) {
        chain = cepa_index_chain(entry_before_or_null->position) + 1;
        slot = entry_before_or_null->next;
    }
    while (slot == CEPA_SLOT_NONE && chain < end) {
        slot = index->heads[chain++];
    }
    return entry_or_null(index, slot);
}

const struct cepa_index_entry *cepa_index_next_change(struct cepa_index *index)
{
    while (index->changed > 0) {
        index->scan = index->scan < index->count ? index->scan : 0;
        struct cepa_index_entry *entry = &index->entries[index->scan++];
        if (entry->is_changed) {
            entry->is_changed = false;
            index->changed--;
            return entry;
        }
    }
    return NULL;
}

bool cepa_index_next_removed(struct cepa_index *index, uint8_t ret_public_key[32])
{
    while (index->removed_len > 0) {
        const uint8_t *public_key = index->removed[--index->removed_len];
        /* It may have come back since. */
        if (cepa_index_find(index, public_key) == NULL) {
            memcpy(ret_public_key, public_key, CEPA_SIGNING_KEY_SIZE);
            return true;
        }
    }
    return false;
}

void cepa_index_state_encode(uint8_t ret_bytes[CEPA_INDEX_STATE_SIZE],
                             const struct cepa_index_entry *entry)
{
    struct cepa_writer writer;
    cepa_index_record_encode(ret_bytes, &entry->record);
    cepa_writer_init(&writer, ret_bytes + CEPA_INDEX_RECORD_SIZE,
                     CEPA_INDEX_STATE_SIZE - CEPA_INDEX_RECORD_SIZE);
    cepa_writer_u32(&writer, entry->first_seen.number);
    cepa_writer_u8(&writer, (uint8_t)((entry->is_admitted ? STATE_ADMITTED : 0) |
                                      (entry->is_conflict ? STATE_CONFLICT : 0)));
    cepa_writer_zeros(&writer, 3);
}

/* Whether a record of that day counts today, by the index's rules. */
static bool is_alive(const struct cepa_index *index, struct cepa_directory_day day)
{
    return day.number <= (uint64_t)index->today.number + index->rules.days_ahead &&
           index->today.number < (uint64_t)day.number + index->rules.record_days;
}

int cepa_index_restore(struct cepa_index *index, const uint8_t *bytes, size_t bytes_len)
{
    struct cepa_index_record record;
    struct cepa_reader reader;
    if (bytes_len != CEPA_INDEX_STATE_SIZE) {
        return CEPA_ERR_LENGTH;
    }
    cepa_reader_init(&reader, bytes + CEPA_INDEX_RECORD_SIZE,
                     CEPA_INDEX_STATE_SIZE - CEPA_INDEX_RECORD_SIZE);
    struct cepa_directory_day first_seen = {cepa_reader_u32(&reader)};
    unsigned state = cepa_reader_u8(&reader);
    cepa_reader_zeros(&reader, 3);
    int error = cepa_index_record_decode(&record, bytes, CEPA_INDEX_RECORD_SIZE);
    if (error != 0 || cepa_reader_end(&reader) != 0 ||
        (state & ~(unsigned)(STATE_ADMITTED | STATE_CONFLICT)) != 0) {
        return CEPA_ERR_MALFORMED;
    }
    error = cepa_work_check(&index->rules, record.public_key, record.nonce);
    if (error != 0) {
        return error;
    }
    if (!is_alive(index, record.day)) {
        return CEPA_ERR_EPOCH;
    }
    if (index->count == index->limits.capacity || cepa_index_find(index, record.public_key)) {
        return CEPA_ERR_FULL;
    }
    struct cepa_index_entry *entry = cepa_index_insert(index, &record);
    entry->first_seen = first_seen.number < index->today.number ? first_seen : index->today;
    entry->is_admitted = (state & STATE_ADMITTED) != 0;
    entry->is_conflict = (state & STATE_CONFLICT) != 0;
    cepa_index_settle(index, entry);
    if (entry->is_admitted && entry->first_seen.number < index->today.number) {
        cepa_admission_remember(&index->admission, index->admitted);
    }
    return 0;
}
