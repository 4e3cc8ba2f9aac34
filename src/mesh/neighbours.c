/* Choosing, asking and replacing neighbours. @[SPEC 10.10] */
#include "mesh/neighbours.h"

#include <string.h>

#include "mesh/dial.h"
#include "mesh/founders.h"
#include "mesh/gossip.h"
#include "mesh/parting.h"
#include "mesh/pulls.h"
#include "mesh/view.h"
#include "wire/reach.h"

enum {
    DIALS_MAX = 8,   /* neighbours that are being dialled at a time */
    RETRIES_MAX = 3, /* of them lost ones */
    LOOKS_MAX = 96,  /* entries that are looked at for one neighbour */
    OLD_S = 60,      /* a neighbour that old may be replaced */
    IDLE_S = 10,     /* a link of no use is let go */
    AGAIN_S = 2,     /* a node without neighbours asks those again that refused it */
    LINKED_S = 10,   /* one with too few does, if nobody else is left */
    YOUNG_S = 30,
    LOST_FORGET_S = 1800 /* a neighbour lost so long ago is not tried any more */
};

static bool is_neighbour(const struct cepa_mesh_peer *peer)
{
    return peer->link != 0 && peer->facts.is_relay && !peer->is_closing &&
           peer->bond == CEPA_MESH_BOND_NEIGHBOUR;
}

uint32_t cepa_neighbours_count(const struct cepa_mesh *mesh, uint32_t *ret_outbound)
{
    uint32_t count = 0;
    *ret_outbound = 0;
    for (uint32_t i = 0; i < mesh->config.limits.links_max; i++) {
        const struct cepa_mesh_peer *peer = &mesh->peers[i];
        if (is_neighbour(peer) && !peer->is_stalled) {
            count++;
            *ret_outbound += peer->is_outbound ? 1 : 0;
        }
    }
    return count;
}

/* Whether a neighbour, other than that node itself, is in the prefix. */
static bool has_prefix(const struct cepa_mesh *mesh, const struct cepa_prefix *prefix,
                       const struct cepa_node_id *node)
{
    for (uint32_t i = 0; i < mesh->config.limits.links_max; i++) {
        const struct cepa_mesh_peer *peer = &mesh->peers[i];
        bool is_bound =
            is_neighbour(peer) || (peer->link != 0 && peer->bond == CEPA_MESH_BOND_ASKED);
        if (is_bound && cepa_prefix_is_equal(&peer->facts.prefix, prefix) &&
            memcmp(&peer->facts.node, node, sizeof *node) != 0) {
            return true;
        }
    }
    return false;
}

static void send(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer,
                 enum cepa_mesh_neighbour_operation operation, uint8_t flags)
{
    struct cepa_mesh_item item;
    memset(&item, 0, sizeof item);
    item.type = CEPA_MESH_ITEM_NEIGHBOUR;
    item.as.neighbour.operation = operation;
    item.as.neighbour.flags = flags;
    (void)cepa_mesh_send(mesh, peer, &item);
}

void cepa_neighbours_ask(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer)
{
    uint32_t outbound = 0;
    uint8_t flags = 0;
    if (cepa_neighbours_count(mesh, &outbound) == 0) {
        flags |= CEPA_MESH_NEIGHBOUR_ISOLATED;
    }
    if (mesh->config.is_relay && mesh->has_addresses && mesh->addresses_len == 0) {
        flags |= CEPA_MESH_NEIGHBOUR_INTRODUCE;
    }
    send(mesh, peer, CEPA_MESH_NEIGHBOUR_ASK, flags);
    if (peer->bond != CEPA_MESH_BOND_NEIGHBOUR) {
        peer->bond = CEPA_MESH_BOND_ASKED;
        peer->is_outbound = true;
        cepa_gossip_compare(mesh, peer);
    }
}

void cepa_neighbours_on_link_up(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer,
                                enum cepa_mesh_purpose purpose)
{
    bool is_wanted = purpose == CEPA_MESH_FOR_NEIGHBOUR || purpose == CEPA_MESH_FOR_JOINING;
    if (peer->facts.is_relay && is_wanted && peer->bond == CEPA_MESH_BOND_NONE) {
        cepa_neighbours_ask(mesh, peer);
    }
}

