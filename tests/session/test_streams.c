/* Streams of a session: many messages, back-pressure, giving up, and peers that break the rules.
 * @[SPEC 13.3], @[SPEC 13.4] */
#include <string.h>

#include "session/session.h"
#include "support/session_pair.h"
#include "support/test.h"

#define MS CEPA_MILLISECOND_NS

enum { STUCK = 6 }; /* streams that nobody reads */

static const struct session_line line = {.delay_ns = 5 * MS, .interval_ns = 50000};

static struct session_pair pair;

static void begin(uint64_t seed)
{
    struct cepa_session_limits limits = cepa_session_limits_tab();
    session_pair_init(&pair, &limits, seed);
    session_pair_open(&pair, 0, CEPA_SESSION_ACTIVE, &line);
}

static void end(void)
{
    CHECK_INT(pair.error, 0);
    session_pair_free(&pair);
}

/* Lets time pass and throws events away, but for the first of `kind` at `which` end. */
static bool wait_for(unsigned which, enum cepa_session_event_kind kind,
                     struct cepa_session_event *ret_event, uint64_t duration_ns)
{
    uint64_t until_ns = pair.now.ns + duration_ns;
    bool goes_on = true;
    while (goes_on) {
        struct cepa_session_event event = {0};
        while (cepa_session_next(pair.ends[1 - which], &event) == 0) {
        }
        while (cepa_session_next(pair.ends[which], &event) == 0) {
            if (event.kind == kind) {
                *ret_event = event;
                return true;
            }
        }
        goes_on = session_pair_step(&pair, until_ns);
    }
    return false;
}

static void pass(uint64_t duration_ns)
{
    uint64_t until_ns = pair.now.ns + duration_ns;
    while (session_pair_step(&pair, until_ns)) {
    }
}

static void write_all(unsigned which, struct cepa_stream stream, const void *data, size_t len,
                      bool is_end)
{
    size_t taken;
    CHECK_INT(cepa_session_write(pair.ends[which], &taken, stream, data, len, is_end), 0);
    CHECK_INT(taken, len);
}

TEST(both_ends_talk_on_one_stream)
{
    struct cepa_session_event event = {0};
    struct cepa_stream stream;
    uint8_t data[16];
    size_t len;
    bool is_end;
    begin(1);
    CHECK_INT(cepa_session_open(pair.ends[1], &stream, false), 0);
    write_all(1, stream, "question", 8, true);
    CHECK(wait_for(0, CEPA_SESSION_OPENED, &event, CEPA_SECOND_NS));
    CHECK(!event.is_one_way);
    struct cepa_stream other = event.stream;
    CHECK_INT(cepa_session_read(pair.ends[0], data, &len, &is_end, sizeof data, other, pair.now),
              0);
    CHECK_INT(len, 8);
    CHECK(is_end);
    CHECK_BYTES(data, "question", 8);
    CHECK_INT(cepa_session_read(pair.ends[0], data, &len, &is_end, sizeof data, other, pair.now),
              CEPA_ERR_STATE);
    write_all(0, other, "answer", 6, true);
    CHECK(wait_for(1, CEPA_SESSION_READABLE, &event, CEPA_SECOND_NS));
    CHECK_INT(cepa_session_read(pair.ends[1], data, &len, &is_end, 3, stream, pair.now), 0);
    CHECK_INT(len, 3);
    CHECK(!is_end);
    CHECK_INT(cepa_session_read(pair.ends[1], data + 3, &len, &is_end, 13, stream, pair.now), 0);
    CHECK_INT(len, 3);
    CHECK(is_end);
    CHECK_BYTES(data, "answer", 6);
    CHECK(wait_for(0, CEPA_SESSION_DELIVERED, &event, CEPA_SECOND_NS));
    CHECK_INT(cepa_session_write(pair.ends[0], &len, other, data, 1, false), CEPA_ERR_NOT_FOUND);
    end();
}

