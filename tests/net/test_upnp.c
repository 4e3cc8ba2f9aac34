/* Ports are mapped by UPnP, in real time, at a router on loopback: whole, by the owner that falls
 * back to it, and at routers that refuse, hang, send us elsewhere, or send without end. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "native/host.h"
#include "native/net/clock.h"
#include "native/net/port_mapping_state.h"
#include "native/net/upnp.h"
#include "native/net/upnp_process.h"
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

/* An address that comes or goes elsewhere, as at the start of a machine, does not end a search. */
TEST(news_of_the_network_do_not_disturb_it)
{
    unsigned added;
    unsigned deleted;
    test_igd_open(&igd, IGD_HONEST);
    struct cepa_port_mapping *mapping = open_mapping();
    struct cepa_time end = cepa_time_add(cepa_clock_now(), 20 * CEPA_SECOND_NS);
    struct cepa_port_mapping_event event = {0};
    while (!cepa_port_mapping_next(mapping, &event) && cepa_time_is_before(cepa_clock_now(), end)) {
        cepa_port_mapping_step(mapping, cepa_clock_now());
        if (mapping->phase == MAPPING_WORKING) {
            cepa_port_mapping_on_network(mapping, cepa_clock_now());
        }
        (void)usleep(500);
    }
    CHECK_INT(event.kind, CEPA_PORT_MAPPING_MAPPED);
    cepa_port_mapping_stop(mapping, cepa_clock_now());
    CHECK_INT(wait_event(mapping).kind, CEPA_PORT_MAPPING_STOPPED);
    test_igd_counts(&igd, &added, &deleted);
    CHECK(test_igd_is_last_deleted(&igd));
    cepa_port_mapping_close(mapping);
    test_igd_close(&igd);
}

/* Whatever it is doing when it is stopped: beginning to renew, or in the middle of it. */
TEST(what_was_mapped_before_goes_though_a_renewal_is_under_way)
{
    for (int delay_ms = 0; delay_ms < 5; delay_ms++) {
        unsigned added;
        unsigned deleted;
        test_igd_open(&igd, IGD_HONEST);
        struct cepa_port_mapping *mapping = open_mapping();
        CHECK_INT(wait_event(mapping).kind, CEPA_PORT_MAPPING_MAPPED);
        CHECK_INT(wait_event(mapping).kind, CEPA_PORT_MAPPING_MAPPED);
        cepa_port_mapping_on_network(mapping, cepa_clock_now());
        cepa_port_mapping_step(mapping, cepa_clock_now());
        (void)usleep((unsigned)delay_ms * 1000);
        cepa_port_mapping_stop(mapping, cepa_clock_now());
        CHECK_INT(wait_event(mapping).kind, CEPA_PORT_MAPPING_STOPPED);
        test_igd_counts(&igd, &added, &deleted);
        /* The router of the test counts, and does not know that a renewal is of the same port. */
        CHECK(added >= 2 && deleted >= 2);
        CHECK(test_igd_is_last_deleted(&igd));
        cepa_port_mapping_close(mapping);
        test_igd_close(&igd);
    }
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

/* Whatever the router sends, and whenever: it costs a process that is soon over. */
TEST(a_router_that_never_stops_costs_little)
{
    static const struct {
        enum test_igd_fault fault;
        unsigned honest; /* answers before: none, the description, the address too */
    } cases[] = {
        {IGD_ENDLESS_BODY, 0}, {IGD_ENDLESS_BODY, 1}, {IGD_ENDLESS_BODY, 2}, {IGD_ENDLESS_HEAD, 0},
        {IGD_ENDLESS_HEAD, 1}, {IGD_HUGE_LENGTH, 0},  {IGD_HUGE_LENGTH, 2},  {IGD_DRIPS, 0},
        {IGD_GARBAGE, 0},      {IGD_GARBAGE, 1},      {IGD_DEEP, 0},
    };
    struct rusage usage;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_igd_open_at(&igd, cases[i].fault, "127.0.0.1", cases[i].honest);
        struct cepa_upnp_request request = request_of();
        request.limit_s = 1;
        struct cepa_time before = cepa_clock_now();
        struct cepa_upnp_result result = work(&request);
        test_note("fault %d after %u: %s", (int)cases[i].fault, cases[i].honest,
                  cepa_error_name(result.result));
        CHECK(result.result == CEPA_ERR_NOT_FOUND || result.result == CEPA_ERR_UNREACHABLE ||
              result.result == CEPA_ERR_UNSUPPORTED);
        CHECK(cepa_time_since(cepa_clock_now(), before) < 4 * CEPA_SECOND_NS);
        test_igd_close(&igd);
    }
    CHECK_INT(getrusage(RUSAGE_CHILDREN, &usage), 0);
    test_note("the largest process had %ld KiB", usage.ru_maxrss);
    CHECK(usage.ru_maxrss < 192 * 1024); /* most of it is a sanitizer's, where there is one */
}

