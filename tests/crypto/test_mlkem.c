/* ML-KEM-768 gives what NIST published, refuses bad keys, and rejects changed ciphertexts as it
 * should; portable and fast code agree. */
#include "crypto/mlkem.h"

#include <string.h>

#include "base/cpu.h"
#include "native/cpu.h"
#include "support/published.h"
#include "support/random.h"
#include "support/test.h"

enum { ROUNDS = 1000, GROUP_TESTS_MIN = 10 };

static struct cepa_mlkem_workspace workspace;
static struct cepa_mlkem_key key;
static struct cepa_mlkem_public_key public_key;
static struct cepa_mlkem_decapsulation_key long_key;
static struct cepa_mlkem_ciphertext ciphertext;
static struct cepa_mlkem_secret secret;

static uint32_t cpus[2];

static void find_cpus(void)
{
    cpus[0] = CEPA_CPU_PORTABLE;
    cpus[1] = cepa_native_cpu();
}

static int is_ours(const cJSON *group)
{
    return strcmp(published_text(group, "parameterSet"), "ML-KEM-768") == 0;
}

/* each_test calls `run` for every test of our parameter set that belongs to `function`. */
static void each_test(const char *file, const char *function,
                      void (*run)(const cJSON *test, uint32_t cpu))
{
    cJSON *all = published_open(file);
    unsigned count = 0;
    const cJSON *group;
    find_cpus();
    cJSON_ArrayForEach(group, published_get(all, "testGroups"))
    {
        if (!is_ours(group) ||
            (function != NULL && strcmp(published_text(group, "function"), function) != 0)) {
            continue;
        }
        const cJSON *test;
        cJSON_ArrayForEach(test, published_get(group, "tests"))
        {
            run(test, cpus[0]);
            run(test, cpus[1]);
            count++;
        }
    }
    cJSON_Delete(all);
    CHECK(count >= GROUP_TESTS_MIN);
}

static void check_bytes(const cJSON *test, const char *name, const void *got, size_t len)
{
    uint8_t want[CEPA_MLKEM_DECAPSULATION_KEY_BYTES];
    CHECK_INT(published_hex(want, sizeof want, test, name), len);
    CHECK_BYTES(got, want, len);
}

static void check_key(const cJSON *test, uint32_t cpu)
{
    struct cepa_mlkem_seed seed;
    uint8_t long_form[CEPA_MLKEM_DECAPSULATION_KEY_BYTES];
    const size_t secret_len = CEPA_MLKEM_K * CEPA_MLKEM_POLY_BYTES;
    published_hex(seed.d, sizeof seed.d, test, "d");
    published_hex(seed.z, sizeof seed.z, test, "z");
    cepa_mlkem_key_expand(&key, &public_key, &seed, &workspace, cpu);
    check_bytes(test, "ek", public_key.bytes, sizeof public_key.bytes);
    /* What the long form holds besides the public key: the secret vector, the hash, z. */
    published_hex(long_form, sizeof long_form, test, "dk");
    CHECK_BYTES(key.public_hash, long_form + secret_len + sizeof public_key.bytes, 32);
    CHECK_BYTES(key.z, long_form + secret_len + sizeof public_key.bytes + 32, 32);
    for (unsigned i = 0; i < CEPA_MLKEM_K; i++) {
        struct cepa_mlkem_ntt rows;
        struct cepa_mlkem_poly ordered;
        uint8_t bytes[CEPA_MLKEM_POLY_BYTES];
        for (unsigned k = 0; k < 8; k++) {
            memcpy(rows.row[2 * k], key.s[i].even[k], sizeof rows.row[0]);
            memcpy(rows.row[2 * k + 1], key.s[i].odd[k], sizeof rows.row[0]);
        }
        cepa_mlkem_ntt_order(&ordered, &rows);
        cepa_mlkem_encode_12(bytes, &ordered);
        CHECK_BYTES(bytes, long_form + i * sizeof bytes, sizeof bytes);
    }
}

TEST(keys_are_those_of_nist)
{
    each_test("ML-KEM-keyGen-FIPS203.json", NULL, check_key);
}

