/* Merging, days, lookup. Buckets are chains through the entries; digests are sums, so that an entry
 * comes and goes in constant time. @[SPEC 10.6] */
#include "mesh/index.h"

#include <string.h>

#include "base/assert.h"
#include "base/block.h"
#include "base/endian.h"
#include "mesh/digest.h"
#include "mesh/index_store.h"

static const char index_digest_label[] = "cepa v1 index digest";

static const uint32_t PASSES_MAX = 32; /* of the search for those who wait longest */

size_t cepa_index_size(const struct cepa_index_limits *limits)
{
    size_t table = cepa_block_array_size(cepa_slot_table_size(limits->capacity), 1);
    size_t entries = cepa_block_array_size(limits->capacity, sizeof(struct cepa_index_entry));
    return cepa_block_sum(entries, cepa_block_sum(table, table));
}

void cepa_index_init(struct cepa_index *index, void *memory, size_t memory_len,
                     const struct cepa_index_limits *limits, const struct cepa_record_rules *rules,
                     struct cepa_directory_day today, const struct cepa_siphash_key *key)
{
    struct cepa_block block;
    size_t stride = sizeof(struct cepa_index_entry);
    CEPA_ASSERT(limits->capacity > 0 && limits->capacity <= CEPA_INDEX_CAPACITY_MAX);
    memset(index, 0, sizeof *index);
    index->limits = *limits;
    index->rules = *rules;
    index->today = today;
    cepa_admission_init(&index->admission, &limits->admission, today, key);
    cepa_block_init(&block, memory, memory_len);
    index->entries = cepa_block_carve(&block, limits->capacity * stride);
    void *by_key = cepa_block_carve(&block, cepa_slot_table_size(limits->capacity));
    void *by_node = cepa_block_carve(&block, cepa_slot_table_size(limits->capacity));
    CEPA_ASSERT(cepa_block_end(&block) == 0);
    cepa_slot_table_init(&index->by_key, by_key, limits->capacity,
                         index->entries->record.public_key, stride, key);
    cepa_slot_table_init(&index->by_node, by_node, limits->capacity, index->entries->node.bytes,
                         stride, key);
    for (size_t i = 0; i < CEPA_INDEX_CHAINS; i++) {
        index->heads[i] = CEPA_SLOT_NONE;
    }
}

/* What an entry adds to its bucket's digest. Of a relay that contradicted itself only that: nodes
 * that saw its two records in different orders agree. */
static void hash_entry(const struct cepa_index_entry *entry, struct cepa_index_digest *ret_hash)
{
    uint8_t bytes[CEPA_INDEX_RECORD_SIZE];
    size_t len = sizeof bytes;
    if (entry->is_conflict) {
        memcpy(bytes, entry->record.public_key, CEPA_SIGNING_KEY_SIZE);
        cepa_be32_store(bytes + CEPA_SIGNING_KEY_SIZE, entry->record.sequence);
        len = CEPA_SIGNING_KEY_SIZE + 4;
    } else {
        cepa_index_record_encode(bytes, &entry->record);
    }
    cepa_record_hash(ret_hash->bytes, sizeof ret_hash->bytes, index_digest_label,
                     sizeof index_digest_label, bytes, len);
}

static uint32_t bucket_of(const struct cepa_index_entry *entry)
{
    return (uint32_t)(entry->position >> 56);
}

static uint32_t *chain_of(struct cepa_index *index, const struct cepa_index_entry *entry)
{
    return &index->heads[cepa_index_chain(entry->position)];
}

static void digest_add(struct cepa_index *index, const struct cepa_index_entry *entry)
{
    struct cepa_index_digest hash;
    uint8_t *sum = index->digests[bucket_of(entry)].bytes;
    hash_entry(entry, &hash);
    for (size_t i = 0; i < sizeof hash.bytes; i += 8) {
        cepa_be64_store(sum + i, cepa_be64_load(sum + i) + cepa_be64_load(hash.bytes + i));
    }
}

static void digest_subtract(struct cepa_index *index, const struct cepa_index_entry *entry)
{
    struct cepa_index_digest hash;
    uint8_t *sum = index->digests[bucket_of(entry)].bytes;
    hash_entry(entry, &hash);
    for (size_t i = 0; i < sizeof hash.bytes; i += 8) {
        cepa_be64_store(sum + i, cepa_be64_load(sum + i) - cepa_be64_load(hash.bytes + i));
    }
}

static void mark_changed(struct cepa_index *index, struct cepa_index_entry *entry)
{
    index->changed += entry->is_changed ? 0 : 1;
    entry->is_changed = true;
}

