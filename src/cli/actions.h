/* Commands of several actions, such as `cepa id new`: the first argument names one. */
#ifndef CEPA_CLI_ACTIONS_H
#define CEPA_CLI_ACTIONS_H

#include <stddef.h>

#include "cli/options.h"

/* One action. `run` gets what was given to cepa_cli_act and the arguments behind the action's name,
 * and gives a cepa_cli_status. */
struct cepa_cli_action {
    const char *name;
    const char *usage;    /* what stands behind the name: "NAME ADDRESS" */
    size_t arguments_min; /* behind the name */
    size_t arguments_max; /* likewise */
    int (*run)(void *context, const char *const *arguments, size_t len);
};

/* cepa_cli_act runs the action that the arguments name, or actions[0] if there are none. Gives what
 * it gives, or CEPA_CLI_USAGE after saying what is wrong. */
int cepa_cli_act(const char *command, const struct cepa_cli_action *actions, size_t actions_len,
                 const struct cepa_cli_arguments *arguments, void *context);

#endif