static void check_encapsulation(const cJSON *test, uint32_t cpu)
{
    uint8_t randomness[CEPA_MLKEM_RANDOMNESS_BYTES];
    published_hex(public_key.bytes, sizeof public_key.bytes, test, "ek");
    published_hex(randomness, sizeof randomness, test, "m");
    CHECK_INT(
        cepa_mlkem_encapsulate(&ciphertext, &secret, &public_key, randomness, &workspace, cpu), 0);
    check_bytes(test, "c", ciphertext.bytes, sizeof ciphertext.bytes);
    check_bytes(test, "k", secret.bytes, sizeof secret.bytes);
}

TEST(encapsulations_are_those_of_nist)
{
    each_test("ML-KEM-encapDecap-FIPS203.json", "encapsulation", check_encapsulation);
}

static void check_decapsulation(const cJSON *test, uint32_t cpu)
{
    published_hex(long_key.bytes, sizeof long_key.bytes, test, "dk");
    published_hex(ciphertext.bytes, sizeof ciphertext.bytes, test, "c");
    CHECK_INT(cepa_mlkem_key_import(&key, &long_key, &workspace, cpu), 0);
    cepa_mlkem_decapsulate(&secret, &key, &ciphertext, &workspace, cpu);
    check_bytes(test, "k", secret.bytes, sizeof secret.bytes);
}

TEST(decapsulations_are_those_of_nist)
{
    each_test("ML-KEM-encapDecap-FIPS203.json", "decapsulation", check_decapsulation);
}

static int expected(const cJSON *test)
{
    return cJSON_IsTrue(published_get(test, "testPassed")) ? 0 : CEPA_ERR_INVALID_KEY;
}

static void check_long_key(const cJSON *test, uint32_t cpu)
{
    published_hex(long_key.bytes, sizeof long_key.bytes, test, "dk");
    CHECK_INT(cepa_mlkem_key_import(&key, &long_key, &workspace, cpu), expected(test));
}

TEST(long_keys_are_accepted_and_refused_as_nist_says)
{
    each_test("ML-KEM-encapDecap-FIPS203.json", "decapsulationKeyCheck", check_long_key);
}

static void check_public_key(const cJSON *test, uint32_t cpu)
{
    const uint8_t randomness[CEPA_MLKEM_RANDOMNESS_BYTES] = {0};
    uint8_t bytes[2048];
    /* Their bad keys also have a wrong length, which our type does not let in. */
    if (published_hex(bytes, sizeof bytes, test, "ek") != sizeof public_key.bytes) {
        CHECK_INT(expected(test), CEPA_ERR_INVALID_KEY);
        return;
    }
    memcpy(public_key.bytes, bytes, sizeof public_key.bytes);
    CHECK_INT(cepa_mlkem_public_key_check(&public_key), expected(test));
    CHECK_INT(
        cepa_mlkem_encapsulate(&ciphertext, &secret, &public_key, randomness, &workspace, cpu),
        expected(test));
}

TEST(public_keys_are_accepted_and_refused_as_nist_says)
{
    each_test("ML-KEM-encapDecap-FIPS203.json", "encapsulationKeyCheck", check_public_key);
}

static void make_key(uint64_t number, uint32_t cpu)
{
    struct test_random random = {number};
    struct cepa_mlkem_seed seed;
    test_random_bytes(&random, &seed, sizeof seed);
    cepa_mlkem_key_expand(&key, &public_key, &seed, &workspace, cpu);
}

/* set_number puts a 12-bit number into a key: two of them stand in three bytes. */
static void set_number(uint8_t *bytes, unsigned i, unsigned value)
{
    uint8_t *at = bytes + i / 2 * 3;
    if (i % 2 == 0) {
        at[0] = (uint8_t)value;
        at[1] = (uint8_t)((at[1] & 0xf0) | value >> 8);
    } else {
        at[1] = (uint8_t)((at[1] & 0x0f) | (value & 15) << 4);
        at[2] = (uint8_t)(value >> 4);
    }
}