TEST(the_control_stream_is_there_from_the_start)
{
    struct cepa_session_event event = {0};
    uint8_t data[8];
    size_t len;
    bool is_end;
    begin(2);
    write_all(0, cepa_session_control(pair.ends[0]), "to", 2, false);
    write_all(1, cepa_session_control(pair.ends[1]), "fro", 3, false);
    CHECK(wait_for(1, CEPA_SESSION_READABLE, &event, CEPA_SECOND_NS));
    CHECK_INT(event.stream.handle.generation, cepa_session_control(pair.ends[1]).handle.generation);
    CHECK_INT(cepa_session_read(pair.ends[1], data, &len, &is_end, 8, event.stream, pair.now), 0);
    CHECK_INT(len, 2);
    pass(CEPA_SECOND_NS);
    CHECK_INT(cepa_session_read(pair.ends[0], data, &len, &is_end, 8,
                                cepa_session_control(pair.ends[0]), pair.now),
              0);
    CHECK_INT(len, 3);
    end();
}

/* Each message is a stream of its own; they come in any order, all of them, once. */
TEST(ten_thousand_messages_arrive_once)
{
    enum { MESSAGES = 10000, LEN = 1000 };
    static uint8_t seen[MESSAGES];
    static uint8_t message[LEN];
    uint32_t sent = 0;
    uint32_t received = 0;
    uint64_t until_ns;
    bool goes_on = true;
    begin(3);
    pair.lines[0].loss_thousandths = 10;
    pair.lines[0].jitter_ns = MS;
    memset(seen, 0, sizeof seen);
    until_ns = pair.now.ns + 100 * CEPA_SECOND_NS;
    while (goes_on && received < MESSAGES) {
        struct cepa_session_event event = {0};
        struct cepa_stream stream;
        while (sent < MESSAGES && cepa_session_open(pair.ends[0], &stream, true) == 0) {
            memcpy(message, &sent, sizeof sent);
            write_all(0, stream, message, LEN, true);
            sent++;
        }
        goes_on = session_pair_step(&pair, until_ns);
        while (cepa_session_next(pair.ends[0], &event) == 0) {
        }
        while (cepa_session_next(pair.ends[1], &event) == 0) {
            uint8_t got[LEN + 1];
            size_t len;
            bool is_end;
            uint32_t number;
            if (event.kind != CEPA_SESSION_READABLE) {
                continue;
            }
            CHECK_INT(cepa_session_read(pair.ends[1], got, &len, &is_end, sizeof got, event.stream,
                                        pair.now),
                      0);
            CHECK_INT(len, LEN);
            CHECK(is_end);
            memcpy(&number, got, sizeof number);
            CHECK(number < MESSAGES && seen[number] == 0);
            seen[number] = 1;
            received++;
        }
    }
    CHECK_INT(received, MESSAGES);
    test_note("%.0f a second", MESSAGES / ((double)(pair.now.ns - CEPA_SECOND_NS) / 1e9));
    end();
}

TEST(a_stream_that_is_never_read_stops_only_itself)
{
    static uint8_t data[65536];
    struct cepa_session_event event = {0};
    struct cepa_session_status status;
    struct cepa_stream stuck;
    struct cepa_stream other;
    size_t taken = 1;
    begin(4);
    for (unsigned k = 0; k < STUCK; k++) {
        CHECK_INT(cepa_session_open(pair.ends[0], &stuck, true), 0);
        for (unsigned i = 0; i < 100; i++) {
            CHECK_INT(cepa_session_write(pair.ends[0], &taken, stuck, data, sizeof data, false), 0);
        }
        CHECK_INT(taken, 0);
    }
    CHECK_INT(cepa_session_open(pair.ends[0], &other, true), 0);
    pass(CEPA_SECOND_NS);
    cepa_session_status_get(&status, pair.ends[1]);
    CHECK_INT(status.receive_segments, STUCK * CEPA_SESSION_WINDOW_FIRST);
    while (cepa_session_next(pair.ends[1], &event) == 0) {
    }
    write_all(0, other, "through", 7, true);
    CHECK(wait_for(1, CEPA_SESSION_READABLE, &event, CEPA_SECOND_NS));
    CHECK(event.stream.handle.generation != 0);
    size_t len;
    bool is_end;
    CHECK_INT(
        cepa_session_read(pair.ends[1], data, &len, &is_end, sizeof data, event.stream, pair.now),
        0);
    CHECK_INT(len, 7);
    end();
}

