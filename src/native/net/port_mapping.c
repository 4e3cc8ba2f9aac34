/* Rounds of asking: when they begin, what follows when they fail, and what the owner is told. */
#include "native/net/port_mapping.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "native/net/port_mapping_state.h"
#include "wire/reach.h"

enum {
    BACKOFF_FIRST_S = 60, /* between two series of tries without success; doubles */
    BACKOFF_LAST_S = 3600,
    RENEWAL_LEAST_S = 15, /* between two rounds, however short a lifetime a router gives */
    RESET_LEAST_S = 10,   /* and however often it says that it has begun anew */
    REMOVAL_AGAIN_MS = 250
};

bool cepa_port_mapping_is_private(const struct cepa_net_address *address)
{
    struct cepa_reach reach = {.family = address->family, .port = address->port};
    memcpy(reach.ip, address->ip, sizeof reach.ip);
    return cepa_reach_is_private(&reach);
}

static int check(const struct cepa_port_mapping_config *config)
{
    bool is_ipv6 = config->family == CEPA_NET_ADDRESS_IPV6;
    if ((config->family != CEPA_NET_ADDRESS_IPV4 && !is_ipv6) || config->random == NULL ||
        (config->udp_port == 0 && config->tcp_port == 0) ||
        (is_ipv6 && config->local.family != CEPA_NET_ADDRESS_IPV6) ||
        (config->local.family != CEPA_NET_ADDRESS_NONE && config->local.family != config->family) ||
        (config->gateway.family != CEPA_NET_ADDRESS_NONE &&
         config->gateway.family != config->family) ||
        (config->description_url != NULL &&
         strlen(config->description_url) >= CEPA_UPNP_URL_SIZE)) {
        return CEPA_ERR_ARGUMENT;
    }
    return 0;
}

int cepa_port_mapping_open(struct cepa_port_mapping **ret_mapping,
                           const struct cepa_port_mapping_config *config, struct cepa_time now)
{
    int result = check(config);
    struct cepa_port_mapping *mapping = result == 0 ? calloc(1, sizeof *mapping) : NULL;
    if (mapping == NULL) {
        return result != 0 ? result : CEPA_ERR_FULL;
    }
    mapping->config = *config;
    if (config->description_url != NULL) {
        (void)snprintf(mapping->description_url, sizeof mapping->description_url, "%s",
                       config->description_url);
    }
    if (config->lifetime_s == 0) {
        mapping->config.lifetime_s = CEPA_PORT_MAPPING_LIFETIME_S;
    }
    mapping->fd = -1;
    mapping->announcement_fd = -1;
    mapping->phase = MAPPING_WAITING;
    mapping->begin_at = now;
    mapping->backoff_ns = BACKOFF_FIRST_S * CEPA_SECOND_NS;
    mapping->leases[CEPA_PORT_MAPPING_UDP].internal_port = config->udp_port;
    mapping->leases[CEPA_PORT_MAPPING_TCP].internal_port = config->tcp_port;
    for (size_t i = 0; i < CEPA_PORT_MAPPING_TRANSPORTS && result == 0; i++) {
        result = cepa_random_fill(config->random, mapping->leases[i].nonce, CEPA_PCP_NONCE_SIZE);
    }
    if (result == 0) {
        result = cepa_loop_open(&mapping->loop);
    }
    if (result != 0) {
        free(mapping);
        return result;
    }
    *ret_mapping = mapping;
    return 0;
}

bool mapping_has_lease(const struct cepa_port_mapping *mapping)
{
    return mapping->leases[CEPA_PORT_MAPPING_UDP].is_mapped ||
           mapping->leases[CEPA_PORT_MAPPING_TCP].is_mapped;
}

/* Takes away without waiting for answers. */
static void remove_leases(struct cepa_port_mapping *mapping, struct cepa_time now)
{
    if (mapping->protocol == CEPA_PORT_MAPPING_UPNP) {
        mapping_work_removal(mapping, now);
    } else {
        mapping_ask_removal(mapping);
    }
}

void cepa_port_mapping_close(struct cepa_port_mapping *mapping)
{
    if (mapping == NULL) {
        return;
    }
    if (mapping->phase != MAPPING_STOPPED && mapping->phase != MAPPING_STOPPING &&
        mapping->protocol != CEPA_PORT_MAPPING_UPNP) {
        mapping_ask_removal(mapping);
    }
    mapping_work_drop(mapping);
    mapping_ask_close(mapping);
    cepa_loop_close(mapping->loop);
    free(mapping);
}

int cepa_port_mapping_descriptor(const struct cepa_port_mapping *mapping)
{
    return cepa_loop_descriptor(mapping->loop);
}

