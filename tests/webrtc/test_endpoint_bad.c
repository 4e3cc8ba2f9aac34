/* Endpoints against peers that lie, strangers that forge and networks that mangle: what is wrong
 * ends with a named reason or is dropped, and whoever else is there goes on. */
#include "native/webrtc/endpoint.h"

#include <string.h>

#include "native/host.h"
#include "native/webrtc/channel_state.h"
#include "native/webrtc/stun.h"
#include "support/endpoint_net.h"
#include "support/test.h"
#include "support/wall_clock.h"

static uint8_t big[CEPA_MESSAGE_SIZE_DEFAULT];
static const struct cepa_dcep_open plain = {.label = "cepa", .label_len = 4, .priority = 256};

static struct cepa_endpoint *endpoint(size_t end)
{
    return test_net_ends[end].endpoint;
}

static struct cepa_connection_id dial(size_t from, size_t to)
{
    const struct cepa_dial_address address = test_net_dial_address(to);
    struct cepa_connection_id id;
    CHECK_INT(cepa_endpoint_dial(endpoint(from), &id, &address), 0);
    return id;
}

/* Dials `to` from `from`, and gives both ends' names of the connection. */
static void connect(struct cepa_connection_id ret_ids[2], size_t from, size_t to)
{
    ret_ids[0] = dial(from, to);
    CHECK_INT(test_net_wait(from, CEPA_ENDPOINT_OPEN, 2000).kind, CEPA_ENDPOINT_OPEN);
    struct cepa_endpoint_event event = test_net_wait(to, CEPA_ENDPOINT_OPEN, 2000);
    CHECK_INT(event.kind, CEPA_ENDPOINT_OPEN);
    ret_ids[1] = event.connection;
}

static struct cepa_channel_id open_channel(size_t end, struct cepa_connection_id id)
{
    struct cepa_channel_id channel;
    struct cepa_channels *channels = cepa_endpoint_channels(endpoint(end), id);
    CHECK(channels != NULL);
    CHECK_INT(cepa_channels_open(channels, &channel, &plain), 0);
    return channel;
}

/* Checks that a message gets from one end to the other by an open connection. */
static void check_works(size_t from, size_t to, struct cepa_connection_id id)
{
    size_t messages = test_net_ends[to].messages;
    struct cepa_channel_id channel = open_channel(from, id);
    struct cepa_channels *channels = cepa_endpoint_channels(endpoint(from), id);
    CHECK_INT(cepa_channels_send(channels, channel, false, big, 3000), 0);
    test_net_pass_ms(1500);
    CHECK_INT(test_net_ends[to].messages, messages + 1);
    channels = cepa_endpoint_channels(endpoint(from), id);
    CHECK(channels != NULL);
    CHECK_INT(cepa_channels_close(channels, channel), 0);
    test_net_pass_ms(100);
}

/* What one end of an exchange gives the other, with something changed. */
enum change { NOTHING, FINGERPRINT, PASSWORD };

static void change(struct cepa_description *description, enum change what)
{
    if (what == FINGERPRINT) {
        description->fingerprint.bytes[7] ^= 1;
    } else if (what == PASSWORD) {
        char *first = &description->credentials.pwd[0];
        *first = *first == 'a' ? 'b' : 'a';
    }
}

/* End 0 offers, end 1 answers. */
static void exchange(struct cepa_connection_id ret_ids[2], enum change in_offer,
                     enum change in_answer)
{
    struct cepa_description offer;
    struct cepa_description answer;
    CHECK_INT(cepa_endpoint_offer(endpoint(0), &ret_ids[0], &offer), 0);
    change(&offer, in_offer);
    CHECK_INT(cepa_endpoint_answer(endpoint(1), &ret_ids[1], &answer, &offer), 0);
    change(&answer, in_answer);
    CHECK_INT(cepa_endpoint_accept(endpoint(0), ret_ids[0], &answer), 0);
}

