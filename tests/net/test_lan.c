/* Nodes find each other over a cable between two networks of the test's own, in virtual time, and
 * nobody else's datagrams count. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "native/host.h"
#include "native/net/lan.h"
#include "native/net/lan_message.h"
#include "native/net/lan_socket.h"
#include "native/net/socket.h"
#include "support/loopback.h"
#include "support/test.h"

enum { ARRIVAL_US = 2000 };

/* One of the two networks, and who is there. */
struct side {
    int namespace_fd;
    struct cepa_interfaces interfaces;
    struct cepa_lan *lan;
    struct cepa_lan_config config;
    struct cepa_lan_event events[CEPA_LAN_FOUND_MAX + 8];
    size_t events_len;
};

static struct side a;
static struct side b;
static struct cepa_time now;
static int forger[2]; /* sockets of the group in b's network, IPv4 and IPv6 */
static uint32_t forger_interface;

static void enter(const struct side *side)
{
    CHECK_INT(setns(side->namespace_fd, CLONE_NEWNET), 0);
}

static void list_interfaces(struct side *side)
{
    struct cepa_interfaces_watch *watch;
    enter(side);
    CHECK_INT(cepa_interfaces_open(&watch), 0);
    CHECK_INT(cepa_interfaces_list(watch, &side->interfaces), 0);
    cepa_interfaces_close(watch);
}

/* The kernel finds out by and by that both ends of a cable are up. */
static void await_running(const struct side *side, const char *name)
{
    struct ifreq request;
    memset(&request, 0, sizeof request);
    enter(side);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    (void)snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
    for (int i = 0; i < 1000 && (request.ifr_flags & IFF_RUNNING) == 0; i++) {
        CHECK_INT(ioctl(fd, SIOCGIFFLAGS, &request), 0);
        (void)usleep(ARRIVAL_US);
    }
    CHECK((request.ifr_flags & IFF_RUNNING) != 0);
    close(fd);
}

/* A cable from va in a's network, 10.1.1.1 and fe80::1, to vb in b's, 10.1.1.2 and fe80::2. */
static void lay_cable(void)
{
    char command[512];
    a.namespace_fd = open("/proc/thread-self/ns/net", O_RDONLY);
    CHECK_INT(unshare(CLONE_NEWNET), 0);
    b.namespace_fd = open("/proc/thread-self/ns/net", O_RDONLY);
    (void)snprintf(command, sizeof command,
                   "ip link set lo up && ip link add vb type veth peer name va netns /proc/%d/fd/%d"
                   " && ip addr add 10.1.1.2/24 dev vb && ip link set vb up"
                   " && ip addr add fe80::2/64 dev vb nodad",
                   (int)getpid(), a.namespace_fd);
    loopback_command(command);
    enter(&a);
    loopback_command("ip addr add 10.1.1.1/24 dev va && ip link set va up"
                     " && ip addr add fe80::1/64 dev va nodad");
    await_running(&a, "va");
    await_running(&b, "vb");
    list_interfaces(&a);
    list_interfaces(&b);
    forger_interface = if_nametoindex("vb");
    CHECK_INT(cepa_lan_socket_open(&forger[0], CEPA_NET_ADDRESS_IPV4), 0);
    CHECK_INT(cepa_lan_socket_open(&forger[1], CEPA_NET_ADDRESS_IPV6), 0);
}

static struct cepa_lan_config config_of(uint8_t name)
{
    struct cepa_lan_config config;
    memset(&config, 0, sizeof config);
    memset(&config.network, 0x77, sizeof config.network);
    config.random = cepa_native_random();
    config.own.reach.port = (uint16_t)(5000 + name);
    memset(&config.own.node, name, sizeof config.own.node);
    memset(&config.own.dtls, name + 1, sizeof config.own.dtls);
    memset(&config.own.secret, name + 2, sizeof config.own.secret);
    return config;
}

static void start(struct side *side, const struct cepa_lan_config *config)
{
    enter(side);
    side->config = *config;
    side->events_len = 0;
    CHECK_INT(cepa_lan_open(&side->lan, config), 0);
    cepa_lan_on_interfaces(side->lan, &side->interfaces, now);
}

static void stop(struct side *side)
{
    cepa_lan_close(side->lan);
    side->lan = NULL;
}

static void step(struct side *side)
{
    if (side->lan != NULL) {
        cepa_lan_step(side->lan, now);
        while (cepa_lan_next(side->lan, &side->events[side->events_len])) {
            side->events_len++;
            CHECK(side->events_len < sizeof side->events / sizeof side->events[0]);
        }
    }
}

