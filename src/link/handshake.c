/* The handshake's course: parts, repeats, time limits, and where the owner decides. @[SPEC 7.3] */
#include <string.h>

#include "base/assert.h"
#include "base/ct.h"
#include "link/link_internal.h"

enum { ANSWERS_MAX = 8 };

#define REPEAT_NS (500 * CEPA_MILLISECOND_NS)
#define HANDSHAKE_NS (10 * CEPA_SECOND_NS)

static struct cepa_link_handshake *state_of(const struct cepa_link *link)
{
    CEPA_ASSERT(link->handshake != CEPA_LINK_NONE);
    return &link->shared->handshakes[link->handshake];
}

/* Takes a handshake from the pool, if the link has none. */
static int begin(struct cepa_link *link)
{
    if (link->handshake != CEPA_LINK_NONE) {
        return 0;
    }
    link->handshake = cepa_link_pool_take(&link->shared->handshake_pool);
    if (link->handshake == CEPA_LINK_NONE) {
        return CEPA_ERR_FULL;
    }
    struct cepa_link_handshake *state = state_of(link);
    memset(&state->course, 0, sizeof state->course);
    return 0;
}

void cepa_link_handshake_end(struct cepa_link *link)
{
    if (link->handshake != CEPA_LINK_NONE) {
        cepa_wipe(state_of(link), sizeof(struct cepa_link_handshake));
        cepa_link_pool_give(&link->shared->handshake_pool, link->handshake);
        link->handshake = CEPA_LINK_NONE;
    }
}

static size_t frame_len_of(const struct cepa_link *link)
{
    return cepa_carrier_frame_len(link->slots[link->active].carrier.kind);
}

/* Begins to send the `len` bytes in `out`. */
static void send(struct cepa_link *link, enum cepa_handshake_kind kind, size_t len)
{
    struct cepa_link_course *course = &state_of(link)->course;
    course->out_kind = (uint8_t)kind;
    course->out_len = (uint16_t)len;
    course->out_next = 0;
    course->out_count = (uint8_t)cepa_handshake_part_count(len, frame_len_of(link));
}

/* Waits in `phase` for an answer to what is being sent. */
static void await(struct cepa_link *link, enum cepa_link_phase phase, struct cepa_time now)
{
    link->phase = phase;
    state_of(link)->course.repeat_ns = REPEAT_NS;
    link->repeat = cepa_time_add(now, REPEAT_NS);
    link->until = cepa_time_add(now, HANDSHAKE_NS);
}

bool cepa_link_handshake_is_writable(const struct cepa_link *link)
{
    if (link->handshake == CEPA_LINK_NONE) {
        return false;
    }
    const struct cepa_link_course *course = &state_of(link)->course;
    return course->out_next < course->out_count;
}

size_t cepa_link_handshake_pull(struct cepa_link *link, uint8_t *ret_frame, size_t frame_len)
{
    if (!cepa_link_handshake_is_writable(link)) {
        return 0;
    }
    struct cepa_link_handshake *state = state_of(link);
    cepa_handshake_part_encode(ret_frame, frame_len,
                               (enum cepa_handshake_kind)state->course.out_kind, state->out,
                               state->course.out_len, state->course.out_next);
    state->course.out_next++;
    return frame_len;
}

void cepa_link_handshake_step(struct cepa_link *link, struct cepa_time now)
{
    if (cepa_time_is_due(link->until, now)) {
        cepa_link_fail(link, CEPA_ERR_TIMEOUT);
        return;
    }
    if ((link->phase == CEPA_LINK_PHASE_ASKING || link->phase == CEPA_LINK_PHASE_DIALLING) &&
        cepa_time_is_due(link->repeat, now)) {
        struct cepa_link_course *course = &state_of(link)->course;
        course->out_next = 0;
        course->repeat_ns *= 2;
        link->repeat = cepa_time_add(now, course->repeat_ns);
    }
}

/* What this side says of itself. */
static void own_parameters(struct cepa_link_parameters *ret_parameters,
                           const struct cepa_link *link)
{
    const struct cepa_link_shared *shared = link->shared;
    memset(ret_parameters, 0, sizeof *ret_parameters);
    ret_parameters->version_min = CEPA_LINK_VERSION;
    ret_parameters->version_max = CEPA_LINK_VERSION;
    ret_parameters->roles =
        link->is_anonymous
            ? (uint8_t)(CEPA_LINK_ROLE_CLIENT | (shared->identity->roles & CEPA_LINK_ROLE_METERED))
            : shared->identity->roles;
    ret_parameters->shaper = (uint8_t)link->shaper.config.mode;
    ret_parameters->clock_ms = link->wall.unix_ms;
    ret_parameters->credit = CEPA_LINK_WORD_FRAMES;
    ret_parameters->circuits_max = shared->limits.circuits_per_link;
}

