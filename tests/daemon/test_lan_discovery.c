/* Two nodes of one machine find each other over loopback, if both want to be found. */
#define _GNU_SOURCE
#include "native/daemon/lan_discovery.h"

#include <string.h>
#include <unistd.h>

#include "native/host.h"
#include "support/loopback.h"
#include "support/test.h"

static struct cepa_interfaces interfaces;
static struct cepa_config config;
static struct cepa_network_id network;
static struct cepa_relay_address own;
static struct cepa_time now;

static void prepare(void)
{
    struct cepa_interfaces_watch *watch;
    CHECK_INT(cepa_interfaces_open(&watch), 0);
    CHECK_INT(cepa_interfaces_list(watch, &interfaces), 0);
    cepa_interfaces_close(watch);
    now.ns = CEPA_SECOND_NS;
    memset(&network, 0x33, sizeof network);
    memset(&own, 0x44, sizeof own);
    own.reach.port = 4040;
    cepa_config_init(&config);
    config.listen[0] = loopback_address(CEPA_NET_ADDRESS_IPV4, 0);
    config.listen_len = 1;
    config.has_lan_discovery = true;
}

/* Lets both speak until the first has heard of somebody, for ten of its seconds at most. */
static bool meet(struct cepa_lan_discovery *asking, struct cepa_lan_discovery *other,
                 struct cepa_relay_address *ret_address, bool is_joined)
{
    uint64_t heard = asking->heard;
    for (int i = 0; i < 200; i++) {
        now = cepa_time_add(now, 50 * CEPA_MILLISECOND_NS);
        cepa_lan_discovery_step(other, now);
        cepa_lan_discovery_step(asking, now);
        (void)usleep(1000);
        bool is_some = cepa_lan_discovery_next(asking, ret_address, is_joined);
        if (is_some || asking->heard > heard) {
            return is_some;
        }
    }
    return false;
}

TEST(off_does_nothing)
{
    struct cepa_lan_discovery none;
    struct cepa_relay_address address;
    prepare();
    config.has_lan_discovery = false;
    CHECK_INT(cepa_lan_discovery_open(&none, &config, &network, &own, cepa_native_random()), 0);
    CHECK_INT(cepa_lan_discovery_descriptor(&none), -1);
    CHECK(cepa_time_is_never(cepa_lan_discovery_deadline(&none)));
    cepa_lan_discovery_on_interfaces(&none, &interfaces, now);
    cepa_lan_discovery_announce(&none, &own, now);
    cepa_lan_discovery_step(&none, now);
    CHECK(!cepa_lan_discovery_next(&none, &address, false));
    CHECK(!none.is_announcing);
    cepa_lan_discovery_close(&none);
}

/* In a network of the test's own, so that nobody else is heard. */
static void meet_twice(void)
{
    for (int is_joined = 0; is_joined < 2; is_joined++) {
        struct cepa_lan_discovery relay;
        struct cepa_lan_discovery client;
        struct cepa_relay_address address;
        prepare();
        CHECK_INT(cepa_lan_discovery_open(&relay, &config, &network, &own, cepa_native_random()),
                  0);
        CHECK_INT(cepa_lan_discovery_open(&client, &config, &network, NULL, cepa_native_random()),
                  0);
        CHECK(relay.is_announcing && !client.is_announcing);
        cepa_lan_discovery_on_interfaces(&relay, &interfaces, now);
        cepa_lan_discovery_on_interfaces(&client, &interfaces, now);
        CHECK(meet(&client, &relay, &address, is_joined == 1) == (is_joined == 0));
        CHECK_INT(client.heard, 1);
        CHECK_INT(client.dialled, is_joined == 0);
        CHECK_INT(relay.heard, 0);
        if (is_joined == 0) {
            CHECK_INT(address.reach.port, 4040);
            CHECK(memcmp(&address.node, &own.node, sizeof own.node) == 0);
        }
        cepa_lan_discovery_close(&relay);
        cepa_lan_discovery_close(&client);
    }
}

TEST(a_client_finds_a_relay_and_dials_it_unless_it_has_a_neighbour)
{
    loopback_in_namespace(meet_twice);
}

TEST_MAIN(RUN(off_does_nothing), RUN(a_client_finds_a_relay_and_dials_it_unless_it_has_a_neighbour))
