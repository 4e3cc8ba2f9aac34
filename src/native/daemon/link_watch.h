/* One link that somebody has asked for, timed: when it was up, and when it had found a direct way.
 * It tells how nodes behind NATs reach each other. */
#ifndef CEPA_NATIVE_DAEMON_LINK_WATCH_H
#define CEPA_NATIVE_DAEMON_LINK_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/time.h"
#include "node/node.h"

/* A link that is watched. */
struct cepa_link_watch {
    bool is_begun;     /* somebody has asked */
    bool is_initiator; /* once it is up: this node has opened it */
    bool was_relayed;  /* it came up through an introducer */
    struct cepa_node_id peer;
    struct cepa_time began;
    uint64_t link;      /* its number; 0 before it is up, and when it is gone */
    uint32_t up_us;     /* from the wish to the link; 0: not yet */
    uint32_t direct_us; /* from the wish to its being direct; 0: not yet */
    uint32_t downs;     /* how often it was lost since */
};

/* cepa_link_watch_begin asks the node for a link to a relay, a fresh one if `is_fresh`, and watches
 * it instead of the one before. Returns what cepa_node_connect does. */
CEPA_MUST_USE int cepa_link_watch_begin(struct cepa_link_watch *watch, struct cepa_node *node,
                                        const struct cepa_node_id *peer, bool is_fresh,
                                        struct cepa_time now);

/* cepa_link_watch_on_event looks at an EVENT effect of the node. */
void cepa_link_watch_on_event(struct cepa_link_watch *watch, const struct cepa_node_effect *effect,
                              struct cepa_time now);

#endif
