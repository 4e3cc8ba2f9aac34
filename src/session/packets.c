/* Packets of a session: what goes into the next one for a path, and what one that came says.
 * @[SPEC 13.2], @[SPEC 13.6] */
#include <string.h>

#include "base/assert.h"
#include "session/session_parts.h"

#define ACK_EVERY 32                           /* packets */
#define ACK_DELAY_NS (5 * CEPA_MILLISECOND_NS) /* the longest that an answer waits */
#define ACK_BEFORE 128                         /* packets of which an answer says at least */

/* --- acknowledgements ------------------------------------------------------------------------ */

static bool is_ack_due(const struct cepa_session_path *path, struct cepa_time now)
{
    return path->is_used && path->owed > 0 &&
           (path->owed >= ACK_EVERY || cepa_time_since(now, path->owed_since) >= ACK_DELAY_NS);
}

static bool has_come(const struct cepa_replay_window *window, uint64_t number)
{
    return (window->words[number / 64 % CEPA_REPLAY_WINDOW_WORDS] >> number % 64 & 1) != 0;
}

/* Says of all that came since the last answer, and of some before, in case that got lost. */
static void fill_ack(struct cepa_session_frame *ret_frame, uint8_t *bits,
                     const struct cepa_session_path *path, struct cepa_time now)
{
    const struct cepa_replay_window *window = &path->received;
    uint64_t largest = window->next - 1;
    uint64_t delay_us = cepa_time_since(now, path->largest_at) / CEPA_MICROSECOND_NS;
    uint64_t count = path->lowest_owed < largest ? largest - path->lowest_owed : 0;
    count = count < ACK_BEFORE ? ACK_BEFORE : count;
    count = count < 8 * CEPA_SESSION_ACK_BYTES_MAX ? count : 8 * CEPA_SESSION_ACK_BYTES_MAX;
    count = count < largest ? count : largest;
    ret_frame->kind = CEPA_SESSION_FRAME_ACK;
    ret_frame->path = path->number;
    ret_frame->largest = largest;
    ret_frame->delay_us = delay_us < UINT32_MAX ? (uint32_t)delay_us : UINT32_MAX;
    ret_frame->data = bits;
    ret_frame->data_len = (size_t)(count + 7) / 8;
    memset(bits, 0, ret_frame->data_len);
    for (uint32_t i = 0; i < count; i++) {
        bits[i / 8] = (uint8_t)(bits[i / 8] | has_come(window, largest - 1 - i) << i % 8);
    }
}

static void write_acks(struct cepa_session *session, struct cepa_writer *writer,
                       struct cepa_time now)
{
    for (unsigned i = 0; i < CEPA_SESSION_PATHS_MAX; i++) {
        struct cepa_session_path *path = &session->paths[i];
        struct cepa_session_frame frame;
        uint8_t bits[CEPA_SESSION_ACK_BYTES_MAX];
        if (path->is_used && path->owed > 0) {
            memset(&frame, 0, sizeof frame);
            fill_ack(&frame, bits, path, now);
            if (cepa_session_frame_encode(writer, &frame) == 0) {
                path->owed = 0;
                path->lowest_owed = UINT64_MAX;
            }
        }
    }
}

/* --- a packet that is being filled ----------------------------------------------------------- */

struct filling {
    struct cepa_session *session;
    struct cepa_session_path *path;
    struct cepa_session_sent *sent; /* where its refs go */
    struct cepa_writer writer;
    bool wants_answer; /* something but an ACK is in it */
};

/* Appends a frame that is told again if it is lost. Gives whether it fitted. */
static bool append(struct filling *filling, const struct cepa_session_frame *frame,
                   enum cepa_session_ref_kind kind, uint32_t index, uint64_t generation)
{
    struct cepa_session_sent *sent = filling->sent;
    if (sent->refs_len == CEPA_SESSION_REFS ||
        cepa_session_frame_encode(&filling->writer, frame) != 0) {
        return false;
    }
    sent->refs[sent->refs_len].kind = (uint32_t)kind;
    sent->refs[sent->refs_len].index = index;
    sent->refs[sent->refs_len].generation = generation;
    sent->refs_len++;
    filling->wants_answer = true;
    return true;
}

static void write_session_frames(struct filling *filling)
{
    struct cepa_session *session = filling->session;
    if (session->owes_close) {
        struct cepa_session_frame frame = {.kind = CEPA_SESSION_FRAME_CLOSE,
                                           .number = session->close_code};
        session->owes_close = !append(filling, &frame, CEPA_REF_CLOSE, 0, 0);
    }
    if (session->owes_streams) {
        struct cepa_session_frame frame = {.kind = CEPA_SESSION_FRAME_STREAMS,
                                           .number = session->peer_permitted};
        session->owes_streams = !append(filling, &frame, CEPA_REF_STREAMS, 0, 0);
    }
}

