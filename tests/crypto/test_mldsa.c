/* ML-DSA-65 gives the keys that NIST published, accepts and refuses what Wycheproof says, and
 * refuses everything that is not exactly what was signed. */
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "crypto/mldsa.h"
#include "crypto/mldsa_pack.h"
#include "crypto/mldsa_reduce.h"
#include "native/cpu.h"
#include "support/published.h"
#include "support/random.h"
#include "support/test.h"

enum { SECRET_KEY_BYTES = 4032, VECTOR_MESSAGE_MAX = 4096 };

static struct cepa_mldsa_key key;
static struct cepa_mldsa_signature signature;
static struct cepa_mldsa_workspace workspace;
static const uint8_t zeros[CEPA_MLDSA_RANDOM_BYTES];
static const uint8_t message[] = "the north wind and the sun";
static const uint8_t context[] = "fable";

static int verify(uint32_t cpu)
{
    return cepa_mldsa_verify(&signature, &key.public_key, message, sizeof message, context,
                             sizeof context, &workspace, cpu);
}

static void make_signature(uint8_t seed_byte, const uint8_t *randomness)
{
    struct cepa_mldsa_seed seed;
    memset(&seed, seed_byte, sizeof seed);
    cepa_mldsa_key_expand(&key, &seed, &workspace, cepa_native_cpu());
    CHECK_INT(cepa_mldsa_sign(&signature, &key, message, sizeof message, context, sizeof context,
                              randomness, &workspace, cepa_native_cpu()),
              0);
}

/* untransform gives the coefficients near 0 that `transformed` was made of. */
static struct cepa_mldsa_poly untransform(const struct cepa_mldsa_poly *transformed)
{
    struct cepa_mldsa_poly poly = *transformed;
    for (unsigned i = 0; i < CEPA_MLDSA_DEGREE; i++) {
        poly.coefficients[i] = cepa_mldsa_reduce(poly.coefficients[i]);
    }
    cepa_mldsa_ntt_inverse(&poly, CEPA_CPU_PORTABLE);
    for (unsigned i = 0; i < CEPA_MLDSA_DEGREE; i++) {
        int32_t value = cepa_mldsa_montgomery(poly.coefficients[i]);
        value = cepa_mldsa_add_q_if_negative(value);
        poly.coefficients[i] = value > CEPA_MLDSA_Q / 2 ? value - CEPA_MLDSA_Q : value;
    }
    return poly;
}

/* pack_bits packs `offset` minus each coefficient in `width` bits, least significant bit first,
 * bit by bit. */
static uint8_t *pack_bits(uint8_t *ret_bytes, const struct cepa_mldsa_poly *transformed,
                          unsigned width, int32_t offset)
{
    struct cepa_mldsa_poly poly = untransform(transformed);
    memset(ret_bytes, 0, 32 * width);
    for (unsigned i = 0; i < CEPA_MLDSA_DEGREE * width; i++) {
        uint32_t value = (uint32_t)(offset - poly.coefficients[i / width]);
        ret_bytes[i / 8] |= (uint8_t)((value >> (i % width) & 1) << (i % 8));
    }
    return ret_bytes + 32 * width;
}

/* encode_secret_key gives the encoding of FIPS 204, which we do not use anywhere else. */
static void encode_secret_key(uint8_t ret_bytes[SECRET_KEY_BYTES])
{
    uint8_t *next = ret_bytes;
    memcpy(next, key.public_key.bytes, CEPA_MLDSA_RHO_BYTES);
    memcpy(next + 32, key.k, sizeof key.k);
    memcpy(next + 64, key.tr, sizeof key.tr);
    next += 128;
    for (unsigned i = 0; i < CEPA_MLDSA_COLUMNS; i++) {
        next = pack_bits(next, &key.s1[i], 4, CEPA_MLDSA_ETA);
    }
    for (unsigned i = 0; i < CEPA_MLDSA_ROWS; i++) {
        next = pack_bits(next, &key.s2[i], 4, CEPA_MLDSA_ETA);
    }
    for (unsigned i = 0; i < CEPA_MLDSA_ROWS; i++) {
        next = pack_bits(next, &key.t0[i], CEPA_MLDSA_DROPPED_BITS, 1 << 12);
    }
    CHECK_INT(next - ret_bytes, SECRET_KEY_BYTES);
}

