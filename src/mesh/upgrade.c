/* Looking for a direct way. @[SPEC 10.11] */
#include "mesh/upgrade.h"

#include <string.h>

enum {
    FIRST_MS = 50,      /* after a relayed link is up */
    ATTEMPT_S = 15,     /* an attempt may take so long */
    AGAIN_S = 30,       /* until the next one, doubled each time */
    AGAIN_DOUBLINGS = 7 /* 64 minutes */
};

static struct cepa_mesh_pair *pair_find(struct cepa_mesh *mesh, const struct cepa_node_id *node)
{
    for (uint32_t i = 0; i < CEPA_MESH_PAIRS; i++) {
        if (mesh->pairs[i].failures > 0 && memcmp(&mesh->pairs[i].node, node, sizeof *node) == 0) {
            return &mesh->pairs[i];
        }
    }
    return NULL;
}

void cepa_upgrade_on_link_up(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer)
{
    peer->attempt_at = cepa_time_never();
    if (!peer->facts.is_relayed || !peer->facts.is_initiator) {
        return;
    }
    peer->attempt_at = cepa_time_add(mesh->now, FIRST_MS * CEPA_MILLISECOND_NS);
    const struct cepa_mesh_pair *pair =
        peer->facts.is_relay ? pair_find(mesh, &peer->facts.node) : NULL;
    if (pair != NULL) {
        peer->attempts_failed = pair->failures;
        peer->attempt_at = cepa_time_latest(peer->attempt_at, pair->next);
    }
}

void cepa_upgrade_on_direct(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer)
{
    struct cepa_mesh_pair *pair = peer->facts.is_relay ? pair_find(mesh, &peer->facts.node) : NULL;
    peer->attempt = 0;
    peer->attempts_failed = 0;
    peer->attempt_at = cepa_time_never();
    if (pair != NULL) {
        pair->failures = 0;
    }
}

void cepa_upgrade_on_addresses(struct cepa_mesh *mesh)
{
    memset(mesh->pairs, 0, sizeof mesh->pairs);
    for (uint32_t i = 0; i < mesh->config.limits.links_max; i++) {
        struct cepa_mesh_peer *peer = &mesh->peers[i];
        if (peer->link == 0 || !peer->facts.is_relayed || !peer->facts.is_initiator) {
            continue;
        }
        peer->attempts_failed = 0;
        if (peer->attempt == 0) { /* else that one ends first */
            peer->attempt_at = cepa_time_add(mesh->now, FIRST_MS * CEPA_MILLISECOND_NS);
        }
    }
}

void cepa_upgrade_on_failed(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer, uint32_t attempt)
{
    if (peer->attempt != attempt || attempt == 0) {
        return;
    }
    peer->attempt = 0;
    peer->attempt_at = cepa_time_never();
    if (!peer->facts.is_initiator || !peer->facts.is_relayed) {
        return;
    }
    unsigned doublings =
        peer->attempts_failed < AGAIN_DOUBLINGS ? peer->attempts_failed : AGAIN_DOUBLINGS;
    peer->attempts_failed++;
    uint64_t wait_ns = (AGAIN_S * CEPA_SECOND_NS) << doublings;
    wait_ns += wait_ns / 4 * cepa_mesh_draw_below(mesh, 1024) / 1024;
    peer->attempt_at = cepa_time_add(mesh->now, wait_ns);
    if (peer->facts.is_relay) {
        struct cepa_mesh_pair *pair = pair_find(mesh, &peer->facts.node);
        if (pair == NULL) {
            pair = &mesh->pairs[mesh->pairs_next];
            mesh->pairs_next = (mesh->pairs_next + 1) % CEPA_MESH_PAIRS;
            pair->node = peer->facts.node;
        }
        pair->failures = (uint8_t)(doublings + 1);
        pair->next = peer->attempt_at;
    }
}

void cepa_upgrade_on_item(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer,
                          const struct cepa_mesh_signal_item *item)
{
    if (!peer->facts.is_relayed || item->attempt == 0) {
        return; /* it is direct already, and this was late */
    }
    if (!cepa_mesh_pay(mesh, peer, CEPA_MESH_COST_SIGNALS, 1)) {
        cepa_mesh_misdeed(mesh, peer, CEPA_MESH_MISDEED_BUDGET);
        return;
    }
    if (item->signal == CEPA_MESH_SIGNAL_OFFER) {
        if (peer->facts.is_initiator) {
            cepa_mesh_misdeed(mesh, peer, CEPA_MESH_MISDEED_FORGED);
            return;
        }
        peer->attempt = item->attempt;
        peer->attempt_at = cepa_time_add(mesh->now, ATTEMPT_S * CEPA_SECOND_NS);
    }
    if (item->attempt != peer->attempt) {
        return;
    }
    struct cepa_mesh_effect_slot *slot = cepa_mesh_effect_add(mesh, CEPA_MESH_SIGNAL);
    memcpy(slot->bytes, item->data, item->data_len);
    slot->effect.link = peer->link;
    slot->effect.attempt = item->attempt;
    slot->effect.signal = (enum cepa_mesh_signal)item->signal;
    slot->effect.data_len = item->data_len;
    if (item->signal == CEPA_MESH_SIGNAL_FAILED) {
        cepa_upgrade_on_failed(mesh, peer, item->attempt);
    }
}

void cepa_upgrade_step(struct cepa_mesh *mesh)
{
    for (uint32_t i = 0; i < mesh->config.limits.links_max; i++) {
        struct cepa_mesh_peer *peer = &mesh->peers[i];
        if (peer->link == 0 || !peer->facts.is_relayed || peer->is_closing ||
            !cepa_time_is_due(peer->attempt_at, mesh->now)) {
            continue;
        }
        if (peer->attempt != 0) {
            cepa_upgrade_on_failed(mesh, peer, peer->attempt);
            continue;
        }
        peer->attempt = (uint32_t)cepa_mesh_draw(mesh) | 1;
        peer->attempt_at = cepa_time_add(mesh->now, ATTEMPT_S * CEPA_SECOND_NS);
        struct cepa_mesh_effect *effect = &cepa_mesh_effect_add(mesh, CEPA_MESH_OFFER)->effect;
        effect->link = peer->link;
        effect->attempt = peer->attempt;
    }
}

void cepa_mesh_on_signal(struct cepa_mesh *mesh, uint64_t link, uint32_t attempt,
                         enum cepa_mesh_signal signal, const uint8_t *data, size_t data_len,
                         struct cepa_time now)
{
    struct cepa_mesh_item item;
    struct cepa_mesh_peer *peer = cepa_mesh_peer_find(mesh, link);
    cepa_mesh_enter(mesh, now);
    bool is_failed = signal == CEPA_MESH_SIGNAL_FAILED;
    if (peer == NULL || attempt == 0 || peer->attempt != attempt ||
        data_len > CEPA_MESH_SIGNAL_MAX || is_failed != (data_len == 0)) {
        return;
    }
    memset(&item, 0, sizeof item);
    item.type = CEPA_MESH_ITEM_SIGNAL;
    item.as.signal.attempt = attempt;
    item.as.signal.signal = (uint8_t)signal;
    item.as.signal.data = data;
    item.as.signal.data_len = data_len;
    (void)cepa_mesh_send(mesh, peer, &item);
    if (is_failed) {
        cepa_upgrade_on_failed(mesh, peer, attempt);
    }
}
