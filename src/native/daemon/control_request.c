/* Requests of the control socket. */
#define _GNU_SOURCE
#include "native/daemon/control_request.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char *const kinds[] = {"status", "watch",  "invite", "join",         "id",   "metrics",
                                    "ping",   "pinged", "speed",  "speed_result", "talk", "stop"};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

static int refuse(struct cepa_reason *ret_reason, const char *why)
{
    return cepa_reason_fail(ret_reason, CEPA_ERR_MALFORMED, "%s", why);
}

static int take_kind(struct cepa_control_request *request, struct cepa_reason *ret_reason,
                     const char *word)
{
    for (size_t i = 0; i < KINDS; i++) {
        if (strcmp(kinds[i], word) == 0) {
            request->kind = (enum cepa_control_kind)i;
            return 0;
        }
    }
    return refuse(ret_reason, "there is no such thing to do");
}

/* Which fields were there. */
struct fields {
    const cJSON *what;
    const cJSON *every;
    const cJSON *invitation;
    const cJSON *count;
    const cJSON *hops;
    const cJSON *megabytes;
    const cJSON *download;
    const cJSON *lasting;
};

static int sort(struct fields *fields, struct cepa_reason *ret_reason, const cJSON *object)
{
    const cJSON *field;
    cJSON_ArrayForEach(field, object)
    {
        const cJSON **place = strcmp(field->string, "do") == 0           ? &fields->what
                              : strcmp(field->string, "every_ms") == 0   ? &fields->every
                              : strcmp(field->string, "invitation") == 0 ? &fields->invitation
                              : strcmp(field->string, "count") == 0      ? &fields->count
                              : strcmp(field->string, "hops") == 0       ? &fields->hops
                              : strcmp(field->string, "megabytes") == 0  ? &fields->megabytes
                              : strcmp(field->string, "download") == 0   ? &fields->download
                              : strcmp(field->string, "for_ms") == 0     ? &fields->lasting
                                                                         : NULL;
        if (place == NULL) {
            return refuse(ret_reason, "the request has a field that is not known");
        }
        if (*place != NULL) {
            return refuse(ret_reason, "the request has a field twice");
        }
        *place = field;
    }
    return 0;
}

/* Takes a number from `least` to `most`; one that is not there stays as it is. */
static bool take_number(uint32_t *ret_number, const cJSON *field, uint32_t least, uint32_t most)
{
    if (field == NULL) {
        return true;
    }
    double number = cJSON_IsNumber(field) ? field->valuedouble : -1;
    if (!(number >= least && number <= most)) {
        return false;
    }
    *ret_number = (uint32_t)number;
    return true;
}

static int take_numbers(struct cepa_control_request *request, struct cepa_reason *ret_reason,
                        const struct fields *fields)
{
    if (!take_number(&request->every_ms, fields->every,
                     request->kind == CEPA_CONTROL_TALK ? 0 : CEPA_CONTROL_EVERY_MIN_MS,
                     CEPA_CONTROL_EVERY_MAX_MS)) {
        return refuse(ret_reason, "every_ms is a number from 100 to 3600000");
    }
    if (!take_number(&request->for_ms, fields->lasting, 0, CEPA_CONTROL_EVERY_MAX_MS)) {
        return refuse(ret_reason, "for_ms is a number up to 3600000");
    }
    if (!take_number(&request->count, fields->count, 1, CEPA_PING_COUNT_MAX) ||
        !take_number(&request->hops, fields->hops, 1, CEPA_PING_HOPS_MAX)) {
        return refuse(ret_reason, "count is a number from 1 to 10000, hops one from 1 to 5");
    }
    if (!take_number(&request->megabytes, fields->megabytes, 1, CEPA_SPEED_MEGABYTES_MAX) ||
        (fields->download != NULL && !cJSON_IsBool(fields->download))) {
        return refuse(ret_reason, "megabytes is a number from 1 to 4000, download true or false");
    }
    request->is_download = cJSON_IsTrue(fields->download);
    return 0;
}

