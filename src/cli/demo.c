/* cepa demo: the command line of the demonstration. */
#include <stdio.h>

#include "cli/commands.h"
#include "cli/options.h"

int cepa_cli_demo(int argc, char **argv)
{
    bool is_json = false;
    const struct cepa_cli_option options[] = {
        {'j', "json", NULL, "print JSON", &is_json, NULL},
    };
    const struct cepa_cli_syntax syntax = {
        "cepa demo [--json] [FILE]",
        "Sends FILE through five hops as onion packets and then through a circuit as cells, all\n"
        "inside this process, compares what comes out with what went in, and prints the sizes\n"
        "and times of every hop. Without FILE it makes up a file of its own.\n",
        options, 1, 1};
    struct cepa_cli_arguments arguments;
    int status = cepa_cli_parse(&arguments, &syntax, argc, argv);
    if (status != CEPA_CLI_PROCEED) {
        return status;
    }
    fprintf(stderr, "cepa demo: this build has no packets yet\n");
    return CEPA_CLI_FAILED;
}
