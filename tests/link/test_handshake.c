/* The handshake's course: every way to begin it, losses, repeats, and everything that must fail. */
#include <stdlib.h>
#include <string.h>

#include "support/link_pair.h"
#include "support/test.h"

static struct link_pair pair;

static void check_up(bool is_anonymous)
{
    struct cepa_link_status status;
    CHECK(pair.sides[0].is_up && pair.sides[1].is_up);
    cepa_link_status_get(&status, &pair.sides[0].link);
    CHECK(status.is_up && status.is_initiator && status.is_peer_known);
    CHECK_BYTES(status.peer.bytes, pair.sides[1].identity.node_id.bytes, CEPA_NODE_ID_SIZE);
    CHECK_INT(status.peer_roles, CEPA_LINK_ROLE_RELAY);
    CHECK_INT(status.peer_clock.unix_ms, 1001);
    cepa_link_status_get(&status, &pair.sides[1].link);
    CHECK(status.is_up && !status.is_initiator && status.is_peer_known == !is_anonymous);
    CHECK_INT(status.peer_roles, is_anonymous ? CEPA_LINK_ROLE_CLIENT : CEPA_LINK_ROLE_RELAY);
    CHECK_INT(pair.sides[0].shared.handshake_pool.count, 0);
    CHECK_INT(pair.sides[1].shared.handshake_pool.count, 0);
}

TEST(every_way_to_begin_ends_in_a_link)
{
    static const uint8_t kinds[] = {CEPA_CARRIER_WEBRTC, CEPA_CARRIER_RELAYED, CEPA_CARRIER_SIM};
    for (unsigned i = 0; i < 3; i++) {
        for (unsigned how = 0; how < 4; how++) {
            bool is_anonymous = how & 1;
            link_pair_begin(&pair, 1 + i, kinds[i], is_anonymous, NULL, NULL);
            if (how & 2) {
                link_pair_ask(&pair);
            } else {
                link_pair_dial(&pair);
            }
            link_pair_run(&pair, 100);
            check_up(is_anonymous);
            CHECK_INT(pair.sides[1].events[CEPA_LINK_CREDENTIALS], is_anonymous ? 0 : 1);
            link_pair_end(&pair);
        }
    }
}

TEST(losses_and_reordering_delay_it_only)
{
    for (uint64_t seed = 0; seed < 60; seed++) {
        link_pair_begin(&pair, seed, CEPA_CARRIER_SIM, seed & 1, NULL, NULL);
        pair.channel.lost_permille = 100;
        pair.channel.doubled_permille = 100;
        pair.channel.jitter_ns = 20 * CEPA_MILLISECOND_NS;
        if (seed & 2) {
            link_pair_ask(&pair);
        } else {
            link_pair_dial(&pair);
        }
        link_pair_run(&pair, 9000);
        check_up(seed & 1);
        link_pair_end(&pair);
    }
}

/* Drops the n-th frames named by a mask. */
static bool drop_by_mask(struct link_pair *it, unsigned from, unsigned slot, uint8_t *frame,
                         size_t len)
{
    (void)from, (void)slot, (void)frame, (void)len;
    uint64_t number = it->frames - 1;
    return number >= 10 || ((*(uint64_t *)it->context >> number) & 1) == 0;
}

TEST(every_mask_of_ten_lost_frames_is_survived)
{
    for (uint64_t mask = 0; mask < 1024; mask += 3) {
        link_pair_begin(&pair, mask, CEPA_CARRIER_SIM, true, NULL, NULL);
        pair.on_frame = drop_by_mask;
        pair.context = &mask;
        link_pair_dial(&pair);
        link_pair_run(&pair, 9000);
        check_up(true);
        link_pair_end(&pair);
    }
}

/* Changes one bit of one frame. */
struct tamper {
    uint64_t frame;
    size_t bit;
};

static bool flip(struct link_pair *it, unsigned from, unsigned slot, uint8_t *frame, size_t len)
{
    const struct tamper *tamper = it->context;
    (void)from, (void)slot;
    if (it->frames - 1 == tamper->frame) {
        frame[tamper->bit / 8 % len] ^= (uint8_t)(1u << (tamper->bit % 8));
    }
    return true;
}

