#include "support/mesh_net_parts.h"

#include <stdlib.h>
#include <string.h>

#include "base/endian.h"
#include "crypto/xwing.h"
#include "support/test.h"
#include "wire/index_record.h"
#include "wire/reach.h"

enum {
    LINKS_MAX = 8192,
    DELAY_MS = 10,  /* one way */
    STALL_MS = 900, /* until silence is noticed */
    DIAL_MS = 40,
    FRAME_DATA = 1056
};

enum event_kind { MESSAGE, UP, FAILED, DOWN, STALLED, DIALBACK, SIGNAL };

struct event {
    struct event *next;
    uint64_t at_ns;
    enum event_kind kind;
    uint32_t node;
    uint64_t link;
    uint64_t ticket;
    uint32_t attempt;
    int signal;
    int error;
    size_t data_len;
    uint8_t data[];
};

/* Both ends have the same number. */
struct net_link {
    bool is_up;
    bool is_stranger;
    uint32_t nodes[2]; /* who has opened it, and who accepted */
    bool is_relayed;
    bool is_anonymous; /* who has opened it shows no credentials */
    uint64_t via_link; /* relayed: at the opener */
    uint32_t via_channel;
    uint64_t tickets[2];
    bool is_told_stalled[2];
};

/* A channel that waits at its target for a link. */
struct incoming {
    uint32_t node;
    uint64_t ticket;
    struct cepa_node_id from;
    bool is_taken;
};

static struct mesh_net_node nodes[MESH_NET_NODES_MAX];
static struct {
    uint32_t count;
    uint64_t now_ns;
    struct event *events;
    struct net_link links[LINKS_MAX];
    uint64_t links_len;
    struct incoming incoming[256];
} net;

static const uint64_t WALL_MS = (uint64_t)MESH_NET_DAY * 3600000 + 10000; /* days of one hour */

struct cepa_time mesh_net_now(void)
{
    struct cepa_time now = {net.now_ns + CEPA_SECOND_NS};
    return now;
}

struct cepa_wall mesh_net_wall(const struct mesh_net_node *node)
{
    struct cepa_wall wall = {WALL_MS + net.now_ns / 1000000};
    wall.unix_ms += (uint64_t)node->clock_ms;
    return wall;
}

static struct event *event_new(uint64_t delay_ms, enum event_kind kind, uint32_t node,
                               uint64_t link, const void *data, size_t data_len)
{
    struct event *event = calloc(1, sizeof *event + data_len);
    struct event **place = &net.events;
    CHECK(event != NULL);
    event->at_ns = net.now_ns + delay_ms * 1000000;
    event->kind = kind;
    event->node = node;
    event->link = link;
    event->data_len = data_len;
    if (data_len > 0) {
        memcpy(event->data, data, data_len);
    }
    while (*place != NULL && (*place)->at_ns <= event->at_ns) {
        place = &(*place)->next;
    }
    event->next = *place;
    *place = event;
    return event;
}

void mesh_net_reset(uint64_t seed)
{
    while (net.events != NULL) {
        struct event *event = net.events;
        net.events = event->next;
        free(event);
    }
    memset(net.links, 0, sizeof net.links);
    memset(net.incoming, 0, sizeof net.incoming);
    net.links_len = 0;
    net.now_ns = 0;
    net.count = 0;
    mesh_net_random.state = seed;
}

struct mesh_net_node *mesh_net_node(uint32_t i)
{
    return &nodes[i];
}

uint32_t mesh_net_count(void)
{
    return net.count;
}

