/* The transform of ML-DSA evaluates at the roots that FIPS 204 names, products are those of
 * polynomials, nothing overflows at the extremes, and every kernel does the same. */
#include <string.h>

#include "base/cpu.h"
#include "crypto/mldsa_reduce.h"
#include "native/cpu.h"
#include "support/random.h"
#include "support/test.h"

enum { Q = CEPA_MLDSA_Q, N = CEPA_MLDSA_DEGREE };

static const uint32_t kernels[2] = {CEPA_CPU_PORTABLE, CEPA_CPU_AVX2};

/* kernels_len gives how many of the kernels this machine has. */
static unsigned kernels_len(void)
{
    return cepa_native_cpu() & CEPA_CPU_AVX2 ? 2 : 1;
}

static int64_t modulo(int64_t a)
{
    return (a % Q + Q) % Q;
}

static int64_t power(int64_t base, unsigned exponent)
{
    int64_t result = 1;
    for (; exponent > 0; exponent >>= 1, base = base * base % Q) {
        result = exponent & 1 ? result * base % Q : result;
    }
    return result;
}

static unsigned reversed_bits(unsigned value)
{
    unsigned result = 0;
    for (unsigned bit = 0; bit < 8; bit++) {
        result |= (value >> bit & 1) << (7 - bit);
    }
    return result;
}

static struct cepa_mldsa_poly random_poly(struct test_random *random, int64_t bound)
{
    struct cepa_mldsa_poly poly;
    for (unsigned i = 0; i < N; i++) {
        poly.coefficients[i] =
            (int32_t)((int64_t)test_random_below(random, (uint64_t)(2 * bound + 1)) - bound);
    }
    return poly;
}

static void check_bound(const struct cepa_mldsa_poly *poly, int64_t bound)
{
    for (unsigned i = 0; i < N; i++) {
        CHECK(poly->coefficients[i] < bound && poly->coefficients[i] > -bound);
    }
}

static void check_equal(const struct cepa_mldsa_poly *got, const struct cepa_mldsa_poly *want)
{
    for (unsigned i = 0; i < N; i++) {
        CHECK_INT(modulo(got->coefficients[i]), modulo(want->coefficients[i]));
    }
}

TEST(montgomery_reduces_within_its_bound)
{
    struct test_random random = {1};
    const int64_t bound = (int64_t)Q << 31;
    const int64_t inverse = power(power(2, 32), Q - 2);
    for (unsigned i = 0; i < 2000000; i++) {
        int64_t a = (int64_t)test_random_below(&random, (uint64_t)(2 * bound - 1)) - bound + 1;
        if (i < 4000) { /* both ends, closely */
            a = i & 1 ? bound - 1 - i : 1 + i - bound;
        }
        int32_t got = cepa_mldsa_montgomery(a);
        CHECK(got < Q && got > -Q);
        CHECK_INT(modulo(got), modulo(a) * inverse % Q);
    }
}

TEST(reduce_keeps_residues_and_its_bound)
{
    for (int64_t a = INT32_MIN; a < (1LL << 31) - (1 << 22); a += 61) {
        int32_t got = cepa_mldsa_reduce((int32_t)a);
        CHECK(got >= -6283008 && got <= 6283008 && (a - got) % Q == 0);
    }
    for (int32_t a = 1 - Q; a < Q; a++) {
        CHECK(cepa_mldsa_add_q_if_negative(a) == (a < 0 ? a + Q : a));
    }
}

TEST(transform_evaluates_at_each_root)
{
    struct test_random random = {2};
    struct cepa_mldsa_poly poly = random_poly(&random, Q - 1);
    for (unsigned kernel = 0; kernel < kernels_len(); kernel++) {
        struct cepa_mldsa_poly transformed = poly;
        cepa_mldsa_ntt(&transformed, kernels[kernel]);
        check_bound(&transformed, 9 * (int64_t)Q);
        for (unsigned i = 0; i < N; i++) {
            int64_t root = power(1753, 2 * reversed_bits(i) + 1);
            int64_t value = 0;
            for (unsigned j = N; j > 0; j--) {
                value = modulo(value * root + poly.coefficients[j - 1]);
            }
            CHECK_INT(modulo(transformed.coefficients[i]), value);
        }
    }
}

TEST(transforming_back_multiplies_by_r)
{
    struct test_random random = {3};
    for (unsigned kernel = 0; kernel < kernels_len(); kernel++) {
        struct cepa_mldsa_poly poly = random_poly(&random, Q - 1);
        struct cepa_mldsa_poly want = poly;
        cepa_mldsa_ntt(&poly, kernels[kernel]);
        for (unsigned i = 0; i < N; i++) {
            poly.coefficients[i] = cepa_mldsa_reduce(poly.coefficients[i]);
            want.coefficients[i] = (int32_t)modulo(want.coefficients[i] * (power(2, 32)));
        }
        cepa_mldsa_ntt_inverse(&poly, kernels[kernel]);
        check_bound(&poly, Q);
        check_equal(&poly, &want);
    }
}

