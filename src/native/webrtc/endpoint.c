/* An endpoint as a whole: its memory, its time, what can be asked of it. */
#include "native/webrtc/endpoint.h"

#include <stdlib.h>
#include <string.h>

#include "base/block.h"
#include "base/ct.h"
#include "native/webrtc/endpoint_state.h"

enum {
    FRAGMENTS_PER_CONNECTION = 2,
    SPARE_ROUTES_PER_CONNECTION = 2,
    SPARE_ROUTES_MIN = 256,
    BUSY_TICK_MS = 50, /* SCTP's timers; while packets come and go those bring the time along */
    IDLE_TICK_MS = 200 /* the same when it is idle: its timers are long then */
};

static int make_pools(struct cepa_endpoint *endpoint, uint32_t connections_max)
{
    uint32_t spare_routes = connections_max * SPARE_ROUTES_PER_CONNECTION + SPARE_ROUTES_MIN;
    uint32_t routes_max = connections_max * CEPA_CONNECTION_ROUTES_SHARE + spare_routes;
    uint32_t fragments_max =
        connections_max * FRAGMENTS_PER_CONNECTION + 1; /* a new one before the old one goes */
    size_t pool_size = cepa_pool_size(connections_max, sizeof(struct cepa_connection));
    size_t timers_size = cepa_timer_heap_size(connections_max);
    size_t fragments_size =
        cepa_map_size(fragments_max, sizeof(struct cepa_fragment_key), sizeof(struct cepa_handle));
    size_t routes_size =
        cepa_map_size(routes_max, sizeof(struct cepa_route_key), sizeof(struct cepa_route));
    struct cepa_siphash_key keys[2];
    endpoint->spare_routes = spare_routes;
    if (cepa_random_fill(endpoint->random, keys[0].bytes, sizeof keys[0].bytes) != 0 ||
        cepa_random_fill(endpoint->random, keys[1].bytes, sizeof keys[1].bytes) != 0) {
        return CEPA_ERR_RANDOM;
    }
    size_t size = cepa_block_sum(cepa_block_sum(pool_size, timers_size),
                                 cepa_block_sum(fragments_size, routes_size));
    struct cepa_block block;
    endpoint->memory = calloc(1, size);
    if (endpoint->memory == NULL) {
        return CEPA_ERR_EXHAUSTED;
    }
    cepa_block_init(&block, endpoint->memory, size);
    cepa_pool_init(&endpoint->connections, cepa_block_carve(&block, pool_size), pool_size,
                   connections_max, sizeof(struct cepa_connection));
    cepa_timer_heap_init(&endpoint->timers, cepa_block_carve(&block, timers_size), timers_size,
                         connections_max);
    cepa_map_init(&endpoint->fragments, cepa_block_carve(&block, fragments_size), fragments_size,
                  fragments_max, sizeof(struct cepa_fragment_key), sizeof(struct cepa_handle),
                  &keys[0]);
    cepa_map_init(&endpoint->routes, cepa_block_carve(&block, routes_size), routes_size, routes_max,
                  sizeof(struct cepa_route_key), sizeof(struct cepa_route), &keys[1]);
    cepa_wipe(keys, sizeof keys);
    return 0;
}

static int set_listener(struct cepa_listener *listener, const struct cepa_certificate *certificate)
{
    int error =
        certificate == NULL ? 0 : cepa_certificate_copy(&listener->certificate, certificate);
    if (error == 0 && certificate != NULL) {
        listener->hash = cepa_certificate_hash(certificate);
    }
    return error;
}

