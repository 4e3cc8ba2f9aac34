/* Which addresses are offered, and in which order. */
#include "native/webrtc/locals.h"

#include <string.h>

#include "support/test.h"

static struct cepa_interfaces interfaces;

static struct cepa_interface_ip *add(uint32_t interface, const char *text)
{
    struct cepa_interface_ip *ip = &interfaces.ips[interfaces.count++];
    memset(ip, 0, sizeof *ip);
    CHECK_INT(cepa_net_address_ip_decode(&ip->address, text, strlen(text)), 0);
    ip->interface = interface;
    ip->prefix_len = ip->address.family == CEPA_NET_ADDRESS_IPV6 ? 64 : 24;
    ip->is_loopback = cepa_net_address_is_loopback(&ip->address);
    ip->is_link_local = cepa_net_address_is_link_local(&ip->address);
    return ip;
}

static void begin(void)
{
    memset(&interfaces, 0, sizeof interfaces);
}

/* Checks the list, written as "IP/transport" with spaces between. */
static void expect(const char *want, const char *ipv4, const char *ipv6, bool has_tcp,
                   bool is_local)
{
    struct cepa_locals_config config = {
        .interfaces = &interfaces, .has_tcp = has_tcp, .is_local = is_local};
    struct cepa_candidate candidates[8];
    char got[1024] = "";
    const char *binds[2] = {ipv4, ipv6};
    for (size_t i = 0; i < 2; i++) {
        if (binds[i] != NULL) {
            CHECK_INT(cepa_net_address_ip_decode(&config.sockets[i], binds[i], strlen(binds[i])),
                      0);
            config.sockets[i].port = (uint16_t)(4000 + i);
        }
    }
    size_t len = cepa_locals_list(candidates, 8, &config);
    for (size_t i = 0; i < len; i++) {
        char ip[CEPA_NET_ADDRESS_TEXT_SIZE];
        bool is_ipv6 = candidates[i].address.family == CEPA_NET_ADDRESS_IPV6;
        cepa_net_address_ip_encode(ip, &candidates[i].address);
        strcat(got, i == 0 ? "" : " ");
        strcat(got, ip);
        strcat(got, candidates[i].transport == CEPA_CANDIDATE_UDP           ? "/u"
                    : candidates[i].transport == CEPA_CANDIDATE_TCP_PASSIVE ? "/p"
                                                                            : "/a");
        CHECK(i == 0 || candidates[i].transport != candidates[i - 1].transport ||
              candidates[i].priority < candidates[i - 1].priority);
        CHECK_INT(candidates[i].address.port, candidates[i].transport == CEPA_CANDIDATE_TCP_ACTIVE
                                                  ? CEPA_CANDIDATE_PORT_ACTIVE
                                                  : 4000 + is_ipv6);
        for (size_t j = 0; j < i; j++) {
            CHECK(strcmp(candidates[i].foundation, candidates[j].foundation) != 0);
        }
    }
    if (strcmp(got, want) != 0) {
        test_note("got %s", got);
    }
    CHECK(strcmp(got, want) == 0);
}

TEST(every_usable_ip_is_offered_in_turn)
{
    begin();
    (void)add(1, "127.0.0.1");
    (void)add(1, "::1");
    (void)add(2, "192.0.2.7");
    (void)add(2, "fe80::1");
    (void)add(2, "2001:db8::7");
    (void)add(3, "169.254.1.1");
    (void)add(3, "198.51.100.9");
    expect("2001:db8::7/u 192.0.2.7/u 198.51.100.9/u", "0.0.0.0", "::", false, false);
    expect("192.0.2.7/u 198.51.100.9/u", "0.0.0.0", NULL, false, false);
    expect("192.0.2.7/u 198.51.100.9/u 192.0.2.7/p 198.51.100.9/p 192.0.2.7/a 198.51.100.9/a",
           "0.0.0.0", NULL, true, false);
    expect("::1/u 127.0.0.1/u 2001:db8::7/u 192.0.2.7/u", "0.0.0.0", "::", false, true);
}

TEST(a_socket_of_one_ip_offers_that)
{
    begin();
    (void)add(1, "127.0.0.1");
    (void)add(2, "192.0.2.7");
    (void)add(2, "198.51.100.9");
    expect("198.51.100.9/u 198.51.100.9/p 198.51.100.9/a", "198.51.100.9", NULL, true, false);
    expect("", "127.0.0.1", NULL, true, false);
    expect("127.0.0.1/u", "127.0.0.1", NULL, false, true);
    expect("", "203.0.113.1", NULL, true, true);
}

TEST(stable_addresses_hide_behind_temporary_ones)
{
    begin();
    (void)add(2, "2001:db8::7");
    add(2, "2001:db8::aaaa")->is_temporary = true;
    (void)add(2, "2001:db8:1::7"); /* another network */
    (void)add(3, "2001:db8::9");   /* another interface */
    expect("2001:db8::aaaa/u 2001:db8:1::7/u 2001:db8::9/u", NULL, "::", false, false);
    interfaces.ips[1].is_deprecated = true;
    expect("2001:db8::7/u 2001:db8:1::7/u 2001:db8::9/u", NULL, "::", false, false);
}

TEST(no_more_than_four_ips_are_offered)
{
    begin();
    for (int i = 1; i < 8; i++) {
        char text[16] = "192.0.2.0";
        text[8] = (char)('0' + i);
        (void)add(2, text);
    }
    expect("192.0.2.1/u 192.0.2.2/u 192.0.2.3/u 192.0.2.4/u "
           "192.0.2.1/p 192.0.2.2/p 192.0.2.3/p 192.0.2.4/p",
           "0.0.0.0", NULL, true, false);
}

TEST_MAIN(RUN(every_usable_ip_is_offered_in_turn), RUN(a_socket_of_one_ip_offers_that),
          RUN(stable_addresses_hide_behind_temporary_ones), RUN(no_more_than_four_ips_are_offered))
