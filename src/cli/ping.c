/* cepa ping: builds circuits through the mesh and times them. */
#define _GNU_SOURCE
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/daemon_options.h"
#include "cli/options.h"
#include "cli/ping_result.h"
#include "native/daemon/control_client.h"

enum { COUNT_DEFAULT = 10, HOPS_DEFAULT = 3, LOOK_EVERY_MS = 100, ANSWER_MS = 10000 };

/* Begins the series and looks at it until it is over. */
static int ping(struct cepa_cli_ping *ret_ping, struct cepa_reason *ret_reason, const char *path,
                const struct cepa_control_request *request, bool shows_progress)
{
    const struct cepa_control_request look = {.kind = CEPA_CONTROL_PINGED};
    const struct timespec pause = {0, LOOK_EVERY_MS * 1000000L};
    struct cepa_control_client client = {.fd = -1};
    cJSON *answer = NULL;
    int status = cepa_control_client_open(&client, ret_reason, path);
    if (status != 0) {
        return status;
    }
    status = cepa_control_client_send(&client, ret_reason, request);
    if (status == 0) {
        status = cepa_control_client_receive(&client, &answer, ret_reason, ANSWER_MS);
    }
    while (status == 0 && cepa_cli_ping_read(ret_ping, answer) && ret_ping->is_running) {
        if (shows_progress) {
            fprintf(stderr, "\r%u of %u", ret_ping->done, ret_ping->count);
        }
        (void)nanosleep(&pause, NULL);
        cJSON_Delete(answer);
        answer = NULL;
        status = cepa_control_client_send(&client, ret_reason, &look);
        if (status == 0) {
            status = cepa_control_client_receive(&client, &answer, ret_reason, ANSWER_MS);
        }
    }
    if (shows_progress) {
        fputs("\r                    \r", stderr);
    }
    cJSON_Delete(answer);
    cepa_control_client_close(&client);
    return status;
}

int cepa_cli_ping(int argc, char **argv)
{
    struct cepa_cli_daemon daemon = {NULL, NULL, NULL, false};
    struct cepa_cli_option options[CEPA_CLI_DAEMON_OPTIONS + 2];
    const char *count = NULL;
    const char *hops = NULL;
    cepa_cli_daemon_options(options, &daemon);
    options[CEPA_CLI_DAEMON_OPTIONS] = (struct cepa_cli_option){
        'n', "count", "N", "how many circuits, one after another; 10", NULL, &count};
    options[CEPA_CLI_DAEMON_OPTIONS + 1] =
        (struct cepa_cli_option){0, "hops", "N", "how many relays each has; 3", NULL, &hops};
    const struct cepa_cli_syntax syntax = {
        "cepa ping [--count N] [--hops N] [--json]",
        "Lets the running daemon build circuits, one after another, and send a message to the\n"
        "last relay of each and back. Prints how many worked, and how long that took. Relays are\n"
        "chosen as for any other circuit.\n",
        options, CEPA_CLI_DAEMON_OPTIONS + 2, 0};
    struct cepa_control_request request = {
        .kind = CEPA_CONTROL_PING, .count = COUNT_DEFAULT, .hops = HOPS_DEFAULT};
    struct cepa_cli_arguments arguments;
    struct cepa_config config;
    struct cepa_reason reason;
    struct cepa_cli_ping result = {0};
    int status = cepa_cli_parse(&arguments, &syntax, argc, argv);
    if (status != CEPA_CLI_PROCEED) {
        return status;
    }
    if (!cepa_cli_read_number(&request.count, count, 1, CEPA_PING_COUNT_MAX) ||
        !cepa_cli_read_number(&request.hops, hops, 1, CEPA_PING_HOPS_MAX)) {
        fprintf(stderr, "cepa ping: --count takes 1 to %d, --hops 1 to %d\nUsage: %s\n",
                CEPA_PING_COUNT_MAX, CEPA_PING_HOPS_MAX, syntax.usage);
        return CEPA_CLI_USAGE;
    }
    status = cepa_cli_daemon_config(&config, argv[0], &daemon);
    if (status != CEPA_CLI_OK) {
        return status;
    }
    bool shows_progress = !daemon.is_json && isatty(STDERR_FILENO) == 1;
    if (ping(&result, &reason, config.control, &request, shows_progress) != 0) {
        return cepa_cli_daemon_fail(argv[0], reason.text);
    }
    cepa_cli_ping_print(&result, daemon.is_json);
    return result.failed == 0 ? CEPA_CLI_OK : CEPA_CLI_FAILED;
}
