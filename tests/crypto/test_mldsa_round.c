/* Rounding in ML-DSA is what FIPS 204 defines, for every residue; the shortcuts of hints and norm
 * checks agree with their definitions. */
#include <stdlib.h>

#include "crypto/mldsa_reduce.h"
#include "crypto/mldsa_round.h"
#include "support/random.h"
#include "support/test.h"

enum { Q = CEPA_MLDSA_Q, N = CEPA_MLDSA_DEGREE, STEP = 2 * CEPA_MLDSA_GAMMA2 };

/* centred gives the representative of `a` modulo the even `m` in (-m/2, m/2]. */
static int32_t centred(int32_t a, int32_t m)
{
    int32_t rest = a % m;
    return rest > m / 2 ? rest - m : rest;
}

/* split is Decompose as it is defined. */
static int32_t split(int32_t *ret_low, int32_t a)
{
    *ret_low = centred(a, STEP);
    if (a - *ret_low == Q - 1) {
        *ret_low -= 1;
        return 0;
    }
    return (a - *ret_low) / STEP;
}

static int32_t modulo(int64_t a)
{
    return (int32_t)((a % Q + Q) % Q);
}

TEST(power2round_is_right_for_every_residue)
{
    for (int32_t a = 0; a < Q; a++) {
        int32_t low;
        int32_t high = cepa_mldsa_power2round(&low, a);
        int32_t want = centred(a, 1 << CEPA_MLDSA_DROPPED_BITS);
        CHECK(low == want && high == (a - want) >> CEPA_MLDSA_DROPPED_BITS);
    }
}

TEST(decompose_is_right_for_every_residue)
{
    for (int32_t a = 0; a < Q; a++) {
        int32_t low;
        int32_t want_low;
        int32_t high = cepa_mldsa_decompose(&low, a);
        CHECK(high == split(&want_low, a) && low == want_low);
    }
}

TEST(use_hint_is_right_for_every_residue)
{
    for (int32_t a = 0; a < Q; a++) {
        int32_t low;
        int32_t high = split(&low, a);
        CHECK(cepa_mldsa_use_hint(a, 0) == high);
        CHECK(cepa_mldsa_use_hint(a, 1) == (low > 0 ? (high + 1) % 16 : (high + 15) % 16));
    }
}

/* check_hint compares make_hint with its definition, for w - c * s2 = `a`, which passed its norm
 * check, and c * t0 = `t`; and use_hint brings the high part back. */
static void check_hint(int32_t a, int32_t t)
{
    int32_t low;
    int32_t unused;
    int32_t high = split(&low, a);
    if (abs(low) >= CEPA_MLDSA_GAMMA2 - CEPA_MLDSA_BETA) {
        return;
    }
    int32_t moved = modulo((int64_t)a + t);
    int32_t want = split(&unused, moved) != high;
    int32_t hint = cepa_mldsa_make_hint(low + t, high);
    CHECK_INT(hint, want);
    CHECK_INT(cepa_mldsa_use_hint(moved, hint), high);
}

TEST(hints_are_as_defined_and_bring_the_high_part_back)
{
    struct test_random random = {1};
    for (unsigned i = 0; i < 3000000; i++) {
        int32_t t = (int32_t)test_random_below(&random, STEP - 1) - CEPA_MLDSA_GAMMA2 + 1;
        check_hint((int32_t)test_random_below(&random, Q), t);
    }
    /* Sums at and beside each border between high parts. */
    for (int32_t border = CEPA_MLDSA_GAMMA2; border < Q; border += STEP) {
        for (int32_t near = -3; near <= 3; near++) {
            for (int32_t t = 1 - CEPA_MLDSA_GAMMA2; t < CEPA_MLDSA_GAMMA2; t += 97) {
                check_hint(modulo((int64_t)border + near - t), t);
            }
        }
    }
}

