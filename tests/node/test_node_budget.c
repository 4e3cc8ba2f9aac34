/* The budget of a node: levels of the day, the bucket of the second, what is kept. */
#include "node/node_budget.h"

#include <string.h>

#include "support/test.h"
#include "wire/sizes.h"

#define DAY_MS UINT64_C(86400000)

static struct cepa_node_budget budget;

static struct cepa_time at_ms(uint64_t ms)
{
    return (struct cepa_time){CEPA_SECOND_NS + ms * CEPA_MILLISECOND_NS};
}

static struct cepa_wall on_day(uint64_t day, uint64_t ms)
{
    return (struct cepa_wall){day * DAY_MS + ms};
}

static void begin(uint64_t per_day, uint64_t per_second)
{
    const struct cepa_node_budget_limits limits = {per_day, per_second};
    cepa_node_budget_init(&budget, &limits, on_day(20000, 5), at_ms(0));
}

TEST(without_a_budget_nothing_is_withheld)
{
    begin(0, 0);
    cepa_node_budget_received(&budget, SIZE_MAX);
    cepa_node_budget_sent(&budget, SIZE_MAX, at_ms(1));
    cepa_node_budget_sent(&budget, SIZE_MAX, at_ms(1));
    CHECK(!cepa_node_budget_step(&budget, on_day(20000, 6)));
    CHECK_INT(cepa_node_budget_withheld(&budget, at_ms(1)), CEPA_BUDGET_NOTHING);
    CHECK(!cepa_node_budget_is_dirty(&budget, at_ms(100000000)));
    CHECK_INT(cepa_node_budget_let_go(&budget, at_ms(1)), UINT32_MAX);
    CHECK_INT(cepa_node_budget_let_go_deadline(&budget).ns, at_ms(0).ns);
}

TEST(a_day_withholds_one_thing_after_the_other)
{
    static const struct {
        uint64_t used;
        enum cepa_budget_level level;
        bool has_changed;
    } cases[] = {{599, CEPA_BUDGET_NOTHING, false},  {600, CEPA_BUDGET_PADDING, true},
                 {799, CEPA_BUDGET_PADDING, false},  {800, CEPA_BUDGET_CIRCUITS, true},
                 {899, CEPA_BUDGET_CIRCUITS, false}, {900, CEPA_BUDGET_RELAYING, true},
                 {5000, CEPA_BUDGET_RELAYING, false}};
    begin(1000, 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t more = (size_t)(cases[i].used - budget.used);
        cepa_node_budget_received(&budget, more / 2);
        cepa_node_budget_sent(&budget, more - more / 2, at_ms(i));
        CHECK_INT(cepa_node_budget_is_due(&budget), cases[i].has_changed);
        CHECK_INT(cepa_node_budget_step(&budget, on_day(20000, 10)), cases[i].has_changed);
        CHECK_INT(cepa_node_budget_withheld(&budget, at_ms(i)), cases[i].level);
    }
    CHECK(!cepa_node_budget_is_due(&budget));
    CHECK_INT(cepa_node_budget_end(&budget).unix_ms, on_day(20001, 0).unix_ms);
    CHECK(!cepa_node_budget_step(&budget, on_day(20000, DAY_MS - 1)));
    CHECK(cepa_node_budget_step(&budget, on_day(20001, 0)));
    CHECK_INT(cepa_node_budget_withheld(&budget, at_ms(9)), CEPA_BUDGET_NOTHING);
    CHECK_INT(budget.used, 0);
    /* All at once passes all levels in one step. */
    cepa_node_budget_received(&budget, 950);
    CHECK(cepa_node_budget_step(&budget, on_day(20001, 1)));
    CHECK_INT(cepa_node_budget_withheld(&budget, at_ms(9)), CEPA_BUDGET_RELAYING);
    CHECK(cepa_node_budget_step(&budget, (struct cepa_wall){UINT64_MAX}));
    CHECK_INT(budget.used, 0);
}

TEST(large_budgets_do_not_overflow)
{
    begin(UINT64_MAX, UINT64_MAX);
    budget.used = UINT64_MAX - 5;
    cepa_node_budget_sent(&budget, 100, at_ms(3600000));
    CHECK_INT(budget.used, UINT64_MAX - 1);
    CHECK(cepa_node_budget_step(&budget, on_day(20000, 10)));
    CHECK_INT(cepa_node_budget_withheld(&budget, at_ms(0)), CEPA_BUDGET_RELAYING);
    CHECK_INT(cepa_node_budget_rate_level(&budget, at_ms(3600000)), CEPA_BUDGET_NOTHING);
    CHECK(cepa_node_budget_let_go(&budget, at_ms(3600000)) > 1000000);
}

