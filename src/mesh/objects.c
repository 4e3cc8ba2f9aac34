/* Verified credentials and key records. @[SPEC 10.3] @[SPEC 10.5] */
#include "mesh/objects.h"

#include <string.h>

#include "base/assert.h"
#include "base/block.h"
#include "base/endian.h"

enum { KEY_OF_RECORD_LEN = 32, EPOCHS_WANTED = 3 };

static const uint32_t NONE = UINT32_MAX;

size_t cepa_objects_size(const struct cepa_objects_limits *limits)
{
    uint32_t credentials = limits->credentials_max;
    uint32_t records = limits->key_records_max;
    size_t sizes[] = {
        cepa_block_array_size(credentials, sizeof(struct cepa_kept_credentials)),
        cepa_block_array_size(records, sizeof(struct cepa_kept_key_record)),
        cepa_block_round(cepa_map_size(credentials, CEPA_COMMITMENT_SIZE, sizeof(uint32_t))),
        cepa_block_round(cepa_map_size(credentials, CEPA_NODE_ID_SIZE, sizeof(uint32_t))),
        cepa_block_round(cepa_map_size(records, KEY_OF_RECORD_LEN, sizeof(uint32_t))),
    };
    size_t sum = 0;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        sum = cepa_block_sum(sum, sizes[i]);
    }
    return sum;
}

static void carve_map(struct cepa_block *block, struct cepa_map *map, uint32_t capacity,
                      size_t key_len, const struct cepa_siphash_key *key)
{
    size_t size = cepa_map_size(capacity, key_len, sizeof(uint32_t));
    void *memory = cepa_block_carve(block, size);
    CEPA_ASSERT(memory != NULL);
    cepa_map_init(map, memory, size, capacity, key_len, sizeof(uint32_t), key);
}

void cepa_objects_init(struct cepa_objects *objects, void *memory, size_t memory_len,
                       const struct cepa_objects_limits *limits, struct cepa_index *index,
                       const struct cepa_siphash_key *key)
{
    struct cepa_block block;
    uint32_t credentials = limits->credentials_max;
    uint32_t records = limits->key_records_max;
    CEPA_ASSERT(credentials > 0 && records > 0);
    memset(objects, 0, sizeof *objects);
    objects->limits = *limits;
    objects->index = index;
    cepa_block_init(&block, memory, memory_len);
    objects->credentials =
        cepa_block_carve(&block, credentials * sizeof(struct cepa_kept_credentials));
    objects->key_records = cepa_block_carve(&block, records * sizeof(struct cepa_kept_key_record));
    carve_map(&block, &objects->by_commitment, credentials, CEPA_COMMITMENT_SIZE, key);
    carve_map(&block, &objects->by_node, credentials, CEPA_NODE_ID_SIZE, key);
    carve_map(&block, &objects->by_key, records, KEY_OF_RECORD_LEN, key);
    CEPA_ASSERT(cepa_block_end(&block) == 0);
}

static uint32_t slot_in(const struct cepa_map *map, const void *key)
{
    const uint32_t *slot = cepa_map_find(map, key);
    return slot == NULL ? NONE : *slot;
}

static void put(struct cepa_map *map, const void *key, uint32_t slot)
{
    int error = cepa_map_put(map, key, &slot);
    CEPA_ASSERT(error == 0);
}

static void take_out(struct cepa_map *map, const void *key)
{
    int error = cepa_map_remove(map, key);
    CEPA_ASSERT(error == 0);
}

static void free_credentials(struct cepa_objects *objects, uint32_t slot)
{
    struct cepa_kept_credentials *kept = &objects->credentials[slot];
    take_out(&objects->by_commitment, kept->commitment.bytes);
    take_out(&objects->by_node, kept->node.bytes);
    objects->changed -= kept->is_changed ? 1 : 0;
    kept->is_changed = false;
    kept->len = 0;
}

/* A place for the credentials of `node`: that of its older ones, a free one, or that of a relay
 * that has left the index. Memory that was never used is taken last: it may not be there yet. */
