/* Ports are mapped by UPnP, in real time, at a router on loopback: whole, by the owner that falls
 * back to it, and at routers that refuse, hang, or send us elsewhere. */
#define _GNU_SOURCE
#include <string.h>
#include <unistd.h>

#include "native/host.h"
#include "native/net/clock.h"
#include "native/net/port_mapping.h"
#include "native/net/upnp.h"
#include "support/igd.h"
#include "support/loopback.h"
#include "support/test.h"

static struct test_igd igd;

static struct cepa_upnp_request request_of(void)
{
    struct cepa_upnp_request request = {.udp_port = 40000,
                                        .tcp_port = 40001,
                                        .candidates = {40000, 50000, 50001},
                                        .lifetime_s = 3600};
    request.gateway = loopback_address(CEPA_NET_ADDRESS_IPV4, 0);
    request.local = request.gateway;
    memcpy(request.description_url, igd.url, sizeof igd.url);
    return request;
}

static struct cepa_upnp_result work(const struct cepa_upnp_request *request)
{
    struct cepa_upnp_work *work;
    struct cepa_upnp_result result;
    CHECK_INT(cepa_upnp_start(&work, request), 0);
    CHECK(loopback_wait(cepa_upnp_descriptor(work), 10000));
    CHECK(cepa_upnp_is_done(work, &result));
    cepa_upnp_end(work);
    return result;
}

TEST(ports_are_mapped_and_taken_away)
{
    char lease[16];
    unsigned added;
    unsigned deleted;
    test_igd_open(&igd, IGD_HONEST);
    struct cepa_upnp_request request = request_of();
    struct cepa_upnp_result result = work(&request);
    struct cepa_net_address external = loopback_text("203.0.113.9:0");
    CHECK_INT(result.result, 0);
    CHECK(cepa_net_address_is_equal(&result.external, &external));
    CHECK_INT(result.udp_external, 40000);
    CHECK_INT(result.tcp_external, 40000);
    CHECK(!result.is_permanent);
    test_igd_lease(&igd, lease);
    CHECK(strcmp(lease, "3600") == 0);
    request.is_removal = true;
    request.control = result.control;
    request.udp_external = result.udp_external;
    request.tcp_external = result.tcp_external;
    result = work(&request);
    CHECK_INT(result.result, 0);
    test_igd_counts(&igd, &added, &deleted);
    CHECK_INT(added, 2);
    CHECK_INT(deleted, 2);
    test_igd_close(&igd);
}

TEST(routers_that_say_no_are_understood)
{
    static const struct {
        enum test_igd_fault fault;
        int result;
        uint16_t external;
        bool is_permanent;
    } cases[] = {
        {IGD_REFUSES, CEPA_ERR_UNSUPPORTED, 0, false},
        {IGD_PORT_TAKEN, 0, 50000, false},
        {IGD_ONLY_PERMANENT, 0, 40000, true},
        {IGD_ELSEWHERE, CEPA_ERR_NOT_FOUND, 0, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_igd_open(&igd, cases[i].fault);
        struct cepa_upnp_request request = request_of();
        struct cepa_upnp_result result = work(&request);
        test_note("fault %d", (int)cases[i].fault);
        CHECK_INT(result.result, cases[i].result);
        CHECK_INT(result.udp_external, cases[i].external);
        CHECK_INT(result.tcp_external, cases[i].external);
        CHECK_INT(result.is_permanent, cases[i].is_permanent);
        test_igd_close(&igd);
    }
}

TEST(only_the_router_is_asked)
{
    static const struct {
        const char *url;
        bool is_of;
    } cases[] = {
        {"http://192.168.1.1:5000/x", true},  {"http://192.168.1.1/x", true},
        {"http://192.168.1.10/x", false},     {"http://192.168.1.1.evil/x", false},
        {"https://192.168.1.1/x", false},     {"http://192.168.1.1", false},
        {"http://192.168.1.1@evil/x", false}, {"http://[::1]/x", false},
        {"http://192.168.1.2:5000/x", false}, {"", false},
    };
    struct cepa_net_address gateway = loopback_text("192.168.1.1:0");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CHECK_INT(cepa_upnp_is_url_of(cases[i].url, &gateway), cases[i].is_of);
    }
}

