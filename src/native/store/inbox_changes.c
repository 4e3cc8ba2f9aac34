/* The inbox: changes of entries. */
#include <sqlite3.h>

#include "base/assert.h"
#include "native/store/inbox_parts.h"

static int draw_id(struct cepa_inbox_id *ret_id, struct cepa_reason *ret_reason,
                   const struct cepa_random *random)
{
    uint8_t bytes[CEPA_INBOX_ID_LEN];
    if (cepa_random_fill(random, bytes, sizeof bytes) != 0) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_RANDOM, "there is no randomness");
    }
    for (size_t i = 0; i < sizeof bytes; i++) {
        ret_id->text[i] = CEPA_INBOX_ALPHABET[bytes[i] & 31];
    }
    ret_id->text[CEPA_INBOX_ID_LEN] = '\0';
    return 0;
}

/* Runs the change of one entry whose other values are bound. */
static int change(struct cepa_inbox *inbox, enum cepa_inbox_statement which,
                  const struct cepa_inbox_id *id)
{
    sqlite3_stmt *statement = cepa_inbox_prepared(inbox, which);
    int status = cepa_inbox_check_gathering(inbox);
    if (status != 0) {
        (void)sqlite3_clear_bindings(statement);
        return status;
    }
    cepa_inbox_bind_id(statement, id->text);
    status = cepa_database_change(&inbox->database, statement);
    return status == 0 && sqlite3_changes(inbox->database.sqlite) == 0 ? CEPA_ERR_NOT_FOUND
                                                                       : status;
}

/* Adds the row of an entry; `size` as it is to stand there. */
static int add_row(struct cepa_inbox *inbox, const struct cepa_inbox_id *id,
                   const struct cepa_inbox_entry *entry, uint64_t size, uint64_t here)
{
    sqlite3_stmt *statement = cepa_inbox_prepared(inbox, CEPA_INBOX_SQL_ADD);
    cepa_inbox_bind_number(statement, 2, entry->kind);
    cepa_inbox_bind_number(statement, 3, entry->state);
    cepa_inbox_bind_address(statement, 4, &entry->identity);
    cepa_inbox_bind_address(statement, 5, entry->has_sender ? &entry->sender : NULL);
    cepa_inbox_bind_bytes(statement, 6, entry->transfer.bytes, sizeof entry->transfer.bytes);
    (void)sqlite3_bind_text(statement, 7, entry->name, -1, SQLITE_STATIC);
    if (size != CEPA_FILE_SIZE_UNKNOWN) {
        cepa_inbox_bind_number(statement, 8, size);
    }
    if (entry->has_attributes) {
        cepa_inbox_bind_number(statement, 9, entry->mode);
        cepa_inbox_bind_number(statement, 10, entry->modified.unix_ms);
    }
    cepa_inbox_bind_number(statement, 11, here);
    cepa_inbox_bind_number(statement, 12, entry->came.unix_ms);
    return change(inbox, CEPA_INBOX_SQL_ADD, id);
}

/* Remembers a message, and forgets those that are old. */
static int remember(struct cepa_inbox *inbox, const struct cepa_inbox_entry *entry)
{
    uint64_t now = entry->came.unix_ms;
    sqlite3_stmt *statement = cepa_inbox_prepared(inbox, CEPA_INBOX_SQL_FORGET_OLD);
    cepa_inbox_bind_number(statement, 1,
                           now > CEPA_INBOX_REMEMBERED_MS ? now - CEPA_INBOX_REMEMBERED_MS : 0);
    int status = cepa_database_change(&inbox->database, statement);
    if (status == 0) {
        statement = cepa_inbox_prepared(inbox, CEPA_INBOX_SQL_REMEMBER);
        cepa_inbox_bind_address(statement, 1, &entry->identity);
        cepa_inbox_bind_address(statement, 2, entry->has_sender ? &entry->sender : NULL);
        cepa_inbox_bind_bytes(statement, 3, entry->transfer.bytes, sizeof entry->transfer.bytes);
        cepa_inbox_bind_number(statement, 4, now);
        status = cepa_database_change(&inbox->database, statement);
    }
    if (status == 0) {
        statement = cepa_inbox_prepared(inbox, CEPA_INBOX_SQL_FORGET_MANY);
        cepa_inbox_bind_number(statement, 1, CEPA_INBOX_REMEMBERED_MAX);
        status = cepa_database_change(&inbox->database, statement);
    }
    return status == CEPA_ERR_IN_USE ? CEPA_ERR_REPLAY : status;
}

