/* Knocks are taken once, in their time, and no more than there is room for. @[SPEC 16.2] */
#include "session/knocks.h"

#include <stdlib.h>

#include "support/test.h"

enum { CAPACITY = 100 };

static const uint64_t start_ms = UINT64_C(1700000000000);
static struct cepa_knocks knocks;
static void *memory;

static void begin(void)
{
    static const struct cepa_siphash_key key = {{1}};
    size_t size = cepa_knocks_size(CAPACITY);
    memory = memory == NULL ? aligned_alloc(16, (size + 15) / 16 * 16) : memory;
    cepa_knocks_init(&knocks, memory, size, CAPACITY, &key, (struct cepa_wall){start_ms});
}

static int take(uint8_t which, int64_t time_ms, int64_t wall_ms)
{
    struct cepa_knock_tag tag = {{which}};
    struct cepa_wall time = {start_ms + (uint64_t)time_ms};
    struct cepa_wall wall = {start_ms + (uint64_t)wall_ms};
    return cepa_knocks_take(&knocks, &tag, time, wall);
}

TEST(a_knock_counts_once_and_in_its_time)
{
    const int64_t skew = (int64_t)CEPA_KNOCK_SKEW_MS;
    begin();
    CHECK_INT(take(1, 0, 0), 0);
    CHECK_INT(take(1, 0, 0), CEPA_ERR_REPLAY);
    CHECK_INT(take(2, -skew, 0), 0);
    CHECK_INT(take(3, skew, 0), 0);
    CHECK_INT(take(4, -skew - 1, 0), CEPA_ERR_EPOCH);
    CHECK_INT(take(4, skew + 1, 0), CEPA_ERR_EPOCH);
    CHECK_INT(take(3, skew, 2 * skew), CEPA_ERR_REPLAY); /* as long as it may come again */
    CHECK_INT(take(1, 0, skew), CEPA_ERR_REPLAY);
    CHECK_INT(take(1, 0, skew + 1), CEPA_ERR_EPOCH);
    cepa_knocks_wipe(&knocks);
}

/* Whatever moment a knock comes at, it is known until its time is over. */
TEST(tables_take_turns)
{
    const int64_t step = 600000;
    begin();
    for (int64_t at = 0; at < 60 * step; at += step) {
        CHECK_INT(take((uint8_t)(at / step + 1), at + 3 * step, at), 0);
        for (int64_t ago = 0; ago <= 6 && ago * step <= at; ago++) {
            CHECK_INT(take((uint8_t)((at - ago * step) / step + 1), at - ago * step + 3 * step, at),
                      CEPA_ERR_REPLAY);
        }
    }
    CHECK_INT(take(1, 0, -7200000), CEPA_ERR_EPOCH);
    CHECK_INT(take(201, -7200000, -7200000), 0); /* a clock that was set back */
    CHECK_INT(take(201, -7200000, -7200000), CEPA_ERR_REPLAY);
}

TEST(a_full_table_refuses)
{
    begin();
    for (unsigned i = 0; i < CAPACITY; i++) {
        CHECK_INT(take((uint8_t)i, 0, 0), 0);
    }
    CHECK_INT(take(CAPACITY, 0, 0), CEPA_ERR_FULL);
    CHECK_INT(take(0, 0, 0), CEPA_ERR_REPLAY);
    CHECK_INT(take(CAPACITY, 3600000, 3600000), 0);
    CHECK(cepa_knocks_size(UINT32_MAX) == SIZE_MAX);
    free(memory);
}

TEST_MAIN(RUN(a_knock_counts_once_and_in_its_time), RUN(tables_take_turns),
          RUN(a_full_table_refuses))
