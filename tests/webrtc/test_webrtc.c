/* Endpoints on real sockets of this machine's loopback. */
#include "native/webrtc/webrtc.h"

#include <string.h>

#include "native/host.h"
#include "native/net/clock.h"
#include "support/loopback.h"
#include "support/test.h"

enum { WAIT_MS = 5000 };

static struct cepa_webrtc *sides[2];
static struct cepa_certificate *certificate;
static struct cepa_connection_id ids[2];
static size_t messages[2];
static struct cepa_endpoint_event seen[2]; /* the last event that was no message */

static struct cepa_webrtc_config config_of(uint8_t family, bool is_listening)
{
    struct cepa_webrtc_config config = {.random = cepa_native_random(),
                                        .is_local = true,
                                        .connections_max = 8,
                                        .certificate = is_listening ? certificate : NULL};
    const struct cepa_net_address ipv4 = {CEPA_NET_ADDRESS_IPV4, {127, 0, 0, 1}, 0};
    const struct cepa_net_address ipv6 = {CEPA_NET_ADDRESS_IPV6, {[15] = 1}, 0};
    config.ipv4.family = CEPA_NET_ADDRESS_NONE;
    *(family == CEPA_NET_ADDRESS_IPV6 ? &config.ipv6 : &config.ipv4) =
        family == CEPA_NET_ADDRESS_IPV6 ? ipv6 : ipv4;
    memset(config.secret.bytes, 5, sizeof config.secret.bytes);
    return config;
}

static void close_sides(void)
{
    for (size_t i = 0; i < 2; i++) {
        cepa_webrtc_close(sides[i]);
        sides[i] = NULL;
        messages[i] = 0;
    }
    memset(seen, 0, sizeof seen);
    cepa_certificate_free(certificate);
    certificate = NULL;
}

static void open_sides(uint8_t family)
{
    close_sides(); /* of a test that failed */
    CHECK_INT(cepa_certificate_make(&certificate, (int64_t)(cepa_clock_wall().unix_ms / 1000),
                                    cepa_native_random()),
              0);
    for (size_t i = 0; i < 2; i++) {
        const struct cepa_webrtc_config config = config_of(family, i == 1);
        int error = cepa_webrtc_open(&sides[i], &config);
        if (error == CEPA_ERR_NO_ADDRESS && family == CEPA_NET_ADDRESS_IPV6) {
            test_skip("there is no IPv6 here");
        }
        CHECK_INT(error, 0);
    }
}

static struct cepa_endpoint *endpoint(size_t side)
{
    return cepa_webrtc_endpoint(sides[side]);
}

/* Lets both sides do what there is to do. */
static void turn(void)
{
    struct cepa_endpoint_event event;
    for (size_t i = 0; i < 2; i++) {
        CHECK_INT(cepa_webrtc_wait(sides[i], cepa_time_add(cepa_clock_now(), CEPA_MILLISECOND_NS)),
                  0);
        while (cepa_endpoint_next(endpoint(i), &event) != CEPA_ENDPOINT_NOTHING) {
            if (event.kind == CEPA_ENDPOINT_CHANNEL && event.channel.kind == CEPA_CHANNEL_MESSAGE) {
                messages[i]++;
            } else {
                seen[i] = event;
            }
            if (event.kind == CEPA_ENDPOINT_OPEN) {
                ids[i] = event.connection;
            }
        }
    }
}

/* Waits till both sides were told of the same thing last, and says whether they were. */
static bool wait_for(enum cepa_endpoint_kind first, enum cepa_endpoint_kind second)
{
    struct cepa_time deadline = cepa_time_add(cepa_clock_now(), WAIT_MS * CEPA_MILLISECOND_NS);
    while ((seen[0].kind != first || seen[1].kind != second) &&
           cepa_time_is_before(cepa_clock_now(), deadline)) {
        turn();
    }
    return seen[0].kind == first && seen[1].kind == second;
}

