/* The arithmetic of ML-KEM against definitions written down anew: reductions for every 16-bit
 * number, transforms against FIPS 203's algorithms, products against schoolbook multiplication,
 * encodings bit by bit; in portable and in fast code, and within the bounds that are promised. */
#include "crypto/mlkem_ring.h"

#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "native/cpu.h"
#include "support/random.h"
#include "support/test.h"

enum { Q = CEPA_MLKEM_Q, N = CEPA_MLKEM_N, ROUNDS = 200, ROOT = 17 };

static uint32_t cpus[2];

static void find_cpus(void)
{
    cpus[0] = CEPA_CPU_PORTABLE;
    cpus[1] = cepa_native_cpu();
}

static int modulo(long long value)
{
    int rest = (int)(value % Q);
    return rest < 0 ? rest + Q : rest;
}

static int power(int base, unsigned exponent)
{
    int result = 1;
    for (unsigned i = 0; i < exponent; i++) {
        result = modulo(result * base);
    }
    return result;
}

static unsigned reverse_7(unsigned value)
{
    unsigned result = 0;
    for (unsigned i = 0; i < 7; i++) {
        result |= (value >> i & 1) << (6 - i);
    }
    return result;
}

static int zeta(unsigned k)
{
    return power(ROOT, reverse_7(k));
}

/* Rounds half up, as FIPS 203 4.2.1 says; the quotient is never exactly a half. */
static int compressed(int x, unsigned bits)
{
    return (int)((((long long)x << (bits + 1)) + Q) / (2 * Q)) & ((1 << bits) - 1);
}

TEST(reductions_are_right_for_every_number)
{
    for (int a = INT16_MIN; a <= INT16_MAX; a++) {
        int reduced = cepa_mlkem_reduce((int16_t)a);
        int canonical = cepa_mlkem_canonical((int16_t)a);
        CHECK(reduced >= -(Q - 1) / 2 && reduced <= (Q - 1) / 2 && modulo(reduced - a) == 0);
        CHECK_INT(canonical, modulo(a));
    }
}

static void check_products(int b)
{
    int16_t b_low = cepa_mlkem_low((int16_t)b);
    int bad = 0;
    for (int a = INT16_MIN; a <= INT16_MAX; a++) {
        int product = cepa_mlkem_multiply((int16_t)a, (int16_t)b, b_low);
        bad |= (product * 65536LL - a * b) % Q != 0;
        bad |= abs(product) > abs(a * b) / 65536 + Q / 2 + 1;
    }
    CHECK_INT(bad, 0);
}

TEST(products_are_right_for_every_number)
{
    for (int b = -Q; b <= Q; b += 13) {
        check_products(b);
    }
    for (unsigned i = 1; i < 16; i++) {
        check_products(cepa_mlkem_forward_twiddles.scalar[i]);
        check_products(cepa_mlkem_inverse_twiddles.scalar[i]);
    }
    check_products(cepa_mlkem_inverse_twiddles.scalar[0]);
}

TEST(compression_is_right_for_every_number)
{
    for (int x = 0; x < Q; x++) {
        CHECK_INT(cepa_mlkem_compress_to_10((int16_t)x), compressed(x, 10));
        CHECK_INT(cepa_mlkem_compress_to_4((int16_t)x), compressed(x, 4));
        CHECK_INT(cepa_mlkem_compress_to_1((int16_t)x), compressed(x, 1));
    }
    for (int x = 0; x < 1024; x++) {
        CHECK_INT(cepa_mlkem_decompress_from_10((int16_t)x), (2 * Q * x + 1024) / 2048);
    }
}

static void check_twiddle(int16_t value, int16_t low, int want)
{
    CHECK_INT(modulo(value), modulo((long long)want * 65536));
    CHECK(abs(value) <= Q / 2);
    CHECK_INT((int16_t)(low * Q), value);
}

