/* Streams that others open: what they are for, and who is told. */
#include <string.h>
#include <unistd.h>

#include "native/streams/streams_state.h"

enum { HEADER_SECONDS = 30 /* for a header to come */ };

/* --- listeners -------------------------------------------------------------------------------- */

static bool is_for(const struct cepa_streams_listener *listener, struct cepa_end_identity own,
                   const char *service)
{
    return listener->is_used && cepa_handle_is_equal(listener->own.handle, own.handle) &&
           strcmp(listener->service, service) == 0;
}

/* The program that listens to a service and is still there; NULL if there is none. */
static const struct cepa_streams_listener *find_listener(struct cepa_streams *streams,
                                                         struct cepa_end_identity own,
                                                         const char *service)
{
    for (size_t i = 0; i < CEPA_STREAMS_LISTENERS_MAX; i++) {
        struct cepa_streams_listener *listener = &streams->listeners[i];
        if (listener->is_used &&
            !streams->config.is_here(streams->config.programs, listener->client)) {
            listener->is_used = false;
        }
        if (is_for(listener, own, service)) {
            return listener;
        }
    }
    return NULL;
}

int cepa_streams_listen(struct cepa_streams *streams, uint64_t client, struct cepa_end_identity own,
                        const char *service)
{
    if (find_listener(streams, own, service) != NULL) {
        return CEPA_ERR_IN_USE;
    }
    for (size_t i = 0; i < CEPA_STREAMS_LISTENERS_MAX; i++) {
        struct cepa_streams_listener *listener = &streams->listeners[i];
        if (!listener->is_used && strlen(service) < sizeof listener->service) {
            *listener =
                (struct cepa_streams_listener){.is_used = true, .client = client, .own = own};
            memcpy(listener->service, service, strlen(service) + 1);
            return 0;
        }
    }
    return CEPA_ERR_FULL;
}

/* --- headers ---------------------------------------------------------------------------------- */

static void on_connect(struct cepa_streams *streams, uint32_t slot, const char *service,
                       struct cepa_time now)
{
    struct cepa_streams_one *one = streams->slots[slot];
    const struct cepa_shared_session *session = &streams->sessions.entries[one->place];
    const struct cepa_streams_listener *listener = find_listener(streams, session->own, service);
    if (listener == NULL) {
        cepa_streams_refuse_service(streams, slot, CEPA_CONNECT_REFUSED, now);
        return;
    }
    streams->next_number++;
    one->stage = CEPA_STREAMS_AT_OFFER;
    one->client = listener->client;
    one->number = streams->next_number;
    one->due = cepa_time_add(now, CEPA_STREAMS_TAKE_SECONDS * CEPA_SECOND_NS);
    const struct cepa_streams_notice notice = {.event = CEPA_STREAMS_INCOMING,
                                               .client = one->client,
                                               .stream = one->number,
                                               .has_peer = session->has_peer,
                                               .peer = session->peer,
                                               .service = service};
    streams->config.tell(streams->config.programs, &notice);
}

static void on_header(struct cepa_streams *streams, uint32_t slot, struct cepa_time now)
{
    struct cepa_streams_one *one = streams->slots[slot];
    const struct cepa_shared_session *session = &streams->sessions.entries[one->place];
    const struct cepa_stream_header header = one->parser.header;
    one->due = cepa_time_never();
    if (header.kind == CEPA_STREAM_CONNECT) {
        on_connect(streams, slot, header.connect.name, now);
        return;
    }
    const struct cepa_streams_arrival arrival = {.slot = slot,
                                                 .own = session->own,
                                                 .has_peer = session->has_peer,
                                                 .peer = session->peer,
                                                 .header = &header};
    one->stage = CEPA_STREAMS_AT_USER;
    if (!streams->config.arrive(streams->config.arrivals, &arrival, now)) {
        cepa_streams_remove(streams, slot, now);
    } else {
        streams->config.move(streams->config.arrivals, slot, false, now);
    }
}