/* One frame that a stream owes; gives whether it fitted. */
static bool write_owed(struct filling *filling, uint32_t index, unsigned owe)
{
    struct cepa_stream_slot *stream = cepa_stream_at(filling->session, index);
    uint64_t generation = filling->session->stream_pool.slots[index].generation;
    struct cepa_session_frame frame = {.stream = stream->id};
    enum cepa_session_ref_kind ref = CEPA_REF_WINDOW;
    if ((stream->owe & owe) == 0) {
        return true;
    }
    if (owe == CEPA_OWE_WINDOW) {
        frame.kind = CEPA_SESSION_FRAME_WINDOW;
        frame.number = stream->granted;
    } else if (owe == CEPA_OWE_RESET) {
        frame.kind = CEPA_SESSION_FRAME_RESET;
        frame.number = stream->reset_code;
        ref = CEPA_REF_RESET;
    } else {
        frame.kind = CEPA_SESSION_FRAME_STOP;
        frame.number = stream->stop_code;
        ref = CEPA_REF_STOP;
    }
    if (!append(filling, &frame, ref, index, generation)) {
        return false;
    }
    stream->owe = (uint8_t)(stream->owe & ~owe);
    return true;
}

static void write_owing(struct filling *filling)
{
    struct cepa_session *session = filling->session;
    while (session->lists[CEPA_STREAM_OWING].head != CEPA_SESSION_NONE) {
        uint32_t index = session->lists[CEPA_STREAM_OWING].head;
        if (!write_owed(filling, index, CEPA_OWE_WINDOW) ||
            !write_owed(filling, index, CEPA_OWE_RESET) ||
            !write_owed(filling, index, CEPA_OWE_STOP)) {
            return;
        }
        (void)cepa_stream_list_take(session, CEPA_STREAM_OWING);
        cepa_stream_end(session, index);
    }
}

static void write_datagrams(struct filling *filling)
{
    struct cepa_ring *ring = &filling->session->datagrams_out;
    for (;;) {
        const struct cepa_session_datagram *datagram = cepa_ring_find(ring, 0);
        if (datagram == NULL) {
            return;
        }
        struct cepa_session_frame frame = {
            .kind = CEPA_SESSION_FRAME_DATAGRAM, .data = datagram->data, .data_len = datagram->len};
        if (cepa_session_frame_encode(&filling->writer, &frame) != 0) {
            return;
        }
        filling->wants_answer = true;
        int error = cepa_ring_pop(ring, NULL);
        CEPA_ASSERT(error == 0);
    }
}

static bool write_segment(struct filling *filling, uint32_t index)
{
    struct cepa_session *session = filling->session;
    struct cepa_segment *segment = cepa_segment_at(&session->send_pool, index);
    struct cepa_session_frame frame = {.kind = CEPA_SESSION_FRAME_SEGMENT,
                                       .stream = cepa_stream_at(session, segment->stream)->id,
                                       .number = segment->number,
                                       .is_end = segment->is_end,
                                       .data = segment->data,
                                       .data_len = segment->len};
    if (!append(filling, &frame, CEPA_REF_SEGMENT, index,
                session->send_pool.slots[index].generation)) {
        return false;
    }
    segment->state = CEPA_SEGMENT_FLIES;
    segment->path = filling->path->number;
    segment->packet = filling->sent->number;
    session->segments_sent++;
    session->segments_repeated += segment->is_repeat;
    segment->is_repeat = true;
    return true;
}

static void write_repeats(struct filling *filling)
{
    struct cepa_session *session = filling->session;
    while (session->repeat.head != CEPA_SESSION_NONE) {
        uint32_t index = session->repeat.head;
        uint32_t next = cepa_segment_at(&session->send_pool, index)->next;
        if (!write_segment(filling, index)) {
            return;
        }
        session->repeat.head = next;
        cepa_segment_purge(session);
    }
}

/* One segment of each stream in turn; the control stream goes before all others. */
static void write_fresh(struct filling *filling)
{
    struct cepa_session *session = filling->session;
    for (;;) {
        struct cepa_stream control = session->control;
        uint32_t index = cepa_stream_index(session, control);
        bool is_control = index != CEPA_SESSION_NONE && cepa_stream_has_sendable(session, index);
        if (!is_control) {
            index = session->lists[CEPA_STREAM_READY].head;
        }
        if (index == CEPA_SESSION_NONE) {
            return;
        }
        struct cepa_stream_slot *stream = cepa_stream_at(session, index);
        if (cepa_stream_has_sendable(session, index)) {
            uint32_t segment = stream->queue.head;
            uint32_t next = cepa_segment_at(&session->send_pool, segment)->next;
            if (!write_segment(filling, segment)) {
                return;
            }
            stream->queue.head = next;
            session->waiting--;
        }
        if (!is_control) {
            (void)cepa_stream_list_take(session, CEPA_STREAM_READY);
            if (cepa_stream_has_sendable(session, index)) {
                cepa_stream_list_add(session, CEPA_STREAM_READY, index);
            } else {
                cepa_stream_end(session, index);
            }
        }
    }
}

