/* Carving one block of memory. */
#include "base/block.h"

#include <string.h>

#include "base/assert.h"

size_t cepa_block_round(size_t size)
{
    if (size > SIZE_MAX - (CEPA_BLOCK_ALIGNMENT - 1)) {
        return SIZE_MAX;
    }
    return (size + (CEPA_BLOCK_ALIGNMENT - 1)) & ~(size_t)(CEPA_BLOCK_ALIGNMENT - 1);
}

size_t cepa_block_array_size(size_t len, size_t element_size)
{
    if (element_size != 0 && len > SIZE_MAX / element_size) {
        return SIZE_MAX;
    }
    return cepa_block_round(len * element_size);
}

size_t cepa_block_sum(size_t a, size_t b)
{
    return b > SIZE_MAX - a ? SIZE_MAX : a + b;
}

void cepa_block_init(struct cepa_block *block, void *memory, size_t size)
{
    CEPA_ASSERT((uintptr_t)memory % CEPA_BLOCK_ALIGNMENT == 0);
    block->memory = memory;
    block->left = size;
    block->error = 0;
}

void *cepa_block_carve(struct cepa_block *block, size_t size)
{
    size_t rounded = cepa_block_round(size);
    if (block->error != 0 || rounded > block->left) {
        block->error = CEPA_ERR_FULL;
        return NULL;
    }
    void *part = block->memory;
    block->memory += rounded;
    block->left -= rounded;
    return part;
}

int cepa_block_end(const struct cepa_block *block)
{
    return block->error;
}

void cepa_block_zero(void *memory, size_t size)
{
    uint64_t *words = memory;
    size_t words_len = size / sizeof words[0];
    CEPA_ASSERT((uintptr_t)memory % sizeof words[0] == 0);
    for (size_t i = 0; i < words_len; i++) {
        if (words[i] != 0) {
            words[i] = 0;
        }
    }
    memset((uint8_t *)memory + words_len * sizeof words[0], 0, size % sizeof words[0]);
}
