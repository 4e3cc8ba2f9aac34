/* What is answered to requests of the control socket, with an engine that is the test's own; and
 * that the page's address is told to nobody else. */
#include "native/daemon/answers.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "native/daemon/programs.h"
#include "support/test.h"

static char *answered;            /* the object, as text */
static char refused[256];         /* or why not */
static const char *asked_of = ""; /* the function of the engine that was called last */
static const char *why_not;       /* what the engine says no for, or NULL */
static bool has_status_memory;    /* it can tell its status */

/* --- an engine and a socket ------------------------------------------------------------------- */

static int say(const char *name, struct cepa_reason *ret_reason)
{
    asked_of = name;
    return why_not != NULL ? cepa_reason_fail(ret_reason, CEPA_ERR_STATE, "%s", why_not) : 0;
}

static cJSON *object_of(const char *name)
{
    cJSON *object = cJSON_CreateObject();
    asked_of = name;
    (void)cJSON_AddStringToObject(object, "from", name);
    return object;
}

int cepa_engine_invite(struct cepa_engine *engine, struct cepa_reason *ret_reason, char *ret_text,
                       size_t capacity)
{
    (void)engine;
    snprintf(ret_text, capacity, "cepa:abc");
    return say("invite", ret_reason);
}

int cepa_engine_join(struct cepa_engine *engine, struct cepa_reason *ret_reason,
                     const char *invitation)
{
    (void)engine;
    CHECK(strcmp(invitation, "cepa:xyz") == 0);
    return say("join", ret_reason);
}

int cepa_engine_reload(struct cepa_engine *engine, struct cepa_reason *ret_reason)
{
    (void)engine;
    return say("reload", ret_reason);
}

int cepa_engine_ping(struct cepa_engine *engine, struct cepa_reason *ret_reason, uint32_t count,
                     uint8_t hops)
{
    (void)engine;
    CHECK(count == 7 && hops == 3);
    return say("ping", ret_reason);
}

void cepa_engine_talk(struct cepa_engine *engine, uint32_t every_ms, uint32_t for_ms, uint8_t hops)
{
    (void)engine;
    CHECK(every_ms == 250 && for_ms == 5000 && hops == 3);
    asked_of = "talk";
}

cJSON *cepa_engine_pinged(const struct cepa_engine *engine)
{
    (void)engine;
    return object_of("pinged");
}

int cepa_engine_speed(struct cepa_engine *engine, struct cepa_reason *ret_reason,
                      uint32_t megabytes, uint8_t hops, bool is_download)
{
    (void)engine;
    CHECK(megabytes == 100 && hops == 3 && is_download);
    return say("speed", ret_reason);
}

cJSON *cepa_engine_speed_result(const struct cepa_engine *engine)
{
    (void)engine;
    return object_of("speed_result");
}

int cepa_engine_link(struct cepa_engine *engine, struct cepa_reason *ret_reason,
                     const struct cepa_node_id *node, bool is_fresh)
{
    (void)engine;
    CHECK(node->bytes[0] == 9 && is_fresh);
    return say("link", ret_reason);
}

cJSON *cepa_engine_linked(const struct cepa_engine *engine)
{
    (void)engine;
    return object_of("linked");
}

int cepa_engine_probe(struct cepa_engine *engine, struct cepa_reason *ret_reason,
                      const struct cepa_probe_request *request)
{
    (void)engine;
    CHECK_INT(request->count, 70);
    return say("probe", ret_reason);
}

cJSON *cepa_engine_probed(const struct cepa_engine *engine)
{
    (void)engine;
    return object_of("probed");
}

uint16_t cepa_engine_port(const struct cepa_engine *engine)
{
    (void)engine;
    return 4040;
}

int cepa_engine_status(struct cepa_engine *engine, cJSON *object)
{
    (void)engine;
    if (!has_status_memory) {
        return CEPA_ERR_EXHAUSTED;
    }
    return cJSON_AddNumberToObject(object, "links", 3) != NULL ? 0 : CEPA_ERR_EXHAUSTED;
}

void cepa_engine_metrics(struct cepa_engine *engine, struct cepa_metrics *metrics)
{
    (void)engine;
    cepa_metrics_add(metrics, "links", CEPA_METRICS_GAUGE, "links", 3);
}

bool cepa_programs_give(struct cepa_engine *engine, struct cepa_control *control,
                        const struct cepa_control_asked *asked)
{
    (void)engine, (void)control, (void)asked;
    return false;
}

void cepa_dashboard_url(const struct cepa_dashboard *dashboard,
                        char ret_url[CEPA_DASHBOARD_URL_SIZE])
{
    CHECK(dashboard != NULL);
    snprintf(ret_url, CEPA_DASHBOARD_URL_SIZE, "http://127.0.0.1:1/secret/");
}

void cepa_control_answer(struct cepa_control *control, uint32_t client, cJSON *object)
{
    (void)control;
    CHECK_INT(client, 5);
    answered = object != NULL ? cJSON_PrintUnformatted(object) : NULL;
}

void cepa_control_refuse(struct cepa_control *control, uint32_t client, const char *reason)
{
    (void)control;
    CHECK_INT(client, 5);
    snprintf(refused, sizeof refused, "%s", reason);
}

/* --- questions -------------------------------------------------------------------------------- */

static struct cepa_answers answers;
static struct cepa_config config;
static struct cepa_state state;

static void begin(bool has_page)
{
    cepa_config_init(&config);
    memcpy(config.profile, "test", 5);
    memset(&state.node, 0xab, sizeof state.node);
    why_not = NULL;
    has_status_memory = true;
    cepa_answers_init(&answers, &config, &state, NULL,
                      has_page ? (const struct cepa_dashboard *)(const void *)&config : NULL);
}

