/* The pairs of candidates, their order, and which of them is checked next.
 * @[RFC8445 6.1.2], @[RFC8445 6.1.4.2] */
#include <string.h>

#include "native/webrtc/ice_internal.h"

uint64_t cepa_ice_pair_priority(const struct cepa_ice *ice, const struct cepa_ice_pair *pair)
{
    uint32_t ours = ice->local[pair->local].priority;
    uint32_t theirs = ice->remote[pair->remote].priority;
    return ice->is_controlling ? cepa_candidate_pair_priority(ours, theirs)
                               : cepa_candidate_pair_priority(theirs, ours);
}

bool cepa_ice_pair_is_valid(const struct cepa_ice_pair *pair)
{
    return pair->state == CEPA_ICE_PAIR_SUCCEEDED || pair->state == CEPA_ICE_PAIR_NOMINATING;
}

bool cepa_ice_pair_is_open(const struct cepa_ice_pair *pair)
{
    return pair->state == CEPA_ICE_PAIR_WAITING || pair->state == CEPA_ICE_PAIR_IN_PROGRESS;
}

bool cepa_ice_pair_is_asked(const struct cepa_ice_pair *pair)
{
    return pair->state == CEPA_ICE_PAIR_IN_PROGRESS || pair->state == CEPA_ICE_PAIR_NOMINATING;
}

bool cepa_ice_pair_is_triggered(const struct cepa_ice_pair *pair)
{
    return cepa_ice_pair_is_asked(pair) && pair->next.ns == 0;
}

/* Says whether a check of the pair would first have to connect. */
static bool is_unconnected(const struct cepa_ice *ice, const struct cepa_ice_pair *pair)
{
    return pair->stream == 0 && ice->local[pair->local].transport != CEPA_CANDIDATE_UDP;
}

void cepa_ice_pair_path(const struct cepa_ice *ice, const struct cepa_ice_pair *pair,
                        struct cepa_path *ret_path)
{
    memset(ret_path, 0, sizeof *ret_path);
    ret_path->stream = pair->stream;
    ret_path->local = ice->local[pair->local].address;
    ret_path->remote = ice->remote[pair->remote].address;
}

uint8_t cepa_ice_pair_find(const struct cepa_ice *ice, const struct cepa_path *path)
{
    uint8_t local = path->stream != 0 ? CEPA_ICE_NO_PAIR : cepa_ice_local_find(ice, path);
    for (size_t i = 0; i < CEPA_ICE_PAIRS_MAX; i++) {
        const struct cepa_ice_pair *pair = &ice->pairs[i];
        if (pair->state == CEPA_ICE_PAIR_NONE || pair->stream != path->stream) {
            continue;
        }
        if (path->stream != 0 ||
            (pair->local == local && ice->remote[pair->remote].transport == CEPA_CANDIDATE_UDP &&
             cepa_net_address_is_equal(&ice->remote[pair->remote].address, &path->remote))) {
            return (uint8_t)i;
        }
    }
    return CEPA_ICE_NO_PAIR;
}

uint8_t cepa_ice_pair_best(const struct cepa_ice *ice,
                           bool (*is_wanted)(const struct cepa_ice_pair *))
{
    uint8_t best = CEPA_ICE_NO_PAIR;
    uint64_t best_priority = 0;
    for (size_t i = 0; i < CEPA_ICE_PAIRS_MAX; i++) {
        const struct cepa_ice_pair *pair = &ice->pairs[i];
        if (!is_wanted(pair)) {
            continue;
        }
        uint64_t priority = cepa_ice_pair_priority(ice, pair);
        if (best == CEPA_ICE_NO_PAIR || priority > best_priority) {
            best = (uint8_t)i;
            best_priority = priority;
        }
    }
    return best;
}

/* Says whether datagrams might get from one to the other. A base whose IP is open fits any. */
static bool can_pair(const struct cepa_ice_candidate *local,
                     const struct cepa_ice_candidate *remote)
{
    static const uint8_t any[sizeof local->address.ip] = {0};
    bool is_any = memcmp(local->address.ip, any, sizeof any) == 0;
    bool is_udp = local->transport == CEPA_CANDIDATE_UDP && remote->transport == CEPA_CANDIDATE_UDP;
    bool is_tcp = local->transport == CEPA_CANDIDATE_TCP_ACTIVE &&
                  remote->transport == CEPA_CANDIDATE_TCP_PASSIVE;
    bool is_near = cepa_net_address_is_link_local(&local->address) ==
                       cepa_net_address_is_link_local(&remote->address) &&
                   (!cepa_net_address_is_loopback(&local->address) ||
                    cepa_net_address_is_loopback(&remote->address));
    return (is_udp || is_tcp) && local->address.family == remote->address.family &&
           (is_any || is_near);
}

