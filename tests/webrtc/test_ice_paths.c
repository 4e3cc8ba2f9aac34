/* TCP and restarts. */
#include <string.h>

#include "support/ice_net.h"
#include "support/test.h"

static struct ice_net net;

static uint64_t elapsed_ms(struct cepa_time time)
{
    return cepa_time_since(time, (struct cepa_time){1000 * CEPA_SECOND_NS}) / CEPA_MILLISECOND_NS;
}

/* Peer 0, behind a NAT, connects to peer 1, which listens on TCP too. */
static void begin_tcp(bool is_udp_blocked, bool is_lite, bool is_controlling)
{
    ice_net_init(&net, 1, 20, 0);
    net.is_udp_blocked = is_udp_blocked;
    ice_net_peer(&net, 0, ICE_NAT_SYMMETRIC, false, is_controlling);
    ice_net_peer(&net, 1, ICE_NAT_NONE, is_lite, !is_controlling);
    ice_net_tcp(&net);
    ice_net_tell(&net, 0);
    if (!is_lite) {
        ice_net_tell(&net, 1);
    }
}

TEST(tcp_stands_in_for_udp)
{
    for (unsigned i = 0; i < 3; i++) {
        struct cepa_path path;
        begin_tcp(true, i == 2, i != 1);
        ice_net_run(&net, 2000);
        CHECK(ice_net_is_connected(&net));
        CHECK_INT(net.peers[0].path.stream, net.streams[0].stream[0]);
        CHECK_INT(net.peers[1].path.stream, net.streams[0].stream[1]);
        CHECK(elapsed_ms(net.peers[0].selected_at) <= (i == 2 ? 500 : 1000));
        CHECK_INT(net.peers[0].connects, 1);
        CHECK_INT(net.peers[0].drops + net.peers[1].drops, 0);
        CHECK(cepa_ice_path(&net.peers[0].ice, &path) && path.stream != 0);
        ice_net_run(&net, 60000);
        CHECK_INT(net.peers[0].silent + net.peers[1].silent, 0);
        CHECK_INT(net.peers[0].failed + net.peers[1].failed, 0);
    }
}

TEST(tcp_alone_does_not_wait)
{
    ice_net_init(&net, 1, 20, 0);
    ice_net_peer(&net, 0, ICE_NAT_NONE, false, true);
    ice_net_peer(&net, 1, ICE_NAT_NONE, true, false);
    net.peers[0].ice.local_len = 0;
    ice_net_tcp(&net);
    ice_net_tell(&net, 0);
    ice_net_run(&net, 1000);
    CHECK(ice_net_is_connected(&net));
    CHECK_INT(elapsed_ms(net.peers[0].selected_at), 40);
}

TEST(tcp_is_not_tried_where_udp_works)
{
    begin_tcp(false, true, true);
    ice_net_run(&net, 30000);
    CHECK(ice_net_is_connected(&net));
    CHECK_INT(net.peers[0].path.stream, 0);
    CHECK_INT(net.peers[0].connects, 0);
}

/* UDP begins to work while the connection is being opened. */
TEST(a_connection_that_comes_too_late_is_dropped)
{
    begin_tcp(true, false, true);
    ice_net_run(&net, 405);
    CHECK_INT(net.peers[0].connects, 1);
    net.is_udp_blocked = false;
    net.delay_ns = CEPA_MILLISECOND_NS;
    uint8_t data[CEPA_ICE_MESSAGE_SIZE];
    struct cepa_path path = {.local = net.peers[0].inside, .remote = net.peers[1].inside};
    size_t len = ice_net_request(&net, 0, data, CEPA_STUN_CONTROLLED, false);
    CHECK_INT(cepa_ice_receive(&net.peers[0].ice, &path, data, len, net.now), 1);
    ice_net_run(&net, 1000);
    CHECK(ice_net_is_connected(&net));
    CHECK_INT(net.peers[0].path.stream, 0);
    CHECK_INT(net.peers[0].drops, 1);
}

TEST(a_lost_connection_is_opened_again)
{
    for (unsigned i = 0; i < 3; i++) {
        begin_tcp(true, i == 2, i != 1);
        ice_net_run(&net, 2000);
        ice_net_close(&net);
        ice_net_run(&net, 2000);
        CHECK_INT(net.peers[0].silent, 1);
        CHECK_INT(net.peers[0].alive, 1);
        CHECK_INT(net.peers[0].connects, 2);
        CHECK_INT(net.peers[0].selected, 2);
        CHECK_INT(net.peers[1].selected, 2);
        CHECK_INT(net.peers[0].path.stream, net.streams[1].stream[0]);
        CHECK_INT(net.peers[1].path.stream, net.streams[1].stream[1]);
        ice_net_run(&net, 60000);
        CHECK_INT(net.peers[0].failed + net.peers[1].failed, 0);
    }
}

