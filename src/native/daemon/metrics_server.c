/* Serves the figures. */
#include "native/daemon/metrics_server.h"

#include <string.h>

#include "base/assert.h"
#include "native/http/http_host.h"

int cepa_metrics_server_open(struct cepa_metrics_server *ret_server, uint16_t port)
{
    struct cepa_http_server *http;
    int status = cepa_http_server_open(&http, port);
    if (status == 0) {
        memset(ret_server, 0, sizeof *ret_server);
        ret_server->http = http;
    }
    return status;
}

void cepa_metrics_server_close(struct cepa_metrics_server *server)
{
    cepa_http_server_close(server->http);
    server->http = NULL;
}

unsigned cepa_metrics_server_check(const struct cepa_http_request *request, uint16_t port)
{
    if (!cepa_http_host_is_ours(request->host, port)) {
        return 403;
    }
    if (strcmp(request->method, "GET") != 0) {
        return 405;
    }
    if (request->has_body) {
        return 400;
    }
    return strcmp(request->target, "/metrics") == 0 ? 200 : 404;
}

static void answer(struct cepa_metrics_server *server, const struct cepa_http_request *request,
                   unsigned status, const char *body, size_t body_len)
{
    const struct cepa_http_field fields[] = {
        {"Content-Type", status == 200 ? "text/plain; version=0.0.4" : "text/plain; charset=utf-8"},
        {"X-Content-Type-Options", "nosniff"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Cache-Control", "no-store"},
        {"Allow", "GET"}, /* the last, for 405 alone */
    };
    const size_t len = sizeof fields / sizeof fields[0];
    const struct cepa_http_answer whole = {status, fields, status == 405 ? len : len - 1, body,
                                           body_len};
    cepa_http_server_answer(server->http, request, &whole);
}

void cepa_metrics_server_step(struct cepa_metrics_server *server, struct cepa_time now)
{
    cepa_http_server_step(server->http, now);
}

bool cepa_metrics_server_wants(struct cepa_metrics_server *server)
{
    static const char refusal[] = "There is only /metrics here, at 127.0.0.1.\n";
    uint16_t port = cepa_http_server_port(server->http);
    while (!server->is_asked && cepa_http_server_next(server->http, &server->asked)) {
        unsigned status = cepa_metrics_server_check(&server->asked, port);
        server->is_asked = status == 200;
        if (!server->is_asked) {
            answer(server, &server->asked, status, refusal, sizeof refusal - 1);
        }
    }
    return server->is_asked;
}

void cepa_metrics_server_give(struct cepa_metrics_server *server, const char *text, size_t text_len)
{
    CEPA_ASSERT(server->is_asked);
    server->is_asked = false;
    answer(server, &server->asked, 200, text, text_len);
}
