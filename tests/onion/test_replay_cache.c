/* The replay cache: what is inserted, what is refused and why, what a refusal leaves alone. */
#include "onion/replay_cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/endian.h"
#include "support/random.h"
#include "support/test.h"

/* A cache with its memory, and a copy of both to compare with. */
struct bench {
    struct cepa_replay_cache cache;
    struct cepa_replay_share share;
    uint64_t *memory;
    size_t memory_len;
    struct cepa_replay_cache cache_before;
    struct cepa_replay_share share_before;
    uint64_t *memory_before;
};

static void setup(struct bench *bench, uint32_t capacity, uint32_t share_max)
{
    struct cepa_replay_limits limits = {capacity, share_max};
    memset(bench, 0, sizeof *bench);
    bench->memory_len = cepa_replay_cache_size(capacity);
    bench->memory = malloc(bench->memory_len);
    bench->memory_before = malloc(bench->memory_len);
    CHECK(bench->memory != NULL && bench->memory_before != NULL);
    memset(bench->memory, 0xee, bench->memory_len);
    CHECK_INT(cepa_replay_cache_init(&bench->cache, bench->memory, bench->memory_len, &limits), 0);
}

static void teardown(struct bench *bench)
{
    free(bench->memory);
    free(bench->memory_before);
}

static void remember(struct bench *bench)
{
    bench->cache_before = bench->cache;
    bench->share_before = bench->share;
    memcpy(bench->memory_before, bench->memory, bench->memory_len);
}

static void check_unchanged(const struct bench *bench)
{
    CHECK(memcmp(&bench->cache, &bench->cache_before, sizeof bench->cache) == 0);
    CHECK(bench->share.used == bench->share_before.used);
    CHECK(memcmp(bench->memory, bench->memory_before, bench->memory_len) == 0);
}

enum result { NOTHING, INSERTED, SEEN, FULL };

static enum result insert(struct bench *bench, const struct cepa_replay_tag *tag, uint32_t wanted)
{
    struct cepa_replay_outcome outcome =
        cepa_replay_cache_insert(&bench->cache, &bench->share, tag, wanted);
    CHECK(outcome.inserted + 1 <= 1 && outcome.seen + 1 <= 1 && outcome.full + 1 <= 1);
    CHECK((outcome.inserted & outcome.seen) == 0 && (outcome.inserted & outcome.full) == 0 &&
          (outcome.seen & outcome.full) == 0);
    return outcome.inserted != 0 ? INSERTED
           : outcome.seen != 0   ? SEEN
           : outcome.full != 0   ? FULL
                                 : NOTHING;
}

/* A tag of given parts. */
static struct cepa_replay_tag tag_of(uint64_t word, uint32_t first, uint32_t second)
{
    struct cepa_replay_tag tag;
    cepa_be64_store(tag.bytes, word);
    cepa_be32_store(tag.bytes + 8, first);
    cepa_be32_store(tag.bytes + 12, second);
    return tag;
}

/* Tag number `i` of a series that never repeats. */
static struct cepa_replay_tag tag_number(uint64_t i)
{
    struct test_random random = {i * UINT64_C(0x9e3779b97f4a7c15) + 17};
    struct cepa_replay_tag tag;
    test_random_bytes(&random, &tag, sizeof tag);
    return tag;
}

TEST(a_tag_is_accepted_once)
{
    struct bench bench;
    setup(&bench, 100, 100);
    for (uint64_t i = 0; i < 100; i++) {
        struct cepa_replay_tag tag = tag_number(i);
        CHECK_INT(insert(&bench, &tag, UINT32_MAX), INSERTED);
        for (uint64_t j = 0; j <= i; j++) {
            tag = tag_number(j);
            remember(&bench);
            CHECK_INT(insert(&bench, &tag, UINT32_MAX), SEEN);
            check_unchanged(&bench);
        }
    }
    CHECK_INT(bench.cache.used, 100);
    CHECK_INT(bench.share.used, 100);
    teardown(&bench);
}

TEST(an_unwanted_tag_changes_nothing)
{
    struct bench bench;
    struct cepa_replay_tag tag = tag_number(1);
    setup(&bench, 8, 8);
    remember(&bench);
    CHECK_INT(insert(&bench, &tag, 0), NOTHING);
    check_unchanged(&bench);
    CHECK_INT(insert(&bench, &tag, UINT32_MAX), INSERTED);
    remember(&bench);
    CHECK_INT(insert(&bench, &tag, 0), SEEN);
    check_unchanged(&bench);
    teardown(&bench);
}

