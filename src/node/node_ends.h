/* Relays as ends see them: who is near a place, where descriptors and meetings are to be found. */
#ifndef CEPA_NODE_NODE_ENDS_H
#define CEPA_NODE_NODE_ENDS_H

#include "node/node.h"
#include "service/services.h"

/* cepa_node_nearest writes up to `max` <= CEPA_DESCRIPTOR_NEAREST keys of the eligible relays that
 * are nearest to a place on the ring of positions in this node's view, the nearest first, and gives
 * how many there are. This relay may be among them. O(relays). @[SPEC 14.5] */
size_t cepa_node_nearest(const struct cepa_node *node, struct cepa_ed25519_public_key *ret_keys,
                         size_t max, uint64_t place);

/* cepa_node_self gives this relay's own name in the index. Returns 0, or CEPA_ERR_NOT_FOUND for a
 * client. */
CEPA_MUST_USE int cepa_node_self(const struct cepa_node *node,
                                 struct cepa_ed25519_public_key *ret_key);

/* cepa_node_is_self says whether this node is the relay of that name: it is no hop of its own
 * circuits. */
bool cepa_node_is_self(const struct cepa_node *node, const struct cepa_ed25519_public_key *key);

/* cepa_node_circuit_last gives the name of the last hop of a circuit that is ready. Returns 0 or
 * CEPA_ERR_NOT_FOUND. */
CEPA_MUST_USE int cepa_node_circuit_last(const struct cepa_node *node, uint64_t circuit,
                                         struct cepa_ed25519_public_key *ret_key);

/* cepa_node_services_status says what this relay does for ends; zeros for a client. */
void cepa_node_services_status(const struct cepa_node *node,
                               struct cepa_services_status *ret_status);

#endif
