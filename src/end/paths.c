/* Which paths a session has: so many that it lives on when relays die, each for a while only. The
 * initiator asks for new ones as long as it can; when all are lost, both go to where the time says.
 * @[SPEC 16.7] */
#include <string.h>

#include "base/assert.h"
#include "base/ct.h"
#include "end/end_parts.h"

enum {
    WANTED = 3,       /* paths */
    ACTIVE = 2,       /* of these */
    LOST_TRIES = 5,   /* meetings at one time when all are lost */
    RANKS = 3,        /* relays that are tried for one */
    CALLS = 16,       /* of the other end for new paths, at once */
    SLOT_NUMBERS = 32 /* of a slot of time */
};
#define SLOT_MS UINT64_C(30000)
#define LEAVE_NS (2 * CEPA_SECOND_NS)    /* what is under way still comes */
#define ROTATE_NS (480 * CEPA_SECOND_NS) /* and up to as much again by half */
#define ROTATE_AGAIN_NS (20 * CEPA_SECOND_NS)
#define CALL_NS (2 * CEPA_SECOND_NS)        /* between two such calls, on average */
#define DOUBT_NS (50 * CEPA_MILLISECOND_NS) /* a path that does not answer is not counted on */
#define SUSPECT_NS (2 * CEPA_SECOND_NS)     /* and given up */

static uint32_t slot_of(const struct cepa_end *end, struct cepa_time now)
{
    return (uint32_t)(cepa_end_wall(end, now).unix_ms / SLOT_MS);
}

/* The day of a number follows from the number: both ends find the same. */
static struct cepa_directory_day day_of(const struct cepa_end *end, uint32_t number)
{
    struct cepa_wall wall = {number / SLOT_NUMBERS * SLOT_MS};
    return cepa_calendar_day(&end->config.profile.calendar, wall);
}

static bool stands(const struct cepa_end_meeting *meeting)
{
    return meeting->state == CEPA_MEETING_STANDS && meeting->is_open;
}

/* Whether they answer or not. */
uint32_t cepa_end_paths_live(const struct cepa_end_talk *talk)
{
    uint32_t live = 0;
    for (size_t i = 0; i < CEPA_END_PATHS; i++) {
        live += stands(&talk->paths[i]);
    }
    return live;
}

static uint32_t count_well(const struct cepa_end_talk *talk)
{
    uint32_t well = 0;
    for (size_t i = 0; i < CEPA_END_PATHS; i++) {
        well += stands(&talk->paths[i]) && !talk->paths[i].is_doubted;
    }
    return well;
}

/* How many new ones are coming. Those that fell may come back, and nobody waits for that. */
static uint32_t count_sought(const struct cepa_end_talk *talk)
{
    uint32_t count = 0;
    for (size_t i = 0; i < CEPA_END_PATHS; i++) {
        const struct cepa_end_meeting *meeting = &talk->paths[i];
        count += (meeting->state == CEPA_MEETING_BUILDS || meeting->state == CEPA_MEETING_WAITS) &&
                 !meeting->is_open;
    }
    return count;
}

/* The first of those that answer are active. */
static void set_roles(struct cepa_end_talk *talk)
{
    uint32_t active = 0;
    for (size_t i = 0; i < CEPA_END_PATHS; i++) {
        const struct cepa_end_meeting *meeting = &talk->paths[i];
        if (stands(meeting) && !meeting->is_suspected) {
            cepa_session_path_role(talk->streams, meeting->number,
                                   active < ACTIVE ? CEPA_SESSION_ACTIVE : CEPA_SESSION_STANDBY);
            active++;
        } else if (meeting->is_open) {
            cepa_session_path_role(talk->streams, meeting->number, CEPA_SESSION_STANDBY);
        }
    }
}

/* Opens a path; where there are as many as a session can have, one that has fallen or does not
 * answer makes room. */