/* What a pair has to lose; the least goes first when the table is full. */
static uint64_t worth(const struct cepa_ice *ice, size_t index)
{
    const struct cepa_ice_pair *pair = &ice->pairs[index];
    if (cepa_ice_pair_is_valid(pair) || cepa_ice_pair_is_triggered(pair) || pair->stream != 0 ||
        ice->selected.pair == index) {
        return UINT64_MAX;
    }
    return cepa_ice_pair_is_open(pair) ? cepa_ice_pair_priority(ice, pair) : 0;
}

/* Gives a free place, or the least worthy one that is worth less than `limit`. */
static uint8_t place(const struct cepa_ice *ice, uint64_t limit)
{
    uint8_t least = CEPA_ICE_NO_PAIR;
    for (size_t i = 0; i < CEPA_ICE_PAIRS_MAX; i++) {
        if (ice->pairs[i].state == CEPA_ICE_PAIR_NONE) {
            return (uint8_t)i;
        }
        if (worth(ice, i) < limit) {
            limit = worth(ice, i);
            least = (uint8_t)i;
        }
    }
    return least;
}

static uint8_t add(struct cepa_ice *ice, uint8_t local, uint8_t remote, bool is_learned)
{
    struct cepa_ice_pair pair = {.local = local, .remote = remote};
    for (size_t i = 0; i < CEPA_ICE_PAIRS_MAX; i++) {
        const struct cepa_ice_pair *other = &ice->pairs[i];
        if (other->state != CEPA_ICE_PAIR_NONE && other->local == local &&
            other->remote == remote) {
            return (uint8_t)i;
        }
    }
    uint8_t index = place(ice, is_learned ? UINT64_MAX : cepa_ice_pair_priority(ice, &pair));
    if (index != CEPA_ICE_NO_PAIR) {
        pair.state = ice->is_complete ? CEPA_ICE_PAIR_LEFT : CEPA_ICE_PAIR_WAITING;
        ice->pairs[index] = pair;
    }
    return index;
}

void cepa_ice_pair_local(struct cepa_ice *ice, uint8_t local)
{
    for (size_t i = 0; i < ice->remote_len; i++) {
        if (can_pair(&ice->local[local], &ice->remote[i])) {
            (void)add(ice, local, (uint8_t)i, false);
        }
    }
}

void cepa_ice_pair_remote(struct cepa_ice *ice, uint8_t remote)
{
    for (size_t i = 0; i < ice->local_len; i++) {
        if (can_pair(&ice->local[i], &ice->remote[remote])) {
            (void)add(ice, (uint8_t)i, remote, false);
        }
    }
}

uint8_t cepa_ice_pair_learn(struct cepa_ice *ice, uint8_t local, uint8_t remote)
{
    return add(ice, local, remote, true);
}

/* A check in progress begins again, because the peer's may just have opened its way.
 * @[RFC8445 7.3.1.4] */
void cepa_ice_pair_trigger(struct cepa_ice *ice, struct cepa_ice_pair *pair)
{
    if (is_unconnected(ice, pair) && pair->state == CEPA_ICE_PAIR_IN_PROGRESS) {
        return;
    }
    if (!cepa_ice_pair_is_valid(pair)) {
        pair->state = CEPA_ICE_PAIR_IN_PROGRESS;
    }
    pair->tries = 0;
    pair->next.ns = 0;
    cepa_ice_wake(ice);
}

/* Says whether a pair should wait for one that is likely to fare alike. */
static bool is_frozen(const struct cepa_ice *ice, const struct cepa_ice_pair *pair)
{
    bool is_any_in_progress = false;
    for (size_t i = 0; i < CEPA_ICE_PAIRS_MAX; i++) {
        const struct cepa_ice_pair *other = &ice->pairs[i];
        if (other->state == CEPA_ICE_PAIR_NONE ||
            ice->local[other->local].group != ice->local[pair->local].group ||
            ice->remote[other->remote].group != ice->remote[pair->remote].group) {
            continue;
        }
        if (cepa_ice_pair_is_valid(other)) {
            return false;
        }
        is_any_in_progress = is_any_in_progress || other->state == CEPA_ICE_PAIR_IN_PROGRESS;
    }
    return is_any_in_progress;
}

