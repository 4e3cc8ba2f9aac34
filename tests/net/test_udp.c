/* UDP sockets carry what they are given, over loopback: with runs and without, and past whatever
 * the kernel refuses. */
#define _GNU_SOURCE
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "native/net/socket.h"
#include "native/net/udp.h"
#include "support/loopback.h"
#include "support/test.h"

static struct cepa_datagram_queue queue;
static uint8_t data[65536];

static struct cepa_udp *open_any(uint8_t family, bool is_plain)
{
    const struct cepa_udp_config config = {.bind_address = loopback_any(family),
                                           .is_segmented_off = is_plain,
                                           .is_coalesced_off = is_plain};
    struct cepa_udp *udp;
    CHECK_INT(cepa_udp_open(&udp, &config), 0);
    return udp;
}

static struct cepa_path path_to(const struct cepa_udp *udp)
{
    struct cepa_net_address bound = cepa_udp_address(udp);
    struct cepa_path path = {.remote = loopback_address(bound.family, bound.port)};
    return path;
}

/* A datagram whose first two bytes are its number, and the rest follows from that. */
static void fill(uint8_t *bytes, size_t len, size_t number)
{
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (uint8_t)(number * 31 + i * 7);
    }
    bytes[0] = (uint8_t)(number >> 8);
    bytes[len > 1 ? 1 : 0] = (uint8_t)number;
}

static void push(size_t len, size_t number)
{
    uint8_t bytes[CEPA_DATAGRAM_MAX];
    fill(bytes, len, number);
    CHECK_INT(cepa_datagram_queue_push(&queue, bytes, len), 0);
}

/* Takes what comes until `count` datagrams are there, which are number `first` and on of the queue;
 * their sender's address goes to `ret_remote`. */
static void expect(struct cepa_udp *udp, size_t first, size_t count, struct cepa_path *ret_path)
{
    for (size_t got = 0; got < count;) {
        struct cepa_udp_batch batch;
        struct cepa_udp_walk walk = {0, 0};
        struct cepa_udp_datagram datagram;
        CHECK(loopback_wait(cepa_udp_descriptor(udp), 2000));
        CHECK_INT(cepa_udp_receive(udp, &batch), 0);
        while (cepa_udp_batch_next(&batch, &walk, &datagram)) {
            uint8_t want[CEPA_DATAGRAM_MAX];
            CHECK(got < count);
            CHECK_INT(datagram.len, queue.lens[first + got]);
            fill(want, datagram.len, first + got);
            CHECK_BYTES(datagram.bytes, want, datagram.len);
            *ret_path = *datagram.path;
            got++;
        }
    }
}

static void check_exchange(struct cepa_udp *a, struct cepa_udp *b)
{
    static const size_t lens[] = {1200, 1200, 1200, 700, 700, 3, 1, 1, 1500, 1200, 1200};
    struct cepa_path path = path_to(b);
    struct cepa_path came;
    for (size_t round = 0; round < 3; round++) {
        cepa_datagram_queue_clear(&queue);
        for (size_t i = 0; i < CEPA_DATAGRAM_QUEUE_LEN; i++) {
            push(round == 0 ? 1200 : round == 1 ? lens[i % 11] : i + 1, i);
        }
        CHECK_INT(cepa_udp_send(a, &path, &queue), 0);
        expect(b, 0, CEPA_DATAGRAM_QUEUE_LEN, &came);
        CHECK_INT(came.stream, 0);
        struct cepa_net_address want = path.remote;
        CHECK(cepa_net_address_is_equal(&came.local, &want));
        want.port = cepa_udp_address(a).port;
        CHECK(cepa_net_address_is_equal(&came.remote, &want));
        /* And back along the path by which it came. */
        CHECK_INT(cepa_udp_send(b, &came, &queue), 0);
        expect(a, 0, CEPA_DATAGRAM_QUEUE_LEN, &came);
    }
}

