/* The containers of src/base against plain models: the first byte chooses the container, the
 * second its size, the others what is done with it. A model is an array that is searched from end
 * to end. */
#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/block.h"
#include "base/bytes.h"
#include "base/map.h"
#include "base/pool.h"
#include "base/replay.h"
#include "base/ring.h"
#include "base/timer_heap.h"

#define CAPACITY_MAX 16
#define STEPS_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len);

static alignas(CEPA_BLOCK_ALIGNMENT) uint8_t memory[4096];

/* The bytes that steer; zeros after the end. Not the reader that is being tested. */
struct input {
    const uint8_t *data;
    size_t len;
};

static uint8_t take(struct input *input)
{
    if (input->len == 0) {
        return 0;
    }
    input->len--;
    return *input->data++;
}

static void want(bool fact)
{
    if (!fact) {
        abort();
    }
}

/* Pools: every handle that was ever given out, and whether it is alive. */
struct pool_model {
    struct cepa_handle handles[STEPS_MAX];
    bool is_alive[STEPS_MAX];
    size_t len;
    uint32_t alive;
};

static void pool_alloc(struct cepa_pool *pool, struct pool_model *model)
{
    struct cepa_handle handle;
    int error = cepa_pool_alloc(pool, &handle);
    want(error == (model->alive == pool->capacity ? CEPA_ERR_FULL : 0));
    if (error == 0) {
        uint16_t *element = cepa_pool_find(pool, handle);
        want(element != NULL && *element == 0);
        *element = (uint16_t)model->len;
        model->handles[model->len] = handle;
        model->is_alive[model->len] = true;
        model->len++;
        model->alive++;
    }
}

static void pool_free(struct cepa_pool *pool, struct pool_model *model, size_t i)
{
    want(cepa_pool_free(pool, model->handles[i]) == (model->is_alive[i] ? 0 : CEPA_ERR_NOT_FOUND));
    model->alive -= model->is_alive[i];
    model->is_alive[i] = false;
}

static void fuzz_pool(struct input *input)
{
    static struct pool_model model;
    struct cepa_pool pool;
    model.len = model.alive = 0;
    cepa_pool_init(&pool, memory, sizeof memory, take(input) % (CAPACITY_MAX + 1), 2);
    while (input->len > 0 && model.len < STEPS_MAX) {
        uint8_t step = take(input);
        if (step < 128 || model.len == 0) {
            pool_alloc(&pool, &model);
        } else {
            /* Counted from the youngest, so that most handles named are of interest. */
            pool_free(&pool, &model, model.len - 1 - step % 128 % model.len);
        }
        want(pool.count == model.alive);
    }
    uint32_t visited = 0;
    struct cepa_handle handle = {0, 0, 0};
    for (uint32_t i = 0; cepa_pool_next(&pool, &handle, i) == 0; i = handle.index + 1) {
        visited++;
    }
    want(visited == model.alive);
    for (size_t i = 0; i < model.len; i++) {
        const uint16_t *element = cepa_pool_find(&pool, model.handles[i]);
        want((element != NULL) == model.is_alive[i]);
        want(element == NULL || *element == (uint16_t)i);
    }
}

/* Rings: elements are numbers that grow by one. */
static void fuzz_ring(struct input *input)
{
    struct cepa_ring ring;
    uint32_t capacity = UINT32_C(1) << take(input) % 6;
    uint32_t pushed = 0;
    uint32_t popped = 0;
    cepa_ring_init(&ring, memory, sizeof memory, capacity, sizeof pushed);
    ring.head = ring.tail = UINT32_MAX - take(input);
    while (input->len > 0) {
        uint8_t step = take(input);
        uint32_t value = popped;
        if (step < 128) {
            int error = cepa_ring_push(&ring, &pushed);
            want(error == (pushed - popped == capacity ? CEPA_ERR_FULL : 0));
            pushed += error == 0;
        } else if (step < 250) {
            int error = cepa_ring_pop(&ring, &value);
            want(error == (pushed == popped ? CEPA_ERR_NOT_FOUND : 0));
            want(value == popped);
            popped += error == 0;
        } else {
            cepa_ring_wipe(&ring);
            popped = pushed;
        }
        want(cepa_ring_count(&ring) == pushed - popped);
        const uint32_t *element = cepa_ring_find(&ring, step % 64);
        want((element != NULL) == (step % 64u < pushed - popped));
        want(element == NULL || *element == popped + step % 64);
    }
}

/* Maps: keys are one byte repeated, so that the model is an array. */
struct map_model {
    bool is_present[256];
    uint8_t values[256];
    uint32_t count;
};

