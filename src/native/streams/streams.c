/* The table of streams, and those that local programs ask for. */
#include "native/streams/streams.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "native/streams/streams_state.h"

/* --- the table -------------------------------------------------------------------------------- */

int cepa_streams_open(struct cepa_streams **ret_streams, const struct cepa_streams_config *config)
{
    struct cepa_end_limits limits;
    cepa_end_limits_daemon(&limits);
    struct cepa_streams *streams = calloc(1, sizeof *streams);
    if (streams == NULL) {
        return CEPA_ERR_FULL;
    }
    /* Both ends may have so many open, and the control stream is one more. */
    streams->indices = 2 * limits.session.streams + 1;
    streams->by_index = calloc(streams->indices, sizeof *streams->by_index);
    if (streams->by_index == NULL) {
        free(streams);
        return CEPA_ERR_FULL;
    }
    streams->config = *config;
    cepa_shared_sessions_init(&streams->sessions, config->end);
    *ret_streams = streams;
    return 0;
}

struct cepa_session *cepa_streams_session(const struct cepa_streams *streams,
                                          const struct cepa_streams_one *one)
{
    return cepa_shared_sessions_streams(&streams->sessions, one->place);
}

void cepa_streams_touch(struct cepa_streams *streams, const struct cepa_streams_one *one)
{
    cepa_end_touch(streams->config.end, streams->sessions.entries[one->place].session);
}

struct cepa_streams_one *cepa_streams_add(struct cepa_streams *streams, uint32_t *ret_slot)
{
    uint32_t slot = 0;
    while (slot < CEPA_STREAMS_MAX && streams->slots[slot] != NULL) {
        slot++;
    }
    struct cepa_streams_one *one = slot < CEPA_STREAMS_MAX ? calloc(1, sizeof *one) : NULL;
    if (one == NULL) {
        return NULL;
    }
    one->streams = streams;
    one->fd = -1;
    one->due = cepa_time_never();
    streams->slots[slot] = one;
    streams->used = slot >= streams->used ? slot + 1 : streams->used;
    *ret_slot = slot;
    return one;
}

void cepa_streams_name(struct cepa_streams *streams, uint32_t slot, struct cepa_stream stream)
{
    struct cepa_streams_one *one = streams->slots[slot];
    one->stream = stream;
    one->has_stream = true;
    if (stream.handle.index < streams->indices) {
        streams->by_index[stream.handle.index][one->place] = (uint16_t)(slot + 1);
    }
}

/* The slot of a stream of the session at a place; -1 if it is none of ours. */
static int find(const struct cepa_streams *streams, uint32_t place, struct cepa_stream stream)
{
    uint32_t index = stream.handle.index;
    int slot = index < streams->indices ? (int)streams->by_index[index][place] - 1 : -1;
    const struct cepa_streams_one *one = slot >= 0 ? streams->slots[slot] : NULL;
    bool is_it = one != NULL && one->has_stream && one->place == place &&
                 cepa_handle_is_equal(one->stream.handle, stream.handle);
    return is_it ? slot : -1;
}

static void close_pipe(struct cepa_streams *streams, struct cepa_streams_one *one)
{
    struct cepa_pipe_status status;
    if (one->pipe != NULL) {
        cepa_pipe_status_get(&status, one->pipe);
        streams->bytes_out += status.bytes_out;
        streams->bytes_in += status.bytes_in;
        cepa_pipe_close(one->pipe);
        one->pipe = NULL;
    }
}

void cepa_streams_remove(struct cepa_streams *streams, uint32_t slot, struct cepa_time now)
{
    struct cepa_streams_one *one = streams->slots[slot];
    struct cepa_session *session = cepa_streams_session(streams, one);
    if (one->pipe == NULL && one->has_stream && session != NULL) {
        cepa_streams_give_up(streams, slot, CEPA_STREAM_CANCELLED);
    }
    close_pipe(streams, one);
    if (one->fd >= 0) {
        close(one->fd);
    }
    cepa_shared_sessions_drop(&streams->sessions, one->place, now);
    if (one->has_stream && one->stream.handle.index < streams->indices) {
        streams->by_index[one->stream.handle.index][one->place] = 0;
    }
    free(one);
    streams->slots[slot] = NULL;
    while (streams->used > 0 && streams->slots[streams->used - 1] == NULL) {
        streams->used--;
    }
}

