/* Free slots form a list, the last freed first; slots that were never used need no list. */
#include "base/pool.h"

#include <string.h>

#include "base/assert.h"
#include "base/block.h"
#include "base/ct.h"

static size_t slots_size(uint32_t capacity)
{
    return cepa_block_array_size(capacity, sizeof(struct cepa_pool_slot));
}

size_t cepa_pool_size(uint32_t capacity, size_t element_len)
{
    size_t elements_size = cepa_block_array_size(capacity, cepa_block_round(element_len));
    return cepa_block_sum(slots_size(capacity), elements_size);
}

void cepa_pool_init(struct cepa_pool *pool, void *memory, size_t memory_len, uint32_t capacity,
                    size_t element_len)
{
    struct cepa_block block;
    CEPA_ASSERT(capacity < CEPA_POOL_NO_SLOT);
    CEPA_ASSERT(memory_len >= cepa_pool_size(capacity, element_len));
    cepa_block_init(&block, memory, memory_len);
    memset(pool, 0, sizeof *pool);
    pool->slots = cepa_block_carve(&block, slots_size(capacity));
    pool->element_size = cepa_block_round(element_len);
    pool->elements = cepa_block_carve(&block, capacity * pool->element_size);
    pool->capacity = capacity;
    pool->first_free = CEPA_POOL_NO_SLOT;
    CEPA_ASSERT(cepa_block_end(&block) == 0);
}

static void *element_at(const struct cepa_pool *pool, uint32_t index)
{
    return pool->elements + index * pool->element_size;
}

/* The next free slot, taken out of the list; the caller knows that there is one. */
static uint32_t take_slot(struct cepa_pool *pool)
{
    uint32_t index = pool->first_free;
    if (index == CEPA_POOL_NO_SLOT) {
        CEPA_ASSERT(pool->fresh < pool->capacity);
        return pool->fresh++;
    }
    CEPA_ASSERT(index < pool->fresh);
    pool->first_free = pool->slots[index].next_free;
    return index;
}

int cepa_pool_alloc(struct cepa_pool *pool, struct cepa_handle *ret_handle)
{
    if (pool->count == pool->capacity) {
        return CEPA_ERR_FULL;
    }
    if (pool->last_generation == UINT64_MAX) {
        return CEPA_ERR_EXHAUSTED;
    }
    uint32_t index = take_slot(pool);
    pool->count++;
    pool->last_generation++;
    pool->slots[index] = (struct cepa_pool_slot){pool->last_generation, CEPA_POOL_NO_SLOT, 0};
    memset(element_at(pool, index), 0, pool->element_size);
    *ret_handle = (struct cepa_handle){pool->last_generation, index, 0};
    return 0;
}

void *cepa_pool_find(const struct cepa_pool *pool, struct cepa_handle handle)
{
    if (cepa_handle_is_none(handle) || handle.index >= pool->fresh ||
        pool->slots[handle.index].generation != handle.generation) {
        return NULL;
    }
    return element_at(pool, handle.index);
}

int cepa_pool_free(struct cepa_pool *pool, struct cepa_handle handle)
{
    void *element = cepa_pool_find(pool, handle);
    if (element == NULL) {
        return CEPA_ERR_NOT_FOUND;
    }
    cepa_wipe(element, pool->element_size);
    pool->slots[handle.index] = (struct cepa_pool_slot){0, pool->first_free, 0};
    pool->first_free = handle.index;
    pool->count--;
    return 0;
}

int cepa_pool_next(const struct cepa_pool *pool, struct cepa_handle *ret_handle, uint32_t from)
{
    for (uint32_t index = from; index < pool->fresh; index++) {
        if (pool->slots[index].generation != 0) {
            *ret_handle = (struct cepa_handle){pool->slots[index].generation, index, 0};
            return 0;
        }
    }
    return CEPA_ERR_NOT_FOUND;
}

void cepa_pool_wipe(struct cepa_pool *pool)
{
    cepa_wipe(pool->elements, pool->fresh * pool->element_size);
    cepa_wipe(pool, sizeof *pool);
}
