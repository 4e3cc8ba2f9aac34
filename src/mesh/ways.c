/* Way records: making, verifying, keeping. @[SPEC 10.15] */
#include "mesh/ways.h"

#include <string.h>

#include "base/assert.h"
#include "base/block.h"
#include "base/endian.h"
#include "mesh/digest.h"

enum { SWEEP_STEP = 64, SEQUENCE_OFFSET = CEPA_WAY_NODE_OFFSET + CEPA_NODE_ID_SIZE };

static const char way_label[] = "cepa v1 way";

static void digest_of(uint8_t ret_digest[CEPA_RECORD_DIGEST_SIZE], const uint8_t *bytes,
                      const struct cepa_network_id *network)
{
    struct cepa_blake2b hash;
    cepa_record_hash_init(&hash, CEPA_RECORD_DIGEST_SIZE, way_label, sizeof way_label);
    cepa_blake2b_update(&hash, network->bytes, sizeof network->bytes);
    cepa_blake2b_update(&hash, bytes, CEPA_WAY_SIGNED_SIZE);
    cepa_blake2b_final(&hash, ret_digest, CEPA_RECORD_DIGEST_SIZE);
}

int cepa_way_record_make(uint8_t ret_bytes[CEPA_WAY_RECORD_SIZE],
                         const struct cepa_descriptor *descriptor,
                         const struct cepa_ed25519_key *key)
{
    struct cepa_way_record record;
    struct cepa_ed25519_signature signature;
    uint8_t digest[CEPA_RECORD_DIGEST_SIZE];
    if (descriptor->reaches_len == 0 && descriptor->introducers_len == 0) {
        return CEPA_ERR_NOT_FOUND;
    }
    memset(&record, 0, sizeof record);
    memcpy(record.public_key, key->public_key.bytes, sizeof record.public_key);
    record.sequence = descriptor->sequence;
    record.address.node = descriptor->node;
    if (descriptor->reaches_len > 0) {
        record.address.reach = descriptor->reaches[0];
        record.address.dtls = descriptor->dtls;
        record.address.secret = descriptor->secret;
    } else {
        record.introducers_len = (uint8_t)descriptor->introducers_len;
        memcpy(record.introducers, descriptor->introducers,
               descriptor->introducers_len * sizeof record.introducers[0]);
    }
    cepa_way_record_encode(ret_bytes, &record);
    digest_of(digest, ret_bytes, &descriptor->network);
    cepa_ed25519_sign(key, &signature, digest, sizeof digest);
    memcpy(ret_bytes + CEPA_WAY_SIGNED_SIZE, signature.bytes, CEPA_SIGNATURE_SIZE);
    return 0;
}

int cepa_way_record_verify(struct cepa_way_record *ret_record, const uint8_t *bytes,
                           size_t bytes_len, const struct cepa_network_id *network)
{
    struct cepa_way_record record;
    uint8_t digest[CEPA_RECORD_DIGEST_SIZE];
    int error = cepa_way_record_decode(&record, bytes, bytes_len);
    if (error != 0) {
        return error;
    }
    digest_of(digest, bytes, network);
    error = cepa_ed25519_verify((const void *)record.public_key, (const void *)record.signature,
                                digest, sizeof digest);
    if (error == 0) {
        *ret_record = record;
    }
    return error;
}

size_t cepa_ways_size(uint32_t capacity)
{
    size_t tables = 2 * cepa_block_round(cepa_slot_table_size(capacity));
    return tables + cepa_block_array_size(capacity, CEPA_WAY_RECORD_SIZE) +
           cepa_block_array_size(capacity, sizeof(bool));
}

void cepa_ways_init(struct cepa_ways *ways, void *memory, size_t memory_len, uint32_t capacity,
                    struct cepa_index *index, const struct cepa_siphash_key *key)
{
    struct cepa_block block;
    memset(ways, 0, sizeof *ways);
    ways->capacity = capacity;
    ways->index = index;
    cepa_block_init(&block, memory, memory_len);
    void *by_key = cepa_block_carve(&block, cepa_slot_table_size(capacity));
    void *by_node = cepa_block_carve(&block, cepa_slot_table_size(capacity));
    ways->records = cepa_block_carve(&block, (size_t)capacity * CEPA_WAY_RECORD_SIZE);
    ways->is_named = cepa_block_carve(&block, capacity * sizeof(bool));
    CEPA_ASSERT(cepa_block_end(&block) == 0 && ways->records != NULL);
    cepa_slot_table_init(&ways->by_key, by_key, capacity, ways->records[0] + CEPA_WAY_KEY_OFFSET,
                         CEPA_WAY_RECORD_SIZE, key);
    cepa_slot_table_init(&ways->by_node, by_node, capacity, ways->records[0] + CEPA_WAY_NODE_OFFSET,
                         CEPA_WAY_RECORD_SIZE, key);
}

