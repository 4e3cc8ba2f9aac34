/* What comes is kept, decided about and deleted; no message comes twice; nothing is lost. */
#define _GNU_SOURCE
#include "native/store/inbox.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "native/host.h"
#include "support/scratch.h"
#include "support/test.h"

static char folder[SCRATCH_PATH_SIZE];
static struct cepa_reason reason;
static struct cepa_inbox_id id;
static struct cepa_inbox_entry got;

static struct cepa_inbox *open_inbox(void)
{
    struct cepa_inbox *inbox = NULL;
    CHECK_INT(cepa_inbox_open(&inbox, &reason, folder), 0);
    return inbox;
}

static struct cepa_inbox *new_inbox(void)
{
    scratch_make(folder);
    return open_inbox();
}

static struct cepa_inbox_entry make(enum cepa_inbox_kind kind, enum cepa_inbox_state state,
                                    uint8_t number)
{
    struct cepa_inbox_entry entry;
    memset(&entry, 0, sizeof entry);
    entry.kind = kind;
    entry.state = state;
    memset(entry.identity.bytes, 200, sizeof entry.identity.bytes);
    entry.has_sender = true;
    memset(entry.sender.bytes, 100, sizeof entry.sender.bytes);
    memset(entry.transfer.bytes, number, sizeof entry.transfer.bytes);
    entry.came.unix_ms = UINT64_C(1700000000000) + number;
    if (kind == CEPA_INBOX_FILE) {
        snprintf(entry.name, sizeof entry.name, "tree %d.tar", number);
        entry.size = 1000;
    }
    return entry;
}

static int add_file(struct cepa_inbox *inbox, enum cepa_inbox_state state, uint8_t number)
{
    struct cepa_inbox_entry entry = make(CEPA_INBOX_FILE, state, number);
    return cepa_inbox_add_file(inbox, &id, &entry, cepa_native_random());
}

static int add_message(struct cepa_inbox *inbox, uint8_t number, const char *text)
{
    struct cepa_inbox_entry entry = make(CEPA_INBOX_MESSAGE, CEPA_INBOX_HERE, number);
    return cepa_inbox_add_message(inbox, &id, &entry, text, strlen(text), cepa_native_random());
}

static void check_usage(struct cepa_inbox *inbox, uint64_t bytes, uint64_t entries,
                        uint64_t waiting)
{
    struct cepa_inbox_usage usage;
    CHECK_INT(cepa_inbox_usage(inbox, &usage), 0);
    CHECK_INT(usage.bytes, bytes + entries * CEPA_INBOX_ENTRY_COST);
    CHECK_INT(usage.entries, entries);
    CHECK_INT(usage.waiting, waiting);
}

/* Whether an entry's file is in the folder. */
static bool has_file(const struct cepa_inbox_id *of)
{
    char path[SCRATCH_PATH_SIZE];
    char name[64];
    snprintf(name, sizeof name, "inbox/%s", of->text);
    scratch_join(path, folder, name);
    return access(path, F_OK) == 0;
}

static void check_same(const struct cepa_inbox_entry *one, const struct cepa_inbox_entry *two)
{
    CHECK(strcmp(one->id.text, two->id.text) == 0 && strcmp(one->name, two->name) == 0);
    CHECK(one->kind == two->kind && one->state == two->state);
    CHECK(one->has_sender == two->has_sender && one->has_attributes == two->has_attributes);
    CHECK_BYTES(one->identity.bytes, two->identity.bytes, sizeof one->identity.bytes);
    CHECK_BYTES(one->sender.bytes, two->sender.bytes, sizeof one->sender.bytes);
    CHECK_BYTES(one->transfer.bytes, two->transfer.bytes, sizeof one->transfer.bytes);
    CHECK(one->size == two->size && one->here == two->here && one->mode == two->mode);
    CHECK(one->modified.unix_ms == two->modified.unix_ms && one->came.unix_ms == two->came.unix_ms);
}

