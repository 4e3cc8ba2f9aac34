/* Candidates, roles, and which pair is used. */
#include <string.h>

#include "support/ice_net.h"
#include "support/test.h"

static struct ice_net net;

/* Gives a peer another socket, whose candidate is worse than that of the first. */
static struct cepa_candidate add_socket(struct ice_peer *peer)
{
    struct cepa_candidate candidate = ice_net_candidate(peer, 0);
    candidate.address.port++;
    candidate.priority -= 256;
    peer->also = candidate.address;
    CHECK_INT(cepa_ice_add_local(&peer->ice, &candidate, &candidate.address, net.now), 0);
    return candidate;
}

/* The controlling peer, of another make, nominates one pair, then another, again and again. */
TEST(the_latest_nomination_counts)
{
    uint8_t data[CEPA_ICE_MESSAGE_SIZE];
    struct cepa_path paths[2];
    ice_net_init(&net, 1, 20, 0);
    ice_net_peer(&net, 0, ICE_NAT_NONE, false, true);
    ice_net_peer(&net, 1, ICE_NAT_NONE, false, false);
    ice_net_tell(&net, 0);
    ice_net_tell(&net, 1);
    ice_net_run(&net, 1000);
    struct cepa_candidate second = add_socket(&net.peers[1]);
    CHECK_INT(net.peers[1].selected, 1);
    paths[0] = net.peers[1].path;
    paths[1] = paths[0];
    paths[1].local = second.address;
    for (unsigned i = 1; i < 6; i++) {
        size_t len = ice_net_request(&net, 1, data, CEPA_STUN_CONTROLLING, true);
        CHECK_INT(cepa_ice_receive(&net.peers[1].ice, &paths[i % 2], data, len, net.now), 1);
        ice_net_run(&net, 1);
        /* The second pair has to be checked from this side first, once. */
        CHECK_INT(net.peers[1].selected, i == 1 ? 1 : i + 1);
        ice_net_run(&net, 20);
        CHECK_INT(net.peers[1].selected, i + 1);
        CHECK(cepa_path_is_equal(&net.peers[1].path, &paths[i % 2]));
    }
    /* What the controlling side asks for consent on wins in the end. */
    ice_net_run(&net, 6000);
    CHECK(cepa_path_is_equal(&net.peers[1].path, &paths[0]));
}

/* All checks to a lite peer nominate. It follows the last; the dialler has taken the first. */
TEST(a_lite_peer_learns_which_answer_came_first)
{
    ice_net_init(&net, 1, 60, 0);
    ice_net_peer(&net, 0, ICE_NAT_NONE, false, true);
    ice_net_peer(&net, 1, ICE_NAT_NONE, true, false);
    (void)add_socket(&net.peers[0]);
    ice_net_tell(&net, 0);
    ice_net_run(&net, 65);
    CHECK(cepa_net_address_is_equal(&net.peers[1].path.remote, &net.peers[0].also));
    ice_net_run(&net, 60);
    CHECK(cepa_net_address_is_equal(&net.peers[1].path.remote, &net.peers[0].inside));
    CHECK(cepa_net_address_is_equal(&net.peers[0].path.local, &net.peers[0].inside));
    ice_net_run(&net, 60000);
    CHECK_INT(net.peers[0].selected, 1);
    CHECK_INT(net.peers[1].selected, 3);
}

/* Candidates of ours may come late, too. */
TEST(a_socket_may_come_late)
{
    ice_net_init(&net, 1, 20, 0);
    ice_net_peer(&net, 0, ICE_NAT_NONE, false, true);
    ice_net_peer(&net, 1, ICE_NAT_NONE, true, false);
    net.peers[0].ice.local_len = 0;
    memset(net.peers[0].ice.pairs, 0, sizeof net.peers[0].ice.pairs);
    ice_net_tell(&net, 0);
    ice_net_run(&net, 1000);
    CHECK_INT(net.peers[0].sent, 0);
    (void)add_socket(&net.peers[0]);
    (void)add_socket(&net.peers[0]); /* which changes nothing */
    CHECK_INT(net.peers[0].ice.local_len, 1);
    ice_net_run(&net, 100);
    CHECK(cepa_net_address_is_equal(&net.peers[0].path.local, &net.peers[0].also));
    CHECK_INT(net.peers[0].sent, 1);
    /* Now it is too late. */
    struct cepa_candidate candidate = ice_net_candidate(&net.peers[0], 0);
    CHECK_INT(cepa_ice_add_local(&net.peers[0].ice, &candidate, &candidate.address, net.now), 0);
    ice_net_run(&net, 100);
    CHECK_INT(net.peers[0].sent, 1);
}

