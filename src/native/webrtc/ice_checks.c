/* Checks that we send, and the responses to them. Every try is a request of its own, as libwebrtc
 * has it, so that each response gives a round-trip time. @[RFC8445 7.2], @[SPEC 6.5] */
#include <string.h>

#include "native/webrtc/ice_internal.h"

enum { ERROR_FORBIDDEN = 403 };

/* What one request says. */
struct check {
    struct cepa_path path;
    uint32_t priority;
    uint8_t pair;
    bool is_nominating;
    bool is_previous;
};

/* USERNAME is the peer's user fragment, a colon, ours. */
static void add_username(struct cepa_stun_writer *writer,
                         const struct cepa_ice_generation *generation)
{
    char username[2 * CEPA_UFRAG_MAX + 1];
    size_t remote_len = strlen(generation->remote.ufrag);
    size_t local_len = strlen(generation->local.ufrag);
    memcpy(username, generation->remote.ufrag, remote_len);
    username[remote_len] = ':';
    memcpy(username + remote_len + 1, generation->local.ufrag, local_len);
    cepa_stun_add_username(writer, username, remote_len + 1 + local_len);
}

static void note(struct cepa_ice *ice, const struct check *check,
                 const struct cepa_stun_transaction *transaction, struct cepa_time now)
{
    struct cepa_ice_sent *sent = &ice->sent[ice->sent_next];
    ice->sent_next = (ice->sent_next + 1) % CEPA_ICE_SENT_MAX;
    sent->at = now;
    sent->transaction = *transaction;
    sent->pair = check->pair;
    sent->flags =
        (uint8_t)(CEPA_ICE_SENT_USED | (check->is_nominating ? CEPA_ICE_SENT_NOMINATING : 0) |
                  (ice->is_controlling ? CEPA_ICE_SENT_CONTROLLING : 0) |
                  (check->is_previous ? CEPA_ICE_SENT_PREVIOUS : 0));
}

/* Writes a request and makes it the effect. Returns false if it cannot be made. */
static bool send_check(struct cepa_ice *ice, struct cepa_ice_effect *effect,
                       const struct check *check, struct cepa_time now)
{
    const struct cepa_ice_generation *generation =
        check->is_previous ? &ice->previous : &ice->current;
    struct cepa_stun_transaction transaction;
    struct cepa_stun_writer writer;
    if (cepa_random_fill(ice->random, transaction.bytes, sizeof transaction.bytes) != 0) {
        return false;
    }
    cepa_stun_begin(&writer, ice->message, sizeof ice->message, CEPA_STUN_REQUEST, &transaction);
    add_username(&writer, generation);
    cepa_stun_add_priority(&writer, check->priority);
    cepa_stun_add_role(&writer, ice->is_controlling ? CEPA_STUN_CONTROLLING : CEPA_STUN_CONTROLLED,
                       ice->tie_breaker);
    if (check->is_nominating) {
        cepa_stun_add_use_candidate(&writer);
    }
    if (cepa_stun_end(&writer, &effect->data_len, generation->remote.pwd,
                      strlen(generation->remote.pwd)) != 0) {
        return false;
    }
    effect->path = check->path;
    effect->data = ice->message;
    note(ice, check, &transaction, now);
    return true;
}

