/* Whose a datagram is: by the user fragment in a check, by the source address of all else. */
#include <string.h>

#include "base/assert.h"
#include "base/endian.h"
#include "crypto/hash.h"
#include "native/webrtc/endpoint_state.h"

/* In the key of a route, behind the family. */
enum { IP_OFFSET = 1, PORT_OFFSET = IP_OFFSET + 16, STREAM_OFFSET = PORT_OFFSET + 2 };
_Static_assert(STREAM_OFFSET + 8 <= CEPA_ROUTE_KEY_SIZE, "all of it has room");

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
    return key;
}

uint64_t cepa_route_stream(const struct cepa_route_key *key)
{
    return cepa_be64_load(key->bytes + STREAM_OFFSET);
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

void cepa_connection_add_route(struct cepa_connection *connection, const struct cepa_path *path)
{
    struct cepa_map *map = &connection->endpoint->routes;
    const struct cepa_route_key key = route_key_of(path);
    struct cepa_route *route = cepa_map_find(map, &key);
    if (route != NULL && (cepa_handle_is_equal(route->newest, connection->handle) ||
                          cepa_handle_is_equal(route->settled, connection->handle))) {
        return;
    }
    if (connection->routes_len == CEPA_CONNECTION_ROUTES_MAX) {
        return; /* a peer with that many addresses has others that work */
    }
    if (route != NULL) {
        route->newest = connection->handle; /* who was there without having settled goes */
    } else {
        const struct cepa_route fresh = {connection->handle, connection->handle};
        if (cepa_map_put(map, &key, &fresh) != 0) {
            return;
        }
    }
    connection->routes[connection->routes_len++] = key;
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
    for (size_t i = 0; i < connection->routes_len; i++) {
        struct cepa_route *route = cepa_map_find(&endpoint->routes, &connection->routes[i]);
        bool is_settled = route != NULL && cepa_handle_is_equal(route->settled, connection->handle);
        bool is_newest = route != NULL && cepa_handle_is_equal(route->newest, connection->handle);
        if (is_settled && is_newest) {
            CEPA_ASSERT(cepa_map_remove(&endpoint->routes, &connection->routes[i]) == 0);
        } else if (is_settled) {
            route->settled = route->newest;
        } else if (is_newest) {
            route->newest = route->settled;
        }
    }
    connection->fragments_len = 0;
    connection->routes_len = 0;
}
