/* What an endpoint sends: datagrams of one connection to one place wait in one queue, so that the
 * driver can send them together. */
#include "native/webrtc/endpoint_state.h"

void cepa_endpoint_flush(struct cepa_endpoint *endpoint)
{
    if (endpoint->queue.count == 0) {
        return;
    }
    if (endpoint->queue_owner != NULL) {
        endpoint->queue_owner->bytes_sent += endpoint->queue.bytes_len;
        endpoint->queue_owner->datagrams_sent += endpoint->queue.count;
    }
    endpoint->driver.send(endpoint->driver.context, &endpoint->queue_path, &endpoint->queue);
    cepa_datagram_queue_clear(&endpoint->queue);
}

struct cepa_datagram_queue *cepa_endpoint_queue(struct cepa_endpoint *endpoint,
                                                struct cepa_connection *owner,
                                                const struct cepa_path *path, size_t room)
{
    if (endpoint->queue_owner != owner || !cepa_path_is_equal(&endpoint->queue_path, path) ||
        cepa_datagram_queue_room(&endpoint->queue) < room) {
        cepa_endpoint_flush(endpoint);
    }
    endpoint->queue_owner = owner;
    endpoint->queue_path = *path;
    return &endpoint->queue;
}
