/* cepa id backup and cepa id restore. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/ct.h"
#include "cli/commands.h"
#include "cli/id_parts.h"
#include "cli/json.h"
#include "cli/recipient.h"
#include "cli/small_file.h"
#include "native/host.h"
#include "native/store/backup.h"

/* Copies the one to be saved, so that nobody waits while a passphrase is typed. */
static int take(struct cepa_named_identity *ret_identity, struct cepa_cli_id *id, const char *name)
{
    struct cepa_reason reason;
    size_t at = 0;
    int status = cepa_cli_id_begin(id);
    if (status != CEPA_CLI_OK) {
        return status;
    }
    if (cepa_identities_find(&at, &reason, &id->all, name) == 0) {
        *ret_identity = id->all.entries[at];
    } else {
        status = cepa_cli_daemon_fail(id->command, reason.text);
    }
    cepa_cli_id_end(id);
    return status;
}

static int write_backup(const struct cepa_cli_id *id, const struct cepa_named_identity *identity,
                        const char *path)
{
    struct cepa_cli_passphrase passphrase;
    struct cepa_reason reason;
    uint8_t bytes[CEPA_BACKUP_SIZE];
    bool is_file = strcmp(path, "-") != 0;
    if (is_file && access(path, F_OK) == 0) {
        fprintf(stderr, "cepa %s: %s: this is there already; name a new file\n", id->command, path);
        return CEPA_CLI_FAILED;
    }
    if (!is_file && isatty(STDOUT_FILENO)) {
        return cepa_cli_daemon_fail(id->command, "a backup is no text; name a file for it");
    }
    int status = cepa_cli_passphrase_get(&passphrase, id->command, &id->source, true);
    if (status != CEPA_CLI_OK) {
        return status;
    }
    if (cepa_backup_seal(bytes, &reason, identity, passphrase.text, passphrase.len,
                         cepa_backup_cost_default(), cepa_native_random()) != 0) {
        status = cepa_cli_daemon_fail(id->command, reason.text);
    }
    cepa_wipe(&passphrase, sizeof passphrase);
    if (status == CEPA_CLI_OK) {
        status = cepa_cli_write_file(id->command, path, bytes, sizeof bytes);
    }
    if (status == CEPA_CLI_OK && is_file && id->daemon.is_json) {
        printf("{\"backup\": ");
        cepa_cli_json_string(path);
        printf("}\n");
    } else if (status == CEPA_CLI_OK && is_file) {
        printf("'%s' is in %s; without the passphrase nobody can open it\n", identity->name.text,
               path);
    }
    return status;
}

int cepa_cli_id_backup(void *context, const char *const *arguments, size_t len)
{
    struct cepa_cli_id *id = context;
    struct cepa_named_identity identity = {{{0}}, {{0}}};
    int status = take(&identity, id, len == 2 ? arguments[0] : NULL);
    if (status == CEPA_CLI_OK) {
        status = write_backup(id, &identity, arguments[len - 1]);
    }
    cepa_wipe(&identity, sizeof identity);
    return status;
}

/* Opens a backup. */
static int read_backup(struct cepa_named_identity *ret_identity, const struct cepa_cli_id *id,
                       const char *path)
{
    struct cepa_cli_passphrase passphrase;
    struct cepa_reason reason;
    uint8_t bytes[2 * CEPA_BACKUP_SIZE];
    size_t len = 0;
    int status = cepa_cli_read_file(bytes, &len, sizeof bytes, id->command, path);
    if (status != CEPA_CLI_OK) {
        return status;
    }
    if (cepa_backup_check(&reason, bytes, len) != 0) {
        return cepa_cli_daemon_fail(id->command, reason.text);
    }
    status = cepa_cli_passphrase_get(&passphrase, id->command, &id->source, false);
    if (status == CEPA_CLI_OK &&
        cepa_backup_open(ret_identity, &reason, bytes, len, passphrase.text, passphrase.len) != 0) {
        status = cepa_cli_daemon_fail(id->command, reason.text);
    }
    cepa_wipe(&passphrase, sizeof passphrase);
    return status;
}

static int keep(struct cepa_cli_id *id, const struct cepa_named_identity *identity)
{
    struct cepa_reason reason;
    int status = cepa_cli_id_begin(id);
    if (status != CEPA_CLI_OK) {
        return status;
    }
    int error = cepa_identities_add(&id->all, &reason, identity);
    status = error == 0 ? cepa_cli_id_save(id) : cepa_cli_daemon_fail(id->command, reason.text);
    if (status == CEPA_CLI_OK) {
        status = cepa_cli_id_print(id, id->all.len - 1);
    }
    cepa_cli_id_end(id);
    return status;
}

int cepa_cli_id_restore(void *context, const char *const *arguments, size_t len)
{
    struct cepa_cli_id *id = context;
    struct cepa_named_identity identity = {{{0}}, {{0}}};
    struct cepa_name name = {{0}};
    int status = len == 2 ? cepa_cli_read_name(&name, id->command, arguments[1]) : CEPA_CLI_OK;
    if (status == CEPA_CLI_OK) {
        status = read_backup(&identity, id, arguments[0]);
    }
    if (status == CEPA_CLI_OK) {
        identity.name = len == 2 ? name : identity.name;
        status = keep(id, &identity);
    }
    cepa_wipe(&identity, sizeof identity);
    return status;
}