static int check_waiting(struct cepa_inbox *inbox)
{
    struct cepa_inbox_usage usage;
    int status = cepa_inbox_usage(inbox, &usage);
    return status == 0 && usage.waiting > CEPA_INBOX_WAITING_MAX
               ? cepa_reason_fail(&inbox->database.reason, CEPA_ERR_FULL,
                                  "%d offers wait for their user to decide, and no more can",
                                  CEPA_INBOX_WAITING_MAX)
               : status;
}

/* All that adding an entry changes, inside of a savepoint. */
static int add_parts(struct cepa_inbox *inbox, const struct cepa_inbox_id *id,
                     const struct cepa_inbox_entry *entry, const char *text, size_t text_len)
{
    bool is_message = entry->kind == CEPA_INBOX_MESSAGE;
    int status = is_message ? remember(inbox, entry) : 0;
    if (status == 0) {
        status = add_row(inbox, id, entry, is_message ? text_len : entry->size,
                         is_message ? text_len : 0);
        /* One that is remembered no longer, and whose entry is still here. */
        status = status == CEPA_ERR_IN_USE && is_message ? CEPA_ERR_REPLAY : status;
    }
    if (status == 0 && is_message) {
        cepa_inbox_bind_bytes(cepa_inbox_prepared(inbox, CEPA_INBOX_SQL_ADD_TEXT), 2, text,
                              text_len);
        status = change(inbox, CEPA_INBOX_SQL_ADD_TEXT, id);
    }
    return status == 0 && entry->state == CEPA_INBOX_WAITING ? check_waiting(inbox) : status;
}

static int add(struct cepa_inbox *inbox, struct cepa_inbox_id *ret_id,
               const struct cepa_inbox_entry *entry, const char *text, size_t text_len,
               const struct cepa_random *random)
{
    struct cepa_inbox_id id;
    int status = draw_id(&id, &inbox->database.reason, random);
    if (status == 0) {
        status = cepa_inbox_check_gathering(inbox);
    }
    if (status == 0) {
        status = cepa_inbox_run(inbox, "SAVEPOINT adding");
    }
    if (status != 0) {
        return status;
    }
    status = add_parts(inbox, &id, entry, text, text_len);
    if (status == 0) {
        status = cepa_inbox_run(inbox, "RELEASE adding");
    }
    if (status != 0) {
        (void)sqlite3_exec(inbox->database.sqlite, "ROLLBACK TO adding; RELEASE adding", NULL, NULL,
                           NULL);
    }
    if (status == CEPA_ERR_IN_USE || status == CEPA_ERR_REPLAY) {
        cepa_reason_set(&inbox->database.reason, "this has come already");
    }
    if (status == 0) {
        *ret_id = id;
    }
    return status;
}

int cepa_inbox_add_file(struct cepa_inbox *inbox, struct cepa_inbox_id *ret_id,
                        const struct cepa_inbox_entry *entry, const struct cepa_random *random)
{
    CEPA_ASSERT(entry->kind == CEPA_INBOX_FILE);
    CEPA_ASSERT(entry->state == CEPA_INBOX_WAITING || entry->state == CEPA_INBOX_COMING);
    return add(inbox, ret_id, entry, NULL, 0, random);
}

int cepa_inbox_add_message(struct cepa_inbox *inbox, struct cepa_inbox_id *ret_id,
                           const struct cepa_inbox_entry *entry, const char *text, size_t text_len,
                           const struct cepa_random *random)
{
    CEPA_ASSERT(entry->kind == CEPA_INBOX_MESSAGE);
    CEPA_ASSERT(entry->state == CEPA_INBOX_WAITING || entry->state == CEPA_INBOX_HERE);
    return add(inbox, ret_id, entry, text, text_len, random);
}