static void bond(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer)
{
    if (peer->bond != CEPA_MESH_BOND_NEIGHBOUR) {
        peer->part_at = mesh->now;
        peer->stays = 0;
    }
    peer->bond = CEPA_MESH_BOND_NEIGHBOUR;
    peer->bonded_at = mesh->now;
    peer->is_released = false;
    if (peer->facts.is_relay) {
        cepa_pulls_on_neighbour(mesh);
    }
    if (peer->facts.is_relay && !mesh->was_joined) {
        mesh->was_joined = true;
        mesh->young_until = cepa_time_add(mesh->now, YOUNG_S * CEPA_SECOND_NS);
        mesh->sync_at = cepa_time_add(mesh->now, CEPA_SECOND_NS);
        mesh->scan_at = mesh->now;
        (void)cepa_mesh_effect_add(mesh, CEPA_MESH_JOINED);
    }
}

static void leave(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer)
{
    send(mesh, peer, CEPA_MESH_NEIGHBOUR_LEAVE, 0);
    cepa_founders_tell(mesh, peer);
    peer->bond = CEPA_MESH_BOND_REFUSED;
    peer->bonded_at = mesh->now;
}

/* Makes room for one more that asks: a random old one that asked before it must go. For the same
 * peer that happens once in a while: who comes and goes would drive away all others. */
static bool make_room(struct cepa_mesh *mesh, struct cepa_mesh_peer *asker, uint32_t max,
                      bool is_isolated)
{
    struct cepa_mesh_peer *chosen = NULL;
    bool is_client = !asker->facts.is_relay;
    bool has_taken = asker->took_at.ns != 0 &&
                     cepa_time_since(mesh->now, asker->took_at) < OLD_S * CEPA_SECOND_NS;
    uint32_t inbound = 0;
    uint32_t candidates = 0;
    for (uint32_t i = 0; i < mesh->config.limits.links_max; i++) {
        struct cepa_mesh_peer *peer = &mesh->peers[i];
        if (peer->link == 0 || peer->bond != CEPA_MESH_BOND_NEIGHBOUR || peer->is_outbound ||
            peer->is_closing || peer->facts.is_relay == is_client) {
            continue;
        }
        inbound++;
        uint64_t age_ns = cepa_time_since(mesh->now, peer->bonded_at);
        if ((age_ns >= OLD_S * CEPA_SECOND_NS || is_isolated) &&
            cepa_mesh_draw_below(mesh, ++candidates) == 0) {
            chosen = peer;
        }
    }
    if (inbound < max) {
        return true;
    }
    if (chosen == NULL || has_taken) {
        return false;
    }
    asker->took_at = mesh->now;
    leave(mesh, chosen);
    return true;
}

static void on_ask(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer, uint8_t flags)
{
    const struct cepa_mesh_limits *limits = &mesh->config.limits;
    bool is_client = !peer->facts.is_relay;
    bool is_isolated = (flags & CEPA_MESH_NEIGHBOUR_ISOLATED) != 0;
    /* Half of what is wanted stays for those that this node chooses itself. */
    uint32_t max =
        is_client ? limits->neighbours_max : limits->neighbours_max - limits->neighbours / 2;
    bool is_known = peer->bond == CEPA_MESH_BOND_NEIGHBOUR || peer->bond == CEPA_MESH_BOND_ASKED;
    bool may_be =
        mesh->config.is_relay &&
        (is_known || ((is_client || !has_prefix(mesh, &peer->facts.prefix, &peer->facts.node)) &&
                      make_room(mesh, peer, max, is_isolated)));
    if (!may_be) {
        send(mesh, peer, CEPA_MESH_NEIGHBOUR_REFUSE, 0);
        cepa_founders_tell(mesh, peer);
        return;
    }
    if (!is_known) {
        peer->is_outbound = false;
    }
    bond(mesh, peer);
    send(mesh, peer, CEPA_MESH_NEIGHBOUR_ACCEPT,
         mesh->addresses_len > 0 ? flags & CEPA_MESH_NEIGHBOUR_INTRODUCE : 0);
}

/* The peer can do without this node. */
static void on_part(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer, uint8_t flags)
{
    if (peer->bond != CEPA_MESH_BOND_NEIGHBOUR) {
        return;
    }
    if (cepa_parting_agrees(mesh, peer)) {
        leave(mesh, peer);
        (void)cepa_parting_on_answer(mesh, peer); /* both may have asked */
    } else {
        if ((flags & CEPA_MESH_NEIGHBOUR_CROWDED) != 0) {
            cepa_parting_on_crowded(mesh, peer);
        }
        send(mesh, peer, CEPA_MESH_NEIGHBOUR_ACCEPT, 0);
    }
}

