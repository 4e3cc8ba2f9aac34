/* The loop of commands that serve. */
#define _GNU_SOURCE
#include "cli/serving.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "native/net/clock.h"

enum { NUMBER_SIGNALS, NUMBER_DAEMON };

enum { LOOK_MS = 500, LOOK_FACTOR_MAX = 10 }; /* for a daemon that has ended; then less often */

static int open_signals(struct cepa_cli_serving *serving)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGHUP);
    (void)signal(SIGPIPE, SIG_IGN);
    serving->signals_fd = sigprocmask(SIG_BLOCK, &set, NULL) == 0
                              ? signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC)
                              : -1;
    return serving->signals_fd < 0
               ? CEPA_ERR_SYSTEM
               : cepa_loop_add(serving->loop, serving->signals_fd, NUMBER_SIGNALS, CEPA_LOOP_READ);
}

int cepa_cli_serving_open(struct cepa_cli_serving *ret_serving, struct cepa_reason *ret_reason,
                          const char *command, const char *path)
{
    memset(ret_serving, 0, sizeof *ret_serving);
    ret_serving->command = command;
    ret_serving->path = path;
    ret_serving->client.fd = -1;
    ret_serving->signals_fd = -1;
    int status = cepa_control_client_open(&ret_serving->client, ret_reason, path);
    if (status != 0) {
        return status;
    }
    status = cepa_loop_open(&ret_serving->loop);
    if (status == 0) {
        status = open_signals(ret_serving);
    }
    if (status == 0) {
        status =
            cepa_loop_add(ret_serving->loop, ret_serving->client.fd, NUMBER_DAEMON, CEPA_LOOP_READ);
    }
    ret_serving->is_here = status == 0;
    return status == 0 ? 0
                       : cepa_reason_fail(ret_reason, status, "the system refuses to wait: %s",
                                          strerror(errno));
}

void cepa_cli_serving_close(struct cepa_cli_serving *serving)
{
    if (serving->client.fd >= 0) {
        cepa_control_client_close(&serving->client);
    }
    if (serving->signals_fd >= 0) {
        (void)close(serving->signals_fd);
    }
    cepa_loop_close(serving->loop);
}

void cepa_cli_serving_ask(struct cepa_cli_serving *serving,
                          const struct cepa_control_request *request, int socket)
{
    struct cepa_reason reason;
    if (serving->is_here &&
        cepa_control_client_send_socket(&serving->client, &reason, request, socket) != 0) {
        serving->is_broken = true;
    }
}

void cepa_cli_serving_end(struct cepa_cli_serving *serving)
{
    serving->is_over = true;
}

static void look_later(struct cepa_cli_serving *serving, struct cepa_time now)
{
    uint32_t factor = serving->failures < LOOK_FACTOR_MAX ? serving->failures + 1 : LOOK_FACTOR_MAX;
    serving->failures++;
    serving->next = cepa_time_add(now, factor * LOOK_MS * CEPA_MILLISECOND_NS);
}

/* The daemon has ended. */
static void lose_daemon(struct cepa_cli_serving *serving, const struct cepa_cli_server *server,
                        struct cepa_time now)
{
    cepa_loop_remove(serving->loop, serving->client.fd, NUMBER_DAEMON);
    cepa_control_client_close(&serving->client);
    serving->client.fd = -1;
    serving->is_here = false;
    serving->is_broken = false;
    serving->failures = 0;
    fprintf(stderr, "cepa %s: the daemon has ended; this waits till it runs again\n",
            serving->command);
    look_later(serving, now);
    server->on_daemon(server->context, false, now);
}

/* Looks whether it is there again. */
static void find_daemon(struct cepa_cli_serving *serving, const struct cepa_cli_server *server,
                        struct cepa_time now)
{
    struct cepa_reason reason;
    if (cepa_control_client_open(&serving->client, &reason, serving->path) != 0) {
        serving->client.fd = -1;
        look_later(serving, now);
    } else if (cepa_loop_add(serving->loop, serving->client.fd, NUMBER_DAEMON, CEPA_LOOP_READ) !=
               0) {
        cepa_control_client_close(&serving->client);
        serving->client.fd = -1;
        look_later(serving, now);
    } else {
        serving->is_here = true;
        fprintf(stderr, "cepa %s: the daemon runs again\n", serving->command);
        server->on_daemon(server->context, true, now);
    }
}

/* Hands all lines over that are here. */
static void take_lines(struct cepa_cli_serving *serving, const struct cepa_cli_server *server,
                       struct cepa_time now)
{
    cJSON *line = NULL;
    struct cepa_reason reason;
    int status = 0;
    while (serving->is_here && status == 0) {
        status = cepa_control_client_hear(&serving->client, &line, &reason, 0);
        if (status == 0) {
            server->on_line(server->context, line, now);
            cJSON_Delete(line);
        }
    }
    serving->is_broken = serving->is_broken || status != CEPA_ERR_TIMEOUT;
}

static struct cepa_time deadline_of(const struct cepa_cli_serving *serving,
                                    const struct cepa_cli_server *server)
{
    struct cepa_time deadline = server->deadline(server->context);
    return serving->is_here ? deadline : cepa_time_earliest(deadline, serving->next);
}

int cepa_cli_serving_run(struct cepa_cli_serving *serving, struct cepa_reason *ret_reason,
                         const struct cepa_cli_server *server)
{
    struct cepa_loop_ready ready;
    while (!serving->is_over) {
        if (cepa_loop_wait(serving->loop, deadline_of(serving, server)) < 0) {
            return cepa_reason_fail(ret_reason, CEPA_ERR_SYSTEM, "the system refuses to wait: %s",
                                    strerror(errno));
        }
        struct cepa_time now = cepa_clock_now();
        while (cepa_loop_next(serving->loop, &ready)) {
            if (ready.number == NUMBER_SIGNALS) {
                return 0;
            }
            if (ready.number == NUMBER_DAEMON) {
                take_lines(serving, server, now);
            } else {
                server->on_ready(server->context, &ready, now);
            }
        }
        server->step(server->context, now);
        if (serving->is_here && serving->is_broken) {
            lose_daemon(serving, server, now);
        } else if (!serving->is_here && cepa_time_is_due(serving->next, now)) {
            find_daemon(serving, server, now);
        }
    }
    return 0;
}

int64_t cepa_cli_serving_number(const struct cJSON *line, const char *field, int64_t other)
{
    const cJSON *number = cJSON_GetObjectItemCaseSensitive(line, field);
    return cJSON_IsNumber(number) ? (int64_t)number->valuedouble : other;
}

const char *cepa_cli_serving_text(const struct cJSON *line, const char *field)
{
    const cJSON *text = cJSON_GetObjectItemCaseSensitive(line, field);
    return cJSON_IsString(text) ? text->valuestring : "";
}