static int take(struct cepa_control_request *request, struct cepa_reason *ret_reason,
                const cJSON *object)
{
    struct fields fields = {NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL};
    int status = sort(&fields, ret_reason, object);
    if (status != 0) {
        return status;
    }
    if (fields.what == NULL || !cJSON_IsString(fields.what)) {
        return refuse(ret_reason, "the request does not say what to do");
    }
    status = take_kind(request, ret_reason, fields.what->valuestring);
    if (status != 0) {
        return status;
    }
    bool is_talk = request->kind == CEPA_CONTROL_TALK;
    if ((fields.every != NULL) != (request->kind == CEPA_CONTROL_WATCH || is_talk) ||
        (fields.lasting != NULL) != is_talk ||
        (fields.invitation != NULL) != (request->kind == CEPA_CONTROL_JOIN) ||
        (fields.count != NULL) != (request->kind == CEPA_CONTROL_PING) ||
        (fields.hops != NULL) != (request->kind == CEPA_CONTROL_PING ||
                                  request->kind == CEPA_CONTROL_SPEED || is_talk) ||
        (fields.megabytes != NULL) != (request->kind == CEPA_CONTROL_SPEED) ||
        (fields.download != NULL) != (request->kind == CEPA_CONTROL_SPEED)) {
        return refuse(ret_reason, "the request has a field too many, or lacks one");
    }
    status = take_numbers(request, ret_reason, &fields);
    if (status != 0) {
        return status;
    }
    if (fields.invitation != NULL) {
        const char *text = cJSON_IsString(fields.invitation) ? fields.invitation->valuestring : "";
        size_t len = strlen(text);
        if (len == 0 || len >= sizeof request->invitation) {
            return refuse(ret_reason, "an invitation is a text of at most 1023 characters");
        }
        memcpy(request->invitation, text, len + 1);
    }
    return 0;
}

int cepa_control_request_decode(struct cepa_control_request *ret_request,
                                struct cepa_reason *ret_reason, const char *line, size_t line_len)
{
    struct cepa_control_request request;
    memset(&request, 0, sizeof request);
    if (line_len > CEPA_CONTROL_LINE_MAX) {
        return refuse(ret_reason, "the request is too long");
    }
    /* The parser would end a text at such a character. */
    if (memchr(line, '\0', line_len) != NULL || memmem(line, line_len, "\\u0000", 6) != NULL) {
        return refuse(ret_reason, "the request has a zero character");
    }
    const char *end = NULL;
    cJSON *object = cJSON_ParseWithLengthOpts(line, line_len, &end, 0);
    while (object != NULL && end < line + line_len && strchr(" \t\r", *end) != NULL) {
        end++;
    }
    int status = cJSON_IsObject(object) && end == line + line_len
                     ? take(&request, ret_reason, object)
                     : refuse(ret_reason, "the request is not one JSON object in one line");
    cJSON_Delete(object);
    if (status == 0) {
        *ret_request = request;
    }
    return status;
}

int cepa_control_request_encode(char *ret_line, size_t capacity,
                                const struct cepa_control_request *request)
{
    cJSON *object = cJSON_CreateObject();
    (void)cJSON_AddStringToObject(object, "do", kinds[request->kind]);
    if (request->kind == CEPA_CONTROL_WATCH) {
        (void)cJSON_AddNumberToObject(object, "every_ms", request->every_ms);
    } else if (request->kind == CEPA_CONTROL_JOIN) {
        (void)cJSON_AddStringToObject(object, "invitation", request->invitation);
    } else if (request->kind == CEPA_CONTROL_PING) {
        (void)cJSON_AddNumberToObject(object, "count", request->count);
        (void)cJSON_AddNumberToObject(object, "hops", request->hops);
    } else if (request->kind == CEPA_CONTROL_SPEED) {
        (void)cJSON_AddNumberToObject(object, "megabytes", request->megabytes);
        (void)cJSON_AddNumberToObject(object, "hops", request->hops);
        (void)cJSON_AddBoolToObject(object, "download", request->is_download);
    } else if (request->kind == CEPA_CONTROL_TALK) {
        (void)cJSON_AddNumberToObject(object, "hops", request->hops);
        (void)cJSON_AddNumberToObject(object, "every_ms", request->every_ms);
        (void)cJSON_AddNumberToObject(object, "for_ms", request->for_ms);
    }
    char *text = cJSON_PrintUnformatted(object);
    cJSON_Delete(object);
    size_t len = text != NULL ? strlen(text) : capacity;
    int status = len + 2 <= capacity && len <= CEPA_CONTROL_LINE_MAX ? 0 : CEPA_ERR_TOO_LONG;
    if (status == 0) {
        snprintf(ret_line, capacity, "%s\n", text);
    }
    cJSON_free(text);
    return status;
}
