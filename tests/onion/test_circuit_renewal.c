/* Renewal of a hop's keys through real cells: whatever is lost, late or forged, both sides agree on
 * which key holds at which counter, and old keys are gone when they should be. */
#include <string.h>

#include "native/cpu.h"
#include "support/circuit_net.h"
#include "support/relays.h"
#include "support/test.h"
#include "wire/part.h"

static struct circuit_net net;
static struct test_source source;
static struct cepa_random random_source;
static struct cepa_xwing_workspace workspace;
static struct cepa_xwing_key key;

/* The two directions of a renewal in parts, with a mask of parts that get lost. */
struct exchange {
    struct cepa_assembly offer;
    struct cepa_assembly answer;
    uint8_t offer_bytes[CEPA_RENEWAL_OFFER_SIZE];
    uint8_t answer_bytes[CEPA_RENEWAL_ANSWER_SIZE];
    uint8_t sequence;
};

static void exchange_init(struct exchange *exchange)
{
    memset(exchange, 0, sizeof *exchange);
    cepa_assembly_init(&exchange->offer, exchange->offer_bytes, CEPA_RENEWAL_OFFER_SIZE);
    cepa_assembly_init(&exchange->answer, exchange->answer_bytes, CEPA_RENEWAL_ANSWER_SIZE);
}

static void start(uint32_t number, size_t hops)
{
    net_init(&net, number, hops, cepa_native_cpu());
    random_source = test_source_init(&source, number);
    net_say(&net, hops - 1, "begin");
}

/* Sends one part of an offer as a cell and gives what the hop's assembly says. */
static int send_offer_part(struct exchange *exchange, const uint8_t *offer, size_t hop,
                           unsigned index)
{
    struct cepa_part part;
    struct net_cell cell;
    uint8_t bytes[CEPA_CELL_DATA_MAX];
    size_t bytes_len;
    size_t at;
    cepa_part_cut(&part, offer, CEPA_RENEWAL_OFFER_SIZE, exchange->sequence, index);
    cepa_part_encode(bytes, &bytes_len, &part);
    net_seal(&net, &cell, hop, CEPA_CELL_RENEW_OFFER, bytes, bytes_len);
    CHECK_INT(net_forward(&net, &at, &cell), 0);
    CHECK_INT(at, hop);
    CHECK_INT(net.step.message.command, CEPA_CELL_RENEW_OFFER);
    CHECK_INT(cepa_part_decode(&part, net.step.message.data, net.step.message.data_len), 0);
    return cepa_assembly_add(&exchange->offer, &part);
}

static int send_answer_part(struct exchange *exchange, const uint8_t *answer, size_t hop,
                            unsigned index)
{
    struct cepa_part part;
    struct net_cell cell;
    uint8_t bytes[CEPA_CELL_DATA_MAX];
    size_t bytes_len;
    cepa_part_cut(&part, answer, CEPA_RENEWAL_ANSWER_SIZE, exchange->sequence, index);
    cepa_part_encode(bytes, &bytes_len, &part);
    net_originate(&net, &cell, hop, CEPA_CELL_RENEW_ANSWER, bytes, bytes_len);
    CHECK_INT(net_backward(&net, hop, &cell), 0);
    CHECK_INT(net.cell.message.command, CEPA_CELL_RENEW_ANSWER);
    CHECK_INT(cepa_part_decode(&part, net.cell.message.data, net.cell.message.data_len), 0);
    return cepa_assembly_add(&exchange->answer, &part);
}

/* One attempt; bits 0 and 1 of `lost` lose parts of the offer, 2 and 3 parts of the answer. Gives 1
 * if the origin has the new keys. */