TEST(a_lost_connection_that_stays_lost_is_the_end)
{
    begin_tcp(true, false, true);
    ice_net_run(&net, 2000);
    net.peers[1].nat = ICE_NAT_PORT; /* unreachable from now on */
    ice_net_close(&net);
    ice_net_run(&net, 6000);
    CHECK_INT(net.peers[0].failed, 1);
    CHECK_INT(net.peers[1].failed, 1);
}

static void restart(size_t index, const char *ufrag)
{
    struct ice_peer *peer = &net.peers[index];
    peer->credentials.ufrag[0] = ufrag[0];
    peer->credentials.pwd[0] = ufrag[0];
    cepa_ice_restart(&peer->ice, &peer->credentials, index == 0, net.now);
}

TEST(a_restart_keeps_the_path_until_there_is_a_new_one)
{
    struct cepa_path path;
    ice_net_init(&net, 1, 20, 0);
    ice_net_pair(&net, ICE_NAT_PORT, ICE_NAT_PORT);
    ice_net_run(&net, 8000);
    struct cepa_path before = net.peers[0].path;
    restart(0, "R");
    /* The other one knows nothing yet, and both go on for as long as that takes. */
    CHECK(cepa_ice_path(&net.peers[0].ice, &path) && cepa_path_is_equal(&path, &before));
    ice_net_run(&net, 60000);
    CHECK(cepa_ice_path(&net.peers[0].ice, &path) && cepa_path_is_equal(&path, &before));
    CHECK_INT(net.peers[0].silent + net.peers[1].silent, 0);
    restart(1, "S");
    ice_net_tell(&net, 1);
    ice_net_run(&net, 100);
    CHECK_INT(net.peers[1].selected, 1);
    ice_net_tell(&net, 0);
    ice_net_run(&net, 1000);
    CHECK_INT(net.peers[0].selected, 2);
    CHECK_INT(net.peers[1].selected, 2);
    ice_net_run(&net, 60000);
    CHECK_INT(net.peers[0].failed + net.peers[1].failed, 0);
    CHECK_INT(net.peers[0].silent + net.peers[1].silent, 0);
    CHECK(!net.peers[0].ice.selected.is_previous);
}

/* The network has changed: the old path is dead, the new one is found by the restart. */
TEST(a_restart_moves_to_another_network)
{
    ice_net_init(&net, 1, 20, 0);
    ice_net_pair(&net, ICE_NAT_PORT, ICE_NAT_NONE);
    ice_net_run(&net, 8000);
    net.peers[0].nat = ICE_NAT_NONE;
    net.peers[0].inside.ip[0] = 203;
    net.peers[0].inside.ip[3] = 99;
    net.peers[0].outside = net.peers[0].inside;
    struct cepa_candidate candidate = ice_net_candidate(&net.peers[0], 0);
    restart(0, "R");
    CHECK_INT(cepa_ice_add_local(&net.peers[0].ice, &candidate, &net.peers[0].inside, net.now), 0);
    restart(1, "S");
    ice_net_tell(&net, 0);
    ice_net_tell(&net, 1);
    ice_net_run(&net, 2000);
    CHECK_INT(net.peers[0].selected, 2);
    CHECK_INT(net.peers[1].selected, 2);
    CHECK(cepa_net_address_is_equal(&net.peers[1].path.remote, &net.peers[0].inside));
}

TEST(a_restart_revives_what_has_failed)
{
    ice_net_init(&net, 1, 20, 0);
    net.is_udp_blocked = true;
    ice_net_pair(&net, ICE_NAT_PORT, ICE_NAT_PORT);
    ice_net_run(&net, 8000);
    CHECK_INT(net.peers[0].failed + net.peers[1].failed, 2);
    net.is_udp_blocked = false;
    restart(0, "R");
    restart(1, "S");
    ice_net_tell(&net, 0);
    ice_net_tell(&net, 1);
    ice_net_run(&net, 1000);
    CHECK_INT(net.peers[0].selected, 1);
    CHECK_INT(net.peers[1].selected, 1);
}

