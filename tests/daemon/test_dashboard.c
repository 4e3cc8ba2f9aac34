/* The dashboard: what is served, with which fields, and when a state is wanted. */
#include "native/daemon/dashboard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "native/host.h"
#include "support/test.h"

static struct cepa_dashboard *dashboard;
static struct cepa_http_answer answer;
static char url[CEPA_DASHBOARD_URL_SIZE];
static char host[32];
static struct cepa_time now;

static int fail(void *context, uint8_t *ret_bytes, size_t len)
{
    (void)context, (void)ret_bytes, (void)len;
    return -1;
}

static void start(void)
{
    now.ns = 5 * CEPA_SECOND_NS;
    CHECK_INT(cepa_dashboard_open(&dashboard, 0, cepa_native_random()), 0);
    cepa_dashboard_url(dashboard, url);
    CHECK(strncmp(url, "http://127.0.0.1:", 17) == 0);
    snprintf(host, sizeof host, "%.*s", (int)strcspn(url + 7, "/"), url + 7);
    cepa_dashboard_step(dashboard, now);
}

/* Moves the time and lets the dashboard know. */
static void pass(uint64_t ms)
{
    now = cepa_time_add(now, ms * CEPA_MILLISECOND_NS);
    cepa_dashboard_step(dashboard, now);
}

/* Asks for what stands behind the token. */
static unsigned ask(const char *method, const char *name)
{
    char target[CEPA_HTTP_TARGET_SIZE];
    const struct cepa_http_request request = {.method = method, .target = target, .host = host};
    snprintf(target, sizeof target, "%s%s", strchr(url + 7, '/'), name);
    cepa_dashboard_decide(dashboard, &answer, &request);
    return answer.status;
}

static const char *field(const char *name)
{
    for (size_t i = 0; i < answer.fields_len; i++) {
        if (strcmp(answer.fields[i].name, name) == 0) {
            return answer.fields[i].value;
        }
    }
    return "";
}

TEST(serves_its_files)
{
    static const struct {
        const char *name;
        unsigned status;
        const char *type;
        const char *begins;
    } rows[] = {
        {"", 200, "text/html; charset=utf-8", "<!doctype html>"},
        {"dashboard.js", 200, "text/javascript; charset=utf-8", "//"},
        {"mesh.js", 200, "text/javascript; charset=utf-8", "//"},
        {"dashboard.css", 200, "text/css; charset=utf-8", ":root"},
        {"icon.svg", 200, "image/svg+xml", "<svg"},
        {"index.html", 404, "text/plain; charset=utf-8", "There"},
        {"dashboard.js?", 404, "text/plain; charset=utf-8", "There"},
        {"../dashboard.js", 404, "text/plain; charset=utf-8", "There"},
        {"status.json/", 404, "text/plain; charset=utf-8", "There"},
        {"Status.json", 404, "text/plain; charset=utf-8", "There"},
    };
    start();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CHECK_INT(ask("GET", rows[i].name), rows[i].status);
        CHECK(strcmp(field("Content-Type"), rows[i].type) == 0);
        CHECK(answer.body_len > strlen(rows[i].begins));
        CHECK_BYTES(answer.body, rows[i].begins, strlen(rows[i].begins));
    }
    CHECK_INT(ask("POST", ""), 405);
    CHECK(strcmp(field("Allow"), "GET") == 0);
    cepa_dashboard_close(dashboard);
}

TEST(every_answer_is_locked_up)
{
    static const char *const names[] = {"", "dashboard.js", "icon.svg", "status.json", "none"};
    static const char *const methods[] = {"GET", "POST"};
    start();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        for (size_t k = 0; k < 2; k++) {
            (void)ask(methods[k], names[i]);
            const char *policy = field("Content-Security-Policy");
            CHECK(strstr(policy, "default-src 'none'; script-src 'self';") != NULL);
            CHECK(strstr(policy, "frame-ancestors 'none'") != NULL);
            CHECK(strstr(policy, "require-trusted-types-for 'script'") != NULL);
            CHECK(strstr(policy, "unsafe") == NULL);
            CHECK(strcmp(field("X-Frame-Options"), "DENY") == 0);
            CHECK(strcmp(field("X-Content-Type-Options"), "nosniff") == 0);
            CHECK(strcmp(field("Referrer-Policy"), "no-referrer") == 0);
            CHECK(strcmp(field("Cache-Control"), "no-store") == 0);
            CHECK(strcmp(field("Cross-Origin-Resource-Policy"), "same-origin") == 0);
            CHECK(field("Access-Control-Allow-Origin")[0] == '\0');
        }
    }
    cepa_dashboard_close(dashboard);
}

