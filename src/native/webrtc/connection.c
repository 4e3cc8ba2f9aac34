/* One connection through its layers: ICE finds a path, DTLS shakes hands, SCTP carries. */
#include <string.h>

#include "base/assert.h"
#include "native/webrtc/endpoint_state.h"

enum {
    SACK = 3, /* types of SCTP's chunks */
    HEARTBEAT_ACK = 5,
    DATA = 0,
    SCTP_HEADER = 12,
    HANDSHAKE = 22, /* content type of DTLS */
    EPOCH_OFFSET = 3,
    RECORD_HEADER = 13,
    CLIENT_HELLO = 1,
    REST_AFTER_MS = 10, /* without a record, buffers of OpenSSL go: 20 KiB for whoever is next */
    PACE_MS = 5,        /* how often the rate is set */
    BINDING_REQUEST = 1 /* lower byte of STUN's message type */
};

int cepa_connection_new(struct cepa_endpoint *endpoint, struct cepa_connection **ret_connection)
{
    struct cepa_handle handle;
    if (cepa_pool_alloc(&endpoint->connections, &handle) != 0) {
        return CEPA_ERR_FULL;
    }
    struct cepa_connection *connection = cepa_pool_find(&endpoint->connections, handle);
    const struct cepa_timer timer = {cepa_time_never(), handle, 0};
    if (cepa_timer_heap_add(&endpoint->timers, &connection->timer, &timer) != 0) {
        CEPA_ASSERT(cepa_pool_free(&endpoint->connections, handle) == 0);
        return CEPA_ERR_FULL;
    }
    connection->endpoint = endpoint;
    connection->handle = handle;
    connection->state = CEPA_CONNECTION_CONNECTING;
    connection->armed = cepa_time_never();
    connection->ice_due = cepa_time_never();
    connection->dtls_due = cepa_time_never();
    connection->open_by = cepa_time_add(endpoint->now, CEPA_ENDPOINT_OPEN_SECONDS * CEPA_SECOND_NS);
    connection->unanswered = cepa_time_never();
    endpoint->counts.connections++;
    *ret_connection = connection;
    return 0;
}

struct cepa_connection *cepa_connection_find(const struct cepa_endpoint *endpoint,
                                             struct cepa_handle handle)
{
    struct cepa_connection *connection = cepa_pool_find(&endpoint->connections, handle);
    return connection == NULL || connection->state == CEPA_CONNECTION_CLOSED ? NULL : connection;
}

/* Gives back all layers. */
static void drop_layers(struct cepa_connection *connection, bool says_goodbye)
{
    struct cepa_endpoint *endpoint = connection->endpoint;
    bool is_half_open = connection->was_accepted && connection->state == CEPA_CONNECTION_CONNECTING;
    endpoint->counts.half_open -= is_half_open;
    cepa_channels_free(connection->channels); /* with an ABORT */
    connection->channels = NULL;
    cepa_pacer_wipe(&connection->pacer);
    cepa_connection_drop_early(connection);
    if (says_goodbye && connection->dtls != NULL && connection->has_path) {
        cepa_dtls_close(connection->dtls,
                        cepa_endpoint_queue(endpoint, connection, &connection->path, 1));
    }
    if (endpoint->queue_owner == connection) {
        cepa_endpoint_flush(endpoint);
        endpoint->queue_owner = NULL;
    }
    cepa_dtls_free(connection->dtls);
    connection->dtls = NULL;
    cepa_certificate_free(connection->certificate);
    connection->certificate = NULL;
    cepa_ice_wipe(&connection->ice); /* passwords */
    cepa_connection_forget(connection);
    CEPA_ASSERT(cepa_timer_heap_remove(&endpoint->timers, connection->timer) == 0);
}

void cepa_connection_free(struct cepa_connection *connection, bool says_goodbye)
{
    struct cepa_endpoint *endpoint = connection->endpoint;
    if (connection->state != CEPA_CONNECTION_CLOSED) {
        drop_layers(connection, says_goodbye);
    }
    cepa_connection_unready(connection);
    endpoint->counts.connections--;
    CEPA_ASSERT(cepa_pool_free(&endpoint->connections, connection->handle) == 0);
}

void cepa_connection_end(struct cepa_connection *connection, enum cepa_close_reason reason)
{
    if (connection->state == CEPA_CONNECTION_CLOSED) {
        return;
    }
    connection->is_unknown =
        connection->was_accepted && connection->state == CEPA_CONNECTION_CONNECTING;
    drop_layers(connection, true);
    connection->state = CEPA_CONNECTION_CLOSED;
    connection->reason = reason;
    connection->news = 0;
    cepa_connection_ready(connection);
}

