/* Backups of identities. */
#include "native/store/backup.h"

#include <sodium.h>
#include <string.h>

#include "base/assert.h"
#include "base/bytes.h"
#include "base/cpu.h"
#include "base/ct.h"
#include "base/endian.h"
#include "crypto/aead.h"
#include "crypto/hash.h"

enum {
    MAGIC_LEN = 12,
    VERSION_AT = MAGIC_LEN,
    OPERATIONS_AT = VERSION_AT + 1,
    MEMORY_AT = OPERATIONS_AT + 4,
    SALT_AT = MEMORY_AT + 4,
    SEALED_AT = SALT_AT + CEPA_BACKUP_SALT_SIZE,
    TAG_AT = SEALED_AT + CEPA_BACKUP_SEALED_SIZE,
    SUM_AT = TAG_AT + 16,
    SUM_SIZE = CEPA_BACKUP_SIZE - SUM_AT,
    KEY_SIZE = 32
};

_Static_assert((int)CEPA_BACKUP_SALT_SIZE == (int)crypto_pwhash_SALTBYTES, "libsodium's salt");
_Static_assert(SUM_SIZE == 16, "the last field");

static const char magic[MAGIC_LEN + 1] = "cepa backup\n";
static const uint8_t nonce[12];

struct cepa_backup_cost cepa_backup_cost_default(void)
{
    return (struct cepa_backup_cost){3, 256 * 1024};
}

static bool is_allowed(struct cepa_backup_cost cost)
{
    return cost.operations >= 1 && cost.operations <= CEPA_BACKUP_OPERATIONS_MAX &&
           cost.memory_kib >= CEPA_BACKUP_MEMORY_MIN_KIB &&
           cost.memory_kib <= CEPA_BACKUP_MEMORY_MAX_KIB;
}

static int make_key(uint8_t ret_key[KEY_SIZE], struct cepa_reason *ret_reason, const uint8_t *salt,
                    const char *passphrase, size_t passphrase_len, struct cepa_backup_cost cost)
{
    if (crypto_pwhash(ret_key, KEY_SIZE, passphrase, passphrase_len, salt, cost.operations,
                      (size_t)cost.memory_kib * 1024, crypto_pwhash_ALG_ARGON2ID13) != 0) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_EXHAUSTED,
                                "the passphrase needs %u MiB of memory, which are not there",
                                (unsigned)(cost.memory_kib / 1024));
    }
    return 0;
}

int cepa_backup_seal(uint8_t ret_bytes[CEPA_BACKUP_SIZE], struct cepa_reason *ret_reason,
                     const struct cepa_named_identity *identity, const char *passphrase,
                     size_t passphrase_len, struct cepa_backup_cost cost,
                     const struct cepa_random *random)
{
    uint8_t bytes[CEPA_BACKUP_SIZE] = {0};
    uint8_t key[KEY_SIZE];
    if (!is_allowed(cost)) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_ARGUMENT, "this is no cost of a passphrase");
    }
    int status = cepa_random_fill(random, bytes + SALT_AT, CEPA_BACKUP_SALT_SIZE);
    if (status != 0) {
        return cepa_reason_fail(ret_reason, status, "%s", cepa_error_text(status));
    }
    status = make_key(key, ret_reason, bytes + SALT_AT, passphrase, passphrase_len, cost);
    if (status != 0) {
        return status;
    }
    size_t name_len = strlen(identity->name.text);
    memcpy(bytes, magic, MAGIC_LEN);
    bytes[VERSION_AT] = CEPA_BACKUP_VERSION;
    cepa_be32_store(bytes + OPERATIONS_AT, cost.operations);
    cepa_be32_store(bytes + MEMORY_AT, cost.memory_kib);
    memcpy(bytes + SEALED_AT, identity->secret.bytes, CEPA_IDENTITY_SECRET_SIZE);
    bytes[SEALED_AT + CEPA_IDENTITY_SECRET_SIZE] = (uint8_t)name_len;
    memcpy(bytes + SEALED_AT + CEPA_IDENTITY_SECRET_SIZE + 1, identity->name.text, name_len);
    cepa_aead_seal(bytes + SEALED_AT, CEPA_BACKUP_SEALED_SIZE, bytes + TAG_AT, bytes, SEALED_AT,
                   nonce, key, CEPA_CPU_PORTABLE);
    cepa_wipe(key, sizeof key);
    cepa_blake2b(bytes + SUM_AT, SUM_SIZE, bytes, SUM_AT, NULL, 0);
    memcpy(ret_bytes, bytes, sizeof bytes);
    return 0;
}