TEST(entries_come_back)
{
    struct cepa_inbox *inbox = new_inbox();
    struct cepa_inbox_entry file = make(CEPA_INBOX_FILE, CEPA_INBOX_WAITING, 1);
    struct cepa_inbox_entry other = make(CEPA_INBOX_FILE, CEPA_INBOX_COMING, 1);
    uint64_t at = 0;
    file.has_attributes = true;
    file.mode = 0755;
    file.modified.unix_ms = 12345;
    snprintf(file.name, sizeof file.name, "Übersicht.pdf");
    other.has_sender = false;
    memset(&other.sender, 0, sizeof other.sender);
    other.size = CEPA_FILE_SIZE_UNKNOWN;
    CHECK_INT(cepa_inbox_add_file(inbox, &file.id, &file, cepa_native_random()), 0);
    CHECK_INT(cepa_inbox_add_file(inbox, &other.id, &other, cepa_native_random()), 0);
    CHECK_INT(cepa_inbox_add_file(inbox, &id, &file, cepa_native_random()), CEPA_ERR_IN_USE);
    CHECK_INT(cepa_inbox_add_file(inbox, &id, &other, cepa_native_random()), CEPA_ERR_IN_USE);
    cepa_inbox_close(inbox);
    inbox = open_inbox();
    CHECK_INT(
        cepa_inbox_find(inbox, &got, CEPA_INBOX_FILE, &file.identity, &file.sender, &file.transfer),
        0);
    check_same(&got, &file);
    CHECK_INT(cepa_inbox_find(inbox, &got, CEPA_INBOX_FILE, &file.identity, NULL, &file.transfer),
              0);
    check_same(&got, &other);
    CHECK_INT(
        cepa_inbox_find(inbox, &got, CEPA_INBOX_MESSAGE, &file.identity, NULL, &file.transfer),
        CEPA_ERR_NOT_FOUND);
    CHECK_INT(cepa_inbox_next(inbox, &got, &at), 0);
    CHECK(strcmp(got.id.text, file.id.text) == 0);
    CHECK_INT(cepa_inbox_next(inbox, &got, &at), 0);
    CHECK(strcmp(got.id.text, other.id.text) == 0);
    CHECK_INT(cepa_inbox_next(inbox, &got, &at), CEPA_ERR_NOT_FOUND);
    check_usage(inbox, 0, 2, 1);
    cepa_inbox_close(inbox);
    cepa_inbox_close(NULL);
}

TEST(beginnings_of_ids_are_enough)
{
    struct cepa_inbox *inbox = new_inbox();
    char begin[CEPA_INBOX_ID_LEN + 2];
    size_t len = 0;
    CHECK_INT(cepa_inbox_id_len(inbox, &len), 0);
    CHECK_INT(len, CEPA_INBOX_ID_SHORT_MIN);
    for (uint8_t i = 0; i < 200; i++) {
        CHECK_INT(add_file(inbox, CEPA_INBOX_COMING, i), 0);
    }
    CHECK_INT(cepa_inbox_id_len(inbox, &len), 0);
    snprintf(begin, sizeof begin, "%.*s", (int)len, id.text);
    CHECK_INT(cepa_inbox_get(inbox, &got, begin), 0);
    CHECK(strcmp(got.id.text, id.text) == 0);
    for (size_t i = 0; i < len; i++) {
        begin[i] = (char)(begin[i] >= 'a' ? begin[i] - 'a' + 'A' : begin[i]);
    }
    CHECK_INT(cepa_inbox_get(inbox, &got, begin), 0);
    CHECK(strcmp(got.id.text, id.text) == 0);
    /* There are 32 characters, and 200 entries. */
    size_t shared = 0;
    for (size_t i = 0; i < 32; i++) {
        snprintf(begin, sizeof begin, "%c", "qpzry9x8gf2tvdw0s3jn54khce6mua7l"[i]);
        shared += cepa_inbox_get(inbox, &got, begin) == CEPA_ERR_IN_USE;
    }
    CHECK(shared > 0);
    CHECK(strstr(cepa_inbox_reason(inbox), "begin with '") != NULL ||
          strstr(cepa_inbox_reason(inbox), "there is no '") != NULL);
    static const char *const none[] = {"", "%", "../../etc", "1111", "'", "~", "_", "b"};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        CHECK_INT(cepa_inbox_get(inbox, &got, none[i]), CEPA_ERR_NOT_FOUND);
    }
    snprintf(begin, sizeof begin, "%sq", id.text);
    CHECK_INT(cepa_inbox_get(inbox, &got, begin), CEPA_ERR_NOT_FOUND);
    cepa_inbox_close(inbox);
}

