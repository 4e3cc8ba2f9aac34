/* For tests of real sockets: the machine's own addresses, and a network of the test's own. Nothing
 * leaves the machine. */
#ifndef CEPA_TESTS_SUPPORT_LOOPBACK_H
#define CEPA_TESTS_SUPPORT_LOOPBACK_H

#include <stdint.h>

#include "native/net/address.h"

/* A test of both families: TEST_BOTH(x) defines x_ipv4 and x_ipv6, which call
 * `static void x(uint8_t family)`; the second is skipped where ::1 is missing. */
#define TEST_BOTH(name)                                                                            \
    static void name(uint8_t family);                                                              \
    static void name##_ipv4(void)                                                                  \
    {                                                                                              \
        name(CEPA_NET_ADDRESS_IPV4);                                                               \
    }                                                                                              \
    static void name##_ipv6(void)                                                                  \
    {                                                                                              \
        loopback_need_ipv6();                                                                      \
        name(CEPA_NET_ADDRESS_IPV6);                                                               \
    }                                                                                              \
    static void name(uint8_t family)
#define RUN_BOTH(name) RUN(name##_ipv4), RUN(name##_ipv6)

/* loopback_need_ipv6 skips the test unless a socket can be bound to ::1. */
void loopback_need_ipv6(void);

/* loopback_address gives 127.0.0.1 or ::1. */
struct cepa_net_address loopback_address(uint8_t family, uint16_t port);

/* loopback_any gives 0.0.0.0 or ::, port 0. */
struct cepa_net_address loopback_any(uint8_t family);

/* loopback_text gives the address that `text` says, with a port. */
struct cepa_net_address loopback_text(const char *text);

/* loopback_wait waits until `fd` can be read, at most `timeout_ms`; says whether it can. */
int loopback_wait(int fd, int timeout_ms);

/* loopback_in_namespace runs `body` in a child process with a network of its own, in which only lo
 * is there, up. The child's failed checks fail the test; it is skipped without the privilege. */
void loopback_in_namespace(void (*body)(void));

/* loopback_command runs a program, such as "ip link add ..."; its failure fails the test. */
void loopback_command(const char *command);

#endif
