/* Who is alive. @[SPEC 10.12] */
#include "mesh/detector.h"

#include <string.h>

enum {
    HELPERS = 3,
    PROBE_MS = 1500,          /* until helpers have answered */
    ERRAND_MS = 1000,         /* until a pinged peer has, for somebody else */
    HEARD_MS = 1000,          /* who said something so lately need not be pinged */
    GIVE_UP_MS = 4000,        /* a stalled link is closed */
    GIVE_UP_ALONE_MS = 12000, /* the same when everything is silent: the trouble is here */
    VERIFY_MS = 1500,         /* after a suspend, until a link has shown that it lives */
    GRACE_S = 10,             /* after a suspend nobody is suspected */
    LATE_MS = 250,            /* a step that late is own trouble */
    HEALTH_MAX = 8,
    HEALTH_S = 10, /* until it is better by one */
    STALL_WINDOW_MS = 1000
};

static uint64_t limit_ns(const struct cepa_mesh *mesh, uint64_t limit_ms)
{
    return cepa_duration_scale(limit_ms * CEPA_MILLISECOND_NS, 1 + mesh->health);
}

static void get_worse(struct cepa_mesh *mesh, uint32_t by)
{
    mesh->health = mesh->health + by > HEALTH_MAX ? HEALTH_MAX : mesh->health + by;
    mesh->health_at = cepa_time_add(mesh->now, HEALTH_S * CEPA_SECOND_NS);
}

void cepa_detector_on_late(struct cepa_mesh *mesh, uint64_t late_ns)
{
    if (late_ns > LATE_MS * CEPA_MILLISECOND_NS) {
        get_worse(mesh, 1);
    }
}

static void send(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer, enum cepa_mesh_item_type type,
                 uint64_t nonce, const struct cepa_node_id *node, bool is_alive)
{
    struct cepa_mesh_item item;
    memset(&item, 0, sizeof item);
    item.type = type;
    item.as.probe.nonce = nonce;
    item.as.probe.is_alive = is_alive;
    if (node != NULL) {
        item.as.probe.node = *node;
    }
    (void)cepa_mesh_send(mesh, peer, &item);
}

static void count_links(const struct cepa_mesh *mesh, uint32_t *ret_links, uint32_t *ret_stalled)
{
    *ret_links = 0;
    *ret_stalled = 0;
    for (uint32_t i = 0; i < mesh->config.limits.links_max; i++) {
        *ret_links += mesh->peers[i].link != 0 ? 1 : 0;
        *ret_stalled += mesh->peers[i].link != 0 && mesh->peers[i].is_stalled ? 1 : 0;
    }
}

/* Asks up to three others whether they reach the peer. */
static void probe(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer)
{
    uint64_t asked[HELPERS] = {0};
    peer->probe_nonce = cepa_mesh_number(mesh);
    peer->probe_until = cepa_time_add(mesh->now, limit_ns(mesh, PROBE_MS));
    for (uint32_t n = 0; n < HELPERS; n++) {
        struct cepa_mesh_peer *helper = NULL;
        uint32_t count = 0;
        for (uint32_t i = 0; i < mesh->config.limits.links_max; i++) {
            struct cepa_mesh_peer *other = &mesh->peers[i];
            bool is_asked = other->link == asked[0] || other->link == asked[1];
            if (other->link != 0 && other != peer && other->facts.is_relay && !other->is_stalled &&
                !other->is_closing && !is_asked && other->bond == CEPA_MESH_BOND_NEIGHBOUR &&
                cepa_mesh_draw_below(mesh, ++count) == 0) {
                helper = other;
            }
        }
        if (helper == NULL) {
            return;
        }
        asked[n] = helper->link;
        send(mesh, helper, CEPA_MESH_ITEM_PROBE, peer->probe_nonce, &peer->facts.node, false);
    }
}

void cepa_detector_on_stalled(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer)
{
    uint32_t links = 0;
    uint32_t stalled = 0;
    if (peer->is_stalled) {
        return;
    }
    peer->is_stalled = true;
    peer->is_suspected = false;
    peer->is_reached_by_others = false;
    peer->has_helper = false;
    peer->stalled_at = mesh->now;
    if (cepa_time_since(mesh->now, mesh->stall_window) > STALL_WINDOW_MS * CEPA_MILLISECOND_NS) {
        mesh->stall_window = mesh->now;
        mesh->stalls = 0;
    }
    count_links(mesh, &links, &stalled);
    /* Most of the links within a moment: that is this node's network, or its timers. */
    if (++mesh->stalls == 3 && stalled * 3 >= links * 2) {
        get_worse(mesh, 2);
    }
    if (peer->facts.is_relay && cepa_time_is_due(mesh->grace_until, mesh->now)) {
        probe(mesh, peer);
    }
}