/* Says why a change of an entry has changed nothing. */
static int explain(struct cepa_inbox *inbox, const struct cepa_inbox_id *id,
                   struct cepa_inbox_entry *ret_entry)
{
    static const char *const states[] = {
        [CEPA_INBOX_WAITING] = "waits for its user to decide",
        [CEPA_INBOX_COMING] = "is coming",
        [CEPA_INBOX_HERE] = "is here; 'cepa inbox delete' deletes it",
        [CEPA_INBOX_REFUSED] = "was refused",
        [CEPA_INBOX_BROKEN] = "was not what its sender said, and is gone; it has to be sent again",
    };
    int status = cepa_inbox_get(inbox, ret_entry, id->text);
    return status != 0 ? status
                       : cepa_reason_fail(&inbox->database.reason, CEPA_ERR_STATE, "this %s %s",
                                          ret_entry->kind == CEPA_INBOX_FILE ? "file" : "message",
                                          states[ret_entry->state]);
}

/* Runs a change that some states allow. */
static int change_state(struct cepa_inbox *inbox, enum cepa_inbox_statement which,
                        const struct cepa_inbox_id *id)
{
    struct cepa_inbox_entry entry;
    int status = change(inbox, which, id);
    return status == CEPA_ERR_NOT_FOUND ? explain(inbox, id, &entry) : status;
}

int cepa_inbox_get_coming(struct cepa_inbox *inbox, struct cepa_inbox_entry *ret_entry,
                          const struct cepa_inbox_id *id)
{
    int status = explain(inbox, id, ret_entry);
    return status == CEPA_ERR_STATE && ret_entry->state == CEPA_INBOX_COMING ? 0 : status;
}

int cepa_inbox_accept(struct cepa_inbox *inbox, const struct cepa_inbox_id *id)
{
    struct cepa_inbox_entry entry;
    int status = change(inbox, CEPA_INBOX_SQL_ACCEPT, id);
    if (status == CEPA_ERR_NOT_FOUND) {
        status = explain(inbox, id, &entry);
        if (status == CEPA_ERR_STATE &&
            (entry.state == CEPA_INBOX_COMING || entry.state == CEPA_INBOX_HERE)) {
            status = 0;
        }
    }
    return status;
}

int cepa_inbox_refuse(struct cepa_inbox *inbox, const struct cepa_inbox_id *id)
{
    struct cepa_inbox_entry entry;
    int status = change(inbox, CEPA_INBOX_SQL_REFUSE, id);
    if (status == CEPA_ERR_NOT_FOUND) {
        status = explain(inbox, id, &entry);
        return status == CEPA_ERR_STATE && entry.state == CEPA_INBOX_REFUSED ? 0 : status;
    }
    if (status == 0) {
        cepa_inbox_file_delete(inbox, id);
    }
    return status;
}

int cepa_inbox_break(struct cepa_inbox *inbox, const struct cepa_inbox_id *id)
{
    int status = change_state(inbox, CEPA_INBOX_SQL_BREAK, id);
    if (status == 0) {
        cepa_inbox_file_delete(inbox, id);
    }
    return status;
}

int cepa_inbox_remove(struct cepa_inbox *inbox, const struct cepa_inbox_id *id)
{
    int status = change_state(inbox, CEPA_INBOX_SQL_REMOVE, id);
    if (status == 0) {
        cepa_inbox_file_delete(inbox, id);
    }
    return status;
}

int cepa_inbox_set_here(struct cepa_inbox *inbox, const struct cepa_inbox_id *id, uint64_t here)
{
    cepa_inbox_bind_number(cepa_inbox_prepared(inbox, CEPA_INBOX_SQL_SET_HERE), 2, here);
    return change_state(inbox, CEPA_INBOX_SQL_SET_HERE, id);
}

int cepa_inbox_set_finished(struct cepa_inbox *inbox, const struct cepa_inbox_id *id, uint64_t size,
                            const struct cepa_file_hash *hash)
{
    cepa_inbox_bind_number(cepa_inbox_prepared(inbox, CEPA_INBOX_SQL_SET_FINISHED), 2, size);
    cepa_inbox_bind_bytes(cepa_inbox_prepared(inbox, CEPA_INBOX_SQL_SET_FINISHED), 3, hash->bytes,
                          sizeof hash->bytes);
    return change_state(inbox, CEPA_INBOX_SQL_SET_FINISHED, id);
}
