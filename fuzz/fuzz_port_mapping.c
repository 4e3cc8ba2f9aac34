/* What a router says: PCP, NAT-PMP, and the kernel's tables of routes; no read outside. */
#include <stdint.h>
#include <string.h>

#include "base/assert.h"
#include "native/net/gateway.h"
#include "native/net/natpmp.h"
#include "native/net/pcp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len)
{
    struct cepa_pcp_response pcp;
    struct cepa_natpmp_response natpmp;
    struct cepa_gateway gateway;
    char name[16];
    if (cepa_pcp_decode(&pcp, data, data_len) == 0) {
        CEPA_ASSERT(pcp.version == CEPA_PCP_VERSION || pcp.result == CEPA_PCP_UNSUPP_VERSION);
    }
    if (cepa_natpmp_decode(&natpmp, data, data_len) == 0) {
        CEPA_ASSERT(data_len == 8 || data_len == 12 || data_len == 16);
    }
    if (cepa_gateway_read_ipv4(&gateway, name, (const char *)data, data_len) == 0) {
        CEPA_ASSERT(gateway.address.family == CEPA_NET_ADDRESS_IPV4 && strlen(name) < sizeof name);
    }
    if (cepa_gateway_read_ipv6(&gateway, name, (const char *)data, data_len) == 0) {
        CEPA_ASSERT(gateway.address.family == CEPA_NET_ADDRESS_IPV6 && strlen(name) < sizeof name);
    }
    return 0;
}
