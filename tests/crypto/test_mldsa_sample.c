/* Sampling in ML-DSA takes what FIPS 204 takes of SHAKE's output, in every kernel: compared with
 * one polynomial at a time by single computations. */
#include <string.h>

#include "base/cpu.h"
#include "crypto/mldsa_sample.h"
#include "native/cpu.h"
#include "support/random.h"
#include "support/test.h"

enum { Q = CEPA_MLDSA_Q, N = CEPA_MLDSA_DEGREE };

static struct cepa_mldsa_workspace workspace;
static struct cepa_mldsa_poly got[CEPA_MLDSA_MATRIX];

static void start(struct cepa_shake *ret_shake, void (*init)(struct cepa_shake *),
                  const uint8_t *seed, size_t seed_len, unsigned number)
{
    uint8_t suffix[2] = {(uint8_t)number, (uint8_t)(number >> 8)};
    init(ret_shake);
    cepa_shake_absorb(ret_shake, seed, seed_len);
    cepa_shake_absorb(ret_shake, suffix, sizeof suffix);
}

static struct cepa_mldsa_poly want_uniform(const uint8_t rho[32], unsigned row, unsigned column)
{
    struct cepa_mldsa_poly poly;
    struct cepa_shake shake;
    start(&shake, cepa_shake128_init, rho, 32, column | row << 8);
    for (unsigned count = 0; count < N;) {
        uint8_t bytes[3];
        cepa_shake_squeeze(&shake, bytes, sizeof bytes);
        int32_t value = bytes[0] + 256 * bytes[1] + 65536 * (bytes[2] & 127);
        if (value < Q) {
            poly.coefficients[count++] = value;
        }
    }
    return poly;
}

static struct cepa_mldsa_poly want_small(const uint8_t seed[64], unsigned number)
{
    struct cepa_mldsa_poly poly;
    struct cepa_shake shake;
    start(&shake, cepa_shake256_init, seed, 64, number);
    for (unsigned count = 0; count < N;) {
        uint8_t byte;
        cepa_shake_squeeze(&shake, &byte, 1);
        if (byte % 16 < 9) {
            poly.coefficients[count++] = 4 - byte % 16;
        }
        if (byte / 16 < 9 && count < N) {
            poly.coefficients[count++] = 4 - byte / 16;
        }
    }
    return poly;
}

static struct cepa_mldsa_poly want_mask(const uint8_t seed[64], unsigned number)
{
    struct cepa_mldsa_poly poly;
    struct cepa_shake shake;
    uint8_t bytes[CEPA_MLDSA_Z_BYTES];
    start(&shake, cepa_shake256_init, seed, 64, number);
    cepa_shake_squeeze(&shake, bytes, sizeof bytes);
    for (unsigned i = 0; i < N; i++) {
        int32_t value = 0;
        for (unsigned bit = 20 * i; bit < 20 * i + 20; bit++) {
            value |= (bytes[bit / 8] >> (bit % 8) & 1) << (bit - 20 * i);
        }
        poly.coefficients[i] = CEPA_MLDSA_GAMMA1 - value;
    }
    return poly;
}

TEST(matrices_are_those_of_single_computations)
{
    struct test_random random = {1};
    uint8_t rho[32];
    for (unsigned round = 0; round < 20; round++) {
        test_random_bytes(&random, rho, sizeof rho);
        cepa_mldsa_sample_matrix(got, rho, &workspace, round & 1 ? cepa_native_cpu() : 0);
        for (unsigned row = 0; row < CEPA_MLDSA_ROWS; row++) {
            for (unsigned column = 0; column < CEPA_MLDSA_COLUMNS; column++) {
                struct cepa_mldsa_poly want = want_uniform(rho, row, column);
                CHECK_BYTES(&got[row * CEPA_MLDSA_COLUMNS + column], &want, sizeof want);
            }
        }
    }
}

