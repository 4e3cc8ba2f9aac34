/* SCTP between two associations in one process: messages of all sizes both ways, loss, limits,
 * resets, and what is wrong. */
#include <stdio.h>
#include <string.h>

#include "base/endian.h"
#include "native/webrtc/crc32c.h"
#include "native/webrtc/sctp.h"
#include "support/packet_wire.h"
#include "support/random.h"
#include "support/test.h"
#include "support/wall_clock.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IS_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define IS_SANITIZED 1
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED 0
#endif

enum { ENDS_MAX = 600 };

static struct cepa_sctp *ends[ENDS_MAX];
static unsigned resets_done;
static struct test_random dice = {7};

/* Carries all packets under way, and those that they bring about. */
static void carry(void)
{
    struct test_packet packet;
    for (unsigned n = 0; n < 100000 && test_wire_take(&packet); n++) {
        if (ends[packet.to] != NULL) {
            cepa_sctp_receive_packet(ends[packet.to], packet.bytes, packet.len);
        }
    }
}

static void pass_ms(unsigned ms)
{
    for (unsigned i = 0; i < ms; i += CEPA_SCTP_TICK_MS) {
        test_wall_clock_pass_ms(CEPA_SCTP_TICK_MS); /* packets' ages are read from there */
        cepa_sctp_tick(test_wall_clock_time());
        carry();
    }
}

/* Fetches the next thing but the news that an association is up or a reset of ours done. */
static enum cepa_sctp_kind fetch(size_t end, struct cepa_sctp_message *message, uint8_t *data,
                                 size_t *len, size_t capacity)
{
    enum cepa_sctp_kind kind;
    do {
        *len = 0;
        kind = cepa_sctp_receive(ends[end], message, data, len, capacity);
        resets_done += kind == CEPA_SCTP_RESET_DONE;
    } while (kind == CEPA_SCTP_UP || kind == CEPA_SCTP_RESET_DONE);
    return kind;
}

static void close_ends(void)
{
    for (size_t i = 0; i < ENDS_MAX; i++) {
        cepa_sctp_free(ends[i]);
        ends[i] = NULL;
    }
    test_wire_clear();
    cepa_sctp_stop();
}

static void start(void)
{
    close_ends(); /* of a test that failed */
    resets_done = 0;
    cepa_sctp_start(test_wire_send);
}

/* Opens both ends of a pair. */
static void open_pair(size_t first)
{
    struct cepa_sctp_message message;
    uint8_t data[256];
    size_t len;
    for (size_t i = first; i < first + 2; i++) {
        CHECK_INT(cepa_sctp_new(&ends[i], test_wire_owner(i)), 0);
        CHECK_INT(cepa_sctp_state_of(ends[i]), CEPA_SCTP_CONNECTING);
    }
    for (unsigned n = 0; n < 1000 && (cepa_sctp_state_of(ends[first]) != CEPA_SCTP_OPEN ||
                                      cepa_sctp_state_of(ends[first + 1]) != CEPA_SCTP_OPEN);
         n++) {
        pass_ms(CEPA_SCTP_TICK_MS);
        CHECK_INT(fetch(first, &message, data, &len, sizeof data), CEPA_SCTP_NOTHING);
        CHECK_INT(fetch(first + 1, &message, data, &len, sizeof data), CEPA_SCTP_NOTHING);
    }
    CHECK_INT(cepa_sctp_state_of(ends[first]), CEPA_SCTP_OPEN);
    CHECK_INT(cepa_sctp_state_of(ends[first + 1]), CEPA_SCTP_OPEN);
}

static void open_ends(void)
{
    start();
    open_pair(0);
}

