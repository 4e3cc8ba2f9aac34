/* Requests of the control socket. */
#define _GNU_SOURCE
#include "native/daemon/control_request.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char *const kinds[] = {
    "status",  "watch",        "invite", "join",   "id",     "metrics", "ping",   "pinged",
    "speed",   "speed_result", "talk",   "link",   "linked", "probe",   "probed", "reload",
    "connect", "listen",       "take",   "refuse", "leave",  "stop"};

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
    const cJSON *node;
    const cJSON *fresh;
    const cJSON *path;
    const cJSON *every_us;
    const cJSON *stream;
    const cJSON *address;
    const cJSON *as;
    const cJSON *identity;
    const cJSON *isolate;
    const cJSON *service;
    const cJSON *denied;
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
                              : strcmp(field->string, "node") == 0       ? &fields->node
                              : strcmp(field->string, "fresh") == 0      ? &fields->fresh
                              : strcmp(field->string, "path") == 0       ? &fields->path
                              : strcmp(field->string, "every_us") == 0   ? &fields->every_us
                              : strcmp(field->string, "stream") == 0     ? &fields->stream
                              : strcmp(field->string, "address") == 0    ? &fields->address
                              : strcmp(field->string, "as") == 0         ? &fields->as
                              : strcmp(field->string, "identity") == 0   ? &fields->identity
                              : strcmp(field->string, "isolate") == 0    ? &fields->isolate
                              : strcmp(field->string, "service") == 0    ? &fields->service
                              : strcmp(field->string, "denied") == 0     ? &fields->denied
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
    if (!take_number(&request->probe.every_us, fields->every_us, 0, CEPA_PROBE_EVERY_MAX_US)) {
        return refuse(ret_reason, "every_us is a number from 0 to 1000000");
    }
    return 0;
}

/* Reads a node id in lower-case hexadecimal digits. */
static bool take_node(struct cepa_node_id *ret_node, const cJSON *field)
{
    static const char digits[] = "0123456789abcdef";
    const char *text = cJSON_IsString(field) ? field->valuestring : "";
    if (strlen(text) != 2 * sizeof ret_node->bytes) {
        return false;
    }
    for (size_t i = 0; i < 2 * sizeof ret_node->bytes; i++) {
        const char *digit = strchr(digits, text[i]);
        if (digit == NULL) {
            return false;
        }
        ret_node->bytes[i / 2] = (uint8_t)(ret_node->bytes[i / 2] << 4 | (digit - digits));
    }
    return true;
}

static int take_nodes(struct cepa_control_request *request, struct cepa_reason *ret_reason,
                      const struct fields *fields)
{
    bool is_good = fields->node == NULL || take_node(&request->node, fields->node);
    is_good = is_good && (fields->fresh == NULL || cJSON_IsBool(fields->fresh));
    request->is_fresh = cJSON_IsTrue(fields->fresh);
    int len = fields->path != NULL ? cJSON_GetArraySize(fields->path) : 0;
    if (fields->path != NULL &&
        (!cJSON_IsArray(fields->path) || len < 1 || len > CEPA_PROBE_PATH_MAX)) {
        return refuse(ret_reason, "path is a list of 1 to 4 nodes");
    }
    request->probe.count = request->count;
    request->probe.path_len = (uint8_t)len;
    for (int i = 0; i < len && is_good; i++) {
        is_good = take_node(&request->probe.path[i], cJSON_GetArrayItem(fields->path, i));
    }
    return is_good ? 0
                   : refuse(ret_reason, "a node is named by 64 hexadecimal digits; fresh is true "
                                        "or false");
}

/* Takes a text of at least one character; one that is not there stays as it is. */
static bool take_text(char *ret_text, size_t capacity, const cJSON *field)
{
    if (field == NULL) {
        return true;
    }
    const char *text = cJSON_IsString(field) ? field->valuestring : "";
    size_t len = strlen(text);
    if (len == 0 || len >= capacity) {
        return false;
    }
    memcpy(ret_text, text, len + 1);
    return true;
}

static int take_stream(struct cepa_control_request *request, struct cepa_reason *ret_reason,
                       const struct fields *fields)
{
    if (!take_number(&request->stream, fields->stream, 0, UINT32_MAX)) {
        return refuse(ret_reason, "stream is a number up to 4294967295");
    }
    if (fields->denied != NULL && !cJSON_IsBool(fields->denied)) {
        return refuse(ret_reason, "denied is true or false");
    }
    request->is_denied = cJSON_IsTrue(fields->denied);
    bool is_good = take_text(request->address, sizeof request->address, fields->address) &&
                   take_text(request->identity, sizeof request->identity, fields->as) &&
                   take_text(request->identity, sizeof request->identity, fields->identity) &&
                   take_text(request->isolate, sizeof request->isolate, fields->isolate) &&
                   take_text(request->service, sizeof request->service, fields->service);
    return is_good ? 0
                   : refuse(ret_reason, "address, as, identity, isolate and service are texts; one "
                                        "of them is empty, too long or none");
}