/* When a waiting pair may be checked; never if it is not waiting. */
static struct cepa_time waiting_at(const struct cepa_ice *ice, const struct cepa_ice_pair *pair)
{
    if (pair->state != CEPA_ICE_PAIR_WAITING) {
        return cepa_time_never();
    }
    return is_unconnected(ice, pair) ? cepa_time_latest(ice->pace_at, ice->tcp_at) : ice->pace_at;
}

/* Gives the best waiting pair; a frozen one only if there are no others. */
static uint8_t pick_waiting(const struct cepa_ice *ice, struct cepa_time now)
{
    uint8_t best = CEPA_ICE_NO_PAIR;
    bool is_best_frozen = true;
    uint64_t best_priority = 0;
    for (size_t i = 0; i < CEPA_ICE_PAIRS_MAX; i++) {
        const struct cepa_ice_pair *pair = &ice->pairs[i];
        if (!cepa_time_is_due(waiting_at(ice, pair), now)) {
            continue;
        }
        uint64_t priority = cepa_ice_pair_priority(ice, pair);
        bool is_pair_frozen = is_frozen(ice, pair);
        if (best == CEPA_ICE_NO_PAIR || (is_best_frozen && !is_pair_frozen) ||
            (is_best_frozen == is_pair_frozen && priority > best_priority)) {
            best = (uint8_t)i;
            best_priority = priority;
            is_best_frozen = is_pair_frozen;
        }
    }
    return best;
}

/* Gives the most overdue of the pairs that wait for a response. */
static uint8_t pick_asked(const struct cepa_ice *ice, struct cepa_time now)
{
    uint8_t oldest = CEPA_ICE_NO_PAIR;
    for (size_t i = 0; i < CEPA_ICE_PAIRS_MAX; i++) {
        const struct cepa_ice_pair *pair = &ice->pairs[i];
        if (cepa_ice_pair_is_asked(pair) && cepa_time_is_due(pair->next, now) &&
            (oldest == CEPA_ICE_NO_PAIR ||
             cepa_time_is_before(pair->next, ice->pairs[oldest].next))) {
            oldest = (uint8_t)i;
        }
    }
    return oldest;
}

void cepa_ice_pair_expire(struct cepa_ice *ice, struct cepa_time now)
{
    for (size_t i = 0; i < CEPA_ICE_PAIRS_MAX; i++) {
        struct cepa_ice_pair *pair = &ice->pairs[i];
        if (cepa_ice_pair_is_asked(pair) && pair->next.ns != 0 &&
            cepa_time_is_due(pair->next, now) &&
            (pair->tries >= CEPA_ICE_TRIES_MAX || is_unconnected(ice, pair))) {
            pair->state = CEPA_ICE_PAIR_FAILED;
        }
    }
}

/* Checks that answer the peer's are not paced: the peer's are. */
uint8_t cepa_ice_pair_pick(const struct cepa_ice *ice, struct cepa_time now)
{
    if (!ice->current.has_remote) {
        return CEPA_ICE_NO_PAIR;
    }
    for (size_t i = 0; i < CEPA_ICE_PAIRS_MAX; i++) {
        if (cepa_ice_pair_is_triggered(&ice->pairs[i])) {
            return (uint8_t)i;
        }
    }
    if (!cepa_time_is_due(ice->pace_at, now)) {
        return CEPA_ICE_NO_PAIR;
    }
    uint8_t index = pick_asked(ice, now);
    return index != CEPA_ICE_NO_PAIR ? index : pick_waiting(ice, now);
}

struct cepa_time cepa_ice_pair_deadline(const struct cepa_ice *ice)
{
    struct cepa_time deadline = cepa_time_never();
    for (size_t i = 0; i < CEPA_ICE_PAIRS_MAX && ice->current.has_remote; i++) {
        const struct cepa_ice_pair *pair = &ice->pairs[i];
        deadline = cepa_time_earliest(deadline, waiting_at(ice, pair));
        if (cepa_ice_pair_is_asked(pair)) {
            deadline = cepa_time_earliest(deadline, cepa_time_latest(pair->next, ice->pace_at));
        }
    }
    return deadline;
}

void cepa_ice_stream_drop(struct cepa_ice *ice, uint64_t stream)
{
    if (ice->drops_len < CEPA_ICE_DROPS_MAX) {
        ice->drops[ice->drops_len] = stream;
        ice->drops_len++;
        cepa_ice_wake(ice);
    }
}