TEST(a_wrong_fingerprint_is_named_by_whoever_sees_it)
{
    for (size_t i = 0; i < 2; i++) { /* who was told the wrong one */
        struct cepa_connection_id ids[2];
        test_net_begin(2, 1, 0, 1);
        exchange(ids, i == 1 ? FINGERPRINT : NOTHING, i == 0 ? FINGERPRINT : NOTHING);
        struct cepa_endpoint_event event = test_net_wait(i, CEPA_ENDPOINT_CLOSED, 2000);
        CHECK_INT(event.kind, CEPA_ENDPOINT_CLOSED);
        CHECK_INT(event.reason, CEPA_CLOSE_FINGERPRINT);
        event = test_net_wait(1 - i, CEPA_ENDPOINT_CLOSED, 11000);
        CHECK_INT(event.reason, CEPA_CLOSE_BY_PEER);
        for (size_t j = 0; j < 2; j++) {
            CHECK_INT(cepa_endpoint_counts(endpoint(j)).opened, 0);
            CHECK_INT(cepa_endpoint_counts(endpoint(j)).connections, 0);
        }
    }
}

TEST(a_wrong_password_finds_no_path)
{
    for (size_t i = 0; i < 3; i++) {
        struct cepa_connection_id ids[2];
        test_net_begin(2, 1, 0, 2);
        exchange(ids, i != 1 ? PASSWORD : NOTHING, i != 0 ? PASSWORD : NOTHING);
        test_net_pass_ms(15000);
        for (size_t j = 0; j < 2; j++) {
            const struct cepa_endpoint_event event = test_net_ends[j].events[0];
            CHECK_INT(test_net_ends[j].events_len, 1);
            CHECK_INT(event.kind, CEPA_ENDPOINT_CLOSED);
            CHECK(event.reason == CEPA_CLOSE_UNREACHABLE || event.reason == CEPA_CLOSE_TIMEOUT);
            CHECK_INT(cepa_endpoint_counts(endpoint(j)).opened, 0);
        }
    }
}

TEST(descriptions_that_cannot_be_are_refused)
{
    struct cepa_connection_id id;
    struct cepa_description good;
    struct cepa_description answer;
    test_net_begin(2, 1, 0, 3);
    CHECK_INT(cepa_endpoint_offer(endpoint(0), &id, &good), 0);
    for (unsigned i = 0; i < 9; i++) {
        struct cepa_description bad = good;
        bad.is_offer = i != 0;
        bad.sctp_port = i == 1 ? 5001 : bad.sctp_port;
        bad.credentials.ufrag[i == 2 ? 3 : 200] = 0;
        bad.credentials.pwd[i == 3 ? 3 : 200] = 0;
        bad.credentials.ufrag[0] = i == 4 ? '\n' : 'a';
        bad.candidates_len = i == 5 ? CEPA_DESCRIPTION_CANDIDATES_MAX + 1 : bad.candidates_len;
        bad.candidates[0].address.ip[0] = i == 6 ? 0 : 192; /* any address */
        bad.candidates[0].address.port = i == 7 ? 0 : 99;
        bad.candidates[0].address.ip[0] = i == 8 ? 224 : bad.candidates[0].address.ip[0];
        CHECK_INT(cepa_endpoint_answer(endpoint(1), &id, &answer, &bad), CEPA_ERR_UNSUPPORTED);
        CHECK_INT(cepa_endpoint_counts(endpoint(1)).connections, 0);
    }
}

static const struct cepa_net_address stranger = {CEPA_NET_ADDRESS_IPV4, {203, 0, 113, 9}, 4242};

/* A packet of SCTP as it is inside DTLS; its first byte is neither DTLS's nor STUN's. */
static const uint8_t bare_sctp[32] = {0x13, 0x88, 0x13, 0x88, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 20};
static const uint8_t alert[15] = {21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2, 2, 40};

