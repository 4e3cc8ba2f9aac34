/* Merging into the index: order does not matter, contradictions are out, floods are bounded. */
#include "mesh/index.h"

#include <stdlib.h>
#include <string.h>

#include "support/mesh_relays.h"
#include "support/test.h"

static struct cepa_index indexes[2];
static const struct cepa_index_limits roomy = {4096, 1024, {1000, 10, 1000}};

static struct cepa_index *make(size_t which, const struct cepa_index_limits *limits)
{
    static void *memory[2];
    struct cepa_record_rules rules = mesh_rules();
    size_t size = cepa_index_size(limits);
    free(memory[which]);
    memory[which] = aligned_alloc(16, (size + 15) / 16 * 16);
    CHECK(memory[which] != NULL);
    cepa_index_init(&indexes[which], memory[which], size, limits, &rules, mesh_day(0),
                    &mesh_siphash_key);
    return &indexes[which];
}

static int merge_fake(struct cepa_index *index, uint32_t number, uint32_t sequence)
{
    struct cepa_index_record record = mesh_fake_record(number, sequence);
    return cepa_index_merge_verified(index, &record);
}

static bool is_same_view(const struct cepa_index *a, const struct cepa_index *b)
{
    for (uint32_t i = 0; i < CEPA_INDEX_BUCKETS; i++) {
        struct cepa_index_digest digests[2];
        cepa_index_bucket_digest(a, &digests[0], i);
        cepa_index_bucket_digest(b, &digests[1], i);
        if (memcmp(&digests[0], &digests[1], sizeof digests[0]) != 0) {
            return false;
        }
    }
    return true;
}

TEST(records_with_real_signatures_are_merged)
{
    struct cepa_index *index = make(0, &roomy);
    struct mesh_relay *relays = mesh_relays();
    for (size_t i = 0; i < MESH_RELAYS_MAX; i++) {
        const uint8_t *bytes = relays[i].record_bytes;
        CHECK_INT(cepa_index_preview(index, bytes, CEPA_INDEX_RECORD_SIZE), CEPA_INDEX_NEWS);
        CHECK_INT(cepa_index_merge(index, bytes, CEPA_INDEX_RECORD_SIZE), CEPA_INDEX_NEWS);
        CHECK_INT(cepa_index_merge(index, bytes, CEPA_INDEX_RECORD_SIZE), CEPA_INDEX_SAME);
    }
    CHECK_INT(cepa_index_count(index), MESH_RELAYS_MAX);
    const struct cepa_index_entry *entry = cepa_index_find(index, relays[3].record.public_key);
    CHECK(entry != NULL && cepa_index_is_usable(entry) && !entry->has_node);
    CHECK(cepa_index_find_position(index, entry->position) == entry);
    cepa_index_set_node(index, relays[3].record.public_key, &relays[3].identity.node);
    CHECK(cepa_index_find_node(index, &relays[3].identity.node) == entry);
    CHECK(cepa_index_find_node(index, &relays[4].identity.node) == NULL);
}

TEST(ten_thousand_forgeries_change_nothing)
{
    struct cepa_index *index = make(0, &roomy);
    uint8_t bytes[CEPA_INDEX_RECORD_SIZE];
    unsigned errors = 0;
    for (uint32_t i = 0; i < 10000; i++) {
        struct cepa_index_record record = mesh_fake_record(i, 1);
        /* Some did the work, so that the signature is looked at. */
        if (i % 100 == 0) {
            mesh_work(record.nonce, record.public_key);
        }
        cepa_index_record_encode(bytes, &record);
        errors += cepa_index_merge(index, bytes, sizeof bytes) == CEPA_ERR_AUTHENTICATION;
    }
    CHECK_INT(errors, 10000);
    CHECK_INT(cepa_index_count(index), 0);
    CHECK_INT(index->counts.refused, 10000);
    CHECK_INT(cepa_index_merge(index, bytes, sizeof bytes - 1), CEPA_ERR_LENGTH);
}