TEST(messages_come_once)
{
    static char text[CEPA_MESSAGE_TEXT_MAX];
    struct cepa_inbox *inbox = new_inbox();
    struct cepa_inbox_entry later = make(CEPA_INBOX_MESSAGE, CEPA_INBOX_HERE, 1);
    size_t len = 0;
    CHECK_INT(add_message(inbox, 1, "hello\033[2J"), 0);
    check_usage(inbox, 9, 1, 0);
    CHECK_INT(add_message(inbox, 1, "hello"), CEPA_ERR_REPLAY);
    CHECK_INT(cepa_inbox_text(inbox, text, &len, &id), 0);
    CHECK_INT(len, 9);
    CHECK_BYTES(text, "hello\033[2J", 9);
    /* Also when the user has deleted it, and in another run of the program. */
    CHECK_INT(cepa_inbox_remove(inbox, &id), 0);
    CHECK_INT(cepa_inbox_text(inbox, text, &len, &id), CEPA_ERR_NOT_FOUND);
    cepa_inbox_close(inbox);
    inbox = open_inbox();
    CHECK_INT(add_message(inbox, 1, "hello"), CEPA_ERR_REPLAY);
    check_usage(inbox, 0, 0, 0);
    /* The id is another's too, and belongs to the sender. */
    later.has_sender = false;
    CHECK_INT(cepa_inbox_add_message(inbox, &id, &later, "x", 1, cepa_native_random()), 0);
    CHECK_INT(cepa_inbox_add_message(inbox, &id, &later, "x", 1, cepa_native_random()),
              CEPA_ERR_REPLAY);
    /* After a day it is forgotten, unless it is still here. */
    later.came.unix_ms += CEPA_INBOX_REMEMBERED_MS + 1;
    CHECK_INT(cepa_inbox_add_message(inbox, &id, &later, "x", 1, cepa_native_random()),
              CEPA_ERR_REPLAY);
    later.has_sender = true;
    CHECK_INT(cepa_inbox_add_message(inbox, &id, &later, "x", 1, cepa_native_random()), 0);
    memset(text, 'y', sizeof text);
    later.transfer.bytes[0] = 99;
    later.state = CEPA_INBOX_WAITING;
    CHECK_INT(cepa_inbox_add_message(inbox, &id, &later, text, sizeof text, cepa_native_random()),
              0);
    check_usage(inbox, 2 + sizeof text, 3, 1);
    CHECK_INT(cepa_inbox_accept(inbox, &id), 0);
    CHECK_INT(cepa_inbox_get(inbox, &got, id.text), 0);
    CHECK_INT(got.state, CEPA_INBOX_HERE);
    CHECK_INT(got.size, sizeof text);
    cepa_inbox_close(inbox);
}

