/* What all files of the mesh do: draw, find a peer, ask for an effect, send, note a misdeed. */
#include "mesh/mesh_state.h"

#include <string.h>

#include "base/endian.h"
#include "wire/reach.h"

enum { BAN_S = 600 };

uint64_t cepa_mesh_draw(struct cepa_mesh *mesh)
{
    mesh->draws++;
    return cepa_siphash(&mesh->key, &mesh->draws, sizeof mesh->draws);
}

uint32_t cepa_mesh_draw_below(struct cepa_mesh *mesh, uint32_t bound)
{
    return (uint32_t)(((cepa_mesh_draw(mesh) >> 32) * bound) >> 32);
}

uint64_t cepa_mesh_number(struct cepa_mesh *mesh)
{
    return ++mesh->last_number;
}

struct cepa_mesh_peer *cepa_mesh_peer_find(const struct cepa_mesh *mesh, uint64_t link)
{
    for (uint32_t i = 0; i < mesh->config.limits.links_max && link != 0; i++) {
        if (mesh->peers[i].link == link) {
            return &mesh->peers[i];
        }
    }
    return NULL;
}

struct cepa_mesh_peer *cepa_mesh_peer_of(const struct cepa_mesh *mesh,
                                         const struct cepa_node_id *node)
{
    struct cepa_mesh_peer *best = NULL;
    for (uint32_t i = 0; i < mesh->config.limits.links_max; i++) {
        struct cepa_mesh_peer *peer = &mesh->peers[i];
        if (peer->link == 0 || !peer->facts.is_relay || peer->is_closing ||
            memcmp(&peer->facts.node, node, sizeof *node) != 0) {
            continue;
        }
        if (best == NULL || (best->is_stalled && !peer->is_stalled) ||
            (best->facts.is_relayed && !peer->facts.is_relayed)) {
            best = peer;
        }
    }
    return best;
}

struct cepa_mesh_effect_slot *cepa_mesh_effect_add(struct cepa_mesh *mesh,
                                                   enum cepa_mesh_effect_kind kind)
{
    struct cepa_mesh_effect_slot *slot = &mesh->effects[mesh->effects_tail % CEPA_MESH_EFFECTS];
    if (mesh->effects_tail - mesh->effects_head == CEPA_MESH_EFFECTS) {
        slot = &mesh->no_effect;
        mesh->effects_lost++;
    } else {
        mesh->effects_tail++;
    }
    memset(slot, 0, sizeof *slot);
    slot->effect.kind = kind;
    return slot;
}

bool cepa_mesh_send(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer,
                    const struct cepa_mesh_item *item)
{
    return !peer->is_closing && cepa_outbox_add(&mesh->outbox, peer->link, item);
}

void cepa_mesh_unlink(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer, int error)
{
    if (peer->is_closing || (error == 0 && peer->is_released)) {
        return;
    }
    peer->is_closing = error != 0;
    peer->is_released = true;
    struct cepa_mesh_effect *effect = &cepa_mesh_effect_add(mesh, CEPA_MESH_UNLINK)->effect;
    effect->link = peer->link;
    effect->error = error;
}

void cepa_mesh_misdeed(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer, uint32_t points)
{
    mesh->counts.misdeeds++;
    if (!cepa_mesh_budget_misdeed(&peer->budget, points, mesh->now) || peer->is_closing) {
        return;
    }
    struct cepa_mesh_ban *ban = &mesh->bans[mesh->bans_next];
    mesh->bans_next = (mesh->bans_next + 1) % CEPA_MESH_BANS;
    ban->is_relay = peer->facts.is_relay;
    ban->node = peer->facts.node;
    ban->prefix = peer->facts.prefix;
    ban->until = cepa_time_add(mesh->now, BAN_S * CEPA_SECOND_NS);
    mesh->counts.expelled++;
    cepa_mesh_unlink(mesh, peer, CEPA_ERR_MALFORMED);
}

bool cepa_mesh_is_banned(const struct cepa_mesh *mesh, const struct cepa_mesh_link_facts *facts)
{
    for (uint32_t i = 0; i < CEPA_MESH_BANS; i++) {
        const struct cepa_mesh_ban *ban = &mesh->bans[i];
        if (ban->is_relay != facts->is_relay || cepa_time_is_due(ban->until, mesh->now)) {
            continue;
        }
        if (facts->is_relay ? memcmp(&ban->node, &facts->node, sizeof ban->node) == 0
                            : cepa_prefix_is_equal(&ban->prefix, &facts->prefix)) {
            return true;
        }
    }
    return false;
}

bool cepa_mesh_pay(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer, enum cepa_mesh_cost cost,
                   uint64_t count)
{
    if (cepa_mesh_budget_take(&peer->budget, cost, count, mesh->now)) {
        return true;
    }
    mesh->counts.refused++;
    return false;
}

void cepa_mesh_self_prefix(const struct cepa_mesh *mesh, struct cepa_prefix *ret_prefix)
{
    memset(ret_prefix, 0, sizeof *ret_prefix);
    if (mesh->addresses_len > 0) {
        cepa_prefix_of(ret_prefix, &mesh->addresses[0].reach);
    }
}

bool cepa_mesh_is_self(const struct cepa_mesh *mesh, const struct cepa_node_id *node)
{
    return mesh->config.is_relay && memcmp(&mesh->config.node, node, sizeof *node) == 0;
}