struct mesh_net_node *mesh_net_add(bool is_natted)
{
    static struct cepa_xwing_key key;
    static struct cepa_xwing_workspace workspace;
    CHECK(net.count < MESH_NET_NODES_MAX);
    struct mesh_net_node *node = &nodes[net.count];
    struct cepa_xwing_seed seed = {{1, 2, 3}};
    memset(node, 0, sizeof *node);
    node->number = net.count++;
    node->is_alive = true;
    node->is_natted = is_natted;
    mesh_net_make_identity(node);
    cepa_xwing_key_expand(&key, &seed, &workspace, 0);
    memcpy(node->link_key, key.public_key.bytes, sizeof node->link_key);
    node->address.reach.family = CEPA_FAMILY_IPV4;
    node->address.reach.ip[0] = 198;
    node->address.reach.ip[1] = (uint8_t)node->number;
    node->address.reach.ip[3] = 1;
    node->address.reach.port = 443;
    memset(node->address.dtls.bytes, (int)node->number + 1, sizeof node->address.dtls);
    node->address.node = node->identity.node;
    mesh_net_make_stores(node);
    mesh_net_make_mesh(node);
    return node;
}

void mesh_net_join(struct mesh_net_node *node, const struct mesh_net_node *contact)
{
    cepa_mesh_join(node->mesh, &contact->address);
}

static struct mesh_net_node *find(const struct cepa_node_id *id)
{
    for (uint32_t i = 0; i < net.count; i++) {
        if (memcmp(&nodes[i].identity.node, id, sizeof *id) == 0) {
            return &nodes[i];
        }
    }
    return NULL;
}

static bool reaches(const struct mesh_net_node *a, const struct mesh_net_node *b)
{
    return a->is_alive && b->is_alive && !b->is_suspended && a->island == b->island;
}

static uint64_t link_new(uint32_t from, uint32_t to, uint64_t ticket)
{
    CHECK(net.links_len + 1 < LINKS_MAX);
    uint64_t number = ++net.links_len;
    struct net_link *link = &net.links[number];
    link->nodes[0] = from;
    link->nodes[1] = to;
    link->tickets[0] = ticket;
    return number;
}

static void on_link(struct mesh_net_node *node, const struct cepa_mesh_effect *effect)
{
    struct mesh_net_node *target = find(&effect->address.node);
    bool works = target != NULL && !target->is_natted && reaches(node, target);
    if (!works) {
        event_new(target == NULL ? DIAL_MS : 5000, FAILED, node->number, 0, NULL, 0)->ticket =
            effect->ticket;
        return;
    }
    uint64_t link = link_new(node->number, target->number, effect->ticket);
    event_new(DIAL_MS, UP, node->number, link, NULL, 0);
}

/* Both ends of a channel have it: the initiator's link is over it. */
static void on_channel(struct mesh_net_node *node, const struct cepa_mesh_effect *effect)
{
    if (!effect->is_initiator) {
        for (size_t i = 0; i < sizeof net.incoming / sizeof net.incoming[0]; i++) {
            if (!net.incoming[i].is_taken) {
                net.incoming[i].is_taken = true;
                net.incoming[i].node = node->number;
                net.incoming[i].ticket = effect->ticket;
                net.incoming[i].from = effect->node;
                return;
            }
        }
        return;
    }
    struct mesh_net_node *target = find(&effect->node);
    for (size_t i = 0; i < sizeof net.incoming / sizeof net.incoming[0] && target != NULL; i++) {
        struct incoming *incoming = &net.incoming[i];
        if (incoming->is_taken && incoming->node == target->number &&
            memcmp(&incoming->from, &node->identity.node, sizeof incoming->from) == 0) {
            incoming->is_taken = false;
            uint64_t link = link_new(node->number, target->number, effect->ticket);
            net.links[link].tickets[1] = incoming->ticket;
            net.links[link].is_relayed = true;
            net.links[link].is_anonymous = effect->is_anonymous;
            net.links[link].via_link = effect->link;
            net.links[link].via_channel = effect->channel;
            event_new(DIAL_MS, UP, node->number, link, NULL, 0);
            return;
        }
    }
    event_new(DIAL_MS, FAILED, node->number, 0, NULL, 0)->ticket = effect->ticket;
}

