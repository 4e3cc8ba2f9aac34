/* The agent as its caller sees it. */
#include "native/webrtc/ice.h"

#include <string.h>

#include "base/assert.h"
#include "base/ct.h"
#include "native/webrtc/ice_internal.h"

int cepa_ice_init(struct cepa_ice *ret_ice, const struct cepa_ice_config *config,
                  struct cepa_time now)
{
    uint64_t tie_breaker;
    uint8_t bytes[sizeof tie_breaker];
    int error = cepa_random_fill(config->random, bytes, sizeof bytes);
    if (error != 0) {
        return error;
    }
    memcpy(&tie_breaker, bytes, sizeof tie_breaker);
    memset(ret_ice, 0, sizeof *ret_ice);
    ret_ice->random = config->random;
    ret_ice->tie_breaker = tie_breaker;
    ret_ice->is_lite = config->is_lite;
    ret_ice->is_controlling = config->is_controlling;
    ret_ice->current.local = config->local;
    ret_ice->selected.pair = CEPA_ICE_NO_PAIR;
    ret_ice->settle_at = cepa_time_never();
    ret_ice->news_at = now;
    ret_ice->consent.given = now;
    ret_ice->consent.next = cepa_time_never();
    return 0;
}

void cepa_ice_wipe(struct cepa_ice *ice)
{
    cepa_wipe(ice, sizeof *ice);
}

/* TCP need not wait for UDP if there is nothing on UDP to try. */
static void hurry_tcp(struct cepa_ice *ice, struct cepa_time now)
{
    for (size_t i = 0; i < CEPA_ICE_PAIRS_MAX; i++) {
        const struct cepa_ice_pair *pair = &ice->pairs[i];
        if (pair->state != CEPA_ICE_PAIR_NONE &&
            ice->local[pair->local].transport == CEPA_CANDIDATE_UDP) {
            return;
        }
    }
    ice->tcp_at = now;
}

void cepa_ice_set_remote(struct cepa_ice *ice, const struct cepa_ice_credentials *remote,
                         bool is_lite, struct cepa_time now)
{
    CEPA_ASSERT(!ice->current.has_remote && remote->ufrag[0] != 0);
    ice->current.remote = *remote;
    ice->current.has_remote = true;
    ice->is_remote_lite = is_lite;
    if (is_lite && !ice->is_controlling) {
        cepa_ice_switch_role(ice);
    }
    ice->remote_at = now;
    ice->pace_at = now;
    ice->tcp_at = cepa_time_add(now, CEPA_ICE_TCP_DELAY_NS);
    if (ice->is_remote_ended) {
        hurry_tcp(ice, now);
    }
    cepa_ice_take_early(ice, now);
    cepa_ice_wake(ice);
}

void cepa_ice_end_of_remote(struct cepa_ice *ice, struct cepa_time now)
{
    if (ice->is_remote_ended) {
        return;
    }
    ice->is_remote_ended = true;
    ice->remote_at = now;
    if (ice->current.has_remote) {
        hurry_tcp(ice, now);
    }
    cepa_ice_wake(ice);
}

int cepa_ice_receive(struct cepa_ice *ice, const struct cepa_path *path, const uint8_t *data,
                     size_t data_len, struct cepa_time now)
{
    struct cepa_stun_message message;
    if (ice->is_failed || cepa_stun_decode(&message, data, data_len) != 0 ||
        !message.has_fingerprint) {
        return 0;
    }
    switch (message.class) {
    case CEPA_STUN_REQUEST:
        return cepa_ice_on_request(ice, path, &message, data, now);
    case CEPA_STUN_SUCCESS:
    case CEPA_STUN_FAILURE:
        return cepa_ice_on_response(ice, path, &message, data, now);
    case CEPA_STUN_INDICATION:
        return 0;
    }
    return 0;
}

/* Says whether an open connection is what the pair waits for. */
static bool awaits(const struct cepa_ice *ice, const struct cepa_ice_pair *pair,
                   const struct cepa_path *path)
{
    return pair->state == CEPA_ICE_PAIR_IN_PROGRESS && pair->stream == 0 &&
           ice->local[pair->local].transport == CEPA_CANDIDATE_TCP_ACTIVE &&
           cepa_net_address_is_equal(&ice->remote[pair->remote].address, &path->remote) &&
           cepa_ice_is_same_ip(&ice->local[pair->local].address, &path->local);
}

void cepa_ice_on_connected(struct cepa_ice *ice, const struct cepa_path *path, struct cepa_time now)
{
    CEPA_ASSERT(path->stream != 0);
    (void)now;
    for (size_t i = 0; i < CEPA_ICE_PAIRS_MAX; i++) {
        struct cepa_ice_pair *pair = &ice->pairs[i];
        if (!ice->is_failed && awaits(ice, pair, path)) {
            pair->stream = path->stream;
            cepa_ice_pair_trigger(ice, pair);
            return;
        }
    }
    cepa_ice_stream_drop(ice, path->stream);
}

