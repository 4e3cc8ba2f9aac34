/* Our own vectors of HPolyC, blinded keys, seed chains and Merkle trees, docs/spec/vectors, hold
 * for the native core. web/test/keys.ts is a second implementation that agrees with the same files.
 */
#include <string.h>

#include "base/cpu.h"
#include "base/endian.h"
#include "crypto/ed25519.h"
#include "crypto/hpolyc.h"
#include "crypto/keccak.h"
#include "crypto/merkle.h"
#include "crypto/seed_chain.h"
#include "native/cpu.h"
#include "support/test.h"
#include "support/vectors.h"

enum { DATA_MAX = 4096 };

static void check_value(const char *name, const void *got, size_t got_len)
{
    size_t len = 0;
    const uint8_t *want = vectors_bytes(name, &len);
    if (len != got_len || memcmp(got, want, len) != 0) {
        test_note("%s of the block of line %u", name, vectors_line());
    }
    CHECK_INT(got_len, len);
    CHECK_BYTES(got, want, len);
}

static struct cepa_directory_day read_day(void)
{
    struct cepa_directory_day day = {(uint32_t)vectors_number("day")};
    return day;
}

TEST(hpolyc)
{
    static uint8_t data[DATA_MAX];
    const uint32_t cpus[2] = {CEPA_CPU_PORTABLE, cepa_native_cpu()};
    unsigned blocks = 0;
    vectors_open("hpolyc.txt");
    for (; vectors_next(); blocks++) {
        struct cepa_hpolyc_key key;
        uint8_t key_bytes[CEPA_HPOLYC_KEY_LEN];
        size_t len = 0;
        size_t tweak_len = 0;
        const uint8_t *tweak = vectors_bytes("tweak", &tweak_len);
        const uint8_t *plaintext = vectors_bytes("data", &len);
        CHECK(len <= sizeof data);
        vectors_read("key", key_bytes, sizeof key_bytes);
        for (size_t i = 0; i < 2; i++) {
            memcpy(data, plaintext, len);
            cepa_hpolyc_key_init(&key, key_bytes, cpus[i]);
            cepa_hpolyc_encrypt(&key, data, len, tweak, tweak_len, cpus[i]);
            check_value("result", data, len);
            cepa_hpolyc_decrypt(&key, data, len, tweak, tweak_len, cpus[i]);
            check_value("data", data, len);
        }
    }
    CHECK(blocks >= 8);
}

TEST(blinding)
{
    unsigned blocks = 0;
    vectors_open("blinding.txt");
    for (; vectors_next(); blocks++) {
        struct cepa_ed25519_seed seed;
        struct cepa_ed25519_key key;
        struct cepa_ed25519_blinded_key day_key;
        struct cepa_ed25519_blinded_public_key day_public;
        struct cepa_ed25519_signature signature;
        size_t context_len = 0;
        size_t message_len = 0;
        const uint8_t *context = vectors_bytes("context", &context_len);
        const uint8_t *message = vectors_bytes("message", &message_len);
        vectors_read("seed", seed.bytes, sizeof seed.bytes);
        cepa_ed25519_key_init(&key, &seed);
        check_value("public_key", key.public_key.bytes, sizeof key.public_key.bytes);
        cepa_ed25519_blind_key(&day_key, &key, read_day(), context, context_len);
        check_value("day_key", day_key.public_key.point.bytes, 32);
        CHECK_INT(cepa_ed25519_blind_public_key(&day_public, &key.public_key, read_day(), context,
                                                context_len),
                  0);
        check_value("day_key", day_public.point.bytes, 32);
        cepa_ed25519_blinded_sign(&day_key, &signature, message, message_len);
        check_value("signature", signature.bytes, sizeof signature.bytes);
        CHECK_INT(cepa_ed25519_verify(&day_public.point, &signature, message, message_len), 0);
    }
    CHECK(blocks >= 3);
}

TEST(seed_chain)
{
    unsigned blocks = 0;
    vectors_open("seed-chain.txt");
    for (; vectors_next(); blocks++) {
        struct cepa_seed_chain chain;
        struct cepa_xwing_seed seeds[CEPA_MERKLE_LEAVES];
        uint8_t root[CEPA_SEED_CHAIN_ROOT_LEN];
        uint32_t count = (uint32_t)vectors_number("count");
        CHECK(count <= CEPA_MERKLE_LEAVES);
        vectors_read("root", root, sizeof root);
        cepa_seed_chain_init(&chain, (enum cepa_seed_chain_purpose)vectors_number("purpose"),
                             read_day(), count, root);
        for (uint32_t i = 0; i < count; i++) {
            CHECK_INT(cepa_seed_chain_next(&chain, &seeds[i]), 0);
        }
        CHECK_INT(cepa_seed_chain_skip(&chain, 1), CEPA_ERR_EXHAUSTED);
        check_value("seeds", seeds, count * sizeof seeds[0]);
    }
    CHECK(blocks >= 3);
}

static void make_key(struct cepa_xwing_public_key *ret_key, uint32_t index)
{
    uint8_t input[36];
    vectors_read("seed", input, 32);
    cepa_be32_store(input + 32, index);
    cepa_shake256(ret_key->bytes, sizeof ret_key->bytes, input, sizeof input);
}

TEST(merkle)
{
    unsigned blocks = 0;
    vectors_open("merkle.txt");
    for (; vectors_next(); blocks++) {
        struct cepa_merkle_tree tree;
        struct cepa_merkle_root root;
        struct cepa_merkle_path path;
        struct cepa_xwing_public_key key;
        uint32_t index = (uint32_t)vectors_number("index");
        for (uint32_t i = 0; i < CEPA_MERKLE_LEAVES; i++) {
            make_key(&key, i);
            cepa_merkle_tree_set_leaf(&tree, read_day(), i, &key);
        }
        cepa_merkle_tree_build(&tree, &root);
        check_value("root", root.bytes, sizeof root.bytes);
        cepa_merkle_tree_path(&tree, &path, index);
        check_value("path", &path, sizeof path);
        make_key(&key, index);
        CHECK_INT(cepa_merkle_verify(&root, read_day(), index, &key, &path), 0);
    }
    CHECK(blocks >= 5);
}

TEST_MAIN(RUN(hpolyc), RUN(blinding), RUN(seed_chain), RUN(merkle))
