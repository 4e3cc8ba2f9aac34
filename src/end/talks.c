/* Sessions of this end: their memory, their turns, and their end. */
#include <string.h>

#include "base/assert.h"
#include "base/ct.h"
#include "end/end_parts.h"

#define LOOK_NS (1 * CEPA_SECOND_NS)
#define CUT_MAX_NS (600 * CEPA_SECOND_NS) /* without any path: it is over */
#define DIAL_NS (30 * CEPA_SECOND_NS)

struct cepa_end_talk *cepa_end_talk_at(const struct cepa_end *end, uint32_t place)
{
    struct cepa_handle handle;
    if (cepa_pool_next(&end->talks, &handle, place) != 0 || handle.index != place) {
        return NULL;
    }
    return cepa_pool_find(&end->talks, handle);
}

struct cepa_end_talk *cepa_end_talk_find(const struct cepa_end *end,
                                         struct cepa_end_session session)
{
    return cepa_pool_find(&end->talks, session.handle);
}

struct cepa_end_talk *cepa_end_talk_new(struct cepa_end *end, struct cepa_time now)
{
    struct cepa_handle handle;
    if (cepa_pool_alloc(&end->talks, &handle) != 0) {
        return NULL;
    }
    struct cepa_end_talk *talk = cepa_pool_find(&end->talks, handle);
    talk->self.handle = handle;
    talk->until = cepa_time_add(now, DIAL_NS);
    talk->again = cepa_time_never();
    talk->look = cepa_time_never();
    return talk;
}

/* Sessions may have ended since they were touched. */
static void forget_gone(struct cepa_end *end)
{
    for (uint32_t left = cepa_ring_count(&end->dirty); left > 0; left--) {
        struct cepa_handle handle;
        int error = cepa_ring_pop(&end->dirty, &handle);
        if (error == 0 && cepa_pool_find(&end->talks, handle) != NULL) {
            error = cepa_ring_push(&end->dirty, &handle);
        }
        CEPA_ASSERT(error == 0);
    }
}

void cepa_end_talk_touch(struct cepa_end *end, struct cepa_end_talk *talk)
{
    if (talk->is_dirty) {
        return;
    }
    if (cepa_ring_push(&end->dirty, &talk->self.handle) != 0) {
        forget_gone(end);
        int error = cepa_ring_push(&end->dirty, &talk->self.handle);
        CEPA_ASSERT(error == 0); /* there is a place for each */
    }
    talk->is_dirty = true;
}

int cepa_end_talk_open(struct cepa_end *end, struct cepa_end_talk *talk, struct cepa_time now)
{
    struct cepa_siphash_key key;
    uint8_t *memory = end->session_memory + (size_t)talk->self.handle.index * end->session_size;
    int error = cepa_random_fill(end->config.random, key.bytes, sizeof key.bytes);
    if (error == 0) {
        error = cepa_session_init(&talk->streams, memory, end->session_size,
                                  &end->config.limits.session, talk->is_initiator, &key, now);
    }
    if (error == 0) {
        cepa_session_keys_init(&talk->keys, talk->secrets.root, talk->is_initiator, now);
        cepa_wipe(talk->secrets.root, sizeof talk->secrets.root);
        talk->has_secrets = true;
    }
    cepa_wipe(&key, sizeof key);
    return error;
}

/* Whether somebody else waits for the same look-up. */
static bool is_lookup_shared(const struct cepa_end *end, const struct cepa_end_talk *talk)
{
    for (uint32_t i = 0; i < end->config.limits.sessions; i++) {
        const struct cepa_end_talk *other = cepa_end_talk_at(end, i);
        if (other != NULL && other != talk && other->stage == CEPA_STAGE_LOOKUP &&
            other->lookup == talk->lookup) {
            return true;
        }
    }
    return false;
}

void cepa_end_talk_end(struct cepa_end *end, struct cepa_end_talk *talk, int error, uint32_t code,
                       struct cepa_time now)
{
    struct cepa_handle self = talk->self.handle;
    bool is_failed = !talk->is_told && talk->is_initiator;
    if (is_failed || talk->is_told) {
        const struct cepa_end_effect effect = {.event =
                                                   is_failed ? CEPA_END_FAILED : CEPA_END_CLOSED,
                                               .session = talk->self,
                                               .address = talk->address,
                                               .has_address = talk->has_address,
                                               .code = code,
                                               .error = error};
        cepa_end_tell(end, &effect);
    }
    for (size_t i = 0; i < CEPA_END_PATHS; i++) {
        cepa_end_meeting_close(end, talk, &talk->paths[i], now);
    }
    if (talk->stage == CEPA_STAGE_LOOKUP && !is_lookup_shared(end, talk)) {
        cepa_lookups_cancel(&end->lookups, talk->lookup, now);
    }
    cepa_end_asks_drop(&end->asks, CEPA_END_ASKER_KNOCK, self.index, now);
    if (talk->has_secrets) {
        cepa_session_wipe(talk->streams);
        cepa_session_keys_wipe(&talk->keys);
    }
    int freed = cepa_pool_free(&end->talks, self);
    CEPA_ASSERT(freed == 0);
}

