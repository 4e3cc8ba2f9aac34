/* See link_line.h. */
#include "lab/link_line.h"

#include <stdlib.h>
#include <string.h>

bool link_line_init(struct link_line *line)
{
    memset(line, 0, sizeof *line);
    line->slots = malloc((size_t)LINK_LINE_CAPACITY * LINK_DATAGRAM_SIZE);
    line->free_slots = malloc(LINK_LINE_CAPACITY * sizeof *line->free_slots);
    for (size_t i = 0; i < 2; i++) {
        line->queues[i].datagrams = malloc(LINK_LINE_CAPACITY * sizeof(struct link_datagram));
    }
    if (line->slots == NULL || line->free_slots == NULL || line->queues[0].datagrams == NULL ||
        line->queues[1].datagrams == NULL) {
        link_line_wipe(line);
        return false;
    }
    for (uint32_t i = 0; i < LINK_LINE_CAPACITY; i++) {
        line->free_slots[i] = LINK_LINE_CAPACITY - 1 - i;
    }
    line->free_count = LINK_LINE_CAPACITY;
    return true;
}

void link_line_wipe(struct link_line *line)
{
    free(line->slots);
    free(line->free_slots);
    free(line->queues[0].datagrams);
    free(line->queues[1].datagrams);
    memset(line, 0, sizeof *line);
}

uint8_t *link_line_reserve(struct link_line *line)
{
    if (line->free_count == 0) {
        return NULL;
    }
    size_t slot = line->free_slots[line->free_count - 1];
    return line->slots + slot * LINK_DATAGRAM_SIZE;
}

void link_line_put(struct link_line *line, size_t len, uint64_t departure_ns, bool is_held_back)
{
    struct link_queue *queue = &line->queues[is_held_back ? 1 : 0];
    struct link_datagram *datagram = &queue->datagrams[queue->tail++ % LINK_LINE_CAPACITY];
    datagram->departure_ns = departure_ns;
    datagram->len = (uint32_t)len;
    datagram->slot = line->free_slots[--line->free_count];
}

/* Which queue's first datagram leaves first; -1 if both are empty. */
static int first(const struct link_line *line)
{
    int found = -1;
    uint64_t earliest = UINT64_MAX;
    for (int i = 0; i < 2; i++) {
        const struct link_queue *queue = &line->queues[i];
        const struct link_datagram *datagram = &queue->datagrams[queue->head % LINK_LINE_CAPACITY];
        if (queue->head != queue->tail && datagram->departure_ns < earliest) {
            earliest = datagram->departure_ns;
            found = i;
        }
    }
    return found;
}

const uint8_t *link_line_find(const struct link_line *line, struct link_datagram *ret_datagram)
{
    int which = first(line);
    if (which < 0) {
        return NULL;
    }
    const struct link_queue *queue = &line->queues[which];
    *ret_datagram = queue->datagrams[queue->head % LINK_LINE_CAPACITY];
    return line->slots + (size_t)ret_datagram->slot * LINK_DATAGRAM_SIZE;
}

void link_line_pop(struct link_line *line)
{
    int which = first(line);
    if (which >= 0) {
        struct link_queue *queue = &line->queues[which];
        uint32_t slot = queue->datagrams[queue->head++ % LINK_LINE_CAPACITY].slot;
        line->free_slots[line->free_count++] = slot;
    }
}

uint64_t link_line_deadline(const struct link_line *line)
{
    struct link_datagram datagram;
    return link_line_find(line, &datagram) == NULL ? UINT64_MAX : datagram.departure_ns;
}
