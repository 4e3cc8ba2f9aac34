/* Looking for a direct way: when offers are made, and which signals of a peer reach the driver.
 * @[SPEC 10.11] */
#include "mesh/upgrade.h"

#include <string.h>

#include "support/strangers.h"
#include "support/test.h"

static struct cepa_mesh *mesh;
static struct cepa_mesh_peer *peer;

/* Stranger 0 is linked through an introducer. */
static void begin(bool is_initiator)
{
    strangers_begin(2);
    mesh = strangers_mesh();
    peer = cepa_mesh_peer_find(mesh, strangers_link(0));
    peer->facts.is_relayed = true;
    peer->facts.is_initiator = is_initiator;
    peer->bond = CEPA_MESH_BOND_NEIGHBOUR; /* else the link is let go as one of no use */
    cepa_upgrade_on_link_up(mesh, peer);
}

/* How long it takes until an offer is wanted, in ms; gives its number. */
static uint64_t wait_for_offer(uint32_t *ret_attempt, uint64_t max_ms)
{
    for (uint64_t past = 0; past <= max_ms; past += STRANGERS_STEP_MS) {
        const struct cepa_mesh_effect *offer = strangers_wanted(CEPA_MESH_OFFER, 0);
        if (offer != NULL) {
            CHECK_INT(offer->link, strangers_link(0));
            CHECK(offer->attempt != 0);
            *ret_attempt = offer->attempt;
            strangers_note();
            return past;
        }
        strangers_pass(STRANGERS_STEP_MS);
    }
    return UINT64_MAX;
}

static void signal(enum cepa_mesh_signal kind, uint32_t attempt)
{
    struct cepa_mesh_item item = strangers_item(CEPA_MESH_ITEM_SIGNAL);
    item.as.signal.attempt = attempt;
    item.as.signal.signal = (uint8_t)kind;
    item.as.signal.data = (const uint8_t *)"data";
    item.as.signal.data_len = kind == CEPA_MESH_SIGNAL_FAILED ? 0 : 4;
    strangers_say(0, &item);
}

static bool has_come(enum cepa_mesh_signal kind, uint32_t attempt)
{
    const struct cepa_mesh_effect *effect = strangers_wanted(CEPA_MESH_SIGNAL, 0);
    return effect != NULL && effect->link == strangers_link(0) && effect->signal == kind &&
           effect->attempt == attempt;
}

TEST(offers_are_made_ever_more_seldom)
{
    uint32_t attempt = 0;
    uint32_t last = 0;
    begin(true);
    CHECK(wait_for_offer(&attempt, 1000) <= 200);
    for (unsigned i = 0; i < 10; i++) {
        uint64_t base_ms = 30000u << (i < 7 ? i : 7);
        last = attempt;
        uint64_t wait_ms = wait_for_offer(&attempt, 3 * base_ms);
        /* Fifteen seconds of the attempt before, and a pause with a quarter by chance. */
        CHECK(wait_ms >= 15000 + base_ms - 200);
        CHECK(wait_ms <= 15000 + base_ms + base_ms / 4 + 400);
        CHECK(attempt != last);
    }
}

TEST(who_was_dialled_makes_no_offers)
{
    uint32_t attempt = 0;
    begin(false);
    CHECK(wait_for_offer(&attempt, 60000) == UINT64_MAX);
    begin(true);
    peer->facts.is_relayed = false;
    cepa_upgrade_on_link_up(mesh, peer);
    CHECK(wait_for_offer(&attempt, 60000) == UINT64_MAX);
}

TEST(a_direct_way_ends_it_and_what_failed_is_remembered)
{
    uint32_t attempt = 0;
    begin(true);
    (void)wait_for_offer(&attempt, 1000);
    signal(CEPA_MESH_SIGNAL_FAILED, attempt);
    CHECK(has_come(CEPA_MESH_SIGNAL_FAILED, attempt));
    /* A new link to the same relay waits as long as the old one would have. */
    cepa_upgrade_on_link_up(mesh, peer);
    uint64_t wait_ms = wait_for_offer(&attempt, 60000);
    CHECK(wait_ms >= 29000 && wait_ms <= 38000);
    cepa_upgrade_on_direct(mesh, peer);
    CHECK(wait_for_offer(&attempt, 300000) == UINT64_MAX);
    /* And then nothing stands against it. */
    cepa_upgrade_on_link_up(mesh, peer);
    CHECK(wait_for_offer(&attempt, 1000) <= 200);
}

TEST(another_address_is_a_reason_to_try_at_once)
{
    uint32_t attempt = 0;
    begin(true);
    for (int i = 0; i < 4; i++) {
        (void)wait_for_offer(&attempt, 600000);
        signal(CEPA_MESH_SIGNAL_FAILED, attempt);
    }
    cepa_upgrade_on_addresses(mesh);
    CHECK(wait_for_offer(&attempt, 1000) <= 200);
}

