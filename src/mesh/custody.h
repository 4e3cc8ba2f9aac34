/* Large networks: who keeps the objects of which relays, and how a custodian comes by them: it asks
 * the relays themselves. @[SPEC 10.16] */
#ifndef CEPA_MESH_CUSTODY_H
#define CEPA_MESH_CUSTODY_H

#include "mesh/mesh_state.h"

/* cepa_custody_bits gives how many bits of the position name a bucket of at least `bucket_relays`,
 * and of less than twice as many, with so many relays. */
uint8_t cepa_custody_bits(uint32_t relays, uint32_t bucket_relays);

/* cepa_custody_bucket gives the number of the bucket that a position is in. */
uint32_t cepa_custody_bucket(uint8_t bits, uint64_t position);

/* cepa_custody_of gives the usable relays whose positions are nearest to the middle of a bucket,
 * the nearest first; returns how many there are, up to the profile's number of custodians. */
size_t cepa_custody_of(const struct cepa_mesh *mesh, const struct cepa_index_entry **ret_entries,
                       uint8_t bits, uint32_t number);

/* cepa_custody_has says whether this relay answers for a bucket, be it since everybody does. */
bool cepa_custody_has(const struct cepa_mesh *mesh, uint8_t bits, uint32_t number);

/* cepa_custody_keeps says whether this node keeps the objects of the relay at a position for
 * others: of all in a small network, else of buckets whose custodian it is. */
bool cepa_custody_keeps(const struct cepa_mesh *mesh, uint64_t position);

/* cepa_custody_next gives the next entry of a bucket in the index, the first after NULL; NULL at
 * the end. The order is any, as long as the index does not change. */
const struct cepa_index_entry *cepa_custody_next(const struct cepa_mesh *mesh, uint8_t bits,
                                                 uint32_t number,
                                                 const struct cepa_index_entry *entry);

/* cepa_custody_is_missing says whether the credentials that the index names, or the key record of
 * this epoch, are not here. */
bool cepa_custody_is_missing(const struct cepa_mesh *mesh, const struct cepa_index_entry *entry);

/* cepa_custody_step looks which buckets this relay keeps, fetches what is missing of them from
 * their relays, and forgets the objects of relays that are nobody's here any more. */
void cepa_custody_step(struct cepa_mesh *mesh);

#endif
