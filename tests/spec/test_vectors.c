/* Our own vectors of the primitives, docs/spec/vectors, hold for the native core. The same files
 * are checked through WebAssembly by web/test/vectors.test.ts. */
#include <string.h>

#include "crypto/aead.h"
#include "crypto/ed25519.h"
#include "crypto/hash.h"
#include "crypto/keccak.h"
#include "crypto/mac.h"
#include "crypto/mldsa.h"
#include "crypto/mlkem.h"
#include "crypto/stream.h"
#include "crypto/x25519.h"
#include "crypto/xwing.h"
#include "native/cpu.h"
#include "support/test.h"
#include "support/vectors.h"

enum { DATA_MAX = 4096 };

/* Copies a value of the open block into `ret_data`, which holds DATA_MAX bytes; gives its length.
 */
static size_t read_data(const char *name, uint8_t *ret_data)
{
    size_t len = 0;
    const uint8_t *bytes = vectors_bytes(name, &len);
    CHECK(len <= DATA_MAX);
    memcpy(ret_data, bytes, len);
    return len;
}

static void check_value(const char *name, const uint8_t *got, size_t got_len)
{
    size_t len = 0;
    const uint8_t *want = vectors_bytes(name, &len);
    if (len != got_len || memcmp(got, want, len) != 0) {
        test_note("%s of the block of line %u", name, vectors_line());
    }
    CHECK_INT(got_len, len);
    CHECK_BYTES(got, want, len);
}

TEST(keccak)
{
    unsigned blocks = 0;
    vectors_open("keccak.txt");
    for (; vectors_next(); blocks++) {
        uint8_t digest[DATA_MAX];
        size_t len = 0;
        const uint8_t *data = vectors_bytes("data", &len);
        cepa_sha3_256(digest, data, len);
        check_value("sha3_256", digest, 32);
        cepa_sha3_512(digest, data, len);
        check_value("sha3_512", digest, 64);
        cepa_shake128(digest, 200, data, len);
        check_value("shake128", digest, 200);
        cepa_shake256(digest, 200, data, len);
        check_value("shake256", digest, 200);
    }
    CHECK(blocks >= 10);
}

TEST(blake2b)
{
    unsigned blocks = 0;
    vectors_open("blake2b.txt");
    for (; vectors_next(); blocks++) {
        uint8_t hash[CEPA_BLAKE2B_LEN_MAX];
        size_t hash_len = 0;
        size_t len = 0;
        size_t key_len = 0;
        (void)vectors_bytes("hash", &hash_len);
        const uint8_t *data = vectors_bytes("data", &len);
        const uint8_t *key = vectors_bytes("key", &key_len);
        cepa_blake2b(hash, hash_len, data, len, key_len > 0 ? key : NULL, key_len);
        check_value("hash", hash, hash_len);
    }
    CHECK(blocks >= 6);
}

TEST(chacha20)
{
    unsigned blocks = 0;
    vectors_open("chacha20.txt");
    for (; vectors_next(); blocks++) {
        uint8_t data[DATA_MAX];
        uint8_t key[32];
        uint8_t nonce[12];
        size_t len = read_data("data", data);
        vectors_read("key", key, sizeof key);
        vectors_read("nonce", nonce, sizeof nonce);
        cepa_chacha20_xor(data, len, key, nonce, (uint32_t)vectors_number("block"),
                          cepa_native_cpu());
        check_value("result", data, len);
    }
    CHECK(blocks >= 5);
}

TEST(poly1305)
{
    unsigned blocks = 0;
    vectors_open("poly1305.txt");
    for (; vectors_next(); blocks++) {
        uint8_t tag[16];
        uint8_t key[32];
        size_t len = 0;
        const uint8_t *data = vectors_bytes("data", &len);
        vectors_read("key", key, sizeof key);
        cepa_poly1305(tag, data, len, key, cepa_native_cpu());
        check_value("tag", tag, sizeof tag);
    }
    CHECK(blocks >= 7);
}