void cepa_detector_on_recovered(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer)
{
    (void)mesh;
    peer->is_stalled = false;
    peer->is_suspected = false;
    peer->probe_until = cepa_time_never();
    peer->ping_until = cepa_time_never();
}

void cepa_detector_on_suspend(struct cepa_mesh *mesh)
{
    mesh->counts.suspends++;
    mesh->grace_until = cepa_time_add(mesh->now, GRACE_S * CEPA_SECOND_NS);
    for (uint32_t i = 0; i < mesh->config.limits.links_max; i++) {
        struct cepa_mesh_peer *peer = &mesh->peers[i];
        if (peer->link == 0 || peer->is_closing) {
            continue;
        }
        cepa_detector_on_recovered(mesh, peer);
        peer->ping_until = cepa_time_add(mesh->now, VERIFY_MS * CEPA_MILLISECOND_NS);
        send(mesh, peer, CEPA_MESH_ITEM_PING, cepa_mesh_number(mesh), NULL, false);
    }
    for (uint32_t i = 0; i < CEPA_MESH_LOST; i++) {
        mesh->lost[i].next = mesh->now;
    }
    mesh->contact_at = mesh->now;
    mesh->contact_next = 0;
}

/* The nonce of a ping to this link for somebody, 0 if there is none. */
static uint64_t ping_on_its_way(const struct cepa_mesh *mesh, uint64_t link)
{
    for (uint32_t i = 0; i < CEPA_MESH_ERRANDS; i++) {
        if (mesh->errands[i].asker != 0 && mesh->errands[i].target == link) {
            return mesh->errands[i].ping_nonce;
        }
    }
    return 0;
}

/* A neighbour asks whether we reach somebody. */
static void on_probe(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer,
                     const struct cepa_mesh_probe *item)
{
    struct cepa_mesh_errand *errand = NULL;
    struct cepa_mesh_peer *target = cepa_mesh_peer_of(mesh, &item->node);
    if (!cepa_mesh_pay(mesh, peer, CEPA_MESH_COST_PROBES, 1)) {
        cepa_mesh_misdeed(mesh, peer, CEPA_MESH_MISDEED_BUDGET);
        return;
    }
    for (uint32_t i = 0; i < CEPA_MESH_ERRANDS && errand == NULL; i++) {
        errand = mesh->errands[i].asker == 0 ? &mesh->errands[i] : NULL;
    }
    if (target == NULL || target == peer || target->is_stalled || errand == NULL) {
        send(mesh, peer, CEPA_MESH_ITEM_PROBED, item->nonce, NULL, false);
        return;
    }
    if (cepa_time_since(mesh->now, target->heard_at) < HEARD_MS * CEPA_MILLISECOND_NS) {
        send(mesh, peer, CEPA_MESH_ITEM_PROBED, item->nonce, NULL, true);
        return;
    }
    /* However many ask: pings are paid for by this node, with the target. */
    uint64_t ping_nonce = ping_on_its_way(mesh, target->link);
    if (ping_nonce == 0) {
        ping_nonce = cepa_mesh_number(mesh);
        send(mesh, target, CEPA_MESH_ITEM_PING, ping_nonce, NULL, false);
    }
    errand->asker = peer->link;
    errand->target = target->link;
    errand->nonce = item->nonce;
    errand->ping_nonce = ping_nonce;
    errand->until = cepa_time_add(mesh->now, ERRAND_MS * CEPA_MILLISECOND_NS);
}

static void end_errand(struct cepa_mesh *mesh, struct cepa_mesh_errand *errand, bool is_alive)
{
    struct cepa_mesh_peer *asker = cepa_mesh_peer_find(mesh, errand->asker);
    if (asker != NULL) {
        send(mesh, asker, CEPA_MESH_ITEM_PROBED, errand->nonce, NULL, is_alive);
    }
    errand->asker = 0;
}

/* A helper says what it found. Only that somebody lives is believed: that he is dead nobody can
 * know. */
static void on_probed(struct cepa_mesh *mesh, const struct cepa_mesh_probe *item)
{
    for (uint32_t i = 0; i < mesh->config.limits.links_max; i++) {
        struct cepa_mesh_peer *peer = &mesh->peers[i];
        if (peer->link != 0 && peer->is_stalled && peer->probe_nonce == item->nonce &&
            !cepa_time_is_never(peer->probe_until)) {
            peer->has_helper = true;
            peer->is_reached_by_others = peer->is_reached_by_others || item->is_alive;
        }
    }
}

