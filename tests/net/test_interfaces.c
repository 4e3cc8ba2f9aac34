/* The machine's IPs, and news about them: in a network of the test's own. */
#include <string.h>
#include <unistd.h>

#include "native/net/interfaces.h"
#include "native/net/udp.h"
#include "support/loopback.h"
#include "support/test.h"

static struct cepa_interfaces list;
static struct cepa_interfaces before;

/* Finds an IP, given with any port; NULL if it is not in the list. */
static const struct cepa_interface_ip *find(const char *text)
{
    struct cepa_net_address wanted = loopback_text(text);
    wanted.port = 0;
    for (size_t i = 0; i < list.count; i++) {
        if (cepa_net_address_is_equal(&list.ips[i].address, &wanted)) {
            return &list.ips[i];
        }
    }
    return NULL;
}

TEST(the_machine_has_loopback)
{
    struct cepa_interfaces_watch *watch;
    CHECK_INT(cepa_interfaces_open(&watch), 0);
    CHECK_INT(cepa_interfaces_list(watch, &list), 0);
    const struct cepa_interface_ip *ip = find("127.0.0.1:1");
    CHECK(ip != NULL && ip->is_loopback && !ip->is_link_local && !ip->is_temporary &&
          !ip->is_deprecated);
    CHECK_INT(ip->prefix_len, 8);
    CHECK(ip->interface != 0 && !list.is_cut);
    CHECK(cepa_interfaces_is_equal(&list, &list));
    CHECK_INT(cepa_interfaces_scope(&list, &ip->address), 0);
    cepa_interfaces_close(watch);
    cepa_interfaces_close(NULL);
}

/* Runs a command that changes something, and waits for the list to show it. */
static void change(struct cepa_interfaces_watch *watch, const char *command)
{
    before = list;
    loopback_command(command);
    for (int i = 0; i < 50 && cepa_interfaces_is_equal(&before, &list); i++) {
        CHECK(loopback_wait(cepa_interfaces_descriptor(watch), 2000));
        CHECK(cepa_interfaces_has_changed(watch));
        CHECK_INT(cepa_interfaces_list(watch, &list), 0);
    }
    CHECK(!cepa_interfaces_is_equal(&before, &list));
}

static void change_everything(void)
{
    struct cepa_interfaces_watch *watch;
    CHECK_INT(cepa_interfaces_open(&watch), 0);
    CHECK_INT(cepa_interfaces_list(watch, &list), 0);
    CHECK(!cepa_interfaces_has_changed(watch));
    CHECK(!loopback_wait(cepa_interfaces_descriptor(watch), 0));
    loopback_command("ip link add d0 type veth peer name d1");
    loopback_command("ip addr add 192.0.2.1/25 dev d0");
    CHECK_INT(cepa_interfaces_list(watch, &list), 0);
    CHECK(find("192.0.2.1:1") == NULL); /* the interface is down */
    change(watch, "ip link set d0 up");
    CHECK(find("192.0.2.1:1") != NULL);
    CHECK_INT(find("192.0.2.1:1")->prefix_len, 25);
    change(watch, "ip addr add 192.0.2.200 peer 192.0.2.201/32 dev d0");
    CHECK(find("192.0.2.200:1") != NULL && find("192.0.2.201:1") == NULL);
    change(watch, "ip addr del 192.0.2.1/25 dev d0");
    CHECK(find("192.0.2.1:1") == NULL);
    change(watch, "ip link set d0 down");
    CHECK(find("192.0.2.200:1") == NULL && find("127.0.0.1:1") != NULL);
    change(watch, "ip link set d0 up");
    change(watch, "ip link del d0");
    CHECK(find("192.0.2.200:1") == NULL);
    cepa_interfaces_close(watch);
}

TEST(changes_are_told)
{
    loopback_in_namespace(change_everything);
}

