/* The first relays of a network. Whoever joins by one invitation is linked with one relay, and
 * needs receipts of two; those who could give them are not listed anywhere, but that relay is
 * linked with them. @[SPEC 10.13] */
#include "mesh/founders.h"

#include <string.h>

#include "mesh/dial.h"
#include "wire/reach.h"

enum {
    ENOUGH = 16, /* usable relays: then the index tells whom to dial */
    TOLD_MAX = 3,
    DIALS_MAX = 8 /* that are begun on such advice at a time */
};

static bool is_tellable(const struct cepa_mesh_peer *other, const struct cepa_mesh_peer *peer)
{
    return other->link != 0 && other != peer && other->facts.is_relay && !other->is_closing &&
           !other->is_stalled && !other->facts.is_guard &&
           cepa_reach_is_valid(&other->facts.address.reach) &&
           memcmp(&other->facts.node, &peer->facts.node, sizeof peer->facts.node) != 0;
}

/* Tells `peer` of `other`. */
static bool tell(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer,
                 const struct cepa_mesh_peer *other)
{
    struct cepa_mesh_item item;
    memset(&item, 0, sizeof item);
    item.type = CEPA_MESH_ITEM_RELAY;
    item.as.relay = other->facts.address;
    item.as.relay.node = other->facts.node;
    return cepa_mesh_send(mesh, peer, &item);
}

void cepa_founders_on_reached(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer)
{
    const struct cepa_index *index = mesh->config.index;
    bool is_first = !peer->was_dialled_back;
    peer->was_dialled_back = true;
    for (uint32_t i = 0; i < mesh->config.limits.links_max && is_first; i++) {
        struct cepa_mesh_peer *other = &mesh->peers[i];
        if (index->admitted < ENOUGH && other->link != 0 && other->facts.is_relay &&
            is_tellable(peer, other) && cepa_index_find(index, other->facts.public_key) == NULL) {
            (void)tell(mesh, other, peer);
        }
    }
}

void cepa_founders_tell(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer)
{
    const struct cepa_index *index = mesh->config.index;
    uint32_t told = 0;
    if (index->admitted >= ENOUGH || cepa_index_find(index, peer->facts.public_key) != NULL) {
        return;
    }
    uint32_t start = cepa_mesh_draw_below(mesh, mesh->config.limits.links_max);
    for (uint32_t i = 0; i < mesh->config.limits.links_max && told < TOLD_MAX; i++) {
        const struct cepa_mesh_peer *other =
            &mesh->peers[(start + i) % mesh->config.limits.links_max];
        if (is_tellable(other, peer)) {
            told += tell(mesh, peer, other) ? 1 : 0;
        }
    }
}

void cepa_founders_on_relay(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer,
                            const struct cepa_relay_address *relay)
{
    bool has_asked = peer->bond == CEPA_MESH_BOND_ASKED || peer->bond == CEPA_MESH_BOND_REFUSED;
    for (size_t i = 0; i < sizeof mesh->receipt_waits / sizeof mesh->receipt_waits[0]; i++) {
        has_asked |= mesh->receipt_waits[i].link == peer->link;
    }
    for (size_t i = 0; i < mesh->receipts_len; i++) {
        has_asked |= memcmp(mesh->receipts[i].prober, peer->facts.public_key,
                            sizeof mesh->receipts[i].prober) == 0;
    }
    if (!has_asked || cepa_dial_count(mesh, CEPA_MESH_FOR_JOINING) >= DIALS_MAX ||
        mesh->config.index->admitted >= ENOUGH ||
        cepa_index_find(mesh->config.index, mesh->config.public_key) != NULL ||
        cepa_mesh_is_self(mesh, &relay->node) || cepa_mesh_peer_of(mesh, &relay->node) != NULL) {
        return;
    }
    (void)cepa_dial_address(mesh, relay, CEPA_MESH_FOR_JOINING);
}
