/* What path choice knows of the relays: a view that the owner makes of the index, lent for one
 * call at a time, and names that stay. @[SPEC 11.1] */
#ifndef CEPA_PATH_RELAYS_H
#define CEPA_PATH_RELAYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/ed25519.h"
#include "wire/ids.h"

enum {
    CEPA_PATH_INTRODUCERS_MAX = 3,
    CEPA_PATH_CLASSES = 4 /* of capacity; weights 1 to 4 */
};

/* Facts about a relay; bits. */
enum {
    CEPA_PATH_RELAY_GUARD = 1 << 0,      /* its record says, and its age allows, that it guards */
    CEPA_PATH_RELAY_INTRODUCED = 1 << 1, /* reached through introducers only */
    CEPA_PATH_RELAY_OWN = 1 << 2,        /* this node itself: never on a path */
    CEPA_PATH_RELAY_SUSPECT = 1 << 3,    /* the failure detector suspects it: not chosen */
    CEPA_PATH_RELAY_KEYLESS = 1 << 4,    /* its onion key is not here (yet): not chosen */
    CEPA_PATH_RELAY_UNKNOWN = 1 << 5     /* its keys are elsewhere: not chosen */
};

/* One relay. Its name is the Ed25519 key of its index record: the node id, the family and the
 * introducers may be unknown (zeros) until its credentials are here. */
struct cepa_path_relay {
    struct cepa_ed25519_public_key key;                                /* its name */
    struct cepa_node_id node;                                          /* zeros: not known yet */
    struct cepa_prefix prefix;                                         /* of its address */
    struct cepa_relay_family family;                                   /* zeros: none or unknown */
    struct cepa_prefix introducer_prefixes[CEPA_PATH_INTRODUCERS_MAX]; /* first ones count */
    uint8_t introducers_len;
    uint8_t capacity_class; /* 0 to 3; more counts as 3 */
    uint8_t flags;          /* CEPA_PATH_RELAY_* */
};

/* All relays of the index, in any order, without duplicates. */
struct cepa_path_relays {
    const struct cepa_path_relay *items; /* lent for the call */
    size_t len;
};

/* cepa_path_relays_find gives the relay with this key, or NULL. O(len). */
const struct cepa_path_relay *cepa_path_relays_find(const struct cepa_path_relays *relays,
                                                    const struct cepa_ed25519_public_key *key);

/* cepa_path_relay_is says whether two names are the same. */
bool cepa_path_relay_is(const struct cepa_ed25519_public_key *a,
                        const struct cepa_ed25519_public_key *b);

/* cepa_path_relays_conflict says whether two relays may not stand on one path: same relay, same
 * family, or a coarse prefix in common, where the introducers of a relay count as itself. Unknown
 * prefixes and families conflict with nothing. */
bool cepa_path_relays_conflict(const struct cepa_path_relay *a, const struct cepa_path_relay *b);

#endif
