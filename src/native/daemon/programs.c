/* Local programs that use streams. */
#include "native/daemon/programs.h"

#include <cjson/cJSON.h>

#include "service/mailbox.h"

bool cepa_programs_is_here(void *control, uint64_t client)
{
    return cepa_control_is_here(control, client);
}

/* Tells why a stream never was. */
static void tell_failure(struct cepa_control *control, uint64_t client, uint64_t stream,
                         const char *reason, int error)
{
    cJSON *object = cJSON_CreateObject();
    if (cJSON_AddFalseToObject(object, "ok") != NULL &&
        cJSON_AddNumberToObject(object, "stream", (double)stream) != NULL &&
        cJSON_AddStringToObject(object, "reason", reason) != NULL &&
        cJSON_AddNumberToObject(object, "error", error) != NULL) {
        cepa_control_tell(control, client, object);
    }
    cJSON_Delete(object);
}

/* What an error of a session means to its user. */
static const char *reason_of(int error)
{
    switch (error) {
    case CEPA_ERR_DROPPED:
        return "the other end does not offer this, or not to you";
    case CEPA_ERR_NOT_FOUND:
        return "nobody can be found at this address: it is not published, or its owner has been "
               "away for long";
    case CEPA_ERR_TIMEOUT:
        return "the other end does not answer; it may be away";
    case CEPA_ERR_UNREACHABLE:
        return "no relay leads to the other end now";
    case CEPA_ERR_UNSUPPORTED:
        return "the other end has no mailbox, or not yet";
    default:
        return cepa_error_text(error);
    }
}

static bool add_incoming(cJSON *object, const struct cepa_streams_notice *notice)
{
    char peer[CEPA_ADDRESS_TEXT_SIZE];
    cepa_address_write(peer, &notice->peer);
    return cJSON_AddStringToObject(object, "service", notice->service) != NULL &&
           (notice->has_peer ? cJSON_AddStringToObject(object, "from", peer)
                             : cJSON_AddNullToObject(object, "from")) != NULL;
}

void cepa_programs_tell(void *control, const struct cepa_streams_notice *notice)
{
    static const char *const events[] = {
        [CEPA_STREAMS_OPENING] = "opening",   [CEPA_STREAMS_READY] = "ready",
        [CEPA_STREAMS_CUT] = "cut",           [CEPA_STREAMS_MENDED] = "mended",
        [CEPA_STREAMS_ENDED] = "ended",       [CEPA_STREAMS_DELIVERED] = "delivered",
        [CEPA_STREAMS_INCOMING] = "incoming", [CEPA_STREAMS_LEFT] = "left"};
    if (notice->event == CEPA_STREAMS_FAILED) {
        tell_failure(control, notice->client, notice->stream,
                     notice->is_silent ? "the other end's service does not answer it"
                                       : reason_of(notice->error),
                     notice->error);
        return;
    }
    cJSON *object = cJSON_CreateObject();
    bool is_whole = cJSON_AddTrueToObject(object, "ok") != NULL &&
                    cJSON_AddNumberToObject(object, "stream", (double)notice->stream) != NULL &&
                    cJSON_AddStringToObject(object, "event", events[notice->event]) != NULL;
    if (is_whole && notice->event == CEPA_STREAMS_INCOMING) {
        is_whole = add_incoming(object, notice);
    }
    if (is_whole && notice->event == CEPA_STREAMS_LEFT) {
        is_whole = cJSON_AddNumberToObject(object, "mailboxes", notice->mailboxes) != NULL &&
                   cJSON_AddNumberToObject(object, "days", CEPA_MAILBOX_DAYS) != NULL;
    }
    if (is_whole && notice->event == CEPA_STREAMS_ENDED && notice->error != 0) {
        is_whole = cJSON_AddStringToObject(object, "why",
                                           notice->error == CEPA_ERR_DROPPED
                                               ? "the other end has ended it"
                                               : reason_of(notice->error)) != NULL;
    }
    if (is_whole) {
        cepa_control_tell(control, notice->client, object);
    }
    cJSON_Delete(object);
}

/* Answers a request about a stream. */
static void answer(struct cepa_control *control, const struct cepa_control_asked *asked, int status,
                   const char *reason)
{
    cJSON *object = cJSON_CreateObject();
    if (status != 0) {
        tell_failure(control, asked->serial, asked->request.stream, reason, status);
    } else if (cJSON_AddNumberToObject(object, "stream", asked->request.stream) != NULL) {
        cepa_control_answer(control, asked->client, object);
    }
    cJSON_Delete(object);
}

/* Lets a program listen, and tells it where. */
static void listen(struct cepa_engine *engine, struct cepa_control *control,
                   const struct cepa_control_asked *asked)
{
    struct cepa_reason reason = {""};
    struct cepa_address address;
    char text[CEPA_ADDRESS_TEXT_SIZE];
    if (cepa_engine_listen(engine, &address, &reason, asked->serial, &asked->request) != 0) {
        cepa_control_refuse(control, asked->client, reason.text);
        return;
    }
    cJSON *object = cJSON_CreateObject();
    cepa_address_write(text, &address);
    if (cJSON_AddStringToObject(object, "address", text) != NULL) {
        cepa_control_answer(control, asked->client, object);
    }
    cJSON_Delete(object);
}

bool cepa_programs_give(struct cepa_engine *engine, struct cepa_control *control,
                        const struct cepa_control_asked *asked)
{
    const struct cepa_control_request *request = &asked->request;
    struct cepa_reason reason = {""};
    int status;
    switch ((unsigned)request->kind) {
    case CEPA_CONTROL_CONNECT:
        status = cepa_engine_connect(engine, &reason, asked->serial, request, asked->socket);
        if (status != 0) {
            tell_failure(control, asked->serial, request->stream, reason.text, status);
        }
        return true;
    case CEPA_CONTROL_LEAVE:
        status = cepa_engine_leave(engine, &reason, asked->serial, request, asked->socket);
        if (status != 0) {
            tell_failure(control, asked->serial, request->stream, reason.text, status);
        }
        return true;
    case CEPA_CONTROL_LISTEN:
        listen(engine, control, asked);
        return true;
    case CEPA_CONTROL_TAKE:
        status = cepa_engine_take(engine, &reason, asked->serial, request->stream, asked->socket);
        answer(control, asked, status, reason.text);
        return true;
    case CEPA_CONTROL_REFUSE:
        status =
            cepa_engine_refuse(engine, &reason, asked->serial, request->stream, request->is_denied);
        answer(control, asked, status, reason.text);
        return true;
    default:
        return false;
    }
}
