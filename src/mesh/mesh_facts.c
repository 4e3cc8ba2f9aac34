/* Facts about links, and what the node wants. @[SPEC 10.7] */
#include <string.h>

#include "base/assert.h"
#include "mesh/detector.h"
#include "mesh/dial.h"
#include "mesh/dialback.h"
#include "mesh/gossip.h"
#include "mesh/introducer.h"
#include "mesh/mesh_state.h"
#include "mesh/neighbours.h"
#include "mesh/pulls.h"
#include "mesh/serving.h"
#include "mesh/upgrade.h"
#include "wire/index_record.h"
#include "wire/key_record.h"
#include "wire/reach.h"

enum { TWIN_S = 5 /* two links opened within this time were opened by both sides at once */ };

/* Two links to one relay: both sides know which one stays. An old one whose peer opens another is
 * what is left of the peer's former life. */
static void settle_twins(struct cepa_mesh *mesh, struct cepa_mesh_peer *fresh)
{
    for (uint32_t i = 0; i < mesh->config.limits.links_max; i++) {
        struct cepa_mesh_peer *old = &mesh->peers[i];
        if (old->link == 0 || old == fresh || !old->facts.is_relay || old->is_closing ||
            memcmp(&old->facts.node, &fresh->facts.node, sizeof old->facts.node) != 0) {
            continue;
        }
        bool is_ours_first = mesh->config.is_relay && memcmp(&mesh->config.node, &old->facts.node,
                                                             sizeof mesh->config.node) < 0;
        bool is_at_once = cepa_time_since(mesh->now, old->up_at) < TWIN_S * CEPA_SECOND_NS &&
                          old->facts.is_initiator != fresh->facts.is_initiator &&
                          mesh->config.is_relay;
        /* The one that the relay with the smaller id has opened. */
        bool stays_old = is_at_once && old->facts.is_initiator == is_ours_first;
        if (old->facts.is_relayed && !fresh->facts.is_relayed) {
            stays_old = false;
        }
        struct cepa_mesh_peer *loser = stays_old ? fresh : old;
        struct cepa_mesh_peer *winner = stays_old ? old : fresh;
        if (loser->bond == CEPA_MESH_BOND_NEIGHBOUR && winner->bond == CEPA_MESH_BOND_NONE) {
            winner->bond = CEPA_MESH_BOND_NEIGHBOUR;
            winner->bonded_at = loser->bonded_at;
            winner->is_outbound = loser->is_outbound;
            winner->introduces = loser->introduces;
        }
        loser->bond = CEPA_MESH_BOND_NONE;
        cepa_mesh_unlink(mesh, loser, CEPA_ERR_IN_USE);
    }
}

static struct cepa_mesh_peer *peer_new(struct cepa_mesh *mesh, uint64_t link,
                                       const struct cepa_mesh_link_facts *facts)
{
    struct cepa_mesh_peer *peer = NULL;
    for (uint32_t i = 0; i < mesh->config.limits.links_max && peer == NULL; i++) {
        peer = mesh->peers[i].link == 0 ? &mesh->peers[i] : NULL;
    }
    if (peer == NULL) {
        return NULL;
    }
    memset(peer, 0, sizeof *peer);
    peer->link = link;
    peer->facts = *facts;
    peer->up_at = mesh->now;
    peer->heard_at = mesh->now;
    peer->probe_until = cepa_time_never();
    peer->ping_until = cepa_time_never();
    cepa_mesh_budget_init(&peer->budget, mesh->now);
    return peer;
}