static uint32_t other_end(const struct net_link *link, uint32_t node)
{
    return link->nodes[0] == node ? link->nodes[1] : link->nodes[0];
}

static void link_close(uint64_t number, int error)
{
    struct net_link *link = &net.links[number];
    if (!link->is_up) {
        return;
    }
    link->is_up = false;
    for (int i = 0; i < 2; i++) {
        if (i == 1 || !link->is_stranger) {
            event_new(DELAY_MS, DOWN, link->nodes[i], number, NULL, 0)->error = error;
        }
    }
}

static void on_send(struct mesh_net_node *node, const struct cepa_mesh_effect *effect)
{
    struct net_link *link = &net.links[effect->link];
    uint64_t frames = (effect->data_len + FRAME_DATA - 1) / FRAME_DATA;
    node->frames += frames + 1;
    if (!link->is_up || link->is_stranger) {
        return;
    }
    struct mesh_net_node *target = &nodes[other_end(link, node->number)];
    if (!reaches(node, target)) {
        int end = link->nodes[0] == node->number ? 0 : 1;
        if (!link->is_told_stalled[end]) {
            link->is_told_stalled[end] = true;
            event_new(STALL_MS, STALLED, node->number, effect->link, NULL, 0);
        }
        return;
    }
    target->frames += frames + 1;
    event_new(DELAY_MS, MESSAGE, target->number, effect->link, effect->data, effect->data_len);
}

static void carry_out(struct mesh_net_node *node, const struct cepa_mesh_effect *effect)
{
    const struct mesh_net_node *target = NULL;
    switch ((unsigned)effect->kind) {
    case CEPA_MESH_SEND:
        on_send(node, effect);
        return;
    case CEPA_MESH_LINK:
        on_link(node, effect);
        return;
    case CEPA_MESH_CHANNEL:
        on_channel(node, effect);
        return;
    case CEPA_MESH_UNLINK:
        link_close(effect->link, effect->error);
        return;
    case CEPA_MESH_DIALBACK:
        target = find(&effect->address.node);
        event_new(DIAL_MS, DIALBACK, node->number,
                  target != NULL && reaches(node, target) && !target->is_natted, NULL, 0)
            ->ticket = effect->ticket;
        return;
    case CEPA_MESH_RECEIPTS:
    case CEPA_MESH_INTRODUCERS:
        mesh_net_publish(node);
        return;
    case CEPA_MESH_JOINED:
        node->is_joined = true;
        return;
    case CEPA_MESH_SUSPECT:
        node->suspected++;
        return;
    case CEPA_MESH_CLOCK:
        node->clock_reports++;
        return;
    case CEPA_MESH_CONNECTED:
        node->last_connected = effect->ticket;
        return;
    case CEPA_MESH_OFFER: {
        static const uint8_t offer[] = {"an offer"};
        node->offers++;
        cepa_mesh_on_signal(node->mesh, effect->link, effect->attempt, CEPA_MESH_SIGNAL_OFFER,
                            offer, sizeof offer, mesh_net_now());
        return;
    }
    case CEPA_MESH_SIGNAL:
        node->signals++;
        return;
    default:
        return;
    }
}

static void drain(struct mesh_net_node *node)
{
    struct cepa_mesh_effect effect;
    while (cepa_mesh_next(node->mesh, &effect, mesh_net_now()) == 0) {
        carry_out(node, &effect);
    }
}