TEST_BOTH(datagrams_go_both_ways)
{
    for (int way = 0; way < 4; way++) {
        struct cepa_udp *a = open_any(family, (way & 1) != 0);
        struct cepa_udp *b = open_any(family, (way & 2) != 0);
        CHECK((way & 1) == 0 || !cepa_udp_is_segmenting(a));
        CHECK((way & 2) == 0 || !cepa_udp_is_coalescing(b));
        check_exchange(a, b);
        CHECK_INT(cepa_udp_stats_of(a)->tx_datagrams, 3 * CEPA_DATAGRAM_QUEUE_LEN);
        CHECK_INT(cepa_udp_stats_of(b)->rx_datagrams, 3 * CEPA_DATAGRAM_QUEUE_LEN);
        CHECK_INT(cepa_udp_stats_of(a)->tx_bytes, cepa_udp_stats_of(b)->rx_bytes);
        CHECK_INT(cepa_udp_stats_of(a)->tx_calls, 3);
        CHECK_INT(cepa_udp_stats_of(a)->tx_failed + cepa_udp_stats_of(a)->tx_dropped, 0);
        CHECK_INT(cepa_udp_stats_of(b)->rx_refused, 0);
        cepa_udp_close(a);
        cepa_udp_close(b);
    }
}

TEST_BOTH(a_run_goes_and_comes_as_one)
{
    struct cepa_udp *a = open_any(family, false);
    struct cepa_udp *b = open_any(family, false);
    struct cepa_path path = path_to(b);
    struct cepa_path came;
    if (!cepa_udp_is_segmenting(a) || !cepa_udp_is_coalescing(b)) {
        test_skip("this kernel has no UDP_SEGMENT or UDP_GRO");
    }
    cepa_datagram_queue_clear(&queue);
    for (size_t i = 0; i < CEPA_DATAGRAM_QUEUE_LEN; i++) {
        push(i + 1 < CEPA_DATAGRAM_QUEUE_LEN ? 1200 : 100, i);
    }
    CHECK_INT(cepa_udp_send(a, &path, &queue), 0);
    expect(b, 0, CEPA_DATAGRAM_QUEUE_LEN, &came);
    CHECK_INT(cepa_udp_stats_of(a)->tx_calls, 1);
    CHECK_INT(cepa_udp_stats_of(b)->rx_calls, 1);
    CHECK_INT(cepa_udp_stats_of(b)->rx_messages, 1);
    CHECK_INT(cepa_udp_stats_of(b)->rx_datagrams, CEPA_DATAGRAM_QUEUE_LEN);
    cepa_udp_close(a);
    cepa_udp_close(b);
}

/* A kernel does not cut runs for a socket without checksums. */
static void set_checksums(struct cepa_udp *a, struct cepa_udp *b, uint8_t family, int are_off)
{
    if (family == CEPA_NET_ADDRESS_IPV4) {
        CHECK(cepa_socket_set(cepa_udp_descriptor(a), SOL_SOCKET, SO_NO_CHECK, are_off));
    } else {
        CHECK(cepa_socket_set(cepa_udp_descriptor(a), SOL_UDP, UDP_NO_CHECK6_TX, are_off));
        CHECK(cepa_socket_set(cepa_udp_descriptor(b), SOL_UDP, UDP_NO_CHECK6_RX, are_off));
    }
}

