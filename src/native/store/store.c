/* The state file, by SQLite. */
#define _GNU_SOURCE
#include "native/store/store.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "native/store/file.h"
#include "native/store/folder.h"
#include "native/store/schema.h"

enum statement { PUT, GET, DELETE, EACH, BEGIN, COMMIT, STATEMENTS };

static const char *const texts[STATEMENTS] = {
    [PUT] = "INSERT OR REPLACE INTO entries (kind, key, value) VALUES (?1, ?2, ?3)",
    [GET] = "SELECT value FROM entries WHERE kind = ?1 AND key = ?2",
    [DELETE] = "DELETE FROM entries WHERE kind = ?1 AND key = ?2",
    [EACH] = "SELECT key, value FROM entries WHERE kind = ?1 ORDER BY key",
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
};

struct cepa_store {
    sqlite3 *database;
    sqlite3_stmt *statements[STATEMENTS];
    bool is_open;           /* a transaction is */
    bool has_secrets;       /* and something that the log shall not keep */
    int each_result;        /* what EACH gave last */
    struct cepa_time since; /* when the transaction was first seen by a step; never: not yet */
    struct cepa_reason reason;
};

static int fail(struct cepa_store *store)
{
    const char *cause = sqlite3_errmsg(store->database);
    switch (sqlite3_errcode(store->database) & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return cepa_reason_fail(
            &store->reason, CEPA_ERR_MALFORMED,
            "state.db is damaged (%s); move it away to start without it: who this node is stays "
            "in 'secrets', and what it knew of others is learned anew, guards too",
            cause);
    case SQLITE_FULL:
        return cepa_reason_fail(&store->reason, CEPA_ERR_SYSTEM,
                                "the disk is full, and state.db stays as it was; make room");
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
        return cepa_reason_fail(&store->reason, CEPA_ERR_SYSTEM,
                                "state.db cannot be changed (%s); are the state directory and the "
                                "files state.db-* in it writable?",
                                cause);
    case SQLITE_BUSY:
        return cepa_reason_fail(&store->reason, CEPA_ERR_SYSTEM,
                                "another program holds state.db; end that one");
    default:
        return cepa_reason_fail(&store->reason, CEPA_ERR_SYSTEM, "state.db: %s", cause);
    }
}

/* Runs a statement that gives no rows. */
static int run(struct cepa_store *store, sqlite3_stmt *statement)
{
    int result = sqlite3_step(statement);
    int status = result == SQLITE_DONE || result == SQLITE_ROW ? 0 : fail(store);
    (void)sqlite3_reset(statement);
    (void)sqlite3_clear_bindings(statement);
    return status;
}

/* After this the file is as it was before the transaction. */
static void undo(struct cepa_store *store)
{
    (void)sqlite3_exec(store->database, "ROLLBACK", NULL, NULL, NULL);
    store->is_open = false;
    store->has_secrets = false;
    store->since = cepa_time_never();
}

static int begin(struct cepa_store *store)
{
    if (store->is_open) {
        return 0;
    }
    int status = run(store, store->statements[BEGIN]);
    store->is_open = status == 0;
    return status;
}

int cepa_store_commit(struct cepa_store *store)
{
    if (!store->is_open) {
        return 0;
    }
    bool has_secrets = store->has_secrets;
    int status = run(store, store->statements[COMMIT]);
    if (status != 0) {
        undo(store);
        return status;
    }
    store->is_open = false;
    store->has_secrets = false;
    store->since = cepa_time_never();
    if (has_secrets) {
        /* The write-ahead log still has the value of before. */
        (void)sqlite3_exec(store->database, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL);
    }
    return 0;
}

/* Runs a change whose statement is bound. */
static int change(struct cepa_store *store, sqlite3_stmt *statement, unsigned how)
{
    int status = begin(store);
    if (status == 0) {
        status = run(store, statement);
    }
    if (status != 0) {
        undo(store);
        return status;
    }
    store->has_secrets = store->has_secrets || (how & CEPA_STATE_SECRET) != 0;
    return how != CEPA_STATE_LATER ? cepa_store_commit(store) : 0;
}

static sqlite3_stmt *bind(struct cepa_store *store, enum statement which, uint32_t table,
                          const void *key, size_t key_len)
{
    sqlite3_stmt *statement = store->statements[which];
    (void)sqlite3_bind_int64(statement, 1, table);
    if (key_len > 0) {
        (void)sqlite3_bind_blob(statement, 2, key, (int)key_len, SQLITE_STATIC);
    } else {
        (void)sqlite3_bind_zeroblob(statement, 2, 0);
    }
    return statement;
}

