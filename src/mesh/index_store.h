/* What index.c and index_read.c share. Internal to the room. */
#ifndef CEPA_MESH_INDEX_STORE_H
#define CEPA_MESH_INDEX_STORE_H

#include "mesh/index.h"

/* cepa_index_chain gives the chain that entries of a position hang on. */
static inline uint32_t cepa_index_chain(uint64_t position)
{
    return (uint32_t)(position / (UINT64_MAX / CEPA_INDEX_CHAINS + 1));
}

/* cepa_index_insert enters a record that is not there, first seen today and in no use, into slot,
 * lookup and bucket; the caller then sets its state and settles it. */
struct cepa_index_entry *cepa_index_insert(struct cepa_index *index,
                                           const struct cepa_index_record *record);

/* cepa_index_settle counts an entry that was inserted. */
void cepa_index_settle(struct cepa_index *index, struct cepa_index_entry *entry);

/* cepa_index_lot gives a slot (below the count, which is not 0) that follows from day and key. */
uint32_t cepa_index_lot(const struct cepa_index *index);

#endif
