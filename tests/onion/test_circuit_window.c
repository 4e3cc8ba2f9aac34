/* Windows over counters that start anywhere and wrap around: which counters belong to one, what a
 * refused counter leaves behind, and how a counter finds its window among several. */
#include <stdbool.h>
#include <string.h>

#include "onion/circuit_window.h"
#include "support/test.h"

enum { WINDOWS = 3 };

static struct cepa_circuit_window windows[WINDOWS];

static void start(void)
{
    memset(windows, 0, sizeof windows);
}

/* Takes a counter as a hop does. */
static int take(uint64_t counter)
{
    struct cepa_circuit_window *window = cepa_circuit_window_find(windows, WINDOWS, counter);
    if (window == NULL) {
        return CEPA_ERR_FULL;
    }
    int error = cepa_circuit_window_check(window, counter);
    if (error == 0) {
        cepa_circuit_window_accept(window, counter);
    }
    return error;
}

static size_t used(void)
{
    size_t count = 0;
    for (size_t i = 0; i < WINDOWS; i++) {
        count += windows[i].is_used;
    }
    return count;
}

TEST(a_counter_counts_once_wherever_it_starts)
{
    static const uint64_t starts[] = {
        0, 1, CEPA_CIRCUIT_CELLS_MAX, UINT64_MAX, UINT64_MAX - 5, (uint64_t)1 << 63, 77};
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        start();
        for (uint64_t n = 0; n < 20; n++) {
            CHECK_INT(take(starts[i] + n), 0);
            CHECK_INT(take(starts[i] + n), CEPA_ERR_REPLAY);
        }
        CHECK_INT(take(starts[i] - 3), 0); /* sent before, overtaken */
        CHECK_INT(take(starts[i] - 3), CEPA_ERR_REPLAY);
        CHECK_INT(used(), 1);
    }
}

TEST(all_cells_that_a_sender_may_send_belong_to_one_window)
{
    static const struct {
        int64_t distance; /* from the first counter */
        size_t used;
    } cases[] = {
        {-(int64_t)CEPA_CIRCUIT_CELLS_MAX, 1},
        {-(int64_t)CEPA_CIRCUIT_CELLS_MAX - 1, 2},
        {CEPA_CIRCUIT_CELLS_MAX - 1, 1},
        {CEPA_CIRCUIT_CELLS_MAX, 2},
        {INT64_MAX, 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const uint64_t first = 5;
        uint64_t counter = first + (uint64_t)cases[i].distance;
        bool is_old = cases[i].distance < -(int64_t)CEPA_REPLAY_WINDOW_REACH && cases[i].used == 1;
        start();
        CHECK_INT(take(first), 0);
        CHECK_INT(take(counter), is_old ? CEPA_ERR_REPLAY : 0);
        CHECK_INT(used(), cases[i].used);
        CHECK_INT(take(first), CEPA_ERR_REPLAY);
    }
}

TEST(a_window_knows_its_own_counters_only)
{
    cepa_circuit_window_open(&windows[0], 1000);
    CHECK_INT(cepa_circuit_window_check(&windows[0], 1000 + CEPA_CIRCUIT_CELLS_MAX - 1), 0);
    CHECK_INT(cepa_circuit_window_check(&windows[0], 1000 + CEPA_CIRCUIT_CELLS_MAX),
              CEPA_ERR_REPLAY);
    CHECK_INT(cepa_circuit_window_check(&windows[0], 1000 - CEPA_CIRCUIT_CELLS_MAX), 0);
    CHECK_INT(cepa_circuit_window_check(&windows[0], 1000 - CEPA_CIRCUIT_CELLS_MAX - 1),
              CEPA_ERR_REPLAY);
}

TEST(each_sender_has_a_window_and_none_is_evicted)
{
    start();
    for (uint64_t i = 0; i < WINDOWS; i++) {
        CHECK_INT(take(i << 40), 0);
    }
    CHECK_INT(used(), WINDOWS);
    CHECK_INT(take((uint64_t)9 << 40), CEPA_ERR_FULL);
    for (uint64_t i = 0; i < WINDOWS; i++) {
        CHECK_INT(take(i << 40), CEPA_ERR_REPLAY);
        CHECK_INT(take((i << 40) + 1), 0);
    }
}

TEST(a_window_that_was_only_opened_stays_free)
{
    start();
    for (uint64_t i = 1; i < 10; i++) {
        CHECK(cepa_circuit_window_find(windows, WINDOWS, i << 40) == &windows[0]);
    }
    CHECK_INT(used(), 0);
    CHECK_INT(take(7), 0);
    CHECK(windows[0].is_used && used() == 1);
    CHECK(cepa_circuit_window_find(windows, WINDOWS, 8) == &windows[0]);
    CHECK(cepa_circuit_window_find(windows, WINDOWS, (uint64_t)1 << 40) == &windows[1]);
}

TEST_MAIN(RUN(a_counter_counts_once_wherever_it_starts),
          RUN(all_cells_that_a_sender_may_send_belong_to_one_window),
          RUN(a_window_knows_its_own_counters_only),
          RUN(each_sender_has_a_window_and_none_is_evicted),
          RUN(a_window_that_was_only_opened_stays_free))
