/* Rings: order, full, empty, positions that pass 2^32, and random use against a plain queue. */
#include "base/ring.h"

#include <string.h>

#include "support/panic.h"
#include "support/random.h"
#include "support/test.h"

#define CAPACITY 8

static uint32_t memory[CAPACITY];

static void init(struct cepa_ring *ring)
{
    memset(memory, 0xa5, sizeof memory);
    cepa_ring_init(ring, memory, sizeof memory, CAPACITY, sizeof memory[0]);
}

TEST(elements_come_out_in_order_and_full_is_an_error)
{
    struct cepa_ring ring;
    uint32_t out = 99;
    init(&ring);
    CHECK_INT(cepa_ring_pop(&ring, &out), CEPA_ERR_NOT_FOUND);
    CHECK(out == 99 && cepa_ring_find(&ring, 0) == NULL);
    for (uint32_t i = 0; i < CAPACITY; i++) {
        CHECK_INT(cepa_ring_push(&ring, &i), 0);
        CHECK(cepa_ring_count(&ring) == i + 1);
    }
    CHECK_INT(cepa_ring_push(&ring, &out), CEPA_ERR_FULL);
    CHECK(cepa_ring_reserve(&ring) == NULL);
    for (uint32_t i = 0; i < CAPACITY; i++) {
        const uint32_t *next = cepa_ring_find(&ring, 0);
        const uint32_t *last = cepa_ring_find(&ring, CAPACITY - 1 - i);
        CHECK(*next == i && *last == CAPACITY - 1);
        CHECK(cepa_ring_find(&ring, CAPACITY - i) == NULL);
        CHECK_INT(cepa_ring_pop(&ring, &out), 0);
        CHECK(out == i && *next == 0);
    }
    CHECK_INT(cepa_ring_pop(&ring, NULL), CEPA_ERR_NOT_FOUND);
}

TEST(a_reserved_element_is_zeros)
{
    struct cepa_ring ring;
    uint32_t out = 0;
    init(&ring);
    uint32_t *place = cepa_ring_reserve(&ring);
    CHECK(place != NULL && *place == 0);
    *place = 5;
    CHECK_INT(cepa_ring_pop(&ring, &out), 0);
    CHECK(out == 5);
}

TEST(an_empty_ring_begins_anew)
{
    struct cepa_ring ring;
    uint32_t out = 0;
    init(&ring);
    for (uint32_t i = 0; i < 3 * CAPACITY; i++) {
        CHECK_INT(cepa_ring_push(&ring, &i), 0);
        CHECK(cepa_ring_find(&ring, 0) == memory); /* the same memory each time */
        CHECK_INT(cepa_ring_pop(&ring, &out), 0);
        CHECK(out == i);
    }
}

TEST(random_use_agrees_with_a_plain_queue)
{
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct test_random random = {seed};
        struct cepa_ring ring;
        uint32_t pushed = 0;
        uint32_t popped = 0;
        init(&ring);
        /* Positions pass 2^32 in the middle of the run. */
        ring.head = ring.tail = UINT32_MAX - 500;
        for (unsigned i = 0; i < 4000; i++) {
            uint32_t out = 0;
            if (test_random_below(&random, 100) < ((i / 50) % 2 ? 40u : 60u)) {
                int want = pushed - popped == CAPACITY ? CEPA_ERR_FULL : 0;
                CHECK_INT(cepa_ring_push(&ring, &pushed), want);
                pushed += want == 0;
            } else {
                int want = pushed == popped ? CEPA_ERR_NOT_FOUND : 0;
                CHECK_INT(cepa_ring_pop(&ring, i % 3 ? &out : NULL), want);
                CHECK(want != 0 || i % 3 == 0 || out == popped);
                popped += want == 0;
            }
            CHECK(cepa_ring_count(&ring) == pushed - popped);
            for (uint32_t j = 0; j < pushed - popped; j++) {
                const uint32_t *element = cepa_ring_find(&ring, j);
                CHECK(*element == popped + j);
            }
        }
        CHECK(pushed > 1000);
    }
}

TEST(wiping_leaves_nothing)
{
    struct cepa_ring ring;
    const uint32_t zeros[2] = {0, 0};
    const uint32_t value = 77;
    init(&ring);
    CHECK_INT(cepa_ring_push(&ring, &value), 0);
    CHECK_INT(cepa_ring_push(&ring, &value), 0);
    cepa_ring_wipe(&ring);
    CHECK(cepa_ring_count(&ring) == 0);
    CHECK_BYTES(memory, zeros, sizeof zeros);
}

static void init_with_seven(void)
{
    struct cepa_ring ring;
    cepa_ring_init(&ring, memory, sizeof memory, 7, sizeof memory[0]);
}

static void init_with_none(void)
{
    struct cepa_ring ring;
    cepa_ring_init(&ring, memory, sizeof memory, 0, sizeof memory[0]);
}

static void init_in_too_little(void)
{
    struct cepa_ring ring;
    cepa_ring_init(&ring, memory, sizeof memory - 1, CAPACITY, sizeof memory[0]);
}

TEST(a_wrong_shape_is_our_own_mistake)
{
    CHECK(cepa_ring_size(CAPACITY, 4) == 32 && cepa_ring_size(2, SIZE_MAX) == SIZE_MAX);
    CHECK(test_panics(init_with_seven));
    CHECK(test_panics(init_with_none));
    CHECK(test_panics(init_in_too_little));
}

TEST_MAIN(RUN(elements_come_out_in_order_and_full_is_an_error), RUN(a_reserved_element_is_zeros),
          RUN(an_empty_ring_begins_anew), RUN(random_use_agrees_with_a_plain_queue),
          RUN(wiping_leaves_nothing), RUN(a_wrong_shape_is_our_own_mistake))
