/* cepa inbox save: a file of the inbox goes where the user wants it. What its sender calls it is
 * one name in a directory that the user has chosen, never a path, and nothing is overwritten. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/daemon_options.h"
#include "cli/inbox_parts.h"
#include "cli/json.h"
#include "cli/progress.h"
#include "crypto/hash.h"
#include "native/store/file.h"

enum { TRIES = 1000, PIECE = 65536, SHOWN_FROM = 1 << 26 };

/* Where a copy goes. */
struct target {
    int folder_fd;                     /* AT_FDCWD if the user has named the file */
    char name[CEPA_FILE_NAME_MAX + 1]; /* in it */
    const char *path;                  /* the user's words: of the folder, or of the file */
    int fd;
};

static int fail(const char *command, const char *what, const char *why)
{
    struct cepa_reason reason;
    cepa_reason_set(&reason, "%s: %s", what, why);
    return cepa_cli_daemon_fail(command, reason.text);
}

static const char *name_of(const struct target *target)
{
    return target->folder_fd == AT_FDCWD ? target->path : target->name;
}

static int open_new(struct target *target)
{
    target->fd = openat(target->folder_fd, name_of(target),
                        O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    return target->fd >= 0 ? 0 : errno;
}

/* Writes "name (2).ext", within the length of names, cut between characters. */
static void number_name(char ret_name[CEPA_FILE_NAME_MAX + 1], const char *name, int number)
{
    char with[16];
    const char *dot = strrchr(name, '.');
    size_t ending_len = dot != NULL && dot != name ? strlen(dot) : 0;
    if (ending_len > 32) {
        ending_len = 0;
    }
    size_t len = strlen(name) - ending_len;
    size_t number_len = (size_t)snprintf(with, sizeof with, " (%d)", number);
    if (len + number_len + ending_len > CEPA_FILE_NAME_MAX) {
        len = CEPA_FILE_NAME_MAX - number_len - ending_len;
        while (len > 0 && ((unsigned char)name[len] & 0xc0) == 0x80) {
            len--;
        }
    }
    snprintf(ret_name, CEPA_FILE_NAME_MAX + 1, "%.*s%s%s", (int)len, name, with,
             ending_len > 0 ? dot : "");
}

static int make_target(struct target *ret_target, const char *command,
                       const struct cepa_inbox_entry *entry, const char *place)
{
    ret_target->path = place != NULL ? place : ".";
    ret_target->folder_fd = open(ret_target->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (ret_target->folder_fd < 0) {
        ret_target->folder_fd = AT_FDCWD;
        int cause = open_new(ret_target);
        return cause == 0 ? CEPA_CLI_OK
                          : fail(command, ret_target->path,
                                 cause == EEXIST ? "this is there already; name a new file"
                                                 : strerror(cause));
    }
    snprintf(ret_target->name, sizeof ret_target->name, "%s", entry->name);
    int cause = open_new(ret_target);
    for (int i = 1; i < TRIES && cause == EEXIST; i++) {
        number_name(ret_target->name, entry->name, i);
        cause = open_new(ret_target);
    }
    if (cause != 0) {
        close(ret_target->folder_fd);
        return fail(command, ret_target->name, strerror(cause));
    }
    return CEPA_CLI_OK;
}

/* Copies all, and gives the hash of what was copied. */
static int copy(struct target *target, struct cepa_file_hash *ret_hash, const char *command,
                int from_fd, uint64_t size)
{
    static uint8_t piece[PIECE];
    struct cepa_blake2b hash;
    struct cepa_cli_progress progress;
    uint64_t done = 0;
    int status = CEPA_CLI_OK;
    cepa_blake2b_init(&hash, CEPA_FILE_HASH_SIZE, NULL, 0);
    cepa_cli_progress_begin(&progress, name_of(target), size,
                            size >= SHOWN_FROM && isatty(STDERR_FILENO) == 1);
    for (;;) {
        ssize_t got = read(from_fd, piece, sizeof piece);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            status = got == 0 ? CEPA_CLI_OK : fail(command, "the inbox", strerror(errno));
            break;
        }
        cepa_blake2b_update(&hash, piece, (size_t)got);
        if (cepa_file_write_all(target->fd, piece, (size_t)got) != 0) {
            status = fail(command, name_of(target), strerror(errno));
            break;
        }
        done += (uint64_t)got;
        cepa_cli_progress_show(&progress, done, "");
    }
    cepa_cli_progress_end(&progress);
    cepa_blake2b_final(&hash, ret_hash->bytes, sizeof ret_hash->bytes);
    return status;
}

/* Gives it the time that its sender tells of, if there is one. */
static int set_time(const struct target *target, const struct cepa_inbox_entry *entry)
{
    uint64_t ms = entry->modified.unix_ms;
    const struct timespec times[2] = {
        {.tv_nsec = UTIME_OMIT},
        {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000 * 1000000)}};
    return entry->has_attributes && ms > 0 ? futimens(target->fd, times) : 0;
}

