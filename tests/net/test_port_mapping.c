/* Ports are mapped at a router that answers by the RFCs, in virtual time over real sockets, and at
 * routers that lie, forget, refuse or say nothing. */
#define _GNU_SOURCE
#include <string.h>

#include "native/host.h"
#include "native/net/port_mapping.h"
#include "support/loopback.h"
#include "support/router.h"
#include "support/test.h"

enum { UDP_PORT = 40000, TCP_PORT = 40001, EVENTS_MAX = 32 };

static struct test_router router;
static struct cepa_port_mapping *mapping;
static struct cepa_time now;
static struct cepa_port_mapping_event events[EVENTS_MAX];
static size_t events_len;

static struct cepa_port_mapping_config config_of(void)
{
    const struct cepa_port_mapping_config config = {.family = CEPA_NET_ADDRESS_IPV4,
                                                    .udp_port = UDP_PORT,
                                                    .tcp_port = TCP_PORT,
                                                    .gateway = router.address,
                                                    .is_upnp_off = true,
                                                    .random = cepa_native_random()};
    return config;
}

static void begin(bool is_pcp)
{
    struct cepa_port_mapping_config config;
    test_router_open(&router);
    router.is_pcp = is_pcp;
    config = config_of();
    now.ns = 5 * CEPA_SECOND_NS;
    events_len = 0;
    CHECK_INT(cepa_port_mapping_open(&mapping, &config, now), 0);
}

static void end(void)
{
    cepa_port_mapping_close(mapping);
    test_router_close(&router);
}

/* Lets both act until neither has more to say. */
static void settle(void)
{
    for (int i = 0; i < 8; i++) {
        cepa_port_mapping_step(mapping, now);
        test_router_step(&router);
        while (cepa_port_mapping_next(mapping, &events[events_len])) {
            CHECK(++events_len < EVENTS_MAX);
        }
    }
}

/* Lets time pass, from deadline to deadline. */
static void pass(uint64_t duration_ns)
{
    struct cepa_time until = cepa_time_add(now, duration_ns);
    settle();
    while (cepa_time_is_before(cepa_port_mapping_deadline(mapping), until)) {
        struct cepa_time deadline = cepa_port_mapping_deadline(mapping);
        uint32_t before_s = (uint32_t)(now.ns / CEPA_SECOND_NS);
        now = cepa_time_latest(now, deadline);
        router.epoch_s += (uint32_t)(now.ns / CEPA_SECOND_NS) - before_s;
        settle();
    }
    router.epoch_s += (uint32_t)(until.ns / CEPA_SECOND_NS - now.ns / CEPA_SECOND_NS);
    now = until;
    settle();
}

static void check_mapped(size_t at, enum cepa_port_mapping_transport transport,
                         enum cepa_port_mapping_protocol protocol, const char *external)
{
    struct cepa_net_address want = loopback_text(external);
    CHECK(at < events_len);
    CHECK_INT(events[at].kind, CEPA_PORT_MAPPING_MAPPED);
    CHECK_INT(events[at].transport, transport);
    CHECK_INT(events[at].protocol, protocol);
    CHECK(cepa_net_address_is_equal(&events[at].external, &want));
}

TEST(both_ports_are_mapped_renewed_and_taken_away)
{
    for (int is_pcp = 0; is_pcp < 2; is_pcp++) {
        enum cepa_port_mapping_protocol protocol =
            is_pcp ? CEPA_PORT_MAPPING_PCP : CEPA_PORT_MAPPING_NATPMP;
        begin(is_pcp != 0);
        pass(CEPA_SECOND_NS);
        CHECK_INT(events_len, 2);
        check_mapped(0, CEPA_PORT_MAPPING_UDP, protocol, "203.0.113.7:40000");
        /* The port that UDP has is wanted for TCP. */
        check_mapped(1, CEPA_PORT_MAPPING_TCP, protocol, "203.0.113.7:40000");
        CHECK_INT(events[0].lifetime_s, CEPA_PORT_MAPPING_LIFETIME_S);
        CHECK(!events[0].is_private);
        CHECK_INT(router.mappings[1].internal_port, TCP_PORT);
        unsigned asked = router.asked;
        CHECK_INT(asked, is_pcp ? 2 : 4); /* the address, and the refusal of PCP */
        /* Nothing before half of the lifetime, then one round. */
        pass((CEPA_PORT_MAPPING_LIFETIME_S / 2 - 2) * CEPA_SECOND_NS);
        CHECK_INT(router.asked, asked);
        pass(2 * CEPA_SECOND_NS);
        CHECK_INT(router.asked, asked + (is_pcp ? 2 : 3));
        pass(3600 * CEPA_SECOND_NS * 5);
        CHECK_INT(events_len, 2);
        cepa_port_mapping_stop(mapping, now);
        settle();
        CHECK(!router.mappings[0].is_mapped && !router.mappings[1].is_mapped);
        CHECK_INT(events_len, 3);
        CHECK_INT(events[2].kind, CEPA_PORT_MAPPING_STOPPED);
        CHECK(cepa_time_is_never(cepa_port_mapping_deadline(mapping)));
        end();
    }
}

