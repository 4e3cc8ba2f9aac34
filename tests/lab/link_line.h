/* The datagrams that are under way on a link, until their time has come. Two queues are enough for
 * any order that link_model can give: those that were held back, and all others. */
#ifndef CEPA_TESTS_LAB_LINK_LINE_H
#define CEPA_TESTS_LAB_LINK_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LINK_DATAGRAM_SIZE = 1536, /* an IP packet of 1,500 bytes, in whole cache lines */
    LINK_LINE_CAPACITY = 65536 /* 25 ms of 31 Gbit/s, a second of 780 Mbit/s */
};

struct link_datagram {
    uint64_t departure_ns;
    uint32_t len;
    uint32_t slot;
};

struct link_queue {
    struct link_datagram *datagrams; /* LINK_LINE_CAPACITY, used in a circle */
    uint32_t head;                   /* counts what was taken */
    uint32_t tail;                   /* counts what was put */
};

struct link_line {
    struct link_queue queues[2]; /* in order, held back */
    uint8_t *slots;              /* LINK_LINE_CAPACITY of LINK_DATAGRAM_SIZE bytes */
    uint32_t *free_slots;        /* a stack, so that few pages are in use */
    uint32_t free_count;
};

/* link_line_init takes memory (100 MB of address space, of which what is used becomes real).
 * Returns whether there is enough. */
bool link_line_init(struct link_line *line);

void link_line_wipe(struct link_line *line);

/* link_line_reserve gives LINK_DATAGRAM_SIZE bytes to fill before link_line_put: the same again
 * until something was put. NULL if the line is full. */
uint8_t *link_line_reserve(struct link_line *line);

/* link_line_put sends the `len` bytes of the reserved place on their way. */
void link_line_put(struct link_line *line, size_t len, uint64_t departure_ns, bool is_held_back);

/* link_line_find gives the datagram that leaves first and where its bytes are, or NULL. */
const uint8_t *link_line_find(const struct link_line *line, struct link_datagram *ret_datagram);

/* link_line_pop takes away what link_line_find gave. */
void link_line_pop(struct link_line *line);

/* link_line_deadline gives when the first leaves; UINT64_MAX if nothing is under way. */
uint64_t link_line_deadline(const struct link_line *line);

#endif
