/* The network between two ICE agents. */
#include "support/ice_net.h"

#include <stdio.h>
#include <string.h>

#include "support/test.h"

enum { STUN_SERVER_PORT = 3478, FIRST_SYMMETRIC_PORT = 61000 };

static int fill(void *context, uint8_t *ret_bytes, size_t len)
{
    struct ice_peer *peer = context;
    if (peer->has_no_random) {
        return -1;
    }
    test_random_bytes(&peer->numbers, ret_bytes, len);
    return 0;
}

void ice_net_init(struct ice_net *net, uint64_t seed, unsigned rtt_ms, unsigned loss_permille)
{
    memset(net, 0, sizeof *net);
    net->now.ns = 1000 * CEPA_SECOND_NS;
    net->delay_ns = rtt_ms * CEPA_MILLISECOND_NS / 2;
    net->loss_permille = loss_permille;
    net->random.state = seed;
}

static struct cepa_net_address address_of(uint8_t first, size_t index, uint16_t port)
{
    struct cepa_net_address address = {.family = CEPA_NET_ADDRESS_IPV4, .port = port};
    address.ip[0] = first;
    address.ip[1] = 0;
    address.ip[2] = (uint8_t)(index + 1);
    address.ip[3] = 1;
    return address;
}

/* Gives the port of the peer's NAT from which a packet to `remote` goes, and notes it. */
static uint16_t map(struct ice_peer *peer, const struct cepa_net_address *remote)
{
    for (size_t i = 0; i < peer->contacts_len; i++) {
        if (cepa_net_address_is_equal(&peer->contacts[i].remote, remote)) {
            return peer->contacts[i].port;
        }
    }
    CHECK(peer->contacts_len < ICE_NET_CONTACTS_MAX);
    struct ice_contact *contact = &peer->contacts[peer->contacts_len];
    contact->remote = *remote;
    contact->port = peer->nat == ICE_NAT_SYMMETRIC
                        ? (uint16_t)(FIRST_SYMMETRIC_PORT + peer->contacts_len)
                        : ICE_NET_PORT + 1;
    peer->contacts_len++;
    return contact->port;
}

/* Says whether the NAT lets a packet in. */
static bool lets_in(const struct ice_peer *peer, const struct cepa_net_address *to,
                    const struct cepa_net_address *from)
{
    bool is_mapped =
        peer->nat == ICE_NAT_FULL && peer->contacts_len > 0 && to->port == peer->contacts[0].port;
    for (size_t i = 0; i < peer->contacts_len; i++) {
        const struct ice_contact *contact = &peer->contacts[i];
        bool is_same_ip = memcmp(contact->remote.ip, from->ip, sizeof from->ip) == 0;
        is_mapped =
            is_mapped || (contact->port == to->port && is_same_ip &&
                          (peer->nat == ICE_NAT_ADDRESS || contact->remote.port == from->port));
    }
    return is_mapped;
}

void ice_net_peer(struct ice_net *net, size_t index, enum ice_nat nat, bool is_lite,
                  bool is_controlling)
{
    struct ice_peer *peer = &net->peers[index];
    static const struct cepa_ice_credentials credentials[2] = {
        {.ufrag = "zero", .pwd = "passwordpasswordpassword0"},
        {.ufrag = "onefrag", .pwd = "passwordpassword111111"}};
    const struct cepa_net_address server = address_of(198, 9, STUN_SERVER_PORT);
    memset(peer, 0, sizeof *peer);
    peer->numbers.state = test_random_u64(&net->random);
    peer->random = (struct cepa_random){fill, peer};
    peer->nat = nat;
    peer->is_lite = is_lite;
    peer->credentials = credentials[index];
    peer->inside = address_of(nat == ICE_NAT_NONE ? 203 : 10, index, ICE_NET_PORT);
    peer->outside = peer->inside;
    if (nat != ICE_NAT_NONE) {
        peer->outside = address_of(203, index, map(peer, &server));
    }
    const struct cepa_ice_config config = {.is_lite = is_lite,
                                           .is_controlling = is_controlling,
                                           .local = peer->credentials,
                                           .random = &peer->random};
    CHECK_INT(cepa_ice_init(&peer->ice, &config, net->now), 0);
    for (size_t i = 0; i < 2; i++) {
        struct cepa_candidate candidate = ice_net_candidate(peer, i);
        CHECK_INT(cepa_ice_add_local(&peer->ice, &candidate, &peer->inside, net->now), 0);
    }
}

