/* Commands of `cepa` that a daemon of a crowd (cli/crowd.h) is asked by, as its user would: each a
 * process with that node's state directory. */
#ifndef CEPA_CLI_CROWD_COMMAND_H
#define CEPA_CLI_CROWD_COMMAND_H

#include <stddef.h>
#include <sys/types.h>

#include "cli/crowd.h"

enum {
    CEPA_CROWD_OUTPUT_SIZE = 4096, /* of what a command says, with the 0 behind it */
    CEPA_CROWD_ADDRESS_SIZE = 256
};

/* A command that runs. */
struct cepa_crowd_command {
    pid_t pid;  /* 0: none */
    int output; /* what it prints; closed by cepa_crowd_command_end */
};

/* cepa_crowd_command_begin starts `cepa` with `words` for a node, in a process group of its own
 * that ends with this process. `input` becomes its standard input; -1: this process's. Returns 0
 * or CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_crowd_command_begin(struct cepa_crowd_command *ret_command,
                                           const struct cepa_crowd *crowd, size_t node, int input,
                                           const char *const *words, size_t words_len);

/* cepa_crowd_command_is_running says whether it has not ended yet. */
bool cepa_crowd_command_is_running(const struct cepa_crowd_command *command);

/* cepa_crowd_command_end reads all that a command says (of a long text the end) and waits for it;
 * gives its exit status, -1 if it was killed. */
int cepa_crowd_command_end(struct cepa_crowd_command *command,
                           char ret_text[CEPA_CROWD_OUTPUT_SIZE]);

/* cepa_crowd_command_run does both. Returns 0, CEPA_ERR_SYSTEM, or CEPA_ERR_STATE if it failed,
 * with a reason. */
CEPA_MUST_USE int cepa_crowd_command_run(const struct cepa_crowd *crowd,
                                         struct cepa_reason *ret_reason, size_t node,
                                         const char *const *words, size_t words_len,
                                         char ret_text[CEPA_CROWD_OUTPUT_SIZE]);

/* cepa_crowd_address gives the address of a node's first identity, and makes one if there is none.
 * Returns 0, CEPA_ERR_SYSTEM, CEPA_ERR_STATE or CEPA_ERR_MALFORMED with a reason. */
CEPA_MUST_USE int cepa_crowd_address(const struct cepa_crowd *crowd, struct cepa_reason *ret_reason,
                                     size_t node, char ret_address[CEPA_CROWD_ADDRESS_SIZE]);

#endif
