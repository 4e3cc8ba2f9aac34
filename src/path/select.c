/* Choice of relays. Drawing a place and keeping it with a chance by its weight gives the same
 * distribution as drawing among those that are fit, so the index is walked only where few are. */
#include "path/select.h"

#include <string.h>

#include "base/draw.h"

enum { TRIES = 64, WEIGHT_MAX = CEPA_PATH_CLASSES };

uint32_t cepa_select_weight(const struct cepa_path_relay *relay)
{
    return relay->capacity_class < CEPA_PATH_CLASSES ? relay->capacity_class + 1u : WEIGHT_MAX;
}

/* Whether a relay is of this node's own network or operator. This node's introducers do not count:
 * they know it in any case. */
static bool is_near_own(const struct cepa_path_relay *own, const struct cepa_path_relay *relay)
{
    struct cepa_path_relay alone = *own;
    alone.introducers_len = 0;
    return cepa_path_relays_conflict(&alone, relay);
}

static bool is_fit(const struct cepa_path_relay *relay, const struct cepa_select_bounds *bounds)
{
    uint8_t flags_none = bounds->flags_none | CEPA_PATH_RELAY_OWN | CEPA_PATH_RELAY_SUSPECT |
                         CEPA_PATH_RELAY_UNKNOWN;
    if ((relay->flags & bounds->flags_all) != bounds->flags_all ||
        (relay->flags & flags_none) != 0) {
        return false;
    }
    if (bounds->own != NULL && is_near_own(bounds->own, relay)) {
        return false;
    }
    for (size_t i = 0; i < bounds->members_len; i++) {
        if (cepa_path_relays_conflict(&bounds->members[i], relay)) {
            return false;
        }
    }
    for (size_t i = 0; i < bounds->avoid_len; i++) {
        if (cepa_path_relay_is(&bounds->avoid[i], &relay->key)) {
            return false;
        }
    }
    return true;
}

/* Walks the whole index, for where few relays are fit. */
static int draw_walking(size_t *ret_index, const struct cepa_path_relays *relays,
                        const struct cepa_select_bounds *bounds, const struct cepa_random *random)
{
    uint64_t total = 0;
    uint64_t bits;
    for (size_t i = 0; i < relays->len; i++) {
        total += is_fit(&relays->items[i], bounds) ? cepa_select_weight(&relays->items[i]) : 0;
    }
    if (total == 0) {
        return CEPA_ERR_NOT_FOUND;
    }
    int error = cepa_draw_u64(&bits, random);
    if (error != 0) {
        return error;
    }
    uint64_t left = cepa_draw_scale(bits, total);
    size_t at = 0;
    for (;; at++) {
        uint64_t weight =
            is_fit(&relays->items[at], bounds) ? cepa_select_weight(&relays->items[at]) : 0;
        if (left < weight) {
            break;
        }
        left -= weight;
    }
    *ret_index = at;
    return 0;
}

int cepa_select_draw(size_t *ret_index, const struct cepa_path_relays *relays,
                     const struct cepa_select_bounds *bounds, const struct cepa_random *random)
{
    for (unsigned i = 0; i < TRIES && relays->len > 0; i++) {
        uint64_t bits;
        int error = cepa_draw_u64(&bits, random);
        if (error != 0) {
            return error;
        }
        uint64_t drawn = cepa_draw_scale(bits, (uint64_t)relays->len * WEIGHT_MAX);
        size_t index = (size_t)(drawn / WEIGHT_MAX);
        const struct cepa_path_relay *relay = &relays->items[index];
        if (drawn % WEIGHT_MAX < cepa_select_weight(relay) && is_fit(relay, bounds)) {
            *ret_index = index;
            return 0;
        }
    }
    return draw_walking(ret_index, relays, bounds, random);
}

int cepa_select_check(const struct cepa_path *path)
{
    for (size_t i = 0; i < path->hops_len; i++) {
        for (size_t j = 0; j < i; j++) {
            if (cepa_path_relays_conflict(&path->hops[i], &path->hops[j])) {
                return CEPA_ERR_ARGUMENT;
            }
        }
    }
    return 0;
}

int cepa_select_path(struct cepa_path *ret_path, const struct cepa_path_relays *relays,
                     const struct cepa_select_request *request, const struct cepa_random *random)
{
    struct cepa_path members = {.hops_len = 0};
    struct cepa_path path = {.hops_len = request->hops_len};
    if (request->hops_len == 0 || request->hops_len > CEPA_CIRCUIT_HOPS_MAX) {
        return CEPA_ERR_ARGUMENT;
    }
    for (size_t i = 0; i < request->hops_len; i++) {
        if (request->fixed[i] != NULL) {
            path.hops[i] = *request->fixed[i];
            members.hops[members.hops_len++] = *request->fixed[i];
        }
    }
    if (cepa_select_check(&members) != 0) {
        return CEPA_ERR_ARGUMENT;
    }
    for (size_t i = request->hops_len; i-- > 0;) {
        const struct cepa_select_bounds bounds = {.members = members.hops,
                                                  .members_len = members.hops_len,
                                                  .own = request->own,
                                                  .avoid = request->avoid,
                                                  .avoid_len = request->avoid_len,
                                                  .flags_none = CEPA_PATH_RELAY_KEYLESS};
        size_t index;
        if (request->fixed[i] != NULL) {
            continue;
        }
        int error = cepa_select_draw(&index, relays, &bounds, random);
        if (error != 0) {
            return error;
        }
        path.hops[i] = relays->items[index];
        members.hops[members.hops_len++] = path.hops[i];
    }
    *ret_path = path;
    return 0;
}
