/* X-Wing gives what its draft published and refuses bad keys and points. */
#include "crypto/xwing.h"

#include <string.h>

#include "base/cpu.h"
#include "native/cpu.h"
#include "support/published.h"
#include "support/random.h"
#include "support/test.h"

enum { LOW_ORDER_COUNT = 7 };

static struct cepa_xwing_workspace workspace;
static struct cepa_xwing_key key;
static struct cepa_xwing_seed seed;
static struct cepa_xwing_ciphertext ciphertext;
static struct cepa_xwing_secret secret, got;
static uint8_t randomness[CEPA_XWING_RANDOMNESS_BYTES];

static void check_vector(const cJSON *vector, uint32_t cpu)
{
    struct cepa_xwing_public_key public_key;
    struct cepa_xwing_ciphertext want_ciphertext;
    published_hex(seed.bytes, sizeof seed.bytes, vector, "seed");
    published_hex(randomness, sizeof randomness, vector, "eseed");
    published_hex(public_key.bytes, sizeof public_key.bytes, vector, "pk");
    published_hex(want_ciphertext.bytes, sizeof want_ciphertext.bytes, vector, "ct");
    published_hex(secret.bytes, sizeof secret.bytes, vector, "ss");
    cepa_xwing_key_expand(&key, &seed, &workspace, cpu);
    CHECK_BYTES(key.public_key.bytes, public_key.bytes, sizeof public_key.bytes);
    CHECK_INT(cepa_xwing_public_key_check(&public_key), 0);
    CHECK_INT(cepa_xwing_encapsulate(&ciphertext, &got, &public_key, randomness, &workspace, cpu),
              0);
    CHECK_BYTES(ciphertext.bytes, want_ciphertext.bytes, sizeof ciphertext.bytes);
    CHECK_BYTES(got.bytes, secret.bytes, sizeof secret.bytes);
    memset(&got, 0, sizeof got);
    CHECK_INT(cepa_xwing_decapsulate(&got, &key, &ciphertext, &workspace, cpu), 0);
    CHECK_BYTES(got.bytes, secret.bytes, sizeof secret.bytes);
}

TEST(all_bytes_are_those_of_the_draft)
{
    cJSON *all = published_open("xwing.json");
    const cJSON *vector;
    unsigned count = 0;
    cJSON_ArrayForEach(vector, all)
    {
        check_vector(vector, CEPA_CPU_PORTABLE);
        check_vector(vector, cepa_native_cpu());
        count++;
    }
    cJSON_Delete(all);
    CHECK_INT(count, 3);
}

static void make_ciphertext(uint64_t number, uint32_t cpu)
{
    struct test_random random = {number};
    test_random_bytes(&random, seed.bytes, sizeof seed.bytes);
    test_random_bytes(&random, randomness, sizeof randomness);
    cepa_xwing_key_expand(&key, &seed, &workspace, cpu);
    CHECK_INT(
        cepa_xwing_encapsulate(&ciphertext, &secret, &key.public_key, randomness, &workspace, cpu),
        0);
}

TEST(every_byte_of_a_ciphertext_counts)
{
    uint32_t cpu = cepa_native_cpu();
    make_ciphertext(1, cpu);
    for (unsigned i = 0; i < sizeof ciphertext.bytes; i++) {
        /* The high bit of a point is ignored by X25519, but it is hashed. */
        ciphertext.bytes[i] ^= i == sizeof ciphertext.bytes - 1 ? 0x80 : 1;
        CHECK_INT(cepa_xwing_decapsulate(&got, &key, &ciphertext, &workspace, cpu), 0);
        CHECK(memcmp(got.bytes, secret.bytes, sizeof got.bytes) != 0);
        ciphertext.bytes[i] ^= i == sizeof ciphertext.bytes - 1 ? 0x80 : 1;
    }
    CHECK_INT(cepa_xwing_decapsulate(&got, &key, &ciphertext, &workspace, cpu), 0);
    CHECK_BYTES(got.bytes, secret.bytes, sizeof got.bytes);
}