/* Gives it the permissions that a new file has here, and makes sure that it stays. */
static int finish(struct target *target, const char *command, const struct cepa_inbox_entry *entry)
{
    mode_t mask = umask(0);
    (void)umask(mask);
    mode_t mode = (mode_t)((entry->mode & 0100) != 0 ? 0755 : 0644) & ~mask;
    return fchmod(target->fd, mode) == 0 && set_time(target, entry) == 0 && fsync(target->fd) == 0
               ? CEPA_CLI_OK
               : fail(command, name_of(target), strerror(errno));
}

static void print_saved(const struct target *target, bool is_json)
{
    char path[4096];
    bool is_named = target->folder_fd == AT_FDCWD;
    snprintf(path, sizeof path, "%s%s%s", target->path, is_named ? "" : "/",
             is_named ? "" : target->name);
    if (is_json) {
        printf("{\"saved\": ");
        cepa_cli_json_string(path);
        printf("}\n");
    } else {
        printf("%s\n", path);
    }
}

int cepa_cli_inbox_save(struct cepa_inbox *inbox, const char *command,
                        const struct cepa_inbox_entry *entry, const char *place, bool is_json)
{
    struct target target;
    struct cepa_file_hash hash;
    uint64_t len = 0;
    int from_fd = -1;
    if (entry->kind != CEPA_INBOX_FILE || entry->state != CEPA_INBOX_HERE) {
        return cepa_cli_daemon_fail(command, entry->kind == CEPA_INBOX_FILE
                                                 ? "not all of this file is here"
                                                 : "this is a message; 'cepa inbox show' shows it");
    }
    if (cepa_inbox_open_read(inbox, &from_fd, &len, &entry->id) != 0) {
        return cepa_cli_daemon_fail(command, cepa_inbox_reason(inbox));
    }
    memset(&target, 0, sizeof target);
    /* A limit on the size of files is an error, as a full disk is, and no end without a word. */
    (void)signal(SIGXFSZ, SIG_IGN);
    int status = make_target(&target, command, entry, place);
    if (status != CEPA_CLI_OK) {
        close(from_fd);
        return status;
    }
    status = copy(&target, &hash, command, from_fd, len);
    if (status == CEPA_CLI_OK && memcmp(hash.bytes, entry->hash.bytes, sizeof hash.bytes) != 0) {
        status = cepa_cli_daemon_fail(command, "the file in the inbox is damaged: it is no longer "
                                               "what came; have it sent again");
    }
    if (status == CEPA_CLI_OK) {
        status = finish(&target, command, entry);
    }
    if (close(target.fd) != 0 && status == CEPA_CLI_OK) {
        status = fail(command, name_of(&target), strerror(errno));
    }
    if (status == CEPA_CLI_OK) {
        print_saved(&target, is_json);
    } else {
        (void)unlinkat(target.folder_fd, name_of(&target), 0);
    }
    if (target.folder_fd != AT_FDCWD) {
        close(target.folder_fd);
    }
    close(from_fd);
    return status;
}
