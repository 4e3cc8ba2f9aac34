/* A ring: a queue of up to a fixed number of elements of one size, first in, first out, in memory
 * that the caller gives. Everything is O(1). */
#ifndef CEPA_BASE_RING_H
#define CEPA_BASE_RING_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* A ring. Positions count elements since it was last empty, mod 2^32. */
struct cepa_ring {
    uint8_t *elements;  /* `capacity` of them, lent for the ring's life */
    size_t element_len; /* bytes of each */
    uint32_t capacity;  /* a power of two */
    uint32_t head;      /* the position of the oldest element */
    uint32_t tail;      /* the position after the youngest */
};

/* The largest capacity. */
#define CEPA_RING_CAPACITY_MAX (UINT32_C(1) << 31)

/* cepa_ring_size gives the bytes that a ring of `capacity` elements of `element_len` bytes needs;
 * SIZE_MAX if there is no such number. */
size_t cepa_ring_size(uint32_t capacity, size_t element_len);

/* cepa_ring_init makes an empty ring in the `memory_len` >= cepa_ring_size(capacity, element_len)
 * bytes at `memory`, lent for the ring's life. Elements stand one after another from the start of
 * `memory`, so it is aligned as they need. `capacity` is a power of two up to
 * CEPA_RING_CAPACITY_MAX. All of this is asserted. */
void cepa_ring_init(struct cepa_ring *ring, void *memory, size_t memory_len, uint32_t capacity,
                    size_t element_len);

/* cepa_ring_count gives how many elements there are. */
uint32_t cepa_ring_count(const struct cepa_ring *ring);

/* cepa_ring_push appends a copy of `element` (element_len bytes). Returns 0 or CEPA_ERR_FULL. */
CEPA_MUST_USE int cepa_ring_push(struct cepa_ring *ring, const void *element);

/* cepa_ring_reserve appends an element of zeros for the caller to fill, lent until it is popped;
 * NULL if the ring is full. */
void *cepa_ring_reserve(struct cepa_ring *ring);

/* cepa_ring_find gives the element that is `offset` places younger than the oldest, lent until it
 * is popped; NULL if there is none. */
void *cepa_ring_find(const struct cepa_ring *ring, uint32_t offset);

/* cepa_ring_pop copies the oldest element to `ret_element` (element_len bytes, or NULL to drop it),
 * wipes its place and removes it. Returns 0, or CEPA_ERR_NOT_FOUND if the ring is empty. */
CEPA_MUST_USE int cepa_ring_pop(struct cepa_ring *ring, void *ret_element);

/* cepa_ring_wipe wipes all elements and leaves the ring empty. */
void cepa_ring_wipe(struct cepa_ring *ring);

#endif
