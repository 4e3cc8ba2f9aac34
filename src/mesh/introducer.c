/* The table of channels: (link, channel) to (link, channel). @[SPEC 10.11] */
#include "mesh/introducer.h"

#include <string.h>

#include "mesh/dial.h"

enum {
    OPENING_S = 10,             /* until the target has answered */
    OPENING_NEXT_S = 4,         /* the same if there is another introducer to try */
    PER_LINK_MAX = 16,          /* channels that one neighbour may have opened */
    OWN_MAX = 32,               /* that end here */
    INCOMING_MAX = 24,          /* of these: that others have opened, so that some are our own */
    INCOMING_PER_LINK_MAX = 10, /* of these: through one introducer; there may be three */
    BURST_MS = 500              /* of a neighbour's bytes, on top of the rate */
};

#define INITIATOR_BIT (UINT32_C(1) << 31)

static struct cepa_mesh_channel_state *take_place(struct cepa_mesh *mesh, bool is_own)
{
    struct cepa_mesh_channel_state *place = NULL;
    uint32_t own = 0;
    uint32_t carried = 0;
    for (uint32_t i = 0; i < mesh->channels_len; i++) {
        struct cepa_mesh_channel_state *channel = &mesh->channels[i];
        own += channel->is_taken && channel->is_own ? 1 : 0;
        carried += channel->is_taken && !channel->is_own ? 1 : 0;
        place = channel->is_taken ? place : channel;
    }
    if (place == NULL || (is_own && own >= OWN_MAX) ||
        (!is_own && carried >= mesh->config.limits.channels_max)) {
        return NULL;
    }
    memset(place, 0, sizeof *place);
    place->is_taken = true;
    place->is_own = is_own;
    place->since = mesh->now;
    return place;
}

/* Which half of a channel is (link, channel): 0 or 1, or -1. */
static int half_of(const struct cepa_mesh_channel_state *channel, uint64_t link, uint32_t number)
{
    for (int i = 0; i < (channel->is_own ? 1 : 2); i++) {
        if (channel->is_taken && channel->links[i] == link && channel->channels[i] == number) {
            return i;
        }
    }
    return -1;
}

static struct cepa_mesh_channel_state *find(struct cepa_mesh *mesh, int *ret_half, uint64_t link,
                                            uint32_t number)
{
    for (uint32_t i = 0; i < mesh->channels_len; i++) {
        int half = half_of(&mesh->channels[i], link, number);
        if (half >= 0) {
            *ret_half = half;
            return &mesh->channels[i];
        }
    }
    return NULL;
}

struct cepa_mesh_channel_state *cepa_introducer_find(struct cepa_mesh *mesh, uint64_t ticket)
{
    for (uint32_t i = 0; i < mesh->channels_len && ticket != 0; i++) {
        struct cepa_mesh_channel_state *channel = &mesh->channels[i];
        if (channel->is_taken && channel->is_own && channel->ticket == ticket) {
            return channel;
        }
    }
    return NULL;
}

bool cepa_introducer_uses(const struct cepa_mesh *mesh, uint64_t link)
{
    for (uint32_t i = 0; i < mesh->channels_len; i++) {
        const struct cepa_mesh_channel_state *channel = &mesh->channels[i];
        if (channel->is_taken &&
            (channel->links[0] == link || (!channel->is_own && channel->links[1] == link))) {
            return true;
        }
    }
    return false;
}

/* A number of this side that is not in use. */
static uint32_t number_new(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer)
{
    int half = 0;
    uint32_t number = 0;
    do {
        peer->last_channel = peer->last_channel % (INITIATOR_BIT - 1) + 1;
        number = peer->last_channel | (peer->facts.is_initiator ? INITIATOR_BIT : 0);
    } while (find(mesh, &half, peer->link, number) != NULL);
    return number;
}

static void send(struct cepa_mesh *mesh, uint64_t link, enum cepa_mesh_item_type type,
                 uint32_t channel, const struct cepa_node_id *node,
                 enum cepa_mesh_channel_reason reason)
{
    struct cepa_mesh_item item;
    struct cepa_mesh_peer *peer = cepa_mesh_peer_find(mesh, link);
    if (peer == NULL) {
        return;
    }
    memset(&item, 0, sizeof item);
    item.type = type;
    item.as.channel.channel = channel;
    item.as.channel.reason = reason;
    if (node != NULL) {
        item.as.channel.has_node = true;
        item.as.channel.node = *node;
    }
    (void)cepa_mesh_send(mesh, peer, &item);
}