TEST(a_full_cache_refuses_and_evicts_nothing)
{
    static const uint32_t capacities[] = {1, 2, 7, 8, 9, 100, 1 << 14};
    for (size_t c = 0; c < sizeof capacities / sizeof capacities[0]; c++) {
        struct bench bench;
        uint32_t capacity = capacities[c];
        setup(&bench, capacity, capacity);
        for (uint64_t i = 0; i < capacity; i++) {
            struct cepa_replay_tag tag = tag_number(i);
            CHECK_INT(insert(&bench, &tag, UINT32_MAX), INSERTED);
        }
        remember(&bench);
        for (uint64_t i = 0; i < 2 * (uint64_t)capacity; i++) {
            struct cepa_replay_tag tag = tag_number(i);
            CHECK_INT(insert(&bench, &tag, UINT32_MAX), i < capacity ? SEEN : FULL);
        }
        check_unchanged(&bench);
        teardown(&bench);
    }
}

TEST(a_link_cannot_use_more_than_its_share)
{
    struct bench bench;
    setup(&bench, 100, 10);
    for (uint64_t i = 0; i < 100; i++) {
        struct cepa_replay_tag tag = tag_number(i);
        CHECK_INT(insert(&bench, &tag, UINT32_MAX), INSERTED);
        if (bench.share.used == 10) {
            struct cepa_replay_tag next = tag_number(1000);
            remember(&bench);
            CHECK_INT(insert(&bench, &next, UINT32_MAX), FULL);
            CHECK_INT(insert(&bench, &tag, UINT32_MAX), SEEN);
            check_unchanged(&bench);
            bench.share.used = 0; /* another link */
        }
    }
    CHECK_INT(bench.cache.used, 100);
    teardown(&bench);
}

TEST(full_buckets_refuse_their_own_tags_only)
{
    struct bench bench;
    setup(&bench, 1000, 1000);
    for (uint64_t i = 0; i < 16; i++) {
        struct cepa_replay_tag tag = tag_of(100 + i, 3, 5);
        CHECK_INT(insert(&bench, &tag, UINT32_MAX), INSERTED);
    }
    struct cepa_replay_tag another = tag_of(1, 3, 5);
    struct cepa_replay_tag swapped = tag_of(1, 5, 3);
    struct cepa_replay_tag beside = tag_of(1, 3, 6);
    remember(&bench);
    CHECK_INT(insert(&bench, &another, UINT32_MAX), FULL);
    CHECK_INT(insert(&bench, &swapped, UINT32_MAX), FULL);
    check_unchanged(&bench);
    CHECK_INT(insert(&bench, &beside, UINT32_MAX), INSERTED);
    for (uint64_t i = 0; i < 16; i++) {
        struct cepa_replay_tag tag = tag_of(100 + i, 3, 5);
        CHECK_INT(insert(&bench, &tag, UINT32_MAX), SEEN);
    }
    teardown(&bench);
}

TEST(the_emptier_bucket_takes_the_tag)
{
    struct bench bench;
    setup(&bench, 1000, 1000);
    for (uint64_t i = 0; i < 16; i++) {
        struct cepa_replay_tag tag = tag_of(7 + i, 1, 2);
        CHECK_INT(insert(&bench, &tag, UINT32_MAX), INSERTED);
        size_t bucket = i % 2 == 0 ? 1 : 2;
        CHECK(bench.memory[8 * bucket + i / 2] == 7 + i);
    }
    teardown(&bench);
}

TEST(a_word_of_zero_is_stored_as_one)
{
    struct bench bench;
    setup(&bench, 1000, 1000);
    struct cepa_replay_tag zero = tag_of(0, 1, 2);
    struct cepa_replay_tag one = tag_of(1, 1, 2);
    CHECK_INT(insert(&bench, &zero, UINT32_MAX), INSERTED);
    CHECK_INT(insert(&bench, &zero, UINT32_MAX), SEEN);
    CHECK_INT(insert(&bench, &one, UINT32_MAX), SEEN);
    teardown(&bench);
}

TEST(a_tag_with_one_bucket_number_twice_still_has_two_buckets)
{
    struct bench bench;
    setup(&bench, 1000, 1000);
    for (uint64_t i = 0; i < 17; i++) {
        struct cepa_replay_tag tag = tag_of(7 + i, 4, 4);
        CHECK_INT(insert(&bench, &tag, UINT32_MAX), i < 16 ? INSERTED : FULL);
    }
    teardown(&bench);
}

