/* A relay's live onion keys: that of the current epoch and that of the one before, each with the
 * replay cache that protects it. Key and cache come and go together, so a packet that a key can
 * open is always looked up in the cache of that key.
 *
 * A relay that restarts begins with cepa_onion_keys_init and rotates to a seed that it has never
 * used, because its caches are lost. @[SPEC 4.5] @[SPEC 4.6] */
#ifndef CEPA_ONION_ONION_KEYS_H
#define CEPA_ONION_ONION_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/time.h"
#include "crypto/xwing.h"
#include "onion/packet_keys.h"
#include "onion/replay_cache.h"

enum { CEPA_ONION_KEYS_LIVE_MAX = 2 };

/* The key of one epoch. Secret. */
struct cepa_onion_key {
    bool is_live;                    /* the rest means something */
    struct cepa_onion_epoch epoch;   /* in which packets name this key */
    struct cepa_onion_key_id id;     /* of its public key */
    struct cepa_xwing_key key;       /* expanded, with the public key */
    struct cepa_replay_cache replay; /* of the packets that it has opened */
};

/* All onion keys of one relay. */
struct cepa_onion_keys {
    struct cepa_onion_key keys[CEPA_ONION_KEYS_LIVE_MAX]; /* no order */
    struct cepa_replay_limits limits;                     /* of each cache */
    uint8_t *memory;                                      /* lent; one cache after the other */
};

/* How many tags one link has put into each cache. All zeros at first; lent by whoever keeps the
 * link, one for each link. Counts of an epoch that is over are forgotten by themselves. */
struct cepa_onion_share {
    struct {
        struct cepa_onion_epoch epoch;   /* which key's packets were counted */
        struct cepa_replay_share replay; /* how many */
    } of_key[CEPA_ONION_KEYS_LIVE_MAX];
};

/* cepa_onion_keys_size gives how many bytes of memory the caches of a relay take together.
 * Asserted: the capacity is in its range. */
size_t cepa_onion_keys_size(const struct cepa_replay_limits *limits);

/* cepa_onion_keys_init begins without any live key. The caches will lie in `memory_len` bytes at
 * `memory`, lent until cepa_onion_keys_wipe and aligned for uint64_t (asserted). Returns 0, or
 * CEPA_ERR_ARGUMENT for limits out of their range or a length below cepa_onion_keys_size. */
CEPA_MUST_USE int cepa_onion_keys_init(struct cepa_onion_keys *ret_keys, void *memory,
                                       size_t memory_len, const struct cepa_replay_limits *limits);

/* cepa_onion_keys_rotate brings the key of `epoch` to life, made from `seed`, which the caller then
 * wipes; it retires all keys but that of the epoch before. The seed must never have been used:
 * nothing here can know. Returns 0, or CEPA_ERR_ARGUMENT unless `epoch` is later than all live
 * ones. O(capacity). */
CEPA_MUST_USE int cepa_onion_keys_rotate(struct cepa_onion_keys *keys,
                                         struct cepa_onion_epoch epoch,
                                         const struct cepa_xwing_seed *seed,
                                         struct cepa_xwing_workspace *workspace, uint32_t cpu);

/* cepa_onion_keys_retire wipes all keys of epochs before `oldest_live`, and their caches.
 * O(capacity). */
void cepa_onion_keys_retire(struct cepa_onion_keys *keys, struct cepa_onion_epoch oldest_live);

/* cepa_onion_keys_find gives the live key whose epoch has the low byte `epoch_byte`, or NULL. */
struct cepa_onion_key *cepa_onion_keys_find(struct cepa_onion_keys *keys, uint8_t epoch_byte);

/* cepa_onion_keys_share gives the count of `share` that belongs to the live `key` of `keys`, 0 if
 * none of its packets came from that link yet. */
struct cepa_replay_share *cepa_onion_keys_share(const struct cepa_onion_keys *keys,
                                                const struct cepa_onion_key *key,
                                                struct cepa_onion_share *share);

/* cepa_onion_keys_wipe ends all keys and gives the memory back. */
void cepa_onion_keys_wipe(struct cepa_onion_keys *keys);

#endif
