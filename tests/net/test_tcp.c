/* Datagrams over TCP on loopback: both ways, cut up at will, too long, too many, too slow. Time is
 * the test's own. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "native/net/socket.h"
#include "native/net/tcp.h"
#include "support/loopback.h"
#include "support/test.h"

static struct cepa_datagram_queue queue;
static uint8_t bytes[1 << 16];
static struct cepa_time now;

/* Opens one that listens on loopback with the given limits. */
static struct cepa_tcp *open_limited(uint8_t family, struct cepa_tcp_config config)
{
    struct cepa_tcp *tcp;
    *(family == CEPA_NET_ADDRESS_IPV4 ? &config.ipv4 : &config.ipv6) = loopback_any(family);
    CHECK_INT(cepa_tcp_open(&tcp, &config), 0);
    CHECK(cepa_tcp_port(tcp) != 0);
    return tcp;
}

static struct cepa_tcp *open_any(uint8_t family)
{
    const struct cepa_tcp_config config = {.streams_max = 0};
    return open_limited(family, config);
}

static struct cepa_path path_to(const struct cepa_tcp *tcp, uint8_t family)
{
    const struct cepa_path path = {.remote = loopback_address(family, cepa_tcp_port(tcp))};
    return path;
}

/* Gives the next event, waiting for it for 2 s at most. */
static enum cepa_tcp_kind next(struct cepa_tcp *tcp, struct cepa_tcp_event *ret_event)
{
    for (int i = 0; i < 1000; i++) {
        enum cepa_tcp_kind kind = cepa_tcp_next(tcp, ret_event, now);
        if (kind != CEPA_TCP_NOTHING || !loopback_wait(cepa_tcp_descriptor(tcp), 2000)) {
            return kind;
        }
    }
    return CEPA_TCP_NOTHING;
}

/* Says that nothing happens for 20 ms. */
static void expect_nothing(struct cepa_tcp *tcp)
{
    struct cepa_tcp_event event;
    do {
        CHECK_INT(cepa_tcp_next(tcp, &event, now), CEPA_TCP_NOTHING);
    } while (loopback_wait(cepa_tcp_descriptor(tcp), 20));
}

/* Takes the next event, which is of that kind, and gives the stream. */
static uint64_t expect(struct cepa_tcp *tcp, enum cepa_tcp_kind kind)
{
    struct cepa_tcp_event event;
    CHECK_INT(next(tcp, &event), kind);
    return event.path.stream;
}

static void expect_closed(struct cepa_tcp *tcp, uint64_t stream, int reason)
{
    struct cepa_tcp_event event;
    CHECK_INT(next(tcp, &event), CEPA_TCP_CLOSED);
    CHECK_INT(event.path.stream, stream);
    CHECK_INT(event.reason, reason);
    CHECK_INT(cepa_tcp_send_one(tcp, stream, bytes, 1), CEPA_ERR_NOT_FOUND);
    CHECK_INT(cepa_tcp_buffered(tcp, stream), 0);
}

static void fill(uint8_t *ret_bytes, size_t len, size_t number)
{
    for (size_t i = 0; i < len; i++) {
        ret_bytes[i] = (uint8_t)(number * 13 + i);
    }
}

/* Takes the next event, a datagram of that length and number. */
static void expect_datagram(struct cepa_tcp *tcp, uint64_t stream, size_t len, size_t number)
{
    struct cepa_tcp_event event;
    uint8_t want[CEPA_FRAMING_DATAGRAM_MAX];
    CHECK_INT(next(tcp, &event), CEPA_TCP_DATAGRAM);
    CHECK_INT(event.path.stream, stream);
    CHECK_INT(event.len, len);
    fill(want, len, number);
    CHECK_BYTES(event.bytes, want, len);
}

