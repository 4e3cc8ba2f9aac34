/* The program `cepa`. */
#include "cli/commands.h"

int main(int argc, char **argv)
{
    return cepa_cli_run(argc, argv);
}
