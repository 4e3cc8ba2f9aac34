/* Files of the inbox go where their user wants them, under names that lead nowhere else. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/inbox_parts.h"
#include "crypto/hash.h"
#include "native/host.h"
#include "support/scratch.h"
#include "support/test.h"

static char state[SCRATCH_PATH_SIZE];
static char place[SCRATCH_PATH_SIZE];
static struct cepa_inbox *inbox;
static struct cepa_inbox_entry entry;

/* Puts a whole file of five bytes into a new inbox. */
static void receive(const char *name, uint16_t mode)
{
    struct cepa_reason reason;
    struct cepa_file_hash hash;
    struct cepa_inbox_id id;
    int fd = -1;
    scratch_make(state);
    scratch_make(place);
    CHECK_INT(cepa_inbox_open(&inbox, &reason, state), 0);
    memset(&entry, 0, sizeof entry);
    entry.kind = CEPA_INBOX_FILE;
    entry.state = CEPA_INBOX_COMING;
    entry.size = 5;
    entry.has_attributes = true;
    entry.mode = mode;
    snprintf(entry.name, sizeof entry.name, "%s", name);
    CHECK_INT(cepa_inbox_add_file(inbox, &id, &entry, cepa_native_random()), 0);
    CHECK_INT(cepa_inbox_open_write(inbox, &fd, &id, 0), 0);
    CHECK_INT(cepa_inbox_write(inbox, fd, 0, "hello", 5), 0);
    cepa_blake2b(hash.bytes, sizeof hash.bytes, "hello", 5, NULL, 0);
    CHECK_INT(cepa_inbox_finish(inbox, &id, fd, 5, &hash), 0);
    CHECK_INT(close(fd), 0);
    CHECK_INT(cepa_inbox_get(inbox, &entry, id.text), 0);
}

static int save(const char *where)
{
    return cepa_cli_inbox_save(inbox, "inbox", &entry, where, false);
}

/* The permissions of a file in `place` that has what came, or -1. */
static int mode_of(const char *name)
{
    char path[SCRATCH_PATH_SIZE];
    char text[8];
    struct stat facts;
    scratch_join(path, place, name);
    return lstat(path, &facts) == 0 && S_ISREG(facts.st_mode) &&
                   scratch_read(path, text, sizeof text) == 5 && memcmp(text, "hello", 5) == 0
               ? (int)(facts.st_mode & 07777)
               : -1;
}

TEST(names_that_are_taken_get_a_number)
{
    char path[SCRATCH_PATH_SIZE];
    char text[16];
    receive("notes.txt", 0666);
    (void)umask(022);
    scratch_join(path, place, "notes.txt");
    scratch_write(path, "precious", 8);
    CHECK_INT(save(place), CEPA_CLI_OK);
    CHECK_INT(save(place), CEPA_CLI_OK);
    CHECK_INT(mode_of("notes (1).txt"), 0644);
    CHECK_INT(mode_of("notes (2).txt"), 0644);
    CHECK_INT(scratch_read(path, text, sizeof text), 8);
    /* A file that the user has named is not overwritten either, nor is a link followed. */
    CHECK_INT(save(path), CEPA_CLI_FAILED);
    CHECK_INT(scratch_read(path, text, sizeof text), 8);
    scratch_join(path, place, "link");
    CHECK(symlink("/nowhere/at-all", path) == 0);
    CHECK_INT(save(path), CEPA_CLI_FAILED);
    scratch_join(path, place, "mine");
    CHECK_INT(save(path), CEPA_CLI_OK);
    CHECK_INT(mode_of("mine"), 0644);
    cepa_inbox_close(inbox);
}

TEST(odd_names_and_modes_are_harmless)
{
    char name[CEPA_FILE_NAME_MAX + 1];
    struct stat facts;
    receive("-rf", 0777);
    (void)umask(027);
    CHECK_INT(save(place), CEPA_CLI_OK);
    CHECK_INT(mode_of("-rf"), 0750);
    cepa_inbox_close(inbox);
    receive(".profile", 0);
    CHECK_INT(save(place), CEPA_CLI_OK);
    CHECK_INT(save(place), CEPA_CLI_OK);
    CHECK_INT(mode_of(".profile"), 0640);
    CHECK_INT(mode_of(".profile (1)"), 0640);
    cepa_inbox_close(inbox);
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    receive(name, 0);
    CHECK_INT(save(place), CEPA_CLI_OK);
    CHECK_INT(save(place), CEPA_CLI_OK);
    int fd = open(place, O_RDONLY | O_DIRECTORY);
    memcpy(name + sizeof name - 5, " (1)", 5);
    CHECK(fstatat(fd, name, &facts, 0) == 0 && facts.st_size == 5);
    CHECK_INT(close(fd), 0);
    cepa_inbox_close(inbox);
}