static void check_lanes(const struct cepa_mlkem_twiddles *twiddles, unsigned exponent)
{
    for (unsigned r = 0; r < 16; r++) {
        unsigned index[7] = {16 + r,         32 + 2 * r,     33 + 2 * r,    64 + 4 * r,
                             64 + 4 * r + 1, 64 + 4 * r + 2, 64 + 4 * r + 3};
        for (unsigned i = 0; i < 7; i++) {
            check_twiddle(twiddles->lanes[i][r], twiddles->lanes_low[i][r],
                          power(zeta(index[i]), exponent));
        }
    }
}

TEST(the_tables_are_what_they_say)
{
    const struct cepa_mlkem_twiddles *forward = &cepa_mlkem_forward_twiddles;
    const struct cepa_mlkem_twiddles *inverse = &cepa_mlkem_inverse_twiddles;
    /* x^(q - 2) is 1 / x. */
    int scale = modulo(65536LL * power(128, Q - 2));
    for (unsigned i = 1; i < 16; i++) {
        check_twiddle(forward->scalar[i], forward->scalar_low[i], zeta(i));
        check_twiddle(inverse->scalar[i], inverse->scalar_low[i],
                      modulo(power(zeta(i), Q - 2) * (i == 1 ? scale : 1)));
    }
    check_twiddle(inverse->scalar[0], inverse->scalar_low[0], scale);
    check_lanes(forward, 1);
    check_lanes(inverse, Q - 2);
}

/* FIPS 203's algorithm 9, to the letter. */
static void transform(int *f)
{
    unsigned i = 1;
    for (unsigned len = 128; len >= 2; len /= 2) {
        for (unsigned start = 0; start < N; start += 2 * len) {
            int z = zeta(i++);
            for (unsigned j = start; j < start + len; j++) {
                int t = modulo(z * f[j + len]);
                f[j + len] = modulo(f[j] - t);
                f[j] = modulo(f[j] + t);
            }
        }
    }
}

/* A polynomial within |x| <= bound: the extremes first, then random ones. */
static void fill(int16_t *ret, size_t count, int bound, unsigned round, struct test_random *random)
{
    for (size_t i = 0; i < count; i++) {
        int drawn = (int)test_random_below(random, (uint64_t)(2 * bound + 1)) - bound;
        int sign = round == 0 ? 1 : round == 1 ? -1 : test_random_below(random, 2) != 0 ? 1 : -1;
        ret[i] = (int16_t)(round < ROUNDS / 2 ? sign * bound : drawn);
    }
}

static void check_bound(const int16_t *at, size_t count, int bound)
{
    int largest = 0;
    for (size_t i = 0; i < count; i++) {
        largest = abs(at[i]) > largest ? abs(at[i]) : largest;
    }
    CHECK(largest <= bound);
}

TEST(transforms_are_those_of_the_standard)
{
    struct test_random random = {1};
    find_cpus();
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct cepa_mlkem_poly poly, ordered;
        struct cepa_mlkem_ntt ntt, arranged;
        int f[N];
        fill(poly.at, N, Q, round, &random);
        for (unsigned i = 0; i < N; i++) {
            f[i] = modulo(poly.at[i]);
        }
        transform(f);
        for (unsigned c = 0; c < 2; c++) {
            cepa_mlkem_ntt_forward(&ntt, &poly, cpus[c]);
            check_bound(&ntt.row[0][0], N, 5 * Q);
            cepa_mlkem_ntt_order(&ordered, &ntt);
            for (unsigned i = 0; i < N; i++) {
                CHECK_INT(modulo(ordered.at[i]), f[i]);
            }
            cepa_mlkem_ntt_arrange(&arranged, ordered.at, cpus[c]);
            CHECK_BYTES(&arranged, &ntt, sizeof ntt);
        }
    }
}

