/* A peer that has the keys and means harm: whatever it sends, pools stay bounded, no assertion
 * fails, and what is not allowed ends the link. */
#include <string.h>

#include "base/endian.h"
#include "support/link_pair.h"
#include "support/test.h"
#include "wire/frame.h"
#include "wire/link_control.h"

static struct link_pair pair;

static void begin(uint64_t seed)
{
    link_pair_up(&pair, seed, CEPA_CARRIER_SIM, true, NULL, NULL);
    link_pair_run(&pair, 50);
}

/* Gives side 1 a frame that side 0 sealed. */
static void strike(uint8_t *frame)
{
    CHECK_INT(cepa_link_seal(&pair.sides[0].link.sealer, frame, CEPA_FRAME_SIZE, 0), 0);
    cepa_link_receive(&pair.sides[1].link, 0, frame, CEPA_FRAME_SIZE, link_pair_now(&pair));
    link_pair_take(&pair, 1);
}

TEST(random_frames_are_dropped)
{
    uint8_t frame[CEPA_FRAME_SIZE + 8];
    begin(1);
    for (unsigned i = 0; i < 20000; i++) {
        size_t len = test_random_below(&pair.random, 4) == 0
                         ? test_random_below(&pair.random, sizeof frame)
                         : CEPA_FRAME_SIZE;
        test_random_bytes(&pair.random, frame, sizeof frame);
        if (i % 3 == 0) {
            cepa_be64_store(frame, test_random_below(&pair.random, 100));
        }
        cepa_link_receive(&pair.sides[i % 2].link, (unsigned)test_random_below(&pair.random, 4),
                          frame, len, link_pair_now(&pair));
        link_pair_take(&pair, i % 2);
    }
    CHECK(!pair.sides[0].has_failed && !pair.sides[1].has_failed);
    link_pair_end(&pair);
}

TEST(random_handshake_frames_are_dropped)
{
    for (unsigned round = 0; round < 40; round++) {
        uint8_t frame[CEPA_FRAME_SIZE];
        link_pair_begin(&pair, round, CEPA_CARRIER_SIM, round & 1, NULL, NULL);
        if (round & 2) {
            link_pair_dial(&pair);
        } else {
            link_pair_ask(&pair);
        }
        for (unsigned i = 0; i < 500; i++) {
            size_t len = 1 + test_random_below(&pair.random, 16384);
            unsigned kind = 1 + (unsigned)test_random_below(&pair.random, 5);
            static uint8_t message[16384];
            unsigned count = cepa_handshake_part_count(len, CEPA_FRAME_SIZE);
            memset(message, (int)i, 16);
            cepa_handshake_part_encode(frame, CEPA_FRAME_SIZE, (enum cepa_handshake_kind)kind,
                                       message, len,
                                       (unsigned)test_random_below(&pair.random, count));
            cepa_link_receive(&pair.sides[i % 2].link, 0, frame, CEPA_FRAME_SIZE,
                              link_pair_now(&pair));
        }
        CHECK(!pair.sides[0].is_up && !pair.sides[1].is_up);
        link_pair_end(&pair);
    }
}

TEST(sealed_noise_ends_the_link)
{
    for (unsigned i = 0; i < 300; i++) {
        uint8_t frame[CEPA_FRAME_SIZE];
        begin(i);
        test_random_bytes(&pair.random, frame, sizeof frame);
        frame[8] = (uint8_t)(i % 9);
        strike(frame);
        CHECK(pair.sides[1].has_failed);
        CHECK(cepa_error_blame(pair.sides[1].error) == CEPA_BLAME_PEER);
        CHECK_INT(cepa_link_pull(&pair.sides[1].link, 0, frame, link_pair_now(&pair)), 0);
        link_pair_end(&pair);
    }
}

