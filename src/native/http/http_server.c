/* libmicrohttpd, driven from outside: it has one epoll descriptor, which stands in the owner's
 * loop, and does all of its work when it is told to. A request is suspended until it is answered,
 * so that the owner can poll. */
#include "native/http/http_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/assert.h"

enum { COST_NS = 1000000000 / CEPA_HTTP_PER_SECOND }; /* of a request */

enum slot_state {
    SLOT_FREE,
    SLOT_OPEN,    /* waits for a request, or for its answer to be read */
    SLOT_ASKED,   /* suspended, until it is answered */
    SLOT_ANSWERED /* resumed, and its answer was not queued yet */
};

/* One connection. */
struct slot {
    enum slot_state state;
    struct MHD_Connection *connection; /* libmicrohttpd's */
    struct cepa_time deadline;         /* when it is cut off */
    struct MHD_Response *response;     /* ANSWERED; NULL: there was no memory for it */
    unsigned status;                   /* of the response */
    const char *method;
    const char *host;
    unsigned hosts; /* fields of this name */
    bool has_body;
    char target[CEPA_HTTP_TARGET_SIZE];
};

struct cepa_http_server {
    struct MHD_Daemon *daemon;
    int epoll_fd;
    uint16_t port;
    struct cepa_time now;      /* of the step that is under way */
    struct cepa_time deadline; /* libmicrohttpd's own */
    struct cepa_time paid_to;  /* when all requests so far are worked off, each at its cost */
    uint32_t turn;             /* whose request is next, or that of one behind it */
    struct slot slots[CEPA_HTTP_CONNECTIONS_MAX];
};

static struct slot *slot_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info != NULL ? info->socket_context : NULL;
}

static void set_deadline(const struct cepa_http_server *http, struct slot *slot)
{
    slot->deadline = cepa_time_add(http->now, CEPA_HTTP_TIME_MS * CEPA_MILLISECOND_NS);
}

/* A connection has begun or ended. */
static void on_connection(void *context, struct MHD_Connection *connection, void **ret_slot,
                          enum MHD_ConnectionNotificationCode what)
{
    struct cepa_http_server *http = context;
    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        struct slot *slot = *ret_slot;
        if (slot != NULL) {
            slot->state = SLOT_FREE;
        }
        return;
    }
    *ret_slot = NULL;
    for (size_t i = 0; i < CEPA_HTTP_CONNECTIONS_MAX; i++) {
        struct slot *slot = &http->slots[i];
        if (slot->state == SLOT_FREE) {
            memset(slot, 0, sizeof *slot);
            slot->state = SLOT_OPEN;
            slot->connection = connection;
            set_deadline(http, slot);
            *ret_slot = slot;
            return;
        }
    }
}

/* The first line has come: its target, before anything is taken out of it. */
static void *on_target(void *context, const char *target, struct MHD_Connection *connection)
{
    struct slot *slot = slot_of(connection);
    (void)context;
    if (slot != NULL) {
        size_t len = strlen(target);
        slot->target[0] = '\0';
        if (len < sizeof slot->target) {
            memcpy(slot->target, target, len + 1);
        }
    }
    return NULL;
}

static enum MHD_Result on_field(void *context, enum MHD_ValueKind kind, const char *name,
                                const char *value)
{
    struct slot *slot = context;
    (void)kind;
    if (strcasecmp(name, MHD_HTTP_HEADER_HOST) == 0) {
        slot->host = value;
        slot->hosts++;
    } else if (strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0 ||
               strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0) {
        slot->has_body = true;
    }
    return MHD_YES;
}

/* Sends what was answered. */
static enum MHD_Result queue_answer(struct slot *slot)
{
    enum MHD_Result result = MHD_NO;
    if (slot->response != NULL) {
        result = MHD_queue_response(slot->connection, slot->status, slot->response);
        MHD_destroy_response(slot->response);
        slot->response = NULL;
    }
    slot->state = SLOT_OPEN;
    return result;
}

