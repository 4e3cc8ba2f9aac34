/* What is behind index records: credentials by commitment, key records by node and epoch. Both are
 * verified before they are kept, and kept as they came, so that they can be passed on. What the
 * index no longer refers to makes room. @[SPEC 10.3] @[SPEC 10.5] */
#ifndef CEPA_MESH_OBJECTS_H
#define CEPA_MESH_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/map.h"
#include "mesh/credentials.h"
#include "mesh/index.h"
#include "wire/reach.h"

/* How much there is room for. */
struct cepa_objects_limits {
    uint32_t credentials_max; /* 11 kB each */
    uint32_t key_records_max; /* 1.5 kB each; two epochs are alive at a time */
};

/* Credentials as they are kept. */
struct cepa_kept_credentials {
    struct cepa_commitment commitment;
    struct cepa_node_id node;
    uint8_t signing_key[CEPA_SIGNING_KEY_SIZE];
    uint32_t len;    /* 0: the place is free */
    bool is_changed; /* the disk does not have them */
    uint8_t bytes[CEPA_CREDENTIALS_SIZE_MAX];
};

/* A key record as it is kept. */
struct cepa_kept_key_record {
    bool is_taken;
    uint8_t leaf;
    struct cepa_onion_epoch epoch;
    struct cepa_node_id node;
    uint8_t bytes[CEPA_KEY_RECORD_SIZE];
};

/* The store. Fields are internal. */
struct cepa_objects {
    struct cepa_objects_limits limits;
    struct cepa_index *index;                  /* lent */
    struct cepa_kept_credentials *credentials; /* lent */
    struct cepa_kept_key_record *key_records;  /* lent */
    struct cepa_map by_commitment;             /* -> slot, uint32_t */
    struct cepa_map by_node;                   /* -> slot; one of each relay, the latest */
    struct cepa_map by_key;                    /* node and epoch -> slot */
    uint32_t used;                             /* places of credentials that ever were */
    uint32_t keys_used;                        /* and of key records */
    uint32_t sweep;                            /* where the search for room goes on */
    uint32_t key_sweep;
    uint32_t changed;               /* credentials that the disk does not have */
    uint32_t change_sweep;          /* where the search for them goes on */
    struct cepa_onion_epoch oldest; /* key records before it are not wanted */
};

/* cepa_objects_size gives the memory that a store takes beside struct cepa_objects. */
size_t cepa_objects_size(const struct cepa_objects_limits *limits);

/* cepa_objects_init makes an empty store for `index`, in memory aligned as base/block.h says; all
 * lent. `key` is random and secret. */
void cepa_objects_init(struct cepa_objects *objects, void *memory, size_t memory_len,
                       const struct cepa_objects_limits *limits, struct cepa_index *index,
                       const struct cepa_siphash_key *key);

/* cepa_objects_put_credentials verifies credentials and keeps them: they must be those that the
 * index record of their relay commits to, say the same, and show its reachability by receipts of
 * probers that the index has. Tells the index the node id. Returns 0 (also if they are here), or an
 * error of cepa_credentials_verify, CEPA_ERR_NOT_FOUND if the index does not commit to them or
 * lacks a prober (they may be right later), CEPA_ERR_MISSING without receipts, or CEPA_ERR_FULL.
 * About 0.3 ms. */
CEPA_MUST_USE int cepa_objects_put_credentials(struct cepa_objects *objects, const uint8_t *bytes,
                                               size_t bytes_len,
                                               struct cepa_mldsa_workspace *workspace,
                                               uint32_t cpu);

/* cepa_objects_put_key_record verifies a key record against its relay's credentials and keeps it; a
 * higher leaf of the same epoch takes the place of a lower one. Returns 0, 1 if it is here already
 * or a higher leaf is, a decoder's error, CEPA_ERR_NOT_FOUND if the credentials of that day are not
 * here, CEPA_ERR_EPOCH for an epoch that is not wanted, CEPA_ERR_AUTHENTICATION,
 * CEPA_ERR_INVALID_KEY or CEPA_ERR_FULL. A few us. */
CEPA_MUST_USE int cepa_objects_put_key_record(struct cepa_objects *objects, const uint8_t *bytes,
                                              size_t bytes_len);

/* cepa_objects_begin_epoch says that key records before `oldest` are not wanted any more, and none
 * later than two epochs after it yet. Called before the first is put. */
void cepa_objects_begin_epoch(struct cepa_objects *objects, struct cepa_onion_epoch oldest);

/* cepa_objects_set_back returns to an earlier `oldest`: the wall clock was ahead. Key records that
 * are not wanted yet are forgotten, and credentials of relays that the index lost by it: they are
 * named again when they come again. O(all). */
void cepa_objects_set_back(struct cepa_objects *objects, struct cepa_onion_epoch oldest);

