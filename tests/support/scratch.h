/* A folder of a test's own, below $TMPDIR or /tmp, gone when the program ends. */
#ifndef CEPA_TESTS_SUPPORT_SCRATCH_H
#define CEPA_TESTS_SUPPORT_SCRATCH_H

#include <stddef.h>

enum { SCRATCH_PATH_SIZE = 256 };

/* scratch_make makes a new empty folder with mode 0700; it and all in it are removed at exit. */
void scratch_make(char ret_path[SCRATCH_PATH_SIZE]);

/* scratch_join writes folder/name. */
void scratch_join(char ret_path[SCRATCH_PATH_SIZE], const char *folder, const char *name);

/* scratch_write makes or replaces a file; scratch_read gives its bytes and their number. */
void scratch_write(const char *path, const void *data, size_t data_len);
size_t scratch_read(const char *path, void *ret_data, size_t capacity);

#endif