TEST(aead)
{
    unsigned blocks = 0;
    uint32_t cpu = cepa_native_cpu();
    vectors_open("aead.txt");
    for (; vectors_next(); blocks++) {
        uint8_t data[DATA_MAX];
        uint8_t key[32];
        uint8_t nonce[12];
        uint8_t tag[16];
        size_t ad_len = 0;
        size_t len = read_data("data", data);
        const uint8_t *ad = vectors_bytes("ad", &ad_len);
        vectors_read("key", key, sizeof key);
        vectors_read("nonce", nonce, sizeof nonce);
        cepa_aead_seal(data, len, tag, ad, ad_len, nonce, key, cpu);
        check_value("sealed", data, len);
        check_value("tag", tag, sizeof tag);
        CHECK_INT(cepa_aead_open(data, len, tag, ad, ad_len, nonce, key, cpu), 0);
        check_value("data", data, len);
        tag[blocks % 16] ^= 1;
        CHECK_INT(cepa_aead_open(data, len, tag, ad, ad_len, nonce, key, cpu),
                  CEPA_ERR_AUTHENTICATION);
    }
    CHECK(blocks >= 5);
}

TEST(x25519)
{
    unsigned blocks = 0;
    uint32_t cpu = cepa_native_cpu();
    vectors_open("x25519.txt");
    for (; vectors_next(); blocks++) {
        uint8_t scalar[32];
        uint8_t point[32];
        uint8_t got[32];
        vectors_read("scalar", scalar, sizeof scalar);
        vectors_read("point", point, sizeof point);
        if (vectors_has("secret")) {
            CHECK_INT(cepa_x25519(got, scalar, point, cpu), 0);
            check_value("secret", got, sizeof got);
        } else {
            CHECK_INT(cepa_x25519(got, scalar, point, cpu), CEPA_ERR_LOW_ORDER_POINT);
        }
        cepa_x25519_base(got, scalar, cpu);
        check_value("base", got, sizeof got);
    }
    CHECK(blocks >= 14);
}

TEST(ed25519)
{
    unsigned blocks = 0;
    vectors_open("ed25519.txt");
    for (; vectors_next(); blocks++) {
        struct cepa_ed25519_seed seed;
        struct cepa_ed25519_key key;
        struct cepa_ed25519_signature signature;
        size_t len = 0;
        const uint8_t *message = vectors_bytes("message", &len);
        vectors_read("seed", seed.bytes, sizeof seed.bytes);
        cepa_ed25519_key_init(&key, &seed);
        check_value("public_key", key.public_key.bytes, sizeof key.public_key.bytes);
        cepa_ed25519_sign(&key, &signature, message, len);
        check_value("signature", signature.bytes, sizeof signature.bytes);
        CHECK_INT(cepa_ed25519_verify(&key.public_key, &signature, message, len), 0);
        vectors_read("forged", signature.bytes, sizeof signature.bytes);
        CHECK_INT(cepa_ed25519_verify(&key.public_key, &signature, message, len),
                  CEPA_ERR_AUTHENTICATION);
    }
    CHECK(blocks >= 4);
}

TEST(mlkem768)
{
    static struct cepa_mlkem_workspace workspace;
    static struct cepa_mlkem_key key;
    uint32_t cpu = cepa_native_cpu();
    unsigned blocks = 0;
    vectors_open("mlkem768.txt");
    for (; vectors_next(); blocks++) {
        struct cepa_mlkem_seed seed;
        struct cepa_mlkem_public_key public_key;
        struct cepa_mlkem_ciphertext ciphertext;
        struct cepa_mlkem_secret secret;
        uint8_t randomness[CEPA_MLKEM_RANDOMNESS_BYTES];
        vectors_read("seed", &seed, sizeof seed);
        vectors_read("randomness", randomness, sizeof randomness);
        cepa_mlkem_key_expand(&key, &public_key, &seed, &workspace, cpu);
        check_value("public_key", public_key.bytes, sizeof public_key.bytes);
        CHECK_INT(
            cepa_mlkem_encapsulate(&ciphertext, &secret, &public_key, randomness, &workspace, cpu),
            0);
        check_value("ciphertext", ciphertext.bytes, sizeof ciphertext.bytes);
        check_value("secret", secret.bytes, sizeof secret.bytes);
        cepa_mlkem_decapsulate(&secret, &key, &ciphertext, &workspace, cpu);
        check_value("secret", secret.bytes, sizeof secret.bytes);
        vectors_read("changed", ciphertext.bytes, sizeof ciphertext.bytes);
        cepa_mlkem_decapsulate(&secret, &key, &ciphertext, &workspace, cpu);
        check_value("rejected", secret.bytes, sizeof secret.bytes);
    }
    CHECK(blocks >= 3);
}