static int attempt(struct exchange *exchange, size_t hop, unsigned lost)
{
    uint8_t offer[CEPA_RENEWAL_OFFER_SIZE];
    uint8_t answer[CEPA_RENEWAL_ANSWER_SIZE];
    int is_whole = 0;
    exchange->sequence++;
    CHECK_INT(cepa_circuit_origin_renew(&net.origin, offer, hop, 0, &random_source, &key,
                                        &workspace, net.cpu),
              0);
    for (unsigned i = 0; i < 2; i++) {
        is_whole = lost >> i & 1 ? is_whole : send_offer_part(exchange, offer, hop, i);
    }
    if (is_whole != 1) {
        return 0;
    }
    CHECK_INT(cepa_circuit_relay_renew(&net.relays[hop], answer, exchange->offer_bytes,
                                       sizeof exchange->offer_bytes, &random_source, &workspace,
                                       net.cpu),
              0);
    is_whole = 0;
    for (unsigned i = 0; i < 2; i++) {
        is_whole = lost >> (2 + i) & 1 ? is_whole : send_answer_part(exchange, answer, hop, i);
    }
    if (is_whole != 1) {
        return 0;
    }
    CHECK_INT(cepa_circuit_origin_renewed(&net.origin, hop, exchange->answer_bytes,
                                          sizeof exchange->answer_bytes, &key, &workspace, net.cpu),
              0);
    return 1;
}

static void renew(size_t hop)
{
    static struct exchange exchange;
    exchange_init(&exchange);
    CHECK_INT(attempt(&exchange, hop, 0), 1);
}

/* Sends data until the new keys have begun on both sides. */
static void talk_past_begin(size_t hop, size_t last)
{
    static const struct cepa_circuit_keys wiped;
    for (unsigned i = 0; i <= CEPA_RENEWAL_GAP_MIN; i++) {
        net_say(&net, i % 2 ? hop : last, "forth");
        net_hear(&net, i % 2 ? last : hop, "back");
    }
    CHECK_INT(net.origin.renewal.state, CEPA_RENEWAL_NONE);
    CHECK(net.origin.old.is_kept && net.origin.old.hop == hop);
    CHECK(net.relays[hop].is_renewed && !net.relays[hop].has_pending);
    CHECK_BYTES(&net.relays[hop].pending, &wiped, sizeof wiped);
    CHECK_BYTES(&net.origin.renewal.keys, &wiped, sizeof wiped);
}

TEST(each_hop_gets_a_key_of_its_own)
{
    uint8_t public_keys[3][CEPA_KEM_PUBLIC_KEY_SIZE];
    start(1, 3);
    for (size_t hop = 0; hop < 3; hop++) {
        static struct exchange exchange;
        uint8_t old_chain[CEPA_CIRCUIT_KEY_SIZE];
        struct cepa_hpolyc_key old_forward = net.relays[hop].forward;
        struct cepa_hpolyc_key old_backward = net.relays[hop].backward;
        memcpy(old_chain, net.relays[hop].chain, sizeof old_chain);
        exchange_init(&exchange);
        CHECK_INT(attempt(&exchange, hop, 0), 1);
        memcpy(public_keys[hop], exchange.offer_bytes + 8, sizeof public_keys[hop]);
        CHECK(memcmp(&old_forward, &net.relays[hop].forward, sizeof old_forward) == 0);
        talk_past_begin(hop, 2);
        CHECK(memcmp(&old_forward, &net.relays[hop].forward, sizeof old_forward) != 0);
        CHECK(memcmp(&old_backward, &net.relays[hop].backward, sizeof old_backward) != 0);
        CHECK(memcmp(old_chain, net.relays[hop].chain, sizeof old_chain) != 0);
        CHECK_BYTES(net.relays[hop].chain, net.origin.hops[hop].chain, sizeof old_chain);
        for (size_t i = 0; i < hop; i++) {
            CHECK(memcmp(public_keys[i], public_keys[hop], sizeof public_keys[i]) != 0);
        }
    }
}

TEST(whatever_is_lost_the_next_offer_mends_it)
{
    for (unsigned lost = 1; lost < 16; lost++) {
        static struct exchange exchange;
        start(100 + lost, 3);
        exchange_init(&exchange);
        CHECK_INT(attempt(&exchange, 1, lost), 0);
        net_say(&net, 2, "goes on");
        net_hear(&net, 2, "under the old keys");
        CHECK_INT(attempt(&exchange, 1, 0), 1);
        talk_past_begin(1, 2);
    }
}