/* --- which path ------------------------------------------------------------------------------ */

static bool has_window(const struct cepa_session_path *path)
{
    return path->in_flight < path->window && path->room > 0;
}

static bool is_carrying(const struct cepa_session *session, const struct cepa_session_path *path)
{
    if (!cepa_session_path_is_well(path)) {
        return false;
    }
    if (path->role == CEPA_SESSION_ACTIVE) {
        return true;
    }
    for (unsigned i = 0; i < CEPA_SESSION_PATHS_MAX; i++) {
        if (cepa_session_path_is_well(&session->paths[i]) &&
            session->paths[i].role == CEPA_SESSION_ACTIVE) {
            return false;
        }
    }
    return true;
}

/* A slower path waits while a faster one would deliver what is queued before it could: earliest
 * completion first. */
static bool is_its_turn(const struct cepa_session *session, const struct cepa_session_path *path)
{
    for (unsigned i = 0; i < CEPA_SESSION_PATHS_MAX; i++) {
        const struct cepa_session_path *other = &session->paths[i];
        if (other == path || !is_carrying(session, other) || other->smoothed_ns == 0 ||
            other->smoothed_ns >= path->smoothed_ns) {
            continue;
        }
        uint64_t rounds = 1 + session->waiting / other->window;
        uint32_t times = rounds < UINT32_MAX ? (uint32_t)rounds : UINT32_MAX;
        if (cepa_duration_scale(other->smoothed_ns, times) + other->smoothed_ns / 4 <
            path->smoothed_ns) {
            return false;
        }
    }
    return true;
}

static bool has_data(const struct cepa_session *session)
{
    return session->repeat.head != CEPA_SESSION_NONE ||
           session->lists[CEPA_STREAM_READY].head != CEPA_SESSION_NONE ||
           session->lists[CEPA_STREAM_OWING].head != CEPA_SESSION_NONE || session->owes_close ||
           session->owes_streams || cepa_ring_count(&session->datagrams_out) > 0;
}

/* Answers go by any path; by one that is not well only if they are for itself. */
static bool has_due_ack(const struct cepa_session *session, const struct cepa_session_path *path,
                        struct cepa_time now)
{
    for (unsigned i = 0; i < CEPA_SESSION_PATHS_MAX; i++) {
        const struct cepa_session_path *other = &session->paths[i];
        if (is_ack_due(other, now) &&
            (other == path || (cepa_session_path_is_well(path) &&
                               (!cepa_session_path_is_well(other) || other->room == 0)))) {
            return true;
        }
    }
    return false;
}

static bool may_carry(const struct cepa_session *session, const struct cepa_session_path *path)
{
    return is_carrying(session, path) && has_window(path) && has_data(session) &&
           is_its_turn(session, path);
}

bool cepa_session_is_writable(const struct cepa_session *session, uint32_t number,
                              struct cepa_time now)
{
    for (unsigned i = 0; i < CEPA_SESSION_PATHS_MAX; i++) {
        const struct cepa_session_path *path = &session->paths[i];
        if (path->is_used && path->number == number) {
            return !path->is_broken && path->room > 0 &&
                   (path->is_probe_due || has_due_ack(session, path, now) ||
                    may_carry(session, path));
        }
    }
    return false;
}

/* --- in and out ------------------------------------------------------------------------------ */

static void begin(struct filling *ret_filling, struct cepa_session *session,
                  struct cepa_session_path *path, uint8_t *plain)
{
    struct cepa_session_sent *sent = cepa_session_sent_at(session, path, path->next);
    if (sent->is_used && sent->is_open) {
        cepa_session_packet_give_up(session, path, sent); /* a ring's length behind */
    }
    memset(sent, 0, sizeof *sent);
    sent->number = path->next;
    ret_filling->session = session;
    ret_filling->path = path;
    ret_filling->sent = sent;
    ret_filling->wants_answer = false;
    cepa_writer_init(&ret_filling->writer, plain, CEPA_SESSION_PLAIN_SIZE);
}