TEST_BOTH(a_kernel_that_refuses_runs_gets_none)
{
    struct cepa_udp *a = open_any(family, false);
    struct cepa_udp *b = open_any(family, false);
    struct cepa_path path = path_to(b);
    struct cepa_path came;
    if (!cepa_udp_is_segmenting(a)) {
        test_skip("this kernel has no UDP_SEGMENT");
    }
    set_checksums(a, b, family, 1);
    path.local = loopback_address(family, 0);
    cepa_datagram_queue_clear(&queue);
    for (size_t i = 0; i < 20; i++) {
        push(i < 10 ? 1200 : 600, i);
    }
    CHECK_INT(cepa_udp_send(a, &path, &queue), 0);
    CHECK(!cepa_udp_is_segmenting(a));
    CHECK_INT(cepa_udp_stats_of(a)->tx_datagrams, 20);
    CHECK_INT(cepa_udp_stats_of(a)->tx_failed, 0);
    expect(b, 0, 20, &came);
    set_checksums(a, b, family, 0);
    uint64_t calls = cepa_udp_stats_of(a)->tx_calls;
    CHECK_INT(cepa_udp_send(a, &path, &queue), 0);
    CHECK_INT(cepa_udp_stats_of(a)->tx_calls - calls, 1);
    expect(b, 0, 20, &came);
    cepa_udp_close(a);
    cepa_udp_close(b);
}

TEST(the_source_is_the_one_that_the_path_names)
{
    struct cepa_udp *a = open_any(CEPA_NET_ADDRESS_IPV4, false);
    struct cepa_udp *b = open_any(CEPA_NET_ADDRESS_IPV4, false);
    struct cepa_path path = path_to(b);
    struct cepa_path came;
    path.remote.ip[3] = 9;
    path.local = loopback_text("127.0.0.5:1");
    cepa_datagram_queue_clear(&queue);
    push(1200, 0);
    push(1200, 1);
    CHECK_INT(cepa_udp_send(a, &path, &queue), 0);
    expect(b, 0, 2, &came);
    CHECK(cepa_net_address_is_equal(&came.local, &path.remote));
    path.local.port = cepa_udp_address(a).port;
    CHECK(cepa_net_address_is_equal(&came.remote, &path.local));
    /* A source that is not ours is refused, and that says nothing about runs. */
    path.local = loopback_text("192.0.2.99:1");
    CHECK_INT(cepa_udp_send(a, &path, &queue), CEPA_ERR_UNREACHABLE);
    CHECK_INT(cepa_udp_stats_of(a)->tx_failed, 2);
    CHECK(cepa_udp_is_segmenting(a) || !cepa_udp_is_coalescing(a));
    cepa_udp_close(a);
    cepa_udp_close(b);
}

TEST_BOTH(a_socket_of_one_address_sends_from_it)
{
    const struct cepa_udp_config config = {.bind_address = loopback_address(family, 0)};
    struct cepa_udp *a;
    struct cepa_udp *b = open_any(family, false);
    struct cepa_path path = path_to(b);
    struct cepa_path came;
    CHECK_INT(cepa_udp_open(&a, &config), 0);
    struct cepa_net_address bound = cepa_udp_address(a);
    CHECK(bound.port != 0);
    path.local = bound;
    cepa_datagram_queue_clear(&queue);
    push(77, 0);
    CHECK_INT(cepa_udp_send_one(a, &path, queue.bytes, 77), 0);
    expect(b, 0, 1, &came);
    CHECK(cepa_net_address_is_equal(&came.remote, &bound));
    cepa_udp_close(a);
    cepa_udp_close(b);
}

TEST_BOTH(addresses_that_cannot_be_had)
{
    struct cepa_udp *a = open_any(family, false);
    struct cepa_udp *b = NULL;
    struct cepa_udp_config config = {.bind_address = cepa_udp_address(a)};
    CHECK_INT(cepa_udp_open(&b, &config), CEPA_ERR_IN_USE);
    config.bind_address =
        loopback_text(family == CEPA_NET_ADDRESS_IPV4 ? "192.0.2.99:0" : "[2001:db8::99]:0");
    CHECK_INT(cepa_udp_open(&b, &config), CEPA_ERR_NO_ADDRESS);
    CHECK(b == NULL);
    cepa_udp_close(b);
    cepa_udp_close(a);
}