TEST(a_restart_that_finds_nothing_fails)
{
    for (unsigned i = 0; i < 2; i++) {
        ice_net_init(&net, 1, 20, 0);
        ice_net_pair(&net, ICE_NAT_PORT, ICE_NAT_PORT);
        ice_net_run(&net, 8000);
        restart(0, "R");
        net.is_udp_blocked = true;
        if (i == 1) {
            cepa_ice_set_remote(&net.peers[0].ice, &net.peers[1].credentials, false, net.now);
            cepa_ice_end_of_remote(&net.peers[0].ice, net.now);
        }
        ice_net_run(&net, 31000);
        CHECK_INT(net.peers[0].failed, 1);
        CHECK_INT(net.peers[0].last_failure.failure,
                  i == 0 ? CEPA_ICE_NO_CONSENT : CEPA_ICE_NO_PATH);
    }
}

TEST(a_restart_closes_connections)
{
    begin_tcp(true, false, true);
    ice_net_run(&net, 2000);
    uint64_t stream = net.peers[0].path.stream;
    CHECK(stream != 0);
    net.is_udp_blocked = false;
    restart(0, "R");
    restart(1, "S");
    ice_net_tell(&net, 0);
    ice_net_tell(&net, 1);
    CHECK_INT(net.peers[0].ice.selected.path.stream, stream);
    ice_net_run(&net, 1000);
    CHECK_INT(net.peers[0].selected, 2);
    CHECK_INT(net.peers[0].path.stream, 0);
    CHECK_INT(net.peers[0].drops, 1);
}

/* The old path dies while the new ones are being tried. */
TEST(the_path_before_a_restart_may_end)
{
    struct cepa_path path;
    ice_net_init(&net, 1, 20, 0);
    ice_net_pair(&net, ICE_NAT_PORT, ICE_NAT_PORT);
    ice_net_run(&net, 8000);
    net.is_udp_blocked = true;
    ice_net_run(&net, 11700);
    CHECK_INT(net.peers[0].failed + net.peers[1].failed, 0);
    restart(0, "R");
    restart(1, "S");
    ice_net_tell(&net, 0);
    ice_net_tell(&net, 1);
    for (size_t i = 0; i < 2; i++) {
        net.peers[i].ice.consent.given.ns = net.now.ns - 29 * CEPA_SECOND_NS;
    }
    ice_net_run(&net, 1100);
    CHECK(!cepa_ice_path(&net.peers[0].ice, &path));
    net.is_udp_blocked = false;
    ice_net_run(&net, 3000);
    CHECK_INT(net.peers[0].failed + net.peers[1].failed, 0);
    CHECK_INT(net.peers[0].selected, 2);
}

TEST(the_connection_before_a_restart_may_end)
{
    struct cepa_path path;
    begin_tcp(true, false, true);
    ice_net_run(&net, 2000);
    restart(0, "R");
    ice_net_close(&net);
    CHECK(!cepa_ice_path(&net.peers[0].ice, &path));
    ice_net_run(&net, 0);
    CHECK_INT(net.peers[0].silent, 1);
}

TEST(a_restart_closes_what_is_being_tried)
{
    begin_tcp(true, false, false);
    ice_net_run(&net, 435);
    CHECK_INT(net.streams_len, 1);
    CHECK_INT(net.peers[0].selected, 0);
    restart(0, "R");
    ice_net_run(&net, 10);
    CHECK_INT(net.peers[0].drops, 1);
}

/* UDP begins to work when TCP does already, and before that is nominated. */
TEST(udp_is_better_than_tcp_even_if_late)
{
    begin_tcp(true, false, true);
    ice_net_run(&net, 600);
    CHECK_INT(net.streams_len, 1);
    CHECK_INT(net.peers[0].selected, 0);
    net.is_udp_blocked = false;
    ice_net_run(&net, 1000);
    CHECK_INT(net.peers[0].selected, 1);
    CHECK_INT(net.peers[0].path.stream, 0);
    CHECK_INT(net.peers[1].path.stream, 0);
    CHECK_INT(net.peers[0].drops, 1);
}

TEST_MAIN(RUN(tcp_stands_in_for_udp), RUN(tcp_alone_does_not_wait),
          RUN(tcp_is_not_tried_where_udp_works), RUN(a_connection_that_comes_too_late_is_dropped),
          RUN(a_lost_connection_is_opened_again), RUN(a_lost_connection_that_stays_lost_is_the_end),
          RUN(a_restart_keeps_the_path_until_there_is_a_new_one),
          RUN(a_restart_moves_to_another_network), RUN(a_restart_revives_what_has_failed),
          RUN(a_restart_that_finds_nothing_fails), RUN(a_restart_closes_connections),
          RUN(the_path_before_a_restart_may_end), RUN(the_connection_before_a_restart_may_end),
          RUN(a_restart_closes_what_is_being_tried), RUN(udp_is_better_than_tcp_even_if_late))