struct cepa_candidate ice_net_candidate(const struct ice_peer *peer, size_t number)
{
    struct cepa_candidate candidate = {.type =
                                           number == 0 ? CEPA_CANDIDATE_HOST : CEPA_CANDIDATE_SRFLX,
                                       .transport = CEPA_CANDIDATE_UDP,
                                       .address = number == 0 ? peer->inside : peer->outside};
    candidate.priority = cepa_candidate_priority(candidate.type, candidate.transport, 65535);
    cepa_candidate_number_foundation(&candidate, (uint32_t)(number + 1));
    return candidate;
}

void ice_net_tell(struct ice_net *net, size_t to)
{
    const struct ice_peer *other = &net->peers[1 - to];
    struct cepa_ice *ice = &net->peers[to].ice;
    cepa_ice_set_remote(ice, &other->credentials, other->is_lite, net->now);
    for (size_t i = 0; i < (other->nat == ICE_NAT_NONE ? 1u : 2u); i++) {
        struct cepa_candidate candidate = ice_net_candidate(other, i);
        CHECK_INT(cepa_ice_add_remote(ice, &candidate, net->now), 0);
    }
    if (other->is_listening) {
        struct cepa_candidate candidate = ice_net_candidate(other, 0);
        candidate.transport = CEPA_CANDIDATE_TCP_PASSIVE;
        candidate.priority = cepa_candidate_priority(candidate.type, candidate.transport, 65535);
        CHECK_INT(cepa_ice_add_remote(ice, &candidate, net->now), 0);
    }
    cepa_ice_end_of_remote(ice, net->now);
}

void ice_net_tcp(struct ice_net *net)
{
    for (size_t i = 0; i < 2; i++) {
        struct cepa_candidate candidate = ice_net_candidate(&net->peers[i], 0);
        candidate.transport = i == 0 ? CEPA_CANDIDATE_TCP_ACTIVE : CEPA_CANDIDATE_TCP_PASSIVE;
        candidate.address.port = i == 0 ? CEPA_CANDIDATE_PORT_ACTIVE : ICE_NET_PORT;
        candidate.priority = cepa_candidate_priority(candidate.type, candidate.transport, 65535);
        CHECK_INT(cepa_ice_add_local(&net->peers[i].ice, &candidate, &candidate.address, net->now),
                  0);
    }
    net->peers[1].is_listening = true;
}

size_t ice_net_request(struct ice_net *net, size_t to, uint8_t ret_data[CEPA_ICE_MESSAGE_SIZE],
                       enum cepa_stun_role role, bool is_nominating)
{
    const struct cepa_ice_credentials *ours = &net->peers[to].credentials;
    const struct cepa_ice_credentials *theirs = &net->peers[1 - to].credentials;
    struct cepa_stun_transaction transaction;
    struct cepa_stun_writer writer;
    char username[2 * CEPA_UFRAG_MAX + 2];
    size_t len = 0;
    (void)snprintf(username, sizeof username, "%s:%s", ours->ufrag, theirs->ufrag);
    test_random_bytes(&net->random, transaction.bytes, sizeof transaction.bytes);
    cepa_stun_begin(&writer, ret_data, CEPA_ICE_MESSAGE_SIZE, CEPA_STUN_REQUEST, &transaction);
    cepa_stun_add_username(&writer, username, strlen(username));
    cepa_stun_add_priority(&writer, 0x6e0001ff);
    if (role != CEPA_STUN_ROLE_NONE) {
        cepa_stun_add_role(&writer, role, test_random_u64(&net->random));
    }
    if (is_nominating) {
        cepa_stun_add_use_candidate(&writer);
    }
    CHECK_INT(cepa_stun_end(&writer, &len, ours->pwd, strlen(ours->pwd)), 0);
    return len;
}

struct cepa_path ice_net_path(const struct ice_net *net, size_t to)
{
    return (struct cepa_path){.local = net->peers[to].inside, .remote = net->peers[1 - to].outside};
}

