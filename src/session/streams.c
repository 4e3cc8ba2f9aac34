/* Streams of a session: their slots, lists and names. @[SPEC 13.3] */
#include <string.h>

#include "base/assert.h"
#include "session/session_parts.h"

/* Bits of a stream's id below its number. */
#define ID_RESPONDER 1u
#define ID_ONE_WAY 2u
#define ID_NUMBER_SHIFT 2

struct cepa_segment *cepa_segment_at(const struct cepa_pool *pool, uint32_t index)
{
    CEPA_ASSERT(index < pool->capacity);
    return (struct cepa_segment *)(void *)(pool->elements + index * pool->element_size);
}

struct cepa_stream_slot *cepa_stream_at(const struct cepa_session *session, uint32_t index)
{
    const struct cepa_pool *pool = &session->stream_pool;
    CEPA_ASSERT(index < pool->capacity);
    return (struct cepa_stream_slot *)(void *)(pool->elements + index * pool->element_size);
}

/* --- queues of segments --------------------------------------------------------------------- */

void cepa_segment_push(const struct cepa_pool *pool, struct cepa_segment_queue *queue,
                       uint32_t index)
{
    cepa_segment_at(pool, index)->next = CEPA_SESSION_NONE;
    if (queue->head == CEPA_SESSION_NONE) {
        queue->head = index;
    } else {
        cepa_segment_at(pool, queue->tail)->next = index;
    }
    queue->tail = index;
}

uint32_t cepa_segment_pop(const struct cepa_pool *pool, struct cepa_segment_queue *queue)
{
    uint32_t index = queue->head;
    if (index != CEPA_SESSION_NONE) {
        queue->head = cepa_segment_at(pool, index)->next;
    }
    return index;
}

void cepa_segment_free(struct cepa_pool *pool, uint32_t index)
{
    struct cepa_handle handle = {.generation = pool->slots[index].generation, .index = index};
    int error = cepa_pool_free(pool, handle);
    CEPA_ASSERT(error == 0);
}

/* --- lists of streams ----------------------------------------------------------------------- */

void cepa_stream_list_add(struct cepa_session *session, unsigned list, uint32_t index)
{
    struct cepa_stream_slot *stream = cepa_stream_at(session, index);
    struct cepa_stream_list *streams = &session->lists[list];
    if (stream->is_in[list]) {
        return;
    }
    stream->is_in[list] = true;
    stream->next_in[list] = CEPA_SESSION_NONE;
    if (streams->head == CEPA_SESSION_NONE) {
        streams->head = index;
    } else {
        cepa_stream_at(session, streams->tail)->next_in[list] = index;
    }
    streams->tail = index;
}

uint32_t cepa_stream_list_take(struct cepa_session *session, unsigned list)
{
    struct cepa_stream_list *streams = &session->lists[list];
    uint32_t index = streams->head;
    if (index != CEPA_SESSION_NONE) {
        struct cepa_stream_slot *stream = cepa_stream_at(session, index);
        streams->head = stream->next_in[list];
        stream->is_in[list] = false;
    }
    return index;
}

void cepa_stream_tell(struct cepa_session *session, uint32_t index, unsigned tell)
{
    struct cepa_stream_slot *stream = cepa_stream_at(session, index);
    stream->tell = (uint8_t)(stream->tell | tell);
    if (stream->is_known) {
        cepa_stream_list_add(session, CEPA_STREAM_TOLD, index);
    }
}

void cepa_stream_owe(struct cepa_session *session, uint32_t index, unsigned owe)
{
    struct cepa_stream_slot *stream = cepa_stream_at(session, index);
    stream->owe = (uint8_t)(stream->owe | owe);
    cepa_stream_list_add(session, CEPA_STREAM_OWING, index);
}

/* --- slots ---------------------------------------------------------------------------------- */

static uint64_t key_of(uint32_t id)
{
    return id & ~ID_ONE_WAY;
}

int cepa_stream_create(struct cepa_session *session, uint32_t *ret_index, uint32_t id, bool is_mine)
{
    struct cepa_handle handle;
    uint64_t key = key_of(id);
    int error = cepa_pool_alloc(&session->stream_pool, &handle);
    if (error != 0) {
        return error;
    }
    uint64_t value = handle.index;
    error = cepa_map_put(&session->streams, &key, &value);
    CEPA_ASSERT(error == 0);
    struct cepa_stream_slot *stream = cepa_stream_at(session, handle.index);
    stream->id = id;
    stream->is_mine = is_mine;
    stream->is_known = is_mine;
    stream->queue.head = CEPA_SESSION_NONE;
    stream->permitted = CEPA_SESSION_WINDOW_FIRST;
    stream->granted = CEPA_SESSION_WINDOW_FIRST;
    stream->window = CEPA_SESSION_WINDOW_FIRST;
    stream->round_end = CEPA_SESSION_WINDOW_FIRST;
    stream->end = UINT32_MAX;
    if (is_mine && (id & ID_ONE_WAY) != 0) {
        stream->receiving = CEPA_SIDE_OVER;
    }
    *ret_index = handle.index;
    return 0;
}

