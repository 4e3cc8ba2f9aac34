/* All of a state directory, open: lock, identity and state file. Nobody becomes somebody else by
 * accident: a new identity is made only where there was nothing at all. */
#ifndef CEPA_NATIVE_DAEMON_STATE_H
#define CEPA_NATIVE_DAEMON_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/random.h"
#include "base/time.h"
#include "native/reason.h"
#include "native/store/folder.h"
#include "native/store/identities.h"
#include "native/store/secrets.h"
#include "native/store/store.h"
#include "wire/ids.h"

/* An open state directory. */
struct cepa_state {
    struct cepa_folder folder;
    struct cepa_secrets secrets;
    struct cepa_store *store;
    struct cepa_identities identities; /* of the user whom this serves; the file is the truth */
    struct cepa_node_id node;          /* who this is */
    bool is_new;                       /* the identity was made just now */
};

/* cepa_state_open opens everything in the directory `path`. Returns 0, or what cepa_folder_open,
 * cepa_secrets_load, cepa_secrets_save, cepa_identities_load or cepa_store_open give;
 * CEPA_ERR_MISSING for a state file without an identity; CEPA_ERR_RANDOM; CEPA_ERR_EXHAUSTED. */
CEPA_MUST_USE int cepa_state_open(struct cepa_state *ret_state, struct cepa_reason *ret_reason,
                                  const char *path, struct cepa_wall wall,
                                  const struct cepa_random *random, uint32_t cpu);

/* cepa_state_reload reads the identities again, after a command has changed them. Returns 0, or
 * what cepa_identities_load gives, and then they are as they were. */
CEPA_MUST_USE int cepa_state_reload(struct cepa_state *state, struct cepa_reason *ret_reason);

/* cepa_state_close writes what waits, and wipes the secrets. Returns 0 or CEPA_ERR_SYSTEM. */
int cepa_state_close(struct cepa_state *state);

/* cepa_state_identity gives the id of the node whose secrets these are. Returns 0 or
 * CEPA_ERR_EXHAUSTED for lack of memory. */
CEPA_MUST_USE int cepa_state_identity(struct cepa_node_id *ret_node,
                                      const struct cepa_secrets *secrets, uint32_t cpu);

/* cepa_state_read_identity gives the id of the node whose state directory `path` is, without its
 * lock. Returns 0; CEPA_ERR_NOT_FOUND if there is none yet; or what cepa_secrets_load gives. */
CEPA_MUST_USE int cepa_state_read_identity(struct cepa_node_id *ret_node,
                                           struct cepa_reason *ret_reason, const char *path,
                                           uint32_t cpu);

#endif