static void check_key(const cJSON *vector, uint32_t cpu)
{
    static uint8_t want[SECRET_KEY_BYTES];
    static uint8_t got[SECRET_KEY_BYTES];
    struct cepa_mldsa_seed seed;
    CHECK_INT(published_hex(seed.bytes, sizeof seed.bytes, vector, "seed"), sizeof seed);
    cepa_mldsa_key_expand(&key, &seed, &workspace, cpu);
    CHECK_INT(published_hex(want, sizeof want, vector, "pk"), sizeof key.public_key);
    CHECK_BYTES(key.public_key.bytes, want, sizeof key.public_key);
    CHECK_INT(published_hex(want, sizeof want, vector, "sk"), SECRET_KEY_BYTES);
    encode_secret_key(got);
    CHECK_BYTES(got, want, sizeof want);
}

TEST(keys_are_those_of_acvp)
{
    cJSON *vectors = published_open("ML-DSA-keyGen-FIPS204.json");
    const cJSON *group = NULL;
    unsigned count = 0;
    cJSON_ArrayForEach(group, published_get(vectors, "testGroups"))
    {
        if (strcmp(published_text(group, "parameterSet"), "ML-DSA-65") != 0) {
            continue;
        }
        const cJSON *vector = NULL;
        cJSON_ArrayForEach(vector, published_get(group, "tests"))
        {
            check_key(vector, CEPA_CPU_PORTABLE);
            check_key(vector, cepa_native_cpu());
            count++;
        }
    }
    test_note("%u keys", count);
    CHECK_INT(count, 25);
    cJSON_Delete(vectors);
}

/* verify_vector gives 1 if the lengths fit our types and the signature verifies, else 0. */
static int verify_vector(const cJSON *group, const cJSON *vector, uint32_t cpu)
{
    static uint8_t text[VECTOR_MESSAGE_MAX];
    static uint8_t bytes[2 * CEPA_MLDSA_SIGNATURE_BYTES];
    uint8_t vector_context[VECTOR_MESSAGE_MAX];
    struct cepa_mldsa_public_key public_key;
    size_t context_len = 0;
    size_t text_len = published_hex(text, sizeof text, vector, "msg");
    if (cJSON_HasObjectItem(vector, "ctx")) {
        context_len = published_hex(vector_context, sizeof vector_context, vector, "ctx");
    }
    if (published_hex(bytes, sizeof bytes, group, "publicKey") != sizeof public_key) {
        return 0;
    }
    memcpy(&public_key, bytes, sizeof public_key);
    if (published_hex(bytes, sizeof bytes, vector, "sig") != sizeof signature) {
        return 0;
    }
    memcpy(&signature, bytes, sizeof signature);
    return cepa_mldsa_verify(&signature, &public_key, text, text_len, vector_context, context_len,
                             &workspace, cpu) == 0;
}

TEST(verdicts_are_those_of_wycheproof)
{
    cJSON *vectors = published_open("mldsa_65_verify_test.json");
    const cJSON *group = NULL;
    unsigned counts[2] = {0, 0};
    cJSON_ArrayForEach(group, published_get(vectors, "testGroups"))
    {
        const cJSON *vector = NULL;
        cJSON_ArrayForEach(vector, published_get(group, "tests"))
        {
            int is_valid = strcmp(published_text(vector, "result"), "valid") == 0;
            int is_accepted = verify_vector(group, vector, CEPA_CPU_PORTABLE);
            if (is_accepted != is_valid ||
                verify_vector(group, vector, cepa_native_cpu()) != is_valid) {
                test_note("tcId %d: %s", published_get(vector, "tcId")->valueint,
                          published_text(vector, "comment"));
                CHECK(0);
            }
            counts[is_valid]++;
        }
    }
    test_note("%u valid, %u invalid", counts[1], counts[0]);
    CHECK_INT(counts[0] + counts[1], published_get(vectors, "numberOfTests")->valueint);
    cJSON_Delete(vectors);
}

