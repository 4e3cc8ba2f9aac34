/* Contacts are kept, found and forgotten, by two processes at once too. */
#define _GNU_SOURCE
#include "native/store/contacts.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/scratch.h"
#include "support/test.h"

static char folder[SCRATCH_PATH_SIZE];
static struct cepa_reason reason;

static struct cepa_contacts *open_contacts(void)
{
    struct cepa_contacts *contacts = NULL;
    CHECK_INT(cepa_contacts_open(&contacts, &reason, folder), 0);
    return contacts;
}

static struct cepa_contact make(const char *name, uint8_t number)
{
    struct cepa_contact contact;
    memset(&contact, 0, sizeof contact);
    memset(contact.address.bytes, number, sizeof contact.address.bytes);
    snprintf(contact.name.text, sizeof contact.name.text, "%s", name);
    return contact;
}

TEST(contacts_come_back)
{
    struct cepa_contact bob = make("Bob", 1);
    struct cepa_contact stranger = make("", 3);
    struct cepa_contact amy = make("Amy", 2);
    struct cepa_contact got;
    scratch_make(folder);
    snprintf(bob.note, sizeof bob.note, "met in Zürich");
    bob.is_accepted = true;
    stranger.is_blocked = true;
    struct cepa_contacts *contacts = open_contacts();
    CHECK_INT(cepa_contacts_put(contacts, &bob), 0);
    CHECK_INT(cepa_contacts_put(contacts, &stranger), 0);
    CHECK_INT(cepa_contacts_put(contacts, &amy), 0);
    cepa_contacts_close(contacts);
    contacts = open_contacts();
    CHECK_INT(cepa_contacts_find(contacts, &got, "Bob"), 0);
    CHECK(memcmp(&got, &bob, sizeof bob) == 0);
    CHECK_INT(cepa_contacts_get(contacts, &got, &stranger.address), 0);
    CHECK(memcmp(&got, &stranger, sizeof stranger) == 0);
    CHECK_INT(cepa_contacts_find(contacts, &got, "bob"), CEPA_ERR_NOT_FOUND);
    CHECK(strstr(cepa_contacts_reason(contacts), "'bob'") != NULL);
    CHECK_INT(cepa_contacts_find(contacts, &got, "'; DROP TABLE contacts; --"), CEPA_ERR_NOT_FOUND);
    static const char *const order[] = {"Amy", "Bob", ""};
    size_t len = 0;
    for (cepa_contacts_each(contacts); cepa_contacts_next(contacts, &got); len++) {
        CHECK(len < 3 && strcmp(got.name.text, order[len]) == 0);
    }
    CHECK_INT(cepa_contacts_end(contacts), 0);
    CHECK_INT(len, 3);
    cepa_contacts_close(contacts);
}

TEST(names_belong_to_one)
{
    struct cepa_contact bob = make("Bob", 1);
    struct cepa_contact other = make("Bob", 2);
    struct cepa_contact got;
    scratch_make(folder);
    struct cepa_contacts *contacts = open_contacts();
    CHECK_INT(cepa_contacts_put(contacts, &bob), 0);
    CHECK_INT(cepa_contacts_put(contacts, &other), CEPA_ERR_IN_USE);
    CHECK_INT(cepa_contacts_get(contacts, &got, &other.address), CEPA_ERR_NOT_FOUND);
    other = make("Rob", 1);
    CHECK_INT(cepa_contacts_put(contacts, &other), 0);
    CHECK_INT(cepa_contacts_find(contacts, &got, "Bob"), CEPA_ERR_NOT_FOUND);
    CHECK_INT(cepa_contacts_remove(contacts, &bob.address), 0);
    CHECK_INT(cepa_contacts_remove(contacts, &bob.address), CEPA_ERR_NOT_FOUND);
    /* Any number of strangers has no name. */
    for (uint8_t i = 0; i < 3; i++) {
        other = make("", i);
        CHECK_INT(cepa_contacts_put(contacts, &other), 0);
    }
    cepa_contacts_close(contacts);
}

/* A daemon sees what a command changes, and the other way. */
TEST(two_have_it_open)
{
    struct cepa_contact bob = make("Bob", 1);
    struct cepa_contact got;
    scratch_make(folder);
    struct cepa_contacts *one = open_contacts();
    struct cepa_contacts *two = open_contacts();
    CHECK_INT(cepa_contacts_put(one, &bob), 0);
    CHECK_INT(cepa_contacts_get(two, &got, &bob.address), 0);
    bob.is_blocked = true;
    CHECK_INT(cepa_contacts_put(two, &bob), 0);
    CHECK_INT(cepa_contacts_get(one, &got, &bob.address), 0);
    CHECK(got.is_blocked);
    cepa_contacts_close(one);
    cepa_contacts_close(two);
}

