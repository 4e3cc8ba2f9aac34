/* Invariant: from the home place of an entry up to where it stands, no place is free. Insertion
 * takes the first free place after home; removal restores the invariant by closing the gap. */
#include "base/map.h"

#include <string.h>

#include "base/assert.h"
#include "base/block.h"
#include "base/ct.h"

#define MARK_TAKEN (UINT32_C(1) << 31)

/* The least power of two of which `capacity` is at most three quarters. */
static uint32_t places_for(uint32_t capacity)
{
    uint32_t places = 4;
    while (places / 4 * 3 < capacity) {
        places *= 2;
    }
    return places;
}

static size_t round_to_8(size_t len)
{
    return len > SIZE_MAX - 7 ? SIZE_MAX : (len + 7) & ~(size_t)7;
}

static size_t entry_size(size_t key_len, size_t value_len)
{
    return cepa_block_sum(round_to_8(key_len), round_to_8(value_len));
}

size_t cepa_map_size(uint32_t capacity, size_t key_len, size_t value_len)
{
    if (capacity > CEPA_MAP_CAPACITY_MAX) {
        return SIZE_MAX;
    }
    size_t places = places_for(capacity);
    return cepa_block_sum(cepa_block_array_size(places, sizeof(uint32_t)),
                          cepa_block_array_size(places, entry_size(key_len, value_len)));
}

void cepa_map_init(struct cepa_map *map, void *memory, size_t memory_len, uint32_t capacity,
                   size_t key_len, size_t value_len, const struct cepa_siphash_key *key)
{
    struct cepa_block block;
    CEPA_ASSERT(capacity > 0 && capacity <= CEPA_MAP_CAPACITY_MAX);
    CEPA_ASSERT(key_len >= CEPA_MAP_KEY_LEN_MIN && key_len <= CEPA_MAP_KEY_LEN_MAX);
    CEPA_ASSERT(memory_len >= cepa_map_size(capacity, key_len, value_len));
    size_t places = places_for(capacity);
    cepa_block_init(&block, memory, memory_len);
    memset(map, 0, sizeof *map);
    map->marks = cepa_block_carve(&block, places * sizeof(uint32_t));
    map->entry_size = entry_size(key_len, value_len);
    map->entries = cepa_block_carve(&block, places * map->entry_size);
    CEPA_ASSERT(cepa_block_end(&block) == 0);
    map->value_offset = round_to_8(key_len);
    map->value_len = value_len;
    map->key_len = key_len;
    map->place_mask = (uint32_t)places - 1;
    map->capacity = capacity;
    map->key = *key;
    cepa_block_zero(map->marks, places * sizeof(uint32_t));
}

static uint32_t mark_of(const struct cepa_map *map, const void *key)
{
    return (uint32_t)cepa_siphash(&map->key, key, map->key_len) | MARK_TAKEN;
}

static uint8_t *entry_at(const struct cepa_map *map, uint32_t place)
{
    return map->entries + place * map->entry_size;
}

/* The place of `key`, or the free place where it would go. There is always a free one. */
static uint32_t seek(const struct cepa_map *map, const void *key, uint32_t mark)
{
    uint32_t place = mark & map->place_mask;
    while (map->marks[place] != 0) {
        if (map->marks[place] == mark && memcmp(entry_at(map, place), key, map->key_len) == 0) {
            break;
        }
        place = (place + 1) & map->place_mask;
    }
    return place;
}

void *cepa_map_find(const struct cepa_map *map, const void *key)
{
    uint32_t place = seek(map, key, mark_of(map, key));
    return map->marks[place] != 0 ? entry_at(map, place) + map->value_offset : NULL;
}

int cepa_map_put(struct cepa_map *map, const void *key, const void *value)
{
    uint32_t mark = mark_of(map, key);
    uint32_t place = seek(map, key, mark);
    if (map->marks[place] == 0) {
        if (map->count == map->capacity) {
            return CEPA_ERR_FULL;
        }
        map->marks[place] = mark;
        map->count++;
        memcpy(entry_at(map, place), key, map->key_len);
    }
    if (map->value_len > 0) {
        memcpy(entry_at(map, place) + map->value_offset, value, map->value_len);
    }
    return 0;
}

/* Moves later entries into the gap at `gap` until a free place follows it. An entry may move back
 * to the gap unless its home lies after the gap, going round from the gap to the entry. */
static uint32_t close_gap(struct cepa_map *map, uint32_t gap)
{
    uint32_t mask = map->place_mask;
    for (uint32_t place = (gap + 1) & mask; map->marks[place] != 0; place = (place + 1) & mask) {
        uint32_t from_home = (place - map->marks[place]) & mask;
        uint32_t from_gap = (place - gap) & mask;
        if (from_home >= from_gap) {
            map->marks[gap] = map->marks[place];
            memcpy(entry_at(map, gap), entry_at(map, place), map->entry_size);
            gap = place;
        }
    }
    return gap;
}

int cepa_map_remove(struct cepa_map *map, const void *key)
{
    uint32_t place = seek(map, key, mark_of(map, key));
    if (map->marks[place] == 0) {
        return CEPA_ERR_NOT_FOUND;
    }
    place = close_gap(map, place);
    map->marks[place] = 0;
    cepa_wipe(entry_at(map, place), map->entry_size);
    map->count--;
    return 0;
}

void cepa_map_clear(struct cepa_map *map)
{
    size_t places = (size_t)map->place_mask + 1;
    memset(map->marks, 0, places * sizeof(uint32_t));
    cepa_wipe(map->entries, places * map->entry_size);
    map->count = 0;
}

void cepa_map_wipe(struct cepa_map *map)
{
    cepa_map_clear(map);
    cepa_wipe(map, sizeof *map);
}
