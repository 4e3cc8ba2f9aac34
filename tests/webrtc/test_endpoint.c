/* Endpoints that dial each other in virtual time: connections from the first check to the end, and
 * everything that must not disturb them. */
#include "native/webrtc/endpoint.h"

#include <string.h>

#include "native/host.h"
#include "native/webrtc/stun.h"
#include "support/endpoint_net.h"
#include "support/test.h"

static uint8_t big[CEPA_MESSAGE_SIZE_DEFAULT];
static const struct cepa_dcep_open plain = {.label = "cepa", .label_len = 4, .priority = 256};

static struct cepa_connection_id dial(size_t from, const struct cepa_dial_address *address)
{
    struct cepa_connection_id id;
    CHECK_INT(cepa_endpoint_dial(test_net_ends[from].endpoint, &id, address), 0);
    return id;
}

/* Dials end 1 from end 0, and gives both ends' names of the connection. */
static void connect(struct cepa_connection_id ret_ids[2])
{
    const struct cepa_dial_address address = test_net_dial_address(1);
    ret_ids[0] = dial(0, &address);
    struct cepa_endpoint_event event = test_net_wait(0, CEPA_ENDPOINT_OPEN, 2000);
    CHECK_INT(event.kind, CEPA_ENDPOINT_OPEN);
    CHECK_BYTES(&event.connection, &ret_ids[0], sizeof event.connection);
    event = test_net_wait(1, CEPA_ENDPOINT_OPEN, 2000);
    CHECK_INT(event.kind, CEPA_ENDPOINT_OPEN);
    ret_ids[1] = event.connection;
}

static struct cepa_channel_id open_channel(size_t end, struct cepa_connection_id id)
{
    struct cepa_channel_id channel;
    struct cepa_channels *channels = cepa_endpoint_channels(test_net_ends[end].endpoint, id);
    CHECK(channels != NULL);
    CHECK_INT(cepa_channels_open(channels, &channel, &plain), 0);
    return channel;
}

static int send(size_t end, struct cepa_connection_id id, struct cepa_channel_id channel,
                size_t len)
{
    struct cepa_channels *channels = cepa_endpoint_channels(test_net_ends[end].endpoint, id);
    CHECK(channels != NULL);
    return cepa_channels_send(channels, channel, false, big, len);
}

TEST(a_dial_opens_and_carries_messages)
{
    static const size_t lens[] = {0, 1, 1128, 16384, sizeof big};
    struct cepa_connection_id ids[2];
    test_net_begin(2, 1, 0, 1);
    connect(ids);
    struct cepa_channel_id channel = open_channel(0, ids[0]);
    CHECK_INT(test_net_wait_channel(0, CEPA_CHANNEL_OPENED, 1000).kind, CEPA_ENDPOINT_CHANNEL);
    test_net_ends[1].is_echo = true;
    size_t bytes = 0;
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        CHECK_INT(send(0, ids[0], channel, lens[i]), 0);
        test_net_pass_ms(1500);
        bytes += lens[i];
        CHECK_INT(test_net_ends[0].messages, i + 1);
        CHECK_INT(test_net_ends[0].bytes, bytes);
    }
    CHECK_INT(send(0, ids[0], channel, sizeof big + 1), CEPA_ERR_TOO_LONG);
}

TEST(both_ends_know_both_fingerprints)
{
    struct cepa_connection_id ids[2];
    struct cepa_connection_stats stats[2];
    test_net_begin(2, 1, 0, 2);
    connect(ids);
    for (size_t i = 0; i < 2; i++) {
        CHECK_INT(cepa_endpoint_stats(test_net_ends[i].endpoint, &stats[i], ids[i]), 0);
        CHECK(stats[i].is_open);
        CHECK(!stats[i].is_silent);
        CHECK_INT(stats[i].was_accepted, i == 1);
        CHECK(stats[i].bytes_sent > 1000 && stats[i].bytes_received > 1000);
        CHECK(stats[i].datagrams_sent > 3 && stats[i].datagrams_received > 3);
    }
    CHECK_BYTES(&stats[0].local, &stats[1].remote, sizeof stats[0].local);
    CHECK_BYTES(&stats[1].local, &stats[0].remote, sizeof stats[0].local);
    CHECK(memcmp(&stats[0].local, &stats[1].local, sizeof stats[0].local) != 0);
    CHECK(stats[0].rtt_ns >= 2 * CEPA_MILLISECOND_NS && stats[0].rtt_ns < 5 * CEPA_MILLISECOND_NS);
    const struct cepa_connection_id nobody = {{0}};
    CHECK_INT(cepa_endpoint_stats(test_net_ends[0].endpoint, &stats[0], nobody),
              CEPA_ERR_NOT_FOUND);
    CHECK(cepa_endpoint_channels(test_net_ends[0].endpoint, nobody) == NULL);
    CHECK_INT(cepa_endpoint_close(test_net_ends[0].endpoint, nobody), CEPA_ERR_NOT_FOUND);
}