static uint32_t sequence_of(const uint8_t *record)
{
    return cepa_be32_load(record + SEQUENCE_OFFSET);
}

/* Enters a slot by its node id. Of two that claim one id the one whose credentials were verified
 * has it, else the first. */
static void name(struct cepa_ways *ways, uint32_t slot)
{
    const uint8_t *record = ways->records[slot];
    uint32_t other = cepa_slot_table_find(&ways->by_node, record + CEPA_WAY_NODE_OFFSET);
    ways->is_named[slot] = false;
    if (other != CEPA_SLOT_NONE) {
        const struct cepa_index_entry *entry =
            cepa_index_find(ways->index, record + CEPA_WAY_KEY_OFFSET);
        if (entry == NULL || !entry->has_node ||
            memcmp(&entry->node, record + CEPA_WAY_NODE_OFFSET, sizeof entry->node) != 0) {
            return;
        }
        cepa_slot_table_remove(&ways->by_node, other);
        ways->is_named[other] = false;
    }
    cepa_slot_table_add(&ways->by_node, slot);
    ways->is_named[slot] = true;
}

static void take_out(struct cepa_ways *ways, uint32_t slot)
{
    if (ways->is_named[slot]) {
        cepa_slot_table_remove(&ways->by_node, slot);
    }
    cepa_slot_table_remove(&ways->by_key, slot);
}

/* The last one takes the place of the one that goes. */
static void drop(struct cepa_ways *ways, uint32_t slot)
{
    uint32_t last = ways->count - 1;
    take_out(ways, slot);
    if (slot != last) {
        bool was_named = ways->is_named[last];
        take_out(ways, last);
        memcpy(ways->records[slot], ways->records[last], CEPA_WAY_RECORD_SIZE);
        cepa_slot_table_add(&ways->by_key, slot);
        ways->is_named[slot] = was_named;
        if (was_named) {
            cepa_slot_table_add(&ways->by_node, slot);
        }
    }
    ways->count = last;
}

int cepa_ways_put(struct cepa_ways *ways, const uint8_t *bytes, size_t bytes_len)
{
    struct cepa_way_record record;
    int error = cepa_way_record_decode(&record, bytes, bytes_len);
    if (error != 0) {
        return error;
    }
    if (cepa_index_find(ways->index, record.public_key) == NULL) {
        return CEPA_ERR_NOT_FOUND;
    }
    uint32_t slot =
        ways->count == 0 ? CEPA_SLOT_NONE : cepa_slot_table_find(&ways->by_key, record.public_key);
    if (slot != CEPA_SLOT_NONE && sequence_of(ways->records[slot]) >= record.sequence) {
        return 1;
    }
    if (slot == CEPA_SLOT_NONE && ways->count == ways->capacity) {
        return CEPA_ERR_FULL;
    }
    error = cepa_way_record_verify(&record, bytes, bytes_len, &ways->index->rules.network);
    if (error != 0) {
        return error;
    }
    if (slot != CEPA_SLOT_NONE) {
        take_out(ways, slot);
    } else {
        slot = ways->count++;
    }
    memcpy(ways->records[slot], bytes, CEPA_WAY_RECORD_SIZE);
    cepa_slot_table_add(&ways->by_key, slot);
    name(ways, slot);
    return 0;
}

const uint8_t *cepa_ways_find(const struct cepa_ways *ways, const uint8_t *public_key)
{
    uint32_t slot =
        ways->count == 0 ? CEPA_SLOT_NONE : cepa_slot_table_find(&ways->by_key, public_key);
    return slot == CEPA_SLOT_NONE ? NULL : ways->records[slot];
}

bool cepa_ways_is_current(const struct cepa_ways *ways, const struct cepa_index_entry *entry)
{
    const uint8_t *record = cepa_ways_find(ways, entry->record.public_key);
    return record != NULL && sequence_of(record) >= entry->record.sequence;
}

int cepa_ways_find_node(const struct cepa_ways *ways, struct cepa_way_record *ret_record,
                        const struct cepa_node_id *node)
{
    uint32_t slot =
        ways->count == 0 ? CEPA_SLOT_NONE : cepa_slot_table_find(&ways->by_node, node->bytes);
    if (slot == CEPA_SLOT_NONE) {
        return CEPA_ERR_NOT_FOUND;
    }
    int error = cepa_way_record_decode(ret_record, ways->records[slot], CEPA_WAY_RECORD_SIZE);
    CEPA_ASSERT(error == 0);
    return 0;
}

void cepa_ways_step(struct cepa_ways *ways)
{
    for (uint32_t i = 0; i < SWEEP_STEP && ways->count > 0; i++) {
        uint32_t slot = ways->sweep < ways->count ? ways->sweep : 0;
        if (cepa_index_find(ways->index, ways->records[slot] + CEPA_WAY_KEY_OFFSET) == NULL) {
            drop(ways, slot);
        } else {
            ways->sweep = slot + 1;
        }
    }
}
