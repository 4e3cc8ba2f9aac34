/* Choice of the relays of a path: drawn over the whole index by capacity class with weights 1 to 4,
 * never by latency, and so that no two hops belong together. The result depends on the draws only.
 * @[SPEC 11.4] */
#ifndef CEPA_PATH_SELECT_H
#define CEPA_PATH_SELECT_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/random.h"
#include "onion/circuit_keys.h"
#include "path/relays.h"

/* The relays of a path, first hop first; copies. */
struct cepa_path {
    struct cepa_path_relay hops[CEPA_CIRCUIT_HOPS_MAX];
    size_t hops_len;
};

/* Who may be drawn. Everything is lent for the call. */
struct cepa_select_bounds {
    const struct cepa_path_relay *members; /* none that conflicts with one of these */
    size_t members_len;
    const struct cepa_path_relay *own; /* nor with this node's prefix or family; or NULL */
    const struct cepa_ed25519_public_key *avoid; /* nor one of these */
    size_t avoid_len;
    uint8_t flags_all;  /* all of these CEPA_PATH_RELAY_* bits */
    uint8_t flags_none; /* none of these; OWN and SUSPECT are never drawn */
};

/* What a path shall be. Everything is lent for the call. */
struct cepa_select_request {
    size_t hops_len;                                            /* 1 to CEPA_CIRCUIT_HOPS_MAX */
    const struct cepa_path_relay *fixed[CEPA_CIRCUIT_HOPS_MAX]; /* given hops; NULL: drawn */
    const struct cepa_path_relay *own;                          /* this node, or NULL */
    const struct cepa_ed25519_public_key *avoid;                /* never drawn; may be fixed */
    size_t avoid_len;
};

/* cepa_select_weight gives the weight of a relay: 1 to 4 by its class. */
uint32_t cepa_select_weight(const struct cepa_path_relay *relay);

/* cepa_select_draw draws one relay by weight within `bounds`. Returns 0 and its place in `relays`,
 * CEPA_ERR_NOT_FOUND if no relay is fit, or CEPA_ERR_RANDOM. O(relays) where few are fit, else
 * O(1). */
CEPA_MUST_USE int cepa_select_draw(size_t *ret_index, const struct cepa_path_relays *relays,
                                   const struct cepa_select_bounds *bounds,
                                   const struct cepa_random *random);

/* cepa_select_path fills the hops that are not fixed, from the last to the first, so that the ends
 * decide what the middle may be. Fixed hops that conflict with one another are CEPA_ERR_ARGUMENT.
 * Else as cepa_select_draw. */
CEPA_MUST_USE int cepa_select_path(struct cepa_path *ret_path,
                                   const struct cepa_path_relays *relays,
                                   const struct cepa_select_request *request,
                                   const struct cepa_random *random);

/* cepa_select_check says whether the hops of a path may stand together, now that more is known of
 * them. Returns 0 or CEPA_ERR_ARGUMENT. */
CEPA_MUST_USE int cepa_select_check(const struct cepa_path *path);

#endif
