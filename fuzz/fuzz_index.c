/* The index under any sequence of merges, days, restarts of rows and lookups: what it says about
 * itself stays true, and its digests are those of the same records merged alone. Signatures and
 * work are left out, so that the records that the input describes are merged. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "mesh/index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len);

enum { FIRST_DAY = 20000, CAPACITY = 24 };

static struct cepa_index indexes[2];
static const struct cepa_siphash_key key = {{4}};

static void make(struct cepa_index *index, struct cepa_directory_day today)
{
    static void *memory[2];
    struct cepa_index_limits limits = {CAPACITY, 6, {2, 10, 1}};
    struct cepa_record_rules rules = {{{0}}, 90, 2, 1, 7, 2, 0};
    size_t which = (size_t)(index - indexes);
    size_t size = cepa_index_size(&limits);
    if (memory[which] == NULL) {
        memory[which] = aligned_alloc(16, (size + 15) / 16 * 16);
    }
    CEPA_ASSERT(memory[which] != NULL);
    cepa_index_init(index, memory[which], size, &limits, &rules, today, &key);
}

/* Counts, chains and lookups agree. */
static void check(const struct cepa_index *index)
{
    uint32_t in_chains = 0;
    uint32_t admitted = 0;
    for (uint32_t bucket = 0; bucket < CEPA_INDEX_BUCKETS; bucket++) {
        uint32_t len = 0;
        const struct cepa_index_entry *entry = NULL;
        while ((entry = cepa_index_bucket_next(index, bucket, entry)) != NULL) {
            CEPA_ASSERT(entry->position >> 56 == bucket);
            len++;
        }
        CEPA_ASSERT(len == cepa_index_bucket_len(index, bucket));
        in_chains += len;
    }
    CEPA_ASSERT(in_chains == cepa_index_count(index) && in_chains <= CAPACITY);
    for (uint32_t i = 0; i < cepa_index_count(index); i++) {
        const struct cepa_index_entry *entry = cepa_index_at(index, i);
        CEPA_ASSERT(cepa_index_find(index, entry->record.public_key) == entry);
        CEPA_ASSERT(!entry->has_node || cepa_index_find_node(index, &entry->node) == entry);
        admitted += entry->is_admitted ? 1 : 0;
    }
    CEPA_ASSERT(admitted == index->admitted);
}

/* Another index, filled from this one's rows, has the same digests. */
static void check_restored(struct cepa_index *index)
{
    uint8_t row[CEPA_INDEX_STATE_SIZE];
    make(&indexes[1], index->today);
    for (uint32_t i = 0; i < cepa_index_count(index); i++) {
        cepa_index_state_encode(row, cepa_index_at(index, i));
        CEPA_ASSERT(cepa_index_restore(&indexes[1], row, sizeof row) == 0);
    }
    CEPA_ASSERT(memcmp(index->digests, indexes[1].digests, sizeof index->digests) == 0);
}

static void merge(struct cepa_index *index, const uint8_t step[4])
{
    struct cepa_index_record record;
    memset(&record, 0, sizeof record);
    memset(record.public_key, step[1] % 32, sizeof record.public_key);
    record.sequence = step[2] % 4;
    record.day.number = index->today.number + step[3] % 4 - 1;
    record.capacity = step[3] >> 7;
    record.flags = CEPA_RELAY_FLAG_RELAY;
    record.prefix.family = CEPA_FAMILY_IPV4;
    record.prefix.bytes[0] = step[1] % 8;
    int want = 0;
    uint8_t bytes[CEPA_INDEX_RECORD_SIZE];
    cepa_index_record_encode(bytes, &record);
    want = cepa_index_preview(index, bytes, sizeof bytes);
    CEPA_ASSERT(cepa_index_merge_verified(index, &record) == want);
    /* Unsigned it never comes in. */
    CEPA_ASSERT(cepa_index_merge(index, bytes, sizeof bytes) < CEPA_INDEX_NEWS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len)
{
    struct cepa_index *index = &indexes[0];
    struct cepa_directory_day today = {FIRST_DAY};
    struct cepa_node_id node;
    make(index, today);
    for (; data_len >= 4; data += 4, data_len -= 4) {
        uint8_t name[32];
        memset(name, data[1] % 32, sizeof name);
        switch (data[0] % 8) {
        case 0:
            today.number = index->today.number + data[1] % 3;
            cepa_index_begin_day(index, today);
            break;
        case 1:
            memset(&node, data[1] % 32, sizeof node);
            cepa_index_set_node(index, name, &node);
            break;
        case 2:
            (void)cepa_index_next_change(index);
            (void)cepa_index_next_removed(index, name);
            break;
        case 3:
            (void)!cepa_index_merge(index, data, data_len < 176 ? data_len : 176);
            break;
        default:
            merge(index, data);
            break;
        }
    }
    check(index);
    check_restored(index);
    return 0;
}
