/* The little HTTP server answers what it should and refuses the rest. */
#define _GNU_SOURCE
#include "native/daemon/http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "native/net/clock.h"
#include "support/test.h"

enum { FIRST = 50 };

static struct cepa_http *http;
static struct cepa_loop *loop;
static struct cepa_reason reason;

static int dial(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(cepa_http_port(http))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(connect(fd, (struct sockaddr *)(void *)&address, sizeof address) == 0);
    return fd;
}

/* Gives the server a few turns. */
static void serve(void)
{
    for (int i = 0; i < 5; i++) {
        struct cepa_loop_ready ready;
        struct cepa_http_asked asked;
        struct cepa_time now = cepa_clock_now();
        CHECK(cepa_loop_wait(loop, cepa_time_add(now, 5 * CEPA_MILLISECOND_NS)) >= 0);
        while (cepa_loop_next(loop, &ready)) {
            CHECK(cepa_http_on_ready(http, &ready, now));
        }
        while (cepa_http_next(http, &asked)) {
            cepa_http_answer(http, asked.client, "200 OK", "text/plain", asked.path,
                             strlen(asked.path));
        }
    }
}

static void exchange(char *ret_answer, size_t capacity, const char *request)
{
    char text[6000];
    int fd = dial();
    size_t len = 0;
    /* '@' stands for our port. */
    const char *at = strchr(request, '@');
    snprintf(text, sizeof text, at != NULL ? "%.*s%u%s" : "%.*s",
             at != NULL ? (int)(at - request) : 5000, request, cepa_http_port(http),
             at != NULL ? at + 1 : "");
    CHECK(send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text));
    serve();
    for (;;) {
        ssize_t got = recv(fd, ret_answer + len, capacity - 1 - len, MSG_DONTWAIT);
        if (got <= 0) {
            break;
        }
        len += (size_t)got;
    }
    ret_answer[len] = '\0';
    close(fd);
    serve();
}

TEST(requests_are_answered_or_refused)
{
    static const struct {
        const char *request;
        const char *status;
    } rows[] = {
        {"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:@\r\n\r\n", "200 OK"},
        {"GET /x?y HTTP/1.0\r\nhost:localhost:@\r\nX: y\r\n\r\n", "200 OK"},
        {"GET / HTTP/1.1\r\n\r\n", "421 "},
        {"GET / HTTP/1.1\r\nHost: evil.example:@\r\n\r\n", "421 "},
        {"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "421 "},
        {"GET / HTTP/1.1\r\nHost: 127.0.0.1:@\r\nHost: x\r\n\r\n", "421 "},
        {"POST / HTTP/1.1\r\nHost: 127.0.0.1:@\r\n\r\n", "405 "},
        {"GET x HTTP/1.1\r\nHost: 127.0.0.1:@\r\n\r\n", "400 "},
        {"GET /\r\nHost: 127.0.0.1:@\r\n\r\n", "400 "},
        {"\r\n\r\n", "405 "},
    };
    CHECK_INT(cepa_loop_open(&loop), 0);
    CHECK_INT(cepa_http_open(&http, &reason, 0, loop, FIRST), 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char answer[8192];
        exchange(answer, sizeof answer, rows[i].request);
        if (strncmp(answer, "HTTP/1.1 ", 9) != 0 ||
            strncmp(answer + 9, rows[i].status, strlen(rows[i].status)) != 0) {
            test_note("%zu: %s", i, answer);
        }
        CHECK(strncmp(answer, "HTTP/1.1 ", 9) == 0);
        CHECK(strncmp(answer + 9, rows[i].status, strlen(rows[i].status)) == 0);
        CHECK(strstr(answer, "\r\nConnection: close\r\n") != NULL);
    }
}

TEST(what_is_too_long_or_too_slow_ends)
{
    char request[CEPA_HTTP_REQUEST_MAX + 1];
    char answer[1024];
    memset(request, 'x', sizeof request - 1);
    request[sizeof request - 1] = '\0';
    exchange(answer, sizeof answer, request);
    CHECK(strstr(answer, "431 ") != NULL);
    memcpy(request, "GET /", 5);
    memcpy(request + 300, " HTTP/1.1\r\nHost: 127.0.0.1:@\r\n\r\n", 33);
    exchange(answer, sizeof answer, request);
    CHECK(strstr(answer, "414 ") != NULL);
    CHECK(cepa_time_is_never(cepa_http_deadline(http)));
    int fd = dial();
    serve();
    CHECK(!cepa_time_is_never(cepa_http_deadline(http)));
    cepa_http_step(http, cepa_http_deadline(http));
    CHECK(cepa_time_is_never(cepa_http_deadline(http)));
    CHECK(recv(fd, answer, sizeof answer, 0) <= 0);
    close(fd);
}

TEST(connections_are_bounded)
{
    int fds[CEPA_HTTP_CLIENTS_MAX + 2];
    char byte;
    for (int i = 0; i < CEPA_HTTP_CLIENTS_MAX + 2; i++) {
        fds[i] = dial();
        serve();
    }
    CHECK(recv(fds[CEPA_HTTP_CLIENTS_MAX + 1], &byte, 1, 0) <= 0);
    for (int i = 0; i < CEPA_HTTP_CLIENTS_MAX + 2; i++) {
        close(fds[i]);
    }
    struct cepa_http *second;
    CHECK_INT(cepa_http_open(&second, &reason, cepa_http_port(http), loop, 90), CEPA_ERR_IN_USE);
    cepa_http_close(http);
    cepa_http_close(NULL);
    cepa_loop_close(loop);
}

TEST_MAIN(RUN(requests_are_answered_or_refused), RUN(what_is_too_long_or_too_slow_ends),
          RUN(connections_are_bounded))
