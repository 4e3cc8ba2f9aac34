/* Paths of a session: acknowledgement, round trips, loss, suspicion, and how much may be under way.
 *
 * The circuits below lose packets only where a relay dies or a pool is full, and reorder them a
 * little. So a hole is lost after some time, not after some packets; silence makes a path suspect
 * within a fraction of a second, and then what it carried is repeated elsewhere. @[SPEC 13.5] */
#include <string.h>

#include "base/assert.h"
#include "session/session_parts.h"

#define ROUND_TRIP_FIRST_NS (300 * CEPA_MILLISECOND_NS)
#define ACK_DELAY_NS (5 * CEPA_MILLISECOND_NS) /* for which the other end may keep its answer */
#define VARIANCE_MIN_NS (2500 * CEPA_MICROSECOND_NS)
#define SUSPECT_MIN_NS (150 * CEPA_MILLISECOND_NS)
#define PROBE_MAX_NS (2 * CEPA_SECOND_NS)
#define IDLE_NS (8 * CEPA_SECOND_NS) /* after which a quiet path is probed */
#define BASE_PERIOD_NS (10 * CEPA_SECOND_NS)
#define QUEUE_TARGET_NS                                                                            \
    (25 * CEPA_MILLISECOND_NS) /* of delay that this end's packets may cause                       \
                                */
#define WINDOW_MIN 32

struct cepa_session_path *cepa_session_path_find(struct cepa_session *session, uint32_t number)
{
    for (unsigned i = 0; i < CEPA_SESSION_PATHS_MAX; i++) {
        if (session->paths[i].is_used && session->paths[i].number == number) {
            return &session->paths[i];
        }
    }
    return NULL;
}

uint64_t cepa_session_path_timeout_ns(const struct cepa_session_path *path)
{
    uint64_t round_trip = path->smoothed_ns == 0 ? ROUND_TRIP_FIRST_NS : path->smoothed_ns;
    uint64_t variance = path->variance_ns > VARIANCE_MIN_NS ? path->variance_ns : VARIANCE_MIN_NS;
    return round_trip + 4 * variance + ACK_DELAY_NS;
}

bool cepa_session_path_is_well(const struct cepa_session_path *path)
{
    return path->is_used && !path->is_broken && !path->is_suspected;
}

struct cepa_session_sent *cepa_session_sent_at(const struct cepa_session *session,
                                               const struct cepa_session_path *path,
                                               uint64_t number)
{
    return &path->sent[(uint32_t)number & (session->limits.packets - 1)];
}

/* --- what a packet carried ------------------------------------------------------------------- */

static bool is_live(const struct cepa_pool *pool, const struct cepa_session_ref *ref)
{
    return pool->slots[ref->index].generation == ref->generation;
}

static void ref_acked(struct cepa_session *session, const struct cepa_session_ref *ref)
{
    if (ref->kind == CEPA_REF_SEGMENT) {
        if (is_live(&session->send_pool, ref)) {
            cepa_stream_on_acked(session, ref->index);
        }
    } else if (ref->kind == CEPA_REF_RESET && is_live(&session->stream_pool, ref)) {
        cepa_stream_on_reset_told(session, ref->index);
    } else if (ref->kind == CEPA_REF_STOP && is_live(&session->stream_pool, ref)) {
        cepa_stream_at(session, ref->index)->receiving = CEPA_SIDE_OVER;
        cepa_stream_end(session, ref->index);
    }
}

/* Only what went by this packet last is told again. */
static void segment_lost(struct cepa_session *session, const struct cepa_session_path *path,
                         uint64_t number, const struct cepa_session_ref *ref)
{
    const struct cepa_segment *segment = cepa_segment_at(&session->send_pool, ref->index);
    if (is_live(&session->send_pool, ref) && segment->state == CEPA_SEGMENT_FLIES &&
        segment->path == path->number && segment->packet == number) {
        cepa_stream_on_lost(session, ref->index);
    }
}

