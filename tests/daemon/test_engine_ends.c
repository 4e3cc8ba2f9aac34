/* The user's identities and the streams of programs: how many there may be, and that a socket that
 * comes with a request is closed when that fails. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "native/daemon/engine.h"
#include "native/daemon/engine_state.h"
#include "support/lone_daemon.h"
#include "support/test.h"

enum { CLIENT = 5 };

static struct lone_daemon one;

static void begin(const char *const *names, size_t len)
{
    lone_daemon_init(&one);
    CHECK_INT(lone_daemon_open(&one), 0);
    if (len > 0) {
        CHECK_INT(lone_daemon_add(&one, names, len), 0);
    }
}

/* A descriptor that a request owns. */
static int socket_of_request(void)
{
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    CHECK(fd >= 0);
    return fd;
}

/* Whether the engine's next turn is at once: nothing of what a request begins may wait till
 * something else happens. */
static bool is_next_at_once(void)
{
    struct pollfd ready = {.fd = cepa_engine_descriptor(one.engine), .events = POLLIN};
    CHECK_INT(cepa_engine_prepare(one.engine), 0);
    return poll(&ready, 1, 10) == 1;
}

static bool is_closed(int fd)
{
    return fcntl(fd, F_GETFD) < 0;
}

TEST(sixteen_identities_can_be_used_at_one_time)
{
    static char texts[CEPA_ENGINE_OWN_MAX + 1][8];
    const char *names[CEPA_ENGINE_OWN_MAX + 1];
    struct cepa_control_request request = {.kind = CEPA_CONTROL_LISTEN, .service = "web"};
    struct cepa_address address;
    for (size_t i = 0; i <= CEPA_ENGINE_OWN_MAX; i++) {
        snprintf(texts[i], sizeof texts[i], "id%zu", i);
        names[i] = texts[i];
    }
    begin(names, CEPA_ENGINE_OWN_MAX + 1);
    CHECK_INT(one.engine->ends.own_len, CEPA_ENGINE_OWN_MAX);
    CHECK_INT(lone_daemon_logged(&one, "an identity cannot be reached"), 1);
    snprintf(request.identity, sizeof request.identity, "%s", names[CEPA_ENGINE_OWN_MAX]);
    CHECK_INT(cepa_engine_listen(one.engine, &address, &one.reason, CLIENT, &request),
              CEPA_ERR_FULL);
    CHECK(strstr(one.reason.text, "only 16 identities") != NULL);
    /* One that goes makes room for the last. */
    struct cepa_identities *identities = &one.state.identities;
    memmove(&identities->entries[3], &identities->entries[4],
            (identities->len - 4) * sizeof identities->entries[0]);
    identities->len--;
    CHECK_INT(cepa_identities_save(identities, &one.reason, one.state.folder.fd), 0);
    CHECK_INT(cepa_engine_reload(one.engine, &one.reason), 0);
    CHECK_INT(one.engine->ends.own_len, CEPA_ENGINE_OWN_MAX);
    CHECK_INT(cepa_engine_listen(one.engine, &address, &one.reason, CLIENT, &request), 0);
    lone_daemon_end(&one);
}

/* A file that a command has broken changes nothing. */
TEST(identities_that_cannot_be_read_leave_those_that_are_here)
{
    static const char *const names[] = {"bob"};
    char path[SCRATCH_PATH_SIZE];
    begin(names, 1);
    scratch_join(path, one.folder, "identities");
    scratch_write(path, "nonsense", 8);
    CHECK(cepa_engine_reload(one.engine, &one.reason) < 0);
    CHECK(strstr(one.reason.text, "identities") != NULL);
    CHECK_INT(one.engine->ends.own_len, 1);
    CHECK_INT(one.state.identities.len, 1);
    lone_daemon_end(&one);
}

