/* Data channels between two connections in one process; the first is DTLS's client. A few tests
 * speak SCTP themselves at the other end, to do what a peer of ours would not. */
#include <string.h>

#include "native/webrtc/channel.h"
#include "support/packet_wire.h"
#include "support/random.h"
#include "support/test.h"
#include "support/wall_clock.h"

static struct cepa_channels *sides[2];
static struct cepa_sctp *raw; /* stands in the place of the second side */
static unsigned lows;
static struct test_random dice = {11};
static uint8_t scratch[2][CEPA_CHANNEL_SCRATCH_SIZE];
static const struct cepa_dcep_open plain = {.label = "cepa", .label_len = 4, .priority = 256};

static void carry(void)
{
    struct test_packet packet;
    for (unsigned n = 0; n < 100000 && test_wire_take(&packet); n++) {
        if (packet.to == 1 && raw != NULL) {
            cepa_sctp_receive_packet(raw, packet.bytes, packet.len);
        } else if (sides[packet.to] != NULL) {
            cepa_channels_receive_packet(sides[packet.to], packet.bytes, packet.len);
        }
    }
}

static void pass_ms(unsigned ms)
{
    for (unsigned i = 0; i < ms; i += CEPA_SCTP_TICK_MS) {
        test_wall_clock_pass_ms(CEPA_SCTP_TICK_MS);
        cepa_sctp_tick(test_wall_clock_time());
        carry();
    }
}

static enum cepa_channel_kind next(size_t side, struct cepa_channel_event *event)
{
    enum cepa_channel_kind kind;
    do { /* only one test looks at the mark */
        kind = cepa_channels_next(sides[side], event, scratch[side], sizeof scratch[side]);
        lows += kind == CEPA_CHANNEL_LOW;
    } while (kind == CEPA_CHANNEL_LOW);
    return kind;
}

/* Waits for an event of a side, while the other side's are not fetched. */
static struct cepa_channel_event wait_for(size_t side, enum cepa_channel_kind kind)
{
    struct cepa_channel_event event;
    for (unsigned n = 0; n < 2000; n++) {
        if (next(side, &event) != CEPA_CHANNEL_NOTHING) {
            break;
        }
        pass_ms(CEPA_SCTP_TICK_MS);
    }
    CHECK_INT(event.kind, kind);
    return event;
}

static void expect_nothing(void)
{
    struct cepa_channel_event event;
    pass_ms(1000);
    for (size_t i = 0; i < 2; i++) {
        CHECK_INT(sides[i] == NULL ? CEPA_CHANNEL_NOTHING : next(i, &event), CEPA_CHANNEL_NOTHING);
    }
}

/* Lets a side do what it has to, where there is nothing to tell. */
static void settle(size_t side)
{
    struct cepa_channel_event event;
    pass_ms(1000);
    CHECK_INT(next(side, &event), CEPA_CHANNEL_NOTHING);
}

static void close_sides(void)
{
    for (size_t i = 0; i < 2; i++) {
        cepa_channels_free(sides[i]);
        sides[i] = NULL;
    }
    cepa_sctp_free(raw);
    raw = NULL;
    test_wire_clear();
    cepa_sctp_stop();
}

static void make_side(size_t side, size_t receive_max, size_t send_max)
{
    const struct cepa_channels_config config = {.owner = test_wire_owner(side),
                                                .is_dtls_client = side == 0,
                                                .receive_max = receive_max,
                                                .send_max = send_max};
    CHECK_INT(cepa_channels_new(&sides[side], &config), 0);
}

/* The first side sends at most so many bytes at once, the second takes so many. */
static void make_sides(size_t send_max, size_t receive_max)
{
    close_sides(); /* of a test that failed */
    cepa_sctp_start(test_wire_send);
    make_side(0, 0, send_max);
    make_side(1, receive_max, 0);
}

static void connect_sides(size_t send_max, size_t receive_max)
{
    make_sides(send_max, receive_max);
    (void)wait_for(0, CEPA_CHANNEL_CONNECTED);
    (void)wait_for(1, CEPA_CHANNEL_CONNECTED);
    CHECK(cepa_channels_is_open(sides[0]) && cepa_channels_is_open(sides[1]));
}