TEST(wants_a_state_while_somebody_looks)
{
    start();
    CHECK(!cepa_dashboard_wants_status(dashboard));
    CHECK(cepa_time_is_never(cepa_dashboard_deadline(dashboard)));
    CHECK_INT(ask("GET", ""), 200);
    CHECK(!cepa_dashboard_wants_status(dashboard));
    CHECK_INT(ask("GET", "status.json"), 204);
    CHECK(cepa_dashboard_wants_status(dashboard));
    CHECK(cepa_time_is_due(cepa_dashboard_deadline(dashboard), now));
    CHECK_INT(cepa_dashboard_set_status(dashboard, "{\"a\":1}", 7), 0);
    CHECK(!cepa_dashboard_wants_status(dashboard));
    CHECK_INT(ask("GET", "status.json"), 200);
    CHECK_INT(answer.body_len, 7);
    CHECK_BYTES(answer.body, "{\"a\":1}", 7);
    CHECK(strcmp(field("Cepa-Time"), "5000") == 0);
    pass(CEPA_DASHBOARD_INTERVAL_MS - 1);
    CHECK(!cepa_dashboard_wants_status(dashboard));
    pass(1);
    CHECK(cepa_dashboard_wants_status(dashboard));
    CHECK_INT(cepa_dashboard_set_status(dashboard, "{}", 2), 0);
    /* Nobody asks any more; then what is here is too old. */
    pass(CEPA_DASHBOARD_WATCH_MS);
    CHECK(!cepa_dashboard_wants_status(dashboard));
    CHECK_INT(ask("GET", "status.json"), 204);
    CHECK(cepa_dashboard_wants_status(dashboard));
    cepa_dashboard_close(dashboard);
}

TEST(refused_requests_are_no_looks)
{
    start();
    CHECK_INT(ask("POST", "status.json"), 405);
    host[0] = 'x';
    CHECK_INT(ask("GET", "status.json"), 403);
    CHECK(!cepa_dashboard_wants_status(dashboard));
    cepa_dashboard_close(dashboard);
}

TEST(bounds_the_state)
{
    char *json = calloc(1, CEPA_DASHBOARD_STATUS_MAX + 1);
    CHECK(json != NULL);
    start();
    CHECK_INT(cepa_dashboard_set_status(dashboard, json, CEPA_DASHBOARD_STATUS_MAX), 0);
    CHECK_INT(cepa_dashboard_set_status(dashboard, json, CEPA_DASHBOARD_STATUS_MAX + 1),
              CEPA_ERR_TOO_LONG);
    CHECK_INT(ask("GET", "status.json"), 200);
    CHECK_INT(answer.body_len, CEPA_DASHBOARD_STATUS_MAX);
    cepa_dashboard_close(dashboard);
    free(json);
}

TEST(a_state_that_cannot_be_taken_is_no_reason_to_hurry)
{
    char *json = calloc(1, CEPA_DASHBOARD_STATUS_MAX + 1);
    CHECK(json != NULL);
    start();
    CHECK_INT(ask("GET", "status.json"), 204);
    for (int i = 0; i < 3; i++) {
        CHECK(cepa_dashboard_wants_status(dashboard));
        CHECK_INT(cepa_dashboard_set_status(dashboard, json, CEPA_DASHBOARD_STATUS_MAX + 1),
                  CEPA_ERR_TOO_LONG);
        CHECK(!cepa_dashboard_wants_status(dashboard));
        CHECK(!cepa_time_is_due(cepa_dashboard_deadline(dashboard), now));
        CHECK_INT(ask("GET", "status.json"), 204);
        pass(CEPA_DASHBOARD_INTERVAL_MS);
    }
    cepa_dashboard_close(dashboard);
    free(json);
}

TEST(opens_or_says_why_not)
{
    static const struct cepa_random broken = {fail, NULL};
    struct cepa_dashboard *other = NULL;
    char other_url[CEPA_DASHBOARD_URL_SIZE];
    start();
    uint16_t port = (uint16_t)strtoul(strchr(host, ':') + 1, NULL, 10);
    CHECK_INT(cepa_dashboard_open(&other, port, cepa_native_random()), CEPA_ERR_IN_USE);
    CHECK_INT(cepa_dashboard_open(&other, 0, &broken), CEPA_ERR_RANDOM);
    CHECK(other == NULL);
    CHECK_INT(cepa_dashboard_open(&other, 0, cepa_native_random()), 0);
    cepa_dashboard_url(other, other_url);
    CHECK(strcmp(strchr(other_url + 7, '/'), strchr(url + 7, '/')) != 0);
    cepa_dashboard_close(other);
    cepa_dashboard_close(dashboard);
}

TEST_MAIN(RUN(serves_its_files), RUN(every_answer_is_locked_up),
          RUN(wants_a_state_while_somebody_looks), RUN(refused_requests_are_no_looks),
          RUN(bounds_the_state), RUN(a_state_that_cannot_be_taken_is_no_reason_to_hurry),
          RUN(opens_or_says_why_not))
