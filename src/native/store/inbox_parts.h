/* What the files of the inbox share: inbox.c has its tables, inbox_questions.c and inbox_changes.c
 * the entries, inbox_files.c what lies in `inbox/`. */
#ifndef CEPA_NATIVE_STORE_INBOX_PARTS_H
#define CEPA_NATIVE_STORE_INBOX_PARTS_H

#include <sqlite3.h>

#include "native/store/database.h"
#include "native/store/inbox.h"

/* The characters of an id: those of Bech32, of which none look alike. */
#define CEPA_INBOX_ALPHABET "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

/* The statements of inbox.c. */
enum cepa_inbox_statement {
    CEPA_INBOX_SQL_ADD,
    CEPA_INBOX_SQL_ADD_TEXT,
    CEPA_INBOX_SQL_REMEMBER,
    CEPA_INBOX_SQL_FORGET_OLD,
    CEPA_INBOX_SQL_FORGET_MANY,
    CEPA_INBOX_SQL_FIND,
    CEPA_INBOX_SQL_GET,
    CEPA_INBOX_SQL_NEXT,
    CEPA_INBOX_SQL_ALIKE,
    CEPA_INBOX_SQL_TEXT,
    CEPA_INBOX_SQL_USAGE,
    CEPA_INBOX_SQL_ACCEPT,
    CEPA_INBOX_SQL_REFUSE,
    CEPA_INBOX_SQL_BREAK,
    CEPA_INBOX_SQL_REMOVE,
    CEPA_INBOX_SQL_SET_HERE,
    CEPA_INBOX_SQL_SET_FINISHED,
    CEPA_INBOX_SQL_STATEMENTS
};

/* An open inbox. */
struct cepa_inbox {
    struct cepa_database database;
    int folder_fd;     /* `inbox/`; -1 where there is none and none can be made */
    bool is_gathering; /* between begin and commit */
};

/* cepa_inbox_prepared gives a statement, to be bound. */
static inline sqlite3_stmt *cepa_inbox_prepared(struct cepa_inbox *inbox,
                                                enum cepa_inbox_statement which)
{
    return inbox->database.statements[which];
}

/* These bind values; bytes and texts are lent until the statement is run. NULL for an address is an
 * anonymous sender: no bytes. */
static inline void cepa_inbox_bind_bytes(sqlite3_stmt *statement, int place, const void *bytes,
                                         size_t len)
{
    (void)sqlite3_bind_blob(statement, place, bytes, (int)len, SQLITE_STATIC);
}

static inline void cepa_inbox_bind_number(sqlite3_stmt *statement, int place, uint64_t number)
{
    (void)sqlite3_bind_int64(statement, place,
                             number > INT64_MAX ? INT64_MAX : (sqlite3_int64)number);
}

static inline void cepa_inbox_bind_id(sqlite3_stmt *statement, const char *id)
{
    (void)sqlite3_bind_text(statement, 1, id, -1, SQLITE_STATIC);
}

static inline void cepa_inbox_bind_address(sqlite3_stmt *statement, int place,
                                           const struct cepa_address *address)
{
    cepa_inbox_bind_bytes(statement, place, address != NULL ? address->bytes : (const uint8_t *)"",
                          address != NULL ? sizeof address->bytes : 0);
}

/* cepa_inbox_run runs statements without values. Returns 0 or what cepa_database_fail gives. */
CEPA_MUST_USE int cepa_inbox_run(struct cepa_inbox *inbox, const char *statements);

/* cepa_inbox_check_gathering finds out whether what began with cepa_inbox_begin is still under way:
 * SQLite ends a transaction by itself after some failures, and what follows must not be changed
 * outside of it. Returns 0 or CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_inbox_check_gathering(struct cepa_inbox *inbox);

/* cepa_inbox_folder_open opens `inbox/` in the state directory `path`, or makes it. On a disk that
 * cannot be written there may be none: `*ret_fd` is -1. Returns 0, CEPA_ERR_ARGUMENT or
 * CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_inbox_folder_open(int *ret_fd, struct cepa_reason *ret_reason,
                                         const char *path);

/* cepa_inbox_file_delete deletes the file of an entry, if there is one; if it cannot be, that is
 * left to cepa_inbox_tidy. */
void cepa_inbox_file_delete(struct cepa_inbox *inbox, const struct cepa_inbox_id *id);

/* cepa_inbox_id_check tells whether `text` is an id, and so a name of a file in `inbox/`. */
bool cepa_inbox_id_check(const char *text);

/* cepa_inbox_get_coming gives an entry that is COMING, or says why it is none: 0,
 * CEPA_ERR_NOT_FOUND, CEPA_ERR_STATE or CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_inbox_get_coming(struct cepa_inbox *inbox,
                                        struct cepa_inbox_entry *ret_entry,
                                        const struct cepa_inbox_id *id);

/* cepa_inbox_set_here says how much of a file that is COMING is here. cepa_inbox_set_finished says
 * that all is. Both return as cepa_inbox_get_coming. */
CEPA_MUST_USE int cepa_inbox_set_here(struct cepa_inbox *inbox, const struct cepa_inbox_id *id,
                                      uint64_t here);
CEPA_MUST_USE int cepa_inbox_set_finished(struct cepa_inbox *inbox, const struct cepa_inbox_id *id,
                                          uint64_t size, const struct cepa_file_hash *hash);

#endif
