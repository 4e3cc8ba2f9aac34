/* Whose a datagram is: by the user fragment in a check, by the source address of all else. */
#include <string.h>

#include "base/assert.h"
#include "base/endian.h"
#include "crypto/hash.h"
#include "native/webrtc/endpoint_state.h"

/* In the key of a route, behind the family. */
enum {
    IP_OFFSET = 1,
    PORT_OFFSET = IP_OFFSET + 16,
    STREAM_OFFSET = PORT_OFFSET + 2,
    LOCAL_PORT_OFFSET = STREAM_OFFSET + 8 /* of our socket; a stream says enough by its number */
};
_Static_assert(LOCAL_PORT_OFFSET + 2 <= CEPA_ROUTE_KEY_SIZE, "all of it has room");

struct cepa_fragment_key cepa_fragment_key_of(const char *ufrag, size_t ufrag_len)
{
    struct cepa_fragment_key key;
    cepa_blake2b(key.bytes, sizeof key.bytes, ufrag, ufrag_len, NULL, 0);
    return key;
}

static struct cepa_route_key route_key_of(const struct cepa_path *path)
{
    struct cepa_route_key key = {{path->remote.family}};
    memcpy(key.bytes + IP_OFFSET, path->remote.ip, sizeof path->remote.ip);
    cepa_be16_store(key.bytes + PORT_OFFSET, path->remote.port);
    cepa_be64_store(key.bytes + STREAM_OFFSET, path->stream);
    cepa_be16_store(key.bytes + LOCAL_PORT_OFFSET, path->stream == 0 ? path->local.port : 0);
    return key;
}

struct cepa_connection *cepa_endpoint_by_fragment(struct cepa_endpoint *endpoint, const char *ufrag,
                                                  size_t ufrag_len)
{
    const struct cepa_fragment_key key = cepa_fragment_key_of(ufrag, ufrag_len);
    const struct cepa_handle *handle = cepa_map_find(&endpoint->fragments, &key);
    return handle == NULL ? NULL : cepa_connection_find(endpoint, *handle);
}

int cepa_connection_claim(struct cepa_connection *connection, const char *ufrag, size_t ufrag_len)
{
    struct cepa_map *map = &connection->endpoint->fragments;
    const struct cepa_fragment_key key = cepa_fragment_key_of(ufrag, ufrag_len);
    if (cepa_map_find(map, &key) != NULL || cepa_map_put(map, &key, &connection->handle) != 0) {
        return CEPA_ERR_FULL;
    }
    if (connection->fragments_len == 2) {
        CEPA_ASSERT(cepa_map_remove(map, &connection->fragments[0]) == 0);
        connection->fragments[0] = connection->fragments[1];
        connection->fragments_len = 1;
    }
    connection->fragments[connection->fragments_len++] = key;
    return 0;
}

const struct cepa_route *cepa_endpoint_route(const struct cepa_endpoint *endpoint,
                                             const struct cepa_path *path)
{
    const struct cepa_route_key key = route_key_of(path);
    return cepa_map_find(&endpoint->routes, &key);
}

const struct cepa_route *cepa_endpoint_route_again(struct cepa_endpoint *endpoint,
                                                   const struct cepa_path *path)
{
    if (!endpoint->knows_last || !cepa_path_is_equal(&endpoint->last_path, path)) {
        const struct cepa_route *route = cepa_endpoint_route(endpoint, path);
        if (route == NULL) {
            return NULL;
        }
        endpoint->last_path = *path;
        endpoint->last_route = *route;
        endpoint->knows_last = true;
    }
    return &endpoint->last_route;
}

/* The number of a route among a connection's own; how many it has if it is none of them. */
static size_t find_own(const struct cepa_connection *connection, const struct cepa_route_key *key)
{
    size_t i = 0;
    while (i < connection->routes_len && memcmp(&connection->routes[i], key, sizeof *key) != 0) {
        i++;
    }
    return i;
}

/* Takes a connection out of what is known of an address. */
static void leave(struct cepa_connection *connection, const struct cepa_route_key *key)
{
    static const struct cepa_handle nobody;
    struct cepa_map *map = &connection->endpoint->routes;
    connection->endpoint->knows_last = false;
    struct cepa_route *route = cepa_map_find(map, key);
    if (route == NULL) {
        return;
    }
    bool is_newest = cepa_handle_is_equal(route->newest, connection->handle);
    if (cepa_handle_is_equal(route->settled, connection->handle)) {
        route->settled = is_newest ? nobody : route->newest;
    }
    if (is_newest) {
        route->newest = route->settled;
    }
    if (cepa_handle_is_equal(route->asking, connection->handle)) {
        route->asking = nobody;
    }
    if (cepa_handle_is_none(route->newest) && cepa_handle_is_none(route->asking)) {
        CEPA_ASSERT(cepa_map_remove(map, key) == 0);
    }
}

static void drop(struct cepa_connection *connection, size_t index)
{
    struct cepa_endpoint *endpoint = connection->endpoint;
    struct cepa_route_key *routes = connection->routes;
    uint64_t stream = cepa_be64_load(routes[index].bytes + STREAM_OFFSET);
    leave(connection, &routes[index]);
    endpoint->spare_routes += connection->routes_len > CEPA_CONNECTION_ROUTES_SHARE;
    connection->routes_len--;
    memmove(&routes[index], &routes[index + 1],
            (connection->routes_len - index) * sizeof routes[0]);
    if (stream != 0) {
        endpoint->driver.drop(endpoint->driver.context, stream);
    }
}

