/* What an endpoint tells of carriers, and what a peer that does not keep to the rules brings about.
 */
#include "daemon/false_carriers.h"

TEST(accepted_ones_are_numbered_apart)
{
    begin();
    for (uint64_t i = 1; i <= 3; i++) {
        uint32_t index = begin_connection().handle.index;
        happen_kind(CEPA_ENDPOINT_OPEN, index);
        CHECK(was_told('o', CEPA_NODE_CARRIER_ACCEPTED | i, 0));
    }
    happen_kind(CEPA_ENDPOINT_SILENT, 1);
    CHECK(was_told('s', CEPA_NODE_CARRIER_ACCEPTED | 2, 0));
    happen_kind(CEPA_ENDPOINT_ALIVE, 1);
    CHECK(was_told('a', CEPA_NODE_CARRIER_ACCEPTED | 2, 0));
    end();
}

TEST(why_it_ended)
{
    static const struct {
        enum cepa_close_reason reason;
        int error;
    } rows[] = {
        {CEPA_CLOSE_NONE, 0},
        {CEPA_CLOSE_BY_PEER, 0},
        {CEPA_CLOSE_UNREACHABLE, CEPA_ERR_UNREACHABLE},
        {CEPA_CLOSE_LOST, CEPA_ERR_UNREACHABLE},
        {CEPA_CLOSE_TIMEOUT, CEPA_ERR_TIMEOUT},
        {CEPA_CLOSE_HANDSHAKE, CEPA_ERR_MALFORMED},
        {CEPA_CLOSE_FINGERPRINT, CEPA_ERR_AUTHENTICATION},
        {CEPA_CLOSE_SUPERSEDED, CEPA_ERR_STATE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin();
        dial_and_open(1);
        happen((struct cepa_endpoint_event){.kind = CEPA_ENDPOINT_CLOSED, .reason = rows[i].reason},
               0);
        CHECK(was_told('c', 1, rows[i].error));
        CHECK_INT(closed, 0); /* it is closed already */
        want(CEPA_NODE_CLOSE, 1);
        CHECK_INT(closed, 0);
        end();
    }
}

TEST(a_peer_that_sends_what_is_no_frame_is_left)
{
    static const struct {
        enum cepa_channel_kind kind;
        bool is_string;
        size_t len;
        int error; /* 1: it goes on */
    } rows[] = {
        {CEPA_CHANNEL_MESSAGE, false, CEPA_FRAME_SIZE, 1},
        {CEPA_CHANNEL_MESSAGE, false, CEPA_FRAME_SIZE - 1, CEPA_ERR_LENGTH},
        {CEPA_CHANNEL_MESSAGE, false, CEPA_FRAME_SIZE + 1, CEPA_ERR_LENGTH},
        {CEPA_CHANNEL_MESSAGE, false, 0, CEPA_ERR_LENGTH},
        {CEPA_CHANNEL_MESSAGE, true, CEPA_FRAME_SIZE, CEPA_ERR_LENGTH},
        {CEPA_CHANNEL_ACCEPTED, false, 0, 0}, /* nobody opens channels here */
        {CEPA_CHANNEL_CLOSED, false, 0, 0},
        {CEPA_CHANNEL_ENDED, false, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin();
        dial_and_open(1);
        if (rows[i].kind == CEPA_CHANNEL_MESSAGE) {
            come(0, rows[i].is_string, rows[i].len);
        } else {
            happen_in_channel(rows[i].kind, 0);
        }
        bool goes_on = rows[i].error == 1;
        CHECK(goes_on ? was_told('f', 1, 42) : was_told('c', 1, rows[i].error));
        CHECK_INT(closed, goes_on ? 0 : 1);
        CHECK_INT(cepa_carriers_counts(carriers).malformed, rows[i].error == CEPA_ERR_LENGTH);
        CHECK_INT(cepa_carriers_counts(carriers).frames_in, goes_on);
        /* What comes behind is nobody's. */
        come(0, false, CEPA_FRAME_SIZE);
        CHECK_INT(told_len, goes_on ? 1 : 0);
        told_len = 0;
        end();
    }
}

static void map(uint8_t family, uint8_t last)
{
    struct cepa_endpoint_event event = {.kind = CEPA_ENDPOINT_MAPPED};
    event.candidate.address.family = family;
    event.candidate.address.ip[3] = last;
    event.candidate.address.port = 99;
    happen(event, 0);
}

TEST(how_others_see_us_is_news_when_it_changes)
{
    struct cepa_net_address seen;
    begin();
    CHECK(!cepa_carriers_seen(carriers, &seen));
    map(CEPA_NET_ADDRESS_IPV4, 1);
    map(CEPA_NET_ADDRESS_IPV6, 2);
    CHECK(cepa_carriers_seen(carriers, &seen));
    CHECK_INT(seen.family, CEPA_NET_ADDRESS_IPV4);
    CHECK_INT(seen.ip[3], 1);
    CHECK(cepa_carriers_seen(carriers, &seen));
    CHECK_INT(seen.family, CEPA_NET_ADDRESS_IPV6);
    CHECK(!cepa_carriers_seen(carriers, &seen));
    map(CEPA_NET_ADDRESS_IPV4, 1);
    CHECK(!cepa_carriers_seen(carriers, &seen));
    map(CEPA_NET_ADDRESS_IPV4, 3);
    map(CEPA_NET_ADDRESS_IPV4, 4);
    CHECK(cepa_carriers_seen(carriers, &seen));
    CHECK_INT(seen.ip[3], 4);
    CHECK(!cepa_carriers_seen(carriers, &seen));
    CHECK_INT(told_len, 0);
    end();
}

TEST(whom_we_ask_and_how_often)
{
    static const struct {
        bool is_dialled; /* else it was accepted */
        bool is_main;
        uint8_t first_byte; /* of the peer's IP */
        bool is_known;      /* how others see us */
        unsigned asked;
    } rows[] = {
        {true, true, 198, false, 1},  {true, true, 198, true, 1}, {false, true, 198, false, 0},
        {true, false, 198, false, 0}, /* offers do not go from there */
        {true, true, 10, false, 1},   /* better than nothing */
        {true, true, 10, true, 0},    /* it sees what the internet may not */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin();
        stats.is_main = rows[i].is_main;
        stats.path.remote.ip[0] = rows[i].first_byte;
        if (rows[i].is_known) {
            map(CEPA_NET_ADDRESS_IPV4, 1);
        }
        if (rows[i].is_dialled) {
            dial_and_open(1);
        } else {
            happen_kind(CEPA_ENDPOINT_OPEN, begin_connection().handle.index);
        }
        CHECK_INT(connections[0].asked, rows[i].asked);
        end();
    }
    /* Five seconds between two, unless the machine has moved. */
    begin();
    dial_and_open(1);
    now.ns += CEPA_CARRIERS_ASK_MS * CEPA_MILLISECOND_NS - 1;
    dial_and_open(2);
    CHECK_INT(connections[0].asked + connections[1].asked, 1);
    now.ns += 1;
    want(CEPA_NODE_OFFER, 3); /* what was learnt long ago may have changed */
    CHECK_INT(connections[0].asked + connections[1].asked, 2);
    cepa_carriers_on_moved(carriers);
    want(CEPA_NODE_OFFER, 3);
    CHECK_INT(connections[0].asked + connections[1].asked, 3);
    end();
}

TEST(offers_answers_and_candidates_go_both_ways)
{
    static const uint8_t good[1] = {7};
    static const uint8_t bad[1] = {255};
    static const char candidate[] = "candidate:1 1 udp 2122260223 198.51.100.7 5000 typ host";
    begin();
    want(CEPA_NODE_OFFER, 1);
    CHECK(was_told('O', 1, 0));
    want_with(CEPA_NODE_ANSWER, 2, good, 1);
    CHECK(was_told('A', 2, 0));
    want_with(CEPA_NODE_TAKE_ANSWER, 1, good, 1);
    result = CEPA_ERR_STATE;
    want_with(CEPA_NODE_TAKE_ANSWER, 1, good, 1); /* twice harms nobody */
    CHECK_INT(told_len + closed, 0);
    result = 0;
    connections[0].asked = 0;
    want_with(CEPA_NODE_ADD_CANDIDATE, 1, candidate, sizeof candidate - 1);
    CHECK_INT(connections[0].asked, 100);
    want_with(CEPA_NODE_ADD_CANDIDATE, 1, "candidate:", 10);
    want_with(CEPA_NODE_ADD_CANDIDATE, 9, candidate, sizeof candidate - 1);
    CHECK_INT(connections[0].asked, 100);
    CHECK_INT(told_len + closed, 0);
    struct cepa_endpoint_event event = {.kind = CEPA_ENDPOINT_CANDIDATE};
    CHECK_INT(cepa_candidate_decode(&event.candidate, candidate, sizeof candidate - 1), 1);
    happen(event, 1);
    CHECK(was_told('C', 2, 0));
    /* An answer that is none ends it. */
    want_with(CEPA_NODE_TAKE_ANSWER, 1, bad, 1);
    CHECK(was_told('c', 1, CEPA_ERR_MALFORMED));
    CHECK_INT(closed, 1);
    end();
}

TEST(what_is_told_of_an_earlier_connection_in_the_same_place_is_nobodys)
{
    begin();
    dial_and_open(1);
    struct cepa_endpoint_event late = {.kind = CEPA_ENDPOINT_CLOSED,
                                       .connection.handle = {.generation = 1, .index = 0}};
    happen_in_channel(CEPA_CHANNEL_ENDED, 0);
    CHECK(was_told('c', 1, 0));
    next_index = 0;
    dial_and_open(2);
    events[events_len++] = late;
    while (cepa_carriers_take(carriers, now)) {
    }
    CHECK_INT(told_len, 0);
    come(0, false, CEPA_FRAME_SIZE);
    CHECK(was_told('f', 2, 42));
    end();
}

TEST(the_node_has_its_turn_between_events)
{
    begin();
    dial_and_open(1);
    struct cepa_endpoint_event frame = {
        .kind = CEPA_ENDPOINT_CHANNEL,
        .connection.handle = {.generation = 1, .index = 0},
        .channel = {.kind = CEPA_CHANNEL_MESSAGE, .data = some_frame, .data_len = CEPA_FRAME_SIZE}};
    for (int i = 0; i < CEPA_CARRIERS_EVENTS + 1; i++) {
        events[events_len++] = frame;
    }
    CHECK(cepa_carriers_take(carriers, now));
    CHECK_INT(told_len, CEPA_CARRIERS_EVENTS);
    CHECK(!cepa_carriers_take(carriers, now));
    CHECK_INT(told_len, CEPA_CARRIERS_EVENTS + 1);
    end();
}

TEST_MAIN(RUN(accepted_ones_are_numbered_apart), RUN(why_it_ended),
          RUN(a_peer_that_sends_what_is_no_frame_is_left),
          RUN(how_others_see_us_is_news_when_it_changes), RUN(whom_we_ask_and_how_often),
          RUN(offers_answers_and_candidates_go_both_ways),
          RUN(what_is_told_of_an_earlier_connection_in_the_same_place_is_nobodys),
          RUN(the_node_has_its_turn_between_events))