TEST(data_wait_before_an_unanswered_begin)
{
    const struct cepa_cell_message data = {CEPA_CELL_DATA, NULL, 0};
    static struct exchange exchange;
    struct net_cell cell;
    unsigned sent = 0;
    size_t at;
    start(2, 3);
    exchange_init(&exchange);
    CHECK_INT(attempt(&exchange, 1, 0x4), 0); /* the answer is lost */
    while (cepa_circuit_origin_seal(&net.origin, &cell.counter, cell.body, 2, &data, net.cpu) ==
           0) {
        CHECK_INT(net_forward(&net, &at, &cell), 0);
        sent++;
    }
    CHECK_INT(sent, CEPA_RENEWAL_GAP_MIN - 2 - CEPA_RENEWAL_RESERVE);
    CHECK_INT(cepa_circuit_origin_seal(&net.origin, &cell.counter, cell.body, 2, &data, net.cpu),
              CEPA_ERR_TOO_SOON);
    CHECK(net.relays[1].has_pending); /* the hop waits as well, for its own begin */
    CHECK_INT(attempt(&exchange, 1, 0x4), 0);
    CHECK_INT(attempt(&exchange, 1, 0), 1); /* the last of the reserve */
    talk_past_begin(1, 2);
}

TEST(cells_of_both_keys_may_be_on_their_way)
{
    enum { COUNT = 100 };
    static struct net_cell forward[COUNT];
    static struct net_cell backward[COUNT];
    size_t at;
    start(3, 3);
    for (uint32_t i = 0; i < COUNT / 2; i++) { /* under the old backward key of hop 1 */
        net_originate(&net, &backward[i], 2, CEPA_CELL_DATA, &i, sizeof i);
        CHECK_INT(cepa_circuit_relay_backward(&net.relays[1], &backward[i].counter,
                                              backward[i].body, backward[i].counter, net.cpu),
                  0);
    }
    renew(1);
    for (uint32_t i = 0; i < COUNT; i++) {
        net_seal(&net, &forward[i], 2, CEPA_CELL_DATA, &i, sizeof i);
    }
    for (uint32_t i = COUNT; i-- > 0;) { /* the new key's cells come first */
        CHECK_INT(net_forward(&net, &at, &forward[i]), 0);
        CHECK_BYTES(net.step.message.data, &i, sizeof i);
    }
    for (uint32_t i = COUNT / 2; i < COUNT; i++) { /* under the new */
        net_originate(&net, &backward[i], 2, CEPA_CELL_DATA, &i, sizeof i);
        CHECK_INT(cepa_circuit_relay_backward(&net.relays[1], &backward[i].counter,
                                              backward[i].body, backward[i].counter, net.cpu),
                  0);
    }
    for (uint32_t n = 0; n < COUNT; n++) {
        uint32_t i = n % 2 ? n / 2 : COUNT - 1 - n / 2;
        CHECK_INT(net_backward(&net, 1, &backward[i]), 0);
        CHECK_BYTES(net.cell.message.data, &i, sizeof i);
    }
}

TEST(old_keys_are_erased)
{
    static const struct cepa_hpolyc_key wiped;
    static const struct cepa_origin_renewal none;
    static const struct cepa_origin_old gone;
    start(4, 2);
    renew(0);
    talk_past_begin(0, 1);
    CHECK(net.relays[0].has_old);
    for (unsigned i = 0; i < CEPA_REPLAY_WINDOW_REACH; i++) {
        net_say(&net, 1, "x");
    }
    CHECK(!net.relays[0].has_old);
    CHECK_BYTES(&net.relays[0].forward_old, &wiped, sizeof wiped);
    for (unsigned i = 0; i < CEPA_RENEWAL_OVERLAP; i++) {
        net_hear(&net, 1, "x");
    }
    CHECK_BYTES(&net.origin.renewal, &none, sizeof none);
    CHECK_BYTES(&net.origin.old, &gone, sizeof gone);
    net_say(&net, 1, "still");
    net_hear(&net, 1, "here");
    /* A second renewal of the same hop starts from the first one's chain. */
    renew(0);
    talk_past_begin(0, 1);
}