TEST(every_number_of_a_public_key_must_be_below_q)
{
    const uint8_t randomness[CEPA_MLKEM_RANDOMNESS_BYTES] = {7};
    static const unsigned values[] = {3329, 3330, 3583, 3584, 4095};
    make_key(1, CEPA_CPU_PORTABLE);
    struct cepa_mlkem_public_key good = public_key;
    find_cpus();
    for (unsigned i = 0; i < CEPA_MLKEM_K * CEPA_MLKEM_N; i++) {
        public_key = good;
        set_number(public_key.bytes, i, 3328);
        CHECK_INT(cepa_mlkem_public_key_check(&public_key), 0);
        for (unsigned j = 0; j < sizeof values / sizeof values[0]; j++) {
            set_number(public_key.bytes, i, values[j]);
            CHECK_INT(cepa_mlkem_public_key_check(&public_key), CEPA_ERR_INVALID_KEY);
            memset(&secret, 0x5a, sizeof secret);
            CHECK_INT(cepa_mlkem_encapsulate(&ciphertext, &secret, &public_key, randomness,
                                             &workspace, cpus[j % 2]),
                      CEPA_ERR_INVALID_KEY);
            CHECK_INT(secret.bytes[0], 0x5a);
        }
    }
}

TEST(a_long_key_with_a_changed_part_is_refused)
{
    struct cepa_mlkem_seed seed = {{1}, {2}};
    const size_t vector_len = CEPA_MLKEM_K * CEPA_MLKEM_POLY_BYTES;
    cepa_mlkem_key_expand(&key, &public_key, &seed, &workspace, CEPA_CPU_PORTABLE);
    memset(&long_key, 0, sizeof long_key);
    memcpy(long_key.bytes + vector_len, public_key.bytes, sizeof public_key.bytes);
    memcpy(long_key.bytes + vector_len + sizeof public_key.bytes, key.public_hash, 32);
    struct cepa_mlkem_decapsulation_key good = long_key;
    CHECK_INT(cepa_mlkem_key_import(&key, &good, &workspace, CEPA_CPU_PORTABLE), 0);
    for (size_t i = vector_len; i < sizeof long_key.bytes - CEPA_MLKEM_SEED_BYTES; i += 13) {
        long_key = good;
        long_key.bytes[i] ^= 1;
        CHECK_INT(cepa_mlkem_key_import(&key, &long_key, &workspace, CEPA_CPU_PORTABLE),
                  CEPA_ERR_INVALID_KEY);
        CHECK(key.t[0].row[0][0] == 0 && key.s[2].even[7][15] == 0);
    }
    /* A number that is too big, under a hash that is right. */
    long_key = good;
    set_number(long_key.bytes + vector_len, 300, 3329);
    cepa_sha3_256(long_key.bytes + vector_len + sizeof public_key.bytes,
                  long_key.bytes + vector_len, sizeof public_key.bytes);
    CHECK_INT(cepa_mlkem_key_import(&key, &long_key, &workspace, CEPA_CPU_PORTABLE),
              CEPA_ERR_INVALID_KEY);
}

TEST(a_ciphertext_changed_anywhere_gives_the_other_secret)
{
    const uint8_t randomness[CEPA_MLKEM_RANDOMNESS_BYTES] = {9};
    find_cpus();
    make_key(2, cpus[1]);
    CHECK_INT(
        cepa_mlkem_encapsulate(&ciphertext, &secret, &public_key, randomness, &workspace, cpus[1]),
        0);
    for (unsigned i = 0; i < sizeof ciphertext.bytes; i++) {
        uint8_t rejected[CEPA_MLKEM_SEED_BYTES + CEPA_MLKEM_CIPHERTEXT_BYTES];
        uint8_t other[CEPA_MLKEM_SECRET_BYTES];
        struct cepa_mlkem_secret got;
        ciphertext.bytes[i] ^= (uint8_t)(1u << (i % 8));
        memcpy(rejected, key.z, sizeof key.z);
        memcpy(rejected + sizeof key.z, ciphertext.bytes, sizeof ciphertext.bytes);
        cepa_shake256(other, sizeof other, rejected, sizeof rejected);
        for (unsigned j = 0; j < 2; j++) {
            cepa_mlkem_decapsulate(&got, &key, &ciphertext, &workspace, cpus[j]);
            CHECK_BYTES(got.bytes, other, sizeof other);
        }
        ciphertext.bytes[i] ^= (uint8_t)(1u << (i % 8));
        cepa_mlkem_decapsulate(&got, &key, &ciphertext, &workspace, cpus[i % 2]);
        CHECK_BYTES(got.bytes, secret.bytes, sizeof secret.bytes);
    }
}

