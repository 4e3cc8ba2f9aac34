/* The heap holds deadlines and handles; the pool holds the timers and where in the heap each one
 * stands. Invariant: nodes[element.place].timer names the element, for every element. */
#include "base/timer_heap.h"

#include <stdbool.h>
#include <string.h>

#include "base/assert.h"
#include "base/block.h"

/* What the pool holds. */
struct element {
    struct cepa_timer timer;
    uint32_t place;
};

static size_t nodes_size(uint32_t capacity)
{
    return cepa_block_array_size(capacity, sizeof(struct cepa_timer_node));
}

size_t cepa_timer_heap_size(uint32_t capacity)
{
    return cepa_block_sum(nodes_size(capacity), cepa_pool_size(capacity, sizeof(struct element)));
}

void cepa_timer_heap_init(struct cepa_timer_heap *heap, void *memory, size_t memory_len,
                          uint32_t capacity)
{
    struct cepa_block block;
    size_t pool_size = cepa_pool_size(capacity, sizeof(struct element));
    CEPA_ASSERT(memory_len >= cepa_timer_heap_size(capacity));
    cepa_block_init(&block, memory, memory_len);
    memset(heap, 0, sizeof *heap);
    heap->nodes = cepa_block_carve(&block, nodes_size(capacity));
    cepa_pool_init(&heap->pool, cepa_block_carve(&block, pool_size), pool_size, capacity,
                   sizeof(struct element));
    CEPA_ASSERT(cepa_block_end(&block) == 0);
}

uint32_t cepa_timer_heap_count(const struct cepa_timer_heap *heap)
{
    return heap->pool.count;
}

static bool is_before(const struct cepa_timer_node *a, const struct cepa_timer_node *b)
{
    if (a->deadline_ns != b->deadline_ns) {
        return a->deadline_ns < b->deadline_ns;
    }
    return a->order < b->order;
}

/* Writes `node` at `place` and tells its element. */
static void put(struct cepa_timer_heap *heap, uint32_t place, struct cepa_timer_node node)
{
    struct element *element = cepa_pool_find(&heap->pool, node.timer);
    CEPA_ASSERT(element != NULL);
    element->place = place;
    heap->nodes[place] = node;
}

/* Puts `node` at `place` or at the ancestor of it where it belongs; nothing of value is at `place`.
 */
static void rise(struct cepa_timer_heap *heap, uint32_t place, struct cepa_timer_node node)
{
    while (place > 0) {
        uint32_t parent = (place - 1) / 2;
        if (!is_before(&node, &heap->nodes[parent])) {
            break;
        }
        put(heap, place, heap->nodes[parent]);
        place = parent;
    }
    put(heap, place, node);
}

/* Puts `node` at `place` or at the descendant of it where it belongs, in a heap of `len` nodes;
 * nothing of value is at `place`. */
static void sink(struct cepa_timer_heap *heap, uint32_t place, struct cepa_timer_node node,
                 uint32_t len)
{
    /* A place below len / 2 has a child below len. */
    while (place < len / 2) {
        uint32_t child = 2 * place + 1;
        if (child + 1 < len && is_before(&heap->nodes[child + 1], &heap->nodes[child])) {
            child++;
        }
        if (!is_before(&heap->nodes[child], &node)) {
            break;
        }
        put(heap, place, heap->nodes[child]);
        place = child;
    }
    put(heap, place, node);
}

/* Puts `node` where it belongs, beginning at `place`, above or below. */
static void settle(struct cepa_timer_heap *heap, uint32_t place, struct cepa_timer_node node,
                   uint32_t len)
{
    if (place > 0 && is_before(&node, &heap->nodes[(place - 1) / 2])) {
        rise(heap, place, node);
    } else {
        sink(heap, place, node, len);
    }
}

int cepa_timer_heap_add(struct cepa_timer_heap *heap, struct cepa_handle *ret_handle,
                        const struct cepa_timer *timer)
{
    struct cepa_handle handle;
    uint32_t place = heap->pool.count;
    int error = cepa_pool_alloc(&heap->pool, &handle);
    if (error != 0) {
        return error;
    }
    struct element *element = cepa_pool_find(&heap->pool, handle);
    element->timer = *timer;
    struct cepa_timer_node node = {timer->deadline.ns, ++heap->last_order, handle};
    rise(heap, place, node);
    *ret_handle = handle;
    return 0;
}

int cepa_timer_heap_move(struct cepa_timer_heap *heap, struct cepa_handle handle,
                         struct cepa_time deadline)
{
    struct element *element = cepa_pool_find(&heap->pool, handle);
    if (element == NULL) {
        return CEPA_ERR_NOT_FOUND;
    }
    element->timer.deadline = deadline;
    struct cepa_timer_node node = {deadline.ns, ++heap->last_order, handle};
    settle(heap, element->place, node, heap->pool.count);
    return 0;
}

int cepa_timer_heap_remove(struct cepa_timer_heap *heap, struct cepa_handle handle)
{
    const struct element *element = cepa_pool_find(&heap->pool, handle);
    if (element == NULL) {
        return CEPA_ERR_NOT_FOUND;
    }
    uint32_t gap = element->place;
    uint32_t last = heap->pool.count - 1;
    /* The last node fills the gap; if it is itself the one to go, nothing is left to move. */
    if (gap != last) {
        settle(heap, gap, heap->nodes[last], last);
    }
    return cepa_pool_free(&heap->pool, handle);
}

struct cepa_time cepa_timer_heap_deadline(const struct cepa_timer_heap *heap)
{
    struct cepa_time deadline = cepa_time_never();
    if (heap->pool.count > 0) {
        deadline.ns = heap->nodes[0].deadline_ns;
    }
    return deadline;
}

int cepa_timer_heap_next(struct cepa_timer_heap *heap, struct cepa_timer *ret_timer,
                         struct cepa_time now)
{
    if (!cepa_time_is_due(cepa_timer_heap_deadline(heap), now)) {
        return CEPA_ERR_NOT_FOUND;
    }
    struct cepa_handle handle = heap->nodes[0].timer;
    const struct element *element = cepa_pool_find(&heap->pool, handle);
    CEPA_ASSERT(element != NULL);
    *ret_timer = element->timer;
    return cepa_timer_heap_remove(heap, handle);
}
