/* Streams of a session, the reading side: segments wait in one pool for all streams until they are
 * read in order; windows never promise more than the pool has. @[SPEC 13.3], @[SPEC 13.4] */
#include <string.h>

#include "base/assert.h"
#include "session/session_parts.h"

/* A window doubles when all of it was read within so many round trips. */
#define GROWTH_ROUND_TRIPS 8
#define GROWTH_MIN_NS (20 * CEPA_MILLISECOND_NS)

static uint64_t key_of(uint32_t index, uint32_t number)
{
    return (uint64_t)index << 32 | number;
}

static struct cepa_segment *segment_find(const struct cepa_session *session, uint32_t index,
                                         uint32_t number)
{
    uint64_t key = key_of(index, number);
    const uint64_t *value = cepa_map_find(&session->received, &key);
    return value == NULL ? NULL : cepa_segment_at(&session->receive_pool, (uint32_t)*value);
}

static void segment_drop(struct cepa_session *session, uint32_t index, uint32_t number)
{
    uint64_t key = key_of(index, number);
    const uint64_t *value = cepa_map_find(&session->received, &key);
    if (value != NULL) {
        cepa_segment_free(&session->receive_pool, (uint32_t)*value);
        int error = cepa_map_remove(&session->received, &key);
        CEPA_ASSERT(error == 0);
    }
}

static void drop_all(struct cepa_session *session, uint32_t index)
{
    struct cepa_stream_slot *stream = cepa_stream_at(session, index);
    for (uint32_t number = stream->next; number < stream->highest; number++) {
        segment_drop(session, index, number);
    }
    stream->next = stream->highest;
}

/* --- coming in ------------------------------------------------------------------------------ */

/* Whether a segment agrees with what is known of the stream's end. */
static bool is_consistent(const struct cepa_stream_slot *stream,
                          const struct cepa_session_frame *frame)
{
    uint32_t behind = frame->number + 1;
    if (frame->is_end) {
        return behind >= stream->highest && (stream->end == UINT32_MAX || stream->end == behind);
    }
    return behind < stream->end && frame->data_len > 0;
}

int cepa_stream_on_segment(struct cepa_session *session, const struct cepa_session_frame *frame)
{
    uint32_t index;
    struct cepa_handle handle;
    if (frame->data_len > CEPA_SESSION_SEGMENT_MAX || frame->number >= UINT32_MAX - 1) {
        return CEPA_ERR_MALFORMED;
    }
    int error = cepa_stream_resolve(session, &index, frame->stream);
    if (error != 0) {
        return error;
    }
    struct cepa_stream_slot *stream =
        index == CEPA_SESSION_NONE ? NULL : cepa_stream_at(session, index);
    if (stream == NULL || stream->receiving != CEPA_SIDE_OPEN || frame->number < stream->next ||
        segment_find(session, index, frame->number) != NULL) {
        session->segments_again++;
        return 0;
    }
    if (frame->number >= stream->granted) {
        return CEPA_ERR_TOO_LONG;
    }
    if (!is_consistent(stream, frame)) {
        return CEPA_ERR_STATE;
    }
    error = cepa_pool_alloc(&session->receive_pool, &handle);
    CEPA_ASSERT(error == 0); /* windows are sized so that what was granted has room */
    struct cepa_segment *segment = cepa_segment_at(&session->receive_pool, handle.index);
    segment->len = (uint16_t)frame->data_len;
    segment->is_end = frame->is_end;
    memcpy(segment->data, frame->data, frame->data_len);
    uint64_t key = key_of(index, frame->number);
    uint64_t value = handle.index;
    error = cepa_map_put(&session->received, &key, &value);
    CEPA_ASSERT(error == 0);
    session->segments_received++;
    if (frame->number >= stream->highest) {
        stream->highest = frame->number + 1;
    }
    if (frame->is_end) {
        stream->end = frame->number + 1;
    }
    if (frame->number == stream->next) {
        cepa_stream_tell(session, index, CEPA_TELL_READABLE);
    }
    return 0;
}

int cepa_stream_on_reset(struct cepa_session *session, const struct cepa_session_frame *frame)
{
    uint32_t index;
    int error = cepa_stream_resolve(session, &index, frame->stream);
    if (error != 0 || index == CEPA_SESSION_NONE) {
        return error;
    }
    struct cepa_stream_slot *stream = cepa_stream_at(session, index);
    if (stream->receiving == CEPA_SIDE_OPEN) {
        drop_all(session, index);
        stream->receiving = CEPA_SIDE_RESET;
        cepa_stream_tell(session, index, CEPA_TELL_READABLE);
    }
    return 0;
}