TEST(each_dial_shows_another_certificate)
{
    struct cepa_connection_id ids[2];
    struct cepa_connection_stats stats[2];
    for (size_t i = 0; i < 2; i++) {
        test_net_begin(2, 1, 0, 3 + i);
        connect(ids);
        CHECK_INT(cepa_endpoint_stats(test_net_ends[0].endpoint, &stats[i], ids[0]), 0);
    }
    CHECK(memcmp(&stats[0].local, &stats[1].local, sizeof stats[0].local) != 0);
}

TEST(a_dial_opens_in_four_round_trips)
{
    struct cepa_connection_id ids[2];
    test_net_begin(2, 50, 0, 5);
    connect(ids);
    CHECK(test_net_now_ms() <= 400);
    struct cepa_channel_id channel = open_channel(0, ids[0]);
    CHECK_INT(send(0, ids[0], channel, 5), 0); /* right behind the message that opens */
    CHECK_INT(test_net_wait_channel(1, CEPA_CHANNEL_ACCEPTED, 100).kind, CEPA_ENDPOINT_CHANNEL);
    test_net_pass_ms(1);
    CHECK_INT(test_net_ends[1].messages, 1);
    CHECK(test_net_now_ms() <= 450);
}

TEST(a_wrong_secret_or_certificate_gets_no_reply_and_no_memory)
{
    for (unsigned i = 0; i < 2; i++) {
        test_net_begin(2, 1, 0, 6);
        struct cepa_dial_address address = test_net_dial_address(1);
        (i == 0 ? address.secret.bytes : address.certificate.bytes)[3] ^= 1;
        (void)dial(0, &address);
        struct cepa_endpoint_event event = test_net_wait(0, CEPA_ENDPOINT_CLOSED, 6000);
        CHECK_INT(event.kind, CEPA_ENDPOINT_CLOSED);
        CHECK_INT(event.reason, CEPA_CLOSE_UNREACHABLE);
        CHECK_INT(test_net_ends[1].datagrams_sent, 0);
        CHECK_INT(test_net_ends[1].events_len, 0);
        struct cepa_endpoint_counts counts = cepa_endpoint_counts(test_net_ends[1].endpoint);
        CHECK_INT(counts.connections, 0);
        CHECK_INT(counts.accepted, 0);
        CHECK(counts.unverified > 0);
    }
}

TEST(closing_is_told_to_the_peer)
{
    for (size_t i = 0; i < 2; i++) {
        struct cepa_connection_id ids[2];
        test_net_begin(2, 1, 0, 7);
        connect(ids);
        CHECK_INT(cepa_endpoint_close(test_net_ends[i].endpoint, ids[i]), 0);
        struct cepa_endpoint_event event = test_net_wait(1 - i, CEPA_ENDPOINT_CLOSED, 10);
        CHECK_INT(event.kind, CEPA_ENDPOINT_CLOSED);
        CHECK_INT(event.reason, CEPA_CLOSE_BY_PEER);
        CHECK_INT(cepa_endpoint_close(test_net_ends[i].endpoint, ids[i]), CEPA_ERR_NOT_FOUND);
        test_net_pass_ms(1000);
        for (size_t j = 0; j < 2; j++) {
            CHECK_INT(cepa_endpoint_counts(test_net_ends[j].endpoint).connections, 0);
        }
    }
}

TEST(an_address_that_is_in_use_is_not_dialled_twice)
{
    struct cepa_connection_id ids[2];
    struct cepa_connection_id id;
    test_net_begin(2, 1, 0, 8);
    connect(ids);
    const struct cepa_dial_address address = test_net_dial_address(1);
    CHECK_INT(cepa_endpoint_dial(test_net_ends[0].endpoint, &id, &address), CEPA_ERR_STATE);
    const struct cepa_dial_address back = test_net_dial_address(0);
    CHECK_INT(cepa_endpoint_dial(test_net_ends[1].endpoint, &id, &back), CEPA_ERR_STATE);
    CHECK_INT(cepa_endpoint_close(test_net_ends[0].endpoint, ids[0]), 0);
    test_net_pass_ms(10);
    connect(ids);
}