static void link_up_at(uint64_t number, int end)
{
    struct net_link *link = &net.links[number];
    struct mesh_net_node *node = &nodes[link->nodes[end]];
    const struct mesh_net_node *peer = &nodes[link->nodes[1 - end]];
    struct cepa_mesh_link_facts facts;
    memset(&facts, 0, sizeof facts);
    facts.ticket = link->tickets[end];
    facts.is_initiator = end == 0;
    facts.is_relay = end == 0 || !link->is_anonymous;
    facts.is_relayed = link->is_relayed;
    if (facts.is_relay) {
        facts.node = peer->identity.node;
        memcpy(facts.public_key, peer->identity.signing_key.public_key.bytes,
               sizeof facts.public_key);
    }
    if (!link->is_relayed) {
        cepa_prefix_of(&facts.prefix, &peer->address.reach);
        facts.address = peer->address;
    }
    facts.peer_wall = mesh_net_wall(peer);
    cepa_mesh_on_link_up(node->mesh, number, &facts, mesh_net_now());
    drain(node);
}

static void handle(const struct event *event)
{
    struct mesh_net_node *node = &nodes[event->node];
    struct net_link *link = &net.links[event->link < LINKS_MAX ? event->link : 0];
    if (!node->is_alive) {
        return;
    }
    if (node->is_suspended) {
        if (event->kind != MESSAGE) { /* its driver will see it when it wakes */
            struct event *later = event_new(50, event->kind, event->node, event->link, NULL, 0);
            later->ticket = event->ticket;
            later->error = event->error;
        }
        return;
    }
    switch (event->kind) {
    case MESSAGE:
        if (link->is_up) {
            cepa_mesh_on_message(node->mesh, event->link, event->data, event->data_len,
                                 mesh_net_now());
        }
        break;
    case UP:
        if (!reaches(node, &nodes[link->nodes[1]])) {
            cepa_mesh_on_link_failed(node->mesh, link->tickets[0], mesh_net_now());
            break;
        }
        link->is_up = true;
        link_up_at(event->link, 1);
        link_up_at(event->link, 0);
        break;
    case FAILED:
        cepa_mesh_on_link_failed(node->mesh, event->ticket, mesh_net_now());
        break;
    case DOWN:
        cepa_mesh_on_link_down(node->mesh, event->link, event->error, mesh_net_now());
        break;
    case STALLED:
        if (link->is_up && !reaches(node, &nodes[other_end(link, node->number)])) {
            cepa_mesh_on_link_stalled(node->mesh, event->link, mesh_net_now());
        } else if (link->is_up) {
            link->is_told_stalled[link->nodes[0] == node->number ? 0 : 1] = false;
        }
        break;
    case DIALBACK:
        cepa_mesh_on_dialback(node->mesh, event->ticket, event->link != 0, mesh_net_now());
        break;
    case SIGNAL:
        break;
    }
    drain(node);
}

/* The next moment at which anything happens. */
static uint64_t next_ns(void)
{
    uint64_t at = net.events == NULL ? UINT64_MAX : net.events->at_ns;
    for (uint32_t i = 0; i < net.count; i++) {
        if (nodes[i].is_alive && !nodes[i].is_suspended) {
            uint64_t deadline = cepa_mesh_deadline(nodes[i].mesh).ns - CEPA_SECOND_NS;
            at = deadline < at ? deadline : at;
        }
    }
    return at > net.now_ns ? at : net.now_ns;
}

static void turn(void)
{
    while (net.events != NULL && net.events->at_ns <= net.now_ns) {
        struct event *event = net.events;
        net.events = event->next;
        handle(event);
        free(event);
    }
    for (uint32_t i = 0; i < net.count; i++) {
        struct mesh_net_node *node = &nodes[i];
        if (node->is_alive && !node->is_suspended &&
            cepa_time_is_due(cepa_mesh_deadline(node->mesh), mesh_net_now())) {
            mesh_net_publish_keys(node);
            cepa_mesh_step(node->mesh, mesh_net_now(), mesh_net_wall(node));
            drain(node);
        }
    }
}

bool mesh_net_run_until(bool (*is_so)(void), uint64_t ms)
{
    uint64_t until = net.now_ns + ms * 1000000;
    uint64_t look_at = net.now_ns;
    while (net.now_ns < until) {
        uint64_t at = next_ns();
        net.now_ns = at > until ? until : at;
        turn();
        if (is_so != NULL && net.now_ns >= look_at) {
            look_at = net.now_ns + 100000000;
            if (is_so()) {
                return true;
            }
        }
    }
    return is_so != NULL && is_so();
}

