/* Where others may dial this node, in networks of the test's own, as addresses come and go and
 * others say how they see it. */
#include "native/daemon/reachability.h"

#include <string.h>

#include "native/host.h"
#include "native/net/clock.h"
#include "support/loopback.h"
#include "support/test.h"

static struct cepa_reachability *reachability;
static struct cepa_config config;
static struct cepa_log log_of_test;
static struct cepa_net_address sockets[2];

static void begin(const char *profile, const char *ipv4, const char *ipv6)
{
    cepa_config_init(&config);
    memcpy(config.profile, profile, strlen(profile) + 1);
    config.has_port_mapping = false;
    cepa_log_init(&log_of_test, -1, &config);
    sockets[0] = loopback_text(ipv4);
    sockets[1] = loopback_text(ipv6);
    CHECK_INT(cepa_reachability_open(&reachability, &config, sockets, &log_of_test,
                                     cepa_native_random(), cepa_clock_now()),
              0);
}

/* Whether these are the places, in this order; "" ends them. */
static bool has(const char *first, const char *second)
{
    const char *const wanted[] = {first, second};
    struct cepa_reach reaches[CEPA_DESCRIPTOR_REACHES_MAX];
    size_t len = cepa_reachability_get(reachability, reaches);
    size_t wanted_len = (first[0] != '\0' ? 1U : 0U) + (second[0] != '\0' ? 1U : 0U);
    bool is_so = len == wanted_len;
    for (size_t i = 0; i < len && is_so; i++) {
        struct cepa_net_address address = loopback_text(wanted[i]);
        is_so = reaches[i].family == address.family && reaches[i].port == address.port &&
                memcmp(reaches[i].ip, address.ip, sizeof address.ip) == 0;
    }
    if (!is_so) {
        test_note("%zu places, not %zu", len, wanted_len);
    }
    return is_so;
}

/* Changes the network, and waits until that is noticed; says whether the places are others. */
static bool change(const char *command)
{
    int descriptors[2];
    bool is_other = false;
    cepa_reachability_descriptors(reachability, descriptors);
    CHECK_INT(descriptors[1], -1);
    loopback_command(command);
    while (loopback_wait(descriptors[0], 100)) {
        is_other = cepa_reachability_step(reachability, cepa_clock_now()) || is_other;
    }
    return is_other;
}

static bool see(const char *text)
{
    struct cepa_net_address address = loopback_text(text);
    return cepa_reachability_on_seen(reachability, &address);
}

static void lay_cable(void)
{
    loopback_command("ip link add va type veth peer name vb");
    loopback_command("ip link set vb up");
    loopback_command("ip link set va up");
}

static void in_a_network(void)
{
    lay_cable();
    loopback_command("ip addr add 10.1.1.1/24 dev va");
    begin("test", "0.0.0.0:4040", "[::]:4040");
    CHECK(has("10.1.1.1:4040", ""));
    CHECK(cepa_time_is_never(cepa_reachability_deadline(reachability)));
    CHECK(change("ip addr add 198.51.100.7/24 dev va"));
    CHECK(has("10.1.1.1:4040", "198.51.100.7:4040"));
    CHECK(!change("ip addr add 169.254.3.3/16 dev va scope link"));
    CHECK(change("ip addr del 10.1.1.1/24 dev va"));
    CHECK(has("198.51.100.7:4040", ""));
    CHECK(change("ip addr del 198.51.100.7/24 dev va"));
    CHECK(has("", ""));
    cepa_reachability_close(reachability);
}

TEST(places_follow_the_interfaces)
{
    loopback_in_namespace(in_a_network);
}

