/* What will happen, in the order of time; among equals in the order of entry, so that the same
 * inputs always give the same trace. Grows as needed. */
#ifndef CEPA_SIM_EVENT_HEAP_H
#define CEPA_SIM_EVENT_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Kinds of events. */
enum sim_event_kind {
    SIM_EVENT_WAKE,   /* the deadline of `host`'s node, if `stamp` is its newest */
    SIM_EVENT_PULL,   /* the line of `carrier`, seen from side `side`, has room */
    SIM_EVENT_FRAME,  /* `data` arrives at side `side` of `carrier` */
    SIM_EVENT_OPEN,   /* `carrier` opens at side `side` */
    SIM_EVENT_CLOSED, /* `carrier` ends at side `side`; `error` */
    SIM_EVENT_SILENT, /* nobody answered side `side` of `carrier` since `stamp` */
    SIM_EVENT_DEAD,   /* likewise, for longer */
    SIM_EVENT_SIGNAL, /* the driver of `host` has made a signal for its carrier `stamp`; `data` */
    SIM_EVENT_RESUME  /* `host` was suspended and goes on */
};

/* One event. */
struct sim_event {
    uint64_t time_ns;
    uint64_t order; /* set by the heap */
    enum sim_event_kind kind;
    uint32_t host;
    uint32_t carrier; /* which line */
    uint8_t side;
    uint64_t stamp;
    int error;
    uint8_t *data; /* owned by the event; freed by whoever takes it out */
    size_t data_len;
};

/* The heap. All zeros: empty. */
struct sim_event_heap {
    struct sim_event *events;
    size_t len;
    size_t capacity;
    uint64_t last_order;
};

/* sim_event_heap_add enters a copy of an event. */
void sim_event_heap_add(struct sim_event_heap *heap, const struct sim_event *event);

/* sim_event_heap_next takes out the first event at or before `until_ns`; false if there is none. */
bool sim_event_heap_next(struct sim_event_heap *heap, struct sim_event *ret_event,
                         uint64_t until_ns);

/* sim_event_heap_free frees all events. */
void sim_event_heap_free(struct sim_event_heap *heap);

#endif