/* Sends a message and fetches it at the other end, while time passes as it must. */
static void exchange(size_t from, const struct cepa_sctp_message *message, size_t len)
{
    static uint8_t sent[CEPA_SCTP_MESSAGE_MAX];
    static uint8_t got[CEPA_SCTP_MESSAGE_MAX];
    struct cepa_sctp_message head;
    size_t got_len = 0;
    test_random_bytes(&dice, sent, len);
    CHECK_INT(cepa_sctp_send(ends[from], message, sent, len), 0);
    CHECK(cepa_sctp_buffered(ends[from]) > 0);
    for (unsigned n = 0; n < 3000; n++) {
        size_t part_len;
        enum cepa_sctp_kind kind =
            fetch(1 - from, &head, got + got_len, &part_len, sizeof got - got_len);
        got_len += part_len;
        if (kind == CEPA_SCTP_END) {
            break;
        }
        if (kind == CEPA_SCTP_NOTHING) {
            pass_ms(CEPA_SCTP_TICK_MS);
        }
    }
    CHECK_INT(got_len, len);
    CHECK_BYTES(got, sent, len);
    CHECK_INT(head.stream, message->stream);
    CHECK_INT(head.ppid, message->ppid);
    CHECK_INT(head.is_unordered, message->is_unordered);
}

/* A right checksum for a packet that was changed. */
static void sign(uint8_t *packet, size_t packet_len)
{
    memset(packet + 8, 0, 4);
    cepa_le32_store(packet + 8, cepa_crc32c(0, packet, packet_len));
}

TEST(messages_of_all_sizes_go_both_ways)
{
    static const size_t lens[] = {1, 2, 1128, 1129, 16384, 65536, CEPA_SCTP_MESSAGE_MAX};
    open_ends();
    for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
        const struct cepa_sctp_message message = {
            .stream = (uint16_t)(i % CEPA_SCTP_STREAMS), .ppid = 53, .is_unordered = i % 2 == 1};
        exchange(0, &message, lens[i]);
        exchange(1, &message, lens[i]);
    }
    pass_ms(500);
    CHECK_INT(cepa_sctp_buffered(ends[0]), 0);
    close_ends();
}

TEST(losses_are_made_good)
{
    open_ends();
    test_wire_lose(5);
    for (size_t i = 0; i < 30; i++) {
        const struct cepa_sctp_message message = {.stream = 1, .ppid = 51};
        exchange(i % 2, &message, 1 + i * 700);
    }
    close_ends();
}

TEST(a_reader_that_does_not_read_holds_the_sender_back)
{
    static uint8_t data[16384];
    const struct cepa_sctp_message message = {.stream = 3, .ppid = 53};
    struct cepa_sctp_message head;
    unsigned sent = 0;
    unsigned got = 0;
    size_t len;
    int error = 0;
    open_ends();
    while (error == 0 && sent < 1000) {
        error = cepa_sctp_send(ends[0], &message, data, sizeof data);
        sent += error == 0;
        pass_ms(CEPA_SCTP_TICK_MS);
    }
    CHECK_INT(error, CEPA_ERR_FULL);
    CHECK(sent >= 64 && sent < 400); /* two buffers of a MiB and what is under way */
    for (unsigned n = 0; n < 5000 && got < sent; n++) {
        enum cepa_sctp_kind kind = fetch(1, &head, data, &len, sizeof data);
        got += kind == CEPA_SCTP_END;
        if (kind == CEPA_SCTP_NOTHING) {
            pass_ms(CEPA_SCTP_TICK_MS);
        }
    }
    CHECK_INT(got, sent);
    close_ends();
}

TEST(messages_may_be_given_up)
{
    uint8_t data[64] = {0};
    struct cepa_sctp_message message = {
        .stream = 2, .ppid = 53, .is_unordered = true, .is_limited = true, .limit = 0};
    struct cepa_sctp_message head;
    size_t len;
    open_ends();
    test_wire_lose(100);
    CHECK_INT(cepa_sctp_send(ends[0], &message, data, sizeof data), 0);
    carry();
    test_wire_lose(0);
    pass_ms(3000);
    CHECK_INT(fetch(1, &head, data, &len, sizeof data), CEPA_SCTP_NOTHING);
    message.is_limited = false;
    exchange(0, &message, 5);
    close_ends();
}