static void map_step(struct cepa_map *map, struct map_model *model, uint8_t step, uint8_t number)
{
    uint8_t key[CEPA_MAP_KEY_LEN_MAX];
    memset(key, number, sizeof key);
    if (step < 150) {
        bool is_full = !model->is_present[number] && model->count == map->capacity;
        want(cepa_map_put(map, key, &step) == (is_full ? CEPA_ERR_FULL : 0));
        if (!is_full) {
            model->count += !model->is_present[number];
            model->is_present[number] = true;
            model->values[number] = step;
        }
    } else if (step < 254) {
        int error = cepa_map_remove(map, key);
        want(error == (model->is_present[number] ? 0 : CEPA_ERR_NOT_FOUND));
        model->count -= model->is_present[number];
        model->is_present[number] = false;
    } else {
        cepa_map_clear(map);
        memset(model, 0, sizeof *model);
    }
}

static void fuzz_map(struct input *input)
{
    struct cepa_map map;
    struct map_model model = {.count = 0};
    struct cepa_siphash_key hash_key = {{0}};
    uint32_t capacity = 1 + take(input) % 48u;
    hash_key.bytes[0] = take(input);
    cepa_map_init(&map, memory, sizeof memory, capacity, 8 + hash_key.bytes[0] % 25u, 1, &hash_key);
    while (input->len > 0) {
        uint8_t step = take(input);
        map_step(&map, &model, step, take(input));
        want(map.count == model.count);
    }
    for (unsigned number = 0; number < 256; number++) {
        uint8_t key[CEPA_MAP_KEY_LEN_MAX];
        memset(key, (int)number, sizeof key);
        const uint8_t *value = cepa_map_find(&map, key);
        want((value != NULL) == model.is_present[number]);
        want(value == NULL || *value == model.values[number]);
    }
}

/* Timers: a list in the order in which they were set. */
struct timer_model {
    struct cepa_handle handles[CAPACITY_MAX];
    struct cepa_timer timers[CAPACITY_MAX];
    uint32_t len;
};

static void timer_drop(struct timer_model *model, uint32_t i)
{
    model->len--;
    for (; i < model->len; i++) {
        model->handles[i] = model->handles[i + 1];
        model->timers[i] = model->timers[i + 1];
    }
}

static void timer_append(struct timer_model *model, struct cepa_handle handle,
                         struct cepa_timer timer)
{
    model->handles[model->len] = handle;
    model->timers[model->len] = timer;
    model->len++;
}

/* The earliest deadline of the list, and where its first timer stands. */
static uint64_t timer_earliest(const struct timer_model *model, uint32_t *ret_place)
{
    uint64_t earliest = UINT64_MAX;
    *ret_place = 0;
    for (uint32_t i = 0; i < model->len; i++) {
        if (model->timers[i].deadline.ns < earliest) {
            earliest = model->timers[i].deadline.ns;
            *ret_place = i;
        }
    }
    return earliest;
}

static void timer_next(struct cepa_timer_heap *heap, struct timer_model *model, uint64_t now_ns)
{
    struct cepa_timer timer;
    struct cepa_time now = {now_ns};
    uint32_t place = 0;
    bool is_due = timer_earliest(model, &place) <= now_ns;
    want(cepa_timer_heap_next(heap, &timer, now) == (is_due ? 0 : CEPA_ERR_NOT_FOUND));
    if (is_due) {
        want(timer.kind == model->timers[place].kind);
        want(timer.deadline.ns == model->timers[place].deadline.ns);
        want(cepa_timer_heap_remove(heap, model->handles[place]) == CEPA_ERR_NOT_FOUND);
        timer_drop(model, place);
    }
}

static void timer_step(struct cepa_timer_heap *heap, struct timer_model *model, uint8_t step,
                       uint8_t what, uint32_t kind)
{
    struct cepa_handle handle;
    uint32_t i = model->len > 0 ? what % model->len : 0;
    struct cepa_timer timer = {{step % 16 == 15 ? UINT64_MAX : step % 16}, {kind, 0, 0}, kind};
    if (step < 96) {
        int error = cepa_timer_heap_add(heap, &handle, &timer);
        want(error == (model->len == heap->pool.capacity ? CEPA_ERR_FULL : 0));
        if (error == 0) {
            timer_append(model, handle, timer);
        }
    } else if (step < 176 || model->len == 0) {
        timer_next(heap, model, step % 16);
    } else if (step < 208) {
        want(cepa_timer_heap_remove(heap, model->handles[i]) == 0);
        timer_drop(model, i);
    } else {
        handle = model->handles[i];
        want(cepa_timer_heap_move(heap, handle, timer.deadline) == 0);
        timer.kind = model->timers[i].kind;
        timer_drop(model, i);
        timer_append(model, handle, timer);
    }
}

static void fuzz_timer_heap(struct input *input)
{
    struct cepa_timer_heap heap;
    struct timer_model model = {.len = 0};
    uint32_t place = 0;
    cepa_timer_heap_init(&heap, memory, sizeof memory, take(input) % (CAPACITY_MAX + 1));
    for (uint32_t kind = 1; input->len > 0; kind++) {
        uint8_t step = take(input);
        timer_step(&heap, &model, step, take(input), kind);
        want(cepa_timer_heap_count(&heap) == model.len);
        want(cepa_timer_heap_deadline(&heap).ns == timer_earliest(&model, &place));
    }
}

