/* Contacts, by SQLite. */
#include "native/store/contacts.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "native/store/database.h"

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

static const struct cepa_database_kind kind = {
    "contacts.db", "contacts", steps, sizeof steps / sizeof steps[0], texts, STATEMENTS,
};

struct cepa_contacts {
    struct cepa_database database;
    int each_result; /* what EACH gave last */
};

int cepa_contacts_open(struct cepa_contacts **ret_contacts, struct cepa_reason *ret_reason,
                       const char *path)
{
    struct cepa_contacts *contacts = calloc(1, sizeof *contacts);
    if (contacts == NULL) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_EXHAUSTED, "there is not enough memory");
    }
    int status = cepa_database_open(&contacts->database, path, &kind);
    if (status != 0) {
        *ret_reason = contacts->database.reason;
        free(contacts);
        return status;
    }
    *ret_contacts = contacts;
    return 0;
}

void cepa_contacts_close(struct cepa_contacts *contacts)
{
    if (contacts != NULL) {
        cepa_database_close(&contacts->database);
        free(contacts);
    }
}

const char *cepa_contacts_reason(const struct cepa_contacts *contacts)
{
    return contacts->database.reason.text;
}

static void bind_address(sqlite3_stmt *statement, const struct cepa_address *address)
{
    (void)sqlite3_bind_blob(statement, 1, address->bytes, (int)sizeof address->bytes,
                            SQLITE_STATIC);
}

int cepa_contacts_put(struct cepa_contacts *contacts, const struct cepa_contact *contact)
{
    sqlite3_stmt *statement = contacts->database.statements[PUT];
    bind_address(statement, &contact->address);
    if (contact->name.text[0] != '\0') {
        (void)sqlite3_bind_text(statement, 2, contact->name.text, -1, SQLITE_STATIC);
    }
    (void)sqlite3_bind_text(statement, 3, contact->note, -1, SQLITE_STATIC);
    (void)sqlite3_bind_int(statement, 4, contact->is_accepted);
    (void)sqlite3_bind_int(statement, 5, contact->is_blocked);
    int status = cepa_database_change(&contacts->database, statement);
    if (status == CEPA_ERR_IN_USE) {
        cepa_reason_set(&contacts->database.reason,
                        "there is a contact '%s' already; take another name, or rename that one "
                        "with 'cepa contacts rename'",
                        contact->name.text);
    }
    return status;
}

int cepa_contacts_remove(struct cepa_contacts *contacts, const struct cepa_address *address)
{
    bind_address(contacts->database.statements[REMOVE], address);
    int status = cepa_database_change(&contacts->database, contacts->database.statements[REMOVE]);
    return status == 0 && sqlite3_changes(contacts->database.sqlite) == 0
               ? cepa_reason_fail(&contacts->database.reason, CEPA_ERR_NOT_FOUND,
                                  "there is no contact with this address")
               : status;
}

/* Gives whether the row is a contact. */
static bool read_row(struct cepa_contact *ret_contact, sqlite3_stmt *statement)
{
    memset(ret_contact, 0, sizeof *ret_contact);
    if (cepa_database_bytes(ret_contact->address.bytes, sizeof ret_contact->address.bytes,
                            statement, 0) != 0) {
        return false;
    }
    cepa_database_text(ret_contact->name.text, sizeof ret_contact->name.text, statement, 1);
    cepa_database_text(ret_contact->note, sizeof ret_contact->note, statement, 2);
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
    bool is_contact = result == SQLITE_ROW && read_row(&contact, statement);
    int status = cepa_database_end_question(&contacts->database, statement, result);
    if (status == 0 && !is_contact) {
        status = CEPA_ERR_NOT_FOUND;
    }
    if (status == 0) {
        *ret_contact = contact;
    }
    return status;
}

int cepa_contacts_get(struct cepa_contacts *contacts, struct cepa_contact *ret_contact,
                      const struct cepa_address *address)
{
    bind_address(contacts->database.statements[GET], address);
    int status = ask(contacts, ret_contact, contacts->database.statements[GET]);
    if (status == CEPA_ERR_NOT_FOUND) {
        cepa_reason_set(&contacts->database.reason, "there is no contact with this address");
    }
    return status;
}

int cepa_contacts_find(struct cepa_contacts *contacts, struct cepa_contact *ret_contact,
                       const char *name)
{
    (void)sqlite3_bind_text(contacts->database.statements[FIND], 1, name, -1, SQLITE_STATIC);
    int status = ask(contacts, ret_contact, contacts->database.statements[FIND]);
    if (status == CEPA_ERR_NOT_FOUND) {
        cepa_reason_set(&contacts->database.reason,
                        "there is no contact '%.64s'; 'cepa contacts list' shows all", name);
    }
    return status;
}

void cepa_contacts_each(struct cepa_contacts *contacts)
{
    (void)sqlite3_reset(contacts->database.statements[EACH]);
    contacts->each_result = SQLITE_ROW;
}

bool cepa_contacts_next(struct cepa_contacts *contacts, struct cepa_contact *ret_contact)
{
    sqlite3_stmt *statement = contacts->database.statements[EACH];
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
                     : cepa_database_fail(&contacts->database);
    (void)sqlite3_reset(contacts->database.statements[EACH]);
    return status;
}
