/* The program `cepa`. */
#include "cli/commands.h"
#include "native/net/upnp.h"

int main(int argc, char **argv)
{
    cepa_upnp_door(argc, argv);
    return cepa_cli_run(argc, argv);
}