/* Opens a channel and sends messages till they have come. */
static void talk(void)
{
    static const uint8_t bytes[5000];
    const struct cepa_dcep_open open = {.label = "x", .label_len = 1, .is_unordered = true};
    struct cepa_channel_id channel;
    struct cepa_channels *channels = cepa_endpoint_channels(endpoint(0), ids[0]);
    CHECK(channels != NULL);
    CHECK_INT(cepa_channels_open(channels, &channel, &open), 0);
    for (size_t i = 0; i < 50; i++) {
        CHECK_INT(cepa_channels_send(channels, channel, false, bytes, 100 * i), 0);
    }
    for (unsigned i = 0; i < WAIT_MS && messages[1] < 50; i++) {
        turn();
    }
    CHECK_INT(messages[1], 50);
}

static void dial_and_talk(uint8_t family)
{
    struct cepa_dial_address address = {0};
    open_sides(family);
    address.address = cepa_webrtc_address(sides[1], family);
    address.certificate = cepa_certificate_hash(certificate);
    memset(address.secret.bytes, 5, sizeof address.secret.bytes);
    CHECK_INT(cepa_endpoint_dial(endpoint(0), &ids[0], &address), 0);
    CHECK(wait_for(CEPA_ENDPOINT_OPEN, CEPA_ENDPOINT_OPEN));
    talk();
    struct cepa_webrtc_stats stats = cepa_webrtc_stats(sides[1]);
    CHECK(stats.udp[family == CEPA_NET_ADDRESS_IPV6].rx_datagrams > 10);
    CHECK_INT(stats.udp[family != CEPA_NET_ADDRESS_IPV6].rx_datagrams, 0);
    CHECK_INT(cepa_endpoint_close(endpoint(0), ids[0]), 0);
    CHECK(wait_for(seen[0].kind, CEPA_ENDPOINT_CLOSED));
    close_sides();
}

TEST(a_node_is_dialled_over_ipv4)
{
    dial_and_talk(CEPA_NET_ADDRESS_IPV4);
}

TEST(a_node_is_dialled_over_ipv6)
{
    dial_and_talk(CEPA_NET_ADDRESS_IPV6);
}

/* Sends a message from the first side on a channel, at once. */
static void say(struct cepa_channel_id channel)
{
    CHECK_INT(cepa_channels_send(cepa_endpoint_channels(endpoint(0), ids[0]), channel, false,
                                 (const uint8_t *)"x", 1),
              0);
    cepa_endpoint_flush(endpoint(0));
}

TEST(what_follows_is_taken_without_a_wait)
{
    const struct cepa_dcep_open open = {.label = "x", .label_len = 1, .is_unordered = true};
    struct cepa_dial_address address = {0};
    struct cepa_channel_id channel;
    bool has_come = false;
    open_sides(CEPA_NET_ADDRESS_IPV4);
    address.address = cepa_webrtc_address(sides[1], CEPA_NET_ADDRESS_IPV4);
    address.certificate = cepa_certificate_hash(certificate);
    memset(address.secret.bytes, 5, sizeof address.secret.bytes);
    CHECK_INT(cepa_endpoint_dial(endpoint(0), &ids[0], &address), 0);
    CHECK(wait_for(CEPA_ENDPOINT_OPEN, CEPA_ENDPOINT_OPEN));
    CHECK_INT(cepa_channels_open(cepa_endpoint_channels(endpoint(0), ids[0]), &channel, &open), 0);
    for (unsigned i = 0; i < WAIT_MS && messages[1] < 1; i++) {
        say(channel);
        turn();
    }
    CHECK(messages[1] > 0);
    while (cepa_webrtc_try(sides[1])) {
    }
    say(channel);
    CHECK(!cepa_webrtc_try(sides[1])); /* nothing had come the last time, so nobody looks */
    CHECK_INT(cepa_webrtc_wait(sides[1], cepa_time_never()), 0);
    say(channel);
    for (unsigned i = 0; i < WAIT_MS && !has_come; i++) {
        struct cepa_endpoint_event event;
        has_come = cepa_webrtc_try(sides[1]) &&
                   cepa_endpoint_next(endpoint(1), &event) == CEPA_ENDPOINT_CHANNEL;
    }
    CHECK(has_come);
    close_sides();
}

static struct cepa_dial_address address_of(size_t side)
{
    struct cepa_dial_address address;
    memset(&address, 0, sizeof address);
    address.address = cepa_webrtc_address(sides[side], CEPA_NET_ADDRESS_IPV4);
    address.certificate = cepa_certificate_hash(certificate);
    memset(address.secret.bytes, 5, sizeof address.secret.bytes);
    return address;
}