/* What is killed is no more when its owner goes on, and no process is left. */
TEST(work_that_is_dropped_leaves_no_process)
{
    struct cepa_upnp_work *work;
    test_igd_open(&igd, IGD_HANGS);
    struct cepa_upnp_request request = request_of();
    CHECK_INT(cepa_upnp_start(&work, &request), 0);
    struct cepa_time before = cepa_clock_now();
    cepa_upnp_end(work);
    CHECK(cepa_time_since(cepa_clock_now(), before) < 2 * CEPA_SECOND_NS);
    CHECK_INT(waitpid(-1, NULL, WNOHANG), -1);
    test_igd_close(&igd);
}

enum { SSDP_PORT = 1900, NOISE = 40 };

struct announcer {
    const char *liar;   /* its URL */
    const char *router; /* its URL */
    int ready_fd;       /* a byte says that searches are heard */
};

/* Answers one search: first as another device that says it is the router, then with noise, and
 * last as the router itself. */
static void *announce(void *argument)
{
    const struct announcer *announcer = argument;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(SSDP_PORT)};
    struct sockaddr_in from;
    struct ip_mreqn group = {.imr_multiaddr.s_addr = inet_addr("239.255.255.250"),
                             .imr_address.s_addr = inet_addr("10.9.0.1")};
    char message[1024];
    socklen_t from_len = sizeof from;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (bind(fd, (struct sockaddr *)&at, sizeof at) != 0 ||
        setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof group) != 0 ||
        write(announcer->ready_fd, "x", 1) != 1 || !loopback_wait(fd, 5000) ||
        recvfrom(fd, message, sizeof message, 0, (struct sockaddr *)&from, &from_len) <= 0) {
        (void)close(fd);
        return NULL;
    }
    for (size_t i = 0; i < NOISE + 2; i++) {
        size_t len = sizeof message;
        if (i == 0 || i == NOISE + 1) {
            len = (size_t)snprintf(message, sizeof message,
                                   "HTTP/1.1 200 OK\r\nST: urn:schemas-upnp-org:device:"
                                   "InternetGatewayDevice:1\r\nUSN: x%zu\r\nLOCATION: %s\r\n\r\n",
                                   i, i == 0 ? announcer->liar : announcer->router);
        } else {
            memset(message, (int)(i % 256), sizeof message);
        }
        (void)sendto(fd, message, len, 0, (struct sockaddr *)&from, from_len);
    }
    (void)close(fd);
    return NULL;
}

static void among_liars(void)
{
    static struct test_igd other;
    int ready[2];
    char byte;
    pthread_t thread;
    loopback_command("ip link add d0 type veth peer name d1");
    loopback_command("ip link set d1 up");
    loopback_command("ip addr add 10.9.0.1/24 dev d0");
    loopback_command("ip link set d0 up");
    CHECK_INT(pipe(ready), 0);
    test_igd_open_at(&other, IGD_HONEST, "127.0.0.2", 0);
    test_igd_open(&igd, IGD_HONEST);
    struct announcer announcer = {other.url, igd.url, ready[1]};
    CHECK_INT(pthread_create(&thread, NULL, announce, &announcer), 0);
    CHECK_INT(read(ready[0], &byte, 1), 1);
    struct cepa_upnp_request request = request_of();
    request.local = loopback_text("10.9.0.1:0");
    request.description_url[0] = '\0';
    struct cepa_upnp_result result = work(&request);
    CHECK_INT(pthread_join(thread, NULL), 0);
    CHECK_INT(result.result, 0);
    CHECK_INT(result.udp_external, 40000);
    CHECK_INT(test_igd_connections(&other), 0);
    test_igd_close(&igd);
    test_igd_close(&other);
}

TEST(another_device_is_not_asked)
{
    loopback_in_namespace(among_liars);
}

/* --- a process that somebody has got hold of ---------------------------------------------------
 */

enum { HOSTILE_PREFIX_LEN = 5 };

/* In the process, if the request has "test:" and a letter for a description: an answer that is
 * right but for what the letter says. */