/* As long as the window takes a cell from before the begin, the key for it is there. */
TEST(the_old_key_lasts_as_long_as_the_window)
{
    for (uint64_t back = 1; back <= 2; back++) {
        struct net_cell late;
        size_t at;
        start(17, 2);
        renew(0);
        while (net.origin.hops[0].counters.forward_start + net.origin.sent + back !=
               net.origin.renewal.begin) {
            net_say(&net, 0, "x");
        }
        net_seal(&net, &late, 0, CEPA_CELL_DATA, "late", 4);
        for (uint64_t i = 0; i < CEPA_REPLAY_WINDOW_REACH - 1 + back; i++) {
            net_say(&net, 0, "x");
        }
        /* The highest counter is now begin + REACH - 1. */
        CHECK(net.relays[0].has_old);
        CHECK_INT(net_forward(&net, &at, &late), back == 1 ? 0 : CEPA_ERR_REPLAY);
        net_say(&net, 0, "x");
        CHECK(!net.relays[0].has_old);
    }
}

TEST(a_late_cell_whose_key_is_gone_is_dropped)
{
    struct net_cell late;
    size_t at;
    start(5, 2);
    renew(1);
    net_seal(&net, &late, 1, CEPA_CELL_DATA, "late", 4);
    talk_past_begin(1, 1);
    renew(1); /* the offer makes the hop forget the key before */
    CHECK_INT(net_forward(&net, &at, &late), CEPA_ERR_REPLAY);
    CHECK_INT(at, 1);
    net_say(&net, 1, "not closed by it");
}

TEST(a_cell_from_before_the_key_before_is_dropped)
{
    struct net_cell late;
    size_t at;
    start(10, 2);
    renew(1);
    net_seal(&net, &late, 1, CEPA_CELL_DATA, "late", 4);
    talk_past_begin(1, 1);
    renew(1);
    talk_past_begin(1, 1);
    CHECK(net.relays[1].has_old); /* but that is not the late cell's key */
    CHECK_INT(net_forward(&net, &at, &late), CEPA_ERR_REPLAY);
    CHECK_INT(at, 1);
    net_say(&net, 1, "not closed by it");
}

/* Offers keys to hop 1 and gives what would travel. */
static uint64_t offer_to_1(uint8_t offer[CEPA_RENEWAL_OFFER_SIZE], uint32_t gap)
{
    struct cepa_renewal_offer fields;
    CHECK_INT(cepa_circuit_origin_renew(&net.origin, offer, 1, gap, &random_source, &key,
                                        &workspace, net.cpu),
              0);
    CHECK_INT(cepa_renewal_offer_decode(&fields, offer, CEPA_RENEWAL_OFFER_SIZE), 0);
    return fields.begin;
}

TEST(a_repeated_offer_begins_later_whatever_its_gap)
{
    static const uint32_t gaps[] = {1000, 0, 1000, 1001, 5000, 0, UINT32_MAX};
    uint8_t offer[CEPA_RENEWAL_OFFER_SIZE];
    uint8_t answer[CEPA_RENEWAL_ANSWER_SIZE];
    start(11, 3);
    uint64_t first = offer_to_1(offer, gaps[0]);
    uint64_t last = first;
    for (size_t i = 1; i < sizeof gaps / sizeof gaps[0]; i++) {
        uint64_t begin = offer_to_1(offer, gaps[i]);
        CHECK(begin - last - 1 < CEPA_RENEWAL_GAP_MAX);
        last = begin;
    }
    CHECK(last - first <= CEPA_RENEWAL_GAP_MAX);
    CHECK_INT(cepa_circuit_relay_renew(&net.relays[1], answer, offer, sizeof offer, &random_source,
                                       &workspace, net.cpu),
              0);
    /* Data still wait for the first begin, less the reserve. */
    for (uint32_t i = 0; i < gaps[0] - CEPA_RENEWAL_RESERVE; i++) {
        net_say(&net, 2, "under the old key");
    }
    const struct cepa_cell_message data = {CEPA_CELL_DATA, NULL, 0};
    struct net_cell cell;
    CHECK_INT(cepa_circuit_origin_seal(&net.origin, &cell.counter, cell.body, 2, &data, net.cpu),
              CEPA_ERR_TOO_SOON);
}

