/* Timers: order, equal deadlines, removal from every place, full, and random use against a plain
 * list that is searched from end to end. */
#include "base/timer_heap.h"

#include <stdalign.h>
#include <string.h>

#include "base/block.h"
#include "support/panic.h"
#include "support/random.h"
#include "support/test.h"

#define CAPACITY 50

static alignas(CEPA_BLOCK_ALIGNMENT) uint8_t memory[8192];

static void init(struct cepa_timer_heap *heap, uint32_t capacity)
{
    memset(memory, 0xa5, sizeof memory);
    cepa_timer_heap_init(heap, memory, sizeof memory, capacity);
}

static struct cepa_time at(uint64_t ns)
{
    return (struct cepa_time){ns};
}

static struct cepa_handle add(struct cepa_timer_heap *heap, uint64_t deadline_ns, uint32_t kind)
{
    struct cepa_timer timer = {at(deadline_ns), {kind + 100, kind, 0}, kind};
    struct cepa_handle handle;
    CHECK_INT(cepa_timer_heap_add(heap, &handle, &timer), 0);
    return handle;
}

/* Takes out one timer due at `now`; its kind, or -1 if none is due. */
static int64_t next(struct cepa_timer_heap *heap, uint64_t now_ns)
{
    struct cepa_timer timer = {at(0), {0, 0, 0}, 0};
    int error = cepa_timer_heap_next(heap, &timer, at(now_ns));
    if (error != 0) {
        CHECK_INT(error, CEPA_ERR_NOT_FOUND);
        return -1;
    }
    CHECK(timer.owner.generation == timer.kind + 100 && timer.owner.index == timer.kind);
    CHECK(cepa_time_is_due(timer.deadline, at(now_ns)));
    return timer.kind;
}

TEST(timers_come_out_by_deadline_and_not_before)
{
    struct cepa_timer_heap heap;
    init(&heap, CAPACITY);
    CHECK(cepa_time_is_never(cepa_timer_heap_deadline(&heap)));
    CHECK_INT(next(&heap, UINT64_MAX - 1), -1);
    add(&heap, 30, 3);
    add(&heap, 10, 1);
    add(&heap, 20, 2);
    CHECK(cepa_timer_heap_deadline(&heap).ns == 10 && cepa_timer_heap_count(&heap) == 3);
    CHECK_INT(next(&heap, 9), -1);
    CHECK_INT(next(&heap, 10), 1);
    CHECK_INT(next(&heap, 10), -1);
    CHECK(cepa_timer_heap_deadline(&heap).ns == 20);
    CHECK_INT(next(&heap, 100), 2);
    CHECK_INT(next(&heap, 100), 3);
    CHECK_INT(next(&heap, 100), -1);
    CHECK(cepa_time_is_never(cepa_timer_heap_deadline(&heap)));
}

TEST(equal_deadlines_come_out_in_the_order_they_were_set)
{
    struct cepa_timer_heap heap;
    struct cepa_handle handles[CAPACITY];
    init(&heap, CAPACITY);
    for (uint32_t i = 0; i < CAPACITY; i++) {
        handles[i] = add(&heap, 7, i);
    }
    /* Setting one anew, to the same deadline, puts it behind the others. */
    CHECK_INT(cepa_timer_heap_move(&heap, handles[0], at(7)), 0);
    for (uint32_t i = 1; i < CAPACITY; i++) {
        CHECK_INT(next(&heap, 7), i);
    }
    CHECK_INT(next(&heap, 7), 0);
}

TEST(a_deadline_of_never_does_not_come)
{
    struct cepa_timer_heap heap;
    init(&heap, CAPACITY);
    struct cepa_handle handle = add(&heap, UINT64_MAX, 1);
    CHECK(cepa_time_is_never(cepa_timer_heap_deadline(&heap)));
    CHECK_INT(next(&heap, UINT64_MAX), -1);
    CHECK_INT(cepa_timer_heap_move(&heap, handle, at(UINT64_MAX - 1)), 0);
    CHECK_INT(next(&heap, UINT64_MAX - 1), 1);
}

TEST(removal_from_every_place_keeps_the_order)
{
    for (uint32_t removed = 0; removed < CAPACITY; removed++) {
        struct cepa_timer_heap heap;
        struct cepa_handle handles[CAPACITY];
        init(&heap, CAPACITY);
        for (uint32_t i = 0; i < CAPACITY; i++) {
            uint32_t mixed = (i * 29 + 11) % CAPACITY;
            handles[mixed] = add(&heap, mixed, mixed);
        }
        CHECK_INT(cepa_timer_heap_remove(&heap, handles[removed]), 0);
        CHECK_INT(cepa_timer_heap_remove(&heap, handles[removed]), CEPA_ERR_NOT_FOUND);
        for (uint32_t i = 0; i < CAPACITY; i++) {
            if (i != removed) {
                CHECK_INT(next(&heap, CAPACITY), i);
            }
        }
        CHECK_INT(next(&heap, CAPACITY), -1);
    }
}

TEST(stale_handles_are_refused)
{
    struct cepa_timer_heap heap;
    init(&heap, CAPACITY);
    struct cepa_handle old = add(&heap, 5, 1);
    CHECK_INT(next(&heap, 5), 1);
    CHECK_INT(cepa_timer_heap_remove(&heap, old), CEPA_ERR_NOT_FOUND);
    CHECK_INT(cepa_timer_heap_move(&heap, old, at(6)), CEPA_ERR_NOT_FOUND);
    add(&heap, 5, 2);
    CHECK_INT(cepa_timer_heap_remove(&heap, old), CEPA_ERR_NOT_FOUND);
    CHECK_INT(cepa_timer_heap_move(&heap, old, at(0)), CEPA_ERR_NOT_FOUND);
    CHECK(cepa_timer_heap_deadline(&heap).ns == 5);
    CHECK_INT(next(&heap, 5), 2);
}

