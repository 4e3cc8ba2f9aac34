/* The command that was probably meant. */
#ifndef CEPA_CLI_SUGGEST_H
#define CEPA_CLI_SUGGEST_H

/* cepa_cli_suggest_command gives the name of the command nearest to `typed`, or NULL if none is
 * near. */
const char *cepa_cli_suggest_command(const char *typed);

#endif