TEST(a_changed_bit_never_gives_keys)
{
    struct test_random random = {5};
    for (unsigned i = 0; i < 150; i++) {
        struct tamper tamper = {test_random_below(&random, 3),
                                test_random_below(&random, 8 * 1128)};
        link_pair_begin(&pair, i, CEPA_CARRIER_SIM, true, NULL, NULL);
        pair.on_frame = flip;
        pair.context = &tamper;
        link_pair_dial(&pair);
        link_pair_run(&pair, 50);
        /* Only in the zeros behind a message's end is a flip seen before the cryptography. */
        CHECK(!pair.sides[0].is_up && !pair.sides[1].is_up);
        link_pair_end(&pair);
    }
}

TEST(another_binding_network_or_key_gives_no_link)
{
    for (unsigned what = 0; what < 5; what++) {
        struct cepa_node_id id;
        struct cepa_xwing_public_key key;
        struct cepa_carrier carrier = link_pair_carrier(CEPA_CARRIER_SIM, 7);
        link_pair_begin(&pair, what, CEPA_CARRIER_SIM, true, NULL, NULL);
        id = pair.sides[1].identity.node_id;
        key = pair.sides[1].key.public_key;
        int want = CEPA_ERR_TIMEOUT;
        switch (what) {
        case 0:
            carrier.binding[63] ^= 1;
            break;
        case 1:
            carrier.kind = CEPA_CARRIER_WEBRTC;
            break;
        case 2: /* the hint is the same, the rest of the network id is not */
            pair.sides[1].identity.network_id[31] ^= 1;
            break;
        case 3:
            pair.sides[1].identity.network_id[0] ^= 1;
            want = CEPA_ERR_UNSUPPORTED;
            break;
        default:
            key = pair.sides[0].key.public_key;
            want = CEPA_ERR_EPOCH;
            break;
        }
        cepa_link_detach(&pair.sides[1].link, 0, link_pair_now(&pair));
        CHECK_INT(cepa_link_attach(&pair.sides[1].link, 0, &carrier, link_pair_now(&pair)), 0);
        CHECK_INT(cepa_link_dial(&pair.sides[0].link, &id, &key, link_pair_now(&pair)), 0);
        link_pair_run(&pair, 11000);
        CHECK(!pair.sides[0].is_up && !pair.sides[1].is_up);
        CHECK(pair.sides[0].has_failed);
        CHECK_INT(pair.sides[0].error, want);
        if (what < 3) {
            CHECK_INT(pair.sides[1].error, CEPA_ERR_AUTHENTICATION);
        }
        link_pair_end(&pair);
    }
}

TEST(another_node_id_gives_no_link)
{
    struct cepa_node_id id;
    link_pair_begin(&pair, 1, CEPA_CARRIER_SIM, true, NULL, NULL);
    id = pair.sides[1].identity.node_id;
    id.bytes[0] ^= 1;
    CHECK_INT(cepa_link_dial(&pair.sides[0].link, &id, &pair.sides[1].key.public_key,
                             link_pair_now(&pair)),
              0);
    link_pair_run(&pair, 100);
    CHECK_INT(pair.sides[1].error, CEPA_ERR_AUTHENTICATION);
    CHECK(!pair.sides[0].is_up);
    link_pair_end(&pair);
}

/* Writes down what the initiator sends. */
struct record {
    uint8_t frames[32][CEPA_FRAME_SIZE];
    unsigned len;
};

static bool write_down(struct link_pair *it, unsigned from, unsigned slot, uint8_t *frame,
                       size_t len)
{
    struct record *record = it->context;
    (void)slot;
    if (from == 0 && record->len < 32) {
        memcpy(record->frames[record->len++], frame, len);
    }
    return true;
}

TEST(a_replayed_first_message_gives_no_link)
{
    static struct record record;
    static struct link_pair second;
    record.len = 0;
    link_pair_begin(&pair, 3, CEPA_CARRIER_SIM, false, NULL, NULL);
    pair.on_frame = write_down;
    pair.context = &record;
    link_pair_dial(&pair);
    link_pair_run(&pair, 200);
    check_up(false);
    /* The same responder, the same binding: the message opens, but its sender has no keys. */
    link_pair_begin(&second, 3, CEPA_CARRIER_SIM, false, NULL, NULL);
    for (unsigned i = 0; i < record.len; i++) {
        cepa_link_receive(&second.sides[1].link, 0, record.frames[i], CEPA_FRAME_SIZE,
                          link_pair_now(&second));
        link_pair_take(&second, 1);
    }
    link_pair_run(&second, 11000);
    CHECK(!second.sides[1].is_up);
    CHECK_INT(second.sides[1].error, CEPA_ERR_TIMEOUT);
    link_pair_end(&second);
    link_pair_end(&pair);
}

