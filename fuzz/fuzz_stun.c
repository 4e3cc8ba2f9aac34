/* STUN decoding and verification, and addresses as text: no read outside, and what is accepted with
 * a fingerprint is written the same again. */
#include <stdint.h>
#include <string.h>

#include "base/assert.h"
#include "native/webrtc/stun.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len)
{
    struct cepa_stun_message message;
    struct cepa_net_address address;
    if (cepa_stun_decode(&message, data, data_len) == 0) {
        CEPA_ASSERT(message.integrity_offset + 24 <= data_len || message.integrity_offset == 0);
        CEPA_ASSERT(message.username_len <= CEPA_STUN_USERNAME_MAX);
        (void)(cepa_stun_verify(&message, data, "password", 8) == 0);
    }
    if (cepa_net_address_decode(&address, (const char *)data, data_len) == 0) {
        struct cepa_net_address again;
        char text[CEPA_NET_ADDRESS_TEXT_SIZE];
        cepa_net_address_encode(text, &address);
        CEPA_ASSERT(cepa_net_address_decode(&again, text, strlen(text)) == 0);
        CEPA_ASSERT(cepa_net_address_is_equal(&address, &again));
    }
    return 0;
}
