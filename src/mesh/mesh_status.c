/* Limits, and what can be asked of a mesh. @[SPEC 10.7] */
#include <string.h>

#include "mesh/detector.h"
#include "mesh/dial.h"
#include "mesh/introducer.h"
#include "mesh/mesh_state.h"
#include "mesh/neighbours.h"
#include "mesh/serving.h"

void cepa_mesh_limits_daemon(struct cepa_mesh_limits *ret_limits)
{
    memset(ret_limits, 0, sizeof *ret_limits);
    ret_limits->links_max = 256;
    ret_limits->neighbours = 24;
    ret_limits->neighbours_max = 50;
    ret_limits->channels_max = 256;
    ret_limits->custody_relays = 256;
    ret_limits->bucket_relays = 32;
    ret_limits->custodians = 8;
    ret_limits->ways_max = 65536;
    ret_limits->clock_error_max_ms = 600000;
    ret_limits->sync_interval_ms = 45000;
    ret_limits->channel_bytes_per_s = 1u << 20;
}

void cepa_mesh_limits_tab(struct cepa_mesh_limits *ret_limits)
{
    cepa_mesh_limits_daemon(ret_limits);
    ret_limits->links_max = 64;
    ret_limits->ways_max = 32768;
    ret_limits->neighbours = 12;
    ret_limits->neighbours_max = 16;
    ret_limits->channels_max = 16;
    ret_limits->channel_bytes_per_s = 1u << 17;
}

void cepa_mesh_status_get(struct cepa_mesh_status *ret_status, const struct cepa_mesh *mesh)
{
    struct cepa_mesh_status status = mesh->counts;
    status.neighbours = cepa_neighbours_count(mesh, &status.neighbours_outbound);
    for (uint32_t i = 0; i < mesh->config.limits.links_max; i++) {
        const struct cepa_mesh_peer *peer = &mesh->peers[i];
        status.links += peer->link != 0 ? 1 : 0;
        status.clients += peer->link != 0 && !peer->facts.is_relay ? 1 : 0;
        status.suspected += peer->link != 0 && peer->is_stalled ? 1 : 0;
    }
    for (uint32_t i = 0; i < mesh->channels_len; i++) {
        status.channels += mesh->channels[i].is_taken && !mesh->channels[i].is_own ? 1 : 0;
    }
    status.health = mesh->health;
    status.missing = mesh->missing;
    status.clock_offset_ms = mesh->offset_ms;
    status.is_clock_off = mesh->is_clock_off;
    *ret_status = status;
}

uint64_t cepa_mesh_link_of(const struct cepa_mesh *mesh, const struct cepa_node_id *node)
{
    const struct cepa_mesh_peer *peer = cepa_mesh_peer_of(mesh, node);
    return peer == NULL ? 0 : peer->link;
}

bool cepa_mesh_is_neighbour(const struct cepa_mesh *mesh, uint64_t link)
{
    const struct cepa_mesh_peer *peer = cepa_mesh_peer_find(mesh, link);
    return peer != NULL && peer->bond == CEPA_MESH_BOND_NEIGHBOUR;
}

bool cepa_mesh_is_needed(const struct cepa_mesh *mesh, uint64_t link)
{
    const struct cepa_mesh_peer *peer = cepa_mesh_peer_find(mesh, link);
    if (peer == NULL || peer->is_closing) {
        return false;
    }
    if (peer->bond == CEPA_MESH_BOND_NEIGHBOUR || peer->bond == CEPA_MESH_BOND_ASKED ||
        cepa_introducer_uses(mesh, link) ||
        (peer->facts.is_relay && cepa_serving_uses(mesh, &peer->facts.node))) {
        return true;
    }
    for (uint32_t i = 0; i < CEPA_MESH_PULLS; i++) {
        if (mesh->pulls[i].table != 0 && mesh->pulls[i].link == link) {
            return true;
        }
    }
    return false;
}

bool cepa_mesh_is_suspected(const struct cepa_mesh *mesh, const struct cepa_node_id *node)
{
    const struct cepa_mesh_peer *peer = cepa_mesh_peer_of(mesh, node);
    return peer != NULL ? peer->is_stalled : cepa_dial_is_unreachable(mesh, node);
}

int cepa_mesh_address(const struct cepa_mesh *mesh, struct cepa_relay_address *ret_address,
                      const uint8_t *public_key)
{
    struct cepa_node_id node;
    struct cepa_way_record way;
    const struct cepa_index_entry *entry = cepa_index_find(mesh->config.index, public_key);
    if (entry == NULL || !cepa_dial_name(mesh, &node, entry) ||
        cepa_dial_way(mesh, &way, &node) != 0) {
        return CEPA_ERR_NOT_FOUND;
    }
    if (way.introducers_len > 0) {
        return CEPA_ERR_UNREACHABLE;
    }
    *ret_address = way.address;
    return 0;
}

size_t cepa_mesh_introducers(const struct cepa_mesh *mesh, struct cepa_node_id *ret_nodes)
{
    /* Ascending, as a descriptor has them. */
    for (size_t i = 0; i < mesh->introducers_len; i++) {
        size_t at = i;
        for (; at > 0 && memcmp(&ret_nodes[at - 1], &mesh->introducers[i], sizeof *ret_nodes) > 0;
             at--) {
            ret_nodes[at] = ret_nodes[at - 1];
        }
        ret_nodes[at] = mesh->introducers[i];
    }
    return mesh->introducers_len;
}

size_t cepa_mesh_anchors(const struct cepa_mesh *mesh, struct cepa_relay_address *ret_addresses)
{
    memcpy(ret_addresses, mesh->anchor_addresses, mesh->anchors_len * sizeof *ret_addresses);
    return mesh->anchors_len;
}