TEST(every_byte_of_a_tag_counts)
{
    for (size_t bit = 0; bit < 64; bit++) {
        struct bench bench;
        struct cepa_replay_tag tag = tag_of(UINT64_C(0x0123456789abcdef), 0x1111, 0x2222);
        struct cepa_replay_tag moved = tag_of(UINT64_C(0x0123456789abcdef), 0x1111, 0x2222);
        setup(&bench, 1 << 10, 1 << 10);
        CHECK_INT(insert(&bench, &tag, UINT32_MAX), INSERTED);
        tag.bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        CHECK_INT(insert(&bench, &tag, UINT32_MAX), INSERTED);
        /* 2^8 buckets, so the low byte of each number counts. */
        moved.bytes[11] ^= (uint8_t)(1u << (bit % 8));
        moved.bytes[15] ^= (uint8_t)(1u << (bit / 8));
        CHECK_INT(insert(&bench, &moved, UINT32_MAX), INSERTED);
        teardown(&bench);
    }
}

TEST(limits_out_of_range_and_short_memory_are_refused)
{
    static uint64_t memory[16];
    struct cepa_replay_cache cache;
    struct cepa_replay_cache before;
    static const struct cepa_replay_limits bad[] = {
        {0, 1}, {CEPA_REPLAY_CAPACITY_MAX + 1u, 1}, {8, 0}, {8, 9}, {9, 9}};
    memset(&cache, 0x77, sizeof cache);
    before = cache;
    memory[0] = 5;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK_INT(cepa_replay_cache_init(&cache, memory, sizeof memory, &bad[i]),
                  CEPA_ERR_ARGUMENT);
    }
    struct cepa_replay_limits good = {8, 8};
    CHECK_INT(cepa_replay_cache_init(&cache, memory, sizeof memory - 1, &good), CEPA_ERR_ARGUMENT);
    CHECK(memcmp(&cache, &before, sizeof cache) == 0 && memory[0] == 5);
    CHECK_INT(cepa_replay_cache_init(&cache, memory, sizeof memory, &good), 0);
    CHECK(memory[0] == 0);
    CHECK(cepa_replay_cache_size(8) == 128 && cepa_replay_cache_size(9) == 256);
    CHECK(cepa_replay_cache_size(CEPA_REPLAY_CAPACITY_DEFAULT) == (size_t)16 << 20);
}

/* A million tags, once in order and once shuffled: none is accepted twice, none is lost, and no
 * pair of buckets overflows before the cache is full. */
TEST(a_million_tags_replayed_in_shuffled_order_are_all_seen)
{
    enum { TAGS = 1000000 };
    struct bench bench;
    struct test_random random = {42};
    uint32_t *order = malloc(TAGS * sizeof *order);
    CHECK(order != NULL);
    setup(&bench, CEPA_REPLAY_CAPACITY_DEFAULT, CEPA_REPLAY_CAPACITY_DEFAULT);
    for (uint32_t i = 0; i < TAGS; i++) {
        struct cepa_replay_tag tag = tag_number(i);
        CHECK_INT(insert(&bench, &tag, UINT32_MAX), INSERTED);
        uint32_t at = (uint32_t)test_random_below(&random, i + 1);
        order[i] = at < i ? order[at] : i;
        order[at] = i;
    }
    remember(&bench);
    for (uint32_t i = 0; i < TAGS; i++) {
        struct cepa_replay_tag tag = tag_number(order[i]);
        CHECK_INT(insert(&bench, &tag, UINT32_MAX), SEEN);
    }
    check_unchanged(&bench);
    free(order);
    teardown(&bench);
}

TEST_MAIN(RUN(a_tag_is_accepted_once), RUN(an_unwanted_tag_changes_nothing),
          RUN(a_full_cache_refuses_and_evicts_nothing), RUN(a_link_cannot_use_more_than_its_share),
          RUN(full_buckets_refuse_their_own_tags_only), RUN(the_emptier_bucket_takes_the_tag),
          RUN(a_word_of_zero_is_stored_as_one),
          RUN(a_tag_with_one_bucket_number_twice_still_has_two_buckets),
          RUN(every_byte_of_a_tag_counts), RUN(limits_out_of_range_and_short_memory_are_refused),
          RUN(a_million_tags_replayed_in_shuffled_order_are_all_seen))