static uint32_t find_place(struct cepa_objects *objects, const struct cepa_node_id *node)
{
    uint32_t slot = slot_in(&objects->by_node, node->bytes);
    if (slot != NONE) {
        free_credentials(objects, slot);
        return slot;
    }
    if (objects->by_node.count == objects->used &&
        objects->used < objects->limits.credentials_max) {
        objects->credentials[objects->used].len = 0;
        objects->credentials[objects->used].is_changed = false;
        return objects->used++;
    }
    for (uint32_t i = 0; i < objects->used; i++) {
        slot = objects->sweep;
        objects->sweep = slot + 1 < objects->used ? slot + 1 : 0;
        const struct cepa_kept_credentials *kept = &objects->credentials[slot];
        if (kept->len == 0) {
            return slot;
        }
        if (cepa_index_find(objects->index, kept->signing_key) == NULL) {
            free_credentials(objects, slot);
            return slot;
        }
    }
    return NONE;
}

/* Whether find_place would find one. Changes nothing: whoever asks has not been verified yet. */
static bool has_place(const struct cepa_objects *objects, const struct cepa_node_id *node)
{
    if (slot_in(&objects->by_node, node->bytes) != NONE ||
        objects->by_node.count < objects->limits.credentials_max) {
        return true;
    }
    for (uint32_t i = 0; i < objects->used; i++) {
        if (cepa_index_find(objects->index, objects->credentials[i].signing_key) == NULL) {
            return true;
        }
    }
    return false;
}

/* Whether enough of the good receipts are of relays that we know, where they say they are. */
static bool has_known_probers(const struct cepa_objects *objects,
                              const struct cepa_descriptor *descriptor, uint32_t good)
{
    unsigned known = 0;
    for (size_t i = 0; i < descriptor->receipts_len; i++) {
        const struct cepa_receipt *receipt = &descriptor->receipts[i];
        const struct cepa_index_entry *prober = cepa_index_find(objects->index, receipt->prober);
        if ((good & (UINT32_C(1) << i)) != 0 && prober != NULL && !prober->is_conflict &&
            cepa_prefix_is_equal(&prober->record.prefix, &receipt->prober_prefix)) {
            known++;
        }
    }
    return known >= objects->index->rules.receipts_min;
}

/* Whether the relay has shown that it can be reached; one that has withdrawn need not. */
static int check_eligible(const struct cepa_objects *objects,
                          const struct cepa_credentials *credentials)
{
    uint32_t good = 0;
    if ((credentials->descriptor.flags & CEPA_RELAY_FLAG_RELAY) == 0) {
        return 0;
    }
    int error = cepa_receipts_check(&good, credentials, &objects->index->rules);
    if (error == 0 && !has_known_probers(objects, &credentials->descriptor, good)) {
        error = CEPA_ERR_NOT_FOUND;
    }
    return error;
}

static int keep(struct cepa_objects *objects, const uint8_t *bytes, size_t bytes_len,
                const struct cepa_index_entry *entry, const struct cepa_node_id *node)
{
    struct cepa_commitment commitment = entry->record.commitment;
    uint32_t slot = find_place(objects, node);
    if (slot == NONE) {
        return CEPA_ERR_FULL;
    }
    struct cepa_kept_credentials *kept = &objects->credentials[slot];
    kept->commitment = commitment;
    kept->node = *node;
    memcpy(kept->signing_key, entry->record.public_key, sizeof kept->signing_key);
    memcpy(kept->bytes, bytes, bytes_len);
    kept->len = (uint32_t)bytes_len;
    kept->is_changed = true;
    objects->changed++;
    put(&objects->by_commitment, commitment.bytes, slot);
    put(&objects->by_node, node->bytes, slot);
    cepa_index_set_node(objects->index, kept->signing_key, node);
    return 0;
}

