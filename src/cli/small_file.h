/* Small files that commands take: read whole from a path, from a descriptor, or from standard
 * input. */
#ifndef CEPA_CLI_SMALL_FILE_H
#define CEPA_CLI_SMALL_FILE_H

#include <stddef.h>

/* cepa_cli_read_fd reads till the end of `fd`. Gives a cepa_cli_status, after saying on standard
 * error what is wrong; more than `capacity` bytes are. `what` stands in those sentences. */
int cepa_cli_read_fd(void *ret_data, size_t *ret_len, size_t capacity, const char *command, int fd,
                     const char *what);

/* cepa_cli_read_file opens `path`, standard input for "-", and does the same. */
int cepa_cli_read_file(void *ret_data, size_t *ret_len, size_t capacity, const char *command,
                       const char *path);

/* cepa_cli_write_file makes a new file with mode 0600, which must not be there yet, or writes to
 * standard output for "-". Gives a cepa_cli_status likewise; then no part of a file stays. */
int cepa_cli_write_file(const char *command, const char *path, const void *data, size_t data_len);

#endif
