/* When to say what in the local network, and what to believe of what is said there. */
#include "native/net/lan.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "native/net/lan_message.h"
#include "native/net/lan_socket.h"
#include "native/net/loop.h"
#include "wire/reach.h"

enum {
    FAMILIES = 2,
    BEGIN_MS = 500,      /* the first messages come within, at random */
    ASK_AGAIN_MS = 3000, /* the second question, as the first may be lost */
    ASK_EVERY_MS = 300000,
    HERE_EVERY_MS = 60000,
    SPREAD_MS = 16384,    /* up to this is added at random */
    HERE_LEAST_MS = 5000, /* between two announcements, however often somebody asks */
    ANSWER_FIRST_MS = 20, /* an answer comes between this */
    ANSWER_LAST_MS = 250, /* and this, so that not all come at once */
    TELL_AGAIN_MS = 600000,
    RECEIVE_MAX = 64, /* datagrams of a step, for each family */
    BURST = 40,       /* messages of this network that are acted upon */
    PER_SECOND = 20
};

/* An interface where we take part, by one family. */
struct place {
    uint32_t interface;
    struct cepa_net_address source; /* our IP there */
    struct cepa_time ask_at;
    struct cepa_time here_at;
    struct cepa_time here_last;
    bool has_said_here;
    unsigned asked;
};

/* A node that was heard of. */
struct found {
    bool is_used;
    bool is_due; /* to be told */
    struct cepa_lan_event event;
    struct cepa_time told;
};

struct cepa_lan {
    struct cepa_lan_config config;
    struct cepa_loop *loop; /* only so that all descriptors are one */
    int fds[FAMILIES];      /* IPv4, IPv6; -1: none */
    struct place places[FAMILIES][CEPA_LAN_PLACES_MAX];
    size_t places_len[FAMILIES];
    struct cepa_interfaces interfaces;
    struct found found[CEPA_LAN_FOUND_MAX];
    struct cepa_time bucket_at; /* when the bucket was filled last */
    uint64_t bucket_ns;         /* what is in it, in ns of waiting */
    struct cepa_lan_stats stats;
};

static const uint8_t families[FAMILIES] = {CEPA_NET_ADDRESS_IPV4, CEPA_NET_ADDRESS_IPV6};

static struct cepa_time after(struct cepa_time now, uint64_t ms)
{
    return cepa_time_add(now, ms * CEPA_MILLISECOND_NS);
}

/* A number below `bound`, which is at most 65,536; without randomness the largest one. */
static uint64_t draw(const struct cepa_lan *lan, uint32_t bound)
{
    uint8_t bytes[4];
    if (cepa_random_fill(lan->config.random, bytes, sizeof bytes) != 0) {
        return bound - 1;
    }
    uint32_t number = (uint32_t)bytes[0] << 8 | bytes[1];
    return (uint64_t)number * bound >> 16;
}

int cepa_lan_open(struct cepa_lan **ret_lan, const struct cepa_lan_config *config)
{
    if (config->random == NULL || (config->is_announcing && config->own.reach.port == 0)) {
        return CEPA_ERR_ARGUMENT;
    }
    struct cepa_lan *lan = calloc(1, sizeof *lan);
    if (lan == NULL) {
        return CEPA_ERR_FULL;
    }
    lan->config = *config;
    lan->fds[0] = lan->fds[1] = -1;
    lan->bucket_ns = CEPA_SECOND_NS * BURST / PER_SECOND;
    int result = cepa_loop_open(&lan->loop);
    if (result != 0) {
        free(lan);
        return result;
    }
    for (size_t i = 0; i < FAMILIES && result == 0; i++) {
        result = cepa_lan_socket_open(&lan->fds[i], families[i]);
        if (result == 0) {
            result = cepa_loop_add(lan->loop, lan->fds[i], i, CEPA_LOOP_READ);
        } else if (result == CEPA_ERR_NO_ADDRESS) {
            result = 0; /* a machine without this family */
        }
    }
    if (result == 0 && lan->fds[0] < 0 && lan->fds[1] < 0) {
        result = CEPA_ERR_SYSTEM;
    }
    if (result != 0) {
        cepa_lan_close(lan);
        return result;
    }
    *ret_lan = lan;
    return 0;
}

void cepa_lan_close(struct cepa_lan *lan)
{
    if (lan == NULL) {
        return;
    }
    for (size_t i = 0; i < FAMILIES; i++) {
        if (lan->fds[i] >= 0) {
            cepa_loop_remove(lan->loop, lan->fds[i], i);
            (void)close(lan->fds[i]);
        }
    }
    cepa_loop_close(lan->loop);
    free(lan);
}

