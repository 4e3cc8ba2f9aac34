/* Which of the pairs that work is used: the controlling side nominates, the other follows.
 * @[RFC8445 8.1], @[SPEC 6.5] */
#include <string.h>

#include "native/webrtc/ice_internal.h"

void cepa_ice_switch_role(struct cepa_ice *ice)
{
    ice->is_controlling = !ice->is_controlling;
    ice->settle_at = cepa_time_never();
    for (size_t i = 0; i < CEPA_ICE_PAIRS_MAX; i++) {
        struct cepa_ice_pair *pair = &ice->pairs[i];
        pair->nomination = 0;
        if (pair->state == CEPA_ICE_PAIR_NOMINATING) {
            pair->state = CEPA_ICE_PAIR_SUCCEEDED;
        }
    }
    ice->nomination = ice->nominations;
    cepa_ice_wake(ice);
}

void cepa_ice_select_path(struct cepa_ice *ice, const struct cepa_ice_selected *selected,
                          struct cepa_time now)
{
    bool is_news = !ice->selected.is_set || ice->selected.is_previous ||
                   !cepa_path_is_equal(&ice->selected.path, &selected->path);
    bool is_change = ice->selected.is_set && is_news;
    if (is_change && ice->selected.is_previous && ice->selected.path.stream != 0) {
        cepa_ice_stream_drop(ice, ice->selected.path.stream);
    }
    ice->selected = *selected;
    ice->is_complete = true;
    if (!is_news) {
        return;
    }
    ice->events |= CEPA_ICE_EVENT_SELECTED;
    cepa_ice_on_consent(ice, now);
    if (is_change) {
        cepa_ice_ask_consent(ice, now); /* it may be long ago that this pair was checked */
    }
}

/* Leaves the other pairs alone, unless the peer has nominated them since. Those that work are kept,
 * for the peer may come back to them; connections of ours are not. */
static void leave_others(struct cepa_ice *ice)
{
    for (size_t i = 0; i < CEPA_ICE_PAIRS_MAX; i++) {
        struct cepa_ice_pair *pair = &ice->pairs[i];
        bool is_active = pair->state != CEPA_ICE_PAIR_NONE &&
                         ice->local[pair->local].transport == CEPA_CANDIDATE_TCP_ACTIVE;
        if (i == ice->selected.pair || pair->state == CEPA_ICE_PAIR_NONE) {
            continue;
        }
        if (is_active && pair->stream != 0) {
            cepa_ice_stream_drop(ice, pair->stream);
            pair->stream = 0;
            pair->state = CEPA_ICE_PAIR_LEFT;
        }
        if (cepa_ice_pair_is_open(pair) && pair->nomination <= ice->nomination) {
            pair->state = CEPA_ICE_PAIR_LEFT;
        } else if (pair->state == CEPA_ICE_PAIR_NOMINATING) {
            pair->state = CEPA_ICE_PAIR_SUCCEEDED;
        }
    }
}

void cepa_ice_select(struct cepa_ice *ice, uint8_t index, struct cepa_time now)
{
    struct cepa_ice_pair *pair = &ice->pairs[index];
    struct cepa_ice_selected selected = {.pair = index, .is_set = true};
    cepa_ice_pair_path(ice, pair, &selected.path);
    selected.priority = cepa_ice_prflx_priority(&ice->local[pair->local]);
    pair->state = CEPA_ICE_PAIR_SUCCEEDED;
    ice->nomination = pair->nomination;
    cepa_ice_select_path(ice, &selected, now);
    leave_others(ice);
}

/* The controlled side repeats no nomination, so the controlling one must notice. */
bool cepa_ice_is_moving(const struct cepa_ice *ice)
{
    return ice->is_controlling && ice->is_complete && ice->selected.is_set &&
           ice->consent.tries >= CEPA_ICE_MOVING_TRIES;
}

void cepa_ice_move(struct cepa_ice *ice)
{
    ice->pairs[ice->selected.pair].state = CEPA_ICE_PAIR_FAILED;
    ice->selected.pair = CEPA_ICE_NO_PAIR;
    ice->is_complete = false;
    ice->settle_at = cepa_time_never();
}