/* The seven encodings, without the high bit. */
static const uint8_t low_order[LOW_ORDER_COUNT][32] = {
    {0},
    {1},
    {0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a,
     0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0},
    {0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1,
     0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c,
     0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57},
    {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    {0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    {0xee, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
};

static void check_low_order(const uint8_t point[32], uint32_t cpu)
{
    struct cepa_xwing_public_key public_key = key.public_key;
    struct cepa_xwing_ciphertext changed = ciphertext;
    memcpy(public_key.bytes + CEPA_MLKEM_PUBLIC_KEY_BYTES, point, 32);
    CHECK_INT(cepa_xwing_public_key_check(&public_key), CEPA_ERR_LOW_ORDER_POINT);
    memset(&got, 0x5a, sizeof got);
    CHECK_INT(cepa_xwing_encapsulate(&changed, &got, &public_key, randomness, &workspace, cpu),
              CEPA_ERR_LOW_ORDER_POINT);
    CHECK_BYTES(changed.bytes, ciphertext.bytes, sizeof changed.bytes);
    CHECK(got.bytes[0] == 0x5a && got.bytes[31] == 0x5a);
    memcpy(changed.bytes + CEPA_MLKEM_CIPHERTEXT_BYTES, point, 32);
    CHECK_INT(cepa_xwing_decapsulate(&got, &key, &changed, &workspace, cpu),
              CEPA_ERR_LOW_ORDER_POINT);
    CHECK(memcmp(got.bytes, secret.bytes, sizeof got.bytes) != 0);
}

TEST(points_of_low_order_are_refused)
{
    make_ciphertext(2, cepa_native_cpu());
    for (unsigned i = 0; i < LOW_ORDER_COUNT; i++) {
        uint8_t point[32];
        memcpy(point, low_order[i], sizeof point);
        check_low_order(point, cepa_native_cpu());
        point[31] |= 0x80;
        check_low_order(point, CEPA_CPU_PORTABLE);
    }
}

TEST(a_number_that_is_too_big_is_refused)
{
    make_ciphertext(3, cepa_native_cpu());
    struct cepa_xwing_public_key public_key = key.public_key;
    struct cepa_xwing_ciphertext unchanged = ciphertext;
    public_key.bytes[1150] = 0xff;
    public_key.bytes[1151] = 0xff;
    CHECK_INT(cepa_xwing_public_key_check(&public_key), CEPA_ERR_INVALID_KEY);
    memset(&got, 0x5a, sizeof got);
    CHECK_INT(cepa_xwing_encapsulate(&ciphertext, &got, &public_key, randomness, &workspace,
                                     cepa_native_cpu()),
              CEPA_ERR_INVALID_KEY);
    CHECK_BYTES(ciphertext.bytes, unchanged.bytes, sizeof unchanged.bytes);
    CHECK(got.bytes[0] == 0x5a);
}

enum { BATCH = CEPA_XWING_BATCH_MAX };

static struct cepa_xwing_public_key batch_keys[BATCH];
static struct cepa_xwing_ciphertext batch_ciphertexts[BATCH];
static struct cepa_xwing_secret batch_secrets[BATCH];

/* Makes BATCH different keys and the randomness for each. */
static void make_batch(const struct cepa_xwing_public_key *ret_keys[BATCH],
                       uint8_t ret_randomness[BATCH][CEPA_XWING_RANDOMNESS_BYTES])
{
    struct test_random random = {5};
    for (size_t i = 0; i < BATCH; i++) {
        test_random_bytes(&random, seed.bytes, sizeof seed.bytes);
        test_random_bytes(&random, ret_randomness[i], CEPA_XWING_RANDOMNESS_BYTES);
        cepa_xwing_key_expand(&key, &seed, &workspace, cepa_native_cpu());
        batch_keys[i] = key.public_key;
        ret_keys[i] = &batch_keys[i];
    }
}

TEST(a_batch_is_what_single_encapsulations_are)
{
    const struct cepa_xwing_public_key *keys[BATCH];
    uint8_t all[BATCH][CEPA_XWING_RANDOMNESS_BYTES];
    make_batch(keys, all);
    for (size_t count = 0; count <= BATCH; count++) {
        memset(batch_ciphertexts, 0x5a, sizeof batch_ciphertexts);
        memset(batch_secrets, 0x5a, sizeof batch_secrets);
        CHECK_INT(cepa_xwing_encapsulate_batch(batch_ciphertexts, batch_secrets, keys, count,
                                               all[0], &workspace, cepa_native_cpu()),
                  0);
        for (size_t i = 0; i < BATCH; i++) {
            memset(&ciphertext, 0x5a, sizeof ciphertext);
            memset(&secret, 0x5a, sizeof secret);
            if (i < count) {
                CHECK_INT(cepa_xwing_encapsulate(&ciphertext, &secret, keys[i], all[i], &workspace,
                                                 CEPA_CPU_PORTABLE),
                          0);
            }
            CHECK_BYTES(&batch_ciphertexts[i], &ciphertext, sizeof ciphertext);
            CHECK_BYTES(&batch_secrets[i], &secret, sizeof secret);
        }
    }
}

TEST(a_batch_with_one_bad_key_is_refused)
{
    const struct cepa_xwing_public_key *keys[BATCH];
    uint8_t all[BATCH][CEPA_XWING_RANDOMNESS_BYTES];
    for (size_t i = 0; i < BATCH; i++) {
        make_batch(keys, all);
        memset(batch_keys[i].bytes + CEPA_MLKEM_PUBLIC_KEY_BYTES, 0, 32);
        CHECK_INT(cepa_xwing_encapsulate_batch(batch_ciphertexts, batch_secrets, keys, BATCH,
                                               all[0], &workspace, cepa_native_cpu()),
                  CEPA_ERR_LOW_ORDER_POINT);
        make_batch(keys, all);
        batch_keys[i].bytes[0] = 0xff;
        batch_keys[i].bytes[1] = 0xff;
        CHECK_INT(cepa_xwing_encapsulate_batch(batch_ciphertexts, batch_secrets, keys, BATCH,
                                               all[0], &workspace, cepa_native_cpu()),
                  CEPA_ERR_INVALID_KEY);
    }
}

TEST(operations_leave_no_secrets_in_the_workspace)
{
    static const struct cepa_xwing_combined zeros;
    make_ciphertext(4, cepa_native_cpu());
    CHECK_BYTES(&workspace.combined, &zeros, sizeof zeros);
    CHECK_INT(cepa_xwing_decapsulate(&got, &key, &ciphertext, &workspace, cepa_native_cpu()), 0);
    CHECK_BYTES(&workspace.combined, &zeros, sizeof zeros);
}

TEST_MAIN(RUN(all_bytes_are_those_of_the_draft), RUN(every_byte_of_a_ciphertext_counts),
          RUN(points_of_low_order_are_refused), RUN(a_number_that_is_too_big_is_refused),
          RUN(a_batch_is_what_single_encapsulations_are), RUN(a_batch_with_one_bad_key_is_refused),
          RUN(operations_leave_no_secrets_in_the_workspace))
