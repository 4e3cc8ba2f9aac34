/* The onion keys of one directory day: makes their public keys ahead of time, one per call, gives
 * seeds out in order, and knows what may be on disk. @[SPEC 2.2] @[SPEC 2.3] */
#ifndef CEPA_MESH_ONION_DAY_H
#define CEPA_MESH_ONION_DAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/time.h"
#include "crypto/merkle.h"
#include "crypto/seed_chain.h"
#include "crypto/xwing.h"
#include "wire/key_record.h"

enum {
    CEPA_ONION_DAY_VERSION = 1,
    /* version, the leaves' hashes, both chains */
    CEPA_ONION_DAY_STATE_SIZE =
        1 + CEPA_MERKLE_LEAVES * CEPA_MERKLE_HASH_LEN + 2 * CEPA_SEED_CHAIN_ENCODED_LEN
};

/* A day's keys. Secret; wiped by its owner with cepa_onion_day_wipe. */
struct cepa_onion_day {
    struct cepa_directory_day day;
    struct cepa_seed_chain epochs; /* what is left of the seeds of epochs */
    struct cepa_seed_chain spares; /* and of the spares */
    struct cepa_seed_chain ahead;  /* copy from which public keys are made */
    struct cepa_merkle_tree tree;
    struct cepa_merkle_root root;
    uint32_t made; /* leaves, 0 to CEPA_MERKLE_LEAVES */
};

/* Large temporaries; nothing needs to be in it before. */
struct cepa_onion_day_workspace {
    struct cepa_xwing_key key;
    struct cepa_xwing_workspace xwing;
};

/* A seed that was given out. Secret. */
struct cepa_onion_seed {
    struct cepa_xwing_seed seed;
    uint32_t leaf; /* its number in the day */
};

/* cepa_onion_day_begin begins a day from a random root, which the caller wipes. */
void cepa_onion_day_begin(struct cepa_onion_day *day, struct cepa_directory_day number,
                          const uint8_t root[CEPA_SEED_CHAIN_ROOT_LEN]);

/* cepa_onion_day_step makes one public key, the cost of one X-Wing key (some 20 us). Returns true
 * when all are made and the root is known. */
bool cepa_onion_day_step(struct cepa_onion_day *day, struct cepa_onion_day_workspace *workspace,
                         uint32_t cpu);

/* cepa_onion_day_is_ready says whether all keys are made. */
bool cepa_onion_day_is_ready(const struct cepa_onion_day *day);

/* cepa_onion_day_pass passes over the seeds up to that of `epoch`, which is of this day: it will
 * get a spare, since others may have a key record of it that only a spare replaces. */
void cepa_onion_day_pass(struct cepa_onion_day *day, struct cepa_onion_epoch epoch);

/* cepa_onion_day_take gives the seed for `epoch`, of a day that is ready: that of the epoch itself
 * if no seed of it or a later one was given out, else (after a restart) the next spare. The caller
 * writes the state to disk before it uses the seed. Returns 0, CEPA_ERR_EPOCH if the epoch is not
 * of this day, or CEPA_ERR_EXHAUSTED without a spare. */
CEPA_MUST_USE int cepa_onion_day_take(struct cepa_onion_day *day, struct cepa_onion_seed *ret_seed,
                                      struct cepa_onion_epoch epoch);

/* cepa_onion_day_key_record writes the record, CEPA_KEY_RECORD_SIZE bytes, of the public key that
 * was made from the seed of `leaf`. Returns 0, or CEPA_ERR_ARGUMENT if that key is not at the leaf
 * or the leaf is not one for the epoch. */
CEPA_MUST_USE int cepa_onion_day_key_record(const struct cepa_onion_day *day, uint8_t *ret_bytes,
                                            const struct cepa_node_id *node,
                                            struct cepa_onion_epoch epoch, uint32_t leaf,
                                            const struct cepa_xwing_public_key *public_key);

/* cepa_onion_day_encode writes what the disk holds of a day that is ready: unused seeds and public
 * hashes. */
void cepa_onion_day_encode(const struct cepa_onion_day *day,
                           uint8_t ret_bytes[CEPA_ONION_DAY_STATE_SIZE]);

/* cepa_onion_day_decode reads it again: a restart. Returns 0, CEPA_ERR_LENGTH, CEPA_ERR_VERSION or
 * CEPA_ERR_MALFORMED. */
CEPA_MUST_USE int cepa_onion_day_decode(struct cepa_onion_day *ret_day, const uint8_t *bytes,
                                        size_t bytes_len);

/* cepa_onion_day_wipe overwrites it with zeros. */
void cepa_onion_day_wipe(struct cepa_onion_day *day);

#endif
