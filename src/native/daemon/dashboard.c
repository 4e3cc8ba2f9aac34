/* The dashboard: which of its few files is asked for, and when a new state is wanted. */
#include "native/daemon/dashboard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ct.h"
#include "native/daemon/dashboard_files.h"
#include "native/daemon/dashboard_request.h"

enum { FIELDS_MAX = 12 };

struct cepa_dashboard {
    struct cepa_http_server *http;
    struct cepa_dashboard_gate gate;
    struct cepa_time now;      /* of the last step */
    struct cepa_time asked_at; /* when somebody wanted the state last; never: nobody did */
    struct cepa_time set_at;   /* when the state came; never: there is none */
    struct cepa_time tried_at; /* when one was handed in last, were it too long; never: none was */
    char *status;
    size_t status_len;
    struct cepa_http_field fields[FIELDS_MAX]; /* of the answer that is lent */
    char time[24];                             /* one of them */
};

/* Goes with every answer, so that nothing of the page runs, is framed, is kept or is read where it
 * should not be, and so that the page itself can load only what stands beside it. */
static const struct cepa_http_field fields_of_all[] = {
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
     "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
     "require-trusted-types-for 'script'; trusted-types 'none'"},
    {"X-Frame-Options", "DENY"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cache-Control", "no-store"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Permissions-Policy", "camera=(), geolocation=(), microphone=()"},
};

/* What stands at an address. */
struct page {
    const char *name; /* behind the token */
    const char *type;
    const struct cepa_dashboard_file *file; /* NULL: the state */
};

static const struct page pages[] = {
    {"", "text/html; charset=utf-8", &cepa_dashboard_index_html},
    {"dashboard.css", "text/css; charset=utf-8", &cepa_dashboard_dashboard_css},
    {"dashboard.js", "text/javascript; charset=utf-8", &cepa_dashboard_dashboard_js},
    {"mesh.js", "text/javascript; charset=utf-8", &cepa_dashboard_mesh_js},
    {"icon.svg", "image/svg+xml", &cepa_dashboard_icon_svg},
    {"status.json", "application/json", NULL},
};

static int draw_token(char ret_token[CEPA_DASHBOARD_TOKEN_LEN + 1],
                      const struct cepa_random *random)
{
    uint8_t bytes[CEPA_DASHBOARD_TOKEN_LEN / 2];
    int error = cepa_random_fill(random, bytes, sizeof bytes);
    if (error == 0) {
        for (size_t i = 0; i < sizeof bytes; i++) {
            snprintf(ret_token + 2 * i, 3, "%02x", bytes[i]);
        }
    }
    cepa_wipe(bytes, sizeof bytes);
    return error;
}

int cepa_dashboard_open(struct cepa_dashboard **ret_dashboard, uint16_t port,
                        const struct cepa_random *random)
{
    struct cepa_dashboard *dashboard = calloc(1, sizeof *dashboard);
    if (dashboard == NULL) {
        return CEPA_ERR_FULL;
    }
    dashboard->asked_at = cepa_time_never();
    dashboard->set_at = cepa_time_never();
    dashboard->tried_at = cepa_time_never();
    int error = draw_token(dashboard->gate.token, random);
    if (error == 0) {
        error = cepa_http_server_open(&dashboard->http, port);
    }
    if (error != 0) {
        cepa_dashboard_close(dashboard);
        return error;
    }
    dashboard->gate.port = cepa_http_server_port(dashboard->http);
    *ret_dashboard = dashboard;
    return 0;
}

void cepa_dashboard_close(struct cepa_dashboard *dashboard)
{
    if (dashboard == NULL) {
        return;
    }
    cepa_http_server_close(dashboard->http);
    free(dashboard->status);
    cepa_wipe(dashboard, sizeof *dashboard);
    free(dashboard);
}

void cepa_dashboard_url(const struct cepa_dashboard *dashboard,
                        char ret_url[CEPA_DASHBOARD_URL_SIZE])
{
    snprintf(ret_url, CEPA_DASHBOARD_URL_SIZE, "http://127.0.0.1:%u/%s/",
             (unsigned)dashboard->gate.port, dashboard->gate.token);
}

int cepa_dashboard_descriptor(const struct cepa_dashboard *dashboard)
{
    return cepa_http_server_descriptor(dashboard->http);
}

/* Says whether less than `limit_ms` have passed since `time`, which may be never. */
static bool is_within(const struct cepa_dashboard *dashboard, struct cepa_time time,
                      uint64_t limit_ms)
{
    return !cepa_time_is_never(time) &&
           cepa_time_since(dashboard->now, time) < limit_ms * CEPA_MILLISECOND_NS;
}

static bool is_watched(const struct cepa_dashboard *dashboard)
{
    return is_within(dashboard, dashboard->asked_at, CEPA_DASHBOARD_WATCH_MS);
}