TEST(a_reset_arrives_behind_the_data)
{
    uint8_t data[64] = {9};
    const struct cepa_sctp_message message = {.stream = 4, .ppid = 53};
    struct cepa_sctp_message head;
    size_t len;
    open_ends();
    CHECK_INT(cepa_sctp_send(ends[0], &message, data, sizeof data), 0);
    CHECK_INT(cepa_sctp_reset(ends[0], 4), 0);
    pass_ms(1000);
    CHECK_INT(fetch(1, &head, data, &len, sizeof data), CEPA_SCTP_END);
    CHECK_INT(fetch(1, &head, data, &len, sizeof data), CEPA_SCTP_RESET);
    CHECK_INT(head.stream, 4);
    CHECK_INT(fetch(1, &head, data, &len, sizeof data), CEPA_SCTP_NOTHING);
    exchange(0, &message, 10); /* the stream can be used again */
    CHECK_INT(cepa_sctp_reset(ends[0], CEPA_SCTP_STREAMS), CEPA_ERR_ARGUMENT);
    close_ends();
}

TEST(the_end_is_noticed)
{
    uint8_t data[64];
    struct cepa_sctp_message head;
    size_t len;
    const struct cepa_sctp_message message = {.stream = 1, .ppid = 53};
    open_ends();
    cepa_sctp_free(ends[0]);
    ends[0] = NULL;
    carry();
    CHECK_INT(fetch(1, &head, data, &len, sizeof data), CEPA_SCTP_NOTHING);
    CHECK_INT(cepa_sctp_state_of(ends[1]), CEPA_SCTP_CLOSED);
    CHECK_INT(cepa_sctp_send(ends[1], &message, data, 1), CEPA_ERR_STATE);
    close_ends();
}

TEST(what_does_not_fit_is_refused)
{
    static uint8_t data[CEPA_SCTP_MESSAGE_MAX + 1];
    struct cepa_sctp_message message = {.stream = 0, .ppid = 53};
    open_ends();
    CHECK_INT(cepa_sctp_send(ends[0], &message, data, 0), CEPA_ERR_LENGTH);
    CHECK_INT(cepa_sctp_send(ends[0], &message, data, sizeof data), CEPA_ERR_LENGTH);
    message.stream = CEPA_SCTP_STREAMS;
    CHECK_INT(cepa_sctp_send(ends[0], &message, data, 1), CEPA_ERR_ARGUMENT);
    close_ends();
}

TEST(noise_is_dropped)
{
    static uint8_t noise[1500];
    const struct cepa_sctp_message message = {.stream = 0, .ppid = 53};
    open_ends();
    for (size_t i = 0; i < 3000; i++) {
        size_t len = i % sizeof noise;
        test_random_bytes(&dice, noise, len);
        if (i % 2 == 0 && len >= 12) { /* a right checksum gets it into the library */
            sign(noise, len);
        }
        cepa_sctp_receive_packet(ends[1], noise, len);
    }
    carry();
    exchange(0, &message, 100);
    close_ends();
}

TEST(a_message_beyond_the_room_arrives_in_parts)
{
    static uint8_t sent[100000];
    static uint8_t got[100000];
    const struct cepa_sctp_message message = {.stream = 5, .ppid = 53};
    struct cepa_sctp_message head;
    size_t got_len = 0;
    size_t len;
    open_ends();
    test_random_bytes(&dice, sent, sizeof sent);
    CHECK_INT(cepa_sctp_send(ends[0], &message, sent, sizeof sent), 0);
    pass_ms(2000);
    while (got_len < sizeof got) {
        size_t room = sizeof got - got_len < 7001 ? sizeof got - got_len : 7001;
        enum cepa_sctp_kind kind = fetch(1, &head, got + got_len, &len, room);
        got_len += len;
        CHECK_INT(kind, got_len == sizeof got ? CEPA_SCTP_END : CEPA_SCTP_PART);
        CHECK_INT(head.stream, 5);
    }
    CHECK_BYTES(got, sent, sizeof got);
    CHECK_INT(fetch(1, &head, got, &len, sizeof got), CEPA_SCTP_NOTHING);
    close_ends();
}