TEST(signatures_verify_and_kernels_agree)
{
    struct test_random random = {1};
    for (unsigned round = 0; round < 60; round++) {
        struct cepa_mldsa_seed seed;
        struct cepa_mldsa_signature other;
        static struct cepa_mldsa_key other_key;
        uint8_t text[300];
        uint8_t randomness[CEPA_MLDSA_RANDOM_BYTES];
        size_t text_len = (size_t)test_random_below(&random, sizeof text + 1);
        size_t context_len = (size_t)test_random_below(&random, CEPA_MLDSA_CONTEXT_MAX + 1);
        test_random_bytes(&random, &seed, sizeof seed);
        test_random_bytes(&random, text, sizeof text);
        test_random_bytes(&random, randomness, sizeof randomness);
        cepa_mldsa_key_expand(&key, &seed, &workspace, cepa_native_cpu());
        cepa_mldsa_key_expand(&other_key, &seed, &workspace, CEPA_CPU_PORTABLE);
        CHECK_BYTES(&key.public_key, &other_key.public_key, sizeof key.public_key);
        CHECK_INT(cepa_mldsa_sign(&signature, &key, text, text_len, text, context_len, randomness,
                                  &workspace, cepa_native_cpu()),
                  0);
        CHECK_INT(cepa_mldsa_sign(&other, &key, text, text_len, text, context_len, randomness,
                                  &workspace, CEPA_CPU_PORTABLE),
                  0);
        CHECK_BYTES(&signature, &other, sizeof signature);
        CHECK_INT(cepa_mldsa_verify(&signature, &key.public_key, text, text_len, text, context_len,
                                    &workspace, cepa_native_cpu()),
                  0);
        CHECK_INT(cepa_mldsa_verify(&signature, &key.public_key, text, text_len, text, context_len,
                                    &workspace, CEPA_CPU_PORTABLE),
                  0);
    }
}

TEST(deterministic_signatures_repeat_and_hedged_ones_differ)
{
    static const uint8_t ones[CEPA_MLDSA_RANDOM_BYTES] = {1};
    struct cepa_mldsa_signature first;
    make_signature(7, zeros);
    first = signature;
    memset(&workspace, 0xa5, sizeof workspace);
    make_signature(7, zeros);
    CHECK_BYTES(&signature, &first, sizeof first);
    make_signature(7, ones);
    CHECK(memcmp(&signature, &first, sizeof first) != 0);
    CHECK_INT(verify(cepa_native_cpu()), 0);
}

TEST(every_byte_of_a_signature_counts)
{
    struct test_random random = {2};
    make_signature(8, zeros);
    for (size_t i = 0; i < sizeof signature; i++) {
        uint8_t change = (uint8_t)(1 + test_random_below(&random, 255));
        signature.bytes[i] ^= change;
        CHECK_INT(verify(cepa_native_cpu()), CEPA_ERR_AUTHENTICATION);
        signature.bytes[i] ^= change;
    }
    CHECK_INT(verify(cepa_native_cpu()), 0);
}

TEST(every_byte_of_a_public_key_counts)
{
    make_signature(9, zeros);
    for (size_t i = 0; i < sizeof key.public_key; i += 7) {
        key.public_key.bytes[i] ^= 0x10;
        CHECK_INT(verify(cepa_native_cpu()), CEPA_ERR_AUTHENTICATION);
        key.public_key.bytes[i] ^= 0x10;
    }
    CHECK_INT(verify(cepa_native_cpu()), 0);
}

TEST(message_and_context_are_bound_and_kept_apart)
{
    uint8_t changed[sizeof message];
    make_signature(10, zeros);
    memcpy(changed, message, sizeof message);
    for (size_t i = 0; i < sizeof message; i++) {
        changed[i] ^= 1;
        CHECK_INT(cepa_mldsa_verify(&signature, &key.public_key, changed, sizeof changed, context,
                                    sizeof context, &workspace, 0),
                  CEPA_ERR_AUTHENTICATION);
        changed[i] ^= 1;
    }
    CHECK_INT(cepa_mldsa_verify(&signature, &key.public_key, message, sizeof message - 1, context,
                                sizeof context, &workspace, 0),
              CEPA_ERR_AUTHENTICATION);
    CHECK_INT(cepa_mldsa_verify(&signature, &key.public_key, message, sizeof message, context,
                                sizeof context - 1, &workspace, 0),
              CEPA_ERR_AUTHENTICATION);
    CHECK_INT(cepa_mldsa_verify(&signature, &key.public_key, message, sizeof message, NULL, 0,
                                &workspace, 0),
              CEPA_ERR_AUTHENTICATION);
    /* The same bytes, parted elsewhere. */
    CHECK_INT(cepa_mldsa_sign(&signature, &key, "bc", 2, "a", 1, zeros, &workspace, 0), 0);
    CHECK_INT(cepa_mldsa_verify(&signature, &key.public_key, "bc", 2, "a", 1, &workspace, 0), 0);
    CHECK_INT(cepa_mldsa_verify(&signature, &key.public_key, "c", 1, "ab", 2, &workspace, 0),
              CEPA_ERR_AUTHENTICATION);
    CHECK_INT(cepa_mldsa_verify(&signature, &key.public_key, "abc", 3, NULL, 0, &workspace, 0),
              CEPA_ERR_AUTHENTICATION);
}