int cepa_objects_put_credentials(struct cepa_objects *objects, const uint8_t *bytes,
                                 size_t bytes_len, struct cepa_mldsa_workspace *workspace,
                                 uint32_t cpu)
{
    const struct cepa_index *index = objects->index;
    struct cepa_credentials_bytes halves;
    struct cepa_credentials credentials;
    struct cepa_commitment commitment;
    int error = cepa_credentials_split(&halves, bytes, bytes_len);
    if (error != 0) {
        return error;
    }
    cepa_commitment_of(&commitment, &halves);
    if (slot_in(&objects->by_commitment, commitment.bytes) != NONE) {
        return 0;
    }
    error = cepa_credentials_decode(&credentials, bytes, bytes_len, &index->rules, index->today);
    if (error != 0) {
        return error;
    }
    /* Nobody's signature is looked at before the index has said that they are wanted. */
    const struct cepa_index_entry *entry =
        cepa_index_find(index, credentials.certificate.signing_key);
    if (entry == NULL || entry->is_conflict ||
        memcmp(&entry->record.commitment, &commitment, sizeof commitment) != 0) {
        return CEPA_ERR_NOT_FOUND;
    }
    error = cepa_index_record_check(&entry->record, &halves, &credentials);
    if (error == 0) {
        error = check_eligible(objects, &credentials);
    }
    if (error == 0 && !has_place(objects, &credentials.descriptor.node)) {
        error = CEPA_ERR_FULL; /* before the signatures: they would be verified at every pull */
    }
    if (error == 0) {
        error = cepa_credentials_verify(&credentials, bytes, bytes_len, &index->rules, index->today,
                                        workspace, cpu);
    }
    return error != 0 ? error
                      : keep(objects, bytes, bytes_len, entry, &credentials.descriptor.node);
}

const uint8_t *cepa_objects_next_change(struct cepa_objects *objects, uint8_t *ret_key,
                                        size_t *ret_len)
{
    while (objects->changed > 0) {
        struct cepa_kept_credentials *kept = &objects->credentials[objects->change_sweep];
        objects->change_sweep =
            objects->change_sweep + 1 < objects->used ? objects->change_sweep + 1 : 0;
        if (kept->is_changed) {
            kept->is_changed = false;
            objects->changed--;
            memcpy(ret_key, kept->signing_key, sizeof kept->signing_key);
            *ret_len = kept->len;
            return kept->bytes;
        }
    }
    return NULL;
}

void cepa_objects_forget_changes(struct cepa_objects *objects)
{
    for (uint32_t i = 0; i < objects->used; i++) {
        objects->credentials[i].is_changed = false;
    }
    objects->changed = 0;
}

static void key_of_record(uint8_t ret_key[KEY_OF_RECORD_LEN], const struct cepa_node_id *node,
                          struct cepa_onion_epoch epoch)
{
    memcpy(ret_key, node->bytes, KEY_OF_RECORD_LEN - 4);
    cepa_be32_store(ret_key + KEY_OF_RECORD_LEN - 4, epoch.number);
}

static void free_key_record(struct cepa_objects *objects, uint32_t slot)
{
    uint8_t key[KEY_OF_RECORD_LEN];
    struct cepa_kept_key_record *kept = &objects->key_records[slot];
    key_of_record(key, &kept->node, kept->epoch);
    take_out(&objects->by_key, key);
    kept->is_taken = false;
}

void cepa_objects_begin_epoch(struct cepa_objects *objects, struct cepa_onion_epoch oldest)
{
    if (oldest.number <= objects->oldest.number) {
        return;
    }
    objects->oldest = oldest;
    for (uint32_t i = 0; i < objects->keys_used && objects->by_key.count > 0; i++) {
        const struct cepa_kept_key_record *kept = &objects->key_records[i];
        if (kept->is_taken && kept->epoch.number < oldest.number) {
            free_key_record(objects, i);
        }
    }
}

void cepa_objects_set_back(struct cepa_objects *objects, struct cepa_onion_epoch oldest)
{
    if (oldest.number >= objects->oldest.number) {
        return;
    }
    objects->oldest = oldest;
    for (uint32_t i = 0; i < objects->keys_used && objects->by_key.count > 0; i++) {
        const struct cepa_kept_key_record *kept = &objects->key_records[i];
        if (kept->is_taken && kept->epoch.number - oldest.number >= EPOCHS_WANTED) {
            free_key_record(objects, i);
        }
    }
    for (uint32_t i = 0; i < objects->used; i++) {
        const struct cepa_kept_credentials *kept = &objects->credentials[i];
        if (kept->len > 0 && cepa_index_find(objects->index, kept->signing_key) == NULL) {
            free_credentials(objects, i);
        }
    }
}

