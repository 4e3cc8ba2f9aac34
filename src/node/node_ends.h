/* Relays as ends see them: who is near a place, where descriptors and meetings are to be found. */
#ifndef CEPA_NODE_NODE_ENDS_H
#define CEPA_NODE_NODE_ENDS_H

#include "node/node.h"
#include "service/services.h"

/* cepa_node_nearest writes up to `max` <= CEPA_DESCRIPTOR_NEAREST keys of the usable relays that
 * are nearest to a place on the ring of positions in this node's view, the nearest first, this
 * relay itself left out, and gives how many there are. O(relays). @[SPEC 14.5] */
size_t cepa_node_nearest(const struct cepa_node *node, struct cepa_ed25519_public_key *ret_keys,
                         size_t max, uint64_t place);

/* cepa_node_services_status says what this relay does for ends; zeros for a client. */
void cepa_node_services_status(const struct cepa_node *node,
                               struct cepa_services_status *ret_status);

#endif
