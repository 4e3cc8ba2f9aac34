/* The pools that all links of a node share. @[SPEC 7.8] */
#include "link/shared.h"

#include <string.h>

#include "base/assert.h"
#include "base/block.h"
#include "base/ct.h"
#include "link/link_internal.h"

enum { MAP_KEY_LEN = 8, WINDOW_MIN = 32 };

static bool is_valid(const struct cepa_link_limits *limits)
{
    return limits->cells > 0 && limits->circuits > 0 && limits->circuits <= CEPA_MAP_CAPACITY_MAX &&
           limits->buffers > 0 && limits->handshakes > 0 && limits->circuits_per_link > 0 &&
           limits->circuits_per_link < UINT32_C(1) << 31 &&
           limits->queue_max >= CEPA_LINK_MESSAGE_PARTS_MAX && limits->window_max >= WINDOW_MIN &&
           limits->window_max <= CEPA_LINK_WINDOW_END;
}

static size_t pool_size(uint32_t capacity, size_t element_size)
{
    return cepa_block_sum(cepa_block_array_size(capacity, sizeof(uint32_t)),
                          cepa_block_array_size(capacity, element_size));
}

size_t cepa_link_shared_size(const struct cepa_link_limits *limits)
{
    size_t size = pool_size(limits->cells, sizeof(struct cepa_link_cell));
    size = cepa_block_sum(size, pool_size(limits->circuits, sizeof(struct cepa_link_circuit)));
    size = cepa_block_sum(size, pool_size(limits->buffers, CEPA_LINK_BUFFER_SIZE));
    size = cepa_block_sum(size, pool_size(limits->handshakes, sizeof(struct cepa_link_handshake)));
    size = cepa_block_sum(
        size, cepa_block_round(cepa_map_size(limits->circuits, MAP_KEY_LEN, sizeof(uint64_t))));
    size = cepa_block_sum(size, cepa_block_round(sizeof(struct cepa_xwing_workspace)));
    return cepa_block_sum(size, cepa_block_round(sizeof(struct cepa_xwing_key)));
}

/* Carves a pool; gives its elements. */
static void *carve_pool(struct cepa_link_pool *ret_pool, struct cepa_block *block,
                        uint32_t capacity, size_t element_size)
{
    ret_pool->capacity = capacity;
    ret_pool->first_free = CEPA_LINK_NONE;
    ret_pool->next_free =
        cepa_block_carve(block, cepa_block_array_size(capacity, sizeof(uint32_t)));
    return cepa_block_carve(block, cepa_block_array_size(capacity, element_size));
}

int cepa_link_shared_init(struct cepa_link_shared *ret_shared, void *memory, size_t memory_len,
                          const struct cepa_link_limits *limits,
                          const struct cepa_link_identity *identity,
                          const struct cepa_random *random, uint32_t cpu)
{
    struct cepa_siphash_key map_key;
    struct cepa_block block;
    struct cepa_link_shared shared;
    if (!is_valid(limits) || memory_len < cepa_link_shared_size(limits)) {
        return CEPA_ERR_ARGUMENT;
    }
    if (cepa_random_fill(random, map_key.bytes, sizeof map_key.bytes) != 0) {
        return CEPA_ERR_RANDOM;
    }
    memset(&shared, 0, sizeof shared);
    shared.limits = *limits;
    shared.identity = identity;
    shared.random = random;
    shared.cpu = cpu;
    cepa_block_init(&block, memory, memory_len);
    shared.cells =
        carve_pool(&shared.cell_pool, &block, limits->cells, sizeof(struct cepa_link_cell));
    shared.circuits = carve_pool(&shared.circuit_pool, &block, limits->circuits,
                                 sizeof(struct cepa_link_circuit));
    shared.buffers =
        carve_pool(&shared.buffer_pool, &block, limits->buffers, CEPA_LINK_BUFFER_SIZE);
    shared.handshakes = carve_pool(&shared.handshake_pool, &block, limits->handshakes,
                                   sizeof(struct cepa_link_handshake));
    size_t map_size = cepa_map_size(limits->circuits, MAP_KEY_LEN, sizeof(uint64_t));
    void *map_memory = cepa_block_carve(&block, map_size);
    shared.workspace = cepa_block_carve(&block, sizeof(struct cepa_xwing_workspace));
    shared.fresh_key = cepa_block_carve(&block, sizeof(struct cepa_xwing_key));
    CEPA_ASSERT(cepa_block_end(&block) == 0);
    cepa_map_init(&shared.circuit_by_id, map_memory, map_size, limits->circuits, MAP_KEY_LEN,
                  sizeof(uint64_t), &map_key);
    cepa_wipe(&map_key, sizeof map_key);
    *ret_shared = shared;
    return 0;
}

void cepa_link_shared_wipe(struct cepa_link_shared *shared)
{
    cepa_map_wipe(&shared->circuit_by_id);
    cepa_wipe(shared->handshakes, sizeof *shared->handshakes * shared->handshake_pool.fresh);
    cepa_wipe(shared->cells, sizeof *shared->cells * shared->cell_pool.fresh);
    cepa_wipe(shared->buffers, (size_t)CEPA_LINK_BUFFER_SIZE * shared->buffer_pool.fresh);
    cepa_wipe(shared->workspace, sizeof *shared->workspace);
    cepa_wipe(shared->fresh_key, sizeof *shared->fresh_key);
    memset(shared, 0, sizeof *shared);
}

uint32_t cepa_link_pool_take(struct cepa_link_pool *pool)
{
    uint32_t index = pool->first_free;
    if (index != CEPA_LINK_NONE) {
        pool->first_free = pool->next_free[index];
    } else if (pool->fresh < pool->capacity) {
        index = pool->fresh++;
    } else {
        return CEPA_LINK_NONE;
    }
    pool->count++;
    return index;
}

void cepa_link_pool_give(struct cepa_link_pool *pool, uint32_t index)
{
    CEPA_ASSERT(index < pool->fresh && pool->count > 0);
    pool->next_free[index] = pool->first_free;
    pool->first_free = index;
    pool->count--;
}

struct cepa_link_cell *cepa_link_queue_push(struct cepa_link_shared *shared,
                                            struct cepa_link_queue *queue, uint32_t reserve)
{
    if (shared->cell_pool.capacity - shared->cell_pool.count <= reserve) {
        return NULL;
    }
    uint32_t index = cepa_link_pool_take(&shared->cell_pool);
    struct cepa_link_cell *cell = &shared->cells[index];
    cell->next = CEPA_LINK_NONE;
    if (queue->count == 0) {
        queue->head = index;
    } else {
        shared->cells[queue->tail].next = index;
    }
    queue->tail = index;
    queue->count++;
    return cell;
}

struct cepa_link_cell *cepa_link_queue_head(const struct cepa_link_shared *shared,
                                            const struct cepa_link_queue *queue)
{
    CEPA_ASSERT(queue->count > 0);
    return &shared->cells[queue->head];
}

void cepa_link_queue_pop(struct cepa_link_shared *shared, struct cepa_link_queue *queue)
{
    CEPA_ASSERT(queue->count > 0);
    uint32_t index = queue->head;
    queue->head = shared->cells[index].next;
    queue->count--;
    cepa_link_pool_give(&shared->cell_pool, index);
}

void cepa_link_queue_clear(struct cepa_link_shared *shared, struct cepa_link_queue *queue)
{
    while (queue->count > 0) {
        cepa_link_queue_pop(shared, queue);
    }
}
