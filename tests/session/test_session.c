/* Sessions over paths that lose, reorder, stall and die. @[SPEC 13] */
#include "session/session.h"

#include <stdlib.h>
#include <string.h>

#include "support/session_pair.h"
#include "support/test.h"

#define MS CEPA_MILLISECOND_NS

static const struct session_line plain_line = {.delay_ns = 10 * MS, .interval_ns = 100000};

/* A stream of bytes that say where they stand, written at end 0 and checked at end 1. */
struct transfer {
    struct session_pair pair;
    struct cepa_stream out, in;
    bool is_in_open, is_read_to_end, is_delivered;
    uint64_t written, size, read;
    uint64_t progress_ns, longest_gap_ns, gap_from_ns;
    uint64_t finished_ns;
    unsigned suspected, revived; /* paths, at the sender */
    unsigned noticed;            /* that the reader suspects */
};

static uint8_t byte_at(uint64_t offset)
{
    return (uint8_t)((offset * UINT64_C(0x9e3779b97f4a7c15)) >> 56);
}

static void feed(struct transfer *transfer)
{
    uint8_t data[4096];
    while (transfer->written < transfer->size) {
        uint64_t left = transfer->size - transfer->written;
        size_t len = left < sizeof data ? (size_t)left : sizeof data;
        size_t taken;
        for (size_t i = 0; i < len; i++) {
            data[i] = byte_at(transfer->written + i);
        }
        CHECK_INT(cepa_session_write(transfer->pair.ends[0], &taken, transfer->out, data, len,
                                     len == left),
                  0);
        transfer->written += taken;
        if (taken < len) {
            return;
        }
    }
}

static void drain(struct transfer *transfer)
{
    uint8_t data[4096];
    size_t len = 1;
    bool is_end = false;
    while (transfer->is_in_open && !transfer->is_read_to_end && len > 0) {
        CHECK_INT(cepa_session_read(transfer->pair.ends[1], data, &len, &is_end, sizeof data,
                                    transfer->in, transfer->pair.now),
                  0);
        for (size_t i = 0; i < len; i++) {
            CHECK_INT(data[i], byte_at(transfer->read + i));
        }
        if (len > 0) {
            uint64_t gap_ns = transfer->pair.now.ns - transfer->progress_ns;
            if (transfer->pair.now.ns > transfer->gap_from_ns &&
                gap_ns > transfer->longest_gap_ns) {
                transfer->longest_gap_ns = gap_ns;
            }
            transfer->progress_ns = transfer->pair.now.ns;
        }
        transfer->read += len;
        transfer->is_read_to_end = is_end;
    }
    if (transfer->is_read_to_end && transfer->finished_ns == 0) {
        transfer->finished_ns = transfer->pair.now.ns;
    }
}

static void take_events(struct transfer *transfer)
{
    struct cepa_session_event event;
    for (unsigned end = 0; end < 2; end++) {
        while (cepa_session_next(transfer->pair.ends[end], &event) == 0) {
            if (event.kind == CEPA_SESSION_OPENED && end == 1) {
                transfer->in = event.stream;
                transfer->is_in_open = true;
            }
            transfer->is_delivered |= event.kind == CEPA_SESSION_DELIVERED && end == 0;
            transfer->suspected += event.kind == CEPA_SESSION_SUSPECTED && end == 0;
            transfer->noticed += event.kind == CEPA_SESSION_SUSPECTED && end == 1;
            transfer->noticed -= event.kind == CEPA_SESSION_REVIVED && end == 1;
            transfer->revived += event.kind == CEPA_SESSION_REVIVED && end == 0;
        }
    }
}

static void begin(struct transfer *transfer, uint64_t size, uint64_t seed)
{
    struct cepa_session_limits limits = cepa_session_limits_daemon();
    memset(transfer, 0, sizeof *transfer);
    session_pair_init(&transfer->pair, &limits, seed);
    transfer->size = size;
    CHECK_INT(cepa_session_open(transfer->pair.ends[0], &transfer->out, true), 0);
}