void cepa_streams_close(struct cepa_streams *streams)
{
    if (streams == NULL) {
        return;
    }
    for (uint32_t i = 0; i < CEPA_STREAMS_MAX; i++) {
        if (streams->slots[i] != NULL) {
            struct cepa_time now = {0};
            cepa_streams_remove(streams, i, now);
        }
    }
    free(streams->by_index);
    free(streams);
}

void cepa_streams_tell(struct cepa_streams *streams, const struct cepa_streams_one *one,
                       enum cepa_streams_event event, int error)
{
    const struct cepa_streams_notice notice = {
        .event = event, .client = one->client, .stream = one->number, .error = error};
    if (one->client != 0) {
        streams->config.tell(streams->config.programs, &notice);
    }
}

/* --- a stream as a pipe sees it --------------------------------------------------------------- */

static int write_stream(void *context, size_t *ret_taken, const uint8_t *data, size_t data_len,
                        bool is_end)
{
    const struct cepa_streams_one *one = context;
    struct cepa_session *session = cepa_streams_session(one->streams, one);
    *ret_taken = 0;
    if (session == NULL) {
        return CEPA_ERR_STATE;
    }
    int status = cepa_session_write(session, ret_taken, one->stream, data, data_len, is_end);
    cepa_streams_touch(one->streams, one);
    return status;
}

static int read_stream(void *context, uint8_t *ret_data, size_t *ret_len, bool *ret_is_end,
                       size_t size)
{
    const struct cepa_streams_one *one = context;
    struct cepa_session *session = cepa_streams_session(one->streams, one);
    if (one->is_heard) { /* with its header */
        *ret_len = 0;
        *ret_is_end = true;
        return 0;
    }
    if (session == NULL) {
        return CEPA_ERR_STATE;
    }
    int status = cepa_session_read(session, ret_data, ret_len, ret_is_end, size, one->stream,
                                   one->streams->now);
    if (status == 0 && (*ret_len > 0 || *ret_is_end)) {
        cepa_streams_touch(one->streams, one);
    }
    return status;
}

static void reset_stream(void *context)
{
    const struct cepa_streams_one *one = context;
    struct cepa_session *session = cepa_streams_session(one->streams, one);
    if (session != NULL) {
        cepa_session_reset(session, one->stream, CEPA_STREAM_CANCELLED);
        cepa_streams_touch(one->streams, one);
    }
}

static void stop_stream(void *context)
{
    const struct cepa_streams_one *one = context;
    struct cepa_session *session = cepa_streams_session(one->streams, one);
    if (session != NULL) {
        cepa_session_stop(session, one->stream, CEPA_STREAM_CANCELLED);
        cepa_streams_touch(one->streams, one);
    }
}

int cepa_streams_join(struct cepa_streams *streams, uint32_t slot, int fd, struct cepa_time now)
{
    struct cepa_streams_one *one = streams->slots[slot];
    const struct cepa_pipe_stream stream = {one, write_stream, read_stream, reset_stream,
                                            stop_stream};
    one->fd = -1;
    one->due = cepa_time_never();
    streams->now = now;
    int status = cepa_pipe_open(&one->pipe, streams->config.loop,
                                streams->config.first_number + slot, fd, &stream);
    if (status != 0) {
        close(fd);
        return status;
    }
    one->stage = CEPA_STREAMS_AT_PIPE;
    cepa_pipe_on_stream(one->pipe);
    return 0;
}

void cepa_streams_look_at(struct cepa_streams *streams, uint32_t slot, struct cepa_time now)
{
    const struct cepa_streams_one *one = streams->slots[slot];
    if (one != NULL && one->pipe != NULL && cepa_pipe_is_done(one->pipe)) {
        cepa_streams_tell(streams, one, CEPA_STREAMS_ENDED, 0);
        cepa_streams_remove(streams, slot, now);
    }
}

/* --- what programs ask for -------------------------------------------------------------------- */

