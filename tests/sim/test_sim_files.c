/* A file from one person to another: relays die under way, the session ends at half and another one
 * takes over, what is stored has changed meanwhile. Two small drivers as a program has them, with
 * memory for files. */
#include <stdlib.h>
#include <string.h>

#include "application/file_receiver.h"
#include "application/file_sender.h"
#include "support/pair.h"
#include "support/test.h"

enum { RELAYS = 10, FILE_LEN = 3000000, ROOM = 65536 };

static struct sim_pair pair;
static uint8_t *file;

/* Alice's side. */
static struct {
    struct cepa_file_sender sender;
    struct cepa_stream stream;
    uint8_t waiting[CEPA_STREAM_HEADER_MAX]; /* to be written, before anything of the file */
    size_t waiting_len, waiting_at;
    uint64_t from; /* where the file's bytes began */
} out;

/* Bob's side. */
static struct {
    struct cepa_stream_header_parser header;
    struct cepa_file_receiver receiver;
    struct cepa_stream stream;
    uint8_t *stored;
    size_t stored_len;
    uint32_t restarts;
    uint8_t answer[CEPA_FILE_COME_SIZE];
    bool is_open;
} in;

static struct cepa_session *streams_of_alice(void)
{
    return cepa_end_streams(sim_end_of(pair.sim, pair.alice), pair.at_alice);
}

static struct cepa_session *streams_of_bob(void)
{
    return cepa_end_streams(sim_end_of(pair.sim, pair.bob), pair.at_bob);
}

/* Bob's answers are short, and always fit. */
static void answer(size_t len, bool is_end)
{
    size_t taken = 0;
    CHECK_INT(cepa_session_write(streams_of_bob(), &taken, in.stream, in.answer, len, is_end), 0);
    CHECK_INT(taken, len);
}

/* The header has come: from what is stored, which is hashed anew. */
static void decide(void)
{
    struct cepa_blake2b hash;
    CHECK_INT(in.header.header.kind, CEPA_STREAM_FILE);
    CHECK_INT(in.header.header.file.size, FILE_LEN);
    cepa_blake2b_init(&hash, CEPA_FILE_HASH_SIZE, NULL, 0);
    cepa_blake2b_update(&hash, in.stored, in.stored_len);
    cepa_file_receiver_init(&in.receiver, in.header.header.file.size);
    CHECK_INT(cepa_file_receiver_accept(&in.receiver, in.answer, in.stored_len, &hash, FILE_LEN),
              0);
    answer(CEPA_FILE_COME_SIZE, false);
}

static void keep(const uint8_t *data, size_t len)
{
    while (len > 0) {
        struct cepa_file_piece piece;
        size_t used = 0;
        CHECK_INT(cepa_file_receiver_take(&in.receiver, &piece, &used, data, len), 0);
        in.restarts += piece.is_restart;
        in.stored_len = piece.is_restart ? 0 : in.stored_len;
        CHECK_INT(piece.offset, in.stored_len);
        memcpy(in.stored + in.stored_len, piece.data, piece.data_len);
        in.stored_len += piece.data_len;
        data += used;
        len -= used;
    }
}

static void on_bytes(const uint8_t *data, size_t len)
{
    size_t used = 0;
    if (!in.header.is_done) {
        CHECK_INT(cepa_stream_header_parser_take(&in.header, &used, data, len), 0);
        if (in.header.is_done) {
            decide();
        }
    }
    keep(data + used, len - used);
}

static void read_at_bob(void)
{
    static uint8_t bytes[ROOM];
    bool is_end = false;
    size_t len = 1;
    while (len > 0 && !is_end && in.is_open) {
        CHECK_INT(cepa_session_read(streams_of_bob(), bytes, &len, &is_end, sizeof bytes, in.stream,
                                    sim_now(pair.sim)),
                  0);
        on_bytes(bytes, len);
    }
    if (is_end) {
        CHECK_INT(cepa_file_receiver_end(&in.receiver, in.answer), 0);
        answer(CEPA_FILE_RESULT_SIZE, true);
        in.is_open = false;
    }
    cepa_end_touch(sim_end_of(pair.sim, pair.bob), pair.at_bob);
}

static void read_at_alice(void)
{
    uint8_t bytes[CEPA_FILE_COME_SIZE];
    bool is_end = false;
    size_t len = 1;
    while (len > 0 && !is_end) {
        CHECK_INT(cepa_session_read(streams_of_alice(), bytes, &len, &is_end, sizeof bytes,
                                    out.stream, sim_now(pair.sim)),
                  0);
        CHECK_INT(cepa_file_sender_answer(&out.sender, bytes, len), 0);
    }
    if (is_end) {
        CHECK_INT(cepa_file_sender_answer_end(&out.sender), 0);
    }
}

static void on_stream(struct sim_pair *unused, uint32_t host, const struct cepa_end_effect *effect)
{
    (void)unused;
    if (host == pair.bob && effect->stream.kind == CEPA_SESSION_OPENED) {
        in.stream = effect->stream.stream;
        in.is_open = true;
        cepa_stream_header_parser_init(&in.header);
    } else if (effect->stream.kind == CEPA_SESSION_READABLE) {
        (host == pair.bob ? read_at_bob : read_at_alice)();
    }
}