int cepa_store_put(struct cepa_store *store, uint32_t table, const void *key, size_t key_len,
                   const void *value, size_t value_len, unsigned how)
{
    if (key_len > CEPA_STATE_KEY_MAX || value_len > CEPA_STATE_VALUE_MAX) {
        return cepa_reason_fail(&store->reason, CEPA_ERR_TOO_LONG,
                                "state.db: a key of %zu or a value of %zu bytes is too long",
                                key_len, value_len);
    }
    sqlite3_stmt *statement = bind(store, PUT, table, key, key_len);
    if (value_len > 0) {
        (void)sqlite3_bind_blob(statement, 3, value, (int)value_len, SQLITE_STATIC);
    } else {
        (void)sqlite3_bind_zeroblob(statement, 3, 0);
    }
    return change(store, statement, how);
}

int cepa_store_delete(struct cepa_store *store, uint32_t table, const void *key, size_t key_len,
                      unsigned how)
{
    if (key_len > CEPA_STATE_KEY_MAX) {
        return 0; /* nothing is there */
    }
    return change(store, bind(store, DELETE, table, key, key_len), how);
}

int cepa_store_get(struct cepa_store *store, void *ret_value, size_t *ret_len, size_t capacity,
                   uint32_t table, const void *key, size_t key_len)
{
    if (key_len > CEPA_STATE_KEY_MAX) {
        return CEPA_ERR_NOT_FOUND;
    }
    sqlite3_stmt *statement = bind(store, GET, table, key, key_len);
    int result = sqlite3_step(statement);
    int status = CEPA_ERR_NOT_FOUND;
    if (result == SQLITE_ROW) {
        size_t len = (size_t)sqlite3_column_bytes(statement, 0);
        status = len <= capacity ? 0 : CEPA_ERR_TOO_LONG;
        if (status == 0 && len > 0) {
            memcpy(ret_value, sqlite3_column_blob(statement, 0), len);
        }
        if (status == 0) {
            *ret_len = len;
        }
    } else if (result != SQLITE_DONE) {
        status = fail(store);
    }
    (void)sqlite3_reset(statement);
    (void)sqlite3_clear_bindings(statement);
    return status;
}

void cepa_store_each(struct cepa_store *store, uint32_t table)
{
    sqlite3_stmt *statement = store->statements[EACH];
    (void)sqlite3_reset(statement);
    (void)sqlite3_bind_int64(statement, 1, table);
    store->each_result = SQLITE_ROW;
}

bool cepa_store_next(struct cepa_store *store, struct cepa_store_entry *ret_entry)
{
    sqlite3_stmt *statement = store->statements[EACH];
    if (store->each_result != SQLITE_ROW) {
        return false;
    }
    store->each_result = sqlite3_step(statement);
    if (store->each_result != SQLITE_ROW) {
        if (store->each_result != SQLITE_DONE) {
            (void)fail(store);
        }
        (void)sqlite3_reset(statement);
        return false;
    }
    ret_entry->key = sqlite3_column_blob(statement, 0);
    ret_entry->key_len = (size_t)sqlite3_column_bytes(statement, 0);
    ret_entry->value = sqlite3_column_blob(statement, 1);
    ret_entry->value_len = (size_t)sqlite3_column_bytes(statement, 1);
    return true;
}

int cepa_store_end(struct cepa_store *store)
{
    (void)sqlite3_reset(store->statements[EACH]);
    return store->each_result == SQLITE_DONE || store->each_result == SQLITE_ROW ? 0
                                                                                 : CEPA_ERR_SYSTEM;
}

int cepa_store_step(struct cepa_store *store, struct cepa_time now)
{
    if (!store->is_open) {
        return 0;
    }
    if (cepa_time_is_never(store->since)) {
        store->since = now;
    }
    return cepa_time_is_due(cepa_store_deadline(store), now) ? cepa_store_commit(store) : 0;
}

struct cepa_time cepa_store_deadline(const struct cepa_store *store)
{
    return cepa_time_add(store->since, CEPA_STATE_COMMIT_MS * CEPA_MILLISECOND_NS);
}

const char *cepa_store_reason(const struct cepa_store *store)
{
    return store->reason.text;
}

