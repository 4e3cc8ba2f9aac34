/* Large networks: who keeps the objects of which relays, and whole buckets of them, over links at
 * first and through circuits later. @[SPEC 10.15] */
#ifndef CEPA_MESH_BUCKETS_H
#define CEPA_MESH_BUCKETS_H

#include "mesh/mesh_state.h"

enum { CEPA_MESH_CUSTODIANS = 8 };

/* cepa_buckets_bits gives how many bits of the position name a bucket, with so many relays: 32 to
 * 64 in each. */
uint8_t cepa_buckets_bits(uint32_t relays);

/* cepa_buckets_custodians gives the usable relays whose positions are nearest to the middle of a
 * bucket; returns how many there are, up to CEPA_MESH_CUSTODIANS. */
size_t cepa_buckets_custodians(const struct cepa_mesh *mesh,
                               const struct cepa_index_entry **ret_entries, uint8_t bits,
                               uint32_t number);

/* cepa_buckets_keeps says whether this node keeps the objects of the relay at a position: below
 * custody_relays of all, else those of buckets whose custodian it is. */
bool cepa_buckets_keeps(const struct cepa_mesh *mesh, uint64_t position);

/* cepa_buckets_on_item takes BUCKET_GET or BUCKET. */
void cepa_buckets_on_item(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer,
                          enum cepa_mesh_item_type type, const struct cepa_mesh_bucket *item);

/* cepa_buckets_step fetches random buckets from time to time. */
void cepa_buckets_step(struct cepa_mesh *mesh);

#endif