/* Writes what waits; whether all of it is written. `is_end`: the stream's end goes behind it. */
static bool write_waiting(bool is_end)
{
    size_t taken = 0;
    if (out.waiting_at < out.waiting_len) {
        CHECK_INT(cepa_session_write(streams_of_alice(), &taken, out.stream,
                                     out.waiting + out.waiting_at, out.waiting_len - out.waiting_at,
                                     is_end),
                  0);
        out.waiting_at += taken;
    }
    return out.waiting_at == out.waiting_len;
}

static void wait_with(size_t len)
{
    out.waiting_len = len;
    out.waiting_at = 0;
}

static void send_more(void)
{
    uint64_t at = cepa_file_sender_position(&out.sender);
    uint64_t left = cepa_file_sender_left(&out.sender);
    size_t taken = 0;
    if (left == 0) {
        CHECK_INT(cepa_file_sender_end(&out.sender, out.waiting), 0);
        wait_with(CEPA_FILE_HASH_SIZE);
        return;
    }
    CHECK_INT(cepa_session_write(streams_of_alice(), &taken, out.stream, file + at,
                                 left < ROOM ? (size_t)left : ROOM, false),
              0);
    cepa_file_sender_data(&out.sender, file + at, taken);
}

/* What Alice's driver does whenever something has happened. */
static void drive(void)
{
    bool is_written = write_waiting(out.sender.state == CEPA_FILE_SENDER_ENDED);
    uint64_t left = cepa_file_sender_prefix_left(&out.sender);
    if (left > 0) { /* a piece at a time: a program has other things to do */
        cepa_file_sender_prefix(&out.sender, file + cepa_file_sender_position(&out.sender),
                                left < ROOM ? (size_t)left : ROOM);
    } else if (out.sender.state == CEPA_FILE_SENDER_READY) {
        out.from = cepa_file_sender_position(&out.sender);
        cepa_file_sender_start(&out.sender, out.waiting);
        wait_with(CEPA_FILE_FROM_SIZE);
    } else if (out.sender.state == CEPA_FILE_SENDER_SENDING && is_written) {
        send_more();
    }
    cepa_end_touch(sim_end_of(pair.sim, pair.alice), pair.at_alice);
    sim_poke(pair.sim, pair.alice);
}

/* Goes on until Bob has `enough` bytes or the transfer is over. */
static void run(size_t enough)
{
    bool is_enough = false;
    for (uint32_t turn = 0; turn < 60000 && !is_enough && pair.closed == 0; turn++) {
        drive();
        sim_run(pair.sim, CEPA_MILLISECOND_NS);
        is_enough = cepa_file_sender_is_over(&out.sender) || in.stored_len >= enough;
    }
    CHECK(is_enough);
}

/* A session, and the offer in it. */
static void offer(void)
{
    struct cepa_file_header header = {.transfer = {{1}}, .size = FILE_LEN, .name = "a file"};
    size_t len = 0;
    sim_pair_dial(&pair, (struct cepa_end_identity){0});
    CHECK(pair.ready == 1 && pair.incoming == 1);
    CHECK_INT(cepa_session_open(streams_of_alice(), &out.stream, false), 0);
    CHECK_INT(cepa_file_sender_init(&out.sender, out.waiting, &len, &header, true), 0);
    wait_with(len);
}

static void begin(uint64_t seed)
{
    memset(&out, 0, sizeof out);
    memset(&in, 0, sizeof in);
    file = malloc(FILE_LEN);
    in.stored = malloc(FILE_LEN);
    for (size_t i = 0; i < FILE_LEN; i++) {
        file[i] = (uint8_t)(i * 31 + i / 1009);
    }
    sim_pair_begin(&pair, seed, RELAYS, true);
    pair.on_stream = on_stream;
}

static void finish(void)
{
    run(SIZE_MAX);
    CHECK_INT(out.sender.state, CEPA_FILE_SENDER_VERIFIED);
    CHECK_INT(in.stored_len, FILE_LEN);
    CHECK_BYTES(in.stored, file, FILE_LEN);
    free(file);
    free(in.stored);
    sim_free(pair.sim);
}

/* Alice's session is over, and what Bob has not read of it is lost. */
static void lose_session(void)
{
    cepa_end_close(sim_end_of(pair.sim, pair.alice), pair.at_alice, 0, sim_now(pair.sim));
    sim_poke(pair.sim, pair.alice);
    in.is_open = false;
    sim_run(pair.sim, 2 * CEPA_SECOND_NS);
    CHECK(pair.closed == 1);
}

TEST(a_file_arrives_though_relays_die)
{
    begin(401);
    offer();
    run(FILE_LEN / 2);
    for (uint32_t host = 1; host < RELAYS; host += 2) {
        sim_kill(pair.sim, host, false);
    }
    finish();
    CHECK_INT(in.restarts, 0);
}

TEST(a_transfer_goes_on_in_other_sessions)
{
    begin(402);
    offer();
    run(FILE_LEN / 4);
    lose_session();
    size_t before = in.stored_len;
    CHECK(before >= FILE_LEN / 4 && before < FILE_LEN);

    offer();
    run(before + FILE_LEN / 4);
    CHECK_INT(out.from, before);
    CHECK_INT(in.restarts, 0);
    lose_session();

    in.stored[1000] ^= 1; /* a disk has lost something: all is sent again */
    offer();
    finish();
    CHECK_INT(out.from, 0);
    CHECK_INT(in.restarts, 1);
}

TEST_MAIN(RUN(a_file_arrives_though_relays_die), RUN(a_transfer_goes_on_in_other_sessions))
