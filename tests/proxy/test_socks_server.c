/* The proxy's clients over real connections, in time of the test's own. */
#define _GNU_SOURCE
#include "native/proxy/socks_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "native/net/clock.h"
#include "support/scratch.h"
#include "support/test.h"

enum { NUMBER = 100, CLIENTS = 3, WAIT_MS = 5000, QUIET_MS = 20 };

static struct cepa_loop *loop;
static struct cepa_socks_server *server;
static struct cepa_contacts *contacts;
static struct cepa_socks_server_said said;
static struct cepa_time now;
static uint8_t heard[256];

#define HELLO "\5\1\0"
#define ASK(host) HELLO "\5\1\0\3\x08" host "\0\120" /* of 8 characters */

static void start(void)
{
    struct cepa_reason reason;
    struct cepa_contact bob;
    char path[SCRATCH_PATH_SIZE];
    if (contacts == NULL) {
        scratch_make(path);
        CHECK_INT(cepa_contacts_open(&contacts, &reason, path), 0);
        memset(&bob, 0, sizeof bob);
        memset(bob.address.bytes, 7, sizeof bob.address.bytes);
        strcpy(bob.name.text, "bob");
        CHECK_INT(cepa_contacts_put(contacts, &bob), 0);
    }
    CHECK_INT(cepa_loop_open(&loop), 0);
    const struct cepa_socks_server_config config = {loop, NUMBER, 0, CLIENTS, contacts};
    CHECK_INT(cepa_socks_server_open(&server, &config), 0);
    now.ns = CEPA_SECOND_NS;
}

static void end(void)
{
    cepa_socks_server_close(server);
    cepa_loop_close(loop);
}

static bool turn(unsigned wait_ms)
{
    struct cepa_loop_ready ready;
    struct cepa_time until = cepa_time_add(cepa_clock_now(), wait_ms * CEPA_MILLISECOND_NS);
    bool was_ready = cepa_loop_wait(loop, until) > 0;
    while (cepa_loop_next(loop, &ready)) {
        CHECK(cepa_socks_server_on_ready(server, &ready, now));
    }
    return was_ready;
}

/* Turns until there is nothing to do; fails if that is endless. */
static void settle(void)
{
    for (int i = 0; turn(QUIET_MS); i++) {
        CHECK(i < 200);
    }
}

