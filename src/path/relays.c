/* Which relays belong together. @[SPEC 11.1] */
#include "path/relays.h"

#include <string.h>

static bool is_prefix_equal(const struct cepa_prefix *a, const struct cepa_prefix *b)
{
    return a->family != CEPA_FAMILY_NONE && a->family == b->family &&
           memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

static bool is_family_equal(const struct cepa_relay_family *a, const struct cepa_relay_family *b)
{
    static const struct cepa_relay_family none;
    return memcmp(a, &none, sizeof none) != 0 && memcmp(a, b, sizeof *a) == 0;
}

static size_t introducers_len(const struct cepa_path_relay *relay)
{
    return relay->introducers_len < CEPA_PATH_INTRODUCERS_MAX ? relay->introducers_len
                                                              : CEPA_PATH_INTRODUCERS_MAX;
}

/* The prefix at which traffic to a relay is seen: place 0 is its own, then its introducers'. */
static const struct cepa_prefix *prefix_at(const struct cepa_path_relay *relay, size_t place)
{
    return place == 0 ? &relay->prefix : &relay->introducer_prefixes[place - 1];
}

bool cepa_path_relay_is(const struct cepa_ed25519_public_key *a,
                        const struct cepa_ed25519_public_key *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

const struct cepa_path_relay *cepa_path_relays_find(const struct cepa_path_relays *relays,
                                                    const struct cepa_ed25519_public_key *key)
{
    for (size_t i = 0; i < relays->len; i++) {
        if (cepa_path_relay_is(&relays->items[i].key, key)) {
            return &relays->items[i];
        }
    }
    return NULL;
}

bool cepa_path_relays_conflict(const struct cepa_path_relay *a, const struct cepa_path_relay *b)
{
    if (cepa_path_relay_is(&a->key, &b->key) || is_family_equal(&a->family, &b->family)) {
        return true;
    }
    for (size_t i = 0; i <= introducers_len(a); i++) {
        for (size_t j = 0; j <= introducers_len(b); j++) {
            if (is_prefix_equal(prefix_at(a, i), prefix_at(b, j))) {
                return true;
            }
        }
    }
    return false;
}