static int open_path(struct cepa_end *end, struct cepa_end_talk *talk, uint32_t number,
                     struct cepa_time now)
{
    int error = cepa_session_path_open(talk->streams, number, CEPA_SESSION_STANDBY, now);
    for (size_t i = 0; i < CEPA_END_PATHS && error == CEPA_ERR_FULL; i++) {
        struct cepa_end_meeting *meeting = &talk->paths[i];
        if (meeting->is_open && (!stands(meeting) || meeting->is_doubted)) {
            cepa_end_meeting_close(end, talk, meeting, now);
            error = cepa_session_path_open(talk->streams, number, CEPA_SESSION_STANDBY, now);
        }
    }
    return error;
}

void cepa_end_paths_on_stands(struct cepa_end *end, struct cepa_end_talk *talk,
                              struct cepa_end_meeting *meeting, struct cepa_time now)
{
    if (meeting->is_open) {
        cepa_session_path_mended(talk->streams, meeting->number, now);
    } else if (cepa_session_keys_path_open(&talk->keys, meeting->number) != 0) {
        cepa_end_meeting_close(end, talk, meeting, now);
        return;
    } else if (open_path(end, talk, meeting->number, now) != 0) {
        cepa_session_keys_path_close(&talk->keys, meeting->number);
        cepa_end_meeting_close(end, talk, meeting, now);
        return;
    }
    if (!meeting->is_open) {
        talk->opened[talk->opened_next++ % CEPA_END_OPENED] = meeting->number;
    }
    uint32_t more = 0;
    int error = cepa_random_fill(end->config.random, (uint8_t *)&more, sizeof more);
    (void)error; /* then 0: it is replaced a little earlier */
    meeting->is_open = true;
    meeting->is_suspected = false;
    meeting->is_doubted = false;
    meeting->replace = cepa_time_add(now, ROTATE_NS + more * (ROTATE_NS / 2 / UINT32_MAX));
    if (talk->is_cut) {
        talk->is_cut = false;
        const struct cepa_end_effect effect = {.event = CEPA_END_MENDED, .session = talk->self};
        cepa_end_tell(end, &effect);
    }
    set_roles(talk);
    cepa_end_talk_touch(end, talk);
}

/* Goes to the relay that is `rank`-th nearest to a meeting's place; false if there is none. */
static bool go(struct cepa_end *end, struct cepa_end_talk *talk, struct cepa_end_meeting *meeting,
               struct cepa_time now)
{
    struct cepa_meeting_secret secret;
    struct cepa_meeting place;
    struct cepa_ed25519_public_key near[RANKS];
    memcpy(secret.bytes, talk->secrets.meeting, sizeof secret.bytes);
    cepa_meeting_at(&place, &secret, day_of(end, meeting->number), meeting->number);
    size_t len = cepa_node_nearest(end->config.node, near, RANKS, cepa_meeting_place(&place));
    memcpy(meeting->cookie, place.cookie, sizeof meeting->cookie);
    cepa_wipe(&secret, sizeof secret);
    for (; meeting->rank < len; meeting->rank++) {
        meeting->relay = near[meeting->rank];
        meeting->has_relay = true;
        if (!cepa_node_is_self(end->config.node, &meeting->relay) &&
            cepa_end_meeting_build(end, talk, meeting, now) == 0) {
            return true;
        }
    }
    return false;
}

static bool seek(struct cepa_end *end, struct cepa_end_talk *talk, uint32_t number,
                 struct cepa_time now)
{
    struct cepa_end_meeting *meeting = cepa_end_meeting_free(talk);
    if (meeting == NULL ||
        cepa_random_fill(end->config.random, meeting->end, sizeof meeting->end) != 0 ||
        cepa_random_fill(end->config.random, meeting->tag, sizeof meeting->tag) != 0) {
        return false;
    }
    meeting->number = number;
    meeting->state = CEPA_MEETING_BUILDS;
    if (number > talk->last_number) {
        talk->last_number = number;
    }
    if (!go(end, talk, meeting, now)) {
        cepa_end_meeting_close(end, talk, meeting, now);
        return false;
    }
    return true;
}

