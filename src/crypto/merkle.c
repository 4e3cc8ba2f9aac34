/* The Merkle tree over a day's onion keys, by BLAKE2b-256. */
#include "crypto/merkle.h"

#include <string.h>

#include "base/assert.h"
#include "base/endian.h"
#include "crypto/hash.h"

enum { LABEL_LEN = 17 }; /* with its zero byte, so that no label begins another */
static const uint8_t leaf_label[LABEL_LEN] = "cepa v1 key leaf";
static const uint8_t node_label[LABEL_LEN] = "cepa v1 key node";

static void hash_leaf(struct cepa_merkle_hash *ret_hash, struct cepa_directory_day day,
                      uint32_t index, const struct cepa_xwing_public_key *key)
{
    struct cepa_blake2b hash;
    uint8_t place[8];
    cepa_be32_store(place, day.number);
    cepa_be32_store(place + 4, index);
    cepa_blake2b_init(&hash, sizeof ret_hash->bytes, NULL, 0);
    cepa_blake2b_update(&hash, leaf_label, sizeof leaf_label);
    cepa_blake2b_update(&hash, place, sizeof place);
    cepa_blake2b_update(&hash, key->bytes, sizeof key->bytes);
    cepa_blake2b_final(&hash, ret_hash->bytes, sizeof ret_hash->bytes);
}

/* hash_node allows `ret_hash` to be one of the children. */
static void hash_node(struct cepa_merkle_hash *ret_hash, const struct cepa_merkle_hash *left,
                      const struct cepa_merkle_hash *right)
{
    uint8_t input[LABEL_LEN + 2 * CEPA_MERKLE_HASH_LEN];
    memcpy(input, node_label, LABEL_LEN);
    memcpy(input + LABEL_LEN, left->bytes, sizeof left->bytes);
    memcpy(input + LABEL_LEN + CEPA_MERKLE_HASH_LEN, right->bytes, sizeof right->bytes);
    cepa_blake2b(ret_hash->bytes, sizeof ret_hash->bytes, input, sizeof input, NULL, 0);
}

void cepa_merkle_tree_set_leaf(struct cepa_merkle_tree *tree, struct cepa_directory_day day,
                               uint32_t index, const struct cepa_xwing_public_key *key)
{
    CEPA_ASSERT(index < CEPA_MERKLE_LEAVES);
    hash_leaf(&tree->nodes[CEPA_MERKLE_LEAVES + index], day, index, key);
}

void cepa_merkle_tree_build(struct cepa_merkle_tree *tree, struct cepa_merkle_root *ret_root)
{
    for (size_t i = CEPA_MERKLE_LEAVES - 1; i > 0; i--) {
        hash_node(&tree->nodes[i], &tree->nodes[2 * i], &tree->nodes[2 * i + 1]);
    }
    memcpy(ret_root->bytes, tree->nodes[1].bytes, sizeof ret_root->bytes);
}

void cepa_merkle_tree_path(const struct cepa_merkle_tree *tree, struct cepa_merkle_path *ret_path,
                           uint32_t index)
{
    CEPA_ASSERT(index < CEPA_MERKLE_LEAVES);
    size_t node = CEPA_MERKLE_LEAVES + index;
    for (size_t i = 0; i < CEPA_MERKLE_DEPTH; i++) {
        ret_path->siblings[i] = tree->nodes[node ^ 1];
        node >>= 1;
    }
}

int cepa_merkle_path_decode(struct cepa_merkle_path *ret_path, const uint8_t *bytes, size_t len)
{
    if (len != CEPA_MERKLE_PATH_LEN) {
        return CEPA_ERR_LENGTH;
    }
    memcpy(ret_path, bytes, len);
    return 0;
}

int cepa_merkle_verify(const struct cepa_merkle_root *root, struct cepa_directory_day day,
                       uint32_t index, const struct cepa_xwing_public_key *key,
                       const struct cepa_merkle_path *path)
{
    struct cepa_merkle_hash hash;
    if (index >= CEPA_MERKLE_LEAVES) {
        return CEPA_ERR_MALFORMED;
    }
    hash_leaf(&hash, day, index, key);
    for (size_t i = 0; i < CEPA_MERKLE_DEPTH; i++) {
        const struct cepa_merkle_hash *sibling = &path->siblings[i];
        if ((index >> i & 1) == 0) {
            hash_node(&hash, &hash, sibling);
        } else {
            hash_node(&hash, sibling, &hash);
        }
    }
    return memcmp(hash.bytes, root->bytes, sizeof hash.bytes) == 0 ? 0 : CEPA_ERR_AUTHENTICATION;
}
