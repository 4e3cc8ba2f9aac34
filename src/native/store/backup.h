/* A backup of one identity: a file of 166 bytes that a passphrase opens. Nothing in it is of the
 * node, or of another identity of the same person; all backups have one length.
 *
 *     "cepa backup\n" 12   version 1   operations 4   memory in KiB 4   salt 16
 *     sealed: secret 32, length of the name 1, name and zeros 64      tag 16
 *     BLAKE2b-128 of all that 16
 *
 * The key is Argon2id of the passphrase with the salt; ChaCha20-Poly1305 seals with it and a nonce
 * of zeros, once. What stands before the sealed part is authenticated. The last field needs no
 * passphrase, so that damage and a wrong passphrase are told apart. */
#ifndef CEPA_NATIVE_STORE_BACKUP_H
#define CEPA_NATIVE_STORE_BACKUP_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/random.h"
#include "native/reason.h"
#include "native/store/identities.h"

enum {
    CEPA_BACKUP_VERSION = 1,
    CEPA_BACKUP_SALT_SIZE = 16,
    CEPA_BACKUP_SEALED_SIZE = CEPA_IDENTITY_SECRET_SIZE + 1 + CEPA_NAME_MAX,
    CEPA_BACKUP_SIZE = 12 + 1 + 4 + 4 + CEPA_BACKUP_SALT_SIZE + CEPA_BACKUP_SEALED_SIZE + 16 + 16,
    CEPA_BACKUP_OPERATIONS_MAX = 16, /* what a file may ask of its reader: */
    CEPA_BACKUP_MEMORY_MIN_KIB = 8,
    CEPA_BACKUP_MEMORY_MAX_KIB = 1 << 20
};

_Static_assert(CEPA_BACKUP_SIZE == 166, "as the text above says");

/* What trying one passphrase costs. */
struct cepa_backup_cost {
    uint32_t operations; /* passes over the memory; 1 to CEPA_BACKUP_OPERATIONS_MAX */
    uint32_t memory_kib; /* CEPA_BACKUP_MEMORY_MIN_KIB to CEPA_BACKUP_MEMORY_MAX_KIB */
};

/* cepa_backup_cost_default is 256 MiB and three passes: about half a second. */
struct cepa_backup_cost cepa_backup_cost_default(void);

/* cepa_backup_seal writes a backup under a passphrase of `passphrase_len` bytes. Returns 0;
 * CEPA_ERR_ARGUMENT for a cost out of range; CEPA_ERR_RANDOM; or CEPA_ERR_EXHAUSTED if there is not
 * enough memory. */
CEPA_MUST_USE int cepa_backup_seal(uint8_t ret_bytes[CEPA_BACKUP_SIZE],
                                   struct cepa_reason *ret_reason,
                                   const struct cepa_named_identity *identity,
                                   const char *passphrase, size_t passphrase_len,
                                   struct cepa_backup_cost cost, const struct cepa_random *random);

/* cepa_backup_check finds out without a passphrase whether a file is a whole backup. Returns 0;
 * CEPA_ERR_MALFORMED if it is none, or asks for more than its reader gives; CEPA_ERR_VERSION;
 * CEPA_ERR_LENGTH if it was cut or has something behind it; CEPA_ERR_AUTHENTICATION if a byte has
 * changed. */
CEPA_MUST_USE int cepa_backup_check(struct cepa_reason *ret_reason, const uint8_t *bytes,
                                    size_t bytes_len);

/* cepa_backup_open opens it. Returns what cepa_backup_check gives; CEPA_ERR_STATE for a passphrase
 * that is not the backup's; or CEPA_ERR_EXHAUSTED. */
CEPA_MUST_USE int cepa_backup_open(struct cepa_named_identity *ret_identity,
                                   struct cepa_reason *ret_reason, const uint8_t *bytes,
                                   size_t bytes_len, const char *passphrase, size_t passphrase_len);

#endif
