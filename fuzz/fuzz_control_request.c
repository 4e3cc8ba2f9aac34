/* Requests of the control socket: what is accepted is written, and then read as the same. */
#include <stdint.h>
#include <string.h>

#include "base/assert.h"
#include "native/daemon/control_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len)
{
    struct cepa_control_request request;
    struct cepa_control_request again;
    struct cepa_reason reason;
    char line[CEPA_CONTROL_LINE_MAX + 2];
    if (cepa_control_request_decode(&request, &reason, (const char *)data, data_len) != 0) {
        return 0;
    }
    /* Escapes may make an invitation longer than a line. */
    if (cepa_control_request_encode(line, sizeof line, &request) == 0) {
        CEPA_ASSERT(cepa_control_request_decode(&again, &reason, line, strlen(line) - 1) == 0);
        CEPA_ASSERT(memcmp(&request, &again, sizeof request) == 0);
    }
    return 0;
}
