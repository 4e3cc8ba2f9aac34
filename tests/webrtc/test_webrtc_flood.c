/* Many datagrams of no sense at a real socket: no reply, no allocation, and in between a dial that
 * opens as if they were not there. A hundred thousand of them, and a million with CEPA_SOAK. */
#include "native/webrtc/webrtc.h"

#include <arpa/inet.h>
#include <errno.h>
#include <malloc.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "native/host.h"
#include "native/net/clock.h"
#include "native/webrtc/stun.h"
#include "support/random.h"
#include "support/test.h"

enum { STRANGERS = 4, BURST = 32, WAIT_MS = 5000, OPEN_MS = 1000 };

static struct cepa_webrtc *node;
static struct cepa_webrtc *dialler;
static struct cepa_certificate *certificate;
static int strangers[STRANGERS];
static struct test_random dice = {77};
static bool is_open;

static unsigned total(void)
{
    return getenv("CEPA_SOAK") != NULL ? 1000000 : 100000;
}

static struct cepa_webrtc *open_side(bool is_listening)
{
    struct cepa_webrtc *side;
    const struct cepa_webrtc_config config = {.random = cepa_native_random(),
                                              .ipv4 = {CEPA_NET_ADDRESS_IPV4, {127, 0, 0, 1}, 0},
                                              .is_local = true,
                                              .has_no_tcp = true,
                                              .connections_max = 8,
                                              .certificate = is_listening ? certificate : NULL};
    CHECK_INT(cepa_webrtc_open(&side, &config), 0);
    return side;
}

static void begin(void)
{
    CHECK_INT(cepa_certificate_make(&certificate, (int64_t)(cepa_clock_wall().unix_ms / 1000),
                                    cepa_native_random()),
              0);
    node = open_side(true);
    dialler = open_side(false);
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port =
                                 htons(cepa_webrtc_address(node, CEPA_NET_ADDRESS_IPV4).port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (size_t i = 0; i < STRANGERS; i++) {
        strangers[i] = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
        CHECK(strangers[i] >= 0);
        CHECK_INT(connect(strangers[i], (const struct sockaddr *)&to, sizeof to), 0);
    }
}

static void end(void)
{
    for (size_t i = 0; i < STRANGERS; i++) {
        close(strangers[i]);
    }
    cepa_webrtc_close(dialler);
    cepa_webrtc_close(node);
    cepa_certificate_free(certificate);
}

/* A plain request of STUN, which only those with a connection may ask. */
static size_t make_request(uint8_t *ret_bytes, size_t capacity)
{
    struct cepa_stun_writer writer;
    const struct cepa_stun_transaction transaction = {{1}};
    size_t len;
    cepa_stun_begin(&writer, ret_bytes, capacity, CEPA_STUN_REQUEST, &transaction);
    if (test_random_below(&dice, 2) == 0) {
        cepa_stun_add_username(&writer, "abcd:efgh", 9);
        CHECK_INT(cepa_stun_end(&writer, &len, "not the right password", 22), 0);
    } else {
        CHECK_INT(cepa_stun_end(&writer, &len, NULL, 0), 0);
    }
    return len;
}

/* One of four kinds: noise, nearly STUN, STUN, nearly DTLS. */
static size_t make_datagram(uint8_t *ret_bytes, size_t capacity)
{
    static const uint8_t stun[8] = {0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42};
    static const uint8_t dtls[5] = {22, 0xfe, 0xfd, 0, 0};
    size_t len = 1 + test_random_below(&dice, (uint32_t)capacity - 1);
    test_random_bytes(&dice, ret_bytes, len < 64 ? len : 64);
    switch (test_random_below(&dice, 4)) {
    case 0:
        return len;
    case 1:
        len = (len & ~(size_t)3) + 20;
        memcpy(ret_bytes, stun, sizeof stun);
        ret_bytes[2] = (uint8_t)((len - 20) >> 8);
        ret_bytes[3] = (uint8_t)(len - 20);
        return len;
    case 2:
        return make_request(ret_bytes, capacity);
    default:
        memcpy(ret_bytes, dtls, sizeof dtls);
        return len + sizeof dtls;
    }
}

static uint64_t received(void)
{
    struct cepa_endpoint_counts counts = cepa_endpoint_counts(cepa_webrtc_endpoint(node));
    return counts.unverified + counts.unrouted;
}

static void turn(struct cepa_webrtc *side)
{
    struct cepa_endpoint_event event;
    CHECK_INT(cepa_webrtc_wait(side, cepa_clock_now()), 0);
    while (cepa_endpoint_next(cepa_webrtc_endpoint(side), &event) != CEPA_ENDPOINT_NOTHING) {
        is_open = is_open || (side == dialler && event.kind == CEPA_ENDPOINT_OPEN);
    }
}

/* Sends some, and lets the node take them all. */
static void send_burst(void)
{
    uint8_t bytes[1400 + 32];
    struct cepa_time deadline = cepa_time_add(cepa_clock_now(), WAIT_MS * CEPA_MILLISECOND_NS);
    uint64_t want = received() + BURST;
    for (unsigned i = 0; i < BURST; i++) {
        size_t len = make_datagram(bytes, 1400);
        CHECK_INT(send(strangers[i % STRANGERS], bytes, len, 0), (long long)len);
    }
    while (received() < want) {
        CHECK(!cepa_time_is_due(deadline, cepa_clock_now()));
        turn(node);
    }
}

static void check_no_reply(void)
{
    uint8_t byte;
    for (size_t i = 0; i < STRANGERS; i++) {
        CHECK(recv(strangers[i], &byte, 1, 0) == -1 && errno == EAGAIN);
    }
}

/* Sends a part of them, and checks that nothing is left of it. */
static void flood(unsigned datagrams)
{
    send_burst(); /* what is made once */
    size_t before = mallinfo2().uordblks;
    struct cepa_webrtc_stats stats = cepa_webrtc_stats(node);
    uint64_t sent = stats.udp[0].tx_datagrams;
    for (unsigned i = 0; i < datagrams; i += BURST) {
        send_burst();
    }
    stats = cepa_webrtc_stats(node);
    CHECK_INT(stats.udp[0].tx_datagrams, sent);
    CHECK(mallinfo2().uordblks < before + 1000);
    check_no_reply();
}

TEST(noise_gets_no_reply_and_no_memory_and_holds_nobody_up)
{
    struct cepa_connection_id id;
    begin();
    flood(total() / 2);
    CHECK_INT(cepa_endpoint_counts(cepa_webrtc_endpoint(node)).connections, 0);
    const struct cepa_dial_address address = {.address =
                                                  cepa_webrtc_address(node, CEPA_NET_ADDRESS_IPV4),
                                              .certificate = cepa_certificate_hash(certificate)};
    CHECK_INT(cepa_endpoint_dial(cepa_webrtc_endpoint(dialler), &id, &address), 0);
    struct cepa_time deadline = cepa_time_add(cepa_clock_now(), OPEN_MS * CEPA_MILLISECOND_NS);
    while (!is_open) {
        CHECK(!cepa_time_is_due(deadline, cepa_clock_now()));
        turn(dialler);
        send_burst();
    }
    CHECK_INT(cepa_endpoint_close(cepa_webrtc_endpoint(dialler), id), 0);
    while (cepa_endpoint_counts(cepa_webrtc_endpoint(node)).connections > 0) {
        CHECK(!cepa_time_is_due(deadline, cepa_clock_now()));
        turn(dialler);
        turn(node);
    }
    flood(total() / 2);
    end();
}

TEST_MAIN(RUN(noise_gets_no_reply_and_no_memory_and_holds_nobody_up))