static uint64_t sent_by(const struct side *side)
{
    return side->lan == NULL ? 0 : cepa_lan_stats_of(side->lan)->sent;
}

/* Time is ours, the cable is the kernel's: what was sent gets a moment to arrive. */
static void pass_ms(uint64_t ms)
{
    struct cepa_time until = cepa_time_add(now, ms * CEPA_MILLISECOND_NS);
    while (cepa_time_is_before(now, until)) {
        uint64_t before;
        now = cepa_time_add(now, 10 * CEPA_MILLISECOND_NS);
        do {
            before = sent_by(&a) + sent_by(&b);
            step(&a);
            step(&b);
            if (sent_by(&a) + sent_by(&b) != before) {
                (void)usleep(ARRIVAL_US);
            }
        } while (sent_by(&a) + sent_by(&b) != before);
    }
    (void)usleep(ARRIVAL_US);
    step(&a);
    step(&b);
}

static void forge(size_t family, const void *bytes, size_t len)
{
    const struct cepa_net_address source =
        loopback_text(family == 0 ? "10.1.1.2:1" : "[fe80::2]:1");
    CHECK(cepa_lan_socket_send(forger[family], &source, forger_interface, bytes, len));
}

static void check_found(const struct cepa_lan_event *event, const struct side *who,
                        const char *where)
{
    struct cepa_net_address ip = loopback_text(where);
    CHECK_INT(event->address.reach.family, ip.family);
    CHECK_BYTES(event->address.reach.ip, ip.ip, 16);
    CHECK_INT(event->address.reach.port, who->config.own.reach.port);
    CHECK_BYTES(&event->address.node, &who->config.own.node, 32);
    CHECK_BYTES(&event->address.dtls, &who->config.own.dtls, 32);
    CHECK_BYTES(&event->address.secret, &who->config.own.secret, 16);
}

static void find(void)
{
    struct cepa_lan_config config = config_of(1);
    lay_cable();
    now.ns = 7 * CEPA_SECOND_NS;
    config.is_announcing = true;
    start(&a, &config);
    config = config_of(4);
    config.is_asking = true;
    start(&b, &config);
    pass_ms(1500);
    /* One who only asks says nothing of itself. */
    CHECK_INT(a.events_len, 0);
    CHECK_INT(b.events_len, 2);
    size_t ipv4 = b.events[0].address.reach.family == CEPA_NET_ADDRESS_IPV4 ? 0 : 1;
    check_found(&b.events[ipv4], &a, "10.1.1.1:0");
    check_found(&b.events[1 - ipv4], &a, "[fe80::1]:0");
    CHECK_INT(b.events[0].interface, forger_interface);
    /* Known ones are not told again at once, but after ten minutes. */
    pass_ms(500 * 1000);
    CHECK_INT(b.events_len, 2);
    pass_ms(200 * 1000);
    CHECK_INT(b.events_len, 4);
    /* A change is told at once. */
    b.events_len = 0;
    a.config.own.reach.port = 6000;
    cepa_lan_announce(a.lan, &a.config.own, now);
    pass_ms(6000);
    CHECK_INT(b.events_len, 2);
    CHECK_INT(b.events[0].address.reach.port, 6000);
    uint64_t sent = cepa_lan_stats_of(a.lan)->sent;
    test_note("%u announcements in 700 s, both families", (unsigned)sent);
    CHECK(sent <= 2 * (700 / 60 + 6));
    CHECK_INT(cepa_lan_stats_of(a.lan)->sent_failed, 0);
    /* Without interfaces there is nothing to do. */
    struct cepa_interfaces none = {.count = 0};
    cepa_lan_on_interfaces(a.lan, &none, now);
    CHECK(cepa_time_is_never(cepa_lan_deadline(a.lan)));
    cepa_lan_on_interfaces(a.lan, &a.interfaces, now);
    CHECK(!cepa_time_is_never(cepa_lan_deadline(a.lan)));
    cepa_lan_announce(a.lan, NULL, now);
    CHECK(cepa_time_is_never(cepa_lan_deadline(a.lan)));
    stop(&a);
    stop(&b);
}

TEST(nodes_find_each_other)
{
    loopback_in_namespace(find);
}

static void two_at_once(void)
{
    struct cepa_lan_config config = config_of(1);
    lay_cable();
    config.is_announcing = config.is_asking = true;
    start(&a, &config);
    config = config_of(4);
    config.is_announcing = config.is_asking = true;
    start(&b, &config);
    pass_ms(2000);
    CHECK_INT(a.events_len, 2); /* the other one; what comes back of oneself is nobody */
    CHECK_INT(b.events_len, 2);
    CHECK_BYTES(&a.events[0].address.node, &b.config.own.node, 32);
    CHECK_BYTES(&b.events[0].address.node, &a.config.own.node, 32);
    stop(&a);
    stop(&b);
}

