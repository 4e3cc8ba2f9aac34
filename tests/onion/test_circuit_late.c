/* Renewal of a hop's keys with cells and offers that come late: which key holds at which counter,
 * and which counters are too old for any. */
#include <string.h>

#include "base/endian.h"
#include "support/renewals.h"
#include "support/test.h"

static struct renewals room;

TEST(cells_of_both_keys_may_be_on_their_way)
{
    enum { COUNT = 100 };
    static struct net_cell forward[COUNT];
    static struct net_cell backward[COUNT];
    size_t at;
    renewals_start(&room, 3, 3);
    for (uint32_t i = 0; i < COUNT / 2; i++) { /* under the old backward key of hop 1 */
        net_originate(&room.net, &backward[i], 2, CEPA_CELL_DATA, &i, sizeof i);
        CHECK_INT(cepa_circuit_relay_backward(&room.net.relays[1], &backward[i].counter,
                                              backward[i].body, backward[i].counter, room.net.cpu),
                  0);
    }
    renewals_renew(&room, 1);
    for (uint32_t i = 0; i < COUNT; i++) {
        net_seal(&room.net, &forward[i], 2, CEPA_CELL_DATA, &i, sizeof i);
    }
    for (uint32_t i = COUNT; i-- > 0;) { /* the new key's cells come first */
        CHECK_INT(net_forward(&room.net, &at, &forward[i]), 0);
        CHECK_BYTES(room.net.step.message.data, &i, sizeof i);
    }
    for (uint32_t i = COUNT / 2; i < COUNT; i++) { /* under the new */
        net_originate(&room.net, &backward[i], 2, CEPA_CELL_DATA, &i, sizeof i);
        CHECK_INT(cepa_circuit_relay_backward(&room.net.relays[1], &backward[i].counter,
                                              backward[i].body, backward[i].counter, room.net.cpu),
                  0);
    }
    for (uint32_t n = 0; n < COUNT; n++) {
        uint32_t i = n % 2 ? n / 2 : COUNT - 1 - n / 2;
        CHECK_INT(net_backward(&room.net, 1, &backward[i]), 0);
        CHECK_BYTES(room.net.cell.message.data, &i, sizeof i);
    }
}

/* As long as the window takes a cell from before the begin, the key for it is there. */
TEST(the_old_key_lasts_as_long_as_the_window)
{
    for (uint64_t back = 1; back <= 2; back++) {
        struct net_cell late;
        size_t at;
        renewals_start(&room, 17, 2);
        renewals_renew(&room, 0);
        while (room.net.origin.hops[0].counters.forward_start + room.net.origin.sent + back !=
               room.net.origin.renewal.begin) {
            net_say(&room.net, 0, "x");
        }
        net_seal(&room.net, &late, 0, CEPA_CELL_DATA, "late", 4);
        for (uint64_t i = 0; i < CEPA_REPLAY_WINDOW_REACH - 1 + back; i++) {
            net_say(&room.net, 0, "x");
        }
        /* The highest counter is now begin + REACH - 1. */
        CHECK(room.net.relays[0].has_old);
        CHECK_INT(net_forward(&room.net, &at, &late), back == 1 ? 0 : CEPA_ERR_REPLAY);
        net_say(&room.net, 0, "x");
        CHECK(!room.net.relays[0].has_old);
    }
}

TEST(a_late_cell_whose_key_is_gone_is_dropped)
{
    struct net_cell late;
    size_t at;
    renewals_start(&room, 5, 2);
    renewals_renew(&room, 1);
    net_seal(&room.net, &late, 1, CEPA_CELL_DATA, "late", 4);
    renewals_talk_past_begin(&room, 1, 1);
    renewals_renew(&room, 1); /* the offer makes the hop forget the key before */
    CHECK_INT(net_forward(&room.net, &at, &late), CEPA_ERR_REPLAY);
    CHECK_INT(at, 1);
    net_say(&room.net, 1, "not closed by it");
}

