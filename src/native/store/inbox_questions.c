/* The inbox: questions. */
#include <sqlite3.h>
#include <string.h>

#include "base/plain_text.h"
#include "native/store/inbox_parts.h"

/* Columns of COLUMNS. */
enum column {
    ID,
    KIND,
    STATE,
    IDENTITY,
    SENDER,
    TRANSFER,
    NAME,
    SIZE,
    MODE,
    MODIFIED,
    HERE,
    HASH,
    CAME,
    NUMBER
};

bool cepa_inbox_id_check(const char *text)
{
    return strlen(text) == CEPA_INBOX_ID_LEN &&
           strspn(text, CEPA_INBOX_ALPHABET) == CEPA_INBOX_ID_LEN;
}

static uint64_t read_number(sqlite3_stmt *statement, int column)
{
    sqlite3_int64 number = sqlite3_column_int64(statement, column);
    return number > 0 ? (uint64_t)number : 0;
}

/* Gives whether the row is an entry. */
static bool read_row(struct cepa_inbox_entry *ret_entry, sqlite3_stmt *statement)
{
    int of_kind = sqlite3_column_int(statement, KIND);
    int state = sqlite3_column_int(statement, STATE);
    memset(ret_entry, 0, sizeof *ret_entry);
    cepa_database_text(ret_entry->id.text, sizeof ret_entry->id.text, statement, ID);
    if (!cepa_inbox_id_check(ret_entry->id.text) || of_kind < CEPA_INBOX_FILE ||
        of_kind > CEPA_INBOX_MESSAGE || state < CEPA_INBOX_WAITING || state > CEPA_INBOX_BROKEN ||
        cepa_database_bytes(ret_entry->identity.bytes, sizeof ret_entry->identity.bytes, statement,
                            IDENTITY) != 0 ||
        cepa_database_bytes(ret_entry->transfer.bytes, sizeof ret_entry->transfer.bytes, statement,
                            TRANSFER) != 0) {
        return false;
    }
    ret_entry->kind = (enum cepa_inbox_kind)of_kind;
    ret_entry->state = (enum cepa_inbox_state)state;
    ret_entry->has_sender =
        cepa_database_bytes(ret_entry->sender.bytes, sizeof ret_entry->sender.bytes, statement,
                            SENDER) == 0;
    cepa_database_text(ret_entry->name, sizeof ret_entry->name, statement, NAME);
    if (ret_entry->kind == CEPA_INBOX_FILE &&
        cepa_file_name_check(ret_entry->name, strlen(ret_entry->name)) != 0) {
        cepa_file_name_clean(ret_entry->name, "", 0);
    }
    ret_entry->size = sqlite3_column_type(statement, SIZE) == SQLITE_NULL
                          ? CEPA_FILE_SIZE_UNKNOWN
                          : read_number(statement, SIZE);
    ret_entry->here = read_number(statement, HERE);
    ret_entry->has_attributes = sqlite3_column_type(statement, MODE) != SQLITE_NULL;
    ret_entry->mode = (uint16_t)(read_number(statement, MODE) & CEPA_FILE_MODE_MAX);
    ret_entry->modified.unix_ms = read_number(statement, MODIFIED);
    ret_entry->came.unix_ms = read_number(statement, CAME);
    /* There is none before the end. */
    int has_hash =
        cepa_database_bytes(ret_entry->hash.bytes, sizeof ret_entry->hash.bytes, statement, HASH);
    return has_hash == 0 || ret_entry->kind != CEPA_INBOX_FILE || state != CEPA_INBOX_HERE;
}

/* Runs a question for one entry whose statement is bound; no row and no entry are the same. */
static int ask(struct cepa_inbox *inbox, struct cepa_inbox_entry *ret_entry,
               sqlite3_stmt *statement)
{
    struct cepa_inbox_entry entry;
    int result = sqlite3_step(statement);
    bool is_entry = result == SQLITE_ROW && read_row(&entry, statement);
    int status = cepa_database_end_question(&inbox->database, statement, result);
    if (status == 0 && is_entry) {
        *ret_entry = entry;
    }
    return status == 0 && !is_entry ? CEPA_ERR_NOT_FOUND : status;
}

int cepa_inbox_find(struct cepa_inbox *inbox, struct cepa_inbox_entry *ret_entry,
                    enum cepa_inbox_kind of_kind, const struct cepa_address *identity,
                    const struct cepa_address *sender, const struct cepa_transfer_id *transfer)
{
    sqlite3_stmt *statement = cepa_inbox_prepared(inbox, CEPA_INBOX_SQL_FIND);
    cepa_inbox_bind_address(statement, 1, identity);
    cepa_inbox_bind_address(statement, 2, sender);
    cepa_inbox_bind_number(statement, 3, of_kind);
    cepa_inbox_bind_bytes(statement, 4, transfer->bytes, sizeof transfer->bytes);
    int status = ask(inbox, ret_entry, statement);
    if (status == CEPA_ERR_NOT_FOUND) {
        cepa_reason_set(&inbox->database.reason, "there is nothing like this in the inbox");
    }
    return status;
}

