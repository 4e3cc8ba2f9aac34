/* A simulated network that is small, but in which nobody holds everything: custody begins at 16
 * relays, with small buckets and three custodians of each. */
#ifndef CEPA_TESTS_SUPPORT_CUSTODY_NET_H
#define CEPA_TESTS_SUPPORT_CUSTODY_NET_H

#include "sim/watch.h"

enum {
    CUSTODY_NET_RELAYS = 40,
    CUSTODY_NET_FEW = 24,
    CUSTODY_NET_LARGE = 16,
    CUSTODY_NET_CUSTODIANS = 3
};

/* custody_net begins such a network, `late_ms` later in its day than usual; `watch` is cleared and
 * lent. */
struct sim *custody_net(struct sim_watch *watch, uint64_t seed, uint64_t late_ms);

/* custody_net_few likewise, with CUSTODY_NET_FEW relays: for tests of every day. */
struct sim *custody_net_few(struct sim_watch *watch, uint64_t seed, uint64_t late_ms);

/* custody_net_config gives what both begin with. */
struct sim_config custody_net_config(struct sim_watch *watch, uint64_t seed, uint64_t late_ms);

#endif
