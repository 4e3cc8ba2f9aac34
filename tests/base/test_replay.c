/* The replay window: a table of counters with the answer that each must get, then random counters
 * against a plain record of everything that was accepted. */
#include "base/replay.h"
#include "support/random.h"
#include "support/test.h"

#define REACH ((uint64_t)CEPA_REPLAY_WINDOW_REACH)
#define TOP CEPA_REPLAY_COUNTER_MAX

enum { NO, YES };

struct step {
    uint64_t counter;
    int is_accepted;
};

struct sequence {
    const char *name;
    struct step steps[12];
    size_t steps_len;
};

#define STEPS(...) {__VA_ARGS__}, sizeof((struct step[]){__VA_ARGS__}) / sizeof(struct step)

static const struct sequence sequences[] = {
    {"from zero", STEPS({0, YES}, {0, NO}, {1, YES}, {1, NO}, {0, NO})},
    {"backwards", STEPS({3, YES}, {2, YES}, {1, YES}, {0, YES}, {0, NO}, {3, NO})},
    {"gaps are filled once", STEPS({9, YES}, {8, YES}, {7, YES}, {7, NO}, {8, NO}, {9, NO})},
    {"a start in the middle", STEPS({REACH * 5, YES}, {REACH * 5, NO}, {REACH * 5 - 1, YES})},
    {"zero at the far edge", STEPS({REACH, YES}, {0, YES}, {0, NO}, {REACH, NO})},
    {"zero beyond the far edge", STEPS({REACH + 1, YES}, {0, NO}, {1, YES}, {1, NO})},
    {"old ones stay refused", STEPS({REACH + 1, YES}, {1, YES}, {2 * REACH + 2, YES}, {1, NO},
                                    {REACH + 1, NO}, {REACH + 2, YES}, {REACH + 2, NO})},
    {"word boundaries", STEPS({63, YES}, {64, YES}, {63, NO}, {64, NO}, {127, YES}, {128, YES},
                              {128, NO}, {127, NO}, {0, YES}, {65, YES})},
    {"one whole turn of the ring",
     STEPS({0, YES}, {REACH + 64, YES}, {0, NO}, {64, YES}, {64, NO}, {REACH + 64, NO})},
    {"one turn less one", STEPS({5, YES}, {REACH + 4, YES}, {5, NO}, {6, YES}, {4, YES}, {3, NO})},
    {"a leap clears all",
     STEPS({0, YES}, {1, YES}, {UINT64_C(1) << 40, YES}, {0, NO}, {1, NO},
           {(UINT64_C(1) << 40) - REACH, YES}, {(UINT64_C(1) << 40) - REACH - 1, NO},
           {(UINT64_C(1) << 40) - REACH, NO}, {(UINT64_C(1) << 40) - 1, YES})},
    {"a leap clears the word at the far edge too",
     STEPS({64, YES}, {65, YES}, {UINT64_C(1) << 40, YES}, {(UINT64_C(1) << 40) - REACH, YES},
           {(UINT64_C(1) << 40) - REACH + 1, YES})},
    {"the last counter", STEPS({TOP, YES}, {TOP, NO}, {TOP - 1, YES}, {TOP - REACH, YES},
                               {TOP - REACH - 1, NO}, {TOP - REACH, NO}, {0, NO})},
    {"above the last counter", STEPS({UINT64_MAX, NO}, {0, YES}, {UINT64_MAX, NO}, {1, YES},
                                     {TOP, YES}, {UINT64_MAX, NO}, {1, NO})},
    {"a leap within one word", STEPS({64, YES}, {127, YES}, {100, YES}, {100, NO}, {64, NO})},
};

TEST(counters_of_the_table_get_their_answers)
{
    for (size_t i = 0; i < sizeof sequences / sizeof sequences[0]; i++) {
        struct cepa_replay_window window;
        cepa_replay_window_init(&window);
        for (size_t j = 0; j < sequences[i].steps_len; j++) {
            const struct step *step = &sequences[i].steps[j];
            const struct cepa_replay_window before = window;
            int want = step->is_accepted ? 0 : CEPA_ERR_REPLAY;
            int checked = cepa_replay_window_check(&window, step->counter);
            CHECK_BYTES(&window, &before, sizeof window);
            int accepted = cepa_replay_window_accept(&window, step->counter);
            if (checked != want || accepted != want) {
                test_note("%s, step %zu", sequences[i].name, j);
            }
            CHECK_INT(checked, want);
            CHECK_INT(accepted, want);
            if (!step->is_accepted) {
                CHECK_BYTES(&window, &before, sizeof window);
            }
        }
    }
}

TEST(every_counter_in_reach_is_accepted_once_in_reverse_order)
{
    for (uint64_t offset = 0; offset < 64; offset++) {
        struct cepa_replay_window window;
        uint64_t highest = 3 * REACH + offset;
        cepa_replay_window_init(&window);
        CHECK_INT(cepa_replay_window_accept(&window, highest), 0);
        for (uint64_t i = 1; i <= REACH; i++) {
            CHECK_INT(cepa_replay_window_accept(&window, highest - i), 0);
        }
        for (uint64_t i = 0; i <= REACH + 100; i++) {
            CHECK_INT(cepa_replay_window_accept(&window, highest - i), CEPA_ERR_REPLAY);
        }
    }
}

/* The last 2^15 counters, accepted or not, as a byte each: the plain record. */
#define RECORD_LEN 32768
static uint8_t record[RECORD_LEN];

static uint64_t draw_counter(struct test_random *random, uint64_t highest)
{
    uint64_t kind = test_random_below(random, 100);
    if (kind == 0) {
        return highest + test_random_below(random, 3 * REACH);
    }
    if (kind < 40) {
        return highest + test_random_below(random, 4);
    }
    uint64_t back = test_random_below(random, kind < 90 ? 100 : REACH + 200);
    return back > highest ? 0 : highest - back;
}

TEST(random_counters_agree_with_a_plain_record)
{
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct test_random random = {seed};
        struct cepa_replay_window window;
        uint64_t highest = 0;
        uint64_t accepted = 0;
        for (size_t i = 0; i < RECORD_LEN; i++) {
            record[i] = 0;
        }
        cepa_replay_window_init(&window);
        for (unsigned i = 0; i < 20000; i++) {
            uint64_t counter = draw_counter(&random, highest);
            if (counter >= RECORD_LEN) {
                break;
            }
            int is_new = !record[counter] && counter + REACH >= highest;
            CHECK_INT(cepa_replay_window_check(&window, counter), is_new ? 0 : CEPA_ERR_REPLAY);
            /* Now and then authentication fails, and the counter must stay free. */
            if (is_new && test_random_below(&random, 4) != 0) {
                CHECK_INT(cepa_replay_window_accept(&window, counter), 0);
                record[counter] = 1;
                highest = counter > highest ? counter : highest;
                accepted++;
            }
        }
        CHECK(accepted > 100);
    }
}

TEST_MAIN(RUN(counters_of_the_table_get_their_answers),
          RUN(every_counter_in_reach_is_accepted_once_in_reverse_order),
          RUN(random_counters_agree_with_a_plain_record))