TEST(layers_that_come_too_early_get_no_reply)
{
    struct cepa_connection_id ids[2];
    test_net_begin(2, 5, 0, 4);
    for (unsigned i = 0; i < 100; i++) {
        test_net_inject(1, &stranger, bare_sctp, sizeof bare_sctp);
        test_net_inject(1, &stranger, alert, sizeof alert);
        test_net_inject(1, &test_net_ends[0].address, bare_sctp, sizeof bare_sctp);
        test_net_inject(1, &test_net_ends[0].address, alert, sizeof alert);
    }
    test_net_inject(1, &stranger, bare_sctp, 0);
    cepa_endpoint_flush(endpoint(1));
    CHECK_INT(test_net_ends[1].datagrams_sent, 0);
    CHECK_INT(cepa_endpoint_counts(endpoint(1)).unrouted, 401);
    ids[0] = dial(0, 1);
    for (unsigned i = 0; i < 60; i++) { /* and all through the handshake */
        test_net_inject(0, &test_net_ends[1].address, bare_sctp, sizeof bare_sctp);
        test_net_inject(1, &test_net_ends[0].address, bare_sctp, sizeof bare_sctp);
        test_net_pass_ms(1);
    }
    CHECK_INT(cepa_endpoint_counts(endpoint(0)).opened, 1);
    check_works(0, 1, ids[0]);
}

/* Each datagram comes cut at many places, and with something behind it, before it comes itself. */
static void mangle(size_t index, const struct cepa_net_address *from, const uint8_t *data,
                   size_t data_len)
{
    static uint8_t bytes[65536];
    for (size_t len = 0; len < data_len; len += 1 + data_len / 40) {
        test_net_inject(index, from, data, len);
    }
    memset(bytes, 0xa5, sizeof bytes);
    memcpy(bytes, data, data_len);
    test_net_inject(index, from, bytes, data_len + 1);
    test_net_inject(index, from, bytes, data_len + 700);
    test_net_inject(index, from, bytes, 65507);
}

TEST(cut_and_padded_datagrams_do_no_harm)
{
    struct cepa_connection_id ids[2];
    test_net_begin(2, 1, 0, 5);
    test_net_settings.on_arrival = mangle;
    connect(ids, 0, 1);
    check_works(0, 1, ids[0]);
    check_works(1, 0, ids[1]);
    test_net_begin(2, 1, 0, 5);
    exchange(ids, NOTHING, NOTHING);
    CHECK_INT(test_net_wait(0, CEPA_ENDPOINT_OPEN, 2000).kind, CEPA_ENDPOINT_OPEN);
    check_works(0, 1, ids[0]);
    test_net_settings.on_arrival = NULL;
}

/* Brings records of all types, versions and epochs with noise in them, as if from the other end. */
static void bring_noise(size_t index, struct test_random *dice)
{
    uint8_t record[200];
    for (unsigned type = 20; type < 64; type++) {
        for (unsigned how = 0; how < 16; how++) {
            size_t len = 13 + test_random_below(dice, sizeof record - 13);
            test_random_bytes(dice, record, sizeof record);
            record[0] = (uint8_t)type;
            record[1] = (how & 1) != 0 ? 0xfe : record[1];
            record[2] = (how & 2) != 0 ? 0xfd : record[2];
            record[3] = 0;
            record[4] = (uint8_t)(how >> 2);
            record[11] = (how & 4) != 0 ? 0 : record[11];
            record[12] = (how & 4) != 0 ? (uint8_t)(len - 13) : record[12];
            test_net_inject(index, &test_net_ends[1 - index].address, record, len);
        }
    }
}

