/* The state directory is made, private, and one daemon's. */
#define _GNU_SOURCE
#include "native/store/folder.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/scratch.h"
#include "support/test.h"

TEST(a_folder_is_made_with_its_parents)
{
    char base[SCRATCH_PATH_SIZE];
    char path[SCRATCH_PATH_SIZE];
    struct cepa_folder folder;
    struct cepa_reason reason;
    struct stat facts;
    scratch_make(base);
    scratch_join(path, base, "one/two/three");
    CHECK_INT(cepa_folder_open(&folder, &reason, path), 0);
    CHECK(stat(path, &facts) == 0 && (facts.st_mode & 07777) == 0700);
    cepa_folder_close(&folder);
    CHECK_INT(cepa_folder_open(&folder, &reason, path), 0);
    cepa_folder_close(&folder);
}

TEST(a_second_daemon_is_told_of_the_first)
{
    char path[SCRATCH_PATH_SIZE];
    char number[32];
    struct cepa_folder first;
    struct cepa_folder second = {"untouched", 7, 7};
    struct cepa_reason reason;
    scratch_make(path);
    CHECK_INT(cepa_folder_open(&first, &reason, path), 0);
    CHECK_INT(cepa_folder_open(&second, &reason, path), CEPA_ERR_IN_USE);
    snprintf(number, sizeof number, " %ld;", (long)getpid());
    CHECK(strstr(reason.text, number) != NULL);
    CHECK_INT(second.fd, 7);
    cepa_folder_close(&first);
    CHECK_INT(cepa_folder_open(&second, &reason, path), 0);
    cepa_folder_close(&second);
}

/* Commands beside a daemon take turns with each other, and not with it. */
TEST(commands_enter_beside_a_daemon)
{
    char path[SCRATCH_PATH_SIZE];
    struct cepa_folder daemon;
    struct cepa_folder command;
    struct cepa_reason reason;
    scratch_make(path);
    CHECK_INT(cepa_folder_open(&daemon, &reason, path), 0);
    CHECK_INT(cepa_folder_enter(&command, &reason, path), 0);
    CHECK_INT(cepa_folder_hold(&command, &reason), 0);
    int other = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    CHECK(flock(other, LOCK_EX | LOCK_NB) != 0);
    cepa_folder_close(&command);
    CHECK(flock(other, LOCK_EX | LOCK_NB) == 0);
    close(other);
    cepa_folder_close(&daemon);
}

TEST(a_folder_that_others_can_enter_is_refused)
{
    char path[SCRATCH_PATH_SIZE];
    struct cepa_folder folder;
    struct cepa_reason reason;
    scratch_make(path);
    CHECK(chmod(path, 0750) == 0);
    CHECK_INT(cepa_folder_open(&folder, &reason, path), CEPA_ERR_ARGUMENT);
    CHECK(strstr(reason.text, "0750") != NULL);
}

TEST(what_cannot_be_a_folder_is_refused)
{
    char base[SCRATCH_PATH_SIZE];
    char path[SCRATCH_PATH_SIZE];
    char far[CEPA_FOLDER_PATH_SIZE + 8];
    struct cepa_folder folder;
    struct cepa_reason reason;
    scratch_make(base);
    scratch_join(path, base, "file");
    scratch_write(path, "", 0);
    CHECK_INT(cepa_folder_open(&folder, &reason, path), CEPA_ERR_SYSTEM);
    CHECK_INT(cepa_folder_open(&folder, &reason, ""), CEPA_ERR_TOO_LONG);
    memset(far, 'x', sizeof far - 1);
    far[sizeof far - 1] = '\0';
    CHECK_INT(cepa_folder_open(&folder, &reason, far), CEPA_ERR_TOO_LONG);
}

TEST(the_default_follows_the_environment)
{
    char path[CEPA_FOLDER_PATH_SIZE];
    struct cepa_reason reason;
    if (geteuid() == 0) {
        CHECK_INT(cepa_folder_default(&reason, path, sizeof path), 0);
        CHECK(strcmp(path, "/var/lib/cepa") == 0);
        return;
    }
    CHECK(setenv("HOME", "/home/x", 1) == 0 && unsetenv("XDG_STATE_HOME") == 0);
    CHECK_INT(cepa_folder_default(&reason, path, sizeof path), 0);
    CHECK(strcmp(path, "/home/x/.local/state/cepa") == 0);
    CHECK(setenv("XDG_STATE_HOME", "/elsewhere", 1) == 0);
    CHECK_INT(cepa_folder_default(&reason, path, sizeof path), 0);
    CHECK(strcmp(path, "/elsewhere/cepa") == 0);
    CHECK(unsetenv("HOME") == 0 && unsetenv("XDG_STATE_HOME") == 0);
    CHECK_INT(cepa_folder_default(&reason, path, sizeof path), CEPA_ERR_NOT_FOUND);
}

TEST_MAIN(RUN(a_folder_is_made_with_its_parents), RUN(a_second_daemon_is_told_of_the_first),
          RUN(commands_enter_beside_a_daemon), RUN(a_folder_that_others_can_enter_is_refused),
          RUN(what_cannot_be_a_folder_is_refused), RUN(the_default_follows_the_environment))
