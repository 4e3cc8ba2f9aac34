/* Links that are being opened: directly, or through an introducer; and who could not be reached.
 * @[SPEC 10.10] */
#ifndef CEPA_MESH_DIAL_H
#define CEPA_MESH_DIAL_H

#include "mesh/mesh_state.h"

/* cepa_dial_address opens a link to an address that strangers have told. Returns the attempt, or
 * NULL if there are too many or that relay is being dialled. */
struct cepa_mesh_attempt *cepa_dial_address(struct cepa_mesh *mesh,
                                            const struct cepa_relay_address *address,
                                            enum cepa_mesh_purpose purpose);

/* cepa_dial_contact opens a link for joining to an address that this node's owner has told, or that
 * somebody in the neighbourhood has. Returns as cepa_dial_address. */
struct cepa_mesh_attempt *cepa_dial_contact(struct cepa_mesh *mesh,
                                            const struct cepa_relay_address *address);

/* cepa_dial_node opens a link to a relay whose credentials or way record are here, through an
 * introducer if it has no address. Returns as cepa_dial_address, also NULL without either. */
struct cepa_mesh_attempt *cepa_dial_node(struct cepa_mesh *mesh, const struct cepa_node_id *node,
                                         enum cepa_mesh_purpose purpose);

/* cepa_dial_name gives the node id of an index entry: that of its credentials, else the one that
 * its way record says; false if neither is here. */
bool cepa_dial_name(const struct cepa_mesh *mesh, struct cepa_node_id *ret_node,
                    const struct cepa_index_entry *entry);

/* cepa_dial_way says how a relay is reached, by its credentials or its way record, whichever is
 * later. Returns 0 or CEPA_ERR_NOT_FOUND. */
CEPA_MUST_USE int cepa_dial_way(const struct cepa_mesh *mesh, struct cepa_way_record *ret_way,
                                const struct cepa_node_id *node);

/* cepa_dial_through opens a link to a relay through one of these introducers. */
struct cepa_mesh_attempt *cepa_dial_through(struct cepa_mesh *mesh, const struct cepa_node_id *node,
                                            const struct cepa_node_id *introducers,
                                            size_t introducers_len, enum cepa_mesh_purpose purpose);

/* cepa_dial_next_introducer goes on with the next introducer of an attempt: one that is linked,
 * else it is dialled first. Each is tried once. False if none is left: the caller ends the attempt.
 */
bool cepa_dial_next_introducer(struct cepa_mesh *mesh, struct cepa_mesh_attempt *attempt);

/* cepa_dial_find gives the attempt with that ticket, or NULL; cepa_dial_of the one to a relay. */
struct cepa_mesh_attempt *cepa_dial_find(struct cepa_mesh *mesh, uint64_t ticket);
struct cepa_mesh_attempt *cepa_dial_of(struct cepa_mesh *mesh, const struct cepa_node_id *node);

/* cepa_dial_count gives how many attempts have that purpose. */
uint32_t cepa_dial_count(const struct cepa_mesh *mesh, enum cepa_mesh_purpose purpose);

/* cepa_dial_has_prefix says whether a relay of that prefix is being dialled as a neighbour. */
bool cepa_dial_has_prefix(const struct cepa_mesh *mesh, const struct cepa_prefix *prefix);

/* cepa_dial_succeeded ends an attempt with a link; cepa_dial_failed ends it without, and frees it.
 */
void cepa_dial_succeeded(struct cepa_mesh *mesh, struct cepa_mesh_attempt *attempt,
                         struct cepa_mesh_peer *peer);
void cepa_dial_failed(struct cepa_mesh *mesh, struct cepa_mesh_attempt *attempt);

/* cepa_dial_on_peer_up answers all that wait for a link to that peer. */
void cepa_dial_on_peer_up(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer);

/* cepa_dial_step ends attempts that took too long. */
void cepa_dial_step(struct cepa_mesh *mesh);

/* cepa_dial_lost notes that a relay could not be reached, or was lost as a neighbour;
 * cepa_dial_found forgets it; cepa_dial_is_lost says whether it is not to be tried now. */
void cepa_dial_lost(struct cepa_mesh *mesh, const struct cepa_node_id *node, bool was_neighbour,
                    uint64_t wait_ns);
void cepa_dial_found(struct cepa_mesh *mesh, const struct cepa_node_id *node);
bool cepa_dial_is_unreachable(const struct cepa_mesh *mesh, const struct cepa_node_id *node);
bool cepa_dial_is_lost(const struct cepa_mesh *mesh, const struct cepa_node_id *node);

#endif
