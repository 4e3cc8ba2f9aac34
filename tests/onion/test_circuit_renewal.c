/* Renewal of a hop's keys through real cells: whatever is lost or forged, both sides agree on which
 * key holds, and old keys are gone when they should be. What comes late: test_circuit_late.c. */
#include <string.h>

#include "support/renewals.h"
#include "support/test.h"

static struct renewals room;

TEST(each_hop_gets_a_key_of_its_own)
{
    static const struct cepa_xwing_key no_key;
    static const struct cepa_xwing_seed no_seed;
    uint8_t public_keys[3][CEPA_KEM_PUBLIC_KEY_SIZE];
    renewals_start(&room, 1, 3);
    for (size_t hop = 0; hop < 3; hop++) {
        static struct renewals_exchange exchange;
        uint8_t old_chain[CEPA_CIRCUIT_KEY_SIZE];
        struct cepa_hpolyc_key old_forward = room.net.relays[hop].forward;
        struct cepa_hpolyc_key old_backward = room.net.relays[hop].backward;
        memcpy(old_chain, room.net.relays[hop].chain, sizeof old_chain);
        renewals_exchange_init(&exchange);
        CHECK_INT(renewals_attempt(&room, &exchange, hop, 0), 1);
        CHECK_BYTES(&room.key, &no_key, sizeof no_key);
        CHECK_BYTES(&room.net.origin.renewal.seed, &no_seed, sizeof no_seed);
        memcpy(public_keys[hop], exchange.offer_bytes + 8, sizeof public_keys[hop]);
        CHECK(memcmp(&old_forward, &room.net.relays[hop].forward, sizeof old_forward) == 0);
        renewals_talk_past_begin(&room, hop, 2);
        CHECK(memcmp(&old_forward, &room.net.relays[hop].forward, sizeof old_forward) != 0);
        CHECK(memcmp(&old_backward, &room.net.relays[hop].backward, sizeof old_backward) != 0);
        CHECK(memcmp(old_chain, room.net.relays[hop].chain, sizeof old_chain) != 0);
        CHECK_BYTES(room.net.relays[hop].chain, room.net.origin.hops[hop].chain, sizeof old_chain);
        for (size_t i = 0; i < hop; i++) {
            CHECK(memcmp(public_keys[i], public_keys[hop], sizeof public_keys[i]) != 0);
        }
    }
}

TEST(whatever_is_lost_the_next_offer_mends_it)
{
    for (unsigned lost = 1; lost < 16; lost++) {
        static struct renewals_exchange exchange;
        renewals_start(&room, 100 + lost, 3);
        renewals_exchange_init(&exchange);
        CHECK_INT(renewals_attempt(&room, &exchange, 1, lost), 0);
        net_say(&room.net, 2, "goes on");
        net_hear(&room.net, 2, "under the old keys");
        CHECK_INT(renewals_attempt(&room, &exchange, 1, 0), 1);
        renewals_talk_past_begin(&room, 1, 2);
    }
}

TEST(data_wait_before_an_unanswered_begin)
{
    const struct cepa_cell_message data = {CEPA_CELL_DATA, NULL, 0};
    static struct renewals_exchange exchange;
    struct net_cell cell;
    unsigned sent = 0;
    size_t at;
    renewals_start(&room, 2, 3);
    renewals_exchange_init(&exchange);
    CHECK_INT(renewals_attempt(&room, &exchange, 1, 0x4), 0); /* the answer is lost */
    while (cepa_circuit_origin_seal(&room.net.origin, &cell.counter, cell.body, 2, &data,
                                    room.net.cpu) == 0) {
        CHECK_INT(net_forward(&room.net, &at, &cell), 0);
        sent++;
    }
    CHECK_INT(sent, CEPA_RENEWAL_GAP_MIN - 2 - CEPA_RENEWAL_RESERVE);
    CHECK_INT(cepa_circuit_origin_seal(&room.net.origin, &cell.counter, cell.body, 2, &data,
                                       room.net.cpu),
              CEPA_ERR_TOO_SOON);
    CHECK(room.net.relays[1].has_pending); /* the hop waits as well, for its own begin */
    CHECK_INT(renewals_attempt(&room, &exchange, 1, 0x4), 0);
    CHECK_INT(renewals_attempt(&room, &exchange, 1, 0), 1); /* the last of the reserve */
    renewals_talk_past_begin(&room, 1, 2);
}

