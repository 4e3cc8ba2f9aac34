/* A binary heap of events. */
#include "sim/event_heap.h"

#include <stdlib.h>

#include "base/assert.h"

static bool is_before(const struct sim_event *a, const struct sim_event *b)
{
    return a->time_ns != b->time_ns ? a->time_ns < b->time_ns : a->order < b->order;
}

void sim_event_heap_add(struct sim_event_heap *heap, const struct sim_event *event)
{
    if (heap->len == heap->capacity) {
        heap->capacity = heap->capacity == 0 ? 256 : 2 * heap->capacity;
        heap->events = realloc(heap->events, heap->capacity * sizeof *heap->events);
        CEPA_ASSERT(heap->events != NULL);
    }
    struct sim_event added = *event;
    added.order = ++heap->last_order;
    size_t at = heap->len++;
    while (at > 0 && is_before(&added, &heap->events[(at - 1) / 2])) {
        heap->events[at] = heap->events[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    heap->events[at] = added;
}

bool sim_event_heap_next(struct sim_event_heap *heap, struct sim_event *ret_event,
                         uint64_t until_ns)
{
    if (heap->len == 0 || heap->events[0].time_ns > until_ns) {
        return false;
    }
    *ret_event = heap->events[0];
    struct sim_event moved = heap->events[--heap->len];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= heap->len) {
            break;
        }
        if (child + 1 < heap->len && is_before(&heap->events[child + 1], &heap->events[child])) {
            child++;
        }
        if (!is_before(&heap->events[child], &moved)) {
            break;
        }
        heap->events[at] = heap->events[child];
        at = child;
    }
    heap->events[at] = moved;
    return true;
}

void sim_event_heap_free(struct sim_event_heap *heap)
{
    for (size_t i = 0; i < heap->len; i++) {
        free(heap->events[i].data);
    }
    free(heap->events);
    *heap = (struct sim_event_heap){0};
}
