/* Drawing from the index, and its way to a store and back. */
#include <stdlib.h>
#include <string.h>

#include "mesh/index.h"
#include "support/mesh_relays.h"
#include "support/test.h"

static const struct cepa_index_limits limits = {1024, 512, {20, 10, 1000}};

static void make(struct cepa_index *index, void **memory)
{
    struct cepa_record_rules rules = mesh_rules();
    size_t size = cepa_index_size(&limits);
    rules.work_bits = 0; /* made-up records did none */
    *memory = aligned_alloc(16, (size + 15) / 16 * 16);
    CHECK(*memory != NULL);
    cepa_index_init(index, *memory, size, &limits, &rules, mesh_day(0), &mesh_siphash_key);
}

static void fill(struct cepa_index *index, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct cepa_index_record record = mesh_fake_record(i, 1);
        CHECK_INT(cepa_index_merge_verified(index, &record), CEPA_INDEX_NEWS);
    }
}

TEST(draws_are_uniform)
{
    static struct cepa_index index;
    unsigned counts[10] = {0};
    struct test_random random = {1};
    void *memory = NULL;
    make(&index, &memory);
    CHECK(cepa_index_draw(&index, 0) == NULL);
    fill(&index, 10);
    CHECK(cepa_index_draw(&index, 0) == cepa_index_at(&index, 0));
    CHECK(cepa_index_draw(&index, UINT64_MAX) == cepa_index_at(&index, 9));
    for (unsigned i = 0; i < 100000; i++) {
        const struct cepa_index_entry *entry = cepa_index_draw(&index, test_random_u64(&random));
        CHECK(entry != NULL);
        counts[entry - cepa_index_at(&index, 0)]++;
    }
    for (size_t i = 0; i < 10; i++) {
        CHECK(counts[i] > 9600 && counts[i] < 10400);
    }
    free(memory);
}

TEST(a_relay_that_has_withdrawn_is_not_drawn)
{
    static struct cepa_index index;
    void *memory = NULL;
    struct cepa_index_record record = mesh_fake_record(0, 1);
    make(&index, &memory);
    record.flags = 0;
    CHECK_INT(cepa_index_merge_verified(&index, &record), CEPA_INDEX_NEWS);
    CHECK(cepa_index_draw(&index, 5) == NULL);
    free(memory);
}

TEST(a_store_gets_each_change_once_and_gives_all_back)
{
    static struct cepa_index index;
    static struct cepa_index copy;
    static uint8_t rows[300][CEPA_INDEX_STATE_SIZE];
    void *memory[2] = {NULL, NULL};
    const struct cepa_index_entry *entry = NULL;
    size_t count = 0;
    make(&index, &memory[0]);
    make(&copy, &memory[1]);
    fill(&index, 200);
    struct cepa_index_record record = mesh_fake_record(7, 1);
    record.capacity = 1;
    CHECK_INT(cepa_index_merge_verified(&index, &record), CEPA_INDEX_CONFLICT);
    while ((entry = cepa_index_next_change(&index)) != NULL) {
        cepa_index_state_encode(rows[count++], entry);
    }
    CHECK_INT(count, 200);
    record = mesh_fake_record(9, 2);
    CHECK_INT(cepa_index_merge_verified(&index, &record), CEPA_INDEX_UPDATED);
    entry = cepa_index_next_change(&index);
    CHECK(entry != NULL && entry->record.sequence == 2);
    CHECK(cepa_index_next_change(&index) == NULL);
    for (size_t i = 0; i < count; i++) {
        CHECK_INT(cepa_index_restore(&copy, rows[i], sizeof rows[i]), 0);
    }
    CHECK_INT(cepa_index_restore(&copy, rows[0], sizeof rows[0]), CEPA_ERR_FULL);
    CHECK_INT(cepa_index_merge_verified(&copy, &record), CEPA_INDEX_UPDATED);
    for (uint32_t i = 0; i < CEPA_INDEX_BUCKETS; i++) {
        CHECK_BYTES(&copy.digests[i], &index.digests[i], sizeof copy.digests[i]);
    }
    CHECK_INT(copy.changed, 1);
    free(memory[0]);
    free(memory[1]);
}

TEST(damaged_rows_are_refused)
{
    static struct cepa_index index;
    void *memory = NULL;
    uint8_t row[CEPA_INDEX_STATE_SIZE];
    make(&index, &memory);
    fill(&index, 1);
    cepa_index_state_encode(row, cepa_index_at(&index, 0));
    CHECK_INT(cepa_index_restore(&index, row, sizeof row - 1), CEPA_ERR_LENGTH);
    row[180] |= 4;
    CHECK_INT(cepa_index_restore(&index, row, sizeof row), CEPA_ERR_MALFORMED);
    row[180] &= 3;
    row[183] = 1;
    CHECK_INT(cepa_index_restore(&index, row, sizeof row), CEPA_ERR_MALFORMED);
    row[183] = 0;
    index.today = mesh_day(2);
    CHECK_INT(cepa_index_restore(&index, row, sizeof row), CEPA_ERR_EPOCH);
    free(memory);
}

/* After a restart a node is not new: what it did not know takes places. */
TEST(age_survives_a_restart)
{
    static struct cepa_index index;
    void *memory = NULL;
    uint8_t row[CEPA_INDEX_STATE_SIZE];
    make(&index, &memory);
    fill(&index, 1);
    cepa_index_state_encode(row, cepa_index_at(&index, 0));
    free(memory);
    make(&index, &memory);
    cepa_index_begin_day(&index, mesh_day(1));
    CHECK_INT(cepa_index_restore(&index, row, sizeof row), 0);
    CHECK_INT(cepa_index_at(&index, 0)->first_seen.number, MESH_TODAY);
    for (uint32_t i = 1; i < 100; i++) {
        struct cepa_index_record record = mesh_fake_record(i, 1);
        CHECK_INT(cepa_index_merge_verified(&index, &record), CEPA_INDEX_NEWS);
    }
    CHECK_INT(index.admitted, 21);
    free(memory);
}

TEST(removals_are_told)
{
    static struct cepa_index index;
    void *memory = NULL;
    uint8_t key[32];
    unsigned removed = 0;
    make(&index, &memory);
    fill(&index, 300);
    cepa_index_begin_day(&index, mesh_day(2));
    while (cepa_index_next_removed(&index, key)) {
        removed++;
    }
    CHECK_INT(removed, CEPA_INDEX_REMOVED_MAX);
    free(memory);
}

TEST_MAIN(RUN(draws_are_uniform), RUN(a_relay_that_has_withdrawn_is_not_drawn),
          RUN(a_store_gets_each_change_once_and_gives_all_back), RUN(damaged_rows_are_refused),
          RUN(age_survives_a_restart), RUN(removals_are_told))