void mesh_net_run(uint64_t ms)
{
    (void)mesh_net_run_until(NULL, ms);
}

bool mesh_net_knows_all(void)
{
    struct cepa_credentials credentials;
    for (uint32_t i = 0; i < net.count; i++) {
        for (uint32_t j = 0; j < net.count; j++) {
            if (nodes[i].is_alive && nodes[j].is_alive &&
                (!nodes[j].is_published || cepa_objects_decode(&nodes[i].objects, &credentials,
                                                               &nodes[j].identity.node) != 0)) {
                return false;
            }
        }
    }
    return true;
}

uint32_t mesh_net_neighbours_min(void)
{
    uint32_t min = UINT32_MAX;
    for (uint32_t i = 0; i < net.count; i++) {
        struct cepa_mesh_status status;
        if (nodes[i].is_alive) {
            cepa_mesh_status_get(&status, nodes[i].mesh);
            min = status.neighbours < min ? status.neighbours : min;
        }
    }
    return min;
}

bool mesh_net_is_connected(void)
{
    bool is_seen[MESH_NET_NODES_MAX] = {false};
    uint32_t stack[MESH_NET_NODES_MAX];
    uint32_t len = 0;
    uint32_t first = 0;
    while (first < net.count && !nodes[first].is_alive) {
        first++;
    }
    stack[len++] = first;
    is_seen[first] = true;
    while (len > 0) {
        const struct mesh_net_node *node = &nodes[stack[--len]];
        for (uint64_t i = 1; i <= net.links_len; i++) {
            const struct net_link *link = &net.links[i];
            if (!link->is_up || link->is_stranger ||
                (link->nodes[0] != node->number && link->nodes[1] != node->number)) {
                continue;
            }
            uint32_t other = other_end(link, node->number);
            if (!is_seen[other] && reaches(node, &nodes[other]) &&
                cepa_mesh_is_neighbour(node->mesh, i)) {
                is_seen[other] = true;
                stack[len++] = other;
            }
        }
    }
    for (uint32_t i = 0; i < net.count; i++) {
        if (nodes[i].is_alive && !is_seen[i]) {
            return false;
        }
    }
    return true;
}

void mesh_net_kill(struct mesh_net_node *node, bool is_told)
{
    node->is_alive = false;
    for (uint64_t i = 1; i <= net.links_len; i++) {
        struct net_link *link = &net.links[i];
        if (!link->is_up || (link->nodes[0] != node->number && link->nodes[1] != node->number)) {
            continue;
        }
        uint32_t other = other_end(link, node->number);
        if (is_told) {
            link_close(i, CEPA_ERR_UNREACHABLE);
        } else {
            event_new(STALL_MS + other, STALLED, other, i, NULL, 0);
        }
    }
}

uint64_t mesh_net_link(struct mesh_net_node *node, const struct cepa_node_id *stranger,
                       const uint8_t *public_key)
{
    struct cepa_mesh_link_facts facts;
    uint64_t link = link_new(node->number, node->number, 0);
    net.links[link].is_up = true;
    net.links[link].is_stranger = true;
    memset(&facts, 0, sizeof facts);
    facts.prefix.family = CEPA_FAMILY_IPV4;
    facts.prefix.bytes[0] = 77;
    if (stranger != NULL) {
        facts.is_relay = true;
        facts.node = *stranger;
        memcpy(facts.public_key, public_key, sizeof facts.public_key);
    }
    facts.peer_wall = mesh_net_wall(node);
    cepa_mesh_on_link_up(node->mesh, link, &facts, mesh_net_now());
    drain(node);
    return link;
}

bool mesh_net_is_linked(uint64_t link)
{
    return net.links[link].is_up;
}