/* A path's number is never used again, so there is no use in going there. */
static bool was_open(const struct cepa_end_talk *talk, uint32_t number)
{
    for (size_t i = 0; i < CEPA_END_OPENED; i++) {
        if (talk->opened[i] == number) {
            return true;
        }
    }
    return false;
}

void cepa_end_paths_come(struct cepa_end *end, struct cepa_end_talk *talk, uint32_t number,
                         struct cepa_time now)
{
    uint32_t slot = slot_of(end, now);
    bool is_near = number / SLOT_NUMBERS + 4 > slot && number / SLOT_NUMBERS < slot + 4;
    /* Each call costs circuits here, so a hostile other end is held back. */
    if (is_near && cepa_end_meeting_find(talk, number) == NULL && !was_open(talk, number) &&
        cepa_end_pay(&talk->called, CALL_NS, CALLS, now)) {
        (void)seek(end, talk, number, now);
    }
}

void cepa_end_paths_retired(struct cepa_end *end, struct cepa_end_talk *talk, uint32_t number,
                            struct cepa_time now)
{
    struct cepa_end_meeting *meeting = cepa_end_meeting_find(talk, number);
    if (meeting != NULL && meeting->state == CEPA_MEETING_STANDS) {
        meeting->state = CEPA_MEETING_LEAVING;
        meeting->until = cepa_time_add(now, LEAVE_NS);
        set_roles(talk);
        cepa_end_talk_touch(end, talk);
    }
}

static void say(struct cepa_end *end, struct cepa_end_talk *talk, uint32_t number,
                enum cepa_control_path_state state)
{
    const struct cepa_control control = {.kind = CEPA_CONTROL_PATH,
                                         .path = number,
                                         .day = day_of(end, number),
                                         .state = (uint8_t)state};
    cepa_end_control_say(end, talk, &control);
}

/* The initiator's next path, while others live. */
static void seek_next(struct cepa_end *end, struct cepa_end_talk *talk, struct cepa_time now)
{
    uint32_t first = slot_of(end, now) * SLOT_NUMBERS;
    uint32_t number = talk->last_number + 1 > first ? talk->last_number + 1 : first;
    if (number / SLOT_NUMBERS > slot_of(end, now) + 1) {
        return; /* too many in a short time */
    }
    for (uint32_t i = 0; i < SLOT_NUMBERS; i++) {
        if (seek(end, talk, number + i, now)) {
            say(end, talk, number + i, CEPA_CONTROL_PATH_MEET);
            return;
        }
        talk->last_number = number + i;
    }
}

/* All are lost, or none answers: both ends go where the time says. */
static void seek_lost(struct cepa_end *end, struct cepa_end_talk *talk, struct cepa_time now)
{
    uint32_t first = slot_of(end, now) * SLOT_NUMBERS;
    for (uint32_t i = 0; i < SLOT_NUMBERS && count_sought(talk) < LOST_TRIES; i++) {
        if (cepa_end_meeting_find(talk, first + i) == NULL && !was_open(talk, first + i)) {
            (void)seek(end, talk, first + i, now);
        }
    }
}

static void retire_oldest(struct cepa_end *end, struct cepa_end_talk *talk, struct cepa_time now)
{
    struct cepa_end_meeting *oldest = NULL;
    for (size_t i = 0; i < CEPA_END_PATHS; i++) {
        struct cepa_end_meeting *meeting = &talk->paths[i];
        if (stands(meeting) && !meeting->is_doubted &&
            (oldest == NULL || cepa_time_is_before(meeting->replace, oldest->replace))) {
            oldest = meeting;
        }
    }
    CEPA_ASSERT(oldest != NULL);
    say(end, talk, oldest->number, CEPA_CONTROL_PATH_RETIRE);
    cepa_end_paths_retired(end, talk, oldest->number, now);
}

/* A meeting that has not come about, or that has fallen and not come back. */
static void try_next(struct cepa_end *end, struct cepa_end_talk *talk,
                     struct cepa_end_meeting *meeting, struct cepa_time now)
{
    bool is_lost_slot =
        count_well(talk) == 0 && meeting->number / SLOT_NUMBERS + 1 < slot_of(end, now);
    meeting->rank++;
    if (meeting->is_open || meeting->number == 0 || is_lost_slot || meeting->rank >= RANKS ||
        !go(end, talk, meeting, now)) {
        cepa_end_meeting_close(end, talk, meeting, now);
    }
}