static bool counts_on(const struct cepa_index *index, struct cepa_directory_day day)
{
    uint64_t number = day.number;
    return number <= (uint64_t)index->today.number + index->rules.days_ahead &&
           index->today.number < number + index->rules.record_days;
}

static bool has_room(const struct cepa_index *index, const struct cepa_index_record *record)
{
    return index->count < index->limits.capacity &&
           (index->count - index->admitted < index->limits.probation_max ||
            cepa_admission_has_place(&index->admission, &record->prefix));
}

/* What a record would do, and to which slot. */
static int judge(const struct cepa_index *index, uint32_t *ret_slot,
                 const struct cepa_index_record *record)
{
    if (!counts_on(index, record->day)) {
        return CEPA_ERR_EPOCH;
    }
    uint32_t slot = cepa_slot_table_find(&index->by_key, record->public_key);
    *ret_slot = slot;
    if (slot == CEPA_SLOT_NONE) {
        return has_room(index, record) ? CEPA_INDEX_NEWS : CEPA_ERR_FULL;
    }
    const struct cepa_index_entry *entry = &index->entries[slot];
    if (record->sequence != entry->record.sequence) {
        return record->sequence < entry->record.sequence ? CEPA_INDEX_OLDER : CEPA_INDEX_UPDATED;
    }
    if (entry->is_conflict || cepa_index_record_is_equal(record, &entry->record)) {
        return CEPA_INDEX_SAME;
    }
    return CEPA_INDEX_CONFLICT;
}

struct cepa_index_entry *cepa_index_insert(struct cepa_index *index,
                                           const struct cepa_index_record *record)
{
    uint8_t position[32];
    CEPA_ASSERT(index->count < index->limits.capacity);
    uint32_t slot = index->count++;
    struct cepa_index_entry *entry = &index->entries[slot];
    cepa_position_of(position, record->public_key);
    memset(entry, 0, sizeof *entry);
    entry->record = *record;
    entry->position = cepa_be64_load(position);
    entry->first_seen = index->today;
    entry->next = *chain_of(index, entry);
    *chain_of(index, entry) = slot;
    index->lens[bucket_of(entry)]++;
    cepa_slot_table_add(&index->by_key, slot);
    return entry;
}

void cepa_index_settle(struct cepa_index *index, struct cepa_index_entry *entry)
{
    index->admitted += entry->is_admitted ? 1 : 0;
    digest_add(index, entry);
}

static void add(struct cepa_index *index, const struct cepa_index_record *record)
{
    struct cepa_index_entry *entry = cepa_index_insert(index, record);
    entry->is_admitted = cepa_admission_take(&index->admission, &record->prefix);
    cepa_index_settle(index, entry);
    mark_changed(index, entry);
    index->counts.merged++;
}

static void update(struct cepa_index *index, struct cepa_index_entry *entry,
                   const struct cepa_index_record *record)
{
    digest_subtract(index, entry);
    entry->record = *record;
    entry->is_conflict = false;
    digest_add(index, entry);
    mark_changed(index, entry);
    index->counts.merged++;
}

static void contradict(struct cepa_index *index, struct cepa_index_entry *entry)
{
    digest_subtract(index, entry);
    entry->is_conflict = true;
    digest_add(index, entry);
    mark_changed(index, entry);
    index->counts.conflicts++;
}

/* Does what was judged. */
static void apply(struct cepa_index *index, int verdict, uint32_t slot,
                  const struct cepa_index_record *record)
{
    switch (verdict) {
    case CEPA_INDEX_NEWS:
        add(index, record);
        break;
    case CEPA_INDEX_UPDATED:
        update(index, &index->entries[slot], record);
        break;
    case CEPA_INDEX_CONFLICT:
        contradict(index, &index->entries[slot]);
        break;
    case CEPA_INDEX_SAME:
    case CEPA_INDEX_OLDER:
        index->counts.same++;
        break;
    default:
        index->counts.refused++;
        break;
    }
}

int cepa_index_merge_verified(struct cepa_index *index, const struct cepa_index_record *record)
{
    uint32_t slot = CEPA_SLOT_NONE;
    int verdict = judge(index, &slot, record);
    apply(index, verdict, slot, record);
    return verdict;
}

int cepa_index_merge(struct cepa_index *index, const uint8_t *bytes, size_t bytes_len)
{
    struct cepa_index_record record;
    uint32_t slot = CEPA_SLOT_NONE;
    int verdict = cepa_index_record_decode(&record, bytes, bytes_len);
    if (verdict == 0) {
        verdict = judge(index, &slot, &record);
    }
    if (verdict >= CEPA_INDEX_NEWS) {
        int error = cepa_index_record_verify(&record, &index->rules);
        verdict = error != 0 ? error : verdict;
    }
    apply(index, verdict, slot, &record);
    return verdict;
}

