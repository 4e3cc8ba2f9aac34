/* What the parts of the ICE agent call each other. Each part says here what it is for:
 *
 *     ice.c             calls from outside that touch several parts
 *     ice_candidates.c  both sides' candidates
 *     ice_pairs.c       the pairs of them, their order, which is checked next
 *     ice_checks.c      checks that we send, and their responses
 *     ice_requests.c    checks that the peer sends, our responses, roles
 *     ice_select.c      nomination and selection
 *     ice_consent.c     consent, silence, failure
 *     ice_next.c        effects and the deadline */
#ifndef CEPA_NATIVE_WEBRTC_ICE_INTERNAL_H
#define CEPA_NATIVE_WEBRTC_ICE_INTERNAL_H

#include "native/webrtc/ice.h"

enum {
    CEPA_ICE_NO_PAIR = 255,      /* also no candidate */
    CEPA_ICE_TRIES_MAX = 8,      /* at 0, 100, 300, 700, 1500, 2300, 3100 and 3900 ms */
    CEPA_ICE_MOVING_TRIES = 2,   /* unanswered checks for consent, and as many as are counted */
    CEPA_ICE_EVENT_SELECTED = 1, /* bits of `events` */
    CEPA_ICE_EVENT_SILENT = 2,
    CEPA_ICE_EVENT_ALIVE = 4,
    CEPA_ICE_EVENT_FAILED = 8,
    CEPA_ICE_SENT_USED = 1,        /* bits of a request's `flags`: no response has come yet */
    CEPA_ICE_SENT_NOMINATING = 2,  /* it carried USE-CANDIDATE */
    CEPA_ICE_SENT_CONTROLLING = 4, /* our role in it */
    CEPA_ICE_SENT_PREVIOUS = 8     /* it went with the previous generation's credentials */
};

/* cepa_ice_wake makes cepa_ice_next look at everything again. */
static inline void cepa_ice_wake(struct cepa_ice *ice)
{
    ice->deadline.ns = 0;
}

/* cepa_ice_is_from says whether a packet that came by `got` may belong to `path`: the same stream,
 * or the same addresses, of which ours may be left open. */
bool cepa_ice_is_from(const struct cepa_path *path, const struct cepa_path *got);

/* cepa_ice_is_same_ip says whether IPs of ours may be one: equal, or one of them left open. */
bool cepa_ice_is_same_ip(const struct cepa_net_address *a, const struct cepa_net_address *b);

/* Candidates. Indices, CEPA_ICE_NO_PAIR if there is none. */
uint8_t cepa_ice_local_find(const struct cepa_ice *ice, const struct cepa_path *path);
uint8_t cepa_ice_remote_learn(struct cepa_ice *ice, const struct cepa_path *path,
                              uint32_t priority);

/* cepa_ice_prflx_priority gives what a candidate found by a check from `local` counts for.
 * @[RFC8445 7.1.1] */
uint32_t cepa_ice_prflx_priority(const struct cepa_ice_candidate *local);

/* Pairs. */
uint64_t cepa_ice_pair_priority(const struct cepa_ice *ice, const struct cepa_ice_pair *pair);
bool cepa_ice_pair_is_valid(const struct cepa_ice_pair *pair);
bool cepa_ice_pair_is_open(const struct cepa_ice_pair *pair);  /* waiting or in progress */
bool cepa_ice_pair_is_asked(const struct cepa_ice_pair *pair); /* a response is awaited */
bool cepa_ice_pair_is_triggered(const struct cepa_ice_pair *pair);
void cepa_ice_pair_path(const struct cepa_ice *ice, const struct cepa_ice_pair *pair,
                        struct cepa_path *ret_path);
uint8_t cepa_ice_pair_find(const struct cepa_ice *ice, const struct cepa_path *path);
uint8_t cepa_ice_pair_best(const struct cepa_ice *ice,
                           bool (*is_wanted)(const struct cepa_ice_pair *));
void cepa_ice_pair_local(struct cepa_ice *ice, uint8_t local);   /* with all of the peer's */
void cepa_ice_pair_remote(struct cepa_ice *ice, uint8_t remote); /* with all of ours */
uint8_t cepa_ice_pair_learn(struct cepa_ice *ice, uint8_t local, uint8_t remote);
void cepa_ice_pair_trigger(struct cepa_ice *ice, struct cepa_ice_pair *pair);
void cepa_ice_pair_expire(struct cepa_ice *ice,
                          struct cepa_time now); /* gives up after all tries */
uint8_t cepa_ice_pair_pick(const struct cepa_ice *ice, struct cepa_time now);
struct cepa_time cepa_ice_pair_deadline(const struct cepa_ice *ice);

/* cepa_ice_stream_drop has a stream that we opened closed. */
void cepa_ice_stream_drop(struct cepa_ice *ice, uint64_t stream);

/* Checks: the next one that is due, of pairs and of consent; responses. */
enum cepa_ice_effect_kind cepa_ice_check_next(struct cepa_ice *ice, struct cepa_ice_effect *effect,
                                              struct cepa_time now);
int cepa_ice_on_response(struct cepa_ice *ice, const struct cepa_path *path,
                         const struct cepa_stun_message *message, const uint8_t *data,
                         struct cepa_time now);

/* Requests. */
int cepa_ice_on_request(struct cepa_ice *ice, const struct cepa_path *path,
                        const struct cepa_stun_message *message, const uint8_t *data,
                        struct cepa_time now);
void cepa_ice_take_early(struct cepa_ice *ice, struct cepa_time now);
bool cepa_ice_reply_next(struct cepa_ice *ice, struct cepa_ice_effect *effect);

/* Selection. */
void cepa_ice_switch_role(struct cepa_ice *ice);
void cepa_ice_select(struct cepa_ice *ice, uint8_t index, struct cepa_time now);
void cepa_ice_select_path(struct cepa_ice *ice, const struct cepa_ice_selected *selected,
                          struct cepa_time now);

/* cepa_ice_is_moving says whether the peer seems to have come to another address: the selected pair
 * does not answer. Then a check by another pair is looked into; cepa_ice_move, once that works,
 * lets it be nominated in the place of the selected one. */
bool cepa_ice_is_moving(const struct cepa_ice *ice);
void cepa_ice_move(struct cepa_ice *ice);

void cepa_ice_lose_previous(struct cepa_ice *ice, struct cepa_time now); /* the path from before */
void cepa_ice_reopen(struct cepa_ice *ice, struct cepa_time now);
void cepa_ice_consider(struct cepa_ice *ice, struct cepa_time now); /* whether to nominate */
struct cepa_time cepa_ice_consider_deadline(const struct cepa_ice *ice);

/* Consent. */
void cepa_ice_on_sign(struct cepa_ice *ice, struct cepa_time now);     /* anything authentic */
void cepa_ice_on_consent(struct cepa_ice *ice, struct cepa_time now);  /* by the peer's answer */
void cepa_ice_ask_consent(struct cepa_ice *ice, struct cepa_time now); /* by a check at once */
void cepa_ice_consent_sent(struct cepa_ice *ice, struct cepa_time now);
void cepa_ice_fail(struct cepa_ice *ice, enum cepa_ice_failure failure);
void cepa_ice_silence(struct cepa_ice *ice);
void cepa_ice_watch(struct cepa_ice *ice, struct cepa_time now);
struct cepa_time cepa_ice_watch_deadline(const struct cepa_ice *ice);

#endif