static struct cepa_channel_id open_from(size_t side, const struct cepa_dcep_open *open,
                                        struct cepa_channel_id *ret_other)
{
    struct cepa_channel_id id;
    CHECK_INT(cepa_channels_open(sides[side], &id, open), 0);
    *ret_other = wait_for(1 - side, CEPA_CHANNEL_ACCEPTED).channel;
    CHECK(wait_for(side, CEPA_CHANNEL_OPENED).channel.value == id.value);
    return id;
}

static int stream(size_t side, struct cepa_channel_id id)
{
    uint16_t got;
    return cepa_channels_stream(sides[side], &got, id) == 0 ? got : -1;
}

/* Sends a message and fetches it at the other side. */
static void exchange(size_t from, struct cepa_channel_id from_id, struct cepa_channel_id to_id,
                     bool is_string, size_t len)
{
    static uint8_t data[CEPA_SCTP_MESSAGE_MAX];
    test_random_bytes(&dice, data, len);
    CHECK_INT(cepa_channels_send(sides[from], from_id, is_string, data, len), 0);
    struct cepa_channel_event event = wait_for(1 - from, CEPA_CHANNEL_MESSAGE);
    CHECK(event.channel.value == to_id.value);
    CHECK_INT(event.is_string, is_string);
    CHECK_INT(event.data_len, len);
    CHECK_BYTES(event.data, data, len);
}

TEST(channels_open_in_band_from_either_side)
{
    struct cepa_channel_id other;
    struct cepa_channel_event event;
    struct cepa_channel_id ids[3];
    const struct cepa_dcep_open open = {.is_unordered = true,
                                        .reliability = CEPA_RELIABLE_LIFETIME,
                                        .limit = 77,
                                        .priority = 512,
                                        .label = "a",
                                        .label_len = 1,
                                        .protocol = "p/2",
                                        .protocol_len = 3};
    connect_sides(0, 0);
    CHECK_INT(cepa_channels_open(sides[0], &ids[0], &open), 0);
    event = wait_for(1, CEPA_CHANNEL_ACCEPTED);
    CHECK(event.open.is_unordered);
    CHECK_INT(event.open.reliability, CEPA_RELIABLE_LIFETIME);
    CHECK_INT(event.open.limit, 77);
    CHECK_INT(event.open.priority, 512);
    CHECK_INT(event.open.label_len, 1);
    CHECK_BYTES(event.open.label, "a", 1);
    CHECK_INT(event.open.protocol_len, 3);
    CHECK_BYTES(event.open.protocol, "p/2", 3);
    CHECK(wait_for(0, CEPA_CHANNEL_OPENED).channel.value == ids[0].value);
    ids[1] = open_from(0, &plain, &other);
    CHECK_INT(stream(0, ids[0]), 0);
    CHECK_INT(stream(0, ids[1]), 2);
    CHECK_INT(stream(1, other), 2);
    ids[2] = open_from(1, &plain, &other);
    CHECK_INT(stream(1, ids[2]), 1);
    CHECK_INT(stream(0, other), 1);
    expect_nothing();
    close_sides();
}

TEST(channels_may_be_opened_before_the_association)
{
    struct cepa_channel_id id;
    make_sides(0, 0);
    CHECK_INT(cepa_channels_open(sides[0], &id, &plain), 0);
    CHECK_INT(cepa_channels_send(sides[0], id, false, "x", 1), CEPA_ERR_FULL);
    (void)wait_for(0, CEPA_CHANNEL_CONNECTED);
    (void)wait_for(1, CEPA_CHANNEL_CONNECTED);
    struct cepa_channel_event event;
    CHECK_INT(next(0, &event), CEPA_CHANNEL_NOTHING);
    CHECK_INT(cepa_channels_send(sides[0], id, false, "x", 1), 0); /* before the answer */
    struct cepa_channel_id other = wait_for(1, CEPA_CHANNEL_ACCEPTED).channel;
    CHECK(wait_for(1, CEPA_CHANNEL_MESSAGE).channel.value == other.value);
    (void)wait_for(0, CEPA_CHANNEL_OPENED);
    exchange(1, other, id, true, 10);
    close_sides();
}