/* Agrees with what the peer said. */
static int agree(struct cepa_link *link, const struct cepa_link_parameters *peer)
{
    struct cepa_link_parameters mine;
    own_parameters(&mine, link);
    return cepa_link_parameters_agree(&link->parameters, &mine, peer);
}

static void take_keys(struct cepa_link *link, struct cepa_link_keys *keys)
{
    cepa_link_sealer_init(&link->sealer,
                          link->is_initiator ? &keys->from_initiator : &keys->from_responder);
    cepa_link_opener_init(&link->opener,
                          link->is_initiator ? &keys->from_responder : &keys->from_initiator);
    memcpy(link->proof_key, keys->proof, sizeof link->proof_key);
    cepa_wipe(keys, sizeof *keys);
}

static struct cepa_link_prologue prologue_of(const struct cepa_link *link,
                                             const struct cepa_node_id *responder,
                                             const struct cepa_xwing_public_key *responder_key)
{
    const struct cepa_carrier *carrier = &link->slots[link->active].carrier;
    struct cepa_link_prologue prologue = {link->shared->identity->network_id, carrier->kind,
                                          carrier->binding, responder, responder_key};
    return prologue;
}

int cepa_link_ask(struct cepa_link *link, struct cepa_time now)
{
    if (!link->is_initiator || link->phase != CEPA_LINK_PHASE_START ||
        !link->slots[link->active].is_attached) {
        return CEPA_ERR_STATE;
    }
    if (begin(link) != 0) {
        return CEPA_ERR_FULL;
    }
    cepa_handshake_ask_encode(state_of(link)->out, link->shared->identity->network_id);
    send(link, CEPA_HANDSHAKE_ASK, CEPA_HANDSHAKE_ASK_SIZE);
    await(link, CEPA_LINK_PHASE_ASKING, now);
    return 0;
}

int cepa_link_dial(struct cepa_link *link, const struct cepa_node_id *peer,
                   const struct cepa_xwing_public_key *link_key, struct cepa_time now)
{
    const struct cepa_link_identity *identity = link->shared->identity;
    uint8_t randomness[CEPA_HANDSHAKE_FIRST_RANDOM_SIZE];
    struct cepa_handshake_rest rest = {.credentials = NULL, .credentials_len = 0};
    size_t len;
    if (!link->is_initiator || !link->slots[link->active].is_attached ||
        (link->phase != CEPA_LINK_PHASE_START && link->phase != CEPA_LINK_PHASE_VERIFYING)) {
        return CEPA_ERR_STATE;
    }
    if (begin(link) != 0) {
        return CEPA_ERR_FULL;
    }
    struct cepa_link_handshake *state = state_of(link);
    own_parameters(&rest.parameters, link);
    if (!link->is_anonymous) {
        CEPA_ASSERT(identity->credentials != NULL && identity->link_keys[0] != NULL);
        rest.credentials = identity->credentials;
        rest.credentials_len = identity->credentials_len;
        cepa_link_key_hint(state->course.own_hint, &identity->link_keys[0]->public_key);
    }
    if (cepa_random_fill(link->shared->random, randomness, sizeof randomness) != 0) {
        return CEPA_ERR_RANDOM;
    }
    struct cepa_link_prologue prologue = prologue_of(link, peer, link_key);
    int error = cepa_handshake_first_create(
        &state->course.schedule, state->out, &len, &state->course.fresh, &prologue, &rest,
        randomness, link->shared->fresh_key, link->shared->workspace, link->shared->cpu);
    cepa_wipe(randomness, sizeof randomness);
    if (error != 0) {
        return error;
    }
    link->peer = *peer;
    link->is_peer_known = true;
    state->course.in_len = 0;
    send(link, CEPA_HANDSHAKE_FIRST, len);
    await(link, CEPA_LINK_PHASE_DIALLING, now);
    return 0;
}

/* The link key that a hint names; NULL if it is none of ours. */
static const struct cepa_xwing_key *find_key(const struct cepa_link *link, const uint8_t *hint)
{
    for (size_t i = 0; i < 2; i++) {
        const struct cepa_xwing_key *key = link->shared->identity->link_keys[i];
        uint8_t own[CEPA_LINK_HINT_SIZE];
        if (key != NULL) {
            cepa_link_key_hint(own, &key->public_key);
            if (memcmp(own, hint, sizeof own) == 0) {
                return key;
            }
        }
    }
    return NULL;
}

