/* Two carriers beneath a link: proof, a planned move that loses nothing, sudden death. */
#include <string.h>

#include "base/endian.h"
#include "support/link_pair.h"
#include "support/test.h"

enum { MESSAGES_MAX = 4096 };

static struct link_pair pair;
static uint32_t sent[2];
static uint32_t received[2]; /* from side i */
static uint8_t seen[2][MESSAGES_MAX];
static uint32_t per_tick;
static bool may_move;
static uint64_t moved_ns[2];

static void on_event(struct link_pair *it, unsigned side, const struct cepa_link_event *event)
{
    if (event->kind == CEPA_LINK_MESSAGE) {
        uint32_t number = cepa_be32_load(event->data);
        CHECK(number < MESSAGES_MAX && !seen[1 - side][number]);
        CHECK_INT(event->data_len, number % 1000 + 4);
        seen[1 - side][number] = 1;
        received[1 - side]++;
    } else if (event->kind == CEPA_LINK_PROVEN && side == 0 && may_move) {
        CHECK_INT(event->slot, 1);
        CHECK_INT(cepa_link_move(&it->sides[0].link, 1, link_pair_now(it)), 0);
    } else if (event->kind == CEPA_LINK_MOVED) {
        CHECK_INT(event->slot, 1);
        moved_ns[side] = it->now_ns;
    }
}

static void on_tick(struct link_pair *it)
{
    uint8_t message[1004] = {0};
    for (unsigned side = 0; side < 2; side++) {
        for (uint32_t i = 0; i < per_tick && sent[side] < MESSAGES_MAX; i++) {
            cepa_be32_store(message, sent[side]);
            if (cepa_link_send_message(&it->sides[side].link, message, sent[side] % 1000 + 4,
                                       link_pair_now(it)) == 0) {
                sent[side]++;
            }
        }
    }
}

static void attach(unsigned side, unsigned slot, uint8_t kind, uint8_t name)
{
    struct cepa_carrier carrier = link_pair_carrier(kind, name);
    CHECK_INT(cepa_link_attach(&pair.sides[side].link, slot, &carrier, link_pair_now(&pair)), 0);
}

static void begin(uint64_t seed, uint8_t kind)
{
    memset(sent, 0, sizeof sent);
    memset(received, 0, sizeof received);
    memset(seen, 0, sizeof seen);
    memset(moved_ns, 0, sizeof moved_ns);
    per_tick = 3;
    may_move = true;
    link_pair_up(&pair, seed, kind, false, NULL, NULL);
    pair.on_event = on_event;
    pair.on_tick = on_tick;
}

static void finish(void)
{
    per_tick = 0;
    link_pair_run(&pair, 100);
    CHECK(!pair.sides[0].has_failed && !pair.sides[1].has_failed);
}

TEST(a_move_under_load_loses_nothing)
{
    for (uint64_t seed = 0; seed < 20; seed++) {
        begin(seed, seed & 1 ? CEPA_CARRIER_RELAYED : CEPA_CARRIER_WEBRTC);
        pair.channel.jitter_ns = 8 * CEPA_MILLISECOND_NS;
        link_pair_run(&pair, 20);
        attach(0, 1, seed & 1 ? CEPA_CARRIER_WEBRTC : CEPA_CARRIER_RELAYED, 9);
        link_pair_run(&pair, seed);
        attach(1, 1, seed & 1 ? CEPA_CARRIER_WEBRTC : CEPA_CARRIER_RELAYED, 9);
        /* What came to a slot before a carrier was in it is missing, which takes the full 2 s. */
        link_pair_run(&pair, seed < 6 ? 600 : 2300);
        CHECK(moved_ns[0] != 0 && moved_ns[1] != 0);
        CHECK_INT(pair.sides[0].events[CEPA_LINK_MOVED], 1);
        CHECK_INT(pair.sides[1].events[CEPA_LINK_MOVED], 1);
        uint64_t before[2] = {pair.sides[0].sent_on[0], pair.sides[1].sent_on[0]};
        cepa_link_detach(&pair.sides[0].link, 0, link_pair_now(&pair));
        cepa_link_detach(&pair.sides[1].link, 0, link_pair_now(&pair));
        link_pair_run(&pair, 50);
        finish();
        for (unsigned side = 0; side < 2; side++) {
            CHECK(sent[side] > 300);
            CHECK_INT(received[side], sent[side]);
            CHECK_INT(pair.sides[side].sent_on[0], before[side]);
            CHECK_INT(pair.sides[side].events[CEPA_LINK_MOVED], 1);
        }
        link_pair_end(&pair);
    }
}

TEST(a_move_over_lossy_carriers_ends)
{
    for (uint64_t seed = 0; seed < 20; seed++) {
        begin(seed, CEPA_CARRIER_SIM);
        pair.channel.lost_permille = 200;
        attach(0, 1, CEPA_CARRIER_SIM, 9);
        attach(1, 1, CEPA_CARRIER_SIM, 9);
        link_pair_run(&pair, 5000);
        CHECK(moved_ns[0] != 0 && moved_ns[1] != 0);
        CHECK_INT(pair.sides[0].link.active, 1);
        CHECK_INT(pair.sides[1].link.active, 1);
        finish();
        link_pair_end(&pair);
    }
}

