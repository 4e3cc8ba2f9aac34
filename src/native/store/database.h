/* A SQLite file of the state directory that belongs to the user: `contacts.db`, `inbox.db`. Private
 * (0600), opened by commands and the daemon side by side: SQLite orders their changes, and each
 * sees those of the other with its next call. A change is on disk when the call returns, and what
 * was deleted is overwritten in it. */
#ifndef CEPA_NATIVE_STORE_DATABASE_H
#define CEPA_NATIVE_STORE_DATABASE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "native/reason.h"

struct sqlite3;
struct sqlite3_stmt;

enum { CEPA_DATABASE_STATEMENTS_MAX = 24 };

/* What kind of file it is; static storage. */
struct cepa_database_kind {
    const char *name;              /* "contacts.db" */
    const char *loss;              /* what there is none of without it: "contacts" */
    const char *const *steps;      /* its versions, as those of native/store/schema.h */
    size_t steps_len;              /* how many */
    const char *const *statements; /* what is asked of it, in SQL */
    size_t statements_len;         /* at most CEPA_DATABASE_STATEMENTS_MAX */
};

/* An open file. */
struct cepa_database {
    const struct cepa_database_kind *kind;
    struct sqlite3 *sqlite;
    struct sqlite3_stmt *statements[CEPA_DATABASE_STATEMENTS_MAX]; /* as in `kind` */
    struct cepa_reason reason;                                     /* why the last call failed */
};

/* cepa_database_open opens the file in the state directory `path`, or makes it, and brings it to
 * the newest version. What is on a disk that cannot be written can still be read. Returns 0;
 * CEPA_ERR_VERSION if it is newer than this program; CEPA_ERR_MALFORMED if it is damaged;
 * CEPA_ERR_ARGUMENT for a wrong owner or mode; CEPA_ERR_EXHAUSTED; CEPA_ERR_FULL for a full disk;
 * or CEPA_ERR_SYSTEM: then `ret_database` has nothing but the reason. */
CEPA_MUST_USE int cepa_database_open(struct cepa_database *ret_database, const char *path,
                                     const struct cepa_database_kind *kind);

/* cepa_database_close closes it; again is allowed. */
void cepa_database_close(struct cepa_database *database);

/* cepa_database_fail says why SQLite's last call failed and gives the error: CEPA_ERR_MALFORMED,
 * CEPA_ERR_FULL or CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_database_fail(struct cepa_database *database);

/* cepa_database_change runs a change whose statement is bound. Returns 0, CEPA_ERR_IN_USE if
 * something that may be there once is there, or what cepa_database_fail gives. */
CEPA_MUST_USE int cepa_database_change(struct cepa_database *database,
                                       struct sqlite3_stmt *statement);

/* cepa_database_end_question ends a question that gave `result`, the last of sqlite3_step. Returns
 * 0 for a row, CEPA_ERR_NOT_FOUND for none, or what cepa_database_fail gives. */
CEPA_MUST_USE int cepa_database_end_question(struct cepa_database *database,
                                             struct sqlite3_stmt *statement, int result);

/* cepa_database_text copies a text of a row with its final zero; what no program of ours wrote,
 * since it is too long or no plain text, comes out empty. */
void cepa_database_text(char *ret_text, size_t capacity, struct sqlite3_stmt *statement,
                        int column);

/* cepa_database_bytes copies bytes of a row. Returns 0, or CEPA_ERR_LENGTH if it has another
 * number of them, and then nothing is copied. */
CEPA_MUST_USE int cepa_database_bytes(void *ret_bytes, size_t len, struct sqlite3_stmt *statement,
                                      int column);

#endif