TEST(messages_of_all_kinds_and_sizes)
{
    static const size_t lens[] = {0, 1, 1128, 16384, 16385, 65536, CEPA_SCTP_MESSAGE_MAX};
    struct cepa_channel_id other;
    connect_sides(0, 0);
    for (unsigned kind = 0; kind < 6; kind++) {
        const struct cepa_dcep_open open = {.is_unordered = kind % 2 == 1,
                                            .reliability = (enum cepa_reliability)(kind / 2),
                                            .limit = 5000};
        struct cepa_channel_id id = open_from(kind % 2, &open, &other);
        for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
            exchange(kind % 2, id, other, i % 2 == 0, lens[i]);
            exchange(1 - kind % 2, other, id, i % 2 == 1, lens[i]);
        }
    }
    expect_nothing();
    close_sides();
}

TEST(losses_are_made_good)
{
    struct cepa_channel_id other;
    connect_sides(0, 0);
    test_wire_lose(5);
    for (unsigned i = 0; i < 4; i++) {
        struct cepa_channel_id id = open_from(i % 2, &plain, &other);
        exchange(i % 2, id, other, false, 20000);
        CHECK_INT(cepa_channels_close(sides[1 - i % 2], other), 0);
        CHECK(wait_for(i % 2, CEPA_CHANNEL_CLOSED).channel.value == id.value);
        CHECK(wait_for(1 - i % 2, CEPA_CHANNEL_CLOSED).channel.value == other.value);
    }
    close_sides();
}

TEST(negotiated_channels_say_nothing)
{
    struct cepa_channel_id ids[2];
    struct cepa_channel_id id;
    make_sides(0, 0);
    for (size_t i = 0; i < 2; i++) {
        CHECK_INT(cepa_channels_negotiate(sides[i], &ids[i], 0, &plain), 0);
        CHECK_INT(cepa_channels_negotiate(sides[i], &id, 0, &plain), CEPA_ERR_FULL);
        CHECK_INT(cepa_channels_negotiate(sides[i], &id, CEPA_CHANNELS_MAX, &plain),
                  CEPA_ERR_ARGUMENT);
    }
    (void)wait_for(0, CEPA_CHANNEL_CONNECTED);
    (void)wait_for(0, CEPA_CHANNEL_OPENED);
    (void)wait_for(1, CEPA_CHANNEL_CONNECTED);
    (void)wait_for(1, CEPA_CHANNEL_OPENED);
    exchange(0, ids[0], ids[1], false, 100);
    exchange(1, ids[1], ids[0], false, 100);
    CHECK_INT(cepa_channels_open(sides[0], &id, &plain), 0);
    CHECK_INT(stream(0, id), 2); /* the next free one */
    close_sides();
}

TEST(messages_wait_for_a_negotiated_channel)
{
    struct cepa_channel_id ids[2];
    connect_sides(0, 0);
    CHECK_INT(cepa_channels_negotiate(sides[0], &ids[0], 6, &plain), 0);
    (void)wait_for(0, CEPA_CHANNEL_OPENED);
    CHECK_INT(cepa_channels_send(sides[0], ids[0], true, "one", 3), 0);
    CHECK_INT(cepa_channels_send(sides[0], ids[0], true, "two", 3), 0);
    expect_nothing();
    CHECK_INT(cepa_channels_negotiate(sides[1], &ids[1], 6, &plain), 0);
    CHECK_INT(wait_for(1, CEPA_CHANNEL_OPENED).channel.value == ids[1].value, 1);
    CHECK_BYTES(wait_for(1, CEPA_CHANNEL_MESSAGE).data, "one", 3);
    CHECK_BYTES(wait_for(1, CEPA_CHANNEL_MESSAGE).data, "two", 3);
    exchange(0, ids[0], ids[1], false, 100);
    close_sides();
}