/* Runs for so long, or until all has been read and the sender knows. */
static bool run(struct transfer *transfer, uint64_t duration_ns)
{
    uint64_t until_ns = transfer->pair.now.ns + duration_ns;
    bool goes_on = true;
    transfer->progress_ns =
        transfer->progress_ns == 0 ? transfer->pair.now.ns : transfer->progress_ns;
    while (goes_on && !(transfer->is_read_to_end && transfer->is_delivered)) {
        feed(transfer);
        goes_on = session_pair_step(&transfer->pair, until_ns);
        take_events(transfer);
        drain(transfer);
        CHECK_INT(transfer->pair.error, 0);
    }
    return transfer->is_read_to_end && transfer->is_delivered;
}

static void finish(struct transfer *transfer)
{
    struct cepa_session_status status;
    CHECK_INT(transfer->read, transfer->size);
    cepa_session_status_get(&status, transfer->pair.ends[0]);
    CHECK_INT(status.send_segments, 0);
    CHECK_INT(status.streams, 1); /* the control stream */
    cepa_session_status_get(&status, transfer->pair.ends[1]);
    CHECK_INT(status.receive_segments, 0);
    CHECK_INT(status.streams, 1);
    session_pair_free(&transfer->pair);
}

/* Packets per second that a line could have carried, times what they hold. */
static double share_of(const struct transfer *transfer, uint64_t from_ns, double packets_per_second)
{
    double seconds = (double)(transfer->finished_ns - from_ns) / 1e9;
    return (double)transfer->size / CEPA_SESSION_SEGMENT_MAX / seconds / packets_per_second;
}

TEST(one_path_carries_a_stream_at_the_rate_of_its_line)
{
    struct transfer transfer;
    begin(&transfer, 20 << 20, 1);
    session_pair_open(&transfer.pair, 0, CEPA_SESSION_ACTIVE, &plain_line);
    uint64_t from_ns = transfer.pair.now.ns;
    CHECK(run(&transfer, 60 * CEPA_SECOND_NS));
    double share = share_of(&transfer, from_ns, 1e9 / (double)plain_line.interval_ns);
    test_note("%.2f of the line", share);
    CHECK(share > 0.9);
    finish(&transfer);
}

TEST(an_empty_stream_ends)
{
    struct transfer transfer;
    size_t taken;
    begin(&transfer, 0, 1);
    session_pair_open(&transfer.pair, 0, CEPA_SESSION_ACTIVE, &plain_line);
    CHECK_INT(cepa_session_write(transfer.pair.ends[0], &taken, transfer.out, NULL, 0, true), 0);
    CHECK(run(&transfer, CEPA_SECOND_NS));
    finish(&transfer);
}

TEST(loss_and_reordering_change_nothing_that_is_read)
{
    static const uint32_t losses[] = {1, 10, 100};
    for (size_t i = 0; i < sizeof losses / sizeof losses[0]; i++) {
        struct transfer transfer;
        struct session_line line = plain_line;
        line.jitter_ns = 5 * MS;
        line.loss_thousandths = losses[i];
        begin(&transfer, 24 << 20, 2 + i);
        session_pair_open(&transfer.pair, 0, CEPA_SESSION_ACTIVE, &line);
        uint64_t from_ns = transfer.pair.now.ns;
        CHECK(run(&transfer, 60 * CEPA_SECOND_NS));
        test_note("loss %u of 1,000: %.2f of the line", (unsigned)losses[i],
                  share_of(&transfer, from_ns, 1e9 / (double)line.interval_ns));
        finish(&transfer);
    }
}