int cepa_lan_descriptor(const struct cepa_lan *lan)
{
    return cepa_loop_descriptor(lan->loop);
}

const struct cepa_lan_stats *cepa_lan_stats_of(const struct cepa_lan *lan)
{
    return &lan->stats;
}

/* Says whether we take part by this IP: of IPv6 by link-local ones alone. */
static bool is_fit(const struct cepa_lan *lan, const struct cepa_interface_ip *ip, size_t family)
{
    if (ip->address.family != families[family] || ip->is_loopback != lan->config.is_on_loopback ||
        (family == 1 && !ip->is_link_local && !ip->is_loopback)) {
        return false;
    }
    return cepa_lan_socket_is_fit(lan->fds[family], ip->interface);
}

static struct place *find_place(struct cepa_lan *lan, size_t family, uint32_t interface)
{
    for (size_t i = 0; i < lan->places_len[family]; i++) {
        if (lan->places[family][i].interface == interface) {
            return &lan->places[family][i];
        }
    }
    return NULL;
}

/* Leaves where none of our IPs is any more, and takes over new IPs. */
static void leave_places(struct cepa_lan *lan, size_t family)
{
    size_t kept = 0;
    for (size_t i = 0; i < lan->places_len[family]; i++) {
        struct place place = lan->places[family][i];
        const struct cepa_interface_ip *first = NULL;
        bool is_same = false;
        for (size_t j = 0; j < lan->interfaces.count; j++) {
            const struct cepa_interface_ip *ip = &lan->interfaces.ips[j];
            if (ip->interface == place.interface && is_fit(lan, ip, family)) {
                first = first == NULL ? ip : first;
                is_same = is_same || cepa_net_address_is_equal(&ip->address, &place.source);
            }
        }
        if (first == NULL) {
            cepa_lan_socket_leave(lan->fds[family], families[family], place.interface);
            continue;
        }
        if (!is_same) {
            place.source = first->address;
        }
        lan->places[family][kept++] = place;
    }
    lan->places_len[family] = kept;
}

static void enter_place(struct cepa_lan *lan, size_t family, const struct cepa_interface_ip *ip,
                        struct cepa_time now)
{
    struct place place;
    if (lan->places_len[family] == CEPA_LAN_PLACES_MAX ||
        find_place(lan, family, ip->interface) != NULL || !is_fit(lan, ip, family) ||
        cepa_lan_socket_join(lan->fds[family], families[family], ip->interface) != 0) {
        return;
    }
    memset(&place, 0, sizeof place);
    place.interface = ip->interface;
    place.source = ip->address;
    place.ask_at = after(now, draw(lan, BEGIN_MS));
    place.here_at = after(now, draw(lan, BEGIN_MS));
    lan->places[family][lan->places_len[family]++] = place;
}

void cepa_lan_on_interfaces(struct cepa_lan *lan, const struct cepa_interfaces *interfaces,
                            struct cepa_time now)
{
    lan->interfaces = *interfaces;
    for (size_t family = 0; family < FAMILIES; family++) {
        if (lan->fds[family] < 0) {
            continue;
        }
        leave_places(lan, family);
        for (size_t i = 0; i < interfaces->count; i++) {
            enter_place(lan, family, &interfaces->ips[i], now);
        }
    }
}

/* An announcement is due soon, but not sooner than its rate allows. */
static void hasten_here(struct place *place, struct cepa_time at)
{
    if (place->has_said_here) {
        at = cepa_time_latest(at, after(place->here_last, HERE_LEAST_MS));
    }
    place->here_at = cepa_time_earliest(place->here_at, at);
}

void cepa_lan_announce(struct cepa_lan *lan, const struct cepa_relay_address *own,
                       struct cepa_time now)
{
    lan->config.is_announcing = own != NULL && own->reach.port != 0;
    if (!lan->config.is_announcing) {
        return;
    }
    lan->config.own = *own;
    for (size_t family = 0; family < FAMILIES; family++) {
        for (size_t i = 0; i < lan->places_len[family]; i++) {
            hasten_here(&lan->places[family][i], after(now, draw(lan, BEGIN_MS)));
        }
    }
}

struct cepa_time cepa_lan_deadline(const struct cepa_lan *lan)
{
    struct cepa_time deadline = cepa_time_never();
    for (size_t family = 0; family < FAMILIES; family++) {
        for (size_t i = 0; i < lan->places_len[family]; i++) {
            const struct place *place = &lan->places[family][i];
            if (lan->config.is_asking) {
                deadline = cepa_time_earliest(deadline, place->ask_at);
            }
            if (lan->config.is_announcing) {
                deadline = cepa_time_earliest(deadline, place->here_at);
            }
        }
    }
    return deadline;
}