TEST(closing_without_stopping_takes_away_too)
{
    begin(true);
    pass(CEPA_SECOND_NS);
    CHECK(router.mappings[0].is_mapped && router.mappings[1].is_mapped);
    cepa_port_mapping_close(mapping);
    test_router_step(&router);
    CHECK(!router.mappings[0].is_mapped && !router.mappings[1].is_mapped);
    test_router_close(&router);
}

/* What lies is not believed: no mapping, and the reason is told once. */
TEST(answers_that_do_not_fit_map_nothing)
{
    static const struct {
        enum test_router_fault fault;
        bool is_pcp;
        int reason;
    } cases[] = {
        {ROUTER_SILENT, true, CEPA_ERR_NOT_FOUND},
        {ROUTER_REFUSES, true, CEPA_ERR_UNSUPPORTED},
        {ROUTER_REFUSES, false, CEPA_ERR_UNSUPPORTED},
        {ROUTER_WRONG_PORT, false, CEPA_ERR_NOT_FOUND},
        {ROUTER_SHORT, false, CEPA_ERR_NOT_FOUND},
        {ROUTER_ZERO_LIFETIME, true, CEPA_ERR_UNSUPPORTED},
        {ROUTER_ZERO_LIFETIME, false, CEPA_ERR_UNSUPPORTED},
        {ROUTER_ZERO_PORT, true, CEPA_ERR_UNSUPPORTED},
        {ROUTER_ZERO_PORT, false, CEPA_ERR_UNSUPPORTED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin(cases[i].is_pcp);
        router.fault = cases[i].fault;
        pass(30 * CEPA_SECOND_NS);
        test_note("fault %d", (int)cases[i].fault);
        CHECK_INT(events_len, 1);
        CHECK_INT(events[0].kind, CEPA_PORT_MAPPING_FAILED);
        CHECK_INT(events[0].reason, cases[i].reason);
        CHECK(router.asked <= 9);
        end();
    }
}

/* These spoil PCP's answers alone: NAT-PMP, which is tried next, cannot tell. */
TEST(a_wrong_nonce_is_no_answer)
{
    static const enum test_router_fault faults[] = {ROUTER_WRONG_NONCE, ROUTER_WRONG_PORT,
                                                    ROUTER_SHORT};
    for (size_t i = 0; i < 3; i++) {
        begin(true);
        router.fault = faults[i];
        pass(3 * CEPA_SECOND_NS);
        CHECK_INT(events_len, 0);
        CHECK_INT(router.asked, 4);
        router.fault = ROUTER_HONEST; /* the fourth try's answer comes too late or not at all */
        pass(2 * CEPA_SECOND_NS);
        CHECK_INT(events_len, 2);
        CHECK_INT(events[0].protocol, CEPA_PORT_MAPPING_NATPMP);
        end();
    }
}

TEST(a_router_without_a_way_out_is_told)
{
    begin(false);
    router.is_without_address = true;
    pass(CEPA_SECOND_NS);
    CHECK_INT(events_len, 1);
    CHECK_INT(events[0].reason, CEPA_ERR_UNREACHABLE);
    end();
}

TEST(another_external_port_is_told_as_it_is)
{
    for (int is_pcp = 0; is_pcp < 2; is_pcp++) {
        begin(is_pcp != 0);
        router.fault = ROUTER_OTHER_PORT;
        pass(CEPA_SECOND_NS);
        CHECK_INT(events_len, 2);
        CHECK_INT(events[0].external.port, UDP_PORT ^ 0x2000);
        CHECK_INT(events[1].external.port, TCP_PORT ^ 0x2000);
        end();
    }
}

TEST(an_endless_lifetime_is_not_believed)
{
    begin(true);
    router.fault = ROUTER_ENDLESS_LIFETIME;
    pass(CEPA_SECOND_NS);
    CHECK_INT(events[0].lifetime_s, 86400);
    unsigned asked = router.asked;
    pass(43201 * CEPA_SECOND_NS);
    CHECK(router.asked > asked);
    end();
}

/* At least 15 s between rounds; what would need more is no mapping. */
TEST(a_short_lifetime_does_not_make_us_busy)
{
    begin(true);
    router.lifetime_s = 30;
    pass(600 * CEPA_SECOND_NS);
    CHECK_INT(events_len, 2);
    CHECK_INT(router.asked, 2 * (600 / 15 + 1));
    end();
    begin(true);
    router.lifetime_s = 29;
    pass(600 * CEPA_SECOND_NS);
    CHECK_INT(events_len, 1);
    CHECK_INT(events[0].reason, CEPA_ERR_UNSUPPORTED);
    CHECK(router.asked <= 20);
    end();
}

TEST(double_nat_is_told)
{
    begin(true);
    memcpy(router.external_ip, (const uint8_t[]){100, 64, 3, 4}, 4);
    pass(CEPA_SECOND_NS);
    CHECK_INT(events_len, 2);
    CHECK(events[0].is_private && events[1].is_private);
    end();
}

TEST(a_new_external_address_is_told)
{
    for (int is_pcp = 0; is_pcp < 2; is_pcp++) {
        begin(is_pcp != 0);
        pass(CEPA_SECOND_NS);
        router.external_ip[3] = 8;
        pass(1800 * CEPA_SECOND_NS);
        CHECK_INT(events_len, 4);
        CHECK_INT(events[2].kind, CEPA_PORT_MAPPING_MAPPED);
        CHECK_INT(events[2].external.ip[3], 8);
        CHECK_INT(events[3].external.ip[3], 8);
        end();
    }
}

TEST(udp_alone_will_do)
{
    begin(true);
    router.is_tcp_refused = true;
    pass(CEPA_SECOND_NS);
    CHECK_INT(events_len, 1);
    check_mapped(0, CEPA_PORT_MAPPING_UDP, CEPA_PORT_MAPPING_PCP, "203.0.113.7:40000");
    end();
}

TEST(a_mapping_ends_when_the_router_falls_silent)
{
    begin(true);
    pass(CEPA_SECOND_NS);
    router.fault = ROUTER_SILENT;
    pass(3590 * CEPA_SECOND_NS);
    CHECK_INT(events_len, 2);
    unsigned asked = router.asked;
    CHECK(asked > 4 * 4); /* several rounds, each of several tries */
    CHECK(asked < 200);
    pass(60 * CEPA_SECOND_NS);
    CHECK_INT(events_len, 5);
    CHECK_INT(events[2].kind, CEPA_PORT_MAPPING_GONE);
    CHECK_INT(events[3].kind, CEPA_PORT_MAPPING_GONE);
    CHECK_INT(events[4].kind, CEPA_PORT_MAPPING_FAILED);
    router.fault = ROUTER_HONEST;
    pass(120 * CEPA_SECOND_NS);
    CHECK_INT(events_len, 7);
    CHECK_INT(events[6].kind, CEPA_PORT_MAPPING_MAPPED);
    end();
}

/* Without a router tries become seldom: 1 minute, doubling to an hour. */
TEST(tries_back_off)
{
    begin(true);
    router.fault = ROUTER_SILENT;
    pass(UINT64_C(86400) * CEPA_SECOND_NS);
    test_note("%u datagrams in a day", router.asked);
    CHECK(router.asked >= 20 * 8 && router.asked <= 30 * 8);
    CHECK_INT(events_len, 1);
    end();
}

TEST(stopping_does_not_wait_for_a_silent_router)
{
    begin(true);
    pass(CEPA_SECOND_NS);
    router.fault = ROUTER_SILENT;
    cepa_port_mapping_stop(mapping, now);
    unsigned asked = router.asked;
    pass(CEPA_PORT_MAPPING_STOP_MS * CEPA_MILLISECOND_NS);
    CHECK_INT(events_len, 3);
    CHECK_INT(events[2].kind, CEPA_PORT_MAPPING_STOPPED);
    CHECK(router.asked >= asked + 6); /* it was told more than once */
    end();
}

TEST(a_port_without_a_server_is_no_router)
{
    begin(true);
    test_router_close(&router);
    cepa_port_mapping_step(mapping, now);
    CHECK(loopback_wait(cepa_port_mapping_descriptor(mapping), 1000));
    cepa_port_mapping_step(mapping, now);
    CHECK(cepa_port_mapping_next(mapping, &events[0]));
    CHECK_INT(events[0].kind, CEPA_PORT_MAPPING_FAILED);
    CHECK_INT(events[0].reason, CEPA_ERR_NOT_FOUND);
    cepa_port_mapping_close(mapping);
}

TEST(a_change_of_network_renews)
{
    begin(true);
    pass(CEPA_SECOND_NS);
    unsigned asked = router.asked;
    cepa_port_mapping_on_network(mapping, now);
    pass(CEPA_SECOND_NS);
    CHECK_INT(router.asked, asked + 2);
    CHECK_INT(events_len, 2); /* it is the same router */
    end();
}

static void forgetful_router(void)
{
    loopback_command("ip link set lo multicast on");
    loopback_command("ip route add 224.0.0.0/4 dev lo");
    begin(true);
    pass(60 * CEPA_SECOND_NS);
    CHECK_INT(events_len, 2);
    unsigned asked = router.asked;
    /* An announcement of one who has forgotten nothing changes nothing. */
    test_router_announce(&router);
    pass(20 * CEPA_SECOND_NS);
    CHECK_INT(router.asked, asked);
    memset(router.mappings, 0, sizeof router.mappings);
    router.epoch_s = 0;
    test_router_announce(&router);
    CHECK(loopback_wait(cepa_port_mapping_descriptor(mapping), 1000));
    pass(CEPA_SECOND_NS);
    CHECK_INT(router.asked, asked + 2);
    CHECK(router.mappings[0].is_mapped && router.mappings[1].is_mapped);
    /* One that says so all the time is believed every ten seconds. */
    for (int i = 0; i < 40; i++) {
        router.epoch_s = i % 2 == 0 ? 100000 : 0;
        test_router_announce(&router);
        pass(CEPA_SECOND_NS);
    }
    test_note("%u questions in 40 s", router.asked - asked - 2);
    CHECK(router.asked - asked - 2 <= 2 * 5 && router.asked - asked - 2 >= 2 * 3);
    end();
}

TEST(a_router_that_forgot_is_asked_again)
{
    loopback_in_namespace(forgetful_router);
}

static void no_route(void)
{
    struct cepa_port_mapping_config config;
    test_router_open(&router);
    config = config_of();
    config.gateway.family = CEPA_NET_ADDRESS_NONE;
    CHECK_INT(cepa_port_mapping_open(&mapping, &config, now), 0);
    cepa_port_mapping_step(mapping, now);
    CHECK(cepa_port_mapping_next(mapping, &events[0]));
    CHECK_INT(events[0].kind, CEPA_PORT_MAPPING_FAILED);
    CHECK_INT(events[0].reason, CEPA_ERR_NOT_FOUND);
    end();
}

TEST(a_machine_without_a_router_says_so)
{
    loopback_in_namespace(no_route);
}

TEST(arguments_are_checked)
{
    test_router_open(&router);
    struct cepa_port_mapping_config config = config_of();
    config.udp_port = config.tcp_port = 0;
    CHECK_INT(cepa_port_mapping_open(&mapping, &config, now), CEPA_ERR_ARGUMENT);
    config = config_of();
    config.family = CEPA_NET_ADDRESS_IPV6;
    CHECK_INT(cepa_port_mapping_open(&mapping, &config, now), CEPA_ERR_ARGUMENT);
    config.family = CEPA_NET_ADDRESS_NONE;
    CHECK_INT(cepa_port_mapping_open(&mapping, &config, now), CEPA_ERR_ARGUMENT);
    test_router_close(&router);
}

TEST(private_addresses_are_known)
{
    static const struct {
        const char *text;
        bool is_private;
    } cases[] = {
        {"10.1.2.3:1", true},       {"172.15.255.255:1", false}, {"172.16.0.0:1", true},
        {"172.31.255.255:1", true}, {"172.32.0.0:1", false},     {"192.168.0.1:1", true},
        {"192.167.0.1:1", false},   {"100.63.255.255:1", false}, {"100.64.0.0:1", true},
        {"100.127.0.1:1", true},    {"100.128.0.1:1", false},    {"169.254.1.1:1", true},
        {"127.0.0.1:1", true},      {"0.0.0.0:1", true},         {"192.0.0.4:1", true},
        {"198.18.0.1:1", true},     {"224.0.0.1:1", true},       {"203.0.113.7:1", false},
        {"[::]:1", true},           {"[fd00::1]:1", true},       {"[fe80::1]:1", true},
        {"[2001:db8::1]:1", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cepa_net_address address = loopback_text(cases[i].text);
        CHECK_INT(cepa_port_mapping_is_private(&address), cases[i].is_private);
    }
}

TEST_MAIN(RUN(both_ports_are_mapped_renewed_and_taken_away),
          RUN(closing_without_stopping_takes_away_too), RUN(answers_that_do_not_fit_map_nothing),
          RUN(a_wrong_nonce_is_no_answer), RUN(a_router_without_a_way_out_is_told),
          RUN(another_external_port_is_told_as_it_is), RUN(an_endless_lifetime_is_not_believed),
          RUN(a_short_lifetime_does_not_make_us_busy), RUN(double_nat_is_told),
          RUN(a_new_external_address_is_told), RUN(udp_alone_will_do),
          RUN(a_mapping_ends_when_the_router_falls_silent), RUN(tries_back_off),
          RUN(stopping_does_not_wait_for_a_silent_router),
          RUN(a_port_without_a_server_is_no_router), RUN(a_change_of_network_renews),
          RUN(a_router_that_forgot_is_asked_again), RUN(a_machine_without_a_router_says_so),
          RUN(arguments_are_checked), RUN(private_addresses_are_known))