/* A peer that is a plain socket: connected, blocking. `source` may be NULL. */
static int connect_plain(const struct cepa_tcp *tcp, uint8_t family, const char *source)
{
    const struct cepa_net_address from =
        source != NULL ? loopback_text(source) : loopback_any(family);
    const struct cepa_path path = path_to(tcp, family);
    union cepa_socket_address system;
    int fd = socket(family == CEPA_NET_ADDRESS_IPV4 ? AF_INET : AF_INET6, SOCK_STREAM, 0);
    CHECK(fd >= 0);
    socklen_t len = cepa_socket_address_encode(&system, &from, 0);
    CHECK_INT(bind(fd, &system.any, len), 0);
    len = cepa_socket_address_encode(&system, &path.remote, 0);
    CHECK_INT(connect(fd, &system.any, len), 0);
    return fd;
}

/* Writes a framed datagram to `bytes` and gives its length. */
static size_t frame(size_t at, size_t len, size_t number)
{
    cepa_framing_header(bytes + at, len);
    fill(bytes + at + CEPA_FRAMING_HEADER_SIZE, len, number);
    return at + CEPA_FRAMING_HEADER_SIZE + len;
}

static const size_t lens[] = {1, 1200, 1200, 2, 1500, 700, 1};
enum { LENS = sizeof lens / sizeof lens[0] };

static void push_all(void)
{
    uint8_t datagram[CEPA_DATAGRAM_MAX];
    cepa_datagram_queue_clear(&queue);
    for (size_t i = 0; i < LENS; i++) {
        fill(datagram, lens[i], i);
        CHECK_INT(cepa_datagram_queue_push(&queue, datagram, lens[i]), 0);
    }
}

TEST_BOTH(datagrams_go_both_ways)
{
    struct cepa_tcp *a = open_any(family);
    struct cepa_tcp *b = open_any(family);
    struct cepa_path path = path_to(b, family);
    struct cepa_tcp_event ours;
    struct cepa_tcp_event theirs;
    uint64_t stream;
    push_all();
    path.local = loopback_address(family, 9);
    CHECK_INT(cepa_tcp_connect(a, &stream, &path, now), 0);
    /* What is sent before the connection is there goes when it is. */
    CHECK_INT(cepa_tcp_send(a, stream, &queue), 0);
    CHECK(cepa_tcp_buffered(a, stream) > queue.bytes_len);
    CHECK_INT(next(a, &ours), CEPA_TCP_CONNECTED);
    CHECK_INT(next(b, &theirs), CEPA_TCP_CONNECTED);
    CHECK(!ours.is_incoming && theirs.is_incoming && ours.path.stream == stream);
    CHECK(cepa_net_address_is_equal(&ours.path.local, &theirs.path.remote));
    CHECK(cepa_net_address_is_equal(&ours.path.remote, &theirs.path.local));
    CHECK(cepa_net_address_is_equal(&ours.path.remote, &path.remote));
    CHECK(theirs.path.remote.port != 9 && theirs.path.remote.port != 0);
    for (size_t i = 0; i < LENS; i++) {
        expect_datagram(b, theirs.path.stream, lens[i], i);
    }
    CHECK_INT(cepa_tcp_send(b, theirs.path.stream, &queue), 0);
    cepa_datagram_queue_clear(&queue);
    CHECK_INT(cepa_tcp_send(b, theirs.path.stream, &queue), 0);
    fill(bytes, CEPA_FRAMING_DATAGRAM_MAX, 77);
    CHECK_INT(cepa_tcp_send_one(b, theirs.path.stream, bytes, CEPA_FRAMING_DATAGRAM_MAX), 0);
    for (size_t i = 0; i < LENS; i++) {
        expect_datagram(a, stream, lens[i], i);
    }
    expect_datagram(a, stream, CEPA_FRAMING_DATAGRAM_MAX, 77);
    CHECK_INT(cepa_tcp_stats_of(a)->connected, 1);
    CHECK_INT(cepa_tcp_stats_of(b)->accepted, 1);
    CHECK_INT(cepa_tcp_stats_of(b)->rx_datagrams, LENS);
    CHECK_INT(cepa_tcp_stats_of(b)->tx_datagrams, LENS + 1);
    cepa_tcp_drop(a, stream);
    cepa_tcp_drop(a, stream);
    expect_closed(b, theirs.path.stream, 0);
    expect_nothing(a);
    cepa_tcp_close(a);
    cepa_tcp_close(b);
}