void ice_net_pair(struct ice_net *net, enum ice_nat first, enum ice_nat second)
{
    ice_net_peer(net, 0, first, false, true);
    ice_net_peer(net, 1, second, false, false);
    ice_net_tell(net, 0);
    ice_net_tell(net, 1);
}

static struct ice_packet *packet_new(struct ice_net *net, size_t to, uint64_t delay_ns)
{
    CHECK(net->packets_len < ICE_NET_PACKETS_MAX);
    struct ice_packet *packet = &net->packets[net->packets_len];
    memset(packet, 0, sizeof *packet);
    packet->at = cepa_time_add(net->now, delay_ns);
    packet->to = to;
    net->packets_len++;
    return packet;
}

static void connect(struct ice_net *net, size_t from, const struct cepa_path *path)
{
    const struct ice_peer *other = &net->peers[1 - from];
    if (other->nat != ICE_NAT_NONE || !cepa_net_address_is_equal(&path->remote, &other->inside)) {
        return;
    }
    CHECK(net->streams_len < ICE_NET_STREAMS_MAX);
    struct ice_stream *stream = &net->streams[net->streams_len];
    net->streams_len++;
    stream->is_open = true;
    stream->stream[from] = 2 * net->streams_len;
    stream->stream[1 - from] = 2 * net->streams_len + 1;
    stream->local[from] = net->peers[from].outside;
    stream->local[from].port = (uint16_t)(30000 + net->streams_len);
    stream->local[1 - from] = other->inside;
    struct ice_packet *packet = packet_new(net, from, 2 * net->delay_ns);
    packet->path = (struct cepa_path){stream->stream[from], stream->local[from], path->remote};
    if (net->peers[from].nat != ICE_NAT_NONE) {
        packet->path.local = net->peers[from].inside;
    }
}

/* Says whether a peer without NAT has a socket there. */
static bool has_socket(const struct ice_peer *peer, const struct cepa_net_address *address)
{
    return cepa_net_address_is_equal(address, &peer->inside) ||
           cepa_net_address_is_equal(address, &peer->also);
}

/* Puts a datagram that came from outside address `source` on its way. */
static void send_udp(struct ice_net *net, size_t from, const struct cepa_ice_effect *effect)
{
    struct ice_peer *peer = &net->peers[from];
    struct ice_peer *other = &net->peers[1 - from];
    struct ice_packet packet = {.to = 1 - from, .len = effect->data_len};
    packet.path.remote = has_socket(peer, &effect->path.local) ? effect->path.local : peer->inside;
    packet.path.local = other->nat == ICE_NAT_NONE ? effect->path.remote : other->inside;
    if (peer->nat != ICE_NAT_NONE) {
        packet.path.remote = address_of(203, from, map(peer, &effect->path.remote));
    }
    memcpy(packet.data, effect->data, effect->data_len);
    net->last[from] = packet;
    bool is_lost = test_random_below(&net->random, 1000) < net->loss_permille;
    bool is_there = memcmp(effect->path.remote.ip, other->outside.ip, 16) == 0;
    if (is_lost || !is_there || net->is_udp_blocked ||
        (other->nat == ICE_NAT_NONE ? !has_socket(other, &effect->path.remote)
                                    : !lets_in(other, &effect->path.remote, &packet.path.remote))) {
        return;
    }
    struct ice_packet *place = packet_new(net, packet.to, net->delay_ns);
    packet.at = place->at;
    *place = packet;
}

static void send_tcp(struct ice_net *net, size_t from, const struct cepa_ice_effect *effect)
{
    for (size_t i = 0; i < net->streams_len; i++) {
        const struct ice_stream *stream = &net->streams[i];
        if (stream->is_open && stream->stream[from] == effect->path.stream) {
            struct ice_packet *packet = packet_new(net, 1 - from, net->delay_ns);
            packet->path = (struct cepa_path){stream->stream[1 - from], stream->local[1 - from],
                                              stream->local[from]};
            packet->len = effect->data_len;
            memcpy(packet->data, effect->data, effect->data_len);
            net->last[from] = *packet;
        }
    }
}

