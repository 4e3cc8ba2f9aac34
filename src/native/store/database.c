/* SQLite files of the user. */
#define _GNU_SOURCE
#include "native/store/database.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "base/assert.h"
#include "base/plain_text.h"
#include "native/store/file.h"
#include "native/store/folder.h"
#include "native/store/schema.h"

int cepa_database_fail(struct cepa_database *database)
{
    const char *name = database->kind->name;
    const char *cause = sqlite3_errmsg(database->sqlite);
    struct cepa_reason *reason = &database->reason;
    switch (sqlite3_errcode(database->sqlite) & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return cepa_reason_fail(reason, CEPA_ERR_MALFORMED,
                                "%s is damaged (%s); put a copy of it back, or move it away to "
                                "begin without %s",
                                name, cause, database->kind->loss);
    case SQLITE_FULL:
        return cepa_reason_fail(reason, CEPA_ERR_FULL,
                                "the disk is full, and %s stays as it was; make room", name);
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
        return cepa_reason_fail(reason, CEPA_ERR_SYSTEM,
                                "%s cannot be changed (%s); is the state directory on a disk that "
                                "can be written?",
                                name, cause);
    default:
        return cepa_reason_fail(reason, CEPA_ERR_SYSTEM, "%s: %s", name, cause);
    }
}

static int prepare(struct cepa_database *database)
{
    /* Changes are rare and small: a journal that is emptied leaves no second file to guard. */
    static const char pragmas[] = "PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = FULL;"
                                  "PRAGMA secure_delete = ON; PRAGMA trusted_schema = OFF;"
                                  "PRAGMA temp_store = MEMORY";
    const struct cepa_database_kind *kind = database->kind;
    if (sqlite3_exec(database->sqlite, pragmas, NULL, NULL, NULL) != SQLITE_OK) {
        return cepa_database_fail(database);
    }
    int status = cepa_schema_migrate(&database->reason, database->sqlite, kind->name, kind->steps,
                                     kind->steps_len);
    for (size_t i = 0; i < kind->statements_len && status == 0; i++) {
        if (sqlite3_prepare_v3(database->sqlite, kind->statements[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &database->statements[i], NULL) != SQLITE_OK) {
            status = cepa_database_fail(database);
        }
    }
    return status;
}

int cepa_database_open(struct cepa_database *ret_database, const char *path,
                       const struct cepa_database_kind *kind)
{
    char file[CEPA_FOLDER_PATH_SIZE + 32];
    CEPA_ASSERT(kind->statements_len <= CEPA_DATABASE_STATEMENTS_MAX);
    memset(ret_database, 0, sizeof *ret_database);
    ret_database->kind = kind;
    snprintf(file, sizeof file, "%s/%s", path, kind->name);
    /* SQLite gives its journal the mode of this file. */
    int status = cepa_file_prepare(&ret_database->reason, file, kind->name, true);
    if (status != 0) {
        return status;
    }
    if (sqlite3_open_v2(file, &ret_database->sqlite, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK) {
        status = ret_database->sqlite != NULL
                     ? cepa_database_fail(ret_database)
                     : cepa_reason_fail(&ret_database->reason, CEPA_ERR_EXHAUSTED,
                                        "there is not enough memory");
    }
    if (status == 0) {
        (void)sqlite3_extended_result_codes(ret_database->sqlite, 1);
        (void)sqlite3_busy_timeout(ret_database->sqlite, 5000);
        status = prepare(ret_database);
    }
    if (status != 0) {
        cepa_database_close(ret_database);
    }
    return status;
}

void cepa_database_close(struct cepa_database *database)
{
    for (size_t i = 0; i < CEPA_DATABASE_STATEMENTS_MAX; i++) {
        (void)sqlite3_finalize(database->statements[i]);
        database->statements[i] = NULL;
    }
    (void)sqlite3_close(database->sqlite);
    database->sqlite = NULL;
}

int cepa_database_change(struct cepa_database *database, sqlite3_stmt *statement)
{
    int result = sqlite3_step(statement);
    int status = result == SQLITE_DONE ? 0 : cepa_database_fail(database);
    (void)sqlite3_reset(statement);
    (void)sqlite3_clear_bindings(statement);
    return result == SQLITE_CONSTRAINT_UNIQUE ? CEPA_ERR_IN_USE : status;
}

int cepa_database_end_question(struct cepa_database *database, sqlite3_stmt *statement, int result)
{
    int status = result == SQLITE_ROW ? 0 : CEPA_ERR_NOT_FOUND;
    if (result != SQLITE_ROW && result != SQLITE_DONE) {
        status = cepa_database_fail(database);
    }
    (void)sqlite3_reset(statement);
    (void)sqlite3_clear_bindings(statement);
    return status;
}

void cepa_database_text(char *ret_text, size_t capacity, sqlite3_stmt *statement, int column)
{
    const char *text = (const char *)sqlite3_column_text(statement, column);
    size_t len = (size_t)sqlite3_column_bytes(statement, column);
    if (text == NULL || len >= capacity || !cepa_text_is_plain(text, len)) {
        len = 0;
    }
    if (len > 0) {
        memcpy(ret_text, text, len);
    }
    ret_text[len] = '\0';
}

int cepa_database_bytes(void *ret_bytes, size_t len, sqlite3_stmt *statement, int column)
{
    const void *bytes = sqlite3_column_blob(statement, column);
    if (bytes == NULL || (size_t)sqlite3_column_bytes(statement, column) != len) {
        return CEPA_ERR_LENGTH;
    }
    memcpy(ret_bytes, bytes, len);
    return 0;
}