TEST(signals_of_the_attempt_that_is_under_way_come_through)
{
    begin(false);
    signal(CEPA_MESH_SIGNAL_CANDIDATE, 5);
    CHECK(strangers_wanted(CEPA_MESH_SIGNAL, 0) == NULL); /* of nothing */
    signal(CEPA_MESH_SIGNAL_OFFER, 5);
    CHECK(has_come(CEPA_MESH_SIGNAL_OFFER, 5));
    signal(CEPA_MESH_SIGNAL_CANDIDATE, 5);
    CHECK(has_come(CEPA_MESH_SIGNAL_CANDIDATE, 5));
    signal(CEPA_MESH_SIGNAL_CANDIDATE, 6);
    CHECK(strangers_wanted(CEPA_MESH_SIGNAL, 0) == NULL);
    signal(CEPA_MESH_SIGNAL_OFFER, 6); /* a later one takes its place */
    CHECK(has_come(CEPA_MESH_SIGNAL_OFFER, 6));
    signal(CEPA_MESH_SIGNAL_FAILED, 5);
    CHECK(strangers_wanted(CEPA_MESH_SIGNAL, 0) == NULL);
    signal(CEPA_MESH_SIGNAL_FAILED, 6);
    CHECK(has_come(CEPA_MESH_SIGNAL_FAILED, 6));
    signal(CEPA_MESH_SIGNAL_CANDIDATE, 6);
    CHECK(strangers_wanted(CEPA_MESH_SIGNAL, 0) == NULL);
    /* One that takes too long is over as well. */
    signal(CEPA_MESH_SIGNAL_OFFER, 7);
    strangers_pass(15200);
    signal(CEPA_MESH_SIGNAL_CANDIDATE, 7);
    CHECK(strangers_wanted(CEPA_MESH_SIGNAL, 0) == NULL);
}

TEST(a_direct_link_has_no_signals)
{
    begin(false);
    peer->facts.is_relayed = false;
    signal(CEPA_MESH_SIGNAL_OFFER, 5);
    CHECK(strangers_wanted(CEPA_MESH_SIGNAL, 0) == NULL);
    CHECK_INT(peer->attempt, 0);
}

TEST(an_offer_to_who_makes_them_is_forged)
{
    uint32_t attempt = 0;
    begin(true);
    (void)wait_for_offer(&attempt, 1000);
    bool is_expelled = false;
    for (int i = 0; i < 3; i++) {
        signal(CEPA_MESH_SIGNAL_OFFER, 9);
        CHECK(strangers_wanted(CEPA_MESH_SIGNAL, 0) == NULL);
        is_expelled = is_expelled || strangers_wanted(CEPA_MESH_UNLINK, 0) != NULL;
    }
    CHECK(is_expelled);
}

TEST(so_many_signals_and_no_more)
{
    size_t count = 0;
    begin(false);
    strangers_pass(10000);
    for (int i = 0; i < 300 && !peer->is_closing; i++) {
        signal(CEPA_MESH_SIGNAL_OFFER, 5);
        count += strangers_wanted(CEPA_MESH_SIGNAL, 0) != NULL;
    }
    CHECK(count >= 50 && count <= 110); /* a hundred at once, ten a second */
}

static void send(uint64_t link, uint32_t attempt)
{
    cepa_mesh_on_signal(mesh, link, attempt, CEPA_MESH_SIGNAL_CANDIDATE, (const uint8_t *)"abc", 3,
                        strangers_now());
    strangers_note();
}

TEST(own_signals_go_to_the_peer)
{
    uint32_t attempt = 0;
    begin(true);
    (void)wait_for_offer(&attempt, 1000);
    send(strangers_link(0), attempt);
    const struct cepa_mesh_item *item = strangers_heard(0, CEPA_MESH_ITEM_SIGNAL, 0, NULL);
    CHECK(item != NULL && item->as.signal.attempt == attempt && item->as.signal.data_len == 3);
    CHECK_INT(item->as.signal.signal, CEPA_MESH_SIGNAL_CANDIDATE);
    send(strangers_link(0), attempt + 1); /* of an attempt that is over */
    CHECK_INT(strangers_count(SIZE_MAX, CEPA_MESH_ITEM_SIGNAL), 0);
    send(99999, attempt);
    CHECK_INT(strangers_count(SIZE_MAX, CEPA_MESH_ITEM_SIGNAL), 0);
}

TEST_MAIN(RUN(offers_are_made_ever_more_seldom), RUN(who_was_dialled_makes_no_offers),
          RUN(a_direct_way_ends_it_and_what_failed_is_remembered),
          RUN(another_address_is_a_reason_to_try_at_once),
          RUN(signals_of_the_attempt_that_is_under_way_come_through),
          RUN(a_direct_link_has_no_signals), RUN(an_offer_to_who_makes_them_is_forged),
          RUN(so_many_signals_and_no_more), RUN(own_signals_go_to_the_peer))