TEST(both_may_look_and_tell)
{
    loopback_in_namespace(two_at_once);
}

/* Sends to `to` from a socket of b's network. */
static void send_plain(const char *from, const char *to, const uint8_t *bytes, size_t len)
{
    const struct cepa_net_address source = loopback_text(from);
    const struct cepa_net_address target = loopback_text(to);
    union cepa_socket_address system;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    socklen_t system_len = cepa_socket_address_encode(&system, &source, 0);
    CHECK(cepa_socket_set(fd, SOL_SOCKET, SO_REUSEADDR, 1));
    CHECK_INT(bind(fd, &system.any, system_len), 0);
    struct ip_mreqn interface = {.imr_ifindex = (int)forger_interface};
    CHECK_INT(setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &interface, sizeof interface), 0);
    system_len = cepa_socket_address_encode(&system, &target, 0);
    CHECK_INT(sendto(fd, bytes, len, 0, &system.any, system_len), len);
    CHECK_INT(close(fd), 0);
}

static void strangers(void)
{
    struct cepa_lan_config config = config_of(1);
    struct cepa_lan_message message;
    uint8_t bytes[CEPA_LAN_MESSAGE_MAX + 40] = {0};
    lay_cable();
    config.is_announcing = true;
    start(&a, &config);
    pass_ms(10000);
    uint64_t sent = cepa_lan_stats_of(a.lan)->sent;
    enter(&b);
    CHECK_INT(sent, 2);
    /* Questions about another network have no answer. */
    memset(&message, 0, sizeof message);
    message.kind = CEPA_LAN_ASK;
    memset(&message.network, 0x78, sizeof message.network);
    for (size_t family = 0; family < 2; family++) {
        forge(family, bytes, cepa_lan_message_encode(bytes, &message));
    }
    pass_ms(6000);
    CHECK_INT(cepa_lan_stats_of(a.lan)->sent, sent);
    CHECK_INT(cepa_lan_stats_of(a.lan)->refused, 2);
    /* Nor have malformed ones, of any length. */
    message.network = config.network;
    (void)cepa_lan_message_encode(bytes, &message);
    for (size_t len = 0; len < sizeof bytes; len++) {
        if (len > CEPA_LAN_MESSAGE_MAX) {
            send_plain("10.1.1.2:26723", "239.255.67.69:26723", bytes, len);
        } else if (len != CEPA_LAN_ASK_SIZE) {
            forge(len % 2, bytes, len);
        }
        pass_ms(60);
    }
    CHECK_INT(cepa_lan_stats_of(a.lan)->sent, sent);
    CHECK_INT(cepa_lan_stats_of(a.lan)->refused, 2 + sizeof bytes - 1);
    /* Ours are answered: at once, and then as seldom as the rate wants it. */
    for (int i = 0; i < 100; i++) {
        forge(0, bytes, CEPA_LAN_ASK_SIZE);
        pass_ms(100);
    }
    test_note("%u answers to 100 questions in 10 s",
              (unsigned)(cepa_lan_stats_of(a.lan)->sent - sent));
    CHECK(cepa_lan_stats_of(a.lan)->sent - sent >= 2);
    CHECK(cepa_lan_stats_of(a.lan)->sent - sent <= 3);
    stop(&a);
}

TEST(strangers_have_no_answer)
{
    loopback_in_namespace(strangers);
}

static void wrong_ways(void)
{
    struct cepa_lan_config config = config_of(1);
    struct cepa_lan_message message;
    uint8_t bytes[CEPA_LAN_MESSAGE_MAX];
    lay_cable();
    start(&a, &config);
    enter(&b);
    loopback_command("ip addr add 192.0.2.9/32 dev vb");
    memset(&message, 0, sizeof message);
    message.kind = CEPA_LAN_HERE;
    message.network = config.network;
    message.port = 7;
    size_t len = cepa_lan_message_encode(bytes, &message);
    send_plain("10.1.1.2:26723", "10.1.1.1:26723", bytes, len);       /* not to the group */
    send_plain("10.1.1.2:26724", "239.255.67.69:26723", bytes, len);  /* from another port */
    send_plain("192.0.2.9:26723", "239.255.67.69:26723", bytes, len); /* from another network */
    pass_ms(100);
    CHECK_INT(cepa_lan_stats_of(a.lan)->received, 3);
    CHECK_INT(cepa_lan_stats_of(a.lan)->refused, 3);
    CHECK_INT(a.events_len, 0);
    send_plain("10.1.1.2:26723", "239.255.67.69:26723", bytes, len); /* as it should be */
    pass_ms(100);
    CHECK_INT(a.events_len, 1);
    /* However much of the first comes, it does not drown what is right. */
    for (int i = 0; i < 100; i++) {
        send_plain("10.1.1.2:26723", "10.1.1.1:26723", bytes, len);
        send_plain("10.1.1.2:26724", "239.255.67.69:26723", bytes, len);
        send_plain("192.0.2.9:26723", "239.255.67.69:26723", bytes, len);
        cepa_lan_step(a.lan, now);
    }
    message.port = 8;
    len = cepa_lan_message_encode(bytes, &message);
    send_plain("10.1.1.2:26723", "239.255.67.69:26723", bytes, len);
    pass_ms(0); /* no time passes, in which the bucket would be filled */
    CHECK_INT(cepa_lan_stats_of(a.lan)->received, 305);
    CHECK_INT(a.events_len, 2);
    stop(&a);
}