void cepa_ice_lose_previous(struct cepa_ice *ice, struct cepa_time now)
{
    ice->selected.is_set = false;
    ice->selected.is_previous = false;
    ice->consent.given = now;
    ice->consent.is_connected = cepa_ice_pair_best(ice, cepa_ice_pair_is_valid) != CEPA_ICE_NO_PAIR;
}

void cepa_ice_reopen(struct cepa_ice *ice, struct cepa_time now)
{
    cepa_ice_silence(ice);
    cepa_ice_wake(ice);
    if (ice->selected.is_previous) {
        cepa_ice_lose_previous(ice, now);
        return;
    }
    ice->selected.is_set = false;
    ice->selected.pair = CEPA_ICE_NO_PAIR;
    ice->is_complete = false;
    ice->settle_at = cepa_time_never();
    ice->news_at = now;
    ice->consent.is_connected = false;
    for (size_t i = 0; i < CEPA_ICE_PAIRS_MAX; i++) {
        struct cepa_ice_pair *pair = &ice->pairs[i];
        if (pair->state == CEPA_ICE_PAIR_NONE) {
            continue;
        }
        uint8_t transport = ice->local[pair->local].transport;
        bool can_check = transport != CEPA_CANDIDATE_TCP_PASSIVE || pair->stream != 0;
        pair->state = can_check ? CEPA_ICE_PAIR_WAITING : CEPA_ICE_PAIR_FAILED;
        pair->tries = 0;
    }
}

/* How long to wait for something better than the pair that works: TCP longer, while UDP is still
 * being tried. */
static uint64_t settle_ns(const struct cepa_ice *ice, const struct cepa_ice_pair *pair)
{
    uint64_t settle = 2 * ice->rtt_ns + CEPA_ICE_SETTLE_NS / 2;
    settle = settle < CEPA_ICE_SETTLE_NS ? CEPA_ICE_SETTLE_NS : settle;
    bool is_tcp = ice->local[pair->local].transport != CEPA_CANDIDATE_UDP;
    return is_tcp || settle > CEPA_ICE_SETTLE_MAX_NS ? CEPA_ICE_SETTLE_MAX_NS : settle;
}

static bool is_nominating(const struct cepa_ice_pair *pair)
{
    return pair->state == CEPA_ICE_PAIR_NOMINATING;
}

/* Gives the pair that is to be nominated, at once or later; none while one is. */
static uint8_t nominee(const struct cepa_ice *ice)
{
    if (!ice->is_controlling || ice->is_remote_lite || ice->is_complete || ice->is_lite ||
        cepa_ice_pair_best(ice, is_nominating) != CEPA_ICE_NO_PAIR) {
        return CEPA_ICE_NO_PAIR;
    }
    return cepa_ice_pair_best(ice, cepa_ice_pair_is_valid);
}

void cepa_ice_consider(struct cepa_ice *ice, struct cepa_time now)
{
    uint8_t index = nominee(ice);
    if (index == CEPA_ICE_NO_PAIR) {
        return;
    }
    struct cepa_ice_pair *pair = &ice->pairs[index];
    uint8_t open = cepa_ice_pair_best(ice, cepa_ice_pair_is_open);
    if (cepa_time_is_never(ice->settle_at)) {
        ice->settle_at = cepa_time_add(now, settle_ns(ice, pair));
    }
    if (open == CEPA_ICE_NO_PAIR ||
        cepa_ice_pair_priority(ice, &ice->pairs[open]) < cepa_ice_pair_priority(ice, pair) ||
        cepa_time_is_due(ice->settle_at, now)) {
        pair->state = CEPA_ICE_PAIR_NOMINATING;
        cepa_ice_pair_trigger(ice, pair);
    }
}

struct cepa_time cepa_ice_consider_deadline(const struct cepa_ice *ice)
{
    return nominee(ice) == CEPA_ICE_NO_PAIR ? cepa_time_never() : ice->settle_at;
}
