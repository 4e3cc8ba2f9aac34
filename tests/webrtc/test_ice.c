/* ICE agents against each other: what connects, how fast, and what fails. */
#include <string.h>

#include "support/ice_net.h"
#include "support/test.h"

static struct ice_net net;

static uint64_t elapsed_ms(struct cepa_time time)
{
    return cepa_time_since(time, (struct cepa_time){1000 * CEPA_SECOND_NS}) / CEPA_MILLISECOND_NS;
}

TEST(two_on_the_open_internet_connect_in_two_round_trips)
{
    struct cepa_net_address mapped;
    ice_net_init(&net, 1, 20, 0);
    ice_net_pair(&net, ICE_NAT_NONE, ICE_NAT_NONE);
    CHECK(!cepa_ice_mapped(&net.peers[0].ice, &mapped));
    CHECK_INT(cepa_ice_rtt_ns(&net.peers[0].ice), 0);
    ice_net_run(&net, 1000);
    CHECK(ice_net_is_connected(&net));
    CHECK_INT(elapsed_ms(net.peers[0].selected_at), 40);
    CHECK_INT(elapsed_ms(net.peers[1].selected_at), 30);
    CHECK_INT(cepa_ice_rtt_ns(&net.peers[0].ice) / CEPA_MILLISECOND_NS, 20);
    CHECK(cepa_net_address_is_equal(&net.peers[0].path.remote, &net.peers[1].inside));
    CHECK(cepa_net_address_is_equal(&net.peers[1].path.local, &net.peers[1].inside));
    CHECK(cepa_ice_mapped(&net.peers[0].ice, &mapped));
    CHECK(cepa_net_address_is_equal(&mapped, &net.peers[0].outside));
}

TEST(thirteen_of_sixteen_pairs_of_nats_connect)
{
    for (unsigned i = 0; i < 16; i++) {
        unsigned a = ICE_NAT_FULL + i / 4;
        unsigned b = ICE_NAT_FULL + i % 4;
        bool can = a + b < ICE_NAT_PORT + ICE_NAT_SYMMETRIC;
        ice_net_init(&net, 1, 20, 0);
        ice_net_pair(&net, (enum ice_nat)a, (enum ice_nat)b);
        ice_net_run(&net, 10000);
        CHECK_INT(ice_net_is_connected(&net), can);
        for (size_t j = 0; j < 2; j++) {
            const struct ice_peer *peer = &net.peers[j];
            CHECK_INT(peer->selected, can ? 1 : 0);
            CHECK_INT(peer->failed, can ? 0 : 1);
            CHECK(elapsed_ms(peer->selected_at) <= 1000);
            CHECK(elapsed_ms(peer->failed_at) <= 5000);
            CHECK_INT(peer->last_failure.failure, CEPA_ICE_NO_PATH);
            CHECK(peer->sent <= 30);
        }
    }
}

/* Firewalls: nobody gets any datagram. */
TEST(without_udp_and_tcp_both_fail)
{
    struct cepa_path path;
    ice_net_init(&net, 1, 20, 0);
    net.is_udp_blocked = true;
    ice_net_pair(&net, ICE_NAT_NONE, ICE_NAT_NONE);
    ice_net_run(&net, 4700);
    CHECK_INT(net.peers[0].failed, 0);
    ice_net_run(&net, 300);
    CHECK_INT(net.peers[0].failed, 1);
    CHECK_INT(net.peers[1].failed, 1);
    CHECK(!cepa_ice_path(&net.peers[0].ice, &path));
    CHECK(cepa_time_is_never(cepa_ice_deadline(&net.peers[0].ice)));
    unsigned sent = net.peers[0].sent;
    ice_net_run(&net, 60000);
    CHECK_INT(net.peers[0].sent, sent);
    CHECK_INT(net.peers[0].failed, 1);
}

TEST(without_an_end_of_candidates_failure_takes_longer)
{
    ice_net_init(&net, 1, 20, 0);
    ice_net_peer(&net, 0, ICE_NAT_NONE, false, true);
    ice_net_peer(&net, 1, ICE_NAT_NONE, false, false);
    cepa_ice_set_remote(&net.peers[0].ice, &net.peers[1].credentials, false, net.now);
    ice_net_run(&net, 2000);
    struct cepa_candidate candidate = ice_net_candidate(&net.peers[1], 0);
    candidate.address.port++;
    CHECK_INT(cepa_ice_add_remote(&net.peers[0].ice, &candidate, net.now), 0);
    ice_net_run(&net, 7999);
    CHECK_INT(net.peers[0].failed, 0);
    ice_net_run(&net, 1);
    CHECK_INT(net.peers[0].failed, 1);
    /* Whoever knows nothing of the peer waits. */
    ice_net_run(&net, 60000);
    CHECK_INT(net.peers[1].failed, 0);
    CHECK_INT(net.peers[1].sent, 0);
}