TEST(streams_do_not_mix)
{
    static uint8_t data[40000];
    static uint8_t got[40000];
    unsigned counts[CEPA_SCTP_STREAMS] = {0};
    struct cepa_sctp_message message = {.ppid = 53};
    unsigned total = 0;
    size_t len;
    open_ends();
    test_wire_lose(2);
    for (unsigned i = 0; i < 20; i++) {
        message.stream = (uint16_t)(i % 4);
        memset(data, (int)i, sizeof data);
        CHECK_INT(cepa_sctp_send(ends[0], &message, data, 10000 + i * 1000), 0);
    }
    for (unsigned n = 0; n < 6000 && total < 20; n++) {
        enum cepa_sctp_kind kind = fetch(1, &message, got, &len, sizeof got);
        if (kind == CEPA_SCTP_NOTHING) {
            pass_ms(CEPA_SCTP_TICK_MS);
            continue;
        }
        unsigned i = counts[message.stream]++ * 4 + message.stream;
        CHECK_INT(kind, CEPA_SCTP_END);
        CHECK_INT(len, 10000 + i * 1000);
        memset(data, (int)i, len);
        CHECK_BYTES(got, data, len);
        total++;
    }
    CHECK_INT(total, 20);
    close_ends();
}

TEST(both_sides_may_end_at_once)
{
    const struct cepa_sctp_message message = {.stream = 1, .ppid = 53};
    uint8_t data[64] = {0};
    open_ends();
    CHECK_INT(cepa_sctp_send(ends[0], &message, data, sizeof data), 0);
    CHECK_INT(cepa_sctp_send(ends[1], &message, data, sizeof data), 0);
    cepa_sctp_free(ends[0]);
    cepa_sctp_free(ends[1]);
    ends[0] = NULL;
    ends[1] = NULL;
    pass_ms(1000);
    open_pair(0); /* and begin again */
    exchange(0, &message, 3000);
    close_ends();
}

TEST(packets_for_a_freed_association_do_no_harm)
{
    static struct test_packet late[64];
    const struct cepa_sctp_message message = {.stream = 1, .ppid = 53};
    static uint8_t data[16384];
    size_t late_len = 0;
    open_ends();
    CHECK_INT(cepa_sctp_send(ends[0], &message, data, sizeof data), 0);
    while (late_len < 60 && test_wire_take(&late[late_len])) {
        late_len++;
    }
    CHECK(late_len >= 3);
    cepa_sctp_free(ends[0]);
    cepa_sctp_free(ends[1]);
    while (late_len < 64 && test_wire_take(&late[late_len])) {
        late_len++; /* the ABORTs */
    }
    open_pair(0); /* in the same places */
    for (size_t i = 0; i < late_len; i++) {
        cepa_sctp_receive_packet(ends[late[i].to], late[i].bytes, late[i].len);
    }
    pass_ms(500);
    exchange(0, &message, 3000);
    exchange(1, &message, 3000);
    close_ends();
}

TEST(messages_live_for_their_time)
{
    static uint8_t data[3000];
    struct cepa_sctp_message message = {
        .stream = 2, .ppid = 53, .is_limited = true, .by_lifetime = true, .limit = 300};
    struct cepa_sctp_message head;
    size_t len;
    open_ends();
    test_wire_lose(100);
    CHECK_INT(cepa_sctp_send(ends[0], &message, data, sizeof data), 0);
    pass_ms(600);
    test_wire_lose(0);
    pass_ms(3000);
    CHECK_INT(fetch(1, &head, data, &len, sizeof data), CEPA_SCTP_NOTHING);
    CHECK_INT(cepa_sctp_buffered(ends[0]), 0);
    test_wire_lose(100);
    message.limit = 5000;
    CHECK_INT(cepa_sctp_send(ends[0], &message, data, sizeof data), 0);
    pass_ms(600);
    test_wire_lose(0);
    pass_ms(3000);
    CHECK_INT(fetch(1, &head, data, &len, sizeof data), CEPA_SCTP_END);
    CHECK_INT(len, sizeof data);
    close_ends();
}