/* Drops the one of its routes that was used longest ago, but for that of its path. */
static void drop_oldest(struct cepa_connection *connection)
{
    const struct cepa_route_key key = route_key_of(&connection->path);
    drop(connection, connection->has_path && find_own(connection, &key) == 0);
}

/* Makes a route one of a connection's own, the last one that was used. */
static void own(struct cepa_connection *connection, const struct cepa_route_key *key)
{
    struct cepa_endpoint *endpoint = connection->endpoint;
    size_t index = find_own(connection, key);
    if (index < connection->routes_len) {
        memmove(&connection->routes[index], &connection->routes[index + 1],
                (connection->routes_len - index - 1) * sizeof *key);
        connection->routes[connection->routes_len - 1] = *key;
        return;
    }
    bool is_beyond = connection->routes_len >= CEPA_CONNECTION_ROUTES_SHARE;
    if (connection->routes_len == CEPA_CONNECTION_ROUTES_MAX ||
        (is_beyond && endpoint->spare_routes == 0)) {
        drop_oldest(connection);
    }
    endpoint->spare_routes -= connection->routes_len >= CEPA_CONNECTION_ROUTES_SHARE;
    connection->routes[connection->routes_len++] = *key;
}

/* What is known of an address, of which the connection has made a route. */
static struct cepa_route *enter(struct cepa_connection *connection,
                                const struct cepa_route_key *key)
{
    static const struct cepa_route fresh;
    struct cepa_map *map = &connection->endpoint->routes;
    connection->endpoint->knows_last = false; /* the caller is about to change it */
    own(connection, key);
    if (cepa_map_find(map, key) == NULL) {
        CEPA_ASSERT(cepa_map_put(map, key, &fresh) == 0); /* all have room for their routes */
    }
    return cepa_map_find(map, key);
}

/* A dialler that begins anew has given up its dial before; the flights of that one, which would
 * come again and again, would be taken for this one's. */
static void end_former(struct cepa_connection *connection, const struct cepa_route_key *key)
{
    struct cepa_endpoint *endpoint = connection->endpoint;
    const struct cepa_route *route = cepa_map_find(&endpoint->routes, key);
    struct cepa_connection *former =
        route == NULL ? NULL : cepa_connection_find(endpoint, route->newest);
    if (former != NULL && former != connection && former->was_accepted &&
        former->state == CEPA_CONNECTION_CONNECTING && connection->was_accepted) {
        cepa_connection_end(former, CEPA_CLOSE_SUPERSEDED);
    }
}

void cepa_connection_add_route(struct cepa_connection *connection, const struct cepa_path *path)
{
    const struct cepa_route_key key = route_key_of(path);
    end_former(connection, &key);
    struct cepa_route *route = enter(connection, &key);
    if (cepa_handle_is_equal(route->asking, connection->handle)) {
        memset(&route->asking, 0, sizeof route->asking);
    }
    if (cepa_handle_is_none(route->settled)) {
        route->settled = connection->handle;
    } else if (cepa_handle_is_equal(route->settled, connection->handle) &&
               connection->state == CEPA_CONNECTION_OPEN) {
        return; /* it has no handshake to do */
    }
    route->newest = connection->handle; /* who was there without having settled goes */
}

void cepa_connection_ask_route(struct cepa_connection *connection, const struct cepa_path *path)
{
    const struct cepa_route_key key = route_key_of(path);
    struct cepa_route *route = enter(connection, &key);
    if (!cepa_handle_is_equal(route->settled, connection->handle) &&
        !cepa_handle_is_equal(route->newest, connection->handle)) {
        route->asking = connection->handle;
    }
}

void cepa_connection_drop_route(struct cepa_connection *connection, const struct cepa_path *path)
{
    const struct cepa_route_key key = route_key_of(path);
    size_t index = find_own(connection, &key);
    if (index < connection->routes_len) {
        drop(connection, index);
    }
}

void cepa_connection_trim_routes(struct cepa_connection *connection)
{
    while (connection->routes_len > CEPA_CONNECTION_ROUTES_SHARE) {
        drop_oldest(connection);
    }
}

void cepa_connection_settle(struct cepa_connection *connection)
{
    struct cepa_endpoint *endpoint = connection->endpoint;
    const struct cepa_route_key key = route_key_of(&connection->path);
    struct cepa_route *route = cepa_map_find(&endpoint->routes, &key);
    if (route == NULL || !cepa_handle_is_equal(route->newest, connection->handle) ||
        cepa_handle_is_equal(route->settled, connection->handle)) {
        return;
    }
    struct cepa_connection *old = cepa_connection_find(endpoint, route->settled);
    endpoint->knows_last = false;
    route->settled = connection->handle;
    if (old != NULL) {
        cepa_connection_end(old, CEPA_CLOSE_SUPERSEDED);
    }
}

void cepa_connection_forget(struct cepa_connection *connection)
{
    struct cepa_endpoint *endpoint = connection->endpoint;
    for (size_t i = 0; i < connection->fragments_len; i++) {
        CEPA_ASSERT(cepa_map_remove(&endpoint->fragments, &connection->fragments[i]) == 0);
    }
    connection->fragments_len = 0;
    while (connection->routes_len > 0) {
        drop(connection, connection->routes_len - 1);
    }
}