/* A free place, or that of a relay whose credentials are gone. */
static uint32_t find_key_place(struct cepa_objects *objects)
{
    if (objects->by_key.count == objects->keys_used &&
        objects->keys_used < objects->limits.key_records_max) {
        objects->key_records[objects->keys_used].is_taken = false;
        return objects->keys_used++;
    }
    for (uint32_t i = 0; i < objects->keys_used; i++) {
        uint32_t slot = objects->key_sweep;
        objects->key_sweep = slot + 1 < objects->keys_used ? slot + 1 : 0;
        const struct cepa_kept_key_record *kept = &objects->key_records[slot];
        if (!kept->is_taken) {
            return slot;
        }
        if (slot_in(&objects->by_node, kept->node.bytes) == NONE) {
            free_key_record(objects, slot);
            return slot;
        }
    }
    return NONE;
}

static int keep_key_record(struct cepa_objects *objects, const uint8_t *bytes,
                           const struct cepa_key_record *record, uint32_t slot)
{
    uint8_t key[KEY_OF_RECORD_LEN];
    if (slot == NONE) {
        slot = find_key_place(objects);
        if (slot == NONE) {
            return CEPA_ERR_FULL;
        }
        key_of_record(key, &record->node, record->epoch);
        put(&objects->by_key, key, slot);
    }
    struct cepa_kept_key_record *kept = &objects->key_records[slot];
    kept->is_taken = true;
    kept->leaf = record->leaf;
    kept->epoch = record->epoch;
    kept->node = record->node;
    memcpy(kept->bytes, bytes, sizeof kept->bytes);
    return 0;
}

int cepa_objects_put_key_record(struct cepa_objects *objects, const uint8_t *bytes,
                                size_t bytes_len)
{
    uint8_t key[KEY_OF_RECORD_LEN];
    struct cepa_key_record record;
    struct cepa_credentials credentials;
    int error = cepa_key_record_decode(&record, bytes, bytes_len);
    if (error != 0) {
        return error;
    }
    if (record.epoch.number < objects->oldest.number ||
        record.epoch.number - objects->oldest.number >= EPOCHS_WANTED) {
        return CEPA_ERR_EPOCH;
    }
    key_of_record(key, &record.node, record.epoch);
    uint32_t slot = slot_in(&objects->by_key, key);
    if (slot != NONE && objects->key_records[slot].leaf >= record.leaf) {
        return 1;
    }
    error = cepa_objects_decode(objects, &credentials, &record.node);
    if (error == 0 && credentials.descriptor.day.number != record.day.number) {
        error = CEPA_ERR_NOT_FOUND;
    }
    if (error == 0) {
        error = cepa_key_record_verify(&record, bytes, bytes_len, &credentials.descriptor);
    }
    return error != 0 ? error : keep_key_record(objects, bytes, &record, slot);
}

bool cepa_objects_position(const struct cepa_objects *objects, uint64_t *ret_position,
                           uint32_t slot)
{
    const struct cepa_kept_credentials *kept = &objects->credentials[slot];
    if (slot >= objects->used || kept->len == 0) {
        return false;
    }
    const struct cepa_index_entry *entry = cepa_index_find(objects->index, kept->signing_key);
    *ret_position = entry == NULL ? 0 : entry->position;
    return true;
}

bool cepa_objects_is_of(const struct cepa_objects *objects, uint32_t slot,
                        const uint8_t *public_key)
{
    const struct cepa_kept_credentials *kept = &objects->credentials[slot];
    return slot < objects->used && kept->len > 0 &&
           memcmp(kept->signing_key, public_key, sizeof kept->signing_key) == 0;
}

void cepa_objects_drop(struct cepa_objects *objects, uint32_t slot)
{
    CEPA_ASSERT(slot < objects->used && objects->credentials[slot].len > 0);
    free_credentials(objects, slot);
}
