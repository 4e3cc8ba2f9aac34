/* The state directory: where a node keeps what it is. Private (0700), and of one daemon at a time.
 *
 *     lock         held by the daemon that runs; has its process number
 *     secrets      who the node is (native/store/secrets.h)
 *     state.db     what it has learned (native/store/store.h)
 *     identities   who its user is towards others (native/store/identities.h)
 *     contacts.db  whom its user knows (native/store/contacts.h)
 *     inbox.db     what came for its user (native/store/inbox.h), with the files in inbox/
 *
 * The last three belong to the user: commands read and change them, with a daemon or without. */
#ifndef CEPA_NATIVE_STORE_FOLDER_H
#define CEPA_NATIVE_STORE_FOLDER_H

#include <stddef.h>

#include "base/error.h"
#include "native/reason.h"

enum { CEPA_FOLDER_PATH_SIZE = 512 };

/* An open state directory. */
struct cepa_folder {
    char path[CEPA_FOLDER_PATH_SIZE]; /* as it was given */
    int fd;                           /* the directory */
    int lock_fd;                      /* the lock, held while this is open; -1: not this one's */
};

/* cepa_folder_default writes the state directory of this user: /var/lib/cepa for root, else
 * $XDG_STATE_HOME/cepa or ~/.local/state/cepa. Returns 0, or CEPA_ERR_NOT_FOUND if the environment
 * does not tell. */
CEPA_MUST_USE int cepa_folder_default(struct cepa_reason *ret_reason, char *ret_path,
                                      size_t capacity);

/* cepa_folder_open makes the directory and its parents if need be, checks that it is private, and
 * locks it. Returns 0; CEPA_ERR_IN_USE if another daemon has it (the reason names the process);
 * CEPA_ERR_ARGUMENT for a wrong owner or mode; CEPA_ERR_TOO_LONG; or CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_folder_open(struct cepa_folder *ret_folder, struct cepa_reason *ret_reason,
                                   const char *path);

/* cepa_folder_enter does all of that but take the daemon's lock, for commands beside it. Returns
 * likewise, never CEPA_ERR_IN_USE. */
CEPA_MUST_USE int cepa_folder_enter(struct cepa_folder *ret_folder, struct cepa_reason *ret_reason,
                                    const char *path);

/* cepa_folder_hold waits till no other process holds what belongs to the user in it, and holds that
 * until cepa_folder_close: for reading, changing and writing. Returns 0 or CEPA_ERR_SYSTEM. */
CEPA_MUST_USE int cepa_folder_hold(struct cepa_folder *folder, struct cepa_reason *ret_reason);

/* cepa_folder_close unlocks it. */
void cepa_folder_close(struct cepa_folder *folder);

#endif