TEST(the_inverse_undoes_the_transform)
{
    struct test_random random = {2};
    find_cpus();
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct cepa_mlkem_poly poly, back;
        struct cepa_mlkem_ntt ntt;
        fill(poly.at, N, Q, round, &random);
        for (unsigned c = 0; c < 2; c++) {
            cepa_mlkem_ntt_forward(&ntt, &poly, cpus[c]);
            cepa_mlkem_ntt_inverse(&back, &ntt, cpus[c]);
            check_bound(back.at, N, Q);
            for (unsigned i = 0; i < N; i++) {
                CHECK_INT(modulo(back.at[i]), modulo(poly.at[i] * 65536LL));
            }
            /* The extremes of what a product may hand over. */
            fill(&ntt.row[0][0], N, 4 * Q, round, &random);
            cepa_mlkem_ntt_inverse(&back, &ntt, cpus[c]);
            check_bound(back.at, N, Q);
        }
    }
}

/* Adds the product of two polynomials modulo X^256 + 1. */
static void schoolbook(int *sum, const int16_t *a, const int16_t *b)
{
    for (unsigned i = 0; i < N; i++) {
        for (unsigned j = 0; j < N; j++) {
            int sign = i + j < N ? 1 : -1;
            sum[(i + j) % N] = modulo(sum[(i + j) % N] + sign * modulo(a[i]) * modulo(b[j]));
        }
    }
}

TEST(products_of_vectors_are_right)
{
    struct test_random random = {3};
    find_cpus();
    for (unsigned round = 0; round < 20; round++) {
        struct cepa_mlkem_poly a[CEPA_MLKEM_K], b[CEPA_MLKEM_K], product;
        struct cepa_mlkem_ntt a_ntt[CEPA_MLKEM_K], b_ntt, dot;
        struct cepa_mlkem_factor factor[CEPA_MLKEM_K];
        int sum[N] = {0};
        for (unsigned i = 0; i < CEPA_MLKEM_K; i++) {
            fill(a[i].at, N, Q, round < 2 ? round : ROUNDS, &random);
            fill(b[i].at, N, round < 10 ? 2 : Q, round < 2 ? round : ROUNDS, &random);
            schoolbook(sum, a[i].at, b[i].at);
        }
        for (unsigned c = 0; c < 2; c++) {
            for (unsigned i = 0; i < CEPA_MLKEM_K; i++) {
                cepa_mlkem_ntt_forward(&a_ntt[i], &a[i], cpus[c]);
                cepa_mlkem_ntt_forward(&b_ntt, &b[i], cpus[c]);
                cepa_mlkem_ntt_factor(&factor[i], &b_ntt, cpus[1 - c]);
            }
            cepa_mlkem_ntt_dot(&dot, a_ntt, factor, cpus[c]);
            check_bound(&dot.row[0][0], N, 4 * Q);
            cepa_mlkem_ntt_inverse(&product, &dot, cpus[c]);
            for (unsigned i = 0; i < N; i++) {
                CHECK_INT(modulo(product.at[i]), sum[i]);
            }
        }
    }
}

TEST(products_stay_in_bounds)
{
    struct test_random random = {4};
    find_cpus();
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct cepa_mlkem_ntt a[CEPA_MLKEM_K], b, dots[2];
        struct cepa_mlkem_factor factor[CEPA_MLKEM_K];
        for (unsigned i = 0; i < CEPA_MLKEM_K; i++) {
            fill(&a[i].row[0][0], N, 6 * Q, round, &random);
            fill(&b.row[0][0], N, round % 2 == 0 ? Q / 2 : 6 * Q, round, &random);
            cepa_mlkem_ntt_factor(&factor[i], &b, cpus[round % 2]);
        }
        for (unsigned c = 0; c < 2; c++) {
            cepa_mlkem_ntt_dot(&dots[c], a, factor, cpus[c]);
            check_bound(&dots[c].row[0][0], N, 4 * Q);
        }
        for (unsigned i = 0; i < N; i++) {
            CHECK_INT(modulo(dots[0].row[i / 16][i % 16]), modulo(dots[1].row[i / 16][i % 16]));
        }
    }
}

static unsigned bit_of(const uint8_t *bytes, size_t i)
{
    return bytes[i / 8] >> (i % 8) & 1u;
}

