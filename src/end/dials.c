/* How a session begins: the initiator looks an address up, builds a circuit to where to meet, and
 * knocks; the responder comes there and answers. @[SPEC 16.1] */
#include <string.h>

#include "base/assert.h"
#include "base/ct.h"
#include "end/end_parts.h"
#include "session/knock_work.h"

enum { KNOCKS_MAX = 8, PAUSES_MAX = 3 };
#define KNOCK_NS (5 * CEPA_SECOND_NS)          /* for an introduction point to take it */
#define ANSWER_NS (3 * CEPA_SECOND_NS)         /* for the other end to come; more each time */
#define PAUSE_NS (5 * CEPA_SECOND_NS / 2)      /* till all points are tried again; more each time */
#define REPEAT_NS (1 * CEPA_SECOND_NS)         /* the answer is sent again */
#define LOOKUP_ASK_NS (10 * CEPA_SECOND_NS)    /* for one question */
#define WORK_REST_NS (1 * CEPA_MILLISECOND_NS) /* between two pieces of work */
#define RESPONDER_NS (20 * CEPA_SECOND_NS)     /* for the initiator to show itself */

/* --- the initiator ---------------------------------------------------------------------------- */

/* No introduction point serves, and nobody has another descriptor. The other end may be choosing
 * new points, or they hand over no more for the moment: who is there is worth waiting for. */
static void pause_knocks(struct cepa_end *end, struct cepa_end_talk *talk, struct cepa_time now)
{
    if (talk->pauses == PAUSES_MAX) {
        cepa_end_talk_end(end, talk, CEPA_ERR_UNREACHABLE, 0, now);
        return;
    }
    talk->pauses++;
    talk->is_looked_up_again = false;
    talk->tries = 0;
    talk->stage = CEPA_STAGE_KNOCKING;
    talk->again = cepa_time_add(now, talk->pauses * PAUSE_NS);
}

static void look_up_again(struct cepa_end *end, struct cepa_end_talk *talk, struct cepa_time now)
{
    int error = talk->is_looked_up_again
                    ? CEPA_ERR_NOT_FOUND
                    : cepa_lookups_find(&end->lookups, &talk->lookup, &talk->address, true, now,
                                        cepa_end_wall(end, now));
    if (error == 0) {
        talk->is_looked_up_again = true;
        talk->stage = CEPA_STAGE_LOOKUP;
        talk->tries = 0;
    } else if (error == CEPA_ERR_NOT_FOUND) {
        pause_knocks(end, talk, now);
    } else {
        cepa_end_talk_end(end, talk, error, 0, now);
    }
}

/* Gives the knock to the introduction point that it is for. */
static void send_knock(struct cepa_end *end, struct cepa_end_talk *talk, struct cepa_time now)
{
    const struct cepa_end_question question = {.asker = CEPA_END_ASKER_KNOCK,
                                               .owner = talk->self.handle.index,
                                               .ticket = ++talk->tries,
                                               .relay = &talk->point,
                                               .service = CEPA_SERVICE_INTRODUCE,
                                               .limit_ns = KNOCK_NS,
                                               .body = talk->knock,
                                               .body_len = sizeof talk->knock};
    talk->stage = CEPA_STAGE_KNOCKING;
    talk->start = (struct cepa_start_whole){0};
    talk->again = cepa_time_add(now, talk->tries * ANSWER_NS);
    int error = cepa_end_ask(&end->asks, &question, now);
    if (error != 0) {
        talk->again = cepa_time_add(now, error == CEPA_ERR_NOT_FOUND ? 0 : REPEAT_NS);
    }
}