TEST(a_dead_carrier_is_replaced_by_the_other)
{
    for (unsigned who = 0; who < 3; who++) {
        begin(who, CEPA_CARRIER_SIM);
        may_move = false;
        attach(0, 1, CEPA_CARRIER_SIM, 9);
        attach(1, 1, CEPA_CARRIER_SIM, 9);
        link_pair_run(&pair, 50);
        CHECK_INT(pair.sides[0].events[CEPA_LINK_PROVEN], 1);
        CHECK_INT(pair.sides[1].events[CEPA_LINK_PROVEN], 1);
        CHECK_INT(pair.sides[0].sent_on[1], pair.sides[1].sent_on[1]); /* only proofs */
        pair.is_cut[0] = true;
        if (who != 1) {
            cepa_link_detach(&pair.sides[0].link, 0, link_pair_now(&pair));
        }
        if (who != 0) {
            cepa_link_detach(&pair.sides[1].link, 0, link_pair_now(&pair));
        }
        link_pair_run(&pair, 100);
        CHECK_INT(pair.sides[0].link.active, 1);
        CHECK_INT(pair.sides[1].link.active, 1);
        uint32_t before[2] = {received[0], received[1]};
        uint32_t sent_before[2] = {sent[0], sent[1]};
        link_pair_run(&pair, 200);
        finish();
        CHECK(received[0] - before[0] >= sent[0] - sent_before[0]);
        CHECK(received[1] - before[1] >= sent[1] - sent_before[1]);
        link_pair_end(&pair);
    }
}

TEST(a_link_without_carriers_waits_for_one)
{
    begin(1, CEPA_CARRIER_SIM);
    for (unsigned side = 0; side < 2; side++) {
        cepa_link_detach(&pair.sides[side].link, 0, link_pair_now(&pair));
    }
    link_pair_run(&pair, 3000);
    CHECK(!pair.sides[0].has_failed && !pair.sides[1].has_failed);
    may_move = false;
    attach(0, 1, CEPA_CARRIER_RELAYED, 9);
    attach(1, 1, CEPA_CARRIER_RELAYED, 9);
    link_pair_run(&pair, 200);
    CHECK(moved_ns[0] != 0 && moved_ns[1] != 0);
    uint32_t before = received[0];
    link_pair_run(&pair, 100);
    CHECK(received[0] > before + 200);
    finish();
    link_pair_end(&pair);
}

TEST(a_carrier_that_ends_elsewhere_is_refused)
{
    for (unsigned what = 0; what < 2; what++) {
        begin(1, CEPA_CARRIER_WEBRTC);
        attach(0, 1, CEPA_CARRIER_WEBRTC, 9);
        attach(1, 1, what == 0 ? CEPA_CARRIER_WEBRTC : CEPA_CARRIER_SIM, what == 0 ? 10 : 9);
        link_pair_run(&pair, 300);
        CHECK_INT(pair.sides[0].events[CEPA_LINK_REFUSED], 1);
        CHECK_INT(pair.sides[1].events[CEPA_LINK_REFUSED], 1);
        CHECK_INT(pair.sides[0].events[CEPA_LINK_PROVEN], 0);
        CHECK_INT(cepa_link_move(&pair.sides[0].link, 1, link_pair_now(&pair)), CEPA_ERR_STATE);
        cepa_link_detach(&pair.sides[0].link, 1, link_pair_now(&pair));
        cepa_link_detach(&pair.sides[1].link, 1, link_pair_now(&pair));
        link_pair_run(&pair, 50);
        finish();
        CHECK_INT(received[0], sent[0]);
        CHECK_INT(received[1], sent[1]);
        link_pair_end(&pair);
    }
}

TEST(both_sides_may_move_at_once_and_back)
{
    begin(1, CEPA_CARRIER_SIM);
    may_move = false;
    attach(0, 1, CEPA_CARRIER_SIM, 9);
    attach(1, 1, CEPA_CARRIER_SIM, 9);
    link_pair_run(&pair, 50);
    for (unsigned i = 0; i < 2; i++) {
        CHECK_INT(cepa_link_move(&pair.sides[i].link, 1, link_pair_now(&pair)), 0);
    }
    link_pair_run(&pair, 300);
    CHECK(moved_ns[0] != 0 && moved_ns[1] != 0);
    finish();
    CHECK_INT(received[0], sent[0]);
    CHECK_INT(received[1], sent[1]);
    pair.on_event = NULL;
    CHECK_INT(cepa_link_move(&pair.sides[1].link, 0, link_pair_now(&pair)), 0);
    link_pair_run(&pair, 300);
    CHECK_INT(pair.sides[0].link.active, 0);
    CHECK_INT(pair.sides[1].link.active, 0);
    link_pair_end(&pair);
}

TEST_MAIN(RUN(a_move_under_load_loses_nothing), RUN(a_move_over_lossy_carriers_ends),
          RUN(a_dead_carrier_is_replaced_by_the_other), RUN(a_link_without_carriers_waits_for_one),
          RUN(a_carrier_that_ends_elsewhere_is_refused), RUN(both_sides_may_move_at_once_and_back))