int cepa_endpoint_new(struct cepa_endpoint **ret_endpoint,
                      const struct cepa_endpoint_config *config, struct cepa_time now,
                      struct cepa_wall wall)
{
    if (config->connections_max == 0 || config->connections_max > CEPA_ENDPOINT_CONNECTIONS_MAX) {
        return CEPA_ERR_ARGUMENT;
    }
    struct cepa_endpoint *endpoint = calloc(1, sizeof *endpoint);
    if (endpoint == NULL) {
        return CEPA_ERR_EXHAUSTED;
    }
    endpoint->driver = config->driver;
    endpoint->random = config->random;
    memcpy(endpoint->sockets, config->sockets, sizeof endpoint->sockets);
    memcpy(endpoint->more_ports, config->more_ports, sizeof endpoint->more_ports);
    endpoint->secret = config->secret;
    endpoint->now = now;
    endpoint->wall = wall;
    endpoint->tick = now;
    int error = make_pools(endpoint, config->connections_max);
    if (error == 0) {
        error = cepa_dtls_context_new(&endpoint->dtls);
    }
    if (error == 0) {
        error = set_listener(&endpoint->listeners[0], config->certificate);
    }
    if (error == 0) {
        error = set_listener(&endpoint->listeners[1], config->previous);
    }
    if (error != 0) {
        cepa_endpoint_free(endpoint);
        return error;
    }
    cepa_sctp_start(cepa_connection_send_packet);
    *ret_endpoint = endpoint;
    return 0;
}

void cepa_endpoint_free(struct cepa_endpoint *endpoint)
{
    struct cepa_handle handle;
    if (endpoint == NULL) {
        return;
    }
    while (endpoint->memory != NULL && cepa_pool_next(&endpoint->connections, &handle, 0) == 0) {
        cepa_connection_free(cepa_pool_find(&endpoint->connections, handle), true);
    }
    cepa_endpoint_flush(endpoint);
    for (size_t i = 0; i < 2; i++) {
        cepa_certificate_free(endpoint->listeners[i].certificate);
    }
    cepa_dtls_context_free(endpoint->dtls);
    free(endpoint->memory);
    cepa_wipe(endpoint, sizeof *endpoint);
    free(endpoint);
}

int cepa_endpoint_set_certificate(struct cepa_endpoint *endpoint,
                                  const struct cepa_certificate *certificate)
{
    struct cepa_listener listener = {0};
    int error = set_listener(&listener, certificate);
    if (error != 0) {
        return error;
    }
    /* Who has begun under the one that goes now and has not shaken hands would get another one. */
    struct cepa_handle handle;
    for (uint32_t i = 0; cepa_pool_next(&endpoint->connections, &handle, i) == 0;
         i = handle.index + 1) {
        struct cepa_connection *connection = cepa_connection_find(endpoint, handle);
        if (connection == NULL || !connection->was_accepted || connection->dtls != NULL) {
            continue;
        }
        if (connection->listener == 1) {
            cepa_connection_end(connection, CEPA_CLOSE_TIMEOUT);
        }
        connection->listener = 1;
    }
    cepa_certificate_free(endpoint->listeners[1].certificate);
    endpoint->listeners[1] = endpoint->listeners[0];
    endpoint->listeners[0] = listener;
    return 0;
}

void cepa_endpoint_set_locals(struct cepa_endpoint *endpoint,
                              const struct cepa_candidate *candidates, size_t candidates_len)
{
    endpoint->locals_len = 0;
    for (size_t i = 0; i < candidates_len && endpoint->locals_len < CEPA_ENDPOINT_LOCALS_MAX; i++) {
        if (candidates[i].type == CEPA_CANDIDATE_HOST && cepa_candidate_is_valid(&candidates[i])) {
            endpoint->locals[endpoint->locals_len++] = candidates[i];
        }
    }
    memset(endpoint->mapped, 0, sizeof endpoint->mapped); /* of another network */
    memset(endpoint->is_mapped_news, 0, sizeof endpoint->is_mapped_news);
}

/* Tells SCTP the time. What is due next comes at a round time, with whatever else does. */
static void tell_time(struct cepa_endpoint *endpoint)
{
    bool is_busy = cepa_time_is_before(endpoint->now, endpoint->busy_until);
    uint64_t wait_ms = is_busy ? BUSY_TICK_MS : IDLE_TICK_MS;
    cepa_sctp_tick(endpoint->now);
    endpoint->told = endpoint->now;
    endpoint->tick = cepa_endpoint_round(
        cepa_time_add(endpoint->now, (wait_ms - CEPA_ENDPOINT_ROUND_MS) * CEPA_MILLISECOND_NS));
}