static void behind_a_nat(void)
{
    lay_cable();
    loopback_command("ip addr add 10.1.1.1/24 dev va");
    loopback_command("ip addr add 10.1.2.1/24 dev va");
    begin("test", "0.0.0.0:4040", "[::]:4040");
    CHECK(has("10.1.1.1:4040", "10.1.2.1:4040"));
    /* Who sees an address that is ours is in our network. */
    CHECK(!see("10.1.2.1:4040"));
    CHECK(!see("10.1.1.1:9999"));
    CHECK(has("10.1.1.1:4040", "10.1.2.1:4040"));
    CHECK(!see("[2001:db8::1]:5")); /* says nothing of the other family */
    /* Who sees another one sees it through a NAT: nobody beyond that can dial us. */
    CHECK(see("203.0.113.9:61000"));
    CHECK(has("", ""));
    CHECK(!see("203.0.113.9:61001"));
    /* A public address is no NAT's business. */
    CHECK(change("ip addr add 198.51.100.7/24 dev va"));
    CHECK(has("198.51.100.7:4040", ""));
    CHECK(see("10.1.1.1:4040"));
    CHECK(has("10.1.1.1:4040", "10.1.2.1:4040"));
    cepa_reachability_close(reachability);
}

TEST(a_nat_takes_private_places_away)
{
    loopback_in_namespace(behind_a_nat);
}

static void in_the_world(void)
{
    lay_cable();
    loopback_command("ip addr add 10.1.1.1/24 dev va");
    loopback_command("ip addr add 198.51.100.7/24 dev va");
    begin("main", "0.0.0.0:4040", "[::]:4040");
    CHECK(has("198.51.100.7:4040", "")); /* a private one means nothing to others */
    cepa_reachability_close(reachability);
    begin("main", "198.51.100.7:4040", "[::]:0");
    CHECK(has("198.51.100.7:4040", ""));
    cepa_reachability_close(reachability);
}

TEST(the_world_is_told_public_places)
{
    loopback_in_namespace(in_the_world);
}

TEST(a_router_is_asked_for_those_who_listen_everywhere)
{
    static const struct {
        bool is_on;
        enum cepa_config_role role;
        bool is_metered;
        size_t listen_len;
        enum cepa_reachability_mapping_state state;
    } rows[] = {
        {false, CEPA_CONFIG_ROLE_AUTO, false, 0, CEPA_REACHABILITY_MAPPING_OFF},
        {true, CEPA_CONFIG_ROLE_CLIENT, false, 0, CEPA_REACHABILITY_MAPPING_UNWANTED},
        {true, CEPA_CONFIG_ROLE_AUTO, true, 0, CEPA_REACHABILITY_MAPPING_UNWANTED},
        {true, CEPA_CONFIG_ROLE_RELAY, false, 1, CEPA_REACHABILITY_MAPPING_UNWANTED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int descriptors[2];
        cepa_config_init(&config);
        config.has_port_mapping = rows[i].is_on;
        config.role = rows[i].role;
        config.is_metered = rows[i].is_metered;
        config.listen_len = rows[i].listen_len;
        cepa_log_init(&log_of_test, -1, &config);
        sockets[0] = loopback_text("0.0.0.0:4040");
        sockets[1] = loopback_text("[::]:4040");
        CHECK_INT(cepa_reachability_open(&reachability, &config, sockets, &log_of_test,
                                         cepa_native_random(), cepa_clock_now()),
                  0);
        CHECK_INT(cepa_reachability_mapping(reachability).state, rows[i].state);
        cepa_reachability_descriptors(reachability, descriptors);
        CHECK(descriptors[0] >= 0);
        CHECK_INT(descriptors[1], -1);
        cepa_reachability_close(reachability);
    }
    CHECK(strcmp(cepa_reachability_protocol(CEPA_PORT_MAPPING_PCP), "PCP") == 0);
    CHECK(strcmp(cepa_reachability_protocol(CEPA_PORT_MAPPING_NATPMP), "NAT-PMP") == 0);
    CHECK(strcmp(cepa_reachability_protocol(CEPA_PORT_MAPPING_UPNP), "UPnP") == 0);
    cepa_reachability_close(NULL);
}

TEST_MAIN(RUN(places_follow_the_interfaces), RUN(a_nat_takes_private_places_away),
          RUN(the_world_is_told_public_places),
          RUN(a_router_is_asked_for_those_who_listen_everywhere))
