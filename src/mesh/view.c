/* First contacts, anchors, introducers. @[SPEC 10.10] */
#include "mesh/view.h"

#include <string.h>

#include "mesh/dial.h"
#include "mesh/neighbours.h"
#include "wire/reach.h"

enum {
    CONTACT_MS = 1000, /* until the next contact is tried, doubled after each round of them */
    CONTACT_MAX_S = 30,
    CONTACTS_AT_ONCE = 3,
    FIRST_NEIGHBOURS = 3, /* fewer may know as little as this node: all began anew */
    ANCHORS_S = 10
};

/* How long after this try comes the next, when all of `round` rounds were in vain. */
static struct cepa_time next_try(struct cepa_mesh *mesh, uint32_t round)
{
    uint64_t wait_ms = (uint64_t)CONTACT_MS << (round < 5 ? round : 5);
    wait_ms = wait_ms > CONTACT_MAX_S * 1000 ? CONTACT_MAX_S * 1000 : wait_ms;
    wait_ms += cepa_mesh_draw_below(mesh, (uint32_t)wait_ms / 4 + 1);
    return cepa_time_add(mesh->now, wait_ms * CEPA_MILLISECOND_NS);
}

/* Ends the way to this contact that was tried at somebody's hint: whoever makes hints cannot keep
 * this node from its own contacts by calling others by their names. */
static void prefer(struct cepa_mesh *mesh, const struct cepa_relay_address *contact)
{
    struct cepa_mesh_attempt *attempt = cepa_dial_of(mesh, &contact->node);
    if (attempt != NULL && attempt->is_hint && !attempt->is_asked) {
        cepa_dial_failed(mesh, attempt);
    }
}

/* Contacts in turn, a few at once. */
static void try_contacts(struct cepa_mesh *mesh)
{
    uint32_t outbound = 0;
    if (mesh->contacts_len == 0 || !cepa_time_is_due(mesh->contact_at, mesh->now) ||
        cepa_neighbours_count(mesh, &outbound) >= FIRST_NEIGHBOURS) {
        return;
    }
    for (uint32_t i = 0; i < CONTACTS_AT_ONCE && i < mesh->contacts_len; i++) {
        const struct cepa_relay_address *address =
            &mesh->contacts[mesh->contact_next % mesh->contacts_len];
        mesh->contact_next++;
        if (cepa_mesh_peer_of(mesh, &address->node) == NULL) {
            prefer(mesh, address);
            (void)cepa_dial_contact(mesh, address);
        }
    }
    mesh->contact_at = next_try(mesh, mesh->contact_next / mesh->contacts_len);
}

/* Hints in turn, one at once, for which there is always room. */
static void try_hints(struct cepa_mesh *mesh)
{
    uint32_t outbound = 0;
    if (mesh->hints_len == 0 || !cepa_time_is_due(mesh->hint_at, mesh->now) ||
        cepa_neighbours_count(mesh, &outbound) >= FIRST_NEIGHBOURS) {
        return;
    }
    const struct cepa_relay_address *hint = &mesh->hints[mesh->hint_next++ % mesh->hints_len];
    if (cepa_mesh_peer_of(mesh, &hint->node) == NULL) {
        struct cepa_mesh_attempt *attempt = cepa_dial_contact(mesh, hint);
        if (attempt != NULL) {
            attempt->is_hint = true;
        }
    }
    mesh->hints_tried++;
    mesh->hint_at = next_try(mesh, mesh->hints_tried / mesh->hints_len);
}

static bool is_anchor(const struct cepa_mesh_peer *peer)
{
    return peer->link != 0 && peer->facts.is_relay && peer->bond == CEPA_MESH_BOND_NEIGHBOUR &&
           peer->is_outbound && !peer->facts.is_guard && !peer->facts.is_relayed &&
           !peer->is_stalled && !peer->is_closing && peer->facts.is_initiator &&
           cepa_reach_is_valid(&peer->facts.address.reach);
}

static bool is_introducer(const struct cepa_mesh_peer *peer)
{
    return peer->link != 0 && peer->introduces && peer->facts.is_relay &&
           peer->bond == CEPA_MESH_BOND_NEIGHBOUR && !peer->facts.is_guard &&
           !peer->facts.is_relayed && !peer->is_stalled && !peer->is_closing;
}

