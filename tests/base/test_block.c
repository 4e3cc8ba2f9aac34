/* Carving: alignment, exact fit, sticky failure, sizes that overflow. */
#include "base/block.h"

#include <stdalign.h>
#include <string.h>

#include "support/panic.h"
#include "support/test.h"

static alignas(CEPA_BLOCK_ALIGNMENT) uint8_t memory[128];

TEST(sizes_round_up_and_saturate)
{
    CHECK(cepa_block_round(0) == 0 && cepa_block_round(1) == 16);
    CHECK(cepa_block_round(16) == 16 && cepa_block_round(17) == 32);
    CHECK(cepa_block_round(SIZE_MAX - 15) == SIZE_MAX - 15);
    CHECK(cepa_block_round(SIZE_MAX - 14) == SIZE_MAX);
    CHECK(cepa_block_array_size(3, 7) == 32);
    CHECK(cepa_block_array_size(SIZE_MAX, 0) == 0 && cepa_block_array_size(0, SIZE_MAX) == 0);
    CHECK(cepa_block_array_size(SIZE_MAX / 2, 3) == SIZE_MAX);
    CHECK(cepa_block_array_size(SIZE_MAX, 1) == SIZE_MAX);
    CHECK(cepa_block_sum(1, 2) == 3 && cepa_block_sum(SIZE_MAX, 0) == SIZE_MAX);
    CHECK(cepa_block_sum(SIZE_MAX - 1, 2) == SIZE_MAX);
}

TEST(parts_are_aligned_and_fill_the_block)
{
    struct cepa_block block;
    cepa_block_init(&block, memory, sizeof memory);
    CHECK(cepa_block_carve(&block, 1) == memory);
    CHECK(cepa_block_carve(&block, 0) == memory + 16);
    CHECK(cepa_block_carve(&block, 17) == memory + 16);
    CHECK(cepa_block_carve(&block, 80) == memory + 48);
    CHECK_INT(cepa_block_end(&block), 0);
    CHECK(block.left == 0);
}

TEST(a_part_that_does_not_fit_ends_it)
{
    struct cepa_block block;
    cepa_block_init(&block, memory, sizeof memory);
    CHECK(cepa_block_carve(&block, 120) != NULL);
    CHECK(cepa_block_carve(&block, 1) == NULL);
    CHECK_INT(cepa_block_end(&block), CEPA_ERR_FULL);
    cepa_block_init(&block, memory, sizeof memory);
    CHECK(cepa_block_carve(&block, SIZE_MAX) == NULL);
    CHECK(cepa_block_carve(&block, 1) == NULL);
    CHECK_INT(cepa_block_end(&block), CEPA_ERR_FULL);
}

TEST(zeroing_leaves_nothing)
{
    for (size_t size = 0; size <= 40; size++) {
        uint64_t words[6];
        memset(words, 0xa5, sizeof words);
        words[1] = 0;
        cepa_block_zero(words, size);
        for (size_t i = 0; i < sizeof words; i++) {
            bool is_zero = i < size || (i >= 8 && i < 16);
            CHECK_INT(((const uint8_t *)words)[i], is_zero ? 0 : 0xa5);
        }
    }
}

static void start_between(void)
{
    struct cepa_block block;
    cepa_block_init(&block, memory + 8, sizeof memory - 8);
}

TEST(an_unaligned_block_is_our_own_mistake)
{
    CHECK(test_panics(start_between));
}

TEST_MAIN(RUN(sizes_round_up_and_saturate), RUN(parts_are_aligned_and_fill_the_block),
          RUN(a_part_that_does_not_fit_ends_it), RUN(zeroing_leaves_nothing),
          RUN(an_unaligned_block_is_our_own_mistake))