static int make_knock(struct cepa_end *end, struct cepa_end_talk *talk,
                      const struct cepa_address_found *found, struct cepa_time now)
{
    const struct cepa_end_meeting *meeting = &talk->paths[0];
    const struct cepa_introduction_point *point =
        &found->contents.points[(meeting->tag[0] + talk->tries) % found->contents.points_len];
    struct cepa_xwing_public_key prekey;
    struct cepa_prekey_id prekey_id;
    memcpy(prekey.bytes, found->contents.prekey, sizeof prekey.bytes);
    cepa_prekey_id_of(&prekey_id, prekey.bytes);
    const struct cepa_session_addressee addressee = {.network = &end->network,
                                                     .address = &talk->address,
                                                     .identity = &found->keys.xwing,
                                                     .prekey = &prekey,
                                                     .prekey_id = prekey_id.bytes};
    struct cepa_knock said = {.time = cepa_end_wall(end, now),
                              .is_named = !cepa_handle_is_none(talk->identity.handle),
                              .paths_max = CEPA_SESSION_PATHS_MAX};
    memcpy(said.relay, meeting->relay.bytes, sizeof said.relay);
    memcpy(said.cookie, meeting->cookie, sizeof said.cookie);
    memcpy(talk->knock, point->key, CEPA_INTRODUCE_KEY_SIZE);
    memcpy(talk->point.bytes, point->relay, sizeof talk->point.bytes);
    return cepa_knock_create(&talk->initiator, talk->knock + CEPA_INTRODUCE_KEY_SIZE, &said,
                             &addressee, end->config.random, &end->workspace->session,
                             end->config.cpu);
}

/* Knocks at the next introduction point. */
static void knock(struct cepa_end *end, struct cepa_end_talk *talk, struct cepa_time now)
{
    const struct cepa_address_found *found = cepa_lookups_known(&end->lookups, &talk->address);
    if (found == NULL || found->contents.points_len == 0 || talk->tries >= KNOCKS_MAX) {
        look_up_again(end, talk, now);
        return;
    }
    int error = make_knock(end, talk, found, now);
    if (error != 0) {
        cepa_end_talk_end(end, talk, error, 0, now);
    } else if ((found->contents.flags & CEPA_ADDRESS_WORK) != 0) {
        talk->stage = CEPA_STAGE_WORKING;
        talk->nonce = 0;
        talk->again = now;
    } else {
        send_knock(end, talk, now);
    }
}

/* Does some of the work for a knock: one session in each step, so that nothing else waits long. */
static void work(struct cepa_end *end, struct cepa_end_talk *talk, struct cepa_time now)
{
    uint32_t tries = end->work_left;
    end->work_left = 0;
    if (tries > 0 &&
        cepa_knock_work(talk->knock + CEPA_INTRODUCE_KEY_SIZE, &talk->nonce, tries) == 0) {
        send_knock(end, talk, now);
    } else {
        talk->again = cepa_time_add(now, WORK_REST_NS);
    }
}

/* Begins a circuit to where to meet: its last hop is drawn, so that nobody chooses it. */
static void begin_meeting(struct cepa_end *end, struct cepa_end_talk *talk, struct cepa_time now)
{
    struct cepa_end_meeting *meeting = &talk->paths[0];
    cepa_end_meeting_close(end, talk, meeting, now);
    talk->stage = CEPA_STAGE_MEETING;
    int error = cepa_random_fill(end->config.random, meeting->cookie, sizeof meeting->cookie);
    error |= cepa_random_fill(end->config.random, meeting->end, sizeof meeting->end);
    error |= cepa_random_fill(end->config.random, meeting->tag, sizeof meeting->tag);
    if (error == 0) {
        error = cepa_end_meeting_build(end, talk, meeting, now);
    }
    if (error != 0) {
        meeting->state = CEPA_MEETING_BUILDS; /* it is tried again */
        meeting->until = cepa_time_add(now, REPEAT_NS);
    }
}

void cepa_end_on_drawn(struct cepa_end *end, struct cepa_end_talk *talk, struct cepa_time now)
{
    if (talk->stage == CEPA_STAGE_MEETING) {
        knock(end, talk, now);
    }
}

void cepa_end_on_knock_answer(struct cepa_end *end, struct cepa_end_talk *talk,
                              const struct cepa_end_answer *answer, struct cepa_time now)
{
    if (talk->stage == CEPA_STAGE_KNOCKING && answer->ticket == talk->tries &&
        (answer->error != 0 || answer->status != CEPA_SERVICE_OK)) {
        knock(end, talk, now);
    }
}

