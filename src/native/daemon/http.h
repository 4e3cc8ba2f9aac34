/* A very small HTTP server for what a daemon shows on 127.0.0.1: one GET per connection, whole
 * answers, nothing else. It refuses requests whose Host is not this machine's, so that no page of a
 * browser reads it by a name of its own.
 *
 *     cepa_http_open(&http, &reason, port, loop, first_number);
 *     ... when the loop has one of our numbers: cepa_http_on_ready(http, &ready, now)
 *     while (cepa_http_next(http, &asked)) { cepa_http_answer(http, asked.client, ...); } */
#ifndef CEPA_NATIVE_DAEMON_HTTP_H
#define CEPA_NATIVE_DAEMON_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/time.h"
#include "native/net/loop.h"
#include "native/reason.h"

enum {
    CEPA_HTTP_CLIENTS_MAX = 16,
    CEPA_HTTP_REQUEST_MAX = 4096, /* bytes of a request line with its headers */
    CEPA_HTTP_PATH_SIZE = 256,
    CEPA_HTTP_SECONDS = 10 /* how long a connection may last */
};

/* The server; opaque. */
struct cepa_http;

/* What somebody wants to have. */
struct cepa_http_asked {
    uint32_t client; /* who; to be answered before the next is fetched */
    char path[CEPA_HTTP_PATH_SIZE];
};

/* cepa_http_open listens at 127.0.0.1 on `port` (0: any) and watches it in `loop`, which it is
 * lent, under the numbers from `first_number` to first_number + CEPA_HTTP_CLIENTS_MAX. Returns 0,
 * CEPA_ERR_IN_USE, CEPA_ERR_EXHAUSTED or CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_http_open(struct cepa_http **ret_http, struct cepa_reason *ret_reason,
                                 uint16_t port, struct cepa_loop *loop, uint64_t first_number);

/* cepa_http_close ends everything; NULL is allowed. */
void cepa_http_close(struct cepa_http *http);

/* cepa_http_port gives the port. */
uint16_t cepa_http_port(const struct cepa_http *http);

/* cepa_http_on_ready says that a descriptor of ours is ready. True if the number is ours. */
bool cepa_http_on_ready(struct cepa_http *http, const struct cepa_loop_ready *ready,
                        struct cepa_time now);

/* cepa_http_next gives the next request; false when there is none for now. What is no request is
 * answered here. */
bool cepa_http_next(struct cepa_http *http, struct cepa_http_asked *ret_asked);

/* cepa_http_answer answers with a status ("200 OK"), the type of the body, and the body, copied. */
void cepa_http_answer(struct cepa_http *http, uint32_t client, const char *status, const char *type,
                      const void *body, size_t body_len);

/* cepa_http_step ends connections that last too long; cepa_http_deadline gives when next. */
void cepa_http_step(struct cepa_http *http, struct cepa_time now);
struct cepa_time cepa_http_deadline(const struct cepa_http *http);

#endif
