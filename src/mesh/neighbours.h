/* With whom this node gossips: chosen at random over the whole index, at most one per prefix; what
 * is lost is replaced at once. @[SPEC 10.10] */
#ifndef CEPA_MESH_NEIGHBOURS_H
#define CEPA_MESH_NEIGHBOURS_H

#include "mesh/mesh_state.h"

/* cepa_neighbours_on_link_up asks the peer, if this node has opened the link for that. */
void cepa_neighbours_on_link_up(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer,
                                enum cepa_mesh_purpose purpose);

/* cepa_neighbours_on_link_down looks for another one; the peer is still in the table. */
void cepa_neighbours_on_link_down(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer, int error);

/* cepa_neighbours_on_item takes NEIGHBOUR. */
void cepa_neighbours_on_item(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer,
                             const struct cepa_mesh_neighbour *item);

/* cepa_neighbours_step fills what is missing, tries lost ones again, lets idle links go, keeps
 * anchors and introducers. */
void cepa_neighbours_step(struct cepa_mesh *mesh);

/* cepa_neighbours_count counts neighbours that are relays and not stalled: all, and those that this
 * node chose. */
uint32_t cepa_neighbours_count(const struct cepa_mesh *mesh, uint32_t *ret_outbound);

/* cepa_neighbours_ask asks a peer to be a neighbour, or a neighbour to introduce this node. */
void cepa_neighbours_ask(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer);

/* cepa_neighbours_fill dials as many as are missing. */
void cepa_neighbours_fill(struct cepa_mesh *mesh);

#endif
