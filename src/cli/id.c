/* cepa id: who this node is. */
#include <stdio.h>

#include "cli/commands.h"
#include "cli/daemon_options.h"
#include "native/cpu.h"
#include "native/daemon/state.h"
#include "native/host.h"

int cepa_cli_id(int argc, char **argv)
{
    struct cepa_cli_daemon daemon = {NULL, NULL, NULL, false};
    struct cepa_cli_option options[CEPA_CLI_DAEMON_OPTIONS];
    cepa_cli_daemon_options(options, &daemon);
    const struct cepa_cli_syntax syntax = {
        "cepa id [--json]",
        "Prints the id of this node: the hash of its two public keys, by which other nodes know "
        "it\n"
        "as a relay. It is not the address of a person, and tells nobody how to reach one. The id\n"
        "is read from the state directory; no daemon has to run.\n",
        options, CEPA_CLI_DAEMON_OPTIONS, 0};
    struct cepa_cli_arguments arguments;
    struct cepa_config config;
    struct cepa_node_id node;
    struct cepa_reason reason = {"there is not enough memory"};
    int status = cepa_cli_parse(&arguments, &syntax, argc, argv);
    if (status != CEPA_CLI_PROCEED) {
        return status;
    }
    status = cepa_cli_daemon_config(&config, argv[0], &daemon);
    if (status != CEPA_CLI_OK) {
        return status;
    }
    if (cepa_native_init() != 0 ||
        cepa_state_read_identity(&node, &reason, config.state_directory, cepa_native_cpu()) != 0) {
        return cepa_cli_daemon_fail(argv[0], reason.text);
    }
    fputs(daemon.is_json ? "{\"node\": \"" : "", stdout);
    for (size_t i = 0; i < sizeof node.bytes; i++) {
        printf("%02x", node.bytes[i]);
    }
    fputs(daemon.is_json ? "\"}\n" : "\n", stdout);
    return CEPA_CLI_OK;
}