static void answer_falsely(void)
{
    struct cepa_upnp_request request;
    struct upnp_answer answers[2];
    struct upnp_answer *answer = &answers[0];
    size_t len = sizeof *answer;
    if (recv(STDIN_FILENO, &request, sizeof request, MSG_PEEK) != (ssize_t)sizeof request ||
        strncmp(request.description_url, "test:", HOSTILE_PREFIX_LEN) != 0) {
        return;
    }
    (void)!recv(STDIN_FILENO, &request, sizeof request, 0); /* what is not read resets the socket */
    memset(answers, 0, sizeof answers);
    answer->ip[0] = 203;
    answer->udp_external = 50000;
    (void)snprintf(answer->control.url, sizeof answer->control.url, "http://127.0.0.1:9/c");
    (void)snprintf(answer->control.service, sizeof answer->control.service, "s");
    switch (request.description_url[HOSTILE_PREFIX_LEN]) {
    case 'u':
        (void)snprintf(answer->control.url, sizeof answer->control.url, "http://127.0.0.2:9/c");
        break;
    case 'n':
        memset(answer->control.url + 19, 'x', sizeof answer->control.url - 19);
        break;
    case 's':
        memset(answer->control.service, 'x', sizeof answer->control.service);
        break;
    case 'p':
        answer->udp_external = 22;
        break;
    case 't':
        answer->tcp_external = 50000;
        break;
    case 'z':
        answer->udp_external = 0;
        break;
    case 'e':
        answer->result = 7;
        break;
    case 'm':
        answer->result = CEPA_ERR_MALFORMED;
        break;
    case 'r':
        answer->result = CEPA_ERR_UNSUPPORTED;
        break;
    case 'b':
        answer->is_permanent = 255;
        break;
    case 'l':
        len++;
        break;
    case 'k':
        len--;
        break;
    case 'x':
        _exit(0);
    default:
        break;
    }
    (void)!send(STDIN_FILENO, answers, len, MSG_NOSIGNAL);
    _exit(0);
}

TEST(answers_that_cannot_be_are_not_believed)
{
    static const struct {
        char letter;
        int result;
    } cases[] = {{'v', 0},
                 {'b', 0},
                 {'r', CEPA_ERR_UNSUPPORTED},
                 {'u', CEPA_ERR_UNREACHABLE},
                 {'n', CEPA_ERR_UNREACHABLE},
                 {'s', CEPA_ERR_UNREACHABLE},
                 {'p', CEPA_ERR_UNREACHABLE},
                 {'t', CEPA_ERR_UNREACHABLE},
                 {'z', CEPA_ERR_UNREACHABLE},
                 {'e', CEPA_ERR_UNREACHABLE},
                 {'m', CEPA_ERR_UNREACHABLE},
                 {'l', CEPA_ERR_UNREACHABLE},
                 {'k', CEPA_ERR_UNREACHABLE},
                 {'x', CEPA_ERR_UNREACHABLE}};
    static const struct cepa_upnp_control none;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cepa_upnp_request request = request_of();
        request.tcp_port = 0;
        (void)snprintf(request.description_url, sizeof request.description_url, "test:%c",
                       cases[i].letter);
        struct cepa_upnp_result result = work(&request);
        test_note("%c: %s", cases[i].letter, cepa_error_name(result.result));
        CHECK_INT(result.result, cases[i].result);
        CHECK_INT(result.udp_external, cases[i].result == 0 ? 50000 : 0);
        CHECK_INT(result.is_permanent, cases[i].letter == 'b');
        CHECK(cases[i].result == 0 || memcmp(&result.control, &none, sizeof none) == 0);
    }
}

/* Without the door a program would start itself and not its own part. */
TEST(without_the_door_nothing_is_started)
{
    struct cepa_upnp_work *work;
    struct cepa_upnp_request request = request_of();
    CHECK_INT(cepa_upnp_start(&work, &request), CEPA_ERR_NOT_FOUND);
}

int main(int argc, char **argv)
{
    static const struct test_case before[] = {RUN(without_the_door_nothing_is_started)};
    static const struct test_case cases[] = {
        RUN(ports_are_mapped_and_taken_away),
        RUN(routers_that_say_no_are_understood),
        RUN(only_the_router_is_asked),
        RUN(without_pcp_upnp_is_asked),
        RUN(what_was_mapped_before_goes_though_a_renewal_is_under_way),
        RUN(news_of_the_network_do_not_disturb_it),
        RUN(a_router_that_hangs_holds_nobody_up),
        RUN(what_nobody_waits_for_is_undone),
        RUN(a_router_that_never_stops_costs_little),
        RUN(work_that_is_dropped_leaves_no_process),
        RUN(another_device_is_not_asked),
        RUN(answers_that_cannot_be_are_not_believed)};
    bool is_process = argc == 1 && strcmp(argv[0], "cepa-port-mapping") == 0;
    if (is_process) {
        answer_falsely();
    }
    int status = is_process ? 0 : test_run(before, 1, argc, argv);
    cepa_upnp_door(argc, argv);
    int rest = test_run(cases, sizeof cases / sizeof cases[0], argc, argv);
    return status == 1 ? status : rest;
}
