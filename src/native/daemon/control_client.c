/* Asking a daemon. */
#define _GNU_SOURCE
#include "native/daemon/control_client.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "native/daemon/control.h"

enum { ANSWER_MAX = CEPA_CONTROL_UNSENT_MAX + 1, WAIT_MS = 10000 };

int cepa_control_client_open(struct cepa_control_client *ret_client, struct cepa_reason *ret_reason,
                             const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t len = strlen(path);
    if (len >= sizeof address.sun_path) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_SYSTEM, "%s is too long for a socket", path);
    }
    memcpy(address.sun_path, path, len + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)(void *)&address, sizeof address) == 0) {
        struct cepa_control_client client = {fd, NULL, 0, 0};
        *ret_client = client;
        return 0;
    }
    int cause = errno;
    if (fd >= 0) {
        close(fd);
    }
    if (cause == ENOENT || cause == ECONNREFUSED || cause == ENOTDIR) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_UNREACHABLE,
                                "no daemon is running here (%s); start it with 'cepa up'", path);
    }
    if (cause == EACCES || cause == EPERM) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_UNREACHABLE,
                                "%s belongs to another user; ask as that user", path);
    }
    return cepa_reason_fail(ret_reason, CEPA_ERR_SYSTEM, "%s cannot be reached: %s", path,
                            strerror(cause));
}

void cepa_control_client_close(struct cepa_control_client *client)
{
    close(client->fd);
    free(client->input);
    client->fd = -1;
    client->input = NULL;
}

int cepa_control_client_send_socket(struct cepa_control_client *client,
                                    struct cepa_reason *ret_reason,
                                    const struct cepa_control_request *request, int socket)
{
    char line[CEPA_CONTROL_LINE_MAX + 2];
    union {
        struct cmsghdr header; /* for its alignment */
        char bytes[CMSG_SPACE(sizeof(int))];
    } sockets;
    if (cepa_control_request_encode(line, sizeof line, request) != 0) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_TOO_LONG, "the request is too long");
    }
    memset(&sockets, 0, sizeof sockets);
    struct iovec bytes = {line, strlen(line)};
    struct msghdr message = {.msg_iov = &bytes, .msg_iovlen = 1};
    if (socket >= 0) {
        message.msg_control = sockets.bytes;
        message.msg_controllen = sizeof sockets.bytes;
        struct cmsghdr *part = CMSG_FIRSTHDR(&message);
        part->cmsg_level = SOL_SOCKET;
        part->cmsg_type = SCM_RIGHTS;
        part->cmsg_len = CMSG_LEN(sizeof socket);
        memcpy(CMSG_DATA(part), &socket, sizeof socket);
    }
    ssize_t sent = sendmsg(client->fd, &message, MSG_NOSIGNAL);
    return sent == (ssize_t)bytes.iov_len
               ? 0
               : cepa_reason_fail(ret_reason, CEPA_ERR_SYSTEM, "the daemon cannot be asked: %s",
                                  strerror(errno));
}

int cepa_control_client_send(struct cepa_control_client *client, struct cepa_reason *ret_reason,
                             const struct cepa_control_request *request)
{
    return cepa_control_client_send_socket(client, ret_reason, request, -1);
}

/* Receives more of the answer. */
static int receive_more(struct cepa_control_client *client, struct cepa_reason *ret_reason,
                        int wait_ms)
{
    struct pollfd fd = {client->fd, POLLIN, 0};
    if (client->input_len == client->capacity) {
        size_t capacity = client->capacity == 0 ? 16384 : 2 * client->capacity;
        char *input = capacity <= 2 * ANSWER_MAX ? realloc(client->input, capacity) : NULL;
        if (input == NULL) {
            return cepa_reason_fail(ret_reason, CEPA_ERR_SYSTEM, "the answer is too long");
        }
        client->input = input;
        client->capacity = capacity;
    }
    int ready = poll(&fd, 1, wait_ms);
    if (ready == 0) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_TIMEOUT,
                                "the daemon did not answer in %d s; its log may say why",
                                wait_ms / 1000);
    }
    ssize_t got = ready < 0 ? -1
                            : recv(client->fd, client->input + client->input_len,
                                   client->capacity - client->input_len, 0);
    if (got <= 0 && !(got < 0 && errno == EINTR)) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_SYSTEM, "the daemon has ended");
    }
    client->input_len += got > 0 ? (size_t)got : 0;
    return 0;
}

static const char strange[] = "what answers there does not speak as a daemon of cepa does";

int cepa_control_client_hear(struct cepa_control_client *client, struct cJSON **ret_object,
                             struct cepa_reason *ret_reason, int wait_ms)
{
    char *end = NULL;
    for (;;) {
        end = client->input_len > 0 ? memchr(client->input, '\n', client->input_len) : NULL;
        if (end != NULL) {
            break;
        }
        int status = receive_more(client, ret_reason, wait_ms);
        if (status != 0) {
            return status;
        }
    }
    size_t len = (size_t)(end - client->input);
    cJSON *object = cJSON_ParseWithLength(client->input, len);
    client->input_len -= len + 1;
    memmove(client->input, end + 1, client->input_len);
    if (!cJSON_IsBool(cJSON_GetObjectItemCaseSensitive(object, "ok"))) {
        cJSON_Delete(object);
        return cepa_reason_fail(ret_reason, CEPA_ERR_MALFORMED, "%s", strange);
    }
    *ret_object = object;
    return 0;
}

int cepa_control_client_receive(struct cepa_control_client *client, struct cJSON **ret_answer,
                                struct cepa_reason *ret_reason, int wait_ms)
{
    cJSON *answer = NULL;
    int status = cepa_control_client_hear(client, &answer, ret_reason, wait_ms);
    if (status != 0) {
        return status;
    }
    const cJSON *reason = cJSON_GetObjectItemCaseSensitive(answer, "reason");
    if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(answer, "ok"))) {
        *ret_answer = answer;
        return 0;
    }
    status = cJSON_IsString(reason)
                 ? cepa_reason_fail(ret_reason, CEPA_ERR_STATE, "%s", reason->valuestring)
                 : cepa_reason_fail(ret_reason, CEPA_ERR_MALFORMED, "%s", strange);
    cJSON_Delete(answer);
    return status;
}

bool cepa_control_client_has_line(const struct cepa_control_client *client)
{
    return client->input_len > 0 && memchr(client->input, '\n', client->input_len) != NULL;
}

int cepa_control_ask(struct cJSON **ret_answer, struct cepa_reason *ret_reason, const char *path,
                     const struct cepa_control_request *request)
{
    struct cepa_control_client client = {.fd = -1};
    int status = cepa_control_client_open(&client, ret_reason, path);
    if (status != 0) {
        return status;
    }
    status = cepa_control_client_send(&client, ret_reason, request);
    if (status == 0) {
        status = cepa_control_client_receive(&client, ret_answer, ret_reason, WAIT_MS);
    }
    cepa_control_client_close(&client);
    return status;
}
