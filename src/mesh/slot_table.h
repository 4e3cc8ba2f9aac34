/* A hash table from 32-byte keys to the slots of somebody else's array in which those keys stand:
 * 4 bytes per place, no copies of keys. For large arrays that need two ways of lookup, where
 * base/map.h would double the memory. Linear probing, keyed hash, gaps are closed. */
#ifndef CEPA_MESH_SLOT_TABLE_H
#define CEPA_MESH_SLOT_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/siphash.h"

enum { CEPA_SLOT_KEY_LEN = 32 };
#define CEPA_SLOT_NONE UINT32_MAX

/* A table. */
struct cepa_slot_table {
    uint32_t *places;            /* slot + 1, or 0 when free; lent */
    uint32_t mask;               /* the number of places, a power of two, less one */
    const uint8_t *keys;         /* the key of slot 0 */
    size_t stride;               /* from one slot's key to the next one's */
    struct cepa_siphash_key key; /* of the hash */
};

/* cepa_slot_table_size gives the bytes of memory for up to `capacity` slots. */
size_t cepa_slot_table_size(uint32_t capacity);

/* cepa_slot_table_init makes an empty table. `memory` has cepa_slot_table_size bytes, aligned for
 * uint32_t; `keys` points at the key in slot 0. Both are lent. */
void cepa_slot_table_init(struct cepa_slot_table *table, void *memory, uint32_t capacity,
                          const void *keys, size_t stride, const struct cepa_siphash_key *key);

/* cepa_slot_table_find gives the slot with that key, or CEPA_SLOT_NONE. */
uint32_t cepa_slot_table_find(const struct cepa_slot_table *table, const void *key);

/* cepa_slot_table_add enters a slot whose key stands in the array and in no other slot. */
void cepa_slot_table_add(struct cepa_slot_table *table, uint32_t slot);

/* cepa_slot_table_remove takes a slot out while its key still stands in the array. */
void cepa_slot_table_remove(struct cepa_slot_table *table, uint32_t slot);

#endif
