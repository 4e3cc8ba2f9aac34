/* How the first relays of a network find each other, when the index is empty yet. @[SPEC 10.13] */
#ifndef CEPA_MESH_FOUNDERS_H
#define CEPA_MESH_FOUNDERS_H

#include "mesh/mesh_state.h"

/* cepa_founders_tell tells a relay that has asked for a dial-back or was refused as a neighbour,
 * and that the index does not list, of a few others that are linked here; nothing where there are
 * relays enough. */
void cepa_founders_tell(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer);

/* cepa_founders_on_reached says that a peer was dialled back: those that the index does not list
 * hear of it, since not every newcomer can be dialled. */
void cepa_founders_on_reached(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer);

/* cepa_founders_on_relay takes RELAY: this relay dials it, if it waits for a receipt of that peer
 * or has one, or has asked to be its neighbour. */
void cepa_founders_on_relay(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer,
                            const struct cepa_relay_address *relay);

#endif
