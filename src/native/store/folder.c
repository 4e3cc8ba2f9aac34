/* The state directory and its lock. */
#define _GNU_SOURCE
#include "native/store/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "native/store/file.h"

int cepa_folder_default(struct cepa_reason *ret_reason, char *ret_path, size_t capacity)
{
    const char *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    int len = 0;
    if (geteuid() == 0) {
        len = snprintf(ret_path, capacity, "/var/lib/cepa");
    } else if (state != NULL && state[0] == '/') {
        len = snprintf(ret_path, capacity, "%s/cepa", state);
    } else if (home != NULL && home[0] == '/') {
        len = snprintf(ret_path, capacity, "%s/.local/state/cepa", home);
    }
    if (len <= 0 || (size_t)len >= capacity) {
        return cepa_reason_fail(
            ret_reason, CEPA_ERR_NOT_FOUND,
            "HOME does not say where state belongs; name it by 'state-directory'");
    }
    return 0;
}

/* Makes a directory and those above it, private all. */
static int make(struct cepa_reason *ret_reason, const char *path)
{
    char part[CEPA_FOLDER_PATH_SIZE];
    size_t len = strlen(path);
    memcpy(part, path, len + 1);
    for (size_t i = 1; i <= len; i++) {
        if (part[i] != '/' && part[i] != '\0') {
            continue;
        }
        char end = part[i];
        part[i] = '\0';
        if (mkdir(part, 0700) != 0 && errno != EEXIST) {
            return cepa_reason_fail(ret_reason, CEPA_ERR_SYSTEM, "%s cannot be made: %s", part,
                                    strerror(errno));
        }
        part[i] = end;
    }
    return 0;
}

/* Locks an open directory and leaves our process number for the next who tries. */
static int lock(struct cepa_folder *folder, struct cepa_reason *ret_reason)
{
    char text[32] = "";
    int fd = openat(folder->fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_SYSTEM, "%s/lock: %s", folder->path,
                                strerror(errno));
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        int cause = errno;
        ssize_t len = read(fd, text, sizeof text - 1);
        close(fd);
        if (cause != EWOULDBLOCK) {
            return cepa_reason_fail(ret_reason, CEPA_ERR_SYSTEM, "%s cannot be locked: %s",
                                    folder->path, strerror(cause));
        }
        return cepa_reason_fail(ret_reason, CEPA_ERR_IN_USE,
                                "%s is in use by the daemon with process number %ld; stop that "
                                "one, or give this one another state directory",
                                folder->path, len > 0 ? strtol(text, NULL, 10) : 0);
    }
    int len = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)len, 0) != len) {
        int cause = errno;
        close(fd);
        return cepa_reason_fail(ret_reason, CEPA_ERR_SYSTEM, "%s/lock cannot be written: %s",
                                folder->path, strerror(cause));
    }
    folder->lock_fd = fd;
    return 0;
}

int cepa_folder_enter(struct cepa_folder *ret_folder, struct cepa_reason *ret_reason,
                      const char *path)
{
    struct cepa_folder folder = {{0}, -1, -1};
    size_t len = strlen(path);
    if (len == 0 || len >= sizeof folder.path - sizeof "/state.db-wal") {
        return cepa_reason_fail(ret_reason, CEPA_ERR_TOO_LONG,
                                "the state directory's path has %zu characters", len);
    }
    memcpy(folder.path, path, len + 1);
    int status = make(ret_reason, path);
    if (status != 0) {
        return status;
    }
    folder.fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder.fd < 0) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_SYSTEM, "%s cannot be opened: %s", path,
                                strerror(errno));
    }
    status = cepa_file_is_private(ret_reason, folder.fd, path);
    if (status != 0) {
        close(folder.fd);
        return status;
    }
    *ret_folder = folder;
    return 0;
}

int cepa_folder_open(struct cepa_folder *ret_folder, struct cepa_reason *ret_reason,
                     const char *path)
{
    struct cepa_folder folder = {{0}, -1, -1};
    int status = cepa_folder_enter(&folder, ret_reason, path);
    if (status != 0) {
        return status;
    }
    status = lock(&folder, ret_reason);
    if (status != 0) {
        close(folder.fd);
        return status;
    }
    *ret_folder = folder;
    return 0;
}

int cepa_folder_hold(struct cepa_folder *folder, struct cepa_reason *ret_reason)
{
    while (flock(folder->fd, LOCK_EX) != 0) {
        if (errno != EINTR) {
            return cepa_reason_fail(ret_reason, CEPA_ERR_SYSTEM, "%s cannot be locked: %s",
                                    folder->path, strerror(errno));
        }
    }
    return 0;
}

void cepa_folder_close(struct cepa_folder *folder)
{
    if (folder->lock_fd >= 0) {
        close(folder->lock_fd);
    }
    close(folder->fd);
    folder->lock_fd = -1;
    folder->fd = -1;
}