/* IPv6 alone means that the same port is free for IPv4. */
TEST(families_do_not_mix)
{
    loopback_need_ipv6();
    struct cepa_udp *a = open_any(CEPA_NET_ADDRESS_IPV6, false);
    struct cepa_udp_config config = {.bind_address = loopback_any(CEPA_NET_ADDRESS_IPV4)};
    struct cepa_udp *b;
    config.bind_address.port = cepa_udp_address(a).port;
    CHECK_INT(cepa_udp_open(&b, &config), 0);
    CHECK_INT(cepa_udp_address(b).port, cepa_udp_address(a).port);
    cepa_udp_close(a);
    cepa_udp_close(b);
}

/* Opens a plain socket of the test's own. */
static int open_plain(uint8_t family)
{
    const struct cepa_net_address any = loopback_any(family);
    int fd;
    CHECK_INT(cepa_socket_open(&fd, SOCK_DGRAM, &any, 0), 0);
    return fd;
}

static void send_plain(int fd, const struct cepa_net_address *to, size_t len)
{
    union cepa_socket_address system;
    socklen_t system_len = cepa_socket_address_encode(&system, to, 0);
    CHECK_INT(sendto(fd, data, len, 0, &system.any, system_len), len);
}

TEST_BOTH(what_is_too_long_or_empty_is_refused)
{
    static const size_t refused[] = {0, CEPA_UDP_DATAGRAM_MAX + 1, 3000, 65507 - 20};
    for (int way = 0; way < 2; way++) {
        struct cepa_udp *udp = open_any(family, way == 1);
        struct cepa_net_address to = path_to(udp).remote;
        struct cepa_udp_batch batch = {NULL, 0};
        size_t count = 0;
        int fd = open_plain(family);
        for (size_t i = 0; i < 4; i++) {
            send_plain(fd, &to, refused[i]);
        }
        send_plain(fd, &to, CEPA_UDP_DATAGRAM_MAX);
        while (count == 0) {
            CHECK(loopback_wait(cepa_udp_descriptor(udp), 2000));
            CHECK_INT(cepa_udp_receive(udp, &batch), 0);
            count += batch.count;
        }
        CHECK_INT(count, 1);
        CHECK_INT(batch.messages[0].len, CEPA_UDP_DATAGRAM_MAX);
        CHECK_INT(batch.messages[0].segment_len, CEPA_UDP_DATAGRAM_MAX);
        CHECK_INT(cepa_udp_stats_of(udp)->rx_refused, 4);
        CHECK_INT(cepa_udp_receive(udp, &batch), 0);
        CHECK_INT(batch.count, 0);
        close(fd);
        cepa_udp_close(udp);
    }
}

TEST(what_is_sent_to_all_is_refused)
{
    struct cepa_udp *udp = open_any(CEPA_NET_ADDRESS_IPV4, false);
    struct cepa_udp_batch batch;
    struct cepa_net_address to = loopback_text("127.255.255.255:0");
    int fd = open_plain(CEPA_NET_ADDRESS_IPV4);
    to.port = cepa_udp_address(udp).port;
    CHECK(cepa_socket_set(fd, SOL_SOCKET, SO_BROADCAST, 1));
    send_plain(fd, &to, 100);
    CHECK(loopback_wait(cepa_udp_descriptor(udp), 2000));
    CHECK_INT(cepa_udp_receive(udp, &batch), 0);
    CHECK_INT(batch.count, 0);
    CHECK_INT(cepa_udp_stats_of(udp)->rx_refused, 1);
    /* Nor do we send there. */
    struct cepa_path path = {.remote = to};
    CHECK_INT(cepa_udp_send_one(udp, &path, data, 100), CEPA_ERR_UNREACHABLE);
    CHECK_INT(cepa_udp_stats_of(udp)->tx_failed, 1);
    close(fd);
    cepa_udp_close(udp);
}

