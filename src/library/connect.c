/* Streams to others: one connection with the node for all of a handle's, which tells of them. */
#define _GNU_SOURCE
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "library/handle.h"
#include "native/proxy/names.h"

enum { TIMEOUT_MS = 60000 };

/* A stream that is being made. */
struct attempt {
    struct cepa_control_request request;
    uint64_t begin_ms;
    int timeout_ms;
    bool is_ready; /* it stands, and is to be taken */
    bool is_taken;
    int result; /* 0, or what has ended it */
};

void cepa_library_forget(struct cepa *cepa)
{
    struct cepa_waiting_event *next;
    for (struct cepa_waiting_event *event = cepa->first; event != NULL; event = next) {
        next = event->next;
        free(event);
    }
    cepa->first = NULL;
    if (cepa->is_connected) {
        cepa_control_client_close(&cepa->control);
        cepa->is_connected = false;
    }
}

/* --- events ----------------------------------------------------------------------------------- */

/* Keeps an event. Where memory lacks it is lost: the stream's descriptor tells the same. */
static void keep(struct cepa *cepa, int kind, uint32_t stream, int failure, const char *reason)
{
    struct cepa_waiting_event *event = calloc(1, sizeof *event);
    if (event == NULL) {
        return;
    }
    event->event.kind = kind;
    event->event.stream = stream;
    event->event.failure = failure;
    (void)snprintf(event->event.reason, sizeof event->event.reason, "%.*s",
                   (int)sizeof event->event.reason - 1, reason);
    if (cepa->first == NULL) {
        cepa->first = event;
    } else {
        cepa->last->next = event;
    }
    cepa->last = event;
}

static uint32_t stream_of(const cJSON *line)
{
    const cJSON *number = cJSON_GetObjectItemCaseSensitive(line, "stream");
    return cJSON_IsNumber(number) && number->valuedouble >= 0 && number->valuedouble <= UINT32_MAX
               ? (uint32_t)number->valuedouble
               : 0;
}

/* Keeps what a line tells of a stream that stands. */
static void take_line(struct cepa *cepa, const cJSON *line)
{
    static const char *const names[] = {
        [CEPA_EVENT_CUT] = "cut",
        [CEPA_EVENT_MENDED] = "mended",
        [CEPA_EVENT_DELIVERED] = "delivered",
        [CEPA_EVENT_ENDED] = "ended",
    };
    const char *name = cepa_library_text(line, "event");
    for (int kind = CEPA_EVENT_CUT; kind <= CEPA_EVENT_ENDED; kind++) {
        if (strcmp(name, names[kind]) == 0) {
            const char *why = kind == CEPA_EVENT_ENDED ? cepa_library_text(line, "why") : "";
            keep(cepa, kind, stream_of(line), why[0] != '\0' ? CEPA_FAIL_UNREACHABLE : 0, why);
        }
    }
}

/* The node is gone: so are its streams. */
static void lose(struct cepa *cepa)
{
    struct cepa_reason reason = cepa->reason;
    cepa_control_client_close(&cepa->control);
    cepa->is_connected = false;
    keep(cepa, CEPA_EVENT_NODE_LOST, 0, CEPA_FAIL_NO_NODE, reason.text);
}

/* Hears one line. Returns 0, CEPA_FAIL_AGAIN or CEPA_FAIL_NO_NODE. */
static int hear(struct cepa *cepa, cJSON **ret_line, int wait_ms)
{
    int status = cepa_control_client_hear(&cepa->control, ret_line, &cepa->reason, wait_ms);
    if (status == 0) {
        return 0;
    }
    if (status == CEPA_ERR_TIMEOUT) {
        return CEPA_FAIL_AGAIN;
    }
    lose(cepa);
    return CEPA_FAIL_NO_NODE;
}

int cepa_event_fd(const struct cepa *cepa)
{
    return cepa->is_connected ? cepa->control.fd : -1;
}

int cepa_next_event(struct cepa *cepa, struct cepa_event *ret_event, int timeout_ms)
{
    uint64_t begin_ms = cepa_library_now_ms();
    while (cepa->first == NULL) {
        cJSON *line = NULL;
        if (!cepa->is_connected) {
            return cepa_library_fail(cepa, CEPA_FAIL_STATE, "nothing is connected");
        }
        if (hear(cepa, &line, cepa_library_left_ms(begin_ms, timeout_ms)) == CEPA_FAIL_AGAIN) {
            return cepa_library_fail(cepa, CEPA_FAIL_AGAIN, "nothing has happened");
        }
        take_line(cepa, line);
        cJSON_Delete(line);
    }
    struct cepa_waiting_event *event = cepa->first;
    cepa->first = event->next;
    cepa_library_give(ret_event, &event->event, sizeof event->event);
    free(event);
    return 0;
}

/* --- connecting ------------------------------------------------------------------------------- */

static bool set_text(char *ret_text, size_t capacity, const char *text)
{
    return (size_t)snprintf(ret_text, capacity, "%s", text != NULL ? text : "") < capacity;
}