TEST(of_two_offers_the_later_holds_also_if_it_comes_first)
{
    uint8_t first[CEPA_RENEWAL_OFFER_SIZE];
    uint8_t second[CEPA_RENEWAL_OFFER_SIZE];
    uint8_t answer[CEPA_RENEWAL_ANSWER_SIZE];
    uint8_t late_answer[CEPA_RENEWAL_ANSWER_SIZE];
    start(12, 3);
    (void)offer_to_1(first, 50);
    (void)offer_to_1(second, 50);
    CHECK_INT(cepa_circuit_relay_renew(&net.relays[1], answer, second, sizeof second,
                                       &random_source, &workspace, net.cpu),
              0);
    struct cepa_circuit_relay before = net.relays[1];
    CHECK_INT(cepa_circuit_relay_renew(&net.relays[1], late_answer, first, sizeof first,
                                       &random_source, &workspace, net.cpu),
              CEPA_ERR_MALFORMED);
    CHECK_INT(cepa_circuit_relay_renew(&net.relays[1], late_answer, second, sizeof second,
                                       &random_source, &workspace, net.cpu),
              CEPA_ERR_MALFORMED);
    CHECK_BYTES(&net.relays[1], &before, sizeof before);
    CHECK_INT(cepa_circuit_origin_renewed(&net.origin, 1, answer, sizeof answer, &key, &workspace,
                                          net.cpu),
              0);
    for (unsigned i = 0; i < 100; i++) {
        net_say(&net, 2, "under either key");
        net_hear(&net, 2, "and back");
    }
}

TEST(noise_begins_no_key_and_erases_none)
{
    struct net_cell cell = {0, {0}};
    uint8_t offer[CEPA_RENEWAL_OFFER_SIZE];
    uint8_t answer[CEPA_RENEWAL_ANSWER_SIZE];
    size_t at;
    uint32_t actions;
    start(13, 3);
    renew(2);
    talk_past_begin(2, 2);
    struct cepa_circuit_relay before = net.relays[2];
    cell.counter = net.relays[2].begin + CEPA_REPLAY_WINDOW_REACH;
    CHECK(before.has_old);
    CHECK_INT(cepa_circuit_relay_forward(&net.relays[2], &net.step, cell.body, cell.counter, 0),
              CEPA_ERR_AUTHENTICATION);
    CHECK_BYTES(&net.relays[2], &before, sizeof before);

    uint64_t begin = offer_to_1(offer, 0);
    CHECK_INT(cepa_circuit_relay_renew(&net.relays[1], answer, offer, sizeof offer, &random_source,
                                       &workspace, net.cpu),
              0);
    CHECK_INT(cepa_circuit_relay_on(&net.relays[1], &actions, CEPA_RELAY_ON_NEXT_LOST), 0);
    before = net.relays[1];
    cell.counter = begin;
    CHECK_INT(cepa_circuit_relay_forward(&net.relays[1], &net.step, cell.body, cell.counter, 0),
              CEPA_ERR_STATE);
    CHECK_BYTES(&net.relays[1], &before, sizeof before);
    net_seal(&net, &cell, 1, CEPA_CELL_DATA, "known", 5);
    CHECK_INT(net_forward(&net, &at, &cell), 0);
    CHECK_INT(at, 1);
}