TEST_BOTH(a_stream_may_come_byte_by_byte)
{
    struct cepa_tcp *tcp = open_any(family);
    int fd = connect_plain(tcp, family, NULL);
    uint64_t stream = expect(tcp, CEPA_TCP_CONNECTED);
    size_t len = frame(0, 3, 5);
    len = frame(len, 40, 6);
    for (size_t i = 0; i < len; i++) {
        CHECK_INT(send(fd, bytes + i, 1, 0), 1);
        if (i == 4 || i == len - 1) {
            expect_datagram(tcp, stream, i == 4 ? 3 : 40, i == 4 ? 5 : 6);
        } else {
            CHECK(loopback_wait(cepa_tcp_descriptor(tcp), 2000));
            struct cepa_tcp_event event;
            CHECK_INT(cepa_tcp_next(tcp, &event, now), CEPA_TCP_NOTHING);
        }
    }
    /* The last of several comes before the end is told. */
    len = frame(frame(0, 7, 1), 9, 2);
    CHECK_INT(send(fd, bytes, len, 0), len);
    close(fd);
    expect_datagram(tcp, stream, 7, 1);
    expect_datagram(tcp, stream, 9, 2);
    expect_closed(tcp, stream, 0);
    cepa_tcp_close(tcp);
}

TEST_BOTH(a_datagram_that_is_too_long_ends_the_stream)
{
    static const uint8_t header[2] = {(CEPA_FRAMING_DATAGRAM_MAX + 1) >> 8,
                                      (CEPA_FRAMING_DATAGRAM_MAX + 1) & 255};
    struct cepa_tcp *tcp = open_any(family);
    int fd = connect_plain(tcp, family, NULL);
    uint64_t stream = expect(tcp, CEPA_TCP_CONNECTED);
    size_t len = frame(0, 100, 3);
    memcpy(bytes + len, header, sizeof header);
    len = frame(len + sizeof header, 100, 4);
    CHECK_INT(send(fd, bytes, len, 0), len);
    expect_datagram(tcp, stream, 100, 3);
    expect_closed(tcp, stream, CEPA_ERR_TOO_LONG);
    CHECK_INT(recv(fd, bytes, 1, 0), -1);
    CHECK_INT(errno, ECONNRESET);
    close(fd);
    expect_nothing(tcp);
    cepa_tcp_close(tcp);
}

/* Reads what the slow peer finds: whole datagrams of growing number, how many. */
static size_t read_all(int fd, struct cepa_tcp *tcp, size_t wanted)
{
    struct cepa_framing framing;
    struct cepa_tcp_event event;
    size_t count = 0;
    uint32_t last = 0;
    cepa_framing_init(&framing);
    while (count < wanted) {
        ssize_t len = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
        CHECK_INT(cepa_tcp_next(tcp, &event, now), CEPA_TCP_NOTHING);
        CHECK(len > 0 || errno == EAGAIN);
        for (size_t at = 0; len > 0 && at < (size_t)len;) {
            const uint8_t *datagram;
            size_t datagram_len;
            size_t taken;
            int result = cepa_framing_push(&framing, &taken, &datagram, &datagram_len, bytes + at,
                                           (size_t)len - at);
            CHECK(result >= 0);
            at += taken;
            if (result == 1) {
                uint32_t number;
                CHECK_INT(datagram_len, 1000);
                memcpy(&number, datagram, sizeof number);
                CHECK(number > last);
                last = number;
                count++;
            }
        }
    }
    return count;
}