/* Whether there are exactly the fields of streams that belong to the kind. */
static bool is_whole_stream(const struct fields *fields, enum cepa_control_kind kind)
{
    bool is_connect = kind == CEPA_CONTROL_CONNECT;
    bool is_out = is_connect || kind == CEPA_CONTROL_LEAVE;
    bool is_listen = kind == CEPA_CONTROL_LISTEN;
    bool has_number = is_out || kind == CEPA_CONTROL_TAKE || kind == CEPA_CONTROL_REFUSE;
    return (fields->stream != NULL) == has_number && (fields->address != NULL) == is_out &&
           (fields->service == NULL ? !is_listen : is_listen || is_connect) &&
           (fields->as == NULL || is_out) && (fields->isolate == NULL || is_connect) &&
           (fields->identity == NULL || is_listen) &&
           (fields->denied == NULL || kind == CEPA_CONTROL_REFUSE);
}

/* Whether there are exactly the fields that belong to the kind. */
static bool is_whole(const struct fields *fields, enum cepa_control_kind kind)
{
    bool is_link = kind == CEPA_CONTROL_LINK;
    bool is_ping = kind == CEPA_CONTROL_PING;
    bool is_probe = kind == CEPA_CONTROL_PROBE;
    bool is_speed = kind == CEPA_CONTROL_SPEED;
    bool is_talk = kind == CEPA_CONTROL_TALK;
    return (fields->every != NULL) == (kind == CEPA_CONTROL_WATCH || is_talk) &&
           (fields->lasting != NULL) == is_talk &&
           (fields->invitation != NULL) == (kind == CEPA_CONTROL_JOIN) &&
           (fields->count != NULL) == (is_ping || is_probe) &&
           (fields->hops != NULL) == (is_ping || is_speed || is_talk) &&
           (fields->megabytes != NULL) == is_speed && (fields->download != NULL) == is_speed &&
           (fields->node != NULL) == is_link && (fields->fresh != NULL) == is_link &&
           (fields->path != NULL) == is_probe && (fields->every_us != NULL) == is_probe &&
           is_whole_stream(fields, kind);
}

static int take(struct cepa_control_request *request, struct cepa_reason *ret_reason,
                const cJSON *object)
{
    struct fields fields;
    memset(&fields, 0, sizeof fields);
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
    if (!is_whole(&fields, request->kind)) {
        return refuse(ret_reason, "the request has a field too many, or lacks one");
    }
    status = take_numbers(request, ret_reason, &fields);
    if (status == 0) {
        status = take_nodes(request, ret_reason, &fields);
    }
    if (status == 0) {
        status = take_stream(request, ret_reason, &fields);
    }
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

/* Adds a node's name to an object, or to an array if `name` is NULL. */
static void add_node(cJSON *to, const char *name, const struct cepa_node_id *node)
{
    char text[2 * sizeof node->bytes + 1];
    for (size_t i = 0; i < sizeof node->bytes; i++) {
        snprintf(text + 2 * i, 3, "%02x", node->bytes[i]);
    }
    if (name != NULL) {
        (void)cJSON_AddStringToObject(to, name, text);
    } else {
        (void)cJSON_AddItemToArray(to, cJSON_CreateString(text));
    }
}

static void add_text(cJSON *object, const char *name, const char *text)
{
    if (text[0] != '\0') {
        (void)cJSON_AddStringToObject(object, name, text);
    }
}

static void add_stream(cJSON *object, const struct cepa_control_request *request)
{
    if (request->kind == CEPA_CONTROL_LISTEN) {
        add_text(object, "service", request->service);
        add_text(object, "identity", request->identity);
        return;
    }
    (void)cJSON_AddNumberToObject(object, "stream", request->stream);
    if (request->is_denied) {
        (void)cJSON_AddTrueToObject(object, "denied");
    }
    if (request->kind == CEPA_CONTROL_CONNECT || request->kind == CEPA_CONTROL_LEAVE) {
        add_text(object, "address", request->address);
        add_text(object, "as", request->identity);
        add_text(object, "isolate", request->isolate);
        add_text(object, "service", request->service);
    }
}

bool cepa_control_request_has_socket(const struct cepa_control_request *request)
{
    return request->kind == CEPA_CONTROL_TAKE || request->kind == CEPA_CONTROL_LEAVE ||
           (request->kind == CEPA_CONTROL_CONNECT && request->service[0] == '\0');
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
    } else if (request->kind == CEPA_CONTROL_LINK) {
        add_node(object, "node", &request->node);
        (void)cJSON_AddBoolToObject(object, "fresh", request->is_fresh);
    } else if (request->kind == CEPA_CONTROL_PROBE) {
        cJSON *path = cJSON_AddArrayToObject(object, "path");
        for (size_t i = 0; i < request->probe.path_len; i++) {
            add_node(path, NULL, &request->probe.path[i]);
        }
        (void)cJSON_AddNumberToObject(object, "count", request->probe.count);
        (void)cJSON_AddNumberToObject(object, "every_us", request->probe.every_us);
    } else if (request->kind >= CEPA_CONTROL_CONNECT && request->kind <= CEPA_CONTROL_LEAVE) {
        add_stream(object, request);
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