TEST(the_first_cell_of_a_key_may_be_the_last_to_come)
{
    struct net_cell first;
    size_t at;
    renewals_start(&room, 19, 2);
    renewals_renew(&room, 1);
    while (room.net.origin.hops[0].counters.forward_start + room.net.origin.sent !=
           room.net.origin.renewal.begin) {
        net_say(&room.net, 1, "x");
    }
    net_seal(&room.net, &first, 1, CEPA_CELL_DATA, "first", 5);
    renewals_talk_past_begin(&room, 1, 1);
    renewals_renew(&room, 1); /* forgets the key before */
    CHECK(!room.net.relays[1].has_old);
    CHECK_INT(net_forward(&room.net, &at, &first), 0);
    CHECK_BYTES(room.net.step.message.data, "first", 5);
}

TEST(a_cell_from_before_the_key_before_is_dropped)
{
    struct net_cell late;
    size_t at;
    renewals_start(&room, 10, 2);
    renewals_renew(&room, 1);
    net_seal(&room.net, &late, 1, CEPA_CELL_DATA, "late", 4);
    renewals_talk_past_begin(&room, 1, 1);
    renewals_renew(&room, 1);
    renewals_talk_past_begin(&room, 1, 1);
    CHECK(room.net.relays[1].has_old); /* but that is not the late cell's key */
    CHECK_INT(net_forward(&room.net, &at, &late), CEPA_ERR_REPLAY);
    CHECK_INT(at, 1);
    net_say(&room.net, 1, "not closed by it");
}

/* Offers keys to hop 1 and gives what would travel. */
static uint64_t offer_to_1(uint8_t offer[CEPA_RENEWAL_OFFER_SIZE], uint32_t gap)
{
    struct cepa_renewal_offer fields;
    CHECK_INT(cepa_circuit_origin_renew(&room.net.origin, offer, 1, gap, &room.random, &room.key,
                                        &room.workspace, room.net.cpu),
              0);
    CHECK_INT(cepa_renewal_offer_decode(&fields, offer, CEPA_RENEWAL_OFFER_SIZE), 0);
    return fields.begin;
}

TEST(a_repeated_offer_begins_later_whatever_its_gap)
{
    static const uint32_t gaps[] = {1000, 1000, 0, 1000, 1001, 5000, 0, UINT32_MAX};
    uint8_t offer[CEPA_RENEWAL_OFFER_SIZE];
    uint8_t answer[CEPA_RENEWAL_ANSWER_SIZE];
    renewals_start(&room, 11, 3);
    uint64_t first = offer_to_1(offer, gaps[0]);
    uint64_t last = first;
    for (size_t i = 1; i < sizeof gaps / sizeof gaps[0]; i++) {
        uint64_t begin = offer_to_1(offer, gaps[i]);
        CHECK(begin - last - 1 < CEPA_RENEWAL_GAP_MAX);
        last = begin;
    }
    CHECK(last - first <= CEPA_RENEWAL_GAP_MAX);
    CHECK_INT(cepa_circuit_relay_renew(&room.net.relays[1], answer, offer, sizeof offer,
                                       &room.random, &room.workspace, room.net.cpu),
              0);
    /* Data still wait for the first begin, less the reserve. */
    for (uint32_t i = 0; i < gaps[0] - CEPA_RENEWAL_RESERVE; i++) {
        net_say(&room.net, 2, "under the old key");
    }
    const struct cepa_cell_message data = {CEPA_CELL_DATA, NULL, 0};
    struct net_cell cell;
    CHECK_INT(cepa_circuit_origin_seal(&room.net.origin, &cell.counter, cell.body, 2, &data,
                                       room.net.cpu),
              CEPA_ERR_TOO_SOON);
}