static void hear(struct cepa_connection *connection)
{
    connection->unanswered = cepa_time_never();
    if (connection->is_silent) {
        connection->is_silent = false;
        cepa_connection_tell(connection, CEPA_NEWS_ALIVE);
    }
}

static void fall_silent(struct cepa_connection *connection)
{
    if (!connection->is_silent && connection->state == CEPA_CONNECTION_OPEN) {
        connection->is_silent = true;
        cepa_connection_tell(connection, CEPA_NEWS_SILENT);
    }
}

static bool is_request(const struct cepa_ice_effect *effect)
{
    return effect->data_len > 1 && effect->data[0] == 0 && effect->data[1] == BINDING_REQUEST;
}

/* Does one thing that ICE wants. Returns false if that was the end of the connection. */
static bool do_effect(struct cepa_connection *connection, enum cepa_ice_effect_kind kind,
                      const struct cepa_ice_effect *effect)
{
    struct cepa_endpoint *endpoint = connection->endpoint;
    void *context = endpoint->driver.context;
    struct cepa_path path = effect->path;
    struct cepa_datagram_queue *queue;
    switch (kind) {
    case CEPA_ICE_SEND:
        if (is_request(effect)) {
            /* Answers come from there; to a dial the server's first flight may come before. */
            (connection->is_dial ? cepa_connection_add_route
                                 : cepa_connection_ask_route)(connection, &path);
        }
        queue = cepa_endpoint_queue(endpoint, connection, &path, 1);
        CEPA_ASSERT(cepa_datagram_queue_push(queue, effect->data, effect->data_len) == 0);
        break;
    case CEPA_ICE_CONNECT:
        path.stream = endpoint->driver.connect(context, &path.local, &path.remote);
        if (path.stream != 0) {
            cepa_connection_add_route(connection, &path);
        }
        break;
    case CEPA_ICE_DROP:
        endpoint->driver.drop(context, path.stream);
        break;
    case CEPA_ICE_SILENT:
        fall_silent(connection);
        break;
    case CEPA_ICE_ALIVE:
        hear(connection);
        break;
    case CEPA_ICE_FAILED:
        cepa_connection_end(connection, connection->state == CEPA_CONNECTION_OPEN
                                            ? CEPA_CLOSE_LOST
                                            : CEPA_CLOSE_UNREACHABLE);
        return false;
    case CEPA_ICE_SELECTED:
    case CEPA_ICE_NOTHING:
        break;
    }
    return true;
}

static void choose_path(struct cepa_connection *connection)
{
    struct cepa_path path;
    if (!cepa_ice_path(&connection->ice, &path)) {
        return;
    }
    if (connection->has_path && cepa_path_is_equal(&path, &connection->path)) {
        return;
    }
    connection->path = path;
    connection->has_path = true;
    if (connection->state == CEPA_CONNECTION_OPEN) {
        cepa_connection_settle(connection);
        cepa_connection_tell(connection, CEPA_NEWS_PATH);
    }
}

/* The certificate that this connection shows. */
static const struct cepa_certificate *certificate_of(const struct cepa_connection *connection)
{
    return connection->certificate != NULL
               ? connection->certificate
               : connection->endpoint->listeners[connection->listener].certificate;
}

static int make_dtls(struct cepa_connection *connection)
{
    int error = cepa_dtls_new(&connection->dtls, connection->endpoint->dtls,
                              certificate_of(connection), connection->is_client);
    if (error == 0) {
        cepa_certificate_free(connection->certificate); /* DTLS has it */
        connection->certificate = NULL;
    }
    return error;
}

/* Notes when DTLS wants to be called again. */
static void note_dtls_due(struct cepa_connection *connection)
{
    connection->dtls_due =
        cepa_time_add(connection->endpoint->now, cepa_dtls_left_ns(connection->dtls));
}

/* A client's first flight goes right behind the first check where the path is as good as known. */
static void begin_handshake(struct cepa_connection *connection)
{
    if (!connection->is_client || connection->dtls != NULL || !connection->has_path ||
        connection->state == CEPA_CONNECTION_OFFERED) {
        return;
    }
    if (make_dtls(connection) != 0) {
        cepa_connection_end(connection, CEPA_CLOSE_HANDSHAKE);
        return;
    }
    cepa_dtls_start(connection->dtls,
                    cepa_endpoint_queue(connection->endpoint, connection, &connection->path,
                                        CEPA_CONNECTION_FLIGHT_MAX));
    note_dtls_due(connection);
}