static int describe(struct cepa *cepa, struct attempt *ret_attempt, const char *address,
                    const char *service, const struct cepa_connect_options *options)
{
    struct cepa_control_request *request = &ret_attempt->request;
    struct cepa_connect_options wanted;
    struct cepa_address peer;
    struct cepa_proxy_service name;
    cepa_library_take(&wanted, sizeof wanted, options);
    memset(ret_attempt, 0, sizeof *ret_attempt);
    int result = cepa_library_read_address(cepa, &peer, address);
    if (result != 0) {
        return result;
    }
    if (service == NULL || cepa_proxy_service_read(&name, service, strlen(service)) != 0) {
        return cepa_library_fail(cepa, CEPA_FAIL_ARGUMENT,
                                 "the name of a service has 1 to 63 letters, digits and hyphens");
    }
    if (!set_text(request->identity, sizeof request->identity, wanted.as) ||
        !set_text(request->isolate, sizeof request->isolate, wanted.isolate)) {
        return cepa_library_fail(cepa, CEPA_FAIL_ARGUMENT,
                                 "the name of the identity or the word of isolation is too long");
    }
    request->kind = CEPA_CONTROL_CONNECT;
    cepa_address_write(request->address, &peer);
    (void)snprintf(request->service, sizeof request->service, "%s", name.text);
    ret_attempt->begin_ms = cepa_library_now_ms();
    ret_attempt->timeout_ms = wanted.timeout_ms > 0 && wanted.timeout_ms <= INT32_MAX
                                  ? (int)wanted.timeout_ms
                                  : TIMEOUT_MS;
    return 0;
}

/* Sends a request; a connection that the node has given up, or that was to one that runs no more,
 * is replaced once. */
static int ask(struct cepa *cepa, const struct cepa_control_request *request)
{
    for (int tries = 0; tries < 2; tries++) {
        if (!cepa->is_connected) {
            int status =
                cepa_control_client_open(&cepa->control, &cepa->reason, cepa->config.control);
            if (status != 0) {
                return CEPA_FAIL_NO_NODE;
            }
            cepa->is_connected = true;
        }
        int status = cepa_control_client_send(&cepa->control, &cepa->reason, request);
        if (status != CEPA_ERR_SYSTEM) {
            return cepa_library_result(status);
        }
        lose(cepa);
    }
    return CEPA_FAIL_NO_NODE;
}

/* Hands the node its end of a pair. */
static int take(struct cepa *cepa, struct attempt *attempt, int *ret_fd)
{
    struct cepa_control_request request = {.kind = CEPA_CONTROL_TAKE,
                                           .stream = attempt->request.stream};
    int pair[2];
    int result = cepa_library_pair(cepa, pair);
    if (result != 0) {
        return result;
    }
    int status = cepa_control_client_send_socket(&cepa->control, &cepa->reason, &request, pair[1]);
    close(pair[1]);
    *ret_fd = pair[0];
    return status == 0 ? 0 : CEPA_FAIL_NO_NODE;
}

/* What a line says of the attempt; others' events are kept. */
static void judge(struct cepa *cepa, struct attempt *attempt, const cJSON *line)
{
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(line, "error");
    const char *event = cepa_library_text(line, "event");
    if (stream_of(line) != attempt->request.stream) {
        take_line(cepa, line);
    } else if (!cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(line, "ok"))) {
        int failure =
            cepa_library_result(cJSON_IsNumber(error) ? (int)error->valuedouble : CEPA_ERR_STATE);
        attempt->result = cepa_library_fail(cepa, failure != 0 ? failure : CEPA_FAIL_STATE, "%s",
                                            cepa_library_text(line, "reason"));
    } else if (strcmp(event, "ready") == 0) {
        attempt->is_ready = true;
    } else if (strcmp(event, "ended") == 0) {
        attempt->result = cepa_library_fail(cepa, CEPA_FAIL_UNREACHABLE, "the session is lost: %s",
                                            cepa_library_text(line, "why"));
    } else if (event[0] == '\0' && attempt->is_ready) {
        attempt->is_taken = true;
    } else {
        take_line(cepa, line);
    }
}

/* Gives up what did not come about. */
static void withdraw(struct cepa *cepa, const struct attempt *attempt)
{
    const struct cepa_control_request request = {.kind = CEPA_CONTROL_REFUSE,
                                                 .stream = attempt->request.stream};
    struct cepa_reason reason;
    if (cepa->is_connected) {
        (void)!cepa_control_client_send(&cepa->control, &reason, &request);
    }
}

/* Lets the attempt come to its end; `*ret_fd` is set if it was taken. */
static int pursue(struct cepa *cepa, struct attempt *attempt, int *ret_fd)
{
    while (attempt->result == 0 && !attempt->is_taken) {
        cJSON *line = NULL;
        int left_ms = cepa_library_left_ms(attempt->begin_ms, attempt->timeout_ms);
        int result = hear(cepa, &line, left_ms);
        if (result == CEPA_FAIL_AGAIN) {
            return cepa_library_fail(cepa, CEPA_FAIL_TIMEOUT,
                                     "the other end does not answer; it may be away");
        }
        if (result != 0) {
            return result;
        }
        judge(cepa, attempt, line);
        cJSON_Delete(line);
        if (attempt->is_ready && *ret_fd < 0) {
            attempt->result = take(cepa, attempt, ret_fd);
        }
    }
    return attempt->result;
}

int cepa_connect(struct cepa *cepa, int *ret_fd, uint32_t *ret_stream, const char *address,
                 const char *service, const struct cepa_connect_options *options)
{
    struct attempt attempt;
    int fd = -1;
    int result = describe(cepa, &attempt, address, service, options);
    if (result != 0) {
        return result;
    }
    cepa->streams++;
    attempt.request.stream = cepa->streams;
    result = ask(cepa, &attempt.request);
    if (result == 0) {
        result = pursue(cepa, &attempt, &fd);
    }
    if (result == 0) {
        *ret_fd = fd;
        if (ret_stream != NULL) {
            *ret_stream = attempt.request.stream;
        }
        return 0;
    }
    if (fd >= 0) {
        close(fd);
    }
    withdraw(cepa, &attempt);
    return result;
}
