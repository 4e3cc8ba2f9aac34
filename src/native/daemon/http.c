/* HTTP on 127.0.0.1. */
#define _GNU_SOURCE
#include "native/daemon/http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

/* One connection. */
struct client {
    int fd; /* -1: nobody */
    char request[CEPA_HTTP_REQUEST_MAX + 1];
    size_t request_len;
    bool is_whole; /* the request is, and it waits for its answer */
    char *answer;  /* what has to be sent */
    size_t answer_len;
    size_t sent;
    struct cepa_time end; /* how long it may last */
};

struct cepa_http {
    struct cepa_loop *loop;
    uint64_t first_number; /* of the listening socket; the clients' follow */
    int fd;
    uint16_t port;
    struct client clients[CEPA_HTTP_CLIENTS_MAX];
};

static uint64_t number_of(const struct cepa_http *http, const struct client *client)
{
    return http->first_number + 1 + (uint64_t)(client - http->clients);
}

static void drop(struct cepa_http *http, struct client *client)
{
    cepa_loop_remove(http->loop, client->fd, number_of(http, client));
    close(client->fd);
    free(client->answer);
    memset(client, 0, sizeof *client);
    client->fd = -1;
}

static void accept_one(struct cepa_http *http, struct cepa_time now)
{
    int fd = accept4(http->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct client *client = NULL;
    for (size_t i = 0; i < CEPA_HTTP_CLIENTS_MAX && client == NULL; i++) {
        client = http->clients[i].fd < 0 ? &http->clients[i] : NULL;
    }
    if (fd >= 0 && (client == NULL ||
                    cepa_loop_add(http->loop, fd, number_of(http, client), CEPA_LOOP_READ) != 0)) {
        close(fd);
    } else if (fd >= 0) {
        client->fd = fd;
        client->end = cepa_time_add(now, CEPA_HTTP_SECONDS * CEPA_SECOND_NS);
    }
}

static void flush(struct cepa_http *http, struct client *client)
{
    while (client->sent < client->answer_len) {
        ssize_t sent = send(client->fd, client->answer + client->sent,
                            client->answer_len - client->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            if (cepa_loop_change(http->loop, client->fd, number_of(http, client),
                                 CEPA_LOOP_WRITE) != 0) {
                drop(http, client);
            }
            return;
        }
        if (sent <= 0) {
            drop(http, client);
            return;
        }
        client->sent += (size_t)sent;
    }
    (void)shutdown(client->fd, SHUT_WR);
    drop(http, client);
}

void cepa_http_answer(struct cepa_http *http, uint32_t client, const char *status, const char *type,
                      const void *body, size_t body_len)
{
    struct client *who = &http->clients[client];
    char head[512];
    if (who->fd < 0 || who->answer != NULL) {
        return;
    }
    int head_len = snprintf(head, sizeof head,
                            "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                            "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
                            "Connection: close\r\n\r\n",
                            status, type, body_len);
    who->answer = malloc((size_t)head_len + body_len);
    if (who->answer == NULL) {
        drop(http, who);
        return;
    }
    memcpy(who->answer, head, (size_t)head_len);
    memcpy(who->answer + head_len, body, body_len);
    who->answer_len = (size_t)head_len + body_len;
    flush(http, who);
}

static void refuse(struct cepa_http *http, struct client *client, const char *status)
{
    cepa_http_answer(http, (uint32_t)(client - http->clients), status, "text/plain", status,
                     strlen(status));
}

static void receive(struct cepa_http *http, struct client *client)
{
    ssize_t got = recv(client->fd, client->request + client->request_len,
                       CEPA_HTTP_REQUEST_MAX - client->request_len, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
        return;
    }
    if (got <= 0) {
        drop(http, client);
        return;
    }
    client->request_len += (size_t)got;
    client->request[client->request_len] = '\0';
    client->is_whole = strstr(client->request, "\r\n\r\n") != NULL;
    if (!client->is_whole && client->request_len == CEPA_HTTP_REQUEST_MAX) {
        refuse(http, client, "431 Request Header Fields Too Large");
    } else if (client->is_whole &&
               cepa_loop_change(http->loop, client->fd, number_of(http, client), 0) != 0) {
        drop(http, client);
    }
}

bool cepa_http_on_ready(struct cepa_http *http, const struct cepa_loop_ready *ready,
                        struct cepa_time now)
{
    if (ready->number < http->first_number ||
        ready->number > http->first_number + CEPA_HTTP_CLIENTS_MAX) {
        return false;
    }
    if (ready->number == http->first_number) {
        accept_one(http, now);
        return true;
    }
    struct client *client = &http->clients[ready->number - http->first_number - 1];
    if (client->fd >= 0 && client->answer != NULL) {
        flush(http, client);
    } else if (client->fd >= 0 && (ready->what & CEPA_LOOP_READ) != 0) {
        receive(http, client);
    } else if (client->fd >= 0 && (ready->what & CEPA_LOOP_BROKEN) != 0) {
        drop(http, client);
    }
    return true;
}

/* Whether the Host header names this machine and our port. */
static bool is_for_us(const struct cepa_http *http, const char *request)
{
    char hosts[2][32];
    const char *host = strcasestr(request, "\r\nHost:");
    if (host == NULL || strcasestr(host + 2, "\r\nHost:") != NULL) {
        return false;
    }
    host += strlen("\r\nHost:");
    host += strspn(host, " \t");
    size_t len = strcspn(host, " \t\r");
    snprintf(hosts[0], sizeof hosts[0], "127.0.0.1:%u", http->port);
    snprintf(hosts[1], sizeof hosts[1], "localhost:%u", http->port);
    return (strlen(hosts[0]) == len && strncasecmp(host, hosts[0], len) == 0) ||
           (strlen(hosts[1]) == len && strncasecmp(host, hosts[1], len) == 0);
}

/* Reads "GET /path HTTP/1.x"; gives NULL, or the status to refuse with. */
static const char *read_request(const struct cepa_http *http, struct cepa_http_asked *asked,
                                const char *request)
{
    if (strncmp(request, "GET ", 4) != 0) {
        return "405 Method Not Allowed";
    }
    size_t len = strcspn(request + 4, " \r");
    if (request[4] != '/' || strncmp(request + 4 + len, " HTTP/1.", 8) != 0) {
        return "400 Bad Request";
    }
    if (len >= sizeof asked->path) {
        return "414 URI Too Long";
    }
    if (!is_for_us(http, request)) {
        return "421 Misdirected Request";
    }
    memcpy(asked->path, request + 4, len);
    asked->path[len] = '\0';
    return NULL;
}

bool cepa_http_next(struct cepa_http *http, struct cepa_http_asked *ret_asked)
{
    for (uint32_t i = 0; i < CEPA_HTTP_CLIENTS_MAX; i++) {
        struct client *client = &http->clients[i];
        if (client->fd < 0 || !client->is_whole || client->answer != NULL) {
            continue;
        }
        const char *refusal = read_request(http, ret_asked, client->request);
        if (refusal == NULL) {
            ret_asked->client = i;
            return true;
        }
        refuse(http, client, refusal);
    }
    return false;
}

void cepa_http_step(struct cepa_http *http, struct cepa_time now)
{
    for (size_t i = 0; i < CEPA_HTTP_CLIENTS_MAX; i++) {
        struct client *client = &http->clients[i];
        if (client->fd >= 0 && cepa_time_is_due(client->end, now)) {
            drop(http, client);
        }
    }
}

struct cepa_time cepa_http_deadline(const struct cepa_http *http)
{
    struct cepa_time deadline = cepa_time_never();
    for (size_t i = 0; i < CEPA_HTTP_CLIENTS_MAX; i++) {
        if (http->clients[i].fd >= 0) {
            deadline = cepa_time_earliest(deadline, http->clients[i].end);
        }
    }
    return deadline;
}

static int listen_at(struct cepa_http *http, struct cepa_reason *ret_reason, uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    socklen_t len = sizeof address;
    const int is_on = 1;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    http->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (http->fd < 0 || setsockopt(http->fd, SOL_SOCKET, SO_REUSEADDR, &is_on, sizeof is_on) != 0 ||
        bind(http->fd, (struct sockaddr *)(void *)&address, sizeof address) != 0 ||
        listen(http->fd, CEPA_HTTP_CLIENTS_MAX) != 0 ||
        getsockname(http->fd, (struct sockaddr *)(void *)&address, &len) != 0 ||
        cepa_loop_add(http->loop, http->fd, http->first_number, CEPA_LOOP_READ) != 0) {
        return cepa_reason_fail(ret_reason, errno == EADDRINUSE ? CEPA_ERR_IN_USE : CEPA_ERR_SYSTEM,
                                "port %u of 127.0.0.1 cannot be listened at: %s", port,
                                strerror(errno));
    }
    http->port = ntohs(address.sin_port);
    return 0;
}

int cepa_http_open(struct cepa_http **ret_http, struct cepa_reason *ret_reason, uint16_t port,
                   struct cepa_loop *loop, uint64_t first_number)
{
    struct cepa_http *http = calloc(1, sizeof *http);
    if (http == NULL) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_EXHAUSTED, "there is not enough memory");
    }
    http->loop = loop;
    http->first_number = first_number;
    for (size_t i = 0; i < CEPA_HTTP_CLIENTS_MAX; i++) {
        http->clients[i].fd = -1;
    }
    int status = listen_at(http, ret_reason, port);
    if (status != 0) {
        if (http->fd >= 0) {
            close(http->fd);
        }
        free(http);
        return status;
    }
    *ret_http = http;
    return 0;
}

void cepa_http_close(struct cepa_http *http)
{
    if (http == NULL) {
        return;
    }
    for (size_t i = 0; i < CEPA_HTTP_CLIENTS_MAX; i++) {
        if (http->clients[i].fd >= 0) {
            drop(http, &http->clients[i]);
        }
    }
    cepa_loop_remove(http->loop, http->fd, http->first_number);
    close(http->fd);
    free(http);
}

uint16_t cepa_http_port(const struct cepa_http *http)
{
    return http->port;
}