/* Lets the owner act until an event comes. */
static struct cepa_port_mapping_event wait_event(struct cepa_port_mapping *mapping)
{
    struct cepa_time end = cepa_time_add(cepa_clock_now(), 20 * CEPA_SECOND_NS);
    struct cepa_port_mapping_event event = {0};
    while (!cepa_port_mapping_next(mapping, &event) && cepa_time_is_before(cepa_clock_now(), end)) {
        (void)loopback_wait(cepa_port_mapping_descriptor(mapping), 20);
        cepa_port_mapping_step(mapping, cepa_clock_now());
    }
    return event;
}

/* A port on loopback where nobody listens stands for a router without PCP. */
static struct cepa_port_mapping *open_mapping(void)
{
    struct cepa_port_mapping *mapping;
    const struct cepa_port_mapping_config config = {.family = CEPA_NET_ADDRESS_IPV4,
                                                    .udp_port = 40000,
                                                    .tcp_port = 40001,
                                                    .gateway =
                                                        loopback_address(CEPA_NET_ADDRESS_IPV4, 9),
                                                    .description_url = igd.url,
                                                    .random = cepa_native_random()};
    CHECK_INT(cepa_port_mapping_open(&mapping, &config, cepa_clock_now()), 0);
    return mapping;
}

TEST(without_pcp_upnp_is_asked)
{
    unsigned added;
    unsigned deleted;
    test_igd_open(&igd, IGD_HONEST);
    struct cepa_port_mapping *mapping = open_mapping();
    for (int i = 0; i < 2; i++) {
        struct cepa_port_mapping_event event = wait_event(mapping);
        CHECK_INT(event.kind, CEPA_PORT_MAPPING_MAPPED);
        CHECK_INT(event.transport, i);
        CHECK_INT(event.protocol, CEPA_PORT_MAPPING_UPNP);
        CHECK_INT(event.external.port, 40000);
    }
    cepa_port_mapping_stop(mapping, cepa_clock_now());
    CHECK_INT(wait_event(mapping).kind, CEPA_PORT_MAPPING_STOPPED);
    test_igd_counts(&igd, &added, &deleted);
    CHECK_INT(added, 2);
    CHECK_INT(deleted, 2);
    cepa_port_mapping_close(mapping);
    test_igd_close(&igd);
}

TEST(a_router_that_hangs_holds_nobody_up)
{
    test_igd_open(&igd, IGD_HANGS);
    struct cepa_port_mapping *mapping = open_mapping();
    for (int i = 0; i < 10; i++) {
        cepa_port_mapping_step(mapping, cepa_clock_now());
        (void)loopback_wait(cepa_port_mapping_descriptor(mapping), 20);
    }
    struct cepa_time before = cepa_clock_now();
    cepa_port_mapping_stop(mapping, before);
    CHECK_INT(wait_event(mapping).kind, CEPA_PORT_MAPPING_STOPPED);
    CHECK(cepa_time_since(cepa_clock_now(), before) <= CEPA_SECOND_NS);
    cepa_port_mapping_close(mapping);
    test_igd_close(&igd);
}

/* Work that is cancelled undoes itself. */
TEST(what_nobody_waits_for_is_undone)
{
    unsigned added = 0;
    unsigned deleted = 0;
    for (int delay_ms = 0; delay_ms < 8; delay_ms++) {
        struct cepa_upnp_work *work;
        struct cepa_upnp_result result;
        test_igd_open(&igd, IGD_HONEST);
        struct cepa_upnp_request request = request_of();
        CHECK_INT(cepa_upnp_start(&work, &request), 0);
        (void)usleep((unsigned)delay_ms * 500);
        cepa_upnp_cancel(work);
        CHECK(loopback_wait(cepa_upnp_descriptor(work), 10000));
        CHECK(cepa_upnp_is_done(work, &result));
        cepa_upnp_end(work);
        test_igd_counts(&igd, &added, &deleted);
        /* UDP alone, both or neither: what was made is gone, unless it was done before. */
        CHECK(added == deleted || (result.result == 0 && deleted == 0));
        test_igd_close(&igd);
    }
}

TEST_MAIN(RUN(ports_are_mapped_and_taken_away), RUN(routers_that_say_no_are_understood),
          RUN(only_the_router_is_asked), RUN(without_pcp_upnp_is_asked),
          RUN(a_router_that_hangs_holds_nobody_up), RUN(what_nobody_waits_for_is_undone))
