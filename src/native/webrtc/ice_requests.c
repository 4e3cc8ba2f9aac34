/* Checks that the peer sends: who they are from, what they teach, and how they are answered.
 * @[RFC8445 7.3], @[SPEC 6.5] */
#include <string.h>

#include "native/webrtc/ice_internal.h"

/* Says whether USERNAME is for us, and from the peer if its user fragment is known. */
static bool is_for(const struct cepa_ice_generation *generation,
                   const struct cepa_stun_message *message)
{
    size_t local_len = strlen(generation->local.ufrag);
    size_t remote_len = strlen(generation->remote.ufrag);
    if (message->username == NULL || message->username_len <= local_len || local_len == 0 ||
        memcmp(message->username, generation->local.ufrag, local_len) != 0 ||
        message->username[local_len] != ':') {
        return false;
    }
    return !generation->has_remote ||
           (message->username_len == local_len + 1 + remote_len &&
            memcmp(message->username + local_len + 1, generation->remote.ufrag, remote_len) == 0);
}

static bool is_authentic(const struct cepa_ice_generation *generation,
                         const struct cepa_stun_message *message, const uint8_t *data)
{
    return is_for(generation, message) && cepa_stun_verify(message, data, generation->local.pwd,
                                                           strlen(generation->local.pwd)) == 0;
}

/* Queues a response. A peer that asks faster than we are polled is not answered every time. */
static void reply(struct cepa_ice *ice, const struct cepa_path *path,
                  const struct cepa_stun_message *message, unsigned code, bool is_previous)
{
    size_t index = (ice->replies_first + ice->replies_len) % CEPA_ICE_REPLIES_MAX;
    struct cepa_ice_reply *place = &ice->replies[index];
    if (ice->replies_len == CEPA_ICE_REPLIES_MAX) {
        return;
    }
    ice->replies_len++;
    memset(place, 0, sizeof *place);
    place->path = *path;
    place->transaction = message->transaction;
    place->code = (uint16_t)code;
    place->is_previous = is_previous;
    place->unknown_len = (uint8_t)message->unknown_len;
    memcpy(place->unknown, message->unknown, sizeof place->unknown);
}

static const char *reason_of(unsigned code)
{
    return code == CEPA_STUN_ERROR_ROLE_CONFLICT ? "Role Conflict" : "Unknown Attribute";
}

bool cepa_ice_reply_next(struct cepa_ice *ice, struct cepa_ice_effect *effect)
{
    while (ice->replies_len > 0) {
        const struct cepa_ice_reply *first = &ice->replies[ice->replies_first];
        const struct cepa_ice_credentials *local =
            first->is_previous ? &ice->previous.local : &ice->current.local;
        struct cepa_stun_writer writer;
        ice->replies_first = (ice->replies_first + 1) % CEPA_ICE_REPLIES_MAX;
        ice->replies_len--;
        cepa_stun_begin(&writer, ice->message, sizeof ice->message,
                        first->code == 0 ? CEPA_STUN_SUCCESS : CEPA_STUN_FAILURE,
                        &first->transaction);
        if (first->code == 0) {
            cepa_stun_add_mapped(&writer, &first->path.remote);
        } else {
            cepa_stun_add_error(&writer, first->code, reason_of(first->code));
        }
        if (first->code == CEPA_STUN_ERROR_UNKNOWN_ATTRIBUTE) {
            cepa_stun_add_unknown(&writer, first->unknown, first->unknown_len);
        }
        if (cepa_stun_end(&writer, &effect->data_len, local->pwd, strlen(local->pwd)) == 0) {
            effect->path = first->path;
            effect->data = ice->message;
            return true;
        }
    }
    return false;
}

/* Settles a conflict of roles. Returns false if the peer has to give way and is to be told. A lite
 * agent never takes control of a full one. @[RFC8445 7.3.1.1] */
static bool settle_role(struct cepa_ice *ice, const struct cepa_stun_message *message)
{
    enum cepa_stun_role ours = ice->is_controlling ? CEPA_STUN_CONTROLLING : CEPA_STUN_CONTROLLED;
    if (message->role != ours) {
        return true;
    }
    if (ice->is_remote_lite) {
        return false;
    }
    bool do_we_win = ice->tie_breaker >= message->tie_breaker;
    if (ice->is_lite ? !ice->is_controlling : do_we_win == ice->is_controlling) {
        return false;
    }
    cepa_ice_switch_role(ice);
    return true;
}

/* Learns from an authentic check that a path exists, and checks it from this side.
 * @[RFC8445 7.3.1.3], @[RFC8445 7.3.1.4], @[RFC8445 7.3.1.5] */
