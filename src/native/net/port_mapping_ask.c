/* Asking by PCP and NAT-PMP: one socket to the router, one question at a time, and a second socket
 * on which routers say that they have begun anew. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "native/net/port_mapping_state.h"
#include "native/net/socket.h"

enum {
    FIRST_WAIT_MS = 250, /* for an answer; doubles with each try @[RFC6886 3.1] */
    TRIES = 4,           /* 3.75 s; RFC 6886 goes on for a minute, and we begin anew instead */
    RECEIVE_MAX = 32,    /* datagrams of a step */
    NUMBER_ASK = 1,
    NUMBER_ANNOUNCEMENT = 2,
    LIFETIME_MAX_S = 86400, /* that is believed */
    LIFETIME_MIN_S = 30     /* below it nothing is mapped; PCP's servers give 120 s @[RFC6887 15] */
};

/* Where servers announce themselves: 224.0.0.1, which every machine is a member of. */
static int open_announcements(struct cepa_loop *loop)
{
    const struct cepa_net_address all_systems = {
        .family = CEPA_NET_ADDRESS_IPV4, .ip = {224, 0, 0, 1}, .port = CEPA_PCP_CLIENT_PORT};
    union cepa_socket_address system;
    socklen_t len = cepa_socket_address_encode(&system, &all_systems, 0);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    /* Other programs on this machine listen there too. */
    if (!cepa_socket_set(fd, SOL_SOCKET, SO_REUSEADDR, 1) || bind(fd, &system.any, len) != 0 ||
        cepa_loop_add(loop, fd, NUMBER_ANNOUNCEMENT, CEPA_LOOP_READ) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

int mapping_ask_open(struct cepa_port_mapping *mapping)
{
    struct cepa_net_address bind_address = mapping->config.local;
    struct cepa_net_address server = mapping->gateway.address;
    union cepa_socket_address system;
    int fd;
    server.port = server.port != 0 ? server.port : CEPA_PCP_SERVER_PORT;
    bind_address.family = mapping->config.family;
    bind_address.port = 0;
    int result = cepa_socket_open(&fd, SOCK_DGRAM, &bind_address, 0);
    if (result != 0) {
        return result;
    }
    bool is_scoped =
        server.family == CEPA_NET_ADDRESS_IPV6 && cepa_net_address_is_link_local(&server);
    uint32_t scope = is_scoped ? mapping->gateway.interface : 0;
    socklen_t len = cepa_socket_address_encode(&system, &server, scope);
    if (connect(fd, &system.any, len) != 0) {
        result = cepa_socket_error(errno);
    } else if (cepa_socket_local(&mapping->local, fd) != 0 ||
               cepa_loop_add(mapping->loop, fd, NUMBER_ASK, CEPA_LOOP_READ) != 0) {
        result = CEPA_ERR_SYSTEM;
    }
    if (result != 0) {
        (void)close(fd);
        return result;
    }
    mapping->local.port = 0;
    mapping->fd = fd;
    if (mapping->config.family == CEPA_NET_ADDRESS_IPV4 && mapping->announcement_fd < 0) {
        mapping->announcement_fd = open_announcements(mapping->loop); /* does without */
    }
    return 0;
}

static void close_one(struct cepa_loop *loop, int *fd, uint64_t number)
{
    if (*fd >= 0) {
        cepa_loop_remove(loop, *fd, number);
        (void)close(*fd);
        *fd = -1;
    }
}

void mapping_ask_close(struct cepa_port_mapping *mapping)
{
    close_one(mapping->loop, &mapping->fd, NUMBER_ASK);
    close_one(mapping->loop, &mapping->announcement_fd, NUMBER_ANNOUNCEMENT);
}

/* Writes the question for a mapping; lifetime 0 takes it away. */
static size_t encode_map(const struct cepa_port_mapping *mapping, size_t transport,
                         uint32_t lifetime_s, uint8_t ret_message[CEPA_PCP_MAP_SIZE])
{
    const struct mapping_lease *lease = &mapping->leases[transport];
    const struct mapping_lease *udp = &mapping->leases[CEPA_PORT_MAPPING_UDP];
    /* What we have, else what UDP has, else the number of our own port. */
    uint16_t port = lease->is_mapped ? lease->external.port
                    : udp->is_mapped ? udp->external.port
                                     : lease->internal_port;
    bool is_udp = transport == CEPA_PORT_MAPPING_UDP;
    if (mapping->protocol == CEPA_PORT_MAPPING_NATPMP) {
        cepa_natpmp_encode_map(ret_message, is_udp ? CEPA_NATPMP_MAP_UDP : CEPA_NATPMP_MAP_TCP,
                               lease->internal_port, lifetime_s != 0 ? port : 0, lifetime_s);
        return CEPA_NATPMP_ASK_MAP_SIZE;
    }
    struct cepa_pcp_request request;
    memset(&request, 0, sizeof request);
    request.lifetime_s = lifetime_s;
    request.client = mapping->local;
    request.client.port = lease->internal_port;
    memcpy(request.nonce, lease->nonce, sizeof request.nonce);
    request.protocol = is_udp ? CEPA_PCP_UDP : CEPA_PCP_TCP;
    request.wanted.family = mapping->config.family;
    if (lifetime_s != 0) {
        request.wanted.port = port;
        if (lease->is_mapped) {
            request.wanted = lease->external;
        }
    }
    cepa_pcp_encode(ret_message, &request);
    return CEPA_PCP_MAP_SIZE;
}

/* Sends the question once more; false if nobody can be asked there. */
static bool send_question(struct cepa_port_mapping *mapping, struct cepa_time now)
{
    uint64_t wait_ms = (uint64_t)FIRST_WAIT_MS << mapping->tries;
    mapping->tries++;
    mapping->again_at = cepa_time_add(now, wait_ms * CEPA_MILLISECOND_NS);
    return send(mapping->fd, mapping->message, mapping->message_len, MSG_NOSIGNAL) >= 0 ||
           errno != ECONNREFUSED;
}

static bool has_question(const struct cepa_port_mapping *mapping, enum mapping_question question)
{
    switch (question) {
    case MAPPING_ASK_ADDRESS:
        return mapping->protocol == CEPA_PORT_MAPPING_NATPMP;
    case MAPPING_ASK_UDP:
        return mapping->leases[CEPA_PORT_MAPPING_UDP].internal_port != 0;
    case MAPPING_ASK_TCP:
        return mapping->leases[CEPA_PORT_MAPPING_TCP].internal_port != 0;
    case MAPPING_ASK_END:
    default:
        return true;
    }
}

static size_t transport_of(enum mapping_question question)
{
    return question == MAPPING_ASK_TCP ? CEPA_PORT_MAPPING_TCP : CEPA_PORT_MAPPING_UDP;
}

/* Asks the question, or the next one that makes sense, or ends the round. */
static void ask(struct cepa_port_mapping *mapping, enum mapping_question question,
                struct cepa_time now)
{
    while (!has_question(mapping, question)) {
        question = (enum mapping_question)(question + 1);
    }
    mapping->question = question;
    mapping->tries = 0;
    if (question == MAPPING_ASK_END) {
        if (mapping->granted > 0) {
            mapping_on_round_done(mapping, now);
        } else {
            mapping_on_protocol_failed(mapping, mapping->reason, CEPA_PORT_MAPPING_UPNP, now);
        }
        return;
    }
    if (question == MAPPING_ASK_ADDRESS) {
        cepa_natpmp_encode_address(mapping->message);
        mapping->message_len = CEPA_NATPMP_ASK_ADDRESS_SIZE;
    } else {
        size_t transport = transport_of(question);
        uint32_t lifetime_s = mapping->config.lifetime_s;
        mapping->message_len = encode_map(mapping, transport, lifetime_s, mapping->message);
        mapping->leases[transport].is_asked = true;
    }
    if (!send_question(mapping, now)) {
        mapping_on_protocol_failed(mapping, CEPA_ERR_NOT_FOUND, CEPA_PORT_MAPPING_UPNP, now);
    }
}

static void ask_next(struct cepa_port_mapping *mapping, struct cepa_time now)
{
    ask(mapping, (enum mapping_question)(mapping->question + 1), now);
}

void mapping_ask_begin(struct cepa_port_mapping *mapping, struct cepa_time now)
{
    mapping->phase = MAPPING_ASKING;
    mapping->granted = 0;
    mapping->reason = CEPA_ERR_NOT_FOUND;
    ask(mapping, MAPPING_ASK_ADDRESS, now);
}

void mapping_ask_removal(struct cepa_port_mapping *mapping)
{
    for (size_t i = 0; i < CEPA_PORT_MAPPING_TRANSPORTS; i++) {
        uint8_t message[CEPA_PCP_MAP_SIZE];
        if (mapping->fd >= 0 && mapping->leases[i].is_asked) {
            size_t len = encode_map(mapping, i, 0, message);
            (void)!send(mapping->fd, message, len, MSG_NOSIGNAL);
        }
    }
}

void mapping_ask_again(struct cepa_port_mapping *mapping, struct cepa_time now)
{
    if (mapping->phase != MAPPING_ASKING || !cepa_time_is_due(mapping->again_at, now)) {
        return;
    }
    if (mapping->tries < TRIES) {
        if (!send_question(mapping, now)) {
            mapping_on_protocol_failed(mapping, CEPA_ERR_NOT_FOUND, CEPA_PORT_MAPPING_UPNP, now);
        }
    } else if (mapping->granted > 0) {
        ask_next(mapping, now);
    } else {
        mapping_on_protocol_failed(mapping, CEPA_ERR_NOT_FOUND,
                                   mapping->protocol == CEPA_PORT_MAPPING_PCP
                                       ? CEPA_PORT_MAPPING_NATPMP
                                       : CEPA_PORT_MAPPING_UPNP,
                                   now);
    }
}

/* An answer to what is asked now: a mapping with an external address, or none. */
static void on_map_answer(struct cepa_port_mapping *mapping, size_t transport,
                          const struct cepa_net_address *external, uint32_t lifetime_s,
                          struct cepa_time now)
{
    if (external != NULL && external->port != 0 && lifetime_s >= LIFETIME_MIN_S &&
        external->family == mapping->config.family) {
        uint32_t believed = lifetime_s < LIFETIME_MAX_S ? lifetime_s : LIFETIME_MAX_S;
        mapping->granted++;
        mapping_on_granted(mapping, (enum cepa_port_mapping_transport)transport, external, believed,
                           now);
    } else {
        mapping->reason = CEPA_ERR_UNSUPPORTED;
    }
    ask_next(mapping, now);
}

/* Any answer to a removal will do: it is gone, or was never there. */
static void on_removal_answer(struct cepa_port_mapping *mapping, size_t transport,
                              uint32_t lifetime_s, bool is_refused)
{
    if (lifetime_s == 0 || is_refused) {
        mapping->leases[transport].is_mapped = false;
        mapping->leases[transport].is_asked = false;
    }
}

static void note_epoch(struct cepa_port_mapping *mapping, uint32_t epoch_s, struct cepa_time now)
{
    if (cepa_pcp_epoch_is_reset(&mapping->epoch, epoch_s, now.ns / CEPA_SECOND_NS)) {
        mapping_on_reset(mapping, now);
    }
}

static void on_pcp(struct cepa_port_mapping *mapping, const uint8_t *bytes, size_t len,
                   struct cepa_time now)
{
    struct cepa_pcp_response response;
    if (cepa_pcp_decode(&response, bytes, len) != 0) {
        return;
    }
    bool is_asking = mapping->phase == MAPPING_ASKING && mapping->question != MAPPING_ASK_END;
    if (response.version != CEPA_PCP_VERSION || response.result == CEPA_PCP_UNSUPP_VERSION) {
        if (is_asking) {
            mapping_on_protocol_failed(mapping, CEPA_ERR_UNSUPPORTED, CEPA_PORT_MAPPING_NATPMP,
                                       now);
        }
        return;
    }
    if (response.operation == CEPA_PCP_ANNOUNCE) {
        note_epoch(mapping, response.epoch_s, now);
        return;
    }
    size_t transport =
        response.protocol == CEPA_PCP_UDP ? CEPA_PORT_MAPPING_UDP : CEPA_PORT_MAPPING_TCP;
    const struct mapping_lease *lease = &mapping->leases[transport];
    if ((response.protocol != CEPA_PCP_UDP && response.protocol != CEPA_PCP_TCP) ||
        response.internal_port != lease->internal_port ||
        memcmp(response.nonce, lease->nonce, sizeof lease->nonce) != 0) {
        return;
    }
    bool is_granted = response.result == CEPA_PCP_SUCCESS;
    note_epoch(mapping, response.epoch_s, now);
    if (mapping->phase == MAPPING_STOPPING) {
        on_removal_answer(mapping, transport, response.lifetime_s, !is_granted);
    } else if (is_asking && transport == transport_of(mapping->question)) {
        on_map_answer(mapping, transport, is_granted ? &response.external : NULL,
                      response.lifetime_s, now);
    }
}

static void on_natpmp_address(struct cepa_port_mapping *mapping,
                              const struct cepa_natpmp_response *response, struct cepa_time now)
{
    if (mapping->phase != MAPPING_ASKING || mapping->question != MAPPING_ASK_ADDRESS) {
        return;
    }
    if (response->result != 0) {
        mapping_on_protocol_failed(mapping, CEPA_ERR_UNREACHABLE, CEPA_PORT_MAPPING_UPNP, now);
        return;
    }
    mapping->external_ip = response->address;
    ask_next(mapping, now);
}

static void on_natpmp(struct cepa_port_mapping *mapping, const uint8_t *bytes, size_t len,
                      struct cepa_time now)
{
    struct cepa_natpmp_response response;
    if (cepa_natpmp_decode(&response, bytes, len) != 0) {
        return;
    }
    note_epoch(mapping, response.epoch_s, now);
    if (response.operation == CEPA_NATPMP_ADDRESS) {
        on_natpmp_address(mapping, &response, now);
        return;
    }
    size_t transport =
        response.operation == CEPA_NATPMP_MAP_UDP ? CEPA_PORT_MAPPING_UDP : CEPA_PORT_MAPPING_TCP;
    bool is_short = response.result != 0 && response.internal_port == 0; /* names no port */
    if (response.internal_port != mapping->leases[transport].internal_port && !is_short) {
        return;
    }
    if (mapping->phase == MAPPING_STOPPING) {
        on_removal_answer(mapping, transport, response.lifetime_s, response.result != 0);
    } else if (mapping->phase == MAPPING_ASKING && mapping->question != MAPPING_ASK_ADDRESS &&
               mapping->question != MAPPING_ASK_END &&
               transport == transport_of(mapping->question)) {
        struct cepa_net_address external = mapping->external_ip;
        external.port = response.external_port;
        on_map_answer(mapping, transport, response.result == 0 ? &external : NULL,
                      response.lifetime_s, now);
    }
}

static void on_datagram(struct cepa_port_mapping *mapping, const uint8_t *bytes, size_t len,
                        struct cepa_time now)
{
    if (mapping->protocol == CEPA_PORT_MAPPING_PCP) {
        on_pcp(mapping, bytes, len, now);
    } else if (mapping->protocol == CEPA_PORT_MAPPING_NATPMP) {
        on_natpmp(mapping, bytes, len, now);
    }
}

/* A server that has begun anew says so in the protocol that it speaks. It counts if it is ours. */
static void receive_announcement(struct cepa_port_mapping *mapping, struct cepa_time now)
{
    uint8_t bytes[CEPA_PCP_MESSAGE_MAX + 1];
    for (int i = 0; i < RECEIVE_MAX && mapping->announcement_fd >= 0; i++) {
        union cepa_socket_address system;
        socklen_t system_len = sizeof system;
        ssize_t len =
            recvfrom(mapping->announcement_fd, bytes, sizeof bytes, 0, &system.any, &system_len);
        if (len < 0) {
            return;
        }
        struct cepa_net_address source = cepa_socket_address_decode(&system);
        struct cepa_net_address server = mapping->gateway.address;
        source.port = 0;
        server.port = 0;
        if (cepa_net_address_is_equal(&source, &server) && mapping_has_lease(mapping)) {
            on_datagram(mapping, bytes, (size_t)len, now);
        }
    }
}

void mapping_ask_receive(struct cepa_port_mapping *mapping, struct cepa_time now)
{
    uint8_t bytes[CEPA_PCP_MESSAGE_MAX + 1];
    for (int i = 0; i < RECEIVE_MAX && mapping->fd >= 0; i++) {
        ssize_t len = recv(mapping->fd, bytes, sizeof bytes, 0);
        if (len >= 0) {
            on_datagram(mapping, bytes, (size_t)len, now);
        } else if (errno == ECONNREFUSED && mapping->phase == MAPPING_ASKING) {
            mapping_on_protocol_failed(mapping, CEPA_ERR_NOT_FOUND, CEPA_PORT_MAPPING_UPNP, now);
        } else if (errno != EINTR && errno != ECONNREFUSED) {
            break;
        }
    }
    receive_announcement(mapping, now);
}