/* A custodian's answer, as look-ups and publishers know it. */
static void ask_custodian(struct cepa_end *end, const struct cepa_custodian_ask *ask,
                          struct cepa_time now)
{
    struct cepa_ed25519_public_key near[CEPA_DESCRIPTOR_NEAREST];
    size_t len = cepa_node_nearest(end->config.node, near, CEPA_DESCRIPTOR_NEAREST,
                                   cepa_descriptor_position_start(&ask->position));
    int error = CEPA_ERR_NOT_FOUND;
    if (ask->rank < len && !cepa_node_is_self(end->config.node, &near[ask->rank])) {
        const struct cepa_end_question question = {.asker = CEPA_END_ASKER_LOOKUP,
                                                   .ticket = ask->number,
                                                   .relay = &near[ask->rank],
                                                   .service = CEPA_SERVICE_DESCRIPTOR_GET,
                                                   .limit_ns = LOOKUP_ASK_NS,
                                                   .body = ask->position.bytes,
                                                   .body_len = sizeof ask->position.bytes};
        error = cepa_end_ask(&end->asks, &question, now);
    }
    if (error != 0) {
        cepa_lookups_on_answer(&end->lookups, ask->number,
                               ask->rank >= len ? CEPA_CUSTODIAN_NONE : CEPA_CUSTODIAN_FAILED, NULL,
                               0, now);
    }
}

/* Tells letters that wait for this look-up. */
static void tell_leavings(struct cepa_end *end, const struct cepa_lookups_effect *effect,
                          struct cepa_time now)
{
    for (uint32_t i = 0; i < end->config.limits.letters; i++) {
        struct cepa_end_leaving *leaving = cepa_end_leaving_at(end, i);
        if (leaving != NULL && !leaving->is_found && leaving->lookup == effect->lookup) {
            cepa_end_leaving_on_lookup(end, leaving, effect, now);
        }
    }
}

void cepa_end_on_lookups(struct cepa_end *end, struct cepa_time now)
{
    struct cepa_lookups_effect effect;
    while (cepa_end_asks_room(&end->asks) > 0 && cepa_lookups_next(&end->lookups, &effect) == 0) {
        if (effect.kind == CEPA_LOOKUPS_ASK) {
            ask_custodian(end, &effect.ask, now);
            continue;
        }
        tell_leavings(end, &effect, now);
        for (uint32_t i = 0; i < end->config.limits.sessions; i++) {
            struct cepa_end_talk *talk = cepa_end_talk_at(end, i);
            if (talk == NULL || talk->stage != CEPA_STAGE_LOOKUP || talk->lookup != effect.lookup) {
                continue;
            }
            bool serves =
                talk->is_compared && cepa_lookups_known(&end->lookups, &talk->address) != NULL;
            talk->is_compared = false;
            if (effect.kind == CEPA_LOOKUPS_FOUND || serves) {
                begin_meeting(end, talk, now);
            } else if (talk->is_looked_up_again && effect.error == CEPA_ERR_NOT_FOUND) {
                pause_knocks(end, talk, now);
            } else {
                cepa_end_talk_end(end, talk, effect.error, 0, now);
            }
        }
    }
}

static void on_answer(struct cepa_end *end, struct cepa_end_talk *talk, struct cepa_time now)
{
    struct cepa_session_terms terms;
    uint8_t *message = end->workspace->knock; /* large enough */
    _Static_assert(sizeof end->workspace->knock >= CEPA_START_SIZE, "an answer fits");
    memcpy(message, talk->start_bytes, CEPA_START_SIZE);
    if (cepa_answer_consume(&talk->initiator, &terms, &talk->secrets, message,
                            &end->workspace->session, end->config.cpu) != 0) {
        return; /* the right one may still come */
    }
    bool is_named = !cepa_handle_is_none(talk->identity.handle);
    cepa_end_asks_drop(&end->asks, CEPA_END_ASKER_KNOCK, talk->self.handle.index, now);
    int error = terms.admission == CEPA_ADMISSION_NAMED && !is_named
                    ? CEPA_ERR_AUTHENTICATION
                    : cepa_end_talk_open(end, talk, now);
    if (error != 0) {
        cepa_end_talk_end(end, talk, error, 0, now);
        return;
    }
    talk->has_address = true; /* nobody else could have answered */
    cepa_end_paths_on_stands(end, talk, &talk->paths[0], now);
    cepa_end_talk_proven(end, talk, now);
}

