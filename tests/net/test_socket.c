/* Addresses go to the system and come back; its errors have names of ours. */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "native/net/socket.h"
#include "support/loopback.h"
#include "support/test.h"

TEST(addresses_come_back)
{
    static const char *const texts[] = {"192.0.2.1:5000", "[2001:db8::1]:5000", "0.0.0.0:0"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct cepa_net_address address = loopback_text(texts[i]);
        union cepa_socket_address system;
        CHECK_INT(cepa_socket_address_encode(&system, &address, 7),
                  address.family == CEPA_NET_ADDRESS_IPV4 ? sizeof system.ipv4
                                                          : sizeof system.ipv6);
        struct cepa_net_address again = cepa_socket_address_decode(&system);
        CHECK(cepa_net_address_is_equal(&address, &again));
        if (address.family == CEPA_NET_ADDRESS_IPV6) {
            CHECK_INT(system.ipv6.sin6_scope_id, 7);
        }
    }
    const union cepa_socket_address other = {.any = {.sa_family = AF_UNIX}};
    CHECK_INT(cepa_socket_address_decode(&other).family, CEPA_NET_ADDRESS_NONE);
}

TEST_BOTH(a_socket_knows_where_it_is)
{
    const struct cepa_net_address address = loopback_address(family, 0);
    struct cepa_net_address local = {.family = CEPA_NET_ADDRESS_NONE};
    int fd;
    CHECK_INT(cepa_socket_open(&fd, SOCK_STREAM, &address, 0), 0);
    CHECK_INT(cepa_socket_local(&local, fd), 0);
    CHECK_INT(local.family, family);
    CHECK(local.port != 0);
    local.port = 0;
    CHECK(cepa_net_address_is_equal(&local, &address));
    close(fd);
    CHECK_INT(cepa_socket_local(&local, fd), CEPA_ERR_SYSTEM);
    CHECK(!cepa_socket_set(fd, SOL_SOCKET, SO_RCVBUF, 1));
}

TEST(errors_have_names)
{
    static const struct {
        int system_error;
        int error;
    } cases[] = {{EADDRINUSE, CEPA_ERR_IN_USE},
                 {EADDRNOTAVAIL, CEPA_ERR_NO_ADDRESS},
                 {EAFNOSUPPORT, CEPA_ERR_NO_ADDRESS},
                 {ECONNREFUSED, CEPA_ERR_UNREACHABLE},
                 {ENETUNREACH, CEPA_ERR_UNREACHABLE},
                 {EMSGSIZE, CEPA_ERR_TOO_LONG},
                 {EAGAIN, CEPA_ERR_FULL},
                 {ENOBUFS, CEPA_ERR_FULL},
                 {EMFILE, CEPA_ERR_SYSTEM},
                 {EBADF, CEPA_ERR_SYSTEM}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CHECK_INT(cepa_socket_error(cases[i].system_error), cases[i].error);
        CHECK_INT(cepa_socket_is_full(cases[i].system_error), cases[i].error == CEPA_ERR_FULL);
    }
}

TEST_MAIN(RUN(addresses_come_back), RUN_BOTH(a_socket_knows_where_it_is), RUN(errors_have_names))
