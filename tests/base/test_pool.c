/* Pools: handles go stale, full is an error, generations run out without coming again, and random
 * use agrees with a plain list. */
#include "base/pool.h"

#include <stdalign.h>
#include <string.h>

#include "base/block.h"
#include "support/panic.h"
#include "support/random.h"
#include "support/test.h"

#define CAPACITY 37
#define ELEMENT_LEN 21 /* is rounded up to 32 */

static alignas(CEPA_BLOCK_ALIGNMENT) uint8_t memory[4096];

static void init(struct cepa_pool *pool, uint32_t capacity)
{
    memset(memory, 0xa5, sizeof memory);
    cepa_pool_init(pool, memory, sizeof memory, capacity, ELEMENT_LEN);
}

static int is_zero(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (bytes[i] != 0) {
            return 0;
        }
    }
    return 1;
}

TEST(sizes_hold_and_saturate)
{
    CHECK(cepa_pool_size(CAPACITY, ELEMENT_LEN) == (size_t)CAPACITY * (16 + 32));
    CHECK(cepa_pool_size(0, ELEMENT_LEN) == 0);
    CHECK(cepa_pool_size(2, SIZE_MAX / 2) == SIZE_MAX);
    CHECK(cepa_pool_size(1, SIZE_MAX) == SIZE_MAX);
}

TEST(an_element_is_zeros_aligned_and_found)
{
    struct cepa_pool pool;
    struct cepa_handle handle;
    init(&pool, CAPACITY);
    CHECK_INT(cepa_pool_alloc(&pool, &handle), 0);
    uint8_t *element = cepa_pool_find(&pool, handle);
    CHECK(element != NULL && (uintptr_t)element % CEPA_BLOCK_ALIGNMENT == 0);
    CHECK(is_zero(element, ELEMENT_LEN));
    memset(element, 0x77, ELEMENT_LEN);
    CHECK_INT(cepa_pool_free(&pool, handle), 0);
    CHECK(is_zero(element, ELEMENT_LEN));
}

TEST(stale_and_invented_handles_are_refused)
{
    struct cepa_pool pool;
    struct cepa_handle first;
    struct cepa_handle second;
    const struct cepa_handle none = {0, 0, 0};
    init(&pool, CAPACITY);
    CHECK(cepa_handle_is_none(none) && cepa_pool_find(&pool, none) == NULL);
    CHECK_INT(cepa_pool_alloc(&pool, &first), 0);
    CHECK(!cepa_handle_is_none(first));
    CHECK_INT(cepa_pool_free(&pool, first), 0);
    CHECK(cepa_pool_find(&pool, first) == NULL && cepa_pool_find(&pool, none) == NULL);
    CHECK_INT(cepa_pool_free(&pool, first), CEPA_ERR_NOT_FOUND);
    CHECK_INT(cepa_pool_free(&pool, none), CEPA_ERR_NOT_FOUND);
    CHECK_INT(cepa_pool_alloc(&pool, &second), 0);
    CHECK(first.index == second.index && !cepa_handle_is_equal(first, second));
    CHECK(cepa_pool_find(&pool, first) == NULL);
    CHECK_INT(cepa_pool_free(&pool, first), CEPA_ERR_NOT_FOUND);
    CHECK(cepa_pool_find(&pool, second) != NULL);

    const struct cepa_handle invented[] = {
        {second.generation, second.index + 1, 0},
        {second.generation, CAPACITY, 0},
        {second.generation, UINT32_MAX, 0},
        {second.generation + 1, second.index, 0},
        {UINT64_MAX, second.index, 0},
        {0, second.index, 0},
        {UINT64_C(0xa5a5a5a5a5a5a5a5), CAPACITY - 1, 0} /* what stands in the fresh memory */
    };
    for (size_t i = 0; i < sizeof invented / sizeof invented[0]; i++) {
        CHECK(cepa_pool_find(&pool, invented[i]) == NULL);
        CHECK_INT(cepa_pool_free(&pool, invented[i]), CEPA_ERR_NOT_FOUND);
    }
}