TEST(a_writer_that_found_no_room_is_told_of_it)
{
    static uint8_t data[65536];
    struct cepa_session_event event = {0};
    struct cepa_stream stream;
    struct cepa_stream in;
    size_t taken = sizeof data;
    begin(5);
    CHECK_INT(cepa_session_open(pair.ends[0], &stream, true), 0);
    while (taken == sizeof data) {
        CHECK_INT(cepa_session_write(pair.ends[0], &taken, stream, data, sizeof data, false), 0);
    }
    CHECK(wait_for(1, CEPA_SESSION_OPENED, &event, CEPA_SECOND_NS));
    in = event.stream;
    bool is_told = false;
    for (unsigned i = 0; i < 1000 && !is_told; i++) {
        size_t len;
        bool is_end;
        CHECK_INT(cepa_session_read(pair.ends[1], data, &len, &is_end, sizeof data, in, pair.now),
                  0);
        pass(MS);
        while (cepa_session_next(pair.ends[0], &event) == 0) {
            is_told |= event.kind == CEPA_SESSION_WRITABLE;
        }
    }
    CHECK(is_told);
    end();
}

TEST(a_reset_reaches_the_reader)
{
    struct cepa_session_event event = {0};
    struct cepa_session_status status;
    struct cepa_stream stream;
    uint8_t data[8];
    size_t len;
    bool is_end;
    begin(6);
    CHECK_INT(cepa_session_open(pair.ends[0], &stream, true), 0);
    write_all(0, stream, "half", 4, false);
    CHECK(wait_for(1, CEPA_SESSION_OPENED, &event, CEPA_SECOND_NS));
    cepa_session_reset(pair.ends[0], stream, 7);
    struct cepa_stream in = event.stream;
    CHECK_INT(cepa_session_write(pair.ends[0], &len, stream, data, 1, false), CEPA_ERR_STATE);
    pass(CEPA_SECOND_NS);
    CHECK_INT(cepa_session_read(pair.ends[1], data, &len, &is_end, sizeof data, in, pair.now),
              CEPA_ERR_DROPPED);
    while (cepa_session_next(pair.ends[1], &event) == 0) {
    }
    pass(CEPA_SECOND_NS);
    for (unsigned which = 0; which < 2; which++) {
        cepa_session_status_get(&status, pair.ends[which]);
        CHECK_INT(status.streams, 1);
        CHECK_INT(status.send_segments, 0);
        CHECK_INT(status.receive_segments, 0);
    }
    end();
}

TEST(a_stop_reaches_the_writer)
{
    static uint8_t data[65536];
    struct cepa_session_event event = {0};
    struct cepa_session_status status;
    struct cepa_stream stream;
    size_t taken;
    begin(7);
    CHECK_INT(cepa_session_open(pair.ends[0], &stream, true), 0);
    CHECK_INT(cepa_session_write(pair.ends[0], &taken, stream, data, sizeof data, false), 0);
    CHECK(wait_for(1, CEPA_SESSION_OPENED, &event, CEPA_SECOND_NS));
    cepa_session_stop(pair.ends[1], event.stream, 9);
    CHECK(wait_for(0, CEPA_SESSION_STOPPED, &event, CEPA_SECOND_NS));
    CHECK_INT(event.code, 9);
    pass(CEPA_SECOND_NS);
    for (unsigned which = 0; which < 2; which++) {
        while (cepa_session_next(pair.ends[which], &event) == 0) {
        }
        cepa_session_status_get(&status, pair.ends[which]);
        CHECK_INT(status.streams, 1);
        CHECK_INT(status.send_segments, 0);
    }
    end();
}