void cepa_neighbours_on_item(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer,
                             const struct cepa_mesh_neighbour *item)
{
    switch ((unsigned)item->operation) {
    case CEPA_MESH_NEIGHBOUR_ASK:
        on_ask(mesh, peer, item->flags);
        return;
    case CEPA_MESH_NEIGHBOUR_PART:
        on_part(mesh, peer, item->flags);
        return;
    case CEPA_MESH_NEIGHBOUR_ACCEPT:
        if (cepa_parting_on_answer(mesh, peer)) {
            cepa_parting_on_stay(mesh);
            return;
        }
        if (peer->bond == CEPA_MESH_BOND_ASKED) {
            bond(mesh, peer);
        }
        if (peer->bond == CEPA_MESH_BOND_NEIGHBOUR) {
            peer->introduces = (item->flags & CEPA_MESH_NEIGHBOUR_INTRODUCE) != 0;
        }
        return;
    default:
        if (peer->bond == CEPA_MESH_BOND_ASKED || peer->bond == CEPA_MESH_BOND_NEIGHBOUR) {
            peer->bond = CEPA_MESH_BOND_REFUSED;
            peer->introduces = false;
            peer->bonded_at = mesh->now;
            if (!cepa_parting_on_answer(mesh, peer) && peer->facts.is_relay) {
                cepa_dial_lost(mesh, &peer->facts.node, false, OLD_S * CEPA_SECOND_NS);
            }
            cepa_neighbours_fill(mesh);
        }
        return;
    }
}

void cepa_neighbours_on_link_down(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer, int error)
{
    bool was_neighbour = peer->bond == CEPA_MESH_BOND_NEIGHBOUR && peer->facts.is_relay;
    /* That the peer has closed a link which nobody needed says nothing. */
    bool is_news = peer->bond != CEPA_MESH_BOND_NONE || peer->is_stalled;
    peer->bond = CEPA_MESH_BOND_NONE;
    (void)cepa_parting_on_answer(mesh, peer);
    if (peer->facts.is_relay && error != 0 && is_news &&
        cepa_mesh_peer_of(mesh, &peer->facts.node) == NULL) {
        /* Where the trouble was the link, or this node itself, it is tried again at once. */
        bool is_soon =
            peer->is_reached_by_others || !cepa_time_is_due(mesh->grace_until, mesh->now);
        cepa_dial_lost(mesh, &peer->facts.node, was_neighbour, is_soon ? CEPA_SECOND_NS / 5 : 0);
    }
    if (was_neighbour) {
        cepa_neighbours_fill(mesh);
    }
}

/* Whether a relay of the index may be dialled as a neighbour. */
static bool is_candidate(struct cepa_mesh *mesh, struct cepa_node_id *ret_node,
                         const struct cepa_index_entry *entry)
{
    return cepa_index_is_usable(entry) && cepa_dial_name(mesh, ret_node, entry) &&
           !cepa_mesh_is_self(mesh, ret_node) &&
           memcmp(entry->record.public_key, mesh->config.public_key, CEPA_SIGNING_KEY_SIZE) != 0 &&
           cepa_mesh_peer_of(mesh, ret_node) == NULL && cepa_dial_of(mesh, ret_node) == NULL &&
           !cepa_dial_is_lost(mesh, ret_node) &&
           !has_prefix(mesh, &entry->record.prefix, ret_node) &&
           !cepa_dial_has_prefix(mesh, &entry->record.prefix);
}

/* Dials one; false if there is nobody. */
static bool dial_one(struct cepa_mesh *mesh)
{
    const struct cepa_index *index = mesh->config.index;
    uint32_t count = cepa_index_count(index);
    if (count == 0) {
        return false;
    }
    bool is_small = count <= LOOKS_MAX;
    uint32_t start = cepa_mesh_draw_below(mesh, count);
    for (uint32_t i = 0; i < LOOKS_MAX && (!is_small || i < count); i++) {
        uint32_t at = is_small ? (start + i) % count : cepa_mesh_draw_below(mesh, count);
        const struct cepa_index_entry *entry = cepa_index_at(index, at);
        struct cepa_node_id node;
        if (is_candidate(mesh, &node, entry) &&
            cepa_dial_node(mesh, &node, CEPA_MESH_FOR_NEIGHBOUR) != NULL) {
            return true;
        }
    }
    return false;
}

/* Whether a linked relay may be asked: one that was not yet, or that refused, or parted, longer
 * than `again_s` ago; 0: none of these. */