TEST(a_full_heap_says_so_and_so_does_an_exhausted_one)
{
    struct cepa_timer_heap heap;
    const struct cepa_timer timer = {at(0), {1, 1, 0}, 1};
    struct cepa_handle handle = {77, 78, 0};
    init(&heap, CAPACITY);
    for (uint32_t i = 0; i < CAPACITY; i++) {
        add(&heap, 100 + i, i);
    }
    CHECK_INT(cepa_timer_heap_add(&heap, &handle, &timer), CEPA_ERR_FULL);
    CHECK(handle.generation == 77 && cepa_timer_heap_deadline(&heap).ns == 100);
    CHECK_INT(next(&heap, 100), 0);
    heap.pool.last_generation = UINT64_MAX;
    CHECK_INT(cepa_timer_heap_add(&heap, &handle, &timer), CEPA_ERR_EXHAUSTED);
    CHECK(handle.generation == 77 && cepa_timer_heap_deadline(&heap).ns == 101);
    CHECK(cepa_timer_heap_count(&heap) == CAPACITY - 1);
}

/* The plain list, in the order in which the timers were set. */
struct model {
    struct cepa_handle handle[CAPACITY];
    uint64_t deadline_ns[CAPACITY];
    uint32_t kind[CAPACITY];
    uint32_t len;
};

static void model_drop(struct model *model, uint32_t i)
{
    model->len--;
    for (; i < model->len; i++) {
        model->handle[i] = model->handle[i + 1];
        model->deadline_ns[i] = model->deadline_ns[i + 1];
        model->kind[i] = model->kind[i + 1];
    }
}

static void model_append(struct model *model, struct cepa_handle handle, uint64_t deadline_ns,
                         uint32_t kind)
{
    model->handle[model->len] = handle;
    model->deadline_ns[model->len] = deadline_ns;
    model->kind[model->len] = kind;
    model->len++;
}

/* The first of the earliest ones; the list's length if it is empty. */
static uint32_t model_earliest(const struct model *model)
{
    uint32_t earliest = 0;
    for (uint32_t i = 1; i < model->len; i++) {
        if (model->deadline_ns[i] < model->deadline_ns[earliest]) {
            earliest = i;
        }
    }
    return earliest;
}

static void check_next(struct model *model, struct cepa_timer_heap *heap, uint64_t now_ns)
{
    uint32_t earliest = model_earliest(model);
    if (model->len == 0 || model->deadline_ns[earliest] > now_ns) {
        CHECK_INT(next(heap, now_ns), -1);
        return;
    }
    CHECK_INT(next(heap, now_ns), model->kind[earliest]);
    model_drop(model, earliest);
}

static void random_step(struct model *model, struct cepa_timer_heap *heap,
                        struct test_random *random, uint32_t kind)
{
    uint64_t deadline_ns = test_random_below(random, 12);
    uint64_t choice = test_random_below(random, 10);
    uint32_t i = model->len > 0 ? (uint32_t)test_random_below(random, model->len) : 0;
    if (choice < 4 && model->len < CAPACITY) {
        model_append(model, add(heap, deadline_ns, kind), deadline_ns, kind);
    } else if (choice < 5 && model->len > 0) {
        CHECK_INT(cepa_timer_heap_remove(heap, model->handle[i]), 0);
        model_drop(model, i);
    } else if (choice < 8 && model->len > 0) {
        struct cepa_handle handle = model->handle[i];
        uint32_t moved = model->kind[i];
        CHECK_INT(cepa_timer_heap_move(heap, handle, at(deadline_ns)), 0);
        model_drop(model, i);
        model_append(model, handle, deadline_ns, moved);
    } else if (choice >= 8) {
        check_next(model, heap, deadline_ns);
    }
    CHECK(cepa_timer_heap_count(heap) == model->len);
    CHECK(cepa_timer_heap_deadline(heap).ns ==
          (model->len > 0 ? model->deadline_ns[model_earliest(model)] : UINT64_MAX));
}

TEST(random_use_agrees_with_a_plain_list)
{
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct test_random random = {seed};
        struct cepa_timer_heap heap;
        struct model model = {.len = 0};
        init(&heap, CAPACITY);
        for (uint32_t i = 0; i < 5000; i++) {
            random_step(&model, &heap, &random, i);
        }
        while (model.len > 0) {
            check_next(&model, &heap, 100);
        }
        CHECK_INT(next(&heap, 100), -1);
    }
}

static void init_in_too_little(void)
{
    struct cepa_timer_heap heap;
    cepa_timer_heap_init(&heap, memory, cepa_timer_heap_size(CAPACITY) - 1, CAPACITY);
}

TEST(too_little_memory_is_our_own_mistake)
{
    CHECK(cepa_timer_heap_size(CAPACITY) < sizeof memory);
    CHECK(test_panics(init_in_too_little));
}

TEST_MAIN(RUN(timers_come_out_by_deadline_and_not_before),
          RUN(equal_deadlines_come_out_in_the_order_they_were_set),
          RUN(a_deadline_of_never_does_not_come), RUN(removal_from_every_place_keeps_the_order),
          RUN(stale_handles_are_refused), RUN(a_full_heap_says_so_and_so_does_an_exhausted_one),
          RUN(random_use_agrees_with_a_plain_list), RUN(too_little_memory_is_our_own_mistake))
