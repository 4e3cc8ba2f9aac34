/* The simulator's heap of events: by time, then in the order of entry. */
#include "sim/event_heap.h"

#include "support/random.h"
#include "support/test.h"

TEST(events_come_by_time_and_then_in_order)
{
    enum { EVENTS = 2000 };
    struct sim_event_heap heap = {0};
    struct test_random random = {1};
    for (uint64_t i = 0; i < EVENTS; i++) {
        struct sim_event event = {.time_ns = test_random_below(&random, 100), .stamp = i};
        sim_event_heap_add(&heap, &event);
    }
    struct sim_event last = {0};
    struct sim_event event;
    uint32_t count = 0;
    while (sim_event_heap_next(&heap, &event, UINT64_MAX)) {
        CHECK(event.time_ns >= last.time_ns);
        CHECK(count == 0 || event.time_ns > last.time_ns || event.stamp > last.stamp);
        last = event;
        count++;
    }
    CHECK_INT(count, EVENTS);
    sim_event_heap_free(&heap);
}

TEST(later_events_stay)
{
    struct sim_event_heap heap = {0};
    struct sim_event event = {.time_ns = 10};
    sim_event_heap_add(&heap, &event);
    CHECK(!sim_event_heap_next(&heap, &event, 9));
    CHECK(sim_event_heap_next(&heap, &event, 10));
    CHECK(!sim_event_heap_next(&heap, &event, 10));
    sim_event_heap_free(&heap);
}

TEST_MAIN(RUN(events_come_by_time_and_then_in_order), RUN(later_events_stay))
