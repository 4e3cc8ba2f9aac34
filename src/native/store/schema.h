/* The tables of SQLite files, by version. A newer program brings an older file forward, step by
 * step, each in one transaction; an older program refuses a newer file. */
#ifndef CEPA_NATIVE_STORE_SCHEMA_H
#define CEPA_NATIVE_STORE_SCHEMA_H

#include <stddef.h>

#include "base/error.h"
#include "native/reason.h"

struct sqlite3;

/* cepa_schema_steps gives the steps of `state.db`: the statements of step n lead from version n to
 * n + 1, so that their number is the current version; static storage. */
const char *const *cepa_schema_steps(size_t *ret_len);

/* cepa_schema_migrate brings an open file, called `file`, to the version `steps_len`. Returns 0;
 * CEPA_ERR_VERSION for a file that is newer; or CEPA_ERR_SYSTEM, and then the file has the version
 * before the step that failed. */
CEPA_MUST_USE int cepa_schema_migrate(struct cepa_reason *ret_reason, struct sqlite3 *database,
                                      const char *file, const char *const *steps, size_t steps_len);

#endif
