/* Who may see the dashboard: a table of requests, most of them hostile. */
#include "native/daemon/dashboard_request.h"

#include <string.h>

#include "support/test.h"

#define TOKEN "0123456789abcdef0123456789abcdef"
#define HOST "127.0.0.1:8080"

static const struct cepa_dashboard_gate gate = {.token = TOKEN, .port = 8080};

static const struct {
    const char *method;
    const char *host;
    const char *target;
    bool has_body;
    unsigned want;
    const char *name;
} rows[] = {
    {"GET", HOST, "/" TOKEN "/", false, 200, ""},
    {"GET", "localhost:8080", "/" TOKEN "/status.json", false, 200, "status.json"},
    {"GET", HOST, "/" TOKEN "/../" TOKEN "/", false, 200, "../" TOKEN "/"},
    /* Methods. */
    {"HEAD", HOST, "/" TOKEN "/", false, 405, NULL},
    {"POST", HOST, "/" TOKEN "/", true, 405, NULL},
    {"PUT", HOST, "/" TOKEN "/status.json", true, 405, NULL},
    {"DELETE", HOST, "/" TOKEN "/", false, 405, NULL},
    {"OPTIONS", HOST, "/" TOKEN "/", false, 405, NULL},
    {"CONNECT", HOST, "127.0.0.1:22", false, 405, NULL},
    {"TRACE", HOST, "/" TOKEN "/", false, 405, NULL},
    {"get", HOST, "/" TOKEN "/", false, 405, NULL},
    {"GETS", HOST, "/" TOKEN "/", false, 405, NULL},
    {"", HOST, "/" TOKEN "/", false, 405, NULL},
    {"GET", HOST, "/" TOKEN "/", true, 400, NULL},
    /* Host: whatever is not this server, as after DNS rebinding. */
    {"GET", NULL, "/" TOKEN "/", false, 403, NULL},
    {"GET", "", "/" TOKEN "/", false, 403, NULL},
    {"GET", "127.0.0.1", "/" TOKEN "/", false, 403, NULL},
    {"GET", "127.0.0.1:80", "/" TOKEN "/", false, 403, NULL},
    {"GET", "127.0.0.1:80801", "/" TOKEN "/", false, 403, NULL},
    {"GET", "127.0.0.1:08080", "/" TOKEN "/", false, 403, NULL},
    {"GET", "127.0.0.1.evil.example:8080", "/" TOKEN "/", false, 403, NULL},
    {"GET", "evil.example:8080", "/" TOKEN "/", false, 403, NULL},
    {"GET", "evil.example", "/" TOKEN "/", false, 403, NULL},
    {"GET", "localhost", "/" TOKEN "/", false, 403, NULL},
    {"GET", "localhost.:8080", "/" TOKEN "/", false, 403, NULL},
    {"GET", "a.localhost:8080", "/" TOKEN "/", false, 403, NULL},
    {"GET", "127.1:8080", "/" TOKEN "/", false, 403, NULL},
    {"GET", "[::1]:8080", "/" TOKEN "/", false, 403, NULL},
    {"GET", "0.0.0.0:8080", "/" TOKEN "/", false, 403, NULL},
    {"GET", "me@127.0.0.1:8080", "/" TOKEN "/", false, 403, NULL},
    {"GET", HOST " ", "/" TOKEN "/", false, 403, NULL},
    {"POST", "evil.example:8080", "/" TOKEN "/", true, 403, NULL},
    /* Tokens and targets. */
    {"GET", HOST, "", false, 414, NULL},
    {"GET", HOST, "/", false, 403, NULL},
    {"GET", HOST, "*", false, 403, NULL},
    {"GET", HOST, "/favicon.ico", false, 403, NULL},
    {"GET", HOST, "/status.json", false, 403, NULL},
    {"GET", HOST, "/" TOKEN, false, 403, NULL},
    {"GET", HOST, "//" TOKEN "/", false, 403, NULL},
    {"GET", HOST, "/" TOKEN "0/", false, 403, NULL},
    {"GET", HOST, "/" TOKEN "?/", false, 403, NULL},
    {"GET", HOST, "/0123456789abcdef0123456789abcdee/", false, 403, NULL},
    {"GET", HOST, "/1123456789abcdef0123456789abcdef/", false, 403, NULL},
    {"GET", HOST, "/0123456789ABCDEF0123456789ABCDEF/", false, 403, NULL},
    {"GET", HOST, "/%30123456789abcdef0123456789abcdef/", false, 403, NULL},
    {"GET", HOST, "http://" HOST "/" TOKEN "/", false, 403, NULL},
    {"GET", HOST, "/?token=" TOKEN, false, 403, NULL},
};

TEST(lets_in_who_may_look)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *name = NULL;
        const struct cepa_http_request request = {.method = rows[i].method,
                                                  .host = rows[i].host,
                                                  .target = rows[i].target,
                                                  .has_body = rows[i].has_body};
        unsigned got = cepa_dashboard_check(&gate, &name, &request);
        if (got != rows[i].want) {
            test_note("row %zu", i);
        }
        CHECK_INT(got, rows[i].want);
        CHECK((name == NULL) == (rows[i].name == NULL));
        CHECK(name == NULL || strcmp(name, rows[i].name) == 0);
    }
}

TEST(every_digit_of_the_token_counts)
{
    for (size_t i = 0; i < CEPA_DASHBOARD_TOKEN_LEN; i++) {
        char target[] = "/" TOKEN "/";
        const char *name = NULL;
        const struct cepa_http_request request = {.method = "GET", .host = HOST, .target = target};
        target[1 + i] ^= 1;
        CHECK_INT(cepa_dashboard_check(&gate, &name, &request), 403);
    }
}

TEST_MAIN(RUN(lets_in_who_may_look), RUN(every_digit_of_the_token_counts))
