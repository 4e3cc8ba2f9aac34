/* Small files, written atomically. */
#define _GNU_SOURCE
#include "native/store/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int cepa_file_write_all(int fd, const void *data, size_t data_len)
{
    const uint8_t *at = data;
    while (data_len > 0) {
        ssize_t sent = write(fd, at, data_len);
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent <= 0) {
            return CEPA_ERR_SYSTEM;
        }
        at += sent;
        data_len -= (size_t)sent;
    }
    return 0;
}

int cepa_file_write(struct cepa_reason *ret_reason, int folder_fd, const char *name,
                    const void *data, size_t data_len)
{
    char temporary[64];
    snprintf(temporary, sizeof temporary, "%s.new", name);
    /* One that a crash left is ours to overwrite: the directory is locked. */
    int fd =
        openat(folder_fd, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_SYSTEM, "%s cannot be made: %s", temporary,
                                strerror(errno));
    }
    int status =
        fchmod(fd, 0600) == 0 && cepa_file_write_all(fd, data, data_len) == 0 && fsync(fd) == 0
            ? 0
            : CEPA_ERR_SYSTEM;
    int cause = errno;
    if (close(fd) != 0 && status == 0) {
        status = CEPA_ERR_SYSTEM;
        cause = errno;
    }
    if (status == 0 &&
        (renameat(folder_fd, temporary, folder_fd, name) != 0 || fsync(folder_fd) != 0)) {
        status = CEPA_ERR_SYSTEM;
        cause = errno;
    }
    if (status != 0) {
        cepa_reason_set(ret_reason, "%s cannot be written: %s", name, strerror(cause));
        (void)unlinkat(folder_fd, temporary, 0);
    }
    return status;
}

int cepa_file_prepare(struct cepa_reason *ret_reason, const char *path, const char *name,
                      bool may_be_fixed)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    int cause = errno;
    if (fd < 0 && may_be_fixed && (cause == EROFS || cause == EACCES)) {
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    }
    if (fd < 0 && (cause == ENOSPC || cause == EDQUOT)) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_FULL,
                                "the disk is full: there is no room "
                                "for %s",
                                name);
    }
    if (fd < 0) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_SYSTEM, "%s cannot be opened: %s", path,
                                strerror(cause));
    }
    int status = cepa_file_is_private(ret_reason, fd, name);
    close(fd);
    return status;
}

int cepa_file_is_private(struct cepa_reason *ret_reason, int fd, const char *name)
{
    struct stat facts;
    if (fstat(fd, &facts) != 0) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_ARGUMENT, "%s: %s", name, strerror(errno));
    }
    if (facts.st_uid != geteuid()) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_ARGUMENT,
                                "%s belongs to user %lu, not to %lu who runs this; start as its "
                                "owner, or give it away with chown",
                                name, (unsigned long)facts.st_uid, (unsigned long)geteuid());
    }
    if ((facts.st_mode & 077) != 0) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_ARGUMENT,
                                "%s has mode %04o, so others can reach it; if nobody did, "
                                "'chmod go= %s' makes it private again",
                                name, (unsigned)(facts.st_mode & 07777), name);
    }
    return 0;
}

int cepa_file_read_all(struct cepa_reason *ret_reason, void *ret_data, size_t *ret_len,
                       size_t capacity, int fd, const char *name)
{
    uint8_t *at = ret_data;
    size_t len = 0;
    for (;;) {
        uint8_t beyond;
        ssize_t got = len < capacity ? read(fd, at + len, capacity - len) : read(fd, &beyond, 1);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return cepa_reason_fail(ret_reason, CEPA_ERR_SYSTEM, "%s cannot be read: %s", name,
                                    strerror(errno));
        }
        if (got == 0) {
            *ret_len = len;
            return 0;
        }
        if (len == capacity) {
            return cepa_reason_fail(ret_reason, CEPA_ERR_TOO_LONG,
                                    "%s is longer than the %zu bytes that it may have", name,
                                    capacity);
        }
        len += (size_t)got;
    }
}

int cepa_file_read(struct cepa_reason *ret_reason, void *ret_data, size_t *ret_len, size_t capacity,
                   int folder_fd, const char *name)
{
    int fd = openat(folder_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0) {
        int status = errno == ENOENT ? CEPA_ERR_NOT_FOUND : CEPA_ERR_SYSTEM;
        return cepa_reason_fail(ret_reason, status, "%s cannot be opened: %s", name,
                                strerror(errno));
    }
    struct stat facts;
    int status = 0;
    if (fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode)) {
        status = cepa_reason_fail(ret_reason, CEPA_ERR_ARGUMENT, "%s is no regular file", name);
    }
    if (status == 0) {
        status = cepa_file_is_private(ret_reason, fd, name);
    }
    if (status == 0) {
        status = cepa_file_read_all(ret_reason, ret_data, ret_len, capacity, fd, name);
    }
    close(fd);
    return status;
}