TEST(of_two_offers_the_later_holds_also_if_it_comes_first)
{
    uint8_t first[CEPA_RENEWAL_OFFER_SIZE];
    uint8_t second[CEPA_RENEWAL_OFFER_SIZE];
    uint8_t answer[CEPA_RENEWAL_ANSWER_SIZE];
    uint8_t late_answer[CEPA_RENEWAL_ANSWER_SIZE];
    renewals_start(&room, 12, 3);
    (void)offer_to_1(first, 50);
    (void)offer_to_1(second, 50);
    CHECK_INT(cepa_circuit_relay_renew(&room.net.relays[1], answer, second, sizeof second,
                                       &room.random, &room.workspace, room.net.cpu),
              0);
    struct cepa_circuit_relay before = room.net.relays[1];
    CHECK_INT(cepa_circuit_relay_renew(&room.net.relays[1], late_answer, first, sizeof first,
                                       &room.random, &room.workspace, room.net.cpu),
              CEPA_ERR_MALFORMED);
    CHECK_INT(cepa_circuit_relay_renew(&room.net.relays[1], late_answer, second, sizeof second,
                                       &room.random, &room.workspace, room.net.cpu),
              CEPA_ERR_MALFORMED);
    CHECK_BYTES(&room.net.relays[1], &before, sizeof before);
    CHECK_INT(cepa_circuit_origin_renewed(&room.net.origin, 1, answer, sizeof answer, &room.key,
                                          &room.workspace, room.net.cpu),
              0);
    for (unsigned i = 0; i < 100; i++) {
        net_say(&room.net, 2, "under either key");
        net_hear(&room.net, 2, "and back");
    }
}

TEST(a_key_begins_ahead_of_all_cells_and_within_the_window)
{
    static const struct {
        uint64_t ahead; /* of the highest counter that came */
        int error;
    } cases[] = {
        {0, CEPA_ERR_MALFORMED},          {1, 0},
        {CEPA_CIRCUIT_CELLS_MAX, 0},      {CEPA_CIRCUIT_CELLS_MAX + 1, CEPA_ERR_MALFORMED},
        {UINT64_MAX, CEPA_ERR_MALFORMED},
    };
    uint8_t offer[CEPA_RENEWAL_OFFER_SIZE];
    uint8_t answer[CEPA_RENEWAL_ANSWER_SIZE];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        renewals_start(&room, 18, 2);
        (void)offer_to_1(offer, 0);
        uint64_t highest = room.net.seen[1];
        cepa_be64_store(offer, highest + cases[i].ahead);
        CHECK_INT(cepa_circuit_relay_renew(&room.net.relays[1], answer, offer, sizeof offer,
                                           &room.random, &room.workspace, room.net.cpu),
                  cases[i].error);
    }
    /* A hop that has seen no cell has seen no offer either. */
    net_init(&room.net, 18, 2, room.net.cpu);
    cepa_be64_store(offer, 5);
    CHECK_INT(cepa_circuit_relay_renew(&room.net.relays[1], answer, offer, sizeof offer,
                                       &room.random, &room.workspace, room.net.cpu),
              CEPA_ERR_MALFORMED);
}

TEST(noise_begins_no_key_and_erases_none)
{
    struct net_cell cell = {0, {0}};
    uint8_t offer[CEPA_RENEWAL_OFFER_SIZE];
    uint8_t answer[CEPA_RENEWAL_ANSWER_SIZE];
    size_t at;
    uint32_t actions;
    renewals_start(&room, 13, 3);
    renewals_renew(&room, 2);
    renewals_talk_past_begin(&room, 2, 2);
    struct cepa_circuit_relay before = room.net.relays[2];
    cell.counter = room.net.relays[2].begin + CEPA_REPLAY_WINDOW_REACH;
    CHECK(before.has_old);
    CHECK_INT(
        cepa_circuit_relay_forward(&room.net.relays[2], &room.net.step, cell.body, cell.counter, 0),
        CEPA_ERR_AUTHENTICATION);
    CHECK_BYTES(&room.net.relays[2], &before, sizeof before);

    uint64_t begin = offer_to_1(offer, 0);
    CHECK_INT(cepa_circuit_relay_renew(&room.net.relays[1], answer, offer, sizeof offer,
                                       &room.random, &room.workspace, room.net.cpu),
              0);
    CHECK_INT(cepa_circuit_relay_on(&room.net.relays[1], &actions, CEPA_RELAY_ON_NEXT_LOST), 0);
    before = room.net.relays[1];
    cell.counter = begin;
    CHECK_INT(
        cepa_circuit_relay_forward(&room.net.relays[1], &room.net.step, cell.body, cell.counter, 0),
        CEPA_ERR_STATE);
    CHECK_BYTES(&room.net.relays[1], &before, sizeof before);
    net_seal(&room.net, &cell, 1, CEPA_CELL_DATA, "known", 5);
    CHECK_INT(net_forward(&room.net, &at, &cell), 0);
    CHECK_INT(at, 1);
}