TEST(noise_in_records_ends_a_handshake_at_most)
{
    for (unsigned ms = 0; ms < 16; ms++) {
        struct test_random dice = {ms};
        test_net_begin(2, 2, 0, 6);
        struct cepa_connection_id id = dial(0, 1);
        test_net_pass_ms(ms);
        bring_noise(ms & 1, &dice);
        test_net_pass_ms(12000);
        struct cepa_connection_stats stats;
        bool is_open = cepa_endpoint_stats(endpoint(0), &stats, id) == 0 && stats.is_open;
        if (!is_open) {
            CHECK_INT(test_net_ends[0].events_len, 1);
            CHECK_INT(test_net_ends[0].events[0].kind, CEPA_ENDPOINT_CLOSED);
            enum cepa_close_reason reason = test_net_ends[0].events[0].reason;
            CHECK(reason == CEPA_CLOSE_HANDSHAKE || reason == CEPA_CLOSE_TIMEOUT);
            id = dial(0, 1); /* nothing stands in its way */
            CHECK_INT(test_net_wait(0, CEPA_ENDPOINT_OPEN, 2000).kind, CEPA_ENDPOINT_OPEN);
        }
        check_works(0, 1, id);
    }
}

static uint8_t hello[CEPA_DATAGRAM_MAX]; /* the first of a handshake that came to end 1 */
static size_t hello_len;

static void keep_hello(size_t index, const struct cepa_net_address *from, const uint8_t *data,
                       size_t data_len)
{
    (void)from;
    if (index == 1 && hello_len == 0 && data[0] == 22) {
        memcpy(hello, data, data_len);
        hello_len = data_len;
    }
}

TEST(open_connections_are_deaf_to_noise_and_hellos)
{
    struct test_random dice = {7};
    struct cepa_connection_id ids[2];
    hello_len = 0;
    test_net_settings.on_arrival = keep_hello;
    test_net_begin(2, 1, 0, 7);
    connect(ids, 0, 1);
    CHECK(hello_len > 0);
    check_works(0, 1, ids[0]);
    uint64_t sent[2] = {test_net_ends[0].datagrams_sent, test_net_ends[1].datagrams_sent};
    for (unsigned i = 0; i < 5000; i++) {
        hello[10] = (uint8_t)i; /* number of the record */
        hello[9] = (uint8_t)(i >> 8);
        test_net_inject(1, &test_net_ends[0].address, hello, hello_len);
        test_net_inject(0, &test_net_ends[1].address, hello, hello_len);
        test_net_inject(1, &test_net_ends[0].address, alert, sizeof alert);
    }
    bring_noise(0, &dice);
    bring_noise(1, &dice);
    for (size_t i = 0; i < 2; i++) {
        cepa_endpoint_flush(endpoint(i));
        CHECK_INT(test_net_ends[i].datagrams_sent, sent[i]);
    }
    check_works(0, 1, ids[0]);
    check_works(1, 0, ids[1]);
    test_net_settings.on_arrival = NULL;
}

TEST(messages_beyond_the_limit_of_either_side_do_not_pass)
{
    struct cepa_connection_id ids[2];
    struct cepa_description offer;
    struct cepa_description answer;
    test_net_begin(2, 1, 0, 8);
    CHECK_INT(cepa_endpoint_offer(endpoint(0), &ids[0], &offer), 0);
    CHECK_INT(cepa_endpoint_answer(endpoint(1), &ids[1], &answer, &offer), 0);
    answer.max_message_size = 1000;
    CHECK_INT(cepa_endpoint_accept(endpoint(0), ids[0], &answer), 0);
    CHECK_INT(test_net_wait(0, CEPA_ENDPOINT_OPEN, 2000).kind, CEPA_ENDPOINT_OPEN);
    struct cepa_channel_id channel = open_channel(0, ids[0]);
    struct cepa_channels *channels = cepa_endpoint_channels(endpoint(0), ids[0]);
    CHECK_INT(cepa_channels_send(channels, channel, false, big, 1001), CEPA_ERR_TOO_LONG);
    CHECK_INT(cepa_channels_send(channels, channel, false, big, 1000), 0);
    test_net_pass_ms(500);
    CHECK_INT(test_net_ends[1].messages, 1);
    /* As if end 1 had said that it takes no more than 999. */
    cepa_endpoint_channels(endpoint(1), ids[1])->config.receive_max = 999;
    channels = cepa_endpoint_channels(endpoint(0), ids[0]);
    CHECK_INT(cepa_channels_send(channels, channel, false, big, 1000), 0);
    CHECK_INT(test_net_wait_channel(0, CEPA_CHANNEL_CLOSED, 1000).kind, CEPA_ENDPOINT_CHANNEL);
    test_net_pass_ms(500);
    CHECK_INT(test_net_ends[1].messages, 1);
    channel = open_channel(0, ids[0]); /* the connection goes on */
    channels = cepa_endpoint_channels(endpoint(0), ids[0]);
    CHECK_INT(cepa_channels_send(channels, channel, false, big, 999), 0);
    test_net_pass_ms(500);
    CHECK_INT(test_net_ends[1].messages, 2);
}