void cepa_streams_read_header(struct cepa_streams *streams, uint32_t slot, struct cepa_time now)
{
    struct cepa_streams_one *one = streams->slots[slot];
    struct cepa_session *session = cepa_streams_session(streams, one);
    /* One byte at a time: what is behind the header stays where it is, for whom it is for. */
    while (session != NULL && !one->parser.is_done) {
        uint8_t byte;
        size_t len = 0;
        size_t used;
        bool is_end = false;
        int status = cepa_session_read(session, &byte, &len, &is_end, 1, one->stream, now);
        if (status == 0 && len == 1) {
            status = cepa_stream_header_parser_take(&one->parser, &used, &byte, 1);
        }
        one->is_heard = is_end;
        if (status != 0 || (is_end && !one->parser.is_done)) {
            cepa_streams_remove(streams, slot, now);
            return;
        }
        if (len == 0) {
            return;
        }
        cepa_streams_touch(streams, one);
    }
    if (session != NULL) {
        on_header(streams, slot, now);
    }
}

void cepa_streams_come(struct cepa_streams *streams, uint32_t place, struct cepa_stream stream,
                       struct cepa_time now)
{
    uint32_t slot;
    struct cepa_streams_one *one = cepa_streams_add(streams, &slot);
    struct cepa_session *session = cepa_shared_sessions_streams(&streams->sessions, place);
    if (one == NULL) {
        if (session != NULL) {
            cepa_session_reset(session, stream, CEPA_STREAM_BUSY);
            cepa_session_stop(session, stream, CEPA_STREAM_BUSY);
        }
        return;
    }
    one->stage = CEPA_STREAMS_AT_HEADER;
    one->place = place;
    one->due = cepa_time_add(now, HEADER_SECONDS * CEPA_SECOND_NS);
    cepa_stream_header_parser_init(&one->parser);
    cepa_shared_sessions_hold(&streams->sessions, place);
    cepa_streams_name(streams, slot, stream);
    cepa_streams_read_header(streams, slot, now);
}

/* --- what has arrived for the user ------------------------------------------------------------ */

int cepa_streams_read(struct cepa_streams *streams, uint32_t slot, uint8_t *ret_data,
                      size_t *ret_len, bool *ret_is_end, size_t size, struct cepa_time now)
{
    struct cepa_streams_one *one = streams->slots[slot];
    struct cepa_session *session = cepa_streams_session(streams, one);
    if (session == NULL || one->is_heard) {
        return CEPA_ERR_STATE;
    }
    int status = cepa_session_read(session, ret_data, ret_len, ret_is_end, size, one->stream, now);
    one->is_heard = status == 0 && *ret_is_end;
    cepa_streams_touch(streams, one);
    return status;
}

int cepa_streams_write(struct cepa_streams *streams, uint32_t slot, size_t *ret_taken,
                       const uint8_t *data, size_t data_len, bool is_end)
{
    struct cepa_streams_one *one = streams->slots[slot];
    struct cepa_session *session = cepa_streams_session(streams, one);
    if (session == NULL) {
        return CEPA_ERR_STATE;
    }
    int status = cepa_session_write(session, ret_taken, one->stream, data, data_len, is_end);
    one->is_ended = status == 0 && is_end && *ret_taken == data_len;
    cepa_streams_touch(streams, one);
    return status;
}

void cepa_streams_give_up(struct cepa_streams *streams, uint32_t slot, enum cepa_stream_code code)
{
    const struct cepa_streams_one *one = streams->slots[slot];
    struct cepa_session *session = cepa_streams_session(streams, one);
    if (session != NULL && !one->is_ended) {
        cepa_session_reset(session, one->stream, code);
    }
    if (session != NULL && !one->is_heard) {
        cepa_session_stop(session, one->stream, code);
    }
    cepa_streams_touch(streams, one);
}

void cepa_streams_release(struct cepa_streams *streams, uint32_t slot, struct cepa_time now)
{
    cepa_streams_remove(streams, slot, now);
}