TEST(a_service_is_one_programs)
{
    static const char *const names[] = {"bob", "eve"};
    struct cepa_control_request request = {.kind = CEPA_CONTROL_LISTEN, .service = "web"};
    struct cepa_address first;
    struct cepa_address second;
    begin(names, 2);
    CHECK_INT(cepa_engine_listen(one.engine, &first, &one.reason, CLIENT, &request), 0);
    CHECK_INT(cepa_engine_listen(one.engine, &second, &one.reason, CLIENT + 1, &request),
              CEPA_ERR_IN_USE);
    CHECK(strstr(one.reason.text, "another program") != NULL);
    snprintf(request.identity, sizeof request.identity, "eve"); /* another address */
    CHECK_INT(cepa_engine_listen(one.engine, &second, &one.reason, CLIENT + 1, &request), 0);
    CHECK(memcmp(&first, &second, sizeof first) != 0);
    snprintf(request.identity, sizeof request.identity, "nobody");
    CHECK_INT(cepa_engine_listen(one.engine, &second, &one.reason, CLIENT, &request),
              CEPA_ERR_NOT_FOUND);
    lone_daemon_end(&one);
}

TEST(a_socket_is_closed_when_its_request_fails)
{
    static const char *const names[] = {"bob"};
    struct cepa_control_request request = {.kind = CEPA_CONTROL_CONNECT, .stream = 3};
    begin(names, 1);
    snprintf(request.address, sizeof request.address, "bob.example");
    int fd = socket_of_request();
    CHECK(cepa_engine_connect(one.engine, &one.reason, CLIENT, &request, fd) < 0);
    CHECK(strstr(one.reason.text, "no address") != NULL);
    CHECK(is_closed(fd));
    cepa_address_write(request.address, &one.engine->ends.own[0].address);
    snprintf(request.identity, sizeof request.identity, "nobody");
    fd = socket_of_request();
    CHECK_INT(cepa_engine_connect(one.engine, &one.reason, CLIENT, &request, fd),
              CEPA_ERR_NOT_FOUND);
    CHECK(is_closed(fd));
    fd = socket_of_request();
    CHECK_INT(cepa_engine_take(one.engine, &one.reason, CLIENT, 3, fd), CEPA_ERR_NOT_FOUND);
    CHECK(is_closed(fd));
    CHECK_INT(cepa_engine_refuse(one.engine, &one.reason, CLIENT, 3, false), CEPA_ERR_NOT_FOUND);
    CHECK_INT(one.told, 0);
    lone_daemon_end(&one);
}

/* A stream that waits is told of once, and goes when its program does not want it any more, or the
 * engine closes: with its socket. */
TEST(a_stream_that_waits_can_be_given_up)
{
    static const char *const names[] = {"bob"};
    struct cepa_control_request request = {.kind = CEPA_CONTROL_CONNECT, .stream = 3};
    begin(names, 1);
    cepa_address_write(request.address, &one.engine->ends.own[0].address);
    int fd = socket_of_request();
    CHECK_INT(cepa_engine_connect(one.engine, &one.reason, CLIENT, &request, fd), 0);
    CHECK(is_next_at_once());
    CHECK_INT(one.told, 1);
    CHECK_INT(one.last.event, CEPA_STREAMS_OPENING);
    CHECK(one.last.client == CLIENT && one.last.stream == 3);
    CHECK_INT(cepa_engine_refuse(one.engine, &one.reason, CLIENT + 1, 3, false),
              CEPA_ERR_NOT_FOUND); /* another program's */
    CHECK(!is_closed(fd));
    CHECK_INT(cepa_engine_refuse(one.engine, &one.reason, CLIENT, 3, false), 0);
    CHECK(is_closed(fd));
    fd = socket_of_request();
    CHECK_INT(cepa_engine_connect(one.engine, &one.reason, CLIENT, &request, fd), 0);
    lone_daemon_turn(&one);
    lone_daemon_end(&one);
    CHECK(is_closed(fd));
}

TEST_MAIN(RUN(sixteen_identities_can_be_used_at_one_time),
          RUN(identities_that_cannot_be_read_leave_those_that_are_here),
          RUN(a_service_is_one_programs), RUN(a_socket_is_closed_when_its_request_fails),
          RUN(a_stream_that_waits_can_be_given_up))