/* The first end of a lifetime. */
static struct cepa_time first_end(const struct cepa_port_mapping *mapping)
{
    struct cepa_time end = cepa_time_never();
    for (size_t i = 0; i < CEPA_PORT_MAPPING_TRANSPORTS; i++) {
        if (mapping->leases[i].is_mapped) {
            end = cepa_time_earliest(end, mapping->leases[i].end);
        }
    }
    return end;
}

struct cepa_time cepa_port_mapping_deadline(const struct cepa_port_mapping *mapping)
{
    switch (mapping->phase) {
    case MAPPING_WAITING:
        return cepa_time_earliest(mapping->begin_at, first_end(mapping));
    case MAPPING_ASKING:
        return cepa_time_earliest(mapping->again_at, first_end(mapping));
    case MAPPING_WORKING:
        return cepa_time_earliest(mapping->work_end, first_end(mapping));
    case MAPPING_STOPPING:
        return cepa_time_earliest(mapping->stop_at, mapping->again_at);
    case MAPPING_STOPPED:
    default:
        return cepa_time_never();
    }
}

/* A series of tries has come to nothing. */
static void wait_longer(struct cepa_port_mapping *mapping, int reason, struct cepa_time now)
{
    uint8_t drawn = 0;
    mapping->phase = MAPPING_WAITING;
    mapping_ask_close(mapping);
    mapping->leases[CEPA_PORT_MAPPING_UDP].is_asked = false;
    mapping->leases[CEPA_PORT_MAPPING_TCP].is_asked = false;
    (void)!cepa_random_fill(mapping->config.random, &drawn, sizeof drawn);
    /* Up to an eighth longer, so that many machines do not ask at once. */
    uint64_t wait_ns = mapping->backoff_ns + mapping->backoff_ns / 2048 * drawn;
    mapping->begin_at = cepa_time_add(now, wait_ns);
    mapping->backoff_ns = mapping->backoff_ns < BACKOFF_LAST_S * CEPA_SECOND_NS / 2
                              ? mapping->backoff_ns * 2
                              : BACKOFF_LAST_S * CEPA_SECOND_NS;
    if (mapping->failure_told != reason) {
        mapping->is_failure_due = true;
        mapping->failure_told = reason;
    }
}

/* Begins with a protocol. */
static void try_protocol(struct cepa_port_mapping *mapping,
                         enum cepa_port_mapping_protocol protocol, struct cepa_time now)
{
    if (mapping->protocol != protocol) {
        memset(&mapping->epoch, 0, sizeof mapping->epoch);
        for (size_t i = 0; i < CEPA_PORT_MAPPING_TRANSPORTS; i++) {
            mapping->leases[i].is_asked = false;
        }
    }
    mapping->protocol = protocol;
    if (protocol == CEPA_PORT_MAPPING_UPNP) {
        mapping_work_begin(mapping, now);
    } else {
        mapping_ask_begin(mapping, now);
    }
}

static int find_gateway(struct cepa_port_mapping *mapping)
{
    if (mapping->config.gateway.family != CEPA_NET_ADDRESS_NONE) {
        mapping->gateway.address = mapping->config.gateway;
        mapping->gateway.interface = 0;
        return 0;
    }
    return cepa_gateway_find(&mapping->gateway, mapping->config.family);
}

static void begin_round(struct cepa_port_mapping *mapping, struct cepa_time now)
{
    mapping->round_began = now;
    mapping->is_reset = false;
    if (mapping_has_lease(mapping)) {
        try_protocol(mapping, mapping->protocol, now);
        return;
    }
    mapping_ask_close(mapping);
    mapping->reason = CEPA_ERR_NOT_FOUND;
    int result = find_gateway(mapping);
    if (result == 0) {
        result = mapping_ask_open(mapping);
    }
    if (result != 0) {
        wait_longer(mapping,
                    result == CEPA_ERR_UNREACHABLE || result == CEPA_ERR_NO_ADDRESS
                        ? CEPA_ERR_NOT_FOUND
                        : result,
                    now);
        return;
    }
    try_protocol(mapping, CEPA_PORT_MAPPING_PCP, now);
}

void mapping_on_granted(struct cepa_port_mapping *mapping,
                        enum cepa_port_mapping_transport transport,
                        const struct cepa_net_address *external, uint32_t lifetime_s,
                        struct cepa_time now)
{
    struct mapping_lease *lease = &mapping->leases[transport];
    lease->is_mapped = true;
    lease->external = *external;
    lease->lifetime_s = lifetime_s;
    lease->end = cepa_time_add(now, lifetime_s * CEPA_SECOND_NS);
}

