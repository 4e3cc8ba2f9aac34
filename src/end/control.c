/* The control stream of a session: who the initiator is, new keys, which paths. @[SPEC 16.6] */
#include <string.h>

#include "base/assert.h"
#include "end/end_parts.h"

#define PROOF_NS (20 * CEPA_SECOND_NS) /* for one who wants to say who they are, to say it */

void cepa_end_control_flush(struct cepa_end_talk *talk)
{
    size_t taken = 0;
    if (talk->say_len > 0 &&
        cepa_session_write(talk->streams, &taken, cepa_session_control(talk->streams), talk->say,
                           talk->say_len, false) == 0) {
        talk->say_len -= taken;
        memmove(talk->say, talk->say + taken, talk->say_len);
    }
}

void cepa_end_control_say(struct cepa_end *end, struct cepa_end_talk *talk,
                          const struct cepa_control *control)
{
    cepa_end_control_flush(talk);
    if (talk->say_len + CEPA_CONTROL_SIZE_MAX <= sizeof talk->say) {
        talk->say_len += cepa_control_encode(talk->say + talk->say_len, control);
        cepa_end_control_flush(talk);
    } /* else the other end reads nothing, and what is said is said again */
    cepa_end_talk_touch(end, talk);
}

/* Says who this end is, if it is to. */
static void say_identity(struct cepa_end *end, struct cepa_end_talk *talk)
{
    const struct cepa_end_person *person = cepa_pool_find(&end->people, talk->identity.handle);
    if (person == NULL) {
        return;
    }
    cepa_identity_publish(&end->workspace->keys, &person->identity);
    cepa_identity_public_encode(end->workspace->body, &end->workspace->keys);
    const struct cepa_control control = {.kind = CEPA_CONTROL_IDENTITY,
                                         .body = end->workspace->body};
    cepa_end_control_say(end, talk, &control);
}

static void say_incoming(struct cepa_end *end, struct cepa_end_talk *talk)
{
    const struct cepa_end_effect effect = {.event = CEPA_END_INCOMING,
                                           .session = talk->self,
                                           .identity = talk->identity,
                                           .address = talk->address,
                                           .has_address = talk->has_address};
    talk->is_told = true;
    talk->until = cepa_time_never();
    cepa_end_tell(end, &effect);
}

void cepa_end_talk_proven(struct cepa_end *end, struct cepa_end_talk *talk, struct cepa_time now)
{
    if (talk->stage != CEPA_STAGE_ANSWERING && talk->stage != CEPA_STAGE_KNOCKING) {
        return;
    }
    talk->stage = CEPA_STAGE_OPEN;
    talk->until = cepa_time_never();
    talk->again = cepa_time_never();
    talk->look = now;
    if (talk->is_initiator) {
        const struct cepa_end_effect effect = {.event = CEPA_END_READY,
                                               .session = talk->self,
                                               .address = talk->address,
                                               .has_address = true};
        talk->is_told = true;
        cepa_end_tell(end, &effect);
        say_identity(end, talk);
    } else if (!talk->is_named) {
        say_incoming(end, talk);
    } else {
        talk->until = cepa_time_add(now, PROOF_NS);
    }
    cepa_end_talk_touch(end, talk);
}

/* --- messages --------------------------------------------------------------------------------- */

static int on_offer(struct cepa_end *end, struct cepa_end_talk *talk,
                    const struct cepa_control *control)
{
    uint8_t body[CEPA_CONTROL_ANSWER_SIZE];
    int error = cepa_session_ratchet_answer(&talk->keys, body, control->body, end->config.random,
                                            &end->workspace->session, end->config.cpu);
    if (error == 0) {
        const struct cepa_control answer = {.kind = CEPA_CONTROL_RATCHET_ANSWER, .body = body};
        cepa_end_control_say(end, talk, &answer);
    }
    return error;
}

static int on_identity(struct cepa_end *end, struct cepa_end_talk *talk,
                       const struct cepa_control *control)
{
    struct cepa_end_workspace *workspace = end->workspace;
    struct cepa_identity_public *keys = &workspace->keys;
    if (talk->is_initiator || talk->has_identity || talk->has_address) {
        return CEPA_ERR_STATE;
    }
    int error = cepa_identity_public_decode(keys, control->body, CEPA_CONTROL_IDENTITY_SIZE);
    if (error == 0) {
        cepa_identity_public_address(&talk->address, keys);
        error = cepa_identity_public_check(keys, &talk->address);
    }
    if (error == 0) {
        error = cepa_session_challenge_create(
            &talk->challenge, workspace->body, talk->secrets.proof, &talk->address, &keys->xwing,
            end->config.random, &workspace->session, end->config.cpu);
    }
    if (error == 0) {
        talk->has_identity = true;
        const struct cepa_control challenge = {.kind = CEPA_CONTROL_CHALLENGE,
                                               .body = workspace->body};
        cepa_end_control_say(end, talk, &challenge);
    }
    return error;
}