void cepa_connection_proceed(struct cepa_connection *connection)
{
    struct cepa_ice_effect effect;
    enum cepa_ice_effect_kind kind;
    do {
        kind = cepa_ice_next(&connection->ice, &effect, connection->endpoint->now);
        if (!do_effect(connection, kind, &effect)) {
            return;
        }
    } while (kind != CEPA_ICE_NOTHING);
    choose_path(connection);
    begin_handshake(connection);
    if (connection->early != NULL && connection->has_path) {
        cepa_connection_take_early(connection);
    }
    if (connection->state == CEPA_CONNECTION_CLOSED) {
        return;
    }
    connection->ice_due = cepa_ice_deadline(&connection->ice);
    cepa_connection_arm(connection);
}

/* Whether a packet of SCTP has data in its first chunks, so that the peer will answer it. */
static bool carries_data(const uint8_t *packet, size_t packet_len)
{
    size_t at = SCTP_HEADER;
    if (packet_len >= at + 4 && packet[at] == SACK) {
        at += (((size_t)packet[at + 2] << 8 | packet[at + 3]) + 3) & ~(size_t)3;
    }
    return at + 4 <= packet_len && packet[at] == DATA;
}

/* A record came or went. */
static void note_activity(struct cepa_connection *connection)
{
    connection->active_at = connection->endpoint->now;
    connection->is_resting = false;
}

/* Sends a packet of SCTP. */
static void send_record(struct cepa_connection *connection, const uint8_t *packet,
                        size_t packet_len)
{
    struct cepa_datagram_queue *queue =
        cepa_endpoint_queue(connection->endpoint, connection, &connection->path, 1);
    if (cepa_dtls_send(connection->dtls, queue, packet, packet_len) == 0) {
        cepa_endpoint_is_busy(connection->endpoint);
        note_activity(connection);
    }
}

/* Adapts the rate to what SCTP knows of the path, now and then. */
static void set_pace(struct cepa_connection *connection)
{
    size_t window;
    uint32_t rtt_ms;
    struct cepa_time now = connection->endpoint->now;
    if (connection->channels != NULL &&
        cepa_time_since(now, connection->pacer_set) >= PACE_MS * CEPA_MILLISECOND_NS) {
        connection->pacer_set = now;
        cepa_channels_window(connection->channels, &window, &rtt_ms);
        cepa_pacer_set(&connection->pacer, window, rtt_ms * CEPA_MILLISECOND_NS);
    }
}

void cepa_connection_send_packet(void *owner, const uint8_t *packet, size_t packet_len)
{
    struct cepa_connection *connection = owner;
    struct cepa_time now = connection->endpoint->now;
    cepa_connection_ready(connection); /* it may be the end: an ABORT */
    if (connection->dtls == NULL || !connection->has_path) {
        return;
    }
    if (!carries_data(packet, packet_len)) {
        if (cepa_sack_hold_takes(&connection->held, packet, packet_len, now)) {
            cepa_connection_arm(connection);
        } else {
            send_record(connection, packet, packet_len);
        }
        return;
    }
    if (cepa_time_is_never(connection->unanswered)) {
        connection->unanswered = now;
    }
    if (cepa_pacer_pass(&connection->pacer, packet_len, now) ||
        cepa_pacer_hold(&connection->pacer, packet, packet_len) != 0) {
        send_record(connection, packet, packet_len);
    }
    cepa_connection_arm(connection);
}

/* Sends what has waited long enough. */
static void send_paced(struct cepa_connection *connection)
{
    size_t packet_len;
    const uint8_t *packet = cepa_sack_hold_next(&connection->held, connection->endpoint->now);
    if (packet != NULL && connection->dtls != NULL) {
        send_record(connection, packet, CEPA_SACK_HOLD_SIZE);
    }
    set_pace(connection);
    while (connection->dtls != NULL &&
           (packet = cepa_pacer_next(&connection->pacer, &packet_len, connection->endpoint->now)) !=
               NULL) {
        send_record(connection, packet, packet_len);
    }
}