TEST(secrets_are_those_of_single_computations)
{
    struct test_random random = {2};
    uint8_t seed[64];
    for (unsigned round = 0; round < 50; round++) {
        test_random_bytes(&random, seed, sizeof seed);
        cepa_mldsa_sample_secrets(got, got + CEPA_MLDSA_COLUMNS, seed, &workspace,
                                  round & 1 ? cepa_native_cpu() : 0);
        for (unsigned i = 0; i < CEPA_MLDSA_COLUMNS + CEPA_MLDSA_ROWS; i++) {
            struct cepa_mldsa_poly want = want_small(seed, i);
            CHECK_BYTES(&got[i], &want, sizeof want);
        }
    }
}

TEST(masks_are_those_of_single_computations)
{
    struct test_random random = {3};
    uint8_t seed[64];
    test_random_bytes(&random, seed, sizeof seed);
    for (unsigned first = 0; first < 600; first += 123) {
        cepa_mldsa_sample_masks(got, seed, first, &workspace, first & 1 ? cepa_native_cpu() : 0);
        for (unsigned i = 0; i < 4; i++) {
            struct cepa_mldsa_poly want = want_mask(seed, first + i);
            CHECK_BYTES(&got[i], &want, sizeof want);
        }
    }
}

/* Among random bytes one candidate in a thousand is passed over; here every second one is, and the
 * last coefficients come from the middle of eight. */
TEST(kernels_pass_over_the_same_candidates)
{
    struct test_random random = {4};
    uint8_t bytes[CEPA_MLDSA_SQUEEZED];
    uint32_t cpu = cepa_native_cpu();
    for (unsigned round = 0; round < 500; round++) {
        struct cepa_mldsa_poly a = {{0}};
        struct cepa_mldsa_poly b = {{0}};
        unsigned start_count = (unsigned)test_random_below(&random, N + 1);
        size_t len = 3 * (size_t)test_random_below(&random, 281);
        test_random_bytes(&random, bytes, sizeof bytes);
        for (size_t i = 0; i + 2 < sizeof bytes; i += 3) {
            if (test_random_below(&random, 1 + round % 40) == 0) {
                int32_t value = Q + (int32_t)test_random_below(&random, 4) - 2;
                bytes[i] = (uint8_t)value;
                bytes[i + 1] = (uint8_t)(value >> 8);
                bytes[i + 2] = (uint8_t)(value >> 16 | 128);
            }
        }
        unsigned count_a = cepa_mldsa_take_uniform(&a, start_count, bytes, len, 0);
        unsigned count_b = cepa_mldsa_take_uniform(&b, start_count, bytes, len, cpu);
        CHECK_INT(count_a, count_b);
        CHECK_BYTES(&a, &b, count_a * sizeof a.coefficients[0]);
        for (unsigned i = start_count; i < count_a; i++) {
            CHECK(a.coefficients[i] >= 0 && a.coefficients[i] < Q);
        }
    }
}

TEST(challenges_are_as_defined)
{
    struct test_random random = {5};
    for (unsigned round = 0; round < 200; round++) {
        uint8_t digest[CEPA_MLDSA_CHALLENGE_BYTES];
        uint8_t stream[1000];
        struct cepa_mldsa_poly challenge;
        struct cepa_mldsa_poly want = {{0}};
        unsigned next = 8;
        unsigned weight = 0;
        test_random_bytes(&random, digest, sizeof digest);
        cepa_shake256(stream, sizeof stream, digest, sizeof digest);
        cepa_mldsa_sample_challenge(&challenge, digest);
        for (unsigned i = 0; i < CEPA_MLDSA_TAU; i++, next++) {
            unsigned place = N - CEPA_MLDSA_TAU + i;
            while (stream[next] > place) {
                next++;
            }
            want.coefficients[place] = want.coefficients[stream[next]];
            want.coefficients[stream[next]] = stream[i / 8] >> (i % 8) & 1 ? -1 : 1;
        }
        CHECK_BYTES(&challenge, &want, sizeof want);
        for (unsigned i = 0; i < N; i++) {
            weight += challenge.coefficients[i] != 0;
        }
        CHECK_INT(weight, CEPA_MLDSA_TAU);
    }
}

TEST_MAIN(RUN(matrices_are_those_of_single_computations),
          RUN(secrets_are_those_of_single_computations),
          RUN(masks_are_those_of_single_computations), RUN(kernels_pass_over_the_same_candidates),
          RUN(challenges_are_as_defined))
