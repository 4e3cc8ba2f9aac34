/* Own addresses and mapped ones. */
#include "native/daemon/reachability.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "native/daemon/own_addresses.h"
#include "native/daemon/reach_report.h"
#include "native/net/clock.h"
#include "native/net/interfaces.h"
#include "native/net/port_mapping.h"
#include "wire/reach.h"

struct cepa_reachability {
    struct cepa_net_address sockets[2];
    bool has_private; /* private addresses count: a network of its own */
    struct cepa_log *log;
    struct cepa_interfaces_watch *watch;
    struct cepa_interfaces interfaces;
    struct cepa_port_mapping *mapping; /* NULL: not asked for */
    struct cepa_reachability_mapping outcome;
    struct cepa_reach mapped; /* what the router passes on; family NONE: nothing */
    struct cepa_reach reaches[CEPA_DESCRIPTOR_REACHES_MAX];
    size_t reaches_len;
    struct cepa_net_address
        seen[2]; /* IPv4, IPv6: how somebody outside sees us; family NONE: unknown */
};

static bool is_same(const struct cepa_reach *a, const struct cepa_reach *b)
{
    return a->family == b->family && a->port == b->port && memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

/* Whether this machine has the address at which others see it. */
static bool is_own(const struct cepa_reachability *reachability,
                   const struct cepa_net_address *seen)
{
    for (size_t i = 0; i < 2; i++) { /* of loopback's network, interfaces tell one address only */
        const struct cepa_net_address *socket = &reachability->sockets[i];
        if (socket->family == seen->family &&
            memcmp(socket->ip, seen->ip, sizeof socket->ip) == 0) {
            return true;
        }
    }
    for (size_t i = 0; i < reachability->interfaces.count; i++) {
        const struct cepa_net_address *ip = &reachability->interfaces.ips[i].address;
        if (ip->family == seen->family && memcmp(ip->ip, seen->ip, sizeof ip->ip) == 0) {
            return true;
        }
    }
    return false;
}

/* Whether others cannot dial private addresses of a family, since they see us at another one. */
static bool is_behind_nat(const struct cepa_reachability *reachability, bool is_ipv6)
{
    const struct cepa_net_address *seen = &reachability->seen[is_ipv6];
    return seen->family != CEPA_NET_ADDRESS_NONE && !is_own(reachability, seen);
}

/* Makes the list anew. True if it is another one. */
static bool collect(struct cepa_reachability *reachability)
{
    struct cepa_reach reaches[CEPA_DESCRIPTOR_REACHES_MAX];
    const bool is_behind[2] = {is_behind_nat(reachability, false),
                               is_behind_nat(reachability, true)};
    /* Those that are of no use take no room. */
    const bool has_private[2] = {reachability->has_private && !is_behind[0],
                                 reachability->has_private && !is_behind[1]};
    size_t len = 0;
    size_t own = 0;
    if (reachability->mapped.family != CEPA_FAMILY_NONE) {
        reaches[len++] = reachability->mapped;
    }
    own = cepa_own_addresses(reaches + len, CEPA_DESCRIPTOR_REACHES_MAX - len,
                             reachability->sockets, &reachability->interfaces, has_private);
    for (size_t i = len; own > 0; i++, own--) {
        if (!is_behind[reaches[i].family == CEPA_FAMILY_IPV6] ||
            !cepa_reach_is_private(&reaches[i])) {
            reaches[len++] = reaches[i];
        }
    }
    bool is_other = len != reachability->reaches_len;
    for (size_t i = 0; i < len && !is_other; i++) {
        is_other = !is_same(&reaches[i], &reachability->reaches[i]);
    }
    memcpy(reachability->reaches, reaches, len * sizeof reaches[0]);
    reachability->reaches_len = len;
    return is_other;
}

/* A router is asked only for those who listen at all addresses: one address is a choice. */
static bool wants_mapping(const struct cepa_config *config,
                          const struct cepa_net_address sockets[2])
{
    return config->has_port_mapping && config->listen_len == 0 &&
           config->role != CEPA_CONFIG_ROLE_CLIENT && !config->is_metered &&
           sockets[0].family == CEPA_NET_ADDRESS_IPV4;
}

int cepa_reachability_open(struct cepa_reachability **ret_reachability,
                           const struct cepa_config *config,
                           const struct cepa_net_address sockets[2], struct cepa_log *log,
                           const struct cepa_random *random, struct cepa_time now)
{
    struct cepa_reachability *reachability = calloc(1, sizeof *reachability);
    if (reachability == NULL) {
        return CEPA_ERR_EXHAUSTED;
    }
    memcpy(reachability->sockets, sockets, sizeof reachability->sockets);
    reachability->has_private = strcmp(config->profile, "test") == 0;
    reachability->log = log;
    int status = cepa_interfaces_open(&reachability->watch);
    if (status == 0) {
        status = cepa_interfaces_list(reachability->watch, &reachability->interfaces);
    }
    if (status == 0 && wants_mapping(config, sockets)) {
        const struct cepa_port_mapping_config mapping = {.family = CEPA_NET_ADDRESS_IPV4,
                                                         .udp_port = sockets[0].port,
                                                         .tcp_port = sockets[0].port,
                                                         .random = random};
        status = cepa_port_mapping_open(&reachability->mapping, &mapping, now);
        reachability->outcome.state = CEPA_REACHABILITY_MAPPING_ASKING;
    } else {
        reachability->outcome.state = config->has_port_mapping ? CEPA_REACHABILITY_MAPPING_UNWANTED
                                                               : CEPA_REACHABILITY_MAPPING_OFF;
    }
    if (status != 0) {
        cepa_interfaces_close(reachability->watch);
        free(reachability);
        return status;
    }
    (void)collect(reachability);
    *ret_reachability = reachability;
    return 0;
}

/* Lets the mapping end as it should. */
static void stop_mapping(struct cepa_port_mapping *mapping)
{
    struct cepa_port_mapping_event event = {.kind = CEPA_PORT_MAPPING_FAILED};
    struct cepa_time now = cepa_clock_now();
    struct cepa_time end = cepa_time_add(now, CEPA_PORT_MAPPING_STOP_MS * CEPA_MILLISECOND_NS);
    cepa_port_mapping_stop(mapping, now);
    while (event.kind != CEPA_PORT_MAPPING_STOPPED && cepa_time_is_before(now, end)) {
        struct pollfd fd = {cepa_port_mapping_descriptor(mapping), POLLIN, 0};
        uint64_t wait_ns =
            cepa_time_since(cepa_time_earliest(end, cepa_port_mapping_deadline(mapping)), now);
        (void)poll(&fd, 1, (int)(wait_ns / CEPA_MILLISECOND_NS) + 1);
        now = cepa_clock_now();
        cepa_port_mapping_step(mapping, now);
        while (event.kind != CEPA_PORT_MAPPING_STOPPED && cepa_port_mapping_next(mapping, &event)) {
        }
    }
    cepa_port_mapping_close(mapping);
}

void cepa_reachability_close(struct cepa_reachability *reachability)
{
    if (reachability == NULL) {
        return;
    }
    if (reachability->mapping != NULL) {
        stop_mapping(reachability->mapping);
    }
    cepa_interfaces_close(reachability->watch);
    free(reachability);
}

void cepa_reachability_descriptors(const struct cepa_reachability *reachability,
                                   int ret_descriptors[2])
{
    ret_descriptors[0] = cepa_interfaces_descriptor(reachability->watch);
    ret_descriptors[1] =
        reachability->mapping != NULL ? cepa_port_mapping_descriptor(reachability->mapping) : -1;
}

static void take_mapping(struct cepa_reachability *reachability,
                         const struct cepa_port_mapping_event *event)
{
    struct cepa_reachability_mapping *outcome = &reachability->outcome;
    if (event->kind == CEPA_PORT_MAPPING_FAILED) {
        outcome->state = CEPA_REACHABILITY_MAPPING_FAILED;
        outcome->error = event->reason;
        char text[CEPA_REACH_REPORT_SIZE];
        cepa_reach_report_mapping(text, outcome);
        struct cepa_log_field why = cepa_log_text("why", text);
        cepa_log_write(reachability->log, CEPA_CONFIG_LEVEL_INFO, "the router passes no port on",
                       &why, 1);
        return;
    }
    if (event->transport != CEPA_PORT_MAPPING_UDP) {
        return;
    }
    memset(&reachability->mapped, 0, sizeof reachability->mapped);
    outcome->state = event->kind != CEPA_PORT_MAPPING_MAPPED ? CEPA_REACHABILITY_MAPPING_ASKING
                     : event->is_private                     ? CEPA_REACHABILITY_MAPPING_PRIVATE
                                                             : CEPA_REACHABILITY_MAPPING_MAPPED;
    outcome->protocol = event->protocol;
    outcome->port = event->external.port;
    if (event->kind == CEPA_PORT_MAPPING_MAPPED && !event->is_private) {
        reachability->mapped.family = event->external.family;
        memcpy(reachability->mapped.ip, event->external.ip, sizeof reachability->mapped.ip);
        reachability->mapped.port = event->external.port;
        cepa_log_say(reachability->log, CEPA_CONFIG_LEVEL_INFO, "the router passes our port on");
    } else if (event->kind == CEPA_PORT_MAPPING_MAPPED) {
        cepa_log_say(reachability->log, CEPA_CONFIG_LEVEL_INFO,
                     "the router passes our port on, but stands behind another one");
    }
}

bool cepa_reachability_step(struct cepa_reachability *reachability, struct cepa_time now)
{
    struct cepa_port_mapping_event event;
    bool has_changed = cepa_interfaces_has_changed(reachability->watch);
    if (has_changed && cepa_interfaces_list(reachability->watch, &reachability->interfaces) != 0) {
        has_changed = false; /* the old list stands till the next change */
    }
    if (reachability->mapping != NULL) {
        if (has_changed) {
            cepa_port_mapping_on_network(reachability->mapping, now);
        }
        cepa_port_mapping_step(reachability->mapping, now);
        while (cepa_port_mapping_next(reachability->mapping, &event)) {
            take_mapping(reachability, &event);
            has_changed = true;
        }
    }
    return has_changed && collect(reachability);
}

bool cepa_reachability_on_seen(struct cepa_reachability *reachability,
                               const struct cepa_net_address *address)
{
    reachability->seen[address->family == CEPA_NET_ADDRESS_IPV6] = *address;
    return collect(reachability);
}

struct cepa_time cepa_reachability_deadline(const struct cepa_reachability *reachability)
{
    return reachability->mapping != NULL ? cepa_port_mapping_deadline(reachability->mapping)
                                         : cepa_time_never();
}

size_t cepa_reachability_get(const struct cepa_reachability *reachability,
                             struct cepa_reach ret_reaches[CEPA_DESCRIPTOR_REACHES_MAX])
{
    memcpy(ret_reaches, reachability->reaches,
           reachability->reaches_len * sizeof reachability->reaches[0]);
    return reachability->reaches_len;
}

struct cepa_reachability_mapping cepa_reachability_mapping(
    const struct cepa_reachability *reachability)
{
    return reachability->outcome;
}

const struct cepa_interfaces *cepa_reachability_interfaces(
    const struct cepa_reachability *reachability)
{
    return &reachability->interfaces;
}

const char *cepa_reachability_protocol(enum cepa_port_mapping_protocol protocol)
{
    return protocol == CEPA_PORT_MAPPING_PCP      ? "PCP"
           : protocol == CEPA_PORT_MAPPING_NATPMP ? "NAT-PMP"
                                                  : "UPnP";
}