static size_t count_open(size_t side)
{
    return cepa_endpoint_counts(endpoint(side)).opened;
}

/* Dials, and waits till both sides have so many more connections. */
static void dial_once_more(size_t side)
{
    struct cepa_connection_id id;
    const struct cepa_dial_address address = address_of(1 - side);
    size_t before[2] = {count_open(0), count_open(1)};
    cepa_endpoint_step(endpoint(side), cepa_clock_now(), cepa_clock_wall());
    CHECK_INT(cepa_endpoint_dial(endpoint(side), &id, &address), 0);
    for (unsigned i = 0; i < WAIT_MS && (count_open(0) == before[0] || count_open(1) == before[1]);
         i++) {
        turn();
    }
    CHECK(count_open(0) == before[0] + 1 && count_open(1) == before[1] + 1);
}

TEST(more_sockets_carry_more_connections_of_one_pair)
{
    struct cepa_connection_id id;
    open_sides(CEPA_NET_ADDRESS_IPV4);
    for (size_t i = 0; i < 2; i++) { /* both can be dialled */
        struct cepa_webrtc_config config = config_of(CEPA_NET_ADDRESS_IPV4, true);
        config.more_sockets = 2;
        cepa_webrtc_close(sides[i]);
        CHECK_INT(cepa_webrtc_open(&sides[i], &config), 0);
    }
    dial_once_more(0); /* from the socket that listens */
    dial_once_more(0); /* and from another one */
    dial_once_more(1); /* the dial back cannot go from the one that listens */
    dial_once_more(0);
    const struct cepa_dial_address address = address_of(1);
    CHECK_INT(cepa_endpoint_dial(endpoint(0), &id, &address), CEPA_ERR_STATE);
    CHECK_INT(cepa_endpoint_counts(endpoint(0)).connections, 4);
    CHECK_INT(cepa_endpoint_counts(endpoint(1)).connections, 4);
    close_sides();
}

/* Keeps the candidates of one transport. */
static void keep(struct cepa_description *description, bool is_tcp)
{
    size_t len = 0;
    for (size_t i = 0; i < description->candidates_len; i++) {
        if ((description->candidates[i].transport != CEPA_CANDIDATE_UDP) == is_tcp) {
            description->candidates[len++] = description->candidates[i];
        }
    }
    CHECK(len > 0);
    description->candidates_len = len;
    description->is_complete = true;
}

static void exchange(bool is_tcp)
{
    struct cepa_description offer;
    struct cepa_description answer;
    CHECK_INT(cepa_endpoint_offer(endpoint(0), &ids[0], &offer), 0);
    keep(&offer, is_tcp);
    CHECK_INT(cepa_endpoint_answer(endpoint(1), &ids[1], &answer, &offer), 0);
    keep(&answer, is_tcp);
    CHECK_INT(cepa_endpoint_accept(endpoint(0), ids[0], &answer), 0);
    CHECK(wait_for(CEPA_ENDPOINT_OPEN, CEPA_ENDPOINT_OPEN));
}

TEST(an_offer_and_its_answer_open)
{
    struct cepa_connection_stats stats;
    for (int is_tcp = 0; is_tcp < 2; is_tcp++) {
        open_sides(CEPA_NET_ADDRESS_IPV4);
        exchange(is_tcp);
        talk();
        CHECK_INT(cepa_endpoint_stats(endpoint(0), &stats, ids[0]), 0);
        CHECK_INT(stats.path.stream != 0, is_tcp);
        close_sides();
    }
}

TEST(a_restart_finds_another_path_and_loses_nothing)
{
    struct cepa_description offer;
    struct cepa_description answer;
    struct cepa_connection_stats stats;
    open_sides(CEPA_NET_ADDRESS_IPV4);
    exchange(false);
    talk();
    CHECK_INT(cepa_endpoint_restart(endpoint(0), ids[0], &offer), 0);
    keep(&offer, true); /* as if UDP had been blocked */
    CHECK_INT(cepa_endpoint_answer_restart(endpoint(1), ids[1], &answer, &offer), 0);
    keep(&answer, true);
    CHECK_INT(cepa_endpoint_accept(endpoint(0), ids[0], &answer), 0);
    CHECK_INT(cepa_endpoint_accept(endpoint(0), ids[0], &answer), CEPA_ERR_STATE);
    messages[1] = 0;
    talk();
    for (unsigned i = 0; i < WAIT_MS; i++) {
        turn();
        CHECK_INT(cepa_endpoint_stats(endpoint(0), &stats, ids[0]), 0);
        if (stats.path.stream != 0) {
            break;
        }
    }
    CHECK(stats.path.stream != 0);
    messages[1] = 0;
    talk();
    close_sides();
}