static void say(struct cepa_lan *lan, size_t family, const struct place *place,
                enum cepa_lan_kind kind)
{
    uint8_t bytes[CEPA_LAN_MESSAGE_MAX];
    struct cepa_lan_message message;
    memset(&message, 0, sizeof message);
    message.kind = kind;
    message.network = lan->config.network;
    message.port = lan->config.own.reach.port;
    message.dtls = lan->config.own.dtls;
    message.node = lan->config.own.node;
    message.secret = lan->config.own.secret;
    size_t len = cepa_lan_message_encode(bytes, &message);
    if (cepa_lan_socket_send(lan->fds[family], &place->source, place->interface, bytes, len)) {
        lan->stats.sent++;
    } else {
        lan->stats.sent_failed++;
    }
}

static void say_what_is_due(struct cepa_lan *lan, size_t family, struct place *place,
                            struct cepa_time now)
{
    if (lan->config.is_asking && cepa_time_is_due(place->ask_at, now)) {
        uint64_t wait_ms = place->asked++ == 0 ? ASK_AGAIN_MS : ASK_EVERY_MS;
        place->ask_at = after(now, wait_ms + draw(lan, SPREAD_MS));
        say(lan, family, place, CEPA_LAN_ASK);
    }
    if (lan->config.is_announcing && cepa_time_is_due(place->here_at, now)) {
        place->here_at = after(now, HERE_EVERY_MS + draw(lan, SPREAD_MS));
        place->here_last = now;
        place->has_said_here = true;
        say(lan, family, place, CEPA_LAN_HERE);
    }
}

/* Says whether an IP is of the network that the interface is in. A datagram from elsewhere has no
 * business here, whoever let it through. */
static bool is_near(const struct cepa_lan *lan, const struct cepa_net_address *source,
                    uint32_t interface)
{
    if (source->family == CEPA_NET_ADDRESS_IPV6 && !lan->config.is_on_loopback) {
        return cepa_net_address_is_link_local(source);
    }
    for (size_t i = 0; i < lan->interfaces.count; i++) {
        const struct cepa_interface_ip *ip = &lan->interfaces.ips[i];
        size_t bits = ip->prefix_len;
        size_t whole = bits / 8;
        if (ip->interface != interface || ip->address.family != source->family ||
            memcmp(ip->address.ip, source->ip, whole) != 0) {
            continue;
        }
        unsigned mask = bits % 8 == 0 ? 0U : 0xff00U >> bits % 8 & 0xffU;
        if (mask == 0 || ((ip->address.ip[whole] ^ source->ip[whole]) & mask) == 0) {
            return true;
        }
    }
    return false;
}

/* Takes one from the bucket that bounds how much is acted upon. */
static bool take_token(struct cepa_lan *lan, struct cepa_time now)
{
    const uint64_t cost = CEPA_SECOND_NS / PER_SECOND;
    uint64_t passed = cepa_time_since(now, lan->bucket_at);
    uint64_t room = cost * BURST - lan->bucket_ns;
    lan->bucket_ns += passed < room ? passed : room;
    lan->bucket_at = now;
    if (lan->bucket_ns < cost) {
        return false;
    }
    lan->bucket_ns -= cost;
    return true;
}

static bool is_same_event(const struct cepa_lan_event *a, const struct cepa_lan_event *b)
{
    const struct cepa_relay_address *x = &a->address;
    const struct cepa_relay_address *y = &b->address;
    return a->interface == b->interface && x->reach.family == y->reach.family &&
           x->reach.port == y->reach.port &&
           memcmp(x->reach.ip, y->reach.ip, sizeof x->reach.ip) == 0 &&
           memcmp(&x->dtls, &y->dtls, sizeof x->dtls) == 0 &&
           memcmp(&x->node, &y->node, sizeof x->node) == 0 &&
           memcmp(&x->secret, &y->secret, sizeof x->secret) == 0;
}

/* Says whether two are of the same node at the same IP: the later one replaces the earlier. */
static bool is_same_node(const struct cepa_lan_event *a, const struct cepa_lan_event *b)
{
    return a->interface == b->interface && a->address.reach.family == b->address.reach.family &&
           memcmp(a->address.reach.ip, b->address.reach.ip, 16) == 0 &&
           memcmp(&a->address.node, &b->address.node, sizeof a->address.node) == 0;
}

