/* Knocks that were here. @[SPEC 16.2] */
#include "session/knocks.h"

#include "base/assert.h"
#include "base/block.h"

size_t cepa_knocks_size(uint32_t capacity)
{
    size_t size = cepa_map_size(capacity, CEPA_KNOCK_TAG_SIZE, 0);
    return size > (SIZE_MAX - CEPA_BLOCK_ALIGNMENT) / 2 ? SIZE_MAX : 2 * size;
}

void cepa_knocks_init(struct cepa_knocks *ret_knocks, void *memory, size_t memory_len,
                      uint32_t capacity, const struct cepa_siphash_key *key, struct cepa_wall wall)
{
    size_t size = cepa_knocks_size(capacity);
    CEPA_ASSERT(memory_len >= size);
    for (size_t i = 0; i < 2; i++) {
        cepa_map_init(&ret_knocks->tables[i], (uint8_t *)memory + i * (size / 2), size / 2,
                      capacity, CEPA_KNOCK_TAG_SIZE, 0, key);
    }
    ret_knocks->current = 0;
    ret_knocks->since = wall;
}

void cepa_knocks_wipe(struct cepa_knocks *knocks)
{
    cepa_map_wipe(&knocks->tables[0]);
    cepa_map_wipe(&knocks->tables[1]);
}

int cepa_knocks_take(struct cepa_knocks *knocks, const struct cepa_knock_tag *tag,
                     struct cepa_wall time, struct cepa_wall wall)
{
    if (cepa_wall_since(wall, time) > CEPA_KNOCK_SKEW_MS ||
        cepa_wall_since(time, wall) > CEPA_KNOCK_SKEW_MS) {
        return CEPA_ERR_EPOCH;
    }
    /* A clock that was set back begins anew without forgetting: its table is used for longer. */
    knocks->since = wall.unix_ms < knocks->since.unix_ms ? wall : knocks->since;
    if (cepa_wall_since(wall, knocks->since) >= CEPA_KNOCK_KEPT_MS) {
        knocks->current ^= 1u;
        knocks->since = wall;
        cepa_map_clear(&knocks->tables[knocks->current]);
    }
    if (cepa_map_find(&knocks->tables[0], tag->bytes) != NULL ||
        cepa_map_find(&knocks->tables[1], tag->bytes) != NULL) {
        return CEPA_ERR_REPLAY;
    }
    return cepa_map_put(&knocks->tables[knocks->current], tag->bytes, NULL);
}