TEST(the_next_renewal_keeps_the_key_before_until_it_begins)
{
    static struct renewals_exchange exchange;
    struct net_cell under_way[2];
    struct net_cell own;
    renewals_start(&room, 14, 3);
    for (unsigned i = 0; i < 2; i++) { /* crosses hop 1 under its old key */
        net_originate(&room.net, &under_way[i], 2, CEPA_CELL_DATA, "late", 4);
        CHECK_INT(cepa_circuit_relay_backward(&room.net.relays[1], &under_way[i].counter,
                                              under_way[i].body, under_way[i].counter,
                                              room.net.cpu),
                  0);
    }
    net_originate(&room.net, &own, 1, CEPA_CELL_DATA, "own", 3);
    renewals_renew(&room, 1);
    for (unsigned i = 0; i < CEPA_RENEWAL_GAP_MIN; i++) {
        net_say(&room.net, 2, "until it has begun");
    }
    renewals_exchange_init(&exchange);
    CHECK_INT(renewals_attempt(&room, &exchange, 0, 0), 1);
    CHECK_INT(net_backward(&room.net, 1, &under_way[0]), 0);
    CHECK_INT(net_backward(&room.net, 1, &own), 0);
    for (unsigned i = 0; i < CEPA_RENEWAL_GAP_MIN; i++) {
        net_say(&room.net, 2, "until the next has begun");
    }
    CHECK_INT(room.net.origin.old.hop, 0);
    CHECK_INT(net_backward(&room.net, 1, &under_way[1]), CEPA_ERR_AUTHENTICATION);
}

TEST(counters_wrap_around_in_a_renewal)
{
    for (uint64_t left = 0; left < 3 * CEPA_RENEWAL_GAP_MIN; left += 7) {
        net_init(&room.net, 16, 2, room.net.cpu);
        room.random = test_source_init(&room.source, left);
        room.net.origin.hops[0].counters.forward_start = (uint64_t)0 - left;
        net_say(&room.net, 0, "begin");
        for (unsigned i = 0; i < 2; i++) {
            renewals_renew(&room, 0);
            renewals_talk_past_begin(&room, 0, 1);
        }
        for (unsigned i = 0; i < CEPA_REPLAY_WINDOW_REACH; i++) {
            net_say(&room.net, 0, "x");
        }
        CHECK(!room.net.relays[0].has_old);
    }
}

TEST_MAIN(RUN(cells_of_both_keys_may_be_on_their_way), RUN(the_old_key_lasts_as_long_as_the_window),
          RUN(a_late_cell_whose_key_is_gone_is_dropped),
          RUN(the_first_cell_of_a_key_may_be_the_last_to_come),
          RUN(a_cell_from_before_the_key_before_is_dropped),
          RUN(a_repeated_offer_begins_later_whatever_its_gap),
          RUN(of_two_offers_the_later_holds_also_if_it_comes_first),
          RUN(a_key_begins_ahead_of_all_cells_and_within_the_window),
          RUN(noise_begins_no_key_and_erases_none),
          RUN(the_next_renewal_keeps_the_key_before_until_it_begins),
          RUN(counters_wrap_around_in_a_renewal))
