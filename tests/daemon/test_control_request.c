/* Requests are read strictly, and written so that they are read. */
#include "native/daemon/control_request.h"

#include <stdio.h>
#include <string.h>

#include "support/test.h"

#define NODE "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct cepa_reason reason;

TEST(good_requests_are_read_and_written)
{
    static const struct {
        const char *line;
        enum cepa_control_kind kind;
        uint32_t every_ms;
        const char *invitation;
        uint32_t count;
        uint32_t hops;
        uint32_t megabytes;
        bool is_download;
    } rows[] = {
        {"{\"do\":\"status\"}", CEPA_CONTROL_STATUS, 0, "", 0, 0, 0, false},
        {"{\"do\":\"watch\",\"every_ms\":1000}", CEPA_CONTROL_WATCH, 1000, "", 0, 0, 0, false},
        {"{\"do\":\"invite\"}", CEPA_CONTROL_INVITE, 0, "", 0, 0, 0, false},
        {"{\"do\":\"join\",\"invitation\":\"cepa:abc\"}", CEPA_CONTROL_JOIN, 0, "cepa:abc", 0, 0, 0,
         false},
        {"{\"do\":\"id\"}", CEPA_CONTROL_ID, 0, "", 0, 0, 0, false},
        {"{\"do\":\"metrics\"}", CEPA_CONTROL_METRICS, 0, "", 0, 0, 0, false},
        {"{\"do\":\"ping\",\"count\":1,\"hops\":5}", CEPA_CONTROL_PING, 0, "", 1, 5, 0, false},
        {"{\"do\":\"ping\",\"count\":10000,\"hops\":1}", CEPA_CONTROL_PING, 0, "", 10000, 1, 0,
         false},
        {"{\"do\":\"pinged\"}", CEPA_CONTROL_PINGED, 0, "", 0, 0, 0, false},
        {"{\"do\":\"speed\",\"megabytes\":4000,\"hops\":3,\"download\":true}", CEPA_CONTROL_SPEED,
         0, "", 0, 3, 4000, true},
        {"{\"do\":\"speed\",\"megabytes\":1,\"hops\":1,\"download\":false}", CEPA_CONTROL_SPEED, 0,
         "", 0, 1, 1, false},
        {"{\"do\":\"speed_result\"}", CEPA_CONTROL_SPEED_RESULT, 0, "", 0, 0, 0, false},
        {"{\"do\":\"talk\",\"hops\":3,\"every_ms\":0,\"for_ms\":5000}", CEPA_CONTROL_TALK, 0, "", 0,
         3, 0, false},
        {"{\"do\":\"link\",\"node\":\"" NODE "\",\"fresh\":true}", CEPA_CONTROL_LINK, 0, "", 0, 0,
         0, false},
        {"{\"do\":\"link\",\"node\":\"" NODE "\",\"fresh\":false}", CEPA_CONTROL_LINK, 0, "", 0, 0,
         0, false},
        {"{\"do\":\"linked\"}", CEPA_CONTROL_LINKED, 0, "", 0, 0, 0, false},
        {"{\"do\":\"reload\"}", CEPA_CONTROL_RELOAD, 0, "", 0, 0, 0, false},
        {"{\"do\":\"probe\",\"path\":[\"" NODE "\",\"" NODE "\"],\"count\":7,\"every_us\":0}",
         CEPA_CONTROL_PROBE, 0, "", 7, 0, 0, false},
        {"{\"do\":\"probed\"}", CEPA_CONTROL_PROBED, 0, "", 0, 0, 0, false},
        {"{\"do\":\"connect\",\"stream\":4294967295,\"address\":\"cepa1x\",\"as\":\"me\","
         "\"isolate\":\"word\"}",
         CEPA_CONTROL_CONNECT, 0, "", 0, 0, 0, false},
        {"{\"do\":\"connect\",\"stream\":7,\"address\":\"cepa1x\",\"service\":\"web\"}",
         CEPA_CONTROL_CONNECT, 0, "", 0, 0, 0, false},
        {"{\"do\":\"listen\",\"service\":\"web\",\"identity\":\"me\"}", CEPA_CONTROL_LISTEN, 0, "",
         0, 0, 0, false},
        {"{\"do\":\"take\",\"stream\":7}", CEPA_CONTROL_TAKE, 0, "", 0, 0, 0, false},
        {"{\"do\":\"refuse\",\"stream\":7}", CEPA_CONTROL_REFUSE, 0, "", 0, 0, 0, false},
        {"{\"do\":\"refuse\",\"stream\":7,\"denied\":true}", CEPA_CONTROL_REFUSE, 0, "", 0, 0, 0,
         false},
        {"{\"do\":\"stop\"}", CEPA_CONTROL_STOP, 0, "", 0, 0, 0, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct cepa_control_request request;
        char line[512];
        CHECK_INT(
            cepa_control_request_decode(&request, &reason, rows[i].line, strlen(rows[i].line)), 0);
        CHECK(request.kind == rows[i].kind && request.every_ms == rows[i].every_ms);
        CHECK(strcmp(request.invitation, rows[i].invitation) == 0);
        CHECK(request.count == rows[i].count && request.hops == rows[i].hops);
        CHECK(request.megabytes == rows[i].megabytes);
        CHECK(request.is_download == rows[i].is_download);
        CHECK_INT(cepa_control_request_encode(line, sizeof line, &request), 0);
        CHECK(strncmp(line, rows[i].line, strlen(rows[i].line)) == 0);
        CHECK(strcmp(line + strlen(rows[i].line), "\n") == 0);
        CHECK_INT(cepa_control_request_encode(line, strlen(rows[i].line) + 1, &request),
                  CEPA_ERR_TOO_LONG);
    }
}

/* Nothing of this is a request. */
static const char *const bad_lines[] = {
    "",
    " ",
    "{}",
    "[]",
    "null",
    "1",
    "\"status\"",
    "{\"do\":\"status\"",
    "status",
    "{\"do\":\"status\"} x",
    "{\"do\":\"status\"}{\"do\":\"status\"}",
    "{\"do\":1}",
    "{\"do\":\"Status\"}",
    "{\"do\":\"statu\"}",
    "{\"Do\":\"status\"}",
    "{\"do\":\"status\",\"do\":\"stop\"}",
    "{\"do\":\"ping\"}",
    "{\"do\":\"ping\",\"count\":1}",
    "{\"do\":\"ping\",\"count\":0,\"hops\":3}",
    "{\"do\":\"ping\",\"count\":10001,\"hops\":3}",
    "{\"do\":\"ping\",\"count\":1,\"hops\":6}",
    "{\"do\":\"ping\",\"count\":\"1\",\"hops\":3}",
    "{\"do\":\"speed\",\"megabytes\":1,\"hops\":3}",
    "{\"do\":\"speed\",\"megabytes\":0,\"hops\":3,\"download\":true}",
    "{\"do\":\"speed\",\"megabytes\":4001,\"hops\":3,\"download\":true}",
    "{\"do\":\"speed\",\"megabytes\":1,\"hops\":3,\"download\":1}",
    "{\"do\":\"ping\",\"count\":1,\"hops\":3,\"download\":true}",
    "{\"do\":\"speed_result\",\"megabytes\":1}",
    "{\"do\":\"talk\",\"hops\":3,\"every_ms\":0}",
    "{\"do\":\"talk\",\"hops\":3,\"every_ms\":0,\"for_ms\":-1}",
    "{\"do\":\"watch\",\"every_ms\":1000,\"for_ms\":1000}",
    "{\"do\":\"status\",\"count\":1}",
    "{\"do\":\"pinged\",\"hops\":1}",
    "{\"do\":\"status\",\"x\":1}",
    "{\"do\":\"status\\u0000\"}",
    "{\"do\":\"status\",\"every_ms\":1000}",
    "{\"do\":\"watch\"}",
    "{\"do\":\"watch\",\"every_ms\":99}",
    "{\"do\":\"watch\",\"every_ms\":3600001}",
    "{\"do\":\"watch\",\"every_ms\":\"1000\"}",
    "{\"do\":\"watch\",\"every_ms\":1e400}",
    "{\"do\":\"join\"}",
    "{\"do\":\"join\",\"invitation\":\"\"}",
    "{\"do\":\"join\",\"invitation\":7}",
    "{\"do\":\"id\",\"invitation\":\"cepa:a\"}",
    "{\"do\":\"link\",\"node\":\"" NODE "\"}",
    "{\"do\":\"link\",\"node\":\"" NODE "0\",\"fresh\":true}",
    "{\"do\":\"link\",\"node\":\"x" NODE "\",\"fresh\":true}",
    "{\"do\":\"link\",\"node\":\"" NODE "\",\"fresh\":1}",
    "{\"do\":\"linked\",\"node\":\"" NODE "\"}",
    "{\"do\":\"probe\",\"path\":[],\"count\":7,\"every_us\":0}",
    "{\"do\":\"probe\",\"path\":\"" NODE "\",\"count\":7,\"every_us\":0}",
    "{\"do\":\"probe\",\"path\":[\"0g\"],\"count\":7,\"every_us\":0}",
    "{\"do\":\"probe\",\"path\":[\"" NODE "\"],\"count\":0,\"every_us\":0}",
    "{\"do\":\"probe\",\"path\":[\"" NODE "\"],\"count\":7,\"every_us\":1000001}",
    "{\"do\":\"probe\",\"path\":[1,2,3,4,5],\"count\":7,\"every_us\":0}",
    "{\"do\":\"probe\",\"path\":[\"" NODE "\"],\"count\":7}",
    "{\"do\":\"connect\",\"stream\":1}",
    "{\"do\":\"connect\",\"address\":\"cepa1x\"}",
    "{\"do\":\"connect\",\"stream\":-1,\"address\":\"cepa1x\"}",
    "{\"do\":\"connect\",\"stream\":4294967296,\"address\":\"cepa1x\"}",
    "{\"do\":\"connect\",\"stream\":1,\"address\":\"\"}",
    "{\"do\":\"connect\",\"stream\":1,\"address\":\"cepa1x\",\"as\":\"\"}",
    "{\"do\":\"connect\",\"stream\":1,\"address\":\"cepa1x\",\"service\":\"\"}",
    "{\"do\":\"connect\",\"stream\":1,\"address\":\"cepa1x\",\"isolate\":\"" NODE "\"}",
    "{\"do\":\"listen\"}",
    "{\"do\":\"listen\",\"service\":\"web\",\"as\":\"me\"}",
    "{\"do\":\"listen\",\"service\":7}",
    "{\"do\":\"take\"}",
    "{\"do\":\"refuse\",\"stream\":\"7\"}",
    "{\"do\":\"refuse\",\"stream\":7,\"denied\":1}",
    "{\"do\":\"take\",\"stream\":7,\"denied\":true}",
    "{\"do\":\"leave\",\"stream\":7}",
    "{\"do\":\"leave\",\"address\":\"cepa1x\"}",
    "{\"do\":\"leave\",\"stream\":7,\"address\":\"cepa1x\",\"isolate\":\"word\"}",
    "{\"do\":\"leave\",\"stream\":7,\"address\":\"cepa1x\",\"service\":\"web\"}",
};

TEST(letters_keep_their_words)
{
    static const char line[] =
        "{\"do\":\"leave\",\"stream\":7,\"address\":\"cepa1x\",\"as\":\"me\"}";
    struct cepa_control_request request;
    char again[512];
    CHECK_INT(cepa_control_request_decode(&request, &reason, line, strlen(line)), 0);
    CHECK_INT(request.kind, CEPA_CONTROL_LEAVE);
    CHECK_INT(request.stream, 7);
    CHECK(strcmp(request.address, "cepa1x") == 0 && strcmp(request.identity, "me") == 0);
    CHECK(cepa_control_request_has_socket(&request));
    CHECK_INT(cepa_control_request_encode(again, sizeof again, &request), 0);
    CHECK(strncmp(again, line, strlen(line)) == 0);
}

TEST(requests_about_streams_keep_their_words)
{
    static const char line[] =
        "{\"do\":\"connect\",\"stream\":5,\"address\":\"cepa1x\",\"as\":\"me\","
        "\"isolate\":\"word\"}";
    struct cepa_control_request request;
    CHECK_INT(cepa_control_request_decode(&request, &reason, line, strlen(line)), 0);
    CHECK_INT(request.stream, 5);
    CHECK(strcmp(request.address, "cepa1x") == 0 && strcmp(request.identity, "me") == 0);
    CHECK(strcmp(request.isolate, "word") == 0 && request.service[0] == '\0');
    CHECK(cepa_control_request_has_socket(&request));
    strcpy(request.service, "web");
    CHECK(!cepa_control_request_has_socket(&request));
    request.kind = CEPA_CONTROL_TAKE;
    CHECK(cepa_control_request_has_socket(&request));
    request.kind = CEPA_CONTROL_LEAVE;
    CHECK(cepa_control_request_has_socket(&request));
    request.kind = CEPA_CONTROL_LISTEN;
    CHECK(!cepa_control_request_has_socket(&request));
}

TEST(anything_else_is_refused)
{
    for (size_t i = 0; i < sizeof bad_lines / sizeof bad_lines[0]; i++) {
        struct cepa_control_request request = {
            .kind = CEPA_CONTROL_ID, .every_ms = 77, .invitation = "untouched"};
        reason.text[0] = '\0';
        int status =
            cepa_control_request_decode(&request, &reason, bad_lines[i], strlen(bad_lines[i]));
        if (status == 0) {
            test_note("%s", bad_lines[i]);
        }
        CHECK_INT(status, CEPA_ERR_MALFORMED);
        CHECK(reason.text[0] != '\0' && request.every_ms == 77);
    }
}

TEST(limits_hold)
{
    struct cepa_control_request request;
    char line[CEPA_CONTROL_LINE_MAX + 2];
    static const char begin[] = "{\"do\":\"join\",\"invitation\":\"";
    memset(line, '[', sizeof line);
    CHECK(cepa_control_request_decode(&request, &reason, line, CEPA_CONTROL_LINE_MAX) != 0);
    CHECK(cepa_control_request_decode(&request, &reason, line, sizeof line) != 0);
    CHECK(strstr(reason.text, "too long") != NULL);
    memset(line, 'x', sizeof line);
    memcpy(line, begin, sizeof begin - 1);
    size_t len = sizeof begin - 1 + CEPA_CONFIG_INVITATION_SIZE - 1;
    memcpy(line + len, "\"}", 2);
    CHECK_INT(cepa_control_request_decode(&request, &reason, line, len + 2), 0);
    CHECK_INT(strlen(request.invitation), CEPA_CONFIG_INVITATION_SIZE - 1);
    memcpy(line + len, "x\"}", 3);
    CHECK(cepa_control_request_decode(&request, &reason, line, len + 3) != 0);
    memcpy(line, "{\"do\":\"id\"}\0", 13);
    CHECK(cepa_control_request_decode(&request, &reason, line, 13) != 0);
}

TEST_MAIN(RUN(good_requests_are_read_and_written), RUN(letters_keep_their_words),
          RUN(requests_about_streams_keep_their_words), RUN(anything_else_is_refused),
          RUN(limits_hold))
