/* The demultiplexer: whose a datagram is, and whether it is anybody's. @[RFC7983 7] */
#include <string.h>

#include "base/assert.h"
#include "native/webrtc/endpoint_state.h"

enum {
    DTLS_FIRST = 20, /* first bytes of DTLS records are the content type: */
    DTLS_LAST = 63,
    DTLS_CHANGE_CIPHER_SPEC = 20,
    DTLS_HANDSHAKE = 22,
    ERROR_FORBIDDEN = 403
};

/* The length of a check's first half: our user fragment. All of it if there is no second one. */
static size_t fragment_len(const struct cepa_stun_message *message)
{
    const uint8_t *colon = memchr(message->username, ':', message->username_len);
    return colon == NULL ? message->username_len : (size_t)(colon - message->username);
}

/* A dial is bound to the address that it came from first. */
static bool is_from_source(const struct cepa_connection *connection, const struct cepa_path *path)
{
    return !connection->was_accepted ||
           (path->stream == connection->source.stream &&
            cepa_net_address_is_equal(&path->remote, &connection->source.remote));
}

/* Withdraws consent, if the check verifies, so that a dialler whom we have forgotten learns it at
 * once. One that does not know this answer notices that there is no other. @[RFC7675 5.2] */
static bool refuse(struct cepa_connection *connection, const struct cepa_path *path,
                   const struct cepa_stun_message *message, const uint8_t *data)
{
    const char *password = connection->ice.current.local.pwd;
    uint8_t bytes[CEPA_STUN_MESSAGE_MAX];
    struct cepa_stun_writer writer;
    size_t len;
    if (!message->has_fingerprint ||
        cepa_stun_verify(message, data, password, strlen(password)) != 0) {
        return false;
    }
    cepa_stun_begin(&writer, bytes, sizeof bytes, CEPA_STUN_FAILURE, &message->transaction);
    cepa_stun_add_error(&writer, ERROR_FORBIDDEN, "Forbidden");
    CEPA_ASSERT(cepa_stun_end(&writer, &len, password, strlen(password)) == 0);
    struct cepa_datagram_queue *queue =
        cepa_endpoint_queue(connection->endpoint, connection, path, 1);
    CEPA_ASSERT(cepa_datagram_queue_push(queue, bytes, len) == 0);
    return true;
}

/* Takes a check. Returns false if it is not for anybody, or does not verify. */
static bool receive_check(struct cepa_endpoint *endpoint, const struct cepa_path *path,
                          const struct cepa_stun_message *message, const uint8_t *data,
                          size_t data_len)
{
    size_t ufrag_len = fragment_len(message);
    struct cepa_connection *connection =
        cepa_endpoint_by_fragment(endpoint, (const char *)message->username, ufrag_len);
    bool is_new = connection == NULL;
    if (is_new) {
        connection = cepa_endpoint_accept_dial(endpoint, path, message, data, ufrag_len);
    }
    if (connection == NULL || !is_from_source(connection, path)) {
        return false;
    }
    if (connection->is_refused) {
        return refuse(connection, path, message, data);
    }
    if (cepa_ice_receive(&connection->ice, path, data, data_len, endpoint->now) != 1) {
        if (is_new) {
            cepa_connection_free(connection, false); /* ICE wants more than a right password */
        }
        return false;
    }
    endpoint->counts.accepted += is_new;
    cepa_connection_add_route(connection, path);
    if (path->stream != 0) {
        endpoint->driver.verified(endpoint->driver.context, path->stream);
    }
    cepa_connection_proceed(connection);
    return true;
}

/* Takes a response to a check, which can be one of three connections'. */
static bool receive_response(struct cepa_endpoint *endpoint, const struct cepa_path *path,
                             const uint8_t *data, size_t data_len)
{
    const struct cepa_route *route = cepa_endpoint_route(endpoint, path);
    if (route == NULL) {
        return false;
    }
    const struct cepa_handle handles[] = {route->newest, route->settled, route->asking};
    for (size_t i = 0; i < sizeof handles / sizeof handles[0]; i++) {
        struct cepa_connection *connection = cepa_connection_find(endpoint, handles[i]);
        if (connection != NULL &&
            cepa_ice_receive(&connection->ice, path, data, data_len, endpoint->now) == 1) {
            cepa_connection_add_route(connection, path);
            cepa_connection_proceed(connection);
            return true;
        }
    }
    return false;
}