/* Writes the second message; `initiator_key` is NULL for an anonymous initiator. */
static int answer(struct cepa_link *link, const struct cepa_xwing_public_key *initiator_key,
                  struct cepa_time now)
{
    struct cepa_link_handshake *state = state_of(link);
    uint8_t randomness[CEPA_HANDSHAKE_SECOND_RANDOM_SIZE];
    struct cepa_xwing_public_key fresh;
    struct cepa_link_parameters parameters;
    struct cepa_link_keys keys;
    size_t len;
    if (cepa_random_fill(link->shared->random, randomness, sizeof randomness) != 0) {
        return CEPA_ERR_RANDOM;
    }
    memcpy(fresh.bytes, state->in + CEPA_HANDSHAKE_FIRST_CLEAR_SIZE - sizeof fresh.bytes,
           sizeof fresh.bytes);
    own_parameters(&parameters, link);
    int error = cepa_handshake_second_create(&state->course.schedule, state->out, &len, &keys,
                                             &fresh, initiator_key, &parameters, randomness,
                                             link->shared->workspace, link->shared->cpu);
    cepa_wipe(randomness, sizeof randomness);
    if (error != 0) {
        return error;
    }
    take_keys(link, &keys);
    send(link, CEPA_HANDSHAKE_SECOND, len);
    await(link, CEPA_LINK_PHASE_CONFIRMING, now);
    return 0;
}

/* Opens the first message. Gives 1 if the owner is to verify credentials, 0 if an answer is on its
 * way, or the error that ends the link. */
static int consume_first(struct cepa_link *link, struct cepa_time now)
{
    struct cepa_link_handshake *state = state_of(link);
    struct cepa_handshake_first first;
    struct cepa_handshake_rest rest;
    int error = cepa_handshake_first_decode(&first, state->in, state->course.in_len);
    const struct cepa_xwing_key *key = error == 0 ? find_key(link, first.key_hint) : NULL;
    if (key == NULL) {
        return error != 0 ? error : CEPA_ERR_EPOCH;
    }
    struct cepa_link_prologue prologue =
        prologue_of(link, &link->shared->identity->node_id, &key->public_key);
    cepa_link_schedule_init(&state->course.schedule, &prologue);
    error = cepa_handshake_first_consume(&state->course.schedule, &rest, state->in,
                                         state->course.in_len, key, link->shared->workspace,
                                         link->shared->cpu);
    if (error == 0) {
        error = agree(link, &rest.parameters);
    }
    if (error != 0) {
        return error;
    }
    if (rest.credentials == NULL) {
        return answer(link, NULL, now);
    }
    state->course.credentials_offset = (uint16_t)(rest.credentials - state->in);
    state->course.credentials_len = (uint16_t)rest.credentials_len;
    return 1;
}

int cepa_link_allow(struct cepa_link *link, struct cepa_time now)
{
    if (link->phase != CEPA_LINK_PHASE_ALLOWING) {
        return CEPA_ERR_STATE;
    }
    int result = consume_first(link, now);
    if (result < 0) {
        cepa_link_fail(link, result);
    } else if (result > 0) {
        link->phase = CEPA_LINK_PHASE_VERIFYING;
        cepa_link_tell(link, CEPA_LINK_CREDENTIALS);
    }
    return 0;
}

int cepa_link_trust(struct cepa_link *link, const struct cepa_node_id *peer,
                    const struct cepa_xwing_public_key *link_key, struct cepa_time now)
{
    if (link->phase != CEPA_LINK_PHASE_VERIFYING) {
        return CEPA_ERR_STATE;
    }
    if (link->is_initiator) {
        return cepa_link_dial(link, peer, link_key, now);
    }
    link->peer = *peer;
    link->is_peer_known = true;
    return answer(link, link_key, now);
}

const uint8_t *cepa_link_handshake_credentials(const struct cepa_link *link, size_t *ret_len)
{
    const struct cepa_link_handshake *state = state_of(link);
    *ret_len = state->course.credentials_len;
    return state->in + state->course.credentials_offset;
}

/* Tells the peer why not. The link goes on: the peer may have a better message. */
static void refuse(struct cepa_link *link, enum cepa_handshake_refusal why)
{
    struct cepa_link_handshake *state = state_of(link);
    if (state->course.answers < ANSWERS_MAX && !cepa_link_handshake_is_writable(link)) {
        state->course.answers++;
        state->out[0] = (uint8_t)why;
        send(link, CEPA_HANDSHAKE_REFUSAL, CEPA_HANDSHAKE_REFUSAL_SIZE);
    }
}