TEST(old_keys_are_erased)
{
    static const uint8_t wiped[CEPA_CIRCUIT_KEY_SIZE];
    static const struct cepa_origin_renewal none;
    static const struct cepa_origin_old gone;
    renewals_start(&room, 4, 2);
    renewals_renew(&room, 0);
    renewals_talk_past_begin(&room, 0, 1);
    CHECK(room.net.relays[0].has_old);
    for (unsigned i = 0; i < CEPA_REPLAY_WINDOW_REACH; i++) {
        net_say(&room.net, 1, "x");
    }
    CHECK(!room.net.relays[0].has_old);
    CHECK_BYTES(room.net.relays[0].forward_old, wiped, sizeof wiped);
    for (unsigned i = 0; i < CEPA_RENEWAL_OVERLAP; i++) {
        net_hear(&room.net, 1, "x");
    }
    CHECK_BYTES(&room.net.origin.renewal, &none, sizeof none);
    CHECK_BYTES(&room.net.origin.old, &gone, sizeof gone);
    net_say(&room.net, 1, "still");
    net_hear(&room.net, 1, "here");
    /* A second renewal of the same hop starts from the first one's chain. */
    renewals_renew(&room, 0);
    renewals_talk_past_begin(&room, 0, 1);
}

/* The cells that extend a circuit wait like all others for the answer to an offer, so the offer can
 * be repeated on what is left of it. */
TEST(an_offer_may_be_repeated_on_a_circuit_that_is_cut)
{
    const struct cepa_cell_message data = {CEPA_CELL_DATA, NULL, 0};
    static struct renewals_exchange exchange;
    struct cepa_circuit_seed seeds[2] = {net_seed(15, 7), net_seed(15, 8)};
    uint8_t offer[CEPA_RENEWAL_OFFER_SIZE];
    struct net_cell cell;
    uint32_t actions;
    renewals_start(&room, 15, 3);
    renewals_exchange_init(&exchange);
    CHECK_INT(renewals_attempt(&room, &exchange, 0, 0x8), 0); /* half of the answer is lost */
    while (cepa_circuit_origin_seal(&room.net.origin, &cell.counter, cell.body, 0, &data,
                                    room.net.cpu) == 0) {
    }
    CHECK_INT(cepa_circuit_relay_on(&room.net.relays[0], &actions, CEPA_RELAY_ON_NEXT_LOST), 0);
    net_originate(&room.net, &cell, 0, CEPA_CELL_BROKEN, NULL, 0);
    CHECK_INT(net_backward(&room.net, 0, &cell), 0);
    CHECK_INT(room.net.origin.state, CEPA_ORIGIN_CUT);
    CHECK_INT(renewals_attempt(&room, &exchange, 0, 0), 1);
    for (unsigned i = 0; i < CEPA_PACKET_PARTS; i++) {
        net_say(&room.net, 0, "a part of a packet");
    }
    /* A new one has to wait, as before a confirmation. */
    net_say(&room.net, 0, "x");
    while (room.net.origin.renewal.state != CEPA_RENEWAL_NONE) {
        net_say(&room.net, 0, "until it has begun");
    }
    CHECK_INT(cepa_circuit_origin_renew(&room.net.origin, offer, 0, 0, &room.random, &room.key,
                                        &room.workspace, room.net.cpu),
              CEPA_ERR_STATE);
    CHECK_INT(cepa_circuit_origin_extend(&room.net.origin, seeds, 2, room.net.cpu), 0);
    CHECK_INT(room.net.origin.state, CEPA_ORIGIN_SALVAGING);
}