TEST(both_sides_may_reset_at_once)
{
    const struct cepa_sctp_message message = {.stream = 7, .ppid = 53};
    struct cepa_sctp_message head;
    uint8_t data[64];
    size_t len;
    open_ends();
    for (unsigned round = 0; round < 5; round++) {
        exchange(0, &message, 50);
        exchange(1, &message, 50);
        pass_ms(500);
        resets_done = 0;
        CHECK_INT(cepa_sctp_reset(ends[0], 7), 0);
        CHECK_INT(cepa_sctp_reset(ends[0], 9), 0);
        CHECK_INT(cepa_sctp_reset(ends[1], 7), 0);
        pass_ms(2000);
        CHECK_INT(fetch(0, &head, data, &len, sizeof data), CEPA_SCTP_RESET);
        CHECK_INT(head.stream, 7);
        CHECK_INT(fetch(0, &head, data, &len, sizeof data), CEPA_SCTP_NOTHING);
        CHECK_INT(fetch(1, &head, data, &len, sizeof data), CEPA_SCTP_RESET);
        CHECK_INT(head.stream, 7);
        CHECK_INT(fetch(1, &head, data, &len, sizeof data), CEPA_SCTP_RESET);
        CHECK_INT(head.stream, 9);
        CHECK_INT(fetch(1, &head, data, &len, sizeof data), CEPA_SCTP_NOTHING);
        CHECK_INT(resets_done, 3);
    }
    close_ends();
}

TEST(nothing_is_sent_on_a_stream_that_is_being_reset)
{
    const struct cepa_sctp_message message = {.stream = 3, .ppid = 53};
    uint8_t data[64] = {0};
    open_ends();
    test_wire_lose(100);
    CHECK_INT(cepa_sctp_send(ends[0], &message, data, sizeof data), 0);
    CHECK_INT(cepa_sctp_reset(ends[0], 3), 0);
    CHECK_INT(cepa_sctp_send(ends[0], &message, data, sizeof data), CEPA_ERR_FULL);
    close_ends();
}

TEST(what_is_buffered_is_counted)
{
    static uint8_t data[1000];
    struct cepa_sctp_message message = {.stream = 3, .ppid = 53};
    struct cepa_sctp_message head;
    size_t len;
    open_ends();
    test_wire_lose(100);
    for (size_t i = 1; i <= 50; i++) {
        CHECK_INT(cepa_sctp_send(ends[0], &message, data, sizeof data), 0);
        CHECK_INT(cepa_sctp_buffered(ends[0]), i * sizeof data);
    }
    pass_ms(200);
    CHECK_INT(cepa_sctp_buffered(ends[0]), 50 * sizeof data);
    test_wire_lose(0);
    pass_ms(20000);
    CHECK_INT(cepa_sctp_buffered(ends[0]), 0);
    for (size_t i = 0; i < 50; i++) {
        CHECK_INT(fetch(1, &head, data, &len, sizeof data), CEPA_SCTP_END);
    }
    message.is_limited = true; /* what is given up unsent counts no more */
    message.by_lifetime = true;
    message.limit = 100;
    test_wire_lose(100);
    for (size_t i = 0; i < 50; i++) {
        CHECK_INT(cepa_sctp_send(ends[0], &message, data, sizeof data), 0);
    }
    pass_ms(500);
    test_wire_lose(0);
    pass_ms(20000);
    CHECK_INT(cepa_sctp_buffered(ends[0]), 0);
    unsigned got = 0;
    while (fetch(1, &head, data, &len, sizeof data) == CEPA_SCTP_END) {
        got++;
    }
    CHECK(got < 50); /* some had not gone out yet, and then may */
    close_ends();
}

TEST(a_stream_beyond_the_range_is_the_peers_fault)
{
    struct cepa_sctp_message message = {.stream = 3, .ppid = 53};
    struct cepa_sctp_message head;
    struct test_packet packet;
    uint8_t data[64] = {0};
    size_t len;
    open_ends();
    CHECK_INT(cepa_sctp_send(ends[0], &message, data, sizeof data), 0);
    CHECK(test_wire_take(&packet));
    CHECK_INT(packet.bytes[12], 0); /* a DATA chunk */
    packet.bytes[20] = 0xff;        /* its stream */
    sign(packet.bytes, packet.len);
    cepa_sctp_receive_packet(ends[1], packet.bytes, packet.len);
    pass_ms(1000);
    CHECK_INT(fetch(1, &head, data, &len, sizeof data), CEPA_SCTP_NOTHING);
    CHECK_INT(fetch(0, &head, data, &len, sizeof data), CEPA_SCTP_NOTHING);
    close_ends();
}

