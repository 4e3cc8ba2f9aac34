/* A state directory and all in it. */
#define _GNU_SOURCE
#include "native/daemon/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/ct.h"
#include "mesh/credentials.h"

/* An identity with what making it takes: too large for a stack. */
struct making {
    struct cepa_relay_identity identity;
    struct cepa_mldsa_workspace workspace;
};

int cepa_state_identity(struct cepa_node_id *ret_node, const struct cepa_secrets *secrets,
                        uint32_t cpu)
{
    struct making *making = malloc(sizeof *making);
    if (making == NULL) {
        return CEPA_ERR_EXHAUSTED;
    }
    cepa_relay_identity_init(&making->identity, &secrets->ed25519, &secrets->mldsa,
                             &making->workspace, cpu);
    *ret_node = making->identity.node;
    cepa_wipe(making, sizeof *making);
    free(making);
    return 0;
}

static int make_secrets(struct cepa_state *state, struct cepa_reason *ret_reason,
                        struct cepa_wall wall, const struct cepa_random *random)
{
    if (cepa_store_exists(state->folder.fd)) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_MISSING,
                                "%s has a state.db, but no 'secrets': put a copy of 'secrets' "
                                "back, or move state.db away to begin as a new node",
                                state->folder.path);
    }
    int status = cepa_secrets_make(&state->secrets, (int64_t)(wall.unix_ms / 1000), random);
    if (status != 0) {
        return cepa_reason_fail(ret_reason, status, "no identity can be made: %s",
                                cepa_error_text(status));
    }
    state->is_new = true;
    return cepa_secrets_save(&state->secrets, ret_reason, state->folder.fd);
}

static int open_secrets(struct cepa_state *state, struct cepa_reason *ret_reason,
                        struct cepa_wall wall, const struct cepa_random *random)
{
    bool is_new = false;
    int status = cepa_secrets_load(&state->secrets, ret_reason, state->folder.fd);
    if (status == CEPA_ERR_NOT_FOUND) {
        return make_secrets(state, ret_reason, wall, random);
    }
    if (status == 0) {
        status =
            cepa_secrets_renew(&state->secrets, &is_new, (int64_t)(wall.unix_ms / 1000), random);
        if (status != 0) {
            return cepa_reason_fail(ret_reason, status, "no certificate can be made: %s",
                                    cepa_error_text(status));
        }
    }
    return status == 0 && is_new ? cepa_secrets_save(&state->secrets, ret_reason, state->folder.fd)
                                 : status;
}

int cepa_state_open(struct cepa_state *ret_state, struct cepa_reason *ret_reason, const char *path,
                    struct cepa_wall wall, const struct cepa_random *random, uint32_t cpu)
{
    struct cepa_state state;
    memset(&state, 0, sizeof state);
    int status = cepa_folder_open(&state.folder, ret_reason, path);
    if (status != 0) {
        return status;
    }
    status = open_secrets(&state, ret_reason, wall, random);
    if (status == 0) {
        status = cepa_state_identity(&state.node, &state.secrets, cpu);
        if (status != 0) {
            cepa_reason_set(ret_reason, "there is not enough memory");
        }
    }
    if (status == 0) {
        status = cepa_identities_load(&state.identities, ret_reason, state.folder.fd);
    }
    if (status == 0) {
        status = cepa_store_open(&state.store, ret_reason, path, state.node.bytes);
    }
    if (status != 0) {
        cepa_folder_close(&state.folder);
    } else {
        *ret_state = state;
    }
    cepa_secrets_wipe(&state.secrets);
    cepa_identities_wipe(&state.identities);
    return status;
}

int cepa_state_reload(struct cepa_state *state, struct cepa_reason *ret_reason)
{
    struct cepa_identities fresh;
    int status = cepa_identities_load(&fresh, ret_reason, state->folder.fd);
    if (status == 0) {
        state->identities = fresh;
        cepa_identities_wipe(&fresh);
    }
    return status;
}

int cepa_state_close(struct cepa_state *state)
{
    int status = cepa_store_close(state->store);
    state->store = NULL;
    cepa_secrets_wipe(&state->secrets);
    cepa_identities_wipe(&state->identities);
    cepa_folder_close(&state->folder);
    return status;
}

int cepa_state_read_identity(struct cepa_node_id *ret_node, struct cepa_reason *ret_reason,
                             const char *path, uint32_t cpu)
{
    struct cepa_secrets secrets;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int status =
        fd < 0 ? cepa_reason_fail(ret_reason, CEPA_ERR_SYSTEM, "%s: %s", path, strerror(errno))
               : cepa_secrets_load(&secrets, ret_reason, fd);
    if (status == CEPA_ERR_NOT_FOUND || (fd < 0 && errno == ENOENT)) {
        status = cepa_reason_fail(ret_reason, CEPA_ERR_NOT_FOUND,
                                  "there is no node in %s yet; 'cepa up' makes one", path);
    }
    if (fd >= 0) {
        close(fd);
    }
    if (status == 0) {
        status = cepa_state_identity(ret_node, &secrets, cpu);
        cepa_secrets_wipe(&secrets);
    }
    return status;
}
