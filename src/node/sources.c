/* Budgets of the networks that links come from. @[SPEC 12.6] */
#include "node/sources.h"

#include <string.h>

#include "wire/reach.h"

/* The entry of a source; a new one takes the place of the one that was used longest ago, whose
 * budgets are full again, or were taken away by as many others: those meet the limit of all. */
static struct cepa_node_source *find(struct cepa_node_sources *sources,
                                     const struct cepa_prefix *prefix, struct cepa_time now)
{
    struct cepa_node_source *place = &sources->sources[0];
    for (size_t i = 0; i < CEPA_NODE_SOURCES; i++) {
        struct cepa_node_source *source = &sources->sources[i];
        if (source->is_taken && memcmp(&source->prefix, prefix, sizeof *prefix) == 0) {
            source->used = now;
            return source;
        }
        if (!source->is_taken ? place->is_taken
                              : place->is_taken && source->used.ns < place->used.ns) {
            place = source;
        }
    }
    *place = (struct cepa_node_source){.is_taken = true,
                                       .prefix = *prefix,
                                       .used = now,
                                       .handshakes = {CEPA_SOURCE_HANDSHAKES_BURST, now},
                                       .packets = {CEPA_SOURCE_PACKETS_BURST, now}};
    return place;
}

bool cepa_node_sources_handshake(struct cepa_node_sources *sources,
                                 const struct cepa_prefix *prefix, struct cepa_time now)
{
    if (!sources->is_begun) {
        sources->is_begun = true;
        sources->handshakes = (struct cepa_token_bucket){CEPA_NODE_HANDSHAKES_BURST, now};
    }
    /* The source first: what it may not have is not taken from the others. */
    return cepa_token_bucket_take(&find(sources, prefix, now)->handshakes, 1,
                                  CEPA_SOURCE_HANDSHAKES_PER_S, CEPA_SOURCE_HANDSHAKES_BURST,
                                  now) &&
           cepa_token_bucket_take(&sources->handshakes, 1, CEPA_NODE_HANDSHAKES_PER_S,
                                  CEPA_NODE_HANDSHAKES_BURST, now);
}

bool cepa_node_sources_packet(struct cepa_node_sources *sources, const struct cepa_prefix *prefix,
                              uint32_t per_s, struct cepa_time now)
{
    return cepa_token_bucket_take(&find(sources, prefix, now)->packets, 1, per_s,
                                  CEPA_SOURCE_PACKETS_BURST, now);
}