void cepa_mesh_on_link_up(struct cepa_mesh *mesh, uint64_t link,
                          const struct cepa_mesh_link_facts *facts, struct cepa_time now)
{
    cepa_mesh_enter(mesh, now);
    CEPA_ASSERT(link != 0);
    struct cepa_mesh_attempt *attempt = cepa_dial_find(mesh, facts->ticket);
    enum cepa_mesh_purpose purpose = attempt == NULL ? 0 : attempt->purpose;
    bool is_dialback = attempt != NULL && attempt->dialback != 0;
    struct cepa_mesh_peer *peer =
        cepa_mesh_peer_find(mesh, link) == NULL ? peer_new(mesh, link, facts) : NULL;
    struct cepa_mesh_channel_state *channel = cepa_introducer_find(mesh, facts->ticket);
    if (peer == NULL || cepa_mesh_is_banned(mesh, facts) ||
        (facts->is_relay && cepa_mesh_is_self(mesh, &facts->node))) {
        struct cepa_mesh_effect *effect = &cepa_mesh_effect_add(mesh, CEPA_MESH_UNLINK)->effect;
        effect->link = link;
        effect->error = CEPA_ERR_FULL;
        if (peer != NULL) {
            peer->is_closing = true;
        }
        if (attempt != NULL) {
            cepa_dial_failed(mesh, attempt);
        }
        return;
    }
    if (channel != NULL) {
        channel->peer_link = link;
        peer->channel_link = channel->links[0];
        peer->channel = channel->channels[0];
    }
    if (is_dialback) {
        cepa_dialback_done(mesh, attempt->dialback, true);
        attempt->ticket = 0;
        cepa_mesh_unlink(mesh, peer, CEPA_ERR_IN_USE);
        return;
    }
    cepa_upgrade_on_link_up(mesh, peer);
    if (attempt != NULL) {
        cepa_dial_succeeded(mesh, attempt, peer);
    }
    cepa_dial_on_peer_up(mesh, peer);
    if (facts->is_relay) {
        settle_twins(mesh, peer);
    }
    if (!peer->is_closing) {
        cepa_neighbours_on_link_up(mesh, peer, purpose);
        cepa_serving_step(mesh);
    }
}

void cepa_mesh_on_link_down(struct cepa_mesh *mesh, uint64_t link, int error, struct cepa_time now)
{
    struct cepa_mesh_peer *peer = cepa_mesh_peer_find(mesh, link);
    cepa_mesh_enter(mesh, now);
    if (peer == NULL) {
        return;
    }
    bool is_of_use = !peer->is_closing || error != 0;
    peer->is_closing = true;
    cepa_outbox_forget(&mesh->outbox, link);
    cepa_introducer_on_link_down(mesh, link);
    cepa_detector_on_link_down(mesh, link);
    cepa_pulls_on_link_down(mesh, link);
    cepa_neighbours_on_link_down(mesh, peer, is_of_use ? error : 0);
    memset(peer, 0, sizeof *peer);
}

void cepa_mesh_on_link_failed(struct cepa_mesh *mesh, uint64_t ticket, struct cepa_time now)
{
    cepa_mesh_enter(mesh, now);
    struct cepa_mesh_attempt *attempt = cepa_dial_find(mesh, ticket);
    struct cepa_mesh_channel_state *channel = cepa_introducer_find(mesh, ticket);
    if (attempt != NULL) {
        uint64_t dialback = attempt->dialback;
        cepa_dial_failed(mesh, attempt);
        if (dialback != 0) {
            cepa_dialback_done(mesh, dialback, false);
        }
        cepa_neighbours_fill(mesh);
    } else if (channel != NULL) {
        cepa_introducer_drop(mesh, channel->links[0], channel->channels[0], CEPA_MESH_CHANNEL_DONE);
    }
}

void cepa_mesh_on_link_stalled(struct cepa_mesh *mesh, uint64_t link, struct cepa_time now)
{
    struct cepa_mesh_peer *peer = cepa_mesh_peer_find(mesh, link);
    cepa_mesh_enter(mesh, now);
    if (peer != NULL && !peer->is_closing) {
        cepa_detector_on_stalled(mesh, peer);
    }
}

void cepa_mesh_on_link_recovered(struct cepa_mesh *mesh, uint64_t link, struct cepa_time now)
{
    struct cepa_mesh_peer *peer = cepa_mesh_peer_find(mesh, link);
    cepa_mesh_enter(mesh, now);
    if (peer != NULL) {
        cepa_detector_on_recovered(mesh, peer);
    }
}

void cepa_mesh_on_link_direct(struct cepa_mesh *mesh, uint64_t link,
                              const struct cepa_prefix *prefix, struct cepa_time now)
{
    struct cepa_mesh_peer *peer = cepa_mesh_peer_find(mesh, link);
    cepa_mesh_enter(mesh, now);
    if (peer == NULL || !peer->facts.is_relayed) {
        return;
    }
    peer->facts.is_relayed = false;
    peer->facts.prefix = *prefix;
    cepa_upgrade_on_direct(mesh, peer);
    cepa_introducer_drop(mesh, peer->channel_link, peer->channel, CEPA_MESH_CHANNEL_DONE);
    peer->channel_link = 0;
}

void cepa_mesh_on_dialback(struct cepa_mesh *mesh, uint64_t ticket, bool was_reached,
                           struct cepa_time now)
{
    cepa_mesh_enter(mesh, now);
    cepa_dialback_done(mesh, ticket, was_reached);
}

