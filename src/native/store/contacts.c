/* Contacts, by SQLite. */
#define _GNU_SOURCE
#include "native/store/contacts.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/plain_text.h"
#include "native/store/file.h"
#include "native/store/folder.h"
#include "native/store/schema.h"

enum statement { PUT, GET, FIND, REMOVE, EACH, STATEMENTS };

#define COLUMNS "address, name, note, is_accepted, is_blocked"

static const char *const texts[STATEMENTS] = {
    [PUT] = "INSERT INTO contacts (" COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5)"
            " ON CONFLICT (address) DO UPDATE SET name = excluded.name, note = excluded.note,"
            " is_accepted = excluded.is_accepted, is_blocked = excluded.is_blocked",
    [GET] = "SELECT " COLUMNS " FROM contacts WHERE address = ?1",
    [FIND] = "SELECT " COLUMNS " FROM contacts WHERE name = ?1",
    [REMOVE] = "DELETE FROM contacts WHERE address = ?1",
    [EACH] = "SELECT " COLUMNS " FROM contacts ORDER BY name IS NULL, name, address",
};

/* The steps of contacts.db, as those of native/store/schema.h. */
static const char *const steps[] = {
    "CREATE TABLE contacts (address BLOB PRIMARY KEY NOT NULL, name TEXT UNIQUE,"
    " note TEXT NOT NULL, is_accepted INTEGER NOT NULL, is_blocked INTEGER NOT NULL)"
    " WITHOUT ROWID",
};

struct cepa_contacts {
    sqlite3 *database;
    sqlite3_stmt *statements[STATEMENTS];
    int each_result; /* what EACH gave last */
    struct cepa_reason reason;
};

static int fail(struct cepa_contacts *contacts)
{
    int kind = sqlite3_errcode(contacts->database) & 0xff;
    if (kind == SQLITE_CORRUPT || kind == SQLITE_NOTADB) {
        return cepa_reason_fail(&contacts->reason, CEPA_ERR_MALFORMED,
                                "contacts.db is damaged (%s); put a copy of it back, or move it "
                                "away to begin without contacts",
                                sqlite3_errmsg(contacts->database));
    }
    return cepa_reason_fail(&contacts->reason, CEPA_ERR_SYSTEM, "contacts.db: %s",
                            sqlite3_errmsg(contacts->database));
}

static int prepare(struct cepa_contacts *contacts)
{
    /* Changes are rare and small: a journal that is emptied leaves no second file to guard. */
    static const char pragmas[] = "PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = FULL;"
                                  "PRAGMA secure_delete = ON; PRAGMA trusted_schema = OFF;"
                                  "PRAGMA temp_store = MEMORY";
    if (sqlite3_exec(contacts->database, pragmas, NULL, NULL, NULL) != SQLITE_OK) {
        return fail(contacts);
    }
    int status = cepa_schema_migrate(&contacts->reason, contacts->database, "contacts.db", steps,
                                     sizeof steps / sizeof steps[0]);
    for (size_t i = 0; i < STATEMENTS && status == 0; i++) {
        if (sqlite3_prepare_v3(contacts->database, texts[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &contacts->statements[i], NULL) != SQLITE_OK) {
            status = fail(contacts);
        }
    }
    return status;
}

static int open_file(struct cepa_contacts *contacts, const char *path)
{
    char file[CEPA_FOLDER_PATH_SIZE + 16];
    snprintf(file, sizeof file, "%s/contacts.db", path);
    /* SQLite gives its journal the mode of this file. On a disk that cannot be written what is
     * there can still be read. */
    int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 && (errno == EROFS || errno == EACCES)) {
        fd = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    }
    if (fd < 0) {
        return cepa_reason_fail(&contacts->reason, CEPA_ERR_SYSTEM,
                                "contacts.db cannot be opened: %s", strerror(errno));
    }
    int status = cepa_file_is_private(&contacts->reason, fd, "contacts.db");
    close(fd);
    if (status != 0) {
        return status;
    }
    if (sqlite3_open_v2(file, &contacts->database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK) {
        return contacts->database != NULL ? fail(contacts) : CEPA_ERR_EXHAUSTED;
    }
    (void)sqlite3_extended_result_codes(contacts->database, 1);
    (void)sqlite3_busy_timeout(contacts->database, 5000);
    return prepare(contacts);
}

int cepa_contacts_open(struct cepa_contacts **ret_contacts, struct cepa_reason *ret_reason,
                       const char *path)
{
    struct cepa_contacts *contacts = calloc(1, sizeof *contacts);
    if (contacts == NULL) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_EXHAUSTED, "there is not enough memory");
    }
    int status = open_file(contacts, path);
    if (status != 0) {
        *ret_reason = contacts->reason;
        cepa_contacts_close(contacts);
        return status;
    }
    *ret_contacts = contacts;
    return 0;
}

void cepa_contacts_close(struct cepa_contacts *contacts)
{
    if (contacts == NULL) {
        return;
    }
    for (size_t i = 0; i < STATEMENTS; i++) {
        (void)sqlite3_finalize(contacts->statements[i]);
    }
    (void)sqlite3_close(contacts->database);
    free(contacts);
}

const char *cepa_contacts_reason(const struct cepa_contacts *contacts)
{
    return contacts->reason.text;
}

/* Runs a change whose statement is bound. */
static int change(struct cepa_contacts *contacts, sqlite3_stmt *statement)
{
    int result = sqlite3_step(statement);
    int status = result == SQLITE_DONE ? 0 : fail(contacts);
    (void)sqlite3_reset(statement);
    (void)sqlite3_clear_bindings(statement);
    return result == SQLITE_CONSTRAINT_UNIQUE ? CEPA_ERR_IN_USE : status;
}