TEST(a_changed_packet_is_dropped)
{
    const struct cepa_sctp_message message = {.stream = 3, .ppid = 53};
    struct cepa_sctp_message head;
    struct test_packet packet;
    uint8_t data[64] = {0};
    size_t len;
    open_ends();
    CHECK_INT(cepa_sctp_send(ends[0], &message, data, sizeof data), 0);
    CHECK(test_wire_take(&packet));
    packet.bytes[packet.len - 1] ^= 1;
    cepa_sctp_receive_packet(ends[1], packet.bytes, packet.len);
    CHECK_INT(fetch(1, &head, data, &len, sizeof data), CEPA_SCTP_NOTHING);
    sign(packet.bytes, packet.len);
    cepa_sctp_receive_packet(ends[1], packet.bytes, packet.len);
    CHECK_INT(fetch(1, &head, data, &len, sizeof data), CEPA_SCTP_END);
    CHECK_INT(data[63], 1);
    close_ends();
}

static long private_kib(void)
{
    char line[256];
    long kib = 0;
    FILE *file = fopen("/proc/self/smaps_rollup", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        long value;
        kib += sscanf(line, "Private_Dirty: %ld", &value) == 1 ? value : 0;
    }
    if (file != NULL) {
        fclose(file);
    }
    return kib;
}

TEST(many_associations_stay_small)
{
    const struct cepa_sctp_message message = {.stream = 1, .ppid = 53};
    start();
    open_pair(0);
    long before = private_kib();
    for (size_t i = 2; i < ENDS_MAX; i += 2) {
        open_pair(i);
    }
    long after = private_kib();
    test_note("%.1f KiB for each idle association", (double)(after - before) / (ENDS_MAX - 2));
    for (size_t i = 0; i < 2; i++) {
        exchange(i, &message, 5000);
    }
    pass_ms(60000);
    for (size_t i = 0; i < ENDS_MAX; i++) {
        CHECK_INT(cepa_sctp_state_of(ends[i]), CEPA_SCTP_OPEN);
    }
    close_ends();
}

TEST(associations_that_end_leave_nothing_behind)
{
    long before = 0;
    start();
    for (unsigned i = 0; i < 1500; i++) {
        open_pair(0);
        for (size_t end = 0; end < 2; end++) {
            cepa_sctp_free(ends[end]);
            ends[end] = NULL;
        }
        pass_ms(500);
        before = i == 500 ? private_kib() : before;
    }
    long grown = private_kib() - before;
    test_note("%ld KiB more after another 999 pairs", grown);
    if (!IS_SANITIZED) { /* a sanitizer keeps what was freed for a while */
        CHECK(grown < 1000);
    }
    close_ends();
}

TEST_MAIN(RUN(messages_of_all_sizes_go_both_ways), RUN(losses_are_made_good),
          RUN(a_reader_that_does_not_read_holds_the_sender_back), RUN(messages_may_be_given_up),
          RUN(a_reset_arrives_behind_the_data), RUN(the_end_is_noticed),
          RUN(what_does_not_fit_is_refused), RUN(noise_is_dropped),
          RUN(a_message_beyond_the_room_arrives_in_parts), RUN(streams_do_not_mix),
          RUN(both_sides_may_end_at_once), RUN(packets_for_a_freed_association_do_no_harm),
          RUN(messages_live_for_their_time), RUN(both_sides_may_reset_at_once),
          RUN(nothing_is_sent_on_a_stream_that_is_being_reset), RUN(what_is_buffered_is_counted),
          RUN(a_stream_beyond_the_range_is_the_peers_fault), RUN(a_changed_packet_is_dropped),
          RUN(many_associations_stay_small), RUN(associations_that_end_leave_nothing_behind))
