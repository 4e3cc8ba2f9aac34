#include "support/custody_net.h"

#include <string.h>

struct sim_config custody_net_config(struct sim_watch *watch, uint64_t seed, uint64_t late_ms)
{
    struct sim_config config = sim_config_default(seed);
    config.on_event = sim_watch_on_event;
    config.context = watch;
    config.profile.custody_relays = CUSTODY_NET_LARGE;
    config.profile.bucket_relays = 4;
    config.profile.custodians = CUSTODY_NET_CUSTODIANS;
    config.wall_start_ms += late_ms;
    memset(watch, 0, sizeof *watch);
    return config;
}

struct sim *custody_net(struct sim_watch *watch, uint64_t seed, uint64_t late_ms)
{
    struct sim_config config = custody_net_config(watch, seed, late_ms);
    return sim_network(&config, CUSTODY_NET_RELAYS);
}

struct sim *custody_net_few(struct sim_watch *watch, uint64_t seed, uint64_t late_ms)
{
    struct sim_config config = custody_net_config(watch, seed, late_ms);
    return sim_network(&config, CUSTODY_NET_FEW);
}