static void ref_lost(struct cepa_session *session, const struct cepa_session_path *path,
                     uint64_t number, const struct cepa_session_ref *ref)
{
    const struct cepa_stream_slot *stream = ref->kind != CEPA_REF_SEGMENT &&
                                                    ref->kind < CEPA_REF_STREAMS &&
                                                    is_live(&session->stream_pool, ref)
                                                ? cepa_stream_at(session, ref->index)
                                                : NULL;
    switch ((enum cepa_session_ref_kind)ref->kind) {
    case CEPA_REF_SEGMENT:
        segment_lost(session, path, number, ref);
        break;
    case CEPA_REF_WINDOW:
        if (stream != NULL && stream->receiving == CEPA_SIDE_OPEN && stream->end == UINT32_MAX) {
            cepa_stream_owe(session, ref->index, CEPA_OWE_WINDOW);
        }
        break;
    case CEPA_REF_RESET:
        if (stream != NULL && stream->sending == CEPA_SIDE_RESET && !stream->is_reset_told) {
            cepa_stream_owe(session, ref->index, CEPA_OWE_RESET);
        }
        break;
    case CEPA_REF_STOP:
        if (stream != NULL && stream->receiving == CEPA_SIDE_STOPPED) {
            cepa_stream_owe(session, ref->index, CEPA_OWE_STOP);
        }
        break;
    case CEPA_REF_STREAMS:
        session->owes_streams = true;
        break;
    case CEPA_REF_CLOSE:
        session->owes_close = true;
        break;
    }
}

void cepa_session_packet_give_up(struct cepa_session *session, struct cepa_session_path *path,
                                 struct cepa_session_sent *sent)
{
    sent->is_open = false;
    path->in_flight--;
    path->packets_lost++;
    for (unsigned i = 0; i < sent->refs_len; i++) {
        ref_lost(session, path, sent->number, &sent->refs[i]);
    }
}

void cepa_session_path_give_up(struct cepa_session *session, struct cepa_session_path *path)
{
    for (uint64_t number = path->first; number < path->next; number++) {
        struct cepa_session_sent *sent = cepa_session_sent_at(session, path, number);
        if (sent->is_used && sent->number == number && sent->is_open) {
            cepa_session_packet_give_up(session, path, sent);
        }
    }
    path->first = path->next;
    path->lost_at = cepa_time_never();
    CEPA_ASSERT(path->in_flight == 0);
}

void cepa_session_path_on_sent(struct cepa_session *session, struct cepa_session_path *path,
                               struct cepa_time now)
{
    (void)session;
    if (path->in_flight == 0) {
        path->progress = now;
    }
    path->in_flight++;
    path->used = now;
    if (cepa_time_is_never(path->probe)) {
        path->probe = cepa_time_add(now, cepa_session_path_timeout_ns(path));
    }
    path->is_limited |= path->in_flight >= path->window;
}

/* --- the window ------------------------------------------------------------------------------ */

static uint64_t base_ns(const struct cepa_session_path *path)
{
    return path->base_last_ns != 0 && path->base_last_ns < path->base_ns ? path->base_last_ns
                                                                         : path->base_ns;
}

/* Takes a measurement of the round trip. @[RFC6298 2] */
static void measure(struct cepa_session_path *path, uint64_t round_trip_ns, struct cepa_time now)
{
    round_trip_ns += round_trip_ns == 0;
    if (path->smoothed_ns == 0) {
        path->smoothed_ns = round_trip_ns;
        path->variance_ns = round_trip_ns / 2;
    } else {
        uint64_t distance = round_trip_ns > path->smoothed_ns ? round_trip_ns - path->smoothed_ns
                                                              : path->smoothed_ns - round_trip_ns;
        path->variance_ns = path->variance_ns - path->variance_ns / 4 + distance / 4;
        path->smoothed_ns = path->smoothed_ns - path->smoothed_ns / 8 + round_trip_ns / 8;
    }
    if (path->base_ns == 0 || round_trip_ns < path->base_ns) {
        path->base_ns = round_trip_ns;
    }
    if (cepa_time_since(now, path->base_at) >= BASE_PERIOD_NS) {
        path->base_last_ns = path->base_ns;
        path->base_ns = round_trip_ns;
        path->base_at = now;
    }
    if (path->round_min_ns == 0 || round_trip_ns < path->round_min_ns) {
        path->round_min_ns = round_trip_ns;
    }
}

/* Once per round trip: the window follows the delay that it causes. */
static void end_round(const struct cepa_session *session, struct cepa_session_path *path)
{
    uint64_t delay_ns = path->round_min_ns - base_ns(path);
    uint32_t window = path->window;
    if (delay_ns > QUEUE_TARGET_NS) {
        path->is_slow_start = false;
        window -= window / 8;
    } else if (path->is_limited) {
        path->is_slow_start &= delay_ns <= QUEUE_TARGET_NS / 2;
        window += path->is_slow_start ? window : delay_ns <= QUEUE_TARGET_NS / 2 ? window / 8 : 0;
    }
    window = window < WINDOW_MIN ? WINDOW_MIN : window;
    path->window = window < session->limits.packets ? window : session->limits.packets;
    path->round_end = path->next;
    path->round_min_ns = 0;
    path->is_limited = false;
}

