/* Dials that come in: a check whose user fragment nobody has begins a connection, if it verifies
 * under the password that goes with the fragment. @[SPEC 6.2] */
#include <string.h>

#include "base/ct.h"
#include "native/webrtc/endpoint_state.h"
#include "native/webrtc/ice_chars.h"

/* Finds the certificate that the dialler looks for: the one whose password verifies. Gives the
 * number of it, or 2. */
static size_t find_listener(const struct cepa_endpoint *endpoint,
                            char ret_password[CEPA_DIAL_PASSWORD_SIZE],
                            const struct cepa_stun_message *message, const uint8_t *data,
                            size_t ufrag_len)
{
    for (size_t i = 0; i < 2; i++) {
        if (endpoint->listeners[i].certificate == NULL) {
            continue;
        }
        cepa_dial_password(ret_password, &endpoint->secret, &endpoint->listeners[i].hash,
                           (const char *)message->username, ufrag_len);
        if (cepa_stun_verify(message, data, ret_password, CEPA_DIAL_PASSWORD_LEN) == 0) {
            return i;
        }
    }
    return 2;
}

static bool is_same_ip(const struct cepa_net_address *a, const struct cepa_net_address *b)
{
    return a->family == b->family && memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

/* How many half-open connections there may be: not so many that our own dials had no place. */
static uint32_t half_open_max(const struct cepa_endpoint *endpoint)
{
    uint32_t half = (endpoint->connections.capacity + 1) / 2;
    return half < CEPA_ENDPOINT_HALF_OPEN_MAX ? half : CEPA_ENDPOINT_HALF_OPEN_MAX;
}

/* Which of two half-open connections has less of a future. */
static bool is_less_of_use(const struct cepa_connection *a, const struct cepa_connection *b)
{
    return a->is_refused == b->is_refused ? cepa_time_is_before(a->open_by, b->open_by)
                                          : a->is_refused;
}

/* Makes room for one more half-open connection, at the cost of the oldest one, so that those who
 * only begin cannot keep out the others. Returns false if its IP has too many. O(connections), but
 * only for checks that verify. */
static bool make_room(struct cepa_endpoint *endpoint, const struct cepa_path *path)
{
    unsigned of_ip = 0;
    struct cepa_handle handle;
    struct cepa_connection *oldest = NULL;
    uint32_t half_open = endpoint->counts.half_open;
    if (half_open < CEPA_ENDPOINT_HALF_OPEN_PER_IP && half_open < half_open_max(endpoint)) {
        return true;
    }
    for (uint32_t i = 0; cepa_pool_next(&endpoint->connections, &handle, i) == 0;
         i = handle.index + 1) {
        struct cepa_connection *other = cepa_pool_find(&endpoint->connections, handle);
        if (!other->was_accepted || other->state != CEPA_CONNECTION_CONNECTING) {
            continue;
        }
        of_ip += !other->is_refused && is_same_ip(&other->source.remote, &path->remote);
        if (oldest == NULL || is_less_of_use(other, oldest)) {
            oldest = other;
        }
    }
    if (of_ip >= CEPA_ENDPOINT_HALF_OPEN_PER_IP) {
        return false;
    }
    if (half_open >= half_open_max(endpoint)) {
        cepa_connection_free(oldest, false); /* nobody was told of it */
        endpoint->counts.refused++;
    }
    return true;
}

/* When both sides dial each other at once from the ports that they listen on, the dial with the
 * lesser user fragment goes on; both see both of them. Says whether the peer's dial has to wait. */
static bool is_ours_first(struct cepa_endpoint *endpoint, const struct cepa_path *path,
                          const char *ufrag, size_t ufrag_len)
{
    const struct cepa_route *route = cepa_endpoint_route(endpoint, path);
    struct cepa_connection *ours =
        route == NULL ? NULL : cepa_connection_find(endpoint, route->newest);
    if (ours == NULL || !ours->is_dial || ours->state == CEPA_CONNECTION_OPEN) {
        return false;
    }
    size_t ours_len = strlen(ours->dial_ufrag);
    int order = memcmp(ours->dial_ufrag, ufrag, ours_len < ufrag_len ? ours_len : ufrag_len);
    if (order < 0 || (order == 0 && ours_len <= ufrag_len)) {
        return true;
    }
    cepa_connection_end(ours, CEPA_CLOSE_SUPERSEDED);
    return false;
}

static int begin(struct cepa_connection *connection, const char *ufrag, size_t ufrag_len,
                 const char *password)
{
    struct cepa_ice_config config = {.is_lite = true, .random = connection->endpoint->random};
    memcpy(config.local.ufrag, ufrag, ufrag_len);
    memcpy(config.local.pwd, password, CEPA_DIAL_PASSWORD_LEN);
    int error = cepa_ice_init(&connection->ice, &config, connection->endpoint->now);
    cepa_wipe(&config, sizeof config);
    return error != 0 ? error : cepa_connection_claim(connection, ufrag, ufrag_len);
}

struct cepa_connection *cepa_endpoint_accept_dial(struct cepa_endpoint *endpoint,
                                                  const struct cepa_path *path,
                                                  const struct cepa_stun_message *message,
                                                  const uint8_t *data, size_t ufrag_len)
{
    char password[CEPA_DIAL_PASSWORD_SIZE] = {0};
    struct cepa_connection *connection = NULL;
    const char *ufrag = (const char *)message->username;
    if (ufrag_len < CEPA_UFRAG_MIN || ufrag_len > CEPA_UFRAG_MAX ||
        !cepa_ice_chars_are(ufrag, ufrag_len) || !message->has_fingerprint) {
        return NULL;
    }
    size_t listener = find_listener(endpoint, password, message, data, ufrag_len);
    if (listener < 2 && make_room(endpoint, path) &&
        !is_ours_first(endpoint, path, ufrag, ufrag_len) &&
        cepa_connection_new(endpoint, &connection) == 0) {
        connection->was_accepted = true;
        connection->listener = listener;
        connection->local = endpoint->listeners[listener].hash;
        connection->source = *path;
        connection->open_by =
            cepa_time_add(endpoint->now, CEPA_ENDPOINT_HELLO_SECONDS * CEPA_SECOND_NS);
        endpoint->counts.half_open++;
        if (begin(connection, ufrag, ufrag_len, password) != 0) {
            cepa_connection_free(connection, false);
            connection = NULL;
        }
    }
    endpoint->counts.refused += listener < 2 && connection == NULL;
    cepa_wipe(password, sizeof password);
    return connection;
}
