/* The control socket and its clients. */
#define _GNU_SOURCE
#include "native/daemon/control.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* One client. */
struct client {
    int fd;                                /* -1: nobody */
    char input[CEPA_CONTROL_LINE_MAX + 1]; /* the beginning of a line, or lines */
    size_t input_len;                      /* how much of it */
    char *output;                          /* what could not be sent yet */
    size_t output_len;                     /* how much */
    bool is_ended;                         /* no more requests come; answers may still go */
    uint32_t every_ms;                     /* how often it wants the status; 0: not */
    struct cepa_time next;                 /* when next */
    struct cepa_time moved;                /* when a byte last went, or began to wait */
    uint64_t serial;                       /* its own for ever */
    bool is_told;                          /* it waits for what happens, however long */
    int sockets[CEPA_CONTROL_SOCKETS_MAX]; /* that came, in this order */
    size_t sockets_len;                    /* how many */
};

struct cepa_control {
    struct cepa_loop *loop;
    uint64_t first_number; /* of the listening socket; the clients' follow */
    int fd;                /* the listening socket */
    uint64_t serial;       /* of the last client */
    char path[CEPA_CONFIG_CONTROL_SIZE];
    struct cepa_time now; /* as told last */
    size_t used; /* of the places, from the first: most turns are traffic's and look at none */
    struct client clients[CEPA_CONTROL_CLIENTS_MAX];
};

static void drop(struct cepa_control *control, struct client *client)
{
    uint64_t place = (uint64_t)(client - control->clients);
    cepa_loop_remove(control->loop, client->fd, control->first_number + 1 + place);
    close(client->fd);
    free(client->output);
    for (size_t i = 0; i < client->sockets_len; i++) {
        close(client->sockets[i]);
    }
    memset(client, 0, sizeof *client);
    client->fd = -1;
    while (control->used > 0 && control->clients[control->used - 1].fd < 0) {
        control->used--;
    }
}

/* Only the user whose daemon this is, and root, may ask. */
static bool is_allowed(int fd)
{
    struct ucred peer;
    socklen_t len = sizeof peer;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 &&
           (peer.uid == geteuid() || peer.uid == 0);
}

static struct client *find_place(struct cepa_control *control)
{
    for (size_t i = 0; i < CEPA_CONTROL_CLIENTS_MAX; i++) {
        if (control->clients[i].fd < 0) {
            return &control->clients[i];
        }
    }
    return NULL;
}

static void accept_one(struct cepa_control *control)
{
    int fd = accept4(control->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        return;
    }
    struct client *client = is_allowed(fd) ? find_place(control) : NULL;
    uint64_t place = client != NULL ? (uint64_t)(client - control->clients) : 0;
    if (client == NULL ||
        cepa_loop_add(control->loop, fd, control->first_number + 1 + place, CEPA_LOOP_READ) != 0) {
        close(fd);
        return;
    }
    control->serial++;
    control->used = place >= control->used ? (size_t)place + 1 : control->used;
    client->fd = fd;
    client->serial = control->serial;
    client->next = cepa_time_never();
    client->moved = control->now;
}

/* Sends what waits; false if the client is gone. */
static bool flush(struct cepa_control *control, struct client *client)
{
    uint64_t number = control->first_number + 1 + (uint64_t)(client - control->clients);
    while (client->output_len > 0) {
        ssize_t sent =
            send(client->fd, client->output, client->output_len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
            drop(control, client);
            return false;
        }
        if (sent < 0) {
            break;
        }
        client->moved = control->now;
        client->output_len -= (size_t)sent;
        memmove(client->output, client->output + sent, client->output_len);
    }
    bool has_read = !client->is_ended && client->input_len < CEPA_CONTROL_LINE_MAX;
    unsigned what =
        (has_read ? CEPA_LOOP_READ : 0U) | (client->output_len > 0 ? CEPA_LOOP_WRITE : 0U);
    if (client->output_len == 0) {
        free(client->output);
        client->output = NULL;
    }
    bool is_done = client->is_ended && client->output_len == 0 && client->input_len == 0;
    if (is_done || cepa_loop_change(control->loop, client->fd, number, what) != 0) {
        drop(control, client);
        return false;
    }
    return true;
}