TEST(a_record_without_work_is_refused_whatever_its_signature)
{
    struct cepa_index *index = make(0, &roomy);
    struct cepa_record_rules rules = mesh_rules();
    uint8_t bytes[CEPA_INDEX_RECORD_SIZE];
    struct cepa_index_record record = mesh_sign_record(1, 1);
    struct cepa_ed25519_seed seed = {{0, 0, 0, 1}};
    struct cepa_ed25519_key key;
    cepa_ed25519_key_init(&key, &seed);
    do {
        record.nonce[0]++;
    } while (cepa_work_check(&rules, record.public_key, record.nonce) == 0);
    cepa_index_record_sign(&record, &key, &rules.network);
    cepa_index_record_encode(bytes, &record);
    CHECK_INT(cepa_index_merge(index, bytes, sizeof bytes), CEPA_ERR_AUTHENTICATION);
}

TEST(replayed_older_records_change_nothing)
{
    struct cepa_index *index = make(0, &roomy);
    struct cepa_index_digest before;
    struct cepa_index_digest after;
    CHECK_INT(merge_fake(index, 1, 5), CEPA_INDEX_NEWS);
    CHECK_INT(merge_fake(index, 1, 9), CEPA_INDEX_UPDATED);
    uint32_t bucket = (uint32_t)(cepa_index_at(index, 0)->position >> 56);
    cepa_index_bucket_digest(index, &before, bucket);
    for (uint32_t sequence = 0; sequence < 9; sequence++) {
        CHECK_INT(merge_fake(index, 1, sequence), CEPA_INDEX_OLDER);
    }
    CHECK_INT(merge_fake(index, 1, 9), CEPA_INDEX_SAME);
    cepa_index_bucket_digest(index, &after, bucket);
    CHECK_BYTES(&after, &before, sizeof before);
    CHECK_INT(cepa_index_at(index, 0)->record.sequence, 9);
}

TEST(days_that_do_not_count_are_refused)
{
    static const struct {
        int day;
        int want;
    } cases[] = {{-2, CEPA_ERR_EPOCH}, {-1, CEPA_INDEX_NEWS}, {0, CEPA_INDEX_NEWS},
                 {1, CEPA_INDEX_NEWS}, {2, CEPA_ERR_EPOCH},   {1000000, CEPA_ERR_EPOCH}};
    struct cepa_index *index = make(0, &roomy);
    for (uint32_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cepa_index_record record = mesh_fake_record(i, 1);
        record.day = mesh_day(cases[i].day);
        CHECK_INT(cepa_index_merge_verified(index, &record), cases[i].want);
    }
    struct cepa_index_record record = mesh_fake_record(99, 1);
    record.day.number = UINT32_MAX;
    CHECK_INT(cepa_index_merge_verified(index, &record), CEPA_ERR_EPOCH);
}

/* Whichever of the two comes first, all nodes come to the same: neither is used. */
TEST(contradictions_are_out_in_any_order)
{
    struct cepa_index_record records[2] = {mesh_fake_record(1, 5), mesh_fake_record(1, 5)};
    records[1].commitment.bytes[9] ^= 1;
    for (size_t which = 0; which < 2; which++) {
        struct cepa_index *index = make(which, &roomy);
        CHECK_INT(merge_fake(index, 2, 1), CEPA_INDEX_NEWS);
        CHECK_INT(cepa_index_merge_verified(index, &records[which]), CEPA_INDEX_NEWS);
        CHECK_INT(cepa_index_merge_verified(index, &records[1 - which]), CEPA_INDEX_CONFLICT);
        CHECK_INT(cepa_index_merge_verified(index, &records[0]), CEPA_INDEX_SAME);
        CHECK_INT(cepa_index_merge_verified(index, &records[1]), CEPA_INDEX_SAME);
        CHECK(!cepa_index_is_usable(cepa_index_find(index, records[0].public_key)));
        CHECK_INT(index->counts.conflicts, 1);
        for (uint32_t i = 0; i < 1000; i++) {
            const struct cepa_index_entry *drawn = cepa_index_draw(index, (uint64_t)i << 54);
            CHECK(drawn == NULL ||
                  memcmp(drawn->record.public_key, records[0].public_key, 32) != 0);
        }
    }
    CHECK(is_same_view(&indexes[0], &indexes[1]));
    CHECK_INT(merge_fake(&indexes[0], 1, 6), CEPA_INDEX_UPDATED);
    CHECK(cepa_index_is_usable(cepa_index_find(&indexes[0], records[0].public_key)));
}