static bool is_askable(const struct cepa_mesh *mesh, const struct cepa_mesh_peer *peer,
                       uint64_t again_s)
{
    if (peer->bond == CEPA_MESH_BOND_REFUSED) {
        return again_s > 0 &&
               cepa_time_since(mesh->now, peer->bonded_at) > again_s * CEPA_SECOND_NS;
    }
    return peer->bond == CEPA_MESH_BOND_NONE &&
           cepa_time_since(mesh->now, peer->up_at) > CEPA_SECOND_NS;
}

/* A linked relay is asked to be a neighbour, which costs no dial; false if there is none. */
static bool ask_linked(struct cepa_mesh *mesh, uint64_t again_s)
{
    for (uint32_t i = 0; i < mesh->config.limits.links_max; i++) {
        struct cepa_mesh_peer *peer = &mesh->peers[i];
        if (peer->link != 0 && peer->facts.is_relay && !peer->is_closing && !peer->is_stalled &&
            !peer->facts.is_guard && is_askable(mesh, peer, again_s) &&
            !has_prefix(mesh, &peer->facts.prefix, &peer->facts.node)) {
            cepa_neighbours_ask(mesh, peer);
            return true;
        }
    }
    return false;
}

void cepa_neighbours_fill(struct cepa_mesh *mesh)
{
    uint32_t wanted = cepa_parting_wanted(mesh);
    uint32_t outbound = 0;
    uint32_t count = cepa_neighbours_count(mesh, &outbound);
    uint32_t dialled = cepa_dial_count(mesh, CEPA_MESH_FOR_NEIGHBOUR);
    while (dialled < DIALS_MAX && (count + dialled < wanted || outbound + dialled < wanted / 2)) {
        bool has_few = count + dialled < wanted;
        /* Without a neighbour: whoever refused may know more relays by now. */
        if (has_few && ask_linked(mesh, count == 0 ? AGAIN_S : 0)) {
            count++;
            outbound++;
        } else if (dial_one(mesh)) {
            dialled++;
        } else if (has_few && ask_linked(mesh, LINKED_S)) {
            /* A link that has other uses outlives the bond; it cannot be dialled again. */
            count++;
            outbound++;
        } else {
            return;
        }
    }
}

/* Lost neighbours are tried again even if there are enough others: where a network was parted, all
 * of one half have lost the other one. */
static void retry_lost(struct cepa_mesh *mesh)
{
    uint32_t tried = 0;
    if (cepa_time_is_before(mesh->now, mesh->lost_at)) {
        return;
    }
    mesh->lost_at = cepa_time_add(mesh->now, CEPA_SECOND_NS);
    uint32_t start = cepa_mesh_draw_below(mesh, CEPA_MESH_LOST);
    for (uint32_t i = 0; i < CEPA_MESH_LOST && tried < RETRIES_MAX; i++) {
        struct cepa_mesh_lost *lost = &mesh->lost[(start + i) % CEPA_MESH_LOST];
        if (!lost->is_taken || !lost->was_neighbour || !cepa_time_is_due(lost->next, mesh->now)) {
            continue;
        }
        if (cepa_time_since(mesh->now, lost->since) > LOST_FORGET_S * CEPA_SECOND_NS) {
            lost->was_neighbour = false;
        } else if (cepa_dial_node(mesh, &lost->node, CEPA_MESH_FOR_NEIGHBOUR) != NULL) {
            tried++;
        }
    }
}

/* Links that nobody needs are let go after a while. */
static void release_idle(struct cepa_mesh *mesh)
{
    for (uint32_t i = 0; i < mesh->config.limits.links_max; i++) {
        struct cepa_mesh_peer *peer = &mesh->peers[i];
        if (peer->link != 0 && !peer->is_released && !cepa_mesh_is_needed(mesh, peer->link) &&
            cepa_time_since(mesh->now, peer->up_at) > IDLE_S * CEPA_SECOND_NS &&
            cepa_time_since(mesh->now, peer->heard_at) > IDLE_S * CEPA_SECOND_NS) {
            cepa_mesh_unlink(mesh, peer, 0);
        }
    }
}

void cepa_neighbours_step(struct cepa_mesh *mesh)
{
    uint32_t outbound = 0;
    cepa_neighbours_fill(mesh);
    retry_lost(mesh);
    cepa_parting_step(mesh);
    release_idle(mesh);
    cepa_view_step(mesh);
    if (mesh->was_joined && cepa_neighbours_count(mesh, &outbound) == 0 &&
        !cepa_time_is_before(mesh->now, mesh->grace_until)) {
        mesh->was_joined = false;
        mesh->contact_at = mesh->now;
        (void)cepa_mesh_effect_add(mesh, CEPA_MESH_ALONE);
    }
}