void cepa_endpoint_step(struct cepa_endpoint *endpoint, struct cepa_time now, struct cepa_wall wall)
{
    struct cepa_timer timer;
    endpoint->now = now;
    endpoint->wall = wall;
    if (endpoint->counts.connections > 0 && cepa_time_is_due(endpoint->tick, now)) {
        tell_time(endpoint);
    }
    while (cepa_timer_heap_next(&endpoint->timers, &timer, now) == 0) {
        struct cepa_connection *connection = cepa_connection_find(endpoint, timer.owner);
        const struct cepa_timer again = {cepa_time_never(), timer.owner, 0};
        if (connection != NULL &&
            cepa_timer_heap_add(&endpoint->timers, &connection->timer, &again) == 0) {
            cepa_connection_on_time(connection);
        }
    }
    cepa_endpoint_ask_again(endpoint);
}

void cepa_endpoint_stir(struct cepa_endpoint *endpoint)
{
    bool is_old =
        cepa_time_since(endpoint->now, endpoint->told) >= CEPA_SCTP_TICK_MS * CEPA_MILLISECOND_NS;
    cepa_endpoint_is_busy(endpoint);
    if (is_old) {
        tell_time(endpoint); /* timers that start now count from now */
    } else {
        endpoint->tick = cepa_time_earliest(endpoint->tick, cepa_endpoint_round(endpoint->now));
    }
}

struct cepa_time cepa_endpoint_deadline(const struct cepa_endpoint *endpoint)
{
    struct cepa_time deadline = cepa_time_earliest(cepa_timer_heap_deadline(&endpoint->timers),
                                                   cepa_endpoint_ask_deadline(endpoint));
    return endpoint->counts.connections > 0 ? cepa_time_earliest(deadline, endpoint->tick)
                                            : deadline;
}

struct cepa_channels *cepa_endpoint_channels(struct cepa_endpoint *endpoint,
                                             struct cepa_connection_id id)
{
    struct cepa_connection *connection = cepa_connection_find(endpoint, id.handle);
    if (connection == NULL || connection->channels == NULL) {
        return NULL;
    }
    cepa_endpoint_stir(endpoint);
    cepa_connection_ready(connection); /* whatever is done to them may have something to tell */
    return connection->channels;
}

int cepa_endpoint_stats(struct cepa_endpoint *endpoint, struct cepa_connection_stats *ret_stats,
                        struct cepa_connection_id id)
{
    struct cepa_connection *connection = cepa_connection_find(endpoint, id.handle);
    if (connection == NULL) {
        return CEPA_ERR_NOT_FOUND;
    }
    memset(ret_stats, 0, sizeof *ret_stats);
    ret_stats->rtt_ns = cepa_ice_rtt_ns(&connection->ice);
    ret_stats->bytes_sent = connection->bytes_sent;
    ret_stats->bytes_received = connection->bytes_received;
    ret_stats->datagrams_sent = connection->datagrams_sent;
    ret_stats->datagrams_received = connection->datagrams_received;
    if (connection->channels != NULL) {
        ret_stats->buffered = cepa_channels_buffered(connection->channels);
        ret_stats->retransmissions = cepa_channels_retransmissions(connection->channels);
    }
    ret_stats->path = connection->path;
    ret_stats->is_main =
        connection->path.stream == 0 &&
        connection->path.local.port ==
            endpoint->sockets[connection->path.local.family == CEPA_NET_ADDRESS_IPV6].port;
    ret_stats->local = connection->local;
    ret_stats->remote = connection->remote;
    ret_stats->is_open = connection->state == CEPA_CONNECTION_OPEN;
    ret_stats->is_silent = connection->is_silent;
    ret_stats->was_accepted = connection->was_accepted;
    return 0;
}

struct cepa_endpoint_counts cepa_endpoint_counts(const struct cepa_endpoint *endpoint)
{
    return endpoint->counts;
}

int cepa_endpoint_close(struct cepa_endpoint *endpoint, struct cepa_connection_id id)
{
    struct cepa_connection *connection = cepa_connection_find(endpoint, id.handle);
    if (connection == NULL) {
        return CEPA_ERR_NOT_FOUND;
    }
    cepa_connection_free(connection, true);
    return 0;
}
