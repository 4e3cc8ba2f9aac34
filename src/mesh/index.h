/* The index: what this node knows of every relay. A union by sequence number, the same at all nodes
 * in the end; nobody's view is authoritative. It decides nothing but what is kept: who is used is
 * path's matter, who is told is the mesh's.
 *
 * Entries stand densely at 0 .. count - 1, and move when one is removed, which happens in
 * cepa_index_begin_day and cepa_index_set_back only; order and everything else follow from the
 * calls alone. @[SPEC 10.6] */
#ifndef CEPA_MESH_INDEX_H
#define CEPA_MESH_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/time.h"
#include "mesh/admission.h"
#include "mesh/credentials.h"
#include "mesh/slot_table.h"
#include "wire/index_record.h"

enum {
    CEPA_INDEX_BUCKETS = 256,    /* of digests: the top byte of the position */
    CEPA_INDEX_CHAINS = 4096,    /* of entries: its top 12 bits */
    CEPA_INDEX_STATE_SIZE = 184, /* what a store keeps of an entry */
    CEPA_INDEX_CAPACITY_MAX = 65536,
    CEPA_INDEX_REMOVED_MAX = 256 /* removals that are remembered for the store */
};

/* How much there is room for. */
struct cepa_index_limits {
    uint32_t capacity;      /* entries, 1 to CEPA_INDEX_CAPACITY_MAX */
    uint32_t probation_max; /* of them known and not admitted; 0 would admit nobody later */
    struct cepa_admission_limits admission;
};

/* One relay, lent until the next merge, restore or cepa_index_begin_day. Read only. */
struct cepa_index_entry {
    struct cepa_index_record record;
    struct cepa_node_id node;             /* if has_node */
    uint64_t position;                    /* the first 8 bytes of it; the top byte is the bucket */
    struct cepa_directory_day first_seen; /* here; the relay's age */
    uint32_t next;                        /* internal: slot in the same bucket */
    bool has_node : 1;                    /* verified credentials have told the node id */
    bool is_admitted : 1;                 /* may be used */
    bool is_conflict : 1;                 /* signed two records with one sequence: in no use */
    bool is_changed : 1;                  /* internal: the store does not have it */
};

/* A bucket's digest: sums of its records' hashes. */
struct cepa_index_digest {
    uint8_t bytes[16];
};

/* What came of a record. Beginning with NEWS it changed the index and is to be passed on. */
enum cepa_index_result {
    CEPA_INDEX_SAME = 1,    /* known, byte for byte; nothing was verified */
    CEPA_INDEX_OLDER = 2,   /* a later one of this relay is known; nothing was verified */
    CEPA_INDEX_NEWS = 3,    /* a relay that was not known */
    CEPA_INDEX_UPDATED = 4, /* a later record of a known relay */
    CEPA_INDEX_CONFLICT = 5 /* contradicts one with the same sequence: both are out */
};

/* What happened so far. */
struct cepa_index_counts {
    uint64_t merged;    /* NEWS and UPDATED */
    uint64_t same;      /* SAME and OLDER */
    uint64_t conflicts; /* CONFLICT */
    uint64_t refused;   /* errors */
    uint64_t expired;   /* removed because of age */
};

/* The index. Fields are internal but for `counts`. */
struct cepa_index {
    struct cepa_index_limits limits;
    struct cepa_record_rules rules;
    struct cepa_admission admission;
    struct cepa_directory_day today;
    struct cepa_index_entry *entries; /* lent; count of them are taken */
    struct cepa_slot_table by_key;    /* Ed25519 key -> slot */
    struct cepa_slot_table by_node;   /* node id -> slot, where known */
    uint32_t count;
    uint32_t admitted;                 /* of them, without conflicts */
    uint32_t heads[CEPA_INDEX_CHAINS]; /* a bucket is 16 chains, in the order of positions */
    uint32_t lens[CEPA_INDEX_BUCKETS];
    struct cepa_index_digest digests[CEPA_INDEX_BUCKETS];
    uint32_t changed; /* entries with is_changed */
    uint32_t scan;    /* where the search for the next one goes on */
    uint8_t removed[CEPA_INDEX_REMOVED_MAX][CEPA_SIGNING_KEY_SIZE];
    uint32_t removed_len;
    struct cepa_index_counts counts;
};

/* cepa_index_size gives the memory that an index takes beside struct cepa_index: about 240 bytes
 * per entry. */
size_t cepa_index_size(const struct cepa_index_limits *limits);

/* cepa_index_init makes an empty index in `memory_len` bytes, aligned as base/block.h says and lent
 * for its life. `key` is random and secret. Asserted: limits in range, enough memory. */
void cepa_index_init(struct cepa_index *index, void *memory, size_t memory_len,
                     const struct cepa_index_limits *limits, const struct cepa_record_rules *rules,
                     struct cepa_directory_day today, const struct cepa_siphash_key *key);