int cepa_session_pull(struct cepa_session *session, uint64_t *ret_number, uint8_t *ret_plain,
                      uint32_t number, struct cepa_time now)
{
    struct cepa_session_path *path = cepa_session_path_find(session, number);
    struct filling filling;
    if (path == NULL || !cepa_session_is_writable(session, number, now)) {
        return CEPA_ERR_NOT_FOUND;
    }
    begin(&filling, session, path, ret_plain);
    write_acks(session, &filling.writer, now);
    if (may_carry(session, path)) {
        write_session_frames(&filling);
        write_owing(&filling);
        write_datagrams(&filling);
        write_repeats(&filling);
        write_fresh(&filling);
    }
    if (path->is_probe_due && !filling.wants_answer) {
        struct cepa_session_frame ping = {.kind = CEPA_SESSION_FRAME_PING};
        filling.wants_answer = cepa_session_frame_encode(&filling.writer, &ping) == 0;
    }
    if (cepa_writer_left(&filling.writer) == CEPA_SESSION_PLAIN_SIZE) {
        return CEPA_ERR_NOT_FOUND; /* what waited was of no use any more */
    }
    cepa_writer_zeros(&filling.writer, cepa_writer_left(&filling.writer));
    if (filling.wants_answer) {
        filling.sent->is_used = true;
        filling.sent->is_open = true;
        filling.sent->at = now;
        path->is_probe_due = false;
        cepa_session_path_on_sent(session, path, now);
    }
    *ret_number = path->next++;
    path->room--;
    return 0;
}

static void take_datagram(struct cepa_session *session, const struct cepa_session_frame *frame)
{
    struct cepa_session_datagram *datagram = cepa_ring_reserve(&session->datagrams_in);
    if (datagram != NULL) { /* else it is lost, as datagrams may be */
        datagram->len = (uint16_t)frame->data_len;
        memcpy(datagram->data, frame->data, frame->data_len);
    }
}

static int take_frame(struct cepa_session *session, const struct cepa_session_frame *frame,
                      struct cepa_time now)
{
    switch (frame->kind) {
    case CEPA_SESSION_FRAME_SEGMENT:
        return cepa_stream_on_segment(session, frame);
    case CEPA_SESSION_FRAME_ACK:
        return cepa_session_path_on_ack(session, frame, now);
    case CEPA_SESSION_FRAME_WINDOW:
        return cepa_stream_on_window(session, frame);
    case CEPA_SESSION_FRAME_STREAMS:
        if (frame->number > session->streams_permitted) {
            session->streams_permitted = frame->number;
            cepa_stream_look_for_room(session);
        }
        return 0;
    case CEPA_SESSION_FRAME_RESET:
        return cepa_stream_on_reset(session, frame);
    case CEPA_SESSION_FRAME_STOP:
        return cepa_stream_on_stop(session, frame);
    case CEPA_SESSION_FRAME_DATAGRAM:
        take_datagram(session, frame);
        return 0;
    case CEPA_SESSION_FRAME_CLOSE:
        if (!session->is_closed) {
            session->is_closed = true;
            session->tells_closed = true;
            session->close_code = frame->number;
        }
        return 0;
    case CEPA_SESSION_FRAME_PING:
    case CEPA_SESSION_FRAME_END:
        break;
    }
    return 0;
}

int cepa_session_receive(struct cepa_session *session, uint32_t number, uint64_t packet,
                         const uint8_t *plain, struct cepa_time now)
{
    struct cepa_session_path *path = cepa_session_path_find(session, number);
    struct cepa_reader reader;
    struct cepa_session_frame frame;
    bool wants_answer = false;
    bool is_data = false;
    int error;
    if (path == NULL) {
        return CEPA_ERR_NOT_FOUND;
    }
    bool is_largest = packet >= path->received.next;
    error = cepa_replay_window_accept(&path->received, packet);
    if (error != 0) {
        return error;
    }
    path->packets_received++;
    path->lowest_owed = packet < path->lowest_owed ? packet : path->lowest_owed;
    path->largest_at = is_largest ? now : path->largest_at;
    cepa_reader_init(&reader, plain, CEPA_SESSION_PLAIN_SIZE);
    do {
        error = cepa_session_frame_decode(&frame, &reader);
        if (error == 0) {
            error = take_frame(session, &frame, now);
        }
        wants_answer |=
            frame.kind != CEPA_SESSION_FRAME_ACK && frame.kind != CEPA_SESSION_FRAME_END;
        is_data |=
            frame.kind == CEPA_SESSION_FRAME_SEGMENT || frame.kind == CEPA_SESSION_FRAME_DATAGRAM;
    } while (error == 0 && frame.kind != CEPA_SESSION_FRAME_END);
    if (wants_answer) {
        path->owed_since = path->owed == 0 ? now : path->owed_since;
        path->owed++;
    }
    if (is_data) {
        path->heard = now;
    }
    return error;
}