TEST(a_context_of_256_bytes_is_an_error_and_leaves_the_signature_alone)
{
    static const uint8_t long_context[CEPA_MLDSA_CONTEXT_MAX + 1];
    struct cepa_mldsa_signature before;
    make_signature(11, zeros);
    before = signature;
    CHECK_INT(cepa_mldsa_sign(&signature, &key, message, sizeof message, long_context,
                              sizeof long_context, zeros, &workspace, 0),
              CEPA_ERR_ARGUMENT);
    CHECK_BYTES(&signature, &before, sizeof before);
    CHECK_INT(cepa_mldsa_verify(&signature, &key.public_key, message, sizeof message, long_context,
                                sizeof long_context, &workspace, 0),
              CEPA_ERR_ARGUMENT);
    CHECK_INT(cepa_mldsa_sign(&signature, &key, message, sizeof message, long_context,
                              sizeof long_context - 1, zeros, &workspace, 0),
              0);
    CHECK_INT(cepa_mldsa_verify(&signature, &key.public_key, message, sizeof message, long_context,
                                sizeof long_context - 1, &workspace, 0),
              0);
}

TEST(hints_in_another_encoding_are_refused)
{
    uint8_t *hint = signature.bytes + sizeof signature.bytes - CEPA_MLDSA_HINT_BYTES;
    uint8_t good[CEPA_MLDSA_HINT_BYTES];
    make_signature(12, zeros);
    memcpy(good, hint, sizeof good);
    uint8_t *ends = hint + CEPA_MLDSA_HINTS_MAX;
    CHECK(ends[0] >= 2 && ends[5] < CEPA_MLDSA_HINTS_MAX - 1);

    /* Two positions of one polynomial swapped: the same hint, unsorted. */
    hint[0] = good[1];
    hint[1] = good[0];
    CHECK_INT(verify(0), CEPA_ERR_AUTHENTICATION);
    memcpy(hint, good, sizeof good);
    /* A position repeated at the end of the last polynomial. */
    hint[ends[5]] = hint[ends[5] - 1];
    ends[5]++;
    CHECK_INT(verify(0), CEPA_ERR_AUTHENTICATION);
    memcpy(hint, good, sizeof good);
    /* Something after the last position. */
    hint[CEPA_MLDSA_HINTS_MAX - 1] = 1;
    CHECK_INT(verify(0), CEPA_ERR_AUTHENTICATION);
    memcpy(hint, good, sizeof good);
    CHECK_INT(verify(0), 0);
}

TEST(secrets_leave_the_workspace)
{
    static const struct cepa_mldsa_workspace empty;
    make_signature(13, zeros);
    CHECK_BYTES(&workspace, &empty, sizeof empty);
}

TEST_MAIN(RUN(keys_are_those_of_acvp), RUN(verdicts_are_those_of_wycheproof),
          RUN(signatures_verify_and_kernels_agree),
          RUN(deterministic_signatures_repeat_and_hedged_ones_differ),
          RUN(every_byte_of_a_signature_counts), RUN(every_byte_of_a_public_key_counts),
          RUN(message_and_context_are_bound_and_kept_apart),
          RUN(a_context_of_256_bytes_is_an_error_and_leaves_the_signature_alone),
          RUN(hints_in_another_encoding_are_refused), RUN(secrets_leave_the_workspace))
