/* Who this node begins with, who it would begin with again, and who introduces it. @[SPEC 10.10] */
#ifndef CEPA_MESH_VIEW_H
#define CEPA_MESH_VIEW_H

#include "mesh/mesh_state.h"

/* cepa_view_step tries first contacts while there is no neighbour, and keeps anchors and
 * introducers. */
void cepa_view_step(struct cepa_mesh *mesh);

#endif