TEST(a_second_withholds_padding_first)
{
    begin(0, 100000);
    CHECK_INT(cepa_node_budget_withheld(&budget, at_ms(0)), CEPA_BUDGET_NOTHING);
    cepa_node_budget_sent(&budget, 50000, at_ms(0));
    CHECK_INT(cepa_node_budget_withheld(&budget, at_ms(0)), CEPA_BUDGET_NOTHING);
    cepa_node_budget_sent(&budget, 1, at_ms(0));
    CHECK_INT(cepa_node_budget_withheld(&budget, at_ms(0)), CEPA_BUDGET_PADDING);
    cepa_node_budget_sent(&budget, 49999, at_ms(0));
    CHECK_INT(cepa_node_budget_withheld(&budget, at_ms(0)), CEPA_BUDGET_RELAYING);
    CHECK_INT(cepa_node_budget_withheld(&budget, at_ms(1)), CEPA_BUDGET_PADDING);
    CHECK_INT(cepa_node_budget_withheld(&budget, at_ms(500)), CEPA_BUDGET_NOTHING);
    /* A debt, by what is never withheld, is a second's at most. */
    cepa_node_budget_sent(&budget, 10000000, at_ms(500));
    CHECK_INT(cepa_node_budget_withheld(&budget, at_ms(1499)), CEPA_BUDGET_RELAYING);
    CHECK_INT(cepa_node_budget_withheld(&budget, at_ms(1501)), CEPA_BUDGET_PADDING);
    CHECK_INT(cepa_node_budget_let_go_deadline(&budget).ns / CEPA_MILLISECOND_NS,
              at_ms(1500).ns / CEPA_MILLISECOND_NS);
}

/* Whatever is sent one by one for others comes to the rate, however often it is asked. */
TEST(credit_is_let_go_at_the_rate)
{
    static const uint64_t rates[] = {3000, 100000, 12500000};
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        uint64_t sent = 0;
        begin(0, rates[i]);
        cepa_node_budget_sent(&budget, (size_t)rates[i], at_ms(0));
        for (uint64_t ms = 0; ms < 20000; ms++) {
            uint32_t cells = cepa_node_budget_let_go(&budget, at_ms(ms));
            for (uint32_t cell = 0; cell < cells; cell++) {
                cepa_node_budget_sent(&budget, CEPA_FRAME_SIZE, at_ms(ms));
                sent += CEPA_FRAME_SIZE;
            }
        }
        test_note("%llu B/s of %llu", (unsigned long long)(sent / 20),
                  (unsigned long long)rates[i]);
        CHECK(sent / 20 <= rates[i] + rates[i] / 100 + CEPA_FRAME_SIZE);
        CHECK(sent / 20 >= rates[i] * 8 / 10);
        CHECK(cepa_node_budget_let_go_deadline(&budget).ns > at_ms(19000).ns);
    }
}

TEST(the_count_is_stored_rarely_and_survives)
{
    uint8_t value[CEPA_NODE_BUDGET_STATE_SIZE];
    begin(100000, 0);
    CHECK(!cepa_node_budget_is_dirty(&budget, at_ms(700000)));
    cepa_node_budget_received(&budget, 1000);
    CHECK(!cepa_node_budget_is_dirty(&budget, at_ms(1)));
    CHECK(cepa_node_budget_is_dirty(&budget, at_ms(600000)));
    cepa_node_budget_received(&budget, 1);
    CHECK(cepa_node_budget_is_dirty(&budget, at_ms(1)));
    cepa_node_budget_received(&budget, 60000);
    cepa_node_budget_encode(&budget, value, at_ms(2));
    CHECK(!cepa_node_budget_is_dirty(&budget, at_ms(600000)));

    begin(100000, 0);
    CHECK_INT(cepa_node_budget_restore(&budget, value, sizeof value - 1), CEPA_ERR_LENGTH);
    CHECK_INT(cepa_node_budget_restore(&budget, value, sizeof value), 0);
    CHECK_INT(budget.used, 61001);
    CHECK(cepa_node_budget_step(&budget, on_day(20000, 7)));
    value[3]++; /* of another day */
    begin(100000, 0);
    CHECK_INT(cepa_node_budget_restore(&budget, value, sizeof value), 0);
    CHECK_INT(budget.used, 0);
    begin(0, 0);
    CHECK_INT(cepa_node_budget_restore(&budget, value, sizeof value), CEPA_ERR_NOT_FOUND);
}

TEST_MAIN(RUN(without_a_budget_nothing_is_withheld), RUN(a_day_withholds_one_thing_after_the_other),
          RUN(large_budgets_do_not_overflow), RUN(a_second_withholds_padding_first),
          RUN(credit_is_let_go_at_the_rate), RUN(the_count_is_stored_rarely_and_survives))