TEST_BOTH(what_a_slow_reader_does_not_take_is_lost)
{
    struct cepa_tcp *tcp = open_any(family);
    int fd = connect_plain(tcp, family, NULL);
    uint64_t stream = expect(tcp, CEPA_TCP_CONNECTED);
    uint32_t number = 0;
    int result = 0;
    for (int round = 0; round < 3; round++) {
        size_t most = 0;
        uint64_t before = cepa_tcp_stats_of(tcp)->tx_datagrams;
        for (int fulls = 0; fulls < 20 && number < 1000000;) {
            uint8_t datagram[1000] = {0};
            cepa_datagram_queue_clear(&queue);
            for (int i = 0; i < 20; i++) {
                number++;
                memcpy(datagram, &number, sizeof number);
                CHECK_INT(cepa_datagram_queue_push(&queue, datagram, sizeof datagram), 0);
            }
            result = cepa_tcp_send(tcp, stream, &queue);
            CHECK(result == 0 || result == CEPA_ERR_FULL);
            fulls += result == CEPA_ERR_FULL ? 1 : 0;
            most = cepa_tcp_buffered(tcp, stream) > most ? cepa_tcp_buffered(tcp, stream) : most;
        }
        CHECK_INT(result, CEPA_ERR_FULL);
        CHECK(most <= CEPA_TCP_BUFFER_SIZE && most > CEPA_TCP_BUFFER_SIZE - 1002);
        CHECK(cepa_tcp_stats_of(tcp)->tx_dropped > 0);
        CHECK_INT(cepa_tcp_stats_of(tcp)->tx_datagrams + cepa_tcp_stats_of(tcp)->tx_dropped,
                  number);
        (void)read_all(fd, tcp, (size_t)(cepa_tcp_stats_of(tcp)->tx_datagrams - before));
        CHECK_INT(cepa_tcp_buffered(tcp, stream), 0);
    }
    close(fd);
    cepa_tcp_close(tcp);
}

TEST(one_household_has_so_many_streams)
{
    const struct cepa_tcp_config config = {.streams_per_ip = 2};
    struct cepa_tcp *tcp = open_limited(CEPA_NET_ADDRESS_IPV4, config);
    int fds[5];
    uint64_t streams[3];
    for (int i = 0; i < 4; i++) {
        fds[i] = connect_plain(tcp, CEPA_NET_ADDRESS_IPV4, "127.0.0.2:0");
    }
    fds[4] = connect_plain(tcp, CEPA_NET_ADDRESS_IPV4, "127.0.0.3:0");
    for (int i = 0; i < 3; i++) {
        streams[i] = expect(tcp, CEPA_TCP_CONNECTED);
        cepa_tcp_verified(tcp, streams[i]);
    }
    expect_nothing(tcp);
    CHECK_INT(cepa_tcp_stats_of(tcp)->refused, 2);
    CHECK_INT(recv(fds[3], bytes, 1, 0), -1);
    cepa_tcp_drop(tcp, streams[0]);
    close(fds[3]);
    fds[3] = connect_plain(tcp, CEPA_NET_ADDRESS_IPV4, "127.0.0.2:0");
    uint64_t stream = expect(tcp, CEPA_TCP_CONNECTED);
    CHECK(stream != streams[0] && stream != streams[1] && stream != streams[2]);
    for (int i = 0; i < 5; i++) {
        close(fds[i]);
    }
    cepa_tcp_close(tcp);
}

