/* What the node wants of carriers, and in which order and how far its frames leave. */
#include "daemon/false_carriers.h"

TEST(a_dial_has_the_address_and_becomes_a_carrier)
{
    struct cepa_node_effect effect = {.kind = CEPA_NODE_DIAL, .carrier = 1};
    begin();
    effect.address.reach.family = CEPA_FAMILY_IPV4;
    effect.address.reach.ip[3] = 9;
    effect.address.reach.port = 4433;
    memset(&effect.address.dtls, 1, sizeof effect.address.dtls);
    memset(&effect.address.secret, 2, sizeof effect.address.secret);
    memset(&effect.address.node, 3, sizeof effect.address.node);
    cepa_carriers_carry_out(carriers, &effect, now);
    CHECK_INT(dialled.address.family, CEPA_NET_ADDRESS_IPV4);
    CHECK_INT(dialled.address.ip[3], 9);
    CHECK_INT(dialled.address.port, 4433);
    CHECK_BYTES(&dialled.certificate, &effect.address.dtls, 32);
    CHECK_BYTES(&dialled.secret, &effect.address.secret, 16);
    CHECK_BYTES(&dialled.node, &effect.address.node, 32);
    frames[1] = 1;
    want(CEPA_NODE_WRITE, 1);
    CHECK(!cepa_carriers_pull(carriers, now));
    CHECK_INT(connections[0].sent, 0); /* it is not open */
    memset(&stats.local, 9, sizeof stats.local);
    memset(&stats.remote, 8, sizeof stats.remote);
    happen_kind(CEPA_ENDPOINT_OPEN, 0);
    CHECK(was_told('o', 1, 0));
    CHECK_INT(negotiated, 1);
    CHECK_INT(told_facts.kind, CEPA_CARRIER_WEBRTC);
    CHECK(told_facts.binding[0] == 8 && told_facts.binding[32] == 9);
    CHECK_INT(told_facts.remote.port, 443);
    CHECK(!cepa_carriers_pull(carriers, now));
    CHECK_INT(connections[0].sent, 1);
    /* The other side has the same binding. */
    memset(&stats.local, 8, sizeof stats.local);
    memset(&stats.remote, 9, sizeof stats.remote);
    dial_and_open(2);
    CHECK(told_facts.binding[0] == 8 && told_facts.binding[32] == 9);
    end();
}

TEST(what_cannot_begin_is_told)
{
    static const uint8_t good[1] = {7};
    static const uint8_t bad[1] = {255};
    begin();
    result = CEPA_ERR_FULL;
    want(CEPA_NODE_DIAL, 1);
    CHECK(was_told('c', 1, CEPA_ERR_FULL));
    want(CEPA_NODE_OFFER, 1);
    CHECK(was_told('c', 1, CEPA_ERR_FULL));
    want_with(CEPA_NODE_ANSWER, 1, good, 1);
    CHECK(was_told('c', 1, CEPA_ERR_FULL));
    CHECK_INT(open_secrets, 0);
    result = 0;
    want_with(CEPA_NODE_ANSWER, 1, bad, 1);
    CHECK(was_told('c', 1, CEPA_ERR_MALFORMED));
    /* Nothing of this is a carrier. */
    want(CEPA_NODE_CLOSE, 1);
    want(CEPA_NODE_WRITE, 1);
    CHECK_INT(told_len, 0);
    CHECK_INT(closed, 0);
    end();
}

TEST(carriers_take_turns_and_everything_else_has_its_turn)
{
    begin();
    dial_and_open(1);
    dial_and_open(2);
    for (size_t i = 0; i < 2; i++) {
        connections[i].window = CEPA_CARRIERS_ROOM_MAX;
    }
    frames[1] = frames[2] = 600;
    want(CEPA_NODE_WRITE, 1);
    want(CEPA_NODE_WRITE, 2);
    connections[0].buffered = connections[1].buffered = 0;
    CHECK(cepa_carriers_pull(carriers, now));
    CHECK_INT(connections[0].sent + connections[1].sent, CEPA_CARRIERS_TURN);
    CHECK_INT(connections[0].sent, connections[1].sent);
    CHECK(!cepa_carriers_pull(carriers, now));
    CHECK_INT(connections[0].sent, 600);
    CHECK_INT(connections[1].sent, 600);
    CHECK_INT(cepa_carriers_counts(carriers).frames_out, 1200);
    end();
}

