/* Nobody falls below what it wants: a neighbour that was asked counts as gone until it has
 * answered, and only one is asked at a time. Who has far too many is relieved by those that have
 * just enough: they find another one first. @[SPEC 10.10] */
#include "mesh/parting.h"

#include <string.h>

#include "mesh/neighbours.h"

enum {
    AGE_S = 20,       /* a younger neighbour is left alone */
    PAUSE_MS = 1000,  /* between two questions, on average; twice as long after each refusal */
    REFUSALS_MAX = 9, /* that is about eight minutes: each question lifts a shaped link */
    REFUSALS_FEW = 6, /* of a crowded node: a minute */
    ANSWER_S = 5,     /* then the one that was asked does not count as gone any more */
    AGAIN_S = 60,     /* who has stayed is asked again, later each time */
    STAYS_MAX = 6,    /* till that is about an hour */
    CROWDED_S = 60    /* so long, and not more often, this node looks for another one */
};

static bool is_anchor(const struct cepa_mesh *mesh, const struct cepa_mesh_peer *peer)
{
    for (size_t i = 0; i < mesh->anchors_len; i++) {
        if (memcmp(&mesh->anchors[i], &peer->facts.node, sizeof mesh->anchors[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Whether this node has no other use for a neighbour. */
static bool is_free(const struct cepa_mesh *mesh, const struct cepa_mesh_peer *peer)
{
    return peer->link != 0 && peer->bond == CEPA_MESH_BOND_NEIGHBOUR && !peer->is_closing &&
           !peer->is_stalled && !peer->facts.is_guard && !peer->facts.is_relayed &&
           !peer->introduces && peer->attempt == 0 && !is_anchor(mesh, peer);
}

/* How many more relays than it wants the node has: all, and those that it chose itself. */
static void count_spare(const struct cepa_mesh *mesh, int64_t *ret_all, int64_t *ret_outbound)
{
    uint32_t outbound = 0;
    uint32_t wanted = mesh->config.limits.neighbours;
    *ret_all = (int64_t)cepa_neighbours_count(mesh, &outbound) - wanted;
    *ret_outbound = (int64_t)outbound - wanted / 2;
}

/* Whether it has far more than it wants. */
static bool is_crowded(const struct cepa_mesh *mesh)
{
    int64_t all = 0;
    int64_t outbound = 0;
    count_spare(mesh, &all, &outbound);
    return all > mesh->config.limits.neighbours / 4;
}

bool cepa_parting_agrees(const struct cepa_mesh *mesh, const struct cepa_mesh_peer *peer)
{
    int64_t all = 0;
    int64_t outbound = 0;
    if (!peer->facts.is_relay) {
        return true; /* a client is nobody's gain */
    }
    count_spare(mesh, &all, &outbound);
    if (mesh->parting.link != 0 && mesh->parting.link != peer->link) {
        all--;
        outbound -= mesh->parting.is_outbound ? 1 : 0;
    }
    return is_free(mesh, peer) && all > 0 && (!peer->is_outbound || outbound > 0);
}

void cepa_parting_on_stay(struct cepa_mesh *mesh)
{
    mesh->parting.refusals =
        (uint8_t)(mesh->parting.refusals < REFUSALS_MAX ? mesh->parting.refusals + 1
                                                        : REFUSALS_MAX);
}

void cepa_parting_on_crowded(struct cepa_mesh *mesh, const struct cepa_mesh_peer *peer)
{
    bool is_over =
        mesh->parting.crowded_at.ns == 0 ||
        cepa_time_since(mesh->now, mesh->parting.crowded_at) >= CROWDED_S * CEPA_SECOND_NS;
    if (is_over && peer->facts.is_relay && is_free(mesh, peer)) {
        mesh->parting.crowded_link = peer->link;
        mesh->parting.crowded_at = mesh->now;
    }
}

uint32_t cepa_parting_wanted(const struct cepa_mesh *mesh)
{
    return mesh->config.limits.neighbours + (mesh->parting.crowded_link != 0 ? 1 : 0);
}

bool cepa_parting_on_answer(struct cepa_mesh *mesh, const struct cepa_mesh_peer *peer)
{
    bool was_asked = mesh->parting.link == peer->link;
    if (was_asked) {
        mesh->parting.link = 0;
    }
    if (was_asked && peer->bond != CEPA_MESH_BOND_NEIGHBOUR) {
        mesh->parting.refusals = 0;
    }
    if (mesh->parting.crowded_link == peer->link && peer->bond != CEPA_MESH_BOND_NEIGHBOUR) {
        mesh->parting.crowded_link = 0;
    }
    return was_asked;
}

/* Asks one. */
static void ask(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer)
{
    struct cepa_mesh_item item;
    memset(&item, 0, sizeof item);
    item.type = CEPA_MESH_ITEM_NEIGHBOUR;
    item.as.neighbour.operation = CEPA_MESH_NEIGHBOUR_PART;
    item.as.neighbour.flags = is_crowded(mesh) ? CEPA_MESH_NEIGHBOUR_CROWDED : 0;
    peer->part_at = cepa_time_add(mesh->now, (uint64_t)(AGAIN_S << peer->stays) * CEPA_SECOND_NS);
    peer->stays = (uint8_t)(peer->stays < STAYS_MAX ? peer->stays + 1 : STAYS_MAX);
    if (cepa_mesh_send(mesh, peer, &item)) {
        mesh->parting.link = peer->link;
        mesh->parting.is_outbound = peer->is_outbound;
        mesh->parting.until = cepa_time_add(mesh->now, ANSWER_S * CEPA_SECOND_NS);
    }
}

/* A crowded one, else a random one of those that this node can do without. */
static struct cepa_mesh_peer *choose(struct cepa_mesh *mesh)
{
    struct cepa_mesh_peer *chosen = NULL;
    uint32_t candidates = 0;
    for (uint32_t i = 0; i < mesh->config.limits.links_max; i++) {
        struct cepa_mesh_peer *peer = &mesh->peers[i];
        bool is_due = cepa_time_is_due(peer->part_at, mesh->now) &&
                      cepa_time_since(mesh->now, peer->bonded_at) >= AGE_S * CEPA_SECOND_NS;
        if (peer->link == 0 || !peer->facts.is_relay || !cepa_parting_agrees(mesh, peer)) {
            continue;
        }
        if (peer->link == mesh->parting.crowded_link) {
            return peer;
        }
        if (is_due && cepa_mesh_draw_below(mesh, ++candidates) == 0) {
            chosen = peer;
        }
    }
    return chosen;
}

/* Sets when the next one is asked. */
static void put_off(struct cepa_mesh *mesh)
{
    uint32_t most = is_crowded(mesh) ? REFUSALS_FEW : REFUSALS_MAX;
    uint32_t mean_ms = (uint32_t)PAUSE_MS
                       << (mesh->parting.refusals < most ? mesh->parting.refusals : most);
    uint64_t pause_ms = mean_ms / 2 + cepa_mesh_draw_below(mesh, mean_ms);
    mesh->parting.next = cepa_time_add(mesh->now, pause_ms * CEPA_MILLISECOND_NS);
}

void cepa_parting_step(struct cepa_mesh *mesh)
{
    if (mesh->parting.link != 0 && cepa_time_is_due(mesh->parting.until, mesh->now)) {
        mesh->parting.link = 0;
        cepa_parting_on_stay(mesh);
    }
    if (cepa_time_since(mesh->now, mesh->parting.crowded_at) >= CROWDED_S * CEPA_SECOND_NS) {
        mesh->parting.crowded_link = 0;
    }
    /* A node in trouble does not know who is of use. */
    int64_t all = 0;
    int64_t outbound = 0;
    if (mesh->parting.link != 0 || mesh->health > 0 ||
        !cepa_time_is_due(mesh->grace_until, mesh->now) ||
        !cepa_time_is_due(mesh->parting.next, mesh->now)) {
        return;
    }
    count_spare(mesh, &all, &outbound);
    if (all <= 0) {
        return;
    }
    put_off(mesh);
    struct cepa_mesh_peer *chosen = choose(mesh);
    if (chosen != NULL) {
        ask(mesh, chosen);
    }
}