static int field_of(const uint8_t *bytes, unsigned i, unsigned bits)
{
    unsigned field = 0;
    for (unsigned j = 0; j < bits; j++) {
        field |= bit_of(bytes, (size_t)i * bits + j) << j;
    }
    return (int)field;
}

TEST(noise_is_that_of_the_standard)
{
    struct test_random random = {5};
    find_cpus();
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint8_t bytes[CEPA_MLKEM_NOISE_BYTES];
        struct cepa_mlkem_poly poly;
        test_random_bytes(&random, bytes, sizeof bytes);
        cepa_mlkem_noise(&poly, bytes, cpus[round % 2]);
        for (unsigned i = 0; i < N; i++) {
            int want = (int)(bit_of(bytes, 4 * i) + bit_of(bytes, 4 * i + 1)) -
                       (int)(bit_of(bytes, 4 * i + 2) + bit_of(bytes, 4 * i + 3));
            CHECK_INT(poly.at[i], want);
        }
    }
}

TEST(rejection_keeps_what_is_below_q)
{
    struct test_random random = {6};
    find_cpus();
    for (unsigned round = 0; round < 2 * ROUNDS; round++) {
        uint8_t bytes[504];
        int16_t got[N + CEPA_MLKEM_REJECT_SLACK], want[2 * N];
        unsigned first = round < ROUNDS ? 0 : (unsigned)test_random_below(&random, N);
        size_t len = round % 3 == 0 ? 168 : 504;
        unsigned count = first;
        test_random_bytes(&random, bytes, sizeof bytes);
        if (round % 5 == 0) {
            memset(bytes, round % 2 == 0 ? 0xff : 0x00, len / 2);
        }
        for (unsigned i = 0; i < len * 8 / 12 && count < N; i++) {
            want[count] = (int16_t)field_of(bytes, i, 12);
            count += want[count] < Q;
        }
        CHECK_INT(cepa_mlkem_reject(got, first, bytes, len, cpus[round / 2 % 2]), count);
        CHECK_BYTES(got + first, want + first, (count - first) * sizeof want[0]);
    }
}

TEST(compressed_polynomials_are_right)
{
    struct test_random random = {7};
    find_cpus();
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct cepa_mlkem_poly a, b, fields;
        uint8_t message[CEPA_MLKEM_MESSAGE_BYTES];
        fill(a.at, N, Q, round, &random);
        fill(b.at, N, 2, round, &random);
        test_random_bytes(&random, message, sizeof message);
        cepa_mlkem_compress_10(&fields, &a, &b, cpus[round % 2]);
        for (unsigned i = 0; i < N; i++) {
            CHECK_INT(fields.at[i], compressed(modulo(a.at[i] + b.at[i]), 10));
        }
        cepa_mlkem_compress_4(&fields, &a, &b, message, cpus[round % 2]);
        for (unsigned i = 0; i < N; i++) {
            int half = bit_of(message, i) != 0 ? (Q + 1) / 2 : 0;
            CHECK_INT(fields.at[i], compressed(modulo(a.at[i] + b.at[i] + half), 4));
        }
    }
}

/* Every number of [0, q) goes through the code for whole polynomials too. */
TEST(whole_polynomials_compress_every_number)
{
    static const struct cepa_mlkem_poly zeros;
    static const uint8_t no_message[CEPA_MLKEM_MESSAGE_BYTES];
    find_cpus();
    for (int first = 0; first < Q; first += N) {
        struct cepa_mlkem_poly poly, tens[2], fours[2];
        for (int i = 0; i < N; i++) {
            poly.at[i] = (int16_t)modulo(first + i);
        }
        for (unsigned c = 0; c < 2; c++) {
            cepa_mlkem_compress_10(&tens[c], &poly, &zeros, cpus[c]);
            cepa_mlkem_compress_4(&fours[c], &poly, &zeros, no_message, cpus[c]);
            for (unsigned i = 0; i < N; i++) {
                CHECK_INT(tens[c].at[i], compressed(poly.at[i], 10));
                CHECK_INT(fours[c].at[i], compressed(poly.at[i], 4));
            }
        }
    }
}