void cepa_detector_on_item(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer,
                           enum cepa_mesh_item_type type, const struct cepa_mesh_probe *item)
{
    switch ((unsigned)type) {
    case CEPA_MESH_ITEM_PROBE:
        on_probe(mesh, peer, item);
        return;
    case CEPA_MESH_ITEM_PROBED:
        on_probed(mesh, item);
        return;
    case CEPA_MESH_ITEM_PING:
        if (cepa_mesh_pay(mesh, peer, CEPA_MESH_COST_PROBES, 1)) {
            send(mesh, peer, CEPA_MESH_ITEM_PONG, item->nonce, NULL, false);
        } else {
            cepa_mesh_misdeed(mesh, peer, CEPA_MESH_MISDEED_BUDGET);
        }
        return;
    default:
        for (uint32_t i = 0; i < CEPA_MESH_ERRANDS; i++) {
            struct cepa_mesh_errand *errand = &mesh->errands[i];
            if (errand->asker != 0 && errand->target == peer->link &&
                errand->ping_nonce == item->nonce) {
                end_errand(mesh, errand, true);
            }
        }
        return;
    }
}

void cepa_detector_on_link_down(struct cepa_mesh *mesh, uint64_t link)
{
    for (uint32_t i = 0; i < CEPA_MESH_ERRANDS; i++) {
        struct cepa_mesh_errand *errand = &mesh->errands[i];
        if (errand->asker == link) {
            errand->asker = 0;
        } else if (errand->asker != 0 && errand->target == link) {
            end_errand(mesh, errand, false);
        }
    }
}

/* Helpers had their time. */
static void judge(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer)
{
    peer->probe_until = cepa_time_never();
    if (!peer->has_helper) {
        /* Nobody has answered: there is nobody else, or it is this node that is cut off. */
        get_worse(mesh, 1);
        return;
    }
    if (!peer->is_reached_by_others && cepa_time_is_due(mesh->grace_until, mesh->now)) {
        peer->is_suspected = true;
        mesh->counts.suspicions++;
        struct cepa_mesh_effect *effect = &cepa_mesh_effect_add(mesh, CEPA_MESH_SUSPECT)->effect;
        effect->link = peer->link;
        effect->node = peer->facts.node;
        effect->has_node = true;
    }
}

static void look_at(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer, bool is_alone)
{
    if (cepa_time_is_due(peer->ping_until, mesh->now)) {
        peer->ping_until = cepa_time_never();
        peer->is_reached_by_others = true; /* it may well live: try it again at once */
        cepa_mesh_unlink(mesh, peer, CEPA_ERR_TIMEOUT);
        return;
    }
    if (!peer->is_stalled) {
        return;
    }
    if (cepa_time_is_due(peer->probe_until, mesh->now)) {
        judge(mesh, peer);
    }
    uint64_t limit_ms = is_alone ? GIVE_UP_ALONE_MS : GIVE_UP_MS;
    uint64_t limit = is_alone ? limit_ms * CEPA_MILLISECOND_NS : limit_ns(mesh, limit_ms);
    limit = limit > GIVE_UP_ALONE_MS * CEPA_MILLISECOND_NS ? GIVE_UP_ALONE_MS * CEPA_MILLISECOND_NS
                                                           : limit;
    if (cepa_time_since(mesh->now, peer->stalled_at) >= limit) {
        cepa_mesh_unlink(mesh, peer, CEPA_ERR_TIMEOUT);
    }
}

void cepa_detector_step(struct cepa_mesh *mesh)
{
    uint32_t links = 0;
    uint32_t stalled = 0;
    count_links(mesh, &links, &stalled);
    for (uint32_t i = 0; i < mesh->config.limits.links_max; i++) {
        struct cepa_mesh_peer *peer = &mesh->peers[i];
        if (peer->link != 0 && !peer->is_closing) {
            look_at(mesh, peer, stalled == links);
        }
    }
    for (uint32_t i = 0; i < CEPA_MESH_ERRANDS; i++) {
        struct cepa_mesh_errand *errand = &mesh->errands[i];
        if (errand->asker != 0 && cepa_time_is_due(errand->until, mesh->now)) {
            end_errand(mesh, errand, false);
        }
    }
    if (mesh->health > 0 && cepa_time_is_due(mesh->health_at, mesh->now)) {
        mesh->health--;
        mesh->health_at = cepa_time_add(mesh->now, HEALTH_S * CEPA_SECOND_NS);
    }
}

bool cepa_detector_is_busy(const struct cepa_mesh *mesh)
{
    for (uint32_t i = 0; i < mesh->config.limits.links_max; i++) {
        const struct cepa_mesh_peer *peer = &mesh->peers[i];
        if (peer->link != 0 && (peer->is_stalled || !cepa_time_is_never(peer->ping_until))) {
            return true;
        }
    }
    for (uint32_t i = 0; i < CEPA_MESH_ERRANDS; i++) {
        if (mesh->errands[i].asker != 0) {
            return true;
        }
    }
    return false;
}