void cepa_ice_on_stream_lost(struct cepa_ice *ice, uint64_t stream, struct cepa_time now)
{
    bool is_selected = ice->selected.is_set && ice->selected.path.stream == stream;
    CEPA_ASSERT(stream != 0);
    for (size_t i = 0; i < CEPA_ICE_PAIRS_MAX; i++) {
        struct cepa_ice_pair *pair = &ice->pairs[i];
        if (pair->stream == stream) {
            pair->stream = 0;
            pair->state = CEPA_ICE_PAIR_FAILED;
        }
    }
    if (ice->lite_path.stream == stream) {
        memset(&ice->lite_path, 0, sizeof ice->lite_path);
    }
    if (is_selected) {
        cepa_ice_reopen(ice, now);
    }
    cepa_ice_wake(ice);
}

bool cepa_ice_path(const struct cepa_ice *ice, struct cepa_path *ret_path)
{
    if (ice->is_failed) {
        return false;
    }
    if (ice->selected.is_set) {
        *ret_path = ice->selected.path;
        return true;
    }
    if (ice->is_lite) {
        *ret_path = ice->lite_path;
        return ice->lite_path.local.family != CEPA_NET_ADDRESS_NONE;
    }
    uint8_t index = cepa_ice_pair_best(ice, cepa_ice_pair_is_valid);
    if (index == CEPA_ICE_NO_PAIR && ice->is_remote_lite) {
        index = cepa_ice_pair_best(ice, cepa_ice_pair_is_open);
    }
    if (index == CEPA_ICE_NO_PAIR) {
        return false;
    }
    const struct cepa_ice_pair *pair = &ice->pairs[index];
    cepa_ice_pair_path(ice, pair, ret_path);
    return pair->stream != 0 || ice->local[pair->local].transport == CEPA_CANDIDATE_UDP;
}

bool cepa_ice_mapped(const struct cepa_ice *ice, struct cepa_net_address *ret_address)
{
    if (ice->mapped.family == CEPA_NET_ADDRESS_NONE) {
        return false;
    }
    *ret_address = ice->mapped;
    return true;
}

uint64_t cepa_ice_rtt_ns(const struct cepa_ice *ice)
{
    return ice->rtt_ns;
}

bool cepa_ice_is_controlling(const struct cepa_ice *ice)
{
    return ice->is_controlling;
}

/* Forgets the pairs, closing what we opened for them, but for the stream that data goes by. */
static void forget_pairs(struct cepa_ice *ice)
{
    for (size_t i = 0; i < CEPA_ICE_PAIRS_MAX; i++) {
        const struct cepa_ice_pair *pair = &ice->pairs[i];
        bool is_in_use = ice->selected.is_set && pair->stream == ice->selected.path.stream;
        if (pair->stream != 0 && !is_in_use &&
            ice->local[pair->local].transport == CEPA_CANDIDATE_TCP_ACTIVE) {
            cepa_ice_stream_drop(ice, pair->stream);
        }
    }
    memset(ice->pairs, 0, sizeof ice->pairs);
    memset(ice->remote, 0, sizeof ice->remote);
    ice->remote_len = 0;
    ice->early_len = 0;
    ice->replies_len = 0;
    for (size_t i = 0; i < CEPA_ICE_SENT_MAX; i++) {
        struct cepa_ice_sent *sent = &ice->sent[i];
        bool is_kept = sent->flags != 0 &&
                       (sent->pair == CEPA_ICE_NO_PAIR || sent->pair == ice->selected.pair);
        sent->flags = is_kept ? (uint8_t)(sent->flags | CEPA_ICE_SENT_PREVIOUS) : 0;
        sent->pair = CEPA_ICE_NO_PAIR;
    }
}

void cepa_ice_restart(struct cepa_ice *ice, const struct cepa_ice_credentials *local,
                      bool is_controlling, struct cepa_time now)
{
    forget_pairs(ice);
    if (!ice->selected.is_set || !ice->selected.is_previous) {
        ice->previous = ice->current;
    }
    memset(&ice->current, 0, sizeof ice->current);
    ice->current.local = *local;
    ice->selected.pair = CEPA_ICE_NO_PAIR;
    ice->selected.is_previous = ice->selected.is_set;
    ice->is_controlling = is_controlling;
    ice->is_remote_lite = false;
    ice->is_remote_ended = false;
    ice->is_complete = false;
    ice->settle_at = cepa_time_never();
    ice->news_at = now;
    ice->nominations = 0;
    ice->nomination = 0;
    memset(&ice->lite_path, 0, sizeof ice->lite_path);
    if (!ice->selected.is_set) {
        ice->consent = (struct cepa_ice_consent){.given = now, .next = cepa_time_never()};
    }
    if (ice->is_failed) {
        ice->is_failed = false;
        ice->events = 0;
    }
    cepa_ice_wake(ice);
}
