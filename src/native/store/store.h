/* What a node has learned: the SQLite file `state.db` of its state directory. To this file all is
 * bytes: a value under a key, in a table that is a number. Who writes them says what they mean.
 *
 * Puts and deletes gather in a transaction that cepa_store_step commits within two seconds, so that
 * news does not cost a synchronisation each; a crash loses at most that. Changes that are made NOW
 * are on disk, synchronised, when the call returns. What is deleted is overwritten.
 *
 * Whoever opens a store holds the lock of its directory (native/store/folder.h). */
#ifndef CEPA_NATIVE_STORE_STORE_H
#define CEPA_NATIVE_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/time.h"
#include "native/reason.h"

enum {
    CEPA_STATE_KEY_MAX = 64,
    CEPA_STATE_VALUE_MAX = 65536,
    CEPA_STATE_COMMIT_MS = 2000 /* how long a change may wait */
};

/* How a change is made; may stand together. */
enum cepa_state_how {
    CEPA_STATE_LATER = 0,  /* it may wait */
    CEPA_STATE_NOW = 1,    /* it is on disk, with all that waited, when the call returns */
    CEPA_STATE_SECRET = 2, /* the value before does not stay anywhere in the files: implies NOW */
};

/* An open state file; opaque. */
struct cepa_store;

/* An entry, lent until the next call on the store. */
struct cepa_store_entry {
    const uint8_t *key;
    size_t key_len;
    const uint8_t *value;
    size_t value_len;
};

/* cepa_store_open opens the state file in the directory `path`, or makes it. `owner` names the node
 * whose state it is: a file that is somebody else's is refused. Returns 0; CEPA_ERR_VERSION if it
 * is newer than this program; CEPA_ERR_MALFORMED if it is damaged; CEPA_ERR_STATE if it is another
 * node's; CEPA_ERR_ARGUMENT if it belongs to another user, or others can reach it; CEPA_ERR_FULL if
 * there is no room to make it; CEPA_ERR_EXHAUSTED for lack of memory; or CEPA_ERR_SYSTEM. The
 * reason says what to do. */
CEPA_MUST_USE int cepa_store_open(struct cepa_store **ret_store, struct cepa_reason *ret_reason,
                                  const char *path, const uint8_t owner[32]);

/* cepa_store_exists says whether the directory has a state file, so that a new identity is not made
 * beside the state of an old one. */
bool cepa_store_exists(int folder_fd);

/* cepa_store_close commits what waits, and closes; NULL is allowed. Returns 0, or CEPA_ERR_SYSTEM
 * if that was not possible. */
int cepa_store_close(struct cepa_store *store);

/* cepa_store_reason says why the last call failed; lent until the next call. */
const char *cepa_store_reason(const struct cepa_store *store);

/* cepa_store_put writes `value` under `key`, in place of what was there; `how` is
 * enum cepa_state_how. Returns 0, CEPA_ERR_TOO_LONG, or CEPA_ERR_SYSTEM: then the transaction is
 * undone and the file as it was. */
CEPA_MUST_USE int cepa_store_put(struct cepa_store *store, uint32_t table, const void *key,
                                 size_t key_len, const void *value, size_t value_len, unsigned how);

/* cepa_store_get reads the value under `key`. Returns 0, CEPA_ERR_NOT_FOUND, CEPA_ERR_TOO_LONG if
 * it is longer than `capacity`, or CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_store_get(struct cepa_store *store, void *ret_value, size_t *ret_len,
                                 size_t capacity, uint32_t table, const void *key, size_t key_len);

/* cepa_store_delete removes what is under `key`, if there is anything. Returns 0 or
 * CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_store_delete(struct cepa_store *store, uint32_t table, const void *key,
                                    size_t key_len, unsigned how);

/* cepa_store_each goes through a table in the order of its keys:
 *
 *     cepa_store_each(store, table);
 *     while (cepa_store_next(store, &entry)) { ... }
 *
 * Nothing else may be called meanwhile. cepa_store_next gives false at the end, or when the file
 * cannot be read: cepa_store_end tells the difference, 0 or CEPA_ERR_SYSTEM. */
void cepa_store_each(struct cepa_store *store, uint32_t table);
bool cepa_store_next(struct cepa_store *store, struct cepa_store_entry *ret_entry);
CEPA_MUST_USE int cepa_store_end(struct cepa_store *store);

/* cepa_store_commit writes what waits. Returns 0 or CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_store_commit(struct cepa_store *store);

/* cepa_store_step commits if the oldest change has waited long enough. Returns 0 or
 * CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_store_step(struct cepa_store *store, struct cepa_time now);

/* cepa_store_deadline gives when cepa_store_step has something to do; after a change, that is known
 * once it was called. */
struct cepa_time cepa_store_deadline(const struct cepa_store *store);

#endif
