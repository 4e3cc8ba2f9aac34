/* Objects that this node lacks: whom it has asked, and when it asks somebody else. Bounded, and one
 * that nobody has loses its place to others. @[SPEC 10.9] */
#ifndef CEPA_MESH_PULLS_H
#define CEPA_MESH_PULLS_H

#include "mesh/mesh_state.h"

/* cepa_pulls_want asks for an object at the next step, `hint` (a link, or 0) first. */
void cepa_pulls_want(struct cepa_mesh *mesh, enum cepa_mesh_table table, uint32_t epoch,
                     uint64_t position, uint64_t hint);

/* cepa_pulls_is_asked says whether this node has asked anybody for an object. */
bool cepa_pulls_is_asked(const struct cepa_mesh *mesh, enum cepa_mesh_table table, uint32_t epoch,
                         uint64_t position);

/* cepa_pulls_done says that it is here; cepa_pulls_failed that what came was of no use. */
void cepa_pulls_done(struct cepa_mesh *mesh, enum cepa_mesh_table table, uint32_t epoch,
                     uint64_t position);
void cepa_pulls_failed(struct cepa_mesh *mesh, enum cepa_mesh_table table, uint32_t epoch,
                       uint64_t position);

/* cepa_pulls_on_absent takes ABSENT. */
void cepa_pulls_on_absent(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer,
                          const struct cepa_mesh_pull *absent);

/* cepa_pulls_on_link_down says that a link will not answer. */
void cepa_pulls_on_link_down(struct cepa_mesh *mesh, uint64_t link);

/* cepa_pulls_step asks, and looks for what is missing. */
void cepa_pulls_step(struct cepa_mesh *mesh);

/* cepa_pulls_is_busy says whether anything is wanted. */
bool cepa_pulls_is_busy(const struct cepa_mesh *mesh);

/* cepa_pulls_on_neighbour says that there is one more to ask: nothing waits for its next try. */
void cepa_pulls_on_neighbour(struct cepa_mesh *mesh);

#endif