TEST(no_more_streams_are_opened_than_permitted)
{
    struct cepa_session_event event = {0};
    struct cepa_stream stream = {{0}};
    struct cepa_session_limits limits = cepa_session_limits_tab();
    begin(8);
    pass(CEPA_SECOND_NS);
    for (uint32_t i = 1; i < limits.streams; i++) { /* the control stream is one */
        CHECK_INT(cepa_session_open(pair.ends[0], &stream, true), 0);
    }
    CHECK_INT(cepa_session_open(pair.ends[0], &stream, true), CEPA_ERR_FULL);
    cepa_session_reset(pair.ends[0], stream, 0);
    pass(CEPA_SECOND_NS);
    while (cepa_session_next(pair.ends[1], &event) == 0) {
        uint8_t byte;
        size_t len;
        bool is_end;
        if (event.kind == CEPA_SESSION_READABLE) {
            CHECK_INT(
                cepa_session_read(pair.ends[1], &byte, &len, &is_end, 1, event.stream, pair.now),
                CEPA_ERR_DROPPED);
        }
    }
    CHECK(wait_for(0, CEPA_SESSION_ROOM, &event, CEPA_SECOND_NS));
    CHECK_INT(cepa_session_open(pair.ends[0], &stream, true), 0);
    end();
}

TEST(datagrams_come_or_are_lost)
{
    uint8_t data[CEPA_SESSION_DATAGRAM_MAX] = {1, 2, 3};
    uint8_t got[CEPA_SESSION_DATAGRAM_MAX];
    size_t len;
    begin(9);
    CHECK_INT(cepa_session_send_datagram(pair.ends[0], data, sizeof data + 1), CEPA_ERR_TOO_LONG);
    CHECK_INT(cepa_session_send_datagram(pair.ends[0], data, sizeof data), 0);
    CHECK_INT(cepa_session_send_datagram(pair.ends[0], data, 3), 0);
    pass(CEPA_SECOND_NS);
    CHECK_INT(cepa_session_read_datagram(pair.ends[1], got, &len), 0);
    CHECK_INT(len, sizeof data);
    CHECK_BYTES(got, data, sizeof data);
    CHECK_INT(cepa_session_read_datagram(pair.ends[1], got, &len), 0);
    CHECK_INT(len, 3);
    CHECK_INT(cepa_session_read_datagram(pair.ends[1], got, &len), CEPA_ERR_NOT_FOUND);
    for (unsigned i = 0; i < cepa_session_limits_tab().datagrams; i++) {
        CHECK_INT(cepa_session_send_datagram(pair.ends[0], data, 3), 0);
    }
    CHECK_INT(cepa_session_send_datagram(pair.ends[0], data, 3), CEPA_ERR_FULL);
    end();
}

TEST(closing_tells_the_other_end)
{
    struct cepa_session_event event = {0};
    begin(10);
    cepa_session_close(pair.ends[0], 5);
    CHECK(wait_for(1, CEPA_SESSION_CLOSED, &event, CEPA_SECOND_NS));
    CHECK_INT(event.code, 5);
    end();
}

/* --- peers that break the rules --------------------------------------------------------------- */

static int receive(const struct cepa_session_frame *frames, size_t frames_len, uint64_t number)
{
    uint8_t plain[CEPA_SESSION_PLAIN_SIZE];
    struct cepa_writer writer;
    cepa_writer_init(&writer, plain, sizeof plain);
    for (size_t i = 0; i < frames_len; i++) {
        CHECK_INT(cepa_session_frame_encode(&writer, &frames[i]), 0);
    }
    cepa_writer_zeros(&writer, cepa_writer_left(&writer));
    return cepa_session_receive(pair.ends[1], 0, number, plain, pair.now);
}