/* The head of a request is there, for the first time or after it was answered. */
static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *body,
                                  size_t *body_len, void **request_context)
{
    struct slot *slot = slot_of(connection);
    (void)context, (void)url, (void)version, (void)body, (void)body_len;
    if (slot == NULL) {
        return MHD_NO;
    }
    if (slot->state == SLOT_ANSWERED) {
        return queue_answer(slot);
    }
    slot->method = method;
    slot->host = NULL;
    slot->hosts = 0;
    slot->has_body = false;
    MHD_get_connection_values(connection, MHD_HEADER_KIND, on_field, slot);
    if (*request_context == NULL && !slot->has_body) {
        /* An answer at the first call would end the connection, for fear of a body. */
        *request_context = slot;
        return MHD_YES;
    }
    slot->state = SLOT_ASKED;
    MHD_suspend_connection(connection);
    return MHD_YES;
}

/* A request has come to its end, well or not. */
static void on_completed(void *context, struct MHD_Connection *connection, void **request_context,
                         enum MHD_RequestTerminationCode why)
{
    struct slot *slot = slot_of(connection);
    (void)request_context, (void)why;
    if (slot != NULL) {
        if (slot->response != NULL) {
            MHD_destroy_response(slot->response);
            slot->response = NULL;
        }
        slot->state = SLOT_OPEN;
        set_deadline(context, slot);
    }
}

static struct MHD_Daemon *start(struct cepa_http_server *http, uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct MHD_OptionItem limits[] = {
        {MHD_OPTION_CONNECTION_LIMIT, CEPA_HTTP_CONNECTIONS_MAX, NULL},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, CEPA_HTTP_MEMORY, NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, CEPA_HTTP_TIME_MS / 1000, NULL},
        {MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    return MHD_start_daemon(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, port, NULL, NULL, on_request,
                            http, MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_ARRAY, limits,
                            MHD_OPTION_URI_LOG_CALLBACK, on_target, NULL,
                            MHD_OPTION_NOTIFY_CONNECTION, on_connection, http,
                            MHD_OPTION_NOTIFY_COMPLETED, on_completed, http, MHD_OPTION_END);
}

int cepa_http_server_open(struct cepa_http_server **ret_http, uint16_t port)
{
    struct cepa_http_server *http = calloc(1, sizeof *http);
    if (http == NULL) {
        return CEPA_ERR_FULL;
    }
    http->deadline = cepa_time_never();
    errno = 0;
    http->daemon = start(http, port);
    if (http->daemon == NULL) {
        int error = errno == EADDRINUSE ? CEPA_ERR_IN_USE : CEPA_ERR_SYSTEM;
        free(http);
        return error;
    }
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    CEPA_ASSERT(info != NULL);
    http->epoll_fd = info->epoll_fd;
    info = MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_BIND_PORT);
    CEPA_ASSERT(info != NULL);
    http->port = info->port;
    *ret_http = http;
    return 0;
}

void cepa_http_server_close(struct cepa_http_server *http)
{
    if (http == NULL) {
        return;
    }
    for (size_t i = 0; i < CEPA_HTTP_CONNECTIONS_MAX; i++) {
        /* libmicrohttpd wants nothing suspended at its end. */
        if (http->slots[i].state == SLOT_ASKED) {
            MHD_resume_connection(http->slots[i].connection);
        }
    }
    MHD_stop_daemon(http->daemon);
    free(http);
}

int cepa_http_server_descriptor(const struct cepa_http_server *http)
{
    return http->epoll_fd;
}

uint16_t cepa_http_server_port(const struct cepa_http_server *http)
{
    return http->port;
}

/* When the next request may be taken: so many may be ahead of what is worked off. */
static struct cepa_time next_turn(const struct cepa_http_server *http)
{
    const uint64_t ahead_ns = (uint64_t)COST_NS * (CEPA_HTTP_BURST - 1);
    struct cepa_time at = {http->paid_to.ns > ahead_ns ? http->paid_to.ns - ahead_ns : 0};
    return at;
}