TEST(candidates_of_no_use_are_passed_over)
{
    ice_net_init(&net, 1, 20, 0);
    ice_net_peer(&net, 0, ICE_NAT_NONE, false, true);
    struct cepa_ice *ice = &net.peers[0].ice;
    struct cepa_candidate candidate = ice_net_candidate(&net.peers[0], 0);
    struct cepa_candidate other = candidate;
    other.transport = CEPA_CANDIDATE_TCP_ACTIVE;
    other.address.port = CEPA_CANDIDATE_PORT_ACTIVE;
    CHECK_INT(cepa_ice_add_remote(ice, &other, net.now), 0);
    other = candidate;
    other.has_name = true;
    memset(&other.address, 0, sizeof other.address);
    other.address.port = 1;
    CHECK_INT(cepa_ice_add_remote(ice, &other, net.now), 0);
    other = candidate;
    other.address.ip[0] = 224;
    CHECK_INT(cepa_ice_add_remote(ice, &other, net.now), 0);
    CHECK_INT(ice->remote_len, 0);
    /* The same base again counts once, with the better priority. */
    candidate.priority++;
    CHECK_INT(cepa_ice_add_local(ice, &candidate, &candidate.address, net.now), 0);
    CHECK_INT(ice->local_len, 1);
    CHECK_INT(ice->local[0].priority, candidate.priority);
}

/* A NAT forgets, and gives the next packet another port. */
TEST(a_peer_may_come_to_another_address)
{
    for (unsigned i = 0; i < 3; i++) {
        ice_net_init(&net, 1, 20, 0);
        size_t moving = i == 1 ? 1 : 0;
        ice_net_peer(&net, 0, moving == 0 ? ICE_NAT_PORT : ICE_NAT_NONE, false, true);
        ice_net_peer(&net, 1, moving == 1 ? ICE_NAT_PORT : ICE_NAT_NONE, i == 2, false);
        ice_net_tell(&net, 0);
        if (i < 2) {
            ice_net_tell(&net, 1);
        }
        ice_net_run(&net, 10000);
        CHECK(ice_net_is_connected(&net));
        struct ice_peer *peer = &net.peers[moving];
        for (size_t j = 0; j < peer->contacts_len; j++) {
            peer->contacts[j].port = 7777;
        }
        net.packets_len = 0;
        ice_net_run(&net, 60000);
        CHECK_INT(net.peers[0].failed + net.peers[1].failed, 0);
        CHECK_INT(net.peers[1 - moving].path.remote.port, 7777);
        CHECK_INT(net.peers[1 - moving].selected, 2);
        CHECK_INT(net.peers[0].silent + net.peers[1].silent, 0);
    }
}

/* The best go first, 20 ms apart; but what is like a pair in progress comes behind what is not. */
TEST(checks_have_an_order)
{
    static const uint16_t ports[] = {1, 3, 2,
                                     4}; /* as they should come, by foundation and priority */
    static const uint32_t foundations[] = {0, 7, 7, 8, 8};
    ice_net_init(&net, 1, 20, 0);
    ice_net_peer(&net, 0, ICE_NAT_NONE, false, true);
    struct cepa_ice *ice = &net.peers[0].ice;
    for (uint16_t port = 4; port > 0; port--) {
        struct cepa_candidate candidate = ice_net_candidate(&net.peers[0], 0);
        candidate.address.port = port;
        candidate.priority -= 256u * port;
        cepa_candidate_number_foundation(&candidate, foundations[port]);
        CHECK_INT(cepa_ice_add_remote(ice, &candidate, net.now), 0);
    }
    cepa_ice_set_remote(ice, &net.peers[0].credentials, false, net.now);
    for (size_t i = 0; i < 4; i++) {
        struct cepa_ice_effect effect;
        CHECK_INT(cepa_ice_next(ice, &effect, net.now), CEPA_ICE_SEND);
        CHECK_INT(effect.path.remote.port, ports[i]);
        CHECK_INT(cepa_ice_next(ice, &effect, net.now), CEPA_ICE_NOTHING);
        /* Behind the last, the first is due again. */
        CHECK_INT(cepa_ice_deadline(ice).ns - net.now.ns, (i < 3 ? 1 : 2) * CEPA_ICE_PACE_NS);
        net.now = cepa_ice_deadline(ice);
    }
}

