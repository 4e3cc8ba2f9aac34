/* Large networks: answering requests for chunks of buckets, of neighbours and of circuits that end
 * here. Who keeps the bucket answers; another relay asks a custodian, over a link, and passes the
 * answer on. @[SPEC 10.17] */
#ifndef CEPA_MESH_SERVING_H
#define CEPA_MESH_SERVING_H

#include "mesh/mesh_state.h"

/* cepa_serving_on_get takes BUCKET_GET of a peer. */
void cepa_serving_on_get(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer,
                         const struct cepa_mesh_bucket *request);

/* cepa_serving_on_answer takes a BUCKET of a custodian; false if none was asked for. */
bool cepa_serving_on_answer(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer,
                            const struct cepa_mesh_bucket *answer);

/* cepa_serving_uses says whether a custodian's answer is awaited over a link to that relay. */
bool cepa_serving_uses(const struct cepa_mesh *mesh, const struct cepa_node_id *node);

/* cepa_serving_step asks custodians whose links are up, and others when they do not answer. */
void cepa_serving_step(struct cepa_mesh *mesh);

/* cepa_serving_next gives the next answer for a circuit as an effect; false if there is none. */
bool cepa_serving_next(struct cepa_mesh *mesh, struct cepa_mesh_effect *ret_effect);

#endif