TEST(closing_goes_both_ways_and_streams_are_used_again)
{
    struct cepa_channel_id other;
    struct cepa_channel_id last = {0};
    connect_sides(0, 0);
    for (unsigned i = 0; i < 12; i++) {
        size_t closer = i % 2;
        struct cepa_channel_id id = open_from(0, &plain, &other);
        struct cepa_channel_id closing = closer == 0 ? id : other;
        CHECK_INT(stream(0, id), 0);
        CHECK(id.value != last.value);
        exchange(0, id, other, false, 10);
        CHECK_INT(cepa_channels_send(sides[closer], closing, false, "bye", 3), 0);
        CHECK_INT(cepa_channels_close(sides[closer], closing), 0);
        CHECK_INT(cepa_channels_close(sides[closer], closing), 0);
        CHECK_INT(cepa_channels_send(sides[closer], closing, false, "no", 2), CEPA_ERR_STATE);
        if (i % 3 == 2) { /* at once */
            CHECK_INT(cepa_channels_close(sides[1 - closer], closer == 0 ? other : id), 0);
        } else {
            CHECK_BYTES(wait_for(1 - closer, CEPA_CHANNEL_MESSAGE).data, "bye", 3);
        }
        CHECK(wait_for(1 - closer, CEPA_CHANNEL_CLOSED).channel.value ==
              (closer == 0 ? other : id).value);
        CHECK(wait_for(closer, CEPA_CHANNEL_CLOSED).channel.value == closing.value);
        CHECK_INT(cepa_channels_send(sides[0], id, false, "no", 2), CEPA_ERR_NOT_FOUND);
        CHECK_INT(cepa_channels_close(sides[0], id), CEPA_ERR_NOT_FOUND);
        CHECK_INT(cepa_channels_close(sides[0], last), CEPA_ERR_NOT_FOUND);
        last = id;
    }
    expect_nothing();
    close_sides();
}

TEST(streams_run_out)
{
    struct cepa_channel_id id;
    connect_sides(0, 0);
    for (unsigned i = 0; i < CEPA_CHANNELS_MAX / 2; i++) {
        CHECK_INT(cepa_channels_open(sides[1], &id, &plain), 0);
    }
    CHECK_INT(cepa_channels_open(sides[1], &id, &plain), CEPA_ERR_FULL);
    for (unsigned i = 0; i < CEPA_CHANNELS_MAX / 2; i++) {
        (void)wait_for(0, CEPA_CHANNEL_ACCEPTED);
        (void)wait_for(1, CEPA_CHANNEL_OPENED);
    }
    expect_nothing();
    close_sides();
}

TEST(what_is_too_long_is_refused_at_both_ends)
{
    static uint8_t data[5000];
    struct cepa_channel_id other;
    connect_sides(4000, 3000);
    struct cepa_channel_id id = open_from(0, &plain, &other);
    CHECK_INT(cepa_channels_send(sides[0], id, false, data, 4001), CEPA_ERR_TOO_LONG);
    exchange(0, id, other, false, 3000);
    CHECK_INT(cepa_channels_send(sides[0], id, false, data, 3001), 0);
    settle(1);
    CHECK(wait_for(0, CEPA_CHANNEL_CLOSED).channel.value == id.value);
    CHECK(wait_for(1, CEPA_CHANNEL_CLOSED).channel.value == other.value);
    CHECK_INT(cepa_channels_open(sides[0], &id,
                                 &(struct cepa_dcep_open){.label_len = CEPA_DCEP_LABEL_MAX + 1}),
              CEPA_ERR_TOO_LONG);
    close_sides();
}

TEST(parts_are_put_together_within_bounds)
{
    static uint8_t data[5000];
    struct cepa_channel_id other;
    struct cepa_channel_event event;
    connect_sides(0, 3000);
    struct cepa_channel_id id = open_from(0, &plain, &other);
    for (size_t len = 2990; len < 3010; len += 5) {
        test_random_bytes(&dice, data, len);
        CHECK_INT(cepa_channels_send(sides[0], id, false, data, len), 0);
        pass_ms(1000);
        CHECK_INT(cepa_channels_next(sides[1], &event, scratch[1], 100),
                  len <= 3000 ? CEPA_CHANNEL_MESSAGE : CEPA_CHANNEL_NOTHING);
        if (len > 3000) {
            break;
        }
        CHECK_INT(event.data_len, len);
        CHECK_BYTES(event.data, data, len);
    }
    CHECK(wait_for(0, CEPA_CHANNEL_CLOSED).channel.value == id.value);
    CHECK(wait_for(1, CEPA_CHANNEL_CLOSED).channel.value == other.value);
    close_sides();
}

