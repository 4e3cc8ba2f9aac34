/* The loop of commands that serve. */
#define _GNU_SOURCE
#include "cli/serving.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "native/net/clock.h"

enum { NUMBER_SIGNALS, NUMBER_DAEMON };

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
                          const char *path)
{
    memset(ret_serving, 0, sizeof *ret_serving);
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
    if (cepa_control_client_send_socket(&serving->client, &reason, request, socket) != 0) {
        serving->is_broken = true;
    }
}

/* Hands all lines over that are here. */
static int take_lines(struct cepa_cli_serving *serving, struct cepa_reason *ret_reason,
                      const struct cepa_cli_server *server, struct cepa_time now)
{
    cJSON *line = NULL;
    int status;
    while ((status = cepa_control_client_hear(&serving->client, &line, ret_reason, 0)) == 0) {
        server->on_line(server->context, line, now);
        cJSON_Delete(line);
    }
    return status == CEPA_ERR_TIMEOUT ? 0 : status;
}

int cepa_cli_serving_run(struct cepa_cli_serving *serving, struct cepa_reason *ret_reason,
                         const struct cepa_cli_server *server)
{
    struct cepa_loop_ready ready;
    int status = 0;
    while (status == 0 && !serving->is_broken) {
        if (cepa_loop_wait(serving->loop, server->deadline(server->context)) < 0) {
            return cepa_reason_fail(ret_reason, CEPA_ERR_SYSTEM, "the system refuses to wait: %s",
                                    strerror(errno));
        }
        struct cepa_time now = cepa_clock_now();
        while (status == 0 && cepa_loop_next(serving->loop, &ready)) {
            if (ready.number == NUMBER_SIGNALS) {
                return 0;
            }
            if (ready.number == NUMBER_DAEMON) {
                status = take_lines(serving, ret_reason, server, now);
            } else {
                server->on_ready(server->context, &ready, now);
            }
        }
        server->step(server->context, now);
    }
    return status != 0 ? status
                       : cepa_reason_fail(ret_reason, CEPA_ERR_SYSTEM, "the daemon has ended");
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