/* Two nodes hear the same in different orders, with replays, and agree. */
TEST(order_does_not_matter)
{
    struct test_random random = {7};
    struct cepa_index *a = make(0, &roomy);
    struct cepa_index *b = make(1, &roomy);
    for (uint32_t i = 0; i < 3000; i++) {
        CHECK(merge_fake(a, i % 1000, i / 1000) > 0);
    }
    CHECK(!is_same_view(a, b));
    for (uint32_t i = 0; i < 20000; i++) {
        uint32_t which = (uint32_t)test_random_below(&random, 3000);
        CHECK(merge_fake(b, which % 1000, which / 1000) > 0);
    }
    for (uint32_t i = 0; i < 1000; i++) {
        CHECK(merge_fake(b, i, 2) > 0);
    }
    CHECK_INT(cepa_index_count(b), 1000);
    CHECK(is_same_view(a, b));
}

TEST(a_full_index_refuses_and_forgets_nobody)
{
    struct cepa_index_limits limits = {50, 10, {1000, 10, 1000}};
    struct cepa_index *index = make(0, &limits);
    for (uint32_t i = 0; i < 50; i++) {
        CHECK_INT(merge_fake(index, i, 1), CEPA_INDEX_NEWS);
    }
    for (uint32_t i = 50; i < 1000; i++) {
        CHECK_INT(merge_fake(index, i, 1), CEPA_ERR_FULL);
    }
    CHECK_INT(merge_fake(index, 49, 2), CEPA_INDEX_UPDATED);
    CHECK_INT(cepa_index_count(index), 50);
}

/* On the third day of a node a flood comes: a few are admitted, some wait, the rest is refused. */
TEST(a_flood_is_admitted_slowly)
{
    struct cepa_index_limits limits = {4096, 100, {20, 10, 1000}};
    struct cepa_index *index = make(0, &limits);
    for (uint32_t i = 0; i < 60; i++) {
        CHECK_INT(merge_fake(index, i, 1), CEPA_INDEX_NEWS);
    }
    CHECK_INT(index->admitted, 60);
    for (int day = 1; day <= 4; day++) {
        cepa_index_begin_day(index, mesh_day(day));
        for (uint32_t i = 0; i < 3000; i++) {
            struct cepa_index_record record = mesh_fake_record(i, (uint32_t)day + 1);
            record.day = mesh_day(day);
            if (i < 60 || day >= 2) {
                int result = cepa_index_merge_verified(index, &record);
                CHECK(result > 0 || result == CEPA_ERR_FULL);
            }
        }
        unsigned want = day < 2 ? 60 : 60 + 20 * (unsigned)(day - 1);
        CHECK_INT(index->admitted, want);
        CHECK(cepa_index_count(index) <= want + 100);
    }
}

TEST(records_expire_and_the_rest_stays_in_order)
{
    struct cepa_index *index = make(0, &roomy);
    for (uint32_t i = 0; i < 1000; i++) {
        struct cepa_index_record record = mesh_fake_record(i, 1);
        struct cepa_node_id node;
        record.day = mesh_day(i % 3 == 0 ? 0 : 1);
        memset(&node, 0, sizeof node);
        memcpy(node.bytes, &i, sizeof i);
        CHECK_INT(cepa_index_merge_verified(index, &record), CEPA_INDEX_NEWS);
        cepa_index_set_node(index, record.public_key, &node);
    }
    cepa_index_begin_day(index, mesh_day(1));
    CHECK_INT(cepa_index_count(index), 1000);
    cepa_index_begin_day(index, mesh_day(2));
    CHECK_INT(cepa_index_count(index), 666);
    CHECK_INT(index->counts.expired, 334);
    uint32_t in_buckets = 0;
    for (uint32_t bucket = 0; bucket < CEPA_INDEX_BUCKETS; bucket++) {
        const struct cepa_index_entry *entry = NULL;
        while ((entry = cepa_index_bucket_next(index, bucket, entry)) != NULL) {
            CHECK_INT(entry->position >> 56, bucket);
            in_buckets++;
        }
    }
    CHECK_INT(in_buckets, 666);
    for (uint32_t i = 0; i < 1000; i++) {
        struct cepa_index_record record = mesh_fake_record(i, 1);
        struct cepa_node_id node;
        memset(&node, 0, sizeof node);
        memcpy(node.bytes, &i, sizeof i);
        const struct cepa_index_entry *entry = cepa_index_find(index, record.public_key);
        CHECK((entry != NULL) == (i % 3 != 0));
        CHECK(cepa_index_find_node(index, &node) == entry);
    }
    cepa_index_begin_day(index, mesh_day(1));
    CHECK_INT(index->today.number, MESH_TODAY + 2);
    cepa_index_begin_day(index, mesh_day(3));
    CHECK_INT(cepa_index_count(index), 0);
    CHECK(is_same_view(index, make(1, &roomy)));
}

