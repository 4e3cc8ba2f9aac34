/* Host names as programs hand them to the proxy: whoever is found is found again under the name
 * that is written for them, whoever is not has a reason, and places of slips stand in the name. */
#include <stdint.h>
#include <string.h>

#include "base/assert.h"
#include "native/proxy/names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len);

static void check_again(const struct cepa_proxy_target *target)
{
    struct cepa_proxy_target again;
    struct cepa_reason reason;
    char host[sizeof target->service.text + 1 + CEPA_ADDRESS_HOST_SIZE];
    size_t len = strlen(target->service.text);
    memcpy(host, target->service.text, len);
    host[len] = '.';
    cepa_address_write_host(host + len + 1, &target->address);
    int status = cepa_proxy_target_read(&again, NULL, &reason, NULL, host, strlen(host), 65535);
    CEPA_ASSERT(status == 0);
    CEPA_ASSERT(memcmp(again.address.bytes, target->address.bytes, CEPA_ADDRESS_SIZE) == 0);
    CEPA_ASSERT(strcmp(again.service.text, target->service.text) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len)
{
    struct cepa_proxy_target target;
    struct cepa_address_slips slips;
    struct cepa_reason reason = {""};
    const char *host = (const char *)data;
    int status = cepa_proxy_target_read(&target, &slips, &reason, NULL, host, data_len, 80);
    CEPA_ASSERT(slips.len <= CEPA_ADDRESS_SLIPS_MAX);
    for (size_t i = 0; i < slips.len; i++) {
        CEPA_ASSERT(slips.positions[i] < data_len);
    }
    CEPA_ASSERT((status == 0) == (reason.text[0] == '\0'));
    if (status == 0) {
        CEPA_ASSERT(slips.len == 0);
        check_again(&target);
    }
    return 0;
}
