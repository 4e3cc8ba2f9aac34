/* Watching over a path: silence, consent, probing. */
#include <string.h>

#include "support/ice_net.h"
#include "support/test.h"

static struct ice_net net;

/* Two that are connected and at rest; the second one lite if wanted. */
static void connect(unsigned rtt_ms, bool is_lite)
{
    ice_net_init(&net, 7, rtt_ms, 0);
    ice_net_peer(&net, 0, ICE_NAT_PORT, false, true);
    ice_net_peer(&net, 1, is_lite ? ICE_NAT_NONE : ICE_NAT_PORT, is_lite, false);
    ice_net_tell(&net, 0);
    if (!is_lite) {
        ice_net_tell(&net, 1);
    }
    ice_net_run(&net, 20000);
    CHECK(ice_net_is_connected(&net));
}

static uint64_t since_ms(struct cepa_time time, struct cepa_time start)
{
    return cepa_time_since(time, start) / CEPA_MILLISECOND_NS;
}

TEST(an_idle_connection_lives_on_few_checks)
{
    for (unsigned is_lite = 0; is_lite < 2; is_lite++) {
        connect(20, is_lite != 0);
        unsigned sent = net.peers[0].sent + net.peers[1].sent;
        ice_net_run(&net, 600 * 1000);
        CHECK_INT(net.peers[0].silent + net.peers[1].silent, 0);
        CHECK_INT(net.peers[0].failed + net.peers[1].failed, 0);
        /* A check and its answer every 5 s, from each full agent. */
        sent = net.peers[0].sent + net.peers[1].sent - sent;
        CHECK(sent >= (2 - is_lite) * 2 * 100 && sent <= (2 - is_lite) * 2 * 150);
        CHECK_INT(net.peers[0].selected + net.peers[1].selected, 2);
    }
}

TEST(silence_shows_and_then_the_end)
{
    for (unsigned is_lite = 0; is_lite < 2; is_lite++) {
        struct cepa_path path;
        connect(20, false);
        if (is_lite != 0) {
            connect(20, true);
        }
        size_t alive = is_lite; /* the lite one can be the survivor too */
        struct ice_peer *peer = &net.peers[alive];
        struct cepa_time start = net.now;
        net.peers[1 - alive].is_dead = true;
        ice_net_run(&net, 12000);
        CHECK_INT(peer->silent, 1);
        CHECK_INT(peer->failed, 0);
        CHECK(cepa_ice_path(&peer->ice, &path));
        ice_net_run(&net, 18500);
        CHECK_INT(peer->failed, 1);
        CHECK_INT(peer->silent, 1);
        CHECK_INT(peer->alive, 0);
        CHECK_INT(peer->last_failure.failure, CEPA_ICE_NO_CONSENT);
        CHECK(since_ms(peer->failed_at, start) > 22000);
        CHECK(!cepa_ice_path(&peer->ice, &path));
    }
}

TEST(who_comes_back_in_time_is_alive)
{
    connect(20, false);
    net.is_udp_blocked = true;
    ice_net_run(&net, 15000);
    net.is_udp_blocked = false;
    struct cepa_time back = net.now;
    ice_net_run(&net, 3000);
    for (size_t i = 0; i < 2; i++) {
        CHECK_INT(net.peers[i].silent, 1);
        CHECK_INT(net.peers[i].alive, 1);
        CHECK(since_ms(net.peers[i].alive_at, back) <= 2100);
    }
    ice_net_run(&net, 60000);
    CHECK_INT(net.peers[0].silent + net.peers[1].silent, 2);
    CHECK_INT(net.peers[0].failed + net.peers[1].failed, 0);
}

TEST(data_ends_silence_and_is_no_consent)
{
    connect(20, false);
    struct ice_peer *peer = &net.peers[0];
    net.is_udp_blocked = true;
    for (unsigned i = 0; i < 25; i++) {
        ice_net_run(&net, 1000);
        cepa_ice_on_data(&peer->ice, net.now);
    }
    CHECK_INT(peer->silent, 0);
    ice_net_run(&net, 5000);
    CHECK_INT(peer->failed, 1);
    connect(20, false);
    net.is_udp_blocked = true;
    ice_net_run(&net, 12000);
    CHECK_INT(peer->silent, 1);
    CHECK_INT(peer->alive, 0);
    cepa_ice_on_data(&peer->ice, net.now);
    CHECK_INT(cepa_ice_deadline(&peer->ice).ns, 0);
    ice_net_run(&net, 0);
    CHECK_INT(peer->alive, 1);
    ice_net_run(&net, 11400);
    CHECK_INT(peer->silent, 1);
    ice_net_run(&net, 200);
    CHECK_INT(peer->silent, 2);
}

TEST(nobody_is_not_silent)
{
    ice_net_init(&net, 1, 20, 0);
    ice_net_peer(&net, 0, ICE_NAT_NONE, false, true);
    ice_net_peer(&net, 1, ICE_NAT_NONE, true, true);
    cepa_ice_on_data(&net.peers[0].ice, net.now);
    ice_net_run(&net, 20000);
    CHECK_INT(net.peers[0].silent + net.peers[1].silent, 0);
    /* A lite agent that nobody comes to ends by itself. */
    ice_net_run(&net, 10000);
    CHECK_INT(net.peers[1].failed, 1);
    CHECK_INT(net.peers[0].failed, 0);
}

/* A machine sleeps for an hour: consent is over, and nothing is sent after waking. */
TEST(time_may_jump)
{
    connect(20, false);
    struct ice_peer *peer = &net.peers[0];
    unsigned sent = peer->sent;
    net.now = cepa_time_add(net.now, 3600 * CEPA_SECOND_NS);
    ice_net_run(&net, 0);
    CHECK_INT(peer->failed, 1);
    CHECK_INT(peer->sent, sent);
}

TEST(time_may_stand_still)
{
    connect(20, false);
    struct cepa_ice_effect effect;
    for (unsigned i = 0; i < 100; i++) {
        CHECK_INT(cepa_ice_next(&net.peers[0].ice, &effect, net.now), CEPA_ICE_NOTHING);
    }
}

TEST_MAIN(RUN(an_idle_connection_lives_on_few_checks), RUN(silence_shows_and_then_the_end),
          RUN(who_comes_back_in_time_is_alive), RUN(data_ends_silence_and_is_no_consent),
          RUN(nobody_is_not_silent), RUN(time_may_jump), RUN(time_may_stand_still))