/* Takes an event of the streams; true if it is the owner's, in `ret_effect`. */
static bool on_event(struct cepa_end_talk *talk, const struct cepa_session_event *event,
                     struct cepa_end_effect *ret_effect, struct cepa_time now)
{
    struct cepa_stream control = cepa_session_control(talk->streams);
    if (event->kind == CEPA_SESSION_SUSPECTED || event->kind == CEPA_SESSION_REVIVED) {
        cepa_end_paths_on_event(talk, event, now);
        talk->look = now;
        return false;
    }
    if (event->kind != CEPA_SESSION_ROOM &&
        cepa_handle_is_equal(event->stream.handle, control.handle)) {
        return false; /* it is looked at in every turn */
    }
    *ret_effect =
        (struct cepa_end_effect){.event = CEPA_END_STREAM, .session = talk->self, .stream = *event};
    return talk->stage != CEPA_STAGE_CLOSING;
}

bool cepa_end_talk_next(struct cepa_end *end, struct cepa_end_talk *talk,
                        struct cepa_end_effect *ret_effect, struct cepa_time now)
{
    struct cepa_session_event event;
    if (!talk->has_secrets) {
        return false;
    }
    int error = cepa_end_control_read(end, talk, now);
    if (error != 0) {
        cepa_end_talk_end(end, talk, error, 0, now);
        return false;
    }
    cepa_end_control_flush(talk);
    if (cepa_ring_count(&end->events) > 0) {
        cepa_end_talk_touch(end, talk); /* that it is here comes before what its streams say */
        return false;
    }
    /* What comes before its owner knows of it waits in its streams. */
    while (talk->is_told && cepa_session_next(talk->streams, &event) == 0) {
        if (event.kind == CEPA_SESSION_CLOSED) {
            cepa_end_talk_end(end, talk, 0, event.code, now);
            return false;
        }
        if (on_event(talk, &event, ret_effect, now)) {
            cepa_end_talk_touch(end, talk);
            return true;
        }
    }
    for (size_t i = 0; i < CEPA_END_PATHS; i++) {
        cepa_end_meeting_pump(end, talk, &talk->paths[i], now);
    }
    return false;
}

static void ratchet(struct cepa_end *end, struct cepa_end_talk *talk, struct cepa_time now)
{
    uint8_t body[CEPA_CONTROL_OFFER_SIZE];
    cepa_session_keys_step(&talk->keys, now);
    if (talk->is_initiator && cepa_session_ratchet_is_due(&talk->keys, now) &&
        cepa_session_ratchet_offer(&talk->keys, body, end->config.random, &end->workspace->session,
                                   end->config.cpu) == 0) {
        const struct cepa_control offer = {.kind = CEPA_CONTROL_RATCHET_OFFER, .body = body};
        cepa_end_control_say(end, talk, &offer);
    }
}

void cepa_end_talk_step(struct cepa_end *end, struct cepa_end_talk *talk, struct cepa_time now)
{
    if (talk->has_secrets && cepa_time_is_due(cepa_session_deadline(talk->streams), now)) {
        cepa_session_step(talk->streams, now);
        cepa_end_talk_touch(end, talk);
    }
    if (talk->stage < CEPA_STAGE_OPEN) {
        cepa_end_dial_step(end, talk, now);
        return;
    }
    if (cepa_time_is_due(talk->until, now) ||
        (talk->is_cut && cepa_time_since(now, talk->cut_at) > CUT_MAX_NS)) {
        cepa_end_talk_end(end, talk, talk->is_cut ? CEPA_ERR_TIMEOUT : 0, 0, now);
        return;
    }
    if (cepa_time_is_due(talk->look, now) || cepa_time_is_due(cepa_end_paths_deadline(talk), now)) {
        talk->look = cepa_time_add(now, LOOK_NS);
        if (talk->stage == CEPA_STAGE_OPEN) {
            ratchet(end, talk, now);
            cepa_end_paths_step(end, talk, now);
        }
    }
}

struct cepa_time cepa_end_talk_deadline(const struct cepa_end_talk *talk)
{
    struct cepa_time earliest = cepa_time_earliest(talk->until, talk->look);
    if (talk->stage >= CEPA_STAGE_WORKING && talk->stage <= CEPA_STAGE_ANSWERING) {
        earliest = cepa_time_earliest(earliest, talk->again);
    }
    if (talk->has_secrets) {
        earliest = cepa_time_earliest(earliest, cepa_session_deadline(talk->streams));
    }
    if (talk->stage == CEPA_STAGE_OPEN) {
        return cepa_time_earliest(earliest, cepa_end_paths_deadline(talk));
    }
    if (talk->stage < CEPA_STAGE_OPEN && talk->stage != CEPA_STAGE_LOOKUP &&
        talk->paths[0].state == CEPA_MEETING_BUILDS) {
        earliest = cepa_time_earliest(earliest, talk->paths[0].until);
    }
    return earliest;
}
