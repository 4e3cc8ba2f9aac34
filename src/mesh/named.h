/* Relays that this node's paths want by name: guards, second-layer guards, last hops. What is here
 * of them is not swept out in a large network, and a guard is asked for its own objects over the
 * link that this node has to it anyway. @[SPEC 10.17] */
#ifndef CEPA_MESH_NAMED_H
#define CEPA_MESH_NAMED_H

#include "mesh/mesh_state.h"

/* cepa_named_add says that the relay at a position is wanted until then. When there are as many as
 * can be, the one that would be forgotten first makes place. */
void cepa_named_add(struct cepa_mesh *mesh, uint64_t position, struct cepa_time until);

/* cepa_named_has says whether the relay at a position is wanted now. */
bool cepa_named_has(const struct cepa_mesh *mesh, uint64_t position);

#endif