TEST(the_next_renewal_keeps_the_key_before_until_it_begins)
{
    static struct exchange exchange;
    struct net_cell under_way[2];
    start(14, 3);
    for (unsigned i = 0; i < 2; i++) { /* crosses hop 1 under its old key */
        net_originate(&net, &under_way[i], 2, CEPA_CELL_DATA, "late", 4);
        CHECK_INT(cepa_circuit_relay_backward(&net.relays[1], &under_way[i].counter,
                                              under_way[i].body, under_way[i].counter, net.cpu),
                  0);
    }
    renew(1);
    for (unsigned i = 0; i < CEPA_RENEWAL_GAP_MIN; i++) {
        net_say(&net, 2, "until it has begun");
    }
    exchange_init(&exchange);
    CHECK_INT(attempt(&exchange, 0, 0), 1);
    CHECK_INT(net_backward(&net, 1, &under_way[0]), 0);
    for (unsigned i = 0; i < CEPA_RENEWAL_GAP_MIN; i++) {
        net_say(&net, 2, "until the next has begun");
    }
    CHECK_INT(net.origin.old.hop, 0);
    CHECK_INT(net_backward(&net, 1, &under_way[1]), CEPA_ERR_AUTHENTICATION);
}

/* The cells that extend a circuit wait like all others for the answer to an offer, so the offer can
 * be repeated on what is left of it. */
TEST(an_offer_may_be_repeated_on_a_circuit_that_is_cut)
{
    const struct cepa_cell_message data = {CEPA_CELL_DATA, NULL, 0};
    static struct exchange exchange;
    struct cepa_circuit_seed seeds[2] = {net_seed(15, 7), net_seed(15, 8)};
    uint8_t offer[CEPA_RENEWAL_OFFER_SIZE];
    struct net_cell cell;
    uint32_t actions;
    start(15, 3);
    exchange_init(&exchange);
    CHECK_INT(attempt(&exchange, 0, 0x8), 0); /* half of the answer is lost */
    while (cepa_circuit_origin_seal(&net.origin, &cell.counter, cell.body, 0, &data, net.cpu) ==
           0) {
    }
    CHECK_INT(cepa_circuit_relay_on(&net.relays[0], &actions, CEPA_RELAY_ON_NEXT_LOST), 0);
    net_originate(&net, &cell, 0, CEPA_CELL_BROKEN, NULL, 0);
    CHECK_INT(net_backward(&net, 0, &cell), 0);
    CHECK_INT(net.origin.state, CEPA_ORIGIN_CUT);
    CHECK_INT(attempt(&exchange, 0, 0), 1);
    for (unsigned i = 0; i < CEPA_PACKET_PARTS; i++) {
        net_say(&net, 0, "a part of a packet");
    }
    /* A new one has to wait, as before a confirmation. */
    net_say(&net, 0, "x");
    while (net.origin.renewal.state != CEPA_RENEWAL_NONE) {
        net_say(&net, 0, "until it has begun");
    }
    CHECK_INT(cepa_circuit_origin_renew(&net.origin, offer, 0, 0, &random_source, &key, &workspace,
                                        net.cpu),
              CEPA_ERR_STATE);
    CHECK_INT(cepa_circuit_origin_extend(&net.origin, seeds, 2, net.cpu), 0);
    CHECK_INT(net.origin.state, CEPA_ORIGIN_SALVAGING);
}

TEST(counters_wrap_around_in_a_renewal)
{
    for (uint64_t left = 0; left < 3 * CEPA_RENEWAL_GAP_MIN; left += 7) {
        net_init(&net, 16, 2, net.cpu);
        random_source = test_source_init(&source, left);
        net.origin.hops[0].counters.forward_start = (uint64_t)0 - left;
        net_say(&net, 0, "begin");
        for (unsigned i = 0; i < 2; i++) {
            renew(0);
            talk_past_begin(0, 1);
        }
        for (unsigned i = 0; i < CEPA_REPLAY_WINDOW_REACH; i++) {
            net_say(&net, 0, "x");
        }
        CHECK(!net.relays[0].has_old);
    }
}

