/* Ed25519: the vectors of RFC 8032; what is no key is refused; blinded keys agree between who
 * knows the secret and who knows the address, and differ between days, contexts and people. */
#include "crypto/ed25519.h"

#include <string.h>

#include "support/random.h"
#include "support/test.h"
#include "support/vectors.h"

/* RFC 8032 7.1, tests 1 to 3. */
static const char rfc8032[] =
    "seed = 9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60\n"
    "public_key = d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a\n"
    "message =\n"
    "signature = e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
    "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b\n\n"
    "seed = 4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb\n"
    "public_key = 3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c\n"
    "message = 72\n"
    "signature = 92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00\n\n"
    "seed = c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7\n"
    "public_key = fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025\n"
    "message = af82\n"
    "signature = 6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
    "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a\n";

/* Computed apart from this code, by affine arithmetic on big integers. */
static const char blinded[] =
    "seed = c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7\n"
    "public_key = 3366497563827fd3299c2f9ce262b1787f3b667425213ac8d38f9dded8c2ed04\n"
    "signature = 7fa22d1fe39b6d27960ae92f389bb43b526870a1e82b5e374940214c007b30e4"
    "e1058f2be541315a17526d6db705e0fc58023aec9da6ab6781d0ddf82005ba0e\n";

/* The eight points of small order, the other spellings of two of them, and what else is no key:
 * not on the curve, not canonical, and a point that has a part of order 8. */
static const char no_keys[] =
    "point = 0100000000000000000000000000000000000000000000000000000000000000\n\n"
    "point = ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f\n\n"
    "point = 0000000000000000000000000000000000000000000000000000000000000000\n\n"
    "point = 0000000000000000000000000000000000000000000000000000000000000080\n\n"
    "point = c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a\n\n"
    "point = c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa\n\n"
    "point = 26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05\n\n"
    "point = 26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85\n\n"
    "point = edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f\n\n"
    "point = eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f\n\n"
    "point = ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f\n\n"
    "point = 0200000000000000000000000000000000000000000000000000000000000000\n\n"
    "point = d1e06adf4e05e248e1e52beca14b6be4da0af01b41645d2849b407ec22f41dc7\n";

static const char context[] = "network and address";
enum { CONTEXT_LEN = sizeof context - 1 };

static void make_key(struct cepa_ed25519_key *ret_key, uint64_t number)
{
    struct test_random random = {number};
    struct cepa_ed25519_seed seed;
    test_random_bytes(&random, seed.bytes, sizeof seed.bytes);
    cepa_ed25519_key_init(ret_key, &seed);
}

TEST(signatures_are_those_of_rfc_8032)
{
    unsigned blocks = 0;
    vectors_open_text("RFC 8032 7.1", rfc8032);
    for (; vectors_next(); blocks++) {
        struct cepa_ed25519_seed seed;
        struct cepa_ed25519_key key;
        struct cepa_ed25519_signature signature;
        struct cepa_ed25519_signature want;
        struct cepa_ed25519_public_key public_key;
        size_t len = 0;
        const uint8_t *message = vectors_bytes("message", &len);
        vectors_read("seed", seed.bytes, sizeof seed.bytes);
        vectors_read("public_key", public_key.bytes, sizeof public_key.bytes);
        vectors_read("signature", want.bytes, sizeof want.bytes);
        cepa_ed25519_key_init(&key, &seed);
        CHECK_BYTES(key.public_key.bytes, public_key.bytes, sizeof public_key.bytes);
        cepa_ed25519_sign(&key, &signature, message, len);
        CHECK_BYTES(signature.bytes, want.bytes, sizeof want.bytes);
        CHECK_INT(cepa_ed25519_verify(&public_key, &signature, message, len), 0);
        CHECK_INT(cepa_ed25519_public_key_check(&public_key), 0);
    }
    CHECK_INT(blocks, 3);
}