TEST(the_low_mark_is_told_once)
{
    static uint8_t data[16384];
    struct cepa_channel_id other;
    struct cepa_channel_event event;
    connect_sides(0, 0);
    struct cepa_channel_id id = open_from(0, &plain, &other);
    expect_nothing();
    lows = 0;
    cepa_channels_set_low_mark(sides[0], SIZE_MAX);
    while (cepa_channels_send(sides[0], id, false, data, sizeof data) == 0) {
    }
    CHECK_INT(cepa_channels_send(sides[0], id, false, data, sizeof data), CEPA_ERR_FULL);
    cepa_channels_set_low_mark(sides[0], 65536); /* counts, however high it was before */
    for (unsigned n = 0; n < 1000; n++) {
        pass_ms(CEPA_SCTP_TICK_MS);
        while (next(1, &event) == CEPA_CHANNEL_MESSAGE) {
            CHECK_INT(event.data_len, sizeof data);
        }
        CHECK_INT(next(0, &event), CEPA_CHANNEL_NOTHING);
        CHECK(lows == 0 || cepa_channels_buffered(sides[0]) <= 65536);
    }
    CHECK_INT(lows, 1); /* so it had been above */
    CHECK_INT(cepa_channels_buffered(sides[0]), 0);
    close_sides();
}

TEST(closing_is_noticed_behind_a_full_buffer)
{
    static const size_t lens[] = {1, 1000, 16384};
    static uint8_t data[16384];
    struct cepa_channel_id other;
    struct cepa_channel_event event;
    connect_sides(0, 0);
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        struct cepa_channel_id id = open_from(0, &plain, &other);
        unsigned sent = 0;
        unsigned got = 0;
        while (sent < 5000 && cepa_channels_send(sides[0], id, false, data, lens[i]) == 0) {
            sent++;
        }
        CHECK_INT(cepa_channels_close(sides[0], id), 0);
        pass_ms(5000);
        for (unsigned n = 0; n < 1000 && next(1, &event) != CEPA_CHANNEL_CLOSED;) {
            got += event.kind == CEPA_CHANNEL_MESSAGE;
            if (event.kind == CEPA_CHANNEL_NOTHING) {
                pass_ms(CEPA_SCTP_TICK_MS);
                n++;
            }
        }
        CHECK_INT(got, sent);
        CHECK_INT(event.kind, CEPA_CHANNEL_CLOSED);
        CHECK(wait_for(0, CEPA_CHANNEL_CLOSED).channel.value == id.value);
    }
    close_sides();
}

TEST(the_end_closes_all)
{
    struct cepa_channel_id other;
    struct cepa_channel_id pending;
    connect_sides(0, 0);
    (void)open_from(0, &plain, &other);
    cepa_channels_free(sides[0]);
    sides[0] = NULL;
    CHECK_INT(cepa_channels_open(sides[1], &pending, &plain), 0);
    pass_ms(100);
    CHECK(wait_for(1, CEPA_CHANNEL_CLOSED).channel.value == other.value);
    CHECK(wait_for(1, CEPA_CHANNEL_CLOSED).channel.value == pending.value);
    (void)wait_for(1, CEPA_CHANNEL_ENDED);
    expect_nothing();
    CHECK_INT(cepa_channels_open(sides[1], &pending, &plain), CEPA_ERR_STATE);
    CHECK_INT(cepa_channels_negotiate(sides[1], &pending, 3, &plain), CEPA_ERR_STATE);
    CHECK_INT(cepa_channels_send(sides[1], other, false, "x", 1), CEPA_ERR_NOT_FOUND);
    close_sides();
}