/* Opens a stream in a session that is ready; it waits on if there is no room. */
static void begin(struct cepa_streams *streams, uint32_t slot, struct cepa_time now)
{
    struct cepa_streams_one *one = streams->slots[slot];
    struct cepa_session *session = cepa_streams_session(streams, one);
    struct cepa_stream stream;
    int status = session == NULL ? CEPA_ERR_STATE : cepa_session_open(session, &stream, false);
    if (session == NULL || status == CEPA_ERR_FULL) {
        return;
    }
    int fd = one->fd;
    if (status == 0 && one->service[0] != '\0') {
        cepa_streams_name(streams, slot, stream);
        cepa_streams_ask(streams, slot, now);
        return;
    }
    if (status == 0) {
        cepa_streams_name(streams, slot, stream);
        cepa_streams_tell(streams, one, CEPA_STREAMS_READY, 0);
        status = cepa_streams_join(streams, slot, fd, now);
    }
    if (status != 0) {
        cepa_streams_tell(streams, one, CEPA_STREAMS_FAILED, status);
        cepa_streams_remove(streams, slot, now);
    } else {
        cepa_streams_look_at(streams, slot, now);
    }
}

int cepa_streams_connect(struct cepa_streams *streams, const struct cepa_streams_wish *wish, int fd,
                         struct cepa_time now)
{
    uint32_t slot;
    uint32_t place;
    struct cepa_streams_one *one = cepa_streams_add(streams, &slot);
    if (one == NULL) {
        return CEPA_ERR_FULL;
    }
    int status = cepa_shared_sessions_want(&streams->sessions, &place, &wish->peer, wish->as,
                                           wish->isolate, now);
    if (status != 0) {
        free(one);
        streams->slots[slot] = NULL;
        return status;
    }
    one->stage = CEPA_STREAMS_AT_WAIT;
    one->place = place;
    one->client = wish->client;
    one->number = wish->stream;
    one->fd = fd;
    strncpy(one->service, wish->service, sizeof one->service - 1);
    cepa_streams_tell(streams, one, CEPA_STREAMS_OPENING, 0);
    begin(streams, slot, now);
    return 0;
}

/* --- what happens ----------------------------------------------------------------------------- */

/* Tells all streams of a session, or ends them. */
static void tell_all(struct cepa_streams *streams, uint32_t place, enum cepa_streams_event event,
                     int error, struct cepa_time now)
{
    bool is_over = event == CEPA_STREAMS_ENDED || event == CEPA_STREAMS_FAILED;
    for (uint32_t i = 0; i < streams->used; i++) {
        const struct cepa_streams_one *one = streams->slots[i];
        if (one == NULL || one->place != place) {
            continue;
        }
        if (event != CEPA_STREAMS_READY && one->stage != CEPA_STREAMS_AT_OFFER) {
            cepa_streams_tell(streams, one, event, error);
        } else if (one->stage == CEPA_STREAMS_AT_WAIT) {
            begin(streams, i, now);
        }
        if (is_over && one->stage == CEPA_STREAMS_AT_USER) {
            streams->config.move(streams->config.arrivals, i, true, now);
        } else if (is_over) {
            cepa_streams_remove(streams, i, now);
        }
    }
}

static void on_stream(struct cepa_streams *streams, uint32_t place,
                      const struct cepa_session_event *event, struct cepa_time now)
{
    if (event->kind == CEPA_SESSION_OPENED) {
        cepa_streams_come(streams, place, event->stream, now);
        return;
    }
    if (event->kind == CEPA_SESSION_ROOM) {
        tell_all(streams, place, CEPA_STREAMS_READY, 0, now);
        return;
    }
    int slot = find(streams, place, event->stream);
    struct cepa_streams_one *one = slot >= 0 ? streams->slots[slot] : NULL;
    if (one == NULL) {
        return;
    }
    if (one->stage == CEPA_STREAMS_AT_HEADER) {
        cepa_streams_read_header(streams, (uint32_t)slot, now);
    } else if (one->stage == CEPA_STREAMS_AT_VERDICT) {
        cepa_streams_read_verdict(streams, (uint32_t)slot, now);
    } else if (one->stage == CEPA_STREAMS_AT_USER) {
        streams->config.move(streams->config.arrivals, (uint32_t)slot, false, now);
    } else if (one->pipe != NULL) {
        if (event->kind == CEPA_SESSION_DELIVERED) {
            cepa_streams_tell(streams, one, CEPA_STREAMS_DELIVERED, 0);
        }
        cepa_pipe_on_stream(one->pipe);
        cepa_streams_look_at(streams, (uint32_t)slot, now);
    }
}