bool cepa_store_exists(int folder_fd)
{
    struct stat facts;
    return fstatat(folder_fd, "state.db", &facts, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Reads all pages once: damage shall be found now and not in the middle of something. */
static int check(struct cepa_store *store)
{
    sqlite3_stmt *statement;
    int status = 0;
    if (sqlite3_prepare_v2(store->database, "PRAGMA quick_check(1)", -1, &statement, NULL) !=
        SQLITE_OK) {
        return fail(store);
    }
    int result = sqlite3_step(statement);
    const char *said =
        result == SQLITE_ROW ? (const char *)sqlite3_column_text(statement, 0) : NULL;
    if (result != SQLITE_ROW) {
        status = fail(store);
    } else if (said == NULL || strcmp(said, "ok") != 0) {
        status = cepa_reason_fail(
            &store->reason, CEPA_ERR_MALFORMED,
            "state.db is damaged (%.200s); move it away to start without it: who this node is "
            "stays in 'secrets', and what it knew of others is learned anew, guards too",
            said == NULL ? "it cannot be checked" : said);
    }
    sqlite3_finalize(statement);
    return status;
}

/* The file says whose it is from its first moment on. */
static int check_owner(struct cepa_store *store, const uint8_t owner[32])
{
    static const char write[] = "INSERT OR IGNORE INTO facts (name, value) VALUES ('owner', ?1)";
    static const char read[] = "SELECT value = ?1 FROM facts WHERE name = 'owner'";
    const char *const both[] = {write, read};
    int status = 0;
    for (size_t i = 0; i < 2 && status == 0; i++) {
        sqlite3_stmt *statement;
        if (sqlite3_prepare_v2(store->database, both[i], -1, &statement, NULL) != SQLITE_OK) {
            return fail(store);
        }
        (void)sqlite3_bind_blob(statement, 1, owner, 32, SQLITE_STATIC);
        int result = sqlite3_step(statement);
        if (result != SQLITE_DONE && result != SQLITE_ROW) {
            status = fail(store);
        } else if (result == SQLITE_ROW && sqlite3_column_int(statement, 0) != 1) {
            status = cepa_reason_fail(&store->reason, CEPA_ERR_STATE,
                                      "state.db belongs to another node than 'secrets'; put the "
                                      "right ones together, or move state.db away");
        }
        sqlite3_finalize(statement);
    }
    return status;
}

static int prepare(struct cepa_store *store)
{
    static const char pragmas[] = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                                  "PRAGMA secure_delete = ON; PRAGMA trusted_schema = OFF;"
                                  "PRAGMA cache_size = -1024; PRAGMA temp_store = MEMORY";
    if (sqlite3_exec(store->database, pragmas, NULL, NULL, NULL) != SQLITE_OK) {
        return fail(store);
    }
    size_t steps_len;
    const char *const *steps = cepa_schema_steps(&steps_len);
    int status = check(store);
    if (status == 0) {
        status = cepa_schema_migrate(&store->reason, store->database, "state.db", steps, steps_len);
    }
    for (size_t i = 0; i < STATEMENTS && status == 0; i++) {
        if (sqlite3_prepare_v3(store->database, texts[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &store->statements[i], NULL) != SQLITE_OK) {
            status = fail(store);
        }
    }
    return status;
}

static int open_file(struct cepa_store *store, const char *path)
{
    char file[CEPA_FOLDER_PATH_SIZE + 16];
    snprintf(file, sizeof file, "%s/state.db", path);
    /* SQLite gives its other files the mode of this one: what cannot be written is found before it
     * makes them. */
    int status = cepa_file_prepare(&store->reason, file, "state.db", false);
    if (status != 0) {
        return status;
    }
    if (sqlite3_open_v2(file, &store->database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK) {
        return store->database != NULL ? fail(store)
                                       : cepa_reason_fail(&store->reason, CEPA_ERR_EXHAUSTED,
                                                          "there is not enough memory");
    }
    (void)sqlite3_extended_result_codes(store->database, 1);
    (void)sqlite3_busy_timeout(store->database, 1000);
    return prepare(store);
}

int cepa_store_open(struct cepa_store **ret_store, struct cepa_reason *ret_reason, const char *path,
                    const uint8_t owner[32])
{
    struct cepa_store *store = calloc(1, sizeof *store);
    if (store == NULL) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_EXHAUSTED, "there is not enough memory");
    }
    store->since = cepa_time_never();
    int status = open_file(store, path);
    if (status == 0) {
        status = check_owner(store, owner);
    }
    if (status != 0) {
        *ret_reason = store->reason;
        (void)cepa_store_close(store);
        return status;
    }
    *ret_store = store;
    return 0;
}

int cepa_store_close(struct cepa_store *store)
{
    if (store == NULL) {
        return 0;
    }
    int status = cepa_store_commit(store);
    for (size_t i = 0; i < STATEMENTS; i++) {
        (void)sqlite3_finalize(store->statements[i]);
    }
    if (sqlite3_close(store->database) != SQLITE_OK) {
        status = CEPA_ERR_SYSTEM;
    }
    free(store);
    return status;
}