TEST(a_lite_peer_is_dialled_in_one_round_trip)
{
    struct cepa_path path;
    ice_net_init(&net, 1, 20, 0);
    ice_net_peer(&net, 0, ICE_NAT_SYMMETRIC, false, false);
    ice_net_peer(&net, 1, ICE_NAT_NONE, true, false);
    CHECK(!cepa_ice_path(&net.peers[0].ice, &path));
    ice_net_tell(&net, 0); /* the lite one knows nothing of who dials */
    CHECK(cepa_ice_is_controlling(&net.peers[0].ice));
    CHECK(cepa_ice_path(&net.peers[0].ice, &path));
    CHECK(cepa_net_address_is_equal(&path.remote, &net.peers[1].inside));
    CHECK(!cepa_ice_path(&net.peers[1].ice, &path));
    ice_net_run(&net, 1000);
    CHECK(ice_net_is_connected(&net));
    CHECK_INT(elapsed_ms(net.peers[0].selected_at), 20);
    CHECK_INT(elapsed_ms(net.peers[1].selected_at), 10);
    CHECK_INT(net.peers[0].sent, 1);
    CHECK_INT(net.peers[1].sent, 1);
    CHECK(cepa_ice_path(&net.peers[1].ice, &path));
    CHECK(cepa_path_is_equal(&path, &net.peers[1].path));
    CHECK(!cepa_ice_is_controlling(&net.peers[1].ice));
}

/* A base whose IP is left to the system: packets come to a certain IP nevertheless. */
TEST(a_base_may_leave_its_ip_open)
{
    static const struct cepa_net_address any = {.family = CEPA_NET_ADDRESS_IPV4,
                                                .port = ICE_NET_PORT};
    for (unsigned is_lite = 0; is_lite < 2; is_lite++) {
        ice_net_init(&net, 1, 20, 0);
        ice_net_peer(&net, 0, ICE_NAT_PORT, false, true);
        ice_net_peer(&net, 1, ICE_NAT_NONE, is_lite != 0, false);
        net.peers[0].ice.local_len = 0;
        struct cepa_candidate candidate = ice_net_candidate(&net.peers[0], 0);
        CHECK_INT(cepa_ice_add_local(&net.peers[0].ice, &candidate, &any, net.now), 0);
        ice_net_tell(&net, 0);
        if (is_lite == 0) {
            ice_net_tell(&net, 1);
        }
        ice_net_run(&net, 1000);
        CHECK(ice_net_is_connected(&net));
        CHECK(cepa_net_address_is_equal(&net.peers[0].path.local, &any));
        CHECK_INT(net.peers[0].ice.local_len, 1);
    }
}

/* Both begin in one role: whoever has the larger number keeps or takes control. */
TEST(conflicts_of_roles_are_settled)
{
    for (unsigned i = 0; i < 4; i++) {
        bool is_controlling = i % 2 == 0;
        ice_net_init(&net, 1, 20, 0);
        ice_net_peer(&net, 0, ICE_NAT_PORT, false, is_controlling);
        ice_net_peer(&net, 1, ICE_NAT_ADDRESS, false, is_controlling);
        net.peers[0].ice.tie_breaker = i < 2 ? 5 : 4;
        net.peers[1].ice.tie_breaker = i < 2 ? 4 : 5;
        ice_net_tell(&net, 0);
        ice_net_tell(&net, 1);
        ice_net_run(&net, 1500);
        CHECK(ice_net_is_connected(&net));
        CHECK_INT(cepa_ice_is_controlling(&net.peers[0].ice), i < 2);
        CHECK_INT(cepa_ice_is_controlling(&net.peers[1].ice), i >= 2);
        ice_net_run(&net, 30000);
        CHECK_INT(net.peers[0].selected, 1);
        CHECK_INT(net.peers[0].failed + net.peers[1].failed + net.peers[0].silent, 0);
    }
}

/* Every order of credentials, two candidates and their end, on one side, and the other side at
 * once, so that its checks come early. */
TEST(news_of_the_peer_may_come_in_any_order)
{
    for (unsigned order = 0; order < 24; order++) {
        unsigned left[4] = {0, 1, 2, 3};
        ice_net_init(&net, 1, 20, 0);
        ice_net_peer(&net, 0, ICE_NAT_PORT, false, order % 2 == 0);
        ice_net_peer(&net, 1, ICE_NAT_PORT, false, order % 2 != 0);
        ice_net_tell(&net, 1);
        for (unsigned i = 0, code = order; i < 4; i++) {
            unsigned at = code % (4 - i);
            code /= 4 - i;
            unsigned what = left[at];
            left[at] = left[3 - i];
            ice_net_run(&net, 50);
            struct cepa_ice *ice = &net.peers[0].ice;
            if (what < 2) {
                struct cepa_candidate candidate = ice_net_candidate(&net.peers[1], what);
                CHECK_INT(cepa_ice_add_remote(ice, &candidate, net.now), 0);
            } else if (what == 2) {
                cepa_ice_end_of_remote(ice, net.now);
            } else {
                cepa_ice_set_remote(ice, &net.peers[1].credentials, false, net.now);
            }
        }
        ice_net_run(&net, 2000);
        CHECK(ice_net_is_connected(&net));
    }
}