/* Finds where to note it: the node's own entry, a free one, or the one told longest ago. */
static struct found *find_entry(struct cepa_lan *lan, const struct cepa_lan_event *event)
{
    struct found *best = NULL;
    for (size_t i = 0; i < CEPA_LAN_FOUND_MAX; i++) {
        struct found *found = &lan->found[i];
        if (found->is_used && is_same_node(&found->event, event)) {
            return found;
        }
        if (found->is_due) {
            continue; /* it was not taken yet */
        }
        if (best == NULL || (!found->is_used && best->is_used) ||
            (found->is_used == best->is_used && cepa_time_is_before(found->told, best->told))) {
            best = found;
        }
    }
    if (best != NULL) {
        memset(best, 0, sizeof *best);
    }
    return best;
}

static void on_here(struct cepa_lan *lan, const struct cepa_lan_message *message,
                    const struct cepa_net_address *source, uint32_t interface, struct cepa_time now)
{
    struct cepa_lan_event event;
    memset(&event, 0, sizeof event);
    event.address.reach.family = source->family;
    memcpy(event.address.reach.ip, source->ip, sizeof event.address.reach.ip);
    event.address.reach.port = message->port;
    event.address.dtls = message->dtls;
    event.address.node = message->node;
    event.address.secret = message->secret;
    event.interface = interface;
    if (!cepa_reach_is_valid(&event.address.reach)) {
        lan->stats.refused++;
        return;
    }
    if (lan->config.is_announcing &&
        memcmp(&message->node, &lan->config.own.node, sizeof message->node) == 0) {
        return; /* our own, come back */
    }
    struct found *found = find_entry(lan, &event);
    if (found == NULL) {
        lan->stats.dropped++;
        return;
    }
    if (!found->is_used || !is_same_event(&found->event, &event) ||
        cepa_time_since(now, found->told) >= TELL_AGAIN_MS * CEPA_MILLISECOND_NS) {
        found->is_used = true;
        found->is_due = true;
        found->event = event;
        found->told = now;
    }
}

static void on_datagram(struct cepa_lan *lan, size_t family, const uint8_t *bytes, size_t len,
                        const struct cepa_net_address *source, uint32_t interface,
                        struct cepa_time now)
{
    struct cepa_lan_message message;
    struct place *place = find_place(lan, family, interface);
    /* All send from the group's port. */
    if (place == NULL || source->port != CEPA_LAN_PORT || !is_near(lan, source, interface) ||
        cepa_lan_message_decode(&message, bytes, len) != 0 ||
        memcmp(&message.network, &lan->config.network, sizeof message.network) != 0) {
        lan->stats.refused++;
        return;
    }
    /* Last, so that nobody beyond this network can use up what its nodes may say. */
    if (!take_token(lan, now)) {
        lan->stats.dropped++;
        return;
    }
    if (message.kind == CEPA_LAN_HERE) {
        on_here(lan, &message, source, interface, now);
    } else if (lan->config.is_announcing) {
        uint64_t wait_ms = ANSWER_FIRST_MS + draw(lan, ANSWER_LAST_MS - ANSWER_FIRST_MS);
        hasten_here(place, after(now, wait_ms));
    }
}

static void receive(struct cepa_lan *lan, size_t family, struct cepa_time now)
{
    uint8_t bytes[CEPA_LAN_MESSAGE_MAX];
    for (int i = 0; i < RECEIVE_MAX; i++) {
        struct cepa_net_address source;
        uint32_t interface = 0;
        long len =
            cepa_lan_socket_receive(lan->fds[family], bytes, sizeof bytes, &source, &interface);
        if (len < 0) {
            return;
        }
        lan->stats.received++;
        if ((size_t)len > sizeof bytes) {
            lan->stats.refused++;
        } else {
            on_datagram(lan, family, bytes, (size_t)len, &source, interface, now);
        }
    }
}

void cepa_lan_step(struct cepa_lan *lan, struct cepa_time now)
{
    for (size_t family = 0; family < FAMILIES; family++) {
        if (lan->fds[family] < 0) {
            continue;
        }
        receive(lan, family, now);
        for (size_t i = 0; i < lan->places_len[family]; i++) {
            say_what_is_due(lan, family, &lan->places[family][i], now);
        }
    }
}

bool cepa_lan_next(struct cepa_lan *lan, struct cepa_lan_event *ret_event)
{
    for (size_t i = 0; i < CEPA_LAN_FOUND_MAX; i++) {
        if (lan->found[i].is_due) {
            lan->found[i].is_due = false;
            *ret_event = lan->found[i].event;
            return true;
        }
    }
    return false;
}
