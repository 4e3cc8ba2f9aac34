/* Answers to requests of the control socket. */
#define _GNU_SOURCE
#include "native/daemon/answers.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/ct.h"
#include "native/daemon/programs.h"
#include "native/net/clock.h"

void cepa_answers_init(struct cepa_answers *ret_answers, const struct cepa_config *config,
                       const struct cepa_state *state, struct cepa_engine *engine,
                       const struct cepa_dashboard *dashboard)
{
    memset(ret_answers, 0, sizeof *ret_answers);
    ret_answers->config = config;
    ret_answers->state = state;
    ret_answers->engine = engine;
    ret_answers->dashboard = dashboard;
    ret_answers->started = cepa_clock_now();
}

static uint64_t uptime_s(const struct cepa_answers *answers)
{
    return cepa_time_since(cepa_clock_now(), answers->started) / CEPA_SECOND_NS;
}

/* Gives the processor time and the memory of this process so far. */
static void own_costs(uint64_t *ret_cpu_ms, uint64_t *ret_resident_bytes)
{
    struct rusage usage;
    char line[128];
    uint64_t pages = 0;
    (void)getrusage(RUSAGE_SELF, &usage);
    *ret_cpu_ms = (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
                  (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file != NULL) {
        char *resident = fgets(line, sizeof line, file) != NULL ? strchr(line, ' ') : NULL;
        pages = resident != NULL ? strtoull(resident, NULL, 10) : 0;
        fclose(file);
    }
    *ret_resident_bytes = pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void write_id(char ret_text[2 * CEPA_NODE_ID_SIZE + 1], const struct cepa_node_id *node)
{
    for (size_t i = 0; i < CEPA_NODE_ID_SIZE; i++) {
        snprintf(ret_text + 2 * i, 3, "%02x", node->bytes[i]);
    }
}

static cJSON *make_status(const struct cepa_answers *answers)
{
    static const char *const roles[] = {"auto", "relay", "client"};
    static const char *const shapers[] = {"off", "stepped", "poisson", "constant"};
    char id[2 * CEPA_NODE_ID_SIZE + 1];
    uint64_t cpu_ms;
    uint64_t resident_bytes;
    cJSON *object = cJSON_CreateObject();
    write_id(id, &answers->state->node);
    own_costs(&cpu_ms, &resident_bytes);
    bool is_whole = cJSON_AddStringToObject(object, "version", CEPA_VERSION) &&
                    cJSON_AddNumberToObject(object, "process", getpid()) &&
                    cJSON_AddNumberToObject(object, "uptime_s", (double)uptime_s(answers)) &&
                    cJSON_AddNumberToObject(object, "cpu_ms", (double)cpu_ms) &&
                    cJSON_AddNumberToObject(object, "resident_bytes", (double)resident_bytes) &&
                    cJSON_AddStringToObject(object, "profile", answers->config->profile) &&
                    cJSON_AddStringToObject(object, "id", id) &&
                    cJSON_AddNumberToObject(object, "port", cepa_engine_port(answers->engine)) &&
                    cJSON_AddStringToObject(object, "role", roles[answers->config->role]) &&
                    cJSON_AddBoolToObject(object, "metered", answers->config->is_metered) &&
                    cJSON_AddStringToObject(object, "shaper", shapers[answers->config->shaper]) &&
                    cepa_engine_status(answers->engine, object) == 0;
    if (!is_whole) {
        cJSON_Delete(object);
        return NULL;
    }
    return object;
}

char *cepa_answers_page(const struct cepa_answers *answers)
{
    cJSON *object = make_status(answers);
    char *json = object != NULL ? cJSON_PrintUnformatted(object) : NULL;
    cJSON_Delete(object);
    return json;
}

void cepa_answers_page_free(char *json)
{
    cJSON_free(json);
}

/* Adds where the page is, which only those learn who may speak to the control socket. */
static bool add_url(cJSON *object, const struct cepa_answers *answers)
{
    char url[CEPA_DASHBOARD_URL_SIZE];
    if (answers->dashboard == NULL) {
        return cJSON_AddNullToObject(object, "dashboard") != NULL;
    }
    cepa_dashboard_url(answers->dashboard, url);
    bool is_added = cJSON_AddStringToObject(object, "dashboard", url) != NULL;
    cepa_wipe(url, sizeof url);
    return is_added;
}

const struct cepa_metrics *cepa_answers_metrics(struct cepa_answers *answers)
{
    uint64_t cpu_ms;
    uint64_t resident_bytes;
    own_costs(&cpu_ms, &resident_bytes);
    cepa_metrics_init(&answers->metrics);
    cepa_metrics_add_label(&answers->metrics, "info", CEPA_METRICS_GAUGE, "always 1", true,
                           "version", CEPA_VERSION, 1);
    cepa_metrics_add(&answers->metrics, "uptime_seconds", CEPA_METRICS_GAUGE,
                     "since the daemon started", uptime_s(answers));
    cepa_metrics_add(&answers->metrics, "cpu_milliseconds_total", CEPA_METRICS_COUNTER,
                     "processor time of the daemon", cpu_ms);
    cepa_metrics_add(&answers->metrics, "resident_bytes", CEPA_METRICS_GAUGE,
                     "memory of the daemon", resident_bytes);
    cepa_engine_metrics(answers->engine, &answers->metrics);
    return &answers->metrics;
}

static cJSON *make_text(const char *name, const char *text)
{
    cJSON *object = cJSON_CreateObject();
    if (cJSON_AddStringToObject(object, name, text) == NULL) {
        cJSON_Delete(object);
        return NULL;
    }
    return object;
}

/* Makes what link and probe answer, and the other ones that ask for no more than a yes. */
static cJSON *make_measured(struct cepa_engine *engine, struct cepa_reason *reason,
                            const struct cepa_control_request *request)
{
    switch ((unsigned)request->kind) {
    case CEPA_CONTROL_LINK:
        return cepa_engine_link(engine, reason, &request->node, request->is_fresh) == 0
                   ? cJSON_CreateObject()
                   : NULL;
    case CEPA_CONTROL_PROBE:
        return cepa_engine_probe(engine, reason, &request->probe) == 0 ? cJSON_CreateObject()
                                                                       : NULL;
    case CEPA_CONTROL_LINKED:
        return cepa_engine_linked(engine);
    case CEPA_CONTROL_PROBED:
        return cepa_engine_probed(engine);
    default:
        return cJSON_CreateObject();
    }
}

/* Makes what invite, join and metrics answer; a refusal if the reason is not empty. */
static cJSON *make_other(struct cepa_answers *answers, struct cepa_reason *reason,
                         const struct cepa_control_request *request)
{
    char invitation[CEPA_CONFIG_INVITATION_SIZE];
    switch ((unsigned)request->kind) {
    case CEPA_CONTROL_INVITE:
        return cepa_engine_invite(answers->engine, reason, invitation, sizeof invitation) == 0
                   ? make_text("invitation", invitation)
                   : NULL;
    case CEPA_CONTROL_JOIN:
        return cepa_engine_join(answers->engine, reason, request->invitation) == 0
                   ? cJSON_CreateObject()
                   : NULL;
    case CEPA_CONTROL_RELOAD:
        return cepa_engine_reload(answers->engine, reason) == 0 ? cJSON_CreateObject() : NULL;
    case CEPA_CONTROL_METRICS:
        if (answers->config->metrics == CEPA_CONFIG_METRICS_OFF) {
            cepa_reason_set(reason, "metrics are off in this daemon's configuration");
            return NULL;
        }
        return make_text("metrics", cepa_answers_metrics(answers)->text);
    case CEPA_CONTROL_PING:
        return cepa_engine_ping(answers->engine, reason, request->count, (uint8_t)request->hops) ==
                       0
                   ? cepa_engine_pinged(answers->engine)
                   : NULL;
    case CEPA_CONTROL_TALK:
        cepa_engine_talk(answers->engine, request->every_ms, request->for_ms,
                         (uint8_t)request->hops);
        return cJSON_CreateObject();
    case CEPA_CONTROL_PINGED:
        return cepa_engine_pinged(answers->engine);
    case CEPA_CONTROL_SPEED:
        return cepa_engine_speed(answers->engine, reason, request->megabytes,
                                 (uint8_t)request->hops, request->is_download) == 0
                   ? cepa_engine_speed_result(answers->engine)
                   : NULL;
    case CEPA_CONTROL_SPEED_RESULT:
        return cepa_engine_speed_result(answers->engine);
    default:
        return make_measured(answers->engine, reason, request);
    }
}

bool cepa_answers_give(struct cepa_answers *answers, struct cepa_control *control,
                       const struct cepa_control_asked *asked)
{
    struct cepa_reason reason = {""};
    char id[2 * CEPA_NODE_ID_SIZE + 1];
    cJSON *object;
    if (cepa_programs_give(answers->engine, control, asked)) {
        return false;
    }
    if (asked->request.kind == CEPA_CONTROL_STATUS || asked->request.kind == CEPA_CONTROL_WATCH) {
        object = make_status(answers);
        if (object != NULL && !add_url(object, answers)) {
            cJSON_Delete(object);
            object = NULL;
        }
    } else if (asked->request.kind == CEPA_CONTROL_ID) {
        write_id(id, &answers->state->node);
        object = make_text("id", id);
    } else {
        object = make_other(answers, &reason, &asked->request);
    }
    if (object == NULL && reason.text[0] != '\0') {
        cepa_control_refuse(control, asked->client, reason.text);
    } else {
        cepa_control_answer(control, asked->client, object);
    }
    cJSON_Delete(object);
    return asked->request.kind == CEPA_CONTROL_STOP;
}
