/* Files are written whole, and read only when they are private. */
#define _GNU_SOURCE
#include "native/store/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/scratch.h"
#include "support/test.h"

static char folder[SCRATCH_PATH_SIZE];

static int open_folder(void)
{
    scratch_make(folder);
    int fd = open(folder, O_RDONLY | O_DIRECTORY);
    CHECK(fd >= 0);
    return fd;
}

TEST(what_is_written_is_read)
{
    struct cepa_reason reason;
    struct stat facts;
    char path[SCRATCH_PATH_SIZE];
    char got[16];
    size_t len = 0;
    int fd = open_folder();
    CHECK_INT(cepa_file_read(&reason, got, &len, sizeof got, fd, "x"), CEPA_ERR_NOT_FOUND);
    CHECK_INT(cepa_file_write(&reason, fd, "x", "first words", 11), 0);
    CHECK_INT(cepa_file_write(&reason, fd, "x", "second", 6), 0);
    CHECK_INT(cepa_file_read(&reason, got, &len, sizeof got, fd, "x"), 0);
    CHECK_INT(len, 6);
    CHECK_BYTES(got, "second", 6);
    CHECK_INT(cepa_file_read(&reason, got, &len, 6, fd, "x"), 0);
    CHECK_INT(cepa_file_read(&reason, got, &len, 5, fd, "x"), CEPA_ERR_TOO_LONG);
    scratch_join(path, folder, "x");
    CHECK(stat(path, &facts) == 0 && (facts.st_mode & 07777) == 0600);
    scratch_join(path, folder, "x.new");
    CHECK(stat(path, &facts) != 0);
    close(fd);
}

TEST(what_others_can_reach_is_refused)
{
    static const unsigned modes[] = {0640, 0604, 0620, 0602, 0610, 0601, 0666};
    struct cepa_reason reason;
    char path[SCRATCH_PATH_SIZE];
    char got[16];
    size_t len = 99;
    int fd = open_folder();
    CHECK_INT(cepa_file_write(&reason, fd, "x", "words", 5), 0);
    scratch_join(path, folder, "x");
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        char mode[8];
        CHECK(chmod(path, modes[i]) == 0);
        CHECK_INT(cepa_file_read(&reason, got, &len, sizeof got, fd, "x"), CEPA_ERR_ARGUMENT);
        snprintf(mode, sizeof mode, "%04o", modes[i]);
        CHECK(strstr(reason.text, mode) != NULL && strstr(reason.text, "chmod") != NULL);
    }
    CHECK_INT(len, 99);
    if (geteuid() == 0) {
        CHECK(chmod(path, 0600) == 0 && chown(path, 12345, 12345) == 0);
        CHECK_INT(cepa_file_read(&reason, got, &len, sizeof got, fd, "x"), CEPA_ERR_ARGUMENT);
        CHECK(strstr(reason.text, "12345") != NULL);
    }
    close(fd);
}

TEST(a_file_is_prepared_for_who_opens_it_by_path)
{
    struct cepa_reason reason;
    struct stat facts;
    char path[SCRATCH_PATH_SIZE];
    char there[SCRATCH_PATH_SIZE];
    int fd = open_folder();
    scratch_join(path, folder, "y");
    for (int i = 0; i < 2; i++) { /* made, then there */
        CHECK_INT(cepa_file_prepare(&reason, path, "y", false), 0);
        CHECK(stat(path, &facts) == 0 && (facts.st_mode & 07777) == 0600);
    }
    CHECK(chmod(path, 0604) == 0);
    CHECK_INT(cepa_file_prepare(&reason, path, "y", false), CEPA_ERR_ARGUMENT);
    CHECK(chmod(path, 0400) == 0);
    CHECK_INT(cepa_file_prepare(&reason, path, "y", true), 0);
    if (geteuid() != 0) {
        CHECK_INT(cepa_file_prepare(&reason, path, "y", false), CEPA_ERR_SYSTEM);
    }
    scratch_join(there, folder, "elsewhere");
    CHECK(rename(path, there) == 0 && symlink(there, path) == 0);
    CHECK_INT(cepa_file_prepare(&reason, path, "y", true), CEPA_ERR_SYSTEM);
    CHECK(strstr(reason.text, path) != NULL);
    scratch_join(path, folder, "nowhere/y");
    CHECK_INT(cepa_file_prepare(&reason, path, "y", false), CEPA_ERR_SYSTEM);
    CHECK(strstr(reason.text, "No such file") != NULL);
    close(fd);
}

TEST(what_is_no_file_is_refused)
{
    struct cepa_reason reason;
    char path[SCRATCH_PATH_SIZE];
    char got[16];
    size_t len;
    int fd = open_folder();
    scratch_join(path, folder, "folder");
    CHECK(mkdir(path, 0700) == 0);
    CHECK_INT(cepa_file_read(&reason, got, &len, sizeof got, fd, "folder"), CEPA_ERR_ARGUMENT);
    scratch_join(path, folder, "link");
    CHECK(symlink("/dev/null", path) == 0);
    CHECK_INT(cepa_file_read(&reason, got, &len, sizeof got, fd, "link"), CEPA_ERR_SYSTEM);
    scratch_join(path, folder, "pipe");
    CHECK(mkfifo(path, 0600) == 0);
    CHECK_INT(cepa_file_read(&reason, got, &len, sizeof got, fd, "pipe"), CEPA_ERR_ARGUMENT);
    CHECK_INT(cepa_file_write(&reason, -1, "x", "words", 5), CEPA_ERR_SYSTEM);
    CHECK_INT(cepa_file_write(&reason, fd, "folder", "words", 5), CEPA_ERR_SYSTEM);
    close(fd);
}

TEST_MAIN(RUN(what_is_written_is_read), RUN(what_others_can_reach_is_refused),
          RUN(a_file_is_prepared_for_who_opens_it_by_path), RUN(what_is_no_file_is_refused))