TEST(an_owner_who_does_not_allow_it_pays_nothing)
{
    link_pair_begin(&pair, 1, CEPA_CARRIER_SIM, false, NULL, NULL);
    pair.sides[1].has_refused = true;
    link_pair_dial(&pair);
    link_pair_run(&pair, 11000);
    CHECK_INT(pair.sides[1].events[CEPA_LINK_HANDSHAKE], 1);
    CHECK_INT(pair.sides[0].error, CEPA_ERR_TIMEOUT);
    CHECK_INT(pair.sides[1].error, CEPA_ERR_TIMEOUT);
    link_pair_end(&pair);
}

TEST(calls_out_of_order_are_refused)
{
    uint32_t id;
    uint8_t message[4] = {0};
    link_pair_begin(&pair, 1, CEPA_CARRIER_SIM, false, NULL, NULL);
    struct cepa_link *initiator = &pair.sides[0].link;
    struct cepa_link *responder = &pair.sides[1].link;
    struct cepa_time now = link_pair_now(&pair);
    CHECK_INT(cepa_link_ask(responder, now), CEPA_ERR_STATE);
    CHECK_INT(cepa_link_allow(responder, now), CEPA_ERR_STATE);
    CHECK_INT(cepa_link_allow(initiator, now), CEPA_ERR_STATE);
    CHECK_INT(cepa_link_trust(responder, &pair.sides[0].identity.node_id,
                              &pair.sides[0].key.public_key, now),
              CEPA_ERR_STATE);
    CHECK_INT(cepa_link_open_circuit(initiator, &id), CEPA_ERR_STATE);
    CHECK_INT(cepa_link_send_message(initiator, message, sizeof message, now), CEPA_ERR_STATE);
    CHECK_INT(cepa_link_move(initiator, 1, now), CEPA_ERR_STATE);
    link_pair_dial(&pair);
    CHECK_INT(cepa_link_ask(initiator, now), CEPA_ERR_STATE);
    CHECK_INT(cepa_link_dial(initiator, &pair.sides[1].identity.node_id,
                             &pair.sides[1].key.public_key, now),
              CEPA_ERR_STATE);
    link_pair_run(&pair, 100);
    check_up(false);
    link_pair_end(&pair);
}

TEST(a_full_pool_of_handshakes_refuses)
{
    struct cepa_link_limits limits = link_pair_limits;
    static struct cepa_link another;
    const struct cepa_wall wall = {0};
    struct cepa_carrier carrier = link_pair_carrier(CEPA_CARRIER_SIM, 9);
    limits.handshakes = 1;
    link_pair_begin(&pair, 1, CEPA_CARRIER_SIM, false, &limits, NULL);
    link_pair_dial(&pair);
    cepa_link_init(&another, &pair.sides[0].shared, true, false, &link_pair_off, wall,
                   link_pair_now(&pair));
    CHECK_INT(cepa_link_attach(&another, 0, &carrier, link_pair_now(&pair)), 0);
    CHECK_INT(cepa_link_ask(&another, link_pair_now(&pair)), CEPA_ERR_FULL);
    link_pair_run(&pair, 100);
    CHECK_INT(cepa_link_ask(&another, link_pair_now(&pair)), 0);
    cepa_link_wipe(&another);
    link_pair_end(&pair);
}

TEST_MAIN(RUN(every_way_to_begin_ends_in_a_link), RUN(losses_and_reordering_delay_it_only),
          RUN(every_mask_of_ten_lost_frames_is_survived), RUN(a_changed_bit_never_gives_keys),
          RUN(another_binding_network_or_key_gives_no_link), RUN(another_node_id_gives_no_link),
          RUN(a_replayed_first_message_gives_no_link),
          RUN(an_owner_who_does_not_allow_it_pays_nothing), RUN(calls_out_of_order_are_refused),
          RUN(a_full_pool_of_handshakes_refuses))
