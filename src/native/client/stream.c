/* A stream to an address, as a command sees it. */
#define _GNU_SOURCE
#include "native/client/stream.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "native/net/clock.h"

enum { ANSWER_MS = 5000 };

/* A pair of sockets: [0] is ours and does not block. */
static int make_pair(int ret_pair[2])
{
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ret_pair) != 0) {
        return CEPA_ERR_SYSTEM;
    }
    int flags = fcntl(ret_pair[0], F_GETFL);
    if (flags >= 0 && fcntl(ret_pair[0], F_SETFL, flags | O_NONBLOCK) == 0) {
        return 0;
    }
    close(ret_pair[0]);
    close(ret_pair[1]);
    return CEPA_ERR_SYSTEM;
}

static bool set_text(char *ret_text, size_t capacity, const char *text)
{
    size_t len = text != NULL ? strlen(text) : 0;
    if (len >= capacity) {
        return false;
    }
    memcpy(ret_text, text != NULL ? text : "", len + 1);
    return true;
}

int cepa_client_stream_open(struct cepa_client_stream *ret_stream, struct cepa_reason *ret_reason,
                            const char *control, const char *address, const char *as,
                            const char *isolate)
{
    struct cepa_control_request request = {.kind = CEPA_CONTROL_CONNECT, .stream = 1};
    struct cepa_client_stream stream;
    int pair[2];
    memset(&stream, 0, sizeof stream);
    if (!set_text(request.address, sizeof request.address, address) ||
        !set_text(request.identity, sizeof request.identity, as) ||
        !set_text(request.isolate, sizeof request.isolate, isolate)) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_TOO_LONG, "the address or a name is too long");
    }
    int status = cepa_control_client_open(&stream.client, ret_reason, control);
    if (status != 0) {
        return status;
    }
    if (make_pair(pair) != 0) {
        cepa_control_client_close(&stream.client);
        return cepa_reason_fail(ret_reason, CEPA_ERR_SYSTEM, "no socket can be made: %s",
                                strerror(errno));
    }
    status = cepa_control_client_send_socket(&stream.client, ret_reason, &request, pair[1]);
    close(pair[1]);
    stream.fd = pair[0];
    if (status != 0) {
        cepa_client_stream_close(&stream);
        return status;
    }
    *ret_stream = stream;
    return 0;
}

void cepa_client_stream_close(struct cepa_client_stream *stream)
{
    cepa_control_client_close(&stream->client);
    close(stream->fd);
    stream->fd = -1;
}

static void take_event(struct cepa_client_stream *stream, const char *event, const cJSON *why)
{
    if (strcmp(event, "opening") == 0) {
        stream->is_begun = true;
    } else if (strcmp(event, "ready") == 0) {
        stream->is_ready = true;
    } else if (strcmp(event, "cut") == 0) {
        stream->is_cut = true;
        stream->cut = cepa_clock_now();
    } else if (strcmp(event, "mended") == 0) {
        stream->is_cut = false;
    } else if (strcmp(event, "delivered") == 0) {
        stream->is_delivered = true;
    } else if (strcmp(event, "ended") == 0) {
        stream->is_over = true;
        if (cJSON_IsString(why)) {
            cepa_reason_set(&stream->why, "the session is lost: %s", why->valuestring);
        }
    }
}

static void take_news(struct cepa_client_stream *stream)
{
    do {
        cJSON *answer = NULL;
        int status = cepa_control_client_receive(&stream->client, &answer, &stream->why, ANSWER_MS);
        const cJSON *event = cJSON_GetObjectItemCaseSensitive(answer, "event");
        if (status != 0) {
            stream->is_over = true;
        } else if (cJSON_IsString(event)) {
            take_event(stream, event->valuestring, cJSON_GetObjectItemCaseSensitive(answer, "why"));
        }
        cJSON_Delete(answer);
    } while (!stream->is_over && cepa_control_client_has_line(&stream->client));
}

void cepa_client_stream_wait(struct cepa_client_stream *stream, bool wants_room, int wait_ms)
{
    struct pollfd fds[2] = {
        {stream->fd, (short)(POLLIN | (wants_room ? POLLOUT : 0)), 0},
        {stream->client.fd, POLLIN, 0},
    };
    if (poll(fds, stream->is_over ? 1 : 2, wait_ms) > 0 && !stream->is_over &&
        fds[1].revents != 0) {
        take_news(stream);
    }
}
