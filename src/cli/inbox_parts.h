/* What the files of `cepa inbox` share. */
#ifndef CEPA_CLI_INBOX_PARTS_H
#define CEPA_CLI_INBOX_PARTS_H

#include "native/store/inbox.h"

/* cepa_cli_inbox_save copies a file that is HERE to `place`, a directory or a new file, or to the
 * current directory for NULL; its hash is compared meanwhile. In a directory it gets its sender's
 * name, with a number if that is taken. Gives a cepa_cli_status after saying what is wrong; then no
 * part of it stays. */
int cepa_cli_inbox_save(struct cepa_inbox *inbox, const char *command,
                        const struct cepa_inbox_entry *entry, const char *place, bool is_json);

#endif