static bool is_due_to_rotate(struct cepa_end_talk *talk, struct cepa_time now)
{
    for (size_t i = 0; i < CEPA_END_PATHS; i++) {
        if (talk->paths[i].state == CEPA_MEETING_STANDS &&
            cepa_time_is_due(talk->paths[i].replace, now)) {
            talk->paths[i].replace = cepa_time_add(now, ROTATE_AGAIN_NS);
            return true;
        }
    }
    return false;
}

static void look_after(struct cepa_end *end, struct cepa_end_talk *talk,
                       struct cepa_end_meeting *meeting, struct cepa_time now)
{
    switch (meeting->state) {
    case CEPA_MEETING_BUILDS:
    case CEPA_MEETING_WAITS:
        if (cepa_time_is_due(meeting->until, now)) {
            try_next(end, talk, meeting, now);
        }
        break;
    case CEPA_MEETING_LEAVING:
        if (cepa_time_is_due(meeting->until, now)) {
            cepa_end_meeting_close(end, talk, meeting, now);
        }
        break;
    case CEPA_MEETING_STANDS:
        meeting->is_doubted =
            meeting->is_suspected && cepa_time_since(now, meeting->suspected) >= DOUBT_NS;
        if (meeting->is_doubted && cepa_time_since(now, meeting->suspected) >= SUSPECT_NS) {
            cepa_end_meeting_close(end, talk, meeting, now);
        }
        break;
    case CEPA_MEETING_FREE:
        break;
    }
}

void cepa_end_paths_step(struct cepa_end *end, struct cepa_end_talk *talk, struct cepa_time now)
{
    for (size_t i = 0; i < CEPA_END_PATHS; i++) {
        look_after(end, talk, &talk->paths[i], now);
    }
    uint32_t well = count_well(talk);
    if (cepa_end_paths_live(talk) == 0 && !talk->is_cut) {
        talk->is_cut = true;
        talk->cut_at = now;
        const struct cepa_end_effect effect = {.event = CEPA_END_CUT, .session = talk->self};
        cepa_end_tell(end, &effect);
    }
    if (well == 0) {
        seek_lost(end, talk, now);
        return;
    }
    bool rotates = is_due_to_rotate(talk, now);
    if (!talk->is_initiator) {
        return;
    }
    if (well + count_sought(talk) < WANTED + (rotates ? 1 : 0)) {
        seek_next(end, talk, now);
    } else if (well > WANTED) {
        retire_oldest(end, talk, now);
    }
}

void cepa_end_paths_on_event(struct cepa_end_talk *talk, const struct cepa_session_event *event,
                             struct cepa_time now)
{
    struct cepa_end_meeting *meeting = cepa_end_meeting_find(talk, event->path);
    if (meeting != NULL) {
        meeting->is_suspected = event->kind == CEPA_SESSION_SUSPECTED;
        meeting->is_doubted = false;
        meeting->suspected = now;
        set_roles(talk);
    }
}

struct cepa_time cepa_end_paths_deadline(const struct cepa_end_talk *talk)
{
    struct cepa_time earliest = cepa_time_never();
    for (size_t i = 0; i < CEPA_END_PATHS; i++) {
        const struct cepa_end_meeting *meeting = &talk->paths[i];
        if (meeting->state == CEPA_MEETING_STANDS) {
            earliest = cepa_time_earliest(earliest, meeting->replace);
            if (meeting->is_suspected) {
                uint64_t wait_ns = meeting->is_doubted ? SUSPECT_NS : DOUBT_NS;
                earliest = cepa_time_earliest(earliest, cepa_time_add(meeting->suspected, wait_ns));
            }
        } else if (meeting->state != CEPA_MEETING_FREE) {
            earliest = cepa_time_earliest(earliest, meeting->until);
        }
    }
    return earliest;
}
