/* The table of commands and the choice among them. */
#include "cli/commands.h"

#include <stdio.h>
#include <string.h>

#include "cli/suggest.h"

const struct cepa_cli_command *cepa_cli_commands(size_t *ret_commands_len)
{
    static const struct cepa_cli_command commands[] = {
#define CEPA_CLI_COMMAND_ENTRY(name, summary) {#name, summary, cepa_cli_##name},
        CEPA_CLI_COMMAND_LIST(CEPA_CLI_COMMAND_ENTRY)
#undef CEPA_CLI_COMMAND_ENTRY
    };
    *ret_commands_len = sizeof commands / sizeof commands[0];
    return commands;
}

const struct cepa_cli_command *cepa_cli_command_find(const char *name)
{
    size_t len;
    const struct cepa_cli_command *commands = cepa_cli_commands(&len);
    for (size_t i = 0; i < len; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

static int dispatch(int argc, char **argv)
{
    /* The options that every Unix program has stand for commands. */
    static char help[] = "help";
    static char version[] = "version";
    if (argc < 2) {
        char *only[] = {help, NULL};
        (void)cepa_cli_help(1, only);
        return CEPA_CLI_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        argv[1] = help;
    } else if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        argv[1] = version;
    }
    const struct cepa_cli_command *command = cepa_cli_command_find(argv[1]);
    if (command == NULL) {
        const char *nearest = cepa_cli_suggest_command(argv[1]);
        fprintf(stderr, "cepa: there is no command '%s'", argv[1]);
        if (nearest != NULL) {
            fprintf(stderr, "; did you mean '%s'?\n", nearest);
        } else {
            fprintf(stderr, "; see 'cepa help'\n");
        }
        return CEPA_CLI_USAGE;
    }
    return command->run(argc - 1, argv + 1);
}

int cepa_cli_run(int argc, char **argv)
{
    int status = dispatch(argc, argv);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "cepa: standard output cannot be written\n");
        return CEPA_CLI_FAILED;
    }
    return status;
}