/* Takes the descriptors that came with bytes; false if they are too many. */
static bool take_sockets(struct client *client, struct msghdr *message)
{
    bool is_good = (message->msg_flags & MSG_CTRUNC) == 0;
    for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part != NULL;
         part = CMSG_NXTHDR(message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        size_t len = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < len; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
            if (client->sockets_len < CEPA_CONTROL_SOCKETS_MAX) {
                client->sockets[client->sockets_len] = fd;
                client->sockets_len++;
            } else {
                close(fd);
                is_good = false;
            }
        }
    }
    return is_good;
}

static void receive(struct cepa_control *control, struct client *client)
{
    union {
        struct cmsghdr header; /* for its alignment */
        char bytes[CMSG_SPACE(CEPA_CONTROL_SOCKETS_MAX * sizeof(int))];
    } sockets;
    struct iovec bytes = {client->input + client->input_len,
                          CEPA_CONTROL_LINE_MAX + 1 - client->input_len};
    struct msghdr message = {.msg_iov = &bytes,
                             .msg_iovlen = 1,
                             .msg_control = sockets.bytes,
                             .msg_controllen = sizeof sockets.bytes};
    ssize_t got = recvmsg(client->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
        return;
    }
    if (got < 0 || !take_sockets(client, &message)) {
        drop(control, client);
        return;
    }
    client->is_ended = client->is_ended || got == 0;
    client->moved = control->now;
    client->input_len += (size_t)got;
    if (client->is_ended && memchr(client->input, '\n', client->input_len) == NULL) {
        client->input_len = 0; /* half a request */
        client->every_ms = 0;
        client->next = cepa_time_never();
        (void)flush(control, client);
    }
}

bool cepa_control_on_ready(struct cepa_control *control, const struct cepa_loop_ready *ready,
                           struct cepa_time now)
{
    if (ready->number < control->first_number ||
        ready->number > control->first_number + CEPA_CONTROL_CLIENTS_MAX) {
        return false;
    }
    control->now = now;
    if (ready->number == control->first_number) {
        accept_one(control);
        return true;
    }
    struct client *client = &control->clients[ready->number - control->first_number - 1];
    if (client->fd < 0) {
        return true;
    }
    if ((ready->what & CEPA_LOOP_READ) != 0) {
        receive(control, client);
    }
    if (client->fd >= 0 && (ready->what & CEPA_LOOP_BROKEN) != 0 &&
        (ready->what & CEPA_LOOP_READ) == 0) {
        drop(control, client);
    }
    if (client->fd >= 0 && (ready->what & CEPA_LOOP_WRITE) != 0) {
        (void)flush(control, client);
    }
    return true;
}

/* Queues a line and sends what goes. */
static void say(struct cepa_control *control, struct client *client, const char *text)
{
    size_t len = text != NULL ? strlen(text) : 0;
    char *output = NULL;
    if (text != NULL && client->output_len + len + 1 <= CEPA_CONTROL_UNSENT_MAX) {
        output = realloc(client->output, client->output_len + len + 1);
    }
    if (output == NULL) {
        drop(control, client);
        return;
    }
    if (client->output_len == 0) {
        client->moved = control->now;
    }
    memcpy(output + client->output_len, text, len);
    output[client->output_len + len] = '\n';
    client->output = output;
    client->output_len += len + 1;
    (void)flush(control, client);
}

void cepa_control_answer(struct cepa_control *control, uint32_t client, struct cJSON *object)
{
    struct client *who = &control->clients[client];
    if (who->fd < 0) {
        return;
    }
    char *text = NULL;
    cJSON *answer = cJSON_CreateObject();
    if (object != NULL && cJSON_AddTrueToObject(answer, "ok") != NULL) {
        bool is_whole = true;
        const cJSON *field;
        cJSON_ArrayForEach(field, object)
        {
            is_whole = is_whole && cJSON_AddItemReferenceToObject(answer, field->string,
                                                                  (cJSON *)(uintptr_t)field);
        }
        text = is_whole ? cJSON_PrintUnformatted(answer) : NULL;
    }
    cJSON_Delete(answer);
    say(control, who, text);
    cJSON_free(text);
}

void cepa_control_refuse(struct cepa_control *control, uint32_t client, const char *reason)
{
    struct client *who = &control->clients[client];
    if (who->fd < 0) {
        return;
    }
    cJSON *answer = cJSON_CreateObject();
    (void)cJSON_AddFalseToObject(answer, "ok");
    char *text =
        cJSON_AddStringToObject(answer, "reason", reason) ? cJSON_PrintUnformatted(answer) : NULL;
    cJSON_Delete(answer);
    say(control, who, text);
    cJSON_free(text);
}

