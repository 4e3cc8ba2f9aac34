/* Circuits on a link: all cells arrive, credit holds, nobody starves, pools stay bounded. */
#include "support/link_pair.h"
#include "support/test.h"

#include <string.h>

#include "base/endian.h"

enum { CIRCUITS = 32, CELLS_MAX = 20000 };

static struct link_pair pair;
static uint32_t ids[CIRCUITS];
static uint32_t to_send[CIRCUITS]; /* how many cells each still has to send */
static uint32_t sent[CIRCUITS];
static uint32_t received[CIRCUITS];
static uint8_t seen[CIRCUITS][CELLS_MAX / 8];
static uint32_t unconsumed[CIRCUITS];
static uint32_t hold; /* the receiver consumes only when this is 0 */
static uint32_t held_max;
static uint64_t last_at[CIRCUITS];
static unsigned circuits;

static unsigned index_of(uint32_t id)
{
    for (unsigned i = 0; i < circuits; i++) {
        if (ids[i] == id) {
            return i;
        }
    }
    CHECK_INT(id, 0); /* an unknown circuit */
    return 0;
}

static void on_event(struct link_pair *it, unsigned side, const struct cepa_link_event *event)
{
    if (event->kind == CEPA_LINK_CELL && side == 1) {
        unsigned i = index_of(event->circuit_id);
        uint32_t number = (uint32_t)event->counter;
        CHECK_INT(event->data_len, CEPA_CELL_BODY_SIZE);
        CHECK_INT(cepa_be32_load(event->data), number);
        CHECK_INT(event->data[CEPA_CELL_BODY_SIZE - 1], (uint8_t)i);
        CHECK(number < CELLS_MAX && ((seen[i][number / 8] >> (number % 8)) & 1) == 0);
        seen[i][number / 8] |= (uint8_t)(1u << (number % 8));
        received[i]++;
        last_at[i] = it->now_ns;
        unconsumed[i]++;
        held_max = unconsumed[i] > held_max ? unconsumed[i] : held_max;
        if (hold == 0) {
            cepa_link_consumed(&it->sides[1].link, event->circuit_id, unconsumed[i],
                               link_pair_now(it));
            unconsumed[i] = 0;
        }
    }
}

/* Every circuit sends what it may. */
static void on_tick(struct link_pair *it)
{
    uint8_t body[CEPA_CELL_BODY_SIZE];
    memset(body, 0, sizeof body);
    for (unsigned i = 0; i < circuits; i++) {
        while (to_send[i] > 0 && cepa_link_circuit_room(&it->sides[0].link, ids[i]) > 0) {
            cepa_be32_store(body, sent[i]);
            body[sizeof body - 1] = (uint8_t)i;
            if (cepa_link_send_cell(&it->sides[0].link, ids[i], sent[i], body, link_pair_now(it)) !=
                0) {
                return;
            }
            sent[i]++;
            to_send[i]--;
        }
    }
}

static void begin(uint64_t seed, unsigned count, uint32_t cells,
                  const struct cepa_link_limits *limits, const struct cepa_shaper_config *shaper)
{
    memset(sent, 0, sizeof sent);
    memset(received, 0, sizeof received);
    memset(seen, 0, sizeof seen);
    memset(unconsumed, 0, sizeof unconsumed);
    hold = 0;
    held_max = 0;
    link_pair_up(&pair, seed, CEPA_CARRIER_SIM, true, limits, shaper);
    pair.on_event = on_event;
    pair.on_tick = on_tick;
    circuits = count;
    for (unsigned i = 0; i < count; i++) {
        CHECK_INT(cepa_link_open_circuit(&pair.sides[0].link, &ids[i]), 0);
        CHECK_INT(cepa_link_accept_circuit(&pair.sides[1].link, ids[i]), 0);
        to_send[i] = cells;
    }
}

TEST(all_cells_arrive_once)
{
    begin(1, CIRCUITS, 500, NULL, NULL);
    pair.channel.jitter_ns = 10 * CEPA_MILLISECOND_NS;
    pair.channel.doubled_permille = 50;
    link_pair_run(&pair, 1500);
    for (unsigned i = 0; i < CIRCUITS; i++) {
        CHECK_INT(received[i], 500);
    }
    CHECK(!pair.sides[0].has_failed && !pair.sides[1].has_failed);
    CHECK_INT(pair.sides[1].events[CEPA_LINK_CELL], CIRCUITS * 500);
    link_pair_end(&pair);
}

TEST(lost_cells_do_not_use_up_credit)
{
    begin(2, 4, CELLS_MAX, NULL, NULL);
    pair.channel.lost_permille = 100;
    pair.channel.jitter_ns = 4 * CEPA_MILLISECOND_NS;
    link_pair_run(&pair, 20000);
    for (unsigned i = 0; i < 4; i++) {
        CHECK_INT(sent[i], CELLS_MAX);
        CHECK(received[i] > CELLS_MAX * 85 / 100 && received[i] < CELLS_MAX * 95 / 100);
    }
    CHECK(!pair.sides[0].has_failed && !pair.sides[1].has_failed);
    link_pair_end(&pair);
}

TEST(credit_holds_a_sender_back)
{
    begin(3, 1, 5000, NULL, NULL);
    hold = 1;
    link_pair_run(&pair, 500);
    CHECK_INT(received[0], 32);
    CHECK_INT(sent[0], 32);
    hold = 0;
    cepa_link_consumed(&pair.sides[1].link, ids[0], 32, link_pair_now(&pair));
    unconsumed[0] = 0;
    link_pair_run(&pair, 2000);
    CHECK_INT(received[0], 5000);
    CHECK(held_max <= 32);
    link_pair_end(&pair);
}

