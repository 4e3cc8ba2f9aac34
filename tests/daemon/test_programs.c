/* What local programs are told of streams, and how their requests are answered, with an engine and
 * a socket that are the test's own. */
#include "native/daemon/programs.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/test.h"

enum { CLIENT = 5, SERIAL = 77, STREAM = 9, SOCKET = 1234 };

static char line[1024];           /* the last that was told, answered or refused */
static const char *way;           /* "told", "answered", "refused", or "" */
static const char *asked_of = ""; /* the function of the engine that was called last */
static int engine_status;         /* what it returns */

/* --- an engine and a socket ------------------------------------------------------------------- */

static void note(const char *how, const cJSON *object)
{
    char *text = object != NULL ? cJSON_PrintUnformatted(object) : NULL;
    snprintf(line, sizeof line, "%s", text != NULL ? text : "");
    way = how;
    free(text);
}

void cepa_control_answer(struct cepa_control *control, uint32_t client, cJSON *object)
{
    (void)control;
    CHECK_INT(client, CLIENT);
    note("answered", object);
}

void cepa_control_refuse(struct cepa_control *control, uint32_t client, const char *reason)
{
    (void)control;
    CHECK_INT(client, CLIENT);
    snprintf(line, sizeof line, "%s", reason);
    way = "refused";
}

void cepa_control_tell(struct cepa_control *control, uint64_t serial, const cJSON *object)
{
    (void)control;
    CHECK_INT(serial, SERIAL);
    note("told", object);
}

bool cepa_control_is_here(const struct cepa_control *control, uint64_t serial)
{
    (void)control;
    return serial == SERIAL;
}

static int say(const char *name, struct cepa_reason *ret_reason, uint64_t client)
{
    CHECK_INT(client, SERIAL);
    asked_of = name;
    return engine_status != 0 ? cepa_reason_fail(ret_reason, engine_status, "because of %s", name)
                              : 0;
}

int cepa_engine_connect(struct cepa_engine *engine, struct cepa_reason *ret_reason, uint64_t client,
                        const struct cepa_control_request *request, int fd)
{
    (void)engine;
    CHECK(request->stream == STREAM && fd == SOCKET);
    return say("connect", ret_reason, client);
}

int cepa_engine_leave(struct cepa_engine *engine, struct cepa_reason *ret_reason, uint64_t client,
                      const struct cepa_control_request *request, int fd)
{
    (void)engine;
    CHECK(request->stream == STREAM && fd == SOCKET);
    return say("leave", ret_reason, client);
}

int cepa_engine_listen(struct cepa_engine *engine, struct cepa_address *ret_address,
                       struct cepa_reason *ret_reason, uint64_t client,
                       const struct cepa_control_request *request)
{
    (void)engine;
    CHECK(strcmp(request->service, "web") == 0);
    memset(ret_address, 0, sizeof *ret_address);
    return say("listen", ret_reason, client);
}

int cepa_engine_take(struct cepa_engine *engine, struct cepa_reason *ret_reason, uint64_t client,
                     uint32_t stream, int fd)
{
    (void)engine;
    CHECK(stream == STREAM && fd == SOCKET);
    return say("take", ret_reason, client);
}

int cepa_engine_refuse(struct cepa_engine *engine, struct cepa_reason *ret_reason, uint64_t client,
                       uint32_t stream, bool is_denied)
{
    (void)engine;
    CHECK(stream == STREAM && is_denied);
    return say("refuse", ret_reason, client);
}

/* --- tests ------------------------------------------------------------------------------------ */

static bool give(enum cepa_control_kind kind, int status)
{
    struct cepa_control_asked asked;
    memset(&asked, 0, sizeof asked);
    asked.client = CLIENT;
    asked.serial = SERIAL;
    asked.socket = SOCKET;
    asked.request.kind = kind;
    asked.request.stream = STREAM;
    asked.request.is_denied = true;
    memcpy(asked.request.service, "web", 4);
    line[0] = '\0';
    way = "";
    asked_of = "";
    engine_status = status;
    return cepa_programs_give(NULL, NULL, &asked);
}

/* Each request is answered once, in the way that it is to be: those about a stream with its number.
 */