TEST(what_breaks_the_rules_is_refused)
{
    static const uint8_t data[4] = {1, 2, 3, 4};
    static const struct {
        struct cepa_session_frame frames[2];
        int want;
    } rows[] = {
        /* beyond the window; beyond the streams; a stream of this end's that is not open */
        {{{.kind = CEPA_SESSION_FRAME_SEGMENT,
           .stream = 4,
           .number = 16,
           .data = data,
           .data_len = 4}},
         CEPA_ERR_TOO_LONG},
        {{{.kind = CEPA_SESSION_FRAME_SEGMENT, .stream = 4000, .data = data, .data_len = 4}},
         CEPA_ERR_TOO_LONG},
        {{{.kind = CEPA_SESSION_FRAME_WINDOW, .stream = 1, .number = 99}}, CEPA_ERR_STATE},
        /* two ends; data behind the end; nothing at all */
        {{{.kind = CEPA_SESSION_FRAME_SEGMENT, .stream = 4, .number = 3, .is_end = true},
          {.kind = CEPA_SESSION_FRAME_SEGMENT, .stream = 4, .number = 2, .is_end = true}},
         CEPA_ERR_STATE},
        {{{.kind = CEPA_SESSION_FRAME_SEGMENT, .stream = 4, .number = 3, .is_end = true},
          {.kind = CEPA_SESSION_FRAME_SEGMENT,
           .stream = 4,
           .number = 4,
           .data = data,
           .data_len = 4}},
         CEPA_ERR_STATE},
        {{{.kind = CEPA_SESSION_FRAME_SEGMENT, .stream = 4, .number = 3}}, CEPA_ERR_STATE},
        /* the same stream both ways and one way */
        {{{.kind = CEPA_SESSION_FRAME_SEGMENT, .stream = 4, .data = data, .data_len = 4},
          {.kind = CEPA_SESSION_FRAME_SEGMENT,
           .stream = 6,
           .number = 1,
           .data = data,
           .data_len = 4}},
         CEPA_ERR_STATE},
        /* an answer to what was never sent */
        {{{.kind = CEPA_SESSION_FRAME_ACK, .largest = 77}}, CEPA_ERR_STATE},
        /* and what is allowed: a path that is gone, a stream between others, repetition */
        {{{.kind = CEPA_SESSION_FRAME_ACK, .path = 3, .largest = 77}}, 0},
        {{{.kind = CEPA_SESSION_FRAME_SEGMENT, .stream = 20, .data = data, .data_len = 4},
          {.kind = CEPA_SESSION_FRAME_SEGMENT, .stream = 8, .data = data, .data_len = 4}},
         0},
        {{{.kind = CEPA_SESSION_FRAME_SEGMENT, .stream = 4, .data = data, .data_len = 4},
          {.kind = CEPA_SESSION_FRAME_SEGMENT, .stream = 4, .data = data, .data_len = 4}},
         0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t len = rows[i].frames[1].kind == CEPA_SESSION_FRAME_END ? 1 : 2;
        begin(20 + i);
        CHECK_INT(receive(rows[i].frames, len, 5), rows[i].want);
        CHECK_INT(receive(rows[i].frames, len, 5), CEPA_ERR_REPLAY);
        end();
    }
}

TEST(an_unknown_path_is_not_found)
{
    static const uint8_t plain[CEPA_SESSION_PLAIN_SIZE] = {0};
    uint64_t number;
    uint8_t out[CEPA_SESSION_PLAIN_SIZE];
    begin(40);
    CHECK_INT(cepa_session_receive(pair.ends[0], 4, 0, plain, pair.now), CEPA_ERR_NOT_FOUND);
    CHECK_INT(cepa_session_pull(pair.ends[0], &number, out, 4, pair.now), CEPA_ERR_NOT_FOUND);
    CHECK_INT(cepa_session_path_open(pair.ends[0], 0, CEPA_SESSION_ACTIVE, pair.now),
              CEPA_ERR_IN_USE);
    for (uint32_t path = 1; path < CEPA_SESSION_PATHS_MAX; path++) {
        CHECK_INT(cepa_session_path_open(pair.ends[0], path, CEPA_SESSION_STANDBY, pair.now), 0);
    }
    CHECK_INT(cepa_session_path_open(pair.ends[0], 9, CEPA_SESSION_ACTIVE, pair.now),
              CEPA_ERR_FULL);
    end();
}

TEST_MAIN(RUN(both_ends_talk_on_one_stream), RUN(the_control_stream_is_there_from_the_start),
          RUN(ten_thousand_messages_arrive_once),
          RUN(a_stream_that_is_never_read_stops_only_itself),
          RUN(a_writer_that_found_no_room_is_told_of_it), RUN(a_reset_reaches_the_reader),
          RUN(a_stop_reaches_the_writer), RUN(no_more_streams_are_opened_than_permitted),
          RUN(datagrams_come_or_are_lost), RUN(closing_tells_the_other_end),
          RUN(what_breaks_the_rules_is_refused), RUN(an_unknown_path_is_not_found))