TEST(an_idle_peer_that_vanishes_is_noticed_by_both_kinds_of_side)
{
    for (size_t i = 0; i < 2; i++) { /* the dialler, then the one that was dialled */
        struct cepa_connection_id ids[2];
        test_net_begin(2, 1, 0, 9);
        connect(ids);
        test_net_pass_ms(20000); /* long enough to be idle */
        CHECK_INT(test_net_ends[i].events_len, 1);
        uint64_t since_ms = test_net_now_ms();
        test_net_ends[1 - i].is_black_hole = true;
        CHECK_INT(test_net_wait(i, CEPA_ENDPOINT_SILENT, 40000).kind, CEPA_ENDPOINT_SILENT);
        CHECK(test_net_now_ms() - since_ms <= 12000);
        struct cepa_endpoint_event event = test_net_wait(i, CEPA_ENDPOINT_CLOSED, 40000);
        CHECK_INT(event.kind, CEPA_ENDPOINT_CLOSED);
        CHECK_INT(event.reason, CEPA_CLOSE_LOST);
        CHECK(test_net_now_ms() - since_ms <= 36000);
    }
}

TEST(a_peer_that_vanishes_under_traffic_is_noticed_at_once)
{
    for (size_t i = 0; i < 2; i++) {
        struct cepa_connection_id ids[2];
        test_net_begin(2, 20, 0, 10);
        connect(ids);
        struct cepa_channel_id channel = open_channel(i, ids[i]);
        test_net_pass_ms(1000);
        test_net_ends[1 - i].is_black_hole = true;
        uint64_t since_ms = test_net_now_ms();
        CHECK_INT(send(i, ids[i], channel, 1000), 0);
        CHECK_INT(test_net_wait(i, CEPA_ENDPOINT_SILENT, 5000).kind, CEPA_ENDPOINT_SILENT);
        CHECK(test_net_now_ms() - since_ms <= 1500);
        test_net_pass_ms(3000);
        test_net_ends[1 - i].is_black_hole = false; /* it only slept */
        CHECK_INT(test_net_wait(i, CEPA_ENDPOINT_ALIVE, 8000).kind, CEPA_ENDPOINT_ALIVE);
        test_net_pass_ms(10000);
        CHECK_INT(test_net_ends[1 - i].messages, 1); /* and nothing is lost */
    }
}

TEST(a_peer_that_speaks_and_hears_nothing_is_noticed)
{
    for (unsigned is_busy = 0; is_busy < 2; is_busy++) {
        struct cepa_connection_id ids[2];
        test_net_begin(2, 20, 0, 21);
        connect(ids);
        struct cepa_channel_id ours = open_channel(0, ids[0]);
        struct cepa_channel_id theirs = open_channel(1, ids[1]);
        test_net_pass_ms(10000);
        uint64_t since_ms = test_net_now_ms();
        test_net_ends[1].is_cut_off = true;
        CHECK_INT(send(1, ids[1], theirs, 1000), 0); /* what it sends again and again comes */
        for (unsigned i = 0; i < 10 * is_busy; i++) {
            CHECK_INT(send(0, ids[0], ours, 1000), 0);
            test_net_pass_ms(50);
        }
        CHECK_INT(test_net_wait(0, CEPA_ENDPOINT_SILENT, 15000).kind, CEPA_ENDPOINT_SILENT);
        CHECK(test_net_now_ms() - since_ms <= (is_busy ? 1500u : 12000u));
        test_net_pass_ms(4000);
        CHECK_INT(test_net_wait(0, CEPA_ENDPOINT_ALIVE, 1).kind, CEPA_ENDPOINT_NOTHING);
        test_net_ends[1].is_cut_off = false;
        CHECK_INT(test_net_wait(0, CEPA_ENDPOINT_ALIVE, 8000).kind, CEPA_ENDPOINT_ALIVE);
    }
}

