/* This node's clock against its neighbours': while it is far off nothing is published.
 * @[SPEC 10.12] */
#ifndef CEPA_MESH_CLOCK_H
#define CEPA_MESH_CLOCK_H

#include "mesh/mesh_state.h"

/* cepa_clock_step compares from time to time. */
void cepa_clock_step(struct cepa_mesh *mesh);

#endif
