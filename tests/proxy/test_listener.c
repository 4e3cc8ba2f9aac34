/* The listening port: who comes in, how many, and that a full one does not spin. */
#define _GNU_SOURCE
#include "native/proxy/listener.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "native/net/clock.h"
#include "support/test.h"

enum { NUMBER = 3, CLIENTS = 4, WAIT_MS = 5000, QUIET_MS = 30 };

static struct cepa_loop *loop;
static struct cepa_listener *listener;
static struct cepa_time now;

static void start(void)
{
    CHECK_INT(cepa_loop_open(&loop), 0);
    const struct cepa_listener_config config = {loop, NUMBER, 0, CLIENTS};
    CHECK_INT(cepa_listener_open(&listener, &config), 0);
    CHECK(cepa_listener_port(listener) != 0);
    now.ns = CEPA_SECOND_NS;
}

static void end(void)
{
    cepa_listener_close(listener);
    cepa_loop_close(loop);
}

static bool is_ready(unsigned wait_ms)
{
    return cepa_loop_wait(loop, cepa_time_add(cepa_clock_now(), wait_ms * CEPA_MILLISECOND_NS)) > 0;
}

static int dial(uint32_t ip)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(cepa_listener_port(listener)),
                                  .sin_addr.s_addr = htonl(ip)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

TEST(takes_clients_of_this_machine)
{
    int fd = -1;
    char byte = 0;
    start();
    CHECK(!cepa_listener_next(listener, &fd, now));
    int client = dial(INADDR_LOOPBACK);
    CHECK(client >= 0 && is_ready(WAIT_MS));
    CHECK(cepa_listener_next(listener, &fd, now));
    CHECK((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    CHECK_INT(send(client, "x", 1, 0), 1);
    CHECK_INT(recv(fd, &byte, 1, MSG_WAITALL), 1);
    CHECK(!cepa_listener_next(listener, &fd, now));
    CHECK(dial(INADDR_LOOPBACK + 1) < 0); /* 127.0.0.2 */
    close(client);
    close(fd);
    end();
}

TEST(others_wait_until_one_has_left)
{
    int clients[CLIENTS + 1];
    int fds[CLIENTS + 1];
    start();
    for (size_t i = 0; i <= CLIENTS; i++) {
        clients[i] = dial(INADDR_LOOPBACK);
        CHECK(clients[i] >= 0);
    }
    for (size_t i = 0; i < CLIENTS; i++) {
        CHECK(is_ready(WAIT_MS));
        CHECK(cepa_listener_next(listener, &fds[i], now));
    }
    CHECK(!cepa_listener_next(listener, &fds[CLIENTS], now));
    CHECK(!is_ready(QUIET_MS));
    close(fds[0]);
    cepa_listener_release(listener);
    CHECK(is_ready(WAIT_MS));
    CHECK(cepa_listener_next(listener, &fds[CLIENTS], now));
    for (size_t i = 0; i <= CLIENTS; i++) {
        close(clients[i]);
        if (i > 0) {
            close(fds[i]);
        }
    }
    end();
}

TEST(rests_while_there_are_no_descriptors)
{
    struct rlimit before;
    struct rlimit none;
    int fd = -1;
    start();
    int client = dial(INADDR_LOOPBACK);
    CHECK(client >= 0 && is_ready(WAIT_MS));
    CHECK_INT(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = (rlim_t)client + 1;
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &none), 0);
    bool came = cepa_listener_next(listener, &fd, now);
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &before), 0);
    CHECK(!came);
    CHECK(!is_ready(QUIET_MS));
    CHECK(!cepa_listener_next(listener, &fd, now));
    struct cepa_time deadline = cepa_listener_deadline(listener);
    CHECK_INT(deadline.ns - now.ns, CEPA_LISTENER_PAUSE_MS * CEPA_MILLISECOND_NS);
    cepa_listener_step(listener, now);
    CHECK(!is_ready(QUIET_MS));
    now = deadline;
    cepa_listener_step(listener, now);
    CHECK(cepa_time_is_never(cepa_listener_deadline(listener)));
    CHECK(is_ready(WAIT_MS));
    CHECK(cepa_listener_next(listener, &fd, now));
    close(fd);
    close(client);
    end();
}

TEST(a_port_serves_once)
{
    struct cepa_listener *other = NULL;
    start();
    const struct cepa_listener_config config = {loop, NUMBER + 1, cepa_listener_port(listener),
                                                CLIENTS};
    CHECK_INT(cepa_listener_open(&other, &config), CEPA_ERR_IN_USE);
    CHECK(other == NULL);
    cepa_listener_close(NULL);
    end();
}

TEST_MAIN(RUN(takes_clients_of_this_machine), RUN(others_wait_until_one_has_left),
          RUN(rests_while_there_are_no_descriptors), RUN(a_port_serves_once))
