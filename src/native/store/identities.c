/* The file of identities. */
#include "native/store/identities.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/ct.h"
#include "crypto/hash.h"
#include "native/store/file.h"

enum { SUM_SIZE = 32, MAGIC_LEN = 16, HEAD_SIZE = MAGIC_LEN + 3 };

static const char magic[MAGIC_LEN + 1] = "cepa identities\n";
static const char file_name[] = "identities";

void cepa_identities_encode(uint8_t ret_bytes[CEPA_IDENTITIES_SIZE_MAX], size_t *ret_len,
                            const struct cepa_identities *identities)
{
    struct cepa_writer writer;
    uint8_t sum[SUM_SIZE];
    cepa_writer_init(&writer, ret_bytes, CEPA_IDENTITIES_SIZE_MAX);
    cepa_writer_bytes(&writer, magic, MAGIC_LEN);
    cepa_writer_u8(&writer, CEPA_IDENTITIES_VERSION);
    cepa_writer_u8(&writer, (uint8_t)identities->len);
    cepa_writer_u8(&writer, (uint8_t)identities->chosen);
    for (size_t i = 0; i < identities->len; i++) {
        const struct cepa_named_identity *entry = &identities->entries[i];
        size_t name_len = strlen(entry->name.text);
        cepa_writer_bytes(&writer, entry->secret.bytes, sizeof entry->secret.bytes);
        cepa_writer_u8(&writer, (uint8_t)name_len);
        cepa_writer_bytes(&writer, entry->name.text, name_len);
    }
    cepa_blake2b(sum, sizeof sum, ret_bytes, writer.len, NULL, 0);
    cepa_writer_bytes(&writer, sum, sizeof sum);
    *ret_len = writer.len;
}

/* The place of a name or of a secret, whichever is not NULL; `len` if it is not there. */
static size_t place_of(const struct cepa_identities *identities, const char *name,
                       const struct cepa_identity_secret *secret)
{
    size_t at = 0;
    while (at < identities->len) {
        const struct cepa_named_identity *entry = &identities->entries[at];
        if (name != NULL
                ? strcmp(entry->name.text, name) == 0
                : cepa_ct_compare(entry->secret.bytes, secret->bytes, sizeof secret->bytes) != 0) {
            break;
        }
        at++;
    }
    return at;
}

static int read_entry(struct cepa_identities *identities, struct cepa_reader *reader)
{
    struct cepa_named_identity entry;
    memset(&entry, 0, sizeof entry);
    cepa_reader_bytes(reader, entry.secret.bytes, sizeof entry.secret.bytes);
    size_t name_len = cepa_reader_u8(reader);
    const uint8_t *name = cepa_reader_view(reader, name_len);
    int status =
        name == NULL ? CEPA_ERR_LENGTH : cepa_name_read(&entry.name, (const char *)name, name_len);
    if (status == CEPA_ERR_TOO_LONG ||
        (status == 0 && (place_of(identities, entry.name.text, NULL) < identities->len ||
                         place_of(identities, NULL, &entry.secret) < identities->len))) {
        status = CEPA_ERR_MALFORMED;
    }
    if (status == 0) {
        identities->entries[identities->len++] = entry;
    }
    cepa_wipe(&entry, sizeof entry);
    return status;
}

static int decode(struct cepa_identities *identities, const uint8_t *bytes, size_t bytes_len)
{
    struct cepa_reader reader;
    uint8_t sum[SUM_SIZE];
    if (bytes_len < MAGIC_LEN + 1 || memcmp(bytes, magic, MAGIC_LEN) != 0) {
        return CEPA_ERR_MALFORMED;
    }
    if (bytes[MAGIC_LEN] != CEPA_IDENTITIES_VERSION) {
        return CEPA_ERR_VERSION;
    }
    if (bytes_len < HEAD_SIZE + SUM_SIZE) {
        return CEPA_ERR_LENGTH;
    }
    cepa_blake2b(sum, sizeof sum, bytes, bytes_len - SUM_SIZE, NULL, 0);
    if (memcmp(sum, bytes + bytes_len - SUM_SIZE, SUM_SIZE) != 0) {
        return CEPA_ERR_AUTHENTICATION;
    }
    cepa_reader_init(&reader, bytes + MAGIC_LEN + 1, bytes_len - SUM_SIZE - MAGIC_LEN - 1);
    size_t count = cepa_reader_u8(&reader);
    identities->chosen = cepa_reader_u8(&reader);
    if (count > CEPA_IDENTITIES_MAX || identities->chosen >= (count == 0 ? 1 : count)) {
        return CEPA_ERR_MALFORMED;
    }
    int status = 0;
    while (identities->len < count && status == 0) {
        status = read_entry(identities, &reader);
    }
    return status == 0 ? cepa_reader_end(&reader) : status;
}

int cepa_identities_decode(struct cepa_identities *ret_identities, const uint8_t *bytes,
                           size_t bytes_len)
{
    struct cepa_identities identities;
    memset(&identities, 0, sizeof identities);
    int status = decode(&identities, bytes, bytes_len);
    if (status == 0) {
        *ret_identities = identities;
    }
    cepa_identities_wipe(&identities);
    return status;
}