struct cepa_time cepa_http_server_deadline(const struct cepa_http_server *http)
{
    struct cepa_time deadline = http->deadline;
    for (size_t i = 0; i < CEPA_HTTP_CONNECTIONS_MAX; i++) {
        if (http->slots[i].state == SLOT_OPEN) {
            deadline = cepa_time_earliest(deadline, http->slots[i].deadline);
        } else if (http->slots[i].state == SLOT_ASKED) {
            deadline = cepa_time_earliest(deadline, next_turn(http));
        }
    }
    return deadline;
}

/* Ends what takes too long: libmicrohttpd itself sees only to connections where nothing happens. */
static void cut_off(struct cepa_http_server *http)
{
    for (size_t i = 0; i < CEPA_HTTP_CONNECTIONS_MAX; i++) {
        struct slot *slot = &http->slots[i];
        if (slot->state != SLOT_OPEN || !cepa_time_is_due(slot->deadline, http->now)) {
            continue;
        }
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(slot->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        if (info != NULL) {
            shutdown(info->connect_fd, SHUT_RDWR);
        }
        slot->deadline = cepa_time_never();
    }
}

void cepa_http_server_step(struct cepa_http_server *http, struct cepa_time now)
{
    MHD_UNSIGNED_LONG_LONG wait_ms;
    http->now = now;
    cut_off(http);
    MHD_run(http->daemon);
    http->deadline = cepa_time_never();
    if (MHD_get_timeout(http->daemon, &wait_ms) == MHD_YES) {
        http->deadline = cepa_time_add(now, wait_ms * CEPA_MILLISECOND_NS);
    }
}

bool cepa_http_server_next(struct cepa_http_server *http, struct cepa_http_request *ret_request)
{
    if (!cepa_time_is_due(next_turn(http), http->now)) {
        return false;
    }
    for (uint32_t i = 0; i < CEPA_HTTP_CONNECTIONS_MAX; i++) {
        uint32_t place = (http->turn + i) % CEPA_HTTP_CONNECTIONS_MAX;
        const struct slot *slot = &http->slots[place];
        if (slot->state == SLOT_ASKED) {
            ret_request->connection = place;
            ret_request->method = slot->method;
            ret_request->target = slot->target;
            ret_request->host = slot->hosts == 1 ? slot->host : NULL;
            ret_request->has_body = slot->has_body;
            return true;
        }
    }
    return false;
}

static struct MHD_Response *make_response(const struct cepa_http_answer *answer)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        answer->body_len, (void *)(uintptr_t)answer->body, MHD_RESPMEM_MUST_COPY);
    if (response == NULL) {
        return NULL;
    }
    enum MHD_Result result = MHD_YES;
    for (size_t i = 0; i < answer->fields_len && result == MHD_YES; i++) {
        result = MHD_add_response_header(response, answer->fields[i].name, answer->fields[i].value);
    }
    if (answer->status >= 400 && result == MHD_YES) {
        result = MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    }
    if (result != MHD_YES) {
        MHD_destroy_response(response);
        return NULL;
    }
    return response;
}

void cepa_http_server_answer(struct cepa_http_server *http, const struct cepa_http_request *request,
                             const struct cepa_http_answer *answer)
{
    CEPA_ASSERT(request->connection < CEPA_HTTP_CONNECTIONS_MAX);
    struct slot *slot = &http->slots[request->connection];
    CEPA_ASSERT(slot->state == SLOT_ASKED);
    http->paid_to = cepa_time_add(cepa_time_latest(http->paid_to, http->now), COST_NS);
    http->turn = request->connection + 1;
    slot->response = make_response(answer);
    slot->status = answer->status;
    slot->state = SLOT_ANSWERED;
    MHD_resume_connection(slot->connection);
    http->deadline = http->now;
}
