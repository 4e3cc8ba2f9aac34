/* What links from one network (coarse prefix) may cost a node together. Budgets of a link begin
 * anew with every link, so that whoever dials often is held here. @[SPEC 12.6] */
#ifndef CEPA_NODE_SOURCES_H
#define CEPA_NODE_SOURCES_H

#include <stdbool.h>
#include <stdint.h>

#include "mesh/budget.h"
#include "wire/ids.h"

enum {
    CEPA_NODE_SOURCES = 128,           /* that are known at a time */
    CEPA_NODE_SOURCE_SHARE = 4,        /* one has at most 1/4 of a table */
    CEPA_NODE_HANDSHAKES_PER_S = 50,   /* of all sources together */
    CEPA_NODE_HANDSHAKES_BURST = 100,  /* and at once */
    CEPA_SOURCE_HANDSHAKES_PER_S = 4,  /* of one */
    CEPA_SOURCE_HANDSHAKES_BURST = 32, /* and at once */
    CEPA_SOURCE_PACKETS_BURST = 1024   /* onion packets of one at once */
};

/* One network that somebody has dialled from. */
struct cepa_node_source {
    bool is_taken;
    struct cepa_prefix prefix;
    struct cepa_time used;
    struct cepa_token_bucket handshakes;
    struct cepa_token_bucket packets;
};

/* All of them. All zeros: none is known. */
struct cepa_node_sources {
    struct cepa_token_bucket handshakes; /* of all together */
    bool is_begun;
    struct cepa_node_source sources[CEPA_NODE_SOURCES];
};

/* cepa_node_sources_handshake pays for the key operations of a handshake; false if the source, or
 * all together, have spent what they had. */
bool cepa_node_sources_handshake(struct cepa_node_sources *sources,
                                 const struct cepa_prefix *prefix, struct cepa_time now);

/* cepa_node_sources_packet pays for an onion packet, of which `per_s` (1 or more) may come from a
 * source on average; false if it has spent what it had. */
bool cepa_node_sources_packet(struct cepa_node_sources *sources, const struct cepa_prefix *prefix,
                              uint32_t per_s, struct cepa_time now);

#endif