static void learn(struct cepa_ice *ice, const struct cepa_path *path, uint32_t priority,
                  bool is_nominated, struct cepa_time now)
{
    uint8_t index = cepa_ice_pair_find(ice, path);
    if (index == CEPA_ICE_NO_PAIR) {
        uint8_t local = cepa_ice_local_find(ice, path);
        uint8_t remote = local == CEPA_ICE_NO_PAIR ? CEPA_ICE_NO_PAIR
                                                   : cepa_ice_remote_learn(ice, path, priority);
        index =
            remote == CEPA_ICE_NO_PAIR ? CEPA_ICE_NO_PAIR : cepa_ice_pair_learn(ice, local, remote);
    }
    if (index == CEPA_ICE_NO_PAIR) {
        return;
    }
    struct cepa_ice_pair *pair = &ice->pairs[index];
    if (pair->stream != path->stream) {
        pair->stream = path->stream; /* the peer has connected again, from the same port */
        pair->state = CEPA_ICE_PAIR_WAITING;
    }
    if (is_nominated && !ice->is_controlling) {
        ice->nominations++;
        pair->nomination = ice->nominations;
        if (cepa_ice_pair_is_valid(pair)) {
            cepa_ice_select(ice, index, now);
        }
    }
    if (!cepa_ice_pair_is_valid(pair) &&
        (!ice->is_complete || pair->nomination != 0 || cepa_ice_is_moving(ice))) {
        cepa_ice_pair_trigger(ice, pair);
    }
}

void cepa_ice_take_early(struct cepa_ice *ice, struct cepa_time now)
{
    size_t kept = ice->early_len < CEPA_ICE_EARLY_MAX ? ice->early_len : CEPA_ICE_EARLY_MAX;
    for (size_t i = 0; i < kept; i++) {
        const struct cepa_ice_early *early =
            &ice->early[(ice->early_len - kept + i) % CEPA_ICE_EARLY_MAX];
        learn(ice, &early->path, early->priority, early->is_nominated, now);
    }
    ice->early_len = 0;
}

/* Keeps the latest few paths by which the peer was heard before its credentials. */
static void keep_early(struct cepa_ice *ice, const struct cepa_path *path,
                       const struct cepa_stun_message *message)
{
    size_t kept = ice->early_len < CEPA_ICE_EARLY_MAX ? ice->early_len : CEPA_ICE_EARLY_MAX;
    struct cepa_ice_early *early = NULL;
    for (size_t i = 0; i < kept && early == NULL; i++) {
        early = cepa_path_is_equal(&ice->early[i].path, path) ? &ice->early[i] : NULL;
    }
    if (early == NULL) {
        early = &ice->early[ice->early_len % CEPA_ICE_EARLY_MAX];
        ice->early_len++;
        early->is_nominated = false;
    }
    early->path = *path;
    early->priority = message->priority;
    early->is_nominated = early->is_nominated || message->use_candidate;
}

/* A lite agent has no pairs: data goes where the peer was heard, then where it nominates. */
static void follow(struct cepa_ice *ice, const struct cepa_path *path, bool is_nominated,
                   struct cepa_time now)
{
    const struct cepa_ice_selected selected = {
        .path = *path, .pair = CEPA_ICE_NO_PAIR, .is_set = true};
    ice->lite_path = *path;
    cepa_ice_on_consent(ice, now);
    if (is_nominated) {
        cepa_ice_select_path(ice, &selected, now);
    }
}

static void take(struct cepa_ice *ice, const struct cepa_path *path,
                 const struct cepa_stun_message *message, struct cepa_time now)
{
    if (ice->is_lite) {
        follow(ice, path, message->use_candidate, now);
    } else if (ice->current.has_remote) {
        learn(ice, path, message->priority, message->use_candidate, now);
    } else {
        keep_early(ice, path, message);
    }
}

int cepa_ice_on_request(struct cepa_ice *ice, const struct cepa_path *path,
                        const struct cepa_stun_message *message, const uint8_t *data,
                        struct cepa_time now)
{
    bool is_current = is_authentic(&ice->current, message, data);
    unsigned code = 0;
    if (!is_current && !is_authentic(&ice->previous, message, data)) {
        return 0;
    }
    if (message->unknown_len > 0) {
        code = CEPA_STUN_ERROR_UNKNOWN_ATTRIBUTE;
    } else if (is_current && !settle_role(ice, message)) {
        code = CEPA_STUN_ERROR_ROLE_CONFLICT;
    } else if (is_current) {
        take(ice, path, message, now);
    }
    reply(ice, path, message, code, !is_current);
    cepa_ice_on_sign(ice, now);
    cepa_ice_wake(ice);
    return 1;
}