TEST(bad_offers_change_nothing)
{
    uint8_t offer[CEPA_RENEWAL_OFFER_SIZE];
    uint8_t bad[CEPA_RENEWAL_OFFER_SIZE];
    uint8_t answer[CEPA_RENEWAL_ANSWER_SIZE];
    renewals_start(&room, 6, 2);
    CHECK_INT(cepa_circuit_origin_renew(&room.net.origin, offer, 1, 0, &room.random, &room.key,
                                        &room.workspace, room.net.cpu),
              0);
    struct cepa_circuit_relay before = room.net.relays[1];
    struct test_source source_failing;
    struct cepa_random failing = test_source_init(&source_failing, 1);
    source_failing.fail_at = 1;
    for (size_t len = 0; len < sizeof offer; len += 101) {
        CHECK_INT(cepa_circuit_relay_renew(&room.net.relays[1], answer, offer, len, &room.random,
                                           &room.workspace, room.net.cpu),
                  CEPA_ERR_LENGTH);
    }
    memcpy(bad, offer, sizeof bad);
    memset(bad, 0, 8); /* begins at counter 0: not ahead, but by a chance of 2^-33 */
    CHECK_INT(cepa_circuit_relay_renew(&room.net.relays[1], answer, bad, sizeof bad, &room.random,
                                       &room.workspace, room.net.cpu),
              CEPA_ERR_MALFORMED);
    memcpy(bad, offer, sizeof bad);
    memset(bad + 8, 0xff, 3); /* two coefficients of 4,095 */
    CHECK_INT(cepa_circuit_relay_renew(&room.net.relays[1], answer, bad, sizeof bad, &room.random,
                                       &room.workspace, room.net.cpu),
              CEPA_ERR_INVALID_KEY);
    memcpy(bad, offer, sizeof bad);
    memset(bad + sizeof bad - 32, 0, 32);
    CHECK_INT(cepa_circuit_relay_renew(&room.net.relays[1], answer, bad, sizeof bad, &room.random,
                                       &room.workspace, room.net.cpu),
              CEPA_ERR_LOW_ORDER_POINT);
    CHECK_INT(cepa_circuit_relay_renew(&room.net.relays[1], answer, offer, sizeof offer, &failing,
                                       &room.workspace, room.net.cpu),
              CEPA_ERR_RANDOM);
    CHECK_BYTES(&room.net.relays[1], &before, sizeof before);
}

TEST(bad_answers_change_nothing)
{
    uint8_t offer[CEPA_RENEWAL_OFFER_SIZE];
    uint8_t answer[CEPA_RENEWAL_ANSWER_SIZE];
    renewals_start(&room, 7, 2);
    CHECK_INT(cepa_circuit_origin_renewed(&room.net.origin, 1, answer, sizeof answer, &room.key,
                                          &room.workspace, room.net.cpu),
              CEPA_ERR_STATE);
    CHECK_INT(cepa_circuit_origin_renew(&room.net.origin, offer, 1, 0, &room.random, &room.key,
                                        &room.workspace, room.net.cpu),
              0);
    CHECK_INT(cepa_circuit_relay_renew(&room.net.relays[1], answer, offer, sizeof offer,
                                       &room.random, &room.workspace, room.net.cpu),
              0);
    struct cepa_circuit_origin before = room.net.origin;
    CHECK_INT(cepa_circuit_origin_renewed(&room.net.origin, 0, answer, sizeof answer, &room.key,
                                          &room.workspace, room.net.cpu),
              CEPA_ERR_STATE);
    for (size_t len = 0; len < sizeof answer; len += 97) {
        CHECK_INT(cepa_circuit_origin_renewed(&room.net.origin, 1, answer, len, &room.key,
                                              &room.workspace, room.net.cpu),
                  CEPA_ERR_LENGTH);
    }
    for (size_t at = 0; at < sizeof answer; at += 61) {
        answer[at] ^= 4;
        CHECK_INT(cepa_circuit_origin_renewed(&room.net.origin, 1, answer, sizeof answer, &room.key,
                                              &room.workspace, room.net.cpu),
                  CEPA_ERR_AUTHENTICATION);
        answer[at] ^= 4;
    }
    CHECK_BYTES(&room.net.origin, &before, sizeof before);
    CHECK_INT(cepa_circuit_origin_renewed(&room.net.origin, 1, answer, sizeof answer, &room.key,
                                          &room.workspace, room.net.cpu),
              0);
}