TEST(norm_checks_see_every_coefficient_and_both_signs)
{
    const int32_t bounds[] = {CEPA_MLDSA_GAMMA1 - CEPA_MLDSA_BETA,
                              CEPA_MLDSA_GAMMA2 - CEPA_MLDSA_BETA, CEPA_MLDSA_GAMMA2, (Q - 1) / 8};
    struct cepa_mldsa_poly poly = {{0}};
    for (unsigned i = 0; i < 4 * N; i++) {
        int32_t bound = bounds[i >> 8];
        int32_t *coefficient = &poly.coefficients[i & (N - 1)];
        const int32_t values[] = {bound - 1, 1 - bound, bound, -bound, 6283008, -6283008};
        for (unsigned j = 0; j < 6; j++) {
            *coefficient = values[j];
            CHECK(cepa_mldsa_poly_exceeds(&poly, bound) == (j < 2 ? 0 : UINT32_MAX));
        }
        *coefficient = 0;
    }
}

/* Whoever is within a bound modulo q is so after reduction too. */
TEST(reduced_coefficients_have_their_true_norm)
{
    for (int32_t a = 1 - 2 * Q; a < 2 * Q; a++) {
        int32_t rest = modulo(a);
        int32_t norm = rest > Q / 2 ? Q - rest : rest;
        if (norm <= (Q - 1) / 8) {
            CHECK(abs(cepa_mldsa_reduce(a)) == norm);
        } else {
            CHECK(abs(cepa_mldsa_reduce(a)) > (Q - 1) / 8);
        }
    }
}

static void fill(struct cepa_mldsa_poly *ret_poly, struct test_random *random, int32_t bound)
{
    for (unsigned i = 0; i < N; i++) {
        ret_poly->coefficients[i] =
            (int32_t)test_random_below(random, 2 * (uint64_t)bound - 1) - bound + 1;
    }
}

TEST(polynomials_are_rounded_coefficient_by_coefficient)
{
    struct test_random random = {2};
    struct cepa_mldsa_poly a, b, high, low, hint;
    fill(&a, &random, Q);
    cepa_mldsa_poly_power2round(&high, &low, &a);
    cepa_mldsa_poly_decompose(&b, &hint, &a);
    for (unsigned i = 0; i < N; i++) {
        int32_t want_low;
        int32_t residue = modulo(a.coefficients[i]);
        CHECK_INT(high.coefficients[i], cepa_mldsa_power2round(&want_low, residue));
        CHECK_INT(low.coefficients[i], want_low);
        CHECK_INT(b.coefficients[i], split(&want_low, residue));
        CHECK_INT(hint.coefficients[i], want_low);
    }
    fill(&low, &random, STEP);
    uint32_t ones = cepa_mldsa_poly_make_hint(&hint, &low, &b);
    cepa_mldsa_poly_use_hint(&high, &a, &hint);
    for (unsigned i = 0; i < N; i++) {
        int32_t one = cepa_mldsa_make_hint(low.coefficients[i], b.coefficients[i]);
        CHECK_INT(hint.coefficients[i], one);
        CHECK_INT(high.coefficients[i], cepa_mldsa_use_hint(modulo(a.coefficients[i]), one));
        ones -= (uint32_t)one;
    }
    CHECK_INT(ones, 0);
}

TEST(sums_and_differences_are_reduced)
{
    struct test_random random = {3};
    struct cepa_mldsa_poly a, b;
    fill(&a, &random, 2 * Q);
    fill(&b, &random, 2 * Q);
    struct cepa_mldsa_poly sum = a, difference = a, reduced = a;
    cepa_mldsa_poly_add_reduce(&sum, &b);
    cepa_mldsa_poly_subtract_reduce(&difference, &b);
    cepa_mldsa_poly_reduce(&reduced);
    for (unsigned i = 0; i < N; i++) {
        CHECK_INT(sum.coefficients[i], cepa_mldsa_reduce(a.coefficients[i] + b.coefficients[i]));
        CHECK_INT(difference.coefficients[i],
                  cepa_mldsa_reduce(a.coefficients[i] - b.coefficients[i]));
        CHECK_INT(reduced.coefficients[i], cepa_mldsa_reduce(a.coefficients[i]));
    }
}

TEST_MAIN(RUN(power2round_is_right_for_every_residue), RUN(decompose_is_right_for_every_residue),
          RUN(use_hint_is_right_for_every_residue),
          RUN(hints_are_as_defined_and_bring_the_high_part_back),
          RUN(norm_checks_see_every_coefficient_and_both_signs),
          RUN(reduced_coefficients_have_their_true_norm),
          RUN(polynomials_are_rounded_coefficient_by_coefficient),
          RUN(sums_and_differences_are_reduced))
