/* Channels: this node's own, through introducers, and those that it carries for others. An
 * introducer sees sealed frames only. @[SPEC 10.11] */
#ifndef CEPA_MESH_INTRODUCER_H
#define CEPA_MESH_INTRODUCER_H

#include "mesh/mesh_state.h"

/* cepa_introducer_open asks a linked introducer for a channel to the attempt's node; false if there
 * is no room. */
bool cepa_introducer_open(struct cepa_mesh *mesh, struct cepa_mesh_attempt *attempt,
                          struct cepa_mesh_peer *introducer);

/* cepa_introducer_drop closes a channel that ends here. */
void cepa_introducer_drop(struct cepa_mesh *mesh, uint64_t link, uint32_t number,
                          enum cepa_mesh_channel_reason reason);

/* cepa_introducer_find gives the own channel that a ticket was given for, or NULL. */
struct cepa_mesh_channel_state *cepa_introducer_find(struct cepa_mesh *mesh, uint64_t ticket);

/* cepa_introducer_on_item takes CHANNEL_OPEN, _INCOMING, _OPENED, _CLOSE. */
void cepa_introducer_on_item(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer,
                             enum cepa_mesh_item_type type, const struct cepa_mesh_channel *item);

/* cepa_introducer_on_link_down closes all channels over a link. */
void cepa_introducer_on_link_down(struct cepa_mesh *mesh, uint64_t link);

/* cepa_introducer_step ends channels that nobody opened. */
void cepa_introducer_step(struct cepa_mesh *mesh);

/* cepa_introducer_uses says whether any channel goes over a link. */
bool cepa_introducer_uses(const struct cepa_mesh *mesh, uint64_t link);

#endif