TEST(portable_and_fast_code_give_the_same_bytes)
{
    static struct cepa_mlkem_key keys[2];
    struct test_random random = {3};
    find_cpus();
    for (unsigned round = 0; round < ROUNDS; round++) {
        cpus[1] = cepa_native_cpu() & (round % 2 == 0 ? UINT32_MAX : (uint32_t)CEPA_CPU_AVX2);
        struct cepa_mlkem_seed seed;
        struct cepa_mlkem_public_key public_keys[2];
        struct cepa_mlkem_ciphertext ciphertexts[2];
        struct cepa_mlkem_secret secrets[2], got[2];
        uint8_t randomness[CEPA_MLKEM_RANDOMNESS_BYTES];
        test_random_bytes(&random, &seed, sizeof seed);
        test_random_bytes(&random, randomness, sizeof randomness);
        for (unsigned i = 0; i < 2; i++) {
            cepa_mlkem_key_expand(&keys[i], &public_keys[i], &seed, &workspace, cpus[i]);
            CHECK_INT(cepa_mlkem_encapsulate(&ciphertexts[i], &secrets[i], &public_keys[0],
                                             randomness, &workspace, cpus[i]),
                      0);
        }
        CHECK_BYTES(public_keys[0].bytes, public_keys[1].bytes, sizeof public_keys[0].bytes);
        CHECK_BYTES(ciphertexts[0].bytes, ciphertexts[1].bytes, sizeof ciphertexts[0].bytes);
        CHECK_BYTES(secrets[0].bytes, secrets[1].bytes, sizeof secrets[0].bytes);
        /* A key made by the one serves the other. */
        for (unsigned i = 0; i < 2; i++) {
            cepa_mlkem_decapsulate(&got[i], &keys[1 - i], &ciphertexts[0], &workspace, cpus[i]);
            CHECK_BYTES(got[i].bytes, secrets[0].bytes, sizeof got[i].bytes);
        }
        /* Any bytes are a ciphertext. */
        test_random_bytes(&random, ciphertexts[0].bytes, sizeof ciphertexts[0].bytes);
        for (unsigned i = 0; i < 2; i++) {
            cepa_mlkem_decapsulate(&got[i], &keys[i], &ciphertexts[0], &workspace, cpus[i]);
        }
        CHECK_BYTES(got[0].bytes, got[1].bytes, sizeof got[0].bytes);
    }
}

static int is_zero(const void *bytes, size_t len)
{
    const uint8_t *at = bytes;
    uint8_t any = 0;
    for (size_t i = 0; i < len; i++) {
        any |= at[i];
    }
    return any == 0;
}

TEST(operations_leave_no_secrets_in_the_workspace)
{
    const uint8_t randomness[CEPA_MLKEM_RANDOMNESS_BYTES] = {9};
    make_key(4, cepa_native_cpu());
    CHECK(is_zero(&workspace.secret, sizeof workspace.secret));
    CHECK_INT(cepa_mlkem_encapsulate(&ciphertext, &secret, &public_key, randomness, &workspace,
                                     cepa_native_cpu()),
              0);
    CHECK(is_zero(&workspace.secret, sizeof workspace.secret));
    cepa_mlkem_decapsulate(&secret, &key, &ciphertext, &workspace, cepa_native_cpu());
    CHECK(is_zero(&workspace.secret, sizeof workspace.secret));
}

TEST_MAIN(RUN(keys_are_those_of_nist), RUN(encapsulations_are_those_of_nist),
          RUN(decapsulations_are_those_of_nist),
          RUN(long_keys_are_accepted_and_refused_as_nist_says),
          RUN(public_keys_are_accepted_and_refused_as_nist_says),
          RUN(every_number_of_a_public_key_must_be_below_q),
          RUN(a_long_key_with_a_changed_part_is_refused),
          RUN(a_ciphertext_changed_anywhere_gives_the_other_secret),
          RUN(portable_and_fast_code_give_the_same_bytes),
          RUN(operations_leave_no_secrets_in_the_workspace))
