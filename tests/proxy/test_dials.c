/* Dials to services of the test's own. */
#define _GNU_SOURCE
#include "native/proxy/dials.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "native/net/clock.h"
#include "native/net/socket.h"
#include "support/loopback.h"
#include "support/test.h"

enum { NUMBER = 50, WAIT_MS = 5000 };

static struct cepa_loop *loop;
static struct cepa_dials *dials;
static struct cepa_dials_result result;
static struct cepa_time now;

static void start(void)
{
    CHECK_INT(cepa_loop_open(&loop), 0);
    CHECK_INT(cepa_dials_open(&dials, loop, NUMBER), 0);
    now.ns = CEPA_SECOND_NS;
}

static void end(void)
{
    cepa_dials_close(dials);
    cepa_loop_close(loop);
}

static int serve(uint8_t family, uint16_t *ret_port)
{
    const struct cepa_net_address address = loopback_address(family, 0);
    struct cepa_net_address local;
    int fd = -1;
    CHECK_INT(cepa_socket_open(&fd, SOCK_STREAM, &address, 0), 0);
    CHECK_INT(cepa_socket_local(&local, fd), 0);
    *ret_port = local.port;
    return fd;
}

/* Waits for a result. */
static void wait_result(void)
{
    struct cepa_loop_ready ready;
    while (!cepa_dials_next(dials, &result)) {
        struct cepa_time until = cepa_time_add(cepa_clock_now(), WAIT_MS * CEPA_MILLISECOND_NS);
        CHECK(cepa_loop_wait(loop, until) > 0);
        while (cepa_loop_next(loop, &ready)) {
            CHECK(cepa_dials_on_ready(dials, &ready));
        }
    }
}

TEST_BOTH(a_service_is_reached)
{
    uint16_t port;
    char byte = 0;
    start();
    int listener = serve(family, &port);
    CHECK_INT(listen(listener, 4), 0);
    CHECK_INT(cepa_dials_begin(dials, 77, port, now), 0);
    wait_result();
    CHECK(result.key == 77 && result.error == 0 && result.fd >= 0);
    CHECK((fcntl(result.fd, F_GETFL) & O_NONBLOCK) != 0);
    CHECK(cepa_time_is_never(cepa_dials_deadline(dials)));
    int served = accept(listener, NULL, NULL);
    CHECK_INT(send(served, "x", 1, 0), 1);
    CHECK(loopback_wait(result.fd, WAIT_MS));
    CHECK_INT(recv(result.fd, &byte, 1, 0), 1);
    close(result.fd);
    close(served);
    close(listener);
    end();
}

TEST(nobody_there)
{
    uint16_t port;
    start();
    int fd = serve(CEPA_NET_ADDRESS_IPV4, &port); /* bound, and does not listen */
    CHECK_INT(cepa_dials_begin(dials, 5, port, now), 0);
    wait_result();
    CHECK(result.key == 5 && result.error == CEPA_ERR_UNREACHABLE && result.fd == -1);
    CHECK(!cepa_dials_next(dials, &result));
    close(fd);
    end();
}

/* A full queue leaves further dials without an answer. */
TEST(a_service_that_does_not_answer_is_given_up)
{
    enum { FILLERS = 4 };
    uint16_t port;
    int fillers[FILLERS];
    start();
    int listener = serve(CEPA_NET_ADDRESS_IPV4, &port);
    CHECK_INT(listen(listener, 0), 0);
    union cepa_socket_address system;
    const struct cepa_net_address address = loopback_address(CEPA_NET_ADDRESS_IPV4, port);
    socklen_t len = cepa_socket_address_encode(&system, &address, 0);
    for (size_t i = 0; i < FILLERS; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(fillers[i], &system.any, len);
    }
    for (uint32_t i = 0; i < CEPA_DIALS_MAX; i++) {
        CHECK_INT(cepa_dials_begin(dials, i, port, now), 0);
    }
    CHECK_INT(cepa_dials_begin(dials, 99, port, now), CEPA_ERR_FULL);
    CHECK(!cepa_dials_next(dials, &result));
    cepa_dials_step(dials, now);
    CHECK(!cepa_dials_next(dials, &result));
    struct cepa_time deadline = cepa_dials_deadline(dials);
    CHECK_INT(deadline.ns - now.ns, CEPA_DIALS_TIME_MS * CEPA_MILLISECOND_NS);
    cepa_dials_step(dials, deadline);
    for (uint32_t i = 0; i < CEPA_DIALS_MAX; i++) {
        CHECK(cepa_dials_next(dials, &result));
        CHECK(result.key == i && result.error == CEPA_ERR_TIMEOUT && result.fd == -1);
    }
    CHECK_INT(cepa_dials_begin(dials, 99, port, now), 0);
    for (size_t i = 0; i < FILLERS; i++) {
        close(fillers[i]);
    }
    close(listener);
    end();
}

TEST_MAIN(RUN_BOTH(a_service_is_reached), RUN(nobody_there),
          RUN(a_service_that_does_not_answer_is_given_up))
