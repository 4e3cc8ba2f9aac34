/* cepa speed: measures how fast a circuit is, and what it costs others. */
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
#include "cli/speed_result.h"
#include "native/daemon/control_client.h"

enum { MEGABYTES_DEFAULT = 100, HOPS_DEFAULT = 3, LOOK_EVERY_MS = 200, ANSWER_MS = 10000 };

/* Asks, and reads what the daemon says. Returns 0, or an error with a reason. */
static int ask(struct cepa_cli_speed *ret_speed, struct cepa_reason *ret_reason,
               struct cepa_control_client *client, const struct cepa_control_request *request)
{
    cJSON *answer = NULL;
    int status = cepa_control_client_send(client, ret_reason, request);
    if (status == 0) {
        status = cepa_control_client_receive(client, &answer, ret_reason, ANSWER_MS);
    }
    if (status == 0 && !cepa_cli_speed_read(ret_speed, answer)) {
        status = cepa_reason_fail(ret_reason, CEPA_ERR_MALFORMED,
                                  "the daemon's answer makes no sense; is it of another version?");
    }
    cJSON_Delete(answer);
    return status;
}

/* Begins a measurement and looks at it until it is over. */
static int measure(struct cepa_cli_speed *ret_speed, struct cepa_reason *ret_reason,
                   const char *path, const struct cepa_control_request *request,
                   bool shows_progress)
{
    const struct cepa_control_request look = {.kind = CEPA_CONTROL_SPEED_RESULT};
    const struct timespec pause = {0, LOOK_EVERY_MS * 1000000L};
    struct cepa_control_client client = {.fd = -1};
    int status = cepa_control_client_open(&client, ret_reason, path);
    if (status != 0) {
        return status;
    }
    status = ask(ret_speed, ret_reason, &client, request);
    while (status == 0 && ret_speed->is_running) {
        if (shows_progress) {
            fprintf(stderr, "\r%.0f of %u MB", ret_speed->bytes / 1e6, request->megabytes);
        }
        (void)nanosleep(&pause, NULL);
        status = ask(ret_speed, ret_reason, &client, &look);
    }
    if (shows_progress) {
        fputs("\r                    \r", stderr);
    }
    cepa_control_client_close(&client);
    if (status == 0 && ret_speed->is_failed) {
        status = cepa_reason_fail(ret_reason, CEPA_ERR_UNREACHABLE,
                                  "no circuit could be built, or the one that was broke");
    }
    return status;
}

int cepa_cli_speed(int argc, char **argv)
{
    struct cepa_cli_daemon daemon = {NULL, NULL, NULL, false};
    struct cepa_cli_option options[CEPA_CLI_DAEMON_OPTIONS + 3];
    const char *megabytes = NULL;
    const char *hops = NULL;
    struct cepa_control_request request = {
        .kind = CEPA_CONTROL_SPEED, .megabytes = MEGABYTES_DEFAULT, .hops = HOPS_DEFAULT};
    cepa_cli_daemon_options(options, &daemon);
    options[CEPA_CLI_DAEMON_OPTIONS] = (struct cepa_cli_option){
        'm',  "megabytes", "N", "how much is moved, in units of 1,000,000 bytes; 100",
        NULL, &megabytes};
    options[CEPA_CLI_DAEMON_OPTIONS + 1] = (struct cepa_cli_option){
        'd', "download", NULL, "from the last relay, instead of to it", &request.is_download, NULL};
    options[CEPA_CLI_DAEMON_OPTIONS + 2] =
        (struct cepa_cli_option){0, "hops", "N", "how many relays the circuit has; 3", NULL, &hops};
    const struct cepa_cli_syntax syntax = {
        "cepa speed [--megabytes N] [--download] [--hops N] [--json]",
        "Lets the running daemon move bytes through one circuit as fast as that can, and prints\n"
        "how fast that was. Beside it, small messages go there and back on another circuit over\n"
        "the same relays, first alone and then beside the bytes: how long they take tells what\n"
        "the bytes cost others.\n",
        options, CEPA_CLI_DAEMON_OPTIONS + 3, 0};
    struct cepa_cli_arguments arguments;
    struct cepa_config config;
    struct cepa_reason reason;
    struct cepa_cli_speed result = {0};
    int status = cepa_cli_parse(&arguments, &syntax, argc, argv);
    if (status != CEPA_CLI_PROCEED) {
        return status;
    }
    if (!cepa_cli_read_number(&request.megabytes, megabytes, 1, CEPA_SPEED_MEGABYTES_MAX) ||
        !cepa_cli_read_number(&request.hops, hops, 1, CEPA_SPEED_HOPS_MAX)) {
        fprintf(stderr, "cepa speed: --megabytes takes 1 to %d, --hops 1 to %d\nUsage: %s\n",
                CEPA_SPEED_MEGABYTES_MAX, CEPA_SPEED_HOPS_MAX, syntax.usage);
        return CEPA_CLI_USAGE;
    }
    status = cepa_cli_daemon_config(&config, argv[0], &daemon);
    if (status != CEPA_CLI_OK) {
        return status;
    }
    bool shows_progress = !daemon.is_json && isatty(STDERR_FILENO) == 1;
    if (measure(&result, &reason, config.control, &request, shows_progress) != 0) {
        return cepa_cli_daemon_fail(argv[0], reason.text);
    }
    cepa_cli_speed_print(&result, daemon.is_json);
    return CEPA_CLI_OK;
}