/* Checks a pair, or connects for it first. */
static enum cepa_ice_effect_kind check_pair(struct cepa_ice *ice, struct cepa_ice_effect *effect,
                                            uint8_t index, struct cepa_time now)
{
    struct cepa_ice_pair *pair = &ice->pairs[index];
    const struct cepa_ice_candidate *local = &ice->local[pair->local];
    struct check check = {.priority = cepa_ice_prflx_priority(local), .pair = index};
    cepa_ice_pair_path(ice, pair, &check.path);
    if (!cepa_ice_pair_is_triggered(pair)) {
        ice->pace_at = cepa_time_add(now, CEPA_ICE_PACE_NS);
    }
    if (!cepa_ice_pair_is_valid(pair)) {
        pair->state = CEPA_ICE_PAIR_IN_PROGRESS;
    }
    if (pair->stream == 0 && local->transport != CEPA_CANDIDATE_UDP) {
        pair->next = cepa_time_add(now, CEPA_ICE_GIVE_UP_NS);
        effect->path = check.path;
        return CEPA_ICE_CONNECT;
    }
    uint64_t retry = CEPA_ICE_RETRY_NS << pair->tries;
    pair->next = cepa_time_add(now, retry < CEPA_ICE_RETRY_MAX_NS ? retry : CEPA_ICE_RETRY_MAX_NS);
    pair->tries++;
    check.is_nominating =
        ice->is_controlling && (ice->is_remote_lite || pair->state == CEPA_ICE_PAIR_NOMINATING);
    return send_check(ice, effect, &check, now) ? CEPA_ICE_SEND : CEPA_ICE_NOTHING;
}

/* Asks for consent on the selected path. As the controlling side it repeats the nomination, so that
 * the peer cannot keep to another pair. @[RFC7675 5.1] */
static enum cepa_ice_effect_kind check_consent(struct cepa_ice *ice, struct cepa_ice_effect *effect,
                                               struct cepa_time now)
{
    struct check check = {.path = ice->selected.path,
                          .priority = ice->selected.priority,
                          .pair = CEPA_ICE_NO_PAIR,
                          .is_nominating = ice->is_controlling,
                          .is_previous = ice->selected.is_previous};
    cepa_ice_consent_sent(ice, now);
    return send_check(ice, effect, &check, now) ? CEPA_ICE_SEND : CEPA_ICE_NOTHING;
}

enum cepa_ice_effect_kind cepa_ice_check_next(struct cepa_ice *ice, struct cepa_ice_effect *effect,
                                              struct cepa_time now)
{
    enum cepa_ice_effect_kind kind = CEPA_ICE_NOTHING;
    if (ice->is_lite || ice->is_failed) {
        return kind;
    }
    if (ice->selected.is_set && cepa_time_is_due(ice->consent.next, now)) {
        kind = check_consent(ice, effect, now);
    }
    /* Without random bytes a try passes without a packet, and the next pair has its turn. */
    while (kind == CEPA_ICE_NOTHING) {
        uint8_t index = cepa_ice_pair_pick(ice, now);
        if (index == CEPA_ICE_NO_PAIR) {
            break;
        }
        kind = check_pair(ice, effect, index, now);
    }
    return kind;
}

static bool has(const struct cepa_ice_sent *sent, uint8_t flag)
{
    return (sent->flags & flag) != 0;
}

static struct cepa_ice_sent *find(struct cepa_ice *ice,
                                  const struct cepa_stun_transaction *transaction)
{
    for (size_t i = 0; i < CEPA_ICE_SENT_MAX; i++) {
        struct cepa_ice_sent *sent = &ice->sent[i];
        if (sent->flags != 0 && memcmp(&sent->transaction, transaction, sizeof *transaction) == 0) {
            return sent;
        }
    }
    return NULL;
}

/* Says whether the response came back the way the request went. @[RFC8445 7.2.5.2.1] */
static bool is_symmetric(const struct cepa_ice *ice, const struct cepa_ice_sent *sent,
                         const struct cepa_path *path)
{
    struct cepa_path asked;
    if (sent->pair == CEPA_ICE_NO_PAIR) {
        return ice->selected.is_set &&
               has(sent, CEPA_ICE_SENT_PREVIOUS) == ice->selected.is_previous &&
               cepa_ice_is_from(&ice->selected.path, path);
    }
    if (ice->pairs[sent->pair].state == CEPA_ICE_PAIR_NONE) {
        return false;
    }
    cepa_ice_pair_path(ice, &ice->pairs[sent->pair], &asked);
    return cepa_ice_is_from(&asked, path);
}