/* --- reading -------------------------------------------------------------------------------- */

static uint64_t round_trip_ns(const struct cepa_session *session)
{
    uint64_t best = 0;
    for (unsigned i = 0; i < CEPA_SESSION_PATHS_MAX; i++) {
        const struct cepa_session_path *path = &session->paths[i];
        if (path->is_used && path->smoothed_ns > best) {
            best = path->smoothed_ns;
        }
    }
    return best > GROWTH_MIN_NS / GROWTH_ROUND_TRIPS ? best : GROWTH_MIN_NS / GROWTH_ROUND_TRIPS;
}

/* Lets the window grow if it is what holds the other end up, and tells of it when a quarter is
 * new. */
static void move_window(struct cepa_session *session, uint32_t index, struct cepa_time now)
{
    struct cepa_stream_slot *stream = cepa_stream_at(session, index);
    if (stream->next >= stream->round_end) {
        uint64_t limit_ns = GROWTH_ROUND_TRIPS * round_trip_ns(session);
        uint32_t most = session->limits.receive_segments / 2;
        if (cepa_time_since(now, stream->round_start) <= limit_ns && stream->window < most) {
            uint32_t more = stream->window;
            more = more > session->window_spare ? session->window_spare : more;
            stream->window += more;
            session->window_spare -= more;
        }
        stream->round_end = stream->next + stream->window;
        stream->round_start = now;
    }
    uint32_t granted = stream->next + stream->window;
    if (stream->end == UINT32_MAX && granted - stream->granted >= stream->window / 4) {
        stream->granted = granted;
        cepa_stream_owe(session, index, CEPA_OWE_WINDOW);
    }
}

int cepa_session_read(struct cepa_session *session, uint8_t *ret_data, size_t *ret_len,
                      bool *ret_is_end, size_t size, struct cepa_stream stream,
                      struct cepa_time now)
{
    uint32_t index = cepa_stream_index(session, stream);
    size_t len = 0;
    if (index == CEPA_SESSION_NONE) {
        return CEPA_ERR_NOT_FOUND;
    }
    struct cepa_stream_slot *slot = cepa_stream_at(session, index);
    if (slot->receiving == CEPA_SIDE_RESET) {
        slot->receiving = CEPA_SIDE_OVER;
        cepa_stream_end(session, index);
        return CEPA_ERR_DROPPED;
    }
    if (slot->receiving != CEPA_SIDE_OPEN) {
        return CEPA_ERR_STATE;
    }
    bool is_end = false;
    while (!is_end) {
        const struct cepa_segment *segment = segment_find(session, index, slot->next);
        if (segment == NULL || (len == size && slot->read < segment->len)) {
            break;
        }
        size_t part = (size_t)segment->len - slot->read;
        part = part < size - len ? part : size - len;
        memcpy(ret_data + len, segment->data + slot->read, part);
        len += part;
        slot->read = (uint16_t)(slot->read + part);
        if (slot->read == segment->len) {
            is_end = segment->is_end;
            segment_drop(session, index, slot->next);
            slot->next++;
            slot->read = 0;
        }
    }
    *ret_len = len;
    *ret_is_end = is_end;
    if (is_end) {
        slot->receiving = CEPA_SIDE_OVER;
        cepa_stream_end(session, index);
    } else {
        move_window(session, index, now);
    }
    return 0;
}

void cepa_session_stop(struct cepa_session *session, struct cepa_stream stream, uint32_t code)
{
    uint32_t index = cepa_stream_index(session, stream);
    if (index == CEPA_SESSION_NONE) {
        return;
    }
    struct cepa_stream_slot *slot = cepa_stream_at(session, index);
    if (slot->receiving == CEPA_SIDE_OPEN) {
        drop_all(session, index);
        slot->receiving = CEPA_SIDE_STOPPED;
        slot->stop_code = code;
        cepa_stream_owe(session, index, CEPA_OWE_STOP);
    } else if (slot->receiving == CEPA_SIDE_RESET) {
        slot->receiving = CEPA_SIDE_OVER;
        cepa_stream_end(session, index);
    }
}
