/* Both sides' candidates, without those that would be redundant. @[RFC8445 5.1], @[SPEC 6.5] */
#include <string.h>

#include "base/assert.h"
#include "native/webrtc/ice_internal.h"

static bool is_any_ip(const struct cepa_net_address *address)
{
    static const uint8_t any[sizeof address->ip] = {0};
    return memcmp(address->ip, any, sizeof any) == 0;
}

bool cepa_ice_is_same_ip(const struct cepa_net_address *a, const struct cepa_net_address *b)
{
    return a->family == b->family &&
           (is_any_ip(a) || is_any_ip(b) || memcmp(a->ip, b->ip, sizeof a->ip) == 0);
}

static bool is_local_match(const struct cepa_net_address *a, const struct cepa_net_address *b)
{
    return a->port == b->port && cepa_ice_is_same_ip(a, b);
}

bool cepa_ice_is_from(const struct cepa_path *path, const struct cepa_path *got)
{
    return path->stream == got->stream &&
           (path->stream != 0 || (cepa_net_address_is_equal(&path->remote, &got->remote) &&
                                  is_local_match(&path->local, &got->local)));
}

uint8_t cepa_ice_local_find(const struct cepa_ice *ice, const struct cepa_path *path)
{
    enum cepa_candidate_transport transport =
        path->stream != 0 ? CEPA_CANDIDATE_TCP_PASSIVE : CEPA_CANDIDATE_UDP;
    uint8_t found = CEPA_ICE_NO_PAIR;
    for (size_t i = 0; i < ice->local_len; i++) {
        const struct cepa_ice_candidate *local = &ice->local[i];
        if (local->transport != transport) {
            continue;
        }
        if (cepa_net_address_is_equal(&local->address, &path->local)) {
            return (uint8_t)i;
        }
        if (is_local_match(&local->address, &path->local)) {
            found = (uint8_t)i;
        }
    }
    return found;
}

uint32_t cepa_ice_prflx_priority(const struct cepa_ice_candidate *local)
{
    uint32_t preference = cepa_candidate_type_preference(
        CEPA_CANDIDATE_PRFLX, (enum cepa_candidate_transport)local->transport);
    return preference << 24 | (local->priority & 0xffffff);
}

static uint8_t find(const struct cepa_ice_candidate *candidates, size_t len,
                    const struct cepa_net_address *address, enum cepa_candidate_transport transport)
{
    for (size_t i = 0; i < len; i++) {
        if (candidates[i].transport == transport &&
            cepa_net_address_is_equal(&candidates[i].address, address)) {
            return (uint8_t)i;
        }
    }
    return CEPA_ICE_NO_PAIR;
}

/* FNV-1a. Two foundations with one hash are checked as if they were one, which is no harm. */
static uint32_t hash_of(const char *text)
{
    uint32_t hash = 2166136261u;
    for (; *text != 0; text++) {
        hash = (hash ^ (uint8_t)*text) * 16777619u;
    }
    return hash;
}

/* Writes the candidate to place `index`; candidates of one foundation get one group. */
static void put(struct cepa_ice_candidate *candidates, size_t len, size_t index,
                const struct cepa_candidate *candidate, const struct cepa_net_address *address)
{
    struct cepa_ice_candidate *place = &candidates[index];
    memset(place, 0, sizeof *place);
    place->address = *address;
    place->priority = candidate->priority;
    place->type = (uint8_t)candidate->type;
    place->transport = (uint8_t)candidate->transport;
    place->group = (uint8_t)index;
    place->foundation = hash_of(candidate->foundation);
    for (size_t i = 0; i < len && candidate->foundation[0] != 0; i++) {
        if (i != index && candidates[i].foundation == place->foundation) {
            place->group = candidates[i].group;
            return;
        }
    }
}