/* The other end as plain SCTP. */
static void connect_raw(void)
{
    struct cepa_sctp_message message;
    uint8_t data[64];
    size_t len;
    close_sides();
    cepa_sctp_start(test_wire_send);
    make_side(0, 0, 0);
    CHECK_INT(cepa_sctp_new(&raw, test_wire_owner(1)), 0);
    (void)wait_for(0, CEPA_CHANNEL_CONNECTED);
    pass_ms(100);
    CHECK_INT(cepa_sctp_receive(raw, &message, data, &len, sizeof data), CEPA_SCTP_UP);
}

static void send_raw(uint16_t to_stream, uint32_t ppid, const void *data, size_t data_len)
{
    const struct cepa_sctp_message message = {.stream = to_stream, .ppid = ppid};
    CHECK_INT(cepa_sctp_send(raw, &message, data, data_len), 0);
    pass_ms(300);
}

static void send_raw_open(uint16_t to_stream)
{
    uint8_t data[CEPA_DCEP_OPEN_MAX];
    size_t len;
    CHECK_INT(cepa_dcep_open_encode(data, &len, &plain), 0);
    send_raw(to_stream, CEPA_PPID_DCEP, data, len);
}

static enum cepa_sctp_kind receive_raw(struct cepa_sctp_message *message)
{
    uint8_t data[1024];
    size_t len;
    pass_ms(500);
    return cepa_sctp_receive(raw, message, data, &len, sizeof data);
}

TEST(early_messages_are_kept_within_bounds)
{
    static uint8_t data[9000];
    struct cepa_channel_event event;
    connect_raw();
    send_raw(1, CEPA_PPID_BINARY, "early", 5);
    send_raw(3, CEPA_PPID_BINARY, "other", 5);
    for (unsigned i = 0; i < 20; i++) {
        send_raw(1, CEPA_PPID_BINARY, data, sizeof data);
        CHECK_INT(next(0, &event), CEPA_CHANNEL_NOTHING);
    }
    send_raw_open(1);
    (void)wait_for(0, CEPA_CHANNEL_ACCEPTED);
    event = wait_for(0, CEPA_CHANNEL_MESSAGE);
    CHECK_INT(event.data_len, 5);
    CHECK_BYTES(event.data, "early", 5);
    for (unsigned i = 0; i < (CEPA_CHANNEL_HELD_BYTES - 10) / sizeof data; i++) {
        CHECK_INT(wait_for(0, CEPA_CHANNEL_MESSAGE).data_len, sizeof data);
    }
    CHECK_INT(next(0, &event), CEPA_CHANNEL_NOTHING);
    send_raw_open(3);
    (void)wait_for(0, CEPA_CHANNEL_ACCEPTED);
    CHECK_BYTES(wait_for(0, CEPA_CHANNEL_MESSAGE).data, "other", 5);
    close_sides();
}

TEST(a_wrong_opening_has_its_stream_reset)
{
    struct cepa_channel_event event;
    struct cepa_sctp_message message;
    connect_raw();
    send_raw_open(4); /* even streams are the client's to give */
    CHECK_INT(next(0, &event), CEPA_CHANNEL_NOTHING);
    CHECK_INT(receive_raw(&message), CEPA_SCTP_RESET);
    CHECK_INT(message.stream, 4);
    send_raw(5, CEPA_PPID_DCEP, "\3\377", 2);
    CHECK_INT(next(0, &event), CEPA_CHANNEL_NOTHING);
    CHECK_INT(receive_raw(&message), CEPA_SCTP_RESET);
    CHECK_INT(message.stream, 5);
    CHECK_INT(cepa_sctp_reset(raw, 5), 0);
    CHECK_INT(receive_raw(&message), CEPA_SCTP_RESET_DONE);
    CHECK_INT(next(0, &event), CEPA_CHANNEL_NOTHING);
    send_raw_open(5); /* now rightly */
    (void)wait_for(0, CEPA_CHANNEL_ACCEPTED);
    send_raw_open(5); /* and twice */
    CHECK_INT(next(0, &event), CEPA_CHANNEL_NOTHING);
    CHECK_INT(cepa_sctp_reset(raw, 5), 0);
    pass_ms(1000);
    (void)wait_for(0, CEPA_CHANNEL_CLOSED);
    expect_nothing();
    close_sides();
}