static void bind_address(sqlite3_stmt *statement, const struct cepa_address *address)
{
    (void)sqlite3_bind_blob(statement, 1, address->bytes, (int)sizeof address->bytes,
                            SQLITE_STATIC);
}

int cepa_contacts_put(struct cepa_contacts *contacts, const struct cepa_contact *contact)
{
    sqlite3_stmt *statement = contacts->statements[PUT];
    bind_address(statement, &contact->address);
    if (contact->name.text[0] != '\0') {
        (void)sqlite3_bind_text(statement, 2, contact->name.text, -1, SQLITE_STATIC);
    }
    (void)sqlite3_bind_text(statement, 3, contact->note, -1, SQLITE_STATIC);
    (void)sqlite3_bind_int(statement, 4, contact->is_accepted);
    (void)sqlite3_bind_int(statement, 5, contact->is_blocked);
    int status = change(contacts, statement);
    if (status == CEPA_ERR_IN_USE) {
        cepa_reason_set(&contacts->reason,
                        "there is a contact '%s' already; take another name, or rename that one "
                        "with 'cepa contacts rename'",
                        contact->name.text);
    }
    return status;
}

int cepa_contacts_remove(struct cepa_contacts *contacts, const struct cepa_address *address)
{
    bind_address(contacts->statements[REMOVE], address);
    int status = change(contacts, contacts->statements[REMOVE]);
    return status == 0 && sqlite3_changes(contacts->database) == 0
               ? cepa_reason_fail(&contacts->reason, CEPA_ERR_NOT_FOUND,
                                  "there is no contact with this address")
               : status;
}

/* Copies a text of a row; what no program of ours wrote is left out. */
static void read_column(char *ret_text, size_t capacity, sqlite3_stmt *statement, int column)
{
    const char *text = (const char *)sqlite3_column_text(statement, column);
    size_t len = (size_t)sqlite3_column_bytes(statement, column);
    if (text != NULL && len < capacity && cepa_text_is_plain(text, len)) {
        memcpy(ret_text, text, len);
    }
}

/* Gives whether the row is a contact. */
static bool read_row(struct cepa_contact *ret_contact, sqlite3_stmt *statement)
{
    memset(ret_contact, 0, sizeof *ret_contact);
    const void *address = sqlite3_column_blob(statement, 0);
    if (address == NULL ||
        (size_t)sqlite3_column_bytes(statement, 0) != sizeof ret_contact->address.bytes) {
        return false;
    }
    memcpy(ret_contact->address.bytes, address, sizeof ret_contact->address.bytes);
    read_column(ret_contact->name.text, sizeof ret_contact->name.text, statement, 1);
    read_column(ret_contact->note, sizeof ret_contact->note, statement, 2);
    ret_contact->is_accepted = sqlite3_column_int(statement, 3) != 0;
    ret_contact->is_blocked = sqlite3_column_int(statement, 4) != 0;
    return true;
}

/* Runs a question for one contact whose statement is bound. */
static int ask(struct cepa_contacts *contacts, struct cepa_contact *ret_contact,
               sqlite3_stmt *statement)
{
    struct cepa_contact contact;
    int result = sqlite3_step(statement);
    int status = result == SQLITE_ROW && read_row(&contact, statement) ? 0 : CEPA_ERR_NOT_FOUND;
    if (result != SQLITE_ROW && result != SQLITE_DONE) {
        status = fail(contacts);
    }
    (void)sqlite3_reset(statement);
    (void)sqlite3_clear_bindings(statement);
    if (status == 0) {
        *ret_contact = contact;
    }
    return status;
}

int cepa_contacts_get(struct cepa_contacts *contacts, struct cepa_contact *ret_contact,
                      const struct cepa_address *address)
{
    bind_address(contacts->statements[GET], address);
    int status = ask(contacts, ret_contact, contacts->statements[GET]);
    if (status == CEPA_ERR_NOT_FOUND) {
        cepa_reason_set(&contacts->reason, "there is no contact with this address");
    }
    return status;
}

int cepa_contacts_find(struct cepa_contacts *contacts, struct cepa_contact *ret_contact,
                       const char *name)
{
    (void)sqlite3_bind_text(contacts->statements[FIND], 1, name, -1, SQLITE_STATIC);
    int status = ask(contacts, ret_contact, contacts->statements[FIND]);
    if (status == CEPA_ERR_NOT_FOUND) {
        cepa_reason_set(&contacts->reason,
                        "there is no contact '%.64s'; 'cepa contacts list' shows all", name);
    }
    return status;
}

void cepa_contacts_each(struct cepa_contacts *contacts)
{
    (void)sqlite3_reset(contacts->statements[EACH]);
    contacts->each_result = SQLITE_ROW;
}

bool cepa_contacts_next(struct cepa_contacts *contacts, struct cepa_contact *ret_contact)
{
    sqlite3_stmt *statement = contacts->statements[EACH];
    while (contacts->each_result == SQLITE_ROW) {
        contacts->each_result = sqlite3_step(statement);
        if (contacts->each_result == SQLITE_ROW && read_row(ret_contact, statement)) {
            return true;
        }
    }
    return false;
}

int cepa_contacts_end(struct cepa_contacts *contacts)
{
    int status = contacts->each_result == SQLITE_DONE || contacts->each_result == SQLITE_ROW
                     ? 0
                     : fail(contacts);
    (void)sqlite3_reset(contacts->statements[EACH]);
    return status;
}