TEST(a_full_pool_says_so_and_recovers)
{
    struct cepa_pool pool;
    struct cepa_handle handles[CAPACITY];
    struct cepa_handle extra = {1234, 5678, 0};
    init(&pool, CAPACITY);
    for (unsigned round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < CAPACITY; i++) {
            CHECK_INT(cepa_pool_alloc(&pool, &handles[i]), 0);
        }
        const struct cepa_pool before = pool;
        CHECK_INT(cepa_pool_alloc(&pool, &extra), CEPA_ERR_FULL);
        CHECK(extra.generation == 1234 && extra.index == 5678);
        CHECK_BYTES(&pool, &before, sizeof pool);
        for (uint32_t i = 0; i < CAPACITY; i++) {
            CHECK_INT(cepa_pool_free(&pool, handles[i]), 0);
        }
        CHECK(pool.count == 0);
    }
}

TEST(a_pool_of_nothing_is_full)
{
    struct cepa_pool pool;
    struct cepa_handle handle;
    init(&pool, 0);
    CHECK_INT(cepa_pool_alloc(&pool, &handle), CEPA_ERR_FULL);
    CHECK_INT(cepa_pool_next(&pool, &handle, 0), CEPA_ERR_NOT_FOUND);
}

TEST(generations_run_out_and_do_not_come_again)
{
    struct cepa_pool pool;
    struct cepa_handle early;
    struct cepa_handle last;
    struct cepa_handle none = {0, 77, 0};
    init(&pool, CAPACITY);
    CHECK_INT(cepa_pool_alloc(&pool, &early), 0);
    CHECK_INT(cepa_pool_free(&pool, early), 0);
    pool.last_generation = UINT64_MAX - 1;
    CHECK_INT(cepa_pool_alloc(&pool, &last), 0);
    CHECK(last.generation == UINT64_MAX && last.index == early.index);
    CHECK_INT(cepa_pool_alloc(&pool, &none), CEPA_ERR_EXHAUSTED);
    CHECK(none.index == 77 && pool.count == 1);
    CHECK(cepa_pool_find(&pool, last) != NULL && cepa_pool_find(&pool, early) == NULL);
    CHECK_INT(cepa_pool_free(&pool, last), 0);
    CHECK_INT(cepa_pool_alloc(&pool, &none), CEPA_ERR_EXHAUSTED);
    CHECK(cepa_pool_find(&pool, early) == NULL && cepa_pool_find(&pool, last) == NULL);
}

TEST(a_visit_sees_each_element_once_even_when_it_is_freed)
{
    struct cepa_pool pool;
    struct cepa_handle handles[CAPACITY];
    struct cepa_handle seen = {0, 0, 0};
    uint32_t count = 0;
    init(&pool, CAPACITY);
    for (uint32_t i = 0; i < CAPACITY; i++) {
        CHECK_INT(cepa_pool_alloc(&pool, &handles[i]), 0);
    }
    for (uint32_t i = 0; i < CAPACITY; i += 3) {
        CHECK_INT(cepa_pool_free(&pool, handles[i]), 0);
    }
    for (uint32_t from = 0; cepa_pool_next(&pool, &seen, from) == 0; from = seen.index + 1) {
        CHECK(seen.index % 3 != 0 && cepa_handle_is_equal(seen, handles[seen.index]));
        CHECK_INT(cepa_pool_free(&pool, seen), 0);
        count++;
    }
    CHECK(count == CAPACITY - (CAPACITY + 2) / 3 && pool.count == 0);
}

/* The plain list: what is alive, with the byte that fills it, and what has died. */
struct model {
    struct cepa_handle live[CAPACITY];
    uint8_t fill[CAPACITY];
    uint32_t live_len;
    struct cepa_handle dead[64];
    uint32_t dead_len;
};

