/* Small files. */
#define _GNU_SOURCE
#include "cli/small_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/daemon_options.h"
#include "native/reason.h"
#include "native/store/file.h"

static int fail(const char *command, const char *what, const char *why)
{
    struct cepa_reason reason;
    cepa_reason_set(&reason, "%s: %s", what, why);
    return cepa_cli_daemon_fail(command, reason.text);
}

int cepa_cli_read_fd(void *ret_data, size_t *ret_len, size_t capacity, const char *command, int fd,
                     const char *what)
{
    struct cepa_reason reason;
    return cepa_file_read_all(&reason, ret_data, ret_len, capacity, fd, what) == 0
               ? CEPA_CLI_OK
               : cepa_cli_daemon_fail(command, reason.text);
}

int cepa_cli_read_file(void *ret_data, size_t *ret_len, size_t capacity, const char *command,
                       const char *path)
{
    if (strcmp(path, "-") == 0) {
        return cepa_cli_read_fd(ret_data, ret_len, capacity, command, STDIN_FILENO,
                                "standard input");
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return fail(command, path, strerror(errno));
    }
    int status = cepa_cli_read_fd(ret_data, ret_len, capacity, command, fd, path);
    close(fd);
    return status;
}

int cepa_cli_write_file(const char *command, const char *path, const void *data, size_t data_len)
{
    if (strcmp(path, "-") == 0) {
        return fwrite(data, 1, data_len, stdout) == data_len && fflush(stdout) == 0
                   ? CEPA_CLI_OK
                   : fail(command, "standard output", "cannot be written");
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return fail(command, path,
                    errno == EEXIST ? "this is there already; name a new file" : strerror(errno));
    }
    bool is_written = cepa_file_write_all(fd, data, data_len) == 0 && fsync(fd) == 0;
    int cause = errno;
    if (close(fd) != 0 && is_written) {
        is_written = false;
        cause = errno;
    }
    if (!is_written) {
        (void)unlink(path);
        return fail(command, path, strerror(cause));
    }
    return CEPA_CLI_OK;
}