/* Whether a source address is that of a connection that has shaken hands. */
static bool is_of_live_connection(const struct cepa_endpoint *endpoint,
                                  const struct cepa_path *path)
{
    const struct cepa_route *route = cepa_endpoint_route(endpoint, path);
    const struct cepa_connection *connection =
        route == NULL ? NULL : cepa_connection_find(endpoint, route->settled);
    return connection != NULL && connection->state == CEPA_CONNECTION_OPEN;
}

static bool receive_stun(struct cepa_endpoint *endpoint, const struct cepa_path *path,
                         const uint8_t *data, size_t data_len)
{
    struct cepa_stun_message message;
    if (cepa_stun_decode(&message, data, data_len) != 0 || message.class == CEPA_STUN_INDICATION) {
        return false;
    }
    if (message.class != CEPA_STUN_REQUEST) {
        return cepa_endpoint_on_answer(endpoint, path, &message) ||
               receive_response(endpoint, path, data, data_len);
    }
    if (message.username != NULL && message.integrity_offset != 0) {
        return receive_check(endpoint, path, &message, data, data_len);
    }
    if (message.username != NULL || message.integrity_offset != 0 || message.unknown_len != 0 ||
        !is_of_live_connection(endpoint, path)) {
        return false;
    }
    cepa_endpoint_reply(endpoint, path, &message);
    return true;
}

/* Handshakes are the newest connection's at an address, all else the settled one's. */
static struct cepa_connection *owner_of_record(struct cepa_endpoint *endpoint,
                                               const struct cepa_path *path, uint8_t content_type)
{
    const struct cepa_route *route = cepa_endpoint_route_again(endpoint, path);
    if (route == NULL) {
        return NULL;
    }
    bool is_handshake = content_type == DTLS_HANDSHAKE || content_type == DTLS_CHANGE_CIPHER_SPEC;
    return cepa_connection_find(endpoint, is_handshake ? route->newest : route->settled);
}

void cepa_endpoint_receive(struct cepa_endpoint *endpoint, const struct cepa_path *path,
                           const uint8_t *data, size_t data_len)
{
    if (data_len > 0 && data[0] >= DTLS_FIRST && data[0] <= DTLS_LAST) {
        struct cepa_connection *connection = owner_of_record(endpoint, path, data[0]);
        if (connection != NULL) {
            cepa_connection_receive(connection, data, data_len);
            return;
        }
    } else if (cepa_stun_is(data, data_len)) {
        if (!receive_stun(endpoint, path, data, data_len)) {
            endpoint->counts.unverified++;
        }
        return;
    }
    endpoint->counts.unrouted++;
}

void cepa_endpoint_on_connected(struct cepa_endpoint *endpoint, const struct cepa_path *path)
{
    const struct cepa_route *route = cepa_endpoint_route(endpoint, path);
    struct cepa_connection *connection =
        route == NULL ? NULL : cepa_connection_find(endpoint, route->newest);
    if (connection != NULL) {
        cepa_ice_on_connected(&connection->ice, path, endpoint->now);
        cepa_connection_proceed(connection);
    }
}

void cepa_endpoint_on_lost(struct cepa_endpoint *endpoint, const struct cepa_path *path)
{
    const struct cepa_route *route = cepa_endpoint_route(endpoint, path);
    struct cepa_connection *connection =
        route == NULL ? NULL : cepa_connection_find(endpoint, route->newest);
    if (connection != NULL) {
        cepa_ice_on_stream_lost(&connection->ice, path->stream, endpoint->now);
        cepa_connection_drop_route(connection, path);
        cepa_connection_proceed(connection);
    }
}
