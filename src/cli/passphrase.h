/* A passphrase: typed on the terminal without being shown, or from a file or a descriptor, for
 * scripts. */
#ifndef CEPA_CLI_PASSPHRASE_H
#define CEPA_CLI_PASSPHRASE_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/options.h"

enum { CEPA_CLI_PASSPHRASE_MAX = 1024, CEPA_CLI_PASSPHRASE_OPTIONS = 2 };

/* A passphrase, without a newline. Secret: its owner wipes it with cepa_wipe. */
struct cepa_cli_passphrase {
    char text[CEPA_CLI_PASSPHRASE_MAX + 2];
    size_t len;
};

/* Where to take it from; both NULL: the terminal. They point into argv. */
struct cepa_cli_passphrase_source {
    const char *file;
    const char *fd;
};

/* cepa_cli_passphrase_options writes the options that fill in `source`: --passphrase-file and
 * --passphrase-fd. */
void cepa_cli_passphrase_options(struct cepa_cli_option ret_options[CEPA_CLI_PASSPHRASE_OPTIONS],
                                 struct cepa_cli_passphrase_source *source);

/* cepa_cli_passphrase_get gets it: the first line of a file or a descriptor, or what is typed,
 * twice the same if it `is_new`. Gives a cepa_cli_status, after saying on standard error what is
 * wrong. */
int cepa_cli_passphrase_get(struct cepa_cli_passphrase *ret_passphrase, const char *command,
                            const struct cepa_cli_passphrase_source *source, bool is_new);

#endif