/* The handshake is done: checks who the peer is, and lets SCTP begin. */
static void on_secure(struct cepa_connection *connection)
{
    struct cepa_certificate_hash hash;
    connection->dtls_due = cepa_time_never();
    if (cepa_dtls_peer(connection->dtls, &hash) != 0) {
        cepa_connection_end(connection, CEPA_CLOSE_HANDSHAKE);
        return;
    }
    if (connection->knows_remote && memcmp(&hash, &connection->remote, sizeof hash) != 0) {
        cepa_connection_end(connection, CEPA_CLOSE_FINGERPRINT);
        return;
    }
    connection->remote = hash;
    connection->knows_remote = true;
    cepa_connection_settle(connection);
    const struct cepa_channels_config config = {.owner = connection,
                                                .is_dtls_client = connection->is_client,
                                                .receive_max = CEPA_MESSAGE_SIZE_DEFAULT,
                                                .send_max = connection->send_max};
    cepa_endpoint_stir(connection->endpoint);
    if (cepa_channels_new(&connection->channels, &config) != 0) {
        connection->channels = NULL;
        cepa_connection_end(connection, CEPA_CLOSE_HANDSHAKE);
    }
}

/* What DTLS's state means for the connection. Returns false if it has ended. */
static bool follow_dtls(struct cepa_connection *connection)
{
    switch (cepa_dtls_state_of(connection->dtls)) {
    case CEPA_DTLS_HANDSHAKE:
        note_dtls_due(connection);
        cepa_connection_arm(connection);
        break;
    case CEPA_DTLS_OPEN:
        if (connection->channels == NULL) {
            on_secure(connection);
        }
        break;
    case CEPA_DTLS_CLOSED:
        cepa_connection_end(connection, CEPA_CLOSE_BY_PEER);
        break;
    case CEPA_DTLS_FAILED:
        cepa_connection_end(connection, CEPA_CLOSE_HANDSHAKE);
        break;
    }
    return connection->dtls != NULL;
}

/* A client gets none, unless the peer dials us at the same time, and it is not for this connection
 * then. @[RFC6347 4.2.2] */
static bool is_client_hello(const uint8_t *data, size_t data_len)
{
    static const uint8_t epoch[2];
    return data_len > RECORD_HEADER && data[0] == HANDSHAKE &&
           data[RECORD_HEADER] == CLIENT_HELLO &&
           memcmp(data + EPOCH_OFFSET, epoch, sizeof epoch) == 0;
}

/* Whether a packet of SCTP answers something of ours. A peer that only speaks may hear nothing. */
static bool is_answer(const uint8_t *packet, size_t packet_len)
{
    size_t at = SCTP_HEADER;
    while (packet_len >= at + 4) {
        size_t len = (size_t)packet[at + 2] << 8 | packet[at + 3];
        if (packet[at] == SACK || packet[at] == HEARTBEAT_ACK) {
            return true;
        }
        at += len < 4 ? 4 : (len + 3) & ~(size_t)3;
    }
    return false;
}

void cepa_connection_receive(struct cepa_connection *connection, const uint8_t *data,
                             size_t data_len)
{
    struct cepa_endpoint *endpoint = connection->endpoint;
    if (connection->is_client && is_client_hello(data, data_len)) {
        return;
    }
    if (!connection->has_path && is_client_hello(data, data_len)) {
        cepa_connection_hold(connection, data, data_len);
        return;
    }
    if (connection->dtls == NULL) {
        bool is_first = !connection->is_client && connection->has_path && !connection->is_refused;
        if (!is_first || make_dtls(connection) != 0) {
            return;
        }
        connection->open_by =
            cepa_time_add(endpoint->now, CEPA_ENDPOINT_OPEN_SECONDS * CEPA_SECOND_NS);
    }
    connection->bytes_received += data_len;
    connection->datagrams_received++;
    note_activity(connection);
    bool is_shaking = cepa_dtls_state_of(connection->dtls) == CEPA_DTLS_HANDSHAKE;
    size_t room = is_shaking ? CEPA_CONNECTION_FLIGHT_MAX : 1;
    size_t plain_len = cepa_dtls_receive(
        connection->dtls, cepa_endpoint_queue(endpoint, connection, &connection->path, room),
        endpoint->plain, sizeof endpoint->plain, data, data_len);
    while (plain_len > 0) {
        cepa_endpoint_stir(endpoint);
        if (is_answer(endpoint->plain, plain_len)) {
            hear(connection);
            cepa_ice_on_data(&connection->ice, endpoint->now);
        }
        if (connection->channels != NULL || follow_dtls(connection)) {
            cepa_channels_receive_packet(connection->channels, endpoint->plain, plain_len);
            set_pace(connection);
        } else {
            return;
        }
        plain_len = cepa_dtls_receive(
            connection->dtls, cepa_endpoint_queue(endpoint, connection, &connection->path, 1),
            endpoint->plain, sizeof endpoint->plain, NULL, 0);
    }
    if (is_shaking || cepa_dtls_state_of(connection->dtls) != CEPA_DTLS_OPEN) {
        (void)follow_dtls(connection);
    }
    cepa_connection_ready(connection);
}

