/* From the list of interfaces to the list of host candidates. */
#include "native/webrtc/locals.h"

#include <string.h>

enum { IPS_MAX = 4 /* that are offered; more would not fit beside each other */ };

static bool is_any(const struct cepa_net_address *address)
{
    static const uint8_t zeros[sizeof address->ip];
    return memcmp(address->ip, zeros, sizeof zeros) == 0;
}

static bool is_same_ip(const struct cepa_net_address *a, const struct cepa_net_address *b)
{
    return a->family == b->family && memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

static bool is_same_network(const struct cepa_interface_ip *a, const struct cepa_interface_ip *b)
{
    size_t bytes = a->prefix_len / 8u;
    return a->interface == b->interface && a->address.family == b->address.family &&
           memcmp(a->address.ip, b->address.ip, bytes) == 0;
}

/* Whether a temporary address stands beside a stable one. */
static bool has_temporary(const struct cepa_interfaces *interfaces,
                          const struct cepa_interface_ip *stable)
{
    for (size_t i = 0; i < interfaces->count; i++) {
        const struct cepa_interface_ip *other = &interfaces->ips[i];
        if (other->is_temporary && !other->is_deprecated && is_same_network(stable, other)) {
            return true;
        }
    }
    return false;
}

static bool is_wanted(const struct cepa_locals_config *config, const struct cepa_interface_ip *ip)
{
    const struct cepa_net_address *socket =
        &config->sockets[ip->address.family == CEPA_NET_ADDRESS_IPV6];
    if (socket->family != ip->address.family) {
        return false;
    }
    if (!is_any(socket)) {
        return is_same_ip(socket, &ip->address) && (!ip->is_loopback || config->is_local);
    }
    return !ip->is_link_local && !ip->is_deprecated && (!ip->is_loopback || config->is_local) &&
           (ip->is_temporary || !has_temporary(config->interfaces, ip));
}

/* Collects the IPs with the sockets' ports, both families in turn, IPv6 first. */
static size_t collect(struct cepa_net_address ret_ips[IPS_MAX],
                      const struct cepa_locals_config *config)
{
    static const uint8_t families[2] = {CEPA_NET_ADDRESS_IPV6, CEPA_NET_ADDRESS_IPV4};
    size_t next[2] = {0, 0};
    size_t len = 0;
    for (size_t turn = 0; len < IPS_MAX; turn++) {
        size_t side = turn % 2;
        const struct cepa_interfaces *interfaces = config->interfaces;
        if (next[0] >= interfaces->count && next[1] >= interfaces->count) {
            break;
        }
        for (bool is_found = false; !is_found && next[side] < interfaces->count; next[side]++) {
            const struct cepa_interface_ip *ip = &interfaces->ips[next[side]];
            if (ip->address.family == families[side] && is_wanted(config, ip)) {
                ret_ips[len] = ip->address;
                ret_ips[len++].port = config->sockets[families[side] == CEPA_NET_ADDRESS_IPV6].port;
                is_found = true;
            }
        }
    }
    return len;
}

size_t cepa_locals_list(struct cepa_candidate *ret_candidates, size_t capacity,
                        const struct cepa_locals_config *config)
{
    static const enum cepa_candidate_transport transports[] = {
        CEPA_CANDIDATE_UDP, CEPA_CANDIDATE_TCP_PASSIVE, CEPA_CANDIDATE_TCP_ACTIVE};
    struct cepa_net_address ips[IPS_MAX];
    size_t ips_len = collect(ips, config);
    size_t len = 0;
    for (size_t i = 0; i < (config->has_tcp ? 3u : 1u); i++) {
        for (size_t j = 0; j < ips_len && len < capacity; j++) {
            struct cepa_candidate candidate = {
                .type = CEPA_CANDIDATE_HOST, .transport = transports[i], .address = ips[j]};
            if (transports[i] == CEPA_CANDIDATE_TCP_ACTIVE) {
                candidate.address.port = CEPA_CANDIDATE_PORT_ACTIVE;
            }
            candidate.priority = cepa_candidate_priority(CEPA_CANDIDATE_HOST, transports[i],
                                                         (uint16_t)(UINT16_MAX - 8 * j));
            cepa_candidate_number_foundation(&candidate, (uint32_t)(1 + IPS_MAX * i + j));
            if (cepa_candidate_is_valid(&candidate)) {
                ret_candidates[len++] = candidate;
            }
        }
    }
    return len;
}
