/* The inbox: its tables. */
#include "native/store/inbox.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/assert.h"
#include "native/store/inbox_parts.h"

#define COLUMNS                                                                                    \
    "id, kind, state, identity, sender, transfer, name, size, mode, modified, here, hash, came,"   \
    " number"

static const char *const texts[CEPA_INBOX_SQL_STATEMENTS] = {
    [CEPA_INBOX_SQL_ADD] =
        "INSERT INTO entries (id, kind, state, identity, sender, transfer, name, size, mode,"
        " modified, here, came) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    [CEPA_INBOX_SQL_ADD_TEXT] =
        "INSERT INTO texts VALUES ((SELECT number FROM entries WHERE id = ?1), ?2)",
    [CEPA_INBOX_SQL_REMEMBER] =
        "INSERT INTO seen (identity, sender, message, at) VALUES (?1, ?2, ?3, ?4)",
    /* A few at a time, which is more than are added. */
    [CEPA_INBOX_SQL_FORGET_OLD] = "DELETE FROM seen WHERE at < ?1 AND number IN"
                                  " (SELECT number FROM seen ORDER BY number LIMIT 16)",
    [CEPA_INBOX_SQL_FORGET_MANY] =
        "DELETE FROM seen WHERE number <= (SELECT max(number) FROM seen) - ?1",
    [CEPA_INBOX_SQL_FIND] = "SELECT " COLUMNS " FROM entries"
                            " WHERE identity = ?1 AND sender = ?2 AND kind = ?3 AND transfer = ?4",
    [CEPA_INBOX_SQL_GET] =
        "SELECT " COLUMNS " FROM entries WHERE id >= ?1 AND id < ?1 || '~' LIMIT 2",
    [CEPA_INBOX_SQL_NEXT] =
        "SELECT " COLUMNS " FROM entries WHERE number > ?1 ORDER BY number LIMIT 1",
    [CEPA_INBOX_SQL_ALIKE] = "SELECT count(*) - count(DISTINCT substr(id, 1, ?1)) FROM entries",
    [CEPA_INBOX_SQL_TEXT] = "SELECT text FROM entries JOIN texts USING (number) WHERE id = ?1",
    [CEPA_INBOX_SQL_USAGE] = "SELECT bytes, entries, waiting FROM totals",
    [CEPA_INBOX_SQL_ACCEPT] = "UPDATE entries SET state = CASE kind WHEN 1 THEN 2 ELSE 3 END"
                              " WHERE id = ?1 AND (state = 1 OR (state = 4 AND kind = 1))",
    [CEPA_INBOX_SQL_REFUSE] =
        "UPDATE entries SET state = 4, here = 0 WHERE id = ?1 AND state IN (1, 2)",
    [CEPA_INBOX_SQL_BREAK] = "UPDATE entries SET state = 5, here = 0 WHERE id = ?1 AND state = 2",
    [CEPA_INBOX_SQL_REMOVE] = "DELETE FROM entries WHERE id = ?1",
    [CEPA_INBOX_SQL_SET_HERE] = "UPDATE entries SET here = ?2 WHERE id = ?1 AND state = 2",
    [CEPA_INBOX_SQL_SET_FINISHED] = "UPDATE entries SET state = 3, here = ?2, size = ?2, hash = ?3"
                                    " WHERE id = ?1 AND state = 2",
};

_Static_assert(CEPA_INBOX_FILE == 1 && CEPA_INBOX_MESSAGE == 2 && CEPA_INBOX_WAITING == 1 &&
                   CEPA_INBOX_COMING == 2 && CEPA_INBOX_HERE == 3 && CEPA_INBOX_REFUSED == 4 &&
                   CEPA_INBOX_BROKEN == 5 && CEPA_INBOX_ENTRY_COST == 1024,
               "as the SQL here says");

/* What an entry counts. A size that is somebody's word is cut, so that no sum overflows. */
#define BYTES(row)                                                                                 \
    "1024 + CASE WHEN " row ".state = 2 AND " row ".size IS NOT NULL THEN max(min(" row            \
    ".size, 1125899906842624), " row ".here) ELSE " row ".here END"

/* The steps of inbox.db, as those of native/store/schema.h. An anonymous sender is no bytes. Totals
 * are kept up by triggers, so that whoever looks at the quota need not add up. */
