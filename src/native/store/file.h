/* Small files that matter: written whole or not at all, read only if nobody else could have. */
#ifndef CEPA_NATIVE_STORE_FILE_H
#define CEPA_NATIVE_STORE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "native/reason.h"

/* cepa_file_write puts `data` in place of the file `name` of the open directory `folder_fd`, with
 * mode 0600: a temporary file is written, synchronised and renamed, and the directory synchronised,
 * so that after a crash at any moment there is the old file or the new one. Returns 0 or
 * CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_file_write(struct cepa_reason *ret_reason, int folder_fd, const char *name,
                                  const void *data, size_t data_len);

/* cepa_file_write_all writes all bytes to an open file. Returns 0, or CEPA_ERR_SYSTEM with errno.
 */
CEPA_MUST_USE int cepa_file_write_all(int fd, const void *data, size_t data_len);

/* cepa_file_read_all reads to the end of what is open as `fd` and called `name`. Returns 0,
 * CEPA_ERR_TOO_LONG beyond `capacity`, or CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_file_read_all(struct cepa_reason *ret_reason, void *ret_data,
                                     size_t *ret_len, size_t capacity, int fd, const char *name);

/* cepa_file_read reads a regular file that belongs to this user and that no other user can read or
 * write. Returns 0; CEPA_ERR_NOT_FOUND if it is not there; CEPA_ERR_TOO_LONG beyond `capacity`;
 * CEPA_ERR_ARGUMENT for a wrong owner, mode or kind; or CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_file_read(struct cepa_reason *ret_reason, void *ret_data, size_t *ret_len,
                                 size_t capacity, int folder_fd, const char *name);

/* cepa_file_prepare makes an empty file `path`, called `name`, with mode 0600 if there is none, and
 * checks that it can be written (or only read, if `may_be_fixed` and nobody may write) and belongs
 * to this user alone: for who opens it by path later. Returns 0, CEPA_ERR_FULL for a full disk,
 * CEPA_ERR_ARGUMENT for a wrong owner or mode, or CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_file_prepare(struct cepa_reason *ret_reason, const char *path,
                                    const char *name, bool may_be_fixed);

/* cepa_file_is_private checks owner and mode of what is open as `fd` and called `name`. Returns 0
 * or CEPA_ERR_ARGUMENT. */
CEPA_MUST_USE int cepa_file_is_private(struct cepa_reason *ret_reason, int fd, const char *name);

#endif
