/* What a daemon reads at its start: the configuration, and the file of secrets. */
#include <stdint.h>
#include <string.h>

#include "base/assert.h"
#include "native/daemon/config.h"
#include "native/store/secrets.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len);

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
    return 0;
}
