/* The figures over HTTP: who gets them, and who does not. */
#define _GNU_SOURCE
#include "native/daemon/metrics_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/loopback.h"
#include "support/test.h"

static struct cepa_metrics_server server;
static char got[8192];

TEST(only_get_metrics_under_an_own_name_is_answered)
{
    static const struct {
        const char *method, *target, *host;
        bool has_body;
        unsigned status;
    } rows[] = {
        {"GET", "/metrics", "127.0.0.1:9", false, 200},
        {"GET", "/metrics", "localhost:9", false, 200},
        {"GET", "/metrics", "evil.example:9", false, 403},
        {"GET", "/metrics", "127.0.0.1:90", false, 403},
        {"GET", "/metrics", NULL, false, 403},
        {"POST", "/metrics", "127.0.0.1:9", false, 405},
        {"HEAD", "/metrics", "127.0.0.1:9", false, 405},
        {"GET", "/metrics", "127.0.0.1:9", true, 400},
        {"GET", "/", "127.0.0.1:9", false, 404},
        {"GET", "/metrics?x", "127.0.0.1:9", false, 404},
        {"GET", "", "127.0.0.1:9", false, 404},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct cepa_http_request request = {0, rows[i].method, rows[i].target, rows[i].host,
                                                  rows[i].has_body};
        test_note("row %zu", i);
        CHECK_INT(cepa_metrics_server_check(&request, 9), rows[i].status);
    }
}

/* Asks, gives `figures` if they are wanted, and reads the answer into `got`. */
static void ask(const char *request, const char *figures)
{
    struct cepa_time now = {CEPA_SECOND_NS};
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(cepa_http_server_port(server.http)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char text[256];
    size_t len = 0;
    ssize_t count;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
    snprintf(text, sizeof text, "%s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n", request,
             (unsigned)cepa_http_server_port(server.http));
    CHECK_INT(send(fd, text, strlen(text), MSG_NOSIGNAL), (long long)strlen(text));
    for (int i = 0; i < 40; i++) {
        loopback_wait(cepa_http_server_descriptor(server.http), 2);
        cepa_metrics_server_step(&server, now);
        while (cepa_metrics_server_wants(&server)) {
            cepa_metrics_server_give(&server, figures, strlen(figures));
        }
    }
    while ((count = recv(fd, got + len, sizeof got - 1 - len, MSG_DONTWAIT)) > 0) {
        len += (size_t)count;
    }
    got[len] = '\0';
    close(fd);
}

TEST(figures_come_through)
{
    CHECK_INT(cepa_metrics_server_open(&server, 0), 0);
    struct cepa_metrics_server second;
    CHECK_INT(cepa_metrics_server_open(&second, cepa_http_server_port(server.http)),
              CEPA_ERR_IN_USE);
    ask("GET /metrics", "cepa_links 3\n");
    CHECK(strncmp(got, "HTTP/1.1 200 ", 13) == 0);
    CHECK(strstr(got, "Content-Type: text/plain; version=0.0.4\r\n") != NULL);
    CHECK(strstr(got, "\r\n\r\ncepa_links 3\n") != NULL);
    CHECK(strstr(got, "Allow:") == NULL);
    ask("PUT /metrics", "cepa_links 3\n");
    CHECK(strncmp(got, "HTTP/1.1 405 ", 13) == 0);
    CHECK(strstr(got, "Allow: GET\r\n") != NULL);
    CHECK(strstr(got, "cepa_links") == NULL);
    ask("GET /", "cepa_links 3\n");
    CHECK(strncmp(got, "HTTP/1.1 404 ", 13) == 0);
    CHECK(strstr(got, "Access-Control") == NULL);
    cepa_metrics_server_close(&server);
    cepa_metrics_server_close(&server);
}

TEST_MAIN(RUN(only_get_metrics_under_an_own_name_is_answered), RUN(figures_come_through))
