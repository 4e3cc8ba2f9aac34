/* The tags of all packets that one onion key has accepted, so that none is accepted twice. Nothing
 * is ever evicted: a full cache refuses, and the cache lives exactly as long as its key.
 *
 * Layout: buckets of 8 words of 64 bits, at most half of them in use. A tag has two buckets, and
 * bytes of its own for each of them and for the stored word; a word of 0 is free. Looking up and
 * inserting is one function that executes the same instructions and touches the same 16 words
 * whatever comes of it, so that nobody learns by timing why a packet was dropped.
 *
 * A tag that was never inserted is taken for a known one with probability 2^-60 per look-up.
 * @[SPEC 4.6] */
#ifndef CEPA_ONION_REPLAY_CACHE_H
#define CEPA_ONION_REPLAY_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum {
    CEPA_REPLAY_TAG_SIZE = 16,
    CEPA_REPLAY_CAPACITY_DEFAULT = 1 << 20, /* a daemon's; 2^14 in a browser tab */
    CEPA_REPLAY_CAPACITY_MAX = 1 << 28
};

/* What a packet is recognised by: bytes from the KDF over its shared secret. */
struct cepa_replay_tag {
    uint8_t bytes[CEPA_REPLAY_TAG_SIZE]; /* as good as random to everybody but the sender */
};

/* How many tags a cache holds. */
struct cepa_replay_limits {
    uint32_t capacity;  /* in all, 1 to CEPA_REPLAY_CAPACITY_MAX */
    uint32_t share_max; /* that one link may have put there, 1 to capacity */
};

/* How many tags one link has put into one cache; begins at 0, lent by whoever keeps the link. */
struct cepa_replay_share {
    uint32_t used; /* at most the cache's share_max */
};

/* The cache of one onion key. The words lie in the caller's memory. */
struct cepa_replay_cache {
    uint64_t *words;                  /* lent; 8 for each bucket */
    uint32_t bucket_mask;             /* the number of buckets, a power of 2, less 1 */
    uint32_t used;                    /* how many tags it holds, at most limits.capacity */
    struct cepa_replay_limits limits; /* as given */
};

/* What came of an insertion, as masks of all ones or all zeros. At most one is set; none if the
 * tag was new and the caller did not want it inserted. */
struct cepa_replay_outcome {
    uint32_t inserted; /* it was new and is in the cache now */
    uint32_t seen;     /* it was there before */
    uint32_t full;     /* it was new, but the cache, the share or both buckets are full */
};

/* cepa_replay_cache_size gives how many bytes of memory a cache of `capacity` tags takes: 16 to 32
 * per tag. Asserted: capacity is in its range. */
size_t cepa_replay_cache_size(uint32_t capacity);

/* cepa_replay_cache_init makes an empty cache in `memory_len` bytes at `memory`, lent for the life
 * of the cache and aligned for uint64_t (asserted). Returns 0, or CEPA_ERR_ARGUMENT for limits out
 * of their range or a length below cepa_replay_cache_size. O(capacity). */
CEPA_MUST_USE int cepa_replay_cache_init(struct cepa_replay_cache *ret_cache, void *memory,
                                         size_t memory_len,
                                         const struct cepa_replay_limits *limits);

/* cepa_replay_cache_insert looks `tag` up and inserts it if it is new, there is room and
 * `wanted_mask` is all ones; a mask of 0 leaves everything as it is. Constant time, except that
 * the two buckets are addressed by bytes of the tag that serve nothing else. O(1). */
struct cepa_replay_outcome cepa_replay_cache_insert(struct cepa_replay_cache *cache,
                                                    struct cepa_replay_share *share,
                                                    const struct cepa_replay_tag *tag,
                                                    uint32_t wanted_mask);

#endif
