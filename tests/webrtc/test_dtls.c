/* DTLS between two associations in one process: the handshake under every pattern of lost flights,
 * data both ways, closing, and what a stranger can do. */
#define _POSIX_C_SOURCE 200809L
#include <string.h>
#include <time.h>

#include "native/host.h"
#include "native/webrtc/dtls.h"
#include "support/test.h"

enum { NOW_S = 1800000000 };

struct side {
    struct cepa_certificate *certificate;
    struct cepa_dtls_context *context;
    struct cepa_dtls *dtls;
    struct cepa_datagram_queue queue; /* what it wants to send */
    uint8_t plain[2048];              /* what it received last */
    size_t plain_len;
};

static struct side client;
static struct side server;

static void open_side(struct side *side, int is_client)
{
    memset(side, 0, sizeof *side);
    CHECK_INT(cepa_certificate_make(&side->certificate, NOW_S, cepa_native_random()), 0);
    CHECK_INT(cepa_dtls_context_new(&side->context), 0);
    CHECK_INT(cepa_dtls_new(&side->dtls, side->context, side->certificate, is_client), 0);
}

static void open_sides(void)
{
    open_side(&client, 1);
    open_side(&server, 0);
    cepa_dtls_start(server.dtls, &server.queue);
    CHECK_INT(server.queue.count, 0);
    cepa_dtls_start(client.dtls, &client.queue);
    CHECK(client.queue.count > 0);
}

static void close_sides(void)
{
    struct side *const sides[2] = {&client, &server};
    for (int i = 0; i < 2; i++) {
        cepa_dtls_free(sides[i]->dtls);
        cepa_dtls_context_free(sides[i]->context);
        cepa_certificate_free(sides[i]->certificate);
    }
}

/* Carries what `from` wants to send, but for the datagrams whose bit of `lost` is set; each call
 * shifts `lost` on. */
static void carry(struct side *from, struct side *to, uint32_t *lost)
{
    static struct cepa_datagram_queue queue;
    const uint8_t *data = queue.bytes;
    queue = from->queue;
    cepa_datagram_queue_clear(&from->queue);
    for (size_t i = 0; i < queue.count; i++, *lost >>= 1) {
        if (!(*lost & 1)) {
            size_t len = cepa_dtls_receive(to->dtls, &to->queue, to->plain, sizeof to->plain, data,
                                           queue.lens[i]);
            to->plain_len = len > 0 ? len : to->plain_len;
        }
        data += queue.lens[i];
    }
}