TEST(a_port_that_is_in_use_is_an_error)
{
    struct cepa_webrtc *other;
    open_sides(CEPA_NET_ADDRESS_IPV4);
    struct cepa_webrtc_config config = config_of(CEPA_NET_ADDRESS_IPV4, false);
    config.ipv4 = cepa_webrtc_address(sides[0], CEPA_NET_ADDRESS_IPV4);
    CHECK_INT(cepa_webrtc_open(&other, &config), CEPA_ERR_IN_USE);
    config.ipv4.ip[0] = 203;
    CHECK_INT(cepa_webrtc_open(&other, &config), CEPA_ERR_NO_ADDRESS);
    config.ipv4.family = CEPA_NET_ADDRESS_NONE;
    CHECK_INT(cepa_webrtc_open(&other, &config), CEPA_ERR_ARGUMENT);
    close_sides();
}

TEST(a_wait_ends_by_waking_and_by_its_deadline)
{
    open_sides(CEPA_NET_ADDRESS_IPV4);
    cepa_webrtc_wake(sides[0]);
    CHECK_INT(cepa_webrtc_wait(sides[0], cepa_time_never()), 0);
    struct cepa_time deadline = cepa_time_add(cepa_clock_now(), 20 * CEPA_MILLISECOND_NS);
    CHECK_INT(cepa_webrtc_wait(sides[0], deadline), 0);
    CHECK(!cepa_time_is_before(cepa_clock_now(), deadline));
    CHECK_INT(cepa_webrtc_prepare(sides[0]), 0);
    CHECK(cepa_webrtc_descriptor(sides[0]) >= 0);
    CHECK(!cepa_webrtc_has_moved(sides[0]));
    close_sides();
}

/* Lets the driver see what a command has changed; says whether it has moved. */
static bool moves(struct cepa_webrtc *webrtc, const char *command)
{
    loopback_command(command);
    CHECK_INT(cepa_webrtc_wait(webrtc, cepa_time_add(cepa_clock_now(), 300 * CEPA_MILLISECOND_NS)),
              0);
    return cepa_webrtc_has_moved(webrtc);
}

static void move(void)
{
    struct cepa_webrtc *webrtc;
    struct cepa_webrtc_config config = config_of(CEPA_NET_ADDRESS_IPV4, false);
    loopback_command("ip link add d0 type veth peer name d1 && ip link set d0 up");
    config.ipv4 = loopback_any(CEPA_NET_ADDRESS_IPV4);
    CHECK_INT(cepa_webrtc_open(&webrtc, &config), 0);
    CHECK(moves(webrtc, "ip addr add 192.0.2.2/24 dev d0"));
    CHECK(!moves(webrtc, "ip addr add 169.254.0.1/16 scope link dev d0"));
    CHECK(moves(webrtc, "ip addr add 192.0.2.3/24 dev d0"));
    CHECK(moves(webrtc, "ip addr del 192.0.2.2/24 dev d0"));
    cepa_webrtc_close(webrtc);
}

TEST(only_addresses_that_are_offered_move_it)
{
    loopback_in_namespace(move);
}

TEST_MAIN(RUN(a_node_is_dialled_over_ipv4), RUN(a_node_is_dialled_over_ipv6),
          RUN(what_follows_is_taken_without_a_wait),
          RUN(more_sockets_carry_more_connections_of_one_pair), RUN(an_offer_and_its_answer_open),
          RUN(a_restart_finds_another_path_and_loses_nothing),
          RUN(a_port_that_is_in_use_is_an_error), RUN(a_wait_ends_by_waking_and_by_its_deadline),
          RUN(only_addresses_that_are_offered_move_it))