/* A hop could choose the secret, and prove that it has it, by a point of low order. */
TEST(an_answer_with_a_point_of_low_order_is_refused_whatever_it_proves)
{
    static const struct cepa_xwing_key no_key;
    static struct cepa_xwing_key key;
    uint8_t offer[CEPA_RENEWAL_OFFER_SIZE];
    struct cepa_xwing_ciphertext ciphertext;
    struct cepa_xwing_secret secret;
    struct cepa_circuit_keys keys;
    uint8_t answer[CEPA_RENEWAL_ANSWER_SIZE];
    renewals_start(&room, 23, 2);
    CHECK_INT(cepa_circuit_origin_renew(&room.net.origin, offer, 1, 0, &room.random, &room.key,
                                        &room.workspace, room.net.cpu),
              0);
    CHECK_BYTES(&room.key, &no_key, sizeof no_key);
    for (int is_low = 0; is_low < 2; is_low++) {
        memset(ciphertext.bytes, 9, sizeof ciphertext.bytes);
        memset(ciphertext.bytes + sizeof ciphertext.bytes - 32, is_low ? 0 : 9, 32);
        cepa_xwing_key_expand(&key, &room.net.origin.renewal.seed, &room.workspace, room.net.cpu);
        CHECK_INT(cepa_xwing_decapsulate(&secret, &key, &ciphertext, &room.workspace, room.net.cpu),
                  is_low ? CEPA_ERR_LOW_ORDER_POINT : 0);
        cepa_circuit_keys_renew(&keys, room.net.relays[1].chain, &secret, offer, ciphertext.bytes);
        const struct cepa_renewal_answer fields = {ciphertext.bytes, keys.confirm};
        cepa_renewal_answer_encode(answer, &fields);
        struct cepa_circuit_origin before = room.net.origin;
        if (is_low) {
            CHECK_INT(cepa_circuit_origin_renewed(&room.net.origin, 1, answer, sizeof answer,
                                                  &room.key, &room.workspace, room.net.cpu),
                      CEPA_ERR_AUTHENTICATION);
            CHECK_BYTES(&room.net.origin, &before, sizeof before);
        } else {
            CHECK_INT(cepa_circuit_origin_renewed(&before, 1, answer, sizeof answer, &room.key,
                                                  &room.workspace, room.net.cpu),
                      0);
        }
    }
}

TEST(renewal_needs_an_open_circuit_and_one_hop_at_a_time)
{
    uint8_t offer[CEPA_RENEWAL_OFFER_SIZE];
    struct test_source source_failing;
    struct cepa_random failing = test_source_init(&source_failing, 1);
    struct cepa_circuit_seed seeds[2] = {net_seed(8, 0), net_seed(8, 1)};
    renewals_start(&room, 8, 2);
    source_failing.fail_at = 1;
    struct cepa_circuit_origin before = room.net.origin;
    CHECK_INT(cepa_circuit_origin_renew(&room.net.origin, offer, 2, 0, &room.random, &room.key,
                                        &room.workspace, room.net.cpu),
              CEPA_ERR_ARGUMENT);
    CHECK_INT(cepa_circuit_origin_renew(&room.net.origin, offer, 1, 0, &failing, &room.key,
                                        &room.workspace, room.net.cpu),
              CEPA_ERR_RANDOM);
    CHECK_BYTES(&room.net.origin, &before, sizeof before);
    CHECK_INT(cepa_circuit_origin_renew(&room.net.origin, offer, 1, 0, &room.random, &room.key,
                                        &room.workspace, room.net.cpu),
              0);
    CHECK_INT(cepa_circuit_origin_renew(&room.net.origin, offer, 0, 0, &room.random, &room.key,
                                        &room.workspace, room.net.cpu),
              CEPA_ERR_STATE);
    for (unsigned state = 0; state < CEPA_ORIGIN_STATES; state++) {
        bool is_open = state == CEPA_ORIGIN_OPEN || state == CEPA_ORIGIN_SALVAGED;
        cepa_circuit_origin_init(&room.net.origin, seeds, 2, room.net.cpu);
        room.net.origin.state = (enum cepa_origin_state)state;
        CHECK_INT(cepa_circuit_origin_renew(&room.net.origin, offer, 1, 0, &room.random, &room.key,
                                            &room.workspace, room.net.cpu),
                  is_open ? 0 : CEPA_ERR_STATE);
    }
}

