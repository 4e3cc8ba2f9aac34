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
    ice_net_init(&net, 1, 20, 0);
    ice_net_pair(&net, ICE_NAT_NONE, ICE_NAT_NONE);
    ice_net_run(&net, 1000);
    CHECK(ice_net_is_connected(&net));
    CHECK_INT(elapsed_ms(net.peers[0].selected_at), 40);
    CHECK_INT(elapsed_ms(net.peers[1].selected_at), 30);
    CHECK_INT(cepa_ice_rtt_ns(&net.peers[0].ice) / CEPA_MILLISECOND_NS, 20);
    CHECK(cepa_address_is_equal(&net.peers[0].path.remote, &net.peers[1].inside));
    CHECK(cepa_address_is_equal(&net.peers[1].path.local, &net.peers[1].inside));
}

TEST(thirteen_of_sixteen_pairs_of_nats_connect)
{
    for (int a = ICE_NAT_FULL; a <= ICE_NAT_SYMMETRIC; a++) {
        for (int b = ICE_NAT_FULL; b <= ICE_NAT_SYMMETRIC; b++) {
            bool can = a + b < ICE_NAT_PORT + ICE_NAT_SYMMETRIC;
            ice_net_init(&net, 1, 20, 0);
            ice_net_pair(&net, (enum ice_nat)a, (enum ice_nat)b);
            ice_net_run(&net, 10000);
            CHECK_INT(ice_net_is_connected(&net), can);
            for (size_t i = 0; i < 2; i++) {
                CHECK_INT(net.peers[i].selected, can ? 1 : 0);
                CHECK_INT(net.peers[i].failed, can ? 0 : 1);
                CHECK(elapsed_ms(net.peers[i].selected_at) <= 1000);
                CHECK(elapsed_ms(net.peers[i].failed_at) <= 5000);
            }
        }
    }
}

TEST(a_lite_peer_is_dialled_in_one_round_trip)
{
    struct cepa_path path;
    ice_net_init(&net, 1, 20, 0);
    ice_net_peer(&net, 0, ICE_NAT_SYMMETRIC, false, true);
    ice_net_peer(&net, 1, ICE_NAT_NONE, true, false);
    CHECK(!cepa_ice_path(&net.peers[0].ice, &path));
    ice_net_tell(&net, 0); /* the lite one knows nothing of who dials */
    CHECK(cepa_ice_path(&net.peers[0].ice, &path));
    CHECK(cepa_address_is_equal(&path.remote, &net.peers[1].inside));
    CHECK(!cepa_ice_path(&net.peers[1].ice, &path));
    ice_net_run(&net, 1000);
    CHECK(ice_net_is_connected(&net));
    CHECK_INT(elapsed_ms(net.peers[0].selected_at), 20);
    CHECK_INT(elapsed_ms(net.peers[1].selected_at), 10);
    CHECK_INT(net.peers[0].sent, 1);
    CHECK_INT(net.peers[1].sent, 1);
    CHECK(cepa_ice_path(&net.peers[1].ice, &path));
    CHECK(cepa_path_is_equal(&path, &net.peers[1].path));
}

TEST_MAIN(RUN(two_on_the_open_internet_connect_in_two_round_trips),
          RUN(thirteen_of_sixteen_pairs_of_nats_connect),
          RUN(a_lite_peer_is_dialled_in_one_round_trip))