/* --- the responder ---------------------------------------------------------------------------- */

static void send_answer(struct cepa_end *end, struct cepa_end_talk *talk, struct cepa_time now)
{
    uint8_t data[CEPA_CELL_DATA_MAX];
    for (uint32_t part = 0; part < CEPA_START_PARTS; part++) {
        cepa_start_part_encode(data, CEPA_START_ANSWER, (uint8_t)part, talk->start_bytes);
        int error = cepa_node_circuit_send(end->config.node, talk->paths[0].circuit, data,
                                           sizeof data, now);
        (void)error; /* it is sent again */
    }
    talk->again = cepa_time_add(now, REPEAT_NS);
}

static int open_knock(struct cepa_end *end, struct cepa_end_person *person,
                      struct cepa_session_responder *ret_responder, struct cepa_knock *ret_knock,
                      uint8_t *message, size_t message_len, struct cepa_time now)
{
    struct cepa_end_workspace *workspace = end->workspace;
    const struct cepa_session_self self = {.network = &end->network,
                                           .address = &person->identity.address,
                                           .identity = &person->identity.xwing};
    struct cepa_prekey_id id;
    struct cepa_knock_tag tag;
    int error = cepa_knock_open(ret_responder, id.bytes, message, message_len, &self,
                                &workspace->session, end->config.cpu);
    if (error != 0) {
        return error;
    }
    const struct cepa_prekey *prekey = cepa_prekeys_find(&person->prekeys, &id);
    if (prekey == NULL) {
        return CEPA_ERR_EPOCH;
    }
    cepa_xwing_key_expand(&workspace->prekey, &prekey->seed, &workspace->session.xwing,
                          end->config.cpu);
    error = cepa_knock_consume(ret_responder, ret_knock, &tag, message, &workspace->prekey,
                               &workspace->session, end->config.cpu);
    cepa_wipe(&workspace->prekey, sizeof workspace->prekey);
    return error != 0
               ? error
               : cepa_knocks_take(&end->knocks, &tag, ret_knock->time, cepa_end_wall(end, now));
}

static int begin_answer(struct cepa_end *end, struct cepa_end_talk *talk,
                        const struct cepa_end_person *person,
                        struct cepa_session_responder *responder, const struct cepa_knock *said,
                        struct cepa_time now)
{
    struct cepa_end_meeting *meeting = &talk->paths[0];
    bool is_open = person->policy.accepts_anonymous;
    const struct cepa_session_terms terms = {.admission = is_open ? CEPA_ADMISSION_OPEN
                                                                  : CEPA_ADMISSION_NAMED,
                                             .paths_max = CEPA_SESSION_PATHS_MAX};
    talk->stage = CEPA_STAGE_ANSWERING;
    talk->identity = person->self;
    talk->is_named = said->is_named;
    talk->until = cepa_time_add(now, RESPONDER_NS);
    memcpy(meeting->relay.bytes, said->relay, sizeof meeting->relay.bytes);
    memcpy(meeting->cookie, said->cookie, sizeof meeting->cookie);
    meeting->has_relay = true;
    int error = cepa_random_fill(end->config.random, meeting->end, sizeof meeting->end);
    error |= cepa_random_fill(end->config.random, meeting->tag, sizeof meeting->tag);
    if (error == 0) {
        error = cepa_answer_create(responder, talk->start_bytes, &talk->secrets, &terms,
                                   end->config.random, &end->workspace->session, end->config.cpu);
    }
    if (error == 0) {
        error = cepa_end_talk_open(end, talk, now);
    }
    return error == 0 ? cepa_end_meeting_build(end, talk, meeting, now) : error;
}

/* Strangers may take half of the places while nobody knows whether they will come, three quarters
 * in all: the rest is for those whom this end wants to reach. */
static bool has_place(const struct cepa_end *end)
{
    uint32_t sessions = end->config.limits.sessions;
    uint32_t came = 0;
    uint32_t begun = 0;
    for (uint32_t i = 0; i < sessions; i++) {
        const struct cepa_end_talk *talk = cepa_end_talk_at(end, i);
        came += talk != NULL && !talk->is_initiator;
        begun += talk != NULL && !talk->is_initiator && !talk->is_told;
    }
    return begun < (sessions + 1) / 2 && came < sessions - sessions / 4;
}