TEST(bad_offers_change_nothing)
{
    uint8_t offer[CEPA_RENEWAL_OFFER_SIZE];
    uint8_t bad[CEPA_RENEWAL_OFFER_SIZE];
    uint8_t answer[CEPA_RENEWAL_ANSWER_SIZE];
    start(6, 2);
    CHECK_INT(cepa_circuit_origin_renew(&net.origin, offer, 1, 0, &random_source, &key, &workspace,
                                        net.cpu),
              0);
    struct cepa_circuit_relay before = net.relays[1];
    struct test_source source_failing;
    struct cepa_random failing = test_source_init(&source_failing, 1);
    source_failing.fail_at = 1;
    for (size_t len = 0; len < sizeof offer; len += 101) {
        CHECK_INT(cepa_circuit_relay_renew(&net.relays[1], answer, offer, len, &random_source,
                                           &workspace, net.cpu),
                  CEPA_ERR_LENGTH);
    }
    memcpy(bad, offer, sizeof bad);
    memset(bad, 0, 8); /* begins at counter 0: not ahead, but by a chance of 2^-33 */
    CHECK_INT(cepa_circuit_relay_renew(&net.relays[1], answer, bad, sizeof bad, &random_source,
                                       &workspace, net.cpu),
              CEPA_ERR_MALFORMED);
    memcpy(bad, offer, sizeof bad);
    memset(bad + 8, 0xff, 3); /* two coefficients of 4,095 */
    CHECK_INT(cepa_circuit_relay_renew(&net.relays[1], answer, bad, sizeof bad, &random_source,
                                       &workspace, net.cpu),
              CEPA_ERR_INVALID_KEY);
    memcpy(bad, offer, sizeof bad);
    memset(bad + sizeof bad - 32, 0, 32);
    CHECK_INT(cepa_circuit_relay_renew(&net.relays[1], answer, bad, sizeof bad, &random_source,
                                       &workspace, net.cpu),
              CEPA_ERR_LOW_ORDER_POINT);
    CHECK_INT(cepa_circuit_relay_renew(&net.relays[1], answer, offer, sizeof offer, &failing,
                                       &workspace, net.cpu),
              CEPA_ERR_RANDOM);
    CHECK_BYTES(&net.relays[1], &before, sizeof before);
}

TEST(bad_answers_change_nothing)
{
    uint8_t offer[CEPA_RENEWAL_OFFER_SIZE];
    uint8_t answer[CEPA_RENEWAL_ANSWER_SIZE];
    start(7, 2);
    CHECK_INT(cepa_circuit_origin_renewed(&net.origin, 1, answer, sizeof answer, &key, &workspace,
                                          net.cpu),
              CEPA_ERR_STATE);
    CHECK_INT(cepa_circuit_origin_renew(&net.origin, offer, 1, 0, &random_source, &key, &workspace,
                                        net.cpu),
              0);
    CHECK_INT(cepa_circuit_relay_renew(&net.relays[1], answer, offer, sizeof offer, &random_source,
                                       &workspace, net.cpu),
              0);
    struct cepa_circuit_origin before = net.origin;
    CHECK_INT(cepa_circuit_origin_renewed(&net.origin, 0, answer, sizeof answer, &key, &workspace,
                                          net.cpu),
              CEPA_ERR_STATE);
    for (size_t len = 0; len < sizeof answer; len += 97) {
        CHECK_INT(
            cepa_circuit_origin_renewed(&net.origin, 1, answer, len, &key, &workspace, net.cpu),
            CEPA_ERR_LENGTH);
    }
    for (size_t at = 0; at < sizeof answer; at += 61) {
        answer[at] ^= 4;
        CHECK_INT(cepa_circuit_origin_renewed(&net.origin, 1, answer, sizeof answer, &key,
                                              &workspace, net.cpu),
                  CEPA_ERR_AUTHENTICATION);
        answer[at] ^= 4;
    }
    CHECK_BYTES(&net.origin, &before, sizeof before);
    CHECK_INT(cepa_circuit_origin_renewed(&net.origin, 1, answer, sizeof answer, &key, &workspace,
                                          net.cpu),
              0);
}

