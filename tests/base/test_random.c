/* The randomness hook: bytes come through, and a failure leaves zeros. */
#include "base/random.h"

#include <string.h>

#include "native/host.h"
#include "support/test.h"

static int fill_sevens(void *context, uint8_t *ret_bytes, size_t len)
{
    ++*(unsigned *)context;
    memset(ret_bytes, 7, len);
    return 0;
}

/* Gives half of the bytes and then fails, which is the worst that a source may do. */
static int fill_half(void *context, uint8_t *ret_bytes, size_t len)
{
    ++*(unsigned *)context;
    memset(ret_bytes, 7, len / 2);
    return -1;
}

TEST(bytes_come_through)
{
    unsigned calls = 0;
    const struct cepa_random random = {fill_sevens, &calls};
    uint8_t bytes[9] = {0};
    CHECK_INT(cepa_random_fill(&random, bytes, 8), 0);
    CHECK_BYTES(bytes, "\7\7\7\7\7\7\7\7", 9);
    CHECK(calls == 1);
}

TEST(a_failure_leaves_zeros)
{
    unsigned calls = 0;
    const struct cepa_random random = {fill_half, &calls};
    uint8_t bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    const uint8_t zeros[8] = {0};
    CHECK_INT(cepa_random_fill(&random, bytes, sizeof bytes), CEPA_ERR_RANDOM);
    CHECK_BYTES(bytes, zeros, sizeof bytes);
    CHECK(calls == 1);
}

TEST(the_kernel_gives_different_bytes)
{
    uint8_t a[32];
    uint8_t b[32];
    CHECK_INT(cepa_random_fill(cepa_native_random(), a, sizeof a), 0);
    CHECK_INT(cepa_random_fill(cepa_native_random(), b, sizeof b), 0);
    CHECK(memcmp(a, b, sizeof a) != 0);
}

TEST_MAIN(RUN(bytes_come_through), RUN(a_failure_leaves_zeros),
          RUN(the_kernel_gives_different_bytes))