TEST(verify_refuses_every_flipped_bit)
{
    struct {
        struct cepa_ed25519_public_key public_key;
        struct cepa_ed25519_signature signature;
        uint8_t message[9];
    } all;
    struct cepa_ed25519_key key;
    uint8_t *bytes = (uint8_t *)&all;
    make_key(&key, 1);
    memset(&all, 0x5a, sizeof all);
    all.public_key = key.public_key;
    cepa_ed25519_sign(&key, &all.signature, all.message, sizeof all.message);
    for (size_t bit = 0; bit < 8 * sizeof all; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        CHECK_INT(
            cepa_ed25519_verify(&all.public_key, &all.signature, all.message, sizeof all.message),
            CEPA_ERR_AUTHENTICATION);
        bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    CHECK_INT(
        cepa_ed25519_verify(&all.public_key, &all.signature, all.message, sizeof all.message - 1),
        CEPA_ERR_AUTHENTICATION);
}

/* S + L is another spelling of S; who accepts it lets others change signatures. */
TEST(verify_refuses_the_other_spelling_of_a_signature)
{
    static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,
                                      0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
                                      0,    0,    0,    0,    0,    0,    0,    0,
                                      0,    0,    0,    0,    0,    0,    0,    0x10};
    struct cepa_ed25519_key key;
    struct cepa_ed25519_signature signature;
    unsigned carry = 0;
    make_key(&key, 2);
    cepa_ed25519_sign(&key, &signature, "a", 1);
    CHECK_INT(cepa_ed25519_verify(&key.public_key, &signature, "a", 1), 0);
    for (size_t i = 0; i < 32; i++) {
        carry += (unsigned)signature.bytes[32 + i] + order[i];
        signature.bytes[32 + i] = (uint8_t)carry;
        carry >>= 8;
    }
    CHECK_INT(cepa_ed25519_verify(&key.public_key, &signature, "a", 1), CEPA_ERR_AUTHENTICATION);
}

TEST(what_is_no_key_is_refused_and_not_blinded)
{
    unsigned blocks = 0;
    vectors_open_text("no keys", no_keys);
    for (; vectors_next(); blocks++) {
        struct cepa_ed25519_public_key point;
        struct cepa_ed25519_blinded_public_key ret;
        struct cepa_ed25519_blinded_public_key before;
        const struct cepa_directory_day day = {20000};
        memset(&ret, 0xa5, sizeof ret);
        before = ret;
        vectors_read("point", point.bytes, sizeof point.bytes);
        CHECK_INT(cepa_ed25519_public_key_check(&point), CEPA_ERR_INVALID_KEY);
        CHECK_INT(cepa_ed25519_blind_public_key(&ret, &point, day, context, CONTEXT_LEN),
                  CEPA_ERR_INVALID_KEY);
        CHECK_BYTES(&ret, &before, sizeof ret);
    }
    CHECK_INT(blocks, 13);
}

TEST(blinded_key_and_signature_are_those_computed_apart)
{
    struct cepa_ed25519_seed seed;
    struct cepa_ed25519_key key;
    struct cepa_ed25519_blinded_key day_key;
    struct cepa_ed25519_blinded_public_key day_public;
    struct cepa_ed25519_signature signature;
    uint8_t want[64];
    const struct cepa_directory_day day = {20000};
    vectors_open_text("blinded", blinded);
    CHECK(vectors_next());
    vectors_read("seed", seed.bytes, sizeof seed.bytes);
    cepa_ed25519_key_init(&key, &seed);
    cepa_ed25519_blind_key(&day_key, &key, day, context, CONTEXT_LEN);
    vectors_read("public_key", want, 32);
    CHECK_BYTES(day_key.public_key.point.bytes, want, 32);
    CHECK_INT(
        cepa_ed25519_blind_public_key(&day_public, &key.public_key, day, context, CONTEXT_LEN), 0);
    CHECK_BYTES(day_public.point.bytes, want, 32);
    cepa_ed25519_blinded_sign(&day_key, &signature, "descriptor", 10);
    vectors_read("signature", want, 64);
    CHECK_BYTES(signature.bytes, want, 64);
    CHECK_INT(cepa_ed25519_verify(&day_public.point, &signature, "descriptor", 10), 0);
}

