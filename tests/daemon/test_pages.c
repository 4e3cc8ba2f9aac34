/* What is served on 127.0.0.1, over real connections, with answers that are the test's own. */
#define _GNU_SOURCE
#include "native/daemon/pages.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "native/host.h"
#include "support/test.h"

enum { FIRST = 40 };

static struct cepa_loop *loop;
static struct cepa_pages pages;
static struct cepa_reason reason;
static struct cepa_config config;
static struct cepa_time now;
static char got[1 << 16];
static struct cepa_metrics metrics;
static unsigned metrics_made;
static unsigned states_made;
static bool has_no_memory;

char *cepa_answers_page(const struct cepa_answers *answers)
{
    (void)answers;
    states_made++;
    char *json = has_no_memory ? NULL : malloc(16);
    if (json != NULL) {
        memcpy(json, "{\"uptime_s\":7}", 15);
    }
    return json;
}

void cepa_answers_page_free(char *json)
{
    free(json);
}

const struct cepa_metrics *cepa_answers_metrics(struct cepa_answers *answers)
{
    (void)answers;
    metrics_made++;
    cepa_metrics_init(&metrics);
    cepa_metrics_add(&metrics, "links", CEPA_METRICS_GAUGE, "links", 3);
    return &metrics;
}

static uint16_t free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_INT(bind(fd, (struct sockaddr *)(void *)&address, sizeof address), 0);
    CHECK_INT(getsockname(fd, (struct sockaddr *)(void *)&address, &len), 0);
    close(fd);
    return ntohs(address.sin_port);
}

static void begin(bool has_dashboard, bool has_metrics)
{
    cepa_config_init(&config);
    config.has_dashboard = has_dashboard;
    config.dashboard_port = 0;
    config.metrics = has_metrics ? CEPA_CONFIG_METRICS_PORT : CEPA_CONFIG_METRICS_SOCKET;
    config.metrics_port = has_metrics ? free_port() : 0;
    metrics_made = states_made = 0;
    has_no_memory = false;
    now.ns = 9 * CEPA_SECOND_NS;
    CHECK_INT(cepa_loop_open(&loop), 0);
    CHECK_INT(cepa_pages_open(&pages, &reason, &config, loop, FIRST, cepa_native_random()), 0);
}

static void end(void)
{
    cepa_pages_close(&pages);
    cepa_loop_close(loop);
}

/* Asks by HTTP, and lets the pages work till the answer is there; false if it does not come. */
static bool ask(uint16_t port, const char *target)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct cepa_loop_ready ready;
    char request[256];
    size_t len = 0;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_INT(connect(fd, (struct sockaddr *)(void *)&address, sizeof address), 0);
    snprintf(request, sizeof request,
             "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nConnection: close\r\n\r\n", target,
             (unsigned)port);
    CHECK_INT(send(fd, request, strlen(request), MSG_NOSIGNAL), (long long)strlen(request));
    bool is_over = false;
    for (int i = 0; i < 400 && !is_over; i++) {
        struct timespec moment = {0, 2000000};
        CHECK(cepa_loop_wait(loop, (struct cepa_time){0}) >= 0);
        while (cepa_loop_next(loop, &ready)) {
            CHECK(ready.number == FIRST || ready.number == FIRST + 1);
        }
        cepa_pages_step(&pages, NULL, now);
        ssize_t count = recv(fd, got + len, sizeof got - 1 - len, MSG_DONTWAIT);
        is_over = count == 0;
        len += count > 0 ? (size_t)count : 0;
        (void)nanosleep(&moment, NULL);
    }
    got[len] = '\0';
    close(fd);
    return is_over;
}

static uint16_t dashboard_port(char ret_path[CEPA_DASHBOARD_URL_SIZE])
{
    char url[CEPA_DASHBOARD_URL_SIZE];
    cepa_dashboard_url(pages.dashboard, url);
    const char *colon = strrchr(url, ':');
    const char *path = strchr(colon, '/');
    snprintf(ret_path, CEPA_DASHBOARD_URL_SIZE, "%sstatus.json", path);
    return (uint16_t)strtoul(colon + 1, NULL, 10);
}