static const char *const steps[] = {
    "CREATE TABLE entries (number INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL,"
    " kind INTEGER NOT NULL, state INTEGER NOT NULL, identity BLOB NOT NULL, sender BLOB NOT NULL,"
    " transfer BLOB NOT NULL, name TEXT NOT NULL, size INTEGER, mode INTEGER, modified INTEGER,"
    " here INTEGER NOT NULL, hash BLOB, came INTEGER NOT NULL,"
    " UNIQUE (identity, sender, kind, transfer));"
    "CREATE TABLE texts (number INTEGER PRIMARY KEY, text BLOB NOT NULL);"
    "CREATE TABLE seen (number INTEGER PRIMARY KEY, identity BLOB NOT NULL, sender BLOB NOT NULL,"
    " message BLOB NOT NULL, at INTEGER NOT NULL, UNIQUE (identity, sender, message));"
    "CREATE TABLE totals (bytes INTEGER NOT NULL, entries INTEGER NOT NULL,"
    " waiting INTEGER NOT NULL);"
    "INSERT INTO totals VALUES (0, 0, 0);"
    "CREATE TRIGGER added AFTER INSERT ON entries BEGIN"
    " UPDATE totals SET entries = entries + 1, waiting = waiting + (new.state = 1),"
    " bytes = bytes + (" BYTES(
        "new") "); END;"
               "CREATE TRIGGER changed AFTER UPDATE OF state, size, here ON entries BEGIN"
               " UPDATE totals SET waiting = waiting + (new.state = 1) - (old.state = 1),"
               " bytes = bytes + (" BYTES("new") ") - (" BYTES(
                   "old") ");"
                          " DELETE FROM texts WHERE number = new.number AND new.state = 4; END;"
                          "CREATE TRIGGER removed AFTER DELETE ON entries BEGIN"
                          " UPDATE totals SET entries = entries - 1, waiting = waiting - "
                          "(old.state = 1),"
                          " bytes = bytes - (" BYTES(
                              "old") ");"
                                     " DELETE FROM texts WHERE number = old.number; END;",
};

static const struct cepa_database_kind kind = {
    "inbox.db", "what came",
    steps,      sizeof steps / sizeof steps[0],
    texts,      CEPA_INBOX_SQL_STATEMENTS,
};

int cepa_inbox_open(struct cepa_inbox **ret_inbox, struct cepa_reason *ret_reason, const char *path)
{
    struct cepa_inbox *inbox = calloc(1, sizeof *inbox);
    if (inbox == NULL) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_EXHAUSTED, "there is not enough memory");
    }
    inbox->folder_fd = -1;
    int status = cepa_database_open(&inbox->database, path, &kind);
    if (status == 0) {
        status = cepa_inbox_folder_open(&inbox->folder_fd, &inbox->database.reason, path);
    }
    if (status != 0) {
        *ret_reason = inbox->database.reason;
        cepa_inbox_close(inbox);
        return status;
    }
    *ret_inbox = inbox;
    return 0;
}

void cepa_inbox_close(struct cepa_inbox *inbox)
{
    if (inbox == NULL) {
        return;
    }
    cepa_database_close(&inbox->database);
    if (inbox->folder_fd >= 0) {
        close(inbox->folder_fd);
    }
    free(inbox);
}

const char *cepa_inbox_reason(const struct cepa_inbox *inbox)
{
    return inbox->database.reason.text;
}

int cepa_inbox_run(struct cepa_inbox *inbox, const char *statements)
{
    return sqlite3_exec(inbox->database.sqlite, statements, NULL, NULL, NULL) == SQLITE_OK
               ? 0
               : cepa_database_fail(&inbox->database);
}

int cepa_inbox_check_gathering(struct cepa_inbox *inbox)
{
    return inbox->is_gathering && sqlite3_get_autocommit(inbox->database.sqlite) != 0
               ? cepa_reason_fail(&inbox->database.reason, CEPA_ERR_SYSTEM,
                                  "inbox.db stays as it was: a change before this one failed")
               : 0;
}

int cepa_inbox_begin(struct cepa_inbox *inbox)
{
    CEPA_ASSERT(!inbox->is_gathering);
    int status = cepa_inbox_run(inbox, "BEGIN IMMEDIATE");
    inbox->is_gathering = status == 0;
    return status;
}

int cepa_inbox_commit(struct cepa_inbox *inbox)
{
    CEPA_ASSERT(inbox->is_gathering);
    int status = cepa_inbox_check_gathering(inbox);
    inbox->is_gathering = false;
    if (status != 0) {
        return status;
    }
    status = cepa_inbox_run(inbox, "COMMIT");
    if (status != 0) {
        (void)sqlite3_exec(inbox->database.sqlite, "ROLLBACK", NULL, NULL, NULL);
    }
    return status;
}