static void measure(struct cepa_ice *ice, const struct cepa_ice_sent *sent, struct cepa_time now)
{
    uint64_t rtt_ns = cepa_time_since(now, sent->at) + 1;
    ice->rtt_ns = ice->rtt_ns == 0 ? rtt_ns : ice->rtt_ns - ice->rtt_ns / 8 + rtt_ns / 8;
}

static void on_success(struct cepa_ice *ice, const struct cepa_ice_sent *sent, struct cepa_time now)
{
    if (sent->pair == CEPA_ICE_NO_PAIR || sent->pair == ice->selected.pair ||
        !ice->selected.is_set) {
        cepa_ice_on_consent(ice, now);
    }
    if (sent->pair == CEPA_ICE_NO_PAIR) {
        return;
    }
    struct cepa_ice_pair *pair = &ice->pairs[sent->pair];
    bool is_ours = ice->is_controlling && has(sent, CEPA_ICE_SENT_NOMINATING) &&
                   has(sent, CEPA_ICE_SENT_CONTROLLING);
    bool is_theirs = !ice->is_controlling && pair->nomination > ice->nomination;
    if (pair->state != CEPA_ICE_PAIR_NOMINATING) {
        pair->state = CEPA_ICE_PAIR_SUCCEEDED;
    }
    if (is_theirs || (is_ours && !ice->is_complete)) {
        cepa_ice_select(ice, sent->pair, now);
    } else if (sent->pair != ice->selected.pair && cepa_ice_is_moving(ice)) {
        cepa_ice_move(ice);
    } else if (is_ours && sent->pair != ice->selected.pair) {
        /* A lite peer has just followed a nomination that came too late: tell it again. */
        cepa_ice_ask_consent(ice, now);
    }
}

static void on_failure(struct cepa_ice *ice, const struct cepa_ice_sent *sent, unsigned code,
                       struct cepa_time now)
{
    bool is_selected = sent->pair == CEPA_ICE_NO_PAIR || sent->pair == ice->selected.pair;
    if (code == CEPA_STUN_ERROR_ROLE_CONFLICT) {
        if (has(sent, CEPA_ICE_SENT_CONTROLLING) == ice->is_controlling && !ice->is_remote_lite) {
            cepa_ice_switch_role(ice);
        }
        if (sent->pair == CEPA_ICE_NO_PAIR) {
            cepa_ice_ask_consent(ice, now);
        } else if (ice->pairs[sent->pair].state == CEPA_ICE_PAIR_IN_PROGRESS) {
            cepa_ice_pair_trigger(ice, &ice->pairs[sent->pair]);
        }
    } else if (is_selected && code == ERROR_FORBIDDEN) {
        cepa_ice_fail(ice, CEPA_ICE_CONSENT_ENDED);
    } else if (!is_selected) {
        ice->pairs[sent->pair].state = CEPA_ICE_PAIR_FAILED;
    }
}

int cepa_ice_on_response(struct cepa_ice *ice, const struct cepa_path *path,
                         const struct cepa_stun_message *message, const uint8_t *data,
                         struct cepa_time now)
{
    struct cepa_ice_sent *sent = find(ice, &message->transaction);
    if (sent == NULL || !is_symmetric(ice, sent, path)) {
        return 0;
    }
    const char *password =
        has(sent, CEPA_ICE_SENT_PREVIOUS) ? ice->previous.remote.pwd : ice->current.remote.pwd;
    if (cepa_stun_verify(message, data, password, strlen(password)) != 0) {
        return 0;
    }
    measure(ice, sent, now);
    if (message->class == CEPA_STUN_SUCCESS) {
        if (message->mapped.family != CEPA_NET_ADDRESS_NONE) {
            ice->mapped = message->mapped;
        }
        on_success(ice, sent, now);
    } else {
        on_failure(ice, sent, message->error_code, now);
    }
    sent->flags = 0;
    cepa_ice_on_sign(ice, now);
    cepa_ice_wake(ice);
    return 1;
}