TEST(a_file_comes_in_pieces)
{
    struct cepa_inbox *inbox = new_inbox();
    struct cepa_inbox *beside = open_inbox();
    struct cepa_file_hash hash = {{1, 2, 3}};
    char text[32];
    uint64_t len = 0;
    int fd = -1;
    CHECK_INT(add_file(inbox, CEPA_INBOX_WAITING, 1), 0);
    CHECK_INT(cepa_inbox_open_write(inbox, &fd, &id, 0), CEPA_ERR_STATE);
    check_usage(inbox, 0, 1, 1);
    CHECK_INT(cepa_inbox_accept(beside, &id), 0);
    CHECK_INT(cepa_inbox_accept(beside, &id), 0);
    check_usage(inbox, 1000, 1, 0);
    CHECK_INT(cepa_inbox_open_read(inbox, &fd, &len, &id), CEPA_ERR_NOT_FOUND);
    CHECK_INT(cepa_inbox_open_write(inbox, &fd, &id, 1), CEPA_ERR_LENGTH);
    CHECK_INT(cepa_inbox_open_write(inbox, &fd, &id, 0), 0);
    CHECK_INT(cepa_inbox_write(inbox, fd, 0, "hello world", 11), 0);
    CHECK_INT(cepa_inbox_progress(inbox, &id, fd, 11), 0);
    CHECK_INT(close(fd), 0);
    CHECK_INT(cepa_inbox_get(beside, &got, id.text), 0);
    CHECK_INT(got.here, 11);
    /* From the offset that both ends agree on. */
    CHECK_INT(cepa_inbox_open_write(inbox, &fd, &id, 6), 0);
    CHECK_INT(cepa_inbox_get(beside, &got, id.text), 0);
    CHECK_INT(got.here, 6);
    CHECK_INT(cepa_inbox_write(inbox, fd, 6, "there", 5), 0);
    CHECK_INT(cepa_inbox_finish(inbox, &id, fd, 11, &hash), 0);
    CHECK_INT(close(fd), 0);
    CHECK_INT(cepa_inbox_get(beside, &got, id.text), 0);
    CHECK_INT(got.state, CEPA_INBOX_HERE);
    CHECK_INT(got.size, 11);
    CHECK_BYTES(got.hash.bytes, hash.bytes, sizeof hash.bytes);
    check_usage(inbox, 11, 1, 0);
    CHECK_INT(cepa_inbox_open_read(beside, &fd, &len, &id), 0);
    CHECK_INT(len, 11);
    CHECK_INT(read(fd, text, sizeof text), 11);
    CHECK_BYTES(text, "hello there", 11);
    CHECK_INT(close(fd), 0);
    /* What is here can only be deleted. */
    CHECK_INT(cepa_inbox_refuse(inbox, &id), CEPA_ERR_STATE);
    CHECK(strstr(cepa_inbox_reason(inbox), "this file is here") != NULL);
    CHECK_INT(cepa_inbox_break(inbox, &id), CEPA_ERR_STATE);
    CHECK_INT(cepa_inbox_open_write(inbox, &fd, &id, 0), CEPA_ERR_STATE);
    CHECK(has_file(&id));
    CHECK_INT(cepa_inbox_remove(beside, &id), 0);
    CHECK(!has_file(&id));
    CHECK_INT(cepa_inbox_remove(inbox, &id), CEPA_ERR_NOT_FOUND);
    check_usage(inbox, 0, 0, 0);
    cepa_inbox_close(beside);
    cepa_inbox_close(inbox);
}

TEST(what_is_not_wanted_goes)
{
    struct cepa_inbox *inbox = new_inbox();
    struct cepa_inbox *beside = open_inbox();
    int fd = -1;
    CHECK_INT(add_file(inbox, CEPA_INBOX_COMING, 1), 0);
    CHECK_INT(cepa_inbox_open_write(inbox, &fd, &id, 0), 0);
    CHECK_INT(cepa_inbox_write(inbox, fd, 0, "hello", 5), 0);
    CHECK_INT(cepa_inbox_refuse(beside, &id), 0);
    CHECK_INT(cepa_inbox_refuse(beside, &id), 0);
    CHECK(!has_file(&id));
    /* The daemon, which is writing, learns it. */
    CHECK_INT(cepa_inbox_progress(inbox, &id, fd, 5), CEPA_ERR_STATE);
    CHECK(strstr(cepa_inbox_reason(inbox), "this file was refused") != NULL);
    CHECK_INT(close(fd), 0);
    check_usage(inbox, 0, 1, 0);
    CHECK_INT(cepa_inbox_accept(inbox, &id), 0);
    CHECK_INT(cepa_inbox_open_write(inbox, &fd, &id, 0), 0);
    CHECK_INT(close(fd), 0);
    CHECK_INT(cepa_inbox_break(inbox, &id), 0);
    CHECK(!has_file(&id));
    CHECK_INT(cepa_inbox_accept(inbox, &id), CEPA_ERR_STATE);
    CHECK(strstr(cepa_inbox_reason(inbox), "it has to be sent again") != NULL);
    CHECK_INT(cepa_inbox_refuse(inbox, &id), CEPA_ERR_STATE);
    CHECK_INT(cepa_inbox_remove(inbox, &id), 0);
    CHECK_INT(cepa_inbox_open_write(inbox, &fd, &id, 0), CEPA_ERR_NOT_FOUND);
    cepa_inbox_close(beside);
    cepa_inbox_close(inbox);
}

