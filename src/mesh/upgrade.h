/* A link that goes through an introducer looks for a direct way: the initiator makes an offer, and
 * both drivers signal through the link itself. What failed is not tried again soon. @[SPEC 10.11]
 */
#ifndef CEPA_MESH_UPGRADE_H
#define CEPA_MESH_UPGRADE_H

#include "mesh/mesh_state.h"

/* cepa_upgrade_on_link_up sets when the first offer is made. */
void cepa_upgrade_on_link_up(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer);

/* cepa_upgrade_on_direct ends it well; cepa_upgrade_on_failed ends an attempt. */
void cepa_upgrade_on_direct(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer);
void cepa_upgrade_on_failed(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer, uint32_t attempt);

/* cepa_upgrade_on_addresses: this node has other addresses, or is in another network. What failed
 * may succeed now: all relayed links of which it is the initiator make offers again at once. */
void cepa_upgrade_on_addresses(struct cepa_mesh *mesh);

/* cepa_upgrade_on_item takes SIGNAL. */
void cepa_upgrade_on_item(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer,
                          const struct cepa_mesh_signal_item *item);

/* cepa_upgrade_step makes offers and ends attempts that took too long. */
void cepa_upgrade_step(struct cepa_mesh *mesh);

#endif