/* A whole ASK is here: the credentials are no secret. */
static void on_ask(struct cepa_link *link, const uint8_t *message, size_t len)
{
    const struct cepa_link_identity *identity = link->shared->identity;
    struct cepa_link_handshake *state = state_of(link);
    const uint8_t *hint;
    int error = cepa_handshake_ask_decode(&hint, message, len);
    if (error == CEPA_ERR_VERSION) {
        refuse(link, CEPA_REFUSAL_VERSION);
    } else if (error == 0 && memcmp(hint, identity->network_id, CEPA_LINK_HINT_SIZE) != 0) {
        refuse(link, CEPA_REFUSAL_NETWORK);
    } else if (error == 0 && identity->credentials != NULL && state->course.answers < ANSWERS_MAX &&
               !cepa_link_handshake_is_writable(link)) {
        CEPA_ASSERT(identity->credentials_len <= CEPA_LINK_CREDENTIALS_MAX);
        state->course.answers++;
        memcpy(state->out, identity->credentials, identity->credentials_len);
        send(link, CEPA_HANDSHAKE_CREDENTIALS, identity->credentials_len);
    }
}

/* A whole first message is here: before anything costly the owner is asked. */
static void on_first(struct cepa_link *link, const uint8_t *message, size_t len)
{
    struct cepa_handshake_first first;
    int error = cepa_handshake_first_decode(&first, message, len);
    if (error == CEPA_ERR_VERSION) {
        refuse(link, CEPA_REFUSAL_VERSION);
    } else if (error != 0) {
        link->frames_dropped++;
    } else if (memcmp(first.network_hint, link->shared->identity->network_id,
                      CEPA_LINK_HINT_SIZE) != 0) {
        refuse(link, CEPA_REFUSAL_NETWORK);
    } else if (find_key(link, first.key_hint) == NULL) {
        refuse(link, CEPA_REFUSAL_KEY);
    } else {
        link->phase = CEPA_LINK_PHASE_ALLOWING;
        cepa_link_tell(link, CEPA_LINK_HANDSHAKE);
    }
}

/* A whole second message is here. One that does not verify is dropped; the right one may come. */
static void on_second(struct cepa_link *link, uint8_t *message, size_t len)
{
    struct cepa_link_handshake *state = state_of(link);
    struct cepa_link_shared *shared = link->shared;
    struct cepa_link_parameters parameters;
    struct cepa_link_keys keys;
    const struct cepa_xwing_key *own =
        link->is_anonymous ? NULL : find_key(link, state->course.own_hint);
    if (!link->is_anonymous && own == NULL) {
        cepa_link_fail(link, CEPA_ERR_EPOCH);
        return;
    }
    if (state->course.answers++ == ANSWERS_MAX) {
        cepa_link_fail(link, CEPA_ERR_AUTHENTICATION);
        return;
    }
    cepa_xwing_key_expand(shared->fresh_key, &state->course.fresh, shared->workspace, shared->cpu);
    int error =
        cepa_handshake_second_consume(&state->course.schedule, &keys, &parameters, message, len,
                                      shared->fresh_key, own, shared->workspace, shared->cpu);
    cepa_wipe(shared->fresh_key, sizeof *shared->fresh_key);
    if (error != 0) {
        link->frames_dropped++;
        return;
    }
    take_keys(link, &keys);
    error = agree(link, &parameters);
    cepa_link_handshake_end(link);
    if (error != 0) {
        cepa_link_fail(link, error);
        return;
    }
    link->phase = CEPA_LINK_PHASE_UP;
    link->slots[link->active].is_proven = true;
    link->ack.is_probe_due = true; /* the responder waits for a sealed frame */
    cepa_link_tell(link, CEPA_LINK_UP);
}

void cepa_link_handshake_confirm(struct cepa_link *link)
{
    cepa_link_handshake_end(link);
    link->phase = CEPA_LINK_PHASE_UP;
    link->slots[link->active].is_proven = true;
    cepa_link_tell(link, CEPA_LINK_UP);
}

