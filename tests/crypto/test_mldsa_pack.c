/* Packing in ML-DSA is bit by bit what FIPS 204 says, and a hint has one encoding only. */
#include <string.h>

#include "crypto/mldsa_pack.h"
#include "support/random.h"
#include "support/test.h"

enum { N = CEPA_MLDSA_DEGREE };

/* pack_bits packs numbers below 2^width, least significant bit first, bit by bit. */
static void pack_bits(uint8_t *ret_bytes, const int32_t *numbers, unsigned width)
{
    memset(ret_bytes, 0, N * width / 8);
    for (unsigned i = 0; i < N * width; i++) {
        uint32_t bit = (uint32_t)numbers[i / width] >> (i % width) & 1;
        ret_bytes[i / 8] |= (uint8_t)(bit << (i % 8));
    }
}

static void fill(struct cepa_mldsa_poly *ret_poly, struct test_random *random, unsigned width)
{
    for (unsigned i = 0; i < N; i++) {
        ret_poly->coefficients[i] = (int32_t)test_random_below(random, (uint64_t)1 << width);
    }
}

TEST(high_parts_are_packed_in_10_bits)
{
    struct test_random random = {1};
    struct cepa_mldsa_poly poly, back;
    uint8_t want[CEPA_MLDSA_T1_BYTES];
    uint8_t got[CEPA_MLDSA_T1_BYTES];
    fill(&poly, &random, 10);
    pack_bits(want, poly.coefficients, 10);
    cepa_mldsa_pack_t1(got, &poly);
    CHECK_BYTES(got, want, sizeof want);
    cepa_mldsa_unpack_t1_scaled(&back, got);
    for (unsigned i = 0; i < N; i++) {
        CHECK_INT(back.coefficients[i], poly.coefficients[i] << 13);
    }
}

TEST(answers_are_packed_in_20_bits)
{
    struct test_random random = {2};
    struct cepa_mldsa_poly poly, numbers, back;
    uint8_t want[CEPA_MLDSA_Z_BYTES];
    uint8_t got[CEPA_MLDSA_Z_BYTES];
    fill(&numbers, &random, 20);
    numbers.coefficients[0] = 0;
    numbers.coefficients[1] = (1 << 20) - 1;
    pack_bits(want, numbers.coefficients, 20);
    for (unsigned i = 0; i < N; i++) {
        poly.coefficients[i] = CEPA_MLDSA_GAMMA1 - numbers.coefficients[i];
    }
    cepa_mldsa_pack_z(got, &poly);
    CHECK_BYTES(got, want, sizeof want);
    cepa_mldsa_unpack_z(&back, got);
    CHECK_BYTES(&back, &poly, sizeof poly);
}

TEST(commitments_are_packed_in_4_bits)
{
    struct test_random random = {3};
    struct cepa_mldsa_poly poly;
    uint8_t want[CEPA_MLDSA_W1_BYTES];
    uint8_t got[CEPA_MLDSA_W1_BYTES];
    fill(&poly, &random, 4);
    pack_bits(want, poly.coefficients, 4);
    cepa_mldsa_pack_w1(got, &poly);
    CHECK_BYTES(got, want, sizeof want);
}

static struct cepa_mldsa_poly hint[CEPA_MLDSA_ROWS];
static struct cepa_mldsa_poly unpacked[CEPA_MLDSA_ROWS];

TEST(hints_come_back)
{
    struct test_random random = {4};
    for (unsigned ones = 0; ones <= CEPA_MLDSA_HINTS_MAX; ones++) {
        uint8_t bytes[CEPA_MLDSA_HINT_BYTES];
        memset(hint, 0, sizeof hint);
        for (unsigned i = 0; i < ones; i++) {
            unsigned row = (unsigned)test_random_below(&random, CEPA_MLDSA_ROWS);
            hint[row].coefficients[test_random_below(&random, N)] = 1;
        }
        cepa_mldsa_pack_hint(bytes, hint);
        CHECK_INT(cepa_mldsa_unpack_hint(unpacked, bytes), 0);
        CHECK_BYTES(unpacked, hint, sizeof hint);
    }
}

/* A hint of positions 3 and 200 in the first polynomial and 7 in the last, changed at up to two
 * places. */
static const struct malformed {
    const char *name;
    struct {
        uint8_t place;
        uint8_t value;
    } changes[2];
} malformed[] = {
    {"positions swapped", {{0, 200}, {1, 3}}},
    {"position repeated", {{1, 3}, {1, 3}}},
    {"an end sinks", {{55 + 1, 1}, {55 + 1, 1}}},
    {"the last end sinks", {{55 + 5, 1}, {55 + 5, 1}}},
    {"an end above 55", {{55 + 5, 56}, {55 + 5, 56}}},
    {"an end at 255", {{55, 255}, {55, 255}}},
    {"something after the last position", {{3, 9}, {3, 9}}},
    {"something at the last place", {{54, 1}, {54, 1}}},
    {"fewer positions than written", {{55 + 5, 2}, {55 + 5, 2}}},
};

TEST(malformed_hints_are_refused)
{
    uint8_t good[CEPA_MLDSA_HINT_BYTES] = {3, 200, 7};
    memset(good + CEPA_MLDSA_HINTS_MAX, 2, 5);
    good[CEPA_MLDSA_HINT_BYTES - 1] = 3;
    CHECK_INT(cepa_mldsa_unpack_hint(unpacked, good), 0);
    CHECK(unpacked[0].coefficients[3] == 1 && unpacked[0].coefficients[200] == 1);
    CHECK(unpacked[5].coefficients[7] == 1 && unpacked[4].coefficients[7] == 0);
    for (unsigned i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
        uint8_t bytes[CEPA_MLDSA_HINT_BYTES];
        memcpy(bytes, good, sizeof good);
        for (unsigned j = 0; j < 2; j++) {
            bytes[malformed[i].changes[j].place] = malformed[i].changes[j].value;
        }
        test_note("%s", malformed[i].name);
        CHECK_INT(cepa_mldsa_unpack_hint(unpacked, bytes), CEPA_ERR_MALFORMED);
    }
}

/* Whatever unpacks is what packing gives: there is no second encoding of a hint. */
TEST(accepted_hints_pack_to_the_same_bytes)
{
    struct test_random random = {5};
    unsigned accepted = 0;
    for (unsigned round = 0; round < 20000; round++) {
        uint8_t bytes[CEPA_MLDSA_HINT_BYTES] = {0};
        uint8_t again[CEPA_MLDSA_HINT_BYTES];
        uint8_t ones = (uint8_t)test_random_below(&random, 4);
        test_random_bytes(&random, bytes, ones);
        for (unsigned row = 0; row < CEPA_MLDSA_ROWS; row++) {
            bytes[CEPA_MLDSA_HINTS_MAX + row] =
                row == CEPA_MLDSA_ROWS - 1 ? ones : (uint8_t)test_random_below(&random, 4);
        }
        if (cepa_mldsa_unpack_hint(unpacked, bytes) == 0) {
            accepted++;
            cepa_mldsa_pack_hint(again, unpacked);
            CHECK_BYTES(again, bytes, sizeof bytes);
        }
    }
    test_note("%u accepted", accepted);
    CHECK(accepted > 100 && accepted < 19000);
}

TEST_MAIN(RUN(high_parts_are_packed_in_10_bits), RUN(answers_are_packed_in_20_bits),
          RUN(commitments_are_packed_in_4_bits), RUN(hints_come_back),
          RUN(malformed_hints_are_refused), RUN(accepted_hints_pack_to_the_same_bytes))