static void have_kinds(void)
{
    struct cepa_interfaces_watch *watch;
    loopback_command("ip link add d0 type veth peer name d1 && ip link set d0 up");
    CHECK_INT(cepa_interfaces_open(&watch), 0);
    CHECK_INT(cepa_interfaces_list(watch, &list), 0);
    change(watch, "ip -6 addr add fe80::77/64 dev d0 nodad");
    change(watch, "ip -6 addr add 2001:db8::1/64 dev d0 nodad");
    change(watch, "ip -6 addr add 2001:db8::2/64 dev d0 nodad preferred_lft 0");
    CHECK(find("[fe80::77]:1")->is_link_local);
    CHECK(!find("[2001:db8::1]:1")->is_deprecated && !find("[2001:db8::1]:1")->is_temporary);
    CHECK(find("[2001:db8::2]:1")->is_deprecated);
    CHECK_INT(find("[2001:db8::2]:1")->prefix_len, 64);
    struct cepa_net_address local = loopback_text("[fe80::77]:5");
    CHECK_INT(cepa_interfaces_scope(&list, &local), find("[fe80::77]:1")->interface);
    CHECK(cepa_interfaces_scope(&list, &local) != 0);
    CHECK_INT(cepa_interfaces_scope(NULL, &local), 0);
    local.ip[15]++;
    CHECK_INT(cepa_interfaces_scope(&list, &local), 0);
    /* One that has to be tried first is not in the list until it was. */
    loopback_command("ip link add v0 type veth peer name v1 && ip link set v0 up &&"
                     " ip link set v1 up && ip -6 addr add 2001:db8:1::1/64 dev v0");
    CHECK_INT(cepa_interfaces_list(watch, &list), 0);
    bool is_tried = find("[2001:db8:1::1]:1") != NULL;
    for (int i = 0; i < 50 && find("[2001:db8:1::1]:1") == NULL; i++) {
        (void)loopback_wait(cepa_interfaces_descriptor(watch), 200);
        (void)cepa_interfaces_has_changed(watch);
        CHECK_INT(cepa_interfaces_list(watch, &list), 0);
    }
    CHECK(find("[2001:db8:1::1]:1") != NULL);
    CHECK(!is_tried);
    cepa_interfaces_close(watch);
}

TEST(kinds_of_addresses_are_told_apart)
{
    loopback_need_ipv6();
    loopback_in_namespace(have_kinds);
}

static void have_many(void)
{
    struct cepa_interfaces_watch *watch;
    size_t link_locals = 0;
    loopback_command("ip link add d0 type veth peer name d1 && ip link set d0 up");
    loopback_command("for i in $(seq 1 100); do echo addr add 169.254.0.$i/16 dev d0;"
                     " echo addr add 192.0.2.$i/24 dev d0; done | ip -batch -");
    CHECK_INT(cepa_interfaces_open(&watch), 0);
    CHECK_INT(cepa_interfaces_list(watch, &list), 0);
    for (size_t i = 0; i < list.count; i++) {
        link_locals += list.ips[i].is_link_local ? 1 : 0;
    }
    CHECK(list.is_cut && list.count <= CEPA_INTERFACES_MAX);
    CHECK(link_locals <= CEPA_INTERFACES_LINK_LOCAL_MAX);
    CHECK(list.count - link_locals >= CEPA_INTERFACES_MAX - CEPA_INTERFACES_LINK_LOCAL_MAX);
    cepa_interfaces_close(watch);
}

TEST(a_list_that_is_full_says_so)
{
    loopback_in_namespace(have_many);
}

/* Two ends of a cable in one network: what is sent to a link-local address needs its interface. */
static void send_link_local(void)
{
    static uint8_t data[100] = {1, 2, 3};
    struct cepa_interfaces_watch *watch;
    struct cepa_udp *udp;
    struct cepa_udp_batch batch;
    loopback_command("ip link add v0 type veth peer name v1 && ip link set v0 up &&"
                     " ip link set v1 up && ip -6 addr add fe80::a/64 dev v0 nodad &&"
                     " ip -6 addr add fe80::b/64 dev v1 nodad");
    CHECK_INT(cepa_interfaces_open(&watch), 0);
    CHECK_INT(cepa_interfaces_list(watch, &list), 0);
    const struct cepa_udp_config config = {.bind_address = loopback_any(CEPA_NET_ADDRESS_IPV6),
                                           .interfaces = &list};
    CHECK_INT(cepa_udp_open(&udp, &config), 0);
    struct cepa_path path = {.local = loopback_text("[fe80::a]:1"),
                             .remote = loopback_text("[fe80::b]:1")};
    path.local.port = cepa_udp_address(udp).port;
    path.remote.port = path.local.port;
    CHECK_INT(cepa_udp_send_one(udp, &path, data, sizeof data), 0);
    CHECK(loopback_wait(cepa_udp_descriptor(udp), 3000));
    CHECK_INT(cepa_udp_receive(udp, &batch), 0);
    CHECK_INT(batch.count, 1);
    CHECK(cepa_net_address_is_equal(&batch.messages[0].path.local, &path.remote));
    CHECK(cepa_net_address_is_equal(&batch.messages[0].path.remote, &path.local));
    CHECK_BYTES(batch.messages[0].bytes, data, sizeof data);
    list.count = 0;
    CHECK_INT(cepa_udp_send_one(udp, &path, data, sizeof data), CEPA_ERR_UNREACHABLE);
    cepa_udp_close(udp);
    cepa_interfaces_close(watch);
}

TEST(link_local_addresses_can_be_sent_to)
{
    loopback_need_ipv6();
    loopback_in_namespace(send_link_local);
}

TEST_MAIN(RUN(the_machine_has_loopback), RUN(changes_are_told),
          RUN(kinds_of_addresses_are_told_apart), RUN(a_list_that_is_full_says_so),
          RUN(link_local_addresses_can_be_sent_to))
