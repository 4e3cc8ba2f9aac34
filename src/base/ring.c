/* Positions run freely and are masked where they index, so that full and empty look different. An
 * empty ring begins anew at its first element, so that one that is never long keeps to little
 * memory. */
#include "base/ring.h"

#include <string.h>

#include "base/assert.h"
#include "base/block.h"
#include "base/ct.h"

size_t cepa_ring_size(uint32_t capacity, size_t element_len)
{
    return cepa_block_array_size(capacity, element_len);
}

void cepa_ring_init(struct cepa_ring *ring, void *memory, size_t memory_len, uint32_t capacity,
                    size_t element_len)
{
    CEPA_ASSERT(capacity > 0 && capacity <= CEPA_RING_CAPACITY_MAX);
    CEPA_ASSERT((capacity & (capacity - 1)) == 0);
    CEPA_ASSERT(memory_len >= cepa_ring_size(capacity, element_len));
    ring->elements = memory;
    ring->element_len = element_len;
    ring->capacity = capacity;
    ring->head = 0;
    ring->tail = 0;
}

uint32_t cepa_ring_count(const struct cepa_ring *ring)
{
    return ring->tail - ring->head;
}

static uint8_t *element_at(const struct cepa_ring *ring, uint32_t position)
{
    return ring->elements + (position & (ring->capacity - 1)) * ring->element_len;
}

/* The place of a new element, or NULL. */
static uint8_t *append(struct cepa_ring *ring)
{
    if (cepa_ring_count(ring) == ring->capacity) {
        return NULL;
    }
    return element_at(ring, ring->tail++);
}

int cepa_ring_push(struct cepa_ring *ring, const void *element)
{
    uint8_t *place = append(ring);
    if (place == NULL) {
        return CEPA_ERR_FULL;
    }
    memcpy(place, element, ring->element_len);
    return 0;
}

void *cepa_ring_reserve(struct cepa_ring *ring)
{
    uint8_t *place = append(ring);
    if (place != NULL) {
        memset(place, 0, ring->element_len);
    }
    return place;
}

void *cepa_ring_find(const struct cepa_ring *ring, uint32_t offset)
{
    return offset < cepa_ring_count(ring) ? element_at(ring, ring->head + offset) : NULL;
}

int cepa_ring_pop(struct cepa_ring *ring, void *ret_element)
{
    uint8_t *place = cepa_ring_find(ring, 0);
    if (place == NULL) {
        return CEPA_ERR_NOT_FOUND;
    }
    if (ret_element != NULL) {
        memcpy(ret_element, place, ring->element_len);
    }
    cepa_wipe(place, ring->element_len);
    ring->head++;
    if (ring->head == ring->tail) {
        ring->head = 0;
        ring->tail = 0;
    }
    return 0;
}

void cepa_ring_wipe(struct cepa_ring *ring)
{
    while (cepa_ring_count(ring) > 0) {
        cepa_wipe(element_at(ring, ring->head), ring->element_len);
        ring->head++;
    }
}