static size_t read_file(char *ret_bytes, size_t capacity, const char *name)
{
    char path[SCRATCH_PATH_SIZE];
    scratch_join(path, folder, name);
    return access(path, F_OK) == 0 ? scratch_read(path, ret_bytes, capacity) : 0;
}

TEST(gone_is_gone_and_files_are_private)
{
    static char bytes[1 << 18];
    char path[SCRATCH_PATH_SIZE];
    struct stat facts;
    struct cepa_contact bob = make("Bartholomew", 1);
    scratch_make(folder);
    struct cepa_contacts *contacts = open_contacts();
    CHECK_INT(cepa_contacts_put(contacts, &bob), 0);
    size_t len = read_file(bytes, sizeof bytes, "contacts.db");
    CHECK(memmem(bytes, len, "Bartholomew", 11) != NULL);
    scratch_join(path, folder, "contacts.db");
    CHECK(stat(path, &facts) == 0 && (facts.st_mode & 07777) == 0600);
    CHECK_INT(cepa_contacts_remove(contacts, &bob.address), 0);
    len = read_file(bytes, sizeof bytes, "contacts.db");
    CHECK(len > 0 && memmem(bytes, len, "Bartholomew", 11) == NULL);
    CHECK_INT(read_file(bytes, sizeof bytes, "contacts.db-journal"), 0);
    cepa_contacts_close(contacts);
    CHECK(chmod(path, 0644) == 0);
    CHECK_INT(cepa_contacts_open(&contacts, &reason, folder), CEPA_ERR_ARGUMENT);
}

TEST(damage_and_newer_files_are_told)
{
    struct cepa_contacts *contacts = NULL;
    char path[SCRATCH_PATH_SIZE];
    char noise[4096];
    scratch_make(folder);
    scratch_join(path, folder, "contacts.db");
    memset(noise, 'x', sizeof noise);
    scratch_write(path, noise, sizeof noise);
    CHECK(chmod(path, 0600) == 0);
    CHECK_INT(cepa_contacts_open(&contacts, &reason, folder), CEPA_ERR_MALFORMED);
    CHECK(strstr(reason.text, "contacts.db is damaged") != NULL);
    CHECK(unlink(path) == 0);
    cepa_contacts_close(open_contacts());
    sqlite3 *database = NULL;
    CHECK(sqlite3_open(path, &database) == SQLITE_OK);
    CHECK(sqlite3_exec(database, "PRAGMA user_version = 99", NULL, NULL, NULL) == SQLITE_OK);
    sqlite3_close(database);
    CHECK_INT(cepa_contacts_open(&contacts, &reason, folder), CEPA_ERR_VERSION);
    CHECK(strstr(reason.text, "contacts.db has version 99") != NULL);
}

/* What somebody else's program wrote into it does not come out as a name. */
TEST(nonsense_in_the_file_is_left_out)
{
    char path[SCRATCH_PATH_SIZE];
    struct cepa_contact got;
    sqlite3 *database = NULL;
    size_t len = 0;
    scratch_make(folder);
    scratch_join(path, folder, "contacts.db");
    cepa_contacts_close(open_contacts());
    CHECK(sqlite3_open(path, &database) == SQLITE_OK);
    CHECK(sqlite3_exec(database,
                       "INSERT INTO contacts VALUES (x'0102', 'short', '', 0, 0);"
                       "INSERT INTO contacts VALUES (zeroblob(48), char(27) || '[2J', '', 1, 0)",
                       NULL, NULL, NULL) == SQLITE_OK);
    sqlite3_close(database);
    struct cepa_contacts *contacts = open_contacts();
    for (cepa_contacts_each(contacts); cepa_contacts_next(contacts, &got); len++) {
        CHECK(got.name.text[0] == '\0' && got.is_accepted);
    }
    CHECK_INT(cepa_contacts_end(contacts), 0);
    CHECK_INT(len, 1);
    cepa_contacts_close(contacts);
}

TEST_MAIN(RUN(contacts_come_back), RUN(names_belong_to_one), RUN(two_have_it_open),
          RUN(gone_is_gone_and_files_are_private), RUN(damage_and_newer_files_are_told),
          RUN(nonsense_in_the_file_is_left_out))