/* --- acknowledgements ------------------------------------------------------------------------ */

static void packet_acked(struct cepa_session *session, struct cepa_session_path *path,
                         struct cepa_session_sent *sent)
{
    if (sent->is_open) {
        path->in_flight--;
    }
    sent->is_open = false;
    sent->is_used = false;
    for (unsigned i = 0; i < sent->refs_len; i++) {
        ref_acked(session, &sent->refs[i]);
    }
}

/* How long after its sending a packet is lost, once a later one was answered. */
static uint64_t lost_after_ns(const struct cepa_session_path *path)
{
    return cepa_session_path_timeout_ns(path) + path->smoothed_ns / 2;
}

/* Gives up holes that are old enough, and notes when the next will be. */
static void look_for_losses(struct cepa_session *session, struct cepa_session_path *path,
                            struct cepa_time now)
{
    path->lost_at = cepa_time_never();
    for (uint64_t number = path->first; number < path->next; number++) {
        struct cepa_session_sent *sent = cepa_session_sent_at(session, path, number);
        if (sent->is_used && sent->number == number && sent->is_open) {
            struct cepa_time lost_at = cepa_time_add(sent->at, lost_after_ns(path));
            if (number + 1 >= path->answered) {
                path->first = number;
                return;
            }
            if (!cepa_time_is_due(lost_at, now)) {
                path->first = number;
                path->lost_at = lost_at; /* those behind it were sent later */
                return;
            }
            cepa_session_packet_give_up(session, path, sent);
        }
    }
    path->first = path->next;
}

static void revive(struct cepa_session *session, struct cepa_session_path *path)
{
    path->probes = 0;
    path->is_probe_due = false;
    if (path->is_suspected) {
        path->is_suspected = false;
        session->path_events[path - session->paths] = CEPA_SESSION_REVIVED;
    }
}

/* Takes one that came, for the first time or again. Gives whether it is new. */
static bool take_one(struct cepa_session *session, struct cepa_session_path *path, uint64_t number)
{
    struct cepa_session_sent *sent = cepa_session_sent_at(session, path, number);
    bool is_new = sent->is_used && sent->number == number;
    if (is_new) {
        packet_acked(session, path, sent);
    }
    return is_new;
}

/* Marks what came; gives whether anything was new, and measures by the highest if that is. */
static bool take_bits(struct cepa_session *session, struct cepa_session_path *path,
                      const struct cepa_session_frame *frame, struct cepa_time now)
{
    const struct cepa_session_sent *sent = cepa_session_sent_at(session, path, frame->largest);
    uint64_t took_ns = cepa_time_since(now, sent->at);
    uint64_t kept_ns = (uint64_t)frame->delay_us * CEPA_MICROSECOND_NS;
    bool is_new = take_one(session, path, frame->largest);
    if (is_new) {
        measure(path, kept_ns < took_ns ? took_ns - kept_ns : took_ns, now);
    }
    for (size_t i = 0; i < 8 * frame->data_len && i < frame->largest; i++) {
        if ((frame->data[i / 8] >> i % 8 & 1) != 0) {
            is_new |= take_one(session, path, frame->largest - 1 - i);
        }
    }
    return is_new;
}

int cepa_session_path_on_ack(struct cepa_session *session, const struct cepa_session_frame *frame,
                             struct cepa_time now)
{
    struct cepa_session_path *path = cepa_session_path_find(session, frame->path);
    if (path == NULL) {
        return 0; /* closed here meanwhile */
    }
    if (frame->largest >= path->next) {
        return CEPA_ERR_STATE;
    }
    if (!take_bits(session, path, frame, now)) {
        return 0;
    }
    if (frame->largest >= path->answered) {
        path->answered = frame->largest + 1;
    }
    path->progress = now;
    revive(session, path);
    look_for_losses(session, path, now);
    path->probe = path->in_flight > 0 ? cepa_time_add(now, cepa_session_path_timeout_ns(path))
                                      : cepa_time_never();
    if (path->answered > path->round_end && path->round_min_ns != 0) {
        end_round(session, path);
    }
    return 0;
}