/* Of IPv6 a household has a whole network of 64 bits. */
static void fill_a_network(void)
{
    static const char *const sources[] = {"[2001:db8:0:1::1]:0", "[2001:db8:0:1::2]:0",
                                          "[2001:db8:0:1::3]:0", "[2001:db8:0:2::1]:0"};
    const struct cepa_tcp_config config = {.streams_per_ip = 2};
    struct cepa_tcp *tcp = open_limited(CEPA_NET_ADDRESS_IPV6, config);
    loopback_command("for i in 1::1 1::2 1::3 2::1; do"
                     " ip -6 addr add 2001:db8:0:$i/64 dev lo nodad || exit 1; done");
    for (size_t i = 0; i < 4; i++) {
        struct cepa_tcp_event event;
        const struct cepa_net_address want = loopback_text(sources[i]);
        int fd = connect_plain(tcp, CEPA_NET_ADDRESS_IPV6, sources[i]);
        CHECK(fd >= 0);
        if (i == 2) {
            expect_nothing(tcp);
        } else {
            CHECK_INT(next(tcp, &event), CEPA_TCP_CONNECTED);
            CHECK_BYTES(event.path.remote.ip, want.ip, 16);
        }
    }
    CHECK_INT(cepa_tcp_stats_of(tcp)->refused, 1);
    cepa_tcp_close(tcp);
}

TEST(one_network_of_ipv6_has_so_many_streams)
{
    loopback_need_ipv6();
    loopback_in_namespace(fill_a_network);
}

TEST_BOTH(strangers_have_half_of_all_streams)
{
    const struct cepa_tcp_config config = {.streams_max = 4, .streams_per_ip = 100};
    struct cepa_tcp *tcp = open_limited(family, config);
    struct cepa_tcp *other = open_any(family);
    struct cepa_path path = path_to(other, family);
    int fds[3];
    uint64_t streams[4];
    for (int i = 0; i < 3; i++) {
        fds[i] = connect_plain(tcp, family, NULL);
    }
    streams[0] = expect(tcp, CEPA_TCP_CONNECTED);
    streams[1] = expect(tcp, CEPA_TCP_CONNECTED);
    expect_nothing(tcp);
    CHECK_INT(cepa_tcp_stats_of(tcp)->refused, 1);
    cepa_tcp_verified(tcp, streams[0]);
    cepa_tcp_verified(tcp, streams[0]);
    close(fds[2]);
    fds[2] = connect_plain(tcp, family, NULL);
    streams[2] = expect(tcp, CEPA_TCP_CONNECTED);
    /* One slot is left, and it is ours; then there is none for anybody. */
    CHECK_INT(cepa_tcp_connect(tcp, &streams[3], &path, now), 0);
    CHECK_INT(expect(tcp, CEPA_TCP_CONNECTED), streams[3]);
    CHECK_INT(cepa_tcp_connect(tcp, &streams[3], &path, now), CEPA_ERR_FULL);
    cepa_tcp_verified(tcp, streams[1]);
    cepa_tcp_verified(tcp, streams[2]);
    int fd = connect_plain(tcp, family, NULL);
    expect_nothing(tcp);
    CHECK_INT(cepa_tcp_stats_of(tcp)->refused, 2);
    for (int i = 0; i < 3; i++) {
        close(fds[i]);
    }
    close(fd);
    cepa_tcp_close(other);
    cepa_tcp_close(tcp);
}

TEST_BOTH(who_does_not_prove_himself_in_time_is_closed)
{
    struct cepa_tcp *a = open_any(family);
    struct cepa_tcp *b = open_any(family);
    struct cepa_path path = path_to(b, family);
    uint64_t ours[2];
    uint64_t theirs[2];
    CHECK(cepa_time_is_never(cepa_tcp_deadline(b)));
    for (int i = 0; i < 2; i++) {
        CHECK_INT(cepa_tcp_connect(a, &ours[i], &path, now), 0);
        CHECK_INT(expect(a, CEPA_TCP_CONNECTED), ours[i]);
        theirs[i] = expect(b, CEPA_TCP_CONNECTED);
        now = cepa_time_add(now, CEPA_SECOND_NS);
    }
    cepa_tcp_verified(b, theirs[1]);
    CHECK_INT(cepa_time_since(cepa_tcp_deadline(b), now), 3 * CEPA_SECOND_NS);
    now = cepa_time_add(now, 3 * CEPA_SECOND_NS - 1);
    expect_nothing(b);
    now = cepa_time_add(now, 1);
    expect_closed(b, theirs[0], CEPA_ERR_TIMEOUT);
    CHECK_INT(cepa_tcp_stats_of(b)->expired, 1);
    CHECK(cepa_time_is_never(cepa_tcp_deadline(b)));
    now = cepa_time_add(now, 100 * CEPA_SECOND_NS);
    expect_nothing(b);
    CHECK_INT(cepa_tcp_send_one(b, theirs[1], bytes, 5), 0);
    /* Nor did the other side hear that its streams are good. */
    CHECK(cepa_time_is_due(cepa_tcp_deadline(a), now));
    expect_closed(a, ours[0], CEPA_ERR_TIMEOUT);
    expect_closed(a, ours[1], CEPA_ERR_TIMEOUT);
    cepa_tcp_close(a);
    cepa_tcp_close(b);
}