/* cepa_index_merge takes a record from anybody, CEPA_INDEX_RECORD_SIZE bytes; verifies it (work,
 * then signature) only if it would change something. Returns a cepa_index_result, a decoder's
 * error, CEPA_ERR_EPOCH for a day that does not count today, CEPA_ERR_AUTHENTICATION, or
 * CEPA_ERR_FULL for a new relay when there is no room. About 50 us if verified, else 0.1 us. */
CEPA_MUST_USE int cepa_index_merge(struct cepa_index *index, const uint8_t *bytes,
                                   size_t bytes_len);

/* cepa_index_preview says what cepa_index_merge would return if the record verifies, and changes
 * nothing: for callers who pay for verification out of a budget. */
CEPA_MUST_USE int cepa_index_preview(const struct cepa_index *index, const uint8_t *bytes,
                                     size_t bytes_len);

/* cepa_index_merge_verified merges a record that the caller has verified or made. */
CEPA_MUST_USE int cepa_index_merge_verified(struct cepa_index *index,
                                            const struct cepa_index_record *record);

/* cepa_index_begin_day goes on to a later day: records that no longer count are removed, and places
 * of the day are given to those who wait, the oldest first. A day that is not later changes
 * nothing. O(entries). */
void cepa_index_begin_day(struct cepa_index *index, struct cepa_directory_day today);

/* cepa_index_set_back returns to an earlier day: the wall clock was ahead. Records that do not
 * count yet are removed; which records went before stays forgotten. A day that is not earlier
 * changes nothing. O(entries). */
void cepa_index_set_back(struct cepa_index *index, struct cepa_directory_day today);

/* cepa_index_count gives how many entries there are. */
uint32_t cepa_index_count(const struct cepa_index *index);

/* cepa_index_at gives entry number `i` (below the count, asserted). */
const struct cepa_index_entry *cepa_index_at(const struct cepa_index *index, uint32_t i);

/* cepa_index_is_usable says whether the relay may be on a path: it relays, is admitted, has not
 * contradicted itself. */
bool cepa_index_is_usable(const struct cepa_index_entry *entry);

/* cepa_index_find gives the entry of an Ed25519 key, or NULL. */
const struct cepa_index_entry *cepa_index_find(const struct cepa_index *index,
                                               const uint8_t *public_key);

/* cepa_index_find_node gives the entry of a node id, or NULL if nobody's credentials told it. */
const struct cepa_index_entry *cepa_index_find_node(const struct cepa_index *index,
                                                    const struct cepa_node_id *node);

/* cepa_index_find_position gives the first entry with that short position, or NULL: one of
 * a sixteenth of a bucket. */
const struct cepa_index_entry *cepa_index_find_position(const struct cepa_index *index,
                                                        uint64_t position);

/* cepa_index_set_node tells the node id of a known key (no effect on a key that is not known); from
 * verified credentials, called by mesh/objects.h. */
void cepa_index_set_node(struct cepa_index *index, const uint8_t *public_key,
                         const struct cepa_node_id *node);

/* cepa_index_draw gives the entry that a uniform random number stands for, or NULL if that one is
 * not usable or there is none: draw again, at most as often as you like. Exactly uniform over
 * usable entries. */
const struct cepa_index_entry *cepa_index_draw(const struct cepa_index *index, uint64_t random);

/* cepa_index_bucket_digest gives the digest of a bucket (below CEPA_INDEX_BUCKETS, asserted). */
void cepa_index_bucket_digest(const struct cepa_index *index, struct cepa_index_digest *ret_digest,
                              uint32_t bucket);

/* cepa_index_bucket_len gives how many entries a bucket has. */
uint32_t cepa_index_bucket_len(const struct cepa_index *index, uint32_t bucket);

/* cepa_index_bucket_next gives the entry of the bucket after the one before (the first after
 * NULL), or NULL at its end. */
const struct cepa_index_entry *cepa_index_bucket_next(
    const struct cepa_index *index, uint32_t bucket,
    const struct cepa_index_entry *entry_before_or_null);

/* cepa_index_next_change gives an entry that the store does not have in its present form, and takes
 * it as stored; NULL if there is none. */
const struct cepa_index_entry *cepa_index_next_change(struct cepa_index *index);

/* cepa_index_next_removed gives the key of an entry that is gone, false if there is none. No more
 * than CEPA_INDEX_REMOVED_MAX removals are kept: a store also forgets records by their day. */
bool cepa_index_next_removed(struct cepa_index *index, uint8_t ret_public_key[32]);

/* cepa_index_state_encode writes what the store keeps of an entry: record, first day, state. */
void cepa_index_state_encode(uint8_t ret_bytes[CEPA_INDEX_STATE_SIZE],
                             const struct cepa_index_entry *entry);

/* cepa_index_restore takes an entry from our own store, before any merge; the signature was
 * verified before it was stored, the work is checked. Returns 0, a decoder's error, CEPA_ERR_EPOCH
 * for one that no longer counts, CEPA_ERR_AUTHENTICATION or CEPA_ERR_FULL. */
CEPA_MUST_USE int cepa_index_restore(struct cepa_index *index, const uint8_t *bytes,
                                     size_t bytes_len);

#endif