/* A frame about a stream that the other end opens is the first of it, or comes after frames about
 * later ones. Streams between are made without being known. */
static int open_up_to(struct cepa_session *session, uint32_t number)
{
    while (session->peer_opened <= number) {
        uint32_t index;
        uint32_t id =
            session->peer_opened << ID_NUMBER_SHIFT | (session->is_initiator ? ID_RESPONDER : 0);
        int error = cepa_stream_create(session, &index, id, false);
        if (error != 0) {
            return error;
        }
        session->peer_opened++;
    }
    return 0;
}

static void make_known(struct cepa_session *session, uint32_t index, uint32_t id)
{
    struct cepa_stream_slot *stream = cepa_stream_at(session, index);
    stream->id = id;
    stream->is_known = true;
    if ((id & ID_ONE_WAY) != 0) {
        stream->sending = CEPA_SIDE_OVER;
    }
    cepa_stream_tell(session, index, CEPA_TELL_OPENED);
}

int cepa_stream_resolve(struct cepa_session *session, uint32_t *ret_index, uint32_t id)
{
    uint64_t key = key_of(id);
    uint32_t number = id >> ID_NUMBER_SHIFT;
    bool is_mine = ((id & ID_RESPONDER) == 0) == session->is_initiator;
    if (is_mine && number >= session->opened) {
        return CEPA_ERR_STATE;
    }
    if (!is_mine && number >= session->peer_permitted) {
        return CEPA_ERR_TOO_LONG;
    }
    if (!is_mine && number >= session->peer_opened) {
        int error = open_up_to(session, number);
        if (error != 0) {
            return error;
        }
    }
    const uint64_t *value = cepa_map_find(&session->streams, &key);
    if (value == NULL) {
        *ret_index = CEPA_SESSION_NONE;
        return 0;
    }
    uint32_t index = (uint32_t)*value;
    if (!cepa_stream_at(session, index)->is_known) {
        make_known(session, index, id);
    }
    *ret_index = index;
    return cepa_stream_at(session, index)->id == id ? 0 : CEPA_ERR_STATE;
}

uint32_t cepa_stream_index(const struct cepa_session *session, struct cepa_stream stream)
{
    return cepa_pool_find(&session->stream_pool, stream.handle) == NULL ? CEPA_SESSION_NONE
                                                                        : stream.handle.index;
}

static struct cepa_stream name_of(const struct cepa_session *session, uint32_t index)
{
    struct cepa_stream name = {
        {.generation = session->stream_pool.slots[index].generation, .index = index}};
    return name;
}

static bool may_open(const struct cepa_session *session)
{
    return session->opened < session->streams_permitted && session->own < session->limits.streams;
}

void cepa_stream_look_for_room(struct cepa_session *session)
{
    session->tells_room |= session->wants_streams && may_open(session);
}

/* The other end may open another stream for each of its own that is over. */
static void permit_another(struct cepa_session *session)
{
    session->peer_permitted++;
    session->owes_streams = true;
}

void cepa_stream_end(struct cepa_session *session, uint32_t index)
{
    struct cepa_stream_slot *stream = cepa_stream_at(session, index);
    uint64_t key = key_of(stream->id);
    bool is_listed = stream->is_in[CEPA_STREAM_READY] || stream->is_in[CEPA_STREAM_OWING] ||
                     stream->is_in[CEPA_STREAM_TOLD] || stream->is_in[CEPA_STREAM_WANTING];
    if (stream->sending != CEPA_SIDE_OVER || stream->receiving != CEPA_SIDE_OVER || is_listed) {
        return;
    }
    session->window_spare += stream->window - CEPA_SESSION_WINDOW_FIRST;
    if (stream->is_mine) {
        session->own--;
        cepa_stream_look_for_room(session);
    } else {
        permit_another(session);
    }
    int error = cepa_map_remove(&session->streams, &key);
    CEPA_ASSERT(error == 0);
    error = cepa_pool_free(&session->stream_pool, name_of(session, index).handle);
    CEPA_ASSERT(error == 0);
}

/* --- opening -------------------------------------------------------------------------------- */

struct cepa_stream cepa_session_control(const struct cepa_session *session)
{
    return session->control;
}

int cepa_session_open(struct cepa_session *session, struct cepa_stream *ret_stream, bool is_one_way)
{
    uint32_t index;
    uint32_t id = session->opened << ID_NUMBER_SHIFT | (is_one_way ? ID_ONE_WAY : 0) |
                  (session->is_initiator ? 0 : ID_RESPONDER);
    if (!may_open(session)) {
        session->wants_streams = true;
        return CEPA_ERR_FULL;
    }
    int error = cepa_stream_create(session, &index, id, true);
    if (error != 0) {
        return error;
    }
    session->opened++;
    session->own++;
    *ret_stream = name_of(session, index);
    return 0;
}