TEST(no_more_is_under_way_than_there_is_room)
{
    static const struct {
        size_t window;
        uint32_t rtt_ms;
        size_t room;
    } rows[] = {
        {0, 0, CEPA_CARRIERS_ROOM_MIN},
        {1, 1, CEPA_CARRIERS_ROOM_MIN},
        {100000, 50, 110000},                          /* 5 ms of 50 */
        {200000, 1, 200000 + CEPA_CARRIERS_QUEUE_MAX}, /* not all five windows */
        {200000, 0, 200000 + CEPA_CARRIERS_QUEUE_MAX}, /* as if it took 1 ms */
        {1 << 30, 50, CEPA_CARRIERS_ROOM_MAX},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin();
        dial_and_open(1);
        struct connection *connection = &connections[0];
        connection->window = rows[i].window;
        connection->rtt_ms = rows[i].rtt_ms;
        frames[1] = 2000;
        want(CEPA_NODE_WRITE, 1);
        while (cepa_carriers_pull(carriers, now)) {
        }
        CHECK_INT(connection->sent, (rows[i].room + CEPA_FRAME_SIZE - 1) / CEPA_FRAME_SIZE);
        CHECK_INT(connection->low_mark, rows[i].room / 4 * 3);
        /* Only when it has become less does it go on. */
        unsigned before = connection->sent;
        want(CEPA_NODE_WRITE, 1);
        CHECK(!cepa_carriers_pull(carriers, now));
        CHECK_INT(connection->sent, before);
        connection->buffered -= 2 * CEPA_FRAME_SIZE;
        happen_in_channel(CEPA_CHANNEL_LOW, 0);
        (void)cepa_carriers_pull(carriers, now);
        CHECK(connection->sent > before);
        end();
    }
}

TEST(a_frame_that_had_no_room_is_neither_lost_nor_sent_twice)
{
    begin();
    dial_and_open(1);
    frames[1] = 3;
    connections[0].is_full = true;
    want(CEPA_NODE_WRITE, 1);
    CHECK(!cepa_carriers_pull(carriers, now));
    CHECK_INT(frames[1], 2);
    connections[0].is_full = false;
    happen_in_channel(CEPA_CHANNEL_LOW, 0);
    CHECK(!cepa_carriers_pull(carriers, now));
    CHECK_INT(connections[0].sent, 3);
    CHECK_INT(connections[0].last, 3);
    end();
}

TEST(what_was_pulled_may_leave_before_the_end)
{
    begin();
    dial_and_open(1);
    frames[1] = 5;
    connections[0].is_full = true;
    want(CEPA_NODE_WRITE, 1);
    CHECK(!cepa_carriers_pull(carriers, now));
    want(CEPA_NODE_CLOSE, 1);
    want(CEPA_NODE_CLOSE, 1); /* twice is once */
    CHECK_INT(closed, 0);
    CHECK_INT(cepa_time_since(cepa_carriers_deadline(carriers), now),
              CEPA_CARRIERS_LINGER_MS * CEPA_MILLISECOND_NS);
    connections[0].is_full = false;
    CHECK(!cepa_carriers_pull(carriers, now));
    CHECK_INT(connections[0].sent, 1); /* the one that was pulled, and no other */
    come(0, false, CEPA_FRAME_SIZE);   /* the node has forgotten it */
    connections[0].buffered = 0;
    happen_in_channel(CEPA_CHANNEL_LOW, 0);
    CHECK_INT(closed, 1);
    CHECK_INT(told_len, 0);
    CHECK(cepa_time_is_never(cepa_carriers_deadline(carriers)));
    end();
}

TEST(a_peer_that_takes_nothing_does_not_delay_the_end)
{
    begin();
    dial_and_open(1);
    connections[0].buffered = 1;
    want(CEPA_NODE_CLOSE, 1);
    struct cepa_time due = cepa_carriers_deadline(carriers);
    now.ns = due.ns - 1;
    cepa_carriers_step(carriers, now);
    CHECK_INT(closed, 0);
    now = due;
    cepa_carriers_step(carriers, now);
    CHECK_INT(closed, 1);
    CHECK_INT(told_len, 0);
    CHECK(cepa_time_is_never(cepa_carriers_deadline(carriers)));
    /* One with nothing to send, and one that is not open, end at once. */
    dial_and_open(2);
    want(CEPA_NODE_CLOSE, 2);
    CHECK_INT(closed, 2);
    want(CEPA_NODE_DIAL, 3);
    want(CEPA_NODE_CLOSE, 3);
    CHECK_INT(closed, 3);
    CHECK_INT(told_len, 0);
    end();
}

TEST_MAIN(RUN(a_dial_has_the_address_and_becomes_a_carrier), RUN(what_cannot_begin_is_told),
          RUN(carriers_take_turns_and_everything_else_has_its_turn),
          RUN(no_more_is_under_way_than_there_is_room),
          RUN(a_frame_that_had_no_room_is_neither_lost_nor_sent_twice),
          RUN(what_was_pulled_may_leave_before_the_end),
          RUN(a_peer_that_takes_nothing_does_not_delay_the_end))