TEST(an_earlier_day_forgets_what_does_not_count_yet)
{
    struct cepa_index *index = make(0, &roomy);
    struct cepa_index_record records[4];
    for (uint32_t i = 0; i < 4; i++) {
        records[i] = mesh_fake_record(i, 1);
        records[i].day = mesh_day((int)i);
    }
    CHECK_INT(cepa_index_merge_verified(index, &records[0]), CEPA_INDEX_NEWS);
    CHECK_INT(cepa_index_merge_verified(index, &records[1]), CEPA_INDEX_NEWS);
    CHECK_INT(cepa_index_merge_verified(index, &records[3]), CEPA_ERR_EPOCH);
    cepa_index_begin_day(index, mesh_day(2));
    CHECK_INT(cepa_index_merge_verified(index, &records[0]), CEPA_ERR_EPOCH);
    CHECK_INT(cepa_index_merge_verified(index, &records[2]), CEPA_INDEX_NEWS);
    CHECK_INT(cepa_index_merge_verified(index, &records[3]), CEPA_INDEX_NEWS);
    CHECK_INT(cepa_index_count(index), 3);
    cepa_index_set_back(index, mesh_day(2));
    CHECK_INT(cepa_index_count(index), 3);
    cepa_index_set_back(index, mesh_day(0));
    CHECK_INT(index->today.number, MESH_TODAY);
    CHECK_INT(cepa_index_count(index), 1);
    const struct cepa_index_entry *entry = cepa_index_find(index, records[1].public_key);
    CHECK(entry != NULL && entry->first_seen.number == MESH_TODAY);
    CHECK_INT(cepa_index_merge_verified(index, &records[2]), CEPA_ERR_EPOCH);
    CHECK_INT(cepa_index_merge_verified(index, &records[0]), CEPA_INDEX_NEWS);
    records[1].sequence = 0; /* what stayed is not replaced by older ones */
    CHECK_INT(cepa_index_merge_verified(index, &records[1]), CEPA_INDEX_OLDER);
}

TEST(an_entry_costs_less_than_256_bytes)
{
    struct cepa_index_limits limits = {CEPA_INDEX_CAPACITY_MAX, 1, {1, 1, 1}};
    test_note("%zu bytes per entry", cepa_index_size(&limits) / CEPA_INDEX_CAPACITY_MAX);
    CHECK(cepa_index_size(&limits) <= (size_t)256 * CEPA_INDEX_CAPACITY_MAX);
}

TEST_MAIN(RUN(records_with_real_signatures_are_merged), RUN(ten_thousand_forgeries_change_nothing),
          RUN(a_record_without_work_is_refused_whatever_its_signature),
          RUN(replayed_older_records_change_nothing), RUN(days_that_do_not_count_are_refused),
          RUN(contradictions_are_out_in_any_order), RUN(order_does_not_matter),
          RUN(a_full_index_refuses_and_forgets_nobody), RUN(a_flood_is_admitted_slowly),
          RUN(records_expire_and_the_rest_stays_in_order),
          RUN(an_earlier_day_forgets_what_does_not_count_yet),
          RUN(an_entry_costs_less_than_256_bytes))