bool cepa_introducer_open(struct cepa_mesh *mesh, struct cepa_mesh_attempt *attempt,
                          struct cepa_mesh_peer *introducer)
{
    struct cepa_mesh_channel_state *channel = take_place(mesh, true);
    if (channel == NULL) {
        return false;
    }
    channel->links[0] = introducer->link;
    channel->channels[0] = number_new(mesh, introducer);
    channel->ticket = attempt->ticket;
    attempt->channel_link = channel->links[0];
    attempt->channel = channel->channels[0];
    send(mesh, channel->links[0], CEPA_MESH_ITEM_CHANNEL_OPEN, channel->channels[0], &attempt->node,
         0);
    return true;
}

void cepa_introducer_drop(struct cepa_mesh *mesh, uint64_t link, uint32_t number,
                          enum cepa_mesh_channel_reason reason)
{
    int half = 0;
    struct cepa_mesh_channel_state *channel = find(mesh, &half, link, number);
    if (channel == NULL || !channel->is_own) {
        return;
    }
    channel->is_taken = false;
    send(mesh, link, CEPA_MESH_ITEM_CHANNEL_CLOSE, number, NULL, reason);
}

/* Ends a channel for both sides but the one that has said so (`half`, or -1). */
static void end(struct cepa_mesh *mesh, struct cepa_mesh_channel_state *channel, int half,
                enum cepa_mesh_channel_reason reason)
{
    struct cepa_mesh_channel_state gone = *channel;
    channel->is_taken = false;
    if (!gone.is_own) {
        for (int i = 0; i < 2; i++) {
            if (i != half) {
                send(mesh, gone.links[i], CEPA_MESH_ITEM_CHANNEL_CLOSE, gone.channels[i], NULL,
                     reason);
            }
        }
        return;
    }
    if (gone.is_open) {
        struct cepa_mesh_effect *effect =
            &cepa_mesh_effect_add(mesh, CEPA_MESH_CHANNEL_GONE)->effect;
        effect->link = gone.links[0];
        effect->channel = gone.channels[0];
        effect->ticket = gone.ticket;
    }
    struct cepa_mesh_attempt *attempt = cepa_dial_find(mesh, gone.ticket);
    if (attempt == NULL) {
        return;
    }
    attempt->channel_link = 0;
    /* Who refuses to introduce, or is full, or slow, is not the only one. */
    if (gone.is_open || !cepa_dial_next_introducer(mesh, attempt)) {
        cepa_dial_failed(mesh, attempt);
    }
}

static uint32_t opened_by(const struct cepa_mesh *mesh, uint64_t link)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < mesh->channels_len; i++) {
        const struct cepa_mesh_channel_state *channel = &mesh->channels[i];
        count += channel->is_taken && !channel->is_own && channel->links[0] == link ? 1 : 0;
    }
    return count;
}

/* Whether the peer has numbered a channel itself: the top bit is the initiator's. */
static bool is_numbered_by(const struct cepa_mesh_peer *peer, uint32_t number)
{
    return ((number & INITIATOR_BIT) != 0) == !peer->facts.is_initiator;
}

/* Somebody wants to be introduced. */
static void on_open(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer,
                    const struct cepa_mesh_channel *item)
{
    int half = 0;
    struct cepa_mesh_channel_state *channel = NULL;
    enum cepa_mesh_channel_reason reason = CEPA_MESH_CHANNEL_REFUSED;
    if (!is_numbered_by(peer, item->channel) ||
        find(mesh, &half, peer->link, item->channel) != NULL) {
        cepa_mesh_misdeed(mesh, peer, CEPA_MESH_MISDEED_FORGED);
        return;
    }
    struct cepa_mesh_peer *target = cepa_mesh_peer_of(mesh, &item->node);
    if (!cepa_mesh_pay(mesh, peer, CEPA_MESH_COST_CHANNELS, 1)) {
        cepa_mesh_misdeed(mesh, peer, CEPA_MESH_MISDEED_BUDGET);
    } else if (target == NULL || target == peer || target->is_stalled || target->facts.is_relayed ||
               peer->facts.is_relayed) {
        reason = CEPA_MESH_CHANNEL_UNKNOWN;
    } else if (opened_by(mesh, peer->link) < PER_LINK_MAX) {
        channel = take_place(mesh, false);
    }
    if (channel == NULL) {
        send(mesh, peer->link, CEPA_MESH_ITEM_CHANNEL_CLOSE, item->channel, NULL, reason);
        return;
    }
    channel->links[0] = peer->link;
    channel->channels[0] = item->channel;
    channel->links[1] = target->link;
    channel->channels[1] = number_new(mesh, target);
    send(mesh, target->link, CEPA_MESH_ITEM_CHANNEL_INCOMING, channel->channels[1],
         peer->facts.is_relay ? &peer->facts.node : NULL, 0);
}

