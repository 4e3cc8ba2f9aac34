/* Addresses of the machine itself, and networks that only a test sees. */
#define _GNU_SOURCE
#include "support/loopback.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "native/net/socket.h"
#include "support/test.h"

void loopback_need_ipv6(void)
{
    const struct cepa_net_address address = loopback_address(CEPA_NET_ADDRESS_IPV6, 0);
    int fd;
    if (cepa_socket_open(&fd, SOCK_DGRAM, &address, 0) != 0) {
        test_skip("this machine has no ::1");
    }
    close(fd);
}

struct cepa_net_address loopback_address(uint8_t family, uint16_t port)
{
    struct cepa_net_address address = loopback_any(family);
    address.port = port;
    if (family == CEPA_NET_ADDRESS_IPV4) {
        address.ip[0] = 127;
        address.ip[3] = 1;
    } else {
        address.ip[15] = 1;
    }
    return address;
}

struct cepa_net_address loopback_any(uint8_t family)
{
    struct cepa_net_address address;
    memset(&address, 0, sizeof address);
    address.family = family;
    return address;
}

struct cepa_net_address loopback_text(const char *text)
{
    struct cepa_net_address address = {.family = CEPA_NET_ADDRESS_NONE};
    CHECK_INT(cepa_net_address_decode(&address, text, strlen(text)), 0);
    return address;
}

int loopback_wait(int fd, int timeout_ms)
{
    struct pollfd one = {.fd = fd, .events = POLLIN};
    return poll(&one, 1, timeout_ms) == 1;
}

/* In the child: a check that fails ends `body`, and shows in the exit status. */
static void (*namespace_body)(void);

static void run_namespace_body(void)
{
    namespace_body();
}

void loopback_in_namespace(void (*body)(void))
{
    static const struct test_case cases[] = {{"in a network of its own", run_namespace_body}};
    int status = 0;
    namespace_body = body;
    fflush(stdout);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        if (unshare(CLONE_NEWNET) != 0 || system("ip link set lo up") != 0) {
            _exit(77);
        }
        int result = test_run(cases, 1, 1, (char *[]){(char *)(uintptr_t) "", NULL});
        fflush(stdout);
        _exit(result);
    }
    while (waitpid(child, &status, 0) < 0) {
        CHECK_INT(errno, EINTR);
    }
    CHECK(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77) {
        test_skip("a network of its own needs root and the program ip");
    }
    CHECK_INT(WEXITSTATUS(status), 0);
}

void loopback_command(const char *command)
{
    int status = system(command);
    if (status != 0) {
        test_note("failed: %s", command);
    }
    CHECK_INT(status, 0);
}
