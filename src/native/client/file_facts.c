/* What a receiver is told of a file. */
#define _GNU_SOURCE
#include "native/client/file_facts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "crypto/hash.h"
#include "identity/name.h"
#include "native/host.h"
#include "native/store/folder.h"
#include "native/store/secrets.h"

static int name_transfer(struct cepa_client_file *file, struct cepa_reason *ret_reason,
                         const struct cepa_client_offer *offer, const struct stat *facts)
{
    struct cepa_folder folder;
    struct cepa_secrets secrets;
    struct {
        uint8_t address[CEPA_ADDRESS_SIZE];
        uint64_t facts[5];
        char as[CEPA_NAME_MAX + 1];
        char name[CEPA_FILE_NAME_MAX + 1];
    } about_it;
    memset(&about_it, 0, sizeof about_it);
    memcpy(about_it.address, offer->peer->bytes, sizeof about_it.address);
    about_it.facts[0] = (uint64_t)facts->st_dev;
    about_it.facts[1] = (uint64_t)facts->st_ino;
    about_it.facts[2] = (uint64_t)facts->st_size;
    about_it.facts[3] = (uint64_t)facts->st_mtim.tv_sec;
    about_it.facts[4] = (uint64_t)facts->st_mtim.tv_nsec;
    (void)snprintf(about_it.as, sizeof about_it.as, "%s", offer->as != NULL ? offer->as : "");
    memcpy(about_it.name, file->header.name, sizeof about_it.name);
    int status = cepa_folder_enter(&folder, ret_reason, offer->state_directory);
    if (status != 0) {
        return status;
    }
    status = cepa_secrets_load(&secrets, ret_reason, folder.fd);
    cepa_folder_close(&folder);
    if (status == CEPA_ERR_NOT_FOUND) {
        return cepa_reason_fail(ret_reason, status,
                                "no daemon has ever run here; start it with 'cepa up'");
    }
    if (status != 0) {
        return status;
    }
    cepa_blake2b(file->header.transfer.bytes, sizeof file->header.transfer.bytes, &about_it,
                 sizeof about_it, secrets.ed25519.bytes, sizeof secrets.ed25519.bytes);
    cepa_secrets_wipe(&secrets);
    return 0;
}

int cepa_client_describe(struct cepa_client_file *file, struct cepa_reason *ret_reason,
                         const struct cepa_client_offer *offer)
{
    struct stat facts;
    struct cepa_file_header *header = &file->header;
    if (fstat(file->fd, &facts) != 0) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_SYSTEM, "%s: %s", file->shown,
                                strerror(errno));
    }
    if (S_ISDIR(facts.st_mode)) {
        return cepa_reason_fail(
            ret_reason, CEPA_ERR_ARGUMENT,
            "%s: this is a folder; send it as a stream: tar -c FOLDER | cepa send ... -",
            file->shown);
    }
    cepa_file_name_clean(header->name, offer->name, strlen(offer->name));
    file->can_resume = S_ISREG(facts.st_mode);
    if (!file->can_resume) {
        header->size = CEPA_FILE_SIZE_UNKNOWN;
        return cepa_random_fill(cepa_native_random(), header->transfer.bytes,
                                sizeof header->transfer.bytes) == 0
                   ? 0
                   : cepa_reason_fail(ret_reason, CEPA_ERR_RANDOM, "there is no randomness");
    }
    header->size = (uint64_t)facts.st_size;
    if (!offer->hides) {
        header->flags = CEPA_FILE_HAS_ATTRIBUTES;
        header->mode = (uint16_t)(facts.st_mode & CEPA_FILE_MODE_MAX);
        header->modified.unix_ms =
            facts.st_mtim.tv_sec > 0
                ? (uint64_t)facts.st_mtim.tv_sec * 1000 + (uint64_t)facts.st_mtim.tv_nsec / 1000000
                : 0;
    }
    return name_transfer(file, ret_reason, offer, &facts);
}
