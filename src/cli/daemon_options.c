/* What commands around the daemon share. */
#include "cli/daemon_options.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/commands.h"
#include "native/daemon/control_client.h"

void cepa_cli_daemon_options(struct cepa_cli_option ret_options[CEPA_CLI_DAEMON_OPTIONS],
                             struct cepa_cli_daemon *daemon)
{
    const struct cepa_cli_option options[CEPA_CLI_DAEMON_OPTIONS] = {
        {'j', "json", NULL, "print JSON", &daemon->is_json, NULL},
        {'c', "config", "FILE", "the configuration of the daemon", NULL, &daemon->config},
        {'s', "state-directory", "PATH", "where the daemon keeps its state", NULL,
         &daemon->state_directory},
        {0, "control", "PATH", "the daemon's control socket", NULL, &daemon->control},
    };
    for (size_t i = 0; i < CEPA_CLI_DAEMON_OPTIONS; i++) {
        ret_options[i] = options[i];
    }
}

int cepa_cli_daemon_fail(const char *command, const char *reason)
{
    fprintf(stderr, "cepa %s: %s\n", command, reason);
    return CEPA_CLI_FAILED;
}

int cepa_cli_daemon_config(struct cepa_config *ret_config, const char *command,
                           const struct cepa_cli_daemon *daemon)
{
    struct cepa_reason reason;
    const char *file = daemon->config != NULL ? daemon->config : getenv("CEPA_CONFIG");
    cepa_config_init(ret_config);
    int status = cepa_config_load(ret_config, &reason, file);
    if (status == 0) {
        status = cepa_config_environment(ret_config, &reason);
    }
    if (status == 0 && daemon->state_directory != NULL) {
        status = cepa_config_set(ret_config, &reason, "--state-directory", "state-directory",
                                 daemon->state_directory, true);
        if (status == 0 && daemon->control == NULL) {
            /* Another directory has another socket. */
            ret_config->control[0] = '\0';
        }
    }
    if (status == 0 && daemon->control != NULL) {
        status =
            cepa_config_set(ret_config, &reason, "--control", "control", daemon->control, true);
    }
    if (status == 0) {
        status = cepa_config_finish(ret_config, &reason);
    }
    return status == 0 ? CEPA_CLI_OK : cepa_cli_daemon_fail(command, reason.text);
}

int cepa_cli_daemon_ask(struct cJSON **ret_answer, const char *command,
                        const struct cepa_cli_daemon *daemon,
                        const struct cepa_control_request *request)
{
    struct cepa_reason reason;
    struct cepa_config config;
    int status = cepa_cli_daemon_config(&config, command, daemon);
    if (status != CEPA_CLI_OK) {
        return status;
    }
    return cepa_control_ask(ret_answer, &reason, config.control, request) == 0
               ? CEPA_CLI_OK
               : cepa_cli_daemon_fail(command, reason.text);
}

int cepa_cli_daemon_reload(const char *command, const struct cepa_config *config)
{
    const struct cepa_control_request request = {.kind = CEPA_CONTROL_RELOAD};
    struct cepa_reason reason;
    cJSON *answer = NULL;
    int status = cepa_control_ask(&answer, &reason, config->control, &request);
    cJSON_Delete(answer);
    if (status == 0 || status == CEPA_ERR_UNREACHABLE) {
        return CEPA_CLI_OK;
    }
    fprintf(stderr, "cepa %s: it is done, but the running daemon does not know of it: %s\n",
            command, reason.text);
    return CEPA_CLI_FAILED;
}
