/* The user's identities: the file is the truth, and the node is told when it has changed. */
#include <stdio.h>
#include <string.h>

#include "library/handle.h"
#include "native/cpu.h"
#include "native/host.h"
#include "native/store/folder.h"
#include "native/store/identities.h"

/* The file, held. */
struct opened {
    struct cepa_folder folder;
    struct cepa_identities all;
};

static int begin(struct cepa *cepa, struct opened *ret_opened)
{
    int status =
        cepa_folder_enter(&ret_opened->folder, &cepa->reason, cepa->config.state_directory);
    if (status != 0) {
        return cepa_library_result(status);
    }
    status = cepa_folder_hold(&ret_opened->folder, &cepa->reason);
    if (status == 0) {
        status = cepa_identities_load(&ret_opened->all, &cepa->reason, ret_opened->folder.fd);
    }
    if (status != 0) {
        cepa_folder_close(&ret_opened->folder);
    }
    return cepa_library_result(status);
}

static void end(struct opened *opened)
{
    cepa_identities_wipe(&opened->all);
    cepa_folder_close(&opened->folder);
}

static int write_address(struct cepa *cepa, char ret_address[CEPA_ADDRESS_CHARS],
                         const struct opened *opened, size_t at)
{
    struct cepa_address address;
    _Static_assert(CEPA_ADDRESS_CHARS == CEPA_ADDRESS_TEXT_SIZE, "an address fits");
    if (cepa_identities_address(&address, &opened->all.entries[at].secret, cepa_native_cpu()) !=
        0) {
        return cepa_library_fail(cepa, CEPA_FAIL_MEMORY, "there is not enough memory");
    }
    cepa_address_write(ret_address, &address);
    return 0;
}

int cepa_identity_make(struct cepa *cepa, char ret_address[CEPA_ADDRESS_CHARS], const char *name)
{
    struct cepa_name own;
    struct opened opened;
    if (name == NULL || cepa_name_read(&own, name, strlen(name)) != 0) {
        return cepa_library_fail(cepa, CEPA_FAIL_ARGUMENT,
                                 "this cannot be a name: it has 1 to 64 bytes, nothing that cannot "
                                 "be seen, and is not like an address");
    }
    int result = begin(cepa, &opened);
    if (result != 0) {
        return result;
    }
    int status = cepa_identities_make(&opened.all, &cepa->reason, &own, cepa_native_random());
    if (status == 0) {
        status = cepa_identities_save(&opened.all, &cepa->reason, opened.folder.fd);
    }
    result = cepa_library_result(status);
    if (result == 0) {
        result = write_address(cepa, ret_address, &opened, opened.all.len - 1);
    }
    end(&opened);
    return result == 0 ? cepa_library_reload(cepa) : result;
}

int cepa_identity_get(struct cepa *cepa, char ret_address[CEPA_ADDRESS_CHARS], const char *name)
{
    struct opened opened;
    size_t at;
    int result = begin(cepa, &opened);
    if (result != 0) {
        return result;
    }
    result = cepa_library_result(cepa_identities_find(&at, &cepa->reason, &opened.all, name));
    if (result == 0) {
        result = write_address(cepa, ret_address, &opened, at);
    }
    end(&opened);
    return result;
}

int cepa_identity_next(struct cepa *cepa, struct cepa_identity_info *ret_identity, uint64_t *at)
{
    struct cepa_identity_info identity;
    struct opened opened;
    int result = begin(cepa, &opened);
    if (result != 0) {
        return result;
    }
    memset(&identity, 0, sizeof identity);
    if (*at >= opened.all.len) {
        result = cepa_library_fail(cepa, CEPA_FAIL_NOT_FOUND, "there is no further identity");
    } else {
        (void)snprintf(identity.name, sizeof identity.name, "%s",
                       opened.all.entries[*at].name.text);
        identity.is_default = *at == opened.all.chosen;
        result = write_address(cepa, identity.address, &opened, (size_t)*at);
    }
    end(&opened);
    if (result == 0) {
        cepa_library_give(ret_identity, &identity, sizeof identity);
        (*at)++;
    }
    return result;
}
