/* The inbox: files of entries. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "native/store/file.h"
#include "native/store/folder.h"
#include "native/store/inbox_parts.h"

/* Says what the system minded, by errno. */
static int fail(struct cepa_reason *reason, const char *what)
{
    int cause = errno;
    if (cause == ENOSPC || cause == EDQUOT) {
        return cepa_reason_fail(reason, CEPA_ERR_FULL,
                                "%s: the disk is full; what is here stays, make room for the rest",
                                what);
    }
    return cepa_reason_fail(reason, CEPA_ERR_SYSTEM, "%s: %s", what, strerror(cause));
}

int cepa_inbox_folder_open(int *ret_fd, struct cepa_reason *ret_reason, const char *path)
{
    const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW;
    char folder[CEPA_FOLDER_PATH_SIZE + 32];
    snprintf(folder, sizeof folder, "%s/inbox", path);
    int fd = open(folder, flags);
    if (fd < 0 && errno == ENOENT) {
        if (mkdir(folder, 0700) != 0 && (errno == EROFS || errno == EACCES)) {
            *ret_fd = -1;
            return 0;
        }
        fd = open(folder, flags);
    }
    if (fd < 0) {
        return fail(ret_reason, "the folder 'inbox' in the state directory");
    }
    int status = cepa_file_is_private(ret_reason, fd, "inbox");
    if (status != 0) {
        close(fd);
        return status;
    }
    *ret_fd = fd;
    return 0;
}

void cepa_inbox_file_delete(struct cepa_inbox *inbox, const struct cepa_inbox_id *id)
{
    if (inbox->folder_fd >= 0) {
        (void)unlinkat(inbox->folder_fd, id->text, 0);
    }
}

/* Opens the file of an entry, and gives its length. */
static int open_file(struct cepa_inbox *inbox, int *ret_fd, uint64_t *ret_len,
                     const struct cepa_inbox_id *id, int flags)
{
    struct cepa_reason *reason = &inbox->database.reason;
    struct stat facts;
    char name[sizeof "inbox/" + CEPA_INBOX_ID_LEN];
    if (inbox->folder_fd < 0 && (flags & O_CREAT) != 0) {
        return cepa_reason_fail(reason, CEPA_ERR_SYSTEM,
                                "the folder 'inbox' cannot be made in the state directory; is that "
                                "on a disk that can be written?");
    }
    snprintf(name, sizeof name, "inbox/%s", id->text);
    /* Without O_NONBLOCK a pipe that somebody put there would hold us up. */
    int fd = inbox->folder_fd < 0 ? -1
                                  : openat(inbox->folder_fd, id->text,
                                           flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd < 0 && (inbox->folder_fd < 0 || errno == ENOENT)) {
        return cepa_reason_fail(reason, CEPA_ERR_NOT_FOUND, "nothing of it has come yet");
    }
    if (fd < 0 || fstat(fd, &facts) != 0) {
        int status = fail(reason, name);
        if (fd >= 0) {
            close(fd);
        }
        return status;
    }
    int status = cepa_file_is_private(reason, fd, name);
    if (status == 0 && !S_ISREG(facts.st_mode)) {
        status = cepa_reason_fail(reason, CEPA_ERR_ARGUMENT, "%s is no regular file", name);
    }
    if (status != 0) {
        close(fd);
        return status;
    }
    *ret_fd = fd;
    *ret_len = (uint64_t)facts.st_size;
    return 0;
}

int cepa_inbox_open_read(struct cepa_inbox *inbox, int *ret_fd, uint64_t *ret_len,
                         const struct cepa_inbox_id *id)
{
    return open_file(inbox, ret_fd, ret_len, id, O_RDONLY);
}

int cepa_inbox_open_write(struct cepa_inbox *inbox, int *ret_fd, const struct cepa_inbox_id *id,
                          uint64_t offset)
{
    struct cepa_inbox_entry entry;
    uint64_t len = 0;
    int fd = -1;
    int status = cepa_inbox_get_coming(inbox, &entry, id);
    if (status == 0) {
        status = open_file(inbox, &fd, &len, id, O_RDWR | O_CREAT);
    }
    if (status != 0) {
        return status;
    }
    if (len < offset) {
        status =
            cepa_reason_fail(&inbox->database.reason, CEPA_ERR_LENGTH,
                             "only the first %llu bytes of it are here", (unsigned long long)len);
    }
    if (status == 0 && entry.here > offset) {
        /* The entry says so first: it must never promise what is being cut off. */
        status = cepa_inbox_set_here(inbox, id, offset);
    }
    if (status == 0 && ftruncate(fd, (off_t)offset) != 0) {
        status = fail(&inbox->database.reason, "a file of the inbox cannot be written");
    }
    if (status != 0) {
        close(fd);
        return status;
    }
    *ret_fd = fd;
    return 0;
}

int cepa_inbox_write(struct cepa_inbox *inbox, int fd, uint64_t offset, const void *data,
                     size_t data_len)
{
    const uint8_t *at = data;
    while (data_len > 0) {
        ssize_t sent = pwrite(fd, at, data_len, (off_t)offset);
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent <= 0) {
            return fail(&inbox->database.reason, "a file of the inbox cannot be written");
        }
        at += sent;
        offset += (uint64_t)sent;
        data_len -= (size_t)sent;
    }
    return 0;
}

int cepa_inbox_progress(struct cepa_inbox *inbox, const struct cepa_inbox_id *id, int fd,
                        uint64_t here)
{
    if (fdatasync(fd) != 0) {
        return fail(&inbox->database.reason, "a file of the inbox cannot be written");
    }
    return cepa_inbox_set_here(inbox, id, here);
}

int cepa_inbox_finish(struct cepa_inbox *inbox, const struct cepa_inbox_id *id, int fd,
                      uint64_t size, const struct cepa_file_hash *hash)
{
    /* The folder too: a new file's name is in it. */
    if (fsync(fd) != 0 || fsync(inbox->folder_fd) != 0) {
        return fail(&inbox->database.reason, "a file of the inbox cannot be written");
    }
    return cepa_inbox_set_finished(inbox, id, size, hash);
}

int cepa_inbox_tidy(struct cepa_inbox *inbox)
{
    struct cepa_inbox_entry entry;
    struct cepa_inbox_id id;
    int status = 0;
    if (inbox->folder_fd < 0) {
        return 0;
    }
    int fd = openat(inbox->folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
    if (folder == NULL) {
        status = fail(&inbox->database.reason, "the folder 'inbox' in the state directory");
        if (fd >= 0) {
            close(fd);
        }
        return status;
    }
    for (const struct dirent *file = readdir(folder);
         file != NULL && (status == 0 || status == CEPA_ERR_NOT_FOUND); file = readdir(folder)) {
        /* What has another name is none of ours: somebody else may want it. */
        if (!cepa_inbox_id_check(file->d_name)) {
            continue;
        }
        memcpy(id.text, file->d_name, sizeof id.text);
        status = cepa_inbox_get(inbox, &entry, id.text);
        if (status == CEPA_ERR_NOT_FOUND) {
            cepa_inbox_file_delete(inbox, &id);
        }
    }
    closedir(folder);
    return status == CEPA_ERR_NOT_FOUND ? 0 : status;
}