void cepa_streams_on_end(struct cepa_streams *streams, const struct cepa_end_effect *effect,
                         struct cepa_time now)
{
    streams->now = now;
    int place = cepa_shared_sessions_on_end(&streams->sessions, effect, now);
    if (place < 0) {
        return;
    }
    switch ((unsigned)effect->event) {
    case CEPA_END_READY:
        tell_all(streams, (uint32_t)place, CEPA_STREAMS_READY, 0, now);
        break;
    case CEPA_END_CUT:
        tell_all(streams, (uint32_t)place, CEPA_STREAMS_CUT, 0, now);
        break;
    case CEPA_END_MENDED:
        tell_all(streams, (uint32_t)place, CEPA_STREAMS_MENDED, 0, now);
        break;
    case CEPA_END_FAILED:
        tell_all(streams, (uint32_t)place, CEPA_STREAMS_FAILED, effect->error, now);
        break;
    case CEPA_END_CLOSED:
        tell_all(streams, (uint32_t)place, CEPA_STREAMS_ENDED,
                 effect->error != 0 ? effect->error : CEPA_ERR_DROPPED, now);
        break;
    case CEPA_END_STREAM:
        on_stream(streams, (uint32_t)place, &effect->stream, now);
        break;
    default:
        break;
    }
}

bool cepa_streams_on_ready(struct cepa_streams *streams, const struct cepa_loop_ready *ready,
                           struct cepa_time now)
{
    uint64_t first = streams->config.first_number;
    if (ready->number < first || ready->number >= first + CEPA_STREAMS_MAX) {
        return false;
    }
    uint32_t slot = (uint32_t)(ready->number - first);
    const struct cepa_streams_one *one = streams->slots[slot];
    streams->now = now;
    if (one != NULL && one->pipe != NULL) {
        cepa_pipe_on_ready(one->pipe, ready->what);
        cepa_streams_look_at(streams, slot, now);
    }
    return true;
}

void cepa_streams_step(struct cepa_streams *streams, struct cepa_time now)
{
    cepa_shared_sessions_step(&streams->sessions, now);
    for (uint32_t i = 0; i < streams->used; i++) {
        const struct cepa_streams_one *one = streams->slots[i];
        if (one == NULL || !cepa_time_is_due(one->due, now)) {
            continue;
        }
        if (one->stage == CEPA_STREAMS_AT_VERDICT) {
            cepa_streams_fail(streams, i, CEPA_ERR_TIMEOUT, false, now);
        } else {
            cepa_streams_remove(streams, i, now);
        }
    }
}

struct cepa_time cepa_streams_deadline(const struct cepa_streams *streams)
{
    struct cepa_time earliest = cepa_shared_sessions_deadline(&streams->sessions);
    for (uint32_t i = 0; i < streams->used; i++) {
        if (streams->slots[i] != NULL) {
            earliest = cepa_time_earliest(earliest, streams->slots[i]->due);
        }
    }
    return earliest;
}

void cepa_streams_leave(struct cepa_streams *streams, struct cepa_time now)
{
    streams->now = now;
    cepa_shared_sessions_leave(&streams->sessions, now);
}

void cepa_streams_status_get(struct cepa_streams_status *ret_status,
                             const struct cepa_streams *streams)
{
    struct cepa_streams_status status = {.bytes_out = streams->bytes_out,
                                         .bytes_in = streams->bytes_in};
    for (uint32_t i = 0; i < CEPA_SHARED_SESSIONS_MAX; i++) {
        status.sessions += streams->sessions.entries[i].is_used;
    }
    for (uint32_t i = 0; i < streams->used; i++) {
        struct cepa_pipe_status moved;
        if (streams->slots[i] == NULL) {
            continue;
        }
        status.streams++;
        if (streams->slots[i]->pipe != NULL) {
            cepa_pipe_status_get(&moved, streams->slots[i]->pipe);
            status.bytes_out += moved.bytes_out;
            status.bytes_in += moved.bytes_in;
        }
    }
    *ret_status = status;
}
