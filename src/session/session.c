/* A session: its memory, paths, events and time. @[SPEC 13] */
#include "session/session.h"

#include <string.h>

#include "base/assert.h"
#include "base/block.h"
#include "base/ct.h"
#include "session/session_parts.h"

#define WINDOW_AT_FIRST 64 /* packets under way on a new path */

struct cepa_session_limits cepa_session_limits_daemon(void)
{
    struct cepa_session_limits limits = {.streams = 128,
                                         .send_segments = 8192,
                                         .receive_segments = 8192,
                                         .packets = 4096,
                                         .datagrams = 64};
    return limits;
}

struct cepa_session_limits cepa_session_limits_tab(void)
{
    struct cepa_session_limits limits = {.streams = 32,
                                         .send_segments = 2048,
                                         .receive_segments = 2048,
                                         .packets = 1024,
                                         .datagrams = 16};
    return limits;
}

static bool is_power_of_two(uint32_t number)
{
    return number != 0 && (number & (number - 1)) == 0;
}

static bool are_valid(const struct cepa_session_limits *limits)
{
    return limits->streams >= CEPA_SESSION_STREAMS_FIRST && limits->streams <= 1u << 16 &&
           limits->send_segments > 2 * CEPA_SESSION_KEEP_FREE &&
           limits->send_segments <= 1u << 20 && limits->receive_segments <= 1u << 20 &&
           limits->receive_segments >= 2 * limits->streams * CEPA_SESSION_WINDOW_FIRST &&
           is_power_of_two(limits->packets) && limits->packets <= 1u << 16 &&
           is_power_of_two(limits->datagrams) && limits->datagrams <= 1u << 12;
}

/* The parts of the memory, behind the session itself. */
struct parts {
    size_t send, receive, streams, received, by_id, packets, datagrams;
};

static struct parts parts_of(const struct cepa_session_limits *limits)
{
    uint32_t streams = 2 * limits->streams;
    struct parts parts = {
        .send = cepa_pool_size(limits->send_segments, sizeof(struct cepa_segment)),
        .receive = cepa_pool_size(limits->receive_segments, sizeof(struct cepa_segment)),
        .streams = cepa_pool_size(streams, sizeof(struct cepa_stream_slot)),
        .received = cepa_map_size(limits->receive_segments, sizeof(uint64_t), sizeof(uint64_t)),
        .by_id = cepa_map_size(streams, sizeof(uint64_t), sizeof(uint64_t)),
        .packets = cepa_block_array_size(limits->packets, sizeof(struct cepa_session_sent)),
        .datagrams = cepa_ring_size(limits->datagrams, sizeof(struct cepa_session_datagram)),
    };
    return parts;
}

size_t cepa_session_size(const struct cepa_session_limits *limits)
{
    if (!are_valid(limits)) {
        return SIZE_MAX;
    }
    struct parts parts = parts_of(limits);
    size_t sizes[] = {parts.send,
                      parts.receive,
                      parts.streams,
                      parts.received,
                      parts.by_id,
                      2 * cepa_block_round(parts.datagrams),
                      CEPA_SESSION_PATHS_MAX * parts.packets};
    size_t size = cepa_block_round(sizeof(struct cepa_session));
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size = cepa_block_sum(size, cepa_block_round(sizes[i]));
    }
    return size;
}

static void carve(struct cepa_session *session, struct cepa_block *block,
                  const struct cepa_siphash_key *key)
{
    const struct cepa_session_limits *limits = &session->limits;
    uint32_t streams = 2 * limits->streams;
    struct parts parts = parts_of(limits);
    cepa_pool_init(&session->send_pool, cepa_block_carve(block, parts.send), parts.send,
                   limits->send_segments, sizeof(struct cepa_segment));
    cepa_pool_init(&session->receive_pool, cepa_block_carve(block, parts.receive), parts.receive,
                   limits->receive_segments, sizeof(struct cepa_segment));
    cepa_pool_init(&session->stream_pool, cepa_block_carve(block, parts.streams), parts.streams,
                   streams, sizeof(struct cepa_stream_slot));
    cepa_map_init(&session->received, cepa_block_carve(block, parts.received), parts.received,
                  limits->receive_segments, sizeof(uint64_t), sizeof(uint64_t), key);
    cepa_map_init(&session->streams, cepa_block_carve(block, parts.by_id), parts.by_id, streams,
                  sizeof(uint64_t), sizeof(uint64_t), key);
    cepa_ring_init(&session->datagrams_out, cepa_block_carve(block, parts.datagrams),
                   parts.datagrams, limits->datagrams, sizeof(struct cepa_session_datagram));
    cepa_ring_init(&session->datagrams_in, cepa_block_carve(block, parts.datagrams),
                   parts.datagrams, limits->datagrams, sizeof(struct cepa_session_datagram));
    for (unsigned i = 0; i < CEPA_SESSION_PATHS_MAX; i++) {
        session->paths[i].sent = cepa_block_carve(block, parts.packets);
    }
}