static void on_refusal(struct cepa_link *link, uint8_t why)
{
    switch (why) {
    case CEPA_REFUSAL_VERSION:
        cepa_link_fail(link, CEPA_ERR_VERSION);
        break;
    case CEPA_REFUSAL_NETWORK:
        cepa_link_fail(link, CEPA_ERR_UNSUPPORTED);
        break;
    case CEPA_REFUSAL_KEY:
        cepa_link_fail(link, CEPA_ERR_EPOCH);
        break;
    default:
        cepa_link_fail(link, CEPA_ERR_TOO_SOON);
        break;
    }
}

/* The longest message of a kind. */
static size_t message_max(enum cepa_handshake_kind kind)
{
    switch (kind) {
    case CEPA_HANDSHAKE_CREDENTIALS:
        return CEPA_LINK_CREDENTIALS_MAX;
    case CEPA_HANDSHAKE_FIRST:
        return CEPA_HANDSHAKE_FIRST_MAX;
    case CEPA_HANDSHAKE_SECOND:
        return CEPA_HANDSHAKE_SECOND_MAX;
    case CEPA_HANDSHAKE_ASK:
        return CEPA_HANDSHAKE_ASK_SIZE;
    case CEPA_HANDSHAKE_REFUSAL:
        break;
    }
    return CEPA_HANDSHAKE_REFUSAL_SIZE;
}

/* Whether a kind of message is waited for. */
static bool is_expected(const struct cepa_link *link, enum cepa_handshake_kind kind)
{
    if (link->phase == CEPA_LINK_PHASE_START) {
        return !link->is_initiator && (kind == CEPA_HANDSHAKE_ASK || kind == CEPA_HANDSHAKE_FIRST);
    }
    return (link->phase == CEPA_LINK_PHASE_ASKING &&
            (kind == CEPA_HANDSHAKE_CREDENTIALS || kind == CEPA_HANDSHAKE_REFUSAL)) ||
           (link->phase == CEPA_LINK_PHASE_DIALLING &&
            (kind == CEPA_HANDSHAKE_SECOND || kind == CEPA_HANDSHAKE_REFUSAL));
}

/* Puts a part in its place. Gives true when the message is whole. */
static bool assemble(struct cepa_link_handshake *state, const struct cepa_handshake_part *part,
                     size_t frame_len)
{
    struct cepa_link_course *course = &state->course;
    size_t room = frame_len - CEPA_HANDSHAKE_PART_HEADER_SIZE;
    if (course->in_kind != part->kind || course->in_len != part->message_len) {
        course->in_kind = (uint8_t)part->kind;
        course->in_len = part->message_len;
        course->in_parts = 0;
    }
    memcpy(state->in + part->index * room, part->data, part->data_len);
    course->in_parts |= (uint32_t)1 << part->index;
    if (course->in_parts != ((uint32_t)1 << part->count) - 1) {
        return false;
    }
    course->in_parts = 0;
    return true;
}

void cepa_link_handshake_receive(struct cepa_link *link, const uint8_t *frame, size_t frame_len,
                                 struct cepa_time now)
{
    struct cepa_handshake_part part;
    if (cepa_handshake_part_decode(&part, frame, frame_len) != 0) {
        link->frames_dropped++;
        return;
    }
    if (link->phase == CEPA_LINK_PHASE_CONFIRMING && part.kind == CEPA_HANDSHAKE_FIRST) {
        /* The initiator repeats its message, so ours was lost. */
        if (part.index == 0 && !cepa_link_handshake_is_writable(link)) {
            state_of(link)->course.out_next = 0;
        }
        return;
    }
    if (!is_expected(link, part.kind) || part.message_len > message_max(part.kind) ||
        begin(link) != 0) {
        link->frames_dropped++;
        return;
    }
    if (cepa_time_is_never(link->until)) {
        link->until = cepa_time_add(now, HANDSHAKE_NS);
    }
    struct cepa_link_handshake *state = state_of(link);
    if (!assemble(state, &part, frame_len)) {
        return;
    }
    switch (part.kind) {
    case CEPA_HANDSHAKE_ASK:
        on_ask(link, state->in, part.message_len);
        break;
    case CEPA_HANDSHAKE_FIRST:
        on_first(link, state->in, part.message_len);
        break;
    case CEPA_HANDSHAKE_SECOND:
        on_second(link, state->in, part.message_len);
        break;
    case CEPA_HANDSHAKE_CREDENTIALS:
        state->course.credentials_offset = 0;
        state->course.credentials_len = part.message_len;
        link->phase = CEPA_LINK_PHASE_VERIFYING;
        cepa_link_tell(link, CEPA_LINK_CREDENTIALS);
        break;
    case CEPA_HANDSHAKE_REFUSAL:
        on_refusal(link, state->in[0]);
        break;
    }
}