int cepa_ice_add_local(struct cepa_ice *ice, const struct cepa_candidate *candidate,
                       const struct cepa_net_address *base, struct cepa_time now)
{
    CEPA_ASSERT(base->family != CEPA_NET_ADDRESS_NONE && candidate->priority > 0);
    uint8_t index = find(ice->local, ice->local_len, base, candidate->transport);
    if (index != CEPA_ICE_NO_PAIR) {
        if (candidate->priority > ice->local[index].priority) {
            ice->local[index].priority = candidate->priority;
        }
        return 0;
    }
    if (ice->local_len == CEPA_ICE_LOCAL_MAX) {
        return CEPA_ERR_FULL;
    }
    index = (uint8_t)ice->local_len;
    put(ice->local, ice->local_len, index, candidate, base);
    ice->local_len++;
    ice->news_at = now;
    cepa_ice_pair_local(ice, index);
    cepa_ice_wake(ice);
    return 0;
}

/* Says whether nothing comes of a candidate any more, so that its place can be had. */
static bool is_spent(const struct cepa_ice *ice, size_t remote)
{
    for (size_t i = 0; i < CEPA_ICE_PAIRS_MAX; i++) {
        const struct cepa_ice_pair *pair = &ice->pairs[i];
        if (pair->remote == remote && pair->state != CEPA_ICE_PAIR_NONE &&
            pair->state != CEPA_ICE_PAIR_FAILED && pair->state != CEPA_ICE_PAIR_LEFT) {
            return false;
        }
        if (pair->remote == remote && ice->selected.is_set && ice->selected.pair == i) {
            return false;
        }
    }
    return ice->remote[remote].type == CEPA_CANDIDATE_PRFLX;
}

/* Gives a place for a candidate of the peer's: a new one, or that of a peer-reflexive one which did
 * not work. */
static uint8_t remote_place(struct cepa_ice *ice)
{
    if (ice->remote_len < CEPA_ICE_REMOTE_MAX) {
        ice->remote_len++;
        return (uint8_t)(ice->remote_len - 1);
    }
    for (size_t remote = 0; remote < CEPA_ICE_REMOTE_MAX; remote++) {
        if (!is_spent(ice, remote)) {
            continue;
        }
        for (size_t i = 0; i < CEPA_ICE_PAIRS_MAX; i++) {
            if (ice->pairs[i].remote == remote) {
                memset(&ice->pairs[i], 0, sizeof ice->pairs[i]);
            }
        }
        return (uint8_t)remote;
    }
    return CEPA_ICE_NO_PAIR;
}

int cepa_ice_add_remote(struct cepa_ice *ice, const struct cepa_candidate *candidate,
                        struct cepa_time now)
{
    if (candidate->has_name || !cepa_candidate_is_valid(candidate) ||
        candidate->transport == CEPA_CANDIDATE_TCP_ACTIVE) {
        return 0;
    }
    uint8_t index = find(ice->remote, ice->remote_len, &candidate->address, candidate->transport);
    if (index != CEPA_ICE_NO_PAIR) {
        /* A peer-reflexive one may turn out to be one that was announced. */
        if (ice->remote[index].type == CEPA_CANDIDATE_PRFLX ||
            ice->remote[index].priority < candidate->priority) {
            put(ice->remote, ice->remote_len, index, candidate, &candidate->address);
        }
        return 0;
    }
    index = remote_place(ice);
    if (index == CEPA_ICE_NO_PAIR) {
        return CEPA_ERR_FULL;
    }
    put(ice->remote, ice->remote_len, index, candidate, &candidate->address);
    ice->news_at = now;
    cepa_ice_pair_remote(ice, index);
    cepa_ice_wake(ice);
    return 0;
}

uint8_t cepa_ice_remote_learn(struct cepa_ice *ice, const struct cepa_path *path, uint32_t priority)
{
    struct cepa_candidate candidate = {.type = CEPA_CANDIDATE_PRFLX};
    candidate.transport = path->stream != 0 ? CEPA_CANDIDATE_TCP_ACTIVE : CEPA_CANDIDATE_UDP;
    candidate.priority =
        priority != 0 ? priority
                      : cepa_candidate_priority(CEPA_CANDIDATE_PRFLX, candidate.transport, 0);
    uint8_t index = find(ice->remote, ice->remote_len, &path->remote, candidate.transport);
    if (index == CEPA_ICE_NO_PAIR) {
        index = remote_place(ice);
        if (index != CEPA_ICE_NO_PAIR) {
            put(ice->remote, ice->remote_len, index, &candidate, &path->remote);
        }
    }
    return index;
}