TEST(two_unequal_paths_give_most_of_their_sum)
{
    struct transfer transfer;
    struct session_line slow = {.delay_ns = 40 * MS, .interval_ns = 400000};
    struct session_line fast = {.delay_ns = 20 * MS, .interval_ns = 150000};
    begin(&transfer, 60 << 20, 3);
    session_pair_open(&transfer.pair, 0, CEPA_SESSION_ACTIVE, &slow);
    session_pair_open(&transfer.pair, 1, CEPA_SESSION_ACTIVE, &fast);
    uint64_t from_ns = transfer.pair.now.ns;
    CHECK(run(&transfer, 120 * CEPA_SECOND_NS));
    double share = share_of(&transfer, from_ns, 1e9 / 400000 + 1e9 / 150000);
    test_note("%.2f of the sum", share);
    CHECK(share >= 0.85);
    finish(&transfer);
}

TEST(a_silent_path_beside_a_standby_stalls_for_less_than_a_moment)
{
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct transfer transfer;
        begin(&transfer, 20 << 20, 100 + seed);
        session_pair_open(&transfer.pair, 0, CEPA_SESSION_ACTIVE, &plain_line);
        session_pair_open(&transfer.pair, 1, CEPA_SESSION_STANDBY, &plain_line);
        CHECK(!run(&transfer, 300 * MS + session_pair_random(&transfer.pair, 300) * MS));
        transfer.pair.lines[0].is_silent = true;
        transfer.gap_from_ns = transfer.pair.now.ns;
        CHECK(run(&transfer, 60 * CEPA_SECOND_NS));
        CHECK(transfer.longest_gap_ns <= 300 * MS);
        CHECK(transfer.suspected >= 1);
        if (seed == 0) {
            test_note("longest gap %.0f ms", (double)transfer.longest_gap_ns / 1e6);
        }
        finish(&transfer);
    }
}

TEST(a_lone_path_that_falls_silent_goes_on_when_it_is_back)
{
    struct transfer transfer;
    begin(&transfer, 8 << 20, 5);
    session_pair_open(&transfer.pair, 0, CEPA_SESSION_ACTIVE, &plain_line);
    CHECK(!run(&transfer, 300 * MS));
    transfer.pair.lines[0].is_silent = true;
    CHECK(!run(&transfer, 20 * CEPA_SECOND_NS));
    transfer.pair.lines[0].is_silent = false;
    CHECK(run(&transfer, 20 * CEPA_SECOND_NS));
    CHECK_INT(transfer.revived, 1);
    finish(&transfer);
}

/* Who only reads has nothing under way, and is to know of it all the same: to find other paths
 * needs both. */
TEST(a_reader_notices_that_all_paths_are_silent)
{
    struct transfer transfer;
    begin(&transfer, 64 << 20, 9);
    for (uint32_t i = 0; i < 3; i++) {
        session_pair_open(&transfer.pair, i, i < 2 ? CEPA_SESSION_ACTIVE : CEPA_SESSION_STANDBY,
                          &plain_line);
    }
    CHECK(!run(&transfer, 500 * MS));
    CHECK_INT(transfer.noticed, 0);
    for (uint32_t i = 0; i < 3; i++) {
        transfer.pair.lines[i].is_silent = true;
    }
    CHECK(!run(&transfer, 400 * MS));
    CHECK_INT(transfer.noticed, 3);
    CHECK(transfer.suspected >= 3);
    for (uint32_t i = 0; i < 3; i++) {
        transfer.pair.lines[i].is_silent = false;
    }
    CHECK(run(&transfer, 60 * CEPA_SECOND_NS));
    CHECK_INT(transfer.noticed, 0);
    finish(&transfer);
}