/* Half of what is left of the shortest lifetime. */
static uint64_t half_life_ns(const struct cepa_port_mapping *mapping, struct cepa_time now)
{
    uint64_t half = cepa_time_since(first_end(mapping), now) / 2;
    return half > RENEWAL_LEAST_S * CEPA_SECOND_NS ? half : RENEWAL_LEAST_S * CEPA_SECOND_NS;
}

void mapping_on_round_done(struct cepa_port_mapping *mapping, struct cepa_time now)
{
    mapping->phase = MAPPING_WAITING;
    mapping->backoff_ns = BACKOFF_FIRST_S * CEPA_SECOND_NS;
    mapping->failure_told = 0;
    mapping->is_failure_due = false;
    mapping->begin_at = cepa_time_add(now, half_life_ns(mapping, now));
    if (mapping->is_reset) {
        mapping_on_reset(mapping, now);
    }
}

/* Remembers the reason that says most: a refusal shows that there is a router. */
static int more_telling(int a, int b)
{
    if (a == CEPA_ERR_UNSUPPORTED || b == CEPA_ERR_UNSUPPORTED) {
        return CEPA_ERR_UNSUPPORTED;
    }
    return a != CEPA_ERR_NOT_FOUND ? a : b;
}

void mapping_on_protocol_failed(struct cepa_port_mapping *mapping, int reason,
                                enum cepa_port_mapping_protocol next, struct cepa_time now)
{
    if (mapping_has_lease(mapping)) {
        /* A renewal: try again before the lifetime is over. */
        mapping->phase = MAPPING_WAITING;
        mapping->begin_at = cepa_time_add(now, half_life_ns(mapping, now));
        return;
    }
    /* That a server speaks NAT-PMP alone is no refusal. */
    if (next != CEPA_PORT_MAPPING_NATPMP) {
        mapping->reason = more_telling(mapping->reason, reason);
    }
    bool is_ipv6 = mapping->config.family == CEPA_NET_ADDRESS_IPV6;
    if (next == 0 || is_ipv6 || (next == CEPA_PORT_MAPPING_UPNP && mapping->config.is_upnp_off)) {
        wait_longer(mapping, is_ipv6 ? reason : mapping->reason, now);
    } else {
        try_protocol(mapping, next, now);
    }
}

void mapping_on_reset(struct cepa_port_mapping *mapping, struct cepa_time now)
{
    if (mapping->phase == MAPPING_WAITING && mapping_has_lease(mapping)) {
        struct cepa_time at = cepa_time_add(mapping->round_began, RESET_LEAST_S * CEPA_SECOND_NS);
        mapping->begin_at = cepa_time_earliest(mapping->begin_at, cepa_time_latest(at, now));
        mapping->is_reset = false;
    } else if (mapping->phase == MAPPING_ASKING && mapping->granted > 0) {
        mapping->is_reset = true; /* what this round has mapped already may be lost */
    }
}

/* Gives up what has come to its end. */
static void expire(struct cepa_port_mapping *mapping, struct cepa_time now)
{
    bool had_lease = mapping_has_lease(mapping);
    for (size_t i = 0; i < CEPA_PORT_MAPPING_TRANSPORTS; i++) {
        if (mapping->leases[i].is_mapped && cepa_time_is_due(mapping->leases[i].end, now)) {
            mapping->leases[i].is_mapped = false;
        }
    }
    if (had_lease && !mapping_has_lease(mapping) && mapping->phase == MAPPING_WAITING) {
        mapping->begin_at = now;
    }
}

static void step_stopping(struct cepa_port_mapping *mapping, struct cepa_time now)
{
    bool is_left = mapping->work != NULL;
    if (mapping->protocol != CEPA_PORT_MAPPING_UPNP) {
        for (size_t i = 0; i < CEPA_PORT_MAPPING_TRANSPORTS; i++) {
            is_left = is_left || mapping->leases[i].is_asked;
        }
    }
    if (!is_left || cepa_time_is_due(mapping->stop_at, now)) {
        mapping->phase = MAPPING_STOPPED;
        mapping_work_drop(mapping);
        mapping_ask_close(mapping);
    } else if (cepa_time_is_due(mapping->again_at, now)) {
        if (mapping->protocol != CEPA_PORT_MAPPING_UPNP) {
            mapping_ask_removal(mapping);
        }
        mapping->again_at = cepa_time_add(now, REMOVAL_AGAIN_MS * CEPA_MILLISECOND_NS);
    }
}