static void take_effect(struct ice_net *net, size_t index, enum cepa_ice_effect_kind kind,
                        const struct cepa_ice_effect *effect)
{
    struct ice_peer *peer = &net->peers[index];
    switch (kind) {
    case CEPA_ICE_SEND:
        peer->sent++;
        CHECK(effect->data_len <= CEPA_ICE_MESSAGE_SIZE);
        (effect->path.stream != 0 ? send_tcp : send_udp)(net, index, effect);
        break;
    case CEPA_ICE_CONNECT:
        peer->connects++;
        connect(net, index, &effect->path);
        break;
    case CEPA_ICE_DROP:
        peer->drops++;
        break;
    case CEPA_ICE_SELECTED:
        peer->selected++;
        peer->selected_at = net->now;
        peer->path = effect->path;
        break;
    case CEPA_ICE_SILENT:
        peer->silent++;
        peer->silent_at = net->now;
        break;
    case CEPA_ICE_ALIVE:
        peer->alive++;
        peer->alive_at = net->now;
        break;
    case CEPA_ICE_FAILED:
        peer->failed++;
        peer->failed_at = net->now;
        peer->last_failure = *effect;
        break;
    case CEPA_ICE_NOTHING:
        break;
    }
}

static void poll(struct ice_net *net, size_t index)
{
    struct ice_peer *peer = &net->peers[index];
    enum cepa_ice_effect_kind kind = CEPA_ICE_SEND;
    for (unsigned count = 0; kind != CEPA_ICE_NOTHING && !peer->is_dead; count++) {
        struct cepa_ice_effect effect;
        CHECK(count < 100);
        kind = cepa_ice_next(&peer->ice, &effect, net->now);
        take_effect(net, index, kind, &effect);
    }
    CHECK(peer->is_dead || cepa_ice_deadline(&peer->ice).ns > net->now.ns);
}

/* Hands over the packets that are due. */
static void deliver(struct ice_net *net)
{
    for (size_t i = 0; i < net->packets_len;) {
        struct ice_packet packet = net->packets[i];
        struct ice_peer *peer = &net->peers[packet.to];
        if (!cepa_time_is_due(packet.at, net->now)) {
            i++;
            continue;
        }
        net->packets_len--;
        memmove(&net->packets[i], &net->packets[i + 1], (net->packets_len - i) * sizeof packet);
        if (peer->is_dead) {
            continue;
        }
        if (packet.len == 0) {
            cepa_ice_on_connected(&peer->ice, &packet.path, net->now);
        } else {
            (void)(cepa_ice_receive(&peer->ice, &packet.path, packet.data, packet.len, net->now) ==
                   0);
        }
        poll(net, packet.to);
    }
}

void ice_net_run(struct ice_net *net, uint64_t duration_ms)
{
    struct cepa_time end = cepa_time_add(net->now, duration_ms * CEPA_MILLISECOND_NS);
    for (;;) {
        struct cepa_time next = cepa_time_never();
        deliver(net);
        poll(net, 0);
        poll(net, 1);
        for (size_t i = 0; i < net->packets_len; i++) {
            next = cepa_time_earliest(next, net->packets[i].at);
        }
        for (size_t i = 0; i < 2; i++) {
            if (!net->peers[i].is_dead) {
                next = cepa_time_earliest(next, cepa_ice_deadline(&net->peers[i].ice));
            }
        }
        if (cepa_time_is_before(end, next)) {
            net->now = end;
            return;
        }
        net->now = next;
    }
}

/* Says whether datagrams that go by the selected path of one come by that of the other. */
bool ice_net_is_connected(const struct ice_net *net)
{
    return net->peers[0].selected > 0 && net->peers[1].selected > 0 && net->peers[0].failed == 0 &&
           net->peers[1].failed == 0 &&
           (net->peers[0].path.stream == 0) == (net->peers[1].path.stream == 0);
}

void ice_net_close(struct ice_net *net)
{
    for (size_t i = 0; i < net->streams_len; i++) {
        struct ice_stream *stream = &net->streams[i];
        for (size_t j = 0; j < 2 && stream->is_open; j++) {
            cepa_ice_on_stream_lost(&net->peers[j].ice, stream->stream[j], net->now);
        }
        stream->is_open = false;
    }
}
