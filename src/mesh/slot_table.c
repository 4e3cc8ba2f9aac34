/* Invariant, as in base/map.c: from the home of an entry to where it stands, no place is free. */
#include "mesh/slot_table.h"

#include <string.h>

#include "base/assert.h"
#include "base/block.h"

/* The least power of two of which `capacity` is at most three quarters. */
static uint32_t places_for(uint32_t capacity)
{
    uint32_t places = 4;
    while (places / 4 * 3 < capacity) {
        places *= 2;
    }
    return places;
}

size_t cepa_slot_table_size(uint32_t capacity)
{
    return (size_t)places_for(capacity) * sizeof(uint32_t);
}

void cepa_slot_table_init(struct cepa_slot_table *table, void *memory, uint32_t capacity,
                          const void *keys, size_t stride, const struct cepa_siphash_key *key)
{
    table->places = memory;
    table->mask = places_for(capacity) - 1;
    table->keys = keys;
    table->stride = stride;
    table->key = *key;
    cepa_block_zero(memory, cepa_slot_table_size(capacity));
}

static const uint8_t *key_at(const struct cepa_slot_table *table, uint32_t place)
{
    return table->keys + (size_t)(table->places[place] - 1) * table->stride;
}

static uint32_t home_of(const struct cepa_slot_table *table, const void *key)
{
    return (uint32_t)cepa_siphash(&table->key, key, CEPA_SLOT_KEY_LEN) & table->mask;
}

/* The place of `key`, or the free one where it would go; there is always one. */
static uint32_t seek(const struct cepa_slot_table *table, const void *key)
{
    uint32_t place = home_of(table, key);
    while (table->places[place] != 0 && memcmp(key_at(table, place), key, CEPA_SLOT_KEY_LEN) != 0) {
        place = (place + 1) & table->mask;
    }
    return place;
}

uint32_t cepa_slot_table_find(const struct cepa_slot_table *table, const void *key)
{
    uint32_t place = seek(table, key);
    return table->places[place] == 0 ? CEPA_SLOT_NONE : table->places[place] - 1;
}

void cepa_slot_table_add(struct cepa_slot_table *table, uint32_t slot)
{
    uint32_t place = seek(table, table->keys + (size_t)slot * table->stride);
    CEPA_ASSERT(table->places[place] == 0);
    table->places[place] = slot + 1;
}

void cepa_slot_table_remove(struct cepa_slot_table *table, uint32_t slot)
{
    uint32_t gap = seek(table, table->keys + (size_t)slot * table->stride);
    CEPA_ASSERT(table->places[gap] == slot + 1);
    uint32_t place = gap;
    for (;;) {
        place = (place + 1) & table->mask;
        if (table->places[place] == 0) {
            break;
        }
        uint32_t from_home = (place - home_of(table, key_at(table, place))) & table->mask;
        if (from_home >= ((place - gap) & table->mask)) {
            table->places[gap] = table->places[place];
            gap = place;
        }
    }
    table->places[gap] = 0;
}