/* A flood of offers leaves a bounded number, and claims of size do not overflow. */
TEST(offers_are_bounded)
{
    struct cepa_inbox *inbox = new_inbox();
    struct cepa_inbox_entry entry = make(CEPA_INBOX_FILE, CEPA_INBOX_WAITING, 0);
    struct cepa_inbox_usage usage;
    CHECK_INT(cepa_inbox_begin(inbox), 0);
    for (uint32_t i = 0; i < CEPA_INBOX_WAITING_MAX; i++) {
        memcpy(entry.transfer.bytes, &i, sizeof i);
        CHECK_INT(cepa_inbox_add_file(inbox, &id, &entry, cepa_native_random()), 0);
    }
    entry.transfer.bytes[15] = 1;
    CHECK_INT(cepa_inbox_add_file(inbox, &id, &entry, cepa_native_random()), CEPA_ERR_FULL);
    entry.state = CEPA_INBOX_COMING;
    entry.size = CEPA_FILE_SIZE_MAX;
    for (uint8_t i = 0; i < 20; i++) {
        entry.transfer.bytes[14] = i;
        CHECK_INT(cepa_inbox_add_file(inbox, &id, &entry, cepa_native_random()), 0);
    }
    CHECK_INT(cepa_inbox_commit(inbox), 0);
    CHECK_INT(cepa_inbox_usage(inbox, &usage), 0);
    CHECK_INT(usage.entries, CEPA_INBOX_WAITING_MAX + 20);
    CHECK_INT(usage.waiting, CEPA_INBOX_WAITING_MAX);
    CHECK(usage.bytes > (UINT64_C(20) << 50) && usage.bytes < UINT64_C(21) << 50);
    cepa_inbox_close(inbox);
}

TEST(files_are_private_and_nothing_is_followed)
{
    struct cepa_inbox *inbox = new_inbox();
    struct cepa_inbox *other = NULL;
    char path[SCRATCH_PATH_SIZE];
    char victim[SCRATCH_PATH_SIZE];
    char name[64];
    struct stat facts;
    uint64_t len = 0;
    int fd = -1;
    CHECK_INT(add_file(inbox, CEPA_INBOX_COMING, 1), 0);
    snprintf(name, sizeof name, "inbox/%s", id.text);
    scratch_join(path, folder, name);
    scratch_join(victim, folder, "victim");
    scratch_write(victim, "precious", 8);
    CHECK(chmod(victim, 0600) == 0);
    CHECK(symlink(victim, path) == 0);
    CHECK(cepa_inbox_open_write(inbox, &fd, &id, 0) != 0);
    CHECK(cepa_inbox_open_read(inbox, &fd, &len, &id) != 0);
    CHECK(stat(victim, &facts) == 0 && facts.st_size == 8);
    CHECK(unlink(path) == 0 && mkfifo(path, 0600) == 0);
    CHECK_INT(cepa_inbox_open_read(inbox, &fd, &len, &id), CEPA_ERR_ARGUMENT);
    CHECK(unlink(path) == 0);
    CHECK_INT(cepa_inbox_open_write(inbox, &fd, &id, 0), 0);
    CHECK(fstat(fd, &facts) == 0 && (facts.st_mode & 07777) == 0600);
    CHECK_INT(close(fd), 0);
    CHECK(chmod(path, 0644) == 0);
    CHECK_INT(cepa_inbox_open_read(inbox, &fd, &len, &id), CEPA_ERR_ARGUMENT);
    CHECK(strstr(cepa_inbox_reason(inbox), "has mode 0644") != NULL);
    scratch_join(path, folder, "inbox.db");
    CHECK(stat(path, &facts) == 0 && (facts.st_mode & 07777) == 0600);
    CHECK(chmod(path, 0640) == 0);
    CHECK_INT(cepa_inbox_open(&other, &reason, folder), CEPA_ERR_ARGUMENT);
    CHECK(chmod(path, 0600) == 0);
    scratch_join(path, folder, "inbox");
    CHECK(stat(path, &facts) == 0 && (facts.st_mode & 07777) == 0700);
    CHECK(chmod(path, 0755) == 0);
    CHECK_INT(cepa_inbox_open(&other, &reason, folder), CEPA_ERR_ARGUMENT);
    CHECK(strstr(reason.text, "inbox has mode 0755") != NULL);
    cepa_inbox_close(inbox);
}

