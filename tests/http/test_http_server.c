/* The HTTP server over real connections: what comes through, what is cut off, and how much anybody
 * can take. Time is the test's own. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "native/http/http_server.h"
#include "support/loopback.h"
#include "support/test.h"

static struct cepa_http_server *http;
static struct cepa_time now;
static char got[1 << 16];
static char asked[512]; /* the requests so far, a line each */
static unsigned status = 200;

static void start(void)
{
    now.ns = CEPA_SECOND_NS;
    status = 200;
    asked[0] = '\0';
    CHECK_INT(cepa_http_server_open(&http, 0), 0);
}

static int dial(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(cepa_http_server_port(http)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0);
    CHECK_INT(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void say(int fd, const char *text)
{
    CHECK_INT(send(fd, text, strlen(text), MSG_NOSIGNAL), (long long)strlen(text));
}

/* Lets the server do what it has to, and answers every request with "here". */
static void work(void)
{
    static const struct cepa_http_field fields[] = {{"X-Field", "value"}};
    const struct cepa_http_answer answer = {status, fields, 1, "here", 4};
    struct cepa_http_request request;
    for (int i = 0; i < 60; i++) {
        cepa_http_server_step(http, now);
        while (cepa_http_server_next(http, &request)) {
            size_t len = strlen(asked);
            snprintf(asked + len, sizeof asked - len, "%s %.80s %s%s\n", request.method,
                     request.target, request.host != NULL ? request.host : "-",
                     request.has_body ? " body" : "");
            cepa_http_server_answer(http, &request, &answer);
        }
        loopback_wait(cepa_http_server_descriptor(http), 1);
    }
}

/* Reads what there is into `got`; false if the connection has ended behind it. */
static bool hear(int fd)
{
    size_t len = 0;
    ssize_t count;
    while ((count = recv(fd, got + len, sizeof got - 1 - len, MSG_DONTWAIT)) > 0) {
        len += (size_t)count;
    }
    got[len] = '\0';
    return count < 0 && errno == EAGAIN;
}

static int count_of(const char *text)
{
    int count = 0;
    for (const char *at = got; (at = strstr(at, text)) != NULL; at++) {
        count++;
    }
    return count;
}

TEST(answers_one_request_after_another)
{
    start();
    int fd = dial();
    say(fd, "GET /a?b%20c HTTP/1.1\r\nHost: x:1\r\n\r\nGET /b HTTP/1.1\r\nHost: x:1\r\n\r\n");
    work();
    CHECK(hear(fd));
    CHECK_INT(count_of("HTTP/1.1 200 OK\r\n"), 2);
    CHECK_INT(count_of("X-Field: value\r\n"), 2);
    CHECK_INT(count_of("\r\n\r\nhere"), 2);
    CHECK(strcmp(asked, "GET /a?b%20c x:1\nGET /b x:1\n") == 0);
    close(fd);
    cepa_http_server_close(http);
}

TEST(shows_requests_as_they_are)
{
    static const struct {
        const char *request;
        const char *asked; /* "": libmicrohttpd refuses it */
    } rows[] = {
        {"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n", "HEAD / x\n"},
        {"get / HTTP/1.1\r\nHost: x\r\n\r\n", "get / x\n"},
        {"GET / HTTP/1.0\r\n\r\n", "GET / -\n"},
        {"GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", "GET / -\n"},
        {"GET http://y/ HTTP/1.1\r\nHost: x\r\n\r\n", "GET http://y/ x\n"},
        {"GET /%2e%2E/%00 HTTP/1.1\r\nHost: x\r\n\r\n", "GET /%2e%2E/%00 x\n"},
        {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody", "GET / x body\n"},
        {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         "POST / x body\n"},
        {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n", "POST / x body\n"},
        {"GET / HTTP/1.1\r\n\r\n", ""},
        {"GET /\r\n\r\n", ""},
        {"\x16\x03\x01\x02garbage\r\n\r\n", ""},
    };
    start();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        asked[0] = '\0';
        int fd = dial();
        say(fd, rows[i].request);
        work();
        if (strcmp(asked, rows[i].asked) != 0) {
            test_note("row %zu: '%s'", i, asked);
        }
        CHECK(strcmp(asked, rows[i].asked) == 0);
        close(fd);
    }
    cepa_http_server_close(http);
}

TEST(a_refusal_ends_the_connection)
{
    start();
    status = 403;
    int fd = dial();
    say(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n");
    work();
    CHECK(!hear(fd));
    CHECK_INT(count_of("HTTP/1.1 403"), 1);
    CHECK_INT(count_of("Connection: close"), 1);
    CHECK(strcmp(asked, "GET / x\n") == 0);
    close(fd);
    cepa_http_server_close(http);
}

TEST(bounds_what_is_asked)
{
    char request[40000];
    start();
    /* A target that is too long for us, and one that is too long for the connection. */
    for (int len = 300; len < 40000; len += 20000) {
        asked[0] = '\0';
        int fd = dial();
        snprintf(request, sizeof request, "GET /%0*d HTTP/1.1\r\nHost: x\r\n\r\n", len, 0);
        say(fd, request);
        work();
        /* Here and below it may be told so; unread bytes can overtake that as a reset. */
        CHECK(!hear(fd) || len == 300);
        CHECK(strcmp(asked, len == 300 ? "GET  x\n" : "") == 0);
        close(fd);
    }
    asked[0] = '\0';
    int fd = dial();
    say(fd, "GET / HTTP/1.1\r\nHost: x\r\n");
    for (int i = 0; i < 400; i++) {
        snprintf(request, sizeof request, "X-%d: %060d\r\n", i, i);
        if (send(fd, request, strlen(request), MSG_NOSIGNAL) < 0) {
            break;
        }
    }
    work();
    CHECK(!hear(fd));
    CHECK(asked[0] == '\0');
    close(fd);
    cepa_http_server_close(http);
}

TEST(cuts_off_who_is_slow)
{
    start();
    int slow = dial();
    int idle = dial();
    say(slow, "GET / HT");
    say(idle, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    work();
    CHECK(hear(slow));
    CHECK(hear(idle));
    CHECK(!cepa_time_is_never(cepa_http_server_deadline(http)));
    /* A byte now and then does not keep a connection. */
    for (int i = 0; i < 2; i++) {
        now = cepa_time_add(now, (CEPA_HTTP_TIME_MS / 2 - 1) * CEPA_MILLISECOND_NS);
        say(slow, "T");
        work();
        CHECK(hear(slow));
    }
    now = cepa_time_add(now, 2 * CEPA_MILLISECOND_NS);
    work();
    CHECK(!hear(slow));
    CHECK(!hear(idle));
    close(slow);
    close(idle);
    cepa_http_server_close(http);
}

TEST(takes_so_many_connections)
{
    int fds[CEPA_HTTP_CONNECTIONS_MAX + 4];
    size_t count = sizeof fds / sizeof fds[0];
    start();
    for (size_t i = 0; i < count; i++) {
        fds[i] = dial();
        say(fds[i], "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    work();
    size_t answered = 0;
    for (size_t i = 0; i < count; i++) {
        hear(fds[i]);
        answered += (size_t)count_of("HTTP/1.1 200");
    }
    CHECK_INT(answered, CEPA_HTTP_CONNECTIONS_MAX);
    for (size_t i = 0; i < count; i++) {
        close(fds[i]);
    }
    work();
    /* When they are gone, there is room again. */
    asked[0] = '\0';
    int fd = dial();
    say(fd, "GET /again HTTP/1.1\r\nHost: x\r\n\r\n");
    work();
    CHECK(strstr(asked, "GET /again x\n") != NULL);
    close(fd);
    cepa_http_server_close(http);
}

/* Lets the server do what it has to at this time, and counts what it lets through. */
static size_t serve(size_t by_connection[CEPA_HTTP_CONNECTIONS_MAX])
{
    const struct cepa_http_answer answer = {200, NULL, 0, "", 0};
    struct cepa_http_request request;
    size_t count = 0;
    for (int idle = 0; idle < 20; idle++) {
        cepa_http_server_step(http, now);
        while (cepa_http_server_next(http, &request)) {
            cepa_http_server_answer(http, &request, &answer);
            by_connection[request.connection]++;
            count++;
            idle = 0;
        }
        loopback_wait(cepa_http_server_descriptor(http), 1);
    }
    return count;
}

TEST(takes_so_many_requests_a_second)
{
    enum { ASKING = 4, EACH = 150 };
    static const char request[] = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    size_t by_connection[CEPA_HTTP_CONNECTIONS_MAX] = {0};
    int fds[ASKING];
    start();
    for (size_t i = 0; i < ASKING; i++) {
        fds[i] = dial();
        for (size_t k = 0; k < EACH; k++) {
            say(fds[i], request);
        }
    }
    CHECK_INT(serve(by_connection), CEPA_HTTP_BURST);
    for (size_t i = 0; i < ASKING; i++) {
        CHECK_INT(by_connection[i], CEPA_HTTP_BURST / ASKING);
    }
    for (int i = 1; i <= 4; i++) {
        struct cepa_time next = cepa_http_server_deadline(http);
        CHECK_INT(cepa_time_since(next, now), CEPA_SECOND_NS / CEPA_HTTP_PER_SECOND);
        now = next;
        CHECK_INT(serve(by_connection), 1);
    }
    now = cepa_time_add(now, CEPA_SECOND_NS);
    CHECK_INT(serve(by_connection), CEPA_HTTP_PER_SECOND);
    now = cepa_time_add(now, 5 * CEPA_SECOND_NS);
    CHECK_INT(serve(by_connection), CEPA_HTTP_BURST);
    for (size_t i = 0; i < ASKING; i++) {
        close(fds[i]);
    }
    cepa_http_server_close(http);
}

TEST(ends_with_requests_unanswered)
{
    struct cepa_http_request request;
    start();
    int asking = dial();
    int answered = dial();
    const struct cepa_http_answer answer = {200, NULL, 0, "", 0};
    say(asking, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    say(answered, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    for (int i = 0; i < 10; i++) {
        loopback_wait(cepa_http_server_descriptor(http), 2);
        cepa_http_server_step(http, now);
    }
    CHECK(cepa_http_server_next(http, &request));
    cepa_http_server_answer(http, &request, &answer);
    CHECK(cepa_http_server_next(http, &request));
    cepa_http_server_close(http);
    CHECK(!hear(asking));
    CHECK(!hear(answered));
    close(asking);
    close(answered);
}

TEST(does_not_share_a_port)
{
    struct cepa_http_server *other = NULL;
    start();
    CHECK_INT(cepa_http_server_open(&other, cepa_http_server_port(http)), CEPA_ERR_IN_USE);
    CHECK(other == NULL);
    cepa_http_server_close(http);
}

TEST_MAIN(RUN(answers_one_request_after_another), RUN(shows_requests_as_they_are),
          RUN(a_refusal_ends_the_connection), RUN(bounds_what_is_asked), RUN(cuts_off_who_is_slow),
          RUN(takes_so_many_connections), RUN(takes_so_many_requests_a_second),
          RUN(ends_with_requests_unanswered), RUN(does_not_share_a_port))
