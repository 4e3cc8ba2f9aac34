/* cepa status: how the running node is, once or again and again. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/daemon_options.h"
#include "cli/status_text.h"
#include "native/daemon/control_client.h"

enum { WATCH_MS = 1000, ANSWER_MS = 10000 };

/* Prints an answer; false if it cannot be. */
static bool print(cJSON *answer, bool is_json)
{
    if (!is_json) {
        cepa_cli_status_print(answer);
        return fflush(stdout) == 0;
    }
    cJSON_DeleteItemFromObjectCaseSensitive(answer, "ok");
    char *text = cJSON_PrintUnformatted(answer);
    bool is_printed = text != NULL && puts(text) >= 0 && fflush(stdout) == 0;
    cJSON_free(text);
    return is_printed;
}

static int watch(const char *command, const struct cepa_cli_daemon *daemon)
{
    const struct cepa_control_request request = {.kind = CEPA_CONTROL_WATCH, .every_ms = WATCH_MS};
    struct cepa_control_client client = {.fd = -1};
    struct cepa_config config;
    struct cepa_reason reason;
    bool has_screen = !daemon->is_json && isatty(STDOUT_FILENO) == 1;
    int status = cepa_cli_daemon_config(&config, command, daemon);
    if (status != CEPA_CLI_OK) {
        return status;
    }
    if (cepa_control_client_open(&client, &reason, config.control) != 0) {
        return cepa_cli_daemon_fail(command, reason.text);
    }
    status = cepa_control_client_send(&client, &reason, &request);
    while (status == 0) {
        cJSON *answer = NULL;
        status = cepa_control_client_receive(&client, &answer, &reason, ANSWER_MS);
        if (status == 0) {
            fputs(has_screen ? "\x1b[H\x1b[J" : "", stdout);
            status = print(answer, daemon->is_json)
                         ? 0
                         : cepa_reason_fail(&reason, CEPA_ERR_SYSTEM, "nobody reads any more");
            cJSON_Delete(answer);
        }
    }
    cepa_control_client_close(&client);
    return cepa_cli_daemon_fail(command, reason.text);
}

static int print_metrics(const cJSON *answer)
{
    const cJSON *metrics = cJSON_GetObjectItemCaseSensitive(answer, "metrics");
    if (!cJSON_IsString(metrics)) {
        return cepa_cli_daemon_fail("status", "the daemon gave no metrics");
    }
    fputs(metrics->valuestring, stdout);
    return CEPA_CLI_OK;
}

int cepa_cli_status(int argc, char **argv)
{
    struct cepa_cli_daemon daemon = {NULL, NULL, NULL, false};
    struct cepa_cli_option options[CEPA_CLI_DAEMON_OPTIONS + 2];
    bool is_watching = false;
    bool has_metrics = false;
    cepa_cli_daemon_options(options, &daemon);
    options[CEPA_CLI_DAEMON_OPTIONS] = (struct cepa_cli_option){
        'w', "watch", NULL, "again every second, till interrupted", &is_watching, NULL};
    options[CEPA_CLI_DAEMON_OPTIONS + 1] = (struct cepa_cli_option){
        'm', "metrics", NULL, "figures in Prometheus' format instead", &has_metrics, NULL};
    const struct cepa_cli_syntax syntax = {
        "cepa status [--json] [--watch] [--metrics]",
        "Shows how the running node is: links, relays, guards, circuits, traffic, and how likely\n"
        "it is that somebody watches both ends of a circuit. With --json --watch it prints an\n"
        "object in each line.\n",
        options, CEPA_CLI_DAEMON_OPTIONS + 2, 0};
    struct cepa_cli_arguments arguments;
    struct cepa_control_request request = {.kind = CEPA_CONTROL_STATUS};
    cJSON *answer = NULL;
    int status = cepa_cli_parse(&arguments, &syntax, argc, argv);
    if (status != CEPA_CLI_PROCEED) {
        return status;
    }
    if (is_watching && !has_metrics) {
        return watch(argv[0], &daemon);
    }
    request.kind = has_metrics ? CEPA_CONTROL_METRICS : CEPA_CONTROL_STATUS;
    status = cepa_cli_daemon_ask(&answer, argv[0], &daemon, &request);
    if (status != CEPA_CLI_OK) {
        return status;
    }
    if (has_metrics) {
        status = print_metrics(answer);
    } else {
        status = print(answer, daemon.is_json) ? CEPA_CLI_OK : CEPA_CLI_FAILED;
    }
    cJSON_Delete(answer);
    return status;
}