TEST(both_sides_agree_and_signatures_verify_for_many_keys)
{
    for (uint32_t i = 0; i < 50; i++) {
        struct cepa_ed25519_key key;
        struct cepa_ed25519_blinded_key day_key;
        struct cepa_ed25519_blinded_public_key day_public;
        struct cepa_ed25519_signature signature;
        uint8_t message[50] = {0};
        const struct cepa_directory_day day = {i * 7919};
        make_key(&key, 1000 + i);
        cepa_ed25519_blind_key(&day_key, &key, day, context, i % (CONTEXT_LEN + 1));
        CHECK_INT(cepa_ed25519_blind_public_key(&day_public, &key.public_key, day, context,
                                                i % (CONTEXT_LEN + 1)),
                  0);
        CHECK_BYTES(&day_public, &day_key.public_key, sizeof day_public);
        CHECK_INT(cepa_ed25519_public_key_check(&day_public.point), 0);
        cepa_ed25519_blinded_sign(&day_key, &signature, message, i);
        CHECK_INT(cepa_ed25519_verify(&day_public.point, &signature, message, i), 0);
        CHECK_INT(cepa_ed25519_verify(&key.public_key, &signature, message, i),
                  CEPA_ERR_AUTHENTICATION);
        for (size_t bit = i; bit < 512; bit += 50) {
            signature.bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
            CHECK_INT(cepa_ed25519_verify(&day_public.point, &signature, message, i),
                      CEPA_ERR_AUTHENTICATION);
            signature.bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        }
    }
}

TEST(another_day_context_or_person_is_another_key)
{
    struct cepa_ed25519_key keys[2];
    struct cepa_ed25519_blinded_key blinded_keys[5];
    const struct cepa_directory_day day = {5};
    const struct cepa_directory_day next_day = {6};
    make_key(&keys[0], 3);
    make_key(&keys[1], 4);
    cepa_ed25519_blind_key(&blinded_keys[0], &keys[0], day, context, CONTEXT_LEN);
    cepa_ed25519_blind_key(&blinded_keys[1], &keys[0], next_day, context, CONTEXT_LEN);
    cepa_ed25519_blind_key(&blinded_keys[2], &keys[0], day, context, CONTEXT_LEN - 1);
    cepa_ed25519_blind_key(&blinded_keys[3], &keys[0], day, NULL, 0);
    cepa_ed25519_blind_key(&blinded_keys[4], &keys[1], day, context, CONTEXT_LEN);
    for (size_t i = 0; i < 5; i++) {
        for (size_t j = 0; j < i; j++) {
            const struct cepa_ed25519_blinded_key *a = &blinded_keys[i];
            const struct cepa_ed25519_blinded_key *b = &blinded_keys[j];
            CHECK(memcmp(&a->public_key, &b->public_key, sizeof a->public_key) != 0);
            CHECK(memcmp(a->scalar, b->scalar, sizeof a->scalar) != 0);
            CHECK(memcmp(a->nonce_prefix, b->nonce_prefix, sizeof a->nonce_prefix) != 0);
        }
        CHECK(memcmp(&blinded_keys[i].public_key, &keys[0].public_key, 32) != 0);
    }
}

TEST(wiped_keys_hold_zeros)
{
    static const struct cepa_ed25519_key no_key;
    static const struct cepa_ed25519_blinded_key no_day_key;
    struct cepa_ed25519_key key;
    struct cepa_ed25519_blinded_key day_key;
    const struct cepa_directory_day day = {1};
    make_key(&key, 5);
    cepa_ed25519_blind_key(&day_key, &key, day, NULL, 0);
    cepa_ed25519_key_wipe(&key);
    cepa_ed25519_blinded_key_wipe(&day_key);
    CHECK_BYTES(&key, &no_key, sizeof key);
    CHECK_BYTES(&day_key, &no_day_key, sizeof day_key);
}

TEST_MAIN(RUN(signatures_are_those_of_rfc_8032), RUN(verify_refuses_every_flipped_bit),
          RUN(verify_refuses_the_other_spelling_of_a_signature),
          RUN(what_is_no_key_is_refused_and_not_blinded),
          RUN(blinded_key_and_signature_are_those_computed_apart),
          RUN(both_sides_agree_and_signatures_verify_for_many_keys),
          RUN(another_day_context_or_person_is_another_key), RUN(wiped_keys_hold_zeros))