TEST(renewal_needs_an_open_circuit_and_one_hop_at_a_time)
{
    uint8_t offer[CEPA_RENEWAL_OFFER_SIZE];
    struct test_source source_failing;
    struct cepa_random failing = test_source_init(&source_failing, 1);
    struct cepa_circuit_seed seeds[2] = {net_seed(8, 0), net_seed(8, 1)};
    start(8, 2);
    source_failing.fail_at = 1;
    struct cepa_circuit_origin before = net.origin;
    CHECK_INT(cepa_circuit_origin_renew(&net.origin, offer, 2, 0, &random_source, &key, &workspace,
                                        net.cpu),
              CEPA_ERR_ARGUMENT);
    CHECK_INT(
        cepa_circuit_origin_renew(&net.origin, offer, 1, 0, &failing, &key, &workspace, net.cpu),
        CEPA_ERR_RANDOM);
    CHECK_BYTES(&net.origin, &before, sizeof before);
    CHECK_INT(cepa_circuit_origin_renew(&net.origin, offer, 1, 0, &random_source, &key, &workspace,
                                        net.cpu),
              0);
    CHECK_INT(cepa_circuit_origin_renew(&net.origin, offer, 0, 0, &random_source, &key, &workspace,
                                        net.cpu),
              CEPA_ERR_STATE);
    cepa_circuit_origin_init(&net.origin, seeds, 2, net.cpu);
    CHECK_INT(cepa_circuit_origin_renew(&net.origin, offer, 1, 0, &random_source, &key, &workspace,
                                        net.cpu),
              CEPA_ERR_STATE);
}

TEST(a_break_ends_the_renewal_of_a_lost_hop)
{
    static const struct cepa_origin_renewal none;
    uint8_t offer[CEPA_RENEWAL_OFFER_SIZE];
    struct net_cell cell;
    start(9, 3);
    CHECK_INT(cepa_circuit_origin_renew(&net.origin, offer, 2, 0, &random_source, &key, &workspace,
                                        net.cpu),
              0);
    net_originate(&net, &cell, 0, CEPA_CELL_BROKEN, NULL, 0);
    CHECK_INT(net_backward(&net, 0, &cell), 0);
    CHECK_BYTES(&net.origin.renewal, &none, sizeof none);
    for (unsigned i = 0; i < 2 * CEPA_RENEWAL_GAP_MIN; i++) {
        net_say(&net, 0, "no waiting");
    }
}

TEST_MAIN(RUN(each_hop_gets_a_key_of_its_own), RUN(whatever_is_lost_the_next_offer_mends_it),
          RUN(data_wait_before_an_unanswered_begin), RUN(cells_of_both_keys_may_be_on_their_way),
          RUN(old_keys_are_erased), RUN(the_old_key_lasts_as_long_as_the_window),
          RUN(a_late_cell_whose_key_is_gone_is_dropped),
          RUN(a_cell_from_before_the_key_before_is_dropped),
          RUN(a_repeated_offer_begins_later_whatever_its_gap),
          RUN(of_two_offers_the_later_holds_also_if_it_comes_first),
          RUN(noise_begins_no_key_and_erases_none),
          RUN(the_next_renewal_keeps_the_key_before_until_it_begins),
          RUN(an_offer_may_be_repeated_on_a_circuit_that_is_cut),
          RUN(counters_wrap_around_in_a_renewal), RUN(bad_offers_change_nothing),
          RUN(bad_answers_change_nothing), RUN(renewal_needs_an_open_circuit_and_one_hop_at_a_time),
          RUN(a_break_ends_the_renewal_of_a_lost_hop))
