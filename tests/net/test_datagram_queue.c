/* The queue of datagrams keeps them in order and finds runs of equal length. */
#include <string.h>

#include "native/net/datagram_queue.h"
#include "support/test.h"

static struct cepa_datagram_queue queue;
static uint8_t data[CEPA_DATAGRAM_MAX + 1];

TEST(runs_are_of_one_length_with_a_shorter_end)
{
    static const size_t lens[] = {100, 100, 50, 100, 200, 200, 200, 1, 1, 2};
    static const struct {
        size_t first, count, bytes;
    } runs[] = {{0, 3, 250}, {3, 1, 100}, {4, 4, 601}, {8, 1, 1}, {9, 1, 2}};
    cepa_datagram_queue_clear(&queue);
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        memset(data, (int)i, lens[i]);
        CHECK_INT(cepa_datagram_queue_push(&queue, data, lens[i]), 0);
    }
    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
        struct cepa_datagram_run run = cepa_datagram_queue_run(&queue, runs[i].first);
        CHECK_INT(run.count, runs[i].count);
        CHECK_INT(run.bytes_len, runs[i].bytes);
        CHECK_INT(run.segment_len, lens[runs[i].first]);
        CHECK_INT(run.bytes[0], runs[i].first);
    }
}

TEST(a_full_queue_refuses)
{
    size_t count = 0;
    cepa_datagram_queue_clear(&queue);
    CHECK_INT(cepa_datagram_queue_push(&queue, data, 0), CEPA_ERR_LENGTH);
    CHECK_INT(cepa_datagram_queue_push(&queue, data, sizeof data), CEPA_ERR_LENGTH);
    while (cepa_datagram_queue_room(&queue) > 0) {
        CHECK_INT(cepa_datagram_queue_push(&queue, data, CEPA_DATAGRAM_MAX), 0);
        count++;
    }
    CHECK_INT(count, CEPA_DATAGRAM_QUEUE_BYTES / CEPA_DATAGRAM_MAX);
    cepa_datagram_queue_clear(&queue);
    for (count = 0; cepa_datagram_queue_push(&queue, data, 1) == 0; count++) {
    }
    CHECK_INT(count, CEPA_DATAGRAM_QUEUE_LEN);
    CHECK_INT(cepa_datagram_queue_push(&queue, data, 1), CEPA_ERR_FULL);
}

TEST_MAIN(RUN(runs_are_of_one_length_with_a_shorter_end), RUN(a_full_queue_refuses))
