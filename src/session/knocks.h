/* Knocks that were here: none is answered twice. A knock counts for half an hour before and after
 * its time, and its tag is kept for an hour at least, in two tables that take turns: when the one
 * in use is an hour old, or so it seems, the older one is emptied and used. @[SPEC 16.2]
 *
 * What it cannot know: knocks from before a restart, or from before a clock that was set back. Who
 * repeats one of those gets an answer that only the knock's maker can open. */
#ifndef CEPA_SESSION_KNOCKS_H
#define CEPA_SESSION_KNOCKS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/map.h"
#include "base/time.h"
#include "session/handshake.h"

#define CEPA_KNOCK_SKEW_MS UINT64_C(1800000)
#define CEPA_KNOCK_KEPT_MS (2 * CEPA_KNOCK_SKEW_MS)

/* The tags. */
struct cepa_knocks {
    struct cepa_map tables[2];
    unsigned current;       /* the table in use */
    struct cepa_wall since; /* when it came into use */
};

/* cepa_knocks_size gives the memory for `capacity` knocks an hour; SIZE_MAX if there is no such
 * number. */
size_t cepa_knocks_size(uint32_t capacity);

/* cepa_knocks_init begins without any in `memory_len` >= cepa_knocks_size(capacity) bytes
 * (asserted) at `memory`, aligned as base/block.h says and lent. `key` is random and secret. */
void cepa_knocks_init(struct cepa_knocks *ret_knocks, void *memory, size_t memory_len,
                      uint32_t capacity, const struct cepa_siphash_key *key, struct cepa_wall wall);

/* cepa_knocks_wipe wipes and ends it. */
void cepa_knocks_wipe(struct cepa_knocks *knocks);

/* cepa_knocks_take takes note of a knock that has opened; `time` is what it says. Returns 0 for a
 * new one, CEPA_ERR_EPOCH for one that is too old or comes from the future, CEPA_ERR_REPLAY, or
 * CEPA_ERR_FULL: too many within the hour. */
CEPA_MUST_USE int cepa_knocks_take(struct cepa_knocks *knocks, const struct cepa_knock_tag *tag,
                                   struct cepa_wall time, struct cepa_wall wall);

#endif
