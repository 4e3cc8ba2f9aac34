/* What is read from disk: the configuration, the files of secrets and of identities, backups. */
#include <stdint.h>
#include <string.h>

#include "base/assert.h"
#include "native/daemon/config.h"
#include "native/store/backup.h"
#include "native/store/identities.h"
#include "native/store/secrets.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len);

static void try_identities(const uint8_t *data, size_t data_len)
{
    static struct cepa_identities identities;
    uint8_t bytes[CEPA_IDENTITIES_SIZE_MAX];
    size_t len;
    if (cepa_identities_decode(&identities, data, data_len) == 0) {
        cepa_identities_encode(bytes, &len, &identities);
        CEPA_ASSERT(len == data_len && memcmp(bytes, data, len) == 0);
    }
}

/* Only cheap ones are opened. */
static void try_backup(const uint8_t *data, size_t data_len)
{
    struct cepa_named_identity identity;
    struct cepa_reason reason;
    if (cepa_backup_check(&reason, data, data_len) == 0 && data[16] == 1 && data[19] == 0) {
        int status = cepa_backup_open(&identity, &reason, data, data_len, "fuzz", 4);
        CEPA_ASSERT(status != 0 || identity.name.text[0] != '\0');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len)
{
    static struct cepa_config config;
    struct cepa_secrets secrets;
    struct cepa_reason reason;
    uint8_t bytes[CEPA_SECRETS_SIZE_MAX];
    size_t len;
    cepa_config_init(&config);
    if (cepa_config_read(&config, &reason, "cepa.conf", (const char *)data, data_len) == 0) {
        CEPA_ASSERT(config.listen_len <= CEPA_CONFIG_LISTEN_MAX);
        CEPA_ASSERT(config.invitations_len <= CEPA_CONFIG_INVITATIONS_MAX);
    }
    memset(&secrets, 0, sizeof secrets);
    if (cepa_secrets_decode(&secrets, data, data_len) == 0) {
        cepa_secrets_encode(bytes, &len, &secrets);
        CEPA_ASSERT(len == data_len && memcmp(bytes, data, len) == 0);
    }
    try_identities(data, data_len);
    try_backup(data, data_len);
    return 0;
}