/* The oldest introducers, up to `max`; returns how many. */
static size_t oldest(const struct cepa_mesh *mesh, struct cepa_node_id *ret_nodes, size_t max)
{
    const struct cepa_mesh_peer *chosen[CEPA_DESCRIPTOR_INTRODUCERS_MAX];
    size_t len = 0;
    while (len < max) {
        const struct cepa_mesh_peer *best = NULL;
        for (uint32_t i = 0; i < mesh->config.limits.links_max; i++) {
            const struct cepa_mesh_peer *peer = &mesh->peers[i];
            bool is_new = is_introducer(peer);
            for (size_t j = 0; j < len && is_new; j++) {
                is_new = chosen[j] != peer;
            }
            if (is_new && (best == NULL || cepa_time_is_before(peer->bonded_at, best->bonded_at))) {
                best = peer;
            }
        }
        if (best == NULL) {
            break;
        }
        chosen[len] = best;
        ret_nodes[len++] = best->facts.node;
    }
    return len;
}

static bool has(const struct cepa_node_id *nodes, size_t len, const struct cepa_node_id *node)
{
    for (size_t i = 0; i < len; i++) {
        if (memcmp(&nodes[i], node, sizeof *node) == 0) {
            return true;
        }
    }
    return false;
}

/* Takes the new set unless it has the same members; true if it is another. */
static bool update(struct cepa_node_id *nodes, size_t *len, const struct cepa_node_id *fresh,
                   size_t fresh_len)
{
    bool is_same = *len == fresh_len;
    for (size_t i = 0; i < fresh_len && is_same; i++) {
        is_same = has(nodes, *len, &fresh[i]);
    }
    if (!is_same) {
        memcpy(nodes, fresh, fresh_len * sizeof *fresh);
        *len = fresh_len;
    }
    return !is_same;
}

/* Whether this node was told of that one in order to join. */
static bool is_told(const struct cepa_mesh *mesh, const struct cepa_node_id *node)
{
    for (uint32_t i = 0; i < mesh->contacts_len; i++) {
        if (memcmp(&mesh->contacts[i].node, node, sizeof *node) == 0) {
            return !has(mesh->restored, mesh->restored_len, node);
        }
    }
    return false;
}

/* Keeps those of the anchors that still serve. */
static size_t serving_anchors(const struct cepa_mesh *mesh, struct cepa_node_id *ret_nodes,
                              size_t len, bool is_for_told)
{
    for (size_t i = 0; i < mesh->anchors_len && len < CEPA_MESH_ANCHORS_MAX; i++) {
        const struct cepa_mesh_peer *peer = cepa_mesh_peer_of(mesh, &mesh->anchors[i]);
        if (peer != NULL && is_anchor(peer) && is_told(mesh, &mesh->anchors[i]) == is_for_told) {
            ret_nodes[len++] = mesh->anchors[i];
        }
    }
    return len;
}

/* Draws anchors for the places that are left. */
static size_t draw_anchors(struct cepa_mesh *mesh, struct cepa_node_id *nodes, size_t len,
                           bool is_for_told)
{
    while (len < CEPA_MESH_ANCHORS_MAX) {
        const struct cepa_mesh_peer *chosen = NULL;
        uint32_t candidates = 0;
        for (uint32_t i = 0; i < mesh->config.limits.links_max; i++) {
            const struct cepa_mesh_peer *peer = &mesh->peers[i];
            if (is_anchor(peer) && is_told(mesh, &peer->facts.node) == is_for_told &&
                !has(nodes, len, &peer->facts.node) &&
                cepa_mesh_draw_below(mesh, ++candidates) == 0) {
                chosen = peer;
            }
        }
        if (chosen == NULL) {
            break;
        }
        nodes[len++] = chosen->facts.node;
    }
    return len;
}

/* Whether there are now, for the first time, as many to draw from as this node wants to choose. */
static bool is_first_choice(struct cepa_mesh *mesh)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < mesh->config.limits.links_max && !mesh->are_anchors_drawn; i++) {
        const struct cepa_mesh_peer *peer = &mesh->peers[i];
        count += is_anchor(peer) && !is_told(mesh, &peer->facts.node) ? 1 : 0;
    }
    bool is_first = !mesh->are_anchors_drawn && count >= mesh->config.limits.neighbours / 2;
    mesh->are_anchors_drawn = mesh->are_anchors_drawn || is_first;
    return is_first;
}

