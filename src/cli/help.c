/* cepa help: the list of commands, or what one of them does. */
#include <stdio.h>

#include "cli/commands.h"
#include "cli/options.h"
#include "cli/suggest.h"

static void print_commands(void)
{
    size_t len;
    const struct cepa_cli_command *commands = cepa_cli_commands(&len);
    printf("Usage: cepa COMMAND [OPTION]... [ARGUMENT]...\n\n"
           "A private network made of its own users.\n\nCommands:\n");
    for (size_t i = 0; i < len; i++) {
        printf("  %-10s %s\n", commands[i].name, commands[i].summary);
    }
    printf("\n'cepa help COMMAND' explains one of them; the manual is cepa(1).\n");
}

int cepa_cli_help(int argc, char **argv)
{
    static const struct cepa_cli_syntax syntax = {
        "cepa help [COMMAND]", "Explains the commands, or one of them.\n", NULL, 0, 1};
    struct cepa_cli_arguments arguments;
    int status = cepa_cli_parse(&arguments, &syntax, argc, argv);
    if (status != CEPA_CLI_PROCEED) {
        return status;
    }
    if (arguments.len == 0) {
        print_commands();
        return CEPA_CLI_OK;
    }
    const struct cepa_cli_command *command = cepa_cli_command_find(arguments.values[0]);
    if (command == NULL) {
        const char *nearest = cepa_cli_suggest_command(arguments.values[0]);
        fprintf(stderr, "cepa help: there is no command '%s'", arguments.values[0]);
        if (nearest != NULL) {
            fprintf(stderr, "; did you mean '%s'?", nearest);
        }
        fprintf(stderr, "\n");
        return CEPA_CLI_USAGE;
    }
    char name[32];
    char option[] = "--help";
    char *command_line[] = {name, option, NULL};
    snprintf(name, sizeof name, "%s", command->name);
    return command->run(2, command_line);
}
