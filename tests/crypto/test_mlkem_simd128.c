/* The kernels of ML-KEM for WebAssembly, run natively over an emulation of its instructions, give
 * the same numbers as portable C and stay in the promised bounds. */
#include "support/simd128.h"

#include "crypto/wasm/mlkem_ntt_simd128.c"
#include "crypto/wasm/mlkem_poly_simd128.c"
#include "crypto/wasm/mlkem_twiddles_simd128.c"

#include <stdlib.h>
#include <string.h>

#include "support/random.h"
#include "support/test.h"

enum { Q = CEPA_MLKEM_Q, N = CEPA_MLKEM_N, ROUNDS = 400 };

static int modulo(long long value)
{
    int rest = (int)(value % Q);
    return rest < 0 ? rest + Q : rest;
}

/* Numbers within |x| <= bound: all at the extremes in every second round. */
static void fill(int16_t *ret, size_t count, int bound, unsigned round, struct test_random *random)
{
    for (size_t i = 0; i < count; i++) {
        int drawn = (int)test_random_below(random, (uint64_t)(2 * bound + 1)) - bound;
        int sign = round == 0 ? 1 : round == 2 ? -1 : test_random_below(random, 2) != 0 ? 1 : -1;
        ret[i] = (int16_t)(round % 2 == 0 ? sign * bound : drawn);
    }
}

static void check_same(const int16_t *got, const int16_t *want, int bound)
{
    for (unsigned i = 0; i < N; i++) {
        CHECK_INT(modulo(got[i]), modulo(want[i]));
        CHECK(abs(got[i]) <= bound);
    }
}

/* check_constants compares `count` constants with those in Montgomery's form. */
static void check_constants(const int16_t *plain, const int16_t *companion,
                            const int16_t *montgomery_form, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        CHECK_INT(modulo(montgomery_form[i]), modulo(plain[i] * 65536LL));
        CHECK(abs(plain[i]) <= Q / 2);
        /* The companion is rounded from a number that is never exactly a half. */
        CHECK(2 * abs(plain[i] * 32768 - companion[i] * Q) < Q);
    }
}

static void check_twiddles(const struct cepa_mlkem_twiddles *got,
                           const struct cepa_mlkem_twiddles *want)
{
    check_constants(got->scalar, got->scalar_low, want->scalar, 16);
    for (unsigned i = 0; i < 7; i++) {
        check_constants(got->lanes[i], got->lanes_low[i], want->lanes[i], 16);
    }
}

TEST(the_tables_are_what_they_say)
{
    check_twiddles(&cepa_mlkem_forward_simd128, &cepa_mlkem_forward_twiddles);
    check_twiddles(&cepa_mlkem_inverse_simd128, &cepa_mlkem_inverse_twiddles);
}

TEST(reductions_are_right_for_every_number)
{
    for (int a = INT16_MIN; a <= INT16_MAX; a++) {
        int16_t reduced = cepa_mlkem_simd128_reduce(cepa_i16x8_all(a))[0];
        CHECK(modulo(reduced) == modulo(a) && abs(reduced) <= Q / 2 + 1 + abs(a) / 62);
        CHECK_INT(cepa_mlkem_simd128_canonical(cepa_i16x8_all(a))[0], modulo(a));
    }
}

TEST(transforms_are_the_same)
{
    struct test_random random = {1};
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct cepa_mlkem_poly poly, back[2];
        struct cepa_mlkem_ntt got, want;
        fill(poly.at, N, Q, round, &random);
        cepa_mlkem_ntt_forward_simd128(&got, &poly);
        cepa_mlkem_ntt_forward_portable(&want, &poly);
        check_same(&got.row[0][0], &want.row[0][0], 6 * Q);
        fill(&want.row[0][0], N, 4 * Q, round, &random);
        cepa_mlkem_ntt_inverse_simd128(&back[0], &want);
        cepa_mlkem_ntt_inverse_portable(&back[1], &want);
        check_same(back[0].at, back[1].at, Q);
    }
}

TEST(products_are_the_same)
{
    struct test_random random = {2};
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct cepa_mlkem_ntt a[CEPA_MLKEM_K], b, got, want;
        struct cepa_mlkem_factor factors[2][CEPA_MLKEM_K];
        for (unsigned i = 0; i < CEPA_MLKEM_K; i++) {
            fill(&a[i].row[0][0], N, 6 * Q, round, &random);
            fill(&b.row[0][0], N, round % 3 == 0 ? Q / 2 : 6 * Q, round, &random);
            cepa_mlkem_ntt_factor_simd128(&factors[0][i], &b);
            cepa_mlkem_ntt_factor_portable(&factors[1][i], &b);
        }
        cepa_mlkem_ntt_dot_simd128(&got, a, factors[0]);
        cepa_mlkem_ntt_dot_portable(&want, a, factors[1]);
        check_same(&got.row[0][0], &want.row[0][0], 4 * Q);
    }
}

