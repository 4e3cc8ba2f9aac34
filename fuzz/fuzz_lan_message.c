/* LAN discovery: what is accepted is written the same again. */
#include <stdint.h>
#include <string.h>

#include "base/assert.h"
#include "native/net/lan_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len)
{
    struct cepa_lan_message message;
    if (cepa_lan_message_decode(&message, data, data_len) == 0) {
        uint8_t bytes[CEPA_LAN_MESSAGE_MAX];
        CEPA_ASSERT(cepa_lan_message_encode(bytes, &message) == data_len);
        CEPA_ASSERT(memcmp(bytes, data, data_len) == 0);
    }
    return 0;
}