/* multiply_schoolbook multiplies modulo x^256 + 1. */
static struct cepa_mldsa_poly multiply_schoolbook(const struct cepa_mldsa_poly *a,
                                                  const struct cepa_mldsa_poly *b)
{
    struct cepa_mldsa_poly product;
    int64_t sums[2 * N] = {0};
    for (unsigned i = 0; i < N; i++) {
        for (unsigned j = 0; j < N; j++) {
            sums[i + j] = (sums[i + j] + (int64_t)a->coefficients[i] * b->coefficients[j]) % Q;
        }
    }
    for (unsigned i = 0; i < N; i++) {
        product.coefficients[i] = (int32_t)modulo(sums[i] - sums[i + N]);
    }
    return product;
}

/* extreme_poly gives a polynomial of the largest coefficients, in several patterns of signs. */
static struct cepa_mldsa_poly extreme_poly(unsigned pattern)
{
    struct cepa_mldsa_poly poly;
    for (unsigned i = 0; i < N; i++) {
        poly.coefficients[i] = (i >> pattern) & 1 ? Q - 1 : 1 - Q;
    }
    return poly;
}

TEST(products_are_those_of_the_schoolbook)
{
    struct test_random random = {4};
    for (unsigned round = 0; round < 20; round++) {
        struct cepa_mldsa_poly a = round < 9 ? extreme_poly(round) : random_poly(&random, Q - 1);
        struct cepa_mldsa_poly b =
            round < 9 ? extreme_poly(8 - round) : random_poly(&random, Q - 1);
        struct cepa_mldsa_poly want = multiply_schoolbook(&a, &b);
        for (unsigned kernel = 0; kernel < kernels_len(); kernel++) {
            struct cepa_mldsa_poly x = a;
            struct cepa_mldsa_poly y = b;
            cepa_mldsa_ntt(&x, kernels[kernel]);
            cepa_mldsa_ntt(&y, kernels[kernel]);
            cepa_mldsa_multiply(&x, &x, &y, kernels[kernel]);
            check_bound(&x, Q);
            cepa_mldsa_ntt_inverse(&x, kernels[kernel]);
            check_bound(&x, Q);
            check_equal(&x, &want);
        }
    }
}

TEST(rows_are_sums_of_products)
{
    struct test_random random = {5};
    for (unsigned round = 0; round < 20; round++) {
        struct cepa_mldsa_poly a[CEPA_MLDSA_COLUMNS];
        struct cepa_mldsa_poly b[CEPA_MLDSA_COLUMNS];
        struct cepa_mldsa_poly want = {0};
        for (unsigned i = 0; i < CEPA_MLDSA_COLUMNS; i++) {
            struct cepa_mldsa_poly product;
            a[i] = round == 0 ? extreme_poly(8) : random_poly(&random, Q - 1);
            b[i] = random_poly(&random, 9 * (int64_t)Q - 1);
            for (unsigned j = 0; j < N && round == 0; j++) {
                b[i].coefficients[j] = 9 * Q - 1;
            }
            cepa_mldsa_multiply_portable(&product, &a[i], &b[i]);
            for (unsigned j = 0; j < N; j++) {
                want.coefficients[j] += product.coefficients[j];
            }
        }
        for (unsigned kernel = 0; kernel < kernels_len(); kernel++) {
            struct cepa_mldsa_poly got;
            cepa_mldsa_multiply_row(&got, a, b, kernels[kernel]);
            check_bound(&got, Q);
            check_equal(&got, &want);
        }
    }
}

TEST(transforming_back_holds_the_largest_sums)
{
    for (unsigned pattern = 0; pattern <= 8; pattern++) {
        struct cepa_mldsa_poly extreme = extreme_poly(pattern);
        for (unsigned kernel = 0; kernel < kernels_len(); kernel++) {
            struct cepa_mldsa_poly poly = extreme;
            cepa_mldsa_ntt_inverse(&poly, kernels[kernel]);
            check_bound(&poly, Q);
            cepa_mldsa_ntt(&poly, kernels[kernel]);
            for (unsigned i = 0; i < N; i++) {
                CHECK_INT(modulo(poly.coefficients[i]),
                          modulo(extreme.coefficients[i] * power(2, 32)));
            }
        }
    }
}

TEST_MAIN(RUN(montgomery_reduces_within_its_bound), RUN(reduce_keeps_residues_and_its_bound),
          RUN(transform_evaluates_at_each_root), RUN(transforming_back_multiplies_by_r),
          RUN(products_are_those_of_the_schoolbook), RUN(rows_are_sums_of_products),
          RUN(transforming_back_holds_the_largest_sums))