void cepa_control_tell(struct cepa_control *control, uint64_t serial, const struct cJSON *object)
{
    for (size_t i = 0; i < CEPA_CONTROL_CLIENTS_MAX; i++) {
        struct client *client = &control->clients[i];
        if (client->fd >= 0 && client->serial == serial) {
            char *text = cJSON_PrintUnformatted(object);
            say(control, client, text);
            cJSON_free(text);
        }
    }
}

bool cepa_control_is_here(const struct cepa_control *control, uint64_t serial)
{
    for (size_t i = 0; i < CEPA_CONTROL_CLIENTS_MAX; i++) {
        if (control->clients[i].fd >= 0 && control->clients[i].serial == serial) {
            return true;
        }
    }
    return false;
}

/* The oldest socket of a client, if it can be used; -1 with a reason if not. */
static int take_socket(struct client *client, struct cepa_reason *ret_reason)
{
    int kind = 0;
    socklen_t len = sizeof kind;
    if (client->sockets_len == 0) {
        cepa_reason_set(ret_reason, "the request comes without a socket");
        return -1;
    }
    int fd = client->sockets[0];
    client->sockets_len--;
    memmove(client->sockets, client->sockets + 1, client->sockets_len * sizeof fd);
    int flags = fcntl(fd, F_GETFL);
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &kind, &len) != 0 || kind != SOCK_STREAM || flags < 0 ||
        fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) {
        cepa_reason_set(ret_reason, "what comes with the request is no stream socket");
        close(fd);
        return -1;
    }
    return fd;
}

/* Takes the first line of a client; false if there is no whole one. */
static bool take_line(struct cepa_control *control, uint32_t place,
                      struct cepa_control_asked *ret_asked)
{
    struct client *client = &control->clients[place];
    struct cepa_reason reason;
    char *end = memchr(client->input, '\n', client->input_len);
    if (end == NULL) {
        if (client->input_len > CEPA_CONTROL_LINE_MAX) {
            cepa_control_refuse(control, place, "the request is too long");
            if (client->fd >= 0) {
                drop(control, client);
            }
        }
        return false;
    }
    size_t len = (size_t)(end - client->input);
    int status = cepa_control_request_decode(&ret_asked->request, &reason, client->input, len);
    client->input_len -= len + 1;
    memmove(client->input, end + 1, client->input_len);
    if (status == 0 && cepa_control_request_has_socket(&ret_asked->request)) {
        ret_asked->socket = take_socket(client, &reason);
        status = ret_asked->socket < 0 ? CEPA_ERR_MISSING : 0;
    }
    if (status != 0) {
        cepa_control_refuse(control, place, reason.text);
        return false;
    }
    enum cepa_control_kind kind = ret_asked->request.kind;
    client->is_told =
        client->is_told || kind == CEPA_CONTROL_CONNECT || kind == CEPA_CONTROL_LISTEN;
    return true;
}

/* Whether a client waits to be told things. */
static bool is_waiting(const struct client *client)
{
    return client->every_ms > 0 || client->is_told;
}

/* Whether nothing more is to be expected of a client: it asks nothing, or does not read what it has
 * asked for. */
static bool is_idle(const struct client *client, struct cepa_time now)
{
    return (!is_waiting(client) || client->output_len > 0) &&
           cepa_time_since(now, client->moved) > CEPA_CONTROL_IDLE_SECONDS * CEPA_SECOND_NS;
}

