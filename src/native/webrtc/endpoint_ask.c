/* Plain STUN: asking open connections' peers how they see us, and answering the same question.
 * @[RFC8489 6] */
#include <string.h>

#include "base/assert.h"
#include "native/webrtc/endpoint_state.h"

enum { ASK_AGAIN_MS = 250, ASK_TRIES = 5 };

static void send_message(struct cepa_endpoint *endpoint, const struct cepa_path *path,
                         struct cepa_stun_writer *writer, const uint8_t *bytes)
{
    size_t len;
    struct cepa_datagram_queue *queue = cepa_endpoint_queue(endpoint, NULL, path, 1);
    CEPA_ASSERT(cepa_stun_end(writer, &len, NULL, 0) == 0);
    CEPA_ASSERT(cepa_datagram_queue_push(queue, bytes, len) == 0);
}

void cepa_endpoint_reply(struct cepa_endpoint *endpoint, const struct cepa_path *path,
                         const struct cepa_stun_message *message)
{
    struct cepa_stun_writer writer;
    uint8_t bytes[CEPA_STUN_MESSAGE_MAX];
    cepa_stun_begin(&writer, bytes, sizeof bytes, CEPA_STUN_SUCCESS, &message->transaction);
    cepa_stun_add_mapped(&writer, &path->remote);
    send_message(endpoint, path, &writer, bytes);
}

/* Sends a question, or gives up. */
static void ask_once(struct cepa_endpoint *endpoint, struct cepa_ask *ask)
{
    struct cepa_stun_writer writer;
    uint8_t bytes[CEPA_STUN_MESSAGE_MAX];
    if (ask->tries == ASK_TRIES) {
        memset(ask, 0, sizeof *ask);
        return;
    }
    cepa_stun_begin(&writer, bytes, sizeof bytes, CEPA_STUN_REQUEST, &ask->transaction);
    send_message(endpoint, &ask->path, &writer, bytes);
    ask->due =
        cepa_time_add(endpoint->now, (uint64_t)ASK_AGAIN_MS * CEPA_MILLISECOND_NS << ask->tries);
    ask->tries++;
}

static bool is_free(const struct cepa_ask *ask)
{
    return ask->path.remote.family == CEPA_NET_ADDRESS_NONE;
}

int cepa_endpoint_ask(struct cepa_endpoint *endpoint, struct cepa_connection_id id)
{
    struct cepa_connection *connection = cepa_connection_find(endpoint, id.handle);
    struct cepa_stun_transaction transaction;
    size_t place = 0;
    if (connection == NULL) {
        return CEPA_ERR_NOT_FOUND;
    }
    if (connection->state != CEPA_CONNECTION_OPEN || connection->path.stream != 0) {
        return CEPA_ERR_STATE;
    }
    if (cepa_random_fill(endpoint->random, transaction.bytes, sizeof transaction.bytes) != 0) {
        return CEPA_ERR_RANDOM;
    }
    for (size_t i = 0; i < CEPA_ENDPOINT_ASKS_MAX; i++) {
        if (is_free(&endpoint->asks[i])) {
            place = i; /* if none is, the first question was the least urgent */
        }
    }
    struct cepa_ask *ask = &endpoint->asks[place];
    memset(ask, 0, sizeof *ask);
    ask->path = connection->path;
    ask->transaction = transaction;
    ask_once(endpoint, ask);
    return 0;
}

void cepa_endpoint_ask_again(struct cepa_endpoint *endpoint)
{
    for (size_t i = 0; i < CEPA_ENDPOINT_ASKS_MAX; i++) {
        struct cepa_ask *ask = &endpoint->asks[i];
        if (!is_free(ask) && cepa_time_is_due(ask->due, endpoint->now)) {
            ask_once(endpoint, ask);
        }
    }
}

struct cepa_time cepa_endpoint_ask_deadline(const struct cepa_endpoint *endpoint)
{
    struct cepa_time deadline = cepa_time_never();
    for (size_t i = 0; i < CEPA_ENDPOINT_ASKS_MAX; i++) {
        if (!is_free(&endpoint->asks[i])) {
            deadline = cepa_time_earliest(deadline, endpoint->asks[i].due);
        }
    }
    return deadline;
}

/* Tells the connections that look for a path, and their peers, of a new candidate. */
static void spread(struct cepa_endpoint *endpoint, const struct cepa_candidate *candidate,
                   const struct cepa_net_address *base)
{
    bool is_ipv6 = candidate->address.family == CEPA_NET_ADDRESS_IPV6;
    struct cepa_handle handle;
    for (uint32_t i = 0; cepa_pool_next(&endpoint->connections, &handle, i) == 0;
         i = handle.index + 1) {
        struct cepa_connection *connection = cepa_connection_find(endpoint, handle);
        if (connection == NULL || connection->state == CEPA_CONNECTION_OPEN ||
            connection->is_dial || connection->was_accepted ||
            cepa_ice_add_local(&connection->ice, candidate, base, endpoint->now) != 0) {
            continue;
        }
        cepa_connection_tell(connection, is_ipv6 ? CEPA_NEWS_MAPPED_IPV6 : CEPA_NEWS_MAPPED_IPV4);
        cepa_connection_proceed(connection);
    }
}

bool cepa_endpoint_on_answer(struct cepa_endpoint *endpoint, const struct cepa_path *path,
                             const struct cepa_stun_message *message)
{
    for (size_t i = 0; i < CEPA_ENDPOINT_ASKS_MAX; i++) {
        struct cepa_ask *ask = &endpoint->asks[i];
        if (is_free(ask) || !cepa_net_address_is_equal(&ask->path.remote, &path->remote) ||
            memcmp(&ask->transaction, &message->transaction, sizeof ask->transaction) != 0) {
            continue;
        }
        memset(ask, 0, sizeof *ask);
        struct cepa_candidate candidate = {
            .type = CEPA_CANDIDATE_SRFLX,
            .transport = CEPA_CANDIDATE_UDP,
            .priority =
                cepa_candidate_priority(CEPA_CANDIDATE_SRFLX, CEPA_CANDIDATE_UDP, UINT16_MAX),
            .address = message->mapped};
        bool is_ipv6 = candidate.address.family == CEPA_NET_ADDRESS_IPV6;
        cepa_candidate_number_foundation(&candidate, 100 + (uint32_t)is_ipv6);
        if (message->class == CEPA_STUN_SUCCESS && cepa_candidate_is_valid(&candidate) &&
            candidate.address.family == path->remote.family) {
            endpoint->mapped[is_ipv6] = candidate;
            endpoint->bases[is_ipv6] = path->local;
            endpoint->is_mapped_news[is_ipv6] = true;
            spread(endpoint, &candidate, &path->local);
        }
        return true;
    }
    return false;
}