TEST(what_makes_no_sense_is_ignored)
{
    struct cepa_channel_event event;
    struct cepa_channel_id id;
    connect_raw();
    send_raw(1, CEPA_PPID_DCEP, "\2", 1); /* an ACK of nothing */
    send_raw(1, 52, "part", 4);           /* no longer used */
    CHECK_INT(next(0, &event), CEPA_CHANNEL_NOTHING);
    send_raw_open(1);
    (void)wait_for(0, CEPA_CHANNEL_ACCEPTED);
    send_raw(1, 52, "part", 4);
    send_raw(1, 0, "what", 4);
    send_raw(1, CEPA_PPID_DCEP, "\2", 1);
    CHECK_INT(next(0, &event), CEPA_CHANNEL_NOTHING);
    CHECK_INT(cepa_sctp_reset(raw, 9), 0); /* of nothing */
    pass_ms(500);
    CHECK_INT(next(0, &event), CEPA_CHANNEL_NOTHING);
    CHECK_INT(cepa_channels_open(sides[0], &id, &plain), 0);
    send_raw(0, CEPA_PPID_STRING_EMPTY, "\0", 1); /* any message acknowledges */
    event = wait_for(0, CEPA_CHANNEL_MESSAGE);
    CHECK_INT(event.data_len, 0);
    CHECK(event.is_string);
    (void)wait_for(0, CEPA_CHANNEL_OPENED);
    close_sides();
}

TEST(a_stream_opened_again_too_early_is_not_lost)
{
    struct cepa_sctp_message message;
    struct cepa_channel_id id;
    connect_raw();
    send_raw_open(1);
    id = wait_for(0, CEPA_CHANNEL_ACCEPTED).channel;
    CHECK_INT(receive_raw(&message), CEPA_SCTP_END); /* the ACK */
    CHECK_INT(cepa_sctp_reset(raw, 1), 0);
    pass_ms(500); /* unnoticed till now by the side, which has not reset its own direction */
    send_raw_open(1);
    send_raw(1, CEPA_PPID_STRING, "again", 5);
    CHECK(wait_for(0, CEPA_CHANNEL_CLOSED).channel.value == id.value);
    CHECK(wait_for(0, CEPA_CHANNEL_ACCEPTED).channel.value != id.value);
    CHECK_BYTES(wait_for(0, CEPA_CHANNEL_MESSAGE).data, "again", 5);
    close_sides();
}

TEST(resets_of_a_peer_drop_what_was_held)
{
    connect_raw();
    send_raw(1, CEPA_PPID_BINARY, "early", 5);
    CHECK_INT(cepa_sctp_reset(raw, 1), 0);
    settle(0);
    send_raw_open(1);
    (void)wait_for(0, CEPA_CHANNEL_ACCEPTED);
    settle(0);
    close_sides();
}

TEST_MAIN(RUN(channels_open_in_band_from_either_side),
          RUN(channels_may_be_opened_before_the_association), RUN(messages_of_all_kinds_and_sizes),
          RUN(losses_are_made_good), RUN(negotiated_channels_say_nothing),
          RUN(messages_wait_for_a_negotiated_channel),
          RUN(closing_goes_both_ways_and_streams_are_used_again), RUN(streams_run_out),
          RUN(what_is_too_long_is_refused_at_both_ends), RUN(parts_are_put_together_within_bounds),
          RUN(the_low_mark_is_told_once), RUN(closing_is_noticed_behind_a_full_buffer),
          RUN(the_end_closes_all), RUN(early_messages_are_kept_within_bounds),
          RUN(a_wrong_opening_has_its_stream_reset), RUN(what_makes_no_sense_is_ignored),
          RUN(a_stream_opened_again_too_early_is_not_lost),
          RUN(resets_of_a_peer_drop_what_was_held))