static struct cepa_backup_cost cost_of(const uint8_t *bytes)
{
    return (struct cepa_backup_cost){cepa_be32_load(bytes + OPERATIONS_AT),
                                     cepa_be32_load(bytes + MEMORY_AT)};
}

int cepa_backup_check(struct cepa_reason *ret_reason, const uint8_t *bytes, size_t bytes_len)
{
    uint8_t sum[SUM_SIZE];
    if (bytes_len <= VERSION_AT || memcmp(bytes, magic, MAGIC_LEN) != 0) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_MALFORMED,
                                "this is no backup that 'cepa id backup' wrote");
    }
    if (bytes[VERSION_AT] != CEPA_BACKUP_VERSION) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_VERSION,
                                "this backup was written by a newer version of cepa; use that one");
    }
    if (bytes_len != CEPA_BACKUP_SIZE) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_LENGTH,
                                "this backup is damaged: it has %zu bytes, and should have %d; "
                                "take another copy",
                                bytes_len, CEPA_BACKUP_SIZE);
    }
    cepa_blake2b(sum, sizeof sum, bytes, SUM_AT, NULL, 0);
    if (memcmp(sum, bytes + SUM_AT, sizeof sum) != 0) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_AUTHENTICATION,
                                "this backup is damaged: bytes of it have changed; take another "
                                "copy");
    }
    if (!is_allowed(cost_of(bytes))) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_MALFORMED,
                                "this backup asks for more memory or time than this program gives");
    }
    return 0;
}

/* Reads what was sealed; a backup that opens but holds something else was made by no program of
 * ours. */
static int read_content(struct cepa_named_identity *ret_identity, const uint8_t *content)
{
    struct cepa_reader reader;
    memset(ret_identity, 0, sizeof *ret_identity);
    cepa_reader_init(&reader, content, CEPA_BACKUP_SEALED_SIZE);
    cepa_reader_bytes(&reader, ret_identity->secret.bytes, sizeof ret_identity->secret.bytes);
    size_t name_len = cepa_reader_u8(&reader);
    const uint8_t *name = cepa_reader_view(&reader, name_len);
    cepa_reader_zeros(&reader, cepa_reader_left(&reader));
    return name == NULL || cepa_reader_end(&reader) != 0
               ? CEPA_ERR_MALFORMED
               : cepa_name_read(&ret_identity->name, (const char *)name, name_len);
}

int cepa_backup_open(struct cepa_named_identity *ret_identity, struct cepa_reason *ret_reason,
                     const uint8_t *bytes, size_t bytes_len, const char *passphrase,
                     size_t passphrase_len)
{
    uint8_t content[CEPA_BACKUP_SEALED_SIZE];
    uint8_t key[KEY_SIZE];
    struct cepa_named_identity identity;
    int status = cepa_backup_check(ret_reason, bytes, bytes_len);
    if (status != 0) {
        return status;
    }
    status = make_key(key, ret_reason, bytes + SALT_AT, passphrase, passphrase_len, cost_of(bytes));
    if (status != 0) {
        return status;
    }
    memcpy(content, bytes + SEALED_AT, sizeof content);
    if (cepa_aead_open(content, sizeof content, bytes + TAG_AT, bytes, SEALED_AT, nonce, key,
                       CEPA_CPU_PORTABLE) != 0) {
        status = cepa_reason_fail(ret_reason, CEPA_ERR_STATE,
                                  "this is not the passphrase of the backup");
    } else if (read_content(&identity, content) != 0) {
        status = cepa_reason_fail(ret_reason, CEPA_ERR_MALFORMED,
                                  "this backup opens, but holds no identity");
    } else {
        *ret_identity = identity;
    }
    cepa_wipe(&identity, sizeof identity);
    cepa_wipe(content, sizeof content);
    cepa_wipe(key, sizeof key);
    return status;
}