void cepa_mesh_on_moved(struct cepa_mesh *mesh, struct cepa_time now)
{
    cepa_mesh_enter(mesh, now);
    cepa_detector_on_suspend(mesh);
    cepa_upgrade_on_addresses(mesh);
}

/* Takes the place of the same relay, a free one or the oldest of `max`. */
static void remember(struct cepa_relay_address *addresses, uint32_t *len, uint32_t *oldest,
                     uint32_t max, const struct cepa_relay_address *address)
{
    for (uint32_t i = 0; i < *len; i++) {
        if (memcmp(&addresses[i].node, &address->node, sizeof address->node) == 0) {
            addresses[i] = *address;
            return;
        }
    }
    if (*len < max) {
        addresses[(*len)++] = *address;
        return;
    }
    addresses[*oldest] = *address;
    *oldest = (*oldest + 1) % max;
}

void cepa_mesh_join(struct cepa_mesh *mesh, const struct cepa_relay_address *address)
{
    remember(mesh->contacts, &mesh->contacts_len, &mesh->contacts_oldest, CEPA_MESH_CONTACTS_MAX,
             address);
    mesh->contact_at = mesh->now;
    mesh->contact_next = 0;
}

void cepa_mesh_hint(struct cepa_mesh *mesh, const struct cepa_relay_address *address)
{
    remember(mesh->hints, &mesh->hints_len, &mesh->hints_oldest, CEPA_MESH_HINTS_MAX, address);
    mesh->hints_tried = 0;
}

void cepa_mesh_restore_anchor(struct cepa_mesh *mesh, const struct cepa_relay_address *address)
{
    cepa_mesh_join(mesh, address);
    if (mesh->anchors_len < CEPA_MESH_ANCHORS_MAX) {
        mesh->are_anchors_drawn = true;
        mesh->restored[mesh->anchors_len] = address->node;
        mesh->anchors[mesh->anchors_len] = address->node;
        mesh->anchor_addresses[mesh->anchors_len++] = *address;
        mesh->restored_len = mesh->anchors_len;
    }
}

int cepa_mesh_connect(struct cepa_mesh *mesh, uint64_t *ret_ticket, const struct cepa_node_id *node,
                      struct cepa_time now)
{
    struct cepa_way_record way;
    struct cepa_mesh_attempt *attempt = NULL;
    cepa_mesh_enter(mesh, now);
    struct cepa_mesh_peer *peer = cepa_mesh_peer_of(mesh, node);
    if (peer != NULL && !peer->is_stalled) {
        struct cepa_mesh_effect *effect = &cepa_mesh_effect_add(mesh, CEPA_MESH_CONNECTED)->effect;
        effect->ticket = cepa_mesh_number(mesh);
        effect->link = peer->link;
        effect->node = *node;
        effect->has_node = true;
        *ret_ticket = effect->ticket;
        return 0;
    }
    if (peer != NULL || cepa_dial_is_unreachable(mesh, node)) {
        return CEPA_ERR_UNREACHABLE; /* whoever asks goes another way sooner than a dial fails */
    }
    attempt = cepa_dial_of(mesh, node);
    if (attempt == NULL) {
        if (cepa_mesh_is_self(mesh, node) || cepa_dial_way(mesh, &way, node) != 0) {
            return CEPA_ERR_NOT_FOUND;
        }
        attempt = cepa_dial_node(mesh, node, CEPA_MESH_FOR_CIRCUITS);
    }
    if (attempt == NULL) {
        return CEPA_ERR_FULL;
    }
    attempt->is_asked = true;
    *ret_ticket = attempt->ticket;
    return 0;
}

static bool has_other_addresses(const struct cepa_mesh *mesh,
                                const struct cepa_relay_address *addresses, size_t addresses_len)
{
    bool is_other = addresses_len != mesh->addresses_len + mesh->withheld_len; /* one is 0 */
    for (size_t i = 0; i < addresses_len && !is_other; i++) {
        const struct cepa_reach *old = &mesh->addresses[i].reach;
        const struct cepa_reach *fresh = &addresses[i].reach;
        is_other = old->family != fresh->family || old->port != fresh->port ||
                   memcmp(old->ip, fresh->ip, sizeof old->ip) != 0;
    }
    return is_other;
}

