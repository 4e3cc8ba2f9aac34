/* Comparing tables with neighbours, and passing news on. @[SPEC 10.9] */
#ifndef CEPA_MESH_GOSSIP_H
#define CEPA_MESH_GOSSIP_H

#include "mesh/mesh_state.h"

/* cepa_gossip_compare begins a comparison with a peer. */
void cepa_gossip_compare(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer);

/* cepa_gossip_on_item takes ROOTS, DIGESTS, LIST, PULL, RECORDS, CREDENTIALS or KEYS. */
void cepa_gossip_on_item(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer,
                         const struct cepa_mesh_item *item);

/* cepa_gossip_news says that a record is to be pushed to neighbours, but not to `source` (or 0). */
void cepa_gossip_news(struct cepa_mesh *mesh, uint64_t position, uint64_t source);

/* cepa_gossip_news_key says so of a relay's key record of this epoch: another one than before,
 * since packets for the old one are lost. */
void cepa_gossip_news_key(struct cepa_mesh *mesh, uint64_t position, uint64_t source);

/* cepa_gossip_step pushes news and compares from time to time. */
void cepa_gossip_step(struct cepa_mesh *mesh);

/* cepa_gossip_key_of gives the key record of a relay in an epoch, CEPA_KEY_RECORD_SIZE bytes, also
 * this relay's own that the objects have not taken yet; NULL if it is not here. */
const uint8_t *cepa_gossip_key_of(const struct cepa_mesh *mesh,
                                  const struct cepa_index_entry *entry, uint32_t epoch);

/* cepa_gossip_has_all says whether this node keeps the objects of all relays: in a small network
 * (cepa_mesh_is_large says no), and up to an eighth above. @[SPEC 10.15] */
bool cepa_gossip_has_all(const struct cepa_mesh *mesh);

/* cepa_gossip_has_ways says whether this node keeps way records of all relays: it relays, and the
 * network is large or soon will be. */
bool cepa_gossip_has_ways(const struct cepa_mesh *mesh);

#endif