TEST(a_restarted_peer_takes_the_place_of_its_former_self)
{
    struct cepa_connection_id ids[2];
    struct cepa_connection_id again[2];
    test_net_begin(2, 1, 0, 11);
    connect(ids);
    (void)open_channel(1, ids[1]);
    test_net_pass_ms(100);
    test_net_stop(0);
    test_net_start(0);
    connect(again);
    CHECK(memcmp(&again[1], &ids[1], sizeof ids[1]) != 0);
    CHECK_INT(cepa_endpoint_counts(test_net_ends[1].endpoint).connections, 1);
    struct cepa_channel_id channel = open_channel(0, again[0]);
    CHECK_INT(send(0, again[0], channel, 9), 0);
    test_net_pass_ms(100);
    CHECK_INT(test_net_ends[1].messages, 1);
}

TEST(a_restarted_node_is_dialled_again)
{
    struct cepa_connection_id ids[2];
    test_net_begin(2, 1, 0, 12);
    connect(ids);
    test_net_stop(1);
    test_net_start(1);
    struct cepa_channel_id channel = open_channel(0, ids[0]);
    CHECK_INT(send(0, ids[0], channel, 9), 0);
    CHECK_INT(test_net_wait(0, CEPA_ENDPOINT_SILENT, 1500).kind, CEPA_ENDPOINT_SILENT);
    CHECK_INT(cepa_endpoint_close(test_net_ends[0].endpoint, ids[0]), 0);
    connect(ids);
}

TEST(an_idle_dialler_notices_that_the_node_has_begun_anew)
{
    struct cepa_connection_id ids[2];
    test_net_begin(2, 1, 0, 19);
    connect(ids);
    test_net_pass_ms(10000);
    test_net_stop(1);
    test_net_start(1);
    struct cepa_endpoint_event event = test_net_wait(0, CEPA_ENDPOINT_CLOSED, 12000);
    CHECK_INT(event.kind, CEPA_ENDPOINT_CLOSED);
    CHECK_INT(event.reason, CEPA_CLOSE_LOST);
    CHECK_INT(test_net_ends[1].events_len, 1);
    connect(ids);
}

TEST(a_check_with_a_forged_source_does_not_disturb_who_is_there)
{
    struct cepa_connection_id ids[2];
    test_net_begin(3, 1, 0, 13);
    connect(ids);
    struct cepa_channel_id channel = open_channel(0, ids[0]);
    test_net_pass_ms(100);
    /* End 2 knows the secret of end 1, and what it sends seems to come from end 0. */
    const struct cepa_net_address own = test_net_ends[2].address;
    const struct cepa_dial_address address = test_net_dial_address(1);
    test_net_ends[2].address = test_net_ends[0].address;
    test_net_ends[2].is_cut_off = true;
    (void)dial(2, &address);
    test_net_pass_ms(20);
    test_net_ends[2].address = own;
    CHECK_INT(cepa_endpoint_counts(test_net_ends[1].endpoint).accepted, 2);
    CHECK_INT(send(0, ids[0], channel, 77), 0);
    test_net_pass_ms(20000);
    CHECK_INT(test_net_ends[1].messages, 1);
    CHECK_INT(cepa_endpoint_counts(test_net_ends[1].endpoint).connections, 1);
    CHECK(cepa_endpoint_channels(test_net_ends[0].endpoint, ids[0]) != NULL);
    CHECK(cepa_endpoint_channels(test_net_ends[1].endpoint, ids[1]) != NULL);
}

TEST(two_that_dial_each_other_at_once_have_one_connection)
{
    for (uint64_t seed = 0; seed < 8; seed++) {
        test_net_begin(2, 1, 0, seed);
        const struct cepa_dial_address addresses[2] = {test_net_dial_address(0),
                                                       test_net_dial_address(1)};
        (void)dial(0, &addresses[1]);
        (void)dial(1, &addresses[0]);
        test_net_pass_ms(2000);
        CHECK_INT(cepa_endpoint_counts(test_net_ends[0].endpoint).opened, 1);
        CHECK_INT(cepa_endpoint_counts(test_net_ends[1].endpoint).opened, 1);
        CHECK_INT(cepa_endpoint_counts(test_net_ends[0].endpoint).connections, 1);
        CHECK_INT(cepa_endpoint_counts(test_net_ends[1].endpoint).connections, 1);
        CHECK_INT(test_net_ends[0].events_len + test_net_ends[1].events_len, 3);
    }
}

