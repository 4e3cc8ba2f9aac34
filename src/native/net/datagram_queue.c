/* A buffer of datagrams. */
#include "native/net/datagram_queue.h"

#include <string.h>

#include "base/assert.h"

void cepa_datagram_queue_clear(struct cepa_datagram_queue *queue)
{
    queue->count = 0;
    queue->bytes_len = 0;
}

int cepa_datagram_queue_push(struct cepa_datagram_queue *queue, const void *data, size_t data_len)
{
    if (data_len == 0 || data_len > CEPA_DATAGRAM_MAX) {
        return CEPA_ERR_LENGTH;
    }
    if (queue->count == CEPA_DATAGRAM_QUEUE_LEN ||
        data_len > sizeof queue->bytes - queue->bytes_len) {
        return CEPA_ERR_FULL;
    }
    memcpy(queue->bytes + queue->bytes_len, data, data_len);
    queue->lens[queue->count] = (uint16_t)data_len;
    queue->bytes_len += data_len;
    queue->count++;
    return 0;
}

size_t cepa_datagram_queue_room(const struct cepa_datagram_queue *queue)
{
    size_t by_bytes = (sizeof queue->bytes - queue->bytes_len) / CEPA_DATAGRAM_MAX;
    size_t by_count = CEPA_DATAGRAM_QUEUE_LEN - queue->count;
    return by_bytes < by_count ? by_bytes : by_count;
}

struct cepa_datagram_run cepa_datagram_queue_run(const struct cepa_datagram_queue *queue,
                                                 size_t first)
{
    struct cepa_datagram_run run = {queue->bytes, 0, 0, 0};
    CEPA_ASSERT(first < queue->count);
    for (size_t i = 0; i < first; i++) {
        run.bytes += queue->lens[i];
    }
    run.segment_len = queue->lens[first];
    for (size_t i = first; i < queue->count && queue->lens[i] <= run.segment_len; i++) {
        run.bytes_len += queue->lens[i];
        run.count++;
        if (queue->lens[i] < run.segment_len) {
            break; /* a shorter one can only be the last */
        }
    }
    return run;
}