TEST(a_window_grows_to_what_the_way_holds)
{
    /* 1,024 cells in 10 ms of round trip are 100 MB/s: the channel of 100 frames/ms is filled. */
    begin(4, 1, CELLS_MAX - 1, NULL, NULL);
    pair.channel.frames_per_ms = 100;
    link_pair_run(&pair, 250); /* growing takes a few round trips and words */
    uint32_t before = received[0];
    link_pair_run(&pair, 50);
    test_note("%u cells, then %u in 50 ms", before, received[0] - before);
    CHECK(received[0] - before >= 1400 || received[0] == CELLS_MAX - 1);
    link_pair_end(&pair);
}

TEST(a_greedy_circuit_does_not_starve_another)
{
    uint64_t worst = 0;
    begin(5, 2, 0, NULL, NULL);
    pair.channel.frames_per_ms = 10;
    to_send[0] = CELLS_MAX - 1; /* more than the carrier takes */
    link_pair_run(&pair, 300);
    for (unsigned i = 0; i < 50; i++) {
        to_send[1] = 1;
        uint64_t at = pair.now_ns;
        link_pair_run(&pair, 20);
        CHECK_INT(received[1], i + 1);
        uint64_t late = last_at[1] - at;
        worst = late > worst ? late : worst;
    }
    test_note("a small cell came %u us after it was sent, at the latest", (unsigned)(worst / 1000));
    CHECK(worst <= 8 * CEPA_MILLISECOND_NS);
    link_pair_end(&pair);
}

TEST(a_small_pool_stays_bounded)
{
    struct cepa_link_limits limits = link_pair_limits;
    limits.cells = 64;
    limits.queue_max = 32;
    begin(6, 16, 300, &limits, NULL);
    pair.channel.frames_per_ms = 5;
    link_pair_run(&pair, 3000);
    uint32_t sum = 0;
    for (unsigned i = 0; i < 16; i++) {
        sum += received[i];
    }
    CHECK_INT(sum, 16 * 300);
    link_pair_end(&pair);
}

TEST(circuits_close_on_both_sides)
{
    uint32_t id;
    uint8_t body[CEPA_CELL_BODY_SIZE] = {0};
    begin(7, 0, 0, NULL, NULL);
    for (unsigned i = 0; i < 400; i++) {
        CHECK_INT(cepa_link_open_circuit(&pair.sides[0].link, &id), 0);
        CHECK_INT(cepa_link_accept_circuit(&pair.sides[1].link, id), 0);
        CHECK_INT(cepa_link_accept_circuit(&pair.sides[1].link, id), CEPA_ERR_IN_USE);
        CHECK_INT(cepa_link_accept_circuit(&pair.sides[0].link, id), CEPA_ERR_ARGUMENT);
        CHECK_INT(cepa_link_send_cell(&pair.sides[1].link, id, 1, body, link_pair_now(&pair)), 0);
        cepa_link_close_circuit(&pair.sides[i % 2].link, id, 3, link_pair_now(&pair));
        link_pair_run(&pair, 10);
    }
    CHECK_INT(pair.sides[0].events[CEPA_LINK_CIRCUIT_CLOSED], 200);
    CHECK_INT(pair.sides[1].events[CEPA_LINK_CIRCUIT_CLOSED], 200);
    CHECK_INT(pair.sides[0].shared.circuit_pool.count, 0);
    CHECK_INT(pair.sides[1].shared.circuit_pool.count, 0);
    CHECK_INT(cepa_link_send_cell(&pair.sides[1].link, id, 1, body, link_pair_now(&pair)),
              CEPA_ERR_NOT_FOUND);
    link_pair_end(&pair);
}

TEST(a_lost_close_is_repeated)
{
    uint32_t id;
    begin(8, 0, 0, NULL, NULL);
    for (unsigned i = 0; i < 50; i++) {
        CHECK_INT(cepa_link_open_circuit(&pair.sides[0].link, &id), 0);
        CHECK_INT(cepa_link_accept_circuit(&pair.sides[1].link, id), 0);
        pair.is_cut[0] = true;
        cepa_link_close_circuit(&pair.sides[0].link, id, 3, link_pair_now(&pair));
        link_pair_run(&pair, 5);
        pair.is_cut[0] = false;
        link_pair_run(&pair, 1500);
        CHECK_INT(pair.sides[1].events[CEPA_LINK_CIRCUIT_CLOSED], i + 1);
    }
    link_pair_end(&pair);
}

TEST(more_circuits_than_granted_are_refused)
{
    uint32_t id;
    begin(9, 0, 0, NULL, NULL);
    for (uint32_t i = 0; i < link_pair_limits.circuits_per_link; i++) {
        CHECK_INT(cepa_link_open_circuit(&pair.sides[0].link, &id), 0);
        CHECK_INT(cepa_link_accept_circuit(&pair.sides[1].link, i + 1), 0);
    }
    CHECK_INT(cepa_link_open_circuit(&pair.sides[0].link, &id), CEPA_ERR_FULL);
    CHECK_INT(cepa_link_accept_circuit(&pair.sides[1].link, 100000), CEPA_ERR_FULL);
    link_pair_end(&pair);
}

TEST_MAIN(RUN(all_cells_arrive_once), RUN(lost_cells_do_not_use_up_credit),
          RUN(credit_holds_a_sender_back), RUN(a_window_grows_to_what_the_way_holds),
          RUN(a_greedy_circuit_does_not_starve_another), RUN(a_small_pool_stays_bounded),
          RUN(circuits_close_on_both_sides), RUN(a_lost_close_is_repeated),
          RUN(more_circuits_than_granted_are_refused))