/* The control stream: number 0 of the initiator's, known to both. */
static void open_control(struct cepa_session *session)
{
    uint32_t index;
    int error = cepa_stream_create(session, &index, 0, session->is_initiator);
    CEPA_ASSERT(error == 0);
    cepa_stream_at(session, index)->is_known = true;
    session->control.handle.index = index;
    session->control.handle.generation = session->stream_pool.slots[index].generation;
    if (session->is_initiator) {
        session->opened = 1;
        session->own = 1;
    } else {
        session->peer_opened = 1;
    }
}

int cepa_session_init(struct cepa_session **ret_session, void *memory, size_t memory_len,
                      const struct cepa_session_limits *limits, bool is_initiator,
                      const struct cepa_siphash_key *key, struct cepa_time now)
{
    struct cepa_block block;
    if (!are_valid(limits) || memory_len < cepa_session_size(limits)) {
        return CEPA_ERR_ARGUMENT;
    }
    (void)now;
    cepa_block_init(&block, memory, memory_len);
    struct cepa_session *session = cepa_block_carve(&block, sizeof *session);
    memset(session, 0, sizeof *session);
    session->limits = *limits;
    session->is_initiator = is_initiator;
    carve(session, &block, key);
    CEPA_ASSERT(cepa_block_end(&block) == 0);
    for (unsigned i = 0; i < CEPA_STREAM_LISTS; i++) {
        session->lists[i].head = CEPA_SESSION_NONE;
    }
    session->repeat.head = CEPA_SESSION_NONE;
    session->streams_permitted = CEPA_SESSION_STREAMS_FIRST;
    session->peer_permitted = limits->streams;
    session->owes_streams = limits->streams > CEPA_SESSION_STREAMS_FIRST;
    session->window_spare =
        limits->receive_segments - 2 * limits->streams * CEPA_SESSION_WINDOW_FIRST;
    open_control(session);
    *ret_session = session;
    return 0;
}

void cepa_session_wipe(struct cepa_session *session)
{
    cepa_pool_wipe(&session->send_pool);
    cepa_pool_wipe(&session->receive_pool);
    cepa_pool_wipe(&session->stream_pool);
    cepa_map_wipe(&session->received);
    cepa_map_wipe(&session->streams);
    cepa_ring_wipe(&session->datagrams_out);
    cepa_ring_wipe(&session->datagrams_in);
    cepa_wipe(session, sizeof *session);
}

/* --- paths ---------------------------------------------------------------------------------- */

int cepa_session_path_open(struct cepa_session *session, uint32_t number,
                           enum cepa_session_role role, struct cepa_time now)
{
    if (cepa_session_path_find(session, number) != NULL) {
        return CEPA_ERR_IN_USE;
    }
    for (unsigned i = 0; i < CEPA_SESSION_PATHS_MAX; i++) {
        struct cepa_session_path *path = &session->paths[i];
        struct cepa_session_sent *sent = path->sent;
        if (path->is_used) {
            continue;
        }
        memset(path, 0, sizeof *path);
        path->sent = sent;
        cepa_block_zero(sent, session->limits.packets * sizeof *sent);
        path->is_used = true;
        path->number = number;
        path->role = role;
        path->window =
            session->limits.packets < WINDOW_AT_FIRST ? session->limits.packets : WINDOW_AT_FIRST;
        path->is_slow_start = true;
        path->base_at = now;
        path->used = now;
        path->progress = now;
        path->probe = cepa_time_never();
        path->lost_at = cepa_time_never();
        path->heard = cepa_time_never();
        path->lowest_owed = UINT64_MAX;
        path->is_probe_due = true; /* to know the round trip before it matters */
        cepa_replay_window_init(&path->received);
        session->path_events[i] = 0;
        return 0;
    }
    return CEPA_ERR_FULL;
}