void cepa_mesh_set_addresses(struct cepa_mesh *mesh, const struct cepa_relay_address *addresses,
                             size_t addresses_len, struct cepa_time now)
{
    CEPA_ASSERT(addresses_len <= CEPA_DESCRIPTOR_REACHES_MAX);
    cepa_mesh_enter(mesh, now);
    bool is_other = has_other_addresses(mesh, addresses, addresses_len);
    bool is_withheld = mesh->withheld_len > 0 && !is_other;
    if (mesh->has_addresses && is_other) {
        cepa_upgrade_on_addresses(mesh);
    }
    memset(mesh->addresses, 0, sizeof mesh->addresses);
    for (size_t i = 0; i < addresses_len; i++) {
        mesh->addresses[i] = addresses[i];
    }
    mesh->addresses_len = is_withheld ? 0 : addresses_len;
    mesh->withheld_len = is_withheld ? addresses_len : 0;
    mesh->trials = is_withheld ? mesh->trials : 0;
    mesh->has_addresses = true;
    cepa_dialback_forget(mesh);
}

/* This relay's way record, from its own credentials. */
static void publish_way(struct cepa_mesh *mesh)
{
    uint8_t bytes[CEPA_WAY_RECORD_SIZE];
    struct cepa_credentials_bytes halves;
    struct cepa_descriptor descriptor;
    int error = cepa_credentials_split(&halves, mesh->own_credentials, mesh->own_credentials_len);
    if (error == 0) {
        error = cepa_descriptor_decode(&descriptor, halves.descriptor, halves.descriptor_len);
    }
    if (error == 0) {
        error = cepa_way_record_make(bytes, &descriptor, mesh->config.signing_key);
    }
    if (error == 0) {
        /* Without a way it can be used by its neighbours only, until it has one. */
        error = cepa_ways_put(&mesh->ways, bytes, sizeof bytes);
        mesh->counts.ways_lost += error < 0 ? 1 : 0;
    }
}

int cepa_mesh_publish(struct cepa_mesh *mesh, const struct cepa_index_record *record,
                      const uint8_t *credentials, size_t credentials_len, struct cepa_time now)
{
    struct cepa_index *index = mesh->config.index;
    cepa_mesh_enter(mesh, now);
    CEPA_ASSERT(credentials_len <= sizeof mesh->own_credentials);
    if (mesh->is_clock_off) {
        return CEPA_ERR_TOO_SOON;
    }
    int result = cepa_index_merge_verified(index, record);
    if (result < 0) {
        return result;
    }
    mesh->own_record = *record;
    memcpy(mesh->own_credentials, credentials, credentials_len);
    mesh->own_credentials_len = credentials_len;
    mesh->has_own = true;
    mesh->is_own_kept = false;
    cepa_index_set_node(index, record->public_key, &mesh->config.node);
    publish_way(mesh);
    cepa_gossip_news(mesh, cepa_index_find(index, record->public_key)->position, 0);
    return 0;
}

int cepa_mesh_publish_key(struct cepa_mesh *mesh, const uint8_t key_record[CEPA_KEY_RECORD_SIZE],
                          struct cepa_time now)
{
    struct cepa_key_record record;
    uint32_t place = 0;
    cepa_mesh_enter(mesh, now);
    if (mesh->is_clock_off) {
        return CEPA_ERR_TOO_SOON;
    }
    int error = cepa_key_record_decode(&record, key_record, CEPA_KEY_RECORD_SIZE);
    if (error != 0) {
        return error;
    }
    for (uint32_t i = 0; i < CEPA_MESH_OWN_KEYS; i++) {
        if (mesh->own_key_epochs[i].number < mesh->own_key_epochs[place].number) {
            place = i;
        }
    }
    for (uint32_t i = 0; i < CEPA_MESH_OWN_KEYS; i++) {
        place = mesh->own_key_epochs[i].number == record.epoch.number ? i : place;
    }
    memcpy(mesh->own_keys[place], key_record, CEPA_KEY_RECORD_SIZE);
    mesh->own_key_epochs[place] = record.epoch;
    mesh->is_own_key_kept[place] = false;
    if (mesh->has_own && record.epoch.number == mesh->epoch.number) {
        const struct cepa_index_entry *own =
            cepa_index_find(mesh->config.index, mesh->config.public_key);
        if (own != NULL) {
            cepa_gossip_news_key(mesh, own->position, 0);
        }
    }
    return 0;
}

void cepa_mesh_set_guard(struct cepa_mesh *mesh, uint64_t link, bool is_guard)
{
    struct cepa_mesh_peer *peer = cepa_mesh_peer_find(mesh, link);
    if (peer != NULL) {
        peer->facts.is_guard = is_guard;
    }
}
