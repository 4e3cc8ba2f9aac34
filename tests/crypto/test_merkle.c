/* The tree over a day's onion keys: the root computed apart, every leaf proves its place and no
 * other, and every flipped bit is refused. */
#include "crypto/merkle.h"

#include <string.h>

#include "support/test.h"
#include "support/vectors.h"

static const struct cepa_directory_day day = {20000};
static const struct cepa_directory_day next_day = {20001};

static const char computed_apart[] =
    "root = ee5fbf62cd2eb69803982b8c15df520e94f7b3466c4a5de767e04c264e6f7a94\n";

static void make_leaf(struct cepa_xwing_public_key *ret_key, uint32_t index)
{
    for (size_t i = 0; i < sizeof ret_key->bytes; i++) {
        ret_key->bytes[i] = (uint8_t)(index + i);
    }
}

static void make_tree(struct cepa_merkle_tree *ret_tree, struct cepa_merkle_root *ret_root)
{
    memset(ret_tree, 0, sizeof *ret_tree);
    for (uint32_t i = 0; i < CEPA_MERKLE_LEAVES; i++) {
        struct cepa_xwing_public_key key;
        make_leaf(&key, i);
        cepa_merkle_tree_set_leaf(ret_tree, day, i, &key);
    }
    cepa_merkle_tree_build(ret_tree, ret_root);
}

TEST(root_is_the_one_computed_apart)
{
    struct cepa_merkle_tree tree;
    struct cepa_merkle_root root;
    uint8_t want[32];
    vectors_open_text("merkle", computed_apart);
    CHECK(vectors_next());
    vectors_read("root", want, sizeof want);
    make_tree(&tree, &root);
    CHECK_BYTES(root.bytes, want, sizeof want);
}

TEST(every_leaf_proves_its_own_place_only)
{
    struct cepa_merkle_tree tree;
    struct cepa_merkle_root root;
    make_tree(&tree, &root);
    for (uint32_t leaf = 0; leaf < CEPA_MERKLE_LEAVES; leaf++) {
        struct cepa_xwing_public_key key;
        struct cepa_merkle_path path;
        make_leaf(&key, leaf);
        cepa_merkle_tree_path(&tree, &path, leaf);
        CHECK_INT(cepa_merkle_verify(&root, next_day, leaf, &key, &path), CEPA_ERR_AUTHENTICATION);
        for (uint32_t index = 0; index < CEPA_MERKLE_LEAVES; index++) {
            CHECK_INT(cepa_merkle_verify(&root, day, index, &key, &path),
                      index == leaf ? 0 : CEPA_ERR_AUTHENTICATION);
        }
        CHECK_INT(cepa_merkle_verify(&root, day, leaf + 32, &key, &path), CEPA_ERR_MALFORMED);
        CHECK_INT(cepa_merkle_verify(&root, day, UINT32_MAX, &key, &path), CEPA_ERR_MALFORMED);
    }
}

TEST(the_path_of_another_leaf_is_refused)
{
    struct cepa_merkle_tree tree;
    struct cepa_merkle_root root;
    struct cepa_xwing_public_key key;
    make_tree(&tree, &root);
    make_leaf(&key, 7);
    for (uint32_t other = 0; other < CEPA_MERKLE_LEAVES; other++) {
        struct cepa_merkle_path path;
        cepa_merkle_tree_path(&tree, &path, other);
        CHECK_INT(cepa_merkle_verify(&root, day, 7, &key, &path),
                  other == 7 ? 0 : CEPA_ERR_AUTHENTICATION);
    }
}

TEST(every_flipped_bit_is_refused)
{
    struct {
        struct cepa_merkle_root root;
        struct cepa_merkle_path path;
        struct cepa_xwing_public_key key;
    } all;
    struct cepa_merkle_tree tree;
    uint8_t *bytes = (uint8_t *)&all;
    make_tree(&tree, &all.root);
    make_leaf(&all.key, 19);
    cepa_merkle_tree_path(&tree, &all.path, 19);
    for (size_t bit = 0; bit < 8 * sizeof all; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        CHECK_INT(cepa_merkle_verify(&all.root, day, 19, &all.key, &all.path),
                  CEPA_ERR_AUTHENTICATION);
        bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    CHECK_INT(cepa_merkle_verify(&all.root, day, 19, &all.key, &all.path), 0);
}

TEST(one_changed_key_changes_the_root_whatever_its_place)
{
    struct cepa_merkle_tree tree;
    struct cepa_merkle_root root;
    struct cepa_merkle_root other;
    make_tree(&tree, &root);
    for (uint32_t leaf = 0; leaf < CEPA_MERKLE_LEAVES; leaf++) {
        struct cepa_xwing_public_key key;
        make_leaf(&key, leaf);
        key.bytes[1215] ^= 0x80;
        make_tree(&tree, &other);
        cepa_merkle_tree_set_leaf(&tree, day, leaf, &key);
        cepa_merkle_tree_build(&tree, &other);
        CHECK(memcmp(&root, &other, sizeof root) != 0);
    }
}

TEST(path_of_another_length_is_refused)
{
    uint8_t bytes[CEPA_MERKLE_PATH_LEN + 1];
    struct cepa_merkle_path path;
    struct cepa_merkle_path before;
    memset(bytes, 3, sizeof bytes);
    memset(&path, 4, sizeof path);
    before = path;
    for (size_t len = 0; len <= sizeof bytes; len++) {
        if (len != CEPA_MERKLE_PATH_LEN) {
            CHECK_INT(cepa_merkle_path_decode(&path, bytes, len), CEPA_ERR_LENGTH);
        }
    }
    CHECK_BYTES(&path, &before, sizeof path);
    CHECK_INT(cepa_merkle_path_decode(&path, bytes, CEPA_MERKLE_PATH_LEN), 0);
    CHECK_BYTES(&path, bytes, sizeof path);
}

TEST_MAIN(RUN(root_is_the_one_computed_apart), RUN(every_leaf_proves_its_own_place_only),
          RUN(the_path_of_another_leaf_is_refused), RUN(every_flipped_bit_is_refused),
          RUN(one_changed_key_changes_the_root_whatever_its_place),
          RUN(path_of_another_length_is_refused))