bool cepa_control_next_asked(struct cepa_control *control, struct cepa_control_asked *ret_asked,
                             struct cepa_time now)
{
    control->now = now;
    for (uint32_t i = 0; i < control->used; i++) {
        struct client *client = &control->clients[i];
        struct cepa_control_asked asked = {i, client->serial, {.kind = CEPA_CONTROL_STATUS}, -1};
        while (client->fd >= 0 && memchr(client->input, '\n', client->input_len) != NULL) {
            if (!take_line(control, i, &asked)) {
                continue;
            }
            if (asked.request.kind == CEPA_CONTROL_WATCH) {
                client->every_ms = asked.request.every_ms;
                client->next = now;
                continue;
            }
            *ret_asked = asked;
            return true;
        }
        if (client->fd >= 0 && client->input_len > CEPA_CONTROL_LINE_MAX) {
            (void)take_line(control, i, &asked);
        }
        if (client->fd >= 0 && is_idle(client, now)) {
            drop(control, client);
        }
        if (client->fd >= 0 && client->every_ms > 0 && cepa_time_is_due(client->next, now)) {
            client->next = cepa_time_add(now, client->every_ms * CEPA_MILLISECOND_NS);
            asked.request.kind = CEPA_CONTROL_STATUS;
            *ret_asked = asked;
            return true;
        }
    }
    return false;
}

struct cepa_time cepa_control_deadline(const struct cepa_control *control)
{
    struct cepa_time deadline = cepa_time_never();
    for (size_t i = 0; i < control->used; i++) {
        const struct client *client = &control->clients[i];
        if (client->fd < 0) {
            continue;
        }
        if (client->every_ms > 0) {
            deadline = cepa_time_earliest(deadline, client->next);
        }
        if (!is_waiting(client) || client->output_len > 0) {
            deadline = cepa_time_earliest(
                deadline,
                cepa_time_add(client->moved, (CEPA_CONTROL_IDLE_SECONDS + 1) * CEPA_SECOND_NS));
        }
    }
    return deadline;
}

/* True if somebody listens at this address. */
static bool is_answered(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool is_alive = fd >= 0 && (connect(fd, (const struct sockaddr *)(const void *)address,
                                        sizeof *address) == 0 ||
                                errno == EAGAIN);
    if (fd >= 0) {
        close(fd);
    }
    return is_alive;
}

static int listen_at(struct cepa_control *control, struct cepa_reason *ret_reason, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct stat facts;
    size_t len = strlen(path);
    if (len >= sizeof address.sun_path) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_SYSTEM, "%s is too long for a socket", path);
    }
    memcpy(address.sun_path, path, len + 1);
    memcpy(control->path, path, len + 1);
    if (lstat(path, &facts) == 0) {
        bool is_socket = S_ISSOCK(facts.st_mode);
        if (!is_socket || is_answered(&address)) {
            control->path[0] = '\0';
            return cepa_reason_fail(ret_reason, CEPA_ERR_IN_USE,
                                    is_socket ? "a daemon answers at %s already; stop that one, or "
                                                "name another socket by 'control'"
                                              : "%s is there already, and is no socket that was "
                                                "left behind",
                                    path);
        }
        (void)unlink(path);
    }
    control->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    mode_t before = umask(0177);
    bool is_bound = control->fd >= 0 &&
                    bind(control->fd, (struct sockaddr *)(void *)&address, sizeof address) == 0;
    (void)umask(before);
    if (!is_bound || listen(control->fd, CEPA_CONTROL_CLIENTS_MAX) != 0 ||
        cepa_loop_add(control->loop, control->fd, control->first_number, CEPA_LOOP_READ) != 0) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_SYSTEM, "%s cannot be listened at: %s", path,
                                strerror(errno));
    }
    return 0;
}

int cepa_control_open(struct cepa_control **ret_control, struct cepa_reason *ret_reason,
                      const char *path, struct cepa_loop *loop, uint64_t first_number)
{
    struct cepa_control *control = calloc(1, sizeof *control);
    if (control == NULL) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_EXHAUSTED, "there is not enough memory");
    }
    control->loop = loop;
    control->first_number = first_number;
    control->fd = -1;
    for (size_t i = 0; i < CEPA_CONTROL_CLIENTS_MAX; i++) {
        control->clients[i].fd = -1;
    }
    int status = listen_at(control, ret_reason, path);
    if (status != 0) {
        if (control->fd >= 0) {
            close(control->fd);
        }
        free(control);
        return status;
    }
    *ret_control = control;
    return 0;
}

void cepa_control_close(struct cepa_control *control)
{
    if (control == NULL) {
        return;
    }
    for (size_t i = 0; i < CEPA_CONTROL_CLIENTS_MAX; i++) {
        if (control->clients[i].fd >= 0) {
            drop(control, &control->clients[i]);
        }
    }
    cepa_loop_remove(control->loop, control->fd, control->first_number);
    close(control->fd);
    (void)unlink(control->path);
    free(control);
}