void cepa_port_mapping_step(struct cepa_port_mapping *mapping, struct cepa_time now)
{
    if (mapping->phase == MAPPING_STOPPED) {
        return;
    }
    mapping_ask_receive(mapping, now);
    mapping_work_step(mapping, now);
    if (mapping->phase == MAPPING_STOPPING) {
        step_stopping(mapping, now);
        return;
    }
    mapping_ask_again(mapping, now);
    expire(mapping, now);
    if (mapping->phase == MAPPING_WAITING && cepa_time_is_due(mapping->begin_at, now)) {
        begin_round(mapping, now);
    }
}

void cepa_port_mapping_on_network(struct cepa_port_mapping *mapping, struct cepa_time now)
{
    struct cepa_gateway before = mapping->gateway;
    struct cepa_net_address local_before = mapping->local;
    if (mapping->phase == MAPPING_STOPPING || mapping->phase == MAPPING_STOPPED) {
        return;
    }
    mapping_ask_close(mapping);
    int result = find_gateway(mapping);
    result = result == 0 ? mapping_ask_open(mapping) : result;
    bool is_same = result == 0 && before.interface == mapping->gateway.interface &&
                   cepa_net_address_is_equal(&before.address, &mapping->gateway.address) &&
                   cepa_net_address_is_equal(&local_before, &mapping->local);
    if (is_same && mapping->phase == MAPPING_WORKING) {
        return; /* it asks the right router already, for the right address */
    }
    if (!is_same) {
        mapping->leases[CEPA_PORT_MAPPING_UDP].is_mapped = false;
        mapping->leases[CEPA_PORT_MAPPING_TCP].is_mapped = false;
        memset(&mapping->epoch, 0, sizeof mapping->epoch);
        mapping_work_drop(mapping); /* the router that it has asked is out of reach */
    }
    mapping->phase = MAPPING_WAITING;
    mapping->backoff_ns = BACKOFF_FIRST_S * CEPA_SECOND_NS;
    mapping->begin_at = now;
}

void cepa_port_mapping_stop(struct cepa_port_mapping *mapping, struct cepa_time now)
{
    if (mapping->phase == MAPPING_STOPPING || mapping->phase == MAPPING_STOPPED) {
        return;
    }
    remove_leases(mapping, now);
    if (mapping->protocol != CEPA_PORT_MAPPING_UPNP && mapping->work != NULL) {
        cepa_upnp_cancel(mapping->work);
    }
    mapping->phase = MAPPING_STOPPING;
    mapping->stop_at = cepa_time_add(now, CEPA_PORT_MAPPING_STOP_MS * CEPA_MILLISECOND_NS);
    mapping->again_at = cepa_time_add(now, REMOVAL_AGAIN_MS * CEPA_MILLISECOND_NS);
    step_stopping(mapping, now);
}

/* Tells what the owner does not know of a port yet. */
static bool tell(struct cepa_port_mapping *mapping, size_t transport,
                 struct cepa_port_mapping_event *event)
{
    struct mapping_lease *lease = &mapping->leases[transport];
    struct mapping_told *told = &lease->told;
    event->transport = (enum cepa_port_mapping_transport)transport;
    if (told->is_mapped && !lease->is_mapped) {
        told->is_mapped = false;
        event->kind = CEPA_PORT_MAPPING_GONE;
        event->external = told->external;
        return true;
    }
    if (!lease->is_mapped || (told->is_mapped && told->protocol == mapping->protocol &&
                              cepa_net_address_is_equal(&told->external, &lease->external))) {
        return false;
    }
    told->is_mapped = true;
    told->protocol = mapping->protocol;
    told->external = lease->external;
    event->kind = CEPA_PORT_MAPPING_MAPPED;
    event->protocol = mapping->protocol;
    event->external = lease->external;
    event->lifetime_s = lease->lifetime_s;
    event->is_private = cepa_port_mapping_is_private(&lease->external);
    return true;
}

bool cepa_port_mapping_next(struct cepa_port_mapping *mapping,
                            struct cepa_port_mapping_event *ret_event)
{
    struct cepa_port_mapping_event event;
    memset(&event, 0, sizeof event);
    if (mapping->phase == MAPPING_STOPPING || mapping->phase == MAPPING_STOPPED) {
        event.kind = CEPA_PORT_MAPPING_STOPPED;
        if (mapping->phase == MAPPING_STOPPING || mapping->is_stop_told) {
            return false;
        }
        mapping->is_stop_told = true;
        *ret_event = event;
        return true;
    }
    for (size_t i = 0; i < CEPA_PORT_MAPPING_TRANSPORTS; i++) {
        if (tell(mapping, i, &event)) {
            *ret_event = event;
            return true;
        }
    }
    if (mapping->is_failure_due) {
        mapping->is_failure_due = false;
        event.kind = CEPA_PORT_MAPPING_FAILED;
        event.reason = mapping->failure_told;
        *ret_event = event;
        return true;
    }
    return false;
}
