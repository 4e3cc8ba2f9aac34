/* Streams of a session, the writing side: data is cut into segments when it is written, and a
 * segment stays as it was cut however often it is sent. @[SPEC 13.3] */
#include <string.h>

#include "base/assert.h"
#include "session/session_parts.h"

enum { AHEAD = 256 }; /* segments that a stream may keep beyond what the reader permits */

bool cepa_stream_has_sendable(const struct cepa_session *session, uint32_t index)
{
    const struct cepa_stream_slot *stream = cepa_stream_at(session, index);
    uint32_t head = stream->queue.head;
    return head != CEPA_SESSION_NONE &&
           cepa_segment_at(&session->send_pool, head)->number < stream->permitted;
}

static void make_ready(struct cepa_session *session, uint32_t index)
{
    if (cepa_stream_has_sendable(session, index)) {
        cepa_stream_list_add(session, CEPA_STREAM_READY, index);
    }
}

/* --- writing -------------------------------------------------------------------------------- */

static uint32_t room(const struct cepa_session *session, const struct cepa_stream_slot *stream)
{
    const struct cepa_pool *pool = &session->send_pool;
    uint32_t left = pool->capacity - pool->count;
    bool is_control = cepa_stream_index(session, session->control) != CEPA_SESSION_NONE &&
                      stream == cepa_stream_at(session, session->control.handle.index);
    if (!is_control) {
        /* No stream holds more than is left, and one that nobody reads holds little: others find
         * room however many of both there are. */
        bool is_far = stream->written > AHEAD && stream->written - AHEAD >= stream->permitted;
        left = left > CEPA_SESSION_KEEP_FREE ? left - CEPA_SESSION_KEEP_FREE : 0;
        left = is_far || stream->live >= left ? 0 : left;
    }
    return left;
}

/* The segment that takes the next byte: the last one if it has room and was not sent, else a new
 * one. */
static struct cepa_segment *segment_to_fill(struct cepa_session *session, uint32_t index)
{
    struct cepa_stream_slot *stream = cepa_stream_at(session, index);
    struct cepa_handle handle;
    if (stream->queue.head != CEPA_SESSION_NONE) {
        struct cepa_segment *last = cepa_segment_at(&session->send_pool, stream->queue.tail);
        if (last->len < CEPA_SESSION_SEGMENT_MAX) {
            return last;
        }
    }
    if (room(session, stream) == 0 || stream->written == UINT32_MAX ||
        cepa_pool_alloc(&session->send_pool, &handle) != 0) {
        return NULL;
    }
    struct cepa_segment *segment = cepa_segment_at(&session->send_pool, handle.index);
    segment->stream = index;
    segment->number = stream->written++;
    segment->state = CEPA_SEGMENT_WAITS;
    cepa_segment_push(&session->send_pool, &stream->queue, handle.index);
    stream->live++;
    session->waiting++;
    return segment;
}

int cepa_session_write(struct cepa_session *session, size_t *ret_taken, struct cepa_stream stream,
                       const uint8_t *data, size_t data_len, bool is_end)
{
    uint32_t index = cepa_stream_index(session, stream);
    size_t taken = 0;
    if (index == CEPA_SESSION_NONE) {
        return CEPA_ERR_NOT_FOUND;
    }
    struct cepa_stream_slot *slot = cepa_stream_at(session, index);
    if (slot->sending != CEPA_SIDE_OPEN) {
        return CEPA_ERR_STATE;
    }
    while (taken < data_len || (is_end && slot->sending == CEPA_SIDE_OPEN)) {
        struct cepa_segment *segment = segment_to_fill(session, index);
        if (segment == NULL) {
            cepa_stream_list_add(session, CEPA_STREAM_WANTING, index);
            break;
        }
        size_t left = CEPA_SESSION_SEGMENT_MAX - (size_t)segment->len;
        size_t len = data_len - taken < left ? data_len - taken : left;
        if (len > 0) {
            memcpy(segment->data + segment->len, data + taken, len);
        }
        segment->len = (uint16_t)(segment->len + len);
        taken += len;
        if (is_end && taken == data_len) {
            segment->is_end = true;
            slot->sending = CEPA_SIDE_ENDED;
        }
    }
    make_ready(session, index);
    *ret_taken = taken;
    bool lacks_end = is_end && taken == data_len && slot->sending == CEPA_SIDE_OPEN;
    return lacks_end ? CEPA_ERR_FULL : 0;
}

/* --- what becomes of segments ---------------------------------------------------------------- */

/* Writers that found no room are told when there is some. */
static void tell_wanting(struct cepa_session *session)
{
    const struct cepa_pool *pool = &session->send_pool;
    uint32_t free = pool->capacity - pool->count;
    if (free < 2 * CEPA_SESSION_KEEP_FREE ||
        session->lists[CEPA_STREAM_WANTING].head == CEPA_SESSION_NONE) {
        return;
    }
    for (;;) {
        uint32_t index = cepa_stream_list_take(session, CEPA_STREAM_WANTING);
        if (index == CEPA_SESSION_NONE) {
            return;
        }
        if (cepa_stream_at(session, index)->sending == CEPA_SIDE_OPEN) {
            cepa_stream_tell(session, index, CEPA_TELL_WRITABLE);
        } else {
            cepa_stream_end(session, index);
        }
    }
}