TEST(only_what_comes_the_right_way_counts)
{
    loopback_in_namespace(wrong_ways);
}

static void flood(void)
{
    struct cepa_lan_config config = config_of(1);
    struct cepa_lan_message message;
    uint8_t bytes[CEPA_LAN_MESSAGE_MAX];
    lay_cable();
    start(&a, &config);
    memset(&message, 0, sizeof message);
    message.kind = CEPA_LAN_HERE;
    message.network = config.network;
    message.port = 7;
    for (unsigned i = 0; i < 1000; i++) {
        memcpy(message.node.bytes, &i, sizeof i);
        forge(0, bytes, cepa_lan_message_encode(bytes, &message));
        if (i % 50 == 0) {
            cepa_lan_step(a.lan, now); /* nobody takes the events */
            now = cepa_time_add(now, CEPA_SECOND_NS);
        }
    }
    for (int i = 0; i < 20; i++) {
        cepa_lan_step(a.lan, now);
    }
    pass_ms(10);
    const struct cepa_lan_stats *stats = cepa_lan_stats_of(a.lan);
    test_note("%u of %u dropped", (unsigned)stats->dropped, (unsigned)stats->received);
    CHECK_INT(a.events_len, CEPA_LAN_FOUND_MAX);
    CHECK(stats->dropped >= 500);
    stop(&a);
}

TEST(a_flood_is_bounded)
{
    loopback_in_namespace(flood);
}

static void hop_limits(void)
{
    struct cepa_lan_config config = config_of(1);
    lay_cable();
    enter(&b);
    for (size_t i = 0; i < 2; i++) {
        uint8_t family = i == 0 ? CEPA_NET_ADDRESS_IPV4 : CEPA_NET_ADDRESS_IPV6;
        CHECK_INT(cepa_lan_socket_join(forger[i], family, forger_interface), 0);
        CHECK(i == 0 ? cepa_socket_set(forger[i], IPPROTO_IP, IP_RECVTTL, 1)
                     : cepa_socket_set(forger[i], IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1));
    }
    config.is_announcing = true;
    start(&a, &config);
    pass_ms(1000);
    for (size_t i = 0; i < 2; i++) {
        uint8_t bytes[256];
        uint8_t control[256] __attribute__((aligned(8)));
        struct iovec data = {bytes, sizeof bytes};
        struct msghdr message = {.msg_iov = &data,
                                 .msg_iovlen = 1,
                                 .msg_control = control,
                                 .msg_controllen = sizeof control};
        int limit = -1;
        CHECK_INT(recvmsg(forger[i], &message, 0), CEPA_LAN_HERE_SIZE);
        for (struct cmsghdr *part = CMSG_FIRSTHDR(&message); part != NULL;
             part = CMSG_NXTHDR(&message, part)) {
            if ((part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_TTL) ||
                (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_HOPLIMIT)) {
                memcpy(&limit, CMSG_DATA(part), sizeof limit);
            }
        }
        CHECK_INT(limit, 1);
    }
    stop(&a);
}

TEST(nothing_goes_further_than_one_hop)
{
    loopback_in_namespace(hop_limits);
}

TEST(arguments_are_checked)
{
    struct cepa_lan *lan;
    struct cepa_lan_config config = config_of(1);
    config.is_announcing = true;
    config.own.reach.port = 0;
    CHECK_INT(cepa_lan_open(&lan, &config), CEPA_ERR_ARGUMENT);
}

TEST_MAIN(RUN(nodes_find_each_other), RUN(both_may_look_and_tell), RUN(strangers_have_no_answer),
          RUN(only_what_comes_the_right_way_counts), RUN(a_flood_is_bounded),
          RUN(nothing_goes_further_than_one_hop), RUN(arguments_are_checked))