TEST(compression_and_encodings_are_the_same)
{
    struct test_random random = {3};
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct cepa_mlkem_poly a, b, got[2], want[2];
        uint8_t bytes[CEPA_MLKEM_POLY_BYTES], encoded[2][CEPA_MLKEM_POLY_BYTES];
        test_random_bytes(&random, bytes, sizeof bytes);
        fill(a.at, N, Q, round, &random);
        fill(b.at, N, 2, round, &random);
        cepa_mlkem_compress_10_simd128(&got[0], &a, &b);
        cepa_mlkem_compress_10_portable(&want[0], &a, &b);
        CHECK_BYTES(&got[0], &want[0], sizeof want[0]);
        cepa_mlkem_encode_10_simd128(encoded[0], &got[0]);
        cepa_mlkem_encode_10_portable(encoded[1], &got[0]);
        CHECK_BYTES(encoded[0], encoded[1], CEPA_MLKEM_POLY_10_BYTES);
        cepa_mlkem_compress_4_simd128(&got[0], &a, &b, bytes);
        cepa_mlkem_compress_4_portable(&want[0], &a, &b, bytes);
        CHECK_BYTES(&got[0], &want[0], sizeof want[0]);
        cepa_mlkem_encode_4_simd128(encoded[0], &got[0]);
        cepa_mlkem_encode_4_portable(encoded[1], &got[0]);
        CHECK_BYTES(encoded[0], encoded[1], CEPA_MLKEM_POLY_4_BYTES);
        cepa_mlkem_message_simd128(encoded[0], &got[0], &a);
        cepa_mlkem_message_portable(encoded[1], &got[0], &a);
        CHECK_BYTES(encoded[0], encoded[1], CEPA_MLKEM_MESSAGE_BYTES);
        cepa_mlkem_decode_10_simd128(&got[0], &got[1], bytes);
        cepa_mlkem_decode_10_portable(&want[0], &want[1], bytes);
        CHECK_BYTES(got, want, sizeof want);
        cepa_mlkem_decode_4_simd128(&got[0], bytes);
        cepa_mlkem_decode_4_portable(&want[0], bytes);
        CHECK_BYTES(&got[0], &want[0], sizeof want[0]);
        cepa_mlkem_noise_simd128(&got[0], bytes);
        cepa_mlkem_noise_portable(&want[0], bytes);
        CHECK_BYTES(&got[0], &want[0], sizeof want[0]);
    }
}

TEST(every_number_is_compressed_alike)
{
    static const struct cepa_mlkem_poly zeros;
    static const uint8_t no_message[CEPA_MLKEM_MESSAGE_BYTES];
    for (int first = INT16_MIN; first <= INT16_MAX; first += N) {
        struct cepa_mlkem_poly poly, got, want;
        for (int i = 0; i < N; i++) {
            poly.at[i] = (int16_t)(first + i);
        }
        cepa_mlkem_compress_10_simd128(&got, &poly, &zeros);
        cepa_mlkem_compress_10_portable(&want, &poly, &zeros);
        CHECK_BYTES(&got, &want, sizeof want);
        cepa_mlkem_compress_4_simd128(&got, &poly, &zeros, no_message);
        cepa_mlkem_compress_4_portable(&want, &poly, &zeros, no_message);
        CHECK_BYTES(&got, &want, sizeof want);
    }
}

TEST(numbers_of_12_bits_are_the_same)
{
    struct test_random random = {4};
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint8_t bytes[504];
        int16_t got[N + CEPA_MLKEM_REJECT_SLACK], want[N + CEPA_MLKEM_REJECT_SLACK];
        struct cepa_mlkem_poly polys[2];
        unsigned first = round % 2 == 0 ? 0 : (unsigned)test_random_below(&random, N);
        test_random_bytes(&random, bytes, sizeof bytes);
        if (round % 5 == 0) {
            memset(bytes, round % 2 == 0 ? 0xff : 0x00, 300);
        }
        unsigned count = cepa_mlkem_reject_portable(want, first, bytes, sizeof bytes);
        CHECK_INT(cepa_mlkem_reject_simd128(got, first, bytes, sizeof bytes), count);
        CHECK_BYTES(got + first, want + first, (count - first) * sizeof want[0]);
        /* One number too big, or none. */
        for (unsigned i = 0; i < CEPA_MLKEM_POLY_BYTES; i++) {
            bytes[i] &= i % 3 == 2 ? 0x7f : i % 3 == 1 ? 0xf7 : 0xff;
        }
        bytes[3 * (round % 128) + 1] |= round % 3 == 0 ? 0x0d : round % 3 == 1 ? 0xd0 : 0;
        bytes[3 * (round % 128) + 2] |= round % 3 == 1 ? 0xd0 : 0;
        CHECK_INT(cepa_mlkem_decode_12_simd128(&polys[0], bytes) != 0,
                  cepa_mlkem_decode_12_portable(&polys[1], bytes) != 0);
        CHECK_BYTES(&polys[0], &polys[1], sizeof polys[0]);
    }
}

TEST_MAIN(RUN(the_tables_are_what_they_say), RUN(reductions_are_right_for_every_number),
          RUN(transforms_are_the_same), RUN(products_are_the_same),
          RUN(compression_and_encodings_are_the_same), RUN(every_number_is_compressed_alike),
          RUN(numbers_of_12_bits_are_the_same))