/* A connected socket is told of ports where nobody listens; that must not disturb others. */
TEST_BOTH(errors_of_the_network_are_passed_over)
{
    struct cepa_udp *a = open_any(family, false);
    struct cepa_udp *b = open_any(family, false);
    struct cepa_udp *gone = open_any(family, false);
    struct cepa_path nowhere = path_to(gone);
    struct cepa_path path = path_to(b);
    struct cepa_path came;
    struct cepa_udp_batch batch;
    union cepa_socket_address system;
    cepa_udp_close(gone);
    socklen_t system_len = cepa_socket_address_encode(&system, &nowhere.remote, 0);
    CHECK_INT(connect(cepa_udp_descriptor(a), &system.any, system_len), 0);
    cepa_datagram_queue_clear(&queue);
    push(1200, 0);
    push(300, 1);
    push(1200, 2);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(cepa_udp_send(a, &nowhere, &queue), 0);
        CHECK_INT(cepa_udp_send(a, &path, &queue), 0);
        expect(b, 0, 3, &came);
    }
    CHECK(cepa_udp_stats_of(a)->errors > 0);
    CHECK_INT(cepa_udp_stats_of(a)->tx_datagrams, 18);
    uint64_t errors = cepa_udp_stats_of(a)->errors;
    CHECK_INT(cepa_udp_send(a, &nowhere, &queue), 0);
    CHECK_INT(cepa_udp_receive(a, &batch), 0);
    CHECK_INT(batch.count, 0);
    CHECK(cepa_udp_stats_of(a)->errors > errors);
    cepa_udp_close(a);
    cepa_udp_close(b);
}

TEST_BOTH(an_overflow_of_the_receiver_is_counted)
{
    const struct cepa_udp_config config = {.bind_address = loopback_any(family),
                                           .buffer_size = 16384};
    struct cepa_udp *a = open_any(family, true);
    struct cepa_udp *b;
    CHECK_INT(cepa_udp_open(&b, &config), 0);
    struct cepa_path path = path_to(b);
    struct cepa_udp_batch batch = {NULL, 1};
    for (int i = 0; i < 200; i++) {
        CHECK_INT(cepa_udp_send_one(a, &path, data, 1200), 0);
    }
    while (batch.count > 0) {
        CHECK_INT(cepa_udp_receive(b, &batch), 0);
    }
    CHECK_INT(cepa_udp_send_one(a, &path, data, 1200), 0);
    CHECK_INT(cepa_udp_receive(b, &batch), 0);
    CHECK_INT(batch.count, 1);
    const struct cepa_udp_stats *stats = cepa_udp_stats_of(b);
    CHECK(stats->rx_overflows > 0);
    CHECK_INT(stats->rx_datagrams + stats->rx_overflows, 201);
    cepa_udp_close(a);
    cepa_udp_close(b);
}

/* The reader serves some datagrams first, the others afterwards. */
TEST_BOTH(a_batch_can_be_walked_twice)
{
    struct cepa_udp *a[3];
    struct cepa_udp *b = open_any(family, false);
    struct cepa_path path = path_to(b);
    struct cepa_udp_batch batch;
    struct cepa_udp_datagram datagram;
    size_t odd = 0;
    size_t all = 0;
    for (size_t i = 0; i < 3; i++) {
        a[i] = open_any(family, false);
        cepa_datagram_queue_clear(&queue);
        for (size_t j = 0; j < 9; j++) {
            push(300, j);
        }
        CHECK_INT(cepa_udp_send(a[i], &path, &queue), 0);
    }
    CHECK_INT(cepa_udp_receive(b, &batch), 0);
    for (struct cepa_udp_walk walk = {0, 0}; cepa_udp_batch_next(&batch, &walk, &datagram);) {
        odd += datagram.bytes[1] & 1;
    }
    for (struct cepa_udp_walk walk = {0, 0}; cepa_udp_batch_next(&batch, &walk, &datagram);) {
        CHECK_INT(datagram.path->remote.port, cepa_udp_address(a[all / 9]).port);
        CHECK_INT(datagram.bytes[1], all % 9);
        all++;
    }
    CHECK_INT(odd, 12);
    CHECK_INT(all, 27);
    for (size_t i = 0; i < 3; i++) {
        cepa_udp_close(a[i]);
    }
    cepa_udp_close(b);
}