static void model_alloc(struct model *model, struct cepa_pool *pool, struct test_random *random)
{
    struct cepa_handle handle = {0, 0, 0};
    int want = model->live_len == CAPACITY ? CEPA_ERR_FULL : 0;
    CHECK_INT(cepa_pool_alloc(pool, &handle), want);
    if (want == 0) {
        uint8_t fill = (uint8_t)test_random_u64(random);
        uint8_t *element = cepa_pool_find(pool, handle);
        CHECK(element != NULL && is_zero(element, ELEMENT_LEN));
        memset(element, fill, ELEMENT_LEN);
        model->live[model->live_len] = handle;
        model->fill[model->live_len] = fill;
        model->live_len++;
    }
}

static void model_free(struct model *model, struct cepa_pool *pool, struct test_random *random)
{
    if (model->live_len == 0) {
        return;
    }
    uint32_t i = (uint32_t)test_random_below(random, model->live_len);
    CHECK_INT(cepa_pool_free(pool, model->live[i]), 0);
    model->dead[model->dead_len++ % 64] = model->live[i];
    model->live_len--;
    model->live[i] = model->live[model->live_len];
    model->fill[i] = model->fill[model->live_len];
}

static void model_check(const struct model *model, const struct cepa_pool *pool)
{
    CHECK(pool->count == model->live_len);
    for (uint32_t i = 0; i < model->live_len; i++) {
        const uint8_t *element = cepa_pool_find(pool, model->live[i]);
        CHECK(element != NULL);
        for (size_t j = 0; j < ELEMENT_LEN; j++) {
            CHECK(element[j] == model->fill[i]);
        }
    }
    for (uint32_t i = 0; i < 64 && i < model->dead_len; i++) {
        CHECK(cepa_pool_find(pool, model->dead[i]) == NULL);
    }
}

TEST(random_use_agrees_with_a_plain_list)
{
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct test_random random = {seed};
        struct model model = {0};
        struct cepa_pool pool;
        init(&pool, CAPACITY);
        for (unsigned i = 0; i < 3000; i++) {
            /* The lean changes, so that the pool is now nearly full, now nearly empty. */
            if (test_random_below(&random, 100) < ((i / 200) % 2 ? 35u : 65u)) {
                model_alloc(&model, &pool, &random);
            } else {
                model_free(&model, &pool, &random);
            }
            if (i % 16 == 0) {
                model_check(&model, &pool);
            }
        }
        model_check(&model, &pool);
    }
}

TEST(wiping_leaves_nothing)
{
    struct cepa_pool pool;
    struct cepa_handle handle;
    init(&pool, CAPACITY);
    CHECK_INT(cepa_pool_alloc(&pool, &handle), 0);
    uint8_t *element = cepa_pool_find(&pool, handle);
    memset(element, 0x77, ELEMENT_LEN);
    cepa_pool_wipe(&pool);
    CHECK(is_zero(element, ELEMENT_LEN));
    CHECK(cepa_pool_find(&pool, handle) == NULL);
}

static void init_in_too_little(void)
{
    struct cepa_pool pool;
    cepa_pool_init(&pool, memory, cepa_pool_size(CAPACITY, ELEMENT_LEN) - 1, CAPACITY, ELEMENT_LEN);
}

static void init_with_too_many(void)
{
    struct cepa_pool pool;
    cepa_pool_init(&pool, memory, SIZE_MAX, UINT32_MAX, 1);
}

TEST(too_little_memory_is_our_own_mistake)
{
    CHECK(test_panics(init_in_too_little));
    CHECK(test_panics(init_with_too_many));
}

TEST_MAIN(RUN(sizes_hold_and_saturate), RUN(an_element_is_zeros_aligned_and_found),
          RUN(stale_and_invented_handles_are_refused), RUN(a_full_pool_says_so_and_recovers),
          RUN(a_pool_of_nothing_is_full), RUN(generations_run_out_and_do_not_come_again),
          RUN(a_visit_sees_each_element_once_even_when_it_is_freed),
          RUN(random_use_agrees_with_a_plain_list), RUN(wiping_leaves_nothing),
          RUN(too_little_memory_is_our_own_mistake))
