/* ICE agents when packets are lost: a thousand seeds each. */
#include "support/ice_net.h"
#include "support/test.h"

static struct ice_net net;

struct outcome {
    unsigned connected, slow;
};

/* Runs 1000 connections between NATs, or dials a lite peer, and counts. */
static struct outcome run(unsigned loss_permille, bool is_lite)
{
    struct outcome outcome = {0, 0};
    for (uint64_t seed = 0; seed < 1000; seed++) {
        ice_net_init(&net, seed * 1000 + loss_permille, 20, loss_permille);
        ice_net_peer(&net, 0, ICE_NAT_PORT, false, true);
        ice_net_peer(&net, 1, is_lite ? ICE_NAT_NONE : ICE_NAT_PORT, is_lite, false);
        ice_net_tell(&net, 0);
        if (!is_lite) {
            ice_net_tell(&net, 1);
        }
        struct cepa_time start = net.now;
        ice_net_run(&net, 5500);
        outcome.connected += ice_net_is_connected(&net) ? 1u : 0u;
        outcome.slow += cepa_time_since(net.peers[0].selected_at, start) > CEPA_SECOND_NS ? 1u : 0u;
    }
    return outcome;
}

TEST(nats_at_5_percent)
{
    struct outcome outcome = run(50, false);
    CHECK_INT(outcome.connected, 1000);
    CHECK(outcome.slow <= 5);
}

TEST(nats_at_20_percent)
{
    struct outcome outcome = run(200, false);
    CHECK(outcome.connected >= 999);
    CHECK(outcome.slow <= 100);
}

TEST(dialling_at_5_percent)
{
    struct outcome outcome = run(50, true);
    CHECK_INT(outcome.connected, 1000);
    CHECK(outcome.slow <= 5);
}

TEST(dialling_at_20_percent)
{
    struct outcome outcome = run(200, true);
    CHECK(outcome.connected >= 990);
    CHECK(outcome.slow <= 100);
}

/* Those who are connected remain so for ten minutes. */
TEST(consent_at_5_percent)
{
    unsigned silent = 0;
    for (uint64_t seed = 0; seed < 20; seed++) {
        ice_net_init(&net, seed, 50, 50);
        ice_net_pair(&net, ICE_NAT_FULL, ICE_NAT_PORT);
        ice_net_run(&net, 600 * 1000);
        CHECK(ice_net_is_connected(&net));
        silent += net.peers[0].silent + net.peers[1].silent;
    }
    CHECK_INT(silent, 0);
}

TEST_MAIN(RUN(nats_at_5_percent), RUN(nats_at_20_percent), RUN(dialling_at_5_percent),
          RUN(dialling_at_20_percent), RUN(consent_at_5_percent))