/* Somehow both believe that they control, or that they do not, long after all was settled, or just
 * when it is being settled. */
TEST(a_conflict_of_roles_may_come_late)
{
    for (unsigned i = 0; i < 4; i++) {
        ice_net_init(&net, 1, 20, 0);
        ice_net_pair(&net, ICE_NAT_PORT, ICE_NAT_PORT);
        ice_net_run(&net, i < 2 ? 1000 : 205);
        net.peers[i % 2].ice.is_controlling = !net.peers[i % 2].ice.is_controlling;
        net.peers[0].ice.tie_breaker = i < 2 ? 1 : 9;
        net.peers[1].ice.tie_breaker = 5;
        ice_net_run(&net, 20000);
        CHECK(cepa_ice_is_controlling(&net.peers[0].ice) !=
              cepa_ice_is_controlling(&net.peers[1].ice));
        CHECK_INT(net.peers[0].failed + net.peers[1].failed, 0);
        CHECK_INT(net.peers[0].selected, 1);
        CHECK_INT(net.peers[1].selected, 1);
    }
}

/* A lite agent answers by the way it was asked, and sends where it was nominated last. */
TEST(a_lite_agent_follows)
{
    uint8_t data[CEPA_ICE_MESSAGE_SIZE];
    struct cepa_path path;
    ice_net_init(&net, 1, 20, 0);
    ice_net_peer(&net, 0, ICE_NAT_NONE, false, true);
    ice_net_peer(&net, 1, ICE_NAT_NONE, true, false);
    struct cepa_path way = ice_net_path(&net, 1);
    for (unsigned i = 0; i < 8; i++) {
        bool is_nominating = i >= 4;
        way.remote.port = (uint16_t)(7000 + i);
        way.stream = i % 2;
        size_t len = ice_net_request(&net, 1, data, CEPA_STUN_CONTROLLING, is_nominating);
        CHECK_INT(cepa_ice_receive(&net.peers[1].ice, &way, data, len, net.now), 1);
        ice_net_run(&net, 10);
        CHECK_INT(net.peers[1].sent, i + 1);
        CHECK_INT(net.peers[1].selected, is_nominating ? i - 3 : 0);
        CHECK(cepa_ice_path(&net.peers[1].ice, &path) && cepa_path_is_equal(&path, &way));
    }
    way.remote.port = 6999;
    size_t len = ice_net_request(&net, 1, data, CEPA_STUN_CONTROLLING, false);
    CHECK_INT(cepa_ice_receive(&net.peers[1].ice, &way, data, len, net.now), 1);
    CHECK(cepa_ice_path(&net.peers[1].ice, &path) && path.remote.port == 7007);
    cepa_ice_on_stream_lost(&net.peers[1].ice, 1, net.now);
    ice_net_run(&net, 0);
    CHECK(!cepa_ice_path(&net.peers[1].ice, &path));
    CHECK_INT(net.peers[1].silent, 1);
    ice_net_run(&net, 31000);
    CHECK_INT(net.peers[1].failed, 1);
}

TEST_MAIN(RUN(the_latest_nomination_counts), RUN(a_lite_peer_learns_which_answer_came_first),
          RUN(a_socket_may_come_late), RUN(candidates_of_no_use_are_passed_over),
          RUN(a_peer_may_come_to_another_address), RUN(checks_have_an_order),
          RUN(a_conflict_of_roles_may_come_late), RUN(a_lite_agent_follows))