/* Datagrams that wait for an answer to ARP fill the sender's buffer. */
static void fill_the_sender(void)
{
    const struct cepa_udp_config config = {.bind_address = loopback_any(CEPA_NET_ADDRESS_IPV4),
                                           .buffer_size = 65536};
    struct cepa_path path = {.remote = loopback_text("10.77.0.2:9")};
    struct cepa_udp *udp;
    int result = 0;
    loopback_command("ip link add v0 type veth peer name v1 && ip link set v0 up &&"
                     " ip link set v1 up && ip addr add 10.77.0.1/24 dev v0");
    CHECK_INT(cepa_udp_open(&udp, &config), 0);
    cepa_datagram_queue_clear(&queue);
    for (size_t i = 0; i < 40; i++) {
        push(i % 2 == 0 ? 1200 : 1300, i); /* runs of one */
    }
    for (int i = 0; i < 50 && result == 0; i++) {
        result = cepa_udp_send(udp, &path, &queue);
    }
    const struct cepa_udp_stats *stats = cepa_udp_stats_of(udp);
    CHECK_INT(result, CEPA_ERR_FULL);
    CHECK(stats->tx_dropped > 0 && stats->tx_failed == 0);
    CHECK_INT((stats->tx_datagrams + stats->tx_dropped) % 40, 0);
    cepa_udp_close(udp);
}

TEST(a_full_sender_loses_the_rest)
{
    loopback_in_namespace(fill_the_sender);
}

static void shorten_the_way(void)
{
    struct cepa_udp *a = open_any(CEPA_NET_ADDRESS_IPV4, false);
    struct cepa_udp *b = open_any(CEPA_NET_ADDRESS_IPV4, false);
    struct cepa_path path = path_to(b);
    struct cepa_path came;
    bool is_segmenting = cepa_udp_is_segmenting(a);
    loopback_command("ip link set lo mtu 1280");
    cepa_datagram_queue_clear(&queue);
    for (size_t i = 0; i < 11; i++) {
        push(i < 5 ? 1253 : 1252, i); /* the end of the first run fits */
    }
    CHECK_INT(cepa_udp_send(a, &path, &queue), CEPA_ERR_TOO_LONG);
    CHECK_INT(cepa_udp_stats_of(a)->tx_failed, 5);
    CHECK_INT(cepa_udp_is_segmenting(a), is_segmenting);
    expect(b, 5, 6, &came);
    cepa_udp_close(a);
    cepa_udp_close(b);
}

TEST(what_does_not_fit_the_way_is_not_cut_up)
{
    loopback_in_namespace(shorten_the_way);
}

TEST_MAIN(RUN_BOTH(datagrams_go_both_ways), RUN_BOTH(a_run_goes_and_comes_as_one),
          RUN_BOTH(a_kernel_that_refuses_runs_gets_none),
          RUN(the_source_is_the_one_that_the_path_names),
          RUN_BOTH(a_socket_of_one_address_sends_from_it), RUN_BOTH(addresses_that_cannot_be_had),
          RUN(families_do_not_mix), RUN_BOTH(what_is_too_long_or_empty_is_refused),
          RUN(what_is_sent_to_all_is_refused), RUN_BOTH(errors_of_the_network_are_passed_over),
          RUN_BOTH(an_overflow_of_the_receiver_is_counted), RUN_BOTH(a_batch_can_be_walked_twice),
          RUN(a_full_sender_loses_the_rest), RUN(what_does_not_fit_the_way_is_not_cut_up))
