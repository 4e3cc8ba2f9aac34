/* The figures for Prometheus over HTTP, at http://127.0.0.1:PORT/metrics and nowhere else.
 *
 *     cepa_metrics_server_step(server, now);
 *     while (cepa_metrics_server_wants(server)) {
 *         cepa_metrics_server_give(server, text, text_len);
 *     }
 *
 * There is no token: any program of this machine may read the figures, which is why they are not
 * served unless the configuration says so. A page in a browser may not (http_host.h). */
#ifndef CEPA_NATIVE_DAEMON_METRICS_SERVER_H
#define CEPA_NATIVE_DAEMON_METRICS_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/time.h"
#include "native/http/http_server.h"

/* The server. */
struct cepa_metrics_server {
    struct cepa_http_server *http; /* NULL: closed */
    struct cepa_http_request asked;
    bool is_asked; /* `asked` waits for the figures */
};

/* cepa_metrics_server_open listens on 127.0.0.1 at `port` (0: a free one). Returns as
 * cepa_http_server_open. */
CEPA_MUST_USE int cepa_metrics_server_open(struct cepa_metrics_server *ret_server, uint16_t port);

/* cepa_metrics_server_close ends it; closing twice is allowed. */
void cepa_metrics_server_close(struct cepa_metrics_server *server);

/* cepa_metrics_server_step reads what came and refuses what is not for here. */
void cepa_metrics_server_step(struct cepa_metrics_server *server, struct cepa_time now);

/* cepa_metrics_server_wants says whether somebody waits for the figures. */
bool cepa_metrics_server_wants(struct cepa_metrics_server *server);

/* cepa_metrics_server_give answers who waits (asserted); the text is copied. It leaves with the
 * next step. */
void cepa_metrics_server_give(struct cepa_metrics_server *server, const char *text,
                              size_t text_len);

/* cepa_metrics_server_check gives what a request is answered with: 200 for GET /metrics, 400 for a
 * body, 403 for another Host, 404, 405. */
unsigned cepa_metrics_server_check(const struct cepa_http_request *request, uint16_t port);

#endif