/* cepa_objects_credentials gives credentials as they came and their length, lent until the next
 * put; NULL if they are not here. */
const uint8_t *cepa_objects_credentials(const struct cepa_objects *objects, size_t *ret_len,
                                        const struct cepa_commitment *commitment);

/* cepa_objects_decode gives a relay's decoded credentials, lent until the next put: those that its
 * index record commits to, or, until these have come, the ones before. Returns 0 or
 * CEPA_ERR_NOT_FOUND. A few us. */
CEPA_MUST_USE int cepa_objects_decode(const struct cepa_objects *objects,
                                      struct cepa_credentials *ret_credentials,
                                      const struct cepa_node_id *node);

/* cepa_objects_key_record gives the record of a relay's key in an epoch as it came,
 * CEPA_KEY_RECORD_SIZE bytes, lent until the next put; NULL if it is not here. */
const uint8_t *cepa_objects_key_record(const struct cepa_objects *objects,
                                       const struct cepa_node_id *node,
                                       struct cepa_onion_epoch epoch);

/* cepa_objects_onion_key gives the public key in it (CEPA_KEM_PUBLIC_KEY_SIZE bytes), or NULL. */
const uint8_t *cepa_objects_onion_key(const struct cepa_objects *objects,
                                      const struct cepa_node_id *node,
                                      struct cepa_onion_epoch epoch);

/* cepa_objects_hop_key gives it if a path can use the relay: if its credentials are here, too; else
 * NULL. A custodian forgets the credentials of others and keeps keys that it has seen. */
const uint8_t *cepa_objects_hop_key(const struct cepa_objects *objects,
                                    const struct cepa_node_id *node, struct cepa_onion_epoch epoch);

/* cepa_objects_next_missing gives the next usable index entry from `*cursor` (0 at first) whose
 * credentials are not here, and moves the cursor behind it; NULL at the end. */
const struct cepa_index_entry *cepa_objects_next_missing(const struct cepa_objects *objects,
                                                         uint32_t *cursor);

/* cepa_objects_next_missing_key does the same for relays whose credentials are here and whose key
 * record of `epoch` is not. */
const struct cepa_index_entry *cepa_objects_next_missing_key(const struct cepa_objects *objects,
                                                             uint32_t *cursor,
                                                             struct cepa_onion_epoch epoch);

/* cepa_objects_position gives the position of the relay whose credentials are in a slot (below
 * limits.credentials_max), 0 if the index does not list it any more; false if the slot is free.
 * cepa_objects_is_of says whether they are of the relay with that Ed25519 key. */
bool cepa_objects_position(const struct cepa_objects *objects, uint64_t *ret_position,
                           uint32_t slot);
bool cepa_objects_is_of(const struct cepa_objects *objects, uint32_t slot,
                        const uint8_t *public_key);

/* cepa_objects_drop forgets the credentials in a taken slot; key records of that relay make room
 * for others when they are needed. */
void cepa_objects_drop(struct cepa_objects *objects, uint32_t slot);

/* cepa_objects_next_change gives the next credentials that came since the last time, and the
 * Ed25519 key of their relay (CEPA_SIGNING_KEY_SIZE bytes), for whoever keeps them over restarts;
 * lent until the next put. NULL if there are none. cepa_objects_forget_changes says that all are
 * kept. */
const uint8_t *cepa_objects_next_change(struct cepa_objects *objects, uint8_t *ret_key,
                                        size_t *ret_len);
void cepa_objects_forget_changes(struct cepa_objects *objects);

enum cepa_bucket_kind { CEPA_BUCKET_CREDENTIALS = 1, CEPA_BUCKET_KEY_RECORDS = 2 };

/* A bucket: all relays whose position begins with `bits` bits of `number`. */
struct cepa_bucket {
    enum cepa_bucket_kind kind;
    uint8_t bits;                  /* 0 (everybody) to 32 */
    uint32_t number;               /* below 2^bits */
    struct cepa_onion_epoch epoch; /* of key records */
};

/* cepa_objects_bucket writes objects of a bucket in the order of positions, each behind its length
 * in 16 bits, as many whole ones as fit, beginning after position `*after` (0 at first), which it
 * sets for the next call; UINT64_MAX: that was the end. Returns how many bytes were written.
 * `capacity` is at least 2 + CEPA_CREDENTIALS_SIZE_MAX (asserted). */
size_t cepa_objects_bucket(const struct cepa_objects *objects, uint8_t *ret_bytes, size_t capacity,
                           const struct cepa_bucket *bucket, uint64_t *after);

/* cepa_objects_bucket_item takes the next object of such bytes; false at the end, or where the rest
 * is malformed (then the reader has failed). */
bool cepa_objects_bucket_item(const uint8_t **ret_item, size_t *ret_len,
                              struct cepa_reader *reader);

#endif
