/* Constant-time compare, select, copy and wipe give the right values. (That they are constant-time
 * is checked by tests/constant-time.) */
#include <string.h>

#include "base/ct.h"
#include "support/test.h"

TEST(masks_are_all_or_nothing)
{
    CHECK(cepa_ct_mask_if_zero(0) == UINT32_MAX);
    for (unsigned bit = 0; bit < 32; bit++) {
        CHECK(cepa_ct_mask_if_zero((uint32_t)1 << bit) == 0);
        CHECK(cepa_ct_mask_if_equal((uint32_t)1 << bit, (uint32_t)1 << bit) == UINT32_MAX);
    }
    CHECK(cepa_ct_mask_if_zero(UINT32_MAX) == 0);
    CHECK(cepa_ct_select(UINT32_MAX, 7, 9) == 7);
    CHECK(cepa_ct_select(0, 7, 9) == 9);
}

TEST(compare_sees_every_bit)
{
    uint8_t a[40] = {1, 2, 3};
    uint8_t b[40] = {1, 2, 3};
    CHECK(cepa_ct_compare(a, b, sizeof a) == UINT32_MAX);
    for (size_t bit = 0; bit < 8 * sizeof b; bit++) {
        b[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        CHECK(cepa_ct_compare(a, b, sizeof a) == 0);
        b[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
    CHECK(cepa_ct_compare(a, b, 0) == UINT32_MAX);
}

TEST(copy_obeys_its_mask)
{
    uint8_t to[5] = {1, 1, 1, 1, 1};
    const uint8_t from[5] = {9, 8, 7, 6, 5};
    cepa_ct_copy(to, from, sizeof to, 0);
    CHECK(to[0] == 1 && to[4] == 1);
    cepa_ct_copy(to, from, sizeof to, UINT32_MAX);
    CHECK_BYTES(to, from, sizeof to);
}

TEST(wipe_leaves_zeros)
{
    uint8_t secret[3] = {1, 2, 3};
    const uint8_t zeros[3] = {0};
    cepa_wipe(secret, sizeof secret);
    CHECK_BYTES(secret, zeros, sizeof secret);
}

TEST_MAIN(RUN(masks_are_all_or_nothing), RUN(compare_sees_every_bit), RUN(copy_obeys_its_mask),
          RUN(wipe_leaves_zeros))