void cepa_end_on_knock(struct cepa_end *end, struct cepa_end_person *person, uint8_t *message,
                       size_t message_len, struct cepa_time now)
{
    struct cepa_session_responder responder;
    struct cepa_knock said;
    if (!has_place(end) || (person->policy.wants_work &&
                            (message_len != CEPA_KNOCK_SIZE || !cepa_knock_has_work(message)))) {
        return;
    }
    if (open_knock(end, person, &responder, &said, message, message_len, now) == 0 &&
        (said.is_named || person->policy.accepts_anonymous) &&
        !cepa_node_is_self(end->config.node, (const void *)said.relay) &&
        cepa_end_pay(&person->answered, cepa_end_knock_interval_ns(person), CEPA_END_BURST, now)) {
        struct cepa_end_talk *talk = cepa_end_talk_new(end, now);
        if (talk != NULL && begin_answer(end, talk, person, &responder, &said, now) != 0) {
            cepa_end_talk_end(end, talk, CEPA_ERR_UNREACHABLE, 0, now);
        }
    }
    cepa_wipe(&responder, sizeof responder);
}

/* --- both ------------------------------------------------------------------------------------- */

void cepa_end_on_first_stands(struct cepa_end *end, struct cepa_end_talk *talk,
                              struct cepa_time now)
{
    if (talk->stage == CEPA_STAGE_ANSWERING) {
        send_answer(end, talk, now);
    }
}

void cepa_end_on_start_part(struct cepa_end *end, struct cepa_end_talk *talk, const uint8_t *data,
                            struct cepa_time now)
{
    bool is_whole = false;
    if (talk->stage == CEPA_STAGE_KNOCKING &&
        cepa_start_whole_add(&talk->start, talk->start_bytes, &is_whole, data) == 0 && is_whole &&
        talk->start.kind == CEPA_START_ANSWER) {
        on_answer(end, talk, now);
    }
}

/* The circuit did not come about, or broke before there was a session. */
static void try_circuit_again(struct cepa_end *end, struct cepa_end_talk *talk,
                              struct cepa_time now)
{
    struct cepa_end_meeting *meeting = &talk->paths[0];
    if (talk->is_initiator) {
        begin_meeting(end, talk, now);
    } else if (cepa_end_meeting_build(end, talk, meeting, now) != 0) {
        meeting->until = cepa_time_add(now, REPEAT_NS);
    }
}

void cepa_end_dial_step(struct cepa_end *end, struct cepa_end_talk *talk, struct cepa_time now)
{
    const struct cepa_end_meeting *meeting = &talk->paths[0];
    if (cepa_time_is_due(talk->until, now)) {
        cepa_end_talk_end(end, talk, CEPA_ERR_TIMEOUT, 0, now);
        return;
    }
    if (talk->stage == CEPA_STAGE_LOOKUP) {
        return;
    }
    if (meeting->state == CEPA_MEETING_BUILDS && cepa_time_is_due(meeting->until, now)) {
        try_circuit_again(end, talk, now);
    } else if (talk->stage == CEPA_STAGE_WORKING && cepa_time_is_due(talk->again, now)) {
        work(end, talk, now);
    } else if (talk->stage == CEPA_STAGE_KNOCKING && cepa_time_is_due(talk->again, now)) {
        /* The other end may be the relay that was drawn, or not reach it: to knock with the same
         * one again would be in vain. An answer to the last knock could not be opened any more. */
        cepa_end_asks_drop(&end->asks, CEPA_END_ASKER_KNOCK, talk->self.handle.index, now);
        begin_meeting(end, talk, now);
    } else if (talk->stage == CEPA_STAGE_ANSWERING && cepa_time_is_due(talk->again, now)) {
        if (meeting->state == CEPA_MEETING_STANDS) {
            send_answer(end, talk, now);
        } else {
            talk->again = cepa_time_add(now, REPEAT_NS);
        }
    }
}