TEST(xwing)
{
    static struct cepa_xwing_workspace workspace;
    static struct cepa_xwing_key key;
    uint32_t cpu = cepa_native_cpu();
    unsigned blocks = 0;
    vectors_open("xwing.txt");
    for (; vectors_next(); blocks++) {
        struct cepa_xwing_seed seed;
        struct cepa_xwing_ciphertext ciphertext;
        struct cepa_xwing_secret secret;
        uint8_t randomness[CEPA_XWING_RANDOMNESS_BYTES];
        vectors_read("seed", seed.bytes, sizeof seed.bytes);
        vectors_read("randomness", randomness, sizeof randomness);
        cepa_xwing_key_expand(&key, &seed, &workspace, cpu);
        check_value("public_key", key.public_key.bytes, sizeof key.public_key.bytes);
        CHECK_INT(cepa_xwing_encapsulate(&ciphertext, &secret, &key.public_key, randomness,
                                         &workspace, cpu),
                  0);
        check_value("ciphertext", ciphertext.bytes, sizeof ciphertext.bytes);
        check_value("secret", secret.bytes, sizeof secret.bytes);
        CHECK_INT(cepa_xwing_decapsulate(&secret, &key, &ciphertext, &workspace, cpu), 0);
        check_value("secret", secret.bytes, sizeof secret.bytes);
        vectors_read("changed", ciphertext.bytes, sizeof ciphertext.bytes);
        CHECK_INT(cepa_xwing_decapsulate(&secret, &key, &ciphertext, &workspace, cpu), 0);
        check_value("other", secret.bytes, sizeof secret.bytes);
    }
    CHECK(blocks >= 2);
}

TEST(mldsa65)
{
    static struct cepa_mldsa_workspace workspace;
    static struct cepa_mldsa_key key;
    uint32_t cpu = cepa_native_cpu();
    unsigned blocks = 0;
    vectors_open("mldsa65.txt");
    for (; vectors_next(); blocks++) {
        struct cepa_mldsa_seed seed;
        struct cepa_mldsa_signature signature;
        uint8_t randomness[CEPA_MLDSA_RANDOM_BYTES];
        size_t len = 0;
        size_t context_len = 0;
        const uint8_t *message = vectors_bytes("message", &len);
        const uint8_t *context = vectors_bytes("context", &context_len);
        vectors_read("seed", seed.bytes, sizeof seed.bytes);
        vectors_read("randomness", randomness, sizeof randomness);
        cepa_mldsa_key_expand(&key, &seed, &workspace, cpu);
        check_value("public_key", key.public_key.bytes, sizeof key.public_key.bytes);
        CHECK_INT(cepa_mldsa_sign(&signature, &key, message, len, context, context_len, randomness,
                                  &workspace, cpu),
                  0);
        check_value("signature", signature.bytes, sizeof signature.bytes);
        CHECK_INT(cepa_mldsa_verify(&signature, &key.public_key, message, len, context, context_len,
                                    &workspace, cpu),
                  0);
    }
    CHECK(blocks >= 3);
}

TEST(reader_takes_blocks_comments_and_empty_values)
{
    uint8_t two[2];
    size_t len = 1;
    vectors_open_text("text", "# about\n\na = 00ff\nempty =\n# between\nb_2 = 0102\n\n\na = 7f");
    CHECK(vectors_next());
    CHECK_INT(vectors_line(), 3);
    vectors_read("a", two, sizeof two);
    CHECK(two[0] == 0 && two[1] == 0xff);
    (void)vectors_bytes("empty", &len);
    CHECK_INT(len, 0);
    CHECK_INT(vectors_number("b_2"), 0x102);
    CHECK(!vectors_has("c"));
    CHECK(vectors_next());
    CHECK_INT(vectors_line(), 9);
    CHECK_INT(vectors_number("a"), 0x7f);
    CHECK(!vectors_has("empty"));
    CHECK(!vectors_next());
}

TEST_MAIN(RUN(keccak), RUN(blake2b), RUN(chacha20), RUN(poly1305), RUN(aead), RUN(x25519),
          RUN(ed25519), RUN(mlkem768), RUN(xwing), RUN(mldsa65),
          RUN(reader_takes_blocks_comments_and_empty_values))