/* Checks come before the peer's credentials and candidates: they are answered, and shown to be
 * useful once the credentials are there. */
TEST(early_checks_are_answered_and_remembered)
{
    struct cepa_path path;
    ice_net_init(&net, 1, 20, 0);
    ice_net_peer(&net, 0, ICE_NAT_SYMMETRIC, false, true);
    ice_net_peer(&net, 1, ICE_NAT_NONE, false, false);
    ice_net_tell(&net, 0);
    ice_net_run(&net, 1000);
    CHECK(net.peers[1].sent >= 1);
    CHECK(cepa_ice_path(&net.peers[0].ice, &path));
    CHECK(!cepa_ice_path(&net.peers[1].ice, &path));
    cepa_ice_set_remote(&net.peers[1].ice, &net.peers[0].credentials, false, net.now);
    ice_net_run(&net, 20);
    CHECK_INT(net.peers[1].selected, 1);
    CHECK(ice_net_is_connected(&net));
}

/* The first is tried for long, the second works: it is nominated after a short wait. */
TEST(the_best_pair_that_works_is_nominated)
{
    ice_net_init(&net, 1, 20, 0);
    ice_net_peer(&net, 0, ICE_NAT_NONE, false, true);
    ice_net_peer(&net, 1, ICE_NAT_NONE, false, false);
    struct cepa_candidate better = ice_net_candidate(&net.peers[1], 0);
    better.address.port++;
    better.priority += 256;
    CHECK_INT(cepa_ice_add_remote(&net.peers[0].ice, &better, net.now), 0);
    ice_net_tell(&net, 0);
    ice_net_tell(&net, 1);
    ice_net_run(&net, 1000);
    CHECK(ice_net_is_connected(&net));
    CHECK(elapsed_ms(net.peers[0].selected_at) >= 150);
    CHECK(elapsed_ms(net.peers[0].selected_at) <= 300);
    CHECK(cepa_net_address_is_equal(&net.peers[0].path.remote, &net.peers[1].inside));
}

TEST(families_and_scopes_are_not_mixed)
{
    static const struct {
        const char *local, *remote;
        unsigned sent;
    } cases[] = {{"192.0.2.1:5", "[2001:db8::1]:5", 0},     {"[2001:db8::1]:5", "192.0.2.1:5", 0},
                 {"[2001:db8::1]:5", "[2001:db8::2]:5", 1}, {"[fe80::1]:5", "[2001:db8::2]:5", 0},
                 {"[2001:db8::2]:5", "[fe80::1]:5", 0},     {"[fe80::1]:5", "[fe80::2]:5", 1},
                 {"169.254.1.1:5", "192.0.2.1:5", 0},       {"127.0.0.1:5", "192.0.2.1:5", 0},
                 {"127.0.0.1:5", "127.0.0.1:6", 1},         {"192.0.2.1:5", "127.0.0.1:6", 1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ice_net_init(&net, 1, 20, 0);
        ice_net_peer(&net, 0, ICE_NAT_NONE, false, true);
        struct cepa_ice *ice = &net.peers[0].ice;
        struct cepa_candidate candidate = ice_net_candidate(&net.peers[0], 0);
        ice->local_len = 0;
        CHECK_INT(
            cepa_net_address_decode(&candidate.address, cases[i].local, strlen(cases[i].local)), 0);
        CHECK_INT(cepa_ice_add_local(ice, &candidate, &candidate.address, net.now), 0);
        CHECK_INT(
            cepa_net_address_decode(&candidate.address, cases[i].remote, strlen(cases[i].remote)),
            0);
        CHECK_INT(cepa_ice_add_remote(ice, &candidate, net.now), 0);
        cepa_ice_set_remote(ice, &net.peers[0].credentials, false, net.now);
        net.peers[1].is_dead = true;
        ice_net_run(&net, 50);
        CHECK_INT(net.peers[0].sent, cases[i].sent);
    }
}

TEST(wiped_agents_are_zeros)
{
    static const struct cepa_ice nothing;
    ice_net_init(&net, 1, 20, 0);
    ice_net_pair(&net, ICE_NAT_PORT, ICE_NAT_PORT);
    ice_net_run(&net, 1000);
    cepa_ice_wipe(&net.peers[0].ice);
    CHECK_BYTES(&net.peers[0].ice, &nothing, sizeof nothing);
}

TEST_MAIN(RUN(two_on_the_open_internet_connect_in_two_round_trips),
          RUN(thirteen_of_sixteen_pairs_of_nats_connect), RUN(without_udp_and_tcp_both_fail),
          RUN(without_an_end_of_candidates_failure_takes_longer),
          RUN(a_lite_peer_is_dialled_in_one_round_trip), RUN(a_base_may_leave_its_ip_open),
          RUN(conflicts_of_roles_are_settled), RUN(news_of_the_peer_may_come_in_any_order),
          RUN(early_checks_are_answered_and_remembered), RUN(the_best_pair_that_works_is_nominated),
          RUN(families_and_scopes_are_not_mixed), RUN(wiped_agents_are_zeros))