static bool ask(enum cepa_control_kind kind)
{
    const struct cepa_control_asked asked = {.client = 5,
                                             .request = {.kind = kind,
                                                         .count = 7,
                                                         .hops = 3,
                                                         .every_ms = 250,
                                                         .for_ms = 5000,
                                                         .megabytes = 100,
                                                         .is_download = true,
                                                         .node = {{9}},
                                                         .is_fresh = true,
                                                         .probe = {.count = 70},
                                                         .invitation = "cepa:xyz"}};
    cJSON_free(answered);
    answered = NULL;
    refused[0] = '\0';
    asked_of = "";
    return cepa_answers_give(&answers, NULL, &asked);
}

static bool has_said(const char *text)
{
    return answered != NULL && strstr(answered, text) != NULL;
}

TEST(each_question_goes_where_it_belongs)
{
    static const struct {
        enum cepa_control_kind kind;
        const char *asked_of; /* whom it reaches last */
        const char *answer;
        bool can_fail;
    } rows[] = {
        {CEPA_CONTROL_INVITE, "invite", "{\"invitation\":\"cepa:abc\"}", true},
        {CEPA_CONTROL_JOIN, "join", "{}", true},
        {CEPA_CONTROL_RELOAD, "reload", "{}", true},
        {CEPA_CONTROL_PING, "pinged", "{\"from\":\"pinged\"}", true},
        {CEPA_CONTROL_PINGED, "pinged", "{\"from\":\"pinged\"}", false},
        {CEPA_CONTROL_SPEED, "speed_result", "{\"from\":\"speed_result\"}", true},
        {CEPA_CONTROL_SPEED_RESULT, "speed_result", "{\"from\":\"speed_result\"}", false},
        {CEPA_CONTROL_TALK, "talk", "{}", false},
        {CEPA_CONTROL_LINK, "link", "{}", true},
        {CEPA_CONTROL_LINKED, "linked", "{\"from\":\"linked\"}", false},
        {CEPA_CONTROL_PROBE, "probe", "{}", true},
        {CEPA_CONTROL_PROBED, "probed", "{\"from\":\"probed\"}", false},
        {CEPA_CONTROL_STOP, "", "{}", false},
    };
    begin(true);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        why_not = NULL;
        CHECK_INT(ask(rows[i].kind), rows[i].kind == CEPA_CONTROL_STOP);
        CHECK(strcmp(asked_of, rows[i].asked_of) == 0);
        CHECK(has_said(rows[i].answer) && strlen(answered) == strlen(rows[i].answer));
        CHECK(refused[0] == '\0');
        why_not = "it is not the time";
        (void)ask(rows[i].kind);
        CHECK((answered == NULL) == rows[i].can_fail);
        CHECK((strcmp(refused, "it is not the time") == 0) == rows[i].can_fail);
    }
}

TEST(who_and_how_this_node_is)
{
    begin(false);
    (void)ask(CEPA_CONTROL_ID);
    CHECK(has_said("{\"id\":\"abababababababab"));
    (void)ask(CEPA_CONTROL_STATUS);
    CHECK(has_said("\"profile\":\"test\"") && has_said("\"port\":4040") && has_said("\"links\":3"));
    CHECK(has_said("\"id\":\"abab") && has_said("\"version\":\""));
    CHECK(has_said("\"dashboard\":null"));
    CHECK(has_said("\"resident_bytes\":") && !has_said("\"resident_bytes\":0,"));
    /* Without memory for it there is no half of it. */
    has_status_memory = false;
    (void)ask(CEPA_CONTROL_STATUS);
    CHECK(answered == NULL && refused[0] == '\0');
    CHECK(cepa_answers_page(&answers) == NULL);
}

TEST(the_pages_address_is_told_at_the_socket_alone)
{
    begin(true);
    (void)ask(CEPA_CONTROL_STATUS);
    CHECK(has_said("\"dashboard\":\"http://127.0.0.1:1/secret/\""));
    (void)ask(CEPA_CONTROL_WATCH);
    CHECK(has_said("secret"));
    char *page = cepa_answers_page(&answers);
    bool is_whole = page != NULL && strstr(page, "\"links\":3") != NULL;
    bool is_silent =
        page != NULL && strstr(page, "secret") == NULL && strstr(page, "dashboard") == NULL;
    CHECK(is_whole && is_silent);
    cepa_answers_page_free(page);
    CHECK(strstr(cepa_answers_metrics(&answers)->text, "secret") == NULL);
}

TEST(figures_are_given_where_they_are_wanted)
{
    static const struct {
        enum cepa_config_metrics metrics;
        bool is_given;
    } rows[] = {{CEPA_CONFIG_METRICS_OFF, false},
                {CEPA_CONFIG_METRICS_SOCKET, true},
                {CEPA_CONFIG_METRICS_PORT, true}};
    begin(false);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        config.metrics = rows[i].metrics;
        (void)ask(CEPA_CONTROL_METRICS);
        CHECK_INT(has_said("cepa_links 3"), rows[i].is_given);
        CHECK_INT(refused[0] != '\0', !rows[i].is_given);
    }
    /* Twice is not twice as much. */
    size_t len = cepa_answers_metrics(&answers)->len;
    CHECK_INT(cepa_answers_metrics(&answers)->len, len);
    CHECK(!cepa_answers_metrics(&answers)->is_cut);
}

TEST_MAIN(RUN(each_question_goes_where_it_belongs), RUN(who_and_how_this_node_is),
          RUN(the_pages_address_is_told_at_the_socket_alone),
          RUN(figures_are_given_where_they_are_wanted))