void cepa_session_path_room(struct cepa_session *session, uint32_t number, uint32_t room)
{
    struct cepa_session_path *path = cepa_session_path_find(session, number);
    if (path != NULL) {
        path->room = room;
    }
}

void cepa_session_path_role(struct cepa_session *session, uint32_t number,
                            enum cepa_session_role role)
{
    struct cepa_session_path *path = cepa_session_path_find(session, number);
    if (path != NULL) {
        path->role = role;
    }
}

void cepa_session_path_broken(struct cepa_session *session, uint32_t number, struct cepa_time now)
{
    struct cepa_session_path *path = cepa_session_path_find(session, number);
    (void)now;
    if (path != NULL && !path->is_broken) {
        cepa_session_path_give_up(session, path);
        path->is_broken = true;
        path->probe = cepa_time_never();
        path->heard = cepa_time_never();
        path->is_probe_due = false;
        path->room = 0;
    }
}

void cepa_session_path_mended(struct cepa_session *session, uint32_t number, struct cepa_time now)
{
    struct cepa_session_path *path = cepa_session_path_find(session, number);
    if (path != NULL && path->is_broken) {
        path->is_broken = false;
        path->is_suspected = false;
        path->is_probe_due = true;
        path->probes = 0;
        path->used = now;
        path->base_ns = 0; /* other relays, other round trips */
        path->base_last_ns = 0;
        path->base_at = now;
        path->is_slow_start = true;
    }
}

void cepa_session_path_close(struct cepa_session *session, uint32_t number, struct cepa_time now)
{
    struct cepa_session_path *path = cepa_session_path_find(session, number);
    (void)now;
    if (path != NULL) {
        cepa_session_path_give_up(session, path);
        path->is_used = false;
        session->path_events[path - session->paths] = 0;
    }
}

/* --- time ----------------------------------------------------------------------------------- */

void cepa_session_step(struct cepa_session *session, struct cepa_time now)
{
    for (unsigned i = 0; i < CEPA_SESSION_PATHS_MAX; i++) {
        cepa_session_path_step(session, &session->paths[i], now);
    }
}

struct cepa_time cepa_session_deadline(const struct cepa_session *session)
{
    struct cepa_time deadline = cepa_time_never();
    for (unsigned i = 0; i < CEPA_SESSION_PATHS_MAX; i++) {
        deadline =
            cepa_time_earliest(deadline, cepa_session_path_deadline(session, &session->paths[i]));
    }
    return deadline;
}

/* --- events --------------------------------------------------------------------------------- */

/* The next thing that is told of a stream, the oldest sense first. */
static enum cepa_session_event_kind take_tell(struct cepa_stream_slot *stream)
{
    static const uint8_t kinds[][2] = {{CEPA_TELL_OPENED, CEPA_SESSION_OPENED},
                                       {CEPA_TELL_READABLE, CEPA_SESSION_READABLE},
                                       {CEPA_TELL_STOPPED, CEPA_SESSION_STOPPED},
                                       {CEPA_TELL_WRITABLE, CEPA_SESSION_WRITABLE},
                                       {CEPA_TELL_DELIVERED, CEPA_SESSION_DELIVERED}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if ((stream->tell & kinds[i][0]) != 0) {
            stream->tell = (uint8_t)(stream->tell & ~kinds[i][0]);
            return (enum cepa_session_event_kind)kinds[i][1];
        }
    }
    return 0;
}