static void wait_ns(uint64_t ns)
{
    const struct timespec time = {(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};
    nanosleep(&time, NULL);
}

/* Lets the one whose timer ends first retransmit. */
static void pass_time(void)
{
    uint64_t a = cepa_dtls_left_ns(client.dtls);
    uint64_t b = cepa_dtls_left_ns(server.dtls);
    CHECK(a != UINT64_MAX || b != UINT64_MAX);
    wait_ns((a < b ? a : b) + 1000000);
    cepa_dtls_on_timeout(client.dtls, &client.queue);
    cepa_dtls_on_timeout(server.dtls, &server.queue);
}

static int is_open(void)
{
    return cepa_dtls_state_of(client.dtls) == CEPA_DTLS_OPEN &&
           cepa_dtls_state_of(server.dtls) == CEPA_DTLS_OPEN;
}

/* Shakes hands with the losses of the mask; gives how often somebody had to wait. */
static int shake_hands(uint32_t lost)
{
    int waits = 0;
    for (int round = 0; round < 40 && !is_open(); round++) {
        carry(&client, &server, &lost);
        carry(&server, &client, &lost);
        if (client.queue.count + server.queue.count == 0 && !is_open()) {
            pass_time();
            waits++;
        }
    }
    CHECK(is_open());
    /* On a slow machine both timers may have ended, and what the second sent again is left over. */
    cepa_datagram_queue_clear(&client.queue);
    cepa_datagram_queue_clear(&server.queue);
    return waits;
}

static void say(struct side *from, struct side *to, size_t len)
{
    static uint8_t data[CEPA_DTLS_PLAIN_MAX];
    uint32_t lost = 0;
    memset(data, (int)len, len);
    to->plain_len = 0;
    CHECK_INT(cepa_dtls_send(from->dtls, &from->queue, data, len), 0);
    CHECK_INT(from->queue.count, 1);
    CHECK_INT(from->queue.bytes_len, len + CEPA_DTLS_OVERHEAD);
    carry(from, to, &lost);
    CHECK_INT(to->plain_len, len);
    CHECK_BYTES(to->plain, data, len);
}

TEST(hands_are_shaken_and_data_go_both_ways)
{
    struct cepa_certificate_hash hash;
    struct cepa_certificate_hash own;
    open_sides();
    CHECK_INT(cepa_dtls_peer(client.dtls, &hash), CEPA_ERR_STATE);
    CHECK_INT(cepa_dtls_send(client.dtls, &client.queue, (const uint8_t *)"x", 1), CEPA_ERR_STATE);
    CHECK_INT(shake_hands(0), 0);
    CHECK_INT(cepa_dtls_peer(client.dtls, &hash), 0);
    own = cepa_certificate_hash(server.certificate);
    CHECK_BYTES(hash.bytes, own.bytes, sizeof own.bytes);
    CHECK_INT(cepa_dtls_peer(server.dtls, &hash), 0);
    own = cepa_certificate_hash(client.certificate);
    CHECK_BYTES(hash.bytes, own.bytes, sizeof own.bytes);
    CHECK(cepa_dtls_left_ns(client.dtls) == UINT64_MAX);
    for (size_t len = 1; len <= CEPA_DTLS_PLAIN_MAX; len += 97) {
        say(&client, &server, len);
        say(&server, &client, CEPA_DTLS_PLAIN_MAX + 1 - len);
    }
    CHECK_INT(cepa_dtls_send(client.dtls, &client.queue, (const uint8_t *)"", 0), CEPA_ERR_LENGTH);
    CHECK_INT(cepa_dtls_send(client.dtls, &client.queue, server.plain, CEPA_DTLS_PLAIN_MAX + 1),
              CEPA_ERR_LENGTH);
    close_sides();
}

TEST(hands_are_shaken_whatever_one_loses)
{
    int waits = 0;
    for (unsigned bit = 0; bit < 12; bit++) {
        open_sides();
        waits += shake_hands((uint32_t)1 << bit);
        say(&client, &server, 100);
        close_sides();
    }
    CHECK(waits > 0);
}

TEST(a_full_queue_holds_data_back)
{
    int error = 0;
    open_sides();
    CHECK_INT(shake_hands(0), 0);
    for (int i = 0; i <= CEPA_DATAGRAM_QUEUE_LEN && error == 0; i++) {
        error = cepa_dtls_send(client.dtls, &client.queue, client.plain, 1000);
    }
    CHECK_INT(error, CEPA_ERR_FULL);
    CHECK_INT(cepa_dtls_state_of(client.dtls), CEPA_DTLS_OPEN);
    close_sides();
}

TEST(goodbye_is_heard)
{
    uint32_t lost = 0;
    open_sides();
    CHECK_INT(shake_hands(0), 0);
    cepa_dtls_close(client.dtls, &client.queue);
    CHECK_INT(cepa_dtls_state_of(client.dtls), CEPA_DTLS_CLOSED);
    carry(&client, &server, &lost);
    CHECK_INT(cepa_dtls_state_of(server.dtls), CEPA_DTLS_CLOSED);
    CHECK_INT(cepa_dtls_send(server.dtls, &server.queue, (const uint8_t *)"x", 1), CEPA_ERR_STATE);
    close_sides();
}

TEST(strangers_change_nothing)
{
    static uint8_t noise[1500];
    open_sides();
    CHECK_INT(shake_hands(0), 0);
    for (size_t i = 0; i < 2000; i++) {
        size_t len = i % sizeof noise + 1;
        CHECK_INT(cepa_random_fill(cepa_native_random(), noise, len), 0);
        noise[0] = (uint8_t)(20 + i % 44); /* as the demultiplexer lets through */
        CHECK_INT(cepa_dtls_receive(server.dtls, &server.queue, server.plain, sizeof server.plain,
                                    noise, len),
                  0);
    }
    CHECK_INT(cepa_dtls_state_of(server.dtls), CEPA_DTLS_OPEN);
    cepa_datagram_queue_clear(&server.queue);
    say(&client, &server, 10);
    close_sides();
}

TEST_MAIN(RUN(hands_are_shaken_and_data_go_both_ways), RUN(hands_are_shaken_whatever_one_loses),
          RUN(a_full_queue_holds_data_back), RUN(goodbye_is_heard), RUN(strangers_change_nothing))
