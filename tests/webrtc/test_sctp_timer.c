/* SCTP over a long path without loss: the retransmission timer must not go off while
 * acknowledgements come. */
#include <string.h>

#include "native/webrtc/sctp.h"
#include "support/packet_wire.h"
#include "support/test.h"
#include "support/wall_clock.h"

enum {
    ONE_WAY_MS = 50,
    SECONDS = 5,
    MESSAGE = 16384,
    PACKETS_MAX = 1 << 13,
    /* Of 1 MiB at most per round trip, which begins slowly. A window that breaks down again and
     * again brings 3 MB. */
    BYTES_MIN = 15000000
};

static struct cepa_sctp *ends[2];
static struct {
    struct test_packet packet;
    unsigned due_ms;
} path[PACKETS_MAX];
static size_t path_first;
static size_t path_len;

/* Puts what was sent on the path, and takes off what has arrived. */
static void carry(unsigned now_ms)
{
    while (path_len > 0 && path[path_first].due_ms <= now_ms) {
        const struct test_packet *packet = &path[path_first].packet;
        cepa_sctp_receive_packet(ends[packet->to], packet->bytes, packet->len);
        path_first = (path_first + 1) % PACKETS_MAX;
        path_len--;
    }
    size_t last = (path_first + path_len) % PACKETS_MAX;
    while (path_len < PACKETS_MAX && test_wire_take(&path[last].packet)) {
        path[last].due_ms = now_ms + ONE_WAY_MS;
        path_len++;
        last = (path_first + path_len) % PACKETS_MAX;
    }
}

/* Fetches what has come. Returns the bytes. */
static size_t fetch(size_t end)
{
    static uint8_t data[MESSAGE];
    struct cepa_sctp_message message;
    size_t sum = 0;
    size_t len = 0;
    enum cepa_sctp_kind kind;
    while ((kind = cepa_sctp_receive(ends[end], &message, data, &len, sizeof data)) !=
           CEPA_SCTP_NOTHING) {
        sum += kind == CEPA_SCTP_PART || kind == CEPA_SCTP_END ? len : 0;
    }
    return sum;
}

TEST(a_long_path_without_loss_is_used)
{
    static const uint8_t data[MESSAGE];
    const struct cepa_sctp_message message = {.stream = 1, .ppid = 53, .is_unordered = true};
    size_t received = 0;
    cepa_sctp_start(test_wire_send);
    for (size_t i = 0; i < 2; i++) {
        CHECK_INT(cepa_sctp_new(&ends[i], test_wire_owner(i)), 0);
    }
    for (unsigned ms = 0; ms < SECONDS * 1000; ms++) {
        test_wall_clock_pass_ms(1); /* packets' ages are read from there */
        if (ms % CEPA_SCTP_TICK_MS == 0) {
            cepa_sctp_tick(test_wall_clock_time());
        }
        carry(ms);
        received += fetch(1);
        CHECK_INT(fetch(0), 0);
        while (cepa_sctp_send(ends[0], &message, data, sizeof data) == 0) {
        }
    }
    CHECK_INT(cepa_sctp_retransmissions(ends[0]), 0);
    CHECK(received >= BYTES_MIN);
    test_note("%zu bytes in %d s", received, SECONDS);
    for (size_t i = 0; i < 2; i++) {
        cepa_sctp_free(ends[i]);
    }
    test_wire_clear();
    cepa_sctp_stop();
}

TEST_MAIN(RUN(a_long_path_without_loss_is_used))
