/* A small HTTP server for the browser of the machine's own user: it listens on 127.0.0.1 only, and
 * every answer is in memory. It bounds what a stranger (any program here, any page in any browser
 * here) can take: so many connections, so many bytes of a request, so long for each of these, and
 * so many requests a second, since whoever answers them has other things to do. What may be asked
 * is the caller's to decide.
 *
 *     cepa_http_server_step(http, now);
 *     while (cepa_http_server_next(http, &request)) {
 *         cepa_http_server_answer(http, &request, &answer);
 *     }
 *
 * whenever the descriptor is readable or the deadline has come. Stands on libmicrohttpd, of which
 * nothing above sees a type; called from one thread. */
#ifndef CEPA_NATIVE_HTTP_HTTP_SERVER_H
#define CEPA_NATIVE_HTTP_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/time.h"

enum {
    CEPA_HTTP_CONNECTIONS_MAX = 32, /* further ones wait until one of these ends */
    CEPA_HTTP_MEMORY = 16 * 1024,   /* bytes of a connection: its request, the head of its answer */
    CEPA_HTTP_TARGET_SIZE = 256,    /* of a request's target, with a zero at the end */
    CEPA_HTTP_TIME_MS = 10000,      /* for a request to come, an answer to be read, and between */
    CEPA_HTTP_PER_SECOND = 100,     /* requests; those above wait, each connection has its turn */
    CEPA_HTTP_BURST = 200           /* after a time of rest so many need not wait */
};

/* The server; opaque. */
struct cepa_http_server;

/* What somebody asks. Strings are lent until it is answered. */
struct cepa_http_request {
    uint32_t connection; /* whose request it is */
    const char *method;  /* "GET" and so on, as it came */
    const char *target;  /* as it came, with its query and its escapes; "" if it is too long */
    const char *host;    /* the field Host; NULL if there is none or more than one */
    bool has_body;       /* a body is announced; it is never read */
};

/* A field of an answer's head. */
struct cepa_http_field {
    const char *name;
    const char *value;
};

/* What is answered. Everything is copied. */
struct cepa_http_answer {
    unsigned status; /* 200 and so on; from 400 the connection ends with the answer */
    const struct cepa_http_field *fields;
    size_t fields_len;
    const void *body;
    size_t body_len;
};

/* cepa_http_server_open listens on 127.0.0.1, on `port` or, if that is 0, on one that is free.
 * Returns 0, CEPA_ERR_IN_USE, CEPA_ERR_FULL or CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_http_server_open(struct cepa_http_server **ret_http, uint16_t port);

/* cepa_http_server_close ends all connections; NULL is allowed. */
void cepa_http_server_close(struct cepa_http_server *http);

/* cepa_http_server_descriptor gives the one descriptor for an event loop: readable when
 * cepa_http_server_step has something to do. */
int cepa_http_server_descriptor(const struct cepa_http_server *http);

/* cepa_http_server_port gives the port that is listened on. */
uint16_t cepa_http_server_port(const struct cepa_http_server *http);

/* cepa_http_server_deadline gives when cepa_http_server_step wants to be called though nothing
 * came; never if there is no such moment. */
struct cepa_time cepa_http_server_deadline(const struct cepa_http_server *http);

/* cepa_http_server_step reads what came, sends what is to be sent and ends what takes too long. */
void cepa_http_server_step(struct cepa_http_server *http, struct cepa_time now);

/* cepa_http_server_next gives a request that was not answered yet, the same one until it is; false
 * if there is none, or no more for now: then the deadline says when. */
bool cepa_http_server_next(struct cepa_http_server *http, struct cepa_http_request *ret_request);

/* cepa_http_server_answer answers the request that cepa_http_server_next gave last (asserted). It
 * leaves with the next steps. Without memory the connection is ended instead. */
void cepa_http_server_answer(struct cepa_http_server *http, const struct cepa_http_request *request,
                             const struct cepa_http_answer *answer);

#endif
