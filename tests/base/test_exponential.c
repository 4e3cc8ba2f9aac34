/* Exponential draws: single values against the C library's logarithm, the distribution of 10^6
 * draws, limits, and that the table is what its generator prints. */
#define _POSIX_C_SOURCE 200809L
#include "base/exponential.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log2_table.h"
#include "support/random.h"
#include "support/test.h"

#define SECOND UINT64_C(1000000000)

static double exact_ns(uint64_t bits, uint64_t mean_ns)
{
    /* Not a division by 2^64: clang 19 gets that wrong for x87 numbers when `bits` is a power of 2,
     * by adding to the exponent one bit too low. */
    return (double)(-logl(ldexpl((long double)bits, -64)) * (long double)mean_ns);
}

static void check_value(uint64_t bits, uint64_t mean_ns)
{
    double got = (double)cepa_exponential_ns(bits, mean_ns);
    double want = exact_ns(bits, mean_ns);
    double tolerance = 2e-6 * (double)mean_ns + 1.0 + 1e-8 * want;
    if (fabs(got - want) > tolerance) {
        test_note("bits %016llx, mean %llu: %f, not %f", (unsigned long long)bits,
                  (unsigned long long)mean_ns, got, want);
    }
    CHECK(fabs(got - want) <= tolerance);
}

TEST(single_values_are_close_to_the_logarithm)
{
    const uint64_t means[] = {0, 1, 1000, SECOND, 3600 * SECOND, CEPA_EXPONENTIAL_MEAN_MAX_NS};
    struct test_random random = {5};
    for (size_t i = 0; i < sizeof means / sizeof means[0]; i++) {
        for (unsigned shift = 0; shift < 64; shift++) {
            check_value(UINT64_C(1) << shift, means[i]);
            check_value(UINT64_MAX >> shift, means[i]);
            check_value((UINT64_C(1) << 63 | test_random_u64(&random)) >> shift, means[i]);
        }
    }
}

TEST(more_bits_never_give_a_longer_delay)
{
    struct test_random random = {6};
    for (unsigned i = 0; i < 200000; i++) {
        uint64_t bits = test_random_u64(&random) >> test_random_below(&random, 64);
        uint64_t step = test_random_u64(&random) >> test_random_below(&random, 64);
        uint64_t more = step > UINT64_MAX - bits ? UINT64_MAX : bits + step;
        CHECK(cepa_exponential_ns(more, SECOND) <= cepa_exponential_ns(bits, SECOND));
    }
}

TEST(draws_are_bounded)
{
    CHECK(cepa_exponential_ns(0, SECOND) == cepa_exponential_ns(1, SECOND));
    CHECK(cepa_exponential_ns(0, SECOND) > 44 * SECOND);
    CHECK(cepa_exponential_ns(0, SECOND) < CEPA_EXPONENTIAL_TIMES_MAX * SECOND);
    CHECK(cepa_exponential_ns(UINT64_MAX, SECOND) <= 1);
    CHECK(cepa_exponential_ns(0, 0) == 0);
    CHECK(cepa_exponential_ns(0, UINT64_MAX) ==
          cepa_exponential_ns(0, CEPA_EXPONENTIAL_MEAN_MAX_NS));
    CHECK(cepa_exponential_ns(0, UINT64_MAX) > 44 * CEPA_EXPONENTIAL_MEAN_MAX_NS);
}

#define DRAWS 1000000
static uint64_t draws[DRAWS];

static int compare_draws(const void *a, const void *b)
{
    const uint64_t *x = a;
    const uint64_t *y = b;
    return (*x > *y) - (*x < *y);
}

/* The largest distance between the draws' distribution and the exponential one. */
static double kolmogorov_smirnov(uint64_t mean_ns)
{
    double largest = 0;
    qsort(draws, DRAWS, sizeof draws[0], compare_draws);
    for (size_t i = 0; i < DRAWS; i++) {
        double below = -expm1(-(double)draws[i] / (double)mean_ns);
        largest = fmax(largest, fabs(below - (double)i / DRAWS));
        largest = fmax(largest, fabs(below - (double)(i + 1) / DRAWS));
    }
    return largest;
}

TEST(a_million_draws_are_exponential)
{
    const uint64_t mean_ns = 10 * 1000 * 1000;
    struct test_random random = {20261122};
    double sum = 0;
    double sum_of_squares = 0;
    for (size_t i = 0; i < DRAWS; i++) {
        draws[i] = cepa_exponential_ns(test_random_u64(&random), mean_ns);
        double times = (double)draws[i] / (double)mean_ns;
        sum += times;
        sum_of_squares += times * times;
    }
    double distance = kolmogorov_smirnov(mean_ns);
    test_note("mean %.5f, mean square %.5f, largest distance %.6f", sum / DRAWS,
              sum_of_squares / DRAWS, distance);
    /* Four standard deviations of the mean (1e-3) and of the mean square (sqrt(20) * 1e-3), and the
     * bound that 10^6 true draws exceed once in 1,000 times. */
    CHECK(fabs(sum / DRAWS - 1.0) < 4e-3);
    CHECK(fabs(sum_of_squares / DRAWS - 2.0) < 4 * 4.4722e-3);
    CHECK(distance < 1.95e-3);
    /* The measure can fail: the same draws are not exponential with a mean 1 % off. */
    CHECK(kolmogorov_smirnov(mean_ns + mean_ns / 100) > 1.95e-3);
}

TEST(the_table_is_the_rounded_logarithm)
{
    CHECK_INT(sizeof log2_table / sizeof log2_table[0], 257);
    for (unsigned i = 0; i <= 256; i++) {
        long double want = log2l(1.0L + (long double)i / 256.0L) * 2147483648.0L;
        CHECK(log2_table[i] == (uint32_t)floorl(want + 0.5L));
    }
}

TEST(the_table_is_what_its_generator_prints)
{
    static char committed[16384];
    static char printed[16384];
    FILE *file = fopen(CEPA_SOURCE_DIR "/src/base/log2_table.h", "r");
    CHECK(file != NULL);
    size_t committed_len = fread(committed, 1, sizeof committed, file);
    fclose(file);
    if (system("python3 -c 0 2>/dev/null") != 0) {
        test_skip("no python3 to run tools/generate-log2-table");
    }
    FILE *generator = popen("python3 " CEPA_SOURCE_DIR "/tools/generate-log2-table", "r");
    CHECK(generator != NULL);
    size_t printed_len = fread(printed, 1, sizeof printed, generator);
    CHECK_INT(pclose(generator), 0);
    CHECK(committed_len > 0 && committed_len < sizeof committed);
    CHECK_INT(printed_len, committed_len);
    CHECK_BYTES(printed, committed, committed_len);
}

TEST_MAIN(RUN(single_values_are_close_to_the_logarithm), RUN(more_bits_never_give_a_longer_delay),
          RUN(draws_are_bounded), RUN(a_million_draws_are_exponential),
          RUN(the_table_is_the_rounded_logarithm), RUN(the_table_is_what_its_generator_prints))