/* An offer of end 2's that names another place as where it is. */
static struct cepa_description offer_at(const struct cepa_net_address *place)
{
    struct cepa_connection_id id;
    struct cepa_description offer;
    CHECK_INT(cepa_endpoint_offer(endpoint(2), &id, &offer), 0);
    CHECK_INT(offer.candidates_len, 1);
    offer.candidates[0].address = *place;
    return offer;
}

TEST(an_offer_cannot_disturb_who_is_at_the_places_that_it_names)
{
    for (unsigned when = 0; when < 4; when++) {
        struct cepa_connection_id ids[2];
        struct cepa_connection_id other;
        struct cepa_description answer;
        test_net_begin(3, 5, 0, 9);
        const struct cepa_description offer = offer_at(&test_net_ends[0].address);
        if (when == 0) { /* an open connection */
            connect(ids, 1, 0);
        } else if (when == 1) { /* a dial that has just begun */
            ids[0] = dial(1, 0);
        } else if (when == 2) { /* a handshake under way */
            ids[0] = dial(1, 0);
            test_net_pass_ms(12);
        }
        for (unsigned i = 0; i < 3; i++) {
            CHECK_INT(cepa_endpoint_answer(endpoint(1), &other, &answer, &offer), 0);
        }
        if (when == 3) { /* a dial that comes later */
            test_net_pass_ms(100);
            ids[0] = dial(1, 0);
        }
        if (when != 0) {
            CHECK_INT(test_net_wait(1, CEPA_ENDPOINT_OPEN, 300).kind, CEPA_ENDPOINT_OPEN);
        }
        check_works(1, 0, ids[0]);
        test_net_pass_ms(12000);
        CHECK_INT(cepa_endpoint_counts(endpoint(1)).connections, 1);
        check_works(1, 0, ids[0]);
    }
}

TEST(offers_that_point_back_at_us_come_to_nothing)
{
    const struct cepa_net_address loopback = {CEPA_NET_ADDRESS_IPV4, {127, 0, 0, 1}, 4001};
    struct cepa_connection_id ids[3];
    struct cepa_description ours;
    struct cepa_description answer;
    test_net_begin(3, 1, 0, 10);
    CHECK_INT(cepa_endpoint_offer(endpoint(1), &ids[0], &ours), 0);
    struct cepa_description offer = offer_at(&test_net_ends[1].address);
    offer.credentials = ours.credentials; /* so that we would check ourselves */
    CHECK_INT(cepa_endpoint_answer(endpoint(1), &ids[1], &answer, &offer), 0);
    CHECK_INT(cepa_endpoint_answer(endpoint(1), &ids[2], &answer, &ours), 0);
    answer.is_offer = false;
    CHECK_INT(cepa_endpoint_accept(endpoint(1), ids[0], &answer), 0);
    offer = offer_at(&loopback);
    CHECK_INT(cepa_endpoint_answer(endpoint(1), &ids[1], &answer, &offer), 0);
    test_net_pass_ms(12000);
    for (size_t i = 0; i < test_net_ends[1].events_len; i++) {
        CHECK(test_net_ends[1].events[i].kind == CEPA_ENDPOINT_CLOSED ||
              test_net_ends[1].events[i].kind == CEPA_ENDPOINT_OPEN);
    }
    connect(ids, 0, 1);
    check_works(0, 1, ids[0]);
}