int cepa_identities_load(struct cepa_identities *ret_identities, struct cepa_reason *ret_reason,
                         int folder_fd)
{
    uint8_t bytes[CEPA_IDENTITIES_SIZE_MAX];
    size_t len = 0;
    int status = cepa_file_read(ret_reason, bytes, &len, sizeof bytes, folder_fd, file_name);
    if (status == CEPA_ERR_NOT_FOUND) {
        memset(ret_identities, 0, sizeof *ret_identities);
        return 0;
    }
    if (status == 0) {
        status = cepa_identities_decode(ret_identities, bytes, len);
        if (status == CEPA_ERR_VERSION) {
            cepa_reason_set(ret_reason, "'identities' was written by a newer version of cepa; use "
                                        "that one");
        } else if (status != 0) {
            cepa_reason_set(ret_reason,
                            "'identities' is damaged (%s); put a copy of it back, or move it away "
                            "and restore backups with 'cepa id restore'",
                            cepa_error_text(status));
        }
    }
    cepa_wipe(bytes, sizeof bytes);
    return status;
}

int cepa_identities_save(const struct cepa_identities *identities, struct cepa_reason *ret_reason,
                         int folder_fd)
{
    uint8_t bytes[CEPA_IDENTITIES_SIZE_MAX];
    size_t len;
    cepa_identities_encode(bytes, &len, identities);
    int status = cepa_file_write(ret_reason, folder_fd, file_name, bytes, len);
    cepa_wipe(bytes, sizeof bytes);
    return status;
}

void cepa_identities_wipe(struct cepa_identities *identities)
{
    cepa_wipe(identities, sizeof *identities);
}

int cepa_identities_find(size_t *ret_at, struct cepa_reason *ret_reason,
                         const struct cepa_identities *identities, const char *name)
{
    size_t at = name == NULL ? identities->chosen : place_of(identities, name, NULL);
    if (identities->len == 0 || at == identities->len) {
        return name == NULL
                   ? cepa_reason_fail(ret_reason, CEPA_ERR_NOT_FOUND,
                                      "there is no identity yet; 'cepa id new' makes one")
                   : cepa_reason_fail(ret_reason, CEPA_ERR_NOT_FOUND,
                                      "there is no identity '%.64s'; 'cepa id list' shows all",
                                      name);
    }
    *ret_at = at;
    return 0;
}

static int check_name(struct cepa_reason *ret_reason, const struct cepa_identities *identities,
                      const struct cepa_name *name)
{
    if (place_of(identities, name->text, NULL) < identities->len) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_IN_USE,
                                "there is an identity '%s' already; take another name", name->text);
    }
    return 0;
}

int cepa_identities_add(struct cepa_identities *identities, struct cepa_reason *ret_reason,
                        const struct cepa_named_identity *identity)
{
    size_t at = place_of(identities, NULL, &identity->secret);
    if (at < identities->len) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_IN_USE, "this identity is here as '%s'",
                                identities->entries[at].name.text);
    }
    int status = check_name(ret_reason, identities, &identity->name);
    if (status != 0) {
        return status;
    }
    if (identities->len == CEPA_IDENTITIES_MAX) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_FULL, "there are %d identities, the most",
                                CEPA_IDENTITIES_MAX);
    }
    identities->entries[identities->len++] = *identity;
    return 0;
}

int cepa_identities_make(struct cepa_identities *identities, struct cepa_reason *ret_reason,
                         const struct cepa_name *name, const struct cepa_random *random)
{
    struct cepa_named_identity fresh = {{{0}}, *name};
    int status = cepa_random_fill(random, fresh.secret.bytes, sizeof fresh.secret.bytes);
    if (status != 0) {
        cepa_reason_set(ret_reason, "no identity can be made: %s", cepa_error_text(status));
    } else {
        status = cepa_identities_add(identities, ret_reason, &fresh);
    }
    cepa_wipe(&fresh, sizeof fresh);
    return status;
}

int cepa_identities_rename(struct cepa_identities *identities, struct cepa_reason *ret_reason,
                           size_t at, const struct cepa_name *name)
{
    int status = check_name(ret_reason, identities, name);
    if (status == 0) {
        identities->entries[at].name = *name;
    }
    return status;
}

int cepa_identities_delete(struct cepa_identities *identities, struct cepa_reason *ret_reason,
                           size_t at)
{
    if (at == identities->chosen && identities->len > 1) {
        return cepa_reason_fail(ret_reason, CEPA_ERR_STATE,
                                "'%s' is the default; make another one that first, with 'cepa id "
                                "default NAME'",
                                identities->entries[at].name.text);
    }
    identities->len--;
    identities->chosen -= at < identities->chosen;
    memmove(&identities->entries[at], &identities->entries[at + 1],
            (identities->len - at) * sizeof identities->entries[0]);
    cepa_wipe(&identities->entries[identities->len], sizeof identities->entries[0]);
    return 0;
}

/* An identity with what making it takes: too large for a stack. */
struct making {
    struct cepa_identity identity;
    struct cepa_identity_workspace workspace;
};

int cepa_identities_address(struct cepa_address *ret_address,
                            const struct cepa_identity_secret *secret, uint32_t cpu)
{
    struct making *making = malloc(sizeof *making);
    if (making == NULL) {
        return CEPA_ERR_EXHAUSTED;
    }
    cepa_identity_expand(&making->identity, secret, &making->workspace, cpu);
    *ret_address = making->identity.address;
    cepa_wipe(making, sizeof *making);
    free(making);
    return 0;
}