static int on_challenge(struct cepa_end *end, struct cepa_end_talk *talk,
                        const struct cepa_control *control)
{
    const struct cepa_end_person *person = cepa_pool_find(&end->people, talk->identity.handle);
    uint8_t body[CEPA_CONTROL_PROOF_SIZE];
    if (!talk->is_initiator || person == NULL) {
        return CEPA_ERR_STATE;
    }
    int error = cepa_session_challenge_meet(body, control->body, talk->secrets.proof,
                                            &person->identity.address, &person->identity.xwing,
                                            &end->workspace->session, end->config.cpu);
    if (error == 0) {
        const struct cepa_control proof = {.kind = CEPA_CONTROL_PROOF, .body = body};
        cepa_end_control_say(end, talk, &proof);
    }
    return error;
}

static int on_proof(struct cepa_end *end, struct cepa_end_talk *talk,
                    const struct cepa_control *control)
{
    if (talk->is_initiator || !talk->has_identity) {
        return CEPA_ERR_STATE;
    }
    talk->has_identity = false;
    int error = cepa_session_challenge_check(&talk->challenge, control->body);
    if (error != 0) {
        return error;
    }
    talk->has_address = true;
    if (!talk->is_told && talk->stage == CEPA_STAGE_OPEN) {
        say_incoming(end, talk);
    }
    const struct cepa_control admission = {.kind = CEPA_CONTROL_ADMISSION,
                                           .verdict = CEPA_CONTROL_ACCEPTED};
    cepa_end_control_say(end, talk, &admission);
    return 0;
}

static void on_path(struct cepa_end *end, struct cepa_end_talk *talk,
                    const struct cepa_control *control, struct cepa_time now)
{
    if (control->state == CEPA_CONTROL_PATH_MEET && !talk->is_initiator) {
        cepa_end_paths_come(end, talk, control->path, now);
    } else if (control->state == CEPA_CONTROL_PATH_RETIRE) {
        cepa_end_paths_retired(end, talk, control->path, now);
    }
}

static int on_message(struct cepa_end *end, struct cepa_end_talk *talk,
                      const struct cepa_control *control, struct cepa_time now)
{
    switch (control->kind) {
    case CEPA_CONTROL_RATCHET_OFFER:
        return on_offer(end, talk, control);
    case CEPA_CONTROL_RATCHET_ANSWER:
        return cepa_session_ratchet_finish(&talk->keys, control->body, now,
                                           &end->workspace->session, end->config.cpu);
    case CEPA_CONTROL_IDENTITY:
        return on_identity(end, talk, control);
    case CEPA_CONTROL_CHALLENGE:
        return on_challenge(end, talk, control);
    case CEPA_CONTROL_PROOF:
        return on_proof(end, talk, control);
    case CEPA_CONTROL_ADMISSION:
        return control->verdict == CEPA_CONTROL_ACCEPTED ? 0 : CEPA_ERR_AUTHENTICATION;
    case CEPA_CONTROL_PATH:
        on_path(end, talk, control, now);
        return 0;
    case CEPA_CONTROL_KEPT:
    case CEPA_CONTROL_FINISH:
        return 0;
    }
    return CEPA_ERR_MALFORMED;
}

int cepa_end_control_read(struct cepa_end *end, struct cepa_end_talk *talk, struct cepa_time now)
{
    struct cepa_stream stream = cepa_session_control(talk->streams);
    struct cepa_control_reader *reader = &talk->control;
    for (;;) {
        size_t room = cepa_control_room(reader);
        size_t len = 0;
        bool is_end = false;
        if (room > 0) {
            int error = cepa_session_read(talk->streams, reader->bytes + reader->len, &len, &is_end,
                                          room, stream, now);
            if (error != 0 || is_end) {
                return CEPA_ERR_STATE; /* this stream has no end */
            }
            reader->len += len;
            if (len == 0) {
                return 0;
            }
        }
        struct cepa_control control;
        int error = cepa_control_decode(reader, &control);
        if (error == 0) {
            error = on_message(end, talk, &control, now);
        } else if (error == CEPA_ERR_NOT_FOUND) {
            error = 0;
        }
        if (error != 0) {
            return error;
        }
    }
}
