/* Leaving a message in mailboxes: all of it goes to the daemon at once, with the request. */
#define _GNU_SOURCE
#include "native/client/send_letter.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "native/daemon/control_client.h"
#include "native/net/clock.h"

enum { WAIT_MS = 200, PATIENCE_SECONDS = 180 /* the daemon tells sooner, in any case */ };

static bool set_text(char *ret_text, size_t capacity, const char *text)
{
    size_t len = text != NULL ? strlen(text) : 0;
    if (len >= capacity) {
        return false;
    }
    memcpy(ret_text, text != NULL ? text : "", len + 1);
    return true;
}

/* Sends the request with a socket in which the whole body stands. */
static int ask(struct cepa_control_client *client, struct cepa_reason *ret_reason,
               const struct cepa_control_request *request, const uint8_t *body, size_t body_len)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_SYSTEM, "no socket can be made: %s",
                                strerror(errno));
    }
    int status =
        send(pair[0], body, body_len, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)body_len &&
                shutdown(pair[0], SHUT_WR) == 0
            ? cepa_control_client_send_socket(client, ret_reason, request, pair[1])
            : cepa_reason_fail(ret_reason, CEPA_ERR_SYSTEM,
                               "the daemon cannot be given the message: %s", strerror(errno));
    close(pair[0]);
    close(pair[1]);
    return status;
}

/* Waits for what came of it. */
static int await(struct cepa_client_left *ret_left, struct cepa_control_client *client,
                 struct cepa_reason *ret_reason, const struct cepa_client_sending *sending)
{
    struct cepa_time until = cepa_time_add(cepa_clock_now(), PATIENCE_SECONDS * CEPA_SECOND_NS);
    while (cepa_time_is_before(cepa_clock_now(), until)) {
        cJSON *answer = NULL;
        int status = cepa_control_client_receive(client, &answer, ret_reason, WAIT_MS);
        const cJSON *mailboxes = cJSON_GetObjectItemCaseSensitive(answer, "mailboxes");
        const cJSON *days = cJSON_GetObjectItemCaseSensitive(answer, "days");
        bool is_left = status == 0 && cJSON_IsNumber(mailboxes) && cJSON_IsNumber(days);
        if (is_left) {
            ret_left->mailboxes = (uint32_t)mailboxes->valuedouble;
            ret_left->days = (uint32_t)days->valuedouble;
        }
        cJSON_Delete(answer);
        if (is_left || (status != 0 && status != CEPA_ERR_TIMEOUT)) {
            return status;
        }
        if (!cepa_client_pause(sending, 0)) {
            return cepa_reason_fail(ret_reason, CEPA_ERR_DROPPED, "interrupted");
        }
    }
    return cepa_reason_fail(ret_reason, CEPA_ERR_TIMEOUT, "no mailbox answers");
}

int cepa_client_leave(struct cepa_client_left *ret_left, struct cepa_reason *ret_reason,
                      const struct cepa_client_sending *sending, const uint8_t *body,
                      size_t body_len)
{
    struct cepa_control_request request = {.kind = CEPA_CONTROL_LEAVE, .stream = 1};
    struct cepa_control_client client;
    if (!set_text(request.address, sizeof request.address, sending->address) ||
        !set_text(request.identity, sizeof request.identity, sending->as)) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_TOO_LONG, "the address or a name is too long");
    }
    int status = cepa_control_client_open(&client, ret_reason, sending->control);
    if (status != 0) {
        return status;
    }
    status = ask(&client, ret_reason, &request, body, body_len);
    if (status == 0) {
        status = await(ret_left, &client, ret_reason, sending);
    }
    cepa_control_client_close(&client);
    return status;
}
