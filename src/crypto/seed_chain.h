/* The one-way chain of onion seeds. A day's onion keys come from seeds, and the seeds from a state
 * that only goes forward: (seed, next state) = KDF(state). The disk holds the state behind the last
 * seed in use, so that whoever takes the disk later cannot compute the keys of epochs that are
 * over.
 *
 * A day has two chains: one seed per epoch, and spares. A restart loses the replay cache and with
 * it the right to go on with the epoch's key, so it takes the next spare. @[SPEC 3.8] */
#ifndef CEPA_CRYPTO_SEED_CHAIN_H
#define CEPA_CRYPTO_SEED_CHAIN_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/time.h"
#include "crypto/xwing.h"

enum {
    CEPA_SEED_CHAIN_ROOT_LEN = 32,
    CEPA_SEED_CHAIN_SEEDS_MAX = 1024,
    CEPA_SEED_CHAIN_VERSION = 1,
    /* version 1, purpose 1, count 2, next 2, day 4, state 32 */
    CEPA_SEED_CHAIN_ENCODED_LEN = 1 + 1 + 2 + 2 + 4 + 32
};

/* Which of a day's chains. */
enum cepa_seed_chain_purpose { CEPA_SEED_CHAIN_EPOCHS = 1, CEPA_SEED_CHAIN_SPARES = 2 };

/* What is left of a chain. Secret; wiped by its owner with cepa_seed_chain_wipe. A copy is a second
 * chain with the same seeds: that is how a day's public keys are computed in advance. */
struct cepa_seed_chain {
    enum cepa_seed_chain_purpose purpose;
    struct cepa_directory_day day;
    uint32_t count;    /* seeds that the whole chain has, 1..CEPA_SEED_CHAIN_SEEDS_MAX */
    uint32_t next;     /* index of the seed that comes next, 0..count; count: none is left */
    uint8_t state[32]; /* gives seed `next` and everything after it; zeros when none is left */
};

/* cepa_seed_chain_init begins the chain of `count` seeds (1..CEPA_SEED_CHAIN_SEEDS_MAX, asserted)
 * for a purpose and a day from a random root, which serves both chains of one day and which the
 * caller wipes. */
void cepa_seed_chain_init(struct cepa_seed_chain *ret_chain, enum cepa_seed_chain_purpose purpose,
                          struct cepa_directory_day day, uint32_t count,
                          const uint8_t root[CEPA_SEED_CHAIN_ROOT_LEN]);

/* cepa_seed_chain_next gives the seed number `chain->next` and moves on; the state that could give
 * it again is gone. The caller writes the chain to disk before it uses the seed. Returns 0, or
 * CEPA_ERR_EXHAUSTED after the last one. */
CEPA_MUST_USE int cepa_seed_chain_next(struct cepa_seed_chain *chain,
                                       struct cepa_xwing_seed *ret_seed);

/* cepa_seed_chain_skip passes over `count` seeds, for epochs that went by unused. Returns 0, or
 * CEPA_ERR_EXHAUSTED if fewer are left, and then the chain is as it was. O(count). */
CEPA_MUST_USE int cepa_seed_chain_skip(struct cepa_seed_chain *chain, uint32_t count);

/* cepa_seed_chain_encode writes what the disk holds: nothing that is used up. */
void cepa_seed_chain_encode(const struct cepa_seed_chain *chain,
                            uint8_t ret_bytes[CEPA_SEED_CHAIN_ENCODED_LEN]);

/* cepa_seed_chain_decode reads `len` bytes from disk. Returns 0, CEPA_ERR_LENGTH, CEPA_ERR_VERSION,
 * or CEPA_ERR_MALFORMED for an unknown purpose, a count or position out of range, or a state that
 * is zero while seeds are left or not zero when none is. */
CEPA_MUST_USE int cepa_seed_chain_decode(struct cepa_seed_chain *ret_chain, const uint8_t *bytes,
                                         size_t len);

/* cepa_seed_chain_wipe overwrites the chain with zeros. */
void cepa_seed_chain_wipe(struct cepa_seed_chain *chain);

#endif
