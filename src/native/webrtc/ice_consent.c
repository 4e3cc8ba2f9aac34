/* Watching over a path: consent, silence, and when there is no hope. @[RFC7675 5], @[SPEC 6.5] */
#include "native/webrtc/ice_internal.h"

#define RETRY_NS (500 * CEPA_MILLISECOND_NS)
#define RETRY_MAX_NS (2000 * CEPA_MILLISECOND_NS)

void cepa_ice_on_sign(struct cepa_ice *ice, struct cepa_time now)
{
    ice->consent.sign = now;
    if (ice->consent.is_silent && !ice->is_failed) {
        ice->consent.is_silent = false;
        /* If the silence has not been told yet, there is nothing to tell. */
        ice->events ^= (ice->events & CEPA_ICE_EVENT_SILENT) != 0 ? CEPA_ICE_EVENT_SILENT
                                                                  : CEPA_ICE_EVENT_ALIVE;
        cepa_ice_wake(ice);
    }
}

/* The time to the next check when all is well: 5 s, 20 % less to 20 % more. */
static uint64_t interval_ns(const struct cepa_ice *ice)
{
    uint8_t random[2] = {128, 0};
    if (cepa_random_fill(ice->random, random, sizeof random) != 0) {
        random[0] = 128;
    }
    uint64_t step = CEPA_ICE_CONSENT_NS * 2 / 5 >> 16;
    return CEPA_ICE_CONSENT_NS * 4 / 5 + step * ((uint64_t)random[0] << 8 | random[1]);
}

void cepa_ice_on_consent(struct cepa_ice *ice, struct cepa_time now)
{
    ice->consent.given = now;
    ice->consent.sign = now;
    ice->consent.is_connected = true;
    ice->consent.tries = 0;
    ice->consent.next = ice->is_lite ? cepa_time_never() : cepa_time_add(now, interval_ns(ice));
}

void cepa_ice_ask_consent(struct cepa_ice *ice, struct cepa_time now)
{
    ice->consent.next = ice->is_lite ? cepa_time_never() : now;
}

/* An unanswered check is repeated after 0.5 s or two round trips, then more slowly. */
void cepa_ice_consent_sent(struct cepa_ice *ice, struct cepa_time now)
{
    uint64_t retry = 2 * ice->rtt_ns > RETRY_NS ? 2 * ice->rtt_ns : RETRY_NS;
    retry = retry > RETRY_MAX_NS ? RETRY_MAX_NS : retry << ice->consent.tries;
    retry = retry > RETRY_MAX_NS ? RETRY_MAX_NS : retry;
    ice->consent.tries =
        (uint8_t)(ice->consent.tries + (ice->consent.tries < CEPA_ICE_MOVING_TRIES ? 1 : 0));
    ice->consent.next = cepa_time_add(now, retry);
}

void cepa_ice_silence(struct cepa_ice *ice)
{
    if (!ice->consent.is_silent) {
        ice->consent.is_silent = true;
        ice->events ^= (ice->events & CEPA_ICE_EVENT_ALIVE) != 0 ? CEPA_ICE_EVENT_ALIVE
                                                                 : CEPA_ICE_EVENT_SILENT;
    }
}

void cepa_ice_fail(struct cepa_ice *ice, enum cepa_ice_failure failure)
{
    ice->is_failed = true;
    ice->failure = (uint8_t)failure;
    ice->events = CEPA_ICE_EVENT_FAILED;
    ice->selected.is_set = false;
    ice->selected.pair = CEPA_ICE_NO_PAIR;
    ice->replies_len = 0;
}

static struct cepa_time silent_at(const struct cepa_ice *ice)
{
    if (!ice->consent.is_connected || ice->consent.is_silent) {
        return cepa_time_never();
    }
    return cepa_time_add(ice->consent.sign, CEPA_ICE_SILENCE_NS);
}

/* A lite agent's time runs from its beginning, others' from when something works. */
static struct cepa_time expires_at(const struct cepa_ice *ice)
{
    return ice->is_lite || ice->consent.is_connected
               ? cepa_time_add(ice->consent.given, CEPA_ICE_EXPIRY_NS)
               : cepa_time_never();
}

/* When no pair works though all should have been tried. */
static struct cepa_time gives_up_at(const struct cepa_ice *ice)
{
    if (ice->is_lite || !ice->current.has_remote || ice->is_complete ||
        cepa_ice_pair_best(ice, cepa_ice_pair_is_valid) != CEPA_ICE_NO_PAIR) {
        return cepa_time_never();
    }
    return cepa_time_add(cepa_time_latest(ice->remote_at, ice->news_at),
                         ice->is_remote_ended ? CEPA_ICE_GIVE_UP_NS : CEPA_ICE_GIVE_UP_OPEN_NS);
}

void cepa_ice_watch(struct cepa_ice *ice, struct cepa_time now)
{
    if (cepa_time_is_due(silent_at(ice), now)) {
        cepa_ice_silence(ice);
    }
    if (cepa_time_is_due(gives_up_at(ice), now)) {
        cepa_ice_fail(ice, CEPA_ICE_NO_PATH);
    } else if (cepa_time_is_due(expires_at(ice), now)) {
        if (ice->selected.is_previous && ice->current.has_remote) {
            /* The path from before the restart is gone; the new pairs decide. */
            cepa_ice_lose_previous(ice, now);
        } else {
            cepa_ice_fail(ice, CEPA_ICE_NO_CONSENT);
        }
    }
}

struct cepa_time cepa_ice_watch_deadline(const struct cepa_ice *ice)
{
    struct cepa_time deadline = cepa_time_earliest(silent_at(ice), expires_at(ice));
    if (ice->selected.is_set) {
        deadline = cepa_time_earliest(deadline, ice->consent.next);
    }
    return cepa_time_earliest(deadline, gives_up_at(ice));
}

void cepa_ice_on_data(struct cepa_ice *ice, struct cepa_time now)
{
    if (ice->consent.is_connected || ice->consent.is_silent) {
        cepa_ice_on_sign(ice, now);
    }
}