TEST(what_a_crash_left_is_tidied_up)
{
    struct cepa_inbox *inbox = new_inbox();
    static const char *const names[] = {"qqqqqqqqqqqqqqqqqqqqqqqqqq", "notes", "qqqq"};
    char path[SCRATCH_PATH_SIZE];
    char name[64];
    int fd = -1;
    CHECK_INT(add_file(inbox, CEPA_INBOX_COMING, 1), 0);
    CHECK_INT(cepa_inbox_open_write(inbox, &fd, &id, 0), 0);
    CHECK_INT(close(fd), 0);
    for (size_t i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "inbox/%s", names[i]);
        scratch_join(path, folder, name);
        scratch_write(path, "x", 1);
    }
    CHECK_INT(cepa_inbox_tidy(inbox), 0);
    CHECK(has_file(&id));
    for (size_t i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "inbox/%s", names[i]);
        scratch_join(path, folder, name);
        CHECK((access(path, F_OK) == 0) == (i > 0));
    }
    cepa_inbox_close(inbox);
}

/* What somebody else's program wrote into it does not come out as a path or a name. */
TEST(nonsense_in_the_file_is_left_out)
{
    struct cepa_inbox *inbox = new_inbox();
    char path[SCRATCH_PATH_SIZE];
    sqlite3 *database = NULL;
    uint64_t at = 0;
    CHECK_INT(add_file(inbox, CEPA_INBOX_COMING, 1), 0);
    scratch_join(path, folder, "inbox.db");
    CHECK(sqlite3_open(path, &database) == SQLITE_OK);
    CHECK(sqlite3_exec(database,
                       "INSERT INTO entries SELECT 50, '../../../etc/passwd', kind, state,"
                       " identity, sender, zeroblob(16), name, size, mode, modified, here, hash,"
                       " came FROM entries WHERE number = 1;"
                       "INSERT INTO entries SELECT 51, 'qqqqqqqqqqqqqqqqqqqqqqqqqq', kind, state,"
                       " identity, sender, zeroblob(15) || x'01', '../x', -5, 99999, modified, -1,"
                       " hash, came FROM entries WHERE number = 1;"
                       "UPDATE entries SET transfer = zeroblob(15) || x'01' WHERE number = 51",
                       NULL, NULL, NULL) == SQLITE_OK);
    sqlite3_close(database);
    CHECK_INT(cepa_inbox_next(inbox, &got, &at), 0);
    CHECK(strcmp(got.id.text, id.text) == 0);
    int status = cepa_inbox_next(inbox, &got, &at);
    if (status == 0) {
        CHECK(strcmp(got.name, "file") == 0 && got.mode <= 0777 && got.here == 0 && got.size == 0);
        status = cepa_inbox_next(inbox, &got, &at);
    }
    CHECK_INT(status, CEPA_ERR_NOT_FOUND);
    cepa_inbox_close(inbox);
    CHECK(truncate(path, 5000) == 0);
    CHECK_INT(cepa_inbox_open(&inbox, &reason, folder), CEPA_ERR_MALFORMED);
    CHECK(strstr(reason.text, "inbox.db is damaged") != NULL);
}

/* What is gathered happens whole or not at all. */
TEST(gathered_changes_are_one)
{
    struct cepa_inbox *inbox = new_inbox();
    CHECK_INT(cepa_inbox_begin(inbox), 0);
    CHECK_INT(add_message(inbox, 1, "one"), 0);
    CHECK_INT(add_message(inbox, 1, "one"), CEPA_ERR_REPLAY);
    CHECK_INT(add_message(inbox, 2, "two"), 0);
    CHECK_INT(cepa_inbox_commit(inbox), 0);
    check_usage(inbox, 6, 2, 0);
    CHECK_INT(cepa_inbox_begin(inbox), 0);
    CHECK_INT(add_message(inbox, 3, "three"), 0);
    cepa_inbox_close(inbox);
    inbox = open_inbox();
    check_usage(inbox, 6, 2, 0);
    CHECK_INT(add_message(inbox, 3, "three"), 0);
    cepa_inbox_close(inbox);
}

TEST_MAIN(RUN(entries_come_back), RUN(beginnings_of_ids_are_enough), RUN(messages_come_once),
          RUN(a_file_comes_in_pieces), RUN(what_is_not_wanted_goes), RUN(offers_are_bounded),
          RUN(files_are_private_and_nothing_is_followed), RUN(what_a_crash_left_is_tidied_up),
          RUN(nonsense_in_the_file_is_left_out), RUN(gathered_changes_are_one))