/* Whether the writing side is over, after something of it has gone. */
static void look_for_end(struct cepa_session *session, uint32_t index)
{
    struct cepa_stream_slot *stream = cepa_stream_at(session, index);
    if (stream->live > 0) {
        return;
    }
    if (stream->sending == CEPA_SIDE_ENDED) {
        stream->sending = CEPA_SIDE_OVER;
        cepa_stream_tell(session, index, CEPA_TELL_DELIVERED);
    } else if (stream->sending == CEPA_SIDE_RESET && stream->is_reset_told) {
        stream->sending = CEPA_SIDE_OVER;
        cepa_stream_end(session, index);
    }
}

void cepa_segment_purge(struct cepa_session *session)
{
    for (;;) {
        uint32_t index = session->repeat.head;
        if (index == CEPA_SESSION_NONE ||
            cepa_segment_at(&session->send_pool, index)->state != CEPA_SEGMENT_DONE) {
            return;
        }
        session->repeat.head = cepa_segment_at(&session->send_pool, index)->next;
        cepa_segment_free(&session->send_pool, index);
    }
}

void cepa_stream_on_acked(struct cepa_session *session, uint32_t segment)
{
    struct cepa_segment *gone = cepa_segment_at(&session->send_pool, segment);
    uint32_t index = gone->stream;
    if (gone->state == CEPA_SEGMENT_DONE) {
        return;
    }
    cepa_stream_at(session, index)->live--;
    if (gone->state == CEPA_SEGMENT_REPEAT) {
        gone->state = CEPA_SEGMENT_DONE;
        cepa_segment_purge(session);
    } else {
        cepa_segment_free(&session->send_pool, segment);
    }
    look_for_end(session, index);
    tell_wanting(session);
}

void cepa_stream_on_lost(struct cepa_session *session, uint32_t segment)
{
    struct cepa_segment *lost = cepa_segment_at(&session->send_pool, segment);
    if (cepa_stream_at(session, lost->stream)->sending == CEPA_SIDE_RESET) {
        cepa_stream_on_acked(session, segment);
        return;
    }
    lost->state = CEPA_SEGMENT_REPEAT;
    cepa_segment_push(&session->send_pool, &session->repeat, segment);
}

/* --- giving up ------------------------------------------------------------------------------- */

static void give_up(struct cepa_session *session, uint32_t index, uint32_t code, bool is_told)
{
    struct cepa_stream_slot *stream = cepa_stream_at(session, index);
    if (stream->sending != CEPA_SIDE_OPEN && stream->sending != CEPA_SIDE_ENDED) {
        return;
    }
    stream->sending = CEPA_SIDE_RESET;
    stream->reset_code = code;
    stream->is_reset_told = is_told;
    for (;;) {
        uint32_t segment = cepa_segment_pop(&session->send_pool, &stream->queue);
        if (segment == CEPA_SESSION_NONE) {
            break;
        }
        cepa_segment_free(&session->send_pool, segment);
        stream->live--;
        session->waiting--;
    }
    if (!is_told) {
        cepa_stream_owe(session, index, CEPA_OWE_RESET);
    }
    look_for_end(session, index);
    tell_wanting(session);
}

void cepa_session_reset(struct cepa_session *session, struct cepa_stream stream, uint32_t code)
{
    uint32_t index = cepa_stream_index(session, stream);
    if (index != CEPA_SESSION_NONE) {
        give_up(session, index, code, false);
    }
}

void cepa_stream_on_reset_told(struct cepa_session *session, uint32_t index)
{
    cepa_stream_at(session, index)->is_reset_told = true;
    look_for_end(session, index);
}

int cepa_stream_on_window(struct cepa_session *session, const struct cepa_session_frame *frame)
{
    uint32_t index;
    int error = cepa_stream_resolve(session, &index, frame->stream);
    if (error != 0 || index == CEPA_SESSION_NONE) {
        return error;
    }
    struct cepa_stream_slot *stream = cepa_stream_at(session, index);
    if (frame->number > stream->permitted) {
        stream->permitted = frame->number;
        make_ready(session, index);
        tell_wanting(session);
    }
    return 0;
}

int cepa_stream_on_stop(struct cepa_session *session, const struct cepa_session_frame *frame)
{
    uint32_t index;
    int error = cepa_stream_resolve(session, &index, frame->stream);
    if (error != 0 || index == CEPA_SESSION_NONE) {
        return error;
    }
    struct cepa_stream_slot *stream = cepa_stream_at(session, index);
    if (stream->sending == CEPA_SIDE_OPEN || stream->sending == CEPA_SIDE_ENDED) {
        stream->stopped_code = frame->number;
        cepa_stream_tell(session, index, CEPA_TELL_STOPPED);
        give_up(session, index, 0, true);
    }
    return 0;
}