/* --- time ------------------------------------------------------------------------------------ */

static uint64_t suspect_after_ns(const struct cepa_session_path *path)
{
    uint64_t limit = path->smoothed_ns + cepa_session_path_timeout_ns(path);
    return limit < SUSPECT_MIN_NS ? SUSPECT_MIN_NS : limit;
}

static bool may_become_suspect(const struct cepa_session_path *path)
{
    return cepa_session_path_is_well(path) && path->in_flight > 0;
}

static void suspect(struct cepa_session *session, struct cepa_session_path *path)
{
    path->is_suspected = true;
    session->path_events[path - session->paths] = CEPA_SESSION_SUSPECTED;
    cepa_session_path_give_up(session, path);
    path->is_probe_due = true;
}

/* When a path over which data came is asked whether it still lives: who only listens has nothing
 * under way that could miss its answer. */
static struct cepa_time quiet_at(const struct cepa_session_path *path)
{
    return cepa_time_is_never(path->heard) ? path->heard
                                           : cepa_time_add(path->heard, suspect_after_ns(path));
}

/* Asks the others, too, that have nothing under way: what silences one path may silence more, and
 * whoever has to find new ones shall know early. */
static void probe_others(struct cepa_session *session, const struct cepa_session_path *path)
{
    for (unsigned i = 0; i < CEPA_SESSION_PATHS_MAX; i++) {
        struct cepa_session_path *other = &session->paths[i];
        if (other != path && cepa_session_path_is_well(other) && other->in_flight == 0) {
            other->is_probe_due = true;
        }
    }
}

static void probe(struct cepa_session *session, struct cepa_session_path *path,
                  struct cepa_time now)
{
    uint64_t wait_ns = cepa_duration_scale(cepa_session_path_timeout_ns(path),
                                           1u << (path->probes < 8 ? path->probes : 8));
    if (path->probes == 0 && path->in_flight > 0) {
        probe_others(session, path);
    }
    path->probes++;
    path->is_probe_due = true;
    path->probe = cepa_time_add(now, wait_ns < PROBE_MAX_NS ? wait_ns : PROBE_MAX_NS);
}

void cepa_session_path_step(struct cepa_session *session, struct cepa_session_path *path,
                            struct cepa_time now)
{
    if (!path->is_used || path->is_broken) {
        return;
    }
    if (cepa_time_is_due(path->lost_at, now)) {
        look_for_losses(session, path, now);
    }
    if (may_become_suspect(path) &&
        cepa_time_since(now, path->progress) >= suspect_after_ns(path)) {
        suspect(session, path);
    }
    if (cepa_time_is_due(quiet_at(path), now)) {
        path->heard = cepa_time_never();
        path->is_probe_due |= path->in_flight == 0;
        probe_others(session, path);
    }
    if (cepa_time_is_due(path->probe, now)) {
        probe(session, path, now);
    } else if (cepa_time_is_never(path->probe) && cepa_time_since(now, path->used) >= IDLE_NS) {
        path->is_probe_due = true;
    }
}

/* Whether an answer can leave now; else it leaves as soon as a circuit has room, of which there is
 * word, and waiting for a moment would be of no use. */
static bool may_answer(const struct cepa_session *session, const struct cepa_session_path *path)
{
    for (unsigned i = 0; i < CEPA_SESSION_PATHS_MAX; i++) {
        const struct cepa_session_path *other = &session->paths[i];
        if (other->room > 0 && (other == path || cepa_session_path_is_well(other))) {
            return true;
        }
    }
    return false;
}

struct cepa_time cepa_session_path_deadline(const struct cepa_session *session,
                                            const struct cepa_session_path *path)
{
    if (!path->is_used || path->is_broken) {
        return cepa_time_never();
    }
    struct cepa_time deadline = cepa_time_earliest(path->lost_at, path->probe);
    deadline = cepa_time_earliest(deadline, quiet_at(path));
    if (may_become_suspect(path)) {
        deadline =
            cepa_time_earliest(deadline, cepa_time_add(path->progress, suspect_after_ns(path)));
    }
    if (path->owed > 0 && may_answer(session, path)) {
        deadline = cepa_time_earliest(deadline, cepa_time_add(path->owed_since, ACK_DELAY_NS));
    }
    if (cepa_time_is_never(path->probe) && !path->is_probe_due) {
        deadline = cepa_time_earliest(deadline, cepa_time_add(path->used, IDLE_NS));
    }
    return deadline;
}