/* Whether there is room for one more who is introduced by this peer. */
static bool has_room_for_incoming(const struct cepa_mesh *mesh, uint64_t link)
{
    uint32_t all = 0;
    uint32_t here = 0;
    for (uint32_t i = 0; i < mesh->channels_len; i++) {
        const struct cepa_mesh_channel_state *channel = &mesh->channels[i];
        if (channel->is_taken && channel->is_incoming) {
            all++;
            here += channel->links[0] == link ? 1 : 0;
        }
    }
    return all < INCOMING_MAX && here < INCOMING_PER_LINK_MAX;
}

/* Somebody is introduced to this node: by one whom it has asked for that, else anybody who has a
 * link could keep it from its own channels. */
static void on_incoming(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer,
                        const struct cepa_mesh_channel *item)
{
    int half = 0;
    if (!is_numbered_by(peer, item->channel) ||
        find(mesh, &half, peer->link, item->channel) != NULL) {
        cepa_mesh_misdeed(mesh, peer, CEPA_MESH_MISDEED_FORGED);
        return;
    }
    struct cepa_mesh_channel_state *channel = NULL;
    if (cepa_mesh_pay(mesh, peer, CEPA_MESH_COST_CHANNELS, 1) && peer->introduces &&
        has_room_for_incoming(mesh, peer->link)) {
        channel = take_place(mesh, true);
    }
    if (channel == NULL) {
        send(mesh, peer->link, CEPA_MESH_ITEM_CHANNEL_CLOSE, item->channel, NULL,
             CEPA_MESH_CHANNEL_REFUSED);
        return;
    }
    channel->is_open = true;
    channel->is_incoming = true;
    channel->links[0] = peer->link;
    channel->channels[0] = item->channel;
    channel->ticket = cepa_mesh_number(mesh);
    send(mesh, peer->link, CEPA_MESH_ITEM_CHANNEL_OPENED, item->channel, NULL, 0);
    struct cepa_mesh_effect *effect = &cepa_mesh_effect_add(mesh, CEPA_MESH_CHANNEL)->effect;
    effect->link = peer->link;
    effect->channel = item->channel;
    effect->ticket = channel->ticket;
    effect->has_node = item->has_node;
    effect->node = item->node;
}

static void on_opened(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer, uint32_t number)
{
    int half = 0;
    struct cepa_mesh_channel_state *channel = find(mesh, &half, peer->link, number);
    if (channel == NULL || channel->is_open) {
        return; /* closed meanwhile */
    }
    if (!channel->is_own) {
        if (half == 1) {
            channel->is_open = true;
            send(mesh, channel->links[0], CEPA_MESH_ITEM_CHANNEL_OPENED, channel->channels[0], NULL,
                 0);
        }
        return;
    }
    struct cepa_mesh_attempt *attempt = cepa_dial_find(mesh, channel->ticket);
    if (attempt == NULL) {
        cepa_introducer_drop(mesh, peer->link, number, CEPA_MESH_CHANNEL_DONE);
        return;
    }
    channel->is_open = true;
    struct cepa_mesh_effect *effect = &cepa_mesh_effect_add(mesh, CEPA_MESH_CHANNEL)->effect;
    effect->link = peer->link;
    effect->channel = number;
    effect->ticket = channel->ticket;
    effect->is_initiator = true;
    effect->is_anonymous = attempt->dialback != 0;
    effect->has_node = true;
    effect->node = attempt->node;
    effect->purpose = attempt->purpose;
}