int cepa_index_preview(const struct cepa_index *index, const uint8_t *bytes, size_t bytes_len)
{
    struct cepa_index_record record;
    uint32_t slot = CEPA_SLOT_NONE;
    int error = cepa_index_record_decode(&record, bytes, bytes_len);
    return error != 0 ? error : judge(index, &slot, &record);
}

/* The link in a chain that says `slot`. */
static uint32_t *link_to(struct cepa_index *index, uint32_t slot)
{
    uint32_t *link = chain_of(index, &index->entries[slot]);
    while (*link != slot) {
        link = &index->entries[*link].next;
    }
    return link;
}

/* Moves the last entry to the free slot `slot`. */
static void move_last(struct cepa_index *index, uint32_t slot)
{
    uint32_t last = index->count - 1;
    bool has_node = index->entries[last].has_node;
    *link_to(index, last) = slot;
    cepa_slot_table_remove(&index->by_key, last);
    if (has_node) {
        cepa_slot_table_remove(&index->by_node, last);
    }
    index->entries[slot] = index->entries[last];
    cepa_slot_table_add(&index->by_key, slot);
    if (has_node) {
        cepa_slot_table_add(&index->by_node, slot);
    }
}

static void remove_slot(struct cepa_index *index, uint32_t slot)
{
    struct cepa_index_entry *entry = &index->entries[slot];
    digest_subtract(index, entry);
    index->admitted -= entry->is_admitted ? 1 : 0;
    index->changed -= entry->is_changed ? 1 : 0;
    index->lens[bucket_of(entry)]--;
    *link_to(index, slot) = entry->next;
    cepa_slot_table_remove(&index->by_key, slot);
    if (entry->has_node) {
        cepa_slot_table_remove(&index->by_node, slot);
    }
    if (index->removed_len < CEPA_INDEX_REMOVED_MAX) {
        memcpy(index->removed[index->removed_len++], entry->record.public_key,
               CEPA_SIGNING_KEY_SIZE);
    }
    if (slot != index->count - 1) {
        move_last(index, slot);
    }
    index->count--;
    index->counts.expired++;
}

/* The earliest day, not before `from`, on which somebody who waits was first seen. */
static bool find_waiting(const struct cepa_index *index, uint32_t from, uint32_t *ret_day)
{
    bool is_found = false;
    for (uint32_t i = 0; i < index->count; i++) {
        const struct cepa_index_entry *entry = &index->entries[i];
        uint32_t day = entry->first_seen.number;
        if (!entry->is_admitted && day >= from && (!is_found || day < *ret_day)) {
            *ret_day = day;
            is_found = true;
        }
    }
    return is_found;
}

/* Admits those who wait, the oldest first; among those of one day, from a start that nobody can
 * foresee. */
static void admit_waiting(struct cepa_index *index)
{
    uint32_t day = 0;
    uint32_t start = index->count == 0 ? 0 : cepa_index_lot(index);
    for (uint32_t pass = 0; pass < PASSES_MAX && index->admission.places > 0 &&
                            find_waiting(index, pass == 0 ? 0 : day + 1, &day);
         pass++) {
        for (uint32_t i = 0; i < index->count; i++) {
            uint32_t slot = start + i < index->count ? start + i : start + i - index->count;
            struct cepa_index_entry *entry = &index->entries[slot];
            if (!entry->is_admitted && entry->first_seen.number == day &&
                cepa_admission_take(&index->admission, &entry->record.prefix)) {
                entry->is_admitted = true;
                index->admitted++;
                mark_changed(index, entry);
            }
        }
    }
}

static void keep_counting(struct cepa_index *index, struct cepa_directory_day today)
{
    index->today = today;
    uint32_t slot = 0;
    while (slot < index->count) {
        if (counts_on(index, index->entries[slot].record.day)) {
            slot++;
        } else {
            remove_slot(index, slot);
        }
    }
}

void cepa_index_begin_day(struct cepa_index *index, struct cepa_directory_day today)
{
    if (today.number <= index->today.number) {
        return;
    }
    keep_counting(index, today);
    cepa_admission_begin_day(&index->admission, today, index->admitted);
    admit_waiting(index);
}

void cepa_index_set_back(struct cepa_index *index, struct cepa_directory_day today)
{
    if (today.number >= index->today.number) {
        return;
    }
    keep_counting(index, today);
    for (uint32_t i = 0; i < index->count; i++) {
        struct cepa_index_entry *entry = &index->entries[i];
        if (entry->first_seen.number > today.number) {
            entry->first_seen = today;
            mark_changed(index, entry);
        }
    }
    cepa_admission_set_back(&index->admission, today);
}
