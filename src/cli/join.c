/* cepa join: takes an invitation, and waits until there is a neighbour. */
#define _GNU_SOURCE
#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/daemon_options.h"
#include "native/daemon/control_client.h"
#include "native/net/clock.h"

enum { WAIT_DEFAULT_S = 30, WAIT_MAX_S = 3600, LOOK_EVERY_MS = 200, ANSWER_MS = 10000 };

static bool is_joined(const cJSON *status)
{
    const cJSON *network = cJSON_GetObjectItemCaseSensitive(status, "network");
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(network, "joined"));
}

/* Watches the daemon until it has a neighbour. */
static int wait_for_neighbour(struct cepa_control_client *client, struct cepa_reason *ret_reason,
                              unsigned wait_s)
{
    const struct cepa_control_request watch = {.kind = CEPA_CONTROL_WATCH,
                                               .every_ms = LOOK_EVERY_MS};
    struct cepa_time end = cepa_time_add(cepa_clock_now(), wait_s * CEPA_SECOND_NS);
    int status = cepa_control_client_send(client, ret_reason, &watch);
    while (status == 0) {
        cJSON *answer = NULL;
        status = cepa_control_client_receive(client, &answer, ret_reason, ANSWER_MS);
        bool is_done = status == 0 && is_joined(answer);
        cJSON_Delete(answer);
        if (is_done) {
            return 0;
        }
        if (status == 0 && cepa_time_is_due(end, cepa_clock_now())) {
            return cepa_reason_fail(ret_reason, CEPA_ERR_TIMEOUT,
                                    "nobody of the invitation has answered in %u s; the daemon "
                                    "goes on trying, and 'cepa status' shows it",
                                    wait_s);
        }
    }
    return status;
}

static int join(struct cepa_reason *ret_reason, const struct cepa_config *config,
                const struct cepa_control_request *request, unsigned wait_s)
{
    struct cepa_control_client client = {.fd = -1};
    cJSON *answer = NULL;
    int status = cepa_control_client_open(&client, ret_reason, config->control);
    if (status != 0) {
        return status;
    }
    status = cepa_control_client_send(&client, ret_reason, request);
    if (status == 0) {
        status = cepa_control_client_receive(&client, &answer, ret_reason, ANSWER_MS);
        cJSON_Delete(status == 0 ? answer : NULL);
    }
    if (status == 0 && wait_s > 0) {
        status = wait_for_neighbour(&client, ret_reason, wait_s);
    }
    cepa_control_client_close(&client);
    return status;
}

/* Reads the number of seconds; false if it is none. */
static bool read_wait(unsigned *ret_wait_s, const char *text)
{
    char *end;
    errno = 0;
    unsigned long wait_s = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || wait_s > WAIT_MAX_S) {
        return false;
    }
    *ret_wait_s = (unsigned)wait_s;
    return true;
}

int cepa_cli_join(int argc, char **argv)
{
    struct cepa_cli_daemon daemon = {NULL, NULL, NULL, false};
    struct cepa_cli_option options[CEPA_CLI_DAEMON_OPTIONS + 1];
    const char *wait = NULL;
    unsigned wait_s = WAIT_DEFAULT_S;
    cepa_cli_daemon_options(options, &daemon);
    options[CEPA_CLI_DAEMON_OPTIONS] = (struct cepa_cli_option){
        'w', "wait", "SECONDS", "how long to wait for a neighbour; 30", NULL, &wait};
    const struct cepa_cli_syntax syntax = {
        "cepa join [--wait SECONDS] INVITATION",
        "Lets the running daemon join a network by an invitation, and waits until it has a\n"
        "neighbour there. With --wait 0 it does not wait.\n",
        options, CEPA_CLI_DAEMON_OPTIONS + 1, 1};
    struct cepa_cli_arguments arguments;
    struct cepa_control_request request = {.kind = CEPA_CONTROL_JOIN};
    struct cepa_reason reason;
    struct cepa_config config;
    int status = cepa_cli_parse(&arguments, &syntax, argc, argv);
    if (status != CEPA_CLI_PROCEED) {
        return status;
    }
    if (arguments.len == 0 || strlen(arguments.values[0]) >= sizeof request.invitation ||
        (wait != NULL && !read_wait(&wait_s, wait))) {
        fprintf(stderr, "cepa join: %s\nUsage: %s\n",
                arguments.len == 0 ? "an invitation is needed, such as 'cepa invite' prints"
                : wait != NULL     ? "--wait takes 0 to 3600 seconds"
                                   : "this is too long for an invitation",
                syntax.usage);
        return CEPA_CLI_USAGE;
    }
    status = cepa_cli_daemon_config(&config, argv[0], &daemon);
    if (status != CEPA_CLI_OK) {
        return status;
    }
    snprintf(request.invitation, sizeof request.invitation, "%s", arguments.values[0]);
    if (join(&reason, &config, &request, wait_s) != 0) {
        return cepa_cli_daemon_fail(argv[0], reason.text);
    }
    if (daemon.is_json) {
        printf("{\"joined\": %s}\n", wait_s > 0 ? "true" : "false");
    } else {
        printf("%s\n", wait_s > 0 ? "joined" : "the daemon tries to join");
    }
    return CEPA_CLI_OK;
}
