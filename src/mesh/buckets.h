/* Large networks: whole buckets for this node's own paths, a few at random and those of relays that
 * it wants by name, fetched through circuits; the first ones from neighbours. @[SPEC 10.17] */
#ifndef CEPA_MESH_BUCKETS_H
#define CEPA_MESH_BUCKETS_H

#include "mesh/mesh_state.h"

/* cepa_buckets_is_followed says whether the relay at a position is in a bucket that this node keeps
 * for its own paths; cepa_buckets_are_here whether enough of them are here to build circuits. */
bool cepa_buckets_is_followed(const struct cepa_mesh *mesh, uint64_t position);
bool cepa_buckets_are_here(const struct cepa_mesh *mesh);

/* cepa_buckets_on_answer takes a BUCKET that answers a request over `link`; false if it is none. */
bool cepa_buckets_on_answer(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer,
                            const struct cepa_mesh_bucket *answer);

/* cepa_buckets_step draws buckets, and fetches what is missing of them. */
void cepa_buckets_step(struct cepa_mesh *mesh);

#endif