TEST(encodings_are_those_of_the_standard)
{
    struct test_random random = {8};
    find_cpus();
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint8_t bytes[CEPA_MLKEM_POLY_BYTES], again[CEPA_MLKEM_POLY_BYTES];
        struct cepa_mlkem_poly fields, poly;
        uint32_t cpu = cpus[round % 2];
        test_random_bytes(&random, bytes, sizeof bytes);
        cepa_mlkem_decode_10(&fields, &poly, bytes, cpu);
        for (unsigned i = 0; i < N; i++) {
            CHECK_INT(fields.at[i], field_of(bytes, i, 10));
            CHECK_INT(poly.at[i], (2 * Q * field_of(bytes, i, 10) + 1024) / 2048);
        }
        cepa_mlkem_encode_10(again, &fields, cpu);
        CHECK_BYTES(again, bytes, CEPA_MLKEM_POLY_10_BYTES);
        cepa_mlkem_decode_4(&fields, bytes, cpu);
        for (unsigned i = 0; i < N; i++) {
            CHECK_INT(fields.at[i], field_of(bytes, i, 4));
        }
        cepa_mlkem_encode_4(again, &fields, cpu);
        CHECK_BYTES(again, bytes, CEPA_MLKEM_POLY_4_BYTES);
        uint32_t too_big = 0;
        for (unsigned i = 0; i < N; i++) {
            too_big |= field_of(bytes, i, 12) >= Q;
        }
        CHECK_INT(cepa_mlkem_decode_12(&poly, bytes, cpu) != 0, too_big);
        for (unsigned i = 0; i < N; i++) {
            CHECK_INT(poly.at[i], field_of(bytes, i, 12));
        }
        cepa_mlkem_encode_12(again, &poly);
        for (unsigned i = 0; i < N; i++) {
            CHECK_INT(field_of(again, i, 12), modulo(poly.at[i]));
        }
    }
}

TEST(messages_are_read_as_the_standard_says)
{
    struct test_random random = {9};
    find_cpus();
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct cepa_mlkem_poly fields, noisy;
        uint8_t message[CEPA_MLKEM_MESSAGE_BYTES];
        for (unsigned i = 0; i < N; i++) {
            fields.at[i] = (int16_t)test_random_below(&random, 16);
        }
        fill(noisy.at, N, Q, round, &random);
        cepa_mlkem_message(message, &fields, &noisy, cpus[round % 2]);
        for (unsigned i = 0; i < N; i++) {
            int value = modulo((2 * Q * fields.at[i] + 16) / 32 - noisy.at[i]);
            CHECK_INT(bit_of(message, i), compressed(value, 1));
        }
    }
}

TEST(a_difference_is_seen_wherever_it_is)
{
    struct cepa_mlkem_poly a = {{0}}, b = {{0}};
    CHECK(cepa_mlkem_difference(&a, &b) == 0);
    for (unsigned i = 0; i < N; i++) {
        b.at[i] = (int16_t)(1 << (i % 15));
        CHECK(cepa_mlkem_difference(&a, &b) != 0);
        b.at[i] = 0;
    }
}

TEST_MAIN(RUN(reductions_are_right_for_every_number), RUN(products_are_right_for_every_number),
          RUN(compression_is_right_for_every_number), RUN(the_tables_are_what_they_say),
          RUN(transforms_are_those_of_the_standard), RUN(the_inverse_undoes_the_transform),
          RUN(products_of_vectors_are_right), RUN(products_stay_in_bounds),
          RUN(noise_is_that_of_the_standard), RUN(rejection_keeps_what_is_below_q),
          RUN(compressed_polynomials_are_right), RUN(whole_polynomials_compress_every_number),
          RUN(encodings_are_those_of_the_standard), RUN(messages_are_read_as_the_standard_says),
          RUN(a_difference_is_seen_wherever_it_is))
