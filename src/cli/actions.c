/* Choosing an action. */
#include "cli/actions.h"

#include <stdio.h>
#include <string.h>

#include "cli/commands.h"

int cepa_cli_act(const char *command, const struct cepa_cli_action *actions, size_t actions_len,
                 const struct cepa_cli_arguments *arguments, void *context)
{
    size_t at = 0;
    size_t len = arguments->len == 0 ? 0 : arguments->len - 1;
    while (arguments->len > 0 && at < actions_len &&
           strcmp(actions[at].name, arguments->values[0]) != 0) {
        at++;
    }
    if (at == actions_len) {
        fprintf(stderr, "cepa %s: there is no action '%s'; there are", command,
                arguments->values[0]);
        for (size_t i = 0; i < actions_len; i++) {
            fprintf(stderr, "%s %s",
                    i == 0                 ? ""
                    : i + 1 == actions_len ? " and"
                                           : ",",
                    actions[i].name);
        }
        fprintf(stderr, "\n");
        return CEPA_CLI_USAGE;
    }
    if (len < actions[at].arguments_min || len > actions[at].arguments_max) {
        fprintf(stderr, "cepa %s: %s\nUsage: cepa %s %s %s\n", command,
                len < actions[at].arguments_min ? "something is missing"
                                                : "this is one argument too many",
                command, actions[at].name, actions[at].usage);
        return CEPA_CLI_USAGE;
    }
    return actions[at].run(context, arguments->values + 1, len);
}