TEST_BOTH(a_port_where_nobody_listens_is_told)
{
    struct cepa_tcp *a = open_any(family);
    struct cepa_tcp *b = open_any(family);
    struct cepa_path path = path_to(b, family);
    uint64_t stream;
    cepa_tcp_close(b);
    int result = cepa_tcp_connect(a, &stream, &path, now);
    if (result == 0) {
        expect_closed(a, stream, CEPA_ERR_UNREACHABLE);
    } else {
        CHECK_INT(result, CEPA_ERR_UNREACHABLE); /* the answer was there at once */
    }
    path.local =
        loopback_text(family == CEPA_NET_ADDRESS_IPV4 ? "192.0.2.99:0" : "[2001:db8::99]:0");
    CHECK_INT(cepa_tcp_connect(a, &stream, &path, now), CEPA_ERR_NO_ADDRESS);
    expect_nothing(a);
    cepa_tcp_close(a);
}

TEST_BOTH(a_stream_that_breaks_is_told)
{
    struct cepa_tcp *tcp = open_any(family);
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    for (int is_sending = 0; is_sending < 2; is_sending++) {
        int fd = connect_plain(tcp, family, NULL);
        uint64_t stream = expect(tcp, CEPA_TCP_CONNECTED);
        CHECK_INT(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
        close(fd);
        if (is_sending) {
            CHECK_INT(cepa_tcp_send_one(tcp, stream, bytes, 10), CEPA_ERR_UNREACHABLE);
            CHECK_INT(cepa_tcp_send_one(tcp, stream, bytes, 10), CEPA_ERR_NOT_FOUND);
        }
        expect_closed(tcp, stream, CEPA_ERR_UNREACHABLE);
    }
    /* One that is dropped before its end is told is not told. */
    int fd = connect_plain(tcp, family, NULL);
    uint64_t stream = expect(tcp, CEPA_TCP_CONNECTED);
    size_t len = frame(frame(0, 5, 1), 5, 2);
    CHECK_INT(send(fd, bytes, len, 0), len);
    close(fd);
    expect_datagram(tcp, stream, 5, 1);
    cepa_tcp_drop(tcp, stream);
    expect_nothing(tcp);
    cepa_tcp_drop(tcp, 0);
    cepa_tcp_verified(tcp, 0);
    cepa_tcp_close(tcp);
    cepa_tcp_close(NULL);
}

TEST(both_families_have_one_port)
{
    loopback_need_ipv6();
    struct cepa_tcp_config config = {.ipv4 = loopback_any(CEPA_NET_ADDRESS_IPV4),
                                     .ipv6 = loopback_any(CEPA_NET_ADDRESS_IPV6)};
    struct cepa_tcp *a;
    struct cepa_tcp *b;
    CHECK_INT(cepa_tcp_open(&a, &config), 0);
    int ipv4 = connect_plain(a, CEPA_NET_ADDRESS_IPV4, NULL);
    int ipv6 = connect_plain(a, CEPA_NET_ADDRESS_IPV6, NULL);
    expect(a, CEPA_TCP_CONNECTED);
    expect(a, CEPA_TCP_CONNECTED);
    config.ipv4.port = cepa_tcp_port(a);
    CHECK_INT(cepa_tcp_open(&b, &config), CEPA_ERR_IN_USE);
    config.ipv4 = loopback_text("192.0.2.99:0");
    CHECK_INT(cepa_tcp_open(&b, &config), CEPA_ERR_NO_ADDRESS);
    config.streams_max = CEPA_TCP_STREAMS_LIMIT + 1;
    CHECK_INT(cepa_tcp_open(&b, &config), CEPA_ERR_ARGUMENT);
    /* Without listeners it can still connect. */
    const struct cepa_tcp_config silent = {.streams_max = 1};
    const struct cepa_path path = path_to(a, CEPA_NET_ADDRESS_IPV6);
    uint64_t stream;
    CHECK_INT(cepa_tcp_open(&b, &silent), 0);
    CHECK_INT(cepa_tcp_port(b), 0);
    CHECK_INT(cepa_tcp_connect(b, &stream, &path, now), 0);
    CHECK_INT(expect(b, CEPA_TCP_CONNECTED), stream);
    close(ipv4);
    close(ipv6);
    cepa_tcp_close(a);
    cepa_tcp_close(b);
}

TEST(listeners_rest_when_there_are_no_descriptors)
{
    struct cepa_tcp *tcp = open_any(CEPA_NET_ADDRESS_IPV4);
    struct rlimit before;
    int fd = connect_plain(tcp, CEPA_NET_ADDRESS_IPV4, NULL);
    CHECK_INT(getrlimit(RLIMIT_NOFILE, &before), 0);
    struct rlimit low = {.rlim_cur = (rlim_t)fd, .rlim_max = before.rlim_max};
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &low), 0);
    expect_nothing(tcp);
    CHECK(!cepa_time_is_never(cepa_tcp_deadline(tcp)));
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &before), 0);
    expect_nothing(tcp);
    now = cepa_tcp_deadline(tcp);
    expect(tcp, CEPA_TCP_CONNECTED);
    close(fd);
    cepa_tcp_close(tcp);
}

