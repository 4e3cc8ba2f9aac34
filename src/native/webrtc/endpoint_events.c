/* What an endpoint tells: the connections with something to tell stand in a list, each has its
 * turn. */
#include <string.h>

#include "native/webrtc/endpoint_state.h"

enum { TURN_MAX = 64 /* events of one connection, if others wait */ };

void cepa_connection_ready(struct cepa_connection *connection)
{
    struct cepa_endpoint *endpoint = connection->endpoint;
    if (connection->is_ready) {
        return;
    }
    connection->is_ready = true;
    connection->next = NULL;
    connection->previous = endpoint->last_ready;
    if (endpoint->last_ready != NULL) {
        endpoint->last_ready->next = connection;
    } else {
        endpoint->first_ready = connection;
        endpoint->in_turn = 0;
    }
    endpoint->last_ready = connection;
}

void cepa_connection_unready(struct cepa_connection *connection)
{
    struct cepa_endpoint *endpoint = connection->endpoint;
    if (!connection->is_ready) {
        return;
    }
    connection->is_ready = false;
    if (connection->previous != NULL) {
        connection->previous->next = connection->next;
    } else {
        endpoint->first_ready = connection->next;
        endpoint->in_turn = 0;
    }
    if (connection->next != NULL) {
        connection->next->previous = connection->previous;
    } else {
        endpoint->last_ready = connection->previous;
    }
}

void cepa_connection_tell(struct cepa_connection *connection, enum cepa_news news)
{
    connection->news |= news;
    cepa_connection_ready(connection);
}

/* Takes one of the news out of those that a connection has. */
static enum cepa_endpoint_kind take_news(struct cepa_connection *connection,
                                         struct cepa_endpoint_event *ret_event)
{
    static const enum cepa_endpoint_kind kinds[] = {
        CEPA_ENDPOINT_OPEN,  CEPA_ENDPOINT_PATH,      CEPA_ENDPOINT_SILENT,
        CEPA_ENDPOINT_ALIVE, CEPA_ENDPOINT_CANDIDATE, CEPA_ENDPOINT_CANDIDATE};
    for (unsigned i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (connection->news & 1u << i) {
            connection->news &= ~(1u << i);
            ret_event->path = connection->path;
            if (kinds[i] == CEPA_ENDPOINT_CANDIDATE) {
                bool is_ipv6 = 1u << i == CEPA_NEWS_MAPPED_IPV6;
                ret_event->candidate = connection->endpoint->mapped[is_ipv6];
                if (ret_event->candidate.address.family == CEPA_NET_ADDRESS_NONE) {
                    continue; /* the network has changed since */
                }
            }
            return kinds[i];
        }
    }
    return CEPA_ENDPOINT_NOTHING;
}

/* Takes the next event of one connection. */
static enum cepa_endpoint_kind take(struct cepa_connection *connection,
                                    struct cepa_endpoint_event *ret_event)
{
    struct cepa_endpoint *endpoint = connection->endpoint;
    enum cepa_endpoint_kind kind = take_news(connection, ret_event);
    while (kind == CEPA_ENDPOINT_NOTHING && connection->channels != NULL) {
        if (cepa_channels_next(connection->channels, &ret_event->channel, endpoint->scratch,
                               sizeof endpoint->scratch) == CEPA_CHANNEL_NOTHING) {
            break;
        }
        if (cepa_connection_on_channel_event(connection, &ret_event->channel)) {
            return CEPA_ENDPOINT_CHANNEL;
        }
        kind = take_news(connection, ret_event);
    }
    return kind;
}

enum cepa_endpoint_kind cepa_endpoint_next(struct cepa_endpoint *endpoint,
                                           struct cepa_endpoint_event *ret_event)
{
    memset(ret_event, 0, sizeof *ret_event);
    for (size_t i = 0; i < 2; i++) {
        if (endpoint->is_mapped_news[i]) {
            endpoint->is_mapped_news[i] = false;
            ret_event->candidate = endpoint->mapped[i];
            return ret_event->kind = CEPA_ENDPOINT_MAPPED;
        }
    }
    while (endpoint->first_ready != NULL) {
        struct cepa_connection *connection = endpoint->first_ready;
        ret_event->connection.handle = connection->handle;
        ret_event->kind = take(connection, ret_event);
        if (ret_event->kind != CEPA_ENDPOINT_NOTHING) {
            if (++endpoint->in_turn >= TURN_MAX && connection->next != NULL) {
                cepa_connection_unready(connection);
                cepa_connection_ready(connection);
            }
            return ret_event->kind;
        }
        cepa_connection_unready(connection);
        if (connection->state == CEPA_CONNECTION_CLOSED) {
            bool is_unknown = connection->is_unknown;
            ret_event->reason = connection->reason;
            cepa_connection_free(connection, false);
            if (is_unknown) {
                continue;
            }
            return ret_event->kind = CEPA_ENDPOINT_CLOSED;
        }
        cepa_connection_arm(connection);
    }
    memset(ret_event, 0, sizeof *ret_event);
    return CEPA_ENDPOINT_NOTHING;
}
