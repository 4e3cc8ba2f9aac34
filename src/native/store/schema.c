/* Versions of the state file. */
#include "native/store/schema.h"

#include <sqlite3.h>
#include <stdio.h>

const char *const *cepa_schema_steps(size_t *ret_len)
{
    static const char *const steps[] = {
        /* 1: everything is a value under a key of a kind; and facts about the file itself. */
        "CREATE TABLE entries (kind INTEGER NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL,"
        " PRIMARY KEY (kind, key)) WITHOUT ROWID;"
        "CREATE TABLE facts (name TEXT PRIMARY KEY NOT NULL, value BLOB NOT NULL) WITHOUT ROWID;",
    };
    *ret_len = sizeof steps / sizeof steps[0];
    return steps;
}

static int version_of(sqlite3 *database, size_t *ret_version)
{
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(database, "PRAGMA user_version", -1, &statement, NULL) != SQLITE_OK) {
        return CEPA_ERR_SYSTEM;
    }
    int result = sqlite3_step(statement);
    if (result == SQLITE_ROW) {
        *ret_version = (size_t)sqlite3_column_int64(statement, 0);
    }
    sqlite3_finalize(statement);
    return result == SQLITE_ROW ? 0 : CEPA_ERR_SYSTEM;
}

/* Takes the step from `*version` to the next, unless another process has just done so; then that is
 * what it has become. */
static int take_step(sqlite3 *database, const char *statements, size_t *version)
{
    char end[64];
    size_t found = 0;
    if (sqlite3_exec(database, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK ||
        version_of(database, &found) != 0) {
        return CEPA_ERR_SYSTEM;
    }
    if (found == *version) {
        found++;
        if (sqlite3_exec(database, statements, NULL, NULL, NULL) != SQLITE_OK) {
            return CEPA_ERR_SYSTEM;
        }
    }
    snprintf(end, sizeof end, "PRAGMA user_version = %zu; COMMIT", found);
    if (sqlite3_exec(database, end, NULL, NULL, NULL) != SQLITE_OK) {
        return CEPA_ERR_SYSTEM;
    }
    *version = found;
    return 0;
}

int cepa_schema_migrate(struct cepa_reason *ret_reason, struct sqlite3 *database, const char *file,
                        const char *const *steps, size_t steps_len)
{
    size_t version = 0;
    if (version_of(database, &version) != 0) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_SYSTEM, "%s: %s", file,
                                sqlite3_errmsg(database));
    }
    if (version > steps_len) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_VERSION,
                                "%s has version %zu, and this program knows up to %zu; use the "
                                "newer program that wrote it",
                                file, version, steps_len);
    }
    while (version < steps_len) {
        if (take_step(database, steps[version], &version) != 0) {
            cepa_reason_set(ret_reason, "%s cannot be brought from version %zu to %zu: %s", file,
                            version, version + 1, sqlite3_errmsg(database));
            (void)sqlite3_exec(database, "ROLLBACK", NULL, NULL, NULL);
            return CEPA_ERR_SYSTEM;
        }
    }
    return 0;
}