/* An address that answers nothing. */
static void connect_to_nobody(void)
{
    struct cepa_tcp *tcp = open_any(CEPA_NET_ADDRESS_IPV4);
    const struct cepa_path path = {.remote = loopback_text("10.77.0.2:9")};
    uint64_t stream;
    loopback_command("ip link add v0 type veth peer name v1 && ip link set v0 up &&"
                     " ip link set v1 up && ip addr add 10.77.0.1/24 dev v0");
    CHECK_INT(cepa_tcp_connect(tcp, &stream, &path, now), 0);
    expect_nothing(tcp);
    now = cepa_tcp_deadline(tcp);
    expect_closed(tcp, stream, CEPA_ERR_TIMEOUT);
    cepa_tcp_close(tcp);
}

TEST(who_does_not_answer_in_time_is_given_up)
{
    loopback_in_namespace(connect_to_nobody);
}

TEST_MAIN(RUN_BOTH(datagrams_go_both_ways), RUN_BOTH(a_stream_may_come_byte_by_byte),
          RUN_BOTH(a_datagram_that_is_too_long_ends_the_stream),
          RUN_BOTH(what_a_slow_reader_does_not_take_is_lost),
          RUN(one_household_has_so_many_streams), RUN(one_network_of_ipv6_has_so_many_streams),
          RUN_BOTH(strangers_have_half_of_all_streams),
          RUN_BOTH(who_does_not_prove_himself_in_time_is_closed),
          RUN_BOTH(a_port_where_nobody_listens_is_told), RUN_BOTH(a_stream_that_breaks_is_told),
          RUN(both_families_have_one_port), RUN(listeners_rest_when_there_are_no_descriptors),
          RUN(who_does_not_answer_in_time_is_given_up))