TEST(what_is_not_wanted_is_not_there)
{
    static const struct {
        bool has_dashboard;
        bool has_metrics;
    } rows[] = {{false, false}, {true, false}, {false, true}, {true, true}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin(rows[i].has_dashboard, rows[i].has_metrics);
        CHECK_INT(pages.dashboard != NULL, rows[i].has_dashboard);
        CHECK_INT(pages.metrics.http != NULL, rows[i].has_metrics);
        CHECK(cepa_time_is_never(cepa_pages_deadline(&pages)));
        cepa_pages_step(&pages, NULL, now);
        CHECK_INT(states_made + metrics_made, 0); /* nobody looks */
        end();
        CHECK(pages.dashboard == NULL && pages.metrics.http == NULL);
    }
}

TEST(a_port_that_is_taken_is_named)
{
    static const char *const keys[] = {"dashboard-port", "metrics"};
    begin(true, true);
    const uint16_t metrics_port = config.metrics_port;
    char path[CEPA_DASHBOARD_URL_SIZE];
    const uint16_t ports[] = {dashboard_port(path), metrics_port};
    for (size_t i = 0; i < 2; i++) {
        struct cepa_pages others;
        struct cepa_config its = config;
        char number[8];
        its.has_dashboard = i == 0;
        its.dashboard_port = ports[0];
        its.metrics = i == 1 ? CEPA_CONFIG_METRICS_PORT : CEPA_CONFIG_METRICS_OFF;
        snprintf(number, sizeof number, "%u", (unsigned)ports[i]);
        CHECK_INT(cepa_pages_open(&others, &reason, &its, loop, FIRST + 2, cepa_native_random()),
                  CEPA_ERR_IN_USE);
        CHECK(strncmp(reason.text, keys[i], strlen(keys[i])) == 0);
        CHECK(strstr(reason.text, number) != NULL && strstr(reason.text, "in use") != NULL);
        cepa_pages_close(&others);
    }
    end();
}

TEST(figures_are_made_for_who_may_have_them)
{
    begin(false, true);
    CHECK(ask(config.metrics_port, "/metrics"));
    CHECK(strstr(got, "HTTP/1.1 200") == got);
    CHECK(strstr(got, "\r\n\r\n# HELP cepa_links links\n") != NULL);
    CHECK_INT(metrics_made, 1);
    CHECK(ask(config.metrics_port, "/"));
    CHECK(strstr(got, "HTTP/1.1 404") == got);
    CHECK_INT(metrics_made, 1);
    end();
}

TEST(the_state_is_made_while_somebody_looks)
{
    char path[CEPA_DASHBOARD_URL_SIZE];
    begin(true, false);
    uint16_t port = dashboard_port(path);
    CHECK(ask(port, path));
    CHECK(strstr(got, "HTTP/1.1 204") == got); /* there is none yet */
    CHECK_INT(states_made, 1);
    CHECK(ask(port, path));
    CHECK(strstr(got, "\r\n\r\n{\"uptime_s\":7}") != NULL);
    CHECK_INT(states_made, 1); /* a second has not passed */
    struct cepa_time next = cepa_pages_deadline(&pages);
    CHECK_INT(cepa_time_since(next, now), CEPA_DASHBOARD_INTERVAL_MS * CEPA_MILLISECOND_NS);
    now = next;
    cepa_pages_step(&pages, NULL, now);
    CHECK_INT(states_made, 2);
    /* Without memory it is tried again, not at once. */
    has_no_memory = true;
    now = cepa_pages_deadline(&pages);
    cepa_pages_step(&pages, NULL, now);
    cepa_pages_step(&pages, NULL, now);
    CHECK_INT(states_made, 3);
    CHECK(!cepa_time_is_due(cepa_pages_deadline(&pages), now));
    /* Nobody looks any more. */
    now = cepa_time_add(now, CEPA_DASHBOARD_WATCH_MS * CEPA_MILLISECOND_NS);
    cepa_pages_step(&pages, NULL, now);
    CHECK_INT(states_made, 3);
    /* A wrong token makes nothing. */
    path[1] = path[1] == 'a' ? 'b' : 'a';
    CHECK(ask(port, path));
    CHECK(strstr(got, "HTTP/1.1 403") == got);
    CHECK_INT(states_made, 3);
    end();
}

TEST_MAIN(RUN(what_is_not_wanted_is_not_there), RUN(a_port_that_is_taken_is_named),
          RUN(figures_are_made_for_who_may_have_them), RUN(the_state_is_made_while_somebody_looks))