bool cepa_connection_on_channel_event(struct cepa_connection *connection,
                                      const struct cepa_channel_event *event)
{
    if (event->kind == CEPA_CHANNEL_CONNECTED) {
        connection->endpoint->counts.half_open -= connection->was_accepted;
        connection->endpoint->counts.opened++;
        connection->state = CEPA_CONNECTION_OPEN;
        connection->open_by = cepa_time_never();
        connection->news |= CEPA_NEWS_OPEN;
        return false;
    }
    if (event->kind == CEPA_CHANNEL_ENDED) {
        cepa_connection_end(connection, CEPA_CLOSE_BY_PEER);
        return false;
    }
    return true;
}

/* A check without a handshake behind it can be from a dialler whose connection we have forgotten,
 * because we have begun anew. As long as its checks were answered it would not notice. Says whether
 * this is one that begins to be refused. */
static bool refuse(struct cepa_connection *connection)
{
    if (!connection->was_accepted || connection->dtls != NULL || connection->is_refused) {
        return false;
    }
    connection->is_refused = true;
    connection->open_by =
        cepa_time_add(connection->endpoint->now, CEPA_ENDPOINT_REFUSED_SECONDS * CEPA_SECOND_NS);
    return true;
}

/* When DTLS should give back memory, or never. */
static struct cepa_time rest_at(const struct cepa_connection *connection)
{
    return connection->channels == NULL || connection->is_resting
               ? cepa_time_never()
               : cepa_endpoint_round(
                     cepa_time_add(connection->active_at, REST_AFTER_MS * CEPA_MILLISECOND_NS));
}

void cepa_connection_on_time(struct cepa_connection *connection)
{
    struct cepa_endpoint *endpoint = connection->endpoint;
    connection->armed = cepa_time_never();
    if (cepa_time_is_due(connection->open_by, endpoint->now)) {
        if (!refuse(connection)) {
            cepa_connection_end(connection, CEPA_CLOSE_TIMEOUT);
            return;
        }
    }
    if (cepa_time_is_due(connection->dtls_due, endpoint->now)) {
        cepa_dtls_on_timeout(connection->dtls,
                             cepa_endpoint_queue(endpoint, connection, &connection->path,
                                                 CEPA_CONNECTION_FLIGHT_MAX));
        if (!follow_dtls(connection)) {
            return;
        }
    }
    if (!cepa_time_is_never(connection->unanswered) &&
        cepa_time_since(endpoint->now, connection->unanswered) >=
            CEPA_ENDPOINT_SILENT_AFTER_MS * CEPA_MILLISECOND_NS) {
        connection->unanswered = cepa_time_never();
        if (connection->channels != NULL && cepa_channels_buffered(connection->channels) > 0) {
            fall_silent(connection);
        }
    }
    send_paced(connection);
    if (connection->dtls != NULL && !follow_dtls(connection)) {
        return; /* sending can fail too */
    }
    if (cepa_time_is_due(rest_at(connection), endpoint->now)) {
        connection->is_resting = true;
        cepa_dtls_rest(connection->dtls);
    }
    if (connection->state == CEPA_CONNECTION_OPEN) {
        cepa_connection_trim_routes(connection); /* those of candidates that were not chosen */
    }
    cepa_connection_proceed(connection);
}

void cepa_connection_arm(struct cepa_connection *connection)
{
    struct cepa_time due = cepa_time_earliest(connection->ice_due, connection->dtls_due);
    due = cepa_time_earliest(due, connection->open_by);
    due = cepa_time_earliest(due, cepa_pacer_deadline(&connection->pacer));
    due = cepa_time_earliest(due, cepa_sack_hold_deadline(&connection->held));
    due = cepa_time_earliest(due, rest_at(connection));
    due =
        cepa_time_earliest(due, cepa_time_add(connection->unanswered,
                                              CEPA_ENDPOINT_SILENT_AFTER_MS * CEPA_MILLISECOND_NS));
    if (cepa_time_is_before(due, connection->armed)) {
        connection->armed = due;
        CEPA_ASSERT(cepa_timer_heap_move(&connection->endpoint->timers, connection->timer, due) ==
                    0);
    }
}