struct cepa_time cepa_dashboard_deadline(const struct cepa_dashboard *dashboard)
{
    struct cepa_time deadline = cepa_http_server_deadline(dashboard->http);
    if (is_watched(dashboard)) {
        struct cepa_time wanted = dashboard->now;
        if (!cepa_time_is_never(dashboard->tried_at)) {
            wanted = cepa_time_add(dashboard->tried_at,
                                   CEPA_DASHBOARD_INTERVAL_MS * CEPA_MILLISECOND_NS);
        }
        deadline = cepa_time_earliest(deadline, wanted);
    }
    return deadline;
}

bool cepa_dashboard_wants_status(const struct cepa_dashboard *dashboard)
{
    return is_watched(dashboard) &&
           !is_within(dashboard, dashboard->tried_at, CEPA_DASHBOARD_INTERVAL_MS);
}

int cepa_dashboard_set_status(struct cepa_dashboard *dashboard, const char *json, size_t json_len)
{
    dashboard->tried_at = dashboard->now;
    if (json_len > CEPA_DASHBOARD_STATUS_MAX) {
        return CEPA_ERR_TOO_LONG;
    }
    char *copy = json != NULL ? malloc(json_len + 1) : NULL;
    if (copy == NULL) {
        return CEPA_ERR_FULL;
    }
    memcpy(copy, json, json_len);
    copy[json_len] = '\0';
    free(dashboard->status);
    dashboard->status = copy;
    dashboard->status_len = json_len;
    dashboard->set_at = dashboard->now;
    return 0;
}

/* Begins an answer that has the fields of all. */
static void begin_answer(struct cepa_dashboard *dashboard, struct cepa_http_answer *ret_answer,
                         unsigned status, const char *type)
{
    size_t len = sizeof fields_of_all / sizeof fields_of_all[0];
    memcpy(dashboard->fields, fields_of_all, sizeof fields_of_all);
    dashboard->fields[len].name = "Content-Type";
    dashboard->fields[len++].value = type;
    if (status == 405) {
        dashboard->fields[len].name = "Allow";
        dashboard->fields[len++].value = "GET";
    }
    ret_answer->status = status;
    ret_answer->fields = dashboard->fields;
    ret_answer->fields_len = len;
    ret_answer->body = "";
    ret_answer->body_len = 0;
}

static void refuse(struct cepa_dashboard *dashboard, struct cepa_http_answer *ret_answer,
                   unsigned status)
{
    static const struct {
        unsigned status;
        const char *text;
    } texts[] = {
        {400, "A request here has no body.\n"},
        {403,
         "The address of this page is not complete: 'cepa status' on this machine shows it.\n"},
        {404, "There is no such page.\n"},
        {405, "Here one can only look.\n"},
        {414, "This address is too long.\n"},
    };
    begin_answer(dashboard, ret_answer, status, "text/plain; charset=utf-8");
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (texts[i].status == status) {
            ret_answer->body = texts[i].text;
            ret_answer->body_len = strlen(texts[i].text);
        }
    }
}

/* The state, unless there is none that is fresh: 204, and it is worth asking again soon. */
static void give_status(struct cepa_dashboard *dashboard, struct cepa_http_answer *ret_answer,
                        const char *type)
{
    bool is_fresh = is_within(dashboard, dashboard->set_at, CEPA_DASHBOARD_WATCH_MS);
    dashboard->asked_at = dashboard->now;
    begin_answer(dashboard, ret_answer, is_fresh ? 200 : 204, type);
    if (is_fresh) {
        /* Rates are differences of counters, so the page has to know when they were read. */
        snprintf(dashboard->time, sizeof dashboard->time, "%llu",
                 (unsigned long long)(dashboard->set_at.ns / CEPA_MILLISECOND_NS));
        dashboard->fields[ret_answer->fields_len].name = "Cepa-Time";
        dashboard->fields[ret_answer->fields_len++].value = dashboard->time;
        ret_answer->body = dashboard->status;
        ret_answer->body_len = dashboard->status_len;
    }
}

void cepa_dashboard_decide(struct cepa_dashboard *dashboard, struct cepa_http_answer *ret_answer,
                           const struct cepa_http_request *request)
{
    const char *name;
    unsigned status = cepa_dashboard_check(&dashboard->gate, &name, request);
    if (status != 200) {
        refuse(dashboard, ret_answer, status);
        return;
    }
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        if (strcmp(name, pages[i].name) != 0) {
            continue;
        }
        if (pages[i].file == NULL) {
            give_status(dashboard, ret_answer, pages[i].type);
            return;
        }
        begin_answer(dashboard, ret_answer, 200, pages[i].type);
        ret_answer->body = pages[i].file->bytes;
        ret_answer->body_len = pages[i].file->len;
        return;
    }
    refuse(dashboard, ret_answer, 404);
}

void cepa_dashboard_step(struct cepa_dashboard *dashboard, struct cepa_time now)
{
    struct cepa_http_request request;
    struct cepa_http_answer answer;
    bool has_answered = false;
    dashboard->now = now;
    cepa_http_server_step(dashboard->http, now);
    while (cepa_http_server_next(dashboard->http, &request)) {
        cepa_dashboard_decide(dashboard, &answer, &request);
        cepa_http_server_answer(dashboard->http, &request, &answer);
        has_answered = true;
    }
    if (has_answered) {
        cepa_http_server_step(dashboard->http, now);
    }
}
