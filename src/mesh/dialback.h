/* Getting certified as reachable, and certifying others. @[SPEC 10.13] */
#ifndef CEPA_MESH_DIALBACK_H
#define CEPA_MESH_DIALBACK_H

#include "mesh/mesh_state.h"

/* cepa_dialback_on_request takes DIALBACK; cepa_dialback_on_receipt takes RECEIPT. */
void cepa_dialback_on_request(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer,
                              const struct cepa_mesh_dialback *item);
void cepa_dialback_on_receipt(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer,
                              const struct cepa_mesh_receipt *item);

/* cepa_dialback_done says how a dial-back for somebody else went. */
void cepa_dialback_done(struct cepa_mesh *mesh, uint64_t ticket, bool was_reached);

/* cepa_dialback_forget drops all receipts: the addresses are others now. */
void cepa_dialback_forget(struct cepa_mesh *mesh);

/* cepa_dialback_step asks for receipts that are missing, and refuses what took too long. */
void cepa_dialback_step(struct cepa_mesh *mesh);

#endif