static void strike_cell(uint32_t id, uint16_t number)
{
    uint8_t frame[CEPA_FRAME_SIZE] = {0};
    const uint8_t body[CEPA_CELL_BODY_SIZE] = {0};
    const struct cepa_frame_cell cell = {id, 1, number, body};
    cepa_frame_cell_encode(frame + 8, &cell);
    strike(frame);
}

static void strike_record(const struct cepa_link_control_record *record, uint64_t next)
{
    uint8_t frame[CEPA_FRAME_SIZE];
    const struct cepa_link_control_header header = {next, next, 0};
    struct cepa_writer writer;
    cepa_link_control_begin(&writer, frame + 8, CEPA_FRAME_BODY_SIZE, &header);
    CHECK_INT(cepa_link_control_append(&writer, record), 0);
    cepa_link_control_finish(&writer);
    strike(frame);
}

TEST(cells_beyond_credit_end_the_link)
{
    static const uint16_t numbers[] = {32, 33, 1000, 0x7fff};
    for (unsigned i = 0; i < 4; i++) {
        begin(i);
        CHECK_INT(cepa_link_accept_circuit(&pair.sides[1].link, 1), 0);
        strike_cell(1, 31);
        CHECK_INT(pair.sides[1].events[CEPA_LINK_CELL], 1);
        strike_cell(1, numbers[i]);
        CHECK_INT(pair.sides[1].error, CEPA_ERR_STATE);
        link_pair_end(&pair);
    }
    /* One number again and again is no way around it. */
    begin(9);
    CHECK_INT(cepa_link_accept_circuit(&pair.sides[1].link, 1), 0);
    for (unsigned i = 0; i < 2 * link_pair_limits.window_max + 1; i++) {
        strike_cell(1, 0);
    }
    CHECK_INT(pair.sides[1].error, CEPA_ERR_STATE);
    CHECK_INT(pair.sides[1].events[CEPA_LINK_CELL], 2 * link_pair_limits.window_max);
    link_pair_end(&pair);
}

TEST(lies_about_credit_are_harmless_or_end_the_link)
{
    struct cepa_link_control_record record = {.type = CEPA_LINK_CONTROL_CREDIT, .id = 1};
    begin(1);
    CHECK_INT(cepa_link_accept_circuit(&pair.sides[1].link, 1), 0);
    record.granted = 0x7fffffff;
    strike_record(&record, 0);
    CHECK(!pair.sides[1].has_failed);
    CHECK(cepa_link_circuit_room(&pair.sides[1].link, 1) <= 16384);
    record.granted = 0; /* it never falls */
    strike_record(&record, 0);
    CHECK(cepa_link_circuit_room(&pair.sides[1].link, 1) >= 32);
    record.sent = 33;
    strike_record(&record, 0);
    CHECK_INT(pair.sides[1].error, CEPA_ERR_STATE);
    link_pair_end(&pair);

    begin(2);
    record.type = CEPA_LINK_CONTROL_PING;
    strike_record(&record, 1 + pair.sides[1].link.sealer.counter);
    CHECK_INT(pair.sides[1].error, CEPA_ERR_MALFORMED);
    link_pair_end(&pair);
}

TEST(ten_thousand_circuits_stay_within_the_grant)
{
    begin(1);
    unsigned accepted = 0;
    for (uint32_t id = 1; id <= 10000; id++) {
        struct cepa_link_control_record closed = {.type = CEPA_LINK_CONTROL_CLOSED, .id = id};
        accepted += cepa_link_accept_circuit(&pair.sides[1].link, id) == 0;
        strike_cell(id, (uint16_t)id % 32);
        cepa_link_close_circuit(&pair.sides[1].link, 10001 - id, 0, link_pair_now(&pair));
        if (id % 7 == 0) {
            strike_record(&closed, 0);
        }
        CHECK(pair.sides[1].shared.circuit_pool.count <= link_pair_limits.circuits_per_link);
    }
    CHECK(!pair.sides[1].has_failed);
    test_note("%u of 10,000 circuits accepted", accepted);
    link_pair_run(&pair, 100);
    link_pair_end(&pair);
}