void cepa_introducer_on_item(struct cepa_mesh *mesh, struct cepa_mesh_peer *peer,
                             enum cepa_mesh_item_type type, const struct cepa_mesh_channel *item)
{
    int half = 0;
    struct cepa_mesh_channel_state *channel = NULL;
    switch ((unsigned)type) {
    case CEPA_MESH_ITEM_CHANNEL_OPEN:
        on_open(mesh, peer, item);
        return;
    case CEPA_MESH_ITEM_CHANNEL_INCOMING:
        on_incoming(mesh, peer, item);
        return;
    case CEPA_MESH_ITEM_CHANNEL_OPENED:
        on_opened(mesh, peer, item->channel);
        return;
    default:
        channel = find(mesh, &half, peer->link, item->channel);
        if (channel != NULL) {
            end(mesh, channel, half, item->reason);
        }
        return;
    }
}

void cepa_introducer_on_link_down(struct cepa_mesh *mesh, uint64_t link)
{
    for (uint32_t i = 0; i < mesh->channels_len; i++) {
        struct cepa_mesh_channel_state *channel = &mesh->channels[i];
        if (!channel->is_taken) {
            continue;
        }
        if (channel->links[0] == link) {
            end(mesh, channel, 0, CEPA_MESH_CHANNEL_LOST);
        } else if (!channel->is_own && channel->links[1] == link) {
            end(mesh, channel, 1, CEPA_MESH_CHANNEL_LOST);
        } else if (channel->is_own && channel->peer_link == link) {
            cepa_introducer_drop(mesh, channel->links[0], channel->channels[0],
                                 CEPA_MESH_CHANNEL_DONE);
        }
    }
}

static uint64_t opening_s(struct cepa_mesh *mesh, const struct cepa_mesh_channel_state *channel)
{
    const struct cepa_mesh_attempt *attempt =
        channel->is_own ? cepa_dial_find(mesh, channel->ticket) : NULL;
    return attempt != NULL && attempt->introducers_len > 0 ? OPENING_NEXT_S : OPENING_S;
}

void cepa_introducer_step(struct cepa_mesh *mesh)
{
    for (uint32_t i = 0; i < mesh->channels_len; i++) {
        struct cepa_mesh_channel_state *channel = &mesh->channels[i];
        bool is_waiting = channel->is_taken && !channel->is_open;
        if (is_waiting && cepa_time_since(mesh->now, channel->since) >
                              opening_s(mesh, channel) * CEPA_SECOND_NS) {
            send(mesh, channel->links[0], CEPA_MESH_ITEM_CHANNEL_CLOSE, channel->channels[0], NULL,
                 CEPA_MESH_CHANNEL_LOST);
            end(mesh, channel, 0, CEPA_MESH_CHANNEL_LOST);
        }
    }
}

int cepa_mesh_forward(struct cepa_mesh *mesh, uint64_t *ret_link, uint32_t *ret_channel,
                      uint64_t link, uint32_t number, size_t len, struct cepa_time now)
{
    int half = 0;
    struct cepa_mesh_channel_state *channel = find(mesh, &half, link, number);
    struct cepa_mesh_peer *payer = NULL;
    uint32_t per_s = mesh->config.limits.channel_bytes_per_s;
    if (channel == NULL || !channel->is_open) {
        return CEPA_ERR_NOT_FOUND;
    }
    if (channel->is_own) {
        return 0;
    }
    payer = cepa_mesh_peer_find(mesh, link);
    if (payer == NULL ||
        !cepa_token_bucket_take(&payer->budget.buckets[CEPA_MESH_COST_RELAYED], len, per_s,
                                (uint64_t)per_s * BURST_MS / 1000, now)) {
        mesh->counts.refused++;
        return CEPA_ERR_TOO_SOON;
    }
    *ret_link = channel->links[1 - half];
    *ret_channel = channel->channels[1 - half];
    return 1;
}

void cepa_mesh_close_channel(struct cepa_mesh *mesh, uint64_t link, uint32_t channel,
                             struct cepa_time now)
{
    cepa_mesh_enter(mesh, now);
    cepa_introducer_drop(mesh, link, channel, CEPA_MESH_CHANNEL_DONE);
}