TEST(each_request_is_answered_in_its_way)
{
    static const char *const good[] = {"", "{\"address\":", "{\"stream\":9}", "{\"stream\":9}", ""};
    static const struct {
        enum cepa_control_kind kind;
        const char *name;
        const char *good_way;
        const char *bad_way;
    } cases[] = {{CEPA_CONTROL_CONNECT, "connect", "", "told"}, /* it is told later how it goes */
                 {CEPA_CONTROL_LISTEN, "listen", "answered", "refused"},
                 {CEPA_CONTROL_TAKE, "take", "answered", "told"},
                 {CEPA_CONTROL_REFUSE, "refuse", "answered", "told"},
                 {CEPA_CONTROL_LEAVE, "leave", "", "told"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char why[32];
        CHECK(give(cases[i].kind, 0));
        CHECK(strcmp(asked_of, cases[i].name) == 0);
        CHECK(strcmp(way, cases[i].good_way) == 0);
        CHECK(strncmp(line, good[i], strlen(good[i])) == 0);
        CHECK(give(cases[i].kind, CEPA_ERR_FULL));
        CHECK(strcmp(way, cases[i].bad_way) == 0);
        snprintf(why, sizeof why, "because of %s", cases[i].name);
        CHECK(strstr(line, why) != NULL);
        CHECK(strcmp(way, "told") != 0 || (strstr(line, "\"ok\":false,\"stream\":9") != NULL &&
                                           strstr(line, "\"error\":-40") != NULL));
    }
}

TEST(other_requests_are_not_for_programs)
{
    CHECK(!give(CEPA_CONTROL_STATUS, 0));
    CHECK(!give(CEPA_CONTROL_STOP, 0));
    CHECK(way[0] == '\0' && asked_of[0] == '\0');
    CHECK(cepa_programs_is_here(NULL, SERIAL));
    CHECK(!cepa_programs_is_here(NULL, SERIAL + 1));
}

static void tell(struct cepa_streams_notice notice)
{
    notice.client = SERIAL;
    notice.stream = STREAM;
    way = "";
    cepa_programs_tell(NULL, &notice);
    CHECK(strcmp(way, "told") == 0);
}

static void check_line(const char *want)
{
    if (strcmp(line, want) != 0) {
        test_note("%s", line);
    }
    CHECK(strcmp(line, want) == 0);
}

TEST(each_event_has_its_line)
{
    static const struct {
        enum cepa_streams_event event;
        const char *name;
    } cases[] = {{CEPA_STREAMS_OPENING, "opening"}, {CEPA_STREAMS_READY, "ready"},
                 {CEPA_STREAMS_CUT, "cut"},         {CEPA_STREAMS_MENDED, "mended"},
                 {CEPA_STREAMS_ENDED, "ended"},     {CEPA_STREAMS_DELIVERED, "delivered"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char want[64];
        tell((struct cepa_streams_notice){.event = cases[i].event});
        snprintf(want, sizeof want, "{\"ok\":true,\"stream\":9,\"event\":\"%s\"}", cases[i].name);
        check_line(want);
    }
    tell((struct cepa_streams_notice){.event = CEPA_STREAMS_LEFT, .mailboxes = 3});
    check_line("{\"ok\":true,\"stream\":9,\"event\":\"left\",\"mailboxes\":3,\"days\":14}");
}

TEST(who_has_not_proven_who_it_is_is_nobody)
{
    char peer[CEPA_ADDRESS_TEXT_SIZE];
    struct cepa_streams_notice notice = {.event = CEPA_STREAMS_INCOMING, .service = "web"};
    notice.peer.bytes[0] = 7;
    tell(notice);
    check_line(
        "{\"ok\":true,\"stream\":9,\"event\":\"incoming\",\"service\":\"web\",\"from\":null}");
    notice.has_peer = true;
    tell(notice);
    cepa_address_write(peer, &notice.peer);
    CHECK(strstr(line, peer) != NULL);
}

/* What went wrong is told in words for a user, with the number behind them; a stream that ended
 * well has no reason. */
TEST(failures_have_words_and_numbers)
{
    static const struct {
        int error;
        bool is_silent;
        const char *words;
    } cases[] = {{CEPA_ERR_DROPPED, false, "does not offer this, or not to you"},
                 {CEPA_ERR_DROPPED, true, "service does not answer it"},
                 {CEPA_ERR_NOT_FOUND, false, "nobody can be found at this address"},
                 {CEPA_ERR_TIMEOUT, false, "does not answer; it may be away"},
                 {CEPA_ERR_UNSUPPORTED, false, "has no mailbox"},
                 {CEPA_ERR_UNREACHABLE, false, "no relay leads to the other end"},
                 {CEPA_ERR_REPLAY, false, "a message was seen before"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char number[32];
        tell((struct cepa_streams_notice){.event = CEPA_STREAMS_FAILED,
                                          .error = cases[i].error,
                                          .is_silent = cases[i].is_silent});
        snprintf(number, sizeof number, "\"error\":%d}", cases[i].error);
        CHECK(strstr(line, "{\"ok\":false,\"stream\":9,") == line);
        CHECK(strstr(line, cases[i].words) != NULL);
        CHECK(strstr(line, number) != NULL);
    }
    tell((struct cepa_streams_notice){.event = CEPA_STREAMS_ENDED, .error = CEPA_ERR_TIMEOUT});
    CHECK(strstr(line, "\"event\":\"ended\",\"why\":\"the other end does not answer") != NULL);
    tell((struct cepa_streams_notice){.event = CEPA_STREAMS_READY, .error = CEPA_ERR_TIMEOUT});
    CHECK(strstr(line, "why") == NULL);
}

TEST_MAIN(RUN(each_request_is_answered_in_its_way), RUN(other_requests_are_not_for_programs),
          RUN(each_event_has_its_line), RUN(who_has_not_proven_who_it_is_is_nobody),
          RUN(failures_have_words_and_numbers))
