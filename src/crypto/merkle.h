/* The Merkle tree over a day's onion keys: 24 epochs and 8 spares, 32 leaves, depth 5. The day
 * descriptor carries the root; a key record carries one key and its path, so that nobody fetches
 * 38 KB of keys to use one. Leaves and nodes are hashed under different labels, and leaves under
 * their day and index too, so that nothing can stand where something else is meant. Everything
 * here is public. @[SPEC 3.9] @[RFC6962 2.1] */
#ifndef CEPA_CRYPTO_MERKLE_H
#define CEPA_CRYPTO_MERKLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/time.h"
#include "crypto/xwing.h"

enum {
    CEPA_MERKLE_HASH_LEN = 32,
    CEPA_MERKLE_EPOCHS = 24, /* leaves 0..23: the day's epochs in order */
    CEPA_MERKLE_SPARES = 8,  /* leaves 24..31: for restarts */
    CEPA_MERKLE_LEAVES = CEPA_MERKLE_EPOCHS + CEPA_MERKLE_SPARES,
    CEPA_MERKLE_DEPTH = 5,
    CEPA_MERKLE_PATH_LEN = CEPA_MERKLE_DEPTH * CEPA_MERKLE_HASH_LEN
};
_Static_assert(CEPA_MERKLE_LEAVES == 1 << CEPA_MERKLE_DEPTH, "the tree is full");

/* The hash of a leaf or of an inner node. */
struct cepa_merkle_hash {
    uint8_t bytes[CEPA_MERKLE_HASH_LEN];
};

/* The root, which stands for the day's keys. */
struct cepa_merkle_root {
    uint8_t bytes[CEPA_MERKLE_HASH_LEN];
};

/* What joins one leaf to the root: its sibling, then the siblings of the nodes above. */
struct cepa_merkle_path {
    struct cepa_merkle_hash siblings[CEPA_MERKLE_DEPTH];
};
_Static_assert(sizeof(struct cepa_merkle_path) == CEPA_MERKLE_PATH_LEN, "no padding");

/* A whole tree: node 1 is the root, node n has the children 2n and 2n + 1, and leaf i is node
 * CEPA_MERKLE_LEAVES + i. */
struct cepa_merkle_tree {
    struct cepa_merkle_hash nodes[2 * CEPA_MERKLE_LEAVES]; /* nodes[0] is not used */
};

/* cepa_merkle_tree_set_leaf hashes the day's key number `index` (below CEPA_MERKLE_LEAVES,
 * asserted) into its place. When all leaves are set, cepa_merkle_tree_build. */
void cepa_merkle_tree_set_leaf(struct cepa_merkle_tree *tree, struct cepa_directory_day day,
                               uint32_t index, const struct cepa_xwing_public_key *key);

/* cepa_merkle_tree_build hashes the inner nodes and gives the root. */
void cepa_merkle_tree_build(struct cepa_merkle_tree *tree, struct cepa_merkle_root *ret_root);

/* cepa_merkle_tree_path gives the path of leaf `index` (below CEPA_MERKLE_LEAVES, asserted) of a
 * tree that is built. */
void cepa_merkle_tree_path(const struct cepa_merkle_tree *tree, struct cepa_merkle_path *ret_path,
                           uint32_t index);

/* cepa_merkle_path_decode reads a path of exactly CEPA_MERKLE_PATH_LEN bytes, as they stand in
 * struct cepa_merkle_path. Returns 0 or CEPA_ERR_LENGTH. */
CEPA_MUST_USE int cepa_merkle_path_decode(struct cepa_merkle_path *ret_path, const uint8_t *bytes,
                                          size_t len);

/* cepa_merkle_verify tells whether `key` is the day's key number `index` under `root`. Returns 0,
 * CEPA_ERR_MALFORMED if there is no such index, or CEPA_ERR_AUTHENTICATION. */
CEPA_MUST_USE int cepa_merkle_verify(const struct cepa_merkle_root *root,
                                     struct cepa_directory_day day, uint32_t index,
                                     const struct cepa_xwing_public_key *key,
                                     const struct cepa_merkle_path *path);

#endif