/* What a number of `len` bytes at `data` is, most significant byte first. */
static uint64_t number_at(const uint8_t *data, size_t len)
{
    uint64_t number = 0;
    for (size_t i = 0; i < len; i++) {
        number = number << 8 | data[i];
    }
    return number;
}

static uint64_t read_number(struct cepa_reader *reader, size_t len)
{
    switch (len) {
    case 1:
        return cepa_reader_u8(reader);
    case 2:
        return cepa_reader_u16(reader);
    case 4:
        return cepa_reader_u32(reader);
    default:
        return cepa_reader_u64(reader);
    }
}

static void write_number(struct cepa_writer *writer, uint64_t number, size_t len)
{
    switch (len) {
    case 1:
        cepa_writer_u8(writer, (uint8_t)number);
        break;
    case 2:
        cepa_writer_u16(writer, (uint16_t)number);
        break;
    case 4:
        cepa_writer_u32(writer, (uint32_t)number);
        break;
    default:
        cepa_writer_u64(writer, number);
    }
}

/* Reads the input itself, with steps taken from its first bytes, and writes what was read: the copy
 * must be what was gone over. */
static void fuzz_bytes(struct input *input)
{
    struct cepa_reader reader;
    struct cepa_writer writer;
    uint8_t steps[16];
    uint8_t copy[256];
    size_t position = 0;
    size_t copy_len = 0;
    bool failed = false;
    for (size_t i = 0; i < sizeof steps; i++) {
        steps[i] = take(input);
    }
    size_t capacity = steps[15];
    cepa_reader_init(&reader, input->data, input->len);
    cepa_writer_init(&writer, copy, capacity);
    for (size_t i = 0; i < 15; i++) {
        uint8_t bytes[32] = {0};
        size_t len = steps[i] < 128 ? (size_t)1 << steps[i] % 4 : steps[i] % 32u;
        failed = failed || len > input->len - position;
        if (steps[i] < 128) {
            uint64_t number = read_number(&reader, len);
            want(number == (failed ? 0 : number_at(input->data + position, len)));
            write_number(&writer, number, len);
        } else {
            cepa_reader_bytes(&reader, bytes, len);
            want(failed || len == 0 || memcmp(bytes, input->data + position, len) == 0);
            cepa_writer_bytes(&writer, bytes, len);
        }
        position += failed ? 0 : len;
        want(cepa_reader_left(&reader) == (failed ? 0 : input->len - position));
    }
    want((cepa_reader_end(&reader) == 0) == (!failed && position == input->len));
    if (cepa_writer_end(&writer, &copy_len) == 0 && !failed && copy_len > 0) {
        want(copy_len == position && memcmp(copy, input->data, copy_len) == 0);
    }
    want(failed || (cepa_writer_end(&writer, &copy_len) == 0) == (position <= capacity));
}

/* Replay windows: all counters that were accepted. */
static void fuzz_replay(struct input *input)
{
    static uint64_t accepted[STEPS_MAX];
    struct cepa_replay_window window;
    size_t len = 0;
    uint64_t highest = 0;
    cepa_replay_window_init(&window);
    while (input->len > 0 && len < STEPS_MAX) {
        uint8_t step = take(input);
        /* Up or down from the highest, by 0 to 127 or by so many words. */
        uint64_t distance = (uint64_t)(step & 127) << (take(input) % 64);
        uint64_t counter = step < 128 ? highest + distance : highest - distance;
        bool is_new = counter <= CEPA_REPLAY_COUNTER_MAX;
        for (size_t i = 0; i < len; i++) {
            is_new = is_new && accepted[i] != counter;
        }
        is_new = is_new &&
                 (len == 0 || counter >= highest || highest - counter <= CEPA_REPLAY_WINDOW_REACH);
        want(cepa_replay_window_check(&window, counter) == (is_new ? 0 : CEPA_ERR_REPLAY));
        if (is_new && step % 8 != 7) {
            want(cepa_replay_window_accept(&window, counter) == 0);
            accepted[len++] = counter;
            highest = counter > highest ? counter : highest;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len)
{
    struct input input = {data, data_len};
    memset(memory, 0xa5, sizeof memory);
    switch (take(&input) % 6) {
    case 0:
        fuzz_pool(&input);
        break;
    case 1:
        fuzz_ring(&input);
        break;
    case 2:
        fuzz_map(&input);
        break;
    case 3:
        fuzz_timer_heap(&input);
        break;
    case 4:
        fuzz_bytes(&input);
        break;
    default:
        fuzz_replay(&input);
    }
    return 0;
}