TEST(closing_is_possible_at_any_time)
{
    for (unsigned ms = 0; ms < 24; ms++) {
        struct cepa_connection_id ids[2];
        test_net_begin(2, 2, 0, 11);
        struct cepa_connection_id id = dial(0, 1);
        test_net_pass_ms(ms);
        CHECK_INT(cepa_endpoint_close(endpoint(0), id), 0);
        CHECK_INT(cepa_endpoint_close(endpoint(0), id), CEPA_ERR_NOT_FOUND);
        test_net_pass_ms(5); /* what is under way would be taken for the next handshake's */
        connect(ids, 0, 1);
        check_works(0, 1, ids[0]);
        exchange(ids, NOTHING, NOTHING);
        test_net_pass_ms(ms);
        CHECK_INT(cepa_endpoint_close(endpoint(ms & 1), ids[ms & 1]), 0);
        test_net_pass_ms(12000);
        for (size_t i = 0; i < 2; i++) {
            CHECK_INT(cepa_endpoint_counts(endpoint(i)).half_open, 0);
            CHECK(cepa_endpoint_counts(endpoint(i)).connections <= 1);
        }
    }
}

TEST(the_flights_of_a_dial_that_was_given_up_do_not_disturb_the_next)
{
    for (unsigned ms = 130; ms < 400; ms += 30) {
        test_net_begin(2, 60, 0, 14); /* long enough for flights to be repeated */
        struct cepa_connection_id id = dial(0, 1);
        test_net_pass_ms(ms);
        CHECK_INT(cepa_endpoint_close(endpoint(0), id), 0);
        test_net_pass_ms(121);
        id = dial(0, 1);
        test_net_pass_ms(62);
        CHECK_INT(cepa_endpoint_counts(endpoint(1)).half_open, 1);
        CHECK_INT(test_net_wait(0, CEPA_ENDPOINT_OPEN, 1500).kind, CEPA_ENDPOINT_OPEN);
    }
}

TEST(a_clock_that_jumps_ends_what_has_lost_its_peer)
{
    struct cepa_connection_id ids[2];
    test_net_begin(2, 1, 0, 13);
    connect(ids, 0, 1);
    struct cepa_connection_id waiting;
    struct cepa_description offer;
    CHECK_INT(cepa_endpoint_offer(endpoint(0), &waiting, &offer), 0);
    test_net_ends[1].is_black_hole = true;
    test_wall_clock_pass_ms(8 * 3600 * 1000); /* the machine slept */
    test_net_pass_ms(100);
    CHECK_INT(cepa_endpoint_counts(endpoint(0)).connections, 0);
    test_net_ends[1].is_black_hole = false;
    test_net_pass_ms(100);
    connect(ids, 0, 1);
    check_works(0, 1, ids[0]);
}

TEST_MAIN(RUN(a_wrong_fingerprint_is_named_by_whoever_sees_it), RUN(a_wrong_password_finds_no_path),
          RUN(descriptions_that_cannot_be_are_refused),
          RUN(layers_that_come_too_early_get_no_reply), RUN(cut_and_padded_datagrams_do_no_harm),
          RUN(noise_in_records_ends_a_handshake_at_most),
          RUN(open_connections_are_deaf_to_noise_and_hellos),
          RUN(messages_beyond_the_limit_of_either_side_do_not_pass),
          RUN(an_offer_cannot_disturb_who_is_at_the_places_that_it_names),
          RUN(offers_that_point_back_at_us_come_to_nothing), RUN(closing_is_possible_at_any_time),
          RUN(the_flights_of_a_dial_that_was_given_up_do_not_disturb_the_next),
          RUN(a_clock_that_jumps_ends_what_has_lost_its_peer))
