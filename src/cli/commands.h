/* The commands of the program `cepa`: one list, one file each.
 *
 * A command gets its own name as argv[0] and ends with an exit status. It prints for people by
 * default and JSON with --json, writes errors to standard error, and gives CEPA_CLI_OK only if what
 * it promises is true. */
#ifndef CEPA_CLI_COMMANDS_H
#define CEPA_CLI_COMMANDS_H

#include <stddef.h>

/* Exit statuses of every command. */
enum cepa_cli_status {
    CEPA_CLI_OK = 0,     /* what was asked for is done and true */
    CEPA_CLI_FAILED = 1, /* it could not be done; standard error says why */
    CEPA_CLI_USAGE = 2   /* the command line makes no sense; nothing was done */
};

/* X(name, summary), in the order of the help */
#define CEPA_CLI_COMMAND_LIST(X)                                                                   \
    X(up, "run a node")                                                                            \
    X(invite, "print a link, or draw a code, that lets somebody join")                             \
    X(join, "join by such a link")                                                                 \
    X(status, "show how the running node is")                                                      \
    X(ping, "build circuits through the network and time them")                                    \
    X(speed, "measure how fast a circuit is, and what it costs others")                            \
    X(send, "send files and messages to an address")                                               \
    X(chat, "talk with an address, line by line")                                                  \
    X(inbox, "list, accept, save and delete what came for you")                                    \
    X(proxy, "let programs connect with services of others, by SOCKS 5")                           \
    X(expose, "let others connect with a service of this machine")                                 \
    X(id, "print your address; make, back up and restore identities")                              \
    X(contacts, "list, add and block those whom you know")                                         \
    X(demo, "start a network of nodes on this machine")                                            \
    X(version, "print the versions of this program and of what it uses")                           \
    X(help, "explain the commands, or one of them")

#define CEPA_CLI_COMMAND_DECLARE(name, summary) int cepa_cli_##name(int argc, char **argv);
CEPA_CLI_COMMAND_LIST(CEPA_CLI_COMMAND_DECLARE)
#undef CEPA_CLI_COMMAND_DECLARE

/* One entry of the table of commands. */
struct cepa_cli_command {
    const char *name;                  /* as typed */
    const char *summary;               /* one line, for the help */
    int (*run)(int argc, char **argv); /* gives a cepa_cli_status */
};

/* cepa_cli_commands gives the table and its length; static storage. */
const struct cepa_cli_command *cepa_cli_commands(size_t *ret_commands_len);

/* cepa_cli_command_find gives the command with this name, or NULL. */
const struct cepa_cli_command *cepa_cli_command_find(const char *name);

/* cepa_cli_run does what the command line of `cepa` says and gives its exit status. Output that
 * could not be written makes it CEPA_CLI_FAILED. */
int cepa_cli_run(int argc, char **argv);

#endif