static bool next_of_streams(struct cepa_session *session, struct cepa_session_event *event)
{
    while (session->lists[CEPA_STREAM_TOLD].head != CEPA_SESSION_NONE) {
        uint32_t index = session->lists[CEPA_STREAM_TOLD].head;
        struct cepa_stream_slot *stream = cepa_stream_at(session, index);
        enum cepa_session_event_kind kind = take_tell(stream);
        if (kind != 0) {
            event->kind = kind;
            event->stream.handle.index = index;
            event->stream.handle.generation = session->stream_pool.slots[index].generation;
            event->is_one_way = stream->sending == CEPA_SIDE_OVER && kind == CEPA_SESSION_OPENED;
            event->code = kind == CEPA_SESSION_STOPPED ? stream->stopped_code : 0;
        }
        if (stream->tell == 0) {
            (void)cepa_stream_list_take(session, CEPA_STREAM_TOLD);
            cepa_stream_end(session, index);
        }
        if (kind != 0) {
            return true;
        }
    }
    return false;
}

int cepa_session_next(struct cepa_session *session, struct cepa_session_event *ret_event)
{
    struct cepa_session_event event;
    memset(&event, 0, sizeof event);
    for (unsigned i = 0; i < CEPA_SESSION_PATHS_MAX && event.kind == 0; i++) {
        if (session->path_events[i] != 0) {
            event.kind = (enum cepa_session_event_kind)session->path_events[i];
            event.path = session->paths[i].number;
            session->path_events[i] = 0;
        }
    }
    if (event.kind == 0 && !next_of_streams(session, &event)) {
        if (session->tells_room) {
            session->tells_room = false;
            session->wants_streams = false;
            event.kind = CEPA_SESSION_ROOM;
        } else if (session->tells_closed) {
            session->tells_closed = false;
            event.kind = CEPA_SESSION_CLOSED;
            event.code = session->close_code;
        } else {
            return CEPA_ERR_NOT_FOUND;
        }
    }
    *ret_event = event;
    return 0;
}

/* --- datagrams, the end, status --------------------------------------------------------------- */

int cepa_session_send_datagram(struct cepa_session *session, const uint8_t *data, size_t data_len)
{
    if (data_len > CEPA_SESSION_DATAGRAM_MAX) {
        return CEPA_ERR_TOO_LONG;
    }
    struct cepa_session_datagram *datagram = cepa_ring_reserve(&session->datagrams_out);
    if (datagram == NULL) {
        return CEPA_ERR_FULL;
    }
    datagram->len = (uint16_t)data_len;
    memcpy(datagram->data, data, data_len);
    return 0;
}

int cepa_session_read_datagram(struct cepa_session *session, uint8_t *ret_data, size_t *ret_len)
{
    const struct cepa_session_datagram *datagram = cepa_ring_find(&session->datagrams_in, 0);
    if (datagram == NULL) {
        return CEPA_ERR_NOT_FOUND;
    }
    memcpy(ret_data, datagram->data, datagram->len);
    *ret_len = datagram->len;
    return cepa_ring_pop(&session->datagrams_in, NULL);
}

void cepa_session_close(struct cepa_session *session, uint32_t code)
{
    if (!session->is_closed) {
        session->is_closed = true;
        session->owes_close = true;
        session->close_code = code;
    }
}

int cepa_session_path_status_get(struct cepa_session_path_status *ret_status,
                                 const struct cepa_session *session, uint32_t number)
{
    for (unsigned i = 0; i < CEPA_SESSION_PATHS_MAX; i++) {
        const struct cepa_session_path *path = &session->paths[i];
        if (path->is_used && path->number == number) {
            ret_status->role = path->role;
            ret_status->is_suspected = path->is_suspected;
            ret_status->in_flight = path->in_flight;
            ret_status->window = path->window;
            ret_status->rtt_ns = path->smoothed_ns;
            ret_status->rtt_min_ns = path->base_ns;
            ret_status->packets_sent = path->next;
            ret_status->packets_lost = path->packets_lost;
            ret_status->packets_received = path->packets_received;
            return 0;
        }
    }
    return CEPA_ERR_NOT_FOUND;
}

void cepa_session_status_get(struct cepa_session_status *ret_status,
                             const struct cepa_session *session)
{
    ret_status->streams = session->stream_pool.count;
    ret_status->send_segments = session->send_pool.count;
    ret_status->receive_segments = session->receive_pool.count;
    ret_status->segments_sent = session->segments_sent;
    ret_status->segments_repeated = session->segments_repeated;
    ret_status->segments_received = session->segments_received;
    ret_status->segments_again = session->segments_again;
}