int cepa_inbox_get(struct cepa_inbox *inbox, struct cepa_inbox_entry *ret_entry, const char *id)
{
    struct cepa_inbox_entry entry;
    char begin[CEPA_INBOX_ID_LEN + 1];
    size_t len = strlen(id);
    sqlite3_stmt *statement = cepa_inbox_prepared(inbox, CEPA_INBOX_SQL_GET);
    int status = CEPA_ERR_NOT_FOUND;
    if (len > 0 && len < sizeof begin) {
        for (size_t i = 0; i <= len; i++) {
            begin[i] = (char)(id[i] >= 'A' && id[i] <= 'Z' ? id[i] - 'A' + 'a' : id[i]);
        }
        cepa_inbox_bind_id(statement, begin);
        int result = sqlite3_step(statement);
        bool is_entry = result == SQLITE_ROW && read_row(&entry, statement);
        if (result == SQLITE_ROW && sqlite3_step(statement) == SQLITE_ROW) {
            status = CEPA_ERR_IN_USE;
        }
        int ended = cepa_database_end_question(&inbox->database, statement, result);
        status = status == CEPA_ERR_IN_USE || !is_entry ? (ended == 0 ? status : ended) : ended;
    }
    if (status == CEPA_ERR_NOT_FOUND) {
        return cepa_reason_fail(&inbox->database.reason, status,
                                "there is no '%.40s' in the inbox; 'cepa inbox' shows all", id);
    }
    if (status == CEPA_ERR_IN_USE) {
        return cepa_reason_fail(&inbox->database.reason, status,
                                "several in the inbox begin with '%s'; say more of it", id);
    }
    if (status == 0) {
        *ret_entry = entry;
    }
    return status;
}

int cepa_inbox_next(struct cepa_inbox *inbox, struct cepa_inbox_entry *ret_entry, uint64_t *at)
{
    sqlite3_stmt *statement = cepa_inbox_prepared(inbox, CEPA_INBOX_SQL_NEXT);
    for (;;) {
        struct cepa_inbox_entry entry;
        cepa_inbox_bind_number(statement, 1, *at);
        int result = sqlite3_step(statement);
        bool is_entry = result == SQLITE_ROW && read_row(&entry, statement);
        uint64_t number = result == SQLITE_ROW ? read_number(statement, NUMBER) : 0;
        int status = cepa_database_end_question(&inbox->database, statement, result);
        if (status != 0) {
            return status;
        }
        if (number <= *at) {
            return CEPA_ERR_NOT_FOUND;
        }
        *at = number;
        if (is_entry) {
            *ret_entry = entry;
            return 0;
        }
    }
}

int cepa_inbox_id_len(struct cepa_inbox *inbox, size_t *ret_len)
{
    sqlite3_stmt *statement = cepa_inbox_prepared(inbox, CEPA_INBOX_SQL_ALIKE);
    size_t len = CEPA_INBOX_ID_SHORT_MIN - 1;
    uint64_t alike = 1;
    while (alike > 0 && len < CEPA_INBOX_ID_LEN) {
        len++;
        cepa_inbox_bind_number(statement, 1, len);
        int result = sqlite3_step(statement);
        alike = result == SQLITE_ROW ? read_number(statement, 0) : 0;
        int status = cepa_database_end_question(&inbox->database, statement, result);
        if (status != 0) {
            return status;
        }
    }
    *ret_len = len;
    return 0;
}

int cepa_inbox_text(struct cepa_inbox *inbox, char *ret_text, size_t *ret_len,
                    const struct cepa_inbox_id *id)
{
    sqlite3_stmt *statement = cepa_inbox_prepared(inbox, CEPA_INBOX_SQL_TEXT);
    cepa_inbox_bind_id(statement, id->text);
    int result = sqlite3_step(statement);
    const void *text = result == SQLITE_ROW ? sqlite3_column_blob(statement, 0) : NULL;
    size_t len = text != NULL ? (size_t)sqlite3_column_bytes(statement, 0) : 0;
    bool is_text =
        text != NULL && len <= CEPA_MESSAGE_TEXT_MAX && cepa_text_is_utf8((const char *)text, len);
    if (is_text) {
        memcpy(ret_text, text, len);
        *ret_len = len;
    }
    int status = cepa_database_end_question(&inbox->database, statement, result);
    return status == CEPA_ERR_NOT_FOUND || (status == 0 && !is_text)
               ? cepa_reason_fail(&inbox->database.reason, CEPA_ERR_NOT_FOUND,
                                  "there is no text of it")
               : status;
}

int cepa_inbox_usage(struct cepa_inbox *inbox, struct cepa_inbox_usage *ret_usage)
{
    sqlite3_stmt *statement = cepa_inbox_prepared(inbox, CEPA_INBOX_SQL_USAGE);
    struct cepa_inbox_usage usage = {0, 0, 0};
    int result = sqlite3_step(statement);
    if (result == SQLITE_ROW) {
        usage.bytes = read_number(statement, 0);
        usage.entries = read_number(statement, 1);
        usage.waiting = read_number(statement, 2);
    }
    int status = cepa_database_end_question(&inbox->database, statement, result);
    if (status == 0) {
        *ret_usage = usage;
    }
    return status;
}
