/* Items that are not gossip: neighbours, dial-backs, probes, channels, signals, buckets. Only
 * mesh_message.c calls this. @[SPEC 10.8] */
#ifndef CEPA_WIRE_MESH_MESSAGE_PARTS_H
#define CEPA_WIRE_MESH_MESSAGE_PARTS_H

#include "wire/mesh_message.h"

/* cepa_mesh_part_encode appends the body of such an item. */
void cepa_mesh_part_encode(struct cepa_writer *writer, const struct cepa_mesh_item *item);

/* cepa_mesh_part_decode takes the body of an item whose type is set; errors as
 * cepa_mesh_item_decode. */
CEPA_MUST_USE int cepa_mesh_part_decode(struct cepa_mesh_item *item, struct cepa_reader *reader);

#endif
