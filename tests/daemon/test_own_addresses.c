/* Which of our addresses are told to others. */
#include "native/daemon/own_addresses.h"

#include <string.h>

#include "support/test.h"
#include "wire/sizes.h"

static struct cepa_interfaces interfaces;

static struct cepa_net_address read_ip(const char *text)
{
    struct cepa_net_address address;
    CHECK_INT(cepa_net_address_ip_decode(&address, text, strlen(text)), 0);
    return address;
}

/* Adds an address; `marks` has l for loopback, k for link-local, t for temporary, d for
 * deprecated. */
static void add(const char *text, const char *marks)
{
    struct cepa_interface_ip *ip = &interfaces.ips[interfaces.count];
    memset(ip, 0, sizeof *ip);
    ip->address = read_ip(text);
    ip->is_loopback = strchr(marks, 'l') != NULL;
    ip->is_link_local = strchr(marks, 'k') != NULL;
    ip->is_temporary = strchr(marks, 't') != NULL;
    ip->is_deprecated = strchr(marks, 'd') != NULL;
    interfaces.count++;
}

static void check(const char *ipv4, const char *ipv6, bool has_private, size_t wanted_len,
                  const char *const *wanted)
{
    struct cepa_net_address sockets[2];
    struct cepa_reach reaches[CEPA_DESCRIPTOR_REACHES_MAX];
    memset(sockets, 0, sizeof sockets);
    if (ipv4 != NULL) {
        sockets[0] = read_ip(ipv4);
        sockets[0].port = 4040;
    }
    if (ipv6 != NULL) {
        sockets[1] = read_ip(ipv6);
        sockets[1].port = 4040;
    }
    const bool has[2] = {has_private, has_private};
    size_t len =
        cepa_own_addresses(reaches, CEPA_DESCRIPTOR_REACHES_MAX, sockets, &interfaces, has);
    CHECK_INT(len, wanted_len);
    for (size_t i = 0; i < len; i++) {
        struct cepa_net_address address = read_ip(wanted[i]);
        CHECK(reaches[i].family == address.family && reaches[i].port == 4040);
        CHECK_BYTES(reaches[i].ip, address.ip, sizeof address.ip);
    }
}

TEST(public_addresses_are_told)
{
    static const char *const bound[] = {"127.0.0.5"};
    static const char *const both[] = {"10.0.0.9", "2001:db8::9"};
    static const char *const with_private[] = {"10.0.0.1", "198.51.100.7", "2001:db8::7",
                                               "fd00::1"};
    memset(&interfaces, 0, sizeof interfaces);
    add("127.0.0.1", "l");
    add("10.0.0.1", "");
    add("198.51.100.7", "");
    add("::1", "l");
    add("fe80::1", "k");
    add("2001:db8::7", "");
    add("2001:db8::8", "t");
    add("2001:db8::9", "d");
    add("fd00::1", "");
    check("127.0.0.5", NULL, false, 1, bound);
    check("10.0.0.9", "2001:db8::9", false, 2, both);
    check("0.0.0.0", "::", true, 4, with_private);
    check(NULL, NULL, false, 0, NULL);
}

TEST(room_is_shared)
{
    static const char *const wanted[] = {"10.0.0.1", "10.0.0.2", "fd00::1", "fd00::2"};
    memset(&interfaces, 0, sizeof interfaces);
    add("10.0.0.1", "");
    add("10.0.0.2", "");
    add("10.0.0.3", "");
    add("fd00::1", "");
    add("fd00::2", "");
    add("fd00::3", "");
    check("0.0.0.0", "::", true, 4, wanted);
    check("0.0.0.0", "::", false, 0, NULL);
}

TEST_MAIN(RUN(public_addresses_are_told), RUN(room_is_shared))