TEST(floods_of_parts_are_bounded)
{
    static const uint8_t data[1056];
    begin(1);
    for (unsigned i = 0; i < 20000; i++) {
        uint8_t frame[CEPA_FRAME_SIZE] = {0};
        if (i % 2) {
            const struct cepa_frame_packet_part part = {
                (uint32_t)test_random_below(&pair.random, 100),
                (uint8_t)test_random_below(&pair.random, 256),
                (uint8_t)test_random_below(&pair.random, 16), data};
            cepa_frame_packet_part_encode(frame + 8, &part);
        } else {
            unsigned count = 1 + (unsigned)test_random_below(&pair.random, 15);
            const struct cepa_frame_message_part part = {
                (uint16_t)test_random_below(&pair.random, 1000),
                (uint8_t)test_random_below(&pair.random, count), (uint8_t)count, data, 1056};
            cepa_frame_message_part_encode(frame + 8, &part);
        }
        strike(frame);
        CHECK(!pair.sides[1].has_failed);
        CHECK(pair.sides[1].shared.buffer_pool.count <= 2 * CEPA_LINK_PARTIAL_MAX + 1);
        if (i % 1000 == 999) {
            link_pair_run(&pair, 20);
        }
    }
    link_pair_end(&pair);
}

TEST(a_peer_that_takes_nothing_fills_half_of_the_cells)
{
    static const uint8_t body[CEPA_CELL_BODY_SIZE];
    begin(1);
    pair.is_cut[0] = true;
    struct cepa_link *link = &pair.sides[0].link;
    uint32_t usable = link_pair_limits.cells - link_pair_limits.cells / 8;
    uint32_t sent = 0;
    int error = 0;
    for (unsigned i = 0; i < link_pair_limits.circuits_per_link && error != CEPA_ERR_FULL; i++) {
        uint32_t id;
        CHECK_INT(cepa_link_open_circuit(link, &id), 0);
        for (unsigned j = 0; j < 32 && error == 0; j++) {
            error = cepa_link_send_cell(link, id, j, body, link_pair_now(&pair));
            sent += error == 0;
        }
    }
    test_note("%u of %u cells wait", sent, link_pair_limits.cells);
    CHECK_INT(error, CEPA_ERR_FULL);
    CHECK_INT(sent, usable / 2);
    link_pair_end(&pair);
}

TEST(a_repeated_frame_is_dropped)
{
    uint8_t frame[CEPA_FRAME_SIZE] = {0};
    uint8_t copy[CEPA_FRAME_SIZE];
    const uint8_t data[10] = {1};
    const struct cepa_frame_message_part part = {5, 0, 1, data, sizeof data};
    begin(1);
    cepa_frame_message_part_encode(frame + 8, &part);
    CHECK_INT(cepa_link_seal(&pair.sides[0].link.sealer, frame, sizeof frame, 0), 0);
    for (unsigned i = 0; i < 5; i++) {
        memcpy(copy, frame, sizeof frame);
        cepa_link_receive(&pair.sides[1].link, 0, copy, sizeof copy, link_pair_now(&pair));
        link_pair_take(&pair, 1);
    }
    CHECK_INT(pair.sides[1].events[CEPA_LINK_MESSAGE], 1);
    link_pair_end(&pair);
}

TEST_MAIN(RUN(random_frames_are_dropped), RUN(random_handshake_frames_are_dropped),
          RUN(sealed_noise_ends_the_link), RUN(cells_beyond_credit_end_the_link),
          RUN(lies_about_credit_are_harmless_or_end_the_link),
          RUN(ten_thousand_circuits_stay_within_the_grant), RUN(floods_of_parts_are_bounded),
          RUN(a_peer_that_takes_nothing_fills_half_of_the_cells), RUN(a_repeated_frame_is_dropped))