static int dial(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(cepa_socks_server_port(server)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0);
    CHECK_INT(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void say(int fd, const void *data, size_t len)
{
    CHECK_INT(send(fd, data, len, MSG_NOSIGNAL), (long long)len);
}

/* Dials, says something, and lets the server take it. */
static int ask(const void *data, size_t len)
{
    int fd = dial();
    say(fd, data, len);
    settle();
    return fd;
}

#define ASK_FOR(text) ask(text, sizeof(text) - 1)

/* What there is to be read: how much, or the negative errno. */
static int hear(int fd)
{
    ssize_t got = recv(fd, heard, sizeof heard, MSG_DONTWAIT);
    return got < 0 ? -errno : (int)got;
}

static void check_said(enum cepa_socks_server_event event)
{
    CHECK(cepa_socks_server_next(server, &said));
    CHECK_INT(said.event, event);
    CHECK(said.client != 0);
}

static void check_silent(void)
{
    CHECK(!cepa_socks_server_next(server, &said));
}

TEST(a_client_is_connected)
{
    static const uint8_t zeros[CEPA_SOCKS_ISOLATION_SIZE];
    int given = -1;
    start();
    int fd = ASK_FOR(ASK("bob.cepa") "early");
    check_said(CEPA_SOCKS_SERVER_WANTED);
    CHECK_INT(said.target.address.bytes[40], 7);
    CHECK(strcmp(said.target.service.text, "80") == 0);
    CHECK_BYTES(said.isolation, zeros, sizeof zeros);
    uint32_t client = said.client;
    check_silent();
    CHECK_INT(hear(fd), 2);
    CHECK_INT(cepa_socks_server_answer(server, &given, client + 1, 0, now), CEPA_ERR_NOT_FOUND);
    CHECK_INT(cepa_socks_server_answer(server, &given, client, 0, now), 0);
    CHECK_INT(hear(fd), 10);
    CHECK_BYTES(heard, "\5\0\0\1\0\0\0\0\0\0", 10);
    CHECK_INT(recv(given, heard, sizeof heard, 0), 5);
    CHECK_BYTES(heard, "early", 5);
    CHECK_INT(cepa_socks_server_answer(server, &given, client, 0, now), CEPA_ERR_NOT_FOUND);
    close(fd);
    CHECK(!turn(QUIET_MS)); /* the socket is not the server's any more */
    cepa_socks_server_release(server, client);
    cepa_socks_server_release(server, client);
    CHECK_INT(recv(given, heard, sizeof heard, 0), 0);
    close(given);
    check_silent();
    end();
}

TEST(credentials_are_passed_on)
{
    uint8_t first[CEPA_SOCKS_ISOLATION_SIZE];
    start();
    int a = ASK_FOR("\5\1\2\1\1a\1b\5\1\0\3\x08"
                    "bob.cepa\0\120");
    check_said(CEPA_SOCKS_SERVER_WANTED);
    memcpy(first, said.isolation, sizeof first);
    int b = ASK_FOR("\5\1\2\1\1a\1c\5\1\0\3\x08"
                    "bob.cepa\0\120");
    check_said(CEPA_SOCKS_SERVER_WANTED);
    CHECK(memcmp(first, said.isolation, sizeof first) != 0);
    close(a);
    close(b);
    end();
}

/* One who is refused reads why, though it has sent more than was read; then it is over. */
static void check_refused(const void *data, size_t len, const char *answer, size_t answer_len,
                          const char *reason)
{
    start();
    int fd = ask(data, len);
    check_said(CEPA_SOCKS_SERVER_REFUSED);
    if (strstr(said.reason, reason) == NULL) {
        test_note("%s", said.reason);
    }
    CHECK(strstr(said.reason, reason) != NULL);
    check_silent();
    CHECK_INT(hear(fd), (long long)answer_len);
    CHECK_BYTES(heard, answer, answer_len);
    if (answer_len > 0) {
        CHECK_INT(hear(fd), 0);
    }
    close(fd);
    settle();
    CHECK(cepa_time_is_never(cepa_socks_server_deadline(server)));
    end();
}

#define CHECK_REFUSED(text, answer, reason)                                                        \
    check_refused(text, sizeof(text) - 1, answer, sizeof(answer) - 1, reason)

TEST(names_that_lead_nowhere_are_refused)
{
    CHECK_REFUSED(ASK("eve.cepa") "and more", "\5\0\5\4\0\1\0\0\0\0\0\0", "'eve'");
    CHECK_REFUSED(ASK("test.org"), "\5\0\5\2\0\1\0\0\0\0\0\0", "no exits");
    CHECK_REFUSED(HELLO "\5\1\0\1\1\2\3\4\0\120", "\5\0\5\2\0\1\0\0\0\0\0\0", "--socks5-hostname");
    CHECK_REFUSED(HELLO "\5\2\0\1\1\2\3\4\0\120", "\5\0\5\7\0\1\0\0\0\0\0\0", "something else");
    CHECK_REFUSED(HELLO "\5\1\0\3\0\0\120", "\5\0\5\1\0\1\0\0\0\0\0\0", "no sense");
    CHECK_REFUSED("GET / HTTP/1.1\r\n\r\n", "", "SOCKS 5");
}

TEST(the_owner_may_refuse)
{
    int given = -1;
    start();
    int fd = ASK_FOR(ASK("bob.cepa"));
    check_said(CEPA_SOCKS_SERVER_WANTED);
    CHECK_INT(cepa_socks_server_answer(server, &given, said.client, CEPA_ERR_TIMEOUT, now), 0);
    CHECK_INT(given, -1);
    CHECK_INT(hear(fd), 12);
    CHECK_BYTES(heard, "\5\0\5\6\0\1\0\0\0\0\0\0", 12);
    now = cepa_socks_server_deadline(server);
    cepa_socks_server_step(server, now);
    CHECK_INT(hear(fd), 0);
    check_silent();
    close(fd);
    end();
}

TEST(silence_is_cut_off)
{
    start();
    int fd = ASK_FOR(HELLO "\5\1");
    struct cepa_time deadline = cepa_socks_server_deadline(server);
    CHECK_INT(deadline.ns - now.ns, CEPA_SOCKS_SERVER_TALK_MS * CEPA_MILLISECOND_NS);
    cepa_socks_server_step(server, now);
    CHECK_INT(hear(fd), 2);
    CHECK_INT(hear(fd), -EAGAIN);
    now = deadline;
    cepa_socks_server_step(server, now);
    CHECK_INT(hear(fd), 0);
    check_silent();
    close(fd);
    end();
}

TEST(who_leaves_is_given_up)
{
    int given;
    start();
    int fd = ASK_FOR(ASK("bob.cepa"));
    check_said(CEPA_SOCKS_SERVER_WANTED);
    uint32_t client = said.client;
    close(fd);
    settle();
    check_said(CEPA_SOCKS_SERVER_GONE);
    CHECK_INT(said.client, client);
    CHECK_INT(cepa_socks_server_answer(server, &given, client, 0, now), CEPA_ERR_NOT_FOUND);
    fd = ASK_FOR(ASK("bob.cepa"));
    close(fd);
    settle();
    check_silent(); /* nobody had heard of it */
    fd = ASK_FOR(HELLO);
    close(fd);
    settle();
    check_silent();
    end();
}

TEST(who_breaks_off_is_given_up_though_it_has_sent_more)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    start();
    int fd = ASK_FOR(ASK("bob.cepa") "early");
    check_said(CEPA_SOCKS_SERVER_WANTED);
    CHECK(!turn(QUIET_MS));
    CHECK_INT(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    close(fd);
    settle();
    check_said(CEPA_SOCKS_SERVER_GONE);
    end();
}

TEST(clients_are_bounded)
{
    int fds[CLIENTS + 1];
    int given = -1;
    start();
    for (size_t i = 0; i <= CLIENTS; i++) {
        fds[i] = ASK_FOR(ASK("bob.cepa"));
    }
    for (size_t i = 0; i < CLIENTS; i++) {
        check_said(CEPA_SOCKS_SERVER_WANTED);
    }
    check_silent();
    CHECK(!turn(QUIET_MS));
    CHECK_INT(cepa_socks_server_answer(server, &given, said.client, 0, now), 0);
    CHECK(!turn(QUIET_MS)); /* its connection still counts */
    close(given);
    cepa_socks_server_release(server, said.client);
    settle();
    check_said(CEPA_SOCKS_SERVER_WANTED);
    for (size_t i = 0; i <= CLIENTS; i++) {
        close(fds[i]);
    }
    end();
}

TEST_MAIN(RUN(a_client_is_connected), RUN(credentials_are_passed_on),
          RUN(names_that_lead_nowhere_are_refused), RUN(the_owner_may_refuse),
          RUN(silence_is_cut_off), RUN(who_leaves_is_given_up),
          RUN(who_breaks_off_is_given_up_though_it_has_sent_more), RUN(clients_are_bounded))
