/* What the two files of mesh_net share. */
#ifndef CEPA_TESTS_SUPPORT_MESH_NET_PARTS_H
#define CEPA_TESTS_SUPPORT_MESH_NET_PARTS_H

#include "support/mesh_net.h"

extern const struct cepa_calendar mesh_net_calendar; /* days of one hour */
extern struct test_random mesh_net_random;

/* mesh_net_wall gives what a node's clock says. */
struct cepa_wall mesh_net_wall(const struct mesh_net_node *node);

/* mesh_net_make_identity, _stores, _mesh make the parts of a node. */
void mesh_net_make_identity(struct mesh_net_node *node);
void mesh_net_make_stores(struct mesh_net_node *node);
void mesh_net_make_mesh(struct mesh_net_node *node);

/* mesh_net_publish publishes credentials and record of the receipts and introducers that a node
 * has; mesh_net_publish_keys the key of this epoch, and that of the next ahead of time. */
void mesh_net_publish(struct mesh_net_node *node);
void mesh_net_publish_keys(struct mesh_net_node *node);

#endif