TEST(times_come_along_if_they_are_told)
{
    char path[SCRATCH_PATH_SIZE];
    struct stat facts;
    receive("dated", 0);
    entry.has_attributes = true;
    entry.modified.unix_ms = UINT64_C(1580702706789);
    CHECK_INT(save(place), CEPA_CLI_OK);
    scratch_join(path, place, "dated");
    CHECK(stat(path, &facts) == 0);
    CHECK_INT(facts.st_mtim.tv_sec, 1580702706);
    CHECK_INT(facts.st_mtim.tv_nsec, 789000000);
    entry.has_attributes = false;
    CHECK_INT(save(place), CEPA_CLI_OK);
    scratch_join(path, place, "dated (1)");
    CHECK(stat(path, &facts) == 0);
    CHECK(facts.st_mtim.tv_sec > 1580702706);
    cepa_inbox_close(inbox);
}

/* A limit on the size of files is as a full disk: no part of a file stays, and what came does. */
TEST(a_full_disk_leaves_nothing)
{
    struct rlimit was;
    char path[SCRATCH_PATH_SIZE];
    receive("b", 0);
    CHECK(getrlimit(RLIMIT_FSIZE, &was) == 0);
    struct rlimit tight = {2, was.rlim_max};
    CHECK(setrlimit(RLIMIT_FSIZE, &tight) == 0);
    int status = save(place);
    CHECK(setrlimit(RLIMIT_FSIZE, &was) == 0);
    CHECK_INT(status, CEPA_CLI_FAILED);
    scratch_join(path, place, "b");
    CHECK(access(path, F_OK) != 0);
    CHECK_INT(save(place), CEPA_CLI_OK);
    CHECK(mode_of("b") >= 0);
    cepa_inbox_close(inbox);
}

TEST(damage_leaves_nothing)
{
    char path[SCRATCH_PATH_SIZE];
    char name[64];
    receive("a", 0);
    snprintf(name, sizeof name, "inbox/%s", entry.id.text);
    scratch_join(path, state, name);
    scratch_write(path, "hellO", 5);
    CHECK_INT(save(place), CEPA_CLI_FAILED);
    scratch_join(path, place, "a");
    CHECK(access(path, F_OK) != 0);
    CHECK_INT(save("/dev/null/nowhere"), CEPA_CLI_FAILED);
    entry.state = CEPA_INBOX_COMING;
    CHECK_INT(save(place), CEPA_CLI_FAILED);
    cepa_inbox_close(inbox);
}

/* The command as it is typed. */
TEST(the_command_lists_decides_and_deletes)
{
    static char command[] = "inbox";
    static char option[] = "--state-directory";
    static char json[] = "--json";
    static const char *const names[] = {"list", "show", "save", "accept", "refuse", "delete"};
    static const int wanted[] = {CEPA_CLI_OK, CEPA_CLI_OK,     CEPA_CLI_OK,
                                 CEPA_CLI_OK, CEPA_CLI_FAILED, CEPA_CLI_OK};
    receive("b", 0);
    for (size_t i = 0; i < 6; i++) {
        char action[16];
        snprintf(action, sizeof action, "%s", names[i]);
        char *arguments[] = {command, option, state, json, action, entry.id.text, place, NULL};
        CHECK_INT(cepa_cli_inbox(i == 0 ? 5 : i == 2 ? 7 : 6, arguments), wanted[i]);
    }
    CHECK(mode_of("b") > 0);
    CHECK_INT(cepa_inbox_get(inbox, &entry, entry.id.text), CEPA_ERR_NOT_FOUND);
    cepa_inbox_close(inbox);
}

TEST_MAIN(RUN(names_that_are_taken_get_a_number), RUN(odd_names_and_modes_are_harmless),
          RUN(times_come_along_if_they_are_told), RUN(a_full_disk_leaves_nothing),
          RUN(damage_leaves_nothing), RUN(the_command_lists_decides_and_deletes))
