/* SCTP between two associations in one process: messages of all sizes both ways, loss, limits,
 * resets, and what is wrong. */
#include <stdlib.h>
#include <string.h>

#include "native/webrtc/crc32c.h"
#include "native/webrtc/sctp.h"
#include "support/random.h"
#include "support/test.h"
#include "support/wall_clock.h"

enum { WIRE_MAX = 4096 };

struct packet {
    size_t to;
    size_t len;
    uint8_t bytes[CEPA_SCTP_MTU];
};

static struct cepa_sctp *ends[2];
static size_t names[2] = {0, 1};
static struct packet *wire; /* a ring of packets under way */
static size_t wire_first;
static size_t wire_len;
static unsigned loss_percent;
static unsigned resets_done;
static struct test_random dice = {7};

static void on_packet(void *owner, const uint8_t *packet, size_t packet_len)
{
    size_t from = *(size_t *)owner;
    CHECK(packet_len <= CEPA_SCTP_MTU);
    if (test_random_below(&dice, 100) < loss_percent || wire_len == WIRE_MAX) {
        return;
    }
    struct packet *slot = &wire[(wire_first + wire_len) % WIRE_MAX];
    wire_len++;
    slot->to = 1 - from;
    slot->len = packet_len;
    memcpy(slot->bytes, packet, packet_len);
}

/* Carries all packets under way, and those that they bring about. */
static void carry(void)
{
    for (unsigned n = 0; wire_len > 0 && n < 100000; n++) {
        struct packet packet = wire[wire_first];
        wire_first = (wire_first + 1) % WIRE_MAX;
        wire_len--;
        if (ends[packet.to] != NULL) {
            cepa_sctp_receive_packet(ends[packet.to], packet.bytes, packet.len);
        }
    }
}

static void pass_ms(unsigned ms)
{
    for (unsigned i = 0; i < ms; i += CEPA_SCTP_TICK_MS) {
        test_wall_clock_pass_ms(CEPA_SCTP_TICK_MS); /* packets' ages are read from there */
        cepa_sctp_tick(CEPA_SCTP_TICK_MS);
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
    for (size_t i = 0; i < 2; i++) {
        cepa_sctp_free(ends[i]);
        ends[i] = NULL;
    }
    cepa_sctp_stop();
    free(wire);
    wire = NULL;
    wire_len = 0;
    loss_percent = 0;
}

static void open_ends(void)
{
    struct cepa_sctp_message message;
    uint8_t data[256];
    size_t len;
    close_ends(); /* of a test that failed */
    wire = calloc(WIRE_MAX, sizeof *wire);
    CHECK(wire != NULL);
    wire_len = 0;
    resets_done = 0;
    cepa_sctp_start(on_packet);
    for (size_t i = 0; i < 2; i++) {
        CHECK_INT(cepa_sctp_new(&ends[i], &names[i]), 0);
        CHECK_INT(cepa_sctp_state_of(ends[i]), CEPA_SCTP_CONNECTING);
    }
    for (unsigned n = 0; n < 1000 && (cepa_sctp_state_of(ends[0]) != CEPA_SCTP_OPEN ||
                                      cepa_sctp_state_of(ends[1]) != CEPA_SCTP_OPEN);
         n++) {
        pass_ms(CEPA_SCTP_TICK_MS);
        CHECK_INT(fetch(0, &message, data, &len, sizeof data), CEPA_SCTP_NOTHING);
        CHECK_INT(fetch(1, &message, data, &len, sizeof data), CEPA_SCTP_NOTHING);
    }
    CHECK_INT(cepa_sctp_state_of(ends[0]), CEPA_SCTP_OPEN);
    CHECK_INT(cepa_sctp_state_of(ends[1]), CEPA_SCTP_OPEN);
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

TEST(the_checksum_is_right)
{
    static uint8_t data[300];
    CHECK(cepa_crc32c(0, (const uint8_t *)"123456789", 9) == 0xe3069283);
    test_random_bytes(&dice, data, sizeof data);
    for (size_t len = 0; len < sizeof data; len++) {
        uint32_t whole = cepa_crc32c(0, data, len);
        CHECK(whole == cepa_crc32c_portable(0, data, len));
        CHECK(whole == cepa_crc32c(cepa_crc32c(0, data, len / 3), data + len / 3, len - len / 3));
    }
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
    loss_percent = 5;
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
    loss_percent = 100;
    CHECK_INT(cepa_sctp_send(ends[0], &message, data, sizeof data), 0);
    carry();
    loss_percent = 0;
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
            memset(noise + 8, 0, 4);
            uint32_t crc = cepa_crc32c(0, noise, len);
            noise[8] = (uint8_t)crc;
            noise[9] = (uint8_t)(crc >> 8);
            noise[10] = (uint8_t)(crc >> 16);
            noise[11] = (uint8_t)(crc >> 24);
        }
        cepa_sctp_receive_packet(ends[1], noise, len);
    }
    carry();
    exchange(0, &message, 100);
    close_ends();
}

TEST_MAIN(RUN(the_checksum_is_right), RUN(messages_of_all_sizes_go_both_ways),
          RUN(losses_are_made_good), RUN(a_reader_that_does_not_read_holds_the_sender_back),
          RUN(messages_may_be_given_up), RUN(a_reset_arrives_behind_the_data),
          RUN(the_end_is_noticed), RUN(what_does_not_fit_is_refused), RUN(noise_is_dropped))
