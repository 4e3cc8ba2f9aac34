/* A table with two buckets per tag, read and written in full every time. */
#include "onion/replay_cache.h"

#include <stdbool.h>
#include <string.h>

#include "base/assert.h"
#include "base/block.h"
#include "base/ct.h"
#include "base/declassify.h"
#include "base/endian.h"

enum { BUCKET_WORDS = 8 };

/* Where a tag may stand, and as what. */
struct place {
    uint64_t *buckets[2]; /* never the same */
    uint64_t word;        /* never 0 */
};

/* What is there already. */
struct view {
    uint32_t seen;    /* mask: the word stands in one of the buckets */
    uint32_t free[2]; /* how many words of each bucket are free */
};

static bool is_capacity(uint32_t capacity)
{
    return capacity >= 1 && capacity <= CEPA_REPLAY_CAPACITY_MAX;
}

/* The smallest power of 2, not below 2, that leaves half of the words free. */
static uint32_t buckets_of(uint32_t capacity)
{
    uint32_t buckets = 2;
    while (buckets * (BUCKET_WORDS / 2) < capacity) {
        buckets *= 2;
    }
    return buckets;
}

size_t cepa_replay_cache_size(uint32_t capacity)
{
    CEPA_ASSERT(is_capacity(capacity));
    return (size_t)buckets_of(capacity) * BUCKET_WORDS * sizeof(uint64_t);
}

int cepa_replay_cache_init(struct cepa_replay_cache *ret_cache, void *memory, size_t memory_len,
                           const struct cepa_replay_limits *limits)
{
    if (!is_capacity(limits->capacity) || limits->share_max < 1 ||
        limits->share_max > limits->capacity ||
        memory_len < cepa_replay_cache_size(limits->capacity)) {
        return CEPA_ERR_ARGUMENT;
    }
    CEPA_ASSERT((uintptr_t)memory % _Alignof(uint64_t) == 0);
    ret_cache->words = memory;
    ret_cache->bucket_mask = buckets_of(limits->capacity) - 1;
    ret_cache->used = 0;
    ret_cache->limits = *limits;
    cepa_block_zero(memory, cepa_replay_cache_size(limits->capacity));
    return 0;
}

/* All ones if `a` is below `b`; both below 2^31. */
static uint32_t mask_if_below(uint32_t a, uint32_t b)
{
    return cepa_ct_barrier((uint32_t)0 - ((a - b) >> 31));
}

static uint32_t mask_if_zero_64(uint64_t value)
{
    return cepa_ct_mask_if_zero((uint32_t)value | (uint32_t)(value >> 32));
}

static uint64_t widen(uint32_t mask)
{
    mask = cepa_ct_barrier(mask);
    return (uint64_t)mask << 32 | mask;
}

static struct place place_of(const struct cepa_replay_cache *cache,
                             const struct cepa_replay_tag *tag)
{
    struct place place;
    uint32_t first = cepa_be32_load(tag->bytes + 8) & cache->bucket_mask;
    uint32_t second = cepa_be32_load(tag->bytes + 12) & cache->bucket_mask;
    second ^= cepa_ct_mask_if_equal(first, second) & 1;
    /* Where a tag stands is visible in the caches of the processor. These bytes are independent of
     * the stored word and of every key, so that shows nothing but which buckets were used. */
    cepa_declassify(&first, sizeof first);
    cepa_declassify(&second, sizeof second);
    place.buckets[0] = cache->words + (size_t)first * BUCKET_WORDS;
    place.buckets[1] = cache->words + (size_t)second * BUCKET_WORDS;
    place.word = cepa_be64_load(tag->bytes);
    place.word |= mask_if_zero_64(place.word) & 1;
    return place;
}

static struct view look(const struct place *place)
{
    struct view view = {0, {0, 0}};
    for (int b = 0; b < 2; b++) {
        for (int i = 0; i < BUCKET_WORDS; i++) {
            uint64_t word = place->buckets[b][i];
            view.seen |= mask_if_zero_64(word ^ place->word);
            view.free[b] += mask_if_zero_64(word) & 1;
        }
    }
    return view;
}

/* Writes the word to the first free place of a bucket if `mask` is all ones. */
static void put(uint64_t *bucket, uint64_t word, uint32_t mask)
{
    for (int i = 0; i < BUCKET_WORDS; i++) {
        uint32_t take = mask & mask_if_zero_64(bucket[i]);
        bucket[i] |= word & widen(take);
        mask &= ~take;
    }
}

struct cepa_replay_outcome cepa_replay_cache_insert(struct cepa_replay_cache *cache,
                                                    struct cepa_replay_share *share,
                                                    const struct cepa_replay_tag *tag,
                                                    uint32_t wanted_mask)
{
    struct cepa_replay_outcome outcome;
    struct place place = place_of(cache, tag);
    struct view view = look(&place);
    uint32_t has_room = mask_if_below(cache->used, cache->limits.capacity) &
                        mask_if_below(share->used, cache->limits.share_max) &
                        ~cepa_ct_mask_if_zero(view.free[0] | view.free[1]);
    outcome.seen = view.seen;
    outcome.full = ~view.seen & ~has_room;
    outcome.inserted = ~view.seen & has_room & wanted_mask;
    uint32_t is_second = mask_if_below(view.free[0], view.free[1]);
    put(place.buckets[0], place.word, outcome.inserted & ~is_second);
    put(place.buckets[1], place.word, outcome.inserted & is_second);
    cache->used += outcome.inserted & 1;
    share->used += outcome.inserted & 1;
    return outcome;
}