TEST(a_pause_costs_a_probe)
{
    struct transfer transfer;
    struct cepa_session_path_status before;
    struct cepa_session_path_status after;
    size_t taken;
    begin(&transfer, 0, 10);
    session_pair_open(&transfer.pair, 0, CEPA_SESSION_ACTIVE, &plain_line);
    (void)run(&transfer, CEPA_SECOND_NS);
    CHECK_INT(cepa_session_path_status_get(&before, transfer.pair.ends[1], 0), 0);
    CHECK_INT(
        cepa_session_write(transfer.pair.ends[0], &taken, transfer.out, (uint8_t[]){0}, 1, false),
        0);
    (void)run(&transfer, 6 * CEPA_SECOND_NS);
    CHECK_INT(cepa_session_path_status_get(&after, transfer.pair.ends[1], 0), 0);
    CHECK_INT(after.packets_sent - before.packets_sent, 2); /* an answer, and a PING */
    session_pair_free(&transfer.pair);
}

TEST(closing_and_opening_paths_loses_nothing)
{
    struct transfer transfer;
    begin(&transfer, 30 << 20, 6);
    for (uint32_t i = 0; i < 3; i++) {
        session_pair_open(&transfer.pair, i, CEPA_SESSION_ACTIVE, &plain_line);
    }
    for (unsigned i = 0; i < 5; i++) {
        (void)run(&transfer, 200 * MS);
        session_pair_close(&transfer.pair, i % 3);
        (void)run(&transfer, 100 * MS);
    }
    for (uint32_t i = 3; i < 5; i++) {
        session_pair_open(&transfer.pair, i, CEPA_SESSION_ACTIVE, &plain_line);
    }
    CHECK(run(&transfer, 60 * CEPA_SECOND_NS));
    finish(&transfer);
}

TEST(a_cut_path_is_used_again_when_it_is_mended)
{
    struct transfer transfer;
    begin(&transfer, 8 << 20, 7);
    session_pair_open(&transfer.pair, 0, CEPA_SESSION_ACTIVE, &plain_line);
    CHECK(!run(&transfer, 300 * MS));
    for (unsigned end = 0; end < 2; end++) {
        cepa_session_path_broken(transfer.pair.ends[end], 0, transfer.pair.now);
    }
    uint64_t read = transfer.read;
    transfer.pair.lines[0].is_silent = true;
    CHECK(!run(&transfer, CEPA_SECOND_NS));
    CHECK_INT(transfer.read, read);
    transfer.pair.lines[0].is_silent = false;
    for (unsigned end = 0; end < 2; end++) {
        cepa_session_path_mended(transfer.pair.ends[end], 0, transfer.pair.now);
    }
    CHECK(run(&transfer, 20 * CEPA_SECOND_NS));
    finish(&transfer);
}

TEST(a_quiet_session_costs_a_probe_now_and_then)
{
    struct transfer transfer;
    struct cepa_session_path_status status;
    begin(&transfer, 0, 8);
    session_pair_open(&transfer.pair, 0, CEPA_SESSION_ACTIVE, &plain_line);
    (void)run(&transfer, 60 * CEPA_SECOND_NS);
    CHECK_INT(cepa_session_path_status_get(&status, transfer.pair.ends[0], 0), 0);
    CHECK(status.packets_sent < 40 && status.packets_sent > 5);
    CHECK(!status.is_suspected);
    CHECK(status.rtt_ns >= 20 * MS && status.rtt_ns < 30 * MS);
    session_pair_free(&transfer.pair);
}

TEST_MAIN(RUN(one_path_carries_a_stream_at_the_rate_of_its_line), RUN(an_empty_stream_ends),
          RUN(loss_and_reordering_change_nothing_that_is_read),
          RUN(two_unequal_paths_give_most_of_their_sum),
          RUN(a_silent_path_beside_a_standby_stalls_for_less_than_a_moment),
          RUN(a_lone_path_that_falls_silent_goes_on_when_it_is_back),
          RUN(a_reader_notices_that_all_paths_are_silent), RUN(a_pause_costs_a_probe),
          RUN(closing_and_opening_paths_loses_nothing),
          RUN(a_cut_path_is_used_again_when_it_is_mended),
          RUN(a_quiet_session_costs_a_probe_now_and_then))