/* Those that serve stay. The others are drawn: the oldest would be the same few for everybody. So
 * would those be that newcomers are told of, or meet first: they are a makeshift. */
static void keep_anchors(struct cepa_mesh *mesh)
{
    struct cepa_node_id fresh[CEPA_MESH_ANCHORS_MAX];
    if (cepa_time_is_before(mesh->now, mesh->anchors_at)) {
        return;
    }
    mesh->anchors_at = cepa_time_add(mesh->now, ANCHORS_S * CEPA_SECOND_NS);
    size_t len = is_first_choice(mesh) ? 0 : serving_anchors(mesh, fresh, 0, false);
    len = draw_anchors(mesh, fresh, len, false);
    len = serving_anchors(mesh, fresh, len, true);
    len = draw_anchors(mesh, fresh, len, true);
    /* When all are gone the old ones stay: they are what a restart would begin with. */
    if (len > 0 && update(mesh->anchors, &mesh->anchors_len, fresh, len)) {
        for (size_t i = 0; i < len; i++) {
            const struct cepa_mesh_peer *peer = cepa_mesh_peer_of(mesh, &mesh->anchors[i]);
            mesh->anchor_addresses[i] = peer->facts.address;
            mesh->anchor_addresses[i].node = mesh->anchors[i];
        }
        (void)cepa_mesh_effect_add(mesh, CEPA_MESH_ANCHORS);
    }
}

/* Neighbours from the time before this node knew that nobody can dial it. */
static void ask_more(struct cepa_mesh *mesh, size_t count)
{
    for (uint32_t i = 0; i < mesh->config.limits.links_max && count > 0; i++) {
        struct cepa_mesh_peer *peer = &mesh->peers[i];
        if (peer->link != 0 && peer->facts.is_relay && !peer->introduces && !peer->is_stalled &&
            peer->bond == CEPA_MESH_BOND_NEIGHBOUR && !peer->facts.is_relayed &&
            !peer->facts.is_guard) {
            cepa_neighbours_ask(mesh, peer);
            count--;
        }
    }
}

static void keep_introducers(struct cepa_mesh *mesh)
{
    struct cepa_node_id fresh[CEPA_DESCRIPTOR_INTRODUCERS_MAX];
    size_t kept = 0;
    if (!mesh->config.is_relay || !mesh->has_addresses || mesh->addresses_len > 0) {
        return;
    }
    /* Those that still serve stay: each change is a new descriptor. */
    for (size_t i = 0; i < mesh->introducers_len; i++) {
        const struct cepa_mesh_peer *peer = cepa_mesh_peer_of(mesh, &mesh->introducers[i]);
        if (peer != NULL && is_introducer(peer)) {
            fresh[kept++] = mesh->introducers[i];
        }
    }
    if (kept < CEPA_DESCRIPTOR_INTRODUCERS_MAX) {
        struct cepa_node_id all[CEPA_DESCRIPTOR_INTRODUCERS_MAX];
        size_t len = oldest(mesh, all, CEPA_DESCRIPTOR_INTRODUCERS_MAX);
        for (size_t i = 0; i < len && kept < CEPA_DESCRIPTOR_INTRODUCERS_MAX; i++) {
            if (!has(fresh, kept, &all[i])) {
                fresh[kept++] = all[i];
            }
        }
    }
    if (kept < CEPA_DESCRIPTOR_INTRODUCERS_MAX &&
        cepa_time_is_due(mesh->introducer_at, mesh->now)) {
        mesh->introducer_at = cepa_time_add(mesh->now, ANCHORS_S * CEPA_SECOND_NS);
        ask_more(mesh, CEPA_DESCRIPTOR_INTRODUCERS_MAX - kept);
    }
    if (update(mesh->introducers, &mesh->introducers_len, fresh, kept)) {
        (void)cepa_mesh_effect_add(mesh, CEPA_MESH_INTRODUCERS);
    }
}

void cepa_view_step(struct cepa_mesh *mesh)
{
    try_contacts(mesh);
    try_hints(mesh);
    keep_anchors(mesh);
    keep_introducers(mesh);
}