TEST(old_certificates_stay_good_for_one_more)
{
    struct cepa_connection_id id;
    struct cepa_connection_stats stats;
    struct cepa_certificate *next[2];
    test_net_begin(2, 1, 0, 14);
    const struct cepa_dial_address address = test_net_dial_address(1);
    for (size_t i = 0; i < 2; i++) {
        CHECK_INT(cepa_certificate_make(&next[i], 1700000000, cepa_native_random()), 0);
        CHECK_INT(cepa_endpoint_set_certificate(test_net_ends[1].endpoint, next[i]), 0);
        cepa_certificate_free(next[i]);
        id = dial(0, &address);
        enum cepa_endpoint_kind want = i == 0 ? CEPA_ENDPOINT_OPEN : CEPA_ENDPOINT_CLOSED;
        CHECK_INT(test_net_wait(0, want, 6000).kind, want);
        if (i == 0) {
            CHECK_INT(cepa_endpoint_stats(test_net_ends[0].endpoint, &stats, id), 0);
            CHECK_BYTES(&stats.remote, &address.certificate, sizeof stats.remote);
            CHECK_INT(cepa_endpoint_close(test_net_ends[0].endpoint, id), 0);
            test_net_pass_ms(10);
        }
    }
}

TEST(half_open_dials_are_limited_and_end_by_themselves)
{
    struct cepa_connection_id ids[2];
    test_net_begin(3, 1, 0, 15);
    const struct cepa_dial_address address = test_net_dial_address(1);
    test_net_ends[2].is_black_hole = true;
    for (unsigned i = 0; i < 100; i++) {
        char ufrag[] = "AAAA";
        char password[CEPA_DIAL_PASSWORD_SIZE];
        uint8_t bytes[CEPA_STUN_MESSAGE_MAX];
        struct cepa_stun_writer writer;
        const struct cepa_stun_transaction transaction = {{(uint8_t)i}};
        struct cepa_net_address from = {
            CEPA_NET_ADDRESS_IPV4, {198, 51, 100, 7}, (uint16_t)(1000 + i)};
        size_t len;
        ufrag[0] = (char)('A' + i / 26);
        ufrag[1] = (char)('a' + i % 26);
        cepa_dial_password(password, &address.secret, &address.certificate, ufrag, 4);
        cepa_stun_begin(&writer, bytes, sizeof bytes, CEPA_STUN_REQUEST, &transaction);
        char username[] = "AAAA:zzzz";
        memcpy(username, ufrag, 4);
        cepa_stun_add_username(&writer, username, 9);
        cepa_stun_add_role(&writer, CEPA_STUN_CONTROLLING, 1);
        cepa_stun_add_priority(&writer, 1);
        CHECK_INT(cepa_stun_end(&writer, &len, password, CEPA_DIAL_PASSWORD_LEN), 0);
        test_net_inject(1, &from, bytes, len);
    }
    struct cepa_endpoint_counts counts = cepa_endpoint_counts(test_net_ends[1].endpoint);
    CHECK_INT(counts.half_open, CEPA_ENDPOINT_HALF_OPEN_PER_IP);
    CHECK_INT(counts.refused, 100 - CEPA_ENDPOINT_HALF_OPEN_PER_IP);
    connect(ids); /* others are not concerned */
    test_net_pass_ms((CEPA_ENDPOINT_HELLO_SECONDS + CEPA_ENDPOINT_REFUSED_SECONDS) * 1000);
    counts = cepa_endpoint_counts(test_net_ends[1].endpoint);
    CHECK_INT(counts.half_open, 0);
    CHECK_INT(counts.connections, 1);
    CHECK_INT(test_net_ends[1].events_len, 1); /* nobody was told */
}

