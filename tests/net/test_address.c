/* Transport addresses as text: what is written is read, and what is not an address is refused. */
#include <string.h>

#include "native/net/address.h"
#include "support/test.h"

TEST(addresses_come_back)
{
    static const char *const texts[] = {"0.0.0.0:0", "127.0.0.1:65535", "[::]:1",
                                        "[2001:db8::1]:443", "[fe80::1]:9"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct cepa_net_address address;
        struct cepa_net_address again;
        char text[CEPA_NET_ADDRESS_TEXT_SIZE];
        CHECK_INT(cepa_net_address_decode(&address, texts[i], strlen(texts[i])), 0);
        cepa_net_address_encode(text, &address);
        CHECK(strcmp(text, texts[i]) == 0);
        CHECK_INT(cepa_net_address_decode(&again, text, strlen(text)), 0);
        CHECK(cepa_net_address_is_equal(&address, &again));
        again.port++;
        CHECK(!cepa_net_address_is_equal(&address, &again));
    }
}

TEST(what_is_no_address_is_refused)
{
    static const char *const texts[] = {
        "",
        ":",
        "1.2.3.4",
        "1.2.3.4:",
        "1.2.3.4:65536",
        "1.2.3:5",
        "1.2.3.4:-1",
        "1.2.3.4:+1",
        "1.2.3.4:000001",
        "[1.2.3.4]:5",
        "::1:5",
        "[::1]",
        "[::1]5",
        "[::1:5",
        "::1]:5",
        "1.2.3.4: 5",
        "[fe80::1%1]:5",
        "localhost:5",
        "1.2.3.4.5:6",
        "[1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb]:1"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct cepa_net_address address = {.port = 77};
        CHECK_INT(cepa_net_address_decode(&address, texts[i], strlen(texts[i])),
                  CEPA_ERR_MALFORMED);
        CHECK_INT(address.port, 77);
    }
    struct cepa_net_address address;
    CHECK_INT(cepa_net_address_decode(&address, "1.2.3.4\0:5", 10), CEPA_ERR_MALFORMED);
}

TEST(kinds_of_addresses_are_told_apart)
{
    static const struct {
        const char *ip;
        bool is_loopback;
        bool is_link_local;
    } cases[] = {{"127.3.2.1", true, false},   {"::1", true, false},
                 {"169.254.1.1", false, true}, {"fe80::5", false, true},
                 {"febf::5", false, true},     {"192.0.2.1", false, false},
                 {"2001:db8::1", false, false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cepa_net_address address;
        CHECK_INT(cepa_net_address_ip_decode(&address, cases[i].ip, strlen(cases[i].ip)), 0);
        CHECK_INT(cepa_net_address_is_loopback(&address), cases[i].is_loopback);
        CHECK_INT(cepa_net_address_is_link_local(&address), cases[i].is_link_local);
    }
    const struct cepa_net_address none = {.family = CEPA_NET_ADDRESS_NONE};
    CHECK(!cepa_net_address_is_loopback(&none) && !cepa_net_address_is_link_local(&none));
    CHECK_INT(cepa_net_address_ip_len(&none), 0);
}

TEST_MAIN(RUN(addresses_come_back), RUN(what_is_no_address_is_refused),
          RUN(kinds_of_addresses_are_told_apart))