TEST(the_old_backward_key_lasts_for_so_many_cells_of_the_new)
{
    static const struct cepa_origin_old gone;
    renewals_start(&room, 21, 2);
    for (size_t hop = 0; hop < 2; hop++) { /* each renewal counts anew */
        renewals_renew(&room, hop);
        while (room.net.origin.renewal.state != CEPA_RENEWAL_NONE) {
            net_say(&room.net, 1, "until it has begun");
        }
        CHECK_INT(room.net.origin.old.hop, hop);
        unsigned count = hop == 0 ? CEPA_RENEWAL_OVERLAP / 2 : CEPA_RENEWAL_OVERLAP - 1;
        for (unsigned i = 0; i < count; i++) {
            net_hear(&room.net, 1, "x");
        }
        for (unsigned i = 0; i < CEPA_RENEWAL_OVERLAP && hop == 1; i++) {
            net_hear(&room.net, 0, "which says nothing about the key of hop 1");
        }
        CHECK(room.net.origin.old.is_kept);
    }
    net_hear(&room.net, 1, "x");
    CHECK_BYTES(&room.net.origin.old, &gone, sizeof gone);
}

TEST(a_break_wipes_the_keys_of_lost_hops_only)
{
    static const struct cepa_origin_hop no_hop;
    static const struct cepa_origin_old gone;
    for (size_t renewed = 0; renewed < 3; renewed++) {
        struct net_cell cell;
        renewals_start(&room, 22, 3);
        renewals_renew(&room, renewed);
        renewals_talk_past_begin(&room, renewed, 2);
        net_originate(&room.net, &cell, 1, CEPA_CELL_BROKEN, NULL, 0);
        CHECK_INT(net_backward(&room.net, 1, &cell), 0);
        CHECK_BYTES(&room.net.origin.hops[2], &no_hop, sizeof no_hop);
        CHECK(memcmp(&room.net.origin.hops[1], &no_hop, sizeof no_hop) != 0);
        CHECK((memcmp(&room.net.origin.old, &gone, sizeof gone) == 0) == (renewed == 2));
    }
}

TEST(a_break_ends_the_renewal_of_a_lost_hop)
{
    static const struct cepa_origin_renewal none;
    uint8_t offer[CEPA_RENEWAL_OFFER_SIZE];
    struct net_cell cell;
    renewals_start(&room, 9, 3);
    CHECK_INT(cepa_circuit_origin_renew(&room.net.origin, offer, 2, 0, &room.random, &room.key,
                                        &room.workspace, room.net.cpu),
              0);
    net_originate(&room.net, &cell, 0, CEPA_CELL_BROKEN, NULL, 0);
    CHECK_INT(net_backward(&room.net, 0, &cell), 0);
    CHECK_BYTES(&room.net.origin.renewal, &none, sizeof none);
    for (unsigned i = 0; i < 2 * CEPA_RENEWAL_GAP_MIN; i++) {
        net_say(&room.net, 0, "no waiting");
    }
}

TEST_MAIN(RUN(each_hop_gets_a_key_of_its_own), RUN(whatever_is_lost_the_next_offer_mends_it),
          RUN(data_wait_before_an_unanswered_begin), RUN(old_keys_are_erased),
          RUN(an_offer_may_be_repeated_on_a_circuit_that_is_cut), RUN(bad_offers_change_nothing),
          RUN(bad_answers_change_nothing),
          RUN(an_answer_with_a_point_of_low_order_is_refused_whatever_it_proves),
          RUN(renewal_needs_an_open_circuit_and_one_hop_at_a_time),
          RUN(the_old_backward_key_lasts_for_so_many_cells_of_the_new),
          RUN(a_break_wipes_the_keys_of_lost_hops_only),
          RUN(a_break_ends_the_renewal_of_a_lost_hop))
