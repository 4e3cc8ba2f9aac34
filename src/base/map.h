/* Maps from keys of a fixed length (8 to 32 bytes) to values of a fixed length, in memory that the
 * caller gives.
 *
 * Open addressing with linear probing. Places follow from a keyed hash, so that a peer who chooses
 * keys cannot make them collide. Removing moves the entries behind it back into the gap, so that
 * there are no tombstones and a map does not grow slower with age. At most three of four places are
 * taken: O(1) expected, and about 9 places looked at for a key that is not there in a full map.
 *
 * Keys and values are public as far as timing goes; no secret may be a key. */
#ifndef CEPA_BASE_MAP_H
#define CEPA_BASE_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/siphash.h"

#define CEPA_MAP_KEY_LEN_MIN 8
#define CEPA_MAP_KEY_LEN_MAX 32

/* The largest number of entries. */
#define CEPA_MAP_CAPACITY_MAX (UINT32_C(3) << 28)

/* A map. */
struct cepa_map {
    uint32_t *marks;     /* one per place: 0 when free, else the hash with its top bit set */
    uint8_t *entries;    /* one per place: key, then value, each rounded up to 8 bytes */
    size_t entry_size;   /* from one entry to the next */
    size_t value_offset; /* from an entry to its value */
    size_t value_len;    /* bytes of each value; may be 0 */
    size_t key_len;      /* bytes of each key */
    uint32_t place_mask; /* the number of places, a power of two, less one */
    uint32_t capacity;   /* how many entries there can be */
    uint32_t count;      /* how many there are */
    struct cepa_siphash_key key; /* of the hash */
};

/* cepa_map_size gives the bytes that a map of `capacity` entries needs; SIZE_MAX if there is no
 * such number. */
size_t cepa_map_size(uint32_t capacity, size_t key_len, size_t value_len);

/* cepa_map_init makes an empty map in the `memory_len` >= cepa_map_size(capacity, key_len,
 * value_len) bytes at `memory` (asserted), aligned as base/block.h says and lent for the map's
 * life. 0 < `capacity` <= CEPA_MAP_CAPACITY_MAX. `key` is random and secret. O(capacity). */
void cepa_map_init(struct cepa_map *map, void *memory, size_t memory_len, uint32_t capacity,
                   size_t key_len, size_t value_len, const struct cepa_siphash_key *key);

/* cepa_map_find gives the value under `key` (key_len bytes), aligned to 8, for reading and writing,
 * lent until the next put or remove; NULL if there is none. With values of length 0 it is not NULL
 * where the key is there, and nothing to read. */
void *cepa_map_find(const struct cepa_map *map, const void *key);

/* cepa_map_put sets the value under `key` to a copy of `value` (value_len bytes; NULL if that is
 * 0), whether or not there was one. Returns 0, or CEPA_ERR_FULL if the key is new and `capacity`
 * entries are there; then nothing changes and nothing is evicted. */
CEPA_MUST_USE int cepa_map_put(struct cepa_map *map, const void *key, const void *value);

/* cepa_map_remove removes `key` and wipes its entry. Returns 0, or CEPA_ERR_NOT_FOUND. */
CEPA_MUST_USE int cepa_map_remove(struct cepa_map *map, const void *key);

/* cepa_map_clear removes every entry. O(capacity). */
void cepa_map_clear(struct cepa_map *map);

/* cepa_map_wipe wipes the entries and the hash key and ends the map. */
void cepa_map_wipe(struct cepa_map *map);

#endif
