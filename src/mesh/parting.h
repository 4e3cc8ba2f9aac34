/* Letting go of neighbours that neither side needs: whoever has more than it wants asks one of
 * them, and that one leaves if it has more than it wants, too. @[SPEC 10.10] */
#ifndef CEPA_MESH_PARTING_H
#define CEPA_MESH_PARTING_H

#include "mesh/mesh_state.h"

/* cepa_parting_step asks a neighbour, now and then. */
void cepa_parting_step(struct cepa_mesh *mesh);

/* cepa_parting_agrees says whether this node can do without a neighbour that asks to part. */
bool cepa_parting_agrees(const struct cepa_mesh *mesh, const struct cepa_mesh_peer *peer);

/* cepa_parting_on_stay: the one that was asked stays. */
void cepa_parting_on_stay(struct cepa_mesh *mesh);

/* cepa_parting_on_crowded: a neighbour that this node cannot do without has far too many. */
void cepa_parting_on_crowded(struct cepa_mesh *mesh, const struct cepa_mesh_peer *peer);

/* cepa_parting_wanted gives how many neighbours this node looks for: one more while it looks for
 * another one in the place of a crowded one. */
uint32_t cepa_parting_wanted(const struct cepa_mesh *mesh);

/* cepa_parting_on_answer: the peer has answered, or is no neighbour any more. Says whether it was
 * the one that was asked. */
bool cepa_parting_on_answer(struct cepa_mesh *mesh, const struct cepa_mesh_peer *peer);

#endif