TEST(random_datagrams_are_of_no_consequence)
{
    struct test_random dice = {16};
    uint8_t bytes[CEPA_DATAGRAM_MAX];
    struct cepa_connection_id ids[2];
    test_net_begin(2, 1, 0, 16);
    connect(ids);
    uint64_t sent = test_net_ends[1].datagrams_sent;
    for (unsigned i = 0; i < 100000; i++) {
        size_t len = test_random_below(&dice, sizeof bytes);
        struct cepa_net_address from = {CEPA_NET_ADDRESS_IPV4, {203, 0, 113, 9}, 53};
        test_random_bytes(&dice, bytes, len < 64 ? len : 64);
        if (len > 8 && i % 2 == 0) { /* nearly STUN */
            static const uint8_t head[8] = {0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42};
            memcpy(bytes, head, sizeof head);
            bytes[2] = (uint8_t)((len - 20) >> 8);
            bytes[3] = (uint8_t)(len - 20);
        }
        test_net_inject(1, &from, bytes, len);
    }
    cepa_endpoint_flush(test_net_ends[1].endpoint);
    CHECK_INT(test_net_ends[1].datagrams_sent, sent);
    struct cepa_endpoint_counts counts = cepa_endpoint_counts(test_net_ends[1].endpoint);
    CHECK_INT(counts.connections, 1);
    CHECK_INT(counts.unverified + counts.unrouted, 100000);
    (void)open_channel(0, ids[0]);
    CHECK_INT(test_net_wait_channel(1, CEPA_CHANNEL_ACCEPTED, 100).kind, CEPA_ENDPOINT_CHANNEL);
}

TEST(plain_stun_is_answered_to_live_connections_only)
{
    struct cepa_connection_id ids[2];
    struct cepa_stun_writer writer;
    uint8_t bytes[CEPA_STUN_MESSAGE_MAX];
    const struct cepa_stun_transaction transaction = {{1, 2, 3}};
    struct cepa_net_address stranger = {CEPA_NET_ADDRESS_IPV4, {203, 0, 113, 9}, 3478};
    size_t len;
    test_net_begin(2, 1, 0, 17);
    connect(ids);
    uint64_t sent = test_net_ends[1].datagrams_sent;
    cepa_stun_begin(&writer, bytes, sizeof bytes, CEPA_STUN_REQUEST, &transaction);
    CHECK_INT(cepa_stun_end(&writer, &len, NULL, 0), 0);
    test_net_inject(1, &stranger, bytes, len);
    cepa_endpoint_flush(test_net_ends[1].endpoint);
    CHECK_INT(test_net_ends[1].datagrams_sent, sent);
    CHECK_INT(cepa_endpoint_ask(test_net_ends[0].endpoint, ids[0]), 0);
    struct cepa_endpoint_event event = test_net_wait(0, CEPA_ENDPOINT_MAPPED, 10);
    CHECK_INT(event.kind, CEPA_ENDPOINT_MAPPED);
    CHECK_BYTES(&event.candidate.address, &test_net_ends[0].address,
                sizeof test_net_ends[0].address);
}

TEST(lossy_links_open_soon)
{
    enum { ROUNDS = 400 };
    unsigned late = 0;
    unsigned very_late = 0;
    for (uint64_t seed = 0; seed < ROUNDS; seed++) {
        test_net_begin(2, 1, 50, seed);
        const struct cepa_dial_address address = test_net_dial_address(1);
        (void)dial(0, &address);
        CHECK_INT(test_net_wait(0, CEPA_ENDPOINT_OPEN, 10000).kind, CEPA_ENDPOINT_OPEN);
        late += test_net_now_ms() > 300;
        very_late += test_net_now_ms() > 900;
    }
    CHECK(late <= ROUNDS / 20);
    CHECK(very_late <= ROUNDS / 100);
}

TEST_MAIN(RUN(a_dial_opens_and_carries_messages), RUN(both_ends_know_both_fingerprints),
          RUN(each_dial_shows_another_certificate), RUN(a_dial_opens_in_four_round_trips),
          RUN(a_wrong_secret_or_certificate_gets_no_reply_and_no_memory),
          RUN(closing_is_told_to_the_peer), RUN(an_address_that_is_in_use_is_not_dialled_twice),
          RUN(an_idle_peer_that_vanishes_is_noticed_by_both_kinds_of_side),
          RUN(a_peer_that_vanishes_under_traffic_is_noticed_at_once),
          RUN(a_peer_that_speaks_and_hears_nothing_is_noticed),
          RUN(a_restarted_peer_takes_the_place_of_its_former_self),
          RUN(a_restarted_node_is_dialled_again),
          RUN(an_idle_dialler_notices_that_the_node_has_begun_anew),
          RUN(a_check_with_a_forged_source_does_not_disturb_who_is_there),
          RUN(two_that_dial_each_other_at_once_have_one_connection),
          RUN(old_certificates_stay_good_for_one_more),
          RUN(half_open_dials_are_limited_and_end_by_themselves),
          RUN(random_datagrams_are_of_no_consequence),
          RUN(plain_stun_is_answered_to_live_connections_only), RUN(lossy_links_open_soon))
