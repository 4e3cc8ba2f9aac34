/* Discovery in the local network, for the daemon. */
#include "native/daemon/lan_discovery.h"

#include <string.h>

/* Whoever listens at loopback addresses alone speaks to nobody else. */
static bool is_on_loopback(const struct cepa_config *config)
{
    for (size_t i = 0; i < config->listen_len; i++) {
        if (!cepa_net_address_is_loopback(&config->listen[i])) {
            return false;
        }
    }
    return config->listen_len > 0;
}

int cepa_lan_discovery_open(struct cepa_lan_discovery *ret_discovery,
                            const struct cepa_config *config, const struct cepa_network_id *network,
                            const struct cepa_relay_address *own, const struct cepa_random *random)
{
    struct cepa_lan_config lan;
    memset(ret_discovery, 0, sizeof *ret_discovery);
    if (!config->has_lan_discovery) {
        return 0;
    }
    memset(&lan, 0, sizeof lan);
    lan.network = *network;
    lan.is_asking = true;
    lan.is_announcing = own != NULL;
    if (own != NULL) {
        lan.own = *own;
    }
    lan.is_on_loopback = is_on_loopback(config);
    lan.random = random;
    ret_discovery->is_announcing = own != NULL;
    return cepa_lan_open(&ret_discovery->lan, &lan);
}

void cepa_lan_discovery_close(struct cepa_lan_discovery *discovery)
{
    cepa_lan_close(discovery->lan);
    discovery->lan = NULL;
}

int cepa_lan_discovery_descriptor(const struct cepa_lan_discovery *discovery)
{
    return discovery->lan != NULL ? cepa_lan_descriptor(discovery->lan) : -1;
}

struct cepa_time cepa_lan_discovery_deadline(const struct cepa_lan_discovery *discovery)
{
    return discovery->lan != NULL ? cepa_lan_deadline(discovery->lan) : cepa_time_never();
}

void cepa_lan_discovery_on_interfaces(struct cepa_lan_discovery *discovery,
                                      const struct cepa_interfaces *interfaces,
                                      struct cepa_time now)
{
    if (discovery->lan != NULL) {
        cepa_lan_on_interfaces(discovery->lan, interfaces, now);
    }
}

void cepa_lan_discovery_announce(struct cepa_lan_discovery *discovery,
                                 const struct cepa_relay_address *own, struct cepa_time now)
{
    if (discovery->lan != NULL && discovery->is_announcing) {
        cepa_lan_announce(discovery->lan, own, now);
    }
}

/* A link-local address means nothing without its interface, which the node does not know. */
static bool is_link_local(const struct cepa_reach *reach)
{
    return reach->family == CEPA_FAMILY_IPV6 && reach->ip[0] == 0xfe &&
           (reach->ip[1] & 0xc0) == 0x80;
}

bool cepa_lan_discovery_next(struct cepa_lan_discovery *discovery,
                             struct cepa_relay_address *ret_address, bool is_joined)
{
    struct cepa_lan_event event;
    while (discovery->lan != NULL && cepa_lan_next(discovery->lan, &event)) {
        discovery->heard++;
        if (!is_joined && !is_link_local(&event.address.reach)) {
            discovery->dialled++;
            *ret_address = event.address;
            return true;
        }
    }
    return false;
}

void cepa_lan_discovery_step(struct cepa_lan_discovery *discovery, struct cepa_time now)
{
    if (discovery->lan != NULL) {
        cepa_lan_step(discovery->lan, now);
    }
}
