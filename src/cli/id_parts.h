/* What the files of `cepa id` share. */
#ifndef CEPA_CLI_ID_PARTS_H
#define CEPA_CLI_ID_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/daemon_options.h"
#include "cli/passphrase.h"
#include "native/store/folder.h"
#include "native/store/identities.h"

/* One call of the command. */
struct cepa_cli_id {
    const char *command;           /* "id" */
    struct cepa_cli_daemon daemon; /* options of all commands around the daemon */
    bool has_qr;                   /* --qr */
    bool is_sure;                  /* --yes */
    const char *shown_name;        /* --name, or NULL */
    struct cepa_cli_passphrase_source source;
    struct cepa_config config;
    struct cepa_folder folder; /* between begin and end */
    struct cepa_identities all;
};

/* cepa_cli_id_begin enters the state directory, waits for other commands there, and reads the
 * identities. Gives a cepa_cli_status; if it is CEPA_CLI_OK, cepa_cli_id_end follows. */
int cepa_cli_id_begin(struct cepa_cli_id *id);

/* cepa_cli_id_save writes them, and tells a daemon that runs. Gives likewise. */
int cepa_cli_id_save(struct cepa_cli_id *id);

/* cepa_cli_id_end leaves the directory and wipes what was read. */
void cepa_cli_id_end(struct cepa_cli_id *id);

/* cepa_cli_id_print prints one: its address, or all about it as JSON; and the code if asked for. */
int cepa_cli_id_print(const struct cepa_cli_id *id, size_t at);

/* Actions, as cli/actions.h has them. */
int cepa_cli_id_backup(void *context, const char *const *arguments, size_t len);
int cepa_cli_id_restore(void *context, const char *const *arguments, size_t len);

#endif
