/* Way records of all relays, for relays in a large network, where the credentials of most are
 * elsewhere: whoever stands in a packet as the next hop can be dialled at once, and nobody learns
 * that somebody looked for it. Verified before they are kept; those of relays that have left the
 * index make room. @[SPEC 10.15] */
#ifndef CEPA_MESH_WAYS_H
#define CEPA_MESH_WAYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mesh/credentials.h"
#include "mesh/index.h"
#include "mesh/slot_table.h"
#include "wire/way_record.h"

/* The store. Fields are internal. */
struct cepa_ways {
    uint32_t capacity;
    uint32_t count;
    uint32_t sweep;
    struct cepa_index *index;                 /* lent */
    uint8_t (*records)[CEPA_WAY_RECORD_SIZE]; /* lent; `count` of them are taken */
    bool *is_named;                           /* lent; whose node id stands in by_node */
    struct cepa_slot_table by_key;
    struct cepa_slot_table by_node;
};

/* cepa_way_record_make makes and signs the record of a relay with that descriptor. Returns 0, or
 * CEPA_ERR_NOT_FOUND if the descriptor has neither an address nor an introducer. */
CEPA_MUST_USE int cepa_way_record_make(uint8_t ret_bytes[CEPA_WAY_RECORD_SIZE],
                                       const struct cepa_descriptor *descriptor,
                                       const struct cepa_ed25519_key *key);

/* cepa_way_record_verify decodes a record and checks its signature. Returns a decoder's error or
 * CEPA_ERR_AUTHENTICATION. */
CEPA_MUST_USE int cepa_way_record_verify(struct cepa_way_record *ret_record, const uint8_t *bytes,
                                         size_t bytes_len, const struct cepa_network_id *network);

/* cepa_ways_size gives the memory for so many; cepa_ways_init makes an empty store in it, aligned
 * as base/block.h says, lent. `key` is random and secret. */
size_t cepa_ways_size(uint32_t capacity);
void cepa_ways_init(struct cepa_ways *ways, void *memory, size_t memory_len, uint32_t capacity,
                    struct cepa_index *index, const struct cepa_siphash_key *key);

/* cepa_ways_put verifies a record of a relay that the index lists, and keeps it if it is later than
 * what is here. Returns 0, 1 if it is not later (nothing is verified then), CEPA_ERR_NOT_FOUND for
 * one that is not listed, CEPA_ERR_FULL, or as cepa_way_record_verify. 50 us. */
CEPA_MUST_USE int cepa_ways_put(struct cepa_ways *ways, const uint8_t *bytes, size_t bytes_len);

/* cepa_ways_find gives the record of an Ed25519 key as it came, CEPA_WAY_RECORD_SIZE bytes, lent
 * until the next put; NULL if it is not here. */
const uint8_t *cepa_ways_find(const struct cepa_ways *ways, const uint8_t *public_key);

/* cepa_ways_is_current says whether it is here and as late as the relay's index record. */
bool cepa_ways_is_current(const struct cepa_ways *ways, const struct cepa_index_entry *entry);

/* cepa_ways_find_node gives the decoded record of a node id. Returns 0 or CEPA_ERR_NOT_FOUND. */
CEPA_MUST_USE int cepa_ways_find_node(const struct cepa_ways *ways,
                                      struct cepa_way_record *ret_record,
                                      const struct cepa_node_id *node);

/* cepa_ways_step forgets a few of relays that are not listed any more. */
void cepa_ways_step(struct cepa_ways *ways);

#endif
