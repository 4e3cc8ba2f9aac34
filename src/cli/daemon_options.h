/* Options that all commands around the daemon share: where its configuration, its state and its
 * control socket are. */
#ifndef CEPA_CLI_DAEMON_OPTIONS_H
#define CEPA_CLI_DAEMON_OPTIONS_H

#include "cli/options.h"
#include "native/daemon/config.h"
#include "native/daemon/control_request.h"

struct cJSON;

/* What was given; NULL where nothing was. */
struct cepa_cli_daemon {
    const char *config;
    const char *state_directory;
    const char *control;
    bool is_json;
};

enum { CEPA_CLI_DAEMON_OPTIONS = 4 };

/* cepa_cli_daemon_options writes the options that fill in `daemon`: --json, --config,
 * --state-directory and --control. */
void cepa_cli_daemon_options(struct cepa_cli_option ret_options[CEPA_CLI_DAEMON_OPTIONS],
                             struct cepa_cli_daemon *daemon);

/* cepa_cli_daemon_config reads file and environment, and puts the options on top. Returns a
 * cepa_cli_status after saying what is wrong; CEPA_CLI_OK if nothing is. */
int cepa_cli_daemon_config(struct cepa_config *ret_config, const char *command,
                           const struct cepa_cli_daemon *daemon);

/* cepa_cli_daemon_ask finds the daemon, asks it, and gives its answer, which the caller deletes.
 * Returns likewise. */
int cepa_cli_daemon_ask(struct cJSON **ret_answer, const char *command,
                        const struct cepa_cli_daemon *daemon,
                        const struct cepa_control_request *request);

/* cepa_cli_daemon_reload tells a daemon, if one runs, that the user's identities have changed.
 * Returns likewise; CEPA_CLI_OK if none runs. */
int cepa_cli_daemon_reload(const char *command, const struct cepa_config *config);

/* cepa_cli_daemon_fail says "cepa COMMAND: reason" on standard error and gives CEPA_CLI_FAILED. */
int cepa_cli_daemon_fail(const char *command, const char *reason);

#endif
